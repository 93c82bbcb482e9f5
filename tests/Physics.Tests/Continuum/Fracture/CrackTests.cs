using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Fracture;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using CsCheck;

namespace ActorMultiscale.Tests.Continuum.Fracture;

/// <summary>Fields at the tips of cracks, and the integrals that measure them.</summary>
public sealed class CrackTests
{
    private const double Young = 7, Poisson = 0.3;

    /// <summary>[−1, 1]² with a crack from the left to the origin, cells finer toward it.</summary>
    internal static Mesh Cracked(int half, double power, CellShape shape = CellShape.Quadrilateral)
    {
        double Graded(double s) => Math.Sign(s) * Math.Pow(Math.Abs(s), power);
        var mesh = StructuredMesh.Rectangle(2, 2, 2 * half, 2 * half, shape).Moved(x => new(Graded(x.X - 1), Graded(x.Y - 1), 0));
        return MeshCut.Along(mesh.WithInnerBoundary("crack", x => x.Y == 0 && x.X <= 0), "crack");
    }

    /// <summary>Gives the displacement of a crack along the x axis to all nodes on the surface but inside its faces.</summary>
    internal static Constraints Given(Basis basis, CrackField field, params string[] boundaries)
    {
        var constraints = new Constraints(basis.DofCount);
        var side = new double[basis.NodeCount];
        for (var c = 0; c < basis.Mesh.CellCount; c++)
        {
            foreach (var n in basis.CellNodes(c))
            {
                side[n] = basis.Mesh.Place(c, basis.Mesh.Geometry(c).Cell.Middle).Y;
            }
        }

        foreach (var n in boundaries.SelectMany(b => basis.NodesOn(b)).Distinct())
        {
            var x = basis.Nodes[n] - field.Tip;
            var u = field.Displacement(x.Norm, x.Y == 0 && x.X < 0 ? Math.Sign(side[n]) * Math.PI : Math.Atan2(x.Y, x.X));
            constraints.Fix(basis.Dof(n, 0), u.X).Fix(basis.Dof(n, 1), u.Y);
        }

        return constraints;
    }

    private static Tangent6 Tangent(bool isPlaneStress) => isPlaneStress ? Elasticity.PlaneStress(Tangent6.Isotropic(Young, Poisson)) : Tangent6.Isotropic(Young, Poisson);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void The_field_is_one_of_elasticity_without_load_on_the_faces(bool isPlaneStress)
    {
        Gen.Select(Gen.Double[0.01, 2], Gen.Double[-3.1, 3.1], Gen.Double[-3, 3], Gen.Double[-2, 2], Gen.Double[-2, 2]).Sample((r, angle, turn, one, two) =>
        {
            var (sin, cos) = Math.SinCos(turn);
            var (ahead, across, tip) = (new Vec3(cos, sin, 0), new Vec3(-sin, cos, 0), new Vec3(0.3, -0.2, 0));
            var field = new CrackField(tip, ahead, one, two, Young, Poisson, isPlaneStress);
            Vec3 At(double radius, double theta) => tip + (radius * ((Math.Cos(theta) * ahead) + (Math.Sin(theta) * across)));
            var x = At(r, angle);
            Assert.True((field.Displacement(x) - field.Displacement(r, angle)).Norm < 1e-12);

            // ∇u by differences, σ by Hooke's law (with the strain across the plane for plane stress by σ_zz = 0), and div σ = 0.
            var h = 1e-5 * r;
            Vec3 dx = new(h, 0, 0), dy = new(0, h, 0);
            var gradient = field.Gradient(x);
            var scale = 1 / Math.Sqrt(r);
            Assert.True(((field.Displacement(x + dx) - field.Displacement(x - dx)) / (2 * h) - gradient.Column(0)).Norm < 1e-7 * scale);
            Assert.True(((field.Displacement(x + dy) - field.Displacement(x - dy)) / (2 * h) - gradient.Column(1)).Norm < 1e-7 * scale);
            var (stress, hooke) = (field.Stress(x), Tangent(isPlaneStress).Stress(SymTensor3.SymmetricPart(gradient)));
            Assert.True((stress - hooke).Norm < 1e-12 * scale, $"{stress} {hooke}");
            var divergence = ((field.Stress(x + dx) - field.Stress(x - dx)) * new Vec3(1, 0, 0)) + ((field.Stress(x + dy) - field.Stress(x - dy)) * new Vec3(0, 1, 0));
            Assert.True((divergence / (2 * h)).Norm < 1e-6 * scale / r);
            Assert.True((field.Stress(At(r, Math.PI - 1e-13)) * across).Norm < 1e-11 * scale);

            // Ahead σ₂₂ and σ₁₂ are K/√(2πr).
            var front = field.Stress(At(r, 0)) * across;
            Assert.Equal(one, Math.Sqrt(2 * Math.PI * r) * Vec3.Dot(front, across), 1e-10);
            Assert.Equal(two, Math.Sqrt(2 * Math.PI * r) * Vec3.Dot(front, ahead), 1e-10);
        }, iter: 200);
    }

