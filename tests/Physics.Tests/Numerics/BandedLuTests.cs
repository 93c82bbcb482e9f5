using ActorMultiscale.Physics.Numerics;
using MathNet.Numerics.LinearAlgebra;

namespace ActorMultiscale.Tests.Numerics;

public sealed class BandedLuTests
{
    [Theory]
    [InlineData(1, 0, 1)]
    [InlineData(7, 1, 2)]
    [InlineData(40, 5, 3)]
    [InlineData(6, 10, 4)]
    public void Solutions_are_those_of_a_dense_solver_with_zeros_on_the_diagonal_too(int size, int band, ulong seed)
    {
        var random = new Philox(seed, 1);
        var matrix = new BandedLu(size, band);
        var dense = Matrix<double>.Build.Dense(size, size);
        var right = new double[size];
        for (var i = 0; i < size; i++)
        {
            right[i] = Entry(i, size);
            for (var j = Math.Max(0, i - band); j <= Math.Min(size - 1, i + band); j++)
            {
                dense[i, j] = i == j && i % 3 == 1 && band > 0 ? 0 : Entry(i, j);
                matrix.Add(i, j, dense[i, j]);
            }
        }

        var expected = dense.Solve(Vector<double>.Build.Dense(right));
        matrix.Solve(right);

        Assert.All(right.Zip(expected), pair => Assert.Equal(pair.Second, pair.First, 1e-9 * (1 + expected.InfinityNorm())));
        double Entry(int i, int j) => random.Uniform(i, 0, j) - 0.5;
    }

    [Fact]
    public void A_singular_matrix_is_refused()
    {
        var matrix = new BandedLu(2, 1);
        matrix.Add(0, 0, 1);
        matrix.Add(0, 1, 2);

        _ = Assert.Throws<ArithmeticException>(() => matrix.Solve(new double[2]));
        _ = Assert.Throws<ArgumentOutOfRangeException>(() => matrix.Add(0, 2, 1));
    }
}
