using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Continuum.Fracture;

/// <summary>
/// The fields around the tip of a straight crack without load on its faces, in an isotropic elastic body in the plane: what all cracks have near their tips,
/// and what is given far from a small one.
/// </summary>
/// <remarks>
/// With r, θ about the tip, θ = 0 ahead, s = sin θ/2, c = cos θ/2: 2μ √(2π/r) u₁ = K_I c (κ − 1 + 2s²) + K_II s (κ + 1 + 2c²),
/// 2μ √(2π/r) u₂ = K_I s (κ + 1 − 2c²) − K_II c (κ − 1 − 2s²); κ = 3 − 4ν for plane strain, (3 − ν)/(1 + ν) for plane stress.
/// After: Williams, J. Appl. Mech. 24, 109 (1957); as written: Anderson, "Fracture Mechanics", 3rd ed. (2005), tables 2.1 and 2.2.
/// </remarks>
public sealed class CrackField
{
    private readonly Vec3 _ahead;
    private readonly Vec3 _across;
    private readonly double _shear;
    private readonly double _kappa;
    private readonly double _poisson;
    private readonly bool _isPlaneStress;

    /// <summary>The fields of given intensity.</summary>
    /// <param name="tip">The tip, m.</param>
    /// <param name="ahead">The direction in which the crack would go on, in the plane; of any length.</param>
    /// <param name="modeI">K_I, Pa √m: opening.</param>
    /// <param name="modeII">K_II, Pa √m: sliding.</param>
    /// <param name="young">E, Pa.</param>
    /// <param name="poisson">ν.</param>
    /// <param name="isPlaneStress">Whether for plane stress, else for plane strain.</param>
    /// <exception cref="ScaleModelException">A number is out of its range.</exception>
    public CrackField(Vec3 tip, Vec3 ahead, double modeI, double modeII, double young, double poisson, bool isPlaneStress = false)
    {
        if (!(young > 0 && poisson > -1 && poisson < 0.5 && tip.Z == 0 && ahead.Z == 0 && ahead.Norm > 0 && double.IsFinite(young + ahead.Norm + tip.Norm + modeI + modeII)))
        {
            throw new ScaleModelException(FormattableString.Invariant(
                $"The field of a crack needs E > 0, −1 < ν < ½, finite intensities, a tip and a direction in the plane; found E = {young}, ν = {poisson}, K = ({modeI}, {modeII}), tip {tip}, direction {ahead}."));
        }

        (Tip, ModeI, ModeII, _ahead) = (tip, modeI, modeII, ahead.Normalized());
        _across = new(-_ahead.Y, _ahead.X, 0);
        (_poisson, _isPlaneStress, _shear) = (poisson, isPlaneStress, young / (2 * (1 + poisson)));
        _kappa = isPlaneStress ? (3 - poisson) / (1 + poisson) : 3 - (4 * poisson);
        Modulus = isPlaneStress ? young : young / (1 - (poisson * poisson));
    }

    /// <summary>The tip, m.</summary>
    public Vec3 Tip { get; }

    /// <summary>K_I, Pa √m.</summary>
    public double ModeI { get; }

    /// <summary>K_II, Pa √m.</summary>
    public double ModeII { get; }

    /// <summary>E′, Pa: E for plane stress, E/(1 − ν²) for plane strain.</summary>
    public double Modulus { get; }

    /// <summary>G = (K_I² + K_II²)/E′, J/m²: what the crack releases as it goes on.</summary>
    public double EnergyRelease => ((ModeI * ModeI) + (ModeII * ModeII)) / Modulus;

    /// <summary>The displacement at a place, m. On the line of the crack it is that of the upper face, to the left of the direction.</summary>
    /// <param name="place">The place, m.</param>
    public Vec3 Displacement(Vec3 place)
    {
        var (r, angle) = Polar(place);
        return Displacement(r, angle);
    }

