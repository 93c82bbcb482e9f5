using System.Collections.Immutable;
using System.Runtime.Intrinsics;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles.Interactions;

namespace ActorMultiscale.Physics.Particles;

/// <summary>The numbers of a moment, in the units of the atoms.</summary>
/// <param name="Potential">Potential energy.</param>
/// <param name="Kinetic">Kinetic energy.</param>
/// <param name="Virial">W = Σ r ⊗ f.</param>
/// <param name="Temperature">2K = (3N − 3) k_B T.</param>
/// <param name="Pressure">(Σ m v ⊗ v + W)/V.</param>
public sealed record Measurement(double Potential, double Kinetic, SymTensor3 Virial, double Temperature, SymTensor3 Pressure)
{
    /// <summary>Potential and kinetic energy.</summary>
    public double Total => Potential + Kinetic;
}

/// <summary>
/// Atoms that move by velocity Verlet under any number of interactions (W. C. Swope, H. C. Andersen, P. H. Berens, K. R. Wilson,
/// J. Chem. Phys. 76 (1982) 637). Neighbors are found anew as soon as two atoms may have come nearer to each other than the skin allows:
/// none is ever missed.
/// </summary>
/// <remarks>One caller at a time. The same configuration gives the same bits on any number of threads.</remarks>
public sealed unsafe class MolecularDynamics
{
    private const int Chunk = 512;

    private readonly AtomConfiguration _start;
    private readonly ImmutableArray<Interaction> _interactions;
    private readonly double _cutoff;
    private readonly double _skin;
    private readonly ExclusionTable? _excluded;
    private readonly ParticleStore _atoms;
    private readonly NeighborList _list;
    private readonly ForcePass _pass;
    private readonly AlignedArray<double> _built = new();       // Positions for which the list was made.
    private readonly AlignedArray<double> _moved = new();       // A chunk: the square of the way of the atom that went farthest since.
    private readonly Action<int, int, int> _kickAndDrift;
    private readonly Action<int, int, int> _kick;
    private SimulationBox _box;
    private bool _hasList;
    private bool _hasForces;
    private bool _owesKick;         // The second half of the last step's kick has yet to be given.
    private double _step;

    /// <summary>An engine for <paramref name="atoms"/>.</summary>
    /// <param name="atoms">The atoms; copied.</param>
    /// <param name="interactions">What acts on them; in this order.</param>
    /// <param name="skin">How far beyond the cutoff neighbors are looked for: the longer, the rarer.</param>
    /// <param name="excluded">
    /// Atoms that bonds lead to and that do not act on each other by pair interactions. In a box shorter than twice the reach an atom also feels
    /// images that are not the nearest: those are other atoms, and count, as they do in LAMMPS. What is excluded is the image to which the bond leads.
    /// </param>
    /// <exception cref="ScaleModelException">There are no atoms, or the skin is not above zero, or a bond, angle or dihedral has no parameters; all that is wrong is named.</exception>
    public MolecularDynamics(AtomConfiguration atoms, ImmutableArray<Interaction> interactions, double skin, BondedNeighbors excluded = BondedNeighbors.None)
    {
        ArgumentNullException.ThrowIfNull(atoms);
        Check(atoms, interactions, skin);
        (_start, _interactions, _skin, _box) = (atoms, interactions, skin, atoms.Box);
        _cutoff = interactions.Max(i => i.Cutoff);
        foreach (var interaction in interactions)
        {
            interaction.Attach(atoms);
        }

        _excluded = ExclusionTable.Of(atoms, excluded);
        _atoms = new(atoms);
        _list = new(_atoms, _box);
        _pass = new(_atoms, _list) { Box = _box, Loop = ChunkedLoop.Serial };
        _moved.Ensure(ChunkedLoop.Chunks(atoms.Count, Chunk));
        (_kickAndDrift, _kick) = (KickAndDrift, Kick);
    }

    /// <summary>How many atoms there are.</summary>
    public int Count => _atoms.Count;

    /// <summary>Where they live.</summary>
    public SimulationBox Box => _box;

    /// <summary>How often neighbors were looked for.</summary>
    public long Rebuilds => _list.Builds;

