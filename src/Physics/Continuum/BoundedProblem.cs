using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Numerics.Sparse;

namespace ActorMultiscale.Physics.Continuum;

/// <summary>The x with the least ½ xᵀA x − fᵀx among those with l ≤ x ≤ u: obstacles, and fields that must not fall.</summary>
public static class BoundedProblem
{
    private const double Slack = 1e-9;

    /// <summary>Finds x: where it is off its bounds (A x)_i = f_i, at the lower one (A x)_i ≥ f_i, at the upper one (A x)_i ≤ f_i.</summary>
    /// <remarks>
    /// Active sets: what is held at a bound is let go where the bound would have to pull, what is free and beyond a bound is held there, all at once, until
    /// nothing changes. For M-matrices that is proven to end; for others it may go in circles, and is then given up. After: Hintermüller, Ito, Kunisch, SIAM J. Optim. 13, 865 (2002).
    /// </remarks>
    /// <param name="basis">The functions, of a scalar field.</param>
    /// <param name="matrix">A, symmetric and positive definite where dofs are free.</param>
    /// <param name="load">f.</param>
    /// <param name="lower">l; not a number is not allowed, −∞ is.</param>
    /// <param name="upper">u, not below l; +∞ is allowed. Dofs with l = u are given.</param>
    /// <param name="start">What tells which dofs are held at first: those that are at a bound. All that have a bound if null.</param>
    /// <param name="maxIterations">After how many sets to give up.</param>
    /// <param name="loop">The threads; one if null.</param>
    /// <exception cref="ScaleModelException">
    /// A lower bound is above the upper one or none is a number, the solution is not finite, the sets do not come to rest, the matrix is not positive definite where dofs are free, or a residual was not reached.
    /// </exception>
    public static double[] Solve(
        Basis basis, BcsrMatrix matrix, double[] load, double[] lower, double[] upper, double[]? start = null, int maxIterations = 500, ChunkedLoop? loop = null)
    {
        ArgumentNullException.ThrowIfNull(basis);
        ArgumentNullException.ThrowIfNull(matrix);
        ArgumentNullException.ThrowIfNull(load);
        ArgumentNullException.ThrowIfNull(lower);
        ArgumentNullException.ThrowIfNull(upper);
        basis.Require(1);
        ArgumentOutOfRangeException.ThrowIfNotEqual(load.Length, basis.DofCount);
        ArgumentOutOfRangeException.ThrowIfNotEqual(lower.Length, basis.DofCount);
        ArgumentOutOfRangeException.ThrowIfNotEqual(upper.Length, basis.DofCount);
        ArgumentOutOfRangeException.ThrowIfNotEqual(start?.Length ?? basis.DofCount, basis.DofCount, nameof(start));
        var held = new int[basis.DofCount];     // −1 at the lower bound, 1 at the upper, 0 free.
        for (var i = 0; i < held.Length; i++)
        {
            if (!(lower[i] <= upper[i] && lower[i] < double.PositiveInfinity && upper[i] > double.NegativeInfinity))
            {
                throw new ScaleModelException(FormattableString.Invariant($"Dof {i} is to lie between {lower[i]} and {upper[i]}; the lower bound is at most the upper one, and there is a number between them."));
            }

            held[i] = double.IsFinite(lower[i]) && (start is null || lower[i] == upper[i] || start[i] <= lower[i]) ? -1
                : double.IsFinite(upper[i]) && (start is null || start[i] >= upper[i]) ? 1 : 0;
        }

        var force = new double[held.Length];
        for (var iteration = 0; iteration < maxIterations; iteration++)
        {
            var constraints = new Constraints(held.Length);
            for (var i = 0; i < held.Length; i++)
            {
                if (held[i] != 0)
                {
                    constraints.Fix(i, held[i] < 0 ? lower[i] : upper[i]);
                }
            }

            var x = StaticProblem.Solve(basis, matrix, load, constraints, loop: loop).Solution;
            matrix.On(loop ?? ChunkedLoop.Serial).Multiply(x, force);
            var slack = Slack * x.Max(Math.Abs);
            var rests = true;
            for (var i = 0; i < held.Length; i++)
            {
                // With which the bound pushes: up at the lower one.
                var push = force[i] - load[i];
                var now = lower[i] == upper[i] ? held[i]
                    : held[i] < 0 ? (push >= -slack * matrix[i, i] ? -1 : 0)
                    : held[i] > 0 ? (push <= slack * matrix[i, i] ? 1 : 0)
                    : x[i] < lower[i] - slack ? -1 : x[i] > upper[i] + slack ? 1 : 0;
                rests &= now == held[i];
                held[i] = now;
            }

            if (!x.All(double.IsFinite))
            {
                throw new ScaleModelException("The bounded problem has no finite solution: is a load or an entry of the matrix not a number?");
            }

            if (rests)
            {
                for (var i = 0; i < x.Length; i++)
                {
                    x[i] = Math.Clamp(x[i], lower[i], upper[i]);
                }

                return x;
            }
        }

        throw new ScaleModelException($"Which of {held.Length} dofs are at their bounds is not settled after {maxIterations} tries. Is the mesh too coarse, or distorted?");
    }
}
