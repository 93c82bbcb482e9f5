using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Physics.Particles;

/// <summary>A cubic lattice.</summary>
public enum Lattice
{
    /// <summary>Face-centred cubic.</summary>
    Fcc,

    /// <summary>Body-centred cubic.</summary>
    Bcc,

    /// <summary>Simple cubic.</summary>
    Sc,
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
