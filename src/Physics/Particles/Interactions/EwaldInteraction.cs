using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Particles.Interactions;

/// <summary>Where an Ewald sum is cut.</summary>
/// <param name="Cutoff">r_c, up to which pairs are summed in space.</param>
/// <param name="Damping">α: the screening charges are Gaussians of the width 1/α.</param>
/// <param name="LargestWaveNumber">k_max, up to which waves are summed.</param>
public sealed record EwaldSettings(double Cutoff, double Damping, double LargestWaveNumber)
{
    /// <summary>
    /// α = √(−ln ε)/r_c and k_max = 2α √(−ln ε): what is left out in space and among waves is smaller by e^(−α²r_c²) = e^(−k_max²/4α²) = ε
    /// than what counts (after D. Fincham, Mol. Simul. 13 (1994) 1).
    /// </summary>
    /// <param name="cutoff">r_c.</param>
    /// <param name="accuracy">ε, between 0 and 1: 1e-6 for instance.</param>
    /// <exception cref="ScaleModelException">A number makes no sense.</exception>
    public static EwaldSettings For(double cutoff, double accuracy)
    {
        if (!(accuracy > 0 && accuracy < 1))
        {
            throw new ScaleModelException(FormattableString.Invariant($"The accuracy of an Ewald sum is {accuracy}; it lies between 0 and 1, 1e-6 for instance."));
        }

        var s = Math.Sqrt(-Math.Log(accuracy));
        return new(cutoff, s / cutoff, 2 * s * s / cutoff);
    }
}

/// <summary>φ(r) = C q₁q₂ erfc(αr)/r: the part of an Ewald sum that is summed in space.</summary>
internal readonly struct EwaldPairs(double damping, double cutoff) : IChargeLaw
{
    public double Cutoff => cutoff;

    // −α/√π
    public double Self => -0.5 * ErrorFunction.TwoOverRootPi * damping;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Vector512<double> ForceOverDistance(Vector512<double> r2, bool wantsEnergy, out Vector512<double> energy)
    {
        var r = Vector512.Sqrt(r2);
        return DampedShiftedForce.Damped(Vector512.Create(damping), r, out energy) / r;
    }
}

/// <summary>
/// Charges with all their images, in a box that is periodic on all sides and neutral, with a conductor around them (tin foil):
/// E/C = ½ Σ q_i q_j erfc(αr_ij)/r_ij + (2π/V) Σ_{k≠0} g(k) |S(k)|² − (α/√π) Σ q_i², g(k) = e^(−k²/4α²)/k², S(k) = Σ q_j e^(ik·x_j);
/// f_i/C = … + q_i (4π/V) Σ_{k≠0} g(k) k Im[S*(k) e^(ik·x_i)]. Of a pair that is excluded q_i q_j erf(αr)/r is taken away.
/// </summary>
/// <remarks>
/// P. P. Ewald, Ann. Phys. 369 (1921) 253; M. P. Allen, D. J. Tildesley, Computer Simulation of Liquids, 2nd ed., eq. 6.4. k and −k give the same, so half of
/// the waves are summed. Which waves are summed is settled with the first box: when the box changes they change with it, and the energy has
/// no steps. A wave is one thread's sum over all atoms, and an atom's force one thread's sum over all waves: the same bits on any number of threads.
/// </remarks>
internal sealed unsafe class EwaldInteraction : Interaction
{
    private const int Width = 8;            // Atoms that are worked on at once.
    private const int MostAlongC = 1000;

