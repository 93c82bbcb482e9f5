using System.Collections.Immutable;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Particles.Interactions;

namespace ActorMultiscale.Physics.Particles;

/// <summary>What an experiment may say of what acts on atoms.</summary>
internal sealed partial class MolecularDynamicsSettings
{
    private static ImmutableArray<Setting> OfPairs(bool isReduced) =>
    [
        Setting.Choice("pair", "what acts between all atoms", ["lennard-jones", "morse", "embedded-atom", "stillinger-weber", "table", "none"], "lennard-jones"),
        Setting.Numbers("epsilon", U("J", isReduced), "lennard-jones: depth of the well, of each kind", isReduced ? [1] : [1.65678e-21]),
        Setting.Numbers("sigma", U("m", isReduced), "lennard-jones: size, of each kind", isReduced ? [1] : [3.4e-10]),
        Setting.Choice("mixing", "lennard-jones: how unlike kinds follow from like ones", ["geometric", "arithmetic", "sixth-power"], "arithmetic"),
        Setting.Positive("depth", U("J", isReduced), "morse: depth of the well", isReduced ? 1 : 1.65678e-21),
        Setting.Positive("width", U("1/m", isReduced), "morse: the inverse width α", isReduced ? 5 : 1.6e10),
        Setting.Positive("distance", U("m", isReduced), "morse: where the energy is least", isReduced ? 1.12 : 3.8e-10),
        Setting.Positive("cutoff", U("m", isReduced), "lennard-jones and morse: how far it reaches; table: the same where it is given, otherwise up to the last distance of the table", isReduced ? 2.5 : 8.5e-10),
        Setting.Choice("ending", "lennard-jones and morse: how it ends at the cutoff", ["plain", "shifted", "force-shifted", "switched"], "force-shifted"),
        Setting.File("potential", "embedded-atom: a funcfl or setfl file; stillinger-weber: a file of LAMMPS (.sw), or none for silicon; table: a file of pair tables of LAMMPS", optional: true),
        Setting.Flag("finnis-sinclair", "embedded-atom: whether the file is a setfl file of the Finnis-Sinclair form", false),
        Setting.Texts("sections", "table: names of sections of the file: one for all pairs, or those of the kinds 1-1, 1-2, …, 2-2, …; without names the first section", []),
        Setting.Integer("table-points", "table: how many points, equally spaced in r², are made of a section", 5000, min: 2, max: 1_000_000),
        Setting.Choice("interpolation", "table: what lies between the points; with hermite the force is the slope of the energy", ["linear", "spline", "hermite"], "spline"),
    ];

    private static ImmutableArray<Setting> OfCharges(bool isReduced) =>
    [
        Setting.Choice("charges", "how the charges of the atoms act on each other: not at all, cut, damped and shifted, or with all images", ["none", "cut", "damped-shifted-force", "ewald"], "none"),
        Setting.Numbers("kind-charges", U("C", isReduced), "charge of the atoms of each kind; without them those of the file", []),
        Setting.Positive("charge-cutoff", U("m", isReduced), "charges: how far they reach, of ewald the part in space", isReduced ? 2.5 : 1e-9),
        Setting.Number("damping", U("1/m", isReduced), "damped-shifted-force: α", isReduced ? 0.8 : 2e9, min: 0),
        Setting.Number("ewald-accuracy", "1", "ewald: what is left out, against what counts", 1e-6, min: 1e-15, max: 0.1),
    ];

