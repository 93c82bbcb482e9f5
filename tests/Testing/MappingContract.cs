using System.Collections.Immutable;
using ActorMultiscale.Physics.Coupling.Mapping;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using static ActorMultiscale.Testing.Verdict;

namespace ActorMultiscale.Testing;

/// <summary>
/// What every data mapping must keep to. Derive a test class from it and say which mapping is meant and between which points; the facts
/// below then run for it.
/// </summary>
public abstract class MappingContract
{
    // ---- what the author says of the mapping ---------------------------------------------------------------------

    /// <summary>The mapping, with the constraint <see cref="MappingConstraint.Consistent"/>.</summary>
    protected abstract MappingSpec Spec { get; }

    /// <summary>Where values come from.</summary>
    protected abstract PointCloud From { get; }

    /// <summary>Where values go to; none of its points at equal distance from two nearest sources.</summary>
    protected abstract PointCloud To { get; }

    /// <summary>Whether constants stay constant: not where radial functions go without a polynomial.</summary>
    protected virtual bool KeepsConstants => true;

    /// <summary>Whether linear fields are mapped exactly between these points.</summary>
    protected virtual bool IsLinearlyExact => false;

    /// <summary>Whether a target on a source point takes its value.</summary>
    protected virtual bool Interpolates => true;

    /// <summary>What round-off may do to a value of size 1. Nearly singular systems lose digits.</summary>
    protected virtual double RoundOff => 1e-13;

    // ---- the contract --------------------------------------------------------------------------------------------

    /// <summary>An intensive field that is the same everywhere stays so.</summary>
    [Fact]
    public void Constants_stay_constant()
    {
        if (KeepsConstants)
        {
            RequireClose(Filled(To.Count, 2.5), Mapped(Spec, From, To, Filled(From.Count, 2.5)), 2.5e-12, "a constant is not kept", "Let the weights of every target sum to 1.");
        }
    }

    /// <summary>An extensive field keeps its sum, whatever the method.</summary>
    [Fact]
    public void Conservative_mapping_keeps_sums()
    {
        var values = Rough(From.Count, 1);
        var mapped = Mapped(Spec with { Constraint = MappingConstraint.Conservative }, From, To, values);
        var (before, after, scale) = (FixedOrderSum.Of(values), FixedOrderSum.Of(mapped), FixedOrderSum.Of(Array.ConvertAll(values, Math.Abs)));
        Require(Math.Abs(before - after) <= 1e-12 * scale, $"the sum was {before:R} and is {after:R}.", "Let every source give away weights that sum to 1.");
    }

    /// <summary>Power is the same on both sides where forces are mapped back by the transpose of what maps velocities.</summary>
    [Fact]
    public void Conservative_mapping_is_the_transpose_of_the_consistent_one_that_leads_the_other_way()
    {
        // Where constants are not kept, it is the transpose of the mapping divided by what becomes of 1.
        var (velocities, forces) = (Rough(From.Count, 2), Rough(To.Count, 3));
        var (mapped, ones) = (Mapped(Spec, From, To, velocities), Mapped(Spec, From, To, Filled(From.Count, 1)));
        for (var i = 0; i < mapped.Length; i++)
        {
            mapped[i] /= ones[i];
        }

        var there = FixedOrderSum.Dot(forces, mapped);
        var back = FixedOrderSum.Dot(velocities, Mapped(Spec with { Constraint = MappingConstraint.Conservative }, To, From, forces));
        Require(Math.Abs(there - back) <= 1e-11 * FixedOrderSum.Norm(mapped) * FixedOrderSum.Norm(forces), $"f · M v is {there:R} and v · Mᵀ f is {back:R}.", "Transpose the very same weights.");
    }

    /// <summary>Linear fields, where the method promises them.</summary>
    [Fact]
    public void Linear_fields_are_exact_where_promised()
    {
        if (IsLinearlyExact)
        {
            double[] Linear(PointCloud cloud) => [.. Enumerable.Range(0, cloud.Count).Select(i => 0.3 + cloud.Coordinates[3 * i] - (2 * cloud.Coordinates[(3 * i) + 1]) + (0.7 * cloud.Coordinates[(3 * i) + 2]))];
            RequireClose(Linear(To), Mapped(Spec, From, To, Linear(From)), 100 * RoundOff, "a linear field is not exact", "Interpolate linearly, or do not promise it.");
        }
    }

    /// <summary>Mapping a cloud to itself gives the values themselves.</summary>
    [Fact]
    public void A_target_on_a_source_point_takes_its_value()
    {
        if (Interpolates)
        {
            var values = Rough(From.Count, 4);
            RequireClose(values, Mapped(Spec, From, new PointCloud(From.Coordinates.ToArray()), values), 100 * RoundOff, "a value is not kept at its own point", "Interpolate, or do not promise it.");
        }
    }

