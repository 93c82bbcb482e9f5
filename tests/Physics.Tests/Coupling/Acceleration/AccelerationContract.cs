using System.Collections.Immutable;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Coupling.Acceleration;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using MathNet.Numerics.LinearAlgebra;
using Xunit.Abstractions;

namespace ActorMultiscale.Tests.Coupling.Acceleration;

/// <summary>What every acceleration must do, whatever its method, filter, scaling and restart.</summary>
public sealed class AccelerationContract(ITestOutputHelper output)
{
    public static TheoryData<string> All => [.. Specs.Keys];

    public static TheoryData<string> QuasiNewton => [.. Specs.Keys.Where(k => k.StartsWith("iqn", StringComparison.Ordinal))];

    internal static IAcceleration Create(string name) => Specs[name].Create();

    private static readonly SortedDictionary<string, AccelerationSpec> Specs = MakeSpecs();

    private static SortedDictionary<string, AccelerationSpec> MakeSpecs()
    {
        var specs = new SortedDictionary<string, AccelerationSpec>(StringComparer.Ordinal)
        {
            ["constant"] = AccelerationSpec.Constant(0.7),
            ["aitken"] = AccelerationSpec.Aitken(),
            ["iqn-ils, windows' ends"] = AccelerationSpec.LeastSquares(0.5) with { UsesWindowEndsOnly = true },
            ["iqn-ils, no reuse"] = AccelerationSpec.LeastSquares(0.5) with { WindowsReused = 0 },
        };
        foreach (var filter in Enum.GetValues<ColumnFilter>())
        {
            foreach (var scaling in Enum.GetValues<BlockScaling>())
            {
                specs[$"iqn-ils, {filter}, {scaling}"] = AccelerationSpec.LeastSquares(0.5) with { Filter = filter, Scaling = scaling };
            }
        }

        foreach (var restart in Enum.GetValues<JacobianRestart>())
        {
            specs[$"iqn-imvj, {restart}"] = AccelerationSpec.Jacobian(0.5) with { Restart = restart, RestartAfter = 3 };
        }

        return specs;
    }

    // H(x) = A x + b + c sin x, one block of two samples of scale 1, one of scale 1000, and a secondary one that follows.
    private sealed class Problem
    {
        private readonly Matrix<double> _a;
        private readonly double[] _b;
        private readonly double _curve;

        public Problem(int seed, double spectrum, double curve)
        {
            var random = new Random(seed);
            var q = Matrix<double>.Build.Dense(Size, Size, (_, _) => random.NextDouble() - 0.5).QR().Q;
            _a = q * Matrix<double>.Build.DenseDiagonal(Size, Size, i => spectrum * ((2.0 * i / (Size - 1)) - 1)) * q.Transpose();
            _b = [.. Enumerable.Range(0, Size).Select(_ => random.NextDouble())];
            _curve = curve;
        }

        public const int Size = 16;

        public static ImmutableArray<IterateBlock> Blocks { get; } = [new(2, 4, true), new(2, 2, true), new(2, 2, false)];

        public static ImmutableArray<IterateBlock> AllAccelerated { get; } = [new(2, 4, true), new(2, 2, true), new(2, 2, true)];

        private static double Scale(int i) => i is >= 8 and < 12 ? 1000 : 1;

        public double[] H(ReadOnlySpan<double> x, double load)
        {
            var y = new double[Size];
            for (var i = 0; i < Size; i++)
            {
                y[i] = load * _b[i];
                for (var j = 0; j < Size; j++)
                {
                    y[i] += (_a[i, j] * x[j] / Scale(j)) + (i == j ? _curve * Math.Sin(x[j] / Scale(j)) : 0);
                }

                y[i] *= Scale(i);
            }

            return y;
        }
    }

    private static double Norm(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        var sum = 0.0;
        for (var i = 0; i < x.Length; i++)
        {
            var scale = i is >= 8 and < 12 ? 1000 : 1;
            sum += (x[i] - y[i]) * (x[i] - y[i]) / (scale * scale);
        }

        return Math.Sqrt(sum);
    }

