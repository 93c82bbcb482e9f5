using System.Globalization;
using System.Runtime.InteropServices;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles;
using ActorMultiscale.Physics.Particles.Building;
using ActorMultiscale.Physics.Particles.Interactions;
using CsCheck;

namespace ActorMultiscale.Tests.Particles;

/// <summary>The engine against the obvious way to do it, against published numbers, and against what mechanics says.</summary>
public sealed class MolecularDynamicsTests
{
    private static readonly LennardJonesLaw _plain = new(1, 1, 2.5);

    /// <summary>A law of one's own: soft spheres.</summary>
    private readonly struct Soft : IPairPotential
    {
        public double Cutoff => 1.7;

        public double ForceOverDistance(double r2, int kind, int other, out double energy)
        {
            // φ = (1 + i + j) (1.7 − r)³
            var r = Math.Sqrt(r2);
            energy = (1 + kind + other) * Math.Pow(1.7 - r, 3);
            return (1 + kind + other) * 3 * Math.Pow(1.7 - r, 2) / r;
        }
    }

    private static readonly LennardJonesMixture _mixture = new([new(1, 1), new(0.5, 0.8), new(2, 1.1)], MixingRule.SixthPower, 2.4);

    private static (double Energy, double Force) Lj(double r, double epsilon = 1, double sigma = 1)
    {
        var s6 = Math.Pow(sigma / r, 6);
        return (4 * epsilon * ((s6 * s6) - s6), 24 * epsilon * ((2 * s6 * s6) - s6) / r);
    }

    // Every law with the same, written down as in the books.
    private static readonly (string Name, Func<Interaction> Make, double Cutoff, Func<double, int, int, (double Energy, double Force)> Slow)[] _laws =
    [
        ("plain", () => Interaction.Of(_plain), 2.5, (r, _, _) => Lj(r)),
        ("shifted", () => Interaction.Of(new Shifted<LennardJonesLaw>(_plain)), 2.5, (r, _, _) => (Lj(r).Energy - Lj(2.5).Energy, Lj(r).Force)),
        ("force-shifted", () => Interaction.Of(new ForceShifted<LennardJonesLaw>(_plain)), 2.5,
            (r, _, _) => (Lj(r).Energy - Lj(2.5).Energy + ((r - 2.5) * Lj(2.5).Force), Lj(r).Force - Lj(2.5).Force)),
        ("switched", () => Interaction.Of(new Switched<LennardJonesLaw>(_plain, 2)), 2.5, (r, _, _) =>
        {
            var t = Math.Max(0, (r - 2) / 0.5);
            var s = 1 - (10 * Math.Pow(t, 3)) + (15 * Math.Pow(t, 4)) - (6 * Math.Pow(t, 5));
            var slope = -30 * t * t * (1 - t) * (1 - t) / 0.5;
            return (Lj(r).Energy * s, (Lj(r).Force * s) - (Lj(r).Energy * slope));
        }),
        ("mixture", () => Interaction.Of(_mixture), 2.4, (r, i, j) => Mixed(r, i, j)),
        ("mixture, force-shifted", () => Interaction.Of(new ForceShifted<LennardJonesMixture>(_mixture)), 2.4,
            (r, i, j) => (Mixed(r, i, j).Energy - Mixed(2.4, i, j).Energy + ((r - 2.4) * Mixed(2.4, i, j).Force), Mixed(r, i, j).Force - Mixed(2.4, i, j).Force)),
        ("Morse", () => Interaction.Of(new MorseLaw(0.7, 1.9, 1.2, 2.25)), 2.25, (r, _, _) =>
        {
            var u = Math.Exp(-1.9 * (r - 1.2));
            return (0.7 * ((u * u) - (2 * u)), 2 * 0.7 * 1.9 * ((u * u) - u));
        }),
        ("one's own", () => Interaction.OfPotential(new Soft()), 1.7, (r, i, j) => ((1 + i + j) * Math.Pow(1.7 - r, 3), (1 + i + j) * 3 * Math.Pow(1.7 - r, 2))),
    ];

