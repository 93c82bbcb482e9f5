using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Tests.Continuum.Forms;

/// <summary>Cases with a known answer, of books and of common benchmarks.</summary>
public sealed class PublishedCasesTests
{
    private static double[] Sum(double[] a, double[] b) => [.. a.Zip(b, (x, y) => x + y)];

    // Irons' patch test in the form of MacNeal and Harder, Finite Elem. Anal. Des. 1 (1985) 3: five quadrilaterals without a right angle.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void The_patch_test_of_five_quadrilaterals_is_exact(int degree)
    {
        var mesh = new Mesh(
            [new(0, 0, 0), new(0.24, 0, 0), new(0.24, 0.12, 0), new(0, 0.12, 0), new(0.04, 0.02, 0), new(0.18, 0.03, 0), new(0.16, 0.08, 0), new(0.08, 0.08, 0)],
            [new(CellShape.Quadrilateral, 1, [0, 1, 5, 4, 1, 2, 6, 5, 2, 3, 7, 6, 3, 0, 4, 7, 4, 5, 6, 7])]);
        var c = Elasticity.PlaneStress(Tangent6.Isotropic(1e6, 0.25));
        var basis = Basis.Vector(mesh, degree);
        static Vec3 Exact(Vec3 x) => 1e-3 * new Vec3(x.X + (x.Y / 2), x.Y + (x.X / 2), 0);
        var u = new Constraints(basis.DofCount).Fix(basis, basis.NodesOnSurface(), Exact).Solve(Assembly.Matrix(basis, Elasticity.Stiffness(c)), new double[basis.DofCount]);

        for (var n = 0; n < basis.NodeCount; n++)
        {
            Assert.Equal(Exact(basis.Nodes[n]).X, u[2 * n], 1e-15);
            Assert.Equal(Exact(basis.Nodes[n]).Y, u[(2 * n) + 1], 1e-15);
        }

        // σxx = σyy = 1333.3, σxy = 400.
        var off = Assembly.Integral(basis, u, (QuadraturePoint _, VectorJet v) => (c.Stress(v.Strain) - new SymTensor3(4000.0 / 3, 4000.0 / 3, 0, 0, 0, 400)).Norm);
        Assert.Equal(0, off, 1e-9 * 0.24 * 0.12);
    }

    // Timoshenko, Goodier, "Theory of Elasticity", 3rd ed. (1970), section 21: a cantilever under a shear that is a parabola over its end.
    [Theory]
    [InlineData(CellShape.Quadrilateral, 1, 0.004)]
    [InlineData(CellShape.Quadrilateral, 2, 3e-6)]
    [InlineData(CellShape.Triangle, 2, 1e-5)]
    public void Timoshenkos_cantilever_bends_as_he_says(CellShape shape, int degree, double gate)
    {
        const double length = 8, depth = 1, young = 1000, nu = 0.3, load = 1, inertia = depth * depth * depth / 12;
        var c = Elasticity.PlaneStress(Tangent6.Isotropic(young, nu));
        static VectorJet Exact(Vec3 at)
        {
            var (x, y, f) = (at.X, at.Y, load / (6 * young * inertia));
            var ux = -f * y * ((((6 * length) - (3 * x)) * x) + ((2 + nu) * ((y * y) - (depth * depth / 4))));
            var uy = f * ((3 * nu * y * y * (length - x)) + ((4 + (5 * nu)) * depth * depth * x / 4) + (((3 * length) - x) * x * x));
            return new(new(ux, uy, 0), new(
                -f * y * ((6 * length) - (6 * x)), -f * ((((6 * length) - (3 * x)) * x) + ((2 + nu) * ((3 * y * y) - (depth * depth / 4)))), 0,
                f * ((-3 * nu * y * y) + ((4 + (5 * nu)) * depth * depth / 4) + (6 * length * x) - (3 * x * x)), f * 6 * nu * y * (length - x), 0, 0, 0, 0));
        }

        (double Tip, double L2, double H1) Bend(int n)
        {
            var mesh = StructuredMesh.Rectangle(length, depth, 4 * n, n, shape).Moved(x => x - new Vec3(0, depth / 2, 0));
            var basis = Basis.Vector(mesh, degree);
            var right = Assembly.Vector(basis, Elasticity.Traction(x => c.Stress(Exact(x.Position).Strain) * x.Normal), Domain.Boundary("right"));
            var u = new Constraints(basis.DofCount).Fix(basis, basis.NodesOn("left"), x => Exact(x).Value).Solve(Assembly.Matrix(basis, Elasticity.Stiffness(c)), right);
            var (l2, h1) = Assembly.Error(basis, u, Exact);
            return (u[basis.Dof(basis.NodesWhere(x => x.X == length && x.Y == 0)[0], 1)], l2, h1);
        }

        Assert.Equal(2.07, Exact(new(length, 0, 0)).Value.Y, 1e-12);
        var (coarse, fine) = (Bend(degree == 1 ? 12 : 4), Bend(degree == 1 ? 24 : 8));
        Assert.Equal(2.07, fine.Tip, gate * 2.07);

        // At least the order of theory: the field is a polynomial of degree 3, which such meshes meet better than most.
        Assert.InRange(Math.Log2(coarse.L2 / fine.L2), degree + 0.9, degree + 2.1);
        Assert.InRange(Math.Log2(coarse.H1 / fine.H1), degree - 0.1, degree + 1.1);
    }

