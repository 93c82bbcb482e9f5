using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using ActorMultiscale.Actors.DataPlane;
using ActorMultiscale.Actors.Observation;
using ActorMultiscale.Actors.Protocol;
using ActorMultiscale.Physics.Coupling.Distribution;

namespace ActorMultiscale.Actors.Cluster;

/// <summary>
/// The links of a coordinator or a site: whatever comes in becomes a message for one taker; what goes out is short, and takes the lane of messages, or long, and takes that of
/// fields. When one link breaks the whole is broken: the run goes back to its last snapshot.
/// </summary>
/// <remarks>Two of one process have no link between them: what one sends, the other takes, copied where it may be overwritten.</remarks>
internal sealed class SiteWire : IWireReceiver, ILinkSource, IDisposable
{
    // A longer one would make those behind it wait.
    private const int ShortLength = 32 << 10;

    // Those of this process, by the secret of their incarnation and their number.
    private static readonly ConcurrentDictionary<(string Token, int Site), SiteWire> _here = new();

    private readonly Wire _wire;
    private readonly WireOptions _options;
    private readonly (string Token, int Site) _key;
    private readonly SiteWire?[] _neighbors;          // Of this process.
    private readonly Action<object> _take;
    private readonly Action<string> _broken;
    private readonly WorkAccount _account;
    private readonly WireLink?[] _links;
    private readonly int[] _lastSent;                 // To each site: what the last message was for.
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource<bool> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _standing;                            // Links that were opened and not told as closed.
    private bool _isCertain = true;
    private bool _isDisposed;
    private int _isOver;

    /// <summary>Listens.</summary>
    /// <param name="options">Who this is: sites count from 0, the coordinator comes behind them.</param>
    /// <param name="sites">How many sites there are.</param>
    /// <param name="host">An address of this machine by which the others reach it.</param>
    /// <param name="take">Takes every message, on threads of the links.</param>
    /// <param name="broken">Told once, with a sentence, when nothing more will come.</param>
    /// <param name="account">Where it is summed up what is sent, and what that costs.</param>
    public SiteWire(WireOptions options, int sites, IPAddress host, Action<object> take, Action<string> broken, WorkAccount account)
    {
        (_account, _lastSent) = (account, new int[sites + 1]);
        (_options, _take, _broken, _links, _neighbors) = (options, take, broken, new WireLink?[sites + 1], new SiteWire?[sites + 1]);
        _key = (Convert.ToHexString(options.Token.AsSpan()), options.Site);
        _wire = Wire.Listen(options, this, new IPEndPoint(host, 0));
        _here[_key] = this;
        Telemetry.Watch(this);
    }

    /// <summary>The port on which it listens.</summary>
    public int Port => _wire.EndPoint.Port;

    /// <summary>What it has carried.</summary>
    public WireCounters Counters => _wire.Counters;

    /// <inheritdoc/>
    public string Run => _options.Run;

    /// <inheritdoc/>
    public long Epoch => _options.Epoch;

    /// <inheritdoc/>
    public int Site => _options.Site;

    /// <inheritdoc/>
    public ImmutableArray<(int Peer, WireCounters Counters)> Links => [.. Enumerable.Range(0, _links.Length).Select(site => (site, Volatile.Read(ref _links[site]))).Where(link => link.Item2 is not null).Select(link => (link.site, link.Item2!.Counters))];

    /// <inheritdoc/>
    public WorkSum? Work => _account.Sum();

    /// <summary>
    /// Ends soon after <see cref="Dispose"/>, when all links are no more: with true where each has ended at its other end as well, so that nobody there counts on this one, or works for it,
    /// any more; with false where one has merely fallen silent.
    /// </summary>
    public Task<bool> Ended => _ended.Task;

    /// <summary>Whether <paramref name="site"/> still counts on this one: see <see cref="WireLink.IsTrusted"/>. Once it does not, it never does again.</summary>
    public bool IsTrustedBy(int site) => Volatile.Read(ref _isOver) == 0 && !_wire.HasStoodStill
        && (Volatile.Read(ref _neighbors[site]) is { } neighbor ? Volatile.Read(ref neighbor._isOver) == 0 : Volatile.Read(ref _links[site]) is { IsTrusted: true });

    /// <summary>Connects to another.</summary>
    /// <exception cref="WireException">There is no link.</exception>
    public async Task ConnectAsync(NodeAddress address, int site)
    {
        if (_here.TryGetValue((_key.Token, site), out var neighbor))
        {
            neighbor.Meet(_key.Site, this);
            Meet(site, neighbor);
            return;
        }

        EndPoint to = IPAddress.TryParse(address.Host, out var ip) ? new IPEndPoint(ip, address.Port) : new DnsEndPoint(address.Host, address.Port);
        _ = await _wire.ConnectAsync(to, site).ConfigureAwait(false);
    }

