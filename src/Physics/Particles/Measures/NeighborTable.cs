using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Particles.Measures;

/// <summary>An atom near another.</summary>
/// <param name="Atom">Which.</param>
/// <param name="Offset">From the other to the image of this one that is meant.</param>
/// <param name="Squared">|offset|².</param>
public readonly record struct Neighbor(int Atom, Vec3 Offset, double Squared);

/// <summary>
/// The neighbors of every atom, the nearest first: as many images as there are, so that small periodic boxes are no special case.
/// </summary>
public sealed class NeighborTable
{
    private const int CellsPerChunk = 64;
    private readonly Neighbor[][] _neighbors;

    private NeighborTable(Neighbor[][] neighbors) => _neighbors = neighbors;

    /// <summary>How many atoms there are.</summary>
    public int Count => _neighbors.Length;

    /// <summary>The neighbors of an atom, the nearest first.</summary>
    public ReadOnlySpan<Neighbor> Of(int atom) => _neighbors[atom];

    /// <summary>All neighbors nearer than <paramref name="cutoff"/>.</summary>
    /// <param name="box">The box, of any shape.</param>
    /// <param name="positions">Where the atoms are, wrapped or not.</param>
    /// <param name="cutoff">The distance, in the unit of length of the positions.</param>
    /// <param name="loop">On what threads; the caller's if null.</param>
    /// <exception cref="ScaleModelException">There is no atom, one is nowhere, or the distance is not above zero.</exception>
    public static NeighborTable Within(SimulationBox box, ReadOnlySpan<Vec3> positions, double cutoff, ChunkedLoop? loop = null)
    {
        ArgumentNullException.ThrowIfNull(box);
        return Find(new CellGrid(box, positions, cutoff), positions.Length, cutoff, null, isPeriodic: false, loop);
    }

    /// <summary>The <paramref name="count"/> nearest neighbors of every atom. Of several at the same distance those of lower index come first.</summary>
    /// <param name="box">The box, of any shape.</param>
    /// <param name="positions">Where the atoms are, wrapped or not.</param>
    /// <param name="count">How many.</param>
    /// <param name="loop">On what threads; the caller's if null.</param>
    /// <exception cref="ScaleModelException">There are too few atoms, or one is nowhere.</exception>
    public static NeighborTable Nearest(SimulationBox box, ReadOnlySpan<Vec3> positions, int count, ChunkedLoop? loop = null)
    {
        ArgumentNullException.ThrowIfNull(box);
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        var isPeriodic = box.IsPeriodic(0) || box.IsPeriodic(1) || box.IsPeriodic(2);
        if (positions.Length <= count && !isPeriodic)
        {
            throw new ScaleModelException(FormattableString.Invariant($"Every atom needs {count} neighbors, and there are {positions.Length} atoms in a box without periodic sides. Is the right box given?"));
        }

        // A first sphere that holds some twice as many atoms; where it does not, as at a surface, larger ones.
        var grid = new CellGrid(box, positions, cutoff: 0);
        var cutoff = 1.25 * Math.Cbrt(3 * count / (4 * Math.PI * grid.Density));
        return Find(grid, positions.Length, cutoff, count, isPeriodic, loop);
    }

    // Everybody within the cutoff; or so many of the nearest, for which the sphere may have to grow.
    private static NeighborTable Find(CellGrid grid, int length, double cutoff, int? count, bool isPeriodic, ChunkedLoop? loop)
    {
        var neighbors = new Neighbor[length][];
        (loop ?? ChunkedLoop.Serial).Run(grid.Cells, CellsPerChunk, (_, first, past) =>
        {
            var found = new Collector([]);
            for (var cell = first; cell < past; cell++)
            {
                var atoms = grid.Atoms(cell);
                var ranges = grid.Around(cell, cutoff);
                for (var i = 0; i < atoms.Length; i++)
                {
                    found.Neighbors.Clear();
                    grid.Visit(cell, i, ranges, cutoff, ref found);

                    // Without periodic sides the last sphere holds everything; with them any number is found at last.
                    for (var radius = cutoff; found.Neighbors.Count < count;)
                    {
                        radius = isPeriodic || radius < 1.01 * grid.Diameter ? 1.5 * radius : throw new InvalidOperationException("Atoms are lost.");
                        found.Neighbors.Clear();
                        grid.Visit(cell, i, grid.Around(cell, radius), radius, ref found);
                    }

                    neighbors[atoms[i]] = found.Sorted(count ?? found.Neighbors.Count);
                }
            }
        });
        return new(neighbors);
    }

    private readonly struct Collector(List<Neighbor> neighbors) : IPairVisitor
    {
        public List<Neighbor> Neighbors { get; } = neighbors;

        public void Visit(int i, int j, Vec3 offset, double squared) => Neighbors.Add(new(j, offset, squared));

        public Neighbor[] Sorted(int count)
        {
            Neighbors.Sort(static (a, b) => a.Squared != b.Squared ? a.Squared.CompareTo(b.Squared) : a.Atom.CompareTo(b.Atom));
            return [.. System.Runtime.InteropServices.CollectionsMarshal.AsSpan(Neighbors)[..count]];
        }
    }
}