    private readonly EwaldSettings _settings;
    private readonly PlacedCharges _charges = new();
    private readonly ChargeInteraction<EwaldPairs> _pairs;
    private readonly AlignedArray<double> _phases = new();      // A block of atoms: e^(2πi n s) for n = 0 … most of each side, cosines and sines of eight atoms.
    private readonly AlignedArray<double> _q = new();           // Charges of the blocks.
    private readonly AlignedArray<double> _waves = new();       // A wave: kx, ky, kz, 8π/V g C, then that times S, real and imaginary, and two of nothing.
    private readonly Action<int, int, int> _fillPhases;
    private readonly Action<int, int, int> _sumWaves;
    private readonly Action<int, int, int> _sumForces;
    private readonly Action<int, int, int> _takeExcluded;
    private (int H, int L, int FirstM, int LastM, int Wave)[] _rods = [];       // Waves with the same h and l, by ascending m.
    private int _count;                     // Waves.
    private (int A, int B, int C) _most;
    private double[] _entries = [];         // An energy or a part of the virial of each wave.
    private SimulationBox? _box;            // Of _waves.
    private Matrix3 _inverse;
    private ForcePass? _pass;

    public EwaldInteraction(EwaldSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        if (!(settings.Cutoff > 0 && settings.Damping > 0 && settings.LargestWaveNumber > 0) || !double.IsFinite(settings.Cutoff + settings.Damping + settings.LargestWaveNumber))
        {
            throw new ScaleModelException(FormattableString.Invariant($"An Ewald sum has cutoff = {settings.Cutoff}, α = {settings.Damping} and k_max = {settings.LargestWaveNumber}; all are above zero."));
        }

        _settings = settings;
        _pairs = new(new(settings.Damping, settings.Cutoff), _charges);
        (_fillPhases, _sumWaves, _sumForces, _takeExcluded) = (FillPhases, SumWaves, SumForces, TakeExcluded);
    }

    public override double Cutoff => _settings.Cutoff;

    // e^(2πi n s) of a block: cosines of eight atoms, then sines.
    private int PhaseStride => 2 * Width * (_most.A + _most.B + _most.C + 3);

    internal override void Attach(AtomConfiguration atoms)
    {
        _pairs.Attach(atoms);
        var (net, all) = (FixedOrderSum.Of(atoms.Charges), Math.Sqrt(_charges.Squares * atoms.Count));
        if (Math.Abs(net) > 1e-9 * all)
        {
            throw new ScaleModelException(FormattableString.Invariant($"The charges add up to {net}: charges with all their images have a finite energy only if they are neutral."));
        }

        if (!(atoms.Box.IsPeriodic(0) && atoms.Box.IsPeriodic(1) && atoms.Box.IsPeriodic(2)))
        {
            throw new ScaleModelException($"An Ewald sum needs a box that is periodic on all sides; this one is {atoms.Box.SideA}, {atoms.Box.SideB}, {atoms.Box.SideC}.");
        }

        ChooseWaves(atoms.Box);
    }

    internal override void Run(ForcePass pass)
    {
        _pass = pass;
        _pairs.Run(pass);
        var n = pass.Atoms.Count;
        if (!ReferenceEquals(_box, pass.Box))
        {
            SetWaves(pass.Box);
        }

        var blocks = (n + Width - 1) / Width;
        _phases.Ensure(checked(PhaseStride * blocks));
        _q.Ensure(Width * blocks);
        var q = _q.Span(Width * blocks);
        q.Clear();
        _charges.Placed.CopyTo(q);
        pass.Loop.Run(blocks, ForcePass.Chunk / Width, _fillPhases);
        pass.Loop.Run(_rods.Length, 1, _sumWaves);
        pass.Loop.Run(n, ForcePass.Chunk, _sumForces);
        if (pass.Excluded is not null)
        {
            pass.Loop.Run(n, ForcePass.Chunk, _takeExcluded);
        }

        if (pass.Counts)
        {
            AddEnergy(pass.Sums(0));
        }
    }

