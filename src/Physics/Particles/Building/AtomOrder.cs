using System.Collections.Immutable;

namespace ActorMultiscale.Physics.Particles.Building;

/// <summary>The order of atoms. Programs that run on many processors write them in whatever order they lie; frames of one run are to be compared atom by atom.</summary>
public static class AtomOrder
{
    /// <summary>The same atoms by ascending id, and connections that name them anew. Atoms of equal id keep their order.</summary>
    public static AtomConfiguration ById(AtomConfiguration atoms)
    {
        ArgumentNullException.ThrowIfNull(atoms);
        if (atoms.Ids.Length == 0)
        {
            return atoms;
        }

        int[] order = [.. Enumerable.Range(0, atoms.Count).OrderBy(i => atoms.Ids[i])];
        var place = new int[order.Length];
        for (var i = 0; i < order.Length; i++)
        {
            place[order[i]] = i;
        }

        ImmutableArray<Connection> Renamed(ImmutableArray<Connection> connections) =>
            [.. connections.Select(c => c with { Atoms = [.. c.Atoms.Select(atom => place[atom])] })];
        return atoms with
        {
            Kinds = Sorted(atoms.Kinds, order),
            Positions = Sorted(atoms.Positions, order),
            Velocities = Sorted(atoms.Velocities, order),
            Charges = Sorted(atoms.Charges, order),
            Ids = Sorted(atoms.Ids, order),
            Molecules = Sorted(atoms.Molecules, order),
            Bonds = Renamed(atoms.Bonds),
            Angles = Renamed(atoms.Angles),
            Dihedrals = Renamed(atoms.Dihedrals),
            Impropers = Renamed(atoms.Impropers),
        };
    }

    private static T[] Sorted<T>(T[] values, int[] order) => values.Length == 0 ? values : Array.ConvertAll(order, i => values[i]);
}
