using System.Collections.Immutable;
using System.Globalization;
using ActorMultiscale.Host.Formats;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles;
using ActorMultiscale.Physics.Particles.Building;
using ActorMultiscale.Physics.Particles.Interactions;
using ActorMultiscale.Physics.Particles.Measures;
using ActorMultiscale.Tests.Host.Formats;

namespace ActorMultiscale.Tests.Host.Interop;

/// <summary>Energy and virial of each atom and the flow of heat: ours and those of LAMMPS.</summary>
public sealed class SharesPeerTests : IDisposable
{
    private const string Potentials = "/usr/share/lammps/potentials";
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("actor-multiscale-");

    public void Dispose() => _folder.Delete(recursive: true);

    private static AtomConfiguration Shaken(Lattice lattice, double a, UnitSystem units, ImmutableArray<Species> species, bool isSkewed)
    {
        var crystal = LatticeBuilder.Repeat(ConventionalCell.Of(lattice, a), (5, 4, 4), units, species);
        var noise = new Philox(19, 3);
        var cell = crystal.Box.Cell;
        var box = isSkewed ? crystal.Box with { Cell = cell with { XY = 0.2 * cell.XX, XZ = -0.15 * cell.XX, YZ = 0.25 * cell.YY } } : crystal.Box;
        Vec3 Random(int i, long what) => new(noise.Uniform(what, 0, i) - 0.5, noise.Uniform(what, 1, i) - 0.5, noise.Uniform(what, 2, i) - 0.5);
        return crystal with
        {
            Box = box,
            Kinds = [.. Enumerable.Range(0, crystal.Count).Select(i => i % species.Length)],
            Positions = [.. crystal.Positions.Select((x, i) => box.Point(crystal.Box.Fraction(x)) + (0.15 * a * Random(i, 0)))],
            Velocities = [.. Enumerable.Range(0, crystal.Count).Select(i => 3 * Random(i, 1))],
        };
    }

    [PeerTheory("lmp")]
    [InlineData(false)]
    [InlineData(true)]
    public void Lennard_Jones_atoms_have_the_shares_of_LAMMPS(bool isSkewed)
    {
        var atoms = Shaken(Lattice.Fcc, 1.6, UnitSystem.LennardJones, [new("A", 1), new("B", 2.5)], isSkewed);
        Same(atoms, "lj", "pair_style lj/cut 2.5\npair_coeff * * 1.1 0.97", [Interaction.Of(new LennardJonesLaw(1.1, 0.97, 2.5))], "stress/atom", BondedNeighbors.None);
    }

    [PeerTheory("lmp")]
    [InlineData("Cu_u3.eam", "eam", Lattice.Fcc, 3.615, "Cu", false)]
    [InlineData("CuNi.eam.alloy", "eam/alloy", Lattice.Fcc, 3.57, "Cu Ni", true)]
    [InlineData("AlFe_mm.eam.fs", "eam/fs", Lattice.Bcc, 2.9, "Al Fe", false)]
    public void Embedded_atoms_have_the_shares_of_LAMMPS(string name, string style, Lattice lattice, double a, string kinds, bool isSkewed)
    {
        var path = Path.Combine(Potentials, name);
        var (file, elements) = (new InputFile(name, File.ReadAllText(path)), kinds.Split(' '));
        var atoms = Shaken(lattice, a, UnitSystem.Metal, [.. elements.Select((e, i) => new Species(e, 50 + i))], isSkewed);
        var interaction = style == "eam" ? EmbeddedAtomInteraction.Of(EamTable.Parse(file)) : EmbeddedAtomInteraction.Of(EamAlloy.Parse(file, isFinnisSinclair: style == "eam/fs"), [.. elements]);
        Same(atoms, "metal", $"pair_style {style}\npair_coeff * * {path} {(style == "eam" ? "" : kinds)}", [interaction], "stress/atom", BondedNeighbors.None);
    }

    [PeerFact("lmp")]
    public void Molecules_have_the_shares_of_LAMMPS()
    {
        var crystal = Shaken(Lattice.Fcc, 1.7, UnitSystem.LennardJones, [new("A", 1)], isSkewed: false);
        var near = Enumerable.Range(0, crystal.Count / 4).Select(m => ImmutableArray.Create(4 * m, (4 * m) + 1, (4 * m) + 2, (4 * m) + 3)).ToArray();
        var atoms = crystal with
        {
            Bonds = [.. near.SelectMany(m => new Connection[] { new(0, m[..2]), new(0, m[1..3]), new(0, m[2..]) })],
            Angles = [.. near.SelectMany(m => new Connection[] { new(0, m[..3]), new(0, m[1..]) })],
            Dihedrals = [.. near.Select(m => new Connection(0, m))],
        };
        Same(atoms, "lj", """
            pair_style lj/cut 2.5
            pair_coeff * * 1.1 0.97
            bond_style harmonic
            bond_coeff 1 40 1.1
            angle_style harmonic
            angle_coeff 1 4 110
            dihedral_style harmonic
            dihedral_coeff 1 2 1 3
            special_bonds lj/coul 0 1 1
            """,
            [
                Interaction.Of(new LennardJonesLaw(1.1, 0.97, 2.5)), Interaction.OfBonds(new HarmonicBond((40, 1.1))),
                Interaction.OfAngles(new HarmonicAngle((4, Math.PI * 110 / 180))), Interaction.OfDihedrals(new HarmonicDihedral((2, 1, 3))),
            ],
            "centroid/stress/atom", BondedNeighbors.OneBond, "molecular");
    }

