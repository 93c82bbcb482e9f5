using System.Collections.Immutable;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Particles;
using ActorMultiscale.Physics.Particles.Building;
using CsCheck;

namespace ActorMultiscale.Tests.Particles.Building;

public sealed class ThermalVelocityTests
{
    private static readonly ImmutableArray<Species> _two = [new("Cu", 63.546), new("H", 1.008)];

    private static AtomConfiguration Atoms(int count, UnitSystem units) => new()
    {
        Units = units,
        Box = SimulationBox.Orthogonal(1, 1, 1),
        Species = _two,
        Kinds = [.. Enumerable.Range(0, count).Select(i => i % 3 == 0 ? 1 : 0)],
        Positions = new Vec3[count],
    };

    // T = Σ m v² / ((3N − 3) k_B), written plainly.
    private static double Temperature(AtomConfiguration atoms, Vec3[] velocities) => velocities
        .Select((v, i) => atoms.Species[atoms.Kinds[i]].Mass * v.NormSquared).Sum() * atoms.Units.MassVelocitySquared / (3.0 * (atoms.Count - 1) * atoms.Units.Boltzmann);

    [Fact]
    public void The_temperature_is_the_one_asked_for_and_momentum_is_null() =>
        Gen.Select(Gen.Int[2, 500], Gen.Double[1e-3, 1e4], Gen.ULong, Gen.Int[0, 3].Select(i => UnitSystem.All[i])).Sample((count, temperature, seed, units) =>
        {
            var atoms = Atoms(count, units);
            var velocities = ThermalVelocities.Draw(atoms, temperature, seed);
            Assert.Equal(1, Temperature(atoms, velocities) / temperature, 1e-13);
            var momentum = velocities.Select((v, i) => _two[atoms.Kinds[i]].Mass * v).Aggregate(Vec3.Zero, (a, b) => a + b);
            var size = velocities.Select((v, i) => _two[atoms.Kinds[i]].Mass * v.Norm).Sum();
            Assert.True(momentum.Norm <= 1e-14 * size, $"{momentum} of {size}");
        }, iter: 300);

    [Fact]
    public void The_order_of_the_atoms_changes_no_bit() =>
        Gen.Select(Gen.Int[2, 300], Gen.Int[0, 1000]).Sample((count, seed) =>
        {
            var atoms = Atoms(count, UnitSystem.Metal);
            var straight = ThermalVelocities.Draw(atoms, 300, (ulong)seed);

            // A permutation i → (k i + seed) mod count, k without common divisor.
            var k = Enumerable.Range(count / 2 + 1, count).First(n => System.Numerics.BigInteger.GreatestCommonDivisor(n, count) == 1);
            int[] order = [.. Enumerable.Range(0, count).Select(i => (int)((((long)i * k) + seed) % count))];
            var shuffled = atoms with { Ids = Array.ConvertAll(order, i => i + 1L), Kinds = Array.ConvertAll(order, i => atoms.Kinds[i]) };
            Assert.Equal(Array.ConvertAll(order, i => straight[i]), ThermalVelocities.Draw(shuffled, 300, (ulong)seed));
        }, iter: 100);

    // Moments of components in units of √(kT/m): mean 0, second 1, fourth 3. The seed is fixed; bounds are five standard errors.
    [Fact]
    public void Components_are_distributed_as_Maxwell_says()
    {
        const int n = 100_000;
        var atoms = Atoms(n, UnitSystem.Metal);
        var velocities = ThermalVelocities.Draw(atoms, 300, 7);
        foreach (var kind in new[] { 0, 1 })
        {
            var spread = Math.Sqrt(atoms.Units.Boltzmann * 300 / (_two[kind].Mass * atoms.Units.MassVelocitySquared));
            double[] u = [.. velocities.Where((_, i) => atoms.Kinds[i] == kind).SelectMany(v => new[] { v.X / spread, v.Y / spread, v.Z / spread })];
            Assert.Equal(0, u.Average(), 5 * Math.Sqrt(1.0 / u.Length));
            Assert.Equal(1, u.Average(x => x * x), 5 * Math.Sqrt(2.0 / u.Length));
            Assert.Equal(3, u.Average(x => x * x * x * x), 5 * Math.Sqrt(96.0 / u.Length));
        }

        Assert.NotEqual(velocities, ThermalVelocities.Draw(atoms, 300, 8));
    }

    // Copper at 300 K in LAMMPS's metal units: √(3 k T / m) = 3.43 Å/ps, as 1.38065e-23 J/K · 900 K / 1.0552e-25 kg gives 343 m/s.
    [Fact]
    public void Velocities_are_in_the_units_of_the_atoms()
    {
        var atoms = Atoms(2000, UnitSystem.Metal) with { Kinds = new int[2000] };
        var metal = Math.Sqrt(ThermalVelocities.Draw(atoms, 300, 1).Average(v => v.NormSquared));
        var real = Math.Sqrt(ThermalVelocities.Draw(atoms with { Units = UnitSystem.Real }, 300, 1).Average(v => v.NormSquared));
        Assert.Equal(3.4315, metal, 2e-3);
        Assert.Equal(1e-3, real / metal, 1e-8);       // Å/fs; the constants of the two systems differ in the seventh digit.
    }

    [Fact]
    public void What_has_no_temperature_is_refused()
    {
        Assert.All(ThermalVelocities.Draw(Atoms(5, UnitSystem.Real), 0, 1), v => Assert.Equal(Vec3.Zero, v));
        Assert.Empty(ThermalVelocities.Draw(Atoms(0, UnitSystem.Real), 300, 1));
        Assert.Contains("single atom", Assert.Throws<ScaleModelException>(() => ThermalVelocities.Draw(Atoms(1, UnitSystem.Real), 1, 1)).Message, StringComparison.Ordinal);
        Assert.Contains("-1", Assert.Throws<ScaleModelException>(() => ThermalVelocities.Draw(Atoms(2, UnitSystem.Real), -1, 1)).Message, StringComparison.Ordinal);
        Assert.Contains("the id 4", Assert.Throws<ScaleModelException>(() => ThermalVelocities.Draw(Atoms(2, UnitSystem.Real) with { Ids = [4, 4] }, 1, 1)).Message, StringComparison.Ordinal);
        Assert.Contains("'X' has the mass 0", Assert.Throws<ScaleModelException>(() => ThermalVelocities.Draw(Atoms(2, UnitSystem.Real) with { Species = [new("X", 0), new("Y", 1)] }, 1, 1)).Message, StringComparison.Ordinal);
    }
}
