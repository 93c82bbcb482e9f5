using System.Collections.Immutable;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles.Building;
using ActorMultiscale.Physics.Particles.Interactions;
using ActorMultiscale.Physics.Particles.Motions;

namespace ActorMultiscale.Physics.Particles.Domains;

/// <summary>
/// The atoms of a domain and what is done with them: kicks, drifts, neighbors, forces. Behind them stand images: copies of atoms of other domains,
/// or of its own, that they feel; whoever drives this brings them. Lists hold each pair from either side, so no forces go back to other domains.
/// </summary>
internal sealed unsafe class DomainAtoms
{
    private const int NumbersOfAtom = 11;       // Of one that goes elsewhere: place, kind, velocity, number, images.

    private readonly DividedRegion _region;
    private readonly BoxVectors _vectors;
    private readonly double[] _thrusts;         // Acceleration by a unit of force, of each kind.
    private readonly double _cutoff;
    private readonly double _reach;
    private readonly double _beyond;
    private readonly AlignedArray<double> _built = new();       // Positions for which the list was made,
    private readonly AlignedArray<double> _builtImages = new(); // and those of images.
    private readonly AlignedArray<double> _ways = new();        // So many atoms as share lists: how far one of them can have gone since.
    private readonly AlignedArray<double> _sums = new();        // A chunk: six sums, and two to fill a cache line.
    private readonly Action<int, int, int> _kickAndDrift;
    private readonly Action<int, int, int> _kick;
    private readonly Action<int, int, int> _kinetic;
    private readonly Action<int, int, int> _push;
    private readonly Philox _random;
    private long[] _numbers = [];           // Of each atom its number in the region,
    private long[] _sortedNumbers = [];
    private long[] _ids = [];               // and its id.
    private double[] _entries = [];
    private double _rounding;               // More than a drift is rounded by.

    // What the loops read.
    private int _kicks;
    private double _kickTime;
    private double _drift;
    private double _kept;
    private double _width;
    private long _step;

    public DomainAtoms(DividedRegion region)
    {
        (_region, _vectors, Interactions) = (region, new(region.Box), region.Interactions());
        _thrusts = [.. region.Species.Select(s => region.Units.ForceToAcceleration / s.Mass)];
        _cutoff = Interactions.Max(i => i.Cutoff);
        (_reach, _beyond) = (_cutoff + region.Skin, 0.5 * region.Skin);
        List = new(Atoms, region.Box);
        Pass = new(Atoms, List) { Box = region.Box, Loop = ChunkedLoop.Serial };
        _random = new(region.Bath?.Seed ?? 0, Langevin.Stream);
        (_kickAndDrift, _kick, _kinetic, _push) = (KickAndDrift, Kick, Kinetic, Push);
    }

    public ParticleStore Atoms { get; } = new();

    public NeighborList List { get; }

    public ForcePass Pass { get; }

    public ImmutableArray<Interaction> Interactions { get; }

    public int Count => Atoms.Count;

    /// <summary>How near to a domain an atom of another must be to be brought there as an image: cutoff and skin, and half of the skin for those who look for newcomers.</summary>
    public double Margin => _reach + _beyond;

    /// <summary>Whether there is a list of neighbors.</summary>
    public bool HasList { get; private set; }

    /// <summary>Rows of the positions for which the list was made.</summary>
    public ReadOnlySpan<double> Listed => _built.Span(4 * Count);

    /// <summary>The number in the region of the atom in each place.</summary>
    public ReadOnlySpan<long> Numbers => _numbers.AsSpan(0, Count);

    private ChunkedLoop Loop => Pass.Loop;

    /// <summary>Takes the atoms with which the domain begins.</summary>
    public void Place(PartOfRegion part)
    {
        var atoms = part.Atoms;
        Atoms.Resize(0);
        Resize(atoms.Count);
        HasList = false;
        for (var i = 0; i < Count; i++)
        {
            ParticleStore.Write(Atoms.X, i, atoms.Positions[i], atoms.Kinds[i]);
            ParticleStore.Write(Atoms.V, i, atoms.Velocities.Length > 0 ? atoms.Velocities[i] : Vec3.Zero, _thrusts[atoms.Kinds[i]]);
            (Atoms.Images[i], _numbers[i]) = (Vec3.Zero, part.Numbers[i]);
            _vectors.Wrap(Atoms.X + (4L * i), ref Atoms.Images[i]);
        }
    }

