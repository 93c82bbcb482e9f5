using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Actors.Protocol;

/// <summary>Something a participant is to do. Jobs are done one after the other, in the order in which they came.</summary>
public abstract record ParticipantJob
{
    private ParticipantJob() { }

    /// <summary>Set the state at the start of the run.</summary>
    public sealed record Initialize : ParticipantJob;

    /// <summary>Set the state of a snapshot.</summary>
    public sealed record Restore(ParticipantState State) : ParticipantJob;

    /// <summary>Advance. <paramref name="PrepareOnly"/>: the result is not wanted any more, but what later orders rely on is done.</summary>
    public sealed record Advance(CouplingCommand.Advance Order, PortReader Inputs, bool PrepareOnly = false) : ParticipantJob;

    /// <summary>Keep the state at this root boundary.</summary>
    public sealed record Save(long Window) : ParticipantJob;
}

/// <summary>What a participant's shell is to do.</summary>
public abstract record ParticipantEffect
{
    private ParticipantEffect() { }

    /// <summary>Begin a job; its end is told with the same <paramref name="Generation"/>.</summary>
    public sealed record Start(ParticipantJob Job, long Generation) : ParticipantEffect;

    /// <summary>Signal the running job that its result is not wanted.</summary>
    public sealed record Cancel : ParticipantEffect;

    /// <summary>Wake the protocol after the time limit, or after the grace that a cancelled job is given.</summary>
    public sealed record Wake(long Generation, bool AfterGrace) : ParticipantEffect;

    /// <summary>Answer the coordinator.</summary>
    public sealed record Reply(object Answer) : ParticipantEffect;
}

/// <summary>
/// The protocol of one participant, pure: jobs wait in line while one is running; a job that outlasts its limit is cancelled,
/// and one that does not heed the cancellation is given up.
/// </summary>
/// <param name="isLimited">Whether advances have a time limit.</param>
public sealed class ParticipantProtocol(bool isLimited)
{
    private readonly Queue<ParticipantJob> _line = new();
    private ParticipantJob? _running;
    private bool _cancelled;
    private bool _lost;
    private long _generation;

    /// <summary>A job arrives.</summary>
    public IReadOnlyList<ParticipantEffect> Take(ParticipantJob job)
    {
        if (_lost)
        {
            return Refused([job]);
        }

        _line.Enqueue(job);
        return _running is null ? Next() : [];
    }

    /// <summary>The running job ended with <paramref name="answer"/>.</summary>
    public IReadOnlyList<ParticipantEffect> Done(long generation, object? answer)
    {
        if (generation != _generation || _running is null || _lost)
        {
            return [];
        }

        var effects = new List<ParticipantEffect>();
        if (_cancelled)
        {
            // Whatever it says after its time is not wanted: a clock must not decide which of two results counts.
            effects.Add(new ParticipantEffect.Reply(Failed(_running, FailureKind.Timeout, "it did not answer within its time limit")));
        }
        else if (answer is not null)
        {
            effects.Add(new ParticipantEffect.Reply(answer));
        }

        _running = null;
        _cancelled = false;
        effects.AddRange(Next());
        return effects;
    }

    /// <summary>A time that was asked for is over.</summary>
    public IReadOnlyList<ParticipantEffect> Woken(long generation, bool afterGrace)
    {
        if (generation != _generation || _running is null || _lost)
        {
            return [];
        }

        if (!afterGrace)
        {
            _cancelled = true;
            return [new ParticipantEffect.Cancel(), new ParticipantEffect.Wake(_generation, AfterGrace: true)];
        }

        _lost = true;
        return Refused([_running, .. _line]);
    }

    // The one that is running may not be wanted any more, and nobody hear of it: whatever is ordered is told the same.
    private static List<ParticipantEffect> Refused(IEnumerable<ParticipantJob> jobs) =>
        [.. jobs.OfType<ParticipantJob.Advance>().Select(job => new ParticipantEffect.Reply(
            Failed(job, FailureKind.Unresponsive, "it did not answer within its time limit, and does not heed cancellation")))];

    private static CouplingEvent.Failed Failed(ParticipantJob job, FailureKind kind, string reason)
    {
        var order = ((ParticipantJob.Advance)job).Order;
        return new CouplingEvent.Failed(order.Participant, order.Address, kind, reason);
    }

    private List<ParticipantEffect> Next()
    {
        if (!_line.TryDequeue(out var job))
        {
            return [];
        }

        // An order that a later one has overtaken is not computed; its way back and its checkpoints still count.
        if (job is ParticipantJob.Advance advance && _line.Any(later => later is ParticipantJob.Advance))
        {
            job = advance with { PrepareOnly = true };
        }

        _running = job;
        _generation++;
        var effects = new List<ParticipantEffect> { new ParticipantEffect.Start(job, _generation) };
        if (isLimited && job is ParticipantJob.Advance { PrepareOnly: false })
        {
            effects.Add(new ParticipantEffect.Wake(_generation, AfterGrace: false));
        }

        return effects;
    }
}
