using System.Collections.Immutable;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Particles.Interactions;

/// <summary>Embedded-atom potentials as interactions: E = Σᵢ F(ρᵢ) + ½ Σᵢ Σⱼ≠ᵢ φ(rᵢⱼ), ρᵢ = Σⱼ≠ᵢ ρ(rᵢⱼ). Metal units: eV, Å.</summary>
/// <remarks>After: Daw, Baskes, Phys. Rev. B 29 (1984) 6443.</remarks>
public static class EmbeddedAtomInteraction
{
    /// <summary>A potential of one element: all atoms are of it, whatever their kind. An <see cref="EamTable"/> and <see cref="SuttonChen"/> are fast, others go pair by pair.</summary>
    public static Interaction Of(IEmbeddedAtomPotential potential)
    {
        ArgumentNullException.ThrowIfNull(potential);
        return potential switch
        {
            EamTable table => new EmbeddedAtoms<TabulatedElement>(new(table)),
            SuttonChen closed => new EmbeddedAtoms<SuttonChenElement>(new(closed)),
            _ => new EmbeddedAtoms<EmbeddedOneByOne>(new(potential)),
        };
    }

    /// <summary>A potential of several elements.</summary>
    /// <param name="alloy">The potential.</param>
    /// <param name="elements">For each kind of atoms, at most eight, the element that it is of; several kinds may be of one.</param>
    /// <exception cref="ScaleModelException">An element is not in the potential, there are no kinds or too many, or the tables are too long for so many.</exception>
    public static Interaction Of(EamAlloy alloy, ImmutableArray<string> elements)
    {
        ArgumentNullException.ThrowIfNull(alloy);
        return new EmbeddedAtoms<TabulatedAlloy>(new(alloy, elements.IsDefault ? [] : elements));
    }
}

/// <summary>
/// The embedded-atom method in two passes. The first finds which neighbors are within the cutoff, sums ρ and the forces of φ, and keeps ρ′ of
/// each pair; the second sums F′ ρ′ over the pairs that were kept. An atom's sums are its own: nobody else writes to them.
/// </summary>
internal sealed unsafe class EmbeddedAtoms<TLaw> : Interaction where TLaw : struct, IEmbeddedLaw
{
    private const int Width = NeighborList.Width;
    private const int Block = 256;      // Pairs that are collected before they are computed.

    private readonly TLaw _law;
    private readonly AlignedArray<double> _rows = new();        // x, y, z and F′(ρ) of each atom and image.
    private readonly AlignedArray<int> _counts = new();         // Pairs kept of each atom, a multiple of the width.
    private readonly AlignedArray<uint> _near = new();          // Their neighbors; those of a chunk one behind the other, where its lists begin.
    private readonly AlignedArray<double> _slopes = new();      // −ρ′(r)/r at the atom,
    private readonly AlignedArray<double> _reverse = new();     // and at its neighbor where there are several kinds.
    private readonly Action<int, int, int> _densities;
    private readonly Action<int, int, int> _densitiesAndEnergy;
    private readonly Action<int, int, int> _follow;
    private readonly Action<int, int, int> _forces;
    private readonly Action<int, int, int> _forcesAndVirial;
    private readonly Action<int, int, int> _densityShares;
    private readonly Action<int, int, int> _forceShares;
    private ForcePass? _pass;

    public EmbeddedAtoms(TLaw law)
    {
        _law = law;
        (_densities, _forces, _follow) = ((_, first, past) => Densities<ForcesOnly>(first, past, null), (_, first, past) => Forces<ForcesOnly>(first, past, null), Follow);
        _densitiesAndEnergy = (chunk, first, past) => Densities<ForcesAndEnergy>(first, past, _pass!.Sums(chunk));
        _forcesAndVirial = (chunk, first, past) => Forces<ForcesAndEnergy>(first, past, _pass!.Sums(chunk));

        // The sums of one atom are its share.
        _densityShares = (_, first, past) =>
        {
            for (var i = first; i < past; i++)
            {
                Densities<ForcesAndEnergy>(i, i + 1, _pass!.Share(i));
            }
        };
        _forceShares = (_, first, past) =>
        {
            for (var i = first; i < past; i++)
            {
                Forces<ForcesAndEnergy>(i, i + 1, _pass!.Share(i));
                ShareFlow(i);
            }
        };
    }

