using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using ActorMultiscale.Physics.Continuum.Forms;

namespace ActorMultiscale.Physics.Continuum.Assembling;

/// <summary>
/// The matrix of a bilinear form on one cell: K_{ai,bj} = Σ_q Σ_k G_k[a] R_{ik,j}[b], R_{ik,j} = w_q Σ_l D_{ik,jl} G_l[b], where G_0 are the functions at
/// the point and G_1 … their derivatives. Vectors hold neighboring functions b; what is zero in D is left out.
/// </summary>
internal sealed class MatrixKernel
{
    private readonly int _components;
    private readonly int _slots;
    private readonly int _count;
    private readonly int _padded;
    private readonly double[] _coefficients;    // D, at each point, or one for all.
    private readonly int _pointStride;          // 0 if D is one for all.
    private readonly double[] _right;
    private readonly int[] _leftAt;

    public MatrixKernel(CellPoints points, int components, bool isUniform)
    {
        (_components, _slots, _count, _padded) = (components, points.Slots, points.Table.Count, points.Table.Padded);
        var size = components * _slots * components * _slots;
        _pointStride = isUniform ? 0 : size;
        _coefficients = new double[isUniform ? size : size * _count];
        _right = new double[_count * _slots * _padded];
        _leftAt = new int[_count * _slots];
        Matrix = new double[components * components * _padded * _padded];
    }

    /// <summary>K: block (i, j), row a, column b at ((i·C + j)·Padded + a)·Padded + b.</summary>
    public double[] Matrix { get; }

    /// <summary>D at a point; that of point 0 is for all if it is the same everywhere.</summary>
    public Span<double> Coefficients(int q) => _coefficients.AsSpan(q * _pointStride, _components * _slots * _components * _slots);

    /// <summary>Computes <see cref="Matrix"/> of the cell at which the points are.</summary>
    /// <exception cref="Models.ScaleModelException">It is not finite; the message names the cell.</exception>
    public void Compute(CellPoints points)
    {
        Span<int> active = stackalloc int[7];
        for (var i = 0; i < _components; i++)
        {
            for (var j = 0; j < _components; j++)
            {
                var terms = 0;
                for (var k = 0; k < _slots; k++)
                {
                    var count = Active(i, k, j, active);
                    for (var q = 0; count > 0 && q < _count; q++, terms++)
                    {
                        _leftAt[terms] = ((q * _slots) + k) * _padded;
                        Right(points, q, _coefficients.AsSpan(Row(q, i, k, j), _slots), active[..count], terms);
                    }
                }

                Product(points.Functions, terms, ((i * _components) + j) * _padded * _padded);
            }
        }

        points.RequireFinite(Matrix);
    }

    // The l with a D_{ik,jl} that is not zero at some point.
    private int Active(int i, int k, int j, Span<int> active)
    {
        var count = 0;
        var points = _pointStride == 0 ? 1 : _count;
        for (var l = 0; l < _slots; l++)
        {
            for (var q = 0; q < points; q++)
            {
                if (_coefficients[Row(q, i, k, j) + l] != 0)
                {
                    active[count++] = l;
                    break;
                }
            }
        }

        return count;
    }

    private int Row(int q, int i, int k, int j) => (q * _pointStride) + (((((i * _slots) + k) * _components) + j) * _slots);

