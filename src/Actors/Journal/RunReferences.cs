namespace ActorMultiscale.Actors.Journal;

/// <summary>
/// Which chunks a run refers to: a pure fold over its origin and its events, and the one place that knows. Large chunks are lists of pieces; the pieces
/// stand in the store, not here.
/// </summary>
public sealed class RunReferences
{
    private readonly HashSet<string> _hashes = new(StringComparer.Ordinal);
    private readonly List<SnapshotReference> _snapshots = [];
    private HashSet<string>? _all;

    /// <summary>What a run refers to before its first event.</summary>
    public RunReferences(RunOrigin origin)
    {
        ArgumentNullException.ThrowIfNull(origin);
        Add(origin);
    }

    /// <summary>The chunks, without those of snapshots that were let go.</summary>
    public IReadOnlySet<string> Hashes => _all ??= Without(null);

    /// <summary>What they were if some snapshots were let go.</summary>
    public HashSet<string> Without(RunEvent.SnapshotsReleased? released)
    {
        HashSet<long> windows = [.. released?.Windows ?? []];
        return new([.. _hashes, .. _snapshots.Where(s => !windows.Contains(s.Window)).SelectMany(Of)], StringComparer.Ordinal);
    }

    /// <summary>Takes the next event.</summary>
    /// <exception cref="InvalidDataException">It names a chunk by what is no hash.</exception>
    public void Apply(RunEvent what)
    {
        _all = null;
        switch (what)
        {
            case RunEvent.RunStarted e:
                Add(e.Origin);
                break;
            case RunEvent.SnapshotTaken e:
                _ = Of(e.Snapshot).Count();
                _snapshots.Add(e.Snapshot);
                break;
            case RunEvent.FieldsRecorded e:
                _hashes.UnionWith(e.Fields.Select(fields => Checked(fields.Chunk)));
                break;
            case RunEvent.SnapshotsReleased e:
                HashSet<long> windows = [.. e.Windows];
                _snapshots.RemoveAll(s => windows.Contains(s.Window));
                break;
        }
    }

    // Libraries are named by the hash of a file that stays where it is: no chunk.
    private void Add(RunOrigin origin)
    {
        _hashes.UnionWith(origin.Inputs.Concat(origin.Carried).Select(input => Checked(input.Hash)));
        _hashes.UnionWith(origin.Begins is { } begins ? Of(begins) : []);
    }

    private static IEnumerable<string> Of(SnapshotReference snapshot) => [Checked(snapshot.Fields), .. snapshot.States.Select(Checked)];

    private static string Checked(string hash) => hash.Length == 2 * RunEventCodec.HashLength && hash.All(char.IsAsciiHexDigitLower) ? hash
        : throw new InvalidDataException("The run refers to a chunk by what is no hash.");
}
