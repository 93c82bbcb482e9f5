using ActorMultiscale.Physics.Adaptivity;
using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Continuum.Adaptive;
using ActorMultiscale.Physics.Continuum.Elements;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using CsCheck;

namespace ActorMultiscale.Tests.Continuum.Adaptive;

/// <summary>V73: what is kept when fields go from mesh to mesh.</summary>
public sealed class MeshTransferTests
{
    public static TheoryData<string> Roots => AdaptiveMeshTests.Roots;

    private static AdaptiveMesh Some(string root, int seed)
    {
        var coarse = AdaptiveMeshTests.Root(root);
        return AdaptiveMeshTests.Random(coarse, seed, coarse.Dimension == 2 ? 6 : 3, coarse.Dimension == 2 ? 6 : 3);
    }

    private static AdaptiveMesh All(AdaptiveMesh mesh, Mark mark) => mesh.Adapt([.. Enumerable.Repeat(mark, mesh.Forest.Count)]);

    // A random field that constraints allow.
    private static double[] Field(AdaptiveMesh mesh, Basis basis, int seed)
    {
        var random = new Philox((ulong)seed, 3);
        var raw = basis.Interpolate(x => Math.Sin(3 * x.X) + (x.Y * x.Z) + Math.Cos(2 * x.Y));
        for (var i = 0; i < raw.Length; i++)
        {
            raw[i] += random.Uniform(0, 0, i);
        }

        var unit = new CsrBuilder(raw.Length, raw.Length);
        for (var i = 0; i < raw.Length; i++)
        {
            unit.Add(i, i, 1);
        }

        var constraints = mesh.Constrain(basis);
        var system = constraints.Condense(unit.ToMatrix(), raw);
        return system.Expand([.. Enumerable.Range(0, raw.Length).Where(i => !constraints.Contains(i)).Select(i => raw[i])]);
    }

    private static double Integral(Basis basis, double[] u) => Assembly.Integral(basis, u, (_, jet) => jet.Value);

    [Theory]
    [MemberData(nameof(Roots))]
    public void Cutting_is_exact_and_merging_gives_the_nodes_back_to_the_bit(string root) => Gen.Select(Gen.Int[0, 100000], Gen.Int[1, 2]).Sample((seed, degree) =>
    {
        var coarse = Some(root, seed);
        var fine = All(coarse, Mark.Refine);
        var back = All(fine, Mark.Coarsen);
        var (a, b, c) = (Basis.Scalar(coarse.Mesh, degree), Basis.Scalar(fine.Mesh, degree), Basis.Scalar(back.Mesh, degree));
        var u = Field(coarse, a, seed);
        var cut = new MeshTransfer(coarse, fine).Interpolate(a, u, b);
        for (var n = 0; n < fine.Forest.Count; n++)
        {
            var at = new Vec3(0.3, 0.9, coarse.Mesh.Dimension == 3 ? 0.2 : 0);
            var parent = n >> coarse.Mesh.Dimension;
            var corner = coarse.Local(parent, fine.Forest.Corner(fine.Forest[n]));
            Assert.Equal(a.ScalarAt(u, parent, corner + (0.5 * at)).Value, b.ScalarAt(cut, n, at).Value, 1e-12);
        }

        Assert.Equal(u, new MeshTransfer(fine, back).Interpolate(b, cut, c));
    }, iter: 10, threads: 1);

    [Theory]
    [MemberData(nameof(Roots))]
    public void Projections_keep_the_mass_between_any_two_forests(string root) => Gen.Select(Gen.Int[0, 100000], Gen.Int[0, 100000], Gen.Int[1, 2]).Sample((first, second, degree) =>
    {
        var (from, to) = (Some(root, first), Some(root, second));
        var (a, b) = (Basis.Scalar(from.Mesh, degree, 6), Basis.Scalar(to.Mesh, degree, 6));
        var u = Field(from, a, first);
        var transfer = new MeshTransfer(from, to);
        var mass = Integral(a, u);
        var projected = transfer.Project(a, u, b);
        Assert.Equal(mass, Integral(b, projected), 1e-12 * (1 + Math.Abs(mass)));

        // Continuous, and nothing happens on the second time.
        Assert.All(projected.Zip(new MeshTransfer(to, to).Project(b, projected, b)), p => Assert.Equal(p.First, p.Second, 1e-10));

        var densities = Enumerable.Range(0, from.Forest.Count).Select(n => 1.5 + Math.Sin(n)).ToArray();
        double Mass(AdaptiveMesh mesh, double[] of) => MeshTransfer.Volumes(mesh).Zip(of).Sum(v => v.First * v.Second);
        var moved = transfer.Densities(densities);
        Assert.Equal(Mass(from, densities), Mass(to, moved), 1e-12 * Mass(from, densities));
        Assert.InRange(moved.Min(), densities.Min() - 1e-12, densities.Max());
        Assert.InRange(moved.Max(), densities.Min(), densities.Max() + 1e-12);
    }, iter: 10, threads: 1);

