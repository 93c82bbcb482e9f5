using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Coupling.Acceleration;
using ActorMultiscale.Physics.Examples;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Testing;
using MathNet.Numerics.LinearAlgebra;
using Xunit.Abstractions;

namespace ActorMultiscale.Tests.Examples;

public sealed class ReactingSpeciesContract : ScaleModelContract<ReactingSpecies>
{
    protected override ReactingSpecies Create() => (ReactingSpecies)Participant.Of("species", ReactingSpecies.Entry,
        ("species", "activator"), ("cells", 12L), ("length", 3.0), ("diffusivity", 0.01), ("disturbance", 0.1), ("substeps", 2L)).CreateModel();

    protected override ModelEntry Entry => ReactingSpecies.Entry;

    protected override SplitWindow Split => SplitWindow.OfOrder(2);

    protected override IReadOnlyCollection<string> Defects => ["imbalance"];
}

/// <summary>Two species that react and diffuse, a participant each, against both in one system, the theory of small disturbances, and balances.</summary>
public sealed class ReactionDiffusionTests(ITestOutputHelper output)
{
    private const double A = 0.1;
    private const double B = 0.9;
    private const double Length = 10;
    private const double SlowDiffusivity = 1;
    private const double FastDiffusivity = 40;

    internal static Experiment Pair(int cells, int mode, double disturbance, double window, double until, int substeps, bool parallel = false,
        AccelerationSpec? acceleration = null, int degree = 1, double limit = 1e-12)
    {
        Participant Species(string name, double diffusivity) => Participant.Of(name, ReactingSpecies.Entry,
            ("species", name), ("cells", (long)cells), ("length", Length), ("diffusivity", diffusivity), ("activator-feed", A), ("substrate-feed", B),
            ("mode", (long)mode), ("disturbance", disturbance), ("substeps", (long)substeps));
        var scheme = parallel ? CouplingScheme.Parallel("activator", "substrate") : CouplingScheme.Serial("activator", "substrate");
        return new()
        {
            Name = "reaction-diffusion",
            Until = until,
            Window = window,
            Participants = [Species("activator", SlowDiffusivity), Species("substrate", FastDiffusivity)],
            Conduits =
            [
                new("activator.concentration", "substrate.other") { Degree = degree },
                new("substrate.concentration", "activator.other") { Degree = degree },
            ],
            Scheme = scheme.Iterated(200,
                new("substrate.other", ResidualMeasure.Relative, limit), new("activator.other", ResidualMeasure.Relative, limit))
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

    // The twin: both species in one vector, the trapezoidal rule on all equations at once, Newton's method with the exact Jacobian.
    private static (double Activator, double Substrate) Monolithic(int cells, int mode, double disturbance, double step, int steps)
    {
        var h = Length / cells;
        double Wave(int i) => Math.Cos(mode * Math.PI * (i + 0.5) / cells);
        var state = Vector<double>.Build.Dense(2 * cells, i => (i < cells ? A + B : B / ((A + B) * (A + B))) + (disturbance * Wave(i % cells)));
        var diffusion = Matrix<double>.Build.Dense(2 * cells, 2 * cells);
        for (var s = 0; s < 2; s++)
        {
            for (var i = 0; i + 1 < cells; i++)
            {
                var (p, q, d) = ((s * cells) + i, (s * cells) + i + 1, (s == 0 ? SlowDiffusivity : FastDiffusivity) / (h * h));
                diffusion[p, p] -= d;
                diffusion[q, q] -= d;
                diffusion[p, q] += d;
                diffusion[q, p] += d;
            }
        }

        Vector<double> Rate(Vector<double> c)
        {
            var rate = diffusion * c;
            for (var i = 0; i < cells; i++)
            {
                var turn = c[i] * c[i] * c[cells + i];
                rate[i] += A - c[i] + turn;
                rate[cells + i] += B - turn;
            }

            return rate;
        }

        for (var n = 0; n < steps; n++)
        {
            var known = state + (step / 2 * Rate(state));
            for (var newton = 0; newton < 30; newton++)
            {
                var jacobian = Matrix<double>.Build.DenseIdentity(2 * cells) - (step / 2 * diffusion);
                for (var i = 0; i < cells; i++)
                {
                    var (u, v) = (state[i], state[cells + i]);
                    jacobian[i, i] -= step / 2 * ((2 * u * v) - 1);
                    jacobian[i, cells + i] -= step / 2 * u * u;
                    jacobian[cells + i, i] += step / 2 * 2 * u * v;
                    jacobian[cells + i, cells + i] += step / 2 * u * u;
                }

                state -= jacobian.LU().Solve(state - (step / 2 * Rate(state)) - known);
            }
        }

        double Amplitude(int s) => 2.0 / cells * Enumerable.Range(0, cells).Sum(i => state[(s * cells) + i] * Wave(i));
        return (Amplitude(0), Amplitude(1));
    }

    public static TheoryData<bool, AccelerationMethod> Schemes
    {
        get
        {
            var all = new TheoryData<bool, AccelerationMethod>();
            foreach (var parallel in new[] { false, true })
            {
                foreach (var method in Enum.GetValues<AccelerationMethod>())
                {
                    all.Add(parallel, method);
                }
            }

            return all;
        }
    }

    [Theory]
    [MemberData(nameof(Schemes))]
    public void The_two_together_are_what_both_in_one_system_are(bool parallel, AccelerationMethod method)
    {
        // A strong disturbance, so that the reaction is anything but linear; waveforms of degree 1 hit every step's end.
        var result = Run(Pair(16, 2, 0.3, 0.5, 4, 5, parallel, new AccelerationSpec { Method = method }));
        var (activator, substrate) = Monolithic(16, 2, 0.3, 0.1, 40);
        output.WriteLine(FormattableString.Invariant($"{(parallel ? "parallel" : "serial")} {method}: {result.Metrics["iterations.mean"]:f2} iterations a window"));
        Assert.Equal(activator, result.Metrics["activator.amplitude"], 1e-10);
        Assert.Equal(substrate, result.Metrics["substrate.amplitude"], 1e-10);

        // Content changes by what came and went; and what left the substrate arrived at the activator.
        Assert.InRange(Math.Abs(result.Metrics["activator.imbalance"]), 0, 1e-12);
        Assert.InRange(Math.Abs(result.Metrics["substrate.imbalance"]), 0, 1e-12);
        Assert.Equal(result.Metrics["activator.turned-over"], result.Metrics["substrate.turned-over"], 1e-9);
    }

    // Small disturbances: dw/dt = M w, M = J − k² diag(D₁, D₂), J of the reaction at the steady state (Murray 2003, eqs. 2.17 to 2.23); k² here
    // is the eigenvalue of the difference operator.
    private static Matrix<double> Linearized(int cells, int mode)
    {
        var k2 = (2 - (2 * Math.Cos(mode * Math.PI / cells))) * cells * cells / (Length * Length);
        var (u, v) = (A + B, B / ((A + B) * (A + B)));
        return Matrix<double>.Build.DenseOfArray(new[,]
        {
            { (2 * u * v) - 1 - (SlowDiffusivity * k2), u * u },
            { -2 * u * v, -(u * u) - (FastDiffusivity * k2) },
        });
    }

    [Theory]
    [InlineData(1, true)]
    [InlineData(2, true)]
    [InlineData(5, false)]
    public void Small_disturbances_grow_or_fade_as_theory_says(int mode, bool grows)
    {
        var linear = Linearized(32, mode);
        var eigenvalue = linear.Evd().EigenValues.Select(e => e.Real).Max();
        Assert.Equal(grows, eigenvalue > 0);
        var experiment = Pair(32, mode, 1e-5, 0.25, 6, 20);
        var metrics = Run(experiment).Metrics;

        // w(t) = exp(M t) w(0), by its eigenvectors.
        var evd = linear.Evd();
        var start = Vector<double>.Build.Dense([1e-5, 1e-5]).ToComplex();
        var w = evd.EigenVectors.ToComplex() * evd.EigenValues.MapIndexed((i, e) => System.Numerics.Complex.Exp(e * 6) * evd.EigenVectors.ToComplex().Solve(start)[i]);
        output.WriteLine(FormattableString.Invariant($"mode {mode}: growth rate {eigenvalue:g6}, activator {metrics["activator.amplitude"]:g8} against {w[0].Real:g8}"));
        Assert.Equal(1, metrics["activator.amplitude"] / w[0].Real, 1e-3);
        Assert.Equal(1, metrics["substrate.amplitude"] / w[1].Real, 1e-3);
    }

    [Fact]
    public void The_coupling_keeps_the_order_of_the_trapezoidal_rule()
    {
        // One step a window, so that the coupling's own interpolation counts; Richardson's order from three windows.
        double At(double window) => Run(Pair(16, 2, 0.3, window, 2, 1)).Metrics["activator.amplitude"];
        var (coarse, middle, fine) = (At(0.1), At(0.05), At(0.025));
        var order = Math.Log2((coarse - middle) / (middle - fine));
        output.WriteLine(FormattableString.Invariant($"order {order:f3}"));
        Assert.Equal(2, order, 0.1);
    }
}
