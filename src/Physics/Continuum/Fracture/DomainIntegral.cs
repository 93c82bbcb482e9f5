using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Continuum.Fracture;

/// <summary>
/// The energy that a straight crack in the plane would release, and its stress intensity factors, as integrals over a ring of cells around its tip. The ring
/// runs from where q begins to fall from 1 to where it is 0: q falls linearly in the distance, between nodes by the functions of the basis.
/// </summary>
/// <remarks>
/// For small strains, without forces in the ring or on the crack's faces there. Where the crack lies on a line of symmetry and the mesh is the half above
/// it, the integrals are half of those of the whole.
/// </remarks>
public sealed class DomainIntegral
{
    private readonly Basis _basis;
    private readonly Vec3 _tip;
    private readonly Vec3 _ahead;
    private readonly int[] _starts;
    private readonly Vec3[] _slopes;        // ∇q at all quadrature points.

    /// <summary>The integrals over a ring.</summary>
    /// <param name="basis">A basis for a vector field in the plane.</param>
    /// <param name="tip">The tip of the crack, m.</param>
    /// <param name="ahead">The direction in which it would go on; of any length.</param>
    /// <param name="inner">Where the ring begins, m, zero or more.</param>
    /// <param name="outer">Where it ends, m. It has no surface but faces along the crack within.</param>
    /// <exception cref="ScaleModelException">The mesh, the tip or the direction is not one of the plane, the radii make no ring or one without nodes, or the ring reaches the surface.</exception>
    public DomainIntegral(Basis basis, Vec3 tip, Vec3 ahead, double inner, double outer)
    {
        ArgumentNullException.ThrowIfNull(basis);
        var mesh = basis.Mesh;
        if (mesh.Dimension != 2
            || !(inner >= 0 && outer > inner && outer < double.PositiveInfinity && tip.Z == 0 && ahead.Z == 0 && ahead.Norm > 0 && double.IsFinite(tip.Norm + ahead.Norm)))
        {
            throw new ScaleModelException(FormattableString.Invariant(
                $"A ring around a crack needs a mesh in the plane, 0 ≤ inner < outer, a tip and a direction in the plane; found dimension {mesh.Dimension}, {inner}, {outer}, {tip} and {ahead}."));
        }

        basis.Require(2);
        (_basis, _tip, _ahead) = (basis, tip, ahead.Normalized());
        var scalar = Basis.Scalar(mesh, basis.Degree, basis.QuadratureDegree);
        var q = scalar.Interpolate(x => Math.Clamp((outer - (x - tip).Norm) / (outer - inner), 0, 1));
        if (q.All(v => v == 0))
        {
            throw new ScaleModelException(FormattableString.Invariant($"No node of the mesh is nearer than {outer} to the tip at {tip}."));
        }

        // Of a ring that ends in the body nothing is left on the surface, but on the faces of the crack, on its line: there n·e₁ = 0 and σ·n = 0.
        foreach (var facet in mesh.Topology.Outer)
        {
            var nodes = scalar.CellNodes(facet.Cell);
            var on = scalar.Element(facet.Cell).FacetNodes[facet.Local];
            if (on.All(a => q[scalar.CellNodes(facet.Cell)[a]] == 0))
            {
                continue;
            }

            foreach (var a in on)
            {
                var at = scalar.Nodes[nodes[a]];
                if (Math.Abs(Vec3.Cross(_ahead, at - tip).Z) > 1e-6 * outer)
                {
                    throw new ScaleModelException(FormattableString.Invariant(
                        $"The ring out to {outer} around the tip at {tip} reaches a surface at {at} that is not along the crack; it has to end before. Are the tip and the direction those of the crack?"));
                }
            }
        }

        _starts = SolidBody.Starts(basis);
        _slopes = new Vec3[_starts[^1]];
        Assembly.Integral(scalar, q, (QuadraturePoint x, ScalarJet jet) =>
        {
            _slopes[_starts[x.Cell] + x.Index] = jet.Gradient;
            return 0;
        });
    }

    /// <summary>J = ∫ (σ_ij ∂u_i/∂x₁ − W δ_1j) ∂q/∂x_j dA, J/m², W = ½ σ:ε; x₁ is the direction of the crack.</summary>
    /// <remarks>After: Li, Shih, Needleman, Eng. Fract. Mech. 21, 405 (1985).</remarks>
    /// <param name="displacement">u, m.</param>
    /// <param name="stiffness">C, Pa: for plane strain, or by <see cref="Elasticity.PlaneStress"/> for plane stress; one for all of the ring.</param>
    public double EnergyRelease(double[] displacement, Tangent6 stiffness)
    {
        ArgumentNullException.ThrowIfNull(stiffness);
        return Assembly.Integral(_basis, displacement, (QuadraturePoint x, VectorJet u) =>
        {
            var (slope, stress) = (_slopes[_starts[x.Cell] + x.Index], stiffness.Stress(u.Strain).ToMatrix());
            return Vec3.Dot(stress * (u.Gradient * _ahead), slope) - (0.5 * Matrix3.Contract(stress, u.Gradient) * Vec3.Dot(_ahead, slope));
        });
    }

    /// <summary>
    /// K_I and K_II, Pa √m, of an isotropic material: K = ½ E′ M with the interaction integral M = ∫ (σ_ij ∂uᵃ_i/∂x₁ + σᵃ_ij ∂u_i/∂x₁ − σ:εᵃ δ_1j) ∂q/∂x_j dA
    /// of u with the field uᵃ of a crack that has K_I = 1 alone, and K_II = 1.
    /// </summary>
    /// <remarks>After: Yau, Wang, Corten, J. Appl. Mech. 47, 335 (1980).</remarks>
    /// <param name="displacement">u, m.</param>
    /// <param name="young">E, Pa.</param>
    /// <param name="poisson">ν.</param>
    /// <param name="isPlaneStress">Whether for plane stress, else for plane strain.</param>
    /// <exception cref="ScaleModelException">E or ν is out of its range, as for <see cref="CrackField"/>.</exception>
    public (double ModeI, double ModeII) IntensityFactors(double[] displacement, double young, double poisson, bool isPlaneStress = false)
    {
        CrackField Unit(double one, double two) => new(_tip, _ahead, one, two, young, poisson, isPlaneStress);
        var (opening, sliding) = (Unit(1, 0), Unit(0, 1));
        var tangent = Tangent6.Isotropic(young, poisson);
        tangent = isPlaneStress ? Elasticity.PlaneStress(tangent) : tangent;
        double Factor(CrackField unit) => 0.5 * unit.Modulus * Assembly.Integral(_basis, displacement, (QuadraturePoint x, VectorJet u) =>
        {
            var slope = _slopes[_starts[x.Cell] + x.Index];
            if (slope == Vec3.Zero)
            {
                return 0;
            }

            var (stress, other, gradient) = (tangent.Stress(u.Strain).ToMatrix(), unit.Stress(x.Position).ToMatrix(), unit.Gradient(x.Position));
            return Vec3.Dot((stress * (gradient * _ahead)) + (other * (u.Gradient * _ahead)), slope) - (Matrix3.Contract(stress, gradient) * Vec3.Dot(_ahead, slope));
        });
        return (Factor(opening), Factor(sliding));
    }
}
