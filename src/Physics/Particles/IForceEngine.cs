using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Particles;

/// <summary>What atoms feel in one configuration.</summary>
/// <param name="Energy">Potential energy of all atoms, J.</param>
/// <param name="Forces">Force on each atom, N.</param>
/// <param name="Virial">W = Σ r ⊗ f over the pairs, J; positive where the atoms push outward. The pressure is (2K + tr W) / 3V.</param>
public sealed record AtomForces(double Energy, Vec3[] Forces, SymTensor3 Virial);

/// <summary>Computes what the atoms of a periodic cell feel. Whether it does so here or in another program is its own affair.</summary>
public interface IForceEngine
{
    /// <summary>Energy, forces and virial of <paramref name="positions"/>.</summary>
    /// <param name="cell">The cell vectors as columns, m.</param>
    /// <param name="positions">Where the atoms are, m, one per atom; they may lie outside the cell.</param>
    /// <param name="loop">The way to run a loop on several threads.</param>
    /// <param name="cancellation">Signalled when the result is no longer wanted.</param>
    /// <exception cref="Models.ScaleModelException">The configuration is outside of what the engine can compute, or the engine failed.</exception>
    /// <exception cref="OperationCanceledException">The result is no longer wanted.</exception>
    AtomForces Evaluate(Matrix3 cell, ReadOnlySpan<Vec3> positions, ChunkedLoop loop, CancellationToken cancellation);
}
