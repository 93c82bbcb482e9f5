using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Numerics.Sparse;

namespace ActorMultiscale.Physics.Continuum;

/// <summary>A state of balance on a path, r(u) = λ f.</summary>
/// <param name="Displacement">u, one number a dof.</param>
/// <param name="Factor">λ, the part of the load.</param>
/// <param name="Step">The step of u that led here; null at the beginning.</param>
/// <param name="FactorStep">The step of λ.</param>
/// <param name="Iterations">Steps of Newton's method.</param>
public sealed record PathPoint(double[] Displacement, double Factor, double[]? Step = null, double FactorStep = 0, int Iterations = 0);

/// <summary>
/// Follows r(u) = λ f where the load does not only grow: through limit points, where it falls (softening, snap-through), and where the displacement turns round
/// as well (snap-back). Newton's method for u and λ together.
/// </summary>
/// <remarks>
/// K δ_r = λ f − r, K δ_f = f, δu = δ_r + δλ δ_f, with δλ from the linearized condition g(Δu) = 0: of an arc Δu·Δu = s², of a dof Δu_k = s. After: Crisfield,
/// "Non-linear Finite Element Analysis of Solids and Structures", vol. 1 (1991), chapter 9; Batoz, Dhatt, Int. J. Numer. Methods Eng. 14, 1262 (1979).
/// </remarks>
public static class EquilibriumPath
{
    /// <summary>
    /// The next point at an arc length: ‖Δu‖ = s, in the direction of the last step, at first of a growing λ. The length is met as well as the last step of
    /// Newton's method meets it, the balance to the tolerance.
    /// </summary>
    /// <param name="from">A point of balance.</param>
    /// <param name="constraints">What is given; the displacement of <paramref name="from"/> fulfills it.</param>
    /// <param name="system">r and K = dr/du at u.</param>
    /// <param name="load">f.</param>
    /// <param name="length">s, above zero.</param>
    /// <param name="tolerance">The residual ‖Cᵀ(r − λ f)‖ to reach, relative to the greatest ‖r‖ or ‖f‖.</param>
    /// <param name="maxIterations">After how many steps of Newton's method to give up.</param>
    /// <exception cref="ScaleModelException">The residual was not reached.</exception>
    public static PathPoint ByArc(
        PathPoint from, Constraints constraints, Func<double[], (double[] Residual, CsrMatrix Tangent)> system, double[] load, double length, double tolerance = 1e-9,
        int maxIterations = 25) =>
        Next(from, constraints, system, load, tolerance, maxIterations, (step, r, f) =>
        {
            // The first step goes along δ_f, to the side of the last one.
            if (FixedOrderSum.Norm(step) == 0)
            {
                var side = from.Step is null || FixedOrderSum.Dot(from.Step, f) >= 0 ? 1 : -1;
                return side * length / FixedOrderSum.Norm(f);
            }

            // g = Δu·Δu − s²: g + 2 Δu·(δ_r + δλ δ_f) = 0.
            return -(FixedOrderSum.Dot(step, step) - (length * length) + (2 * FixedOrderSum.Dot(step, r))) / (2 * FixedOrderSum.Dot(step, f));
        });

    /// <summary>The next point at which one dof has moved by a given length.</summary>
    /// <param name="from">A point of balance.</param>
    /// <param name="constraints">What is given; the displacement of <paramref name="from"/> fulfills it.</param>
    /// <param name="system">r and K = dr/du at u.</param>
    /// <param name="load">f.</param>
    /// <param name="dof">The dof k; not constrained.</param>
    /// <param name="length">Δu_k.</param>
    /// <param name="tolerance">The residual ‖Cᵀ(r − λ f)‖ to reach, relative to the greatest ‖r‖ or ‖f‖.</param>
    /// <param name="maxIterations">After how many steps of Newton's method to give up.</param>
    /// <exception cref="ScaleModelException">The residual was not reached, as where the path turns back in this dof.</exception>
    public static PathPoint ByDof(
        PathPoint from, Constraints constraints, Func<double[], (double[] Residual, CsrMatrix Tangent)> system, double[] load, int dof, double length, double tolerance = 1e-9,
        int maxIterations = 25)
    {
        ArgumentNullException.ThrowIfNull(constraints);
        if ((uint)dof >= (uint)constraints.DofCount || constraints.Contains(dof))
        {
            throw new ScaleModelException($"Dof {dof} cannot lead a path: it is a free dof of 0 to {constraints.DofCount - 1}.");
        }

        return Next(from, constraints, system, load, tolerance, maxIterations, (step, r, f) => (length - step[dof] - r[dof]) / f[dof]);
    }

    private static PathPoint Next(
        PathPoint from, Constraints constraints, Func<double[], (double[] Residual, CsrMatrix Tangent)> system, double[] load, double tolerance, int maxIterations,
        Func<double[], double[], double[], double> change)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(constraints);
        ArgumentNullException.ThrowIfNull(system);
        ArgumentNullException.ThrowIfNull(load);
        var directions = constraints.Directions();
        var (u, factor, step) = ((double[])from.Displacement.Clone(), from.Factor, new double[from.Displacement.Length]);
        var largest = FixedOrderSum.Norm(load);
        for (var iteration = 0; ; iteration++)
        {
            var (residual, tangent) = system(u);
            largest = Math.Max(largest, FixedOrderSum.Norm(residual));
            double[] open = [.. residual.Zip(load, (r, f) => (factor * f) - r)];
            var norm = constraints.FreeNorm(open);
            if (iteration > 0 && norm <= tolerance * largest)
            {
                return new(u, factor, step, factor - from.Factor, iteration);
            }

            if (iteration == maxIterations || !double.IsFinite(norm))
            {
                throw new ScaleModelException(FormattableString.Invariant(
                    $"The path is lost: the residual is {norm:0.##e+0} after {iteration} steps, of {largest:0.##e+0}; {tolerance:0.##e+0} of that was asked for. Is the step too long, or does the path turn back?"));
            }

            // Beyond a limit point K is indefinite, and with followers unsymmetric.
            var solver = Solving.Of(() => new SparseLu(Constraints.Reduced(tangent, directions)));
            var (r, f) = (Solved(open), Solved(load));
            var more = change(step, r, f);
            factor += more;
            for (var i = 0; i < u.Length; i++)
            {
                var d = r[i] + (more * f[i]);
                (u[i], step[i]) = (u[i] + d, step[i] + d);
            }

            double[] Solved(double[] right)
            {
                var (reduced, x, full) = (new double[directions.ColumnCount], new double[directions.ColumnCount], new double[right.Length]);
                directions.TransposeMultiply(right, reduced);
                solver.Solve(reduced, x);
                directions.Multiply(x, full);
                return full;
            }
        }
    }
}
