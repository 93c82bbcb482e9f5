using System.Collections.Immutable;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Particles.Building;
using ActorMultiscale.Physics.Particles.Domains;

namespace ActorMultiscale.Physics.Particles;

/// <summary>What an experiment may say of atoms in domains.</summary>
internal sealed partial class MolecularDynamicsSettings
{
    private const long MostAtPorts = 10_000_000;        // Atoms whose positions go through ports.
    private const int MostDomains = 1_000_000;

    /// <summary>The settings of a region in domains: those of all others that are known there, and how it is split.</summary>
    public static ImmutableArray<Setting> OfDomains(bool isReduced)
    {
        string[] ofSurroundings = ["open", "vacuum"], ofMotion = ["bath", "bath-temperature", "bath-time", "step", "skin"];
        return
        [
            .. OfAtoms(isReduced),
            .. OfPairs(isReduced).Select(s => s.Key == "pair" ? s with { Choices = ["lennard-jones", "morse", "embedded-atom", "table"] } : s),
            .. OfSurroundings(isReduced).Where(s => ofSurroundings.Contains(s.Key)),
            .. OfMotion(isReduced).Where(s => ofMotion.Contains(s.Key)).Select(s => s.Key == "bath" ? s with { Choices = ["none", "langevin"] } : s),
            Setting.Numbers("domains", "1", "how many domains there are along x, y and z; without numbers as many as give each 32,000 atoms at most", []),
            Setting.Flag("balance", "whether domains are given more nearly the same number of atoms before each window", false),
            Setting.Flag("atom-ports", "whether positions and velocities of all atoms are told; of a region that is too large for one process they cannot be", true),
        ];
    }

    /// <summary>A region in domains; all that is wrong is named.</summary>
    /// <exception cref="ScaleModelException">Settings do not fit together.</exception>
    public DividedRegion Divided()
    {
        var isLattice = _given.File("atoms") is null;

        // Of a lattice the atoms of one cell stand for all, in the box of all.
        var (atoms, lattice) = isLattice ? Probe() : (Try(() => Atoms(Opened)), null);
        var interactions = InteractionsOf(atoms, bonded: null, hasSurroundings: false);
        var count = lattice is null ? atoms?.Count ?? 0 : (long)lattice.Repeats.X * lattice.Repeats.Y * lattice.Repeats.Z * lattice.Cell.Sites.Length;
        if (atoms is { Box.IsOrthogonal: false })
        {
            _faults.Add("the box of the atoms is skewed; domains are bricks in a box with right angles");
        }

        if (count < 2 && atoms is not null)
        {
            _faults.Add($"there are {count} atoms; a region has two or more");
        }

        if (count > MostAtPorts && _given.Flag("atom-ports"))
        {
            _faults.Add($"there are {count} atoms, and 'atom-ports' tells of {MostAtPorts} at most; set it to false");
        }

        var given = _given.Numbers("domains");
        var domains = (X: 1, Y: 1, Z: 1);
        if (given is [>= 1, >= 1, >= 1] && given.All(d => d == Math.Floor(d)) && given[0] * given[1] * given[2] <= MostDomains)
        {
            domains = ((int)given[0], (int)given[1], (int)given[2]);
        }
        else if (!given.IsEmpty)
        {
            _faults.Add($"'domains' takes three whole numbers from 1 on, {MostDomains} domains at most");
        }
        else if (atoms is not null)
        {
            domains = DomainSplit.Division(atoms.Box, count);
        }

        RequireSound();
        var cutoff = interactions().Max(i => i.Cutoff);
        var (skin, step, temperature) = (Number("skin", Length) is > 0 and var own ? own : cutoff / 8, Number("step", Time), Number("temperature"));
        var region = lattice is null
            ? DividedRegion.Of(atoms!, interactions, skin, domains, step)
            : DividedRegion.OfLattice(lattice.Cell, lattice.Repeats, atoms!.Box, Units, lattice.Species, interactions, skin, domains, step);
        return region with
        {
            // Atoms of a file have drawn theirs already.
            Thermal = lattice is not null && temperature > 0 ? (temperature, Seed) : null,
            Bath = _given.Choice("bath") == "langevin" ? new(Number("bath-temperature"), 1 / Number("bath-time", Time), Seed) : null,
            IsBalanced = _given.Flag("balance"),
        };
    }

    private (AtomConfiguration? Atoms, LatticeOfAtoms? Lattice) Probe()
    {
        var lattice = LatticeGiven(Number("lattice-constant", Length));
        var one = LatticeBuilder.Repeat(lattice.Cell, (1, 1, 1), Units, [lattice.Species]);
        var (x, y, z) = lattice.Repeats;
        return (Opened(one with { Box = SimulationBox.Orthogonal(x * one.Box.Cell.XX, y * one.Box.Cell.YY, z * one.Box.Cell.ZZ) }), lattice);
    }
}