    /// <summary>Moves the atoms by so many steps.</summary>
    /// <param name="steps">How many.</param>
    /// <param name="step">Length of a step.</param>
    /// <param name="loop">The way to run a loop on several threads; that of a team where steps are short.</param>
    /// <param name="cancellation">Signalled when nobody wants the rest; the atoms are between two steps then.</param>
    /// <exception cref="ScaleModelException">An atom is nowhere.</exception>
    public void Advance(long steps, double step, ChunkedLoop loop, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(loop);
        if (steps > 0 && !_hasForces)
        {
            Evaluate(loop, counts: false);
        }

        _step = step;
        try
        {
            for (var s = 0L; s < steps; s++)
            {
                cancellation.ThrowIfCancellationRequested();

                // v(t + Δt/2) = v + Δt f(t)/2m,  x(t + Δt) = x + Δt v(t + Δt/2)
                loop.Run(Count, Chunk, _kickAndDrift);
                Evaluate(loop, counts: false);
                _owesKick = true;
            }
        }
        finally
        {
            // v(t + Δt) = v(t + Δt/2) + Δt f(t + Δt)/2m; between two steps that is done together with the next step's first half.
            if (_owesKick)
            {
                loop.Run(Count, Chunk, _kick);
                _owesKick = false;
            }
        }
    }

    /// <summary>Energies, temperature and pressure as they are now.</summary>
    public Measurement Measure(ChunkedLoop loop)
    {
        Evaluate(loop, counts: true);
        var (potential, virial) = _pass.Total();

        // Σ m v ⊗ v, in units of energy; the fourth entry of a row of velocities is 1/m.
        var entries = new double[6][];
        for (var e = 0; e < 6; e++)
        {
            entries[e] = new double[Count];
        }

        for (var i = 0; i < Count; i++)
        {
            var dyad = SymTensor3.Dyad(_atoms.Velocity(i)) / _atoms.V[(4L * i) + 3];
            for (var e = 0; e < 6; e++)
            {
                entries[e][i] = dyad[e];
            }
        }

        double Sum(int e) => FixedOrderSum.Of(entries[e]);
        var motion = new SymTensor3(Sum(0), Sum(1), Sum(2), Sum(3), Sum(4), Sum(5));
        var temperature = Count > 1 ? motion.Trace / (3.0 * (Count - 1) * _start.Units.Boltzmann) : 0;
        return new(potential, 0.5 * motion.Trace, virial, temperature, _start.Units.Pressure / _box.Volume * (motion + virial));
    }

    /// <summary>The share of each atom in potential energy and virial, in the order of the configuration.</summary>
    /// <exception cref="ScaleModelException">An interaction does not say what its shares are.</exception>
    public AtomShares Shares(ChunkedLoop loop)
    {
        Require(i => i.HasShares, "does not divide its energy among atoms");
        Evaluate(loop, counts: false, shares: true);
        var (energies, virials, flows) = (new double[Count], new Matrix3[Count], new Matrix3[Count]);
        for (var i = 0; i < Count; i++)
        {
            var s = _pass.Share(i);
            energies[_atoms.Ids[i]] = s[0];
            virials[_atoms.Ids[i]] = new(s[1], s[6] + s[9], s[5] + s[8], s[6] - s[9], s[2], s[4] + s[7], s[5] - s[8], s[4] - s[7], s[3]);
            s += ForcePass.FlowShare;
            flows[_atoms.Ids[i]] = virials[_atoms.Ids[i]] + new Matrix3(s[0], s[5], s[4], s[5], s[1], s[3], s[4], s[3], s[2]);
        }

        return new(energies, virials, flows);
    }

    /// <summary>Shows the forces of all pairs, those of images among them, each once from either side: half of their sum is that over pairs.</summary>
    /// <param name="visitor">Is shown them, on this thread.</param>
    /// <param name="loop">The way to run a loop on several threads.</param>
    /// <exception cref="ScaleModelException">An interaction has forces that are not those of pairs along the line between them.</exception>
    public void VisitPairs(PairVisitor visitor, ChunkedLoop loop)
    {
        ArgumentNullException.ThrowIfNull(visitor);
        Require(i => i.HasPairs, "has forces that are not those of pairs along the line between them");

        // What an interaction keeps of its last computation must be that of now.
        Evaluate(loop, counts: false);
        foreach (var interaction in _interactions)
        {
            interaction.Visit(_pass, visitor);
        }
    }

