using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Continuum.Time;

/// <summary>A body that moves.</summary>
/// <param name="Time">t, s.</param>
/// <param name="Displacement">u, m.</param>
/// <param name="Velocity">v, m/s.</param>
/// <param name="Acceleration">a, m/s²; of a generalized-α scheme, after the start, that of the time t − (α_f − α_m) Δt.</param>
public sealed record Motion(double Time, double[] Displacement, double[] Velocity, double[] Acceleration);

/// <summary>The numbers of a generalized-α scheme; Newmark's schemes are those with α_m = α_f = 0.</summary>
/// <param name="AlphaM">α_m, the part of the old acceleration in the balance of forces; below 1.</param>
/// <param name="AlphaF">α_f, the part of the old displacement and velocity; below 1.</param>
/// <param name="Beta">β, at least zero. From ¼ + ½ (α_f − α_m) on, with α_m ≤ α_f ≤ ½, any step is stable.</param>
/// <param name="Gamma">γ, at least ½ − α_m + α_f: below that motions grow.</param>
public sealed record DynamicScheme(double AlphaM, double AlphaF, double Beta, double Gamma)
{
    internal void RequireDamping()
    {
        // At its least γ the scheme is of second order; beyond it damps, by less it feeds.
        var least = 0.5 - AlphaM + AlphaF;
        if (!(AlphaM < 1 && AlphaF < 1 && Beta >= 0 && Gamma >= least - 1e-12 && double.IsFinite(AlphaM + AlphaF + Beta + Gamma)))
        {
            throw new ScaleModelException(FormattableString.Invariant(
                $"A scheme has α_m and α_f below 1, β of at least zero and γ of at least ½ − α_m + α_f, here {least}; found α_m = {AlphaM}, α_f = {AlphaF}, β = {Beta}, γ = {Gamma}."));
        }
    }

    /// <summary>
    /// Newmark's scheme; that of β = ¼, γ = ½ is of second order, stable at any step, and keeps the energy. γ > ½ damps, and is of first order.
    /// After: Newmark, J. Eng. Mech. Div. ASCE 85, 67 (1959).
    /// </summary>
    /// <param name="beta">β, at least zero.</param>
    /// <param name="gamma">γ, at least ½.</param>
    public static DynamicScheme Newmark(double beta = 0.25, double gamma = 0.5) => new(0, 0, beta, gamma);

    /// <summary>
    /// The scheme of second order that damps what the step does not resolve: a step multiplies it by ρ. α_m = (2ρ − 1)/(ρ + 1), α_f = ρ/(ρ + 1),
    /// γ = ½ − α_m + α_f, β = ¼ (1 − α_m + α_f)². After: Chung, Hulbert, J. Appl. Mech. 60, 371 (1993), eqs. 17, 20, 25.
    /// </summary>
    /// <param name="spectralRadius">ρ, 0 … 1; 1 damps nothing.</param>
    public static DynamicScheme GeneralizedAlpha(double spectralRadius)
    {
        if (!(spectralRadius is >= 0 and <= 1))
        {
            throw new ScaleModelException(FormattableString.Invariant($"The spectral radius at infinite frequency is {spectralRadius}; it lies within 0 … 1."));
        }

        var (m, f) = (((2 * spectralRadius) - 1) / (spectralRadius + 1), spectralRadius / (spectralRadius + 1));
        return new(m, f, 0.25 * (1 - m + f) * (1 - m + f), 0.5 - m + f);
    }
}

