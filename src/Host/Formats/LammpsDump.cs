using System.Collections.Immutable;
using System.Globalization;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Particles;

namespace ActorMultiscale.Host.Formats;

/// <summary>A frame of a dump file.</summary>
/// <param name="Step">The time step.</param>
/// <param name="Atoms">The atoms, in the order of the file: <see cref="Physics.Particles.Building.AtomOrder.ById"/> makes frames comparable.</param>
public sealed record LammpsDumpFrame(long Step, AtomConfiguration Atoms)
{
    /// <summary>The time, in the unit of time of the atoms, if the file tells it.</summary>
    public double? Time { get; init; }

    /// <summary>Columns that are no part of a configuration, such as <c>fx</c> or <c>c_pe</c>: one number an atom.</summary>
    public ImmutableSortedDictionary<string, double[]> Other { get; init; } = ImmutableSortedDictionary.Create<string, double[]>(StringComparer.Ordinal);
}

/// <summary>The text dumps of LAMMPS (its commands <c>dump atom</c> and <c>dump custom</c>): frames of atoms, one after another.</summary>
/// <remarks>
/// <para>
/// Positions are read from the first of <c>xu</c>, <c>x</c>, <c>xsu</c>, <c>xs</c> that is there with its y and z; of <c>x</c> and <c>xs</c> also the image flags
/// <c>ix iy iz</c>, if all are there. Scaled ones are in units of the edges of the box. Without a letter for the sides of the box all are periodic.
/// </para>
/// <para>
/// Written are <c>id type element mass xu yu zu</c> and what else the atoms have, with every number so that the same bits are read back. A skewed box is told by
/// the bounds of its corners, from which its edges come back as near as such bounds can tell; one whose first vector does not lie along x, or the second not
/// in the plane of x and y, by its vectors (<c>abc origin</c>), which LAMMPS does since 2024. Connections have no place in a dump and are left out.
/// </para>
/// </remarks>
public static class LammpsDump
{
    private const string Format = "a LAMMPS dump";

    private static readonly ImmutableArray<string> _whole = ["id", "type", "mol", "ix", "iy", "iz"];

    private static readonly ImmutableArray<string> _written =
    [
        "id", "type", "element", "mass", "mol", "q", "x", "y", "z", "xs", "ys", "zs", "xu", "yu", "zu", "xsu", "ysu", "zsu", "ix", "iy", "iz", "vx", "vy", "vz",
    ];

    /// <summary>Reads all frames.</summary>
    /// <param name="file">Its name, for messages, and its text.</param>
    /// <param name="units">The units of its numbers; null if the file tells them (<c>ITEM: UNITS</c>).</param>
    /// <param name="species">
    /// What the types are, from type 1 on. If left out, a type has the name in the column <c>element</c> and the mass in the column <c>mass</c>, or that of the
    /// chemical element of this name.
    /// </param>
    /// <exception cref="AtomFileException">The text is no such file, or does not tell units or masses; the message says where and why.</exception>
    public static ImmutableArray<LammpsDumpFrame> Read(InputFile file, UnitSystem? units = null, ImmutableArray<Species> species = default)
    {
        ArgumentNullException.ThrowIfNull(file);
        return new Reader(new TextLines(file), units, species).Read();
    }

