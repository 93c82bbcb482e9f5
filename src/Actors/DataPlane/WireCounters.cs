namespace ActorMultiscale.Actors.DataPlane;

/// <summary>What a link, or a process over all its links, has carried so far. Bytes count frames with their heads, without what TLS and TCP add.</summary>
/// <param name="Refused">Who connected and was sent away; of a process only.</param>
/// <param name="Corrupt">Frames that were damaged or against the protocol: each has cost its link.</param>
/// <param name="BytesSent">Bytes handed to the network.</param>
/// <param name="BytesReceived">Bytes of whole frames that came.</param>
/// <param name="MessagesSent">Messages, without signs of life and what else links say among themselves.</param>
/// <param name="MessagesReceived">Messages that came.</param>
/// <param name="FieldsSent">Fields handed to the network whole.</param>
/// <param name="FieldsReceived">Fields that came whole.</param>
/// <param name="ChunksPacked">Chunks that were sent compressed.</param>
internal readonly record struct WireCounters(
    long Refused, long Corrupt, long BytesSent, long BytesReceived, long MessagesSent, long MessagesReceived, long FieldsSent, long FieldsReceived, long ChunksPacked)
{
    /// <summary>Both together.</summary>
    public static WireCounters operator +(WireCounters a, WireCounters b) => new(
        a.Refused + b.Refused, a.Corrupt + b.Corrupt, a.BytesSent + b.BytesSent, a.BytesReceived + b.BytesReceived, a.MessagesSent + b.MessagesSent,
        a.MessagesReceived + b.MessagesReceived, a.FieldsSent + b.FieldsSent, a.FieldsReceived + b.FieldsReceived, a.ChunksPacked + b.ChunksPacked);
}

/// <summary>Counts what a link carries; from any thread.</summary>
internal sealed class WireMeter
{
    private long _corrupt;
    private long _bytesSent;
    private long _bytesReceived;
    private long _messagesSent;
    private long _messagesReceived;
    private long _fieldsSent;
    private long _fieldsReceived;
    private long _chunksPacked;

    /// <summary>The counts as they stand.</summary>
    public WireCounters Counters => new(0, Interlocked.Read(ref _corrupt), Interlocked.Read(ref _bytesSent), Interlocked.Read(ref _bytesReceived), Interlocked.Read(ref _messagesSent),
        Interlocked.Read(ref _messagesReceived), Interlocked.Read(ref _fieldsSent), Interlocked.Read(ref _fieldsReceived), Interlocked.Read(ref _chunksPacked));

    public void Corrupt() => Interlocked.Increment(ref _corrupt);

    public void BytesSent(int count) => Interlocked.Add(ref _bytesSent, count);

    public void BytesReceived(int count) => Interlocked.Add(ref _bytesReceived, count);

    public void MessageSent() => Interlocked.Increment(ref _messagesSent);

    public void MessageReceived() => Interlocked.Increment(ref _messagesReceived);

    public void FieldSent() => Interlocked.Increment(ref _fieldsSent);

    public void FieldReceived() => Interlocked.Increment(ref _fieldsReceived);

    public void ChunkPacked() => Interlocked.Increment(ref _chunksPacked);
}
