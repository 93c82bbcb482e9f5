namespace ActorMultiscale.Physics.Coupling.Mapping;

/// <summary>
/// A mapping between point sets: a sparse matrix of weights, one row per target point, and nothing more. Consistent and
/// conservative mapping are the same weights used straight and transposed.
/// </summary>
public sealed class LinearMapping
{
    private readonly int[] _rowStart;
    private readonly int[] _column;
    private readonly double[] _weight;

    /// <summary>The matrix with the given rows; rows of a consistent mapping sum to 1.</summary>
    /// <param name="columns">The number of columns.</param>
    /// <param name="rowStart">Start of each row in the following two, and one entry more.</param>
    /// <param name="column">Column of each weight.</param>
    /// <param name="weight">The weights.</param>
    public LinearMapping(int columns, int[] rowStart, int[] column, double[] weight)
    {
        ArgumentNullException.ThrowIfNull(rowStart);
        ArgumentNullException.ThrowIfNull(column);
        ArgumentNullException.ThrowIfNull(weight);
        ArgumentOutOfRangeException.ThrowIfNotEqual(weight.Length, column.Length);
        ArgumentOutOfRangeException.ThrowIfNotEqual(rowStart[^1], column.Length);
        foreach (var c in column)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(c, nameof(column));
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(c, columns, nameof(column));
        }

        Columns = columns;
        (_rowStart, _column, _weight) = (rowStart, column, weight);
    }

    /// <summary>The number of rows.</summary>
    public int Rows => _rowStart.Length - 1;

    /// <summary>The number of columns.</summary>
    public int Columns { get; }

    /// <summary>to = M · from: constants stay constant. Of shapes columns × components and rows × components.</summary>
    public void Consistent(ReadOnlySpan<double> from, Span<double> to, int components)
    {
        Require(from.Length, Columns * components, nameof(from));
        Require(to.Length, Rows * components, nameof(to));
        to.Clear();
        for (var row = 0; row < Rows; row++)
        {
            for (var k = _rowStart[row]; k < _rowStart[row + 1]; k++)
            {
                for (var c = 0; c < components; c++)
                {
                    to[(row * components) + c] += _weight[k] * from[(_column[k] * components) + c];
                }
            }
        }
    }

    /// <summary>to = Mᵀ · from: sums stay equal. Of shapes rows × components and columns × components.</summary>
    public void Conservative(ReadOnlySpan<double> from, Span<double> to, int components)
    {
        Require(from.Length, Rows * components, nameof(from));
        Require(to.Length, Columns * components, nameof(to));
        to.Clear();
        for (var row = 0; row < Rows; row++)
        {
            for (var k = _rowStart[row]; k < _rowStart[row + 1]; k++)
            {
                for (var c = 0; c < components; c++)
                {
                    to[(_column[k] * components) + c] += _weight[k] * from[(row * components) + c];
                }
            }
        }
    }

    private static void Require(int found, int needed, string name)
    {
        if (found != needed)
        {
            throw new ArgumentException($"The mapping takes {needed} numbers here and was given {found}.", name);
        }
    }
}
