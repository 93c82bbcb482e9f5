using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Continuum.Materials;

/// <summary>What holds in which cell of a mesh: laws, conductivities, or any other value by phase. Immutable.</summary>
public sealed class Phases<T>
{
    private readonly T[] _values;
    private readonly int[]? _phaseOf;       // Of each cell; null if there is one phase.

    private readonly Mesh _mesh;

    internal Phases(T[] values, int[]? phaseOf, Mesh mesh)
    {
        foreach (var value in values)
        {
            ArgumentNullException.ThrowIfNull(value, nameof(values));
        }

        (_values, _phaseOf, _mesh) = (values, phaseOf, mesh);
    }

    /// <summary>The number of cells.</summary>
    public int CellCount => _mesh.CellCount;

    /// <summary>The value in a cell.</summary>
    public T this[int cell] => _values[_phaseOf?[cell] ?? 0];

    /// <summary>The values, one a phase.</summary>
    internal ReadOnlySpan<T> Values => _values;

    /// <summary>Throws if these are the phases of other cells. Regions and boundaries may have been named since.</summary>
    /// <exception cref="ScaleModelException">The mesh has other points or cells.</exception>
    internal void RequireCells(Mesh mesh)
    {
        if (mesh.CellCount != CellCount)
        {
            throw new ScaleModelException($"The phases are those of a mesh of {CellCount} cells; this one has {mesh.CellCount}.");
        }

        if (!mesh.HasCellsOf(_mesh))
        {
            throw new ScaleModelException($"The phases are those of another mesh of {CellCount} cells, whose points or nodes differ from this one's. Make the phases of the mesh that the basis is on.");
        }
    }
}

/// <summary>Makes phases.</summary>
public static class Phases
{
    /// <summary>One value everywhere.</summary>
    /// <param name="mesh">The mesh.</param>
    /// <param name="value">The value.</param>
    public static Phases<T> Uniform<T>(Mesh mesh, T value)
    {
        ArgumentNullException.ThrowIfNull(mesh);
        return new([value], null, mesh);
    }

    /// <summary>One value a cell: for a law that asks for the length of its cell, for instance.</summary>
    /// <param name="mesh">The mesh.</param>
    /// <param name="values">The value of each cell.</param>
    /// <exception cref="ScaleModelException">There are too few values or too many.</exception>
    public static Phases<T> ByCell<T>(Mesh mesh, params ReadOnlySpan<T> values)
    {
        ArgumentNullException.ThrowIfNull(mesh);
        return values.Length == mesh.CellCount ? new(values.ToArray(), [.. Enumerable.Range(0, values.Length)], mesh)
            : throw new ScaleModelException($"There are {values.Length} values for {mesh.CellCount} cells.");
    }

    /// <summary>One value a region.</summary>
    /// <param name="mesh">The mesh; each of its cells is in one of the regions.</param>
    /// <param name="regions">The names of the regions and what holds there.</param>
    /// <exception cref="ScaleModelException">There is no such region, or a cell is in none of them or in two.</exception>
    public static Phases<T> ByRegion<T>(Mesh mesh, params ReadOnlySpan<(string Region, T Value)> regions)
    {
        ArgumentNullException.ThrowIfNull(mesh);
        var phaseOf = new int[mesh.CellCount];
        Array.Fill(phaseOf, -1);
        for (var p = 0; p < regions.Length; p++)
        {
            foreach (var cell in mesh.Region(regions[p].Region))
            {
                if (phaseOf[cell] >= 0)
                {
                    throw new ScaleModelException(regions[phaseOf[cell]].Region == regions[p].Region
                        ? $"The region '{regions[p].Region}' is given twice. A cell belongs to one phase."
                        : $"Cell {cell} is in the regions '{regions[phaseOf[cell]].Region}' and '{regions[p].Region}'. A cell belongs to one phase.");
                }

                phaseOf[cell] = p;
            }
        }

        List<string> names = [];
        List<T> values = [];
        foreach (var (region, value) in regions)
        {
            names.Add($"'{region}'");
            values.Add(value);
        }

        var bare = Array.IndexOf(phaseOf, -1);
        return bare < 0
            ? new([.. values], phaseOf, mesh)
            : throw new ScaleModelException($"{phaseOf.Count(p => p < 0)} cells, such as cell {bare}, are in no phase: none of the regions {string.Join(", ", names)} has them.");
    }
}
