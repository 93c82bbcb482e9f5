using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles;
using ActorMultiscale.Physics.Particles.Building;
using ActorMultiscale.Physics.Particles.Interactions;
using CsCheck;
using MathNet.Numerics;

namespace ActorMultiscale.Tests.Particles.Interactions;

/// <summary>Charges against the obvious sums, published constants and what mechanics says.</summary>
public sealed class ChargeTests
{
    private const double Cutoff = 2.4;
    private const double Damping = 0.9;

    // As in the books: φ(r) and −φ′(r) of unit charges, and the energy of one by itself.
    private static readonly (string Name, Func<Interaction> Make, Func<double, (double Energy, double Force)> Slow, double Self)[] _laws =
    [
        ("cut", () => Interaction.OfCharges(new CoulombCut(Cutoff)), r => (1 / r, 1 / (r * r)), 0),
        ("damped", () => Interaction.OfCharges(new DampedShiftedForce(Damping, Cutoff)),
            r => (V(r).Energy - V(Cutoff).Energy + ((r - Cutoff) * V(Cutoff).Force), V(r).Force - V(Cutoff).Force),
            -((V(Cutoff).Energy + (Cutoff * V(Cutoff).Force)) / 2) - (Damping / Math.Sqrt(Math.PI))),
        ("undamped", () => Interaction.OfCharges(new DampedShiftedForce(0, Cutoff)),
            r => ((1 / r) - (1 / Cutoff) + ((r - Cutoff) / (Cutoff * Cutoff)), (1 / (r * r)) - (1 / (Cutoff * Cutoff))), -1 / Cutoff),
    ];

    public static TheoryData<string> Laws => [.. _laws.Select(l => l.Name)];

    private static (double Energy, double Force) V(double r)
    {
        var erfc = SpecialFunctions.Erfc(Damping * r);
        return (erfc / r, (erfc / (r * r)) + (2 * Damping / Math.Sqrt(Math.PI) * Math.Exp(-Damping * Damping * r * r) / r));
    }

    // erfc to 17 digits by mpmath 1.2 with 40 digits.
    [Theory]
    [InlineData(0, 1)]
    [InlineData(0.0625, 0.92956802227761292)]
    [InlineData(0.5, 0.47950012218695346)]
    [InlineData(1, 0.15729920705028513)]
    [InlineData(1.5, 0.033894853524689273)]
    [InlineData(2.25, 0.0014627165866811517)]
    [InlineData(3, 2.2090496998585441e-5)]
    [InlineData(4, 1.5417257900280019e-8)]
    [InlineData(5.5, 7.3578479179743981e-15)]
    public void The_error_function_is_exact_to_the_last_digits(double x, double expected)
    {
        var found = ErrorFunction.Complement(Vector512.Create(x), out var gauss)[0];
        Assert.Equal(expected, found, 1e-15 * expected);
        Assert.Equal(Math.Exp(-x * x), gauss[0], 4e-15 * gauss[0]);
    }

    [Fact]
    public void The_error_function_is_that_of_another_library_and_its_ratio_has_no_seam() => Gen.Double[1e-3, 6].Sample(x =>
    {
        var found = ErrorFunction.Complement(Vector512.Create(x), out _)[0];
        Assert.Equal(SpecialFunctions.Erfc(x), found, 1e-14 * found);

        // From either side of the point where the series ends.
        var (value, slope) = ErrorFunction.Ratio(x);
        Assert.Equal(SpecialFunctions.Erf(x) / x, value, 4e-15);
        var minus = ((SpecialFunctions.Erf(x) / x) - (2 / Math.Sqrt(Math.PI) * Math.Exp(-x * x))) / (x * x);
        Assert.Equal(minus, slope, 4e-15 / (x * x));
    });

    // A shaken lattice in a skewed box with any sides, down to one shorter than the cutoff. Charges are any numbers.
    private static AtomConfiguration Shaken((int A, int B, int C) cells, int sides, int seed, bool neutral)
    {
        var noise = new Philox((ulong)seed, 9);
        BoxSide Side(int s) => s == 0 ? BoxSide.Periodic : BoxSide.Fixed;
        double Tilt(int t) => noise.Uniform(1, t, 0) - 0.5;
        const double A = 1.07;
        var box = new SimulationBox(new(0.3, -5, 2), new(A * cells.A, Tilt(0) * A, Tilt(1) * A, 0, A * cells.B, Tilt(2) * A, 0, 0, A * cells.C), Side(sides & 1), Side(sides & 2), Side(sides & 4));
        var n = cells.A * cells.B * cells.C;
        double Shake(int i, int axis) => 0.4 * (noise.Uniform(0, axis, i) - 0.5);
        var charges = Enumerable.Range(0, n).Select(i => noise.Uniform(2, 0, i) - 0.5).ToArray();
        var mean = neutral ? FixedOrderSum.Of(charges) / n : 0;
        return new()
        {
            Units = UnitSystem.Metal,
            Box = box,
            Species = [new("A", 1), new("B", 2.5)],
            Kinds = [.. Enumerable.Range(0, n).Select(i => i % 2)],
            Charges = [.. charges.Select(q => q - mean)],
            Positions = [.. Enumerable.Range(0, n).Select(i => box.Point(new(
                ((i % cells.A) + 0.5 + Shake(i, 0)) / cells.A,
                ((i / cells.A % cells.B) + 0.5 + Shake(i, 1)) / cells.B,
                ((i / cells.A / cells.B) + 0.5 + Shake(i, 2)) / cells.C)))],
        };
    }

