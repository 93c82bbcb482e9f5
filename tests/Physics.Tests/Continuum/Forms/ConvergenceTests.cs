using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Continuum.Elements;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Tests.Continuum.Forms;

/// <summary>Manufactured solutions, on every element: the error falls with the order of theory, p + 1 in L2 and p in H1.</summary>
public sealed class ConvergenceTests
{
    public static IEnumerable<object[]> Elements => Lagrange.All.Select(e => new object[] { e.Cell.Shape, e.Degree });

    public static IEnumerable<object[]> SolidElements => Lagrange.All.Where(e => e.Cell.Dimension > 1).Select(e => new object[] { e.Cell.Shape, e.Degree });

    internal static Mesh Unit(CellShape shape, int n) => ReferenceCell.Of(shape).Dimension switch
    {
        1 => StructuredMesh.Interval(1, n),
        2 => StructuredMesh.Rectangle(1, 1, n, n, shape),
        _ => StructuredMesh.Box(new(1, 1, 1), n, n, n, shape),
    };

    // u = e^{a·x} sin(b·x) with its gradient and second derivatives; no symmetry helps it.
    private static (ScalarJet Jet, Matrix3 Second) Field(Vec3 x, int dimension)
    {
        var (a, b) = (new Vec3(0.6, dimension > 1 ? -0.4 : 0, dimension > 2 ? 0.5 : 0), new Vec3(2.1, dimension > 1 ? 1.7 : 0, dimension > 2 ? -1.3 : 0));
        var e = Math.Exp(Vec3.Dot(a, x));
        var (s, c) = (e * Math.Sin(Vec3.Dot(b, x)), e * Math.Cos(Vec3.Dot(b, x)));
        var second = (s * (Matrix3.Dyad(a, a) - Matrix3.Dyad(b, b))) + (c * (Matrix3.Dyad(a, b) + Matrix3.Dyad(b, a)));
        return (new(s, (s * a) + (c * b)), second);
    }

    private static int Coarse(CellShape shape, int degree) => (ReferenceCell.Of(shape).Dimension, degree) switch { (3, 2) => 3, (3, 1) => shape == CellShape.Tetrahedron ? 9 : 6, (2, _) => 8, _ => 16 };

    private static void HasOrder(int degree, (double L2, double H1) coarse, (double L2, double H1) fine)
    {
        Assert.Equal(degree + 1, Math.Log2(coarse.L2 / fine.L2), 0.1);
        Assert.Equal(degree, Math.Log2(coarse.H1 / fine.H1), 0.1);
    }

    [Theory]
    [MemberData(nameof(Elements))]
    public void Heat_with_anisotropic_conduction_source_flux_and_exchange(CellShape shape, int degree)
    {
        var d = ReferenceCell.Of(shape).Dimension;
        var k = d switch { 1 => Matrix3.Diagonal(2, 0, 0), 2 => new(2, 0.5, 0, 0.5, 1, 0, 0, 0, 0), _ => new Matrix3(2, 0.5, -0.2, 0.5, 1, 0.3, -0.2, 0.3, 1.5) };
        const double h = 0.7;
        (double, double) Error(int n)
        {
            // −∇·(k ∇u) = q in the body, u = u* at the left, h (T∞ − u) = k ∂ₙu at the right, a given flux elsewhere.
            var mesh = Unit(shape, n);
            var basis = Basis.Scalar(mesh, degree);
            var matrix = Assembly.Matrix(basis, Heat.Conduction(k));
            Assembly.AddMatrix(matrix, basis, Heat.Robin(h), Domain.Boundary("right"));
            var load = Assembly.Vector(basis, Heat.Source(x => -Matrix3.Contract(k, Field(x, d).Second)));
            void Add(double[] part)
            {
                for (var i = 0; i < load.Length; i++)
                {
                    load[i] += part[i];
                }
            }

            double Inflow(QuadraturePoint x) => Vec3.Dot(x.Normal, k * Field(x.Position, d).Jet.Gradient);
            foreach (var side in mesh.Boundaries.Keys.Where(b => b is not "left"))
            {
                Add(Assembly.Vector(basis, Heat.Flux(Inflow), Domain.Boundary(side)));
            }

            Add(Assembly.Vector(basis, Heat.RobinLoad(h, x => Field(x, d).Jet.Value), Domain.Boundary("right")));
            var u = new Constraints(basis.DofCount).Fix(basis, basis.NodesOn("left"), x => Field(x, d).Jet.Value).Solve(matrix, load);
            return Assembly.Error(basis, u, x => Field(x, d).Jet);
        }

        var n = Coarse(shape, degree);
        HasOrder(degree, Error(n), Error(2 * n));
    }

