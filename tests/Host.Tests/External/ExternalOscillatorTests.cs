using System.Collections.Immutable;
using System.Diagnostics;
using System.Reflection;
using System.Text.Json;
using ActorMultiscale.Host.Composition;
using ActorMultiscale.Host.Interop.External;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Testing;

namespace ActorMultiscale.Tests.Host.External;

/// <summary>The oscillator with one mass in another language is the oscillator.</summary>
public sealed class ExternalOscillatorTests : IDisposable
{
    private readonly ExternalStand _stand = new();

    public void Dispose() => _stand.Dispose();

    private static string External => HostProcess.Experiment("external-oscillator.conf");

    private string[] SettingsOf(string language, string side = "right") => language == "python"
        ? []
        : ["participants.right.settings.program=" + _stand.Compile(), $"participants.right.settings.arguments=[{side}, 4]"];

    // The arithmetic is the same, operation by operation, and so is the C library's cosine: nothing differs, not even a bit. A compiler
    // that contracts a·b + c into one operation would show up here.
    [NeedsTheory("python3", "gcc")]
    [InlineData("python", 3)]
    [InlineData("python", 1)]
    [InlineData("c", 3)]
    [InlineData("c", 1)]
    public void One_mass_in_another_language_moves_as_in_one_program(string language, int degree)
    {
        string[] degrees = [$"conduits.0.degree={degree}", $"conduits.1.degree={degree}"];
        var (own, expected) = ExternalStand.Serial(ExperimentLoader.Load(HostProcess.Experiment("oscillator.conf"), degrees));
        var (external, found) = ExternalStand.Serial(ExperimentLoader.Load(External, [.. degrees, .. SettingsOf(language)]));

        Assert.True(external.Outcome == RunOutcome.Completed, external.Reason);
        Assert.Equal(expected.Select(w => w.Iterations), found.Select(w => w.Iterations));
        foreach (var (name, value) in own.Metrics)
        {
            Assert.True(Math.Abs(value - external.Metrics[name]) <= 1e-12 * Math.Max(1, Math.Abs(value)), $"{name}: {value} and {external.Metrics[name]}");
        }

        Assert.Equal(expected.Select(w => string.Join(' ', w.Fingerprints)), found.Select(w => string.Join(' ', w.Fingerprints)));
    }

    // In a nested group a peer advances over windows of its own, and reads the waveform of the outer one.
    [NeedsFact("python3")]
    public void In_a_nested_group_it_moves_as_in_one_program()
    {
        string[] nested = ["scheme.stages=[[left],[inner]]", "groups={ inner { stages = [[right]], windows = 2 } }", "conduits.0.degree=1", "conduits.1.degree=1", "expect={}"];
        var (_, expected) = ExternalStand.Serial(ExperimentLoader.Load(HostProcess.Experiment("oscillator.conf"), nested));
        var (external, found) = ExternalStand.Serial(ExperimentLoader.Load(External, nested));

        Assert.True(external.Outcome == RunOutcome.Completed, external.Reason);
        Assert.Equal(expected.Select(w => (w.Iterations, string.Join(' ', w.Fingerprints))), found.Select(w => (w.Iterations, string.Join(' ', w.Fingerprints))));
    }

    [NeedsTheory("python3", "gcc")]
    [InlineData("python")]
    [InlineData("c")]
    public void Killed_and_resumed_it_has_the_hash_of_an_undisturbed_run_and_can_be_verified(string language)
    {
        string[] settings = [.. SettingsOf(language), "until=10", "snapshots={ every = 50, interval = 0.2 s }"];
        string[] Arguments(string name) => ["run", External, "--name", name, "--quiet", "--json", .. settings.SelectMany(s => new[] { "--set", s })];
        string HashOf(params string[] arguments)
        {
            var (code, output, error) = HostProcess.Run(_stand.Folder, arguments);
            Assert.True(code == 0, $"{code}: {output} {error}");
            return JsonDocument.Parse(output).RootElement.GetProperty("finalHash").GetString()!;
        }

        string[] check = ["expect={ \"the run\" { metric = windows, at-least = 1 } }"];
        settings = [.. settings, .. check];
        var clock = Stopwatch.StartNew();
        var undisturbed = HashOf(Arguments("undisturbed"));
        using (var run = HostProcess.Start(_stand.Folder, Arguments("killed")))
        {
            run.WaitAndKill(clock.Elapsed * 0.6);
        }

        _stand.RequireNoProcess();
        Assert.Equal(undisturbed, HashOf("resume", "killed", "--quiet", "--json"));
        Assert.Equal(0, HostProcess.Run(_stand.Folder, "verify", "killed", "--quiet").Code);
        _stand.RequireNoProcess();
    }

    [NeedsFact("python3")]
    public void The_peer_in_Python_keeps_the_contract_of_models() => KeepsContract("python3", [Path.Combine(ExternalStand.Root, "clients", "python", "oscillator_mass.py"), "left", "4"]);

    [NeedsFact("gcc")]
    public void The_peer_in_C_keeps_the_contract_of_models() => KeepsContract(_stand.Compile(), ["left", "4"]);

