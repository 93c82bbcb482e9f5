using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles;
using ActorMultiscale.Physics.Particles.Building;
using ActorMultiscale.Physics.Particles.Interactions;
using ActorMultiscale.Physics.Particles.Motions;
using Xunit.Abstractions;

namespace ActorMultiscale.Tests.Particles.Motions;

/// <summary>Crystals and clusters at rest, against lattice sums and published energies.</summary>
public sealed class MinimizerTests(ITestOutputHelper output)
{
    private static readonly (string Name, Func<Minimizer> Make)[] _methods = [("FIRE", () => new Fire(0.01)), ("conjugate gradients", () => new PolakRibiere())];

    public static TheoryData<string> Methods => [.. _methods.Select(m => m.Name)];

    private static Minimizer Method(string name) => _methods.Single(m => m.Name == name).Make();

    private static AtomConfiguration Crystal(double a, int cells, double shake)
    {
        var crystal = LatticeBuilder.Repeat(ConventionalCell.Of(Lattice.Fcc, a), (cells, cells, cells), UnitSystem.LennardJones, [new("A", 1)]);
        var noise = new Philox(3, 1);
        return crystal with
        {
            Positions = [.. crystal.Positions.Select((x, i) => x + (shake * new Vec3(noise.Uniform(0, 0, i) - 0.5, noise.Uniform(0, 1, i) - 0.5, noise.Uniform(0, 2, i) - 0.5)))],
        };
    }

    // A box that comes out as it was is another object with the same vectors, and a restored one is the first.
    [Fact]
    public void What_follows_a_box_that_stayed_as_it_was_is_the_same_after_a_restored_state()
    {
        MolecularDynamics Engine() => new(Crystal(1.68, 6, 0), [Interaction.Of(new ForceShifted<LennardJonesLaw>(new(1, 1, 2.5)))], 0.3);
        var engine = Engine();
        engine.Measure(ChunkedLoop.Serial);
        Assert.True(engine.Minimize(new Fire(0.01), 1e9, ChunkedLoop.Serial, new(BoxFreedom.Hydrostatic, 0, 1e9)).IsConverged);
        engine.SetVelocities(ThermalVelocities.Draw(engine.Configuration(), 1.4, 5));
        var resumed = Engine();
        StateArchive.Restore(StateArchive.Save(engine.Archive), resumed.Archive);
        engine.Advance(150, 0.004, ChunkedLoop.Serial);
        resumed.Advance(150, 0.004, ChunkedLoop.Serial);
        Assert.Equal(engine.Configuration().Positions, resumed.Configuration().Positions);
        Assert.Equal(StateArchive.Save(engine.Archive), StateArchive.Save(resumed.Archive));
    }

    // V7: the lattice constant and the energy an atom of a Lennard-Jones crystal with a cutoff, from lattice sums.
    [Theory]
    [InlineData("FIRE", 2.5, 1.54960342, -8.0996208)]
    [InlineData("conjugate gradients", 2.5, 1.54960342, -8.0996208)]
    [InlineData("conjugate gradients", 3, 1.54637897, -8.3050265)]
    [InlineData("conjugate gradients", 4, 1.54367914, -8.4811200)]
    [InlineData("conjugate gradients", 5, 1.54277111, -8.5412230)]
    [InlineData("conjugate gradients", 6, 1.54238626, -8.5668332)]
    [InlineData("FIRE", 8, 1.54200700, -8.5921517)]
    [InlineData("conjugate gradients", 8, 1.54200700, -8.5921517)]
    public void A_crystal_with_a_cutoff_finds_its_lattice_constant(string method, double cutoff, double a, double energy)
    {
        // From near enough that no shell of neighbors crosses the cutoff: there the energy jumps.
        var engine = new MolecularDynamics(Crystal(a * 1.0005, 3, 1e-3), [Interaction.Of(new LennardJonesLaw(1, 1, cutoff))], 0.3);
        var found = engine.Minimize(Method(method), 1e-8, ChunkedLoop.Serial, new(BoxFreedom.Hydrostatic, 0, 1e-8), 2000);
        output.WriteLine(found.ToString());
        Assert.True(found.IsConverged, found.ToString());
        Assert.Equal(a, engine.Box.Cell.XX / 3, 1e-8);
        Assert.Equal(energy, found.Energy / engine.Count, 1e-7);
        Assert.InRange(Math.Abs(found.Pressure.Trace / 3), 0, 1e-8);
    }

