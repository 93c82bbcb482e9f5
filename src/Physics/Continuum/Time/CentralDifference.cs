using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Continuum.Time;

/// <summary>
/// m a + c v = f(t, u) in explicit steps with diagonal m and c: second order, stable for steps up to 2/ω, <see cref="LumpedMass.LongestStep"/>.
/// It changes with each step, and allocates nothing then unless given values change in time.
/// </summary>
/// <remarks>
/// v_½ = v + ½ Δt a, u₊ = u + Δt v_½, a₊ = (f(t₊, u₊) − c v_½) / (m + ½ Δt c), v₊ = v_½ + ½ Δt a₊.
/// After: Belytschko, Liu, Moran, "Nonlinear Finite Elements for Continua and Structures" (2000), box 6.1.
/// </remarks>
public sealed class CentralDifference
{
    private readonly double[] _mass;
    private readonly double[]? _damping;
    private readonly Action<double, double[], double[]> _force;
    private readonly bool[] _isFixed;
    private readonly GivenMotion _given;
    private readonly double[] _f;

    /// <summary>A motion that begins.</summary>
    /// <param name="mass">m, kg.</param>
    /// <param name="damping">c, kg/s, one number a dof, at least zero; none if null. Copied.</param>
    /// <param name="force">Writes f(t, u), all forces but those of damping: load minus what the body answers. Called as (t, u, f) with f to be overwritten.</param>
    /// <param name="constraints">Fixed dofs; their displacements keep their values. No ties.</param>
    /// <param name="displacement">u, m.</param>
    /// <param name="velocity">v, m/s.</param>
    /// <param name="time">t, s.</param>
    /// <exception cref="ScaleModelException">A mass is not positive, a damping is negative or not finite, or a dof is tied to others.</exception>
    public CentralDifference(
        ReadOnlySpan<double> mass, double[]? damping, Action<double, double[], double[]> force, Constraints constraints, ReadOnlySpan<double> displacement,
        ReadOnlySpan<double> velocity, double time = 0) : this(mass, damping, force, GivenMotion.Rest(constraints), displacement, velocity, time)
    {
    }

    /// <summary>A motion that begins, with given values that change in time.</summary>
    /// <param name="mass">m, kg.</param>
    /// <param name="damping">c, kg/s, one number a dof, at least zero; none if null. Copied.</param>
    /// <param name="force">Writes f(t, u), all forces but those of damping. Called as (t, u, f) with f to be overwritten.</param>
    /// <param name="given">How some dofs move. No ties.</param>
    /// <param name="displacement">u, m.</param>
    /// <param name="velocity">v, m/s.</param>
    /// <param name="time">t, s.</param>
    /// <exception cref="ScaleModelException">A mass is not positive, a damping is negative or not finite, or a dof is tied to others.</exception>
    public CentralDifference(
        ReadOnlySpan<double> mass, double[]? damping, Action<double, double[], double[]> force, GivenMotion given, ReadOnlySpan<double> displacement,
        ReadOnlySpan<double> velocity, double time = 0)
    {
        ArgumentNullException.ThrowIfNull(force);
        ArgumentNullException.ThrowIfNull(given);
        var constraints = given.Pattern;
        ArgumentOutOfRangeException.ThrowIfNotEqual(displacement.Length, mass.Length, nameof(displacement));
        ArgumentOutOfRangeException.ThrowIfNotEqual(velocity.Length, mass.Length, nameof(velocity));
        ArgumentOutOfRangeException.ThrowIfNotEqual(constraints.DofCount, mass.Length, nameof(constraints));
        ArgumentOutOfRangeException.ThrowIfNotEqual(damping?.Length ?? mass.Length, mass.Length, nameof(damping));
        if (constraints.Directions().EntryCount != mass.Length - constraints.Count)
        {
            throw new ScaleModelException("Explicit steps take fixed dofs only: with dofs that are tied to others the mass would not be diagonal.");
        }

        (_mass, _damping, _force, _given, Time) = (mass.ToArray(), (double[]?)damping?.Clone(), force, given, time);
        _isFixed = [.. Enumerable.Range(0, mass.Length).Select(constraints.Contains)];
        Displacement = given.Displacement(time).Fulfilled(displacement);
        (Velocity, Acceleration, _f) = (given.Velocity(time).Fulfilled(velocity), given.Acceleration(time).Fulfilled(new double[mass.Length]), new double[mass.Length]);
        for (var i = 0; i < mass.Length; i++)
        {
            if (!(mass[i] > 0))
            {
                throw new ScaleModelException(FormattableString.Invariant($"The mass of dof {i} is {mass[i]} kg; masses are positive."));
            }

            if (damping is not null && !(damping[i] >= 0 && double.IsFinite(damping[i])))
            {
                throw new ScaleModelException(FormattableString.Invariant($"The damping of dof {i} is {damping[i]} kg/s; it is finite and at least zero."));
            }
        }

        _force(Time, Displacement, _f);
        for (var i = 0; i < mass.Length; i++)
        {
            Acceleration[i] = _isFixed[i] ? Acceleration[i] : (_f[i] - ((damping?[i] ?? 0) * Velocity[i])) / mass[i];
        }
    }

    /// <summary>t, s.</summary>
    public double Time { get; private set; }

    /// <summary>u, m.</summary>
    public double[] Displacement { get; }

    /// <summary>v, m/s.</summary>
    public double[] Velocity { get; }

    /// <summary>a, m/s².</summary>
    public double[] Acceleration { get; }

    /// <summary>½ Σ m v², J.</summary>
    public double KineticEnergy
    {
        get
        {
            var sum = 0.0;
            for (var i = 0; i < _mass.Length; i++)
            {
                sum += 0.5 * _mass[i] * Velocity[i] * Velocity[i];
            }

            return sum;
        }
    }

    /// <summary>Goes a step on.</summary>
    /// <param name="step">Δt, s; may differ from step to step.</param>
    public void Advance(double step)
    {
        ChangeSolver.RequireStep(step);
        var (u, v, a, half) = (Displacement, Velocity, Acceleration, 0.5 * step);
        for (var i = 0; i < u.Length; i++)
        {
            v[i] += half * a[i];
            u[i] += step * v[i];
        }

        Time += step;
        if (!_given.IsRest)
        {
            var (g, rate, change) = (_given.Displacement(Time), _given.Velocity(Time), _given.Acceleration(Time));
            for (var i = 0; i < u.Length; i++)
            {
                if (_isFixed[i])
                {
                    // ½ Δt a is added below, as to all.
                    (u[i], a[i]) = (g.Value(i), change.Value(i));
                    v[i] = rate.Value(i) - (half * a[i]);
                }
            }
        }

        _force(Time, u, _f);
        for (var i = 0; i < u.Length; i++)
        {
            var c = _damping is null ? 0 : _damping[i];
            a[i] = _isFixed[i] ? a[i] : (_f[i] - (c * v[i])) / (_mass[i] + (half * c));
            v[i] += half * a[i];
        }
    }
}
