using System.Collections.Immutable;
using System.Runtime.Intrinsics;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles.Interactions;

namespace ActorMultiscale.Physics.Particles.Motions;

/// <summary>
/// Atoms, their box, their neighbors and the forces on them, and what steps are made of: kick, drift, scale, and forces anew. What a
/// <see cref="Motion"/> does with them is its own affair; that no neighbor is missed is that of this class.
/// </summary>
/// <remarks>
/// Kicks are put off until somebody needs velocities, so that the second half of one step's kick, the first half of the next one's and the
/// drift are one pass over the atoms. Each kick is an addition of its own all the same: when it is given changes no bit.
/// </remarks>
internal sealed unsafe class Mover
{
    /// <summary>Atoms that one thread moves at once, and whose sums are one number.</summary>
    public const int Chunk = 512;

    private readonly ImmutableArray<Interaction> _interactions;
    private readonly double _cutoff;
    private readonly double _skin;
    private readonly ExclusionTable? _excluded;
    private readonly ForcePass _pass;
    private readonly AlignedArray<double> _built = new();       // Positions for which the list was made,
    private SimulationBox _builtBox;                            // and the box.
    private SimulationBox _undeformed;                          // The box from which deformation counts.
    private readonly AlignedArray<double> _ways = new();        // So many atoms as share lists: how far one of them can have gone since.
    private readonly AlignedArray<double> _sums = new();        // A chunk: six sums, and two to fill a cache line.
    private readonly double[] _entries;
    private readonly Action<int, int, int> _kickAndDrift;
    private readonly Action<int, int, int> _kick;
    private readonly Action<int, int, int> _stray;
    private readonly Action<int, int, int> _remap;
    private readonly Action<int, int, int> _scale;
    private readonly Action<int, int, int> _kinetic;
    private readonly Action<int, int, int> _reflect;
    private readonly double[][] _pushes;                // A mirror, and a chunk: what it has given in the present drift.
    private bool _hasList;
    private bool _isMoved = true;           // Somebody has moved since the list was looked at,
    private bool _areImagesBehind = true;   // and the images have not yet followed.
    private bool _areWaysKnown;             // Whether the ways are those to the present positions.
    private int _owed;                      // Kicks that have been put off: none, one or two.
    private (double Time, nint Forces) _first;
    private (double Time, nint Forces) _second;

    // What the loops read.
    private double _time;
    private Matrix3 _map;
    private double _factor;
    private double _rounding;               // More than a drift is rounded by.
    private bool _hasInertia;

    public Mover(AtomConfiguration start, ImmutableArray<Interaction> interactions, double skin, ExclusionTable? excluded, ImmutableArray<Mirror> mirrors)
    {
        (Start, _interactions, _skin, _excluded) = (start, interactions, skin, excluded);
        (Box, _builtBox, _undeformed) = (start.Box, start.Box, start.Box);
        _cutoff = interactions.Max(i => i.Cutoff);
        (Mirrors, Impulses) = (mirrors, new double[mirrors.Length]);
        Atoms = new(start);
        List = new(Atoms, Box);
        _pass = new(Atoms, List) { Box = Box, Loop = ChunkedLoop.Serial, Excluded = excluded };
        var chunks = ChunkedLoop.Chunks(Count, Chunk);
        _ways.Ensure(ChunkedLoop.Chunks(Count, NeighborList.Chunk));
        _sums.Ensure(8 * chunks);
        _entries = new double[chunks];
        _pushes = [.. mirrors.Select(_ => new double[chunks])];
        (_kickAndDrift, _kick, _stray, _remap, _scale, _kinetic, _reflect) = (KickAndDrift, Kick, Stray, Remap, Scale, Kinetic, Reflect);
    }

    /// <summary>The atoms as they were at first: units, kinds and all that does not move.</summary>
    public AtomConfiguration Start { get; }

    public ParticleStore Atoms { get; }

    public NeighborList List { get; }

    public SimulationBox Box { get; private set; }

    public int Count => Atoms.Count;

    public double Skin => _skin;

    public ImmutableArray<Interaction> Interactions => _interactions;

    /// <summary>The way to run a loop on several threads.</summary>
    public ChunkedLoop Loop { get; set; } = ChunkedLoop.Serial;

    /// <summary>Whether the rows of forces are those of all interactions, for the present positions.</summary>
    public bool HasForces { get; private set; }

    /// <summary>How many steps there were: with seed and atom what random numbers depend on.</summary>
    public long Steps { get; set; }

