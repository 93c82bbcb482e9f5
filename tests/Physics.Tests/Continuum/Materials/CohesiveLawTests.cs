using ActorMultiscale.Physics.Continuum.Materials;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using CsCheck;

namespace ActorMultiscale.Tests.Continuum.Materials;

/// <summary>Tractions between two sides, at a point.</summary>
public sealed class CohesiveLawTests
{
    private static readonly Dictionary<string, TractionCurve> _curves = new()
    {
        ["bilinear"] = TractionCurve.Bilinear(100, 2, 0.5),
        ["constant"] = TractionCurve.Constant(100, 2),
        ["exponential"] = TractionCurve.Exponential(2, 0.5),
        ["table"] = TractionCurve.Table([0, 0.01, 0.02, 0.2, 0.6], [0, 1, 1.7, 1.2, 0]),
    };

    private static readonly Dictionary<string, ICohesiveLaw> _laws = new()
    {
        ["bilinear"] = new EffectiveOpening(_curves["bilinear"], 0.7),
        ["constant"] = new EffectiveOpening(_curves["constant"], 2),
        ["exponential"] = new EffectiveOpening(_curves["exponential"]),
        ["table"] = new EffectiveOpening(_curves["table"], 0, 500),
        ["mixed"] = new MixedModeDamage(100, (2, 3), (0.5, 1.4), 1.7, 900),
        ["mixed, sliding weaker"] = new MixedModeDamage(100, (3, 1), (1.2, 0.4), 2.3),
    };

    public static TheoryData<string> Curves => [.. _curves.Keys];

    public static TheoryData<string> Laws => [.. _laws.Keys];

    // Never at the kinks of zero, where there is no derivative.
    private static Gen<double> Even(int low, int high) => Gen.Int[low * 100_000, (high * 100_000) - 1].Select(n => 1e-6 * (n + 0.5));

    private static readonly Gen<Vec3> _opening = Even(-2, 8).Select(Even(-8, 8), Even(-8, 8), (x, y, z) => new Vec3(x, y, z));

    [Theory]
    [MemberData(nameof(Curves))]
    public void A_curve_is_the_derivative_of_its_work_and_has_the_strength_and_toughness_that_it_says(string name)
    {
        var curve = _curves[name];
        var (work, largest, last) = (0.0, 0.0, double.PositiveInfinity);
        const double h = 1e-3;
        for (var d = 0.0; d < 6; d += h)
        {
            // Gauss' rule of two points: exact between kinks.
            for (var g = -1; g <= 1; g += 2)
            {
                var at = d + (h * (0.5 + (g * 0.5 / Math.Sqrt(3))));
                var (traction, slope) = curve.At(at);
                work += 0.5 * h * traction;
                largest = Math.Max(largest, traction);
                Assert.True(traction / at <= last * (1 + 1e-12));
                last = traction / at;
                Assert.Equal((curve.At(at + 1e-7).Traction - curve.At(at - 1e-7).Traction) / 2e-7, slope, 1e-4 * curve.Stiffness);
            }

            Assert.Equal(work, curve.Work(d + h), 2e-5);
        }

        Assert.Equal(curve.Strength, largest, 1e-3 * curve.Strength);
        Assert.Equal(curve.At(1e-9).Traction / 1e-9, curve.Stiffness, 1e-5 * curve.Stiffness);
        if (name == "constant")
        {
            Assert.Equal(double.PositiveInfinity, curve.Toughness);
            Assert.Equal(2, curve.At(1e6).Traction);
        }
        else
        {
            Assert.Equal(curve.Toughness, work, 2e-5);
        }
    }

