using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Particles.Domains;

/// <summary>What is told of a region in domains.</summary>
/// <param name="region">The region.</param>
/// <param name="isReduced">Whether all is in the units of the potential.</param>
/// <param name="hasAtoms">Whether positions and velocities of all atoms are told, which domain 0 gathers.</param>
internal sealed class DomainPorts(DividedRegion region, bool isReduced, bool hasAtoms)
{
    /// <summary>Numbers of an atom that is told: its number, position, velocity.</summary>
    public const int NumbersOfAtom = 7;

    private readonly MolecularDynamicsPorts _ports = new(isReduced, region.Units);

    public bool HasAtoms => hasAtoms;

    public ModelDescription Describe() => hasAtoms
        ? new([new(_ports.Positions, (int)region.Count), new(_ports.Velocities, (int)region.Count), .. _ports.Measured])
        : new([.. _ports.Measured]);

    /// <summary>Writes all ports.</summary>
    /// <param name="outputs">Takes them.</param>
    /// <param name="time">The time.</param>
    /// <param name="now">What was measured.</param>
    /// <param name="atoms">The atoms of each domain, where they are told: each atom is a number, position and velocity.</param>
    public void Write(PortWriter outputs, double time, Measurement now, IReadOnlyList<double[]> atoms)
    {
        if (hasAtoms)
        {
            var (positions, velocities) = (new Vec3[region.Count], new Vec3[region.Count]);
            foreach (var numbers in atoms)
            {
                for (var at = 0; at < numbers.Length; at += NumbersOfAtom)
                {
                    var number = (long)numbers[at];
                    positions[number] = new(numbers[at + 1], numbers[at + 2], numbers[at + 3]);
                    velocities[number] = new(numbers[at + 4], numbers[at + 5], numbers[at + 6]);
                }
            }

            _ports.WriteAtoms(outputs, time, positions, velocities);
        }

        _ports.Write(outputs, time, now, region.Box, region.Mass);
    }
}