    /// <summary>Gives the atoms velocities as <see cref="ThermalVelocities"/> does, but for the common motion and the scale.</summary>
    public void DrawVelocities(double temperature, ulong seed)
    {
        var random = ThermalVelocities.Random(seed);
        for (var i = 0; i < Count; i++)
        {
            // 1/m is the acceleration by a unit of force: energies are of masses times squares of velocities times a unit.
            var thrust = Atoms.V[(4L * i) + 3];
            ParticleStore.Write(Atoms.V, i, Math.Sqrt(_region.Units.Boltzmann * temperature * thrust) * ThermalVelocities.Drawn(random, _region.IdOf(_numbers[i])), thrust);
        }
    }

    /// <summary>v ← c (v − u).</summary>
    public void ShiftAndScale(Vec3 shift, double factor)
    {
        for (var i = 0; i < Count; i++)
        {
            ParticleStore.Write(Atoms.V, i, factor * (Atoms.Velocity(i) - shift), Atoms.V[(4L * i) + 3]);
        }
    }

    /// <summary>Σ m v, in units of mass and velocity.</summary>
    public Vec3 Momentum()
    {
        Vec3 sum = default;
        for (var i = 0; i < Count; i++)
        {
            sum += _region.Species[Kind(i)].Mass * Atoms.Velocity(i);
        }

        return sum;
    }

    /// <summary>v ← v + n Δt f/m, n times, then x ← x + Δt′ v.</summary>
    public void KickAndDrift(int kicks, double kickTime, double drift)
    {
        (_kicks, _kickTime, _drift) = (kicks, kickTime, drift);
        Loop.Run(Count, Mover.Chunk, _kickAndDrift);
    }

    /// <summary>v ← v + Δt f/m, so many times.</summary>
    public void Kick(int kicks, double kickTime)
    {
        (_kicks, _kickTime) = (kicks, kickTime);
        if (kicks > 0)
        {
            Loop.Run(Count, Mover.Chunk, _kick);
        }
    }

    /// <summary>Lets the bath of the region act for a step: <see cref="Langevin"/>.</summary>
    public void Push(LangevinBath bath, long step, double time)
    {
        _kept = Math.Exp(-bath.Friction * time);
        _width = Math.Sqrt((1 - (_kept * _kept)) * _region.Units.Boltzmann * bath.Temperature);
        _step = step;
        Loop.Run(Count, Mover.Chunk, _push);
    }

    /// <summary>Σ m v ⊗ v, in units of energy.</summary>
    public SymTensor3 Kinetic()
    {
        var chunks = ChunkedLoop.Chunks(Count, Mover.Chunk);
        _sums.Ensure(8 * chunks);
        Loop.Run(Count, Mover.Chunk, _kinetic);
        if (_entries.Length < chunks)
        {
            _entries = new double[chunks];
        }

        double Sum(int entry)
        {
            for (var c = 0; c < chunks; c++)
            {
                _entries[c] = _sums.Pointer[(8L * c) + entry];
            }

            return FixedOrderSum.Of(_entries.AsSpan(0, chunks));
        }

        return new(Sum(0), Sum(1), Sum(2), Sum(3), Sum(4), Sum(5));
    }

    /// <summary>
    /// Whether an atom of this domain that has gone farther than the other one of its pair has come within the cutoff of one that is not in its list. Images must be
    /// where they are now. If no domain finds any, no pair is missed.
    /// </summary>
    public bool NeedsList()
    {
        if (Count == 0)
        {
            return false;
        }

        var most = 0.0;
        foreach (var way in _ways.Span(ChunkedLoop.Chunks(Count, NeighborList.Chunk)))
        {
            most = Math.Max(most, way);
        }

        return !(2 * most <= _region.Skin) && List.HasNewcomers(_region.Box, _built.Pointer, _ways.Pointer, _cutoff, _region.Skin, Loop);
    }

