using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using ActorMultiscale.Host.Interop;
using ActorMultiscale.Host.Interop.IPi;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles;
using Xunit.Abstractions;

namespace ActorMultiscale.Tests.Host.Interop;

/// <summary>Both roles against the programs that people use.</summary>
public sealed class IPiPeerTests(ITestOutputHelper log) : IDisposable
{
    private const double Epsilon = 1.65678e-21;
    private const double Sigma = 3.4e-10;
    private const double Cutoff = 7.65e-10;
    private const double ElectronVolt = 1.602176634e-19;

    // fix ipi multiplies by rounded constants: 0.52917721 Å per bohr, and 3.1668152e-06 / 8.617343e-5 hartree per eV (its Boltzmann constants).
    private const double LammpsBohr = 0.52917721e-10;
    private const double LammpsHartreePerElectronVolt = 3.1668152e-06 / 8.617343e-5;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("ipi-");
    private readonly string _name = "amt" + Guid.NewGuid().ToString("N")[..12];

    public void Dispose() => _folder.Delete(recursive: true);

    [PeerTheory("lmp")]
    [InlineData(true)]
    [InlineData(false)]
    public void Lammps_gives_our_energies_forces_and_virial(bool overUnix)
    {
        var address = overUnix ? "unix:" + _name : LocalPort.Free();
        var lattice = Crystal.Perfect(Lattice.Fcc, 5.3, Orientation.Cube, (3, 3, 3));
        var cell = Matrix3.Diagonal(15.9e-10, 15.9e-10, 15.9e-10);
        using var theirs = new IPiForceEngine(IPiAddress.Parse(address), "test", TimeSpan.FromSeconds(60), new ProgramStart("test", Peers.Lammps, Lammps(lattice, address), "/"));

        // The same numbers in the units that fix ipi works with.
        var length = LammpsBohr / IPiConnection.Bohr;
        var energy = LammpsHartreePerElectronVolt * IPiConnection.Hartree / ElectronVolt;
        var ours = new LennardJones(Epsilon, Sigma, Cutoff);
        var worst = 0.0;
        for (var configuration = 0; configuration < 5; configuration++)
        {
            var random = new Philox(11, (ulong)configuration);
            var atoms = lattice.Positions.ToArray().Select((x, i) =>
                1e-10 * (x + (0.4 * new Vec3(random.Uniform(0, 0, i) - 0.5, random.Uniform(0, 1, i) - 0.5, random.Uniform(0, 2, i) - 0.5)))).ToArray();
            var found = theirs.Evaluate(cell, atoms, ChunkedLoop.Serial, default);
            var scaled = Matrix3.FromColumns(length * cell.Column(0), length * cell.Column(1), length * cell.Column(2));
            var expected = ours.Evaluate(scaled, Array.ConvertAll(atoms, x => length * x), ChunkedLoop.Serial, default);

            var size = expected.Forces.Max(f => f.Norm);
            worst = Math.Max(worst, Math.Abs((found.Energy / (energy * expected.Energy)) - 1));
            worst = Math.Max(worst, Math.Abs((found.Virial.Trace / (energy * expected.Virial.Trace)) - 1));
            worst = Math.Max(worst, found.Forces.Zip(expected.Forces).Max(((Vec3 A, Vec3 B) p) => (p.A - (energy * length * p.B)).Norm) / size);
        }

        log.WriteLine($"largest relative difference {worst.ToString("E2", CultureInfo.InvariantCulture)}");
        Assert.True(worst < 1e-8, worst.ToString(CultureInfo.InvariantCulture));
    }

    [PeerFact("lmp")]
    public void A_run_with_forces_of_Lammps_follows_the_one_with_ours()
    {
        const double window = 4e-15;
        var lattice = Crystal.Perfect(Lattice.Fcc, 5.3, Orientation.Cube, (3, 3, 3));
        var here = Run(MolecularRegionModel.Entry, ("cutoff", Cutoff));
        var there = Run(IPiRegion.Entry, ("address", "unix:" + _name), ("program", Peers.Lammps), ("arguments", Lammps(lattice, "unix:" + _name)));

        Assert.False(File.Exists("/tmp/ipi_" + _name), "the socket is left behind");

        // fix ipi's constants differ from ours by 1e-6, and so do the energies; the trajectories part from each other no faster.
        Assert.Equal(1, there["region.potential-energy"] / here["region.potential-energy"], 1e-5);
        Assert.Equal(1, there["region.temperature"] / here["region.temperature"], 1e-5);
        Assert.NotEqual(40, here["region.temperature"], 1e-2);      // The atoms did move.

        IReadOnlyDictionary<string, double> Run(ModelEntry entry, params (string, object)[] settings) => new SerialRunner(global::ActorMultiscale.Physics.Coupling.Composition.Compose(new Experiment
        {
            Name = "region",
            Until = 50 * window,
            Window = window,
            Participants = [Participant.Of("region", entry, settings)],
            Conduits = [],
            Scheme = CouplingScheme.Serial("region"),
        })).Run().Metrics;
    }

