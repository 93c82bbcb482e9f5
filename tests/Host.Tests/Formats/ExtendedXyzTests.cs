using System.Collections.Immutable;
using System.Globalization;
using ActorMultiscale.Host.Formats;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Particles;
using ActorMultiscale.Tests.Host.Interop;
using CsCheck;

namespace ActorMultiscale.Tests.Host.Formats;

public sealed class ExtendedXyzTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("xyz-");

    private const string Two = """
        2
        Lattice="5 0 0 0 6 0 0.5 0 7" Properties=species:S:1:pos:R:3:forces:R:3:tag:I:1:fixed:L:1 Time=1.5 pbc="T F T" title="two \"atoms\"" done
        Cu 1 2 3 0.1 0.2 0.3 4 T
        O 4 5 6 0.4 0.5 0.6 -5 F
        1
        no words of ours: it's a water
        H 0 0 0.25
        """;

    public void Dispose() => _folder.Delete(recursive: true);

    private static ImmutableArray<XyzFrame> Read(string text, UnitSystem? units = null, ImmutableArray<Species> species = default) => ExtendedXyz.Read(new InputFile("x.xyz", text), units, species);

    private static string Write(params IEnumerable<XyzFrame> frames) => FormatStand.Written(to => ExtendedXyz.Write(to, frames));

    private static XyzFrame Frame(AtomConfiguration atoms, double number) => new(atoms)
    {
        Info = ImmutableSortedDictionary<string, string>.Empty.Add("a key", " b=\"c\\ ' {[").Add("empty", "").Add("n", "-1"),
        Other = ImmutableSortedDictionary<string, XyzProperty>.Empty
            .Add("forces", new('R', 3, [.. Enumerable.Repeat(number, 3 * atoms.Count)], []))
            .Add("label", new('S', 1, [], [.. Enumerable.Repeat("x:\"y", atoms.Count)]))
            .Add("moves", new('L', 1, [.. Enumerable.Range(0, atoms.Count).Select(i => i % 2)], []))
            .Add("tags", new('I', 2, [.. Enumerable.Range(0, 2 * atoms.Count).Select(i => -i)], [])),
    };

    [Fact]
    public void What_is_written_is_read_back_to_the_bit() => Gen.Select(FormatStand.Atoms.Array[1, 3], FormatStand.Number).Sample((all, number) =>
    {
        XyzFrame[] frames = [.. all.Select(a => Frame(a with { Species = all[0].Species, Kinds = Array.ConvertAll(a.Kinds, k => k % all[0].Species.Length) }, number))];
        var back = Read(Write(frames), species: all[0].Species);
        Assert.Equal(frames.Length, back.Length);
        foreach (var (expected, found) in frames.Zip(back))
        {
            FormatStand.Same(expected.Atoms, found.Atoms, connections: false);
            Assert.Equal(expected.Info.AsEnumerable(), found.Info.AsEnumerable());
            Assert.Equal(expected.Other.Keys, found.Other.Keys);
            foreach (var name in expected.Other.Keys)
            {
                Assert.Equal(expected.Other[name].Numbers, found.Other[name].Numbers);
                Assert.Equal(expected.Other[name].Texts, found.Other[name].Texts);
                Assert.Equal((expected.Other[name].Type, expected.Other[name].Width), (found.Other[name].Type, found.Other[name].Width));
            }
        }

        // The generator names species in the order of their kinds, and so does the file.
        FormatStand.Same(frames[0].Atoms, Read(Write(frames[0]))[0].Atoms, connections: false);
    }, iter: 1500);

    [Fact]
    public void A_file_is_read_as_ASE_and_OVITO_read_it()
    {
        var frames = Read(Two);
        var (first, second) = (frames[0], frames[1]);

        Assert.Equal([new("Cu", 63.546), new("O", 15.999), new("H", 1.008)], first.Atoms.Species.AsEnumerable());
        Assert.Equal([0, 1], first.Atoms.Kinds);
        Assert.Equal([new(1, 2, 3), new(4, 5, 6)], first.Atoms.Positions);
        Assert.Equal(new SimulationBox(Vec3.Zero, Matrix3.FromColumns(new(5, 0, 0), new(0, 6, 0), new(0.5, 0, 7)), BoxSide.Periodic, BoxSide.ShrinkWrapped), first.Atoms.Box);
        Assert.Equal([0.1, 0.2, 0.3, 0.4, 0.5, 0.6], first.Other["forces"].Numbers);
        Assert.Equal([4.0, -5], first.Other["tag"].Numbers);
        Assert.Equal([1.0, 0], first.Other["fixed"].Numbers);
        Assert.Equal([new("Time", "1.5"), new("done", "T"), new("title", "two \"atoms\"")], first.Info.AsEnumerable());
        Assert.Equal([2], second.Atoms.Kinds);
        Assert.False(second.Atoms.Box.IsPeriodic(0));
        Assert.True(second.Atoms.Box.Fraction(second.Atoms.Positions[0]) is { X: > 0 and < 1, Y: > 0 and < 1, Z: > 0 and < 1 });
    }

    [Theory]
    [InlineData("Cu 1 2 3", "Cu 1 two 3", ":3: ", "pos is a finite number; found 'two'")]
    [InlineData("4 T", "4 maybe", ":3: ", "fixed is T or F; found 'maybe'")]
    [InlineData("4 T", "4.5 T", ":3: ", "tag is a whole number")]
    [InlineData("4 T", "4", ":3: ", "fixed is T or F; found ''")]
    [InlineData("4 T", "4 T 7", ":3: ", "tell 9 columns, and the line should end before '7'")]
    [InlineData("O 4 5 6", "Oo 4 5 6", ":4: ", "nothing tells the mass of the atoms called 'Oo'")]
    [InlineData("2\nLattice", "3\nLattice", ":5: ", "pos is missing")]
    [InlineData("2\nLattice", "1\nLattice", ":4: ", "the number of atoms, which begins a frame, is a whole number from 0")]
    [InlineData("2\nLattice", "2000000000\nLattice", ":2: ", "2000000000 atoms are announced")]
    [InlineData("0.5 0 7", "0.5 0", ":2: ", "number 9 of 9 of Lattice is missing")]
    [InlineData("5 0 0 0 6", "-5 0 0 0 6", ":2: ", "no right-handed volume")]
    [InlineData("T F T", "T F", ":2: ", "pbc tells three letters")]
    [InlineData("species:S:1:pos:R:3:forces", "species:S:1:pos:R:three:forces", ":2: ", "found 'pos:R:three'")]
    [InlineData("species:S:1:pos:R:3:forces", "species:S:1:pos:R:2:x:R:1:forces", ":4: ", "no property pos:R:3")]
    [InlineData("tag:I:1", "pos:R:1", ":2: ", "'pos' twice")]
    [InlineData("pbc=", "units=feet pbc=", ":2: ", "known are lj, metal")]
    public void What_is_wrong_is_told_with_its_line(string good, string bad, string line, string reason)
    {
        var text = Two.ReplaceLineEndings("\n");
        Assert.Contains(good, text, StringComparison.Ordinal);
        var message = Assert.Throws<AtomFileException>(() => Read(text.Replace(good, bad, StringComparison.Ordinal))).Message;
        Assert.Contains(reason, message, StringComparison.Ordinal);
        Assert.Contains("x.xyz" + line, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Atomic_numbers_stand_for_symbols()
    {
        Assert.Equal("Cu", Read("1\nProperties=Z:I:1:pos:R:3\n29 0 0 0\n")[0].Atoms.Species.Single().Name);
        Assert.Contains("elements from 1 to 118", Assert.Throws<AtomFileException>(() => Read("1\nProperties=Z:I:1:pos:R:3\n119 0 0 0\n")).Message, StringComparison.Ordinal);
        Assert.Contains("elements from 1 to 118", Assert.Throws<AtomFileException>(() => Read("1\nProperties=Z:I:1:pos:R:3\n0 0 0 0\n")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Damaged_files_are_refused_or_read() => FormatStand.WithstandsDamage(
        FormatStand.Atoms.Select(atoms => Write(Frame(atoms, 0.5), Frame(atoms, 1e-3))),
        file => ExtendedXyz.Read(file));

    [PeerFact("ase")]
    public void ASE_reads_what_we_write()
    {
        var atoms = FormatStand.Atoms.Array[20].Where(all => all.All(a => a.Species.Length > 0)).Single();
        XyzFrame[] frames = [.. atoms.Select(a => new XyzFrame(a with { Species = [new("Cu", 63.5), new("O", 16.25), new("H", 1.5)] }) { Info = ImmutableSortedDictionary<string, string>.Empty.Add("answer", "42") })];
        FormatStand.Save(_folder, "ours.xyz", Write(frames));
        FormatStand.Save(_folder, "read.py", """
            from ase.io import read
            for a in read('ours.xyz', index=':'):
                numbers = [a.positions, a.cell.array, a.get_masses()] + [a.arrays[k] for k in ('vel', 'id', 'mol') if k in a.arrays]
                if 'initial_charges' in a.arrays:
                    numbers.append(a.get_initial_charges())
                assert a.info['answer'] == 42
                print(''.join(a.get_chemical_symbols()), ''.join('FT'[p] for p in a.pbc), *[float(x).hex() for n in numbers for x in n.flatten()])
            """);
        var printed = FormatStand.Run(_folder, Peers.Python, "read.py").Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal(frames.Length, printed.Length);
        foreach (var (frame, line) in frames.Zip(printed))
        {
            var a = frame.Atoms;
            static IEnumerable<double> Flat(IEnumerable<Vec3> vectors) => vectors.SelectMany(v => new[] { v.X, v.Y, v.Z });
            double[] expected =
            [
                .. Flat(a.Positions), .. Flat([a.Box.Cell.Column(0), a.Box.Cell.Column(1), a.Box.Cell.Column(2)]), .. a.Kinds.Select(k => a.Species[k].Mass), .. Flat(a.Velocities),
                .. a.Ids.Select(id => (double)id), .. a.Molecules.Select(m => (double)m), .. a.Charges,
            ];
            var words = line.Split(' ');
            Assert.Equal(string.Concat(a.Kinds.Select(k => a.Species[k].Name)), words[0]);
            Assert.Equal(string.Concat(Enumerable.Range(0, 3).Select(i => a.Box.IsPeriodic(i) ? 'T' : 'F')), words[1]);
            Assert.Equal(expected, words[2..].Select(Hexadecimal));
        }
    }

    [PeerFact("ase")]
    public void We_read_what_ASE_writes_and_have_the_same_masses()
    {
        FormatStand.Save(_folder, "write.py", """
            import numpy as np
            from ase import Atoms
            from ase.build import bulk, molecule
            from ase.data import atomic_masses_iupac2016, chemical_symbols
            from ase.io import read, write
            r = np.random.RandomState(1)
            a = bulk('Cu', cubic=True).repeat((2, 1, 1))
            a.rattle(0.1)
            a.set_initial_charges(r.rand(len(a)))
            a.set_momenta(r.rand(len(a), 3))
            a.info['note'] = 'a "b" c'
            a.pbc = (True, False, True)
            b = molecule('CH3CH2OH')
            c = bulk('NaCl', 'rocksalt', a=5.64)
            c.set_masses([23.5, 35.25])
            write('theirs.xyz', [a, b, c], format='extxyz')
            for x in read('theirs.xyz', index=':'):
                print(''.join(x.get_chemical_symbols()), *[float(v).hex() for n in (x.positions, x.get_masses()) for v in n.flatten()])
            print(*[float(m).hex() for m in atomic_masses_iupac2016[1:119]])
            print(*chemical_symbols[1:119])
            """);
        var printed = FormatStand.Run(_folder, Peers.Python, "write.py").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var frames = ExtendedXyz.Read(FormatStand.File(_folder, "theirs.xyz"));

        Assert.Equal(3, frames.Length);
        foreach (var (frame, line) in frames.Zip(printed))
        {
            var (a, words) = (frame.Atoms, line.Split(' '));
            Assert.Equal(words[0], string.Concat(a.Kinds.Select(k => a.Species[k].Name)));
            Assert.Equal(words[1..].Select(Hexadecimal), a.Positions.SelectMany(v => new[] { v.X, v.Y, v.Z }).Concat(a.Kinds.Select(k => a.Species[k].Mass)));
        }

        Assert.Equal(8, frames[0].Atoms.Charges.Length);
        Assert.Equal(24, frames[0].Other["momenta"].Numbers.Length);
        Assert.Equal("a \"b\" c", frames[0].Info["note"]);
        Assert.Equal((true, false, true), (frames[0].Atoms.Box.IsPeriodic(0), frames[0].Atoms.Box.IsPeriodic(1), frames[0].Atoms.Box.IsPeriodic(2)));
        Assert.Equal(new Vec3(0, 2.82, 2.82), frames[2].Atoms.Box.Cell.Column(0));
        Assert.Equal(printed[3].Split(' ').Select(Hexadecimal), ChemicalElements.All.Select(e => e.Mass));
        Assert.Equal(printed[4].Split(' '), ChemicalElements.All.Select(e => e.Symbol));
    }

    // Python's float.hex: ±0x1.mmmmmmmmmmmmmp±e.
    private static double Hexadecimal(string text)
    {
        var sign = text[0] == '-' ? -1 : 1;
        var body = text.TrimStart('-')[2..].Split('p');
        var digits = body[0].Split('.');
        var whole = long.Parse(digits[0] + (digits.Length > 1 ? digits[1] : ""), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        return sign * Math.ScaleB(whole, int.Parse(body[1], CultureInfo.InvariantCulture) - (4 * (digits.Length > 1 ? digits[1].Length : 0)));
    }
}
