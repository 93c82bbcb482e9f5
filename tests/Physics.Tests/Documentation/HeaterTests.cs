using ActorMultiscale.Physics.Models;
using ActorMultiscale.Testing;
using Snippets;

namespace ActorMultiscale.Tests.Documentation;

public sealed class HeaterTests : ScaleModelContract<Heater>
{
    protected override Heater Create() => new(power: 50);

    protected override ModelEntry Entry => Heater.Entry;
}