    // V8: nearest neighbors only.
    [Theory]
    [MemberData(nameof(Methods))]
    public void A_crystal_of_nearest_neighbors_finds_its_shape_from_afar(string method)
    {
        var start = Crystal(1.56, 3, 0.06);
        var cell = start.Box.Cell;
        var box = start.Box with { Cell = cell with { XX = 1.01 * cell.XX, XY = 0.015 * cell.XX, YZ = -0.01 * cell.XX } };
        var engine = new MolecularDynamics(start with { Box = box, Positions = [.. start.Positions.Select(x => box.Point(start.Box.Fraction(x)))] }, [Interaction.Of(new LennardJonesLaw(1, 1, 1.4))], 0.3);
        var found = engine.Minimize(Method(method), 1e-9, ChunkedLoop.Serial, new(BoxFreedom.Full, 0, 1e-9), 5000);
        output.WriteLine(found.ToString());
        Assert.True(found.IsConverged, found.ToString());
        Assert.Equal(-6, found.Energy / engine.Count, 1e-10);
        var end = engine.Box.Cell;
        foreach (var (value, expected) in new[] { (end.XX, 1.58740105), (end.YY, 1.58740105), (end.ZZ, 1.58740105), (end.XY, 0), (end.XZ, 0), (end.YZ, 0), (end.YX, 0) })
        {
            Assert.Equal(3 * expected, value, 3e-8);
        }
    }

    // V6: without a cutoff. What lies beyond one of 16σ is uniform enough for the tail to be right to 1e-5.
    [Fact]
    public void A_crystal_with_a_far_cutoff_and_its_tail_has_the_energy_of_the_whole_lattice_sum()
    {
        var law = new LennardJonesLaw(1, 1, 16);
        var engine = new MolecularDynamics(Crystal(1.54173738, 1, 0), [Interaction.Of(law)], 0.3);
        var found = engine.Measure(ChunkedLoop.Serial);
        Assert.Equal(-8.61020013, (found.Potential / 4) + law.Tail(1.0915127).EnergyPerAtom, 1e-5);
    }

    // At a pressure the enthalpy is least where the crystal has it.
    [Theory]
    [MemberData(nameof(Methods))]
    public void A_crystal_comes_to_a_pressure(string method)
    {
        var engine = new MolecularDynamics(Crystal(1.5, 3, 0.02), [MotionTests.Smooth()], 0.3);
        var found = engine.Minimize(Method(method), 1e-8, ChunkedLoop.Serial, new(BoxFreedom.Axes, 12.5, 1e-8), 3000);
        output.WriteLine(found.ToString());
        Assert.True(found.IsConverged, found.ToString());
        var now = engine.Measure(ChunkedLoop.Serial);
        Assert.Equal(12.5, now.Pressure.XX, 2e-8);
        Assert.Equal(12.5, now.Pressure.ZZ, 2e-8);
        Assert.Equal(0, now.Kinetic);
        Assert.Equal(engine.Box.Cell.XX, engine.Box.Cell.YY, 1e-8);
    }

    // The icosahedron of 13 atoms, by Mackay's magic numbers the best there is: −44.326801 ε (M. R. Hoare, P. Pal, Adv. Phys. 20 (1971) 161).
    [Theory]
    [MemberData(nameof(Methods))]
    public void Thirteen_atoms_make_an_icosahedron(string method)
    {
        var golden = 0.5 * (1 + Math.Sqrt(5));
        Vec3[] corners =
        [
            default, .. from a in new[] { -1.0, 1.0 } from b in new[] { -golden, golden } from v in new Vec3[] { new(0, a, b), new(a, b, 0), new(b, 0, a) } select v,
        ];
        var noise = new Philox(5, 5);
        var atoms = new AtomConfiguration
        {
            Units = UnitSystem.LennardJones, Box = new(new(-50, -50, -50), Matrix3.Diagonal(100, 100, 100), BoxSide.Fixed, BoxSide.Fixed, BoxSide.Fixed), Species = [new("A", 1)], Kinds = new int[13],
            Positions = [.. corners.Select((c, i) => (0.58 * c) + (0.15 * new Vec3(noise.Uniform(0, 0, i) - 0.5, noise.Uniform(0, 1, i) - 0.5, noise.Uniform(0, 2, i) - 0.5)))],
        };
        var engine = new MolecularDynamics(atoms, [Interaction.Of(new LennardJonesLaw(1, 1, 20))], 0.3);
        var found = engine.Minimize(Method(method), 1e-9, ChunkedLoop.Serial, most: 3000);
        output.WriteLine(found.ToString());
        Assert.True(found.IsConverged, found.ToString());
        Assert.Equal(-44.326801, found.Energy, 1e-6);
        Assert.Equal(found.Force, engine.Forces(ChunkedLoop.Serial).Max(f => f.Norm), 1e-12);
    }

