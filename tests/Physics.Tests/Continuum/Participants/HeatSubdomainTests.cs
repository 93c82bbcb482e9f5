using ActorMultiscale.Physics.Continuum.Participants;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Coupling.Acceleration;
using Xunit.Abstractions;
using static ActorMultiscale.Tests.Continuum.Participants.BodyStand;

namespace ActorMultiscale.Tests.Continuum.Participants;

/// <summary>Bodies that conduct heat, in sub-domains, against the same bodies as a whole.</summary>
public sealed class HeatSubdomainTests(ITestOutputHelper output)
{
    private static readonly Physics.Models.ModelEntry _heat = HeatModel.Entry(NoFiles);

    [Fact]
    public void Sub_domains_of_any_shape_have_the_temperatures_of_the_whole_body()
    {
        for (var seed = 0; seed < 24; seed++)
        {
            var random = new Random(seed);
            var dimension = seed % 4 == 3 ? 3 : 2;
            var degree = 1 + random.Next(2);
            int[] parts = [.. Enumerable.Range(0, dimension).Select(_ => 1 + random.Next(dimension == 3 ? 2 : 3))];
            parts[random.Next(dimension)] = 2;
            var overlap = 1 + random.Next(2);
            int[] cells = [.. parts.Select(p => (p * overlap) + random.Next(dimension == 3 ? 2 : 8))];
            int[] coarse = random.Next(4) == 0 ? [] : [.. cells.Select(c => 1 + random.Next(Math.Min(c, 4)))];
            var size = cells.Select(_ => 0.5 + random.NextDouble()).ToArray();
            string[] sides = dimension == 2 ? ["left", "right", "bottom", "top"] : ["left", "right", "front", "back", "bottom", "top"];
            random.Shuffle(sides);
            var scheme = new[] { "steady", "backward-euler", "crank-nicolson" }[random.Next(3)];
            List<(string, object)> settings =
            [
                ("size", Numbers(size)), ("cells", Numbers([.. cells.Select(c => (double)c)])), ("origin", Numbers([.. size.Select(_ => random.NextDouble() - 0.5)])), ("cell", random.Next(2) == 0 ? "block" : "simplex"),
                ("degree", degree), ("scheme", scheme), ("conductivity", Numbers(0.1 + random.NextDouble())), ("capacity", Numbers(0.1 + random.NextDouble())), ("constant-source", Numbers(random.NextDouble())),
                ("initial-temperature", random.NextDouble()), ("fixed-temperature", Names(sides[0])), ("fixed-temperatures", Numbers(2)), ("constant-flux", Names(sides[1], sides[2])), ("constant-fluxes", Numbers(1, -0.5)),
                ("film", Names(sides[3])), ("film-coefficients", Numbers(2)), ("ambient-temperatures", Numbers(3)),
            ];
            var windows = scheme == "steady" ? 1 : 3;
            var whole = DividedStand.Run(DividedStand.Of(_heat, [.. settings], 0.1, windows, null));
            var divided = DividedStand.Run(DividedStand.Of(_heat, [.. settings], 0.1, windows, DividedStand.Scheme(parts, overlap, coarse)));

            var difference = DividedStand.Difference(whole.Views[0], divided.Views);
            output.WriteLine($"{seed}: {dimension}-D {scheme}, parts {string.Join("×", parts)} of {string.Join("×", cells)}, overlap {overlap}, coarse {string.Join("×", coarse)}, degree {degree}: {divided.Iterations} iterations, off by {difference:g2}");
            Assert.Equal(parts.Aggregate(1, (n, p) => n * p), divided.Views.Count);
            Assert.InRange(difference, 0, 1e-8);
        }
    }

    // Parts of 6 × 6 cells with an overlap of 2, more and more of them.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void With_a_coarse_level_the_iterations_do_not_grow_with_the_number_of_sub_domains(bool hasCoarse)
    {
        List<double> counts = [];
        foreach (var n in (int[])[2, 4, 8])
        {
            (string, object)[] settings =
            [
                ("cells", Numbers(6 * n, 6 * n)), ("scheme", "steady"), ("constant-source", Numbers(1)), ("fixed-temperature", Names("left")), ("fixed-temperatures", Numbers(0)),
            ];
            var scheme = DividedStand.Scheme([n, n], 2, hasCoarse ? [n, n] : []) with { Tolerance = 1e-8, Absolute = null };
            counts.Add(DividedStand.Run(DividedStand.Of(_heat, settings, 1, 1, scheme)).Iterations);
        }

        output.WriteLine(string.Join(", ", counts));
        if (hasCoarse)
        {
            Assert.InRange(counts[2], 1, 1.35 * counts[1]);
        }
        else
        {
            Assert.True(counts[1] > 1.5 * counts[0] && counts[2] > 1.5 * counts[1], string.Join(", ", counts));
        }
    }
}
