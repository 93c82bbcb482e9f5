using System.Collections.Immutable;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Particles.Building;

/// <summary>Crystals, atom by atom.</summary>
/// <remarks>
/// The oriented cell is spanned by the whole-numbered directions M = [X Y Z]; it holds det M conventional cells. Those are found in whole numbers, as the n with
/// 0 ≤ adj(M) n &lt; det M, so that no atom is doubled or lost by round-off, and the atom i of repeat k stands at (k + sᵢ) L.
/// </remarks>
public static class LatticeBuilder
{
    /// <summary>The largest index of a crystal direction.</summary>
    public const int LargestIndex = 50;

    // A share of a repeat: nearer than this to a face, an atom is on it.
    private const double Slack = 1e-9;

    /// <summary>A periodic box that holds whole repeats of a crystal.</summary>
    /// <param name="cell">What is repeated.</param>
    /// <param name="repeats">How often along each axis; of the oriented cell, if there are <paramref name="directions"/>.</param>
    /// <param name="units">The units of lengths and masses.</param>
    /// <param name="species">What the kinds of the cell's sites are.</param>
    /// <param name="directions">Which crystal directions lie along the axes; as drawn if left out. A common divisor does not count: [220] is [110].</param>
    /// <exception cref="ScaleModelException">A number or direction is not allowed, or there would be more atoms than can be counted.</exception>
    public static AtomConfiguration Repeat(ConventionalCell cell, (int X, int Y, int Z) repeats, UnitSystem units, ImmutableArray<Species> species, CrystalDirections? directions = null)
    {
        var oriented = Orient(cell, directions);
        if (repeats.X < 1 || repeats.Y < 1 || repeats.Z < 1)
        {
            throw new ScaleModelException(FormattableString.Invariant($"{repeats} repeats of a crystal are asked for; at least one is needed along each axis."));
        }

        var edges = oriented.Cell;
        var box = new SimulationBox(Vec3.Zero, Matrix3.FromColumns(repeats.X * edges.Column(0), repeats.Y * edges.Column(1), repeats.Z * edges.Column(2)));
        return Place(oriented, box, repeats, (repeats.X, repeats.Y, repeats.Z), units, species, Region.Everywhere);
    }

    /// <summary>Shows the atoms of some repeats of what <see cref="Repeat"/> builds, without building the rest.</summary>
    /// <param name="cell">What is repeated.</param>
    /// <param name="repeats">How often along each axis, in all.</param>
    /// <param name="from">The first repeat along each axis that is wanted.</param>
    /// <param name="past">Behind the last one.</param>
    /// <param name="visit">Is shown the number that an atom has among all, from 0, and where it is.</param>
    internal static void Visit(ConventionalCell cell, (int X, int Y, int Z) repeats, (int X, int Y, int Z) from, (int X, int Y, int Z) past, Action<long, Vec3> visit)
    {
        var (edges, sites) = Orient(cell, null);
        var box = new SimulationBox(Vec3.Zero, Matrix3.FromColumns(repeats.X * edges.Column(0), repeats.Y * edges.Column(1), repeats.Z * edges.Column(2)));
        for (var k = from.Z; k < past.Z; k++)
        {
            for (var j = from.Y; j < past.Y; j++)
            {
                for (var i = from.X; i < past.X; i++)
                {
                    var number = ((((long)k * repeats.Y) + j) * repeats.X + i) * sites.Length;
                    foreach (var (s, _) in sites)
                    {
                        visit(number++, At(box, (i, j, k), s, (repeats.X, repeats.Y, repeats.Z)));
                    }
                }
            }
        }
    }

    // (k + s) L of a repeat and a site.
    private static Vec3 At(SimulationBox box, (int X, int Y, int Z) repeat, Vec3 s, (double X, double Y, double Z) lengths) =>
        box.Point(new Vec3((repeat.X + s.X) / lengths.X, (repeat.Y + s.Y) / lengths.Y, (repeat.Z + s.Z) / lengths.Z));

