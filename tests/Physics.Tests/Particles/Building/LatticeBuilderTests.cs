using System.Collections.Immutable;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Particles;
using ActorMultiscale.Physics.Particles.Building;
using CsCheck;

namespace ActorMultiscale.Tests.Particles.Building;

public sealed class LatticeBuilderTests
{
    private static readonly ImmutableArray<Species> _one = [new("A", 1)];

    private static readonly Gen<Lattice> _cubic = Gen.Int[0, 3].Select(i => (Lattice)i);

    // Right-angled whole-numbered frames: the columns of the rotation matrix of a quaternion of whole numbers, times its square. Euler, Rodrigues.
    private static readonly Gen<CrystalDirections> _directions = Gen.Int[-2, 2].Array[4].Where(q => q.Any(c => c != 0)).Select(q =>
    {
        var (w, x, y, z) = (q[0], q[1], q[2], q[3]);
        return new CrystalDirections(
            ((w * w) + (x * x) - (y * y) - (z * z), 2 * ((x * y) + (w * z)), 2 * ((x * z) - (w * y))),
            (2 * ((x * y) - (w * z)), (w * w) - (x * x) + (y * y) - (z * z), 2 * ((y * z) + (w * x))),
            (2 * ((x * z) + (w * y)), 2 * ((y * z) - (w * x)), (w * w) - (x * x) - (y * y) + (z * z)));
    });

    // Neighbors at the shortest distance r of a perfect crystal, and r in units of a.
    private static (int Neighbors, double Distance) Shell(Lattice lattice) => lattice switch
    {
        Lattice.Sc => (6, 1),
        Lattice.Bcc => (8, Math.Sqrt(3) / 2),
        Lattice.Fcc => (12, Math.Sqrt(0.5)),
        Lattice.Diamond => (4, Math.Sqrt(3) / 4),
        Lattice.Hcp => (12, 1),
        Lattice.Square => (4, 1),
        _ => (6, 1),
    };

    private static int PerCell(Lattice lattice) => lattice switch { Lattice.Bcc or Lattice.Triangular => 2, Lattice.Fcc or Lattice.Hcp => 4, Lattice.Diamond => 8, _ => 1 };

    // Every atom has every neighbor of the crystal, through the faces too, and none is nearer: no atom is missing, doubled or out of place.
    private static void IsPerfect(AtomConfiguration atoms, Lattice lattice, double a)
    {
        var (neighbors, distance) = Shell(lattice);
        var images = (from i in Enumerable.Range(-1, 3) from j in Enumerable.Range(-1, 3) from k in Enumerable.Range(-1, 3) select atoms.Box.Cell * new Vec3(i, j, k)).ToArray();
        foreach (var x in atoms.Positions)
        {
            var (near, nearer) = (0, 0);
            foreach (var y in atoms.Positions)
            {
                foreach (var image in images)
                {
                    var r = (y + image - x).Norm;
                    near += Math.Abs(r - (distance * a)) < 1e-9 * a ? 1 : 0;
                    nearer += r < (distance - 1e-9) * a ? 1 : 0;
                }
            }

            Assert.Equal((neighbors, 1), (near, nearer));       // The one that is nearer is the atom itself.
            var s = atoms.Box.Fraction(x);
            Assert.True(s is { X: >= -1e-15 and < 1, Y: >= -1e-15 and < 1, Z: >= -1e-15 and < 1 }, $"{s} lies outside of the box");
        }
    }

    // A cell of a layer is made high, so that no image of it is a neighbor.
    private static ConventionalCell CellOf(Lattice lattice, double a) => ConventionalCell.Of(lattice, a, lattice is Lattice.Square or Lattice.Triangular ? 10 * a : null);

