using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Numerics.Sparse;

namespace ActorMultiscale.Physics.Continuum;

/// <summary>The solution of a saddle point problem and how it was found.</summary>
/// <param name="Velocity">u, one number a dof.</param>
/// <param name="Pressure">p, one number a dof; with a mean of zero where nothing tells its level.</param>
/// <param name="Imbalance">
/// Where nothing tells the level of the pressure: Σ (g − B u) of the given u alone, which no flow can make zero; else 0. It was spread over the body as
/// an even source. For given velocities that are interpolated it is of their error; m³/s for a flow.
/// </param>
/// <param name="Iterations">Of minimal residuals; 0 for a factorization.</param>
/// <param name="RelativeResidual">‖y − A x‖ / ‖y‖ of the system without its constraints; the backward error of a factorization.</param>
public sealed record SaddleResult(double[] Velocity, double[] Pressure, double Imbalance, int Iterations, double RelativeResidual);

/// <summary>
/// Saddle points in one call: a(u, v) + b(v, p) = l(v), b(u, q) = g(q) under constraints, as the flow of viscous fluids is. A small system is
/// factored; a large one is solved by <see cref="Minres"/> with multigrid for a, and Chebyshev's polynomial of a mass matrix for B A⁻¹ Bᵀ.
/// </summary>
/// <remarks>
/// After: Silvester, Wathen, SIAM J. Numer. Anal. 31, 1352 (1994); the polynomial: Wathen, Rees, Electron. Trans. Numer. Anal. 34, 125 (2009). The elements of u
/// and p have to belong together: degree 2 for the velocity with degree 1 for the pressure (Taylor, Hood, Comput. Fluids 1, 73 (1973)) do, equal degrees do not.
/// </remarks>
public static class SaddleProblem
{
    // Of the sum of all sizes: more than that cannot be the error of given values that are interpolated.
    private const double LargestImbalance = 0.1;

    /// <summary>Finds u and p.</summary>
    /// <param name="velocity">The functions of u.</param>
    /// <param name="pressure">The functions of p, scalar.</param>
    /// <param name="a">a, symmetric and positive definite where the constraints leave u free: <see cref="Flow.Viscosity(double)"/>.</param>
    /// <param name="b">b(u, q), such as <see cref="Flow.Divergence"/>.</param>
    /// <param name="schur">A positive definite form of p like B A⁻¹ Bᵀ: <see cref="Flow.Schur"/>. It decides on the number of iterations alone.</param>
    /// <param name="load">l, one number a dof of u.</param>
    /// <param name="given">What is given of u.</param>
    /// <param name="givenPressure">What is given of p; nothing if null. If u is given so that p is determined up to a constant, its mean is made zero.</param>
    /// <param name="source">g, one number a dof of p; zero if null.</param>
    /// <param name="tolerance">The residual that iterations reach, relative to the right-hand side.</param>
    /// <param name="largestDirect">Up to so many dofs of both fields the system is factored.</param>
    /// <param name="loop">The threads; one if null. The bits do not depend on it.</param>
    /// <exception cref="ScaleModelException">Forms and bases do not fit, what is given of u flows in and not out, the system is singular, or the residual was not reached.</exception>
    public static SaddleResult Solve(
        Basis velocity, Basis pressure, BilinearForm a, MixedForm b, BilinearForm schur, ReadOnlySpan<double> load, Constraints given, Constraints? givenPressure = null,
        double[]? source = null, double tolerance = 1e-10, int largestDirect = FactorOrIterate.BesideOthers, ChunkedLoop? loop = null)
    {
        ArgumentNullException.ThrowIfNull(velocity);
        ArgumentNullException.ThrowIfNull(pressure);
        ArgumentNullException.ThrowIfNull(given);
        loop ??= ChunkedLoop.Serial;
        givenPressure ??= new(pressure.DofCount);
        var divergence = Assembly.Matrix(velocity, pressure, b, null, loop);
        var (u, p) = (given.KeptDirections(), givenPressure.KeptDirections());
        var between = Constraints.Between(p.Map, divergence, u.Map, loop);

        // r = f − Bᵀ p₀ and s = g − B u₀ of what is given.
        var (r, s) = (new double[velocity.DofCount], new double[pressure.DofCount]);
        divergence.TransposeMultiply(p.Offsets, r);
        divergence.Multiply(u.Offsets, s);
        Subtract(load, r);
        Subtract(source ?? new double[s.Length], s);

        // 1 on all p that are free: if no v sees it, only p up to a constant is determined, and s has to have no part along it.
        var ones = new double[pressure.DofCount];
        for (var i = 0; i < ones.Length; i++)
        {
            ones[i] = givenPressure.Contains(i) ? 0 : 1;
        }

        var isOpen = !IsBlind(between, ones);
        var volumes = Assembly.Vector(pressure, LinearForm.Scalar(_ => ScalarJet.Source(1)), null, loop);
        var imbalance = 0.0;
        if (!isOpen)
        {
            var free = new double[s.Length];
            p.Map.TransposeMultiply(s, free);
            imbalance = FixedOrderSum.Of(free);
            var sizes = FixedOrderSum.Of(Array.ConvertAll(free, Math.Abs));
            if (Math.Abs(imbalance) > LargestImbalance * sizes)
            {
                throw new ScaleModelException(FormattableString.Invariant(
                    $"What is given of the velocity all round has a flux of {imbalance:0.###e+0} in sum that no flow without divergence has. Leave u free where the fluid may flow out, or correct the given values."));
            }

            var even = imbalance / FixedOrderSum.Of(volumes);
            for (var i = 0; i < s.Length; i++)
            {
                s[i] -= even * volumes[i];
            }
        }

        var (x, y, iterations, residual) = velocity.DofCount + pressure.DofCount <= largestDirect
            ? Direct(Assembly.Matrix(velocity, a, null, loop), divergence, load, s, u.Offsets, given, givenPressure, isOpen, loop)
            : Iterated(velocity, pressure, a, schur, between, r, s, given, givenPressure, p.Map, tolerance, loop);
        if (!isOpen)
        {
            var mean = FixedOrderSum.Dot(volumes, y) / FixedOrderSum.Of(volumes);
            y = Array.ConvertAll(y, value => value - mean);
        }

        return new(x, y, imbalance, iterations, residual);
    }

