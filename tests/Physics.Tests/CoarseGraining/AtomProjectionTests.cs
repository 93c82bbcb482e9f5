using ActorMultiscale.Physics.CoarseGraining;
using ActorMultiscale.Physics.Numerics;
using CsCheck;

namespace ActorMultiscale.Tests.CoarseGraining;

/// <summary>The identities of the bridging-scale projection (validation case V33), on random coarse meshes and masses.</summary>
public sealed class AtomProjectionTests
{
    private const int Atoms = 61;
    private static readonly double[] Positions = [.. Enumerable.Range(0, Atoms).Select(i => (double)i)];

    // Coarse cells of 3 to 9 atoms, up to the last atom.
    private static readonly Gen<(double[] Nodes, double[] Mass, double[] Field)> Cases =
        Gen.Select(Gen.Int[3, 9].Array[30], Gen.Double[0.1, 2].Array[Atoms], Gen.Double[-1, 1].Array[Atoms], (cells, mass, field) =>
        {
            var nodes = new List<double> { 0 };
            foreach (var cell in cells)
            {
                if (nodes[^1] + cell <= Atoms - 4)
                {
                    nodes.Add(nodes[^1] + cell);
                }
            }

            nodes.Add(Atoms - 1);
            return (nodes.ToArray(), mass, field);
        });

    [Fact]
    public void Projecting_twice_is_projecting_once_and_coarse_fields_have_no_fine_part() => Cases.Sample(c =>
    {
        var projection = new AtomProjection(c.Nodes, Positions);
        var (once, nodes) = Project(projection, c.Mass, c.Field);
        var (twice, again) = Project(projection, c.Mass, once);

        Near(once, twice, 1e-12);      // P² = P
        Near(nodes, again, 1e-12);     // Q N = 0
    }, iter: 200);

    [Fact]
    public void Coarse_and_fine_parts_are_orthogonal_in_the_mass() => Cases.Sample(c =>
    {
        var (coarse, _) = Project(new AtomProjection(c.Nodes, Positions), c.Mass, c.Field);
        var cross = FixedOrderSum.Of([.. coarse.Select((p, i) => p * c.Mass[i] * (c.Field[i] - p))]);

        Assert.Equal(0, cross, 1e-12);
    }, iter: 200);

    [Fact]
    public void Linear_fields_are_reproduced() => Cases.Sample(c =>
    {
        double[] linear = [.. Positions.Select(x => 0.3 - (0.01 * x))];

        Near(linear, Project(new AtomProjection(c.Nodes, Positions), c.Mass, linear).Atoms, 1e-12);
    }, iter: 200);

    [Fact]
    public void Sums_over_nodes_are_those_over_atoms() => Cases.Sample(c =>
    {
        var projection = new AtomProjection(c.Nodes, Positions);
        var nodes = new double[projection.Nodes];
        projection.Spread(c.Field, nodes);

        Assert.Equal(FixedOrderSum.Of(c.Field), FixedOrderSum.Of(nodes), 1e-13);
    }, iter: 200);

    [Fact]
    public void The_lumped_average_keeps_momentum_and_reproduces_constants() => Cases.Sample(c =>
    {
        var projection = new AtomProjection(c.Nodes, Positions);
        var (mass, average, constant) = (new double[projection.Nodes], new double[projection.Nodes], new double[projection.Nodes]);
        projection.Spread(c.Mass, mass);
        projection.Average(c.Mass, c.Field, average);
        projection.Average(c.Mass, [.. c.Field.Select(_ => 0.7)], constant);

        Assert.Equal(FixedOrderSum.Dot(c.Mass, c.Field), FixedOrderSum.Dot(mass, average), 1e-12);
        Near([.. constant.Select(_ => 0.7)], constant, 1e-14);
    }, iter: 200);

    [Fact]
    public void An_atom_outside_the_coarse_mesh_is_refused() =>
        Assert.Throws<ArgumentException>(() => new AtomProjection([0, 10], [5, 11]));

    private static (double[] Atoms, double[] Nodes) Project(AtomProjection projection, double[] mass, double[] field)
    {
        var (nodes, atoms) = (new double[projection.Nodes], new double[projection.Atoms]);
        projection.Fit(mass, field, nodes);
        projection.Prolong(nodes, atoms);
        return (atoms, nodes);
    }

    private static void Near(double[] expected, double[] actual, double tolerance)
    {
        for (var i = 0; i < expected.Length; i++)
        {
            Assert.Equal(expected[i], actual[i], tolerance);
        }
    }
}
