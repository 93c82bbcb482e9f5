using System.Globalization;
using ActorMultiscale.Host.Formats;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles;
using ActorMultiscale.Physics.Particles.Building;
using ActorMultiscale.Physics.Particles.Interactions;
using ActorMultiscale.Tests.Host.Formats;

namespace ActorMultiscale.Tests.Host.Interop;

/// <summary>Energies, forces and virial of random atoms: ours and those of LAMMPS.</summary>
public sealed class MolecularDynamicsPeerTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("actor-multiscale-");

    public void Dispose() => _folder.Delete(recursive: true);

    private static readonly WellAndSize[] _kinds = [new(1, 1), new(0.6, 0.9), new(1.7, 1.05)];

    private static readonly (string Name, Func<Interaction> Ours, string Theirs)[] _laws =
    [
        ("plain", () => Interaction.Of(new LennardJonesLaw(1.1, 0.97, 2.5)), "pair_style lj/cut 2.5\npair_coeff * * 1.1 0.97"),
        ("shifted", () => Interaction.Of(new Shifted<LennardJonesLaw>(new(1.1, 0.97, 2.5))), "pair_style lj/cut 2.5\npair_coeff * * 1.1 0.97\npair_modify shift yes"),
        ("force-shifted", () => Interaction.Of(new ForceShifted<LennardJonesLaw>(new(1.1, 0.97, 2.5))), "pair_style lj/smooth/linear 2.5\npair_coeff * * 1.1 0.97"),
        ("Morse", () => Interaction.Of(new MorseLaw(0.9, 2.3, 1.1, 2.4)), "pair_style morse 2.4\npair_coeff * * 0.9 2.3 1.1"),
        ("geometric", () => Interaction.Of(new Shifted<LennardJonesMixture>(new([.. _kinds], MixingRule.Geometric, 2.5))), Mixture("geometric")),
        ("arithmetic", () => Interaction.Of(new Shifted<LennardJonesMixture>(new([.. _kinds], MixingRule.Arithmetic, 2.5))), Mixture("arithmetic")),
        ("sixth power", () => Interaction.Of(new Shifted<LennardJonesMixture>(new([.. _kinds], MixingRule.SixthPower, 2.5))), Mixture("sixthpower")),
    ];

    // The cutoff is told for every kind: otherwise LAMMPS mixes that too.
    private static string Mixture(string rule) => string.Join('\n',
        ["pair_style lj/cut 2.5", $"pair_modify mix {rule} shift yes",
            .. _kinds.Select((k, i) => FormattableString.Invariant($"pair_coeff {i + 1} {i + 1} {k.Epsilon} {k.Sigma} 2.5"))]);

    public static TheoryData<string, int> Cases
    {
        get
        {
            var data = new TheoryData<string, int>();
            foreach (var (name, _, _) in _laws)
            {
                for (var shape = 0; shape < 3; shape++)
                {
                    data.Add(name, shape);
                }
            }

            return data;
        }
    }

    // A crystal, well shaken; in a cube, in a skewed box, in a box with a side that ends.
    private static AtomConfiguration Shaken(int shape)
    {
        var crystal = LatticeBuilder.Repeat(ConventionalCell.Of(Lattice.Fcc, 1.6), (4, 5, 4), UnitSystem.LennardJones, [new("A", 1), new("B", 2), new("C", 3)]);
        var noise = new Philox(11, (ulong)shape);
        double Shake(int i, int axis) => 0.2 * (noise.Uniform(0, axis, i) - 0.5);
        var cell = crystal.Box.Cell;
        var box = shape switch
        {
            0 => crystal.Box,
            1 => crystal.Box with { Cell = cell with { XY = 0.3 * cell.XX, XZ = -0.2 * cell.XX, YZ = 0.25 * cell.YY } },
            _ => crystal.Box with { Origin = new(-1, -1, -1), Cell = Matrix3.Diagonal(cell.XX, cell.YY, cell.ZZ + 2), SideC = BoxSide.Fixed },
        };
        return crystal with
        {
            Box = box,
            Kinds = [.. Enumerable.Range(0, crystal.Count).Select(i => (int)(3 * noise.Uniform(0, 3, i)))],
            Positions = [.. crystal.Positions.Select((x, i) => (shape == 1 ? box.Point(crystal.Box.Fraction(x)) : x) + new Vec3(Shake(i, 0), Shake(i, 1), Shake(i, 2)))],
        };
    }

    [PeerTheory("lmp")]
    [MemberData(nameof(Cases))]
    public void Every_law_is_that_of_LAMMPS(string name, int shape)
    {
        var (_, ours, theirs) = _laws.Single(l => l.Name == name);
        var atoms = Shaken(shape);
        FormatStand.Save(_folder, "ours.data", FormatStand.Written(to => LammpsData.Write(to, new(atoms))));
        var log = FormatStand.Lammps(_folder, $"""
            units lj
            boundary p p {(shape == 2 ? "f" : "p")}
            read_data ours.data
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

        var engine = new MolecularDynamics(atoms, [ours()], 0.3);
        var found = engine.Measure(ChunkedLoop.Serial);
        var forces = engine.Forces(ChunkedLoop.Serial);
        Assert.Equal(atoms.Count, rows.Count);
        Assert.Equal(numbers[0], found.Potential, 1e-10 * Math.Abs(numbers[0]));
        var scale = Enumerable.Range(2, 6).Max(e => Math.Abs(numbers[e]));
        for (var e = 0; e < 6; e++)
        {
            Assert.Equal(numbers[2 + e], found.Virial[e] / numbers[1], 1e-10 * scale);
        }

        var difference = Math.Sqrt(FixedOrderSum.Of([.. forces.Select((f, i) => (f - rows[atoms.IdOf(i)]).NormSquared)]));
        var all = Math.Sqrt(FixedOrderSum.Of([.. forces.Select(f => f.NormSquared)]));
        Assert.InRange(difference / all, 0, 1e-10);
    }
}