    /// <summary>How points are numbered means nothing.</summary>
    [Fact]
    public void Numbering_the_points_otherwise_changes_round_off_alone()
    {
        var (from, fromOrder) = Shuffled(From, 5);
        var (to, toOrder) = Shuffled(To, 6);
        foreach (var constraint in new[] { MappingConstraint.Consistent, MappingConstraint.Conservative })
        {
            var spec = Spec with { Constraint = constraint };
            var values = Rough(From.Count, 7);
            var plain = Mapped(spec, From, To, values);
            var shuffled = Mapped(spec, from, to, Array.ConvertAll(fromOrder, i => values[i]));
            RequireClose(Array.ConvertAll(toOrder, i => plain[i]), shuffled, 1000 * RoundOff, $"the {constraint} mapping depends on the numbering", "Choose by distance, not by index.");
        }
    }

    /// <summary>Threads and vector fields: always the same bits.</summary>
    [Fact]
    public void Threads_and_interleaved_components_do_not_change_bits()
    {
        foreach (var constraint in new[] { MappingConstraint.Consistent, MappingConstraint.Conservative })
        {
            var spec = Spec with { Constraint = constraint };
            double[][] parts = [Rough(From.Count, 8), Rough(From.Count, 9), Rough(From.Count, 10)];
            var together = new double[3 * To.Count];
            spec.Build(From, To, new ChunkedLoop(4)).Apply([.. Enumerable.Range(0, 3 * From.Count).Select(i => parts[i % 3][i / 3])], together, 3);
            for (var c = 0; c < 3; c++)
            {
                var alone = Mapped(spec, From, To, parts[c]);
                var found = Enumerable.Range(0, To.Count).Select(i => together[(3 * i) + c]).ToArray();
                Require(alone.AsSpan().SequenceEqual(found), $"component {c} of three, mapped on four threads, has other bits than alone on one.", "Sum in an order that depends on the points alone.");
            }
        }
    }

    /// <summary>What is written where a mapping leads nowhere would be noticed far from its cause.</summary>
    [Fact]
    public void Fields_of_another_length_are_refused()
    {
        var mapping = Spec.Build(From, To, ChunkedLoop.Serial);
        Require(mapping.FromPoints == From.Count && mapping.ToPoints == To.Count, $"the mapping says it leads from {mapping.FromPoints} to {mapping.ToPoints} points.", "Say the truth.");
        _ = Assert.Throws<ArgumentException>(() => mapping.Apply(new double[From.Count + 1], new double[To.Count], 1));
        _ = Assert.Throws<ArgumentException>(() => mapping.Apply(new double[From.Count], new double[To.Count + 1], 1));
    }

    // ---- tools ---------------------------------------------------------------------------------------------------

    private static double[] Mapped(MappingSpec spec, PointCloud from, PointCloud to, double[] values)
    {
        var mapped = Filled(to.Count, double.NaN);
        spec.Build(from, to, ChunkedLoop.Serial).Apply(values, mapped, 1);
        Require(Array.TrueForAll(mapped, double.IsFinite), $"the mapping gave a number that is not finite.", "Give every target a value, or refuse the points.");
        return mapped;
    }

    private static void RequireClose(double[] expected, double[] actual, double tolerance, string fault, string advice)
    {
        for (var i = 0; i < expected.Length; i++)
        {
            Require(Math.Abs(expected[i] - actual[i]) <= tolerance, $"{fault}: point {i} has {actual[i]:R} instead of {expected[i]:R}.", advice);
        }
    }

    private static double[] Filled(int count, double value)
    {
        var values = new double[count];
        Array.Fill(values, value);
        return values;
    }

    private static double[] Rough(int count, int stream)
    {
        var random = new Philox(17, (ulong)stream);
        return [.. Enumerable.Range(0, count).Select(i => (2 * random.Uniform(0, 0, i)) - 0.7)];
    }

    // order[new] = old.
    private static (PointCloud Cloud, int[] Order) Shuffled(PointCloud cloud, int stream)
    {
        int[] order = [.. Enumerable.Range(0, cloud.Count)];
        Array.Sort(Rough(cloud.Count, stream), order);
        var back = new int[order.Length];
        var coordinates = new double[3 * order.Length];
        for (var i = 0; i < order.Length; i++)
        {
            back[order[i]] = i;
            cloud.Coordinates.Slice(3 * order[i], 3).CopyTo(coordinates.AsSpan(3 * i, 3));
        }

        ImmutableArray<int> Renamed(ImmutableArray<int> points) => [.. points.Select(p => back[p])];
        var c = cloud.Connectivity;
        return (new PointCloud(coordinates, new Connectivity
        {
            Edges = Renamed(c.Edges),
            Triangles = Renamed(c.Triangles),
            Quadrilaterals = Renamed(c.Quadrilaterals),
            Tetrahedra = Renamed(c.Tetrahedra),
            Hexahedra = Renamed(c.Hexahedra),
        }), order);
    }
}
