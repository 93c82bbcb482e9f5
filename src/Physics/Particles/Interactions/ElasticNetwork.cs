using System.Collections.Immutable;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Particles.Interactions;

/// <summary>
/// The anisotropic network model: E = ½ γ Σ (r − r₀)² over all pairs that are nearer to each other than a cutoff in a reference configuration,
/// with r₀ as it is there (A. R. Atilgan et al., Biophys. J. 80 (2001) 505).
/// </summary>
public static class ElasticNetwork
{
    /// <summary>The springs, by the index of both atoms and their lengths. Every pair is looked at, its nearest image counts.</summary>
    /// <exception cref="ScaleModelException">The cutoff is not above zero, or longer than half of a height of a periodic box.</exception>
    public static ImmutableArray<(int First, int Second, double Length)> Springs(AtomConfiguration reference, double cutoff)
    {
        ArgumentNullException.ThrowIfNull(reference);
        for (var side = 0; side < 3; side++)
        {
            if (!(cutoff > 0) || (reference.Box.IsPeriodic(side) && 2 * cutoff > reference.Box.Heights[side]))
            {
                throw new ScaleModelException(FormattableString.Invariant($"The cutoff of an elastic network is {cutoff}; it lies above zero and, along a periodic side, at most half across the box, which is {reference.Box.Heights[side]}."));
            }
        }

        var springs = ImmutableArray.CreateBuilder<(int, int, double)>();
        for (var i = 0; i < reference.Count; i++)
        {
            for (var j = i + 1; j < reference.Count; j++)
            {
                var r = reference.Box.Nearest(reference.Positions[i] - reference.Positions[j]).Norm;
                if (r < cutoff)
                {
                    springs.Add((i, j, r));
                }
            }
        }

        return springs.ToImmutable();
    }

    /// <summary>The network as an interaction.</summary>
    /// <param name="reference">Where nothing is stretched.</param>
    /// <param name="cutoff">Up to which distance atoms are tied together.</param>
    /// <param name="stiffness">γ.</param>
    /// <exception cref="ScaleModelException">A number makes no sense.</exception>
    public static Interaction Of(AtomConfiguration reference, double cutoff, double stiffness)
    {
        var springs = Springs(reference, cutoff);
        return Interaction.OfBonds(new HarmonicBond([.. springs.Select(s => (stiffness / 2, s.Length))]), [.. springs.Select((s, k) => new Connection(k, [s.First, s.Second]))]);
    }
}
