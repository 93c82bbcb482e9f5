using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Tests.Models;

/// <summary>A faultless model of two phases: it announces a guess, and corrects it.</summary>
internal class PhasedSpecimen : IScaleModel
{
    protected static readonly Port<double> GuessOut = Port.Out<double>("guess", Quantities.Number) with { Phase = "predict" };
    protected static readonly Port<double> TargetIn = Port.In<double>("target", Quantities.Number) with { Phase = "correct" };
    protected static readonly Port<double> ValueOut = Port.Out<double>("value", Quantities.Number);

    protected double Value = 1;
    protected double Guess;

    public ModelDescription Description { get; } = new(new(GuessOut, 1), new(TargetIn, 1), new(ValueOut, 1)) { Phases = ["predict", "correct"] };

    public void Initialize(PortWriter outputs)
    {
        outputs.Write(GuessOut, 0, Value);
        outputs.Write(ValueOut, 0, Value);
    }

    public virtual void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
    {
        var window = context.Window;
        if (context.Phase == "predict")
        {
            Guess = Value * (1 - window.Length);
            outputs.Write(GuessOut, window.End, Guess);
            return;
        }

        Value = Guess + (window.Length * inputs.Read(TargetIn, window.End)[0]);
        outputs.Write(ValueOut, window.End, Value);
    }

    public void Archive(StateArchive archive)
    {
        archive.Value("value", ref Value);
        archive.Value("guess", ref Guess);
    }
}
