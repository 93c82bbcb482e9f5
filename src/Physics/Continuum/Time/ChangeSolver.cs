using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Continuum.Time;

/// <summary>Solves A d = r for changes that constraints allow, d = C x with CᵀA C x = Cᵀr, many times with one A.</summary>
internal sealed class ChangeSolver
{
    private readonly CsrMatrix _matrix;
    private readonly CsrMatrix _directions;
    private readonly Func<double[], double[]> _solve;

    public ChangeSolver(CsrMatrix matrix, Constraints constraints, Func<CsrMatrix, Func<double[], double[]>>? prepare)
    {
        (_matrix, _directions) = (matrix, constraints.Directions());
        _solve = Solving.Of(() => (prepare ?? (a => FactorOrIterate.Factored(a)))(Constraints.Reduced(matrix, _directions)));
    }

    /// <summary>d = C x.</summary>
    /// <param name="residual">r.</param>
    /// <param name="given">δ, with which d = C x + δ instead and CᵀA C x = Cᵀ(r − A δ); zero if null.</param>
    public double[] Solve(double[] residual, double[]? given = null)
    {
        if (given is not null)
        {
            var product = new double[residual.Length];
            _matrix.Multiply(given, product);
            residual = [.. residual.Zip(product, (r, a) => r - a)];
        }

        var reduced = new double[_directions.ColumnCount];
        _directions.TransposeMultiply(residual, reduced);
        var change = new double[residual.Length];
        _directions.Multiply(reduced.Length == 0 ? reduced : Solving.Of(() => _solve(reduced)), change);
        for (var i = 0; i < change.Length && given is not null; i++)
        {
            change[i] += given[i];
        }

        return change;
    }

    /// <summary>Σ c_k A_k of matrices with one pattern.</summary>
    public static CsrMatrix Sum(params ReadOnlySpan<(double Factor, CsrMatrix Matrix)> terms)
    {
        var sum = terms[0].Matrix.WithSamePattern();
        foreach (var (factor, matrix) in terms)
        {
            if (!matrix.RowStart.SequenceEqual(sum.RowStart) || !matrix.Columns.SequenceEqual(sum.Columns))
            {
                throw new ScaleModelException("The matrices of mass, damping and stiffness have different patterns. Assembly.Matrix gives all matrices of one basis the same.");
            }

            for (var k = 0; k < sum.Values.Length; k++)
            {
                sum.Values[k] += factor * matrix.Values[k];
            }
        }

        return sum;
    }

    public static double RequireStep(double step) =>
        step > 0 && double.IsFinite(step) ? step : throw new ScaleModelException(FormattableString.Invariant($"A time step is {step} s; it is finite and above zero."));
}
