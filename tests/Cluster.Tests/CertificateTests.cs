using ActorMultiscale.Tests.Host;
using Xunit.Abstractions;

namespace ActorMultiscale.Tests.Cluster;

/// <summary>Clusters whose connections are protected.</summary>
public sealed class CertificateTests(ITestOutputHelper output) : ClusterStand(output)
{
    [Fact]
    public void Keys_are_for_their_owner_alone_and_nothing_is_overwritten()
    {
        var node = Certificate("authority", "127.0.0.1");
        string[] files = [.. new[] { "../authority.pem", "../authority.key", "authority.pem", "node.pem", "node.key" }.Select(file => Path.Combine(node, file))];
        var before = files.Select(File.ReadAllText).ToList();
        Assert.All(files, file => Assert.True(OperatingSystem.IsWindows() || File.GetUnixFileMode(file) == (UnixFileMode.UserRead | UnixFileMode.UserWrite)));
        Assert.Equal(before[0], before[2]);
        Assert.Equal(5, Directory.EnumerateFiles(Path.GetDirectoryName(node)!, "*", SearchOption.AllDirectories).Count());

        var (code, _, error) = Host("certificates", "authority", "--host", "127.0.0.1");
        Assert.Equal(2, code);
        Assert.Contains("already", error, StringComparison.Ordinal);
        Assert.Equal(2, Host("certificates", "authority", "--host", "forever.example", "--days", "3651").Code);
        Certificate("authority", "another.example");
        Assert.Equal(before, files.Select(File.ReadAllText));
    }

    private string Certificate(string authority, string host)
    {
        var (code, text, error) = Host("certificates", authority, "--host", host);
        Assert.True(code == 0, $"{code}: {text} {error}");
        return Path.Combine(Folder, authority, host);
    }

    [Fact]
    public void Nodes_of_one_authority_form_a_cluster_and_nobody_else_joins()
    {
        var (ours, theirs) = (Certificate("ours", "127.0.0.1"), Certificate("theirs", "127.0.0.1"));
        var elsewhere = Certificate("ours", "elsewhere.example");
        var first = Start("--certificates", ours);
        var second = Start("--certificates", ours, "--join", first.Address);
        Await(first, second);

        var foreign = Start("--certificates", theirs, "--join", first.Address, "--join-within", "8");
        var plain = Start("--join", first.Address, "--join-within", "8");
        Assert.Equal(8, foreign.WaitForExit(Soon).Code);
        Assert.Equal(7, plain.WaitForExit(Soon).Code);

        // Of our authority, but not for the address: said by whoever would listen there, and by whoever calls.
        var misplaced = Start("--certificates", elsewhere, "--join", first.Address);
        Assert.Equal(2, misplaced.WaitForExit(Soon).Code);
        Assert.Contains("is not for the host 127.0.0.1", misplaced.Process.Error, StringComparison.Ordinal);
        var (code, _, error) = Host("nodes", "--cluster", first.Address.Replace("127.0.0.1", "localhost", StringComparison.Ordinal), "--certificates", ours);
        Assert.Equal(7, code);
        Assert.Contains("is not for the host that was called", error, StringComparison.Ordinal);

        // What the sites of a run say to each other goes over connections that are protected in the same way.
        var (done, _, said) = Host("run", HostProcess.Experiment("oscillator.conf"), "--name", "run", "--store", Store, "--cluster", second.Address, "--certificates", ours, "--quiet");
        Assert.True(done == 0, $"{done}: {said}");

        Assert.Equal(7, Host("nodes", "--cluster", first.Address).Code);
        Assert.Equal(7, Host("nodes", "--cluster", first.Address, "--certificates", theirs).Code);
        Assert.Equal(new[] { first.Address, second.Address }.Order(StringComparer.Ordinal), Members(first, "--certificates", ours).Keys);
        Assert.False(first.Process.HasExited || second.Process.HasExited);
        foreach (var stranger in new[] { foreign, plain })
        {
            Assert.False(first.Says("member-up", stranger.Address));
        }
    }
}
