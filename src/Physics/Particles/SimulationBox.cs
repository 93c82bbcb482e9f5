using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Particles;

/// <summary>What happens where a side of a box ends.</summary>
public enum BoxSide
{
    /// <summary>What leaves at one end comes back at the other; atoms near one end feel images of those near the other.</summary>
    Periodic,

    /// <summary>The side stays where it is, and nothing may leave through it.</summary>
    Fixed,

    /// <summary>The side follows the atoms, whatever they do.</summary>
    ShrinkWrapped,
}

/// <summary>The parallelepiped in which atoms live; immutable. Lengths are in the unit of length of its atoms.</summary>
/// <param name="Origin">The corner from which the cell vectors start.</param>
/// <param name="Cell">The cell vectors a, b, c as columns, right-handed.</param>
/// <param name="SideA">What happens along a.</param>
/// <param name="SideB">What happens along b.</param>
/// <param name="SideC">What happens along c.</param>
public sealed record SimulationBox(Vec3 Origin, Matrix3 Cell, BoxSide SideA = BoxSide.Periodic, BoxSide SideB = BoxSide.Periodic, BoxSide SideC = BoxSide.Periodic)
{
    private readonly Matrix3 _inverse = Invert(Cell);

    /// <summary>A periodic box with right angles, from the origin.</summary>
    public static SimulationBox Orthogonal(double x, double y, double z) => new(Vec3.Zero, Matrix3.Diagonal(x, y, z));

    /// <summary>The cell vectors as columns.</summary>
    /// <exception cref="ScaleModelException">They span no right-handed volume.</exception>
    public Matrix3 Cell
    {
        get;
        init
        {
            field = value;
            _inverse = Invert(value);
        }
    } = Cell;

    /// <summary>The volume.</summary>
    public double Volume => Cell.Determinant;

    /// <summary>Whether all cell vectors lie along the axes.</summary>
    public bool IsOrthogonal => Cell is { XY: 0, XZ: 0, YX: 0, YZ: 0, ZX: 0, ZY: 0 };

    /// <summary>Whether the side of this index (0 to 2: a to c) is periodic.</summary>
    public bool IsPeriodic(int side) => Side(side) == BoxSide.Periodic;

    /// <summary>What happens along the side of this index (0 to 2: a to c).</summary>
    public BoxSide Side(int side) => side switch { 0 => SideA, 1 => SideB, _ => SideC };

    /// <summary>The distances between opposite faces: across a, b and c.</summary>
    public Vec3 Heights
    {
        get
        {
            var (a, b, c) = (Cell.Column(0), Cell.Column(1), Cell.Column(2));
            return new(Volume / Vec3.Cross(b, c).Norm, Volume / Vec3.Cross(c, a).Norm, Volume / Vec3.Cross(a, b).Norm);
        }
    }

    /// <summary>Coordinates in units of the cell vectors: x = origin + cell · s.</summary>
    public Vec3 Fraction(Vec3 x) => _inverse * (x - Origin);

    /// <summary>The point of the coordinates <paramref name="s"/>.</summary>
    public Vec3 Point(Vec3 s) => Origin + (Cell * s);

    /// <summary>How many cell vectors <paramref name="x"/> lies away from the box, for every periodic side; 0 along others. Whole numbers.</summary>
    public Vec3 Image(Vec3 x)
    {
        var s = Fraction(x);
        return new(SideA == BoxSide.Periodic ? Math.Floor(s.X) : 0, SideB == BoxSide.Periodic ? Math.Floor(s.Y) : 0, SideC == BoxSide.Periodic ? Math.Floor(s.Z) : 0);
    }

    /// <summary>The image of <paramref name="x"/> in the box, along periodic sides.</summary>
    public Vec3 Wrap(Vec3 x) => x - (Cell * Image(x));

    /// <summary>
    /// The shortest of a difference of two points and its images. Exact in boxes with right angles; in others where it is shorter than half
    /// of every height of the box.
    /// </summary>
    public Vec3 Nearest(Vec3 difference)
    {
        var s = _inverse * difference;
        return difference - (Cell * new Vec3(SideA == BoxSide.Periodic ? Math.Round(s.X) : 0, SideB == BoxSide.Periodic ? Math.Round(s.Y) : 0, SideC == BoxSide.Periodic ? Math.Round(s.Z) : 0));
    }

    /// <summary>The box after a uniform deformation about its origin: cell → F · cell.</summary>
    public SimulationBox Deformed(Matrix3 deformation) => this with { Cell = deformation * Cell };

    private static Matrix3 Invert(Matrix3 cell) => double.IsFinite(cell.Determinant) && cell.Determinant > 0
        ? cell.Inverse()
        : throw new ScaleModelException(FormattableString.Invariant($"The box has the cell vectors {cell.Column(0)}, {cell.Column(1)}, {cell.Column(2)}: they span no right-handed volume."));
}
