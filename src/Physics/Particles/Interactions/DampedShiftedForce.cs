using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Particles.Interactions;

/// <summary>
/// Damped shifted force: φ(r) = C q₁q₂ [v(r) − v(r_c) − (r − r_c) v′(r_c)] with v(r) = erfc(αr)/r, so that force and energy vanish at the cutoff
/// (C. J. Fennell, J. D. Gezelter, J. Chem. Phys. 124 (2006) 234104, eq. 18; LAMMPS <c>coul/dsf</c>).
/// </summary>
/// <remarks>
/// The energy of each charge by itself, −C q² [(v(r_c) − r_c v′(r_c))/2 + α/√π], is counted, as in LAMMPS. Pairs that the engine excludes count nothing.
/// </remarks>
public readonly struct DampedShiftedForce : IChargeLaw
{
    private readonly double _damping;
    private readonly double _energy;        // v(r_c)
    private readonly double _force;         // −v′(r_c)

    /// <summary>The law with damping α, an inverse length, and a cutoff.</summary>
    /// <exception cref="ScaleModelException">A number is not finite, the damping is below zero, or the cutoff is not above zero.</exception>
    public DampedShiftedForce(double damping, double cutoff)
    {
        if (!(damping >= 0 && cutoff > 0) || !double.IsFinite(damping + cutoff))
        {
            throw new ScaleModelException(FormattableString.Invariant($"A damped shifted force has α = {damping} and cutoff = {cutoff}; α is zero or more, the cutoff above zero."));
        }

        (_damping, Cutoff) = (damping, cutoff);
        var force = Damped(Vector512.Create(damping), Vector512.Create(cutoff), out var energy);
        (_energy, _force) = (energy[0], force[0]);
    }

    /// <inheritdoc/>
    public double Cutoff { get; }

    /// <inheritdoc/>
    public double Self => -((0.5 * (_energy + (Cutoff * _force))) + (0.5 * ErrorFunction.TwoOverRootPi * _damping));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector512<double> ForceOverDistance(Vector512<double> r2, bool wantsEnergy, out Vector512<double> energy)
    {
        var r = Vector512.Sqrt(r2);
        var force = Damped(Vector512.Create(_damping), r, out var v);
        energy = wantsEnergy ? v - Vector512.Create(_energy) + ((r - Vector512.Create(Cutoff)) * Vector512.Create(_force)) : default;
        return (force - Vector512.Create(_force)) / r;
    }

    /// <summary>−v′(r) and v(r) of v = erfc(αr)/r: −v′ = [v + (2α/√π) e^(−α²r²)]/r.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<double> Damped(Vector512<double> damping, Vector512<double> r, out Vector512<double> v)
    {
        var inverse = Vector512<double>.One / r;
        v = ErrorFunction.Complement(damping * r, out var gauss) * inverse;
        return Vector512.FusedMultiplyAdd(damping * Vector512.Create(ErrorFunction.TwoOverRootPi), gauss, v) * inverse;
    }
}
