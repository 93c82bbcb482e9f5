using System.Collections.Immutable;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles.Interactions;
using ActorMultiscale.Physics.Particles.Motions;

namespace ActorMultiscale.Physics.Particles.OpenBoundary;

/// <summary>One of the two ends of an <see cref="OpenChannel{TLaw}"/>.</summary>
public enum ChannelEnd
{
    /// <summary>Where the cell vector of the open side begins.</summary>
    Low,

    /// <summary>Where it ends.</summary>
    High,
}

/// <summary>The fluid beyond the ends of a channel, and how atoms come and go.</summary>
public sealed record OpenChannelSettings
{
    /// <summary>ρ of the fluid beyond the ends, atoms a volume.</summary>
    public required double Density { get; init; }

    /// <summary>Its g(r) at distances up to the cutoff.</summary>
    public required Func<double, double> Distribution { get; init; }

    /// <summary>Below this distance atoms never are: g is zero there.</summary>
    public required double Core { get; init; }

    /// <summary>
    /// How a place for one more atom is sought. Its energy is that with all other atoms and the mean of that with the fluid beyond the ends (<see cref="BoundaryForce.MeanEnergy"/>), so
    /// that near an end the same is wanted as within: the fluid's potential energy over the number of its atoms.
    /// </summary>
    public required InsertionSettings Insertion { get; init; }

    /// <summary>How far beyond the cutoff neighbors are looked for.</summary>
    public required double Skin { get; init; }

    /// <summary>The side that ends, 0 to 2: a to c. The others are periodic.</summary>
    public int Side { get; init; } = 2;

    /// <summary>How far from an end atoms are put in; the cutoff if null.</summary>
    public double? Depth { get; init; }

    /// <summary>
    /// Makes the motion from a seed: anew, with another seed, whenever atoms have come or gone, as one motion serves one number of atoms. What a thermostat
    /// remembers is forgotten then. At constant energy if null.
    /// </summary>
    public Func<ulong, Motion>? Motion { get; init; }

    /// <summary>Which draw of places and velocities.</summary>
    public ulong Seed { get; init; }
}

/// <summary>What came and went at one end of a channel, from the beginning.</summary>
/// <param name="Inserted">Atoms that were put in.</param>
/// <param name="Removed">Atoms that were taken out.</param>
/// <param name="Momentum">The momentum that those brought less that of these, in units of mass and velocity.</param>
/// <param name="Energy">By how much both together changed potential and kinetic energy; of the fluid beyond that is the potential of its mean force.</param>
/// <param name="Impulse">The momentum into the channel that the mirror has given, in units of mass and velocity; that of the boundary force is not in it.</param>
public readonly record struct ChannelLedger(long Inserted, long Removed, Vec3 Momentum, double Energy, double Impulse);

/// <summary>
/// A fluid of one kind of atoms between two open boundaries. At each end a mirror keeps the atoms in, and the <see cref="BoundaryForce"/> of the fluid beyond
/// acts on those before it; a flow through the ends is made of atoms that are put in where it enters and taken out where it leaves.
/// </summary>
/// <remarks>
/// After: T. Werder, J. H. Walther, P. Koumoutsakos, J. Comput. Phys. 205 (2005) 373; atoms are put in by USHER (see <see cref="Insertion"/>). The same bits on any
/// number of threads, and after a saved state. One caller at a time.
/// </remarks>
public sealed class OpenChannel<TLaw> where TLaw : struct, IPairLaw
{
    private static readonly ulong _stream = Fingerprint.OfName("open-channel");
    private readonly TLaw _law;
    private readonly OpenChannelSettings _settings;
    private readonly Philox _random;
    private readonly BoundaryForce[] _forces;
    private readonly ImmutableArray<Mirror> _mirrors;
    private readonly double _height;
    private readonly double _depth;
    private State _now;
    private MolecularDynamics _engine;

    // All that changes where atoms come and go; the ledgers lack the impulses of the present engine.
    private sealed record State(AtomConfiguration Start, ImmutableArray<ChannelLedger> Ledgers, long Engines, long Draws, long NextId);