    /// <summary>For how long atoms have drifted since deformation began: what a box that is being deformed depends on.</summary>
    public double Elapsed { get; private set; }

    /// <summary>How the box changes while atoms drift; null: not at all.</summary>
    public Deformation? Deformation { get; init; }

    /// <summary>How often positions have changed: what was computed for them is void when this has.</summary>
    public long Changes { get; private set; }

    /// <summary>Whether <see cref="Sums"/> are those of the present positions.</summary>
    public bool HasSums { get; private set; }

    /// <summary>Energy and virial, as of the last forces of all interactions that were computed with them.</summary>
    public EnergyAndVirial Sums { get; private set; }

    /// <summary>v ← v + Δt f/m, by the forces of all interactions; sooner or later.</summary>
    public void Kick(double time) => Kick(time, Atoms.F);

    /// <summary>v ← v + Δt f/m, by forces that stay as they are until the kick is given.</summary>
    public void Kick(double time, double* forces)
    {
        if (_owed == 2)
        {
            Settle();
        }

        if (_owed == 0)
        {
            _first = (time, (nint)forces);
        }
        else
        {
            _second = (time, (nint)forces);
        }

        _owed++;
    }

    /// <summary>Gives the kicks that were put off. To be called before velocities are read or written.</summary>
    public void Settle()
    {
        if (_owed > 0)
        {
            Loop.Run(Count, Chunk, _kick);
            _owed = 0;
        }
    }

    /// <summary>x ← x + Δt v; where the box is being deformed, x ← F x with F = h(t + Δt) h(t)⁻¹ after that.</summary>
    public void Drift(double time)
    {
        _time = time;
        var areWaysKnown = _areWaysKnown;
        Touch();
        Loop.Run(Count, Chunk, _kickAndDrift);
        (_owed, _areWaysKnown) = (0, areWaysKnown);
        Pass(time, hasInertia: true);
    }

    private void Pass(double time, bool hasInertia)
    {
        _hasInertia = hasInertia;
        Elapsed += time;
        if (Deformation is { } deformation)
        {
            // A mirror stays where it is, and a side that is periodic may come to lead through it.
            var box = deformation.At(_undeformed, Elapsed);
            foreach (var mirror in Mirrors)
            {
                mirror.Check(box);
            }

            Remap(box);
        }

        if (!Mirrors.IsEmpty)
        {
            _areWaysKnown = false;
            Loop.Run(Count, Chunk, _reflect);
            for (var m = 0; m < Mirrors.Length; m++)
            {
                Impulses[m] += FixedOrderSum.Of(_pushes[m]);
            }
        }
    }

    /// <summary>Says that positions are about to change.</summary>
    public void Touch()
    {
        (HasForces, HasSums, _isMoved, _areImagesBehind, _areWaysKnown) = (false, false, true, true, false);
        Changes++;
    }

    /// <summary>What the interactions were computed with.</summary>
    public ForcePass Forces => _pass;

    /// <summary>Whether something pushes the atoms together from outside: a field, forces that are set, a mirror.</summary>
    public bool HasFields
    {
        get
        {
            foreach (var interaction in _interactions)
            {
                if (!interaction.KeepsMomentum)
                {
                    return true;
                }
            }

            return !Mirrors.IsEmpty;
        }
    }

    /// <summary>What reflects atoms at the end of each drift.</summary>
    public ImmutableArray<Mirror> Mirrors { get; }

    /// <summary>The momentum along its normal that each mirror has given, in units of mass and velocity.</summary>
    public double[] Impulses { get; }

    /// <summary>Moves atoms in a way of one's own; where the box is being deformed, they go with it after that.</summary>
    /// <param name="time">Δt.</param>
    /// <param name="body">Moves the atoms of a chunk.</param>
    /// <param name="hasInertia">Whether they move by their velocities: mirrors turn these around then.</param>
    public void Walk(double time, Action<int, int, int> body, bool hasInertia = true)
    {
        Settle();
        Touch();
        Loop.Run(Count, Chunk, body);
        Pass(time, hasInertia);
    }

    /// <summary>Puts atoms into another box, each at the same fractions of the cell vectors.</summary>
    public void Remap(SimulationBox box)
    {
        Touch();
        _map = box.Cell * Box.Cell.Inverse();
        Loop.Run(Count, Chunk, _remap);
        Box = box;
    }

    /// <summary>Changes the box and moves nobody: whoever calls this moves them.</summary>
    public void SetBox(SimulationBox box)
    {
        Touch();
        Box = box;
    }

