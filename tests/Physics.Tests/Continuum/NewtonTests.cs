using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Numerics.Sparse;
using CsCheck;

namespace ActorMultiscale.Tests.Continuum;

/// <summary>Newton's method: what it asks for, and what it does where there is no answer. Load steps.</summary>
public sealed class NewtonTests
{
    // k u + u³ = f of single dofs: each stiffness begins a step, and residuals of trials ask for none.
    [Fact]
    public void A_stiffness_is_asked_for_once_a_step() => Gen.Select(Gen.Double[0.01, 1], Gen.Double[1, 100]).Array[1, 20].Sample(springs =>
    {
        var (forces, stiffnesses) = (0, 0);
        SystemResponse Answer(double[] u)
        {
            forces++;
            return new([.. springs.Select((s, i) => (s.Item1 * u[i]) + Math.Pow(u[i], 3) - s.Item2)], () =>
            {
                stiffnesses++;
                return Diagonal([.. springs.Select((s, i) => s.Item1 + (3 * u[i] * u[i]))]);
            });
        }

        var result = Newton.Solve(new double[springs.Length], new Constraints(springs.Length), Answer, Ldl, 1e-12, 60);
        Assert.All(springs.Zip(result.Solution), p => Assert.Equal(p.First.Item2, (p.First.Item1 * p.Second) + Math.Pow(p.Second, 3), 1e-12 * result.Residuals.Max()));
        Assert.Equal(result.Residuals.Length - 1, stiffnesses);
        Assert.True(forces >= result.Residuals.Length);
    }, iter: 50);

    // u = ½ with a tangent of 0.6: the first step, to 0.83, lessens the residual, but beyond 0.8 the tangent has no Cholesky factor.
    [Fact]
    public void A_step_to_where_the_stiffness_cannot_be_solved_with_is_halved()
    {
        var visited = new List<double>();
        SystemResponse Answer(double[] u)
        {
            visited.Add(u[0]);
            return new([u[0] - 0.5], () => Diagonal([u[0] > 0.8 ? -1 : 0.6]));
        }

        Assert.Equal(0.5, Newton.Solve([0], new Constraints(1), Answer, Ldl, 1e-4).Solution[0], 1e-4);
        Assert.Equal([0, 0.5 / 0.6, 0.25 / 0.6], visited[..3]);
    }

    // A spring with the force eˢ − 1 from a wall at 0, and a linear one on to one at 60. The first step goes to where the force is 10¹³.
    [Fact]
    public void A_force_on_the_way_that_was_far_too_large_does_not_loosen_the_tolerance()
    {
        static (double[] Residual, CsrMatrix Tangent) Answer(double[] u)
        {
            var (force, stiffness) = (Math.Exp(u[1] - u[0]) - 1, Math.Exp(u[1] - u[0]));
            return ([-force, force - (u[2] - u[1]), u[2] - u[1]], new CsrMatrix(3, [0, 2, 5, 7], [0, 1, 0, 1, 2, 1, 2], [stiffness, -stiffness, -stiffness, stiffness + 1, -1, -1, 1]));
        }

        var result = Newton.Solve(new double[3], new Constraints(3).Fix(0, 0).Fix(2, 60), Answer, Ldl, maxIterations: 60);
        Assert.True(result.Residuals.Max() > 1e12);
        Assert.Equal(60 - result.Solution[1], Math.Exp(result.Solution[1]) - 1, 1e-6);
    }

    // Some ten thousand rows, so that there are several chunks, with ties and given values: matrix and right-hand side of the step have the same bits on any threads.
    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void A_step_is_condensed_to_the_same_bits_on_any_threads(int threads)
    {
        const int n = 10_000;
        var k = new CsrBuilder(n, n);
        for (var i = 0; i < n; i++)
        {
            k.Add(i, i, 3 + Math.Sin(i));
            k.Add(i, (i + 1) % n, -1 + (0.1 * Math.Cos(i)));
            k.Add(i, (i + 37) % n, -0.7 * Math.Sin(3 * i));
        }

        var (matrix, constraints) = (k.ToMatrix(), new Constraints(n));
        for (var i = 0; i < n; i += 7)
        {
            constraints.Tie(i, [((i + 2) % n, 0.3), ((i + 3) % n, 0.6)], Math.Sin(i));
        }

        constraints.Fix(1, 0.5);
        (CsrMatrix Matrix, double[] Right, double[] Solution) On(ChunkedLoop? loop)
        {
            (CsrMatrix, double[]) asked = (matrix, []);
            var result = Newton.Solve(new double[n], constraints, u =>
            {
                var force = new double[n];
                matrix.Multiply(u, force);
                return new SystemResponse([.. force.Select((f, i) => f - Math.Cos(i))], () => matrix);
            }, (a, y) =>
            {
                asked = (a, y);
                var x = new double[y.Length];
                new SparseLu(a).Solve(y, x);
                return x;
            }, loop: loop);
            return (asked.Item1, asked.Item2, result.Solution);
        }

        var (one, many) = (On(null), On(new ChunkedLoop(threads)));
        Assert.True(one.Matrix.RowCount > 8192);
        Assert.Equal(one.Matrix.Columns.ToArray(), many.Matrix.Columns.ToArray());
        Assert.Equal(one.Matrix.Values.ToArray(), many.Matrix.Values.ToArray());
        Assert.Equal(one.Right, many.Right);
        Assert.Equal(one.Solution, many.Solution);
    }