    // Cook, Malkus, Plesha, "Concepts and Applications of Finite Element Analysis", 3rd ed. (1989): a tapered panel under a shear at its end. Often quoted
    // for the middle of the end is 23.96. The numbers of more digits are not published ones: an independent program computed them with quadratic quadrilaterals
    // on the same 64 × 64 mesh. Extrapolated from a row of meshes the middle moves by 23.967 ± 0.002.
    [Fact]
    public void Cooks_membrane_has_the_known_displacements()
    {
        var mesh = StructuredMesh.Rectangle(1, 1, 64, 64).Moved(x => new(48 * x.X, (44 * x.X) + (x.Y * (44 - (28 * x.X))), 0));
        var c = Elasticity.PlaneStress(Tangent6.Isotropic(1, 1.0 / 3));
        var basis = Basis.Vector(mesh, 2);
        var load = Assembly.Vector(basis, Elasticity.Traction(_ => new(0, 1.0 / 16, 0)), Domain.Boundary("right"));
        var u = new Constraints(basis.DofCount).Fix(basis, basis.NodesOn("left"), _ => Vec3.Zero).Solve(Assembly.Matrix(basis, Elasticity.Stiffness(c)), load, (a, y) =>
        {
            var x = new double[y.Length];
            ConjugateGradient.Solve(a, y, x, new SsorPreconditioner(a, 1.6), 1e-9);
            return x;
        });
        double At(double y) => u[basis.Dof(basis.NodesWhere(x => Math.Abs(x.X - 48) < 1e-9 && Math.Abs(x.Y - y) < 1e-9)[0], 1)];

        Assert.Equal(23.96, At(52), 0.001 * 23.96);
        Assert.Equal(23.967, At(52), 0.002);
        Assert.Equal(23.96504, At(52), 1e-5);
        Assert.Equal(25.16395, At(60), 1e-5);
        Assert.Equal(12.01935, 0.5 * FixedOrderSum.Dot(load, u), 1e-5);
    }

    // u = r^{2/3} sin(2θ/3) on the L: its gradient is singular at the corner, so uniform meshes of any degree converge with h^{2/3} only.
    [Theory]
    [InlineData(CellShape.Quadrilateral, 1)]
    [InlineData(CellShape.Triangle, 1)]
    [InlineData(CellShape.Quadrilateral, 2)]
    public void The_corner_of_an_L_limits_the_order_to_two_thirds(CellShape shape, int degree)
    {
        static ScalarJet Exact(Vec3 x)
        {
            var r = Math.Sqrt((x.X * x.X) + (x.Y * x.Y));
            if (r == 0)
            {
                return default;
            }

            // θ from the positive x axis through the body, 0 to 3π/2.
            var angle = Math.Atan2(x.Y, x.X);
            angle = angle < -0.25 * Math.PI ? angle + (2 * Math.PI) : angle;
            var (s, c, f) = (Math.Sin(2 * angle / 3), Math.Cos(2 * angle / 3), 2.0 / 3 * Math.Pow(r, -1.0 / 3));
            return new(Math.Pow(r, 2.0 / 3) * s, f * ((s * new Vec3(x.X / r, x.Y / r, 0)) + (c * new Vec3(-x.Y / r, x.X / r, 0))));
        }

        double Error(int n)
        {
            var basis = Basis.Scalar(StructuredMesh.LShape(n, shape), degree);
            var u = new Constraints(basis.DofCount).Fix(basis, basis.NodesOnSurface(), x => Exact(x).Value).Solve(Assembly.Matrix(basis, Heat.Conduction(1)), new double[basis.DofCount]);
            return Assembly.Error(basis, u, Exact).H1;
        }

        var n = degree == 1 ? 16 : 8;
        Assert.Equal(2.0 / 3, Math.Log2(Error(n) / Error(2 * n)), 0.05);

        // ∫ |∇u|² = ∫ u ∂ₙu over the surface.
        var energy = Assembly.Integral(Basis.Scalar(StructuredMesh.LShape(8, shape), 1, 9), x => Exact(x.Position).Value * Vec3.Dot(x.Normal, Exact(x.Position).Gradient), Domain.Boundary("outer"));
        Assert.Equal(1.83622666, energy, 1e-8);
    }

