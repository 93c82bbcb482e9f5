using System.Collections.Immutable;
using System.Globalization;

namespace ActorMultiscale.Host.Composition;

/// <summary>Changes of an experiment from the command line: <c>--set a.b.c=value</c>.</summary>
public static class ConfigOverride
{
    /// <summary>The tree with <paramref name="assignment"/> applied; the key may be new, and items of lists are named by their index.</summary>
    public static ConfigObject Apply(ConfigObject root, string assignment, ICollection<Fault> faults)
    {
        ArgumentNullException.ThrowIfNull(root);
        ArgumentNullException.ThrowIfNull(assignment);
        ArgumentNullException.ThrowIfNull(faults);
        var position = new SourcePosition($"--set {assignment}", 0, 0);
        var equals = assignment.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0)
        {
            faults.Add(new Fault(position, "", "A change is written key=value, such as --set window=0.1."));
            return root;
        }

        var scan = HoconScanner.Scan(position.File, $"value = {assignment[(equals + 1)..]}");
        if (!scan.Faults.IsEmpty || scan.Root.Find("value") is not { } entry || scan.Root.Entries.Length != 1)
        {
            faults.Add(new Fault(position, assignment[..equals], scan.Faults.IsEmpty ? "The value is no single value." : scan.Faults[0].Message));
            return root;
        }

        return (ConfigObject)Set(root, SplitPath(assignment[..equals].Trim()), 0, Relocate(entry.Value, position), position, faults);
    }

    /// <summary>The segments of a dotted path; a segment in quotes may contain dots.</summary>
    public static ImmutableArray<string> SplitPath(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var segments = ImmutableArray.CreateBuilder<string>();
        var segment = new System.Text.StringBuilder();
        var quoted = false;
        foreach (var c in path)
        {
            if (c == '"')
            {
                quoted = !quoted;
            }
            else if (c == '.' && !quoted)
            {
                segments.Add(segment.ToString());
                segment.Clear();
            }
            else
            {
                segment.Append(c);
            }
        }

        segments.Add(segment.ToString());
        return segments.ToImmutable();
    }

    private static ConfigNode Set(ConfigNode? node, ImmutableArray<string> path, int depth, ConfigNode value, SourcePosition position, ICollection<Fault> faults)
    {
        if (depth == path.Length)
        {
            return value;
        }

        var name = path[depth];
        if (node is ConfigArray array)
        {
            if (!int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var index) || index >= array.Items.Length)
            {
                faults.Add(new Fault(position, string.Join('.', path), string.Create(CultureInfo.InvariantCulture, $"'{string.Join('.', path.Take(depth))}' is a list of {array.Items.Length} items; its items are named 0 to {array.Items.Length - 1}.")));
                return array;
            }

            return array with { Items = array.Items.SetItem(index, Set(array.Items[index], path, depth + 1, value, position, faults)) };
        }

        // A value that is replaced by a block, or a key that is new: the binder says whether it is known.
        var block = node as ConfigObject ?? new ConfigObject(position, []);
        var at = block.Entries.ToList().FindIndex(e => e.Name == name);
        var child = Set(at < 0 ? null : block.Entries[at].Value, path, depth + 1, value, position, faults);
        var entry = new ConfigEntry(name, position, child);
        return block with { Entries = at < 0 ? block.Entries.Add(entry) : block.Entries.SetItem(at, entry) };
    }

    private static ConfigNode Relocate(ConfigNode node, SourcePosition position) => node switch
    {
        ConfigScalar scalar => scalar with { Position = position },
        ConfigArray array => new ConfigArray(position, [.. array.Items.Select(item => Relocate(item, position))]),
        ConfigObject block => new ConfigObject(position, [.. block.Entries.Select(e => new ConfigEntry(e.Name, position, Relocate(e.Value, position)))]),
        _ => node,
    };
}
