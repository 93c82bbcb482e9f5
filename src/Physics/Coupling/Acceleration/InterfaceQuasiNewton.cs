using System.Collections.Immutable;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Coupling.Acceleration;

/// <summary>
/// Interface quasi-Newton iteration. With V the differences of residuals and W those of H(x), the next iterate is H(x) + ΔH, where ΔH is what
/// the columns say of a residual that vanishes:
/// IQN-ILS: ΔH = W c, c = argmin ‖V c + r‖ (J. Degroote, K.-J. Bathe, J. Vierendeels, Comput. Struct. 87 (2009) 793);
/// IQN-IMVJ: ΔH = −J r + (W − J V) c with the Jacobian J of the windows before (K. Scheufele, M. Mehl, SIAM J. Sci. Comput. 39 (2017) S404).
/// </summary>
/// <remarks>
/// Rows of V are those of accelerated blocks, at all substeps or at windows' ends; rows of W are all, so that secondary blocks are carried
/// along by the same coefficients. A Jacobian is never an n × n matrix but a list of thin factors.
/// Where a step makes the residual much worse, or no step has made it less for long, the columns of earlier windows go first. After that, a
/// step that makes it much worse is taken back: it leaves a column, and the next step leads from the window's best iterate. Where no step
/// has made it less for long, all columns go, and the iteration relaxes from there, each time by half as much as the time before.
/// A step that is not finite or would not move is a relaxation too. What still does not converge is for the window to cut.
/// </remarks>
public sealed class InterfaceQuasiNewton : IAcceleration
{
    private const double Worse = 10;            // Times the window's best residual: columns of earlier windows do not hold here.
    private const double MuchWorse = 1000;      // On the way to enough columns a residual goes up and down by orders; this is beyond.
    private const int Patience = 20;            // Iterations without a new best: a residual may stand still while directions are learned, but not for ever.
    private const int MostRestingParts = 32;    // Of Jacobians on other time grids; the oldest go.
    private const double Motionless = 1e-9;     // A step shorter than this share of the residual undoes the iteration.
    private const double Noise = 1e-15;         // Relative to the values themselves: differences below are round-off.

    private readonly AccelerationSpec _spec;
    private readonly BlockWeights _weights;
    private readonly VectorPool _vectors = new();
    private readonly ColumnFactors _factors;
    private readonly List<Column> _columns = [];            // In the order of the factors: the newest first.
    private readonly List<Column> _resting = [];            // Of other time grids, and superfluous on the present one.
    private readonly List<JacobianPart> _jacobian = [];     // The oldest first.
    private readonly List<JacobianPart> _restingParts = []; // Jacobians of other time grids.
    private ImmutableArray<IterateBlock> _blocks = [];
    private double[] _r = [];                               // On the rows of V.
    private double[] _rBefore = [];
    private double[] _hx = [];                              // On all rows, of the iteration before.
    private double[] _scaled = [];
    private double[] _bestX = [];
    private double[] _bestHx = [];
    private int _sinceBest;
    private int _backSteps;
    private int _window;
    private int _windowsInJacobian;
    private int _number;                                    // Of the next column.
    private bool _hasBefore;

    /// <summary>An iteration that knows nothing yet.</summary>
    public InterfaceQuasiNewton(AccelerationSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        _spec = spec;
        _weights = new BlockWeights(spec);
        _factors = new ColumnFactors(_vectors);
    }

    /// <summary>How many columns it holds.</summary>
    public int Columns => _columns.Count;

    private bool HasJacobian => _spec.Method == AccelerationMethod.Jacobian;

    /// <inheritdoc/>
    public void Next(ImmutableArray<IterateBlock> blocks, ReadOnlySpan<double> x, ReadOnlySpan<double> hx, Span<double> next, int iteration)
    {
        var hasLearned = Learn(blocks, x, hx, iteration);
        var norm = ScaledNorm(_r);
        var best = NormOfBest(x, hx, norm, isFirst: iteration == 0 || _bestX.Length != x.Length);
        var stands = _sinceBest >= Patience;
        var hasOld = _columns.Exists(c => c.Window < _window) || _jacobian.Count > 0;
        var factor = _spec.Relaxation;
        if (stands || !(norm <= (hasOld && !HasJacobian ? Worse : MuchWorse) * best))
        {
            if (hasOld)
            {
                DropOld();
                _sinceBest = 0;
            }
            else
            {
                if (stands || !hasLearned)
                {
                    // Without a new column the next step would be the same again.
                    Clear();
                    _sinceBest = 0;
                }

                GoBack();
                x = _bestX;
                hx = _bestHx;
                norm = best;
                _backSteps += _columns.Count == 0 ? 1 : 0;
                factor *= Math.Pow(0.5, _backSteps);
            }
        }

        hx.CopyTo(next);
        if (norm == 0)
        {
            return;
        }

        if (!TryStep(next) || !Moves(x, next, norm))
        {
            for (var i = 0; i < next.Length; i++)
            {
                next[i] = x[i] + (factor * (hx[i] - x[i]));
            }
        }
    }