    [PeerTheory("ase")]
    [InlineData(true)]
    [InlineData(false)]
    public void Ase_hears_its_own_energies_from_our_client(bool overUnix)
    {
        var address = overUnix ? "unix:" + _name : LocalPort.Free();
        var socket = overUnix ? $"unixsocket='{_name}'" : $"port={address.Split(':')[1]}";
        var script = Path.Combine(_folder.FullName, "server.py");
        File.WriteAllText(script, $$"""
            import sys
            import numpy as np
            from ase.build import bulk
            from ase.calculators.lj import LennardJones
            from ase.calculators.socketio import SocketIOCalculator
            from ase.units import Bohr, Hartree

            # ASE has the constants of CODATA 2014, we have those of 2018: this is what each unit of ours is in its own.
            length, joule = 0.529177210903 / Bohr, Hartree / 27.211386245988

            atoms = bulk('Ar', 'fcc', a=5.3, cubic=True).repeat((3, 3, 3))
            start = atoms.get_positions()
            random = np.random.RandomState(3)
            worst = 0.0
            with SocketIOCalculator({{socket}}) as ours:
                for _ in range(4):
                    atoms.set_positions(start + 0.3 * (random.rand(*start.shape) - 0.5))
                    atoms.calc = ours
                    energy, forces, stress = atoms.get_potential_energy(), atoms.get_forces(), atoms.get_stress()
                    twin = atoms.copy()
                    twin.set_cell(length * atoms.cell, scale_atoms=True)
                    twin.calc = LennardJones(epsilon={{(Epsilon / ElectronVolt).ToString("R", CultureInfo.InvariantCulture)}}, sigma=3.4, rc=7.65)
                    theirs = joule * length * twin.get_forces()
                    worst = max(worst, abs(energy / (joule * twin.get_potential_energy()) - 1), abs(forces - theirs).max() / abs(theirs).max(),
                                abs(stress - joule * length ** 3 * twin.get_stress()).max() / abs(stress).max())
            print(repr(float(worst)))
            """);
        using var server = Start(Peers.Python, script);
        var (code, output, error) = HostProcess.Run(_folder.FullName, "forces", "--i-pi", address, "--sigma", "3.4 Å", "--cutoff", "7.65 Å", "--time-limit", "60 s");
        var printed = server.StandardOutput.ReadToEnd();
        var complaint = server.StandardError.ReadToEnd();
        server.WaitForExit();

        Assert.True(code == 0 && server.ExitCode == 0, error + complaint);
        Assert.Contains("4 configurations", output, StringComparison.Ordinal);
        log.WriteLine($"largest relative difference {printed}");
        Assert.True(double.Parse(printed, CultureInfo.InvariantCulture) < 1e-8, printed);
    }

    private static Process Start(string program, string argument) =>
        Process.Start(new ProcessStartInfo(program, [argument]) { RedirectStandardOutput = true, RedirectStandardError = true })!;

    // The input of LAMMPS for argon; the arguments with which it runs.
    private ImmutableArray<string> Lammps(Crystal lattice, string address)
    {
        var data = new StringBuilder("argon\n\n");
        data.Append(CultureInfo.InvariantCulture, $"{lattice.Count} atoms\n1 atom types\n\n0 {lattice.Cell.XX} xlo xhi\n0 {lattice.Cell.YY} ylo yhi\n0 {lattice.Cell.ZZ} zlo zhi\n\nMasses\n\n1 39.948\n\nAtoms # atomic\n\n");
        for (var i = 0; i < lattice.Count; i++)
        {
            var x = lattice.Positions[i];
            data.Append(CultureInfo.InvariantCulture, $"{i + 1} 1 {x.X} {x.Y} {x.Z}\n");
        }

        var (dataFile, input) = (Path.Combine(_folder.FullName, "argon.data"), Path.Combine(_folder.FullName, "in.argon"));
        File.WriteAllText(dataFile, data.ToString());
        File.WriteAllText(input, string.Create(CultureInfo.InvariantCulture, $"""
            units metal
            atom_style atomic
            atom_modify map array
            read_data {dataFile}
            pair_style lj/cut {Cutoff / 1e-10:R}
            pair_coeff 1 1 {Epsilon / ElectronVolt:R} {Sigma / 1e-10:R}
            pair_modify shift yes
            neighbor 1.0 bin
            neigh_modify every 1 delay 0 check no
            fix driver all ipi {(address.StartsWith("unix:", StringComparison.Ordinal) ? $"{_name} 31415 unix" : $"localhost {address.Split(':')[1]}")}
            run 1000000
            """));
        return ["-in", input, "-log", "none", "-screen", "none"];
    }
}
