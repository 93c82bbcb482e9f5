using System.Runtime.CompilerServices;

namespace ActorMultiscale.Physics.Adaptivity;

/// <summary>A table from 64-bit codes to numbers, in two arrays; open addressing with linear probing. Codes are below 2⁶⁴ − 1.</summary>
internal sealed class CodeTable
{
    private const ulong Empty = ulong.MaxValue;
    private ulong[] _codes;
    private int[] _values;
    private int _shift;

    public CodeTable(int expected)
    {
        var bits = Math.Max(4, 65 - ulong.LeadingZeroCount((ulong)Math.Max(1, expected)));
        (_codes, _values, _shift) = (new ulong[1 << (int)bits], new int[1 << (int)bits], 64 - (int)bits);
        Array.Fill(_codes, Empty);
    }

    /// <summary>How many codes it holds.</summary>
    public int Count { get; private set; }

    /// <summary>The number of a code, or another if the code is not there.</summary>
    public int Get(ulong code, int missing)
    {
        var at = Place(code);
        return _codes[at] == code ? _values[at] : missing;
    }

    /// <summary>The place of the number of a code, which is put there if it is missing; holds until the next call.</summary>
    /// <param name="code">The code.</param>
    /// <param name="fresh">The number that a missing code gets.</param>
    public ref int At(ulong code, int fresh)
    {
        var at = Place(code);
        if (_codes[at] != code)
        {
            if (2 * (Count + 1) > _codes.Length)
            {
                Grow();
                at = Place(code);
            }

            Count++;
            (_codes[at], _values[at]) = (code, fresh);
        }

        return ref _values[at];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int Place(ulong code)
    {
        // Fibonacci hashing; after: Knuth, "The Art of Computer Programming" 3 (1998), section 6.4.
        var at = (int)((code ^ (code >> 29)) * 0x9E3779B97F4A7C15 >> _shift);
        while (_codes[at] != code && _codes[at] != Empty)
        {
            at = (at + 1) & (_codes.Length - 1);
        }

        return at;
    }

    private void Grow()
    {
        var (codes, values) = (_codes, _values);
        (_codes, _values, _shift) = (new ulong[2 * codes.Length], new int[2 * codes.Length], _shift - 1);
        Array.Fill(_codes, Empty);
        for (var n = 0; n < codes.Length; n++)
        {
            if (codes[n] != Empty)
            {
                var at = Place(codes[n]);
                (_codes[at], _values[at]) = (codes[n], values[n]);
            }
        }
    }
}
