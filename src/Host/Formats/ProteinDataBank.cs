using System.Collections.Immutable;
using System.Globalization;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Particles;

namespace ActorMultiscale.Host.Formats;

/// <summary>What a PDB file says of an atom beside its place.</summary>
/// <param name="Name">The name of the atom in its residue, such as <c>CA</c>.</param>
/// <param name="Residue">The name of the residue, such as <c>ALA</c>.</param>
/// <param name="Chain">The chain; a blank if none is told.</param>
/// <param name="ResidueNumber">The number of the residue in its chain.</param>
/// <param name="InsertionCode">What tells residues of one number apart; a blank if there is one.</param>
/// <param name="AlternateLocation">Which of several places this is; a blank if there is one.</param>
/// <param name="Occupancy">How often the atom is there, 0 to 1; 1 where the file tells nothing.</param>
/// <param name="TemperatureFactor">B, Å²; 0 where the file tells nothing.</param>
/// <param name="FormalCharge">The formal charge, in elementary charges; 0 where the file tells nothing.</param>
/// <param name="IsHetero">Whether the record is HETATM: no part of a standard residue.</param>
public sealed record ProteinAtom(
    string Name, string Residue, char Chain, int ResidueNumber, char InsertionCode, char AlternateLocation, double Occupancy, double TemperatureFactor, int FormalCharge, bool IsHetero);

/// <summary>A model of a PDB file: one set of places of the atoms.</summary>
/// <param name="Number">The number of its record MODEL; 1 in a file without.</param>
/// <param name="Atoms">The atoms. Their species are chemical elements or D, their ids the serial numbers, their bonds those of the records CONECT.</param>
/// <param name="Labels">What else the file says of each.</param>
public sealed record ProteinModel(int Number, AtomConfiguration Atoms, ImmutableArray<ProteinAtom> Labels);

/// <summary>Files of the Protein Data Bank: the records ATOM, HETATM, CRYST1, CONECT, MODEL and ENDMDL; all others are passed over.</summary>
/// <remarks>
/// After: wwPDB, "Protein Data Bank Contents Guide: Atomic Coordinate Entry Format Description", version 3.3 (2012); lengths are in Å. Serial and residue numbers
/// too large for their columns are read as hybrid-36 (A0000 is 100000), as CCTBX writes them. Of an atom in several places the one that stands first is read.
/// A file without CRYST1, or with the cell of 1 Å that stands for none, has its box drawn around the atoms, shrink-wrapped. Where serial numbers are missing or
/// not unique, atoms are numbered from 1, and no CONECT may name those.
/// </remarks>
public static class ProteinDataBank
{
    /// <summary>Reads models.</summary>
    /// <param name="file">Its name, for messages, and its text.</param>
    /// <param name="units">The units of the atoms; of their systems those with Å and g/mol: <see cref="UnitSystem.Metal"/> or <see cref="UnitSystem.Real"/>.</param>
    /// <param name="allModels">Whether all models are wanted, or the first only; what stands in the others must be sound all the same.</param>
    /// <exception cref="AtomFileException">The text is no such file; the message says where and why.</exception>
    /// <exception cref="ArgumentException">The units have another length.</exception>
    public static ImmutableArray<ProteinModel> Read(InputFile file, UnitSystem units, bool allModels = false)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(units);
        if (units != UnitSystem.Metal && units != UnitSystem.Real)
        {
            throw new ArgumentException($"A PDB file has lengths in Å and elements with masses in g/mol: it is read in the units metal or real, not {units.Name}.", nameof(units));
        }

