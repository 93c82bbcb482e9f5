using System.Collections.Immutable;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Particles.Domains;

/// <summary>
/// How a box with right angles is split into domains: bricks, by planes across each axis. The domain (i, j, k) has the number i + n_x (j + n_y k).
/// Along sides that end the outermost domains have no end.
/// </summary>
public sealed class DomainSplit
{
    // More than positions are rounded by, so that who sends and who receives need not agree to the last bit on where an atom lies.
    private const double Slack = 1e-9;

    private const double Thinnest = 0.05;       // The least thickness to which balancing leads, if all domains of one thickness have 1.
    private const double Farthest = 0.45;       // How much of the way to the next plane a plane is moved.

    private readonly ImmutableArray<double>[] _planes;      // Along each axis: the lower end of the box, those between domains, and the upper end.

    /// <summary>A split by planes.</summary>
    /// <param name="box">The box.</param>
    /// <param name="cuts">Where planes cross each axis, within the box, ascending; none: there is one domain along it.</param>
    /// <exception cref="ScaleModelException">The box has not right angles, or planes do not ascend within it.</exception>
    public DomainSplit(SimulationBox box, ImmutableArray<ImmutableArray<double>> cuts)
    {
        ArgumentNullException.ThrowIfNull(box);
        if (!box.IsOrthogonal)
        {
            throw new ScaleModelException("A region in a skewed box is to be split into domains; that is known for boxes with right angles alone.");
        }

        (Box, Cuts, _planes) = (box, cuts, new ImmutableArray<double>[3]);
        for (var axis = 0; axis < 3; axis++)
        {
            var (low, length) = (box.Origin[axis], box.Heights[axis]);
            ImmutableArray<double> planes = [low, .. cuts[axis], low + length];
            _planes[axis] = planes;
            for (var p = 1; p < planes.Length; p++)
            {
                if (!(planes[p] > planes[p - 1]))
                {
                    throw new ScaleModelException(FormattableString.Invariant($"Domains along {"xyz"[axis]} are to end at {planes[p - 1]} and {planes[p]}; planes between them must ascend from {low} to {low + length}."));
                }
            }
        }
    }

    /// <summary>The box.</summary>
    public SimulationBox Box { get; }

    /// <summary>Where planes cross each axis.</summary>
    public ImmutableArray<ImmutableArray<double>> Cuts { get; }

    /// <summary>How many domains there are along an axis (0 to 2).</summary>
    public int Along(int axis) => Cuts[axis].Length + 1;

    /// <summary>How many domains there are.</summary>
    public int Count => Along(0) * Along(1) * Along(2);

    /// <summary>Domains of one size.</summary>
    /// <exception cref="ScaleModelException">The box has not right angles, or there is no domain along an axis.</exception>
    public static DomainSplit Equal(SimulationBox box, (int X, int Y, int Z) domains)
    {
        ArgumentNullException.ThrowIfNull(box);
        if (domains.X < 1 || domains.Y < 1 || domains.Z < 1)
        {
            throw new ScaleModelException($"A region is to be split into {domains} domains; there is at least one along each axis.");
        }

        ImmutableArray<double> Cut(int axis, int n) => [.. Enumerable.Range(1, n - 1).Select(k => box.Origin[axis] + (box.Heights[axis] * k / n))];
        return new(box, [Cut(0, domains.X), Cut(1, domains.Y), Cut(2, domains.Z)]);
    }

    /// <summary>As many domains as give each about so many atoms, the nearest to cubes: a function of box and number of atoms alone.</summary>
    /// <param name="box">The box.</param>
    /// <param name="atoms">How many atoms there are.</param>
    /// <param name="ofDomain">How many a domain has at most, about.</param>
    public static (int X, int Y, int Z) Division(SimulationBox box, long atoms, int ofDomain = 32_000)
    {
        ArgumentNullException.ThrowIfNull(box);
        var (lengths, domains) = (box.Heights, (X: 1, Y: 1, Z: 1));
        while ((double)domains.X * domains.Y * domains.Z * ofDomain < atoms)
        {
            // The longest is cut once more.
            var (x, y, z) = (lengths.X / domains.X, lengths.Y / domains.Y, lengths.Z / domains.Z);
            domains = z >= x && z >= y ? domains with { Z = domains.Z + 1 } : y >= x ? domains with { Y = domains.Y + 1 } : domains with { X = domains.X + 1 };
        }

        return domains;
    }

    /// <summary>The domain to which a point belongs, that is in the box along periodic sides.</summary>
    public int OwnerOf(Vec3 x) => Number(IndexOf(0, x.X), IndexOf(1, x.Y), IndexOf(2, x.Z));

    /// <summary>Between which points a domain lies; infinite where it has no end.</summary>
    public (Vec3 Low, Vec3 High) Brick(int domain)
    {
        var (x, y, z) = (Side(0, domain % Along(0)), Side(1, domain / Along(0) % Along(1)), Side(2, domain / Along(0) / Along(1)));
        return (new(x.Low, y.Low, z.Low), new(x.High, y.High, z.High));
    }

