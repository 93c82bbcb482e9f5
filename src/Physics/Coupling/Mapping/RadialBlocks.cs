using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Coupling.Mapping;

/// <summary>The operator of radial basis function mapping as dense blocks: over all points at once, or by partition of unity.</summary>
internal static class RadialBlocks
{
    private const int TargetsOfPanel = 64;
    private const int ChunkOfCells = 8;

    // Squared distances that differ by less than this share are the same: a grid's are, but for round-off, and a cluster takes all or none of a kind.
    private const double RoundOff = 1e-9;

    // Points of a cell over points of its cluster: in three dimensions too the cluster reaches a layer of points beyond where it is used.
    private const double CellOfCluster = 0.2;

    /// <summary>All sources act on every target. Targets come in panels, so that a panel's matrix stays close to the processor.</summary>
    public static Block[] Direct(PointCloud from, PointCloud to, MappingSpec spec, bool sumsToOne, ChunkedLoop loop)
    {
        var (sources, targets) = (MappingSpec.Points(from), MappingSpec.Points(to));
        RequireDistinct(from, spec);
        int[] all = [.. Enumerable.Range(0, sources.Length)];
        var interpolant = new RadialInterpolant(sources, all, spec, isCluster: false, loop);
        var blocks = new Block[ChunkedLoop.Chunks(targets.Length, TargetsOfPanel)];
        loop.Run(targets.Length, TargetsOfPanel, (panel, first, past) =>
        {
            int[] some = [.. Enumerable.Range(first, past - first)];
            blocks[panel] = new Block(all, some, interpolant.Weights(targets, some, sumsToOne));
        });
        return blocks;
    }

    /// <summary>
    /// The partition of unity: space is halved at the median of the widest axis until a cell holds few sources; each cell interpolates the
    /// sources nearest to it, and neighboring cells are blended across their borders by smooth weights that sum to 1.
    /// </summary>
    /// <remarks>
    /// The method is that of H. Wendland, "Fast evaluation of radial basis functions: methods based on partition of unity", in Approximation
    /// Theory X (2002) 473. Cells of a halved space instead of balls: they cover every target by construction, follow the density of points, and overlap less.
    /// </remarks>
    public static Block[] Clusters(PointCloud from, PointCloud to, MappingSpec spec, bool sumsToOne, ChunkedLoop loop)
    {
        var (sources, targets) = (MappingSpec.Points(from), MappingSpec.Points(to));
        RequireDistinct(from, spec);
        var (sourceIndex, targetIndex) = (BoxIndex.OfPoints(from.Coordinates), BoxIndex.OfPoints(to.Coordinates));
        var cells = new List<Cell>();
        Halve([.. Enumerable.Range(0, sources.Length)], new Box(-1 * _infinite, _infinite));
        var outputs = new int[cells.Count][];
        var blending = new double[cells.Count][];
        loop.Run(cells.Count, ChunkOfCells, (_, first, past) =>
        {
            var found = new List<int>();
            for (var c = first; c < past; c++)
            {
                targetIndex.Within(cells[c].Reach, 0, found);
                outputs[c] = [.. found.Where(i => cells[c].Weight(targets[i]) > 0)];
                blending[c] = Array.ConvertAll(outputs[c], i => cells[c].Weight(targets[i]));
            }
        });

        var total = new double[targets.Length];
        for (var c = 0; c < cells.Count; c++)
        {
            for (var o = 0; o < outputs[c].Length; o++)
            {
                total[outputs[c][o]] += blending[c][o];
            }
        }

        var blocks = new Block[cells.Count];
        loop.Run(cells.Count, ChunkOfCells, (_, first, past) =>
        {
            var found = new List<int>();
            for (var c = first; c < past; c++)
            {
                if (outputs[c].Length == 0)
                {
                    blocks[c] = new Block([], [], []);
                    continue;
                }

                // Every source that the cell has a say about is among them: otherwise its value would not be kept.
                sourceIndex.Nearest(cells[c].Points, spec.ClusterSize, found);
                var farthest = 0.0;
                foreach (var j in found)
                {
                    farthest = Math.Max(farthest, cells[c].Points.SquaredDistance(Box.Of(sources[j])));
                }

                sourceIndex.Within(cells[c].Points, farthest * (1 + RoundOff), found);
                var nearest = found.ToArray();
                sourceIndex.Within(cells[c].Reach, 0, found);
                int[] inputs = [.. nearest.Union(found.Where(j => cells[c].Weight(sources[j]) > 0)).Order()];
                var weights = new RadialInterpolant(sources, inputs, spec, isCluster: true, ChunkedLoop.Serial).Weights(targets, outputs[c], sumsToOne);
                var width = DenseFactor.Padded(outputs[c].Length);
                for (var o = 0; o < outputs[c].Length; o++)
                {
                    var share = blending[c][o] / total[outputs[c][o]];
                    for (var i = 0; i < inputs.Length; i++)
                    {
                        weights[(i * width) + o] *= share;
                    }
                }

                blocks[c] = new Block(inputs, outputs[c], weights);
            }
        });
        return [.. blocks.Where(b => b.Outputs.Length > 0)];

        // Where the plane lies depends on the coordinates alone, not on how points are numbered.
        void Halve(int[] points, Box region)
        {
            var box = Box.Empty;
            foreach (var i in points)
            {
                box = box.With(Box.Of(sources[i]));
            }

            var extent = box.High - box.Low;
            var axis = extent.X >= extent.Y && extent.X >= extent.Z ? 0 : extent.Y >= extent.Z ? 1 : 2;
            if (points.Length <= Math.Max(1, spec.ClusterSize * CellOfCluster) || extent[axis] == 0)
            {
                cells.Add(new Cell(region, box, spec.Overlap));
                return;
            }

            var values = Array.ConvertAll(points, i => sources[i][axis]);
            Array.Sort(values);
            var middle = values.Length / 2;
            var (up, down) = (middle, middle);
            while (up < values.Length && values[up] == values[up - 1])
            {
                up++;
            }

            while (down > 0 && values[down] == values[down - 1])
            {
                down--;
            }

            var at = down == 0 || (up < values.Length && up - middle <= middle - down) ? up : down;
            var plane = (0.5 * values[at - 1]) + (0.5 * values[at]);
            plane = plane > values[at - 1] ? plane : values[at];
            Halve(Array.FindAll(points, i => sources[i][axis] < plane), region with { High = With(region.High, axis, plane) });
            Halve(Array.FindAll(points, i => sources[i][axis] >= plane), region with { Low = With(region.Low, axis, plane) });
        }
    }

