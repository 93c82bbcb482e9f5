using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Tests.Actors.Simulation;

/// <summary>Somebody to whom things happen: a process that may be frozen, and be gone.</summary>
internal abstract class Somebody
{
    public bool IsAlive { get; private set; } = true;

    /// <summary>Until when nothing happens to it, µs.</summary>
    public long FrozenUntil { get; set; }

    /// <summary>What has come while it was frozen, in order.</summary>
    public Queue<Action> Waiting { get; } = new();

    public void Kill() => IsAlive = false;
}

/// <summary>What is to happen, in order of virtual time: one after the other on one thread.</summary>
internal sealed class VirtualTime : TimeProvider
{
    private readonly PriorityQueue<(Somebody? To, Action What), (long At, long Number)> _coming = new();
    private long _number;

    /// <summary>The time, µs.</summary>
    public long Now { get; private set; }

    /// <summary>How much has happened.</summary>
    public long Steps { get; private set; }

    /// <summary>A hash over all that happened so far and when: two runs of one seed have the same.</summary>
    public ulong Trace { get; private set; } = Fingerprint.Empty;

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch.AddTicks(Now * TimeSpan.TicksPerMicrosecond);

    public override long TimestampFrequency => 1_000_000;

    public override long GetTimestamp() => Now;

    /// <summary>Something happens after a while, unless <paramref name="to"/> is gone then.</summary>
    public void After(long delay, Somebody? to, Action what) => At(Now + delay, to, what);

    /// <summary>Something happens at a time, unless <paramref name="to"/> is gone then. What is to happen at one time happens in the order in which it was asked for.</summary>
    public void At(long time, Somebody? to, Action what) => _coming.Enqueue((to, what), (time, _number++));

    /// <summary>Lets the next thing happen; says false if there is none.</summary>
    public bool Step()
    {
        if (!_coming.TryDequeue(out var next, out var when))
        {
            return false;
        }

        Now = when.At;
        if (next.To is not { } to)
        {
            Happen(next.What, when);
        }
        else if (to.IsAlive && (to.FrozenUntil > Now || to.Waiting.Count > 0))
        {
            // Behind what waits already, or two freezes that overlap would change the order of what came.
            to.Waiting.Enqueue(next.What);
            if (to.Waiting.Count == 1)
            {
                At(to.FrozenUntil, null, () => Thaw(to));
            }
        }
        else if (to.IsAlive)
        {
            Happen(next.What, when);
        }

        return true;
    }

    private void Thaw(Somebody to)
    {
        if (to.FrozenUntil > Now)
        {
            At(to.FrozenUntil, null, () => Thaw(to));
            return;
        }

        while (to.IsAlive && to.FrozenUntil <= Now && to.Waiting.TryPeek(out var what))
        {
            Happen(what, (Now, _number++));
            to.Waiting.Dequeue();
        }

        if (to.IsAlive && to.Waiting.Count > 0)
        {
            At(to.FrozenUntil, null, () => Thaw(to));
        }
    }

    private void Happen(Action what, (long At, long Number) when)
    {
        Steps++;
        Trace = Fingerprint.Fold(Trace, (ulong)when.At ^ ((ulong)when.Number << 32));
        what();
    }
}

/// <summary>A line along which things arrive in the order of sending, after a while.</summary>
internal sealed class Line(VirtualTime time, Random random, long delay)
{
    private long _last;

    public void Send(Somebody to, Action arrival)
    {
        _last = Math.Max(_last, time.Now + random.NextInt64(delay + 1));
        time.At(_last, to, arrival);
    }
}
