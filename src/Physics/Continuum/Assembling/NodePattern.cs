using System.Runtime.CompilerServices;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Numerics.Sparse;

namespace ActorMultiscale.Physics.Continuum.Assembling;

/// <summary>
/// Which nodes of one basis share a cell with which of another (or of the same one), as sorted rows; and where in the row of its node a the node b of a cell stands.
/// </summary>
internal sealed class NodePattern
{
    private readonly int[] _slotStart;      // Of the cells.
    private readonly ushort[] _slots;
    private readonly int _components;       // Of the rows.
    private readonly int _columnComponents;
    private readonly int _columnNodes;
    private readonly int[] _columns;
    private readonly Lazy<CsrMatrix> _matrix;

    /// <summary>The pattern of matrices with the nodes of one basis for rows (test functions) and those of another for columns (trial functions), on one mesh.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public NodePattern(Basis basis, Basis columnBasis)
    {
        (_components, _columnComponents, _columnNodes) = (basis.Components, columnBasis.Components, columnBasis.NodeCount);
        var cells = basis.Mesh.CellCount;
        var nodes = basis.NodeCount;
        _slotStart = new int[cells + 1];
        var start = new int[nodes + 1];
        for (var c = 0; c < cells; c++)
        {
            var of = basis.CellNodes(c);
            _slotStart[c + 1] = Index((long)_slotStart[c] + (of.Length * columnBasis.CellNodes(c).Length), "pairs of nodes in one cell", basis.Mesh.CellCount, basis.NodeCount, _components);
            foreach (var n in of)
            {
                start[n + 1]++;
            }
        }

        for (var n = 0; n < nodes; n++)
        {
            start[n + 1] += start[n];
        }

        var cellsOf = new int[start[^1]];
        var placeOf = new byte[start[^1]];
        var next = start.AsSpan(0, nodes).ToArray();
        for (var c = 0; c < cells; c++)
        {
            var of = basis.CellNodes(c);
            for (var a = 0; a < of.Length; a++)
            {
                (cellsOf[next[of[a]]], placeOf[next[of[a]]]) = (c, (byte)a);
                next[of[a]]++;
            }
        }

        _slots = new ushort[_slotStart[^1]];
        RowStart = new int[nodes + 1];
        var columns = new List<int>(8 * nodes);
        var seen = new int[_columnNodes];
        var slot = new int[_columnNodes];
        Array.Fill(seen, -1);
        var row = new List<int>();
        for (var n = 0; n < nodes; n++)
        {
            row.Clear();
            for (var k = start[n]; k < start[n + 1]; k++)
            {
                foreach (var b in columnBasis.CellNodes(cellsOf[k]))
                {
                    if (seen[b] != n)
                    {
                        seen[b] = n;
                        row.Add(b);
                    }
                }
            }

            row.Sort();
            if (row.Count > ushort.MaxValue)
            {
                throw new ScaleModelException($"Node {n} shares cells with {row.Count} nodes; at most {ushort.MaxValue} are possible.");
            }

            for (var s = 0; s < row.Count; s++)
            {
                slot[row[s]] = s;
            }

            for (var k = start[n]; k < start[n + 1]; k++)
            {
                var of = columnBasis.CellNodes(cellsOf[k]);
                var at = _slotStart[cellsOf[k]] + (placeOf[k] * of.Length);
                for (var b = 0; b < of.Length; b++)
                {
                    _slots[at + b] = (ushort)slot[of[b]];
                }
            }

            columns.AddRange(row);
            RowStart[n + 1] = columns.Count;
        }

        _columns = [.. columns];
        _matrix = new(Expand);
    }

    /// <summary>Where each node's row starts, and the number of pairs.</summary>
    public int[] RowStart { get; }

    /// <summary>A matrix of zeros with the pattern of all dofs.</summary>
    public CsrMatrix Matrix() => _matrix.Value.WithSamePattern();

    /// <summary>Blocks of zeros with the pattern of the nodes.</summary>
    public BcsrMatrix Blocks() => new(new BlockRows<double>(_components, _components, RowStart.Length - 1, RowStart, _columns));

    /// <summary>Whether blocks have this pattern.</summary>
    public bool Fits(BcsrMatrix matrix) => matrix.BlockSize == _components && matrix.RowStart.SequenceEqual(RowStart) && matrix.BlockColumns.SequenceEqual(_columns);

    /// <summary>Whether a matrix has this pattern.</summary>
    public bool Fits(CsrMatrix matrix) =>
        matrix.RowStart == _matrix.Value.RowStart || (matrix.RowStart.SequenceEqual(_matrix.Value.RowStart) && matrix.Columns.SequenceEqual(_matrix.Value.Columns));

    /// <summary>The slots of a cell: that of b in the row of a at a·n + b, for n nodes b of the cell.</summary>
    public ReadOnlySpan<ushort> Slots(int cell) => _slots.AsSpan(_slotStart[cell], _slotStart[cell + 1] - _slotStart[cell]);

    /// <summary>A number of things as an index into an array.</summary>
    /// <exception cref="ScaleModelException">There are more than an array holds; the message has the sizes.</exception>
    internal static int Index(long count, string what, int cells, int nodes, int components) => count <= Array.MaxLength ? (int)count : throw new ScaleModelException(
        $"The matrix of {cells} cells and {nodes} nodes with {components} dofs each has {count} {what} or more; {Array.MaxLength} are possible. Take a coarser mesh, or elements of a lower degree.");

    private CsrMatrix Expand()
    {
        var (c, d) = (_components, _columnComponents);
        var rows = RowStart.Length - 1;
        var start = new int[(c * rows) + 1];
        var columns = new int[Index((long)c * d * _columns.Length, "entries", _slotStart.Length - 1, rows, c)];
        var at = 0;
        for (var n = 0; n < rows; n++)
        {
            for (var i = 0; i < c; i++)
            {
                for (var k = RowStart[n]; k < RowStart[n + 1]; k++)
                {
                    for (var j = 0; j < d; j++)
                    {
                        columns[at++] = (d * _columns[k]) + j;
                    }
                }

                start[(c * n) + i + 1] = at;
            }
        }

        return new CsrMatrix(d * _columnNodes, start, columns, new double[columns.Length]);
    }
}
