using System.Runtime.InteropServices;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Particles.Measures;

/// <summary>
/// Mean square displacement ⟨|x(t + τ) − x(t)|²⟩ of atoms over many origins of time, while they move, and the diffusion coefficient of Einstein's relation.
/// </summary>
/// <remarks>
/// Einstein, Ann. Phys. 322 (1905) 549: ⟨Δx²⟩ → 6 D τ in three dimensions. In a periodic box of side L D is too small by 2.837 k_B T / (6π η L):
/// Yeh, Hummer, J. Phys. Chem. B 108 (2004) 15873.
/// </remarks>
/// <param name="atoms">How many atoms are followed.</param>
/// <param name="interval">The time between samples.</param>
/// <param name="longest">The longest lag.</param>
/// <param name="block">How long a block of the trajectory is; see <see cref="BlockedCorrelator"/>.</param>
public sealed class MeanSquareDisplacement(int atoms, double interval, double longest, double block)
{
    private readonly BlockedCorrelator _correlator = new(3 * atoms, CorrelationKind.SquaredDifference, interval, longest, block);

    /// <summary>Takes the next sample.</summary>
    /// <param name="positions">Where the atoms are: not wrapped, always in the same order, and relative to the center of mass if that moves.</param>
    public void Add(ReadOnlySpan<Vec3> positions) => _correlator.Add(MemoryMarshal.Cast<Vec3, double>(positions));

    /// <summary>The curves of the blocks, per component: a third of the mean square displacement.</summary>
    /// <exception cref="ScaleModelException">Fewer than two blocks are complete.</exception>
    public CorrelationBlocks Result() => _correlator.Result();

    /// <summary>Lags, and the mean square displacement at each, in the unit of length squared.</summary>
    /// <exception cref="ScaleModelException">Fewer than two blocks are complete.</exception>
    public (double[] Times, Estimate[] Values) Curve()
    {
        var blocks = Result();
        return (blocks.Times, Array.ConvertAll(blocks.Mean(), c => 3 * c));
    }

    /// <summary>D, in the unit of length squared over that of time: a sixth of the slope between two lags.</summary>
    /// <param name="from">The first lag: beyond the ballistic part, some velocity correlation times.</param>
    /// <param name="to">The last lag.</param>
    /// <exception cref="ScaleModelException">Fewer than two blocks are complete, or fewer than two lags are in the range.</exception>
    public Estimate Diffusion(double from, double to) => Result().HalfSlope(from, to);

    /// <summary>Saves or restores what has come.</summary>
    public void Archive(StateArchive archive) => _correlator.Archive(archive);
}
