using System.Globalization;
using System.Text;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Particles;
using Xunit.Abstractions;

namespace ActorMultiscale.Tests.Particles;

/// <summary>Copper from a file and in closed form, against numbers of two independent codes.</summary>
public sealed class CopperTests(ITestOutputHelper output)
{
    private static string PotentialPath => Path.Combine(Environment.GetEnvironmentVariable("ACTORMULTISCALE_POTENTIALS") ?? "/usr/share/lammps/potentials", "Cu_u3.eam");

    // Potential files of others are not part of the repository. Where tests must be complete, the file must be there.
    private InputFile? Foiles()
    {
        if (File.Exists(PotentialPath))
        {
            return new InputFile("Cu_u3.eam", File.ReadAllText(PotentialPath));
        }

        Assert.True(Environment.GetEnvironmentVariable("CI") != "true", $"{PotentialPath} is missing; it is in Debian's package lammps-data");
        output.WriteLine($"skipped: {PotentialPath} is not here (Debian's package lammps-data has it; ACTORMULTISCALE_POTENTIALS names another folder)");
        return null;
    }

    private static void HasProperties(CrystalProperties found, double a0, double energy, double c11, double c12, double c44, double within)
    {
        var tangent = CrystalProperties.PascalPerMetalStress / 1e9 * found.Tangent;
        Assert.Equal(a0, found.LatticeConstant, 1e-5 * a0);
        Assert.Equal(energy, found.CohesiveEnergy, 1e-5 * Math.Abs(energy));
        Assert.Equal(c11, tangent[0, 0], within * c11);
        Assert.Equal(c12, tangent[0, 1], within * c12);
        Assert.Equal(c44, tangent[3, 3], within * c44);

        // Cubic: nothing else. Round-off of the stress over the strain step of 1e-4 leaves about 1e-10 of C11.
        for (var i = 0; i < 6; i++)
        {
            for (var j = 0; j < 6; j++)
            {
                var cubic = i < 3 && j < 3 ? (i == j ? tangent[0, 0] : tangent[0, 1]) : i == j ? tangent[3, 3] : 0;
                Assert.Equal(cubic, tangent[i, j], 1e-6 * c11);
            }
        }
    }

    [Fact]
    public void Foiles_copper_has_its_published_constants()
    {
        if (Foiles() is { } file)
        {
            HasProperties(CrystalProperties.Measure(EamTable.Parse(file), Lattice.Fcc), 3.615000, -3.540000, 167.27, 124.15, 76.45, 3e-4);
        }
    }

    [Fact]
    public void Sutton_Chen_copper_cut_at_nine_angstrom_has_its_constants() =>
        HasProperties(CrystalProperties.Measure(SuttonChen.Copper(), Lattice.Fcc), 3.61287, -3.47468, 167.98, 128.50, 57.67, 3e-4);

    [Fact]
    public void A_strip_of_Foiles_copper_has_the_moduli_of_an_independent_code()
    {
        if (Foiles() is not { } file)
        {
            return;
        }

        var potential = EamTable.Parse(file);
        var a0 = CrystalProperties.Measure(potential, Lattice.Fcc).LatticeConstant;
        TensileResponse Pull(Orientation orientation) => TensileStrip.Pull(potential, Crystal.Perfect(Lattice.Fcc, a0, orientation, (2, 1, 1)), 1e-4);
        const double gigapascal = CrystalProperties.PascalPerMetalStress / 1e9;

        Assert.Equal(61.49, gigapascal * Pull(Orientation.Cube).YoungsModulus, 0.05);
        Assert.Equal(0.4260, Pull(Orientation.Cube).PoissonsRatioY, 2e-4);
        Assert.Equal(125.99, gigapascal * Pull(Orientation.FaceDiagonal).YoungsModulus, 0.1);
    }

