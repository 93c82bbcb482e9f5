using System.Runtime.Intrinsics;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles;
using ActorMultiscale.Physics.Particles.Interactions;
using CsCheck;

namespace ActorMultiscale.Tests.Particles.Interactions;

/// <summary>Tables of pair potentials against the potentials of which they are made.</summary>
public sealed class PairTableTests
{
    private static (double Energy, double Force) Morse(double r, double alpha = 1.7)
    {
        var u = Math.Exp(-alpha * (r - 1.1));
        return ((u * u) - (2 * u), 2 * alpha * ((u * u) - u));
    }

    private static PairTable Table(int points, TableInterpolation interpolation, double cutoff = 2.4, double alpha = 1.7, int given = 0)
    {
        given = given == 0 ? 4 * points : given;
        var r = Enumerable.Range(0, given).Select(i => 0.6 + (2.0 * i / (given - 1))).ToArray();
        return new(r, [.. r.Select(x => Morse(x, alpha).Energy)], [.. r.Select(x => Morse(x, alpha).Force)], points, cutoff, interpolation);
    }

    private static (double Energy, double ForceOverDistance) At(TabulatedLaw law, double r, int kind = 0, int other = 0)
    {
        law.Begin(kind);
        var force = law.ForceOverDistance(Vector512.Create(r * r), Vector512.Create((double)other), true, out var energy);
        return (energy[3], force[5]);
    }

    private static (double Energy, double Force) Error(TableInterpolation interpolation, int points)
    {
        var law = new TabulatedLaw(Table(points, interpolation));
        var (energy, force) = (0.0, 0.0);
        for (var r = 0.601; r < 2.4; r += 0.00037)
        {
            var (e, f) = At(law, r);
            (energy, force) = (Math.Max(energy, Math.Abs(e - Morse(r).Energy)), Math.Max(force, Math.Abs((f * r) - Morse(r).Force)));
        }

        return (energy, force);
    }

    // Straight lines are of the second order; cubics of the fourth, and their slopes of the third.
    [Theory]
    [InlineData(TableInterpolation.Linear, 2, 2)]
    [InlineData(TableInterpolation.Hermite, 4, 3)]
    [InlineData(TableInterpolation.Spline, 4, 4)]
    public void Errors_go_with_the_order_of_the_interpolation(TableInterpolation interpolation, double energy, double force)
    {
        var (coarse, fine) = (Error(interpolation, 401), Error(interpolation, 801));
        Assert.Equal(energy, Math.Log2(coarse.Energy / fine.Energy), 0.25);

        // The ends of the spline of forces are known to the first order only.
        Assert.InRange(Math.Log2(coarse.Force / fine.Force), interpolation == TableInterpolation.Spline ? 1.9 : force - 0.25, force + 0.25);
    }

    [Fact]
    public void Points_are_met_and_forces_of_Hermite_tables_are_slopes_of_their_energy()
    {
        const int N = 120;
        foreach (var interpolation in Enum.GetValues<TableInterpolation>())
        {
            var law = new TabulatedLaw(Table(N, interpolation, given: 3000));
            for (var i = 0; i < N - 1; i++)
            {
                var r = Math.Sqrt(0.36 + (i * ((2.4 * 2.4) - 0.36) / (N - 1)));
                var (e, f) = At(law, r + 1e-13);
                Assert.Equal(Morse(r).Energy, e, 1e-8);
                Assert.Equal(Morse(r).Force, f * r, 1e-8);
            }
        }

        var smooth = new TabulatedLaw(Table(40, TableInterpolation.Hermite));
        Gen.Double[0.62, 2.39].Sample(r =>
        {
            const double H = 1e-5;
            Assert.Equal((At(smooth, r - H).Energy - At(smooth, r + H).Energy) / (2 * H), At(smooth, r).ForceOverDistance * r, 3e-7);
        }, iter: 2000);
        Assert.True(double.IsNaN(At(smooth, 0.59).Energy));
    }

