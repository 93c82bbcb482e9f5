using System.Collections.Immutable;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles;
using ActorMultiscale.Physics.Particles.Building;
using ActorMultiscale.Physics.Particles.Interactions;
using ActorMultiscale.Physics.Particles.Measures;
using Xunit.Abstractions;

namespace ActorMultiscale.Tests.Particles.Measures;

/// <summary>Fields of atoms: what they hold together, what a crystal has everywhere, and the equations of continuity.</summary>
public sealed class ContinuumFieldsTests(ITestOutputHelper output)
{
    private static ChunkedLoop Loop => ChunkedLoop.Serial;

    private static ImmutableArray<Interaction> Pairs => [Interaction.Of(new Switched<LennardJonesLaw>(new(1, 1, 2.4), 1.9))];

    private static ImmutableArray<Interaction> Metal => [EmbeddedAtomInteraction.Of(new SuttonChen(0.1, 1.5, 10, 9, 6, 2.7))];

    // Molten for a while, in a skewed box, with two kinds of atoms.
    private static AtomConfiguration Melt(UnitSystem units)
    {
        var crystal = LatticeBuilder.Repeat(ConventionalCell.Of(Lattice.Fcc, 1.7), (4, 4, 4), units, [new("A", 1), new("B", 2)]);
        var skewed = CrystalAtRest.Deformed(crystal with { Kinds = [.. Enumerable.Range(0, crystal.Count).Select(i => i % 2)] }, new(1, 0.15, -0.1, 0, 1, 0.2, 0, 0, 1));
        var fast = units == UnitSystem.LennardJones ? 1.0 : 1 / Math.Sqrt(units.MassVelocitySquared);
        var moving = skewed with { Velocities = [.. ThermalVelocities.Draw(skewed, units == UnitSystem.LennardJones ? 2 : 2 / units.Boltzmann, 4).Zip(skewed.Positions, (v, x) => v + (fast * new Vec3(0, Math.Sin(x.Z), 0)))] };
        var engine = new MolecularDynamics(moving, Pairs, 0.3);
        engine.Advance(200, 0.004 / fast, Loop);
        return engine.Configuration();
    }

    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(2, 3, 5)]
    [InlineData(6, 4, 7)]
    public void All_nodes_together_have_what_the_box_has(int a, int b, int c)
    {
        foreach (var units in new[] { UnitSystem.LennardJones, UnitSystem.Metal })
        {
            var atoms = Melt(units);
            foreach (var interactions in new[] { Pairs, Metal })
            {
                var engine = new MolecularDynamics(atoms, interactions, 0.3);
                var fields = ContinuumFields.Of(engine, (a, b, c), Loop);
                var whole = engine.Measure(Loop);
                var cell = atoms.Box.Volume / fields.Density.Length;
                var masses = atoms.Kinds.Select(k => atoms.Species[k].Mass).ToArray();
                double Sum(Func<int, double> of) => cell * FixedOrderSum.Of([.. Enumerable.Range(0, fields.Density.Length).Select(of)]);
                Assert.Equal(masses.Sum(), Sum(n => fields.Density[n]), 1e-12 * masses.Sum());
                for (var k = 0; k < 3; k++)
                {
                    var expected = FixedOrderSum.Of([.. masses.Select((m, i) => m * atoms.Velocities[i][k])]);
                    Assert.Equal(expected, Sum(n => fields.Momentum[n][k]), 1e-12 * masses.Select((m, i) => m * Math.Abs(atoms.Velocities[i][k])).Sum());
                }

                var size = units.Pressure * whole.Virial.Norm;
                for (var e = 0; e < 6; e++)
                {
                    Assert.Equal(-units.Pressure * whole.Virial[e], Sum(n => fields.PotentialStress[n][e]), 1e-12 * size);

                    // What flows along is no stress, but it is momentum that flows.
                    var flow = Sum(n => fields.KineticStress[n][e] - (units.Pressure * units.MassVelocitySquared * (SymTensor3.Dyad(fields.Momentum[n]) / fields.Density[n])[e]));
                    Assert.Equal(-whole.Pressure[e] * atoms.Box.Volume, flow + Sum(n => fields.PotentialStress[n][e]), 1e-12 * (size + (units.Pressure * whole.Kinetic)));
                }
            }
        }
    }

    // Kernels as wide as four cells of the crystal, whose nodes are whole cells apart, see no atoms; others see nearly none.
    [Theory]
    [InlineData(6, 1e-12)]
    [InlineData(3, 1e-12)]
    [InlineData(5, 2e-4)]
    public void A_uniform_crystal_has_its_stress_everywhere(int nodes, double tolerance)
    {
        var crystal = LatticeBuilder.Repeat(ConventionalCell.Of(Lattice.Fcc, 1.55), (6, 6, 6), UnitSystem.LennardJones, [new("A", 1)]);
        var strained = CrystalAtRest.Deformed(crystal, new(1.02, 0.05, 0, 0, 0.98, 0.03, 0, 0, 1.01)) with { Velocities = [.. Enumerable.Repeat(new Vec3(1, 2, 3), crystal.Count)] };
        foreach (var interactions in new[] { Pairs, Metal })
        {
            var engine = new MolecularDynamics(strained, interactions, 0.3);
            var stress = -1 * engine.Measure(Loop).Virial / strained.Box.Volume;
            var fields = ContinuumFields.Of(engine, (nodes, nodes, nodes), Loop);
            for (var n = 0; n < fields.Density.Length; n++)
            {
                Assert.Equal(0, (fields.Stress[n] - stress).Norm, tolerance * (1 + (10 * stress.Norm)));
                Assert.Equal(crystal.Count / strained.Box.Volume, fields.Density[n], tolerance * 10);
                Assert.Equal(0, fields.Temperature[n], 1e-12);
            }
        }
    }

    // ∂ρ/∂t = −∇·p and ∂p/∂t = ∇·(σ − ρ v ⊗ v), by differences in time and of fields at shifted places.
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Mass_and_momentum_are_conserved_at_every_node(bool isMetal)
    {
        const double Time = 5e-4, Shift = 2e-3;
        var atoms = Melt(UnitSystem.LennardJones);
        var interactions = () => isMetal ? [EmbeddedAtomInteraction.Of(new SuttonChen(0.1, 1.5, 10, 9, 6, 2.7))] : Pairs;
        ContinuumFields At(double time, Vec3 shift)
        {
            // Fields a bit further on are those of atoms that are a bit further back.
            var engine = new MolecularDynamics(atoms with { Positions = [.. atoms.Positions.Select(x => x - shift)] }, interactions(), 0.3);
            engine.Advance(10, (Time + time) / 10, Loop);
            return ContinuumFields.Of(engine, (4, 4, 4), Loop);
        }

        var (before, now, after) = (At(-Time, default), At(0, default), At(Time, default));
        Vec3[] axes = [new(Shift, 0, 0), new(0, Shift, 0), new(0, 0, Shift)];
        var sides = axes.Select(axis => (Less: At(0, -axis), More: At(0, axis))).ToArray();
        SymTensor3 Flow(ContinuumFields f, int n) => f.Stress[n] - (SymTensor3.Dyad(f.Momentum[n]) / f.Density[n]);
        var (massScale, forceScale, massResidual, forceResidual) = (0.0, 0.0, 0.0, 0.0);
        for (var n = 0; n < now.Density.Length; n++)
        {
            var (divergence, force) = (0.0, Vec3.Zero);
            for (var k = 0; k < 3; k++)
            {
                divergence += (sides[k].More.Momentum[n][k] - sides[k].Less.Momentum[n][k]) / (2 * Shift);
                force += (Flow(sides[k].More, n) - Flow(sides[k].Less, n)).ToMatrix().Column(k) / (2 * Shift);
            }

            var rate = (after.Density[n] - before.Density[n]) / (2 * Time);
            var gain = (after.Momentum[n] - before.Momentum[n]) / (2 * Time);
            (massScale, massResidual) = (Math.Max(massScale, Math.Abs(rate)), Math.Max(massResidual, Math.Abs(rate + divergence)));
            (forceScale, forceResidual) = (Math.Max(forceScale, gain.Norm), Math.Max(forceResidual, (gain - force).Norm));
        }

        output.WriteLine(FormattableString.Invariant($"mass {massResidual:G3} of {massScale:G3}, momentum {forceResidual:G3} of {forceScale:G3}"));
        Assert.True(massScale > 0.02 && forceScale > 0.1);
        Assert.InRange(massResidual / massScale, 0, 5e-5);
        Assert.InRange(forceResidual / forceScale, 0, 5e-4);
    }

    [Fact]
    public void The_temperature_of_a_flow_is_not_that_of_its_motion_as_a_whole()
    {
        var crystal = LatticeBuilder.Repeat(ConventionalCell.Of(Lattice.Fcc, 1.7), (6, 6, 6), UnitSystem.LennardJones, [new("A", 1)]);
        var flowing = crystal with { Velocities = [.. ThermalVelocities.Draw(crystal, 1.5, 4).Select(v => v + new Vec3(30, 0, 0))] };
        var fields = ContinuumFields.Of(new MolecularDynamics(flowing, Pairs, 0.3), (3, 3, 3), Loop);
        Assert.Equal(1.5, fields.Temperature.Average(), 0.05);        // A node's own mean takes away some of it: about one of sixty atoms.
        Assert.All(fields.Momentum.Zip(fields.Density), p => Assert.Equal(30, p.First.X / p.Second, 1.0));
    }

    [Fact]
    public void A_box_that_ends_is_refused()
    {
        var crystal = LatticeBuilder.Repeat(ConventionalCell.Of(Lattice.Fcc, 1.7), (3, 3, 3), UnitSystem.LennardJones, [new("A", 1)]);
        var engine = new MolecularDynamics(crystal with { Box = crystal.Box with { SideB = BoxSide.Fixed } }, Pairs, 0.3);
        Assert.Contains("periodic", Assert.Throws<ScaleModelException>(() => ContinuumFields.Of(engine, (2, 2, 2), Loop)).Message, StringComparison.Ordinal);
    }
}
