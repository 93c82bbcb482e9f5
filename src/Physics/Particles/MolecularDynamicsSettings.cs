using System.Collections.Immutable;
using System.Globalization;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles.Building;
using ActorMultiscale.Physics.Particles.Interactions;
using ActorMultiscale.Physics.Particles.Motions;

namespace ActorMultiscale.Physics.Particles;

/// <summary>Reads atoms from the text of a file, whatever its format.</summary>
/// <param name="file">Its name, which tells the format, and its text.</param>
/// <param name="units">The units of its numbers.</param>
public delegate AtomConfiguration AtomReader(InputFile file, UnitSystem units);

/// <summary>Atoms with all that an engine needs to move them.</summary>
/// <param name="Atoms">The atoms.</param>
/// <param name="Interactions">Makes what acts on them, anew with every call: an interaction serves one engine.</param>
/// <param name="Skin">How far beyond the cutoff neighbors are looked for.</param>
/// <param name="LeftOut">Bonded atoms between which pair interactions do not act.</param>
internal sealed record MovingAtoms(AtomConfiguration Atoms, Func<ImmutableArray<Interaction>> Interactions, double Skin, BondedNeighbors LeftOut)
{
    /// <summary>An engine for the atoms, or for the same ones elsewhere.</summary>
    public MolecularDynamics Engine(AtomConfiguration atoms, Motion? motion) => new(atoms, Interactions(), Skin, LeftOut, motion);
}

/// <summary>What is left of the pairs of atoms that are so many bonds apart.</summary>
internal readonly record struct BondedPart(BondedNeighbors Which, double Weight);

/// <summary>What counts of pair interaction and charges between atoms one, two and three bonds apart, from 0 to 1.</summary>
internal sealed record BondedWeights(ImmutableArray<double> Pairs, ImmutableArray<double> Charges)
{
    /// <summary>One, two and three bonds.</summary>
    public static ImmutableArray<BondedNeighbors> Neighbors { get; } = [BondedNeighbors.OneBond, BondedNeighbors.TwoBonds, BondedNeighbors.ThreeBonds];

    /// <summary>Those that are no neighbors to the engine: of pairs or charges not all counts.</summary>
    public BondedNeighbors LeftOut => Neighbors.Where((_, n) => (Pairs[n], Charges[n]) != (1, 1)).Aggregate(BondedNeighbors.None, (all, which) => all | which);

    /// <summary>What counts by <paramref name="weights"/> of those that are left out.</summary>
    public IEnumerable<BondedPart> LeftOf(ImmutableArray<double> weights) =>
        Neighbors.Select((which, n) => new BondedPart(which, weights[n])).Where(part => LeftOut.HasFlag(part.Which) && part.Weight != 0);
}

/// <summary>
/// What an experiment may say of atoms: where they are, what acts on them, how they move. Quantities carry SI units in settings and at ports, or
/// none where everything is in the units of the potential; inside, all is in a <see cref="UnitSystem"/>.
/// </summary>
internal sealed partial class MolecularDynamicsSettings
{
    private readonly ModelSettings _given;
    private readonly AtomReader _reader;
    private readonly List<string> _faults = [];

    public MolecularDynamicsSettings(ModelSettings given, bool isReduced, AtomReader reader)
    {
        (_given, _reader) = (given, reader);
        Units = isReduced ? UnitSystem.LennardJones : UnitSystem.All.Single(u => u.Name == given.Choice("units"));
    }

    /// <summary>The units in which the engine computes.</summary>
    public UnitSystem Units { get; }

    /// <summary>All settings of atoms that move, in SI units or bare.</summary>
    public static ImmutableArray<Setting> All(bool isReduced) =>
        [.. OfAtoms(isReduced), .. OfPairs(isReduced), .. OfCharges(isReduced), .. OfMolecules(isReduced), .. OfSurroundings(isReduced), .. OfMotion(isReduced)];

