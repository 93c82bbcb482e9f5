using System.Collections.Immutable;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles;
using ActorMultiscale.Physics.Particles.Building;
using ActorMultiscale.Physics.Particles.Interactions;
using ActorMultiscale.Physics.Particles.OpenBoundary;
using Xunit.Abstractions;

namespace ActorMultiscale.Tests.Particles.OpenBoundary;

public sealed class OpenBoundaryTests(ITestOutputHelper output)
{
    private static readonly Shifted<LennardJonesLaw> _law = new(new(1, 1, 2.5));

    // A fluid of 500 atoms that has melted.
    private static readonly Lazy<AtomConfiguration> _fluid = new(() =>
    {
        var crystal = LatticeBuilder.Repeat(ConventionalCell.Of(Lattice.Fcc, Math.Cbrt(4 / 0.7)), (5, 5, 5), UnitSystem.LennardJones, [new("A", 1)]);
        var engine = Engine(crystal with { Velocities = ThermalVelocities.Draw(crystal, 2.2, 3) });
        engine.Advance(2000, 0.004, ChunkedLoop.Serial);
        return engine.Configuration();
    });

    private static MolecularDynamics Engine(AtomConfiguration atoms) => new(atoms, [Interaction.Of(_law)], 0.3);

    // Into the left half of a dense fluid: each at the energy that was asked for, which is what the engine says it has more.
    [Fact]
    public void Atoms_come_into_a_dense_fluid_at_the_energy_that_is_wanted()
    {
        var atoms = _fluid.Value;
        var wanted = Engine(atoms).Measure(ChunkedLoop.Serial).Potential / atoms.Count;
        var settings = new InsertionSettings(wanted, 1, 1) { Tolerance = 0.05 };
        var middle = atoms.Box.Cell.XX / 2;
        for (var k = 0; k < 10; k++)
        {
            var found = Insertion.Find(atoms, _law, 0, settings, (ulong)k, x => atoms.Box.Wrap(x).X < middle);
            Assert.NotNull(found);
            var (position, energy) = found.Value;
            Assert.InRange(energy / wanted, 0.95, 1.05);
            Assert.InRange(position.X, 0, middle);

            var more = Insertion.Added(atoms, 0, position, new(0.1, 0, 0));
            var (before, after) = (Engine(atoms), Engine(more));
            Assert.Equal(energy, after.Measure(ChunkedLoop.Serial).Potential - before.Measure(ChunkedLoop.Serial).Potential, 1e-9);
            Assert.True((after.Forces(ChunkedLoop.Serial)[^1] - Insertion.At(atoms, _law, 0, position).Force).Norm < 1e-9);
            atoms = more;
        }

        Assert.Equal(510, atoms.Count);
        Engine(atoms).Advance(200, 0.004, ChunkedLoop.Serial);
    }

