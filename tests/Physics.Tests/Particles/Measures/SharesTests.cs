using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles;
using ActorMultiscale.Physics.Particles.Building;
using ActorMultiscale.Physics.Particles.Interactions;
using ActorMultiscale.Physics.Particles.Measures;
using CsCheck;

namespace ActorMultiscale.Tests.Particles.Measures;

/// <summary>What atoms and pairs have of the whole.</summary>
public sealed class SharesTests
{
    private static ChunkedLoop Loop => ChunkedLoop.Serial;

    // Chains of four in a shaken lattice, in boxes of many shapes down to less than the cutoff.
    private static readonly Gen<AtomConfiguration> _atoms = Gen.Select(Gen.Select(Gen.Int[1, 4], Gen.Int[2, 4], Gen.Int[1, 3]), Gen.Double[-0.4, 0.4].Array[3], Gen.Int[0, 1 << 30], (cells, tilt, seed) =>
    {
        var noise = new Philox((ulong)seed, 1);
        const double A = 1.15;
        var box = new SimulationBox(new(0.3, -5, 2), new(A * cells.Item1 * 4, tilt[0] * A, tilt[1] * A, 0, A * cells.Item2, tilt[2] * A, 0, 0, A * cells.Item3));
        var (nx, ny, nz) = (4 * cells.Item1, cells.Item2, cells.Item3);
        var n = nx * ny * nz;
        Vec3 Random(int i, long what) => new(noise.Uniform(what, 0, i) - 0.5, noise.Uniform(what, 1, i) - 0.5, noise.Uniform(what, 2, i) - 0.5);
        return new AtomConfiguration
        {
            Units = UnitSystem.LennardJones,
            Box = box,
            Species = [new("A", 1), new("B", 2.5)],
            Kinds = [.. Enumerable.Range(0, n).Select(i => (i + seed) % 2)],
            Positions = [.. Enumerable.Range(0, n).Select(i => box.Point(new((i % nx + 0.5) / nx, (i / nx % ny + 0.5) / ny, (i / nx / ny + 0.5) / nz)) + (0.2 * Random(i, 0)))],
            Velocities = [.. Enumerable.Range(0, n).Select(i => Random(i, 1))],
            Bonds = [.. Enumerable.Range(0, n).Where(i => i % 4 < 3).Select(i => new Connection(0, [i, i + 1]))],
            Angles = [.. Enumerable.Range(0, n).Where(i => i % 4 < 2).Select(i => new Connection(0, [i, i + 1, i + 2]))],
            Dihedrals = [.. Enumerable.Range(0, n).Where(i => i % 4 == 0).Select(i => new Connection(0, [i, i + 1, i + 2, i + 3]))],
        };
    });

    private static Interaction Pairs => Interaction.Of(new LennardJonesMixture([new(1, 1), new(0.5, 0.8)], MixingRule.Geometric, 2.3));

    private static MolecularDynamics Metal(AtomConfiguration atoms) => new(atoms, [Pairs, EmbeddedAtomInteraction.Of(new SuttonChen(1, 1.5, 10, 9, 6, 2))], 0.3);

    private static MolecularDynamics Chains(AtomConfiguration atoms, bool terms = true) => new(atoms,
        terms ? [Pairs, Interaction.OfBonds(new HarmonicBond((40, 1.1))), Interaction.OfAngles(new HarmonicAngle((4, 1.9))), Interaction.OfDihedrals(new HarmonicDihedral((2, 1, 3)))]
            : [Pairs, Interaction.OfBonds(new HarmonicBond((40, 1.1)))], 0.3, BondedNeighbors.OneBond);

    private static readonly StillingerWeberParameters _bent = StillingerWeberParameters.Silicon with { Epsilon = 1, Sigma = 0.9 };

    private static AtomConfiguration Charged(AtomConfiguration atoms) => atoms with { Charges = [.. Enumerable.Range(0, atoms.Count).Select(i => (i % 3) - 0.7)] };

    private static MolecularDynamics Charges(AtomConfiguration atoms, bool isDamped) =>
        new(Charged(atoms), [Pairs, isDamped ? Interaction.OfCharges(new DampedShiftedForce(0.4, 2.2)) : Interaction.OfCharges(new CoulombCut(1.9))], 0.3);

