using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
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

    /// <summary>G at the quadrature points of a cell, four points at once.</summary>
    /// <param name="points">The points.</param>
    /// <param name="shapes">The functions of degree 1 there: that of vertex n at point q, at n·Q + q, with Q points in whole fours.</param>
    /// <param name="to">One vector a point; overwritten.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void At(CellPoints points, double[] shapes, Span<Vec3> to)
    {
        const int lanes = 4;
        var count = points.Weights.Length;
        var padded = (count + lanes - 1) / lanes * lanes;
        var vertices = _mesh.Mesh.Vertices(points.Cell);
        Span<double> places = stackalloc double[3 * padded];
        Span<Vector256<double>> row = stackalloc Vector256<double>[_degree == 2 ? 10 : 0];
        for (var q = 0; q < count; q++)
        {
            (places[q], places[padded + q], places[(2 * padded) + q]) = points.Places[q];
        }

        for (var first = 0; first < count; first += lanes)
        {
            var (x, y, z) = (Vector256.Create<double>(places[first..]), Vector256.Create<double>(places[(padded + first)..]), Vector256.Create<double>(places[((2 * padded) + first)..]));
            var (gx, gy, gz) = (Vector256<double>.Zero, Vector256<double>.Zero, Vector256<double>.Zero);
            for (var n = 0; n < vertices.Length; n++)
            {
                var v = _owner[vertices[n]];
                var (middle, scale) = (_mesh.Mesh.Points[v], Vector256.Create(_scale[v]));
                var factors = _factors.AsSpan(v * _terms, _terms);
                var (dx, dy) = (scale * (x - Vector256.Create(middle.X)), scale * (y - Vector256.Create(middle.Y)));
                var shape = Vector256.Create<double>(shapes.AsSpan((n * padded) + first));
                if (factors.Length == 3)
                {
                    // The plane and degree 1.
                    gx += shape * (Vector256.Create(factors[0].X) + (dx * Vector256.Create(factors[1].X)) + (dy * Vector256.Create(factors[2].X)));
                    gy += shape * (Vector256.Create(factors[0].Y) + (dx * Vector256.Create(factors[1].Y)) + (dy * Vector256.Create(factors[2].Y)));
                    continue;
                }

                var dz = scale * (z - Vector256.Create(middle.Z));
                var (vx, vy, vz) = (Vector256.Create(factors[0].X), Vector256.Create(factors[0].Y), Vector256.Create(factors[0].Z));
                AddTerm(dx, factors[1], ref vx, ref vy, ref vz);
                AddTerm(dy, factors[2], ref vx, ref vy, ref vz);
                if (_dimension == 3)
                {
                    AddTerm(dz, factors[3], ref vx, ref vy, ref vz);
                }

                if (_degree == 2)
                {
                    Products(dx, dy, dz, row);
                    for (var t = _dimension + 1; t < factors.Length; t++)
                    {
                        AddTerm(row[t], factors[t], ref vx, ref vy, ref vz);
                    }
                }

                gx += shape * vx;
                gy += shape * vy;
                gz += shape * vz;
            }

            for (var q = first; q < Math.Min(first + lanes, count); q++)
            {
                to[q] = new(gx[q - first], gy[q - first], gz[q - first]);
            }
        }
    }

    private static void AddTerm(Vector256<double> term, Vec3 factor, ref Vector256<double> x, ref Vector256<double> y, ref Vector256<double> z)
    {
        x += term * Vector256.Create(factor.X);
        y += term * Vector256.Create(factor.Y);
        z += term * Vector256.Create(factor.Z);
    }

    // The terms of degree 2, in the order of Row.
    private void Products(Vector256<double> x, Vector256<double> y, Vector256<double> z, Span<Vector256<double>> row)
    {
        var at = _dimension + 1;
        (row[at], row[at + 1], row[at + 2]) = (x * x, y * x, y * y);
        if (_dimension == 3)
        {
            (row[at + 3], row[at + 4], row[at + 5]) = (z * x, z * y, z * z);
        }
    }

    // Least squares by the normal equations, in coordinates about the vertex in units of the patch.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
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
