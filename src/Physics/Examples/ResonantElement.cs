using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Examples;

/// <summary>
/// One element of a resonant circuit: the coil L dI/dt = U takes the voltage and answers with the current, the capacitor
/// C dU/dt = −I takes the current and answers with the voltage. With I(0) = 1 A and U(0) = 0 the two together have the
/// exact solution I = cos ωt, U = −√(L/C) sin ωt A, ω = 1/√(L C).
/// </summary>
/// <remarks>
/// Each element integrates what it hears with <see cref="DormandPrince"/>, by default so exactly that what remains of an error is that of
/// the waveform between the two. The problem is the "resonant circuit" of the preCICE tutorials.
/// </remarks>
public sealed class ResonantElement : IScaleModel
{
    private static readonly Quantity Current = new("I", Unit.Parse("A"));
    private static readonly Quantity Voltage = new("U", Unit.Parse("V"));
    private static readonly Port<double> CurrentIn = Port.In<double>("current", Current);
    private static readonly Port<double> CurrentOut = Port.Out<double>("current", Current);
    private static readonly Port<double> VoltageIn = Port.In<double>("voltage", Voltage);
    private static readonly Port<double> VoltageOut = Port.Out<double>("voltage", Voltage);

    private readonly bool _isCoil;
    private readonly double _size;
    private readonly int _substeps;
    private readonly double _tolerance;
    private double _value;

    private ResonantElement(ModelSettings settings)
    {
        _isCoil = settings.Choice("part") == "coil";
        _size = settings.Number("size");
        _substeps = settings.Integer("substeps");
        _tolerance = settings.Number("tolerance");
        Description = _isCoil
            ? new(new(VoltageIn, 1), new(CurrentOut, 1)) { IsLight = true }
            : new(new(CurrentIn, 1), new(VoltageOut, 1)) { IsLight = true };
    }

    /// <summary>The model for experiments.</summary>
    public static ModelEntry Entry { get; } = new("resonant-element", "The coil or the capacitor of a resonant circuit",
        [
            Setting.Choice("part", "which element: a coil takes a voltage and gives a current, a capacitor the other way round", ["coil", "capacitor"]),
            Setting.Positive("size", "1", "inductance of the coil in V s/A, or capacitance of the capacitor in A s/V"),
            Setting.Integer("substeps", "values that the element writes in a window", 3, 1, 1_000_000),
            Setting.Number("tolerance", "1", "greatest error of a step of the integrator, as a part of 1 + |value|", 1e-12, 1e-13, 1),
        ],
        settings => new ResonantElement(settings));

    /// <summary>A coil has the ports <c>voltage</c> (in) and <c>current</c> (out), a capacitor <c>current</c> (in) and <c>voltage</c> (out), one number each.</summary>
    public ModelDescription Description { get; }

    /// <inheritdoc/>
    public void Initialize(PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        _value = _isCoil ? 1 : 0;
        outputs.Write(_isCoil ? CurrentOut : VoltageOut, 0, _value);
    }

    /// <inheritdoc/>
    public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(outputs);
        var (input, output, factor) = _isCoil ? (VoltageIn, CurrentOut, 1 / _size) : (CurrentIn, VoltageOut, -1 / _size);

        // dI/dt = U/L; dU/dt = −I/C.
        void Slope(double time, ReadOnlySpan<double> state, Span<double> slope)
        {
            Span<double> heard = stackalloc double[1];
            inputs.ReadInto(input, time, heard);
            slope[0] = factor * heard[0];
        }

        Span<double> value = [_value];
        var time = context.Window.Start;
        for (var step = 0; step < _substeps; step++)
        {
            var end = context.Window.EndOfStep(step, _substeps);
            try
            {
                _ = DormandPrince.Integrate(value, time, end, _tolerance, Slope);
            }
            catch (ArithmeticException fault)
            {
                throw new ScaleModelException($"The {(_isCoil ? "coil" : "capacitor")} cannot follow what it hears at '{input.Name}'. {fault.Message}", fault);
            }

            time = end;
            outputs.Write(output, time, value[0]);
        }

        _value = value[0];
    }

    /// <inheritdoc/>
    public void Archive(StateArchive archive)
    {
        ArgumentNullException.ThrowIfNull(archive);
        _ = archive.Version(1);
        archive.Value(_isCoil ? "current" : "voltage", ref _value);
    }
}
