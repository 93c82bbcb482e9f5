using System.Collections.Immutable;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles.Interactions;
using ActorMultiscale.Physics.Particles.Motions;

namespace ActorMultiscale.Physics.Particles;

/// <summary>The numbers of a moment, in the units of the atoms.</summary>
/// <param name="Potential">Potential energy.</param>
/// <param name="Kinetic">Kinetic energy.</param>
/// <param name="Virial">W = Σ r ⊗ f.</param>
/// <param name="Temperature">2K = n k_B T with the <see cref="Motion.DegreesOfFreedom(int, bool)"/> n of the motion; zero if there are none.</param>
/// <param name="Pressure">(Σ m v ⊗ v + W)/V.</param>
public sealed record Measurement(double Potential, double Kinetic, SymTensor3 Virial, double Temperature, SymTensor3 Pressure)
{
    /// <summary>Potential and kinetic energy.</summary>
    public double Total => Potential + Kinetic;

    /// <summary>What the motion conserves but for the error of its steps, in the unit of energy: <see cref="Total"/> and what thermostats and barostats hold. Null if it conserves nothing.</summary>
    public double? Conserved { get; init; }
}

/// <summary>
/// Atoms that move under any number of interactions: at constant energy, or as another <see cref="Motion"/> has it. Neighbors are found anew
/// as soon as two atoms may have come nearer to each other than the skin allows: none is ever missed.
/// </summary>
/// <remarks>One caller at a time. The same configuration gives the same bits on any number of threads.</remarks>
public sealed class MolecularDynamics
{
    private readonly Mover _mover;
    private readonly Motion _motion;

    /// <summary>An engine for <paramref name="atoms"/>.</summary>
    /// <param name="atoms">The atoms; copied.</param>
    /// <param name="interactions">What acts on them; in this order.</param>
    /// <param name="skin">How far beyond the cutoff neighbors are looked for: the longer, the rarer.</param>
    /// <param name="excluded">
    /// Atoms that bonds lead to and that do not act on each other by pair interactions. In a box shorter than twice the reach an atom also feels
    /// images that are not the nearest: those are other atoms, and count, as they do in LAMMPS. What is excluded is the image to which the bond leads.
    /// </param>
    /// <param name="motion">How they move in a step; <see cref="VelocityVerlet"/> if null.</param>
    /// <param name="mirrors">What reflects them while they drift, one mirror after the other; nothing if left out.</param>
    /// <exception cref="ScaleModelException">
    /// There are no atoms, or the skin is not above zero, or a bond, angle or dihedral has no parameters; all that is wrong is named. Or the motion
    /// cannot move them.
    /// </exception>
    public MolecularDynamics(AtomConfiguration atoms, ImmutableArray<Interaction> interactions, double skin, BondedNeighbors excluded = BondedNeighbors.None, Motion? motion = null, ImmutableArray<Mirror> mirrors = default)
    {
        ArgumentNullException.ThrowIfNull(atoms);
        Check(atoms, interactions, skin);
        foreach (var interaction in interactions)
        {
            interaction.Attach(atoms);
        }

        ImmutableArray<Mirror> reflecting = mirrors.IsDefault ? [] : mirrors;
        foreach (var mirror in reflecting)
        {
            mirror.Check(atoms);
        }

        _motion = motion ?? new VelocityVerlet();
        _mover = new(atoms, interactions, skin, ExclusionTable.Of(atoms, excluded), reflecting) { Deformation = _motion.Deformation };
        _motion.Attach(_mover);
    }

    /// <summary>How many atoms there are.</summary>
    public int Count => _mover.Count;

    /// <summary>Where they live.</summary>
    public SimulationBox Box => _mover.Box;

    /// <summary>How often neighbors were looked for.</summary>
    public long Rebuilds => _mover.List.Builds;

    /// <summary>How many steps there were.</summary>
    public long Steps => _mover.Steps;