    [Fact]
    public void Every_atom_has_all_its_neighbors_in_every_lattice() =>
        Gen.Select(Gen.Int[0, 6].Select(i => (Lattice)i), Gen.Double[0.1, 10], Gen.Int[1, 3], Gen.Int[1, 3], Gen.Int[1, 3]).Sample((lattice, a, nx, ny, nz) =>
        {
            var atoms = LatticeBuilder.Repeat(CellOf(lattice, a), (nx, ny, nz), UnitSystem.Metal, _one);
            Assert.Equal(nx * ny * nz * PerCell(lattice), atoms.Count);
            var planar = lattice is Lattice.Square or Lattice.Triangular;
            if (!planar || nz == 1)
            {
                IsPerfect(atoms, lattice, a);
                Assert.True(!planar || atoms.Positions.All(x => x.Z == 0), "a layer lies in its plane");
            }
        }, iter: 200);

    [Fact]
    public void Every_atom_has_all_its_neighbors_in_every_orientation() =>
        Gen.Select(_cubic, _directions, Gen.Double[0.1, 10]).Sample((lattice, directions, a) =>
        {
            var atoms = LatticeBuilder.Repeat(CellOf(lattice, a), (1, 1, 1), UnitSystem.Metal, _one, directions);
            Assert.Equal(PerCell(lattice), atoms.Count * a * a * a / atoms.Box.Volume, 1e-9);
            if (atoms.Count <= 250)
            {
                IsPerfect(atoms, lattice, a);
            }
        }, iter: 300);

    [Fact]
    public void A_hexagonal_crystal_can_be_turned_where_its_angles_allow()
    {
        var atoms = LatticeBuilder.Repeat(ConventionalCell.Of(Lattice.Hcp, 3.2), (2, 1, 1), UnitSystem.Metal, _one, new((0, 0, 1), (1, 0, 0), (0, 1, 0)));
        Assert.Equal(8, atoms.Count);
        Assert.Equal(2 * Math.Sqrt(8.0 / 3) * 3.2, atoms.Box.Cell.XX, 1e-12);
        IsPerfect(atoms, Lattice.Hcp, 3.2);

        // [1 1 0] and [-3 1 0] of the right-angled cell are at right angles in space, as 1 · -3 + √3² · 1 = 0, and so they are refused by no one.
        var turned = LatticeBuilder.Repeat(ConventionalCell.Of(Lattice.Hcp, 3.2), (1, 1, 1), UnitSystem.Metal, _one, new((1, 1, 0), (-3, 1, 0), (0, 0, 1)));
        Assert.Equal(16, turned.Count);
        IsPerfect(turned, Lattice.Hcp, 3.2);
        Assert.Contains("right angles", Assert.Throws<ScaleModelException>(() => LatticeBuilder.Repeat(
            ConventionalCell.Of(Lattice.Hcp, 3.2), (1, 1, 1), UnitSystem.Metal, _one, new((1, 1, 0), (-1, 1, 0), (0, 0, 1)))).Message, StringComparison.Ordinal);
    }

    // Lengths such as 3.615 have no exact binary form, and neither have their multiples: a comparison of coordinates with faces loses or doubles atoms for some count.
    [Fact]
    public void Counts_are_exact_for_any_number_of_repeats() =>
        Gen.Select(_cubic, Gen.Double[0.1, 10], Gen.Int[1, 400], Gen.Int[1, 3], Gen.Int[0, 2], Gen.Double[-100, 100]).Sample((lattice, a, many, few, axis, origin) =>
        {
            int Repeats(int side) => side == axis ? many : few;
            var box = new SimulationBox(new(origin, -origin, 3 * origin), Matrix3.Diagonal(Repeats(0) * a, Repeats(1) * a, Repeats(2) * a));
            var expected = many * few * few * PerCell(lattice);
            Assert.Equal(expected, LatticeBuilder.Repeat(ConventionalCell.Of(lattice, a), (Repeats(0), Repeats(1), Repeats(2)), UnitSystem.Metal, _one).Count);
            Assert.Equal(expected, LatticeBuilder.Fill(ConventionalCell.Of(lattice, a), box, UnitSystem.Metal, _one).Count);
            var open = box with { SideA = BoxSide.Fixed, SideB = BoxSide.ShrinkWrapped };
            Assert.Equal(expected, LatticeBuilder.Fill(ConventionalCell.Of(lattice, a), open, UnitSystem.Metal, _one).Count);
        }, iter: 300);