    /// <summary>The settings of a perfect crystal at rest: its lattice, and what acts between its atoms.</summary>
    public static ImmutableArray<Setting> OfCrystal(bool isReduced)
    {
        // Where the atoms are at the start, and how they move, is no matter there.
        string[] ofStart = ["atoms", "temperature", "seed"];
        return [.. OfAtoms(isReduced).Where(s => !ofStart.Contains(s.Key)), .. OfPairs(isReduced)];
    }

    private static string U(string unit, bool isReduced) => isReduced ? "1" : unit;

    private static ImmutableArray<Setting> OfAtoms(bool isReduced) =>
    [
        .. isReduced ? ImmutableArray<Setting>.Empty : [Setting.Choice("units", "units in which the atoms are computed, and those of the file of atoms", ["metal", "real", "si"], "metal")],
        Setting.File("atoms", "a file of atoms: LAMMPS data (.data, .lmp) or dump (.dump, .lammpstrj), extended XYZ (.xyz, .extxyz), PDB (.pdb, .ent); without one they are put on a lattice", optional: true),
        Setting.Choice("lattice", "crystal lattice at the start", ["fcc", "bcc", "sc", "diamond", "hcp"], "fcc"),
        Setting.Positive("lattice-constant", U("m", isReduced), "lattice constant at the start", isReduced ? 1.5496 : 5.3e-10),
        Setting.Numbers("cells", "1", "unit cells along x, y and z", [5, 5, 5]),
        Setting.Texts("species", "names of the kinds of atoms on a lattice; for atoms of a file new names of its kinds, in its order", [isReduced ? "A" : "Ar"]),
        Setting.Numbers("masses", U("kg", isReduced), "mass of each kind; without them those of the file, or of the chemical elements", isReduced ? [1] : []),
        Setting.Number("temperature", U("K", isReduced), "temperature of the velocities at the start; of files only where it is above zero", isReduced ? 0.7 : 40, min: 0),
        Setting.Integer("seed", "number that chooses the velocities at the start, and what is random later", 1, min: 0, max: int.MaxValue),
    ];

    private static ImmutableArray<Setting> OfMotion(bool isReduced) =>
    [
        Setting.Choice("bath", "what holds the temperature", ["none", "langevin", "brownian", "nose-hoover", "berendsen", "stochastic-rescaling"], "none"),
        Setting.Number("bath-temperature", U("K", isReduced), "temperature of the bath", isReduced ? 0.7 : 40, min: 0),
        Setting.Positive("bath-time", U("s", isReduced), "time within which the bath acts; of langevin and brownian one by the friction", isReduced ? 0.1 : 1e-13),
        Setting.Choice("box", "what may change the box: nothing, the pressure (with the nose-hoover bath), or a rate of strain", ["rigid", "hydrostatic", "axes", "full", "strained"], "rigid"),
        Setting.Number("pressure", U("Pa", isReduced), "pressure of the bath", 0),
        Setting.Positive("pressure-time", U("s", isReduced), "time within which the pressure is held", isReduced ? 1 : 1e-12),
        Setting.Numbers("strain-rate", U("1/s", isReduced), "strained: rates of engineering strain along x, y, z, and of shear yz, xz, xy", [0, 0, 0, 0, 0, 0]),
        Setting.Positive("step", U("s", isReduced), "longest time step; a window has a whole number of equal steps", isReduced ? 0.005 : 2e-15),
        Setting.Number("skin", U("m", isReduced), "how far beyond the cutoff neighbors are looked for; zero: an eighth of the cutoff", 0, min: 0),
    ];

