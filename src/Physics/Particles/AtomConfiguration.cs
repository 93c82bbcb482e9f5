using System.Collections.Immutable;
using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Physics.Particles;

/// <summary>A kind of atom.</summary>
/// <param name="Name">What files call it: a chemical symbol, or whatever the user likes.</param>
/// <param name="Mass">Its mass, above zero, in the unit of mass of the atoms.</param>
public sealed record Species(string Name, double Mass);

/// <summary>A bond, an angle or a dihedral: atoms that belong together, and which parameters they have.</summary>
/// <param name="Kind">Index of the parameters, from 0.</param>
/// <param name="Atoms">Indices of the atoms, from 0: two of a bond, three of an angle (the middle one second), four of a dihedral or improper.</param>
public readonly record struct Connection(int Kind, ImmutableArray<int> Atoms);

/// <summary>
/// Atoms as they stand in files and at ports: what, where and how fast, one entry an atom, in an order that does not change.
/// All numbers are in the <see cref="UnitSystem"/> of <see cref="Units"/>.
/// </summary>
public sealed record AtomConfiguration
{
    /// <summary>The units of all numbers.</summary>
    public required UnitSystem Units { get; init; }

    /// <summary>Where the atoms live.</summary>
    public required SimulationBox Box { get; init; }

    /// <summary>The kinds of atoms.</summary>
    public required ImmutableArray<Species> Species { get; init; }

    /// <summary>The kind of each atom: an index into <see cref="Species"/>.</summary>
    public required int[] Kinds { get; init; }

    /// <summary>Where each atom is. Not wrapped: an atom that has left a periodic box has gone on.</summary>
    public required Vec3[] Positions { get; init; }

    /// <summary>How fast each atom is; empty: all at rest.</summary>
    public Vec3[] Velocities { get; init; } = [];

    /// <summary>The charge of each atom; empty: none has any.</summary>
    public double[] Charges { get; init; } = [];

    /// <summary>The number by which files know each atom; empty: 1, 2, …</summary>
    public long[] Ids { get; init; } = [];

    /// <summary>The molecule to which each atom belongs; empty: none.</summary>
    public int[] Molecules { get; init; } = [];

    /// <summary>Pairs that are bonded.</summary>
    public ImmutableArray<Connection> Bonds { get; init; } = [];

    /// <summary>Triples with an angle.</summary>
    public ImmutableArray<Connection> Angles { get; init; } = [];

    /// <summary>Quadruples with a dihedral.</summary>
    public ImmutableArray<Connection> Dihedrals { get; init; } = [];

    /// <summary>Quadruples with an improper dihedral.</summary>
    public ImmutableArray<Connection> Impropers { get; init; } = [];

    /// <summary>How many atoms there are.</summary>
    public int Count => Positions.Length;

    /// <summary>The number by which files know the atom of this index.</summary>
    public long IdOf(int atom) => Ids.Length == 0 ? atom + 1 : Ids[atom];
}
