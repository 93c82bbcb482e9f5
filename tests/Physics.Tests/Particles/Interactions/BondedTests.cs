using System.Collections.Immutable;
using System.Runtime.InteropServices;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles;
using ActorMultiscale.Physics.Particles.Interactions;
using CsCheck;

namespace ActorMultiscale.Tests.Particles.Interactions;

/// <summary>Bonds, angles, dihedrals and excluded pairs against the obvious way to compute them.</summary>
public sealed class BondedTests
{
    private static readonly FeneBond _fene = new((30, 1.5, 1, 1), (20, 1.7, 0.5, 0.9));

    // Every law with its energy as in the books: of the vectors from each atom of a term to the next.
    private static readonly (string Name, int Size, Func<Interaction> Make, Func<Vec3[], int, double> Energy)[] _laws =
    [
        ("harmonic bond", 2, () => Interaction.OfBonds(new HarmonicBond((7, 1.1), (3, 0))), (d, k) => k == 0 ? 7 * Math.Pow(d[0].Norm - 1.1, 2) : 3 * d[0].NormSquared),
        ("FENE", 2, () => Interaction.OfBonds(_fene), (d, k) => k == 0 ? Fene(d[0].Norm, 30, 1.5, 1, 1) : Fene(d[0].Norm, 20, 1.7, 0.5, 0.9)),
        ("Morse bond", 2, () => Interaction.OfBonds(new MorseBond((2, 1.5, 1.05), (1, 3, 0.9))),
            (d, k) => k == 0 ? 2 * Math.Pow(1 - Math.Exp(-1.5 * (d[0].Norm - 1.05)), 2) : Math.Pow(1 - Math.Exp(-3 * (d[0].Norm - 0.9)), 2)),
        ("harmonic angle", 3, () => Interaction.OfAngles(new HarmonicAngle((4, 1.9), (2, Math.PI))), (d, k) => k == 0 ? 4 * Math.Pow(Angle(d) - 1.9, 2) : 2 * Math.Pow(Angle(d) - Math.PI, 2)),
        ("cosine", 3, () => Interaction.OfAngles(new CosineAngle(3, -1.5)), (d, k) => (k == 0 ? 3 : -1.5) * (1 + Math.Cos(Angle(d)))),
        ("harmonic dihedral", 4, () => Interaction.OfDihedrals(new HarmonicDihedral((2, 1, 3), (1.3, -1, 2))), (d, k) => k == 0 ? 2 * (1 + Math.Cos(3 * Dihedral(d))) : 1.3 * (1 - Math.Cos(2 * Dihedral(d)))),
        ("OPLS", 4, () => Interaction.OfDihedrals(new OplsDihedral((1.2, -0.4, 0.7, 0.3), (0, 0, 2, 0))), (d, k) =>
        {
            var phi = Dihedral(d);
            return k == 1 ? 1 + Math.Cos(3 * phi)
                : (0.6 * (1 + Math.Cos(phi))) - (0.2 * (1 - Math.Cos(2 * phi))) + (0.35 * (1 + Math.Cos(3 * phi))) + (0.15 * (1 - Math.Cos(4 * phi)));
        }),
    ];

    private static readonly OplsDihedral _opls = new((1.2, -0.4, 0.7, 0.3), (0, 0, 2, 0));

    public static TheoryData<string> Laws => [.. _laws.Select(l => l.Name)];

    private static double Fene(double r, double k, double longest, double epsilon, double sigma)
    {
        var s6 = Math.Pow(sigma / r, 6);
        return (-0.5 * k * longest * longest * Math.Log(1 - Math.Pow(r / longest, 2))) + (r < Math.Pow(2, 1.0 / 6) * sigma ? (4 * epsilon * ((s6 * s6) - s6)) + epsilon : 0);
    }

    private static double Angle(Vec3[] d) => Math.Acos(-Vec3.Dot(d[0], d[1]) / (d[0].Norm * d[1].Norm));