    private static readonly Gen<(int, int, int)> _cells = Gen.Select(Gen.Int[1, 4], Gen.Int[1, 4], Gen.Int[2, 4]);

    [Theory]
    [MemberData(nameof(Laws))]
    public void A_law_gives_what_the_obvious_sum_gives_in_any_box(string name)
    {
        var (_, make, slow, self) = _laws.Single(l => l.Name == name);
        Gen.Select(_cells, Gen.Int[0, 7], Gen.Int[0, 1 << 30]).Sample((cells, sides, seed) =>
        {
            var atoms = Shaken(cells, sides, seed, neutral: false);
            var c = UnitSystem.Metal.Coulomb;

            // The index of an atom goes in place of its kind, so that the sum knows its charge.
            var q = atoms.Charges;
            var (energy, virial, forces) = SlowPairs.Of(atoms with { Kinds = [.. Enumerable.Range(0, atoms.Count)] }, Cutoff, (r, i, j) => (c * q[i] * q[j] * slow(r).Energy, c * q[i] * q[j] * slow(r).Force));
            energy += c * self * q.Sum(v => v * v);
            var engine = new MolecularDynamics(atoms, [make()], 0.3);
            var found = engine.Measure(ChunkedLoop.Serial);
            var scale = c * atoms.Count * 10;
            Assert.Equal(energy, found.Potential, 1e-12 * scale);
            Assert.InRange((virial - found.Virial).Norm, 0, 1e-12 * scale);
            var fast = engine.Forces(ChunkedLoop.Serial);
            Assert.All(Enumerable.Range(0, atoms.Count), i => Assert.InRange((fast[i] - forces[i]).Norm, 0, 1e-12 * scale));
            if (sides == 7)
            {
                Assert.InRange(fast.Aggregate((a, b) => a + b).Norm, 0, 1e-13 * scale);
            }
        }, iter: 60, threads: 1);
    }

    // The plain cutoff has a step in its energy, and no derivative there.
    [Theory]
    [InlineData(0.3, 2.4)]
    [InlineData(0.9, 1.7)]
    [InlineData(1.4, 3.1)]
    public void Damped_forces_and_virials_are_those_of_the_energy(double damping, double cutoff) => Gen.Select(_cells, Gen.Int[0, 7], Gen.Int[0, 1 << 30]).Sample(
        (cells, sides, seed) => Gradients.AreThoseOfTheEnergy(Shaken(cells, sides, seed, neutral: false), () => Interaction.OfCharges(new DampedShiftedForce(damping, cutoff)), 1e-6, h: 2e-4), iter: 8, threads: 1);

    // Crystals in reduced units: the energy of an ion is −M/d, d the distance of neighbors. Madelung constants: R. E. Crandall, J. P. Buhler, J. Phys. A 20 (1987) 5497,
    // for NaCl; CsCl and ZnS: Y. Sakamoto, J. Chem. Phys. 28 (1958) 164.
    [Theory]
    [InlineData("NaCl", 1.74756459463318)]
    [InlineData("CsCl", 1.76267477307099)]
    [InlineData("ZnS", 1.63805505338879)]
    public void Crystals_have_their_Madelung_constants(string name, double constant)
    {
        var second = name == "ZnS" ? new Vec3(0.25, 0.25, 0.25) : new Vec3(0.5, 0.5, 0.5);
        Vec3[] corners = name != "CsCl" ? [new(0, 0, 0), new(0.5, 0.5, 0), new(0.5, 0, 0.5), new(0, 0.5, 0.5)] : [new(0, 0, 0)];
        var distance = name == "NaCl" ? 0.5 : second.Norm;
        var n = corners.Length;
        foreach (var cell in new[] { Matrix3.Identity, new Matrix3(1, 1, 0, 0, 1, 0, 0, 0, 1), new Matrix3(1, 1, -1, 0, 1, 1, 0, 0, 1) })
        {
            // The same crystal, its cell with right angles and sheared by whole vectors.
            var atoms = new AtomConfiguration
            {
                Units = UnitSystem.LennardJones,
                Box = new(new(0.1, 0.2, 0.3), cell),
                Species = [new("A", 1), new("B", 1)],
                Kinds = [.. Enumerable.Range(0, 2 * n).Select(i => i / n)],
                Charges = [.. Enumerable.Range(0, 2 * n).Select(i => i < n ? 1.0 : -1)],
                Positions = [.. corners, .. corners.Select(x => x + second)],
            };
            foreach (var cutoff in new[] { 0.8, 1.9 })
            {
                var engine = new MolecularDynamics(atoms, [Interaction.Ewald(EwaldSettings.For(cutoff, 1e-13))], 0.1);
                var found = engine.Measure(ChunkedLoop.Serial);
                Assert.Equal(-constant, found.Potential / n * distance, 1e-11);

                // The energy goes with 1/length, so the trace of the virial is the energy; and the crystal is cubic.
                Assert.InRange((found.Virial - (found.Potential / 3 * SymTensor3.Identity)).Norm, 0, 1e-10 * n);
                Assert.All(engine.Forces(ChunkedLoop.Serial), f => Assert.InRange(f.Norm, 0, 1e-10));
            }
        }
    }

