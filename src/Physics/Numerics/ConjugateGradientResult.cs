namespace ActorMultiscale.Physics.Numerics;

/// <summary>How a solve by conjugate gradients went.</summary>
/// <param name="Iterations">The number of products with the matrix within the iteration.</param>
/// <param name="RelativeResidual">‖b − A x‖ / ‖b‖, computed anew from the solution.</param>
public readonly record struct ConjugateGradientResult(int Iterations, double RelativeResidual);