    private static AtomConfiguration Shaken(int seed)
    {
        var noise = new Philox((ulong)seed, 6);
        var box = new SimulationBox(Vec3.Zero, new(4.4, 0.5, -0.3, 0, 4.4, 0.4, 0, 0, 3.3));
        return new()
        {
            Units = UnitSystem.LennardJones,
            Box = box,
            Species = [new("A", 1), new("B", 1)],
            Kinds = [.. Enumerable.Range(0, 48).Select(i => (int)(2 * noise.Uniform(1, 0, i)))],
            Positions = [.. Enumerable.Range(0, 48).Select(i => box.Point(new(((i % 4) + (0.3 * noise.Uniform(0, 0, i))) / 4, ((i / 4 % 4) + (0.3 * noise.Uniform(0, 1, i))) / 4, ((i / 16) + (0.3 * noise.Uniform(0, 2, i))) / 3)))],
        };
    }

    [Fact]
    public void Tables_of_two_kinds_are_those_of_the_obvious_sum() => Gen.Int[0, 1 << 30].Sample(seed =>
    {
        var atoms = Shaken(seed);
        PairTable[] tables = [.. Enumerable.Range(0, 3).Select(k => Table(2000, TableInterpolation.Hermite, alpha: 1.5 + (0.3 * k)))];
        var (energy, virial, forces) = SlowPairs.Of(atoms, 2.4, (r, i, j) => Morse(r, 1.5 + (0.3 * (i + j))));
        var engine = new MolecularDynamics(atoms, [Interaction.Of(new TabulatedLaw(2, (i, j) => tables[i + j]))], 0.2);
        var found = engine.Measure(ChunkedLoop.Serial);
        Assert.Equal(energy, found.Potential, 1e-8 * atoms.Count);
        Assert.InRange((virial - found.Virial).Norm, 0, 1e-6 * atoms.Count);
        var fast = engine.Forces(ChunkedLoop.Serial);
        Assert.All(Enumerable.Range(0, 48), i => Assert.InRange((fast[i] - forces[i]).Norm, 0, 1e-5));

        // One table whatever the kinds.
        var one = new MolecularDynamics(atoms, [Interaction.Of(new TabulatedLaw(tables[1]))], 0.2).Measure(ChunkedLoop.Serial);
        Assert.Equal(SlowPairs.Of(atoms, 2.4, (r, _, _) => Morse(r, 1.8)).Energy, one.Potential, 1e-8 * atoms.Count);
        Gradients.AreThoseOfTheEnergy(atoms, () => Interaction.Of(new Switched<TabulatedLaw>(new(2, (i, j) => tables[i + j]), 1.6)), 1e-6, h: 2e-4);
    }, iter: 5, threads: 1);

    [Fact]
    public void What_makes_no_sense_is_refused()
    {
        void Refused(Func<object> make, string reason) => Assert.Contains(reason, Assert.Throws<ScaleModelException>(make).Message, StringComparison.Ordinal);
        Refused(() => new PairTable([1, 2], [0], [0, 0], 1, 3, TableInterpolation.Linear), "2 distances, 1 energies");
        Refused(() => new PairTable([1, 2], [0], [0, 0], 1, 3, TableInterpolation.Linear), "1 points");
        Refused(() => new PairTable([1, 2], [0], [0, 0], 1, 3, TableInterpolation.Linear), "the cutoff is 3");
        Refused(() => new PairTable([0, 2, 1], [0, 1, double.NaN], [0, 0, 0], 10, 1, TableInterpolation.Linear), "do not ascend");
        Refused(() => new TabulatedLaw(2, (i, j) => Table(20 + i, TableInterpolation.Linear)), "kinds 1 and 2");
        var table = Table(20, TableInterpolation.Linear);
        Refused(() => new TabulatedLaw(9, (_, _) => table), "1 to 8 kinds");
        Refused(() => new MolecularDynamics(Shaken(3), [Interaction.Of(new TabulatedLaw(1, (_, _) => table))], 0.3).Forces(ChunkedLoop.Serial), "is of kind 2; the pair law has parameters for 1 kinds");
    }
}
