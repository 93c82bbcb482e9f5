using ActorMultiscale.Actors.Cluster;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Physics.Coupling;
using Akka.Actor;

namespace ActorMultiscale.Actors;

/// <summary>A run carried by actors in this process, recorded or not.</summary>
public sealed class ActorRun : IAsyncDisposable
{
    private readonly ActorSystem _actors;
    private readonly IActorRef _supervisor;

    private ActorRun(ActorSystem actors, IActorRef supervisor, Task<RunReport> completion)
    {
        _actors = actors;
        _supervisor = supervisor;
        Completion = completion;
    }

    /// <summary>How the run ended. Never faults: whatever goes wrong is a report.</summary>
    public Task<RunReport> Completion { get; }

    /// <summary>Starts a run that leaves no record.</summary>
    public static ActorRun Start(CoupledSystem system, RunSettings? settings = null, Action<RunProgress>? onProgress = null) =>
        Begin(system, settings ?? new RunSettings(), null, null, onProgress, null);

    /// <summary>Starts, or goes on with, a run that is recorded in <paramref name="store"/>, which this process owns.</summary>
    public static ActorRun Start(CoupledSystem system, RunSettings settings, RunStore store, RunStart start, Action<RunProgress>? onProgress = null)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(start);
        return Begin(system, settings, store, start, onProgress, null);
    }

    /// <summary>The same with participants on nodes of a cluster; the coordinator and the journal are in this process.</summary>
    internal static ActorRun Start(CoupledSystem system, RunSettings settings, RunStore store, RunStart start, Action<RunProgress> onProgress, ISites sites) =>
        Begin(system, settings, store, start, onProgress, sites);

    /// <summary>Ends the run at the next root boundary, with a snapshot.</summary>
    public void RequestStop() => _supervisor.Tell(new StopRun());

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _actors.Terminate().ConfigureAwait(false);
        _actors.Dispose();
    }

    private static ActorRun Begin(CoupledSystem system, RunSettings settings, RunStore? store, RunStart? start, Action<RunProgress>? onProgress, ISites? sites)
    {
        var completion = new TaskCompletionSource<RunReport>(TaskCreationOptions.RunContinuationsAsynchronously);
        var actors = ActorSystem.Create("actor-multiscale", ActorSettings.For(settings.Threads, store));
        var progress = onProgress ?? (static _ => { });
        var supervisor = actors.ActorOf(Props.Create(() => new RunSupervisor(system, settings, store, start, completion, progress, sites)), "run");
        return new ActorRun(actors, supervisor, completion.Task);
    }
}
