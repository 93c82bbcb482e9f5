using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Physics.Particles.Interactions;

/// <summary>The same force F on every atom: E = −F·x, by unwrapped positions (LAMMPS <c>fix addforce</c>).</summary>
/// <param name="force">F.</param>
public readonly struct UniformForce(Vec3 force) : IExternalField
{
    /// <inheritdoc/>
    public Vec3 Force(in FieldAtom atom, out double energy)
    {
        energy = -Vec3.Dot(force, atom.Unwrapped);
        return force;
    }
}

/// <summary>The same acceleration g of every atom: E = −m g·x, by unwrapped positions (LAMMPS <c>fix gravity</c>).</summary>
/// <param name="acceleration">g, length over time squared.</param>
/// <param name="units">The units of the atoms.</param>
public readonly struct Gravity(Vec3 acceleration, UnitSystem units) : IExternalField
{
    private readonly double _massVelocitySquared = units.MassVelocitySquared;

    /// <inheritdoc/>
    public Vec3 Force(in FieldAtom atom, out double energy)
    {
        var force = atom.Mass * _massVelocitySquared * acceleration;
        energy = -Vec3.Dot(force, atom.Unwrapped);
        return force;
    }
}

/// <summary>A uniform electric field on charges: f = q E, E = −q E·x, by unwrapped positions (LAMMPS <c>fix efield</c>).</summary>
/// <param name="field">
/// The force on a unit charge. In metal units that is V/Å, as in LAMMPS; in real units kcal/(mol Å e), where LAMMPS takes V/Å, of which one is 23.060549 of these.
/// </param>
public readonly struct UniformElectricField(Vec3 field) : IExternalField
{
    /// <inheritdoc/>
    public Vec3 Force(in FieldAtom atom, out double energy)
    {
        var force = atom.Charge * field;
        energy = -Vec3.Dot(force, atom.Unwrapped);
        return force;
    }

    /// <inheritdoc/>
    public string? Fault(AtomConfiguration atoms)
    {
        ArgumentNullException.ThrowIfNull(atoms);
        return atoms.Charges.Length == atoms.Count ? null : $"An electric field needs the charge of each atom: there are {atoms.Charges.Length} charges for {atoms.Count} atoms.";
    }
}