    private static ImmutableArray<Setting> OfMolecules(bool isReduced) =>
    [
        Setting.Choice("bonds", "what acts along the bonds of the file: harmonic K (r − r₀)², fene −½ K R₀² ln(1 − (r/R₀)²), morse D [1 − e^(−α(r − r₀))]²", ["none", "harmonic", "fene", "morse"], "none"),
        Setting.Numbers("bond-stiffness", U("N/m", isReduced), "harmonic and fene bonds: K of each kind", []),
        Setting.Numbers("bond-length", U("m", isReduced), "bonds: r₀ of each kind, or the greatest length R₀ of fene", []),
        Setting.Numbers("bond-core-strength", U("J", isReduced), "fene bonds: ε of each kind of a core 4ε [(σ/r)¹² − (σ/r)⁶] + ε up to 2^(1/6) σ; without it they have none", []),
        Setting.Numbers("bond-core-size", U("m", isReduced), "fene bonds: σ of the core of each kind", []),
        Setting.Numbers("bond-depth", U("J", isReduced), "morse bonds: D of each kind", []),
        Setting.Numbers("bond-width", U("1/m", isReduced), "morse bonds: α of each kind", []),
        Setting.Choice("angles", "what acts on the angles of the file: harmonic K (θ − θ₀)², cosine K (1 + cos θ)", ["none", "harmonic", "cosine"], "none"),
        Setting.Numbers("angle-stiffness", U("J", isReduced), "angles: K of each kind", []),
        Setting.Numbers("angle-rest", "rad", "harmonic angles: θ₀ of each kind", []),
        Setting.Choice("dihedrals", "what acts on the dihedrals of the file: harmonic K (1 + d cos nφ), opls ½ K₁ (1 + cos φ) + ½ K₂ (1 − cos 2φ) + ½ K₃ (1 + cos 3φ) + ½ K₄ (1 − cos 4φ)", ["none", "harmonic", "opls"], "none"),
        Setting.Numbers("dihedral-strength", U("J", isReduced), "dihedrals: K of each kind, or K₁ to K₄ of the first kind, then of the second …", []),
        Setting.Numbers("dihedral-signs", "1", "harmonic dihedrals: d of each kind, 1 or -1", []),
        Setting.Numbers("dihedral-folds", "1", "harmonic dihedrals: n of each kind, a whole number", []),
        Setting.Choice("impropers", "what acts on the impropers of the file: harmonic K (χ − χ₀)², χ = |φ|", ["none", "harmonic"], "none"),
        Setting.Numbers("improper-stiffness", U("J", isReduced), "impropers: K of each kind", []),
        Setting.Numbers("improper-rest", "rad", "impropers: χ₀ of each kind", []),
        Setting.Texts("left-out", "bonded atoms between which pair and charges do not act: one-bond, two-bonds, three-bonds", []),
        Setting.Numbers("pair-weights", "1", "instead of left-out: what counts of the pair interaction of atoms one, two and three bonds apart; three numbers from 0 to 1", []),
        Setting.Numbers("charge-weights", "1", "the same of the charges; without them it is what counts of the pair interaction", []),
    ];

    private static ImmutableArray<Setting> OfSurroundings(bool isReduced) =>
    [
        Setting.Texts("open", "sides of a box with right angles that end, instead of being periodic: x, y, z", []),
        Setting.Number("vacuum", U("m", isReduced), "open: how much room is added at each end of such a side", 0, min: 0),
        Setting.Texts("walls", "ends of the box at which walls stand: x-low, x-high, y-low, …", []),
        Setting.Choice("wall", "what a wall does at the distance r: harmonic K (r_c − r)², lennard-jones-93 ε [(2/15)(σ/r)⁹ − (σ/r)³], lennard-jones-126 4ε [(σ/r)¹² − (σ/r)⁶]", ["harmonic", "lennard-jones-93", "lennard-jones-126"], "lennard-jones-93"),
        Setting.Positive("wall-strength", U("J", isReduced), "walls of lennard-jones: ε", isReduced ? 1 : 1.65678e-21),
        Setting.Positive("wall-size", U("m", isReduced), "walls of lennard-jones: σ", isReduced ? 1 : 3.4e-10),
        Setting.Positive("wall-stiffness", U("N/m", isReduced), "harmonic walls: K", isReduced ? 100 : 1.4),
        Setting.Positive("wall-cutoff", U("m", isReduced), "walls: how far they reach", isReduced ? 2.5 : 8.5e-10),
        Setting.Numbers("force", U("N", isReduced), "a force on every atom", [0, 0, 0]),
        Setting.Numbers("acceleration", U("m/s^2", isReduced), "an acceleration of every atom, as gravity's", [0, 0, 0]),
        Setting.Numbers("electric-field", U("V/m", isReduced), "an electric field on the charges of the atoms", [0, 0, 0]),

        // Not for what is measured by small differences.
        Setting.Choice("precision", "lennard-jones: in which each pair is computed; sums are double", ["double", "single"], "double"),
    ];

