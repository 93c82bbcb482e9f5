using System.Numerics;

namespace ActorMultiscale.Physics.Numerics.Sparse;

/// <summary>A V-cycle in one precision.</summary>
internal interface IAmgCycle
{
    /// <summary>Adds a level whose coarser one is still to come; returns an estimate of the largest eigenvalue of D⁻¹A.</summary>
    double Add(BlockRows<double> a, double[] inverse);

    /// <summary>Joins the level added last to the coarser one.</summary>
    void Join(Prolongator p, (int[] Start, int[] Rows, int[] Blocks) transposed);

    /// <summary>Adds the coarsest level.</summary>
    void End(BlockRows<double> a);

    /// <summary>z = M⁻¹ r.</summary>
    void Apply(ReadOnlySpan<double> r, Span<double> z);
}

/// <summary>
/// A V-cycle that computes in <typeparamref name="T"/>; allocates nothing after it is built. In single precision matrices and residuals are
/// scaled by powers of two to about one, so that units cannot leave its range.
/// </summary>
/// <param name="options">Degree and range of the smoother.</param>
/// <param name="loop">The threads.</param>
/// <param name="coarser">A cycle whose levels are to follow on those that are added; it shares them, so that both have one caller at a time.</param>
internal sealed unsafe class AmgCycle<T>(AmgOptions options, ChunkedLoop loop, AmgCycle<T>? coarser = null) : IAmgCycle where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    private const int Chunk = 1 << 14;
    private const int MostDense = 1500;
    private readonly List<Level> _levels = [];
    private Action<int, int, int> _take = static (_, _, _) => { };
    private Action<int, int, int> _give = static (_, _, _) => { };
    private Action<int, int, int> _measure = static (_, _, _) => { };
    private double[] _most = [];
    private double _scale = 1;      // Of the matrices: what is solved is A · scale.
    private double _unit = 1;       // Of the residual.
    private double* _from;
    private double* _to;
    private IPreconditioner? _coarse;
    private T[] _coarseRight = [];
    private T[] _coarseSolution = [];
    private double[] _coarseResidual = [];
    private double[] _coarseExact = [];

    public double Add(BlockRows<double> a, double[] inverse)
    {
        if (_levels.Count == 0 && typeof(T) == typeof(float))
        {
            // Coarse bases are orthonormal: all levels are of one size.
            _scale = coarser is { _levels.Count: > 0 } ? coarser._scale : PowerOfTwo(inverse.Where((_, i) => i / a.Rows % a.Rows == i % a.Rows).Min());
        }

        var smoother = new BlockSmoother<T>(a.As<T>(_scale, loop), Array.ConvertAll(inverse, v => v / _scale), loop);
        _levels.Add(new(smoother, loop));
        return smoother.Largest;
    }

    public void Join(Prolongator p, (int[] Start, int[] Rows, int[] Blocks) transposed) =>
        (_levels[^1].Interpolation, _levels[^1].Restriction) = (p.Interpolation<T>(loop), p.Restriction<T>(transposed, loop));

    public void End(BlockRows<double> a)
    {
        var size = a.RowBlocks * a.Rows;
        _coarse = size <= MostDense ? new CoarseFactor(a) : SparseLdl.PositiveDefinite(a.ToCsr(), loop);
        (_coarseRight, _coarseSolution) = (new T[size], new T[size]);
        Link();
    }

    /// <summary>Ends with the levels of the cycle that was given to the constructor.</summary>
    public void Continue()
    {
        _levels.AddRange(coarser!._levels);
        (_coarse, _coarseRight, _coarseSolution) = (coarser._coarse, coarser._coarseRight, coarser._coarseSolution);
        Link();
    }

    private void Link()
    {
        (_take, _give, _measure) = (Take, Give, Measure);
        _most = new double[ChunkedLoop.Chunks(_levels.Count == 0 ? 0 : _levels[0].Smoother.Right.Length, Chunk)];
        (_coarseResidual, _coarseExact) = (new double[_coarseRight.Length], new double[_coarseRight.Length]);
        for (var l = 0; l < _levels.Count; l++)
        {
            var isLast = l + 1 == _levels.Count;
            (_levels[l].CoarseRight, _levels[l].CoarseSolution) = isLast ? (_coarseRight, _coarseSolution) : (_levels[l + 1].Smoother.Right, _levels[l + 1].Smoother.Solution);
        }
    }

    public void Apply(ReadOnlySpan<double> r, Span<double> z)
    {
        if (_levels.Count == 0)
        {
            _coarse!.Apply(r, z);
            return;
        }

        var (right, solution) = (_levels[0].Smoother.Right, _levels[0].Smoother.Solution);
        fixed (double* from = r, to = z)
        {
            _from = from;
            _to = to;
            if (typeof(T) == typeof(float))
            {
                loop.Run(right.Length, Chunk, _measure);
                var most = 0.0;
                foreach (var value in _most)
                {
                    most = Math.Max(most, value);
                }

                _unit = PowerOfTwo(most);
            }

            loop.Run(right.Length, Chunk, _take);
            Cycle(0);
            loop.Run(solution.Length, Chunk, _give);
        }
    }

    private void Measure(int chunk, int first, int past)
    {
        var most = 0.0;
        foreach (var value in new ReadOnlySpan<double>(_from + first, past - first))
        {
            most = Math.Max(most, Math.Abs(value));
        }

        _most[chunk] = most;
    }

    // One where there is none to be had: zero, infinite, not a number.
    private static double PowerOfTwo(double size) => double.IsNormal(size) ? Math.ScaleB(1, Math.ILogB(size)) : 1;

    private void Take(int chunk, int first, int past)
    {
        var right = _levels[0].Smoother.Right;
        for (var i = first; i < past; i++)
        {
            right[i] = T.CreateTruncating(_from[i] / _unit);
        }
    }

    private void Give(int chunk, int first, int past)
    {
        var solution = _levels[0].Smoother.Solution;
        for (var i = first; i < past; i++)
        {
            _to[i] = double.CreateTruncating(solution[i]) * (_unit * _scale);
        }
    }

    private void Cycle(int l)
    {
        if (l == _levels.Count)
        {
            for (var i = 0; i < _coarseExact.Length; i++)
            {
                _coarseResidual[i] = double.CreateTruncating(_coarseRight[i]);
            }

            _coarse!.Apply(_coarseResidual, _coarseExact);
            for (var i = 0; i < _coarseExact.Length; i++)
            {
                _coarseSolution[i] = T.CreateTruncating(_coarseExact[i] / _scale);
            }

            return;
        }

        // The same polynomial before and after makes the cycle symmetric.
        var level = _levels[l];
        level.Smoother.Smooth(options.Degree, options.SmoothedRange, fromZero: true, withRest: true);
        level.Restrict();
        Cycle(l + 1);
        level.Correct();
        level.Smoother.Smooth(options.Degree, options.SmoothedRange, fromZero: false, withRest: false);
    }

    private sealed class Level
    {
        private readonly ChunkedLoop _loop;
        private readonly T[] _correction;
        private readonly Action<int, int, int> _restrict;
        private readonly Action<int, int, int> _correct;

        public Level(BlockSmoother<T> smoother, ChunkedLoop loop)
        {
            (Smoother, _loop, _correction) = (smoother, loop, new T[smoother.Right.Length]);
            _restrict = (_, first, past) =>
            {
                fixed (T* from = Smoother.Rest, to = CoarseRight)
                {
                    Restriction!.Multiply(from, to, first, past);
                }
            };
            _correct = (_, first, past) =>
            {
                var b = Interpolation!.Rows;
                fixed (T* from = CoarseSolution, correction = _correction, x = Smoother.Solution)
                {
                    Interpolation.Multiply(from, correction, first, past);
                    for (var i = first * b; i < past * b; i++)
                    {
                        x[i] += correction[i];
                    }
                }
            };
        }

        public BlockSmoother<T> Smoother { get; }

        public BlockRows<T>? Interpolation { get; set; }

        public BlockRows<T>? Restriction { get; set; }

        public T[] CoarseRight { get; set; } = [];

        public T[] CoarseSolution { get; set; } = [];

        public void Restrict() => _loop.Run(Restriction!.RowBlocks, Restriction.ChunkRows, _restrict);

        public void Correct() => _loop.Run(Interpolation!.RowBlocks, Interpolation.ChunkRows, _correct);
    }
}