    /// <summary>Gives the atoms other velocities, between two steps.</summary>
    /// <param name="velocities">Of each atom, in the order of the configuration.</param>
    /// <exception cref="ScaleModelException">There are too few or too many, or one is not finite.</exception>
    public void SetVelocities(ReadOnlySpan<Vec3> velocities)
    {
        if (velocities.Length != Count)
        {
            throw new ScaleModelException($"There are {velocities.Length} velocities for {Count} atoms.");
        }

        foreach (var v in velocities)
        {
            if (!double.IsFinite(v.NormSquared))
            {
                throw new ScaleModelException("A velocity is not a finite number.");
            }
        }

        for (var i = 0; i < Count; i++)
        {
            ParticleStore.Write(_atoms.V, i, velocities[_atoms.Ids[i]], _atoms.V[(4L * i) + 3]);
        }
    }

    /// <summary>The force on each atom, in the order of the configuration.</summary>
    public Vec3[] Forces(ChunkedLoop loop)
    {
        if (!_hasForces)
        {
            Evaluate(loop, counts: false);
        }

        var forces = new Vec3[Count];
        for (var i = 0; i < Count; i++)
        {
            forces[_atoms.Ids[i]] = _atoms.Force(i);
        }

        return forces;
    }

    /// <summary>The atoms as they are now, in the order of the configuration; positions are not wrapped.</summary>
    public AtomConfiguration Configuration()
    {
        var (positions, velocities) = (new Vec3[Count], new Vec3[Count]);
        for (var i = 0; i < Count; i++)
        {
            positions[_atoms.Ids[i]] = _atoms.Position(i) + (_box.Cell * _atoms.Images[i]);
            velocities[_atoms.Ids[i]] = _atoms.Velocity(i);
        }

        return _start with { Box = _box, Positions = positions, Velocities = velocities };
    }

    /// <summary>Saves or restores where the atoms are and how they move. What follows has the same bits as without.</summary>
    public void Archive(StateArchive archive)
    {
        ArgumentNullException.ThrowIfNull(archive);
        _ = archive.Version(1);

        // Sums go through neighbors in the order of the list, and that is the order of the positions for which it was made.
        var hasList = _hasList;
        archive.Value("has-list", ref hasList);
        double[] Rows(double* rows) => archive.IsRestoring ? [] : new ReadOnlySpan<double>(rows, 4 * Count).ToArray();
        var (x, v, built, ids, images) = (Rows(_atoms.X), Rows(_atoms.V), hasList ? Rows(_built.Pointer) : [], _atoms.Ids, _atoms.Images);
        archive.Field("positions", ref x);
        archive.Field("velocities", ref v);
        archive.Field("listed", ref built);
        archive.Field("ids", ref ids);
        archive.Field("images", ref images);
        if (!archive.IsRestoring)
        {
            return;
        }

        if (x.Length != 4 * Count || v.Length != x.Length || ids.Length != Count || images.Length != Count || (hasList && built.Length != x.Length)
            || !ids.Order().SequenceEqual(Enumerable.Range(0, Count)))
        {
            throw new ScaleModelException("The state is that of other atoms.");
        }

        ids.CopyTo(_atoms.Ids, 0);
        images.CopyTo(_atoms.Images, 0);
        v.CopyTo(new Span<double>(_atoms.V, v.Length));
        (_hasList, _hasForces) = (false, false);
        if (hasList)
        {
            built.CopyTo(new Span<double>(_atoms.X, x.Length));
            Build(ChunkedLoop.Serial);
        }

        x.CopyTo(new Span<double>(_atoms.X, x.Length));
        images.CopyTo(_atoms.Images, 0);
    }

    private static void Check(AtomConfiguration atoms, ImmutableArray<Interaction> interactions, double skin)
    {
        var faults = new List<string>();
        void Require(bool holds, FormattableString fault)
        {
            if (!holds)
            {
                faults.Add(FormattableString.Invariant(fault));
            }
        }

        var n = atoms.Positions.Length;
        Require(n > 0, $"there are no atoms");
        Require(!interactions.IsDefaultOrEmpty, $"there is no interaction");
        Require(skin > 0 && double.IsFinite(skin), $"the skin is {skin}; it is above zero, 0.3 of the size of an atom for instance");
        Require(atoms.Kinds.Length == n, $"there are {atoms.Kinds.Length} kinds for {n} positions");
        Require(atoms.Velocities.Length is 0 || atoms.Velocities.Length == n, $"there are {atoms.Velocities.Length} velocities for {n} positions");
        Require(atoms.Kinds.All(k => k >= 0 && k < atoms.Species.Length), $"an atom has a kind that is not among the {atoms.Species.Length} species");
        Require(atoms.Species.Length <= KindTable.MostKinds, $"there are {atoms.Species.Length} species; the kernels know {KindTable.MostKinds} at most");
        Require(atoms.Species.All(s => s.Mass > 0 && double.IsFinite(s.Mass)), $"a species has no mass above zero");
        Require(atoms.Positions.All(x => double.IsFinite(x.NormSquared)), $"an atom is nowhere: a coordinate is not a finite number");
        Require(atoms.Bonds.All(b => !b.Atoms.IsDefault && b.Atoms.Length == 2 && b.Atoms.All(a => a >= 0 && a < n)), $"a bond has not two of the {n} atoms");
        Require(atoms.Velocities.All(v => double.IsFinite(v.NormSquared)), $"a velocity is not a finite number");
        if (faults.Count > 0)
        {
            throw new ScaleModelException($"These atoms cannot be computed: {string.Join("; ", faults)}.");
        }
    }

