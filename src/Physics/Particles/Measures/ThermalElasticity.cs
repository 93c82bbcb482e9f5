using System.Collections.Immutable;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles.Interactions;

namespace ActorMultiscale.Physics.Particles.Measures;

/// <summary>The elastic constants of warm atoms from the fluctuations of stress in a box that does not change.</summary>
/// <remarks>
/// $C_{ijkl} = ⟨C^B_{ijkl}⟩ − (V/k_B T) cov(P_{ij}, P_{kl}) + (2 N k_B T/V) (δ_{ik}δ_{jl} + δ_{il}δ_{jk})$, where P is the whole stress with that of motion. At constant energy
/// these are adiabatic, at constant temperature isothermal. Born's term C^B, the response of atoms that follow the strain, is a central difference over deformed copies of the atoms and
/// so known for every interaction. What comes out is dσ/dε, with the correction for the stress σ that is there:
/// $C_{ijkl} + ½ (σ_{il}δ_{jk} + σ_{ik}δ_{jl} + σ_{jl}δ_{ik} + σ_{jk}δ_{il}) − σ_{ij}δ_{kl}$.
/// After: Squire, Holt, Hoover, Physica 42 (1969) 388; Ray, Rahman, J. Chem. Phys. 80 (1984) 4423; Wallace, "Thermodynamics of Crystals" (1972).
/// </remarks>
public sealed class ThermalElasticity
{
    private const double Strain = 1e-4;
    private readonly Func<ImmutableArray<Interaction>> _interactions;
    private readonly int _bornEvery;
    private readonly int _looksInBlock;
    private readonly BondedNeighbors _excluded;
    private readonly List<Block> _blocks = [];
    private readonly BlockAverage _temperature = new();
    private Block _now = new();
    private UnitSystem? _units;
    private SimulationBox? _box;
    private int _atoms;
    private long _looks;

    /// <summary>No looks yet.</summary>
    /// <param name="interactions">Makes what acts on the atoms, for the deformed copies.</param>
    /// <param name="bornEvery">With every how manieth look Born's term is measured: it takes twelve deformed copies, and scatters little.</param>
    /// <param name="looksInBlock">How many looks a block has; blocks are longer than the memory of the stress, and there are ten or so.</param>
    /// <param name="excluded">Which bonded neighbors the engine leaves out.</param>
    /// <exception cref="ScaleModelException">A number of looks is below one, or some blocks would have no term of Born.</exception>
    public ThermalElasticity(Func<ImmutableArray<Interaction>> interactions, int bornEvery, int looksInBlock, BondedNeighbors excluded = BondedNeighbors.None)
    {
        ArgumentNullException.ThrowIfNull(interactions);
        if (bornEvery < 1 || looksInBlock < bornEvery)
        {
            throw new ScaleModelException($"Born's term is to be measured with every {bornEvery}th look, in blocks of {looksInBlock} looks; both are one or more, and each block must have it at least once.");
        }

        (_interactions, _bornEvery, _looksInBlock, _excluded) = (interactions, bornEvery, looksInBlock, excluded);
    }

    /// <summary>Looks at an engine.</summary>
    /// <exception cref="ScaleModelException">It has other atoms or another box than those before, or what it measures is not finite; the look does not count then.</exception>
    public void Add(MolecularDynamics engine, ChunkedLoop loop)
    {
        ArgumentNullException.ThrowIfNull(engine);
        ArgumentNullException.ThrowIfNull(loop);
        if (_box is not null && (engine.Box != _box || engine.Count != _atoms))
        {
            throw new ScaleModelException(FormattableString.Invariant($"Fluctuations of {_atoms} atoms in a volume of {_box.Volume} are measured, and now there are {engine.Count} in {engine.Box.Volume}: box and atoms must stay as they are."));
        }

        var now = engine.Measure(loop);
        var atoms = _units is null || _looks % _bornEvery == 0 ? engine.Configuration() : null;
        var units = _units ?? atoms!.Units;
        var pressure = now.Pressure / units.Pressure;
        var born = _looks % _bornEvery == 0 ? Born(atoms!, loop) : null;
        if (!double.IsFinite(now.Temperature + (pressure.Norm * pressure.Norm)) || born?.All(double.IsFinite) == false)
        {
            throw new ScaleModelException(FormattableString.Invariant($"Atoms have the temperature {now.Temperature}, the pressure {now.Pressure} and, where it was measured, Born's term ({string.Join(", ", born ?? [])}); all must be finite."));
        }

        // Nothing can fail from here on: a look counts as a whole.
        (_units, _box, _atoms) = (units, engine.Box, engine.Count);
        _looks++;
        _temperature.Add(now.Temperature);
        _now.Looks++;
        for (var i = 0; i < 6; i++)
        {
            _now.Pressure[i] += pressure[i];
            for (var j = 0; j < 6; j++)
            {
                _now.Products[(6 * i) + j] += pressure[i] * pressure[j];
            }
        }

        if (born is not null)
        {
            _now.Borns++;
            for (var e = 0; e < 36; e++)
            {
                _now.Born[e] += born[e];
            }
        }

        if (_now.Looks == _looksInBlock)
        {
            _blocks.Add(_now);
            _now = new();
        }
    }

