using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Physics.Particles;

/// <summary>A box for rows: where an atom lies between periodic sides, and how far away its images are. Along sides that end all fractions are zero.</summary>
internal readonly unsafe struct BoxVectors
{
    private readonly Vector256<double> _origin;
    private readonly Vector256<double> _a;                  // Cell vectors; their fourth entries are zero.
    private readonly Vector256<double> _b;
    private readonly Vector256<double> _c;
    private readonly Vector256<double> _inverseA;           // Columns of cell⁻¹; rows of sides that are not periodic are zero.
    private readonly Vector256<double> _inverseB;
    private readonly Vector256<double> _inverseC;

    /// <summary>The vectors of <paramref name="box"/>.</summary>
    public BoxVectors(SimulationBox box)
    {
        static Vector256<double> Row(Vec3 v) => Vector256.Create(v.X, v.Y, v.Z, 0);
        var (cell, inverse) = (box.Cell, box.Cell.Inverse());
        IsPeriodic = Vector256.Create(box.IsPeriodic(0) ? 1.0 : 0, box.IsPeriodic(1) ? 1 : 0, box.IsPeriodic(2) ? 1 : 0, 0);
        Heights = Vector256.Create(box.Heights.X, box.Heights.Y, box.Heights.Z, 1);
        _origin = Row(box.Origin);
        (_a, _b, _c) = (Row(cell.Column(0)), Row(cell.Column(1)), Row(cell.Column(2)));
        (_inverseA, _inverseB, _inverseC) = (IsPeriodic * Row(inverse.Column(0)), IsPeriodic * Row(inverse.Column(1)), IsPeriodic * Row(inverse.Column(2)));
    }

    /// <summary>One for each periodic side, zero for others.</summary>
    public Vector256<double> IsPeriodic { get; }

    /// <summary>The heights of the box, and one.</summary>
    public Vector256<double> Heights { get; }

    /// <summary>s = cell⁻¹ (x − origin) of the position in a row: 0 to 1 in the box.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector256<double> Fraction(double* row) => FractionOf(Vector256.LoadAligned(row) - _origin);

    /// <summary>cell⁻¹ d of a difference of two rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector256<double> FractionOf(Vector256<double> d) => (_inverseA * d[0]) + (_inverseB * d[1]) + (_inverseC * d[2]);

    /// <summary>Puts the position in a row into the box along periodic sides, and counts by how many cell vectors it has been moved back.</summary>
    public void Wrap(double* row, ref Vec3 images)
    {
        // What is a hair below zero may come to lie on the far face, and belongs to the near one: once more, so that wrapped atoms stay as they are.
        for (var time = 0; time < 2; time++)
        {
            var image = Vector256.Floor(Fraction(row));
            if (image == Vector256<double>.Zero)
            {
                break;
            }

            // The fourth entry of the image is zero: the kind stays.
            (Vector256.LoadAligned(row) - Way(image)).StoreAligned(row);
            images += new Vec3(image[0], image[1], image[2]);
        }
    }

    /// <summary>cell · n, as a row whose fourth entry is zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector256<double> Way(Vector256<double> n) => (_a * n[0]) + (_b * n[1]) + (_c * n[2]);
}
