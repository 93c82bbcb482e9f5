using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles;
using ActorMultiscale.Physics.Particles.Interactions;
using ActorMultiscale.Physics.Particles.Measures;
using ActorMultiscale.Physics.Particles.Motions;
using ActorMultiscale.Physics.Particles.OpenBoundary;
using ActorMultiscale.Tests.Particles.Measures;
using Xunit.Abstractions;

namespace ActorMultiscale.Tests.Particles.OpenBoundary;

/// <summary>A fluid between two open boundaries.</summary>
public sealed class OpenChannelTests(ITestOutputHelper output)
{
    private const double Temperature = 1.1032;
    private const double Density = 0.81;
    private const double Cutoff = 2.2;

    private static readonly Shifted<LennardJonesLaw> _law = new(new(1, 1, Cutoff));

    // A periodic fluid, and its g(r) between the middles of the bins.
    private static (AtomConfiguration Atoms, Func<double, double> Distribution) Fluid((int X, int Y, int Z) cells, int looks)
    {
        const int Bins = 220;
        using var team = new ChunkedLoop(2).Gather();
        var engine = Fluids.At(Temperature, Density, Cutoff, cells, team.Loop);
        var g = new RadialDistribution(Cutoff, Bins);
        for (var look = 0; look < looks; look++)
        {
            engine.Advance(20, 0.004, team.Loop);
            var now = engine.Configuration();
            g.Add(now.Box, now.Positions);
        }

        var values = g.Total();
        var atoms = engine.Configuration();
        return (atoms with { Box = atoms.Box with { SideC = BoxSide.Fixed }, Positions = Array.ConvertAll(atoms.Positions, atoms.Box.Wrap) }, r =>
        {
            var place = Math.Clamp((r / Cutoff * Bins) - 0.5, 0, Bins - 1.001);
            var (bin, part) = ((int)place, place - (int)place);
            return ((1 - part) * values[bin]) + (part * values[bin + 1]);
        });
    }

    private static OpenChannelSettings Settings(Func<double, double> distribution) => new()
    {
        Density = Density, Distribution = distribution, Core = 0.8, Skin = 0.35, Insertion = new(-4.24, 1, 1), Seed = 5,
    };

    // A small one for what must hold in any state.
    private static readonly Lazy<(AtomConfiguration Atoms, Func<double, double> Distribution)> _small = new(() => Fluid((4, 4, 7), 20));

    private static byte[] Bits(OpenChannel<Shifted<LennardJonesLaw>> channel) => StateArchive.Save(channel.Archive);

    // The reference of a periodic box: P = 2.705 ± 0.006 at ρ = 0.81, T = 1.1032. At any distance the fluid is layered by a few percent, as the force beyond the end is that of the
    // mean and knows nothing of single atoms; the strip up to the cutoff as a whole is as dense as it should be. By the law of momentum what pushes the end is
    // the pressure within.
    [Fact]
    public void An_open_boundary_leaves_density_and_pressure_as_they_are()
    {
        const double Step = 0.004;
        const int Every = 25;
        var isFull = Fluids.IsFull;
        var (start, distribution) = Fluid(isFull ? (6, 6, 12) : (4, 4, 8), isFull ? 400 : 60);
        var channel = new OpenChannel<Shifted<LennardJonesLaw>>(start, _law, Settings(distribution) with { Motion = seed => new Langevin(Temperature, 0.2, seed) });
        using var team = new ChunkedLoop(2).Gather();
        channel.Advance(isFull ? 4000 : 500, Step, team.Loop);
        var (length, area, looks) = (start.Box.Heights.Z, start.Box.Cell.XX * start.Box.Cell.YY, isFull ? 3000 : 300);
        var (from, to) = (2 * Cutoff, length - (2 * Cutoff));
        var profile = new SlabProfile((int)(length / 0.1), 2);
        var (pressure, density, low, high, push) = (new BlockAverage(), new BlockAverage(), new BlockAverage(), new BlockAverage(), new BlockAverage());
        var before = channel.Ledger(ChannelEnd.Low).Impulse;
        for (var look = 0; look < looks; look++)
        {
            channel.Advance(Every, Step, team.Loop);
            var (now, shares) = (channel.Configuration(), channel.Shares(team.Loop));
            profile.Add(now);
            int[] bulk = [.. Enumerable.Range(0, now.Count).Where(i => now.Positions[i].Z > from && now.Positions[i].Z < to)];
            pressure.Add(FixedOrderSum.Of([.. bulk.Select(i => now.Velocities[i].NormSquared + shares.Virials[i].XX + shares.Virials[i].YY + shares.Virials[i].ZZ)]) / (3 * area * (to - from)));
            density.Add(bulk.Length / (area * (to - from) * Density));
            low.Add(now.Positions.Count(x => x.Z < Cutoff) / (area * Cutoff * Density));
            high.Add(now.Positions.Count(x => x.Z > length - Cutoff) / (area * Cutoff * Density));
            var impulse = channel.Ledger(ChannelEnd.Low).Impulse;
            push.Add((((impulse - before) / (Every * Step)) + channel.BoundaryForceOn(ChannelEnd.Low).Z) / area);
            before = impulse;
        }

        var (p, wall, bulkDensity, lowDensity, highDensity) = (pressure.Result().Estimate, push.Result().Estimate, density.Result().Estimate, low.Result().Estimate, high.Result().Estimate);
        var layers = profile.Densities().Select(d => Math.Abs((d / Density) - 1)).ToArray();
        output.WriteLine(FormattableString.Invariant($"P {p}, at the end {wall}; density/ρ within {bulkDensity}, strips {lowDensity} and {highDensity}, layers up to {layers[..22].Max():F3}"));
        var sigmas = isFull ? 0 : 4;

        // What widens a gate is bounded itself: twice what was measured.
        Assert.InRange(p.Error, 0, isFull ? 0.022 : 0.1);
        Assert.InRange(wall.Error, 0, isFull ? 0.03 : 0.17);
        Assert.InRange(Math.Max(lowDensity.Error, highDensity.Error), 0, isFull ? 0.004 : 0.018);
        Assert.InRange(p.Value, 2.705 - 0.05 - (sigmas * p.Error), 2.705 + 0.05 + (sigmas * p.Error));
        foreach (var strip in new[] { lowDensity, highDensity })
        {
            Assert.InRange(strip.Value, 0.99 - (sigmas * strip.Error), 1.01 + (sigmas * strip.Error));
        }

        Assert.True(p.Agrees(wall, 4));
        if (isFull)
        {
            Assert.True(layers[..22].Concat(layers[^22..]).Max() < 0.08);
            Assert.InRange(bulkDensity.Value, 0.995, 1.005);
        }
    }

