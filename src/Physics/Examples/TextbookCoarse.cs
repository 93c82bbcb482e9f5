using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Examples;

/// <summary>The coarse solver of the third textbook example: it adds an offset to its half of a <see cref="TextbookField"/>, u ← u + b, once a window.</summary>
public sealed class TextbookCoarse : IScaleModel
{
    private static readonly Quantity Value = new("u", Unit.One);
    private static readonly Port<double> FieldIn = Port.In<double>("field", Value);
    private static readonly Port<double> ResultOut = Port.Out<double>("result", Value) with { HasStart = false };

    private readonly double _offset;

    private TextbookCoarse(ModelSettings settings)
    {
        _offset = settings.Number("offset");
        var points = settings.Integer("points");
        Description = new(new(FieldIn, points), new(ResultOut, points)) { IsLight = true };
    }

    /// <summary>The model for experiments.</summary>
    public static ModelEntry Entry { get; } = new("textbook-coarse", "Adds an offset to a field",
        [
            Setting.Number("offset", "1", "the offset b", 10),
            Setting.Integer("points", "points of the field", 4, 1, 1_000_000),
        ],
        settings => new TextbookCoarse(settings));

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
            result[i] = u[i] + _offset;
        }
    }

    /// <summary>Nothing: the result is a function of the field.</summary>
    public void Archive(StateArchive archive) { }
}