    // Where the atoms are not known their absence is a fault already, and the rest is looked at as far as that goes.
    private Func<ImmutableArray<Interaction>> InteractionsOf(AtomConfiguration? atoms, BondedWeights? bonded, bool hasSurroundings)
    {
        // Files are read once, here; each is made and put on the atoms once here, too, so that what its constructor refuses is said with all other faults.
        var isSingle = hasSurroundings && _given.Choice("precision") == "single";
        var pair = Try(() => Pair(atoms, isSingle));
        List<Func<Interaction>?> given = [Whole(pair)];
        if (bonded is not null)
        {
            var charges = Charges(atoms);
            given.AddRange([Whole(charges), Bonds(atoms?.Bonds, bonded), Angles(atoms?.Angles), Dihedrals(atoms?.Dihedrals), Impropers(atoms?.Impropers)]);
            given.AddRange([.. Parts(pair, bonded.LeftOf(bonded.Pairs)), .. Parts(charges, bonded.LeftOf(bonded.Charges))]);
        }

        if (hasSurroundings)
        {
            given.AddRange(Walls(atoms));
            given.AddRange([
                Field("force", Force, v => () => Interaction.OfField(new UniformForce(v))),
                Field("acceleration", Length / (Time * Time), v => () => Interaction.OfField(new Gravity(v, Units))),
                Field("electric-field", Force / Units.Si.Charge, v => () => Interaction.OfField(new UniformElectricField(v)))]);
        }

        ImmutableArray<Func<Interaction>> makers =
        [
            .. given.OfType<Func<Interaction>>().Where(make => Try(() =>
            {
                var interaction = make();
                if (atoms is not null)
                {
                    interaction.Attach(atoms);
                }

                return interaction;
            }) is not null),
        ];
        if (makers.IsEmpty && _faults.Count == 0)
        {
            _faults.Add(bonded is not null ? "'pair', 'bonds' and all others are none: nothing acts on the atoms" : "'pair' is none: nothing acts on the atoms");
        }

        return () => [.. makers.Select(make => make())];
    }

    // Makes what acts between all atoms, or of it what is left of atoms that are so many bonds apart.
    private delegate Interaction PairMaker(BondedPart? part);

    private static Func<Interaction>? Whole(PairMaker? make) => make is null ? null : () => make(null);

    private static IEnumerable<Func<Interaction>> Parts(PairMaker? make, IEnumerable<BondedPart> parts) => make is null ? [] : parts.Select(part => (Func<Interaction>)(() => make(part)));

