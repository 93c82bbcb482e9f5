namespace ActorMultiscale.Actors.Protocol;

/// <summary>What travels over a link, in both directions.</summary>
/// <param name="Epoch">The incarnation of the coordinator to which it belongs.</param>
/// <param name="Host">The incarnation of the participant's process, by which a later one is greater; 0 where the coordinator has not heard of it yet.</param>
/// <param name="Number">The number of the message, from 1; 0 where there is none.</param>
/// <param name="Arrived">Up to which number everything has arrived at the sender.</param>
/// <param name="Message">The message.</param>
internal sealed record LinkPacket(int Epoch, long Host, long Number, long Arrived, object? Message);

/// <summary>What the shell of a link is to do.</summary>
internal abstract record LinkEffect
{
    private LinkEffect() { }

    /// <summary>Send a packet to the other end; it may be lost, doubled, late.</summary>
    public sealed record Transmit(LinkPacket Packet) : LinkEffect;

    /// <summary>A message of the other end, once and in its turn.</summary>
    public sealed record Deliver(object Message) : LinkEffect;

    /// <summary>Wake the link after a while, the longer the higher <paramref name="Round"/>: how often it has been woken in vain.</summary>
    public sealed record Wake(int Round) : LinkEffect;

    /// <summary>A later incarnation of the coordinator speaks: all that came before is void, the state of the participant too.</summary>
    public sealed record Anew(int Epoch) : LinkEffect;

    /// <summary>A later incarnation of the coordinator has the participants: this one ends.</summary>
    public sealed record Superseded(int Epoch) : LinkEffect;

    /// <summary>The participant's process was replaced by another, which knows nothing: the run goes back to its last snapshot.</summary>
    public sealed record PeerLost : LinkEffect;
}

/// <summary>
/// One end of the line between a coordinator and a participant in another process, pure: over a network that loses, doubles, delays
/// and reorders, every message arrives once and in the order of sending.
/// </summary>
/// <remarks>
/// Messages have numbers. What has not arrived is sent again when the link is woken; what arrives twice is dropped; what arrives
/// early waits. At most <see cref="Width"/> are on the way, so that what waits is bounded. What belongs to an earlier incarnation of the
/// coordinator is dropped. A participant's end takes up the first epoch that it hears of, and any later one.
/// </remarks>
internal sealed class ReliableLink
{
    /// <summary>How many messages may be on the way.</summary>
    public const int Width = 32;

    private readonly bool _isCoordinator;
    private readonly Queue<object> _line = new();                           // Not known to have arrived.
    private readonly SortedDictionary<long, object> _early = [];            // Arrived before those that come before them.
    private int _epoch;
    private long _host;
    private long _confirmed;        // Up to which number the other end has everything.
    private long _transmitted;      // Up to which number everything was sent at least once.
    private long _arrived;
    private int _round;
    private bool _willWake;
    private bool _isLost;

    private ReliableLink(bool isCoordinator, int epoch, long host) => (_isCoordinator, _epoch, _host) = (isCoordinator, epoch, host);

    /// <summary>How many packets were dropped: doubled, or of another incarnation.</summary>
    public long Dropped { get; private set; }

    /// <summary>The end of a coordinator.</summary>
    /// <param name="epoch">Its incarnation, from 1.</param>
    public static ReliableLink OfCoordinator(int epoch) => new(true, epoch, 0);

    /// <summary>The end of a participant.</summary>
    /// <param name="host">The incarnation of its process: greater than that of any process in its place before.</param>
    public static ReliableLink OfParticipant(long host) => new(false, 0, host);

    /// <summary>Sends a message.</summary>
    public IReadOnlyList<LinkEffect> Send(object message)
    {
        _line.Enqueue(message);
        var effects = new List<LinkEffect>();
        TransmitNew(effects);
        return effects;
    }