    /// <summary>Writes frames.</summary>
    /// <param name="to">Where to.</param>
    /// <param name="frames">The frames.</param>
    /// <param name="columns">Names of columns, in any order; if left out, all that a frame has. Wrapped and scaled positions may lose the last bits, the others do not.</param>
    /// <param name="plain">Without units and time, which some programs do not know.</param>
    /// <exception cref="AtomFileException">A number is not finite, or there is no such column.</exception>
    public static void Write(TextWriter to, IEnumerable<LammpsDumpFrame> frames, ImmutableArray<string> columns = default, bool plain = false)
    {
        ArgumentNullException.ThrowIfNull(to);
        ArgumentNullException.ThrowIfNull(frames);
        var first = true;
        foreach (var frame in frames)
        {
            var atoms = frame.Atoms;
            AtomText.RequireSound(atoms, Format);
            if (frame.Other.FirstOrDefault(o => o.Value.Length != atoms.Count || !o.Value.All(double.IsFinite) || _written.Contains(o.Key) || o.Key.Length == 0 || o.Key.Any(c => c <= ' ' || char.IsControl(c))) is { Key: not null } bad)
            {
                throw new AtomFileException($"Atoms cannot be written as {Format}: the column '{TextLines.Shown(bad.Key)}' must have a finite number an atom, and a name without blanks that is none of {string.Join(", ", _written)}.");
            }

            if (first && !plain)
            {
                to.Write($"ITEM: UNITS\n{atoms.Units.Name}\n");
            }

            if (frame.Time is { } time && !plain)
            {
                to.Write("ITEM: TIME\n");
                to.Put(time);
                to.Write('\n');
            }

            first = false;
            to.Write("ITEM: TIMESTEP\n");
            to.Put(frame.Step);
            to.Write("\nITEM: NUMBER OF ATOMS\n");
            to.Put(atoms.Count);
            to.Write('\n');
            WriteBox(to, atoms.Box);
            var names = columns.IsDefault ? Columns(frame) : columns;
            Action<int>[] put = [.. names.Select(name => Column(to, frame, name))];
            to.Write($"ITEM: ATOMS {string.Join(' ', names)}\n");
            for (var i = 0; i < atoms.Count; i++)
            {
                for (var c = 0; c < put.Length; c++)
                {
                    if (c > 0)
                    {
                        to.Write(' ');
                    }

                    put[c](i);
                }

                to.Write('\n');
            }
        }
    }

    private static ImmutableArray<string> Columns(LammpsDumpFrame frame) =>
    [
        "id", "type", "element", "mass", "xu", "yu", "zu",
        .. (ReadOnlySpan<string>)(frame.Atoms.Velocities.Length > 0 ? ["vx", "vy", "vz"] : []),
        .. (ReadOnlySpan<string>)(frame.Atoms.Charges.Length > 0 ? ["q"] : []),
        .. (ReadOnlySpan<string>)(frame.Atoms.Molecules.Length > 0 ? ["mol"] : []),
        .. frame.Other.Keys,
    ];

    private static Action<int> Column(TextWriter to, LammpsDumpFrame frame, string name)
    {
        var atoms = frame.Atoms;
        if (frame.Other.TryGetValue(name, out var numbers))
        {
            return i => to.Put(numbers[i]);
        }

        if (name == "element")
        {
            foreach (var species in atoms.Species)
            {
                AtomText.RequireName(species.Name, Format, blanks: false);
            }
        }

        var axis = name.Length > 0 ? name[^1] is >= 'x' and <= 'z' ? name[^1] - 'x' : name[0] - 'x' : 0;
        Vec3 Velocity(int i) => atoms.Velocities.Length == 0 ? Vec3.Zero : atoms.Velocities[i];
        return name switch
        {
            "id" => i => to.Put(atoms.IdOf(i)),
            "type" => i => to.Put(atoms.Kinds[i] + 1),
            "element" => i => to.Write(atoms.Species[atoms.Kinds[i]].Name),
            "mass" => i => to.Put(atoms.Species[atoms.Kinds[i]].Mass),
            "mol" => i => to.Put(atoms.Molecules.Length == 0 ? 0 : atoms.Molecules[i]),
            "q" => i => to.Put(atoms.Charges.Length == 0 ? 0 : atoms.Charges[i]),
            "vx" or "vy" or "vz" => i => to.Put(Velocity(i)[axis]),
            "ix" or "iy" or "iz" => i => to.Put((long)atoms.Box.Image(atoms.Positions[i])[axis]),
            "x" or "y" or "z" => i => to.Put(atoms.Box.Wrap(atoms.Positions[i])[axis]),
            "xu" or "yu" or "zu" => i => to.Put(atoms.Positions[i][axis]),
            "xs" or "ys" or "zs" => i => to.Put((atoms.Box.Fraction(atoms.Positions[i]) - atoms.Box.Image(atoms.Positions[i]))[axis]),
            "xsu" or "ysu" or "zsu" => i => to.Put(atoms.Box.Fraction(atoms.Positions[i])[axis]),
            _ => throw new AtomFileException($"Atoms cannot be written as {Format} with the column '{TextLines.Shown(name)}'. There are {string.Join(", ", _written.Concat(frame.Other.Keys))}."),
        };
    }