    private PairMaker? Pair(AtomConfiguration? atoms, bool isSingle)
    {
        var cutoff = Number("cutoff", Length);
        if (isSingle && _given.Choice("pair") is not "lennard-jones" and var other)
        {
            _faults.Add($"'precision' is single, and 'pair' is {other}; only lennard-jones is known in single precision");
        }

        switch (_given.Choice("pair"))
        {
            case "lennard-jones":
                var (epsilon, sigma) = (Numbers("epsilon", Units.Si.Energy), Numbers("sigma", Length));
                var kinds = atoms?.Species.Length ?? epsilon.Length;
                if (epsilon.Length != kinds || sigma.Length != kinds)
                {
                    return Fault<PairMaker?>($"'epsilon' has {epsilon.Length} numbers and 'sigma' {sigma.Length}, and there are {kinds} kinds of atoms");
                }

                if (kinds == 1)
                {
                    return part => Ended(new LennardJonesLaw(epsilon[0], sigma[0], cutoff), isSingle, part);
                }

                var rule = _given.Choice("mixing") switch { "geometric" => MixingRule.Geometric, "arithmetic" => MixingRule.Arithmetic, _ => MixingRule.SixthPower };
                return part => Ended(new LennardJonesMixture([.. epsilon.Zip(sigma, (e, s) => new WellAndSize(e, s))], rule, cutoff), isSingle, part);
            case "morse":
                return part => Ended(new MorseLaw(Number("depth", Units.Si.Energy), Number("width", 1 / Length), Number("distance", Length), cutoff), isSingle: false, part);
            case "embedded-atom":
                return PotentialFile("embedded-atom") is { } eam && InMetal("embedded atoms") ? EmbeddedAtoms(eam, atoms) : null;
            case "stillinger-weber":
                return StillingerWeber(atoms);
            case "table":
                return PotentialFile("table") is { } tables ? Tables(tables, atoms) : null;
            default:
                return null;
        }
    }

    private InputFile? PotentialFile(string pair) => _given.File("potential") ?? Fault<InputFile?>($"'pair' is {pair}, and no 'potential' is given");

    private bool InMetal(string what) => Units.Name == "metal" || Fault<bool>(Units.Name == "lj"
        ? $"files of {what} hold eV and Å; take the model without '-reduced'"
        : $"'units' is {Units.Name}; files of {what} hold eV and Å, so it must be metal");

    private PairMaker? EmbeddedAtoms(InputFile file, AtomConfiguration? atoms)
    {
        if (atoms is null)
        {
            return null;
        }

        if (atoms.Species.Length == 1 && !_given.Flag("finnis-sinclair"))
        {
            var table = EamTable.Parse(file, atoms.Species[0].Name);
            return ChemicalElements.Mass(atoms.Species[0].Name) is not null && ChemicalElements.Mass(table.Element) is not null && table.Element != atoms.Species[0].Name
                ? Fault<PairMaker?>($"{file.Name} is the potential of {table.Element}, and the atoms are {atoms.Species[0].Name}")
                : _ => EmbeddedAtomInteraction.Of(table);
        }

        var alloy = EamAlloy.Parse(file, _given.Flag("finnis-sinclair"));
        return _ => EmbeddedAtomInteraction.Of(alloy, [.. atoms.Species.Select(s => s.Name)]);
    }

    private PairMaker? StillingerWeber(AtomConfiguration? atoms)
    {
        if (!InMetal("Stillinger-Weber potentials"))
        {
            return null;
        }

        ImmutableArray<string> names = [.. atoms?.Species.Select(s => s.Name) ?? []];
        if (_given.File("potential") is { } file)
        {
            var read = StillingerWeberFile.Parse(file);
            if (atoms is null)
            {
                return null;
            }

            var of = read.Of(names);
            return _ => Interaction.StillingerWeber(names.Length, of);
        }

        return names.FirstOrDefault(name => name != "Si") is { } other
            ? Fault<PairMaker?>($"'pair' is stillinger-weber without a 'potential', which is that of silicon, and there are atoms of {other}; 'species' may call them Si")
            : _ => Interaction.StillingerWeber(Math.Max(1, names.Length), (_, _, _) => StillingerWeberParameters.Silicon);
    }