    /// <summary>A packet arrives.</summary>
    public IReadOnlyList<LinkEffect> Receive(LinkPacket packet)
    {
        var effects = new List<LinkEffect>();
        if (!Belongs(packet, effects))
        {
            Dropped++;
            return effects;
        }

        if (packet.Arrived > _confirmed)
        {
            _round = 0;
            for (; _confirmed < packet.Arrived; _confirmed++)
            {
                _line.Dequeue();
            }

            TransmitNew(effects);
        }

        if (packet.Number > 0)
        {
            if (packet.Number <= _arrived || packet.Number > _arrived + Width || !_early.TryAdd(packet.Number, packet.Message!))
            {
                Dropped++;
            }

            while (_early.Remove(_arrived + 1, out var message))
            {
                _arrived++;
                effects.Add(new LinkEffect.Deliver(message));
            }

            effects.Add(new LinkEffect.Transmit(new LinkPacket(_epoch, _host, 0, _arrived, null)));
        }

        return effects;
    }

    /// <summary>What <see cref="LinkEffect.Wake"/> asked for.</summary>
    public IReadOnlyList<LinkEffect> Woken()
    {
        var effects = new List<LinkEffect>();
        _willWake = false;
        if (_isLost)
        {
            return effects;
        }

        var number = _confirmed;
        foreach (var message in _line.Take((int)(_transmitted - _confirmed)))
        {
            effects.Add(new LinkEffect.Transmit(new LinkPacket(_epoch, _host, ++number, _arrived, message)));
        }

        if (_line.Count == 0 && _isCoordinator)
        {
            // Whoever is there now answers if it is not the one that was.
            effects.Add(new LinkEffect.Transmit(new LinkPacket(_epoch, _host, 0, _arrived, null)));
        }

        _round++;
        Wake(effects);
        return effects;
    }

    private bool Belongs(LinkPacket packet, List<LinkEffect> effects) =>
        !_isLost && (_isCoordinator ? BelongsToCoordinator(packet, effects) : BelongsToParticipant(packet, effects)) && packet.Arrived <= _transmitted;

    private bool BelongsToCoordinator(LinkPacket packet, List<LinkEffect> effects)
    {
        if (packet.Epoch != _epoch || (_host > 0 && packet.Host != _host))
        {
            if (packet.Epoch > _epoch || (packet.Epoch == _epoch && packet.Host > _host))
            {
                _isLost = true;
                effects.Add(packet.Epoch > _epoch ? new LinkEffect.Superseded(packet.Epoch) : new LinkEffect.PeerLost());
            }

            return false;
        }

        _host = packet.Host;
        return true;
    }

    private bool BelongsToParticipant(LinkPacket packet, List<LinkEffect> effects)
    {
        // Whoever sends to a process that was here before, or is an earlier coordinator itself, is to know.
        if (packet.Epoch < _epoch || (packet.Host > 0 && packet.Host != _host))
        {
            effects.Add(new LinkEffect.Transmit(new LinkPacket(Math.Max(packet.Epoch, _epoch), _host, 0, 0, null)));
            return false;
        }

        if (packet.Epoch > _epoch)
        {
            (_epoch, _confirmed, _transmitted, _arrived, _round) = (packet.Epoch, 0, 0, 0, 0);
            _line.Clear();
            _early.Clear();
            effects.Add(new LinkEffect.Anew(packet.Epoch));
        }

        return true;
    }

    private void TransmitNew(List<LinkEffect> effects)
    {
        foreach (var message in _line.Skip((int)(_transmitted - _confirmed)).Take((int)(_confirmed + Width - _transmitted)))
        {
            effects.Add(new LinkEffect.Transmit(new LinkPacket(_epoch, _host, ++_transmitted, _arrived, message)));
        }

        Wake(effects);
    }

    private void Wake(List<LinkEffect> effects)
    {
        if (!_willWake && (_isCoordinator || _line.Count > 0))
        {
            _willWake = true;
            effects.Add(new LinkEffect.Wake(_round));
        }
    }
}
