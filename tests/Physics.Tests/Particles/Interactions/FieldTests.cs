using System.Collections.Immutable;
using System.Runtime.InteropServices;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles;
using ActorMultiscale.Physics.Particles.Interactions;
using ActorMultiscale.Physics.Particles.Motions;
using CsCheck;

namespace ActorMultiscale.Tests.Particles.Interactions;

/// <summary>Walls, fields, tethers, contacts, networks, impropers and weights.</summary>
public sealed class FieldTests
{
    // n atoms in a box of 6 by 6 by 8 that ends along c; some have gone on through a periodic face.
    private static AtomConfiguration Cloud(int n, int seed, BoxSide last = BoxSide.Fixed)
    {
        var noise = new Philox((ulong)seed, 8);
        var box = new SimulationBox(new(0.5, -1, -2), new(6, 0.7, 0, 0, 6, 0, 0, 0, 8), SideC: last);
        return new()
        {
            Units = UnitSystem.Metal,
            Box = box,
            Species = [new("A", 1.5), new("B", 4)],
            Kinds = [.. Enumerable.Range(0, n).Select(i => i % 2)],
            Charges = [.. Enumerable.Range(0, n).Select(i => noise.Uniform(1, 0, i) - 0.5)],
            Positions = [.. Enumerable.Range(0, n).Select(i => box.Point(new((3 * noise.Uniform(0, 0, i)) - 1, (3 * noise.Uniform(0, 1, i)) - 1, 0.05 + (0.9 * noise.Uniform(0, 2, i)))))],
            Velocities = [.. Enumerable.Range(0, n).Select(i => new Vec3(noise.Uniform(2, 0, i) - 0.5, noise.Uniform(2, 1, i) - 0.5, noise.Uniform(2, 2, i) - 0.5))],
        };
    }

    private static readonly ImmutableArray<int> _some = [0, 3, 4, 11];

    private static readonly Vec3 _normal = new(0, 0, 3);

    // Each field with its energy as in the books: of x, an atom's index, its mass and its charge.
    private static readonly (string Name, Func<AtomConfiguration, Interaction> Make, Func<Vec3, int, double, double, double> Energy)[] _fields =
    [
        ("9-3 wall", _ => Wall(new LennardJones93Wall(1.3, 1.1, 2.7)), (x, _, _, _) => Shifted(x, 2.7, r => 1.3 * ((2.0 / 15 * Math.Pow(1.1 / r, 9)) - Math.Pow(1.1 / r, 3)))),
        ("12-6 wall", _ => Wall(new LennardJones126Wall(1.3, 1.1, 2.7)), (x, _, _, _) => Shifted(x, 2.7, r => 4 * 1.3 * (Math.Pow(1.1 / r, 12) - Math.Pow(1.1 / r, 6)))),
        ("harmonic wall", _ => Wall(new HarmonicWall(1.3, 2.7)), (x, _, _, _) => Shifted(x, 2.7, r => 1.3 * (r - 2.7) * (r - 2.7))),
        ("force", _ => Interaction.OfField(new UniformForce(new(0.3, -0.2, 0.9))), (x, _, _, _) => -Vec3.Dot(new(0.3, -0.2, 0.9), x)),
        ("gravity", _ => Interaction.OfField(new Gravity(new(3000, -2000, 9000), UnitSystem.Metal)), (x, _, m, _) => -m * UnitSystem.Metal.MassVelocitySquared * Vec3.Dot(new(3000, -2000, 9000), x)),
        ("electric field", _ => Interaction.OfField(new UniformElectricField(new(0.3, -0.2, 0.9))), (x, _, _, q) => -q * Vec3.Dot(new(0.3, -0.2, 0.9), x)),
        ("tether to a point", _ => Interaction.OfField(Tether.ToPoint(1.7, new(2, 1, 0))), (x, _, _, _) => 0.5 * 1.7 * (x - new Vec3(2, 1, 0)).NormSquared),
        ("tether to points", a => Interaction.OfField(Tether.ToPoints(1.7, [.. Enumerable.Range(0, a.Count).Select(i => new Vec3(i % 3, 1, 0))])), (x, i, _, _) => 0.5 * 1.7 * (x - new Vec3(i % 3, 1, 0)).NormSquared),
        ("tether of some", _ => Interaction.OfField(Tether.ToPoint(1.7, new(2, 1, 0)), _some), (x, i, _, _) => _some.Contains(i) ? 0.5 * 1.7 * (x - new Vec3(2, 1, 0)).NormSquared : 0),
    ];