    private static (double Energy, double Force) Mixed(double r, int i, int j)
    {
        WellAndSize[] kinds = [new(1, 1), new(0.5, 0.8), new(2, 1.1)];
        var pair = LennardJonesMixture.Mix(kinds[i], kinds[j], MixingRule.SixthPower);
        return Lj(r, pair.Epsilon, pair.Sigma);
    }

    public static TheoryData<string> Laws => [.. _laws.Select(l => l.Name)];

    // A shaken lattice in a box of any shape and any sides, down to one that is shorter than the cutoff.
    private static readonly Gen<AtomConfiguration> _atoms = Gen.Select(Gen.Select(Gen.Int[1, 4], Gen.Int[1, 4], Gen.Int[1, 5]), Gen.Double[-0.4, 0.4].Array[3], Gen.Int[0, 26], Gen.Int[0, 1 << 30], (cells, tilt, sides, seed) =>
    {
        var noise = new Philox((ulong)seed, 1);
        BoxSide Side(int s) => s == 0 ? BoxSide.Fixed : s == 1 ? BoxSide.ShrinkWrapped : BoxSide.Periodic;
        const double A = 1.1;
        var box = new SimulationBox(new(0.3, -5, 2), new(A * cells.Item1, tilt[0] * A, tilt[1] * A, 0, A * cells.Item2, tilt[2] * A, 0, 0, A * cells.Item3), Side(sides % 3), Side(sides / 3 % 3), Side(sides / 9));
        var n = cells.Item1 * cells.Item2 * cells.Item3;
        return new AtomConfiguration
        {
            Units = UnitSystem.LennardJones,
            Box = box,
            Species = [new("A", 1), new("B", 2.5), new("C", 0.7)],
            Kinds = [.. Enumerable.Range(0, n).Select(i => (i + seed) % 3)],
            Positions = [.. Enumerable.Range(0, n).Select(i => box.Point(new(
                ((i % cells.Item1) + 0.5 + (0.15 * noise.Uniform(0, 0, i))) / cells.Item1,
                ((i / cells.Item1 % cells.Item2) + 0.5 + (0.15 * noise.Uniform(0, 1, i))) / cells.Item2,
                ((i / cells.Item1 / cells.Item2) + 0.5 + (0.15 * noise.Uniform(0, 2, i))) / cells.Item3)))],
        };
    });

    private static AtomConfiguration Melt(int cells, double temperature = 1.44, double density = 0.8442)
    {
        var crystal = LatticeBuilder.Repeat(ConventionalCell.Of(Lattice.Fcc, Math.Cbrt(4 / density)), (cells, cells, cells), UnitSystem.LennardJones, [new("A", 1)]);
        return crystal with { Velocities = ThermalVelocities.Draw(crystal, temperature, 7) };
    }

    private static byte[] Bits(AtomConfiguration atoms) => [.. MemoryMarshal.AsBytes<Vec3>(atoms.Positions), .. MemoryMarshal.AsBytes<Vec3>(atoms.Velocities)];

    private static void Close(double expected, double found, double scale, string what) =>
        Assert.True(Math.Abs(expected - found) <= 1e-12 * (1 + scale), $"{what}: {found:R} instead of {expected:R}");

    // A skewed slab whose atoms lie before and behind its open side: their images along the others lie outside of the box, too.
    [Theory]
    [InlineData(0.5, 0)]
    [InlineData(0.5, 0.5)]
    [InlineData(-0.5, 0.4)]
    public void Atoms_beyond_an_open_side_of_a_skewed_box_feel_all_images(double alongA, double alongB)
    {
        var noise = new Philox(5, 3);
        var box = new SimulationBox(Vec3.Zero, new(10, 0, 10 * alongA, 0, 10, 10 * alongB, 0, 0, 10), SideC: BoxSide.ShrinkWrapped);
        var atoms = new AtomConfiguration
        {
            Units = UnitSystem.LennardJones,
            Box = box,
            Species = [new("A", 1)],
            Kinds = new int[1200],
            Positions = [.. Enumerable.Range(0, 1200).Select(i => box.Point(new(((i % 10) + (0.2 * noise.Uniform(0, 0, i))) / 10, ((i / 10 % 10) + (0.2 * noise.Uniform(0, 1, i))) / 10, -1.05 + (((i / 100) + (0.2 * noise.Uniform(0, 2, i))) / 5))))],
        };
        var (energy, _, forces) = SlowPairs.Of(atoms, 2.5, (r, _, _) => Lj(r));
        var engine = new MolecularDynamics(atoms, [Interaction.Of(_plain)], 0.3);
        Close(energy, engine.Measure(ChunkedLoop.Serial).Potential, Math.Abs(energy), "energy");
        var fast = engine.Forces(ChunkedLoop.Serial);
        var scale = 100 * forces.Max(f => f.Norm);
        Assert.All(Enumerable.Range(0, atoms.Count), i => Close(0, (fast[i] - forces[i]).Norm, scale, $"force {i}"));
    }

