using System.Globalization;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Coupling.Mapping;

/// <summary>
/// Interpolation by radial basis functions at some source points, as weights: the value at a target is Σ_j w_j f_j.
/// </summary>
/// <remarks>
/// With C_ij = φ(|x_i−x_j|) between sources, A_ij = φ(|y_i−x_j|) from sources to targets, and linear polynomials Q at the sources and V at the
/// targets, the matrix of weights is
/// <list type="bullet">
/// <item>off: A C⁻¹;</item>
/// <item>on: the first n columns of [A V] [C Q; Qᵀ 0]⁻¹;</item>
/// <item>separate: A C⁻¹ (I − Q Q⁺) + V Q⁺: the polynomial by least squares, the rest by radial functions.</item>
/// </list>
/// Polynomials run along the principal axes of the sources, so that collinear and coplanar points pose no difficulty: the mapped field is constant
/// across them. In a cluster of a partition of unity the polynomial is quadratic where the points determine one, and 'separate' is the same as 'on':
/// least squares first cost accuracy, and what they save is of use for many points only. After: H. Wendland, Scattered Data Approximation (2005), chapters 8 and 11; F. Lindner, M. Mehl, B. Uekermann, Proc. COUPLED 2017, 106.
/// </remarks>
internal sealed class RadialInterpolant
{
    // The greatest Σ_j |w_j| of a row. Errors of the values are amplified by no more than this.
    private const double GreatestAmplification = 1e6;

    // How far the sum of weights may be from 1 before the interpolant of constants is replaced by the nearest value.
    private const double GreatestRescaling = 10;

    // Support radius over spacing where none is given. Wider functions err less and lose digits: at ten, C4 loses half of them at most.
    private const double WidthOverSpacing = 10;

    private readonly Vec3[] _sources;
    private readonly RadialFunction _function;
    private readonly PolynomialTerm _polynomial;
    private readonly PrincipalAxes _axes;
    private readonly OrthonormalPolynomials _polynomials;
    private readonly double _scale;
    private readonly DenseFactor? _factor;

    /// <summary>Factors the matrix between sources.</summary>
    /// <param name="points">The source cloud.</param>
    /// <param name="indices">Which of its points are sources.</param>
    /// <param name="spec">The function and the polynomial.</param>
    /// <param name="isCluster">Whether they are few: a polynomial is then quadratic where the points determine one, and in one system with the functions.</param>
    /// <param name="loop">Who works.</param>
    public RadialInterpolant(ReadOnlySpan<Vec3> points, ReadOnlySpan<int> indices, MappingSpec spec, bool isCluster, ChunkedLoop loop)
    {
        _polynomial = isCluster && spec.Polynomial == PolynomialTerm.Separate ? PolynomialTerm.On : spec.Polynomial;
        var n = indices.Length;
        _sources = new Vec3[n];
        var center = Vec3.Zero;
        for (var i = 0; i < n; i++)
        {
            _sources[i] = points[indices[i]];
            center += _sources[i];
        }

        _axes = new PrincipalAxes(points, indices, center / n);
        _function = new RadialFunction(spec.Basis, spec.SupportRadius ?? (spec.ShapeParameter is null ? WidthOverSpacing * Spacing() : null), spec.ShapeParameter);
        _polynomials = new OrthonormalPolynomials(_sources, _axes, degree: isCluster && _polynomial != PolynomialTerm.Off ? 2 : 1);

        // The value of a single point is taken everywhere where there is a polynomial, or no function to speak of.
        if (n == 1 && (_polynomial != PolynomialTerm.Off || _function.At(0) == 0))
        {
            return;
        }

        var size = n + Appended;
        var stride = DenseFactor.Padded(size);
        var matrix = new double[size * stride];
        var greatest = 0.0;
        for (var i = 0; i < n; i++)
        {
            for (var j = 0; j <= i; j++)
            {
                var value = _function.At((_sources[i] - _sources[j]).NormSquared);
                greatest = Math.Max(greatest, Math.Abs(value));
                matrix[(i * stride) + j] = matrix[(j * stride) + i] = value;
            }
        }

        // The polynomial's columns are made as long as those of the functions: pivots are chosen by size.
        _scale = (greatest > 0 ? greatest : 1) * Math.Sqrt(n);
        for (var k = 0; k < Appended; k++)
        {
            for (var i = 0; i < n; i++)
            {
                matrix[(i * stride) + n + k] = matrix[((n + k) * stride) + i] = _scale * _polynomials.AtPoints(k)[i];
            }
        }

        try
        {
            _factor = new DenseFactor(matrix, size, loop);
        }
        catch (ArithmeticException fault)
        {
            throw new InvalidOperationException(
                $"The radial basis matrix of {n} points is singular ({fault.Message}). {spec.Basis} with the polynomial {spec.Polynomial} does not determine the field there: the support radius or the shape is too wide for so close points, or the basis needs the polynomial {PolynomialTerm.On}.", fault);
        }
    }

    // The greatest extent over the number of points along it.
    private double Spacing()
    {
        var box = Box.Empty;
        foreach (var source in _sources)
        {
            box = box.With(Box.Of(source));
        }

        return (box.High - box.Low).Norm / Math.Pow(_sources.Length, 1.0 / Math.Max(1, _axes.Count));
    }

