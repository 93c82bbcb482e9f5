using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Coupling.Acceleration;

/// <summary>
/// The factors Q R of a tall matrix whose columns come and go: orthogonalized twice on the way in, kept triangular by plane rotations
/// (J. W. Daniel, W. B. Gragg, L. Kaufman, G. W. Stewart, Math. Comput. 30 (1976) 772). Columns stand in order of age, the newest first.
/// </summary>
internal sealed class ColumnFactors(VectorPool pool)
{
    /// <summary>Below this share of its norm, what is left of a column after orthogonalization is round-off.</summary>
    private const double RoundOff = 1e-13;

    private readonly List<double[]> _q = [];
    private readonly List<double[]> _r = [];         // Column j has its rows 0 … j.

    public int Count => _r.Count;

    public double Diagonal(int column) => _r[column][column];

    public double Norm(int column) => FixedOrderSum.Norm(_r[column]);

    public double FrobeniusNorm()
    {
        var sum = 0.0;
        foreach (var column in _r)
        {
            sum += FixedOrderSum.Dot(column, column);
        }

        return Math.Sqrt(sum);
    }

    public void Clear()
    {
        pool.Return(_q);
        pool.Return(_r);
        _q.Clear();
        _r.Clear();
    }

    /// <summary>Adds a column behind all others; false if less than <paramref name="limit"/> of its norm is orthogonal to them, and then nothing is added.</summary>
    public bool TryAppend(ReadOnlySpan<double> column, double limit)
    {
        var (u, coefficients, norm, rest) = Orthogonalize(column);
        if (!(rest > Math.Max(limit, RoundOff) * norm))
        {
            pool.Return(u);
            pool.Return(coefficients);
            return false;
        }

        _q.Add(u);
        _r.Add(coefficients);
        return true;
    }

    /// <summary>Adds a column before all others; false if it is dependent on them to round-off, and then nothing is added.</summary>
    public bool TryInsertFirst(ReadOnlySpan<double> column)
    {
        var (u, coefficients, norm, rest) = Orthogonalize(column);
        if (!(rest > RoundOff * norm))
        {
            pool.Return(u);
            pool.Return(coefficients);
            return false;
        }

        // [v A] = [Q u] [c R; ρ 0]: the first column is brought to the top from below, each rotation filling the triangle by one.
        var k = _r.Count;
        var first = coefficients;
        _q.Add(u);
        for (var j = 0; j < k; j++)
        {
            Resize(j, _r[j].Length + 1);
        }

        for (var i = k; i > 0; i--)
        {
            var (c, s) = Rotation(first[i - 1], first[i]);
            first[i - 1] = (c * first[i - 1]) + (s * first[i]);
            first[i] = 0;
            for (var j = i - 1; j < k; j++)
            {
                Rotate(c, s, ref _r[j][i - 1], ref _r[j][i]);
            }

            Rotate(c, s, _q[i - 1], _q[i]);
        }

        _r.Insert(0, first);
        Resize(0, 1);
        return true;
    }

    /// <summary>Takes a column out.</summary>
    public void Remove(int column)
    {
        pool.Return(_r[column]);
        _r.RemoveAt(column);
        for (var i = column; i < _r.Count; i++)
        {
            var (c, s) = Rotation(_r[i][i], _r[i][i + 1]);
            for (var j = i; j < _r.Count; j++)
            {
                Rotate(c, s, ref _r[j][i], ref _r[j][i + 1]);
            }

            Rotate(c, s, _q[i], _q[i + 1]);
            Resize(i, i + 1);
        }

        pool.Return(_q[^1]);
        _q.RemoveAt(_q.Count - 1);
    }

    // Column j of the triangle, cut or with a zero added.
    private void Resize(int column, int length)
    {
        var old = _r[column];
        var array = pool.RentZeros(length);
        old.AsSpan(0, Math.Min(length, old.Length)).CopyTo(array);
        pool.Return(old);
        _r[column] = array;
    }

    /// <summary>The coefficients c that make ‖A c − b‖ least, in a rented array.</summary>
    public double[] Solve(ReadOnlySpan<double> b)
    {
        var c = pool.Rent(Count);
        for (var i = 0; i < c.Length; i++)
        {
            c[i] = FixedOrderSum.Dot(_q[i], b);
        }

        SolveTriangle(c);
        return c;
    }

