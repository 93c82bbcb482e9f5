using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ActorMultiscale.Physics.Numerics;

/// <summary>
/// e^x of eight numbers, with the same bits wherever and whenever it is computed. That of the library may fuse a product and a sum or not,
/// as the processor and the stage of compilation have it.
/// </summary>
internal static class Exponential
{
    private const double PerLog2 = 1.4426950408889634;
    private const double Log2High = 0.693147180369123816490;        // ln 2 in two parts; the first has 32 bits, so that its product with k is exact.
    private const double Log2Low = 1.90821492927058770002e-10;
    private const double Least = -708;                              // 2^k is a number of full precision up to here,
    private const double Greatest = 709;                            // and no infinity up to here.

    // 1/n!, n from 13 down to 2.
    private static ReadOnlySpan<double> Coefficients =>
    [
        1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320, 1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 1.0 / 2,
    ];

    /// <summary>e^x.</summary>
    /// <param name="x">Below −708 the result is zero, above 709 infinite. What is not a number stays so.</param>
    /// <remarks>x = k ln 2 + r with |r| ≤ ½ ln 2, and e^r by its series to r¹³, of which the rest is below 2⁻⁵⁷.</remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> Of(Vector512<double> x)
    {
        var inside = Vector512.ConditionalSelect(Vector512.GreaterThanOrEqual(x, Vector512.Create(Least)) & Vector512.LessThanOrEqual(x, Vector512.Create(Greatest)), x, Vector512<double>.Zero);
        var k = Vector512.Round(inside * Vector512.Create(PerLog2));
        var r = Vector512.FusedMultiplyAdd(-k, Vector512.Create(Log2High), inside);
        r = Vector512.FusedMultiplyAdd(-k, Vector512.Create(Log2Low), r);
        var c = Coefficients;
        var sum = Vector512.Create(c[0]);
        for (var n = 1; n < 12; n++)
        {
            sum = Vector512.FusedMultiplyAdd(sum, r, Vector512.Create(c[n]));
        }

        // 1 + (r + r² Σ), times 2^k by adding k to the exponent.
        sum = Vector512<double>.One + Vector512.FusedMultiplyAdd(r * r, sum, r);
        var result = (sum.AsInt64() + Vector512.ShiftLeft(Vector512.ConvertToInt64(k), 52)).AsDouble();
        result = Vector512.ConditionalSelect(Vector512.LessThan(x, Vector512.Create(Least)), Vector512<double>.Zero, result);
        result = Vector512.ConditionalSelect(Vector512.GreaterThan(x, Vector512.Create(Greatest)), Vector512.Create(double.PositiveInfinity), result);
        return Vector512.ConditionalSelect(Vector512.Equals(x, x), result, x);
    }
}
