using System.Runtime.InteropServices;
using System.Text;

namespace ActorMultiscale.Physics.Numerics;

/// <summary>
/// A fast 64-bit fingerprint of a sequence of numbers, for telling that two runs differ and where. Not for security:
/// what must withstand intent is hashed with SHA-256.
/// </summary>
/// <remarks>The mixing of four lanes by multiply and rotate follows the idea of xxHash64 (Y. Collet); the constants are its primes.</remarks>
public static class Fingerprint
{
    private const ulong PrimeA = 0x9E3779B185EBCA87;
    private const ulong PrimeB = 0xC2B2AE3D27D4EB4F;
    private const ulong PrimeC = 0x165667B19E3779F9;

    /// <summary>The fingerprint of nothing.</summary>
    public const ulong Empty = 0x27D4EB2F165667C5;

    /// <summary>Folds the bits of <paramref name="values"/> into <paramref name="fingerprint"/>.</summary>
    public static ulong Fold(ulong fingerprint, ReadOnlySpan<double> values)
    {
        var words = MemoryMarshal.Cast<double, ulong>(values);
        var (a, b, c, d) = (fingerprint + PrimeA, fingerprint ^ PrimeB, fingerprint, fingerprint - PrimeA);
        var i = 0;
        for (; i + 4 <= words.Length; i += 4)
        {
            a = Mix(a, words[i]);
            b = Mix(b, words[i + 1]);
            c = Mix(c, words[i + 2]);
            d = Mix(d, words[i + 3]);
        }

        var mixed = ulong.RotateLeft(a, 1) + ulong.RotateLeft(b, 7) + ulong.RotateLeft(c, 12) + ulong.RotateLeft(d, 18);
        for (; i < words.Length; i++)
        {
            mixed = Mix(mixed, words[i]);
        }

        return Avalanche(mixed ^ (ulong)values.Length);
    }

    /// <summary>Folds one number into <paramref name="fingerprint"/>.</summary>
    public static ulong Fold(ulong fingerprint, ulong word) => Avalanche(Mix(fingerprint, word));

    /// <summary>The fingerprint of a name, used as the stream of its random numbers.</summary>
    public static ulong OfName(string name)
    {
        var result = Empty;
        foreach (var unit in Encoding.UTF8.GetBytes(name))
        {
            result = Fold(result, unit);
        }

        return result;
    }

    private static ulong Mix(ulong lane, ulong word) => ulong.RotateLeft(lane + (word * PrimeB), 31) * PrimeA;

    private static ulong Avalanche(ulong h)
    {
        h ^= h >> 33;
        h *= PrimeB;
        h ^= h >> 29;
        h *= PrimeC;
        return h ^ (h >> 32);
    }
}