    /// <summary>Counts deformation from the box as it is now.</summary>
    public void Undeform() => (_undeformed, Elapsed) = (Box, 0);

    /// <summary>v ← c v.</summary>
    public void Scale(double factor)
    {
        Settle();
        _factor = factor;
        Loop.Run(Count, Chunk, _scale);
    }

    /// <summary>Σ m v ⊗ v, in units of energy: twice the kinetic energy is its trace. The same bits on any number of threads.</summary>
    public SymTensor3 Kinetic()
    {
        Settle();
        Loop.Run(Count, Chunk, _kinetic);
        return new(Sum(0), Sum(1), Sum(2), Sum(3), Sum(4), Sum(5));
    }

    /// <summary>Computes the forces of all interactions for the present positions; with energy and virial if <paramref name="counts"/>.</summary>
    public void Evaluate(bool counts)
    {
        HasForces = false;      // Should something go wrong on the way.
        Evaluate(_interactions, counts);
        (HasForces, HasSums) = (true, HasSums || counts);
    }

    /// <summary>Computes each atom's share of energy and virial. Forces are known afterwards only where they have the bits that they have without.</summary>
    public void EvaluateShares()
    {
        _pass.WantsShares = true;
        _pass.ClearShares();
        try
        {
            Evaluate(counts: false);
        }
        finally
        {
            _pass.WantsShares = false;

            // Whoever looks must not change how atoms move on.
            HasForces = HasForces && _interactions.All(i => i.SharesKeepForces);
        }
    }

    /// <summary>Gives the atoms other velocities, in the order of the configuration.</summary>
    public void SetVelocities(ReadOnlySpan<Vec3> velocities)
    {
        Settle();
        for (var i = 0; i < Count; i++)
        {
            ParticleStore.Write(Atoms.V, i, velocities[Atoms.Ids[i]], Atoms.V[(4L * i) + 3]);
        }
    }

    /// <summary>Computes the forces of all interactions, and energy and virial, where they are not known.</summary>
    public void EnsureSums()
    {
        if (!HasForces || !HasSums)
        {
            Evaluate(counts: true);
        }
    }

    /// <summary>Computes the forces of all interactions where they are not known.</summary>
    public void EnsureForces()
    {
        if (!HasForces)
        {
            Evaluate(counts: false);
        }
    }

    /// <summary>Computes the forces of some interactions, and puts them into rows of their own.</summary>
    public void Evaluate(ImmutableArray<Interaction> interactions, AlignedArray<double> rows)
    {
        Evaluate(interactions, counts: false);
        rows.Ensure(4 * Count);
        Atoms.SwapForces(rows);
        HasForces = false;
    }

    /// <summary>The positions as they are now, in the order of the configuration, not wrapped.</summary>
    public void CopyPositions(Span<Vec3> to)
    {
        for (var i = 0; i < Count; i++)
        {
            to[Atoms.Ids[i]] = Atoms.Position(i) + (Box.Cell * Atoms.Images[i]);
        }
    }

    /// <summary>Puts the atoms where <paramref name="positions"/> say, in the order of the configuration and not wrapped, into a box.</summary>
    public void Place(ReadOnlySpan<Vec3> positions, SimulationBox box)
    {
        SetBox(box);
        for (var i = 0; i < Count; i++)
        {
            ParticleStore.Write(Atoms.X, i, positions[Atoms.Ids[i]] - (box.Cell * Atoms.Images[i]), Atoms.X[(4L * i) + 3]);
        }
    }

    /// <summary>Whether all positions and velocities are finite numbers.</summary>
    public bool IsFinite
    {
        get
        {
            for (var i = 0; i < Count; i++)
            {
                if (!double.IsFinite(Atoms.Position(i).NormSquared + Atoms.Velocity(i).NormSquared))
                {
                    return false;
                }
            }

            return true;
        }
    }

