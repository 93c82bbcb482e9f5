using ActorMultiscale.Physics.Adaptivity;
using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Continuum.Adaptive;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using CsCheck;

namespace ActorMultiscale.Tests.Continuum.Adaptive;

/// <summary>Multigrid on the levels of a forest: iterations, bits, and systems that are hard.</summary>
public sealed class GeometricMultigridTests
{
    private static readonly Tangent6 _steel = Tangent6.Isotropic(210e9, 0.3);

    // Cells at a corner of the body are cut again and again, and so is a share of the others.
    private static AdaptiveMesh Graded(Mesh coarse, int levels, Func<Vec3, bool> isNear, ulong seed = 1, double share = 0)
    {
        var (mesh, random) = (AdaptiveMesh.Of(coarse, 1), new Philox(seed, 5));
        for (var level = 1; level < levels; level++)
        {
            var marks = new Mark[mesh.Forest.Count];
            for (var c = 0; c < marks.Length; c++)
            {
                var near = false;
                foreach (var p in mesh.Mesh.Vertices(c))
                {
                    near |= isNear(mesh.Mesh.Points[p]);
                }

                marks[c] = near || random.Uniform(0, level, c) < share ? Mark.Refine : Mark.Keep;
            }

            mesh = mesh.Adapt(marks);
        }

        return mesh;
    }

    private static (Basis Basis, BlockSystem System) System(AdaptiveMesh mesh, int degree, bool isVector, ChunkedLoop? loop = null, Func<QuadraturePoint, double>? factor = null)
    {
        var basis = isVector ? Basis.Vector(mesh.Mesh, degree) : Basis.Scalar(mesh.Mesh, degree);
        var constraints = mesh.Constrain(basis);
        var nodes = mesh.NodesOn(basis, constraints);
        _ = isVector ? constraints.Fix(basis, nodes, x => new Vec3(x.Y, x.X * x.Y, 0)) : constraints.Fix(basis, nodes, x => x.X * x.Y);
        var form = (isVector, factor) switch
        {
            (true, _) => Elasticity.Stiffness(_steel),
            (_, null) => Heat.Conduction(1),
            (_, { } k) => BilinearForm.Scalar((x, u) => ScalarJet.Flux(k(x) * u.Gradient)),
        };
        var load = isVector ? Assembly.Vector(basis, Elasticity.BodyForce(_ => new(0, 1e10, 0))) : Assembly.Vector(basis, Heat.Source(_ => 1));
        return (basis, constraints.CondenseBlocks(Assembly.Blocks(basis, form, null, loop), load, loop));
    }

    private static (int Iterations, double[] X, int Levels) Solved(AdaptiveMesh mesh, Basis basis, BlockSystem system, ChunkedLoop? loop = null)
    {
        var x = new double[basis.DofCount];
        var multigrid = new GeometricMultigrid(mesh, basis, system, loop: loop);
        var result = ConjugateGradient.Solve(system.Matrix, system.Right, x, multigrid, 1e-8);
        Assert.InRange(result.RelativeResidual, 0, 1e-8);
        return (result.Iterations, x, multigrid.Levels.Count);
    }

    [Theory]
    [InlineData(1, false, 9)]
    [InlineData(2, false, 10)]
    [InlineData(1, true, 11)]
    [InlineData(2, true, 14)]
    public void Iterations_are_bounded_however_many_levels_there_are(int degree, bool isVector, int bound) => Gen.Int[0, 1000].Sample(seed =>
    {
        var (few, many) = (0, 0);
        foreach (var depth in new[] { 4, 8, 13 })
        {
            var mesh = Graded(StructuredMesh.LShape(2), depth, x => x == Vec3.Zero, (ulong)seed, depth < 8 ? 0.3 : 0.1);
            var (basis, system) = System(mesh, degree, isVector);
            var (iterations, _, levels) = Solved(mesh, basis, system);
            Assert.InRange(iterations, 1, bound);
            (few, many) = (few == 0 ? levels : few, levels);
        }

        Assert.True(many > few, $"{many} levels after {few}");
    }, iter: 3, threads: 1);

    [Theory]
    [InlineData("square", false)]
    [InlineData("star", false)]
    [InlineData("ring", true)]
    [InlineData("box", true)]
    [InlineData("tower", false)]
    public void Forests_of_all_roots_are_solved_with_few_iterations(string root, bool isVector) => Gen.Select(Gen.Int[0, 1000], Gen.Int[1, 2]).Sample((seed, degree) =>
    {
        var coarse = AdaptiveMeshTests.Root(root);
        var mesh = AdaptiveMeshTests.Random(coarse, seed, coarse.Dimension == 2 ? 7 : 3);
        var (basis, system) = System(mesh, degree, isVector);
        Assert.InRange(Solved(mesh, basis, system).Iterations, 0, 24);
    }, iter: 3, threads: 1);