    // R[b] = w Σ_l D_l G_l[b].
    private void Right(CellPoints points, int q, ReadOnlySpan<double> d, ReadOnlySpan<int> active, int term)
    {
        ref var functions = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(points.Functions), q * _slots * _padded);
        ref var right = ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(_right), term * _padded);
        var (padded, weight, l) = (_padded, points.Weights[q], active[0]);
        var factor = Vector256.Create(weight * d[l]);
        for (var b = 0; b < padded; b += PointTable.Lanes)
        {
            (factor * Vector256.LoadUnsafe(ref functions, (nuint)((l * padded) + b))).StoreUnsafe(ref right, (nuint)b);
        }

        for (var n = 1; n < active.Length; n++)
        {
            l = active[n];
            factor = Vector256.Create(weight * d[l]);
            for (var b = 0; b < padded; b += PointTable.Lanes)
            {
                Vector256.FusedMultiplyAdd(factor, Vector256.LoadUnsafe(ref functions, (nuint)((l * padded) + b)), Vector256.LoadUnsafe(ref right, (nuint)b))
                    .StoreUnsafe(ref right, (nuint)b);
            }
        }
    }

    // K[a, b] = Σ_m L_m[a] R_m[b]: four rows a and eight (at the end four) columns b are summed in registers.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Product(double[] functions, int terms, int at)
    {
        ref var left = ref MemoryMarshal.GetArrayDataReference(functions);
        ref var right = ref MemoryMarshal.GetArrayDataReference(_right);
        ref var matrix = ref MemoryMarshal.GetArrayDataReference(Matrix);
        var padded = (nuint)_padded;
        for (nuint a = 0; a < padded; a += 4)
        {
            var row = (nuint)at + (a * padded);
            nuint b = 0;
            for (; b + 8 <= padded; b += 8)
            {
                Vector256<double> s00 = default, s01 = default, s10 = default, s11 = default, s20 = default, s21 = default, s30 = default, s31 = default;
                for (var m = 0; m < terms; m++)
                {
                    ref var l = ref Unsafe.Add(ref left, (nuint)_leftAt[m] + a);
                    var r0 = Vector256.LoadUnsafe(ref right, ((nuint)m * padded) + b);
                    var r1 = Vector256.LoadUnsafe(ref right, ((nuint)m * padded) + b + 4);
                    var (l0, l1) = (Vector256.Create(l), Vector256.Create(Unsafe.Add(ref l, 1)));
                    s00 = Vector256.FusedMultiplyAdd(l0, r0, s00);
                    s01 = Vector256.FusedMultiplyAdd(l0, r1, s01);
                    s10 = Vector256.FusedMultiplyAdd(l1, r0, s10);
                    s11 = Vector256.FusedMultiplyAdd(l1, r1, s11);
                    var (l2, l3) = (Vector256.Create(Unsafe.Add(ref l, 2)), Vector256.Create(Unsafe.Add(ref l, 3)));
                    s20 = Vector256.FusedMultiplyAdd(l2, r0, s20);
                    s21 = Vector256.FusedMultiplyAdd(l2, r1, s21);
                    s30 = Vector256.FusedMultiplyAdd(l3, r0, s30);
                    s31 = Vector256.FusedMultiplyAdd(l3, r1, s31);
                }

                s00.StoreUnsafe(ref matrix, row + b);
                s01.StoreUnsafe(ref matrix, row + b + 4);
                s10.StoreUnsafe(ref matrix, row + padded + b);
                s11.StoreUnsafe(ref matrix, row + padded + b + 4);
                s20.StoreUnsafe(ref matrix, row + (2 * padded) + b);
                s21.StoreUnsafe(ref matrix, row + (2 * padded) + b + 4);
                s30.StoreUnsafe(ref matrix, row + (3 * padded) + b);
                s31.StoreUnsafe(ref matrix, row + (3 * padded) + b + 4);
            }

            if (b < padded)
            {
                Vector256<double> s0 = default, s1 = default, s2 = default, s3 = default;
                for (var m = 0; m < terms; m++)
                {
                    ref var l = ref Unsafe.Add(ref left, (nuint)_leftAt[m] + a);
                    var r = Vector256.LoadUnsafe(ref right, ((nuint)m * padded) + b);
                    s0 = Vector256.FusedMultiplyAdd(Vector256.Create(l), r, s0);
                    s1 = Vector256.FusedMultiplyAdd(Vector256.Create(Unsafe.Add(ref l, 1)), r, s1);
                    s2 = Vector256.FusedMultiplyAdd(Vector256.Create(Unsafe.Add(ref l, 2)), r, s2);
                    s3 = Vector256.FusedMultiplyAdd(Vector256.Create(Unsafe.Add(ref l, 3)), r, s3);
                }

                s0.StoreUnsafe(ref matrix, row + b);
                s1.StoreUnsafe(ref matrix, row + padded + b);
                s2.StoreUnsafe(ref matrix, row + (2 * padded) + b);
                s3.StoreUnsafe(ref matrix, row + (3 * padded) + b);
            }
        }
    }
}