    /// <summary>The settings of what is measured at equilibrium: those of atoms and of what acts on them as above, and how they are measured.</summary>
    public static ImmutableArray<Setting> OfMatter(bool isSolid, bool isReduced)
    {
        // What would hold another temperature, or pull; and matter has no surroundings.
        string[] others = ["bath", "bath-temperature", "strain-rate", .. OfSurroundings(isReduced).Select(s => s.Key)];
        ImmutableArray<Setting> all =
        [
            .. All(isReduced).Where(s => !others.Contains(s.Key)).Select(s => s.Key switch
            {
                "temperature" => Setting.Positive("temperature", U("K", isReduced), "temperature of the atoms", isSolid ? (isReduced ? 0.3 : 40) : (isReduced ? 0.722 : 90)),

                // Of the liquid near its triple point 0.8442 σ⁻³, and of argon at 90 K about 1.38 g/cm³.
                "lattice-constant" when !isSolid => s with { Default = isReduced ? 1.6796 : 5.78e-10, Meaning = "lattice constant before it melts, which gives the density" },
                "seed" => s with { Meaning = "number that chooses velocities and noise" },
                "bath-time" => s with { Meaning = "time within which baths act: of Langevin one by the friction, of Nosé and Hoover the time of the thermostat" },
                "box" => s with { Choices = ["rigid", "hydrostatic", "axes"], Default = isSolid ? "hydrostatic" : "rigid", Meaning = "how the box comes to the pressure: not at all, by one factor, or along each axis; it then has its mean size" },
                "pressure" => s with { Meaning = "pressure to which a box comes that is not rigid" },
                _ => s,
            }),
            Setting.Integer("equilibration", "steps before each part that is measured", 10_000, min: 0, max: int.MaxValue),
            Setting.Integer("sampling", "steps of each part that is measured", 100_000, min: 1, max: int.MaxValue),
            Setting.Integer("look-every", "steps between two looks at the atoms", 5, min: 1, max: int.MaxValue),
            Setting.Integer("blocks", "into how many blocks a measurement is cut, for standard errors", 10, min: 4, max: 1000),
            Setting.Choice("transport", "how transport coefficients are measured: not at all, from fluctuations, or from flows along z that are driven by exchanges of velocities", ["none", "green-kubo", "driven"], isSolid ? "none" : "green-kubo"),
            Setting.Positive("longest-lag", U("s", isReduced), "green-kubo, and diffusion: longest time of correlations, several times the memory of stress and heat flux", isReduced ? 4 : 8e-12),
            Setting.Integer("slabs", "driven: slabs along z, an even number; two beside source and sink do not count", 20, min: 14, max: 10_000),
            Setting.Integer("exchange-every", "driven: steps between two exchanges", 30, min: 1, max: int.MaxValue),
        ];
        return isSolid
            ? all.Add(Setting.Choice("symmetry", "cubic: of a crystal with its cube edges along x, y and z, whose constants and stress are means over the axes", ["cubic", "none"], "cubic"))
            : all.Add(Setting.Positive("melt-temperature", U("K", isReduced), "temperature at which it is molten first; without one three times that of atoms on a lattice, and those of files are not molten") with { Optional = true });
    }

    public double Length => Units.Si.Length;

    public double Time => Units.Si.Time;

    // Forces are energies a length, and pressures energies a volume up to a factor: those of LAMMPS differ from CODATA's in the seventh digit.
    public double Force => Units.Si.Energy / Units.Si.Length;

    /// <summary>A pressure of the engine in Pa, or bare.</summary>
    public double Pressure => Units.Si.Energy / (Length * Length * Length * Units.Pressure);

    private double Number(string key, double unit = 1) => _given.Number(key) / unit;

    private double[] Numbers(string key, double unit = 1) => [.. _given.Numbers(key).Select(x => x / unit)];

    /// <summary>The atoms, what acts on them and how they move; all that is wrong is named.</summary>
    /// <exception cref="ScaleModelException">Settings do not fit together.</exception>
    public MovingAtoms Read()
    {
        var found = ReadAtoms(hasSurroundings: true);
        _ = Try(Motion);        // Its faults, with the others.
        RequireSound();
        return Sound(found);
    }

    // Complete only where there are no faults.
    private (AtomConfiguration? Atoms, Func<ImmutableArray<Interaction>> Interactions, BondedNeighbors LeftOut) ReadAtoms(bool hasSurroundings)
    {
        var atoms = Try(() => Atoms(bare => Charged(hasSurroundings ? Opened(bare) : bare)));
        var bonded = Bonded(atoms);
        return (atoms, InteractionsOf(atoms, bonded, hasSurroundings), bonded.LeftOut);
    }

