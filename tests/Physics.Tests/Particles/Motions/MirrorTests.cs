using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles;
using ActorMultiscale.Physics.Particles.Interactions;
using ActorMultiscale.Physics.Particles.Motions;
using CsCheck;

namespace ActorMultiscale.Tests.Particles.Motions;

public sealed class MirrorTests
{
    // Atoms that fly freely between two mirrors: where they are is the distance flown, folded.
    [Fact]
    public void Atoms_fly_to_and_fro_between_mirrors() => Gen.Int[0, 1 << 30].Sample(seed =>
    {
        const double Width = 5;
        const double Step = 0.01;
        const int Steps = 700;
        const int N = 600;
        var noise = new Philox((ulong)seed, 3);
        Vec3 Random(int i, long what) => new(noise.Uniform(what, 0, i), noise.Uniform(what, 1, i), noise.Uniform(what, 2, i));
        var atoms = new AtomConfiguration
        {
            Units = UnitSystem.Metal, Box = new(new(1, 2, 3), new(40, 7, 0, 0, 40, 0, 0, 0, Width), SideC: BoxSide.Fixed), Species = [new("A", 1.5), new("B", 4)],
            Kinds = [.. Enumerable.Range(0, N).Select(i => i % 2)], Positions = [.. Enumerable.Range(0, N).Select(i => new Vec3(1, 2, 3) + new Vec3(40 * Random(i, 0).X, 40 * Random(i, 0).Y, Width * Random(i, 0).Z))],
            Velocities = [.. Enumerable.Range(0, N).Select(i => 4 * (Random(i, 1) - new Vec3(0.5, 0.5, 0.5)))],
        };
        MolecularDynamics New() => new(atoms, [Interaction.OfField(new UniformForce(Vec3.Zero))], 0.4, mirrors: [new(new(9, 9, 3), new(0, 0, 2)), new(new(0, 0, 3 + Width), new(0, 0, -1))]);
        var engine = New();
        engine.Advance(Steps, Step, ChunkedLoop.Serial);
        var now = engine.Configuration();
        var (low, high) = (0.0, 0.0);
        for (var i = 0; i < N; i++)
        {
            var (x, v, mass) = (atoms.Positions[i], atoms.Velocities[i], atoms.Species[i % 2].Mass);
            var way = x.Z - 3 + (Steps * Step * v.Z);
            var rounds = Math.Floor(way / Width);
            var isBack = rounds % 2 != 0;
            var place = way - (Width * rounds);
            Assert.Equal(0, (new Vec3(x.X + (Steps * Step * v.X), x.Y + (Steps * Step * v.Y), 3 + (isBack ? Width - place : place)) - now.Positions[i]).Norm, 1e-10);
            Assert.Equal(v with { Z = isBack ? -v.Z : v.Z }, now.Velocities[i]);

            // Mirrors in turn: the one ahead first.
            var hits = Math.Abs(rounds);
            var ahead = Math.Ceiling(hits / 2) * 2 * mass * Math.Abs(v.Z);
            var behind = Math.Floor(hits / 2) * 2 * mass * Math.Abs(v.Z);
            (low, high) = v.Z > 0 ? (low + behind, high + ahead) : (low + ahead, high + behind);
        }

        Assert.Equal(low, engine.Impulses[0], 1e-9 * low);
        Assert.Equal(high, engine.Impulses[1], 1e-9 * high);
        using var team = new ChunkedLoop(3).Gather();
        var other = New();
        other.Advance(Steps, Step, team.Loop);
        Assert.Equal(StateArchive.Save(engine.Archive), StateArchive.Save(other.Archive));
        var restored = New();
        StateArchive.Restore(StateArchive.Save(engine.Archive), restored.Archive);
        Assert.Equal(engine.Impulses.ToArray(), restored.Impulses.ToArray());
        Assert.Equal(3 * N, 2 * engine.Measure(ChunkedLoop.Serial).Kinetic / (UnitSystem.Metal.Boltzmann * engine.Measure(ChunkedLoop.Serial).Temperature), 1e-6);
    }, iter: 5);

