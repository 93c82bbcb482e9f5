namespace ActorMultiscale.Physics.Numerics;

/// <summary>The products of a <see cref="CsrMatrix"/>, by chunks of rows on several threads.</summary>
internal sealed unsafe class ThreadedCsr : ILinearOperator
{
    private const int Chunk = 1024;
    private readonly CsrMatrix _matrix;
    private readonly ChunkedLoop _loop;
    private readonly Action<int, int, int> _rows;
    private double* _from;
    private double* _to;

    public ThreadedCsr(CsrMatrix matrix, ChunkedLoop loop)
    {
        ArgumentNullException.ThrowIfNull(loop);
        (_matrix, _loop, _rows) = (matrix, loop, Rows);
    }

    public int RowCount => _matrix.RowCount;

    public int ColumnCount => _matrix.ColumnCount;

    public void Multiply(ReadOnlySpan<double> from, Span<double> to)
    {
        CsrMatrix.Require(from.Length, ColumnCount, 1, nameof(from));
        CsrMatrix.Require(to.Length, RowCount, 1, nameof(to));
        fixed (double* f = from, t = to)
        {
            _from = f;
            _to = t;
            _loop.Run(RowCount, Chunk, _rows);
        }
    }

    private void Rows(int chunk, int first, int past) => _matrix.Multiply(new(_from, ColumnCount), new(_to, RowCount), first, past);
}