    public override double Cutoff => _law.Cutoff;

    internal override void Attach(AtomConfiguration atoms) => RequireKinds(atoms, _law.Kinds, "embedded-atom potential was told the elements of");

    internal override bool HasShares => true;

    internal override bool HasPairs => true;

    internal override bool CanBeSplit => true;

    internal override bool HasHalfway => true;

    internal override double* HalfwayRows => _rows.Pointer;

    internal override void Run(ForcePass pass)
    {
        RunToHalfway(pass);
        pass.Loop.Run(pass.Atoms.Ghosts, 1024, _follow);
        RunFromHalfway(pass);
    }

    internal override void RunToHalfway(ForcePass pass)
    {
        _pass = pass;
        var (n, ghosts, list) = (pass.Atoms.Count, pass.Atoms.Ghosts, pass.List);
        var entries = list.Starts[n - 1] + list.Counts[n - 1] + (2 * Width);
        _rows.Ensure(4 * (n + ghosts));
        _counts.Ensure(n);
        _near.Ensure(entries);
        _slopes.Ensure(entries);
        if (TLaw.HasKinds)
        {
            _reverse.Ensure(entries);
        }

        pass.Loop.Run(n, ForcePass.Chunk, pass.WantsShares ? _densityShares : pass.Counts ? _densitiesAndEnergy : _densities);
    }

    internal override void RunFromHalfway(ForcePass pass) =>
        pass.Loop.Run(pass.Atoms.Count, ForcePass.Chunk, pass.WantsShares ? _forceShares : pass.Counts ? _forcesAndVirial : _forces);

