using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles;
using ActorMultiscale.Physics.Particles.Measures;

namespace ActorMultiscale.Tests.Particles.Measures;

public sealed class DefectTests
{
    public static TheoryData<LocalStructure, int> Crystals => new() { { LocalStructure.Fcc, 1 }, { LocalStructure.Fcc, 4 }, { LocalStructure.Hcp, 4 }, { LocalStructure.Bcc, 1 }, { LocalStructure.Bcc, 5 } };

    private static (SimulationBox Box, Vec3[] Positions, double Cutoff) Make(LocalStructure structure, int cells)
    {
        const double a = 3.6;
        var (box, positions) = structure switch
        {
            LocalStructure.Fcc => Made.Fcc(a, cells),
            LocalStructure.Hcp => Made.Hcp(a, cells),
            _ => Made.Bcc(a, cells),
        };
        return (box, positions, structure switch
        {
            LocalStructure.Fcc => CommonNeighbors.FccCutoff(a),
            LocalStructure.Hcp => CommonNeighbors.FccCutoff(a * Math.Sqrt(2)),
            _ => CommonNeighbors.BccCutoff(a),
        });
    }

    // Also in boxes of one cell, where an atom is its own neighbor.
    [Theory]
    [MemberData(nameof(Crystals))]
    public void Crystals_are_told_from_each_other_cold_and_warm(LocalStructure structure, int cells)
    {
        var (box, positions, cutoff) = Make(structure, cells);
        var warm = cells > 1 ? Made.Shaken(positions, 0.04, 5) : positions;

        Assert.All(CommonNeighbors.Conventional(box, positions, cutoff), s => Assert.Equal(structure, s));
        Assert.All(CommonNeighbors.Adaptive(box, positions, new ChunkedLoop(2)), s => Assert.Equal(structure, s));
        Assert.All(CommonNeighbors.Coordination(box, positions, cutoff), n => Assert.Equal(structure == LocalStructure.Bcc ? 14 : 12, n));
        Assert.All(CommonNeighbors.Conventional(box, warm, cutoff), s => Assert.Equal(structure, s));
        Assert.All(CommonNeighbors.Adaptive(box, warm), s => Assert.Equal(structure, s));
    }

    [Fact]
    public void Only_the_adaptive_analysis_needs_no_density()
    {
        var (box, positions, cutoff) = Make(LocalStructure.Fcc, 4);
        var swollen = box.Deformed(Matrix3.Diagonal(1.3, 1.3, 1.3));
        Vec3[] wide = [.. positions.Select(x => 1.3 * x)];

        Assert.All(CommonNeighbors.Adaptive(swollen, wide), s => Assert.Equal(LocalStructure.Fcc, s));
        Assert.All(CommonNeighbors.Conventional(swollen, wide, cutoff), s => Assert.Equal(LocalStructure.Other, s));
    }

    [Fact]
    public void The_middle_of_an_icosahedron_is_one_and_its_surface_is_nothing()
    {
        var golden = 0.5 * (1 + Math.Sqrt(5));
        Vec3[] corners = [.. from s in new[] { -1, 1 } from t in new[] { -golden, golden } from k in new[] { 0, 1, 2 } select k switch { 0 => new Vec3(0, s, t), 1 => new Vec3(s, t, 0), _ => new Vec3(t, 0, s) }];
        var box = SimulationBox.Orthogonal(40, 40, 40);
        Vec3[] atoms = [Vec3.Zero, .. corners];

        var structures = CommonNeighbors.Conventional(box, atoms, 2.5);

        Assert.Equal(LocalStructure.Icosahedral, structures[0]);
        Assert.Equal(LocalStructure.Icosahedral, CommonNeighbors.Adaptive(box, atoms)[0]);
        Assert.All(structures[1..], s => Assert.Equal(LocalStructure.Other, s));
    }

