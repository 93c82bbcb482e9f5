using ActorMultiscale.Physics.Bridging;
using CsCheck;

namespace ActorMultiscale.Tests.Bridging;

/// <summary>The projection onto the weak constraint, with random masses and velocities in an overlap of 41 atoms and 9 nodes.</summary>
public sealed class BridgingDomainTests
{
    private static readonly double[] Atoms = [.. Enumerable.Range(0, 41).Select(i => 360.0 + i)];
    private static readonly double[] Nodes = [.. Enumerable.Range(0, 9).Select(j => 360.0 + (5 * j))];

    private static readonly Gen<(double[] NodeMass, double[] AtomMass, double[] NodeVelocity, double[] AtomVelocity)> Overlaps =
        Gen.Select(Gen.Double[0.05, 5].Array[9], Gen.Double[0.01, 1].Array[41], Gen.Double[-1, 1].Array[9], Gen.Double[-1, 1].Array[41]);

    [Fact]
    public void After_the_impulses_both_sides_move_alike() => Overlaps.Sample(overlap =>
    {
        var after = Project(overlap);

        Assert.InRange(after.Gap, 0, 1e-12 * 10);       // Sums of some 10 velocities of order 1, with a matrix of condition 1e2.
    }, iter: 200);

    [Fact]
    public void Momentum_is_kept_because_hats_sum_to_one() => Overlaps.Sample(overlap =>
    {
        var after = Project(overlap);

        Assert.Equal(0, after.AtomImpulse.Sum() + after.NodeImpulse.Sum(), 1e-12);
    }, iter: 200);

    [Fact]
    public void The_projection_is_orthogonal_in_the_mass_and_projecting_twice_is_projecting_once() => Overlaps.Sample(overlap =>
    {
        var once = Project(overlap);
        var twice = Project(overlap with { NodeVelocity = once.NodeVelocity, AtomVelocity = once.AtomVelocity });

        // (v* − v)·M v = 0, and M (v* − v) is the impulse.
        var cross = Dot(once.AtomImpulse, once.AtomVelocity) + Dot(once.NodeImpulse, once.NodeVelocity);
        Assert.Equal(0, cross, 1e-11);
        Assert.InRange(twice.AtomImpulse.Concat(twice.NodeImpulse).Max(Math.Abs), 0, 1e-11);
    }, iter: 200);

    [Fact]
    public void A_motion_that_is_linear_in_both_needs_no_impulse()
    {
        var after = Project(([.. Nodes.Select(_ => 2.5)], [.. Atoms.Select(_ => 0.5)], [.. Nodes.Select(x => 1 + (0.01 * x))], [.. Atoms.Select(x => 1 + (0.01 * x))]));

        Assert.InRange(after.AtomImpulse.Max(Math.Abs), 0, 1e-13);
    }

    [Fact]
    public void Hats_are_a_partition_of_unity() =>
        Gen.Double[360, 400].Sample(x => Assert.Equal(1, Enumerable.Range(0, 9).Sum(l => (decimal)BridgingDomain.Hat(Nodes, l, x)), 14));

    private static (double[] NodeVelocity, double[] AtomVelocity, double[] NodeImpulse, double[] AtomImpulse, double Gap) Project(
        (double[] NodeMass, double[] AtomMass, double[] NodeVelocity, double[] AtomVelocity) overlap)
    {
        var domain = new BridgingDomain(Nodes, Atoms, overlap.NodeMass, overlap.AtomMass);
        var (w, mu, side, fresh) = (new double[9], new double[9], new double[9], new double[9]);
        var (onNodes, onAtoms) = (new double[9], new double[41]);
        domain.BarSide(overlap.NodeVelocity, w);
        domain.Solve(w, overlap.AtomVelocity, mu);
        domain.OnNodes(mu, onNodes);
        domain.OnAtoms(mu, onAtoms);
        double[] nodes = [.. overlap.NodeVelocity.Select((v, j) => v + (onNodes[j] / overlap.NodeMass[j]))];
        double[] atoms = [.. overlap.AtomVelocity.Select((v, i) => v + (onAtoms[i] / overlap.AtomMass[i]))];
        domain.AtomSide(atoms, side);
        domain.BarSide(nodes, fresh);
        var gap = Math.Max(w.Zip(side, (a, b) => Math.Abs(a - b)).Max(), fresh.Zip(side, (a, b) => Math.Abs(a - b)).Max());
        return (nodes, atoms, onNodes, onAtoms, gap);
    }

    private static double Dot(double[] a, double[] b) => Physics.Numerics.FixedOrderSum.Dot(a, b);
}
