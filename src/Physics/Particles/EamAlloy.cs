using System.Collections.Immutable;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Particles;

/// <summary>
/// An embedded-atom potential of several elements from a table: the DYNAMO format <c>setfl</c>, and its extension in which the density
/// depends on the elements of both atoms. Metal units: eV, Å.
/// </summary>
/// <remarks>
/// E = Σᵢ F_a(ρᵢ) + ½ Σᵢ Σⱼ≠ᵢ φ_ab(rᵢⱼ), ρᵢ = Σⱼ≠ᵢ ρ_ba(rᵢⱼ), with a and b the elements of i and j. In setfl ρ_ba is that of b alone.
/// Tables are read as those of <see cref="EamTable"/>.
/// After: Foiles, Baskes, Daw, Phys. Rev. B 33 (1986) 7983 (alloys); Finnis, Sinclair, Phil. Mag. A 50 (1984) 45 (ρ_ba).
/// </remarks>
public sealed class EamAlloy
{
    private EamAlloy(string[] elements, double cutoff) => (Elements, Cutoff) = ([.. elements], cutoff);

    /// <summary>The names of the elements, in the order of the file.</summary>
    public ImmutableArray<string> Elements { get; }

    /// <summary>Pairs at this distance and beyond do not interact, Å.</summary>
    public double Cutoff { get; }

    /// <summary>The lattice constants that the file names, Å.</summary>
    internal double[] Lattices { get; private init; } = [];

    /// <summary>F(ρ) of each element.</summary>
    internal HermiteTable[] Embeddings { get; private init; } = [];

    /// <summary>ρ(r) that an atom of the first element brings to one of the second.</summary>
    internal HermiteTable[][] Densities { get; private init; } = [];

    /// <summary>r φ(r) of two elements.</summary>
    internal HermiteTable[][] Pairs { get; private init; } = [];

    /// <summary>Reads a potential.</summary>
    /// <param name="file">The file.</param>
    /// <param name="isFinnisSinclair">Whether it holds a density for each ordered pair of elements (<c>eam/fs</c>) instead of one for each element (<c>eam/alloy</c>).</param>
    /// <exception cref="ScaleModelException">The text is no such file; the message says where and why.</exception>
    public static EamAlloy Parse(InputFile file, bool isFinnisSinclair = false)
    {
        ArgumentNullException.ThrowIfNull(file);
        var text = new EamText(file);
        return Parse(text, text.Elements() ?? throw text.Fault(4, "the fourth line of a setfl file is the number of elements and their names, '2 Cu Ni' for instance"), isFinnisSinclair);
    }

    /// <summary>Reads what stands below the names of the elements.</summary>
    internal static EamAlloy Parse(EamText text, string[] elements, bool isFinnisSinclair)
    {
        text.StartAtLine(5);
        var (densities, densityStep) = (text.Whole("the number of densities", 6, 10_000_000), text.Number("the spacing of densities", above: 0));
        var (distances, distanceStep) = (text.Whole("the number of distances", 6, 10_000_000), text.Number("the spacing of distances", above: 0));
        var cutoff = text.Number("the cutoff", above: 0);
        var n = elements.Length;
        var (lattices, embedding) = (new double[n], new HermiteTable[n]);
        var (density, pair) = (new HermiteTable[n][], new HermiteTable[n][]);
        for (var e = 0; e < n; e++)
        {
            text.Whole("the atomic number", 1, 200);
            text.Number("the mass", above: 0);
            lattices[e] = text.Number("the lattice constant");
            text.Word("the lattice");
            embedding[e] = new(text.Numbers($"F(rho) of {elements[e]}", densities), densityStep);
            density[e] = new HermiteTable[n];
            for (var site = 0; site < n; site++)
            {
                density[e][site] = isFinnisSinclair ? new(text.Numbers($"rho(r) of {elements[e]} at {elements[site]}", distances), distanceStep)
                    : site > 0 ? density[e][0]
                    : new(text.Numbers($"rho(r) of {elements[e]}", distances), distanceStep);
            }
        }

        for (var i = 0; i < n; i++)
        {
            pair[i] = new HermiteTable[n];
            for (var j = 0; j <= i; j++)
            {
                pair[i][j] = pair[j][i] = new(text.Numbers($"r phi(r) of {elements[i]} and {elements[j]}", distances), distanceStep);
            }
        }

        text.End();
        return new EamAlloy(elements, cutoff) { Lattices = lattices, Embeddings = embedding, Densities = density, Pairs = pair };
    }
}