    [Fact]
    public void Where_no_atom_fits_none_is_found_and_what_makes_no_sense_is_refused()
    {
        var crystal = LatticeBuilder.Repeat(ConventionalCell.Of(Lattice.Fcc, 1.4), (4, 4, 4), UnitSystem.LennardJones, [new("A", 1)]);
        Assert.Null(Insertion.Find(crystal, _law, 0, new InsertionSettings(-10, 1, 1) { MostStarts = 20 }, 1));
        Assert.Contains("half of the height", Assert.Throws<ScaleModelException>(() => Insertion.Find(crystal, new LennardJonesLaw(1, 1, 3), 0, new(-10, 1, 1), 1)).Message, StringComparison.Ordinal);
        Assert.Contains("not zero", Assert.Throws<ScaleModelException>(() => Insertion.Find(crystal, _law, 0, new(0, 1, 1), 1)).Message, StringComparison.Ordinal);
        Assert.Contains("1 kinds", Assert.Throws<ScaleModelException>(() => Insertion.Added(crystal, 1, Vec3.Zero, Vec3.Zero)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Atoms_that_go_take_their_bonds_with_them_but_not_half_of_one()
    {
        ImmutableArray<Connection> bonds = [new(0, [0, 1]), new(0, [2, 3])];
        var atoms = new AtomConfiguration
        {
            Units = UnitSystem.LennardJones, Box = SimulationBox.Orthogonal(9, 9, 9), Species = [new("A", 1), new("B", 2)], Kinds = [0, 1, 0, 1],
            Positions = [new(1, 1, 1), new(2, 1, 1), new(5, 1, 1), new(6, 1, 1)], Charges = [1, -1, 2, -2], Bonds = bonds,
        };
        var left = Insertion.Without(atoms, i => i < 2);
        Assert.Equal([0, 1], left.Bonds.Single().Atoms.ToArray());
        Assert.Equal([3, 4], left.Ids);
        Assert.Equal([2.0, -2], left.Charges);
        Assert.Equal(new Vec3(5, 1, 1), left.Positions[0]);
        Assert.Contains("bonded", Assert.Throws<ScaleModelException>(() => Insertion.Without(atoms, i => i == 0)).Message, StringComparison.Ordinal);
        Assert.Throws<ScaleModelException>(() => Insertion.Without(atoms, _ => true));
    }

    // g = 1: ∫ of x φ′/s is closed, F(r) = 2πρ ∫_r^{r_c} z [φ(z) − φ(r_c)] dz, and that, too.
    [Fact]
    public void The_force_of_the_fluid_beyond_a_boundary_is_its_integral()
    {
        const double Cutoff = 2.5;
        const double Density = 0.81;
        var potential = new Potential(Cutoff);
        var field = new BoundaryForce(new(0, 0, 1), new(0, 0, 2), Density, potential, _ => 1, core: 0.2, points: 8000);
        double Phi(double s) => 4 * (Math.Pow(s, -12) - Math.Pow(s, -6));
        double Primitive(double z) => (4 * ((-Math.Pow(z, -10) / 10) + (Math.Pow(z, -4) / 4))) - (0.5 * z * z * Phi(Cutoff));
        double F(double r) => 2 * Math.PI * Density * (Primitive(Cutoff) - Primitive(r));
        Vec3 At(double r, out double energy) => field.Force(new(0, 0, 1, 0, new(3, 4, 1 + r), new(3, 4, 1 + r)), out energy);
        foreach (var r in new[] { 0.8, 1, 1.3, 1.77, 2.2, 2.49 })
        {
            var force = At(r, out var energy);
            output.WriteLine($"{r}: {force.Z}, {F(r)}");
            Assert.Equal(0, (force - new Vec3(0, 0, F(r))).Norm, 1e-7 * (1 + Math.Abs(F(r))));
            const double H = 1e-4;
            At(r + H, out var more);
            At(r - H, out var less);
            Assert.Equal(force.Z, (less - more) / (2 * H), 1e-4 * (1 + Math.Abs(F(r))));
            Assert.True(double.IsFinite(energy));
        }

        // u(r) = 2πρ ∫_r^{r_c} (s − r) s φ ds, in powers of s.
        double Of(double r, double s) => (4 * ((Math.Pow(s, -9) / -9) + (Math.Pow(s, -3) / 3))) - (4 * r * ((Math.Pow(s, -10) / -10) + (Math.Pow(s, -4) / 4)));
        foreach (var r in new[] { 0.8, 1, 1.3, 1.77, 2.2, 2.49 })
        {
            double U(double r) => 2 * Math.PI * Density * (Of(r, Cutoff) - Of(r, r));
            var u = field.MeanEnergy(new(3, 4, 1 + r), out var slope);
            output.WriteLine($"{r}: {u}, {U(r)}");
            Assert.Equal(U(r), u, 1e-7 * (1 + Math.Abs(U(r))));
            Assert.Equal(0, (slope - new Vec3(0, 0, (U(r + 1e-5) - U(r - 1e-5)) / 2e-5)).Norm, 1e-5 * (1 + slope.Norm));
        }

        Assert.Equal(0, field.MeanEnergy(new(3, 4, 3.6), out var none));
        Assert.Equal(Vec3.Zero, none);

        Assert.Equal(Vec3.Zero, At(2.5, out _));
        Assert.Contains("beyond", Assert.Throws<ScaleModelException>(() => At(-0.1, out _)).Message, StringComparison.Ordinal);
        Assert.Throws<ScaleModelException>(() => new BoundaryForce(Vec3.Zero, Vec3.Zero, 1, potential, _ => 1, 0.5));
    }

    private readonly record struct Potential(double Cutoff) : IPairPotential
    {
        public double ForceOverDistance(double r2, int kind, int other, out double energy)
        {
            var i6 = 1 / (r2 * r2 * r2);
            energy = 4 * i6 * (i6 - 1);
            return 48 * i6 * (i6 - 0.5) / r2;
        }
    }
}
