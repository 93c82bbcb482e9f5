using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Physics.Models;

/// <summary>
/// The time step of a model whose window is exactly one step, always of the same length. Such a model needs the step before its first window,
/// for the half kick with which a leapfrog starts.
/// </summary>
public sealed class FixedStep
{
    /// <summary>The step that <paramref name="settings"/> give.</summary>
    public FixedStep(ModelSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        Length = settings.Number("step");
    }

    /// <summary>The setting <c>step</c>.</summary>
    public static Setting Setting { get; } = Setting.Positive("step", "s", "time step; the window of the model's group has the same length", 0.1);

    /// <summary>Δt, s.</summary>
    public double Length { get; }

    /// <summary>Says so if <paramref name="window"/> is not one step long.</summary>
    /// <exception cref="ScaleModelException">It is not.</exception>
    public void Require(TimeWindow window)
    {
        // The window's length is a multiple of a tick and may miss the decimal number by its last bits.
        if (Math.Abs(window.Length - Length) > 1e-9 * Length)
        {
            throw new ScaleModelException(FormattableString.Invariant($"The window is {window.Length} s long and the step {Length} s; this model makes one step a window, always the same. Give 'step' the length of its group's window, and 'until' a whole number of windows."));
        }
    }
}