    /// <summary>How much momentum each mirror has given to the atoms along its normal, in units of mass and velocity; none where they move without inertia.</summary>
    public ImmutableArray<double> Impulses => [.. _mover.Impulses];

    /// <summary>Called after each step with the number of all <see cref="Steps"/>, for those who show how far it is; nobody if null. It must leave the engine alone.</summary>
    public Action<long>? OnStep { get; set; }

    /// <summary>Moves the atoms by so many steps.</summary>
    /// <param name="steps">How many.</param>
    /// <param name="step">Length of a step.</param>
    /// <param name="loop">The way to run a loop on several threads; that of a team where steps are short.</param>
    /// <param name="cancellation">Signalled when nobody wants the rest; the atoms are between two steps then.</param>
    /// <exception cref="ScaleModelException">An atom is nowhere, or nothing or too little is left of a box that is deformed.</exception>
    public void Advance(long steps, double step, ChunkedLoop loop, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(loop);
        _mover.Loop = loop;
        if (steps > 0)
        {
            _motion.Begin(_mover);
        }

        try
        {
            for (var s = 0L; s < steps; s++)
            {
                cancellation.ThrowIfCancellationRequested();
                _motion.Step(_mover, step);
                _mover.Steps++;
                OnStep?.Invoke(_mover.Steps);
            }
        }
        finally
        {
            _mover.Settle();
        }
    }

    /// <summary>
    /// Moves the atoms to where their potential energy is least, or with <paramref name="box"/> atoms and box to where the enthalpy is: the
    /// least nearby. They are at rest afterwards. A <see cref="Deformation"/> counts from the box to which it came.
    /// </summary>
    /// <param name="method">The way there.</param>
    /// <param name="force">How large the force on an atom may be at the end, in the unit of force of the atoms; above zero.</param>
    /// <param name="loop">The way to run a loop on several threads.</param>
    /// <param name="box">How the box changes; null: it stays as it is.</param>
    /// <param name="most">How often forces are computed at most, about.</param>
    /// <param name="cancellation">Signalled when nobody wants the rest.</param>
    /// <returns>What was reached, whether or not it is good enough.</returns>
    /// <exception cref="ScaleModelException">A number makes no sense, the box cannot be relaxed, an atom is nowhere, or there are mirrors. Atoms and box are then as they were before, to the bit, and so they are whatever else goes wrong.</exception>
    /// <exception cref="OperationCanceledException">Nobody wants the rest; atoms and box are as they were before.</exception>
    public Minimum Minimize(Minimizer method, double force, ChunkedLoop loop, BoxRelaxation? box = null, long most = 100_000, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(method);
        ArgumentNullException.ThrowIfNull(loop);
        if (!(force > 0 && double.IsFinite(force) && most > 0))
        {
            throw new ScaleModelException(FormattableString.Invariant($"A least force of {force} is asked for within {most} computations; both must be above zero."));
        }

        if (!_mover.Mirrors.IsEmpty)
        {
            throw new ScaleModelException("Atoms are to be brought to rest before a mirror, which turns around what moves and pushes nobody: they could be led behind it. Take a wall, or an engine without mirrors.");
        }

        if (!_mover.IsFinite)
        {
            throw new ScaleModelException("Atoms are to be brought to rest, and a position or velocity is not a finite number: they have been lost before.");
        }

        _mover.Loop = loop;
        var landscape = new Landscape(_mover, box, force);
        var before = StateArchive.Save(Archive);
        try
        {
            _mover.Scale(0);
            var found = method.Run(landscape, most, cancellation);
            if (box is not null)
            {
                _mover.Undeform();
            }

            return found;
        }
        catch
        {
            StateArchive.Restore(before, Archive);
            throw;
        }
    }