    /// <summary>The displacement at a distance and an angle, m.</summary>
    /// <param name="radius">r, m.</param>
    /// <param name="angle">θ from the direction of the crack, −π to π: the faces have these.</param>
    public Vec3 Displacement(double radius, double angle)
    {
        var (f, _) = Functions(angle);
        return Math.Sqrt(radius / (2 * Math.PI)) / (2 * _shear) * ((f.X * _ahead) + (f.Y * _across));
    }

    /// <summary>∂u_i/∂x_k at a place.</summary>
    /// <param name="place">The place, m, not the tip.</param>
    public Matrix3 Gradient(Vec3 place)
    {
        // u = A √r f(θ): ∂u/∂r = A f/(2√r), ∂u/(r ∂θ) = A f′/√r.
        var (r, angle) = Polar(place);
        var (f, slope) = Functions(angle);
        var size = 1 / (2 * _shear * Math.Sqrt(2 * Math.PI * r));
        var (sin, cos) = Math.SinCos(angle);
        Vec3 Turned(Vec3 v) => (v.X * _ahead) + (v.Y * _across);
        var (out_, around) = (Turned(new(cos, sin, 0)), Turned(new(-sin, cos, 0)));
        return size * (Matrix3.Dyad(0.5 * Turned(f), out_) + Matrix3.Dyad(Turned(slope), around));
    }

    /// <summary>The stress at a place, Pa: √(2πr) σ₁₁ = K_I c (1 − s s₃) − K_II s (2 + c c₃), σ₂₂: K_I c (1 + s s₃) + K_II s c c₃, σ₁₂: K_I s c c₃ + K_II c (1 − s s₃), s₃ = sin 3θ/2, c₃ = cos 3θ/2.</summary>
    /// <param name="place">The place, m, not the tip.</param>
    public SymTensor3 Stress(Vec3 place)
    {
        var (r, angle) = Polar(place);
        var ((s, c), (s3, c3)) = (Math.SinCos(0.5 * angle), Math.SinCos(1.5 * angle));
        var size = 1 / Math.Sqrt(2 * Math.PI * r);
        var xx = size * ((ModeI * c * (1 - (s * s3))) - (ModeII * s * (2 + (c * c3))));
        var yy = size * ((ModeI * c * (1 + (s * s3))) + (ModeII * s * c * c3));
        var xy = size * ((ModeI * s * c * c3) + (ModeII * c * (1 - (s * s3))));
        return new SymTensor3(xx, yy, _isPlaneStress ? 0 : _poisson * (xx + yy), 0, 0, xy).Rotated(Matrix3.FromColumns(_ahead, _across, new(0, 0, 1)));
    }

    private (double Radius, double Angle) Polar(Vec3 place)
    {
        var d = place - Tip;
        var (x, y) = (Vec3.Dot(d, _ahead), Vec3.Dot(d, _across));
        return (Math.Sqrt((x * x) + (y * y)), Math.Atan2(y == 0 ? 0 : y, x));
    }

    // What stands beside √r, and its derivative with respect to θ, in the axes of the crack.
    private (Vec3 Value, Vec3 Slope) Functions(double angle)
    {
        var (s, c) = Math.SinCos(0.5 * angle);
        var (a, b) = (_kappa - 1, _kappa + 1);
        return (
            new((ModeI * c * (a + (2 * s * s))) + (ModeII * s * (b + (2 * c * c))), (ModeI * s * (b - (2 * c * c))) - (ModeII * c * (a - (2 * s * s))), 0),
            new(
                (ModeI * s * ((-0.5 * a) - (s * s) + (2 * c * c))) + (ModeII * c * ((0.5 * b) + (c * c) - (2 * s * s))),
                (ModeI * c * ((0.5 * b) - (c * c) + (2 * s * s))) + (ModeII * s * ((0.5 * a) - (s * s) + (2 * c * c))), 0));
    }
}
