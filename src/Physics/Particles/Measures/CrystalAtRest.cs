using System.Collections.Immutable;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles.Interactions;
using MathNet.Numerics.RootFinding;

namespace ActorMultiscale.Physics.Particles.Measures;

/// <summary>Atoms at zero temperature: stress, elastic constants and the lattice constant without pressure, under any interactions.</summary>
/// <remarks>
/// An interaction serves one engine, so it is asked for anew for every deformed crystal. An Ewald sum chooses its waves for each
/// deformed box by itself: differences want it to be accurate to eight digits or more.
/// </remarks>
public static class CrystalAtRest
{
    private const double Widening = 1e-3;   // By which the range of lattice constants is widened, of the guess.
    private const int Widenings = 100;

    /// <summary>Energy, and stress σ = −W/V in the unit of pressure, of atoms that do not move.</summary>
    /// <param name="atoms">The atoms; their velocities do not count.</param>
    /// <param name="interactions">What acts on them.</param>
    /// <param name="loop">The way to run a loop on several threads; the caller's thread if left out.</param>
    /// <param name="excluded">Atoms that bonds lead to and that do not act on each other by pair interactions.</param>
    /// <exception cref="ScaleModelException">The atoms cannot be computed.</exception>
    public static (double Energy, SymTensor3 Stress) Evaluate(AtomConfiguration atoms, ImmutableArray<Interaction> interactions, ChunkedLoop? loop = null, BondedNeighbors excluded = BondedNeighbors.None)
    {
        ArgumentNullException.ThrowIfNull(atoms);
        var found = new MolecularDynamics(atoms with { Velocities = [] }, interactions, SkinOf(atoms), excluded).Measure(loop ?? ChunkedLoop.Serial);
        return (found.Potential, -1 * found.Pressure);
    }

    /// <summary>The atoms after a uniform deformation about the origin of the box, x → F x; velocities go with F⁻ᵀ, so that no entropy is made.</summary>
    /// <param name="atoms">The atoms.</param>
    /// <param name="deformation">F.</param>
    /// <exception cref="ScaleModelException">The deformed cell spans no right-handed volume.</exception>
    public static AtomConfiguration Deformed(AtomConfiguration atoms, Matrix3 deformation)
    {
        ArgumentNullException.ThrowIfNull(atoms);
        var box = atoms.Box.Deformed(deformation);
        var turned = deformation.Inverse().Transposed;
        return atoms with
        {
            Box = box,
            Positions = Array.ConvertAll(atoms.Positions, x => box.Origin + (deformation * (x - atoms.Box.Origin))),
            Velocities = Array.ConvertAll(atoms.Velocities, v => turned * v),
        };
    }

    /// <summary>The elastic constants dσ/dε at zero temperature by central differences of the stress in each of the six strains, in the unit of pressure.</summary>
    /// <remarks>
    /// σ is Cauchy's stress and ε a symmetric displacement gradient. Where there is no stress these are the elastic constants of energy; where there is, Birch's
    /// (Phys. Rev. 71 (1947) 809), in which case xx, xy and xy, xx may differ and nothing is symmetrized.
    /// </remarks>
    /// <param name="atoms">The atoms at rest: without forces on them.</param>
    /// <param name="interactions">Makes what acts on them.</param>
    /// <param name="relax">
    /// Brings the atoms of a strained box to rest in it, where they are not centers of symmetry. Left out, they follow the box, which is right for lattices with one atom in
    /// the primitive cell, as fcc and bcc.
    /// </param>
    /// <param name="strain">d of the differences. Their error is d² times third-order constants; 10⁻⁴ leaves about ten digits.</param>
    /// <param name="loop">The way to run a loop on several threads; the caller's thread if left out.</param>
    /// <param name="excluded">Atoms that bonds lead to and that do not act on each other by pair interactions.</param>
    /// <exception cref="ScaleModelException">The strain is out of range, or the atoms cannot be computed.</exception>
    public static Tangent6 ElasticConstants(
        AtomConfiguration atoms, Func<ImmutableArray<Interaction>> interactions, Func<AtomConfiguration, AtomConfiguration>? relax = null, double strain = 1e-4, ChunkedLoop? loop = null,
        BondedNeighbors excluded = BondedNeighbors.None)
    {
        ArgumentNullException.ThrowIfNull(atoms);
        ArgumentNullException.ThrowIfNull(interactions);
        if (strain is not (> 0 and < 0.1))
        {
            throw new ScaleModelException(FormattableString.Invariant($"Elastic constants are asked for with strains of {strain}; 1e-4 is usual, and they must be above zero and below 0.1."));
        }

        SymTensor3 Stress(int column, double size)
        {
            var strained = Deformed(atoms, StrainOf(column, size));
            return Evaluate(relax?.Invoke(strained) ?? strained, interactions(), loop, excluded).Stress;
        }

        var tangent = new double[36];
        for (var column = 0; column < 6; column++)
        {
            var slope = (Stress(column, strain) - Stress(column, -strain)) / (2 * strain);
            for (var row = 0; row < 6; row++)
            {
                tangent[(6 * row) + column] = slope[row];
            }
        }

        return new(tangent);
    }