    [Theory]
    [MemberData(nameof(SolidElements))]
    public void Elasticity_of_an_orthotropic_body_with_traction_and_bedding(CellShape shape, int degree)
    {
        var d = ReferenceCell.Of(shape).Dimension;
        var c = Elasticity.Orthotropic(new(10, 6, 3), (0.25, 0.3, 0.2), (1.5, 2, 2.5)).Rotated(Matrix3.FromRows(new Vec3(1, 1, 0).Normalized(), new Vec3(-1, 1, 0).Normalized(), new(0, 0, 1)));
        Vec3[] direction = [new(1, 0, 0), new(0, 1, 0), new(0, 0, 1)];
        const double bedding = 1.5;

        // u_i = f(x + shift of i): three unlike fields.
        (ScalarJet Jet, Matrix3 Second) Part(Vec3 x, int i) => Field(x + (0.3 * i * new Vec3(1, d > 1 ? -1 : 0, d > 2 ? 0.5 : 0)), d);
        VectorJet Exact(Vec3 x)
        {
            var sum = default(VectorJet);
            for (var i = 0; i < d; i++)
            {
                sum += new VectorJet(Part(x, i).Jet.Value * direction[i], Matrix3.Dyad(direction[i], Part(x, i).Jet.Gradient));
            }

            return sum;
        }

        // b_i = −∂_k C_ikjl ∂_l u_j: the divergence of the stress, by the stresses of the derivatives of the strain.
        Vec3 Force(Vec3 x)
        {
            var sum = Vec3.Zero;
            for (var k = 0; k < d; k++)
            {
                var derivative = default(Matrix3);
                for (var j = 0; j < d; j++)
                {
                    derivative += Matrix3.Dyad(direction[j], Part(x, j).Second.Column(k));
                }

                sum -= c.Stress(SymTensor3.SymmetricPart(derivative)) * direction[k];
            }

            return sum;
        }

        (double, double) Error(int n)
        {
            var mesh = Unit(shape, n);
            var basis = Basis.Vector(mesh, degree);
            var matrix = Assembly.Matrix(basis, Elasticity.Stiffness(c));
            Assembly.AddMatrix(matrix, basis, Elasticity.Bedding(bedding), Domain.Boundary("right"));
            var load = Assembly.Vector(basis, Elasticity.BodyForce(Force));
            foreach (var side in mesh.Boundaries.Keys.Where(b => b is not "left"))
            {
                var part = Assembly.Vector(
                    basis, Elasticity.Traction(x => (c.Stress(Exact(x.Position).Strain) * x.Normal) + (side == "right" ? bedding * Exact(x.Position).Value : Vec3.Zero)), Domain.Boundary(side));
                for (var i = 0; i < load.Length; i++)
                {
                    load[i] += part[i];
                }
            }

            var u = new Constraints(basis.DofCount).Fix(basis, basis.NodesOn("left"), x => Exact(x).Value).Solve(matrix, load);
            return Assembly.Error(basis, u, Exact);
        }

        var n = Coarse(shape, degree);
        HasOrder(degree, Error(n), Error(2 * n));
    }

