using System.Runtime.InteropServices;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles;
using ActorMultiscale.Physics.Particles.Building;
using ActorMultiscale.Physics.Particles.Interactions;
using ActorMultiscale.Physics.Particles.Measures;
using ActorMultiscale.Physics.Particles.Motions;
using Xunit.Abstractions;

namespace ActorMultiscale.Tests.Particles.Motions;

/// <summary>What is true of every way to move.</summary>
public sealed class MotionTests(ITestOutputHelper output)
{
    // Smooth at the cutoff, so that what is conserved is so to the order of the method.
    internal static Interaction Smooth(double cutoff = 2.2) => Interaction.Of(new Switched<LennardJonesLaw>(new(1, 1, cutoff), cutoff - 0.5));

    internal static AtomConfiguration Fluid(int cells, double temperature, double density = 0.7, ulong seed = 11)
    {
        var crystal = LatticeBuilder.Repeat(ConventionalCell.Of(Lattice.Fcc, Math.Cbrt(4 / density)), (cells, cells, cells), UnitSystem.LennardJones, [new("A", 1)]);
        return crystal with { Velocities = ThermalVelocities.Draw(crystal, temperature, seed) };
    }

    private static readonly (string Name, Func<Motion> Make, int Interactions)[] _motions =
    [
        ("velocity Verlet", () => new VelocityVerlet(), 1),
        ("velocity Verlet, pulled", () => new VelocityVerlet { Deformation = Deformation.Tension(0, 0.1, StrainRate.True) }, 1),
        ("velocity Verlet, sheared", () => new VelocityVerlet { Deformation = Deformation.ShearXY(0.2) }, 1),
        ("Langevin", () => new Langevin(1.2, 0.7, 3), 1),
        ("Langevin, compressed", () => new Langevin(1.2, 0.7, 3) { Deformation = new(new(-0.05, -0.05, -0.05)) }, 1),
        ("Brownian", () => new Brownian(1.2, 40, 3), 1),
        ("Berendsen", () => new Berendsen(1.2, 0.5), 1),
        ("stochastic rescaling", () => new StochasticRescaling(1.2, 0.5, 3), 1),
        ("Nosé–Hoover", () => new NoseHoover(1.2, 0.3), 1),
        ("Martyna–Tobias–Klein", () => new MartynaTobiasKlein(1.2, 0.3, 2, 1), 1),
        ("Martyna–Tobias–Klein, along the axes", () => new MartynaTobiasKlein(1.2, 0.3, 2, 1, BoxFreedom.Axes), 1),
        ("Martyna–Tobias–Klein, in all ways", () => new MartynaTobiasKlein(1.2, 0.3, 2, 1, BoxFreedom.Full), 1),
        ("heat exchange", () => new HeatExchange(2, 4, 2), 1),
        ("r-RESPA", () => new Respa([0, 1], [3]), 2),
    ];

    public static TheoryData<string> Motions => [.. _motions.Select(m => m.Name)];

    private static MolecularDynamics Engine(string name, AtomConfiguration atoms)
    {
        var (_, make, interactions) = _motions.Single(m => m.Name == name);
        return new(atoms, interactions == 1 ? [Smooth()] : [Interaction.OfPotential(new Core()), Smooth()], 0.3, motion: make());
    }

    private readonly struct Core : IPairPotential
    {
        public double Cutoff => 1.3;

        public double ForceOverDistance(double r2, int kind, int other, out double energy)
        {
            // φ = 20 (1.3 − r)⁴
            var r = Math.Sqrt(r2);
            energy = 20 * Math.Pow(1.3 - r, 4);
            return 80 * Math.Pow(1.3 - r, 3) / r;
        }
    }

    private static byte[] Bits(AtomConfiguration atoms) => [.. MemoryMarshal.AsBytes<Vec3>(atoms.Positions), .. MemoryMarshal.AsBytes<Vec3>(atoms.Velocities), .. MemoryMarshal.AsBytes<Matrix3>([atoms.Box.Cell])];

