namespace ActorMultiscale.Physics.Particles;

/// <summary>
/// An embedded-atom potential of one element. Metal units: eV, Å.
/// </summary>
/// <remarks>
/// Energy: E = Σᵢ F(ρᵢ) + ½ Σᵢ Σⱼ≠ᵢ φ(rᵢⱼ), ρᵢ = Σⱼ≠ᵢ ρ(rᵢⱼ).
/// Force on i: −Σⱼ [φ′(r) + (F′(ρᵢ) + F′(ρⱼ)) ρ′(r)] (xᵢ − xⱼ)/r.
/// After: Daw, Baskes, Phys. Rev. B 29 (1984) 6443.
/// </remarks>
public interface IEmbeddedAtomPotential
{
    /// <summary>Pairs at this distance and beyond do not interact, Å.</summary>
    double Cutoff { get; }

    /// <summary>A lattice constant near the one that the potential has, Å: where its search begins.</summary>
    double LatticeGuess { get; }

    /// <summary>φ(r), eV, and φ′(r), eV/Å.</summary>
    (double Value, double Slope) Pair(double r);

    /// <summary>ρ(r) and ρ′(r), per Å.</summary>
    (double Value, double Slope) Density(double r);

    /// <summary>F(ρ), eV, and F′(ρ), eV.</summary>
    (double Value, double Slope) Embedding(double density);
}
