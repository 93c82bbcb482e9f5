using System.Globalization;
using System.Text;
using ActorMultiscale.Host.Composition;

namespace ActorMultiscale.Tests.Composition;

/// <summary>Writes a tree as an experiment file, every time in another of the many ways the language allows.</summary>
internal sealed class TreeWriter
{
    private readonly StringBuilder _text = new();
    private readonly string _newLine;
    private uint _state;

    private TreeWriter(uint style)
    {
        _state = style | 1;
        _newLine = Choose(2) == 0 ? "\n" : "\r\n";
    }

    public static string Write(ConfigObject tree, uint style)
    {
        var writer = new TreeWriter(style);
        if (writer.Choose(4) == 0)
        {
            writer.Value(tree, 0);
        }
        else
        {
            writer.Members(tree, 0, oneLine: false);
        }

        return writer._text.ToString();
    }

    /// <summary>One way only, which other parsers understand too.</summary>
    public static string WritePlainly(ConfigObject tree)
    {
        var text = new StringBuilder();
        Plainly(text, tree, "");
        return text.ToString();
    }

    private static void Plainly(StringBuilder text, ConfigObject section, string indent)
    {
        foreach (var entry in section.Entries)
        {
            text.Append(indent).Append(entry.Name);
            switch (entry.Value)
            {
                case ConfigObject inner:
                    text.Append(" {\n");
                    Plainly(text, inner, indent + "  ");
                    text.Append(indent).Append("}\n");
                    break;
                case ConfigArray array:
                    text.Append(" = [").AppendJoin(", ", array.Items.Cast<ConfigScalar>().Select(Scalar)).Append("]\n");
                    break;
                case ConfigScalar scalar:
                    text.Append(" = ").Append(Scalar(scalar)).Append('\n');
                    break;
                default:
                    break;
            }
        }

        static string Scalar(ConfigScalar scalar) => scalar.Quoted ? $"\"{scalar.Text}\"" : scalar.Text;
    }

    private void Members(ConfigObject section, int depth, bool oneLine)
    {
        for (var i = 0; i < section.Entries.Length; i++)
        {
            if (i > 0)
            {
                Separate(oneLine);
            }

            Indent(depth, oneLine);
            Entry(section.Entries[i], depth);
        }

        if (section.Entries.Length > 0 && Choose(4) == 0)
        {
            _text.Append(',');
        }
    }

    private void Entry(ConfigEntry entry, int depth)
    {
        Name(entry.Name);
        while (entry.Value is ConfigObject { Entries.Length: 1 } only && Choose(2) == 0)
        {
            entry = only.Entries[0];
            _text.Append('.');
            Name(entry.Name);
        }

        if (entry.Value is ConfigObject && Choose(2) == 0)
        {
            Blank();
        }
        else
        {
            Blank();
            _text.Append(Choose(2) == 0 ? '=' : ':');
            Blank();
        }

        Value(entry.Value, depth);
    }

    private void Value(ConfigNode node, int depth)
    {
        var oneLine = Choose(2) == 0;
        switch (node)
        {
            case ConfigScalar { Quoted: false } scalar:
                _text.Append(scalar.Text);
                break;
            case ConfigScalar scalar:
                Quoted(scalar.Text);
                break;
            case ConfigObject section:
                _text.Append('{');
                Gap(oneLine);
                Members(section, depth + 1, oneLine);
                Gap(oneLine);
                Indent(depth, oneLine);
                _text.Append('}');
                break;
            case ConfigArray array:
                _text.Append('[');
                Gap(oneLine);
                for (var i = 0; i < array.Items.Length; i++)
                {
                    if (i > 0)
                    {
                        Separate(oneLine);
                    }

                    Indent(depth + 1, oneLine);
                    Value(array.Items[i], depth + 1);
                }

                Gap(oneLine);
                Indent(depth, oneLine);
                _text.Append(']');
                break;
            default:
                throw new NotSupportedException(node.GetType().Name);
        }
    }

    private void Separate(bool oneLine)
    {
        if (oneLine)
        {
            _text.Append(Choose(2) == 0 ? "," : " , ");
            return;
        }

        if (Choose(2) == 0)
        {
            Blank();
            _text.Append(',');
        }

        if (Choose(4) == 0)
        {
            _text.Append(Choose(2) == 0 ? " # a comment } ] \" = {" : " // a comment ${x} [");
        }

        do
        {
            _text.Append(_newLine);
        }
        while (Choose(4) == 0);
    }

    private void Gap(bool oneLine)
    {
        if (oneLine)
        {
            Blank();
        }
        else
        {
            _text.Append(_newLine);
        }
    }

    private void Indent(int depth, bool oneLine)
    {
        if (!oneLine)
        {
            _text.Append(Choose(8) == 0 ? "\t" : "").Append(' ', 2 * depth);
        }
    }

    private void Blank() => _text.Append(Choose(3) switch { 0 => "", 1 => " ", _ => "\t " });

    private void Name(string name)
    {
        if (name != "include" && name.All(KeyPath.IsPlain) && Choose(4) != 0)
        {
            _text.Append(name);
        }
        else
        {
            Quoted(name);
        }
    }

    private void Quoted(string text)
    {
        _text.Append('"');
        foreach (var c in text)
        {
            _text.Append(c switch
            {
                '"' => "\\\"",
                '\\' => "\\\\",
                '\n' => "\\n",
                '\r' => "\\r",
                '/' when Choose(2) == 0 => "\\/",
                < ' ' when c != '\t' || Choose(2) == 0 => "\\u" + ((int)c).ToString("x4", CultureInfo.InvariantCulture),
                _ => c.ToString(),
            });
        }

        _text.Append('"');
    }

    private uint Choose(uint ways)
    {
        _state = (_state * 1664525) + 1013904223;
        return (_state >> 16) % ways;
    }
}
