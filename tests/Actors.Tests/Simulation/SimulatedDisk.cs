using System.Collections.Immutable;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Actors.Protocol;
using ActorMultiscale.Physics.Coupling;

namespace ActorMultiscale.Tests.Actors.Simulation;

/// <summary>The disk, or the server, says no.</summary>
internal sealed class DiskException(string message, bool passes) : Exception(message)
{
    public bool Passes { get; } = passes;
}

/// <summary>
/// The tables of a run's store, and how they fail: what is asked takes effect after a while, or not, and the answer may be another.
/// Who asked may be gone meanwhile; what was on its way then still arrives, or not.
/// </summary>
internal sealed class SimulatedDisk(Simulation world)
{
    private readonly List<JournalEntry> _journal = [];
    private readonly Dictionary<string, byte[]> _chunks = [];
    private string? _oldState;
    private long _awayUntil;
    private long _fullUntil;
    private long _unreliable;       // How many further writes are open to chance.

    /// <summary>How many events there are.</summary>
    public long Events => _journal.Count;

    public bool Has(string chunk) => _chunks.ContainsKey(chunk);

    public void GoAway(long until) => _awayUntil = until;

    public void FillUp(long until) => _fullUntil = until;

    public void BeUnreliable(int writes) => _unreliable = writes;

    /// <summary>Has something done to the disk for <paramref name="by"/>.</summary>
    public void Ask<T>(SimulatedProcess by, bool isWrite, Func<T> work, Action<T> done, Action<string, bool> failed)
    {
        var tunables = world.Tunables;
        world.Time.After(world.Random.NextInt64(tunables.DiskDelay + 1), null, () =>
        {
            void Fail(string reason, bool passes) => world.Time.After(world.Random.NextInt64(tunables.DiskDelay + 1), by, () => failed(reason, passes && tunables.IsServer));
            if (world.Time.Now < _awayUntil)
            {
                Fail("the server is away", true);
                return;
            }

            if (isWrite && world.Time.Now < _fullUntil)
            {
                Fail("the disk is full", false);
                return;
            }

            try
            {
                if (isWrite && _unreliable > 0)
                {
                    _unreliable--;
                    switch (world.Random.Next(4))
                    {
                        case 0:
                            world.Say($"{by}: a write fails");
                            Fail("a write failed", true);
                            return;
                        case 1:
                            world.Say($"{by}: a write arrives, and is reported to have failed");
                            work();
                            Fail("the connection was lost", true);
                            return;
                        case 2 when tunables.IsServer:
                            // It was with the server already, which takes its time.
                            world.Say($"{by}: a write is reported to have failed, and arrives later");
                            world.Time.After(world.Random.NextInt64(3_000_000), null, () =>
                            {
                                try
                                {
                                    work();
                                }
                                catch (DiskException)
                                {
                                    // Nobody hears of it.
                                }
                            });
                            Fail("the connection was lost", true);
                            return;
                    }
                }

                var answer = work();
                world.Time.After(world.Random.NextInt64(tunables.DiskDelay + 1), by, () => done(answer));
            }
            catch (DiskException fault)
            {
                Fail(fault.Message, fault.Passes);
            }
            catch (InvalidDataException fault)
            {
                Fail(fault.Message, false);
            }
        });
    }

    /// <summary>The history, read event by event.</summary>
    public RunHistory History()
    {
        var history = new RunHistory();
        foreach (var entry in _journal)
        {
            history.Apply(entry);
        }

        world.Judge.WasRead(history);
        return history;
    }

    /// <summary>Inserts an event under its number, which must be free.</summary>
    public long Append(SimulatedProcess by, long number, JournalEntry entry)
    {
        if (number != Events + 1 && world.Breakage != Breakage.NoUniqueKey)
        {
            throw new DiskException($"there is an event {number} already", passes: true);
        }

        _journal.Add(entry);
        world.Judge.Appended(by, entry, this);
        return number;
    }

    /// <summary>Stores blocks of fields.</summary>
    public ImmutableArray<FieldsReference> Store(ImmutableArray<PackedFields> fields)
    {
        foreach (var (hash, bytes) in fields.SelectMany(block => block.Chunk.Parts))
        {
            if (world.Breakage != Breakage.FieldsAreLost || world.Random.Next(4) > 0)
            {
                _chunks.TryAdd(hash, bytes);
            }
        }

        return [.. fields.Select(block => block.Reference)];
    }

    /// <summary>The bytes of a chunk.</summary>
    public byte[] Read(string hash) => _chunks.TryGetValue(hash, out var stored) && ChunkCodec.Decode(stored, hash) is { } content
        ? content
        : throw new DiskException($"the chunk {hash} is missing", passes: false);

    public SnapshotReference Store(RunSnapshot snapshot)
    {
        string Write(byte[] bytes)
        {
            var hash = RunEventCodec.Hash(bytes);
            if (world.Breakage != Breakage.ChunksAreLost || world.Random.Next(4) > 0)
            {
                _chunks.TryAdd(hash, ChunkCodec.Encode(bytes));
            }

            return hash;
        }

        return SnapshotReference.Of(snapshot, Write(snapshot.Fields), [.. snapshot.States.Select(state => Write(state.Whole()))]);
    }

    public RunSnapshot? Load(SnapshotReference? reference)
    {
        if (reference is null)
        {
            return null;
        }

        var states = reference.States;
        _oldState ??= states[0];
        return new RunSnapshot(reference.Window, reference.Tick, Read(reference.Fields), [.. (world.Breakage == Breakage.OldState ? states.SetItem(0, _oldState) : states).Select(hash => ParticipantState.FromBytes(Read(hash)))]);
    }
}
