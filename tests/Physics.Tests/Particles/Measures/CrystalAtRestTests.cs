using System.Collections.Immutable;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles;
using ActorMultiscale.Physics.Particles.Building;
using ActorMultiscale.Physics.Particles.Interactions;
using ActorMultiscale.Physics.Particles.Measures;
using ActorMultiscale.Tests.Particles.Interactions;
using Xunit.Abstractions;

namespace ActorMultiscale.Tests.Particles.Measures;

/// <summary>Crystals at zero temperature: lattice constants, energies and elastic constants.</summary>
public sealed class CrystalAtRestTests(ITestOutputHelper output)
{
    private static AtomConfiguration Fcc(double a) => LatticeBuilder.Repeat(ConventionalCell.Of(Lattice.Fcc, a), (1, 1, 1), UnitSystem.LennardJones, [new("A", 1)]);

    private static Func<ImmutableArray<Interaction>> Lj(double cutoff) => () => [Interaction.Of(new LennardJonesLaw(1, 1, cutoff))];

    // Sums over the lattice, shell by shell, with φ = 4 (r⁻¹² − r⁻⁶) cut plainly; LAMMPS finds the same to its digits at the first three.
    [Theory]
    [InlineData(2.5, 1.54960342, -8.0996208, 97.71206, 55.62663)]
    [InlineData(3, 1.54637897, -8.3050265, 101.05339, 57.27720)]
    [InlineData(4, 1.54367914, -8.4811200, 103.37630, 58.98017)]
    [InlineData(5, 1.54277111, -8.5412230, 104.21456, 59.54223)]
    [InlineData(6, 1.54238626, -8.5668332, 104.57121, 59.78252)]
    [InlineData(8, 1.54200700, -8.5921517, 104.92731, 60.01863)]
    public void A_crystal_of_Lennard_Jones_atoms_has_the_constants_of_its_lattice_sums(double cutoff, double a0, double energy, double c11, double c12)
    {
        var a = CrystalAtRest.LatticeConstant(Fcc, Lj(cutoff), 1.545);
        var c = CrystalAtRest.ElasticConstants(Fcc(a), Lj(cutoff));
        output.WriteLine(FormattableString.Invariant($"a0 {a:F8} E {CrystalAtRest.Evaluate(Fcc(a), Lj(cutoff)()).Energy / 4:F7} C {c[0, 0]:F5} {c[0, 1]:F5} {c[3, 3]:F5}"));
        Assert.Equal(a0, a, 1e-8);
        Assert.Equal(energy, CrystalAtRest.Evaluate(Fcc(a), Lj(cutoff)()).Energy / 4, 1e-7);
        for (var row = 0; row < 6; row++)
        {
            for (var column = 0; column < 6; column++)
            {
                var expected = (row, column) switch { ( < 3, < 3) => row == column ? c11 : c12, _ => row == column ? c12 : 0 };      // Cauchy: C44 = C12.
                Assert.Equal(expected, c[row, column], 1e-5 * c11);
            }
        }
    }

    // Σ r⁻⁶ and Σ r⁻¹² over the lattice of nearest neighbors at 1 (J. E. Jones, A. E. Ingham, Proc. R. Soc. A 107 (1925) 636, here with more digits): a₀ = √2 (2A₁₂/A₆)^(1/6), E = −A₆²/(2A₁₂).
    [Fact]
    public void A_crystal_without_a_cutoff_has_the_constants_of_its_lattice_sums()
    {
        static ImmutableArray<Interaction> Endless() => EndlessLennardJones.Of(1, 1);
        var a = CrystalAtRest.LatticeConstant(Fcc, Endless, 1.545);
        var c = CrystalAtRest.ElasticConstants(Fcc(a), Endless);
        var energy = CrystalAtRest.Evaluate(Fcc(a), Endless()).Energy / 4;
        output.WriteLine(FormattableString.Invariant($"a0 {a:F10} E {energy:F10} C {c[0, 0]:F7} {c[0, 1]:F7} {c[3, 3]:F7}"));
        const double A6 = 14.453921043744;
        const double A12 = 12.131880196545;
        Assert.Equal(Math.Sqrt(2) * Math.Pow(2 * A12 / A6, 1.0 / 6), a, 1e-9);
        Assert.Equal(-A6 * A6 / (2 * A12), energy, 1e-9);
        Assert.Equal(105.18207, c[0, 0], 2e-5);
        Assert.Equal(60.18667, c[0, 1], 2e-5);
        Assert.Equal(60.18667, c[3, 3], 2e-5);
        Assert.Equal(75.18514, (c[0, 0] + (2 * c[0, 1])) / 3, 2e-5);

        // Where it fades does not matter, nor how large the box is; shares add up.
        var other = new MolecularDynamics(LatticeBuilder.Repeat(ConventionalCell.Of(Lattice.Fcc, 1.5), (3, 2, 1), UnitSystem.LennardJones, [new("A", 1)]), EndlessLennardJones.Of(1, 1, 9), 0.1);
        var one = new MolecularDynamics(Fcc(1.5), Endless(), 0.1);
        Assert.Equal(one.Measure(ChunkedLoop.Serial).Potential / 4, other.Measure(ChunkedLoop.Serial).Potential / 24, 1e-7);
        Assert.Equal(one.Measure(ChunkedLoop.Serial).Pressure.XX, other.Measure(ChunkedLoop.Serial).Pressure.XX, 1e-6);
        var shares = other.Shares(ChunkedLoop.Serial);
        Assert.Equal(other.Measure(ChunkedLoop.Serial).Potential, shares.Energies.Sum(), 1e-9);
        Assert.Equal(other.Measure(ChunkedLoop.Serial).Virial.XX, shares.Virials.Sum(w => w.XX), 1e-9);
    }

