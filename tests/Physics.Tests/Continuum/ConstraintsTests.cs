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
    // What a constrained dof was is not read, so that it may be anything.
    [Theory]
    [InlineData(1e17)]
    [InlineData(double.NaN)]
    public void Constrained_dofs_are_set_whatever_they_were(double before)
    {
        var constraints = new Constraints(4).Fix(0, 0.1).Tie(2, [(1, 2), (0, 10)], 0.5);
        Assert.Equal([0.1, 3, 7.5, 4], constraints.Fulfilled([before, 3, before, 4]));
    }

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
            Assert.Equal(free, system.FreeDofs);
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
    public void A_chain_may_have_a_million_links()
    {
        // u_i = u_{i+1} + 1 up to the one free dof x, the last: u is x plus the number of links.
        const int n = 1_000_001;
        var constraints = new Constraints(n);
        for (var i = 0; i < n - 1; i++)
        {
            constraints.Tie(i, [(i + 1, 1)], 1);
        }

        var system = constraints.Condense(Diagonal(n), new double[n]);
        var u = system.Expand([0.5]);
        Assert.Equal(n, system.Matrix[0, 0]);
        Assert.True(Enumerable.Range(0, n).All(i => u[i] == 0.5 + (n - 1 - i)));
    }

    [Fact]
    public void Condensing_takes_memory_in_proportion_to_the_dofs()
    {
        static double Bytes(int n)
        {
            var (matrix, right, constraints) = (Diagonal(n), new double[n], new Constraints(n).Fix(n / 2, 1));
            var before = GC.GetAllocatedBytesForCurrentThread();
            Assert.Equal(n - 1, constraints.Condense(matrix, right).Matrix.EntryCount);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        // 2 and 64 chunks; lists that grow by doubling take up to twice what they hold.
        Assert.InRange(Bytes(262_144) / Bytes(8192), 16, 64);
    }

    private static CsrMatrix Diagonal(int n)
    {
        var ones = new double[n];
        Array.Fill(ones, 1);
        return new(n, [.. Enumerable.Range(0, n + 1)], [.. Enumerable.Range(0, n)], ones);
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

    [Fact]
    public void A_lower_face_with_more_nodes_than_the_upper_one_is_not_periodic()
    {
        // Triangles along x = 0 are twice as fine as along x = 1, so the node at (0, 0.5) has none opposite; turned round, it is on the upper face.
        static Mesh Fan(bool turned)
        {
            static Vec3 Turn(Vec3 x) => new(1 - x.X, 1 - x.Y, 0);
            Vec3[] points = [default, new(1, 0, 0), new(1, 1, 0), new(0, 1, 0), new(0, 0.5, 0)];
            return new(turned ? Array.ConvertAll(points, Turn) : points, [new(CellShape.Triangle, 1, [0, 1, 4, 1, 2, 4, 2, 3, 4])]);
        }

        foreach (var turned in new[] { false, true })
        {
            var basis = Basis.Scalar(Fan(turned), 1);
            var from = turned ? 1 : 0;
            Assert.Contains(
                $"The node at {new Vec3(from, 0.5, 0)} has no periodic image: there is none at {new Vec3(1 - from, 0.5, 0)}",
                Assert.Throws<ScaleModelException>(() => Periodicity.Pairs(basis)).Message, StringComparison.Ordinal);
            Assert.Equal(2, Periodicity.Pairs(basis, [1]).Count());
        }
    }

    [Fact]
    public void A_corner_has_its_images_in_all_directions()
    {
        // A square without its corner (1, 0): each node on an upper face has an image, and (0, 0) is that of two, but not of one opposite along x.
        var mesh = new Mesh(
            [default, new(0.5, 0, 0), new(1, 0.5, 0), new(1, 1, 0), new(0.5, 1, 0), new(0, 1, 0), new(0, 0.5, 0)],
            [new(CellShape.Triangle, 1, [4, 5, 6, 4, 6, 0, 4, 0, 1, 4, 1, 2, 4, 2, 3])]);
        Assert.Contains($"there is none at {new Vec3(1, 0, 0)}", Assert.Throws<ScaleModelException>(() => Periodicity.Pairs(Basis.Scalar(mesh, 1), [0, 1])).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(-1)]
    [InlineData(1, 1)]
    public void Directions_that_a_mesh_has_not_are_refused(params int[] axes)
    {
        var basis = Basis.Vector(StructuredMesh.Rectangle(1, 1, 2, 2), 1);
        var message = Assert.Throws<ScaleModelException>(() => new Constraints(basis.DofCount).TiePeriodic(basis, default(Matrix3), axes)).Message;
        Assert.Equal($"The periodic directions are {string.Join(", ", axes)}; of a mesh of dimension 2 they are some of 0 to 1, each once.", message);
    }
}