    // The field of K = σ √(π a) = 1.772454 (σ = a = 1), and one with K_II, given on the surface far from the tip.
    [Theory]
    [InlineData(CellShape.Quadrilateral, 2, 1.772454, 0, true)]
    [InlineData(CellShape.Quadrilateral, 2, 1.772454, 0.8, false)]
    [InlineData(CellShape.Triangle, 2, 1.772454, -0.8, true)]
    [InlineData(CellShape.Quadrilateral, 1, 1.772454, 0.8, true)]
    public void The_integrals_find_the_intensities_that_were_given_on_any_ring(CellShape shape, int degree, double one, double two, bool isPlaneStress)
    {
        var basis = Basis.Vector(Cracked(degree == 2 ? 10 : 24, degree == 2 ? 3 : 2, shape), degree);
        var field = new CrackField(Vec3.Zero, new(1, 0, 0), one, two, Young, Poisson, isPlaneStress);
        var tangent = Tangent(isPlaneStress);
        var u = Given(basis, field, "left", "right", "bottom", "top").Solve(Assembly.Matrix(basis, Elasticity.Stiffness(tangent)), new double[basis.DofCount]);
        List<double> found = [];
        foreach (var (inner, outer) in new[] { (0.05, 0.2), (0.2, 0.5), (0.5, 0.9), (0.1, 0.9) })
        {
            var ring = new DomainIntegral(basis, Vec3.Zero, new(2, 0, 0), inner, outer);
            var factors = ring.IntensityFactors(u, Young, Poisson, isPlaneStress);
            Assert.Equal(one, factors.ModeI, 0.01 * one);
            Assert.Equal(two, factors.ModeII, 0.01 * one);
            Assert.Equal(field.EnergyRelease, ring.EnergyRelease(u, tangent), 0.01 * field.EnergyRelease);
            found.AddRange([ring.EnergyRelease(u, tangent) / field.EnergyRelease, factors.ModeI / one]);
        }

        Assert.InRange(found.Where((_, n) => n % 2 == 0).Max() - found.Where((_, n) => n % 2 == 0).Min(), 0, 0.005);
        Assert.InRange(found.Where((_, n) => n % 2 == 1).Max() - found.Where((_, n) => n % 2 == 1).Min(), 0, 0.005);
    }

    // A strip of width 1 and length 6 with a crack of ½ from its edge, and, by symmetry, one of width 2 with a crack of 1 in its middle: K = F σ √(π a).
    // After: Tada, Paris, Irwin, "The Stress Analysis of Cracks Handbook", 3rd ed. (2000), sections 2.10 (F = 2.8264) and 2.1 (F = √sec(π/4) = 1.189207).
    [Theory]
    [InlineData(false, 2.8264)]
    [InlineData(true, 1.189207)]
    public void Cracked_strips_have_the_intensities_of_the_handbook(bool inTheMiddle, double factor)
    {
        var mesh = Cracked(12, 3).Moved(x => new(0.5 + (0.5 * x.X), 3 * x.Y, 0));
        var basis = Basis.Vector(mesh, 2);
        var tangent = Tangent(true);
        var load = Assembly.Vector(basis, Elasticity.Traction(x => new(0, 1, 0)), Domain.Boundary("top"));
        foreach (var (n, f) in Assembly.Vector(basis, Elasticity.Traction(x => new(0, -1, 0)), Domain.Boundary("bottom")).Index())
        {
            load[n] += f;
        }

        var (right, corner) = (basis.NodesWhere(x => x == new Vec3(1, 0, 0)).Single(), basis.NodesWhere(x => x == new Vec3(1, 3, 0)).Single());
        var constraints = new Constraints(basis.DofCount).Fix(basis.Dof(right, 1), 0);
        constraints = inTheMiddle ? constraints.Fix(basis, basis.NodesOn("left"), 0, 0) : constraints.Fix(basis.Dof(right, 0), 0).Fix(basis.Dof(corner, 0), 0);
        var u = constraints.Solve(Assembly.Matrix(basis, Elasticity.Stiffness(tangent)), load);
        var ring = new DomainIntegral(basis, new(0.5, 0, 0), new(1, 0, 0), 0.1, 0.4);
        var (one, two) = ring.IntensityFactors(u, Young, Poisson, isPlaneStress: true);
        var unit = Math.Sqrt(0.5 * Math.PI);
        Assert.Equal(factor, one / unit, 0.01 * factor);
        Assert.Equal(0, two / unit, 1e-6);
        Assert.Equal(factor, Math.Sqrt(Young * ring.EnergyRelease(u, tangent)) / unit, 0.01 * factor);
    }

