using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace ActorMultiscale.Host.Composition;

/// <summary>What a scan found: the tree of keys, as far as it could be read, and everything that is wrong.</summary>
public sealed record ScanResult(ConfigObject Root, ImmutableArray<Fault> Faults);

/// <summary>
/// Reads the HOCON of experiments: objects, arrays, quoted and unquoted values, dotted keys, comments. Strict where common
/// parsers guess, so that nothing is misread in silence. It reads every character once, never throws and never hangs,
/// whatever the text; after a fault it goes on at the next line, so that independent faults are all found.
/// </summary>
public sealed class HoconScanner
{
    private const int DeepestNesting = 64;
    private const int LongestText = 4 * 1024 * 1024;
    private const int MostFaults = 200;
    private const string NeverUnquoted = "{[\"=:?!@&\\`$";

    private readonly string _file;
    private readonly string _text;
    private readonly List<Fault> _faults = [];
    private readonly List<string> _path = [];
    private int _at;
    private int _line = 1;
    private int _lineStart;
    private int _depth;
    private (SourcePosition Open, int Line)? _suspect;     // An open brace, and a later line that looks as if it had been closed.

    private HoconScanner(string file, string text)
    {
        _file = file;
        _text = text;
    }

    /// <summary>Scans <paramref name="text"/>.</summary>
    public static ScanResult Scan(string file, string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var scanner = new HoconScanner(file, text);
        if (text.Length > LongestText)
        {
            scanner.Fault(scanner.Here, string.Create(CultureInfo.InvariantCulture, $"The file has {text.Length} characters; an experiment has at most {LongestText}. It is probably no experiment."));
            return new ScanResult(new ConfigObject(scanner.Here, []), [.. scanner._faults]);
        }

        if (text.StartsWith('\uFEFF'))
        {
            scanner._at = scanner._lineStart = 1;
        }

        var root = new Draft(scanner.Here);
        scanner.ReadBody(root, open: null);
        return new ScanResult(root.Freeze(), [.. scanner._faults]);
    }

    private SourcePosition Here => new(_file, _line, _at - _lineStart + 1);

    private bool IsAtEnd => _at >= _text.Length;

    private char Current => _text[_at];

    private void Fault(SourcePosition position, string message)
    {
        if (_faults.Count < MostFaults)
        {
            _faults.Add(new Fault(position, string.Join('.', _path), message));
        }
    }

    private void Next()
    {
        if (Current == '\n')
        {
            _line++;
            _lineStart = _at + 1;
        }

        _at++;
    }

    private bool StartsWith(string word) => string.CompareOrdinal(_text, _at, word, 0, word.Length) == 0;

    private bool IsComment => !IsAtEnd && (Current == '#' || StartsWith("//"));

    private void SkipLine()
    {
        while (!IsAtEnd && Current != '\n')
        {
            _at++;
        }
    }

    // Blanks within the line.
    private void SkipBlanks()
    {
        while (!IsAtEnd && Current is ' ' or '\t' or '\r' or '\u00A0')
        {
            _at++;
        }
    }

    // Blanks, line ends, comments, and the commas between entries.
    private void SkipBetween()
    {
        while (!IsAtEnd)
        {
            if (IsComment)
            {
                SkipLine();
            }
            else if (Current is ' ' or '\t' or '\r' or '\n' or '\u00A0')
            {
                Next();
            }
            else
            {
                return;
            }
        }
    }

    // The entries of an object, up to its closing brace; of the root up to the end of the text.
    private void ReadBody(Draft into, SourcePosition? open)
    {
        var indent = open is { } o ? IndentOfLine(o.Line) : -1;
        var afterEntry = false;
        while (true)
        {
            SkipBetween();
            if (IsAtEnd)
            {
                if (open is { } unclosed)
                {
                    var (position, hint) = _suspect is { } s
                        ? (s.Open, string.Create(CultureInfo.InvariantCulture, $" The indentation says that it should be closed before line {s.Line}."))
                        : (unclosed, "");
                    Fault(position, $"The brace '{{' opened here is never closed.{hint} Add the missing '}}'.");
                }

                return;
            }

            var here = Here;
            switch (Current)
            {
                case '}' when open is not null:
                    _at++;
                    return;
                case '}':
                    Fault(here, "There is a '}' too many: nothing is open here. Remove it, or look for a '{' that is missing above.");
                    _at++;
                    continue;
                case ']':
                    Fault(here, "There is a ']' too many: no '[' is open here.");
                    _at++;
                    continue;
                case ',' when afterEntry:
                    _at++;
                    afterEntry = false;
                    continue;
                case ',':
                    Fault(here, "There is a comma too many: it does not follow an entry.");
                    _at++;
                    continue;
                default:
                    if (open is { } opened && _suspect is null && here.Column - 1 <= indent && here.Line > opened.Line)
                    {
                        _suspect = (opened, here.Line);
                    }

                    ReadEntry(into);
                    afterEntry = true;
                    continue;
            }
        }
    }

