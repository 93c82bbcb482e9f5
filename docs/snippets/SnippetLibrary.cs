using ActorMultiscale.Physics.Models;

namespace Snippets;

#region library
/// <summary>Introduces the models of this assembly to experiments that name it under <c>models</c>.</summary>
public sealed class SnippetLibrary : IModelLibrary
{
    public void AddTo(ModelCatalogue catalogue) => catalogue.Add(CoolingBody.Entry).Add(Heater.Entry);
}
#endregion