    /// <summary>
    /// Domains of <paramref name="to"/> and their images that come within a distance of a domain of this split, by number and then by shift. Who is
    /// near whom is symmetric to the bit.
    /// </summary>
    /// <param name="domain">The domain.</param>
    /// <param name="to">Another split of the same box, with as many domains; or this.</param>
    /// <param name="distance">The distance.</param>
    /// <returns>The number of each and by how many lengths of the box it is shifted.</returns>
    public ImmutableArray<(int Domain, Vec3 Shift)> Near(int domain, DomainSplit to, double distance)
    {
        ArgumentNullException.ThrowIfNull(to);
        var index = (domain % Along(0), domain / Along(0) % Along(1), domain / Along(0) / Along(1));
        var far = distance * (1 + Slack);
        List<(int Index, int Shift, double Gap)> Along1(int axis, int own)
        {
            var (mine, length, found) = (Side(axis, own), Box.Heights[axis], new List<(int, int, double)>());
            var most = Box.IsPeriodic(axis) ? (int)Math.Ceiling(far / length) + 1 : 0;
            for (var k = 0; k < to.Along(axis); k++)
            {
                var other = to.Side(axis, k);
                for (var shift = -most; shift <= most; shift++)
                {
                    // The same sums whoever of the two asks.
                    var gap = Math.Max(0, Math.Max(other.Low - mine.High + (shift * length), mine.Low - other.High - (shift * length)));
                    if (gap < far)
                    {
                        found.Add((k, shift, gap));
                    }
                }
            }

            return found;
        }

        var near = new List<(int Domain, Vec3 Shift)>();
        var (alongX, alongY, alongZ) = (Along1(0, index.Item1), Along1(1, index.Item2), Along1(2, index.Item3));
        foreach (var z in alongZ)
        {
            foreach (var y in alongY)
            {
                foreach (var x in alongX)
                {
                    if ((x.Gap * x.Gap) + (y.Gap * y.Gap) + (z.Gap * z.Gap) < far * far)
                    {
                        near.Add((to.Number(x.Index, y.Index, z.Index), new(x.Shift, y.Shift, z.Shift)));
                    }
                }
            }
        }

        return [.. near.OrderBy(n => n.Domain).ThenBy(n => n.Shift.Z).ThenBy(n => n.Shift.Y).ThenBy(n => n.Shift.X)];
    }

    /// <summary>Into how many bins the box is cut along an axis, to find out where the atoms are.</summary>
    public int Bins(int axis) => Math.Max(256, 64 * Along(axis));

    /// <summary>The bin of a coordinate; what lies beyond the box is in the outermost.</summary>
    public int BinOf(int axis, double x) => (int)Math.Clamp((x - Box.Origin[axis]) / Box.Heights[axis] * Bins(axis), 0, Bins(axis) - 1);

    /// <summary>
    /// A split whose domains have more nearly the same number of atoms, each axis by itself. No plane goes as far as half the way to the next one:
    /// atoms come to domains beside theirs at most, and it may take some times until all is even.
    /// </summary>
    /// <param name="counts">How many atoms are in each bin of the axis x, then y, then z.</param>
    public DomainSplit Balanced(ReadOnlySpan<double> counts)
    {
        var cuts = new ImmutableArray<double>[3];
        for (var axis = 0; axis < 3; axis++)
        {
            var ofAxis = counts[..Bins(axis)];
            cuts[axis] = Balanced(axis, ofAxis);
            counts = counts[Bins(axis)..];
        }

        return new(Box, [.. cuts]);
    }

    private ImmutableArray<double> Balanced(int axis, ReadOnlySpan<double> counts)
    {
        var all = 0.0;      // Whole numbers: no order changes the sum.
        foreach (var count in counts)
        {
            all += count;
        }

        var (domains, planes, bin, below) = (Along(axis), _planes[axis], 0, 0.0);
        var goals = planes.ToArray();
        for (var k = 1; k < domains; k++)
        {
            // Where the k-th of n equal parts ends, as if atoms lay evenly in a bin.
            var wanted = all * k / domains;
            while (bin < counts.Length - 1 && below + counts[bin] < wanted)
            {
                below += counts[bin++];
            }

            var within = counts[bin] > 0 ? Math.Clamp((wanted - below) / counts[bin], 0, 1) : 0.5;
            goals[k] = planes[0] + (Box.Heights[axis] * (bin + within) / counts.Length);
        }

        var thinnest = Thinnest * Box.Heights[axis] / domains;
        for (var k = 1; k < domains; k++)
        {
            goals[k] = Math.Max(goals[k], goals[k - 1] + thinnest);
        }

        for (var k = domains - 1; k > 0; k--)
        {
            goals[k] = Math.Min(goals[k], goals[k + 1] - thinnest);
        }

        return [.. Enumerable.Range(1, domains - 1).Select(k => Math.Clamp(goals[k], planes[k] - (Farthest * (planes[k] - planes[k - 1])), planes[k] + (Farthest * (planes[k + 1] - planes[k]))))];
    }

    private int Number(int x, int y, int z) => x + (Along(0) * (y + (Along(1) * z)));

    private int IndexOf(int axis, double x)
    {
        var k = 0;
        foreach (var cut in Cuts[axis])
        {
            k += x >= cut ? 1 : 0;
        }

        return k;
    }

    private (double Low, double High) Side(int axis, int k)
    {
        var ends = !Box.IsPeriodic(axis);
        return (ends && k == 0 ? double.NegativeInfinity : _planes[axis][k], ends && k == Along(axis) - 1 ? double.PositiveInfinity : _planes[axis][k + 1]);
    }
}
