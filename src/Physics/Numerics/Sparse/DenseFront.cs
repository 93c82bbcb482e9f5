using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ActorMultiscale.Physics.Numerics.Sparse;

/// <summary>
/// A dense symmetric matrix, of which the first <see cref="Candidates"/> columns are to be eliminated as far as that is stable:
/// F = L D Lᵀ on those, and what is left of the rest. Stored column by column, the lower triangle.
/// </summary>
/// <remarks>
/// Pivots of 1 × 1 and 2 × 2 by threshold: Duff, Reid, ACM Trans. Math. Softw. 9, 302 (1983); Duff, ACM Trans. Math. Softw. 30, 118 (2004).
/// </remarks>
internal sealed unsafe class DenseFront
{
    private const int Window = 48;
    private const double Threshold = 0.01;      // u of Duff (2004), section 3.
    private readonly double[] _values;
    private readonly double[] _nothing;
    private readonly bool _isPositive;
    private readonly ChunkedLoop _loop;

    /// <summary>A matrix of zeros.</summary>
    /// <param name="index">What its rows stand for; reordered as pivots are chosen.</param>
    /// <param name="candidates">The number of columns to eliminate.</param>
    /// <param name="nothing">Of each row by what it stands for, up to what size a pivot is rounding alone.</param>
    /// <param name="isPositive">Whether it is positive definite: then pivots are taken as they come.</param>
    /// <param name="loop">The threads.</param>
    public DenseFront(int[] index, int candidates, double[] nothing, bool isPositive, ChunkedLoop loop)
    {
        (Index, Candidates, _nothing, _isPositive, _loop) = (index, candidates, nothing, isPositive, loop);
        var numbers = (long)index.Length * index.Length;
        _values = numbers < Array.MaxLength ? new double[numbers] : throw new InvalidOperationException(
            $"The factor fills in a dense matrix of {index.Length} rows, more than one array holds. Solve by iteration instead.");
        (Diagonal, Side) = (new double[candidates], new double[candidates]);
    }

    /// <summary>What the rows stand for.</summary>
    public int[] Index { get; }

    /// <summary>The number of rows.</summary>
    public int Size => Index.Length;

    /// <summary>The number of columns to eliminate.</summary>
    public int Candidates { get; }

    /// <summary>How many were.</summary>
    public int Eliminated { get; private set; }

    /// <summary>The diagonal of D.</summary>
    public double[] Diagonal { get; }

    /// <summary>The entry of D beside the diagonal; not zero where a block of 2 × 2 begins.</summary>
    public double[] Side { get; }

    /// <summary>The entry of two rows.</summary>
    public ref double this[int i, int j] => ref _values[i >= j ? i + (j * Size) : j + (i * Size)];

    /// <summary>A column from its diagonal down.</summary>
    public ReadOnlySpan<double> Column(int j) => _values.AsSpan((j * Size) + j, Size - j);

    /// <summary>Eliminates. With <paramref name="all"/>, every candidate has to go.</summary>
    /// <returns>−1, or what the row that cannot be eliminated stands for.</returns>
    public int Factor(bool all)
    {
        // Columns that were refused wait at the end of the candidates; others that are eliminated may make them fit.
        var (limit, before) = (Candidates, -1);
        while (Eliminated < Candidates)
        {
            if (Eliminated == limit)
            {
                if (before == Eliminated)
                {
                    break;
                }

                (before, limit) = (Eliminated, Candidates);
            }

            var (first, past) = (Eliminated, Math.Min(limit, Eliminated + Window));
            if (_isPositive)
            {
                for (; Eliminated < past; Eliminated++)
                {
                    if (!(this[Eliminated, Eliminated] > _nothing[Index[Eliminated]]))
                    {
                        return Index[Eliminated];
                    }

                    Eliminate(past);
                }
            }
            else
            {
                while (Eliminated < past && ChoosePivot(past) is var width && width > 0)
                {
                    if (width == 1)
                    {
                        Eliminate(past);
                        Eliminated++;
                    }
                    else
                    {
                        EliminateTwo(past);
                        Eliminated += 2;
                    }
                }
            }

            Update(first, Eliminated, past);
            for (var refused = past - 1; refused >= Eliminated; refused--)
            {
                Swap(refused, --limit);
            }
        }

        // The last try: all that is left in one window.
        while (all && Eliminated < Candidates)
        {
            var width = ChoosePivot(Candidates);
            if (width == 0)
            {
                return Index[Eliminated];
            }

            if (width == 1)
            {
                Eliminate(Candidates);
                Eliminated++;
            }
            else
            {
                EliminateTwo(Candidates);
                Eliminated += 2;
            }
        }

        return -1;
    }

