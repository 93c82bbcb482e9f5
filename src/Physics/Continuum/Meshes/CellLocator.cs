using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Physics.Continuum.Meshes;

/// <summary>Finds the cell in which a point lies, by a grid of boxes over the mesh. Made once for a mesh; a search takes time that does not depend on its size.</summary>
public sealed class CellLocator
{
    private readonly Mesh _mesh;
    private readonly Vec3 _low;
    private readonly double _edge;
    private readonly int[] _count = [1, 1, 1];
    private readonly int[] _start;
    private readonly int[] _cells;

    /// <summary>A locator of the cells of a mesh.</summary>
    public CellLocator(Mesh mesh)
    {
        ArgumentNullException.ThrowIfNull(mesh);
        _mesh = mesh;
        var boxes = new (Vec3 Low, Vec3 High)[mesh.CellCount];
        var (low, high) = (new Vec3(double.PositiveInfinity, double.PositiveInfinity, double.PositiveInfinity), new Vec3(double.NegativeInfinity, double.NegativeInfinity, double.NegativeInfinity));
        var volume = 0.0;
        for (var c = 0; c < boxes.Length; c++)
        {
            var (l, h) = (mesh.Points[mesh.Cell(c)[0]], mesh.Points[mesh.Cell(c)[0]]);
            foreach (var p in mesh.Cell(c))
            {
                (l, h) = (Least(l, mesh.Points[p]), Most(h, mesh.Points[p]));
            }

            // A curved edge leaves the box of its nodes by less than a quarter of it.
            var slack = (mesh.Geometry(c).Degree == 1 ? 1e-6 : 0.25) * (h - l).Norm;
            boxes[c] = (l - new Vec3(slack, slack, slack), h + new Vec3(slack, slack, slack));
            (low, high) = (Least(low, boxes[c].Low), Most(high, boxes[c].High));
            volume += Math.Pow((h - l).Norm, mesh.Dimension);
        }

        // Boxes about as large as cells, but not many more than cells.
        (_low, _edge) = (low, Math.Pow(volume / mesh.CellCount, 1.0 / mesh.Dimension));
        for (var d = 0; d < mesh.Dimension; d++)
        {
            _count[d] = (int)Math.Clamp((high[d] - low[d]) / _edge, 1, Math.Ceiling(4 * Math.Pow(mesh.CellCount, 1.0 / mesh.Dimension)));
        }

        _edge = Enumerable.Range(0, mesh.Dimension).Max(d => (high[d] - low[d]) / _count[d]);
        var counts = new int[(_count[0] * _count[1] * _count[2]) + 1];
        foreach (var of in boxes)
        {
            ForEach(of, box => counts[box + 1]++);
        }

        for (var b = 0; b + 1 < counts.Length; b++)
        {
            counts[b + 1] += counts[b];
        }

        _start = counts;
        _cells = new int[counts[^1]];
        var next = counts.AsSpan().ToArray();
        for (var c = 0; c < boxes.Length; c++)
        {
            var cell = c;
            ForEach(boxes[c], box => _cells[next[box]++] = cell);
        }
    }

    /// <summary>The cell with the lowest number in which a point lies, and its place ξ in the reference cell.</summary>
    /// <param name="point">The point, m.</param>
    /// <param name="cell">The cell, −1 if it lies in none.</param>
    /// <param name="at">ξ.</param>
    /// <param name="slack">How far outside of the reference cell a point may lie, to allow for round-off at the boundary.</param>
    public bool TryFind(Vec3 point, out int cell, out Vec3 at, double slack = 1e-9)
    {
        var box = Box(point);
        for (var k = _start[box]; k < _start[box + 1]; k++)
        {
            if (TryInvert(_cells[k], point, out at) && _mesh.Geometry(_cells[k]).Cell.Contains(at, slack))
            {
                cell = _cells[k];
                return true;
            }
        }

        (cell, at) = (-1, default);
        return false;
    }

    /// <summary>x(ξ) = x solved by Newton's method from the middle of the cell; false if it does not converge, as for points far from the cell.</summary>
    private bool TryInvert(int cell, Vec3 point, out Vec3 at)
    {
        var element = _mesh.Geometry(cell);
        var nodes = _mesh.Cell(cell);
        Span<double> values = stackalloc double[27];
        Span<Vec3> gradients = stackalloc Vec3[27];
        at = element.Cell.Middle;
        for (var iteration = 0; iteration < 30; iteration++)
        {
            element.Evaluate(at, values[..nodes.Length], gradients[..nodes.Length]);
            var (place, jacobian) = (Vec3.Zero, default(Matrix3));
            for (var a = 0; a < nodes.Length; a++)
            {
                var x = _mesh.Points[nodes[a]];
                place += values[a] * x;
                jacobian += Matrix3.FromColumns(gradients[a].X * x, gradients[a].Y * x, gradients[a].Z * x);
            }

            var full = new Matrix3(
                jacobian.XX, jacobian.XY, jacobian.XZ, jacobian.YX, _mesh.Dimension > 1 ? jacobian.YY : 1, jacobian.YZ,
                jacobian.ZX, jacobian.ZY, _mesh.Dimension > 2 ? jacobian.ZZ : 1);
            if (!(Math.Abs(full.Determinant) > 0))
            {
                return false;
            }

            var step = full.Inverse() * (point - place);
            at += step;
            if (step.Norm < 1e-13)
            {
                return true;
            }

            if (!(at.Norm < 10))
            {
                return false;
            }
        }

        // Round-off may keep the last step from vanishing.
        return (_mesh.Place(cell, at) - point).Norm <= 1e-12 * (1 + point.Norm);
    }

    private int Box(Vec3 x) => Index(x, 0) + (_count[0] * (Index(x, 1) + (_count[1] * Index(x, 2))));

    private int Index(Vec3 x, int d) => (int)Math.Clamp(Math.Floor((x[d] - _low[d]) / _edge), 0, _count[d] - 1);

    private void ForEach((Vec3 Low, Vec3 High) box, Action<int> body)
    {
        for (var k = Index(box.Low, 2); k <= Index(box.High, 2); k++)
        {
            for (var j = Index(box.Low, 1); j <= Index(box.High, 1); j++)
            {
                for (var i = Index(box.Low, 0); i <= Index(box.High, 0); i++)
                {
                    body(i + (_count[0] * (j + (_count[1] * k))));
                }
            }
        }
    }

    private static Vec3 Least(Vec3 a, Vec3 b) => new(Math.Min(a.X, b.X), Math.Min(a.Y, b.Y), Math.Min(a.Z, b.Z));

    private static Vec3 Most(Vec3 a, Vec3 b) => new(Math.Max(a.X, b.X), Math.Max(a.Y, b.Y), Math.Max(a.Z, b.Z));
}