    /// <inheritdoc/>
    public void Accept(ImmutableArray<IterateBlock> blocks, ReadOnlySpan<double> x, ReadOnlySpan<double> hx, int iteration)
    {
        Learn(blocks, x, hx, iteration);
        if (HasJacobian && _columns.Count > 0)
        {
            RememberJacobian();
            _columns.Clear();       // The Jacobian holds their arrays.
            Clear();
        }

        _window++;
        _hasBefore = false;
        _weights.EndWindow();
        var oldest = _window - Math.Max(1, _spec.WindowsReused);
        _resting.RemoveAll(c => c.Window < oldest);
        while (!HasJacobian && _columns.Count > 0 && _columns[^1].Window < oldest)
        {
            _factors.Remove(_columns.Count - 1);
            Discard(_columns[^1]);
            _columns.RemoveAt(_columns.Count - 1);
        }
    }

    /// <inheritdoc/>
    public void Forget()
    {
        Clear();
        _vectors.Clear();
        _jacobian.Clear();
        _restingParts.Clear();
        _weights.Forget();
        _blocks = [];
        (_window, _windowsInJacobian, _number, _hasBefore) = (0, 0, 0, false);
    }

    // ---- learning ------------------------------------------------------------------------------------------------

    // Whether a column came of it.
    private bool Learn(ImmutableArray<IterateBlock> blocks, ReadOnlySpan<double> x, ReadOnlySpan<double> hx, int iteration)
    {
        Settle(blocks, x.Length);
        (_r, _rBefore) = (_rBefore, _r);
        Residual(x, hx, _r);
        var whole = _vectors.Rent(x.Length);
        for (var i = 0; i < whole.Length; i++)
        {
            whole[i] = hx[i] - x[i];
        }

        var rescaled = _weights.Update(blocks, x, whole);
        _vectors.Return(whole);
        var hasLearned = iteration > 0 && _hasBefore && TryAddColumn(hx);

        if (rescaled)
        {
            Refactor(RefactorLimit);
        }

        Filter();
        hx.CopyTo(_hx);
        _hasBefore = true;
        return hasLearned;
    }

    // Other points or conduits: what was learned says nothing. Other points in time: it is read there.
    private void Settle(ImmutableArray<IterateBlock> blocks, int length)
    {
        var isAlike = GridTransfer.AreAlike(_blocks, blocks);
        if (isAlike && GridTransfer.AreOnOneGrid(_blocks, blocks))
        {
            return;
        }

        if (!isAlike)
        {
            Forget();
        }

        _blocks = blocks;
        _hasBefore = false;
        var rows = 0;
        foreach (var block in blocks)
        {
            rows += block.IsAccelerated ? block.Length * (_spec.UsesWindowEndsOnly ? 1 : block.Samples) : 0;
        }

        (_r, _rBefore, _scaled, _hx) = (new double[rows], new double[rows], new double[rows], new double[length]);
        Transfer();
        _factors.Clear();
        _vectors.Clear();
        Refactor(RefactorLimit);
        while (_columns.Count + _resting.Count > Math.Max(_spec.Columns, _columns.Count))
        {
            _resting.RemoveAt(_resting.Count - 1);
        }
    }

    // Always from the grid where it was learned: what a coarse grid does not tell is there again on the next fine one.
    private void Transfer()
    {
        var transfers = new List<(ImmutableArray<IterateBlock> From, GridTransfer By)>();
        GridTransfer To(ImmutableArray<IterateBlock> from)
        {
            var known = transfers.FindIndex(t => GridTransfer.AreOnOneGrid(t.From, from));
            if (known < 0)
            {
                known = transfers.Count;
                transfers.Add((from, new GridTransfer(from, _blocks, _spec.UsesWindowEndsOnly)));
            }

            return transfers[known].By;
        }

        Column[] all = [.. _columns.Concat(_resting).OrderByDescending(c => c.Number)];
        _resting.Clear();
        _columns.Clear();
        _columns.AddRange(all.Select(c => OnGrid(c.Own ?? c, To)));
        TransferJacobian(To);
    }

