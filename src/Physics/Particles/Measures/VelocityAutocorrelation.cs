using System.Runtime.InteropServices;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Particles.Measures;

/// <summary>Velocity autocorrelation ⟨v(t) · v(t + τ)⟩ of atoms over many origins of time, while they move, and the diffusion coefficient D = ⅓ ∫ ⟨v(0) · v(τ)⟩ dτ.</summary>
/// <remarks>Green, J. Chem. Phys. 22 (1954) 398; Kubo, J. Phys. Soc. Jpn. 12 (1957) 570.</remarks>
/// <param name="atoms">How many atoms are followed.</param>
/// <param name="interval">The time between samples.</param>
/// <param name="longest">The longest lag: several times the memory of velocities, so that the integral has a plateau.</param>
/// <param name="block">How long a block of the trajectory is; see <see cref="BlockedCorrelator"/>.</param>
public sealed class VelocityAutocorrelation(int atoms, double interval, double longest, double block)
{
    private readonly BlockedCorrelator _correlator = new(3 * atoms, CorrelationKind.Product, interval, longest, block);

    /// <summary>Takes the next sample.</summary>
    /// <param name="velocities">How fast the atoms are, always in the same order, and relative to the center of mass if that moves.</param>
    public void Add(ReadOnlySpan<Vec3> velocities) => _correlator.Add(MemoryMarshal.Cast<Vec3, double>(velocities));

    /// <summary>The curves of the blocks, per component: a third of the autocorrelation.</summary>
    /// <exception cref="ScaleModelException">Fewer than two blocks are complete.</exception>
    public CorrelationBlocks Result() => _correlator.Result();

    /// <summary>Lags, and the autocorrelation at each, in the unit of velocity squared.</summary>
    /// <exception cref="ScaleModelException">Fewer than two blocks are complete.</exception>
    public (double[] Times, Estimate[] Values) Curve()
    {
        var blocks = Result();
        return (blocks.Times, Array.ConvertAll(blocks.Mean(), c => 3 * c));
    }

    /// <summary>D, in the unit of length squared over that of time, read at the plateau of the integral.</summary>
    /// <exception cref="ScaleModelException">Fewer than two blocks are complete.</exception>
    public PlateauIntegral Diffusion() => PlateauIntegral.Of(Result());

    /// <summary>Saves or restores what has come.</summary>
    public void Archive(StateArchive archive) => _correlator.Archive(archive);
}