    [Theory]
    [MemberData(nameof(Laws))]
    public void The_tangent_is_the_derivative_of_the_traction(string name)
    {
        var law = _laws[name];
        var (loading, unloading, elastic, compared) = (0, 0, 0, 0);
        const int samples = 1000;
        Gen.Select(_opening, _opening, Gen.Bool).Sample((first, second, isSmall) =>
        {
            // Half of them about as small as what does no damage.
            var scale = isSmall ? 0.02 : 1;
            (first, second) = (scale * first, scale * second);
            var (state, next) = (new double[law.StateSize], new double[law.StateSize]);
            law.Respond(first, new double[law.StateSize], state, out _);
            law.Respond(second, state, next, out var tangent);
            Interlocked.Increment(ref next[0] > state[0] ? ref loading : ref unloading);
            Interlocked.Add(ref elastic, law.Dissipated(next) < 1e-15 ? 1 : 0);
            var h = 1e-7 * scale;
            for (var j = 0; j < 3; j++)
            {
                var d = h * Matrix3.Identity.Column(j);
                double[] a = new double[law.StateSize], b = new double[law.StateSize];
                var change = (law.Respond(second + d, state, a, out var before) - law.Respond(second - d, state, b, out var after)) / (2 * h);

                // Unless there is a kink between both sides.
                var smooth = Enumerable.Range(0, 3).All(k => (before.Column(k) - after.Column(k)).Norm < 1e-3);
                Interlocked.Add(ref compared, smooth ? 1 : 0);
                for (var i = 0; smooth && i < 3; i++)
                {
                    Assert.Equal(change[i], tangent[i, j], 1e-4);
                }
            }
        }, iter: samples);
        Assert.True(loading > 100 && unloading > 100, $"{loading} {unloading}");
        Assert.True(compared > 0.9 * 3 * samples, $"{compared}");

        // The exponential curve has no straight part.
        Assert.True(elastic > 10 || name == "exponential", $"{elastic}");
    }

    // A path of straight steps from rest: ∮ t·dδ = stored + dissipated, the stored part ½ t·δ, and what is dissipated never comes back.
    [Theory]
    [MemberData(nameof(Laws))]
    public void Work_is_stored_or_dissipated_and_the_dissipated_part_never_falls(string name)
    {
        var law = _laws[name];
        Gen.Select(_opening, _opening).Sample((first, second) =>
        {
            // The mixed law's integral is exact in a constant mode alone.
            Vec3[] corners = law is MixedModeDamage ? [Vec3.Zero, 0.6 * first, 0.2 * first, first] : [Vec3.Zero, first, 0.2 * second, second];
            const int steps = 4000;
            var (state, next, work, at, traction) = (new double[law.StateSize], new double[law.StateSize], 0.0, Vec3.Zero, Vec3.Zero);
            for (var corner = 1; corner < corners.Length; corner++)
            {
                for (var n = 1; n <= steps; n++)
                {
                    var to = corners[corner - 1] + ((double)n / steps * (corners[corner] - corners[corner - 1]));
                    var pull = law.Respond(to, state, next, out _);
                    work += 0.5 * Vec3.Dot(pull + traction, to - at);
                    (at, traction) = (to, pull);
                    Assert.True(law.Dissipated(next) >= law.Dissipated(state) - 1e-14);
                    next.CopyTo(state, 0);
                }
            }

            Assert.Equal(work, (0.5 * Vec3.Dot(traction, at)) + law.Dissipated(state), 1e-4 * (1 + work));
        }, iter: 40);
    }

    [Fact]
    public void A_law_unloads_to_the_origin_and_pushes_overlaps_apart()
    {
        foreach (var law in new ICohesiveLaw[] { new EffectiveOpening(_curves["bilinear"], 0.7, 800), new MixedModeDamage(100, (2, 3), (0.5, 1.4), 1.7, 800) })
        {
            var (state, next) = (new double[law.StateSize], new double[law.StateSize]);
            var pull = law.Respond(new(0.2, 0.1, 0), new double[law.StateSize], state, out _);
            Assert.True(pull.X > 0 && pull.Y > 0);
            foreach (var part in new[] { 0.0, 0.3, 0.99 })
            {
                Assert.True((law.Respond(part * new Vec3(0.2, 0.1, 0), state, next, out _) - (part * pull)).Norm < 1e-12);
                Assert.Equal(state, next);
            }

            Assert.Equal(-800 * 0.03, law.Respond(new(-0.03, 0, 0), state, next, out _).X, 1e-12);
            Assert.Equal(state, next);

            // Broken: nothing is left but the contact.
            law.Respond(new(5, 5, 0), state, next, out _);
            Assert.Equal(Vec3.Zero, law.Respond(new(0.1, 0.1, 0.1), next, state, out var none));
            Assert.Equal(default, none);
            Assert.Equal(-8, law.Respond(new(-0.01, 0, 0), next, state, out _).X, 1e-12);
        }
    }

