using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Particles;

namespace ActorMultiscale.Host.Formats;

/// <summary>A property of atoms that is no part of a configuration, such as forces.</summary>
/// <param name="Type">R for real, I for whole, L for logical, S for text.</param>
/// <param name="Width">How many columns there are.</param>
/// <param name="Numbers">Width numbers an atom, 1 and 0 for true and false; empty for text.</param>
/// <param name="Texts">Width words an atom; empty for numbers.</param>
public sealed record XyzProperty(char Type, int Width, double[] Numbers, string[] Texts);

/// <summary>A frame of an extended XYZ file.</summary>
/// <param name="Atoms">The atoms.</param>
public sealed record XyzFrame(AtomConfiguration Atoms)
{
    /// <summary>What else the comment line says: keys and values; a key without a value has <c>T</c>.</summary>
    public ImmutableSortedDictionary<string, string> Info { get; init; } = ImmutableSortedDictionary.Create<string, string>(StringComparer.Ordinal);

    /// <summary>Properties that are no part of a configuration.</summary>
    public ImmutableSortedDictionary<string, XyzProperty> Other { get; init; } = ImmutableSortedDictionary.Create<string, XyzProperty>(StringComparer.Ordinal);
}

/// <summary>Extended XYZ files: a line with the number of atoms, a line of keys and values, and a line an atom; frame after frame. As ASE and OVITO understand it.</summary>
/// <remarks>
/// <para>
/// Of the keys <c>Lattice</c> has the three cell vectors one after another, <c>Origin</c> the corner from which they start, <c>pbc</c> a T for every periodic
/// side (all are, where it is missing but a lattice is there), <c>boundary</c> (ours) the letters p, f, s of sides that are periodic, fixed or shrink-wrapped,
/// <c>units</c> (ours) the name of the units, and <c>Properties</c> tells the columns. Without a lattice the box is drawn around the atoms and shrink-wrapped.
/// </para>
/// <para>
/// Of the properties <c>species</c> (or <c>Z</c>), <c>pos</c>, <c>vel</c> or <c>velo</c>, <c>masses</c> or <c>mass</c>, <c>charge</c> or <c>initial_charges</c>,
/// <c>id</c> and <c>mol</c> become part of the configuration; all others are kept beside it, among them the <c>momenta</c> of ASE, whose unit of time is no one
/// else's. Numbers are taken as they stand and written so that the same bits are read back. Connections have no place in such a file and are left out.
/// </para>
/// </remarks>
public static class ExtendedXyz
{
    private const string Format = "an extended XYZ file";

    /// <summary>Reads all frames.</summary>
    /// <param name="file">Its name, for messages, and its text.</param>
    /// <param name="units">The units of its numbers; null: what the file says, or <see cref="UnitSystem.Metal"/>, as lengths in such files are in Å.</param>
    /// <param name="species">What atoms there are; if left out they come in the order in which the file names them, with the masses it tells, or those of the chemical elements.</param>
    /// <exception cref="AtomFileException">The text is no such file; the message says where and why.</exception>
    public static ImmutableArray<XyzFrame> Read(InputFile file, UnitSystem? units = null, ImmutableArray<Species> species = default)
    {
        ArgumentNullException.ThrowIfNull(file);
        var lines = new TextLines(file);
        var table = new SpeciesTable(lines, species);
        var frames = new List<XyzFrame>();
        while (lines.TryNextFilled(out var line))
        {
            var words = new Words(line);
            var count = (int)lines.Whole(ref words, "the number of atoms, which begins a frame,", 0, Array.MaxLength);
            if (!words.AtEnd)
            {
                lines.Add($"the number of atoms stands alone on its line; found '{TextLines.Shown(line)}'");
            }

            lines.RequireNoFaults();
            frames.Add(new Reader(lines, table, units, count).Read());
        }

        if (frames.Count == 0)
        {
            throw lines.Stop("the file ends here and has no frame");
        }

        lines.RequireNoFaults();
        var all = table.Complete();
        return [.. frames.Select(frame => frame with { Atoms = frame.Atoms with { Species = all } })];
    }

