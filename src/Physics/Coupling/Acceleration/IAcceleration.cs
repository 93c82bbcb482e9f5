using System.Collections.Immutable;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Coupling.Acceleration;

/// <summary>The unknowns of one backward conduit: <paramref name="Samples"/> rows of <paramref name="Length"/> numbers, in order of time; the last row is the window's end.</summary>
/// <param name="Samples">How many points in time.</param>
/// <param name="Length">Numbers at each.</param>
/// <param name="IsAccelerated">Whether the block decides the step; secondary blocks are carried along with it.</param>
public readonly record struct IterateBlock(int Samples, int Length, bool IsAccelerated)
{
    /// <summary>Where the rows stand in time: shares of the window, rising to 1; left out where they are equally spaced.</summary>
    public ImmutableArray<double> Times { get; init; } = [];

    /// <summary>How rows stand in time.</summary>
    public TimeMeaning Meaning { get; init; } = TimeMeaning.Instant;

    /// <summary>The degree of interpolation between instants.</summary>
    public int Degree { get; init; } = 1;

    /// <summary>Where a row stands, as a share of the window.</summary>
    public double Time(int sample) => Times.IsDefaultOrEmpty ? (sample + 1.0) / Samples : Times[sample];
}

/// <summary>Finds the next iterate of the fixed-point problem x = H(x) of a group. x holds all blocks, one after the other.</summary>
public interface IAcceleration
{
    /// <summary>Writes the next iterate.</summary>
    /// <param name="blocks">The shape of x.</param>
    /// <param name="x">The iterate that was used.</param>
    /// <param name="hx">What came out.</param>
    /// <param name="next">The iterate to use next; overwritten.</param>
    /// <param name="iteration">Index of the iteration inside the window.</param>
    void Next(ImmutableArray<IterateBlock> blocks, ReadOnlySpan<double> x, ReadOnlySpan<double> hx, Span<double> next, int iteration);

    /// <summary>The window was accepted after this iteration, which is learned from too.</summary>
    void Accept(ImmutableArray<IterateBlock> blocks, ReadOnlySpan<double> x, ReadOnlySpan<double> hx, int iteration);

    /// <summary>A mesh changed: what was learned is void.</summary>
    void Forget();

    /// <summary>Names what is remembered between iterations and windows.</summary>
    void Archive(StateArchive archive);
}

/// <summary>Constant relaxation: x ← ω H(x) + (1 − ω) x.</summary>
/// <param name="factor">ω, above 0 and below 2.</param>
public sealed class ConstantRelaxation(double factor) : IAcceleration
{
    /// <inheritdoc/>
    public void Next(ImmutableArray<IterateBlock> blocks, ReadOnlySpan<double> x, ReadOnlySpan<double> hx, Span<double> next, int iteration)
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
    public void Accept(ImmutableArray<IterateBlock> blocks, ReadOnlySpan<double> x, ReadOnlySpan<double> hx, int iteration) { }

    /// <inheritdoc/>
    public void Forget() { }

    /// <inheritdoc/>
    public void Archive(StateArchive archive) { }
}