    // The angle between the normals of two planes, both along the way.
    private static double Dihedral(Vec3[] d)
    {
        var (a, b) = (Vec3.Cross(d[0], d[1]), Vec3.Cross(d[1], d[2]));
        return Math.Acos(Math.Clamp(Vec3.Dot(a, b) / (a.Norm * b.Norm), -1, 1));
    }

    // The shortest of all images around one that is near.
    private static Vec3 Shortest(SimulationBox box, Vec3 d)
    {
        d = box.Wrap(box.Origin + d) - box.Origin;
        var best = d;
        int Reach(int side) => box.IsPeriodic(side) ? 2 : 0;
        for (var a = -Reach(0); a <= Reach(0); a++)
        {
            for (var b = -Reach(1); b <= Reach(1); b++)
            {
                for (var c = -Reach(2); c <= Reach(2); c++)
                {
                    var image = d + (box.Cell * new Vec3(a, b, c));
                    best = image.NormSquared < best.NormSquared ? image : best;
                }
            }
        }

        return best;
    }

    private static ImmutableArray<Connection> Terms(AtomConfiguration atoms, int size) => size == 2 ? atoms.Bonds : size == 3 ? atoms.Angles : atoms.Dihedrals;

    private static double Slow(AtomConfiguration atoms, int size, Func<Vec3[], int, double> energy) => FixedOrderSum.Of([.. Terms(atoms, size).Select(t =>
        energy([.. Enumerable.Range(1, size - 1).Select(k => Shortest(atoms.Box, atoms.Positions[t.Atoms[k]] - atoms.Positions[t.Atoms[k - 1]]))], t.Kind))]);

    // A chain that wanders, its atoms numbered at random, some of them moved by whole cell vectors; bonds, angles and dihedrals along it, either way round.
    private static AtomConfiguration Chain(int n, int seed, int sides, double skew)
    {
        var noise = new Philox((ulong)seed, 3);
        BoxSide Side(int s) => s == 0 ? BoxSide.Fixed : BoxSide.Periodic;
        var box = new SimulationBox(new(0.3, -2, 1), new(5, skew, -skew, 0, 6, skew, 0, 0, 5.5), Side(sides & 1), Side(sides & 2), Side(sides & 4));
        var order = Enumerable.Range(0, n).OrderBy(i => noise.Uniform(0, 0, i)).ToArray();
        var x = new Vec3[n];
        var at = box.Point(new(0.4, 0.6, 0.5));
        var way = new Vec3(1, 0, 0);
        for (var i = 0; i < n; i++)
        {
            double Step(int axis) => noise.Uniform(1, axis, i) - 0.5;

            // Neither straight on nor back: there an angle's derivative is lost to round-off.
            var next = new Vec3(Step(0), Step(1), Step(2)).Normalized();
            for (var turn = 4; Math.Abs(Vec3.Dot(next, way)) > 0.9; turn += 3)
            {
                next = new Vec3(Step(turn), Step(turn + 1), Step(turn + 2)).Normalized();
            }

            way = next;
            // Where the core of a FENE bond ends its force has a kink, and a difference of energies no accuracy.
            var length = 0.85 + (0.4 * noise.Uniform(2, 0, i));
            foreach (var sigma in new[] { 0.9, 1 })
            {
                length += Math.Abs(length - (Math.Pow(2, 1.0 / 6) * sigma)) < 0.003 ? 0.006 : 0;
            }

            at += length * way;
            double Jump(int side) => box.IsPeriodic(side) ? Math.Floor(3 * noise.Uniform(3, side, i)) - 1 : 0;
            x[order[i]] = at + (box.Cell * new Vec3(Jump(0), Jump(1), Jump(2)));
        }

        ImmutableArray<Connection> Along(int size) => [.. Enumerable.Range(0, Math.Max(0, n - size + 1)).Select(i =>
        {
            var atoms = order.Skip(i).Take(size);
            return new Connection((i + seed) % 2, [.. noise.Uniform(4, size, i) < 0.5 ? atoms : atoms.Reverse()]);
        }).OrderBy(t => t.Atoms[0])];
        return new()
        {
            Units = UnitSystem.LennardJones,
            Box = box,
            Species = [new("A", 1), new("B", 2)],
            Kinds = [.. Enumerable.Range(0, n).Select(i => i % 2)],
            Positions = x,
            Bonds = Along(2),
            Angles = Along(3),
            Dihedrals = Along(4),
        };
    }

