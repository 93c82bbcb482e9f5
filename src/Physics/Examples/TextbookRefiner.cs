using System.Collections.Immutable;
using System.Globalization;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Examples;

/// <summary>
/// The fourth textbook example: one pass of midpoint refinement. Between neighbours that differ by more than a limit, their mean is
/// inserted: 1, 2, 4, 8, 16 with the limit 2.5 becomes 1, 2, 4, 6, 8, 12, 16.
/// </summary>
public sealed class TextbookRefiner : IScaleModel
{
    private static readonly Quantity Value = new("u", Unit.One);
    private static readonly Port<double> ValuesIn = Port.In<double>("values", Value);
    private static readonly Port<double> RefinedOut = Port.Out<double>("refined", Value);
    private static readonly Port<double> CountOut = Port.Out<double>("count", Quantities.Number);

    private readonly double _limit;
    private readonly Port<double>[] _watched;

    private TextbookRefiner(ModelSettings settings)
    {
        _limit = settings.Number("limit");
        _watched = new Port<double>[settings.Integer("watch")];
        for (var i = 0; i < _watched.Length; i++)
        {
            _watched[i] = Port.Out<double>(string.Create(CultureInfo.InvariantCulture, $"value-{i + 1}"), Value);
        }

        ImmutableArray<PortLayout> watched = [.. _watched.Select(port => new PortLayout(port, 1))];
        Description = new([new(ValuesIn, PortLayout.Varying), new(RefinedOut, PortLayout.Varying), new(CountOut, 1), .. watched]) { IsLight = true };
    }

    /// <summary>The model for experiments.</summary>
    public static ModelEntry Entry { get; } = new("textbook-refiner", "Inserts midpoints between neighbours that differ too much",
        [
            Setting.Positive("limit", "1", "the greatest difference between neighbours that is left alone", 2.5),
            Setting.Integer("watch", "how many of the refined values have a port of their own, for checks", 7, 0, 1000),
        ],
        settings => new TextbookRefiner(settings));

    /// <summary>
    /// In: <c>values</c>, a list of varying length. Out: <c>refined</c>, a list of varying length; <c>count</c>, its length; and
    /// <c>value-1</c>, <c>value-2</c>, … of one point each, 0 past the end of the list. All in reduced units.
    /// </summary>
    public ModelDescription Description { get; }

    /// <inheritdoc/>
    public void Initialize(PortWriter outputs) => Write(outputs, 0, []);

    /// <inheritdoc/>
    public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(inputs);
        var values = inputs.Read(ValuesIn, context.Window.End);
        var refined = new List<double>(2 * values.Length);
        for (var i = 0; i < values.Length; i++)
        {
            if (i > 0 && Math.Abs(values[i] - values[i - 1]) > _limit)
            {
                refined.Add(0.5 * (values[i - 1] + values[i]));
            }

            refined.Add(values[i]);
        }

        Write(outputs, context.Window.End, refined);
    }

    /// <summary>Nothing: the refined list is a function of the list.</summary>
    public void Archive(StateArchive archive) { }

    private void Write(PortWriter outputs, double time, List<double> refined)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        refined.CopyTo(outputs.WriteList(RefinedOut, time, refined.Count));
        outputs.Write(CountOut, time, (double)refined.Count);
        for (var i = 0; i < _watched.Length; i++)
        {
            outputs.Write(_watched[i], time, i < refined.Count ? refined[i] : 0);
        }
    }
}
