using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace ActorMultiscale.Actors.DataPlane;

/// <summary>
/// Two processes joined by two connections: one for messages, one for fields, so that no message waits for a field. Four threads wait on it, two for each connection; nothing runs on
/// the pool. A link that has broken stays so: who needs another begins a new incarnation of the run.
/// </summary>
internal sealed class WireLink
{
    private readonly object _gate = new();
    private readonly Wire _wire;
    private readonly WireLane _messageLane;
    private readonly WireLane _fieldLane;
    private readonly FrameReader _messagesIn;
    private readonly FrameReader _fieldsIn;
    private readonly MessageSender _messagesOut;
    private readonly FieldSender _fieldsOut;
    private readonly FieldAssembly _assembly;
    private readonly WireMeter _meter = new();
    private volatile string? _reason;
    private bool _isBroken;
    private long _endedAt;
    private long _heardAt;              // When the last sign of life was sent that the peer has answered.
    private volatile bool _hasLapsed;
    private volatile bool _isShutHere;
    private volatile bool _hasPeerEnded;
    private string? _goodbye;
    private int _threads = 4;

    internal WireLink(Wire wire, int site, WireLane messages, WireLane fields, long budget)
    {
        (_wire, Site, _messageLane, _fieldLane) = (wire, site, messages, fields);
        Remote = messages.Socket.RemoteEndPoint;
        messages.Socket.SendBufferSize = 4 * FrameHead.LongestMessage;
        _messagesIn = new FrameReader(messages.Stream, ofFields: false, _meter);
        _fieldsIn = new FrameReader(fields.Stream, ofFields: true, _meter);
        _messagesOut = new MessageSender(messages.Socket, messages.Stream, _meter, wire.Options.MessageBacklog, Sent);
        _fieldsOut = new FieldSender(fields.Stream, _meter, wire.Options, budget, Sent);
        _assembly = new FieldAssembly(wire.Options.FieldBudget, GiveCredit);
    }

    /// <summary>The number of the other process.</summary>
    public int Site { get; }

    /// <summary>Where it is.</summary>
    public EndPoint? Remote { get; }

    /// <summary>Why the link is no more, or is about to be; null while it stands.</summary>
    public string? Reason => _reason;

    /// <summary>
    /// Whether the peer counts on this process, as far as it can be known here: it has answered a sign of life that was sent less than <see cref="WireOptions.Silence"/> ago. Once that was
    /// not so it never is again: whoever stood still, or was cut off, for so long has been given up by its peer, whatever still comes of before.
    /// </summary>
    public bool IsTrusted
    {
        get
        {
            if (_reason is not null || _hasLapsed || Volatile.Read(ref _heardAt) is not (not 0 and var heard))
            {
                return false;
            }

            _hasLapsed = TimeProvider.System.GetElapsedTime(heard) > _wire.Options.Silence;
            return !_hasLapsed;
        }
    }

    /// <summary>
    /// Whether the link has ended at the peer, which is to say that the peer is not <see cref="IsTrusted"/> any more, or lives no more: it has said goodbye, or its connection has ended by
    /// its own doing. To be asked when the link was told as closed.
    /// </summary>
    public bool HasPeerEnded => _hasPeerEnded;

    /// <summary>What it has carried so far.</summary>
    public WireCounters Counters => _meter.Counters;

    /// <summary>The measured speed of sending fields, bytes a second; zero before one of 1 MB or more has arrived uncompressed.</summary>
    public double Speed => _fieldsOut.LinkSpeed;

    /// <summary>How many bytes of fields have begun to come and were not released.</summary>
    public long HeldFields => _assembly.Held;

    /// <summary>
    /// Sends a message, after those sent before it. From any thread; it does not wait for the peer. What is sent may still be lost when the link breaks: only an answer says that it came.
    /// </summary>
    /// <param name="message">At most 64 kB; the bytes may be used again when the call returns.</param>
    /// <returns>False where the link is no more.</returns>
    /// <exception cref="ArgumentException">It is longer.</exception>
    public bool Send(ReadOnlySpan<byte> message)
    {
        RequireShort(message, "A message");
        return Send(FrameKind.Message, 0, message);
    }

