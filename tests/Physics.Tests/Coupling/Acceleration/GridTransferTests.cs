using System.Collections.Immutable;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Coupling.Acceleration;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using Xunit.Abstractions;

namespace ActorMultiscale.Tests.Coupling.Acceleration;

/// <summary>What is learned outlives a change of the number or places of substeps.</summary>
public sealed class GridTransferTests(ITestOutputHelper output)
{
    private static ImmutableArray<IterateBlock> Blocks(TimeMeaning meaning, int degree, params double[] times) =>
        [new(times.Length, 2, true) { Times = [.. times], Meaning = meaning, Degree = degree }, new(1, 3, false), new(2, 1, true)];

    private static double[] Fill(ImmutableArray<IterateBlock> blocks, bool rows, Func<double, double> at) =>
        [.. blocks.Where(b => b.IsAccelerated || !rows).SelectMany((b, k) => Enumerable.Range(0, b.Samples).SelectMany(s => Enumerable.Range(0, b.Length).Select(i => (i + k + 1) * at(b.Time(s)))))];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Instants_are_read_by_their_degree(int degree)
    {
        var (from, to) = (Blocks(TimeMeaning.Instant, degree, 0.2, 0.5, 0.6, 1), Blocks(TimeMeaning.Instant, degree, 0.1, 0.4, 0.77, 0.9, 1));
        var transfer = new GridTransfer(from, to, endsOnly: false);

        // From zero at the start, as far as a polynomial of the degree goes; blocks of another degree are linear.
        double At(double t) => degree == 1 ? t : (t * t) + t - (degree == 3 ? t * t * t : 0);
        var (all, rows) = (transfer.OnAll(Fill(from, false, At)), transfer.OnRows(Fill(from, true, At)));

        Assert.Equal(Fill(to, false, At)[..10], all[..10], (a, b) => Math.Abs(a - b) < 1e-12);
        Assert.Equal(Fill(to, true, At)[..10], rows[..10], (a, b) => Math.Abs(a - b) < 1e-12);
        Assert.Equal(Fill(from, false, At)[^5..], all[^5..]);
        Assert.True(GridTransfer.AreAlike(from, to));
        Assert.False(GridTransfer.AreOnOneGrid(from, to));
        Assert.True(GridTransfer.AreOnOneGrid(from, from));
    }

    [Fact]
    public void Averages_keep_their_integral_and_integrals_their_sum()
    {
        double[] old = [0.2, 0.5, 0.6, 1], now = [0.1, 0.4, 0.77, 0.9, 1];
        double[] values = [3, -1, 4, 2];
        static double Of(double[] v, double[]? times) => Enumerable.Range(0, v.Length).Sum(s => v[s] * (times is null ? 1 : times[s] - (s == 0 ? 0 : times[s - 1])));
        foreach (var meaning in new[] { TimeMeaning.WindowAverage, TimeMeaning.WindowIntegral })
        {
            IterateBlock Block(double[] times) => new(times.Length, 1, true) { Times = [.. times], Meaning = meaning };
            var moved = new GridTransfer([Block(old)], [Block(now)], endsOnly: false).OnAll(values);
            var isAverage = meaning == TimeMeaning.WindowAverage;
            Assert.Equal(Of(values, isAverage ? old : null), Of(moved, isAverage ? now : null), 1e-12);
        }
    }

    // A map J of old rows becomes R J R′: what it makes of a waveform that both grids hold is the same.
    [Fact]
    public void Factors_of_a_map_are_carried_by_the_transpose()
    {
        var (from, to) = (Blocks(TimeMeaning.Instant, 2, 0.25, 0.5, 0.75, 1), Blocks(TimeMeaning.Instant, 2, 0.4, 1));
        var random = new Random(3);
        double[] z = [.. Enumerable.Range(0, 10).Select(_ => random.NextDouble())], r = [.. Enumerable.Range(0, 6).Select(_ => random.NextDouble())];
        var back = new GridTransfer(to, from, endsOnly: false).OnRows(r);

        Assert.Equal(FixedOrderSum.Dot(z, back), FixedOrderSum.Dot(new GridTransfer(from, to, endsOnly: false).OnFactors(z), r), 1e-12);

        // Windows' ends stay what they are, in arrays of their own: what rests and what is in use do not share.
        Assert.Equal(z, new GridTransfer(from, to, endsOnly: true).OnFactors(z));
        Assert.NotSame(z, new GridTransfer(from, to, endsOnly: true).OnFactors(z));
        Assert.NotSame(r, new GridTransfer(from, to, endsOnly: true).OnRows(r));
    }

