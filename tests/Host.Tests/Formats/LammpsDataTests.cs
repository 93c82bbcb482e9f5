using System.Collections.Immutable;
using System.Globalization;
using ActorMultiscale.Host.Formats;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles;
using ActorMultiscale.Physics.Particles.Building;
using ActorMultiscale.Tests.Host.Interop;
using CsCheck;

namespace ActorMultiscale.Tests.Host.Formats;

public sealed class LammpsDataTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("data-");

    private const string Water = """
        water, one molecule

        3 atoms
        2 bonds
        1 angles
        2 atom types
        1 bond types
        1 angle types

        0 10 xlo xhi
        -1 9 ylo yhi
        0 5 zlo zhi

        Masses

        1 15.999  # O
        2 1.008 # H

        Bond Coeffs # harmonic

        1 450 0.9572

        Atoms # full

        1 1 1 -0.82 9.5 0 0
        3 1 2 0.41 0.5 0.25 0 1 0 -1
        2 1 2 0.41 0.25 0.5 0 0 0 0

        Velocities

        2 1 2 3
        1 4 5 6
        3 7 8 9

        Bonds

        1 1 1 2
        2 1 1 3

        Angles

        1 1 2 1 3
        """;

    public void Dispose() => _folder.Delete(recursive: true);

    private static LammpsDataFile Read(string text, UnitSystem? units = null, LammpsAtomStyle? style = null, (BoxSide, BoxSide, BoxSide)? sides = null) =>
        LammpsData.Read(new InputFile("x.data", text), units ?? UnitSystem.Real, style, sides);

    private static string Write(LammpsDataFile file) => FormatStand.Written(to => LammpsData.Write(to, file));

    private static (BoxSide, BoxSide, BoxSide) Sides(AtomConfiguration atoms) => (atoms.Box.SideA, atoms.Box.SideB, atoms.Box.SideC);

    [Fact]
    public void What_is_written_is_read_back_to_the_bit() => FormatStand.Atoms.Sample(atoms =>
    {
        var file = new LammpsDataFile(atoms) { Coefficients = [new("Pair Coeffs", "lj/cut", ["1 1 2.5 # x"])], Types = (5, 0, 0, 0) };
        var text = Write(file);
        var back = Read(text, atoms.Units, sides: Sides(atoms));
        FormatStand.Same(atoms, back.Atoms);
        Assert.Equal("1 1 2.5 # x", Assert.Single(back.Coefficients[0].Lines));
        Assert.Equal(5, back.Types.Bonds);
        Assert.Equal(text, Write(back));
    }, iter: 3000);

    [Fact]
    public void Every_style_holds_what_it_has_room_for() => Gen.Select(FormatStand.Atoms, Gen.Int[0, 5]).Sample((atoms, s) =>
    {
        var style = (LammpsAtomStyle)s;
        var file = new LammpsDataFile(atoms) { Style = style };
        bool molecular = s >= 2, charged = s is 1 or 5;
        var fits = (molecular || atoms.Molecules.Length + atoms.Bonds.Length + atoms.Angles.Length == 0) && (charged || atoms.Charges.Length == 0)
            && (s >= 3 || atoms.Angles.Length == 0) && (s >= 4 || atoms.Dihedrals.Length + atoms.Impropers.Length == 0);
        if (!fits)
        {
            Assert.Contains("would be lost", Assert.Throws<AtomFileException>(() => Write(file)).Message, StringComparison.Ordinal);
            return;
        }

        var back = Read(Write(file), atoms.Units, sides: Sides(atoms));
        Assert.Equal(style, back.Style);
        FormatStand.Same(charged && atoms.Charges.Length == 0 ? atoms with { Charges = new double[atoms.Count] } : atoms, back.Atoms);
    }, iter: 2000);

    [Fact]
    public void A_file_is_read_as_LAMMPS_reads_it()
    {
        var file = Read(Water);
        var atoms = file.Atoms;

        Assert.Equal([new("O", 15.999), new("H", 1.008)], atoms.Species.AsEnumerable());
        Assert.Equal([1L, 3, 2], atoms.Ids);
        Assert.Equal([new(9.5, 0, 0), new(10.5, 0.25, -5), new(0.25, 0.5, 0)], atoms.Positions);
        Assert.Equal([new(4, 5, 6), new(7, 8, 9), new(1, 2, 3)], atoms.Velocities);
        Assert.Equal([-0.82, 0.41, 0.41], atoms.Charges);
        Assert.Equal(new SimulationBox(new(0, -1, 0), Matrix3.Diagonal(10, 10, 5)), atoms.Box);
        Assert.Equal([0, 2, 0, 1], atoms.Bonds.SelectMany(b => b.Atoms));
        Assert.Equal([2, 0, 1], atoms.Angles.Single().Atoms.AsEnumerable());
        Assert.Equal("water, one molecule", file.Comment);
        Assert.Equal(("Bond Coeffs", "harmonic", "1 450 0.9572"), (file.Coefficients[0].Section, file.Coefficients[0].Style, file.Coefficients[0].Lines.Single()));
    }

    [Theory]
    [InlineData("1 1 1 -0.82 9.5 0 0", "1 1 1 -0.82 9.5 zero 0", ":25: ", "y is a finite number; found 'zero'")]
    [InlineData("1 1 1 -0.82 9.5 0 0", "1 1 1 -0.82 9.5 0", ":25: ", "z is missing")]
    [InlineData("1 1 1 -0.82 9.5 0 0", "1 1 3 -0.82 9.5 0 0", ":25: ", "the type is a whole number from 1 to 2; found '3'")]
    [InlineData("1 1 1 -0.82 9.5 0 0", "1 1 1 -0.82 9.5 0 0 1", ":25: ", "image flag of y is missing")]
    [InlineData("1 1 1 -0.82 9.5 0 0", "2 1 1 -0.82 9.5 0 0", ":27: ", "two atoms of the id 2")]
    [InlineData("3 atoms", "4 atoms", ":29: ", "'Atoms' ends after 3 of 4 lines, with 'Velocities'")]
    [InlineData("3 atoms", "2 atoms", ":27: ", "one more: '2 1 2 0.41 0.25")]
    [InlineData("3 atoms", "2000000000 atoms", ":23: ", "2000000000 atoms are announced")]
    [InlineData("3 atoms", "3 atom", ":3: ", "Known are atoms,")]
    [InlineData("2 1 1 3", "2 1 1 4", ":38: ", "no atom has the id 4")]
    [InlineData("2 1 1 3", "2 2 1 3", ":38: ", "the type of the bond is a whole number from 1 to 1; found '2'")]
    [InlineData("3 7 8 9", "1 7 8 9", ":33: ", "already has a velocity")]
    [InlineData("0 5 zlo zhi", "", ":14: ", "without the line 'zlo zhi'")]
    [InlineData("0 5 zlo zhi", "5 0 zlo zhi", ":12: ", "the upper bound 0 of the box is not above the lower one, 5")]
    [InlineData("# full", "# sphere", ":23: ", "known are atomic, charge, bond, angle, molecular, full")]
    [InlineData("1.008 # H", "-1 # H", ":17: ", "a mass is above zero; found -1")]
    [InlineData("water, one molecule", "x units = metal", ":1: ", "units are 'metal'")]
    [InlineData("Angles\n", "Ellipsoids\n", ":40: ", "'Ellipsoids' is no section that can be read")]
    [InlineData("Angles\n\n1 1 2 1 3", "", ":39: ", "announces angles, but the file ends")]
    public void What_is_wrong_is_told_with_its_line(string good, string bad, string line, string reason)
    {
        var text = Water.ReplaceLineEndings("\n");
        Assert.Contains(good, text, StringComparison.Ordinal);
        var message = Assert.Throws<AtomFileException>(() => Read(text.Replace(good, bad, StringComparison.Ordinal))).Message;
        Assert.Contains(reason, message, StringComparison.Ordinal);
        Assert.Contains("x.data" + line, message, StringComparison.Ordinal);
    }

    [Fact]
    public void All_bad_lines_are_told_at_once()
    {
        var message = Assert.Throws<AtomFileException>(() => Read(Water.Replace("0.41", "q", StringComparison.Ordinal).Replace("1.008", "m", StringComparison.Ordinal))).Message;
        Assert.Equal(4, message.Split('\n').Length);        // The mass that is no number is not above zero either.
    }

    [Fact]
    public void The_style_is_known_from_the_columns_where_only_one_has_as_many()
    {
        Assert.Equal(LammpsAtomStyle.Full, Read(Water.Replace("# full", "", StringComparison.Ordinal)).Style);
        var six = """

            1 atoms
            1 atom types
            0 1 xlo xhi
            0 1 ylo yhi
            0 1 zlo zhi
            Masses

            1 1
            Atoms

            1 1 1 0 0 0
            """;
        Assert.Contains("6 columns may be of several", Assert.Throws<AtomFileException>(() => Read(six)).Message, StringComparison.Ordinal);
        Assert.Equal([1], Read(six, style: LammpsAtomStyle.Angle).Atoms.Molecules);
        Assert.Equal([1.0], Read(six.Replace("1 1 1 0", "1 1 1.0 0", StringComparison.Ordinal), style: LammpsAtomStyle.Charge).Atoms.Charges);
    }

    [Fact]
    public void Damaged_files_are_refused_or_read() => FormatStand.WithstandsDamage(
        FormatStand.Atoms.Select(atoms => Write(new LammpsDataFile(atoms) { Coefficients = [new("Pair Coeffs", "", ["1 1"])] })),
        file => LammpsData.Read(file, UnitSystem.Metal));

    [Fact]
    public void What_no_file_could_hold_is_not_written()
    {
        var atoms = Read(Water).Atoms;
        void Refused(AtomConfiguration bad, string reason) =>
            Assert.Contains(reason, Assert.Throws<AtomFileException>(() => Write(new LammpsDataFile(bad))).Message, StringComparison.Ordinal);
        Refused(atoms with { Kinds = [0, 1] }, "2 kinds of 3 atoms");
        Refused(atoms with { Kinds = [0, 1, 2] }, "kind of the atom 2");
        Refused(atoms with { Positions = [Vec3.Zero, new(double.NaN, 0, 0), Vec3.Zero] }, "position of the atom 1");
        Refused(atoms with { Ids = [1, 1, 2] }, "differ");
        Refused(atoms with { Bonds = [new(0, [0, 3])] }, "indices 0 to 2");
        Refused(atoms with { Bonds = [new(0, [0, 1, 2])] }, "there have to be 2");
        Refused(atoms with { Species = [new("O\n", 16), new("H", 1)] }, "on one line");
        Assert.Contains("must be one of", Assert.Throws<AtomFileException>(() => Write(new LammpsDataFile(atoms) { Coefficients = [new("Atoms", "", ["1"])] })).Message, StringComparison.Ordinal);
    }

    // Atoms inside of a box with right angles: LAMMPS does not touch the bits of such positions.
    private static AtomConfiguration Crystal(bool triclinic, bool molecular)
    {
        var random = new Philox(5, 1);
        var crystal = LatticeBuilder.Repeat(ConventionalCell.Of(Lattice.Fcc, 3.615), (3, 3, 4), UnitSystem.Metal, [new("Cu", 63.546), new("X", 1.0078250319)]);
        var box = triclinic ? crystal.Box with { Cell = new(10.845, 1.25, -0.75, 0, 10.845, 0.5, 0, 0, 14.46) } : crystal.Box;
        var n = crystal.Count;
        return crystal with
        {
            Box = box,
            Kinds = [.. Enumerable.Range(0, n).Select(i => i % 2)],
            Positions = [.. Enumerable.Range(0, n).Select(i => box.Point(new(random.Uniform(0, 0, i), random.Uniform(0, 1, i), random.Uniform(0, 2, i))))],
            Velocities = ThermalVelocities.Draw(crystal, 300, 1),
            Charges = molecular ? [.. Enumerable.Range(0, n).Select(i => random.Uniform(1, 0, i) - 0.5)] : [],
            Molecules = molecular ? [.. Enumerable.Range(0, n).Select(i => 1 + (i / 4))] : [],
            Bonds = molecular ? [.. Enumerable.Range(0, n / 4).Select(i => new Connection(i % 2, [4 * i, (4 * i) + 1]))] : [],
            Angles = molecular ? [new(0, [0, 1, 2])] : [],
            Dihedrals = molecular ? [new(0, [0, 1, 2, 3])] : [],
            Impropers = molecular ? [new(0, [4, 5, 6, 7])] : [],
        };
    }

    [PeerTheory("lmp")]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    [InlineData(true, false)]
    public void LAMMPS_reads_what_we_write_and_we_read_what_it_writes(bool triclinic, bool molecular)
    {
        var atoms = Crystal(triclinic, molecular);
        FormatStand.Save(_folder, "ours.data", Write(new LammpsDataFile(atoms)));
        FormatStand.Lammps(_folder, $"""
            units metal
            atom_style {(molecular ? "full" : "atomic")}
            read_data ours.data
            write_data theirs.data nocoeff

            pair_style zero 5.0 nocoeff
            pair_coeff * *
            {(molecular ? "bond_style zero nocoeff\nbond_coeff *\nangle_style zero nocoeff\nangle_coeff *\ndihedral_style zero nocoeff\ndihedral_coeff *\nimproper_style zero nocoeff\nimproper_coeff *" : "")}
            dump d all custom 1 theirs.dump id type x y z ix iy iz vx vy vz {(molecular ? "q mol" : "")}
            dump_modify d format float %.17g
            run 0
            """.ReplaceLineEndings("\n"));
        var data = AtomOrder.ById(LammpsData.Read(FormatStand.File(_folder, "theirs.data"), UnitSystem.Metal).Atoms);

        Assert.Equal(atoms.Count, data.Count);
        Assert.Equal(atoms.Kinds, data.Kinds);
        Assert.Equal(atoms.Box, data.Box);
        Assert.Equal(atoms.Velocities, data.Velocities);
        Assert.Equal(atoms.Charges, data.Charges);
        Assert.Equal(atoms.Molecules, data.Molecules);
        Assert.All(atoms.Species.Zip(data.Species), pair => Assert.Equal(pair.Item1.Mass, pair.Item2.Mass, 1e-14 * pair.Item1.Mass));
        Near(atoms, data, triclinic);
        static HashSet<(int, string)> Set(ImmutableArray<Connection> connections) => [.. connections.Select(c => (c.Kind, string.Join('-', c.Atoms.Order())))];
        Assert.Equal(Set(atoms.Bonds), Set(data.Bonds));
        Assert.Equal(Set(atoms.Angles), Set(data.Angles));
        Assert.Equal(Set(atoms.Dihedrals), Set(data.Dihedrals));
        Assert.Equal(Set(atoms.Impropers), Set(data.Impropers));
    }

    // Every style; and atoms that have left the box, whose image flags LAMMPS writes: x + v t tells where they are.
    [PeerTheory("lmp")]
    [InlineData(LammpsAtomStyle.Atomic, "")]
    [InlineData(LammpsAtomStyle.Charge, "")]
    [InlineData(LammpsAtomStyle.Bond, "bond")]
    [InlineData(LammpsAtomStyle.Angle, "bond angle")]
    [InlineData(LammpsAtomStyle.Molecular, "bond angle dihedral improper")]
    [InlineData(LammpsAtomStyle.Full, "bond angle dihedral improper")]
    public void Every_style_goes_through_LAMMPS_and_atoms_that_left_the_box_come_back(LammpsAtomStyle style, string connected)
    {
        var all = Crystal(triclinic: false, molecular: true);
        var atoms = all with
        {
            Charges = style is LammpsAtomStyle.Charge or LammpsAtomStyle.Full ? all.Charges : [],
            Molecules = style >= LammpsAtomStyle.Bond ? all.Molecules : [],
            Bonds = style >= LammpsAtomStyle.Bond ? all.Bonds : [],
            Angles = style >= LammpsAtomStyle.Angle ? all.Angles : [],
            Dihedrals = style >= LammpsAtomStyle.Molecular ? all.Dihedrals : [],
            Impropers = style >= LammpsAtomStyle.Molecular ? all.Impropers : [],
            Positions = [.. all.Positions.Select((x, i) => x + (all.Box.Cell * new Vec3((i % 3) - 1, (i % 5) - 2, 0)))],
        };
        var styles = connected.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        FormatStand.Save(_folder, "ours.data", Write(new LammpsDataFile(atoms) { Style = style }));
        FormatStand.Lammps(_folder, $"""
            units metal
            atom_style {style.ToString().ToLowerInvariant()}
            read_data ours.data
            pair_style zero 3.0 nocoeff
            pair_coeff * *
            {string.Join('\n', styles.Select(s => $"{s}_style zero nocoeff\n{s}_coeff *"))}
            fix 1 all nve
            timestep 0.5
            run 2
            write_data theirs.data nocoeff
            """.ReplaceLineEndings("\n"));
        var file = LammpsData.Read(FormatStand.File(_folder, "theirs.data"), UnitSystem.Metal);
        var back = AtomOrder.ById(file.Atoms);

        Assert.Equal(style, file.Style);
        Assert.Equal(atoms.Charges, back.Charges);
        Assert.Equal(atoms.Molecules, back.Molecules);
        Assert.Equal(atoms.Velocities, back.Velocities);
        Assert.Equal((atoms.Bonds.Length, atoms.Angles.Length, atoms.Dihedrals.Length, atoms.Impropers.Length), (back.Bonds.Length, back.Angles.Length, back.Dihedrals.Length, back.Impropers.Length));
        Assert.Contains(back.Positions, x => back.Box.Image(x) is { X: < -1 } or { Y: > 1 });
        Assert.All(Enumerable.Range(0, atoms.Count), i => Assert.True((back.Positions[i] - (atoms.Positions[i] + atoms.Velocities[i])).Norm < 1e-12, $"atom {i}"));
    }

    // LAMMPS brings atoms into a skewed box by way of coordinates in units of its edges, which costs a few bits.
    private static void Near(AtomConfiguration expected, AtomConfiguration found, bool triclinic)
    {
        if (triclinic)
        {
            Assert.All(expected.Positions.Zip(found.Positions), pair => Assert.True((pair.Item1 - pair.Item2).Norm < 1e-13, $"{pair}"));
        }
        else
        {
            Assert.Equal(expected.Positions, found.Positions);
        }
    }

    [Fact]
    public void A_million_atoms_are_read_and_their_text_is_that_of_one_atom_each()
    {
        var crystal = LatticeBuilder.Repeat(ConventionalCell.Of(Lattice.Fcc, 3.615), (63, 63, 63), UnitSystem.Metal, [new("Cu", 63.546)]);
        Assert.Equal(1_000_188, crystal.Count);
        FormatStand.Same(crystal, Read(Write(new LammpsDataFile(crystal)), UnitSystem.Metal).Atoms);
    }
}
