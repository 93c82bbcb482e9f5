using System.Collections.Immutable;

namespace ActorMultiscale.Physics.Particles;

/// <summary>
/// The units in which atoms are computed, as LAMMPS names them: an engine computes in these, and ports carry SI units, or none for <see cref="LennardJones"/>.
/// </summary>
/// <remarks>
/// Constants are those that LAMMPS uses for the same style (its file <c>update.cpp</c>, version of 2021), so that energies agree to the last digits:
/// they differ from CODATA in the seventh or so.
/// </remarks>
public sealed record UnitSystem
{
    private UnitSystem() { }

    /// <summary>What input files call it.</summary>
    public required string Name { get; init; }

    /// <summary>k_B: energy a kelvin (<c>lj</c>: 1).</summary>
    public required double Boltzmann { get; init; }

    /// <summary>Energy of a unit of mass at a unit of velocity: ½ m v² times this is in the unit of energy.</summary>
    public required double MassVelocitySquared { get; init; }

    /// <summary>Acceleration of a unit of mass by a unit of force.</summary>
    public double ForceToAcceleration => 1 / MassVelocitySquared;

    /// <summary>Energy of two unit charges at a unit distance.</summary>
    public required double Coulomb { get; init; }

    /// <summary>Pressure of a unit of energy a unit of volume.</summary>
    public required double Pressure { get; init; }

    /// <summary>One unit of length in m, of time in s, of mass in kg, of energy in J, of charge in C and of temperature in K; all 1 for <c>lj</c>, whose ports carry bare numbers.</summary>
    public required (double Length, double Time, double Mass, double Energy, double Charge, double Temperature) Si { get; init; }

    /// <summary>Reduced units: masses, lengths, energies and k_B in those of the potential.</summary>
    public static UnitSystem LennardJones { get; } = new()
    {
        Name = "lj", Boltzmann = 1, MassVelocitySquared = 1, Coulomb = 1, Pressure = 1, Si = (1, 1, 1, 1, 1, 1),
    };

    /// <summary>Å, ps, g/mol, eV, e, K, bar.</summary>
    public static UnitSystem Metal { get; } = new()
    {
        Name = "metal", Boltzmann = 8.617343e-5, MassVelocitySquared = 1.0364269e-4, Coulomb = 14.399645, Pressure = 1.6021765e6,
        Si = (1e-10, 1e-12, Dalton, ElementaryCharge, ElementaryCharge, 1),
    };

    /// <summary>Å, fs, g/mol, kcal/mol, e, K, atm.</summary>
    public static UnitSystem Real { get; } = new()
    {
        Name = "real", Boltzmann = 0.0019872067, MassVelocitySquared = 48.88821291 * 48.88821291, Coulomb = 332.06371, Pressure = 68568.415,
        Si = (1e-10, 1e-15, Dalton, 4184 / Avogadro, ElementaryCharge, 1),
    };

    /// <summary>m, s, kg, J, C, K, Pa.</summary>
    public static UnitSystem International { get; } = new()
    {
        Name = "si", Boltzmann = 1.3806504e-23, MassVelocitySquared = 1, Coulomb = 8.9876e9, Pressure = 1, Si = (1, 1, 1, 1, 1, 1),
    };

    /// <summary>All of them.</summary>
    public static ImmutableArray<UnitSystem> All { get; } = [LennardJones, Metal, Real, International];

    private const double Avogadro = 6.02214076e23;
    private const double ElementaryCharge = 1.602176634e-19;
    private const double Dalton = 1.66053906660e-27;
}
