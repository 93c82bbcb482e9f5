using System.Collections.Immutable;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Particles;

/// <summary>
/// A Gaussian packet on a harmonic chain that moves to the right: the envelope at the group velocity, the carrier at its phase velocity.
/// </summary>
/// <param name="Amplitude">A, in the unit of displacement.</param>
/// <param name="Width">s, the standard deviation of the envelope, in the unit of length.</param>
/// <param name="Wavenumber">k of the carrier, 1 per unit of length; 0 for a single hump.</param>
/// <param name="Centre">Where the envelope stands at t = 0.</param>
/// <remarks>
/// $u = A\, e^{−ξ²/2s²} \cos(kξ)$ at t = 0, ξ = X − centre; with $ω(k) = 2\sqrt{K/m}\,\sin(ka/2)$ and $c = dω/dk$ the velocity is
/// $∂u/∂t = A\, e^{−ξ²/2s²} [ (cξ/s²) \cos kξ + ω \sin kξ ]$.
/// </remarks>
public readonly record struct WavePacket(double Amplitude, double Width, double Wavenumber, double Centre)
{
    /// <summary>The settings by which a model learns of its packet.</summary>
    public static ImmutableArray<Setting> Settings { get; } =
    [
        Setting.Number("amplitude", "1", "amplitude of the packet at the start", 1e-3),
        Setting.Positive("width", "1", "standard deviation of its envelope", 15),
        Setting.Number("wavenumber", "1", "wavenumber k of its carrier; 0 for a single hump", 0, min: 0),
        Setting.Number("centre", "1", "where it stands at the start", 180),
    ];

    /// <summary>The packet that <paramref name="settings"/> describe.</summary>
    public static WavePacket Read(ModelSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return new(settings.Number("amplitude"), settings.Number("width"), settings.Number("wavenumber"), settings.Number("centre"));
    }

    /// <summary>u at <paramref name="x"/> and t = 0.</summary>
    public double Displacement(double x)
    {
        var xi = x - Centre;
        return Amplitude * Math.Exp(-xi * xi / (2 * Width * Width)) * Math.Cos(Wavenumber * xi);
    }

    /// <summary>∂u/∂t at <paramref name="x"/> and t = 0, on a chain of <paramref name="spacing"/> a and frequency scale <paramref name="rate"/> √(K/m).</summary>
    public double Velocity(double x, double spacing, double rate)
    {
        var xi = x - Centre;
        var frequency = 2 * rate * Math.Sin(Wavenumber * spacing / 2);
        var groupVelocity = rate * spacing * Math.Cos(Wavenumber * spacing / 2);
        return Amplitude * Math.Exp(-xi * xi / (2 * Width * Width))
            * ((groupVelocity * xi / (Width * Width) * Math.Cos(Wavenumber * xi)) + (frequency * Math.Sin(Wavenumber * xi)));
    }
}