    private PairMaker? Tables(InputFile file, AtomConfiguration? atoms)
    {
        var sections = _given.Texts("sections");
        var kinds = atoms?.Species.Length ?? 1;
        var pairs = kinds * (kinds + 1) / 2;
        if (sections.Length > 1 && atoms is not null && sections.Length != pairs)
        {
            return Fault<PairMaker?>($"'sections' has {sections.Length} names; it has one for all pairs of atoms, or one for each of the {pairs} pairs of {kinds} kinds");
        }

        double? cutoff = _given.Given.ContainsKey("cutoff") ? Number("cutoff", Length) : null;
        var interpolation = _given.Choice("interpolation") switch { "linear" => TableInterpolation.Linear, "spline" => TableInterpolation.Spline, _ => TableInterpolation.Hermite };
        ImmutableArray<string?> names = sections.IsEmpty ? [null] : [.. sections];
        ImmutableArray<PairTable?> tables = [.. names.Select(name => Try(() => PairTableFile.Parse(file, name).ToTable(_given.Integer("table-points"), cutoff, interpolation)))];
        if (tables.Any(t => t is null))
        {
            return null;
        }

        // Of the pair i ≤ j the place in 1-1, 1-2, …, 2-2, …
        PairTable Of(int i, int j) => tables[(Math.Min(i, j) * ((2 * kinds) - Math.Min(i, j) + 1) / 2) + Math.Abs(i - j)]!;
        return tables.Length == 1
            ? part => Pairs(new TabulatedLaw(tables[0]!), isSingle: false, part)
            : part => Pairs(new TabulatedLaw(kinds, Of), isSingle: false, part);
    }

    private Interaction Ended<TLaw>(TLaw law, bool isSingle, BondedPart? part) where TLaw : struct, IPairLaw => _given.Choice("ending") switch
    {
        "plain" => Pairs(law, isSingle, part),
        "shifted" => Pairs(new Shifted<TLaw>(law), isSingle, part),
        "force-shifted" => Pairs(new ForceShifted<TLaw>(law), isSingle, part),
        _ => Pairs(new Switched<TLaw>(law, 0.9 * law.Cutoff), isSingle, part),
    };

    private static Interaction Pairs<TLaw>(TLaw law, bool isSingle, BondedPart? part) where TLaw : struct, IPairLaw =>
        part is { } p ? Interaction.OfBondedPairs(law, p.Which, p.Weight) : isSingle ? Interaction.InSingle(law) : Interaction.Of(law);

    private static Interaction ChargesBy<TLaw>(TLaw law, BondedPart? part) where TLaw : struct, IChargeLaw =>
        part is { } p ? Interaction.OfBondedCharges(law, p.Which, p.Weight) : Interaction.OfCharges(law);

    private PairMaker? Charges(AtomConfiguration? atoms)
    {
        var (which, cutoff) = (_given.Choice("charges"), Number("charge-cutoff", Length));
        if (which != "none" && atoms is not null && atoms.Charges.Length != atoms.Count)
        {
            return Fault<PairMaker?>($"'charges' is {which}, and the atoms have none; a file of atoms or 'kind-charges' may give them");
        }

        return which switch
        {
            "cut" => part => ChargesBy(new CoulombCut(cutoff), part),
            "damped-shifted-force" => part => ChargesBy(new DampedShiftedForce(Number("damping", 1 / Length), cutoff), part),

            // A pair of atoms is taken out of the sum whole, at any distance.
            "ewald" => part => part is null ? Interaction.Ewald(EwaldSettings.For(cutoff, Number("ewald-accuracy"))) : ChargesBy(new CoulombCut(AnyDistance), part),
            _ => null,
        };
    }