    private int IndentOfLine(int line)
    {
        // Only ever asked for the line that is being read.
        var at = line == _line ? _lineStart : 0;
        var indent = 0;
        while (at + indent < _text.Length && _text[at + indent] is ' ' or '\t')
        {
            indent++;
        }

        return indent;
    }

    private void ReadEntry(Draft into)
    {
        var start = Here;
        var segments = ReadKey();
        if (segments is null)
        {
            SkipLine();
            return;
        }

        if (segments is ["include"] && !IsAtEnd && Current is '"' or 'f' or 'u' or 'c' or 'r')
        {
            Fault(start, "'include' is not supported: common parsers read it wrongly or not at all. Copy what is needed into this file, or change keys with --set.");
            SkipLine();
            return;
        }

        var depth = _path.Count;
        _path.AddRange(segments);
        if (ReadSeparator(segments))
        {
            var faults = _faults.Count;
            if (ReadValue() is { } value)
            {
                into.Add(segments, start, value, this);
            }

            if (_faults.Count == faults)
            {
                ExpectEndOfEntry();
            }
        }
        else
        {
            SkipLine();
        }

        _path.RemoveRange(depth, _path.Count - depth);
    }

    private bool ReadSeparator(List<string> segments)
    {
        SkipBlanks();
        if (!IsAtEnd && Current == '{')
        {
            return true;
        }

        if (StartsWith("+="))
        {
            Fault(Here, "'+=' is not supported: common parsers read it wrongly. Write the whole list with '='.");
            return false;
        }

        if (IsAtEnd || Current is not ('=' or ':'))
        {
            var next = IsAtEnd || Current == '\n' ? "the end of the line" : $"'{Shown(Current)}'";
            Fault(Here, $"After the key '{string.Join('.', segments)}' an '=' or a '{{' is needed; found {next}.");
            return false;
        }

        _at++;
        SkipBlanks();
        if (IsAtEnd || Current is '\n' or ',' or '}' or ']' || IsComment)
        {
            Fault(Here, $"The key '{string.Join('.', segments)}' has no value. Write it on the same line, after the '='.");
            return false;
        }

        return true;
    }

    private List<string>? ReadKey()
    {
        var segments = new List<string>();
        while (true)
        {
            var here = Here;
            if (IsAtEnd || Current == '\n')
            {
                Fault(here, "A key is needed here; found the end of the line.");
                return null;
            }

            if (Current == '"')
            {
                if (ReadQuoted() is not { } quoted)
                {
                    return null;
                }

                segments.Add(quoted);
            }
            else
            {
                var start = _at;
                while (!IsAtEnd && (char.IsLetterOrDigit(Current) || Current is '-' or '_'))
                {
                    _at++;
                }

                if (_at == start)
                {
                    Fault(here, Current == '$'
                        ? "'${…}' is not supported: common parsers read it wrongly. Write the value itself, or give it with --set."
                        : Current == '.' || segments.Count > 0
                        ? "A part of the key is empty: between two dots, or before or after one, there is nothing."
                        : $"A key is needed here; found '{Shown(Current)}'. Keys are letters, digits, '-' and '_'; others stand in quotes.");
                    return null;
                }

                segments.Add(_text[start.._at]);
            }

            SkipBlanks();
            if (IsAtEnd || Current != '.')
            {
                return segments;
            }

            _at++;
        }
    }

    private ConfigNode? ReadValue()
    {
        var here = Here;
        if (++_depth > DeepestNesting)
        {
            Fault(here, string.Create(CultureInfo.InvariantCulture, $"Blocks are nested more than {DeepestNesting} deep; the rest of the text is not read."));
            _at = _text.Length;
            _depth--;
            return null;
        }

        ConfigNode? value;
        switch (Current)
        {
            case '{':
                var draft = new Draft(here);
                _at++;
                ReadBody(draft, here);
                value = draft.Freeze();
                break;
            case '[':
                value = ReadArray();
                break;
            case '"':
                value = ReadQuoted() is { } text ? new ConfigScalar(here, text, true) : null;
                break;
            default:
                value = ReadUnquoted();
                break;
        }

        _depth--;
        return value;
    }

