using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Examples;

/// <summary>How a mass of the two-mass oscillator steps in time.</summary>
public enum OscillatorScheme
{
    /// <summary>Newmark β with β = ¼, γ = ½: keeps energy, order 2.</summary>
    Newmark,

    /// <summary>Generalized α with α_f = 0.4, α_m = 0.2: damps the fastest, order 2.</summary>
    GeneralizedAlpha,

    /// <summary>The classical Runge–Kutta method, order 4.</summary>
    RungeKutta4,
}

/// <summary>
/// One mass of the two-mass oscillator: m ü + (k + k₁₂) u = F(t), with F = k₁₂ u of the other mass. The two together have the
/// exact solution u₁,₂ = ½ (cos 2πt ± cos 6πt) for m = 1, k = 4π², k₁₂ = 16π², u₁(0) = 1, u₂(0) = 0.
/// </summary>
/// <remarks>
/// After: Schüller, Rodenberg, Uekermann, Bungartz, "A simple test case for convergence order in time and energy
/// conservation of black-box coupling schemes", WCCM-APCOM 2022. Generalized α: Chung, Hulbert, J. Appl. Mech. 60 (1993) 371.
/// </remarks>
public sealed class OscillatorMass : IScaleModel
{
    private static readonly Quantity SpringForce = new("F", Unit.Parse("N"));
    private static readonly Port<double> ForceIn = Port.In<double>("force", SpringForce);
    private static readonly Port<double> ForceOut = Port.Out<double>("spring-force", SpringForce);
    private static readonly Port<double> DisplacementOut = Port.Out<double>("displacement", Quantities.Displacement);
    private static readonly Port<double> ErrorOut = Port.Out<double>("max-error", new Quantity("|u − u_exact|", Unit.Parse("m")));

    private const double Mass = 1;                                   // kg
    private const double OuterSpring = 4 * Math.PI * Math.PI;        // N/m
    private const double MiddleSpring = 16 * Math.PI * Math.PI;      // N/m
    private const double Stiffness = OuterSpring + MiddleSpring;

    private readonly OscillatorScheme _scheme;
    private readonly int _substeps;
    private readonly int _sign;
    private double _u;
    private double _v;
    private double _a;
    private double _maxError;

    private OscillatorMass(ModelSettings settings)
    {
        _scheme = settings.Choice("integrator") switch
        {
            "newmark" => OscillatorScheme.Newmark,
            "generalized-alpha" => OscillatorScheme.GeneralizedAlpha,
            _ => OscillatorScheme.RungeKutta4,
        };
        _substeps = settings.Integer("substeps");
        _sign = settings.Choice("side") == "left" ? 1 : -1;
    }

    /// <summary>The model for experiments.</summary>
    public static ModelEntry Entry { get; } = new("oscillator-mass", "One mass of the two-mass oscillator, with its exact solution at hand",
        [
            Setting.Choice("side", "which of the two masses", ["left", "right"]),
            Setting.Choice("integrator", "how it steps in time", ["newmark", "generalized-alpha", "runge-kutta-4"], "newmark"),
            Setting.Integer("substeps", "steps per window", 4, 1, 1_000_000),
        ],
        settings => new OscillatorMass(settings));

    /// <inheritdoc/>
    public ModelDescription Description { get; } =
        new(new(ForceIn, 1), new(ForceOut, 1), new(DisplacementOut, 1), new(ErrorOut, 1)) { IsLight = true };

    /// <inheritdoc/>
    public void Initialize(PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        (_u, _v, _maxError) = (Exact(0), 0, 0);
        var force = MiddleSpring * 0.5 * (1 - _sign);       // The other mass at t = 0.
        _a = (force - (Stiffness * _u)) / Mass;
        Write(outputs, 0);
    }

    /// <inheritdoc/>
    public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(outputs);
        var window = context.Window;
        var time = window.Start;
        for (var step = 0; step < _substeps; step++)
        {
            var end = window.EndOfStep(step, _substeps);
            Step(inputs, time, end - time);
            time = end;
            _maxError = Math.Max(_maxError, Math.Abs(_u - Exact(time)));
            Write(outputs, time);
        }
    }

    /// <inheritdoc/>
    public void Archive(StateArchive archive)
    {
        ArgumentNullException.ThrowIfNull(archive);
        _ = archive.Version(1);
        archive.Value("displacement", ref _u);
        archive.Value("velocity", ref _v);
        archive.Value("acceleration", ref _a);
        archive.Value("max-error", ref _maxError);
    }

    private double Exact(double t) => 0.5 * (Math.Cos(2 * Math.PI * t) + (_sign * Math.Cos(6 * Math.PI * t)));

    private void Write(PortWriter outputs, double time)
    {
        outputs.Write(ForceOut, time, MiddleSpring * _u);
        outputs.Write(DisplacementOut, time, _u);
        outputs.Write(ErrorOut, time, _maxError);
    }

    private void Step(PortReader inputs, double t, double dt)
    {
        if (_scheme == OscillatorScheme.RungeKutta4)
        {
            RungeKutta(inputs, t, dt);
        }
        else
        {
            GeneralizedAlpha(inputs, t, dt);
        }
    }

    // m[(1−α_m) a₁ + α_m a₀] + k[(1−α_f) u₁ + α_f u₀] = F((1−α_f) dt),
    // u₁ = u₀ + dt v₀ + dt²[(½−β) a₀ + β a₁],  v₁ = v₀ + dt[(1−γ) a₀ + γ a₁].
    private void GeneralizedAlpha(PortReader inputs, double t, double dt)
    {
        var (alphaF, alphaM) = _scheme == OscillatorScheme.Newmark ? (0.0, 0.0) : (0.4, 0.2);
        var gamma = 0.5 - alphaM + alphaF;
        var beta = 0.25 * (gamma + 0.5);
        var force = inputs.Read(ForceIn, t + ((1 - alphaF) * dt))[0];
        var predicted = _u + (dt * _v) + (dt * dt * (0.5 - beta) * _a);
        var right = force - (Mass * alphaM * _a) - (Stiffness * (((1 - alphaF) * predicted) + (alphaF * _u)));
        var a = right / ((Mass * (1 - alphaM)) + (Stiffness * (1 - alphaF) * beta * dt * dt));
        _u = predicted + (beta * dt * dt * a);
        _v += dt * (((1 - gamma) * _a) + (gamma * a));
        _a = a;
    }

    private void RungeKutta(PortReader inputs, double t, double dt)
    {
        var (f0, f1, f2) = (inputs.Read(ForceIn, t)[0], inputs.Read(ForceIn, t + (dt / 2))[0], inputs.Read(ForceIn, t + dt)[0]);
        static double Acceleration(double force, double u) => (force - (Stiffness * u)) / Mass;
        var (k1u, k1v) = (_v, Acceleration(f0, _u));
        var (k2u, k2v) = (_v + (dt / 2 * k1v), Acceleration(f1, _u + (dt / 2 * k1u)));
        var (k3u, k3v) = (_v + (dt / 2 * k2v), Acceleration(f1, _u + (dt / 2 * k2u)));
        var (k4u, k4v) = (_v + (dt * k3v), Acceleration(f2, _u + (dt * k3u)));
        _u += dt / 6 * (k1u + (2 * k2u) + (2 * k3u) + k4u);
        _v += dt / 6 * (k1v + (2 * k2v) + (2 * k3v) + k4v);
        _a = Acceleration(f2, _u);
    }
}
