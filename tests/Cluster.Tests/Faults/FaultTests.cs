using System.Globalization;
using ActorMultiscale.Testing;
using ActorMultiscale.Tests.Host;
using Xunit.Abstractions;

namespace ActorMultiscale.Tests.Cluster.Faults;

/// <summary>Runs whose nodes are killed, frozen, cut off and told to go end as if nothing had been: the same hash, a sound record, never two copies of a participant.</summary>
/// <remarks>One of each kind is short enough to be run every time; <c>tests/cluster-rounds.sh</c> runs all of them, many times.</remarks>
public sealed class FaultTests(PostgresServer server, ITestOutputHelper output) : IClassFixture<PostgresServer>
{
    // Groups within groups, and meshes that change.
    private const string Experiment = "bar-wave.conf";
    private const string RoundsVariable = "ACTORMULTISCALE_CLUSTER_ROUNDS";
    private const string SummaryVariable = "ACTORMULTISCALE_CLUSTER_SUMMARY";
    private const int Nodes = 3;
    private const int RoundsOfACluster = 12;
    private static readonly TimeSpan _killGate = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan _length = TimeSpan.FromSeconds(10);

    private PostgresServer? Server => PostgresServer.Missing is null ? server : null;

    [Fact]
    public void The_node_of_the_keeper_and_coordinator_is_killed()
    {
        var result = Once(Fault.KillKeeper, net: null);
        Assert.NotNull(result.Recovery);
        Assert.True(result.Recovery < _killGate, $"it took {result.Recovery}");
    }

    [Fact]
    public void Whoever_waits_for_a_run_is_told_its_end_although_the_node_that_was_asked_is_killed()
    {
        using var stand = new FaultStand(Nodes, Server);
        var settings = SettingsFor(stand);
        var hash = stand.Undisturbed(Experiment, settings);
        var asked = stand.Keeper;
        using var client = stand.Start(asked.Index, ["run", HostProcess.Experiment(Experiment), "--name", "run", "--store", stand.Store, "--cluster", asked.Address, "--json", "--quiet", .. settings]);
        stand.Await(() => stand.Catalog.Exists("run"), "there is a run");
        stand.Await("run", look => look.Windows > 2, FaultStand.Soon, "a few windows");
        asked.Kill();
        var (code, text, error) = client.Wait();
        Assert.True(code is 0 or 4, $"{code}: {error}\n{stand.Said}");        // Checks speak of the experiment's own end.
        Assert.Contains(hash, text, StringComparison.Ordinal);
        stand.Complete("run", hash, FaultStand.Soon);
    }

    [Fact]
    public void A_node_is_told_to_end() => Assert.True(Once(Fault.Terminate, net: null).Recovery is not { } recovery || recovery < TimeSpan.FromSeconds(15));

    [Fact]
    public void A_node_is_cut_off()
    {
        if (NetworkNamespaces.Missing is { } reason)
        {
            output.WriteLine($"SKIPPED: {reason}");
            return;
        }

        using var net = new NetworkNamespaces(Nodes);
        Once(Fault.Cut, net);
    }

    [Fact]
    public void In_rounds_that_go_on_where_they_were_left()
    {
        if (!int.TryParse(Environment.GetEnvironmentVariable(RoundsVariable), CultureInfo.InvariantCulture, out var rounds) || Environment.GetEnvironmentVariable(SummaryVariable) is not { Length: > 0 } summary)
        {
            output.WriteLine($"SKIPPED: {RoundsVariable} and {SummaryVariable} are not set; tests/cluster-rounds.sh sets them");
            return;
        }

        var seed = Environment.TickCount;
        var random = new Random(seed);
        for (var done = Lines(summary).Count; done < rounds;)
        {
            // Those that cut networks need another cluster than those that stop the database; both are renewed now and then.
            var withNetworks = NetworkNamespaces.Missing is null && (PostgresServer.Missing is not null || done / RoundsOfACluster % 3 == 2);
            var kinds = Enum.GetValues<Fault>().Where(kind => FaultRound.NeedsNetworks(kind) == withNetworks && (kind != Fault.StoreAway || Server is not null)).ToList();
            using var net = withNetworks ? new NetworkNamespaces(Nodes) : null;
            using var stand = new FaultStand(Nodes, withNetworks ? null : Server, net);
            var settings = SettingsFor(stand);
            var hash = stand.Undisturbed(Experiment, settings);
            FaultResult? result;
            do
            {
                // Of those that were had least often.
                var had = Lines(summary).CountBy(line => line.Split('\t')[0]).ToDictionary();
                var rare = kinds.GroupBy(k => had.GetValueOrDefault(k.ToString())).MinBy(group => group.Key)!.ToList();
                var kind = rare[random.Next(rare.Count)];
                var run = string.Create(CultureInfo.InvariantCulture, $"round-{done}-{Guid.NewGuid().ToString("N")[..4]}");
                try
                {
                    result = FaultRound.Of(stand, kind, run, hash, random, Experiment, settings);
                }
                catch
                {
                    File.AppendAllText(summary, $"FAILED {kind} (seed {seed}, round {done})\n");
                    File.WriteAllText($"{summary}.{run}.log", stand.Said);
                    throw;
                }

                if (result is null)
                {
                    // The machine had other things to do when it was measured.
                    settings = SettingsFor(stand);
                    hash = stand.Undisturbed(Experiment, settings);
                    continue;
                }

                File.AppendAllText(summary, result + Environment.NewLine);
                done++;
            }
            while (done < rounds && (result is null || done % RoundsOfACluster != 0));
        }
    }

    private static List<string> Lines(string summary) => File.Exists(summary) ? [.. File.ReadLines(summary).Where(line => !line.StartsWith("FAILED", StringComparison.Ordinal))] : [];

    // As long as it takes this machine some seconds to carry out: something is to be done to it meanwhile.
    private static string[] SettingsFor(FaultStand stand) =>
        ["--until", string.Create(CultureInfo.InvariantCulture, $"{Math.Clamp(Math.Round(_length.TotalSeconds * stand.Pace(Experiment)), 60, 5000)} s"), "--set", "snapshots.interval=1 s"];

    private FaultResult Once(Fault kind, NetworkNamespaces? net)
    {
        using var stand = new FaultStand(Nodes, net is null ? Server : null, net);
        FaultResult? result;
        var attempt = 0;
        do
        {
            var settings = SettingsFor(stand);
            result = FaultRound.Of(stand, kind, $"run-{++attempt}", stand.Undisturbed(Experiment, settings), new Random(1), Experiment, settings);
            Assert.True(result is not null || attempt < 3, "runs are over before anything is done to them");
        }
        while (result is null);
        output.WriteLine(result.ToString());
        return result;
    }
}
