using System.Collections.Immutable;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Examples;

/// <summary>The source of the fourth textbook example: it offers a list of values, always the same. It shows a port of varying length.</summary>
public sealed class TextbookList : IScaleModel
{
    private static readonly Port<double> ValuesOut = Port.Out<double>("values", new Quantity("u", Unit.One));

    private readonly ImmutableArray<double> _values;

    private TextbookList(ModelSettings settings) => _values = settings.Numbers("values");

    /// <summary>The model for experiments.</summary>
    public static ModelEntry Entry { get; } = new("textbook-list", "Offers a list of values",
        [Setting.Numbers("values", "1", "the values, in order", [1, 2, 4, 8, 16])],
        settings => new TextbookList(settings));

    /// <summary>Out: <c>values</c> u, a list of varying length, in reduced units.</summary>
    public ModelDescription Description { get; } = new(new PortLayout(ValuesOut, PortLayout.Varying)) { IsLight = true };

    /// <inheritdoc/>
    public void Initialize(PortWriter outputs) => Write(outputs, 0);

    /// <inheritdoc/>
    public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(context);
        Write(outputs, context.Window.End);
    }

    /// <summary>Nothing: the values are settings.</summary>
    public void Archive(StateArchive archive) { }

    private void Write(PortWriter outputs, double time)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        _values.CopyTo(outputs.WriteList(ValuesOut, time, _values.Length));
    }
}
