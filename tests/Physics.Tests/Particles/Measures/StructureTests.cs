using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles;
using ActorMultiscale.Physics.Particles.Measures;

namespace ActorMultiscale.Tests.Particles.Measures;

public sealed class StructureTests
{
    // All images that can be within the cutoff, one by one.
    private static List<(int I, int J, Vec3 Offset)> AllPairs(SimulationBox box, Vec3[] positions, double cutoff)
    {
        var wrapped = Array.ConvertAll(positions, box.Wrap);
        int Reach(int side, double height) => box.IsPeriodic(side) ? (int)Math.Ceiling(cutoff / height) + 1 : 0;
        var (ra, rb, rc) = (Reach(0, box.Heights.X), Reach(1, box.Heights.Y), Reach(2, box.Heights.Z));
        var found = new List<(int, int, Vec3)>();
        for (var i = 0; i < wrapped.Length; i++)
        {
            for (var j = 0; j < wrapped.Length; j++)
            {
                for (var a = -ra; a <= ra; a++)
                {
                    for (var b = -rb; b <= rb; b++)
                    {
                        for (var c = -rc; c <= rc; c++)
                        {
                            var offset = wrapped[j] - wrapped[i] + (box.Cell * new Vec3(a, b, c));
                            if (offset.Norm < cutoff && (i != j || (a, b, c) != (0, 0, 0)))
                            {
                                found.Add((i, j, offset));
                            }
                        }
                    }
                }
            }
        }

        return found;
    }

    public static TheoryData<ulong, BoxSide, int, double> Boxes => new()
    {
        { 1, BoxSide.Periodic, 200, 2.0 },
        { 2, BoxSide.Periodic, 300, 0.9 },
        { 3, BoxSide.Fixed, 300, 1.5 },
        { 4, BoxSide.ShrinkWrapped, 500, 1.0 },
        { 5, BoxSide.Periodic, 3, 12.0 },       // More images than atoms.
        { 6, BoxSide.Fixed, 20, 30.0 },         // Further than the box is wide.
        { 7, BoxSide.Periodic, 1, 11.0 },
    };

    [Theory]
    [MemberData(nameof(Boxes))]
    public void Cells_find_the_neighbors_that_are_found_one_by_one(ulong seed, BoxSide side, int atoms, double cutoff)
    {
        var box = Made.Box(6, seed) with { SideB = side, SideC = seed % 2 == 0 ? side : BoxSide.Periodic };
        var positions = Made.Gas(box, atoms, seed);
        var slow = AllPairs(box, positions, cutoff).ToLookup(p => p.I);

        var table = NeighborTable.Within(box, positions, cutoff, new ChunkedLoop(2));

        Assert.True(slow.Count > 0);
        for (var i = 0; i < atoms; i++)
        {
            var expected = slow[i].OrderBy(p => p.Offset.NormSquared).ToArray();
            var found = table.Of(i).ToArray();
            Assert.Equal(expected.Length, found.Length);
            for (var k = 0; k < found.Length; k++)
            {
                Assert.Equal(expected[k].Offset.NormSquared, found[k].Squared, 1e-9);
                Assert.Contains(expected, e => e.J == found[k].Atom && (e.Offset - found[k].Offset).Norm < 1e-9);
            }
        }
    }

    [Theory]
    [InlineData(1, BoxSide.Periodic, 400, 14)]
    [InlineData(2, BoxSide.ShrinkWrapped, 15, 14)]
    [InlineData(3, BoxSide.Periodic, 2, 12)]
    [InlineData(4, BoxSide.Fixed, 300, 1)]
    public void The_nearest_are_the_nearest(ulong seed, BoxSide side, int atoms, int count)
    {
        var box = Made.Box(6, seed) with { SideA = side, SideB = side, SideC = side };
        var positions = Made.Gas(box, atoms, seed);
        var slow = AllPairs(box, positions, 15).ToLookup(p => p.I);

        var table = NeighborTable.Nearest(box, positions, count);

        for (var i = 0; i < atoms; i++)
        {
            var expected = slow[i].Select(p => p.Offset.NormSquared).Order().Take(count).ToArray();
            Assert.Equal(count, expected.Length);
            Assert.All(expected.Zip(table.Of(i).ToArray()), p => Assert.Equal(p.First, p.Second.Squared, 1e-9));
        }
    }