    /// <summary>Fills a box with a crystal, of which an atom of the first site stands in the box's corner.</summary>
    /// <remarks>
    /// A periodic side must hold whole repeats, up to a part in 10⁹, by which the crystal then is stretched. Along other sides the crystal goes from the lower face,
    /// which belongs to the box, to the upper one, which does not: boxes side by side share no atom.
    /// </remarks>
    /// <param name="cell">What is repeated.</param>
    /// <param name="box">What is filled; its edges are parallel to those of the (oriented) cell.</param>
    /// <param name="units">The units of lengths and masses.</param>
    /// <param name="species">What the kinds of the cell's sites are.</param>
    /// <param name="directions">Which crystal directions lie along the axes; as drawn if left out.</param>
    /// <param name="region">Where atoms are wanted; everywhere if left out.</param>
    /// <exception cref="ScaleModelException">A side does not fit, a direction is not allowed, or there would be more atoms than can be counted.</exception>
    public static AtomConfiguration Fill(
        ConventionalCell cell, SimulationBox box, UnitSystem units, ImmutableArray<Species> species, CrystalDirections? directions = null, Region? region = null)
    {
        ArgumentNullException.ThrowIfNull(box);
        var oriented = Orient(cell, directions);
        Span<int> repeats = stackalloc int[3];
        Span<double> lengths = stackalloc double[3];
        for (var side = 0; side < 3; side++)
        {
            var (edge, period) = (box.Cell.Column(side), oriented.Cell.Column(side));
            if (Vec3.Cross(edge, period).Norm > Slack * edge.Norm * period.Norm || Vec3.Dot(edge, period) < 0)
            {
                throw new ScaleModelException(FormattableString.Invariant($"The edge {edge} of the box is not parallel to {period}, that of the crystal. Give the crystal other directions or the box other edges."));
            }

            var length = edge.Norm / period.Norm;
            var whole = Math.Round(length);
            var fits = whole >= 1 && Math.Abs(length - whole) <= Slack * whole;
            if (box.IsPeriodic(side) && !fits)
            {
                var (fewer, more) = (Math.Max(1, Math.Floor(length)), Math.Max(1, Math.Floor(length)) + 1);
                throw new ScaleModelException(FormattableString.Invariant(
                    $"The periodic side {"abc"[side]} of the box is {edge.Norm} long, which is no whole number of repeats of the crystal, {period.Norm} each. Near are {fewer * period.Norm} and {more * period.Norm}."));
            }

            // Repeats that begin below the upper face; the atoms of the last that lie beyond it are left out below.
            lengths[side] = fits ? whole : length;
            repeats[side] = Math.Ceiling(lengths[side]) is var count && count <= Array.MaxLength ? (int)count : throw TooMany();
        }

        return Place(oriented, box, (repeats[0], repeats[1], repeats[2]), (lengths[0], lengths[1], lengths[2]), units, species, region ?? Region.Everywhere);
    }

    // One repeat of the crystal in the box's frame: its edges, and its atoms in units of them.
    private readonly record struct Oriented(Matrix3 Cell, ImmutableArray<Site> Sites);

    private static AtomConfiguration Place(
        Oriented crystal, SimulationBox box, (int X, int Y, int Z) repeats, (double X, double Y, double Z) lengths, UnitSystem units, ImmutableArray<Species> species, Region region)
    {
        var worst = crystal.Sites.Max(site => site.Kind);
        if (species.IsDefaultOrEmpty || worst >= species.Length || crystal.Sites.Min(site => site.Kind) < 0)
        {
            throw new ScaleModelException(FormattableString.Invariant($"The cell has sites of the kind {worst}, counted from 0, but {(species.IsDefault ? 0 : species.Length)} species are given."));
        }

        var most = (Int128)repeats.X * repeats.Y * repeats.Z * crystal.Sites.Length;
        if (most > Array.MaxLength)
        {
            throw TooMany();
        }

        var (positions, kinds) = (new List<Vec3>((int)most), new List<int>((int)most));
        for (var k = 0; k < repeats.Z; k++)
        {
            for (var j = 0; j < repeats.Y; j++)
            {
                for (var i = 0; i < repeats.X; i++)
                {
                    foreach (var (s, kind) in crystal.Sites)
                    {
                        var (u, v, w) = (i + s.X, j + s.Y, k + s.Z);
                        if (u >= lengths.X - Slack || v >= lengths.Y - Slack || w >= lengths.Z - Slack)
                        {
                            continue;
                        }

                        var x = At(box, (i, j, k), s, lengths);
                        if (region.Contains(x))
                        {
                            positions.Add(x);
                            kinds.Add(kind);
                        }
                    }
                }
            }
        }

        return new AtomConfiguration { Units = units, Box = box, Species = species, Kinds = [.. kinds], Positions = [.. positions] };
    }

