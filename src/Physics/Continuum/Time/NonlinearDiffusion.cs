using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Continuum.Time;

/// <summary>
/// M u̇ + r(t, u) = 0 in implicit steps of one length, each by <see cref="Newton"/>: reactions beside diffusion, conductivities that depend on the
/// temperature, fluids with inertia. Given values may change in time.
/// After: Hairer, Wanner, "Solving Ordinary Differential Equations II", 2nd ed. (1996), sections IV.3 and V.1.
/// </summary>
/// <remarks>
/// Backward Euler: M (u₊ − u)/Δt + r₊ = 0. Crank–Nicolson: M (u₊ − u)/Δt + ½ (r₊ + r) = 0. BDF2: M (3 u₊ − 4 u + u₋)/(2 Δt) + r₊ = 0, its first step by
/// backward Euler.
/// </remarks>
public sealed class NonlinearDiffusion
{
    private readonly CsrMatrix _mass;
    private readonly Func<double, double[], SystemResponse> _system;
    private readonly Func<double, Constraints> _constraints;
    private readonly DiffusionScheme _scheme;
    private readonly Func<CsrMatrix, double[], double[]> _solve;
    private readonly double _tolerance;

    /// <summary>Makes ready for steps of one length.</summary>
    /// <param name="mass">M, with the pattern of the tangent.</param>
    /// <param name="system">r and K = ∂r/∂u at a time and u; K is asked for only where a step of Newton's method begins.</param>
    /// <param name="constraints">What is given of u at a time.</param>
    /// <param name="scheme">The scheme.</param>
    /// <param name="step">Δt, s.</param>
    /// <param name="solve">Solves A x = y for the matrices of steps, such as by <see cref="Numerics.Sparse.SparseLu"/>.</param>
    /// <param name="tolerance">The residual that Newton's method reaches in each step, relative to the forces at its start or its end, whichever are larger.</param>
    /// <exception cref="ScaleModelException">The step is not above zero.</exception>
    public NonlinearDiffusion(
        CsrMatrix mass, Func<double, double[], SystemResponse> system, Func<double, Constraints> constraints, DiffusionScheme scheme, double step,
        Func<CsrMatrix, double[], double[]> solve, double tolerance = 1e-10)
    {
        ArgumentNullException.ThrowIfNull(mass);
        ArgumentNullException.ThrowIfNull(system);
        ArgumentNullException.ThrowIfNull(constraints);
        ArgumentNullException.ThrowIfNull(solve);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(tolerance);
        (_mass, _system, _constraints, _scheme, _solve, _tolerance) = (mass, system, constraints, scheme, solve, tolerance);
        Step = ChangeSolver.RequireStep(step);
    }

    /// <summary>Δt, s.</summary>
    public double Step { get; }

    /// <summary>A course that begins.</summary>
    /// <param name="value">u; constrained dofs are set.</param>
    /// <param name="time">t, s.</param>
    public Course Start(ReadOnlySpan<double> value, double time = 0) => new(time, _constraints(time).Fulfilled(value));

    /// <summary>The course a step later.</summary>
    /// <param name="course">The course so far.</param>
    /// <exception cref="ScaleModelException">Newton's method does not converge, or the pattern of M is not that of the tangent.</exception>
    public Course Next(Course course)
    {
        ArgumentNullException.ThrowIfNull(course);
        var (t, u, before, last) = course;
        var hasPast = _scheme == DiffusionScheme.Bdf2 && before is not null && last == Step;
        var part = _scheme == DiffusionScheme.CrankNicolson ? 0.5 : 1;
        var old = _scheme == DiffusionScheme.CrankNicolson ? _system(t, u).Force : new double[u.Length];
        var result = Newton.Solve(u, _constraints(t + Step), Balance, _solve, _tolerance);
        return new(t + Step, result.Solution, u, Step);

        SystemResponse Balance(double[] next)
        {
            var response = _system(t + Step, next);
            var (rate, inertia) = (new double[u.Length], new double[u.Length]);
            for (var i = 0; i < u.Length; i++)
            {
                rate[i] = hasPast ? ((1.5 * next[i]) - (2 * u[i]) + (0.5 * before![i])) / Step : (next[i] - u[i]) / Step;
            }

            _mass.Multiply(rate, inertia);
            for (var i = 0; i < u.Length; i++)
            {
                inertia[i] += (part * response.Force[i]) + ((1 - part) * old[i]);
            }

            return new(inertia, () => ChangeSolver.Sum(((hasPast ? 1.5 : 1) / Step, _mass), (part, response.Stiffness)));
        }
    }
}
