using System.Collections.Immutable;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles.Interactions;

namespace ActorMultiscale.Physics.Particles.Domains;

/// <summary>
/// A domain of a <see cref="DividedRegion"/>: a member of the team that computes the region. It owns the atoms in its brick, has images of those of
/// others within cutoff and skin, and exchanges with its neighbors where these are, of embedded atoms also F′(ρ), and atoms that cross its borders.
/// </summary>
/// <remarks>
/// A step of the engine is the same as that of <see cref="MolecularDynamics"/>: velocity Verlet, or Langevin's BAOAB with noise by id and step. Sums over the region are
/// those of the domains in the order of their numbers, made by domain 0, which tells them to all. S. Plimpton, J. Comput. Phys. 117 (1995) 1, has
/// the decomposition.
/// </remarks>
public sealed class Domain : ITeamMember
{
    // What an exchange is called. A window may begin with forces anew, before its first step.
    internal const int AtWindowStart = 64;

    /// <summary>What every step asks all domains (whether anybody needs new lists) goes by a tree, in which a domain has so many below it.</summary>
    public const int Branches = 8;

    private const int PositionsPhase = 0;
    internal const int ListPhase = 1;
    private const int MigrantsPhase = 2;
    private const int ImagesPhase = 3;
    private const int HalfwayPhase = 4;         // And one more for each interaction.
    private const int BinsPhase = 128;
    private const int MomentumPhase = 129;
    private const int KineticPhase = 130;
    private const int MeasurePhase = 131;
    private const int AtomsPhase = 132;

    private const double Uneven = 1.05;         // The largest domain may have so many times the atoms that are its due before planes are moved.

    private readonly DividedRegion _region;
    private readonly int _number;
    private readonly DomainPorts? _ports;
    private readonly DomainAtoms _atoms;
    private readonly Halo _halo;
    private DomainSplit _split;
    private long _steps;                        // How many there were.
    private bool _hasForces;
    private double _potential;                  // Of the present positions, of this domain.
    private SymTensor3 _virial;
    private IEnumerator<TeamKey>? _act;
    private TeamInbox _inbox = new();
    private TeamOutbox _outbox = new(0);

    /// <summary>The domain of this number.</summary>
    /// <param name="region">The region.</param>
    /// <param name="number">The number, below that of domains.</param>
    /// <exception cref="ScaleModelException">The region cannot be split, or the domain is not one of it; all that is wrong is named.</exception>
    public Domain(DividedRegion region, int number)
        : this(region, number, null)
    {
    }

    // Domain 0 tells by the ports what is known of the region; null: nobody is told.
    internal Domain(DividedRegion region, int number, DomainPorts? ports)
    {
        ArgumentNullException.ThrowIfNull(region);
        Check(region);
        (_region, _number, _ports, _split) = (region, number, ports, DomainSplit.Equal(region.Box, region.Domains));
        if (number < 0 || number >= _split.Count)
        {
            throw new ScaleModelException($"Domain {number} is asked for of a region with {_split.Count} domains, counted from 0.");
        }

        _atoms = new(region);

        // One atom of each kind stands for those that will come.
        var ofEachKind = new AtomConfiguration { Units = region.Units, Box = region.Box, Species = region.Species, Kinds = [.. Enumerable.Range(0, region.Species.Length)], Positions = new Vec3[region.Species.Length] };
        foreach (var interaction in _atoms.Interactions)
        {
            interaction.Attach(ofEachKind);
        }

        _halo = new(_atoms);
        _halo.Settle(_split, number);
    }

    /// <summary>How many atoms it owns.</summary>
    public int Count => _atoms.Count;

    /// <summary>How many images it has of atoms of others, and of its own.</summary>
    public int Images => _atoms.Atoms.Ghosts;

    /// <summary>How the region is split now.</summary>
    public DomainSplit Split => _split;

    /// <summary>How many steps there were.</summary>
    public long Steps => _steps;

    /// <summary>How often neighbors were looked for.</summary>
    public long Rebuilds => _atoms.List.Builds;

