using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ActorMultiscale.Physics.Numerics;

/// <summary>The error function of eight numbers at once.</summary>
/// <remarks>
/// (1 + 2x) e^(x²) erfc(x) is a smooth function of t = (x − 3.75)/(x + 3.75) from x = 0 to infinity
/// (M. M. Shepherd, J. G. Laframboise, Math. Comp. 36 (1981) 249). The coefficients are those of its Chebyshev series in t up to t²², computed
/// with 60 digits and written as powers of t. The rounding of x² is made up for, so that the relative error of erfc stays below 1e-15.
/// </remarks>
internal static class ErrorFunction
{
    private const double Middle = 3.75;

    /// <summary>2/√π.</summary>
    public const double TwoOverRootPi = 1.1283791670955126;

    /// <summary>erfc(x), and e^(−x²), for x of zero or more.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> Complement(Vector512<double> x, out Vector512<double> gauss)
    {
        static Vector512<double> C(double value) => Vector512.Create(value);
        var one = Vector512<double>.One;
        var square = x * x;
        var rest = Vector512.FusedMultiplyAdd(x, x, -square);
        gauss = Exponential.Of(-square);
        gauss = Vector512.FusedMultiplyAdd(gauss, -rest, gauss);
        var t = (x - C(Middle)) / (x + C(Middle));
        var t2 = t * t;

        // Even and odd powers by themselves: two short chains are faster than a long one.
        var even = Vector512.FusedMultiplyAdd(C(-2.623107347133476e-09), t2, C(3.197926671666804e-08));
        even = Vector512.FusedMultiplyAdd(even, t2, C(-2.4857126248016745e-07));
        even = Vector512.FusedMultiplyAdd(even, t2, C(1.7419821586224816e-06));
        even = Vector512.FusedMultiplyAdd(even, t2, C(-1.1438048033346894e-05));
        even = Vector512.FusedMultiplyAdd(even, t2, C(5.164652974177416e-05));
        even = Vector512.FusedMultiplyAdd(even, t2, C(0.000293714378044958));
        even = Vector512.FusedMultiplyAdd(even, t2, C(-0.009746579683265262));
        even = Vector512.FusedMultiplyAdd(even, t2, C(-0.05869339857664934));
        even = Vector512.FusedMultiplyAdd(even, t2, C(-0.10880393014244462));
        even = Vector512.FusedMultiplyAdd(even, t2, C(0.0035854154854790257));
        even = Vector512.FusedMultiplyAdd(even, t2, C(1.2375126308378275));
        var odd = Vector512.FusedMultiplyAdd(C(-1.9551358868985616e-09), t2, C(1.879082322370048e-08));
        odd = Vector512.FusedMultiplyAdd(odd, t2, C(-5.084465378687302e-08));
        odd = Vector512.FusedMultiplyAdd(odd, t2, C(-9.792625707303523e-07));
        odd = Vector512.FusedMultiplyAdd(odd, t2, C(2.2387565714911816e-05));
        odd = Vector512.FusedMultiplyAdd(odd, t2, C(-0.00029015535246077655));
        odd = Vector512.FusedMultiplyAdd(odd, t2, C(0.0017556261651970652));
        odd = Vector512.FusedMultiplyAdd(odd, t2, C(0.02836227737211114));
        odd = Vector512.FusedMultiplyAdd(odd, t2, C(0.09230432116428125));
        odd = Vector512.FusedMultiplyAdd(odd, t2, C(0.08227673848999506));
        odd = Vector512.FusedMultiplyAdd(odd, t2, C(-0.14024059858554525));
        return Vector512.FusedMultiplyAdd(odd, t, even) * gauss / (one + x + x);
    }

    /// <summary>erf(x)/x, and −(1/x) times its slope, for x of zero or more: neither loses digits where x is small.</summary>
    public static (double Value, double MinusSlopeOverX) Ratio(double x)
    {
        if (x > 0.5)
        {
            var value = (1 - Complement(Vector512.Create(x), out var gauss)[0]) / x;
            return (value, (value - (TwoOverRootPi * gauss[0])) / (x * x));
        }

        // erf(x)/x = 2/√π Σ (−1)ⁿ x²ⁿ/[n! (2n + 1)]; fourteen terms are enough for x ≤ ½.
        var (sum, slope, power, x2) = (1.0, 0.0, 1.0, x * x);
        for (var n = 1; n < 15; n++)
        {
            power /= -n;
            slope -= power * 2 * n / ((2 * n) + 1);
            power *= x2;
            sum += power / ((2 * n) + 1);
        }

        return (TwoOverRootPi * sum, TwoOverRootPi * slope);
    }
}
