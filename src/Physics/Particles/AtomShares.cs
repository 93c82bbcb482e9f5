using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Physics.Particles;

/// <summary>How potential energy and virial are divided among the atoms, each in the order of the configuration, in the units of the atoms.</summary>
/// <remarks>
/// Of a pair each atom has half; of an embedded-atom potential it has F(ρᵢ) and half of its pairs; of an angle or dihedral all atoms have
/// equal parts of the energy, and of the virial that of their own force at the place relative to the mean of the atoms of the term. The
/// shares add up to the whole, but the division itself is a convention; these are the conventions of LAMMPS.
/// </remarks>
/// <param name="Energies">eᵢ.</param>
/// <param name="Virials">Wᵢ; of pairs ½ Σⱼ (xᵢ − xⱼ) ⊗ fᵢⱼ. Its first index is that of x, its second that of f.</param>
/// <param name="Flows">
/// By which the velocity gives the flow of heat that belongs to the energies eᵢ: −Σⱼ (xᵢ − xⱼ) ⊗ ∂eⱼ/∂xᵢ, where the sum runs over pairs.
/// Of pair potentials and bonds that is the virial, of angles and dihedrals it is taken to be; of an embedded-atom potential it is another, as the two
/// parts F′ᵢ ρ′ and F′ⱼ ρ′ of a force come from the energies of different atoms. Both have the same sum over all atoms.
/// </param>
public sealed record AtomShares(double[] Energies, Matrix3[] Virials, Matrix3[] Flows);
