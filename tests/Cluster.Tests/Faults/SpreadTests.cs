using System.Diagnostics;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Testing;
using Xunit.Abstractions;

namespace ActorMultiscale.Tests.Cluster.Faults;

/// <summary>Runs on nodes that nothing disturbs: the same bits on any number of them; stopped and gone on with; and nodes that know that they are too few.</summary>
public sealed class SpreadTests(ITestOutputHelper output)
{
    private static readonly TimeSpan _soon = TimeSpan.FromMinutes(2);

    public static TheoryData<string, string> Experiments => new()
    {
        { "partitioned-heat.conf", "1 s" },     // Implicit: each window is iterated.
        { "bar-wave.conf", "20 s" },            // Groups within groups.
        { "heat-plate.conf", "0.2 s" },         // Meshes that change.
    };

    [Fact]
    public void Experiments_give_the_same_bits_on_any_number_of_nodes()
    {
        // SQLite: files that processes of one machine share.
        using var stand = new FaultStand(5, server: null);
        foreach (var count in new[] { 5, 3, 2, 1 })
        {
            foreach (var (experiment, until) in Experiments.Select(row => ((string)row[0], (string)row[1])))
            {
                var run = $"{Path.GetFileNameWithoutExtension(experiment)}-{count}";
                stand.Begin(experiment, run, "--until", until);
                stand.Complete(run, stand.Undisturbed(experiment, "--until", until), _soon);
                output.WriteLine($"{run}: {string.Join(' ', stand.Intervals(run).Select(i => $"{i.Participant} on {i.Where}"))}");
                var participants = stand.Intervals(run).Select(i => i.Participant).Distinct().Count();
                Assert.Equal(Math.Min(count, participants), stand.Intervals(run).Select(i => i.Where).Distinct().Count());
            }

            stand.Shrink(count switch { 5 => 3, 3 => 2, _ => 1 });
        }
    }

    [Fact]
    public void A_run_is_detached_attached_stopped_and_gone_on_with()
    {
        using var stand = new FaultStand(2, server: null);
        string[] settings = ["--until", "60 s"];
        var hash = stand.Undisturbed("bar-wave.conf", settings);
        stand.Begin("bar-wave.conf", "run", settings);
        stand.Await("run", look => look.Windows > 2, _soon, "a few windows");

        // Whoever looks at it is told when it is stopped.
        using var attached = stand.Start(1, "attach", "run", "--cluster", stand.Nodes[1].Address, "--store", stand.Store, "--json", "--quiet");
        var (code, _, error) = stand.Host(0, "stop", "run", "--cluster", stand.Nodes[0].Address);
        Assert.True(code == 0, error);
        Assert.Contains("'run' is over: stopped", error, StringComparison.Ordinal);
        stand.Await("run", look => look.End is { Outcome: RunOutcome.Stopped }, _soon, "its stop");
        var (left, text, complaint) = attached.Wait();
        Assert.True(left == 130, complaint);
        Assert.Contains("\"stopped\"", text, StringComparison.Ordinal);

        // The cluster does not take it up by itself; somebody who resumes it does.
        (code, text, error) = stand.Host(0, "attach", "run", "--cluster", stand.Nodes[0].Address, "--store", stand.Store, "--json", "--quiet");
        Assert.True(code == 130, $"{code} {text} {error}");
        (code, text, error) = stand.Host(0, "resume", "run", "--cluster", stand.Nodes[0].Address, "--store", stand.Store, "--json", "--quiet");
        Assert.True(code is 0 or 4, $"{code} {error}");
        Assert.Contains(hash, text, StringComparison.Ordinal);
        stand.Complete("run", hash, _soon);
        Assert.True(stand.Look("run")!.Value.Epoch >= 2);
    }

    [Fact]
    public void Nodes_that_are_too_few_end_themselves_and_the_run_goes_on_when_there_are_enough_again()
    {
        using var stand = new FaultStand(3, server: null);
        string[] settings = ["--until", "60 s", "--set", "snapshots.interval=1 s"];
        var hash = stand.Undisturbed("bar-wave.conf", settings);
        stand.Begin("bar-wave.conf", "run", settings);
        stand.Await("run", look => look.Windows > 2, _soon, "a few windows");
        stand.StartsAgain = false;
        var clock = Stopwatch.StartNew();
        var survivor = stand.Nodes.First(n => n != stand.Keeper);
        foreach (var node in stand.Nodes.Where(n => n != survivor))
        {
            node.Kill();
        }

        var killed = DateTimeOffset.UtcNow;
        stand.Await(() => survivor.HasExited, "the last node ends itself");
        output.WriteLine($"it ended after {clock.Elapsed.TotalSeconds:0.0} s");
        Assert.Equal(9, survivor.Process.Wait().Code);
        Assert.DoesNotContain(stand.Intervals("run"), i => i.From > killed);
        stand.StartsAgain = true;
        stand.AwaitAll();
        stand.Complete("run", hash, _soon);
    }
}