    /// <summary>The matrix [A Bᵀ; B 0] of both fields: dofs of u, then those of p.</summary>
    /// <param name="a">A.</param>
    /// <param name="b">B, a row for each dof of p.</param>
    public static CsrMatrix Matrix(CsrMatrix a, CsrMatrix b)
    {
        ArgumentNullException.ThrowIfNull(b);
        return BlockMatrix.Join(new[,] { { a, b.Transposed() }, { b, null } });
    }

    /// <summary>What solves with a symmetric indefinite matrix, factored once: for steps in time of saddle points.</summary>
    /// <param name="matrix">The matrix.</param>
    /// <exception cref="InvalidOperationException">A pivot is rounding alone.</exception>
    public static Func<double[], double[]> Factor(CsrMatrix matrix) => FactorOrIterate.Factored(matrix, isDefinite: false);

    private static (double[] U, double[] P, int Iterations, double Residual) Direct(
        CsrMatrix a, CsrMatrix b, ReadOnlySpan<double> load, double[] s, double[] offsets, Constraints given, Constraints givenPressure, bool isOpen, ChunkedLoop loop)
    {
        // s has lost B u₀, which the constraints take out again.
        var right = new double[load.Length + s.Length];
        load.CopyTo(right);
        b.Multiply(offsets, right.AsSpan(load.Length));
        for (var i = 0; i < s.Length; i++)
        {
            right[load.Length + i] += s[i];
        }

        var constraints = Constraints.Join(given, givenPressure);
        if (!isOpen)
        {
            // Any one pressure: the equations are consistent, so that of the one that is given is fulfilled by the others.
            constraints.Fix(load.Length + Enumerable.Range(0, s.Length).First(i => !givenPressure.Contains(i)), 0);
        }

        var system = constraints.Condense(Matrix(a, b), right, loop);
        var x = new double[system.Right.Length];
        var residual = Solving.Of(() => SparseLdl.Indefinite(system.Matrix, loop).Solve(system.Right, x));
        var all = system.Expand(x);
        return (all[..load.Length], all[load.Length..], 0, residual);
    }

    private static (double[] U, double[] P, int Iterations, double Residual) Iterated(
        Basis velocity, Basis pressure, BilinearForm a, BilinearForm schur, CsrMatrix between, double[] r, double[] s, Constraints given, Constraints givenPressure,
        CsrMatrix directions, double tolerance, ChunkedLoop loop)
    {
        var top = given.CondenseBlocks(Assembly.Blocks(velocity, a, null, loop), r, loop);
        var mass = givenPressure.CondenseBlocks(Assembly.Blocks(pressure, schur, null, loop), new double[s.Length], loop);
        var right = new double[r.Length + s.Length];
        top.Right.CopyTo(right, 0);
        directions.TransposeMultiply(s, right.AsSpan(r.Length));

        // A pressure that is constrained has an equation of its own, −m p = 0.
        var alone = new CsrBuilder(s.Length, s.Length);
        for (var i = 0; i < s.Length; i++)
        {
            if (givenPressure.Contains(i))
            {
                alone.Add(i, i, -mass.Matrix[i, i]);
            }
        }

        var all = new BlockOperator(new[,] { { top.Matrix.On(loop), between.Transposed().On(loop) }, { between.On(loop), alone.Count > 0 ? alone.ToMatrix() : null } });
        var preconditioner = new BlockPreconditioner(
            (r.Length, new AmgPreconditioner(top.Matrix, velocity.RigidMotions(), loop: loop)), (s.Length, new ChebyshevPreconditioner(mass.Matrix, loop: loop)));
        var x = new double[right.Length];
        var result = Solving.Of(() => Minres.Solve(all, right, x, preconditioner, tolerance, loop: loop));
        return (top.Expand(x.AsSpan(0, r.Length)), mass.Expand(x.AsSpan(r.Length)), result.Iterations, result.RelativeResidual);
    }

    // Whether Bᵀ e is rounding.
    private static bool IsBlind(CsrMatrix b, double[] e)
    {
        var (sum, sizes) = (new double[b.ColumnCount], new double[b.ColumnCount]);
        b.TransposeMultiply(e, sum);
        for (var row = 0; row < b.RowCount; row++)
        {
            for (var k = b.RowStart[row]; k < b.RowStart[row + 1]; k++)
            {
                sizes[b.Columns[k]] += Math.Abs(b.Values[k] * e[row]);
            }
        }

        return sum.Select(Math.Abs).DefaultIfEmpty(0).Max() <= 1e-11 * sizes.DefaultIfEmpty(0).Max();
    }

    // to = from − to.
    private static void Subtract(ReadOnlySpan<double> from, Span<double> to)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(from.Length, to.Length);
        for (var i = 0; i < to.Length; i++)
        {
            to[i] = from[i] - to[i];
        }
    }
}
