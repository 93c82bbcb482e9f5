namespace ActorMultiscale.Physics.Numerics;

/// <summary>The products of a matrix, by chunks of its rows on several threads.</summary>
/// <param name="rows">Rows of the matrix.</param>
/// <param name="columns">Columns of the matrix.</param>
/// <param name="parts">How many rows, or rows of blocks, there are to share out.</param>
/// <param name="chunk">So many at once.</param>
/// <param name="multiply">Computes what belongs to some of these parts.</param>
/// <param name="loop">The threads.</param>
internal sealed unsafe class ThreadedProduct(int rows, int columns, int parts, int chunk, ThreadedProduct.Part multiply, ChunkedLoop loop) : ILinearOperator
{
    private readonly ChunkedLoop _loop = loop ?? throw new ArgumentNullException(nameof(loop));
    private Action<int, int, int>? _run;        // Made once, so that a product allocates nothing.
    private double* _from;
    private double* _to;

    /// <summary>The product for the parts from <paramref name="first"/> to before <paramref name="past"/>.</summary>
    public delegate void Part(double* from, double* to, int first, int past);

    public int RowCount => rows;

    public int ColumnCount => columns;

    public void Multiply(ReadOnlySpan<double> from, Span<double> to)
    {
        CsrMatrix.Require(from.Length, columns, 1, nameof(from));
        CsrMatrix.Require(to.Length, rows, 1, nameof(to));
        fixed (double* f = from, t = to)
        {
            _from = f;
            _to = t;
            _loop.Run(parts, chunk, _run ??= (_, first, past) => multiply(_from, _to, first, past));
        }
    }
}
