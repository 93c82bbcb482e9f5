using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles;
using ActorMultiscale.Physics.Particles.Building;
using ActorMultiscale.Physics.Particles.Interactions;
using ActorMultiscale.Physics.Particles.Motions;
using Xunit.Abstractions;

namespace ActorMultiscale.Tests.Particles.Motions;

/// <summary>Long steps for pairs and short ones for stiff bonds, against short steps for all.</summary>
public sealed class RespaTests(ITestOutputHelper output)
{
    private const double Length = 1.1;

    private static readonly Lazy<AtomConfiguration> _molecules = new(() =>
    {
        // Sixty-four dumbbells on springs whose period is 0.044, after a while.
        const int Molecules = 64;
        const double Width = 1.9;
        var atoms = new AtomConfiguration
        {
            Units = UnitSystem.LennardJones, Box = SimulationBox.Orthogonal(4 * Width, 4 * Width, 4 * Width), Species = [new("A", 1)], Kinds = new int[2 * Molecules],
            Positions = [.. Enumerable.Range(0, 2 * Molecules).Select(i => new Vec3((Width * (i / 2 % 4)) + (Length * (i % 2)), Width * (i / 8 % 4), Width * (i / 32)))],
            Bonds = [.. Enumerable.Range(0, Molecules).Select(p => new Connection(0, [2 * p, (2 * p) + 1]))],
        };
        atoms = atoms with { Velocities = ThermalVelocities.Draw(atoms, 1, 3) };
        var engine = Engine(atoms, null);
        engine.Advance(4000, 0.0005, ChunkedLoop.Serial);
        return engine.Configuration();
    });

    private static MolecularDynamics Engine(AtomConfiguration atoms, Motion? motion) =>
        new(atoms, [Interaction.OfBonds(new HarmonicBond((5000, Length))), MotionTests.Smooth()], 0.3, BondedNeighbors.OneBond, motion);

    private static MolecularDynamics After(Motion? motion, double time, double step)
    {
        var engine = Engine(_molecules.Value, motion);
        engine.Advance((int)Math.Round(time / step), step, ChunkedLoop.Serial);
        return engine;
    }

    private static double Distance(MolecularDynamics a, MolecularDynamics b)
    {
        var (x, y) = (a.Configuration().Positions, b.Configuration().Positions);
        return Enumerable.Range(0, x.Length).Max(i => (x[i] - y[i]).Norm);
    }

    [Fact]
    public void It_is_of_second_order_and_goes_where_short_steps_go()
    {
        var exact = After(null, 0.08, 0.00005);
        double Error(double step) => Distance(After(new Respa([0, 1], [8]), 0.08, step), exact);
        var (coarse, fine) = (Error(0.004), Error(0.002));
        output.WriteLine($"{coarse} with 0.004, {fine} with 0.002");
        Assert.InRange(Math.Log2(coarse / fine), 1.85, 2.15);
        Assert.InRange(coarse, 0, 0.01);
    }

    private readonly struct Far : IPairPotential
    {
        public double Cutoff => 2.6;

        public double ForceOverDistance(double r2, int kind, int other, out double energy)
        {
            // φ = −(2.6 − r)³/10
            var r = Math.Sqrt(r2);
            energy = -0.1 * Math.Pow(2.6 - r, 3);
            return -0.3 * Math.Pow(2.6 - r, 2) / r;
        }
    }

    // Given to the engine in another order than that of the levels.
    [Fact]
    public void Three_levels_are_of_second_order_and_reversible()
    {
        MolecularDynamics Three(AtomConfiguration atoms, Motion? motion) =>
            new(atoms, [MotionTests.Smooth(), Interaction.OfPotential(new Far()), Interaction.OfBonds(new HarmonicBond((5000, Length)))], 0.3, BondedNeighbors.OneBond, motion);
        MolecularDynamics Run(AtomConfiguration atoms, Motion? motion, double step)
        {
            var engine = Three(atoms, motion);
            engine.Advance((int)Math.Round(0.096 / step), step, ChunkedLoop.Serial);
            return engine;
        }

        Respa Levels() => new([1, 2, 0], [4, 2]);
        var exact = Run(_molecules.Value, null, 0.00005);
        var (coarse, fine) = (Distance(Run(_molecules.Value, Levels(), 0.008), exact), Distance(Run(_molecules.Value, Levels(), 0.004), exact));
        output.WriteLine($"{coarse} with 0.008, {fine} with 0.004");
        Assert.InRange(Math.Log2(coarse / fine), 1.8, 2.2);

        var there = Run(_molecules.Value, Levels(), 0.004).Configuration();
        var back = Run(there with { Velocities = [.. there.Velocities.Select(v => -v)] }, Levels(), 0.004).Configuration();
        Assert.All(Enumerable.Range(0, back.Count), i => Assert.InRange((back.Positions[i] - _molecules.Value.Positions[i]).Norm, 0, 1e-9));
    }

    [Fact]
    public void Energy_of_stiff_bonds_is_kept_with_long_steps_for_pairs()
    {
        // The root mean square of the swings about the mean, over eight draws of velocities: one trajectory says little.
        double Swing(Func<Motion?> motion, double step)
        {
            var square = 0.0;
            for (var draw = 0ul; draw < 8; draw++)
            {
                var engine = Engine(_molecules.Value with { Velocities = ThermalVelocities.Draw(_molecules.Value, 1, 10 + draw) }, motion());
                var energies = new double[50];
                for (var s = 0; s < energies.Length; s++)
                {
                    engine.Advance((int)Math.Round(0.05 / step), step, ChunkedLoop.Serial);
                    energies[s] = engine.Measure(ChunkedLoop.Serial).Total / engine.Count;
                }

                var mean = energies.Average();
                square += energies.Average(e => (e - mean) * (e - mean)) / 8;
            }

            return Math.Sqrt(square);
        }

        var (respa, half) = (Swing(() => new Respa([0, 1], [10]), 0.005), Swing(() => new Respa([0, 1], [10]), 0.0025));
        var (plain, shortSteps) = (Swing(() => null, 0.005), Swing(() => null, 0.0005));
        output.WriteLine($"{respa} with long steps for pairs, {half} with half of them, {plain} for all, {shortSteps} with short steps for all");
        Assert.InRange(respa / plain, 0, 0.05);
        Assert.InRange(respa, 0, 0.005);
        Assert.InRange(Math.Log2(respa / half), 1.7, 2.3);
    }

    // One substep: the kicks of the levels are those of velocity Verlet one after the other, and differ in the last digits.
    [Fact]
    public void With_one_substep_it_is_velocity_Verlet()
    {
        var (a, b) = (After(new Respa([0, 1], [1]), 0.1, 0.001), After(null, 0.1, 0.001));
        Assert.InRange(Distance(a, b), 0, 1e-9);
        Assert.Equal(b.Measure(ChunkedLoop.Serial).Total, a.Measure(ChunkedLoop.Serial).Total, 1e-8);
    }
}