    /// <summary>A channel with these atoms.</summary>
    /// <param name="atoms">The atoms, all of one kind, without charges, molecules and bonds; the open side of their box is not periodic, and all lie in the box along it.</param>
    /// <param name="law">How they act on each other.</param>
    /// <param name="settings">What lies beyond the ends.</param>
    /// <exception cref="ScaleModelException">The box or a number makes no sense, or an atom lies beyond an end.</exception>
    public OpenChannel(AtomConfiguration atoms, TLaw law, OpenChannelSettings settings)
    {
        ArgumentNullException.ThrowIfNull(atoms);
        ArgumentNullException.ThrowIfNull(settings);
        var side = settings.Side;
        for (var k = 0; k < 3; k++)
        {
            if (side is < 0 or > 2 || atoms.Box.IsPeriodic(k) == (k == side))
            {
                throw new ScaleModelException($"A channel is to be open along the side {side} of a box with the sides {atoms.Box.SideA}, {atoms.Box.SideB} and {atoms.Box.SideC}; sides are 0, 1 and 2, the open one is {BoxSide.Fixed} and the others are periodic.");
            }
        }

        if (atoms.Species.Length != 1)
        {
            throw new ScaleModelException($"A channel has atoms of {atoms.Species.Length} kinds; the fluid beyond its ends is of one kind, and so must they be.");
        }

        string?[] more =
        [
            atoms.Charges.Length > 0 ? "charges" : null, atoms.Molecules.Length > 0 ? "molecules" : null,
            atoms.Bonds.Length + atoms.Angles.Length + atoms.Dihedrals.Length + atoms.Impropers.Length > 0 ? "bonds, angles, dihedrals or impropers" : null,
        ];
        if (more.Any(m => m is not null))
        {
            throw new ScaleModelException($"The atoms of a channel have {string.Join(" and ", more.Where(m => m is not null))}; those that come in have none, so leave them out.");
        }

        Insertion.Check(atoms, law.Cutoff, settings.Insertion);
        _height = atoms.Box.Heights[side];
        _depth = settings.Depth ?? law.Cutoff;
        if (!(_depth > 0 && _depth <= _height))
        {
            throw new ScaleModelException(FormattableString.Invariant($"Atoms are to be put in up to {_depth} from an end of a channel that is {_height} long; that must be above zero, and no more than its length."));
        }

        var cell = atoms.Box.Cell;
        var normal = Vec3.Cross(cell.Column((side + 1) % 3), cell.Column((side + 2) % 3)).Normalized();
        var (low, high) = (atoms.Box.Origin, atoms.Box.Origin + cell.Column(side));
        (_law, _settings, _random) = (law, settings, new(settings.Seed, _stream));
        _mirrors = [new(low, normal), new(high, -normal)];
        _forces = [.. _mirrors.Select(m => BoundaryForce.Of(m.Point, m.Normal, settings.Density, law, settings.Distribution, settings.Core))];
        long[] ids = [.. Enumerable.Range(0, atoms.Count).Select(atoms.IdOf)];
        _now = new(atoms with { Ids = ids }, [default, default], 0, 0, ids.Max() + 1);
        _engine = Engine(_now);
    }

    /// <summary>How many atoms there are.</summary>
    public int Count => _engine.Count;

    /// <summary>What came and went at an end so far.</summary>
    public ChannelLedger Ledger(ChannelEnd end) => WithImpulses()[(int)end];

    /// <summary>Energies, temperature and pressure as they are now; the pressure is that of atoms on each other, and lacks that of the fluid beyond the ends.</summary>
    public Measurement Measure(ChunkedLoop loop) => _engine.Measure(loop);

    /// <summary>The atoms as they are now; their ids tell them apart, also from those that have gone.</summary>
    public AtomConfiguration Configuration() => _engine.Configuration();

    /// <summary>The force of the fluid beyond an end on the atoms as they are now, all together.</summary>
    public Vec3 BoundaryForceOn(ChannelEnd end)
    {
        var (atoms, field) = (_engine.Configuration(), _forces[(int)end]);
        double Sum(int axis) => FixedOrderSum.Of([.. Enumerable.Range(0, atoms.Count).Select(i => field.Force(AtomAt(atoms.Positions[i]) with { Index = i }, out _)[axis])]);
        return new(Sum(0), Sum(1), Sum(2));
    }

    /// <summary>Each atom's share of energy and virial as they are now; what the fluid beyond the ends does is in the energies alone.</summary>
    public AtomShares Shares(ChunkedLoop loop) => _engine.Shares(loop);

