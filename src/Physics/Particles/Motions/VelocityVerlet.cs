namespace ActorMultiscale.Physics.Particles.Motions;

/// <summary>Constant energy.</summary>
/// <remarks>
/// v(t + Δt/2) = v + Δt f(t)/2m, x(t + Δt) = x + Δt v(t + Δt/2), v(t + Δt) = v(t + Δt/2) + Δt f(t + Δt)/2m.
/// W. C. Swope, H. C. Andersen, P. H. Berens, K. R. Wilson, J. Chem. Phys. 76 (1982) 637.
/// </remarks>
public sealed class VelocityVerlet : Motion
{
    internal override void Step(Mover mover, double step) => Whole(mover, step);

    internal override double? Conserved(Mover mover, double total) => Deformation is null ? total : null;

    /// <summary>The step, for others that do something before or after it.</summary>
    internal static void Whole(Mover mover, double step)
    {
        mover.Kick(0.5 * step);
        mover.Drift(step);
        mover.Evaluate(counts: false);
        mover.Kick(0.5 * step);
    }
}
