using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Physics.Coupling.Mapping;

/// <summary>An axis-aligned box, m. A point is a box whose corners coincide.</summary>
/// <param name="Low">The lower corner.</param>
/// <param name="High">The upper corner.</param>
internal readonly record struct Box(Vec3 Low, Vec3 High)
{
    /// <summary>The box that contains nothing; the start of a union.</summary>
    public static Box Empty { get; } = new(
        new(double.PositiveInfinity, double.PositiveInfinity, double.PositiveInfinity),
        new(double.NegativeInfinity, double.NegativeInfinity, double.NegativeInfinity));

    /// <summary>The box that holds one point.</summary>
    public static Box Of(Vec3 point) => new(point, point);

    /// <summary>The smallest box that contains both.</summary>
    public Box With(in Box other) => new(
        new(Math.Min(Low.X, other.Low.X), Math.Min(Low.Y, other.Low.Y), Math.Min(Low.Z, other.Low.Z)),
        new(Math.Max(High.X, other.High.X), Math.Max(High.Y, other.High.Y), Math.Max(High.Z, other.High.Z)));

    /// <summary>Whether the boxes have a point in common, borders included.</summary>
    public bool Meets(in Box other) =>
        Low.X <= other.High.X && other.Low.X <= High.X && Low.Y <= other.High.Y && other.Low.Y <= High.Y && Low.Z <= other.High.Z && other.Low.Z <= High.Z;

    /// <summary>The square of the shortest distance between two boxes, m²; for two points the sum of squares in the order x, y, z.</summary>
    public double SquaredDistance(in Box other)
    {
        var x = Math.Max(0, Math.Max(Low.X - other.High.X, other.Low.X - High.X));
        var y = Math.Max(0, Math.Max(Low.Y - other.High.Y, other.Low.Y - High.Y));
        var z = Math.Max(0, Math.Max(Low.Z - other.High.Z, other.Low.Z - High.Z));
        return (x * x) + (y * y) + (z * z);
    }
}

/// <summary>The square of the distance from a place to an item of a <see cref="BoxIndex"/>, m². Never less than the one to the item's box.</summary>
internal interface IItemDistance
{
    /// <summary>The square of the distance from <paramref name="place"/> to the item, m².</summary>
    double Squared(int item, Vec3 place);
}

/// <summary>
/// A tree of boxes over points or primitives, split at the median of the widest axis. Answers are those of comparing with every item:
/// the sum of squares of a subtree's box is a lower bound in floating point, too, because rounding is monotone; and the lower index wins ties.
/// </summary>
/// <remarks>After: J. L. Bentley, Commun. ACM 18 (1975) 509; boxes instead of planes after Guttman, SIGMOD (1984) 47.</remarks>
internal sealed class BoxIndex
{
    private const int LeafSize = 8;

    private readonly Box[] _items;
    private readonly int[] _order;
    private readonly Node[] _nodes;
    private int _nodeCount;

    /// <summary>An index over boxes; at least one.</summary>
    public BoxIndex(Box[] items)
    {
        ArgumentOutOfRangeException.ThrowIfZero(items.Length, nameof(items));
        _items = items;
        _order = [.. Enumerable.Range(0, items.Length)];
        _nodes = new Node[Math.Max(1, 4 * ((items.Length + LeafSize - 1) / LeafSize))];
        _ = Split(0, items.Length, new double[items.Length]);
        foreach (ref var node in _nodes.AsSpan(0, _nodeCount))
        {
            if (node.Right == 0)
            {
                Array.Sort(_order, node.First, node.Past - node.First);
            }
        }
    }

    /// <summary>An index over points.</summary>
    public static BoxIndex OfPoints(ReadOnlySpan<double> coordinates)
    {
        var boxes = new Box[coordinates.Length / 3];
        for (var i = 0; i < boxes.Length; i++)
        {
            boxes[i] = Box.Of(new Vec3(coordinates[3 * i], coordinates[(3 * i) + 1], coordinates[(3 * i) + 2]));
        }

        return new BoxIndex(boxes);
    }

    /// <summary>The box around everything.</summary>
    public Box Bounds => _nodes[0].Box;

    /// <summary>The nearest item by the distance to its box, which for points is the distance itself.</summary>
    public int Nearest(Vec3 place) => Nearest(place, new ToBox(_items), out _);