    public static TheoryData<string> Fields => [.. _fields.Select(f => f.Name)];

    private static Interaction Wall<T>(T profile) where T : struct, IWallProfile => Interaction.OfField(new FlatWall<T>(new(7, 7, -2.4), _normal, profile));

    private static double Shifted(Vec3 x, double cutoff, Func<double, double> energy) => x.Z + 2.4 < cutoff ? energy(x.Z + 2.4) - energy(cutoff) : 0;

    [Theory]
    [MemberData(nameof(Fields))]
    public void A_field_is_that_of_the_books(string name)
    {
        var (_, make, energy) = _fields.Single(f => f.Name == name);
        Gen.Int[0, 1 << 30].Sample(seed =>
        {
            var atoms = Cloud(300, seed);
            double One(int i, Vec3 x) => energy(x, i, atoms.Species[atoms.Kinds[i]].Mass, atoms.Charges[i]);
            var engine = new MolecularDynamics(atoms, [make(atoms)], 0.5);
            var found = engine.Measure(ChunkedLoop.Serial);
            var each = Enumerable.Range(0, atoms.Count).Select(i => One(i, atoms.Positions[i])).ToArray();
            Assert.Equal(FixedOrderSum.Of(each), found.Potential, 1e-11 * each.Sum(Math.Abs));
            Assert.Equal(SymTensor3.Zero, found.Virial);
            var forces = engine.Forces(ChunkedLoop.Serial);
            for (var i = 0; i < atoms.Count; i++)
            {
                for (var axis = 0; axis < 3; axis++)
                {
                    const double H = 1e-4;
                    double At(double h) => One(i, atoms.Positions[i] + (h * new Vec3(axis == 0 ? 1 : 0, axis == 1 ? 1 : 0, axis == 2 ? 1 : 0)));
                    if (Math.Abs(atoms.Positions[i].Z + 2.4 - 2.7) > 3 * H)
                    {
                        var slope = ((8 * (At(-H) - At(H))) - (At(-2 * H) - At(2 * H))) / (12 * H);
                        Assert.Equal(slope, forces[i][axis], 1e-6 * (1 + Math.Abs(slope)) * (1 + (1e-4 * Math.Abs(At(0)))));
                    }
                }
            }
        }, iter: 3, threads: 1);
    }

    [Fact]
    public void One_and_three_threads_give_the_same_bits_and_the_error_of_the_energy_is_that_of_the_steps()
    {
        var atoms = Cloud(700, 3);
        ImmutableArray<Interaction> All() => [Wall(new LennardJones93Wall(0.3, 0.5, 2.7)), Interaction.OfField(new FlatWall<HarmonicWall>(new(0, 0, 6.5), -_normal, new(60, 1.5))), Interaction.OfField(new UniformForce(new(0.1, 0, -0.2))), Interaction.OfField(Tether.ToPoint(0.7, new(2, 1, 0)), _some)];
        (byte[], Measurement) Run(int threads)
        {
            var engine = new MolecularDynamics(atoms, All(), 0.5);
            using var team = new ChunkedLoop(threads).Gather();
            engine.Advance(600, 0.0001, team.Loop);
            var now = engine.Configuration();
            return ([.. MemoryMarshal.AsBytes<Vec3>(now.Positions), .. MemoryMarshal.AsBytes<Vec3>(now.Velocities)], engine.Measure(team.Loop));
        }

        var (one, three) = (Run(1), Run(3));
        Assert.Equal(one.Item1, three.Item1);
        Assert.Equal(one.Item2, three.Item2);

        // The error of velocity Verlet goes with the square of the step, though atoms go through faces of the box.
        double Error(double step)
        {
            var engine = new MolecularDynamics(atoms, All(), 0.5);
            var before = engine.Measure(ChunkedLoop.Serial).Total;
            engine.Advance((long)Math.Round(0.05 / step), step, ChunkedLoop.Serial);
            Assert.Contains(engine.Configuration().Positions.Zip(atoms.Positions), p => atoms.Box.Image(p.First) != atoms.Box.Image(p.Second));
            return engine.Measure(ChunkedLoop.Serial).Total - before;
        }

        var ratio = Error(0.00005) / Error(0.000025);
        Assert.InRange(ratio, 3.5, 4.5);
    }

