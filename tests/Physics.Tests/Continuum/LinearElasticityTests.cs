using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Tests.Continuum;

/// <summary>The hexahedron and elasticity on it.</summary>
public sealed class LinearElasticityTests
{
    private static readonly Tangent6 _copper = Tangent6.Cubic(167.27, 124.15, 76.45);

    [Fact]
    public void Functions_are_one_at_their_node_sum_to_one_and_have_the_gradients_of_their_differences()
    {
        foreach (var at in HexElement.QuadraturePoints.Append(new Vec3(0.3, -0.8, 0.1)))
        {
            Assert.Equal(1, Enumerable.Range(0, 8).Select(a => HexElement.Value(a, at)).Aggregate((x, y) => x + y), 1e-15);
            for (var a = 0; a < 8; a++)
            {
                const double h = 1e-6;
                var gradient = HexElement.ReferenceGradient(a, at);
                Assert.Equal((HexElement.Value(a, at + new Vec3(h, 0, 0)) - HexElement.Value(a, at - new Vec3(h, 0, 0))) / (2 * h), gradient.X, 1e-9);
                Assert.Equal((HexElement.Value(a, at + new Vec3(0, h, 0)) - HexElement.Value(a, at - new Vec3(0, h, 0))) / (2 * h), gradient.Y, 1e-9);
                Assert.Equal((HexElement.Value(a, at + new Vec3(0, 0, h)) - HexElement.Value(a, at - new Vec3(0, 0, h))) / (2 * h), gradient.Z, 1e-9);
            }
        }

        for (var a = 0; a < 8; a++)
        {
            for (var b = 0; b < 8; b++)
            {
                Assert.Equal(a == b ? 1 : 0, HexElement.Value(a, HexElement.Node(b)));
            }
        }
    }

    // A mesh without a right angle: inner nodes are moved, those on the surface stay.
    private static HexMesh Distorted(int n) => HexMesh.Box(new Vec3(1, 1, 1), n, n, n).Moved(x =>
    {
        var bubble = x.X * (1 - x.X) * x.Y * (1 - x.Y) * x.Z * (1 - x.Z);
        return x + (4 * bubble * new Vec3(Math.Sin(9 * x.Y), Math.Cos(7 * x.Z), Math.Sin((8 * x.X) + 1)));
    });

    private static SortedDictionary<int, double> OnSurface(HexMesh mesh, Func<Vec3, Vec3> u)
    {
        var given = new SortedDictionary<int, double>();
        for (var n = 0; n < mesh.NodeCount; n++)
        {
            var x = mesh.Nodes[n];
            if (x.X is 0 or 1 || x.Y is 0 or 1 || x.Z is 0 or 1)
            {
                for (var i = 0; i < 3; i++)
                {
                    given[(3 * n) + i] = u(x)[i];
                }
            }
        }

        return given;
    }

    [Fact]
    public void A_linear_displacement_is_exact_on_a_distorted_mesh()
    {
        var mesh = Distorted(4);
        Vec3 Exact(Vec3 x) => 1e-3 * new Vec3(x.X + (0.5 * x.Y) - x.Z, x.Y - (0.3 * x.X), (2 * x.Z) + (0.1 * x.Y));
        var (u, _) = LinearElasticity.Solve(LinearElasticity.Stiffness(mesh, _copper), new double[3 * mesh.NodeCount], OnSurface(mesh, Exact), 1e-15);

        for (var n = 0; n < mesh.NodeCount; n++)
        {
            for (var i = 0; i < 3; i++)
            {
                Assert.Equal(Exact(mesh.Nodes[n])[i], u[(3 * n) + i], 1e-15);      // 1e-12 of the displacement.
            }
        }

        var strain = LinearElasticity.Strain(mesh, u, 17, new Vec3(0.2, 0.1, -0.4));
        Assert.Equal(0, (strain - SymTensor3.FromVoigtStrain([1e-3, 1e-3, 2e-3, 0.1e-3, -1e-3, 0.2e-3])).Norm, 1e-14);
    }

