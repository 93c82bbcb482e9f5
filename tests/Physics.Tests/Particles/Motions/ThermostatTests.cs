using System.Collections.Immutable;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles;
using ActorMultiscale.Physics.Particles.Interactions;
using ActorMultiscale.Physics.Particles.Measures;
using ActorMultiscale.Physics.Particles.Motions;
using Xunit.Abstractions;

namespace ActorMultiscale.Tests.Particles.Motions;

/// <summary>Thermostats and the barostat against the distributions that they are to draw from. Every gate is 2.5 standard errors, from blocks, but where another is named.</summary>
public sealed class ThermostatTests(ITestOutputHelper output)
{
    private const double Gate = 2.5;
    private const double Temperature = 1.3;

    private void Hits(double expected, BlockedMean found, string what)
    {
        output.WriteLine($"{what}: {found.Value:G6} ± {found.Error:G2}, expected {expected:G6}");
        Assert.True(found.IsConverged, $"{what}: the series is too short");
        Assert.True(Math.Abs(found.Value - expected) <= Gate * found.Error, $"{what}: {found.Value:G6} ± {found.Error:G2} instead of {expected:G6}");
    }

    private static Motion Make(string name) => name switch
    {
        "Langevin" => new Langevin(Temperature, 2, 5),
        "Nosé–Hoover" => new NoseHoover(Temperature, 0.15),
        "stochastic rescaling" => new StochasticRescaling(Temperature, 0.1, 5),
        _ => new Berendsen(Temperature, 0.1),
    };

    private static (BlockedMean Temperature, BlockedMean Square, BlockedMean Potential, double Freedom) Series(string name, int samples = 4096)
    {
        var motion = Make(name);
        var engine = new MolecularDynamics(MotionTests.Fluid(3, 2 * Temperature), [MotionTests.Smooth()], 0.4, motion: motion);
        engine.Advance(3000, 0.004, ChunkedLoop.Serial);
        var (temperature, square, potential) = (new BlockAverage(), new BlockAverage(), new BlockAverage());
        for (var sample = 0; sample < samples; sample++)
        {
            engine.Advance(10, 0.004, ChunkedLoop.Serial);
            var now = engine.Measure(ChunkedLoop.Serial);
            temperature.Add(now.Temperature);
            square.Add(Math.Pow((now.Temperature / Temperature) - 1, 2));
            potential.Add(now.Potential / engine.Count);
        }

        return (temperature.Result(), square.Result(), potential.Result(), motion.DegreesOfFreedom(engine.Count));
    }

    // Atoms that are tied to their places have no momentum to keep: all 3N squares come to k_B T, those of two atoms, too.
    [Fact]
    public void Two_atoms_on_tethers_are_as_warm_as_the_bath()
    {
        var places = ImmutableArray.Create(new Vec3(2, 2, 2), new Vec3(6, 6, 6));
        var atoms = new AtomConfiguration
        {
            Units = UnitSystem.LennardJones, Box = SimulationBox.Orthogonal(8, 8, 8), Species = [new("A", 1)], Kinds = new int[2], Positions = [.. places],
            Velocities = [new(1, 0.5, -0.3), new(-0.2, 0.9, 0.4)],
        };
        var engine = new MolecularDynamics(atoms, [MotionTests.Smooth(), Interaction.OfField(Tether.ToPoints(20, places))], 0.4, motion: new StochasticRescaling(Temperature, 0.1, 5));
        engine.Advance(1000, 0.01, ChunkedLoop.Serial);
        var squares = new BlockAverage();
        for (var sample = 0; sample < 16_384; sample++)
        {
            engine.Advance(5, 0.01, ChunkedLoop.Serial);
            var now = engine.Measure(ChunkedLoop.Serial);
            Assert.Equal(2 * now.Kinetic / 6, now.Temperature, 1e-12);
            squares.Add(2 * now.Kinetic / 6);
        }

        Hits(Temperature, squares.Result(), "squares of velocities");
    }