    /// <summary>The rows of (AᵀA)⁻¹Aᵀ = R⁻¹Qᵀ, one per column, in rented arrays.</summary>
    public List<double[]> PseudoInverse()
    {
        var k = Count;
        var rows = new List<double[]>(k);
        var inverse = new double[k][];
        for (var j = 0; j < k; j++)
        {
            inverse[j] = pool.RentZeros(k);
            inverse[j][j] = 1;
            SolveTriangle(inverse[j]);          // Column j of R⁻¹.
        }

        for (var i = 0; i < k; i++)
        {
            var row = pool.RentZeros(_q[0].Length);
            for (var j = i; j < k; j++)
            {
                AddMultiple(inverse[j][i], _q[j], row);
            }

            rows.Add(row);
        }

        pool.Return(inverse);
        return rows;
    }

    public void Archive(StateArchive archive)
    {
        var count = Count;
        archive.Value("factors", ref count);
        if (archive.IsRestoring)
        {
            Clear();
        }

        for (var i = 0; i < count; i++)
        {
            double[] q = archive.IsRestoring ? [] : _q[i], r = archive.IsRestoring ? [] : _r[i];
            archive.Field("q", ref q);
            archive.Field("r", ref r);
            if (archive.IsRestoring)
            {
                _q.Add(q);
                _r.Add(r);
            }
        }
    }

    /// <summary>y ← y + a x.</summary>
    public static void AddMultiple(double a, ReadOnlySpan<double> x, Span<double> y)
    {
        var lanes = System.Numerics.Vector<double>.Count;
        var i = 0;
        for (; i + lanes <= x.Length; i += lanes)
        {
            (new System.Numerics.Vector<double>(y[i..]) + (new System.Numerics.Vector<double>(x[i..]) * a)).CopyTo(y[i..]);
        }

        for (; i < x.Length; i++)
        {
            y[i] += a * x[i];
        }
    }

    // Gram–Schmidt, twice: once is not enough (L. Giraud, J. Langou, M. Rozložník, Numer. Math. 101 (2005) 87). What is left is the last coefficient.
    private (double[] Unit, double[] Coefficients, double Norm, double Left) Orthogonalize(ReadOnlySpan<double> column)
    {
        var u = pool.Copy(column);
        var norm = FixedOrderSum.Norm(column);
        var coefficients = pool.RentZeros(_q.Count + 1);
        for (var pass = 0; pass < 2; pass++)
        {
            for (var i = 0; i < _q.Count; i++)
            {
                var product = FixedOrderSum.Dot(_q[i], u);
                coefficients[i] += product;
                AddMultiple(-product, _q[i], u);
            }
        }

        var rest = FixedOrderSum.Norm(u);
        coefficients[^1] = rest;
        if (rest > 0)
        {
            for (var i = 0; i < u.Length; i++)
            {
                u[i] /= rest;
            }
        }

        return (u, coefficients, norm, rest);
    }

    private void SolveTriangle(double[] c)
    {
        for (var i = c.Length - 1; i >= 0; i--)
        {
            c[i] /= _r[i][i];
            for (var j = 0; j < i; j++)
            {
                c[j] -= _r[i][j] * c[i];
            }
        }
    }

    private static (double C, double S) Rotation(double a, double b)
    {
        var length = Math.Sqrt((a * a) + (b * b));
        return length == 0 ? (1, 0) : (a / length, b / length);
    }

    private static void Rotate(double c, double s, ref double a, ref double b) => (a, b) = ((c * a) + (s * b), (c * b) - (s * a));

    private static void Rotate(double c, double s, double[] a, double[] b)
    {
        var lanes = System.Numerics.Vector<double>.Count;
        var i = 0;
        for (; i + lanes <= a.Length; i += lanes)
        {
            var (x, y) = (new System.Numerics.Vector<double>(a, i), new System.Numerics.Vector<double>(b, i));
            ((x * c) + (y * s)).CopyTo(a, i);
            ((y * c) - (x * s)).CopyTo(b, i);
        }

        for (; i < a.Length; i++)
        {
            Rotate(c, s, ref a[i], ref b[i]);
        }
    }
}
