namespace ActorMultiscale.Physics.Numerics;

/// <summary>P = D, the diagonal of the matrix.</summary>
/// <remarks>After: Saad, "Iterative Methods for Sparse Linear Systems", 2nd ed. (2003), section 10.2.</remarks>
public sealed class JacobiPreconditioner : IPreconditioner
{
    private readonly double[] _diagonal;

    /// <summary>The preconditioner of a matrix as it is now; later changes of the matrix are not seen.</summary>
    /// <exception cref="ArgumentException">A diagonal entry is not positive.</exception>
    public JacobiPreconditioner(CsrMatrix matrix) => _diagonal = PositiveDiagonal(matrix);

    /// <inheritdoc/>
    public void Apply(ReadOnlySpan<double> r, Span<double> z)
    {
        for (var i = 0; i < _diagonal.Length; i++)
        {
            z[i] = r[i] / _diagonal[i];
        }
    }

    internal static double[] PositiveDiagonal(CsrMatrix matrix)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        var diagonal = new double[matrix.RowCount];
        matrix.Diagonal(diagonal);
        var bad = Array.FindIndex(diagonal, d => !(d > 0));
        return bad < 0 ? diagonal : throw new ArgumentException(
            $"Row {bad} has the diagonal entry {diagonal[bad]}; a positive definite matrix has positive ones only. Is a body left free to move?",
            nameof(matrix));
    }
}
