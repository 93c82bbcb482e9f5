using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Examples;

/// <summary>The fine solver of the third textbook example: it multiplies its half of a <see cref="TextbookField"/> by a factor, u ← a u, once a window.</summary>
public sealed class TextbookFine : IScaleModel
{
    private static readonly Quantity Value = new("u", Unit.One);
    private static readonly Port<double> FieldIn = Port.In<double>("field", Value);
    private static readonly Port<double> ResultOut = Port.Out<double>("result", Value) with { HasStart = false };

    private readonly double _factor;

    private TextbookFine(ModelSettings settings)
    {
        _factor = settings.Number("factor");
        var points = settings.Integer("points");
        Description = new(new(FieldIn, points), new(ResultOut, points)) { IsLight = true };
    }

    /// <summary>The model for experiments.</summary>
    public static ModelEntry Entry { get; } = new("textbook-fine", "Multiplies a field by a factor",
        [
            Setting.Number("factor", "1", "the factor a", 1.2),
            Setting.Integer("points", "points of the field", 4, 1, 1_000_000),
        ],
        settings => new TextbookFine(settings));

    /// <summary>With a value per point, in reduced units: <c>field</c> in, <c>result</c> out.</summary>
    public ModelDescription Description { get; }

    /// <summary>Nothing to do: there is no result before there is a field.</summary>
    public void Initialize(PortWriter outputs) { }

    /// <inheritdoc/>
    public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(outputs);
        var u = inputs.Read(FieldIn, context.Window.End);
        var result = outputs.Write(ResultOut, context.Window.End);
        for (var i = 0; i < u.Length; i++)
        {
            result[i] = _factor * u[i];
        }
    }

    /// <summary>Nothing: the result is a function of the field.</summary>
    public void Archive(StateArchive archive) { }
}
