using System.Collections.Immutable;
using System.Runtime.Intrinsics;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Particles.Domains;

/// <summary>
/// Which atoms of a domain others have as images, and where images of others stand behind its own atoms: first those of itself, then those of each other
/// domain in the order of their numbers.
/// </summary>
internal sealed unsafe class Halo(DomainAtoms atoms)
{
    private readonly List<Border> _borders = [];
    private readonly Dictionary<int, (int First, int Count)> _blocks = [];      // The images of each domain, counted from the first image.
    private readonly AlignedArray<byte> _sides = new();

    /// <summary>The other domains with which images are exchanged, in the order of their numbers.</summary>
    public ImmutableArray<int> Neighbors { get; private set; } = [];

    /// <summary>Looks up which domains are near.</summary>
    public void Settle(DomainSplit split, int domain)
    {
        _borders.Clear();
        var (low, high) = split.Brick(domain);
        foreach (var (to, shift) in split.Near(domain, split, atoms.Margin))
        {
            if (to != domain || shift != Vec3.Zero)
            {
                var (otherLow, otherHigh) = split.Brick(to);
                // Atoms near an image of a domain are brought to the domain itself.
                var way = -(split.Box.Cell * shift);
                var needs = 0;
                for (var axis = 0; axis < 3; axis++)
                {
                    needs |= otherLow[axis] - way[axis] >= high[axis] ? 2 << (2 * axis) : otherHigh[axis] - way[axis] <= low[axis] ? 1 << (2 * axis) : 0;
                }

                _borders.Add(new(to, way, otherLow, otherHigh, (byte)needs));
            }
        }

        Neighbors = [.. _borders.Select(b => b.To).Where(to => to != domain).Distinct()];
        (_low, _high, _domain) = (low, high, domain);
    }

    private Vec3 _low;
    private Vec3 _high;
    private int _domain;

    /// <summary>Chooses the atoms that others, and the domain itself, have as images: those within the margin of the other domain.</summary>
    public void Choose()
    {
        // Of each atom the sides of the domain to which it is near: a look at these spares most a look at the distance.
        var (n, margin) = (atoms.Count, atoms.Margin * (1 + 1e-9));
        var x = atoms.Atoms.X;
        _sides.Ensure(n);
        for (var i = 0; i < n; i++)
        {
            var near = 0;
            for (var axis = 0; axis < 3; axis++)
            {
                var at = x[(4L * i) + axis];
                near |= at < _low[axis] + margin ? 1 << (2 * axis) : 0;
                near |= at > _high[axis] - margin ? 2 << (2 * axis) : 0;
            }

            _sides.Pointer[i] = (byte)near;
        }

        foreach (var border in _borders)
        {
            border.Choose(x, new(_sides.Pointer, n), margin * margin);
        }
    }

    /// <summary>Rows of the atoms that a neighbor has as images, where they are there.</summary>
    public double[] Rows(int neighbor)
    {
        var numbers = GC.AllocateUninitializedArray<double>(4 * CountOf(neighbor));
        fixed (double* to = numbers)
        {
            WriteRows(neighbor, to);
        }

        return numbers;
    }

    /// <summary>Puts images behind the atoms.</summary>
    /// <param name="rows">Those of each neighbor, in their order.</param>
    public void Place(ReadOnlySpan<double[]> rows)
    {
        _blocks.Clear();
        var (first, own) = (CountOf(_domain), CountOf(_domain));
        for (var k = 0; k < rows.Length; k++)
        {
            _blocks[Neighbors[k]] = (first, rows[k].Length / 4);
            first += rows[k].Length / 4;
        }

        _blocks[_domain] = (0, own);
        atoms.Atoms.SetGhosts(first);
        WriteRows(_domain, Image(0));
        for (var k = 0; k < rows.Length; k++)
        {
            rows[k].CopyTo(new Span<double>(Image(_blocks[Neighbors[k]].First), rows[k].Length));
        }
    }

    /// <summary>Finds its images again after the lists have been restored with so many of them.</summary>
    /// <param name="counts">Of each neighbor, in their order.</param>
    /// <returns>How many there are, those of itself included.</returns>
    public int Restore(ReadOnlySpan<int> counts)
    {
        _blocks.Clear();
        var first = CountOf(_domain);
        _blocks[_domain] = (0, first);
        for (var k = 0; k < counts.Length; k++)
        {
            _blocks[Neighbors[k]] = (first, counts[k]);
            first += counts[k];
        }

        return first;
    }

    /// <summary>How many images each neighbor has brought, in their order.</summary>
    public int[] Counts() => [.. Neighbors.Select(n => _blocks.TryGetValue(n, out var block) ? block.Count : 0)];