    // Without a thermostat energy, momentum and number change by what the ledgers say, and by nothing else.
    [Fact]
    public void What_came_and_went_is_in_the_ledgers()
    {
        const double Step = 0.001;
        var (atoms, distribution) = _small.Value;
        var channel = new OpenChannel<Shifted<LennardJonesLaw>>(atoms, _law, Settings(distribution));
        static Vec3 Momentum(AtomConfiguration atoms) => new(FixedOrderSum.Of([.. atoms.Velocities.Select(v => v.X)]), FixedOrderSum.Of([.. atoms.Velocities.Select(v => v.Y)]), FixedOrderSum.Of([.. atoms.Velocities.Select(v => v.Z)]));
        double Outside() => channel.BoundaryForceOn(ChannelEnd.Low).Z + channel.BoundaryForceOn(ChannelEnd.High).Z;
        (double Energy, Vec3 Momentum) Ledgers()
        {
            var (low, high) = (channel.Ledger(ChannelEnd.Low), channel.Ledger(ChannelEnd.High));
            return (low.Energy + high.Energy, low.Momentum + high.Momentum + new Vec3(0, 0, low.Impulse - high.Impulse));
        }

        var (energy, momentum, field, booked) = (channel.Measure(ChunkedLoop.Serial).Total, Momentum(channel.Configuration()), 0.0, 0);
        for (var round = 0; round < 5; round++)
        {
            for (var step = 0; step < 80; step++)
            {
                var before = Outside();
                channel.Advance(1, Step, ChunkedLoop.Serial);
                field += 0.5 * Step * (before + Outside());
            }

            // A flow from the low end to the high one.
            var total = channel.Measure(ChunkedLoop.Serial).Total;
            var (inBefore, _) = Ledgers();
            booked += channel.Insert(ChannelEnd.Low, 2, Temperature, new(0, 0, 0.5));
            Assert.Equal(2 * (round + 1), booked);
            channel.Remove(ChannelEnd.High, 1);
            Assert.Equal(Ledgers().Energy - inBefore, channel.Measure(ChunkedLoop.Serial).Total - total, 1e-9);
        }

        var (low, high, (gain, push)) = (channel.Ledger(ChannelEnd.Low), channel.Ledger(ChannelEnd.High), Ledgers());
        output.WriteLine(FormattableString.Invariant($"{channel.Count} atoms, energy {energy} + {gain}, error {channel.Measure(ChunkedLoop.Serial).Total - energy - gain}, {low}, {high}"));
        Assert.Equal((booked, 0L, 0L, 5L), (low.Inserted, low.Removed, high.Inserted, high.Removed));
        Assert.Equal(atoms.Count + booked - 5, channel.Count);
        Assert.Equal(channel.Count, channel.Configuration().Ids.Distinct().Count());
        Assert.Equal(0, (Momentum(channel.Configuration()) - momentum - push - new Vec3(0, 0, field)).Norm, 1e-9);
        Assert.True(low.Impulse > 0 && high.Impulse > 0);

        // Of the potential that is cut the force jumps at the cutoff: that is most of the error.
        Assert.Equal(energy + gain, channel.Measure(ChunkedLoop.Serial).Total, 2e-4 * Math.Abs(energy));
    }