    /// <summary>The number in the region of each atom that it owns, where it is (not wrapped), how fast, and the force on it.</summary>
    public IEnumerable<(long Number, Vec3 Position, Vec3 Velocity, Vec3 Force)> Atoms =>
        Enumerable.Range(0, Count).Select(i => (_atoms.Numbers[i], _atoms.Unwrapped(i), _atoms.Atoms.Velocity(i), _atoms.Atoms.Force(i)));

    /// <summary>What the region is like now; the same for all domains after an act.</summary>
    public Measurement? Now { get; private set; }

    /// <inheritdoc/>
    public TeamKey? WaitsFor { get; private set; }

    /// <inheritdoc/>
    public void BeginInitialize(ChunkedLoop loop, PortWriter? outputs) => Begin(loop, Initialize(outputs));

    /// <inheritdoc/>
    public void BeginAdvance(AdvanceContext context, PortReader? inputs, PortWriter? outputs)
    {
        ArgumentNullException.ThrowIfNull(context);
        Begin(context.Loop, Advance(context, outputs));
    }

    /// <inheritdoc/>
    public bool TryRun(TeamInbox inbox, TeamOutbox outbox)
    {
        ArgumentNullException.ThrowIfNull(inbox);
        ArgumentNullException.ThrowIfNull(outbox);
        var act = _act ?? throw new InvalidOperationException("A domain is run and no act has begun, or one that has failed.");
        (_inbox, _outbox) = (inbox, outbox);
        while (WaitsFor is not { } key || inbox.Has(key))
        {
            // Whatever goes wrong on the way, the act is over.
            _act = null;
            if (!act.MoveNext())
            {
                WaitsFor = null;
                return true;
            }

            _act = act;

            WaitsFor = act.Current;
        }

        return false;
    }

    /// <inheritdoc/>
    public void Archive(StateArchive archive)
    {
        ArgumentNullException.ThrowIfNull(archive);
        _ = archive.Version(1);
        var (number, steps, hasForces) = (_number, _steps, _hasForces);
        archive.Value("domain", ref number);
        archive.Value("steps", ref steps);
        archive.Value("has-forces", ref hasForces);
        double[][] cuts = [.. _split.Cuts.Select(c => c.ToArray())];
        archive.Field("cuts-x", ref cuts[0]);
        archive.Field("cuts-y", ref cuts[1]);
        archive.Field("cuts-z", ref cuts[2]);
        var counts = archive.IsRestoring ? [] : _halo.Counts();
        archive.Field("images-of", ref counts);
        if (!archive.IsRestoring)
        {
            _atoms.Archive(archive, _ => true);
            return;
        }

        var split = cuts.Zip(_split.Cuts).All(c => c.First.Length == c.Second.Length) ? new DomainSplit(_region.Box, [.. cuts.Select(c => c.ToImmutableArray())]) : null;
        if (number != _number || split is null || steps < 0)
        {
            throw new ScaleModelException("The state is that of another domain.");
        }

        _atoms.Archive(archive, x => split.OwnerOf(x) == number);
        if (hasForces && !_atoms.HasList)
        {
            throw new ScaleModelException("The state of a domain has forces, and no list of those from whom they come.");
        }

        (_split, _steps, _hasForces, _act, WaitsFor, Now) = (split, steps, hasForces, null, null, null);
        _halo.Settle(split, number);
        if (_atoms.HasList)
        {
            RestoreHalo(counts);
        }
    }

