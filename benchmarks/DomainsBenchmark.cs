using System.Diagnostics;
using System.Globalization;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles;
using ActorMultiscale.Physics.Particles.Building;
using ActorMultiscale.Physics.Particles.Domains;
using ActorMultiscale.Physics.Particles.Interactions;

namespace ActorMultiscale.Benchmarks;

/// <summary>
/// What it costs to split a region: the Lennard-Jones melt of 32,000 atoms (ρ 0.8442, T 1.44, cutoff 2.5, skin 0.3, step 0.005) in one piece, and by
/// teams of 1, 4 and 8 domains in this process, in turn. On one core the processor's time is measured, on several that of the wall; the least counts, since others
/// share the machine.
/// </summary>
internal static class DomainsBenchmark
{
    private const int Steps = 50;

    public static int Run(string[] args)
    {
        var (rounds, cores) = (args is ["--rounds", var r, ..] ? int.Parse(r, CultureInfo.InvariantCulture) : 20, args is [.., "--cores", var c] ? int.Parse(c, CultureInfo.InvariantCulture) : 1);
        var crystal = LatticeBuilder.Repeat(ConventionalCell.Of(Lattice.Fcc, Math.Cbrt(4 / 0.8442)), (20, 20, 20), UnitSystem.LennardJones, [new("A", 1)]);
        var atoms = crystal with { Velocities = ThermalVelocities.Draw(crystal, 1.44, 7) };
        (int X, int Y, int Z)[] splits = [(1, 1, 1), (2, 2, 1), (2, 2, 2)];
        var whole = new MolecularDynamics(atoms, [Interaction.Of(new LennardJonesLaw(1, 1, 2.5))], 0.3);
        using var threads = new ChunkedLoop(cores).Gather();
        whole.Advance(Steps, 0.005, threads.Loop);
        var teams = splits.Select(split =>
        {
            var region = DividedRegion.Of(atoms, () => [Interaction.Of(new LennardJonesLaw(1, 1, 2.5))], 0.3, split, 0.005);
            var team = new TeamModel(new(), [.. Enumerable.Range(0, split.X * split.Y * split.Z).Select(ITeamMember (m) => new Domain(region, m))]);
            team.Initialize(PortWriter.ForStart(team.Description, 0));
            Advance(team, cores);
            return team;
        }).ToArray();
        var least = new double[1 + splits.Length];
        Array.Fill(least, double.PositiveInfinity);
        for (var round = 0; round < rounds; round++)
        {
            Time(ref least[0], cores, () => whole.Advance(Steps, 0.005, threads.Loop));
            for (var s = 0; s < splits.Length; s++)
            {
                Time(ref least[s + 1], cores, () => Advance(teams[s], cores));
            }
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{cores} cores, load {CouplingBenchmark.LoadAverage():0.0}, least of {rounds} rounds of {Steps} steps"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"one piece            {1e3 * least[0] / Steps,7:0.000} ms a step"));
        for (var s = 0; s < splits.Length; s++)
        {
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"domains {splits[s],-12} {1e3 * least[s + 1] / Steps,7:0.000} ms a step, {100 * ((least[s + 1] / least[0]) - 1),5:0.0} % more than one piece, {100 * ((least[s + 1] / least[1]) - 1),5:0.0} % more than one domain"));
        }

        return 0;
    }

    private static void Advance(TeamModel team, int cores)
    {
        var window = new TimeWindow(0, 1 << 20, Steps * 0.005 / (1 << 20));
        team.Advance(new(window, null, new Philox(1, 1), new ChunkedLoop(cores), default), new(team.Description, window, []), PortWriter.ForWindow(team.Description, window, null));
    }

    private static void Time(ref double least, int cores, Action run)
    {
        var (clock, processor) = (Stopwatch.StartNew(), Environment.CpuUsage.TotalTime);
        run();
        var time = cores == 1 ? Environment.CpuUsage.TotalTime - processor : clock.Elapsed;
        least = Math.Min(least, time.TotalSeconds);
    }
}