    // How far an atom goes in a step after it lay almost upon another; along each axis, in an open box and a periodic one.
    [Theory]
    [InlineData(1e7)]
    [InlineData(1e12)]
    [InlineData(1e25)]
    public void Atoms_that_fly_away_are_an_error(double speed)
    {
        foreach (var side in new[] { BoxSide.Periodic, BoxSide.Fixed })
        {
            for (var axis = 0; axis < 3; axis++)
            {
                Vec3 Along(double x) => axis switch { 0 => new(x, 0, 0), 1 => new(0, x, 0), _ => new(0, 0, x) };
                var atoms = new AtomConfiguration
                {
                    Units = UnitSystem.LennardJones,
                    Box = new(Vec3.Zero, Matrix3.Diagonal(10, 10, 10), side, side, side == BoxSide.Periodic && axis < 2 ? side : BoxSide.Fixed),
                    Species = [new("A", 1)],
                    Kinds = [0, 0],
                    Positions = [new(1, 1, 1), new(3, 3, 3)],
                    Velocities = [Along(speed), Vec3.Zero],
                };
                var engine = new MolecularDynamics(atoms, [Interaction.Of(_plain)], 0.3);

                // Where it comes back through a periodic side it may end anywhere in the box.
                if (atoms.Box.IsPeriodic(axis))
                {
                    engine.Advance(1, 1, ChunkedLoop.Serial);
                }
                else
                {
                    Assert.Contains("flown away", Assert.Throws<ScaleModelException>(() => engine.Advance(1, 1, ChunkedLoop.Serial)).Message, StringComparison.Ordinal);
                }
            }
        }
    }

    [Fact]
    public void A_cutoff_that_is_far_longer_than_the_box_is_refused()
    {
        foreach (var cutoff in new[] { 1e3, 1e6, 1e12 })
        {
            var engine = new MolecularDynamics(Melt(1), [Interaction.Of(new LennardJonesLaw(1, 1, cutoff))], 0.3);
            Assert.Contains("far longer than the box", Assert.Throws<ScaleModelException>(() => engine.Measure(ChunkedLoop.Serial)).Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Laws))]
    public void Every_law_gives_what_the_obvious_sum_gives_in_any_box(string name)
    {
        var (_, make, cutoff, slow) = _laws.Single(l => l.Name == name);
        _atoms.Sample(atoms =>
        {
            var (energy, virial, forces) = SlowPairs.Of(atoms, cutoff, slow);
            var engine = new MolecularDynamics(atoms, [make()], 0.3);
            var found = engine.Measure(ChunkedLoop.Serial);
            var scale = forces.Max(f => f.Norm) * atoms.Count;
            Close(energy, found.Potential, Math.Abs(energy) + scale, "energy");
            for (var e = 0; e < 6; e++)
            {
                Close(virial[e], found.Virial[e], (10 * scale) + Math.Abs(virial[e]), $"virial {e}");
            }

            var fast = engine.Forces(ChunkedLoop.Serial);
            Assert.All(Enumerable.Range(0, atoms.Count), i => Close(0, (fast[i] - forces[i]).Norm, 10 * scale, $"force {i}"));
        }, iter: 60);
    }

