using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Coupling.Acceleration;

/// <summary>Finds the next iterate of the fixed-point problem x = H(x) of a group. x holds all samples of all backward conduits, one after the other.</summary>
public interface IAcceleration
{
    /// <summary>Writes the next iterate.</summary>
    /// <param name="x">The iterate that was used.</param>
    /// <param name="hx">What came out.</param>
    /// <param name="next">The iterate to use next; overwritten.</param>
    /// <param name="iteration">Index of the iteration inside the window.</param>
    void Next(ReadOnlySpan<double> x, ReadOnlySpan<double> hx, Span<double> next, int iteration);

    /// <summary>The window was accepted.</summary>
    void WindowConverged();

    /// <summary>Names what is remembered between iterations and windows.</summary>
    void Archive(StateArchive archive);
}

/// <summary>Constant relaxation: x ← ω H(x) + (1 − ω) x.</summary>
/// <param name="factor">ω, above 0 and below 2.</param>
public sealed class ConstantRelaxation(double factor) : IAcceleration
{
    /// <inheritdoc/>
    public void Next(ReadOnlySpan<double> x, ReadOnlySpan<double> hx, Span<double> next, int iteration)
    {
        if (factor == 1)
        {
            // Exactly H(x): a factor of one is no arithmetic at all.
            hx.CopyTo(next);
            return;
        }

        for (var i = 0; i < next.Length; i++)
        {
            next[i] = (factor * hx[i]) + ((1 - factor) * x[i]);
        }
    }

    /// <inheritdoc/>
    public void WindowConverged() { }

    /// <inheritdoc/>
    public void Archive(StateArchive archive) { }
}
