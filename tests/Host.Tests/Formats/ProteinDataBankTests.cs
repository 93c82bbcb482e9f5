using System.Collections.Immutable;
using System.Globalization;
using ActorMultiscale.Host.Formats;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Particles;
using ActorMultiscale.Tests.Host.Interop;
using CsCheck;

namespace ActorMultiscale.Tests.Host.Formats;

public sealed class ProteinDataBankTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("pdb-");

    // Made for this test after the format's description; the columns count.
    private const string Small = """
        HEADER    TEST
        CRYST1   20.000   30.000   40.000  90.00  90.00 120.00 P 1           1
        MODEL        1
        ATOM      1  N   ALA A   5      11.104   6.134  -6.504  1.00  0.00           N
        ATOM      2  CA AALA A   5      11.639   6.071  -5.147  0.60 15.50           C
        ATOM      3  CA BALA A   5      11.700   6.100  -5.200  0.40 15.50           C
        ATOM      4 HG11 VAL A   6A      1.000   2.000   3.000  1.00 10.00
        TER
        HETATM    6 ZN    ZN B 101      -1.000  -2.000  -3.000                      ZN2+
        HETATM    7 CA    CA B 102       0.000   0.500   0.250  1.00  1.00
        ENDMDL
        MODEL        2
        ATOM      1  N   ALA A   5      12.104   6.134  -6.504  1.00  0.00           N
        ATOM      2  CA  ALA A   5      12.639   6.071  -5.147  1.00 15.50           C
        ATOM      4 HG11 VAL A   6A      1.000   2.000   3.500  1.00 10.00
        HETATM    6 ZN    ZN B 101      -1.000  -2.000  -3.500                      ZN2+
        HETATM    7 CA    CA B 102       0.000   0.500   0.750  1.00  1.00
        ENDMDL
        CONECT    1    2    2    4
        CONECT    2    1    1
        CONECT    4    1
        END
        """;

    public void Dispose() => _folder.Delete(recursive: true);

    private static ImmutableArray<ProteinModel> Read(string text, bool all = false) => ProteinDataBank.Read(new InputFile("x.pdb", text), UnitSystem.Real, all);

    [Fact]
    public void A_file_is_read_by_its_columns()
    {
        var model = Assert.Single(Read(Small));
        var atoms = model.Atoms;

        Assert.Equal(1, model.Number);
        Assert.Equal([1L, 2, 4, 6, 7], atoms.Ids);
        Assert.Equal(["N", "C", "H", "Zn", "Ca"], atoms.Kinds.Select(k => atoms.Species[k].Name));
        Assert.Equal([new(11.104, 6.134, -6.504), new(11.639, 6.071, -5.147), new(1, 2, 3), new(-1, -2, -3), new(0, 0.5, 0.25)], atoms.Positions);
        Assert.Equal(new ProteinAtom("CA", "ALA", 'A', 5, ' ', 'A', 0.6, 15.5, 0, false), model.Labels[1]);
        Assert.Equal(new ProteinAtom("HG11", "VAL", 'A', 6, 'A', ' ', 1, 10, 0, false), model.Labels[2]);
        Assert.Equal(new ProteinAtom("ZN", "ZN", 'B', 101, ' ', ' ', 1, 0, 2, true), model.Labels[3]);
        Assert.Equal([0, 1, 0, 2], atoms.Bonds.SelectMany(b => b.Atoms));

        // γ = 120°: b = 30 (−½, √3/2, 0).
        Assert.Equal(20, atoms.Box.Cell.XX);
        Assert.Equal(-15, atoms.Box.Cell.XY, 1e-13);
        Assert.Equal(30 * Math.Sqrt(3) / 2, atoms.Box.Cell.YY, 1e-13);
        Assert.Equal(new Vec3(0, 0, 40), atoms.Box.Cell.Column(2));
    }

    [Fact]
    public void All_models_are_read_where_they_are_wanted()
    {
        var models = Read(Small, all: true);
        Assert.Equal([1, 2], models.Select(m => m.Number));
        Assert.Equal(new Vec3(12.104, 6.134, -6.504), models[1].Atoms.Positions[0]);
        Assert.Equal(models[0].Atoms.Species.AsEnumerable(), models[1].Atoms.Species.AsEnumerable());
        Assert.Equal(2, models[1].Atoms.Bonds.Length);
    }

    [Theory]
    [InlineData("99999", "    5", 99999, 5)]
    [InlineData("A0000", "A000", 100000, 10000)]
    [InlineData("ZZZZZ", "ZZZZ", 43770015, 1223055)]
    [InlineData("a0000", "a000", 43770016, 1223056)]
    [InlineData("zzzzz", "zzzz", 87440031, 2436111)]
    public void Numbers_too_large_for_their_columns_are_hybrid_36(string serial, string residue, long expected, int number)
    {
        var model = Read($"ATOM  {serial}  N   ALA A{residue[^4..]}      11.104   6.134  -6.504  1.00  0.00           N\n").Single();
        Assert.Equal((expected, number), (model.Atoms.IdOf(0), model.Labels[0].ResidueNumber));
    }

    [Theory]
    [InlineData("11.639   6.071", "11.639   6,071", ":5: ", "y, columns 39 to 46, is a finite number; found '6,071'")]
    [InlineData("-6.504  1.00", "-6.504  one ", ":4: ", "the occupancy, columns 55 to 60")]
    [InlineData("  0.00           N", "  0.00           X", ":4: ", "the element, columns 77 to 78, is the symbol of a chemical element; found 'X'")]
    [InlineData("HG11 VAL A   6A", "XG11 VAL A   6A", ":7: ", "does not begin with the symbol of one")]
    [InlineData("VAL A   6A", "VAL A   xA", ":7: ", "the number of the residue")]
    [InlineData("ZN2+", "ZN++", ":9: ", "a digit and a sign")]
    [InlineData("CONECT    1    2    2    4", "CONECT    1    2    2    5", ":20: ", "the record CONECT of line 19 joins")]
    [InlineData("CONECT    1    2    2    4", "CONECT    1    q    2    4", ":19: ", "serial numbers of five columns")]
    [InlineData("HETATM    6 ZN ", "HETATM    1 ZN ", ":23: ", "are missing or stand twice in model 1")]
    [InlineData("120.00 P 1", "180.00 P 1", ":2: ", "span no cell")]
    [InlineData("ENDMDL\nMODEL        2", "MODEL        2", ":11: ", "a model begins within a model")]
    [InlineData("ATOM      1", "ATOM 1    1", ":4: ", "columns 5 and 6 are blank")]
    public void What_is_wrong_is_told_with_its_line(string good, string bad, string line, string reason)
    {
        var text = Small.ReplaceLineEndings("\n");
        Assert.Contains(good, text, StringComparison.Ordinal);
        var message = Assert.Throws<AtomFileException>(() => Read(text.Replace(good, bad, StringComparison.Ordinal))).Message;
        Assert.Contains(reason, message, StringComparison.Ordinal);
        Assert.True(message.Contains("x.pdb" + line, StringComparison.Ordinal) || line is ":20: " or ":23: ", message);
    }

    [Fact]
    public void Without_a_cell_the_box_is_drawn_around_the_atoms()
    {
        var atoms = Read(Small.Replace("   20.000   30.000   40.000  90.00  90.00 120.00", "    1.000    1.000    1.000  90.00  90.00  90.00", StringComparison.Ordinal))[0].Atoms;
        Assert.All(atoms.Positions, x => Assert.True(atoms.Box.Fraction(x) is { X: > 0 and < 1, Y: > 0 and < 1, Z: > 0 and < 1 }));
        Assert.Equal(BoxSide.ShrinkWrapped, atoms.Box.SideB);
        Assert.Throws<ArgumentException>(() => ProteinDataBank.Read(new InputFile("x.pdb", Small), UnitSystem.LennardJones));
    }

    [Fact]
    public void Damaged_files_are_refused_or_read() => FormatStand.WithstandsDamage(Gen.Const(Small), file => ProteinDataBank.Read(file, UnitSystem.Metal, allModels: true));

    [PeerFact("ase")]
    public void We_read_the_numbers_that_ASE_reads()
    {
        FormatStand.Save(_folder, "small.pdb", Small.ReplaceLineEndings("\n").Replace("CA BALA", "CB  ALA", StringComparison.Ordinal)
            .Replace("  1.00 10.00", "  1.00 10.00           H", StringComparison.Ordinal));       // ASE takes HG11 for mercury if it is not told otherwise.
        FormatStand.Save(_folder, "pdb.py", """
            from ase.build import molecule
            from ase.io import read, write
            a = molecule('CH3CH2OH')
            a.set_cell([10, 11, 12, 80, 95, 110])
            a.pbc = True
            write('theirs.pdb', a)
            for x in [y for y in read('theirs.pdb', index=':') + read('small.pdb', index=':') if len(y) > 0]:
                print(' '.join(x.get_chemical_symbols()) + ';' + ' '.join(repr(float(v)) for v in list(x.positions.flatten()) + list(x.cell.cellpar())))
            """);
        var printed = FormatStand.Run(_folder, Peers.Python, "pdb.py").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        ProteinModel[] models = [.. Read(FormatStand.File(_folder, "theirs.pdb").Text), .. Read(FormatStand.File(_folder, "small.pdb").Text, all: true)];

        Assert.Equal(3, models.Length);
        Assert.Equal(models.Length, printed.Length);
        var cells = 0;       // ASE forgets the cell of a file after its first model.
        foreach (var (model, line) in models.Zip(printed))
        {
            var a = model.Atoms;
            Assert.Equal(line.Split(';')[0], string.Join(' ', a.Kinds.Select(k => a.Species[k].Name)));
            double[] theirs = [.. line.Split(';')[1].Split(' ').Select(w => double.Parse(w, CultureInfo.InvariantCulture))];
            Assert.Equal(theirs[..^6], a.Positions.SelectMany(x => new[] { x.X, x.Y, x.Z }));
            var (u, v, w) = (a.Box.Cell.Column(0), a.Box.Cell.Column(1), a.Box.Cell.Column(2));
            static double Angle(Vec3 p, Vec3 q) => 180 / Math.PI * Math.Acos(Vec3.Dot(p, q) / (p.Norm * q.Norm));
            if (theirs[^6] > 0)
            {
                cells++;
                Assert.All(theirs[^6..].Zip([u.Norm, v.Norm, w.Norm, Angle(v, w), Angle(u, w), Angle(u, v)]), pair => Assert.Equal(pair.Item1, pair.Item2, 1e-10));
            }
        }

        Assert.Equal(2, cells);
    }
}
