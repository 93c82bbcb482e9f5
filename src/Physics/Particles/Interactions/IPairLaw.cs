using System.Runtime.Intrinsics;

namespace ActorMultiscale.Physics.Particles.Interactions;

/// <summary>
/// How two atoms act on each other along the line between them, for eight pairs at once. Implement it as a readonly struct: kernels are
/// compiled for each law by itself. <see cref="IPairPotential"/> is the same for one pair, easier to write and slower.
/// </summary>
public interface IPairLaw
{
    /// <summary>Pairs at this distance and beyond do not act on each other.</summary>
    double Cutoff { get; }

    /// <summary>What the law is for the neighbors of an atom of this kind: called once an atom.</summary>
    void Begin(int kind);

    /// <summary>−φ′(r)/r of eight pairs; and φ(r) where <paramref name="wantsEnergy"/>.</summary>
    /// <param name="r2">r². Beyond the cutoff the result does not matter, but must not be slow.</param>
    /// <param name="kinds">The kinds of the neighbors, as numbers.</param>
    /// <param name="wantsEnergy">Whether <paramref name="energy"/> is wanted; known when the kernel is compiled.</param>
    /// <param name="energy">φ(r); anything if it is not wanted.</param>
    Vector512<double> ForceOverDistance(Vector512<double> r2, Vector512<double> kinds, bool wantsEnergy, out Vector512<double> energy);
}

/// <summary>How two atoms act on each other along the line between them: all that is needed for a pair interaction of one's own.</summary>
public interface IPairPotential
{
    /// <summary>Pairs at this distance and beyond do not act on each other.</summary>
    double Cutoff { get; }

    /// <summary>−φ′(r)/r of a pair of these kinds, and φ(r).</summary>
    /// <param name="r2">r², below the square of the cutoff.</param>
    /// <param name="kind">The kind of one atom.</param>
    /// <param name="other">The kind of the other.</param>
    /// <param name="energy">φ(r).</param>
    double ForceOverDistance(double r2, int kind, int other, out double energy);
}