    private static readonly Gen<AtomConfiguration> _chains = Gen.Select(Gen.Int[4, 12], Gen.Int[0, 1 << 30], Gen.Int[0, 7], Gen.Double[-1, 1], Gen.Bool,
        (n, seed, sides, skew, right) => Chain(n, seed, sides, right ? 0 : skew));

    // −dE/dh by the differences at ±h and ±2h.
    private static double MinusSlope(Func<double, double> energy, double h) => ((8 * (energy(-h) - energy(h))) - (energy(-2 * h) - energy(2 * h))) / (12 * h);

    [Theory]
    [MemberData(nameof(Laws))]
    public void Energy_forces_and_virial_are_those_of_the_formula(string name)
    {
        var (_, size, make, energy) = _laws.Single(l => l.Name == name);
        _chains.Sample(atoms =>
        {
            var engine = new MolecularDynamics(atoms, [make()], 0.3);
            var forces = engine.Forces(ChunkedLoop.Serial);
            var found = engine.Measure(ChunkedLoop.Serial);
            var scale = 1 + forces.Max(f => f.Norm);
            Assert.Equal(Slow(atoms, size, energy), found.Potential, 1e-11 * (1 + Math.Abs(found.Potential)));
            Assert.Equal(forces, engine.Forces(ChunkedLoop.Serial));

            // f = −∂E/∂x
            const double H = 2e-4;
            for (var i = 0; i < atoms.Count; i++)
            {
                for (var axis = 0; axis < 3; axis++)
                {
                    var unit = new Vec3(axis == 0 ? 1 : 0, axis == 1 ? 1 : 0, axis == 2 ? 1 : 0);
                    double Moved(double h)
                    {
                        var x = atoms.Positions.ToArray();
                        x[i] += h * unit;
                        return Slow(atoms with { Positions = x }, size, energy);
                    }

                    Assert.Equal(MinusSlope(Moved, H), forces[i][axis], 1e-7 * scale);
                }
            }

            // W = −∂E/∂ε under a strain of box and atoms.
            for (var e = 0; e < 6; e++)
            {
                double Strained(double h)
                {
                    double On(int entry) => entry == e ? (e < 3 ? h : h / 2) : 0;
                    var f = new Matrix3(1 + On(0), On(5), On(4), On(5), 1 + On(1), On(3), On(4), On(3), 1 + On(2));
                    return Slow(atoms with { Box = atoms.Box.Deformed(f), Positions = [.. atoms.Positions.Select(x => atoms.Box.Origin + (f * (x - atoms.Box.Origin)))] }, size, energy);
                }

                Assert.Equal(MinusSlope(Strained, H), found.Virial[e], 1e-7 * scale * atoms.Count);
            }
        }, iter: 40, threads: 1);
    }

    [Theory]
    [MemberData(nameof(Laws))]
    public void Forces_add_up_to_nothing_and_do_not_turn_a_molecule(string name) => _chains.Sample(atoms =>
    {
        var open = atoms with { Box = atoms.Box with { SideA = BoxSide.Fixed, SideB = BoxSide.Fixed, SideC = BoxSide.Fixed } };

        // What was moved by cell vectors comes back: each atom to the image next to the one before it.
        var x = atoms.Positions.ToArray();
        var known = new HashSet<int> { atoms.Bonds[0].Atoms[0] };
        while (known.Count < atoms.Count)
        {
            foreach (var bond in atoms.Bonds.Where(b => known.Contains(b.Atoms[0]) != known.Contains(b.Atoms[1])))
            {
                var (from, to) = known.Contains(bond.Atoms[0]) ? (bond.Atoms[0], bond.Atoms[1]) : (bond.Atoms[1], bond.Atoms[0]);
                x[to] = x[from] + Shortest(atoms.Box, x[to] - x[from]);
                known.Add(to);
            }
        }

        var forces = new MolecularDynamics(open with { Positions = x }, [_laws.Single(l => l.Name == name).Make()], 0.3).Forces(ChunkedLoop.Serial);
        var (sum, torque, scale) = (Vec3.Zero, Vec3.Zero, 0.0);
        for (var i = 0; i < x.Length; i++)
        {
            sum += forces[i];
            torque += Vec3.Cross(x[i], forces[i]);
            scale += (1 + x[i].Norm) * forces[i].Norm;
        }

        Assert.InRange(sum.Norm, 0, 1e-13 * (1 + scale));
        Assert.InRange(torque.Norm, 0, 1e-13 * (1 + scale));
        Assert.True(scale > 0);
    }, iter: 200, threads: 1);