    private static readonly Vec3 _infinite = new(double.PositiveInfinity, double.PositiveInfinity, double.PositiveInfinity);

    private static Vec3 With(Vec3 v, int axis, double value) => new(axis == 0 ? value : v.X, axis == 1 ? value : v.Y, axis == 2 ? value : v.Z);

    private static void RequireDistinct(PointCloud cloud, MappingSpec spec)
    {
        // Coinciding points sort next to each other.
        var points = MappingSpec.Points(cloud);
        int[] order = [.. Enumerable.Range(0, points.Length)];
        Array.Sort(order, (a, b) =>
        {
            var (p, q) = (points[a], points[b]);
            var first = p.X != q.X ? p.X.CompareTo(q.X) : p.Y != q.Y ? p.Y.CompareTo(q.Y) : p.Z.CompareTo(q.Z);
            return first != 0 ? first : a.CompareTo(b);
        });
        for (var k = 1; k < order.Length; k++)
        {
            if (points[order[k]] == points[order[k - 1]])
            {
                throw new InvalidOperationException(
                    $"The points {order[k - 1]} and {order[k]} coincide at {points[order[k]]}; {spec.Method} interpolates, and a field has one value at a place. Points that two parts of a mesh share are a common cause.");
            }
        }
    }

    /// <summary>A cell of the halved space, with the weight by which it is blended with its neighbors.</summary>
    private readonly struct Cell
    {
        private readonly Box _region;
        private readonly double _margin;

        public Cell(Box region, Box points, double overlap)
        {
            (_region, Points) = (region, points);
            var extent = points.High - points.Low;
            _margin = overlap * Math.Max(extent.X, Math.Max(extent.Y, extent.Z));
            var margin = new Vec3(_margin, _margin, _margin);
            Reach = new Box(region.Low - margin, region.High + margin);
        }

        /// <summary>The box around the cell's own sources.</summary>
        public Box Points { get; }

        /// <summary>The box outside of which the weight is zero.</summary>
        public Box Reach { get; }

        public double Weight(Vec3 place)
        {
            var weight = 1.0;
            for (var k = 0; k < 3; k++)
            {
                weight *= Rise(place[k] - _region.Low[k], _margin, open: true) * Rise(_region.High[k] - place[k], _margin, open: false);
            }

            return weight;
        }

        // From 0 at −margin to 1 at margin, twice continuously differentiable: 6u⁵ − 15u⁴ + 10u³. Borders of margin 0 belong to the upper cell.
        private static double Rise(double depth, double margin, bool open)
        {
            if (depth >= margin && (depth > 0 || open))
            {
                return 1;
            }

            if (depth <= -margin)
            {
                return 0;
            }

            var u = (depth + margin) / (2 * margin);
            return u * u * u * ((u * ((6 * u) - 15)) + 10);
        }
    }
}
