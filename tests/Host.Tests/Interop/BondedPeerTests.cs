using System.Collections.Immutable;
using System.Globalization;
using ActorMultiscale.Host.Formats;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles;
using ActorMultiscale.Physics.Particles.Interactions;
using ActorMultiscale.Tests.Host.Formats;

namespace ActorMultiscale.Tests.Host.Interop;

/// <summary>Energies, forces and virial of molecules: ours and those of LAMMPS.</summary>
public sealed class BondedPeerTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("actor-multiscale-");

    public void Dispose() => _folder.Delete(recursive: true);

    private static readonly (string Name, Func<Interaction[]> Ours, string Theirs)[] _laws =
    [
        ("harmonic", () => [Interaction.OfBonds(new HarmonicBond((40, 1.1), (25, 0.95))), Interaction.OfAngles(new HarmonicAngle((4, Math.PI * 110 / 180), (2, Math.PI))), Interaction.OfDihedrals(new HarmonicDihedral((2, 1, 3), (1.3, -1, 2)))], """
            bond_style harmonic
            bond_coeff 1 40 1.1
            bond_coeff 2 25 0.95
            angle_style harmonic
            angle_coeff 1 4 110
            angle_coeff 2 2 180
            dihedral_style harmonic
            dihedral_coeff 1 2 1 3
            dihedral_coeff 2 1.3 -1 2
            """),
        ("FENE", () => [Interaction.OfBonds(new FeneBond((30, 1.9, 1, 1), (20, 2.1, 0.5, 0.9))), Interaction.OfAngles(new CosineAngle(3, -1.5)), Interaction.OfDihedrals(new OplsDihedral((1.2, -0.4, 0.7, 0.3), (0, 0, 2, 0)))], """
            bond_style fene
            bond_coeff 1 30 1.9 1 1
            bond_coeff 2 20 2.1 0.5 0.9
            angle_style cosine
            angle_coeff 1 3
            angle_coeff 2 -1.5
            dihedral_style opls
            dihedral_coeff 1 1.2 -0.4 0.7 0.3
            dihedral_coeff 2 0 0 2 0
            """),
        ("Morse", () => [Interaction.OfBonds(new MorseBond((2, 1.5, 1.05), (1, 3, 0.9)))], """
            bond_style morse
            bond_coeff 1 2 1.5 1.05
            bond_coeff 2 1 3 0.9
            angle_style zero
            angle_coeff *
            dihedral_style zero
            dihedral_coeff *
            """),
    ];

    private static readonly (BondedNeighbors Ours, string Theirs)[] _excluded =
    [
        (BondedNeighbors.None, "1 1 1"), (BondedNeighbors.OneBond, "0 1 1"), (BondedNeighbors.OneBond | BondedNeighbors.TwoBonds, "0 0 1"), (BondedNeighbors.All, "0 0 0"), (BondedNeighbors.ThreeBonds, "1 1 0"),
    ];

    public static TheoryData<string, int, int> Cases
    {
        get
        {
            var data = new TheoryData<string, int, int>();
            for (var l = 0; l < _laws.Length; l++)
            {
                for (var shape = 0; shape < 4; shape++)
                {
                    data.Add(_laws[l].Name, shape, (l + shape) % _excluded.Length);
                }
            }

            return data;
        }
    }

    // Chains through a lattice, well shaken; in a cube, in a skewed box, in one with a side that ends, in one much shorter than twice the cutoff.
    private static AtomConfiguration Chains(int shape)
    {
        var noise = new Philox(12, (ulong)shape);
        var (nx, ny, nz) = shape == 3 ? (3, 4, 3) : (6, 7, 8);
        const double A = 1.12;
        var cell = Matrix3.Diagonal(A * nx, A * ny, A * nz);
        var box = shape switch
        {
            1 => new SimulationBox(Vec3.Zero, cell with { XY = 0.2 * cell.XX, XZ = -0.15 * cell.XX, YZ = 0.2 * cell.YY }),
            2 => new SimulationBox(new(-1, -1, -1), cell with { ZZ = cell.ZZ + 2 }, SideC: BoxSide.Fixed),
            _ => new SimulationBox(Vec3.Zero, cell),
        };
        var n = nx * ny * nz;
        double Shake(int i, int axis) => 0.3 * (noise.Uniform(0, axis, i) - 0.5);

        // Chains of nine atoms there and back along x, which also go on through the faces.
        Vec3 Place(int i)
        {
            var (x, y, z) = (i % nx, i / nx % ny, i / nx / ny);
            var at = new Vec3((y % 2 == 0 ? x : nx - 1 - x) + 0.5, (z % 2 == 0 ? y : ny - 1 - y) + 0.5, z + 0.5);
            return (shape == 1 ? box.Point(new(at.X / nx, at.Y / ny, at.Z / nz)) : A * at) + new Vec3(Shake(i, 0), Shake(i, 1), Shake(i, 2));
        }

        var x = Enumerable.Range(0, n).Select(Place).ToArray();
        ImmutableArray<Connection> Along(int size) => [.. Enumerable.Range(0, n).Where(i => (i % 9) + size <= 9)
            .Select(i => new Connection((i / 2) % 2, [.. Enumerable.Range(i, size).Select(k => k % n)]))
            .Where(t => t.Atoms.Zip(t.Atoms.Skip(1)).All(p => box.Nearest(x[p.Item1] - x[p.Item2]).Norm < 1.7) && IsCompact(t.Atoms))];

        // LAMMPS takes the image of each atom that is next to the second one, we that which is next to the atom before it: in a term that is
        // longer than half the box these differ, and LAMMPS warns of it.
        bool IsCompact(ImmutableArray<int> atoms)
        {
            var way = Vec3.Zero;
            for (var k = 2; k < atoms.Length; k++)
            {
                way += box.Nearest(x[atoms[k]] - x[atoms[k - 1]]);
                if ((way - box.Nearest(x[atoms[k]] - x[atoms[1]])).Norm > 1e-9)
                {
                    return false;
                }
            }

            return true;
        }

        return new()
        {
            Units = UnitSystem.LennardJones,
            Box = box,
            Species = [new("A", 1)],
            Kinds = new int[n],
            Positions = x,
            Bonds = Along(2),
            Angles = Along(3),
            Dihedrals = Along(4),
        };
    }

    [PeerTheory("lmp")]
    [MemberData(nameof(Cases))]
    public void Molecules_are_those_of_LAMMPS(string name, int shape, int excluded)
    {
        var (_, ours, theirs) = _laws.Single(l => l.Name == name);
        var atoms = Chains(shape);
        Assert.True(atoms.Dihedrals.Length > 3, $"{atoms.Dihedrals.Length}");
        FormatStand.Save(_folder, "ours.data", FormatStand.Written(to => LammpsData.Write(to, new(atoms))));
        var log = FormatStand.Lammps(_folder, $"""
            units lj
            atom_style molecular
            boundary p p {(shape == 2 ? "f" : "p")}
            special_bonds lj {_excluded[excluded].Theirs}
            read_data ours.data
            pair_style lj/cut 2.5
            pair_coeff * * 1.1 0.97
            pair_modify shift yes
            {theirs}
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

        var engine = new MolecularDynamics(atoms, [Interaction.Of(new Shifted<LennardJonesLaw>(new(1.1, 0.97, 2.5))), .. ours()], 0.3, _excluded[excluded].Ours);
        var found = engine.Measure(ChunkedLoop.Serial);
        var forces = engine.Forces(ChunkedLoop.Serial);
        Assert.Equal(atoms.Count, rows.Count);
        var difference = Math.Sqrt(FixedOrderSum.Of([.. forces.Select((f, i) => (f - rows[atoms.IdOf(i)]).NormSquared)]));
        var all = Math.Sqrt(FixedOrderSum.Of([.. forces.Select(f => f.NormSquared)]));
        Assert.InRange(difference / all, 0, 1e-10);
        Assert.Equal(numbers[0], found.Potential, 1e-10 * Math.Abs(numbers[0]));
        var scale = Enumerable.Range(2, 6).Max(e => Math.Abs(numbers[e]));
        for (var e = 0; e < 6; e++)
        {
            Assert.Equal(numbers[2 + e], found.Virial[e] / numbers[1], 1e-10 * scale);
        }
    }
}
