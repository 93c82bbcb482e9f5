using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Tests.Continuum.Meshes;

namespace ActorMultiscale.Tests.Continuum;

/// <summary>Assembly by blocks, constraints that keep them, and the solution in one call.</summary>
public sealed class StaticProblemTests
{
    private static readonly Tangent6 _steel = Tangent6.Isotropic(200, 0.3);

    public static TheoryData<string> Meshes => [.. MeshTests.All.Keys];

    [Theory]
    [MemberData(nameof(Meshes))]
    public void Blocks_hold_the_numbers_of_rows(string name)
    {
        // A law without symmetry, so that rows and columns cannot be mixed up.
        var form = BilinearForm.Vector((x, u) => new(
            (u.Gradient * new Vec3(0.3, x.Position.X, 0.5)) + u.Value, (u.Value.X * new Matrix3(1, 2, 0, 0, 1, 0, 3, 0, 4)) + _steel.Stress(u.Strain).ToMatrix()));
        foreach (var degree in new[] { 1, 2 })
        {
            var basis = Basis.Vector(MeshTests.All[name](), degree);
            var rows = Assembly.Matrix(basis, form);
            var blocks = Assembly.Blocks(basis, form, null, new ChunkedLoop(3));
            Assert.Equal(rows.Values.ToArray(), blocks.ToCsr().Values.ToArray());
            Assembly.AddBlocks(blocks, basis, form);
            Assembly.AddMatrix(rows, basis, form);
            Assert.Equal(rows.Values.ToArray(), blocks.ToCsr().Values.ToArray());
        }
    }

    // Both ways around the constraints, a factorization and multigrid, agree; the latter by threads to the bit.
    [Theory]
    [InlineData(2, 5)]
    [InlineData(3, 4)]
    [InlineData(3, 11)]
    public void One_call_solves_what_rows_and_a_simple_solver_do(int dimension, int cells)
    {
        var mesh = dimension == 2 ? StructuredMesh.Rectangle(1, 1, cells, cells) : StructuredMesh.Box(new(1, 1, 1), cells, cells, cells);
        var basis = Basis.Vector(mesh, 1);
        var load = Assembly.Vector(basis, Elasticity.BodyForce(x => new(1, x.X, -1)));
        var form = Elasticity.Stiffness(_steel);
        foreach (var isPeriodic in new[] { false, true })
        {
            var constraints = new Constraints(basis.DofCount);
            if (isPeriodic)
            {
                constraints.TiePeriodic(basis, new Matrix3(0.01, 0.02, 0, 0, 0.03, 0, 0, 0, 0), [0]).Fix(basis, basis.NodesWhere(x => x.Y == 0 && x.X > 0.5 / cells && x.X < 1 - (0.5 / cells)), x => new(0.1, 0, 0));
            }
            else
            {
                constraints.Fix(basis, basis.NodesOn("left"), x => new(0.1 * x.Y, 0, 0)).Fix(basis, basis.NodesWhere(x => x.X == 1), 0, 0.3);
            }

            var expected = constraints.Solve(Assembly.Matrix(basis, form), load);
            var found = StaticProblem.Solve(basis, form, load, constraints, 1e-12);
            Assert.Equal(basis.DofCount > FactorOrIterate.BesideMultigrid, found.Iterations > 0);
            Assert.InRange(found.RelativeResidual, 0, 1e-11);
            for (var i = 0; i < basis.DofCount; i++)
            {
                Assert.Equal(expected[i], found.Solution[i], 1e-9);
            }

            Assert.Equal(found.Solution, StaticProblem.Solve(basis, form, load, constraints, 1e-12, new ChunkedLoop(3)).Solution);
        }
    }

    [Fact]
    public void A_scalar_field_goes_the_same_way_and_what_cannot_be_solved_says_why()
    {
        var basis = Basis.Scalar(StructuredMesh.Rectangle(1, 1, 40, 40), 2);
        var load = Assembly.Vector(basis, Heat.Source(_ => 1));
        var constraints = new Constraints(basis.DofCount).Fix(basis, basis.NodesOnSurface(), 0, 0);
        var u = StaticProblem.Solve(basis, Heat.Conduction(1), load, constraints);

        // ∫ u of −Δu = 1 on the square, by a double series: 0.0351442537.
        var series = 0.0;
        for (var m = 1; m < 400; m += 2)
        {
            for (var n = 1; n < 400; n += 2)
            {
                series += 64 / (Math.Pow(Math.PI, 6) * m * m * n * n * ((m * m) + (n * n)));
            }
        }

        Assert.Equal(series, FixedOrderSum.Dot(u.Solution, load), 2e-7);
        var free = Assert.Throws<ScaleModelException>(() => StaticProblem.Solve(basis, Heat.Conduction(1), load, new Constraints(basis.DofCount)));
        Assert.Contains("free", free.Message, StringComparison.Ordinal);
        var empty = Assembly.Blocks(basis, Heat.Conduction(0));
        Assert.Contains("diagonal", Assert.Throws<ScaleModelException>(() => constraints.CondenseBlocks(empty, load)).Message, StringComparison.Ordinal);
    }
}
