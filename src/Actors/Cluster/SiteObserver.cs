using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using ActorMultiscale.Actors.Observation;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Actors.Cluster;

/// <summary>How long a site mapped and accelerated since it last told, and what it has spent.</summary>
/// <param name="Site">The site.</param>
/// <param name="Mapped">By conduit, ns.</param>
/// <param name="Accelerated">By group, ns.</param>
/// <param name="Spent">What it has spent since it was opened; null where that is not summed up.</param>
internal sealed record SiteWorked(int Site, ImmutableArray<(int Conduit, long Nanoseconds)> Mapped, ImmutableArray<(int Group, long Nanoseconds)> Accelerated, WorkSum? Spent);

/// <summary>Sums up how long the fields of a site take, and tells it a few times a second. What else is observed the coordinator sees itself.</summary>
internal sealed class SiteObserver(CoupledSystem system, int site, TimeProvider clock, WorkAccount account) : ICouplingObserver
{
    private static readonly TimeSpan _every = TimeSpan.FromMilliseconds(250);

    private readonly long[] _mapped = new long[system.Conduits.Length];
    private readonly long[] _accelerated = new long[system.Groups.Length];
    private readonly double _nanoseconds = 1e9 / clock.TimestampFrequency;       // A tick of the clock.
    private readonly long _began = clock.GetTimestamp();
    private long _told = clock.GetTimestamp();

    /// <inheritdoc/>
    public long Now() => (long)((clock.GetTimestamp() - _began) * _nanoseconds);

    /// <inheritdoc/>
    public void Mapped(int conduit, long began) => _mapped[conduit] += Now() - began;

    /// <inheritdoc/>
    public void Accelerated(int group, long began) => _accelerated[group] += Now() - began;

    /// <inheritdoc/>
    public void Iterated(WindowAddress address, TimeWindow window, bool converged, ImmutableArray<Residual> residuals) { }

    /// <inheritdoc/>
    public void Accepted(TimeWindow window, ReadOnlySpan<double> watched) { }

    /// <summary>What is to be told now, if anything. <paramref name="isDue"/>: whatever there is.</summary>
    public bool TryTake(bool isDue, [NotNullWhen(true)] out SiteWorked? worked)
    {
        worked = null;
        if (!isDue && clock.GetElapsedTime(_told) < _every)
        {
            return false;
        }

        _told = clock.GetTimestamp();
        var (mapped, accelerated) = (Take(_mapped), Take(_accelerated));
        var spent = account.Sum();
        worked = mapped.IsEmpty && accelerated.IsEmpty && spent is null ? null : new SiteWorked(site, mapped, accelerated, spent);
        return worked is not null;
    }

    private static ImmutableArray<(int, long)> Take(long[] sums)
    {
        ImmutableArray<(int, long)> taken = [.. sums.Index().Where(sum => sum.Item > 0).Select(sum => (sum.Index, sum.Item))];
        Array.Clear(sums);
        return taken;
    }
}