    // ⟨T⟩ is that of the bath and ⟨(T/T₀ − 1)²⟩ = 2/n with n degrees of freedom. Steps are not infinitely short: with Δt = 0.004 the kinetic energy at
    // whole steps is lower by a share of about (ω Δt)²/4, less than a thousandth here and below the error.
    [Theory]
    [InlineData("Langevin")]
    [InlineData("Nosé–Hoover")]
    [InlineData("stochastic rescaling")]
    public void Temperature_and_its_fluctuations_are_canonical(string name)
    {
        var (temperature, square, _, freedom) = Series(name);
        Hits(Temperature, temperature, "temperature");
        Hits(2 / freedom, square, "fluctuations");
        Assert.InRange(temperature.Error / Temperature, 0, 6e-3);
        Assert.InRange(square.Error * freedom / 2, 0, 0.1);
    }

    [Fact]
    public void Berendsen_has_the_temperature_and_too_small_fluctuations()
    {
        var (temperature, square, _, freedom) = Series("Berendsen");

        // The temperature after scaling lags behind nothing, but its mean is not exactly that of the bath: within a thousandth here.
        Assert.InRange(temperature.Value / Temperature, 0.99, 1.01);
        Assert.InRange(square.Value, 0, (2 / freedom) - (5 * square.Error));
    }

    [Fact]
    public void Three_thermostats_find_the_same_energy()
    {
        const int Samples = 8192;
        ImmutableArray<BlockedMean> all = [Series("Langevin", Samples).Potential, Series("Nosé–Hoover", Samples).Potential, Series("stochastic rescaling", Samples).Potential];
        Assert.All(all, x => Assert.InRange(x.Error, 0, 0.006));

        // χ² = Σ (x − x̄)²/σ² about the weighted mean, of two degrees of freedom: a gate of 2.5 for each of the three pairs would fail one run in thirty. It is beyond 15.2 once in two
        // thousand runs, e^(−15.2/2) = 0.0005; series twice as long as the others make up for that. Over twelve seeds the means of the three agree to 0.0005 ± 0.0016.
        double Weight(BlockedMean x) => 1 / (x.Error * x.Error);
        var mean = all.Sum(x => Weight(x) * x.Value) / all.Sum(Weight);
        output.WriteLine(string.Join(", ", all.Select(x => FormattableString.Invariant($"{x.Value:G6} ± {x.Error:G2}"))));
        Assert.InRange(all.Sum(x => Weight(x) * Math.Pow(x.Value - mean, 2)), 0, 15.2);
    }

    // 200 pairs of atoms on springs K d²: an oscillator of ω² = 4K/m, and two centers of mass that walk freely.
    private const double Stiffness = 3;
    private const double Mass = 2;

    private static AtomConfiguration Oscillators(int pairs)
    {
        var box = SimulationBox.Orthogonal(100, 100, 100);
        var noise = new Philox(8, 8);
        return new()
        {
            Units = UnitSystem.LennardJones, Box = box, Species = [new("A", Mass)], Kinds = new int[2 * pairs],
            Positions = [.. Enumerable.Range(0, 2 * pairs).Select(i =>
            {
                var (x, y, z, _) = noise.Normals(1, 0, i);
                return new Vec3(5 + (i / 2 % 10 * 10), 5 + (i / 20 * 4), 50) + (Math.Sqrt(Temperature / Stiffness / 4) * new Vec3(x, y, z));
            })],
            Velocities = [.. Enumerable.Range(0, 2 * pairs).Select(i =>
            {
                var (x, y, z, _) = noise.Normals(2, 0, i);
                return Math.Sqrt(Temperature / Mass) * new Vec3(x, y, z);
            })],
            Bonds = [.. Enumerable.Range(0, pairs).Select(p => new Connection(0, [2 * p, (2 * p) + 1]))],
        };
    }

    private static (BlockedMean Stretch, double Walk, double WalkError, BlockedMean Temperature) Oscillate(Motion motion, double step, int every, int samples)
    {
        const int Pairs = 200;
        var engine = new MolecularDynamics(Oscillators(Pairs), [Interaction.OfBonds(new HarmonicBond((Stiffness, 0)))], 5, motion: motion);
        engine.Advance((int)Math.Ceiling(5 / step), step, ChunkedLoop.Serial);
        var first = engine.Configuration().Positions;
        var (stretch, temperature) = (new BlockAverage(), new BlockAverage());
        for (var s = 0; s < samples; s++)
        {
            engine.Advance(every, step, ChunkedLoop.Serial);
            var x = engine.Configuration().Positions;
            stretch.Add(Enumerable.Range(0, Pairs).Average(p => (x[2 * p] - x[(2 * p) + 1]).NormSquared) / 3);
            temperature.Add(engine.Measure(ChunkedLoop.Serial).Temperature);
        }

        var last = engine.Configuration().Positions;
        var ways = Enumerable.Range(0, Pairs).Select(p => 0.5 * (last[2 * p] + last[(2 * p) + 1] - first[2 * p] - first[(2 * p) + 1])).ToArray();
        var mean = ways.Average(w => w.NormSquared) / 3;
        return (stretch.Result(), mean, mean * Math.Sqrt(2.0 / (3 * Pairs)), temperature.Result());
    }

