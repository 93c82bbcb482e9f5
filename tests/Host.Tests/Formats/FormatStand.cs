using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using ActorMultiscale.Host.Formats;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Particles;
using ActorMultiscale.Tests.Host.Interop;
using CsCheck;

namespace ActorMultiscale.Tests.Host.Formats;

/// <summary>What the tests of all formats need: atoms of all sorts, comparison bit by bit, damaged texts, and other programs.</summary>
internal static class FormatStand
{
    public static readonly Gen<double> Number = Gen.Frequency(
        (6, Gen.Double[-20, 20]),
        (1, Gen.Int[0, 7].Select(i => new[] { 0, -0.0, 1e-300, double.Epsilon, -1e15, 1.0 / 3, 1e9 + 0.1, 5 }[i])));

    public static readonly Gen<Vec3> Vector = Gen.Select(Number, Number, Number, (x, y, z) => new Vec3(x, y, z));

    private static readonly Gen<double> _length = Gen.Double[0.1, 30];

    private static readonly Gen<double> _tilt = Gen.Frequency((1, Gen.Const(0.0)), (1, Gen.Double[-5, 5]));

    private static readonly Gen<BoxSide> _side = Gen.Int[0, 2].Select(i => (BoxSide)i);

    /// <summary>Cells of right angles, cells that LAMMPS knows, and any.</summary>
    public static readonly Gen<SimulationBox> Box = Gen.Select(
        Gen.Select(_length, _length, _length), Gen.Select(_tilt, _tilt, _tilt), Gen.Int[0, 3], Vector, Gen.Select(_side, _side, _side),
        (l, t, shape, origin, sides) => new SimulationBox(
            shape == 0 ? Vec3.Zero : origin,
            shape switch
            {
                < 2 => Matrix3.Diagonal(l.Item1, l.Item2, l.Item3),
                2 => new(l.Item1, t.Item1, t.Item2, 0, l.Item2, t.Item3, 0, 0, l.Item3),
                _ => new(l.Item1, t.Item1 / 100, 0.01, t.Item2 / 100, l.Item2, 0.01, -0.02, t.Item3 / 100, l.Item3),
            },
            sides.Item1, sides.Item2, sides.Item3));

    private static readonly Gen<ImmutableArray<Species>> _species = Gen.Select(Gen.Int[1, 3], Gen.Double[0.5, 300].Array[3], (n, masses) =>
        Enumerable.Range(0, n).Select(i => new Species(new[] { "Cu", "O#2", "X1" }[i], masses[i])).ToImmutableArray());

    /// <summary>Atoms with everything, or without.</summary>
    public static readonly Gen<AtomConfiguration> Atoms = Gen.Select(Box, _species, Gen.Int[1, 12], Gen.Int[0, 63], Gen.Int[0, 1_000_000], Vector.Array[24], Number.Array[12]).Select((box, species, n, has, seed, vectors, numbers) => new AtomConfiguration
    {
        Units = UnitSystem.All[seed % 4],
        Box = box,
        Species = species,
        Kinds = [.. Enumerable.Range(0, n).Select(i => i < species.Length ? i : (i + seed) % species.Length)],
        Positions = vectors[..n],
        Velocities = (has & 1) > 0 ? vectors[12..(12 + n)] : [],
        Charges = (has & 2) > 0 ? numbers[..n] : [],
        Ids = (has & 4) > 0 ? [.. Enumerable.Range(0, n).Select(i => 1 + ((i * 7L + seed) % 13))] : [],
        Molecules = (has & 8) > 0 ? [.. Enumerable.Range(0, n).Select(i => 1 + ((i + seed) % 3))] : [],
        Bonds = (has & 16) > 0 ? [new(seed % 4, [0, n - 1]), new(0, [n / 2, 0])] : [],
        Angles = (has & 32) > 0 ? [new(seed % 3, [0, n - 1, n / 2])] : [],
        Dihedrals = (has & 48) == 48 ? [new(1, [0, 0, n - 1, n / 2])] : [],
        Impropers = (has & 40) == 40 ? [new(2, [n - 1, 0, n - 1, n / 2])] : [],
    }).Where(atoms => atoms.Species.Length <= atoms.Count);

    private static readonly string[] _words =
    [
        "\n", "\r\n", " ", "\t", "\0", "-", "1e999", "NaN", "Infinity", "999999999999999999999", "-1", "0", "2147483648", "1e-400", "#", "\"", "'", "=", ":", "ITEM:", "ITEM: ATOMS id",
        "Atoms", "Masses # x", "Lattice=\"", "Properties=", "species:S:1:pos:R:3", "ATOM  ", "CRYST1", "MODEL", "ENDMDL", "\ud83d", "\uFEFF", "é", "1000000000 atoms", "x", "0.5 0.5",
    ];