    /// <summary>Writes frames.</summary>
    /// <exception cref="AtomFileException">A number is not finite, or a name cannot stand in such a file.</exception>
    public static void Write(TextWriter to, IEnumerable<XyzFrame> frames)
    {
        ArgumentNullException.ThrowIfNull(to);
        ArgumentNullException.ThrowIfNull(frames);
        foreach (var frame in frames)
        {
            var atoms = frame.Atoms;
            AtomText.RequireSound(atoms, Format);
            RequireWritable(frame);
            to.Put(atoms.Count);
            to.Write('\n');
            WriteComment(to, frame);
            for (var i = 0; i < atoms.Count; i++)
            {
                var species = atoms.Species[atoms.Kinds[i]];
                to.Write(species.Name);
                to.Write(' ');
                to.Put(atoms.Positions[i]);
                to.Write(' ');
                to.Put(species.Mass);
                if (atoms.Velocities.Length > 0)
                {
                    to.Write(' ');
                    to.Put(atoms.Velocities[i]);
                }

                if (atoms.Charges.Length > 0)
                {
                    to.Write(' ');
                    to.Put(atoms.Charges[i]);
                }

                if (atoms.Ids.Length > 0)
                {
                    to.Write(' ');
                    to.Put(atoms.Ids[i]);
                }

                if (atoms.Molecules.Length > 0)
                {
                    to.Write(' ');
                    to.Put(atoms.Molecules[i]);
                }

                foreach (var property in frame.Other.Values)
                {
                    for (var c = i * property.Width; c < (i + 1) * property.Width; c++)
                    {
                        to.Write(' ');
                        if (property.Type == 'S')
                        {
                            to.Write(property.Texts[c]);
                        }
                        else if (property.Type == 'L')
                        {
                            to.Write(property.Numbers[c] == 0 ? 'F' : 'T');
                        }
                        else if (property.Type == 'I')
                        {
                            to.Put((long)property.Numbers[c]);
                        }
                        else
                        {
                            to.Put(property.Numbers[c]);
                        }
                    }
                }

                to.Write('\n');
            }
        }
    }

    private static void WriteComment(TextWriter to, XyzFrame frame)
    {
        var (atoms, box) = (frame.Atoms, frame.Atoms.Box);
        to.Write("Lattice=\"");
        for (var i = 0; i < 3; i++)
        {
            to.Write(i > 0 ? " " : "");
            to.Put(box.Cell.Column(i));
        }

        to.Write("\" ");
        if (box.Origin != Vec3.Zero)
        {
            to.Write("Origin=\"");
            to.Put(box.Origin);
            to.Write("\" ");
        }

        to.Write("Properties=species:S:1:pos:R:3:masses:R:1");
        to.Write(atoms.Velocities.Length > 0 ? ":vel:R:3" : "");
        to.Write(atoms.Charges.Length > 0 ? ":charge:R:1" : "");
        to.Write(atoms.Ids.Length > 0 ? ":id:I:1" : "");
        to.Write(atoms.Molecules.Length > 0 ? ":mol:I:1" : "");
        foreach (var (name, property) in frame.Other)
        {
            to.Write(string.Create(CultureInfo.InvariantCulture, $":{name}:{property.Type}:{property.Width}"));
        }

        BoxSide[] sides = [box.SideA, box.SideB, box.SideC];
        to.Write($" pbc=\"{string.Join(' ', sides.Select(s => s == BoxSide.Periodic ? 'T' : 'F'))}\"");
        if (sides.Any(s => s != BoxSide.Periodic))
        {
            to.Write($" boundary=\"{string.Join(' ', sides.Select(s => s switch { BoxSide.Periodic => 'p', BoxSide.Fixed => 'f', _ => 's' }))}\"");
        }

        to.Write($" units={atoms.Units.Name}");
        foreach (var (key, value) in frame.Info)
        {
            to.Write($" {Quoted(key)}={Quoted(value)}");
        }

        to.Write('\n');
    }

    private static string Quoted(string text) => text.Length > 0 && text.All(c => char.IsAsciiLetterOrDigit(c) || "._+-:/".Contains(c, StringComparison.Ordinal))
        ? text
        : $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";

    private static readonly ImmutableArray<string> _ownKeys = ["Lattice", "Origin", "Properties", "pbc", "boundary", "units"];

    private static readonly ImmutableArray<string> _ownProperties = ["species", "Z", "pos", "masses", "mass", "vel", "velo", "charge", "initial_charges", "id", "mol"];