    // ⟨d²⟩ = k_B T/2K along each axis, with ω Δt = 1 as with short steps: that is what BAOAB is for.
    [Theory]
    [InlineData(0.05)]
    [InlineData(0.4082482904638631)]
    public void BAOAB_has_no_error_in_the_positions_of_an_oscillator(double step)
    {
        var (stretch, _, _, temperature) = Oscillate(new Langevin(Temperature, 1.5, 21), step, (int)Math.Ceiling(0.2 / step), 2048);
        Hits(Temperature / (2 * Stiffness), stretch, "stretch");
        Assert.InRange(stretch.Error / stretch.Value, 0, 4e-3);
        if (step < 0.1)
        {
            // Half of the degrees of freedom oscillate: of those ⟨m v²⟩ is lower by (ω Δt)²/4.
            Hits(Temperature * (1 - (4 * Stiffness / Mass * step * step / 8)), temperature, "temperature");
        }
    }

    // For D = k_B T/(m γ) an atom: ⟨d²⟩ = k_B T/2K / (1 − 2KΔt/(m γ)), and centers walk by 2 (D/2) t along each axis.
    [Fact]
    public void Brownian_atoms_diffuse_and_oscillate_as_they_should()
    {
        const double Friction = 20;
        const double Step = 0.2;        // 4KΔt/(m γ) = 0.06
        var (stretch, walk, error, _) = Oscillate(new Brownian(Temperature, Friction, 4), Step, 5, 2048);
        Hits(Temperature / (2 * Stiffness) / (1 - (2 * Stiffness * Step / (Mass * Friction))), stretch, "stretch");
        Assert.InRange(stretch.Error / stretch.Value, 0, 4e-3);
        var expected = Temperature / (Mass * Friction) * (2048 * 5 * Step);
        Assert.InRange(Math.Abs(walk - expected) / error, 0, Gate);
    }

    // A fluid that one factor moves; and a crystal along the axes, as a fluid has no shape to hold.
    [Theory]
    [InlineData(BoxFreedom.Hydrostatic, 1.3, 0.7)]
    [InlineData(BoxFreedom.Axes, 0.4, 1.05)]
    [InlineData(BoxFreedom.Full, 0.4, 1.05)]
    public void The_barostat_holds_pressure_and_temperature(BoxFreedom freedom, double warmth, double density)
    {
        const double Pressure = 1.8;
        var engine = new MolecularDynamics(MotionTests.Fluid(3, warmth, density), [MotionTests.Smooth()], 0.4, motion: new MartynaTobiasKlein(warmth, 0.15, Pressure, 0.6, freedom));
        engine.Advance(5000, 0.004, ChunkedLoop.Serial);
        var (pressure, xx, xy, temperature) = (new BlockAverage(), new BlockAverage(), new BlockAverage(), new BlockAverage());
        var (most, least, skew) = (0.0, double.PositiveInfinity, 0.0);
        for (var sample = 0; sample < 4096; sample++)
        {
            engine.Advance(10, 0.004, ChunkedLoop.Serial);
            var now = engine.Measure(ChunkedLoop.Serial);
            pressure.Add(now.Pressure.Trace / 3);
            xx.Add(now.Pressure.XX);
            xy.Add(now.Pressure.XY);
            skew = Math.Max(skew, Math.Abs(engine.Box.Cell.XY / engine.Box.Cell.XX));
            temperature.Add(now.Temperature);
            var ratio = engine.Box.Cell.XX / engine.Box.Cell.YY;
            (most, least) = (Math.Max(most, ratio), Math.Min(least, ratio));
        }

        Hits(Pressure, pressure.Result(), "pressure");
        Hits(Pressure, xx.Result(), "pressure along x");
        Hits(warmth, temperature.Result(), "temperature");
        Assert.InRange(pressure.Result().Error, 0, 0.05);
        if (freedom == BoxFreedom.Full)
        {
            Hits(0, xy.Result(), "pressure across");
            Assert.InRange(skew, 0.001, 0.2);
        }

        Assert.Equal(freedom != BoxFreedom.Full, skew == 0);
        if (freedom != BoxFreedom.Hydrostatic)
        {
            Assert.InRange(least, 0.8, 0.999);
            Assert.InRange(most, 1.001, 1.2);
        }
        else
        {
            Assert.InRange(least, 1 - 1e-12, most);
            Assert.InRange(most, least, 1 + 1e-12);
        }
    }

