using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Continuum.Assembling;
using ActorMultiscale.Physics.Continuum.Elements;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Tests.Continuum.Elements;
using ActorMultiscale.Tests.Continuum.Meshes;
using CsCheck;

namespace ActorMultiscale.Tests.Continuum;

/// <summary>Bases, assembly, interpolation and evaluation.</summary>
public sealed class AssemblyTests
{
    private static readonly Tangent6 _copper = Tangent6.Cubic(167.27, 124.15, 76.45);

    public static TheoryData<string> Meshes => [.. MeshTests.All.Keys];

    // The matrix by the definition: for each pair of functions, the law at each quadrature point.
    private static double[,] Slowly(Basis basis, Func<VectorJet, VectorJet> law)
    {
        var (d, c) = (basis.Mesh.Dimension, basis.Components);
        var result = new double[basis.DofCount, basis.DofCount];
        for (var cell = 0; cell < basis.Mesh.CellCount; cell++)
        {
            var nodes = basis.CellNodes(cell).ToArray();
            var rule = Quadrature.Of(basis.Element(cell).Cell.Shape, basis.QuadratureDegree);
            for (var q = 0; q < rule.Points.Length; q++)
            {
                var geometry = basis.Mesh.Geometry(cell);
                var (values, slopes) = (new double[geometry.Nodes.Length], new Vec3[geometry.Nodes.Length]);
                geometry.Evaluate(rule.Points[q], values, slopes);
                var j = Matrix3.Diagonal(0, d > 1 ? 0 : 1, d > 2 ? 0 : 1);
                foreach (var (a, node) in basis.Mesh.Cell(cell).ToArray().Index())
                {
                    j += Matrix3.Dyad(basis.Mesh.Points[node], slopes[a]);
                }

                var (n, g) = (new double[nodes.Length], new Vec3[nodes.Length]);
                basis.Element(cell).Evaluate(rule.Points[q], n, g);
                VectorJet Jet(int a, int i)
                {
                    var e = new Vec3(i == 0 ? 1 : 0, i == 1 ? 1 : 0, i == 2 ? 1 : 0);
                    return new(n[a] * e, Matrix3.Dyad(e, j.Inverse().Transposed * g[a]));
                }

                for (var b = 0; b < nodes.Length * c; b++)
                {
                    var answer = law(Jet(b / c, b % c));
                    for (var a = 0; a < nodes.Length * c; a++)
                    {
                        var test = Jet(a / c, a % c);
                        result[(c * nodes[a / c]) + (a % c), (c * nodes[b / c]) + (b % c)] +=
                            rule.Weights[q] * j.Determinant * (Vec3.Dot(answer.Value, test.Value) + Matrix3.Contract(answer.Gradient, test.Gradient));
                    }
                }
            }
        }

        return result;
    }

    [Theory]
    [MemberData(nameof(Meshes))]
    public void The_fast_kernel_computes_what_the_definition_says(string name)
    {
        // A law without symmetry, so that rows and columns, and values and gradients, cannot be mixed up.
        static VectorJet Law(VectorJet u) => new(
            (2 * u.Value) + (u.Gradient * new Vec3(0.3, -0.2, 0.5)) + new Vec3(u.Value.Y, 0, 3 * u.Value.X),
            (0.7 * u.Gradient) + new Matrix3(u.Gradient.YX, 2 * u.Gradient.YY, u.Value.X, u.Gradient.XX, 0, u.Gradient.ZZ, u.Value.Y, u.Gradient.XY, 4 * u.Gradient.ZX));
        foreach (var degree in new[] { 1, 2 })
        {
            var basis = Basis.Vector(MeshTests.All[name](), degree);
            var slow = Slowly(basis, Law);
            foreach (var form in new[] { BilinearForm.Vector(Law), BilinearForm.Vector((_, u) => Law(u)) })
            {
                var fast = Assembly.Matrix(basis, form);
                var largest = slow.Cast<double>().Max(Math.Abs);
                for (var row = 0; row < basis.DofCount; row++)
                {
                    for (var column = 0; column < basis.DofCount; column++)
                    {
                        Assert.Equal(slow[row, column], fast[row, column], 1e-13 * largest);
                    }
                }
            }
        }
    }

