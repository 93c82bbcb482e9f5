using System.Runtime.Serialization;
using ActorMultiscale.Actors.Observation;
using Akka.Actor;
using Akka.Serialization;

namespace ActorMultiscale.Actors.Cluster;

/// <summary>Carries control messages (<see cref="ControlCodec"/>) between nodes. What it refuses it counts; the association lives on.</summary>
public sealed class ControlSerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
{
    /// <summary>The number by which messages name this serializer.</summary>
    public const int Number = 7302;

    private long _refused;

    /// <inheritdoc/>
    public override int Identifier => Number;

    /// <summary>How many messages were refused.</summary>
    public long Refused => Interlocked.Read(ref _refused);

    /// <inheritdoc/>
    public override string Manifest(object o) => ControlCodec.ManifestOf((IControlMessage)o);

    /// <inheritdoc/>
    public override byte[] ToBinary(object obj) => ControlCodec.Encode((IControlMessage)obj);

    /// <inheritdoc/>
    /// <exception cref="SerializationException">The bytes are no control message.</exception>
    public override object FromBinary(byte[] bytes, string manifest)
    {
        try
        {
            return ControlCodec.Decode(manifest, bytes);
        }
        catch (InvalidDataException fault)
        {
            Count();
            throw new SerializationException(fault.Message, fault);
        }
    }

    /// <summary>A message was refused, by this or another serializer of the node.</summary>
    internal void Count()
    {
        Interlocked.Increment(ref _refused);
        Telemetry.RefusedMessages.Add(1);
    }

    /// <summary>The one of <paramref name="actors"/>.</summary>
    internal static ControlSerializer Of(ActorSystem actors) => (ControlSerializer)actors.Serialization.FindSerializerForType(typeof(IControlMessage));
}
