using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Examples;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Testing;

namespace ActorMultiscale.Tests.Examples;

/// <summary>A model with nothing but its defaults keeps the contract.</summary>
public abstract class TextbookContract<TModel>(ModelEntry entry) : ScaleModelContract<TModel>
    where TModel : IScaleModel
{
    protected override TModel Create() => (TModel)Participant.Of("model", entry).CreateModel();

    protected override ModelEntry Entry => entry;
}

public sealed class TextbookAtomsTests() : TextbookContract<TextbookAtoms>(TextbookAtoms.Entry);

public sealed class TextbookContinuumTests() : TextbookContract<TextbookContinuum>(TextbookContinuum.Entry);

public sealed class TextbookCrystalTests() : TextbookContract<TextbookCrystal>(TextbookCrystal.Entry);

public sealed class TextbookAverageTests() : TextbookContract<TextbookAverage>(TextbookAverage.Entry);

public sealed class TextbookFieldTests() : TextbookContract<TextbookField>(TextbookField.Entry);

public sealed class TextbookFineTests() : TextbookContract<TextbookFine>(TextbookFine.Entry);

public sealed class TextbookCoarseTests() : TextbookContract<TextbookCoarse>(TextbookCoarse.Entry);

public sealed class TextbookListTests() : TextbookContract<TextbookList>(TextbookList.Entry);

public sealed class TextbookRefinerTests() : TextbookContract<TextbookRefiner>(TextbookRefiner.Entry)
{
    // Some neighbours differ by more than the limit, and some do not.
    protected override void FillInput(Port port, double time, Span<double> values)
    {
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = (i * i) + (0.1 * time);
        }
    }
}