    /// <summary>Where the atoms are that a neighbor has as images: x, y, z of each.</summary>
    public double[] Positions(int neighbor)
    {
        var count = CountOf(neighbor);
        var numbers = GC.AllocateUninitializedArray<double>(3 * count);
        fixed (double* to = numbers)
        {
            var at = to;
            var last = to + (3 * count) - 3;
            foreach (var border in _borders)
            {
                if (border.To != neighbor)
                {
                    continue;
                }

                var x = atoms.Atoms.X;
                var shift = border.Shift;
                foreach (var i in border.Chosen)
                {
                    // Whole rows: what is beyond is written over by the next.
                    var row = Vector256.LoadAligned(x + (4L * i)) + shift;
                    if (at < last)
                    {
                        row.Store(at);
                    }
                    else
                    {
                        (at[0], at[1], at[2]) = (row[0], row[1], row[2]);
                    }

                    at += 3;
                }
            }
        }

        return numbers;
    }

    /// <summary>Moves the images of a neighbor to where its atoms are.</summary>
    public void Follow(int neighbor, double[] positions)
    {
        var (first, count) = Block(neighbor, positions.Length, 3);
        var images = Image(first);
        var kind = Vector256.Create(0.0, 0, 0, BitConverter.Int64BitsToDouble(-1));
        fixed (double* from = positions)
        {
            for (var g = 0; g < count - 1; g++)
            {
                var row = images + (4L * g);
                Vector256.ConditionalSelect(kind, Vector256.LoadAligned(row), Vector256.Load(from + (3L * g))).StoreAligned(row);
            }

            for (var axis = 0; axis < 3 && count > 0; axis++)
            {
                images[(4L * (count - 1)) + axis] = from[(3L * (count - 1)) + axis];
            }
        }
    }

    /// <summary>Moves the images of the domain's own atoms.</summary>
    public void FollowOwn() => WriteRows(_domain, Image(0));

    /// <summary>The fourth entries of rows, of the atoms that a neighbor has as images.</summary>
    public double[] Fourths(int neighbor, double* rows)
    {
        var (numbers, at) = (GC.AllocateUninitializedArray<double>(CountOf(neighbor)), 0);
        foreach (var border in _borders)
        {
            if (border.To == neighbor)
            {
                foreach (var i in border.Chosen)
                {
                    numbers[at++] = rows[(4L * i) + 3];
                }
            }
        }

        return numbers;
    }

    /// <summary>Fills in the rows of images of a domain: where they are, and the number of each.</summary>
    public void SetFourths(int domain, double[] numbers, double* rows)
    {
        var (first, count) = Block(domain, numbers.Length, 1);
        for (var g = 0; g < count; g++)
        {
            Vector256.LoadAligned(Image(first + g)).WithElement(3, numbers[g]).StoreAligned(rows + (4L * (atoms.Count + first + g)));
        }
    }

    private double* Image(int g) => atoms.Atoms.X + (4L * (atoms.Count + g));

    private (int First, int Count) Block(int neighbor, int numbers, int each) => _blocks[neighbor] is var block && numbers == each * block.Count
        ? block
        : throw new InvalidOperationException($"Domain {_domain} has {block.Count} images of atoms of domain {neighbor}, and is told {numbers} numbers of them.");

    private int CountOf(int domain)
    {
        var count = 0;
        foreach (var border in _borders)
        {
            count += border.To == domain ? border.Chosen.Length : 0;
        }

        return count;
    }

    private void WriteRows(int domain, double* to)
    {
        foreach (var border in _borders)
        {
            if (border.To == domain)
            {
                var x = atoms.Atoms.X;
                var shift = border.Shift;
                foreach (var i in border.Chosen)
                {
                    // The shift's fourth entry is zero: the kind stays.
                    (Vector256.LoadAligned(x + (4L * i)) + shift).Store(to);
                    to += 4;
                }
            }
        }
    }

    // A domain, or an image of it, that has images of atoms; low and high are its ends there.
    private sealed class Border(int to, Vec3 shift, Vec3 low, Vec3 high, byte needs)
    {
        private readonly Vector256<double> _low = Vector256.Create(low.X, low.Y, low.Z, double.NegativeInfinity);
        private readonly Vector256<double> _high = Vector256.Create(high.X, high.Y, high.Z, double.PositiveInfinity);
        private int[] _chosen = [];
        private int _count;

        public int To => to;

        public Vector256<double> Shift { get; } = Vector256.Create(shift.X, shift.Y, shift.Z, 0);

        public ReadOnlySpan<int> Chosen => _chosen.AsSpan(0, _count);

        public void Choose(double* x, ReadOnlySpan<byte> sides, double margin2)
        {
            _count = 0;
            for (var i = 0; i < sides.Length; i++)
            {
                if ((sides[i] & needs) != needs)
                {
                    continue;
                }

                var at = Vector256.LoadAligned(x + (4L * i)) + Shift;
                var way = Vector256.Max(Vector256.Max(_low - at, at - _high), Vector256<double>.Zero);
                if (Vector256.Dot(way, way) < margin2)
                {
                    if (_count == _chosen.Length)
                    {
                        Array.Resize(ref _chosen, Math.Max(256, 2 * _count));
                    }

                    _chosen[_count++] = i;
                }
            }
        }
    }
}