    private int Appended => _polynomial == PolynomialTerm.On ? _polynomials.Count : 0;

    /// <summary>The weights of some targets: one row a source, of <see cref="DenseFactor.Padded"/>(targets) numbers.</summary>
    /// <param name="points">The target cloud.</param>
    /// <param name="indices">Which of its points are targets.</param>
    /// <param name="sumsToOne">Whether the weights of every target sum to 1 even without a polynomial.</param>
    public double[] Weights(ReadOnlySpan<Vec3> points, ReadOnlySpan<int> indices, bool sumsToOne)
    {
        var (n, m) = (_sources.Length, indices.Length);
        var width = DenseFactor.Padded(m);
        var weights = new double[(n + Appended) * width];
        if (_factor is null)
        {
            weights.AsSpan(0, m).Fill(1);
            return weights;
        }

        for (var j = 0; j < n; j++)
        {
            for (var i = 0; i < m; i++)
            {
                weights[(j * width) + i] = _function.At((points[indices[i]] - _sources[j]).NormSquared);
            }
        }

        for (var k = 0; k < Appended; k++)
        {
            for (var i = 0; i < m; i++)
            {
                weights[((n + k) * width) + i] = _scale * _polynomials.At(k, points[indices[i]]);
            }
        }

        // The matrix is symmetric, so that W = A C⁻¹ is Wᵀ = C⁻¹ Aᵀ.
        _factor.Solve(weights, width);
        weights = Appended == 0 ? weights : weights[..(n * width)];
        if (_polynomial == PolynomialTerm.Separate)
        {
            AddPolynomial(weights, width, points, indices);
        }

        Normalize(weights, width, points, indices, sumsToOne);
        return weights;
    }

    // Wᵀ += Q (Vᵀ − Qᵀ Wᵀ): the columns of Q are orthonormal, so that Q⁺ = Qᵀ.
    private void AddPolynomial(double[] weights, int width, ReadOnlySpan<Vec3> points, ReadOnlySpan<int> indices)
    {
        var defect = new double[width];
        Span<double> column = new double[_sources.Length];
        for (var k = 0; k < _polynomials.Count; k++)
        {
            defect.AsSpan().Clear();
            for (var j = 0; j < column.Length; j++)
            {
                column[j] = -_polynomials.AtPoints(k)[j];
            }

            DenseFactor.AddRows(defect, weights, column, width);
            for (var i = 0; i < indices.Length; i++)
            {
                defect[i] += _polynomials.At(k, points[indices[i]]);
            }

            for (var j = 0; j < column.Length; j++)
            {
                DenseFactor.AddRows(weights.AsSpan(j * width, width), defect, [-column[j]], width);
            }
        }
    }

    // Constants are kept to round-off where they are kept at all. Without a polynomial the weights of target i sum to s_i, which differs from 1;
    // a transposed operator would then lose 1 − s_i of what it spreads. Dividing row i by s_i cures that and keeps the operator's order: it is
    // interpolation by the rescaled functions of S. Deparis, D. Forti, A. Quarteroni, SIAM J. Sci. Comput. 36 (2014) A2745. Where s_i is no
    // divisor to speak of, the target lies outside of what the functions reach, and the nearest source takes all.
    private void Normalize(double[] weights, int width, ReadOnlySpan<Vec3> points, ReadOnlySpan<int> indices, bool sumsToOne)
    {
        var n = _sources.Length;
        Span<double> sums = new double[width];
        Span<double> sizes = new double[width];
        for (var j = 0; j < n; j++)
        {
            for (var i = 0; i < width; i++)
            {
                var w = weights[(j * width) + i];
                sums[i] += w;
                sizes[i] += Math.Abs(w);
            }
        }

        for (var i = 0; i < indices.Length; i++)
        {
            var (sum, size) = (sums[i], sizes[i]);
            if (!(size <= GreatestAmplification) || (_polynomial != PolynomialTerm.Off && !(Math.Abs(sum - 1) < 1e-6)))
            {
                throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture,
                    $"The radial basis matrix of {n} points is ill-conditioned: weights of target point {indices[i]} sum to {sum:G6} and their sizes to {size:G3}, of which at most {GreatestAmplification:G1} is allowed. The support radius or the shape is too wide for so close points, or the target lies far outside of all sources."));
            }

            if (_polynomial == PolynomialTerm.Off && !sumsToOne)
            {
                continue;
            }

            if (sum is > 1 / GreatestRescaling and < GreatestRescaling)
            {
                var factor = 1 / sum;
                for (var j = 0; j < n; j++)
                {
                    weights[(j * width) + i] *= factor;
                }
            }
            else
            {
                var (nearest, least) = (0, double.PositiveInfinity);
                for (var j = 0; j < n; j++)
                {
                    var squared = (points[indices[i]] - _sources[j]).NormSquared;
                    weights[(j * width) + i] = 0;
                    if (squared < least)
                    {
                        (nearest, least) = (j, squared);
                    }
                }

                weights[(nearest * width) + i] = 1;
            }
        }
    }
}