    [Fact]
    public void Half_boxes_hold_together_what_the_whole_one_holds() =>
        Gen.Select(_cubic, _directions.Where(d => Math.Abs(d.X.H) + Math.Abs(d.Y.H) < 6), Gen.Int[50, 950], Gen.Double[1, 5]).Sample((lattice, directions, part, a) =>
        {
            var share = part / 1009.0;      // A prime, so that no cut goes through a plane of atoms, which round-off would put on either side.
            var cell = ConventionalCell.Of(lattice, a);
            var whole = LatticeBuilder.Repeat(cell, (2, 1, 1), UnitSystem.Metal, _one, directions);
            var block = new Block(new(double.NegativeInfinity, double.NegativeInfinity, double.NegativeInfinity), new(share * whole.Box.Cell.XX, double.PositiveInfinity, double.PositiveInfinity));
            var left = LatticeBuilder.Fill(cell, whole.Box, UnitSystem.Metal, _one, directions, block);
            var right = LatticeBuilder.Fill(cell, whole.Box, UnitSystem.Metal, _one, directions, !block);
            Assert.Equal(whole.Count, left.Count + right.Count);
            Assert.Equal(whole.Positions.ToHashSet(), left.Positions.Concat(right.Positions).ToHashSet());

            // A side that is not periodic may end anywhere.
            var cut = whole.Box with { Cell = Matrix3.Diagonal(share * whole.Box.Cell.XX, whole.Box.Cell.YY, whole.Box.Cell.ZZ), SideA = BoxSide.Fixed };
            Assert.Equal(left.Count, LatticeBuilder.Fill(cell, cut, UnitSystem.Metal, _one, directions).Count);
        }, iter: 200);

    // u − (u + v) + v is not always 0 in binary: an atom on a face must be on the lower one, or it is lost where the upper one does not belong to the box.
    [Fact]
    public void Atoms_on_a_face_but_for_round_off_are_on_the_lower_one() =>
        Gen.Select(Gen.Int[0, 997], Gen.Int[0, 997]).Sample((i, j) =>
        {
            var (u, v) = (i / 997.0, j / 997.0);
            var cell = new ConventionalCell(Matrix3.Diagonal(3.615, 3.615, 3.615), [new(new(u, -(u + v), v))]);
            var directions = new CrystalDirections((1, 1, 1), (-1, 1, 0), (-1, -1, 2));
            var whole = LatticeBuilder.Repeat(cell, (2, 2, 2), UnitSystem.Metal, _one, directions);
            var open = whole.Box with { SideA = BoxSide.Fixed, SideB = BoxSide.Fixed, SideC = BoxSide.Fixed };
            Assert.Equal(6 * 8, whole.Count);
            Assert.Equal(whole.Count, LatticeBuilder.Fill(cell, open, UnitSystem.Metal, _one, directions).Count);
            Assert.All(whole.Positions, x => Assert.True(whole.Box.Fraction(x) is { X: < 1 - 1e-9, Y: < 1 - 1e-9, Z: < 1 - 1e-9 }));
        }, iter: 1000);

    [Fact]
    public void A_ball_of_a_crystal_has_the_atoms_of_its_volume()
    {
        var box = new SimulationBox(Vec3.Zero, Matrix3.Diagonal(40, 40, 40), BoxSide.ShrinkWrapped, BoxSide.ShrinkWrapped, BoxSide.ShrinkWrapped);
        var atoms = LatticeBuilder.Fill(ConventionalCell.Of(Lattice.Fcc, 1), box, UnitSystem.LennardJones, _one, null, new Sphere(new(20, 20, 20), 18));

        // The points of a lattice in a ball differ from 4 V by less than its surface holds, and far less on the average (Gauss' sphere problem).
        Assert.Equal(1, atoms.Count / (4 * 4 * Math.PI / 3 * Math.Pow(18, 3)), 2e-3);
    }