    /// <summary>The nearest item by the given distance; the lower index wins a tie.</summary>
    public int Nearest<TDistance>(Vec3 place, TDistance distance, out double squared)
        where TDistance : struct, IItemDistance
    {
        var (best, found) = (double.PositiveInfinity, int.MaxValue);
        var point = Box.Of(place);
        Visit(0, _nodes[0].Box.SquaredDistance(point));
        squared = best;
        return found;

        void Visit(int index, double bound)
        {
            if (bound > best)
            {
                return;
            }

            ref readonly var node = ref _nodes[index];
            if (node.Right == 0)
            {
                for (var k = node.First; k < node.Past; k++)
                {
                    var item = _order[k];
                    var d = distance.Squared(item, place);
                    if (d < best || (d == best && item < found))
                    {
                        (best, found) = (d, item);
                    }
                }

                return;
            }

            var (left, right) = (index + 1, node.Right);
            var (toLeft, toRight) = (_nodes[left].Box.SquaredDistance(point), _nodes[right].Box.SquaredDistance(point));
            if (toLeft > toRight)
            {
                (left, right, toLeft, toRight) = (right, left, toRight, toLeft);
            }

            Visit(left, toLeft);
            Visit(right, toRight);
        }
    }

    /// <summary>
    /// The <paramref name="count"/> items nearest to a box, and every further one as near as the last of them, by rising index: which ones
    /// does not depend on how they are numbered.
    /// </summary>
    public void Nearest(in Box place, int count, List<int> found)
    {
        found.Clear();
        var (query, wanted) = (place, Math.Min(count, _items.Length));

        // The count smallest distances so far, rising.
        var least = new double[wanted];
        Array.Fill(least, double.PositiveInfinity);
        Visit(0);
        Collect(0, found, query, least[^1]);
        found.Sort();

        void Visit(int index)
        {
            ref readonly var node = ref _nodes[index];
            if (node.Right == 0)
            {
                for (var k = node.First; k < node.Past; k++)
                {
                    var d = _items[_order[k]].SquaredDistance(query);
                    if (d < least[^1])
                    {
                        var at = least.Length - 1;
                        for (; at > 0 && least[at - 1] > d; at--)
                        {
                            least[at] = least[at - 1];
                        }

                        least[at] = d;
                    }
                }

                return;
            }

            var (left, right) = (index + 1, node.Right);
            var (toLeft, toRight) = (_nodes[left].Box.SquaredDistance(query), _nodes[right].Box.SquaredDistance(query));
            if (toLeft > toRight)
            {
                (left, right, toLeft, toRight) = (right, left, toRight, toLeft);
            }

            if (toLeft < least[^1])
            {
                Visit(left);
            }

            if (toRight < least[^1])
            {
                Visit(right);
            }
        }
    }

    /// <summary>All items at most a distance away, whose square is <paramref name="squared"/>, m², by rising index.</summary>
    public void Within(in Box place, double squared, List<int> found)
    {
        found.Clear();
        Collect(0, found, place, squared);
        found.Sort();
    }

    private void Collect(int index, List<int> found, in Box place, double squared)
    {
        ref readonly var node = ref _nodes[index];
        if (node.Box.SquaredDistance(place) > squared)
        {
            return;
        }

        if (node.Right != 0)
        {
            Collect(index + 1, found, place, squared);
            Collect(node.Right, found, place, squared);
            return;
        }

        for (var k = node.First; k < node.Past; k++)
        {
            if (_items[_order[k]].SquaredDistance(place) <= squared)
            {
                found.Add(_order[k]);
            }
        }
    }

    private int Split(int first, int past, double[] keys)
    {
        var index = _nodeCount++;
        var box = Box.Empty;
        var centers = Box.Empty;
        for (var k = first; k < past; k++)
        {
            ref readonly var item = ref _items[_order[k]];
            box = box.With(item);
            centers = centers.With(Box.Of(0.5 * (item.Low + item.High)));
        }

        var extent = centers.High - centers.Low;
        var axis = extent.X >= extent.Y && extent.X >= extent.Z ? 0 : extent.Y >= extent.Z ? 1 : 2;
        var right = 0;
        if (past - first > LeafSize)
        {
            for (var k = first; k < past; k++)
            {
                ref readonly var item = ref _items[_order[k]];
                keys[k] = item.Low[axis] + item.High[axis];
            }

            Array.Sort(keys, _order, first, past - first);
            var middle = first + ((past - first) / 2);
            _ = Split(first, middle, keys);
            right = Split(middle, past, keys);
        }

        _nodes[index] = new Node(box, first, past, right);
        return index;
    }

    // The left child follows its parent; Right is 0 for a leaf.
    private readonly record struct Node(Box Box, int First, int Past, int Right);

    private readonly struct ToBox(Box[] items) : IItemDistance
    {
        public double Squared(int item, Vec3 place) => items[item].SquaredDistance(Box.Of(place));
    }
}