/// <summary>
/// M a + C v + K u = f(t) in implicit steps of one length. The matrix of a step is factored once. Constraints hold for displacements. With values that do not
/// change in time rates obey them without their values; with values that do, a <see cref="GivenMotion"/> has those of displacements, velocities and accelerations.
/// </summary>
/// <remarks>
/// u₊ = u + Δt v + Δt² ((½ − β) a + β a₊), v₊ = v + Δt ((1 − γ) a + γ a₊), and
/// M ((1 − α_m) a₊ + α_m a) + C ((1 − α_f) v₊ + α_f v) + K ((1 − α_f) u₊ + α_f u) = f(t + (1 − α_f) Δt).
/// After: Chung, Hulbert, J. Appl. Mech. 60, 371 (1993), eqs. 5–13; to which time accelerations belong: Erlicher, Bonaventura, Bursi, Comput. Mech. 28, 83 (2002).
/// </remarks>
public sealed class ImplicitDynamics
{
    private readonly CsrMatrix _mass;
    private readonly CsrMatrix? _damping;
    private readonly CsrMatrix _stiffness;
    private readonly Func<double, double[]> _load;
    private readonly GivenMotion _given;
    private readonly DynamicScheme _scheme;
    private readonly Func<CsrMatrix, Func<double[], double[]>>? _prepare;
    private readonly ChangeSolver _solver;

    /// <summary>Makes ready for steps of one length.</summary>
    /// <param name="mass">M, such as <c>Assembly.Matrix(basis, Elasticity.Bedding(rho))</c>.</param>
    /// <param name="damping">C, with the pattern of M; none if null.</param>
    /// <param name="stiffness">K, with the pattern of M.</param>
    /// <param name="load">f at a time, one number a dof.</param>
    /// <param name="constraints">What is given of u, at all times.</param>
    /// <param name="scheme">The scheme.</param>
    /// <param name="step">Δt, s.</param>
    /// <param name="prepare">Of a matrix what solves with it; a Cholesky factorization if null, which asks for symmetric M, C, K.</param>
    /// <exception cref="ScaleModelException">The patterns differ, the step is not above zero, or the numbers of the scheme are out of their ranges.</exception>
    public ImplicitDynamics(
        CsrMatrix mass, CsrMatrix? damping, CsrMatrix stiffness, Func<double, double[]> load, Constraints constraints, DynamicScheme scheme, double step,
        Func<CsrMatrix, Func<double[], double[]>>? prepare = null) : this(mass, damping, stiffness, load, GivenMotion.Rest(constraints), scheme, step, prepare)
    {
    }

    /// <summary>Makes ready for steps of one length with given values that change in time.</summary>
    /// <param name="mass">M.</param>
    /// <param name="damping">C, with the pattern of M; none if null.</param>
    /// <param name="stiffness">K, with the pattern of M.</param>
    /// <param name="load">f at a time, one number a dof.</param>
    /// <param name="given">What is given of u, v and a at a time.</param>
    /// <param name="scheme">The scheme.</param>
    /// <param name="step">Δt, s.</param>
    /// <param name="prepare">Of a matrix what solves with it; a Cholesky factorization if null, which asks for symmetric M, C, K.</param>
    /// <exception cref="ScaleModelException">The patterns differ, the step is not above zero, or the numbers of the scheme are out of their ranges.</exception>
    public ImplicitDynamics(
        CsrMatrix mass, CsrMatrix? damping, CsrMatrix stiffness, Func<double, double[]> load, GivenMotion given, DynamicScheme scheme, double step,
        Func<CsrMatrix, Func<double[], double[]>>? prepare = null)
    {
        ArgumentNullException.ThrowIfNull(mass);
        ArgumentNullException.ThrowIfNull(stiffness);
        ArgumentNullException.ThrowIfNull(load);
        ArgumentNullException.ThrowIfNull(given);
        ArgumentNullException.ThrowIfNull(scheme);
        (_mass, _damping, _stiffness, _load, _given, _scheme, _prepare) = (mass, damping, stiffness, load, given, scheme, prepare);
        Step = ChangeSolver.RequireStep(step);
        scheme.RequireDamping();
        var now = 1 - scheme.AlphaF;
        _solver = new(
            ChangeSolver.Sum((1 - scheme.AlphaM, mass), (now * scheme.Gamma * step, damping ?? mass.WithSamePattern()), (now * scheme.Beta * step * step, stiffness)), given.Pattern, prepare);
    }

    /// <summary>Δt, s.</summary>
    public double Step { get; }

