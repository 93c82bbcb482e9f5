using System.Numerics;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Physics.Particles.Measures;

/// <summary>How the neighbors of an atom stand.</summary>
public enum LocalStructure
{
    /// <summary>Like nothing below: a surface, a dislocation core, a liquid.</summary>
    Other,

    /// <summary>Face-centered cubic.</summary>
    Fcc,

    /// <summary>Hexagonal close-packed; in an fcc crystal a stacking fault (two layers) or a twin boundary (one).</summary>
    Hcp,

    /// <summary>Body-centered cubic.</summary>
    Bcc,

    /// <summary>The middle of an icosahedron.</summary>
    Icosahedral,
}

/// <summary>
/// Common neighbor analysis: the structure around each atom, by who of its neighbors are neighbors of each other.
/// </summary>
/// <remarks>
/// Each neighbor has a signature (n, b, c): n neighbors common with the central atom, b bonds between these, c of them in the longest chain.
/// fcc: 12 × 421; hcp: 6 × 421 and 6 × 422; bcc: 8 × 666 and 6 × 444; icosahedral: 12 × 555.
/// After: Honeycutt, Andersen, J. Phys. Chem. 91 (1987) 4950; Faken, Jónsson, Comput. Mater. Sci. 2 (1994) 279;
/// Stukowski, Modelling Simul. Mater. Sci. Eng. 20 (2012) 045021.
/// </remarks>
public static class CommonNeighbors
{
    private const int ClosePacked = 12;
    private const int BodyCentered = 14;

    // Half way between the first and the second shell of fcc, and between the second and third of bcc, over the lattice's own length.
    private const double BetweenShells = 0.5 * (1 + 1.4142135623730951);

    /// <summary>The cutoff that suits an fcc crystal: half way between its first and second shell.</summary>
    /// <param name="lattice">The lattice constant.</param>
    public static double FccCutoff(double lattice) => BetweenShells * lattice / Math.Sqrt(2);

    /// <summary>The cutoff that suits a bcc crystal: half way between its second and third shell.</summary>
    /// <param name="lattice">The lattice constant.</param>
    public static double BccCutoff(double lattice) => BetweenShells * lattice;

    /// <summary>The structure of every atom, where those nearer than a fixed distance are neighbors: the conventional analysis.</summary>
    /// <param name="box">The box, of any shape.</param>
    /// <param name="positions">Where the atoms are, wrapped or not.</param>
    /// <param name="cutoff">The distance: <see cref="FccCutoff"/> or <see cref="BccCutoff"/>.</param>
    /// <param name="loop">On what threads; the caller's if null.</param>
    /// <exception cref="ScaleModelException">There is no atom, one is nowhere, or the distance is not above zero.</exception>
    public static LocalStructure[] Conventional(SimulationBox box, ReadOnlySpan<Vec3> positions, double cutoff, ChunkedLoop? loop = null)
    {
        var table = NeighborTable.Within(box, positions, cutoff, loop);
        return Each(table.Count, loop, atom =>
        {
            var near = table.Of(atom);
            return near.Length is ClosePacked or BodyCentered ? Classify(near, cutoff * cutoff) : LocalStructure.Other;
        });
    }

    /// <summary>The structure of every atom, where each has a cutoff of its own from the distances of its nearest neighbors: no parameter, any density.</summary>
    /// <remarks>
    /// $r = \frac{1+\sqrt2}{2} \frac{1}{12} \sum_{12} |R_j|$ for fcc, hcp and icosahedra;
    /// $r = \frac{1+\sqrt2}{2} \frac{1}{14} (\frac{2}{\sqrt3} \sum_{1…8} |R_j| + \sum_{9…14} |R_j|)$ for bcc, tried last.
    /// </remarks>
    /// <param name="box">The box, of any shape.</param>
    /// <param name="positions">Where the atoms are, wrapped or not.</param>
    /// <param name="loop">On what threads; the caller's if null.</param>
    /// <exception cref="ScaleModelException">There are too few atoms, or one is nowhere.</exception>
    public static LocalStructure[] Adaptive(SimulationBox box, ReadOnlySpan<Vec3> positions, ChunkedLoop? loop = null)
    {
        var table = NeighborTable.Nearest(box, positions, BodyCentered, loop);
        return Each(table.Count, loop, atom =>
        {
            var near = table.Of(atom);
            var (eight, twelve, fourteen) = (0.0, 0.0, 0.0);
            for (var j = 0; j < BodyCentered; j++)
            {
                var distance = Math.Sqrt(near[j].Squared);
                eight += j < 8 ? distance : 0;
                twelve += j < ClosePacked ? distance : 0;
                fourteen += distance;
            }

            var closePacked = BetweenShells * twelve / ClosePacked;
            var structure = Classify(near[..ClosePacked], closePacked * closePacked);
            var bodyCentered = BetweenShells * ((2 / Math.Sqrt(3) * eight) + (fourteen - eight)) / BodyCentered;
            return structure != LocalStructure.Other ? structure : Classify(near, bodyCentered * bodyCentered);
        });
    }

