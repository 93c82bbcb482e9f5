using System.Collections.Immutable;
using ActorMultiscale.Host.Formats;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles;
using ActorMultiscale.Physics.Particles.Building;
using ActorMultiscale.Tests.Host.Interop;
using CsCheck;

namespace ActorMultiscale.Tests.Host.Formats;

public sealed class LammpsDumpTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("dump-");

    private const string Two = """
        ITEM: TIMESTEP
        0
        ITEM: NUMBER OF ATOMS
        2
        ITEM: BOX BOUNDS pp ff ss
        0 10
        -1 9
        0 5
        ITEM: ATOMS id element xs ys zs ix iy iz vx fx type
        7 Cu 0.5 0.25 0.125 1 0 -1 3 0.5 2
        5 O 0 0 0.5 0 0 0 4 -2 1
        ITEM: TIMESTEP
        10
        ITEM: NUMBER OF ATOMS
        1
        ITEM: BOX BOUNDS xy xz yz pp pp pp
        -1 14 2
        0 10 -1
        0 5 0
        ITEM: ATOMS z y x type element
        3 2 1 2 Cu
        """;

    public void Dispose() => _folder.Delete(recursive: true);

    private static ImmutableArray<LammpsDumpFrame> Read(string text, UnitSystem? units = null, ImmutableArray<Species> species = default) => LammpsDump.Read(new InputFile("x.dump", text), units, species);

    private static string Write(IEnumerable<LammpsDumpFrame> frames, params ImmutableArray<string> columns) => FormatStand.Written(to => LammpsDump.Write(to, frames, columns.Length == 0 ? default : columns));

    // Dumps have one word for a name, and bounds for a skewed box, which cost bits; the test of boxes is another.
    private static readonly Gen<AtomConfiguration> _atoms = FormatStand.Atoms.Where(a => (a.Box.IsOrthogonal && a.Box.Origin == Vec3.Zero) || !AtomText.IsUpperTriangular(a.Box.Cell));

    [Fact]
    public void What_is_written_is_read_back_to_the_bit() => Gen.Select(_atoms.Array[1, 3], FormatStand.Number, Gen.Long).Sample((all, number, step) =>
    {
        LammpsDumpFrame[] frames = [.. all.Select(a => new LammpsDumpFrame(step, a with { Units = all[0].Units, Species = all[0].Species, Kinds = Array.ConvertAll(a.Kinds, k => k % all[0].Species.Length) })
        {
            Time = number,
            Other = ImmutableSortedDictionary<string, double[]>.Empty.Add("c_pe", [.. Enumerable.Repeat(number, a.Count)]),
        })];
        var text = Write(frames);
        var back = Read(text, species: all[0].Species);
        Assert.Equal(frames.Length, back.Length);
        Assert.All(frames.Zip(back), pair =>
        {
            FormatStand.Same(pair.Item1.Atoms, pair.Item2.Atoms, connections: false);
            Assert.Equal((pair.Item1.Step, pair.Item1.Time), (pair.Item2.Step, pair.Item2.Time));
            Assert.Equal(pair.Item1.Other["c_pe"], pair.Item2.Other["c_pe"]);
        });

        // Without species the file itself tells them, if atoms of all are there.
        if (all[0].Species.Length <= all[0].Count)
        {
            Assert.Equal(all[0].Species.AsEnumerable(), Read(text)[0].Atoms.Species.AsEnumerable());
        }
    }, iter: 1500);

    [Fact]
    public void Boxes_come_back_as_near_as_bounds_can_tell() => FormatStand.Atoms.Sample(atoms =>
    {
        var (box, back) = (atoms.Box, Read(Write([new(0, atoms)]))[0].Atoms.Box);
        Assert.Equal((box.Cell.XY, box.Cell.XZ, box.Cell.YZ), (back.Cell.XY, back.Cell.XZ, back.Cell.YZ));
        var bits = Math.BitIncrement(2 * (box.Origin.Norm + box.Cell.Column(0).Norm + box.Cell.Column(1).Norm + box.Cell.Column(2).Norm)) * Math.Pow(2, -52);
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(box.Cell[i, i], back.Cell[i, i], bits);
            Assert.Equal(box.Origin[i], back.Origin[i], bits);
        }
    });

    [Fact]
    public void Columns_may_be_any_in_any_order() => Gen.Select(_atoms, Gen.Int[0, 3], Gen.Int[0, 1000]).Sample((atoms, kind, seed) =>
    {
        string[] xyz = [.. new[] { "x", "y", "z" }.Select(axis => axis + new[] { "u", "", "su", "s" }[kind])];
        string[] images = kind is 1 or 3 ? ["ix", "iy", "iz"] : [];
        var random = new Philox((ulong)seed, 0);
        ImmutableArray<string> columns = [.. xyz.Concat(images).Concat(["id", "type", "mass", "element", "vz", "vx", "vy", "mol", "q"]).OrderBy(name => random.Uniform(0, 0, name.Sum(c => c)))];
        var back = Read(Write([new(3, atoms)], columns), species: atoms.Species)[0].Atoms;
        var reach = (atoms.Positions.Max(x => x.Norm) + atoms.Box.Origin.Norm + 100) * 1e-13;
        Assert.All(atoms.Positions.Zip(back.Positions), pair => Assert.True((pair.Item1 - pair.Item2).Norm <= reach, $"{pair}"));
        Assert.Equal(atoms.Velocities.Length == 0 ? new Vec3[atoms.Count] : atoms.Velocities, back.Velocities);
        Assert.Equal(atoms.Charges.Length == 0 ? new double[atoms.Count] : atoms.Charges, back.Charges);
        Assert.Equal(atoms.Kinds, back.Kinds);
        Assert.Equal(atoms.Molecules, back.Molecules);
    }, iter: 1000);

    [Fact]
    public void A_file_is_read_as_LAMMPS_writes_it()
    {
        var frames = Read(Two, UnitSystem.Metal);

        Assert.Equal([0L, 10], frames.Select(f => f.Step));
        Assert.Equal([new("O", 15.999), new("Cu", 63.546)], frames[0].Atoms.Species.AsEnumerable());
        Assert.Equal([1, 0], frames[0].Atoms.Kinds);
        Assert.Equal([7L, 5], frames[0].Atoms.Ids);
        Assert.Equal([new(15, 1.5, -4.375), new(0, -1, 2.5)], frames[0].Atoms.Positions);
        Assert.Equal(new SimulationBox(new(0, -1, 0), Matrix3.Diagonal(10, 10, 5), BoxSide.Periodic, BoxSide.Fixed, BoxSide.ShrinkWrapped), frames[0].Atoms.Box);
        Assert.Equal([0.5, -2], frames[0].Other["fx"]);
        Assert.Equal([3.0, 4], frames[0].Other["vx"]);      // A velocity has three components; one alone is a number like any other.
        Assert.Empty(frames[0].Atoms.Velocities);
        Assert.Equal(new Vec3(1, 2, 3), frames[1].Atoms.Positions.Single());

        // −1 to 14 are the corners' bounds: min and max of xy = 2, xz = −1 and their sum are −1 and 2.
        Assert.Equal(new SimulationBox(Vec3.Zero, new(12, 2, -1, 0, 10, 0, 0, 0, 5)), frames[1].Atoms.Box);
    }

    [Theory]
    [InlineData("5 O 0 0 0.5", "5 O 0 zero 0.5", ":11: ", "ys is a finite number; found 'zero'")]
    [InlineData("-2 1\n", "-2 1 4\n", ":11: ", "there are 11 columns, and the line should end before '4'")]
    [InlineData("5 O 0 0 0.5", "7 O 0 0 0.5", ":11: ", "two have the same id")]
    [InlineData("5 O 0 0 0.5", "5 Oo 0 0 0.5", ":11: ", "nothing tells the mass of the atoms called 'Oo'")]
    [InlineData("3 2 1 2 Cu", "3 2 1 2 Zn", ":21: ", "differ: 'Cu' and 'Zn'")]
    [InlineData("3 2 1 2 Cu", "3 2 1 4 Zn", ":21: ", "no atom of it has the type 3")]
    [InlineData("3 2 1 2 Cu", "", ":20: ", "1 atoms are announced")]
    [InlineData("2\nITEM: BOX BOUNDS pp", "3\nITEM: BOX BOUNDS pp", ":12: ", "the atoms end after 2 of 3")]
    [InlineData("2\nITEM: BOX BOUNDS pp", "1\nITEM: BOX BOUNDS pp", ":11: ", "'ITEM: …' should stand here; found '5 O")]
    [InlineData("2\nITEM: BOX BOUNDS pp", "-2\nITEM: BOX BOUNDS pp", ":4: ", "found '-2'")]
    [InlineData("0 10\n-1 9", "10 0\n-1 9", ":8: ", "must be above zero")]
    [InlineData("pp ff ss", "pp ff", ":5: ", "three pairs")]
    [InlineData("z y x type", "z y y type", ":20: ", "names that differ")]
    [InlineData("z y x type", "z y w type", ":21: ", "no positions")]
    [InlineData("ITEM: TIMESTEP\n10", "ITEM: TIMESTAMP\n10", ":12: ", "is not known. Known are TIMESTEP")]
    [InlineData("ITEM: TIMESTEP\n10\n", "", ":18: ", "does not stand before them")]
    public void What_is_wrong_is_told_with_its_line(string good, string bad, string line, string reason)
    {
        var text = Two.ReplaceLineEndings("\n");
        Assert.Contains(good, text, StringComparison.Ordinal);
        var message = Assert.Throws<AtomFileException>(() => Read(text.Replace(good, bad, StringComparison.Ordinal), UnitSystem.Metal)).Message;
        Assert.Contains(reason, message, StringComparison.Ordinal);
        Assert.Contains("x.dump" + line, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Units_are_told_by_the_file_or_by_the_reader()
    {
        Assert.Contains("does not tell its units", Assert.Throws<AtomFileException>(() => Read(Two)).Message, StringComparison.Ordinal);
        Assert.Equal(UnitSystem.Real, Read("ITEM: UNITS\nreal\n" + Two)[1].Atoms.Units);
        Assert.Contains("units are 'real'", Assert.Throws<AtomFileException>(() => Read("ITEM: UNITS\nreal\n" + Two, UnitSystem.Metal)).Message, StringComparison.Ordinal);
        Assert.Contains("known are lj, metal", Assert.Throws<AtomFileException>(() => Read("ITEM: UNITS\nimperial\n" + Two)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Damaged_files_are_refused_or_read() => FormatStand.WithstandsDamage(
        FormatStand.Atoms.Select(atoms => Write([new(1, atoms), new(2, atoms)])),
        file => LammpsDump.Read(file));

    // LAMMPS writes wrapped, unwrapped, scaled positions of the same atoms; what the last of them were we know.
    [PeerTheory("lmp")]
    [InlineData(false)]
    [InlineData(true)]
    public void We_read_what_LAMMPS_writes(bool triclinic)
    {
        var crystal = LatticeBuilder.Repeat(ConventionalCell.Of(Lattice.Fcc, 3.615), (3, 3, 4), UnitSystem.Metal, [new("Cu", 63.546)]);
        var random = new Philox(5, 1);
        var box = triclinic ? crystal.Box with { Cell = new(10.845, 1.25, -0.75, 0, 10.845, 0.5, 0, 0, 14.46) } : crystal.Box;
        var atoms = crystal with
        {
            Box = box,
            Positions = [.. Enumerable.Range(0, crystal.Count).Select(i => box.Point(new(random.Uniform(0, 0, i), random.Uniform(0, 1, i), random.Uniform(0, 2, i))))],
            Velocities = ThermalVelocities.Draw(crystal, 300, 1),
        };
        FormatStand.Save(_folder, "ours.data", FormatStand.Written(to => LammpsData.Write(to, new(atoms))));
        FormatStand.Lammps(_folder, """
            units metal
            read_data ours.data
            pair_style zero 5.0 nocoeff
            pair_coeff * *
            dump a all custom 1 x.dump vz vy vx id z y x ix iy iz element type mass
            dump_modify a format float %.17g element Cu units yes time yes
            dump b all custom 1 xs.dump id type xs ys zs ix iy iz element
            dump_modify b format float %.17g element Cu
            dump c all custom 1 xu.dump id type xu yu zu element
            dump_modify c format float %.17g element Cu
            dump e all custom 1 xsu.dump id type xsu ysu zsu element
            dump_modify e format float %.17g element Cu
            fix 1 all nve
            timestep 0.5
            run 2
            """.ReplaceLineEndings("\n"));
        var frames = LammpsDump.Read(FormatStand.File(_folder, "x.dump"));
        var start = AtomOrder.ById(frames[0].Atoms);

        Assert.Equal([0L, 1, 2], frames.Select(f => f.Step));
        Assert.Equal([0, 0.5, 1.0], frames.Select(f => f.Time));
        Assert.Equal(atoms.Velocities, start.Velocities);
        Assert.Equal(atoms.Species.AsEnumerable(), start.Species.AsEnumerable());
        if (!triclinic)
        {
            Assert.Equal(atoms.Positions, start.Positions);
            Assert.Equal(atoms.Box, start.Box);
        }

        // Free flight, out of the box and on: x + v t, however positions are told. For xsu LAMMPS adds 512 to coordinates and takes it away, which costs nine bits.
        foreach (var name in new[] { "x.dump", "xs.dump", "xu.dump", "xsu.dump" })
        {
            var last = AtomOrder.ById(LammpsDump.Read(FormatStand.File(_folder, name), UnitSystem.Metal)[2].Atoms);
            Assert.Contains(last.Positions, x => box.Image(x) != Vec3.Zero);
            Assert.All(Enumerable.Range(0, atoms.Count), i => Assert.True((last.Positions[i] - (atoms.Positions[i] + atoms.Velocities[i])).Norm < (name == "xsu.dump" ? 1e-11 : 1e-12), $"{name} {i}"));
        }
    }

    [PeerFact("lmp")]
    public void LAMMPS_reads_what_we_write()
    {
        var crystal = LatticeBuilder.Repeat(ConventionalCell.Of(Lattice.Fcc, 3.615), (3, 3, 3), UnitSystem.Metal, [new("Cu", 63.546)]);
        var atoms = crystal with { Velocities = ThermalVelocities.Draw(crystal, 300, 1) };
        var random = new Philox(5, 1);
        var moved = atoms with { Positions = [.. atoms.Positions.Select((x, i) => x + new Vec3(random.Uniform(0, 0, i), random.Uniform(0, 1, i), random.Uniform(0, 2, i)))], Velocities = ThermalVelocities.Draw(crystal, 300, 2) };
        FormatStand.Save(_folder, "ours.data", FormatStand.Written(to => LammpsData.Write(to, new(atoms))));
        FormatStand.Save(_folder, "ours.dump", Write([new(0, atoms), new(7, moved)]));
        FormatStand.Lammps(_folder, """
            units metal
            read_data ours.data
            read_dump ours.dump 7 x y z vx vy vz box yes wrapped no
            pair_style zero 5.0 nocoeff
            pair_coeff * *
            dump a all custom 1 theirs.dump id type element xu yu zu vx vy vz
            dump_modify a format float %.17g element Cu
            run 0
            """.ReplaceLineEndings("\n"));
        var back = AtomOrder.ById(LammpsDump.Read(FormatStand.File(_folder, "theirs.dump"), UnitSystem.Metal)[0].Atoms);
        Assert.Equal(moved.Velocities, back.Velocities);
        Assert.All(moved.Positions.Zip(back.Positions), pair => Assert.True((pair.Item1 - pair.Item2).Norm < 1e-14 * 20, $"{pair}"));
    }
}