    // What is sheared along a mirror stays before it; a side that comes to lead through it is refused, as for a wall.
    [Fact]
    public void A_box_that_is_sheared_through_a_mirror_is_refused()
    {
        MolecularDynamics Sheared(BoxSide a, BoxSide c, Vec3 normal) => new(
            new AtomConfiguration { Units = UnitSystem.LennardJones, Box = new(Vec3.Zero, Matrix3.Diagonal(5, 5, 5), a, SideC: c), Species = [new("A", 1)], Kinds = [0], Positions = [new(1, 1, 1)] },
            [Interaction.OfField(new UniformForce(Vec3.Zero))], 0.4, motion: new VelocityVerlet { Deformation = Deformation.ShearXY(0.1) }, mirrors: [new(Vec3.Zero, normal)]);
        Sheared(BoxSide.Periodic, BoxSide.Fixed, new(0, 0, 1)).Advance(10, 0.01, ChunkedLoop.Serial);
        var engine = Sheared(BoxSide.Fixed, BoxSide.Periodic, new(1, 0, 0));
        Assert.Contains("periodic along side b", Assert.Throws<ScaleModelException>(() => engine.Advance(10, 0.01, ChunkedLoop.Serial)).Message, StringComparison.Ordinal);
    }

    // Without inertia there is no velocity to turn around and no momentum to give. Free atoms spread evenly between the mirrors: ⟨z⟩ = w/2, ⟨z²⟩ = w²/3.
    [Fact]
    public void Without_inertia_atoms_are_put_back_and_mirrors_give_nothing()
    {
        const int N = 4000;
        const double Width = 2;
        var atoms = new AtomConfiguration
        {
            Units = UnitSystem.LennardJones, Box = new(Vec3.Zero, Matrix3.Diagonal(40, 40, Width), SideC: BoxSide.Fixed), Species = [new("A", 1)], Kinds = new int[N],
            Positions = [.. Enumerable.Range(0, N).Select(i => new Vec3(0.01 * i, 20, 0.3))], Velocities = [.. Enumerable.Range(0, N).Select(i => new Vec3(1, 2, i % 2 == 0 ? 3 : -3))],
        };
        var engine = new MolecularDynamics(atoms, [Interaction.OfField(new UniformForce(Vec3.Zero))], 0.4, motion: new Brownian(1, 1, 7), mirrors: [new(Vec3.Zero, new(0, 0, 1)), new(new(0, 0, Width), new(0, 0, -1))]);
        engine.Advance(1500, 0.004, ChunkedLoop.Serial);        // D t = 6, three times the square of the width.
        var now = engine.Configuration();
        Assert.Equal(atoms.Velocities, now.Velocities);
        Assert.Equal([0.0, 0], engine.Impulses.ToArray());
        Assert.All(now.Positions, x => Assert.InRange(x.Z, 0, Width));
        Assert.Equal(Width / 2, now.Positions.Average(x => x.Z), 4 * Width / Math.Sqrt(12.0 * N));
        Assert.Equal(Width * Width / 3, now.Positions.Average(x => x.Z * x.Z), 4 * Width * Width * Math.Sqrt(4.0 / 45 / N));
    }

    [Fact]
    public void A_mirror_stands_before_the_atoms_and_along_periodic_sides()
    {
        var atoms = new AtomConfiguration
        {
            Units = UnitSystem.LennardJones, Box = new(Vec3.Zero, Matrix3.Diagonal(5, 5, 5), SideC: BoxSide.Fixed), Species = [new("A", 1)], Kinds = [0], Positions = [new(1, 1, 1)],
        };
        void Refused(string what, Mirror mirror) =>
            Assert.Contains(what, Assert.Throws<ScaleModelException>(() => new MolecularDynamics(atoms, [Interaction.OfField(new UniformForce(Vec3.Zero))], 0.4, mirrors: [mirror])).Message, StringComparison.Ordinal);
        Refused("periodic along side a", new(Vec3.Zero, new(1, 0, 0)));
        Refused("Atom 1 is 1 behind", new(new(0, 0, 2), new(0, 0, 1)));
        Assert.Throws<ScaleModelException>(() => new Mirror(Vec3.Zero, Vec3.Zero));
    }
}