        return new Reader(new TextLines(file), units).Read(allModels);
    }

    private sealed record Site(ProteinAtom Label, long? Serial, string Element, Vec3 Position);

    private sealed class Reader(TextLines lines, UnitSystem units)
    {
        private readonly List<(int Number, List<Site> Sites)> _models = [];
        private readonly List<(int Line, long From, long To)> _connections = [];
        private readonly HashSet<(char, int, char, string, string)> _places = [];
        private readonly HashSet<long> _passedOver = [];
        private readonly SpeciesTable _species = new(lines, default);
        private List<Site>? _sites;
        private SimulationBox? _box;
        private bool _inModel;

        public ImmutableArray<ProteinModel> Read(bool allModels)
        {
            while (lines.TryNext(out var line))
            {
                switch (Field(line, 1, 6))
                {
                    case "ATOM" or "HETATM": Atom(line); break;
                    case "CRYST1": Crystal(line); break;
                    case "CONECT": Connect(line); break;
                    case "MODEL": Model(line); break;
                    case "ENDMDL" or "END":         // Some programs write frames with END alone between them.
                        _sites = null;
                        _inModel = false;
                        break;
                    default:
                        if (line.StartsWith("ATOM"))
                        {
                            lines.Add($"after ATOM columns 5 and 6 are blank; found '{TextLines.Shown(Field(line, 1, 6))}'");
                        }

                        break;
                }
            }

            if (_models.All(m => m.Sites.Count == 0))
            {
                throw lines.Stop("the file ends here and has no record ATOM or HETATM");
            }

            lines.RequireNoFaults();
            var wanted = allModels ? _models : [_models.First(m => m.Sites.Count > 0)];
            var built = wanted.ConvertAll(model => Build(model.Number, model.Sites));
            lines.RequireNoFaults();
            var species = _species.Complete();
            return [.. built.Select(m => m with { Atoms = m.Atoms with { Species = species } })];
        }

        // Columns as the format counts them: from 1, both ends included, without blanks.
        private static ReadOnlySpan<char> Field(ReadOnlySpan<char> line, int first, int last) =>
            line.Length < first ? default : line[(first - 1)..Math.Min(last, line.Length)].Trim();

        private static char Letter(ReadOnlySpan<char> line, int column) => line.Length < column ? ' ' : line[column - 1];

        private double Real(ReadOnlySpan<char> line, int first, int last, string what, double? missing = null)
        {
            var field = Field(line, first, last);
            if (field.IsEmpty && missing is { } value)
            {
                return value;
            }

            if (double.TryParse(field, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number))
            {
                return number;
            }

            lines.Add($"{what}, columns {first} to {last}, is a finite number; found '{TextLines.Shown(field)}'");
            return 1;
        }

        // Decimal as far as the columns allow, then hybrid-36: A000 to Z…ZZZ, then a000 to z…zzz, whose first is 10 to the number of columns.
        private static long? Number(ReadOnlySpan<char> line, int first, int last)
        {
            var field = Field(line, first, last);
            if (long.TryParse(field, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
            {
                return number;
            }

            var width = last - first + 1;
            if (field.Length != width || !char.IsAsciiLetter(field[0]))
            {
                return null;
            }

            var upper = char.IsAsciiLetterUpper(field[0]);
            number = 0;
            foreach (var c in field)
            {
                var digit = char.IsAsciiDigit(c) ? c - '0' : upper && char.IsAsciiLetterUpper(c) ? c - 'A' + 10 : !upper && char.IsAsciiLetterLower(c) ? c - 'a' + 10 : -1;
                if (digit < 0)
                {
                    return null;
                }

                number = (36 * number) + digit;
            }

            var (ten, leading) = (1L, 1L);
            for (var i = 0; i < width; i++)
            {
                (ten, leading) = (10 * ten, i == 0 ? 1 : 36 * leading);
            }

            return number - (10 * leading) + ten + (upper ? 0 : 26 * leading);
        }

        private void Model(ReadOnlySpan<char> line)
        {
            if (_inModel)
            {
                lines.Add("a model begins within a model: the record ENDMDL is missing before it");
            }

            var words = new Words(Field(line, 7, 80));
            var number = (int)lines.Whole(ref words, "the number of the model", int.MinValue, int.MaxValue);
            _sites = [];
            _models.Add((number, _sites));
            _places.Clear();
            _inModel = true;
        }

        private void Atom(ReadOnlySpan<char> line)
        {
            if (_sites is null)
            {
                _sites = [];
                _models.Add((_models.Count + 1, _sites));
                _places.Clear();
            }

            var serial = Number(line, 7, 11);
            var (name, residue) = (_species.Name(Field(line, 13, 16)), _species.Name(Field(line, 18, 20)));
            var (alternate, chain, insertion) = (Letter(line, 17), Letter(line, 22), Letter(line, 27));
            if (name.Length == 0)
            {
                lines.Add("the name of the atom, columns 13 to 16, is missing");
            }

            var number = Number(line, 23, 26);
            if (number is null)
            {
                lines.Add($"the number of the residue, columns 23 to 26, is a whole number; found '{TextLines.Shown(Field(line, 23, 26))}'");
            }

            var x = new Vec3(Real(line, 31, 38, "x"), Real(line, 39, 46, "y"), Real(line, 47, 54, "z"));
            var (occupancy, factor) = (Real(line, 55, 60, "the occupancy", 1), Real(line, 61, 66, "the temperature factor", 0));
            var hetero = line.StartsWith("HETATM");
            var label = new ProteinAtom(name, residue, chain, (int)(number ?? 0), insertion, alternate, occupancy, factor, Charge(line), hetero);
            if (!_places.Add((chain, label.ResidueNumber, insertion, residue, name)) && alternate != ' ')
            {
                if (serial is { } passed)
                {
                    _passedOver.Add(passed);
                }

                return;
            }

            _sites.Add(new Site(label, serial, Element(line, hetero), x));
        }

        // Structures by neutrons have deuterium. Its mass: Wang et al., "The AME2016 atomic mass evaluation", Chin. Phys. C 41 (2017) 030003.
        private static double? Mass(string symbol) => symbol == "D" ? 2.01410177811 : ChemicalElements.Mass(symbol);

        // Such as 2+ or 1-.
        private int Charge(ReadOnlySpan<char> line)
        {
            var field = Field(line, 79, 80);
            if (field.IsEmpty)
            {
                return 0;
            }

            var (digit, sign) = field.Length == 2 && char.IsAsciiDigit(field[1]) ? (field[1], field[0]) : (field[0], field[^1]);
            if (field.Length == 2 && char.IsAsciiDigit(digit) && sign is '+' or '-')
            {
                return (digit - '0') * (sign == '+' ? 1 : -1);
            }

            if (field is not "0")
            {
                lines.Add($"the charge, columns 79 to 80, is a digit and a sign, such as 2+; found '{TextLines.Shown(field)}'");
            }

            return 0;
        }

        // Old files have no element; then the name begins in column 13 with a symbol of two letters, or in column 14 with one of one letter.
        private string Element(ReadOnlySpan<char> line, bool hetero)
        {
            var told = Field(line, 77, 78);
            if (!told.IsEmpty)
            {
                var symbol = Symbol(told);
                if (Mass(symbol) is null)
                {
                    lines.Add($"the element, columns 77 to 78, is the symbol of a chemical element; found '{TextLines.Shown(told)}'");
                    return "H";
                }

                return symbol;
            }

            // HG11 is a hydrogen of a residue, and HG in columns 13 and 14 of a HETATM is mercury; CA of an amino acid stands in columns 14 and 15.
            var first = Field(line, 13, 14).TrimStart("0123456789");
            var full = Field(line, 13, 16).Length == 4;
            var two = Symbol(first);
            if (first.Length == 2 && !(full && first[0] is 'H' or 'D') && (hetero || first[0] != 'H') && Mass(two) is not null)
            {
                return two;
            }

            var one = first.IsEmpty ? "" : Symbol(first[..1]);
            if (Mass(one) is null)
            {
                lines.Add($"the file tells no element in columns 77 to 78, and the name '{TextLines.Shown(Field(line, 13, 16))}' in columns 13 to 16 does not begin with the symbol of one");
                return "H";
            }

            return one;
        }

        private string Symbol(ReadOnlySpan<char> letters)
        {
            Span<char> symbol = stackalloc char[2];
            for (var i = 0; i < letters.Length && i < 2; i++)
            {
                symbol[i] = i == 0 ? char.ToUpperInvariant(letters[i]) : char.ToLowerInvariant(letters[i]);
            }

            return _species.Name(symbol[..Math.Min(2, letters.Length)]);
        }

        private void Crystal(ReadOnlySpan<char> line)
        {
            var (a, b, c) = (Real(line, 7, 15, "a"), Real(line, 16, 24, "b"), Real(line, 25, 33, "c"));
            var (alpha, beta, gamma) = (Real(line, 34, 40, "alpha", 90), Real(line, 41, 47, "beta", 90), Real(line, 48, 54, "gamma", 90));
            lines.RequireNoFaults();
            if (a == 1 && b == 1 && c == 1)
            {
                return;
            }

            // a along x, b in the plane of x and y; of right angles the cosine is 0 and not 6e-17.
            static double Cosine(double degrees) => degrees == 90 ? 0 : Math.Cos(Math.PI / 180 * degrees);
            var sine = gamma == 90 ? 1 : Math.Sin(Math.PI / 180 * gamma);
            var (cx, cy) = (Cosine(beta), (Cosine(alpha) - (Cosine(beta) * Cosine(gamma))) / sine);
            var height = 1 - (cx * cx) - (cy * cy);
            if (!(a > 0 && b > 0 && c > 0 && alpha is > 0 and < 180 && beta is > 0 and < 180 && gamma is > 0 and < 180 && height > 1e-12))
            {
                throw lines.Stop(string.Create(CultureInfo.InvariantCulture, $"the edges {a}, {b}, {c} and the angles {alpha}, {beta}, {gamma} span no cell"));
            }

            _box = AtomText.Box(lines, Vec3.Zero, new(a, b * Cosine(gamma), c * cx, 0, b * sine, c * cy, 0, 0, c * Math.Sqrt(height)), (BoxSide.Periodic, BoxSide.Periodic, BoxSide.Periodic));
        }

        private void Connect(ReadOnlySpan<char> line)
        {
            for (var column = 12; column <= 27 && column <= line.Length; column += 5)
            {
                if (Field(line, column, column + 4).IsEmpty)
                {
                    continue;
                }

                if (Number(line, 7, 11) is { } from && Number(line, column, column + 4) is { } to)
                {
                    _connections.Add((lines.Number, from, to));
                }
                else
                {
                    lines.Add("a record CONECT has serial numbers of five columns each, from column 7 on; found '" + TextLines.Shown(line) + "'");
                    return;
                }
            }
        }

        private ProteinModel Build(int number, List<Site> sites)
        {
            var places = new Dictionary<long, int>(sites.Count);
            var unique = true;
            for (var i = 0; i < sites.Count; i++)
            {
                unique &= sites[i].Serial is >= 1 and var serial && places.TryAdd(serial, i);
            }

            // A bond stands at both of its atoms, and a double bond twice at each.
            var bonds = new SortedSet<(int, int)>();
            foreach (var (line, from, to) in _connections)
            {
                if (unique && places.TryGetValue(from, out var a) && places.TryGetValue(to, out var b) && a != b)
                {
                    bonds.Add((Math.Min(a, b), Math.Max(a, b)));
                }
                else if (!unique)
                {
                    throw lines.Stop(string.Create(CultureInfo.InvariantCulture, $"the record CONECT of line {line} names atoms by serial numbers, of which some are missing or stand twice in model {number}"));
                }
                else if (from == to || !(places.ContainsKey(from) || _passedOver.Contains(from)) || !(places.ContainsKey(to) || _passedOver.Contains(to)))
                {
                    lines.Add(string.Create(CultureInfo.InvariantCulture, $"the record CONECT of line {line} joins the atoms {from} and {to}, which are not two atoms of model {number}"));
                }
            }

            Vec3[] positions = [.. sites.Select(s => s.Position)];
            long[] ids = unique ? [.. sites.Select(s => s.Serial!.Value)] : [];
            var atoms = new AtomConfiguration
            {
                Units = units,
                Box = _box ?? AtomText.Around(lines, positions),
                Species = [],
                Kinds = _species.Kinds(sites.Count, null, [.. sites.Select(s => s.Element)], [.. sites.Select(s => Mass(s.Element) ?? 0)]),
                Positions = positions,
                Ids = ids.Select((id, i) => id == i + 1).All(inOrder => inOrder) ? [] : ids,
                Bonds = [.. bonds.Select(bond => new Connection(0, [bond.Item1, bond.Item2]))],
            };
            return new ProteinModel(number, atoms, [.. sites.Select(s => s.Label)]);
        }
    }
}
