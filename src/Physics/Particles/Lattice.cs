using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Physics.Particles;

/// <summary>A lattice in which crystals are built.</summary>
public enum Lattice
{
    /// <summary>Face-centred cubic.</summary>
    Fcc,

    /// <summary>Body-centred cubic.</summary>
    Bcc,

    /// <summary>Simple cubic.</summary>
    Sc,

    /// <summary>That of diamond: two face-centred cubic lattices, one moved by a quarter of the space diagonal.</summary>
    Diamond,

    /// <summary>Hexagonal close-packed, in its right-angled cell a × √3 a × c of four atoms.</summary>
    Hcp,

    /// <summary>One layer of squares in the plane z = 0.</summary>
    Square,

    /// <summary>One layer of equilateral triangles in the plane z = 0, in its right-angled cell a × √3 a of two atoms.</summary>
    Triangular,
}

/// <summary>How the axes of a specimen lie in the crystal.</summary>
public enum Orientation
{
    /// <summary>x, y, z along [100], [010], [001].</summary>
    Cube,

    /// <summary>x, y, z along [110], [-110], [001].</summary>
    FaceDiagonal,
}

/// <summary>The axes of an <see cref="Orientation"/>.</summary>
public static class OrientationAxes
{
    /// <summary>The rotation from crystal axes to specimen axes: its rows are the specimen's unit axes in the crystal.</summary>
    public static Matrix3 Of(Orientation orientation) => orientation == Orientation.Cube
        ? Matrix3.Identity
        : Matrix3.FromRows(new Vec3(1, 1, 0).Normalized(), new Vec3(-1, 1, 0).Normalized(), new Vec3(0, 0, 1));
}
