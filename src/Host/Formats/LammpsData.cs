using System.Collections.Immutable;
using System.Globalization;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Particles;

namespace ActorMultiscale.Host.Formats;

/// <summary>What a line of the section <c>Atoms</c> holds, as LAMMPS names it.</summary>
public enum LammpsAtomStyle
{
    /// <summary>id, type, x, y, z.</summary>
    Atomic,

    /// <summary>id, type, charge, x, y, z.</summary>
    Charge,

    /// <summary>id, molecule, type, x, y, z; bonds.</summary>
    Bond,

    /// <summary>id, molecule, type, x, y, z; bonds and angles.</summary>
    Angle,

    /// <summary>id, molecule, type, x, y, z; bonds, angles, dihedrals and impropers.</summary>
    Molecular,

    /// <summary>id, molecule, type, charge, x, y, z; bonds, angles, dihedrals and impropers.</summary>
    Full,
}

/// <summary>A section of coefficients, such as <c>Bond Coeffs</c>. They are for whoever knows the potential, and are kept as they stand.</summary>
/// <param name="Section">The name of the section.</param>
/// <param name="Style">What a comment after the name says; empty if nothing.</param>
/// <param name="Lines">The lines, each begins with the number of a type.</param>
public sealed record LammpsCoefficients(string Section, string Style, ImmutableArray<string> Lines);

/// <summary>What a data file holds.</summary>
/// <param name="Atoms">The atoms.</param>
public sealed record LammpsDataFile(AtomConfiguration Atoms)
{
    /// <summary>What the section <c>Atoms</c> holds; null: the least that has room for everything.</summary>
    public LammpsAtomStyle? Style { get; init; }

    /// <summary>The first line of the file; empty: one that tells the units.</summary>
    public string Comment { get; init; } = "";

    /// <summary>How many types of bonds, angles, dihedrals and impropers there are; more are written if the connections have more.</summary>
    public (int Bonds, int Angles, int Dihedrals, int Impropers) Types { get; init; }

    /// <summary>The sections of coefficients.</summary>
    public ImmutableArray<LammpsCoefficients> Coefficients { get; init; } = [];
}

/// <summary>The data files of LAMMPS (its command <c>read_data</c>).</summary>
/// <remarks>
/// A type is a kind plus one; species are named by the comments of the section <c>Masses</c>. A file knows neither units (unless its first line tells them as
/// <c>units = metal</c>) nor what happens at the sides of the box; both come from its reader. Positions are unwrapped by their image flags: x + cell · n. They
/// are written wrapped, with flags, where that gives back the same bits, and as they stand, with flags of zero, where not: so writing and reading loses nothing.
/// A box whose first vector does not lie along x, or the second not in the plane of x and y, is written as <c>avec</c>, <c>bvec</c>, <c>cvec</c>, which LAMMPS
/// reads since 2024.
/// </remarks>
public static class LammpsData
{
    private const string Format = "a LAMMPS data file";

    private static readonly ImmutableArray<string> _coefficients =
    [
        "Pair Coeffs", "PairIJ Coeffs", "Bond Coeffs", "Angle Coeffs", "Dihedral Coeffs", "Improper Coeffs", "BondBond Coeffs", "BondAngle Coeffs",
        "MiddleBondTorsion Coeffs", "EndBondTorsion Coeffs", "AngleTorsion Coeffs", "AngleAngleTorsion Coeffs", "BondBond13 Coeffs", "AngleAngle Coeffs",
    ];

    private static readonly ImmutableArray<string> _sections = ["Masses", "Atoms", "Velocities", "Bonds", "Angles", "Dihedrals", "Impropers", .. _coefficients];

    private static readonly ImmutableArray<string> _counts =
    [
        "atoms", "atom types", "bonds", "bond types", "angles", "angle types", "dihedrals", "dihedral types", "impropers", "improper types",
        "extra bond per atom", "extra angle per atom", "extra dihedral per atom", "extra improper per atom", "extra special per atom",
    ];

