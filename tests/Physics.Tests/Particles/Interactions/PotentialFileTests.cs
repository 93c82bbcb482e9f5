using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Particles.Interactions;
using CsCheck;

namespace ActorMultiscale.Tests.Particles.Interactions;

/// <summary>Files of pair tables and of Stillinger-Weber potentials: what is read, and what is said of those that are none.</summary>
public sealed class PotentialFileTests
{
    private const string Silicon = """
        # Silicon and something else, an entry over two lines
        Si Si Si 2.1683  2.0951  1.80  21.0  1.20  -0.333333333333
                 7.049556277  0.6022245584  4.0  0.0 0.0
        Xx Si Xx 1.5 0 0 20 0 -0.3 0 0 0 0 0
        """;

    private const string Tables = """
        # two tables

        A # the first
        N 3 R 1 2

        1 1.0 3.0 4.0
        2 1.4 2.0 1.0
        3 2.0 0.0 0.0

        # another

        B
        N 2
        1 1 0 0
        2 2 0 0
        """;

    private static string Fault(Action read) => Assert.Throws<ScaleModelException>(read).Message;

    [Fact]
    public void A_file_of_Stillinger_Weber_has_its_entries()
    {
        var read = StillingerWeberFile.Parse(new("x.sw", Silicon));
        Assert.Equal(StillingerWeberParameters.Silicon, read.Of(["Si"])(0, 0, 0));
        Assert.Equal("Si Xx", string.Join(' ', read.Elements));
        var fault = Fault(() => read.Of(["Si", "Xx"]));
        Assert.Contains("no entry for Si Si Xx, Si Xx Si, Si Xx Xx, Xx Si Si, Xx Xx Si, Xx Xx Xx;", fault, StringComparison.Ordinal);
    }

    [Fact]
    public void All_that_is_wrong_with_such_a_file_is_said_with_lines()
    {
        const string Entry = "Si Si Si 2 2 1.8 21 1.2 -0.3 7 0.6 4 0";
        var fault = Fault(() => StillingerWeberFile.Parse(new("x.sw", $"{Entry} 0\n{Entry} 0\nA A A 2 x 1.8 21 1.2 -0.3 7 0.6 4 0 0\nB B B 2 -2 1.8 21 1.2 -0.3 7 0.6 4 0 0\n{Entry} 0.1\nC C C 1 2")));
        foreach (var part in new[] { "line 2: Si Si Si stands there a second time", "line 3: found 'x'", "line 4:", "line 5: the tolerance is 0.1", "line 6: the last entry has 5 words of 14" })
        {
            Assert.Contains(part, fault, StringComparison.Ordinal);
        }

        Assert.Contains("there is no entry", Fault(() => StillingerWeberFile.Parse(new("x.sw", "# nothing\n"))), StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_of_tables_has_its_sections()
    {
        var first = PairTableFile.Parse(new("x.table", Tables), null);
        Assert.Equal([1, 1.5, 2], first.Distances);
        Assert.Equal([3, 2, 0], first.Energies);
        Assert.Equal([4, 1, 0], first.Forces);
        Assert.Null(first.Slopes);
        Assert.Equal(2, PairTableFile.Parse(new("x.table", Tables), "B").ToTable(2, null, TableInterpolation.Linear).Cutoff);
    }

    [Fact]
    public void What_is_no_table_is_said_with_the_line()
    {
        string Read(string text, string? section = null) => Fault(() => PairTableFile.Parse(new("x.table", text), section).ToTable(10, null, TableInterpolation.Spline));
        Assert.Contains("no section 'C'; they have A, B", Read(Tables, "C"), StringComparison.Ordinal);
        Assert.Contains("no section at all", Read("# nothing"), StringComparison.Ordinal);
        Assert.Contains("line 1: the file ends", Read("A"), StringComparison.Ordinal);
        Assert.Contains("line 2: N is a whole number from 2 on; found '1.5'", Read("A\nN 1.5"), StringComparison.Ordinal);
        Assert.Contains("BITMAP are not read", Read("A\nN 8 BITMAP 1 2"), StringComparison.Ordinal);
        Assert.Contains("'R' takes the first and the last distance", Read("A\nN 8 R 2 1"), StringComparison.Ordinal);
        Assert.Contains("line 5: point 2 of 3", Read("A\nN 3\n\n1 1 1 1\n2 2 2\n3 3 3 3"), StringComparison.Ordinal);
        Assert.Contains("line 6: found 'NaN'", Read("A\nN 3\n\n1 1 1 1\n2 2 2 2\n3 NaN 3 3"), StringComparison.Ordinal);
        Assert.Contains("distances do not ascend", Read("A\nN 3\n\n1 1 1 1\n2 2 2 2\n3 1.5 3 3"), StringComparison.Ordinal);
    }

    // Whatever happens to a file, it is read or refused with a sentence.
    [Fact]
    public void Damaged_files_are_read_or_refused()
    {
        string[] words = ["", " ", "\n", "#", "N", "R", "-1", "1e999", "9999999", "Si", "\0", "x", "0"];
        var damage = Gen.Select(Gen.Int[0, 400], Gen.Int[0, 30], Gen.Int[0, words.Length - 1]).List[1, 4];
        damage.Sample(all =>
        {
            string Damaged(string text)
            {
                foreach (var (at, length, word) in all)
                {
                    var from = Math.Min(at, text.Length);
                    text = string.Concat(text.AsSpan(0, from), words[word], text.AsSpan(Math.Min(text.Length, from + length)));
                }

                return text;
            }

            foreach (var read in (Action[])[() => PairTableFile.Parse(new("x", Damaged(Tables)), null).ToTable(10, null, TableInterpolation.Spline), () => PairTableFile.Parse(new("x", Damaged(Tables)), "B"), () => StillingerWeberFile.Parse(new("x", Damaged(Silicon))).Of(["Si"])])
            {
                Assert.True(Record.Exception(read) is null or ScaleModelException { Message.Length: > 20 });
            }
        }, iter: 2000);
    }
}
