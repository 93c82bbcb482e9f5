using System.Collections.Immutable;
using ActorMultiscale.Actors;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Actors.Protocol;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Coupling.Recording;
using ActorMultiscale.Physics.Examples;
using ActorMultiscale.Physics.Numerics;
using CsCheck;

namespace ActorMultiscale.Tests.Actors;

/// <summary>The way of recorded fields through the protocols: when they count as recorded, and what waits for them.</summary>
public sealed class RecordedFieldsTests
{
    private static WindowRecord Window(long index) => new(index, index, index + 1, 1, 0, 0, 0, true, [], [7]);

    // A journal that is told things at random, whose store answers at random.
    [Fact]
    public void Fields_are_stored_before_the_event_that_names_them_behind_their_windows_and_before_the_snapshot_that_relies_on_them() => Gen.Int[0, 99].Array[20, 300].Sample(choices =>
    {
        var protocol = new JournalProtocol(new RunHistory(), TimeProvider.System, urgent: 1 + (choices[0] % 8));
        var (packing, stored) = (new Queue<FieldBlock>(), new HashSet<long>());
        ImmutableArray<PackedFields>? storing = null;
        RunSnapshot? keeping = null;
        RunEvent? writing = null;
        long committed = 0, durable = 0, told = 0, recorded = 0, acknowledged = 0;
        var (ended, lingers) = (false, false);
        void CarryOut(ImmutableArray<JournalEffect> effects)
        {
            foreach (var effect in effects)
            {
                switch (effect)
                {
                    case JournalEffect.Pack pack:
                        packing.Enqueue(pack.Block);
                        break;
                    case JournalEffect.StoreFields store:
                        Assert.True(storing is null && keeping is null && writing is null);
                        storing = store.Fields;
                        break;
                    case JournalEffect.StoreChunks store:
                        Assert.True(storing is null && keeping is null && writing is null);
                        keeping = store.Snapshot;
                        break;
                    case JournalEffect.Persist persist:
                        Assert.True(storing is null && keeping is null && writing is null);
                        writing = persist.Event;
                        break;
                    case JournalEffect.FieldsRecorded fields:
                        acknowledged += fields.Bytes;
                        break;
                    case JournalEffect.Linger:
                        lingers = true;
                        break;
                    case JournalEffect.Ended:
                        Assert.Equal((committed, told, told), (durable, recorded, acknowledged));
                        ended = true;
                        break;
                }
            }
        }

        bool Step(int choice)
        {
            if (choice < 20 && packing.TryDequeue(out var packed))
            {
                CarryOut(protocol.Packed(new PackedFields(packed.First, packed.Windows, packed.Bytes.Length, ChunkCodec.Pack(packed.Bytes))));
            }
            else if (choice < 40 && storing is { } fields)
            {
                storing = null;
                stored.UnionWith(fields.Select(block => block.First));
                CarryOut(protocol.FieldsStored([.. fields.Select(block => block.Reference)]));
            }
            else if (choice < 60 && keeping is { } snapshot)
            {
                keeping = null;
                CarryOut(protocol.Stored(new SnapshotReference(snapshot.Window, snapshot.Tick, "f", [])));
            }
            else if (choice < 80 && writing is { } what)
            {
                writing = null;
                switch (what)
                {
                    case RunEvent.WindowsCommitted windows:
                        durable += windows.Windows.Length;
                        break;
                    case RunEvent.FieldsRecorded now:
                        foreach (var block in now.Fields)
                        {
                            Assert.Contains(block.First, stored);
                            Assert.Equal(recorded, block.First);
                            Assert.True(block.End <= durable);
                            recorded = block.End;
                        }

                        break;
                    case RunEvent.SnapshotTaken taken:
                        Assert.True(taken.Snapshot.Window <= durable && taken.Snapshot.Window <= recorded);
                        break;
                }

                CarryOut(protocol.Persisted(what));
            }
            else if (lingers)
            {
                lingers = false;
                CarryOut(protocol.LingerIsOver());
            }
            else
            {
                return false;
            }

            return true;
        }

        // One byte a window: so that what is acknowledged can be counted.
        void TellFields()
        {
            if (told < committed)
            {
                var block = new FieldBlock(told, (int)(committed - told), new byte[committed - told]);
                told = committed;
                CarryOut(protocol.Fields(block));
            }
        }

        foreach (var choice in choices)
        {
            switch (choice % 10)
            {
                case < 3:
                    CarryOut(protocol.Commit(Window(committed++)));
                    break;
                case 3:
                    TellFields();
                    break;
                case 4:
                    TellFields();       // The coordinator hands over what it has before it takes a snapshot.
                    CarryOut(protocol.Snapshot(new RunSnapshot(committed, committed, [], [])));
                    break;
                default:
                    Step(choice);
                    break;
            }
        }

        TellFields();
        CarryOut(protocol.End(new RunEvent.RunEnded { At = default, Outcome = RunOutcome.Completed, Reason = "", Windows = committed, FinalHash = "", Metrics = ImmutableSortedDictionary<string, double>.Empty }));
        while (!ended)
        {
            Assert.True(Step(0) || Step(20) || Step(40) || Step(60), "the journal fell silent");
        }
    });

