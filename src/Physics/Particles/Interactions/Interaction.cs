using System.Collections.Immutable;
using System.Runtime.Intrinsics;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Particles.Interactions;

/// <summary>Energy and virial of an interaction.</summary>
/// <param name="Energy">Potential energy.</param>
/// <param name="Virial">W = ½ Σ (x_i − x_j) ⊗ f_ij: positive where atoms push outward.</param>
public readonly record struct EnergyAndVirial(double Energy, Fields.SymTensor3 Virial);

/// <summary>The force f_ij = f (x_i − x_j) of an atom j, or of one of its images, on an atom i; of an embedded-atom potential also what it owes to F.</summary>
/// <param name="First">i, its index in the configuration.</param>
/// <param name="Second">j, its index in the configuration.</param>
/// <param name="Separation">x_i − x_j to that image of j.</param>
/// <param name="ForceOverDistance">f: above zero where the two push each other away.</param>
public readonly record struct PairForce(int First, int Second, Fields.Vec3 Separation, double ForceOverDistance);

/// <summary>Is shown the force of a pair.</summary>
public delegate void PairVisitor(in PairForce pair);

/// <summary>Something that moves atoms: a pair law over all neighbors, bonds, a wall. One object serves one engine.</summary>
public abstract class Interaction
{
    /// <summary>How far apart atoms feel each other by this; zero where no neighbors are needed.</summary>
    public abstract double Cutoff { get; }

    /// <summary>Whether the forces of this are zero together, so that it leaves the momentum of all atoms as it is.</summary>
    internal virtual bool KeepsMomentum => true;

    /// <summary>Whether it belongs to a place, so that a box cannot move while it acts.</summary>
    internal virtual bool StandsStill => !KeepsMomentum;

    /// <summary>Takes what it needs of the atoms of an engine, before anything is computed.</summary>
    /// <exception cref="Models.ScaleModelException">It cannot act on these atoms.</exception>
    internal virtual void Attach(AtomConfiguration atoms)
    {
    }

    /// <summary>Computes forces: sets them where it is the first interaction of a step, or adds to them.</summary>
    internal abstract void Run(ForcePass pass);

    /// <summary>Whether it can say what share of energy and virial each atom has: it then obeys <see cref="ForcePass.WantsShares"/>.</summary>
    internal virtual bool HasShares => false;

    /// <summary>Whether its forces have the same bits when shares are computed with them.</summary>
    internal virtual bool SharesKeepForces => true;

    /// <summary>Whether its forces are those of pairs along the line between them: it then has <see cref="Visit"/>.</summary>
    internal virtual bool HasPairs => false;

    /// <summary>Shows the force of each pair, once from either side, after forces have been computed.</summary>
    internal virtual void Visit(ForcePass pass, PairVisitor visitor) => throw new NotSupportedException();

    /// <summary>Whether it can act on a part of a region, in which images are copies of atoms of other parts.</summary>
    internal virtual bool CanBeSplit => false;

    /// <summary>Whether forces need, halfway, a number of each image that its atom has: it then has <see cref="RunToHalfway"/> and what follows, of which <see cref="Run"/> is made.</summary>
    internal virtual bool HasHalfway => false;

    /// <summary>Computes up to where the numbers of images are needed.</summary>
    internal virtual void RunToHalfway(ForcePass pass) => throw new NotSupportedException();

    /// <summary>Rows of x, y, z and the number of each atom; those of images, behind them, are to be filled in.</summary>
    internal virtual unsafe double* HalfwayRows => throw new NotSupportedException();

    /// <summary>Computes the rest.</summary>
    internal virtual void RunFromHalfway(ForcePass pass) => throw new NotSupportedException();

    /// <summary>Refuses atoms of kinds of which nothing is known: kernels read tables without a look at their bounds.</summary>
    private protected static void RequireKinds(AtomConfiguration atoms, int kinds, string what)
    {
        var bad = Array.FindIndex(atoms.Kinds, k => k >= kinds);
        if (bad >= 0)
        {
            throw new Models.ScaleModelException($"Atom {atoms.IdOf(bad)} is of kind {atoms.Kinds[bad] + 1}; the {what} {kinds} kinds.");
        }
    }

