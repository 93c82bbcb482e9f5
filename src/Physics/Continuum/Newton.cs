using System.Collections.Immutable;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Continuum;

/// <summary>How a solve by Newton's method went.</summary>
/// <param name="Solution">u, one number a dof.</param>
/// <param name="Residuals">‖Cᵀ r‖ before the first step and after each.</param>
public sealed record NewtonResult(double[] Solution, ImmutableArray<double> Residuals);

/// <summary>Newton's method for r(u) = 0 under affine constraints, with a line search.</summary>
public static class Newton
{
    private const int MostHalvings = 6;

    /// <summary>Finds u with Cᵀ r(u) = 0, so that ‖Cᵀ r‖ ≤ <paramref name="tolerance"/> times the largest ‖r‖ seen, reactions included.</summary>
    /// <remarks>
    /// K du = −r with the constraints on u + du; the first step takes up what is given anew. A later step is halved while it does not lessen ‖Cᵀ r‖ by a
    /// ten-thousandth of its part. After: Dennis, Schnabel, "Numerical Methods for Unconstrained Optimization and Nonlinear Equations" (1983), section 6.3.
    /// </remarks>
    /// <param name="start">u to begin with; not changed.</param>
    /// <param name="constraints">The constraints.</param>
    /// <param name="system">r and K = dr/du at u.</param>
    /// <param name="solve">Solves A x = y for the condensed K.</param>
    /// <param name="tolerance">The residual to reach.</param>
    /// <param name="maxIterations">After how many steps to give up.</param>
    /// <exception cref="ScaleModelException">The residual was not reached.</exception>
    public static NewtonResult Solve(
        ReadOnlySpan<double> start, Constraints constraints, Func<double[], (double[] Residual, CsrMatrix Tangent)> system,
        Func<CsrMatrix, double[], double[]> solve, double tolerance = 1e-9, int maxIterations = 25)
    {
        ArgumentNullException.ThrowIfNull(constraints);
        ArgumentNullException.ThrowIfNull(system);
        ArgumentNullException.ThrowIfNull(solve);
        var u = start.ToArray();
        var (residual, tangent) = system(u);
        var (largest, norm) = (FixedOrderSum.Norm(residual), constraints.FreeNorm(residual));
        var history = ImmutableArray.CreateBuilder<double>();
        history.Add(norm);
        var fits = constraints.Gap(u) == 0;
        for (var iteration = 0; !(fits && (norm <= tolerance * largest || norm <= Rounding(tangent, u))); iteration++)
        {
            if (iteration == maxIterations || !double.IsFinite(norm))
            {
                throw new ScaleModelException(FormattableString.Invariant(
                    $"Newton's method does not converge: the residual is {norm:0.##e+0} after {iteration} steps, of {largest:0.##e+0}; {tolerance:0.##e+0} of that was asked for. Is the load step too large?"));
            }

            var condensed = constraints.CondenseStep(tangent, Array.ConvertAll(residual, r => -r), u);
            var step = condensed.Expand(condensed.Right.Length == 0 ? [] : solve(condensed.Matrix, condensed.Right));
            var before = norm;
            for (var halving = 0; ; halving++)
            {
                var part = Math.Pow(0.5, halving);
                var next = u.Zip(step, (x, d) => x + (part * d)).ToArray();
                try
                {
                    (residual, tangent) = system(next);
                }
                catch (ScaleModelException) when (fits && halving < MostHalvings)
                {
                    continue;       // Too far: there the material has no answer, half of the way it may.
                }

                norm = constraints.FreeNorm(residual);
                if (!fits || norm <= (1 - (1e-4 * part)) * before || norm <= tolerance * largest || halving == MostHalvings)
                {
                    u = next;
                    break;
                }
            }

            fits = true;
            largest = Math.Max(largest, FixedOrderSum.Norm(residual));
            history.Add(norm);
        }

        return new(u, history.ToImmutable());
    }

    // What is left of forces that cancel, where the answer is free of stress and no force is large: ‖|K| |u|‖ is what they are the sum of.
    private static double Rounding(CsrMatrix tangent, double[] u)
    {
        var forces = new double[u.Length];
        for (var row = 0; row < forces.Length; row++)
        {
            for (var k = tangent.RowStart[row]; k < tangent.RowStart[row + 1]; k++)
            {
                forces[row] += Math.Abs(tangent.Values[k] * u[tangent.Columns[k]]);
            }
        }

        return 1e-14 * FixedOrderSum.Norm(forces);
    }
}