    // Brings a pivot to the front: 1 for one of 1 × 1, 2 for one of 2 × 2, 0 where the window has none that is stable.
    private int ChoosePivot(int past)
    {
        var p = Eliminated;
        for (var c = p; c < past; c++)
        {
            // |a_cc| ≥ u max |a_ic|.
            var (most, partner) = Largest(c, -1, past);
            var own = Math.Abs(this[c, c]);
            if (own > _nothing[Index[c]] && own >= Threshold * most)
            {
                Swap(p, c);
                return 1;
            }

            if (partner < 0)
            {
                continue;
            }

            // |D⁻¹| · (max |a_ic|, max |a_ir|) ≤ 1/u.
            var (a, b, d) = (this[c, c], this[c, partner], this[partner, partner]);
            var determinant = Math.Abs((a * d) - (b * b));
            var (left, right) = (Largest(c, partner, past).Most, Largest(partner, c, past).Most);
            if (determinant > Math.Max(_nothing[Index[c]], _nothing[Index[partner]]) * Math.Abs(b) &&
                Threshold * ((Math.Abs(d) * left) + (Math.Abs(b) * right)) <= determinant &&
                Threshold * ((Math.Abs(b) * left) + (Math.Abs(a) * right)) <= determinant)
            {
                var (low, high) = (Math.Min(c, partner), Math.Max(c, partner));
                Swap(p, low);
                Swap(p + 1, high);
                return 2;
            }
        }

        return 0;
    }

    // The largest entry of a column beside the diagonal and one other row; and the row in the window where the largest of those is.
    private (double Most, int Partner) Largest(int column, int except, int past)
    {
        var (most, inside, partner) = (0.0, _nothing[Index[column]], -1);
        for (var i = Eliminated; i < Size; i++)
        {
            if (i == column || i == except)
            {
                continue;
            }

            var size = Math.Abs(this[i, column]);
            most = Math.Max(most, size);
            if (i < past && size > inside)
            {
                (inside, partner) = (size, i);
            }
        }

        return (most, partner);
    }

    private void Swap(int i, int j)
    {
        if (i == j)
        {
            return;
        }

        for (var q = 0; q < Size; q++)
        {
            if (q != i && q != j)
            {
                (this[i, q], this[j, q]) = (this[j, q], this[i, q]);
            }
        }

        (this[i, i], this[j, j]) = (this[j, j], this[i, i]);
        (Index[i], Index[j]) = (Index[j], Index[i]);
    }

    // L_i = a_i / d, a_iq −= L_i d L_q for the window's columns.
    private void Eliminate(int past)
    {
        var p = Eliminated;
        var d = Diagonal[p] = this[p, p];
        fixed (double* values = _values)
        {
            var column = values + ((nint)p * Size);
            for (var q = p + 1; q < past; q++)
            {
                Subtract(values + ((nint)q * Size), column, column[q] / d, q, Size);
            }

            for (var i = p + 1; i < Size; i++)
            {
                column[i] /= d;
            }

            column[p] = 1;
        }
    }

