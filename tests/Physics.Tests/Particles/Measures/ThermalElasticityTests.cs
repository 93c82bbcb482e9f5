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

/// <summary>Elastic constants of warm atoms.</summary>
public sealed class ThermalElasticityTests(ITestOutputHelper output)
{
    private const double Step = 0.004;

    private static ChunkedLoop Loop => ChunkedLoop.Serial;

    private static ImmutableArray<Interaction> Pairs() => [Interaction.Of(new Switched<LennardJonesLaw>(new(1, 1, 2.4), 1.9))];

    private static MolecularDynamics Warm(AtomConfiguration atoms, int steps)
    {
        var engine = new MolecularDynamics(atoms, Pairs(), 0.3);
        engine.Advance(steps, Step, Loop);
        return engine;
    }

    // A crystal at half of its melting point, a little pressed together: constants from fluctuations and those from what a strain of half a percent
    // each way does to the stress.
    [Fact]
    public void Fluctuations_and_deformation_give_the_same_constants()
    {
        var crystal = LatticeBuilder.Repeat(ConventionalCell.Of(Lattice.Fcc, 1.57), (4, 4, 4), UnitSystem.LennardJones, [new("A", 1)]);
        var start = Warm(crystal with { Velocities = ThermalVelocities.Draw(crystal, 0.6, 9) }, 2000).Configuration();
        var engine = Warm(start, 10);
        var fluctuations = new ThermalElasticity(Pairs, bornEvery: 40, looksInBlock: 400);
        for (var look = 0; look < 4000; look++)
        {
            engine.Advance(5, Step, Loop);
            fluctuations.Add(engine, Loop);
        }

        var c = fluctuations.Result();
        output.WriteLine(string.Join("; ", new[] { 0, 1, 6, 7, 14, 21, 28, 35 }.Select(e => c[e].ToString())));

        // In a cube the three axes are alike: means over them, with errors that are no larger.
        var cubic = fluctuations.Cubic();
        Assert.Equal((c[0].Value + c[7].Value + c[14].Value) / 3, cubic.C11.Value, 1e-10);
        Assert.Equal((c[1].Value + c[2].Value + c[6].Value + c[8].Value + c[12].Value + c[13].Value) / 6, cubic.C12.Value, 1e-10);
        Assert.Equal((c[21].Value + c[28].Value + c[35].Value) / 3, cubic.C44.Value, 1e-10);
        Assert.Equal((cubic.C11.Value + (2 * cubic.C12.Value)) / 3, cubic.Bulk.Value, 1e-10);
        Assert.InRange(cubic.C44.Error, 0, new[] { c[21].Error, c[28].Error, c[35].Error }.Max());

        // The stress after half a percent of a strain, each way.
        Estimate[] Slope(int column)
        {
            SymTensor3[] Stresses(double size)
            {
                var deformed = Warm(CrystalAtRest.Deformed(start, CrystalAtRest.StrainOf(column, size)), 500);
                var blocks = new SymTensor3[8];
                for (var look = 0; look < 2400; look++)
                {
                    deformed.Advance(5, Step, Loop);
                    blocks[look / 300] -= deformed.Measure(Loop).Pressure / 300;
                }

                return blocks;
            }

            var (more, less) = (Stresses(0.005), Stresses(-0.005));
            return [.. Enumerable.Range(0, 6).Select(row => 100 * (Estimate.OfIndependent([.. more.Select(s => s[row])]) - Estimate.OfIndependent([.. less.Select(s => s[row])])))];
        }

        var (axial, shear) = (Slope(0), Slope(3));
        output.WriteLine($"{axial[0]}; {axial[1]}; {axial[2]}; {shear[3]}");
        Assert.True(c[0].Agrees(axial[0]), "C11");
        Assert.True(c[6].Agrees(axial[1]), "C21");
        Assert.True(c[12].Agrees(axial[2]), "C31");
        Assert.True(c[21].Agrees(shear[3]), "C44");

        // They know what they are, and it is softer when warm.
        var cold = CrystalAtRest.ElasticConstants(crystal, Pairs);
        Assert.InRange(axial[0].Error / axial[0].Value, 0, 0.08);
        Assert.InRange(c[0].Error / c[0].Value, 0, 0.08);
        Assert.InRange(c[21].Error / c[21].Value, 0, 0.1);
        Assert.True(c[21].Value < cold[3, 3] + (3 * c[21].Error));
    }

    // Without any motion only Born's term is left, and at any pressure it is what the stress does at zero temperature.
    [Fact]
    public void Nearly_at_rest_they_are_those_of_the_crystal_at_rest()
    {
        foreach (var a in new[] { 1.5, 1.56, 1.6 })
        {
            var crystal = LatticeBuilder.Repeat(ConventionalCell.Of(Lattice.Fcc, a), (3, 3, 3), UnitSystem.LennardJones, [new("A", 1)]);
            var engine = new MolecularDynamics(crystal with { Velocities = ThermalVelocities.Draw(crystal, 1e-9, 9) }, Pairs(), 0.3);
            var fluctuations = new ThermalElasticity(Pairs, bornEvery: 50, looksInBlock: 100);
            for (var look = 0; look < 200; look++)
            {
                engine.Advance(5, Step, Loop);
                fluctuations.Add(engine, Loop);
            }

            var (warm, cold) = (fluctuations.Result(), CrystalAtRest.ElasticConstants(crystal, Pairs));
            for (var e = 0; e < 36; e++)
            {
                Assert.Equal(cold.Entries[e], warm[e].Value, 2e-4 * cold[0, 0]);
            }
        }
    }

