using ActorMultiscale.Physics.Continuum.Assembling;
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
    /// <param name="law">The law; one of them, if cells have their own.</param>
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
        ArgumentNullException.ThrowIfNull(law);
        return Respond(basis, _ => law, displacement, state, loop);
    }

    /// <summary>The same with a law for each cell: of several materials, or of one that asks for the length of the cell.</summary>
    /// <param name="basis">A basis for a vector field.</param>
    /// <param name="law">The law of a cell; all remember as many numbers. Several threads may call it at once.</param>
    /// <param name="displacement">u, m, at the end of the step.</param>
    /// <param name="state">The state at its beginning; not changed.</param>
    /// <param name="loop">The threads; one if null.</param>
    /// <exception cref="ScaleModelException">Two laws remember unlike numbers, or the state is not of these laws.</exception>
    public static SolidResponse Respond(Basis basis, Func<int, IConstitutiveLaw> law, double[] displacement, double[] state, ChunkedLoop? loop = null)
    {
        ArgumentNullException.ThrowIfNull(basis);
        ArgumentNullException.ThrowIfNull(law);
        ArgumentNullException.ThrowIfNull(displacement);
        ArgumentNullException.ThrowIfNull(state);
        var starts = Starts(basis);
        var size = law(0).StateSize;
        for (var c = 1; c < basis.Mesh.CellCount; c++)
        {
            if (law(c).StateSize != size)
            {
                throw new ScaleModelException($"The law of cell {c} remembers {law(c).StateSize} numbers a point, that of cell 0 {size}; all laws of a body remember as many.");
            }
        }

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
                return VectorJet.Stress(law(x.Cell).Respond(u.Strain, state.AsSpan(at * size, size), next.AsSpan(at * size, size), out tangents[at]));
            },
            null, loop);
        return new(force, Assembly.Matrix(basis, Elasticity.Stiffness(x => tangents[starts[x.Cell] + x.Index]), null, loop), next);
    }

    /// <summary>
    /// h = V^(1/n) of each cell of the volume V in n dimensions, m: the width over which a crack is smeared by a law that softens. A crack that crosses cells
    /// askew is wider than that, up to √n times.
    /// </summary>
    /// <remarks>After: Bazant, Oh, Mater. Struct. 16, 155 (1983); what h means for cracks askew: Oliver, Int. J. Numer. Methods Eng. 28, 461 (1989).</remarks>
    /// <param name="basis">A basis of degree 1: within cells of degree 2 a crack takes the part of a cell that belongs to a quadrature point.</param>
    /// <exception cref="ScaleModelException">The basis is of degree 2.</exception>
    public static double[] CellLengths(Basis basis)
    {
        ArgumentNullException.ThrowIfNull(basis);
        if (basis.Degree != 1)
        {
            throw new ScaleModelException("The width of a crack band is known for elements of degree 1; the basis is of degree 2.");
        }

        var mesh = basis.Mesh;
        var lengths = new double[mesh.CellCount];
        for (var b = 0; b < mesh.Blocks.Length; b++)
        {
            var points = new CellPoints(mesh, basis.Table(b, -1), 1 + mesh.Dimension);
            for (var c = mesh.FirstCell(b); c < mesh.FirstCell(b + 1); c++)
            {
                points.Move(b, c - mesh.FirstCell(b));
                lengths[c] = Math.Pow(FixedOrderSum.Of(points.Weights), 1.0 / mesh.Dimension);
            }
        }

        return lengths;
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
