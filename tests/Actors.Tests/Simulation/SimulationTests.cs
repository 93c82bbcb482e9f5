using System.Collections.Concurrent;
using System.Globalization;

namespace ActorMultiscale.Tests.Actors.Simulation;

/// <summary>Whatever happens, a run ends as if nothing had happened: found out by simulation, seed by seed.</summary>
public sealed class SimulationTests
{
    private const int Shown = 100;

    private static int From(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var given) ? given : otherwise;

    // What a seed breaks, with the last that happened before; null for nothing.
    private static string? Complaint(int seed, Breakage breakage = Breakage.None, Action<Simulation>? done = null)
    {
        try
        {
            var simulation = Simulation.Run(seed, breakage);
            done?.Invoke(simulation);
            return null;
        }
        catch (Exception)
        {
            // Once more, and say what happens.
            var log = new List<string>();
            try
            {
                Simulation.Run(seed, breakage, log);
                return $"seed {seed} failed, and did not when it was replayed";
            }
            catch (Exception fault)
            {
                return $"""
                    seed {seed}: {(fault is BrokenPromiseException ? fault.Message : fault.ToString())}
                    {string.Join('\n', log.TakeLast(Shown))}
                    replay it with ACTORMULTISCALE_SIMULATION_SEED={seed}
                    """;
            }
        }
    }

    [Fact]
    public void Whatever_happens_a_run_ends_as_if_nothing_had_happened()
    {
        var single = From("ACTORMULTISCALE_SIMULATION_SEED", -1);
        if (single >= 0)
        {
            var found = Complaint(single);
            Assert.True(found is null, found);
            return;
        }

        var seeds = From("ACTORMULTISCALE_SIMULATION_SEEDS", 10_000);
        var complaints = new ConcurrentBag<string>();
        var gate = new Lock();
        var (troubles, processes, slowest) = (new int[Enum.GetValues<Trouble>().Length], 0L, 0.0);
        Parallel.For(0, seeds, (seed, loop) =>
        {
            var complaint = Complaint(seed, done: simulation =>
            {
                lock (gate)
                {
                    processes += simulation.Processes;
                    slowest = Math.Max(slowest, simulation.Slowness);
                    for (var trouble = 0; trouble < troubles.Length; trouble++)
                    {
                        troubles[trouble] += simulation.Troubles[trouble] > 0 ? 1 : 0;
                    }
                }
            });
            if (complaint is not null)
            {
                complaints.Add(complaint);
                if (complaints.Count >= 3)
                {
                    loop.Stop();
                }
            }
        });
        Assert.True(complaints.IsEmpty, string.Join("\n\n", complaints));

        // A simulator in which nothing happens finds nothing.
        Assert.All(Enum.GetValues<Trouble>(), trouble => Assert.True(seeds < 1_000 || troubles[(int)trouble] >= seeds / 20, $"{trouble}: in {troubles[(int)trouble]} of {seeds} seeds"));
        Assert.True(seeds < 1_000 || processes > 1.3 * seeds, $"{processes} processes in {seeds} seeds");
        Console.Error.WriteLine($"{seeds} seeds, {processes} processes; after its last trouble no run took more than {slowest:0.00} of the time that it has");
    }

    // Each of these promises is kept by some line of the product or its shells; without that line a few hundred seeds tell.
    public static TheoryData<string> Breakages => [.. Enum.GetNames<Breakage>().Where(name => name != nameof(Breakage.None))];

    [Theory]
    [MemberData(nameof(Breakages))]
    public void What_is_broken_on_purpose_is_found(string breakage)
    {
        const int Seeds = 500;
        var found = new ConcurrentBag<string>();
        Parallel.For(0, Seeds, (seed, loop) =>
        {
            if (Complaint(seed, Enum.Parse<Breakage>(breakage)) is { } complaint)
            {
                found.Add(complaint);
                loop.Stop();
            }
        });
        Assert.False(found.IsEmpty, $"{breakage} is not found in {Seeds} seeds.");
    }

    [Fact]
    public void A_seed_gives_the_same_run_whenever_it_is_simulated()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var (first, second) = (Simulation.Run(seed), Simulation.Run(seed));
            Assert.True((first.Time.Steps, first.Time.Now, first.Time.Trace) == (second.Time.Steps, second.Time.Now, second.Time.Trace), $"seed {seed}");
        }
    }
}