    [Theory]
    [MemberData(nameof(Motions))]
    public void Threads_looks_and_saved_states_change_no_bit(string name)
    {
        var start = Fluid(6, 1.5);
        var alone = Engine(name, start);
        alone.Advance(40, 0.004, ChunkedLoop.Serial);
        var state = StateArchive.Save(alone.Archive);
        alone.Advance(60, 0.004, ChunkedLoop.Serial);
        Assert.InRange(alone.Rebuilds, 3, 60);

        using var team = new ChunkedLoop(2).Gather();
        var together = Engine(name, start);
        for (var part = 0; part < 5; part++)
        {
            together.Advance(20, 0.004, team.Loop);
            together.Measure(team.Loop);
        }

        Assert.Equal(Bits(alone.Configuration()), Bits(together.Configuration()));
        Assert.Equal(alone.Measure(ChunkedLoop.Serial), together.Measure(team.Loop));

        var resumed = Engine(name, start);
        StateArchive.Restore(state, resumed.Archive);
        Assert.Equal(40, resumed.Steps);
        resumed.Advance(60, 0.004, ChunkedLoop.Serial);
        Assert.Equal(Bits(alone.Configuration()), Bits(resumed.Configuration()));
        Assert.Equal(StateArchive.Save(alone.Archive), StateArchive.Save(resumed.Archive));
    }

    [Theory]
    [MemberData(nameof(Motions))]
    public void No_pair_is_missed_however_atoms_and_box_have_moved(string name)
    {
        var engine = Engine(name, Fluid(3, 2));
        for (var part = 0; part < 15; part++)
        {
            engine.Advance(13, 0.004, ChunkedLoop.Serial);
            var found = engine.Measure(ChunkedLoop.Serial);
            var now = engine.Configuration();
            var (_, _, interactions) = _motions.Single(m => m.Name == name);
            Interaction[] all = interactions == 1 ? [Smooth()] : [Interaction.OfPotential(new Core()), Smooth()];
            var anew = new MolecularDynamics(now, [.. all], 0.3);
            Assert.Equal(anew.Measure(ChunkedLoop.Serial).Potential, found.Potential, 1e-9);
            var (fast, slow) = (engine.Forces(ChunkedLoop.Serial), anew.Forces(ChunkedLoop.Serial));
            Assert.All(Enumerable.Range(0, now.Count), i => Assert.InRange((fast[i] - slow[i]).Norm, 0, 1e-8));
        }

        Assert.InRange(engine.Rebuilds, 2, 190);
    }

    // The same atoms in another order get the same pushes.
    [Theory]
    [InlineData("Langevin")]
    [InlineData("Brownian")]
    public void An_atom_is_pushed_by_its_number(string name)
    {
        var start = Fluid(2, 1);
        int[] order = [.. Enumerable.Range(0, start.Count).Reverse()];
        var turned = start with
        {
            Positions = [.. order.Select(i => start.Positions[i])], Velocities = [.. order.Select(i => start.Velocities[i])], Ids = [.. order.Select(i => start.IdOf(i))],
        };
        var (a, b) = (Engine(name, start), Engine(name, turned));
        a.Advance(3, 0.002, ChunkedLoop.Serial);
        b.Advance(3, 0.002, ChunkedLoop.Serial);
        var (x, y) = (a.Configuration().Positions, b.Configuration().Positions);
        Assert.All(Enumerable.Range(0, x.Length), i => Assert.InRange((x[order[i]] - y[i]).Norm, 0, 1e-12));
        Assert.InRange((x[0] - start.Positions[0]).Norm, 1e-6, 1);
    }

