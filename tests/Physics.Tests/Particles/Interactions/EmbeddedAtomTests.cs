using System.Globalization;
using System.Text;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles;
using ActorMultiscale.Physics.Particles.Building;
using ActorMultiscale.Physics.Particles.Interactions;
using CsCheck;
using Xunit.Abstractions;

namespace ActorMultiscale.Tests.Particles.Interactions;

/// <summary>The embedded-atom method in the engine against the obvious sums, its own energy and published numbers.</summary>
public sealed class EmbeddedAtomTests(ITestOutputHelper output)
{
    private const int Points = 240;
    private const double Cutoff = 5;

    /// <summary>Functions of two made-up elements, written down as in the books: φ, ρ of j at i, F, and their slopes.</summary>
    private static (double Value, double Slope) Phi(double r, int a, int b)
    {
        var (strength, decay) = (2.0 + (0.7 * (a + b)), 1.3 + (0.1 * (a + b)));
        var (u, end) = (strength * Math.Exp(-decay * (r - 2.5)), Cutoff - r);
        return (u * end * end * end, -u * ((decay * end * end * end) + (3 * end * end)));
    }

    private static double Rho(double r, int from, int at) => (0.2 + (0.1 * from) + (0.05 * at)) * Math.Exp(-0.9 * (r - 2.5)) * Math.Pow(Cutoff - r, 3);

    private static double F(double rho, int a) => -(1.1 + (0.4 * a)) * Math.Sqrt(rho + 0.01);

    // The two as a file; the table of densities ends where dense packings have left it.
    internal static InputFile Setfl(bool isFinnisSinclair, int elements = 2)
    {
        var text = new StringBuilder("made by a test\ntwo elements\n\n").AppendLine(elements == 2 ? "2 Aa Bb" : "1 Aa");

        // The cutoff is a point of the table: there the cubics end with value and slope zero, so that the energy has no step.
        var (drho, dr) = (60.0 / Points, Cutoff / (Points - 5));
        text.AppendLine(FormattableString.Invariant($"{Points} {drho:R} {Points} {dr:R} {Cutoff:R}"));
        void Table(double step, Func<double, double> value)
        {
            for (var i = 0; i < Points; i++)
            {
                text.AppendLine(value(i * step).ToString("R", CultureInfo.InvariantCulture));
            }
        }

        for (var a = 0; a < elements; a++)
        {
            text.AppendLine("1 10 3.6 fcc");
            Table(drho, rho => F(rho, a));
            for (var at = 0; at < (isFinnisSinclair ? elements : 1); at++)
            {
                Table(dr, r => r < Cutoff ? Rho(r, a, at) : 0);
            }
        }

        for (var a = 0; a < elements; a++)
        {
            for (var b = 0; b <= a; b++)
            {
                Table(dr, r => r < Cutoff ? r * Phi(r, a, b).Value : 0);
            }
        }

        return new("made-up.setfl", text.ToString());
    }

    private InputFile? Foiles()
    {
        var path = Path.Combine(Environment.GetEnvironmentVariable("ACTORMULTISCALE_POTENTIALS") ?? "/usr/share/lammps/potentials", "Cu_u3.eam");
        if (File.Exists(path))
        {
            return new InputFile("Cu_u3.eam", File.ReadAllText(path));
        }

        Assert.True(Environment.GetEnvironmentVariable("CI") != "true", $"{path} is missing; it is in Debian's package lammps-data");
        output.WriteLine($"skipped: {path} is not here");
        return null;
    }

    private static AtomConfiguration Atoms(SimulationBox box, Vec3[] positions, int[]? kinds = null) => new()
    {
        Units = UnitSystem.Metal,
        Box = box,
        Species = [new("Aa", 10), new("Bb", 20)],
        Kinds = kinds ?? new int[positions.Length],
        Positions = positions,
    };

