using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Continuum.Time;

/// <summary>A scheme for M u̇ + K u = f.</summary>
public enum DiffusionScheme
{
    /// <summary>(u₊ − u)/Δt at the new time: first order, damps all.</summary>
    BackwardEuler,

    /// <summary>The mean of both times: second order; what the step does not resolve stays and alternates.</summary>
    CrankNicolson,

    /// <summary>(3 u₊ − 4 u + u₋)/(2 Δt) at the new time: second order, damps what the step does not resolve. The first step, and one of another length than the last, is one of backward Euler.</summary>
    Bdf2,
}

/// <summary>A field that changes.</summary>
/// <param name="Time">t, s.</param>
/// <param name="Value">u.</param>
/// <param name="Before">u a step before; null at the beginning.</param>
/// <param name="Step">Δt of that step, s. With any other BDF2 begins anew, by a step of backward Euler.</param>
public sealed record Course(double Time, double[] Value, double[]? Before = null, double Step = 0);

/// <summary>
/// M u̇ + K u = f(t) in implicit steps of one length. The matrix of a step is factored once. Given values may change in time.
/// After: Hairer, Wanner, "Solving Ordinary Differential Equations II", 2nd ed. (1996), sections IV.3 and V.1.
/// </summary>
public sealed class ImplicitDiffusion
{
    private readonly CsrMatrix _mass;
    private readonly CsrMatrix _stiffness;
    private readonly Func<double, double[]> _load;
    private readonly Constraints _constraints;
    private readonly Func<double, Constraints>? _given;
    private readonly DiffusionScheme _scheme;
    private readonly ChangeSolver _solver;
    private readonly ChangeSolver _first;

    /// <summary>Makes ready for steps of one length.</summary>
    /// <param name="mass">M, such as <c>Assembly.Matrix(basis, Heat.Capacity(rho))</c>.</param>
    /// <param name="stiffness">K, with the pattern of M.</param>
    /// <param name="load">f at a time, one number a dof.</param>
    /// <param name="constraints">What is given of u, at all times.</param>
    /// <param name="scheme">The scheme.</param>
    /// <param name="step">Δt, s.</param>
    /// <param name="prepare">Of a matrix what solves with it; a Cholesky factorization if null, which asks for symmetric M and K.</param>
    /// <exception cref="Models.ScaleModelException">The patterns differ, or the step is not above zero.</exception>
    public ImplicitDiffusion(
        CsrMatrix mass, CsrMatrix stiffness, Func<double, double[]> load, Constraints constraints, DiffusionScheme scheme, double step,
        Func<CsrMatrix, Func<double[], double[]>>? prepare = null) : this(mass, stiffness, load, constraints, null, scheme, step, prepare)
    {
    }

    /// <summary>Makes ready for steps of one length with given values that change in time.</summary>
    /// <param name="mass">M.</param>
    /// <param name="stiffness">K, with the pattern of M.</param>
    /// <param name="load">f at a time, one number a dof.</param>
    /// <param name="constraints">What is given of u at a time: the same dofs with the same terms at all times, with values that may differ.</param>
    /// <param name="scheme">The scheme.</param>
    /// <param name="step">Δt, s.</param>
    /// <param name="prepare">Of a matrix what solves with it; a Cholesky factorization if null, which asks for symmetric M and K.</param>
    /// <param name="start">A time at which the constraints are asked which dofs they hold, s.</param>
    /// <exception cref="Models.ScaleModelException">The patterns differ, or the step is not above zero.</exception>
    public ImplicitDiffusion(
        CsrMatrix mass, CsrMatrix stiffness, Func<double, double[]> load, Func<double, Constraints> constraints, DiffusionScheme scheme, double step,
        Func<CsrMatrix, Func<double[], double[]>>? prepare = null, double start = 0)
        : this(mass, stiffness, load, (constraints ?? throw new ArgumentNullException(nameof(constraints)))(start), constraints, scheme, step, prepare)
    {
    }

    private ImplicitDiffusion(
        CsrMatrix mass, CsrMatrix stiffness, Func<double, double[]> load, Constraints constraints, Func<double, Constraints>? given, DiffusionScheme scheme, double step,
        Func<CsrMatrix, Func<double[], double[]>>? prepare)
    {
        ArgumentNullException.ThrowIfNull(mass);
        ArgumentNullException.ThrowIfNull(stiffness);
        ArgumentNullException.ThrowIfNull(load);
        ArgumentNullException.ThrowIfNull(constraints);
        (_mass, _stiffness, _load, _constraints, _given, _scheme) = (mass, stiffness, load, constraints, given, scheme);
        Step = ChangeSolver.RequireStep(step);
        ChangeSolver Of(double rate, double part) => new(ChangeSolver.Sum((rate / step, mass), (part, stiffness)), constraints, prepare);
        _first = Of(1, scheme == DiffusionScheme.CrankNicolson ? 0.5 : 1);
        _solver = scheme == DiffusionScheme.Bdf2 ? Of(1.5, 1) : _first;
    }

    /// <summary>Δt, s.</summary>
    public double Step { get; }

    /// <summary>A course that begins.</summary>
    /// <param name="value">u; constrained dofs are set.</param>
    /// <param name="time">t, s.</param>
    public Course Start(ReadOnlySpan<double> value, double time = 0) => new(time, At(time).Fulfilled(value));

    /// <summary>The course a step later.</summary>
    public Course Next(Course course)
    {
        ArgumentNullException.ThrowIfNull(course);
        var (t, u, before, last) = course;
        var next = _load(t + Step);
        var product = new double[u.Length];
        _stiffness.Multiply(u, product);
        var right = new double[u.Length];

        // For d = u₊ − u: (M/Δt + θ K) d = θ f₊ + (1 − θ) f − K u; of BDF2 (3/2 M/Δt + K) d = f₊ − K u + M (u − u₋)/(2 Δt).
        var old = _scheme == DiffusionScheme.CrankNicolson ? _load(t) : next;
        for (var i = 0; i < u.Length; i++)
        {
            right[i] = (0.5 * (next[i] + old[i])) - product[i];
        }

        var hasPast = _scheme == DiffusionScheme.Bdf2 && before is not null && last == Step;
        if (hasPast)
        {
            _mass.Multiply([.. u.Zip(before!, (x, y) => (x - y) / (2 * Step))], product);
            for (var i = 0; i < u.Length; i++)
            {
                right[i] += product[i];
            }
        }

        var change = (hasPast ? _solver : _first).Solve(right, _given is null ? null : At(t + Step).Gaps(u));
        return new(t + Step, [.. u.Zip(change, (x, d) => x + d)], u, Step);
    }

    private Constraints At(double time)
    {
        if (_given is null)
        {
            return _constraints;
        }

        var now = _given(time);
        _constraints.RequireLike(now, time);
        return now;
    }
}
