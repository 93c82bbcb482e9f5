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

    /// <summary>
    /// What a pressure that stays normal to the deformed surface adds to the forces of a body: ∫ p cof(F) n·N_a over the surface at rest, and its derivative, which is
    /// symmetric where the surface is closed or its rim is held, and else not.
    /// </summary>
    /// <remarks>
    /// The deformed area is cof(F) n dA, cof F = J F⁻ᵀ (Nanson); with the columns f_i of F, cof(F) n = n_x f_y × f_z + n_y f_z × f_x + n_z f_x × f_y, which tells its derivative too.
    /// After: Bonet, Wood, "Nonlinear Continuum Mechanics for Finite Element Analysis", 2nd ed. (2008), sections 4.3 and 8.5.2.
    /// </remarks>
    /// <param name="basis">A basis for a vector field.</param>
    /// <param name="surface">The name of the surface.</param>
    /// <param name="pressure">p, Pa, above zero onto the body.</param>
    /// <param name="displacement">u, m.</param>
    /// <param name="loop">The threads; one if null. The bits do not depend on it.</param>
    /// <exception cref="Models.ScaleModelException">There is no such surface.</exception>
    public static SystemResponse Pressure(Basis basis, string surface, double pressure, double[] displacement, ChunkedLoop? loop = null)
    {
        ArgumentNullException.ThrowIfNull(basis);
        ArgumentNullException.ThrowIfNull(displacement);
        var domain = Domain.Boundary(surface);
        var force = Assembly.Residual(
            basis, displacement,
            (QuadraturePoint x, VectorJet u) =>
            {
                var f = Matrix3.Identity + u.Gradient;
                return VectorJet.Source(pressure * Area(f, f, x.Normal));
            },
            domain, loop);
        return new(force, () =>
        {
            var field = FieldValues.Of(basis, displacement, loop, domain);
            return Assembly.Matrix(
                basis, BilinearForm.Vector((x, u) =>
                {
                    var f = Matrix3.Identity + field.Vector(x).Gradient;
                    return VectorJet.Source(pressure * (Area(f, u.Gradient, x.Normal) + Area(u.Gradient, f, x.Normal)));
                }),
                domain, loop);
        });
    }

    // n_x a_y × b_z + n_y a_z × b_x + n_z a_x × b_y.
    private static Vec3 Area(Matrix3 a, Matrix3 b, Vec3 n) =>
        (n.X * Vec3.Cross(a.Column(1), b.Column(2))) + (n.Y * Vec3.Cross(a.Column(2), b.Column(0))) + (n.Z * Vec3.Cross(a.Column(0), b.Column(1)));

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