    /// <summary>(1.7 − r)³: finite wherever atoms lie.</summary>
    private readonly struct Soft : IPairPotential
    {
        public double Cutoff => 1.7;

        public double ForceOverDistance(double r2, int kind, int other, out double energy)
        {
            var r = Math.Sqrt(r2);
            energy = Math.Pow(1.7 - r, 3);
            return 3 * Math.Pow(1.7 - r, 2) / r;
        }
    }

    // Boxes from far below twice the cutoff on, with right angles: there the nearest image is known however far it is.
    private static readonly Gen<(AtomConfiguration Atoms, BondedNeighbors Which)> _excluded = Gen.Select(
        Gen.Int[2, 9], Gen.Double[1.2, 7].Array[3], Gen.Int[0, 7], Gen.Int[0, 1 << 30], Gen.Int[0, 7], (n, lengths, sides, seed, which) =>
        {
            var noise = new Philox((ulong)seed, 5);
            BoxSide Side(int s) => s == 0 ? BoxSide.Fixed : BoxSide.Periodic;
            var box = SimulationBox.Orthogonal(lengths[0], lengths[1], lengths[2]) with { SideA = Side(sides & 1), SideB = Side(sides & 2), SideC = Side(sides & 4) };
            double Spread(int side) => box.IsPeriodic(side) ? 3 : 1;

            // Any graph, with rings and doubled bonds.
            var bonds = Enumerable.Range(0, n).Select(i => new Connection(0, [i, (int)(n * noise.Uniform(1, 0, i))])).Where(b => b.Atoms[0] != b.Atoms[1]);
            return (new AtomConfiguration
            {
                Units = UnitSystem.LennardJones,
                Box = box,
                Species = [new("A", 1)],
                Kinds = new int[n],
                Positions = [.. Enumerable.Range(0, n).Select(i => box.Point(new(Spread(0) * noise.Uniform(0, 0, i), Spread(1) * noise.Uniform(0, 1, i), Spread(2) * noise.Uniform(0, 2, i))))],
                Bonds = [.. bonds],
            }, (BondedNeighbors)which);
        });

    [Fact]
    public void Excluded_pairs_do_not_count_and_their_other_images_do() => _excluded.Sample(sample =>
    {
        var (atoms, which) = sample;
        var n = atoms.Count;

        // How many bonds the shortest way has: by going round until nothing changes.
        var distance = new int[n, n];
        for (var i = 0; i < n * n; i++)
        {
            distance[i / n, i % n] = i / n == i % n ? 0 : 1000;
        }

        foreach (var bond in atoms.Bonds)
        {
            distance[bond.Atoms[0], bond.Atoms[1]] = distance[bond.Atoms[1], bond.Atoms[0]] = 1;
        }

        for (var k = 0; k < n; k++)
        {
            for (var i = 0; i < n * n; i++)
            {
                distance[i / n, i % n] = Math.Min(distance[i / n, i % n], distance[i / n, k] + distance[k, i % n]);
            }
        }

        var (energy, forces) = (0.0, new Vec3[n]);
        int Reach(int side) => atoms.Box.IsPeriodic(side) ? 6 : 0;
        for (var i = 0; i < n; i++)
        {
            for (var j = 0; j < n; j++)
            {
                var isOut = distance[i, j] is 1 or 2 or 3 && which.HasFlag((BondedNeighbors)(1 << (distance[i, j] - 1)));
                var nearest = Shortest(atoms.Box, atoms.Positions[i] - atoms.Positions[j]);
                for (var a = -Reach(0); a <= Reach(0); a++)
                {
                    for (var b = -Reach(1); b <= Reach(1); b++)
                    {
                        for (var c = -Reach(2); c <= Reach(2); c++)
                        {
                            var d = atoms.Positions[i] - atoms.Positions[j] + (atoms.Box.Cell * new Vec3(a, b, c));
                            if (d.Norm < 1.7 && !(i == j && (a, b, c) == (0, 0, 0)) && !(isOut && (d - nearest).Norm < 1e-9))
                            {
                                forces[i] += new Soft().ForceOverDistance(d.NormSquared, 0, 0, out var phi) * d;
                                energy += 0.5 * phi;
                            }
                        }
                    }
                }
            }
        }

        var engine = new MolecularDynamics(atoms, [Interaction.OfPotential(new Soft())], 0.2, which);
        var found = engine.Forces(ChunkedLoop.Serial);
        for (var i = 0; i < n; i++)
        {
            Assert.InRange((found[i] - forces[i]).Norm, 0, 1e-10 * (1 + energy));
        }

        Assert.Equal(energy, engine.Measure(ChunkedLoop.Serial).Potential, 1e-10 * (1 + energy));
    }, iter: 300, threads: 1);