    // Pressures at three constant volumes say what constant pressure P does: ⟨δV²⟩ = −k_B T / (dP/dV), and ⟨P(V)⟩ = P, which is
    // P(⟨V⟩) + ½ P″ ⟨δV²⟩ in a box that is not large.
    [Fact]
    public void Constant_pressure_and_constant_volume_are_states_of_one_fluid()
    {
        const double Pressure = 1.8;
        var engine = new MolecularDynamics(MotionTests.Fluid(3, Temperature), [MotionTests.Smooth()], 0.4, motion: new MartynaTobiasKlein(Temperature, 0.15, Pressure, 0.4));
        engine.Advance(5000, 0.004, ChunkedLoop.Serial);
        var volumes = new double[4096];
        for (var sample = 0; sample < volumes.Length; sample++)
        {
            engine.Advance(10, 0.004, ChunkedLoop.Serial);
            volumes[sample] = engine.Box.Volume;
        }

        var mean = BlockAverage.Of(volumes);
        var square = BlockAverage.Of(Array.ConvertAll(volumes, v => Math.Pow(v - mean.Value, 2)));
        BlockedMean At(double volume)
        {
            var still = new MolecularDynamics(MotionTests.Fluid(3, Temperature, density: engine.Count / volume), [MotionTests.Smooth()], 0.4, motion: new StochasticRescaling(Temperature, 0.2, 9));
            still.Advance(3000, 0.004, ChunkedLoop.Serial);
            var pressure = new BlockAverage();
            for (var sample = 0; sample < 2048; sample++)
            {
                still.Advance(10, 0.004, ChunkedLoop.Serial);
                pressure.Add(still.Measure(ChunkedLoop.Serial).Pressure.Trace / 3);
            }

            return pressure.Result();
        }

        var (small, same, large) = (At(0.95 * mean.Value), At(mean.Value), At(1.05 * mean.Value));
        var slope = (small.Value - large.Value) / (0.1 * mean.Value);
        var slopeError = Math.Sqrt((small.Error * small.Error) + (large.Error * large.Error)) / (0.1 * mean.Value);
        var error = Math.Sqrt((same.Error * same.Error) + Math.Pow(slope * mean.Error, 2));
        output.WriteLine($"pressure {same.Value} ± {error}, volume {mean.Value} ± {mean.Error}, ⟨δV²⟩ {square.Value} ± {square.Error}, from −dP/dV = {slope} ± {slopeError}: {Temperature / slope}");
        var bend = (small.Value - (2 * same.Value) + large.Value) / Math.Pow(0.05 * mean.Value, 2);
        Assert.InRange(Math.Abs(same.Value + (0.5 * bend * square.Value) - Pressure) / error, 0, Gate);
        Assert.InRange(error, 0, 0.05);
        var swing = Temperature / slope;
        var swingError = Math.Sqrt(Math.Pow(square.Error, 2) + Math.Pow(swing * slopeError / slope, 2));
        Assert.InRange(Math.Abs(square.Value - swing) / swingError, 0, Gate);
        Assert.InRange(swingError / swing, 0, 0.12);
    }

    // Two atoms that hardly feel each other, with three degrees of freedom.
    private static MolecularDynamics Free(Motion motion, double warmth)
    {
        var way = Math.Sqrt(1.5 * warmth / (Mass * 3));
        return new(
            Oscillators(1) with { Velocities = [new(way, way, way), new(-way, -way, -way)] }, [Interaction.OfBonds(new HarmonicBond((1e-12, 0)))], 5, motion: motion);
    }