    [Theory]
    [InlineData(CellShape.Triangle)]
    [InlineData(CellShape.Quadrilateral)]
    public void Curved_elements_keep_their_order_on_a_ring(CellShape shape)
    {
        // u = ln r, harmonic, with u = 0 at r = 1 and the flux 1/r = ½ at r = 2.
        (double, double) Error(int n)
        {
            var mesh = StructuredMesh.QuarterRing(1, 2, n, 2 * n, shape);
            var basis = Basis.Scalar(mesh, 2);
            Assert.Equal(mesh.Points.Length, basis.NodeCount);
            var load = Assembly.Vector(basis, Heat.Flux(_ => 0.5), Domain.Boundary("outer"));
            var u = new Constraints(basis.DofCount).Fix(basis, basis.NodesOn("inner"), 0, 0).Solve(Assembly.Matrix(basis, Heat.Conduction(1)), load);
            return Assembly.Error(basis, u, x => new(0.5 * Math.Log(x.NormSquared), x / x.NormSquared));
        }

        HasOrder(2, Error(4), Error(8));
    }

    [Theory]
    [InlineData(CellShape.Tetrahedron)]
    [InlineData(CellShape.Hexahedron)]
    [InlineData(CellShape.Triangle)]
    [InlineData(CellShape.Quadrilateral)]
    public void Capacity_and_a_conductivity_that_varies(CellShape shape)
    {
        // −∇·(k ∇u) + ρ u = q with k = 1 + x², all round given.
        var d = ReferenceCell.Of(shape).Dimension;
        (double, double) Error(int n)
        {
            var basis = Basis.Scalar(Unit(shape, n), 1);
            var form = Heat.Conduction(x => 1 + (x.Position.X * x.Position.X)) + Heat.Capacity(3);
            var load = Assembly.Vector(basis, Heat.Source(x =>
            {
                var (jet, second) = Field(x, d);
                return (3 * jet.Value) - ((1 + (x.X * x.X)) * second.Trace) - (2 * x.X * jet.Gradient.X);
            }));
            var u = new Constraints(basis.DofCount).Fix(basis, basis.NodesOnSurface(), x => Field(x, d).Jet.Value).Solve(Assembly.Matrix(basis, form), load);
            return Assembly.Error(basis, u, x => Field(x, d).Jet);
        }

        var n = Coarse(shape, 1);
        HasOrder(1, Error(n), Error(2 * n));
    }

    [Theory]
    [InlineData(CellShape.Quadrilateral)]
    [InlineData(CellShape.Hexahedron)]
    public void Mean_dilatation_keeps_a_nearly_incompressible_body_from_locking(CellShape shape)
    {
        // A field without divergence, u = rot of (sin x sin y)-like potentials, at ν = 0.4999.
        var c = Tangent6.Isotropic(1, 0.4999);
        var mu = 1 / (2 * 1.4999);
        static Vec3 U(Vec3 x) => new(Math.Sin(2 * x.X) * Math.Cos(2 * x.Y), -Math.Cos(2 * x.X) * Math.Sin(2 * x.Y), 0);
        static VectorJet Exact(Vec3 x)
        {
            var (sx, cx, sy, cy) = (Math.Sin(2 * x.X), Math.Cos(2 * x.X), Math.Sin(2 * x.Y), Math.Cos(2 * x.Y));
            return new(U(x), new(2 * cx * cy, -2 * sx * sy, 0, 2 * sx * sy, -2 * cx * cy, 0, 0, 0, 0));
        }

        (double L2, double H1) Error(BilinearForm form, int n)
        {
            // −div σ = −μ Δu = 8 μ u.
            var basis = Basis.Vector(Unit(shape, n), 1);
            var load = Assembly.Vector(basis, Elasticity.BodyForce(x => 8 * mu * U(x)));
            var u = new Constraints(basis.DofCount).Fix(basis, basis.NodesOnSurface(), U).Solve(Assembly.Matrix(basis, form), load);
            return Assembly.Error(basis, u, Exact);
        }

        var n = shape == CellShape.Hexahedron ? 4 : 8;
        var (coarse, fine) = (Error(Elasticity.StiffnessBBar(c), n), Error(Elasticity.StiffnessBBar(c), 2 * n));
        Assert.Equal(2, Math.Log2(coarse.L2 / fine.L2), 0.05);
        Assert.Equal(1, Math.Log2(coarse.H1 / fine.H1), 0.05);
        Assert.True(Error(Elasticity.Stiffness(c), 2 * n).L2 > (shape == CellShape.Hexahedron ? 2 : 5) * fine.L2);
    }
}