    [Theory]
    [MemberData(nameof(Laws))]
    public void Forces_are_minus_the_gradient_of_the_energy(string name)
    {
        var (_, make, cutoff, _) = _laws.Single(l => l.Name == name);

        // Two atoms, moved apart from near to the cutoff: what a jump of the energy at the cutoff does is no force.
        var far = SimulationBox.Orthogonal(20, 20, 20);
        double Energy(double r, int kind) => new MolecularDynamics(Pair(r, kind), [make()], 0.1).Measure(ChunkedLoop.Serial).Potential;
        AtomConfiguration Pair(double r, int kind) => new()
        {
            Units = UnitSystem.LennardJones, Box = far, Species = [new("A", 1), new("B", 1), new("C", 1)], Kinds = [0, kind], Positions = [new(1, 1, 1), new(1 + (0.6 * r), 1, 1 - (0.8 * r))],
        };
        for (var r = 0.85; r < cutoff - 0.001; r += 0.0371)
        {
            for (var kind = 0; kind < 3; kind++)
            {
                const double H = 1e-4;

                // Four points: the error is of the fourth order.
                var slope = (Energy(r - (2 * H), kind) - (8 * Energy(r - H, kind)) + (8 * Energy(r + H, kind)) - Energy(r + (2 * H), kind)) / (12 * H);
                if (r + (2 * H) < cutoff)
                {
                    var force = new MolecularDynamics(Pair(r, kind), [make()], 0.1).Forces(ChunkedLoop.Serial)[1];
                    var along = (0.6 * force.X) - (0.8 * force.Z);
                    Assert.True(Math.Abs(-slope - along) < 1e-8 * (1 + Math.Abs(slope) + (100 * Math.Abs(Energy(r, kind)))), $"{name}, r = {r}: {along} instead of {-slope}");
                }
            }
        }
    }

    // V4: NIST Standard Reference Simulation Website, Lennard-Jones fluid reference calculations, configuration 4.
    [Theory]
    [InlineData(3, false, -16.790321, -46.249197)]
    [InlineData(4, false, -17.060453, -47.868828)]
    [InlineData(3, true, -15.001402, -43.096006)]
    public void The_reference_configuration_of_NIST_has_its_energy_and_virial(double cutoff, bool forceShifted, double energy, double virial)
    {
        var law = new LennardJonesLaw(1, 1, cutoff);
        var positions = File.ReadLines(Path.Combine(AppContext.BaseDirectory, "data", "nist-lj-4.txt")).Skip(1)
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(w => double.Parse(w, CultureInfo.InvariantCulture)).ToArray())
            .Where(x => x.Length == 3).Select(x => new Vec3(x[0], x[1], x[2])).ToArray();
        Assert.Equal(30, positions.Length);
        var atoms = new AtomConfiguration { Units = UnitSystem.LennardJones, Box = SimulationBox.Orthogonal(8, 8, 8), Species = [new("A", 1)], Kinds = new int[30], Positions = positions };
        var found = new MolecularDynamics(atoms, [forceShifted ? Interaction.Of(new ForceShifted<LennardJonesLaw>(law)) : Interaction.Of(law)], 0.3).Measure(ChunkedLoop.Serial);

