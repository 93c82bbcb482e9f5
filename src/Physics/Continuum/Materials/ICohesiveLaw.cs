using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Physics.Continuum.Materials;

/// <summary>
/// How the two sides of an interface hold together, with a memory: a law, a table of a finer model, or that model itself. Openings and tractions have the
/// component x across the interface and y, z along it (z is zero in two dimensions); no direction along the interface is preferred. A law keeps nothing
/// itself; what it remembers are the numbers of a point's state.
/// </summary>
public interface ICohesiveLaw
{
    /// <summary>How many numbers a point remembers. All zero is the state at the beginning.</summary>
    int StateSize { get; }

    /// <summary>The traction that an opening gives, and its derivative. Several threads may call it at once.</summary>
    /// <param name="opening">The displacement of the far side against the near one, m; x &lt; 0 is an overlap.</param>
    /// <param name="state">The state at the beginning of the step; <see cref="StateSize"/> numbers.</param>
    /// <param name="next">The state at its end; overwritten.</param>
    /// <param name="tangent">The derivative of what this function computes, N/m³.</param>
    /// <returns>What pulls the sides together, N/m².</returns>
    Vec3 Respond(Vec3 opening, ReadOnlySpan<double> state, Span<double> next, out Matrix3 tangent);

    /// <summary>The energy that a point has used up for good, J/m².</summary>
    /// <param name="state">The state of the point.</param>
    double Dissipated(ReadOnlySpan<double> state);
}