    // All waves k = 2π cell⁻ᵀ (h, l, m) up to the largest, half of them: h > 0, or h = 0 and l > 0, or h = l = 0 and m > 0.
    private void ChooseWaves(SimulationBox box)
    {
        var most = _settings.LargestWaveNumber;
        int Most(int side) => (int)Math.Min(1e6, Math.Floor(most * box.Cell.Column(side).Norm / (2 * Math.PI)));
        var (a, b, c) = (Most(0), Most(1), Most(2));
        if (c > MostAlongC || (double)a * b * c > 1e7)
        {
            throw new ScaleModelException(FormattableString.Invariant($"An Ewald sum up to k = {most} has {a}, {b} and {c} waves along the sides of this box, and that is too many: take a longer cutoff."));
        }

        var rods = new List<(int, int, int, int, int)>();
        var waves = 0;
        var (usedA, usedB, usedC) = (0, 0, 0);
        for (var h = 0; h <= a; h++)
        {
            for (var l = h == 0 ? 0 : -b; l <= b; l++)
            {
                var (first, last) = (int.MaxValue, int.MinValue);
                for (var m = h == 0 && l == 0 ? 1 : -c; m <= c; m++)
                {
                    if (WaveVector(box, h, l, m).NormSquared <= most * most)
                    {
                        (first, last) = (Math.Min(first, m), m);
                    }
                }

                if (last >= first)
                {
                    rods.Add((h, l, first, last, waves));
                    waves += last - first + 1;
                    (usedA, usedB, usedC) = (Math.Max(usedA, h), Math.Max(usedB, Math.Abs(l)), Math.Max(usedC, Math.Max(Math.Abs(first), Math.Abs(last))));
                }
            }
        }

        (_rods, _count, _most, _entries, _box) = ([.. rods], waves, (usedA, usedB, usedC), new double[waves], null);
    }

    private static Vec3 WaveVector(SimulationBox box, int h, int l, int m)
    {
        // Rows of cell⁻¹ are the reciprocal vectors.
        var inverse = box.Cell.Inverse();
        return 2 * Math.PI * ((h * new Vec3(inverse.XX, inverse.XY, inverse.XZ)) + (l * new Vec3(inverse.YX, inverse.YY, inverse.YZ)) + (m * new Vec3(inverse.ZX, inverse.ZY, inverse.ZZ)));
    }

    private void SetWaves(SimulationBox box)
    {
        (_box, _inverse) = (box, box.Cell.Inverse());
        _waves.Ensure(8 * Math.Max(1, _count));
        var factor = 8 * Math.PI * _charges.Coulomb / box.Volume;
        foreach (var (h, l, first, last, at) in _rods)
        {
            for (var m = first; m <= last; m++)
            {
                var k = WaveVector(box, h, l, m);
                var k2 = k.NormSquared;
                var wave = _waves.Pointer + (8L * (at + m - first));
                (wave[0], wave[1], wave[2]) = (k.X, k.Y, k.Z);
                wave[3] = factor * Math.Exp(-k2 / (4 * _settings.Damping * _settings.Damping)) / k2;
            }
        }
    }

    private void FillPhases(int chunk, int first, int past)
    {
        var n = _pass!.Atoms.Count;
        var x = _pass.Atoms.X;
        for (var b = first; b < past; b++)
        {
            var at = _phases.Pointer + ((long)b * PhaseStride);
            for (var side = 0; side < 3; side++)
            {
                var most = side == 0 ? _most.A : side == 1 ? _most.B : _most.C;
                var (cosine, sine) = (Vector512<double>.Zero, Vector512<double>.Zero);
                for (var k = 0; k < Width; k++)
                {
                    var row = x + (4L * Math.Min(n - 1, (b * Width) + k));
                    var s = side switch
                    {
                        0 => (_inverse.XX * row[0]) + (_inverse.XY * row[1]) + (_inverse.XZ * row[2]),
                        1 => (_inverse.YX * row[0]) + (_inverse.YY * row[1]) + (_inverse.YZ * row[2]),
                        _ => (_inverse.ZX * row[0]) + (_inverse.ZY * row[1]) + (_inverse.ZZ * row[2]),
                    };
                    var (one, other) = Math.SinCos(2 * Math.PI * (s - Math.Round(s)));
                    (sine, cosine) = (sine.WithElement(k, one), cosine.WithElement(k, other));
                }

                var (re, im) = (Vector512<double>.One, Vector512<double>.Zero);
                for (var i = 0; i <= most; i++, at += 2 * Width)
                {
                    re.StoreAligned(at);
                    im.StoreAligned(at + Width);
                    (re, im) = ((re * cosine) - (im * sine), (re * sine) + (im * cosine));
                }
            }
        }
    }

