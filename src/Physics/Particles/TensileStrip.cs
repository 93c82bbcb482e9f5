using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Particles;

/// <summary>
/// A tensile test on atoms: a periodic strip is stretched and compressed along x while its lateral sides move until no stress
/// is left on them. It knows nothing of elastic constants; that is what makes it a check of those who do.
/// </summary>
public static class TensileStrip
{
    /// <summary>Modulus and lateral contraction from strains ±<paramref name="strain"/>; in the stress unit eV/Å³.</summary>
    /// <param name="potential">How the atoms interact.</param>
    /// <param name="strip">The atoms, at equilibrium.</param>
    /// <param name="strain">The axial strain, above zero.</param>
    /// <exception cref="ScaleModelException">The sides do not come to rest, or atoms are pushed out of their places.</exception>
    public static TensileResponse Pull(IEmbeddedAtomPotential potential, Crystal strip, double strain)
    {
        ArgumentNullException.ThrowIfNull(potential);
        ArgumentNullException.ThrowIfNull(strip);
        var (plus, plusStress) = Relax(potential, strip, strain);
        var (minus, minusStress) = Relax(potential, strip, -strain);
        return new TensileResponse((plusStress - minusStress) / (2 * strain),
            -(plus.Y - minus.Y) / (2 * strain), -(plus.Z - minus.Z) / (2 * strain));
    }

    // Newton on the two lateral strains with a difference quotient for the slopes: σyy = σzz = 0.
    private static ((double Y, double Z) Lateral, double AxialStress) Relax(IEmbeddedAtomPotential potential, Crystal strip, double axial)
    {
        const double step = 1e-6;
        CrystalResponse At(double y, double z) => strip.Strained(new SymTensor3(axial, y, z, 0, 0, 0)).Evaluate(potential);
        var (y, z) = (0.0, 0.0);
        for (var iteration = 0; iteration < 20; iteration++)
        {
            var here = At(y, z);
            var scale = Math.Abs(here.Stress.XX) + 1e-12;
            if (Math.Abs(here.Stress.YY) + Math.Abs(here.Stress.ZZ) <= 1e-10 * scale)
            {
                var push = here.Forces.Max(f => f.Norm);
                return push <= 1e-6     // eV/Å: an atom out of its place by 1e-7 Å.
                    ? ((y, z), here.Stress.XX)
                    : throw new ScaleModelException(FormattableString.Invariant($"Atoms of the strip are pushed with up to {push} eV/Å when it is strained; they would have to be relaxed, which this test does not do."));
            }

            var (dy, dz) = (At(y + step, z).Stress - here.Stress, At(y, z + step).Stress - here.Stress);
            var determinant = (dy.YY * dz.ZZ) - (dz.YY * dy.ZZ);
            y -= step * ((here.Stress.YY * dz.ZZ) - (here.Stress.ZZ * dz.YY)) / determinant;
            z -= step * ((here.Stress.ZZ * dy.YY) - (here.Stress.YY * dy.ZZ)) / determinant;
        }

        throw new ScaleModelException(FormattableString.Invariant($"The sides of the strip do not come to rest at the axial strain {axial}."));
    }
}
