using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using MathNet.Numerics.LinearAlgebra;

namespace ActorMultiscale.Physics.Continuum.Materials;

/// <summary>
/// A law of which some stresses are zero: plane stress, or a bar in tension. The strains that belong to them are found so; those that are given there are not
/// read. A state is that of the law within, and these strains (by Voigt's order, engineering shears), from which the next search begins.
/// </summary>
/// <remarks>
/// With p the components that are given and q those free of stress: σ_q(ε_p, ε_q) = 0 by Newton's method, and then dσ_p/dε_p = C_pp − C_pq C_qq⁻¹ C_qp. After:
/// de Souza Neto, Perić, Owen, "Computational Methods for Plasticity" (2008), chapter 9.
/// </remarks>
public sealed class StressFreeLaw : IConstitutiveLaw
{
    private const int MostIterations = 50;
    private readonly IConstitutiveLaw _law;
    private readonly int[] _given;
    private readonly int[] _free;

    private StressFreeLaw(IConstitutiveLaw law, params int[] free)
    {
        ArgumentNullException.ThrowIfNull(law);
        (_law, _free, _given) = (law, free, [.. Enumerable.Range(0, 6).Except(free)]);
    }

    /// <inheritdoc/>
    public int StateSize => _law.StateSize + _free.Length;

    /// <summary>Plane stress: σ_zz = σ_yz = σ_xz = 0.</summary>
    /// <param name="law">The law in three dimensions.</param>
    public static StressFreeLaw Plane(IConstitutiveLaw law) => new(law, 2, 3, 4);

    /// <summary>A bar along x: all stresses but σ_xx are zero.</summary>
    /// <param name="law">The law in three dimensions.</param>
    public static StressFreeLaw Bar(IConstitutiveLaw law) => new(law, 1, 2, 3, 4, 5);

    /// <inheritdoc/>
    /// <exception cref="ScaleModelException">No strain was found that frees the stresses, or more than one frees them.</exception>
    public SymTensor3 Respond(SymTensor3 strain, ReadOnlySpan<double> state, Span<double> next, out Tangent6 tangent)
    {
        Span<double> e = stackalloc double[6];
        strain.VoigtStrain(e);
        var size = _law.StateSize;
        for (var k = 0; k < _free.Length; k++)
        {
            e[_free[k]] = state[size + k];
        }

        // Stresses count as zero beside the largest that was met, or beside the rounding of those that cancel.
        var largest = 0.0;
        SymTensor3 stress;
        for (var iteration = 0; ; iteration++)
        {
            stress = _law.Respond(SymTensor3.FromVoigtStrain(e), state[..size], next[..size], out tangent);
            largest = Math.Max(largest, stress.Norm);
            var (residual, rounding) = (0.0, 0.0);
            foreach (var i in _free)
            {
                residual = Math.Max(residual, Math.Abs(stress[i]));
                for (var j = 0; j < 6; j++)
                {
                    rounding = Math.Max(rounding, 1e-15 * Math.Abs(tangent[i, j] * e[j]));
                }
            }

            if (residual <= Math.Max(1e-10 * largest, rounding))
            {
                break;
            }

            if (iteration == MostIterations || !double.IsFinite(residual))
            {
                throw new ScaleModelException(FormattableString.Invariant(
                    $"A material under {strain} has no strain that frees it of stress across: {residual:0.##e+0} of {largest:0.##e+0} is left after {iteration} steps of Newton's method."));
            }

            var step = Block(tangent, _free, _free).Solve(Vector<double>.Build.DenseOfEnumerable(_free.Select(i => -stress[i])));
            for (var k = 0; k < _free.Length; k++)
            {
                e[_free[k]] += step[k];
            }
        }

        var condensed = Block(tangent, _given, _given) - (Block(tangent, _given, _free) * Block(tangent, _free, _free).Solve(Block(tangent, _free, _given)));
        if (!condensed.Enumerate().All(double.IsFinite))
        {
            throw new ScaleModelException($"A material under {strain} can be strained across without any stress, so that its tangent there does not follow: the derivative of the stresses that are zero has no inverse.");
        }

        Span<double> c = stackalloc double[36];
        Span<double> answer = stackalloc double[6];
        for (var k = 0; k < _given.Length; k++)
        {
            answer[_given[k]] = stress[_given[k]];
            for (var l = 0; l < _given.Length; l++)
            {
                c[(6 * _given[k]) + _given[l]] = condensed[k, l];
            }
        }

        for (var k = 0; k < _free.Length; k++)
        {
            next[size + k] = e[_free[k]];
        }

        tangent = new(c);
        return SymTensor3.FromVoigtStress(answer);
    }

    private static Matrix<double> Block(Tangent6 tangent, int[] rows, int[] columns) =>
        Matrix<double>.Build.Dense(rows.Length, columns.Length, (i, j) => tangent[rows[i], columns[j]]);
}
