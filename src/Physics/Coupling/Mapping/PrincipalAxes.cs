using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Physics.Coupling.Mapping;

/// <summary>
/// The directions in which a set of points extends: eigenvectors of Σ (x−c)(x−c)ᵀ about a center c, by falling extent. Directions in which
/// the points hardly extend are left out, so that what is fitted along the others stays well-conditioned for collinear and coplanar points.
/// </summary>
internal readonly struct PrincipalAxes
{
    // Least extent of a direction over the greatest one. Equal to a condition number of 10⁵ for the fit of a linear function.
    private const double LeastExtent = 1e-5;

    private readonly Vec3 _first;
    private readonly Vec3 _second;
    private readonly Vec3 _third;

    /// <summary>Of points given by index.</summary>
    public PrincipalAxes(ReadOnlySpan<Vec3> points, ReadOnlySpan<int> indices, Vec3 center)
    {
        Center = center;
        Span<double> a = stackalloc double[9];
        foreach (var i in indices)
        {
            var d = points[i] - center;
            a[0] += d.X * d.X;
            a[1] += d.X * d.Y;
            a[2] += d.X * d.Z;
            a[4] += d.Y * d.Y;
            a[5] += d.Y * d.Z;
            a[8] += d.Z * d.Z;
        }

        (a[3], a[6], a[7]) = (a[1], a[2], a[5]);
        Span<double> v = [1, 0, 0, 0, 1, 0, 0, 0, 1];
        Rotate(a, v);
        Span<int> order = [0, 1, 2];
        for (var i = 0; i < 2; i++)
        {
            for (var j = i + 1; j < 3; j++)
            {
                if (a[4 * order[j]] > a[4 * order[i]])
                {
                    (order[i], order[j]) = (order[j], order[i]);
                }
            }
        }

        (_first, _second, _third) = (Column(v, order[0]), Column(v, order[1]), Column(v, order[2]));
        Squares = new Vec3(a[4 * order[0]], a[4 * order[1]], a[4 * order[2]]);
        var least = LeastExtent * LeastExtent * Squares.X;
        Count = !(Squares.X > 0) ? 0 : Squares.Y <= least ? 1 : Squares.Z <= least ? 2 : 3;
    }

    /// <summary>The center that the axes go through.</summary>
    public Vec3 Center { get; }

    /// <summary>How many directions the points extend in: 0 to 3.</summary>
    public int Count { get; }

    /// <summary>Σ ξ² along each direction, m²; meaningful for the first <see cref="Count"/>.</summary>
    public Vec3 Squares { get; }

    /// <summary>A direction, of length 1.</summary>
    public Vec3 this[int axis] => axis switch { 0 => _first, 1 => _second, _ => _third };

    private static Vec3 Column(ReadOnlySpan<double> v, int column) => new(v[column], v[3 + column], v[6 + column]);

    // Cyclic Jacobi rotations (Golub, Van Loan, section 8.5): v collects them, a becomes diagonal.
    private static void Rotate(Span<double> a, Span<double> v)
    {
        for (var sweep = 0; sweep < 30; sweep++)
        {
            var off = Math.Abs(a[1]) + Math.Abs(a[2]) + Math.Abs(a[5]);
            if (off <= 1e-300 || off <= 1e-20 * (a[0] + a[4] + a[8]))
            {
                return;
            }

            for (var p = 0; p < 2; p++)
            {
                for (var q = p + 1; q < 3; q++)
                {
                    var apq = a[(3 * p) + q];
                    if (apq == 0)
                    {
                        continue;
                    }

                    var theta = (a[4 * q] - a[4 * p]) / (2 * apq);
                    var t = Math.CopySign(1, theta) / (Math.Abs(theta) + Math.Sqrt((theta * theta) + 1));
                    var c = 1 / Math.Sqrt((t * t) + 1);
                    var s = t * c;
                    for (var k = 0; k < 3; k++)
                    {
                        var (akp, akq) = (a[(3 * k) + p], a[(3 * k) + q]);
                        (a[(3 * k) + p], a[(3 * k) + q]) = ((c * akp) - (s * akq), (s * akp) + (c * akq));
                    }

                    for (var k = 0; k < 3; k++)
                    {
                        var (apk, aqk) = (a[(3 * p) + k], a[(3 * q) + k]);
                        (a[(3 * p) + k], a[(3 * q) + k]) = ((c * apk) - (s * aqk), (s * apk) + (c * aqk));
                    }

                    for (var k = 0; k < 3; k++)
                    {
                        var (vkp, vkq) = (v[(3 * k) + p], v[(3 * k) + q]);
                        (v[(3 * k) + p], v[(3 * k) + q]) = ((c * vkp) - (s * vkq), (s * vkp) + (c * vkq));
                    }
                }
            }
        }
    }
}