    [Theory]
    [InlineData("velocity Verlet")]
    [InlineData("Langevin")]
    [InlineData("Brownian")]
    [InlineData("Berendsen")]
    [InlineData("stochastic rescaling")]
    [InlineData("Nosé–Hoover")]
    [InlineData("r-RESPA")]
    public void A_step_in_a_box_that_stays_allocates_nothing(string name)
    {
        var engine = Engine(name, Fluid(4, 1.5));

        // Lists and images grow for a while; what a step allocates, every part does.
        var least = long.MaxValue;
        for (var part = 0; part < 8; part++)
        {
            var (before, builds) = (GC.GetAllocatedBytesForCurrentThread(), engine.Rebuilds);
            engine.Advance(80, 0.004, ChunkedLoop.Serial);
            var bytes = GC.GetAllocatedBytesForCurrentThread() - before;
            least = engine.Rebuilds > builds ? Math.Min(least, bytes) : least;
        }

        Assert.Equal(0, least);
    }

    // What is conserved swings by an amount of the order Δt²: with half the step by a quarter.
    [Theory]
    [InlineData("velocity Verlet")]
    [InlineData("Nosé–Hoover")]
    [InlineData("Martyna–Tobias–Klein")]
    [InlineData("Martyna–Tobias–Klein, along the axes")]
    [InlineData("Martyna–Tobias–Klein, in all ways")]
    [InlineData("r-RESPA")]
    public void What_is_conserved_is_so_to_second_order(string name)
    {
        // From a melt, so that no symmetry of a crystal hides an error.
        var melt = Engine("velocity Verlet", Fluid(4, 1.5));
        melt.Advance(300, 0.004, ChunkedLoop.Serial);
        var start = melt.Configuration();
        double Error(double step)
        {
            var engine = Engine(name, start);
            var first = engine.Measure(ChunkedLoop.Serial).Conserved!.Value;
            var squares = 0.0;
            const int Samples = 50;
            for (var s = 0; s < Samples; s++)
            {
                engine.Advance((int)Math.Round(0.02 / step), step, ChunkedLoop.Serial);
                squares += Math.Pow(engine.Measure(ChunkedLoop.Serial).Conserved!.Value - first, 2);
            }

            return Math.Sqrt(squares / Samples) / start.Count;
        }

        var (coarse, fine) = (Error(0.005), Error(0.0025));
        Assert.InRange(coarse, 1e-7, 5e-3);
        Assert.InRange(Math.Log2(coarse / fine), 1.8, 2.2);
    }

    // The box and what thermostats hold do exchange energy with the atoms: else the test above would say nothing.
    [Theory]
    [InlineData("Nosé–Hoover")]
    [InlineData("Martyna–Tobias–Klein")]
    [InlineData("Martyna–Tobias–Klein, along the axes")]
    [InlineData("Martyna–Tobias–Klein, in all ways")]
    [InlineData("stochastic rescaling")]
    [InlineData("Berendsen")]
    public void Energy_of_the_atoms_alone_is_not_conserved_and_with_the_bath_it_is(string name)
    {
        var engine = Engine(name, Fluid(4, 2.5));
        var first = engine.Measure(ChunkedLoop.Serial);
        engine.Advance(500, 0.002, ChunkedLoop.Serial);
        var last = engine.Measure(ChunkedLoop.Serial);
        Assert.InRange(Math.Abs(last.Total - first.Total) / engine.Count, 0.05, 10);
        Assert.InRange(Math.Abs(last.Conserved!.Value - first.Conserved!.Value) / engine.Count, 0, 2e-3);
    }

    [Theory]
    [InlineData("velocity Verlet")]
    [InlineData("r-RESPA")]
    public void Steps_go_back_where_they_came_from(string name)
    {
        var start = Fluid(3, 1);
        var there = Engine(name, start);
        there.Advance(60, 0.004, ChunkedLoop.Serial);
        var now = there.Configuration();
        var back = Engine(name, now with { Velocities = [.. now.Velocities.Select(v => -v)] });
        back.Advance(60, 0.004, ChunkedLoop.Serial);
        var x = back.Configuration().Positions;
        Assert.InRange(Enumerable.Range(0, x.Length).Max(i => (x[i] - start.Positions[i]).Norm), 0, 1e-9);
    }

