using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Continuum.Elements;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Tests.Continuum.Meshes;

namespace ActorMultiscale.Tests.Continuum.Forms;

/// <summary>Matrices between two bases.</summary>
public sealed class MixedFormTests
{
    public static TheoryData<string> Meshes => [.. MeshTests.All.Keys];

    // Laws without symmetry, which mix values and gradients.
    private static VectorJet Spread(ScalarJet p) => new(
        new(2 * p.Value, p.Gradient.X, p.Gradient.Y - p.Value),
        (p.Value * new Matrix3(1, 0.3, -0.2, 0.5, -1, 0.4, 0.1, 0.7, 2)) + Matrix3.Dyad(p.Gradient, new(0.3, -0.6, 0.2)));

    private static ScalarJet Gathered(VectorJet u) => new(
        u.Gradient.Trace + u.Value.X - (0.4 * u.Gradient.XY), (u.Gradient * new Vec3(0.3, -0.2, 0.5)) + new Vec3(u.Value.Y, 0.2 * u.Value.X, u.Value.Z));

    // The form by its definition: for each pair of functions the law at each quadrature point.
    private static double[,] Slowly(Basis trial, Basis test, Func<VectorJet, VectorJet> law)
    {
        var (mesh, result) = (trial.Mesh, new double[test.DofCount, trial.DofCount]);
        for (var cell = 0; cell < mesh.CellCount; cell++)
        {
            var rule = Quadrature.Of(trial.Element(cell).Cell.Shape, Math.Max(trial.QuadratureDegree, test.QuadratureDegree));
            for (var q = 0; q < rule.Points.Length; q++)
            {
                var geometry = mesh.Geometry(cell);
                var (values, slopes) = (new double[geometry.Nodes.Length], new Vec3[geometry.Nodes.Length]);
                geometry.Evaluate(rule.Points[q], values, slopes);
                var j = Matrix3.Diagonal(0, mesh.Dimension > 1 ? 0 : 1, mesh.Dimension > 2 ? 0 : 1);
                foreach (var (a, node) in mesh.Cell(cell).ToArray().Index())
                {
                    j += Matrix3.Dyad(mesh.Points[node], slopes[a]);
                }

                VectorJet[] Jets(Basis basis)
                {
                    var count = basis.CellNodes(cell).Length;
                    var (n, g) = (new double[count], new Vec3[count]);
                    basis.Element(cell).Evaluate(rule.Points[q], n, g);
                    return [.. Enumerable.Range(0, count * basis.Components).Select(k =>
                    {
                        var (a, i) = (k / basis.Components, k % basis.Components);
                        var e = new Vec3(i == 0 ? 1 : 0, i == 1 ? 1 : 0, i == 2 ? 1 : 0);
                        return new VectorJet(n[a] * e, Matrix3.Dyad(e, j.Inverse().Transposed * g[a]));
                    })];
                }

                static int Dof(Basis basis, int cell, int k) => (basis.Components * basis.CellNodes(cell)[k / basis.Components]) + (k % basis.Components);
                var (of, against) = (Jets(trial), Jets(test));
                for (var b = 0; b < of.Length; b++)
                {
                    var answer = law(of[b]);
                    for (var a = 0; a < against.Length; a++)
                    {
                        result[Dof(test, cell, a), Dof(trial, cell, b)] +=
                            rule.Weights[q] * j.Determinant * (Vec3.Dot(answer.Value, against[a].Value) + Matrix3.Contract(answer.Gradient, against[a].Gradient));
                    }
                }
            }
        }

        return result;
    }

    private static void Agree(double[,] slow, CsrMatrix fast)
    {
        Assert.Equal((slow.GetLength(0), slow.GetLength(1)), (fast.RowCount, fast.ColumnCount));
        var largest = slow.Cast<double>().Max(Math.Abs);
        for (var row = 0; row < fast.RowCount; row++)
        {
            for (var column = 0; column < fast.ColumnCount; column++)
            {
                Assert.Equal(slow[row, column], fast[row, column], 1e-13 * largest);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Meshes))]
    public void The_matrix_is_what_the_definition_says(string name)
    {
        var mesh = MeshTests.All[name]();
        var (linear, quadratic, field) = (Basis.Scalar(mesh, 1), Basis.Scalar(mesh, 2), Basis.Vector(mesh, 2));
        Agree(Slowly(linear, field, p => Spread(p.First)), Assembly.Matrix(linear, field, MixedForm.ScalarToVector(Spread)));
        Agree(Slowly(linear, field, p => Spread(p.First)), Assembly.Matrix(linear, field, MixedForm.ScalarToVector((_, p) => Spread(p))));
        Agree(Slowly(field, linear, u => Gathered(u).Lifted), Assembly.Matrix(field, linear, MixedForm.VectorToScalar(Gathered)));
        Agree(Slowly(field, linear, u => Gathered(u).Lifted), Assembly.Matrix(field, linear, MixedForm.VectorToScalar((_, u) => Gathered(u))));
        var between = Heat.Conduction(2) + BilinearForm.Scalar(u => ScalarJet.Source(u.Value + u.Gradient.X));
        Agree(Slowly(quadratic, linear, u => new ScalarJet(u.Value.X + u.Gradient.XX, 2 * u.Gradient.Row(0)).Lifted), Assembly.Matrix(quadratic, linear, MixedForm.Of(between)));
    }

