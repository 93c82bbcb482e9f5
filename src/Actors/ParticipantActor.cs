using ActorMultiscale.Actors.Observation;
using ActorMultiscale.Actors.Protocol;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Numerics;
using Akka.Actor;
using Akka.Dispatch;

namespace ActorMultiscale.Actors;

/// <summary>
/// One participant. While a job is running, its session belongs to the solver thread and the actor does not touch it: that
/// rule is the whole concurrency story of a run. The mailbox stays free, so that limits and stops are heard at once.
/// (A model that declares itself light, and has no time limit, has no actor: the coordinator advances it.)
/// </summary>
internal sealed class ParticipantActor : ReceiveActor, IWithTimers, IDisposable
{
    private readonly ParticipantProtocol _protocol;
    private readonly ParticipantSession _session;
    private readonly ParticipantNode _node;
    private readonly IActorRef _coordinator;
    private readonly MessageDispatcher _solvers;
    private readonly TimeSpan _grace;
    private readonly WorkPermit? _permit;
    private readonly RunObserver? _observer;        // For its clock.
    private readonly ParticipantMeter _meter;
    private CancellationTokenSource _cancellation = new();

    /// <summary>A participant that answers <paramref name="coordinator"/>.</summary>
    public ParticipantActor(ParticipantNode node, ulong seed, RunSettings settings, IActorRef coordinator, RunObserver? observer, ParticipantMeter meter)
    {
        (_observer, _meter) = (observer, meter);
        _node = node;
        _coordinator = coordinator;
        (_grace, _permit) = (settings.Grace, settings.Permit);
        _solvers = Context.System.Dispatchers.Lookup(ActorSettings.SolverDispatcher);
        _session = new ParticipantSession(node, seed, new ChunkedLoop(settings.Threads, new DispatcherScheduler(_solvers, settings.Account)));
        _protocol = new ParticipantProtocol(node.Spec.TimeLimit is not null);
        var (self, told) = (Self, 0L);
        _session.OnProgress = done =>
        {
            // On the solver thread, and now and then only: nobody looks more often.
            if (Environment.TickCount64 - told >= 200)
            {
                told = Environment.TickCount64;
                coordinator.Tell(new ParticipantAnswer.Underway(node.Index, done), self);
            }
        };

        Receive<ParticipantJob>(job => CarryOut(_protocol.Take(job)));
        Receive<JobDone>(done => CarryOut(_protocol.Done(done.Generation, done.Answer)));
        Receive<TimeIsUp>(up => CarryOut(_protocol.Woken(up.Generation, up.AfterGrace)));
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <inheritdoc/>
    protected override void PostStop()
    {
        _cancellation.Cancel();
        _session.Dispose();
        base.PostStop();
    }

    /// <inheritdoc/>
    public void Dispose() => _cancellation.Dispose();

    private void CarryOut(IReadOnlyList<ParticipantEffect> effects)
    {
        foreach (var effect in effects)
        {
            switch (effect)
            {
                case ParticipantEffect.Start start:
                    Start(start);
                    break;
                case ParticipantEffect.Cancel:
                    _cancellation.Cancel();
                    break;
                case ParticipantEffect.Wake wake:
                    Timers.StartSingleTimer("limit", new TimeIsUp(wake.Generation, wake.AfterGrace), wake.AfterGrace ? _grace : _node.Spec.TimeLimit!.Value);
                    break;
                case ParticipantEffect.Reply reply:
                    _coordinator.Tell(reply.Answer);
                    break;
                default:
                    throw new InvalidOperationException($"A participant knows no effect {effect.GetType().Name}.");
            }
        }
    }

    private void Start(ParticipantEffect.Start start)
    {
        if (_cancellation.IsCancellationRequested)
        {
            _cancellation.Dispose();
            _cancellation = new CancellationTokenSource();
        }

        var (self, token) = (Self, _cancellation.Token);
        _solvers.Schedule(() =>
        {
            var began = _observer?.Now() ?? 0;
            var answer = _meter.Do(_session, start.Job, _permit, token);
            if (_observer is not null && ParticipantWork.IsTimed(start.Job))
            {
                _coordinator.Tell(new ParticipantAnswer.Worked(_node.Index, start.Job is ParticipantJob.Advance, began, _observer.Now()), self);
            }

            self.Tell(new JobDone(start.Generation, answer));
        });
    }

    private sealed record JobDone(long Generation, object? Answer);

    private sealed record TimeIsUp(long Generation, bool AfterGrace);
}

/// <summary>Runs the tasks of a <see cref="ChunkedLoop"/> on the solver threads, never on those that carry heartbeats.</summary>
internal sealed class DispatcherScheduler(MessageDispatcher dispatcher, WorkAccount account) : TaskScheduler
{
    protected override void QueueTask(Task task) => dispatcher.Schedule(() =>
    {
        using var shift = account.As(WorkPurpose.Computing);
        TryExecuteTask(task);
    });

    // Also of one that was queued: whoever waits for it may have the last of these threads, and nobody else would ever come to it.
    protected override bool TryExecuteTaskInline(Task task, bool taskWasPreviouslyQueued) => TryExecuteTask(task);

    protected override IEnumerable<Task> GetScheduledTasks() => [];
}