    /// <summary>A pair interaction by a law.</summary>
    public static Interaction Of<TLaw>(TLaw law) where TLaw : struct, IPairLaw => new PairInteraction<TLaw>(law);

    /// <summary>
    /// A pair interaction by a law, each pair in single precision and all sums in double. An atom's force is off by about 10⁻⁶ of the forces that
    /// it is the sum of. Where atoms are further apart than 200 cutoffs all is computed in double precision. <see cref="MolecularDynamics.Shares"/> and <see cref="MolecularDynamics.VisitPairs"/> are in double precision all the same.
    /// </summary>
    /// <exception cref="Models.ScaleModelException">The law is not known in single precision.</exception>
    public static Interaction InSingle<TLaw>(TLaw law) where TLaw : struct, IPairLaw => new SinglePairInteraction<TLaw>(law);

    /// <summary>A pair interaction by a potential of one's own.</summary>
    public static Interaction OfPotential<TPotential>(TPotential potential) where TPotential : struct, IPairPotential =>
        new PairInteraction<OneByOne<TPotential>>(new(potential));

    /// <summary>The bonds of the atoms, by a law.</summary>
    public static Interaction OfBonds<TLaw>(TLaw law) where TLaw : struct, IBondLaw => new BondInteraction<TLaw>(law);

    /// <summary>Pairs of atoms that are listed here, and not in the configuration, by a law: contacts of a Gō model for instance. Nothing is excluded by them.</summary>
    public static Interaction OfBonds<TLaw>(TLaw law, ImmutableArray<Connection> bonds) where TLaw : struct, IBondLaw => new BondInteraction<TLaw>(law, bonds.IsDefault ? [] : bonds);

    /// <summary>The angles of the atoms, by a law.</summary>
    public static Interaction OfAngles<TLaw>(TLaw law) where TLaw : struct, IAngleLaw => new TermInteraction<AngleTerm<TLaw>>(new(law));

    /// <summary>The dihedrals of the atoms, by a law.</summary>
    public static Interaction OfDihedrals<TLaw>(TLaw law) where TLaw : struct, IDihedralLaw => new TermInteraction<DihedralTerm<TLaw>>(new(law));

    /// <summary>The impropers of the atoms, by a law of the angle between the planes 1-2-3 and 2-3-4.</summary>
    public static Interaction OfImpropers<TLaw>(TLaw law) where TLaw : struct, IDihedralLaw => new TermInteraction<ImproperTerm<TLaw>>(new(law));

    /// <summary>
    /// A pair law times a weight, over pairs that are so many bonds apart: with such pairs excluded by the engine this is what is left of them, 1-4
    /// pairs of weight ½ for instance (LAMMPS <c>special_bonds lj</c>). Of each pair the nearest image counts.
    /// </summary>
    /// <param name="law">The law, with its cutoff.</param>
    /// <param name="which">Which pairs.</param>
    /// <param name="weight">The weight.</param>
    public static Interaction OfBondedPairs<TLaw>(TLaw law, BondedNeighbors which, double weight) where TLaw : struct, IPairLaw => WeightedPairs.Of(law, which, weight);

    /// <summary>
    /// The same for charges (LAMMPS <c>special_bonds coul</c>). With an Ewald sum what is left of a pair is its plain energy times the weight: take
    /// <see cref="CoulombCut"/>. Of a damped shifted force take that law: what is left is all of it times the weight, where LAMMPS takes off the plain energy.
    /// </summary>
    /// <param name="law">The law, with its cutoff.</param>
    /// <param name="which">Which pairs.</param>
    /// <param name="weight">The weight.</param>
    public static Interaction OfBondedCharges<TLaw>(TLaw law, BondedNeighbors which, double weight) where TLaw : struct, IChargeLaw => WeightedPairs.OfCharges(law, which, weight);

    /// <summary>A field that acts on each atom by itself: a wall, gravity, tethers.</summary>
    /// <param name="field">The field.</param>
    /// <param name="atoms">Indices in the configuration of those on which it acts; all if left out.</param>
    public static Interaction OfField<TField>(TField field, ImmutableArray<int> atoms = default) where TField : struct, IExternalField => new FieldInteraction<TField>(field, atoms);

