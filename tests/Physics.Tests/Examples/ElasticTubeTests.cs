using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Coupling.Acceleration;
using ActorMultiscale.Physics.Examples;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Testing;
using MathNet.Numerics.LinearAlgebra;
using Xunit.Abstractions;

namespace ActorMultiscale.Tests.Examples;

public sealed class TubeFlowContract : ScaleModelContract<TubeFlow>
{
    protected override TubeFlow Create() => (TubeFlow)Participant.Of("flow", TubeFlow.Entry, ("cells", 8L), ("pulse-speed", 100.0)).CreateModel();

    protected override ModelEntry Entry => TubeFlow.Entry;

    protected override double WindowLength => 0.02;

    // Implicit Euler is of order 1, but the pressure has no memory: it answers to the second derivative of the cross section, and
    // its error after any number of steps is O(H), not the O(H²) that one step adds to a quantity which remembers.
    protected override SplitWindow Split => SplitWindow.OfOrder(0);

    protected override IReadOnlyCollection<string> Defects => ["imbalance"];

    // A cross section that swells a little in a wave, from rest: the pressure is a second derivative of it.
    protected override void FillInput(Port port, double time, Span<double> values)
    {
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = 1 + (0.02 * (1 - Math.Cos(10 * time)) * Math.Sin(1 + (0.5 * i)));
        }
    }
}

public sealed class TubeWallContract : ScaleModelContract<TubeWall>
{
    protected override TubeWall Create() => (TubeWall)Participant.Of("wall", TubeWall.Entry, ("cells", 8L), ("pulse-speed", 10.0)).CreateModel();

    protected override ModelEntry Entry => TubeWall.Entry;

    // It follows the pressure at once.
    protected override SplitWindow Split => SplitWindow.ToTheBit;
}

/// <summary>Flow and wall of an elastic tube, coupled, against both solved at once.</summary>
public sealed class ElasticTubeTests(ITestOutputHelper output)
{
    private const int Cells = 20;
    private const double Until = 0.4;

    internal static Experiment Tube(double pulse, double window, bool parallel, AccelerationSpec acceleration, double limit = 1e-11, bool wallFirst = false)
    {
        var scheme = parallel ? CouplingScheme.Parallel("flow", "wall") : wallFirst ? CouplingScheme.Serial("wall", "flow") : CouplingScheme.Serial("flow", "wall");
        return new()
        {
            Name = "elastic-tube",
            Until = Until,
            Window = window,
            Participants =
            [
                Participant.Of("flow", TubeFlow.Entry, ("cells", (long)Cells), ("pulse-speed", pulse)),
                Participant.Of("wall", TubeWall.Entry, ("cells", (long)Cells), ("pulse-speed", pulse)),
            ],
            Conduits = [new("flow.pressure", "wall.pressure"), new("wall.area", "flow.area")],
            Scheme = scheme.Iterated(100,
                new("wall.pressure", ResidualMeasure.Relative, limit), new("flow.area", ResidualMeasure.Relative, limit))
                .Accelerated(acceleration),
        };
    }

    [Theory]
    [InlineData(false, 0.04)]
    [InlineData(true, 0.04)]
    [InlineData(false, 0.01)]
    [InlineData(true, 0.01)]
    public void No_volume_is_lost(bool parallel, double window)
    {
        var metrics = new SerialRunner(Composition.Compose(Tube(100, window, parallel, new AccelerationSpec { Method = AccelerationMethod.LeastSquares }, 1e-9))).Run().Metrics;
        Assert.Equal(0, metrics["not-converged"]);
        Assert.InRange(Math.Abs(metrics["flow.imbalance"]), 0, 1e-12);
        Assert.NotEqual(1, metrics["wall.middle-area"], 1e-3);       // There is something to lose.
    }