    private static Oriented Orient(ConventionalCell cell, CrystalDirections? directions)
    {
        ArgumentNullException.ThrowIfNull(cell);
        if (cell.Sites.IsDefaultOrEmpty || !(cell.Vectors.Determinant is > 0 and < double.PositiveInfinity))
        {
            throw new ScaleModelException(FormattableString.Invariant($"A crystal's cell needs an atom and vectors that span a right-handed volume; it has {cell.Sites.Length} atoms and {cell.Vectors}, vectors in columns."));
        }

        var (x, y, z) = directions is null ? ((1, 0, 0), (0, 1, 0), (0, 0, 1)) : (Reduced(directions.X), Reduced(directions.Y), Reduced(directions.Z));

        // adj(M) = det(M) M⁻¹, whose rows are Y × Z, Z × X, X × Y. All in whole numbers, of at most 2 · 50².
        var (yz, zx, xy) = (Cross(y, z), Cross(z, x), Cross(x, y));
        var determinant = Dot(x, yz);
        if (determinant <= 0)
        {
            throw new ScaleModelException($"The crystal directions {Text(x)}, {Text(y)}, {Text(z)} span no right-handed volume. Turn one of them about, if they are left-handed.");
        }

        var (a, b, c) = (cell.Vectors * Vector(x), cell.Vectors * Vector(y), cell.Vectors * Vector(z));
        var edges = Matrix3.FromColumns(a, b, c);
        if (determinant > 1 || x != (1, 0, 0) || y != (0, 1, 0))
        {
            // Turned so that the three lie along the axes.
            foreach (var (p, q, p1, q1) in new[] { (a, b, x, y), (b, c, y, z), (c, a, z, x) })
            {
                if (Math.Abs(Vec3.Dot(p, q)) > Slack * p.Norm * q.Norm)
                {
                    throw new ScaleModelException($"The crystal directions {Text(p1)} and {Text(q1)} are not at right angles in this cell, as those along two axes have to be.");
                }
            }

            edges = Matrix3.Diagonal(a.Norm, b.Norm, c.Norm);
        }

        var sites = ImmutableArray.CreateBuilder<Site>();
        foreach (var n in CellsWithin(x, y, z, yz, zx, xy, determinant))
        {
            foreach (var site in cell.Sites)
            {
                // s = adj(M) (n + f) / det M, brought into 0 ≤ s < 1: that picks one of equal images, and can lose none.
                var f = site.Fraction;
                sites.Add(site with { Fraction = new Vec3(Wrapped(yz, n, f, determinant), Wrapped(zx, n, f, determinant), Wrapped(xy, n, f, determinant)) });
            }
        }

        return new Oriented(edges, [.. sites.OrderBy(s => s.Fraction.Z).ThenBy(s => s.Fraction.Y).ThenBy(s => s.Fraction.X)]);
    }

    private static IEnumerable<(int, int, int)> CellsWithin(
        (int H, int K, int L) x, (int H, int K, int L) y, (int H, int K, int L) z, (int, int, int) yz, (int, int, int) zx, (int, int, int) xy, int determinant)
    {
        // The corners of the parallelepiped bound what can lie in it.
        static (int Low, int High) Range(int a, int b, int c) => (Math.Min(0, a) + Math.Min(0, b) + Math.Min(0, c), Math.Max(0, a) + Math.Max(0, b) + Math.Max(0, c));
        var (h, k, l) = (Range(x.H, y.H, z.H), Range(x.K, y.K, z.K), Range(x.L, y.L, z.L));
        for (var n3 = l.Low; n3 <= l.High; n3++)
        {
            for (var n2 = k.Low; n2 <= k.High; n2++)
            {
                for (var n1 = h.Low; n1 <= h.High; n1++)
                {
                    var n = (n1, n2, n3);
                    if (Within(Dot(n, yz)) && Within(Dot(n, zx)) && Within(Dot(n, xy)))
                    {
                        yield return n;
                    }
                }
            }
        }

        bool Within(int s) => s >= 0 && s < determinant;
    }

    private static double Wrapped((int H, int K, int L) row, (int H, int K, int L) n, Vec3 f, int determinant)
    {
        // Whole parts apart from fractions; what is near a face but for round-off is on it.
        var s = (Dot(row, n) + ((row.H * f.X) + (row.K * f.Y) + (row.L * f.Z))) / determinant;
        s -= Math.Floor(s);
        return s is < Slack or > 1 - Slack ? 0 : s;
    }

    private static (int H, int K, int L) Reduced((int H, int K, int L) d)
    {
        if (d == (0, 0, 0) || Math.Max(Size(d.H), Math.Max(Size(d.K), Size(d.L))) > LargestIndex)
        {
            throw new ScaleModelException(FormattableString.Invariant($"{Text(d)} is to be a crystal direction; its indices are whole numbers from -{LargestIndex} to {LargestIndex}, not all zero."));
        }

        var divisor = Divisor(Math.Abs(d.H), Divisor(Math.Abs(d.K), Math.Abs(d.L)));
        return (d.H / divisor, d.K / divisor, d.L / divisor);

        static long Size(int index) => Math.Abs((long)index);
        static int Divisor(int a, int b) => b == 0 ? a : Divisor(b, a % b);
    }

    private static int Dot((int H, int K, int L) a, (int H, int K, int L) b) => (a.H * b.H) + (a.K * b.K) + (a.L * b.L);

    private static (int, int, int) Cross((int H, int K, int L) a, (int H, int K, int L) b) =>
        ((a.K * b.L) - (a.L * b.K), (a.L * b.H) - (a.H * b.L), (a.H * b.K) - (a.K * b.H));

    private static Vec3 Vector((int H, int K, int L) d) => new(d.H, d.K, d.L);

    private static string Text((int H, int K, int L) d) => FormattableString.Invariant($"[{d.H} {d.K} {d.L}]");

    private static ScaleModelException TooMany() => new(FormattableString.Invariant($"The crystal would have more than {Array.MaxLength} atoms. Take a smaller box or fewer repeats."));
}