    // Along a line of constant mode: the strength by the quadratic criterion, the toughness by Benzeggagh and Kenane.
    [Theory]
    [InlineData(0)]
    [InlineData(0.2)]
    [InlineData(0.5)]
    [InlineData(0.9)]
    [InlineData(1)]
    public void A_mixed_mode_has_the_strength_and_the_toughness_of_its_criteria(double part)
    {
        var law = new MixedModeDamage(100, (2, 3), (0.5, 1.4), 1.7);
        var along = new Vec3(Math.Sqrt(1 - part), 0.6 * Math.Sqrt(part), 0.8 * Math.Sqrt(part));
        const double h = 1e-5;
        var (state, next, work, peak, last) = (new double[2], new double[2], 0.0, 0.0, 0.0);
        for (var d = h; d < 1.5; d += h)
        {
            var t = law.Respond(d * along, state, next, out _);
            var pull = Vec3.Dot(t, along);
            work += 0.5 * h * (pull + last);
            last = pull;
            next.CopyTo(state, 0);
            var sliding = Math.Sqrt((t.Y * t.Y) + (t.Z * t.Z));
            peak = Math.Max(peak, Math.Pow(t.X / 2, 2) + Math.Pow(sliding / 3, 2));
        }

        var toughness = 0.5 + (0.9 * Math.Pow(part, 1.7));
        Assert.Equal(1, peak, 1e-3);
        Assert.Equal(toughness, work, 1e-6);
        Assert.Equal(toughness, law.Dissipated(state), 1e-12);
    }

    [Fact]
    public void Sliding_of_the_effective_law_has_its_strength_by_the_weight_and_the_same_toughness()
    {
        var law = new EffectiveOpening(TractionCurve.Bilinear(100, 2, 0.5), 0.7);
        const double h = 1e-5;
        var (state, next, work, peak, last) = (new double[1], new double[1], 0.0, 0.0, 0.0);
        for (var d = h; d < 0.5 / 0.7 * 1.01; d += h)
        {
            var t = law.Respond(new(-0.01, 0, -d), state, next, out _);
            work += 0.5 * h * (last - t.Z);
            (last, peak) = (-t.Z, Math.Max(peak, -t.Z));
            next.CopyTo(state, 0);
        }

        Assert.Equal(0.7 * 2, peak, 1e-3);
        Assert.Equal(0.5, work, 1e-6);
        Assert.Equal(0.5, law.Dissipated(state), 1e-12);
    }

    // A search for balance that went too far asks for it, and has to see it.
    [Theory]
    [MemberData(nameof(Laws))]
    public void An_opening_that_is_no_number_has_a_traction_that_is_none(string name)
    {
        var law = _laws[name];
        Assert.True(double.IsNaN(law.Respond(new(double.NaN, double.NaN, 0), new double[law.StateSize], new double[law.StateSize], out _).Norm));
    }

    [Fact]
    public void Numbers_without_sense_are_refused()
    {
        static string Message(Func<object> make) => Assert.Throws<ScaleModelException>(make).Message;
        Assert.Contains("Take a larger K", Message(() => TractionCurve.Bilinear(1, 2, 1)), StringComparison.Ordinal);
        Assert.Contains("above zero", Message(() => TractionCurve.Constant(1, double.NaN)), StringComparison.Ordinal);
        Assert.Contains("above zero", Message(() => TractionCurve.Exponential(1, 0)), StringComparison.Ordinal);
        var faults = Message(() => TractionCurve.Table([0.1, 0.2, 0.15, 0.3], [1, 1, 1, -1]));
        Assert.Contains("begins with (0.1, 1)", faults, StringComparison.Ordinal);
        Assert.Contains("opening 2 is 0.15, after 0.2", faults, StringComparison.Ordinal);
        Assert.Contains("traction 3 is -1", faults, StringComparison.Ordinal);
        Assert.Contains("give back more", Message(() => TractionCurve.Table([0, 1, 2, 3], [0, 1, 3, 0])), StringComparison.Ordinal);
        Assert.Contains("found 2 and 1", Message(() => TractionCurve.Table([0, 1], [0])), StringComparison.Ordinal);
        Assert.Contains("all tractions are zero", Message(() => TractionCurve.Table([0, 1], [0, 0])), StringComparison.Ordinal);
        Assert.Contains("zero or more", Message(() => new EffectiveOpening(_curves["table"], -1)), StringComparison.Ordinal);
        Assert.Contains("η = 0.5", Message(() => new MixedModeDamage(100, (2, 3), (0.5, 1), 0.5)), StringComparison.Ordinal);
        Assert.Contains("Take a larger K", Message(() => new MixedModeDamage(1, (2, 3), (0.5, 1), 2)), StringComparison.Ordinal);
    }
}
