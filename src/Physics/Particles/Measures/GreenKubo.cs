using System.Collections.Immutable;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Particles.Measures;

/// <summary>
/// Transport coefficients from fluctuations at equilibrium. A simulation that cannot keep its series takes a <see cref="BlockedCorrelator"/> of the components
/// and multiplies its <see cref="PlateauIntegral"/> by the same factor.
/// </summary>
/// <remarks>
/// Green, J. Chem. Phys. 22 (1954) 398; Kubo, J. Phys. Soc. Jpn. 12 (1957) 570. For the choice of the plateau see <see cref="PlateauIntegral"/>.
/// </remarks>
public static class GreenKubo
{
    /// <summary>Signals in <see cref="ShearComponents"/>.</summary>
    public const int Shears = 5;

    /// <summary>The five independent components of the traceless part of a stress: in a fluid at rest each has the same correlation function.</summary>
    /// <remarks>
    /// xy, xz, yz, ½ (xx − yy) and (xx + yy − 2zz) / (2√3): an orthogonal basis, of which each is a shear in rotated axes, and twice the sum of their squares is
    /// P : P of the traceless P. So their mean is V/(10 k_B T) ∫ ⟨P : P⟩ of Daivis, Evans, J. Chem. Phys. 100 (1994) 541.
    /// </remarks>
    /// <param name="stress">The stress, of any sign.</param>
    /// <param name="to">Five numbers; overwritten.</param>
    public static void ShearComponents(SymTensor3 stress, Span<double> to)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(to.Length, Shears);
        (to[0], to[1], to[2]) = (stress.XY, stress.XZ, stress.YZ);
        to[3] = 0.5 * (stress.XX - stress.YY);
        to[4] = (stress.XX + stress.YY - (2 * stress.ZZ)) / (2 * Math.Sqrt(3));
    }

    /// <summary>V / (k_B T), by which ∫ ⟨P P⟩ dt is a viscosity in the unit of pressure times that of time, P in the unit of pressure (bar of <c>metal</c>).</summary>
    /// <param name="units">The units of all numbers.</param>
    /// <param name="volume">V, in the unit of length cubed.</param>
    /// <param name="temperature">T.</param>
    /// <exception cref="ScaleModelException">Volume or temperature is not above zero.</exception>
    public static double ViscosityFactor(UnitSystem units, double volume, double temperature)
    {
        RequirePositive(volume, temperature);
        ArgumentNullException.ThrowIfNull(units);
        return volume / (units.Pressure * units.Boltzmann * temperature);
    }

    /// <summary>V / (k_B T²), by which ∫ ⟨J J⟩ dt is a thermal conductivity in the unit of energy over those of length, time and temperature.</summary>
    /// <param name="units">The units of all numbers.</param>
    /// <param name="volume">V, in the unit of length cubed.</param>
    /// <param name="temperature">T.</param>
    /// <exception cref="ScaleModelException">Volume or temperature is not above zero.</exception>
    public static double ConductivityFactor(UnitSystem units, double volume, double temperature)
    {
        RequirePositive(volume, temperature);
        ArgumentNullException.ThrowIfNull(units);
        return volume / (units.Boltzmann * temperature * temperature);
    }

    /// <summary>Shear viscosity η = V/(k_B T) ∫ ⟨P(0) P(t)⟩ dt, the mean over the five independent shears.</summary>
    /// <param name="units">The units of all numbers.</param>
    /// <param name="volume">V.</param>
    /// <param name="temperature">T.</param>
    /// <param name="stress">The stress of the whole box, in the unit of pressure, equally spaced in time.</param>
    /// <param name="interval">The time between them.</param>
    /// <param name="longest">The longest lag: several times the memory of the stress.</param>
    /// <param name="blocks">Into how many blocks the series is cut for error bars.</param>
    /// <exception cref="ScaleModelException">The series is too short for the lags and blocks, or a number is out of range.</exception>
    public static PlateauIntegral Viscosity(UnitSystem units, double volume, double temperature, ReadOnlySpan<SymTensor3> stress, double interval, double longest, int blocks = 10)
    {
        var components = new double[Shears][];
        for (var c = 0; c < Shears; c++)
        {
            components[c] = new double[stress.Length];
        }

        Span<double> shears = stackalloc double[Shears];
        for (var t = 0; t < stress.Length; t++)
        {
            ShearComponents(stress[t], shears);
            for (var c = 0; c < Shears; c++)
            {
                components[c][t] = shears[c];
            }
        }

        return ViscosityFactor(units, volume, temperature) * PlateauIntegral.Of(Correlate(components, interval, longest, blocks));
    }

    /// <summary>Thermal conductivity κ = V/(k_B T²) ∫ ⟨J(0) J(t)⟩ dt, the mean over x, y and z.</summary>
    /// <param name="units">The units of all numbers.</param>
    /// <param name="volume">V.</param>
    /// <param name="temperature">T.</param>
    /// <param name="flux">The heat flux <em>a volume</em>, in the unit of energy over those of length squared and time, equally spaced in time.</param>
    /// <param name="interval">The time between them.</param>
    /// <param name="longest">The longest lag: several times the memory of the flux.</param>
    /// <param name="blocks">Into how many blocks the series is cut for error bars.</param>
    /// <exception cref="ScaleModelException">The series is too short for the lags and blocks, or a number is out of range.</exception>
    public static PlateauIntegral Conductivity(UnitSystem units, double volume, double temperature, ReadOnlySpan<Vec3> flux, double interval, double longest, int blocks = 10)
    {
        double[][] components = [new double[flux.Length], new double[flux.Length], new double[flux.Length]];
        for (var t = 0; t < flux.Length; t++)
        {
            (components[0][t], components[1][t], components[2][t]) = (flux[t].X, flux[t].Y, flux[t].Z);
        }

        return ConductivityFactor(units, volume, temperature) * PlateauIntegral.Of(Correlate(components, interval, longest, blocks));
    }

    /// <summary>The correlation ⟨x(0) x(t)⟩ of series, the mean over them, in blocks. No mean is taken off: that of a stress or flux at equilibrium is known to be zero.</summary>
    /// <param name="components">Series of the same length, equally spaced in time.</param>
    /// <param name="interval">The time between values.</param>
    /// <param name="longest">The longest lag.</param>
    /// <param name="blocks">Into how many blocks the series are cut.</param>
    /// <exception cref="ScaleModelException">The series are too short for the lags and blocks, or a number is not finite.</exception>
    public static CorrelationBlocks Correlate(IReadOnlyList<double[]> components, double interval, double longest, int blocks)
    {
        ArgumentNullException.ThrowIfNull(components);
        var length = components.Count == 0 ? 0 : components.Min(c => c.Length);
        var lags = (int)Math.Clamp(Math.Round(longest / interval), 0, int.MaxValue / 4) + 1;
        var block = blocks < 1 ? 0 : length / blocks;
        if (!(interval > 0) || lags < 2 || blocks < 2 || block < 2 * (lags - 1))
        {
            throw new ScaleModelException(FormattableString.Invariant($"Series of {length} values, one every {interval}, are to be correlated up to a lag of {longest} in {blocks} blocks. There must be two blocks or more, the longest lag at least one interval, and a block at least twice that lag. Measure for longer, or take fewer blocks or a shorter lag."));
        }

        var curves = ImmutableArray.CreateBuilder<double[]>(blocks);
        for (var b = 0; b < blocks; b++)
        {
            var curve = new double[lags];
            foreach (var component in components)
            {
                var x = component.AsSpan(b * block, block);
                for (var lag = 0; lag < lags; lag++)
                {
                    curve[lag] += FixedOrderSum.Dot(x[..^lag], x[lag..]) / (block - lag) / components.Count;
                }
            }

            curves.Add(Array.TrueForAll(curve, double.IsFinite)
                ? curve
                : throw new ScaleModelException(FormattableString.Invariant($"A series to be correlated has a value that is not finite, between the values {b * block} and {((b + 1) * block) - 1}. The simulation has probably become unstable.")));
        }

        return new([.. Enumerable.Range(0, lags).Select(l => l * interval)], curves.ToImmutable());
    }

    private static void RequirePositive(double volume, double temperature)
    {
        if (!(volume > 0 && temperature > 0 && double.IsFinite(volume + temperature)))
        {
            throw new ScaleModelException(FormattableString.Invariant($"A transport coefficient is asked for at the volume {volume} and the temperature {temperature}; both must be above zero."));
        }
    }
}
