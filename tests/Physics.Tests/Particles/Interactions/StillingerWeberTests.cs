using System.Collections.Immutable;
using System.Runtime.InteropServices;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles;
using ActorMultiscale.Physics.Particles.Building;
using ActorMultiscale.Physics.Particles.Interactions;
using CsCheck;
using Xunit.Abstractions;

namespace ActorMultiscale.Tests.Particles.Interactions;

/// <summary>The Stillinger–Weber potential against the obvious sums, its own energy and what its paper says.</summary>
public sealed class StillingerWeberTests(ITestOutputHelper output)
{
    private static readonly StillingerWeberParameters _silicon = StillingerWeberParameters.Silicon;

    // Two made-up kinds; what belongs to a pair is the same from both sides, what belongs to an angle is not.
    private static StillingerWeberParameters Mixed(int i, int j, int k) => new(
        Epsilon: 1.9 + (0.1 * ((2 * i) + j + k)), Sigma: 2 + (0.1 * (i + j)), Reach: 1.75 + (0.1 * i * j), Lambda: 20 + i + (2 * (j + k)), Gamma: 1.1 + (0.05 * i) + (0.1 * j),
        Cosine: (-1.0 / 3) + (0.1 * i) + (0.05 * (j + k)), A: 7 + (0.3 * (i + j)), B: 0.6 + (0.05 * i * j), P: 4 + (0.3 * (i + j)), Q: 0.2 * i * j);

    // A diamond or a simple lattice, well shaken, in a box of any shape and sides, down to one shorter than the cutoff.
    private static AtomConfiguration Shaken((int A, int B, int C) cells, int sides, int seed)
    {
        var noise = new Philox((ulong)seed, 4);
        BoxSide Side(int s) => s == 0 ? BoxSide.Periodic : BoxSide.Fixed;
        double Tilt(int t) => noise.Uniform(1, t, 0) - 0.5;
        const double A = 2.5;
        var box = new SimulationBox(new(0.3, -5, 2), new(A * cells.A, Tilt(0) * A, Tilt(1) * A, 0, A * cells.B, Tilt(2) * A, 0, 0, A * cells.C), Side(sides & 1), Side(sides & 2), Side(sides & 4));
        var n = cells.A * cells.B * cells.C;
        double Shake(int i, int axis) => 0.3 * (noise.Uniform(0, axis, i) - 0.5);
        return new()
        {
            Units = UnitSystem.Metal,
            Box = box,
            Species = [new("A", 28), new("B", 12)],
            Kinds = [.. Enumerable.Range(0, n).Select(i => (int)(2 * noise.Uniform(2, 0, i)))],
            Positions = [.. Enumerable.Range(0, n).Select(i => box.Point(new(
                ((i % cells.A) + 0.5 + Shake(i, 0)) / cells.A,
                ((i / cells.A % cells.B) + 0.5 + Shake(i, 1)) / cells.B,
                ((i / cells.A / cells.B) + 0.5 + Shake(i, 2)) / cells.C)))],
        };
    }

    private static readonly Gen<AtomConfiguration> _atoms = Gen.Select(Gen.Select(Gen.Int[1, 3], Gen.Int[1, 3], Gen.Int[2, 4]), Gen.Int[0, 7], Gen.Int[0, 1 << 30], Shaken);

    // All pairs, and all angles of two neighbors of an atom, with all images.
    private static double Slow(AtomConfiguration atoms, Func<int, int, int, StillingerWeberParameters> of)
    {
        var energy = 0.0;
        int Reach(int side) => atoms.Box.IsPeriodic(side) ? (int)Math.Ceiling(4.5 / atoms.Box.Heights[side]) + 1 : 0;
        for (var i = 0; i < atoms.Count; i++)
        {
            var near = new List<(Vec3 D, int Kind)>();
            for (var j = 0; j < atoms.Count; j++)
            {
                for (var a = -Reach(0); a <= Reach(0); a++)
                {
                    for (var b = -Reach(1); b <= Reach(1); b++)
                    {
                        for (var c = -Reach(2); c <= Reach(2); c++)
                        {
                            var d = atoms.Positions[j] - atoms.Positions[i] + (atoms.Box.Cell * new Vec3(a, b, c));
                            if ((i != j || (a, b, c) != (0, 0, 0)) && d.Norm < of(atoms.Kinds[i], atoms.Kinds[j], atoms.Kinds[j]).Cutoff)
                            {
                                near.Add((d, atoms.Kinds[j]));
                            }
                        }
                    }
                }
            }

            for (var j = 0; j < near.Count; j++)
            {
                var (r, pair) = (near[j].D.Norm, of(atoms.Kinds[i], near[j].Kind, near[j].Kind));
                energy += 0.5 * pair.Epsilon * pair.A * ((pair.B * Math.Pow(pair.Sigma / r, pair.P)) - Math.Pow(pair.Sigma / r, pair.Q)) * Math.Exp(pair.Sigma / (r - pair.Cutoff));
                for (var k = 0; k < j; k++)
                {
                    var (s, other, all) = (near[k].D.Norm, of(atoms.Kinds[i], near[k].Kind, near[k].Kind), of(atoms.Kinds[i], near[j].Kind, near[k].Kind));
                    var cosine = Vec3.Dot(near[j].D, near[k].D) / (r * s);
                    energy += all.Epsilon * all.Lambda * Math.Pow(cosine - all.Cosine, 2) * Math.Exp((pair.Gamma * pair.Sigma / (r - pair.Cutoff)) + (other.Gamma * other.Sigma / (s - other.Cutoff)));
                }
            }
        }

        return energy;
    }

