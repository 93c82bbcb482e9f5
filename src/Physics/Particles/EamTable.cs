using System.Globalization;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Particles;

/// <summary>An embedded-atom potential from a table: the DYNAMO formats <c>funcfl</c> (one element) and <c>setfl</c> (several).</summary>
/// <remarks>
/// funcfl holds F(ρ), the effective charge Z(r) and ρ(r); the pair potential is r φ(r) = 27.2 · 0.529 Z². setfl holds, for each element,
/// F(ρ) and ρ(r), and then r φ(r) for each pair of elements. Tables are read by <see cref="HermiteTable"/>; densities past the
/// last one are extrapolated along the slope there. For a funcfl file the last point of each table is left out, as is the custom
/// of the codes for which such files are made.
/// After: Foiles, Baskes, Daw, Phys. Rev. B 33 (1986) 7983 (format and constants).
/// </remarks>
public sealed class EamTable : IEmbeddedAtomPotential
{
    // eV·Å of two unit charges in the units of the format: 27.2 eV a Hartree, 0.529 Å a Bohr radius.
    private const double HartreeBohr = 27.2 * 0.529;

    private readonly HermiteTable _embedding;
    private readonly HermiteTable _density;
    private readonly HermiteTable _pair;        // r φ(r).

    private EamTable(string element, double lattice, double cutoff, HermiteTable embedding, HermiteTable density, HermiteTable pair)
    {
        Element = element;
        LatticeGuess = lattice;
        Cutoff = cutoff;
        _embedding = embedding;
        _density = density;
        _pair = pair;
    }

    /// <summary>What the file calls the element; for funcfl its atomic number.</summary>
    public string Element { get; }

    /// <inheritdoc/>
    public double Cutoff { get; }

    /// <inheritdoc/>
    public double LatticeGuess { get; }

    /// <summary>Reads a potential; the format is known from the text.</summary>
    /// <param name="file">The file.</param>
    /// <param name="element">The element to take from a setfl file; may be empty if it holds one.</param>
    /// <exception cref="ScaleModelException">The text is no such file; the message says where and why.</exception>
    public static EamTable Parse(InputFile file, string element = "")
    {
        ArgumentNullException.ThrowIfNull(file);
        var text = new Tokens(file);

        // The second line of funcfl is: atomic number, mass, lattice constant, lattice. Of setfl it is still a comment; its fourth
        // line is a count followed by as many names of elements.
        var fourth = text.Line(4).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        return fourth.Length >= 2 && int.TryParse(fourth[0], NumberStyles.None, CultureInfo.InvariantCulture, out var count) && fourth.Length == count + 1
            && fourth.Skip(1).All(name => char.IsLetter(name[0]))
            ? ParseSetfl(text, fourth[1..], element)
            : ParseFuncfl(text);
    }

    /// <inheritdoc/>
    public (double Value, double Slope) Pair(double r)
    {
        // φ = z/r, φ′ = z′/r − φ/r.
        var (z, slope) = _pair.At(r);
        var value = z / r;
        return (value, (slope - value) / r);
    }

    /// <inheritdoc/>
    public (double Value, double Slope) Density(double r) => _density.At(r);

    /// <inheritdoc/>
    public (double Value, double Slope) Embedding(double density)
    {
        var (value, slope) = _embedding.At(density);
        return density > _embedding.Last ? (value + (slope * (density - _embedding.Last)), slope) : (value, slope);
    }

    private static EamTable ParseFuncfl(Tokens text)
    {
        text.StartAtLine(2);
        var number = text.Whole("the atomic number", 1, 200);
        text.Number("the mass", above: 0);
        var lattice = text.Number("the lattice constant");
        text.StartAtLine(3);
        var (densities, densityStep) = (text.Whole("the number of densities", 6, 10_000_000), text.Number("the spacing of densities", above: 0));
        var (distances, distanceStep) = (text.Whole("the number of distances", 6, 10_000_000), text.Number("the spacing of distances", above: 0));
        var cutoff = text.Number("the cutoff", above: 0);
        var embedding = text.Numbers("F(rho)", densities);
        var charge = text.Numbers("Z(r)", distances);
        var density = text.Numbers("rho(r)", distances);
        text.End();
        var pair = new double[distances - 1];
        for (var i = 0; i < pair.Length; i++)
        {
            pair[i] = HartreeBohr * charge[i] * charge[i];
        }

        return new EamTable(number.ToString(CultureInfo.InvariantCulture), lattice, cutoff,
            new HermiteTable(embedding.AsSpan(0, densities - 1), densityStep), new HermiteTable(density.AsSpan(0, distances - 1), distanceStep), new HermiteTable(pair, distanceStep));
    }

