using System.Collections.Immutable;
using System.Globalization;

namespace ActorMultiscale.Host.Composition;

/// <summary>Changes single values of an experiment from the command line.</summary>
public static class ConfigOverride
{
    /// <summary>The name that positions carry in place of a file.</summary>
    public const string Source = "--set";

    /// <summary>
    /// Puts a value in place of the one at a path, or adds it. Elements of arrays are named by their index, from 0:
    /// <c>conduits.0.degree=3</c>. A section <c>{ … }</c> as value adds to the section that is there.
    /// </summary>
    /// <param name="root">The experiment; it stays as it is.</param>
    /// <param name="assignment">What was written behind <c>--set</c>: <c>a.b.c=value</c>, the value as in a file.</param>
    /// <param name="faults">Takes what is wrong with the assignment.</param>
    /// <returns>The changed experiment, or <paramref name="root"/> if the assignment is faulty.</returns>
    public static ConfigObject Apply(ConfigObject root, string assignment, List<Fault> faults)
    {
        ArgumentNullException.ThrowIfNull(root);
        ArgumentNullException.ThrowIfNull(assignment);
        ArgumentNullException.ThrowIfNull(faults);
        if (assignment.Length > HoconScanner.MaximumLength)
        {
            var message = $"the assignment has {assignment.Length} characters; at most {HoconScanner.MaximumLength} are allowed";
            faults.Add(new Fault(new SourcePosition(Source, 1, 1), "", message));
            return root;
        }

        var found = new FaultCollector();
        var parsed = new HoconParser(new SourceText(Source, assignment, found), found, trustIndentation: false).ParseAssignment();
        var complaints = found.Sorted();
        faults.AddRange(complaints);
        if (parsed is not { } change || !complaints.IsEmpty)
        {
            return root;
        }

        var (changed, fault) = Change(root, change.Path, 0, change.Value);
        if (fault is not null)
        {
            faults.Add(fault);
        }

        return changed as ConfigObject ?? root;
    }

    /// <summary>
    /// A copy of the node in which the value stands at what is left of the path; no copy, but a fault, where it cannot stand there.
    /// </summary>
    private static (ConfigNode? Changed, Fault? Fault) Change(ConfigNode? node, ImmutableArray<string> path, int depth, ConfigNode value)
    {
        if (depth == path.Length)
        {
            return (node, value) switch
            {
                (ConfigObject section, ConfigObject addition) => (Merge(section, addition), null),
                (ConfigObject, _) => Refuse(path, depth, value, "is a section, not a value. Name one of the keys in it"),
                _ => (value, null),
            };
        }

        return node switch
        {
            null => ChangeKey(new ConfigObject(value.Position, []), path, depth, value),
            ConfigObject section => ChangeKey(section, path, depth, value),
            ConfigArray array => ChangeElement(array, path, depth, value),
            _ => Refuse(path, depth, value, $"is a single value ({node.Position}), so there is no '{path[depth]}' in it"),
        };
    }

    private static (ConfigNode?, Fault?) ChangeKey(ConfigObject section, ImmutableArray<string> path, int depth, ConfigNode value)
    {
        section.TryGet(path[depth], out var entry);
        var (changed, fault) = Change(entry?.Value, path, depth + 1, value);
        if (changed is null)
        {
            return (null, fault);
        }

        var keyPosition = value.Position with { Column = 1 };
        return entry is not null
            ? (WithValue(section, entry, changed), null)
            : (section with { Entries = section.Entries.Add(new ConfigEntry(path[depth], keyPosition, changed)) }, null);
    }

    private static (ConfigNode?, Fault?) ChangeElement(ConfigArray array, ImmutableArray<string> path, int depth, ConfigNode value)
    {
        if (!int.TryParse(path[depth], NumberStyles.None, CultureInfo.InvariantCulture, out var index) || index >= array.Items.Length)
        {
            var allowed = array.Items.Length == 0 ? "It is empty" : $"Its elements are 0 to {array.Items.Length - 1}";
            return Refuse(path, depth, value, $"is an array and has no element '{path[depth]}'. {allowed}");
        }

        var (changed, fault) = Change(array.Items[index], path, depth + 1, value);
        return changed is null ? (null, fault) : (array with { Items = array.Items.SetItem(index, changed) }, null);
    }

    /// <summary>The section with the keys of the other added, which win; sections in both are merged likewise.</summary>
    public static ConfigObject Merge(ConfigObject section, ConfigObject addition)
    {
        foreach (var added in addition.Entries)
        {
            if (!section.TryGet(added.Name, out var entry))
            {
                section = section with { Entries = section.Entries.Add(added) };
                continue;
            }

            var value = (entry.Value, added.Value) is (ConfigObject inner, ConfigObject more) ? Merge(inner, more) : added.Value;
            section = WithValue(section, entry, value);
        }

        return section;
    }

    private static ConfigObject WithValue(ConfigObject section, ConfigEntry entry, ConfigNode value) =>
        section with { Entries = section.Entries.Replace(entry, entry with { Value = value }, ReferenceEqualityComparer.Instance) };

    private static (ConfigNode?, Fault?) Refuse(ImmutableArray<string> path, int depth, ConfigNode value, string message)
    {
        var key = path.Aggregate("", KeyPath.Join);
        var upTo = path.Take(depth).Aggregate("", KeyPath.Join);
        return (null, new Fault(value.Position with { Column = 1 }, key, $"'{upTo}' {message}"));
    }
}
