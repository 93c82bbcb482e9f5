using System.Runtime.CompilerServices;

namespace ActorMultiscale.Physics.Numerics.Sparse;

/// <summary>Block rows in groups, each of which becomes one node of the coarser level.</summary>
/// <remarks>After: Vaněk, Mandel, Brezina, Computing 56, 179 (1996), algorithm 5.1, with whole block rows for its nodes.</remarks>
internal sealed class Aggregates
{
    private Aggregates(int count, int[] of) => (Count, Of) = (count, of);

    /// <summary>The number of groups.</summary>
    public int Count { get; }

    /// <summary>The group of each block row; −1 where it is coupled to nothing and needs no coarse correction.</summary>
    public int[] Of { get; }

    /// <summary>
    /// The strength ‖A_ij‖² / (‖A_ii‖ ‖A_jj‖) of every block, by Frobenius norms; 0 on the diagonal and for those of at most θ².
    /// </summary>
    public static float[] Strengths(BlockRows<double> a, double threshold, ChunkedLoop loop)
    {
        var numbers = a.Rows * a.Columns;
        var diagonal = new double[a.RowBlocks];
        var strengths = new float[a.BlockColumns.Length];
        loop.Run(a.RowBlocks, a.ChunkRows, (_, first, past) =>
        {
            for (var i = first; i < past; i++)
            {
                var block = a.Find(i, i);
                diagonal[i] = block < 0 ? 0 : Math.Sqrt(SquaredNorm(a.Values.AsSpan(block * numbers, numbers)));
            }
        });
        loop.Run(a.RowBlocks, a.ChunkRows, (_, first, past) =>
        {
            for (var i = first; i < past; i++)
            {
                for (var k = a.RowStart[i]; k < a.RowStart[i + 1]; k++)
                {
                    var j = a.BlockColumns[k];
                    var square = SquaredNorm(a.Values.AsSpan(k * numbers, numbers));
                    var product = diagonal[i] * diagonal[j];
                    strengths[k] = j != i && square > threshold * threshold * product ? (float)(square / product) : 0;
                }
            }
        });
        return strengths;
    }

    /// <summary>
    /// Groups of strongly coupled rows: first whole neighborhoods that are free; then what is left joins the neighbor it is coupled to most;
    /// then what is left forms groups of its own. Visits rows in order, so it is the same on any number of threads.
    /// </summary>
    public static Aggregates Build(BlockRows<double> a, float[] strengths)
    {
        var of = new int[a.RowBlocks];
        Array.Fill(of, -1);
        var count = 0;
        for (var i = 0; i < a.RowBlocks; i++)
        {
            var free = of[i] < 0;
            var coupled = false;
            for (var k = a.RowStart[i]; free && k < a.RowStart[i + 1]; k++)
            {
                coupled |= strengths[k] > 0;
                free = strengths[k] == 0 || of[a.BlockColumns[k]] < 0;
            }

            if (free && coupled)
            {
                Take(i, count++);
            }
        }

        // Those that join are marked apart, so that none joins a neighbor who has just joined.
        var joined = new int[a.RowBlocks];
        Array.Fill(joined, -1);
        for (var i = 0; i < a.RowBlocks; i++)
        {
            var strongest = 0f;
            for (var k = a.RowStart[i]; of[i] < 0 && k < a.RowStart[i + 1]; k++)
            {
                if (strengths[k] > strongest && of[a.BlockColumns[k]] >= 0)
                {
                    (strongest, joined[i]) = (strengths[k], of[a.BlockColumns[k]]);
                }
            }
        }

        for (var i = 0; i < a.RowBlocks; i++)
        {
            of[i] = of[i] < 0 ? joined[i] : of[i];
        }

        for (var i = 0; i < a.RowBlocks; i++)
        {
            if (of[i] < 0 && strengths.AsSpan(a.RowStart[i], a.RowStart[i + 1] - a.RowStart[i]).ContainsAnyExcept(0f))
            {
                Take(i, count++);
            }
        }

        return new(count, of);

        void Take(int i, int group)
        {
            of[i] = group;
            for (var k = a.RowStart[i]; k < a.RowStart[i + 1]; k++)
            {
                if (strengths[k] > 0 && of[a.BlockColumns[k]] < 0)
                {
                    of[a.BlockColumns[k]] = group;
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double SquaredNorm(ReadOnlySpan<double> block)
    {
        var sum = 0.0;
        foreach (var value in block)
        {
            sum += value * value;
        }

        return sum;
    }
}
