using System.Text.Json;
using ActorMultiscale.Host;

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

    private static string Nested => """
        name = nested
        until = 40 s
        window = 0.1 s
        participants {
          left { model = oscillator-mass, settings { side = left, integrator = newmark, substeps = 4 } }
          right { model = oscillator-mass, settings { side = right, integrator = newmark, substeps = 4 } }
          plain { model = heat-square, settings { side = dirichlet, cells = 11, substeps = 1, alpha = 3, beta = 1.2 } }
          steep { model = heat-square, settings { side = neumann, cells = 11, substeps = 1, alpha = 3, beta = 1.2 } }
        }
        conduits = [
          { from = left.spring-force, to = right.force }
          { from = right.spring-force, to = left.force }
          { from = plain.flux, to = steep.flux }
          { from = steep.temperature, to = plain.temperature }
        ]
        scheme { stages = [[plain], [steep], [masses]], iterate { max = 100, acceleration = aitken, converge = [{ conduit = plain.temperature, relative = 1e-8 }] } }
        groups { masses { windows = 4, stages = [[left], [right]], iterate { max = 50, converge = [{ conduit = left.force, relative = 1e-10 }, { conduit = right.force, relative = 1e-10 }] } } }
        watches {
          pull { port = left.spring-force }
          middle { port = steep.temperature, at = [1 m, 0.5 m] }
          warmth { port = steep.temperature, take = mean }
        }
        snapshots { every = 30 }
        """;

    private string Write(string experiment)
    {
        var file = Path.Combine(_folder, "experiment.conf");
        File.WriteAllText(file, experiment);
        return file;
    }

    [Fact]
    public void A_run_that_was_killed_and_goes_on_has_observed_every_window_once()
    {
        var file = Write(Nested);
        var whole = Json("run", file, "--name", "whole");
        foreach (var (windows, arguments) in new (long, string[])[] { (1, ["run", file, "--name", "killed"]), (100, ["resume", "killed"]), (250, ["resume", "killed"]) })
        {
            using var host = HostProcess.Start(_folder, arguments);
            RecordStand.AwaitWindows(RunCatalog.Of(Path.Combine(_folder, "runs")), "killed", windows);
            host.Kill();
        }

        var killed = Json("resume", "killed");
        Assert.Equal(whole.GetProperty("finalHash").GetString(), killed.GetProperty("finalHash").GetString());
        foreach (string[] view in new string[][] { ["--watch"], ["--convergence", "--iterations"], ["--convergence"] })
        {
            Assert.Equal(Host(["runs", "show", "whole", "--csv", .. view]), Host(["runs", "show", "killed", "--csv", .. view]));
        }

        // Each window in one row of timing, in order.
        var next = 0L;
        foreach (var row in Json("profile", "killed", "--windows").EnumerateArray()
            .GroupBy(r => (Window: r.GetProperty("window").GetInt64(), Windows: r.GetProperty("windows").GetInt64())))
        {
            Assert.Equal(next, row.Key.Window);
            Assert.Equal(4, row.Count());
            next += row.Key.Windows;
        }

        Assert.Equal(400, next);
    }

    [Fact]
    public void Nested_groups_are_told_apart_in_the_iteration_table()
    {
        var run = Json("run", Write(Nested), "--name", "nested", "--until", "1 s");
        var last = Json("runs", "show", "nested", "--convergence").EnumerateArray().ToList();
        var metrics = run.GetProperty("metrics");
        long Sum(string group, string conduit) => last.Where(r => r.GetProperty("group").GetString() == group && r.GetProperty("conduit").GetString() == conduit).Sum(r => r.GetProperty("iterations").GetInt64());
        Assert.Equal(metrics.GetProperty("iterations.total").GetInt64(), Sum("root", "plain.temperature"));

        // The windows of the nested group are counted in the root's last iterations alone; the table has them all.
        var inner = last.Where(r => r.GetProperty("group").GetString() == "masses" && r.GetProperty("conduit").GetString() == "left.force").ToList();
        Assert.Equal(4 * metrics.GetProperty("iterations.total").GetInt64(), inner.Count);
        Assert.Equal(inner.Count, inner.Select(r => r.GetProperty("path").GetString()![..r.GetProperty("path").GetString()!.LastIndexOf('.')]).Distinct().Count());
        Assert.Equal(Sum("masses", "left.force"), Sum("masses", "right.force"));
    }

    [Fact]
    public void Watches_say_the_same_as_the_last_metrics_and_stay_where_nothing_else_is_observed()
    {
        var run = Json("run", Write(Nested), "--name", "bare", "--until", "2 s", "--no-observations");
        var shown = Json("runs", "show", "bare", "--watch", "middle", "warmth");
        Assert.Equal(["middle", "warmth"], shown.GetProperty("watches").EnumerateArray().Select(w => w.GetProperty("name").GetString()));
        var times = shown.GetProperty("times").EnumerateArray().Select(t => t.GetDouble()).ToList();
        Assert.Equal(20, times.Count);
        var middle = shown.GetProperty("watches")[0].GetProperty("values").EnumerateArray().Select(v => v[0].GetDouble()).ToList();
        Assert.Equal(run.GetProperty("metrics").GetProperty("watch.middle").GetDouble(), middle[^1]);
        for (var i = 0; i < times.Count; i++)
        {
            // 1 + x² + 3 y² + 1.2 t at x = 1, and y = 0.5 in the middle between the nodes at 5/11 and 6/11.
            Assert.Equal(2 + (3 * (25 + 36) / 2.0 / 121) + (1.2 * times[i]), middle[i], 6);
        }

        Assert.Equal("[]", Json("runs", "show", "bare", "--convergence").GetRawText());
        Assert.Equal(1, HostProcess.Run(_folder, "profile", "bare").Code);
        var (code, _, error) = HostProcess.Run(_folder, "runs", "show", "bare", "--watch", "midle");
        Assert.Equal(2, code);
        Assert.Contains("Did you mean 'middle'?", error, StringComparison.Ordinal);
    }

    [Fact]
    public void The_profile_adds_up_and_its_trace_has_a_track_for_everybody()
    {
        Json("run", HostProcess.Experiment("bar-wave.conf"), "--name", "wave");
        var profile = Json("profile", "wave", "--trace", "wave.json");
        var wall = profile.GetProperty("wallSeconds").GetDouble();
        var participants = profile.GetProperty("participants").EnumerateArray().ToList();
        Assert.Equal(520, profile.GetProperty("windows").GetInt64());
        foreach (var participant in participants)
        {
            double Of(string what) => participant.GetProperty(what).GetDouble();
            Assert.True(Of("computing") > 0 && Of("advances") >= 520, participant.ToString());
            Assert.Equal(wall, Of("computing") + Of("waiting") + Of("mapping") + Of("persisting"), wall * 0.02);
        }

        // All of them are light and work on one thread, one after the other.
        Assert.InRange(participants.Sum(p => p.GetProperty("computing").GetDouble()), 0, wall);

        using var trace = JsonDocument.Parse(File.ReadAllText(Path.Combine(_folder, "wave.json")));
        var events = trace.RootElement.GetProperty("traceEvents").EnumerateArray().ToList();
        var tracks = events.Where(e => e.GetProperty("name").GetString() == "thread_name").ToDictionary(e => e.GetProperty("tid").GetInt32(), e => e.GetProperty("args").GetProperty("name").GetString());
        Assert.Equal(["windows", .. participants.Select(p => p.GetProperty("name").GetString()), "mapping", "acceleration", "store"], tracks.OrderBy(t => t.Key).Select(t => t.Value));

        // What the slices of a participant's track come to is what the table says.
        foreach (var participant in participants)
        {
            var track = tracks.Single(t => t.Value == participant.GetProperty("name").GetString()).Key;
            double Slices(string kind) => 1e-6 * events.Where(e => e.GetProperty("tid").GetInt32() == track && e.GetProperty("name").GetString()!.StartsWith(kind, StringComparison.Ordinal))
                .Sum(e => e.GetProperty("dur").GetDouble());
            Assert.Equal(participant.GetProperty("computing").GetDouble(), Slices("computing"), 1e-6);
            Assert.InRange(Slices("persisting"), 1e-9, participant.GetProperty("persisting").GetDouble() + 1e-9);
        }

        // Slices of one track follow each other, in the span of the run.
        foreach (var track in events.Where(e => e.GetProperty("ph").GetString() == "X").GroupBy(e => e.GetProperty("tid").GetInt32()))
        {
            var end = 0.0;
            foreach (var slice in track.OrderBy(e => e.GetProperty("ts").GetDouble()))
            {
                Assert.True(slice.GetProperty("ts").GetDouble() >= end - 1e-3, $"{tracks[track.Key]}: {slice} begins before the slice before it ends, at {end}");
                end = slice.GetProperty("ts").GetDouble() + slice.GetProperty("dur").GetDouble();
            }
        }
    }
}
