using System.Collections.Immutable;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Continuum.Meshes;

/// <summary>Meshes of simple bodies. Their boundaries have names.</summary>
public static class StructuredMesh
{
    /// <summary>A line from 0 to <paramref name="length"/>; boundaries <c>left</c> and <c>right</c>.</summary>
    /// <param name="length">The length, m.</param>
    /// <param name="cells">The number of cells.</param>
    public static Mesh Interval(double length, int cells) => Grid(new(length, 1, 1), (cells, 0, 0), CellShape.Line);

    /// <summary>A rectangle from the origin; boundaries <c>left</c>, <c>right</c> along x, <c>bottom</c>, <c>top</c> along y.</summary>
    /// <param name="width">Along x, m.</param>
    /// <param name="height">Along y, m.</param>
    /// <param name="nx">Parts along x.</param>
    /// <param name="ny">Parts along y.</param>
    /// <param name="shape">Quadrilaterals, or triangles: two a part, whose diagonal rises.</param>
    public static Mesh Rectangle(double width, double height, int nx, int ny, CellShape shape = CellShape.Quadrilateral) => Grid(new(width, height, 1), (nx, ny, 0), shape);

    /// <summary>A box from the origin; boundaries <c>left</c>, <c>right</c> along x, <c>front</c>, <c>back</c> along y, <c>bottom</c>, <c>top</c> along z.</summary>
    /// <param name="size">The edges, m.</param>
    /// <param name="nx">Parts along x.</param>
    /// <param name="ny">Parts along y.</param>
    /// <param name="nz">Parts along z.</param>
    /// <param name="shape">Hexahedra, or tetrahedra: six a part, about the diagonal that rises (Kuhn's).</param>
    public static Mesh Box(Vec3 size, int nx, int ny, int nz, CellShape shape = CellShape.Hexahedron) => Grid(size, (nx, ny, nz), shape);

    /// <summary>The square (−1, 1)² without the quadrant x &gt; 0, y &lt; 0, so that its angle of 270° at the origin begins at the positive x axis; the boundary <c>corner</c> holds the two edges that meet there, <c>outer</c> the others.</summary>
    /// <param name="n">Parts along each unit of length.</param>
    /// <param name="shape">Quadrilaterals or triangles.</param>
    public static Mesh LShape(int n, CellShape shape = CellShape.Quadrilateral)
    {
        var square = Rectangle(2, 2, 2 * n, 2 * n, shape);
        return Kept(square.Moved(x => x - new Vec3(1, 1, 0)), x => x.X < 0 || x.Y > 0)
            .WithBoundary("corner", x => (x.Y == 0 && x.X >= 0) || (x.X == 0 && x.Y <= 0))
            .WithBoundary("outer", x => Math.Max(Math.Abs(x.X), Math.Abs(x.Y)) == 1);
    }

    /// <summary>
    /// A quarter of a ring about the origin, x, y ≥ 0, of curved cells; boundaries <c>inner</c>, <c>outer</c>, <c>bottom</c> (y = 0) and <c>left</c> (x = 0).
    /// </summary>
    /// <param name="inner">The inner radius, m.</param>
    /// <param name="outer">The outer radius, m.</param>
    /// <param name="radial">Parts along the radius.</param>
    /// <param name="around">Parts along the arc.</param>
    /// <param name="shape">Quadrilaterals or triangles.</param>
    /// <param name="growth">How much longer each part is than the one before, outward.</param>
    public static Mesh QuarterRing(double inner, double outer, int radial, int around, CellShape shape = CellShape.Quadrilateral, double growth = 1) =>
        Polar(inner, (_, _) => outer, radial, around, shape, growth);