    private static void Check(DividedRegion region)
    {
        var faults = new List<string>();
        void Require(bool holds, FormattableString fault)
        {
            if (!holds)
            {
                faults.Add(FormattableString.Invariant(fault));
            }
        }

        var interactions = region.Interactions();
        Require(region.Box.IsOrthogonal, $"its box is skewed, and domains are bricks in a box with right angles");
        Require(!interactions.IsEmpty && interactions.All(i => i.Cutoff > 0), $"an interaction has no cutoff, or there is none");
        for (var i = 0; i < interactions.Length; i++)
        {
            Require(interactions[i].CanBeSplit, $"interaction {i + 1} of {interactions.Length} is none of those that are known between domains: pair potentials in double precision and embedded atoms");
        }

        Require(interactions.Length <= AtWindowStart - HalfwayPhase, $"there are {interactions.Length} interactions");
        Require(region.Skin > 0 && double.IsFinite(region.Skin), $"the skin is {region.Skin}; it must be above zero");
        Require(region.Step > 0 && double.IsFinite(region.Step), $"the step is {region.Step}; it must be above zero");
        Require(region.Count > 1, $"it has {region.Count} atoms; two are the fewest");
        Require(region.Domains is { X: >= 1, Y: >= 1, Z: >= 1 }, $"there are {region.Domains} domains; there is at least one along each axis");
        Require(region.Species.Length <= KindTable.MostKinds && region.Species.All(s => s.Mass > 0 && double.IsFinite(s.Mass)), $"there are more than {KindTable.MostKinds} species, or one has no mass above zero");
        Require(region.Thermal is not { } thermal || (thermal.Temperature >= 0 && double.IsFinite(thermal.Temperature)), $"the temperature of velocities is below zero");
        Require(region.Bath is not { } bath || (bath.Temperature >= 0 && bath.Friction > 0 && double.IsFinite(bath.Temperature + bath.Friction)), $"the bath has a temperature below zero, or a friction that is not above it");
        if (faults.Count > 0)
        {
            throw new ScaleModelException($"This region cannot be computed in domains: {string.Join("; ", faults)}.");
        }
    }

    private unsafe void RestoreHalo(int[] counts)
    {
        // Atoms are chosen by where they were when the list was made.
        var store = _atoms.Atoms;
        var now = new ReadOnlySpan<double>(store.X, 4 * Count).ToArray();
        _atoms.Listed.CopyTo(new Span<double>(store.X, 4 * Count));
        _halo.Choose();
        now.CopyTo(new Span<double>(store.X, 4 * Count));
        if (counts.Length != _halo.Neighbors.Length || counts.Any(c => c < 0) || _halo.Restore(counts) != store.Ghosts)
        {
            throw new ScaleModelException("The state of a domain has images of other atoms.");
        }
    }

    private void Begin(ChunkedLoop loop, IEnumerable<TeamKey> act)
    {
        _atoms.Pass.Loop = loop;
        (_act, WaitsFor) = (act.GetEnumerator(), null);
    }

    private IEnumerable<TeamKey> Initialize(PortWriter? outputs)
    {
        (_steps, _split, _hasForces) = (0, DomainSplit.Equal(_region.Box, _region.Domains), false);
        _halo.Settle(_split, _number);
        var part = _region.Part(_split, _number);
        _atoms.Place(part);
        if (_region.Thermal is { } thermal)
        {
            foreach (var key in Thermalize(thermal.Temperature, thermal.Seed))
            {
                yield return key;
            }
        }

        foreach (var key in Evaluate(counts: true, _split, AtWindowStart))
        {
            yield return key;
        }

        foreach (var key in Tell(0, outputs))
        {
            yield return key;
        }
    }

    // v ← v − Σ m v / Σ m, then v ← v √(T / T₀), T₀ = Σ m v² / ((3N − 3) k_B).
    private IEnumerable<TeamKey> Thermalize(double temperature, ulong seed)
    {
        _atoms.DrawVelocities(temperature, seed);
        var momentum = _atoms.Momentum();
        double[] sums = [momentum.X, momentum.Y, momentum.Z];
        foreach (var key in Sum(MomentumPhase, sums))
        {
            yield return key;
        }

        _atoms.ShiftAndScale(new Vec3(sums[0], sums[1], sums[2]) / _region.Mass, 1);
        double[] twiceKinetic = [_atoms.Kinetic().Trace];
        foreach (var key in Sum(KineticPhase, twiceKinetic))
        {
            yield return key;
        }

        _atoms.ShiftAndScale(Vec3.Zero, temperature > 0 ? Math.Sqrt(3.0 * (_region.Count - 1) * _region.Units.Boltzmann * temperature / twiceKinetic[0]) : 0);
    }