    // Iterations of a window until the residual is small; the solution is the next window's start.
    private static (int Iterations, double[] X) Window(IAcceleration acceleration, Problem problem, double[] x, double load, int most = 300, double limit = 1e-10, bool all = false)
    {
        var blocks = all ? Problem.AllAccelerated : Problem.Blocks;
        for (var k = 0; ; k++)
        {
            var hx = problem.H(x, load);
            if (Norm(x, hx) < limit || k == most - 1)
            {
                acceleration.Accept(blocks, x, hx, k);
                return (k + 1, hx);
            }

            var next = new double[x.Length];
            acceleration.Next(blocks, x, hx, next, k);
            Assert.All(next, v => Assert.True(double.IsFinite(v)));
            x = next;
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void It_converges_wherever_plain_iteration_contracts_and_finds_the_same(string name)
    {
        foreach (var (spectrum, curve) in new[] { (0.3, 0.0), (0.6, 0.0), (0.5, 0.1) })
        {
            for (var seed = 0; seed < 5; seed++)
            {
                var problem = new Problem(seed, spectrum, curve);
                var acceleration = Specs[name].Create();
                var (plain, x) = (new double[Problem.Size], new double[Problem.Size]);
                for (var window = 0; window < 6; window++)
                {
                    (_, plain) = Window(new ConstantRelaxation(1), problem, plain, 1 + (0.3 * window));
                    (var iterations, x) = Window(acceleration, problem, x, 1 + (0.3 * window));
                    Assert.True(iterations < 300, $"spectrum {spectrum}, curve {curve}, seed {seed}, window {window}");
                    Assert.True(Norm(plain, x) < 1e-8);
                }
            }
        }
    }

    // A residual whose square is no number any more teaches nothing: the step that led there must not be tried again and again.
    [Theory]
    [MemberData(nameof(QuasiNewton))]
    public void A_step_into_a_wall_without_a_column_is_not_repeated(string name)
    {
        static double[] H(double[] v) => v.Any(y => Math.Abs(y) > 1.5) ? [1e170, 1e170] : [(0.9 * v[0]) + 1, (0.3 * v[1]) + 0.5];
        ImmutableArray<IterateBlock> blocks = [new(1, 2, true)];
        var acceleration = Create(name);
        var (x, next) = (new double[2], new double[2]);
        var tried = new List<(double, double)>();
        for (var k = 0; k < 30; k++)
        {
            acceleration.Next(blocks, x, H(x), next, k);
            Assert.All(next, y => Assert.True(double.IsFinite(y)));
            tried.Add((next[0], next[1]));
            next.CopyTo(x, 0);
        }

        Assert.True(tried.Distinct().Count() >= 20, string.Join(' ', tried));
    }

    [Theory]
    [MemberData(nameof(QuasiNewton))]
    public void Quasi_Newton_converges_where_plain_iteration_diverges(string name)
    {
        if (name.Contains("Qr1,", StringComparison.Ordinal) || name.Contains("ends", StringComparison.Ordinal) || name.EndsWith(", Residual", StringComparison.Ordinal))
        {
            return;     // Columns that these leave out are needed here.
        }

        for (var seed = 0; seed < 5; seed++)
        {
            var problem = new Problem(seed, 1.5, 0);
            var acceleration = Specs[name].Create();
            var x = new double[Problem.Size];
            for (var window = 0; window < 4; window++)
            {
                (var iterations, x) = Window(acceleration, problem, x, 1 + (0.3 * window), limit: 1e-7, all: true);
                Assert.True(iterations < 200, $"seed {seed}, window {window}: {iterations}");
            }
        }
    }

    [Fact]
    public void A_linear_problem_of_n_unknowns_is_solved_in_n_plus_2_iterations()
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var problem = new Problem(seed, 2.5, 0);
            foreach (var spec in new[] { AccelerationSpec.LeastSquares(0.5), AccelerationSpec.Jacobian(0.5) })
            {
                var (iterations, _) = Window((spec with { Filter = ColumnFilter.None }).Create(), problem, new double[Problem.Size], 1, limit: 1e-6, all: true);
                Assert.InRange(iterations, 2, Problem.Size + 2);
            }
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void What_is_archived_goes_on_with_the_same_bits(string name)
    {
        var problem = new Problem(3, 0.8, 0.05);
        var acceleration = Specs[name].Create();
        var x = new double[Problem.Size];
        for (var window = 0; window < 5; window++)
        {
            for (var k = 0; k < 6; k++)
            {
                var copy = Specs[name].Create();
                StateArchive.Restore(StateArchive.Save(acceleration.Archive), copy.Archive);
                var hx = problem.H(x, 1 + window);
                var (next, again) = (new double[x.Length], new double[x.Length]);
                acceleration.Next(Problem.Blocks, x, hx, next, k);
                copy.Next(Problem.Blocks, x, hx, again, k);
                Assert.Equal(next, again);
                Assert.Equal(StateArchive.Save(acceleration.Archive), StateArchive.Save(copy.Archive));
                x = next;
            }

            acceleration.Accept(Problem.Blocks, x, problem.H(x, 1 + window), 6);
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void No_sequence_of_values_gives_a_number_that_is_not_finite(string name)
    {
        for (var seed = 0; seed < 60; seed++)
        {
            var random = new Random(seed);
            var acceleration = Specs[name].Create();
            for (var window = 0; window < 5; window++)
            {
                ImmutableArray<IterateBlock> blocks = [new(random.Next(1, 3), random.Next(1, 4), true), new(1, random.Next(1, 3), random.Next(2) == 0)];
                var n = blocks.Sum(b => b.Samples * b.Length);
                var x = new double[n];
                var iterations = random.Next(1, 9);
                for (var k = 0; k < iterations; k++)
                {
                    // Zeros, repetitions, tiny and huge values, and maps that do not contract.
                    var kind = random.Next(6);
                    double[] hx = [.. x.Select(v => kind switch
                    {
                        0 => 0,
                        1 => v,
                        2 => 1e150 * (random.NextDouble() - 0.5),
                        3 => 1e-150 * (random.NextDouble() - 0.5),
                        4 => (-3 * v) + 1,
                        _ => random.NextDouble(),
                    })];
                    var next = new double[n];
                    if (k == iterations - 1)
                    {
                        acceleration.Accept(blocks, x, hx, k);
                    }
                    else
                    {
                        acceleration.Next(blocks, x, hx, next, k);
                        Assert.True(next.All(double.IsFinite), $"seed {seed}, window {window}, iteration {k}");
                        x = next;
                    }
                }

                if (random.Next(5) == 0)
                {
                    acceleration.Forget();
                }
            }
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public void A_residual_of_zero_stays_where_it_is(string name)
    {
        var acceleration = Specs[name].Create();
        double[] x = [.. Enumerable.Range(0, Problem.Size).Select(i => i * 0.1)];
        var next = new double[Problem.Size];

        acceleration.Next(Problem.Blocks, x, x, next, 0);

        // Constant relaxation adds two parts, which rounds.
        Assert.All(x.Zip(next), pair => Assert.Equal(pair.First, pair.Second, 4e-16 * pair.First));
    }

    [Theory]
    [MemberData(nameof(All))]
    public void After_forgetting_it_is_as_new(string name)
    {
        var problem = new Problem(4, 0.7, 0);
        var (used, fresh) = (Specs[name].Create(), Specs[name].Create());
        Window(used, problem, new double[Problem.Size], 1);
        used.Forget();

        var (a, x) = Window(used, problem, new double[Problem.Size], 2);
        var (b, y) = Window(fresh, problem, new double[Problem.Size], 2);

        Assert.Equal(a, b);
        Assert.Equal(x, y);
    }

    // Residuals of length 1 in directions that have nothing to do with x: no columns help. First those of earlier windows go, then all, and
    // steps lead from the best iterate, by half as much each time.
    [Theory]
    [InlineData("iqn-ils, Qr3, ResidualSum")]
    [InlineData("iqn-ils, None, Constant")]
    [InlineData("iqn-imvj, Never")]
    public void Where_nothing_gets_better_columns_go_then_steps_shrink(string name)
    {
        ImmutableArray<IterateBlock> blocks = [new(1, 60, true)];
        var acceleration = (InterfaceQuasiNewton)Specs[name].Create();
        var random = new Random(1);
        var x = new double[60];
        double[] Out(double[] x, double size)
        {
            double[] r = [.. x.Select(_ => random.NextDouble() - 0.5)];
            var norm = FixedOrderSum.Norm(r);
            return [.. x.Zip(r, (a, b) => a + (size * b / norm))];
        }

        for (var k = 0; k < 5; k++)
        {
            var learned = new double[60];
            acceleration.Next(blocks, x, Out(x, 1), learned, k);
            x = learned;
        }

        acceleration.Accept(blocks, x, Out(x, 1), 5);

        // The best of this window is its first iterate.
        var (best, bestHx) = (x, Out(x, 0.9));
        var steps = new List<double>();
        var fewest = int.MaxValue;
        for (var k = 0; k < 85; k++)
        {
            var next = new double[60];
            acceleration.Next(blocks, x, k == 0 ? bestHx : Out(x, 1), next, k);
            if (k == 20)
            {
                // What is left is of this window: at most one column an iteration.
                Assert.InRange(acceleration.Columns, 1, 20);
            }
            else if (k > 0 && acceleration.Columns == 0)
            {
                fewest = Math.Min(fewest, k);
                steps.Add(FixedOrderSum.Distance(next, best) / 0.9);
            }

            x = next;
        }

        Assert.Equal(40, fewest);
        Assert.Equal([0.25, 0.125, 0.0625], steps.Select(s => Math.Round(s, 12)));
    }

    // H(x) = A x + b, 12 unknowns, A of order ½ but for a diagonal of ±D: plain iteration grows by D each time, and so does a residual until there
    // are columns for every direction. With exact arithmetic 13 columns solve it; D = 6000 costs digits.
    public static TheoryData<string, double> Strong => new()
    {
        { "iqn-ils", 10 }, { "iqn-ils", 1000 }, { "iqn-ils", 2000 }, { "iqn-ils", 6000 }, { "iqn-ils", 1e5 },
        { "iqn-imvj", 10 }, { "iqn-imvj", 1000 }, { "iqn-imvj", 2000 }, { "iqn-imvj", 6000 }, { "iqn-imvj", 1e5 },
    };

    [Theory]
    [MemberData(nameof(Strong))]
    public void Strong_couplings_are_solved(string method, double strength)
    {
        const int Size = 12;
        ImmutableArray<IterateBlock> blocks = [new(1, Size, true)];
        var (failed, total, most) = (0, 0, 0);
        for (var seed = 0; seed < 30; seed++)
        {
            var random = new Random(seed);
            double[][] a = [.. Enumerable.Range(0, Size).Select(i => Enumerable.Range(0, Size).Select(j => random.NextDouble() - 0.5 + (i == j ? (i % 2 == 0 ? 1 : -0.7) * strength : 0)).ToArray())];
            double[] b = [.. Enumerable.Range(0, Size).Select(_ => random.NextDouble())];
            double[] Out(double[] x) => [.. a.Zip(b, (row, c) => FixedOrderSum.Dot(row, x) + c)];
            var acceleration = (method == "iqn-ils" ? AccelerationSpec.LeastSquares() : AccelerationSpec.Jacobian()).Create();
            var x = new double[Size];
            for (var window = 0; window < 6; window++)
            {
                var k = 0;
                for (; k < 200; k++)
                {
                    var hx = Out(x);
                    if (FixedOrderSum.Distance(hx, x) <= 1e-8 * FixedOrderSum.Norm(b))
                    {
                        acceleration.Accept(blocks, x, hx, k);
                        break;
                    }

                    var next = new double[Size];
                    acceleration.Next(blocks, x, hx, next, k);
                    Assert.All(next, value => Assert.True(double.IsFinite(value)));
                    x = next;
                }

                (failed, total, most) = (failed + (k == 200 ? 1 : 0), total + k, Math.Max(most, k));
                x = new double[Size];       // The next window begins anew; what was learned holds there.
            }
        }

        output.WriteLine(FormattableString.Invariant($"{method}, D = {strength}: {failed} of 180 windows failed, {total / 180.0:F1} iterations, at most {most}"));
        Assert.Equal(0, failed);
    }

    // A jump of the map that no difference sees coming: columns of both sides contradict each other, but iterations end.
    [Theory]
    [InlineData("iqn-ils, Qr3, ResidualSum")]
    [InlineData("iqn-imvj, SingularValues")]
    public void A_map_that_changes_between_windows_is_solved_all_the_same(string name)
    {
        for (var seed = 0; seed < 10; seed++)
        {
            var acceleration = Specs[name].Create();
            var x = new double[Problem.Size];
            for (var window = 0; window < 6; window++)
            {
                (var iterations, x) = Window(acceleration, new Problem((100 * seed) + window, 0.9, 0.05), x, 1, all: true, limit: 1e-8);
                Assert.True(iterations < 100, $"seed {seed}, window {window}: {iterations}");
            }
        }
    }

    [Fact]
    public void What_does_not_converge_in_time_is_done_in_shorter_windows()
    {
        var plain = OscillatorTests.Oscillator(0.2, "newmark", 3);
        var scheme = CouplingScheme.Parallel("left", "right")
            .Iterated(5, new("left.force", ResidualMeasure.Relative, 1e-8), new("right.force", ResidualMeasure.Relative, 1e-8)).Accelerated(AccelerationSpec.LeastSquares());

        var whole = new SerialRunner(Composition.Compose(plain with { Scheme = scheme })).Run();
        var cut = new SerialRunner(Composition.Compose(plain with { Scheme = scheme, Halvings = 6 })).Run();

        Assert.NotEqual(0, whole.Metrics["not-converged"]);
        Assert.Equal(0, cut.Metrics["not-converged"]);
        Assert.True(cut.Metrics["iterations.max"] <= 5);
    }

    [Fact]
    public void Factors_that_columns_come_to_and_go_from_solve_the_same_least_squares_as_factors_made_anew()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var rows = random.Next(3, 30);
            var factors = new ColumnFactors(new VectorPool());
            var columns = new List<double[]>();
            for (var step = 0; step < 40; step++)
            {
                if (columns.Count > 0 && (random.Next(3) == 0 || columns.Count == rows))
                {
                    var at = random.Next(columns.Count);
                    columns.RemoveAt(at);
                    factors.Remove(at);
                }
                else
                {
                    double[] column = [.. Enumerable.Range(0, rows).Select(_ => random.NextDouble() - 0.5)];
                    if (random.Next(2) == 0)
                    {
                        Assert.True(factors.TryInsertFirst(column));
                        columns.Insert(0, column);
                    }
                    else
                    {
                        Assert.True(factors.TryAppend(column, 0));
                        columns.Add(column);
                    }
                }

                if (columns.Count == 0)
                {
                    continue;
                }

                double[] b = [.. Enumerable.Range(0, rows).Select(_ => random.NextDouble())];
                var a = Matrix<double>.Build.DenseOfColumns(rows, columns.Count, columns);
                var expected = a.Svd().Solve(Vector<double>.Build.Dense(b));
                var actual = factors.Solve(b);
                var condition = a.ConditionNumber();
                for (var c = 0; c < actual.Length; c++)
                {
                    Assert.Equal(expected[c], actual[c], 1e-12 * condition * condition * (1 + expected.L2Norm()));
                }

                // And the rows of the pseudo-inverse say the same.
                var inverse = factors.PseudoInverse();
                Assert.Equal(actual[0], FixedOrderSum.Dot(inverse[0], b), 1e-12 * condition * (1 + Math.Abs(actual[0])));
            }
        }
    }

    [Theory]
    [InlineData(ColumnFilter.Qr2, 1e-3)]
    [InlineData(ColumnFilter.Qr3, 1e-3)]
    public void A_column_that_newer_ones_make_superfluous_goes_and_the_newest_stays(ColumnFilter filter, double limit)
    {
        var spec = AccelerationSpec.LeastSquares(0.5) with { Filter = filter, FilterLimit = limit };
        ImmutableArray<IterateBlock> blocks = [new(1, 5, true)];
        var acceleration = new InterfaceQuasiNewton(spec);
        var x = new double[5];

        // Differences along e1, e2 and e3; then nearly along e1 once more, which makes the oldest superfluous.
        double[][] residuals = [[1, 0, 0, 0, 0.5], [0.5, 0, 0, 0, 0.5], [0.5, 0.4, 0, 0, 0.5], [0.5, 0.4, 0.3, 0, 0.5]];
        var next = new double[5];
        for (var k = 0; k < residuals.Length; k++)
        {
            double[] hx = [.. x.Zip(residuals[k], (a, r) => a + r)];
            acceleration.Next(blocks, x, hx, next, k);
        }

        Assert.Equal(3, acceleration.Columns);
        double[] fourth = [.. x.Zip(residuals[3], (a, r) => a + r)];
        fourth[0] -= 0.2;
        fourth[3] += 1e-5;
        acceleration.Next(blocks, x, fourth, next, 4);

        Assert.Equal(3, acceleration.Columns);
        Assert.All(next, v => Assert.True(double.IsFinite(v)));
    }
}
