using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles;
using ActorMultiscale.Physics.Particles.Building;
using ActorMultiscale.Physics.Particles.Interactions;

namespace ActorMultiscale.Tests.Particles.Interactions;

/// <summary>Pairs in single precision against the same in double.</summary>
public sealed class SinglePairTests
{
    private static readonly LennardJonesLaw _plain = new(1, 1, 2.5);
    private static readonly LennardJonesMixture _mixture = new([new(1, 1), new(0.5, 0.9), new(2, 1.05)], MixingRule.SixthPower, 2.4);

    public static TheoryData<string> Laws => ["plain", "shifted", "force-shifted", "switched", "mixture"];

    private static (Interaction Single, Interaction Double) Both(string law)
    {
        static (Interaction, Interaction) Of<TLaw>(TLaw law) where TLaw : struct, IPairLaw => (Interaction.InSingle(law), Interaction.Of(law));
        return law switch
        {
            "plain" => Of(_plain),
            "shifted" => Of(new Shifted<LennardJonesLaw>(_plain)),
            "force-shifted" => Of(new ForceShifted<LennardJonesLaw>(_plain)),
            "switched" => Of(new Switched<LennardJonesLaw>(_plain, 2)),
            _ => Of(new ForceShifted<LennardJonesMixture>(_mixture)),
        };
    }

    // A melt somewhere in space, in a box of any shape; far from the origin nothing is lost, as only differences count.
    private static AtomConfiguration Melt(int cells, double tilt = 0, double away = 0, int kinds = 1)
    {
        var crystal = LatticeBuilder.Repeat(ConventionalCell.Of(Lattice.Fcc, Math.Cbrt(4 / 0.8442)), (cells, cells, cells), UnitSystem.LennardJones, [new("A", 1)]);
        var shear = new Matrix3(1, tilt, tilt, 0, 1, tilt, 0, 0, 1);
        var hot = crystal with
        {
            Box = crystal.Box with { Cell = shear * crystal.Box.Cell, Origin = new(away, -away, 2 * away) },
            Positions = [.. crystal.Positions.Select(x => (shear * x) + new Vec3(away, -away, 2 * away))],
            Species = [.. Enumerable.Range(0, kinds).Select(k => new Species($"A{k}", 1))],
            Kinds = [.. Enumerable.Range(0, crystal.Count).Select(i => i % kinds)],
        };
        var engine = new MolecularDynamics(hot with { Velocities = ThermalVelocities.Draw(hot, 2.5, 11) }, [Interaction.Of(_plain)], 0.3);
        engine.Advance(150, 0.003, ChunkedLoop.Serial);
        return engine.Configuration();
    }

    private static (double Force, double Energy, double Pressure) Difference(AtomConfiguration atoms, Interaction single, Interaction exact, double skin = 0.3)
    {
        var (a, b) = (new MolecularDynamics(atoms, [single], skin), new MolecularDynamics(atoms, [exact], skin));
        var (fa, fb) = (a.Forces(ChunkedLoop.Serial), b.Forces(ChunkedLoop.Serial));
        var (ma, mb) = (a.Measure(ChunkedLoop.Serial), b.Measure(ChunkedLoop.Serial));
        return (Math.Sqrt(fa.Zip(fb, (x, y) => (x - y).NormSquared).Sum() / fb.Sum(f => f.NormSquared)),
            Math.Abs(ma.Potential / mb.Potential - 1), (ma.Virial - mb.Virial).Norm / mb.Virial.Norm);
    }

    [Theory]
    [MemberData(nameof(Laws))]
    public void Forces_energy_and_virial_are_those_of_double_precision_to_six_digits(string law)
    {
        foreach (var (tilt, away) in new[] { (0.0, 0.0), (0.2, 0.0), (-0.3, 1000.0) })
        {
            var (single, exact) = Both(law);
            var (force, energy, virial) = Difference(Melt(5, tilt, away, law == "mixture" ? 3 : 1), single, exact);
            Assert.InRange(force, 1e-8, 2e-6);          // Below that it would not be single precision.
            Assert.InRange(energy, 0, 1e-6);
            Assert.InRange(virial, 0, 3e-6);
        }
    }

    // Newton meters: no power of a length leaves the range of single precision.
    [Fact]
    public void The_units_of_the_atoms_do_not_matter()
    {
        var melt = Melt(4);
        var (sigma, epsilon) = (3.4e-10, 1.65e-21);
        var atoms = melt with
        {
            Units = UnitSystem.International,
            Box = melt.Box with { Cell = Matrix3.Diagonal(sigma, sigma, sigma) * melt.Box.Cell, Origin = sigma * melt.Box.Origin },
            Positions = [.. melt.Positions.Select(x => sigma * x)],
            Velocities = [],
            Species = [new("Ar", 6.6e-26)],
        };
        var law = new LennardJonesLaw(epsilon, sigma, 2.5 * sigma);
        var (force, energy, virial) = Difference(atoms, Interaction.InSingle(law), Interaction.Of(law), 0.3 * sigma);
        Assert.InRange(force, 1e-8, 2e-6);
        Assert.InRange(energy, 0, 1e-6);
        Assert.InRange(virial, 0, 3e-6);
    }