    /// <summary>Saves or restores where the atoms are and how they move.</summary>
    public void Archive(StateArchive archive, int version)
    {
        // Sums go through neighbors in the order of the list, and that is the order of the positions for which it was made.
        var hasList = _hasList;
        archive.Value("has-list", ref hasList);
        double[] Rows(double* rows) => archive.IsRestoring ? [] : new ReadOnlySpan<double>(rows, 4 * Count).ToArray();
        T[] Own<T>(T[] all) => archive.IsRestoring ? [] : all;      // An array of the right length would be written to before anything is checked.
        var (x, v, built, ids, images, impulses) = (Rows(Atoms.X), Rows(Atoms.V), hasList ? Rows(_built.Pointer) : [], Own(Atoms.Ids), Own(Atoms.Images), Own(Impulses));
        archive.Field("positions", ref x);
        archive.Field("velocities", ref v);
        archive.Field("listed", ref built);
        archive.Field("ids", ref ids);
        archive.Field("images", ref images);
        var (steps, elapsed, cell, builtCell, undeformed) = (Steps, Elapsed, Box.Cell, _builtBox.Cell, _undeformed.Cell);
        if (version > 1)
        {
            archive.Value("steps", ref steps);
            archive.Value("elapsed", ref elapsed);
            archive.Value("cell", ref cell);
            archive.Value("listed-cell", ref builtCell);
            archive.Value("undeformed-cell", ref undeformed);
        }

        if (!Mirrors.IsEmpty)
        {
            archive.Field("impulses", ref impulses);
        }

        if (!archive.IsRestoring)
        {
            return;
        }

        if (impulses.Length != Impulses.Length)
        {
            throw new ScaleModelException("The state is that of atoms between other mirrors.");
        }

        if (x.Length != 4 * Count || v.Length != x.Length || ids.Length != Count || images.Length != Count || (hasList && built.Length != x.Length)
            || !ids.Order().SequenceEqual(Enumerable.Range(0, Count)))
        {
            throw new ScaleModelException("The state is that of other atoms.");
        }

        // What is spoiled shall be refused, not computed: kinds and masses are those of the atoms, and nobody is nowhere.
        for (var i = 0; i < Count; i++)
        {
            var (row, kind) = (4 * i, Start.Kinds[ids[i]]);
            if (x[row + 3] != kind || (hasList && built[row + 3] != kind) || v[row + 3] != Start.Units.ForceToAcceleration / Start.Species[kind].Mass)
            {
                throw new ScaleModelException("The state is that of atoms of other kinds or masses.");
            }
        }

        bool IsFinite(ReadOnlySpan<double> numbers)
        {
            foreach (var number in numbers)
            {
                if (!double.IsFinite(number))
                {
                    return false;
                }
            }

            return true;
        }

        Vec3 Heights(Matrix3 of) => (Start.Box with { Cell = of }).Heights;
        bool IsSound(Matrix3 of) => Heights(of) is var h && Start.Box.Heights is var h0
            && Math.Min(h.X / h0.X, Math.Min(h.Y / h0.Y, h.Z / h0.Z)) > 1.0 / 20 && Math.Max(h.X / h0.X, Math.Max(h.Y / h0.Y, h.Z / h0.Z)) < 1e4;
        if (!IsFinite(x) || !IsFinite(v) || !IsFinite(built) || !IsFinite(impulses) || !images.All(n => double.IsFinite(n.NormSquared)) || !double.IsFinite(elapsed)
            || !IsSound(cell) || !IsSound(builtCell) || !IsSound(undeformed))
        {
            throw new ScaleModelException("The state has atoms that are nowhere, or a box that is none.");
        }

        (Steps, Elapsed, _owed, _hasList) = (steps, elapsed, 0, false);
        impulses.CopyTo(Impulses, 0);
        ids.CopyTo(Atoms.Ids, 0);
        images.CopyTo(Atoms.Images, 0);
        v.CopyTo(new Span<double>(Atoms.V, v.Length));
        _undeformed = Start.Box with { Cell = undeformed };
        Box = Start.Box.Cell == builtCell ? Start.Box : Start.Box with { Cell = builtCell };
        if (hasList)
        {
            built.CopyTo(new Span<double>(Atoms.X, x.Length));
            Build();
        }

        x.CopyTo(new Span<double>(Atoms.X, x.Length));
        images.CopyTo(Atoms.Images, 0);
        SetBox(Box.Cell == cell ? Box : Box with { Cell = cell });
    }

    private void Evaluate(ImmutableArray<Interaction> interactions, bool counts)
    {
        Settle();
        if (!_hasList || (_isMoved && MustRebuild()))
        {
            Build();
        }

        _isMoved = false;
        var needsImages = false;
        foreach (var interaction in interactions)
        {
            needsImages |= interaction.Cutoff > 0;
        }

        if (needsImages && _areImagesBehind)
        {
            List.Follow(Box, Loop);
            _areImagesBehind = false;
        }

        (_pass.Box, _pass.Loop, _pass.Counts, _pass.IsFirst) = (Box, Loop, counts, true);
        if (counts)
        {
            _pass.Clear();
        }

        foreach (var interaction in interactions)
        {
            interaction.Run(_pass);
            _pass.IsFirst = false;
        }

        if (counts)
        {
            Sums = _pass.Total();
        }
    }

