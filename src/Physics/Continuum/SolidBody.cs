using ActorMultiscale.Physics.Continuum.Assembling;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Materials;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Continuum;

/// <summary>
/// Bodies of one constitutive law, or of one a phase, with small strains. States are values: the points of a cell one after another, cell by cell, each with
/// as many numbers as the law of the cell asks for.
/// </summary>
public static class SolidBody
{
    /// <summary>The state at the beginning, all zero.</summary>
    /// <param name="basis">A basis for a vector field.</param>
    /// <param name="law">The law; one of them, if cells have their own.</param>
    public static double[] InitialState(Basis basis, IConstitutiveLaw law)
    {
        ArgumentNullException.ThrowIfNull(basis);
        ArgumentNullException.ThrowIfNull(law);
        return InitialState(basis, Phases.Uniform(basis.Mesh, law));
    }

    /// <summary>The same of a body with several laws.</summary>
    /// <param name="basis">A basis for a vector field.</param>
    /// <param name="laws">The law of each cell.</param>
    public static double[] InitialState(Basis basis, Phases<IConstitutiveLaw> laws)
    {
        ArgumentNullException.ThrowIfNull(basis);
        ArgumentNullException.ThrowIfNull(laws);
        return new double[StateStarts(basis, laws)[^1]];
    }

    /// <summary>Forces, stiffness and next state of a displacement; in two dimensions of plane strain.</summary>
    /// <param name="basis">A basis for a vector field.</param>
    /// <param name="law">The law.</param>
    /// <param name="displacement">u, m, at the end of the step.</param>
    /// <param name="state">The state at its beginning; not changed.</param>
    /// <param name="loop">The threads; one if null.</param>
    public static SystemResponse Respond(Basis basis, IConstitutiveLaw law, double[] displacement, double[] state, ChunkedLoop? loop = null)
    {
        ArgumentNullException.ThrowIfNull(basis);
        ArgumentNullException.ThrowIfNull(law);
        return Respond(basis, Phases.Uniform(basis.Mesh, law), displacement, state, loop);
    }

    /// <summary>The same of a body with several laws.</summary>
    /// <param name="basis">A basis for a vector field.</param>
    /// <param name="laws">The law of each cell.</param>
    /// <param name="displacement">u, m, at the end of the step.</param>
    /// <param name="state">The state at its beginning; not changed.</param>
    /// <param name="loop">The threads; one if null.</param>
    /// <param name="eigenstrain">ε* at the end of the step, which the material takes on freely, so that the laws answer ε − ε*: α ΔT 1 of heat, for instance. None if null.</param>
    /// <exception cref="ScaleModelException">The state is not of this body, or a law has no answer.</exception>
    public static SystemResponse Respond(
        Basis basis, Phases<IConstitutiveLaw> laws, double[] displacement, double[] state, ChunkedLoop? loop = null, Func<QuadraturePoint, SymTensor3>? eigenstrain = null)
    {
        ArgumentNullException.ThrowIfNull(basis);
        ArgumentNullException.ThrowIfNull(laws);
        ArgumentNullException.ThrowIfNull(displacement);
        ArgumentNullException.ThrowIfNull(state);
        var starts = Starts(basis);
        var stateStarts = StateStarts(basis, laws);
        if (state.Length != stateStarts[^1])
        {
            throw new ScaleModelException($"The state has {state.Length} numbers; the laws ask for {stateStarts[^1]} at {starts[^1]} quadrature points.");
        }

        var next = new double[state.Length];
        var tangents = new Tangent6[starts[^1]];
        var force = Assembly.Residual(
            basis, displacement,
            (QuadraturePoint x, VectorJet u) =>
            {
                var law = laws[x.Cell];
                var (size, at) = (law.StateSize, starts[x.Cell] + x.Index);
                var from = stateStarts[x.Cell] + (x.Index * size);
                var strain = eigenstrain is null ? u.Strain : u.Strain - eigenstrain(x);
                return VectorJet.Stress(law.Respond(strain, state.AsSpan(from, size), next.AsSpan(from, size), out tangents[at]));
            },
            null, loop);
        return new(force, () => Assembly.Matrix(basis, Elasticity.Stiffness(x => tangents[starts[x.Cell] + x.Index]), null, loop), next);
    }

    /// <summary>Where the state of each cell begins, and the length of all.</summary>
    internal static int[] StateStarts(Basis basis, Phases<IConstitutiveLaw> laws)
    {
        laws.RequireCells(basis.Mesh);
        var starts = Starts(basis);
        var result = new int[starts.Length];
        for (var c = 0; c < laws.CellCount; c++)
        {
            result[c + 1] = checked(result[c] + ((starts[c + 1] - starts[c]) * laws[c].StateSize));
        }

        return result;
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
