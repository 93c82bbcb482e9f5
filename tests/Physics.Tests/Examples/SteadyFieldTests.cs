using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Coupling.Acceleration;
using ActorMultiscale.Physics.Examples;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Testing;
using MathNet.Numerics.LinearAlgebra;
using Xunit.Abstractions;

namespace ActorMultiscale.Tests.Examples;

public sealed class SteadyFieldContract : ScaleModelContract<SteadyField>
{
    protected override SteadyField Create() => (SteadyField)Participant.Of("field", SteadyField.Entry,
        ("cells", 10L), ("source", 3.0), ("exchange", 2.0), ("nonlinearity", 0.5)).CreateModel();

    protected override ModelEntry Entry => SteadyField.Entry;

    // What it finds is a function of the window's end alone.
    protected override SplitWindow Split => SplitWindow.ToTheBit;
}

/// <summary>Two fields that depend on each other, iterated at every load step, against both solved at once.</summary>
public sealed class PicardTests(ITestOutputHelper output)
{
    private const double Source = 8;
    private const double Exchange = 4;

    private static Experiment Pair(int cells, double nonlinearity, bool parallel = false, AccelerationSpec? acceleration = null)
    {
        var scheme = parallel ? CouplingScheme.Parallel("u", "v") : CouplingScheme.Serial("u", "v");
        return new()
        {
            Name = "picard",
            Until = 1,
            Window = 0.25,
            Participants =
            [
                Participant.Of("u", SteadyField.Entry, ("cells", (long)cells), ("source", Source), ("exchange", Exchange), ("nonlinearity", nonlinearity)),
                Participant.Of("v", SteadyField.Entry, ("cells", (long)cells), ("source", 0.0), ("exchange", Exchange), ("nonlinearity", nonlinearity)),
            ],
            Conduits = [new("u.value", "v.other"), new("v.value", "u.other")],
            Scheme = scheme.Iterated(300,
                new("v.other", ResidualMeasure.Relative, 1e-12), new("u.other", ResidualMeasure.Relative, 1e-12))
                .Accelerated(acceleration ?? new AccelerationSpec()),
        };
    }

    private static RunResult Run(Experiment experiment)
    {
        var result = new SerialRunner(Composition.Compose(experiment)).Run();
        Assert.True(result.Outcome == RunOutcome.Completed, result.Reason);
        Assert.Equal(0, result.Metrics["not-converged"]);
        return result;
    }

    // The twin: both fields as one vector of unknowns, the residual of both equations, Newton's method with a Jacobian of differences.
    private static (double U, double V) Monolithic(int cells, double nonlinearity)
    {
        var n = cells - 1;
        double[] Residual(double[] both)
        {
            double At(int field, int node) => node == 0 || node == cells ? 0 : both[(field * n) + node - 1];
            double K(int field, int cell) => 1 + (nonlinearity * 0.5 * (Math.Pow(At(field, cell), 2) + Math.Pow(At(field, cell + 1), 2)));
            var r = new double[2 * n];
            for (var f = 0; f < 2; f++)
            {
                for (var i = 1; i < cells; i++)
                {
                    var flux = (K(1 - f, i) * (At(f, i + 1) - At(f, i))) - (K(1 - f, i - 1) * (At(f, i) - At(f, i - 1)));
                    r[(f * n) + i - 1] = (flux * cells * cells) + (f == 0 ? Source : 0) + (Exchange * At(1 - f, i));
                }
            }

            return r;
        }

        var x = new double[2 * n];
        for (var iteration = 0; iteration < 50; iteration++)
        {
            var r = Residual(x);
            var jacobian = Matrix<double>.Build.Dense(2 * n, 2 * n);
            for (var j = 0; j < 2 * n; j++)
            {
                const double Step = 1e-6;
                double[] moved = [.. x];
                moved[j] += Step;
                jacobian.SetColumn(j, [.. Residual(moved).Zip(r, (a, b) => (a - b) / Step)]);
            }

            var change = jacobian.Solve(Vector<double>.Build.Dense(r));
            x = [.. x.Zip(change, (a, b) => a - b)];
            if (change.InfinityNorm() < 1e-13)
            {
                return (x[(cells / 2) - 1], x[n + (cells / 2) - 1]);
            }
        }

        throw new InvalidOperationException("Newton's method does not converge.");
    }

    public static TheoryData<string, bool> Schemes => new()
    {
        { "none", false }, { "aitken", false }, { "iqn-ils", false }, { "iqn-imvj", false },
        { "none", true }, { "aitken", true }, { "iqn-ils", true }, { "iqn-imvj", true },
    };

    private static AccelerationSpec Named(string name) => name switch
    {
        "aitken" => AccelerationSpec.Aitken(),
        "iqn-ils" => AccelerationSpec.LeastSquares(),
        "iqn-imvj" => AccelerationSpec.Jacobian(),
        _ => new AccelerationSpec(),
    };

    [Theory]
    [MemberData(nameof(Schemes))]
    public void Iterated_fields_are_those_of_a_monolithic_solver(string acceleration, bool parallel)
    {
        var (u, v) = Monolithic(16, 0.5);

        var metrics = Run(Pair(16, 0.5, parallel, Named(acceleration))).Metrics;

        output.WriteLine(FormattableString.Invariant($"{(parallel ? "parallel" : "serial")} {acceleration}: {metrics["iterations.mean"]} iterations a load step; middle {u:F10}, {v:F10}"));
        Assert.Equal(u, metrics["u.middle"], 1e-9);
        Assert.Equal(v, metrics["v.middle"], 1e-9);
    }

    // p = u + v and q = u − v obey −p″ = s + c p and −q″ = s − c q, with κ = √c:
    // p(½) = s/c (1 / cos ½κ − 1), q(½) = s/c (1 − 1 / cosh ½κ).
    [Fact]
    public void Without_nonlinearity_the_error_is_of_second_order_in_the_mesh()
    {
        var k = Math.Sqrt(Exchange) / 2;
        var (p, q) = (Source / Exchange * ((1 / Math.Cos(k)) - 1), Source / Exchange * (1 - (1 / Math.Cosh(k))));
        double Error(int cells) => Math.Abs(Run(Pair(cells, 0)).Metrics["u.middle"] - ((p + q) / 2));

        Assert.InRange(Error(32), 0, 1e-3);
        Assert.Equal(2, Math.Log2(Error(16) / Error(32)), 0.05);
    }
}