    // The corners of a skewed box reach from low + min(0, xy, xz, xy + xz) to high + max(0, xy, xz, xy + xz) along x, and likewise with yz along y.
    private static ((double Low, double High) X, (double Low, double High) Y) Reach(double xy, double xz, double yz) =>
        ((Math.Min(0, Math.Min(Math.Min(xy, xz), xy + xz)), Math.Max(0, Math.Max(Math.Max(xy, xz), xy + xz))), (Math.Min(0, yz), Math.Max(0, yz)));

    private static void WriteBox(TextWriter to, SimulationBox box)
    {
        var cell = box.Cell;
        var sides = string.Join(' ', new[] { box.SideA, box.SideB, box.SideC }.Select(s => s switch { BoxSide.Periodic => "pp", BoxSide.Fixed => "ff", _ => "ss" }));
        if (!AtomText.IsUpperTriangular(cell))
        {
            to.Write($"ITEM: BOX BOUNDS abc origin {sides}\n");
            for (var row = 0; row < 3; row++)
            {
                to.Put(cell.Column(row));
                to.Write(' ');
                to.Put(box.Origin[row]);
                to.Write('\n');
            }

            return;
        }

        var skewed = !box.IsOrthogonal;
        to.Write($"ITEM: BOX BOUNDS {(skewed ? "xy xz yz " : "")}{sides}\n");
        var (x, y) = Reach(cell.XY, cell.XZ, cell.YZ);
        foreach (var (low, length, reach, tilt) in new[] { (box.Origin.X, cell.XX, x, cell.XY), (box.Origin.Y, cell.YY, y, cell.XZ), (box.Origin.Z, cell.ZZ, (Low: 0.0, High: 0.0), cell.YZ) })
        {
            to.Put(AtomText.Nearby(low + reach.Low, bound => bound - reach.Low == low).Number);
            to.Write(' ');
            to.Put(AtomText.Nearby(AtomText.UpperBound(low, length).Bound + reach.High, bound => bound - reach.High - low == length).Number);
            if (skewed)
            {
                to.Write(' ');
                to.Put(tilt);
            }

            to.Write('\n');
        }
    }

    private sealed class Reader(TextLines lines, UnitSystem? units, ImmutableArray<Species> given)
    {
        private readonly List<LammpsDumpFrame> _frames = [];
        private readonly SpeciesTable _species = new(lines, given);
        private UnitSystem? _units = units;
        private long? _step;
        private double? _time;
        private int? _count;
        private SimulationBox? _box;

        public ImmutableArray<LammpsDumpFrame> Read()
        {
            while (lines.TryNextFilled(out var line))
            {
                var words = new Words(line);
                if (words.Next() is not "ITEM:")
                {
                    throw lines.Stop($"'ITEM: …' should stand here; found '{TextLines.Shown(line)}'. The number of atoms is probably wrong, or this is no dump");
                }

                switch (words.Next())
                {
                    case "TIMESTEP": _step = Whole("the time step", long.MinValue, long.MaxValue); break;
                    case "TIME": _time = Real("the time"); break;
                    case "UNITS": Units(); break;
                    case "NUMBER": _count = (int)Whole("the number of atoms", 0, Array.MaxLength); break;
                    case "BOX": _ = words.Next(); Box(ref words); break;
                    case "ATOMS": Atoms(words.Rest.ToString()); break;
                    default: throw lines.Stop($"'{TextLines.Shown(line)}' is not known. Known are TIMESTEP, TIME, UNITS, NUMBER OF ATOMS, BOX BOUNDS, ATOMS");
                }
            }

            if (_step is not null || _frames.Count == 0)
            {
                throw lines.Stop(_frames.Count == 0 && _step is null ? "the file ends here and has no frame" : "the file ends here, in the midst of a frame");
            }

            lines.RequireNoFaults();
            var species = _species.Complete();
            return [.. _frames.Select(frame => frame with { Atoms = frame.Atoms with { Species = species } })];
        }

        private long Whole(string what, long least, long most)
        {
            var words = new Words(lines.Next(what));
            return lines.Whole(ref words, what, least, most);
        }

        private double Real(string what)
        {
            var words = new Words(lines.Next(what));
            return lines.Real(ref words, what);
        }

