using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Particles.Interactions;

/// <summary>What a law has at its cutoff, for each pair of kinds.</summary>
internal static class AtCutoff
{
    public static (KindTable Energy, KindTable ForceOverDistance) Of<TLaw>(TLaw law) where TLaw : struct, IPairLaw
    {
        (double Energy, double Force) At(int i, int j)
        {
            var own = law;
            own.Begin(i);
            var force = own.ForceOverDistance(Vector512.Create(own.Cutoff * own.Cutoff), Vector512.Create((double)j), true, out var energy);
            return (energy[0], force[0]);
        }

        return (new(KindTable.MostKinds, (i, j) => At(i, j).Energy), new(KindTable.MostKinds, (i, j) => At(i, j).Force));
    }
}

/// <summary>A law whose energy is shifted to vanish at the cutoff: φ(r) − φ(r_c). Forces stay as they are, with their jump.</summary>
public struct Shifted<TLaw> : IPairLaw where TLaw : struct, IPairLaw
{
    private readonly KindTable _energy;
    private TLaw _law;
    private Vector512<double> _row;
    private Vector512<float> _single;

    /// <summary>The law <paramref name="law"/>, shifted.</summary>
    public Shifted(TLaw law) => (_law, _energy) = (law, AtCutoff.Of(law).Energy);

    /// <inheritdoc/>
    public readonly double Cutoff => _law.Cutoff;

    /// <inheritdoc/>
    public readonly int Kinds => _law.Kinds;

    /// <inheritdoc/>
    public void Begin(int kind)
    {
        _law.Begin(kind);
        (_row, _single) = (_energy.Row(kind), _energy.RowInSingle(kind));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly Vector512<double> ForceOverDistance(Vector512<double> r2, Vector512<double> kinds, bool wantsEnergy, out Vector512<double> energy)
    {
        var force = _law.ForceOverDistance(r2, kinds, wantsEnergy, out energy);
        energy = wantsEnergy ? energy - KindTable.Of(_row, kinds) : default;
        return force;
    }

    /// <inheritdoc/>
    public readonly bool HasSingle => _law.HasSingle;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly Vector512<float> ForceOverDistance(Vector512<float> r2, Vector512<int> kinds, bool wantsEnergy, out Vector512<float> energy)
    {
        var force = _law.ForceOverDistance(r2, kinds, wantsEnergy, out energy);
        energy = wantsEnergy ? energy - KindTable.Of(_single, kinds) : default;
        return force;
    }
}

/// <summary>
/// A law whose force and energy are both shifted to vanish at the cutoff: φ(r) − φ(r_c) − (r − r_c) φ′(r_c)
/// (S. D. Stoddard, J. Ford, Phys. Rev. A 8 (1973) 1504).
/// </summary>
public struct ForceShifted<TLaw> : IPairLaw where TLaw : struct, IPairLaw
{
    private readonly KindTable _energy;
    private readonly KindTable _force;
    private TLaw _law;
    private Vector512<double> _energyRow;
    private Vector512<double> _forceRow;
    private Vector512<float> _energySingle;
    private Vector512<float> _forceSingle;

    /// <summary>The law <paramref name="law"/>, shifted.</summary>
    public ForceShifted(TLaw law)
    {
        (_law, (_energy, _force)) = (law, AtCutoff.Of(law));
    }

    /// <inheritdoc/>
    public readonly double Cutoff => _law.Cutoff;

    /// <inheritdoc/>
    public readonly int Kinds => _law.Kinds;