    private ConfigArray ReadArray()
    {
        var open = Here;
        _at++;
        var items = ImmutableArray.CreateBuilder<ConfigNode>();
        var needsSeparator = false;
        var lastLine = _line;
        while (true)
        {
            var before = _line;
            SkipBetween();
            if (IsAtEnd)
            {
                Fault(open, "The bracket '[' opened here is never closed. Add the missing ']'.");
                break;
            }

            var here = Here;
            if (Current == ']')
            {
                _at++;
                break;
            }

            if (Current == '}')
            {
                Fault(open, string.Create(CultureInfo.InvariantCulture, $"The bracket '[' opened here is not closed before the '}}' in line {here.Line}. Add the missing ']'."));
                break;
            }

            if (Current == ',')
            {
                if (!needsSeparator)
                {
                    Fault(here, "There is a comma too many: it does not follow an item of the list.");
                }

                needsSeparator = false;
                _at++;
                continue;
            }

            if (needsSeparator && _line == before && _line == lastLine)
            {
                Fault(here, "Between two items of a list a comma is needed.");
            }

            if (LooksLikeEntry())
            {
                Fault(open, string.Create(CultureInfo.InvariantCulture, $"The bracket '[' opened here is not closed: line {here.Line} is a key again. Add the missing ']'."));
                break;
            }

            var faults = _faults.Count;
            _path.Add(items.Count.ToString(CultureInfo.InvariantCulture));
            if (ReadValue() is { } item)
            {
                items.Add(item);
            }

            _path.RemoveAt(_path.Count - 1);
            if (_faults.Count > faults && !IsAtEnd && Current is not (']' or ',' or '\n'))
            {
                SkipLine();
            }

            needsSeparator = true;
            lastLine = _line;
        }

        return new ConfigArray(open, items.ToImmutable());
    }

    // A line that begins with key = inside a list: the list was not closed. Looks no further than the line's end.
    private bool LooksLikeEntry()
    {
        if (_text.AsSpan(_lineStart, _at - _lineStart).IndexOfAnyExcept(" \t\r") >= 0)
        {
            return false;
        }

        var at = _at;
        while (at < _text.Length && (char.IsLetterOrDigit(_text[at]) || _text[at] is '-' or '_' or '.'))
        {
            at++;
        }

        var end = at;
        while (at < _text.Length && _text[at] is ' ' or '\t')
        {
            at++;
        }

        return end > _at && at < _text.Length && _text[at] is '=' or '{';
    }

    private ConfigScalar? ReadUnquoted()
    {
        var here = Here;
        var start = _at;
        while (!IsAtEnd && Current is not ('\n' or ',' or '}' or ']') && !IsComment)
        {
            if (NeverUnquoted.Contains(Current, StringComparison.Ordinal) || IsBadCharacter(_at))
            {
                Fault(Here, Current == '$'
                    ? "'${…}' is not supported: common parsers read it wrongly. Write the value itself, or give it with --set."
                    : IsBadCharacter(_at)
                    ? $"The character {Shown(Current)} cannot stand in an experiment."
                    : Current is '=' or ':'
                    ? $"A '{Current}' cannot stand in a value without quotes. If it is a value, write it in quotes; if a new key begins here, put it on a line of its own."
                    : $"A '{Shown(Current)}' cannot stand in a value without quotes. Write the value in quotes.");
                SkipLine();
                return null;
            }

            _at++;
        }

        var text = _text[start.._at].TrimEnd();
        if (text.Length == 0)
        {
            Fault(here, "A value is needed here.");
            return null;
        }

        return new ConfigScalar(here, text, false);
    }

    private string? ReadQuoted()
    {
        var open = Here;
        if (StartsWith("\"\"\""))
        {
            return ReadTripleQuoted(open);
        }

        _at++;
        var value = new StringBuilder();
        while (true)
        {
            if (IsAtEnd || Current == '\n')
            {
                Fault(open, "The quote opened here is not closed on its line. Add the missing '\"'.");
                return null;
            }

            if (Current == '"')
            {
                _at++;
                return value.ToString();
            }

            if (IsBadCharacter(_at))
            {
                Fault(Here, $"The character {Shown(Current)} cannot stand in an experiment.");
                SkipLine();
                return null;
            }

            if (Current != '\\')
            {
                value.Append(Current);
                _at++;
                continue;
            }

            if (ReadEscape() is not { } escaped)
            {
                SkipLine();
                return null;
            }

            value.Append(escaped);
        }
    }