    // −ε at r₀ and the law itself; r₀ of its own for each contact.
    [Fact]
    public void Contacts_are_those_of_the_formula()
    {
        var atoms = Cloud(6, 2, BoxSide.Periodic) with { Positions = [new(1, 0, 0), new(2, 0, 0.4), new(2.8, 0.5, 0), new(2.5, 1.6, 0.2), new(1.2, 1.4, 0.9), new(0.9, 0.8, 2)] };
        ImmutableArray<Connection> contacts = [new(0, [0, 3]), new(1, [1, 5]), new(2, [2, 4]), new(3, [0, 5])];
        var kinds = contacts.Select((c, k) => (Epsilon: 1 + (0.3 * k), Distance: 1.1 + (0.25 * k))).ToArray();
        double E(Vec3[] x) => contacts.Select((c, k) =>
        {
            var s = kinds[k].Distance / atoms.Box.Nearest(x[c.Atoms[0]] - x[c.Atoms[1]]).Norm;
            return kinds[k].Epsilon * ((5 * Math.Pow(s, 12)) - (6 * Math.Pow(s, 10)));
        }).Sum();
        Interaction Make() => Interaction.OfBonds(new GoContact([.. kinds]), contacts);
        Assert.Equal(E(atoms.Positions), new MolecularDynamics(atoms, [Make()], 0.3).Measure(ChunkedLoop.Serial).Potential, 1e-12);
        Gradients.AreThoseOfTheEnergy(atoms, Make, 1e-8, h: 1e-3);
        new GoContact((2.5, 1.7)).ForceOverDistance(1.7 * 1.7, 0, true, out var least);
        Assert.Equal(-2.5, least, 1e-14);
        Assert.Equal(0, new GoContact((2.5, 1.7)).ForceOverDistance(1.7 * 1.7, 0, true, out _), 1e-13);
    }

    // The Hessian of the network is known: each spring gives −γ d⊗d/r² between its ends.
    [Fact]
    public void An_elastic_network_has_its_Hessian() => Gen.Int[0, 1 << 30].Sample(seed =>
    {
        var noise = new Philox((ulong)seed, 2);
        var atoms = Cloud(20, seed) with { Positions = [.. Enumerable.Range(0, 20).Select(i => new Vec3(2.5 * noise.Uniform(0, 0, i), 2.5 * noise.Uniform(0, 1, i), 2.5 * noise.Uniform(0, 2, i)))] };
        const double Stiffness = 2.3;
        var network = ElasticNetwork.Of(atoms, 1.5, Stiffness);
        var found = new MolecularDynamics(atoms, [network], 0.3);
        Assert.Equal(0, found.Measure(ChunkedLoop.Serial).Potential, 1e-20);
        var hessian = new SymTensor3[20, 20];
        foreach (var (i, j, length) in ElasticNetwork.Springs(atoms, 1.5))
        {
            var d = atoms.Positions[i] - atoms.Positions[j];
            Assert.Equal(d.Norm, length, 1e-14);
            Assert.True(length < 1.5);
            var block = Stiffness / d.NormSquared * SymTensor3.Dyad(d);
            (hessian[i, j], hessian[j, i]) = (-1 * block, -1 * block);
            (hessian[i, i], hessian[j, j]) = (hessian[i, i] + block, hessian[j, j] + block);
        }

        static Vec3 Column(SymTensor3 t, int axis) => axis == 0 ? new(t.XX, t.XY, t.XZ) : axis == 1 ? new(t.XY, t.YY, t.YZ) : new(t.XZ, t.YZ, t.ZZ);
        const double H = 1e-5;
        for (var axis = 0; axis < 3; axis++)
        {
            var unit = new Vec3(axis == 0 ? 1 : 0, axis == 1 ? 1 : 0, axis == 2 ? 1 : 0);
            Vec3[] Forces(double h) => new MolecularDynamics(atoms with { Positions = [.. atoms.Positions.Select((x, i) => i == 7 ? x + (h * unit) : x)] }, [ElasticNetwork.Of(atoms, 1.5, Stiffness)], 0.3).Forces(ChunkedLoop.Serial);
            var (plus, minus) = (Forces(H), Forces(-H));
            Assert.All(Enumerable.Range(0, 20), i => Assert.InRange(((-1 / (2 * H) * (plus[i] - minus[i])) - Column(hessian[i, 7], axis)).Norm, 0, 1e-5));
        }
    }, iter: 10, threads: 1);