    // A corner of a cube over sixteen thousand times finer than its other end, units of Pa, and a conductivity that jumps by a million between roots.
    [Fact]
    public void Meshes_that_are_graded_and_systems_that_are_scaled_badly_are_solved()
    {
        var corner = Graded(StructuredMesh.Box(new(1, 1, 1), 2, 2, 2), 13, x => x == Vec3.Zero);
        var (basis, system) = System(corner, 1, true);
        Assert.Equal(13, corner.Forest.LeavesAtLevels.Length - 1);
        Assert.InRange(Solved(corner, basis, system).Iterations, 1, 30);

        var plane = Graded(StructuredMesh.Rectangle(1, 1, 4, 4), 9, x => (x - new Vec3(0.5, 0.5, 0)).Norm < 1e-12, share: 0.15);
        var (scalar, jumping) = System(plane, 1, false, factor: x => ((int)(4 * x.Position.X) + (int)(4 * x.Position.Y)) % 2 == 0 ? 1 : 1e6);
        Assert.InRange(Solved(plane, scalar, jumping).Iterations, 1, 40);
    }

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, true)]
    public void Bits_do_not_depend_on_threads(int degree, bool isVector)
    {
        var mesh = Graded(StructuredMesh.LShape(4), 7, x => x == Vec3.Zero, 3, 0.3);
        using var team = new ChunkedLoop(3).Gather();
        var (basis, system) = System(mesh, degree, isVector);
        var (other, threaded) = System(mesh, degree, isVector, team.Loop);
        Assert.Equal(system.Matrix.Values.ToArray(), threaded.Matrix.Values.ToArray());
        Assert.Equal(Solved(mesh, basis, system).X, Solved(mesh, other, threaded, team.Loop).X);
    }

    // The rounds of a loop are each other's levels; the one before stays usable.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void The_rounds_of_a_loop_serve_as_levels(int degree)
    {
        GeometricMultigrid? last = null;
        var mesh = AdaptiveMesh.Of(StructuredMesh.LShape(2), 1);
        var random = new Philox(4, 1);
        for (var round = 0; round < 7; round++)
        {
            var (basis, system) = System(mesh, degree, false);
            var multigrid = new GeometricMultigrid(mesh, basis, system, last);
            var x = new double[basis.DofCount];
            Assert.InRange(ConjugateGradient.Solve(system.Matrix, system.Right, x, multigrid, 1e-8).Iterations, 1, 15);
            if (last is not null)
            {
                Assert.Equal(last.Levels.Count + 1, multigrid.Levels.Count);
            }

            // Its Galerkin matrices are those of the rounds: as good as levels of its own.
            var again = new double[basis.DofCount];
            ConjugateGradient.Solve(system.Matrix, system.Right, again, new GeometricMultigrid(mesh, basis, system), 1e-12);
            Assert.True(FixedOrderSum.Distance(x, again) <= 1e-6 * FixedOrderSum.Norm(again));
            last = multigrid;
            mesh = mesh.Cut([.. Enumerable.Range(0, mesh.Forest.Count).Select(c => random.Uniform(0, round, c) < 0.25 ? 1 + (c % 2) : 0)]);
        }
    }

    [Fact]
    public void Levels_of_other_functions_are_refused()
    {
        var mesh = AdaptiveMesh.Of(StructuredMesh.LShape(2), 1);
        var (basis, system) = System(mesh, 1, false);
        var multigrid = new GeometricMultigrid(mesh, basis, system);
        var (quadratic, other) = System(mesh, 2, false);
        Assert.Contains("degree 1", Assert.Throws<ScaleModelException>(() => new GeometricMultigrid(mesh, quadratic, other, multigrid)).Message, StringComparison.Ordinal);
    }

    // Against the definition, Cᵀ K C with rows that are constrained taken out.
    [Theory]
    [InlineData("square")]
    [InlineData("tower")]
    public void Ties_of_nodes_are_condensed_by_blocks_as_by_rows(string root) => Gen.Select(Gen.Int[0, 1000], Gen.Int[1, 2], Gen.Bool).Sample((seed, degree, onlyOne) =>
    {
        var mesh = AdaptiveMeshTests.Random(AdaptiveMeshTests.Root(root), seed, 3);
        var basis = Basis.Vector(mesh.Mesh, degree);
        var constraints = mesh.Constrain(basis);
        foreach (var n in mesh.NodesOn(basis, constraints))
        {
            for (var c = 0; c < (onlyOne ? 1 : basis.Components); c++)
            {
                constraints.Fix(basis.Dof(n, c), 0.25 + c + basis.Nodes[n].X);
            }
        }

        var load = Assembly.Vector(basis, Elasticity.BodyForce(x => new(1, x.X, x.Y)));
        var matrix = Assembly.Blocks(basis, Elasticity.Stiffness(Tangent6.Isotropic(1, 0.3)));
        var blocks = constraints.CondenseBlocks(matrix, load);
        var rows = constraints.Condense(matrix.ToCsr(), load);
        int[] free = [.. Enumerable.Range(0, basis.DofCount).Where(i => !constraints.Contains(i))];
        var all = blocks.Matrix.ToCsr();
        for (var r = 0; r < free.Length; r++)
        {
            Assert.Equal(rows.Right[r], blocks.Right[free[r]], 1e-12);
            var (dense, expected) = (new double[basis.DofCount], new double[basis.DofCount]);
            for (var k = all.RowStart[free[r]]; k < all.RowStart[free[r] + 1]; k++)
            {
                dense[all.Columns[k]] += all.Values[k];
            }

            for (var k = rows.Matrix.RowStart[r]; k < rows.Matrix.RowStart[r + 1]; k++)
            {
                expected[free[rows.Matrix.Columns[k]]] = rows.Matrix.Values[k];
            }

            Assert.True(FixedOrderSum.Distance(dense, expected) <= 1e-13 * (1 + FixedOrderSum.Norm(expected)), $"row {free[r]}");
        }

        for (var i = 0; i < basis.DofCount; i++)
        {
            if (constraints.Contains(i))
            {
                Assert.Equal(matrix[i, i], blocks.Matrix[i, i]);
                Assert.Equal(1, Enumerable.Range(all.RowStart[i], all.RowStart[i + 1] - all.RowStart[i]).Count(k => all.Values[k] != 0));
            }
        }
    }, iter: 4, threads: 1);
}