    // What a saved state with a barostat holds; where it is restored by this, what is written is as it was or has all that moves turned around.
    private sealed class Barostat(bool isFull)
    {
        private (bool HasList, double[] X, double[] V, double[] Listed, int[] Ids, Vec3[] Images) _atoms = (false, [], [], [], [], []);
        private (long Steps, double Elapsed, Matrix3 Cell, Matrix3 ListedCell, Matrix3 Undeformed) _box;
        private (double[] V, double[] X, double[] BoxV, double[] BoxX) _chains = ([], [], [], []);
        private Vec3 _rates;
        private Vec3 _shears;

        public Vec3 Shears => _shears;

        public void Archive(StateArchive archive)
        {
            _ = archive.Version(2);
            archive.Value("has-list", ref _atoms.HasList);
            archive.Field("positions", ref _atoms.X);
            archive.Field("velocities", ref _atoms.V);
            archive.Field("listed", ref _atoms.Listed);
            archive.Field("ids", ref _atoms.Ids);
            archive.Field("images", ref _atoms.Images);
            archive.Value("steps", ref _box.Steps);
            archive.Value("elapsed", ref _box.Elapsed);
            archive.Value("cell", ref _box.Cell);
            archive.Value("listed-cell", ref _box.ListedCell);
            archive.Value("undeformed-cell", ref _box.Undeformed);
            archive.Value("rates", ref _rates);
            if (isFull)
            {
                archive.Value("shears", ref _shears);
            }

            archive.Field("atoms-velocities", ref _chains.V);
            archive.Field("atoms-positions", ref _chains.X);
            archive.Field("box-velocities", ref _chains.BoxV);
            archive.Field("box-positions", ref _chains.BoxX);
        }

        public void TurnAround()
        {
            _atoms.V = [.. _atoms.V.Select((v, i) => i % 4 < 3 ? -v : v)];      // The fourth is 1/m.
            (_chains.V, _chains.BoxV, _rates, _shears) = ([.. _chains.V.Select(v => -v)], [.. _chains.BoxV.Select(v => -v)], -_rates, -_shears);
        }
    }

    [Theory]
    [InlineData("Martyna–Tobias–Klein")]
    [InlineData("Martyna–Tobias–Klein, along the axes")]
    [InlineData("Martyna–Tobias–Klein, in all ways")]
    public void A_barostat_goes_back_where_it_came_from(string name)
    {
        var start = Fluid(3, 1);
        var engine = Engine(name, start);
        engine.Advance(60, 0.004, ChunkedLoop.Serial);
        Assert.InRange((engine.Box.Cell.Column(0) - start.Box.Cell.Column(0)).Norm, 1e-3, 1);
        var state = new Barostat(name.EndsWith("all ways", StringComparison.Ordinal));
        StateArchive.Restore(StateArchive.Save(engine.Archive), state.Archive);
        state.TurnAround();
        var back = Engine(name, start);
        StateArchive.Restore(StateArchive.Save(state.Archive), back.Archive);
        back.Advance(60, 0.004, ChunkedLoop.Serial);
        var (x, cell) = (back.Configuration().Positions, back.Box.Cell);
        Assert.InRange(Enumerable.Range(0, x.Length).Max(i => (x[i] - start.Positions[i]).Norm), 0, 1e-9);
        Assert.InRange(Enumerable.Range(0, 3).Max(k => (cell.Column(k) - start.Box.Cell.Column(k)).Norm), 0, 1e-9);
    }

