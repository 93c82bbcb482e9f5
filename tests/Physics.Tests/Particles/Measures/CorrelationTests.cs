using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles;
using ActorMultiscale.Physics.Particles.Measures;
using Xunit.Abstractions;

namespace ActorMultiscale.Tests.Particles.Measures;

public sealed class CorrelationTests(ITestOutputHelper log)
{
    private const double OneSigma = 0.6827;

    private static double Naive(double[][] signals, CorrelationKind kind, int lag, int length)
    {
        var sum = 0.0;
        foreach (var x in signals)
        {
            for (var t = 0; t + lag < length; t++)
            {
                sum += kind == CorrelationKind.Product ? x[t] * x[t + lag] : Math.Pow(x[t + lag] - x[t], 2);
            }
        }

        return sum / (length - lag) / signals.Length;
    }

    private static double[] At(double[][] signals, int t) => [.. signals.Select(s => s[t])];

    [Theory]
    [InlineData(CorrelationKind.Product)]
    [InlineData(CorrelationKind.SquaredDifference)]
    public void Correlators_are_the_double_sum_over_time(CorrelationKind kind)
    {
        const int length = 1000;
        double[][] signals = [.. Enumerable.Range(0, 3).Select(i => Made.Autoregressive(0.97, length, 1, (ulong)i))];
        var window = new WindowCorrelator(3, kind, 200);
        var multiple = new MultipleTau(3, kind, levels: 5, points: 8, averaging: 2);
        for (var t = 0; t < length; t++)
        {
            window.Add(At(signals, t));
            multiple.Add(At(signals, t));
        }

        var (_, exact) = window.Result();
        Assert.Equal(200, exact.Length);
        for (var lag = 0; lag < 200; lag++)
        {
            Assert.Equal(Naive(signals, kind, lag, length), exact[lag], 1e-11);
        }

        // Above the first level: the same sum over every 2ˡ-th value, or over means of 2ˡ.
        var (lags, values) = multiple.Result();
        Assert.Equal(MultipleTau.LagsOf(5, 8), lags);
        Assert.Equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 28, 32, 40, 48, 56, 64, 80, 96, 112], lags);
        for (var i = 0; i < lags.Length; i++)
        {
            var spacing = i < 8 ? 1 : 1 << ((i - 4) / 4);
            double[][] coarse = [.. signals.Select(s => s.Chunk(spacing).Where(c => c.Length == spacing).Select(c => kind == CorrelationKind.Product ? c.Aggregate(0.0, (a, b) => a + b) / spacing : c[0]).ToArray())];
            Assert.Equal(Naive(coarse, kind, (int)lags[i] / spacing, length / spacing), values[i], 1e-11);
        }
    }

    [Fact]
    public void Averaging_blurs_little_of_a_smooth_correlation()
    {
        const int length = 100_000;
        var series = Made.Autoregressive(0.99, length, 6);
        var window = new WindowCorrelator(1, CorrelationKind.Product, 400);
        var multiple = new MultipleTau(1, CorrelationKind.Product, MultipleTau.LevelsFor(399));
        foreach (var x in series)
        {
            window.Add([x]);
            multiple.Add([x]);
        }

        var (lags, values) = multiple.Result();
        var exact = window.Result().Values;

        Assert.True(lags[^1] >= 399);
        Assert.All(lags.Zip(values).Where(p => p.First < 400), p => Assert.Equal(exact[p.First], p.Second, 0.01));
    }

    [Fact]
    public void Correlators_that_were_saved_go_on_as_if_they_had_not_been()
    {
        var series = Made.Autoregressive(0.9, 5000, 2);
        BlockedCorrelator New() => new(1, CorrelationKind.Product, 0.1, 3, 10);
        var (straight, first, second) = (New(), New(), New());
        var (window, restored) = (new WindowCorrelator(1, CorrelationKind.SquaredDifference, 50), new WindowCorrelator(1, CorrelationKind.SquaredDifference, 50));
        for (var t = 0; t < series.Length; t++)
        {
            if (t == 2345)
            {
                StateArchive.Restore(StateArchive.Save(first.Archive), second.Archive);
                StateArchive.Restore(StateArchive.Save(window.Archive), restored.Archive);
            }

            straight.Add([series[t]]);
            (t < 2345 ? first : second).Add([series[t]]);
            window.Add([series[t]]);
            if (t >= 2345)
            {
                restored.Add([series[t]]);
            }
        }

        Assert.Equal(50, straight.Curves);
        Assert.Equal(straight.Result().Curves.SelectMany(c => c), second.Result().Curves.SelectMany(c => c));
        Assert.Equal(window.Result().Values, restored.Result().Values);
        Assert.Throws<InvalidDataException>(() => StateArchive.Restore(StateArchive.Save(first.Archive), new BlockedCorrelator(2, CorrelationKind.Product, 0.1, 3, 10).Archive));
    }

    // However long the trajectory is, 32 to 63 curves are kept, and their mean stays that of all blocks.
    [Theory]
    [InlineData(63, 63)]
    [InlineData(64, 32)]
    [InlineData(127, 63)]
    [InlineData(128, 32)]
    [InlineData(400, 50)]
    public void Curves_are_merged_when_there_are_many(int blocks, int curves)
    {
        const int block = 40;
        var series = Made.Autoregressive(0.5, blocks * block, 3);
        var blocked = new BlockedCorrelator(1, CorrelationKind.Product, 1, 10, block);
        foreach (var x in series)
        {
            blocked.Add([x]);
        }

        var result = blocked.Result();
        var expected = series.Chunk(block).Take(curves * (blocks / curves)).Select(c => Naive([c], CorrelationKind.Product, 3, block)).ToArray();

        Assert.Equal(curves, result.Curves.Length);
        Assert.Equal(FixedOrderSum.Of(expected) / expected.Length, result.Mean()[3].Value, 1e-12);
    }

    // Phases spread evenly over a whole turn make the mean over oscillators exact at any pair of times.
    [Fact]
    public void Oscillators_move_as_their_formula_says()
    {
        const int atoms = 16;
        const double omega = 0.7;
        const double amplitude = 2;
        const double step = 0.1;
        var (msd, vacf) = (new MeanSquareDisplacement(atoms, step, 10, 25), new VelocityAutocorrelation(atoms, step, 10, 25));
        var (x, v) = (new Vec3[atoms], new Vec3[atoms]);
        for (var t = 0; t < 1000; t++)
        {
            for (var i = 0; i < atoms; i++)
            {
                var (sine, cosine) = Math.SinCos((omega * t * step) + (2 * Math.PI * i / atoms));
                (x[i], v[i]) = (new(amplitude * cosine, 0, -amplitude * sine), new(-omega * amplitude * sine, 0, -omega * amplitude * cosine));
            }

            msd.Add(x);
            vacf.Add(v);
        }

        // Two components: ⟨Δx²⟩ = 2 A² (1 − cos ωτ), ⟨v v⟩ = A² ω² cos ωτ. Means over m samples make the latter smaller by (sin(mωΔ/2) / (m sin(ωΔ/2)))².
        var (times, displacements) = msd.Curve();
        Assert.All(times.Zip(displacements), p => Assert.Equal(2 * amplitude * amplitude * (1 - Math.Cos(omega * p.First)), p.Second.Value, 1e-11));
        Assert.All(displacements, d => Assert.Equal(0, d.Error, 1e-11));
        Assert.Equal(10, times[^1], 0.65);
        (times, var velocities) = vacf.Curve();
        for (var i = 0; i < times.Length; i++)
        {
            var m = i < 16 ? 1 : 1 << ((i - 8) / 8);
            var blur = Math.Pow(Math.Sin(m * omega * step / 2) / (m * Math.Sin(omega * step / 2)), 2);
            Assert.Equal(Math.Pow(amplitude * omega, 2) * blur * Math.Cos(omega * times[i]), velocities[i].Value, 1e-11);
        }
    }

    // v is an Ornstein–Uhlenbeck process and x its trapezoidal sum, so that D = ⟨v²⟩ Δt (½ + Σ φᵏ) by both routes, exactly for the steps taken.
    [Fact]
    public void Langevin_particles_diffuse_as_both_routes_say()
    {
        const int atoms = 60;
        const double step = 0.1;
        const double friction = 0.8;
        const double heat = 1.7;        // k_B T / m = ⟨vₓ²⟩.
        var memory = Math.Exp(-friction * step);
        var exact = heat * step * (1 + memory) / (2 * (1 - memory));
        var (msd, vacf) = (new MeanSquareDisplacement(atoms, step, 20, 80), new VelocityAutocorrelation(atoms, step, 20, 80));
        var random = new Philox(3, 14);
        var (x, v) = (new Vec3[atoms], new Vec3[atoms]);
        for (var t = 0; t < 20_000; t++)
        {
            for (var i = 0; i < atoms; i++)
            {
                var ((a, b), (c, _)) = (random.Normal(t, 0, i), random.Normal(t, 1, i));
                var next = t == 0 ? Math.Sqrt(heat) * new Vec3(a, b, c) : (memory * v[i]) + (Math.Sqrt(heat * (1 - (memory * memory))) * new Vec3(a, b, c));
                x[i] += 0.5 * step * (v[i] + next);
                v[i] = next;
            }

            msd.Add(x);
            vacf.Add(v);
        }

        var (einstein, green) = (msd.Diffusion(5, 20), vacf.Diffusion());

        log.WriteLine($"D {exact}: {einstein} by displacements, {green.Value} by velocities up to {green.To}");
        Assert.True(green.IsFlat);
        Assert.InRange(green.To, 2 / friction, 20);
        Assert.True(einstein.Agrees(new(exact, 0)), $"{einstein} against {exact}");
        Assert.True(green.Value.Agrees(new(exact, 0.002 * exact)), $"{green.Value} against {exact}");     // The blur of means takes 0.2 % of the integral.
        Assert.InRange(einstein.Error / exact, 0.002, 0.03);
        Assert.InRange(green.Value.Error / exact, 0.002, 0.03);

        // Short lags are ballistic: ⟨Δx²⟩ = 3 ⟨v²⟩ τ² nearly.
        var (times, curve) = msd.Curve();
        Assert.Equal(3 * heat * 0.01, curve[1].Value, 0.1 * 3 * heat * 0.01);
        Assert.Equal(0.1, times[1], 1e-15);
    }

    // Five shears of a stress whose components are Ornstein–Uhlenbeck processes: ∫ ⟨P P⟩ = σ² Δt (½ + Σ φᵏ).
    [Fact]
    public void Error_bars_of_Green_and_Kubo_cover_the_truth_as_often_as_they_say()
    {
        const int seeds = 200;
        const int length = 6000;
        const double step = 0.05;
        const double memory = 0.9;
        const double sigma = 1.3;
        var exact = 100.0 / 2.5 * sigma * sigma * step * (1 + memory) / (2 * (1 - memory));
        var (covered, flat, values) = (0, 0, new double[seeds]);
        for (var seed = 0; seed < seeds; seed++)
        {
            // Diagonal parts such that ½ (xx − yy) and (xx + yy − 2zz) / 2√3 are the fourth and fifth process; a pressure that must not matter.
            var p = Enumerable.Range(0, 6).Select(i => Made.Autoregressive(memory, length, (ulong)seed, 20 + (ulong)i)).ToArray();
            SymTensor3[] stress = [.. Enumerable.Range(0, length).Select(t =>
            {
                var (d, e, pressure) = (sigma * p[3][t], sigma * p[4][t] / Math.Sqrt(3), 5 + p[5][t]);
                return new SymTensor3(pressure + d + e, pressure - d + e, pressure - (2 * e), sigma * p[0][t], sigma * p[1][t], sigma * p[2][t]);
            })];

            var viscosity = GreenKubo.Viscosity(UnitSystem.LennardJones, 100, 2.5, stress, step, longest: 5);

            values[seed] = viscosity.Value.Value;
            flat += viscosity.IsFlat ? 1 : 0;
            covered += Math.Abs(viscosity.Value.Value - exact) <= viscosity.Value.Error ? 1 : 0;
        }

        // Ten blocks: Student's t with nine degrees of freedom lies within one σ in 65.7 %. The plateau is chosen by the data and may close early, at a small loss.
        var mean = Estimate.OfIndependent(values);
        log.WriteLine($"covered {(double)covered / seeds}, flat {flat}, mean over the true one {mean.Value / exact} ± {mean.Error / exact}");
        Assert.InRange(flat, 0.86 * seeds, seeds);       // Of 2000 other seeds 92 % were flat within ten correlation times, and 65 % covered.
        Assert.InRange(mean.Value / exact, 0.96, 1.02);
        Assert.InRange((double)covered / seeds, 0.60 - Made.Scatter(0.657, seeds), OneSigma + Made.Scatter(OneSigma, seeds));
    }

    [Fact]
    public void Shears_are_those_of_rotated_axes()
    {
        var stress = new SymTensor3(1.3, -0.7, 2.1, 0.4, -1.1, 0.9);
        Span<double> shears = stackalloc double[GreenKubo.Shears];
        GreenKubo.ShearComponents(stress, shears);
        var traceless = stress - (stress.Trace / 3 * SymTensor3.Identity);

        var turned = stress.Rotated(Matrix3.FromRows(new Vec3(1, -1, 0).Normalized(), new Vec3(1, 1, 0).Normalized(), new(0, 0, 1)));
        Assert.Equal(turned.XY, shears[3], 1e-14);
        Assert.Equal(SymTensor3.Contract(traceless, traceless), 2 * FixedOrderSum.Dot(shears, shears), 1e-13);
    }

    // The same argon in bar and in Pa, in eV and in J, has the same coefficients.
    [Fact]
    public void Factors_are_right_in_the_units_of_files()
    {
        var (metal, si) = (UnitSystem.Metal, UnitSystem.International);
        const double volume = 40_000;
        const double temperature = 95;

        // bar² ps → bar ps, and Pa² s → Pa s.
        var viscosity = GreenKubo.ViscosityFactor(metal, volume, temperature) * 1e4 * 2 * 1e5 * 1e-12;
        Assert.Equal(1, viscosity / (GreenKubo.ViscosityFactor(si, volume * 1e-30, temperature) * 1e14 * 2e-12), 1e-5);

        // (eV/Å²/ps)² ps → eV/(Å ps K), and (W/m²)² s → W/(m K).
        const double electronVolt = 1.602176634e-19;
        var flux = electronVolt / 1e-20 / 1e-12;
        var conductivity = GreenKubo.ConductivityFactor(metal, volume, temperature) * 1e-8 * electronVolt / 1e-10 / 1e-12;
        Assert.Equal(1, conductivity / (GreenKubo.ConductivityFactor(si, volume * 1e-30, temperature) * 1e-8 * flux * flux * 1e-12), 1e-5);
    }

    [Fact]
    public void A_heat_flux_gives_a_conductivity()
    {
        const double memory = 0.8;
        double[][] j = [.. Enumerable.Range(0, 3).Select(i => Made.Autoregressive(memory, 50_000, 31, (ulong)i))];
        Vec3[] flux = [.. Enumerable.Range(0, 50_000).Select(t => new Vec3(j[0][t], j[1][t], j[2][t]))];

        var found = GreenKubo.Conductivity(UnitSystem.LennardJones, 10, 2, flux, 0.5, 50);

        var exact = 10.0 / 4 * 0.5 * (1 + memory) / (2 * (1 - memory));
        Assert.True(found.IsFlat);
        Assert.True(found.Value.Agrees(new(exact, 0.01 * exact)), $"{found.Value} against {exact}");
        Assert.Equal(found.Value, (10.0 / 4 * PlateauIntegral.At(GreenKubo.Correlate(j, 0.5, 50, 10), found.To)).Value);
    }

    [Fact]
    public void An_integral_that_still_grows_has_no_plateau()
    {
        var found = PlateauIntegral.Of(GreenKubo.Correlate([Made.Autoregressive(0.999, 400_000, 3)], 1, 50, 10));

        Assert.False(found.IsFlat);
        Assert.Equal(50, found.To);
    }

    [Fact]
    public void Lags_that_do_not_fit_are_refused()
    {
        static string Fault(Action act) => Assert.Throws<ScaleModelException>(act).Message;

        Assert.Contains("a block at least twice", Fault(() => _ = new MeanSquareDisplacement(1, 0.1, 10, 15)), StringComparison.Ordinal);
        Assert.Contains("0 blocks of 30 are complete", Fault(() => new MeanSquareDisplacement(1, 0.1, 10, 30).Diffusion(1, 2)), StringComparison.Ordinal);
        Assert.Contains("Series of 100 values", Fault(() => GreenKubo.Correlate([new double[100]], 1, 6, 10)), StringComparison.Ordinal);
        Assert.Contains("between the values 10 and 19", Fault(() => GreenKubo.Correlate([[.. new double[15], double.NaN, .. new double[84]]], 1, 5, 10)), StringComparison.Ordinal);
        Assert.Contains("temperature 0", Fault(() => GreenKubo.ViscosityFactor(UnitSystem.Metal, 1, 0)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_profile_between_source_and_sink_has_its_slope_and_error()
    {
        const int bins = 20;
        const double length = 1.5;
        const double slope = 0.3;
        var covered = 0;
        for (var seed = 0; seed < 400; seed++)
        {
            // Coldest in bin 17, warmest in bin 7; bent by far at and beside both.
            double[][] profiles = [.. Enumerable.Range(0, 20).Select(block => Enumerable.Range(0, bins).Select(bin =>
            {
                var steps = Math.Min((bin + bins - 17) % bins, (17 + bins - bin) % bins);
                var bent = steps <= 1 ? -5 : steps >= 9 ? 7 : 0;
                return 100 + (slope * length * steps) + bent + (0.2 * new Philox(8, (ulong)seed).Normal(block, 0, bin).First);
            }).ToArray())];

            var found = TemperatureGradient.Between(profiles, length, source: 7, sink: 17);
            covered += Math.Abs(found.Value - slope) <= found.Error ? 1 : 0;

            // Two ways of seven bins: σ² = (0.2 / length)² / (28 · 2) / 20 of slopes through 7 points.
            Assert.InRange(found.Error / (0.2 / length / Math.Sqrt(28 * 2 * 20)), 0.4, 1.8);
        }

        log.WriteLine($"covered {covered / 400.0}");
        Assert.InRange(covered / 400.0, 0.67 - Made.Scatter(OneSigma, 400), OneSigma + Made.Scatter(OneSigma, 400));
        Assert.Contains("1 and 1 bins left", Assert.Throws<ScaleModelException>(() => TemperatureGradient.Between([new double[8], new double[8]], 1, 0, 4)).Message, StringComparison.Ordinal);
    }
}