    [Fact]
    public void Where_an_Ewald_sum_is_cut_does_not_matter() => Gen.Select(_cells, Gen.Int[0, 1 << 30], Gen.Double[0.8, 3]).Sample((cells, seed, cutoff) =>
    {
        var atoms = Shaken(cells, 0, seed, neutral: true);
        var (one, other) = (new MolecularDynamics(atoms, [Interaction.Ewald(EwaldSettings.For(1.5, 1e-14))], 0.2), new MolecularDynamics(atoms, [Interaction.Ewald(EwaldSettings.For(cutoff, 1e-14))], 0.3));
        var (first, second) = (one.Measure(ChunkedLoop.Serial), other.Measure(ChunkedLoop.Serial));
        var scale = UnitSystem.Metal.Coulomb * atoms.Count;
        Assert.Equal(first.Potential, second.Potential, 1e-11 * scale);
        Assert.InRange((first.Virial - second.Virial).Norm, 0, 1e-10 * scale);
        Assert.Equal(first.Potential, first.Virial.Trace, 1e-10 * scale);
        var (f, g) = (one.Forces(ChunkedLoop.Serial), other.Forces(ChunkedLoop.Serial));
        Assert.All(Enumerable.Range(0, f.Length), i => Assert.InRange((f[i] - g[i]).Norm, 0, 1e-10 * scale));
        Assert.InRange(f.Aggregate((a, b) => a + b).Norm, 0, 1e-12 * scale);
    }, iter: 20, threads: 1);

    private static AtomConfiguration Bonded(int seed)
    {
        // Chains of three bonds along c, and less than half across the box: where it is half the nearest image jumps.
        var atoms = Shaken((3, 3, 7), 0, seed, neutral: true);
        return atoms with { Bonds = [.. Enumerable.Range(0, 27).Where(i => i % 3 != 0).Select(i => new Connection(0, [i, i + 9]))] };
    }

    [Fact]
    public void Forces_and_virial_of_an_Ewald_sum_are_those_of_its_energy() => Gen.Int[0, 1 << 30].Sample(seed =>
    {
        Gradients.AreThoseOfTheEnergy(Shaken((2, 3, 3), 0, seed, neutral: true), () => Interaction.Ewald(EwaldSettings.For(1.6, 1e-12)), 1e-7);
        Gradients.AreThoseOfTheEnergy(Bonded(seed), () => Interaction.Ewald(EwaldSettings.For(1.4, 1e-12)), 1e-7, BondedNeighbors.All);
    }, iter: 3, threads: 1);

    [Fact]
    public void Pairs_that_are_excluded_have_no_Coulomb_energy() => Gen.Int[0, 1 << 30].Sample(seed =>
    {
        var atoms = Bonded(seed);
        var settings = EwaldSettings.For(1.6, 1e-14);
        Measurement Of(BondedNeighbors which) => new MolecularDynamics(atoms, [Interaction.Ewald(settings)], 0.2, which).Measure(ChunkedLoop.Serial);
        var expected = -FixedOrderSum.Of([.. atoms.Bonds.Select(b => UnitSystem.Metal.Coulomb * atoms.Charges[b.Atoms[0]] * atoms.Charges[b.Atoms[1]] / atoms.Box.Nearest(atoms.Positions[b.Atoms[0]] - atoms.Positions[b.Atoms[1]]).Norm)]);
        Assert.Equal(expected, Of(BondedNeighbors.OneBond).Potential - Of(BondedNeighbors.None).Potential, 1e-10 * (1 + Math.Abs(expected)));
    }, iter: 10, threads: 1);

