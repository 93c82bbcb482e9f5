using ActorMultiscale.Actors;
using ActorMultiscale.Host.Commands;
using ActorMultiscale.Testing;

namespace ActorMultiscale.Tests.Host;

/// <summary>Who verifies a run with long windows sees how far it is in each of them, as who runs it does.</summary>
public sealed class RecomputationProgressTests(PostgresServer server) : RecordStand(server)
{
    // Two windows of a hundred steps; the atoms report each step.
    [Theory]
    [InlineData(null)]
    [InlineData("atoms")]
    public void A_window_that_is_computed_again_tells_how_far_it_is(string? alone)
    {
        // Fewer atoms than the experiment has expectations of.
        // In two parts: a run that stops always has a snapshot where it stops; one that goes on may leave one out for the next.
        _ = Host("run", HostProcess.Experiment("lennard-jones-solid.conf"), "--name", "run", "--quiet", "--set", "participants.atoms.settings.cells=[3,3,3]", "--until", "0.25 s");
        _ = Host("resume", "run", "--until", "0.5 s", "--quiet");
        using var store = Catalog.Open("run");
        var record = RecordedRun.Of("run", store);
        var shown = new List<RunProgress>();
        void Recompute(long from)
        {
            shown.Clear();
            if (alone is not null)
            {
                Assert.True(ParticipantVerification.Verify(record, alone, from, record.Windows, threads: 1, shown.Add).Matches);
                return;
            }

            var (compared, difference, _) = VerifyCommand.Recompute(record, record.SnapshotBefore(from), record.Windows, threads: 1, shown.Add, _ => { });
            Assert.Equal((2 - from, null), (compared, difference));
        }

        void Window(IEnumerable<RunProgress> all, long accepted)
        {
            var steps = all.Where(p => p.Accepted == accepted && p.Underway.Length > 0).ToList();
            Assert.Equal(99, steps.Count);       // The last one is the whole window.
            Assert.All(steps, (p, s) => Assert.Equal((0.25 * accepted, "atoms", (s + 1) / 100.0), (p.Time, Assert.Single(p.Underway).Key, p.Underway[0].Value)));
        }

        Recompute(0);
        Assert.Equal([0, 1, 2], shown.Select(p => p.Accepted).Distinct());
        Window(shown, 0);
        Window(shown, 1);
        Assert.Equal((0.5, 2, 0), (shown[^1].Time, shown[^1].Accepted, shown[^1].Underway.Length));

        Recompute(1);
        Assert.Equal([1, 2], shown.Select(p => p.Accepted).Distinct());
        Window(shown, 1);
    }
}