    // With x = F x₀ + u, where x₀ and the box h₀ are those of the list and F = h h₀⁻¹, two atoms or images that were d₀ apart are now
    // |F (d₀) + u_i − u_j| ≥ σ d₀ − 2 max |u| apart, where σ ≥ 1 − ‖F − 1‖ is the least singular value of F. Those that are not in the list
    // had d₀ > r_c + s. Where 2 max |u| > s in a box that is as it was, those who went so far are looked at. What is not a number is found out
    // by whoever builds.
    private bool MustRebuild()
    {
        if (Box != _builtBox)
        {
            _map = Box.Cell * _builtBox.Cell.Inverse();
            Loop.Run(Count, NeighborList.Chunk, _stray);
            _areWaysKnown = false;
            var norm = Math.Sqrt((_map.Row(0) - new Vec3(1, 0, 0)).NormSquared + (_map.Row(1) - new Vec3(0, 1, 0)).NormSquared + (_map.Row(2) - new Vec3(0, 0, 1)).NormSquared);
            var allowed = ((1 - norm) * (_cutoff + _skin)) - _cutoff;
            return !(allowed > 0 && 2 * MostWay() <= allowed);
        }

        if (!_areWaysKnown)
        {
            _ways.Span(ChunkedLoop.Chunks(Count, NeighborList.Chunk)).Fill(double.PositiveInfinity);
            _areWaysKnown = true;
        }

        return !(2 * MostWay() <= _skin) && List.HasNewcomers(Box, _built.Pointer, _ways.Pointer, _cutoff, _skin, Loop);
    }

    private double MostWay()
    {
        var most = 0.0;
        foreach (var way in _ways.Span(ChunkedLoop.Chunks(Count, NeighborList.Chunk)))
        {
            most = Math.Max(most, way);
        }

        return most;
    }

    private void Build()
    {
        // Where there are bonds only nobody needs neighbors, and cells are not to be smaller than an atom's share of the box.
        var reach = _cutoff > 0 ? _cutoff + _skin : Math.Max(_skin, Math.Cbrt(Box.Volume / Count));
        List.Build(Box, reach, 0.5 * _skin, _excluded, Loop);
        _rounding = (1e-9 * _skin) + (4e-16 * (List.Corner.Norm + List.Extent));
        _built.Ensure(4 * Count);
        new ReadOnlySpan<double>(Atoms.X, 4 * Count).CopyTo(_built.Span(4 * Count));
        _ways.Span(ChunkedLoop.Chunks(Count, NeighborList.Chunk)).Clear();
        (_hasList, _builtBox, _areWaysKnown, _areImagesBehind) = (true, Box, true, false);
    }

    private void KickAndDrift(int chunk, int first, int past)
    {
        for (var from = first; from < past; from += NeighborList.Chunk)
        {
            // One goes no farther in two drifts than in the one and in the other.
            var way = KickAndDrift(from, Math.Min(past, from + NeighborList.Chunk));
            _ways.Pointer[from / NeighborList.Chunk] += way + _rounding;
        }
    }

    // The way of the one that goes farthest.
    private double KickAndDrift(int first, int past)
    {
        return KickAndDrift(Atoms, first, past, _owed, _first, _second, _time);
    }

    /// <summary>Gives up to two kicks, each by rows of forces, and lets the atoms drift.</summary>
    /// <returns>The way of the one that goes farthest.</returns>
    internal static double KickAndDrift(ParticleStore atoms, int first, int past, int kicks, (double Time, nint Forces) kick1, (double Time, nint Forces) kick2, double drift)
    {
        var x = atoms.X;
        var v = atoms.V;
        var forces1 = (double*)kick1.Forces;
        var forces2 = (double*)kick2.Forces;
        var (time1, time2, owed) = (kick1.Time, kick2.Time, kicks);
        var time = Vector256.Create(drift, drift, drift, 0);
        var most = Vector256<double>.Zero;
        for (var i = 4L * first; i < 4L * past; i += 4)
        {
            var velocity = Vector256.LoadAligned(v + i);
            if (owed > 0)
            {
                var thrust = v[i + 3];
                velocity += Vector256.Create(time1 * thrust) * Vector256.LoadAligned(forces1 + i);
                if (owed > 1)
                {
                    velocity += Vector256.Create(time2 * thrust) * Vector256.LoadAligned(forces2 + i);
                }

                velocity.StoreAligned(v + i);
            }

            var way = time * velocity;
            (Vector256.LoadAligned(x + i) + way).StoreAligned(x + i);
            most = Vector256.Max(most, Vector256.Create(Vector256.Dot(way, way)));
        }

        return Math.Sqrt(most[0]);
    }