    [Fact]
    public void Any_number_of_threads_gives_the_same_bits()
    {
        foreach (var mesh in new[] { StructuredMesh.Box(new(1, 1, 1), 9, 8, 7), StructuredMesh.Box(new(1, 1, 1), 6, 6, 6, CellShape.Tetrahedron) })
        {
            // The cells in an order without sense, so that chunks have many neighbors.
            var order = Enumerable.Range(0, mesh.CellCount).OrderBy(c => new Philox(5, 0).Uniform(0, 0, c)).ToArray();
            var shuffled = new Mesh(mesh.Points, [new(mesh.Blocks[0].Shape, 1, [.. order.SelectMany(c => mesh.Cell(c).ToArray())])]);
            foreach (var m in new[] { mesh, shuffled })
            {
                var basis = Basis.Vector(m, 1);
                var varying = Elasticity.Stiffness(x => (1 + x.Position.X) * _copper);
                var (one, three) = (Assembly.Matrix(basis, varying), Assembly.Matrix(basis, varying, null, new ChunkedLoop(3)));
                Assert.True(one.Values.SequenceEqual(three.Values));
                var body = Elasticity.BodyForce(x => new(Math.Sin(x.X), x.Y, 1));
                Assert.Equal(Assembly.Vector(basis, body), Assembly.Vector(basis, body, null, new ChunkedLoop(3)));
                var surface = Elasticity.Traction(x => x.Position.X * x.Normal);
                Assert.Equal(Assembly.Vector(basis, surface, Domain.Surface), Assembly.Vector(basis, surface, Domain.Surface, new ChunkedLoop(3)));
                Assert.Equal(Assembly.Integral(basis, x => Math.Exp(x.Position.Y)), Assembly.Integral(basis, x => Math.Exp(x.Position.Y), null, new ChunkedLoop(3)));
            }
        }
    }

    [Fact]
    public void Many_chunks_give_the_same_numbers_in_any_order_of_cells_and_on_any_number_of_threads()
    {
        // 79 chunks. Where the cells have an order without sense, each chunk has nodes in common with all others, and 64 colors do not suffice.
        var sorted = StructuredMesh.Rectangle(1, 1, 100, 100);
        var order = Enumerable.Range(0, sorted.CellCount).OrderBy(c => new Philox(6, 0).Uniform(0, 0, c)).ToArray();
        var shuffled = new Mesh(sorted.Points, [new(CellShape.Quadrilateral, 1, [.. order.SelectMany(c => sorted.Cell(c).ToArray())])]);
        var conduction = Heat.Conduction(x => 1 + x.Position.X);
        var source = Heat.Source(x => Math.Sin(x.X) + x.Y);
        List<(CsrMatrix Matrix, double[] Vector)> found = [];
        foreach (var mesh in new[] { sorted, shuffled })
        {
            var basis = Basis.Scalar(mesh, 1);
            var group = Assert.Single(IntegrationPlan.Of(basis, Domain.Body));
            Assert.Equal(79, group.ChunkCount);
            Assert.True(mesh == sorted ? group.Colors.Length < 8 : group.Colors.Length > 64);
            Assert.Equal(Enumerable.Range(0, 79), group.Colors.SelectMany(c => c).Order());
            foreach (var color in group.Colors)
            {
                var nodes = color.SelectMany(chunk => group.CellsOf(chunk).ToArray().SelectMany(c => basis.CellNodes(c).ToArray()).Distinct()).ToArray();
                Assert.Equal(nodes.Length, nodes.Distinct().Count());
            }

            found.Add((Assembly.Matrix(basis, conduction), Assembly.Vector(basis, source)));
            Assert.True(found[^1].Matrix.Values.SequenceEqual(Assembly.Matrix(basis, conduction, null, new ChunkedLoop(3)).Values));
            Assert.Equal(found[^1].Vector, Assembly.Vector(basis, source, null, new ChunkedLoop(3)));
        }

        Assert.All(Enumerable.Range(0, found[0].Matrix.EntryCount), k => Assert.Equal(found[0].Matrix.Values[k], found[1].Matrix.Values[k], 1e-13));
        Assert.All(Enumerable.Range(0, found[0].Vector.Length), i => Assert.Equal(found[0].Vector[i], found[1].Vector[i], 1e-17));
    }

