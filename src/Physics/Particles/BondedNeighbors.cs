namespace ActorMultiscale.Physics.Particles;

/// <summary>
/// Atoms that bonds lead to, by how many bonds the shortest way has. In a ring an atom may be reached by several ways: the shortest counts.
/// </summary>
[Flags]
public enum BondedNeighbors
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>One bond away: 1-2.</summary>
    OneBond = 1,

    /// <summary>Two bonds away, the ends of an angle: 1-3.</summary>
    TwoBonds = 2,

    /// <summary>Three bonds away, the ends of a dihedral: 1-4.</summary>
    ThreeBonds = 4,

    /// <summary>Up to three bonds away.</summary>
    All = OneBond | TwoBonds | ThreeBonds,
}

/// <summary>For each atom of a configuration those that do not act on it by pair interactions.</summary>
internal sealed class ExclusionTable
{
    private ExclusionTable(int[] starts, int[] partners) => (Starts, Partners) = (starts, partners);

    /// <summary>Where the partners of each atom begin, by its index in the configuration; one entry more than there are atoms.</summary>
    public int[] Starts { get; }

    /// <summary>Indices of the partners, ascending for each atom.</summary>
    public int[] Partners { get; }

    /// <summary>The atoms that the bonds of <paramref name="atoms"/> lead to; null if there are none.</summary>
    public static ExclusionTable? Of(AtomConfiguration atoms, BondedNeighbors which)
    {
        if (which == BondedNeighbors.None || atoms.Bonds.Length == 0)
        {
            return null;
        }

        var (bonded, starts, partners) = (Bonded(atoms), new int[atoms.Count + 1], new List<int>());
        var (near, shell, next) = (new HashSet<int>(), new List<int>(), new List<int>());
        for (var i = 0; i < atoms.Count; i++)
        {
            // Shell after shell of atoms that no shorter way has reached.
            near.Clear();
            shell.Clear();
            near.Add(i);
            shell.Add(i);
            var first = partners.Count;
            for (var distance = 1; distance <= 3; distance++)
            {
                next.Clear();
                foreach (var j in shell)
                {
                    next.AddRange(bonded[j].Where(near.Add));
                }

                if (which.HasFlag((BondedNeighbors)(1 << (distance - 1))))
                {
                    partners.AddRange(next);
                }

                (shell, next) = (next, shell);
            }

            partners.Sort(first, partners.Count - first, null);
            starts[i + 1] = partners.Count;
        }

        return new(starts, [.. partners]);
    }

    private static List<int>[] Bonded(AtomConfiguration atoms)
    {
        var bonded = Enumerable.Range(0, atoms.Count).Select(_ => new List<int>()).ToArray();
        foreach (var bond in atoms.Bonds)
        {
            bonded[bond.Atoms[0]].Add(bond.Atoms[1]);
            bonded[bond.Atoms[1]].Add(bond.Atoms[0]);
        }

        return bonded;
    }
}