    // Close-packed layers ABCABC with one fault: ABCABABC is an intrinsic fault, of two hcp layers.
    private static (SimulationBox Box, Vec3[] Positions) Layers(string stacking, double a)
    {
        var near = a / Math.Sqrt(2);
        var (row, height) = (near * Math.Sqrt(3), a / Math.Sqrt(3));
        var atoms = from z in Enumerable.Range(0, stacking.Length) from x in Enumerable.Range(0, 6) from y in Enumerable.Range(0, 4) from second in new[] { 0.0, 0.5 }
                    select new Vec3((x + second) * near, ((y + second) * row) + ((stacking[z] - 'A') * row / 3), z * height);
        return (SimulationBox.Orthogonal(6 * near, 4 * row, stacking.Length * height), [.. atoms]);
    }

    [Fact]
    public void A_stacking_fault_is_two_hcp_layers_of_known_centrosymmetry()
    {
        const double gold = 4.08;
        const string stacking = "ABCABCABABCABC";
        var (box, positions) = Layers(stacking, gold);

        var structures = CommonNeighbors.Adaptive(box, positions);
        var symmetry = CentroSymmetry.Of(box, positions);

        // Periodic: layer 0 follows layer 13. A layer is hcp where both neighbors are alike.
        for (var i = 0; i < positions.Length; i++)
        {
            var z = i / (positions.Length / stacking.Length);
            var isHcp = stacking[(z + 13) % 14] == stacking[(z + 1) % 14];
            Assert.Equal(isHcp ? LocalStructure.Hcp : LocalStructure.Fcc, structures[i]);

            // In hcp the six neighbors in the layer are opposite each other; of the others three pairs miss by a/√6 each, together a²/2.
            Assert.Equal(isHcp ? 0.5 * gold * gold : 0, symmetry[i], 1e-9);
        }

        Assert.Equal(2, structures.Count(s => s == LocalStructure.Hcp) * stacking.Length / positions.Length);
    }

    [Fact]
    public void A_uniform_strain_keeps_centrosymmetry_and_a_vacancy_does_not()
    {
        var (box, positions) = Made.Fcc(1, 5);
        var strain = new Matrix3(1.03, 0.04, 0, 0, 0.98, 0.02, 0.01, 0, 1.01);
        Vec3[] strained = [.. positions.Select(x => strain * x)];
        var (bcc, bccPositions) = Made.Bcc(1, 5);

        Assert.All(CentroSymmetry.Of(box.Deformed(strain), strained), p => Assert.Equal(0, p, 1e-20));
        Assert.All(CentroSymmetry.Of(bcc, bccPositions, CentroSymmetry.Bcc), p => Assert.Equal(0, p, 1e-20));

        // The twelve neighbors of the vacancy have eleven of their own and one of the second shell.
        var symmetry = CentroSymmetry.Of(box, positions.AsSpan(1));
        Assert.Equal(12, symmetry.Count(p => p > 0.1));
        Assert.Equal(12, CommonNeighbors.Coordination(box, positions.AsSpan(1), 0.85).Count(n => n == 11));
        Assert.Contains("even", Assert.Throws<ScaleModelException>(() => CentroSymmetry.Of(box, positions, 7)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Images_threads_and_the_order_of_atoms_change_nothing()
    {
        var (box, positions, cutoff) = Make(LocalStructure.Fcc, 4);
        var liquid = Made.Shaken(positions, 0.25, 8);
        var moved = liquid.Select((x, i) => x + (box.Cell * new Vec3(i % 3, -(i % 2), i % 5))).Reverse().ToArray();

        var found = CommonNeighbors.Conventional(box, liquid, cutoff);
        Assert.InRange(found.Count(s => s == LocalStructure.Fcc), 1, found.Length - 1);
        Assert.Equal(found, CommonNeighbors.Conventional(box, moved, cutoff, new ChunkedLoop(2)).Reverse());
        Assert.Equal(CommonNeighbors.Adaptive(box, liquid), CommonNeighbors.Adaptive(box, moved).Reverse());
        Assert.All(CentroSymmetry.Of(box, liquid).Zip(CentroSymmetry.Of(box, moved, loop: new ChunkedLoop(2)).Reverse()), p => Assert.Equal(p.First, p.Second, 1e-10));
    }
}
