using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Coupling.Mapping;

/// <summary>
/// Polynomials that are orthonormal on a set of points: Σ_j q_k(x_j) q_l(x_j) = δ_kl. The first is constant, then the linear ones along the
/// principal axes, which are orthogonal as they are, then the quadratic ones, made so by Gram and Schmidt (G. E. Forsythe, J. SIAM 5 (1957) 74).
/// </summary>
internal sealed class OrthonormalPolynomials
{
    // A direction has quadratic terms if points extend in it by this share of the greatest extent: across a thin or curved layer a square says nothing
    // that is not round-off or curvature, and leads far astray beside it.
    private const double LeastExtent = 0.1;

    // What is left of a quadratic term beside the others, of its norm. Points on a conic have one such term fewer.
    private const double LeastRest = 1e-3;

    // Points per term, for quadratic ones: they would rather follow errors than the field.
    private const int PointsPerTerm = 3;

    private readonly PrincipalAxes _axes;
    private readonly Vec3 _scale;
    private readonly List<(int First, int Second)> _terms = [];      // −1 for a factor of 1.
    private readonly List<double[]> _coefficients = [];             // Of the terms up to its own, for each polynomial.
    private readonly List<double[]> _values = [];                   // Of each polynomial at the points.

    /// <summary>Of a degree of 1 or 2 on the given points; quadratic terms only where points determine them well.</summary>
    public OrthonormalPolynomials(ReadOnlySpan<Vec3> points, PrincipalAxes axes, int degree)
    {
        _axes = axes;
        var n = points.Length;
        double Inverse(double square) => square > 0 ? Math.Sqrt(n / square) : 0;
        _scale = new Vec3(Inverse(axes.Squares.X), Inverse(axes.Squares.Y), Inverse(axes.Squares.Z));
        Add(points, -1, -1);
        for (var a = 0; a < axes.Count; a++)
        {
            Add(points, a, -1);
        }

        var broad = 0;
        while (broad < axes.Count && axes.Squares[broad] > LeastExtent * LeastExtent * axes.Squares.X)
        {
            broad++;
        }

        if (degree > 1 && n >= PointsPerTerm * (Count + (broad * (broad + 1) / 2)))
        {
            for (var a = 0; a < broad; a++)
            {
                for (var b = 0; b <= a; b++)
                {
                    Add(points, a, b);
                }
            }
        }
    }

    /// <summary>How many polynomials.</summary>
    public int Count => _values.Count;

    /// <summary>The values of one at the points.</summary>
    public ReadOnlySpan<double> AtPoints(int polynomial) => _values[polynomial];

    /// <summary>The value of one at any place.</summary>
    public double At(int polynomial, Vec3 place)
    {
        var sum = 0.0;
        var coefficients = _coefficients[polynomial];
        for (var t = 0; t < coefficients.Length; t++)
        {
            sum += coefficients[t] * Term(_terms[t], place);
        }

        return sum;
    }

    private double Term((int First, int Second) term, Vec3 place) => Factor(term.First, place) * Factor(term.Second, place);

    private double Factor(int axis, Vec3 place) => axis < 0 ? 1 : Vec3.Dot(place - _axes.Center, _axes[axis]) * _scale[axis];

    private void Add(ReadOnlySpan<Vec3> points, int first, int second)
    {
        var u = new double[points.Length];
        for (var j = 0; j < u.Length; j++)
        {
            u[j] = Term((first, second), points[j]);
        }

        var coefficients = new double[_terms.Count + 1];
        coefficients[^1] = 1;
        var norm = FixedOrderSum.Norm(u);

        // Linear terms are orthogonal already. Twice is enough for the others.
        for (var pass = 0; pass < 2 && second >= 0; pass++)
        {
            for (var k = 0; k < _values.Count; k++)
            {
                var product = FixedOrderSum.Dot(_values[k], u);
                for (var j = 0; j < u.Length; j++)
                {
                    u[j] -= product * _values[k][j];
                }

                for (var t = 0; t < _coefficients[k].Length; t++)
                {
                    coefficients[t] -= product * _coefficients[k][t];
                }
            }
        }

        var rest = FixedOrderSum.Norm(u);
        if (second >= 0 && !(rest > LeastRest * norm))
        {
            return;
        }

        for (var j = 0; j < u.Length; j++)
        {
            u[j] /= rest;
        }

        for (var t = 0; t < coefficients.Length; t++)
        {
            coefficients[t] /= rest;
        }

        _terms.Add((first, second));
        _coefficients.Add(coefficients);
        _values.Add(u);
    }
}
