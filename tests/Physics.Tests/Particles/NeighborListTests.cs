using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles;
using CsCheck;

namespace ActorMultiscale.Tests.Particles;

/// <summary>When a list of neighbors has had its day, against all pairs one by one.</summary>
public sealed unsafe class NeighborListTests
{
    private const int Count = 640;
    private const double Cutoff = 2;

    private static readonly Gen<(int Seed, double Skin, int Fast, bool IsOpen, bool IsSkewed)> _moves =
        Gen.Select(Gen.Int[0, 1 << 30], Gen.Double[0.2, 0.6], Gen.Int[2, 8], Gen.Bool, Gen.Bool);

    [Fact]
    public void A_list_has_had_its_day_when_somebody_comes_near_who_is_not_in_it()
    {
        var (came, stayed) = (0, 0);
        _moves.Sample(moves =>
        {
            var (seed, skin, fast, isOpen, isSkewed) = moves;
            var noise = new Philox((ulong)seed, 3);
            Vec3 Random(int i, int what) => new(noise.Uniform(what, 0, i), noise.Uniform(what, 1, i), noise.Uniform(what, 2, i));
            var cell = isSkewed ? new Matrix3(10, 3, 2, 0, 9, -2, 0, 0, 8) : new Matrix3(10, 0, 0, 0, 9, 0, 0, 0, 8);
            var box = new SimulationBox(new(-1, 2, 3), cell, isOpen ? BoxSide.Fixed : BoxSide.Periodic);
            var atoms = new AtomConfiguration
            {
                Units = UnitSystem.LennardJones, Box = box, Species = [new("A", 1)], Kinds = new int[Count],
                Positions = [.. Enumerable.Range(0, Count).Select(i => box.Point(Random(i, 0)))],
            };
            var store = new ParticleStore(atoms);
            var list = new NeighborList(store, box);
            list.Build(box, Cutoff + skin, 0.5 * skin, null, ChunkedLoop.Serial);
            var built = new Vec3[Count];
            var rows = new AlignedArray<double>();
            rows.Ensure(4 * Count);
            new ReadOnlySpan<double>(store.X, 4 * Count).CopyTo(rows.Span(4 * Count));

            // A few go up to the farthest that can be told, the others less than half the skin.
            for (var i = 0; i < Count; i++)
            {
                built[i] = store.Position(i);
                var way = Random(i, 1) - new Vec3(0.5, 0.5, 0.5);
                var length = i % (Count / fast) == 0 ? 0.5 + (0.249 * noise.Uniform(2, 0, i)) : 0.499 * noise.Uniform(2, 0, i);
                ParticleStore.Write(store.X, i, built[i] + (length * skin / way.Norm * way), 0);
            }

            // In every other sample two that were beyond the reach, or images of each other's likes, go towards each other.
            Vec3[] shifts = [.. Shifts(box)];
            if (seed % 2 == 0)
            {
                var meeting = from i in Enumerable.Range(0, Count)
                              from j in Enumerable.Range(0, i)
                              from shift in shifts
                              let way = built[i] - built[j] + shift
                              where way.Norm - Cutoff - skin > 0 && way.Norm - Cutoff - skin < 0.15 * skin
                              select (i, j, Way: skin / way.Norm * way);
                if (meeting.Skip(seed % 50).FirstOrDefault() is { i: > 0 } pair)
                {
                    ParticleStore.Write(store.X, pair.i, built[pair.i] - (0.7 * pair.Way), 0);
                    ParticleStore.Write(store.X, pair.j, built[pair.j] + (0.49 * pair.Way), 0);
                }
            }

            var expected = false;
            for (var i = 0; i < Count && !expected; i++)
            {
                for (var j = 0; j < i; j++)
                {
                    var (then, now) = (built[i] - built[j], store.Position(i) - store.Position(j));
                    foreach (var shift in shifts)
                    {
                        expected |= (now + shift).NormSquared < Cutoff * Cutoff && (then + shift).Norm > Cutoff + skin;
                    }
                }
            }

            var ways = new AlignedArray<double>();
            ways.Ensure(1 + (Count / NeighborList.Chunk));
            ways.Span(ways.Capacity).Fill(double.PositiveInfinity);
            Assert.Equal(expected, list.HasNewcomers(box, rows.Pointer, ways.Pointer, Cutoff, skin, ChunkedLoop.Serial));
            (came, stayed) = (came + (expected ? 1 : 0), stayed + (expected ? 0 : 1));
        }, iter: 50, threads: 1);
        Assert.True(Math.Min(came, stayed) >= 10, $"{came} lists had had their day, {stayed} had not");
    }

    [Theory]
    [InlineData(0.76, true)]        // One so far that images may lack,
    [InlineData(0.5, false)]        // half the skin, which nobody needs to look at,
    [InlineData(double.NaN, true)]  // and nowhere.
    public void Who_went_too_far_ends_a_list(double skins, bool expected)
    {
        var box = SimulationBox.Orthogonal(100, 100, 100);
        var atoms = new AtomConfiguration { Units = UnitSystem.LennardJones, Box = box, Species = [new("A", 1)], Kinds = new int[2], Positions = [new(10, 10, 10), new(60, 60, 60)] };
        var store = new ParticleStore(atoms);
        var list = new NeighborList(store, box);
        list.Build(box, 2.5, 0.25, null, ChunkedLoop.Serial);
        var rows = new AlignedArray<double>();
        rows.Ensure(8);
        new ReadOnlySpan<double>(store.X, 8).CopyTo(rows.Span(8));
        ParticleStore.Write(store.X, 1, store.Position(1) + new Vec3(0.5 * skins, 0, 0), 0);
        var ways = new AlignedArray<double>();
        ways.Ensure(1);
        ways.Span(1).Fill(double.PositiveInfinity);
        Assert.Equal(expected, list.HasNewcomers(box, rows.Pointer, ways.Pointer, 2, 0.5, ChunkedLoop.Serial));
    }

    private static IEnumerable<Vec3> Shifts(SimulationBox box) =>
        from a in Enumerable.Range(-1, 3)
        from b in Enumerable.Range(-1, 3)
        from c in Enumerable.Range(-1, 3)
        where a == 0 || box.IsPeriodic(0)
        select box.Cell * new Vec3(a, b, c);
}