    /// <summary>
    /// Sends a field. Fields are told apart by their headers: no order holds among them, nor between them and messages. From any thread. The task ends when the body has been handed
    /// to the network and may be used again, which waits for the receiver to have released enough of what came before; it says nothing of whether the field arrives.
    /// </summary>
    /// <param name="header">What the receiver needs to know of it, at most 64 kB; the bytes may be used again when the call returns.</param>
    /// <param name="body">Its bytes, up to the length of an array (2 GB). Nobody may write to them before the task ends.</param>
    /// <returns>Ends, or fails with a <see cref="WireException"/> once the link is no more and nobody reads the body.</returns>
    /// <exception cref="ArgumentException">The header is longer.</exception>
    public Task SendFieldAsync(ReadOnlySpan<byte> header, ReadOnlyMemory<byte> body)
    {
        RequireShort(header, "The header of a field");
        return _fieldsOut.SendAsync(header, body);
    }

    /// <summary>
    /// Closes the link; both ends are told. Messages sent before still go, where the peer takes them within <see cref="WireOptions.Beat"/>; fields that are not written yet fail.
    /// </summary>
    /// <param name="reason">Why, as a sentence.</param>
    public void Close(string reason) => End($"It was closed here: {reason}", goodbye: reason);

    internal void Start()
    {
        try
        {
            _wire.Receiver.Opened(this);
        }
        catch (Exception fault)
        {
            End($"The receiver failed on a new link: {Text(fault)}", goodbye: "Its receiver failed.");
        }

        Run("messages in", ReceiveMessages);
        Run("messages out", _messagesOut.Run, () => _messageLane.Shutdown(SocketShutdown.Send));
        Run("fields in", ReceiveFields);
        Run("fields out", _fieldsOut.Run, () => _fieldsOut.Abandon(new WireException(_reason!)));
    }

    /// <summary>Lets the connections go of a link that never started.</summary>
    internal void Abort()
    {
        _messageLane.Dispose();
        _fieldLane.Dispose();
    }

    /// <summary>Looks, now and then, whether the peer lives, and shows that this process does.</summary>
    internal void Tick()
    {
        if (_reason is not null)
        {
            // There was time for the last messages, and for the peer to end its side.
            if (TimeProvider.System.GetElapsedTime(Volatile.Read(ref _endedAt)) > _wire.Options.Beat)
            {
                _isShutHere = true;
                _messageLane.Shutdown(SocketShutdown.Both);
            }

            return;
        }

        if (IsSilent(_messagesIn, _messageLane) || IsSilent(_fieldsIn, _fieldLane))
        {
            var reason = FormattableString.Invariant($"Nothing was heard of site {Site} for {_wire.Options.Silence.TotalSeconds:0.###} s.");
            End(reason, goodbye: $"Nothing was heard of it. {reason}");
            return;
        }

        try
        {
            _messagesOut.SendBeat(_wire.Options.Beat);
        }
        catch (Exception fault) when (WireLane.IsBroken(fault))
        {
            Break(fault);
        }
    }

    // Bytes that are here already are no silence: this process itself may have stood still.
    private bool IsSilent(FrameReader reader, WireLane lane)
    {
        try
        {
            return reader.Waits > _wire.Options.Silence && lane.Socket.Available == 0;
        }
        catch (Exception gone) when (WireLane.IsBroken(gone))
        {
            return false;       // The thread that reads will say so.
        }
    }

    private void ReceiveMessages()
    {
        try
        {
            ReadMessages();
        }
        catch (Exception end) when (IsEndOfPeer(end))
        {
            _hasPeerEnded = !_isShutHere;
            throw;
        }
        catch (InvalidDataException damage)
        {
            // Who closes a connection with unread bytes takes back the last ones it has sent, which say why.
            Damaged(damage);
            _messagesIn.Drain();
        }
    }

