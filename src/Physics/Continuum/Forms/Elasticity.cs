using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Physics.Continuum.Forms;

/// <summary>
/// Forms of elasticity with small strains: find u with ∫ σ(u):ε(v) + ∫_R κ u·v = ∫ b·v + ∫_N t·v for all v that vanish where u is given; σ = C:ε,
/// ε = ½(∇u + ∇uᵀ). In two dimensions C : ε is that of plane strain; <see cref="PlaneStress"/> makes the C of plane stress.
/// </summary>
public static class Elasticity
{
    /// <summary>∫ σ(u):ε(v).</summary>
    /// <param name="tangent">C, Pa: isotropic, cubic, orthotropic or any other.</param>
    public static BilinearForm Stiffness(Tangent6 tangent)
    {
        ArgumentNullException.ThrowIfNull(tangent);
        return BilinearForm.Vector(u => VectorJet.Stress(tangent.Stress(u.Strain)));
    }

    /// <summary>∫ σ(u):ε(v) with a stiffness that depends on the place.</summary>
    /// <param name="tangent">C, Pa.</param>
    public static BilinearForm Stiffness(Func<QuadraturePoint, Tangent6> tangent)
    {
        ArgumentNullException.ThrowIfNull(tangent);
        return BilinearForm.Vector((x, u) => VectorJet.Stress(tangent(x).Stress(u.Strain)));
    }

    /// <summary>
    /// ∫ σ̄(u):ε̄(v), with the change of volume replaced by its mean over the cell: ε̄ = ε + ⅓ (⟨div u⟩ − div u) 1, σ̄ = C:ε̄. Elements of degree 1 then do
    /// not lock when the material is nearly incompressible.
    /// </summary>
    /// <remarks>
    /// σ̄:ε̄(v) = (σ̄ − p 1):∇v + p 1:⟨∇v⟩, p = ⅓ tr σ̄. After: Hughes, "Generalization of selective integration procedures to anisotropic and nonlinear
    /// media", Int. J. Numer. Methods Eng. 15 (1980) 1413.
    /// </remarks>
    /// <param name="tangent">C, Pa; in two dimensions for plane strain.</param>
    public static BilinearForm StiffnessBBar(Tangent6 tangent)
    {
        ArgumentNullException.ThrowIfNull(tangent);
        return BilinearForm.Vector(
            u =>
            {
                var stress = tangent.Stress(u.Strain + ((u.MeanGradient.Trace - u.Gradient.Trace) / 3 * SymTensor3.Identity));
                var pressure = stress.Trace / 3 * SymTensor3.Identity;
                return new(Vec3.Zero, (stress - pressure).ToMatrix(), pressure.ToMatrix());
            },
            usesMean: true);
    }

    /// <summary>∫ ρ u·v, the mass matrix.</summary>
    /// <param name="density">ρ, kg/m³.</param>
    public static BilinearForm Mass(double density) => BilinearForm.Vector(u => VectorJet.Source(density * u.Value));

    /// <summary>∫ κ u·v over a surface: an elastic bedding with the traction −κ u.</summary>
    /// <param name="stiffness">κ, N/m³.</param>
    public static BilinearForm Bedding(double stiffness) => BilinearForm.Vector(u => VectorJet.Source(stiffness * u.Value));

    /// <summary>∫ Σ κ_i u_i v_i over a surface: a bedding that is not alike along x, y and z, such as one that lets the surface slide.</summary>
    /// <param name="stiffness">κ along x, y, z, N/m³.</param>
    public static BilinearForm Bedding(Vec3 stiffness) => BilinearForm.Vector(u => VectorJet.Source(new(stiffness.X * u.Value.X, stiffness.Y * u.Value.Y, stiffness.Z * u.Value.Z)));

    /// <summary>∫ b·v, a force on the body.</summary>
    /// <param name="force">b, N/m³.</param>
    public static LinearForm BodyForce(Func<Vec3, Vec3> force) => LinearForm.Vector(x => VectorJet.Source(force(x.Position)));

    /// <summary>∫ t·v over a surface.</summary>
    /// <param name="traction">t, N/m², of the place and its outward normal.</param>
    public static LinearForm Traction(Func<QuadraturePoint, Vec3> traction) => LinearForm.Vector(x => VectorJet.Source(traction(x)));

    /// <summary>−∫ σ₀:ε(v), the load of a stress that is there without strain, such as C:α ΔT.</summary>
    /// <param name="stress">σ₀, Pa.</param>
    public static LinearForm InitialStress(Func<Vec3, SymTensor3> stress) => LinearForm.Vector(x => -1 * VectorJet.Stress(stress(x.Position)));