    [Theory]
    [MemberData(nameof(Meshes))]
    public void Rigid_motions_need_no_force_and_constants_no_heat(string name)
    {
        foreach (var degree in new[] { 1, 2 })
        {
            var basis = Basis.Vector(MeshTests.All[name](), degree);
            foreach (var form in new[] { Elasticity.Stiffness(_copper), Elasticity.StiffnessBBar(_copper) })
            {
                var k = Assembly.Matrix(basis, form);

                // A turn is a sum of the functions where these contain the map of the cells.
                var turns = degree >= basis.Mesh.Blocks[0].Order && basis.Mesh.Dimension > 1;
                var turn = basis.Mesh.Dimension == 3 ? new Vec3(0.3, -0.2, 0.4) : new Vec3(0, 0, 0.4);
                var u = basis.Interpolate(x => new Vec3(1, 2, -1) + (turns ? Vec3.Cross(turn, x) : Vec3.Zero));
                var force = new double[basis.DofCount];
                k.Multiply(u, force);
                Assert.All(force, f => Assert.Equal(0, f, 1e-11));
            }

            var heat = Basis.Scalar(basis.Mesh, degree);
            var flow = new double[heat.DofCount];
            Assembly.Matrix(heat, Heat.Conduction(2)).Multiply(heat.Interpolate(_ => 5.0), flow);
            Assert.All(flow, f => Assert.Equal(0, f, 1e-11));
        }
    }

    [Theory]
    [MemberData(nameof(Meshes))]
    public void Linear_fields_are_found_exactly_and_integrated_exactly(string name)
    {
        var mesh = MeshTests.All[name]();
        foreach (var degree in new[] { 1, 2 }.Where(p => p >= mesh.Blocks[0].Order))
        {
            Vec3 Exact(Vec3 x) => 1e-3 * new Vec3(x.X + (0.5 * x.Y) - x.Z, x.Y - (0.3 * x.X), (2 * x.Z) + (0.1 * x.Y));
            var basis = Basis.Vector(mesh, degree);
            var u = new Constraints(basis.DofCount).Fix(basis, basis.NodesOnSurface(), Exact)
                .Solve(Assembly.Matrix(basis, Elasticity.Stiffness(_copper)), new double[basis.DofCount]);
            for (var n = 0; n < basis.NodeCount; n++)
            {
                for (var c = 0; c < basis.Components; c++)
                {
                    Assert.Equal(Exact(basis.Nodes[n])[c], u[basis.Dof(n, c)], 1e-15);
                }
            }

            // The work of the surface is that of the body: ∫ u·σn = ∫ σ:ε.
            var inside = Assembly.Integral(basis, u, (QuadraturePoint _, VectorJet v) => SymTensor3.Contract(_copper.Stress(v.Strain), v.Strain));
            var outside = Assembly.Integral(basis, u, (QuadraturePoint x, VectorJet v) => Vec3.Dot(v.Value, _copper.Stress(v.Strain) * x.Normal), Domain.Surface);
            Assert.Equal(inside, outside, 1e-12 * inside);
            Assert.Equal(MeshTests.Measure(mesh).Volume, Assembly.Integral(basis, _ => 1), 1e-12);
        }
    }

    [Theory]
    [MemberData(nameof(Meshes))]
    public void Points_are_located_and_fields_read_there(string name)
    {
        var mesh = MeshTests.All[name]();
        var locator = new CellLocator(mesh);
        var basis = Basis.Scalar(mesh, mesh.Blocks[0].Order);
        var u = basis.Interpolate(x => 1 + x.X - (2 * x.Y) + (3 * x.Z));
        Gen.Select(Gen.Int[0, mesh.CellCount - 1], Gen.Int[0, 1_000_000]).Sample((cell, seed) =>
        {
            var reference = mesh.Geometry(cell).Cell;
            double Draw(int n) => new Philox(3, 0).Uniform(0, seed, n);
            var place = reference.IsSimplex ? Draw(0) / reference.Dimension * new Vec3(Draw(1), reference.Dimension > 1 ? Draw(2) : 0, reference.Dimension > 2 ? Draw(3) : 0)
                : new Vec3(Draw(1), Draw(2), reference.Dimension > 2 ? Draw(3) : 0);
            var x = mesh.Place(cell, place);
            Assert.True(locator.TryFind(x, out var found, out var where));
            Assert.Equal(0, (mesh.Place(found, where) - x).Norm, 1e-12);
            var jet = basis.ScalarAt(u, found, where);
            Assert.Equal(1 + x.X - (2 * x.Y) + (3 * x.Z), jet.Value, 1e-12);
            Assert.Equal(0, (jet.Gradient - new Vec3(1, mesh.Dimension > 1 ? -2 : 0, mesh.Dimension > 2 ? 3 : 0)).Norm, 1e-11);
        }, iter: 100);
        Assert.False(locator.TryFind(new(99, 0, 0), out _, out _));
        Assert.False(locator.TryFind(new(-0.01, -0.01, mesh.Dimension > 2 ? -0.01 : 0), out _, out _) && name != "L");
    }