    // 1-4 pairs by half, of charges by 0.8.
    private static MolecularDynamics Weighted(AtomConfiguration atoms) => new(Charged(atoms),
        [
            Pairs, Interaction.OfCharges(new CoulombCut(1.9)), Interaction.OfBondedPairs(new LennardJonesMixture([new(1, 1), new(0.5, 0.8)], MixingRule.Geometric, 2.3), BondedNeighbors.ThreeBonds, 0.5),
            Interaction.OfBondedCharges(new CoulombCut(1.9), BondedNeighbors.ThreeBonds, 0.8),
        ], 0.3, BondedNeighbors.ThreeBonds);

    private static MolecularDynamics Angular(AtomConfiguration atoms) => new(atoms,
        [Interaction.StillingerWeber(2, (i, j, k) => _bent with { Lambda = 21 + (4 * i) + (3 * (j + k)) }), Interaction.OfField(new UniformForce(new(0.3, -1, 0.2)))], 0.3);

    [Fact]
    public void Shares_add_up_to_the_whole_and_leave_the_forces_as_they_were() => _atoms.Sample(atoms =>
    {
        foreach (var make in new Func<MolecularDynamics>[] { () => Metal(atoms), () => Chains(atoms), () => Charges(atoms, true), () => Charges(atoms, false), () => Weighted(atoms), () => Angular(atoms) })
        {
            var engine = make();
            var shares = engine.Shares(Loop);
            var forces = engine.Forces(Loop);
            var whole = make().Measure(Loop);
            Assert.Equal(make().Forces(Loop), forces);
            var scale = 1 + shares.Energies.Sum(Math.Abs) + shares.Virials.Sum(w => Math.Abs(w.XX) + Math.Abs(w.YY) + Math.Abs(w.ZZ));
            Assert.Equal(whole.Potential, FixedOrderSum.Of(shares.Energies), 1e-12 * scale);
            for (var e = 0; e < 6; e++)
            {
                Assert.Equal(whole.Virial[e], FixedOrderSum.Of([.. shares.Virials.Select(w => SymTensor3.SymmetricPart(w)[e])]), 1e-12 * scale);
            }

            var (virial, flow) = (Sum(shares.Virials), Sum(shares.Flows));
            Assert.Equal(0, (virial - flow).Norm, 1e-12 * scale);

            // The virial of a whole that no couple turns is symmetric.
            Assert.Equal(0, FixedOrderSum.Of([.. shares.Virials.Select(w => w.XY - w.YX)]), 1e-11 * scale);
        }
    }, iter: 40);

    private static SymTensor3 Sum(Matrix3[] all) => all.Select(SymTensor3.SymmetricPart).Aggregate((a, b) => a + b);

    [Fact]
    public void Pairs_make_up_forces_and_virial_of_every_atom() => _atoms.Sample(atoms =>
    {
        foreach (var make in new Func<MolecularDynamics>[] { () => Metal(atoms), () => Chains(atoms, terms: false), () => Charges(atoms, true), () => Charges(atoms, false), () => Weighted(atoms) })
        {
            var engine = make();
            var (forces, virials) = (new Vec3[atoms.Count], new SymTensor3[atoms.Count]);
            engine.VisitPairs((in PairForce p) =>
            {
                forces[p.First] += p.ForceOverDistance * p.Separation;
                virials[p.First] += 0.5 * p.ForceOverDistance * SymTensor3.Dyad(p.Separation);
                var gap = atoms.Positions[p.First] - atoms.Positions[p.Second] - p.Separation;
                var cells = atoms.Box.Fraction(gap + atoms.Box.Origin);
                Assert.True(new Vec3(cells.X - Math.Round(cells.X), cells.Y - Math.Round(cells.Y), cells.Z - Math.Round(cells.Z)).Norm < 1e-9);
            }, Loop);
            var (wanted, shares) = (engine.Forces(Loop), engine.Shares(Loop));
            var scale = 1 + wanted.Max(f => f.Norm) + virials.Max(v => v.Norm);
            for (var i = 0; i < atoms.Count; i++)
            {
                Assert.Equal(0, (wanted[i] - forces[i]).Norm, 1e-11 * scale);
                Assert.Equal(0, (SymTensor3.SymmetricPart(shares.Virials[i]) - virials[i]).Norm, 1e-11 * scale);
            }
        }
    }, iter: 40);