    private static void RequireWritable(XyzFrame frame)
    {
        foreach (var species in frame.Atoms.Species)
        {
            AtomText.RequireName(species.Name, Format, blanks: false);
        }

        foreach (var (key, value) in frame.Info)
        {
            if (key.Length == 0 || _ownKeys.Contains(key) || key.Concat(value).Any(char.IsControl))
            {
                throw new AtomFileException($"Atoms cannot be written as {Format}: the key '{TextLines.Shown(key)}' must have a name that is none of {string.Join(", ", _ownKeys)}, and a value on one line.");
            }
        }

        foreach (var (name, property) in frame.Other)
        {
            var entries = (long)property.Width * frame.Atoms.Count;
            var fits = property.Width > 0 && property.Type switch
            {
                'S' => property.Texts.Length == entries && property.Texts.All(t => t.Length > 0 && t.All(c => c > ' ' && !char.IsControl(c))),
                'R' => property.Numbers.Length == entries && property.Numbers.All(double.IsFinite),
                'I' => property.Numbers.Length == entries && property.Numbers.All(x => Math.Abs(x) <= 1L << 53 && x == Math.Round(x)),
                'L' => property.Numbers.Length == entries,
                _ => false,
            };
            if (!fits || name.Length == 0 || _ownProperties.Contains(name) || name.Any(c => c is <= ' ' or ':' or '"' or '\'' or '=' or '\\' or '{' or '}' or '[' or ']' || char.IsControl(c)))
            {
                throw new AtomFileException($"Atoms cannot be written as {Format}: the property '{TextLines.Shown(name)}' must be of a type R, I, L or S, with as many entries as atoms times its width, finite and without blanks, and a name that is none of {string.Join(", ", _ownProperties)}.");
            }
        }
    }

    private sealed class Reader(TextLines lines, SpeciesTable species, UnitSystem? units, int count)
    {
        private readonly SortedDictionary<string, string> _info = new(StringComparer.Ordinal);
        private readonly SortedDictionary<string, XyzProperty> _properties = new(StringComparer.Ordinal);

        public XyzFrame Read()
        {
            Comment(lines.Next("the comment line of a frame"));
            var told = Take("units");
            var found = told is null ? units ?? UnitSystem.Metal : UnitSystem.All.FirstOrDefault(u => u.Name == told)
                ?? throw lines.Stop($"the units '{TextLines.Shown(told)}' cannot be read; known are {string.Join(", ", UnitSystem.All.Select(u => u.Name))}");
            if (units is not null && found != units)
            {
                throw lines.Stop($"the file says that units are '{found.Name}', but they are to be read as '{units.Name}'");
            }

            var box = Box();
            var columns = Columns(Take("Properties") ?? "species:S:1:pos:R:3");
            Rows(columns);
            return new XyzFrame(Atoms(found, box))
            {
                Info = _info.ToImmutableSortedDictionary(StringComparer.Ordinal),
                Other = _properties.ToImmutableSortedDictionary(StringComparer.Ordinal),
            };
        }

        private string? Take(string key) => _info.Remove(key, out var value) ? value : null;

        // key=value, key="a value", key={a value} and bare keys; a backslash takes the next character as it is.
        private void Comment(ReadOnlySpan<char> line)
        {
            var piece = new StringBuilder();
            string? key = null;
            char closer = default;
            var quoted = false;
            for (var i = 0; i <= line.Length; i++)
            {
                var c = i < line.Length ? line[i] : default;
                if (i < line.Length && c == '\\' && i + 1 < line.Length)
                {
                    piece.Append(line[++i]);
                }
                else if (i < line.Length && closer != default)
                {
                    if (c == closer)
                    {
                        closer = default;
                    }
                    else
                    {
                        piece.Append(c);
                    }
                }
                else if (i < line.Length && c is '"' or '\'' or '{' or '[')
                {
                    (closer, quoted) = (c switch { '{' => '}', '[' => ']', _ => c }, true);
                }
                else if (i < line.Length && c == '=' && key is null && (piece.Length > 0 || quoted))
                {
                    key = piece.ToString();
                    piece.Clear();
                    quoted = false;
                }
                else if (i < line.Length && c > ' ')
                {
                    piece.Append(c);
                }
                else if (key is not null || piece.Length > 0 || quoted)
                {
                    _info[key ?? piece.ToString()] = key is null ? "T" : piece.ToString();
                    piece.Clear();
                    (key, quoted) = (null, false);
                }
            }
        }

