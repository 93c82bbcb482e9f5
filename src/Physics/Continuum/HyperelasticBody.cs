using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Materials;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Continuum;

/// <summary>Bodies with strains and rotations of any size. All integrals run over the body at rest (total Lagrange); in two dimensions for plane strain.</summary>
public static class HyperelasticBody
{
    /// <summary>The forces ∫ P(F):∇N_a of a displacement and their derivative.</summary>
    /// <param name="basis">A basis for a vector field.</param>
    /// <param name="law">The material.</param>
    /// <param name="displacement">u, m.</param>
    /// <param name="loop">The threads; one if null.</param>
    /// <exception cref="Models.ScaleModelException">The body is turned inside out somewhere.</exception>
    public static SystemResponse Respond(Basis basis, IHyperelasticLaw law, double[] displacement, ChunkedLoop? loop = null)
    {
        ArgumentNullException.ThrowIfNull(basis);
        ArgumentNullException.ThrowIfNull(law);
        return Respond(basis, Phases.Uniform(basis.Mesh, law), displacement, loop);
    }

    /// <summary>The same of a body with several laws.</summary>
    /// <param name="basis">A basis for a vector field.</param>
    /// <param name="laws">The law of each cell.</param>
    /// <param name="displacement">u, m.</param>
    /// <param name="loop">The threads; one if null.</param>
    /// <exception cref="Models.ScaleModelException">The laws are of another mesh, or the body is turned inside out somewhere.</exception>
    public static SystemResponse Respond(Basis basis, Phases<IHyperelasticLaw> laws, double[] displacement, ChunkedLoop? loop = null)
    {
        ArgumentNullException.ThrowIfNull(basis);
        ArgumentNullException.ThrowIfNull(laws);
        ArgumentNullException.ThrowIfNull(displacement);
        laws.RequireCells(basis.Mesh);
        var starts = SolidBody.Starts(basis);
        var gradients = new Matrix3[starts[^1]];
        var force = Assembly.Residual(
            basis, displacement,
            (QuadraturePoint x, VectorJet u) =>
            {
                ref var f = ref gradients[starts[x.Cell] + x.Index];
                f = Matrix3.Identity + u.Gradient;
                return VectorJet.Flux(laws[x.Cell].Stress(f));
            },
            null, loop);
        return new(force, () => Assembly.Matrix(basis, BilinearForm.Vector((x, u) => VectorJet.Flux(laws[x.Cell].Change(gradients[starts[x.Cell] + x.Index], u.Gradient))), null, loop));
    }

    /// <summary>∫ W(F), J.</summary>
    /// <param name="basis">A basis for a vector field.</param>
    /// <param name="law">The material.</param>
    /// <param name="displacement">u, m.</param>
    /// <param name="loop">The threads; one if null.</param>
    public static double Energy(Basis basis, IHyperelasticLaw law, double[] displacement, ChunkedLoop? loop = null)
    {
        ArgumentNullException.ThrowIfNull(law);
        return Assembly.Integral(basis, displacement, (QuadraturePoint x, VectorJet u) => law.Energy(Matrix3.Identity + u.Gradient), null, loop);
    }
}