    /// <summary>Sends a message; its values are copied before this returns.</summary>
    public void Send(int site, object message)
    {
        if (Volatile.Read(ref _neighbors[site]) is { } neighbor)
        {
            neighbor._take(message is FieldParcel parcel ? parcel.Copied() : message);
            return;
        }

        if (Volatile.Read(ref _links[site]) is not { } link)
        {
            Break($"There is no link to site {site}.");
            return;
        }

        var purpose = PurposeOf(message);
        using var shift = _account.As(purpose);
        var bytes = SiteCodec.Encode(message);
        if (bytes.Length <= ShortLength)
        {
            Note(site, purpose, bytes.Length);
            _ = link.Send(bytes.Span);      // Where it is no more, everything is over soon.
            return;
        }

        if (message is SiteOrder.Batch { Items.Length: > 1 } batch)
        {
            // Orders keep their order: they all go the same way.
            var half = batch.Items.Length / 2;
            Send(site, batch with { Items = batch.Items[..half] });
            Send(site, batch with { Items = batch.Items[half..] });
            return;
        }

        Note(site, purpose, bytes.Length);
        _ = link.SendFieldAsync([], bytes).ContinueWith(static failed => failed.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
    }

    /// <inheritdoc/>
    public void Opened(WireLink link)
    {
        lock (_gate)
        {
            _standing++;
        }

        if (link.Site < _links.Length)
        {
            Volatile.Write(ref _links[link.Site], link);
            _take(new LinkIsOpen(link.Site));
        }
        else
        {
            link.Close($"There is no site {link.Site}.");
        }
    }

    /// <inheritdoc/>
    public void Received(WireLink link, ReadOnlySpan<byte> message) => Take(message);

    /// <inheritdoc/>
    public void Received(WireLink link, WireField field)
    {
        Take(field.Body);
        field.Release();
    }

    // What waits to be sent may be for several things; it is counted as what came last.
    void IWireReceiver.Sent(WireLink link) => _account.Past(link.Site < _lastSent.Length ? (WorkPurpose)Volatile.Read(ref _lastSent[link.Site]) : WorkPurpose.Control);

    /// <inheritdoc/>
    public void Closed(WireLink link, string reason)
    {
        lock (_gate)
        {
            _standing--;
            _isCertain &= link.HasPeerEnded;
            EndIfOver();
        }

        Break($"The link to {NameOf(link.Site)} is no more: {reason}");
    }

    /// <inheritdoc/>
    public void Refused(EndPoint? from, string reason)
    {
        Telemetry.RefusedConnections.Add(1, new KeyValuePair<string, object?>("run", Run));
        _take(new WireRefusal($"{from} was refused: {reason}"));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Interlocked.Exchange(ref _isOver, 1);
        Telemetry.LetGo(this);
        if (_here.TryRemove(_key, out _))
        {
            foreach (var neighbor in _neighbors)
            {
                neighbor?.Break($"{NameOf(_key.Site)} takes no further part in the run.");
            }
        }

        _wire.Dispose();
        lock (_gate)
        {
            _isDisposed = true;
            EndIfOver();
        }
    }

    // On a thread that does nothing but read this lane: what it did since the message before was for this one.
    private void Take(ReadOnlySpan<byte> bytes)
    {
        var message = SiteCodec.Decode(bytes);
        _take(message);
        _account.Past(PurposeOf(message));
    }

    private void Note(int site, WorkPurpose purpose, int bytes)
    {
        Volatile.Write(ref _lastSent[site], (int)purpose);
        _account.Sent(purpose, bytes);
    }

    private static WorkPurpose PurposeOf(object message) => message switch
    {
        TeamPacket.Mail => WorkPurpose.Halo,
        FieldParcel => WorkPurpose.Mapping,
        SiteAnswer.ShareSaved or SiteAnswer.FieldsSealed or StateRows or SiteOrder.RowsWritten or ParticipantAnswer.StateStored or SiteOrder.Begin or SiteOrder.Job => WorkPurpose.Journal,
        _ => WorkPurpose.Control,
    };

    private void EndIfOver()
    {
        if (_isDisposed && _standing == 0)
        {
            _ended.TrySetResult(_isCertain);
        }
    }

    private void Meet(int site, SiteWire neighbor)
    {
        Volatile.Write(ref _neighbors[site], neighbor);
        _take(new LinkIsOpen(site));
    }

    private string NameOf(int site) => site == _links.Length - 1 ? "the coordinator" : $"site {site}";

    private void Break(string reason)
    {
        if (Interlocked.Exchange(ref _isOver, 1) == 0)
        {
            _broken(reason);
        }
    }
}

/// <summary>A link stands.</summary>
internal sealed record LinkIsOpen(int Site);

/// <summary>Somebody who does not belong to the run has tried to connect.</summary>
internal sealed record WireRefusal(string Text);