    [Fact]
    public void It_stops_where_it_is_told_to_and_does_not_lie()
    {
        var engine = new MolecularDynamics(Crystal(1.56, 3, 0.1), [MotionTests.Smooth()], 0.3);
        var before = engine.Measure(ChunkedLoop.Serial).Potential;
        var found = engine.Minimize(new PolakRibiere(), 1e-10, ChunkedLoop.Serial, most: 5);
        Assert.False(found.IsConverged);
        Assert.InRange(found.Evaluations, 5, 40);
        Assert.Equal(found.Energy, engine.Measure(ChunkedLoop.Serial).Potential);
        Assert.True(found.Energy < before);
        Assert.Contains("above zero", Assert.Throws<ScaleModelException>(() => engine.Minimize(new Fire(0.01), 0, ChunkedLoop.Serial)).Message, StringComparison.Ordinal);
        Assert.Contains("second above zero", Assert.Throws<ScaleModelException>(() => engine.Minimize(new Fire(0.01), 1, ChunkedLoop.Serial, new(BoxFreedom.Full, 1, 0))).Message, StringComparison.Ordinal);
    }

    private sealed class Count
    {
        public int Left { get; set; } = int.MaxValue;
    }

    // Somebody else's potential that fails in a way of its own.
    private readonly struct Failing(Count count) : IPairPotential
    {
        public double Cutoff => 1.4;

        public double ForceOverDistance(double r2, int kind, int other, out double energy)
        {
            energy = (r2 - 1.96) * (r2 - 1.96);
            return count.Left-- > 0 ? -4 * (r2 - 1.96) : throw new NotSupportedException("No more.");
        }
    }

    [Fact]
    public void Whatever_goes_wrong_atoms_are_where_they_were_and_what_makes_no_sense_is_refused_before()
    {
        var count = new Count();
        var start = Crystal(1.56, 3, 0.1);
        var engine = new MolecularDynamics(start with { Velocities = ThermalVelocities.Draw(start, 1, 3) }, [Interaction.OfPotential(new Failing(count))], 0.3);
        engine.Advance(5, 0.001, ChunkedLoop.Serial);
        var before = StateArchive.Save(engine.Archive);
        count.Left = 5000;
        Assert.Throws<NotSupportedException>(() => engine.Minimize(new Fire(0.01), 1e-8, ChunkedLoop.Serial));
        Assert.Equal(before, StateArchive.Save(engine.Archive));

        // Atoms that have been lost are told of, and not only when they were to be put back.
        var lost = new MolecularDynamics(start with { Positions = [start.Positions[1], .. start.Positions[1..]] }, [MotionTests.Smooth()], 0.3);
        Assert.Throws<ScaleModelException>(() => lost.Advance(5, 0.001, ChunkedLoop.Serial));
        Assert.Contains("not a finite number", Assert.Throws<ScaleModelException>(() => lost.Minimize(new Fire(0.01), 1e-8, ChunkedLoop.Serial)).Message, StringComparison.Ordinal);

        // The way down knows nothing of mirrors, and would lead behind them.
        var open = start with { Box = start.Box with { SideC = BoxSide.Fixed } };
        var mirrored = new MolecularDynamics(open, [MotionTests.Smooth()], 0.3, mirrors: [new(new(0, 0, -1), new(0, 0, 1))]);
        Assert.Contains("mirror", Assert.Throws<ScaleModelException>(() => mirrored.Minimize(new Fire(0.01), 1e-8, ChunkedLoop.Serial)).Message, StringComparison.Ordinal);
    }

    // The same on two threads, to the bit: sums have one order.
    [Theory]
    [MemberData(nameof(Methods))]
    public void Threads_change_no_bit(string method)
    {
        Minimum Run(ChunkedLoop loop) => new MolecularDynamics(Crystal(1.6, 4, 0.3), [MotionTests.Smooth()], 0.3).Minimize(Method(method), 1e-6, loop, new(BoxFreedom.Full, 0.5, 1e-5), 300);
        using var team = new ChunkedLoop(2).Gather();
        Assert.Equal(Run(ChunkedLoop.Serial), Run(team.Loop));
    }