    // Upon the boundary an atom has half of its energy with the fluid beyond; the whole is twice what a fluid has for each atom, U/N = ½ ρ ∫ g φ dV. An atom comes in where
    // its energy with the others and with that fluid is the one that is wanted: also near the end, where the potential of the mean force is another.
    [Fact]
    public void Near_an_end_atoms_come_in_at_the_energy_that_is_wanted_within()
    {
        var (atoms, distribution) = _small.Value;
        var periodic = new MolecularDynamics(atoms with { Box = atoms.Box with { SideC = BoxSide.Periodic } }, [Interaction.Of(_law)], 0.35);
        var samples = new BlockAverage();
        for (var look = 0; look < 60; look++)
        {
            periodic.Advance(10, 0.004, ChunkedLoop.Serial);
            samples.Add(periodic.Measure(ChunkedLoop.Serial).Potential / atoms.Count);
        }

        var each = samples.Result().Value;
        var (low, high) = (new Mirror(Vec3.Zero, new(0, 0, 1)), new Mirror(new(0, 0, atoms.Box.Heights.Z), new(0, 0, -1)));
        BoundaryForce[] fields = [.. new[] { low, high }.Select(m => BoundaryForce.Of(m.Point, m.Normal, Density, _law, distribution, 0.8))];
        var upon = fields[0].MeanEnergy(low.Point, out _);
        fields[0].Force(new(0, 0, 1, 0, low.Point, low.Point), out var force);
        output.WriteLine(FormattableString.Invariant($"U/N {each}, upon the boundary {upon}, potential of the mean force {force}"));
        Assert.Equal(each, upon, 0.03 * Math.Abs(each));

        var settings = Settings(distribution) with { Depth = 0.7 };
        var channel = new OpenChannel<Shifted<LennardJonesLaw>>(atoms, _law, settings);
        var before = channel.Configuration();
        var inserted = channel.Insert(ChannelEnd.Low, 3, Temperature) + channel.Insert(ChannelEnd.High, 3, Temperature);
        Assert.InRange(inserted, 2, 6);
        var now = channel.Configuration();
        for (var k = before.Count; k < now.Count; k++)
        {
            var (found, _) = Insertion.At(Insertion.Without(now, i => i >= k), _law, 0, now.Positions[k]);
            var energy = found + fields.Sum(f => f.MeanEnergy(now.Positions[k], out _));
            Assert.InRange(energy / settings.Insertion.Energy, 0.9 - 1e-9, 1.1 + 1e-9);
        }
    }

    [Fact]
    public void One_and_three_threads_give_the_same_bits_and_a_saved_channel_goes_on_as_if_nothing_had_been()
    {
        var (atoms, distribution) = _small.Value;
        OpenChannel<Shifted<LennardJonesLaw>> New() => new(atoms, _law, Settings(distribution) with { Motion = seed => new Langevin(Temperature, 1, seed) });
        static void Go(OpenChannel<Shifted<LennardJonesLaw>> channel, ChunkedLoop loop)
        {
            channel.Advance(60, 0.004, loop);
            channel.Insert(ChannelEnd.High, 2, Temperature);
            channel.Remove(ChannelEnd.Low, 1);
            channel.Advance(60, 0.004, loop);
        }

        using var team = new ChunkedLoop(3).Gather();
        var (one, three, restored) = (New(), New(), New());
        Go(one, ChunkedLoop.Serial);
        Go(three, team.Loop);
        Assert.Equal(Bits(one), Bits(three));

        StateArchive.Restore(Bits(one), restored.Archive);
        Assert.Equal(one.Ledger(ChannelEnd.Low), restored.Ledger(ChannelEnd.Low));
        Go(one, ChunkedLoop.Serial);
        Go(restored, ChunkedLoop.Serial);
        Assert.Equal(Bits(one), Bits(restored));
        Assert.NotEqual(one.Ledger(ChannelEnd.High).Impulse, New().Ledger(ChannelEnd.High).Impulse);
    }