    // −Δu = 1 on the L with u = 0 all round, as in the torsion of a bar: ∫ |∇u|². The energies are not published ones: an independent program computed them
    // with bilinear elements on the same meshes. Extrapolated by Richardson's way they go to 0.2140758, of which the mesh of 64 lacks 0.06 %.
    [Theory]
    [InlineData(16, 0.21282626)]
    [InlineData(32, 0.21368858)]
    [InlineData(64, 0.21394929)]
    public void The_torsion_of_an_L_has_the_known_energies(int n, double expected)
    {
        var basis = Basis.Scalar(StructuredMesh.LShape(n), 1);
        var load = Assembly.Vector(basis, Heat.Source(_ => 1));
        var u = new Constraints(basis.DofCount).Fix(basis, basis.NodesOnSurface(), 0, 0).Solve(Assembly.Matrix(basis, Heat.Conduction(1)), load);
        Assert.Equal(expected, FixedOrderSum.Dot(load, u), 1e-8);
        Assert.InRange(0.2140758 - FixedOrderSum.Dot(load, u), 0, 0.055 * Math.Pow(n, -4.0 / 3));
    }

    // Kirsch, Z. Ver. Dtsch. Ing. 42 (1898) 797: a hole in a wide plate under tension σ along x.
    [Fact]
    public void Stress_around_a_hole_rises_to_three_times_the_tension()
    {
        var mesh = StructuredMesh.PlateWithHole(1, 40, 30, 24, growth: 1.2);
        var c = Elasticity.PlaneStress(Tangent6.Isotropic(1, 0.3));
        var basis = Basis.Vector(mesh, 2);
        var load = Assembly.Vector(basis, Elasticity.Traction(_ => new(1, 0, 0)), Domain.Boundary("right"));
        var u = new Constraints(basis.DofCount).Fix(basis, basis.NodesOn("left"), 0, 0).Fix(basis, basis.NodesOn("bottom"), 1, 0).Solve(Assembly.Matrix(basis, Elasticity.Stiffness(c)), load);
        var locator = new CellLocator(mesh);
        SymTensor3 Stress(double x, double y)
        {
            Assert.True(locator.TryFind(new(x, y, 0), out var cell, out var at));
            return c.Stress(basis.VectorAt(u, cell, at).Strain);
        }

        Assert.Equal(3, Stress(0, 1).XX, 0.03);
        Assert.Equal(-1, Stress(1, 0).YY, 0.01);
        Assert.Equal(1.21875, Stress(0, 2).XX, 0.0121875);
        Assert.Equal(1.07407, Stress(0, 3).XX, 0.0107407);
    }

    // Layers at right angles to z; a strain in periodic cells has the exact answer on any mesh that follows the layers.
    // After: Milton, "The Theory of Composites" (2002), section 9.2.
    [Theory]
    [InlineData(CellShape.Hexahedron, 1)]
    [InlineData(CellShape.Hexahedron, 2)]
    [InlineData(CellShape.Tetrahedron, 1)]
    public void A_laminate_of_two_materials_has_the_stiffness_of_theory(CellShape shape, int degree)
    {
        var mesh = StructuredMesh.Box(new(1, 1, 1), 2, 2, 4, shape).WithRegion("stiff", x => x.Z < 0.5).WithRegion("soft", x => x.Z > 0.5);
        var (stiff, soft) = (Tangent6.Isotropic(10, 0.3), Tangent6.Isotropic(1, 0.3));
        var basis = Basis.Vector(mesh, degree);
        var k = Assembly.Matrix(basis, Elasticity.Stiffness(stiff), Domain.Region("stiff"));
        Assembly.AddMatrix(k, basis, Elasticity.Stiffness(soft), Domain.Region("soft"));
        var effective = new double[36];
        for (var column = 0; column < 6; column++)
        {
            var voigt = new double[6];
            voigt[column] = 1;
            var strain = SymTensor3.FromVoigtStrain(voigt);
            var constraints = new Constraints(basis.DofCount).TiePeriodic(basis, strain.ToMatrix());
            var u = constraints.Fix(basis, basis.NodesWhere(x => x.Norm == 0), _ => Vec3.Zero).Solve(k, new double[basis.DofCount], (a, y) =>
            {
                var x = new double[y.Length];
                ConjugateGradient.Solve(a, y, x, new SsorPreconditioner(a), 1e-14);
                return x;
            });
            for (var row = 0; row < 6; row++)
            {
                var r = row;
                effective[(6 * row) + column] =
                    Assembly.Integral(basis, u, (QuadraturePoint _, VectorJet v) => stiff.Stress(v.Strain)[r], Domain.Region("stiff")) +
                    Assembly.Integral(basis, u, (QuadraturePoint _, VectorJet v) => soft.Stress(v.Strain)[r], Domain.Region("soft"));
            }
        }

        // The same by the averages of the layers: with ⟨·⟩ over the thickness, C33 = 1/⟨1/c33⟩, C13 = C33 ⟨c13/c33⟩, C44 = 1/⟨1/c44⟩, C66 = ⟨c66⟩,
        // C11 = ⟨c11 − c13²/c33⟩ + C13²/C33, C12 likewise.
        double Mean(Func<Tangent6, double> of) => 0.5 * (of(stiff) + of(soft));
        var c33 = 1 / Mean(c => 1 / c[2, 2]);
        var c13 = c33 * Mean(c => c[0, 2] / c[2, 2]);
        var c11 = Mean(c => c[0, 0] - (c[0, 2] * c[0, 2] / c[2, 2])) + (c13 * c13 / c33);
        var c12 = Mean(c => c[0, 1] - (c[0, 2] * c[0, 2] / c[2, 2])) + (c13 * c13 / c33);
        var (c44, c66) = (1 / Mean(c => 1 / c[3, 3]), Mean(c => c[5, 5]));
        Assert.Equal([2.447552, 1.048951, 6.493506, 2.262737, 0.699301, 2.115385], new[] { c33, c13, c11, c12, c44, c66 }.Select(x => Math.Round(x, 6)));
        double[] expected =
        [
            c11, c12, c13, 0, 0, 0, c12, c11, c13, 0, 0, 0, c13, c13, c33, 0, 0, 0,
            0, 0, 0, c44, 0, 0, 0, 0, 0, 0, c44, 0, 0, 0, 0, 0, 0, c66,
        ];
        for (var n = 0; n < 36; n++)
        {
            Assert.Equal(expected[n], effective[n], 1e-10);
        }
    }

