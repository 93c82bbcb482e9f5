using System.Runtime.Intrinsics;

namespace ActorMultiscale.Physics.Particles.Interactions;

/// <summary>
/// How two atoms act on each other along the line between them, for eight pairs at once. Implement it as a struct: kernels are compiled for
/// each law by itself. <see cref="IPairPotential"/> is the same for one pair, easier to write and slower.
/// </summary>
public interface IPairLaw
{
    /// <summary>Pairs at this distance and beyond do not act on each other.</summary>
    double Cutoff { get; }

    /// <summary>How many kinds of atoms there may be.</summary>
    int Kinds => KindTable.MostKinds;

    /// <summary>Makes the law that of the neighbors of an atom of this kind: called once an atom. A kind beyond <see cref="Kinds"/> may give anything.</summary>
    void Begin(int kind);

    /// <summary>−φ′(r)/r of eight pairs, and φ(r) where it is wanted.</summary>
    /// <param name="r2">r². Beyond the cutoff, and up to 10³⁰⁰, the result does not matter, but it must be finite.</param>
    /// <param name="kinds">The kinds of the neighbors, as numbers.</param>
    /// <param name="wantsEnergy">Whether <paramref name="energy"/> is wanted; a constant when the kernel is compiled.</param>
    /// <param name="energy">φ(r); anything if it is not wanted.</param>
    Vector512<double> ForceOverDistance(Vector512<double> r2, Vector512<double> kinds, bool wantsEnergy, out Vector512<double> energy);

    /// <summary>Whether the law is also known in single precision, for <see cref="Interaction.InSingle{TLaw}"/>.</summary>
    bool HasSingle => false;

    /// <summary>The same of sixteen pairs in single precision, where <see cref="HasSingle"/>. Whatever the units, numbers in between must keep within 10⁻³⁸ to 10³⁸.</summary>
    /// <param name="r2">r². Beyond the cutoff the result does not matter, but it must be finite.</param>
    /// <param name="kinds">The kinds of the neighbors.</param>
    /// <param name="wantsEnergy">Whether <paramref name="energy"/> is wanted.</param>
    /// <param name="energy">φ(r); anything if it is not wanted.</param>
    Vector512<float> ForceOverDistance(Vector512<float> r2, Vector512<int> kinds, bool wantsEnergy, out Vector512<float> energy) => throw new NotSupportedException();
}

/// <summary>How two atoms act on each other along the line between them: all that a pair interaction of one's own needs.</summary>
public interface IPairPotential
{
    /// <summary>Pairs at this distance and beyond do not act on each other.</summary>
    double Cutoff { get; }

    /// <summary>−φ′(r)/r and φ(r).</summary>
    /// <param name="r2">r², below the square of the cutoff.</param>
    /// <param name="kind">The kind of one atom.</param>
    /// <param name="other">The kind of the other.</param>
    /// <param name="energy">φ(r).</param>
    double ForceOverDistance(double r2, int kind, int other, out double energy);
}

/// <summary>A potential for one pair as a law for eight: one after the other.</summary>
/// <param name="potential">The potential.</param>
internal struct OneByOne<TPotential>(TPotential potential) : IPairLaw where TPotential : struct, IPairPotential
{
    private int _kind;

    public readonly double Cutoff => potential.Cutoff;

    public void Begin(int kind) => _kind = kind;

    public readonly Vector512<double> ForceOverDistance(Vector512<double> r2, Vector512<double> kinds, bool wantsEnergy, out Vector512<double> energy)
    {
        var force = Vector512<double>.Zero;
        energy = Vector512<double>.Zero;
        for (var p = 0; p < Vector512<double>.Count; p++)
        {
            if (r2[p] < potential.Cutoff * potential.Cutoff)
            {
                force = force.WithElement(p, potential.ForceOverDistance(r2[p], _kind, (int)kinds[p], out var one));
                energy = energy.WithElement(p, one);
            }
        }

        return force;
    }
}
