using System.Diagnostics;
using System.Globalization;
using System.Text;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles;
using ActorMultiscale.Physics.Particles.Measures;

namespace ActorMultiscale.Tests.Host.Interop;

/// <summary>Structure and defects as LAMMPS sees them.</summary>
public sealed class MeasuresPeerTests : IDisposable
{
    private const double Lattice = 3.615;
    private const double Cutoff = 3.086;    // 0.8536 a, as the manual of LAMMPS gives it for cna/atom in fcc.
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("measures-");

    public void Dispose() => _folder.Delete(recursive: true);

    // Copper so warm that parts of it are no crystal to the eye, with vacancies, in a sheared box; two species.
    [PeerTheory("lmp")]
    [InlineData(0.05)]
    [InlineData(0.16)]
    [InlineData(0.22)]
    public void Lammps_finds_the_same_neighbors_structures_and_distances(double shaking)
    {
        const int bins = 100;
        var random = new Philox(2, 1);
        var crystal = Crystal.Perfect(Physics.Particles.Lattice.Fcc, Lattice, Orientation.Cube, (7, 7, 7)).Positions.ToArray();
        var shear = new Matrix3(1, 0.1, -0.05, 0, 1, 0.08, 0, 0, 1);
        var straight = SimulationBox.Orthogonal(7 * Lattice, 7 * Lattice, 7 * Lattice);
        var box = straight.Deformed(shear);
        Vec3[] atoms = [.. crystal.Where((_, i) => i % 50 != 7).Select((x, i) => (shear * x) + (shaking * new Vec3(random.Normal(i, 0, 0).First, random.Normal(i, 0, 0).Second, random.Normal(i, 0, 1).First)))];
        int[] kinds = [.. atoms.Select((_, i) => i % 3 == 0 ? 1 : 0)];

        var theirs = Lammps(box, atoms, kinds, bins);

        var symmetry = CentroSymmetry.Of(box, atoms);
        var structures = CommonNeighbors.Conventional(box, atoms, Cutoff);
        var coordination = CommonNeighbors.Coordination(box, atoms, Cutoff);
        for (var i = 0; i < atoms.Length; i++)
        {
            // 1 fcc, 2 hcp, 3 bcc, 4 icosahedral, 5 nothing of these.
            var structure = structures[i] == LocalStructure.Other ? 5 : (int)structures[i];
            Assert.Equal(theirs.Atoms[i][0], symmetry[i], 1e-9);
            Assert.Equal(theirs.Atoms[i][1], structure, 0.0);
            Assert.Equal(theirs.Atoms[i][2], coordination[i], 0.0);
        }

        Assert.True(structures.Distinct().Count() > 1);

        var g = new RadialDistribution(8, bins, species: 2);
        g.Add(box, atoms, kinds);
        var (all, mixed, number) = (g.Total(), g.Of(0, 1), g.Coordination(1, 0));
        for (var b = 0; b < bins; b++)
        {
            Assert.Equal(theirs.Distances[b][0], g.Radii[b], 1e-5);     // Printed with six digits.
            Assert.Equal(theirs.Distances[b][1], all[b], 1e-5 * (1 + all[b]));
            Assert.Equal(theirs.Distances[b][3], mixed[b], 1e-5 * (1 + mixed[b]));
            Assert.Equal(theirs.Distances[b][6], number[b], 1e-5 * (1 + number[b]));
        }
    }

    private (double[][] Atoms, double[][] Distances) Lammps(SimulationBox box, Vec3[] atoms, int[] kinds, int bins)
    {
        string Path(string name) => System.IO.Path.Combine(_folder.FullName, name);
        static string Line(params double[] numbers) => string.Join(' ', numbers.Select(n => n.ToString("R", CultureInfo.InvariantCulture)));
        var (a, b, c) = (box.Cell.Column(0), box.Cell.Column(1), box.Cell.Column(2));
        var data = new StringBuilder("copper\n\n").Append(CultureInfo.InvariantCulture, $"{atoms.Length} atoms\n2 atom types\n\n")
            .Append(CultureInfo.InvariantCulture, $"0 {Line(a.X)} xlo xhi\n0 {Line(b.Y)} ylo yhi\n0 {Line(c.Z)} zlo zhi\n{Line(b.X, c.X, c.Y)} xy xz yz\n\nMasses\n\n1 63.5\n2 63.5\n\nAtoms # atomic\n\n");
        for (var i = 0; i < atoms.Length; i++)
        {
            var x = box.Wrap(atoms[i]);
            data.Append(CultureInfo.InvariantCulture, $"{i + 1} {kinds[i] + 1} {Line(x.X, x.Y, x.Z)}\n");
        }

        File.WriteAllText(Path("data"), data.ToString());
        File.WriteAllText(Path("script"), FormattableString.Invariant($"""
            units metal
            atom_modify sort 0 0
            read_data data
            pair_style zero 8.0 nocoeff
            pair_coeff * *
            neighbor 1.0 bin
            compute centro all centro/atom fcc
            compute cna all cna/atom {Cutoff}
            compute near all coord/atom cutoff {Cutoff}
            compute rdf all rdf {bins} * * 1 2 2 1 cutoff 8.0
            fix rdf all ave/time 1 1 1 c_rdf[*] file rdf mode vector
            dump all all custom 1 dump id c_centro c_cna c_near
            dump_modify all sort id format float %.17g
            run 0

            """));
        using var run = Process.Start(new ProcessStartInfo(Peers.Lammps, ["-in", "script", "-log", "none"]) { WorkingDirectory = _folder.FullName, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var said = run.StandardOutput.ReadToEnd();
        run.WaitForExit();
        Assert.True(run.ExitCode == 0, said);

        double[][] Rows(string name, int header) => [.. File.ReadLines(Path(name)).Skip(header).Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(n => double.Parse(n, CultureInfo.InvariantCulture)).ToArray())];
        return (Rows("dump", 9), Rows("rdf", 4));
    }
}
