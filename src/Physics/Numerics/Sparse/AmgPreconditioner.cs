namespace ActorMultiscale.Physics.Numerics.Sparse;

/// <summary>The size of one level of an <see cref="AmgPreconditioner"/>.</summary>
/// <param name="Unknowns">The rows of its matrix.</param>
/// <param name="Numbers">The stored numbers of its matrix.</param>
public readonly record struct AmgLevel(int Unknowns, long Numbers);

/// <summary>
/// Smoothed-aggregation multigrid for a symmetric positive definite matrix: one V-cycle, itself symmetric positive definite. Coupled nodes
/// are grouped into aggregates; on each, near-kernel vectors are all that the coarser level sees; a damped Jacobi step smooths the
/// interpolation, and Chebyshev polynomials what is left. The number of iterations of <see cref="ConjugateGradient"/> hardly grows with
/// the number of unknowns. Set-up and cycle work on several threads and give the same bits on any number of them. Usable by one caller
/// at a time; a cycle allocates nothing.
/// </summary>
/// <remarks>
/// After: Vaněk, Mandel, Brezina, "Algebraic multigrid by smoothed aggregation for second and fourth order elliptic problems",
/// Computing 56, 179 (1996); Vaněk, Brezina, Mandel, Numer. Math. 88, 559 (2001). Set-up and cycle are linear in the number of entries.
/// </remarks>
public sealed class AmgPreconditioner : IPreconditioner
{
    // A level that shrinks by less is solved directly.
    private const double Shrinks = 0.8;
    private readonly IAmgCycle _cycle;

    /// <summary>The preconditioner of a system with one unknown a node, whose near-kernel are constants.</summary>
    /// <param name="matrix">A, symmetric positive definite. Not kept.</param>
    /// <param name="options">How to build it.</param>
    /// <param name="loop">The threads of set-up and cycle; the caller's if null.</param>
    /// <exception cref="ArgumentException">A is not square, or a diagonal entry is not positive.</exception>
    public AmgPreconditioner(CsrMatrix matrix, AmgOptions? options = null, ChunkedLoop? loop = null)
        : this(BcsrMatrix.FromCsr(matrix, 1, loop), NearKernel.Constants(matrix.RowCount), options, loop)
    {
    }

    /// <summary>The preconditioner of a system with b unknowns a node.</summary>
    /// <param name="matrix">
    /// A, symmetric positive definite, a block row a node. Without <see cref="AmgOptions.SinglePrecision"/> its numbers are not copied, and the
    /// values must not change as long as this is used.
    /// </param>
    /// <param name="kernel">Its near-kernel: <see cref="NearKernel.RigidBodyModes"/> for a solid.</param>
    /// <param name="options">How to build it.</param>
    /// <param name="loop">The threads of set-up and cycle; the caller's if null.</param>
    /// <exception cref="ArgumentException">A is not square, has other rows than the kernel, or a diagonal block that is not positive definite.</exception>
    public AmgPreconditioner(BcsrMatrix matrix, NearKernel kernel, AmgOptions? options = null, ChunkedLoop? loop = null)
    {
        ArgumentNullException.ThrowIfNull(matrix);
        ArgumentNullException.ThrowIfNull(kernel);
        if (matrix.RowBlocks != matrix.ColumnBlocks || matrix.RowCount != kernel.RowCount)
        {
            throw new ArgumentException(
                $"The matrix is {matrix.RowCount} × {matrix.ColumnCount} and the near-kernel has {kernel.RowCount} rows; all three are one number.", nameof(matrix));
        }

        options = (options ?? new()).Validated();
        loop ??= ChunkedLoop.Serial;
        _cycle = options.SinglePrecision ? new AmgCycle<float>(options, loop) : new AmgCycle<double>(options, loop);
        var (a, modes, vectors, strength) = (matrix.Storage, kernel.Modes, kernel.Values.ToArray(), options.Strength);
        var levels = new List<AmgLevel> { SizeOf(a) };
        while (levels[^1].Unknowns > options.CoarsestUnknowns && levels.Count < options.MaxLevels)
        {
            var strengths = Aggregates.Strengths(a, strength, loop);
            var aggregates = Aggregates.Build(a, strengths);
            if (aggregates.Count == 0 || aggregates.Count * modes > Shrinks * levels[^1].Unknowns)
            {
                break;
            }

            // ω = 4/3 / λ makes the smoothed vectors' energy least: Vaněk, Brezina, Mandel (2001), section 3.
            var inverse = DiagonalBlocks.Inverse(a, levels.Count - 1, loop);
            var largest = _cycle.Add(a, inverse);
            var (p, coarse) = Prolongator.Build(a, vectors, modes, aggregates, strengths, inverse, 4.0 / 3 / largest, loop);
            var transposed = p.Transpose();
            a = Galerkin.Product(a, p, transposed, loop);
            _cycle.Join(p, transposed);
            (vectors, strength) = (coarse, strength / 2);
            levels.Add(SizeOf(a));
        }

        _cycle.End(a);
        Levels = levels;
    }

    /// <summary>The levels, from the finest to the one that is solved directly.</summary>
    public IReadOnlyList<AmgLevel> Levels { get; }

    /// <summary>The numbers of all levels' matrices over those of the finest: what the coarser ones cost.</summary>
    public double OperatorComplexity => (double)Levels.Aggregate(0L, (sum, level) => sum + level.Numbers) / Levels[0].Numbers;

    /// <inheritdoc/>
    public void Apply(ReadOnlySpan<double> r, Span<double> z)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(r.Length, Levels[0].Unknowns);
        ArgumentOutOfRangeException.ThrowIfNotEqual(z.Length, Levels[0].Unknowns);
        _cycle.Apply(r, z);
    }

    internal static AmgLevel SizeOf(BlockRows<double> a) => new(a.RowBlocks * a.Rows, a.Numbers);
}