    [Fact]
    public void A_form_on_one_basis_is_that_of_the_usual_assembly()
    {
        var basis = Basis.Vector(MeshTests.All["mixed"](), 2);
        var form = Elasticity.Stiffness(x => (1 + x.Position.X) * Tangent6.Isotropic(1, 0.3)) + Elasticity.Mass(3);
        var (usual, mixed) = (Assembly.Matrix(basis, form), Assembly.Matrix(basis, basis, MixedForm.Of(form)));
        for (var row = 0; row < basis.DofCount; row++)
        {
            for (var column = 0; column < basis.DofCount; column++)
            {
                Assert.Equal(usual[row, column], mixed[row, column], 1e-13);
            }
        }
    }

    // ∫ p ∂ₙ… over a part of the surface, by a field that is known: ∫ p (v·n) with p = x, v = (y, 1) over the right side x = 2 of a rectangle of height 1 is 2 · ½.
    [Fact]
    public void Sums_multiples_boundaries_and_transposes()
    {
        var mesh = StructuredMesh.Rectangle(2, 1, 4, 3, CellShape.Triangle);
        var (velocity, pressure) = (Basis.Vector(mesh, 2), Basis.Scalar(mesh, 1));
        var (p, v) = (pressure.Interpolate(x => x.X), velocity.Interpolate(x => new Vec3(x.Y, 1, 0)));
        var side = Assembly.Matrix(pressure, velocity, MixedForm.ScalarToVector((x, p) => VectorJet.Source(p.Value * x.Normal)), Domain.Boundary("right"));
        double Work(CsrMatrix b)
        {
            var product = new double[b.RowCount];
            b.Multiply(p, product);
            return FixedOrderSum.Dot(v, product);
        }

        Assert.Equal(1, Work(side), 1e-13);
        var (gradient, divergence) = (Assembly.Matrix(pressure, velocity, Flow.Pressure), Assembly.Matrix(velocity, pressure, Flow.Divergence));
        var transposed = divergence.Transposed();
        Assert.True(gradient.Columns.SequenceEqual(transposed.Columns));
        for (var k = 0; k < gradient.EntryCount; k++)
        {
            Assert.Equal(gradient.Values[k], transposed.Values[k], 1e-15);
        }

        // By parts: −∫ p div v = ∫ ∇p·v − ∫ p v·n.
        var rest = Assembly.Matrix(pressure, velocity, MixedForm.ScalarToVector(p => VectorJet.Source(p.Gradient)));
        var surface = Assembly.Matrix(pressure, velocity, -1 * MixedForm.ScalarToVector((x, p) => VectorJet.Source(p.Value * x.Normal)), Domain.Surface);
        Assert.Equal(Work(gradient), Work(rest) + Work(surface), 1e-13);
        var sum = Assembly.Matrix(pressure, velocity, Flow.Pressure + (-1 * MixedForm.ScalarToVector(p => VectorJet.Source(p.Gradient))));
        Assert.Equal(Work(gradient) - Work(rest), Work(sum), 1e-13);
    }

    [Fact]
    public void Any_number_of_threads_gives_the_same_bits()
    {
        var mesh = StructuredMesh.Rectangle(1, 1, 40, 40);
        var order = Enumerable.Range(0, mesh.CellCount).OrderBy(c => new Philox(5, 0).Uniform(0, 0, c)).ToArray();
        var shuffled = new Mesh(mesh.Points, [new(mesh.Blocks[0].Shape, 1, [.. order.SelectMany(c => mesh.Cell(c).ToArray())])]);
        foreach (var m in new[] { mesh, shuffled })
        {
            var (velocity, pressure) = (Basis.Vector(m, 2), Basis.Scalar(m, 1));
            var form = MixedForm.VectorToScalar((x, u) => ScalarJet.Source(Math.Exp(x.Position.X) * u.Gradient.Trace));
            Assert.True(Assembly.Matrix(velocity, pressure, form).Values.SequenceEqual(Assembly.Matrix(velocity, pressure, form, null, new ChunkedLoop(3)).Values));
        }
    }

    [Fact]
    public void What_does_not_fit_is_refused()
    {
        var mesh = StructuredMesh.Rectangle(1, 1, 2, 2);
        var (velocity, pressure) = (Basis.Vector(mesh, 2), Basis.Scalar(mesh, 1));
        void Refused(string part, Action action) => Assert.Contains(part, Assert.Throws<ScaleModelException>(action).Message, StringComparison.Ordinal);
        Refused("two", () => Assembly.Matrix(Basis.Vector(StructuredMesh.Rectangle(1, 1, 2, 2), 2), pressure, Flow.Divergence));
        Refused("scalar field", () => Assembly.Matrix(pressure, velocity, Flow.Divergence));
        Refused("not linear", () => Assembly.Matrix(velocity, pressure, MixedForm.VectorToScalar(u => ScalarJet.Source(u.Value.Norm))));
        Refused("not finite", () => Assembly.Matrix(velocity, pressure, MixedForm.VectorToScalar((x, u) => ScalarJet.Source(u.Value.X / (x.Cell == 2 ? 0 : 1)))));
        Refused("means", () => MixedForm.Of(Elasticity.StiffnessBBar(Tangent6.Isotropic(1, 0.3))));
        Refused("sum", () => _ = Flow.Divergence + Flow.Pressure);
    }
}