    // The energy of the box is ½ w ν:ν = ½ w Σ ν_k² + w (ν_yz² + ν_xz² + ν_xy²), so that ⟨w ν_xy²⟩ = k_B T/2; w = N k_B T τ², as n + 3 = 3N.
    [Fact]
    public void The_shears_of_a_box_are_as_warm_as_the_bath()
    {
        const double T = 0.4;
        const double Tau = 0.5;
        var crystal = LatticeBuilder.Repeat(ConventionalCell.Of(Lattice.Fcc, 1.6), (3, 3, 3), UnitSystem.LennardJones, [new("A", 1)]);
        var engine = new MolecularDynamics(
            crystal with { Velocities = ThermalVelocities.Draw(crystal, 2 * T, 5) }, [Smooth()], 0.3, motion: new MartynaTobiasKlein(T, 0.2, 0, Tau, BoxFreedom.Full));
        engine.Advance(4000, 0.004, ChunkedLoop.Serial);
        var (state, energy, temperature) = (new Barostat(isFull: true), new BlockAverage(), new BlockAverage());
        for (var look = 0; look < 8000; look++)
        {
            engine.Advance(5, 0.004, ChunkedLoop.Serial);
            StateArchive.Restore(StateArchive.Save(engine.Archive), state.Archive);
            energy.Add(crystal.Count * T * Tau * Tau * state.Shears.NormSquared / 3);
            temperature.Add(engine.Measure(ChunkedLoop.Serial).Temperature);
        }

        var (shears, atoms) = (energy.Result().Estimate, temperature.Result().Estimate);
        output.WriteLine($"⟨w ν_xy²⟩/(k_B T) {shears.Value / T} ± {shears.Error / T}, T {atoms}");
        Assert.InRange(shears.Error / T, 0, 0.04);
        Assert.True(shears.Agrees(new(T / 2, 0), 4));
        Assert.True(atoms.Agrees(new(T, 0), 4));
    }

    [Fact]
    public void Momentum_stays_where_it_is_to_stay_and_degrees_of_freedom_say_so()
    {
        foreach (var (name, make, _) in _motions)
        {
            var engine = Engine(name, Fluid(3, 1));
            engine.Advance(100, 0.004, ChunkedLoop.Serial);
            var momentum = engine.Configuration().Velocities.Aggregate((a, b) => a + b).Norm;
            if (name.StartsWith("Langevin", StringComparison.Ordinal))
            {
                Assert.InRange(momentum, 0.1, 100);
                Assert.Equal(324, make().DegreesOfFreedom(108));
            }
            else
            {
                Assert.InRange(momentum, 0, 1e-10);
                Assert.Equal(name == "Brownian" ? 324 : 321, make().DegreesOfFreedom(108));
            }
        }
    }

    [Fact]
    public void What_makes_no_sense_is_refused()
    {
        var atoms = Fluid(2, 1);
        void Refused(Func<object> make, string why) => Assert.Contains(why, Assert.Throws<ScaleModelException>(make).Message, StringComparison.Ordinal);
        Refused(() => new Langevin(-1, 1, 1), "temperature of the bath is -1");
        Refused(() => new Langevin(1, 0, 1), "friction is 0");
        Refused(() => new NoseHoover(1, double.NaN), "time of the thermostat is NaN");
        Refused(() => new NoseHoover(1, 1, 0), "0 thermostats");
        Refused(() => new MartynaTobiasKlein(1, 1, 1, 1, (BoxFreedom)7), "no such freedom");
        Refused(() => new Respa([0, 2], [2]), "levels 0 to 1");
        Refused(() => new Respa([0, 1], [0]), "one at least");
        Refused(() => new MolecularDynamics(atoms, [Smooth()], 0.3, motion: new Respa([0, 1], [2])), "2 interactions; the engine has 1");
        Refused(() => new MolecularDynamics(atoms with { Box = atoms.Box with { SideB = BoxSide.Fixed } }, [Smooth()], 0.3, motion: new MartynaTobiasKlein(1, 1, 1, 1)), "Fixed");
        Refused(() => new MolecularDynamics(atoms, [Smooth()], 0.3, motion: new MartynaTobiasKlein(1, 1, 1, 1) { Deformation = Deformation.ShearXY(1) }), "only be one");
        Refused(() => new MolecularDynamics(atoms with { Ids = new long[atoms.Count] }, [Smooth()], 0.3, motion: new Langevin(1, 1, 1)), "one id");
        var motion = new VelocityVerlet();
        _ = new MolecularDynamics(atoms, [Smooth()], 0.3, motion: motion);
        Refused(() => new MolecularDynamics(atoms, [Smooth()], 0.3, motion: motion), "make one for each");
        Refused(() => new Fire(0), "first step");
        var engine = new MolecularDynamics(atoms, [Smooth()], 0.3, motion: new VelocityVerlet { Deformation = Deformation.Tension(1, -1) });
        Refused(() => { engine.Advance(1, 2, ChunkedLoop.Serial); return engine; }, "nothing is left");
        engine = new MolecularDynamics(atoms, [Smooth()], 0.3, motion: new VelocityVerlet { Deformation = Deformation.ShearXY(100) });
        Refused(() => { engine.Advance(1000, 0.001, ChunkedLoop.Serial); return engine; }, "sheared so far");
    }

