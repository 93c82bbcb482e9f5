using System.Globalization;

namespace ActorMultiscale.Physics.Numerics;

/// <summary>
/// What a solver by iteration does with whole vectors, by chunks on several threads. Sums are one partial sum a chunk, combined in
/// order: the same bits on any number of threads. Allocates nothing after construction. Pointers stay with the caller.
/// </summary>
internal sealed unsafe class VectorLoop
{
    private const int Chunk = 4096;      // A multiple of the chunk of FixedOrderSum.
    private readonly ChunkedLoop _loop;
    private readonly int _length;
    private readonly double[] _partial;
    private readonly Action<int, int, int> _dot;
    private readonly Action<int, int, int> _add;
    private readonly Action<int, int, int> _combine;
    private readonly Action<int, int, int> _difference;
    private double* _x;
    private double* _y;
    private double _a;
    private double _b;

    public VectorLoop(int length, ChunkedLoop? loop)
    {
        (_length, _loop) = (length, loop ?? ChunkedLoop.Serial);
        _partial = new double[ChunkedLoop.Chunks(length, Chunk)];
        _dot = (c, first, past) => _partial[c] = FixedOrderSum.Dot(new(_x + first, past - first), new(_y + first, past - first));
        _add = (_, first, past) =>
        {
            var x = new ReadOnlySpan<double>(_x + first, past - first);
            var y = new Span<double>(_y + first, x.Length);
            var a = _a;
            for (var i = 0; i < x.Length; i++)
            {
                y[i] += a * x[i];
            }
        };
        _combine = (_, first, past) =>
        {
            var x = new ReadOnlySpan<double>(_x + first, past - first);
            var y = new Span<double>(_y + first, x.Length);
            var (a, b) = (_a, _b);
            for (var i = 0; i < x.Length; i++)
            {
                y[i] = (a * x[i]) + (b * y[i]);
            }
        };
        _difference = (_, first, past) =>
        {
            var x = new ReadOnlySpan<double>(_x + first, past - first);
            var y = new Span<double>(_y + first, x.Length);
            for (var i = 0; i < x.Length; i++)
            {
                y[i] = x[i] - y[i];
            }
        };
    }

    /// <summary>Σ xᵢ yᵢ.</summary>
    public double Dot(double* x, double* y)
    {
        Run(_dot, x, y);
        return FixedOrderSum.Of(_partial);
    }

    /// <summary>√Σ xᵢ².</summary>
    public double Norm(double* x) => Math.Sqrt(Dot(x, x));

    /// <summary>y += a x.</summary>
    public void Add(double a, double* x, double* y)
    {
        _a = a;
        Run(_add, x, y);
    }

    /// <summary>y = a x + b y.</summary>
    public void Combine(double a, double* x, double b, double* y)
    {
        (_a, _b) = (a, b);
        Run(_combine, x, y);
    }

    /// <summary>r = b − A x.</summary>
    public void Residual(ILinearOperator matrix, double* b, double* x, double* r)
    {
        matrix.Multiply(new(x, _length), new(r, _length));
        Run(_difference, b, r);
    }

    /// <summary>
    /// ‖b − A x‖ of a solution that a recursion says is near enough; r becomes b − A x. If it is not near enough, iterations may begin anew from it, as long as that at least halves it.
    /// </summary>
    /// <param name="matrix">A.</param>
    /// <param name="b">b.</param>
    /// <param name="x">x.</param>
    /// <param name="r">Overwritten.</param>
    /// <param name="norm">‖b‖.</param>
    /// <param name="tolerance">What ‖b − A x‖ may be, relative to ‖b‖.</param>
    /// <param name="before">That of the last time, at first infinite; overwritten.</param>
    /// <param name="iteration">How many iterations were made, for the message.</param>
    /// <exception cref="InvalidOperationException">To begin anew does not help.</exception>
    public double TrueResidual(ILinearOperator matrix, double* b, double* x, double* r, double norm, double tolerance, ref double before, int iteration)
    {
        Residual(matrix, b, x, r);
        var residual = Norm(r);
        if (residual > tolerance * norm && residual > before / 2)
        {
            throw Failure($"The residual stays at {residual / norm:0.##e+0} of the right-hand side after {iteration} iterations, though {tolerance:0.##e+0} was asked for: with this matrix rounding lets it come no nearer. Ask for less, or solve with SparseLdl.");
        }

        before = residual;
        return residual;
    }

    /// <summary>Why iterations were given up.</summary>
    public static InvalidOperationException Failure(FormattableString text) => new(text.ToString(CultureInfo.InvariantCulture));

    /// <summary>The vector that a pointer stands for.</summary>
    public Span<double> Of(double* x) => new(x, _length);

    private void Run(Action<int, int, int> body, double* x, double* y)
    {
        _x = x;
        _y = y;
        _loop.Run(_length, Chunk, body);
    }
}
