using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Continuum.Time;

/// <summary>
/// What is given of a motion at each time. At all times the same dofs are constrained, by the same terms, in displacements, velocities and accelerations; the
/// values differ: those of velocities are the derivatives of those of displacements, and so on. Rates that do not belong to each other cost the order of a scheme.
/// </summary>
public sealed class GivenMotion
{
    private readonly Func<double, Constraints> _displacement;
    private readonly Func<double, Constraints> _velocity;
    private readonly Func<double, Constraints> _acceleration;

    /// <summary>A motion of some dofs.</summary>
    /// <param name="displacement">Constraints of u at a time, m.</param>
    /// <param name="velocity">Constraints of v at a time, m/s.</param>
    /// <param name="acceleration">Constraints of a at a time, m/s².</param>
    /// <param name="start">A time at which the constraints are asked which dofs they hold, s.</param>
    public GivenMotion(Func<double, Constraints> displacement, Func<double, Constraints> velocity, Func<double, Constraints> acceleration, double start = 0)
    {
        ArgumentNullException.ThrowIfNull(displacement);
        ArgumentNullException.ThrowIfNull(velocity);
        ArgumentNullException.ThrowIfNull(acceleration);
        (_displacement, _velocity, _acceleration, Pattern) = (displacement, velocity, acceleration, displacement(start));
    }

    private GivenMotion(Constraints constraints)
    {
        var still = constraints.WithoutValues();
        (_displacement, _velocity, _acceleration, Pattern, IsRest) = (_ => constraints, _ => still, _ => still, constraints, true);
    }

    /// <summary>Constraints with values that do not change.</summary>
    /// <param name="constraints">The constraints of u.</param>
    public static GivenMotion Rest(Constraints constraints)
    {
        ArgumentNullException.ThrowIfNull(constraints);
        return new(constraints);
    }

    /// <summary>Which dofs are constrained, by which terms.</summary>
    internal Constraints Pattern { get; }

    /// <summary>Whether the values do not change.</summary>
    internal bool IsRest { get; }

    /// <summary>The constraints of u at a time.</summary>
    /// <exception cref="ScaleModelException">They are not those of the beginning with other values.</exception>
    internal Constraints Displacement(double time) => Checked(_displacement(time), time);

    /// <summary>The constraints of v at a time.</summary>
    /// <exception cref="ScaleModelException">They are not those of the beginning with other values.</exception>
    internal Constraints Velocity(double time) => Checked(_velocity(time), time);

    /// <summary>The constraints of a at a time.</summary>
    /// <exception cref="ScaleModelException">They are not those of the beginning with other values.</exception>
    internal Constraints Acceleration(double time) => Checked(_acceleration(time), time);

    private Constraints Checked(Constraints now, double time)
    {
        if (!IsRest)
        {
            Pattern.RequireLike(now, time);
        }

        return now;
    }
}
