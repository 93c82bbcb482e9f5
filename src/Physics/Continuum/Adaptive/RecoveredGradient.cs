using ActorMultiscale.Physics.Continuum.Assembling;
using ActorMultiscale.Physics.Continuum.Elements;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Continuum.Adaptive;

/// <summary>
/// The gradient of a scalar field of finite elements, made one order better: at each vertex a polynomial of the degree of the elements is fitted to the gradient at
/// the Gauss points of the cells around, where it is better than elsewhere; inside a cell the polynomials of its vertices are blended by the functions of degree 1.
/// </summary>
/// <remarks>
/// G(x) = Σ_v φ_v(x) P_v(x). Where fewer than 2ᵈ cells meet, as at the boundary and at hanging nodes, the polynomial of the nearest vertex of
/// these cells where that many meet serves, as it is fitted to them too; without such a vertex, one is fitted to the cells one ring further out.
/// After: Zienkiewicz, Zhu, Int. J. Numer. Meth. Eng. 33 (1992) 1331, with the blending in place of values at nodes, so that hanging nodes need no care.
/// </remarks>
internal sealed class RecoveredGradient
{
    private const int Chunk = 1024;
    private readonly AdaptiveMesh _mesh;
    private readonly int _terms;
    private readonly Vec3[] _factors;       // Of the polynomial's terms at each vertex.
    private readonly double[] _scale;       // 1 / the size of the patch.
    private readonly int[] _owner;          // The vertex whose polynomial serves.
    private readonly int _dimension;
    private readonly int _degree;

    /// <param name="mesh">The mesh.</param>
    /// <param name="basis">The functions, scalar.</param>
    /// <param name="dofs">The field.</param>
    /// <param name="loop">The threads.</param>
    public RecoveredGradient(AdaptiveMesh mesh, Basis basis, double[] dofs, ChunkedLoop loop)
    {
        (_mesh, _dimension, _degree) = (mesh, mesh.Mesh.Dimension, basis.Degree);
        _terms = (_degree, _dimension) switch { (1, 2) => 3, (1, _) => 4, (_, 2) => 6, _ => 10 };
        var block = mesh.Mesh.Blocks[0];
        var rule = Quadrature.Of(block.Shape, (2 * _degree) - 1);
        var table = new PointTable(block.Geometry, Lagrange.Of(block.Shape, _degree), rule.Points.AsSpan());
        var each = rule.Points.Length;
        var (cells, vertices) = (mesh.Forest.Count, mesh.Mesh.Points.Length);
        var (places, samples) = (new Vec3[cells * each], new Vec3[cells * each]);
        loop.Run(cells, Chunk, (_, first, past) =>
        {
            var points = new CellPoints(mesh.Mesh, table, 1 + _dimension);
            for (var c = first; c < past; c++)
            {
                points.Move(0, c);
                for (var q = 0; q < each; q++)
                {
                    (places[(c * each) + q], samples[(c * each) + q]) = (points.Places[q], points.Gradient(q, dofs, basis.CellNodes(c)));
                }
            }
        });
        var start = new int[vertices + 1];
        for (var c = 0; c < cells; c++)
        {
            foreach (var v in mesh.Mesh.Vertices(c))
            {
                start[v + 1]++;
            }
        }

        for (var v = 0; v < vertices; v++)
        {
            start[v + 1] += start[v];
        }

        var around = new int[start[^1]];
        var next = start.AsSpan(0, vertices).ToArray();
        for (var c = 0; c < cells; c++)
        {
            foreach (var v in mesh.Mesh.Vertices(c))
            {
                around[next[v]++] = c;
            }
        }

        (_factors, _scale, _owner) = (new Vec3[vertices * _terms], new double[vertices], new int[vertices]);
        loop.Run(vertices, Chunk, (_, first, past) =>
        {
            var patch = new List<int>();
            var (normal, right, row) = (new double[_terms * _terms], new Vec3[_terms], new double[_terms]);
            for (var v = first; v < past; v++)
            {
                // A node in the middle of a curved edge has no cells.
                if (start[v] < start[v + 1] && Patch(v, start, around, patch))
                {
                    Fit(v, patch, each, places, samples, normal, right, row);
                }
            }
        });
    }