    [Fact]
    public void The_flow_of_heat_is_the_change_of_the_first_moment_of_energy()
    {
        // d/dt Σ xᵢ Eᵢ = J V as long as nothing crosses a face: a cluster far from all faces.
        var noise = new Philox(5, 5);
        var crystal = LatticeBuilder.Repeat(ConventionalCell.Of(Lattice.Fcc, 1.6), (3, 3, 3), UnitSystem.LennardJones, [new("A", 1), new("B", 2)]);
        var atoms = crystal with
        {
            Box = SimulationBox.Orthogonal(40, 40, 40),
            Kinds = [.. Enumerable.Range(0, crystal.Count).Select(i => i % 2)],
            Positions = [.. crystal.Positions.Select(x => x + new Vec3(17, 17, 17))],
            Charges = [.. Enumerable.Range(0, crystal.Count).Select(i => (i % 3) - 0.7)],
            Velocities = [.. Enumerable.Range(0, crystal.Count).Select(i => new Vec3(noise.Uniform(0, 0, i) - 0.3, noise.Uniform(0, 1, i) - 0.5, noise.Uniform(0, 2, i) - 0.5))],
        };
        foreach (var interaction in new Func<Interaction>[] { () => Interaction.Of(new Switched<LennardJonesLaw>(new(1, 1, 2.5), 2)), () => EmbeddedAtomInteraction.Of(new SuttonChen(0.1, 1.5, 10, 9, 6, 9)),
            () => Interaction.OfCharges(new DampedShiftedForce(0.3, 3)), () => Interaction.OfCharges(new CoulombCut(15)), () => Interaction.StillingerWeber(2, (_, _, _) => _bent with { Sigma = 1.1 }), () => Interaction.OfField(Tether.ToPoint(2, new(18, 20, 17))) })
        {
            (Vec3 Moment, Vec3 Flow) At(double time)
            {
                var engine = new MolecularDynamics(atoms, [interaction()], 0.3);
                const double H = 4e-5;
                engine.Advance((long)Math.Round(time / H), H, Loop);
                var (now, shares) = (engine.Configuration(), engine.Shares(Loop));
                var moment = Vec3.Zero;
                for (var i = 0; i < now.Count; i++)
                {
                    moment += ((0.5 * now.Species[now.Kinds[i]].Mass * now.Velocities[i].NormSquared) + shares.Energies[i]) * now.Positions[i];
                }

                var (carried, passed) = HeatFlux.Of(now, shares);
                return (moment, carried + passed);
            }

            var (before, middle, after) = (At(0.019), At(0.02), At(0.021));
            var rate = (after.Moment - before.Moment) / 0.002;
            Assert.True(middle.Flow.Norm > 1);
            Assert.Equal(0, (rate - middle.Flow).Norm, 1e-4 * middle.Flow.Norm);
        }
    }

    [Fact]
    public void Velocities_are_set_in_the_order_of_the_configuration_and_what_makes_no_sense_is_refused()
    {
        var crystal = LatticeBuilder.Repeat(ConventionalCell.Of(Lattice.Fcc, 1.6), (4, 4, 4), UnitSystem.LennardJones, [new("A", 1)]);
        var engine = new MolecularDynamics(crystal with { Velocities = ThermalVelocities.Draw(crystal, 1, 3) }, [Interaction.Of(new LennardJonesLaw(1, 1, 2.5))], 0.3);
        engine.Advance(20, 0.004, Loop);
        var other = ThermalVelocities.Draw(crystal, 2, 4);
        engine.SetVelocities(other);
        Assert.Equal(other, engine.Configuration().Velocities);
        Assert.Contains("1 velocities for 256", Assert.Throws<ScaleModelException>(() => engine.SetVelocities([default])).Message, StringComparison.Ordinal);
        other[7] = new(double.NaN, 0, 0);
        Assert.Throws<ScaleModelException>(() => engine.SetVelocities(other));

        var chain = crystal with { Angles = [new(0, [0, 1, 2])] };
        var bent = new MolecularDynamics(chain, [Pairs, Interaction.OfAngles(new HarmonicAngle((4, 1.9)))], 0.3);
        Assert.Contains("Interaction 2 of 2", Assert.Throws<ScaleModelException>(() => bent.VisitPairs((in PairForce _) => { }, Loop)).Message, StringComparison.Ordinal);
    }
}
