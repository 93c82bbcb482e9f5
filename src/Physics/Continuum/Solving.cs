using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Continuum;

/// <summary>Solvers know matrices alone, and say by an <see cref="InvalidOperationException"/> what is wrong with one. In a model that is a fault of its data.</summary>
internal static class Solving
{
    /// <summary>What a solver finds.</summary>
    /// <exception cref="ScaleModelException">The solver failed; the inner exception is that of the solver.</exception>
    public static T Of<T>(Func<T> solve)
    {
        try
        {
            return solve();
        }
        catch (InvalidOperationException fault)
        {
            throw new ScaleModelException(fault.Message, fault);
        }
    }
}
