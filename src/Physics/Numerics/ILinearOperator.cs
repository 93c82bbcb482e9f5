namespace ActorMultiscale.Physics.Numerics;

/// <summary>A matrix as solvers by iteration see it: something that can be multiplied with.</summary>
public interface ILinearOperator
{
    /// <summary>The number of rows.</summary>
    int RowCount { get; }

    /// <summary>The number of columns.</summary>
    int ColumnCount { get; }

    /// <summary>to = M · from.</summary>
    /// <param name="from">One number a column.</param>
    /// <param name="to">One number a row; overwritten. Must not overlap <paramref name="from"/>.</param>
    void Multiply(ReadOnlySpan<double> from, Span<double> to);
}
