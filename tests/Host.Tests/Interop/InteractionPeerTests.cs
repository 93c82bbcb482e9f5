using System.Collections.Immutable;
using System.Globalization;
using ActorMultiscale.Host.Formats;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles;
using ActorMultiscale.Physics.Particles.Interactions;
using ActorMultiscale.Tests.Host.Formats;

namespace ActorMultiscale.Tests.Host.Interop;

/// <summary>Charges, three-body forces, tables, walls and fields: ours and those of LAMMPS.</summary>
public sealed class InteractionPeerTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("actor-multiscale-");

    public void Dispose() => _folder.Delete(recursive: true);

    // A lattice, well shaken; in a box with right angles, in a skewed one, in one with a side that ends.
    private static AtomConfiguration Shaken(UnitSystem units, int shape, double spacing, bool neutral = true)
    {
        var noise = new Philox(21, (ulong)shape);
        var (nx, ny, nz) = (5, 4, 6);
        var cell = Matrix3.Diagonal(spacing * nx, spacing * ny, spacing * nz);
        var box = shape switch
        {
            1 => new SimulationBox(Vec3.Zero, cell with { XY = 0.3 * cell.XX, XZ = -0.2 * cell.XX, YZ = 0.25 * cell.YY }),
            2 => new SimulationBox(spacing * new Vec3(-1, -1, -1), cell with { ZZ = cell.ZZ + (2 * spacing) }, SideC: BoxSide.Fixed),
            _ => new SimulationBox(spacing * new Vec3(0.3, -2, 1), cell),
        };
        var n = nx * ny * nz;
        double Shake(int i, int axis) => 0.25 * spacing * (noise.Uniform(0, axis, i) - 0.5);
        var charges = Enumerable.Range(0, n).Select(i => noise.Uniform(2, 0, i) - 0.5).ToArray();
        var mean = neutral ? FixedOrderSum.Of(charges) / n : 0;
        return new()
        {
            Units = units,
            Box = box,
            Species = [new("A", 1), new("B", 2)],
            Kinds = [.. Enumerable.Range(0, n).Select(i => (int)(2 * noise.Uniform(3, 0, i)))],
            Charges = [.. charges.Select(q => q - mean)],
            Positions = [.. Enumerable.Range(0, n).Select(i =>
            {
                var at = new Vec3((i % nx) + 0.5, (i / nx % ny) + 0.5, (i / nx / ny) + 0.5);
                var x = shape == 1 ? box.Point(new(at.X / nx, at.Y / ny, at.Z / nz)) : box.Origin + (spacing * at);
                return x + new Vec3(Shake(i, 0), Shake(i, 1), Shake(i, 2));
            })],
        };
    }

    private (double Energy, double[] Virial, Vec3[] Forces) Theirs(AtomConfiguration atoms, string before, string after)
    {
        FormatStand.Save(_folder, "ours.data", FormatStand.Written(to => LammpsData.Write(to, new(atoms))));
        string Side(int s) => atoms.Box.IsPeriodic(s) ? "p" : "f";
        var log = FormatStand.Lammps(_folder, $"""
            units {atoms.Units.Name}
            boundary {Side(0)} {Side(1)} {Side(2)}
            {before}
            read_data ours.data
            {after}
            compute w all pressure NULL virial
            thermo_style custom pe vol c_w[1] c_w[2] c_w[3] c_w[6] c_w[5] c_w[4]
            thermo_modify norm no format float %.17g
            dump a all custom 1 forces.dump id type x y z fx fy fz
            dump_modify a format float %.17g
            run 0
            """.ReplaceLineEndings("\n"));
        var lines = log.Split('\n');
        var numbers = lines[Array.FindIndex(lines, l => l.TrimStart().StartsWith("PotEng", StringComparison.Ordinal)) + 1]
            .Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(w => double.Parse(w, CultureInfo.InvariantCulture)).ToArray();
        var rows = File.ReadLines(Path.Combine(_folder.FullName, "forces.dump")).SkipWhile(l => !l.StartsWith("ITEM: ATOMS", StringComparison.Ordinal)).Skip(1)
            .Select(l => l.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(w => double.Parse(w, CultureInfo.InvariantCulture)).ToArray()).ToDictionary(r => (long)r[0], r => new Vec3(r[5], r[6], r[7]));
        Assert.Equal(atoms.Count, rows.Count);
        return (numbers[0], [.. numbers[2..8].Select(p => p * numbers[1] / atoms.Units.Pressure)], [.. Enumerable.Range(0, atoms.Count).Select(i => rows[atoms.IdOf(i)])]);
    }

    private void Agree(AtomConfiguration atoms, ImmutableArray<Interaction> ours, string before, string after, double tolerance, BondedNeighbors excluded = BondedNeighbors.None, bool hasVirial = true)
    {
        var (energy, virial, theirs) = Theirs(atoms, before, after);
        var engine = new MolecularDynamics(atoms, ours, 0.3, excluded);
        var found = engine.Measure(ChunkedLoop.Serial);
        var forces = engine.Forces(ChunkedLoop.Serial);
        Assert.Equal(energy, found.Potential, tolerance * Math.Abs(energy));
        var scale = virial.Max(Math.Abs);
        for (var e = 0; e < 6 && hasVirial; e++)
        {
            Assert.Equal(virial[e], found.Virial[e], tolerance * scale);
        }

        var difference = Math.Sqrt(FixedOrderSum.Of([.. forces.Select((f, i) => (f - theirs[i]).NormSquared)]));
        var all = Math.Sqrt(FixedOrderSum.Of([.. forces.Select(f => f.NormSquared)]));
        Assert.InRange(difference / all, 0, tolerance);
    }

    [PeerTheory("lmp")]
    [InlineData("lj", 0)]
    [InlineData("metal", 1)]
    [InlineData("real", 2)]
    [InlineData("si", 0)]
    public void Cut_charges_are_those_of_LAMMPS_in_all_units(string units, int shape) =>
        Agree(Shaken(UnitSystem.All.Single(u => u.Name == units), shape, 1.2, neutral: false), [Interaction.OfCharges(new CoulombCut(2.9))],
            "atom_style charge", "pair_style coul/cut 2.9\npair_coeff * *\nneighbor 0.3 bin", 1e-10);

    [PeerTheory("lmp")]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Lennard_Jones_and_cut_charges_together_are_those_of_LAMMPS(int shape) =>
        Agree(Shaken(UnitSystem.Real, shape, 1.2, neutral: false), [Interaction.Of(new LennardJonesLaw(0.2, 1.1, 2.4)), Interaction.OfCharges(new CoulombCut(3.1))],
            "atom_style charge", "pair_style lj/cut/coul/cut 2.4 3.1\npair_coeff * * 0.2 1.1\nneighbor 0.3 bin", 1e-10);

    // LAMMPS has erfc by a formula that is good to 1e-7.
    [PeerTheory("lmp")]
    [InlineData(0, 0.4)]
    [InlineData(1, 0.7)]
    [InlineData(2, 1.1)]
    public void Damped_shifted_forces_are_those_of_LAMMPS(int shape, double damping) =>
        Agree(Shaken(UnitSystem.Metal, shape, 1.2, neutral: false), [Interaction.OfCharges(new DampedShiftedForce(damping, 2.9))],
            "atom_style charge", FormattableString.Invariant($"pair_style coul/dsf {damping} 2.9\npair_coeff * *\nneighbor 0.3 bin"), 1e-6);

    private static string Ewald(EwaldSettings settings) => FormattableString.Invariant($"""
        pair_style coul/long {settings.Cutoff}
        pair_coeff * *
        pair_modify table 0
        neighbor 0.3 bin
        kspace_style ewald 1e-9
        kspace_modify gewald {settings.Damping}
        """).ReplaceLineEndings("\n");

    [PeerTheory("lmp")]
    [InlineData(0)]
    [InlineData(1)]
    public void Ewald_sums_are_those_of_LAMMPS(int shape)
    {
        var settings = EwaldSettings.For(3, 1e-10);
        Agree(Shaken(UnitSystem.Real, shape, 1.2), [Interaction.Ewald(settings)], "atom_style charge", Ewald(settings), 1e-6);
    }

    [PeerTheory("lmp")]
    [InlineData(0, BondedNeighbors.All, "0 0 0")]
    [InlineData(1, BondedNeighbors.OneBond | BondedNeighbors.TwoBonds, "0 0 1")]
    public void Ewald_sums_without_bonded_pairs_are_those_of_LAMMPS(int shape, BondedNeighbors excluded, string weights)
    {
        var settings = EwaldSettings.For(3, 1e-10);
        var atoms = Shaken(UnitSystem.Real, shape, 1.2);
        atoms = atoms with { Bonds = [.. Enumerable.Range(0, 60).Where(i => i % 5 != 4).Select(i => new Connection(0, [i, i + 1]))] };
        Agree(atoms, [Interaction.Ewald(settings), Interaction.OfBonds(new HarmonicBond((3, 1.1)))], $"atom_style full\nspecial_bonds lj/coul {weights}",
            $"{Ewald(settings)}\nbond_style harmonic\nbond_coeff 1 3 1.1", 1e-6, excluded);
    }

    // Two made-up kinds, the pair part the same from both sides.
    private static StillingerWeberParameters Mixed(int i, int j, int k) => new(
        1.9 + (0.1 * ((2 * i) + j + k)), 2 + (0.1 * (i + j)), 1.75 + (0.1 * i * j), 20 + i + (2 * (j + k)), 1.1 + (0.05 * i) + (0.1 * j), (-1.0 / 3) + (0.1 * i) + (0.05 * (j + k)),
        7 + (0.3 * (i + j)), 0.6 + (0.05 * i * j), 4 + (0.3 * (i + j)), 0.2 * i * j);

    [PeerTheory("lmp")]
    [InlineData(0, false)]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(0, true)]
    [InlineData(1, true)]
    [InlineData(2, true)]
    public void Stillinger_Weber_potentials_are_those_of_LAMMPS(int shape, bool isMixed)
    {
        var atoms = Shaken(UnitSystem.Metal, shape, 2.6) with { Charges = [] };
        string[] names = isMixed ? ["Aa", "Bb"] : ["Si"];
        StillingerWeberParameters Of(int i, int j, int k) => isMixed ? Mixed(i, j, k) : StillingerWeberParameters.Silicon;
        var lines = from i in Enumerable.Range(0, names.Length) from j in Enumerable.Range(0, names.Length) from k in Enumerable.Range(0, names.Length) let s = Of(i, j, k)
            select FormattableString.Invariant($"{names[i]} {names[j]} {names[k]} {s.Epsilon:R} {s.Sigma:R} {s.Reach:R} {s.Lambda:R} {s.Gamma:R} {s.Cosine:R} {s.A:R} {s.B:R} {s.P:R} {s.Q:R} 0.0");
        FormatStand.Save(_folder, "made.sw", string.Join('\n', lines) + "\n");
        var ours = isMixed ? Interaction.StillingerWeber(2, Mixed) : Interaction.StillingerWeber(2, (_, _, _) => StillingerWeberParameters.Silicon);
        Agree(atoms, [ours], "atom_style atomic", $"pair_style sw\npair_coeff * * made.sw {(isMixed ? "Aa Bb" : "Si Si")}", 1e-10);
    }

    [PeerTheory("lmp")]
    [InlineData(0, TableInterpolation.Linear, 300, 120)]
    [InlineData(1, TableInterpolation.Linear, 50, 1000)]
    [InlineData(2, TableInterpolation.Linear, 300, 500)]
    [InlineData(0, TableInterpolation.Spline, 300, 120)]
    [InlineData(1, TableInterpolation.Spline, 50, 1000)]
    [InlineData(2, TableInterpolation.Spline, 300, 500)]
    public void Tables_are_those_of_LAMMPS(int shape, TableInterpolation interpolation, int given, int points)
    {
        // Coarse on purpose: what lies between the points must be the same too.
        var r = Enumerable.Range(0, given).Select(i => 0.5 + (2.1 * i / (given - 1))).ToArray();
        double[] Energies(double a) => [.. r.Select(x => Math.Exp(-a * x) - (0.3 / x))];
        double[] Forces(double a) => [.. r.Select(x => (a * Math.Exp(-a * x)) - (0.3 / (x * x)))];
        double[] decays = [1, 1.5, 2];
        var text = decays.Select((a, t) => FormattableString.Invariant($"T{t}\nN {given} R {r[0]:R} {r[^1]:R}\n\n")
            + string.Concat(r.Select((x, i) => FormattableString.Invariant($"{i + 1} {x:R} {Energies(a)[i]:R} {Forces(a)[i]:R}\n"))) + "\n");
        FormatStand.Save(_folder, "made.table", "# made by a test\n\n" + string.Concat(text));
        PairTable[] tables = [.. decays.Select(a => new PairTable(r, Energies(a), Forces(a), points, 2.5, interpolation))];
        var style = interpolation == TableInterpolation.Linear ? "linear" : "spline";
        Agree(Shaken(UnitSystem.LennardJones, shape, 1.1) with { Charges = [] }, [Interaction.Of(new TabulatedLaw(2, (i, j) => tables[i + j]))], "atom_style atomic", $"""
            pair_style table {style} {points}
            pair_coeff 1 1 made.table T0 2.5
            pair_coeff 1 2 made.table T1 2.5
            pair_coeff 2 2 made.table T2 2.5
            """.ReplaceLineEndings("\n"), 1e-10);
    }

    // Files that come with LAMMPS. Entries of GaN have zeros where only the angle counts.
    [PeerTheory("lmp")]
    [InlineData("Si.sw", "Si", "Si", 0)]
    [InlineData("GaN.sw", "Ga", "N", 1)]
    [InlineData("CdTe.sw", "Te", "Cd", 2)]
    public void Stillinger_Weber_files_are_read_as_LAMMPS_reads_them(string name, string first, string second, int shape)
    {
        var path = $"/usr/share/lammps/potentials/{name}";
        var read = StillingerWeberFile.Parse(new(name, File.ReadAllText(path)));
        Agree(Shaken(UnitSystem.Metal, shape, 2.6) with { Charges = [] }, [Interaction.StillingerWeber(2, read.Of([first, second]))], "atom_style atomic", $"pair_style sw\npair_coeff * * {path} {first} {second}", 1e-10);
    }

    [PeerTheory("lmp")]
    [InlineData(0, "", "linear", 700)]
    [InlineData(1, "R 0.6 2.7", "spline", 300)]
    [InlineData(2, "RSQ 0.55 2.65", "spline", 200)]
    [InlineData(0, "RSQ 0.55 2.65", "linear", 240)]
    [InlineData(1, "R 0.6 2.7 FPRIME -3.5 0.4", "spline", 90)]
    [InlineData(1, "R 0.6 2.7", "spline", 90)]
    [InlineData(0, "R 0.6 2.5 FPRIME 2 -1.5", "spline", 300)]
    [InlineData(2, "FPRIME 2 -1.5", "linear", 150)]
    public void Files_of_pair_tables_are_read_as_LAMMPS_reads_them(int shape, string spacing, string style, int points)
    {
        // Distances in the lines are not those of the head, which count.
        const int Given = 240;
        var r = Enumerable.Range(0, Given).Select(i => 0.5 + (2.2 * Math.Pow(i / (Given - 1.0), 1.2))).ToArray();
        string Section(string name, double a) => FormattableString.Invariant($"{name} # a name\nN {Given} {spacing}\n\n")
            + string.Concat(r.Select((x, i) => FormattableString.Invariant($"{i + 1} {x:R} {Math.Exp(-a * x) - (0.3 / x):R} {(a * Math.Exp(-a * x)) - (0.3 / (x * x)):R}\n"))) + "\n# between\n\n";
        var text = "# made by a test\n\n" + Section("FIRST", 1) + Section("B", 1.5) + Section("C", 2);
        FormatStand.Save(_folder, "made.table", text);
        PairTable Of(string? name) => PairTableFile.Parse(new("made.table", text), name).ToTable(points, 2.5, style == "linear" ? TableInterpolation.Linear : TableInterpolation.Spline);
        PairTable[] tables = [Of(null), Of("B"), Of("C")];
        Agree(Shaken(UnitSystem.LennardJones, shape, 1.1) with { Charges = [] }, [Interaction.Of(new TabulatedLaw(2, (i, j) => tables[i + j]))], "atom_style atomic", $"""
            pair_style table {style} {points}
            pair_coeff 1 1 made.table FIRST 2.5
            pair_coeff 1 2 made.table B 2.5
            pair_coeff 2 2 made.table C 2.5
            """.ReplaceLineEndings("\n"), 1e-10);
    }

    [PeerFact("lmp")]
    public void A_table_of_helium_that_comes_with_LAMMPS_is_read_as_LAMMPS_reads_it()
    {
        const string Path = "/usr/share/lammps/potentials/He_He_JW2013.table";
        var table = PairTableFile.Parse(new("He_He_JW2013.table", File.ReadAllText(Path)), "HeHe").ToTable(2000, 3.6, TableInterpolation.Spline);
        Agree(Shaken(UnitSystem.Metal, 1, 2.1) with { Charges = [] }, [Interaction.Of(new TabulatedLaw(table))], "atom_style atomic", $"pair_style table spline 2000\npair_coeff * * {Path} HeHe 3.6", 1e-10);
    }

    // Everything that an experiment can say of what acts on atoms of a file, in SI units.
    [PeerTheory("lmp")]
    [InlineData("cut")]
    [InlineData("opls")]
    [InlineData("fene")]
    public void A_participant_has_the_energy_that_LAMMPS_has_of_its_settings(string which)
    {
        var units = UnitSystem.Real;
        var atoms = Shaken(units, 2, 1.2, neutral: false);
        atoms = atoms with
        {
            Bonds = [.. Enumerable.Range(0, 100).Where(i => i % 5 != 4).Select(i => new Connection(i % 2, [i, i + 1]))],
            Angles = [.. Enumerable.Range(0, 100).Where(i => i % 5 < 3).Select(i => new Connection(0, [i, i + 1, i + 2]))],
            Dihedrals = [.. Enumerable.Range(0, 100).Where(i => i % 5 < 2).Select(i => new Connection(i % 2, [i, i + 1, i + 2, i + 3]))],
            Impropers = [.. Enumerable.Range(0, 100).Where(i => i % 5 == 1).Select(i => new Connection(0, [i, i + 1, i + 5, i - 1]))],
        };
        var (isCut, isFene) = (which == "cut", which == "fene");
        var (low, high) = (atoms.Box.Origin.Z, atoms.Box.Origin.Z + atoms.Box.Cell.ZZ);
        string Text(double x) => x.ToString("R", CultureInfo.InvariantCulture);
        var degrees = 180 / Math.PI;
        var theirs = FormattableString.Invariant($"""
            pair_style lj/cut/coul/cut 2.4 2.7
            pair_modify mix arithmetic
            pair_coeff 1 1 0.2 1.1 2.4 2.7
            pair_coeff 2 2 0.3 1 2.4 2.7
            pair_coeff 1 2 {Math.Sqrt(0.2 * 0.3):R} 1.05 2.4 2.7
            special_bonds {(isFene ? "lj 0 0.25 0.5 coul 0.1 0 0.8333" : "lj/coul 0 0 1")}
            bond_style {(isFene ? "fene" : isCut ? "harmonic" : "morse")}
            bond_coeff 1 {(isFene ? "5 3.1 0.7 1.2" : isCut ? "5 1.1" : "2 1.5 1.1")}
            bond_coeff 2 {(isFene ? "3 3.3 0.4 1.1" : isCut ? "3 1.3" : "1 3 1.3")}
            angle_style {(isCut ? "harmonic" : "cosine")}
            angle_coeff 1 {(isCut ? $"4 {Text(1.9 * degrees)}" : "4")}
            dihedral_style {(isCut ? "harmonic" : "opls")}
            dihedral_coeff 1 {(isCut ? "2 1 3" : "1.2 -0.4 0.7 0.3")}
            dihedral_coeff 2 {(isCut ? "1.3 -1 2" : "0 0 2 0")}
            improper_style harmonic
            improper_coeff 1 5 {0.6 * degrees}
            fix w all wall/{(isCut ? "lj93" : "harmonic")} zlo {low:R} {(isCut ? "1.3" : "2")} 0.9 2.1 zhi {high:R} {(isCut ? "1.3" : "2")} 0.9 2.1
            fix_modify w energy yes
            fix f all addforce 0.3 -0.2 0.5
            fix_modify f energy yes
            """).ReplaceLineEndings("\n");
        var (energy, _, _) = Theirs(atoms, "atom_style full", theirs);

        var (e, l) = (units.Si.Energy, units.Si.Length);
        var given = new List<(string, object)>
        {
            ("atoms", new InputFile("ours.data", FormatStand.Written(to => LammpsData.Write(to, new(atoms))))), ("units", "real"), ("pair", "lennard-jones"), ("ending", "plain"), ("mixing", "arithmetic"),
            ("epsilon", Numbers(0.2 * e, 0.3 * e)), ("sigma", Numbers(1.1 * l, 1 * l)), ("cutoff", 2.4 * l), ("charges", "cut"), ("charge-cutoff", 2.7 * l),
            ("impropers", "harmonic"), ("improper-stiffness", Numbers(5 * e)), ("improper-rest", Numbers(0.6)), ("open", ImmutableArray.Create("z")),
            ("walls", ImmutableArray.Create("z-low", "z-high")), ("wall-cutoff", 2.1 * l), ("force", Numbers(0.3 * e / l, -0.2 * e / l, 0.5 * e / l)),
        };
        given.AddRange(isFene
            ?
            [
                ("pair-weights", Numbers(0, 0.25, 0.5)), ("charge-weights", Numbers(0.1, 0, 0.8333)), ("bonds", "fene"), ("bond-stiffness", Numbers(5 * e / l / l, 3 * e / l / l)), ("bond-length", Numbers(3.1 * l, 3.3 * l)),
                ("bond-core-strength", Numbers(0.7 * e, 0.4 * e)), ("bond-core-size", Numbers(1.2 * l, 1.1 * l)),
            ]
            :
            [
                ("left-out", ImmutableArray.Create("one-bond", "two-bonds")),
            ]);
        given.AddRange(isCut
            ?
            [
                ("bonds", "harmonic"), ("bond-stiffness", Numbers(5 * e / l / l, 3 * e / l / l)), ("bond-length", Numbers(1.1 * l, 1.3 * l)), ("angles", "harmonic"), ("angle-stiffness", Numbers(4 * e)), ("angle-rest", Numbers(1.9)),
                ("dihedrals", "harmonic"), ("dihedral-strength", Numbers(2 * e, 1.3 * e)), ("dihedral-signs", Numbers(1, -1)), ("dihedral-folds", Numbers(3, 2)),
                ("wall", "lennard-jones-93"), ("wall-strength", 1.3 * e), ("wall-size", 0.9 * l),
            ]
            :
            [
                .. isFene ? Array.Empty<(string, object)>() : [("bonds", "morse"), ("bond-depth", Numbers(2 * e, 1 * e)), ("bond-width", Numbers(1.5 / l, 3 / l)), ("bond-length", Numbers(1.1 * l, 1.3 * l))],
                ("angles", "cosine"), ("angle-stiffness", Numbers(4 * e)),
                ("dihedrals", "opls"), ("dihedral-strength", Numbers(1.2 * e, -0.4 * e, 0.7 * e, 0.3 * e, 0, 0, 2 * e, 0)), ("wall", "harmonic"), ("wall-stiffness", 2 * e / l / l),
            ]);
        var model = Participant.Of("atoms", MolecularDynamicsModel.Entry(AtomFiles.Read), given.ToArray()).CreateModel();
        var outputs = PortWriter.ForStart(model.Description, 0);
        model.Initialize(outputs);
        var ours = outputs.Publish()[model.Description.IndexOf("potential-energy")][^1].Values[0] / e;
        Assert.Equal(energy, ours, 1e-10 * Math.Abs(energy));
    }

    private static ImmutableArray<double> Numbers(params double[] numbers) => [.. numbers];

    // Forces on atoms near the ends of a side that ends; walls of LAMMPS tell their virial too, ours do not.
    [PeerTheory("lmp")]
    [InlineData("lj93")]
    [InlineData("lj126")]
    [InlineData("harmonic")]
    public void Walls_are_those_of_LAMMPS(string name)
    {
        var atoms = Shaken(UnitSystem.LennardJones, 2, 1.2) with { Charges = [] };
        var (low, high) = (atoms.Box.Origin.Z + 0.7, atoms.Box.Origin.Z + atoms.Box.Cell.ZZ - 1.9);
        ImmutableArray<Interaction> Walls<T>(T profile) where T : struct, IWallProfile =>
            [Interaction.OfField(new FlatWall<T>(new(0, 0, low), new(0, 0, 2), profile)), Interaction.OfField(new FlatWall<T>(new(0, 0, high), new(0, 0, -1), profile))];
        low = atoms.Positions.Min(x => x.Z) - 0.75;
        high = atoms.Positions.Max(x => x.Z) + 0.65;
        var ours = name switch
        {
            "lj93" => Walls(new LennardJones93Wall(1.3, 0.9, 2.1)),
            "lj126" => Walls(new LennardJones126Wall(1.3, 0.9, 2.1)),
            _ => Walls(new HarmonicWall(1.3, 2.1)),
        };
        Agree(atoms, ours, "atom_style atomic", FormattableString.Invariant($"""
            pair_style zero 2.5
            pair_coeff * *
            fix walls all wall/{name} zlo {low:R} 1.3 0.9 2.1 zhi {high:R} 1.3 0.9 2.1
            fix_modify walls energy yes
            """).ReplaceLineEndings("\n"), 1e-10, hasVirial: false);
    }

    [PeerTheory("lmp")]
    [InlineData("force", 0)]
    [InlineData("gravity", 1)]
    [InlineData("electric", 2)]
    public void Uniform_fields_are_those_of_LAMMPS(string name, int shape)
    {
        var atoms = Shaken(UnitSystem.Metal, shape, 1.2, neutral: false);

        // LAMMPS takes the force on a unit of mass.
        var g = 9.5 * new Vec3(1, -2, 0.5).Normalized();
        var (ours, theirs) = name switch
        {
            "force" => (Interaction.OfField(new UniformForce(new(0.3, -0.2, 0.5))), "fix f all addforce 0.3 -0.2 0.5"),
            "gravity" => (Interaction.OfField(new Gravity(g, UnitSystem.Metal)), FormattableString.Invariant($"fix f all gravity {9.5 * UnitSystem.Metal.MassVelocitySquared:R} vector 1 -2 0.5")),
            _ => (Interaction.OfField(new UniformElectricField(new(0.3, -0.2, 0.5))), "fix f all efield 0.3 -0.2 0.5"),
        };
        Agree(atoms, [ours], "atom_style charge", $"pair_style zero 2.5\npair_coeff * *\n{theirs}\nfix_modify f energy yes", 1e-10, hasVirial: false);
    }

    // LAMMPS ties atoms to where they are when it is told to: a run pulls them away.
    [PeerFact("lmp")]
    public void Tethers_are_those_of_LAMMPS()
    {
        var atoms = Shaken(UnitSystem.LennardJones, 1, 1.2) with { Charges = [] };
        var moved = atoms with { Positions = [.. atoms.Positions.Select(x => x + new Vec3(0.3, 0.2, -0.15))] };
        Agree(moved, [Interaction.OfField(Tether.ToPoints(3.5, [.. atoms.Positions]))], "atom_style atomic",
            "pair_style zero 2.5\npair_coeff * *\ndisplace_atoms all move -0.3 -0.2 0.15 units box\nfix f all spring/self 3.5\nfix_modify f energy yes\ndisplace_atoms all move 0.3 0.2 -0.15 units box", 1e-10, hasVirial: false);
    }

    private static AtomConfiguration Impropers(int shape)
    {
        // A center and three neighbors, either way round.
        var atoms = Shaken(UnitSystem.Real, shape, 1.2) with { Charges = [] };
        return atoms with
        {
            Bonds = [.. Enumerable.Range(0, 100).Where(i => i % 5 != 4).Select(i => new Connection(0, [i, i + 1]))],
            Impropers = [.. Enumerable.Range(0, 80).Where(i => i % 5 is 1 or 2).Select(i => new Connection(i % 2, i % 3 == 0 ? [i, i + 1, i + 5, i - 1] : [i + 20, i, i + 1, i + 5]))],
        };
    }

    [PeerTheory("lmp")]
    [InlineData(0, true)]
    [InlineData(1, true)]
    [InlineData(2, false)]
    public void Impropers_are_those_of_LAMMPS(int shape, bool isHarmonic)
    {
        var ours = isHarmonic ? Interaction.OfImpropers(new HarmonicImproper((5, 0.6), (3, 0))) : Interaction.OfImpropers(new HarmonicDihedral((5, -1, 2), (3, 1, 3)));
        var theirs = isHarmonic ? $"improper_style harmonic\nimproper_coeff 1 5 {(0.6 * 180 / Math.PI).ToString("R", CultureInfo.InvariantCulture)}\nimproper_coeff 2 3 0"
            : "improper_style cvff\nimproper_coeff 1 5 -1 2\nimproper_coeff 2 3 1 3";
        Agree(Impropers(shape), [ours], "atom_style molecular", $"pair_style zero 2.5\npair_coeff * *\nbond_style zero\nbond_coeff *\n{theirs}", 1e-10);
    }

    // Weights of pairs one, two and three bonds apart, those of charges unlike those of the rest.
    [PeerTheory("lmp")]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void Weights_of_bonded_pairs_are_those_of_LAMMPS(int shape)
    {
        var atoms = Shaken(UnitSystem.Real, shape, 1.2);
        atoms = atoms with { Bonds = [.. Enumerable.Range(0, 100).Where(i => i % 5 != 4).Select(i => new Connection(0, [i, i + 1]))] };
        var (lj, coulomb) = (new LennardJonesMixture([new(0.2, 1.1), new(0.3, 1)], MixingRule.Geometric, 2.4), new CoulombCut(2.7));
        Agree(
            atoms,
            [
                Interaction.Of(lj), Interaction.OfCharges(coulomb), Interaction.OfBondedPairs(lj, BondedNeighbors.TwoBonds, 0.25), Interaction.OfBondedPairs(lj, BondedNeighbors.ThreeBonds, 0.5),
                Interaction.OfBondedCharges(coulomb, BondedNeighbors.OneBond, 0.1), Interaction.OfBondedCharges(coulomb, BondedNeighbors.ThreeBonds, 0.8333),
            ],
            "atom_style full\nspecial_bonds lj 0 0.25 0.5 coul 0.1 0 0.8333",
            "pair_style lj/cut/coul/cut 2.4 2.7\npair_modify mix geometric\npair_coeff 1 1 0.2 1.1 2.4 2.7\npair_coeff 2 2 0.3 1 2.4 2.7\npair_coeff 1 2 0.24494897427831780 1.0488088481701516 2.4 2.7\nbond_style zero\nbond_coeff *\nneighbor 0.3 bin", 1e-10, BondedNeighbors.All);
    }

    // In an Ewald sum what a pair has beside its weight is taken away up to the cutoff.
    [PeerFact("lmp")]
    public void Weights_in_an_Ewald_sum_are_those_of_LAMMPS()
    {
        var settings = EwaldSettings.For(3, 1e-10);
        var atoms = Shaken(UnitSystem.Real, 1, 1.2);
        atoms = atoms with { Bonds = [.. Enumerable.Range(0, 60).Where(i => i % 5 != 4).Select(i => new Connection(0, [i, i + 1]))] };
        Agree(atoms, [Interaction.Ewald(settings), Interaction.OfBondedCharges(new CoulombCut(100), BondedNeighbors.ThreeBonds, 0.5)], "atom_style full\nspecial_bonds coul 0 0 0.5",
            $"{Ewald(settings)}\nbond_style zero\nbond_coeff *", 1e-6, BondedNeighbors.All);
    }
}
