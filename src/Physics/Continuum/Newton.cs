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

    /// <summary>Finds u with Cᵀ r(u) = 0, so that ‖Cᵀ r‖ ≤ <paramref name="tolerance"/> times ‖r‖, reactions included, at u or at the start, whichever is larger; or so that it is round-off, 1e-14 ‖|K| |u|‖.</summary>
    /// <remarks>
    /// K du = −r with the constraints on u + du; the first step takes up what is given anew. A later step is halved while it does not lessen ‖Cᵀ r‖ by a
    /// ten-thousandth of its part, and where it leads to no answer or to a K that cannot be solved with. K is asked for only where a step begins; the answer that was
    /// asked for last is that of the solution. After: Dennis, Schnabel, "Numerical Methods for Unconstrained Optimization and Nonlinear Equations" (1983), section 6.3.
    /// </remarks>
    /// <param name="start">u to begin with; not changed.</param>
    /// <param name="constraints">The constraints.</param>
    /// <param name="body">r and K = dr/du at u.</param>
    /// <param name="solve">Solves A x = y for the condensed K.</param>
    /// <param name="tolerance">The residual to reach.</param>
    /// <param name="maxIterations">After how many steps to give up.</param>
    /// <param name="loop">The threads that condense K; one if null. The bits do not depend on it.</param>
    /// <exception cref="ScaleModelException">The residual was not reached, or K cannot be solved with.</exception>
    public static NewtonResult Solve(
        ReadOnlySpan<double> start, Constraints constraints, Func<double[], SystemResponse> body, Func<CsrMatrix, double[], double[]> solve, double tolerance = 1e-9, int maxIterations = 25,
        ChunkedLoop? loop = null)
    {
        ArgumentNullException.ThrowIfNull(constraints);
        ArgumentNullException.ThrowIfNull(body);
        ArgumentNullException.ThrowIfNull(solve);
        var u = start.ToArray();
        var response = body(u);
        var (first, norm) = (FixedOrderSum.Norm(response.Force), constraints.FreeNorm(response.Force));
        var largest = first;
        var history = ImmutableArray.CreateBuilder<double>();
        history.Add(norm);
        var fits = constraints.Gap(u) <= 1e-15 * u.Max(Math.Abs);
        var step = fits && IsSolution(response, u, norm, largest) ? null : Step(response, u, norm);
        for (var iteration = 0; step is not null; iteration++)
        {
            if (iteration == maxIterations)
            {
                throw Failure(norm);
            }

            var whole = step;
            for (var halving = 0; ; halving++)
            {
                var part = Math.Pow(0.5, halving);
                var next = u.Zip(whole, (x, d) => x + (part * d)).ToArray();
                try
                {
                    var answer = body(next);
                    var rest = constraints.FreeNorm(answer.Force);
                    var most = Math.Max(first, FixedOrderSum.Norm(answer.Force));       // Forces on the way do not count: a step may have gone far too far.
                    if (!fits || rest <= (1 - (1e-4 * part)) * norm || rest <= tolerance * most || halving == MostHalvings)
                    {
                        step = IsSolution(answer, next, rest, most) ? null : Step(answer, next, rest);
                        (u, norm, largest, fits) = (next, rest, most, true);
                        break;
                    }
                }
                catch (ScaleModelException) when (fits && halving < MostHalvings)
                {
                    // Too far: there the material has no answer, or no stiffness; half of the way it may.
                }
            }

            history.Add(norm);
        }

        return new(u, history.ToImmutable());

        bool IsSolution(SystemResponse answer, double[] at, double rest, double most) => rest <= tolerance * most || rest <= Rounding(answer.Stiffness, at);

        double[] Step(SystemResponse answer, double[] at, double rest)
        {
            if (!double.IsFinite(rest))
            {
                throw Failure(rest);
            }

            var condensed = constraints.CondenseStep(answer.Stiffness, Array.ConvertAll(answer.Force, r => -r), at, loop ?? ChunkedLoop.Serial);
            return condensed.Expand(condensed.Right.Length == 0 ? [] : Solving.Of(() => solve(condensed.Matrix, condensed.Right)));
        }

        ScaleModelException Failure(double rest) => new(FormattableString.Invariant(
            $"Newton's method does not converge: the residual is {rest:0.##e+0} after {history.Count - 1} steps, of {largest:0.##e+0}; {tolerance:0.##e+0} of that was asked for. Is the load step too large?"));
    }

    /// <summary>The same for a system whose derivative is at hand with its residual.</summary>
    /// <param name="start">u to begin with; not changed.</param>
    /// <param name="constraints">The constraints.</param>
    /// <param name="system">r and K = dr/du at u.</param>
    /// <param name="solve">Solves A x = y for the condensed K.</param>
    /// <param name="tolerance">The residual to reach.</param>
    /// <param name="maxIterations">After how many steps to give up.</param>
    /// <param name="loop">The threads that condense K; one if null. The bits do not depend on it.</param>
    /// <exception cref="ScaleModelException">The residual was not reached, or K cannot be solved with.</exception>
    public static NewtonResult Solve(
        ReadOnlySpan<double> start, Constraints constraints, Func<double[], (double[] Residual, CsrMatrix Tangent)> system,
        Func<CsrMatrix, double[], double[]> solve, double tolerance = 1e-9, int maxIterations = 25,
        ChunkedLoop? loop = null)
    {
        ArgumentNullException.ThrowIfNull(system);
        return Solve(
            start, constraints,
            u =>
            {
                var (residual, tangent) = system(u);
                return new SystemResponse(residual, () => tangent);
            },
            solve, tolerance, maxIterations, loop);
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