    private IEnumerable<TeamKey> Advance(AdvanceContext context, PortWriter? outputs)
    {
        var length = context.Window.Length / _region.Units.Si.Time;
        var steps = (int)Math.Clamp(Math.Ceiling((length / _region.Step) - 1e-9), 1, 1e9);
        var step = length / steps;
        if (_region.IsBalanced)
        {
            foreach (var key in Balance())
            {
                yield return key;
            }
        }

        if (!_hasForces)
        {
            foreach (var key in Evaluate(counts: false, _split, AtWindowStart))
            {
                yield return key;
            }
        }

        for (var s = 0; s < steps; s++)
        {
            context.Cancellation.ThrowIfCancellationRequested();

            // The second half of the kick of the step before, and the first of this one.
            var kicks = s == 0 ? 1 : 2;
            _hasForces = false;
            if (_region.Bath is { } bath)
            {
                _atoms.KickAndDrift(kicks, 0.5 * step, 0.5 * step);
                _atoms.Push(bath, _steps, step);
                _atoms.KickAndDrift(0, 0, 0.5 * step);
            }
            else
            {
                _atoms.KickAndDrift(kicks, 0.5 * step, step);
            }

            _steps++;
            foreach (var key in Evaluate(counts: s == steps - 1, _split, 0))
            {
                yield return key;
            }

            if (_number == 0)
            {
                context.Report((s + 1.0) / steps);
            }
        }

        _atoms.Kick(1, 0.5 * step);
        foreach (var key in Tell(context.Window.End, outputs))
        {
            yield return key;
        }
    }

    // Moves the planes between domains if one has too many atoms. The numbers are whole: their sums have no rounding.
    private IEnumerable<TeamKey> Balance()
    {
        var counts = new double[_split.Count + _split.Bins(0) + _split.Bins(1) + _split.Bins(2)];
        counts[_number] = Count;
        CountBins(counts.AsSpan(_split.Count));
        foreach (var key in Sum(BinsPhase, counts))
        {
            yield return key;
        }

        if (counts.AsSpan(0, _split.Count).ToArray().Max() * _split.Count > Uneven * _region.Count)
        {
            foreach (var key in Evaluate(counts: false, _split.Balanced(counts.AsSpan(_split.Count)), AtWindowStart))
            {
                yield return key;
            }
        }
    }

    private void CountBins(Span<double> bins)
    {
        for (var i = 0; i < Count; i++)
        {
            var (x, first) = (_region.Box.Wrap(_atoms.Atoms.Position(i)), 0);
            for (var axis = 0; axis < 3; axis++)
            {
                bins[first + _split.BinOf(axis, x[axis])]++;
                first += _split.Bins(axis);
            }
        }
    }

    // Forces for the present positions. Where atoms have gone so far that a pair may be in no list, or the region is split anew, all domains make new lists.
    private IEnumerable<TeamKey> Evaluate(bool counts, DomainSplit split, int phase)
    {
        var mustList = !_atoms.HasList || !ReferenceEquals(split, _split);
        if (!mustList)
        {
            foreach (var neighbor in _halo.Neighbors)
            {
                _outbox.Post(neighbor, _steps, phase + PositionsPhase, _halo.Positions(neighbor));
            }

            _halo.FollowOwn();
            foreach (var neighbor in _halo.Neighbors)
            {
                var key = Key(neighbor, phase + PositionsPhase);
                yield return key;
                _halo.Follow(neighbor, _inbox.Take(key));
            }

            double[] wanting = [_atoms.NeedsList() ? 1 : 0];
            foreach (var key in Any(phase + ListPhase, wanting))
            {
                yield return key;
            }

            mustList = wanting[0] > 0;
        }

        if (mustList)
        {
            foreach (var key in List(split, phase))
            {
                yield return key;
            }
        }

        var pass = _atoms.Pass;
        (pass.Counts, pass.IsFirst) = (counts, true);
        if (counts)
        {
            pass.Clear();
        }

        for (var i = 0; i < _atoms.Interactions.Length; i++)
        {
            var interaction = _atoms.Interactions[i];
            if (!interaction.HasHalfway)
            {
                if (Count > 0)
                {
                    interaction.Run(pass);
                }

                pass.IsFirst = false;
                continue;
            }

            if (Count > 0)
            {
                interaction.RunToHalfway(pass);
            }

            foreach (var neighbor in _halo.Neighbors)
            {
                _outbox.Post(neighbor, _steps, phase + HalfwayPhase + i, Halves(interaction, neighbor));
            }

            SetHalves(interaction, _number, Halves(interaction, _number));
            foreach (var neighbor in _halo.Neighbors)
            {
                var key = Key(neighbor, phase + HalfwayPhase + i);
                yield return key;
                SetHalves(interaction, neighbor, _inbox.Take(key));
            }

            if (Count > 0)
            {
                interaction.RunFromHalfway(pass);
            }

            pass.IsFirst = false;
        }

        _hasForces = true;
        if (counts)
        {
            (_potential, _virial) = pass.Total();
        }
    }