    /// <summary>The charges of the atoms, by a law up to a cutoff.</summary>
    public static Interaction OfCharges<TLaw>(TLaw law) where TLaw : struct, IChargeLaw => new ChargeInteraction<TLaw>(law);

    /// <summary>The charges of the atoms with all their images, by an Ewald sum.</summary>
    /// <exception cref="Models.ScaleModelException">A number of the settings makes no sense.</exception>
    public static Interaction Ewald(EwaldSettings settings) => new EwaldInteraction(settings);

    /// <summary>A Stillinger–Weber potential of one element.</summary>
    /// <exception cref="Models.ScaleModelException">A number makes no sense.</exception>
    public static Interaction StillingerWeber(StillingerWeberParameters parameters) => StillingerWeber(1, (_, _, _) => parameters);

    /// <summary>A Stillinger–Weber potential of up to eight kinds.</summary>
    /// <param name="kinds">How many kinds there are.</param>
    /// <param name="of">The numbers of an angle, by the kinds of the atom in the middle and of both others; those of (i, j, j) are also those of the pair.</param>
    /// <exception cref="Models.ScaleModelException">A number makes no sense, or the pair (i, j, j) is not that of (j, i, i), or the angle (i, j, k) not that of (i, k, j); all such are named.</exception>
    public static Interaction StillingerWeber(int kinds, Func<int, int, int, StillingerWeberParameters> of) => new StillingerWeberInteraction(kinds, of);
}

/// <summary>One computation of all forces.</summary>
internal sealed unsafe class ForcePass(ParticleStore atoms, NeighborList list)
{
    /// <summary>Atoms that are worked on at once, and have sums of their own.</summary>
    public const int Chunk = 128;

    private readonly AlignedArray<double> _sums = new();
    private double[] _entries = [];
    private readonly AlignedArray<double> _shares = new();

    public ParticleStore Atoms { get; } = atoms;

    public NeighborList List { get; } = list;

    public required SimulationBox Box
    {
        get;
        set
        {
            if (!ReferenceEquals(field, value))
            {
                (field, Nearest) = (value, new(value));
            }
        }
    }

    /// <summary>The nearest images in the box.</summary>
    public NearestImage Nearest { get; private set; }

    public required ChunkedLoop Loop { get; set; }

    /// <summary>Pairs that do not act on each other, which are not among the neighbors; none if null.</summary>
    public ExclusionTable? Excluded { get; init; }

    /// <summary>Whether nothing has set the forces yet.</summary>
    public bool IsFirst { get; set; }

    /// <summary>Whether energy and virial are wanted.</summary>
    public bool Counts { get; set; }

    /// <summary>Whether each atom's share of energy and virial is wanted, instead of the sums of chunks.</summary>
    public bool WantsShares { get; set; }

    /// <summary>
    /// Numbers in a share: energy, the symmetric part of the virial xx, yy, zz, yz, xz, xy, its antisymmetric part ½(yz − zy), ½(xz − zx),
    /// ½(xy − yx), and what the flow of heat has more than the virial, which is symmetric: xx, yy, zz, yz, xz, xy.
    /// </summary>
    public const int ShareNumbers = 16;

    /// <summary>Where in a share that of the flow of heat begins.</summary>
    public const int FlowShare = 10;

    /// <summary>The share of the atom in a place.</summary>
    public double* Share(int i) => _shares.Pointer + ((long)ShareNumbers * i);

    /// <summary>Sets all shares to zero.</summary>
    public void ClearShares()
    {
        _shares.Ensure(ShareNumbers * Atoms.Count);
        _shares.Span(ShareNumbers * Atoms.Count).Clear();
    }

    /// <summary>The index in the configuration of the atom, or of the atom of the image, whose row begins at an offset in bytes; below zero: nobody.</summary>
    public int IdAt(uint offset)
    {
        var row = (int)(offset / (4 * sizeof(double)));
        return row < Atoms.Count ? Atoms.Ids[row] : row == Atoms.Nobody ? -1 : Atoms.Ids[List.Owners[row - Atoms.Count]];
    }