    /// <inheritdoc/>
    public void Begin(int kind)
    {
        _law.Begin(kind);
        (_energyRow, _forceRow) = (_energy.Row(kind), _force.Row(kind));
        (_energySingle, _forceSingle) = (_energy.RowInSingle(kind), _force.RowInSingle(kind));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly Vector512<double> ForceOverDistance(Vector512<double> r2, Vector512<double> kinds, bool wantsEnergy, out Vector512<double> energy)
    {
        // −φ′(r_c) = r_c times what the table holds.
        var r = Vector512.Sqrt(r2);
        var cutoff = Vector512.Create(Cutoff);
        var last = KindTable.Of(_forceRow, kinds) * cutoff;
        var force = _law.ForceOverDistance(r2, kinds, wantsEnergy, out energy);
        energy = wantsEnergy ? energy - KindTable.Of(_energyRow, kinds) + ((r - cutoff) * last) : default;
        return force - (last / r);
    }

    /// <inheritdoc/>
    public readonly bool HasSingle => _law.HasSingle;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly Vector512<float> ForceOverDistance(Vector512<float> r2, Vector512<int> kinds, bool wantsEnergy, out Vector512<float> energy)
    {
        var r = Vector512.Sqrt(r2);
        var cutoff = Vector512.Create((float)Cutoff);
        var last = KindTable.Of(_forceSingle, kinds) * cutoff;
        var force = _law.ForceOverDistance(r2, kinds, wantsEnergy, out energy);
        energy = wantsEnergy ? energy - KindTable.Of(_energySingle, kinds) + ((r - cutoff) * last) : default;
        return force - (last / r);
    }
}

/// <summary>
/// A law that is led to zero between an inner and the outer cutoff by a switch with two continuous derivatives,
/// S(t) = 1 − 10t³ + 15t⁴ − 6t⁵ with t = (r − r_on)/(r_c − r_on): φ S.
/// </summary>
public struct Switched<TLaw> : IPairLaw where TLaw : struct, IPairLaw
{
    private readonly double _begin;
    private TLaw _law;

    /// <summary>The law <paramref name="law"/>, switched off from <paramref name="begin"/> on.</summary>
    /// <exception cref="ScaleModelException">The switch does not begin between zero and the cutoff.</exception>
    public Switched(TLaw law, double begin)
    {
        (_law, _begin) = (law, begin);
        if (!(begin > 0 && begin < law.Cutoff))
        {
            throw new ScaleModelException(FormattableString.Invariant($"The switch begins at {begin}; it must begin between zero and the cutoff, {law.Cutoff}."));
        }
    }

    /// <inheritdoc/>
    public readonly double Cutoff => _law.Cutoff;

    /// <inheritdoc/>
    public readonly int Kinds => _law.Kinds;

    /// <inheritdoc/>
    public void Begin(int kind) => _law.Begin(kind);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly Vector512<double> ForceOverDistance(Vector512<double> r2, Vector512<double> kinds, bool wantsEnergy, out Vector512<double> energy)
    {
        // −(φS)′/r = (−φ′/r) S − φ S′/r,  S′ = −30 t² (1 − t)² / (r_c − r_on)
        var force = _law.ForceOverDistance(r2, kinds, true, out var phi);
        var r = Vector512.Sqrt(r2);
        var perLength = Vector512.Create(1 / (Cutoff - _begin));
        var t = Vector512.Min(Vector512.Max((r - Vector512.Create(_begin)) * perLength, Vector512<double>.Zero), Vector512<double>.One);
        var t2 = t * t;
        var s = Vector512<double>.One - (t2 * t * (Vector512.Create(10.0) - (t * (Vector512.Create(15.0) - (Vector512.Create(6.0) * t)))));
        var rest = Vector512<double>.One - t;
        var slope = Vector512.Create(30.0) * t2 * rest * rest * perLength;       // −S′
        energy = phi * s;
        return (force * s) + (phi * slope / r);
    }

    /// <inheritdoc/>
    public readonly bool HasSingle => _law.HasSingle;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly Vector512<float> ForceOverDistance(Vector512<float> r2, Vector512<int> kinds, bool wantsEnergy, out Vector512<float> energy)
    {
        var force = _law.ForceOverDistance(r2, kinds, true, out var phi);
        var r = Vector512.Sqrt(r2);
        var perLength = Vector512.Create((float)(1 / (Cutoff - _begin)));
        var t = Vector512.Min(Vector512.Max((r - Vector512.Create((float)_begin)) * perLength, Vector512<float>.Zero), Vector512<float>.One);
        var t2 = t * t;
        var s = Vector512<float>.One - (t2 * t * (Vector512.Create(10f) - (t * (Vector512.Create(15f) - (Vector512.Create(6f) * t)))));
        var rest = Vector512<float>.One - t;
        energy = phi * s;
        return (force * s) + (phi * Vector512.Create(30f) * t2 * rest * rest * perLength / r);
    }
}