    /// <summary>
    /// A quarter, x, y ≥ 0, of a square plate with a round hole about the origin, of curved cells; boundaries <c>hole</c> (also <c>inner</c>), <c>bottom</c> (y = 0), <c>left</c> (x = 0),
    /// <c>right</c> and <c>top</c> (together also <c>outer</c>).
    /// </summary>
    /// <param name="radius">That of the hole, m.</param>
    /// <param name="half">Half the edge of the plate, m, more than the radius.</param>
    /// <param name="radial">Parts from the hole to the edge.</param>
    /// <param name="around">Parts around a quarter of the hole, an even number.</param>
    /// <param name="shape">Quadrilaterals or triangles.</param>
    /// <param name="growth">How much longer each part is than the one before, outward.</param>
    public static Mesh PlateWithHole(double radius, double half, int radial, int around, CellShape shape = CellShape.Quadrilateral, double growth = 1)
    {
        if (around % 2 != 0)
        {
            throw new ScaleModelException($"A quarter of a plate with a hole has an even number of parts around the hole, so that its corner is a vertex; found {around}.");
        }

        // The edge of the plate where the ray of the angle leaves it; exact at the corner.
        var mesh = Polar(radius, (c, s) => half / Math.Max(c, s), radial, around, shape, growth);
        var slack = 1e-9 * half;
        return mesh.WithBoundary("hole", x => Math.Abs(Math.Sqrt((x.X * x.X) + (x.Y * x.Y)) - radius) < slack)
            .WithBoundary("right", x => Math.Abs(x.X - half) < slack).WithBoundary("top", x => Math.Abs(x.Y - half) < slack);
    }

    /// <summary>
    /// An eighth of a ball within a larger one, x, y, z ≥ 0, of curved hexahedra: a cube in the middle and layers around it. Regions <c>ball</c> and <c>shell</c>;
    /// boundaries <c>left</c> (x = 0), <c>front</c> (y = 0), <c>bottom</c> (z = 0) and <c>outer</c>.
    /// </summary>
    /// <param name="inner">The radius of the ball, m.</param>
    /// <param name="outer">The radius of the larger one, m.</param>
    /// <param name="around">Parts along each edge of the cube.</param>
    /// <param name="inside">Layers between the cube and the surface of the ball.</param>
    /// <param name="outside">Layers in the shell.</param>
    /// <param name="growth">How much thicker each layer of the shell is than the one before, outward.</param>
    public static Mesh BallOctant(double inner, double outer, int around, int inside, int outside, double growth = 1)
    {
        if (!(inner > 0 && outer > inner && double.IsFinite(outer) && around > 0 && inside > 0 && outside > 0 && growth > 0 && double.IsFinite(growth)))
        {
            throw new ScaleModelException(FormattableString.Invariant(
                $"A ball in a ball has rising radii above zero, at least one part and layer of each kind, and a finite growth above zero; found {inner}, {outer}, {around}, {inside}, {outside} and {growth}."));
        }

        // First of cubes: the one in the middle has edges of the number of parts, and each layer is thick by 1. Vertices are known by the place on the cube's surface and the layer.
        Dictionary<(int X, int Y, int Z, int Layer), int> numbers = [];
        List<Vec3> points = [];
        var nodes = ImmutableArray.CreateBuilder<int>();
        int Number(int x, int y, int z, int layer)
        {
            if (numbers.TryAdd((x, y, z, layer), points.Count))
            {
                points.Add((1 + ((double)layer / around)) * new Vec3(x, y, z));
            }

            return numbers[(x, y, z, layer)];
        }

        void Add(Func<Vec3, (int X, int Y, int Z, int Layer)> vertex)
        {
            foreach (var v in ReferenceCell.Of(CellShape.Hexahedron).Vertices)
            {
                var (x, y, z, layer) = vertex(v);
                nodes.Add(Number(x, y, z, layer));
            }
        }

        for (var n = 0; n < around * around * around; n++)
        {
            var (i, j, k) = (n % around, n / around % around, n / (around * around));
            Add(v => (i + (int)v.X, j + (int)v.Y, k + (int)v.Z, 0));
        }

        for (var n = 0; n < (inside + outside) * 3 * around * around; n++)
        {
            var (j, k, axis, layer) = (n % around, n / around % around, n / (around * around) % 3, n / (3 * around * around));
            Add(v =>
            {
                // The first direction of the cell is outward, along the axis; the others are the next ones in their circle.
                int[] at = [around, j + (int)v.Y, k + (int)v.Z];
                return (at[(3 - axis) % 3], at[(4 - axis) % 3], at[(5 - axis) % 3], layer + (int)v.X);
            });
        }

        var depth = Graded(outside, growth);
        Vec3 Place(Vec3 x)
        {
            var size = Math.Max(x.X, Math.Max(x.Y, x.Z));
            var layer = size - around;

            // The cube takes up 0.45 of the radius. On its faces the angles are even.
            var on = 0.45 * inner / Math.Max(size, around) * x;
            if (layer <= 0)
            {
                return on;
            }

            var radial = new Vec3(Tangent(x.X / size), Tangent(x.Y / size), Tangent(x.Z / size)).Normalized();
            if (layer <= inside)
            {
                return ((1 - (layer / inside)) * on) + (layer / inside * inner * radial);
            }

            return (inner + (depth(layer - inside) * (outer - inner))) * radial;
        }

        static double Tangent(double x) => x == 1 ? 1 : Math.Tan(0.25 * Math.PI * x);
        var inBall = around * around * (around + (3 * inside));
        var mesh = new Mesh([.. points], [new(CellShape.Hexahedron, 1, nodes.ToImmutable())]).Quadratic().Moved(Place);
        return mesh.WithRegion("ball", Enumerable.Range(0, inBall)).WithRegion("shell", Enumerable.Range(inBall, mesh.CellCount - inBall))
            .WithBoundary("left", x => x.X == 0).WithBoundary("front", x => x.Y == 0).WithBoundary("bottom", x => x.Z == 0)
            .WithBoundary("outer", x => Math.Abs(x.Norm - outer) < 1e-9 * outer);
    }