        private double[]? Numbers(string key, int many)
        {
            if (Take(key) is not { } text)
            {
                return null;
            }

            var words = new Words(text.Replace(',', ' '));
            var numbers = new double[many];
            for (var i = 0; i < many; i++)
            {
                numbers[i] = lines.Real(ref words, string.Create(CultureInfo.InvariantCulture, $"number {i + 1} of {many} of {key}"));
            }

            if (!words.AtEnd)
            {
                lines.Add(string.Create(CultureInfo.InvariantCulture, $"{key} has {many} numbers, but goes on with '{TextLines.Shown(words.Rest)}'"));
            }

            return numbers;
        }

        private string[]? Letters(string key, string allowed)
        {
            if (Take(key) is not { } text)
            {
                return null;
            }

            var letters = text.Replace(',', ' ').Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            return letters.Length == 3 && letters.All(l => l.Length == 1 && allowed.Contains(l, StringComparison.Ordinal))
                ? letters
                : throw lines.Stop($"{key} tells three letters, one a side, of '{allowed}'; found '{TextLines.Shown(text)}'");
        }

        // Null where none is told: then it is drawn around the atoms.
        private SimulationBox? Box()
        {
            var (lattice, origin) = (Numbers("Lattice", 9), Numbers("Origin", 3));
            var (periodic, boundary) = (Letters("pbc", "TF"), Letters("boundary", "pfs"));
            lines.RequireNoFaults();
            if (lattice is null || (lattice.All(x => x == 0) && periodic is ["F", "F", "F"]))
            {
                return lattice is not null || periodic?.Contains("T") != true ? null : throw lines.Stop("pbc tells a periodic side, but there is no Lattice");
            }

            BoxSide Side(int i) => boundary is not null
                ? boundary[i] switch { "p" => BoxSide.Periodic, "f" => BoxSide.Fixed, _ => BoxSide.ShrinkWrapped }
                : periodic is null || periodic[i] == "T" ? BoxSide.Periodic : BoxSide.ShrinkWrapped;
            if (periodic is not null && boundary is not null && Enumerable.Range(0, 3).Any(i => periodic[i] == "T" != (boundary[i] == "p")))
            {
                throw lines.Stop("pbc and boundary do not agree on which sides are periodic");
            }

            Vec3 Vector(double[] x, int at) => new(x[at], x[at + 1], x[at + 2]);
            return AtomText.Box(
                lines, origin is null ? Vec3.Zero : Vector(origin, 0), Matrix3.FromColumns(Vector(lattice, 0), Vector(lattice, 3), Vector(lattice, 6)), (Side(0), Side(1), Side(2)));
        }

        private List<(string Name, char Type, int Width)> Columns(string text)
        {
            const int most = 10_000;
            var parts = text.Split(':');
            var columns = new List<(string, char, int)>();
            for (var i = 0; i < parts.Length; i += 3)
            {
                if (i + 2 >= parts.Length || parts[i].Length == 0 || parts[i + 1] is not ("R" or "I" or "L" or "S")
                    || !int.TryParse(parts[i + 2], NumberStyles.None, CultureInfo.InvariantCulture, out var width) || width is < 1 or > most)
                {
                    throw lines.Stop($"Properties are triples of a name, a type R, I, L or S, and a number of columns from 1 to {most}, with colons, such as species:S:1:pos:R:3; found '{TextLines.Shown(string.Join(':', parts[i..Math.Min(i + 3, parts.Length)]))}'");
                }

                columns.Add((parts[i], parts[i + 1][0], width));
            }

            if (columns.GroupBy(c => c.Item1).FirstOrDefault(g => g.Count() > 1) is { } twice)
            {
                throw lines.Stop($"Properties name '{TextLines.Shown(twice.Key)}' twice");
            }

            return columns;
        }

