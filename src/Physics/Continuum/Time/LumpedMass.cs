using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Continuum.Time;

/// <summary>Diagonal masses, and the longest step that explicit schemes may take with them.</summary>
public static class LumpedMass
{
    private const double Shortfall = 0.01;      // ε, of ω².
    private const double Chance = 1e-9;

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
    /// 2/ω of the highest frequency of K x = ω² m x with fixed dofs: the longest step of central differences without damping, or up to half a percent less.
    /// </summary>
    /// <remarks>
    /// ω² is at most the greatest Σ_j |K_ij| / m_i. It is also at most θ/(1 − ε), with θ from Lanczos' method on m^-½ K m^-½, of any matrix but for chance of the
    /// vector to begin with: that fails with a probability of at most 1.648 √n exp(−√ε (2k − 1)) after k steps, and k is such that this is 10⁻⁹. The lesser of
    /// both is taken. After: Kuczyński, Woźniakowski, SIAM J. Matrix Anal. Appl. 13, 1094 (1992).
    /// </remarks>
    /// <param name="stiffness">K, symmetric, without negative eigenvalues.</param>
    /// <param name="mass">m.</param>
    /// <param name="constraints">The fixed dofs; none if null.</param>
    /// <exception cref="ScaleModelException">A mass is not positive, or a stiffness not finite.</exception>
    /// <returns>2/ω, s; infinite if nothing is stiff.</returns>
    public static double LongestStep(CsrMatrix stiffness, ReadOnlySpan<double> mass, Constraints? constraints = null)
    {
        ArgumentNullException.ThrowIfNull(stiffness);
        ArgumentOutOfRangeException.ThrowIfNotEqual(mass.Length, stiffness.RowCount, nameof(mass));
        var (n, bound) = (mass.Length, 0.0);
        var (root, chance) = (new double[n], new Philox(0, 0));
        double[] before = new double[n], q = new double[n], scaled = new double[n], next = new double[n];
        for (var i = 0; i < n; i++)
        {
            if (!(mass[i] > 0 && double.IsFinite(mass[i])))
            {
                throw new ScaleModelException(FormattableString.Invariant($"The mass of dof {i} is {mass[i]} kg; masses are finite and positive."));
            }

            var sum = 0.0;
            foreach (var k in stiffness.Values[stiffness.RowStart[i]..stiffness.RowStart[i + 1]])
            {
                sum += Math.Abs(k);
            }

            if (!double.IsFinite(sum))
            {
                throw new ScaleModelException(FormattableString.Invariant($"Row {i} of the stiffness matrix has entries that add up to {sum}; they are finite."));
            }

            // Fixed dofs keep a root of zero: they take no part.
            if (!(constraints?.Contains(i) ?? false))
            {
                (bound, root[i]) = (Math.Max(bound, sum / mass[i]), 1 / Math.Sqrt(mass[i]));
                q[i] = chance.Normal(0, 0, i).First;
            }
        }

        Scale(q, 1 / FixedOrderSum.Norm(q));
        var steps = (int)Math.Ceiling(0.5 * (1 + (Math.Log(1.648 * Math.Sqrt(n) / Chance) / Math.Sqrt(Shortfall))));
        var (alphas, betas) = (new List<double>(), new List<double>());
        while (alphas.Count < steps && bound > 0)
        {
            // β q₊ = B q − α q − β₋ q₋, B = m^-½ K m^-½.
            for (var i = 0; i < n; i++)
            {
                scaled[i] = root[i] * q[i];
            }

            stiffness.Multiply(scaled, next);
            for (var i = 0; i < n; i++)
            {
                next[i] = (root[i] * next[i]) - (alphas.Count == 0 ? 0 : betas[^1] * before[i]);
            }

            var alpha = FixedOrderSum.Dot(q, next);
            for (var i = 0; i < n; i++)
            {
                next[i] -= alpha * q[i];
            }

            var beta = FixedOrderSum.Norm(next);
            alphas.Add(alpha);
            betas.Add(beta);
            if (beta <= 1e-13 * bound)
            {
                // What was to be found is found.
                break;
            }

            Scale(next, 1 / beta);
            (before, q, next) = (q, next, before);
        }

        return 2 / Math.Sqrt(bound == 0 ? 0 : Math.Min(bound, Greatest(alphas, betas, bound) / (1 - Shortfall)));
    }

    private static void Scale(double[] x, double factor)
    {
        for (var i = 0; i < x.Length; i++)
        {
            x[i] *= factor;
        }
    }

    // The greatest eigenvalue of the tridiagonal T, at most a bound. By bisection: T − λ has no positive pivot where λ is above all of them.
    private static double Greatest(List<double> diagonal, List<double> side, double bound)
    {
        var (low, high) = (diagonal.Max(), bound);
        for (var halving = 0; halving < 50; halving++)
        {
            var middle = (low + high) / 2;
            var pivot = diagonal[0] - middle;
            for (var j = 1; j < diagonal.Count && pivot < 0; j++)
            {
                pivot = diagonal[j] - middle - (side[j - 1] * side[j - 1] / pivot);
            }

            (low, high) = pivot < 0 ? (low, middle) : (middle, high);
        }

        return high;
    }
}
