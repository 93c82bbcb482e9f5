namespace ActorMultiscale.Physics.Numerics;

/// <summary>How a solve by iteration went.</summary>
/// <param name="Iterations">The number of steps, each with one product with the matrix.</param>
/// <param name="RelativeResidual">‖b − A x‖ / ‖b‖, computed anew from the solution.</param>
public readonly record struct IterationResult(int Iterations, double RelativeResidual);
