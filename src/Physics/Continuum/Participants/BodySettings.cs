using System.Collections.Immutable;
using ActorMultiscale.Physics.Continuum.Materials;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Continuum.Participants;

/// <summary>Reads a mesh from the text of a file.</summary>
/// <param name="file">Its name and its text.</param>
public delegate Mesh MeshReader(InputFile file);

/// <summary>What an experiment says of a body: its mesh, its regions, numbers of each region, and the surfaces where something is given. Notes all faults.</summary>
internal sealed class BodySettings
{
    private readonly ModelSettings _given;
    private readonly CellBox? _box;
    private readonly List<string> _faults = [];
    private readonly bool _hasMesh;
    private ImmutableArray<string>? _surfaces;       // Of the whole rectangle or box, of which the mesh may be a part.

    /// <summary>Reads the settings of the shape.</summary>
    /// <param name="given">The settings.</param>
    /// <param name="reader">Reads a mesh from a file.</param>
    /// <param name="box">The cells of the grid that are meant, for a part of a body; all if null.</param>
    public BodySettings(ModelSettings given, MeshReader reader, CellBox? box = null)
    {
        (_given, _box) = (given, box);
        var mesh = Try(() => given.File("mesh") is { } file ? OfFile(reader(file)) : Grid());
        _hasMesh = mesh is not null;
        Mesh = mesh ?? StructuredMesh.Rectangle(1, 1, 1, 1);        // Stands in while the rest is looked at.
        Degree = given.Integer("degree");
        Regions = given.Texts("regions");
        RegionOf = new int[Mesh.CellCount];
        if (_hasMesh)
        {
            Require(Mesh.Dimension > 1, $"the cells of 'mesh' are lines; a body has two or three dimensions");
            Require(Mesh.Dimension == 2 || !given.Given.ContainsKey("thickness"), $"'thickness' is given, and the body has three dimensions");
            Divide();
        }

        Thickness = Mesh.Dimension == 2 ? given.Number("thickness") : 1;
    }

    /// <summary>The settings of a body's shape.</summary>
    public static ImmutableArray<Setting> OfShape { get; } =
    [
        Setting.File("mesh", "a text file of Gmsh (.msh), whose physical groups are the regions and surfaces; without one the body is a rectangle or a box", optional: true),
        Setting.Positive("mesh-unit", "m", "the length that is 1 in the file of the mesh", 1),
        Setting.Numbers("size", "m", "edges of the rectangle (two) or box (three)", [1, 1]),
        Setting.Numbers("origin", "m", "its lowest corner; without it the origin", []),
        Setting.Numbers("cells", "1", "parts along its edges", [4, 4]),
        Setting.Choice("cell", "quadrilaterals and hexahedra, or triangles and tetrahedra", ["block", "simplex"], "block"),
        Setting.Integer("degree", "degree of the elements", 1, 1, 2),
        Setting.Positive("thickness", "m", "of a body in the plane", 1),
        Setting.Texts("regions", "names of regions: every cell is in one of them; lists of numbers have one for all, or one a region", []),
        Setting.Numbers("region-boxes", "m", "the regions of a rectangle or box: lowest and highest corner of each; of several that hold a cell's middle the last", []),
    ];

    /// <summary>The mesh, m.</summary>
    public Mesh Mesh { get; }

    /// <summary>The degree of the elements.</summary>
    public int Degree { get; }

    /// <summary>The thickness of a body in the plane, m; of others 1.</summary>
    public double Thickness { get; }

    /// <summary>The names of the regions; empty if there is one without a name.</summary>
    public ImmutableArray<string> Regions { get; }

    /// <summary>The number of regions.</summary>
    public int RegionCount => Math.Max(1, Regions.Length);

    /// <summary>The region of each cell.</summary>
    public int[] RegionOf { get; }

    /// <summary>Regions of a rectangle or box that have no cell, and cells that are in no region; none where 'region-boxes' itself does not fit, which each part of the body says.</summary>
    /// <param name="given">The settings.</param>
    /// <param name="pieces">The meshes of parts that make up the whole, taken one at a time.</param>
    public static List<string> RegionFaults(ModelSettings given, IEnumerable<Mesh> pieces)
    {
        var (regions, boxes) = (given.Texts("regions"), given.Numbers("region-boxes"));
        return regions.IsEmpty || boxes.Length != 2 * given.Numbers("cells").Length * regions.Length ? [] : RegionFaults(regions, pieces.Select(mesh => (mesh, InBoxes(mesh, boxes))));
    }

    /// <summary>What holds in each region, as phases.</summary>
    public Phases<T> ByRegion<T>(ImmutableArray<T> values) => new([.. values], RegionOf, Mesh);

    /// <summary>The number of each cell's region, from 0 on, as a field to look at; none where there is one region.</summary>
    public ImmutableArray<MeshField> RegionFields => RegionCount > 1 ? [new("region", 1, Array.ConvertAll(RegionOf, r => (double)r))] : [];

