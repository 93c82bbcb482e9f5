namespace ActorMultiscale.Actors.Journal;

/// <summary>
/// Which chunks a run refers to: a pure fold over its origin and its events, and the one place that knows. Large chunks are lists of pieces; the pieces
/// stand in the store, not here.
/// </summary>
public sealed class RunReferences
{
    private readonly HashSet<string> _hashes = new(StringComparer.Ordinal);
    private readonly List<SnapshotReference> _snapshots = [];

    /// <summary>What a run refers to before its first event.</summary>
    public RunReferences(RunOrigin origin)
    {
        ArgumentNullException.ThrowIfNull(origin);
        Add(origin);
    }

    /// <summary>The chunks, without those of snapshots that were let go.</summary>
    public IReadOnlySet<string> Hashes => new HashSet<string>([.. _hashes, .. _snapshots.SelectMany(Of)], StringComparer.Ordinal);

    /// <summary>Takes the next event.</summary>
    public void Apply(RunEvent what)
    {
        switch (what)
        {
            case RunEvent.RunStarted e:
                Add(e.Origin);
                break;
            case RunEvent.SnapshotTaken e:
                _snapshots.Add(e.Snapshot);
                break;
            case RunEvent.FieldsRecorded e:
                _hashes.Add(e.Fields.Chunk);
                break;
        }
    }

    // Libraries are named by the hash of a file that stays where it is: no chunk.
    private void Add(RunOrigin origin)
    {
        _hashes.UnionWith(origin.Inputs.Concat(origin.Carried).Select(input => input.Hash));
        _hashes.UnionWith(origin.Begins is { } begins ? Of(begins) : []);
    }

    private static IEnumerable<string> Of(SnapshotReference snapshot) => [snapshot.Fields, .. snapshot.States];
}