    [Fact]
    public void Impropers_and_weighted_pairs_have_the_forces_of_their_energy() => Gen.Int[0, 1 << 30].Sample(seed =>
    {
        // A chain that winds, with room between atoms that are near.
        var noise = new Philox((ulong)seed, 12);
        var atoms = Cloud(9, seed, BoxSide.Periodic) with
        {
            Positions = [.. Enumerable.Range(0, 9).Select(i => new Vec3(Math.Cos(1.5 * i) + (0.1 * noise.Uniform(0, 0, i)), Math.Sin(1.5 * i) + (0.1 * noise.Uniform(0, 1, i)), (0.6 * i) + (0.1 * noise.Uniform(0, 2, i))))],
            Velocities = [],
            Bonds = [.. Enumerable.Range(0, 8).Select(i => new Connection(0, [i, i + 1]))],
            Impropers = [.. Enumerable.Range(0, 6).Select(i => new Connection(i % 2, [i, i + 1, i + 2, i + 3]))],
        };
        Gradients.AreThoseOfTheEnergy(atoms, () => Interaction.OfImpropers(new HarmonicImproper((2, 0.7), (3, 0))), 1e-7, h: 2e-4);
        Gradients.AreThoseOfTheEnergy(atoms, () => Interaction.OfBondedPairs(new MorseLaw(1, 1.3, 1.2, 50), BondedNeighbors.ThreeBonds, 0.4), 1e-7, h: 1e-3);
        Gradients.AreThoseOfTheEnergy(atoms, () => Interaction.OfBondedCharges(new CoulombCut(50), BondedNeighbors.TwoBonds | BondedNeighbors.ThreeBonds, 0.4), 1e-7, h: 1e-3);

        // With the whole weight nothing is left out.
        double Energy(BondedNeighbors excluded, params ImmutableArray<Interaction> all) => new MolecularDynamics(atoms, all, 0.2, excluded).Measure(ChunkedLoop.Serial).Potential;
        var mixture = new LennardJonesMixture([new(1, 0.9), new(0.5, 1)], MixingRule.Arithmetic, 2.2);
        Assert.Equal(Energy(BondedNeighbors.None, Interaction.Of(mixture)), Energy(BondedNeighbors.All, Interaction.Of(mixture), Interaction.OfBondedPairs(mixture, BondedNeighbors.All, 1)), 1e-10);
        var charges = new DampedShiftedForce(0.5, 2.2);
        Assert.Equal(Energy(BondedNeighbors.None, Interaction.OfCharges(charges)), Energy(BondedNeighbors.All, Interaction.OfCharges(charges), Interaction.OfBondedCharges(charges, BondedNeighbors.All, 1)), 1e-10);
    }, iter: 5, threads: 1);