    /// <summary>Notes a fault if a condition does not hold.</summary>
    public bool Require(bool holds, FormattableString fault)
    {
        if (!holds)
        {
            _faults.Add(FormattableString.Invariant(fault));
        }

        return holds;
    }

    /// <summary>What is made; null, and a fault, if it is refused.</summary>
    public T? Try<T>(Func<T> make) where T : class
    {
        try
        {
            return make();
        }
        catch (ScaleModelException fault)
        {
            _faults.Add(fault.Message.TrimEnd('.'));
            return null;
        }
    }

    /// <summary>Says all that is wrong, if anything is.</summary>
    /// <exception cref="ScaleModelException">Something is.</exception>
    public void RequireSound()
    {
        if (_faults.Count > 0)
        {
            throw new ScaleModelException($"These settings do not fit together: {string.Join("; ", _faults)}.");
        }
    }

    /// <summary>A number for each region.</summary>
    /// <param name="key">The setting.</param>
    /// <param name="above">The limit that each is above.</param>
    /// <param name="below">The limit that each is below.</param>
    public double[] PerRegion(string key, double above = double.NegativeInfinity, double below = double.PositiveInfinity)
    {
        var values = PerRegion(key, 1);
        foreach (var value in values.Distinct())
        {
            if (!(value > above && value < below))
            {
                _faults.Add(FormattableString.Invariant($"'{key}' holds {value}; allowed is above {above}") + (double.IsFinite(below) ? FormattableString.Invariant($" and below {below}") : ""));
            }
        }

        return values;
    }

    /// <summary>Some numbers for each region, one region after the other.</summary>
    public double[] PerRegion(string key, int size) => PerName(key, size, RegionCount, "regions");

    private IEnumerable<string> SurfaceNames => _surfaces ?? Mesh.Boundaries.Keys;

    /// <summary>The surfaces that a setting names, each of the body, named once, and fit to be a part of the name of a port; of a part of a body those that it has a piece of.</summary>
    public ImmutableArray<string> Surfaces(string key)
    {
        var names = _given.Texts(key);
        var isPort = key.EndsWith("-in", StringComparison.Ordinal) || key.EndsWith("-out", StringComparison.Ordinal);
        Require(names.Distinct().Count() == names.Length, $"'{key}' names a surface twice");
        return
        [
            .. names.Distinct().Where(name => _hasMesh
                && Require(SurfaceNames.Contains(name), $"'{key}' names the surface '{name}'; the mesh has {Joined(SurfaceNames)}")
                && Require(!isPort || IsKebab(name), $"'{key}' names the surface '{name}', which cannot be a part of the name of a port; call it by lower-case words joined by '-' in the mesh")
                && Mesh.Boundaries.ContainsKey(name)),
        ];
    }

    /// <summary>The surfaces that a setting names, each with the numbers that another one gives it.</summary>
    /// <param name="key">The names.</param>
    /// <param name="valuesKey">The numbers, as many for each, or those for all.</param>
    /// <param name="size">How many each has.</param>
    /// <param name="except">A setting that names surfaces which take no numbers; none if null.</param>
    public ImmutableArray<(string Surface, ImmutableArray<double> Values)> Valued(string key, string valuesKey, int size = 1, string? except = null)
    {
        ImmutableArray<string> names = [.. _given.Texts(key).Where(name => except is null || !_given.Texts(except).Contains(name))];
        var of = except is null ? key : $"{key}' without '{except}";
        if (names.IsEmpty)
        {
            Require(!_given.Given.ContainsKey(valuesKey), $"'{valuesKey}' is given, and no surface by '{of}'");
            return [];
        }

        var values = PerName(valuesKey, size, names.Length, of);
        var sound = Surfaces(key);
        return [.. names.Select((n, i) => (n, values.AsSpan(i * size, size).ToImmutableArray())).Where(v => sound.Contains(v.n))];
    }

    /// <summary>A vector of as many numbers as the body has dimensions; none is zero.</summary>
    public Vec3 Vector(string key) => _given.Numbers(key) is { IsEmpty: false } v
        ? Require(!_hasMesh || v.Length == Mesh.Dimension, $"'{key}' has {v.Length} numbers; the body has {Mesh.Dimension} dimensions") ? ToVector(v) : Vec3.Zero
        : Vec3.Zero;

    /// <summary>Two or three numbers as a vector.</summary>
    public static Vec3 ToVector(ImmutableArray<double> v) => new(v[0], v.Length > 1 ? v[1] : 0, v.Length > 2 ? v[2] : 0);

    private double[] PerName(string key, int size, int count, string of)
    {
        var values = _given.Numbers(key);
        return values.Length == size ? [.. Enumerable.Repeat(values, count).SelectMany(v => v)]
            : Require(values.Length == size * count, $"'{key}' has {values.Length} numbers; it takes {size}, or {size} for each of the {count} of '{of}'") ? [.. values]
            : new double[size * count];
    }