    // A look counts as a whole or not at all.
    [Fact]
    public void A_look_that_fails_is_not_counted()
    {
        var crystal = LatticeBuilder.Repeat(ConventionalCell.Of(Lattice.Fcc, 1.56), (3, 3, 3), UnitSystem.LennardJones, [new("A", 1)]);
        var engine = new MolecularDynamics(crystal with { Velocities = ThermalVelocities.Draw(crystal, 0.3, 9) }, Pairs(), 0.3);
        var upon = new MolecularDynamics(crystal with { Positions = [crystal.Positions[1], .. crystal.Positions[1..]] }, Pairs(), 0.3);
        var (fails, made) = (false, 0);
        ImmutableArray<Interaction> Some() => fails && ++made == 7 ? throw new ScaleModelException("No interaction.") : Pairs();
        var (sound, shaken) = (new ThermalElasticity(Pairs, 3, 6), new ThermalElasticity(Some, 3, 6));
        for (var look = 0; look < 18; look++)
        {
            engine.Advance(5, Step, Loop);
            (fails, made) = (look % 3 == 0, 0);
            if (fails)
            {
                Assert.Throws<ScaleModelException>(() => shaken.Add(engine, Loop));
                fails = false;
            }

            Assert.Throws<ScaleModelException>(() => shaken.Add(upon, Loop));
            sound.Add(engine, Loop);
            shaken.Add(engine, Loop);
        }

        Assert.Equal(sound.Result().AsEnumerable(), shaken.Result().AsEnumerable());
    }

    // Atoms that do not feel each other: 5/3 of the pressure for every stretch, and none for shear.
    [Fact]
    public void An_ideal_gas_has_its_adiabatic_compressibility()
    {
        var noise = new Philox(3, 3);
        const int N = 400;
        var gas = new AtomConfiguration
        {
            Units = UnitSystem.Metal, Box = SimulationBox.Orthogonal(30, 30, 30), Species = [new("A", 4)], Kinds = new int[N],
            Positions = [.. Enumerable.Range(0, N).Select(i => new Vec3(30 * noise.Uniform(0, 0, i), 30 * noise.Uniform(0, 1, i), 30 * noise.Uniform(0, 2, i)))],
        };
        Interaction None() => Interaction.Of(new LennardJonesLaw(0, 1, 1));
        var engine = new MolecularDynamics(gas, [None()], 0.3);
        var fluctuations = new ThermalElasticity(() => [None()], bornEvery: 1000, looksInBlock: 1000);
        var pressure = 0.0;
        for (var look = 0; look < 10_000; look++)
        {
            // Without collisions each look is at other velocities of the same energy.
            engine.SetVelocities(ThermalVelocities.Draw(gas, 300, (ulong)look));
            fluctuations.Add(engine, Loop);
            pressure = engine.Measure(Loop).Pressure.Trace / 3;
        }

        var c = fluctuations.Result();
        foreach (var e in new[] { 0, 1, 2, 6, 7, 8, 12, 13, 14 })
        {
            Assert.True((1 / pressure * c[e]).Agrees(new(5.0 / 3, 0.01)), $"{e}: {1 / pressure * c[e]}");
        }

        // Momentum is zero: one atom less has motion.
        Assert.True((1 / pressure * c[21]).Agrees(new(0, 0.01)), $"{1 / pressure * c[21]}");
        Assert.InRange(c[0].Error / pressure, 0, 0.05);
    }

    [Fact]
    public void Too_little_is_refused() =>
        Assert.Contains("0 blocks", Assert.Throws<ScaleModelException>(() => new ThermalElasticity(Pairs, 1, 1).Result()).Message, StringComparison.Ordinal);

    [Fact]
    public void Looks_that_make_no_sense_are_refused()
    {
        Assert.Contains("every 0th look", Assert.Throws<ScaleModelException>(() => new ThermalElasticity(Pairs, 0, 1)).Message, StringComparison.Ordinal);
        Assert.Contains("at least once", Assert.Throws<ScaleModelException>(() => new ThermalElasticity(Pairs, 10, 9)).Message, StringComparison.Ordinal);
        var fluctuations = new ThermalElasticity(Pairs, 1, 1);
        MolecularDynamics Engine(double a) => new(LatticeBuilder.Repeat(ConventionalCell.Of(Lattice.Fcc, a), (2, 2, 2), UnitSystem.LennardJones, [new("A", 1)]), Pairs(), 0.1);
        fluctuations.Add(Engine(1.6), Loop);
        Assert.Contains("must stay as they are", Assert.Throws<ScaleModelException>(() => fluctuations.Add(Engine(1.61), Loop)).Message, StringComparison.Ordinal);
    }
}
