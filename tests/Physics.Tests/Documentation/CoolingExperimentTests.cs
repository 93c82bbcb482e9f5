#region usings
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Models;
using Snippets;
#endregion

namespace ActorMultiscale.Tests.Documentation;

public sealed class CoolingExperimentTests
{
    #region experiment
    private static readonly Experiment _cooling = new()
    {
        Name = "cooling",
        Until = 10,
        Window = 1,
        Participants =
        [
            Participant.Of("heater", Heater.Entry, ("power", 50.0)),
            Participant.Of("body", CoolingBody.Entry, ("heat-capacity", 1000.0)),
        ],
        Conduits = [new("heater.power", "body.heat")],
        Scheme = CouplingScheme.Serial("heater", "body"),
    };

    [Fact]
    public void Fifty_watts_warm_the_body_by_half_a_kelvin_in_ten_seconds()
    {
        var result = new SerialRunner(Composition.Compose(_cooling)).Run();

        Assert.Equal(293.65, result.Metrics["body.temperature"], 1e-9);     // Ten additions lose about 1e-13.
    }
    #endregion

    [Fact]
    public void The_library_of_the_guide_adds_both_of_its_models()
    {
        var catalogue = new ModelCatalogue();

        Activator.CreateInstance<SnippetLibrary>().AddTo(catalogue);

        Assert.Equal(["cooling-body", "heater"], catalogue.Entries.Select(e => e.Kind));
    }
}