    // A shaken lattice in a skewed box, down to one far shorter than the cutoff; some atoms have gone through a face.
    private static readonly Gen<AtomConfiguration> _atoms = Gen.Select(Gen.Select(Gen.Int[1, 4], Gen.Int[1, 3], Gen.Int[1, 3]), Gen.Int[0, 1 << 30]).Select((cells, seed) =>
    {
        var noise = new Philox((ulong)seed, 1);

        // No round numbers: an image just at the cutoff would be in or out by round-off, and functions cut plainly have a step there.
        double Tilt(int t) => 0.6 * (noise.Uniform(1, t, 0) - 0.5);
        var a = 2.34 + (0.52 * noise.Uniform(2, 0, 0));
        var box = new SimulationBox(new(0.3, -5, 2), new(a * cells.Item1, Tilt(0) * a, Tilt(1) * a, 0, a * cells.Item2, Tilt(2) * a, 0, 0, a * cells.Item3));
        var count = cells.Item1 * cells.Item2 * cells.Item3;
        double Shake(int i, int axis) => 0.15 * (noise.Uniform(0, axis, i) - 0.5);
        var positions = Enumerable.Range(0, count).Select(i => box.Point(new(
            ((i % cells.Item1) + Shake(i, 0)) / cells.Item1,
            ((i / cells.Item1 % cells.Item2) + Shake(i, 1)) / cells.Item2,
            ((i / cells.Item1 / cells.Item2) + Shake(i, 2)) / cells.Item3))).ToArray();
        return Atoms(box, positions, [.. Enumerable.Range(0, count).Select(i => (int)(2 * noise.Uniform(0, 3, i)))]);
    });

    // Sums over all pairs with all images; ρ first, then forces.
    private static (double Energy, SymTensor3 Virial, Vec3[] Forces) Slow(AtomConfiguration atoms, EamAlloy alloy)
    {
        var density = new double[atoms.Count];
        (double Value, double Slope) Pair(double r, int a, int b)
        {
            var (z, slope) = alloy.Pairs[a][b].At(r);
            return (z / r, (slope - (z / r)) / r);
        }

        void Each(Action<int, int, Vec3> visit)
        {
            var box = atoms.Box;
            int Reach(int side) => (int)Math.Ceiling(alloy.Cutoff / box.Heights[side]) + 1;
            for (var i = 0; i < atoms.Count; i++)
            {
                for (var j = 0; j < atoms.Count; j++)
                {
                    for (var a = -Reach(0); a <= Reach(0); a++)
                    {
                        for (var b = -Reach(1); b <= Reach(1); b++)
                        {
                            for (var c = -Reach(2); c <= Reach(2); c++)
                            {
                                var d = atoms.Positions[i] - atoms.Positions[j] - (box.Cell * new Vec3(a, b, c));
                                if ((i != j || a != 0 || b != 0 || c != 0) && d.Norm < alloy.Cutoff)
                                {
                                    visit(i, j, d);
                                }
                            }
                        }
                    }
                }
            }
        }

        var kinds = atoms.Kinds;
        Each((i, j, d) => density[i] += alloy.Densities[kinds[j]][kinds[i]].At(d.Norm).Value);
        var embedded = density.Select((rho, i) => EamTable.Embedding(alloy.Embeddings[kinds[i]], rho)).ToArray();
        var (energy, virial, forces) = (embedded.Sum(e => e.Value), SymTensor3.Zero, new Vec3[atoms.Count]);
        Each((i, j, d) =>
        {
            var r = d.Norm;
            var (phi, slope) = Pair(r, kinds[i], kinds[j]);
            slope += (embedded[i].Slope * alloy.Densities[kinds[j]][kinds[i]].At(r).Slope) + (embedded[j].Slope * alloy.Densities[kinds[i]][kinds[j]].At(r).Slope);
            energy += 0.5 * phi;
            forces[i] -= slope / r * d;
            virial -= 0.5 * slope / r * SymTensor3.Dyad(d);
        });
        return (energy, virial, forces);
    }