    private static readonly Gen<(int What, int Where, int Length, int Word)> _damage = Gen.Select(Gen.Int[0, 4], Gen.Int[0, int.MaxValue - 1], Gen.Int[1, 40], Gen.Int[0, _words.Length - 1]);

    public static string Written(Action<TextWriter> write)
    {
        using var to = new StringWriter(CultureInfo.InvariantCulture);
        write(to);
        return to.ToString();
    }

    /// <summary>Equal bit by bit, in everything.</summary>
    public static void Same(AtomConfiguration expected, AtomConfiguration found, bool connections = true)
    {
        static long[] Bits(IEnumerable<Vec3> vectors) => [.. vectors.SelectMany(v => new[] { v.X, v.Y, v.Z }).Select(BitConverter.DoubleToInt64Bits)];
        static IEnumerable<int> Flat(ImmutableArray<Connection> all) => all.SelectMany(c => c.Atoms.Prepend(c.Kind));
        static Vec3[] Frame(SimulationBox box) => [box.Origin, box.Cell.Column(0), box.Cell.Column(1), box.Cell.Column(2)];
        Assert.Equal(expected.Units.Name, found.Units.Name);
        Assert.Equal(Frame(expected.Box), Frame(found.Box));        // The sign of a zero counts for atoms, not for boxes.
        Assert.Equal((expected.Box.SideA, expected.Box.SideB, expected.Box.SideC), (found.Box.SideA, found.Box.SideB, found.Box.SideC));
        Assert.Equal(expected.Species.AsEnumerable(), found.Species.AsEnumerable());
        Assert.Equal(expected.Kinds, found.Kinds);
        Assert.Equal(Bits(expected.Positions), Bits(found.Positions));
        Assert.Equal(Bits(expected.Velocities), Bits(found.Velocities));
        Assert.Equal(expected.Charges.Select(BitConverter.DoubleToInt64Bits), found.Charges.Select(BitConverter.DoubleToInt64Bits));
        Assert.Equal(Enumerable.Range(0, expected.Count).Select(expected.IdOf), Enumerable.Range(0, found.Count).Select(found.IdOf));
        Assert.Equal(expected.Molecules, found.Molecules);
        if (connections)
        {
            Assert.Equal(Flat(expected.Bonds), Flat(found.Bonds));
            Assert.Equal(Flat(expected.Angles), Flat(found.Angles));
            Assert.Equal(Flat(expected.Dihedrals), Flat(found.Dihedrals));
            Assert.Equal(Flat(expected.Impropers), Flat(found.Impropers));
        }
    }

    /// <summary>Damages texts in many ways: each is read, or refused with the file and a line, and nothing else happens. Both occur.</summary>
    public static void WithstandsDamage(Gen<string> texts, Action<InputFile> read, int iterations = 3000)
    {
        var (good, bad) = (0, 0);
        Gen.Select(texts, _damage.Array[1, 3]).Sample(
            (text, damages) =>
            {
                var damaged = damages.Aggregate(text, Damage);
                try
                {
                    read(new InputFile("x.file", damaged));
                    Interlocked.Increment(ref good);
                }
                catch (AtomFileException fault)
                {
                    Assert.Matches(@"^x\.file:\d+: \S", fault.Message);
                    Interlocked.Increment(ref bad);
                }
            },
            iter: iterations);
        Assert.True(good > iterations / 100 && bad > iterations / 10, $"{good} were read, {bad} were refused");
    }

    /// <summary>Runs a program in a folder and gives what it printed.</summary>
    public static string Run(DirectoryInfo folder, string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = folder.FullName, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, output + error.GetAwaiter().GetResult());
        return output;
    }

    public static InputFile File(DirectoryInfo folder, string name) => new(name, System.IO.File.ReadAllText(Path.Combine(folder.FullName, name)));

    public static void Save(DirectoryInfo folder, string name, string text) => System.IO.File.WriteAllText(Path.Combine(folder.FullName, name), text);

    /// <summary>Runs LAMMPS and gives what it printed.</summary>
    public static string Lammps(DirectoryInfo folder, string input)
    {
        Save(folder, "in.test", input);
        return Run(folder, Peers.Lammps, "-in", "in.test", "-log", "none");
    }

    private static string Damage(string text, (int What, int Where, int Length, int Word) damage)
    {
        var at = text.Length == 0 ? 0 : damage.Where % text.Length;
        var end = Math.Min(text.Length, at + damage.Length);
        return damage.What switch
        {
            0 => text[..at],
            1 => text[..at] + text[end..],
            2 => text[..at] + _words[damage.Word] + text[at..],
            3 => text[..at] + _words[damage.Word] + text[end..],
            _ => text[..end] + text[at..],
        };
    }
}