    [Fact]
    public void A_skewed_cell_is_repeated_as_it_stands()
    {
        var cell = new ConventionalCell(Matrix3.FromColumns(new(2, 0, 0), new(1, Math.Sqrt(3), 0), new(0.3, 0.2, 4)), [new(Vec3.Zero), new(new(0.5, 0.5, 0.5), 1)]);
        var atoms = LatticeBuilder.Repeat(cell, (3, 4, 5), UnitSystem.Metal, [new("A", 1), new("B", 2)]);

        Assert.Equal(120, atoms.Count);
        Assert.Equal(60, atoms.Kinds.Count(kind => kind == 1));
        Assert.Equal(cell.Vectors * new Vec3(3, 4, 5), atoms.Box.Point(new(1, 1, 1)));
        Assert.Equal(120, atoms.Positions.Distinct().Count());
    }

    [Theory]
    [InlineData(10.1, 1, 0, 0, "no whole number of repeats")]
    [InlineData(0.3, 1, 0, 0, "Near are 1 and 2")]
    [InlineData(10, 2, 1, 0, "not at right angles")]
    [InlineData(10, -1, 0, 0, "right-handed")]
    [InlineData(10, 0, 0, 0, "not all zero")]
    [InlineData(10, 51, 0, 0, "whole numbers from -50 to 50")]
    [InlineData(10, int.MinValue, 0, 0, "whole numbers from -50 to 50")]
    [InlineData(4e9, 1, 0, 0, "more than")]
    public void What_does_not_fit_is_refused_with_the_reason(double edge, int h, int k, int l, string reason)
    {
        var fault = Assert.Throws<ScaleModelException>(() => LatticeBuilder.Fill(
            ConventionalCell.Of(Lattice.Sc, 1), SimulationBox.Orthogonal(edge, 10, 10), UnitSystem.Metal, _one, new((h, k, l), (0, 1, 0), (0, 0, 1))));
        Assert.Contains(reason, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_million_repeats_of_one_crystal_are_counted_before_they_are_made()
    {
        Assert.Contains("more than", Assert.Throws<ScaleModelException>(() => LatticeBuilder.Repeat(ConventionalCell.Of(Lattice.Fcc, 1), (int.MaxValue, int.MaxValue, int.MaxValue), UnitSystem.Metal, _one)).Message, StringComparison.Ordinal);
        Assert.Contains("species", Assert.Throws<ScaleModelException>(() => LatticeBuilder.Repeat(ConventionalCell.Of(Lattice.Fcc, 1), (1, 1, 1), UnitSystem.Metal, [])).Message, StringComparison.Ordinal);
        Assert.Contains("cubic", Assert.Throws<ScaleModelException>(() => ConventionalCell.Of(Lattice.Fcc, 1, 2)).Message, StringComparison.Ordinal);
        Assert.Contains("fcc, bcc and sc", Assert.Throws<ScaleModelException>(() => Crystal.Perfect(Lattice.Diamond, 1, Orientation.Cube, (1, 1, 1))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Atoms_are_put_in_the_order_of_their_ids_with_all_that_is_theirs()
    {
        var atoms = LatticeBuilder.Repeat(ConventionalCell.Of(Lattice.Sc, 1), (2, 1, 1), UnitSystem.LennardJones, [new("A", 1), new("B", 2)]) with
        {
            Kinds = [0, 1], Ids = [9, 4], Charges = [0.5, -0.5], Molecules = [1, 2], Velocities = [new(1, 0, 0), new(2, 0, 0)], Bonds = [new(3, [0, 1])],
        };
        var sorted = AtomOrder.ById(atoms);

        Assert.Equal([4L, 9], sorted.Ids);
        Assert.Equal([1, 0], sorted.Kinds);
        Assert.Equal([-0.5, 0.5], sorted.Charges);
        Assert.Equal([2, 1], sorted.Molecules);
        Assert.Equal(atoms.Positions.Reverse(), sorted.Positions);
        Assert.Equal(atoms.Velocities.Reverse(), sorted.Velocities);
        Assert.True(Assert.Single(sorted.Bonds).Atoms.SequenceEqual([1, 0]));
    }
}