    // What counts of atoms that are bonded.
    private BondedWeights Bonded(AtomConfiguration? atoms)
    {
        var leftOut = BondedNeighbors.None;
        foreach (var word in _given.Texts("left-out"))
        {
            leftOut |= word switch
            {
                "one-bond" => BondedNeighbors.OneBond,
                "two-bonds" => BondedNeighbors.TwoBonds,
                "three-bonds" => BondedNeighbors.ThreeBonds,
                _ => Fault<BondedNeighbors>($"'left-out' holds '{word}'; it may hold one-bond, two-bonds and three-bonds"),
            };
        }

        ImmutableArray<double> Weights(string key, ImmutableArray<double> otherwise)
        {
            var given = _given.Numbers(key);
            var fault = given.IsEmpty ? null
                : given.Length != 3 || given.Any(w => w is not (>= 0 and <= 1)) ? $"takes three numbers from 0 to 1, for atoms one, two and three bonds apart; it has {string.Join(", ", given.Select(w => w.ToString(CultureInfo.InvariantCulture)))}"
                : leftOut != BondedNeighbors.None ? "is given, and so is 'left-out'; a weight of 0 leaves out"
                : atoms?.Bonds.Length == 0 ? "is given, and no atoms are bonded; a LAMMPS data file may say which are" : null;
            return fault is not null ? Fault(otherwise, $"'{key}' {fault}") : given.IsEmpty ? otherwise : given;
        }

        var pairs = Weights("pair-weights", [.. BondedWeights.Neighbors.Select(which => leftOut.HasFlag(which) ? 0.0 : 1.0)]);
        var bonded = new BondedWeights(pairs, Weights("charge-weights", pairs));
        foreach (var (key, what) in new[] { ("pair-weights", "pair"), ("charge-weights", "charges") })
        {
            if (!_given.Numbers(key).IsEmpty && _given.Choice(what) == "none")
            {
                _faults.Add($"'{key}' is given, and '{what}' is none");
            }
        }

        return _given.Choice("pair") is ("embedded-atom" or "stillinger-weber") and var pair && bonded.LeftOf(bonded.Pairs).Any()
            ? Fault(bonded, $"'pair' is {pair}, which has no weights between 0 and 1; where 'pair-weights' has 1 'charge-weights' must have 1, too")
            : bonded;
    }

    private MovingAtoms Sound((AtomConfiguration? Atoms, Func<ImmutableArray<Interaction>> Interactions, BondedNeighbors LeftOut) found)
    {
        var (atoms, interactions, leftOut) = (found.Atoms!, found.Interactions, found.LeftOut);
        var cutoff = interactions().Max(i => i.Cutoff);
        var skin = Number("skin", Length) is > 0 and var given ? given : cutoff > 0 ? cutoff / 8 : 0.1 * Math.Cbrt(atoms.Box.Volume / atoms.Count);
        return new(atoms, interactions, skin, leftOut);
    }