        // Half of the last digit of the reference.
        Assert.Equal(energy, found.Potential, 5.1e-7);
        Assert.Equal(virial, found.Virial.Trace, 5.1e-7);
    }

    // V5, and the long-range corrections of NIST for 30 atoms in a cube of 8: −0.545166 and −0.230078.
    [Fact]
    public void The_tail_beyond_the_cutoff_is_that_of_the_books()
    {
        Assert.Equal(-0.4520, _plain.Tail(0.8442).EnergyPerAtom, 1e-4);
        Assert.Equal(-0.7621, _plain.Tail(0.8442).Pressure, 1e-4);
        Assert.Equal(-0.545166, 30 * new LennardJonesLaw(1, 1, 3).Tail(30 / 512.0).EnergyPerAtom, 1e-6);
        Assert.Equal(-0.230078, 30 * new LennardJonesLaw(1, 1, 4).Tail(30 / 512.0).EnergyPerAtom, 1e-6);
    }

    [Fact]
    public void Any_number_of_threads_gives_the_same_bits_and_so_does_a_run_that_went_on_from_its_state()
    {
        var atoms = Melt(8);
        MolecularDynamics Engine() => new(atoms, [Interaction.Of(new Shifted<LennardJonesLaw>(_plain)), Interaction.OfPotential(new Soft())], 0.3);
        var alone = Engine();
        alone.Advance(100, 0.005, ChunkedLoop.Serial);
        var state = StateArchive.Save(alone.Archive);
        alone.Advance(103, 0.005, ChunkedLoop.Serial);
        Assert.InRange(alone.Rebuilds, 10, 60);
        foreach (var threads in new[] { 2, 3, 7 })
        {
            using var team = new ChunkedLoop(threads).Gather();
            var loop = team.Loop;
            var together = Engine();

            // Looked at now and then, which must not change it.
            for (var part = 0; part < 7; part++)
            {
                together.Advance(29, 0.005, loop);
                together.Measure(loop);
            }

            Assert.Equal(Bits(alone.Configuration()), Bits(together.Configuration()));
            Assert.Equal(alone.Measure(ChunkedLoop.Serial), together.Measure(loop));
        }

        var resumed = Engine();
        StateArchive.Restore(state, resumed.Archive);
        resumed.Advance(103, 0.005, ChunkedLoop.Serial);
        Assert.Equal(Bits(alone.Configuration()), Bits(resumed.Configuration()));
        Assert.Equal(StateArchive.Save(alone.Archive), StateArchive.Save(resumed.Archive));
    }

    [Fact]
    public void No_pair_is_missed_however_far_atoms_have_gone()
    {
        var engine = new MolecularDynamics(Melt(4, temperature: 5), [Interaction.Of(_plain)], 0.2);
        for (var part = 0; part < 20; part++)
        {
            engine.Advance(17, 0.004, ChunkedLoop.Serial);
            var now = engine.Configuration();
            var (energy, _, forces) = SlowPairs.Of(now, 2.5, (r, _, _) => Lj(r));
            Close(energy, engine.Measure(ChunkedLoop.Serial).Potential, 100 * Math.Abs(energy), "energy");
            var fast = engine.Forces(ChunkedLoop.Serial);
            Assert.All(Enumerable.Range(0, now.Count), i => Close(0, (fast[i] - forces[i]).Norm, 1e4, $"force {i}"));
        }

        Assert.InRange(engine.Rebuilds, 10, 340);
    }

    [Fact]
    public void Momentum_stays_energy_does_not_drift_and_a_restored_state_goes_on_alike_for_a_hundred_thousand_steps()
    {
        // The slope of means over 1,000 steps, a hundred thousand steps on, is below 1e-4 ε an atom.
        var atoms = Melt(6, temperature: 1.0);
        MolecularDynamics Engine() => new(atoms, [Interaction.Of(new ForceShifted<LennardJonesLaw>(_plain))], 0.4);
        var (engine, resumed) = (Engine(), Engine());
        var loop = ChunkedLoop.Serial;
        engine.Advance(1000, 0.003, loop);
        var means = new List<double>();
        for (var block = 0; block < 100; block++)
        {
            if (block == 70)
            {
                StateArchive.Restore(StateArchive.Save(engine.Archive), resumed.Archive);
            }

            var sum = 0.0;
            for (var sample = 0; sample < 20; sample++)
            {
                engine.Advance(50, 0.003, loop);
                sum += engine.Measure(loop).Total / atoms.Count;
            }

            means.Add(sum / 20);
        }

        resumed.Advance(30_000, 0.003, loop);
        Assert.Equal(Bits(engine.Configuration()), Bits(resumed.Configuration()));

        var middle = (means.Count - 1) / 2.0;
        var slope = means.Select((m, b) => (b - middle) * m).Aggregate((a, b) => a + b) / means.Select((_, b) => (b - middle) * (b - middle)).Aggregate((a, b) => a + b);
        Assert.InRange(100 * slope, -1e-4, 1e-4);

        var momentum = engine.Configuration().Velocities.Aggregate((a, b) => a + b);
        Assert.InRange(momentum.Norm / atoms.Count, 0, 1e-12);
    }

    [Fact]
    public void Steps_are_of_second_order_and_go_back_where_they_came_from()
    {
        var start = Melt(3, temperature: 0.7);
        AtomConfiguration After(double step, int steps, AtomConfiguration from)
        {
            var engine = new MolecularDynamics(from, [Interaction.Of(new Switched<LennardJonesLaw>(new(1, 1, 2.2), 1.8))], 0.3);
            engine.Advance(steps, step, ChunkedLoop.Serial);
            return engine.Configuration();
        }

        double Distance(AtomConfiguration a, AtomConfiguration b) => Enumerable.Range(0, a.Count).Max(i => (a.Positions[i] - b.Positions[i]).Norm);
        var exact = After(0.0003125, 320, start);
        var order = Math.Log2(Distance(After(0.005, 20, start), exact) / Distance(After(0.0025, 40, start), exact));
        Assert.InRange(order, 1.9, 2.1);

        var there = After(0.004, 100, start);
        var back = After(0.004, 100, there with { Velocities = [.. there.Velocities.Select(v => -v)] });
        Assert.InRange(Distance(back, start), 0, 1e-9);
        Assert.InRange(Distance(there, start), 0.05, 10);
    }

    // V21: two atoms on a harmonic spring of reduced frequency √2 oscillate at (2/Δt) asin(ω Δt/2).
    [Theory]
    [InlineData(0.1, 1.41539473)]
    [InlineData(0.5, 1.44546850)]
    public void An_oscillator_has_the_frequency_of_the_method(double step, double expected)
    {
        var atoms = new AtomConfiguration
        {
            Units = UnitSystem.LennardJones, Box = SimulationBox.Orthogonal(20, 20, 20), Species = [new("A", 1)], Kinds = [0, 0], Positions = [new(5, 5, 5), new(6.01, 5, 5)],
        };
        var engine = new MolecularDynamics(atoms, [Interaction.OfPotential(new Spring())], 0.5);
        double Stretch()
        {
            var x = engine.Configuration().Positions;
            return x[1].X - x[0].X - 1;
        }

        // q(t + Δt) + q(t − Δt) = 2 cos(ω Δt) q(t)
        var before = Stretch();
        engine.Advance(1, step, ChunkedLoop.Serial);
        var now = Stretch();
        engine.Advance(1, step, ChunkedLoop.Serial);
        Assert.Equal(expected, Math.Acos((before + Stretch()) / (2 * now)) / step, 1e-8);
    }

    private readonly struct Spring : IPairPotential
    {
        public double Cutoff => 3;

        public double ForceOverDistance(double r2, int kind, int other, out double energy)
        {
            var r = Math.Sqrt(r2);
            energy = 0.5 * (r - 1) * (r - 1);
            return -(r - 1) / r;
        }
    }

    // The snippet of the documents.
    [Fact]
    public void A_potential_of_ones_own_makes_a_melt()
    {
        var found = Snippets.SoftSpheres.Melt(ChunkedLoop.Serial);
        Assert.InRange(found.Temperature, 0.3, 0.9);        // Half of what was kinetic at the start is potential now, or a little less.
        Assert.InRange(found.Pressure.Trace, 1, 1000);
    }

    [Fact]
    public void A_step_allocates_nothing()
    {
        var engine = new MolecularDynamics(Melt(6), [Interaction.Of(_plain)], 0.3);
        var loop = ChunkedLoop.Serial;
        engine.Advance(200, 0.005, loop);
        var (before, builds) = (GC.GetAllocatedBytesForCurrentThread(), engine.Rebuilds);
        engine.Advance(200, 0.005, loop);
        var bytes = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.True(engine.Rebuilds > builds + 5);
        Assert.Equal(0, bytes);
    }

    [Fact]
    public void What_makes_no_sense_is_refused_with_everything_that_is_wrong()
    {
        var atoms = Melt(2);
        var fault = Assert.Throws<ScaleModelException>(() => new MolecularDynamics(atoms with { Kinds = [0], Species = [new("A", 0)] }, [], -1));
        foreach (var part in new[] { "there is no interaction", "the skin is -1", "1 kinds for 32 positions", "no mass above zero" })
        {
            Assert.Contains(part, fault.Message, StringComparison.Ordinal);
        }

        // Two atoms upon each other: the force is not finite, and after a step they are nowhere.
        var upon = atoms with { Positions = [.. atoms.Positions.Select((x, i) => i == 1 ? atoms.Positions[0] : x)] };
        var engine = new MolecularDynamics(upon, [Interaction.Of(_plain)], 0.3);
        Assert.Contains("nowhere", Assert.Throws<ScaleModelException>(() => engine.Advance(3, 0.005, ChunkedLoop.Serial)).Message, StringComparison.Ordinal);
    }
}