    [Fact]
    public void Atoms_that_are_nowhere_and_too_few_atoms_are_refused()
    {
        var box = SimulationBox.Orthogonal(5, 5, 5) with { SideA = BoxSide.Fixed, SideB = BoxSide.Fixed, SideC = BoxSide.Fixed };

        Assert.Contains("12 neighbors, and there are 12 atoms", Assert.Throws<ScaleModelException>(() => NeighborTable.Nearest(box, Made.Gas(box, 12, 1), 12)).Message, StringComparison.Ordinal);
        Assert.Contains("Atom 1 is at", Assert.Throws<ScaleModelException>(() => NeighborTable.Within(box, [Vec3.Zero, new(double.NaN, 0, 0)], 1)).Message, StringComparison.Ordinal);
        Assert.Contains("no atoms", Assert.Throws<ScaleModelException>(() => NeighborTable.Within(box, [], 1)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void The_radial_distribution_counts_pairs_of_species_as_one_by_one(ulong seed)
    {
        const int bins = 20;
        var box = Made.Box(6, seed);
        var positions = Made.Gas(box, 150, seed);
        int[] kinds = [.. Enumerable.Range(0, 150).Select(i => i % 7 == 0 ? 2 : i % 2)];
        var cutoff = 0.5 * Math.Min(box.Heights.X, Math.Min(box.Heights.Y, box.Heights.Z));
        var g = new RadialDistribution(cutoff, bins, species: 3);
        g.Add(box, positions, kinds, new ChunkedLoop(2));

        var pairs = AllPairs(box, positions, cutoff);
        for (var a = 0; a < 3; a++)
        {
            for (var b = 0; b < 3; b++)
            {
                var (na, nb) = (kinds.Count(k => k == a), kinds.Count(k => k == b));
                var counts = new double[bins];
                foreach (var p in pairs.Where(p => kinds[p.I] == a && kinds[p.J] == b))
                {
                    counts[(int)(p.Offset.Norm / cutoff * bins)]++;
                }

                var (found, within) = (g.Of(a, b), g.Coordination(a, b));
                for (var i = 0; i < bins; i++)
                {
                    var shell = 4 * Math.PI / 3 * (Math.Pow((i + 1) * cutoff / bins, 3) - Math.Pow(i * cutoff / bins, 3));
                    Assert.Equal(counts[i] / shell * box.Volume / (na * (a == b ? nb - 1 : nb)), found[i], 1e-9);
                    Assert.Equal(counts[..(i + 1)].Aggregate(0.0, (s, c) => s + c) / na, within[i], 1e-9);
                }
            }
        }
    }

    [Fact]
    public void Independent_atoms_have_a_radial_distribution_of_one_in_a_box_of_any_shape()
    {
        const int bins = 12;
        var curves = new List<double[]>();
        for (var seed = 0UL; seed < 60; seed++)
        {
            var box = Made.Box(10, seed);
            var g = new RadialDistribution(0.5 * Math.Min(box.Heights.X, Math.Min(box.Heights.Y, box.Heights.Z)), bins);
            g.Add(box, Made.Gas(box, 300, seed));
            curves.Add(g.Total());
        }

        // Twelve bins at four standard errors: a false alarm once in a thousand seeds.
        for (var i = 0; i < bins; i++)
        {
            var mean = Estimate.OfIndependent([.. curves.Select(c => c[i])]);
            Assert.True(mean.Agrees(new(1, 0), 4), $"bin {i}: {mean}");
        }
    }

    [Fact]
    public void A_crystal_has_its_shells()
    {
        var (box, positions) = Made.Fcc(4, 5);
        var g = new RadialDistribution(9.99, 999);
        g.Add(box, positions);
        g.Add(box, positions);

        // Neighbors of fcc at √(k/2) a.
        int[] shells = [0, 12, 18, 42, 54, 78, 86, 134];
        for (var k = 1; k < shells.Length; k++)
        {
            var between = 0.5 * 4 * (Math.Sqrt(k / 2.0) + Math.Sqrt((k + 1) / 2.0));
            Assert.Equal(shells[k], g.Coordination()[(int)(between / 0.01)], 1e-12);
        }

        Assert.Equal(7 + 5, g.Total().Count(x => x > 0));        // Shells within 9.99: √(k/2) · 4 < 9.99 up to k = 12, all of them occupied.
    }

    [Fact]
    public void A_radial_distribution_beyond_half_of_the_box_is_refused()
    {
        var g = new RadialDistribution(3.01, 10);

        Assert.Contains("least height of the box is 6", Assert.Throws<ScaleModelException>(() => g.Add(SimulationBox.Orthogonal(6, 7, 8), [Vec3.Zero])).Message, StringComparison.Ordinal);
        Assert.Contains("periodic", Assert.Throws<ScaleModelException>(() => g.Add(SimulationBox.Orthogonal(9, 9, 9) with { SideB = BoxSide.Fixed }, [Vec3.Zero])).Message, StringComparison.Ordinal);
        Assert.Contains("of species 1", Assert.Throws<ScaleModelException>(() => g.Add(SimulationBox.Orthogonal(9, 9, 9), [Vec3.Zero], [1])).Message, StringComparison.Ordinal);
        Assert.Contains("no configuration had a pair", Assert.Throws<ScaleModelException>(() => g.Total()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_radial_distribution_that_was_saved_is_the_same()
    {
        var box = Made.Box(6, 3);
        var (g, restored) = (new RadialDistribution(2, 30, 2), new RadialDistribution(2, 30, 2));
        g.Add(box, Made.Gas(box, 100, 1), [.. Enumerable.Range(0, 100).Select(i => i % 2)]);

        StateArchive.Restore(StateArchive.Save(g.Archive), restored.Archive);

        Assert.Equal(g.Of(0, 1), restored.Of(0, 1));
        Assert.Equal(g.Coordination(1, 1), restored.Coordination(1, 1));
        Assert.Throws<InvalidDataException>(() => StateArchive.Restore(StateArchive.Save(g.Archive), new RadialDistribution(2, 31, 2).Archive));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void The_structure_factor_is_the_sum_over_atoms(ulong seed)
    {
        const double longest = 4;
        var box = Made.Box(7, seed);
        var positions = Made.Gas(box, 53, seed);

        var found = StructureFactor.At(box, positions, longest, new ChunkedLoop(2));

        var reciprocal = box.Cell.Inverse().Transposed;
        var vectors = (from h in Enumerable.Range(-9, 19) from k in Enumerable.Range(-9, 19) from l in Enumerable.Range(-9, 19)
                       let v = 2 * Math.PI * (reciprocal * new Vec3(h, k, l))
                       where v.Norm > 0 && v.Norm <= longest
                       select v).ToArray();
        Assert.Equal(vectors.Length, 2 * found.Count);
        Assert.All(found, f => Assert.Contains(vectors, v => (v - f.Wavevector).Norm < 1e-9));
        Assert.Equal(found.Count, found.Select(f => (Math.Round(f.Wavevector.X, 6), Math.Round(f.Wavevector.Y, 6), Math.Round(f.Wavevector.Z, 6))).Distinct().Count());
        Assert.All(found, f =>
        {
            var sum = positions.Aggregate(System.Numerics.Complex.Zero, (s, x) => s + System.Numerics.Complex.Exp(System.Numerics.Complex.ImaginaryOne * Vec3.Dot(f.Wavevector, x)));
            Assert.Equal(Math.Pow(sum.Magnitude, 2) / positions.Length, f.Value, 1e-9);
        });
    }

    [Fact]
    public void A_crystal_has_its_Bragg_peaks_and_nothing_between()
    {
        var (box, positions) = Made.Fcc(2 * Math.PI, 4);

        // Reciprocal vectors of the cell are whole numbers; fcc reflects where all three are even or all odd.
        var found = StructureFactor.At(box, positions, 3.5);

        Assert.All(found, f =>
        {
            double[] hkl = [f.Wavevector.X, f.Wavevector.Y, f.Wavevector.Z];
            var isPeak = Array.TrueForAll(hkl, x => Math.Abs(x - Math.Round(x)) < 1e-9) && hkl.Select(x => Math.Abs(Math.Round(x)) % 2).Distinct().Count() == 1;
            Assert.Equal(isPeak ? positions.Length : 0, f.Value, 1e-9);
        });
        Assert.Equal((8 + 6 + 12 + 24 + 8) / 2, found.Count(f => f.Value > 1));      // {111}, {200}, {220}, {311}, {222}.
    }

    [Fact]
    public void Independent_atoms_have_a_structure_factor_of_one()
    {
        var box = Made.Box(8, 4);
        var runs = Enumerable.Range(0, 40).Select(seed =>
        {
            var s = new StructureFactor(4, 4);
            s.Add(box, Made.Gas(box, 200, (ulong)seed));
            return s.Values[1..];
        }).ToArray();

        for (var i = 0; i < 3; i++)
        {
            var mean = Estimate.OfIndependent([.. runs.Select(r => r[i])]);
            Assert.True(mean.Agrees(new(1, 0), 4), mean.ToString());
        }
    }

    // Independent atoms: pairs of a bin are Poisson-distributed, so that the error of g is √n over the expected number n of all configurations together.
    [Fact]
    public void The_error_of_a_radial_distribution_is_that_of_its_counts()
    {
        const int N = 60;
        const int Bins = 8;
        const int Samples = 2016;
        var box = new SimulationBox(new(1, 2, 3), new(9, 1, 0, 0, 10, 1, 0, 0, 11));
        var g = new RadialDistribution(4, Bins, 2);
        int[] kinds = [.. Enumerable.Range(0, N).Select(i => i % 3 == 0 ? 1 : 0)];
        var noise = new Philox(4, 4);
        Assert.Throws<ScaleModelException>(() => g.TotalError());
        for (var sample = 0; sample < Samples; sample++)
        {
            g.Add(box, [.. Enumerable.Range(0, N).Select(i => box.Point(new(noise.Uniform(sample, 0, i), noise.Uniform(sample, 1, i), noise.Uniform(sample, 2, i))))], kinds);
        }

        Assert.Equal(31, g.Blocks);
        var (total, error, mixed) = (g.Total(), g.TotalError(), g.ErrorOf(0, 1));
        var (ratio, mixedRatio) = (0.0, 0.0);
        for (var bin = 0; bin < Bins; bin++)
        {
            var shell = 4 * Math.PI / 3 * (Math.Pow(0.5 * (bin + 1), 3) - Math.Pow(0.5 * bin, 3)) / box.Volume * Samples;
            ratio += error[bin] * Math.Sqrt(0.5 * N * (N - 1) * shell) / Bins;
            mixedRatio += mixed[bin] * Math.Sqrt(20 * 40 * shell) / Bins;
            Assert.InRange((total[bin] - 1) / error[bin], -4, 4);
        }

        // The error of an error of 31 blocks is 13 percent, that of eight of them 5.
        Assert.InRange(ratio, 0.8, 1.2);
        Assert.InRange(mixedRatio, 0.8, 1.2);
        var restored = new RadialDistribution(4, Bins, 2);
        StateArchive.Restore(StateArchive.Save(g.Archive), restored.Archive);
        Assert.Equal(error, restored.TotalError());
    }
}