    // Steps of another length make another Jacobian: a grid that was there before takes up its own, a new one begins with what the last one knows.
    private void TransferJacobian(Func<ImmutableArray<IterateBlock>, GridTransfer> to)
    {
        var last = _jacobian.ToArray();
        _restingParts.AddRange(last);
        _jacobian.Clear();
        _jacobian.AddRange(_restingParts.Where(p => GridTransfer.AreOnOneGrid(p.Grid, _blocks)));
        _restingParts.RemoveAll(p => GridTransfer.AreOnOneGrid(p.Grid, _blocks));
        if (_jacobian.Count == 0)
        {
            _jacobian.AddRange(last.Select(p => new JacobianPart(
                p.W.ConvertAll(w => to(p.Grid).OnAll(w)), p.Z.ConvertAll(z => to(p.Grid).OnFactors(z)), p.V.ConvertAll(v => to(p.Grid).OnRows(v)), _blocks)));
        }

        while (_restingParts.Count > MostRestingParts)
        {
            _restingParts.RemoveAt(0);
        }
    }

    private Column OnGrid(Column own, Func<ImmutableArray<IterateBlock>, GridTransfer> to) => GridTransfer.AreOnOneGrid(own.Grid, _blocks)
        ? own
        : own with { V = to(own.Grid).OnRows(own.V), W = to(own.Grid).OnAll(own.W), Grid = _blocks, Own = own };

    private double RefactorLimit => _spec.Filter is ColumnFilter.Qr2 or ColumnFilter.Qr3 ? _spec.FilterLimit : 0;

    private bool TryAddColumn(ReadOnlySpan<double> hx)
    {
        if (!HasJacobian && _spec.WindowsReused == 0 && _columns.Exists(c => c.Window < _window))
        {
            // Columns of the last window served for the first step of this one.
            DiscardOld();
            Refactor(0);
        }

        var column = new Column(_vectors.Rent(_r.Length), _vectors.Rent(hx.Length), _blocks, null, _window, _number);
        for (var i = 0; i < _r.Length; i++)
        {
            column.V[i] = _r[i] - _rBefore[i];
        }

        for (var i = 0; i < hx.Length; i++)
        {
            column.W[i] = hx[i] - _hx[i];
        }

        var size = FixedOrderSum.Norm(column.V);
        if (!double.IsFinite(size) || size <= Noise * FixedOrderSum.Norm(hx))
        {
            Discard(column);
            return false;
        }

        if (HasJacobian)
        {
            AddJacobian(_jacobian, column.V, column.W, -1);
        }

        _number++;
        _columns.Insert(0, column);
        if (!_factors.TryInsertFirst(Scaled(column.V)))
        {
            Refactor(0);
        }

        while (_columns.Count > Math.Min(_spec.Columns, _r.Length))
        {
            RemoveColumn(_columns.Count - 1);
        }

        return true;
    }

    private void Filter()
    {
        switch (_spec.Filter)
        {
            case ColumnFilter.Qr1:
            case ColumnFilter.Qr1Absolute:
                for (var i = 1; i < _columns.Count; i++)
                {
                    var limit = _spec.FilterLimit * (_spec.Filter == ColumnFilter.Qr1 ? _factors.FrobeniusNorm() : 1);
                    if (Math.Abs(_factors.Diagonal(i)) < limit)
                    {
                        RemoveColumn(i);
                        i = 0;
                    }
                }

                break;
            case ColumnFilter.Qr2:
                Refactor(_spec.FilterLimit);
                break;
            case ColumnFilter.Qr3:
                for (var i = 1; i < _columns.Count; i++)
                {
                    if (Math.Abs(_factors.Diagonal(i)) < _spec.FilterLimit * _factors.Norm(i))
                    {
                        Refactor(_spec.FilterLimit);
                        break;
                    }
                }

                break;
            default:
                break;
        }
    }

    // Factors anew, from the newest column to the oldest; what is dependent on newer ones goes.
    private void Refactor(double limit)
    {
        _factors.Clear();
        for (var i = 0; i < _columns.Count; i++)
        {
            if (!_factors.TryAppend(Scaled(_columns[i].V), i == 0 ? 0 : limit))
            {
                Rest(i--);
            }
        }
    }

