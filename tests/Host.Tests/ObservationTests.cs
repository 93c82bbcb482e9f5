using System.Text.Json;

namespace ActorMultiscale.Tests.Host;

/// <summary>What is observed of a run, by real processes.</summary>
public sealed class ObservationTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("actor-multiscale-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Host(params string[] arguments)
    {
        var (code, output, error) = HostProcess.Run(_folder, arguments);
        Assert.True(code == 0, $"exit code {code}: {output} {error}");
        return output;
    }

    private JsonElement Json(params string[] arguments) => JsonDocument.Parse(Host([.. arguments, "--json"])).RootElement;

    [Fact]
    public void The_iteration_table_holds_every_iteration_of_every_window_and_the_last_is_the_one_that_converged()
    {
        var run = Json("run", HostProcess.Experiment("oscillator.conf"), "--name", "one");
        var all = Json("runs", "show", "one", "--convergence", "--iterations").EnumerateArray().ToList();
        var last = Json("runs", "show", "one", "--convergence").EnumerateArray().ToList();

        // The number of iterations that the run itself counted, each once.
        Assert.Equal(run.GetProperty("iterations").GetInt64(), all.Select(r => r.GetProperty("path").GetString()).Distinct().Count());
        var windows = last.GroupBy(r => r.GetProperty("window").GetInt64()).ToList();
        Assert.Equal(Enumerable.Range(0, (int)run.GetProperty("windows").GetInt64()).Select(i => (long)i), windows.Select(w => w.Key));
        Assert.Equal(run.GetProperty("iterations").GetInt64(), windows.Sum(w => w.First().GetProperty("iterations").GetInt64()));
        Assert.All(last, r => Assert.True(r.GetProperty("converged").GetBoolean()));
        foreach (var row in all)
        {
            // Converged in its window's last iteration, and in no other.
            var final = windows.Single(w => w.Key == row.GetProperty("window").GetInt64()).First().GetProperty("iterations").GetInt64();
            Assert.Equal(row.GetProperty("iterations").GetInt64() == final, row.GetProperty("converged").GetBoolean());
        }

        var csv = Host("runs", "show", "one", "--convergence", "--iterations", "--csv").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(all.Count + 1, csv.Length);
        Assert.All(csv, line => Assert.Equal(csv[0].Count(c => c == ','), line.Count(c => c == ',')));
    }
}