    [Fact]
    public void Energy_is_that_of_the_obvious_sum_in_any_box() => _atoms.Sample(atoms =>
    {
        var one = atoms with { Kinds = new int[atoms.Count] };
        void Same(double expected, double found) => Assert.Equal(expected, found, 1e-11 * (atoms.Count + Math.Abs(expected)));
        Same(Slow(one, (_, _, _) => _silicon), new MolecularDynamics(one, [Interaction.StillingerWeber(_silicon)], 0.5).Measure(ChunkedLoop.Serial).Potential);
        Same(Slow(atoms, Mixed), new MolecularDynamics(atoms, [Interaction.StillingerWeber(2, Mixed)], 0.5).Measure(ChunkedLoop.Serial).Potential);
    }, iter: 60, threads: 1);

    [Fact]
    public void Forces_and_virial_are_those_of_the_energy() => _atoms.Sample(atoms =>
    {
        Gradients.AreThoseOfTheEnergy(atoms with { Kinds = new int[atoms.Count] }, () => Interaction.StillingerWeber(_silicon), 1e-7, h: 2e-4);
        Gradients.AreThoseOfTheEnergy(atoms, () => Interaction.StillingerWeber(2, Mixed), 1e-7, h: 2e-4);
        var engine = new MolecularDynamics(atoms, [Interaction.StillingerWeber(2, Mixed)], 0.5);
        var forces = engine.Forces(ChunkedLoop.Serial);
        Assert.InRange(forces.Aggregate((a, b) => a + b).Norm, 0, 1e-12 * (1 + forces.Sum(f => f.Norm)));

        // Forces alone are those with the energy, to the bit.
        engine.Measure(ChunkedLoop.Serial);
        Assert.Equal(forces, engine.Forces(ChunkedLoop.Serial));
    }, iter: 12, threads: 1);

    private static AtomConfiguration Diamond(int cells, double a, double temperature = 0)
    {
        var crystal = LatticeBuilder.Repeat(ConventionalCell.Of(Lattice.Diamond, a), (cells, cells, cells), UnitSystem.Metal, [new("Si", 28.0855)]);
        return temperature == 0 ? crystal : crystal with { Velocities = ThermalVelocities.Draw(crystal, temperature, 3) };
    }

    // The potential is made so that diamond has the energy −2ε an atom where neighbors are 2^(1/6) σ apart.
    [Fact]
    public void Diamond_is_at_its_least_energy()
    {
        var a = 4 / Math.Sqrt(3) * Math.Pow(2, 1.0 / 6) * _silicon.Sigma;
        var found = new MolecularDynamics(Diamond(2, a), [Interaction.StillingerWeber(_silicon)], 0.5).Measure(ChunkedLoop.Serial);
        Assert.Equal(5.431, a, 1e-3);
        Assert.Equal(-2 * _silicon.Epsilon, found.Potential / 64, 1e-9);
        Assert.InRange(found.Virial.Norm / 64, 0, 1e-7);
    }