    private void EliminateTwo(int past)
    {
        var p = Eliminated;
        var (a, b, d) = (this[p, p], this[p + 1, p], this[p + 1, p + 1]);
        (Diagonal[p], Diagonal[p + 1], Side[p]) = (a, d, b);

        // D⁻¹ with b taken out, which cannot overflow where b is the largest: Bunch, Kaufman, Math. Comp. 31, 163 (1977).
        var (ab, db) = (a / b, d / b);
        var factor = 1 / (((ab * db) - 1) * b);
        fixed (double* values = _values)
        {
            var x = values + ((nint)p * Size);
            var y = x + Size;
            for (var q = p + 2; q < past; q++)
            {
                var column = values + ((nint)q * Size);
                Subtract(column, x, factor * ((db * x[q]) - y[q]), q, Size);
                Subtract(column, y, factor * ((ab * y[q]) - x[q]), q, Size);
            }

            for (var i = p + 2; i < Size; i++)
            {
                (x[i], y[i]) = (factor * ((db * x[i]) - y[i]), factor * ((ab * y[i]) - x[i]));
            }

            (x[p], x[p + 1], y[p + 1]) = (1, 0, 1);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Subtract(double* to, double* from, double factor, int first, int past)
    {
        var f = Vector256.Create(factor);
        var i = first;
        for (; i + 4 <= past; i += 4)
        {
            (Vector256.Load(to + i) - (f * Vector256.Load(from + i))).Store(to + i);
        }

        for (; i < past; i++)
        {
            to[i] -= factor * from[i];
        }
    }

    // a_iq −= Σ_t L_it (D Lᵀ)_tq of the pivots first … past − 1, for all columns from the given one on, four at a time.
    private void Update(int first, int past, int column)
    {
        var (terms, columns) = (past - first, Size - column);
        if (terms == 0 || columns == 0)
        {
            return;
        }

        var right = new double[terms * columns];
        for (var t = first; t < past; t++)
        {
            var isPair = Side[t] != 0;
            for (var q = 0; q < columns; q++)
            {
                var l = _values[(t * Size) + column + q];
                right[(q * terms) + t - first] += Diagonal[t] * l;
                if (isPair)
                {
                    right[(q * terms) + t - first] += Side[t] * _values[((t + 1) * Size) + column + q];
                    right[(q * terms) + t + 1 - first] += Side[t] * l;
                }
            }
        }

        var loop = (long)terms * columns * columns > 1 << 20 ? _loop : ChunkedLoop.Serial;
        loop.Run(columns, 16, (_, from, to) =>
        {
            fixed (double* values = _values, r = right)
            {
                var left = values + ((nint)first * Size);
                var q = from;
                for (; q + 4 <= to; q += 4)
                {
                    Four(values + ((nint)(column + q) * Size), left, r + ((nint)q * terms), column + q, Size, terms);
                }

                for (; q < to; q++)
                {
                    for (var t = 0; t < terms; t++)
                    {
                        Subtract(values + ((nint)(column + q) * Size), left + ((nint)t * Size), r[(q * terms) + t], column + q, Size);
                    }
                }
            }
        });
    }

    // Four columns from a row on, eight rows at a time. Rows above the diagonal of the later three are written in vain.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Four(double* to, double* left, double* right, int row, int size, int terms)
    {
        var to1 = to + size;
        var to2 = to1 + size;
        var to3 = to2 + size;
        var r1 = right + terms;
        var r2 = r1 + terms;
        var r3 = r2 + terms;
        var i = row;
        for (; i + 8 <= size; i += 8)
        {
            Vector256<double> a0 = default, a1 = default, a2 = default, a3 = default, b0 = default, b1 = default, b2 = default, b3 = default;
            var l = left + i;
            for (var t = 0; t < terms; t++, l += size)
            {
                var (x, y) = (Vector256.Load(l), Vector256.Load(l + 4));
                var (f0, f1, f2, f3) = (Vector256.Create(right[t]), Vector256.Create(r1[t]), Vector256.Create(r2[t]), Vector256.Create(r3[t]));
                a0 += x * f0;
                a1 += x * f1;
                a2 += x * f2;
                a3 += x * f3;
                b0 += y * f0;
                b1 += y * f1;
                b2 += y * f2;
                b3 += y * f3;
            }

            (Vector256.Load(to + i) - a0).Store(to + i);
            (Vector256.Load(to1 + i) - a1).Store(to1 + i);
            (Vector256.Load(to2 + i) - a2).Store(to2 + i);
            (Vector256.Load(to3 + i) - a3).Store(to3 + i);
            (Vector256.Load(to + i + 4) - b0).Store(to + i + 4);
            (Vector256.Load(to1 + i + 4) - b1).Store(to1 + i + 4);
            (Vector256.Load(to2 + i + 4) - b2).Store(to2 + i + 4);
            (Vector256.Load(to3 + i + 4) - b3).Store(to3 + i + 4);
        }

        for (; i < size; i++)
        {
            double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
            for (var t = 0; t < terms; t++)
            {
                var l = left[i + ((nint)t * size)];
                s0 += l * right[t];
                s1 += l * r1[t];
                s2 += l * r2[t];
                s3 += l * r3[t];
            }

            to[i] -= s0;
            to1[i] -= s1;
            to2[i] -= s2;
            to3[i] -= s3;
        }
    }
}