    /// <summary>The mesh of the cells whose middle fulfills a condition. Regions and boundaries are left out.</summary>
    /// <param name="mesh">All cells.</param>
    /// <param name="where">The condition on the middle, m.</param>
    public static Mesh Kept(Mesh mesh, Func<Vec3, bool> where)
    {
        ArgumentNullException.ThrowIfNull(mesh);
        ArgumentNullException.ThrowIfNull(where);
        var number = new int[mesh.Points.Length];
        Array.Fill(number, -1);
        var kept = new List<Vec3>();
        var blocks = ImmutableArray.CreateBuilder<CellBlock>();
        for (var b = 0; b < mesh.Blocks.Length; b++)
        {
            var nodes = ImmutableArray.CreateBuilder<int>();
            for (var c = mesh.FirstCell(b); c < mesh.FirstCell(b + 1); c++)
            {
                if (where(mesh.Place(c, mesh.Blocks[b].Geometry.Cell.Middle)))
                {
                    nodes.AddRange(mesh.Cell(c));
                }
            }

            if (nodes.Count > 0)
            {
                blocks.Add(new(mesh.Blocks[b].Shape, mesh.Blocks[b].Order, nodes.ToImmutable()));
            }
        }

        foreach (var node in blocks.SelectMany(b => b.Nodes))
        {
            number[node] = 0;
        }

        for (var p = 0; p < number.Length; p++)
        {
            if (number[p] == 0)
            {
                number[p] = kept.Count;
                kept.Add(mesh.Points[p]);
            }
        }

        return new([.. kept], [.. blocks.Select(b => new CellBlock(b.Shape, b.Order, [.. b.Nodes.Select(n => number[n])]))]);
    }

    private static Mesh Polar(double inner, Func<double, double, double> outer, int radial, int around, CellShape shape, double growth)
    {
        var depth = Graded(radial, growth);

        // Parts of the grid are units; the angle falls from the y axis, so that cells are counter-clockwise.
        var grid = Rectangle(radial, around, radial, around, shape).Quadratic();
        return grid.Moved(x =>
        {
            // Exact zeros on the axes and one value on the diagonal.
            var angle = x.Y / around;
            var (c, s) = angle == 0 ? (1, 0) : angle == 1 ? (0, 1) : angle == 0.5 ? (Math.Sqrt(0.5), Math.Sqrt(0.5)) : (Math.Cos(0.5 * Math.PI * angle), Math.Sin(0.5 * Math.PI * angle));
            var r = inner + (depth(x.X) * (outer(c, s) - inner));
            return new Vec3(r * c, r * s, 0);
        }).Renamed(("left", "inner"), ("right", "outer"), ("top", "left"));
    }

