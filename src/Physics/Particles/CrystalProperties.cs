using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Particles;

/// <summary>What a perfect crystal of a cubic lattice has at zero temperature, measured on its atoms. Metal units: Å, eV, eV/Å³.</summary>
/// <param name="LatticeConstant">a₀ where the stress vanishes, Å.</param>
/// <param name="CohesiveEnergy">Energy per atom there, eV.</param>
/// <param name="ResidualStress">What stress is left there, eV/Å³.</param>
/// <param name="Tangent">dσ/dε, eV/Å³, crystal axes.</param>
public sealed record CrystalProperties(double LatticeConstant, double CohesiveEnergy, SymTensor3 ResidualStress, Tangent6 Tangent)
{
    /// <summary>An eV/Å³ in Pa: e / 10⁻³⁰, with e of CODATA 2018.</summary>
    public const double PascalPerMetalStress = 1.602176634e11;

    /// <summary>An eV in J.</summary>
    public const double JoulePerElectronVolt = 1.602176634e-19;

    // Strain of the central differences. Their error is O(d²) ≈ 1e-8 of the constants; round-off of the stress divided by d is smaller still.
    private const double StrainStep = 1e-4;

    /// <summary>
    /// Measures a crystal. Every atom of the three cubic lattices is a centre of symmetry, so that no atom moves against the others
    /// when the cell is strained, and the tangent needs no relaxation.
    /// </summary>
    /// <exception cref="ScaleModelException">The crystal has no equilibrium near the potential's lattice constant.</exception>
    public static CrystalProperties Measure(IEmbeddedAtomPotential potential, Lattice lattice)
    {
        ArgumentNullException.ThrowIfNull(potential);
        var a0 = Equilibrium(potential, lattice);
        var crystal = Crystal.Perfect(lattice, a0, Orientation.Cube, (1, 1, 1));
        var rest = crystal.Evaluate(potential);
        var tangent = new double[36];
        Span<double> voigt = stackalloc double[6];
        for (var column = 0; column < 6; column++)
        {
            voigt.Clear();
            voigt[column] = StrainStep;
            var plus = crystal.Strained(SymTensor3.FromVoigtStrain(voigt)).Evaluate(potential).Stress;
            voigt[column] = -StrainStep;
            var minus = crystal.Strained(SymTensor3.FromVoigtStrain(voigt)).Evaluate(potential).Stress;
            for (var row = 0; row < 6; row++)
            {
                tangent[(row * 6) + column] = (plus[row] - minus[row]) / (2 * StrainStep);
            }
        }

        return new CrystalProperties(a0, rest.Energy / crystal.Count, rest.Stress, new Tangent6(tangent).Symmetrized());
    }

    /// <summary>The lattice constant at which the mean stress vanishes, by bisection within 3 % of the potential's own.</summary>
    private static double Equilibrium(IEmbeddedAtomPotential potential, Lattice lattice)
    {
        double MeanStress(double a) => Crystal.Perfect(lattice, a, Orientation.Cube, (1, 1, 1)).Evaluate(potential).Stress.Trace / 3;
        var guess = potential.LatticeGuess;
        if (!(guess > 0))
        {
            throw new ScaleModelException($"The potential names no lattice constant (found {guess} Å), so that the search for the equilibrium has nowhere to begin.");
        }

        // Compression is a negative stress. Widen until the signs differ.
        var (low, high) = (guess, guess);
        for (var step = 1; step <= 30 && !(MeanStress(low) < 0 && MeanStress(high) > 0); step++)
        {
            (low, high) = (guess * (1 - (1e-3 * step)), guess * (1 + (1e-3 * step)));
        }

        if (!(MeanStress(low) < 0 && MeanStress(high) > 0))
        {
            throw new ScaleModelException(FormattableString.Invariant(
                $"A {lattice} crystal has no equilibrium within 3 % of the lattice constant {guess} Å of the potential. The lattice is probably another."));
        }

        for (var middle = 0.5 * (low + high); middle > low && middle < high; middle = 0.5 * (low + high))
        {
            (low, high) = MeanStress(middle) < 0 ? (middle, high) : (low, middle);
        }

        return 0.5 * (low + high);
    }
}