    // What is no message that the receiver knows is as bad as a damaged frame.
    private void Count(Exception fault)
    {
        if (fault is InvalidDataException)
        {
            _meter.Corrupt();
        }
    }

    private void ReadMessages()
    {
        while (_messagesIn.TryRead(out var head))
        {
            var payload = _messagesIn.Payload(head);
            switch (head.Kind)
            {
                case FrameKind.Message when _reason is null || _isBroken:       // What the peer had sent before it closed.
                    _meter.MessageReceived();
                    try
                    {
                        _wire.Receiver.Received(this, payload);
                    }
                    catch (Exception fault)
                    {
                        Count(fault);
                        End($"The receiver failed on a message: {Text(fault)}", goodbye: "Its receiver failed on a message.");
                    }

                    break;
                case FrameKind.Credit:
                    _fieldsOut.Credit(BinaryPrimitives.ReadInt64LittleEndian(payload));
                    break;
                case FrameKind.Taken:
                    _fieldsOut.Taken(head.Field);
                    break;
                case FrameKind.Beat when _reason is null:
                    Send(FrameKind.Echo, 0, payload);
                    break;
                case FrameKind.Echo:
                    Heard(BinaryPrimitives.ReadInt64LittleEndian(payload));
                    break;
                case FrameKind.Bye:
                    _hasPeerEnded = true;
                    lock (_gate)
                    {
                        _goodbye = $"Site {Site} has closed it: {Encoding.UTF8.GetString(payload)}";
                    }

                    End(_goodbye, goodbye: null);
                    return;
            }
        }

        _hasPeerEnded = !_isShutHere;
        Break(null);
    }

    private void Heard(long sent)
    {
        // What was answered long ago, and lay here while this process stood still, proves nothing of now.
        var before = Volatile.Read(ref _heardAt);
        if ((before == 0 || IsTrusted) && sent > before && sent <= TimeProvider.System.GetTimestamp())
        {
            Volatile.Write(ref _heardAt, sent);
        }
    }

    // A connection that was reset, or cut amid a frame or a record of TLS, was let go by the system of the peer; one that timed out was not.
    private static bool IsEndOfPeer(Exception end) => end switch
    {
        EndOfStreamException => true,
        SocketException { SocketErrorCode: SocketError.ConnectionReset } => true,
        IOException { InnerException: SocketException { SocketErrorCode: SocketError.ConnectionReset } } => true,
        IOException { InnerException: null } => true,
        _ => false,
    };

    private void ReceiveFields()
    {
        using var unpacking = new FieldUnpacking();
        var packed = Array.Empty<byte>();
        while (_fieldsIn.TryRead(out var head))
        {
            WireField? whole = null;
            switch (head.Kind)
            {
                case FrameKind.Open:
                    whole = Open(head);
                    break;
                case FrameKind.Chunk:
                    _fieldsIn.Payload(head, _assembly.Room(head.Field, head.Length));
                    whole = _assembly.Fill(head.Field, head.Length);
                    break;
                case FrameKind.Packed:
                    packed = packed.Length == 0 ? new byte[FrameHead.LongestChunk] : packed;
                    _fieldsIn.Payload(head, packed);
                    var length = BinaryPrimitives.ReadInt32LittleEndian(packed);
                    if (length > FrameHead.LongestChunk)
                    {
                        throw new InvalidDataException($"A compressed chunk is to have {length} bytes, and no chunk has more than {FrameHead.LongestChunk}.");
                    }

                    unpacking.Unpack(packed.AsSpan(sizeof(int), head.Length - sizeof(int)), _assembly.Room(head.Field, length));
                    whole = _assembly.Fill(head.Field, length);
                    break;
            }

            if (whole is not null && _reason is null)
            {
                _meter.FieldReceived();
                Send(FrameKind.Taken, head.Field, []);
                try
                {
                    _wire.Receiver.Received(this, whole);
                }
                catch (Exception fault)
                {
                    Count(fault);
                    End($"The receiver failed on a field: {Text(fault)}", goodbye: "Its receiver failed on a field.");
                }
            }
        }

        Break(null);
    }