    /// <summary>Moves the atoms by so many steps.</summary>
    /// <param name="steps">How many.</param>
    /// <param name="step">Length of a step.</param>
    /// <param name="loop">The way to run a loop on several threads.</param>
    /// <param name="cancellation">Signalled when nobody wants the rest; the atoms are between two steps then.</param>
    /// <exception cref="ScaleModelException">An atom is nowhere.</exception>
    public void Advance(long steps, double step, ChunkedLoop loop, CancellationToken cancellation = default) => _engine.Advance(steps, step, loop, cancellation);

    /// <summary>Puts atoms in near an end, one after the other, with velocities drawn after Maxwell.</summary>
    /// <param name="end">Where.</param>
    /// <param name="count">How many.</param>
    /// <param name="temperature">Their temperature.</param>
    /// <param name="velocity">The mean of their velocities.</param>
    /// <returns>For how many a place was found: fewer where the fluid is too dense; ask for the rest later.</returns>
    /// <exception cref="ScaleModelException">A number makes no sense.</exception>
    public int Insert(ChannelEnd end, int count, double temperature, Vec3 velocity = default)
    {
        if (count < 0 || !(temperature >= 0 && double.IsFinite(temperature + velocity.NormSquared)))
        {
            throw new ScaleModelException(FormattableString.Invariant($"{count} atoms are to be put in with a temperature of {temperature} and a velocity of {velocity}; neither number nor temperature may be below zero, and all must be finite."));
        }

        var (atoms, mirror, next) = (_engine.Configuration(), _mirrors[(int)end], _now with { Ledgers = WithImpulses() });
        var units = atoms.Units;
        var mass = atoms.Species[0].Mass;
        var spread = Math.Sqrt(units.Boltzmann * temperature / (mass * units.MassVelocitySquared));
        var around = new Surroundings(atoms, _law.Cutoff);
        var inserted = 0;
        for (; inserted < count; inserted++)
        {
            var draw = next.Draws;
            next = next with { Draws = draw + 1 };
            var seed = _random.Bits((ulong)draw, 0, 0, 0).A;
            if (Insertion.Find(atoms.Box, StartIn(end), x => MeanAt(around, x), _settings.Insertion, seed, x => mirror.Distance(x) is var d && d >= 0 && d <= _depth) is not ({ } x, _))
            {
                break;
            }

            var (a, b, c, _) = _random.Normals(draw, 1, 0);
            var v = velocity + (spread * new Vec3(a, b, c));
            var energy = At(around, x) + (0.5 * mass * units.MassVelocitySquared * v.NormSquared);
            around.Add(x, 0);
            atoms = Insertion.Added(atoms, 0, x, v);
            atoms.Ids[^1] = next.NextId;
            next = Booked(next with { NextId = next.NextId + 1 }, end, 1, mass * v, energy);
        }

        if (inserted > 0)
        {
            Go(next with { Start = atoms, Engines = next.Engines + 1 });
        }
        else
        {
            _now = _now with { Draws = next.Draws };
        }

        return inserted;
    }

    /// <summary>Takes out the atoms that are nearest to an end.</summary>
    /// <param name="end">Where.</param>
    /// <param name="count">How many.</param>
    /// <exception cref="ScaleModelException">There are not more atoms than that.</exception>
    public void Remove(ChannelEnd end, int count)
    {
        if (count < 0 || count >= Count)
        {
            throw new ScaleModelException($"{count} of {Count} atoms are to be taken out of a channel; one at least must stay.");
        }

        if (count == 0)
        {
            return;
        }

        var (atoms, mirror, next) = (_engine.Configuration(), _mirrors[(int)end], _now with { Ledgers = WithImpulses() });
        var mass = atoms.Species[0].Mass;
        for (var removed = 0; removed < count; removed++)
        {
            var gone = Enumerable.Range(0, atoms.Count).MinBy(i => mirror.Distance(atoms.Positions[i]));
            var (x, v) = (atoms.Positions[gone], atoms.Velocities[gone]);
            var energy = At(new Surroundings(atoms, _law.Cutoff), x, gone) + (0.5 * mass * atoms.Units.MassVelocitySquared * v.NormSquared);
            atoms = Insertion.Without(atoms, i => i == gone);
            next = Booked(next, end, -1, -mass * v, -energy);
        }

        Go(next with { Start = atoms, Engines = next.Engines + 1 });
    }

