using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Examples;

/// <summary>Compares a modulus that one scale found with what another found: |a − b| / |b|.</summary>
public sealed class Comparison : IScaleModel
{
    private static readonly Port<double> _found = Port.In<double>("found", new Quantity("E", Unit.Parse("Pa")));
    private static readonly Port<double> _expected = Port.In<double>("expected", new Quantity("E", Unit.Parse("Pa")));
    private static readonly Port<double> _deviation = Port.Out<double>("deviation", new Quantity("|ΔE|/E", Unit.One)) with { HasStart = false };

    private Comparison() { }

    /// <summary>The model for experiments.</summary>
    public static ModelEntry Entry { get; } = new("modulus-comparison", "The relative deviation of one modulus from another", _ => new Comparison());

    /// <inheritdoc/>
    public ModelDescription Description { get; } = new(new(_found, 1), new(_expected, 1), new(_deviation, 1)) { IsLight = true };

    /// <inheritdoc/>
    public void Initialize(PortWriter outputs) { }

    /// <inheritdoc/>
    public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(outputs);
        var (found, expected) = (inputs.Read(_found, context.Window.End)[0], inputs.Read(_expected, context.Window.End)[0]);
        if (expected == 0)
        {
            throw new ScaleModelException("The expected modulus is zero; there is no relative deviation from it.");
        }

        outputs.Write(_deviation, context.Window.End, Math.Abs(found - expected) / Math.Abs(expected));
    }

    /// <inheritdoc/>
    public void Archive(StateArchive archive) { }
}