    /// <summary>The sums of a chunk: energy, and virial xx, yy, zz, yz, xz, xy.</summary>
    public double* Sums(int chunk) => _sums.Pointer + (8L * chunk);

    /// <summary>Sets all sums to zero.</summary>
    public void Clear()
    {
        var chunks = Math.Max(1, ChunkedLoop.Chunks(Atoms.Count, Chunk));
        _sums.Ensure(8 * chunks);
        _sums.Span(8 * chunks).Clear();
    }

    /// <summary>The sums of all chunks.</summary>
    public EnergyAndVirial Total()
    {
        return new(Sum(0), new(Sum(1), Sum(2), Sum(3), Sum(4), Sum(5), Sum(6)));
    }

    private double Sum(int entry)
    {
        var chunks = Math.Max(1, ChunkedLoop.Chunks(Atoms.Count, Chunk));
        if (_entries.Length < chunks)
        {
            _entries = new double[chunks];
        }

        for (var c = 0; c < chunks; c++)
        {
            _entries[c] = Sums(c)[entry];
        }

        return FixedOrderSum.Of(_entries.AsSpan(0, chunks));
    }
}

/// <summary>A pair law over all neighbors.</summary>
internal sealed unsafe class PairInteraction<TLaw> : Interaction where TLaw : struct, IPairLaw
{
    private readonly TLaw _law;
    private readonly Action<int, int, int> _forces;
    private readonly Action<int, int, int> _all;
    private readonly Action<int, int, int> _shares;
    private ForcePass? _pass;

    public PairInteraction(TLaw law)
    {
        _law = law;
        _forces = (_, first, past) => PairForces.Run<TLaw, ForcesOnly>(_law, _pass!.Atoms, _pass.List, first, past, _pass.IsFirst, null);
        _all = (chunk, first, past) => PairForces.Run<TLaw, ForcesAndEnergy>(_law, _pass!.Atoms, _pass.List, first, past, _pass.IsFirst, _pass.Sums(chunk));
        _shares = (_, first, past) =>
        {
            // The sums of one atom are its share.
            for (var i = first; i < past; i++)
            {
                PairForces.Run<TLaw, ForcesAndEnergy>(_law, _pass!.Atoms, _pass.List, i, i + 1, _pass.IsFirst, _pass.Share(i));
            }
        };
    }

    public override double Cutoff => _law.Cutoff;

    internal override void Attach(AtomConfiguration atoms)
    {
        RequireKinds(atoms, _law.Kinds, "pair law has parameters for");
    }

    internal override bool CanBeSplit => true;

    internal override bool HasShares => true;

    internal override bool HasPairs => true;

    internal override void Run(ForcePass pass)
    {
        _pass = pass;
        pass.Loop.Run(pass.Atoms.Count, ForcePass.Chunk, pass.WantsShares ? _shares : pass.Counts ? _all : _forces);
    }

    internal override void Visit(ForcePass pass, PairVisitor visitor)
    {
        var law = _law;
        var x = pass.Atoms.X;
        for (var i = 0; i < pass.Atoms.Count; i++)
        {
            var row = x + (4L * i);
            law.Begin((int)row[3]);
            var entry = pass.List.Entries + pass.List.Starts[i];
            for (var end = entry + pass.List.Counts[i]; entry < end; entry += NeighborList.Width)
            {
                PairForces.Load((byte*)x, entry, out var xj, out var yj, out var zj, out var kinds);
                var (dx, dy, dz) = (Vector512.Create(row[0]) - xj, Vector512.Create(row[1]) - yj, Vector512.Create(row[2]) - zj);
                var r2 = (dx * dx) + (dy * dy) + (dz * dz);
                var force = law.ForceOverDistance(r2, kinds, false, out _);
                for (var k = 0; k < NeighborList.Width; k++)
                {
                    if (r2[k] < law.Cutoff * law.Cutoff)
                    {
                        visitor(new(pass.Atoms.Ids[i], pass.IdAt(entry[k]), new(dx[k], dy[k], dz[k]), force[k]));
                    }
                }
            }
        }
    }
}
