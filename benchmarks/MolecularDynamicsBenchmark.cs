using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles;
using ActorMultiscale.Physics.Particles.Building;
using ActorMultiscale.Physics.Particles.Interactions;

namespace ActorMultiscale.Benchmarks;

/// <summary>A row of the table. Rates are millions of atoms times steps a second, medians over the rounds.</summary>
/// <param name="Case">What is computed, and on how many cores.</param>
/// <param name="Ours">Our rate.</param>
/// <param name="Peer">The rate of the peer.</param>
/// <param name="PeerName">LAMMPS as Debian builds it, with <c>-sf opt</c> and one MPI rank a core.</param>
/// <param name="Ratio">How many times faster than the peer.</param>
/// <param name="Spread">(Greatest − least) / median of our rounds.</param>
/// <param name="Load">Load of the machine before the case.</param>
/// <param name="BytesPerAtom">Memory of our engine, bytes an atom.</param>
public sealed record MolecularDynamicsRow(string Case, double Ours, double Peer, string PeerName, double Ratio, double Spread, double Load, double BytesPerAtom);

/// <summary>The Lennard-Jones melt (ρ 0.8442, T 1.44, cutoff 2.5, skin 0.3, step 0.005, from an fcc lattice), ours and that of LAMMPS in turn; both in double precision.</summary>
internal static partial class MolecularDynamicsBenchmark
{
    private const int Rounds = 5;

    // Atoms a side (fcc cells), steps.
    private static readonly (int Cells, int Steps)[] _melts = [(10, 2000), (20, 250), (40, 30)];

    public static int Run(string[] args)
    {
        if (args is not ([] or ["--json", _]))
        {
            Console.Error.WriteLine("usage: benchmarks md [--json FILE]");
            return 2;
        }

        var rows = new List<MolecularDynamicsRow>();
        Ours(6, 2000, 1);       // The first would be measured in machine code that is still being made better.
        Console.WriteLine($"{"case",-34} {"ours",8} {"LAMMPS",8} {"ratio",6} {"spread",7} {"load",5} {"B/atom",7}");
        foreach (var (cells, steps) in _melts)
        {
            for (var cores = 1; cores <= Math.Min(2, Environment.ProcessorCount); cores++)
            {
                var load = CouplingBenchmark.LoadAverage();
                var (ours, peer, bytes) = (new List<double>(), new List<double>(), 0.0);
                for (var round = 0; round < Rounds; round++)
                {
                    var (rate, perAtom) = Ours(cells, steps, cores);
                    ours.Add(rate);
                    bytes = perAtom;
                    peer.Add(Lammps(cells, steps, cores));
                }

                var (our, their) = (CouplingBenchmark.Median(ours), CouplingBenchmark.Median(peer));
                var row = new MolecularDynamicsRow(string.Create(CultureInfo.InvariantCulture, $"lj melt, {4 * cells * cells * cells} atoms, {cores} cores"),
                    our, their, "LAMMPS, -sf opt", our / their, (ours.Max() - ours.Min()) / our, load, bytes);
                rows.Add(row);
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{row.Case,-34} {row.Ours,8:0.00} {row.Peer,8:0.00} {row.Ratio,6:0.00} {row.Spread,7:0.00} {row.Load,5:0.0} {row.BytesPerAtom,7:0}"));
            }
        }

        if (args is [_, var file])
        {
            File.WriteAllText(file, JsonSerializer.Serialize(rows, CouplingBenchmark.Json));
        }

        return 0;
    }

    private static (double Rate, double BytesPerAtom) Ours(int cells, int steps, int cores)
    {
        var crystal = LatticeBuilder.Repeat(ConventionalCell.Of(Lattice.Fcc, Math.Cbrt(4 / 0.8442)), (cells, cells, cells), UnitSystem.LennardJones, [new("A", 1)]);
        var atoms = crystal with { Velocities = ThermalVelocities.Draw(crystal, 1.44, 87287) };
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var engine = new MolecularDynamics(atoms, [Interaction.Of(new LennardJonesLaw(1, 1, 2.5))], 0.3);
        using var team = new ChunkedLoop(cores).Gather();
        var start = engine.Measure(team.Loop).Total;
        var clock = Stopwatch.GetTimestamp();
        engine.Advance(steps, 0.005, team.Loop);
        var seconds = Stopwatch.GetElapsedTime(clock).TotalSeconds;

        // A rate of something that went wrong is no rate.
        var drift = Math.Abs(engine.Measure(team.Loop).Total - start) / atoms.Count;
        if (!(drift < 0.02))
        {
            throw new InvalidOperationException(FormattableString.Invariant($"The energy has changed by {drift} an atom."));
        }

        var bytes = GC.GetTotalMemory(forceFullCollection: true) - before;
        GC.KeepAlive(engine);
        return (1e-6 * atoms.Count * steps / seconds, (double)bytes / atoms.Count);
    }

    // The time of the steps alone, as LAMMPS prints it.
    private static double Lammps(int cells, int steps, int cores)
    {
        var folder = Directory.CreateTempSubdirectory("actor-multiscale-lammps-");
        try
        {
            File.WriteAllText(Path.Combine(folder.FullName, "in.lj"), string.Create(CultureInfo.InvariantCulture, $"""
                units lj
                atom_style atomic
                lattice fcc 0.8442
                region box block 0 {cells} 0 {cells} 0 {cells}
                create_box 1 box
                create_atoms 1 box
                mass 1 1.0
                velocity all create 1.44 87287 loop geom
                pair_style lj/cut 2.5
                pair_coeff 1 1 1.0 1.0 2.5
                neighbor 0.3 bin
                neigh_modify delay 0 every 20 check no
                fix 1 all nve
                run {steps}

                """).ReplaceLineEndings("\n"));
            string[] command = cores == 1 ? ["lmp"] : ["mpirun", "--allow-run-as-root", "-np", cores.ToString(CultureInfo.InvariantCulture), "lmp"];
            var start = new ProcessStartInfo(command[0]) { WorkingDirectory = folder.FullName, RedirectStandardOutput = true };
            foreach (var argument in (string[])[.. command[1..], "-sf", "opt", "-in", "in.lj", "-log", "none"])
            {
                start.ArgumentList.Add(argument);
            }

            using var process = Process.Start(start) ?? throw new InvalidOperationException("LAMMPS does not start.");
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            var loop = LoopTime().Match(output);
            return loop.Success ? 4e-6 * cells * cells * cells * steps / double.Parse(loop.Groups[1].Value, CultureInfo.InvariantCulture)
                : throw new InvalidOperationException($"LAMMPS (Debian: apt-get install lammps) has not run: {output}");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [GeneratedRegex(@"Loop time of ([0-9.e+-]+) on")]
    private static partial Regex LoopTime();
}