        private void Units()
        {
            var name = new Words(lines.Next("the name of the units")).Next().ToString();
            var told = UnitSystem.All.FirstOrDefault(u => u.Name == name)
                ?? throw lines.Stop($"the units '{TextLines.Shown(name)}' cannot be read; known are {string.Join(", ", UnitSystem.All.Select(u => u.Name))}");
            _units = _units is null || _units == told ? told : throw lines.Stop($"the file says that units are '{name}', but they are to be read as '{_units.Name}'");
        }

        private void Box(ref Words words)
        {
            // xy xz yz, or abc origin; then three pairs of letters.
            bool skewed = false, general = false;
            var sides = new List<BoxSide>();
            while (!words.AtEnd)
            {
                var word = words.Next();
                skewed |= word is "xy";
                general |= word is "abc";
                if (word.Length == 2 && word.IndexOfAnyExcept("pfsm") < 0)
                {
                    sides.Add(word is "pp" ? BoxSide.Periodic : word is "ff" ? BoxSide.Fixed : BoxSide.ShrinkWrapped);
                }
            }

            if (sides.Count is not (0 or 3))
            {
                throw lines.Stop("the sides of the box are told by three pairs of the letters p, f, s, m, or not at all");
            }

            var columns = general ? 4 : skewed ? 3 : 2;
            var numbers = new double[12];
            for (var row = 0; row < 3; row++)
            {
                var bounds = new Words(lines.Next("a line of the bounds of the box"));
                for (var column = 0; column < columns; column++)
                {
                    numbers[(4 * row) + column] = lines.Real(ref bounds, "a number of the box");
                }
            }

            lines.RequireNoFaults();
            var three = sides.Count == 0 ? (BoxSide.Periodic, BoxSide.Periodic, BoxSide.Periodic) : (sides[0], sides[1], sides[2]);
            if (general)
            {
                Vec3 Row(int row) => new(numbers[4 * row], numbers[(4 * row) + 1], numbers[(4 * row) + 2]);
                _box = AtomText.Box(lines, new(numbers[3], numbers[7], numbers[11]), Matrix3.FromColumns(Row(0), Row(1), Row(2)), three);
                return;
            }

            var (xy, xz, yz) = (numbers[2], numbers[6], numbers[10]);
            var (x, y) = Reach(xy, xz, yz);
            Vec3 low = new(numbers[0] - x.Low, numbers[4] - y.Low, numbers[8]);
            Vec3 high = new(numbers[1] - x.High, numbers[5] - y.High, numbers[9]);
            var length = high - low;
            if (!(length.X > 0 && length.Y > 0 && length.Z > 0))
            {
                throw lines.Stop(string.Create(CultureInfo.InvariantCulture, $"the edges of the box, of which this is the last, are {length.X}, {length.Y} and {length.Z} long; all must be above zero"));
            }

            _box = AtomText.Box(lines, low, new(length.X, xy, xz, 0, length.Y, yz, 0, 0, length.Z), three);
        }