    private void Require(Predicate<Interaction> holds, string fault)
    {
        if (_interactions.Select((interaction, i) => (interaction, i)).FirstOrDefault(p => !holds(p.interaction)) is (not null, var at))
        {
            throw new ScaleModelException($"Interaction {at + 1} of {_interactions.Length} {fault}; this measure is not known for it.");
        }
    }

    private void Evaluate(ChunkedLoop loop, bool counts, bool shares = false)
    {
        if (!_hasList || MustRebuild())
        {
            Build(loop);
        }
        else if (!_hasForces)
        {
            _list.Follow(_box, loop);
        }

        (_pass.Box, _pass.Loop, _pass.Counts, _pass.WantsShares, _pass.IsFirst) = (_box, loop, counts, shares, true);
        if (counts)
        {
            _pass.Clear();
        }

        if (shares)
        {
            _pass.ClearShares();
        }

        foreach (var interaction in _interactions)
        {
            interaction.Run(_pass);
            _pass.IsFirst = false;
        }

        _hasForces = true;
    }

    // Two atoms have come nearer to each other by at most twice the longest way. What is not a number is found out by whoever builds.
    private bool MustRebuild()
    {
        if (_hasForces)
        {
            return false;       // Nobody has moved.
        }

        var most = 0.0;
        for (var c = 0; c < ChunkedLoop.Chunks(Count, Chunk); c++)
        {
            most = Math.Max(most, _moved.Pointer[c]);
        }

        return !(4 * most <= _skin * _skin);
    }

    private void Build(ChunkedLoop loop)
    {
        // Where there are bonds only nobody needs neighbors, and cells are not to be smaller than an atom's share of the box.
        var reach = _cutoff > 0 ? _cutoff + _skin : Math.Max(_skin, Math.Cbrt(_box.Volume / Count));
        _list.Build(_box, reach, _excluded, loop);
        _built.Ensure(4 * Count);
        new ReadOnlySpan<double>(_atoms.X, 4 * Count).CopyTo(_built.Span(4 * Count));
        _moved.Span(ChunkedLoop.Chunks(Count, Chunk)).Clear();
        _hasList = true;
    }

    private void KickAndDrift(int chunk, int first, int past)
    {
        _hasForces = false;
        var x = _atoms.X;
        var v = _atoms.V;
        var f = _atoms.F;
        var built = _built.Pointer;
        var (half, step) = (0.5 * _step, Vector256.Create(_step, _step, _step, 0));
        var most = Vector256<double>.Zero;
        for (var i = 4L * first; i < 4L * past; i += 4)
        {
            var kick = Vector256.Create(half * v[i + 3]) * Vector256.LoadAligned(f + i);
            var velocity = Vector256.LoadAligned(v + i);
            if (_owesKick)
            {
                velocity += kick;
            }

            velocity += kick;
            velocity.StoreAligned(v + i);
            var position = Vector256.LoadAligned(x + i) + (step * velocity);
            position.StoreAligned(x + i);
            var way = position - Vector256.LoadAligned(built + i);
            most = Vector256.Max(most, Vector256.Create(Vector256.Dot(way, way)));
        }

        _moved.Pointer[chunk] = most[0];
    }

    private void Kick(int chunk, int first, int past)
    {
        var v = _atoms.V;
        var f = _atoms.F;
        var half = 0.5 * _step;
        for (var i = 4L * first; i < 4L * past; i += 4)
        {
            (Vector256.LoadAligned(v + i) + (Vector256.Create(half * v[i + 3]) * Vector256.LoadAligned(f + i))).StoreAligned(v + i);
        }
    }
}