    [NeedsFact("python3")]
    public void The_solver_of_the_document_keeps_the_contract_of_models()
    {
        var text = File.ReadAllText(Path.Combine(ExternalStand.Root, "docs", "external-participants.md"));
        var start = text.IndexOf("```python\n", StringComparison.Ordinal) + 10;
        var file = Path.Combine(_stand.Folder, "cooling_body.py");
        File.WriteAllText(file, text[start..text.IndexOf("```", start, StringComparison.Ordinal)]);
        File.Copy(Path.Combine(ExternalStand.Root, "clients", "python", "actormultiscale.py"), Path.Combine(_stand.Folder, "actormultiscale.py"));
        KeepsContract("python3", [file], "in heat P W, extensive, average", "out temperature T K");
    }

    [NeedsFact("python3")]
    public async Task A_peer_that_the_user_starts_is_waited_for_and_a_stranger_is_not_let_in()
    {
        const string token = "a word for this test";
        using var free = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        free.Start();
        var address = free.LocalEndpoint.ToString()!;
        free.Stop();
        Environment.SetEnvironmentVariable("ACTORMULTISCALE_TOKEN", token);
        var listening = File.ReadAllText(External).Replace("program = python3", $"listen = \"{address}\"", StringComparison.Ordinal);
        var running = ExternalStand.Run(_stand.Load(listening.Replace("|u−u_exact|", "e", StringComparison.Ordinal)));
        using var stranger = Start(address, "another word");
        Assert.True(stranger.WaitForExit(TimeSpan.FromSeconds(20)));
        using var peer = Start(address, token);
        var report = await running;

        Assert.True(report.Status == Actors.RunStatus.Failed, report.Result.Reason);
        Assert.Contains("'out max-error |u−u_exact| m', where the experiment has 'out max-error e m'", report.Result.Reason, StringComparison.Ordinal);
        Assert.True(peer.WaitForExit(TimeSpan.FromSeconds(20)));

        running = ExternalStand.Run(_stand.Load(listening));
        using var again = Start(address, token);
        report = await running;
        var own = ExternalStand.Serial(ExperimentLoader.Load(HostProcess.Experiment("oscillator.conf"), [])).Result;

        Assert.True(report.Status == Actors.RunStatus.Completed, report.Result.Reason);
        Assert.Equal(own.Metrics, report.Result.Metrics);
        Assert.True(again.WaitForExit(TimeSpan.FromSeconds(20)));
    }

    private static Process Start(string address, string token)
    {
        // It may come before anybody listens, as peers do that are started by hand.
        var start = new ProcessStartInfo("python3", ["-c", """
            import os, runpy, sys, time, socket
            host, port = os.environ["ACTORMULTISCALE_ADDRESS"].rsplit(":", 1)
            from pathlib import Path
            for k in range(200):
                if any(line.split()[1].endswith(f":{int(port):04X}") and line.split()[3] == "0A" for line in Path("/proc/net/tcp").read_text().splitlines()[1:]):
                    break
                time.sleep(0.05)
            sys.argv = [sys.argv[1], "right", "4"]
            sys.path.insert(0, os.path.dirname(sys.argv[0]))
            runpy.run_path(sys.argv[0], run_name="__main__")
            """, Path.Combine(ExternalStand.Root, "clients", "python", "oscillator_mass.py")]);
        start.Environment["ACTORMULTISCALE_ADDRESS"] = address;
        start.Environment["ACTORMULTISCALE_TOKEN"] = token;
        start.RedirectStandardError = true;
        var process = Process.Start(start)!;
        process.ErrorDataReceived += static (_, _) => { };
        process.BeginErrorReadLine();
        return process;
    }

    [NeedsFact("python3")]
    public void A_check_starts_nothing()
    {
        var loaded = _stand.Bad("touch");
        Assert.Empty(loaded.Warnings);
        var (code, output, error) = HostProcess.Run(_stand.Folder, "check", "experiment.conf");

        Assert.True(code == 0, error);
        Assert.Contains("2 participants: bad, good", output, StringComparison.Ordinal);
        Assert.False(File.Exists(_stand.Mark));
        Assert.Equal(Physics.Coupling.RunOutcome.Completed, ExternalStand.Serial(loaded).Result.Outcome);
        Assert.True(File.Exists(_stand.Mark));
        _stand.RequireNoProcess();
    }

    // Every fact of the contract, each with a fresh stand, as a test class of the model's author would have them.
    private static void KeepsContract(string program, string[] arguments, params string[] ports)
    {
        var facts = typeof(ScaleModelContract<ExternalModel>).GetMethods().Where(m => m.GetCustomAttribute<FactAttribute>() is not null).ToList();
        Assert.True(facts.Count >= 10);
        foreach (var fact in facts)
        {
            using var contract = new PeerContract(program, arguments, ports.Length > 0 ? ports : ["in force F N", "out spring-force F N", "out displacement u m", "out max-error |u−u_exact| m"]);
            try
            {
                fact.Invoke(contract, null);
            }
            catch (TargetInvocationException fault)
            {
                Assert.Fail($"{fact.Name}: {fault.InnerException!.Message}");
            }
        }
    }

    private sealed class PeerContract(string program, string[] arguments, string[] ports) : ScaleModelContract<ExternalModel>, IDisposable
    {
        private readonly List<ExternalModel> _made = [];

        protected override double WindowLength => 0.02;

        protected override SplitWindow Split => SplitWindow.OfOrder(2);

        public void Dispose() => _made.ForEach(model => model.Dispose());

        protected override ExternalModel Create()
        {
            var model = (ExternalModel)Participant.Of("peer", ExternalModel.Entry, ("program", program), ("arguments", arguments.ToImmutableArray()),
                ("ports", ports.ToImmutableArray())).CreateModel();
            _made.Add(model);
            return model;
        }
    }
}