    [Fact]
    public void Above_a_line_of_symmetry_the_integrals_are_half_of_the_whole()
    {
        var field = new CrackField(Vec3.Zero, new(1, 0, 0), 1, 0, Young, Poisson);
        var basis = Basis.Vector(StructuredMesh.Kept(Cracked(10, 3), x => x.Y > 0).WithBoundary("far", x => Math.Abs(x.X) == 1 || x.Y == 1), 2);
        var constraints = Given(basis, field, "far").Fix(basis, basis.NodesWhere(x => x.Y == 0 && x.X is >= 0 and < 1), 1, 0);
        var u = constraints.Solve(Assembly.Matrix(basis, Elasticity.Stiffness(Tangent(false))), new double[basis.DofCount]);
        var ring = new DomainIntegral(basis, Vec3.Zero, new(1, 0, 0), 0.1, 0.6);
        Assert.Equal(0.5 * field.EnergyRelease, ring.EnergyRelease(u, Tangent(false)), 0.005 * field.EnergyRelease);
        Assert.Equal(0.5, ring.IntensityFactors(u, Young, Poisson).ModeI, 0.005);
    }

    [Fact]
    public void Rings_that_are_none_are_refused()
    {
        var basis = Basis.Vector(Cracked(4, 1), 1);
        string Message(Vec3 tip, Vec3 ahead, double inner, double outer) => Assert.Throws<ScaleModelException>(() => new DomainIntegral(basis, tip, ahead, inner, outer)).Message;
        Assert.Contains("inner < outer", Message(Vec3.Zero, new(1, 0, 0), 0.5, 0.4), StringComparison.Ordinal);
        Assert.Contains("not along the crack", Message(Vec3.Zero, new(1, 0, 0), 0.5, 1.1), StringComparison.Ordinal);
        Assert.Contains("not along the crack", Message(Vec3.Zero, new(1, 1, 0), 0.2, 0.6), StringComparison.Ordinal);
        Assert.Contains("No node", Message(new(5, 0, 0), new(1, 0, 0), 0.2, 0.6), StringComparison.Ordinal);
        foreach (var bad in new[] { new Vec3(double.NaN, 0, 0), new(0, 0, 0.1), new(0, double.PositiveInfinity, 0) })
        {
            Assert.Contains("a tip and a direction in the plane", Message(bad, new(1, 0, 0), 0.2, 0.6), StringComparison.Ordinal);
            Assert.Contains("a tip and a direction in the plane", Assert.Throws<ScaleModelException>(() => new CrackField(bad, new(1, 0, 0), 1, 0, 1, 0.3)).Message, StringComparison.Ordinal);
        }

        Assert.Contains("a tip and a direction in the plane", Message(Vec3.Zero, new(double.PositiveInfinity, 0, 0), 0.2, 0.6), StringComparison.Ordinal);

        // Top and bottom of a flat strip are along the crack too, but not its faces.
        var strip = Basis.Vector(Cracked(6, 1).Moved(x => new(0.5 + (0.5 * x.X), 0.3 * x.Y, 0)), 1);
        Assert.Contains("not along the crack", Assert.Throws<ScaleModelException>(() => new DomainIntegral(strip, new(0.5, 0, 0), new(1, 0, 0), 0.1, 0.4)).Message, StringComparison.Ordinal);
        var ring = new DomainIntegral(strip, new(0.5, 0, 0), new(1, 0, 0), 0.1, 0.25);
        foreach (var poisson in new[] { 0.5, double.NaN })
        {
            Assert.Contains("−1 < ν < ½", Assert.Throws<ScaleModelException>(() => ring.IntensityFactors(new double[strip.DofCount], 1, poisson)).Message, StringComparison.Ordinal);
        }

        Assert.Throws<ScaleModelException>(() => new DomainIntegral(Basis.Scalar(basis.Mesh, 1), Vec3.Zero, new(1, 0, 0), 0.2, 0.6));
        Assert.Contains("−1 < ν < ½", Assert.Throws<ScaleModelException>(() => new CrackField(Vec3.Zero, new(1, 0, 0), 1, 0, 1, 0.5)).Message, StringComparison.Ordinal);
    }
}
