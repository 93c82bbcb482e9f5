using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using ActorMultiscale.Host.Formats;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
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

/// <summary>A case: the same atoms, the same law, the same step for both.</summary>
/// <param name="Name">What is computed.</param>
/// <param name="Atoms">Where the atoms are at the start, and how fast.</param>
/// <param name="Interactions">What acts on them, ours.</param>
/// <param name="Excluded">Which bonded neighbors are left out, ours.</param>
/// <param name="Skin">Beyond the cutoff, of both.</param>
/// <param name="Step">Length of a step.</param>
/// <param name="Steps">How many are timed.</param>
/// <param name="Lammps">What acts on them and how neighbors are looked for, in the words of LAMMPS; around <c>read_data</c>.</param>
internal sealed record MolecularDynamicsCase(string Name, AtomConfiguration Atoms, Func<ImmutableArray<Interaction>> Interactions, BondedNeighbors Excluded,
    double Skin, double Step, int Steps, (string Before, string After) Lammps);

/// <summary>
/// Molecular dynamics, ours and that of LAMMPS in turn, both in double precision: the Lennard-Jones melt (ρ 0.8442, T 1.44, cutoff 2.5,
/// skin 0.3, step 0.005, from an fcc lattice), copper by the embedded-atom method (1,600 K at the start, skin 1 Å, step 5 fs) and chains
/// of a hundred beads (K. Kremer, G. S. Grest, J. Chem. Phys. 92 (1990) 5057; skin 0.4, step 0.012), which are the first benchmarks of LAMMPS.
/// </summary>
internal static partial class MolecularDynamicsBenchmark
{
    private const int Rounds = 5;

    // Of Debian's package lammps-data, which the package lammps brings along.
    private const string Copper = "/usr/share/lammps/potentials/Cu_u3.eam";

