namespace ActorMultiscale.Physics.CoarseGraining;

/// <summary>
/// What a site, or a whole body, holds of the quantities in the conservation ledger. All four are extensive: they add up over sites, and a
/// partition of unity shares them out without loss.
/// </summary>
/// <param name="Energy">Kinetic and potential energy on a whole step n: ½ m v_n² + U(u_n), with v_n the mean of the half-step velocities.</param>
/// <param name="Invariant">What the discrete motion keeps exactly: ½ m v_{n−½} v_{n+½} + U(u_n).</param>
/// <param name="Momentum">m v.</param>
/// <param name="MomentumMagnitude">|m v|, the scale for judging a sum of momenta that cancel.</param>
public readonly record struct Balance(double Energy, double Invariant, double Momentum, double MomentumMagnitude)
{
    /// <summary>The sum of two balances.</summary>
    public Balance Plus(Balance other) =>
        new(Energy + other.Energy, Invariant + other.Invariant, Momentum + other.Momentum, MomentumMagnitude + other.MomentumMagnitude);

    /// <summary>A share of this balance.</summary>
    public Balance Times(double share) => new(share * Energy, share * Invariant, share * Momentum, share * MomentumMagnitude);
}
