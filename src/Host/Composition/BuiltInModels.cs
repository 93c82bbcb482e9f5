using ActorMultiscale.Physics.Examples;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Host.Composition;

/// <summary>The one place that names the models which come with the program.</summary>
public static class BuiltInModels
{
    /// <summary>A catalogue of them.</summary>
    public static ModelCatalogue Catalogue() => new ModelCatalogue()
        .Add(OscillatorMass.Entry)
        .Add(HeatSquare.Entry)
        .Add(TextbookAtoms.Entry)
        .Add(TextbookContinuum.Entry)
        .Add(TextbookCrystal.Entry)
        .Add(TextbookAverage.Entry)
        .Add(TextbookField.Entry)
        .Add(TextbookFine.Entry)
        .Add(TextbookCoarse.Entry)
        .Add(TextbookList.Entry)
        .Add(TextbookRefiner.Entry);
}