    /// <summary>Takes those atoms out that belong to other domains now. Images are gone afterwards.</summary>
    /// <param name="split">The split.</param>
    /// <param name="domain">The number of this domain.</param>
    /// <returns>For each other domain what <see cref="Join"/> is to be given there.</returns>
    /// <exception cref="ScaleModelException">An atom is nowhere.</exception>
    public Dictionary<int, List<double>> Leave(DomainSplit split, int domain)
    {
        var leaving = new Dictionary<int, List<double>>();
        var stay = 0;
        for (var i = 0; i < Count; i++)
        {
            _vectors.Wrap(Atoms.X + (4L * i), ref Atoms.Images[i]);
            var (x, v, image) = (Atoms.Position(i), Atoms.Velocity(i), Atoms.Images[i]);
            if (!double.IsFinite(x.NormSquared))
            {
                throw new ScaleModelException("An atom is nowhere: a coordinate is not a finite number. The time step is probably too long, or two atoms lie upon each other.");
            }

            var owner = split.OwnerOf(x);
            if (owner == domain)
            {
                if (stay < i)
                {
                    ParticleStore.Write(Atoms.X, stay, x, Kind(i));
                    ParticleStore.Write(Atoms.V, stay, v, _thrusts[Kind(i)]);
                    (Atoms.Images[stay], _numbers[stay]) = (image, _numbers[i]);
                }

                stay++;
                continue;
            }

            if (!leaving.TryGetValue(owner, out var numbers))
            {
                leaving[owner] = numbers = [];
            }

            numbers.AddRange([x.X, x.Y, x.Z, Kind(i), v.X, v.Y, v.Z, _numbers[i], image.X, image.Y, image.Z]);
        }

        Resize(stay);
        return leaving;
    }

    /// <summary>Takes atoms in.</summary>
    public void Join(ReadOnlySpan<double> numbers)
    {
        var at = Count;
        Resize(at + (numbers.Length / NumbersOfAtom));
        for (; numbers.Length > 0; numbers = numbers[NumbersOfAtom..], at++)
        {
            ParticleStore.Write(Atoms.X, at, new(numbers[0], numbers[1], numbers[2]), numbers[3]);
            ParticleStore.Write(Atoms.V, at, new(numbers[4], numbers[5], numbers[6]), _thrusts[(int)numbers[3]]);
            (_numbers[at], Atoms.Images[at]) = ((long)numbers[7], new(numbers[8], numbers[9], numbers[10]));
        }
    }

    /// <summary>Puts the atoms into the order in which they stay until there is another list.</summary>
    public void Sort()
    {
        HasList = false;
        if (Count == 0)
        {
            return;
        }

        List.SortPart(_reach, _beyond, Loop);
        for (var i = 0; i < Count; i++)
        {
            _sortedNumbers[i] = _numbers[Atoms.Ids[i]];
        }

        (_numbers, _sortedNumbers) = (_sortedNumbers, _numbers);
        Atoms.NumberPlaces();
        for (var i = 0; i < Count; i++)
        {
            _ids[i] = _region.IdOf(_numbers[i]);
        }
    }

    /// <summary>Finds the neighbors, after the images have been brought.</summary>
    public void FindNeighbors()
    {
        _built.Ensure(4 * Count);
        _builtImages.Ensure(4 * Atoms.Ghosts);
        new ReadOnlySpan<double>(Atoms.X, 4 * Count).CopyTo(_built.Span(4 * Count));
        new ReadOnlySpan<double>(Atoms.X + (4L * Count), 4 * Atoms.Ghosts).CopyTo(_builtImages.Span(4 * Atoms.Ghosts));
        HasList = true;
        if (Count == 0)
        {
            return;
        }

        List.FillAround(_reach, Loop);
        _rounding = (1e-9 * _region.Skin) + (4e-16 * (List.Corner.Norm + List.Extent));
        SetWays(0);
    }

    /// <summary>Where an atom is, not wrapped.</summary>
    public Vec3 Unwrapped(int i) => Atoms.Position(i) + (_region.Box.Cell * Atoms.Images[i]);

