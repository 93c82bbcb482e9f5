using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Tests.Continuum.Forms;

/// <summary>A ball in an endless body that would take on a strain of its own, and is kept from it by what is around.</summary>
public sealed class EshelbyTests
{
    private const double Poisson = 0.3, Outer = 3;

    // Around a ball of radius 1: 8π(1 − ν) u_i = ε*_jk ψ,ijk − 2ν ε*_mm φ,i − 4(1 − ν) ε*_ik φ,k with φ = 4π/(3r), ψ = (4π/3)(r + 1/(5r)).
    // Eshelby, Proc. R. Soc. A 241 (1957) 376; φ and ψ are the harmonic and the biharmonic potential of the ball.
    private static Vec3 Outside(SymTensor3 eigen, Vec3 x)
    {
        var r = x.Norm;
        var e = eigen.ToMatrix();
        var (along, twice, trace) = (Vec3.Dot(x, e * x), e * x, eigen.Trace);

        // ε*_jk of r,ijk = −(δ_ij x_k + δ_ik x_j + δ_jk x_i)/r³ + 3 x_i x_j x_k/r⁵, and of (1/r),ijk = 3 (…)/r⁵ − 15 x_i x_j x_k/r⁷.
        var mixed = (2 * twice) + (trace * x);
        var (r3, r5, r7) = (Math.Pow(r, 3), Math.Pow(r, 5), Math.Pow(r, 7));
        var psi = 4 * Math.PI / 3 * ((-1 / r3 * mixed) + (3 * along / r5 * x) + (0.2 * ((3 / r5 * mixed) - (15 * along / r7 * x))));
        var u = psi + (4 * Math.PI / 3 / r3 * ((2 * Poisson * trace * x) + (4 * (1 - Poisson) * twice)));
        return 1 / (8 * Math.PI * (1 - Poisson)) * u;
    }

    // The strain of the ball is S:ε*, the same everywhere within: the middle, and the mean with its scatter.
    private static (SymTensor3 Mean, double Scatter) Within(int n, SymTensor3 eigen, params (string Plane, int[] Fixed)[] symmetry)
    {
        var mesh = StructuredMesh.BallOctant(1, Outer, around: n, inside: n, outside: 2 * n, growth: Math.Pow(3, 1.0 / (2 * n)));
        var basis = Basis.Vector(mesh, 2);
        var c = Tangent6.Isotropic(1, Poisson);
        var load = Assembly.Vector(basis, Elasticity.Eigenstrain(c, _ => eigen), Domain.Region("ball"));
        var constraints = new Constraints(basis.DofCount).Fix(basis, basis.NodesOn("outer"), x => Outside(eigen, x));
        foreach (var (plane, components) in symmetry)
        {
            foreach (var component in components)
            {
                // On the outer sphere the given displacement has this symmetry, up to rounding.
                foreach (var node in basis.NodesOn(plane).Where(n => !constraints.Contains(basis.Dof(n, component))))
                {
                    constraints.Fix(basis.Dof(node, component), 0);
                }
            }
        }

        var u = StaticProblem.Solve(basis, Elasticity.Stiffness(c), load, constraints).Solution;
        var ball = Domain.Region("ball");
        var volume = Assembly.Integral(basis, _ => 1, ball);
        Assert.Equal(Math.PI / 6, volume, 1e-3);
        var parts = Enumerable.Range(0, 6).Select(i => Assembly.Integral(basis, u, (QuadraturePoint _, VectorJet v) => v.Strain[i], ball) / volume).ToArray();
        var mean = new SymTensor3(parts[0], parts[1], parts[2], parts[3], parts[4], parts[5]);
        return (mean, Math.Sqrt(Assembly.Integral(basis, u, (QuadraturePoint _, VectorJet v) => Math.Pow((v.Strain - mean).Norm, 2), ball) / volume));
    }

    // S1111 = (7 − 5ν)/(15(1 − ν)), S1122 = (5ν − 1)/(15(1 − ν)), S1212 = (4 − 5ν)/(15(1 − ν)): 0.523810, 0.047619 and 0.238095. The strain goes there at the rate of
    // its elements or faster, (2/3)⁴ from the coarse mesh to the fine one.
    [Fact]
    public void A_ball_that_stretches_along_x_has_the_even_strain_of_Eshelby()
    {
        (SymTensor3 Mean, double Scatter) Stretched(int n) => Within(n, new(1, 0, 0, 0, 0, 0), ("left", [0]), ("front", [1]), ("bottom", [2]));
        var (coarse, fine) = (Stretched(2), Stretched(3));
        Assert.Equal(0.523810, fine.Mean.XX, 0.0005 * 0.523810);
        Assert.Equal(0.047619, fine.Mean.YY, 0.002 * 0.047619);
        Assert.Equal(fine.Mean.YY, fine.Mean.ZZ, 1e-9);
        Assert.InRange(fine.Scatter, 0, 0.0005);
        Assert.InRange(Math.Abs(fine.Mean.XX - 0.523810), 0, Math.Pow(2.0 / 3, 3.5) * Math.Abs(coarse.Mean.XX - 0.523810));
    }

    [Fact]
    public void A_ball_that_shears_has_the_even_strain_of_Eshelby()
    {
        // A shear in xy turns its sign in the mirrors x and y: there what moves along the mirror is zero. ε_xy = 2 S1212 ε*_xy.
        var (mean, scatter) = Within(3, new(0, 0, 0, 0, 0, 0.5), ("left", [1, 2]), ("front", [0, 2]), ("bottom", [2]));
        Assert.Equal(0.238095, mean.XY, 0.001 * 0.238095);
        Assert.InRange(scatter, 0, 0.0005);
    }
}