    /// <summary>Saves or restores the atoms, whoever they are by now, the ledgers and the draws. What follows has the same bits as without.</summary>
    /// <exception cref="ScaleModelException">The state is that of another channel.</exception>
    public void Archive(StateArchive archive)
    {
        ArgumentNullException.ThrowIfNull(archive);
        archive.Version(1);
        var (start, engines, draws, nextId) = (_now.Start, _now.Engines, _now.Draws, _now.NextId);
        T[] Own<T>(T[] all) => archive.IsRestoring ? [] : all;      // What is read goes into arrays of its own: these are also the caller's.
        var (cell, positions, velocities, ids, ledgers) = (start.Box.Cell, Own(start.Positions), Own(start.Velocities), Own(start.Ids), Own<ChannelLedger>([.. _now.Ledgers]));
        archive.Value("cell", ref cell);
        archive.Field("positions", ref positions);
        archive.Field("velocities", ref velocities);
        archive.Field("ids", ref ids);
        archive.Value("engines", ref engines);
        archive.Value("draws", ref draws);
        archive.Value("next-id", ref nextId);
        archive.Field("ledgers", ref ledgers);
        if (!archive.IsRestoring)
        {
            _engine.Archive(archive);
            return;
        }

        if (cell != start.Box.Cell || ledgers.Length != 2 || ids.Length == 0 || ids.Length != positions.Length || ids.Max() >= nextId || engines < 0 || draws < 0)
        {
            throw new ScaleModelException("The state is that of another channel.");
        }

        // A state is taken as a whole, when nothing can fail any more.
        var next = new State(start with { Positions = positions, Velocities = velocities, Ids = ids, Kinds = new int[ids.Length] }, [.. ledgers], engines, draws, nextId);
        var engine = Engine(next);
        engine.Archive(archive);
        (_now, _engine) = (next, engine);
    }

    private static FieldAtom AtomAt(Vec3 x) => new(0, 0, 0, 0, x, x);

    private Func<Vec3, Vec3> StartIn(ChannelEnd end) => s =>
    {
        var along = _depth / _height * s[_settings.Side];
        along = end == ChannelEnd.Low ? along : 1 - along;
        return _now.Start.Box.Point(_settings.Side switch { 0 => s with { X = along }, 1 => s with { Y = along }, _ => s with { Z = along } });
    };

    // The energy of one more atom with all others, and the potential of the mean force of the fluid beyond both ends: by so much it changes what the engine has.
    private double At(Surroundings around, Vec3 x, int except = -1)
    {
        var (energy, _) = around.At(_law, 0, x, except);
        foreach (var field in _forces)
        {
            field.Force(AtomAt(x), out var more);
            energy += more;
        }

        return energy;
    }

    // The energy of one more atom with all others and, as a mean, with the fluid beyond both ends; and minus its slope.
    private (double Energy, Vec3 Force) MeanAt(Surroundings around, Vec3 x)
    {
        var (energy, force) = around.At(_law, 0, x);
        foreach (var field in _forces)
        {
            energy += field.MeanEnergy(x, out var slope);
            force -= slope;
        }

        return (energy, force);
    }

    private ImmutableArray<ChannelLedger> WithImpulses() => [.. _now.Ledgers.Select((ledger, end) => ledger with { Impulse = ledger.Impulse + _engine.Impulses[end] })];

    private static State Booked(State state, ChannelEnd end, int atoms, Vec3 momentum, double energy)
    {
        var so = state.Ledgers[(int)end];
        return state with
        {
            Ledgers = state.Ledgers.SetItem((int)end, so with
            {
                Inserted = so.Inserted + Math.Max(0, atoms), Removed = so.Removed + Math.Max(0, -atoms), Momentum = so.Momentum + momentum, Energy = so.Energy + energy,
            }),
        };
    }

    // Where the new engine cannot be made all stays as it is.
    private void Go(State next)
    {
        var engine = Engine(next);
        (_now, _engine) = (next, engine);
    }

    private MolecularDynamics Engine(State state)
    {
        var motion = _settings.Motion?.Invoke(_random.Bits((ulong)state.Engines, 2, 0, 0).A);
        return motion?.Deformation is null
            ? new(state.Start, [Interaction.Of(_law), .. _forces.Select(f => Interaction.OfField(f))], _settings.Skin, motion: motion, mirrors: _mirrors)
            : throw new ScaleModelException("A channel is to have a box that is deformed; its ends stay where they are, so that it cannot.");
    }
}