    private static double EffectiveConductivity(Mesh mesh, int degree, Func<Vec3, double> k)
    {
        // The conductivity of the cell's middle holds for all of it; g = e_x, and the mean flux is that along x.
        var values = Enumerable.Range(0, mesh.CellCount).Select(c => k(mesh.Place(c, mesh.Geometry(c).Cell.Middle))).ToArray();
        var basis = Basis.Scalar(mesh, degree);
        var constraints = new Constraints(basis.DofCount).TiePeriodic(basis, new Vec3(1, 0, 0)).Fix(basis, basis.NodesWhere(x => x.Norm == 0), 0, 0);
        var u = constraints.Solve(Assembly.Matrix(basis, Heat.Conduction(x => values[x.Cell])), new double[basis.DofCount]);
        return Assembly.Integral(basis, u, (QuadraturePoint x, ScalarJet t) => values[x.Cell] * t.Gradient.X) / Assembly.Integral(basis, _ => 1);
    }

    // Keller, J. Math. Phys. 5 (1964) 548: the conductivity of a checkerboard is the geometric mean.
    [Fact]
    public void A_checkerboard_conducts_as_the_geometric_mean()
    {
        double At(int n) => EffectiveConductivity(StructuredMesh.Rectangle(1, 1, n, n), 2, x => (x.X < 0.5) == (x.Y < 0.5) ? 10 : 1);
        var (coarse, fine) = (At(32), At(64));
        Assert.Equal(Math.Sqrt(10), fine, 0.02 * Math.Sqrt(10));
        Assert.True(fine < coarse && fine > Math.Sqrt(10));      // The energy is minimized over fewer functions.
    }

    // Hashin, Shtrikman, J. Appl. Phys. 33 (1962) 3125: bounds 1.529412 to 2.340426 for one part of 10 in four parts of 1.
    [Fact]
    public void Balls_in_a_matrix_conduct_within_the_bounds_of_Hashin_and_Shtrikman()
    {
        // The cells within the ball are 280 of 12³; the bounds are those of this fraction.
        const int n = 12;
        static bool Inside(Vec3 x) => (x - new Vec3(0.5, 0.5, 0.5)).Norm < 0.341;
        var mesh = StructuredMesh.Box(new(1, 1, 1), n, n, n);
        var f = Enumerable.Range(0, mesh.CellCount).Count(c => Inside(mesh.Place(c, new(0.5, 0.5, 0.5)))) / (double)mesh.CellCount;
        static double Bound(double host, double other, double f) => host + (f / ((1 / (other - host)) + ((1 - f) / (3 * host))));
        Assert.Equal([1.529412, 2.340426], new[] { Bound(1, 10, 0.2), Bound(10, 1, 0.8) }.Select(x => Math.Round(x, 6)));
        var found = EffectiveConductivity(mesh, 1, x => Inside(x) ? 10 : 1);

        Assert.InRange(f, 0.15, 0.2);
        Assert.InRange(found, Bound(1, 10, f), Bound(10, 1, 1 - f));
    }
}