    private void RemoveColumn(int index)
    {
        _factors.Remove(index);
        Rest(index);
    }

    // What is superfluous on the present grid may not be so on its own, to which a later window may come back.
    private void Rest(int index)
    {
        if (_columns[index].Own is not null)
        {
            _resting.Add(_columns[index]);
        }
        else
        {
            Discard(_columns[index]);
        }

        _columns.RemoveAt(index);
    }

    // Columns of earlier windows, and all that rest.
    private void DiscardOld()
    {
        foreach (var column in _columns)
        {
            if (column.Window < _window)
            {
                Discard(column);
            }
        }

        _columns.RemoveAll(c => c.Window < _window);
        _resting.Clear();
    }

    // A column that nobody refers to any more. What it is on its own grid has arrays of other lengths.
    private void Discard(Column column)
    {
        _vectors.Return(column.V);
        _vectors.Return(column.W);
    }

    private void Discard(JacobianPart part)
    {
        _vectors.Return(part.W);
        _vectors.Return(part.Z);
        _vectors.Return(part.V);
    }

    private void Clear()
    {
        _columns.ForEach(Discard);
        _columns.Clear();
        _resting.Clear();
        _factors.Clear();
    }

    // The norm of the window's best residual, by the present weights.
    private double NormOfBest(ReadOnlySpan<double> x, ReadOnlySpan<double> hx, double norm, bool isFirst)
    {
        if (isFirst)
        {
            (_bestX, _bestHx) = _bestX.Length == x.Length ? (_bestX, _bestHx) : (new double[x.Length], new double[x.Length]);
            _backSteps = 0;
        }

        Residual(_bestX, _bestHx, _scaled);
        var best = ScaledNorm(_scaled);
        _sinceBest++;
        if (isFirst || norm < best)
        {
            x.CopyTo(_bestX);
            hx.CopyTo(_bestHx);
            _sinceBest = 0;
            return norm;
        }

        return best;
    }

    // To the window's best iterate: the next step is from there, and what is learned next is measured from there.
    private void GoBack()
    {
        Residual(_bestX, _bestHx, _r);
        _bestHx.CopyTo(_hx, 0);
    }

    // What earlier windows taught. Columns of this window hold W − J V: without the Jacobian they are W again.
    private void DropOld()
    {
        DiscardOld();
        foreach (var column in _columns)
        {
            AddJacobian(_jacobian, column.V, column.W, 1);
        }

        _jacobian.ForEach(Discard);
        _jacobian.Clear();
        Refactor(0);
    }

    // ---- stepping ------------------------------------------------------------------------------------------------

    // next holds H(x) and gets H(x) + ΔH.
    private bool TryStep(Span<double> next)
    {
        if (_columns.Count == 0 && _jacobian.Count == 0)
        {
            return false;
        }

        AddJacobian(_jacobian, _r, next, -1);
        if (_columns.Count > 0)
        {
            var c = _factors.Solve(Scaled(_r));
            for (var j = 0; j < c.Length; j++)
            {
                ColumnFactors.AddMultiple(-c[j], _columns[j].W, next);
            }

            _vectors.Return(c);
        }

        var sum = 0.0;
        foreach (var value in next)
        {
            sum += value - value;
        }

        return sum == 0;
    }

    // Whether the step is one: an iterate that comes back to where it was, or nearly, would go on like that for ever.
    private bool Moves(ReadOnlySpan<double> x, ReadOnlySpan<double> next, double norm)
    {
        Residual(x, next, _scaled);
        return ScaledNorm(_scaled) > Motionless * norm;
    }

    // The rows of V: accelerated blocks, at all substeps or at the window's end.
    private void Residual(ReadOnlySpan<double> x, ReadOnlySpan<double> hx, Span<double> r)
    {
        var (from, to) = (0, 0);
        foreach (var block in _blocks)
        {
            var skip = block.IsAccelerated && _spec.UsesWindowEndsOnly ? (block.Samples - 1) * block.Length : 0;
            var length = (block.Samples * block.Length) - skip;
            for (var i = 0; block.IsAccelerated && i < length; i++)
            {
                r[to++] = hx[from + skip + i] - x[from + skip + i];
            }

            from += skip + length;
        }
    }

