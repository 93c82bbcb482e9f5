using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Materials;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Continuum;

/// <summary>What a body of a material answers to a displacement.</summary>
/// <param name="Force">∫ σ:ε(N_a), N, one number a dof.</param>
/// <param name="Stiffness">Its derivative with respect to the dofs.</param>
/// <param name="State">The state of all points at the end of the step; a step is accepted by going on from it.</param>
public sealed record SolidResponse(double[] Force, CsrMatrix Stiffness, double[] State);

/// <summary>Bodies of one constitutive law, with small strains. States are values: the points of a cell one after another, cell by cell.</summary>
public static class SolidBody
{
    /// <summary>The state at the beginning, all zero.</summary>
    /// <param name="basis">A basis for a vector field.</param>
    /// <param name="law">The law.</param>
    public static double[] InitialState(Basis basis, IConstitutiveLaw law)
    {
        ArgumentNullException.ThrowIfNull(basis);
        ArgumentNullException.ThrowIfNull(law);
        return new double[Starts(basis)[^1] * law.StateSize];
    }

    /// <summary>Forces, stiffness and next state of a displacement; in two dimensions of plane strain.</summary>
    /// <param name="basis">A basis for a vector field.</param>
    /// <param name="law">The law.</param>
    /// <param name="displacement">u, m, at the end of the step.</param>
    /// <param name="state">The state at its beginning; not changed.</param>
    /// <param name="loop">The threads; one if null.</param>
    public static SolidResponse Respond(Basis basis, IConstitutiveLaw law, double[] displacement, double[] state, ChunkedLoop? loop = null)
    {
        ArgumentNullException.ThrowIfNull(basis);
        ArgumentNullException.ThrowIfNull(law);
        ArgumentNullException.ThrowIfNull(displacement);
        ArgumentNullException.ThrowIfNull(state);
        var starts = Starts(basis);
        var size = law.StateSize;
        if (state.Length != starts[^1] * size)
        {
            throw new ScaleModelException($"The state has {state.Length} numbers; {size} for each of {starts[^1]} quadrature points are needed.");
        }

        var next = new double[state.Length];
        var tangents = new Tangent6[starts[^1]];
        var force = Assembly.Residual(
            basis, displacement,
            (QuadraturePoint x, VectorJet u) =>
            {
                var at = starts[x.Cell] + x.Index;
                return VectorJet.Stress(law.Respond(u.Strain, state.AsSpan(at * size, size), next.AsSpan(at * size, size), out tangents[at]));
            },
            null, loop);
        return new(force, Assembly.Matrix(basis, Elasticity.Stiffness(x => tangents[starts[x.Cell] + x.Index]), null, loop), next);
    }

    /// <summary>The number of the first quadrature point of each cell, and that of all.</summary>
    internal static int[] Starts(Basis basis)
    {
        var mesh = basis.Mesh;
        var starts = new int[mesh.CellCount + 1];
        for (var b = 0; b < mesh.Blocks.Length; b++)
        {
            var count = basis.Table(b, -1).Count;
            for (var c = mesh.FirstCell(b); c < mesh.FirstCell(b + 1); c++)
            {
                starts[c + 1] = starts[c] + count;
            }
        }

        return starts;
    }
}
