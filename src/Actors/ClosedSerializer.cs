using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Configuration;
using Akka.Serialization;

namespace ActorMultiscale.Actors;

/// <summary>
/// Stands where Akka has a serializer that makes whatever type its bytes name (<c>akka.actor.serializers.json</c>, number 1, for every object), and refuses both ways.
/// </summary>
public sealed class ClosedSerializer : Serializer
{
    /// <summary>As Akka makes it.</summary>
    /// <param name="system">The actor system.</param>
    /// <param name="settings">The settings of the serializer whose place it takes; not looked at.</param>
    public ClosedSerializer(ExtendedActorSystem system, Config settings) : base(system) => _ = settings;

    /// <inheritdoc/>
    public override int Identifier => 1;

    /// <inheritdoc/>
    public override bool IncludeManifest => false;

    /// <inheritdoc/>
    /// <exception cref="SerializationException">Always.</exception>
    public override byte[] ToBinary(object obj) => throw new SerializationException($"A {obj?.GetType().Name} has no serializer of its own, and none is made by the name of a type.");

    /// <inheritdoc/>
    /// <exception cref="SerializationException">Always.</exception>
    public override object FromBinary(byte[] bytes, Type type) => throw new SerializationException("Bytes that name the type of which they are to be made are refused.");
}

/// <summary>Stands where Akka has the serializer that lets others deploy actors on this node, by the name of their type (<c>akka.actor.serializers.daemon-create</c>, number 3), and refuses both ways.</summary>
public sealed class ClosedDeploymentSerializer(ExtendedActorSystem system) : Serializer(system)
{
    /// <inheritdoc/>
    public override int Identifier => 3;

    /// <inheritdoc/>
    public override bool IncludeManifest => false;

    /// <inheritdoc/>
    /// <exception cref="SerializationException">Always.</exception>
    public override byte[] ToBinary(object obj) => throw new SerializationException("Actors are not deployed on other nodes.");

    /// <inheritdoc/>
    /// <exception cref="SerializationException">Always.</exception>
    public override object FromBinary(byte[] bytes, Type type) => throw new SerializationException("Bytes that name the type of an actor to be deployed here are refused.");
}