    [Fact]
    public void What_makes_no_sense_is_refused()
    {
        var atoms = Cloud(12, 1);
        void Refused(AtomConfiguration bad, Func<Interaction> make, string reason) =>
            Assert.Contains(reason, Assert.Throws<ScaleModelException>(() => new MolecularDynamics(bad, [make()], 0.3).Forces(ChunkedLoop.Serial)).Message, StringComparison.Ordinal);
        Refused(atoms, () => Interaction.OfField(new FlatWall<HarmonicWall>(new(0, 0, 2), _normal, new(1, 1))), "behind a wall through");
        Refused(atoms, () => Interaction.OfField(new FlatWall<HarmonicWall>(new(0, 0, 2), new(1, 0, 0), new(1, 1))), "leads through a wall");
        Refused(atoms, () => Interaction.OfField(new FlatWall<HarmonicWall>(new(0, 0, 2), Vec3.Zero, new(1, 1))), "has the normal");
        Refused(atoms, () => Wall(new LennardJones93Wall(1, 0, 1)), "σ = 0");
        Refused(atoms, () => Interaction.OfField(Tether.ToPoints(1, [.. new Vec3[5]])), "5 points for the tethers of 12");
        Refused(atoms, () => Interaction.OfField(Tether.ToPoint(-1, Vec3.Zero)), "K = -1");
        Refused(atoms, () => Interaction.OfField(new UniformForce(Vec3.Zero), [12]), "atom 12, counted from 0");
        Refused(atoms with { Charges = [] }, () => Interaction.OfField(new UniformElectricField(new(1, 0, 0))), "needs the charge of each atom");
        Refused(atoms, () => Interaction.OfBonds(new GoContact((1, 0))), "r₀ = 0");
        Refused(atoms, () => Interaction.OfBonds(new GoContact((1, 1)), [new(1, [0, 1])]), "is of kind 2");
        Refused(atoms, () => ElasticNetwork.Of(atoms, 3.5, 1), "at most half across the box");
        Refused(atoms, () => Interaction.OfImpropers(new HarmonicImproper((1, 4))), "in radians");
        Refused(atoms with { Impropers = [new(0, [0, 1, 2])] }, () => Interaction.OfImpropers(new HarmonicImproper((1, 1))), "improper 1 has 3 atoms");
        Refused(atoms with { Charges = [], Bonds = [new(0, [0, 1])] }, () => Interaction.OfBondedCharges(new CoulombCut(2), BondedNeighbors.OneBond, 0.5), "0 charges for 12 atoms");
    }

    // A box that is sheared may come to lead through a wall that it did not lead through at first.
    [Fact]
    public void A_wall_looks_at_the_box_as_it_is_now()
    {
        var atoms = Cloud(40, 5) with { Box = new(Vec3.Zero, Matrix3.Diagonal(6, 8, 6), SideB: BoxSide.Fixed) };
        atoms = atoms with { Positions = [.. Enumerable.Range(0, 40).Select(i => atoms.Box.Point(new(0.02 * i, 0.1 + (0.02 * i), 0.5)))] };
        MolecularDynamics Engine(Deformation deformation) =>
            new(atoms, [Interaction.OfField(new FlatWall<HarmonicWall>(Vec3.Zero, new(0, 1, 0), new(1, 0.1)))], 0.5, motion: new VelocityVerlet { Deformation = deformation });
        Engine(new(new(0.1, 0, -0.1), new(0, 0.1, 0))).Advance(3, 0.001, ChunkedLoop.Serial);
        Assert.Contains("periodic along side c", Assert.Throws<ScaleModelException>(() => Engine(new(default, new(0.1, 0, 0))).Advance(3, 0.001, ChunkedLoop.Serial)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_two_atoms_behind_a_wall_one_is_named_on_any_number_of_threads()
    {
        var atoms = Cloud(3000, 6);
        string Named(ChunkedLoop loop) => Assert.Throws<ScaleModelException>(
            () => new MolecularDynamics(atoms, [Interaction.OfField(new FlatWall<HarmonicWall>(new(0, 0, 2), _normal, new(1, 1)))], 0.5).Forces(loop)).Message;
        using var team = new ChunkedLoop(3).Gather();
        var serial = Named(ChunkedLoop.Serial);
        for (var k = 0; k < 20; k++)
        {
            Assert.Equal(serial, Named(team.Loop));
            Assert.Equal(serial, Named(new ChunkedLoop(3)));
        }
    }

    [Fact]
    public void A_box_does_not_move_where_something_stands()
    {
        var atoms = Cloud(20, 7, BoxSide.Periodic);
        Interaction Spring() => Interaction.OfField(Tether.ToPoint(1, Vec3.Zero));
        Assert.Contains("A barostat", Assert.Throws<ScaleModelException>(() => new MolecularDynamics(atoms, [Spring()], 0.5, motion: new MartynaTobiasKlein(300, 0.1, 0, 1))).Message, StringComparison.Ordinal);
        var engine = new MolecularDynamics(atoms, [Spring()], 0.5);
        Assert.Contains("is to be relaxed", Assert.Throws<ScaleModelException>(() => engine.Minimize(new Fire(0.01), 1e-3, ChunkedLoop.Serial, new(BoxFreedom.Full, 0, 1))).Message, StringComparison.Ordinal);
        Assert.True(engine.Minimize(new PolakRibiere(), 1e-6, ChunkedLoop.Serial).IsConverged);
    }
}