    private double[] Scaled(ReadOnlySpan<double> v)
    {
        var at = 0;
        for (var b = 0; b < _blocks.Length; b++)
        {
            if (_blocks[b].IsAccelerated)
            {
                var length = _blocks[b].Length * (_spec.UsesWindowEndsOnly ? 1 : _blocks[b].Samples);
                var weight = _weights.Of(b);
                for (var i = 0; i < length; i++)
                {
                    _scaled[at + i] = weight * v[at + i];
                }

                at += length;
            }
        }

        return _scaled;
    }

    private double ScaledNorm(ReadOnlySpan<double> v)
    {
        var sum = 0.0;
        var at = 0;
        for (var b = 0; b < _blocks.Length; b++)
        {
            if (_blocks[b].IsAccelerated)
            {
                var length = _blocks[b].Length * (_spec.UsesWindowEndsOnly ? 1 : _blocks[b].Samples);
                var part = v.Slice(at, length);
                sum += _weights.Of(b) * _weights.Of(b) * FixedOrderSum.Dot(part, part);
                at += length;
            }
        }

        return Math.Sqrt(sum);
    }

    // ---- the Jacobian --------------------------------------------------------------------------------------------

    // y ← y ± J v.
    private static void AddJacobian(IEnumerable<JacobianPart> jacobian, ReadOnlySpan<double> v, Span<double> y, double sign)
    {
        foreach (var part in jacobian)
        {
            for (var j = 0; j < part.W.Count; j++)
            {
                ColumnFactors.AddMultiple(sign * FixedOrderSum.Dot(part.Z[j], v), part.W[j], y);
            }
        }
    }

    // J ← J + W̃ Z, Z = V⁺. The columns hold W̃ = W − J V already.
    private void RememberJacobian()
    {
        _jacobian.Add(new JacobianPart([.. _columns.Select(c => c.W)], Unscaled(_factors.PseudoInverse()), [.. _columns.Select(c => c.V)], _blocks));
        _windowsInJacobian++;
        var isFull = _windowsInJacobian >= _spec.RestartAfter || _jacobian.Count > _spec.RestartAfter;
        switch (_spec.Restart)
        {
            case JacobianRestart.Slide when _jacobian.Count > _spec.RestartAfter:
                Discard(_jacobian[0]);
                _jacobian.RemoveAt(0);
                break;
            case JacobianRestart.Zero when isFull:
                _jacobian.ForEach(Discard);
                _jacobian.Clear();
                _windowsInJacobian = 0;
                break;
            case JacobianRestart.LeastSquares when isFull:
                RestartByLeastSquares();
                _windowsInJacobian = 0;
                break;
            case JacobianRestart.SingularValues when isFull:
                RestartBySingularValues();
                _windowsInJacobian = 0;
                break;
            default:
                break;
        }
    }

    // Z acts on residuals as they are: V⁺ = (P V)⁺ P.
    private List<double[]> Unscaled(List<double[]> rows)
    {
        foreach (var row in rows)
        {
            Scaled(row).CopyTo(row, 0);
        }

        return rows;
    }

    // One factor from all columns that are stored, newest first: W = ΔH of each, which is W̃ + J V with the Jacobian of its time.
    private void RestartByLeastSquares()
    {
        var (v, w) = (new List<double[]>(), new List<double[]>());
        for (var q = _jacobian.Count - 1; q >= 0; q--)
        {
            for (var j = 0; j < _jacobian[q].V.Count; j++)
            {
                var whole = _vectors.Copy(_jacobian[q].W[j]);
                AddJacobian(_jacobian.Take(q), _jacobian[q].V[j], whole, 1);
                v.Add(_jacobian[q].V[j]);
                w.Add(whole);
            }
        }

        foreach (var part in _jacobian)
        {
            _vectors.Return(part.W);
            _vectors.Return(part.Z);
        }

        var factors = new ColumnFactors(_vectors);
        for (var j = 0; j < v.Count; j++)
        {
            if (factors.Count >= Math.Min(_spec.Columns, _r.Length) || !factors.TryAppend(Scaled(v[j]), _spec.FilterLimit))
            {
                _vectors.Return(v[j]);
                _vectors.Return(w[j]);
                v.RemoveAt(j);
                w.RemoveAt(j--);
            }
        }

        _jacobian.Clear();
        _jacobian.Add(new JacobianPart(w, Unscaled(factors.PseudoInverse()), v, _blocks));
        factors.Clear();
    }

