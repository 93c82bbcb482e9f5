using System.Runtime.Serialization;
using ActorMultiscale.Actors.Cluster;
using Akka.Actor;
using Akka.Configuration;
using Akka.Dispatch.SysMsg;
using Akka.Remote.Serialization;
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
    public override object FromBinary(byte[] bytes, Type type) => throw Refusal.Of(system, "Bytes that name the type of which they are to be made are refused.");
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
    public override object FromBinary(byte[] bytes, Type type) => throw Refusal.Of(system, "Bytes that name the type of an actor to be deployed here are refused.");
}

/// <summary>
/// Stands before the serializer of Akka's own messages between actors (<c>akka.actor.serializers.akka-misc</c>, number 16), and lets in those that find and watch actors: not those that end or
/// configure them from afar, nor failures, whose bytes name the type of an exception that is to be made.
/// </summary>
public sealed class ClosedMiscSerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
{
    private readonly MiscMessageSerializer _open = new(system);

    /// <inheritdoc/>
    public override int Identifier => 16;

    /// <inheritdoc/>
    public override string Manifest(object o) => _open.Manifest(o);

    /// <inheritdoc/>
    public override byte[] ToBinary(object obj) => _open.ToBinary(obj);

    /// <inheritdoc/>
    /// <exception cref="SerializationException">It is of another kind.</exception>
    public override object FromBinary(byte[] bytes, string manifest) => manifest is "ID" or "AID" or "AR" or "RWHB" or "RWHR" ? _open.FromBinary(bytes, manifest)
        : throw Refusal.Of(system, "Other nodes find and watch actors here, and do nothing else with them.");
}

/// <summary>The same before the serializer of messages of the actor system itself (<c>akka.actor.serializers.akka-system-msg</c>, number 22): who is watched, and who has ended.</summary>
public sealed class ClosedSystemSerializer(ExtendedActorSystem system) : Serializer(system)
{
    private readonly SystemMessageSerializer _open = new(system);

    /// <inheritdoc/>
    public override int Identifier => 22;

    /// <inheritdoc/>
    public override bool IncludeManifest => true;

    /// <inheritdoc/>
    public override byte[] ToBinary(object obj) => _open.ToBinary(obj);

    /// <inheritdoc/>
    /// <exception cref="SerializationException">It is of another kind.</exception>
    public override object FromBinary(byte[] bytes, Type type) => type == typeof(Watch) || type == typeof(Unwatch) || type == typeof(DeathWatchNotification) ? _open.FromBinary(bytes, type)
        : throw Refusal.Of(system, "Other nodes watch actors here, and do not supervise them.");
}

// Counts what a node refuses.
internal static class Refusal
{
    public static SerializationException Of(ActorSystem system, string why)
    {
        if (system.Serialization.FindSerializerForType(typeof(IControlMessage)) is ControlSerializer counter)
        {
            counter.Count();
        }

        return new SerializationException(why);
    }
}
