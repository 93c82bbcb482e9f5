using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Actors.Observation;
using ActorMultiscale.Actors.Protocol;
using ActorMultiscale.Physics.Coupling.Recording;
using Akka.Actor;

namespace ActorMultiscale.Actors;

/// <summary>Hashes and compresses blocks of fields, in order, on a thread of its own: beside the run and beside its database.</summary>
internal sealed class FieldPacker : ReceiveActor
{
    public FieldPacker(WorkAccount account) => Receive<FieldBlock>(block =>
    {
        using var shift = account.As(WorkPurpose.Journal);
        Sender.Tell(new PackedFields(block.First, block.Windows, block.Bytes.Length, ChunkCodec.Pack(block.Bytes)));
    });
}