    private unsafe double[] Halves(Interaction interaction, int neighbor) => Count > 0 ? _halo.Fourths(neighbor, interaction.HalfwayRows) : [];

    private unsafe void SetHalves(Interaction interaction, int neighbor, double[] numbers)
    {
        // A domain without atoms feels nothing, and has no rows.
        if (Count > 0)
        {
            _halo.SetFourths(neighbor, numbers, interaction.HalfwayRows);
        }
    }

    // Atoms go to where they belong, images are chosen, neighbors found.
    private IEnumerable<TeamKey> List(DomainSplit split, int phase)
    {
        // Atoms have left their domain by less than the margin: farther out they would have been noticed. Who may come to whom both know beforehand.
        ImmutableArray<int> Others(DomainSplit from, DomainSplit to) => [.. from.Near(_number, to, _atoms.Margin).Select(n => n.Domain).Where(d => d != _number).Distinct()];
        var (before, leaving) = (_split, _atoms.Leave(split, _number));
        var (to, from) = (Others(before, split), Others(split, before));
        foreach (var other in to)
        {
            _outbox.Post(other, _steps, phase + MigrantsPhase, leaving.Remove(other, out var numbers) ? [.. numbers] : []);
        }

        foreach (var other in from)
        {
            var key = Key(other, phase + MigrantsPhase);
            yield return key;
            _atoms.Join(_inbox.Take(key));
        }

        if (leaving.Count > 0)
        {
            throw new ScaleModelException($"An atom of domain {_number} has come to domain {leaving.Keys.Min()}, which is not near: it has flown through one or more within a few steps. The time step is probably too long, or two atoms lay almost upon each other.");
        }

        if (!ReferenceEquals(split, before))
        {
            _split = split;
            _halo.Settle(split, _number);
        }

        _atoms.Sort();
        _halo.Choose();
        var neighbors = _halo.Neighbors;
        foreach (var neighbor in neighbors)
        {
            _outbox.Post(neighbor, _steps, phase + ImagesPhase, _halo.Rows(neighbor));
        }

        var rows = new double[neighbors.Length][];
        for (var k = 0; k < neighbors.Length; k++)
        {
            var key = Key(neighbors[k], phase + ImagesPhase);
            yield return key;
            rows[k] = _inbox.Take(key);
        }

        _halo.Place(rows);
        _atoms.FindNeighbors();
    }

    // Makes the number 1 where it is for any domain: asked every step, and the same bits in whatever order, so by a tree. No domain hears from more than its branches, however many there are.
    private IEnumerable<TeamKey> Any(int phase, double[] number)
    {
        var (above, first) = ((_number - 1) / Branches, (Branches * _number) + 1);
        var end = Math.Min(first + Branches, _split.Count);
        for (var m = first; m < end; m++)
        {
            var key = Key(m, phase);
            yield return key;
            number[0] = Math.Max(number[0], _inbox.Take(key)[0]);
        }

        if (_number > 0)
        {
            _outbox.Post(above, _steps, phase, [number[0]]);
            var key = Key(above, phase);
            yield return key;
            number[0] = _inbox.Take(key)[0];
        }

        for (var m = first; m < end; m++)
        {
            _outbox.Post(m, _steps, phase, [number[0]]);
        }
    }

