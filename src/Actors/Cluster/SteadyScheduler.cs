using Akka.Actor;
using Akka.Configuration;
using Akka.Dispatch;
using Akka.Event;

namespace ActorMultiscale.Actors.Cluster;

/// <summary>
/// The timers of a node, on a thread of their own. Akka's run on the pool of the runtime: where that is saturated no heartbeat goes out, and the node is taken
/// for dead. Work that is due runs in the order of its time; what repeats is due again one interval after it ran, so that nothing piles up while the process stands still.
/// </summary>
public sealed class SteadyScheduler : SchedulerBase, IDateTimeOffsetNowTimeProvider, IDisposable
{
    private readonly Lock _gate = new();
    private readonly AutoResetEvent _changed = new(false);
    private readonly PriorityQueue<Entry, (long Due, long Number)> _entries = new();
    private readonly TimeProvider _clock = TimeProvider.System;
    private readonly long _began;
    private long _number;
    private bool _isDisposed;

    /// <summary>As Akka makes it.</summary>
    /// <param name="scheduler">The settings of the actor system; nothing of them is needed.</param>
    /// <param name="log">Where faults of the work go.</param>
    public SteadyScheduler(Config scheduler, ILoggingAdapter log) : base(scheduler, log)
    {
        _began = _clock.GetTimestamp();
        new Thread(Work) { IsBackground = true, Name = "timers", Priority = ThreadPriority.AboveNormal }.Start();
    }

    /// <inheritdoc/>
    public override TimeSpan MonotonicClock => _clock.GetElapsedTime(_began);

    /// <inheritdoc/>
    public override TimeSpan HighResMonotonicClock => MonotonicClock;

    /// <inheritdoc/>
    protected override DateTimeOffset TimeNow => _clock.GetUtcNow();

    /// <summary>Ends the thread. What is not due yet is dropped.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
            _entries.Clear();
        }

        _changed.Set();
    }

    /// <inheritdoc/>
    protected override void InternalScheduleTellOnce(TimeSpan delay, ICanTell receiver, object message, IActorRef sender, ICancelable cancelable) =>
        Add(delay, TimeSpan.Zero, () => receiver.Tell(message, sender), cancelable);

    /// <inheritdoc/>
    protected override void InternalScheduleTellRepeatedly(TimeSpan initialDelay, TimeSpan interval, ICanTell receiver, object message, IActorRef sender, ICancelable cancelable) =>
        Add(initialDelay, interval, () => receiver.Tell(message, sender), cancelable);

    /// <inheritdoc/>
    protected override void InternalScheduleOnce(TimeSpan delay, Action action, ICancelable cancelable) => Add(delay, TimeSpan.Zero, action, cancelable);

    /// <inheritdoc/>
    protected override void InternalScheduleOnce(TimeSpan delay, IRunnable action, ICancelable cancelable) => Add(delay, TimeSpan.Zero, action.Run, cancelable);

    /// <inheritdoc/>
    protected override void InternalScheduleRepeatedly(TimeSpan initialDelay, TimeSpan interval, Action action, ICancelable cancelable) => Add(initialDelay, interval, action, cancelable);

    /// <inheritdoc/>
    protected override void InternalScheduleRepeatedly(TimeSpan initialDelay, TimeSpan interval, IRunnable action, ICancelable cancelable) => Add(initialDelay, interval, action.Run, cancelable);

    private void Add(TimeSpan delay, TimeSpan interval, Action action, ICancelable? cancelable)
    {
        lock (_gate)
        {
            if (_isDisposed)
            {
                throw new SchedulerException("The timers have ended; nothing can be scheduled any more.");
            }

            Enqueue(new Entry(interval, action, cancelable), MonotonicClock + delay);
        }

        _changed.Set();
    }

    private void Enqueue(Entry entry, TimeSpan due) => _entries.Enqueue(entry, (due.Ticks, _number++));

    private void Work()
    {
        while (true)
        {
            Entry? due = null;
            TimeSpan? wait = null;
            lock (_gate)
            {
                if (_isDisposed)
                {
                    break;
                }

                if (_entries.TryPeek(out var next, out var when))
                {
                    wait = TimeSpan.FromTicks(when.Due) - MonotonicClock;
                    if (wait <= TimeSpan.Zero)
                    {
                        due = next;
                        _entries.Dequeue();
                    }
                }
            }

            if (due is not null)
            {
                Run(due);
            }
            else if (wait is { } time)
            {
                // Whole milliseconds, and no more than a wait can hold.
                _changed.WaitOne((int)Math.Min(int.MaxValue, Math.Ceiling(time.TotalMilliseconds)));
            }
            else
            {
                _changed.WaitOne();
            }
        }
    }

    private void Run(Entry entry)
    {
        if (entry.Cancelable is { IsCancellationRequested: true })
        {
            return;
        }

        try
        {
            entry.Action();
        }
        catch (Exception fault)
        {
            Log.Error(fault, "Scheduled work failed: {0}", fault.Message);
        }

        if (entry.Interval > TimeSpan.Zero)
        {
            lock (_gate)
            {
                if (!_isDisposed)
                {
                    Enqueue(entry, MonotonicClock + entry.Interval);
                }
            }
        }
    }

    private sealed record Entry(TimeSpan Interval, Action Action, ICancelable? Cancelable);
}
