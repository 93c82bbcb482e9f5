using System.Diagnostics;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Host;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Tests.Host;
using Xunit.Abstractions;

namespace ActorMultiscale.Tests.Cluster;

/// <summary>Nodes that come and go while an ensemble is computed, also those of a new version of the program: its members move at the end of a window, and the bits are those of one process.</summary>
public sealed class MoveTests(ITestOutputHelper output) : ClusterStand(output)
{
    private const string Run = "moving";

    // Volume elements at the 8 points of a plate that is pulled until they yield.
    private const string Experiment = """
        name = plate
        until = 1000000 s
        window = 1 s
        snapshots { every = 50 }
        participants {
          plate { model = two-scale-plate, settings { radial = 1, around = 2, speed = 0.0001 } }
          rve { model = volume-element, count = 8, settings { cells = 6 } }
        }
        conduits = [
          { from = "plate.strain[*]", to = "rve[*].strain" }
          { from = "rve[*].stress", to = "plate.stress[*]" }
          { from = "rve[*].tangent", to = "plate.tangent[*]" }
          { from = "rve[*].answered-strain", to = "plate.answered-strain[*]" }
        ]
        scheme {
          stages = [[plate], [rve]]
          iterate { max = 30, converge = [{ conduit = "plate.stress[*]", relative = 1e-8 }] }
        }
        """;

    [Fact]
    public void Members_of_an_ensemble_move_to_a_node_that_joins_and_away_from_one_that_leaves()
    {
        var clock = Stopwatch.StartNew();
        var file = Path.Combine(Folder, "plate.conf");
        File.WriteAllText(file, Experiment);
        string[] one = ["--threads", "1", "--look-around", "1"];
        var first = Start(one);
        first.WaitFor("listening", first.Address, Soon);
        var second = Start([.. one, "--join", first.Address]);
        Await(first, second);
        Did("run", file, "--name", Run, "--store", Path.Combine(Folder, "runs"), "--cluster", first.Address, "--detach", "--quiet");
        second.WaitFor("site-begins", second.Address, Soon);

        var third = Start([.. one, "--join", first.Address]);
        third.WaitFor("site-begins", third.Address, Soon);
        AwaitWindowsAfter(Look().Windows);
        Say("members are on the third node", clock.Elapsed);

        second.Process.Signal("TERM");
        Assert.Equal(0, second.WaitForExit(Soon).Code);
        AwaitWindowsAfter(Look().Windows);
        Say("the second node has left", clock.Elapsed);

        Did("stop", Run, "--cluster", first.Address);
        var stopped = Look().Windows;
        using var resumed = HostProcess.Start(Folder, "resume", Run, "--store", Store, "--cluster", first.Address, "--quiet");
        AwaitWindowsAfter(stopped);
        Assert.False(resumed.HasExited, "It was told how the run had ended before.");
        var epochs = StopsInTheStateOfOneProcess(file, first);
        Assert.Equal(130, resumed.Wait().Code);
        Assert.True(epochs >= 3, $"There were {epochs} incarnations: it moved to the third node, and away from the second.");
        Say("computed by one process", clock.Elapsed);
    }

    [Fact]
    public void Nodes_of_a_new_version_take_the_place_of_the_old_ones_one_by_one()
    {
        var clock = Stopwatch.StartNew();
        var file = Path.Combine(Folder, "plate.conf");
        File.WriteAllText(file, Experiment);
        var first = Start("--threads", "1");
        first.WaitFor("listening", first.Address, Soon);
        var second = Start("--threads", "1", "--join", first.Address);
        var build = HostProcess.OtherBuild(Path.Combine(Folder, "new"));
        NodeProcess StartNew(NodeProcess contact, params string[] more) => Start(["--threads", "1", "--join", contact.Address, .. more], under: null, build: build);
        var refused = StartNew(first);
        Await(first, second);
        Did("run", file, "--name", Run, "--store", Store, "--cluster", first.Address, "--detach", "--quiet");
        Assert.Equal(8, refused.WaitForExit(Soon).Code);
        Assert.Contains("all nodes run the same (--upgrade lets it in, to replace them)", refused.Process.Error, StringComparison.Ordinal);
        second.WaitFor("site-begins", second.Address, Soon);

        var third = StartNew(first, "--upgrade");
        Await(first, second, third);
        Assert.Contains($"{third.Address}: program ", Host("nodes", "--cluster", first.Address).Out, StringComparison.Ordinal);
        second.Process.Signal("TERM");
        Assert.Equal(0, second.WaitForExit(Soon).Code);
        AwaitWindowsAfter(Look().Windows);
        Say("one node is replaced", clock.Elapsed);
        Assert.False(third.Says("site-begins", third.Address), "A run whose keeper is of the old version was computed by the new one.");

        first.Process.Signal("TERM");
        Assert.Equal(0, first.WaitForExit(Soon).Code);
        third.WaitFor("site-begins", third.Address, Soon);
        var fourth = StartNew(third);
        Await(third, fourth);
        AwaitWindowsAfter(Look().Windows);
        Say("all nodes are replaced", clock.Elapsed);
        StopsInTheStateOfOneProcess(file, fourth);
    }

    [Fact]
    public void A_node_that_has_another_store_is_left_out_and_the_run_goes_on()
    {
        var file = Path.Combine(Folder, "plate.conf");
        File.WriteAllText(file, Experiment);
        var (store, elsewhere) = (Store, Path.Combine(Folder, "elsewhere"));
        Did("run", file, "--until", "1 s", "--name", Run, "--store", elsewhere, "--quiet");
        var first = Start();
        first.WaitFor("listening", first.Address, Soon);
        Store = elsewhere;
        var stray = Start("--join", first.Address);
        Store = store;
        Await(first, stray);
        Did("run", file, "--name", Run, "--store", Store, "--cluster", first.Address, "--detach", "--quiet");

        AwaitWindowsAfter(2);
        Assert.Contains($"The node {stray.Address} does not take its site: its store '{elsewhere}' has another run of that name", first.Process.Error, StringComparison.Ordinal);
        Assert.False(stray.Says("site-begins", stray.Address));
        Did("stop", Run, "--cluster", first.Address);
    }

    // How many incarnations there were.
    private int StopsInTheStateOfOneProcess(string file, NodeProcess contact)
    {
        Did("stop", Run, "--cluster", contact.Address);
        var (epoch, windows, end) = Look();
        Assert.Equal(RunOutcome.Stopped, end!.Outcome);
        Did("run", file, "--until", $"{windows} s", "--name", "alone", "--store", Path.Combine(Folder, "alone"), "--quiet", "--no-fields");
        using var alone = RunCatalog.Of(Path.Combine(Folder, "alone")).Open("alone");
        Assert.Equal((windows, alone.Recent().End!.FinalHash), (alone.Recent().Windows, end.FinalHash));
        return epoch;
    }

    private void Did(params string[] arguments)
    {
        var (code, text, error) = Host(arguments);
        Assert.True(code == 0, $"{code}: {text}{error}");
    }

    private (int Epoch, long Windows, RunEvent.RunEnded? End) Look()
    {
        using var store = RunCatalog.Of(Path.Combine(Folder, "runs")).Open(Run);
        var history = store.Recent();
        return (history.Epoch, history.Windows, history.End);
    }

    private void AwaitWindowsAfter(long windows)
    {
        for (var clock = Stopwatch.StartNew(); Look().Windows <= windows; Thread.Sleep(50))
        {
            Assert.True(clock.Elapsed < Soon, $"no window was computed after {windows}");
        }
    }
}
