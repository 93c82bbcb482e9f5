using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Particles.Interactions;

/// <summary>φ(r) = C q₁q₂/r, cut plainly (C. A. Coulomb, Hist. Acad. R. Sci. (1785) 569; LAMMPS <c>coul/cut</c>).</summary>
public readonly struct CoulombCut : IChargeLaw
{
    /// <summary>The law up to a cutoff.</summary>
    /// <exception cref="ScaleModelException">The cutoff is not finite, or not above zero.</exception>
    public CoulombCut(double cutoff) => Cutoff = cutoff > 0 && double.IsFinite(cutoff) ? cutoff
        : throw new ScaleModelException(FormattableString.Invariant($"The cutoff of charges is {cutoff}; it must be above zero."));

    /// <inheritdoc/>
    public double Cutoff { get; }

    /// <inheritdoc/>
    public double Self => 0;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector512<double> ForceOverDistance(Vector512<double> r2, bool wantsEnergy, out Vector512<double> energy)
    {
        // −φ′/r = 1/r³
        var inverse2 = Vector512<double>.One / r2;
        energy = Vector512.Sqrt(inverse2);
        return energy * inverse2;
    }
}