    private static EamTable ParseSetfl(Tokens text, string[] elements, string element)
    {
        var wanted = element.Length == 0 && elements.Length == 1 ? 0 : Array.IndexOf(elements, element);
        if (wanted < 0)
        {
            throw text.Fault(4, element.Length == 0
                ? $"the file holds the elements {string.Join(", ", elements)}; say which one, with the setting 'element'"
                : $"the file holds the elements {string.Join(", ", elements)}; '{element}' is not among them");
        }

        text.StartAtLine(5);
        var (densities, densityStep) = (text.Whole("the number of densities", 6, 10_000_000), text.Number("the spacing of densities", above: 0));
        var (distances, distanceStep) = (text.Whole("the number of distances", 6, 10_000_000), text.Number("the spacing of distances", above: 0));
        var cutoff = text.Number("the cutoff", above: 0);
        var (lattice, embedding, density) = (0.0, Array.Empty<double>(), Array.Empty<double>());
        for (var e = 0; e < elements.Length; e++)
        {
            text.Whole("the atomic number", 1, 200);
            text.Number("the mass", above: 0);
            var a = text.Number("the lattice constant");
            text.Word("the lattice");
            var f = text.Numbers($"F(rho) of {elements[e]}", densities);
            var rho = text.Numbers($"rho(r) of {elements[e]}", distances);
            if (e == wanted)
            {
                (lattice, embedding, density) = (a, f, rho);
            }
        }

        var pair = Array.Empty<double>();
        for (var i = 0; i < elements.Length; i++)
        {
            for (var j = 0; j <= i; j++)
            {
                var table = text.Numbers($"r phi(r) of {elements[i]} and {elements[j]}", distances);
                pair = i == wanted && j == wanted ? table : pair;
            }
        }

        text.End();
        return new EamTable(elements[wanted], lattice, cutoff, new HermiteTable(embedding, densityStep), new HermiteTable(density, distanceStep), new HermiteTable(pair, distanceStep));
    }

    // Words of a text with the lines on which they stand.
    private sealed class Tokens
    {
        private readonly InputFile _file;
        private readonly string[] _lines;
        private int _line;
        private string[] _words = [];
        private int _word;

        public Tokens(InputFile file)
        {
            _file = file;
            _lines = file.Text.Split('\n');
        }

        public string Line(int number) => number <= _lines.Length ? _lines[number - 1] : "";

        public void StartAtLine(int number)
        {
            _line = number - 1;
            (_words, _word) = ([], 0);
        }

        public string Word(string what)
        {
            while (_word >= _words.Length)
            {
                if (_line >= _lines.Length)
                {
                    throw Fault(_lines.Length, $"the file ends where {what} is needed; it is cut off, or is no funcfl or setfl file");
                }

                (_words, _word) = (_lines[_line++].Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries), 0);
            }

            return _words[_word++];
        }

        public int Whole(string what, int least, int most)
        {
            var word = Word(what);
            return int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most
                ? value
                : throw Fault(_line, FormattableString.Invariant($"{what} is a whole number from {least} to {most}; found '{word}'"));
        }

        public double Number(string what, double above = double.NegativeInfinity)
        {
            // Fortran writes 1.0D+00.
            var word = Word(what);
            return double.TryParse(word.Replace('D', 'E').Replace('d', 'e'), NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value) && value > above
                ? value
                : throw Fault(_line, $"{what} is a finite number{(double.IsFinite(above) ? " above zero" : "")}; found '{word}'");
        }

        public double[] Numbers(string what, int count)
        {
            var values = new double[count];
            for (var i = 0; i < count; i++)
            {
                values[i] = Number(FormattableString.Invariant($"number {i + 1} of {count} of {what}"));
            }

            return values;
        }

        public void End()
        {
            var rest = _words.Length - _word + _lines.Skip(_line).Sum(l => l.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length);
            if (rest > 0)
            {
                throw Fault(_line, FormattableString.Invariant($"{rest} words stand after the last table; the counts in the head of the file are probably wrong"));
            }
        }

        public ScaleModelException Fault(int line, string what) =>
            new(FormattableString.Invariant($"The potential '{_file.Name}', line {line}: {what}."));
    }
}
