using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Adaptivity;

/// <summary>One entry of a sparse matrix from the nodes of an old mesh to those of a new one; a row of doubles, so that lists of it pass through ports.</summary>
/// <param name="Row">Index of the new node.</param>
/// <param name="Column">Index of the old node.</param>
/// <param name="Weight">The entry.</param>
public readonly record struct TransferEntry(double Row, double Column, double Weight)
{
    /// <summary>Writes y = T x.</summary>
    /// <param name="entries">T.</param>
    /// <param name="x">One number per old node.</param>
    /// <param name="y">One number per new node; overwritten.</param>
    /// <exception cref="ScaleModelException">An entry lies outside the matrix: the operator belongs to other meshes.</exception>
    public static void Apply(ReadOnlySpan<TransferEntry> entries, ReadOnlySpan<double> x, Span<double> y)
    {
        y.Clear();
        foreach (var (row, column, weight) in entries)
        {
            if (!(row >= 0 && row < y.Length && column >= 0 && column < x.Length))
            {
                throw new ScaleModelException(FormattableString.Invariant($"A transfer from {x.Length} to {y.Length} nodes has an entry in row {row}, column {column}; it was made for other meshes."));
            }

            y[(int)row] += weight * x[(int)column];
        }
    }
}
