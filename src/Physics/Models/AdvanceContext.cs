using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Models;

/// <summary>What a model is told when it advances.</summary>
/// <param name="Window">The window to advance over.</param>
/// <param name="Phase">The phase of the step; <see langword="null"/> for models without phases.</param>
/// <param name="Random">Random numbers of this run and participant; ask with <c>Window.StartTick</c>, substep and particle.</param>
/// <param name="Loop">The way to run a loop on the threads that this participant was given.</param>
/// <param name="Cancellation">Signalled when the result is no longer wanted. Long steps look at it now and then; it must not change numbers.</param>
public sealed record AdvanceContext(TimeWindow Window, string? Phase, Philox Random, ChunkedLoop Loop, CancellationToken Cancellation);