        private void Rows(List<(string Name, char Type, int Width)> columns)
        {
            var words = columns.Sum(c => (long)c.Width);
            lines.RequireRoom(count, words, "atoms");
            var properties = columns.ConvertAll(c => new XyzProperty(c.Type, c.Width, c.Type == 'S' ? [] : new double[count * c.Width], c.Type == 'S' ? new string[count * c.Width] : []));
            for (var i = 0; i < count; i++)
            {
                if (!lines.TryNext(out var line))
                {
                    throw lines.Stop(string.Create(CultureInfo.InvariantCulture, $"the file ends after {i} of {count} atoms"));
                }

                var row = new Words(line);
                for (var p = 0; p < properties.Count; p++)
                {
                    var (type, width, numbers, texts) = properties[p];
                    for (var c = i * width; c < (i + 1) * width; c++)
                    {
                        switch (type)
                        {
                            case 'R': numbers[c] = lines.Real(ref row, columns[p].Name); break;
                            case 'I': numbers[c] = lines.Whole(ref row, columns[p].Name, -(1L << 53), 1L << 53); break;
                            case 'L': numbers[c] = Logical(row.Next(), columns[p].Name); break;
                            default: texts[c] = Text(row.Next(), columns[p].Name); break;
                        }
                    }
                }

                if (!row.AtEnd)
                {
                    lines.Add(string.Create(CultureInfo.InvariantCulture, $"Properties tell {words} columns, and the line should end before '{TextLines.Shown(row.Rest)}'"));
                }
            }

            lines.RequireNoFaults();
            for (var p = 0; p < properties.Count; p++)
            {
                _properties[columns[p].Name] = properties[p];
            }
        }

        private double Logical(ReadOnlySpan<char> word, string name)
        {
            if (word is not ("T" or "F" or "True" or "False"))
            {
                lines.Add($"{name} is T or F; found '{TextLines.Shown(word)}'");
            }

            return word.StartsWith("T") ? 1 : 0;
        }

        private string Text(ReadOnlySpan<char> word, string name)
        {
            if (word.IsEmpty)
            {
                lines.Add($"{name} is missing");
            }

            return species.Name(word);
        }

        private XyzProperty? Take(string name, char type, int width) =>
            _properties.TryGetValue(name, out var found) && found.Type == type && found.Width == width && _properties.Remove(name) ? found : null;

        private AtomConfiguration Atoms(UnitSystem found, SimulationBox? box)
        {
            static Vec3[] Vectors(XyzProperty property) => [.. Enumerable.Range(0, property.Numbers.Length / 3).Select(i => new Vec3(property.Numbers[3 * i], property.Numbers[(3 * i) + 1], property.Numbers[(3 * i) + 2]))];
            long[] Whole(string name, long least, long most)
            {
                if (Take(name, 'I', 1) is not { } property)
                {
                    return [];
                }

                return property.Numbers.All(x => x >= least && x <= most)
                    ? Array.ConvertAll(property.Numbers, x => (long)x)
                    : throw lines.Stop(string.Create(CultureInfo.InvariantCulture, $"of the atoms, which end here, one has the {name} {property.Numbers.First(x => x < least || x > most)}; allowed are whole numbers from {least} to {most}"));
            }

            var names = (Take("species", 'S', 1)?.Texts ?? Symbols())
                ?? throw lines.Stop("the atoms, which end here, have neither the property species:S:1 nor Z:I:1");
            var positions = Take("pos", 'R', 3) is { } pos ? Vectors(pos) : throw lines.Stop("the atoms, which end here, have no property pos:R:3");
            var ids = Whole("id", 1, 1L << 53);
            if (ids.Distinct().Count() != ids.Length)
            {
                throw lines.Stop("of the atoms, which end here, two have the same id");
            }

            var molecules = Whole("mol", 0, int.MaxValue);
            return new AtomConfiguration
            {
                Units = found,
                Box = box ?? AtomText.Around(lines, positions),
                Species = [],
                Kinds = species.Kinds(count, null, names, (Take("masses", 'R', 1) ?? Take("mass", 'R', 1))?.Numbers),
                Positions = positions,
                Velocities = (Take("vel", 'R', 3) ?? Take("velo", 'R', 3)) is { } vel ? Vectors(vel) : [],
                Charges = (Take("charge", 'R', 1) ?? Take("initial_charges", 'R', 1))?.Numbers ?? [],
                Ids = ids,
                Molecules = Array.ConvertAll(molecules, m => (int)m),
            };
        }

        private string[]? Symbols() => Take("Z", 'I', 1) is not { } numbers ? null
            : numbers.Numbers.FirstOrDefault(z => z < 1 || z > ChemicalElements.All.Length) is var bad && bad != 0 || numbers.Numbers.Contains(0)
                ? throw lines.Stop(string.Create(CultureInfo.InvariantCulture, $"of the atoms, which end here, one has the atomic number {bad}; there are elements from 1 to {ChemicalElements.All.Length}"))
                : Array.ConvertAll(numbers.Numbers, z => ChemicalElements.All[(int)z - 1].Symbol);
    }
}