    private Func<Interaction>? Bonds(ImmutableArray<Connection>? listed, BondedWeights bonded)
    {
        // An energy an area, as N/m is a force a length.
        var (which, stiffness) = (_given.Choice("bonds"), Units.Si.Energy / (Length * Length));
        (string, double)[] keys = which == "morse" ? [("bond-depth", Units.Si.Energy), ("bond-width", 1 / Length), ("bond-length", Length)] : [("bond-stiffness", stiffness), ("bond-length", Length)];
        var hasCore = _given.Numbers("bond-core-strength").Length + _given.Numbers("bond-core-size").Length > 0;
        if (which == "fene" && hasCore)
        {
            keys = [.. keys, ("bond-core-strength", Units.Si.Energy), ("bond-core-size", Length)];
            if (_given.Numbers("bond-core-strength").Any(e => e != 0) && _given.Choice("pair") != "none" && bonded.Pairs[0] != 0)
            {
                _faults.Add("fene bonds have a core by 'bond-core-strength', and the pair interaction acts along them too; 'left-out' may hold one-bond");
            }
        }
        else if (hasCore)
        {
            _faults.Add($"'bond-core-strength' and 'bond-core-size' are of fene bonds, and 'bonds' is {which}");
        }

        return which == "none" || Parameters("bonds", which, "no atoms are bonded", listed, keys) is not { } p ? null : which switch
        {
            "harmonic" => () => Interaction.OfBonds(new HarmonicBond([.. p[0].Zip(p[1])])),
            "fene" => () => Interaction.OfBonds(new FeneBond([.. Enumerable.Range(0, p[0].Length).Select(k => (p[0][k], p[1][k], hasCore ? p[2][k] : 0, hasCore ? p[3][k] : 1))])),
            _ => () => Interaction.OfBonds(new MorseBond([.. p[0].Zip(p[1], p[2])])),
        };
    }

    private Func<Interaction>? Angles(ImmutableArray<Connection>? listed)
    {
        var which = _given.Choice("angles");
        (string, double)[] keys = which == "harmonic" ? [("angle-stiffness", Units.Si.Energy), ("angle-rest", 1)] : [("angle-stiffness", Units.Si.Energy)];
        return which == "none" || Parameters("angles", which, "the atoms have no angles", listed, keys) is not { } p ? null
            : which == "harmonic" ? () => Interaction.OfAngles(new HarmonicAngle([.. p[0].Zip(p[1])]))
            : () => Interaction.OfAngles(new CosineAngle([.. p[0]]));
    }

    private Func<Interaction>? Dihedrals(ImmutableArray<Connection>? listed)
    {
        var which = _given.Choice("dihedrals");
        if (which == "none")
        {
            return null;
        }

        const string None = "the atoms have no dihedrals";
        if (which == "harmonic")
        {
            if (Parameters("dihedrals", which, None, listed, ("dihedral-strength", Units.Si.Energy), ("dihedral-signs", 1), ("dihedral-folds", 1)) is not { } p)
            {
                return null;
            }

            return p[1].Concat(p[2]).Any(x => x != Math.Floor(x) || Math.Abs(x) > 1000)
                ? Fault<Func<Interaction>?>("'dihedral-signs' and 'dihedral-folds' take whole numbers")
                : () => Interaction.OfDihedrals(new HarmonicDihedral([.. p[0].Zip(p[1], p[2]).Select(k => (k.First, (int)k.Second, (int)k.Third))]));
        }

        var strength = Numbers("dihedral-strength", Units.Si.Energy);
        var kinds = Kinds("dihedrals", which, None, listed);
        return kinds is null ? null
            : strength.Length % 4 != 0 || strength.Length < 4 * Math.Max(1, kinds.Value)
            ? Fault<Func<Interaction>?>($"'dihedral-strength' has {strength.Length} numbers; opls takes four for each of {kinds} kinds of dihedrals")
            : () => Interaction.OfDihedrals(new OplsDihedral([.. strength.Chunk(4).Select(k => (k[0], k[1], k[2], k[3]))]));
    }

    private Func<Interaction>? Impropers(ImmutableArray<Connection>? listed)
    {
        var which = _given.Choice("impropers");
        return which == "none" || Parameters("impropers", which, "the atoms have no impropers", listed, ("improper-stiffness", Units.Si.Energy), ("improper-rest", 1)) is not { } p
            ? null
            : () => Interaction.OfImpropers(new HarmonicImproper([.. p[0].Zip(p[1])]));
    }

