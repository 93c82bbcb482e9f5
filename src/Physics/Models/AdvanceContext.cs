using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Models;

/// <summary>What a model is told when it advances.</summary>
/// <param name="Window">The window to advance over.</param>
/// <param name="Phase">The phase of the step; <see langword="null"/> for models without phases.</param>
/// <param name="Random">Random numbers of this run and participant; ask with <c>Window.StartTick</c>, substep and particle.</param>
/// <param name="Loop">The way to run a loop on the threads that this participant was given.</param>
/// <param name="Cancellation">Signalled when the result is no longer wanted. Long steps look at it now and then; it must not change numbers.</param>
public sealed record AdvanceContext(TimeWindow Window, string? Phase, Philox Random, ChunkedLoop Loop, CancellationToken Cancellation)
{
    /// <summary>Hears how far the model has come; nobody if null.</summary>
    public Action<double>? OnProgress { get; init; }

    /// <summary>Tells people how far the model has come in this call, from 0 to 1. Costs next to nothing, and changes no number: models whose windows may take seconds call it now and then.</summary>
    public void Report(double done) => OnProgress?.Invoke(done);
}