    /// <summary>What is to be measured of which atoms, and how; all that is wrong is named.</summary>
    /// <exception cref="ScaleModelException">Settings do not fit together.</exception>
    public MatterPlan Matter(bool isSolid)
    {
        var found = ReadAtoms(hasSurroundings: false);
        void Require(bool holds, FormattableString fault)
        {
            if (!holds)
            {
                _faults.Add(FormattableString.Invariant(fault));
            }
        }

        var (step, every, blocks, sampling, lag) = (Number("step", Time), _given.Integer("look-every"), _given.Integer("blocks"), _given.Integer("sampling"), Number("longest-lag", Time));
        var transport = _given.Choice("transport") switch { "green-kubo" => TransportMethod.GreenKubo, "driven" => TransportMethod.Driven, _ => TransportMethod.None };
        var block = sampling / blocks / every;       // In looks.
        Require(block >= 4, $"'sampling' has {sampling} steps, which are {block} looks in each of {blocks} blocks; there must be 4 or more. Raise 'sampling', or lower 'look-every' or 'blocks'");
        if (!isSolid || transport == TransportMethod.GreenKubo)
        {
            var needed = Math.Ceiling(2 * lag / (every * step)) * every * blocks;
            Require(lag >= every * step, $"'longest-lag' is shorter than the time between two looks, 'look-every' times 'step'");
            Require(block * every * step >= 2 * lag, $"'sampling' is {sampling} steps, and a block of them shorter than twice 'longest-lag'; with {blocks} blocks it takes {needed} steps or more");
        }

        if (transport == TransportMethod.Driven)
        {
            var (slabs, exchange) = (_given.Integer("slabs"), _given.Integer("exchange-every"));
            Require(slabs % 2 == 0, $"'slabs' is {slabs}; a flow is driven between two of an even number");
            Require(sampling / blocks >= exchange, $"'sampling' has {sampling / blocks} steps in each of {blocks} blocks, and velocities are exchanged every {exchange} steps: no exchange falls into a block");
        }

        if (found.Atoms is { } atoms)
        {
            for (var side = 0; side < 3; side++)
            {
                Require(atoms.Box.IsPeriodic(side), $"the box of the atoms is not periodic along {"xyz"[side]}; matter is measured where it has no surface");
            }

            Require(atoms.Count >= 2, $"there is a single atom");
            Require(_faults.Count > 0 || transport != TransportMethod.GreenKubo || found.Interactions().All(i => i.HasShares),
                $"'transport' is green-kubo, and something that acts on the atoms does not divide its energy among them; take driven");
        }

        if (isSolid && _given.File("atoms") is null && _given.Choice("lattice") == "hcp")
        {
            Require(_given.Choice("symmetry") == "none", $"'symmetry' is cubic, and the lattice hcp is not; take none");
        }

        RequireSound();
        var moving = Sound(found);
        _ = moving.Engine(moving.Atoms, null);      // What it refuses is said now, and not when the first window begins.
        var temperature = Number("temperature");
        return new()
        {
            Moving = moving, IsSolid = isSolid, Temperature = temperature, Seed = Seed, Step = step, BathTime = Number("bath-time", Time),
            Melt = isSolid ? null : _given.Has("melt-temperature") ? Number("melt-temperature") : _given.File("atoms") is null ? 3 * temperature : null,
            Box = _given.Choice("box") switch { "hydrostatic" => BoxFreedom.Hydrostatic, "axes" => BoxFreedom.Axes, _ => null },
            Pressure = Number("pressure", Pressure), PressureTime = Number("pressure-time", Time),
            Equilibration = _given.Integer("equilibration"), Sampling = sampling, Every = every, Blocks = blocks,
            Transport = transport, LongestLag = lag, Slabs = _given.Integer("slabs"), ExchangeEvery = _given.Integer("exchange-every"),
        };
    }

    /// <summary>Makes what acts between the atoms of such a crystal, anew with every call; all that is wrong is named.</summary>
    /// <exception cref="ScaleModelException">Settings do not fit together.</exception>
    public Func<ImmutableArray<Interaction>> InteractionsOfCrystal(double latticeConstant)
    {
        var interactions = InteractionsOf(OnLattice(latticeConstant), bonded: null, hasSurroundings: false);
        RequireSound();
        return interactions;
    }

    /// <summary>A crystal without motion, of a lattice constant in the unit of length of the atoms.</summary>
    /// <exception cref="ScaleModelException">Settings do not fit together.</exception>
    public AtomConfiguration Crystal(double latticeConstant)
    {
        var crystal = OnLattice(latticeConstant);
        RequireSound();
        return crystal;
    }

    private void RequireSound()
    {
        if (_faults.Count > 0)
        {
            throw new ScaleModelException($"These settings do not fit together: {string.Join("; ", _faults.Distinct())}.");
        }
    }