    [Fact]
    public void Regions_and_boundaries_are_parts_of_the_whole()
    {
        var mesh = StructuredMesh.Box(new(1, 2, 3), 2, 4, 6).WithRegion("low", x => x.Z < 1).WithRegion("high", x => x.Z > 1);
        var basis = Basis.Vector(mesh, 1);
        var whole = Assembly.Matrix(basis, Elasticity.Stiffness(_copper));
        var parts = Assembly.Matrix(basis, Elasticity.Stiffness(_copper), Domain.Region("low"));
        Assembly.AddMatrix(parts, basis, Elasticity.Stiffness(_copper), Domain.Region("high"));
        for (var k = 0; k < whole.EntryCount; k++)
        {
            Assert.Equal(whole.Values[k], parts.Values[k], 1e-12);
        }

        Assert.Equal(2, Assembly.Integral(basis, _ => 1, Domain.Region("low")), 1e-14);
        Assert.Equal(6, Assembly.Integral(basis, _ => 1, Domain.Boundary("left")), 1e-14);
        Assert.Equal(22, Assembly.Integral(basis, _ => 1, Domain.Surface), 1e-13);
        Assert.Equal(0, Assembly.Integral(basis, x => (x.Normal - new Vec3(0, -1, 0)).Norm, Domain.Boundary("front")), 1e-14);
    }

    [Fact]
    public void What_does_not_fit_is_refused_with_a_sentence()
    {
        var mesh = StructuredMesh.Rectangle(1, 1, 2, 2);
        var (scalar, vector) = (Basis.Scalar(mesh, 1), Basis.Vector(mesh, 1));
        static string Message(Action action) => Assert.Throws<ScaleModelException>(action).Message;

        Assert.Contains("Basis.Vector makes the other", Message(() => Assembly.Matrix(scalar, Elasticity.Stiffness(_copper))), StringComparison.Ordinal);
        Assert.Contains("Basis.Scalar makes the other", Message(() => Assembly.Vector(vector, Heat.Source(_ => 1))), StringComparison.Ordinal);
        Assert.Contains("not linear", Message(() => Assembly.Matrix(scalar, BilinearForm.Scalar(u => ScalarJet.Source(u.Value + 1)))), StringComparison.Ordinal);
        Assert.Contains("not linear", Message(() => Assembly.Matrix(vector, BilinearForm.Vector((_, u) => VectorJet.Source(u.Value.Norm * u.Value)))), StringComparison.Ordinal);
        Assert.Contains("not finite", Message(() => Assembly.Matrix(scalar, Heat.Conduction(double.NaN))), StringComparison.Ordinal);
        Assert.Contains("no sum", Message(() => _ = Heat.Capacity(1) + Elasticity.Mass(1)), StringComparison.Ordinal);
        Assert.Contains("has no boundary 'lid'", Message(() => Assembly.Vector(scalar, Heat.Source(_ => 1), Domain.Boundary("lid"))), StringComparison.Ordinal);
        Assert.Contains("has no region 'core'", Message(() => Assembly.Matrix(scalar, Heat.Capacity(1), Domain.Region("core"))), StringComparison.Ordinal);
        Assert.Contains("means over cells", Message(() => Assembly.Matrix(vector, Elasticity.StiffnessBBar(_copper), Domain.Surface)), StringComparison.Ordinal);
        Assert.Contains("Cell 0 of the mesh is turned inside out", Message(() => Assembly.Matrix(Basis.Scalar(mesh.Moved(x => new(x.Y, x.X, 0)), 1), Heat.Capacity(1))), StringComparison.Ordinal);
        var mirrored = StructuredMesh.Box(new(1, 1, 1), 1, 1, 1).Moved(x => new(x.Y, x.X, x.Z));
        Assert.Contains("Cell 0 of the mesh is turned inside out", Message(() => Assembly.Matrix(Basis.Vector(mirrored, 1), Elasticity.Stiffness(_copper))), StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Assembly.AddMatrix(Assembly.Matrix(scalar, Heat.Capacity(1)), vector, Elasticity.Mass(1)));
        Assert.Throws<ArgumentException>(() => scalar.ScalarAt(new double[3], 0, default));
    }

