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
    private readonly BoxVectors _vectors;                   // Of any other.

    /// <summary>The nearest images in <paramref name="box"/>.</summary>
    public NearestImage(SimulationBox box)
    {
        _vectors = new(box);
        _isOrthogonal = box.IsOrthogonal;
        _lengths = _vectors.IsPeriodic * Vector256.Create(box.Cell.XX, box.Cell.YY, box.Cell.ZZ, 0);
        _inverseLengths = _vectors.IsPeriodic * Vector256.Create(1 / box.Cell.XX, 1 / box.Cell.YY, 1 / box.Cell.ZZ, 0);
    }

    /// <summary>The nearest image of a difference of two rows; its fourth entry is zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector256<double> Of(Vector256<double> difference)
    {
        var d = difference.WithElement(3, 0);
        var n = Images(d);
        return _isOrthogonal ? d - (_lengths * n) : d - _vectors.Way(n);
    }

    /// <summary>Whether a difference of two rows is its own nearest image.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Is(Vector256<double> difference) => Images(difference.WithElement(3, 0)) == Vector256<double>.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Vector256<double> Images(Vector256<double> d) =>
        Vector256.Round(_isOrthogonal ? _inverseLengths * d : _vectors.FractionOf(d));
}