    // J = W Z with K columns in all. W = A R, Zᵀ = B S, R Sᵀ = U Σ Vᵀ (K × K); J = (A U Σ)(B V)ᵀ, cut where σ is small. What is small
    // is told in scaled quantities, P J P⁻¹: from one quantity to another J has entries of any order.
    private void RestartBySingularValues()
    {
        var w = _jacobian.SelectMany(p => p.W).Select(row => WeighAll(row, invert: false)).ToList();
        var z = _jacobian.SelectMany(p => p.Z).Select(row => Weigh(row, invert: true)).ToList();
        var v = _jacobian[^1].V;
        _jacobian[^1] = _jacobian[^1] with { V = [] };
        _jacobian.ForEach(Discard);
        _jacobian.Clear();
        var (a, r) = Orthonormal(w);
        var (b, s) = Orthonormal(z);
        _vectors.Return(w);
        _vectors.Return(z);
        if (a.Count == 0 || b.Count == 0)
        {
            _vectors.Return(a);
            _vectors.Return(b);
            _vectors.Return(v);
            return;
        }

        var core = MathNet.Numerics.LinearAlgebra.Matrix<double>.Build.Dense(a.Count, b.Count, (i, j) =>
        {
            var sum = 0.0;
            for (var k = 0; k < w.Count; k++)
            {
                sum += r[k][i] * s[k][j];
            }

            return sum;
        });
        var svd = core.Svd();
        var (left, right) = (new List<double[]>(), new List<double[]>());
        for (var k = 0; k < svd.S.Count && svd.S[k] > _spec.Truncation * svd.S[0]; k++)
        {
            var (x, y) = (_vectors.RentZeros(w[0].Length), _vectors.RentZeros(z[0].Length));
            for (var i = 0; i < a.Count; i++)
            {
                ColumnFactors.AddMultiple(svd.U[i, k] * svd.S[k], a[i], x);
            }

            for (var j = 0; j < b.Count; j++)
            {
                ColumnFactors.AddMultiple(svd.VT[k, j], b[j], y);
            }

            left.Add(WeighAll(x, invert: true));
            right.Add(Weigh(y, invert: false));
            _vectors.Return(x);
            _vectors.Return(y);
        }

        _vectors.Return(a);
        _vectors.Return(b);
        _jacobian.Add(new JacobianPart(left, right, v, _blocks));
    }

    // A vector on the rows of V, multiplied or divided by the blocks' weights.
    private double[] Weigh(double[] v, bool invert) => Weighed(v, invert, b => _blocks[b].IsAccelerated ? _blocks[b].Length * (_spec.UsesWindowEndsOnly ? 1 : _blocks[b].Samples) : 0);

    // The same on all rows.
    private double[] WeighAll(double[] v, bool invert) => Weighed(v, invert, b => _blocks[b].Length * _blocks[b].Samples);

    private double[] Weighed(double[] v, bool invert, Func<int, int> rows)
    {
        var weighed = _vectors.Rent(v.Length);
        var at = 0;
        for (var b = 0; b < _blocks.Length; b++)
        {
            var weight = invert ? 1 / _weights.Of(b) : _weights.Of(b);
            for (var end = at + rows(b); at < end; at++)
            {
                weighed[at] = weight * v[at];
            }
        }

        return weighed;
    }

    // An orthonormal basis, and the coefficients of each vector in it.
    private (List<double[]> Basis, List<double[]> Coefficients) Orthonormal(List<double[]> vectors)
    {
        var basis = new List<double[]>();
        var coefficients = new List<double[]>();
        foreach (var vector in vectors)
        {
            var u = _vectors.Copy(vector);
            var c = new double[vectors.Count];
            var norm = FixedOrderSum.Norm(u);
            for (var pass = 0; pass < 2; pass++)
            {
                for (var i = 0; i < basis.Count; i++)
                {
                    var product = FixedOrderSum.Dot(basis[i], u);
                    c[i] += product;
                    ColumnFactors.AddMultiple(-product, basis[i], u);
                }
            }

            var rest = FixedOrderSum.Norm(u);
            if (rest > 1e-13 * norm)
            {
                c[basis.Count] = rest;
                for (var i = 0; i < u.Length; i++)
                {
                    u[i] /= rest;
                }

                basis.Add(u);
            }
            else
            {
                _vectors.Return(u);
            }

            coefficients.Add(c);
        }

        return (basis, coefficients);
    }