    // The journal is slow; nothing but what waits in it may hold the run.
    [Fact]
    public void A_run_waits_while_too_many_fields_wait_to_be_stored()
    {
        var system = Composition.Compose(new Experiment
        {
            Name = "oscillator",
            Until = 2,
            Window = 0.02,
            Participants = [Participant.Of("left", OscillatorMass.Entry, ("side", "left")), Participant.Of("right", OscillatorMass.Entry, ("side", "right"))],
            Conduits = [new("left.spring-force", "right.force"), new("right.spring-force", "left.force")],
            Scheme = CouplingScheme.Serial("left", "right"),
        });
        var expected = new SerialRunner(system).Run();
        const int Block = 1_000;
        const long Most = 5_000;
        var protocol = new CoordinatorProtocol(system, new RunHistory(), null, isRecorded: true, recordsFields: true, blockLength: Block, mostFieldsWaiting: Most);
        var loop = new ChunkedLoop(1);
        List<ParticipantSession> sessions = [.. system.Participants.Select(node => new ParticipantSession(node, system.Experiment.Seed, loop))];
        var (jobs, blocks) = (new Queue<(int, ParticipantJob)>(), new Queue<FieldBlock>());
        var (waiting, largest, held, windows) = (0L, 0L, 0, 0L);
        RunEvent.RunEnded? end = null;
        void CarryOut()
        {
            while (protocol.TryTake(out var effect))
            {
                switch (effect)
                {
                    case CoordinatorEffect.Order order:
                        jobs.Enqueue((order.Participant, order.Job));
                        break;
                    case CoordinatorEffect.AllReady:
                        protocol.Begin();
                        break;
                    case CoordinatorEffect.Record { What: JournalOrder.Fields fields }:
                        blocks.Enqueue(fields.Block);
                        waiting += fields.Block.Bytes.Length;
                        largest = Math.Max(largest, fields.Block.Bytes.Length);
                        windows += fields.Block.Windows;
                        break;
                    case CoordinatorEffect.Record { What: JournalOrder.Commit commit }:
                        protocol.OnDurable(commit.Records[^1].Index + 1);
                        break;
                    case CoordinatorEffect.End over:
                        end = over.What;
                        break;
                }
            }
        }

        protocol.Start();
        for (CarryOut(); end is null; CarryOut())
        {
            if (jobs.TryDequeue(out var job))
            {
                protocol.Take(ParticipantWork.Do(sessions[job.Item1], job.Item2, CancellationToken.None));
                protocol.Flush();
            }
            else
            {
                // Everybody waits, and it is for this.
                var block = blocks.Dequeue();
                Assert.True(waiting > Most);
                held++;
                waiting -= block.Bytes.Length;
                protocol.OnFieldsRecorded(block.Bytes.Length);
            }

            Assert.InRange(waiting, 0, Most + (2 * largest));
        }

        Assert.True(held > 5, $"the run was held {held} times");
        Assert.Equal((expected.Windows, expected.FinalHash, expected.Windows), (end.Windows, end.FinalHash, windows));
        sessions.ForEach(session => session.Dispose());
    }
}
