using System.Collections.Immutable;
using ActorMultiscale.Physics.Adaptivity;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using CsCheck;

namespace ActorMultiscale.Tests.Adaptivity;

/// <summary>Conservation between random meshes, and the round trip of validation case V73.</summary>
public sealed class ConservativeTransferTests
{
    private static readonly Gen<(double[] Old, double[] Fresh, double[] Field)> Pairs =
        Gen.Select(CellForestTests.Forests, CellForestTests.Forests, Gen.Double[-1, 1].Array[65],
            (old, fresh, field) => (old.Nodes(360, 5), fresh.Nodes(360, 5), field[..(old.Count + 1)]));

    [Fact]
    public void Mass_and_momentum_are_the_same_on_both_meshes() => Pairs.Sample(pair =>
    {
        var transfer = ConservativeTransfer.Between(pair.Old, pair.Fresh);
        var (before, after) = (Lumped(pair.Old), Lumped(pair.Fresh));
        var velocity = Apply(transfer.Velocity, pair.Field, pair.Fresh.Length);

        Assert.Equal(FixedOrderSum.Of(before), FixedOrderSum.Of(after), 1e-12 * FixedOrderSum.Of(before));
        Assert.Equal(FixedOrderSum.Dot(before, pair.Field), FixedOrderSum.Dot(after, velocity), 1e-12 * FixedOrderSum.Of(before));
    }, iter: 500);

    [Fact]
    public void Constants_stay_constant_and_kinetic_energy_never_grows() => Pairs.Sample(pair =>
    {
        var transfer = ConservativeTransfer.Between(pair.Old, pair.Fresh);
        double[] ones = [.. pair.Old.Select(_ => 1.0)];
        var velocity = Apply(transfer.Velocity, pair.Field, pair.Fresh.Length);

        Assert.All(Apply(transfer.Velocity, ones, pair.Fresh.Length), v => Assert.Equal(1, v, 1e-14));
        Assert.All(Apply(transfer.Displacement, ones, pair.Fresh.Length), u => Assert.Equal(1, u, 1e-14));
        Assert.True(Kinetic(pair.Fresh, velocity) <= Kinetic(pair.Old, pair.Field) * (1 + 1e-14));
    }, iter: 500);

    [Fact]
    public void Linear_displacements_stay_linear() => Pairs.Sample(pair =>
    {
        var displacement = Apply(ConservativeTransfer.Between(pair.Old, pair.Fresh).Displacement, [.. pair.Old.Select(x => 1e-3 * (x - 500))], pair.Fresh.Length);

        for (var j = 0; j < displacement.Length; j++)
        {
            Assert.Equal(1e-3 * (pair.Fresh[j] - 500), displacement[j], 1e-15);
        }
    }, iter: 500);

    [Fact]
    public void Refining_and_coarsening_again_gives_back_every_nodal_value_and_the_momentum() => Gen.Select(CellForestTests.Forests, Gen.Double[-1, 1].Array[65]).Sample((forest, numbers) =>
    {
        var (coarse, fine) = (forest.Nodes(360, 5), CellForest.Finest(8, 3).Nodes(360, 5));
        var field = numbers[..coarse.Length];
        var (up, down) = (ConservativeTransfer.Between(coarse, fine), ConservativeTransfer.Between(fine, coarse));

        var displacement = Apply(down.Displacement, Apply(up.Displacement, field, fine.Length), coarse.Length);
        var velocity = Apply(down.Velocity, Apply(up.Velocity, field, fine.Length), coarse.Length);

        Assert.Equal(field, displacement);       // To the bit; V73 asks for 1e-14.
        Assert.Equal(FixedOrderSum.Dot(Lumped(coarse), field), FixedOrderSum.Dot(Lumped(coarse), velocity), 1e-12 * 320);
    }, iter: 300);

    [Fact]
    public void Where_nothing_changes_nothing_changes_to_the_bit()
    {
        double[] old = [0, 5, 10, 15, 20, 30, 40];
        double[] fresh = [0, 5, 10, 15, 20, 25, 30, 40];
        double[] field = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7];

        var transfer = ConservativeTransfer.Between(old, fresh);

        Assert.Equal(field[..4], Apply(transfer.Velocity, field, 8)[..4]);
        Assert.Equal(field[..5], Apply(transfer.Displacement, field, 8)[..5]);
        Assert.Equal(0.55, Apply(transfer.Velocity, field, 8)[5], 1e-15);
    }

    [Fact]
    public void Meshes_with_other_ends_and_operators_of_other_meshes_are_refused()
    {
        Assert.Throws<ArgumentException>(() => ConservativeTransfer.Between([0, 5], [0, 10]));
        Assert.Throws<ScaleModelException>(() => TransferEntry.Apply([new(3, 0, 1)], [1.0], new double[3]));
    }

    private static double[] Apply(ImmutableArray<TransferEntry> operatorEntries, double[] x, int rows)
    {
        var y = new double[rows];
        TransferEntry.Apply(operatorEntries.AsSpan(), x, y);
        return y;
    }

    private static double[] Lumped(double[] nodes) => [.. nodes.Select((_, j) => ConservativeTransfer.LumpedLength(nodes, j))];

    private static double Kinetic(double[] nodes, double[] v) => FixedOrderSum.Dot(Lumped(nodes), [.. v.Select(x => 0.5 * x * x)]);
}
