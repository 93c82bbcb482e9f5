using ActorMultiscale.Physics.Adaptivity;
using CsCheck;

namespace ActorMultiscale.Tests.Adaptivity;

public sealed class CellForestTests
{
    private const int Roots = 8;
    private const int Levels = 3;

    /// <summary>Forests reached by marks at random, some marks later than others.</summary>
    public static readonly Gen<CellForest> Forests = Gen.Select(Gen.Int[-1, 1].Array[Roots << Levels].Array[1, 6], rounds =>
    {
        var forest = CellForest.Coarsest(Roots, Levels, 0);
        foreach (var round in rounds)
        {
            forest = forest.Adapt([.. round.Take(forest.Count).Select(m => (Mark)m)]);
        }

        return forest;
    });

    [Fact]
    public void Neighbors_differ_by_at_most_one_level_and_the_line_is_covered() => Forests.Sample(forest =>
    {
        Assert.Equal(0, forest.Starts[0]);
        Assert.Equal(Roots << Levels, forest.Starts[^1]);
        _ = CellForest.FromStarts(Levels, forest.Starts.ToArray());      // Every leaf is a cell of the forest.
        for (var e = 1; e < forest.Count; e++)
        {
            Assert.InRange(forest.LevelOf(e) - forest.LevelOf(e - 1), -1, 1);
        }
    }, iter: 500);

    [Fact]
    public void Every_cell_that_is_marked_is_halved_unless_it_is_finest() => Gen.Select(Forests, Gen.Int[0, 1].Array[Roots << Levels]).Sample((forest, wishes) =>
    {
        Mark[] marks = [.. wishes.Take(forest.Count).Select(m => (Mark)m)];
        var starts = forest.Adapt(marks).Starts.ToArray();
        for (var e = 0; e < forest.Count; e++)
        {
            if (marks[e] == Mark.Refine && forest.LevelOf(e) < Levels)
            {
                Assert.Contains((forest.Starts[e] + forest.Starts[e + 1]) / 2, starts);
            }
        }
    }, iter: 500);

    [Fact]
    public void Only_siblings_merge()
    {
        var forest = CellForest.FromStarts(1, [0, 2, 3, 4, 5, 6]);      // A root, four halves of the next two.

        var merged = forest.Adapt([Mark.Keep, Mark.Keep, Mark.Coarsen, Mark.Coarsen, Mark.Keep]);

        Assert.Equal(forest.Starts, merged.Starts);
    }

    [Fact]
    public void Frozen_cells_stay_whatever_is_wished()
    {
        var forest = CellForest.Coarsest(30, 2, 9);

        Assert.Equal(38, forest.Count);      // 360 … 410 in tens of 5, one of 10, and 27 of 20.
        Assert.Equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16], forest.Starts[..13].ToArray());
        var marks = new Mark[forest.Count];
        marks.AsSpan().Fill(Mark.Coarsen);
        Assert.Equal(forest.Starts, forest.Adapt(marks, 9).Starts);
    }

    [Fact]
    public void Leaves_of_no_forest_are_refused() => Assert.Throws<InvalidDataException>(() => CellForest.FromStarts(2, [0, 1, 3, 4]));

    [Fact]
    public void Marks_have_a_buffer_and_a_gap_between_refining_and_coarsening()
    {
        var marks = new Mark[7];

        new PulseMarker(refineAbove: 1, coarsenBelow: 0.25, buffer: 1).Mark([0.1, 0.1, 0.1, 2, 0.5, 0.5, 0.1], marks);

        Assert.Equal([Mark.Coarsen, Mark.Coarsen, Mark.Refine, Mark.Refine, Mark.Refine, Mark.Keep, Mark.Coarsen], marks);
    }
}