    private static void Agree((double Energy, SymTensor3 Virial, Vec3[] Forces) slow, AtomConfiguration atoms, Interaction interaction)
    {
        // In symmetric places forces and virials are differences of far larger numbers: of a part of 10 eV, and of 10 eV/Å from each neighbor.
        var engine = new MolecularDynamics(atoms, [interaction], 0.7);
        var found = engine.Measure(ChunkedLoop.Serial);
        var forces = engine.Forces(ChunkedLoop.Serial);
        Assert.Equal(slow.Energy, found.Potential, 1e-12 * ((10 * atoms.Count) + Math.Abs(slow.Energy)));
        Assert.InRange((slow.Virial - found.Virial).Norm, 0, 1e-12 * ((100 * atoms.Count) + slow.Virial.Norm));
        for (var i = 0; i < atoms.Count; i++)
        {
            Assert.InRange((slow.Forces[i] - forces[i]).Norm, 0, 1e-12 * (100 + slow.Forces[i].Norm));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Two_elements_in_boxes_of_any_shape_are_those_of_the_obvious_sums(bool isFinnisSinclair)
    {
        var alloy = EamAlloy.Parse(Setfl(isFinnisSinclair), isFinnisSinclair);
        _atoms.Sample(atoms => Agree(Slow(atoms, alloy), atoms, EmbeddedAtomInteraction.Of(alloy, ["Aa", "Bb"])), iter: 50);
    }

    /// <summary>A potential of one's own, which goes pair by pair.</summary>
    private sealed class Own(IEmbeddedAtomPotential other) : IEmbeddedAtomPotential
    {
        public double Cutoff => other.Cutoff;

        public double LatticeGuess => other.LatticeGuess;

        public (double Value, double Slope) Pair(double r) => other.Pair(r);

        public (double Value, double Slope) Density(double r) => other.Density(r);

        public (double Value, double Slope) Embedding(double density) => other.Embedding(density);
    }

    [Theory]
    [InlineData("table")]
    [InlineData("closed")]
    [InlineData("own")]
    public void One_element_in_boxes_of_any_shape_is_that_of_the_crystal(string name)
    {
        IEmbeddedAtomPotential potential = name == "table" ? EamTable.Parse(Setfl(false, elements: 1)) : name == "closed" ? SuttonChen.Copper(6.1) : new Own(SuttonChen.Copper(6.1));
        _atoms.Sample(
            atoms =>
            {
                var slow = new Crystal(atoms.Box.Cell, atoms.Positions).Evaluate(potential);
                Agree((slow.Energy, -atoms.Box.Volume * slow.Stress, slow.Forces), atoms, EmbeddedAtomInteraction.Of(potential));
            },
            iter: 50);
    }

    [Theory]
    [InlineData("table")]
    [InlineData("alloy")]
    [InlineData("Finnis-Sinclair")]
    public void Forces_are_minus_the_gradient(string name)
    {
        Interaction Make() => name switch
        {
            "table" => EmbeddedAtomInteraction.Of(EamTable.Parse(Setfl(false, elements: 1))),
            "alloy" => EmbeddedAtomInteraction.Of(EamAlloy.Parse(Setfl(false)), ["Aa", "Bb"]),
            _ => EmbeddedAtomInteraction.Of(EamAlloy.Parse(Setfl(true), isFinnisSinclair: true), ["Bb", "Aa"]),
        };
        Gen.Select(_atoms, Gen.Int[0, 1000], Gen.Int[0, 2]).Sample(
            (atoms, which, axis) =>
            {
                var i = which % atoms.Count;
                const double h = 1e-5;      // Å. The error of the difference is O(h²) ≈ 1e-9 and round-off over h ≈ 1e-9; second derivatives jump between cubics.
                var direction = axis == 0 ? new Vec3(1, 0, 0) : axis == 1 ? new Vec3(0, 1, 0) : new Vec3(0, 0, 1);
                double Energy(double step)
                {
                    var moved = atoms.Positions.ToArray();
                    moved[i] += step * direction;
                    return new MolecularDynamics(atoms with { Positions = moved }, [Make()], 0.5).Measure(ChunkedLoop.Serial).Potential;
                }

                var force = new MolecularDynamics(atoms, [Make()], 0.5).Forces(ChunkedLoop.Serial)[i];
                Assert.Equal(-(Energy(h) - Energy(-h)) / (2 * h), Vec3.Dot(force, direction), 1e-5 * (1 + force.Norm));
            },
            iter: 50);
    }

    // A liquid of 864 atoms of two kinds: several chunks, many rebuilds.
    private static MolecularDynamics Hot(bool isAlloy)
    {
        var crystal = LatticeBuilder.Repeat(ConventionalCell.Of(Lattice.Fcc, 4.2), (6, 6, 6), UnitSystem.Metal, [new("Aa", 10), new("Bb", 20)]);
        crystal = crystal with { Kinds = [.. Enumerable.Range(0, crystal.Count).Select(i => isAlloy ? i * 7 % 5 % 2 : 0)] };
        crystal = crystal with { Velocities = ThermalVelocities.Draw(crystal, 5000, 3) };
        return new(crystal, [isAlloy ? EmbeddedAtomInteraction.Of(EamAlloy.Parse(Setfl(true), isFinnisSinclair: true), ["Aa", "Bb"]) : EmbeddedAtomInteraction.Of(EamTable.Parse(Setfl(false, elements: 1)))], 0.3);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Three_threads_give_the_bits_of_one(bool isAlloy)
    {
        var (one, three) = (Hot(isAlloy), Hot(isAlloy));
        using var gathered = new ChunkedLoop(3).Gather();
        var team = gathered.Loop;
        one.Advance(300, 0.001, ChunkedLoop.Serial);
        three.Advance(300, 0.001, team);

        Assert.Equal(one.Configuration().Positions, three.Configuration().Positions);
        Assert.Equal(one.Forces(ChunkedLoop.Serial), three.Forces(team));
        Assert.Equal(one.Measure(ChunkedLoop.Serial), three.Measure(team));
        Assert.True(one.Rebuilds > 3, $"{one.Rebuilds} rebuilds");
    }

    // Forces that were not the gradient of the energy, or that missed a neighbor, would leave an error that no shorter step makes smaller.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Half_the_step_makes_a_quarter_of_the_error_of_the_energy(bool isAlloy)
    {
        double Error(int steps)
        {
            var engine = Hot(isAlloy);
            var before = engine.Measure(ChunkedLoop.Serial);
            engine.Advance(steps, 0.06 / steps, ChunkedLoop.Serial);
            var after = engine.Measure(ChunkedLoop.Serial);
            Assert.True(Math.Abs(after.Kinetic - before.Kinetic) > 100, "nothing has gone on");
            return after.Total - before.Total;
        }

        Assert.Equal(4, Error(150) / Error(300), 0.3);
    }

    // What is allocated belongs to the search for neighbors, and is a few hundred bytes each time, however many atoms there are.
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void In_the_steady_state_nothing_is_allocated(bool isAlloy)
    {
        var engine = Hot(isAlloy);
        engine.Advance(300, 0.0005, ChunkedLoop.Serial);
        var (before, builds) = (GC.GetAllocatedBytesForCurrentThread(), engine.Rebuilds);
        engine.Advance(200, 0.0005, ChunkedLoop.Serial);
        var (bytes, rebuilds) = (GC.GetAllocatedBytesForCurrentThread() - before, engine.Rebuilds - builds);
        Assert.True(rebuilds > 2, $"{rebuilds} rebuilds");
        Assert.True(bytes < 2000 * rebuilds, $"{bytes} bytes in {rebuilds} rebuilds");
    }

    [Fact]
    public void It_adds_to_the_forces_of_those_before()
    {
        var alloy = EamAlloy.Parse(Setfl(false));
        Interaction Make() => EmbeddedAtomInteraction.Of(alloy, ["Aa", "Bb"]);
        _atoms.Sample(
            atoms =>
            {
                var (one, two) = (new MolecularDynamics(atoms, [Make()], 0.5), new MolecularDynamics(atoms, [Make(), Make()], 0.5));
                Assert.All(one.Forces(ChunkedLoop.Serial).Zip(two.Forces(ChunkedLoop.Serial)), f => Assert.InRange(((2 * f.First) - f.Second).Norm, 0, 1e-12 * (100 + f.First.Norm)));
                var (single, twice) = (one.Measure(ChunkedLoop.Serial), two.Measure(ChunkedLoop.Serial));
                Assert.Equal(2 * single.Potential, twice.Potential, 1e-11 * atoms.Count);
                Assert.InRange(((2 * single.Virial) - twice.Virial).Norm, 0, 1e-10 * atoms.Count);
            },
            iter: 50);
    }

    // a₀ = 3.615 Å, E_c = −3.54 eV: Foiles, Baskes, Daw, Phys. Rev. B 33 (1986) 7983, table III, to which the potential is fitted.
    [Fact]
    public void Copper_has_the_lattice_constant_and_the_cohesive_energy_to_which_it_is_fitted()
    {
        if (Foiles() is not { } file)
        {
            return;
        }

        var potential = EamTable.Parse(file);
        Measurement At(double a) => new MolecularDynamics(
            LatticeBuilder.Repeat(ConventionalCell.Of(Lattice.Fcc, a), (4, 4, 4), UnitSystem.Metal, [new("Cu", 63.55)]), [EmbeddedAtomInteraction.Of(potential)], 1).Measure(ChunkedLoop.Serial);

        // Where the pressure vanishes, by bisection: it falls as the crystal grows.
        var (small, large) = (3.5, 3.7);
        while (large - small > 1e-9)
        {
            var a = 0.5 * (small + large);
            (small, large) = At(a).Virial.Trace > 0 ? (a, large) : (small, a);
        }

        Assert.Equal(3.615, small, 1e-5 * 3.615);
        Assert.Equal(-3.54, At(small).Potential / 256, 1e-5 * 3.54);
    }

    [Theory]
    [InlineData("Aa Cc", "found: 'Aa', 'Cc'")]
    [InlineData("", "found: ''")]
    [InlineData("Aa Aa Aa Aa Aa Aa Aa Aa Aa", "1 to 8 kinds")]
    public void Elements_that_are_not_there_are_refused(string elements, string says)
    {
        var alloy = EamAlloy.Parse(Setfl(false));
        Assert.Contains(says, Assert.Throws<ScaleModelException>(() => EmbeddedAtomInteraction.Of(alloy, [.. elements.Split(' ')])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Kinds_without_an_element_and_files_of_another_form_are_refused()
    {
        var atoms = Atoms(SimulationBox.Orthogonal(5, 5, 5), [Vec3.Zero, new(2.5, 0, 0)], [0, 1]);
        Assert.Contains("Atom 2 is of kind 2", Assert.Throws<ScaleModelException>(() => new MolecularDynamics(atoms, [EmbeddedAtomInteraction.Of(EamAlloy.Parse(Setfl(false)), ["Aa"])], 0.5)).Message, StringComparison.Ordinal);
        Assert.Contains("made-up.setfl", Assert.Throws<ScaleModelException>(() => EamAlloy.Parse(Setfl(true))).Message, StringComparison.Ordinal);
        Assert.Contains("line 487", Assert.Throws<ScaleModelException>(() => EamAlloy.Parse(Setfl(false), isFinnisSinclair: true)).Message, StringComparison.Ordinal);
        Assert.Contains("line 4", Assert.Throws<ScaleModelException>(() => EamAlloy.Parse(new("x", "a\nb\nc\nd"))).Message, StringComparison.Ordinal);
    }
}