    // Chains of eight on a lattice, in a box of many chunks of atoms.
    private static AtomConfiguration Chains(double velocity)
    {
        const int Side = 12;
        var noise = new Philox(4, 2);
        double Random(int draw, int axis, int i) => noise.Uniform(draw, axis, i) - 0.5;
        var box = SimulationBox.Orthogonal(1.05 * Side, 1.05 * Side, 1.05 * Side);
        const int N = Side * Side * Side;

        // Along x there and back, so that the next atom is always a neighbor.
        static Vec3 Place(int i)
        {
            var (x, y, z) = (i % Side, i / Side % Side, i / Side / Side);
            return new((y % 2 == 0 ? x : Side - 1 - x) + 0.5, y + 0.5, z + 0.5);
        }

        ImmutableArray<Connection> Along(int size) => [.. Enumerable.Range(0, N - size + 1).Where(i => i / 12 == (i + size - 1) / 12).Select(i => new Connection(i % 2, [.. Enumerable.Range(i, size)]))];
        return new()
        {
            Units = UnitSystem.LennardJones,
            Box = box,
            Species = [new("A", 1)],
            Kinds = new int[N],
            Positions = [.. Enumerable.Range(0, N).Select(i => (1.05 * Place(i)) + (0.1 * new Vec3(Random(0, 0, i), Random(0, 1, i), Random(0, 2, i))))],
            Velocities = [.. Enumerable.Range(0, N).Select(i => velocity * new Vec3(Random(1, 0, i), Random(1, 1, i), Random(1, 2, i)))],
            Bonds = Along(2),
            Angles = Along(3),
            Dihedrals = Along(4),
        };
    }

    private static ImmutableArray<Interaction> Everything() =>
    [
        Interaction.OfBonds(_fene), Interaction.Of(new Shifted<LennardJonesLaw>(new(1, 1, Math.Pow(2, 1.0 / 6)))),
        Interaction.OfAngles(new CosineAngle(3, -1.5)), Interaction.OfDihedrals(new OplsDihedral((0.012, -0.004, 0.007, 0.003), (0, 0, 0.02, 0))),
    ];

    private static byte[] Bits(AtomConfiguration atoms) => [.. MemoryMarshal.AsBytes<Vec3>(atoms.Positions), .. MemoryMarshal.AsBytes<Vec3>(atoms.Velocities)];

    [Fact]
    public void One_and_three_threads_give_the_same_bits()
    {
        (byte[], Measurement, long) Run(int threads)
        {
            var engine = new MolecularDynamics(Chains(3), Everything(), 0.3, BondedNeighbors.OneBond);
            using var team = new ChunkedLoop(threads).Gather();
            var loop = team.Loop;
            engine.Advance(100, 0.003, loop);
            return (Bits(engine.Configuration()), engine.Measure(loop), engine.Rebuilds);
        }

        var (one, three) = (Run(1), Run(3));
        Assert.Equal(one.Item1, three.Item1);
        Assert.Equal(one.Item2, three.Item2);
        Assert.True(one.Item3 > 2, $"{one.Item3}");
    }