    /// <summary>A motion that begins: the acceleration follows from the balance of forces.</summary>
    /// <param name="displacement">u; constrained dofs are set.</param>
    /// <param name="velocity">v; constrained dofs are set.</param>
    /// <param name="time">t, s.</param>
    public Motion Start(ReadOnlySpan<double> displacement, ReadOnlySpan<double> velocity, double time = 0)
    {
        var (u, v) = (_given.Displacement(time).Fulfilled(displacement), _given.Velocity(time).Fulfilled(velocity));
        var driven = _given.IsRest ? null : _given.Acceleration(time).Gaps(new double[u.Length]);
        return new(time, u, v, new ChangeSolver(_mass, _given.Pattern, _prepare).Solve(Balance(_load(time), u, v, null), driven));
    }

    /// <summary>The motion a step later.</summary>
    public Motion Next(Motion motion)
    {
        ArgumentNullException.ThrowIfNull(motion);
        var (dt, s) = (Step, _scheme);
        var (t, u, v, a) = motion;
        var (guess, rate, middle, middleRate, old) = (new double[u.Length], new double[u.Length], new double[u.Length], new double[u.Length], new double[u.Length]);
        for (var i = 0; i < u.Length; i++)
        {
            guess[i] = u[i] + (dt * v[i]) + (dt * dt * (0.5 - s.Beta) * a[i]);
            rate[i] = v[i] + (dt * (1 - s.Gamma) * a[i]);
        }

        // Driven dofs get guesses from which the given accelerations make the given displacements and velocities: g(t₊) − β Δt² a₊, ġ(t₊) − γ Δt a₊. The balance of
        // forces is that of t + (1 − α_f) Δt, and has (1 − α_m) a₊ + α_m a for the acceleration then: so a₊ is that of t₊ − (α_f − α_m) Δt.
        double[]? driven = null;
        if (!_given.IsRest)
        {
            driven = _given.Acceleration(t + ((1 - s.AlphaF + s.AlphaM) * dt)).Gaps(new double[u.Length]);
            (guess, rate) = (_given.Displacement(t + dt).Fulfilled(guess), _given.Velocity(t + dt).Fulfilled(rate));
            for (var i = 0; i < u.Length; i++)
            {
                guess[i] -= dt * dt * s.Beta * driven[i];
                rate[i] -= dt * s.Gamma * driven[i];
            }
        }

        for (var i = 0; i < u.Length; i++)
        {
            middle[i] = ((1 - s.AlphaF) * guess[i]) + (s.AlphaF * u[i]);
            middleRate[i] = ((1 - s.AlphaF) * rate[i]) + (s.AlphaF * v[i]);
            old[i] = s.AlphaM * a[i];
        }

        var next = _solver.Solve(Balance(_load(t + ((1 - s.AlphaF) * dt)), middle, middleRate, old), driven);
        for (var i = 0; i < u.Length; i++)
        {
            guess[i] += dt * dt * s.Beta * next[i];
            rate[i] += dt * s.Gamma * next[i];
        }

        return new(t + dt, guess, rate, next);
    }

    /// <summary>½ vᵀM v + ½ uᵀK u, J.</summary>
    public double Energy(Motion motion)
    {
        ArgumentNullException.ThrowIfNull(motion);
        var (mv, ku) = (new double[motion.Velocity.Length], new double[motion.Velocity.Length]);
        _mass.Multiply(motion.Velocity, mv);
        _stiffness.Multiply(motion.Displacement, ku);
        return 0.5 * (FixedOrderSum.Dot(motion.Velocity, mv) + FixedOrderSum.Dot(motion.Displacement, ku));
    }

    // f − K u − C v − M a.
    private double[] Balance(double[] load, double[] u, double[] v, double[]? a)
    {
        var result = (double[])load.Clone();
        Subtract(_stiffness, u);
        if (_damping is not null)
        {
            Subtract(_damping, v);
        }

        if (a is not null)
        {
            Subtract(_mass, a);
        }

        return result;

        void Subtract(CsrMatrix matrix, double[] x)
        {
            var product = new double[x.Length];
            matrix.Multiply(x, product);
            for (var i = 0; i < x.Length; i++)
            {
                result[i] -= product[i];
            }
        }
    }
}
