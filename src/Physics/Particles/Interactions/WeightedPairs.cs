using System.Collections.Immutable;
using System.Runtime.Intrinsics;

namespace ActorMultiscale.Physics.Particles.Interactions;

/// <summary>A pair law times a weight, for a bond whose kind is kind · 8 + other; beyond the cutoff nothing.</summary>
internal readonly struct WeightedLaw<TLaw>(TLaw law, double weight) : IBondLaw where TLaw : struct, IPairLaw
{
    public int Kinds => KindTable.MostKinds * KindTable.MostKinds;

    public double ForceOverDistance(double r2, int kind, bool wantsEnergy, out double energy)
    {
        energy = 0;
        if (!(r2 < law.Cutoff * law.Cutoff))
        {
            return 0;
        }

        var own = law;
        own.Begin(kind / KindTable.MostKinds);
        var force = own.ForceOverDistance(Vector512.Create(r2), Vector512.Create((double)(kind % KindTable.MostKinds)), true, out var phi);
        energy = weight * phi[0];
        return weight * force[0];
    }
}

/// <summary>A law of charges times weights, one for each bond: w C q₁q₂.</summary>
internal readonly struct WeightedChargeLaw<TLaw>(TLaw law, ImmutableArray<double> weights) : IBondLaw where TLaw : struct, IChargeLaw
{
    public int Kinds => weights.Length;

    public double ForceOverDistance(double r2, int kind, bool wantsEnergy, out double energy)
    {
        energy = 0;
        if (!(r2 < law.Cutoff * law.Cutoff))
        {
            return 0;
        }

        var force = law.ForceOverDistance(Vector512.Create(r2), true, out var phi);
        energy = weights[kind] * phi[0];
        return weights[kind] * force[0];
    }
}

/// <summary>
/// What excluded pairs still do to each other: a law times a weight over the pairs that are so many bonds apart, each at its nearest image. With
/// <see cref="BondedNeighbors.ThreeBonds"/> excluded, and this of weight ½ for it, 1-4 pairs count half: LAMMPS <c>special_bonds</c>.
/// </summary>
internal sealed class WeightedPairs(Func<AtomConfiguration, ImmutableArray<(int First, int Second)>, Interaction> make, BondedNeighbors which) : Interaction
{
    private Interaction? _inner;

    public override double Cutoff => 0;

    // As bonds have, which these are, before there are atoms too.
    internal override bool HasShares => true;

    internal override bool HasPairs => true;

    public static WeightedPairs Of<TLaw>(TLaw law, BondedNeighbors which, double weight) where TLaw : struct, IPairLaw => new(
        (atoms, pairs) =>
        {
            RequireKinds(atoms, law.Kinds, "pair law has parameters for");
            return OfBonds(new WeightedLaw<TLaw>(law, weight), [.. pairs.Select(p => new Connection((atoms.Kinds[p.First] * KindTable.MostKinds) + atoms.Kinds[p.Second], [p.First, p.Second]))]);
        },
        which);

    public static WeightedPairs OfCharges<TLaw>(TLaw law, BondedNeighbors which, double weight) where TLaw : struct, IChargeLaw => new(
        (atoms, pairs) =>
        {
            new PlacedCharges().Attach(atoms);       // Refuses what makes no sense.
            return OfBonds(new WeightedChargeLaw<TLaw>(law, [.. pairs.Select(p => weight * atoms.Units.Coulomb * atoms.Charges[p.First] * atoms.Charges[p.Second])]),
                [.. pairs.Select((p, k) => new Connection(k, [p.First, p.Second]))]);
        },
        which);

    internal override void Attach(AtomConfiguration atoms)
    {
        var pairs = ImmutableArray.CreateBuilder<(int, int)>();
        if (ExclusionTable.Of(atoms, which) is { } table)
        {
            for (var i = 0; i < atoms.Count; i++)
            {
                for (var e = table.Starts[i]; e < table.Starts[i + 1]; e++)
                {
                    if (i < table.Partners[e])
                    {
                        pairs.Add((i, table.Partners[e]));
                    }
                }
            }
        }

        _inner = make(atoms, pairs.ToImmutable());
        _inner.Attach(atoms);
    }

    internal override void Run(ForcePass pass) => _inner!.Run(pass);

    internal override void Visit(ForcePass pass, PairVisitor visitor) => _inner!.Visit(pass, visitor);
}