    private Mesh OfFile(Mesh mesh)
    {
        foreach (var key in (ReadOnlySpan<string>)["size", "origin", "cells", "cell", "region-boxes"])
        {
            Require(!_given.Given.ContainsKey(key), $"'{key}' is of a rectangle or box, and 'mesh' is given");
        }

        var unit = _given.Number("mesh-unit");
        return unit == 1 ? mesh : mesh.Moved(x => unit * x);
    }

    private Mesh Grid()
    {
        Require(!_given.Given.ContainsKey("mesh-unit"), $"'mesh-unit' is given without 'mesh'");
        var grid = BodyGrid.Of(_given);
        _surfaces = [.. grid.Surfaces.SelectMany(s => new[] { s.Lower, s.Upper }).Order(StringComparer.Ordinal)];
        return _box is { } box ? grid.Mesh(box) : grid.Mesh();
    }

    // Which cell is in which region.
    private void Divide()
    {
        var boxes = _given.Numbers("region-boxes");
        var d = Mesh.Dimension;
        Require(Regions.Distinct().Count() == Regions.Length, $"'regions' names a region twice");
        if (Regions.IsEmpty)
        {
            Require(boxes.IsEmpty, $"'region-boxes' is given without 'regions'");
            return;
        }

        if (_given.File("mesh") is null)
        {
            if (!Require(boxes.Length == 2 * d * Regions.Length, $"'region-boxes' has {boxes.Length} numbers; each of the {Regions.Length} regions takes {2 * d}: its lowest and its highest corner"))
            {
                return;
            }

            InBoxes(Mesh, boxes).CopyTo(RegionOf, 0);
        }
        else
        {
            Array.Fill(RegionOf, -1);
            for (var r = 0; r < Regions.Length; r++)
            {
                if (!Require(Mesh.Regions.TryGetValue(Regions[r], out var cells), $"'regions' names '{Regions[r]}'; the mesh has {Joined(Mesh.Regions.Keys)}"))
                {
                    return;
                }

                foreach (var c in cells)
                {
                    if (!Require(RegionOf[c] < 0, $"the regions '{Regions[Math.Max(0, RegionOf[c])]}' and '{Regions[r]}' have cell {c} in common"))
                    {
                        return;
                    }

                    RegionOf[c] = r;
                }
            }
        }

        // Of a part of a body this was looked at where the body was divided.
        if (_box is null)
        {
            _faults.AddRange(RegionFaults(Regions, [(Mesh, RegionOf)]));
        }
    }

    // The last of the boxes that hold the middle of each cell; -1 for none.
    private static int[] InBoxes(Mesh mesh, ImmutableArray<double> boxes)
    {
        var (d, regionOf) = (mesh.Dimension, new int[mesh.CellCount]);
        Array.Fill(regionOf, -1);
        for (var c = 0; c < regionOf.Length; c++)
        {
            var middle = mesh.Place(c, mesh.Geometry(c).Cell.Middle);
            for (var r = 0; r < boxes.Length / (2 * d); r++)
            {
                var box = boxes.AsSpan(2 * d * r, 2 * d);
                var holds = true;
                for (var k = 0; k < d; k++)
                {
                    holds &= middle[k] >= box[k] && middle[k] <= box[d + k];
                }

                regionOf[c] = holds ? r : regionOf[c];
            }
        }

        return regionOf;
    }

    // Regions without a cell, and cells without a region, of a body that is looked at piece by piece.
    private static List<string> RegionFaults(ImmutableArray<string> regions, IEnumerable<(Mesh Mesh, int[] RegionOf)> pieces)
    {
        var (found, cells, lost, first) = (new bool[regions.Length], 0L, 0L, Vec3.Zero);
        foreach (var (mesh, regionOf) in pieces)
        {
            for (var c = 0; c < regionOf.Length; c++)
            {
                if (regionOf[c] >= 0)
                {
                    found[regionOf[c]] = true;
                }
                else if (lost++ == 0)
                {
                    first = mesh.Place(c, mesh.Geometry(c).Cell.Middle);
                }
            }

            cells += regionOf.Length;
        }

        List<string> faults = [.. regions.Where((_, r) => !found[r]).Select(name => $"the region '{name}' has no cell: no middle of a cell is in its box and in none after it, or in its group of the mesh")];
        if (lost > 0)
        {
            faults.Add(FormattableString.Invariant($"{lost} of {cells} cells are in none of 'regions', the first at ({first.X}, {first.Y}, {first.Z})"));
        }

        return faults;
    }

    private static string Joined(IEnumerable<string> names) => string.Join(", ", names) is { Length: > 0 } joined ? joined : "none";

    private static bool IsKebab(string name) =>
        name.Length > 0 && char.IsAsciiLetterLower(name[0]) && name[^1] != '-' && !name.Contains("--", StringComparison.Ordinal)
        && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');
}
