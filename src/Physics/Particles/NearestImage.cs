using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Physics.Particles;

/// <summary><see cref="SimulationBox.Nearest"/> for rows: d − Σ_k a_k round(s_k) over periodic sides, with s = cell⁻¹ · d. The nearest image of −d is the opposite one, to the bit.</summary>
internal readonly struct NearestImage
{
    private readonly bool _isOrthogonal;
    private readonly Vector256<double> _lengths;            // Of an orthogonal box; zero along sides that are not periodic.
    private readonly Vector256<double> _inverseLengths;
    private readonly Vector256<double> _a;
    private readonly Vector256<double> _b;
    private readonly Vector256<double> _c;
    private readonly Vector256<double> _inverseA;           // Columns of cell⁻¹; rows of sides that are not periodic are zero.
    private readonly Vector256<double> _inverseB;
    private readonly Vector256<double> _inverseC;

    /// <summary>The nearest images in <paramref name="box"/>.</summary>
    public NearestImage(SimulationBox box)
    {
        var periodic = Vector256.Create(box.IsPeriodic(0) ? 1.0 : 0, box.IsPeriodic(1) ? 1 : 0, box.IsPeriodic(2) ? 1 : 0, 0);
        static Vector256<double> Column(Matrix3 m, int column) => Vector256.Create(m.Column(column).X, m.Column(column).Y, m.Column(column).Z, 0);
        var (cell, inverse) = (box.Cell, box.Cell.Inverse());
        (_a, _b, _c) = (Column(cell, 0), Column(cell, 1), Column(cell, 2));
        (_inverseA, _inverseB, _inverseC) = (periodic * Column(inverse, 0), periodic * Column(inverse, 1), periodic * Column(inverse, 2));
        _isOrthogonal = box.IsOrthogonal;
        _lengths = periodic * Vector256.Create(cell.XX, cell.YY, cell.ZZ, 0);
        _inverseLengths = periodic * Vector256.Create(1 / cell.XX, 1 / cell.YY, 1 / cell.ZZ, 0);
    }

    /// <summary>The nearest image of a difference of two rows; its fourth entry is zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector256<double> Of(Vector256<double> difference)
    {
        var d = difference.WithElement(3, 0);
        var n = Images(d);
        return _isOrthogonal ? d - (_lengths * n) : d - (_a * n[0]) - (_b * n[1]) - (_c * n[2]);
    }

    /// <summary>Whether a difference of two rows is its own nearest image.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Is(Vector256<double> difference) => Images(difference.WithElement(3, 0)) == Vector256<double>.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Vector256<double> Images(Vector256<double> d) =>
        Vector256.Round(_isOrthogonal ? _inverseLengths * d : (_inverseA * d[0]) + (_inverseB * d[1]) + (_inverseC * d[2]));
}