    /// <summary>How the atoms move. One for each engine.</summary>
    public Motion Motion()
    {
        var (t, time, seed) = (Number("bath-temperature"), Number("bath-time", Time), Seed);
        var box = _given.Choice("box");
        Deformation? strain = null;
        if (box == "strained")
        {
            strain = Numbers("strain-rate", 1 / Time) is [var x, var y, var z, var yz, var xz, var xy]
                ? new(new(x, y, z), new(yz, xz, xy))
                : Fault<Deformation?>($"'strain-rate' has {_given.Numbers("strain-rate").Length} numbers; it takes six: x, y, z, yz, xz, xy");
        }

        var bath = _given.Choice("bath");
        if (box is "hydrostatic" or "axes" or "full")
        {
            return bath == "nose-hoover"
                ? new MartynaTobiasKlein(t, time, Number("pressure", Pressure), Number("pressure-time", Time), box switch { "axes" => BoxFreedom.Axes, "full" => BoxFreedom.Full, _ => BoxFreedom.Hydrostatic })
                : Fault<Motion>($"'box' is {box} and 'bath' {bath}; a pressure is held together with the bath nose-hoover alone") ?? new VelocityVerlet();
        }

        return bath switch
        {
            "langevin" => new Langevin(t, 1 / time, seed) { Deformation = strain },
            "brownian" => new Brownian(t, 1 / time, seed) { Deformation = strain },
            "nose-hoover" => new NoseHoover(t, time) { Deformation = strain },
            "berendsen" => new Berendsen(t, time) { Deformation = strain },
            "stochastic-rescaling" => new StochasticRescaling(t, time, seed) { Deformation = strain },
            _ => new VelocityVerlet { Deformation = strain },
        };
    }

    // Replicas of an ensemble draw differently.
    private ulong Seed => (ulong)_given.Integer("seed") + ((ulong)_given.EnsembleIndex << 32);

    private T Fault<T>(string fault) => Fault<T>(default!, fault);

    // Notes a fault, and goes on with what stands in for what is missing.
    private T Fault<T>(T instead, string fault)
    {
        _faults.Add(fault);
        return instead;
    }

    // What is refused on the way is a fault among others.
    private T? Try<T>(Func<T?> make) where T : class
    {
        try
        {
            return make();
        }
        catch (ScaleModelException fault)
        {
            return Fault<T?>(fault.Message.TrimEnd('.'));
        }
    }

    // The atoms; where something is wrong with them, some that stand for them while the rest is looked at.
    private AtomConfiguration Atoms(Func<AtomConfiguration, AtomConfiguration> complete)
    {
        var masses = Numbers("masses", Units.Si.Mass);
        var atoms = _given.File("atoms") is { } file ? OfFile(file, masses) : OnLattice(Number("lattice-constant", Length));
        if (atoms.Species.FirstOrDefault(s => !(s.Mass > 0)) is { } light)
        {
            _faults.Add($"the kind '{light.Name}' has no mass; 'masses' may give it");
            return atoms;
        }

        atoms = complete(atoms);
        var temperature = Number("temperature");
        var isBare = atoms.Velocities.Length == 0 || (_given.Given.ContainsKey("temperature") && temperature > 0);
        return isBare && temperature > 0 ? atoms with { Velocities = Try(() => ThermalVelocities.Draw(atoms, temperature, Seed)) ?? [] } : atoms;
    }

    private AtomConfiguration OfFile(InputFile file, double[] masses)
    {
        var atoms = _reader(file, Units);
        var kinds = atoms.Species.Length;
        if (_given.Given.ContainsKey("species"))
        {
            // A new name is that of a chemical element, perhaps, whose mass counts where the file has none.
            var names = _given.Texts("species");
            atoms = names.Length == kinds
                ? atoms with { Species = [.. atoms.Species.Zip(names, (s, name) => new Species(name, s.Mass > 0 ? s.Mass : ElementMass(name) ?? 0))] }
                : Fault(atoms, $"'species' has {names.Length} names, and {file.Name} has {kinds} kinds of atoms ({string.Join(", ", atoms.Species.Select(s => s.Name))})");
        }

        if (masses.Length > 0 && _given.Given.ContainsKey("masses"))
        {
            atoms = masses.Length == kinds
                ? atoms with { Species = [.. atoms.Species.Select((s, k) => s with { Mass = masses[k] })] }
                : Fault(atoms, $"'masses' has {masses.Length} numbers, and {file.Name} has {kinds} kinds of atoms");
        }

        return atoms;
    }

