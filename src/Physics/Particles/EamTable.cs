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

    /// <summary>ρ(r), at the distances of <see cref="PairTable"/>.</summary>
    internal HermiteTable DensityTable => _density;

    /// <summary>r φ(r).</summary>
    internal HermiteTable PairTable => _pair;

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
        var text = new EamText(file);

        // The second line of funcfl is: atomic number, mass, lattice constant, lattice. Of setfl it is still a comment; its fourth
        // line is a count followed by as many names of elements.
        return text.Elements() is { } elements
            ? ParseSetfl(text, elements, element)
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
    public (double Value, double Slope) Embedding(double density) => Embedding(_embedding, density);

    /// <summary>F(ρ) and F′(ρ) of a table, along the slope at its end where ρ is past it.</summary>
    internal static (double Value, double Slope) Embedding(HermiteTable table, double density)
    {
        var (value, slope) = table.At(density);
        return density > table.Last ? (value + (slope * (density - table.Last)), slope) : (value, slope);
    }

    private static EamTable ParseFuncfl(EamText text)
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

    private static EamTable ParseSetfl(EamText text, string[] elements, string element)
    {
        var wanted = element.Length == 0 && elements.Length == 1 ? 0 : Array.IndexOf(elements, element);
        if (wanted < 0)
        {
            throw text.Fault(4, element.Length == 0
                ? $"the file holds the elements {string.Join(", ", elements)}; say which one, with the setting 'element'"
                : $"the file holds the elements {string.Join(", ", elements)}; '{element}' is not among them");
        }

        var alloy = EamAlloy.Parse(text, elements, isFinnisSinclair: false);
        return new EamTable(elements[wanted], alloy.Lattices[wanted], alloy.Cutoff, alloy.Embeddings[wanted], alloy.Densities[wanted][wanted], alloy.Pairs[wanted][wanted]);
    }
}