    internal override void Visit(ForcePass pass, PairVisitor visitor)
    {
        var law = _law;
        var x = pass.Atoms.X;
        var rows = _rows.Pointer;
        for (var i = 0; i < pass.Atoms.Count; i++)
        {
            var row = x + (4L * i);
            law.Begin((int)row[3]);
            var entry = pass.List.Entries + pass.List.Starts[i];
            for (var end = entry + pass.List.Counts[i]; entry < end; entry += Width)
            {
                PairForces.Load((byte*)x, entry, out var xj, out var yj, out var zj, out var kinds);
                var (dx, dy, dz) = (Vector512.Create(row[0]) - xj, Vector512.Create(row[1]) - yj, Vector512.Create(row[2]) - zj);
                var all = (dx * dx) + (dy * dy) + (dz * dz);
                var r2 = Vector512.Min(all, Vector512.Create(law.Cutoff * law.Cutoff));
                law.Evaluate(r2, kinds, out var pairs);
                for (var k = 0; k < Width; k++)
                {
                    if (all[k] < law.Cutoff * law.Cutoff)
                    {
                        var (mine, other) = (rows[(4L * i) + 3], rows[(entry[k] / sizeof(double)) + 3]);
                        var embedding = TLaw.HasKinds ? (mine * pairs.Slope[k]) + (other * pairs.Reverse[k]) : (mine + other) * pairs.Slope[k];
                        visitor(new(pass.Atoms.Ids[i], pass.IdAt(entry[k]), new(dx[k], dy[k], dz[k]), pairs.Force[k] + embedding));
                    }
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Densities<TTally>(int first, int past, double* sums) where TTally : struct, ITally
    {
        var law = _law;
        var (atoms, list, isFirst) = (_pass!.Atoms, _pass.List, _pass.IsFirst);
        var x = atoms.X;
        var f = atoms.F;
        var at = list.Starts[first];
        var near = _near.Pointer + at;
        var slopes = _slopes.Pointer + at;
        var reverse = TLaw.HasKinds ? _reverse.Pointer + at : null;
        var cutoff2 = Vector512.Create(law.Cutoff * law.Cutoff);
        var energies = Vector512<double>.Zero;
        var embedded = 0.0;
        var virial = default(VirialSum);

        // Columns of x_i − x_j, r² and the kinds of j, at a multiple of 64 bytes.
        var memory = stackalloc double[(5 * Block) + 8];
        var dxs = (double*)(((nuint)memory + 63) & ~(nuint)63);
        var dys = dxs + Block;
        var dzs = dys + Block;
        var r2s = dzs + Block;
        var kinds = r2s + Block;
        for (var i = first; i < past; i++)
        {
            var row = x + (4L * i);
            var kind = (int)row[3];
            law.Begin(kind);
            var (xi, yi, zi) = (Vector512.Create(row[0]), Vector512.Create(row[1]), Vector512.Create(row[2]));
            var (fx, fy, fz, density) = (Vector512<double>.Zero, Vector512<double>.Zero, Vector512<double>.Zero, Vector512<double>.Zero);
            var entry = list.Entries + list.Starts[i];
            var end = entry + list.Counts[i];
            var before = near;
            while (entry < end)
            {
                var count = 0;
                for (; entry < end && count <= Block - (2 * Width); entry += Width)
                {
                    PairForces.FetchAhead(entry);
                    PairForces.Load((byte*)x, entry, out var xj, out var yj, out var zj, out var kj);
                    var (dx, dy, dz) = (xi - xj, yi - yj, zi - zj);
                    var r2 = Vector512.FusedMultiplyAdd(dz, dz, Vector512.FusedMultiplyAdd(dy, dy, dx * dx));
                    var isNear = Vector512.LessThan(r2, cutoff2);
                    var bits = (uint)Vector512.ExtractMostSignificantBits(isNear);
                    if (Avx512F.IsSupported)
                    {
                        var zero = Vector512<double>.Zero;
                        Avx512F.Compress(zero, isNear, dx).Store(dxs + count);
                        Avx512F.Compress(zero, isNear, dy).Store(dys + count);
                        Avx512F.Compress(zero, isNear, dz).Store(dzs + count);
                        Avx512F.Compress(zero, isNear, r2).Store(r2s + count);
                        if (TLaw.HasKinds)
                        {
                            Avx512F.Compress(zero, isNear, kj).Store(kinds + count);
                        }

                        var offsets = Avx512F.ConvertToVector512UInt64(Vector256.Load(entry));
                        Avx512F.ConvertToVector256UInt32(Avx512F.Compress(Vector512<ulong>.Zero, isNear.AsUInt64(), offsets)).Store(near + count);
                        count += BitOperations.PopCount(bits);
                        continue;
                    }

                    for (; bits != 0; bits &= bits - 1, count++)
                    {
                        var k = BitOperations.TrailingZeroCount(bits);
                        (dxs[count], dys[count], dzs[count]) = (dx[k], dy[k], dz[k]);
                        (r2s[count], kinds[count], near[count]) = (r2[k], kj[k], entry[k]);
                    }
                }

                // Filled up with the atom itself, at the cutoff: it is masked there, and its F′ is finite.
                var rounded = (count + Width - 1) / Width * Width;
                if (rounded > count)
                {
                    cutoff2.Store(r2s + count);
                    Vector512<double>.Zero.Store(kinds + count);
                    Vector256.Create((uint)i * 4 * sizeof(double)).Store(near + count);
                }

                for (var k = 0; k < rounded; k += Width)
                {
                    var r2 = Vector512.LoadAligned(r2s + k);
                    law.Evaluate(r2, TLaw.HasKinds ? Vector512.LoadAligned(kinds + k) : default, out var pairs);
                    var isNear = Vector512.LessThan(r2, cutoff2);
                    density += pairs.Density & isNear;
                    (pairs.Slope & isNear).StoreAligned(slopes + k);
                    if (TLaw.HasKinds)
                    {
                        (pairs.Reverse & isNear).StoreAligned(reverse + k);
                    }

                    var force = pairs.Force & isNear;
                    var (dx, dy, dz) = (Vector512.LoadAligned(dxs + k), Vector512.LoadAligned(dys + k), Vector512.LoadAligned(dzs + k));
                    fx = Vector512.FusedMultiplyAdd(force, dx, fx);
                    fy = Vector512.FusedMultiplyAdd(force, dy, fy);
                    fz = Vector512.FusedMultiplyAdd(force, dz, fz);
                    if (TTally.Counts)
                    {
                        energies += pairs.Energy & isNear;
                        virial.Add(force, dx, dy, dz);
                    }
                }

                near += rounded;
                slopes += rounded;
                if (TLaw.HasKinds)
                {
                    reverse += rounded;
                }
            }

            _counts.Pointer[i] = (int)(near - before);
            var sum = PairForces.Total(fx, fy, fz);
            if (!isFirst)
            {
                sum += Vector256.LoadAligned(f + (4L * i));
            }

            sum.StoreAligned(f + (4L * i));
            var (embedding, slope) = law.Embedding(Vector512.Sum(density), kind);
            embedded += embedding;
            Vector256.Create(row[0], row[1], row[2], slope).StoreAligned(_rows.Pointer + (4L * i));
        }

        if (TTally.Counts)
        {
            sums[0] += (0.5 * Vector512.Sum(energies)) + embedded;
            virial.AddTo(sums);
        }
    }

    // Images have the F′ of their atoms.
    private void Follow(int chunk, int first, int past)
    {
        var n = _pass!.Atoms.Count;
        var x = _pass.Atoms.X;
        var rows = _rows.Pointer;
        var owners = _pass.List.Owners;
        for (var g = first; g < past; g++)
        {
            Vector256.LoadAligned(x + (4L * (n + g))).WithElement(3, rows[(4L * owners[g]) + 3]).StoreAligned(rows + (4L * (n + g)));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Forces<TTally>(int first, int past, double* sums) where TTally : struct, ITally
    {
        var rows = _rows.Pointer;
        var f = _pass!.Atoms.F;
        var at = _pass.List.Starts[first];
        var near = _near.Pointer + at;
        var slopes = _slopes.Pointer + at;
        var reverse = TLaw.HasKinds ? _reverse.Pointer + at : null;
        var virial = default(VirialSum);
        for (var i = first; i < past; i++)
        {
            var row = rows + (4L * i);
            var (xi, yi, zi, si) = (Vector512.Create(row[0]), Vector512.Create(row[1]), Vector512.Create(row[2]), Vector512.Create(row[3]));
            var (fx, fy, fz) = (Vector512<double>.Zero, Vector512<double>.Zero, Vector512<double>.Zero);
            var count = _counts.Pointer[i];
            for (var k = 0; k < count; k += Width)
            {
                PairForces.FetchAhead(near + k);
                PairForces.FetchAhead((uint*)(slopes + k));
                PairForces.Load((byte*)rows, near + k, out var xj, out var yj, out var zj, out var sj);
                var (dx, dy, dz) = (xi - xj, yi - yj, zi - zj);

                // −[F′ᵢ ρ′ from j at i + F′ⱼ ρ′ from i at j]/r
                var slope = Vector512.LoadAligned(slopes + k);
                var force = TLaw.HasKinds ? Vector512.FusedMultiplyAdd(si, slope, sj * Vector512.LoadAligned(reverse + k)) : (si + sj) * slope;
                fx = Vector512.FusedMultiplyAdd(force, dx, fx);
                fy = Vector512.FusedMultiplyAdd(force, dy, fy);
                fz = Vector512.FusedMultiplyAdd(force, dz, fz);
                if (TTally.Counts)
                {
                    virial.Add(force, dx, dy, dz);
                }
            }

            near += count;
            slopes += count;
            if (TLaw.HasKinds)
            {
                reverse += count;
            }

            (PairForces.Total(fx, fy, fz) + Vector256.LoadAligned(f + (4L * i))).StoreAligned(f + (4L * i));
        }

        if (TTally.Counts)
        {
            virial.AddTo(sums);
        }
    }

    // Of the force between i and j, −(F′ᵢ ρ′ from j at i + F′ⱼ ρ′ from i at j), what work it does on i comes from the energy of j in the second part only:
    // what the flow of heat has more than half of the force is half of the second less half of the first.
    private void ShareFlow(int i)
    {
        var at = _pass!.List.Starts[i];
        var mine = _rows.Pointer[(4L * i) + 3];
        var more = default(VirialSum);
        for (var k = 0; k < _counts.Pointer[i]; k += Width)
        {
            PairForces.Load((byte*)_rows.Pointer, _near.Pointer + at + k, out var xj, out var yj, out var zj, out var others);
            var row = _rows.Pointer + (4L * i);
            var slope = Vector512.Load(_slopes.Pointer + at + k);
            var reverse = TLaw.HasKinds ? Vector512.Load(_reverse.Pointer + at + k) : slope;
            more.Add((others * reverse) - (Vector512.Create(mine) * slope), Vector512.Create(row[0]) - xj, Vector512.Create(row[1]) - yj, Vector512.Create(row[2]) - zj);
        }

        // Its sums begin at the second.
        more.AddTo(_pass.Share(i) + ForcePass.FlowShare - 1);
    }
}
