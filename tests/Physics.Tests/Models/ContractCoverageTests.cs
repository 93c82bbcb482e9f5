using ActorMultiscale.Physics.Models;
using ActorMultiscale.Testing;

namespace ActorMultiscale.Tests.Models;

/// <summary>A model is held to the contract on the day it is born.</summary>
public sealed class ContractCoverageTests
{
    public static TheoryData<Type> Models =>
    [
        .. typeof(IScaleModel).Assembly.GetTypes().Where(t => typeof(IScaleModel).IsAssignableFrom(t) && t is { IsClass: true, IsAbstract: false } && t != typeof(ActorMultiscale.Physics.Coupling.CarriedModel)),      // It wraps others.
    ];

    [Theory]
    [MemberData(nameof(Models))]
    public void Every_model_of_Physics_has_a_contract_test(Type model) => Assert.Contains(
        typeof(ContractCoverageTests).Assembly.GetTypes(),
        test => !test.IsAbstract && test.IsSubclassOf(typeof(ScaleModelContract<>).MakeGenericType(model)));
}