    // A lattice as it is given, not built.
    private sealed record LatticeOfAtoms(ConventionalCell Cell, (int X, int Y, int Z) Repeats, Species Species);

    private AtomConfiguration OnLattice(double latticeConstant)
    {
        var lattice = LatticeGiven(latticeConstant);
        return LatticeBuilder.Repeat(lattice.Cell, lattice.Repeats, Units, [lattice.Species]);
    }

    private LatticeOfAtoms LatticeGiven(double latticeConstant)
    {
        var masses = Numbers("masses", Units.Si.Mass);
        var names = _given.Texts("species");
        if (Numbers("cells") is not [>= 1 and <= 1000, >= 1 and <= 1000, >= 1 and <= 1000] cells || cells.Any(c => c != Math.Floor(c)))
        {
            cells = Fault<double[]>([1, 1, 1], "'cells' takes three whole numbers from 1 to 1000");
        }

        if (names.Length != 1)
        {
            names = Fault<ImmutableArray<string>>(["?"], $"'species' has {names.Length} names; a lattice has atoms of one kind, for more give a file");
        }

        var mass = masses.Length > 1 ? Fault(1.0, $"'masses' has {masses.Length} numbers for the one kind of a lattice")
            : masses.Length == 1 ? masses[0]
            : ElementMass(names[0]) ?? (names[0] == "?" ? 1 : Fault(1.0, $"'{names[0]}' is no chemical element, so 'masses' must say how heavy it is"));
        var lattice = Enum.Parse<Lattice>(_given.Choice("lattice"), ignoreCase: true);
        return new(ConventionalCell.Of(lattice, latticeConstant), ((int)cells[0], (int)cells[1], (int)cells[2]), new(names[0], mass));
    }

    private double? ElementMass(string name) => ChemicalElements.Mass(name) is { } mass ? mass * Dalton / Units.Si.Mass : null;

    // Sides that end, with room between the atoms and each end.
    private AtomConfiguration Opened(AtomConfiguration atoms)
    {
        var (open, room) = (_given.Texts("open"), Number("vacuum", Length));
        if (open.FirstOrDefault(axis => axis is not ("x" or "y" or "z")) is { } bad)
        {
            return Fault(atoms, $"'open' holds '{bad}'; it may hold x, y and z");
        }

        if (open.IsEmpty)
        {
            return room > 0 ? Fault(atoms, "'vacuum' is given, and no side is 'open'") : atoms;
        }

        var box = atoms.Box;
        if (!box.IsOrthogonal)
        {
            return Fault(atoms, "'open' is given, and the box is skewed; sides that end are those of a box with right angles");
        }

        Vec3 By(Func<string, double> of) => new(of("x"), of("y"), of("z"));
        var added = By(axis => open.Contains(axis) ? room : 0);
        BoxSide Side(string axis, BoxSide now) => open.Contains(axis) ? BoxSide.Fixed : now;
        return atoms with
        {
            Box = new(box.Origin - added, Matrix3.Diagonal(box.Cell.XX + (2 * added.X), box.Cell.YY + (2 * added.Y), box.Cell.ZZ + (2 * added.Z)), Side("x", box.SideA), Side("y", box.SideB), Side("z", box.SideC)),
        };
    }

    // Charges by kinds, where they are given; those of the file otherwise.
    private AtomConfiguration Charged(AtomConfiguration atoms)
    {
        var charges = Numbers("kind-charges", Units.Si.Charge);
        return charges.Length == 0 ? atoms
            : charges.Length != atoms.Species.Length ? Fault(atoms, $"'kind-charges' has {charges.Length} numbers, and there are {atoms.Species.Length} kinds of atoms")
            : atoms with { Charges = [.. atoms.Kinds.Select(k => charges[k])] };
    }

    private const double AnyDistance = 1e100;
    private const double Dalton = 1.66053906660e-27;        // kg
}