    // Argon in eV, Å, ps, K and bar, or in kcal/mol, Å, fs, K and atm, moves as it does in units of its own.
    [Theory]
    [InlineData("metal")]
    [InlineData("real")]
    public void Units_change_nothing(string name)
    {
        var units = UnitSystem.All.Single(u => u.Name == name);
        const double Sigma = 3.4;
        const double Mass = 39.948;
        var epsilon = 120 * units.Boltzmann;
        var (kelvin, time, pressure) = (epsilon / units.Boltzmann, Sigma * Math.Sqrt(Mass * units.MassVelocitySquared / epsilon), epsilon / (Sigma * Sigma * Sigma) * units.Pressure);
        var reduced = Fluid(3, 1.5);
        var argon = reduced with
        {
            Units = units, Species = [new("Ar", Mass)], Box = reduced.Box.Deformed(Matrix3.Diagonal(Sigma, Sigma, Sigma)),
            Positions = [.. reduced.Positions.Select(x => Sigma * x)], Velocities = [.. reduced.Velocities.Select(v => Sigma / time * v)],
        };
        Interaction Law(double e, double s) => Interaction.Of(new Switched<LennardJonesLaw>(new(e, s, 2.2 * s), 1.7 * s));
        foreach (var make in new Func<double, double, double, Motion>[]
        {
            (_, _, _) => new VelocityVerlet(),
            (k, t, _) => new Langevin(1.2 * k, 0.7 / t, 3),
            (k, t, _) => new Brownian(1.2 * k, 40 / t, 3),
            (k, t, _) => new Berendsen(1.2 * k, 0.5 * t),
            (k, t, _) => new StochasticRescaling(1.2 * k, 0.5 * t, 3),
            (k, t, _) => new NoseHoover(1.2 * k, 0.3 * t),
            (k, t, p) => new MartynaTobiasKlein(1.2 * k, 0.3 * t, 2 * p, t, BoxFreedom.Axes),
        })
        {
            var ours = new MolecularDynamics(reduced, [Law(1, 1)], 0.3, motion: make(1, 1, 1));
            var theirs = new MolecularDynamics(argon, [Law(epsilon, Sigma)], 0.3 * Sigma, motion: make(kelvin, time, pressure));
            ours.Advance(60, 0.004, ChunkedLoop.Serial);
            theirs.Advance(60, 0.004 * time, ChunkedLoop.Serial);
            var (a, b) = (ours.Configuration(), theirs.Configuration());
            Assert.All(Enumerable.Range(0, a.Count), i => Assert.InRange((a.Positions[i] - (b.Positions[i] / Sigma)).Norm, 0, 1e-9));
            Assert.Equal(a.Box.Volume, b.Box.Volume / Math.Pow(Sigma, 3), 1e-9 * a.Box.Volume);
            var (x, y) = (ours.Measure(ChunkedLoop.Serial), theirs.Measure(ChunkedLoop.Serial));
            Assert.Equal(x.Temperature, y.Temperature / kelvin, 1e-8);
            Assert.Equal(x.Pressure.XX, y.Pressure.XX / pressure, 1e-7);
            Assert.Equal(x.Conserved.HasValue, y.Conserved.HasValue);
            Assert.Equal(x.Conserved ?? 0, (y.Conserved ?? 0) / epsilon, 1e-6);
        }

        foreach (var make in new Func<double, Minimizer>[] { t => new Fire(0.01 * t), _ => new PolakRibiere() })
        {
            var (ours, theirs) = (new MolecularDynamics(reduced, [Law(1, 1)], 0.3), new MolecularDynamics(argon, [Law(epsilon, Sigma)], 0.3 * Sigma));
            var x = ours.Minimize(make(1), 1e-4, ChunkedLoop.Serial, new(BoxFreedom.Hydrostatic, 1, 1e-4), 400);
            var y = theirs.Minimize(make(time), 1e-4 * epsilon / Sigma, ChunkedLoop.Serial, new(BoxFreedom.Hydrostatic, pressure, 1e-4 * pressure), 400);
            Assert.True(x.IsConverged);
            Assert.Equal(x.Evaluations, y.Evaluations);
            Assert.Equal(x.Energy, y.Energy / epsilon, 1e-8 * Math.Abs(x.Energy));
        }
    }