    [Theory]
    [MemberData(nameof(Meshes))]
    public void A_number_that_is_not_finite_is_refused_in_whatever_cell_it_is(string name)
    {
        var mesh = MeshTests.All[name]();
        var (scalar, vector) = (Basis.Scalar(mesh, 1), Basis.Vector(mesh, 2));
        Gen.Select(Gen.Int[0, mesh.CellCount - 1], Gen.Int[0, 2]).Sample((bad, kind) =>
        {
            var value = kind == 0 ? double.NaN : kind == 1 ? double.PositiveInfinity : double.NegativeInfinity;
            double At(QuadraturePoint x) => x.Cell == bad ? value : 1;
            void Refused(Action action)
            {
                var message = Assert.Throws<ScaleModelException>(action).Message;

                // In the first cell of a block a law is seen not to be finite while it is sampled.
                Assert.Contains(mesh.Locate(bad).Local == 0 && message.StartsWith("The law", StringComparison.Ordinal) ? "is not finite at" : $"over cell {bad} of the mesh is not finite", message, StringComparison.Ordinal);
            }

            Refused(() => Assembly.Matrix(scalar, Heat.Conduction(At)));
            Refused(() => Assembly.Matrix(vector, BilinearForm.Vector((x, u) => VectorJet.Source(At(x) * u.Value))));
            Refused(() => Assembly.Matrix(vector, Elasticity.Stiffness(x => At(x) * _copper)));
            Refused(() => Assembly.Vector(scalar, LinearForm.Scalar(x => ScalarJet.Source(At(x)))));
            Refused(() => Assembly.Vector(vector, LinearForm.Vector(x => VectorJet.Source(At(x) * new Vec3(1, 0, 0)))));

            // A residual hands them on.
            var residual = Assembly.Residual(scalar, new double[scalar.DofCount], (QuadraturePoint x, ScalarJet _) => ScalarJet.Source(At(x)));
            Assert.Equal(scalar.CellNodes(bad).ToArray().Order(), Enumerable.Range(0, residual.Length).Where(i => !double.IsFinite(residual[i])));
        }, iter: 10);
    }

    [Fact]
    public void A_matrix_that_is_too_large_is_refused_with_its_sizes()
    {
        // 2.95 million hexahedra of degree 2 have 729 pairs of nodes each, which is more than an array holds.
        Assert.Equal(729 * 2_900_000, NodePattern.Index(729L * 2_900_000, "entries", 2_900_000, 23_400_000, 3));
        var message = Assert.Throws<ScaleModelException>(() => NodePattern.Index(729L * 2_950_000, "entries", 2_950_000, 23_800_000, 3)).Message;
        Assert.Contains("2950000 cells and 23800000 nodes with 3 dofs each has 2150550000 entries", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_residual_refuses_what_a_matrix_refuses()
    {
        var mesh = StructuredMesh.Rectangle(1, 1, 2, 2);
        var (scalar, vector) = (Basis.Scalar(mesh, 1), Basis.Vector(mesh, 1));
        static VectorJet Same(QuadraturePoint _, VectorJet u) => u;
        Assert.Contains("means over cells", Assert.Throws<ScaleModelException>(() => Assembly.Residual(vector, new double[vector.DofCount], Same, Domain.Surface, null, usesMean: true)).Message, StringComparison.Ordinal);
        foreach (var count in new[] { 0, vector.DofCount - 1, vector.DofCount + 1 })
        {
            Assert.Throws<ArgumentException>(() => Assembly.Residual(vector, new double[count], Same));
            Assert.Throws<ArgumentException>(() => Assembly.Residual(scalar, new double[count], (QuadraturePoint _, ScalarJet u) => u));
        }
    }

    [Fact]
    public void A_residual_of_a_linear_law_is_the_matrix_times_the_field()
    {
        var basis = Basis.Vector(StructuredMesh.Box(new(1, 1, 1), 2, 2, 2).Quadratic(), 2);
        var u = basis.Interpolate(x => new Vec3(Math.Sin(x.X), x.Y * x.Z, Math.Cos(x.X + x.Z)));
        var product = new double[basis.DofCount];
        Assembly.Matrix(basis, Elasticity.Stiffness(_copper)).Multiply(u, product);
        var residual = Assembly.Residual(basis, u, (QuadraturePoint _, VectorJet v) => VectorJet.Stress(_copper.Stress(v.Strain)));
        Assert.All(Enumerable.Range(0, u.Length), i => Assert.Equal(product[i], residual[i], 1e-12));
    }
}