    [Theory]
    [InlineData("star", 1)]
    [InlineData("ring", 2)]
    [InlineData("tower", 1)]
    public void Where_cells_are_cut_the_projection_is_the_field_itself(string root, int degree)
    {
        var coarse = Some(root, 4);
        var fine = All(coarse, Mark.Refine);
        var (a, b) = (Basis.Scalar(coarse.Mesh, degree, 6), Basis.Scalar(fine.Mesh, degree, 6));
        var u = Field(coarse, a, 4);
        var transfer = new MeshTransfer(coarse, fine);
        Assert.All(transfer.Interpolate(a, u, b).Zip(transfer.Project(a, u, b)), p => Assert.Equal(p.First, p.Second, 1e-11));

        // A weight is part of the mass that is kept, down as well.
        double Weight(Vec3 x) => 2 + x.X;
        var fineField = Field(fine, b, 5);
        var down = new MeshTransfer(fine, coarse).Project(b, fineField, a, x => Weight(x.Position));
        var kept = Assembly.Integral(b, fineField, (x, jet) => Weight(x.Position) * jet.Value);
        Assert.Equal(kept, Assembly.Integral(a, down, (x, jet) => Weight(x.Position) * jet.Value), 1e-11 * (1 + Math.Abs(kept)));
    }

    [Theory]
    [MemberData(nameof(Roots))]
    public void Histories_come_back_and_linear_ones_are_exact(string root) => Gen.Select(Gen.Int[0, 100000], Gen.Int[0, 100000]).Sample((first, second) =>
    {
        var (from, to) = (Some(root, first), Some(root, second));
        var rule = Quadrature.Of(from.Mesh.Blocks[0].Shape, 3);

        // Linear in the coordinates of each root, two numbers a point.
        double[] History(AdaptiveMesh mesh) => [.. from c in Enumerable.Range(0, mesh.Forest.Count)
            from q in rule.Points
            let corner = mesh.Forest.Corner(mesh.Forest[c])
            let size = mesh.Forest.EdgeOf(mesh.Forest[c]) / (double)mesh.Forest.Roots.Edge
            let at = (new Vec3(corner.X, corner.Y, corner.Z) / mesh.Forest.Roots.Edge) + (size * q)
            from number in new[] { corner.Root + at.X - (2 * at.Y) + at.Z, 3 * at.X }
            select number];
        var old = History(from);
        var transfer = new MeshTransfer(from, to);
        Assert.All(History(to).Zip(transfer.RecoveredHistory(rule, old, 2)), p => Assert.Equal(p.First, p.Second, 1e-12));

        // Nearest: no new number, and after a round trip the old ones.
        var near = transfer.NearestHistory(rule, old, 2);
        Assert.Subset(old.ToHashSet(), near.ToHashSet());
        var fine = All(from, Mark.Refine);
        var up = new MeshTransfer(from, fine).NearestHistory(rule, old, 2);
        Assert.Equal(old, new MeshTransfer(fine, from).NearestHistory(rule, up, 2));
    }, iter: 6, threads: 1);

    [Fact]
    public void Meshes_of_other_roots_are_refused()
    {
        var (a, b) = (AdaptiveMesh.Of(StructuredMesh.Rectangle(1, 1, 1, 1)), AdaptiveMesh.Of(StructuredMesh.Rectangle(2, 1, 1, 1)));
        Assert.Contains("same root cells", Assert.Throws<ScaleModelException>(() => new MeshTransfer(a, b)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => new MeshTransfer(a, a).NearestHistory(Quadrature.Of(CellShape.Quadrilateral, 3), new double[3]));
    }
}