    private char? ReadEscape()
    {
        var here = Here;
        var kind = _at + 1 < _text.Length ? _text[_at + 1] : '\n';
        char? plain = kind switch { '"' => '"', '\\' => '\\', '/' => '/', 'b' => '\b', 'f' => '\f', 'n' => '\n', 'r' => '\r', 't' => '\t', _ => null };
        if (plain is not null)
        {
            _at += 2;
            return plain;
        }

        if (kind == 'u' && _at + 6 <= _text.Length
            && ushort.TryParse(_text.AsSpan(_at + 2, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var unit))
        {
            _at += 6;
            return (char)unit;
        }

        Fault(here, "After a backslash in quotes one of \" \\ / b f n r t, or u with four hexadecimal digits, is needed. Write a backslash itself twice.");
        return null;
    }

    private string? ReadTripleQuoted(SourcePosition open)
    {
        _at += 3;
        var start = _at;
        while (!IsAtEnd)
        {
            if (StartsWith("\"\"\"") && (_at + 3 >= _text.Length || _text[_at + 3] != '"'))
            {
                var value = _text[start.._at];
                _at += 3;
                return value;
            }

            Next();
        }

        Fault(open, "The three quotes opened here are never closed. Add the missing '\"\"\"'.");
        return null;
    }

    private void ExpectEndOfEntry()
    {
        SkipBlanks();
        if (!IsAtEnd && Current is not ('\n' or ',' or '}' or ']') && !IsComment)
        {
            Fault(Here, $"After a value the line ends, or a comma stands; found '{Shown(Current)}'. Put the next key on a line of its own.");
            SkipLine();
        }
    }

    private bool IsBadCharacter(int at)
    {
        var c = _text[at];
        return (char.IsControl(c) && c is not ('\t' or '\r' or '\n'))
            || (char.IsHighSurrogate(c) && (at + 1 >= _text.Length || !char.IsLowSurrogate(_text[at + 1])))
            || (char.IsLowSurrogate(c) && (at == 0 || !char.IsHighSurrogate(_text[at - 1])));
    }

    private static string Shown(char c) => char.IsControl(c) || char.IsSurrogate(c)
        ? string.Create(CultureInfo.InvariantCulture, $"U+{(int)c:X4}")
        : c.ToString();

    // An object while it is being read: dotted keys and repeated blocks meet in it.
    private sealed class Draft(SourcePosition position)
    {
        private readonly List<(string Name, SourcePosition Position, object Value)> _entries = [];     // Value: Draft or ConfigNode.
        private readonly Dictionary<string, int> _index = new(StringComparer.Ordinal);

        public void Add(List<string> segments, SourcePosition key, ConfigNode value, HoconScanner scanner)
        {
            var into = this;
            foreach (var segment in segments.SkipLast(1))
            {
                if (into.Child(segment, key, scanner) is not { } child)
                {
                    return;
                }

                into = child;
            }

            into.Set(segments[^1], key, value, scanner);
        }

        public ConfigObject Freeze() => new(position,
            [.. _entries.Select(e => new ConfigEntry(e.Name, e.Position, e.Value is Draft draft ? draft.Freeze() : (ConfigNode)e.Value))]);

        private Draft? Child(string name, SourcePosition key, HoconScanner scanner)
        {
            if (!_index.TryGetValue(name, out var at))
            {
                var draft = new Draft(key);
                Append(name, key, draft);
                return draft;
            }

            if (_entries[at].Value is Draft existing)
            {
                return existing;
            }

            scanner.Fault(key, string.Create(CultureInfo.InvariantCulture, $"'{name}' is a value in line {_entries[at].Position.Line}, and a block here. Remove one of the two."));
            return null;
        }

        private void Set(string name, SourcePosition key, ConfigNode value, HoconScanner scanner)
        {
            if (value is ConfigObject block)
            {
                if (Child(name, key, scanner) is { } child)
                {
                    foreach (var entry in block.Entries)
                    {
                        child.Set(entry.Name, entry.KeyPosition, entry.Value, scanner);
                    }
                }
            }
            else if (_index.TryGetValue(name, out var at))
            {
                scanner.Fault(key, string.Create(CultureInfo.InvariantCulture, $"'{name}' stands in line {_entries[at].Position.Line} already. Remove one of the two."));
            }
            else
            {
                Append(name, key, value);
            }
        }

        private void Append(string name, SourcePosition key, object value)
        {
            _index.Add(name, _entries.Count);
            _entries.Add((name, key, value));
        }
    }
}