    [Fact]
    public void Energy_stays_and_steps_allocate_nothing()
    {
        // Bent chains in the open: a dihedral of atoms in a line has no smooth force.
        var chain = Chain(12, 5, 0, 0);
        double Drift(double step)
        {
            var engine = new MolecularDynamics(chain, [Interaction.OfBonds(new HarmonicBond((60, 1), (50, 1))), Interaction.OfAngles(new HarmonicAngle((30, 1.9), (30, 1.8))), Interaction.OfDihedrals(_opls)], 0.3);
            var before = engine.Measure(ChunkedLoop.Serial).Total;
            engine.Advance((long)Math.Round(0.5 / step), step, ChunkedLoop.Serial);
            return engine.Measure(ChunkedLoop.Serial).Total - before;
        }

        // The error of velocity Verlet goes with the square of the step.
        Assert.InRange(Drift(0.0005) / Drift(0.00025), 3.6, 4.4);

        // Steps allocate nothing; a rebuild a little for its own book-keeping, and more in the rare case that an array must grow.
        var warm = new MolecularDynamics(Chains(3), Everything(), 0.3, BondedNeighbors.OneBond);
        double Bytes()
        {
            var (before, builds) = (GC.GetAllocatedBytesForCurrentThread(), warm.Rebuilds);
            warm.Advance(100, 0.002, ChunkedLoop.Serial);
            return (GC.GetAllocatedBytesForCurrentThread() - before) / (double)(warm.Rebuilds - builds);
        }

        Assert.InRange(Enumerable.Range(0, 8).Min(_ => Bytes()), 0, 200);
    }

    [Fact]
    public void A_bond_that_is_stretched_out_is_named()
    {
        var atoms = Chains(0);
        atoms = atoms with { Ids = [.. Enumerable.Range(0, atoms.Count).Select(i => 100L + i)] };
        atoms.Positions[5] += new Vec3(0, 0, 1.9);
        foreach (var threads in new[] { 1, 3 })
        {
            var engine = new MolecularDynamics(atoms, [Interaction.OfBonds(_fene)], 0.3);
            var message = Assert.Throws<ScaleModelException>(() => engine.Forces(new(threads))).Message;
            Assert.Contains("between the atoms 104 and 105 is ", message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void What_makes_no_sense_is_refused()
    {
        var atoms = Chains(0);
        void Refused(AtomConfiguration bad, Func<Interaction> make, string reason) =>
            Assert.Contains(reason, Assert.Throws<ScaleModelException>(() => new MolecularDynamics(bad, [make()], 0.3)).Message, StringComparison.Ordinal);
        Refused(atoms, () => Interaction.OfBonds(new HarmonicBond((1, 1))), "is of kind 2, and its law has parameters for 1");
        Refused(atoms with { Angles = [new(0, [0, 1, 0])] }, () => Interaction.OfAngles(new CosineAngle(1)), "angle 1 has an atom twice");
        Refused(atoms with { Dihedrals = [new(0, [0, 1, 2])] }, () => Interaction.OfDihedrals(new HarmonicDihedral((1, 1, 1))), "has 3 atoms; it needs 4");
        Refused(atoms with { Bonds = [new(0, [0, -1])] }, () => Interaction.OfBonds(_fene), "a bond has not two of the");
        Refused(atoms, () => Interaction.OfBonds(new FeneBond((30, -1, 1, 1))), "R₀ = -1");
        Refused(atoms, () => Interaction.OfBonds(new HarmonicBond((double.NaN, 1))), "K = NaN");
        Refused(atoms, () => Interaction.OfBonds(new MorseBond((1, 0, 1))), "α = 0");
        Refused(atoms, () => Interaction.OfAngles(new HarmonicAngle((1, 109))), "in radians");
        Refused(atoms, () => Interaction.OfDihedrals(new HarmonicDihedral((1, 2, 3))), "d = 2");
    }
}
