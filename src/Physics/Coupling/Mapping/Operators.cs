using System.Buffers;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Coupling.Mapping;

/// <summary>What the mappings that are one linear operator have in common: checks, and a loop over target points.</summary>
internal abstract class OperatorMapping(int fromPoints, int toPoints, ChunkedLoop loop) : IDataMapping
{
    private const int ChunkOfPoints = 4096;

    protected delegate void Body(int first, int past, ReadOnlySpan<double> from, Span<double> to);

    public int FromPoints { get; } = fromPoints;

    public int ToPoints { get; } = toPoints;

    public void Apply(ReadOnlySpan<double> from, Span<double> to, int components)
    {
        Require(this, from, to, components);
        Product(from, to, components);
    }

    internal static void Require(IDataMapping mapping, ReadOnlySpan<double> from, Span<double> to, int components)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(components, 1);
        if (from.Length != mapping.FromPoints * components)
        {
            throw new ArgumentException($"The mapping takes {mapping.FromPoints} points × {components} components and was given {from.Length} numbers.", nameof(from));
        }

        if (to.Length != mapping.ToPoints * components)
        {
            throw new ArgumentException($"The mapping gives {mapping.ToPoints} points × {components} components and was given room for {to.Length} numbers.", nameof(to));
        }
    }

    protected abstract void Product(ReadOnlySpan<double> from, Span<double> to, int components);

    protected void OverPoints(ReadOnlySpan<double> from, Span<double> to, Body body) => Over(ToPoints, ChunkOfPoints, from, to, body);

    // Spans cannot be handed to other threads. With one thread nothing is copied; with several the copies are small beside the work.
    protected void Over(int length, int chunk, ReadOnlySpan<double> from, Span<double> to, Body body)
    {
        if (loop.Degree == 1 || length <= chunk)
        {
            body(0, length, from, to);
            return;
        }

        var (fromLength, toLength) = (from.Length, to.Length);
        var (source, target) = (ArrayPool<double>.Shared.Rent(fromLength), ArrayPool<double>.Shared.Rent(toLength));
        from.CopyTo(source);
        loop.Run(length, chunk, (_, first, past) => body(first, past, source.AsSpan(0, fromLength), target.AsSpan(0, toLength)));
        target.AsSpan(0, toLength).CopyTo(to);
        ArrayPool<double>.Shared.Return(source);
        ArrayPool<double>.Shared.Return(target);
    }
}

/// <summary>A sparse operator: one row of weights a target point.</summary>
internal sealed class SparseMapping(CsrMatrix weights, ChunkedLoop loop) : OperatorMapping(weights.ColumnCount, weights.RowCount, loop)
{
    protected override void Product(ReadOnlySpan<double> from, Span<double> to, int components) => OverPoints(from, to, (first, past, x, y) =>
    {
        var rowStart = weights.RowStart;
        var columns = weights.Columns;
        ReadOnlySpan<double> values = weights.Values;
        for (var row = first; row < past; row++)
        {
            for (var c = 0; c < components; c++)
            {
                var sum = 0.0;
                for (var k = rowStart[row]; k < rowStart[row + 1]; k++)
                {
                    sum += values[k] * x[(columns[k] * components) + c];
                }

                y[(row * components) + c] = sum;
            }
        }
    });
}

/// <summary>A dense piece of an operator: from some points to some points.</summary>
/// <param name="Inputs">Indices of the points that values come from.</param>
/// <param name="Outputs">Indices of the points that values go to.</param>
/// <param name="Weights">One row an input, of <see cref="DenseFactor.Padded"/>(outputs) numbers.</param>
internal sealed record Block(int[] Inputs, int[] Outputs, double[] Weights)
{
    /// <summary>The block that leads the other way.</summary>
    public Block Transposed()
    {
        var (width, length) = (DenseFactor.Padded(Outputs.Length), DenseFactor.Padded(Inputs.Length));
        var weights = new double[Outputs.Length * length];
        for (var i = 0; i < Inputs.Length; i++)
        {
            for (var o = 0; o < Outputs.Length; o++)
            {
                weights[(o * length) + i] = Weights[(i * width) + o];
            }
        }

        return new Block(Outputs, Inputs, weights);
    }
}

/// <summary>
/// A sum of dense blocks. Each is multiplied on its own, row by row over vectors; then each target gathers what its blocks gave, always in
/// the order of the blocks.
/// </summary>
internal sealed class BlockMapping : OperatorMapping
{
    private const int ChunkOfBlocks = 16;

    private readonly Block[] _blocks;
    private readonly int[] _start;          // Where each block's results stand.
    private readonly int[] _gatherStart;    // Per target, and the number of entries.
    private readonly int[] _gather;         // Where the results that make up a target stand.

    public BlockMapping(int fromPoints, int toPoints, Block[] blocks, ChunkedLoop loop)
        : base(fromPoints, toPoints, loop)
    {
        (_blocks, _start, _gatherStart) = (blocks, new int[blocks.Length + 1], new int[toPoints + 1]);
        for (var b = 0; b < blocks.Length; b++)
        {
            _start[b + 1] = _start[b] + DenseFactor.Padded(blocks[b].Outputs.Length);
            foreach (var output in blocks[b].Outputs)
            {
                _gatherStart[output + 1]++;
            }
        }

        for (var i = 0; i < toPoints; i++)
        {
            _gatherStart[i + 1] += _gatherStart[i];
        }

        _gather = new int[_gatherStart[^1]];
        var next = _gatherStart.AsSpan(0, toPoints).ToArray();
        for (var b = 0; b < blocks.Length; b++)
        {
            for (var o = 0; o < blocks[b].Outputs.Length; o++)
            {
                _gather[next[blocks[b].Outputs[o]]++] = _start[b] + o;
            }
        }
    }

    protected override void Product(ReadOnlySpan<double> from, Span<double> to, int components)
    {
        var total = _start[^1];
        var pieces = ArrayPool<double>.Shared.Rent(total * components);
        Over(_blocks.Length, ChunkOfBlocks, from, pieces.AsSpan(0, total * components), (first, past, x, y) =>
        {
            var local = ArrayPool<double>.Shared.Rent(FromPoints);
            for (var b = first; b < past; b++)
            {
                var block = _blocks[b];
                for (var c = 0; c < components; c++)
                {
                    for (var i = 0; i < block.Inputs.Length; i++)
                    {
                        local[i] = x[(block.Inputs[i] * components) + c];
                    }

                    var piece = y.Slice((c * total) + _start[b], _start[b + 1] - _start[b]);
                    piece.Clear();
                    DenseFactor.AddRows(piece, block.Weights, local.AsSpan(0, block.Inputs.Length), piece.Length);
                }
            }

            ArrayPool<double>.Shared.Return(local);
        });
        OverPoints(pieces.AsSpan(0, total * components), to, (first, past, x, y) =>
        {
            for (var i = first; i < past; i++)
            {
                for (var c = 0; c < components; c++)
                {
                    var sum = 0.0;
                    for (var k = _gatherStart[i]; k < _gatherStart[i + 1]; k++)
                    {
                        sum += x[(c * total) + _gather[k]];
                    }

                    y[(i * components) + c] = sum;
                }
            }
        });
        ArrayPool<double>.Shared.Return(pieces);
    }
}
