using Akka.Actor;

namespace ActorMultiscale.Actors.Observers;

/// <summary>Asks the coordinator now and then how far it has come. Asking, rather than being told of every window, costs the run nothing.</summary>
internal sealed class ProgressActor : ReceiveActor, IWithTimers
{
    public ProgressActor(IActorRef coordinator, TimeSpan every, Action<RunProgress> onProgress)
    {
        // Armed anew after every answer: a busy coordinator is never sent a pile of questions.
        void Arm() => Timers.StartSingleTimer("ask", new Ask(), every);
        Receive<Ask>(_ => coordinator.Tell(new ProgressRequest()));
        Receive<RunProgress>(progress =>
        {
            onProgress(progress);
            Arm();
        });
        coordinator.Tell(new ProgressRequest());
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    private sealed record Ask;
}