    // How far out a place lies, 0 to 1, of parts each of which is longer than the one before; within a part it goes evenly.
    private static Func<double, double> Graded(int parts, double growth)
    {
        var ends = new double[parts + 1];
        for (var n = 0; n < parts; n++)
        {
            ends[n + 1] = ends[n] + Math.Pow(growth, n);
        }

        return s =>
        {
            var n = Math.Min((int)s, parts - 1);
            return (ends[n] + ((s - n) * (ends[n + 1] - ends[n]))) / ends[parts];
        };
    }

    private static Mesh Renamed(this Mesh mesh, params (string From, string To)[] names)
    {
        var result = new Mesh(mesh.Points, mesh.Blocks);
        foreach (var (name, facets) in mesh.Boundaries)
        {
            result = result.WithBoundary(names.FirstOrDefault(n => n.From == name, (From: name, To: name)).To, facets);
        }

        return result;
    }

    private static Mesh Grid(Vec3 size, (int X, int Y, int Z) parts, CellShape shape)
    {
        var cell = ReferenceCell.Of(shape);
        int[] n = [parts.X, parts.Y, parts.Z];
        for (var d = 0; d < cell.Dimension; d++)
        {
            if (n[d] < 1 || !(size[d] > 0 && size[d] < double.PositiveInfinity))
            {
                throw new ScaleModelException(FormattableString.Invariant($"A {shape} grid needs positive lengths and at least one part along each; found {size[d]} and {n[d]} along axis {d}."));
            }
        }

        if (cell.Dimension != n.Count(parts => parts > 0))
        {
            throw new ScaleModelException($"Cells of the shape {shape} do not fill {n.Count(parts => parts > 0)} dimensions.");
        }

        var points = new Vec3[(n[0] + 1) * (n[1] + 1) * (n[2] + 1)];

        // The upper end is the size itself, which size·n/n may miss by rounding.
        double At(int i, int d) => n[d] == 0 ? 0 : i == n[d] ? size[d] : size[d] * i / n[d];
        int Point(int i, int j, int k) => i + ((n[0] + 1) * (j + ((n[1] + 1) * k)));
        for (var k = 0; k <= n[2]; k++)
        {
            for (var j = 0; j <= n[1]; j++)
            {
                for (var i = 0; i <= n[0]; i++)
                {
                    points[Point(i, j, k)] = new(At(i, 0), At(j, 1), At(k, 2));
                }
            }
        }

        // A part is one cell, or is cut into simplices by the corners' numbers.
        var corners = ReferenceCell.Of(cell.Dimension switch { 1 => CellShape.Line, 2 => CellShape.Quadrilateral, _ => CellShape.Hexahedron }).Vertices;
        int[][] cut = shape switch
        {
            CellShape.Triangle => [[0, 1, 2], [0, 2, 3]],
            CellShape.Tetrahedron => [[0, 1, 2, 6], [0, 2, 3, 6], [0, 3, 7, 6], [0, 7, 4, 6], [0, 4, 5, 6], [0, 5, 1, 6]],
            _ => [[.. Enumerable.Range(0, corners.Length)]],
        };
        var nodes = ImmutableArray.CreateBuilder<int>();
        for (var k = 0; k < Math.Max(1, n[2]); k++)
        {
            for (var j = 0; j < Math.Max(1, n[1]); j++)
            {
                for (var i = 0; i < n[0]; i++)
                {
                    foreach (var simplex in cut)
                    {
                        foreach (var v in simplex)
                        {
                            nodes.Add(Point(i + (int)corners[v].X, j + (int)corners[v].Y, k + (int)corners[v].Z));
                        }
                    }
                }
            }
        }

        var mesh = new Mesh(points, [new(shape, 1, nodes.ToImmutable())]);
        string[][] names = cell.Dimension == 3 ? [["left", "right"], ["front", "back"], ["bottom", "top"]] : [["left", "right"], ["bottom", "top"]];
        for (var d = 0; d < cell.Dimension; d++)
        {
            var (axis, end) = (d, size[d]);
            mesh = mesh.WithBoundary(names[d][0], x => x[axis] == 0).WithBoundary(names[d][1], x => x[axis] == end);
        }

        return mesh;
    }
}
