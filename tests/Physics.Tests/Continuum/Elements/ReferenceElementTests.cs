using ActorMultiscale.Physics.Continuum.Elements;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;
using CsCheck;

namespace ActorMultiscale.Tests.Continuum.Elements;

/// <summary>What every element must do, over all of them.</summary>
public sealed class ReferenceElementTests
{
    public static IEnumerable<object[]> Elements => Lagrange.All.Select(e => new object[] { e.Cell.Shape, e.Degree });

    private static (double[] Values, Vec3[] Gradients) At(ReferenceElement element, Vec3 at)
    {
        var (values, gradients) = (new double[element.Nodes.Length], new Vec3[element.Nodes.Length]);
        element.Evaluate(at, values, gradients);
        return (values, gradients);
    }

    /// <summary>Places anywhere in a cell.</summary>
    internal static Gen<Vec3> Inside(ReferenceCell cell) => Gen.Select(Gen.Double[0, 1], Gen.Double[0, 1], Gen.Double[0, 1])
        .Select((x, y, z) => new Vec3(x, cell.Dimension > 1 ? y : 0, cell.Dimension > 2 ? z : 0)).Where(x => cell.Contains(x));

    [Theory]
    [MemberData(nameof(Elements))]
    public void Each_function_is_one_at_its_node_and_zero_at_the_others(CellShape shape, int degree)
    {
        var element = Lagrange.Of(shape, degree);
        for (var b = 0; b < element.Nodes.Length; b++)
        {
            var (values, _) = At(element, element.Nodes[b]);
            for (var a = 0; a < values.Length; a++)
            {
                Assert.Equal(a == b ? 1 : 0, values[a], 1e-15);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Elements))]
    public void Functions_sum_to_one_and_have_the_gradients_of_their_differences(CellShape shape, int degree)
    {
        var element = Lagrange.Of(shape, degree);
        const double h = 1e-4;
        Inside(element.Cell).Sample(at =>
        {
            var (values, gradients) = At(element, at);
            Assert.Equal(1, values.Aggregate((x, y) => x + y), 1e-14);
            Assert.Equal(0, gradients.Aggregate((x, y) => x + y).Norm, 1e-13);
            for (var d = 0; d < 3; d++)
            {
                var step = new Vec3(d == 0 ? h : 0, d == 1 ? h : 0, d == 2 ? h : 0);
                var (plus, minus) = (At(element, at + step).Values, At(element, at - step).Values);
                for (var a = 0; a < values.Length; a++)
                {
                    // Central differences are exact for the quadratics along each axis.
                    Assert.Equal(d < element.Cell.Dimension ? (plus[a] - minus[a]) / (2 * h) : 0, gradients[a][d], 1e-10);
                }
            }
        }, iter: 200);
    }

    [Theory]
    [MemberData(nameof(Elements))]
    public void Polynomials_of_the_degree_are_sums_of_the_functions(CellShape shape, int degree)
    {
        var element = Lagrange.Of(shape, degree);
        var dimension = element.Cell.Dimension;
        Gen.Select(Inside(element.Cell), Gen.Double[-1, 1].Array[10]).Sample((at, c) =>
        {
            double P(Vec3 x)
            {
                double[] powers = [1, x.X, x.Y, x.Z, x.X * x.X, x.Y * x.Y, x.Z * x.Z, x.X * x.Y, x.X * x.Z, x.Y * x.Z];
                return powers.Take(degree == 1 ? 4 : 10).Select((p, n) => c[n] * p).Aggregate((s, t) => s + t);
            }

            var (values, _) = At(element, at);
            Assert.Equal(P(at), values.Select((v, a) => v * P(element.Nodes[a])).Aggregate((s, t) => s + t), 1e-13);
        }, iter: 200);
        Assert.True(dimension > 0);
    }

    [Theory]
    [MemberData(nameof(Elements))]
    public void On_a_facet_only_its_own_nodes_count(CellShape shape, int degree)
    {
        var element = Lagrange.Of(shape, degree);
        for (var f = 0; f < element.Cell.Facets.Length; f++)
        {
            var facet = ReferenceCell.Of(element.Cell.Facets[f].Shape);
            var nodes = element.FacetNodes[f];
            Assert.Equal(facet.Shape == CellShape.Point ? 1 : Lagrange.Of(facet.Shape, degree).Nodes.Length, nodes.Length);
            var (values, _) = At(element, element.Cell.OnFacet(f, facet.IsSimplex ? new Vec3(0.31, facet.Dimension > 1 ? 0.23 : 0, 0) : new Vec3(0.31, 0.62, 0)));
            Assert.All(Enumerable.Range(0, values.Length), a => Assert.Equal(nodes.Contains(a), Math.Abs(values[a]) > 1e-15));
        }
    }

    [Theory]
    [MemberData(nameof(Elements))]
    public void The_mass_matrix_is_positive_definite(CellShape shape, int degree)
    {
        var element = Lagrange.Of(shape, degree);
        var rule = Quadrature.Of(shape, 2 * degree);
        var n = element.Nodes.Length;
        var mass = new double[n * n];
        for (var q = 0; q < rule.Points.Length; q++)
        {
            var (values, _) = At(element, rule.Points[q]);
            for (var ab = 0; ab < n * n; ab++)
            {
                mass[ab] += rule.Weights[q] * values[ab / n] * values[ab % n];
            }
        }

        _ = new ActorMultiscale.Physics.Numerics.CholeskyFactor(mass, n);
        Assert.Equal(element.Cell.Volume, mass.Aggregate((x, y) => x + y), 1e-14);
    }

    [Theory]
    [InlineData(CellShape.Line)]
    [InlineData(CellShape.Triangle)]
    [InlineData(CellShape.Quadrilateral)]
    [InlineData(CellShape.Tetrahedron)]
    [InlineData(CellShape.Hexahedron)]
    public void Outward_normals_of_a_cell_close_it(CellShape shape)
    {
        // The divergence theorem for the fields 1 and x: Σ n A = 0 and Σ x·n A = d V.
        var cell = ReferenceCell.Of(shape);
        var (sum, flux) = (Vec3.Zero, 0.0);
        for (var f = 0; f < cell.Facets.Length; f++)
        {
            var facet = ReferenceCell.Of(cell.Facets[f].Shape);
            sum += facet.Volume * cell.FacetNormal(f);
            flux += facet.Volume * Vec3.Dot(cell.FacetNormal(f), cell.OnFacet(f, facet.Middle));
        }

        Assert.Equal(0, sum.Norm, 1e-15);
        Assert.Equal(cell.Dimension * cell.Volume, flux, 1e-15);
    }
}
