using ActorMultiscale.Physics.Adaptivity;

namespace ActorMultiscale.Physics.Continuum.Adaptive;

/// <summary>A round of an adaptive loop: the mesh, what was solved on it, and its indicators.</summary>
/// <param name="Mesh">The mesh.</param>
/// <param name="Solution">What was solved.</param>
/// <param name="Indicators">One a cell.</param>
public sealed record AdaptiveStep<T>(AdaptiveMesh Mesh, T Solution, double[] Indicators);

/// <summary>Solve, estimate, mark, refine, and again.</summary>
public static class AdaptiveLoop
{
    /// <summary>The rounds of the loop without end: who enumerates stops when the estimate, or the number of cells, tells to.</summary>
    /// <param name="first">The first mesh.</param>
    /// <param name="solve">Solves on a mesh; gets the round before, or null, for a first guess.</param>
    /// <param name="estimate">One indicator a cell.</param>
    /// <param name="mark">Marks; by the bulk of the indicators, θ = ½, if null.</param>
    public static IEnumerable<AdaptiveStep<T>> Run<T>(
        AdaptiveMesh first, Func<AdaptiveMesh, AdaptiveStep<T>?, T> solve, Func<AdaptiveMesh, T, double[]> estimate, Func<double[], Mark[]>? mark = null)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(solve);
        ArgumentNullException.ThrowIfNull(estimate);
        return Rounds();
        IEnumerable<AdaptiveStep<T>> Rounds()
        {
            AdaptiveStep<T>? last = null;
            for (var mesh = first; ;)
            {
                var solution = solve(mesh, last);
                last = new(mesh, solution, estimate(mesh, solution));
                yield return last;
                mesh = mesh.Adapt(mark?.Invoke(last.Indicators) ?? Marking.Bulk(last.Indicators));
            }
        }
    }
}
