using System.Collections.Immutable;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Particles.Interactions;

/// <summary>Energy and virial of an interaction.</summary>
/// <param name="Energy">Potential energy.</param>
/// <param name="Virial">W = ½ Σ (x_i − x_j) ⊗ f_ij: positive where atoms push outward.</param>
public readonly record struct EnergyAndVirial(double Energy, Fields.SymTensor3 Virial);

/// <summary>Something that moves atoms: a pair law over all neighbors, bonds, a wall. One object serves one engine.</summary>
public abstract class Interaction
{
    /// <summary>How far apart atoms feel each other by this; zero where no neighbors are needed.</summary>
    public abstract double Cutoff { get; }

    /// <summary>Takes what it needs of the atoms of an engine, before anything is computed.</summary>
    /// <exception cref="Models.ScaleModelException">It cannot act on these atoms.</exception>
    internal virtual void Attach(AtomConfiguration atoms)
    {
    }

    /// <summary>Computes forces: sets them where it is the first interaction of a step, or adds to them.</summary>
    internal abstract void Run(ForcePass pass);

    /// <summary>A pair interaction by a law.</summary>
    public static Interaction Of<TLaw>(TLaw law) where TLaw : struct, IPairLaw => new PairInteraction<TLaw>(law);

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
    /// The same for charges (LAMMPS <c>special_bonds coul</c>). With an Ewald sum, or a damped shifted force, what is left of a pair is its plain energy times the
    /// weight: take <see cref="CoulombCut"/>.
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
    private readonly double[] _entries = new double[Math.Max(1, ChunkedLoop.Chunks(atoms.Count, Chunk))];

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
        for (var c = 0; c < _entries.Length; c++)
        {
            _entries[c] = Sums(c)[entry];
        }

        return FixedOrderSum.Of(_entries);
    }
}

/// <summary>A pair law over all neighbors.</summary>
internal sealed unsafe class PairInteraction<TLaw> : Interaction where TLaw : struct, IPairLaw
{
    private readonly TLaw _law;
    private readonly Action<int, int, int> _forces;
    private readonly Action<int, int, int> _all;
    private ForcePass? _pass;

    public PairInteraction(TLaw law)
    {
        _law = law;
        _forces = (_, first, past) => PairForces.Run<TLaw, ForcesOnly>(_law, _pass!.Atoms, _pass.List, first, past, _pass.IsFirst, null);
        _all = (chunk, first, past) => PairForces.Run<TLaw, ForcesAndEnergy>(_law, _pass!.Atoms, _pass.List, first, past, _pass.IsFirst, _pass.Sums(chunk));
    }

    public override double Cutoff => _law.Cutoff;

    internal override void Attach(AtomConfiguration atoms)
    {
        var bad = Array.FindIndex(atoms.Kinds, k => k >= _law.Kinds);
        if (bad >= 0)
        {
            throw new Models.ScaleModelException($"Atom {atoms.IdOf(bad)} is of kind {atoms.Kinds[bad] + 1}; the pair law has parameters for {_law.Kinds} kinds.");
        }
    }

    internal override void Run(ForcePass pass)
    {
        _pass = pass;
        pass.Loop.Run(pass.Atoms.Count, ForcePass.Chunk, pass.Counts ? _all : _forces);
    }
}