    /// <summary>Reads a data file.</summary>
    /// <param name="file">Its name, for messages, and its text.</param>
    /// <param name="units">The units of its numbers.</param>
    /// <param name="style">What the section <c>Atoms</c> holds; null: what the comment after its name says, or the number of columns tells.</param>
    /// <param name="sides">What happens at the sides of the box; null: all are periodic.</param>
    /// <exception cref="AtomFileException">The text is no such file; the message says where and why.</exception>
    public static LammpsDataFile Read(InputFile file, UnitSystem units, LammpsAtomStyle? style = null, (BoxSide A, BoxSide B, BoxSide C)? sides = null)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(units);
        return new Reader(new TextLines(file), units, style, sides ?? (BoxSide.Periodic, BoxSide.Periodic, BoxSide.Periodic)).Read();
    }

    /// <summary>Writes a data file.</summary>
    /// <exception cref="AtomFileException">Something has no place in such a file or in the style asked for.</exception>
    public static void Write(TextWriter to, LammpsDataFile file)
    {
        ArgumentNullException.ThrowIfNull(to);
        ArgumentNullException.ThrowIfNull(file);
        var atoms = file.Atoms;
        AtomText.RequireSound(atoms, Format);
        RequireWritable(file);
        var needed = Needed(atoms);
        var style = file.Style ?? needed;
        if (!Holds(style, needed))
        {
            throw new AtomFileException($"Atoms cannot be written as {Format} of the atom style {Word(style)}: charges, molecules or connections would be lost, for which the style {Word(needed)} has room.");
        }

        to.Write(file.Comment.Length > 0 ? file.Comment : $"LAMMPS data file of ActorMultiscale, units = {atoms.Units.Name}");
        to.Write("\n\n");
        Count(atoms.Count, "atoms");
        Count(atoms.Species.Length, "atom types");
        foreach (var (connections, least, name) in Connections(file))
        {
            var types = connections.Aggregate(least, (most, c) => Math.Max(most, c.Kind + 1));
            if (types > 0)
            {
                Count(connections.Length, name + "s");
                Count(types, name + " types");
            }
        }

        to.Write('\n');
        WriteBox(to, atoms.Box);
        to.Write("\nMasses\n\n");
        for (var i = 0; i < atoms.Species.Length; i++)
        {
            AtomText.RequireName(atoms.Species[i].Name, Format, blanks: true);
            to.Put(i + 1);
            to.Write(' ');
            to.Put(atoms.Species[i].Mass);
            to.Write($" # {atoms.Species[i].Name}\n");
        }

        foreach (var (section, hint, lines) in file.Coefficients)
        {
            to.Write($"\n{section}{(hint.Length > 0 ? " # " + hint : "")}\n\n");
            foreach (var line in lines)
            {
                to.Write($"{line}\n");
            }
        }

        if (atoms.Count > 0)
        {
            to.Write($"\nAtoms # {Word(style)}\n\n");
            WriteAtoms(to, atoms, style);
        }

        if (atoms.Velocities.Length > 0)
        {
            to.Write("\nVelocities\n\n");
            for (var i = 0; i < atoms.Count; i++)
            {
                to.Put(atoms.IdOf(i));
                to.Write(' ');
                to.Put(atoms.Velocities[i]);
                to.Write('\n');
            }
        }

        foreach (var (connections, _, name) in Connections(file))
        {
            if (connections.Length > 0)
            {
                to.Write($"\n{char.ToUpperInvariant(name[0])}{name[1..]}s\n\n");
                WriteConnections(to, atoms, connections);
            }
        }

        void Count(int count, string what)
        {
            to.Put(count);
            to.Write($" {what}\n");
        }
    }

    private static string Word(LammpsAtomStyle style) => style switch
    {
        LammpsAtomStyle.Atomic => "atomic",
        LammpsAtomStyle.Charge => "charge",
        LammpsAtomStyle.Bond => "bond",
        LammpsAtomStyle.Angle => "angle",
        LammpsAtomStyle.Molecular => "molecular",
        _ => "full",
    };

    private static bool HasMolecule(LammpsAtomStyle style) => style is not (LammpsAtomStyle.Atomic or LammpsAtomStyle.Charge);

    private static bool HasCharge(LammpsAtomStyle style) => style is LammpsAtomStyle.Charge or LammpsAtomStyle.Full;

    private static bool Holds(LammpsAtomStyle style, LammpsAtomStyle needed) =>
        (HasCharge(style) || !HasCharge(needed)) && (HasMolecule(style) || !HasMolecule(needed)) && (!HasMolecule(needed) || style == LammpsAtomStyle.Full || style >= needed);

    private static LammpsAtomStyle Needed(AtomConfiguration atoms)
    {
        var molecular = atoms.Dihedrals.Length + atoms.Impropers.Length > 0 ? LammpsAtomStyle.Molecular
            : atoms.Angles.Length > 0 ? LammpsAtomStyle.Angle
            : atoms.Bonds.Length + atoms.Molecules.Length > 0 ? LammpsAtomStyle.Bond
            : LammpsAtomStyle.Atomic;
        return (molecular, atoms.Charges.Length > 0) switch
        {
            (LammpsAtomStyle.Atomic, true) => LammpsAtomStyle.Charge,
            (_, true) => LammpsAtomStyle.Full,
            _ => molecular,
        };
    }

    private static ImmutableArray<(ImmutableArray<Connection> Connections, int Types, string Name)> Connections(LammpsDataFile file) =>
    [
        (file.Atoms.Bonds, file.Types.Bonds, "bond"),
        (file.Atoms.Angles, file.Types.Angles, "angle"),
        (file.Atoms.Dihedrals, file.Types.Dihedrals, "dihedral"),
        (file.Atoms.Impropers, file.Types.Impropers, "improper"),
    ];

    private static int Size(string connection) => connection switch { "bond" => 2, "angle" => 3, _ => 4 };

    private static void RequireWritable(LammpsDataFile file)
    {
        static bool IsLine(string text) => !text.Any(c => char.IsControl(c) && c != '\t') && text.Trim() == text;
        if (!IsLine(file.Comment))
        {
            throw new AtomFileException($"Atoms cannot be written as {Format}: the comment must be one line, without blanks at its ends.");
        }

        foreach (var (section, hint, lines) in file.Coefficients)
        {
            if (!_coefficients.Contains(section) || !IsLine(hint) || !lines.All(line => IsLine(line) && line.Length > 0 && char.IsAsciiDigit(line[0])))
            {
                throw new AtomFileException($"Atoms cannot be written as {Format}: the section '{TextLines.Shown(section)}' must be one of {string.Join(", ", _coefficients)}, and its lines begin with a number.");
            }
        }

        var atoms = file.Atoms;
        foreach (var (connections, _, name) in Connections(file))
        {
            if (connections.FirstOrDefault(c => c.Kind is < 0 or int.MaxValue || c.Atoms.Length != Size(name) || c.Atoms.Any(atom => atom < 0 || atom >= atoms.Count)) is { Atoms.IsDefault: false } bad)
            {
                throw new AtomFileException(string.Create(
                    CultureInfo.InvariantCulture,
                    $"Atoms cannot be written as {Format}: a {name} of the kind {bad.Kind} joins the atoms {string.Join(", ", bad.Atoms)}; there have to be {Size(name)} of the indices 0 to {atoms.Count - 1}, and a kind from 0 on."));
            }
        }

        if (atoms.Ids.Any(id => id < 1) || atoms.Ids.Distinct().Count() != atoms.Ids.Length)
        {
            throw new AtomFileException($"Atoms cannot be written as {Format}: their ids must be above zero and differ from each other.");
        }

        if (atoms.Molecules.Any(molecule => molecule < 0))
        {
            throw new AtomFileException($"Atoms cannot be written as {Format}: no molecule may be below zero.");
        }
    }

    private static void WriteBox(TextWriter to, SimulationBox box)
    {
        var cell = box.Cell;
        if (!AtomText.IsUpperTriangular(cell))
        {
            foreach (var (vector, name) in new[] { (cell.Column(0), "avec"), (cell.Column(1), "bvec"), (cell.Column(2), "cvec"), (box.Origin, "abc origin") })
            {
                to.Put(vector);
                to.Write($" {name}\n");
            }

            return;
        }

        foreach (var (low, length, name) in new[] { (box.Origin.X, cell.XX, "xlo xhi"), (box.Origin.Y, cell.YY, "ylo yhi"), (box.Origin.Z, cell.ZZ, "zlo zhi") })
        {
            var (high, exact) = AtomText.UpperBound(low, length);
            to.Put(low);
            to.Write(' ');
            to.Put(high);
            to.Write($" {name}");
            if (!exact)
            {
                // Far from the origin bounds are coarser than lengths.
                to.Write(" # length ");
                to.Put(length);
            }

            to.Write('\n');
        }

        if (!box.IsOrthogonal)
        {
            to.Put(new Vec3(cell.XY, cell.XZ, cell.YZ));
            to.Write(" xy xz yz\n");
        }
    }

    private static void WriteAtoms(TextWriter to, AtomConfiguration atoms, LammpsAtomStyle style)
    {
        for (var i = 0; i < atoms.Count; i++)
        {
            to.Put(atoms.IdOf(i));
            to.Write(' ');
            if (HasMolecule(style))
            {
                to.Put(atoms.Molecules.Length == 0 ? 0 : atoms.Molecules[i]);
                to.Write(' ');
            }

            to.Put(atoms.Kinds[i] + 1);
            to.Write(' ');
            if (HasCharge(style))
            {
                to.Put(atoms.Charges.Length == 0 ? 0 : atoms.Charges[i]);
                to.Write(' ');
            }

            var (x, image) = Wrapped(atoms.Box, atoms.Positions[i]);
            to.Put(x);
            to.Write(' ');
            to.Put(image);
            to.Write('\n');
        }
    }

    // LAMMPS has ten bits for a flag.
    private static (Vec3 X, Vec3 Image) Wrapped(SimulationBox box, Vec3 x)
    {
        const int most = 500;
        var n = box.Image(x);
        if (n == Vec3.Zero || !(Math.Abs(n.X) <= most && Math.Abs(n.Y) <= most && Math.Abs(n.Z) <= most))
        {
            return (x, Vec3.Zero);
        }

        var shift = box.Cell * n;
        var wrapped = new Vec3(Back(x.X, shift.X), Back(x.Y, shift.Y), Back(x.Z, shift.Z));
        return AtomText.SameBits(AtomText.Unwrapped(box, wrapped, n), x) ? (wrapped, n) : (x, Vec3.Zero);

        static double Back(double x, double shift) => shift == 0 ? x : AtomText.Nearby(x - shift, wrapped => wrapped + shift == x).Number;
    }

    private static void WriteConnections(TextWriter to, AtomConfiguration atoms, ImmutableArray<Connection> connections)
    {
        for (var i = 0; i < connections.Length; i++)
        {
            to.Put(i + 1);
            to.Write(' ');
            to.Put(connections[i].Kind + 1);
            foreach (var atom in connections[i].Atoms)
            {
                to.Write(' ');
                to.Put(atoms.IdOf(atom));
            }

            to.Write('\n');
        }
    }

    private sealed class Reader(TextLines lines, UnitSystem units, LammpsAtomStyle? style, (BoxSide A, BoxSide B, BoxSide C) sides)
    {
        private readonly Dictionary<string, long> _announced = [];
        private readonly HashSet<string> _read = [];
        private readonly (double Low, double Length)?[] _bounds = new (double, double)?[3];
        private readonly Vec3?[] _vectors = new Vec3?[4];
        private readonly ImmutableArray<LammpsCoefficients>.Builder _kept = ImmutableArray.CreateBuilder<LammpsCoefficients>();
        private Vec3 _tilt;
        private SimulationBox? _box;
        private Species[] _species = [];
        private LammpsAtomStyle? _style = style;
        private long[] _ids = [];
        private int[] _kinds = [];
        private int[] _molecules = [];
        private double[] _charges = [];
        private Vec3[] _positions = [];
        private Vec3[] _velocities = [];
        private Dictionary<long, int>? _places;

        public LammpsDataFile Read()
        {
            var comment = lines.Next("the first line, which is a comment,").Trim().ToString();
            RequireUnits(comment);
            string? section = null;
            ReadOnlySpan<char> hint = default;
            while (section is null && lines.TryNextFilled(out var line))
            {
                section = Header(line, out hint);
            }

            _box = MakeBox();
            var connections = new Dictionary<string, ImmutableArray<Connection>>();
            while (section is not null)
            {
                if (!_read.Add(section))
                {
                    throw lines.Stop($"the section '{section}' stands here for the second time");
                }

                switch (section)
                {
                    case "Masses": Masses(); break;
                    case "Atoms": Atoms(hint); break;
                    case "Velocities": Velocities(); break;
                    case "Bonds" or "Angles" or "Dihedrals" or "Impropers": connections[section] = Connected(section); break;
                    default: Coefficients(section, hint); break;
                }

                section = lines.TryNextFilled(out var line) ? SectionName(line, out hint, section) : null;
            }

            RequireComplete();
            lines.RequireNoFaults();
            ImmutableArray<Connection> Of(string name) => connections.TryGetValue(name, out var found) ? found : [];
            return new LammpsDataFile(new AtomConfiguration
            {
                Units = units,
                Box = _box,
                Species = [.. _species],
                Kinds = _kinds,
                Positions = _positions,
                Velocities = _velocities,
                Charges = _charges,
                Ids = _places is null ? [] : _ids,
                Molecules = Array.TrueForAll(_molecules, m => m == 0) ? [] : _molecules,
                Bonds = Of("Bonds"),
                Angles = Of("Angles"),
                Dihedrals = Of("Dihedrals"),
                Impropers = Of("Impropers"),
            })
            {
                Style = _style,
                Comment = comment,
                Types = ((int)Announced("bond types"), (int)Announced("angle types"), (int)Announced("dihedral types"), (int)Announced("improper types")),
                Coefficients = _kept.ToImmutable(),
            };
        }

        private long Announced(string what) => _announced.GetValueOrDefault(what);

        // Later versions of LAMMPS end the first line with "units = metal".
        private void RequireUnits(string comment)
        {
            const string key = "units = ";
            var at = comment.LastIndexOf(key, StringComparison.Ordinal);
            var told = at < 0 ? "" : new Words(comment.AsSpan(at + key.Length)).Next().ToString();
            if (told.Length > 0 && told != units.Name && UnitSystem.All.Any(u => u.Name == told))
            {
                throw lines.Stop($"the first line says that units are '{told}', but they are to be read as '{units.Name}'");
            }
        }

        // A line of the header, or the name of the first section.
        private string? Header(ReadOnlySpan<char> line, out ReadOnlySpan<char> hint)
        {
            hint = default;
            var content = Parted(line, out var comment);
            if (content.IsEmpty)
            {
                return null;
            }

            if (char.IsAsciiLetter(content[0]))
            {
                return SectionName(line, out hint, null);
            }

            var words = new Words(content);
            var numbers = 0;
            while (IsNumber(words.Next()))
            {
                numbers++;
            }

            words = new Words(content);
            for (var i = 0; i < numbers; i++)
            {
                _ = words.Next();
            }

            var key = string.Join(' ', words.Rest.ToString().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
            words = new Words(content);
            switch (key)
            {
                case "xlo xhi" or "ylo yhi" or "zlo zhi" when numbers == 2:
                    Bounds(ref words, "xyz".IndexOf(key[0], StringComparison.Ordinal), comment);
                    break;
                case "xy xz yz" when numbers == 3:
                    _tilt = Vector(ref words, key);
                    break;
                case "avec" or "bvec" or "cvec" or "abc origin" when numbers == 3:
                    _vectors[key == "abc origin" ? 3 : key[0] - 'a'] = Vector(ref words, key);
                    break;
                case var count when numbers == 1 && _counts.Contains(count):
                    // Types are counted by int in a configuration, and so are atoms.
                    _announced[count] = lines.Whole(ref words, $"the number of {count}", 0, Array.MaxLength);
                    break;
                default:
                    lines.Add($"a line of the header is one to three numbers followed by what they are; found '{TextLines.Shown(content)}'. Known are {string.Join(", ", _counts)}, xlo xhi, ylo yhi, zlo zhi, xy xz yz, avec, bvec, cvec, abc origin");
                    break;
            }

            return null;
        }

        private static bool IsNumber(ReadOnlySpan<char> word) => double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out _) && !char.IsAsciiLetter(word[0]);

        private Vec3 Vector(ref Words words, string what) => new(lines.Real(ref words, "a number of " + what), lines.Real(ref words, "a number of " + what), lines.Real(ref words, "a number of " + what));

        private void Bounds(ref Words words, int axis, ReadOnlySpan<char> comment)
        {
            var (low, high) = (lines.Real(ref words, "the lower bound"), lines.Real(ref words, "the upper bound"));
            if (!(high > low))
            {
                lines.Add(string.Create(CultureInfo.InvariantCulture, $"the upper bound {high} of the box is not above the lower one, {low}"));
                (low, high) = (0, 1);
            }

            var length = high - low;
            var remark = new Words(comment);
            if (remark.Next() is "length" && double.TryParse(remark.Next(), NumberStyles.Float, CultureInfo.InvariantCulture, out var told) && told > 0 && low + told == high)
            {
                length = told;
            }

            _bounds[axis] = (low, length);
        }

        private SimulationBox MakeBox()
        {
            if (_vectors.Any(v => v is not null))
            {
                return _vectors is [{ } a, { } b, { } c, { } origin]
                    ? AtomText.Box(lines, origin, Matrix3.FromColumns(a, b, c), sides)
                    : throw lines.Stop("of the four lines avec, bvec, cvec and abc origin of the box some are missing");
            }

            for (var axis = 0; axis < 3; axis++)
            {
                if (_bounds[axis] is null)
                {
                    // LAMMPS takes −0.5 to 0.5; a box that nobody gave is more likely forgotten.
                    throw lines.Stop($"the header ends here without the line '{"xyz"[axis]}lo {"xyz"[axis]}hi', the bounds of the box");
                }
            }

            var ((x, lx), (y, ly), (z, lz)) = (_bounds[0]!.Value, _bounds[1]!.Value, _bounds[2]!.Value);
            return AtomText.Box(lines, new(x, y, z), new(lx, _tilt.X, _tilt.Y, 0, ly, _tilt.Z, 0, 0, lz), sides);
        }

        private string SectionName(ReadOnlySpan<char> line, out ReadOnlySpan<char> hint, string? before)
        {
            var content = Parted(line, out var comment);
            hint = comment;
            var name = string.Join(' ', content.ToString().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
            return _sections.Contains(name) ? name
                : before is not null && name.Length > 0 && !char.IsAsciiLetter(name[0])
                    ? throw lines.Stop($"the section '{before}' has all lines that the header announces, and here is one more: '{TextLines.Shown(content)}'. The count in the header is probably wrong")
                    : throw lines.Stop($"'{TextLines.Shown(content)}' is no section that can be read. Known are {string.Join(", ", _sections)}");
        }

        private static ReadOnlySpan<char> Parted(ReadOnlySpan<char> line, out ReadOnlySpan<char> comment)
        {
            var at = line.IndexOf('#');
            comment = at < 0 ? default : line[(at + 1)..].Trim();
            return at < 0 ? line.Trim() : line[..at].Trim();
        }

        // The next line of a section, of which 'done' were read.
        private ReadOnlySpan<char> Row(string section, int done, long all, out ReadOnlySpan<char> comment)
        {
            while (true)
            {
                if (!lines.TryNextFilled(out var line))
                {
                    throw lines.Stop(string.Create(CultureInfo.InvariantCulture, $"the file ends after {done} of {all} lines of the section '{section}'"));
                }

                var content = Parted(line, out var remark);
                if (content.IsEmpty)
                {
                    continue;
                }

                if (char.IsAsciiLetter(content[0]))
                {
                    throw lines.Stop(string.Create(CultureInfo.InvariantCulture, $"the section '{section}' ends after {done} of {all} lines, with '{TextLines.Shown(content)}'"));
                }

                comment = remark;
                return content;
            }
        }

        private void RequireEnd(ref Words words)
        {
            if (!words.AtEnd)
            {
                lines.Add($"the line should end before '{TextLines.Shown(words.Rest)}'");
            }
        }

        private void Masses()
        {
            var count = Announced("atom types");
            lines.RequireRoom(count, 2, "atom types");
            _species = new Species[count];
            for (var row = 0; row < count; row++)
            {
                var words = new Words(Row("Masses", row, count, out var name));
                var type = (int)lines.Whole(ref words, "the type", 1, count);
                var mass = lines.Real(ref words, "the mass");
                RequireEnd(ref words);
                if (!(mass > 0))
                {
                    lines.Add(string.Create(CultureInfo.InvariantCulture, $"a mass is above zero; found {mass}"));
                }

                if (_species[type - 1] is not null)
                {
                    lines.Add(string.Create(CultureInfo.InvariantCulture, $"the type {type} already has a mass"));
                }

                _species[type - 1] = new Species(name.IsEmpty ? type.ToString(CultureInfo.InvariantCulture) : name.ToString(), mass);
            }
        }

        private LammpsAtomStyle StyleOf(ReadOnlySpan<char> hint)
        {
            if (!hint.IsEmpty)
            {
                var word = new Words(hint).Next().ToString();
                LammpsAtomStyle? told = Enum.GetValues<LammpsAtomStyle>().Where(s => Word(s) == word).Select(s => (LammpsAtomStyle?)s).FirstOrDefault();
                return told is null ? throw lines.Stop($"the atom style '{TextLines.Shown(word)}' cannot be read; known are {string.Join(", ", Enum.GetValues<LammpsAtomStyle>().Select(Word))}")
                    : _style is null || _style == told ? told.Value
                    : throw lines.Stop($"the file says that its atom style is '{word}', but it is to be read as '{Word(_style.Value)}'");
            }

            if (_style is { } given)
            {
                return given;
            }

            // Only some numbers of columns belong to one style alone.
            var first = ReadOnlySpan<char>.Empty;
            var found = lines.TryPeek(out var blank) && new Words(blank).AtEnd && lines.TryNext(out _) && lines.TryPeek(out first);
            var columns = Words.Count(Parted(found ? first : blank, out _));
            return columns switch
            {
                5 or 8 => LammpsAtomStyle.Atomic,
                7 or 10 => LammpsAtomStyle.Full,
                _ => throw lines.Stop(string.Create(CultureInfo.InvariantCulture, $"the section 'Atoms' does not tell its style, and {columns} columns may be of several. Write it as a comment, such as 'Atoms # molecular', or name it where the file is read")),
            };
        }

        private void Atoms(ReadOnlySpan<char> hint)
        {
            var layout = StyleOf(hint);
            _style = layout;
            var count = (int)Announced("atoms");
            var types = Announced("atom types");
            lines.RequireRoom(count, 5, "atoms");
            (_ids, _kinds, _positions) = (new long[count], new int[count], new Vec3[count]);
            _molecules = HasMolecule(layout) ? new int[count] : [];
            _charges = HasCharge(layout) ? new double[count] : [];
            var inOrder = true;
            for (var i = 0; i < count; i++)
            {
                var words = new Words(Row("Atoms", i, count, out _));
                _ids[i] = lines.Whole(ref words, "the id", 1);
                inOrder &= _ids[i] == i + 1;
                if (HasMolecule(layout))
                {
                    _molecules[i] = (int)lines.Whole(ref words, "the molecule", 0, int.MaxValue);
                }

                _kinds[i] = (int)lines.Whole(ref words, "the type", 1, types) - 1;
                if (HasCharge(layout))
                {
                    _charges[i] = lines.Real(ref words, "the charge");
                }

                var x = new Vec3(lines.Real(ref words, "x"), lines.Real(ref words, "y"), lines.Real(ref words, "z"));
                if (!words.AtEnd)
                {
                    var image = new Vec3(Flag(ref words, "x"), Flag(ref words, "y"), Flag(ref words, "z"));
                    RequireEnd(ref words);
                    x = AtomText.Unwrapped(_box!, x, image);
                    if (!double.IsFinite(x.NormSquared))
                    {
                        lines.Add("the position is not finite once the image flags are counted in");
                    }
                }

                _positions[i] = x;
            }

            lines.RequireNoFaults();
            if (!inOrder)
            {
                _places = new Dictionary<long, int>(count);
                for (var i = 0; i < count; i++)
                {
                    if (!_places.TryAdd(_ids[i], i))
                    {
                        throw lines.Stop(string.Create(CultureInfo.InvariantCulture, $"the section 'Atoms', which ends here, has two atoms of the id {_ids[i]}"));
                    }
                }
            }
        }

        private double Flag(ref Words words, string axis) => lines.Whole(ref words, $"the image flag of {axis}", int.MinValue, int.MaxValue);

        // The index of the atom of which a line tells the id.
        private int Place(ref Words words)
        {
            if (_places is null)
            {
                return (int)lines.Whole(ref words, "the id of an atom", 1, _ids.Length) - 1;
            }

            var id = lines.Whole(ref words, "the id of an atom", 1);
            if (_places.TryGetValue(id, out var place))
            {
                return place;
            }

            lines.Add(string.Create(CultureInfo.InvariantCulture, $"no atom has the id {id}"));
            return 0;
        }

        private void RequireAtoms(string section)
        {
            if (!_read.Contains("Atoms") && Announced("atoms") > 0)
            {
                throw lines.Stop($"the section '{section}' names atoms, but 'Atoms' does not stand before it. Put it there");
            }
        }

        private void Velocities()
        {
            RequireAtoms("Velocities");
            _velocities = new Vec3[_ids.Length];
            var told = new bool[_ids.Length];
            for (var row = 0; row < _ids.Length; row++)
            {
                var words = new Words(Row("Velocities", row, _ids.Length, out _));
                var atom = Place(ref words);
                var v = new Vec3(lines.Real(ref words, "vx"), lines.Real(ref words, "vy"), lines.Real(ref words, "vz"));
                RequireEnd(ref words);
                if (atom < 0 || told[atom])
                {
                    lines.Add("this atom already has a velocity");
                    continue;
                }

                (_velocities[atom], told[atom]) = (v, true);
            }
        }

        private ImmutableArray<Connection> Connected(string section)
        {
            RequireAtoms(section);
            var name = section[..^1].ToLowerInvariant();
            var (count, types, size) = (Announced(section.ToLowerInvariant()), Announced(name + " types"), Size(name));
            lines.RequireRoom(count, 2 + size, section.ToLowerInvariant());
            var connections = ImmutableArray.CreateBuilder<Connection>((int)count);
            Span<int> atoms = stackalloc int[size];
            for (var row = 0; row < count; row++)
            {
                var words = new Words(Row(section, row, count, out _));
                _ = lines.Whole(ref words, "the number of the " + name);
                var kind = (int)lines.Whole(ref words, "the type of the " + name, 1, types) - 1;
                for (var i = 0; i < size; i++)
                {
                    atoms[i] = Place(ref words);
                }

                RequireEnd(ref words);
                connections.Add(new Connection(kind, [.. atoms]));
            }

            return connections.MoveToImmutable();
        }

        private void Coefficients(string section, ReadOnlySpan<char> hint)
        {
            var rows = ImmutableArray.CreateBuilder<string>();
            while (lines.TryPeek(out var line))
            {
                var content = line.Trim();
                if (!content.IsEmpty && char.IsAsciiDigit(content[0]))
                {
                    rows.Add(content.ToString());
                }
                else if (!content.IsEmpty && content[0] != '#')
                {
                    break;
                }

                _ = lines.TryNext(out _);
            }

            _kept.Add(new LammpsCoefficients(section, hint.ToString(), rows.ToImmutable()));
        }

        private void RequireComplete()
        {
            if (Announced("atoms") > 0 && !_read.Contains("Atoms"))
            {
                throw lines.Stop("the file ends without the section 'Atoms'");
            }

            if (Announced("atom types") > 0 && !_read.Contains("Masses"))
            {
                throw lines.Stop("the file ends without the section 'Masses'. If a script of LAMMPS sets masses, copy them into the file");
            }

            foreach (var section in new[] { "Bonds", "Angles", "Dihedrals", "Impropers" })
            {
                if (Announced(section.ToLowerInvariant()) > 0 && !_read.Contains(section))
                {
                    lines.Add($"the header announces {section.ToLowerInvariant()}, but the file ends without the section '{section}'");
                }
            }
        }
    }
}
