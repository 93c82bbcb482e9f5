using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Particles.Measures;

/// <summary>What is done with a pair of atoms; a struct, so that the loop over pairs calls it without a detour.</summary>
internal interface IPairVisitor
{
    /// <summary>Takes the pair.</summary>
    /// <param name="i">An atom.</param>
    /// <param name="j">Its neighbor; the same atom where it meets its own image.</param>
    /// <param name="offset">From i to this image of j.</param>
    /// <param name="squared">|offset|².</param>
    void Visit(int i, int j, Vec3 offset, double squared);
}

/// <summary>
/// Atoms sorted into cells of a box of any shape, to find pairs within any distance: all images are found, also where a periodic box is
/// narrower than the distance. Takes time in proportion to the number of atoms and of the pairs.
/// </summary>
/// <remarks>After: Allen, Tildesley, "Computer Simulation of Liquids", 2nd ed. (2017), section 5.3.2.</remarks>
internal sealed class CellGrid
{
    // Atoms of a cell where the density is even, and cells across the shortest distance asked for: fewer and larger cells hold
    // more pairs that are too far apart, more and smaller ones cost more steps from cell to cell.
    private const double Occupancy = 4;
    private const double CellsPerCutoff = 3;

    private readonly SimulationBox _box;
    private readonly double[] _x, _y, _z;
    private readonly int[] _atoms, _first;
    private readonly int[] _cells = new int[3];
    private readonly double[] _height = new double[3];

    /// <summary>Sorts the atoms.</summary>
    /// <param name="box">The box; sides that are not periodic are taken as wide as the atoms are spread.</param>
    /// <param name="positions">Where they are, wrapped or not.</param>
    /// <param name="cutoff">The distance for which the cells are made; any other can be asked for. 0: cells of a few atoms.</param>
    /// <exception cref="ScaleModelException">There is no atom, or one is nowhere.</exception>
    public CellGrid(SimulationBox box, ReadOnlySpan<Vec3> positions, double cutoff)
    {
        var n = positions.Length;
        if (n == 0)
        {
            throw new ScaleModelException("There are no atoms whose neighbors could be found.");
        }

        if (!(cutoff >= 0 && double.IsFinite(cutoff)))
        {
            throw new ScaleModelException(FormattableString.Invariant($"Neighbors are sought within {cutoff}; the distance must be finite and not below zero."));
        }

        _box = box;
        var (wrapped, fractions) = (new Vec3[n], new Vec3[n]);
        var (low, high) = (new Vec3(double.MaxValue, double.MaxValue, double.MaxValue), new Vec3(double.MinValue, double.MinValue, double.MinValue));
        for (var i = 0; i < n; i++)
        {
            wrapped[i] = box.Wrap(positions[i]);
            var s = fractions[i] = box.Fraction(wrapped[i]);
            if (!double.IsFinite(s.X + s.Y + s.Z))
            {
                throw new ScaleModelException(FormattableString.Invariant($"Atom {i} is at {positions[i]}; positions must be finite. The simulation has probably become unstable."));
            }

            low = new(Math.Min(low.X, s.X), Math.Min(low.Y, s.Y), Math.Min(low.Z, s.Z));
            high = new(Math.Max(high.X, s.X), Math.Max(high.Y, s.Y), Math.Max(high.Z, s.Z));
        }

        low = new(box.IsPeriodic(0) ? 0 : low.X, box.IsPeriodic(1) ? 0 : low.Y, box.IsPeriodic(2) ? 0 : low.Z);
        high = new(box.IsPeriodic(0) ? 1 : high.X, box.IsPeriodic(1) ? 1 : high.Y, box.IsPeriodic(2) ? 1 : high.Z);
        var (width, heights) = (high - low, box.Heights);

        // Atoms all in one plane have no volume, and still some extent to be divided by.
        var extent = new double[] { width.X * heights.X, width.Y * heights.Y, width.Z * heights.Z };
        Density = n / (box.Volume * Math.Max(width.X, 1e-3) * Math.Max(width.Y, 1e-3) * Math.Max(width.Z, 1e-3));
        var side = Math.Max(cutoff / CellsPerCutoff, Math.Cbrt(Occupancy / Density));
        for (; ; side *= 1.25)
        {
            for (var k = 0; k < 3; k++)
            {
                _cells[k] = (int)Math.Clamp(extent[k] / side, 1, 1 << 20);
                _height[k] = extent[k] / _cells[k];
            }

            if ((double)_cells[0] * _cells[1] * _cells[2] <= n + 64)
            {
                break;
            }
        }

        // Counting sort.
        var home = new int[n];
        _first = new int[(_cells[0] * _cells[1] * _cells[2]) + 1];
        for (var i = 0; i < n; i++)
        {
            var s = fractions[i] - low;
            home[i] = (((Index(s.Z, width.Z, 2) * _cells[1]) + Index(s.Y, width.Y, 1)) * _cells[0]) + Index(s.X, width.X, 0);
            _first[home[i] + 1]++;
        }

        for (var c = 0; c < Cells; c++)
        {
            _first[c + 1] += _first[c];
        }

        (_atoms, _x, _y, _z) = (new int[n], new double[n], new double[n], new double[n]);
        var next = _first.AsSpan(0, Cells).ToArray();
        for (var i = 0; i < n; i++)
        {
            var place = next[home[i]]++;
            (_atoms[place], _x[place], _y[place], _z[place]) = (i, wrapped[i].X, wrapped[i].Y, wrapped[i].Z);
        }
    }

    /// <summary>How many cells there are.</summary>
    public int Cells => _first.Length - 1;

    /// <summary>Atoms a volume, of the part of the box over which they are spread.</summary>
    public double Density { get; }

