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

    /// <summary>How a place for one more atom is sought. Its energy is that with all other atoms and with the fluid beyond the ends.</summary>
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
/// <param name="Energy">By how much both together changed potential and kinetic energy.</param>
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
    private readonly ChannelLedger[] _ledgers = new ChannelLedger[2];       // Without the impulses of the present engine.
    private AtomConfiguration _start;                                       // Of the present engine.
    private MolecularDynamics _engine;
    private long _engines;
    private long _draws;
    private long _nextId;

    /// <summary>A channel with these atoms.</summary>
    /// <param name="atoms">The atoms, all of one kind; the open side of their box is not periodic, and all lie in the box along it.</param>
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
        _start = atoms with { Ids = [.. Enumerable.Range(0, atoms.Count).Select(atoms.IdOf)] };
        _nextId = _start.Ids.Max() + 1;
        _engine = Engine();
    }

    /// <summary>How many atoms there are.</summary>
    public int Count => _engine.Count;

    /// <summary>What came and went at an end so far.</summary>
    public ChannelLedger Ledger(ChannelEnd end) => _ledgers[(int)end] with { Impulse = _ledgers[(int)end].Impulse + _engine.Impulses[(int)end] };

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

        var (atoms, units, mirror) = (_engine.Configuration(), _start.Units, _mirrors[(int)end]);
        var mass = atoms.Species[0].Mass;
        var spread = Math.Sqrt(units.Boltzmann * temperature / (mass * units.MassVelocitySquared));
        var around = new Surroundings(atoms, _law.Cutoff);
        var inserted = 0;
        for (; inserted < count; inserted++)
        {
            var draw = _draws++;
            var seed = _random.Bits((ulong)draw, 0, 0, 0).A;
            if (Insertion.Find(atoms.Box, StartIn(end), x => At(around, x), _settings.Insertion, seed, x => mirror.Distance(x) is var d && d >= 0 && d <= _depth) is not ({ } x, var energy))
            {
                break;
            }

            var (a, b, c, _) = _random.Normals(draw, 1, 0);
            var v = velocity + (spread * new Vec3(a, b, c));
            around.Add(x, 0);
            var more = Insertion.Added(atoms, 0, x, v);
            more.Ids[^1] = _nextId++;
            atoms = more;
            Book(end, 1, mass * v, energy + (0.5 * mass * units.MassVelocitySquared * v.NormSquared));
        }

        Restart(atoms, inserted);
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

        var (atoms, mirror) = (_engine.Configuration(), _mirrors[(int)end]);
        var mass = atoms.Species[0].Mass;
        for (var removed = 0; removed < count; removed++)
        {
            var gone = Enumerable.Range(0, atoms.Count).MinBy(i => mirror.Distance(atoms.Positions[i]));
            var (x, v) = (atoms.Positions[gone], atoms.Velocities[gone]);
            var (energy, _) = At(new Surroundings(atoms, _law.Cutoff), x, gone);
            atoms = Insertion.Without(atoms, i => i == gone);
            Book(end, -1, -mass * v, -energy - (0.5 * mass * atoms.Units.MassVelocitySquared * v.NormSquared));
        }

        Restart(atoms, count);
    }

    /// <summary>Saves or restores the atoms, whoever they are by now, the ledgers and the draws. What follows has the same bits as without.</summary>
    /// <exception cref="ScaleModelException">The state is that of another channel.</exception>
    public void Archive(StateArchive archive)
    {
        ArgumentNullException.ThrowIfNull(archive);
        archive.Version(1);
        var (positions, velocities, ids, cell, ledgers) = (_start.Positions, _start.Velocities, _start.Ids, _start.Box.Cell, _ledgers);
        archive.Value("cell", ref cell);
        archive.Field("positions", ref positions);
        archive.Field("velocities", ref velocities);
        archive.Field("ids", ref ids);
        archive.Value("engines", ref _engines);
        archive.Value("draws", ref _draws);
        archive.Value("next-id", ref _nextId);
        archive.Field("ledgers", ref ledgers);
        if (archive.IsRestoring)
        {
            if (cell != _start.Box.Cell || ledgers.Length != 2 || ids.Length != positions.Length)
            {
                throw new ScaleModelException("The state is that of another channel.");
            }

            ledgers.CopyTo(_ledgers, 0);
            _start = _start with { Positions = positions, Velocities = velocities, Ids = ids, Kinds = new int[ids.Length] };
            _engine = Engine();
        }

        _engine.Archive(archive);
    }

    private static FieldAtom AtomAt(Vec3 x) => new(0, 0, 0, 0, x, x);

    private Func<Vec3, Vec3> StartIn(ChannelEnd end) => s =>
    {
        var along = _depth / _height * s[_settings.Side];
        along = end == ChannelEnd.Low ? along : 1 - along;
        return _start.Box.Point(_settings.Side switch { 0 => s with { X = along }, 1 => s with { Y = along }, _ => s with { Z = along } });
    };

    // Of one more atom with all others, and with the fluid beyond both ends.
    private (double Energy, Vec3 Force) At(Surroundings around, Vec3 x, int except = -1)
    {
        var (energy, force) = around.At(_law, 0, x, except);
        foreach (var field in _forces)
        {
            force += field.Force(AtomAt(x), out var more);
            energy += more;
        }

        return (energy, force);
    }

    private void Book(ChannelEnd end, int atoms, Vec3 momentum, double energy)
    {
        var so = _ledgers[(int)end];
        _ledgers[(int)end] = so with
        {
            Inserted = so.Inserted + Math.Max(0, atoms), Removed = so.Removed + Math.Max(0, -atoms), Momentum = so.Momentum + momentum, Energy = so.Energy + energy,
        };
    }

    private void Restart(AtomConfiguration atoms, int changes)
    {
        if (changes > 0)
        {
            for (var end = 0; end < 2; end++)
            {
                _ledgers[end] = _ledgers[end] with { Impulse = _ledgers[end].Impulse + _engine.Impulses[end] };
            }

            _start = atoms;
            _engines++;
            _engine = Engine();
        }
    }

    private MolecularDynamics Engine()
    {
        var motion = _settings.Motion?.Invoke(_random.Bits((ulong)_engines, 2, 0, 0).A);
        return new(_start, [Interaction.Of(_law), .. _forces.Select(f => Interaction.OfField(f))], _settings.Skin, motion: motion, mirrors: _mirrors);
    }
}
