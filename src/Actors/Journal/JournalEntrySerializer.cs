using Akka.Actor;
using Akka.Serialization;

namespace ActorMultiscale.Actors.Journal;

/// <summary>Passes the bytes of a journal entry through; the only type that it ever makes is <see cref="JournalEntry"/>.</summary>
public sealed class JournalEntrySerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
{
    /// <summary>The number under which the journal's rows name this serializer.</summary>
    public const int Number = 7301;

    /// <inheritdoc/>
    public override int Identifier => Number;

    /// <inheritdoc/>
    public override string Manifest(object o) => ((JournalEntry)o).Manifest;

    /// <inheritdoc/>
    public override byte[] ToBinary(object obj) => ((JournalEntry)obj).Payload;

    /// <inheritdoc/>
    public override object FromBinary(byte[] bytes, string manifest) => new JournalEntry(manifest, bytes);
}
