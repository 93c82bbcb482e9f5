namespace ActorMultiscale.Physics.Numerics;

/// <summary>
/// A function given at equal distances, read in between by cubic Hermite splines. Slopes are differences over five points,
/// s = (y₋₂ − 8 y₋₁ + 8 y₊₁ − y₊₂)/12 per spacing, over three at the second points and over two at the ends: the interpolation for
/// which tabulated potentials are commonly made.
/// </summary>
public sealed class HermiteTable
{
    private readonly double[] _y;
    private readonly double[] _s;
    private readonly double _spacing;

    /// <summary>A table of <paramref name="values"/> at 0, h, 2h, …; at least five.</summary>
    /// <param name="values">The values; copied.</param>
    /// <param name="spacing">h, above zero.</param>
    public HermiteTable(ReadOnlySpan<double> values, double spacing)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(values.Length, 5, nameof(values));
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(spacing);
        _y = values.ToArray();
        _spacing = spacing;
        var n = _y.Length;
        _s = new double[n];
        _s[0] = _y[1] - _y[0];
        _s[1] = 0.5 * (_y[2] - _y[0]);
        _s[n - 2] = 0.5 * (_y[n - 1] - _y[n - 3]);
        _s[n - 1] = _y[n - 1] - _y[n - 2];
        for (var i = 2; i < n - 2; i++)
        {
            _s[i] = ((_y[i - 2] - _y[i + 2]) + (8 * (_y[i + 1] - _y[i - 1]))) / 12;
        }
    }

    /// <summary>The last argument of the table.</summary>
    public double Last => (_y.Length - 1) * _spacing;

    /// <summary>The distance of two arguments of the table.</summary>
    public double Spacing => _spacing;

    /// <summary>How many cubics there are: one between each two points.</summary>
    public int Intervals => _y.Length - 1;

    /// <summary>The cubic c₀ + c₁ p + c₂ p² + c₃ p³ of an interval, 0 ≤ p ≤ 1 from its one end to the other.</summary>
    public (double C0, double C1, double C2, double C3) Cubic(int interval)
    {
        var (rise, s0, s1) = (_y[interval + 1] - _y[interval], _s[interval], _s[interval + 1]);
        return (_y[interval], s0, (3 * rise) - (2 * s0) - s1, s0 + s1 - (2 * rise));
    }

    /// <summary>Value and slope at <paramref name="x"/> ≥ 0; past the last point the value there is held.</summary>
    public (double Value, double Slope) At(double x)
    {
        var position = x / _spacing;
        var i = Math.Clamp((int)position, 0, _y.Length - 2);
        var p = Math.Min(position - i, 1);
        var (c0, c1, c2, c3) = Cubic(i);
        return ((((((c3 * p) + c2) * p) + c1) * p) + c0, ((((3 * c3 * p) + (2 * c2)) * p) + c1) / _spacing);
    }
}
