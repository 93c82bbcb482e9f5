using System.Collections.Immutable;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Coupling.Distribution;

/// <summary>
/// One member of a team as its runner sees it, where the members of a participant are in several processes: what <see cref="ParticipantSession"/> is for a participant
/// that one process has. All members together give the bits of that. Has a single caller at a time.
/// </summary>
public sealed class TeamMemberSession
{
    private readonly ParticipantNode _node;
    private readonly Philox _random;
    private readonly ChunkedLoop _loop;
    private readonly Dictionary<int, byte[]> _checkpoints = [];    // By depth of the group.
    private readonly TeamOutbox _outbox;
    private TeamModel _team;
    private PortWriter? _outputs;
    private int _size;

    /// <summary>A session with a fresh member.</summary>
    /// <param name="node">The participant.</param>
    /// <param name="member">The number of the member.</param>
    /// <param name="seed">Seed of the run.</param>
    /// <param name="loop">The threads that the member may use.</param>
    /// <exception cref="ArgumentException">The participant is no team, or has no such member.</exception>
    public TeamMemberSession(ParticipantNode node, int member, ulong seed, ChunkedLoop loop)
    {
        ArgumentNullException.ThrowIfNull(node);
        (_node, Member, _loop) = (node, member, loop);
        _random = new Philox(seed, Fingerprint.OfName(node.Name));
        _outbox = new TeamOutbox(member);
        _team = Create();
    }

    /// <summary>The participant.</summary>
    public ParticipantNode Node => _node;

    /// <summary>The number of the member.</summary>
    public int Member { get; }

    /// <summary>What has come for the member.</summary>
    public TeamInbox Inbox { get; } = new();

    /// <summary>The message without which it cannot go on; null if there is none.</summary>
    public TeamKey? WaitsFor => Own.WaitsFor;

    /// <summary>Whether the member can go on with what has come.</summary>
    public bool CanRun => WaitsFor is not { } key || Inbox.Has(key);

    private ITeamMember Own => _team.MemberOf(Member);

    /// <summary>Begins to set the state at the start of the run.</summary>
    public void BeginInitialize()
    {
        Inbox.Clear();
        _outputs = Member == 0 ? PortWriter.ForStart(_node.Description, 0) : null;
        Own.BeginInitialize(_loop, _outputs);
    }

    /// <summary>Everything that an order asks for before the member advances: a fresh member, the way back, checkpoints.</summary>
    public void Prepare(CouplingCommand.Advance order)
    {
        ArgumentNullException.ThrowIfNull(order);

        // What was kept for earlier windows must not be taken for the state of this one if anything fails on the way to it.
        for (var depth = 0; order.SaveDepths >> depth != 0; depth++)
        {
            if ((order.SaveDepths & (1 << depth)) != 0)
            {
                _checkpoints.Remove(depth);
            }
        }

        if (order.Rebuild)
        {
            _team = Create();
        }

        if (order.RestoreDepth >= 0)
        {
            Restore(_checkpoints.TryGetValue(order.RestoreDepth, out var checkpoint) ? checkpoint : throw new ScaleModelException("Its state at the window's start could not be kept."));
        }

        if (order.SaveDepths == 0)
        {
            return;
        }

        var state = Save();
        for (var depth = 0; order.SaveDepths >> depth != 0; depth++)
        {
            if ((order.SaveDepths & (1 << depth)) != 0)
            {
                _checkpoints[depth] = state;
            }
        }
    }

    /// <summary>Begins a window.</summary>
    /// <param name="order">The order.</param>
    /// <param name="inputs">What the in-ports hold: of member 0, null for others.</param>
    /// <param name="cancellation">Signalled when the result is not wanted any more.</param>
    /// <exception cref="ScaleModelException">A value of an in-port is not finite.</exception>
    public void BeginAdvance(CouplingCommand.Advance order, PortReader? inputs, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(order);
        inputs?.RequireFinite();
        _outputs = inputs is null ? null : PortWriter.ForWindow(_node.Description, order.Window, order.Phase, inputs);
        Own.BeginAdvance(new AdvanceContext(order.Window, order.Phase, _random, _loop, cancellation), inputs, _outputs);
    }

    /// <summary>Goes on as far as the messages reach that are there, and hands out what it sends.</summary>
    /// <returns>Whether the act is done.</returns>
    /// <exception cref="ScaleModelException">It cannot be computed.</exception>
    public bool TryRun(Action<TeamMessage> send)
    {
        ArgumentNullException.ThrowIfNull(send);
        try
        {
            return Own.TryRun(Inbox, _outbox);
        }
        finally
        {
            foreach (var message in _outbox.Messages)
            {
                send(message);
            }

            _outbox.Clear();
        }
    }

    /// <summary>What member 0 wrote at the start of the run.</summary>
    public ImmutableArray<ImmutableArray<FieldSample>> Start() => _outputs!.Publish();

    /// <summary>What member 0 wrote in a window.</summary>
    /// <exception cref="ScaleModelException">A port is missing or incomplete, or holds a number that is not finite.</exception>
    public CouplingEvent.Advanced Result(CouplingCommand.Advance order)
    {
        ArgumentNullException.ThrowIfNull(order);
        return new CouplingEvent.Advanced(order.Participant, order.Address, _outputs!.Publish()) { Proposal = _outputs.ProposedWindow, Meshes = _outputs.MeshChanges() };
    }

    /// <summary>The bytes of the member's state.</summary>
    public byte[] Save()
    {
        var state = StateArchive.Save(Own.Archive, _size);
        _size = state.Length;
        return state;
    }

    /// <summary>Sets the member's state.</summary>
    /// <exception cref="InvalidDataException">The bytes are of another member or version.</exception>
    public void Restore(byte[] state) => StateArchive.Restore(state, Own.Archive);

    private TeamModel Create()
    {
        var model = _node.Spec.CreateModel();
        if (model is TeamModel team && Member < team.Members)
        {
            return team;
        }

        (model as IDisposable)?.Dispose();
        throw new ArgumentException($"'{_node.Name}' has no member {Member}.");
    }
}
