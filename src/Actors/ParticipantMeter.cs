using ActorMultiscale.Actors.Observation;
using ActorMultiscale.Actors.Protocol;
using ActorMultiscale.Physics.Coupling;

namespace ActorMultiscale.Actors;

/// <summary>Does the jobs of participants and takes the time that they need, where somebody wants it. From any thread.</summary>
/// <param name="clock">The clock.</param>
/// <param name="trace">The root window that is computed.</param>
/// <param name="account">Where it is summed up what processors work for.</param>
/// <param name="tells">Whether answers carry the time, because whoever hears them decides by it where participants are computed.</param>
internal sealed class ParticipantMeter(TimeProvider clock, WindowTrace trace, WorkAccount account, bool tells)
{
    private readonly double _nanoseconds = 1e9 / clock.TimestampFrequency;       // A tick of the clock.

    /// <summary>See <see cref="ParticipantWork.Do(ParticipantSession, ParticipantJob, WorkPermit, CancellationToken)"/>.</summary>
    public object? Do(ParticipantSession session, ParticipantJob job, WorkPermit? permit, CancellationToken cancellation)
    {
        using var shift = account.As(job is ParticipantJob.Save or ParticipantJob.Restore ? WorkPurpose.Journal : WorkPurpose.Computing);
        if (!ParticipantWork.IsTimed(job) || !(tells || RunTelemetry.WantsTimes || Telemetry.AdvanceSeconds.Enabled || Telemetry.Source.HasListeners()))
        {
            return ParticipantWork.Do(session, job, permit, cancellation);
        }

        using var activity = job is ParticipantJob.Advance ? Telemetry.Begin("advance", trace.Parent)?.SetTag("participant", session.Node.Name) : null;
        var began = clock.GetTimestamp();
        var answer = ParticipantWork.Do(session, job, permit, cancellation);
        var took = (long)((clock.GetTimestamp() - began) * _nanoseconds);
        if (answer is CouplingEvent.Failed failed)
        {
            activity?.SetStatus(System.Diagnostics.ActivityStatusCode.Error, failed.Reason);
        }

        if (job is ParticipantJob.Advance)
        {
            Telemetry.AdvanceSeconds.Record(took * 1e-9, new KeyValuePair<string, object?>("participant", session.Node.Name));
        }

        return answer switch
        {
            CouplingEvent.Advanced advanced when tells || RunTelemetry.WantsTimes => advanced with { Nanoseconds = took },
            ParticipantAnswer.Saved saved when tells => saved with { Nanoseconds = took },
            _ => answer,
        };
    }
}
