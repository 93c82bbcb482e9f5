using System.Collections.Immutable;
using ActorMultiscale.Physics.Coupling;
using static ActorMultiscale.Tests.Continuum.Participants.BodyStand;

namespace ActorMultiscale.Tests.Continuum.Participants;

/// <summary>A rectangle or box of two regions at random, and sub-domains of it.</summary>
/// <param name="Settings">The settings of its shape.</param>
/// <param name="Scheme">The sub-domains.</param>
/// <param name="Sides">The names of its surfaces, shuffled.</param>
/// <param name="Text">What it is, for messages.</param>
internal sealed record DividedShape(ImmutableArray<(string, object)> Settings, SubdomainScheme Scheme, ImmutableArray<string> Sides, string Text)
{
    public static DividedShape Random(Random random, int dimension)
    {
        var degree = 1 + random.Next(2);
        int[] parts = [.. Enumerable.Range(0, dimension).Select(_ => 1 + random.Next(dimension == 3 ? 2 : 3))];
        parts[random.Next(dimension)] = 2;
        var overlap = 1 + random.Next(2);
        int[] cells = [.. parts.Select(p => (p * overlap) + 1 + random.Next(dimension == 3 ? 2 : 8))];
        int[] coarse = random.Next(4) == 0 ? [] : [.. cells.Select(c => 1 + random.Next(Math.Min(c, 4)))];
        double[] size = [.. cells.Select(_ => 0.5 + random.NextDouble())];
        double[] origin = [.. cells.Select(_ => random.NextDouble() - 0.5)];
        double[] Corner(double share) => [.. origin.Zip(size, (o, s) => o + (share * s))];
        string[] sides = dimension == 2 ? ["left", "right", "bottom", "top"] : ["left", "right", "front", "back", "bottom", "top"];
        random.Shuffle(sides);
        var cell = random.Next(2) == 0 ? "block" : "simplex";
        return new(
        [
            ("size", Numbers(size)), ("cells", Numbers([.. cells.Select(c => (double)c)])), ("origin", Numbers(origin)), ("cell", cell), ("degree", degree),
            ("regions", Names("all", "some")), ("region-boxes", Numbers([.. Corner(-0.1), .. Corner(1.1), .. Corner(-0.1), .. Corner(0.6)])),
        ],
        DividedStand.Scheme(parts, overlap, coarse), [.. sides],
        $"parts {string.Join("×", parts)} of {string.Join("×", cells)} cells ({cell}) of degree {degree}, overlap {overlap}, coarse {string.Join("×", coarse)}");
    }

    public override string ToString() => Text;
}