    // The cells to which the polynomial of a vertex is fitted; false where that of another vertex serves.
    private bool Patch(int v, int[] start, int[] around, List<int> patch)
    {
        var mesh = _mesh.Mesh;
        patch.Clear();
        foreach (var c in around.AsSpan(start[v]..start[v + 1]))
        {
            patch.Add(c);
        }

        _owner[v] = v;
        if (patch.Count >= 1 << _dimension)
        {
            return true;
        }

        var nearest = double.PositiveInfinity;
        foreach (var c in patch)
        {
            foreach (var w in mesh.Vertices(c))
            {
                // Equal distances up to round-off: the lowest number.
                var distance = (mesh.Points[w] - mesh.Points[v]).NormSquared;
                if (start[w + 1] - start[w] >= 1 << _dimension && (distance < (1 - 1e-9) * nearest || (distance < (1 + 1e-9) * nearest && w < _owner[v])))
                {
                    (nearest, _owner[v]) = (distance, w);
                }
            }
        }

        if (_owner[v] != v)
        {
            return false;
        }

        for (var n = patch.Count - 1; n >= 0; n--)
        {
            foreach (var w in mesh.Vertices(patch[n]))
            {
                foreach (var c in around.AsSpan(start[w]..start[w + 1]))
                {
                    if (!patch.Contains(c))
                    {
                        patch.Add(c);
                    }
                }
            }
        }

        return true;
    }

    /// <summary>G at a place of a cell.</summary>
    /// <param name="cell">The cell.</param>
    /// <param name="shape">The functions of degree 1 there.</param>
    /// <param name="place">x, m.</param>
    public Vec3 At(int cell, ReadOnlySpan<double> shape, Vec3 place)
    {
        Span<double> row = stackalloc double[10];
        var sum = Vec3.Zero;
        var vertices = _mesh.Mesh.Vertices(cell);
        for (var n = 0; n < vertices.Length; n++)
        {
            var v = _owner[vertices[n]];
            Row(_scale[v] * (place - _mesh.Mesh.Points[v]), row);
            var value = Vec3.Zero;
            for (var t = 0; t < _terms; t++)
            {
                value += row[t] * _factors[(v * _terms) + t];
            }

            sum += shape[n] * value;
        }

        return sum;
    }

    // Least squares by the normal equations, in coordinates about the vertex in units of the patch.
    private void Fit(int v, List<int> patch, int each, Vec3[] places, Vec3[] samples, double[] normal, Vec3[] right, double[] row)
    {
        var middle = _mesh.Mesh.Points[v];
        var size = 0.0;
        foreach (var c in patch)
        {
            size = Math.Max(size, (places[c * each] - middle).Norm);
        }

        _scale[v] = 1 / size;
        Array.Clear(normal);
        Array.Clear(right);
        foreach (var c in patch)
        {
            for (var q = c * each; q < (c + 1) * each; q++)
            {
                Row(_scale[v] * (places[q] - middle), row);
                for (var i = 0; i < _terms; i++)
                {
                    right[i] += row[i] * samples[q];
                    for (var j = 0; j <= i; j++)
                    {
                        normal[(i * _terms) + j] += row[i] * row[j];
                    }
                }
            }
        }

        // Cholesky; a term that the samples cannot tell from those before it, as in a body one cell wide, is left out.
        for (var i = 0; i < _terms; i++)
        {
            var whole = normal[(i * _terms) + i];
            for (var j = 0; j <= i; j++)
            {
                var sum = normal[(i * _terms) + j];
                for (var k = 0; k < j; k++)
                {
                    sum -= normal[(i * _terms) + k] * normal[(j * _terms) + k];
                }

                normal[(i * _terms) + j] = j < i ? sum / normal[(j * _terms) + j] : sum > 1e-10 * whole ? Math.Sqrt(sum) : double.PositiveInfinity;
            }
        }

        for (var i = 0; i < _terms; i++)
        {
            for (var k = 0; k < i; k++)
            {
                right[i] -= normal[(i * _terms) + k] * right[k];
            }

            right[i] /= normal[(i * _terms) + i];
        }

        for (var i = _terms - 1; i >= 0; i--)
        {
            for (var k = i + 1; k < _terms; k++)
            {
                right[i] -= normal[(k * _terms) + i] * right[k];
            }

            right[i] /= normal[(i * _terms) + i];
            _factors[(v * _terms) + i] = right[i];
        }
    }

    private void Row(Vec3 x, Span<double> row)
    {
        (row[0], row[1], row[2]) = (1, x.X, x.Y);
        if (_dimension == 3)
        {
            row[3] = x.Z;
        }

        if (_degree == 2)
        {
            var at = _dimension + 1;
            for (var i = 0; i < _dimension; i++)
            {
                for (var j = 0; j <= i; j++)
                {
                    row[at++] = x[i] * x[j];
                }
            }
        }
    }
}
