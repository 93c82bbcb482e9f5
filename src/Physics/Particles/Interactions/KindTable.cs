using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace ActorMultiscale.Physics.Particles.Interactions;

/// <summary>A number for every pair of up to eight kinds of atoms: a row is one vector, in which the kinds of eight neighbors are looked up at once.</summary>
public sealed class KindTable
{
    /// <summary>How many kinds there may be.</summary>
    public const int MostKinds = 8;

    private readonly Vector512<double>[] _rows = new Vector512<double>[MostKinds];
    private readonly Vector512<float>[] _singles = new Vector512<float>[MostKinds];

    /// <summary>The table of <paramref name="value"/>(kind, other).</summary>
    public KindTable(int kinds, Func<int, int, double> value)
    {
        ArgumentNullException.ThrowIfNull(value);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(kinds, MostKinds);
        for (var i = 0; i < kinds; i++)
        {
            for (var j = 0; j < kinds; j++)
            {
                _rows[i] = _rows[i].WithElement(j, value(i, j));
                _singles[i] = _singles[i].WithElement(j, (float)value(i, j));
            }
        }
    }

    /// <summary>The numbers of one kind with all others.</summary>
    public Vector512<double> Row(int kind) => _rows[kind];

    /// <summary>The numbers of one kind with eight others.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<double> Of(Vector512<double> row, Vector512<double> kinds) => Vector512.Shuffle(row, Vector512.ConvertToInt64(kinds));

    /// <summary>The numbers of one kind with all others, in single precision.</summary>
    public Vector512<float> RowInSingle(int kind) => _singles[kind];

    /// <summary>The numbers of one kind with sixteen others.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Of(Vector512<float> row, Vector512<int> kinds) => Vector512.Shuffle(row, kinds);
}