    // V12: 864 atoms of copper less one at a = 3.615 Å, Cu_u3: 1.31654 eV as cut out, 1.28396 eV relaxed.
    [Fact]
    public void A_vacancy_in_copper_costs_what_it_costs()
    {
        var path = Path.Combine(Environment.GetEnvironmentVariable("ACTORMULTISCALE_POTENTIALS") ?? "/usr/share/lammps/potentials", "Cu_u3.eam");
        if (!File.Exists(path))
        {
            Assert.True(Environment.GetEnvironmentVariable("CI") != "true", $"{path} is missing; it is in Debian's package lammps-data");
            output.WriteLine($"skipped: {path} is not here");
            return;
        }

        var potential = EamTable.Parse(new InputFile("Cu_u3.eam", File.ReadAllText(path)));
        var whole = LatticeBuilder.Repeat(ConventionalCell.Of(Lattice.Fcc, 3.615), (6, 6, 6), UnitSystem.Metal, [new("Cu", 63.55)]);
        var one = new MolecularDynamics(whole, [EmbeddedAtomInteraction.Of(potential)], 0.5).Measure(ChunkedLoop.Serial).Potential / whole.Count;
        var missing = whole with { Kinds = whole.Kinds[1..], Positions = whole.Positions[1..], Ids = [], Velocities = [] };
        foreach (var (_, make) in _methods)
        {
            var engine = new MolecularDynamics(missing, [EmbeddedAtomInteraction.Of(potential)], 0.5);
            Assert.Equal(1.31654, engine.Measure(ChunkedLoop.Serial).Potential - (863 * one), 1e-5);
            var method = make() is Fire ? new Fire(0.002) : make();
            var found = engine.Minimize(method, 1e-6, ChunkedLoop.Serial, most: 1000);
            output.WriteLine(found.ToString());
        Assert.True(found.IsConverged, found.ToString());
            Assert.Equal(1.28396, found.Energy - (863 * one), 1e-5);
        }
    }

    private readonly struct Interrupting(int[] calls, CancellationTokenSource? source) : IPairPotential
    {
        public double Cutoff => 1.9;

        // Repulsive and soft; after so many calls somebody loses interest, or an atom is nowhere.
        public double ForceOverDistance(double r2, int kind, int other, out double energy)
        {
            if (calls[0]-- == 0)
            {
                source?.Cancel();
                if (source is null)
                {
                    throw new ScaleModelException("An atom is where it cannot be.");
                }
            }

            var gap = Cutoff - Math.Sqrt(r2);
            energy = gap * gap;
            return 2 * gap / Math.Sqrt(r2);
        }
    }

    // Amid a relaxation of the box, by whatever reason: all is as it was, and goes on as if nothing had been.
    [Theory]
    [InlineData("FIRE", true)]
    [InlineData("FIRE", false)]
    [InlineData("conjugate gradients", true)]
    [InlineData("conjugate gradients", false)]
    public void Whoever_interrupts_it_finds_everything_as_it_was(string method, bool cancels)
    {
        using var source = new CancellationTokenSource();
        var atoms = Crystal(1.6, 3, 0.3);
        var calls = new int[1];
        MolecularDynamics New() => new(atoms with { Velocities = ThermalVelocities.Draw(atoms, 0.1, 3) }, [Interaction.OfPotential(new Interrupting(calls, cancels ? source : null))], 0.3);
        var (engine, other) = (New(), New());
        foreach (var each in new[] { engine, other })
        {
            calls[0] = int.MaxValue;
            each.Advance(20, 0.002, ChunkedLoop.Serial);
        }

        var before = StateArchive.Save(engine.Archive);
        calls[0] = 40_000;
        void Run() => engine.Minimize(Method(method), 1e-12, ChunkedLoop.Serial, new(BoxFreedom.Full, 0.5, 1e-9), cancellation: source.Token);
        _ = cancels ? (Exception)Assert.Throws<OperationCanceledException>(Run) : Assert.Throws<ScaleModelException>(Run);
        Assert.True(calls[0] < 0);
        Assert.Equal(before, StateArchive.Save(engine.Archive));
        foreach (var each in new[] { engine, other })
        {
            calls[0] = int.MaxValue;
            each.Advance(20, 0.002, ChunkedLoop.Serial);
        }

        Assert.Equal(StateArchive.Save(other.Archive), StateArchive.Save(engine.Archive));
    }
}