    public static int Run(string[] args)
    {
        if (args is not ([] or ["--json", _]))
        {
            Console.Error.WriteLine("usage: benchmarks md [--json FILE]");
            return 2;
        }

        var rows = new List<MolecularDynamicsRow>();
        Ours(Melt(6, 2000), 1);       // The first would be measured in machine code that is still being made better.
        Console.WriteLine($"{"case",-34} {"ours",8} {"LAMMPS",8} {"ratio",6} {"spread",7} {"load",5} {"B/atom",7}");
        foreach (var which in (Func<MolecularDynamicsCase>[])[() => Melt(10, 2000), () => Melt(20, 250), () => Melt(40, 100), Metal, Chains])
        {
            var of = which();
            for (var cores = 1; cores <= Math.Min(2, Environment.ProcessorCount); cores++)
            {
                var load = CouplingBenchmark.LoadAverage();
                var (ours, peer, bytes) = (new List<double>(), new List<double>(), 0.0);
                for (var round = 0; round < Rounds; round++)
                {
                    var (rate, perAtom) = Ours(of, cores);
                    ours.Add(rate);
                    bytes = perAtom;
                    peer.Add(Lammps(of, cores));
                }

                var (our, their) = (CouplingBenchmark.Median(ours), CouplingBenchmark.Median(peer));
                var row = new MolecularDynamicsRow(string.Create(CultureInfo.InvariantCulture, $"{of.Name}, {of.Atoms.Count} atoms, {cores} cores"),
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

    private static MolecularDynamicsCase Melt(int cells, int steps)
    {
        var crystal = LatticeBuilder.Repeat(ConventionalCell.Of(Lattice.Fcc, Math.Cbrt(4 / 0.8442)), (cells, cells, cells), UnitSystem.LennardJones, [new("A", 1)]);
        return new("lj melt", crystal with { Velocities = ThermalVelocities.Draw(crystal, 1.44, 87287) }, () => [Interaction.Of(new LennardJonesLaw(1, 1, 2.5))],
            BondedNeighbors.None, 0.3, 0.005, steps, ("units lj\natom_style atomic", """
                pair_style lj/cut 2.5
                pair_coeff 1 1 1.0 1.0 2.5
                neigh_modify delay 0 every 20 check no
                """));
    }

    private static MolecularDynamicsCase Metal()
    {
        if (!File.Exists(Copper))
        {
            throw new InvalidOperationException($"{Copper} is not there (Debian: apt-get install lammps).");
        }

        var table = EamTable.Parse(new InputFile("Cu_u3.eam", File.ReadAllText(Copper)));
        var crystal = LatticeBuilder.Repeat(ConventionalCell.Of(Lattice.Fcc, 3.615), (20, 20, 20), UnitSystem.Metal, [new("Cu", 63.55)]);
        return new("EAM copper", crystal with { Velocities = ThermalVelocities.Draw(crystal, 1600, 376847) }, () => [EmbeddedAtomInteraction.Of(table)],
            BondedNeighbors.None, 1.0, 0.005, 100, ("units metal\natom_style atomic", $"""
                pair_style eam
                pair_coeff 1 1 {Copper}
                neigh_modify every 1 delay 5 check yes
                """));
    }

    // Rows of a hundred beads there and back through a simple cubic lattice, which melt for 20 units of time while they are held at temperature 1.
    private static MolecularDynamicsCase Chains()
    {
        const double A = 1.0579;        // 0.8442 beads a volume.
        var (nx, ny, nz) = (40, 40, 20);
        Vec3 Place(int i)
        {
            var (x, y, z) = (i % nx, i / nx % ny, i / nx / ny);
            return A * new Vec3(y % 2 == 0 ? x : nx - 1 - x, z % 2 == 0 ? y : ny - 1 - y, z);
        }

        var n = nx * ny * nz;
        var atoms = new AtomConfiguration
        {
            Units = UnitSystem.LennardJones,
            Box = new(Vec3.Zero, Matrix3.Diagonal(A * nx, A * ny, A * nz)),
            Species = [new("A", 1)],
            Kinds = new int[n],
            Positions = [.. Enumerable.Range(0, n).Select(Place)],
            Molecules = [.. Enumerable.Range(0, n).Select(i => (i / 100) + 1)],
            Bonds = [.. Enumerable.Range(0, n - 1).Where(i => (i + 1) % 100 != 0).Select(i => new Connection(0, [i, i + 1]))],
        };
        ImmutableArray<Interaction> Laws() => [Interaction.Of(new LennardJonesLaw(1, 1, 1.12)), Interaction.OfBonds(new FeneBond((30, 1.5, 1, 1)))];
        using var team = new ChunkedLoop(Environment.ProcessorCount).Gather();
        for (var melting = 0; melting < 20; melting++)
        {
            var velocities = ThermalVelocities.Draw(atoms, 1, (ulong)(27 + melting));
            var engine = new MolecularDynamics(atoms with { Velocities = velocities }, Laws(), 0.4, BondedNeighbors.OneBond);
            engine.Advance(200, 0.005, team.Loop);
            atoms = engine.Configuration();
        }

        return new("FENE chains", atoms with { Positions = [.. atoms.Positions.Select(atoms.Box.Wrap)] }, Laws, BondedNeighbors.OneBond, 0.4, 0.012, 300, ("units lj\natom_style bond\nspecial_bonds fene", """
            pair_style lj/cut 1.12
            pair_modify shift yes
            pair_coeff 1 1 1.0 1.0 1.12
            bond_style fene
            bond_coeff 1 30.0 1.5 1.0 1.0
            neigh_modify every 1 delay 1
            """));
    }

    private static (double Rate, double BytesPerAtom) Ours(MolecularDynamicsCase of, int cores)
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var engine = new MolecularDynamics(of.Atoms, of.Interactions(), of.Skin, of.Excluded);
        using var team = new ChunkedLoop(cores).Gather();
        var start = engine.Measure(team.Loop).Total;
        var clock = Stopwatch.GetTimestamp();
        engine.Advance(of.Steps, of.Step, team.Loop);
        var seconds = Stopwatch.GetElapsedTime(clock).TotalSeconds;

        // A rate of something that went wrong is no rate. The chains' step is the one of LAMMPS's benchmark, long enough to heat them by some per cent.
        var end = engine.Measure(team.Loop);
        if (!(Math.Abs(end.Total - start) < 0.1 * end.Kinetic))
        {
            throw new InvalidOperationException(FormattableString.Invariant($"The energy has gone from {start} to {end.Total}."));
        }

        var bytes = GC.GetTotalMemory(forceFullCollection: true) - before;
        GC.KeepAlive(engine);
        return (1e-6 * of.Atoms.Count * of.Steps / seconds, (double)bytes / of.Atoms.Count);
    }

    // The time of the steps alone, as LAMMPS prints it.
    private static double Lammps(MolecularDynamicsCase of, int cores)
    {
        var folder = Directory.CreateTempSubdirectory("actor-multiscale-lammps-");
        try
        {
            using (var data = new StreamWriter(Path.Combine(folder.FullName, "atoms.data")))
            {
                LammpsData.Write(data, new(of.Atoms));
            }

            File.WriteAllText(Path.Combine(folder.FullName, "in.case"), string.Create(CultureInfo.InvariantCulture, $"""
                {of.Lammps.Before}
                read_data atoms.data
                {of.Lammps.After}
                neighbor {of.Skin} bin
                fix 1 all nve
                timestep {of.Step}
                run {of.Steps}

                """).ReplaceLineEndings("\n"));
            string[] command = cores == 1 ? ["lmp"] : ["mpirun", "--allow-run-as-root", "-np", cores.ToString(CultureInfo.InvariantCulture), "lmp"];
            var start = new ProcessStartInfo(command[0]) { WorkingDirectory = folder.FullName, RedirectStandardOutput = true };
            foreach (var argument in (string[])[.. command[1..], "-sf", "opt", "-in", "in.case", "-log", "none"])
            {
                start.ArgumentList.Add(argument);
            }

            using var process = Process.Start(start) ?? throw new InvalidOperationException("LAMMPS does not start.");
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            var loop = LoopTime().Match(output);
            return loop.Success ? 1e-6 * of.Atoms.Count * of.Steps / double.Parse(loop.Groups[1].Value, CultureInfo.InvariantCulture)
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
