using System.Collections.Immutable;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Particles.Building;
using ActorMultiscale.Physics.Particles.Interactions;

namespace ActorMultiscale.Physics.Particles.Domains;

/// <summary>A bath of Langevin, as <see cref="Motions.Langevin"/> has it.</summary>
/// <param name="Temperature">T, not below zero.</param>
/// <param name="Friction">γ, above zero.</param>
/// <param name="Seed">Which draw.</param>
public sealed record LangevinBath(double Temperature, double Friction, ulong Seed);

/// <summary>Some atoms of a region, and which of its atoms they are.</summary>
/// <param name="Atoms">The atoms; their ids are those of the region.</param>
/// <param name="Numbers">The number of each in the region, from 0.</param>
public sealed record PartOfRegion(AtomConfiguration Atoms, long[] Numbers);

/// <summary>
/// A region of atoms that is split into domains: all that a <see cref="Domain"/> is made of. It holds no atoms, but says which are in a domain, so that no
/// one needs memory for all of them.
/// </summary>
public sealed record DividedRegion
{
    private readonly Func<DomainSplit, int, PartOfRegion> _part;
    private readonly Func<long, long> _idOf;

    private DividedRegion(Func<DomainSplit, int, PartOfRegion> part, Func<long, long> idOf) => (_part, _idOf) = (part, idOf);

    /// <summary>The units of all numbers.</summary>
    public required UnitSystem Units { get; init; }

    /// <summary>The box, with right angles; it stays as it is.</summary>
    public required SimulationBox Box { get; init; }

    /// <summary>The kinds of atoms.</summary>
    public required ImmutableArray<Species> Species { get; init; }

    /// <summary>How many atoms there are.</summary>
    public required long Count { get; init; }

    /// <summary>The mass of all atoms.</summary>
    public required double Mass { get; init; }

    /// <summary>Makes what acts on the atoms, anew with every call.</summary>
    public required Func<ImmutableArray<Interaction>> Interactions { get; init; }

    /// <summary>How far beyond the cutoff neighbors are looked for.</summary>
    public required double Skin { get; init; }

    /// <summary>How many domains there are along each axis.</summary>
    public required (int X, int Y, int Z) Domains { get; init; }

    /// <summary>The longest step.</summary>
    public required double Step { get; init; }

    /// <summary>The temperature and the seed of velocities at the start that are drawn as <see cref="ThermalVelocities"/> does; null: those of the atoms.</summary>
    public (double Temperature, ulong Seed)? Thermal { get; init; }

    /// <summary>The bath; null: constant energy.</summary>
    public LangevinBath? Bath { get; init; }

    /// <summary>Whether domains are made to have more nearly the same number of atoms before each window.</summary>
    public bool IsBalanced { get; init; }

    /// <summary>The atoms that a domain owns at the start: those whose place in the box, along periodic sides, is in it.</summary>
    /// <param name="split">The split.</param>
    /// <param name="domain">The number of the domain.</param>
    public PartOfRegion Part(DomainSplit split, int domain) => _part(split, domain);

    /// <summary>By which number files know an atom, and by which it draws what is random.</summary>
    /// <param name="number">Its number in the region, from 0.</param>
    public long IdOf(long number) => _idOf(number);

