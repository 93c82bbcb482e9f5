using System.Net;

namespace ActorMultiscale.Actors.DataPlane;

/// <summary>
/// What a process does with what its links bring. Each link calls from threads of its own, so that what one call takes no other link waits for: messages from one of
/// them, fields from another. Long work belongs elsewhere: the next message waits for the call to return. A link whose receiver fails on a message or a field is closed.
/// </summary>
internal interface IWireReceiver
{
    /// <summary>A link stands. Nothing of it comes earlier.</summary>
    void Opened(WireLink link);

    /// <summary>A message, in the order in which they were sent.</summary>
    /// <param name="link">Whence.</param>
    /// <param name="message">Its bytes; they are good until the call returns.</param>
    void Received(WireLink link, ReadOnlySpan<byte> message);

    /// <summary>A field, whole. It is the receiver's, who releases it once its memory no longer counts.</summary>
    void Received(WireLink link, WireField field);

    /// <summary>A thread of the link has handed to the network what others had given it to send. On that thread, which does nothing else. Must not throw.</summary>
    void Sent(WireLink link)
    {
    }

    /// <summary>A link is no more: once for each that was opened, after everything else of it. Must not throw.</summary>
    /// <param name="link">Which.</param>
    /// <param name="reason">Why, as a sentence.</param>
    void Closed(WireLink link, string reason);

    /// <summary>Somebody connected and was sent away. Must not throw.</summary>
    /// <param name="from">Whence; null where it was gone already.</param>
    /// <param name="reason">Why, as a sentence.</param>
    void Refused(EndPoint? from, string reason);
}

/// <summary>A link could not be made, or is no more.</summary>
internal sealed class WireException(string message, Exception? inner = null) : IOException(message, inner);
