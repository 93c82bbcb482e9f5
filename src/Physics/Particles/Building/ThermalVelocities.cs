using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Particles.Building;

/// <summary>Velocities after Maxwell's distribution.</summary>
/// <remarks>
/// Every component is drawn from a normal distribution of the variance k_B T / m; then the velocity of the center of mass is taken away, and all are scaled
/// so that Σ m v² = (3N − 3) k_B T. An atom's draw depends on seed and id alone, and sums go by ascending id: the order in which atoms stand changes no bit.
/// </remarks>
public static class ThermalVelocities
{
    private static readonly ulong _stream = Fingerprint.OfName("thermal-velocities");

    /// <summary>Draws velocities.</summary>
    /// <param name="atoms">The atoms; of them units, masses and ids count.</param>
    /// <param name="temperature">T, in the unit of temperature of the atoms; not below zero.</param>
    /// <param name="seed">Which draw.</param>
    /// <returns>A velocity an atom, in the unit of velocity of the atoms.</returns>
    /// <exception cref="ScaleModelException">The temperature is negative, there is a single atom (which without momentum has none), a mass is not above zero, or two atoms have one id.</exception>
    public static Vec3[] Draw(AtomConfiguration atoms, double temperature, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(atoms);
        if (!(temperature is >= 0 and < double.PositiveInfinity))
        {
            throw new ScaleModelException(FormattableString.Invariant($"A temperature of {temperature} is asked for; it must be finite and not below zero."));
        }

        if (atoms.Species.FirstOrDefault(s => !(s.Mass is > 0 and < double.PositiveInfinity)) is { } bad)
        {
            throw new ScaleModelException(FormattableString.Invariant($"The species '{bad.Name}' has the mass {bad.Mass}; to have a thermal velocity it must be finite and above zero."));
        }

        var velocities = new Vec3[atoms.Count];
        if (temperature == 0 || atoms.Count == 0)
        {
            return velocities;
        }

        if (atoms.Count == 1)
        {
            throw new ScaleModelException(FormattableString.Invariant($"A temperature of {temperature} is asked for of a single atom: without momentum it cannot move. Give its velocity by hand."));
        }

        var (ids, order) = ByAscendingId(atoms);
        var random = Random(seed);
        var masses = new double[ids.Length];
        var components = new[] { new double[ids.Length], new double[ids.Length], new double[ids.Length] };
        for (var i = 0; i < ids.Length; i++)
        {
            masses[i] = atoms.Species[atoms.Kinds[order[i]]].Mass;
            var spread = Math.Sqrt(atoms.Units.Boltzmann * temperature / (masses[i] * atoms.Units.MassVelocitySquared));
            var v = spread * Drawn(random, ids[i]);
            (components[0][i], components[1][i], components[2][i]) = (v.X, v.Y, v.Z);
        }

        // v ← v − Σ m v / Σ m, then v ← v √(T / T₀), T₀ = Σ m v² / ((3N − 3) k_B).
        var mass = FixedOrderSum.Of(masses);
        var twiceKinetic = 0.0;
        var weighted = new double[ids.Length];
        foreach (var component in components)
        {
            var drift = FixedOrderSum.Dot(masses, component) / mass;
            for (var i = 0; i < component.Length; i++)
            {
                component[i] -= drift;
                weighted[i] = masses[i] * component[i];
            }

            twiceKinetic += FixedOrderSum.Dot(weighted, component);
        }

        var scale = Math.Sqrt(3.0 * (ids.Length - 1) * atoms.Units.Boltzmann * temperature / (atoms.Units.MassVelocitySquared * twiceKinetic));
        for (var i = 0; i < ids.Length; i++)
        {
            velocities[order[i]] = scale * new Vec3(components[0][i], components[1][i], components[2][i]);
        }

        return velocities;
    }

    /// <summary>What draws.</summary>
    internal static Philox Random(ulong seed) => new(seed, _stream);

    /// <summary>Three standard normal numbers of an atom.</summary>
    internal static Vec3 Drawn(Philox random, long id)
    {
        var (x, y) = random.Normal(0, 0, id);
        return new(x, y, random.Normal(0, 0, id, 1).First);
    }

    private static (long[] Ids, int[] Order) ByAscendingId(AtomConfiguration atoms)
    {
        var (ids, order) = (new long[atoms.Count], new int[atoms.Count]);
        for (var i = 0; i < ids.Length; i++)
        {
            (ids[i], order[i]) = (atoms.IdOf(i), i);
        }

        Array.Sort(ids, order);
        for (var i = 1; i < ids.Length; i++)
        {
            if (ids[i] == ids[i - 1])
            {
                throw new ScaleModelException(FormattableString.Invariant($"The atoms at the indices {Math.Min(order[i], order[i - 1])} and {Math.Max(order[i], order[i - 1])} both have the id {ids[i]}; ids must differ."));
            }
        }

        return (ids, order);
    }
}