    // A state is taken as a whole or not at all.
    [Fact]
    public void A_state_that_is_refused_leaves_atoms_and_mirrors_as_they_were()
    {
        var start = Fluid(4, 1.5);
        start = start with { Box = start.Box with { SideC = BoxSide.Fixed }, Species = [new("A", 1), new("B", 1)] };
        var high = start.Box.Cell.ZZ;
        MolecularDynamics Engine(int[] kinds) => new(start with { Kinds = kinds }, [Interaction.Of(new LennardJonesMixture([new(1, 1), new(1, 1)], MixingRule.Geometric, 2.2))], 0.3,
            mirrors: [new(new(0, 0, -1e-3), new(0, 0, 1)), new(new(0, 0, high), new(0, 0, -1))]);
        var other = Engine([.. Enumerable.Range(0, start.Count).Select(i => i % 2)]);
        other.Advance(200, 0.004, ChunkedLoop.Serial);
        Assert.True(other.Impulses.All(p => p > 0));
        var engine = Engine(new int[start.Count]);
        engine.Advance(20, 0.004, ChunkedLoop.Serial);
        var before = StateArchive.Save(engine.Archive);
        Assert.Contains("other kinds", Assert.Throws<InvalidDataException>(() => StateArchive.Restore(StateArchive.Save(other.Archive), engine.Archive)).Message, StringComparison.Ordinal);
        Assert.Equal(before, StateArchive.Save(engine.Archive));
    }

    // States that were saved when there was no other motion than at constant energy.
    [Fact]
    public void States_of_the_first_version_are_read()
    {
        var start = Fluid(4, 1.5);
        var engine = Engine("velocity Verlet", start);
        engine.Advance(40, 0.004, ChunkedLoop.Serial);
        var (hasList, x, v, listed, ids, images) = (false, Array.Empty<double>(), Array.Empty<double>(), Array.Empty<double>(), Array.Empty<int>(), Array.Empty<Vec3>());
        void Old(StateArchive archive)
        {
            archive.Value("has-list", ref hasList);
            archive.Field("positions", ref x);
            archive.Field("velocities", ref v);
            archive.Field("listed", ref listed);
            archive.Field("ids", ref ids);
            archive.Field("images", ref images);
        }

        StateArchive.Restore(StateArchive.Save(engine.Archive), archive =>
        {
            var (steps, elapsed, cell) = (0L, 0.0, default(Matrix3));
            _ = archive.Version(2);
            Old(archive);
            archive.Value("steps", ref steps);
            archive.Value("elapsed", ref elapsed);
            archive.Value("cell", ref cell);
            archive.Value("listed-cell", ref cell);
            archive.Value("undeformed-cell", ref cell);
        });
        var resumed = Engine("velocity Verlet", start);
        StateArchive.Restore(
            StateArchive.Save(archive =>
            {
                _ = archive.Version(1);
                Old(archive);
            }), resumed.Archive);
        engine.Advance(40, 0.004, ChunkedLoop.Serial);
        resumed.Advance(40, 0.004, ChunkedLoop.Serial);
        Assert.Equal(Bits(engine.Configuration()), Bits(resumed.Configuration()));
    }
}
