using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Physics.Continuum.Assembling;

/// <summary>
/// The matrix of a form between two bases on one cell: B_{ai,bj} = Σ_q w_q Σ_kl D_{ik,jl} G_k[a] H_l[b], where G_0 are the test functions at the point, H_0 the
/// trial functions, and G_1, H_1 … their derivatives. What is zero in D is left out.
/// </summary>
internal sealed class MixedKernel
{
    private readonly Basis _trial;
    private readonly Basis _test;
    private readonly CellPoints _columns;
    private readonly CellPoints _rows;
    private readonly MixedForm _form;
    private readonly double[] _coefficients;    // D at ((i·S + k)·C + j)·S + l for S slots and C components of the trial functions.
    private readonly double[] _matrix;          // Block (i, j), row a, column b at ((i·C + j)·rows + a)·columns + b.
    private readonly int _slots;

    public MixedKernel(Basis trial, PointTable columns, Basis test, PointTable rows, MixedForm form)
    {
        (_trial, _test, _form, _slots) = (trial, test, form, 1 + trial.Mesh.Dimension);
        (_columns, _rows) = (new(trial.Mesh, columns, _slots), new(test.Mesh, rows, _slots));
        _coefficients = new double[test.Components * _slots * trial.Components * _slots];
        _matrix = new double[test.Components * rows.Functions * trial.Components * columns.Functions];
        if (form.IsUniform)
        {
            Ask(default);
        }
    }

    /// <summary>The cell, numbered through the mesh.</summary>
    public int Cell => _rows.Cell;

    /// <summary>Computes the matrix of a cell.</summary>
    /// <param name="block">The block.</param>
    /// <param name="local">The number of the cell in it.</param>
    /// <exception cref="Models.ScaleModelException">The cell is turned inside out, or the matrix not finite.</exception>
    public void Compute(int block, int local)
    {
        _rows.Move(block, local);
        _columns.Move(block, local);
        Array.Clear(_matrix);
        var (rows, columns) = (_rows.Table.Functions, _columns.Table.Functions);
        for (var q = 0; q < _rows.Table.Count; q++)
        {
            if (!_form.IsUniform)
            {
                Ask(_rows.Point(q));
            }

            var at = 0;
            for (var i = 0; i < _test.Components; i++)
            {
                for (var k = 0; k < _slots; k++)
                {
                    for (var j = 0; j < _trial.Components; j++)
                    {
                        for (var l = 0; l < _slots; l++, at++)
                        {
                            if (_coefficients[at] != 0)
                            {
                                Add(
                                    _rows.Weights[q] * _coefficients[at], _rows.Functions.AsSpan(((q * _slots) + k) * _rows.Table.Padded, rows),
                                    _columns.Functions.AsSpan(((q * _slots) + l) * _columns.Table.Padded, columns),
                                    _matrix.AsSpan(((i * _trial.Components) + j) * rows * columns, rows * columns));
                            }
                        }
                    }
                }
            }
        }

        _rows.RequireFinite(_matrix);
    }

    /// <summary>Adds the matrix of the cell to that of all.</summary>
    /// <param name="values">The numbers of the matrix of all.</param>
    /// <param name="rowStart">Where the rows of nodes start.</param>
    /// <param name="slots">Where in the row of node a node b stands, at a·columns + b.</param>
    public void AddTo(Span<double> values, int[] rowStart, ReadOnlySpan<ushort> slots)
    {
        var (rows, columns) = (_rows.Table.Functions, _columns.Table.Functions);
        var (ci, cj) = (_test.Components, _trial.Components);
        var nodes = _test.CellNodes(Cell);
        for (var a = 0; a < rows; a++)
        {
            // Row a of the nodes has ci rows of dofs; in each, node b has cj numbers side by side.
            var length = cj * (rowStart[nodes[a] + 1] - rowStart[nodes[a]]);
            for (var i = 0; i < ci; i++)
            {
                var row = values.Slice((ci * cj * rowStart[nodes[a]]) + (i * length), length);
                for (var b = 0; b < columns; b++)
                {
                    for (var j = 0; j < cj; j++)
                    {
                        row[(cj * slots[(a * columns) + b]) + j] += _matrix[(((((i * cj) + j) * rows) + a) * columns) + b];
                    }
                }
            }
        }
    }

    private static void Add(double factor, ReadOnlySpan<double> left, ReadOnlySpan<double> right, Span<double> to)
    {
        for (var a = 0; a < left.Length; a++)
        {
            var f = factor * left[a];
            var row = to.Slice(a * right.Length, right.Length);
            for (var b = 0; b < right.Length; b++)
            {
                row[b] += f * right[b];
            }
        }
    }

    // D by the answers to unit jets.
    private void Ask(in QuadraturePoint x)
    {
        for (var j = 0; j < _trial.Components; j++)
        {
            for (var l = 0; l < _slots; l++)
            {
                var e = BilinearForm.Unit(j);
                var answer = _form.Law(x, l == 0 ? new(e, default) : new(Vec3.Zero, Matrix3.Dyad(e, BilinearForm.Unit(l - 1))));
                for (var i = 0; i < _test.Components; i++)
                {
                    for (var k = 0; k < _slots; k++)
                    {
                        _coefficients[(((((i * _slots) + k) * _trial.Components) + j) * _slots) + l] = k == 0 ? answer.Value[i] : answer.Gradient[i, k - 1];
                    }
                }
            }
        }
    }
}
