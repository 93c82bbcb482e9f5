using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Numerics.Sparse;

namespace ActorMultiscale.Physics.Continuum;

/// <summary>A state of balance on a path, r(u) = λ f.</summary>
/// <param name="Displacement">u, one number a dof.</param>
/// <param name="Factor">λ, the part of the load.</param>
/// <param name="Step">The step of u that led here; null at the beginning.</param>
/// <param name="Iterations">Steps of Newton's method.</param>
public sealed record PathPoint(double[] Displacement, double Factor, double[]? Step = null, int Iterations = 0);

/// <summary>
/// Follows r(u) = λ f where the load does not only grow: through limit points, where it falls (softening, snap-through), and where the displacement turns round
/// as well (snap-back). Newton's method for u and λ together.
/// </summary>
/// <remarks>
/// A step solves K δu − δλ f = λ f − r with the linearized condition g(Δu) = 0: of an arc Δu·Δu = s², of a dof Δu_k = s. The system is bordered by f and by the
/// row of one dof p. With (λ f − r, 0) on the right it gives (a, α), with (0, 1) a direction (d, δ): δu = a + t d, δλ = α + t δ, and the condition tells t. K may be
/// singular, as it is at limit points, where the path moves p: p is k, or of an arc the dof that the step has moved most. After: Crisfield, "Non-linear Finite
/// Element Analysis of Solids and Structures", vol. 1 (1991), chapter 9; Batoz, Dhatt, Int. J. Numer. Methods Eng. 14, 1262 (1979); of p: Rheinboldt, Comput.
/// Struct. 13, 103 (1981).
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
    /// <param name="length">s, finite and above zero.</param>
    /// <param name="tolerance">The residual ‖Cᵀ(r − λ f)‖ to reach, relative to the greatest ‖r‖ or ‖λ f‖ that was met.</param>
    /// <param name="maxIterations">After how many steps of Newton's method to give up.</param>
    /// <exception cref="ScaleModelException">
    /// The length is not above zero, <paramref name="from"/> does not fulfill the constraints, the residual was not reached, or a matrix is singular, as where paths cross.
    /// </exception>
    public static PathPoint ByArc(
        PathPoint from, Constraints constraints, Func<double[], (double[] Residual, CsrMatrix Tangent)> system, double[] load, double length, double tolerance = 1e-9,
        int maxIterations = 25) =>
        !(length > 0 && double.IsFinite(length))
            ? throw new ScaleModelException(FormattableString.Invariant($"The length of an arc is {length}; it is finite and above zero."))
            : Next(from, constraints, system, load, tolerance, maxIterations, null, (step, a, d) =>
            {
                // The first step goes along d, to the side of the last one; without one, of a growing λ.
                if (FixedOrderSum.Norm(step) == 0)
                {
                    var side = from.Step is null || FixedOrderSum.Dot(from.Step, d) >= 0 ? 1 : -1;
                    return side * length / FixedOrderSum.Norm(d);
                }

                // g = Δu·Δu − s²: g + 2 Δu·(a + t d) = 0.
                return -(FixedOrderSum.Dot(step, step) - (length * length) + (2 * FixedOrderSum.Dot(step, a))) / (2 * FixedOrderSum.Dot(step, d));
            });

    /// <summary>The next point at which one dof has moved by a given length.</summary>
    /// <param name="from">A point of balance.</param>
    /// <param name="constraints">What is given; the displacement of <paramref name="from"/> fulfills it.</param>
    /// <param name="system">r and K = dr/du at u.</param>
    /// <param name="load">f.</param>
    /// <param name="dof">The dof k; not constrained.</param>
    /// <param name="length">Δu_k.</param>
    /// <param name="tolerance">The residual ‖Cᵀ(r − λ f)‖ to reach, relative to the greatest ‖r‖ or ‖λ f‖ that was met.</param>
    /// <param name="maxIterations">After how many steps of Newton's method to give up.</param>
    /// <exception cref="ScaleModelException">
    /// The dof is not free, <paramref name="from"/> does not fulfill the constraints, the residual was not reached, or a matrix is singular, as where the path turns
    /// back in this dof.
    /// </exception>
    public static PathPoint ByDof(
        PathPoint from, Constraints constraints, Func<double[], (double[] Residual, CsrMatrix Tangent)> system, double[] load, int dof, double length, double tolerance = 1e-9,
        int maxIterations = 25)
    {
        ArgumentNullException.ThrowIfNull(constraints);
        if ((uint)dof >= (uint)constraints.DofCount || constraints.Contains(dof))
        {
            throw new ScaleModelException($"Dof {dof} cannot lead a path: it is a free dof of 0 to {constraints.DofCount - 1}.");
        }

        return Next(from, constraints, system, load, tolerance, maxIterations, dof, (step, a, d) => (length - step[dof] - a[dof]) / d[dof]);
    }

    // The step of Newton's method is a + t d, with t from the change that the condition asks for.
    private static PathPoint Next(
        PathPoint from, Constraints constraints, Func<double[], (double[] Residual, CsrMatrix Tangent)> system, double[] load, double tolerance, int maxIterations,
        int? leader, Func<double[], double[], double[], double> change)
    {
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(constraints);
        ArgumentNullException.ThrowIfNull(system);
        ArgumentNullException.ThrowIfNull(load);
        ArgumentOutOfRangeException.ThrowIfNotEqual(from.Displacement.Length, constraints.DofCount, nameof(from));
        ArgumentOutOfRangeException.ThrowIfNotEqual(load.Length, constraints.DofCount, nameof(load));
        var gap = constraints.Gap(from.Displacement);
        if (gap > 1e-10 * from.Displacement.Max(Math.Abs))
        {
            throw new ScaleModelException(FormattableString.Invariant(
                $"A path begins at a displacement that the constraints do not allow: a dof is off by {gap:0.##e+0}. Find the balance under them first, as by Newton.Solve."));
        }

        var directions = constraints.Directions();
        var (u, factor, step, largest) = ((double[])from.Displacement.Clone(), from.Factor, new double[from.Displacement.Length], 0.0);
        for (var iteration = 0; ; iteration++)
        {
            var (residual, tangent) = system(u);
            largest = Math.Max(largest, Math.Max(FixedOrderSum.Norm(residual), Math.Abs(factor) * FixedOrderSum.Norm(load)));
            double[] open = [.. residual.Zip(load, (r, f) => (factor * f) - r)];
            var norm = constraints.FreeNorm(open);
            if (iteration > 0 && norm <= tolerance * largest)
            {
                return new(u, factor, step, iteration);
            }

            if (iteration == maxIterations || !double.IsFinite(norm))
            {
                throw new ScaleModelException(FormattableString.Invariant(
                    $"The path is lost: the residual is {norm:0.##e+0} after {iteration} steps, of {largest:0.##e+0}; {tolerance:0.##e+0} of that was asked for. Is the step too long, or does the path turn back?"));
            }

            var lead = leader ?? MostMoved(constraints, iteration > 0 ? step : from.Step);
            var (a, alpha, d, delta) = Solve(Constraints.Reduced(tangent, directions), directions, load, open, lead);
            var more = change(step, a, d);
            factor += alpha + (more * delta);
            for (var i = 0; i < u.Length; i++)
            {
                var part = a[i] + (more * d[i]);
                (u[i], step[i]) = (u[i] + part, step[i] + part);
            }
        }
    }

    // The free dof that a step moves most; null without a step.
    private static int? MostMoved(Constraints constraints, double[]? step)
    {
        int? most = null;
        for (var i = 0; i < step?.Length; i++)
        {
            if (!constraints.Contains(i) && !(Math.Abs(step[i]) <= (most is { } m ? Math.Abs(step[m]) : 0)))
            {
                most = i;
            }
        }

        return most;
    }

    // [Cᵀ K C, −Cᵀ f; e_pᵀ, 0] with (open, 0) and (0, 1) on the right. Without a dof p the row is that of λ: d is what the load moves.
    private static (double[] A, double Alpha, double[] D, double Delta) Solve(CsrMatrix reduced, CsrMatrix directions, double[] load, double[] open, int? lead)
    {
        var n = reduced.RowCount;
        var (border, start, columns, values) = (new double[n], new int[n + 2], new List<int>(), new List<double>());
        directions.TransposeMultiply(load, border);
        for (var row = 0; row < n; row++)
        {
            var (first, count) = (reduced.RowStart[row], reduced.RowStart[row + 1] - reduced.RowStart[row]);
            columns.AddRange(reduced.Columns.Slice(first, count));
            values.AddRange(reduced.Values.Slice(first, count));
            if (border[row] != 0)
            {
                columns.Add(n);
                values.Add(-border[row]);
            }

            start[row + 1] = columns.Count;
        }

        columns.Add(lead is { } dof ? directions.Columns[directions.RowStart[dof]] : n);
        values.Add(1);
        start[n + 1] = columns.Count;
        try
        {
            // Beyond a limit point K is indefinite, and with followers unsymmetric.
            var solver = new SparseLu(new(n + 1, start, [.. columns], [.. values]));
            var right = new double[n + 1];
            directions.TransposeMultiply(open, right.AsSpan(0, n));
            var (a, alpha) = Solved();
            Array.Clear(right);
            right[n] = 1;
            var (d, delta) = Solved();
            return (a, alpha, d, delta);

            (double[] Full, double Factor) Solved()
            {
                var (x, full) = (new double[n + 1], new double[open.Length]);
                solver.Solve(right, x);
                directions.Multiply(x.AsSpan(0, n), full);
                return (full, x[n]);
            }
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException)
        {
            throw new ScaleModelException($"The path is lost: {e.Message} Do paths cross here, or does this one turn back in the dof that leads? Another length may step over it.", e);
        }
    }
}