    /// <summary>Energies, temperature and pressure as they are now.</summary>
    public Measurement Measure(ChunkedLoop loop)
    {
        ArgumentNullException.ThrowIfNull(loop);
        _mover.Loop = loop;
        _mover.Evaluate(counts: true);
        var ((potential, virial), kinetic, units) = (_mover.Sums, _mover.Kinetic(), _mover.Start.Units);
        var freedom = _motion.DegreesOfFreedom(Count, _mover.HasFields);
        var temperature = freedom > 0 ? kinetic.Trace / (freedom * units.Boltzmann) : 0;
        return new(potential, 0.5 * kinetic.Trace, virial, temperature, units.Pressure / Box.Volume * (kinetic + virial))
        {
            Conserved = _motion.Conserved(_mover, potential + (0.5 * kinetic.Trace)),
        };
    }

    /// <summary>The share of each atom in potential energy and virial, in the order of the configuration.</summary>
    /// <exception cref="ScaleModelException">An interaction does not say what its shares are.</exception>
    public unsafe AtomShares Shares(ChunkedLoop loop)
    {
        ArgumentNullException.ThrowIfNull(loop);
        Require(i => i.HasShares, "does not divide its energy among atoms");
        _mover.Loop = loop;
        _mover.EvaluateShares();
        var (energies, virials, flows) = (new double[Count], new Matrix3[Count], new Matrix3[Count]);
        for (var i = 0; i < Count; i++)
        {
            var s = _mover.Forces.Share(i);
            energies[_mover.Atoms.Ids[i]] = s[0];
            virials[_mover.Atoms.Ids[i]] = new(s[1], s[6] + s[9], s[5] + s[8], s[6] - s[9], s[2], s[4] + s[7], s[5] - s[8], s[4] - s[7], s[3]);
            s += ForcePass.FlowShare;
            flows[_mover.Atoms.Ids[i]] = virials[_mover.Atoms.Ids[i]] + new Matrix3(s[0], s[5], s[4], s[5], s[1], s[3], s[4], s[3], s[2]);
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
        ArgumentNullException.ThrowIfNull(loop);
        Require(i => i.HasPairs, "has forces that are not those of pairs along the line between them");

        // What an interaction keeps of its last computation must be that of now.
        _mover.Loop = loop;
        _mover.Evaluate(counts: false);
        foreach (var interaction in _mover.Interactions)
        {
            interaction.Visit(_mover.Forces, visitor);
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

        _mover.SetVelocities(velocities);
    }

    /// <summary>The force on each atom, in the order of the configuration.</summary>
    public Vec3[] Forces(ChunkedLoop loop)
    {
        ArgumentNullException.ThrowIfNull(loop);
        _mover.Loop = loop;
        _mover.EnsureForces();
        var forces = new Vec3[Count];
        for (var i = 0; i < Count; i++)
        {
            forces[_mover.Atoms.Ids[i]] = _mover.Atoms.Force(i);
        }

        return forces;
    }

    /// <summary>The atoms as they are now, in the order of the configuration; positions are not wrapped.</summary>
    public AtomConfiguration Configuration()
    {
        var (positions, velocities) = (new Vec3[Count], new Vec3[Count]);
        _mover.CopyPositions(positions);
        for (var i = 0; i < Count; i++)
        {
            velocities[_mover.Atoms.Ids[i]] = _mover.Atoms.Velocity(i);
        }

        return _mover.Start with { Box = Box, Positions = positions, Velocities = velocities };
    }

    internal bool IsMovedBy(Motion motion) => ReferenceEquals(motion, _motion);

    /// <summary>Saves or restores where the atoms are and how they move. What follows has the same bits as without.</summary>
    /// <exception cref="ScaleModelException">The state is that of other atoms.</exception>
    public void Archive(StateArchive archive)
    {
        ArgumentNullException.ThrowIfNull(archive);
        var version = archive.Version(2);
        _mover.Archive(archive, version);
        if (version > 1)
        {
            _motion.Archive(archive);
        }
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
        var interactions = _mover.Interactions;
        if (interactions.Select((interaction, i) => (interaction, i)).FirstOrDefault(p => !holds(p.interaction)) is (not null, var at))
        {
            throw new ScaleModelException($"Interaction {at + 1} of {interactions.Length} {fault}; this measure is not known for it.");
        }
    }
}