    private void Kick(int chunk, int first, int past) => Kick(Atoms, first, past, _owed, _first, _second);

    /// <summary>Gives one or two kicks, each by rows of forces.</summary>
    internal static void Kick(ParticleStore atoms, int first, int past, int kicks, (double Time, nint Forces) kick1, (double Time, nint Forces) kick2)
    {
        var v = atoms.V;
        var forces1 = (double*)kick1.Forces;
        var forces2 = (double*)kick2.Forces;
        for (var i = 4L * first; i < 4L * past; i += 4)
        {
            var velocity = Vector256.LoadAligned(v + i) + (Vector256.Create(kick1.Time * v[i + 3]) * Vector256.LoadAligned(forces1 + i));
            if (kicks > 1)
            {
                velocity += Vector256.Create(kick2.Time * v[i + 3]) * Vector256.LoadAligned(forces2 + i);
            }

            velocity.StoreAligned(v + i);
        }
    }

    // |u| with u = x − F x₀, counted from the corner of the box.
    private void Stray(int chunk, int first, int past)
    {
        var most = 0.0;
        for (var i = first; i < past; i++)
        {
            var way = Atoms.Position(i) - Box.Origin - (_map * (ParticleStore.Read(_built.Pointer, i) - Box.Origin));
            most = Math.Max(most, way.Norm);        // What is not a number stays.
        }

        _ways.Pointer[chunk] = most;
    }

    private void Remap(int chunk, int first, int past)
    {
        for (var i = first; i < past; i++)
        {
            ParticleStore.Write(Atoms.X, i, Box.Origin + (_map * (Atoms.Position(i) - Box.Origin)), Atoms.X[(4L * i) + 3]);
        }
    }

    // With d = n·(x − p) < 0:  x ← x − 2d n,  v ← v − 2 (n·v) n; an atom that comes back by itself, or moves without inertia, keeps its velocity.
    private void Reflect(int chunk, int first, int past)
    {
        for (var m = 0; m < _pushes.Length; m++)
        {
            var (mirror, push) = (Mirrors[m], 0.0);
            for (var i = first; i < past; i++)
            {
                var x = Atoms.Position(i);
                var distance = mirror.Distance(x);
                if (distance < 0)
                {
                    ParticleStore.Write(Atoms.X, i, x - (2 * distance * mirror.Normal), Atoms.X[(4L * i) + 3]);
                    if (!_hasInertia)
                    {
                        continue;
                    }

                    var v = Atoms.Velocity(i);
                    var across = Math.Min(0, Vec3.Dot(mirror.Normal, v));
                    ParticleStore.Write(Atoms.V, i, v - (2 * across * mirror.Normal), Atoms.V[(4L * i) + 3]);
                    push -= 2 * across * Start.Species[Start.Kinds[Atoms.Ids[i]]].Mass;
                }
            }

            _pushes[m][chunk] = push;
        }
    }

    private void Scale(int chunk, int first, int past)
    {
        var v = Atoms.V;
        var factor = Vector256.Create(_factor, _factor, _factor, 1);
        for (var i = 4L * first; i < 4L * past; i += 4)
        {
            (factor * Vector256.LoadAligned(v + i)).StoreAligned(v + i);
        }
    }

    private void Kinetic(int chunk, int first, int past)
    {
        var sum = Kinetic(Atoms, first, past);
        for (var e = 0; e < 6; e++)
        {
            _sums.Pointer[(8L * chunk) + e] = sum[e];
        }
    }

    /// <summary>Σ m v ⊗ v of some atoms, in units of energy.</summary>
    internal static SymTensor3 Kinetic(ParticleStore atoms, int first, int past)
    {
        var sum = default(SymTensor3);
        for (var i = first; i < past; i++)
        {
            sum += SymTensor3.Dyad(atoms.Velocity(i)) / atoms.V[(4L * i) + 3];
        }

        return sum;
    }

    private double Sum(int entry)
    {
        for (var c = 0; c < _entries.Length; c++)
        {
            _entries[c] = _sums.Pointer[(8L * c) + entry];
        }

        return FixedOrderSum.Of(_entries);
    }
}
