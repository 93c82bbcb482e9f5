#region contract
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Testing;

namespace Snippets.Tests;

public sealed class CoolingBodyTests : ScaleModelContract<CoolingBody>
{
    protected override CoolingBody Create() => new(heatCapacity: 1000);

    protected override ModelEntry Entry => CoolingBody.Entry;
}
#endregion