    /// <summary>A region of atoms that are known one by one.</summary>
    /// <param name="atoms">The atoms.</param>
    /// <param name="interactions">Makes what acts on them.</param>
    /// <param name="skin">How far beyond the cutoff neighbors are looked for.</param>
    /// <param name="domains">How many domains there are along each axis.</param>
    /// <param name="step">The longest step.</param>
    public static DividedRegion Of(AtomConfiguration atoms, Func<ImmutableArray<Interaction>> interactions, double skin, (int X, int Y, int Z) domains, double step)
    {
        ArgumentNullException.ThrowIfNull(atoms);
        PartOfRegion Part(DomainSplit split, int domain)
        {
            int[] own = [.. Enumerable.Range(0, atoms.Count).Where(i => split.OwnerOf(atoms.Box.Wrap(atoms.Positions[i])) == domain)];
            var part = new AtomConfiguration
            {
                Units = atoms.Units, Box = atoms.Box, Species = atoms.Species, Kinds = [.. own.Select(i => atoms.Kinds[i])], Positions = [.. own.Select(i => atoms.Positions[i])],
                Velocities = atoms.Velocities.Length == 0 ? [] : [.. own.Select(i => atoms.Velocities[i])], Ids = [.. own.Select(atoms.IdOf)],
            };
            return new(part, [.. own.Select(i => (long)i)]);
        }

        return new(Part, number => atoms.IdOf((int)number))
        {
            Units = atoms.Units, Box = atoms.Box, Species = atoms.Species, Count = atoms.Count, Mass = Numerics.FixedOrderSum.Of([.. atoms.Kinds.Select(k => atoms.Species[k].Mass)]),
            Interactions = interactions, Skin = skin, Domains = domains, Step = step,
        };
    }

    /// <summary>A region of atoms at rest on a lattice, which is never built as a whole. Atoms have the numbers that <see cref="LatticeBuilder.Repeat"/> gives them.</summary>
    /// <param name="cell">What is repeated; with right angles, from the origin on.</param>
    /// <param name="repeats">How often along each axis.</param>
    /// <param name="box">The box, which holds the lattice; not shorter than it.</param>
    /// <param name="units">The units of lengths and masses.</param>
    /// <param name="species">The kind of all atoms.</param>
    /// <param name="interactions">Makes what acts on them.</param>
    /// <param name="skin">How far beyond the cutoff neighbors are looked for.</param>
    /// <param name="domains">How many domains there are along each axis.</param>
    /// <param name="step">The longest step.</param>
    public static DividedRegion OfLattice(ConventionalCell cell, (int X, int Y, int Z) repeats, SimulationBox box, UnitSystem units, Species species, Func<ImmutableArray<Interaction>> interactions, double skin, (int X, int Y, int Z) domains, double step)
    {
        ArgumentNullException.ThrowIfNull(cell);
        ArgumentNullException.ThrowIfNull(species);
        var edges = new Vec3(cell.Vectors.XX, cell.Vectors.YY, cell.Vectors.ZZ);
        PartOfRegion Part(DomainSplit split, int domain)
        {
            // Cells that reach into the domain, and one more for what is rounded.
            var (low, high) = split.Brick(domain);
            (int From, int Past) Cells(double from, double past, double edge, int most) => ((int)Math.Clamp(Math.Floor(from / edge) - 1, 0, most), (int)Math.Clamp(Math.Ceiling(past / edge) + 1, 0, most));
            var (x, y, z) = (Cells(low.X, high.X, edges.X, repeats.X), Cells(low.Y, high.Y, edges.Y, repeats.Y), Cells(low.Z, high.Z, edges.Z, repeats.Z));
            var (positions, numbers) = (new List<Vec3>(), new List<long>());
            LatticeBuilder.Visit(cell, repeats, (x.From, y.From, z.From), (x.Past, y.Past, z.Past), (number, at) =>
            {
                if (split.OwnerOf(box.Wrap(at)) == domain)
                {
                    positions.Add(at);
                    numbers.Add(number);
                }
            });
            return new(new() { Units = units, Box = box, Species = [species], Kinds = new int[numbers.Count], Positions = [.. positions], Ids = [.. numbers.Select(n => n + 1)] }, [.. numbers]);
        }

        var count = (long)repeats.X * repeats.Y * repeats.Z * cell.Sites.Length;
        return new(Part, number => number + 1)
        {
            Units = units, Box = box, Species = [species], Count = count, Mass = count * species.Mass, Interactions = interactions, Skin = skin, Domains = domains, Step = step,
        };
    }
}