    /// <summary>No two atoms of a box without periodic sides are further apart.</summary>
    public double Diameter
    {
        get
        {
            var (a, b, c) = (_box.Cell.Column(0).Norm / _box.Heights.X, _box.Cell.Column(1).Norm / _box.Heights.Y, _box.Cell.Column(2).Norm / _box.Heights.Z);
            return (_cells[0] * _height[0] * a) + (_cells[1] * _height[1] * b) + (_cells[2] * _height[2] * c);
        }
    }

    /// <summary>The atoms of a cell.</summary>
    public ReadOnlySpan<int> Atoms(int cell) => _atoms.AsSpan(_first[cell], _first[cell + 1] - _first[cell]);

    /// <summary>Takes <paramref name="visitor"/> to every pair whose first atom is in <paramref name="cell"/>, nearer than <paramref name="cutoff"/>.</summary>
    /// <param name="cell">The cell.</param>
    /// <param name="cutoff">The distance.</param>
    /// <param name="once">Whether a pair is met from one of its ends alone, over all cells.</param>
    /// <param name="visitor">What is done.</param>
    public void Visit<T>(int cell, double cutoff, bool once, ref T visitor) where T : struct, IPairVisitor
    {
        if (_first[cell] == _first[cell + 1])
        {
            return;
        }

        var ranges = Ranges(cell, cutoff, once);
        for (var i = _first[cell]; i < _first[cell + 1]; i++)
        {
            VisitAtom(i, ranges, cutoff, once, ref visitor);
        }
    }

    /// <summary>Where neighbors of the atoms of a cell may be.</summary>
    public List<CellRange> Around(int cell, double cutoff) => Ranges(cell, cutoff, once: false);

    /// <summary>The same of one atom: the one at <paramref name="index"/> of the cell, whose surroundings are <paramref name="ranges"/>, and from both ends.</summary>
    public void Visit<T>(int cell, int index, List<CellRange> ranges, double cutoff, ref T visitor) where T : struct, IPairVisitor =>
        VisitAtom(_first[cell] + index, ranges, cutoff, once: false, ref visitor);

    private void VisitAtom<T>(int i, List<CellRange> ranges, double cutoff, bool once, ref T visitor) where T : struct, IPairVisitor
    {
        var squaredCutoff = cutoff * cutoff;
        foreach (var range in ranges)
        {
            // To the image of j: (x_j + shift) − x_i.
            var (x, y, z) = (range.Shift.X - _x[i], range.Shift.Y - _y[i], range.Shift.Z - _z[i]);
            for (var j = range is { IsHome: true } && once ? i + 1 : range.From; j < range.To; j++)
            {
                var (dx, dy, dz) = (_x[j] + x, _y[j] + y, _z[j] + z);
                var squared = (dx * dx) + (dy * dy) + (dz * dz);
                if (squared < squaredCutoff && (j != i || !range.IsHome))
                {
                    visitor.Visit(_atoms[i], _atoms[j], new(dx, dy, dz), squared);
                }
            }
        }
    }

    // The cells that may hold atoms within the cutoff of one in a cell. Cells whose indices differ by d along a side are at least
    // (d − 1) of their heights apart; with right angles the three distances add in squares.
    private List<CellRange> Ranges(int cell, double cutoff, bool once)
    {
        var home = (X: cell % _cells[0], Y: cell / _cells[0] % _cells[1], Z: cell / _cells[0] / _cells[1]);
        var (rx, ry, rz) = (Reach(0, cutoff), Reach(1, cutoff), Reach(2, cutoff));
        var ranges = new List<CellRange>();
        for (var z = once ? 0 : -rz; z <= rz; z++)
        {
            for (var y = once && z == 0 ? 0 : -ry; y <= ry; y++)
            {
                for (var x = once && z == 0 && y == 0 ? 0 : -rx; x <= rx; x++)
                {
                    if ((_box.IsOrthogonal && Gap(x, 0) + Gap(y, 1) + Gap(z, 2) >= cutoff * cutoff)
                        || !Image(home.X + x, 0, out var cx, out var ix) || !Image(home.Y + y, 1, out var cy, out var iy) || !Image(home.Z + z, 2, out var cz, out var iz))
                    {
                        continue;
                    }

                    var other = (((cz * _cells[1]) + cy) * _cells[0]) + cx;
                    if (_first[other] < _first[other + 1])
                    {
                        ranges.Add(new(_first[other], _first[other + 1], _box.Cell * new Vec3(ix, iy, iz), (x, y, z) == (0, 0, 0)));
                    }
                }
            }
        }

        return ranges;
    }

    private int Index(double s, double width, int side) => width > 0 ? Math.Clamp((int)(s / width * _cells[side]), 0, _cells[side] - 1) : 0;

    private int Reach(int side, double cutoff) => _box.IsPeriodic(side)
        ? (int)Math.Ceiling(cutoff / _height[side])
        : (int)Math.Min(_cells[side] - 1, _height[side] > 0 ? Math.Ceiling(cutoff / _height[side]) : 0);

    private double Gap(int difference, int side) => Math.Pow(Math.Max(Math.Abs(difference) - 1, 0) * _height[side], 2);

    private bool Image(int index, int side, out int cell, out int image)
    {
        image = (int)Math.Floor((double)index / _cells[side]);
        cell = index - (image * _cells[side]);
        return image == 0 || _box.IsPeriodic(side);
    }
}

/// <summary>Sorted atoms of one cell, seen from another.</summary>
/// <param name="From">The first.</param>
/// <param name="To">Past the last.</param>
/// <param name="Shift">From the atoms to the image that is meant.</param>
/// <param name="IsHome">Whether it is the cell itself.</param>
internal readonly record struct CellRange(int From, int To, Vec3 Shift, bool IsHome);
