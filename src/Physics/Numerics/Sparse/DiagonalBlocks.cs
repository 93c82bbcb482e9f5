using System.Runtime.CompilerServices;

namespace ActorMultiscale.Physics.Numerics.Sparse;

/// <summary>The diagonal blocks of a matrix.</summary>
internal static class DiagonalBlocks
{
    /// <summary>The inverse of each, b² numbers a block row.</summary>
    /// <param name="a">The matrix.</param>
    /// <param name="level">Its level, for the message.</param>
    /// <param name="loop">The threads.</param>
    /// <exception cref="ArgumentException">A block is not positive definite.</exception>
    public static double[] Inverse(BlockRows<double> a, int level, ChunkedLoop loop)
    {
        var b = a.Rows;
        var inverse = new double[a.RowBlocks * b * b];
        var bad = new int[ChunkedLoop.Chunks(a.RowBlocks, a.ChunkRows)];
        Array.Fill(bad, -1);
        loop.Run(a.RowBlocks, a.ChunkRows, (chunk, first, past) =>
        {
            var factor = new double[b * b];
            for (var i = first; i < past; i++)
            {
                var block = a.Find(i, i);
                if (bad[chunk] < 0 && (block < 0 || !Invert(a.Values.AsSpan(block * b * b, b * b), factor, inverse.AsSpan(i * b * b, b * b), b)))
                {
                    bad[chunk] = i;
                }
            }
        });

        // The first one, whoever found it first.
        if (Array.FindIndex(bad, i => i >= 0) is var found && found >= 0)
        {
            throw new ArgumentException(
                $"The diagonal block of node {bad[found]}{(level == 0 ? "" : $" on level {level}")} is not positive definite. Is a body left free to move, or a stiffness negative?", nameof(a));
        }

        return inverse;
    }

    // By A = L Lᵀ, then column by column.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static bool Invert(ReadOnlySpan<double> a, Span<double> l, Span<double> to, int b)
    {
        for (var j = 0; j < b; j++)
        {
            for (var i = j; i < b; i++)
            {
                var sum = a[(i * b) + j];
                for (var k = 0; k < j; k++)
                {
                    sum -= l[(i * b) + k] * l[(j * b) + k];
                }

                if (i == j && !(sum > 0 && double.IsFinite(sum)))
                {
                    return false;
                }

                l[(i * b) + j] = i == j ? Math.Sqrt(sum) : sum / l[(j * b) + j];
            }
        }

        to.Clear();
        for (var c = 0; c < b; c++)
        {
            var x = to.Slice(c * b, b);
            x[c] = 1;
            for (var i = c; i < b; i++)
            {
                for (var k = c; k < i; k++)
                {
                    x[i] -= l[(i * b) + k] * x[k];
                }

                x[i] /= l[(i * b) + i];
            }

            for (var i = b - 1; i >= 0; i--)
            {
                for (var k = i + 1; k < b; k++)
                {
                    x[i] -= l[(k * b) + i] * x[k];
                }

                x[i] /= l[(i * b) + i];
            }
        }

        return true;
    }
}
