using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Continuum.Time;

/// <summary>Diagonal masses, and the longest step that explicit schemes may take with them.</summary>
public static class LumpedMass
{
    private const int MostIterations = 300;

    /// <summary>m_i = Σ_j M_ij. After: Hughes, "The Finite Element Method" (1987), section 7.3.2.</summary>
    /// <param name="mass">M.</param>
    /// <exception cref="ScaleModelException">A sum is not positive, as at the vertices of triangles and tetrahedra of degree 2.</exception>
    public static double[] RowSums(CsrMatrix mass)
    {
        ArgumentNullException.ThrowIfNull(mass);
        var sums = new double[mass.RowCount];
        for (var i = 0; i < sums.Length; i++)
        {
            sums[i] = FixedOrderSum.Of(mass.Values[mass.RowStart[i]..mass.RowStart[i + 1]]);
            if (!(sums[i] > 0))
            {
                throw new ScaleModelException(FormattableString.Invariant(
                    $"Row {i} of the mass matrix has the sum {sums[i]}; a lumped mass is positive. Triangles and tetrahedra of degree 2 have vertices without; use degree 1."));
            }
        }

        return sums;
    }

    /// <summary>
    /// 2/ω of the highest frequency of K x = ω² m x with fixed dofs: the longest step of central differences without damping. ω² is what power iteration
    /// finds, made greater by its residual, and at most the greatest Σ_j |K_ij| / m_i, which no eigenvalue is beyond.
    /// </summary>
    /// <param name="stiffness">K, symmetric.</param>
    /// <param name="mass">m.</param>
    /// <param name="constraints">The fixed dofs; none if null.</param>
    public static double LongestStep(CsrMatrix stiffness, ReadOnlySpan<double> mass, Constraints? constraints = null)
    {
        ArgumentNullException.ThrowIfNull(stiffness);
        ArgumentOutOfRangeException.ThrowIfNotEqual(mass.Length, stiffness.RowCount, nameof(mass));
        var (n, bound) = (mass.Length, 0.0);
        var (x, y) = (new double[n], new double[n]);
        for (var i = 0; i < n; i++)
        {
            var sum = 0.0;
            foreach (var k in stiffness.Values[stiffness.RowStart[i]..stiffness.RowStart[i + 1]])
            {
                sum += Math.Abs(k);
            }

            var isFixed = constraints?.Contains(i) ?? false;
            bound = isFixed ? bound : Math.Max(bound, sum / mass[i]);

            // High frequencies alternate; the irrational part meets any mode.
            x[i] = isFixed ? 0 : (1 + (i * 0.6180339887498949 % 1)) * ((i & 1) == 0 ? 1 : -1);
        }

        // With x = m^½ z the operator m^-½ K m^-½ is symmetric, and an eigenvalue lies within ‖B z − λ z‖ of λ.
        var (square, last) = (bound, 0.0);
        for (var iteration = 0; iteration < MostIterations; iteration++)
        {
            var norm = 0.0;
            for (var i = 0; i < n; i++)
            {
                norm += mass[i] * x[i] * x[i];
            }

            norm = Math.Sqrt(norm);
            if (norm == 0)
            {
                break;
            }

            for (var i = 0; i < n; i++)
            {
                x[i] /= norm;
            }

            stiffness.Multiply(x, y);
            var (lambda, residual) = (FixedOrderSum.Dot(x, y), 0.0);
            for (var i = 0; i < n; i++)
            {
                y[i] = constraints?.Contains(i) ?? false ? 0 : y[i] / mass[i];
                residual += mass[i] * (y[i] - (lambda * x[i])) * (y[i] - (lambda * x[i]));
            }

            (x, y) = (y, x);
            residual = Math.Sqrt(residual);
            square = Math.Min(bound, lambda + residual);
            if (residual <= 1e-3 * lambda || (iteration > 30 && Math.Abs(lambda - last) <= 1e-6 * lambda && residual <= 0.02 * lambda))
            {
                break;
            }

            last = lambda;
        }

        return 2 / Math.Sqrt(square);
    }
}