    // How many kinds of bonds, angles, … the atoms have; 0 where the atoms are not known, null where they have none.
    private int? Kinds(string setting, string which, string none, ImmutableArray<Connection>? listed) => listed switch
    {
        null => 0,
        { IsEmpty: true } => Fault<int?>($"'{setting}' is {which}, and {none}; a LAMMPS data file may say which are"),
        { } all => all.Max(c => c.Kind + 1),
    };

    // Lists of parameters with a number for each kind; null where they do not fit.
    private double[][]? Parameters(string setting, string which, string none, ImmutableArray<Connection>? listed, params (string Key, double Unit)[] keys)
    {
        double[][] lists = [.. keys.Select(k => Numbers(k.Key, k.Unit))];
        return Kinds(setting, which, none, listed) is not { } kinds ? null
            : lists.Any(l => l.Length != lists[0].Length || l.Length < kinds)
            ? Fault<double[][]?>($"{string.Join(" and ", keys.Zip(lists, (k, l) => $"'{k.Key}' has {l.Length} numbers"))}, and there are {kinds} kinds of {setting}")
            : lists;
    }

    private IEnumerable<Func<Interaction>?> Walls(AtomConfiguration? atoms)
    {
        var (which, reach) = (_given.Choice("wall"), Number("wall-cutoff", Length));
        foreach (var name in _given.Texts("walls"))
        {
            if (name is not [>= 'x' and <= 'z' and var axis, '-', .. "low" or "high"])
            {
                yield return Fault<Func<Interaction>?>($"'walls' holds '{name}'; it may hold x-low, x-high, y-low, y-high, z-low and z-high");
                continue;
            }

            if (atoms is null)
            {
                continue;
            }

            var (side, box) = (axis - 'x', atoms.Box);
            var isLow = name.EndsWith("low", StringComparison.Ordinal);
            var point = isLow ? box.Origin : box.Point(new(1, 1, 1));
            var normal = (isLow ? 1 : -1) * new Vec3(side == 0 ? 1 : 0, side == 1 ? 1 : 0, side == 2 ? 1 : 0);
            if (box.IsPeriodic(side))
            {
                yield return Fault<Func<Interaction>?>($"'walls' holds '{name}', and the box is periodic along {axis}; 'open' makes it end");
                continue;
            }

            var within = Array.FindIndex(atoms.Positions, x => !(Vec3.Dot(normal, x - point) > 0));
            if (within >= 0)
            {
                yield return Fault<Func<Interaction>?>($"'walls' holds '{name}', and atom {atoms.IdOf(within)} stands in the wall or behind it; 'vacuum' makes room");
                continue;
            }

            yield return which switch
            {
                "harmonic" => () => Wall(point, normal, new HarmonicWall(Number("wall-stiffness", Units.Si.Energy / (Length * Length)), reach)),
                "lennard-jones-93" => () => Wall(point, normal, new LennardJones93Wall(Number("wall-strength", Units.Si.Energy), Number("wall-size", Length), reach)),
                _ => () => Wall(point, normal, new LennardJones126Wall(Number("wall-strength", Units.Si.Energy), Number("wall-size", Length), reach)),
            };
        }
    }

    private static Interaction Wall<TProfile>(Vec3 point, Vec3 normal, TProfile profile) where TProfile : struct, IWallProfile => Interaction.OfField(new FlatWall<TProfile>(point, normal, profile));

    private Func<Interaction>? Field(string key, double unit, Func<Vec3, Func<Interaction>> make) => Numbers(key, unit) is [var x, var y, var z]
        ? new Vec3(x, y, z) is { NormSquared: > 0 } v ? make(v) : null
        : Fault<Func<Interaction>?>($"'{key}' has {_given.Numbers(key).Length} numbers; it takes three: x, y, z");
}
