using System.Reflection;
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
    public void Every_model_of_Physics_has_a_contract_test(Type model) => Assert.Contains(typeof(ContractCoverageTests).Assembly.GetTypes(), test => ModelOf(test) == model);

    // Of generic models one of them; of those that nobody outside can name, what a test of any model makes.
    private static Type? ModelOf(Type test)
    {
        for (var at = test.IsAbstract ? null : test.BaseType; at is not null; at = at.BaseType)
        {
            if (at.IsGenericType && at.GetGenericTypeDefinition() == typeof(ScaleModelContract<>))
            {
                var model = at.GetGenericArguments()[0];
                model = model.IsInterface ? at.GetMethod("Create", BindingFlags.Instance | BindingFlags.NonPublic)!.Invoke(Activator.CreateInstance(test), null)!.GetType() : model;
                return model.IsGenericType ? model.GetGenericTypeDefinition() : model;
            }
        }

        return null;
    }
}