    [Fact]
    public void A_singular_tensor_is_refused_with_its_rows() =>
        Assert.Contains("has the determinant 0", Assert.Throws<InvalidOperationException>(() => default(Matrix3).Inverse()).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(1e-5)]
    [InlineData(1e-2)]
    public void A_strip_comes_to_rest_at_the_least_and_the_greatest_strain_that_may_be_set(double strain)
    {
        var potential = SuttonChen.Copper(5.5);
        var a0 = CrystalProperties.Measure(potential, Lattice.Fcc).LatticeConstant;

        Assert.True(TensileStrip.Pull(potential, Crystal.Perfect(Lattice.Fcc, a0, Orientation.Cube, (1, 1, 1)), strain).YoungsModulus > 0);
    }

    [Theory]
    [InlineData(Lattice.Fcc, Orientation.Cube, 4)]
    [InlineData(Lattice.Fcc, Orientation.FaceDiagonal, 8)]
    [InlineData(Lattice.Bcc, Orientation.Cube, 2)]
    [InlineData(Lattice.Bcc, Orientation.FaceDiagonal, 4)]
    [InlineData(Lattice.Sc, Orientation.Cube, 1)]
    [InlineData(Lattice.Sc, Orientation.FaceDiagonal, 2)]
    public void A_cell_has_as_many_atoms_as_its_volume_holds_and_its_energy_depends_on_no_cut(Lattice lattice, Orientation orientation, int atoms)
    {
        var potential = SuttonChen.Copper();
        var one = Crystal.Perfect(lattice, 3.6, Orientation.Cube, (1, 1, 1));
        var cell = Crystal.Perfect(lattice, 3.6, orientation, (1, 1, 1));
        var larger = Crystal.Perfect(lattice, 3.6, orientation, (2, 1, 1));

        Assert.Equal(atoms, cell.Count);
        Assert.Equal(2 * atoms, larger.Count);
        var expected = one.Evaluate(potential).Energy / one.Count;
        Assert.Equal(expected, cell.Evaluate(potential).Energy / cell.Count, 1e-12 * Math.Abs(expected));
        Assert.Equal(expected, larger.Evaluate(potential).Energy / larger.Count, 1e-12 * Math.Abs(expected));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Forces_and_stress_are_derivatives_of_the_energy(bool closed)
    {
        IEmbeddedAtomPotential potential;
        if (closed)
        {
            potential = SuttonChen.Copper(6.2);     // Between shells: no pair crosses the cut.
        }
        else if (Foiles() is { } file)
        {
            potential = EamTable.Parse(file);
        }
        else
        {
            return;
        }

        // A crystal with atoms out of place, so that no force vanishes by symmetry.
        var perfect = Crystal.Perfect(Lattice.Fcc, 3.615, Orientation.Cube, (2, 1, 1));
        var shaken = perfect.Positions.ToArray();
        for (var i = 0; i < shaken.Length; i++)
        {
            shaken[i] += 0.05 * new Vec3(Math.Sin(7 * i), Math.Cos(5 * i), Math.Sin((3 * i) + 1));
        }

        var crystal = new Crystal(perfect.Cell, shaken);
        var at = crystal.Evaluate(potential);
        const double h = 1e-5;      // Å. The error of the central difference is O(h²) ≈ 1e-10 and round-off over h ≈ 1e-10.
        for (var i = 0; i < shaken.Length; i++)
        {
            foreach (var direction in new[] { new Vec3(1, 0, 0), new Vec3(0, 1, 0), new Vec3(0, 0, 1) })
            {
                double Energy(double step)
                {
                    var moved = shaken.ToArray();
                    moved[i] += step * direction;
                    return new Crystal(perfect.Cell, moved).Evaluate(potential).Energy;
                }

                Assert.Equal(-(Energy(h) - Energy(-h)) / (2 * h), Vec3.Dot(at.Forces[i], direction), 1e-7);
            }
        }

        Span<double> voigt = stackalloc double[6];
        for (var v = 0; v < 6; v++)
        {
            voigt.Clear();
            voigt[v] = h;
            var plus = crystal.Strained(SymTensor3.FromVoigtStrain(voigt)).Evaluate(potential).Energy;
            voigt[v] = -h;
            var minus = crystal.Strained(SymTensor3.FromVoigtStrain(voigt)).Evaluate(potential).Energy;
            Assert.Equal((plus - minus) / (2 * h) / perfect.Cell.Determinant, at.Stress[v], 1e-7);
        }
    }

    [Fact]
    public void The_same_tables_as_setfl_give_the_same_crystal()
    {
        if (Foiles() is not { } file)
        {
            return;
        }

        // Sampled at the points of its own tables, and written with all digits, the potential is the same but for points past the cut.
        var funcfl = EamTable.Parse(file);
        const int densities = 499, distances = 499;
        const double dr = 1.0000000000000009e-02, drho = 5.0100200400801306e-04;
        var text = new StringBuilder("made by a test\nfrom a funcfl file\n\n2 Xx Cu\n");
        text.AppendLine(FormattableString.Invariant($"{densities} {drho:R} {distances} {dr:R} {funcfl.Cutoff:R}"));
        void Table(int count, Func<int, double> value)
        {
            for (var i = 0; i < count; i++)
            {
                text.AppendLine(value(i).ToString("R", CultureInfo.InvariantCulture));
            }
        }

        foreach (var own in new[] { false, true })
        {
            text.AppendLine("29 63.55 3.615 FCC");
            Table(densities, i => own ? funcfl.Embedding(i * drho).Value : 0);
            Table(distances, i => own ? funcfl.Density(i * dr).Value : 0);
        }

        for (var pair = 0; pair < 3; pair++)
        {
            Table(distances, i => pair == 2 ? (i == 0 ? funcfl.Pair(1e-9).Value * 1e-9 : funcfl.Pair(i * dr).Value * i * dr) : 0);
        }

        var setfl = EamTable.Parse(new InputFile("test.setfl", text.ToString()), "Cu");
        var crystal = Crystal.Perfect(Lattice.Fcc, 3.6, Orientation.Cube, (1, 1, 1)).Strained(new SymTensor3(0.01, -0.02, 0, 0.01, 0, 0.005));
        var (a, b) = (crystal.Evaluate(funcfl), crystal.Evaluate(setfl));

        Assert.Equal(a.Energy, b.Energy, 1e-11);
        Assert.Equal(0, (a.Stress - b.Stress).Norm, 1e-11);
        Assert.Contains("holds the elements Xx, Cu", Assert.Throws<ScaleModelException>(() => EamTable.Parse(new InputFile("test.setfl", text.ToString()))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "line 1", "the file ends")]
    [InlineData("c\n29 63.5 3.615 FCC\n500 0.1 500 0.01 4.95\n0 1 2", "line 4", "the file ends where number 4 of 500 of F(rho)")]
    [InlineData("c\n29 63.5 3.615 FCC\n500 0.1 x 0.01 4.95\n", "line 3", "found 'x'")]
    [InlineData("c\n29 -1 3.615 FCC\n", "line 2", "above zero")]
    [InlineData("c\n29 63.5 3.6 FCC\n6 0.1 6 0.01 4.95\n1 2 3 4 5 nan", "line 4", "found 'nan'")]
    [InlineData("c\n29 63.5 3.6 FCC\n6 0.1 6 0.01 4.95\n1 2 3 4 5 6\n1 2 3 4 5 6\n1 2 3 4 5 6 7", "line 6", "1 words stand after the last table")]
    [InlineData("c\nc\nc\n2 Cu Ni\n6 0.1 6 0.1 5\n", "line 4", "say which one")]
    public void A_file_that_is_no_potential_is_refused_with_its_line(string text, string line, string says)
    {
        var message = Assert.Throws<ScaleModelException>(() => EamTable.Parse(new InputFile("bad.eam", text))).Message;

        Assert.Contains("'bad.eam'", message, StringComparison.Ordinal);
        Assert.Contains(line, message, StringComparison.Ordinal);
        Assert.Contains(says, message, StringComparison.Ordinal);
    }
}