    /// <summary>The constants and their errors, of which the blocks tell, row by row in Voigt's order, in the unit of pressure.</summary>
    /// <exception cref="ScaleModelException">Fewer than two blocks are complete.</exception>
    public ImmutableArray<Estimate> Result()
    {
        var blocks = Samples();
        return [.. Enumerable.Range(0, 36).Select(e => Estimate.OfIndependent([.. blocks.Select(c => c[e])]))];
    }

    /// <summary>
    /// The three constants of a cubic crystal whose cube edges lie along x, y and z, and its bulk modulus (C11 + 2 C12)/3, in the unit of pressure: means over the axes, block by block, so that errors
    /// are those of the means.
    /// </summary>
    /// <exception cref="ScaleModelException">Fewer than two blocks are complete.</exception>
    public (Estimate C11, Estimate C12, Estimate C44, Estimate Bulk) Cubic()
    {
        var blocks = Samples();
        Estimate Mean(params int[] entries) => Estimate.OfIndependent([.. blocks.Select(c => FixedOrderSum.Of([.. entries.Select(e => c[e])]) / entries.Length)]);
        return (Mean(0, 7, 14), Mean(1, 2, 6, 8, 12, 13), Mean(21, 28, 35), Mean(0, 1, 2, 6, 7, 8, 12, 13, 14));
    }

    // The 36 constants of each block, in the unit of pressure.
    private ImmutableArray<double[]> Samples()
    {
        if (_blocks.Count < 2)
        {
            throw new ScaleModelException($"{_blocks.Count} blocks of {_looksInBlock} looks are complete; there must be two or more. Measure for longer, or in shorter blocks.");
        }

        // Stresses and constants in energy a volume, converted at the end.
        var thermal = _units!.Boltzmann * _temperature.Result().Value;
        var mean = Enumerable.Range(0, 6).Select(i => FixedOrderSum.Of([.. _blocks.Select(b => b.Pressure[i])]) / (_blocks.Count * (double)_looksInBlock)).ToArray();
        (int, int)[] axes = [(0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1)];
        static double Delta(int i, int j) => i == j ? 1 : 0;
        double Sigma(int i, int j) => -mean[Array.FindIndex(axes, a => a == (Math.Min(i, j), Math.Max(i, j)))];
        double[][] samples = [.. _blocks.Select(_ => new double[36])];
        for (var row = 0; row < 6; row++)
        {
            for (var column = 0; column < 6; column++)
            {
                var ((i, j), (k, l)) = (axes[row], axes[column]);
                var motion = 2 * _atoms * thermal / _box!.Volume * ((Delta(i, k) * Delta(j, l)) + (Delta(i, l) * Delta(j, k)));
                var stress = (0.5 * ((Sigma(i, l) * Delta(j, k)) + (Sigma(i, k) * Delta(j, l)) + (Sigma(j, l) * Delta(i, k)) + (Sigma(j, k) * Delta(i, l)))) - (Sigma(i, j) * Delta(k, l));
                for (var n = 0; n < samples.Length; n++)
                {
                    // ⟨(P − P̄)(P′ − P̄′)⟩ with the means of all blocks.
                    var b = _blocks[n];
                    var product = (b.Products[(6 * row) + column] - (mean[row] * b.Pressure[column]) - (mean[column] * b.Pressure[row])) / _looksInBlock;
                    samples[n][(6 * row) + column] = _units.Pressure * ((b.Born[(6 * row) + column] / b.Borns) - (_box.Volume / thermal * (product + (mean[row] * mean[column]))) + motion + stress);
                }
            }
        }

        return [.. samples];
    }

    // ∂S/∂η of the forces alone: S = −F⁻¹ W F⁻ᵀ/V of the undeformed volume, F = √(1 + 2η) = 1 + η − ½ η² + …
    private double[] Born(AtomConfiguration atoms, ChunkedLoop loop)
    {
        SymTensor3 Second(int column, double size)
        {
            var stretch = CrystalAtRest.StrainOf(column, size);
            var strain = CrystalAtRest.StrainOf(column, size) + Matrix3.Diagonal(-1, -1, -1);
            var square = strain * strain;
            stretch += new Matrix3(
                -0.5 * square.XX, -0.5 * square.XY, -0.5 * square.XZ, -0.5 * square.YX, -0.5 * square.YY, -0.5 * square.YZ, -0.5 * square.ZX, -0.5 * square.ZY, -0.5 * square.ZZ);
            var deformed = CrystalAtRest.Deformed(atoms with { Velocities = [] }, stretch);
            var virial = new MolecularDynamics(deformed, _interactions(), CrystalAtRest.SkinOf(atoms), _excluded).Measure(loop).Virial;
            var inverse = stretch.Inverse();
            return SymTensor3.SymmetricPart(inverse * virial.ToMatrix() * inverse.Transposed) / -atoms.Box.Volume;
        }

        var born = new double[36];
        for (var column = 0; column < 6; column++)
        {
            var slope = (Second(column, Strain) - Second(column, -Strain)) / (2 * Strain);
            for (var row = 0; row < 6; row++)
            {
                born[(6 * row) + column] = slope[row];
            }
        }

        return born;
    }

    private sealed class Block
    {
        public int Looks { get; set; }

        public int Borns { get; set; }

        public double[] Pressure { get; } = new double[6];

        public double[] Products { get; } = new double[36];

        public double[] Born { get; } = new double[36];
    }
}
