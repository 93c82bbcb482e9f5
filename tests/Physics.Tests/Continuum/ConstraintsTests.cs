using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using CsCheck;

namespace ActorMultiscale.Tests.Continuum;

/// <summary>Given values, ties, periodicity and hanging nodes.</summary>
public sealed class ConstraintsTests
{
    // Dense, by the definition: u = C x + b found by letting each constraint replace its dof until only free ones are left.
    [Fact]
    public void Condensing_is_the_triple_product_of_the_definition()
    {
        const int n = 12;
        Gen.Select(Gen.Double[-1, 1].Array[n * n], Gen.Double[-1, 1].Array[n], Gen.Int[0, 3].Array[n], Gen.Int[0, n - 1].Array[2 * n], Gen.Double[-2, 2].Array[3 * n]).Sample((entries, f, kind, targets, factors) =>
        {
            var builder = new CsrBuilder(n, n);
            for (var i = 0; i < n * n; i++)
            {
                if (Math.Abs(entries[i]) > 0.4)
                {
                    builder.Add(i / n, i % n, entries[i]);
                }
            }

            // Constraints point to lower dofs only, so there is no circle.
            var k = builder.ToMatrix();
            var constraints = new Constraints(n);
            var c = new double[n, n];
            var b = new double[n];
            for (var i = 0; i < n; i++)
            {
                var terms = new List<(int, double)>();
                if (kind[i] > 0 && i > 0)
                {
                    for (var t = 0; t < kind[i] - 1; t++)
                    {
                        terms.Add((targets[(2 * i) + t] % i, factors[(3 * i) + t]));
                    }

                    constraints.Tie(i, [.. terms], factors[(3 * i) + 2]);
                    b[i] = factors[(3 * i) + 2];
                    foreach (var (j, factor) in terms)
                    {
                        b[i] += factor * b[j];
                        for (var s = 0; s < n; s++)
                        {
                            c[i, s] += factor * c[j, s];
                        }
                    }
                }
                else
                {
                    c[i, i] = 1;
                }
            }

            var free = Enumerable.Range(0, n).Where(i => !constraints.Contains(i)).ToArray();
            var system = constraints.Condense(k, f, new ChunkedLoop(2));
            Assert.Equal(free.Length, system.Matrix.RowCount);
            for (var r = 0; r < free.Length; r++)
            {
                var right = 0.0;
                for (var i = 0; i < n; i++)
                {
                    right += c[i, free[r]] * (f[i] - Enumerable.Range(0, n).Select(j => k[i, j] * b[j]).Aggregate((x, y) => x + y));
                }

                Assert.Equal(right, system.Right[r], 1e-9 * (1 + Math.Abs(right)));
                for (var s = 0; s < free.Length; s++)
                {
                    var sum = 0.0;
                    for (var i = 0; i < n; i++)
                    {
                        for (var j = 0; j < n; j++)
                        {
                            sum += c[i, free[r]] * k[i, j] * c[j, free[s]];
                        }
                    }

                    Assert.Equal(sum, system.Matrix[r, s], 1e-9 * (1 + Math.Abs(sum)));
                }
            }

            var u = system.Expand(Enumerable.Range(0, free.Length).Select(r => 1.0 + r).ToArray());
            for (var i = 0; i < n; i++)
            {
                Assert.Equal(b[i] + Enumerable.Range(0, free.Length).Select(r => c[i, free[r]] * (1.0 + r)).Prepend(0).Aggregate((x, y) => x + y), u[i], 1e-9 * (1 + Math.Abs(u[i])));
            }
        }, iter: 200);
    }

    [Fact]
    public void Contradictions_and_circles_are_refused_by_name()
    {
        static string Message(Action action) => Assert.Throws<ScaleModelException>(action).Message;
        var k = new CsrBuilder(3, 3).ToMatrix();

        Assert.Contains("Dof 1 is constrained twice: 2 and 3", Message(() => new Constraints(3).Fix(1, 2).Fix(1, 2).Fix(1, 3)), StringComparison.Ordinal);
        Assert.Contains("by way of others", Message(() => new Constraints(3).Tie(0, [(1, 1)]).Tie(1, [(2, 1)]).Tie(2, [(0, 1)]).Condense(k, new double[3])), StringComparison.Ordinal);
        Assert.Contains("dofs are 0 to 2", Message(() => new Constraints(3).Fix(3, 0)), StringComparison.Ordinal);
        Assert.Contains("depends on itself", Message(() => new Constraints(3).Tie(0, [(0, 0.5)])), StringComparison.Ordinal);
        Assert.Contains("not finite", Message(() => new Constraints(3).Fix(0, double.NaN)), StringComparison.Ordinal);
        Assert.Equal([1, 2, 3], new Constraints(3).Fix(0, 1).Fix(1, 2).Fix(2, 3).Solve(k, new double[3]));
    }

    [Fact]
    public void A_linear_field_is_exact_across_hanging_nodes()
    {
        // The right half is twice as fine as the left one; along the seam each second node hangs between two others.
        static Mesh Joined()
        {
            Vec3[] points =
            [
                new(0, 0, 0), new(1, 0, 0), new(0, 1, 0), new(1, 1, 0), new(0, 2, 0), new(1, 2, 0),
                new(1, 0.5, 0), new(1, 1.5, 0), new(1.5, 0, 0), new(1.5, 0.5, 0), new(1.5, 1, 0), new(1.5, 1.5, 0), new(1.5, 2, 0),
            ];
            return new(points, [new(CellShape.Quadrilateral, 1, [0, 1, 3, 2, 2, 3, 5, 4, 1, 8, 9, 6, 6, 9, 10, 3, 3, 10, 11, 7, 7, 11, 12, 5])]);
        }

        var basis = Basis.Scalar(Joined(), 1);
        double Exact(Vec3 x) => 1 + (2 * x.X) - (3 * x.Y);
        var outer = basis.NodesWhere(x => x.X is 0 or 1.5 || x.Y is 0 or 2);
        var u = new Constraints(basis.DofCount).Tie(6, [(1, 0.5), (3, 0.5)]).Tie(7, [(3, 0.5), (5, 0.5)]).Fix(basis, outer, Exact)
            .Solve(Assembly.Matrix(basis, Heat.Conduction(1)), new double[basis.DofCount]);
        Assert.All(Enumerable.Range(0, basis.NodeCount), n => Assert.Equal(Exact(basis.Nodes[n]), u[n], 1e-12));
    }

    [Fact]
    public void A_body_without_nodes_opposite_to_each_other_is_not_periodic()
    {
        var mesh = StructuredMesh.Rectangle(1, 1, 2, 2).Moved(x => x.X == 1 && x.Y == 0.5 ? new(1, 0.6, 0) : x);
        var basis = Basis.Scalar(mesh, 1);
        Assert.Contains("has no periodic image", Assert.Throws<ScaleModelException>(() => new Constraints(basis.DofCount).TiePeriodic(basis, Vec3.Zero)).Message, StringComparison.Ordinal);
        Assert.Equal(3, new Constraints(basis.DofCount).TiePeriodic(basis, Vec3.Zero, [1]).Count);
    }
}
