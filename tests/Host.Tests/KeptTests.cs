using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Host;
using ActorMultiscale.Testing;

namespace ActorMultiscale.Tests.Host;

/// <summary>Which cluster keeps a run going stands in its store: clusters that share one take nothing of each other.</summary>
public sealed class KeptTests(PostgresServer server) : RecordStand(server)
{
    private void Made(params string[] runs) => Assert.All(runs, run => Assert.Equal(0, Host("run", Oscillator, "--name", run, "--quiet", "--set", "until=0.5").Code));

    private string? KeeperOf(string run)
    {
        using var store = Catalog.Open(run);
        return store.KeptBy;
    }

    private void Keep(string run, string cluster)
    {
        using var store = Catalog.Open(run);
        store.Keep(cluster);
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public void A_run_is_kept_by_one_cluster_and_another_takes_nothing_of_it(string store)
    {
        Use(store);
        Made("it", "other");
        var source = new ClusterRunSource(Catalog);
        using (var it = Catalog.Open("it"))
        {
            Assert.Null(it.KeptBy);
            it.Keep("one");
            it.Keep("one");
            Assert.Equal("one", it.KeptBy);
            Assert.Contains("The cluster 'one' keeps the run 'it' going", Assert.Throws<RunStoreException>(() => it.Keep("two")).Message, StringComparison.Ordinal);
            it.Unkeep("two");
            Assert.Equal("one", it.KeptBy);
        }

        Keep("other", "two");
        Assert.Equal("it", Assert.Single(source.Kept("one")));
        Assert.Equal("other", Assert.Single(source.Kept("two")));
        Assert.Empty(source.Kept(RunStore.DefaultCluster));
        using (var it = Catalog.Open("it"))
        {
            it.Unkeep("one");
            Assert.Null(it.KeptBy);
            it.Keep("one");
        }

        // One that is removed leaves nothing to one of the same name.
        Assert.Equal(0, Host("runs", "rm", "it").Code);
        Made("it");
        Assert.Null(KeeperOf("it"));
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public void What_a_store_of_an_earlier_version_keeps_is_of_the_cluster_without_a_name_of_its_own(string store)
    {
        Use(store);
        Made("it");
        Execute("it", "CREATE TABLE kept (run TEXT PRIMARY KEY)");
        Execute("it", "INSERT INTO kept (run) VALUES ('it')");
        var source = new ClusterRunSource(Catalog);
        Assert.Equal(RunStore.DefaultCluster, KeeperOf("it"));
        Assert.Equal("it", Assert.Single(source.Kept(RunStore.DefaultCluster)));
        Assert.Empty(source.Kept("one"));

        // Nobody has written to it yet; whoever does brings it up to date, and a node of that version can still use it.
        using (var it = Catalog.Open("it"))
        {
            Assert.Throws<RunStoreException>(() => it.Keep("one"));
            Assert.Equal(RunStore.DefaultCluster, it.KeptBy);
            it.Unkeep();
            it.Keep("one");
            Assert.Equal("one", it.KeptBy);
            it.Unkeep();
        }

        Execute("it", "INSERT INTO kept (run) VALUES ('it')");
        Assert.Equal(RunStore.DefaultCluster, KeeperOf("it"));
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public void What_a_trial_has_left_is_resumed_by_hand_and_what_a_cluster_keeps_is_not(string store)
    {
        Use(store);
        Made("it");
        Keep("it", "one");
        var (code, _, error) = Host("resume", "it", "--until", "0.6", "--quiet");
        Assert.Equal(6, code);
        Assert.Contains("The cluster 'one' keeps the run 'it' going", error, StringComparison.Ordinal);
        Assert.Equal("one", KeeperOf("it"));

        Assert.Equal(0, Host("resume", "it", "--until", "0.6", "--quiet", "--take-over").Code);
        Assert.Null(KeeperOf("it"));

        Keep("it", "local-0123456789abcdef");
        Assert.Equal(0, Host("resume", "it", "--until", "0.7", "--quiet").Code);
        Assert.Null(KeeperOf("it"));
    }
}
