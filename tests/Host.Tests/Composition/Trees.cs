using System.Globalization;
using System.Text;
using ActorMultiscale.Host.Composition;

namespace ActorMultiscale.Tests.Composition;

/// <summary>Trees as text, for comparison.</summary>
internal static class Trees
{
    /// <summary><c>path=value</c> for every leaf in order; quoted values in single quotes.</summary>
    public static IEnumerable<string> Leaves(ConfigNode node, string path = "")
    {
        switch (node)
        {
            case ConfigScalar scalar:
                return [$"{path}={(scalar.Quoted ? $"'{scalar.Text}'" : scalar.Text)}"];
            case ConfigArray array:
                return array.Items.SelectMany((item, index) => Leaves(item, KeyPath.Join(path, index.ToString(CultureInfo.InvariantCulture))));
            case ConfigObject section:
                return section.Entries.SelectMany(entry => Leaves(entry.Value, KeyPath.Join(path, entry.Name)));
            default:
                return [$"{path}!"];
        }
    }

    /// <summary>The whole tree without positions, empty sections and arrays included.</summary>
    public static string Shape(ConfigNode node)
    {
        var shape = new StringBuilder();
        Append(shape, node);
        return shape.ToString();
    }

    private static void Append(StringBuilder shape, ConfigNode node)
    {
        switch (node)
        {
            case ConfigScalar scalar:
                shape.Append(scalar.Quoted ? 'q' : 'u').Append(scalar.Text.Length).Append(':').Append(scalar.Text);
                break;
            case ConfigArray array:
                shape.Append('[');
                foreach (var item in array.Items)
                {
                    Append(shape, item);
                    shape.Append(';');
                }

                shape.Append(']');
                break;
            case ConfigObject section:
                shape.Append('{');
                foreach (var entry in section.Entries)
                {
                    shape.Append(entry.Name.Length).Append(':').Append(entry.Name).Append('=');
                    Append(shape, entry.Value);
                    shape.Append(';');
                }

                shape.Append('}');
                break;
            default:
                shape.Append('!');
                break;
        }
    }
}