    [Fact]
    public void Atoms_upon_each_other_are_refused_whoever_asks_first()
    {
        MolecularDynamics Crowd() => new(Diamond(4, 1.8), [Interaction.StillingerWeber(_silicon)], 0.5);
        Assert.Contains("256 neighbors or more", Assert.Throws<ScaleModelException>(() => Crowd().Shares(ChunkedLoop.Serial)).Message, StringComparison.Ordinal);
        Assert.Contains("256 neighbors or more", Assert.Throws<ScaleModelException>(() => Crowd().Forces(ChunkedLoop.Serial)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void One_and_three_threads_give_the_same_bits()
    {
        (byte[], Measurement, long) Run(int threads)
        {
            var engine = new MolecularDynamics(Diamond(4, 5.431, 2500), [Interaction.StillingerWeber(_silicon)], 0.5);
            using var team = new ChunkedLoop(threads).Gather();
            engine.Advance(200, 0.001, team.Loop);
            var now = engine.Configuration();
            return ([.. MemoryMarshal.AsBytes<Vec3>(now.Positions), .. MemoryMarshal.AsBytes<Vec3>(now.Velocities)], engine.Measure(team.Loop), engine.Rebuilds);
        }

        var (one, three) = (Run(1), Run(3));
        Assert.Equal(one.Item1, three.Item1);
        Assert.Equal(one.Item2, three.Item2);
        Assert.True(one.Item3 > 2, $"{one.Item3}");
    }

    // What it allocates with the first forces, beyond the neighbors of a law that reaches further: not more than it has neighbors itself.
    [Theory]
    [InlineData(0)]
    [InlineData(6)]
    [InlineData(9)]
    public void It_keeps_what_is_within_its_own_cutoff(double longest)
    {
        long Allocated(bool hasAngles)
        {
            ImmutableArray<Interaction> others = longest > 0 ? [Interaction.Of(new LennardJonesLaw(1e-3, 2, longest))] : [];
            ImmutableArray<Interaction> one = longest > 0 ? [] : [Interaction.Of(new LennardJonesLaw(1e-3, 2, _silicon.Cutoff))];
            var engine = new MolecularDynamics(Diamond(6, 5.431), [.. others, .. hasAngles ? [Interaction.StillingerWeber(_silicon)] : one], 0.5);
            var before = GC.GetAllocatedBytesForCurrentThread();
            engine.Measure(ChunkedLoop.Serial);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        // Four neighbors, an offset and a row of numbers each, with a sixteenth and sixteen a chunk of 128 to spare; two numbers an atom; a little for each chunk.
        var perAtom = (Allocated(true) - Allocated(false)) / 1728.0;
        output.WriteLine($"{perAtom:0} bytes an atom beside a law that reaches to {longest}");
        Assert.InRange(perAtom, 4 * 36, 230);
    }

    [Fact]
    public void Steps_allocate_nothing()
    {
        var engine = new MolecularDynamics(Diamond(4, 5.431, 1200), [Interaction.StillingerWeber(_silicon)], 0.5);
        engine.Advance(1000, 0.001, ChunkedLoop.Serial);
        var (before, rebuilds) = (GC.GetAllocatedBytesForCurrentThread(), engine.Rebuilds);
        engine.Advance(500, 0.001, ChunkedLoop.Serial);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.True(engine.Rebuilds > rebuilds);
    }

    // The error of velocity Verlet goes with the square of the step.
    [Fact]
    public void The_error_of_the_energy_is_that_of_the_steps()
    {
        double Error(double step)
        {
            var engine = new MolecularDynamics(Diamond(2, 5.431, 2500), [Interaction.StillingerWeber(_silicon)], 0.5);
            var before = engine.Measure(ChunkedLoop.Serial).Total;
            engine.Advance((long)Math.Round(0.1 / step), step, ChunkedLoop.Serial);
            return engine.Measure(ChunkedLoop.Serial).Total - before;
        }

        Assert.InRange(Error(0.0005) / Error(0.00025), 3.5, 4.5);
    }

    [Fact]
    public void What_makes_no_sense_is_refused()
    {
        void Refused(Func<Interaction> make, string reason) => Assert.Contains(reason, Assert.Throws<ScaleModelException>(() => new MolecularDynamics(Shaken((2, 2, 2), 0, 1), [make()], 0.3)).Message, StringComparison.Ordinal);
        Refused(() => Interaction.StillingerWeber(_silicon), "has parameters for 1 kinds");
        Refused(() => Interaction.StillingerWeber(_silicon with { Sigma = 0 }), "Sigma = 0");
        Refused(() => Interaction.StillingerWeber(9, (_, _, _) => _silicon), "1 to 8 kinds");
        Refused(() => Interaction.StillingerWeber(2, (i, j, _) => _silicon with { A = 7 + i - j }), "kinds 1 and 2 act on each other as a pair by two laws");
        Refused(() => Interaction.StillingerWeber(2, (_, j, _) => _silicon with { Lambda = 20 + j }), "the angle of kinds 1-1-2 has two laws");
        Assert.Contains("256 neighbors or more", Assert.Throws<ScaleModelException>(() => new MolecularDynamics(Diamond(5, 1.2), [Interaction.StillingerWeber(_silicon)], 0.3).Forces(ChunkedLoop.Serial)).Message, StringComparison.Ordinal);
    }
}