    // Forces and virial are those of the energy, and where atoms are few and far its end is not felt.
    [Fact]
    public void A_potential_without_an_end_has_its_forces()
    {
        var noise = new Philox(3, 7);
        var atoms = Fcc(1.6);
        atoms = atoms with { Positions = [.. atoms.Positions.Select((x, i) => x + (0.2 * new Vec3(noise.Uniform(0, 0, i), noise.Uniform(0, 1, i), noise.Uniform(0, 2, i))))] };
        static ImmutableArray<Interaction> Near() => EndlessLennardJones.Of(1.3, 0.9, 4);
        Gradients.AreThoseOfTheEnergy(atoms, () => Near()[0], 1e-7);
        Gradients.AreThoseOfTheEnergy(atoms, () => Near()[1], 1e-7);
        Assert.Contains("fades at 3", Assert.Throws<ScaleModelException>(() => EndlessLennardJones.Of(1, 1, 3)).Message, StringComparison.Ordinal);
        Assert.Contains("for ever", Assert.Throws<ScaleModelException>(() => new MolecularDynamics(atoms with { Box = atoms.Box with { SideA = BoxSide.Fixed } }, Near(), 0.1)).Message, StringComparison.Ordinal);
    }

    // Nearest neighbors only: a0 = 2^(2/3), E = −6; with φ'' = 72 / 2^(1/3): C11 = 72, C12 = C44 = 36.
    [Fact]
    public void Nearest_neighbors_alone_have_whole_numbers()
    {
        var a = CrystalAtRest.LatticeConstant(Fcc, Lj(1.4), 1.6);
        var c = CrystalAtRest.ElasticConstants(Fcc(a), Lj(1.4), strain: 1e-5);
        Assert.Equal(Math.Cbrt(4), a, 1e-10);
        Assert.Equal(-6, CrystalAtRest.Evaluate(Fcc(a), Lj(1.4)()).Energy / 4, 1e-12);
        Assert.Equal(72, c[0, 0], 1e-5);
        Assert.Equal(36, c[0, 1], 1e-5);
        Assert.Equal(36, c[5, 5], 1e-5);
    }

    // Two masses on springs of different strength in series: the atom between them moves when the cell is stretched, and the stiffness is that of the series.
    private readonly struct Springs : IPairPotential
    {
        public double Cutoff => 1.2;

        public double ForceOverDistance(double r2, int kind, int other, out double energy)
        {
            // Springs of length 0.7 and 1, of strength 8 and 2, so that an atom has a short one on one side and a long one on the other.
            var r = Math.Sqrt(r2);
            var (rest, strength) = r < 0.85 ? (0.7, 8.0) : (1.0, 2.0);
            energy = 0.5 * strength * (r - rest) * (r - rest);
            return -strength * (r - rest) / r;
        }
    }

    [Fact]
    public void Atoms_within_the_cell_are_brought_to_rest_by_whoever_can()
    {
        var chain = new AtomConfiguration
        {
            Units = UnitSystem.LennardJones, Box = SimulationBox.Orthogonal(1.7, 5, 5), Species = [new("A", 1)], Kinds = [0, 0], Positions = [new(0.1, 1, 1), new(0.8, 1, 1)],
        };

        // The middle atom moves until the forces of 8 x and 2 (l − x) are equal; it is found by two steps of Newton.
        static AtomConfiguration Rest(AtomConfiguration atoms)
        {
            for (var step = 0; step < 2; step++)
            {
                var force = new MolecularDynamics(atoms, [Interaction.OfPotential(new Springs())], 0.1).Forces(ChunkedLoop.Serial)[1].X;
                atoms = atoms with { Positions = [atoms.Positions[0], atoms.Positions[1] + new Vec3(force / 10, 0, 0)] };
            }

            return atoms;
        }

        // E = L k/A: of the series k = 1/(1/8 + 1/2); without rest each spring is stretched by its share of the length.
        var relaxed = CrystalAtRest.ElasticConstants(chain, () => [Interaction.OfPotential(new Springs())], Rest)[0, 0];
        var rigid = CrystalAtRest.ElasticConstants(chain, () => [Interaction.OfPotential(new Springs())])[0, 0];
        Assert.Equal(1.7 * 1.6 / 25, relaxed, 1e-7);
        Assert.Equal(((8 * 0.49) + 2) / 1.7 / 25, rigid, 1e-7);
    }

