using ActorMultiscale.Physics.Continuum.Elements;
using ActorMultiscale.Physics.Continuum.Meshes;

namespace ActorMultiscale.Tests.Continuum.Elements;

/// <summary>The rules integrate what they promise to.</summary>
public sealed class QuadratureTests
{
    public static IEnumerable<object[]> Rules =>
        from shape in Enum.GetValues<CellShape>() where shape != CellShape.Point from degree in Enumerable.Range(0, 13) select new object[] { shape, degree };

    private static double Factorial(int n) => n < 2 ? 1 : n * Factorial(n - 1);

    // ∫ xⁱ yʲ zᵏ: on simplices i! j! k! / (i + j + k + d)!, on cubes the product of 1/(i + 1).
    private static double Exact(ReferenceCell cell, int i, int j, int k) => cell.IsSimplex
        ? Factorial(i) * Factorial(j) * Factorial(k) / Factorial(i + j + k + cell.Dimension)
        : 1.0 / ((i + 1) * (j + 1) * (k + 1));

    [Theory]
    [MemberData(nameof(Rules))]
    public void All_monomials_up_to_the_degree_are_exact(CellShape shape, int degree)
    {
        var rule = Quadrature.Of(shape, degree);
        var cell = rule.Cell;
        Assert.All(rule.Weights, w => Assert.True(w > 0));
        Assert.All(rule.Points, x => Assert.True(cell.Contains(x)));
        for (var i = 0; i <= degree; i++)
        {
            for (var j = 0; j <= (cell.Dimension > 1 ? degree : 0); j++)
            {
                for (var k = 0; k <= (cell.Dimension > 2 ? degree : 0); k++)
                {
                    if (cell.IsSimplex && i + j + k > degree)
                    {
                        continue;
                    }

                    var sum = 0.0;
                    for (var q = 0; q < rule.Points.Length; q++)
                    {
                        var x = rule.Points[q];
                        sum += rule.Weights[q] * Math.Pow(x.X, i) * Math.Pow(x.Y, j) * Math.Pow(x.Z, k);
                    }

                    Assert.Equal(Exact(cell, i, j, k), sum, 2e-14 * cell.Volume);
                }
            }
        }
    }

    [Theory]
    [InlineData(CellShape.Line, 3, 2)]
    [InlineData(CellShape.Triangle, 4, 7)]
    [InlineData(CellShape.Tetrahedron, 4, 14)]
    [InlineData(CellShape.Hexahedron, 5, 27)]
    public void Rules_have_few_points(CellShape shape, int degree, int points) => Assert.Equal(points, Quadrature.Of(shape, degree).Points.Length);
}