    private WireField? Open(in FrameHead head)
    {
        var payload = _fieldsIn.Payload(head);
        try
        {
            return _assembly.Open(head.Field, payload);
        }
        catch (OutOfMemoryException)
        {
            var reason = $"There is no memory for a field of {BinaryPrimitives.ReadInt64LittleEndian(payload)} bytes.";
            End(reason, goodbye: reason);
            throw new IOException(reason);
        }
    }

    private void GiveCredit(long count)
    {
        Span<byte> payload = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(payload, count);
        Send(FrameKind.Credit, 0, payload);
    }

    private bool Send(FrameKind kind, uint field, ReadOnlySpan<byte> payload)
    {
        try
        {
            return _messagesOut.Send(kind, field, payload);
        }
        catch (WireException backlog)
        {
            End($"Site {Site} is too slow. {backlog.Message}", goodbye: null);
        }
        catch (Exception fault) when (WireLane.IsBroken(fault))
        {
            Break(fault);
        }

        return false;
    }

    private void Run(string what, Action loop, Action? after = null) => new Thread(() =>
    {
        try
        {
            loop();
        }
        catch (InvalidDataException damage)
        {
            Damaged(damage);
        }
        catch (Exception fault) when (WireLane.IsBroken(fault))
        {
            Break(fault);
        }
        catch (Exception fault)
        {
            End($"This process failed on the link to site {Site}: {Text(fault)}", goodbye: "It failed on the link.");
        }

        after?.Invoke();
        if (Interlocked.Decrement(ref _threads) == 0)
        {
            Finish();
        }
    })
    { IsBackground = true, Name = $"wire {_wire.Options.Site}-{Site} {what}", Priority = ThreadPriority.AboveNormal }.Start();

    private void Break(Exception? fault) =>
        End(fault is null ? $"Site {Site} has closed the connection." : $"The connection with site {Site} broke: {fault.Message}", goodbye: null, isBroken: true);

    private void Damaged(InvalidDataException damage)
    {
        _meter.Corrupt();
        End($"What site {Site} sent was damaged: {damage.Message}", goodbye: $"What came from here was damaged: {damage.Message}");
    }

    // The first reason counts; but where the connection has merely ended, the one that the peer has said, should it still come.
    private void End(string reason, string? goodbye, bool isBroken = false)
    {
        lock (_gate)
        {
            if (_reason is not null)
            {
                return;
            }

            Volatile.Write(ref _endedAt, TimeProvider.System.GetTimestamp());
            (_isBroken, _reason) = (isBroken, reason);
        }

        if (goodbye is not null)
        {
            Send(FrameKind.Bye, 0, Encoding.UTF8.GetBytes(goodbye.Length > 1000 ? goodbye[..1000] : goodbye));
        }

        _messagesOut.Close();
        _fieldsOut.Close(new WireException(reason));
        _fieldLane.Shutdown(SocketShutdown.Both);
    }

    private void Finish()
    {
        Abort();
        _wire.Forget(this);
        _wire.Receiver.Closed(this, (_isBroken ? _goodbye : null) ?? _reason!);
    }

    private void Sent() => _wire.Receiver.Sent(this);

    private static void RequireShort(ReadOnlySpan<byte> bytes, string what)
    {
        if (bytes.Length > FrameHead.LongestMessage)
        {
            throw new ArgumentException($"{what} has {bytes.Length} bytes; at most {FrameHead.LongestMessage} are allowed.");
        }
    }

    private static string Text(Exception fault) => $"{fault.GetType().Name}: {fault.Message}";
}
