using System.Runtime.Intrinsics;

namespace ActorMultiscale.Physics.Numerics.Sparse;

/// <summary>
/// A column of a block in one register: lane r is row r. Sums run along lanes, never across them, and products are rounded before they
/// are added, so the bits do not depend on the width of the hardware's registers.
/// </summary>
internal unsafe interface ILanes<TSelf, T> where TSelf : struct, ILanes<TSelf, T> where T : unmanaged
{
    /// <summary>The numbers at an address; those past the block's rows are read and ignored.</summary>
    static abstract TSelf Load(T* at);

    /// <summary>a + column · x.</summary>
    static abstract TSelf Add(TSelf a, TSelf column, T x);

    /// <summary>a + b.</summary>
    static abstract TSelf Add(TSelf a, TSelf b);

    /// <summary>Writes the first <paramref name="count"/> lanes.</summary>
    static abstract void Store(TSelf a, T* to, int count);
}

/// <summary>Four numbers of double precision.</summary>
internal readonly unsafe struct Double4(Vector256<double> v) : ILanes<Double4, double>
{
    private readonly Vector256<double> _v = v;

    public static Double4 Load(double* at) => new(Vector256.Load(at));

    public static Double4 Add(Double4 a, Double4 column, double x) => new(a._v + (column._v * Vector256.Create(x)));

    public static Double4 Add(Double4 a, Double4 b) => new(a._v + b._v);

    public static void Store(Double4 a, double* to, int count)
    {
        for (var r = 0; r < count; r++)
        {
            to[r] = a._v[r];
        }
    }
}

/// <summary>Eight numbers of double precision.</summary>
internal readonly unsafe struct Double8(Vector256<double> low, Vector256<double> high) : ILanes<Double8, double>
{
    private readonly Vector256<double> _low = low;
    private readonly Vector256<double> _high = high;

    public static Double8 Load(double* at) => new(Vector256.Load(at), Vector256.Load(at + 4));

    public static Double8 Add(Double8 a, Double8 column, double x) =>
        new(a._low + (column._low * Vector256.Create(x)), a._high + (column._high * Vector256.Create(x)));

    public static Double8 Add(Double8 a, Double8 b) => new(a._low + b._low, a._high + b._high);

    public static void Store(Double8 a, double* to, int count)
    {
        for (var r = 0; r < count; r++)
        {
            to[r] = r < 4 ? a._low[r] : a._high[r - 4];
        }
    }
}

/// <summary>Four numbers of single precision.</summary>
internal readonly unsafe struct Single4(Vector128<float> v) : ILanes<Single4, float>
{
    private readonly Vector128<float> _v = v;

    public static Single4 Load(float* at) => new(Vector128.Load(at));

    public static Single4 Add(Single4 a, Single4 column, float x) => new(a._v + (column._v * Vector128.Create(x)));

    public static Single4 Add(Single4 a, Single4 b) => new(a._v + b._v);

    public static void Store(Single4 a, float* to, int count)
    {
        for (var r = 0; r < count; r++)
        {
            to[r] = a._v[r];
        }
    }
}

/// <summary>Eight numbers of single precision.</summary>
internal readonly unsafe struct Single8(Vector256<float> v) : ILanes<Single8, float>
{
    private readonly Vector256<float> _v = v;

    public static Single8 Load(float* at) => new(Vector256.Load(at));

    public static Single8 Add(Single8 a, Single8 column, float x) => new(a._v + (column._v * Vector256.Create(x)));

    public static Single8 Add(Single8 a, Single8 b) => new(a._v + b._v);

    public static void Store(Single8 a, float* to, int count)
    {
        for (var r = 0; r < count; r++)
        {
            to[r] = a._v[r];
        }
    }
}