    // Makes of each number the sum of those of all domains, in the order of the domains.
    private IEnumerable<TeamKey> Sum(int phase, double[] numbers)
    {
        var members = _split.Count;
        if (_number > 0)
        {
            _outbox.Post(0, _steps, phase, [.. numbers]);
            var key = Key(0, phase);
            yield return key;
            _inbox.Take(key).CopyTo(numbers, 0);
            yield break;
        }

        var all = new double[members][];
        all[0] = numbers;
        for (var m = 1; m < members; m++)
        {
            var key = Key(m, phase);
            yield return key;
            all[m] = _inbox.Take(key);
        }

        var ofOne = new double[members];
        for (var k = 0; k < numbers.Length; k++)
        {
            for (var m = 0; m < members; m++)
            {
                ofOne[m] = all[m][k];
            }

            numbers[k] = FixedOrderSum.Of(ofOne);
        }

        for (var m = 1; m < members; m++)
        {
            _outbox.Post(m, _steps, phase, [.. numbers]);
        }
    }

    // Measures the region; domain 0 tells it.
    private IEnumerable<TeamKey> Tell(double time, PortWriter? outputs)
    {
        var (w, k) = (_virial, _atoms.Kinetic());
        double[] sums = [_potential, w[0], w[1], w[2], w[3], w[4], w[5], k[0], k[1], k[2], k[3], k[4], k[5], Count];
        foreach (var key in Sum(MeasurePhase, sums))
        {
            yield return key;
        }

        if (sums[13] != _region.Count)
        {
            throw new InvalidOperationException(FormattableString.Invariant($"The domains have {sums[13]} atoms together, and the region has {_region.Count}."));
        }

        var (virial, kinetic) = (new SymTensor3(sums[1], sums[2], sums[3], sums[4], sums[5], sums[6]), new SymTensor3(sums[7], sums[8], sums[9], sums[10], sums[11], sums[12]));
        var units = _region.Units;
        var freedom = _region.Bath is null ? 3.0 * (_region.Count - 1) : 3.0 * _region.Count;
        Now = new(sums[0], 0.5 * kinetic.Trace, virial, kinetic.Trace / (freedom * units.Boltzmann), units.Pressure / _region.Box.Volume * (kinetic + virial))
        {
            Conserved = _region.Bath is null ? sums[0] + (0.5 * kinetic.Trace) : null,
        };
        if (_ports is not { } ports)
        {
            yield break;
        }

        List<double[]> all = [];
        if (ports.HasAtoms && _number > 0)
        {
            _outbox.Post(0, _steps, AtomsPhase, OwnAtoms());
        }
        else if (ports.HasAtoms)
        {
            all.Add(OwnAtoms());
            for (var m = 1; m < _split.Count; m++)
            {
                var key = Key(m, AtomsPhase);
                yield return key;
                all.Add(_inbox.Take(key));
            }
        }

        if (outputs is not null)
        {
            ports.Write(outputs, time, Now, all);
        }
    }

    private double[] OwnAtoms()
    {
        var numbers = new double[DomainPorts.NumbersOfAtom * Count];
        for (var i = 0; i < Count; i++)
        {
            var (x, v, at) = (_atoms.Unwrapped(i), _atoms.Atoms.Velocity(i), DomainPorts.NumbersOfAtom * i);
            numbers[at] = _atoms.Numbers[i];
            (numbers[at + 1], numbers[at + 2], numbers[at + 3]) = (x.X, x.Y, x.Z);
            (numbers[at + 4], numbers[at + 5], numbers[at + 6]) = (v.X, v.Y, v.Z);
        }

        return numbers;
    }

    private TeamKey Key(int from, int phase) => new(from, _steps, phase);
}