        private void Atoms(string header)
        {
            if (_step is not { } step || _count is not { } count || _box is not { } box)
            {
                throw lines.Stop("atoms begin here, but one of TIMESTEP, NUMBER OF ATOMS and BOX BOUNDS does not stand before them");
            }

            if (_units is null)
            {
                throw lines.Stop("the file does not tell its units, as 'ITEM: UNITS' in its first frame would. Name them where the file is read");
            }

            var names = header.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (names.Length == 0 || names.Distinct().Count() != names.Length)
            {
                throw lines.Stop($"columns are told by names that differ, such as 'id type x y z'; found '{TextLines.Shown(header)}'");
            }

            lines.RequireRoom(count, names.Length, "atoms");
            var whole = new Dictionary<string, long[]>();
            var real = new Dictionary<string, double[]>();
            string[]? elements = null;
            var into = new (long[]? Whole, double[]? Real, string Name)[names.Length];
            for (var c = 0; c < names.Length; c++)
            {
                into[c].Name = names[c];
                if (_whole.Contains(names[c]))
                {
                    into[c].Whole = whole[names[c]] = new long[count];
                }
                else if (names[c] == "element")
                {
                    elements = new string[count];
                }
                else
                {
                    into[c].Real = real[names[c]] = new double[count];
                }
            }

            for (var i = 0; i < count; i++)
            {
                if (!lines.TryNext(out var line))
                {
                    throw lines.Stop(string.Create(CultureInfo.InvariantCulture, $"the file ends after {i} of {count} atoms"));
                }

                var words = new Words(line);
                if (words.Rest.StartsWith("ITEM:"))
                {
                    throw lines.Stop(string.Create(CultureInfo.InvariantCulture, $"the atoms end after {i} of {count}"));
                }

                foreach (var (integers, reals, name) in into)
                {
                    if (integers is not null)
                    {
                        // Image flags are whole numbers up to where doubles are.
                        integers[i] = name switch
                        {
                            "id" => lines.Whole(ref words, name, 1),
                            "type" => lines.Whole(ref words, name, 1, int.MaxValue),
                            "mol" => lines.Whole(ref words, name, 0, int.MaxValue),
                            _ => lines.Whole(ref words, name, -(1L << 53), 1L << 53),
                        };
                    }
                    else if (reals is not null)
                    {
                        reals[i] = lines.Real(ref words, name);
                    }
                    else
                    {
                        var element = words.Next();
                        elements![i] = _species.Name(element);
                        if (element.IsEmpty)
                        {
                            lines.Add("the element is missing");
                        }
                    }
                }

                if (!words.AtEnd)
                {
                    lines.Add($"there are {names.Length} columns, and the line should end before '{TextLines.Shown(words.Rest)}'");
                }
            }

            lines.RequireNoFaults();
            Vec3[]? Three(string x, string y, string z)
            {
                if (!(real.TryGetValue(x, out var xs) && real.TryGetValue(y, out var ys) && real.TryGetValue(z, out var zs)))
                {
                    return null;
                }

                _ = (real.Remove(x), real.Remove(y), real.Remove(z));
                return [.. xs.Select((value, i) => new Vec3(value, ys[i], zs[i]))];
            }

            var positions = Three("xu", "yu", "zu") ?? Imaged(Three("x", "y", "z"))
                ?? (Three("xsu", "ysu", "zsu") is { } free ? Array.ConvertAll(free, box.Point) : null)
                ?? (Three("xs", "ys", "zs") is { } scaled ? Imaged(Array.ConvertAll(scaled, box.Point)) : null)
                ?? throw lines.Stop($"the atoms, which end here, have no positions: there must be columns x y z, xu yu zu, xs ys zs or xsu ysu zsu; found '{TextLines.Shown(header)}'");
            Vec3[]? Imaged(Vec3[]? wrapped) => wrapped is not null && whole.TryGetValue("ix", out var ix) && whole.TryGetValue("iy", out var iy) && whole.TryGetValue("iz", out var iz)
                ? [.. wrapped.Select((x, i) => AtomText.Unwrapped(box, x, new(ix[i], iy[i], iz[i])))]
                : wrapped;
            if (Array.FindIndex(positions, x => !double.IsFinite(x.NormSquared)) is >= 0 and var lost)
            {
                throw lines.Stop(string.Create(CultureInfo.InvariantCulture, $"of the atoms, which end here, number {lost + 1} has a position that is not finite in this box"));
            }

            _ = real.Remove("mass", out var masses);
            _ = real.Remove("q", out var charges);
            var ids = whole.GetValueOrDefault("id") ?? [];
            if (ids.Distinct().Count() != ids.Length)
            {
                throw lines.Stop("of the atoms, which end here, two have the same id");
            }

            var atoms = new AtomConfiguration
            {
                Units = _units,
                Box = box,
                Species = [],
                Kinds = _species.Kinds(count, whole.GetValueOrDefault("type"), elements, masses),
                Positions = positions,
                Velocities = Three("vx", "vy", "vz") ?? [],
                Charges = charges ?? [],
                Ids = ids.Select((id, i) => id == i + 1).All(inOrder => inOrder) ? [] : ids,
                Molecules = whole.TryGetValue("mol", out var molecules) && molecules.Any(m => m != 0) ? Array.ConvertAll(molecules, m => (int)m) : [],
            };
            _frames.Add(new LammpsDumpFrame(step, atoms) { Time = _time, Other = real.ToImmutableSortedDictionary(StringComparer.Ordinal) });
            (_step, _time, _count, _box) = (null, null, null, null);
        }
    }
}
