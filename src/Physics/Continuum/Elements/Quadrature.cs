using System.Collections.Immutable;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Physics.Continuum.Elements;

/// <summary>A quadrature rule on a reference cell: ∫ f dξ ≈ Σ_q w_q f(ξ_q).</summary>
public sealed class Quadrature
{
    private Quadrature(ReferenceCell cell, int degree, IEnumerable<(Vec3 Place, double Weight)> points)
    {
        (Cell, Degree) = (cell, degree);
        Points = [.. points.Select(p => p.Place)];
        Weights = [.. points.Select(p => p.Weight)];
    }

    /// <summary>The cell.</summary>
    public ReferenceCell Cell { get; }

    /// <summary>Polynomials up to this degree are integrated exactly: of total degree on simplices, of this degree in each coordinate elsewhere.</summary>
    public int Degree { get; }

    /// <summary>The places ξ_q.</summary>
    public ImmutableArray<Vec3> Points { get; }

    /// <summary>The weights w_q, all above zero.</summary>
    public ImmutableArray<double> Weights { get; }

    /// <summary>A rule of a given exactness.</summary>
    /// <remarks>
    /// Lines, quadrilaterals and hexahedra: products of Gauss' rules. Triangles: the middle (degree 1), three points (2), Radon's seven points (4, 5).
    /// Tetrahedra: the middle (1), four points (2), Walkington's fourteen (4, 5). All others: the conical product of Gauss' rules for the weights
    /// 1, 1 − t and (1 − t)².
    /// After: Stroud, "Approximate Calculation of Multiple Integrals" (1971), sections 2.4 and 8.8; Radon, Monatsh. Math. 52 (1948) 286;
    /// Walkington, "Quadrature on simplices of arbitrary dimension" (2000).
    /// </remarks>
    /// <param name="shape">The shape of the cell.</param>
    /// <param name="degree">The degree to be exact for, from 0 on.</param>
    public static Quadrature Of(CellShape shape, int degree)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(degree);
        var cell = ReferenceCell.Of(shape);
        var points = (degree / 2) + 1;
        var gauss = Gauss(points, 0);
        IEnumerable<(Vec3, double)> rule = shape switch
        {
            CellShape.Point => [(Vec3.Zero, 1)],
            CellShape.Line => gauss.Select(p => (new Vec3(p.Place, 0, 0), p.Weight)),
            CellShape.Quadrilateral => from y in gauss from x in gauss select (new Vec3(x.Place, y.Place, 0), x.Weight * y.Weight),
            CellShape.Hexahedron =>
                from z in gauss from y in gauss from x in gauss select (new Vec3(x.Place, y.Place, z.Place), x.Weight * y.Weight * z.Weight),
            CellShape.Triangle => Triangle(degree, points, gauss),
            _ => Tetrahedron(degree, points, gauss),
        };
        return new Quadrature(cell, degree, [.. rule]);
    }

    private static IEnumerable<(Vec3, double)> Triangle(int degree, int points, (double Place, double Weight)[] gauss)
    {
        // The three points with the barycentric coordinates (1 − 2a, a, a).
        static IEnumerable<(Vec3, double)> Three(double a, double weight) =>
            [(new Vec3(a, a, 0), weight), (new Vec3(1 - (2 * a), a, 0), weight), (new Vec3(a, 1 - (2 * a), 0), weight)];
        var root = Math.Sqrt(15);
        return degree switch
        {
            < 2 => [(new Vec3(1.0 / 3, 1.0 / 3, 0), 0.5)],
            2 => Three(1.0 / 6, 1.0 / 6),
            4 or 5 =>
            [
                (new Vec3(1.0 / 3, 1.0 / 3, 0), 9.0 / 80), .. Three((6 - root) / 21, (155 - root) / 2400), .. Three((6 + root) / 21, (155 + root) / 2400),
            ],

            // x = (1 − t) s, y = t: dx dy = (1 − t) ds dt.
            _ => from t in Gauss(points, 1) from s in gauss select (new Vec3((1 - t.Place) * s.Place, t.Place, 0), t.Weight * s.Weight),
        };
    }

    private static IEnumerable<(Vec3, double)> Tetrahedron(int degree, int points, (double Place, double Weight)[] gauss)
    {
        // Four points (1 − 3a, a, a, a), and six (½ − a, ½ − a, a, a).
        static IEnumerable<(Vec3, double)> Four(double a, double weight)
        {
            var b = 1 - (3 * a);
            return [(new Vec3(a, a, a), weight), (new Vec3(b, a, a), weight), (new Vec3(a, b, a), weight), (new Vec3(a, a, b), weight)];
        }

        static IEnumerable<(Vec3, double)> Six(double a, double weight)
        {
            var b = 0.5 - a;
            return
            [
                (new Vec3(a, a, b), weight), (new Vec3(a, b, a), weight), (new Vec3(b, a, a), weight),
                (new Vec3(a, b, b), weight), (new Vec3(b, a, b), weight), (new Vec3(b, b, a), weight),
            ];
        }

        return degree switch
        {
            < 2 => [(new Vec3(0.25, 0.25, 0.25), 1.0 / 6)],
            2 => Four((5 - Math.Sqrt(5)) / 20, 1.0 / 24),
            4 or 5 =>
            [
                .. Four(0.31088591926330060980, 0.11268792571801585080 / 6), .. Four(0.092735250310891226402, 0.073493043116361949544 / 6),
                .. Six(0.045503704125649649492, 0.042546020777081466438 / 6),
            ],

            // x = (1 − r)(1 − t) s, y = (1 − r) t, z = r: dx dy dz = (1 − r)² (1 − t) ds dt dr.
            _ =>
                from r in Gauss(points, 2)
                from t in Gauss(points, 1)
                from s in gauss
                select (new Vec3((1 - r.Place) * (1 - t.Place) * s.Place, (1 - r.Place) * t.Place, r.Place), r.Weight * t.Weight * s.Weight),
        };
    }

    /// <summary>Gauss' rule of n points on [0, 1] with the weight (1 − t)^α: exact for polynomials of degree 2n − 1.</summary>
    /// <remarks>
    /// The places are the zeros of the Jacobi polynomial P_n^(α,0) on [−1, 1], found by Newton's method with the zeros found before divided out.
    /// The weights on [−1, 1] are 2^(α+1) / ((1 − x²) P′²).
    /// After: Karniadakis, Sherwin, "Spectral/hp Element Methods", 2nd ed. (2005), appendix B.
    /// </remarks>
    private static (double Place, double Weight)[] Gauss(int n, int alpha)
    {
        var zeros = new double[n];
        var rule = new (double, double)[n];
        for (var k = 0; k < n; k++)
        {
            var x = -Math.Cos(Math.PI * ((2 * k) + 1) / (2 * n));
            x = k > 0 ? 0.5 * (x + zeros[k - 1]) : x;
            for (var iteration = 0; iteration < 100; iteration++)
            {
                var (value, slope) = Jacobi(n, alpha, x);
                var others = 0.0;
                for (var i = 0; i < k; i++)
                {
                    others += 1 / (x - zeros[i]);
                }

                var step = value / (slope - (others * value));
                x -= step;
                if (Math.Abs(step) < 1e-16)
                {
                    break;
                }
            }

            zeros[k] = x;
            var p = Jacobi(n, alpha, x).Slope;

            // On [−1, 1] the weight is 2^(α+1) / ((1 − x²) P′²); t = (1 + x)/2 and (1 − t)^α dt divide it by 2^(α+1).
            rule[k] = (0.5 * (1 + x), 1 / ((1 - (x * x)) * p * p));
        }

        return rule;
    }

    // P_n^(α,0) by its recurrence, and the derivative by (1 − x²)(2n + α) P′ = n (α − (2n + α) x) P_n + 2 n (n + α) P_{n−1}.
    private static (double Value, double Slope) Jacobi(int n, int a, double x)
    {
        var (before, now) = (1.0, 0.5 * (a + ((a + 2) * x)));
        for (var k = 1; k < n; k++)
        {
            var c = (2 * k) + a;
            var next = (((c + 1) * (((double)a * a) + ((double)c * (c + 2) * x)) * now) - (2.0 * (k + a) * k * (c + 2) * before)) / (2.0 * (k + 1) * (k + a + 1) * c);
            (before, now) = (now, next);
        }

        var m = (2 * n) + a;
        return (now, ((n * (a - (m * x)) * now) + (2.0 * n * (n + a) * before)) / (m * (1 - (x * x))));
    }
}