    /// <summary>
    /// y = D x + u, du/dt = −2 u + x + s(t) by implicit Euler, where x is heard. Two of them feed each other through D, which is greater than
    /// one: iterated plainly they diverge. The number of steps depends on the window.
    /// </summary>
    private sealed class Pool(double gain, Func<TimeWindow, int> steps) : IScaleModel
    {
        private static readonly Port<double> _heard = Port.In<double>("heard", Quantities.Number);
        private static readonly Port<double> _said = Port.Out<double>("said", Quantities.Number);
        private const int Size = 3;
        private double[] _u = new double[Size];

        public ModelDescription Description { get; } = new(new(_heard, Size), new(_said, Size));

        public void Initialize(PortWriter outputs) => outputs.Write(_said, 0).Clear();

        public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
        {
            var count = steps(context.Window);
            for (var step = 0; step < count; step++)
            {
                var time = context.Window.EndOfStep(step, count);
                var dt = context.Window.Length / count;
                var x = inputs.Read(_heard, time);
                var said = outputs.Write(_said, time);
                for (var i = 0; i < Size; i++)
                {
                    _u[i] = (_u[i] + (dt * (x[i] + Math.Sin((3 + i) * time)))) / (1 + (2 * dt));
                    said[i] = _u[i] + (gain * x[(i + 1) % Size]) + (0.1 * Math.Sin(x[i]));
                }
            }
        }

        public void Archive(StateArchive archive) => archive.Field("u", ref _u);

        public static Participant Participant(string name, double gain, Func<TimeWindow, int> steps) =>
            Physics.Coupling.Participant.Of(name, new ModelEntry("pool", "feeds another", _ => new Pool(gain, steps)));
    }

    private static (long[] Iterations, RunResult Result) Run(AccelerationSpec acceleration, bool parallel, int degree, Func<TimeWindow, int> steps)
    {
        var iterations = new List<long>();
        var scheme = parallel ? CouplingScheme.Parallel("a", "b") : CouplingScheme.Serial("a", "b");
        var result = new SerialRunner(Composition.Compose(new Experiment
        {
            Name = "pools",
            Until = 4,
            Window = 0.25,
            Participants = [Pool.Participant("a", 1.2, steps), Pool.Participant("b", -1.1, steps)],
            Conduits = [new("a.said", "b.heard") { Degree = degree }, new("b.said", "a.heard") { Degree = degree }],
            Scheme = scheme.Iterated(60, new("a.heard", ResidualMeasure.Relative, 1e-8), new("b.heard", ResidualMeasure.Relative, 1e-8)).Accelerated(acceleration),
        }))
        { OnWindow = record => { iterations.Add(record.Iterations); return true; } }.Run();
        return ([.. iterations], result);
    }

    [Theory]
    [InlineData(AccelerationMethod.LeastSquares, false, 1)]
    [InlineData(AccelerationMethod.LeastSquares, true, 1)]
    [InlineData(AccelerationMethod.LeastSquares, false, 3)]
    [InlineData(AccelerationMethod.Jacobian, false, 1)]
    [InlineData(AccelerationMethod.Jacobian, true, 3)]
    public void Iterations_do_not_jump_when_the_number_of_substeps_changes(AccelerationMethod method, bool parallel, int degree)
    {
        int[] pattern = [6, 4, 8, 5, 7, 3];
        var isJacobian = method == AccelerationMethod.Jacobian;
        var spec = isJacobian ? AccelerationSpec.Jacobian() : AccelerationSpec.LeastSquares();
        int Changing(TimeWindow w) => pattern[(int)Math.Round(w.Start / 0.25) % pattern.Length];
        var steady = Run(spec, parallel, degree, _ => 6);
        var changing = Run(spec, parallel, degree, Changing);
        var forgetful = Run(AccelerationSpec.LeastSquares() with { WindowsReused = 0 }, parallel, degree, Changing);

        output.WriteLine($"{method} {parallel} {degree}: steady {string.Join(' ', steady.Iterations)}; changing {string.Join(' ', changing.Iterations)}; without memory {string.Join(' ', forgetful.Iterations)}");
        Assert.True(changing.Result.Outcome == RunOutcome.Completed, changing.Result.Reason);
        Assert.Equal(0, changing.Result.Metrics["not-converged"]);

        // Least squares do with any columns; a Jacobian is of one length of steps, and is learned once for each of the six.
        var learned = isJacobian ? pattern.Length : 2;
        double Mean(long[] iterations) => iterations.Skip(learned).Average();
        Assert.InRange(Mean(changing.Iterations), 1, Mean(steady.Iterations) + (isJacobian ? 5 : 2));
        Assert.InRange(Mean(changing.Iterations), 1, 0.6 * Mean(forgetful.Iterations));
    }

