using ActorMultiscale.Actors.Protocol;
using ActorMultiscale.Physics.Coupling;

namespace ActorMultiscale.Actors;

/// <summary>The jobs of a participant, wherever they are done.</summary>
internal static class ParticipantWork
{
    /// <summary>Whether the time that a job takes is kept.</summary>
    public static bool IsTimed(ParticipantJob job) => job is ParticipantJob.Save or ParticipantJob.Advance { PrepareOnly: false };

    /// <summary>Does a job where <paramref name="permit"/> allows it.</summary>
    /// <returns>As <see cref="Do(ParticipantSession, ParticipantJob, CancellationToken)"/>; null also where it was not to be done, or its answer is not to be let out.</returns>
    public static object? Do(ParticipantSession session, ParticipantJob job, WorkPermit? permit, CancellationToken cancellation)
    {
        if (permit is null)
        {
            return Do(session, job, cancellation);
        }

        if (!permit.TryBegin())
        {
            return null;
        }

        var answer = Do(session, job, cancellation);
        return permit.TryEnd() ? answer : null;
    }

    /// <summary>Does a job. Never throws: what a model does wrong is an answer.</summary>
    /// <returns>What the coordinator is to be told; null for an advance that was prepared only.</returns>
    public static object? Do(ParticipantSession session, ParticipantJob job, CancellationToken cancellation)
    {
        var index = session.Node.Index;
        try
        {
            switch (job)
            {
                case ParticipantJob.Initialize:
                    return new ParticipantAnswer.Ready(index, session.Initialize());
                case ParticipantJob.Restore restore:
                    session.Restore(restore.State);
                    return new ParticipantAnswer.Ready(index, []);
                case ParticipantJob.Save save:
                    return new ParticipantAnswer.Saved(index, save.Window, session.Save());
                case ParticipantJob.Advance advance:
                    session.Prepare(advance.Order);
                    return advance.PrepareOnly ? null : session.Advance(advance.Order, advance.Inputs, cancellation);
                default:
                    throw new InvalidOperationException($"A participant knows no job {job.GetType().Name}.");
            }
        }
        catch (Exception fault)
        {
            return job switch
            {
                ParticipantJob.Advance advance => ParticipantSession.Failure(advance.Order, fault),
                ParticipantJob.Save => new ParticipantAnswer.CannotSave(index, fault.Message),
                _ => new ParticipantAnswer.CannotStart(index, fault.Message),
            };
        }
    }
}
