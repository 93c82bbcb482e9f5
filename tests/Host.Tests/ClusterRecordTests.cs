using System.Text.Json;

namespace ActorMultiscale.Tests.Host;

/// <summary>What a run in one process records, a run on several nodes records too; by real processes.</summary>
public sealed class ClusterRecordTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("actor-multiscale-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Host(params string[] arguments)
    {
        var (code, output, error) = HostProcess.Run(_folder, arguments);
        Assert.True(code == 0, $"exit code {code}: {output} {error}");
        return output;
    }

    // What is read of a record is read in this process.
    private string Read(params string[] arguments)
    {
        var (code, output, error) = HostCall.Run(_folder, arguments);
        Assert.True(code == 0, $"exit code {code}: {output} {error}");
        return output;
    }

    [Fact]
    public void Iterations_watches_times_and_fields_of_a_run_on_two_nodes_are_those_of_a_run_in_one_process()
    {
        var file = Path.Combine(_folder, "heat.conf");
        File.WriteAllText(file, File.ReadAllText(HostProcess.Experiment("partitioned-heat.conf")));
        Host("run", file, "--name", "here", "--quiet");
        Host("run", file, "--name", "there", "--nodes", "2", "--quiet");

        foreach (var view in new string[][] { ["--convergence", "--iterations", "--csv"], ["--watch", "--csv"] })
        {
            var rows = Read(["runs", "show", "here", .. view]);
            Assert.True(rows.Count(c => c == '\n') > 10);
            Assert.Equal(rows, Read(["runs", "show", "there", .. view]));
        }

        var played = Read("replay", "here", "--json");
        Assert.True(played.Count(c => c == '\n') >= 20);
        Assert.Equal(played, Read("replay", "there", "--json"));
        Read("verify", "there", "--participant", "left");
        Read("verify", "there", "--participant", "right");

        List<JsonElement> Profile(string run) => [.. JsonDocument.Parse(Read("profile", run, "--windows", "--json")).RootElement.EnumerateArray()];
        long Advances(IEnumerable<JsonElement> rows, string name) => rows.Where(r => r.GetProperty("participant").GetString() == name).Sum(r => r.GetProperty("advances").GetInt64());
        var (here, there) = (Profile("here"), Profile("there"));
        Assert.All(["left", "right"], name => Assert.Equal(Advances(here, name), Advances(there, name)));
        // The two exchange what their conduits carry, and each computes; the coordinator records.
        var spent = JsonDocument.Parse(Read("profile", "there", "--json")).RootElement.GetProperty("work").EnumerateArray()
            .ToDictionary(w => w.GetProperty("name").GetString()!, w => w.GetProperty("spent").EnumerateArray().ToDictionary(p => p.GetProperty("purpose").GetString()!));
        Assert.Equal(["coordinator", "site 0", "site 1"], spent.Keys.Order());
        Assert.All(["site 0", "site 1"], site =>
        {
            Assert.True(spent[site]["computing"].GetProperty("seconds").GetDouble() > 0);
            Assert.True(spent[site]["mapping"].GetProperty("messages").GetInt64() >= 20);
            Assert.True(spent[site]["mapping"].GetProperty("bytes").GetInt64() >= 20 * 11 * sizeof(double));
        });
        Assert.True(spent["coordinator"]["journal"].GetProperty("seconds").GetDouble() > 0);
        Assert.True(spent["coordinator"]["control"].GetProperty("messages").GetInt64() >= 20);
        Assert.Equal(0, JsonDocument.Parse(Read("profile", "here", "--json")).RootElement.GetProperty("work").GetArrayLength());
        Assert.All(there.Where(r => r.GetProperty("advances").GetInt64() > 0), r => Assert.True(r.GetProperty("computing").GetDouble() > 0));
    }
}
