using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Particles.Measures;

/// <summary>The flow of energy through a volume of atoms.</summary>
/// <remarks>After: Irving, Kirkwood, J. Chem. Phys. 18 (1950) 817. In a mixture it contains the enthalpy that diffusion carries, which is no heat. For an embedded-atom potential LAMMPS takes the virials, which is not quite the flow of any energy; with <c>shares with { Flows = shares.Virials }</c> this does the same.</remarks>
public static class HeatFlux
{
    /// <summary>J V = Σ (½ mᵢ vᵢ² + eᵢ) vᵢ + Σ Qᵢ vᵢ, in two parts: carried along by the atoms, and passed on by their forces. Qᵢ are the flows of the shares; of pair potentials the latter is ½ Σᵢ Σⱼ xᵢⱼ (fᵢⱼ · vᵢ).</summary>
    /// <param name="atoms">The atoms; without momentum, or the whole flows along.</param>
    /// <param name="shares">Energy and virial of each, of the same moment.</param>
    /// <returns>Energy times length over time; divided by the volume it is a flux a unit of area.</returns>
    /// <exception cref="ScaleModelException">There are more or fewer shares than atoms.</exception>
    public static (Vec3 Carried, Vec3 Passed) Of(AtomConfiguration atoms, AtomShares shares)
    {
        ArgumentNullException.ThrowIfNull(atoms);
        ArgumentNullException.ThrowIfNull(shares);
        if (shares.Energies.Length != atoms.Count || shares.Flows.Length != atoms.Count)
        {
            throw new ScaleModelException($"There are {shares.Energies.Length} shares of energy and {shares.Flows.Length} of flow for {atoms.Count} atoms.");
        }

        if (atoms.Velocities.Length == 0)
        {
            return default;
        }

        var parts = new double[6][];
        for (var p = 0; p < parts.Length; p++)
        {
            parts[p] = new double[atoms.Count];
        }

        for (var i = 0; i < atoms.Count; i++)
        {
            var v = atoms.Velocities[i];
            var energy = (0.5 * atoms.Species[atoms.Kinds[i]].Mass * atoms.Units.MassVelocitySquared * v.NormSquared) + shares.Energies[i];
            var (carried, passed) = (energy * v, shares.Flows[i] * v);
            for (var k = 0; k < 3; k++)
            {
                (parts[k][i], parts[3 + k][i]) = (carried[k], passed[k]);
            }
        }

        double Sum(int part) => FixedOrderSum.Of(parts[part]);
        return (new(Sum(0), Sum(1), Sum(2)), new(Sum(3), Sum(4), Sum(5)));
    }
}