    [Fact]
    public void One_and_three_threads_give_the_same_bits_and_so_does_a_run_that_went_on()
    {
        var atoms = Shaken((8, 8, 8), 0, 5, neutral: true) with { Units = UnitSystem.LennardJones };
        MolecularDynamics Engine() => new(atoms, [Interaction.Of(new LennardJonesLaw(1, 1, 2.5)), Interaction.Ewald(EwaldSettings.For(2, 1e-5)), Interaction.OfCharges(new DampedShiftedForce(0.3, 2.5))], 0.2);
        (byte[], Measurement, long) Run(int threads)
        {
            var engine = Engine();
            using var team = new ChunkedLoop(threads).Gather();
            engine.Advance(20, 0.002, team.Loop);
            var now = engine.Configuration();
            return ([.. MemoryMarshal.AsBytes<Vec3>(now.Positions), .. MemoryMarshal.AsBytes<Vec3>(now.Velocities)], engine.Measure(team.Loop), engine.Rebuilds);
        }

        var (one, three) = (Run(1), Run(3));
        Assert.Equal(one.Item1, three.Item1);
        Assert.Equal(one.Item2, three.Item2);
        Assert.True(one.Item3 > 1, $"{one.Item3}");

        var begun = Engine();
        begun.Advance(8, 0.002, ChunkedLoop.Serial);
        var state = StateArchive.Save(begun.Archive);
        var resumed = Engine();
        StateArchive.Restore(state, resumed.Archive);
        resumed.Advance(12, 0.002, ChunkedLoop.Serial);
        byte[] bits = [.. MemoryMarshal.AsBytes<Vec3>(resumed.Configuration().Positions), .. MemoryMarshal.AsBytes<Vec3>(resumed.Configuration().Velocities)];
        Assert.Equal(one.Item1, bits);
    }

    [Fact]
    public void Steps_allocate_nothing()
    {
        var atoms = Shaken((6, 6, 6), 0, 5, neutral: true) with { Units = UnitSystem.LennardJones };
        var soft = new StillingerWeberParameters(0.1, 1, 1.8, 2, 1.2, -0.3, 7, 0.6, 4, 0);
        var engine = new MolecularDynamics(
            atoms,
            [
                Interaction.Of(new LennardJonesLaw(1, 1, 2.5)), Interaction.Ewald(EwaldSettings.For(2, 1e-4)), Interaction.OfCharges(new DampedShiftedForce(0.3, 2.5)),
                Interaction.StillingerWeber(2, (_, _, _) => soft), Interaction.OfField(Tether.ToPoint(1e-3, Vec3.Zero)),
            ],
            0.4);
        engine.Advance(30, 0.001, ChunkedLoop.Serial);
        double Bytes()
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            engine.Advance(5, 0.001, ChunkedLoop.Serial);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        // A rebuild in the rare case that an array must grow.
        Assert.Equal(0, Enumerable.Range(0, 8).Min(_ => Bytes()));
    }

    [Fact]
    public void What_makes_no_sense_is_refused()
    {
        var atoms = Shaken((2, 2, 2), 0, 1, neutral: false);
        void Refused(AtomConfiguration bad, Func<Interaction> make, string reason) =>
            Assert.Contains(reason, Assert.Throws<ScaleModelException>(() => new MolecularDynamics(bad, [make()], 0.3)).Message, StringComparison.Ordinal);
        Refused(atoms with { Charges = [] }, () => Interaction.OfCharges(new CoulombCut(2)), "0 charges for 8 atoms");
        Refused(atoms with { Charges = [.. atoms.Charges.Select((q, i) => i == 3 ? double.NaN : q)] }, () => Interaction.OfCharges(new CoulombCut(2)), "The charge of atom 4 is NaN");
        Refused(atoms, () => Interaction.Ewald(EwaldSettings.For(2, 1e-6)), "The charges add up to");
        Refused(Shaken((2, 2, 2), 2, 1, neutral: true), () => Interaction.Ewald(EwaldSettings.For(2, 1e-6)), "periodic on all sides");
        Refused(atoms, () => Interaction.Ewald(new(2, 0, 1)), "α = 0");
        Refused(atoms, () => Interaction.Ewald(EwaldSettings.For(2, 2)), "between 0 and 1");
        Refused(Shaken((2, 2, 2), 0, 1, neutral: true), () => Interaction.Ewald(EwaldSettings.For(0.001, 1e-6)), "take a longer cutoff");
        Refused(atoms, () => Interaction.OfCharges(new CoulombCut(0)), "cutoff of charges is 0");
        Refused(atoms, () => Interaction.OfCharges(new DampedShiftedForce(-1, 2)), "α = -1");
    }
}