    // e^(2πi(h s_a + l s_b)) of a block.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Plane(double* block, int h, int l, out Vector512<double> re, out Vector512<double> im)
    {
        var a = block + (2L * Width * h);
        var b = block + (2L * Width * (_most.A + 1 + Math.Abs(l)));
        var (ar, ai, br, bi) = (Vector512.LoadAligned(a), Vector512.LoadAligned(a + Width), Vector512.LoadAligned(b), Vector512.LoadAligned(b + Width));
        bi = l < 0 ? -bi : bi;
        re = Vector512.FusedMultiplyAdd(ar, br, -(ai * bi));
        im = Vector512.FusedMultiplyAdd(ar, bi, ai * br);
    }

    // Times e^(2πi m s_c).
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Turn(double* alongC, int m, Vector512<double> planeRe, Vector512<double> planeIm, out Vector512<double> re, out Vector512<double> im)
    {
        var c = alongC + (2L * Width * Math.Abs(m));
        var (cr, ci) = (Vector512.LoadAligned(c), Vector512.LoadAligned(c + Width));
        ci = m < 0 ? -ci : ci;
        re = Vector512.FusedMultiplyAdd(planeRe, cr, -(planeIm * ci));
        im = Vector512.FusedMultiplyAdd(planeRe, ci, planeIm * cr);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void SumWaves(int chunk, int firstRod, int pastRod)
    {
        var blocks = (_pass!.Atoms.Count + Width - 1) / Width;
        var toC = 2L * Width * (_most.A + _most.B + 2);
        var memory = stackalloc Vector512<double>[(2 * ((2 * _most.C) + 1)) + 1];
        var sums = (Vector512<double>*)(((nuint)memory + 63) & ~(nuint)63);
        for (var r = firstRod; r < pastRod; r++)
        {
            var (h, l, first, last, at) = _rods[r];
            var count = last - first + 1;
            new Span<Vector512<double>>(sums, 2 * count).Clear();
            for (var b = 0; b < blocks; b++)
            {
                var block = _phases.Pointer + ((long)b * PhaseStride);
                Plane(block, h, l, out var planeRe, out var planeIm);
                var q = Vector512.LoadAligned(_q.Pointer + (Width * b));
                (planeRe, planeIm) = (q * planeRe, q * planeIm);
                for (var k = 0; k < count; k++)
                {
                    Turn(block + toC, first + k, planeRe, planeIm, out var re, out var im);
                    sums[2 * k] += re;
                    sums[(2 * k) + 1] += im;
                }
            }

            for (var k = 0; k < count; k++)
            {
                var wave = _waves.Pointer + (8L * (at + k));
                (wave[4], wave[5]) = (wave[3] * Vector512.Sum(sums[2 * k]), wave[3] * Vector512.Sum(sums[(2 * k) + 1]));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void SumForces(int chunk, int firstAtom, int pastAtom)
    {
        var f = _pass!.Atoms.F;
        var toC = 2L * Width * (_most.A + _most.B + 2);
        var forces = stackalloc double[3 * Width];
        for (var b = firstAtom / Width; b * Width < pastAtom; b++)
        {
            var block = _phases.Pointer + ((long)b * PhaseStride);
            var (fx, fy, fz) = (Vector512<double>.Zero, Vector512<double>.Zero, Vector512<double>.Zero);
            foreach (var (h, l, first, last, at) in _rods)
            {
                Plane(block, h, l, out var planeRe, out var planeIm);
                var wave = _waves.Pointer + (8L * at);
                for (var m = first; m <= last; m++, wave += 8)
                {
                    Turn(block + toC, m, planeRe, planeIm, out var re, out var im);
                    var part = Vector512.FusedMultiplyAdd(Vector512.Create(wave[4]), im, -(Vector512.Create(wave[5]) * re));
                    fx = Vector512.FusedMultiplyAdd(part, Vector512.Create(wave[0]), fx);
                    fy = Vector512.FusedMultiplyAdd(part, Vector512.Create(wave[1]), fy);
                    fz = Vector512.FusedMultiplyAdd(part, Vector512.Create(wave[2]), fz);
                }
            }

            var q = Vector512.LoadAligned(_q.Pointer + (Width * b));
            (q * fx).Store(forces);
            (q * fy).Store(forces + Width);
            (q * fz).Store(forces + (2 * Width));
            for (var k = 0; k < Width && (b * Width) + k < pastAtom; k++)
            {
                var row = f + (4L * ((b * Width) + k));
                (Vector256.LoadAligned(row) + Vector256.Create(forces[k], forces[Width + k], forces[(2 * Width) + k], 0)).StoreAligned(row);
            }
        }
    }

    // The waves count pairs that shall not count: −C q_i q_j erf(αr)/r takes them away.
    private void TakeExcluded(int chunk, int first, int past)
    {
        var (atoms, excluded, nearest, places) = (_pass!.Atoms, _pass.Excluded!, _pass.Nearest, _pass.List.Places);
        var (alpha, q) = (_settings.Damping, _charges.Placed);
        var (energy, virial) = (0.0, SymTensor3.Zero);
        for (var i = first; i < past; i++)
        {
            var id = atoms.Ids[i];
            var sum = Vector256.LoadAligned(atoms.F + (4L * i));
            for (var e = excluded.Starts[id]; e < excluded.Starts[id + 1]; e++)
            {
                var j = places[excluded.Partners[e]];
                var d = nearest.Of(Vector256.LoadAligned(atoms.X + (4L * i)) - Vector256.LoadAligned(atoms.X + (4L * j)));
                var (ratio, slope) = ErrorFunction.Ratio(alpha * Math.Sqrt(Vector256.Dot(d, d)));
                var charges = -_charges.Coulomb * q[i] * q[j] * alpha;
                var force = charges * alpha * alpha * slope;
                sum += Vector256.Create(force) * d;
                energy += charges * ratio;
                virial += force * SymTensor3.Dyad(new(d[0], d[1], d[2]));
            }

            sum.StoreAligned(atoms.F + (4L * i));
        }

        if (_pass.Counts)
        {
            var sums = _pass.Sums(chunk);
            sums[0] += 0.5 * energy;
            for (var e = 0; e < 6; e++)
            {
                sums[1 + e] += 0.5 * virial[e];
            }
        }
    }

    // E(k) = C (4π/V) g |S|², half of the waves; W(k) = E(k) [1 − 2 (1/k² + 1/4α²) k ⊗ k].
    private void AddEnergy(double* sums)
    {
        var perDamping = 1 / (4 * _settings.Damping * _settings.Damping);
        for (var e = 0; e < 7; e++)
        {
            for (var w = 0; w < _count; w++)
            {
                var wave = _waves.Pointer + (8L * w);
                var energy = wave[3] == 0 ? 0 : 0.5 * ((wave[4] * wave[4]) + (wave[5] * wave[5])) / wave[3];
                var k = new Vec3(wave[0], wave[1], wave[2]);
                _entries[w] = e == 0 ? energy : energy * ((e < 4 ? 1 : 0) - (2 * ((1 / k.NormSquared) + perDamping) * SymTensor3.Dyad(k)[e - 1]));
            }

            sums[e] += FixedOrderSum.Of(_entries);
        }
    }
}