    [Fact]
    public void A_state_is_taken_as_a_whole_or_not_at_all_and_the_atoms_of_the_caller_are_left_alone()
    {
        var (atoms, distribution) = _small.Value;
        atoms = atoms with { Positions = [.. atoms.Positions], Velocities = [.. atoms.Velocities], Ids = [.. Enumerable.Range(1, atoms.Count)] };
        var (positions, velocities, ids) = (atoms.Positions.ToArray(), atoms.Velocities.ToArray(), atoms.Ids.ToArray());
        OpenChannel<Shifted<LennardJonesLaw>> New() => new(atoms, _law, Settings(distribution));
        var (channel, other) = (New(), New());
        channel.Advance(40, 0.004, ChunkedLoop.Serial);
        channel.Insert(ChannelEnd.Low, 1, Temperature);
        channel.Remove(ChannelEnd.High, 1);
        channel.Advance(20, 0.004, ChunkedLoop.Serial);
        other.Advance(5, 0.004, ChunkedLoop.Serial);
        var (state, before) = (Bits(channel), Bits(other));
        foreach (var length in new[] { 10, state.Length / 20, state.Length / 3, state.Length / 2, state.Length - 9 })
        {
            Assert.Throws<InvalidDataException>(() => StateArchive.Restore(state[..length], other.Archive));
            Assert.Equal(before, Bits(other));
        }

        StateArchive.Restore(state, other.Archive);
        Assert.Equal(state, Bits(other));
        Assert.Equal(positions, atoms.Positions);
        Assert.Equal(velocities, atoms.Velocities);
        Assert.Equal(ids, atoms.Ids);
    }

    [Fact]
    public void Where_atoms_cannot_come_or_go_nothing_has_been_booked()
    {
        var (atoms, distribution) = _small.Value;
        var fails = false;
        OpenChannel<Shifted<LennardJonesLaw>> New() => new(atoms, _law, Settings(distribution) with { Motion = seed => fails ? throw new ScaleModelException("No motion.") : new Langevin(Temperature, 1, seed) });
        var (channel, other) = (New(), New());
        void Both(Action<OpenChannel<Shifted<LennardJonesLaw>>> act)
        {
            var before = Bits(channel);
            fails = true;
            Assert.Throws<ScaleModelException>(() => act(channel));
            fails = false;
            Assert.Equal(before, Bits(channel));
            act(channel);
            act(other);
            Assert.Equal(Bits(other), Bits(channel));
        }

        Both(c => c.Insert(ChannelEnd.Low, 2, Temperature));
        Both(c => c.Remove(ChannelEnd.High, 2));
        Assert.Equal((2L, 2L), (channel.Ledger(ChannelEnd.Low).Inserted, channel.Ledger(ChannelEnd.High).Removed));
    }

    [Fact]
    public void A_channel_that_makes_no_sense_is_refused()
    {
        var (atoms, distribution) = _small.Value;
        var settings = Settings(distribution);
        void Refused(string what, AtomConfiguration who, OpenChannelSettings how) =>
            Assert.Contains(what, Assert.Throws<ScaleModelException>(() => new OpenChannel<Shifted<LennardJonesLaw>>(who, _law, how)).Message, StringComparison.Ordinal);
        Refused("the side 2", atoms with { Box = atoms.Box with { SideC = BoxSide.Periodic } }, settings);
        Refused("the side 3", atoms, settings with { Side = 3 });
        Refused("2 kinds", atoms with { Species = [new("A", 1), new("B", 1)] }, settings);
        Refused("behind a mirror", atoms with { Positions = Array.ConvertAll(atoms.Positions, x => x - new Vec3(0, 0, 1)) }, settings);
        Refused("put in up to 0", atoms, settings with { Depth = 0 });
        Refused("charges", atoms with { Charges = new double[atoms.Count] }, settings);
        Refused("molecules", atoms with { Molecules = new int[atoms.Count] }, settings);
        Refused("bonds", atoms with { Bonds = [new(0, [0, 1])] }, settings);
        Refused("a box that is deformed", atoms, settings with { Motion = _ => new VelocityVerlet { Deformation = Deformation.ShearXY(0.1) } });
        var channel = new OpenChannel<Shifted<LennardJonesLaw>>(atoms, _law, settings);
        Assert.Throws<ScaleModelException>(() => channel.Insert(ChannelEnd.Low, -1, 1));
        Assert.Throws<ScaleModelException>(() => channel.Insert(ChannelEnd.Low, 1, double.NaN));
        Assert.Throws<ScaleModelException>(() => channel.Remove(ChannelEnd.Low, atoms.Count));
        Assert.Throws<InvalidDataException>(() => StateArchive.Restore(Bits(channel), new OpenChannel<Shifted<LennardJonesLaw>>(
            atoms with { Box = atoms.Box with { Cell = Matrix3.Diagonal(atoms.Box.Cell.XX, atoms.Box.Cell.YY, atoms.Box.Cell.ZZ + 1) } }, _law, settings).Archive));
    }
}
