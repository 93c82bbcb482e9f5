using System.Globalization;
using ActorMultiscale.Host.Formats;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles;
using ActorMultiscale.Physics.Particles.Building;
using ActorMultiscale.Physics.Particles.Interactions;
using ActorMultiscale.Physics.Particles.Motions;
using ActorMultiscale.Tests.Host.Formats;

namespace ActorMultiscale.Tests.Host.Interop;

/// <summary>Where atoms and boxes come to rest, and how boxes are deformed: ours and LAMMPS.</summary>
public sealed class MotionPeerTests : IDisposable
{
    private const string Law = "pair_style lj/smooth/linear 2.5\npair_coeff * * 1.1 0.97";
    private const string Numbers = "thermo_style custom pe lx ly lz xy xz yz pxx pyy pzz\nthermo_modify norm no format float %.17g";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("actor-multiscale-");

    public void Dispose() => _folder.Delete(recursive: true);

    private static Interaction Ours() => Interaction.Of(new ForceShifted<LennardJonesLaw>(new(1.1, 0.97, 2.5)));

    // A crystal with some atoms missing, shaken a little, in a box with right angles or a skewed one.
    private static AtomConfiguration Damaged(bool isSkewed)
    {
        var crystal = LatticeBuilder.Repeat(ConventionalCell.Of(Lattice.Fcc, 1.53), (4, 4, 4), UnitSystem.LennardJones, [new("A", 1)]);
        var noise = new Philox(23, 1);
        var cell = crystal.Box.Cell;
        var box = isSkewed ? crystal.Box with { Cell = cell with { XY = 0.02 * cell.XX, XZ = -0.01 * cell.XX, YZ = 0.015 * cell.YY } } : crystal.Box;
        int[] left = [.. Enumerable.Range(0, crystal.Count).Where(i => i % 61 != 0)];
        double Shake(int i, int axis) => 0.05 * (noise.Uniform(0, axis, i) - 0.5);
        return crystal with
        {
            Box = box, Kinds = new int[left.Length],
            Positions = [.. left.Select(i => box.Point(crystal.Box.Fraction(crystal.Positions[i])) + new Vec3(Shake(i, 0), Shake(i, 1), Shake(i, 2)))],
        };
    }

    private double[] Lammps(AtomConfiguration atoms, string commands)
    {
        FormatStand.Save(_folder, "ours.data", FormatStand.Written(to => LammpsData.Write(to, new(atoms))));
        var log = FormatStand.Lammps(_folder, $"""
            units lj
            read_data ours.data
            {Law}
            {Numbers}
            {commands}
            run 0
            """.ReplaceLineEndings("\n"));
        var lines = log.Split('\n');
        return [.. lines[Array.FindLastIndex(lines, l => l.TrimStart().StartsWith("PotEng", StringComparison.Ordinal)) + 1]
            .Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(w => double.Parse(w, CultureInfo.InvariantCulture))];
    }

    [PeerTheory("lmp")]
    [InlineData(false)]
    [InlineData(true)]
    public void Atoms_come_to_rest_where_those_of_LAMMPS_do(bool isSkewed)
    {
        var atoms = Damaged(isSkewed);
        var theirs = Lammps(atoms, "min_style cg\nmin_modify line quadratic\nminimize 0 1e-9 10000 100000");
        foreach (var method in new Minimizer[] { new Fire(0.01), new PolakRibiere() })
        {
            var engine = new MolecularDynamics(atoms, [Ours()], 0.3);
            var found = engine.Minimize(method, 1e-9, ChunkedLoop.Serial, most: 5000);
            Assert.True(found.IsConverged, found.ToString());
            Assert.Equal(theirs[0], found.Energy, 1e-10 * Math.Abs(theirs[0]));
            Assert.Equal(theirs[7], found.Pressure.XX, 1e-6);
        }
    }

    // The box, too. LAMMPS measures strain from the box at the start, and wants to be started again.
    [PeerTheory("lmp")]
    [InlineData(BoxFreedom.Hydrostatic, false)]
    [InlineData(BoxFreedom.Axes, false)]
    [InlineData(BoxFreedom.Full, true)]
    public void Boxes_come_to_rest_where_those_of_LAMMPS_do(BoxFreedom freedom, bool isSkewed)
    {
        const double Pressure = 1.5;
        var atoms = Damaged(isSkewed);
        var word = freedom switch { BoxFreedom.Hydrostatic => "iso", BoxFreedom.Axes => "aniso", _ => "tri" };
        var theirs = Lammps(atoms, $"""
            fix relax all box/relax {word} {Pressure} vmax 0.001 nreset 1
            min_style cg
            min_modify line quadratic
            {string.Join('\n', Enumerable.Repeat("minimize 0 1e-9 2000 20000", 12))}
            unfix relax
            """);
        foreach (var method in new Minimizer[] { new Fire(0.01), new PolakRibiere() })
        {
            var engine = new MolecularDynamics(atoms, [Ours()], 0.3);
            var found = engine.Minimize(method, 1e-9, ChunkedLoop.Serial, new(freedom, Pressure, 1e-9), 5000);
            Assert.True(found.IsConverged, found.ToString());
            Assert.Equal(theirs[0], found.Energy, 1e-8 * Math.Abs(theirs[0]));
            var cell = engine.Box.Cell;
            var (box, ours) = (theirs[1..7], new[] { cell.XX, cell.YY, cell.ZZ, cell.XY, cell.XZ, cell.YZ });
            Assert.All(Enumerable.Range(0, 6), k => Assert.Equal(box[k], ours[k], 1e-8 * cell.XX));
        }
    }

    // A crystal at rest is pulled or sheared and stays one: box, energy and pressure at the end.
    [PeerTheory("lmp")]
    [InlineData("x erate 0.05 z erate -0.02", 0.05, -0.02, 0, StrainRate.Engineering)]
    [InlineData("x trate 0.05 z trate -0.02", 0.05, -0.02, 0, StrainRate.True)]
    [InlineData("xy erate 0.04", 0, 0, 0.04, StrainRate.Engineering)]
    [InlineData("z trate 0.03 xy erate 0.04", 0, 0.03, 0.04, StrainRate.True)]
    public void Boxes_are_deformed_as_by_LAMMPS(string command, double x, double z, double xy, StrainRate kind)
    {
        var atoms = LatticeBuilder.Repeat(ConventionalCell.Of(Lattice.Fcc, 1.53), (4, 4, 4), UnitSystem.LennardJones, [new("A", 1)]);
        var theirs = Lammps(atoms, $"""
            {(xy == 0 ? "" : "change_box all triclinic")}
            fix move all nve
            fix pull all deform 1 {command} remap x flip no
            timestep 0.002
            run 800
            unfix pull
            """);
        var engine = new MolecularDynamics(atoms, [Ours()], 0.3, motion: new VelocityVerlet { Deformation = new(new(x, 0, z), new(0, 0, xy), kind) });
        engine.Advance(800, 0.002, ChunkedLoop.Serial);
        var (now, cell) = (engine.Measure(ChunkedLoop.Serial), engine.Box.Cell);
        Assert.Equal(theirs[1], cell.XX, 1e-10 * cell.XX);
        Assert.Equal(theirs[3], cell.ZZ, 1e-10 * cell.ZZ);
        Assert.Equal(theirs[4], cell.XY, 1e-10 * cell.XX);
        Assert.Equal(theirs[0], now.Potential, 1e-9 * Math.Abs(theirs[0]));
        Assert.Equal(theirs[7], now.Pressure.XX, 1e-7);
        Assert.Equal(theirs[9], now.Pressure.ZZ, 1e-7);
    }
}
