namespace ActorMultiscale.Physics.Fields;

/// <summary>
/// A general second-order tensor in three dimensions: a deformation gradient F, a rotation R, or a periodic cell whose
/// <em>columns</em> are the cell vectors. The first letter of a component is its row.
/// </summary>
/// <param name="XX">Row x, column x.</param>
/// <param name="XY">Row x, column y.</param>
/// <param name="XZ">Row x, column z.</param>
/// <param name="YX">Row y, column x.</param>
/// <param name="YY">Row y, column y.</param>
/// <param name="YZ">Row y, column z.</param>
/// <param name="ZX">Row z, column x.</param>
/// <param name="ZY">Row z, column y.</param>
/// <param name="ZZ">Row z, column z.</param>
public readonly record struct Matrix3(
    double XX, double XY, double XZ, double YX, double YY, double YZ, double ZX, double ZY, double ZZ)
{
    /// <summary>The unit tensor.</summary>
    public static Matrix3 Identity { get; } = Diagonal(1, 1, 1);

    /// <summary>The tensor with the given diagonal and nothing beside it.</summary>
    public static Matrix3 Diagonal(double x, double y, double z) => new(x, 0, 0, 0, y, 0, 0, 0, z);

    /// <summary>The tensor whose columns are the given vectors.</summary>
    public static Matrix3 FromColumns(Vec3 a, Vec3 b, Vec3 c) => new(a.X, b.X, c.X, a.Y, b.Y, c.Y, a.Z, b.Z, c.Z);

    /// <summary>The tensor whose rows are the given vectors.</summary>
    public static Matrix3 FromRows(Vec3 a, Vec3 b, Vec3 c) => new(a.X, a.Y, a.Z, b.X, b.Y, b.Z, c.X, c.Y, c.Z);

    /// <summary>The component of the given row and column.</summary>
    public double this[int row, int column] => Row(row)[column];

    /// <summary>A row.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The index is not 0, 1 or 2.</exception>
    public Vec3 Row(int row) => row switch
    {
        0 => new(XX, XY, XZ),
        1 => new(YX, YY, YZ),
        2 => new(ZX, ZY, ZZ),
        _ => throw new ArgumentOutOfRangeException(nameof(row), row, "The tensor has the rows 0, 1 and 2."),
    };

    /// <summary>A column.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The index is not 0, 1 or 2.</exception>
    public Vec3 Column(int column) => column switch
    {
        0 => new(XX, YX, ZX),
        1 => new(XY, YY, ZY),
        2 => new(XZ, YZ, ZZ),
        _ => throw new ArgumentOutOfRangeException(nameof(column), column, "The tensor has the columns 0, 1 and 2."),
    };

    /// <summary>Mᵀ.</summary>
    public Matrix3 Transposed => new(XX, YX, ZX, XY, YY, ZY, XZ, YZ, ZZ);

    /// <summary>det M = a · (b × c) of the columns a, b, c.</summary>
    public double Determinant => Vec3.Dot(Column(0), Vec3.Cross(Column(1), Column(2)));

    /// <summary>M⁻¹, whose rows are b × c, c × a and a × b over det M.</summary>
    /// <exception cref="InvalidOperationException">The determinant is zero or not a number.</exception>
    public Matrix3 Inverse()
    {
        var determinant = Determinant;
        if (determinant == 0 || !double.IsFinite(determinant))
        {
            throw new InvalidOperationException($"The tensor {this} has the determinant {determinant} and therefore no inverse.");
        }

        var (a, b, c) = (Column(0), Column(1), Column(2));
        return FromRows(Vec3.Cross(b, c) / determinant, Vec3.Cross(c, a) / determinant, Vec3.Cross(a, b) / determinant);
    }

    /// <summary>The rows. Written out, because a record prints its properties, and <see cref="Transposed"/> would print its own without end.</summary>
    public override string ToString() => $"[{Row(0)}, {Row(1)}, {Row(2)}]";

    /// <summary>M · v.</summary>
    public static Vec3 operator *(Matrix3 m, Vec3 v) => new(
        (m.XX * v.X) + (m.XY * v.Y) + (m.XZ * v.Z),
        (m.YX * v.X) + (m.YY * v.Y) + (m.YZ * v.Z),
        (m.ZX * v.X) + (m.ZY * v.Y) + (m.ZZ * v.Z));

    /// <summary>A · B.</summary>
    public static Matrix3 operator *(Matrix3 a, Matrix3 b) => FromColumns(a * b.Column(0), a * b.Column(1), a * b.Column(2));

    /// <summary>The sum.</summary>
    public static Matrix3 operator +(Matrix3 a, Matrix3 b) =>
        FromColumns(a.Column(0) + b.Column(0), a.Column(1) + b.Column(1), a.Column(2) + b.Column(2));

    /// <summary>The difference.</summary>
    public static Matrix3 operator -(Matrix3 a, Matrix3 b) => a + (-1 * b);

    /// <summary>The matrix times a number.</summary>
    public static Matrix3 operator *(double factor, Matrix3 m) => new(
        factor * m.XX, factor * m.XY, factor * m.XZ, factor * m.YX, factor * m.YY, factor * m.YZ, factor * m.ZX, factor * m.ZY, factor * m.ZZ);

    /// <summary>a ⊗ b, with the entries aᵢ bⱼ.</summary>
    public static Matrix3 Dyad(Vec3 a, Vec3 b) => FromColumns(b.X * a, b.Y * a, b.Z * a);

    /// <summary>a : b = Σ aᵢⱼ bᵢⱼ.</summary>
    public static double Contract(Matrix3 a, Matrix3 b) => Vec3.Dot(a.Row(0), b.Row(0)) + Vec3.Dot(a.Row(1), b.Row(1)) + Vec3.Dot(a.Row(2), b.Row(2));

    /// <summary>The sum of the diagonal.</summary>
    public double Trace => XX + YY + ZZ;
}
