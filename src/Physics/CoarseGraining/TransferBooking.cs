namespace ActorMultiscale.Physics.CoarseGraining;

/// <summary>What the changes of a mesh did to the energy so far: the ledger's entry for adaptive refinement.</summary>
/// <param name="Energy">Σ ΔE over all transfers, gains positive.</param>
/// <param name="Invariant">The same for the discrete invariant.</param>
/// <param name="Magnitude">Σ |ΔE|: gains and losses do not hide each other.</param>
public readonly record struct TransferBooking(double Energy, double Invariant, double Magnitude);
