namespace ActorMultiscale.Actors.Journal;

/// <summary>What a chunk is of, to be told to people.</summary>
/// <param name="Input">The input or the state that was brought along; null for a snapshot and for fields.</param>
/// <param name="First">The window of the snapshot, or the first of the fields.</param>
/// <param name="End">The window behind the last of the fields; that of a snapshot itself.</param>
public readonly record struct ChunkUse(string? Input, long First, long End)
{
    /// <inheritdoc/>
    public override string ToString() => Input is not null ? $"the input '{Input}'"
        : IsSnapshot ? FormattableString.Invariant($"the snapshot at window {First}")
        : FormattableString.Invariant($"the fields of the windows {First} to {End - 1}");

    /// <summary>Whether it is of a snapshot.</summary>
    public bool IsSnapshot => Input is null && First == End;
}

/// <summary>
/// Which chunks a run refers to: a pure fold over its origin and its events, and the one place that knows. Large chunks are lists of pieces; the pieces
/// stand in the store, not here.
/// </summary>
public sealed class RunReferences
{
    private readonly Dictionary<string, ChunkUse> _always = new(StringComparer.Ordinal);
    private readonly List<SnapshotReference> _snapshots = [];
    private SnapshotReference? _begins;
    private IReadOnlySet<string>? _all;

    /// <summary>What a run refers to before its first event.</summary>
    /// <param name="origin">What it was started from; null where only its events can tell.</param>
    /// <exception cref="InvalidDataException">It names a chunk by what is no hash.</exception>
    public RunReferences(RunOrigin? origin)
    {
        if (origin is not null)
        {
            Add(origin);
        }
    }

    /// <summary>The chunks, without those of snapshots that were let go.</summary>
    public IReadOnlySet<string> Hashes => _all ??= Without(null);

    /// <summary>How many snapshots there are, without those that were let go, with the one that a fork began with.</summary>
    public int Snapshots => _snapshots.Count + (_begins is null ? 0 : 1);

    /// <summary>What <see cref="Hashes"/> were if some snapshots were let go.</summary>
    public HashSet<string> Without(RunEvent.SnapshotsReleased? released)
    {
        HashSet<long> windows = [.. released?.Windows ?? []];
        return new([.. _always.Keys, .. _snapshots.Where(s => !windows.Contains(s.Window)).SelectMany(Of)], StringComparer.Ordinal);
    }

    /// <summary>Each of <see cref="Hashes"/> with what it is of; where it is of several things, one of them.</summary>
    public IReadOnlyDictionary<string, ChunkUse> Uses()
    {
        var uses = new Dictionary<string, ChunkUse>(_always, StringComparer.Ordinal);
        foreach (var snapshot in _snapshots)
        {
            Add(uses, snapshot);
        }

        return uses;
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
                foreach (var fields in e.Fields)
                {
                    _always.TryAdd(Checked(fields.Chunk), new ChunkUse(null, fields.First, fields.End));
                }

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
        foreach (var input in origin.Inputs.Concat(origin.Carried))
        {
            _always.TryAdd(Checked(input.Hash), new ChunkUse(input.Name, 0, 0));
        }

        if (origin.Begins is { } begins)
        {
            Add(_always, begins);
            _begins = begins;
        }
    }

    private static void Add(Dictionary<string, ChunkUse> uses, SnapshotReference snapshot)
    {
        foreach (var hash in Of(snapshot))
        {
            uses.TryAdd(hash, new ChunkUse(null, snapshot.Window, snapshot.Window));
        }
    }

    private static IEnumerable<string> Of(SnapshotReference snapshot) => [Checked(snapshot.Fields), .. snapshot.States.Select(Checked)];

    private static string Checked(string hash) => hash.Length == 2 * RunEventCodec.HashLength && hash.All(char.IsAsciiHexDigitLower) ? hash
        : throw new InvalidDataException("The run refers to a chunk by what is no hash.");
}