    [Fact]
    public void A_stiffness_that_cannot_be_solved_with_at_the_start_is_a_fault_of_the_model()
    {
        var fault = Assert.Throws<ScaleModelException>(() => Newton.Solve([0], new Constraints(1), _ => ([1.0], Diagonal([-1])), Ldl));
        Assert.IsType<InvalidOperationException>(fault.InnerException);
        Assert.Contains("no positive pivot", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Constraints_that_are_added_later_hold()
    {
        var constraints = new Constraints(3).Fix(0, 1);
        Assert.Equal([1, 0, 0], constraints.Solve(Diagonal([1, 1, 1]), [0, 0, 0], Ldl));
        constraints.Tie(1, [(0, 2), (2, 1)], 3);

        // u₁ = 2 u₀ + u₂ + 3 = 5 + u₂ with the least ½ (u₁² + u₂²).
        Assert.All(constraints.Solve(Diagonal([1, 1, 1]), [0, 0, 0], Ldl).Zip([1, 2.5, -2.5]), p => Assert.Equal(p.Second, p.First, 1e-14));
    }

    // A step is refused if it is longer than what the place lets it be.
    [Fact]
    public void Load_steps_are_as_long_as_they_may_be() => Gen.Select(Gen.Double[-5, 5], Gen.Double[-5, 5], Gen.Double[0.1, 2], Gen.Double[0.02, 0.5]).Sample((from, to, longest, narrow) =>
    {
        double Allowed(double at) => Math.Abs(at) < 1 ? narrow : 1;
        var refused = 0;
        var path = LoadSteps.Follow<double[]>([from], from, to, longest, (state, next) =>
        {
            if (Math.Abs(next - state[^1]) > Allowed(state[^1]))
            {
                refused++;
                throw new ScaleModelException("too far");
            }

            return [.. state, next];
        }, 0.005);
        Assert.Equal((from, to), (path[0], path[^1]));
        for (var n = 1; n < path.Length; n++)
        {
            Assert.InRange(Math.Sign(to - from) * (path[n] - path[n - 1]), 0, Math.Min(longest, Allowed(path[n - 1])) + 1e-12);
        }

        // A halving is at most what has grown since the one before, or since the start.
        Assert.True(refused <= 6 + path.Length, $"{refused} of {path.Length}");
    });

    [Fact]
    public void A_load_that_cannot_be_reached_is_said_with_that_which_was()
    {
        var reached = 0.0;
        var fault = Assert.Throws<ScaleModelException>(() => LoadSteps.Follow(0.0, 0, 1, 0.25, (_, next) => next <= 0.7 ? reached = next : throw new ScaleModelException("It is torn."), 0.01));
        Assert.InRange(reached, 0.68, 0.7);
        Assert.Contains("It is torn.", fault.Message, StringComparison.Ordinal);
        Assert.Contains(FormattableString.Invariant($"Beyond the load {reached} of 0 to 1"), fault.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => LoadSteps.Follow(0.0, 0, 1, 0, (_, next) => next));
        foreach (var (from, to, longest) in new (double, double, double)[] { (0, double.PositiveInfinity, 1), (double.NaN, 1, 1), (0, double.NaN, 1), (0, 1, double.PositiveInfinity) })
        {
            Assert.Contains("are finite", Assert.Throws<ScaleModelException>(() => LoadSteps.Follow(0.0, from, to, longest, (_, next) => next)).Message, StringComparison.Ordinal);
        }

        Assert.Contains("lost in rounding", Assert.Throws<ScaleModelException>(() => LoadSteps.Follow(1e17, 1e17, 2e17, 1, (_, next) => next)).Message, StringComparison.Ordinal);
    }

    private static CsrMatrix Diagonal(double[] values) => new(values.Length, [.. Enumerable.Range(0, values.Length + 1)], [.. Enumerable.Range(0, values.Length)], values);

    private static double[] Ldl(CsrMatrix a, double[] y)
    {
        var x = new double[y.Length];
        SparseLdl.PositiveDefinite(a).Solve(y, x);
        return x;
    }
}