    // The twin: u and p of all nodes as one vector, the cross section put in as a function of p, Newton's method with a dense Jacobian of differences.
    private static (double InletPressure, double OutletVelocity, double MiddleArea) Monolithic(double pulse, double dt)
    {
        const double Length = 10, Inflow = 10;
        var n = Cells + 2;
        double Area(double pressure) => Math.Pow(2 * pulse * pulse / ((2 * pulse * pulse) - pressure), 2);
        double[] x = [.. Enumerable.Repeat(Inflow, n), .. Enumerable.Repeat(0.0, n)];
        var m = Length / Cells / dt;
        for (var step = 1; step <= (int)Math.Round(Until / dt); step++)
        {
            var (old, t) = (x, step * dt);
            double[] Residual(double[] y)
            {
                double U(int i) => y[i];
                double P(int i) => y[n + i];
                double A(int i) => Area(P(i));
                double Face(int i) => 0.5 * (A(i) + A(i + 1));               // Between the nodes i and i + 1.
                double Flow(int i) => Face(i) * 0.5 * (U(i) + U(i + 1));
                double Push(int i) => Face(i) * (P(i + 1) - P(i));
                var r = new double[2 * n];
                (r[0], r[n]) = (U(0) - (Inflow * (1 + (0.3 * Math.Pow(Math.Sin(Math.PI * t), 2)))), P(0) - (2 * P(1)) + P(2));
                for (var i = 1; i <= Cells; i++)
                {
                    r[i] = (m * ((U(i) * A(i)) - (old[i] * Area(old[n + i])))) + (U(i) * Flow(i)) - (U(i - 1) * Flow(i - 1)) + (0.5 * (Push(i) + Push(i - 1)));
                    r[n + i] = (m * (A(i) - Area(old[n + i]))) + Flow(i) - Flow(i - 1) - ((P(i + 1) - (2 * P(i)) + P(i - 1)) / (Inflow + m));
                }

                var speed = Math.Sqrt((pulse * pulse) - (old[(2 * n) - 1] / 2)) - ((U(n - 1) - old[n - 1]) / 4);
                (r[n - 1], r[(2 * n) - 1]) = (U(n - 1) - (2 * U(n - 2)) + U(n - 3), P(n - 1) - (2 * ((pulse * pulse) - (speed * speed))));
                return r;
            }

            var change = double.PositiveInfinity;
            for (var iteration = 0; change > 1e-11; iteration++)
            {
                Assert.True(iteration < 30, "Newton's method does not converge.");
                var r = Residual(x);
                var jacobian = Matrix<double>.Build.Dense(2 * n, 2 * n);
                for (var j = 0; j < 2 * n; j++)
                {
                    const double Step = 1e-6;
                    double[] moved = [.. x];
                    moved[j] += Step;
                    jacobian.SetColumn(j, [.. Residual(moved).Zip(r, (a, b) => (a - b) / Step)]);
                }

                var update = jacobian.Solve(Vector<double>.Build.Dense(r));
                x = [.. x.Zip(update, (a, b) => a - b)];
                change = update.InfinityNorm() / (1 + x.Max(Math.Abs));
            }
        }

        return (x[n], x[n - 1], Area(x[n + (n / 2)]));
    }

    private static AccelerationSpec Named(string name) => name switch
    {
        "half" => AccelerationSpec.Constant(0.5),
        "fifth" => AccelerationSpec.Constant(0.2),
        "aitken" => AccelerationSpec.Aitken(0.1),
        "iqn-ils" => AccelerationSpec.LeastSquares(),
        "iqn-ils by value" => AccelerationSpec.LeastSquares() with { Scaling = BlockScaling.Value },
        "iqn-imvj" => AccelerationSpec.Jacobian(),
        "iqn-imvj by value" => AccelerationSpec.Jacobian() with { Scaling = BlockScaling.Value },
        _ => new AccelerationSpec(),
    };

    // The stiffer the wall and the longer the step, the less relaxation is needed; a soft wall (c = 30 or 40) needs quasi-Newton.
    [Theory]
    [InlineData(200, false, "half", 30)]
    [InlineData(200, false, "aitken", 15)]
    [InlineData(200, false, "iqn-ils", 10)]
    [InlineData(200, true, "half", 100)]
    [InlineData(200, true, "iqn-ils by value", 10)]
    [InlineData(100, false, "fifth", 80)]
    [InlineData(100, false, "aitken", 25)]
    [InlineData(100, false, "iqn-ils", 11)]
    [InlineData(100, false, "iqn-imvj", 10)]
    [InlineData(100, true, "iqn-ils by value", 12)]
    [InlineData(100, true, "iqn-imvj by value", 20)]
    [InlineData(40, false, "iqn-ils", 15)]
    [InlineData(40, false, "iqn-imvj", 12)]
    [InlineData(30, true, "iqn-ils by value", 17)]
    public void The_coupled_tube_is_that_of_a_monolithic_solver(double pulse, bool parallel, string acceleration, double most)
    {
        var twin = Monolithic(pulse, 0.04);

        var result = new SerialRunner(Composition.Compose(Tube(pulse, 0.04, parallel, Named(acceleration)))).Run();

        Assert.True(result.Outcome == RunOutcome.Completed, result.Reason);
        var found = result.Metrics;
        output.WriteLine(FormattableString.Invariant($"c = {pulse}, {(parallel ? "parallel" : "serial")}, {acceleration}: {found["iterations.mean"]} iterations; inlet {twin.InletPressure:F8}, outlet {twin.OutletVelocity:F10}, middle {twin.MiddleArea:F10}"));
        Assert.Equal(0, found["not-converged"]);
        Assert.Equal(twin.InletPressure, found["flow.inlet-pressure"], 1e-8 * twin.InletPressure);
        Assert.Equal(twin.OutletVelocity, found["flow.outlet-velocity"], 1e-8 * twin.OutletVelocity);
        Assert.Equal(twin.MiddleArea, found["wall.middle-area"], 1e-8 * twin.MiddleArea);
        Assert.InRange(found["iterations.mean"], 1, most);
    }

    // The fluid without compression is added mass to a wall that has none: what one solver finds, the other exaggerates.
    [Theory]
    [InlineData(40, 0.04, "none")]
    [InlineData(100, 0.04, "none")]
    [InlineData(200, 0.04, "none")]
    [InlineData(100, 0.04, "half")]
    [InlineData(40, 0.04, "fifth")]
    [InlineData(100, 0.01, "fifth")]
    public void Too_little_relaxation_diverges_and_says_so(double pulse, double window, string acceleration)
    {
        var result = new SerialRunner(Composition.Compose(Tube(pulse, window, false, Named(acceleration)))).Run();

        Assert.Equal(RunOutcome.Failed, result.Outcome);
        Assert.Matches("diverges", result.Reason);
    }
}
