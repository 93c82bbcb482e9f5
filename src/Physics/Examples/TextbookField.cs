using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Examples;

/// <summary>
/// The third textbook example: a field on a line, cut in two halves. It hands each half to a solver and takes back what
/// becomes of it, window by window; so one field can be computed by a fine and a coarse solver side by side.
/// </summary>
public sealed class TextbookField : IScaleModel
{
    private static readonly Quantity Value = new("u", Unit.One);
    private static readonly Port<double> LeftOut = Port.Out<double>("left", Value);
    private static readonly Port<double> RightOut = Port.Out<double>("right", Value);
    private static readonly Port<double> LeftIn = Port.In<double>("left-result", Value);
    private static readonly Port<double> RightIn = Port.In<double>("right-result", Value);
    private static readonly Port<double> LeftMeanOut = Port.Out<double>("left-mean", Value);
    private static readonly Port<double> RightMeanOut = Port.Out<double>("right-mean", Value);

    private readonly double _value;
    private double[] _left;
    private double[] _right;

    private TextbookField(ModelSettings settings)
    {
        _value = settings.Number("value");
        var points = settings.Integer("points-per-half");
        (_left, _right) = (new double[points], new double[points]);
        Description = new(new(LeftOut, points), new(RightOut, points), new(LeftIn, points), new(RightIn, points), new(LeftMeanOut, 1), new(RightMeanOut, 1)) { IsLight = true };
    }

    /// <summary>The model for experiments.</summary>
    public static ModelEntry Entry { get; } = new("textbook-field", "A field whose two halves are computed by two solvers",
        [
            Setting.Number("value", "1", "the value of the whole field at the start", 1),
            Setting.Integer("points-per-half", "points in each half", 4, 1, 1_000_000),
        ],
        settings => new TextbookField(settings));

    /// <summary>
    /// With a value per point of the half: <c>left</c>, <c>right</c> out, and <c>left-result</c>, <c>right-result</c> in. Of one point:
    /// <c>left-mean</c>, <c>right-mean</c> out. All in reduced units.
    /// </summary>
    public ModelDescription Description { get; }

    /// <inheritdoc/>
    public void Initialize(PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        _left.AsSpan().Fill(_value);
        _right.AsSpan().Fill(_value);
        Write(outputs, 0);
    }

    /// <inheritdoc/>
    public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(outputs);
        inputs.Read(LeftIn, context.Window.End).CopyTo(_left);
        inputs.Read(RightIn, context.Window.End).CopyTo(_right);
        Write(outputs, context.Window.End);
    }

    /// <inheritdoc/>
    public void Archive(StateArchive archive)
    {
        ArgumentNullException.ThrowIfNull(archive);
        archive.Field("left", ref _left);
        archive.Field("right", ref _right);
    }

    private void Write(PortWriter outputs, double time)
    {
        _left.CopyTo(outputs.Write(LeftOut, time));
        _right.CopyTo(outputs.Write(RightOut, time));
        outputs.Write(LeftMeanOut, time, Mean(_left));
        outputs.Write(RightMeanOut, time, Mean(_right));
    }

    private static double Mean(ReadOnlySpan<double> values) => Numerics.FixedOrderSum.Of(values) / values.Length;
}
