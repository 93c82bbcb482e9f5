using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Physics.Particles.Motions;

/// <summary>A way to the nearest least of the energy.</summary>
public abstract class Minimizer
{
    private protected Minimizer()
    {
    }

    /// <summary>Goes there.</summary>
    /// <param name="landscape">What is minimized.</param>
    /// <param name="most">After so many computations of forces it stops.</param>
    /// <param name="cancellation">Signalled when nobody wants the rest.</param>
    internal abstract Minimum Run(Landscape landscape, long most, CancellationToken cancellation);
}

/// <summary>Where a <see cref="Minimizer"/> came to.</summary>
/// <param name="IsConverged">Whether forces, and the pressure where the box was relaxed, are as small as was asked for.</param>
/// <param name="Evaluations">How often forces were computed.</param>
/// <param name="Energy">Potential energy, in the unit of energy.</param>
/// <param name="Force">The largest force on an atom, in the unit of force.</param>
/// <param name="Pressure">W/V, in the unit of pressure: atoms are at rest.</param>
public sealed record Minimum(bool IsConverged, long Evaluations, double Energy, double Force, SymTensor3 Pressure);