    [Fact]
    public void Any_number_of_threads_gives_the_same_bits_and_a_restored_state_goes_on_alike()
    {
        var atoms = Melt(6);
        MolecularDynamics Engine() => new(atoms, [Interaction.InSingle(_plain)], 0.3);
        var alone = Engine();
        alone.Advance(60, 0.004, ChunkedLoop.Serial);
        var state = StateArchive.Save(alone.Archive);
        alone.Advance(60, 0.004, ChunkedLoop.Serial);
        foreach (var threads in new[] { 2, 3 })
        {
            using var team = new ChunkedLoop(threads).Gather();
            var together = Engine();
            together.Advance(120, 0.004, team.Loop);
            Assert.Equal(StateArchive.Save(alone.Archive), StateArchive.Save(together.Archive));
        }

        var resumed = Engine();
        StateArchive.Restore(state, resumed.Archive);
        resumed.Advance(60, 0.004, ChunkedLoop.Serial);
        Assert.Equal(StateArchive.Save(alone.Archive), StateArchive.Save(resumed.Archive));
    }

    // Shares are of double precision, and forces computed with them have other bits: nobody may be moved by those.
    [Fact]
    public void Looking_at_shares_amid_a_run_changes_no_bit_and_a_state_saved_then_goes_on_alike()
    {
        var atoms = Melt(4);
        MolecularDynamics Engine() => new(atoms, [Interaction.InSingle(_plain)], 0.3);
        var (alone, looked, resumed) = (Engine(), Engine(), Engine());
        alone.Advance(60, 0.004, ChunkedLoop.Serial);
        looked.Advance(30, 0.004, ChunkedLoop.Serial);
        var forces = looked.Forces(ChunkedLoop.Serial);
        looked.Shares(ChunkedLoop.Serial);
        Assert.Equal(forces, looked.Forces(ChunkedLoop.Serial));
        looked.Shares(ChunkedLoop.Serial);
        StateArchive.Restore(StateArchive.Save(looked.Archive), resumed.Archive);
        foreach (var engine in new[] { looked, resumed })
        {
            engine.Advance(30, 0.004, ChunkedLoop.Serial);
            Assert.Equal(StateArchive.Save(alone.Archive), StateArchive.Save(engine.Archive));
        }
    }

    // Of an atom that is far away the unit of whole numbers would be too coarse for the others: they are computed in double precision then.
    [Fact]
    public void An_atom_that_is_far_away_takes_no_precision_from_the_others()
    {
        foreach (var away in new[] { 400, 1e4, 1e5 })
        {
            var side = BoxSide.ShrinkWrapped;
            var atoms = new AtomConfiguration
            {
                Units = UnitSystem.LennardJones,
                Box = new SimulationBox(Vec3.Zero, Matrix3.Diagonal(20, 20, 20), side, side, side),
                Species = [new("A", 1)],
                Kinds = new int[4],
                Positions = [new(0.1, 0.2, 0.3), new(1.2, 0.3, 0.1), new(0.4, 1.4, 0.9), new(away, 0.1, 0.2)],
            };
            var (force, energy, virial) = Difference(atoms, Interaction.InSingle(_plain), Interaction.Of(_plain));
            Assert.InRange(force, 0, 3e-6);
            Assert.InRange(energy, 0, 1e-6);
            Assert.InRange(virial, 0, 1e-5);
        }
    }

    // Rounding pushes atoms at random, so that the energy walks; over 10,000 steps it stays within what is gated for double precision over 100,000.
    [Fact]
    public void Energy_stays_and_momentum_too()
    {
        var atoms = Melt(5);
        var engine = new MolecularDynamics(atoms, [Interaction.InSingle(new ForceShifted<LennardJonesLaw>(_plain))], 0.4);
        double Mean()
        {
            var sum = 0.0;
            for (var sample = 0; sample < 20; sample++)
            {
                engine.Advance(25, 0.003, ChunkedLoop.Serial);
                sum += engine.Measure(ChunkedLoop.Serial).Total / atoms.Count;
            }

            return sum / 20;
        }

        var before = Mean();
        engine.Advance(9_000, 0.003, ChunkedLoop.Serial);
        Assert.Equal(before, Mean(), 1e-4);

        var momentum = engine.Configuration().Velocities.Aggregate((a, b) => a + b) / atoms.Count;
        Assert.InRange(momentum.Norm, 0, 1e-6);
    }

    // Atoms that nobody feels are so far away in whole numbers as well, in a box that is hardly longer than the cutoff or has no end.
    [Fact]
    public void Few_atoms_in_any_box_feel_what_they_feel_in_double()
    {
        foreach (var periodic in new[] { true, false })
        {
            foreach (var length in new[] { 2.3, 3.1, 6, 60 })
            {
                var side = periodic ? BoxSide.Periodic : BoxSide.ShrinkWrapped;
                var atoms = new AtomConfiguration
                {
                    Units = UnitSystem.LennardJones,
                    Box = new SimulationBox(Vec3.Zero, Matrix3.Diagonal(length, length, length), side, side, side),
                    Species = [new("A", 1)],
                    Kinds = [0, 0, 0],
                    Positions = [new(0.1, 0.2, 0.3), new(1.2, 0.3, 0.1), new(0.4, 1.4, 0.9)],
                };
                var (force, energy, virial) = Difference(atoms, Interaction.InSingle(_plain), Interaction.Of(_plain));
                Assert.InRange(force, 0, 3e-6);
                Assert.InRange(energy, 0, 1e-6);
                Assert.InRange(virial, 0, 1e-5);
            }
        }
    }

    [Fact]
    public void A_law_that_is_not_known_in_single_precision_is_refused() =>
        Assert.Contains("MorseLaw is not known in single precision", Assert.Throws<ScaleModelException>(() => Interaction.InSingle(new MorseLaw(1, 1.9, 1.2, 2.2))).Message, StringComparison.Ordinal);
}