    /// <summary>The lattice constant at which a crystal at zero temperature has no pressure.</summary>
    /// <param name="crystal">Makes the crystal of a lattice constant.</param>
    /// <param name="interactions">Makes what acts on it.</param>
    /// <param name="guess">About where it is: within a tenth.</param>
    /// <param name="relax">Brings its atoms to rest, where they are not centers of symmetry.</param>
    /// <param name="loop">The way to run a loop on several threads; the caller's thread if left out.</param>
    /// <param name="excluded">Atoms that bonds lead to and that do not act on each other by pair interactions.</param>
    /// <exception cref="ScaleModelException">
    /// There is none, or the pressure jumps across zero: a potential that is cut plainly has such a jump wherever a shell of neighbors passes the cutoff.
    /// </exception>
    public static double LatticeConstant(
        Func<double, AtomConfiguration> crystal, Func<ImmutableArray<Interaction>> interactions, double guess, Func<AtomConfiguration, AtomConfiguration>? relax = null, ChunkedLoop? loop = null,
        BondedNeighbors excluded = BondedNeighbors.None)
    {
        ArgumentNullException.ThrowIfNull(crystal);
        ArgumentNullException.ThrowIfNull(interactions);
        double Stress(double a)
        {
            var atoms = crystal(a);
            return Evaluate(relax?.Invoke(atoms) ?? atoms, interactions(), loop, excluded).Stress.Trace / 3;
        }

        // Compression is a negative stress. The nearest change of sign counts: pressures of potentials that are cut have others.
        if (guess is > 0 and < double.PositiveInfinity)
        {
            var (low, high) = (guess, guess);
            var (lowStress, highStress) = (Stress(low), Stress(low));
            for (var step = 0; step < Widenings; step++)
            {
                var (nextLow, nextHigh) = (low - (Widening * guess), high + (Widening * guess));
                var (below, above) = (Stress(nextLow), Stress(nextHigh));
                foreach (var (from, to, fromStress, toStress) in new[] { (nextLow, low, below, lowStress), (high, nextHigh, highStress, above) })
                {
                    if (fromStress < 0 && toStress >= 0 && Brent.TryFindRoot(Stress, from, to, 1e-14 * guess, 100, out var root) && Math.Abs(Stress(root)) < 1e-6 * (toStress - fromStress))
                    {
                        return root;
                    }
                }

                (low, high, lowStress, highStress) = (nextLow, nextHigh, below, above);
            }
        }

        throw new ScaleModelException(FormattableString.Invariant(
            $"The crystal has no lattice constant without pressure within {Widening * Widenings:P0} of {guess}, or only one where its pressure jumps because neighbors leave the cutoff. Give another guess, or a potential that ends smoothly."));
    }

    /// <summary>The skin of atoms that do not move: a part of what lies between two.</summary>
    internal static double SkinOf(AtomConfiguration atoms) => 0.01 * Math.Cbrt(atoms.Box.Volume / atoms.Count);

    /// <summary>1 + ε, where ε has one component of Voigt's vector with engineering shears.</summary>
    internal static Matrix3 StrainOf(int column, double size)
    {
        Span<double> voigt = stackalloc double[6];
        voigt.Clear();
        voigt[column] = size;
        return Matrix3.Identity + SymTensor3.FromVoigtStrain(voigt).ToMatrix();
    }
}