    // Foiles' universal copper: LAMMPS and an independent program agree on these to 0.01 GPa.
    [Fact]
    public void Copper_has_the_constants_that_its_potential_was_fitted_to()
    {
        var path = Path.Combine(Environment.GetEnvironmentVariable("ACTORMULTISCALE_POTENTIALS") ?? "/usr/share/lammps/potentials", "Cu_u3.eam");
        if (!File.Exists(path))
        {
            Assert.True(Environment.GetEnvironmentVariable("CI") != "true", $"{path} is missing; it is in Debian's package lammps-data");
            output.WriteLine($"skipped: {path} is not here");
            return;
        }

        var table = EamTable.Parse(new InputFile("Cu_u3.eam", File.ReadAllText(path)));
        static AtomConfiguration Copper(double a) => LatticeBuilder.Repeat(ConventionalCell.Of(Lattice.Fcc, a), (1, 1, 1), UnitSystem.Metal, [new("Cu", 63.5)]);
        ImmutableArray<Interaction> Eam() => [EmbeddedAtomInteraction.Of(table)];
        var a = CrystalAtRest.LatticeConstant(Copper, Eam, 3.6);
        var c = 1e-4 * CrystalAtRest.ElasticConstants(Copper(a), Eam);      // bar → GPa
        output.WriteLine(FormattableString.Invariant($"a0 {a:F6} E {CrystalAtRest.Evaluate(Copper(a), Eam()).Energy / 4:F6} C {c[0, 0]:F3} {c[0, 1]:F3} {c[3, 3]:F3}"));
        Assert.Equal(3.615, a, 1e-5);
        Assert.Equal(-3.54, CrystalAtRest.Evaluate(Copper(a), Eam()).Energy / 4, 1e-5);
        Assert.Equal(167.27, c[0, 0], 0.003 * 167);
        Assert.Equal(124.15, c[0, 1], 0.003 * 124);
        Assert.Equal(76.45, c[3, 3], 0.003 * 76);
    }

    [Fact]
    public void What_makes_no_sense_is_refused()
    {
        Assert.Contains("no lattice constant", Assert.Throws<ScaleModelException>(() => CrystalAtRest.LatticeConstant(Fcc, Lj(2.5), 1.2)).Message, StringComparison.Ordinal);
        Assert.Contains("no lattice constant", Assert.Throws<ScaleModelException>(() => CrystalAtRest.LatticeConstant(Fcc, Lj(2.5), -1)).Message, StringComparison.Ordinal);
        Assert.Contains("strains of 0", Assert.Throws<ScaleModelException>(() => CrystalAtRest.ElasticConstants(Fcc(1.6), Lj(2.5), strain: 0)).Message, StringComparison.Ordinal);
    }

    // What is left out is what an interaction of the weight −1 takes away.
    [Fact]
    public void Bonded_neighbors_are_left_out_where_that_is_said()
    {
        var cell = LatticeBuilder.Repeat(ConventionalCell.Of(Lattice.Fcc, 1.6), (4, 4, 4), UnitSystem.LennardJones, [new("A", 1)]);
        var law = new LennardJonesLaw(1, 1, 2.5);
        var atoms = cell with { Bonds = [.. Enumerable.Range(0, cell.Count / 4).Select(i => new Connection(0, [4 * i, (4 * i) + 1]))] };
        ImmutableArray<Interaction> Plain() => [Interaction.Of(law)];
        ImmutableArray<Interaction> TakenAway() => [Interaction.Of(law), Interaction.OfBondedPairs(law, BondedNeighbors.OneBond, -1)];
        var (energy, stress) = CrystalAtRest.Evaluate(atoms, Plain(), excluded: BondedNeighbors.OneBond);
        var (expected, expectedStress) = CrystalAtRest.Evaluate(atoms, TakenAway());
        Assert.Equal(expected, energy, 1e-10 * Math.Abs(expected));
        Assert.Equal(0, (stress - expectedStress).ToMatrix().XX, 1e-9);
        Assert.True(Math.Abs(energy - CrystalAtRest.Evaluate(atoms, Plain()).Energy) > 1);
        var (c, d) = (CrystalAtRest.ElasticConstants(atoms, Plain, excluded: BondedNeighbors.OneBond), CrystalAtRest.ElasticConstants(atoms, TakenAway));
        for (var e = 0; e < 36; e++)
        {
            Assert.Equal(d[e / 6, e % 6], c[e / 6, e % 6], 1e-4);
        }

        var a = CrystalAtRest.LatticeConstant(At, Plain, 1.6, excluded: BondedNeighbors.OneBond);
        Assert.Equal(CrystalAtRest.LatticeConstant(At, TakenAway, 1.6), a, 1e-9);
        AtomConfiguration At(double constant) => CrystalAtRest.Deformed(atoms, Matrix3.Diagonal(constant / 1.6, constant / 1.6, constant / 1.6));
    }
}
