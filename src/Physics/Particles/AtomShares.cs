using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Physics.Particles;

/// <summary>How potential energy and virial are divided among the atoms, each in the order of the configuration, in the units of the atoms.</summary>
/// <remarks>
/// Of a pair each atom has half; of an embedded-atom potential it has F(ρᵢ) and half of its pairs; of an angle or dihedral all atoms have
/// equal parts of the energy, and of the virial that of their own force at the place relative to the mean of the atoms of the term (LAMMPS
/// <c>compute centroid/stress/atom</c>). The energy of an angle of a Stillinger–Weber potential belongs to the atom in the middle, the virial to the others: Wᵢ = Σⱼ (xᵢ − xⱼ) ⊗ fᵢⱼ with
/// fᵢⱼ = −∂eⱼ/∂xᵢ the force on i that comes from the energy of j, so that with it the flow of heat is that of these energies
/// (Z. Fan et al., Phys. Rev. B 92 (2015) 094301); LAMMPS gives each of the three a third, and its <c>stress/atom</c> no true flow.
/// Of a field each atom has its own energy, and no virial. The shares add up to the whole, but the division itself is a convention; where nothing else is said it is that of LAMMPS.
/// </remarks>
/// <param name="Energies">eᵢ.</param>
/// <param name="Virials">Wᵢ; of pairs ½ Σⱼ (xᵢ − xⱼ) ⊗ fᵢⱼ. Its first index is that of x, its second that of f.</param>
/// <param name="Flows">
/// By which the velocity gives the flow of heat that belongs to the energies eᵢ: −Σⱼ (xᵢ − xⱼ) ⊗ ∂eⱼ/∂xᵢ, where the sum runs over pairs.
/// Of pair potentials and bonds that is the virial, of angles and dihedrals it is taken to be; of an embedded-atom potential it is another, as the two
/// parts F′ᵢ ρ′ and F′ⱼ ρ′ of a force come from the energies of different atoms. Both have the same sum over all atoms.
/// </param>
public sealed record AtomShares(double[] Energies, Matrix3[] Virials, Matrix3[] Flows);
