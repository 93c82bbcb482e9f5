using ActorMultiscale.Actors;
using ActorMultiscale.Physics.Coupling;

namespace ActorMultiscale.Host.Commands;

/// <summary>How far windows have come that are computed again, on one thread: one participant advances at a time.</summary>
/// <param name="system">The coupled system.</param>
/// <param name="from">Where computing begins; null for the start of the run.</param>
/// <param name="show">Is shown each step of it.</param>
internal sealed class RecomputationProgress(CoupledSystem system, RunSnapshot? from, Action<RunProgress> show)
{
    private RunProgress _accepted = At(system.Window(0, from?.Tick ?? 0).End, from?.Window ?? 0);

    /// <summary>The line for people.</summary>
    public static ProgressLine Line(RecordedRun record, bool quiet) => new(quiet, new ProgressMeter(0, record.Loaded.System.Experiment.Until));

    /// <summary>A window has been computed.</summary>
    public void Accept(long startTick, long endTick)
    {
        _accepted = At(system.Window(startTick, endTick).End, _accepted.Accepted + 1);
        show(_accepted);
    }

    /// <summary>A participant has come so far in an advance, from 0 to 1.</summary>
    public void Hear(int participant, double done) =>
        show(_accepted with { Underway = done is > 0 and < 1 ? [KeyValuePair.Create(system.Participants[participant].Name, done)] : [] });

    private static RunProgress At(double time, long windows) => new(time, windows, windows, 0, []);
}