    /// <inheritdoc/>
    public void Archive(StateArchive archive)
    {
        ArgumentNullException.ThrowIfNull(archive);
        _ = archive.Version(3);
        ArchiveGrid(archive, ref _blocks);
        archive.Field("r", ref _r);
        archive.Field("r before", ref _rBefore);
        archive.Field("hx", ref _hx);
        archive.Field("best x", ref _bestX);
        archive.Field("best hx", ref _bestHx);
        archive.Value("since best", ref _sinceBest);
        archive.Value("back steps", ref _backSteps);
        archive.Value("window", ref _window);
        archive.Value("windows in jacobian", ref _windowsInJacobian);
        archive.Value("has before", ref _hasBefore);
        if (archive.IsRestoring)
        {
            _scaled = new double[_r.Length];
        }

        archive.Value("number", ref _number);
        _weights.Archive(archive);
        ArchiveColumns(archive, _columns);
        ArchiveColumns(archive, _resting);
        _factors.Archive(archive);
        ArchiveJacobian(archive, _jacobian);
        ArchiveJacobian(archive, _restingParts);
    }

    private static void ArchiveGrid(StateArchive archive, ref ImmutableArray<IterateBlock> blocks)
    {
        var shape = blocks.SelectMany(b => new[] { b.Samples, b.Length, b.IsAccelerated ? 1 : 0, (int)b.Meaning, b.Degree }).ToArray();
        double[] times = [.. blocks.SelectMany(b => Enumerable.Range(0, b.Samples).Select(b.Time))];
        archive.Field("shape", ref shape);
        archive.Field("times", ref times);
        if (archive.IsRestoring)
        {
            var at = 0;
            blocks = [.. shape.Chunk(5).Select(b => new IterateBlock(b[0], b[1], b[2] != 0) { Times = [.. times[at..(at += b[0])]], Meaning = (TimeMeaning)b[3], Degree = b[4] })];
        }
    }

    // What was learned, on its own grid; what that is on the present one follows.
    private void ArchiveColumns(StateArchive archive, List<Column> columns)
    {
        var count = columns.Count;
        archive.Value("columns", ref count);
        if (archive.IsRestoring)
        {
            columns.Clear();
        }

        for (var i = 0; i < count; i++)
        {
            var (v, w, grid, _, window, number) = archive.IsRestoring ? new Column([], [], [], null, 0, 0) : columns[i].Own ?? columns[i];
            archive.Field("v", ref v);
            archive.Field("w", ref w);
            ArchiveGrid(archive, ref grid);
            archive.Value("of window", ref window);
            archive.Value("number", ref number);
            if (archive.IsRestoring)
            {
                columns.Add(OnGrid(new Column(v, w, grid, null, window, number), from => new GridTransfer(from, _blocks, _spec.UsesWindowEndsOnly)));
            }
        }
    }

    private static void ArchiveJacobian(StateArchive archive, List<JacobianPart> parts)
    {
        var count = parts.Count;
        archive.Value("jacobian", ref count);
        if (archive.IsRestoring)
        {
            parts.Clear();
        }

        for (var q = 0; q < count; q++)
        {
            var part = archive.IsRestoring ? new JacobianPart([], [], [], []) : parts[q];
            foreach (var list in new[] { part.W, part.Z, part.V })
            {
                var length = list.Count;
                archive.Value("part", ref length);
                for (var j = 0; j < length; j++)
                {
                    double[] row = archive.IsRestoring ? [] : list[j];
                    archive.Field("row", ref row);
                    if (archive.IsRestoring)
                    {
                        list.Add(row);
                    }
                }
            }

            var grid = part.Grid;
            ArchiveGrid(archive, ref grid);
            if (archive.IsRestoring)
            {
                parts.Add(part with { Grid = grid });
            }
        }
    }

    // Differences of one iteration to the one before: of the residual, and of H(x) (for a Jacobian less what J says of it). Own is the same on the grid
    // where it was learned; null if that is this one.
    private sealed record Column(double[] V, double[] W, ImmutableArray<IterateBlock> Grid, Column? Own, int Window, int Number);

    // J = Σ W Z over parts; V are the columns of the last window in it.
    private sealed record JacobianPart(List<double[]> W, List<double[]> Z, List<double[]> V, ImmutableArray<IterateBlock> Grid);
}