    // On grids that come and go, with columns and Jacobians at rest.
    [Theory]
    [MemberData(nameof(AccelerationContract.QuasiNewton), MemberType = typeof(AccelerationContract))]
    public void What_is_archived_goes_on_with_the_same_bits_on_any_grid(string name)
    {
        var random = new Random(11);
        var acceleration = AccelerationContract.Create(name);
        int[] pattern = [4, 2, 5, 4, 1, 5, 2, 4];
        foreach (var samples in pattern)
        {
            ImmutableArray<IterateBlock> blocks = [new(samples, 3, true) { Degree = 2 }, new(2 * samples, 2, true) { Meaning = TimeMeaning.WindowAverage }, new(samples, 1, false)];
            var n = blocks.Sum(b => b.Samples * b.Length);
            double[] x = [.. Enumerable.Range(0, n).Select(_ => random.NextDouble())];
            double[] H(double[] v) => [.. v.Select((y, i) => 1 + (0.4 * v[(i + 1) % n]) - (0.9 * y) + (0.1 * Math.Sin(y)))];
            for (var k = 0; k < 5; k++)
            {
                var copy = AccelerationContract.Create(name);
                StateArchive.Restore(StateArchive.Save(acceleration.Archive), copy.Archive);
                var (next, again) = (new double[n], new double[n]);
                acceleration.Next(blocks, x, H(x), next, k);
                copy.Next(blocks, x, H(x), again, k);
                Assert.Equal(next, again);
                Assert.All(next, v => Assert.True(double.IsFinite(v)));
                Assert.Equal(StateArchive.Save(acceleration.Archive), StateArchive.Save(copy.Archive));
                x = next;
            }

            acceleration.Accept(blocks, x, H(x), 5);
        }
    }

    // What a Jacobian learned on one grid rests while another is in use, and is restarted there: neither may touch the other's vectors.
    [Theory]
    [AllRestarts]
    public void A_Jacobian_that_rests_is_not_touched_by_restarts_on_another_grid(JacobianRestart restart, bool endsOnly)
    {
        AccelerationSpec spec = AccelerationSpec.Jacobian() with { Restart = restart, RestartAfter = 2, UsesWindowEndsOnly = endsOnly, Scaling = BlockScaling.Constant };
        IAcceleration whole = spec.Create(), copied = spec.Create();
        int[] pattern = [2, 3, 2, 2, 3, 3];
        for (var window = 0; window < 30; window++)
        {
            var samples = pattern[window % pattern.Length];
            ImmutableArray<IterateBlock> blocks = [new(samples, 6, true)];

            // H depends on the last sample alone, and not quite linearly.
            double[] H(double[] v) => [.. v.Select((_, i) => Math.Sin(i + window) + (0.3 * v[v.Length - 6 + ((i + 1) % 6)]) - (1.4 * v[v.Length - 6 + (i % 6)]) + (0.1 * Math.Sin(v[v.Length - 6 + (i % 6)])))];
            var (x, next, again) = (new double[6 * samples], new double[6 * samples], new double[6 * samples]);
            for (var k = 0; k < 12; k++)
            {
                whole.Next(blocks, x, H(x), next, k);
                copied.Next(blocks, x, H(x), again, k);
                Assert.Equal(next, again);
                next.CopyTo(x, 0);
            }

            whole.Accept(blocks, x, H(x), 12);
            copied.Accept(blocks, x, H(x), 12);
            var saved = StateArchive.Save(whole.Archive);
            Assert.Equal(saved, StateArchive.Save(copied.Archive));

            // Only the copy begins every window with arrays of its own.
            copied = spec.Create();
            StateArchive.Restore(saved, copied.Archive);
        }
    }

    private sealed class AllRestartsAttribute : Xunit.Sdk.DataAttribute
    {
        public override IEnumerable<object[]> GetData(System.Reflection.MethodInfo testMethod) =>
            from restart in Enum.GetValues<JacobianRestart>() from endsOnly in new[] { false, true } select new object[] { restart, endsOnly };
    }
}
