using ActorMultiscale.Actors;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Actors.Protocol;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Examples;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Tests.Actors;

/// <summary>The coordinator's protocol without actors: whatever the order in which participants answer, the run is that of the serial runner.</summary>
public sealed class CoordinatorProtocolTests
{
    private static CoupledSystem System(bool parallel) => Composition.Compose(new Experiment
    {
        Name = "oscillator",
        Until = 0.4,
        Window = 0.02,
        SnapshotEvery = 3,
        Participants = [Participant.Of("left", OscillatorMass.Entry, ("side", "left")), Participant.Of("right", OscillatorMass.Entry, ("side", "right"))],
        Conduits = [new("left.spring-force", "right.force") { Degree = 3 }, new("right.spring-force", "left.force") { Degree = 3 }],
        Scheme = (parallel ? CouplingScheme.Parallel("left", "right") : CouplingScheme.Serial("left", "right"))
            .Iterated(50, new ConvergenceCriterion("left.force", ResidualMeasure.Relative, 1e-10)).Relaxed(0.7),
    });

    // Each participant does its jobs in order; whose answer comes next, when the journal answers, and what is told twice, is drawn.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Answers_in_any_order_and_states_told_twice_give_the_serial_run(bool parallel)
    {
        var system = System(parallel);
        var expected = new SerialRunner(system).Run();
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var (committed, ended) = (0L, false);
            var loop = new ChunkedLoop(1);
            List<ParticipantSession> sessions = [.. system.Participants.Select(node => new ParticipantSession(node, system.Experiment.Seed, loop))];
            List<Queue<object>> answers = [.. sessions.Select(_ => new Queue<object>())];
            var announcements = new Queue<long>();
            var protocol = new CoordinatorProtocol(system, new RunHistory(), null, isRecorded: true);

            void CarryOut()
            {
                while (protocol.TryTake(out var effect))
                {
                    switch (effect)
                    {
                        case CoordinatorEffect.Order order:
                            var answer = ParticipantWork.Do(sessions[order.Participant], order.Job, CancellationToken.None);
                            answers[order.Participant].Enqueue(answer!);
                            if (answer is ParticipantAnswer.Saved or ParticipantAnswer.Ready && random.Next(2) == 0)
                            {
                                answers[order.Participant].Enqueue(answer);
                            }

                            break;
                        case CoordinatorEffect.AllReady:
                            protocol.Begin();
                            break;
                        case CoordinatorEffect.Record { What: JournalOrder.Commit commit }:
                            Assert.Equal(Enumerable.Range(0, commit.Records.Length).Select(i => committed + i), commit.Records.Select(r => r.Index));
                            committed += commit.Records.Length;
                            announcements.Enqueue(committed);
                            break;
                        case CoordinatorEffect.Record { What: JournalOrder.Keep keep }:
                            // Complete, and never ahead of the windows that it stands behind.
                            Assert.All(keep.Snapshot.States, Assert.NotNull);
                            Assert.InRange(keep.Snapshot.Window, 0, committed);
                            break;
                        case CoordinatorEffect.End end:
                            Assert.False(ended);
                            ended = true;
                            Assert.Equal((expected.Outcome, expected.Windows, expected.FinalHash), (end.What.Outcome, end.What.Windows, end.What.FinalHash));
                            break;
                    }
                }
            }

            protocol.Start();
            for (CarryOut(); !ended; CarryOut())
            {
                List<Action> choices = [.. answers.Where(q => q.Count > 0).Select(q => new Action(() => protocol.Take(q.Dequeue())))];
                if (announcements.Count > 0)
                {
                    choices.Add(() => protocol.OnDurable(announcements.Dequeue()));
                }

                if (choices.Count == 0 || random.Next(4) == 0)
                {
                    choices.Add(protocol.Flush);
                }

                choices[random.Next(choices.Count)]();
                Assert.InRange(protocol.Accepted - protocol.Durable, 0, system.Experiment.RunAhead);
            }

            Assert.Equal(expected.Windows, committed);
            sessions.ForEach(session => session.Dispose());
        }
    }
}
