using System.Collections.Immutable;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Particles.Domains;

/// <summary>
/// Atoms in domains as a participant: what <see cref="MolecularDynamicsModel"/> does, by a team. Its settings are those of
/// that model which are known for a region that is split.
/// </summary>
/// <remarks>
/// The split belongs to the experiment and not to the machine: other domains give other last digits, other threads and processes do not.
/// </remarks>
public static class MolecularDomains
{
    /// <summary>The model for experiments, in SI units, with all domains in this process.</summary>
    /// <param name="reader">Reads atoms from files.</param>
    public static ModelEntry Entry(AtomReader reader) => new("molecular-domains",
        "Atoms in domains that exchange borders: pair potentials, embedded atoms, a Langevin bath", MolecularDynamicsSettings.OfDomains(isReduced: false),
        settings => Team(settings, isReduced: false, reader));

    /// <summary>The same in the units of the potential: all settings and ports are bare numbers.</summary>
    /// <param name="reader">Reads atoms from files.</param>
    public static ModelEntry ReducedEntry(AtomReader reader) => new("molecular-domains-reduced",
        "The same as molecular-domains, in the units of the potential: σ, ε, m and k_B are one", MolecularDynamicsSettings.OfDomains(isReduced: true),
        settings => Team(settings, isReduced: true, reader));

    /// <summary>The ports of the participant.</summary>
    /// <param name="settings">Values of the settings of <see cref="Entry"/>.</param>
    /// <param name="isReduced">Whether all is in the units of the potential.</param>
    /// <param name="reader">Reads atoms from files.</param>
    /// <exception cref="ScaleModelException">Settings do not fit together; all that is wrong is named. Or a file cannot be read.</exception>
    public static ModelDescription Describe(ModelSettings settings, bool isReduced, AtomReader reader) => Read(settings, isReduced, reader).Ports.Describe();

    /// <summary>One domain alone, for a process that has this one and not the others. It needs memory for its own atoms and images.</summary>
    /// <param name="settings">Values of the settings of <see cref="Entry"/>.</param>
    /// <param name="isReduced">Whether all is in the units of the potential.</param>
    /// <param name="reader">Reads atoms from files.</param>
    /// <param name="number">The number of the domain.</param>
    /// <exception cref="ScaleModelException">Settings do not fit together; all that is wrong is named. Or a file cannot be read.</exception>
    public static Domain Member(ModelSettings settings, bool isReduced, AtomReader reader, int number)
    {
        var (region, ports) = Read(settings, isReduced, reader);
        return new(region, number, ports);
    }

    private static TeamModel Team(ModelSettings settings, bool isReduced, AtomReader reader)
    {
        var (region, ports) = Read(settings, isReduced, reader);
        var (x, y, z) = region.Domains;
        return new(ports.Describe(), x * y * z, number => new Domain(region, number, ports));
    }

    private static (DividedRegion Region, DomainPorts Ports) Read(ModelSettings settings, bool isReduced, AtomReader reader)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var region = new MolecularDynamicsSettings(settings, isReduced, reader).Divided();
        return (region, new(region, isReduced, settings.Flag("atom-ports")));
    }
}