    private static AtomConfiguration Charged(AtomConfiguration atoms) => atoms with { Charges = [.. Enumerable.Range(0, atoms.Count).Select(i => (i % 3) - 0.7)] };

    // LAMMPS has erfc in six digits.
    [PeerTheory("lmp")]
    [InlineData(false)]
    [InlineData(true)]
    public void Charges_have_the_shares_of_LAMMPS(bool isDamped)
    {
        var atoms = Charged(Shaken(Lattice.Fcc, 1.6, UnitSystem.LennardJones, [new("A", 1), new("B", 2.5)], isSkewed: true));
        Same(atoms, "lj", $"pair_style coul/{(isDamped ? "dsf 0.4" : "cut")} 2.5\npair_coeff * *", [isDamped ? Interaction.OfCharges(new DampedShiftedForce(0.4, 2.5)) : Interaction.OfCharges(new CoulombCut(2.5))],
            "stress/atom", BondedNeighbors.None, "charge", isDamped ? 1e-6 : 1e-10);
    }

    // 1-4 pairs by half, their charges by 0.8.
    [PeerFact("lmp")]
    public void Pairs_with_weights_have_the_shares_of_LAMMPS()
    {
        var crystal = Charged(Shaken(Lattice.Fcc, 1.7, UnitSystem.LennardJones, [new("A", 1)], isSkewed: false));
        var atoms = crystal with
        {
            Bonds = [.. Enumerable.Range(0, crystal.Count / 4).SelectMany(m => Enumerable.Range(0, 3).Select(k => new Connection(0, [(4 * m) + k, (4 * m) + k + 1])))],
            Molecules = [.. Enumerable.Range(0, crystal.Count).Select(i => (i / 4) + 1)],
        };
        var (law, charges) = (new LennardJonesLaw(1.1, 0.97, 2.5), new CoulombCut(2.7));
        Same(atoms, "lj", """
            pair_style lj/cut/coul/cut 2.5 2.7
            pair_coeff * * 1.1 0.97
            bond_style harmonic
            bond_coeff 1 40 1.1
            special_bonds lj 0 0 0.5 coul 0 0 0.8
            """,
            [
                Interaction.Of(law), Interaction.OfCharges(charges), Interaction.OfBonds(new HarmonicBond((40, 1.1))),
                Interaction.OfBondedPairs(law, BondedNeighbors.ThreeBonds, 0.5), Interaction.OfBondedCharges(charges, BondedNeighbors.ThreeBonds, 0.8),
            ],
            "stress/atom", BondedNeighbors.All, "full");
    }

    private void Same(AtomConfiguration atoms, string units, string theirs, ImmutableArray<Interaction> ours, string stress, BondedNeighbors excluded, string style = "atomic", double digits = 1e-10)
    {
        var isFull = stress != "stress/atom";
        FormatStand.Save(_folder, "ours.data", FormatStand.Written(to => LammpsData.Write(to, new(atoms))));
        var log = FormatStand.Lammps(_folder, $"""
            units {units}
            atom_style {style}
            read_data ours.data
            {theirs}
            {string.Join('\n', atoms.Species.Select((k, i) => FormattableString.Invariant($"mass {i + 1} {k.Mass}")))}
            compute ke all ke/atom
            compute pe all pe/atom
            compute s all {stress} NULL virial
            compute j all heat/flux ke pe s
            thermo_style custom c_j[1] c_j[2] c_j[3] c_j[4] c_j[5] c_j[6]
            thermo_modify norm no format float %.17g
            dump a all custom 1 shares.dump id c_pe c_s[*]
            dump_modify a format float %.17g
            run 0
            """.ReplaceLineEndings("\n"));
        static double[] Numbers(string line) => [.. line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(w => double.Parse(w, CultureInfo.InvariantCulture))];
        var lines = log.Split('\n');
        var flux = Numbers(lines[Array.FindIndex(lines, l => l.TrimStart().StartsWith("c_j[1]", StringComparison.Ordinal)) + 1]);
        var rows = File.ReadLines(Path.Combine(_folder.FullName, "shares.dump")).SkipWhile(l => !l.StartsWith("ITEM: ATOMS", StringComparison.Ordinal)).Skip(1).Select(Numbers).ToDictionary(r => (long)r[0]);

        var engine = new MolecularDynamics(atoms, ours, 0.3, excluded);
        var shares = engine.Shares(ChunkedLoop.Serial);
        var (carried, passed) = HeatFlux.Of(engine.Configuration(), shares with { Flows = shares.Virials });
        var size = rows.Values.Max(r => r[2..].Max(Math.Abs));
        var energy = rows.Values.Max(r => Math.Abs(r[1]));
        for (var i = 0; i < atoms.Count; i++)
        {
            var row = rows[atoms.IdOf(i)];
            var w = shares.Virials[i];
            Assert.Equal(row[1], shares.Energies[i], digits * energy);

            // xx, yy, zz, xy, xz, yz, and where it is not symmetric yx, zx, zy: minus the virial.
            double[] mine = isFull ? [w.XX, w.YY, w.ZZ, w.XY, w.XZ, w.YZ, w.YX, w.ZX, w.ZY] : [w.XX, w.YY, w.ZZ, w.XY, w.XZ, w.YZ];
            for (var e = 0; e < mine.Length; e++)
            {
                Assert.Equal(row[2 + e], -atoms.Units.Pressure * mine[e], digits * size);
            }
        }

        var most = flux.Max(Math.Abs);
        for (var k = 0; k < 3; k++)
        {
            Assert.Equal(flux[k], carried[k] + passed[k], digits * most);
            Assert.Equal(flux[3 + k], carried[k], digits * most);
        }
    }
}
