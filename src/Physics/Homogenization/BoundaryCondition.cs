namespace ActorMultiscale.Physics.Homogenization;

/// <summary>
/// What holds at the faces of a representative volume element. Each fulfills Hill and Mandel's condition, ⟨σ:ε⟩ = ⟨σ⟩:⟨ε⟩; of one element the stiffnesses
/// are ordered, static ≤ periodic ≤ kinematic, and go to one as it grows.
/// </summary>
/// <remarks>After: Huet, J. Mech. Phys. Solids 38, 813 (1990); Hazanov, Huet, J. Mech. Phys. Solids 42, 1995 (1994).</remarks>
public enum BoundaryCondition
{
    /// <summary>Uniform strain: u = ε̄·x on the faces (KUBC). Of heat: T = ḡ·x.</summary>
    Kinematic,

    /// <summary>Periodic fluctuations: u⁺ − u⁻ = ε̄·(x⁺ − x⁻) (PBC). Opposite faces have nodes at the same places.</summary>
    Periodic,

    /// <summary>Uniform stress: tractions σ̄·n on the faces (SUBC), with the σ̄ that makes the mean strain ε̄. Of heat: the flux q̄·n. No pore reaches the faces.</summary>
    Static,
}