    [Fact]
    public void The_error_falls_with_order_two_in_the_displacement_and_order_one_in_the_strain()
    {
        // u = (sin πx sin πy sin πz) (1, 2, -1)·1e-3 and b = −div C : ε(u), by the second derivatives of the sines.
        var direction = new Vec3(1, 2, -1);
        static double S(double x) => Math.Sin(Math.PI * x);
        static double C(double x) => Math.Cos(Math.PI * x);
        Vec3 Exact(Vec3 x) => S(x.X) * S(x.Y) * S(x.Z) * direction;
        Vec3 Force(Vec3 x)
        {
            var (s, cc) = (S(x.X) * S(x.Y) * S(x.Z), Math.PI * Math.PI);
            var (xy, xz, yz) = (cc * C(x.X) * C(x.Y) * S(x.Z), cc * C(x.X) * S(x.Y) * C(x.Z), cc * S(x.X) * C(x.Y) * C(x.Z));
            var (c11, c12, c44) = (_copper[0, 0], _copper[0, 1], _copper[3, 3]);
            var (d, diagonal, mixed) = (direction, (c11 + (2 * c44)) * cc * s, c12 + c44);
            return new Vec3((diagonal * d.X) - (mixed * ((xy * d.Y) + (xz * d.Z))), (diagonal * d.Y) - (mixed * ((xy * d.X) + (yz * d.Z))), (diagonal * d.Z) - (mixed * ((xz * d.X) + (yz * d.Y))));
        }

        SymTensor3 ExactStrain(Vec3 x)
        {
            var g = Math.PI * new Vec3(C(x.X) * S(x.Y) * S(x.Z), S(x.X) * C(x.Y) * S(x.Z), S(x.X) * S(x.Y) * C(x.Z));
            return SymTensor3.SymmetricPart(Matrix3.FromColumns(g.X * direction, g.Y * direction, g.Z * direction));
        }

        (double L2, double H1) Error(int n)
        {
            var mesh = HexMesh.Box(new Vec3(1, 1, 1), n, n, n);
            var (u, _) = LinearElasticity.Solve(LinearElasticity.Stiffness(mesh, _copper), LinearElasticity.BodyForce(mesh, Force), OnSurface(mesh, _ => Vec3.Zero), 1e-12);
            var (l2, h1) = (0.0, 0.0);
            var gradients = new Vec3[8];
            for (var cell = 0; cell < mesh.CellCount; cell++)
            {
                // Off the quadrature points, where the strain would be better than it is elsewhere.
                foreach (var at in HexElement.QuadraturePoints.Select(p => 1.3 * p))
                {
                    var weight = HexElement.Gradients(mesh, cell, at, gradients);
                    var (place, value) = (Vec3.Zero, Vec3.Zero);
                    for (var a = 0; a < 8; a++)
                    {
                        var node = mesh.Cell(cell)[a];
                        place += HexElement.Value(a, at) * mesh.Nodes[node];
                        value += HexElement.Value(a, at) * new Vec3(u[3 * node], u[(3 * node) + 1], u[(3 * node) + 2]);
                    }

                    l2 += weight * (value - Exact(place)).NormSquared;
                    var difference = LinearElasticity.Strain(mesh, u, cell, at) - ExactStrain(place);
                    h1 += weight * SymTensor3.Contract(difference, difference);
                }
            }

            return (Math.Sqrt(l2), Math.Sqrt(h1));
        }

        var (coarse, fine) = (Error(6), Error(12));

        Assert.Equal(2, Math.Log2(coarse.L2 / fine.L2), 0.1);
        Assert.Equal(1, Math.Log2(coarse.H1 / fine.H1), 0.1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_pulled_bar_has_the_moduli_of_its_tangent(bool diagonal)
    {
        var axes = diagonal ? Matrix3.FromRows(new Vec3(1, 1, 0).Normalized(), new Vec3(-1, 1, 0).Normalized(), new Vec3(0, 0, 1)) : Matrix3.Identity;
        var tangent = _copper.Rotated(axes);
        var (response, stress) = SolidBar.Pull(new Vec3(0.1, 0.02, 0.03), (5, 2, 3), tangent, new SymTensor3(0.2, 0, 0, 0, 0, 0), 1e-3);

        // The stress is uniform: the discrete solution is the exact one, to the tolerance 1e-13 of the solver over the strain.
        var young = tangent.YoungsModulus(new Vec3(1, 0, 0));
        Assert.Equal(young, response.YoungsModulus, 1e-9 * young);
        Assert.Equal(tangent.PoissonsRatio(new Vec3(1, 0, 0), new Vec3(0, 1, 0)), response.PoissonsRatioY, 1e-9);
        Assert.Equal(tangent.PoissonsRatio(new Vec3(1, 0, 0), new Vec3(0, 0, 1)), response.PoissonsRatioZ, 1e-9);
        Assert.Equal(0.2 + (1e-3 * young), stress, 1e-9);
    }

    [Fact]
    public void A_cell_turned_inside_out_is_refused_by_name()
    {
        var mesh = HexMesh.Box(new Vec3(1, 1, 1), 1, 1, 1).Moved(x => new Vec3(x.Y, x.X, x.Z));

        Assert.Contains("Cell 0", Assert.Throws<ScaleModelException>(() => LinearElasticity.Stiffness(mesh, _copper)).Message, StringComparison.Ordinal);
    }
}
