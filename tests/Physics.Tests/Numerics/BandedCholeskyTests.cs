using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Tests.Numerics;

public sealed class BandedCholeskyTests
{
    [Theory]
    [InlineData(1, 0)]
    [InlineData(5, 0)]
    [InlineData(5, 1)]
    [InlineData(12, 3)]
    [InlineData(6, 5)]
    [InlineData(3, 7)]
    public void A_solution_times_the_matrix_is_the_right_hand_side(int size, int band)
    {
        // Diagonally dominant, hence positive definite, with entries of no particular order.
        double Entry(int i, int j) => i == j ? 4 + (2 * band) + (i % 3) : Math.Abs(i - j) <= band ? Math.Sin((i + 1) * (j + 1)) : 0;
        var lower = new double[size * (band + 1)];
        for (var i = 0; i < size; i++)
        {
            for (var j = Math.Max(0, i - band); j <= i; j++)
            {
                lower[(i * (band + 1)) + (j - i + band)] = Entry(i, j);
            }
        }

        var expected = Enumerable.Range(0, size).Select(i => 1.0 / (i + 1)).ToArray();
        var x = new double[size];
        for (var i = 0; i < size; i++)
        {
            for (var j = 0; j < size; j++)
            {
                x[i] += Entry(i, j) * expected[j];
            }
        }

        new BandedCholesky(size, band, lower).Solve(x);

        for (var i = 0; i < size; i++)
        {
            Assert.Equal(expected[i], x[i], 1e-14);     // Round-off: the condition number is below 10.
        }
    }

    [Fact]
    public void A_matrix_that_is_not_positive_definite_is_refused()
    {
        var fault = Assert.Throws<ArgumentException>(() => new BandedCholesky(2, 1, [0, 1, 2, 1]));

        Assert.Contains("not positive definite: the pivot of row 1 is -3", fault.Message, StringComparison.Ordinal);
    }
}