    /// <summary>∫ (C:ε*):ε(v), the load of a strain that the body would take on freely: with it σ = C:(ε(u) − ε*).</summary>
    /// <param name="tangent">C, Pa. In two dimensions that of plane strain counts ε*_zz too; that of plane stress lets the body swell.</param>
    /// <param name="strain">ε* at a place.</param>
    public static LinearForm Eigenstrain(Tangent6 tangent, Func<Vec3, SymTensor3> strain)
    {
        ArgumentNullException.ThrowIfNull(tangent);
        ArgumentNullException.ThrowIfNull(strain);
        return LinearForm.Vector(x => VectorJet.Stress(tangent.Stress(strain(x.Position))));
    }

    /// <summary>The load of a change of temperature, ε* = α ΔT 1.</summary>
    /// <param name="tangent">C, Pa; see <see cref="Eigenstrain"/>.</param>
    /// <param name="expansion">α, the linear coefficient of expansion, 1/K.</param>
    /// <param name="warming">ΔT at a place, K.</param>
    public static LinearForm ThermalExpansion(Tangent6 tangent, double expansion, Func<Vec3, double> warming)
    {
        ArgumentNullException.ThrowIfNull(warming);
        return Eigenstrain(tangent, x => expansion * warming(x) * SymTensor3.Identity);
    }

    /// <summary>
    /// The stiffness for plane stress: with σ_zz = σ_yz = σ_xz = 0, C′_IJ = C_IJ − Σ_KL C_IK (C_zz⁻¹)_KL C_LJ over the three out-of-plane components K, L.
    /// </summary>
    /// <param name="tangent">C in three dimensions, Pa.</param>
    public static Tangent6 PlaneStress(Tangent6 tangent)
    {
        ArgumentNullException.ThrowIfNull(tangent);
        int[] plane = [0, 1, 5], across = [2, 3, 4];
        var inner = new Matrix3(
            tangent[2, 2], tangent[2, 3], tangent[2, 4], tangent[3, 2], tangent[3, 3], tangent[3, 4], tangent[4, 2], tangent[4, 3], tangent[4, 4]).Inverse();
        var c = new double[36];
        foreach (var i in plane)
        {
            foreach (var j in plane)
            {
                c[(6 * i) + j] = tangent[i, j];
                for (var k = 0; k < 3; k++)
                {
                    for (var l = 0; l < 3; l++)
                    {
                        c[(6 * i) + j] -= tangent[i, across[k]] * inner[k, l] * tangent[across[l], j];
                    }
                }
            }
        }

        return new(c);
    }

    /// <summary>A material with three planes of symmetry, along x, y and z.</summary>
    /// <remarks>The compliance has 1/E_i on the diagonal, −ν_ij/E_i beside it (ν_ij: contraction along j under tension along i), and 1/G. After: Jones, "Mechanics of Composite Materials", 2nd ed. (1999), eq. 2.23.</remarks>
    /// <param name="young">E along x, y, z, Pa.</param>
    /// <param name="poisson">ν_xy, ν_xz, ν_yz.</param>
    /// <param name="shear">G_yz, G_xz, G_xy, Pa.</param>
    /// <exception cref="Models.ScaleModelException">The stiffness would not be positive definite.</exception>
    public static Tangent6 Orthotropic(Vec3 young, (double XY, double XZ, double YZ) poisson, (double YZ, double XZ, double XY) shear)
    {
        var compliance = new Matrix3(
            1 / young.X, -poisson.XY / young.X, -poisson.XZ / young.X,
            -poisson.XY / young.X, 1 / young.Y, -poisson.YZ / young.Y,
            -poisson.XZ / young.X, -poisson.YZ / young.Y, 1 / young.Z);
        var minor = (compliance.XX * compliance.YY) - (compliance.XY * compliance.XY);
        if (!(young.X > 0 && young.Y > 0 && young.Z > 0 && minor > 0 && compliance.Determinant > 0 && shear.YZ > 0 && shear.XZ > 0 && shear.XY > 0))
        {
            throw new Models.ScaleModelException(FormattableString.Invariant(
                $"The moduli E = {young}, ν = {poisson}, G = {shear} are those of no stable material: moduli are above zero, and ν_ij² is below E_i/E_j."));
        }

        var c = compliance.Inverse();
        return new(
        [
            c.XX, c.XY, c.XZ, 0, 0, 0,
            c.YX, c.YY, c.YZ, 0, 0, 0,
            c.ZX, c.ZY, c.ZZ, 0, 0, 0,
            0, 0, 0, shear.YZ, 0, 0,
            0, 0, 0, 0, shear.XZ, 0,
            0, 0, 0, 0, 0, shear.XY,
        ]);
    }
}