    /// <summary>Saves or restores the atoms, their forces and their neighbors.</summary>
    /// <param name="archive">The archive.</param>
    /// <param name="isOfDomain">Whether a place that the list was made for is in the domain.</param>
    public void Archive(StateArchive archive, Predicate<Vec3> isOfDomain)
    {
        var hasList = HasList;
        archive.Value("has-list", ref hasList);
        double[] Rows(double* rows, int count) => archive.IsRestoring ? [] : new ReadOnlySpan<double>(rows, 4 * count).ToArray();
        var (x, v, f) = (Rows(Atoms.X, Count), Rows(Atoms.V, Count), Rows(Atoms.F, Count));
        var (built, builtImages) = hasList ? (Rows(_built.Pointer, Count), Rows(_builtImages.Pointer, Atoms.Ghosts)) : ([], []);
        var (numbers, images) = archive.IsRestoring ? ([], []) : (_numbers[..Count], Atoms.Images[..Count]);
        archive.Field("positions", ref x);
        archive.Field("velocities", ref v);
        archive.Field("forces", ref f);
        archive.Field("listed", ref built);
        archive.Field("listed-images", ref builtImages);
        archive.Field("numbers", ref numbers);
        archive.Field("images", ref images);
        if (!archive.IsRestoring)
        {
            return;
        }

        // What is spoiled shall be refused, not computed.
        var n = numbers.Length;
        if (x.Length != 4 * n || v.Length != 4 * n || f.Length != 4 * n || images.Length != n || (hasList && built.Length != 4 * n) || builtImages.Length % 4 != 0
            || numbers.Any(number => number < 0 || number >= _region.Count) || numbers.Distinct().Count() != n)
        {
            throw new ScaleModelException("The state of a domain is that of other atoms.");
        }

        if (!(x.All(double.IsFinite) && v.All(double.IsFinite) && f.All(double.IsFinite) && built.All(double.IsFinite) && builtImages.All(double.IsFinite) && images.All(i => double.IsFinite(i.NormSquared))))
        {
            throw new ScaleModelException("The state of a domain has atoms that are nowhere.");
        }

        bool IsKind(double kind) => kind >= 0 && kind < _thrusts.Length && kind == Math.Floor(kind);
        for (var i = 0; i < n; i++)
        {
            var row = 4 * i;
            if (!IsKind(x[row + 3]) || (hasList && built[row + 3] != x[row + 3]) || v[row + 3] != _thrusts[(int)x[row + 3]])
            {
                throw new ScaleModelException("The state of a domain is that of atoms of other kinds or masses.");
            }

            if (hasList && !isOfDomain(new(built[row], built[row + 1], built[row + 2])))
            {
                throw new ScaleModelException("The state of a domain is that of another one.");
            }
        }

        for (var g = 3; g < builtImages.Length; g += 4)
        {
            if (!IsKind(builtImages[g]))
            {
                throw new ScaleModelException("The state of a domain has images of kinds that there are not.");
            }
        }

        Atoms.Resize(0);
        Resize(n);
        HasList = false;
        numbers.CopyTo(_numbers, 0);
        images.CopyTo(Atoms.Images, 0);
        v.CopyTo(new Span<double>(Atoms.V, 4 * n));
        if (hasList)
        {
            // The order is that of the list already, and sorting keeps it.
            built.CopyTo(new Span<double>(Atoms.X, 4 * n));
            Sort();
            Atoms.SetGhosts(builtImages.Length / 4);
            builtImages.CopyTo(new Span<double>(Atoms.X + (4L * n), builtImages.Length));
            FindNeighbors();
            SetWays(double.PositiveInfinity);
        }

        x.CopyTo(new Span<double>(Atoms.X, 4 * n));
        v.CopyTo(new Span<double>(Atoms.V, 4 * n));
        f.CopyTo(new Span<double>(Atoms.F, 4 * n));
        images.CopyTo(Atoms.Images, 0);
    }

    private int Kind(int i) => (int)Atoms.X[(4L * i) + 3];

    private void SetWays(double way)
    {
        var chunks = ChunkedLoop.Chunks(Count, NeighborList.Chunk);
        _ways.Ensure(chunks);
        _ways.Span(chunks).Fill(way);
    }

    private void Resize(int count)
    {
        Atoms.Resize(count);
        if (_numbers.Length < count)
        {
            Array.Resize(ref _numbers, Atoms.Room);
            (_sortedNumbers, _ids) = (new long[Atoms.Room], new long[Atoms.Room]);
        }
    }

    private void KickAndDrift(int chunk, int first, int past)
    {
        var kick = (_kickTime, (nint)Atoms.F);
        for (var from = first; from < past; from += NeighborList.Chunk)
        {
            var way = Mover.KickAndDrift(Atoms, from, Math.Min(past, from + NeighborList.Chunk), _kicks, kick, kick, _drift);
            _ways.Pointer[from / NeighborList.Chunk] += way + _rounding;
        }
    }

    private void Kick(int chunk, int first, int past)
    {
        var kick = (_kickTime, (nint)Atoms.F);
        Mover.Kick(Atoms, first, past, _kicks, kick, kick);
    }

    private void Push(int chunk, int first, int past) => Langevin.Push(Atoms, first, past, _random, _step, _ids, _kept, _width);

    private void Kinetic(int chunk, int first, int past)
    {
        var sum = Mover.Kinetic(Atoms, first, past);
        for (var e = 0; e < 6; e++)
        {
            _sums.Pointer[(8L * chunk) + e] = sum[e];
        }
    }
}