    /// <summary>How many neighbors each atom has within <paramref name="cutoff"/>.</summary>
    /// <param name="box">The box, of any shape.</param>
    /// <param name="positions">Where the atoms are, wrapped or not.</param>
    /// <param name="cutoff">The distance.</param>
    /// <param name="loop">On what threads; the caller's if null.</param>
    /// <exception cref="ScaleModelException">There is no atom, one is nowhere, or the distance is not above zero.</exception>
    public static int[] Coordination(SimulationBox box, ReadOnlySpan<Vec3> positions, double cutoff, ChunkedLoop? loop = null)
    {
        var table = NeighborTable.Within(box, positions, cutoff, loop);
        return [.. Enumerable.Range(0, table.Count).Select(i => table.Of(i).Length)];
    }

    private static LocalStructure[] Each(int atoms, ChunkedLoop? loop, Func<int, LocalStructure> structure)
    {
        var structures = new LocalStructure[atoms];
        (loop ?? ChunkedLoop.Serial).Run(atoms, 256, (_, first, past) =>
        {
            for (var atom = first; atom < past; atom++)
            {
                structures[atom] = structure(atom);
            }
        });
        return structures;
    }

    // Sets of neighbors are bits of a number: bond[i] holds those to which neighbor i is bonded.
    private static LocalStructure Classify(ReadOnlySpan<Neighbor> near, double squaredCutoff)
    {
        Span<uint> bond = stackalloc uint[BodyCentered];
        bond.Clear();
        for (var i = 0; i < near.Length; i++)
        {
            for (var j = 0; j < i; j++)
            {
                if ((near[i].Offset - near[j].Offset).NormSquared < squaredCutoff)
                {
                    bond[i] |= 1u << j;
                    bond[j] |= 1u << i;
                }
            }
        }

        var (n421, n422, n444, n555, n666) = (0, 0, 0, 0, 0);
        for (var i = 0; i < near.Length; i++)
        {
            var common = bond[i];
            switch (BitOperations.PopCount(common), Bonds(bond, common), LongestChain(bond, common))
            {
                case (4, 2, 1):
                    n421++;
                    break;
                case (4, 2, 2):
                    n422++;
                    break;
                case (4, 4, 4):
                    n444++;
                    break;
                case (5, 5, 5):
                    n555++;
                    break;
                case (6, 6, 6):
                    n666++;
                    break;
                default:
                    return LocalStructure.Other;
            }
        }

        return (near.Length, n421, n422, n444, n555, n666) switch
        {
            (ClosePacked, 12, 0, 0, 0, 0) => LocalStructure.Fcc,
            (ClosePacked, 6, 6, 0, 0, 0) => LocalStructure.Hcp,
            (ClosePacked, 0, 0, 0, 12, 0) => LocalStructure.Icosahedral,
            (BodyCentered, 0, 0, 6, 0, 8) => LocalStructure.Bcc,
            _ => LocalStructure.Other,
        };
    }

    private static int Bonds(ReadOnlySpan<uint> bond, uint members)
    {
        var ends = 0;
        for (var rest = members; rest != 0; rest &= rest - 1)
        {
            ends += BitOperations.PopCount(bond[BitOperations.TrailingZeroCount(rest)] & members);
        }

        return ends / 2;
    }

    // The bonds of the largest set of members that hang together.
    private static int LongestChain(ReadOnlySpan<uint> bond, uint members)
    {
        var longest = 0;
        while (members != 0)
        {
            var (chain, front) = (0u, members & (~members + 1));
            while (front != 0)
            {
                chain |= front;
                var next = 0u;
                for (var rest = front; rest != 0; rest &= rest - 1)
                {
                    next |= bond[BitOperations.TrailingZeroCount(rest)] & members;
                }

                front = next & ~chain;
            }

            longest = Math.Max(longest, Bonds(bond, chain));
            members &= ~chain;
        }

        return longest;
    }
}