    // With τ far below a step every step draws anew: 2K/k_B T is a sum of three squares, with the central moments 3, 6 and 24 (mean, second, third).
    [Fact]
    public void Rescaling_draws_kinetic_energies_from_the_Gamma_distribution()
    {
        var engine = Free(new StochasticRescaling(Temperature, 1e-5, 77), 0.3);
        var draws = new double[40_000];
        for (var d = 0; d < draws.Length; d++)
        {
            engine.Advance(1, 1e-3, ChunkedLoop.Serial);
            draws[d] = 3 * engine.Measure(ChunkedLoop.Serial).Temperature / Temperature;
        }

        void Moment(double expected, Func<double, double> of, string what)
        {
            var all = Array.ConvertAll(draws, x => of(x));
            var mean = all.Average();
            var error = Math.Sqrt(all.Average(x => (x - mean) * (x - mean)) / all.Length);
            output.WriteLine($"{what}: {mean} ± {error}, expected {expected}");
            Assert.InRange(Math.Abs(mean - expected) / error, 0, Gate);
        }

        Moment(3, x => x, "mean");
        Moment(6, x => Math.Pow(x - 3, 2), "square");
        Moment(24, x => Math.Pow(x - 3, 3), "cube");
        Moment(GammaBelow, x => x < 1 ? 1 : 0, "share below one");
    }

    // P(χ²₃ < 1) = erf(1/√2) − √(2/π) e^(−1/2)
    private const double GammaBelow = 0.6826894921370859 - 0.4839414490382867;

    // ⟨K(t)⟩ = K̄ + (K(0) − K̄) e^(−t/τ), over many draws.
    [Fact]
    public void Rescaling_forgets_at_its_rate()
    {
        const int Draws = 4000;
        var found = new double[Draws];
        for (var d = 0; d < Draws; d++)
        {
            var engine = Free(new StochasticRescaling(Temperature, 0.2, (ulong)d), 4 * Temperature);
            engine.Advance(15, 0.01, ChunkedLoop.Serial);
            found[d] = engine.Measure(ChunkedLoop.Serial).Temperature;
        }

        var mean = found.Average();
        var error = Math.Sqrt(found.Average(x => (x - mean) * (x - mean)) / Draws);
        Assert.InRange(Math.Abs(mean - (Temperature * (1 + (3 * Math.Exp(-0.15 / 0.2))))) / error, 0, Gate);
        Assert.InRange(error / Temperature, 0, 0.03);
    }

    // T − T₀ shrinks by 1 − Δt/τ a step.
    [Fact]
    public void Berendsen_comes_to_the_temperature_at_its_rate()
    {
        var engine = Free(new Berendsen(Temperature, 0.2), 4 * Temperature);
        engine.Advance(15, 0.01, ChunkedLoop.Serial);
        Assert.Equal(Temperature * (1 + (3 * Math.Pow(0.95, 15))), engine.Measure(ChunkedLoop.Serial).Temperature, 1e-9);
    }

    // Forces that somebody sets keep no momentum either, and are not known when the thermostat is made: springs by hand. A force that stays as it was for a step heats at the rate K Δt/2m, which is little against that of the bath here.
    [Theory]
    [InlineData("Nosé–Hoover")]
    [InlineData("stochastic rescaling")]
    public void Atoms_that_are_pushed_from_outside_are_as_warm_as_the_bath(string name)
    {
        var start = MotionTests.Fluid(2, Temperature);
        start = start with { Positions = [.. start.Positions.Take(6)], Velocities = [.. start.Velocities.Take(6)], Kinds = new int[6], Ids = [], Charges = [] };
        var pushes = new AppliedForces();
        var engine = new MolecularDynamics(start, [MotionTests.Smooth(), pushes], 0.4, motion: Make(name));
        var before = engine.Measure(ChunkedLoop.Serial);
        Assert.Equal(2 * before.Kinetic / 15, before.Temperature, 1e-12);
        var squares = new BlockAverage();
        for (var step = 0; step < 240_000; step++)
        {
            pushes.Forces = [.. engine.Configuration().Positions.Select((x, i) => -5 * (x - start.Positions[i]))];
            engine.Advance(1, 0.002, ChunkedLoop.Serial);
            if (step % 16 == 0 && step > 8000)
            {
                var now = engine.Measure(ChunkedLoop.Serial);
                Assert.Equal(2 * now.Kinetic / 18, now.Temperature, 1e-12);
                squares.Add(now.Temperature);
            }
        }

        Hits(Temperature, squares.Result(), "squares of velocities");
    }
}
