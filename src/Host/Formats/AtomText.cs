using System.Globalization;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Particles;

namespace ActorMultiscale.Host.Formats;

/// <summary>What the formats of atoms have in common.</summary>
internal static class AtomText
{
    /// <summary>Writes the shortest number that reads back as the same bits.</summary>
    public static void Put(this TextWriter to, double number)
    {
        Span<char> text = stackalloc char[32];
        _ = number.TryFormat(text, out var length, default, CultureInfo.InvariantCulture);
        to.Write(text[..length]);
    }

    public static void Put(this TextWriter to, long number)
    {
        Span<char> text = stackalloc char[20];
        _ = number.TryFormat(text, out var length, default, CultureInfo.InvariantCulture);
        to.Write(text[..length]);
    }

    public static void Put(this TextWriter to, Vec3 vector)
    {
        to.Put(vector.X);
        to.Write(' ');
        to.Put(vector.Y);
        to.Write(' ');
        to.Put(vector.Z);
    }

    /// <summary>The box, or a fault where the numbers of a file span none.</summary>
    public static SimulationBox Box(TextLines lines, Vec3 origin, Matrix3 cell, (BoxSide A, BoxSide B, BoxSide C) sides)
    {
        try
        {
            return new SimulationBox(origin, cell, sides.A, sides.B, sides.C);
        }
        catch (ScaleModelException fault)
        {
            throw lines.Stop(fault.Message.TrimEnd('.'));
        }
    }

    /// <summary>The position of which a wrapped one and its image flags tell. No sum where there is nothing to add: −0 + 0 is 0.</summary>
    public static Vec3 Unwrapped(SimulationBox box, Vec3 x, Vec3 image)
    {
        var shift = box.Cell * image;
        return new(shift.X == 0 ? x.X : x.X + shift.X, shift.Y == 0 ? x.Y : x.Y + shift.Y, shift.Z == 0 ? x.Z : x.Z + shift.Z);
    }

    /// <summary>Equal in every bit: 0 is not −0.</summary>
    public static bool SameBits(Vec3 a, Vec3 b)
    {
        static bool Same(double a, double b) => BitConverter.DoubleToInt64Bits(a) == BitConverter.DoubleToInt64Bits(b);
        return Same(a.X, b.X) && Same(a.Y, b.Y) && Same(a.Z, b.Z);
    }

    /// <summary>A box without walls around atoms of which no box is known, wide enough to have a volume.</summary>
    public static SimulationBox Around(TextLines lines, ReadOnlySpan<Vec3> positions)
    {
        var (low, high) = positions.IsEmpty ? (Vec3.Zero, Vec3.Zero) : (positions[0], positions[0]);
        foreach (var x in positions)
        {
            low = new(Math.Min(low.X, x.X), Math.Min(low.Y, x.Y), Math.Min(low.Z, x.Z));
            high = new(Math.Max(high.X, x.X), Math.Max(high.Y, x.Y), Math.Max(high.Z, x.Z));
        }

        var margin = new Vec3(1, 1, 1);
        var size = high - low + (2 * margin);
        return Box(lines, low - margin, Matrix3.Diagonal(size.X, size.Y, size.Z), (BoxSide.ShrinkWrapped, BoxSide.ShrinkWrapped, BoxSide.ShrinkWrapped));
    }

    /// <summary>The upper bound of which the length comes back, bit by bit, when the lower one is taken away; the nearest bound where there is none.</summary>
    public static (double Bound, bool Exact) UpperBound(double low, double length) => Nearby(low + length, bound => bound - low == length);

    /// <summary>A number near <paramref name="guess"/> for which something holds; the guess where there is none.</summary>
    public static (double Number, bool Found) Nearby(double guess, Func<double, bool> holds)
    {
        var (below, above) = (Math.BitDecrement(guess), Math.BitIncrement(guess));
        return holds(guess) ? (guess, true) : holds(below) ? (below, true) : holds(above) ? (above, true) : (guess, false);
    }

    /// <summary>Whether a lies along x and b in the plane of x and y: what the numbers lx, ly, lz, xy, xz, yz can say.</summary>
    public static bool IsUpperTriangular(Matrix3 cell) => cell is { YX: 0, ZX: 0, ZY: 0, XX: > 0, YY: > 0, ZZ: > 0 };

    /// <summary>Throws where arrays of a configuration do not belong together, or a number is not finite: no file could be read back.</summary>
    public static void RequireSound(AtomConfiguration atoms, string format)
    {
        ArgumentNullException.ThrowIfNull(atoms);
        var faults = new List<string>();
        void Length(string what, int length, bool mayBeEmpty)
        {
            if (length != atoms.Count && !(mayBeEmpty && length == 0))
            {
                faults.Add(string.Create(CultureInfo.InvariantCulture, $"there are {length} {what} of {atoms.Count} atoms"));
            }
        }

        Length("kinds", atoms.Kinds.Length, false);
        Length("velocities", atoms.Velocities.Length, true);
        Length("charges", atoms.Charges.Length, true);
        Length("ids", atoms.Ids.Length, true);
        Length("molecules", atoms.Molecules.Length, true);
        static bool IsFinite(Vec3 x) => double.IsFinite(x.X) && double.IsFinite(x.Y) && double.IsFinite(x.Z);
        void Index(string what, int atom)
        {
            if (atom >= 0)
            {
                faults.Add(string.Create(CultureInfo.InvariantCulture, $"{what} of the atom {atom}, counted from 0,"));
            }
        }

        Index("not finite is the position", Array.FindIndex(atoms.Positions, x => !IsFinite(x)));
        Index("not finite is the velocity", Array.FindIndex(atoms.Velocities, x => !IsFinite(x)));
        Index("not finite is the charge", Array.FindIndex(atoms.Charges, x => !double.IsFinite(x)));
        Index("of no species is the kind", Array.FindIndex(atoms.Kinds, kind => kind < 0 || kind >= atoms.Species.Length));
        if (atoms.Species.FirstOrDefault(s => !(s.Mass is > 0 and < double.PositiveInfinity)) is { } bad)
        {
            faults.Add(string.Create(CultureInfo.InvariantCulture, $"the species '{bad.Name}' has the mass {bad.Mass}, which is not finite and above zero"));
        }

        if (!IsFinite(atoms.Box.Origin) || !IsFinite(atoms.Box.Point(new(1, 1, 1))))
        {
            faults.Add("a corner of the box is not finite");
        }

        if (faults.Count > 0)
        {
            throw new AtomFileException($"Atoms cannot be written as {format}: {string.Join("; ", faults)}.");
        }
    }

    /// <summary>Throws where a name cannot stand in a file.</summary>
    public static void RequireName(string name, string format, bool blanks)
    {
        if (name.Length == 0 || name.Trim() != name || name.Any(c => char.IsControl(c) || (!blanks && c <= ' ')))
        {
            throw new AtomFileException($"Atoms cannot be written as {format}: the species '{TextLines.Shown(name)}' must have a name {(blanks ? "on one line, without blanks at its ends" : "without blanks")}.");
        }
    }
}
