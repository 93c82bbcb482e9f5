using System.Globalization;
using ActorMultiscale.Host.Formats;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles;
using ActorMultiscale.Physics.Particles.Building;
using ActorMultiscale.Physics.Particles.Interactions;
using ActorMultiscale.Tests.Host.Formats;

namespace ActorMultiscale.Tests.Host.Interop;

/// <summary>Energies, forces and virial of hot metals by the embedded-atom method: ours and those of LAMMPS, from the same files.</summary>
public sealed class EmbeddedAtomPeerTests : IDisposable
{
    // Of Debian's package lammps-data, which the package lammps brings along.
    private const string Potentials = "/usr/share/lammps/potentials";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("actor-multiscale-");

    public void Dispose() => _folder.Delete(recursive: true);

    // A crystal whose atoms have left their places by up to a tenth of the lattice constant each way; in a right-angled or a skewed box.
    private static AtomConfiguration Hot(Lattice lattice, double a, string[] elements, bool isSkewed)
    {
        var crystal = LatticeBuilder.Repeat(ConventionalCell.Of(lattice, a), (6, 5, 4), UnitSystem.Metal, [.. elements.Select((e, i) => new Species(e, 50 + i))]);
        var noise = new Philox(17, isSkewed ? 1ul : 0);
        var cell = crystal.Box.Cell;
        var box = isSkewed ? crystal.Box with { Cell = cell with { XY = 0.2 * cell.XX, XZ = -0.15 * cell.XX, YZ = 0.25 * cell.YY } } : crystal.Box;
        double Shake(int i, int axis) => 0.2 * a * (noise.Uniform(0, axis, i) - 0.5);
        return crystal with
        {
            Box = box,
            Kinds = [.. Enumerable.Range(0, crystal.Count).Select(i => (int)(elements.Length * noise.Uniform(0, 3, i)))],
            Positions = [.. crystal.Positions.Select((x, i) => box.Point(crystal.Box.Fraction(x)) + new Vec3(Shake(i, 0), Shake(i, 1), Shake(i, 2)))],
        };
    }

    [PeerTheory("lmp")]
    [InlineData("Cu_u3.eam", "eam", Lattice.Fcc, 3.615, "Cu", false)]
    [InlineData("Cu_u3.eam", "eam", Lattice.Fcc, 3.615, "Cu", true)]
    [InlineData("Cu_mishin1.eam.alloy", "eam/alloy", Lattice.Fcc, 3.615, "Cu", true)]
    [InlineData("CuNi.eam.alloy", "eam/alloy", Lattice.Fcc, 3.57, "Ni Cu", false)]
    [InlineData("CuNi.eam.alloy", "eam/alloy", Lattice.Fcc, 3.57, "Cu Ni Cu", true)]
    [InlineData("AlFe_mm.eam.fs", "eam/fs", Lattice.Bcc, 2.9, "Fe Al", false)]
    [InlineData("AlFe_mm.eam.fs", "eam/fs", Lattice.Bcc, 2.9, "Al Fe", true)]
    public void It_is_the_method_of_LAMMPS(string name, string style, Lattice lattice, double a, string kinds, bool isSkewed)
    {
        var path = Path.Combine(Potentials, name);
        var (file, elements) = (new InputFile(name, File.ReadAllText(path)), kinds.Split(' '));
        var atoms = Hot(lattice, a, elements, isSkewed);
        FormatStand.Save(_folder, "ours.data", FormatStand.Written(to => LammpsData.Write(to, new(atoms))));
        var log = FormatStand.Lammps(_folder, $"""
            units metal
            read_data ours.data
            pair_style {style}
            pair_coeff * * {path} {(style == "eam" ? "" : kinds)}
            compute w all pressure NULL virial
            thermo_style custom pe vol c_w[1] c_w[2] c_w[3] c_w[6] c_w[5] c_w[4]
            thermo_modify norm no format float %.17g
            dump a all custom 1 forces.dump id type x y z fx fy fz
            dump_modify a format float %.17g
            run 0
            """.ReplaceLineEndings("\n"));
        static double[] Numbers(string line) => [.. line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(w => double.Parse(w, CultureInfo.InvariantCulture))];
        var lines = log.Split('\n');
        var numbers = Numbers(lines[Array.FindIndex(lines, l => l.TrimStart().StartsWith("PotEng", StringComparison.Ordinal)) + 1]);
        var rows = File.ReadLines(Path.Combine(_folder.FullName, "forces.dump")).SkipWhile(l => !l.StartsWith("ITEM: ATOMS", StringComparison.Ordinal)).Skip(1)
            .Select(Numbers).ToDictionary(r => (long)r[0], r => new Vec3(r[5], r[6], r[7]));

        var interaction = style == "eam" ? EmbeddedAtomInteraction.Of(EamTable.Parse(file))
            : EmbeddedAtomInteraction.Of(EamAlloy.Parse(file, isFinnisSinclair: style == "eam/fs"), [.. elements]);
        var engine = new MolecularDynamics(atoms, [interaction], 1);
        var found = engine.Measure(ChunkedLoop.Serial);
        var forces = engine.Forces(ChunkedLoop.Serial);
        Assert.Equal(atoms.Count, rows.Count);
        Assert.Equal(numbers[0], found.Potential, 1e-10 * Math.Abs(numbers[0]));

        // LAMMPS prints W/V in bar.
        var scale = Enumerable.Range(2, 6).Max(e => Math.Abs(numbers[e]));
        for (var e = 0; e < 6; e++)
        {
            Assert.Equal(numbers[2 + e], UnitSystem.Metal.Pressure * found.Virial[e] / numbers[1], 1e-10 * scale);
        }

        var difference = Math.Sqrt(FixedOrderSum.Of([.. forces.Select((f, i) => (f - rows[atoms.IdOf(i)]).NormSquared)]));
        var all = Math.Sqrt(FixedOrderSum.Of([.. forces.Select(f => f.NormSquared)]));
        Assert.InRange(difference / all, 0, 1e-10);
    }
}
