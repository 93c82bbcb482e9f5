using System.Collections.Immutable;
using ActorMultiscale.Actors.Observation;
using ActorMultiscale.Actors.Protocol;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Coupling.Distribution;
using Akka.Actor;

namespace ActorMultiscale.Actors.Cluster;

/// <summary>
/// The share of a run that one process carries: its participants, and the fields that are at home here. It carries out what
/// <see cref="FieldSite"/> says, and decides nothing.
/// </summary>
internal sealed class SiteActor : ReceiveActor, IDisposable
{
    private const int JobsAtATime = 32;
    private static readonly GoOn _goOn = new();

    private readonly FieldSite _site;
    private readonly SiteObserver _observer;
    private readonly ISiteLines _lines;
    private readonly LocalCrew _crew;
    private readonly SiteStates _states;
    private readonly HashSet<int> _spread;               // Participants whose teams are on several sites.
    private readonly Dictionary<(int Participant, int Member), IActorRef> _members = [];      // Of teams on several sites.
    private readonly WorkAccount _account;
    private readonly WorkPurpose _ofFields;
    private bool _willGoOn;

    /// <summary>A site, whose participants wait to be told where they start.</summary>
    /// <param name="system">The coupled system.</param>
    /// <param name="placement">Who is where.</param>
    /// <param name="teams">Teams on several sites.</param>
    /// <param name="site">The number of this site.</param>
    /// <param name="fields">The fields of the snapshot from which the run goes on; empty for its start.</param>
    /// <param name="settings">How the run is carried out.</param>
    /// <param name="lines">The way to the others.</param>
    /// <param name="states">The way to the store.</param>
    public SiteActor(CoupledSystem system, FieldPlacement placement, ImmutableArray<TeamSites> teams, int site, byte[]? fields, RunSettings settings, ISiteLines lines, SiteStates states)
    {
        (_states, _spread) = (states, [.. teams.Select(team => team.Participant)]);
        (_account, _ofFields) = (settings.Account, system.Conduits.IsEmpty ? WorkPurpose.Control : WorkPurpose.Mapping);
        _observer = new SiteObserver(system, site, settings.Clock, settings.Account);
        _site = new FieldSite(system, placement, site, fields is { Length: > 0 } ? fields : null, _observer);
        _lines = lines;
        var (self, trace, account) = (Self, new WindowTrace(), settings.Account);
        Action<TeamPacket, int> SendOf(TeamSites team) => (packet, member) =>
        {
            if (team.Sites[member] == site)
            {
                using var shift = account.As(WorkPurpose.Halo);
                self.Tell(packet);
            }
            else
            {
                lines.ToSite(team.Sites[member], packet);
            }
        };
        Props? TeamOf(ParticipantNode node)
        {
            if (teams.FirstOrDefault(t => t.Participant == node.Index) is not { Sites.IsDefault: false } team)
            {
                return null;
            }

            var send = SendOf(team);
            return Props.Create(() => new TeamActor(node, system.Experiment.Seed, settings, states, send));
        }

        _crew = new LocalCrew(Context, system, _site.Participants, settings, observer: null, new ParticipantMeter(settings.Clock, trace, settings.Account, tells: true), TeamOf);
        foreach (var team in teams)
        {
            var (node, send) = (system.Participants[team.Participant], SendOf(team));
            for (var m = 1; m < team.Sites.Length; m++)
            {
                var member = m;
                if (team.Sites[m] == site)
                {
                    _members[(node.Index, m)] = Context.ActorOf(Props.Create(() => new TeamMemberActor(node, member, system.Experiment.Seed, settings, states, send)), FormattableString.Invariant($"{LocalCrew.ActorNameOf(node)}.member.{m}"));
                }
            }
        }

        Receive<TeamPacket>(Route);
        ReceiveAndGoOn<SiteOrder.Batch>(batch =>
        {
            trace.Parent = batch.Trace;
            foreach (var item in batch.Items)
            {
                Take(item);
            }

            TellWork(isDue: false);     // Whoever has but members of teams tells nothing else.
        });
        ReceiveAndGoOn<SiteOrder.Job>(Take);
        ReceiveAndGoOn<FieldParcel>(_site.Take);
        ReceiveAndGoOn<ParticipantAnswer.Ready>(OnReady);
        ReceiveAndGoOn<CouplingEvent>(_site.Answered);
        Receive<ParticipantAnswer.CannotStart>(_lines.ToCoordinator);
        Receive<ParticipantAnswer.CannotSave>(_lines.ToCoordinator);
        Receive<ParticipantAnswer.Saved>(OnSaved);
        Receive<SiteOrder.RowsWritten>(_states.Answered);
        Receive<ParticipantAnswer.Underway>(_lines.ToCoordinator);
        ReceiveAndGoOn<GoOn>(_ => _willGoOn = false);
    }

    /// <summary>A child that fails takes all with it: its job would be done by nobody.</summary>
    protected override SupervisorStrategy SupervisorStrategy() => new OneForOneStrategy(_ => Directive.Escalate);

    /// <inheritdoc/>
    protected override bool AroundReceive(Receive receive, object message)
    {
        using var shift = _account.As(message switch
        {
            TeamPacket => WorkPurpose.Halo,
            FieldParcel or CouplingEvent => _ofFields,
            _ => WorkPurpose.Control,
        });
        return base.AroundReceive(receive, message);
    }

    /// <inheritdoc/>
    protected override void PostStop()
    {
        Dispose();
        base.PostStop();
    }

    /// <inheritdoc/>
    public void Dispose() => _crew.Dispose();

    private void ReceiveAndGoOn<T>(Action<T> handle) => Receive<T>(message =>
    {
        handle(message);
        CarryOut();
        Work();
    });

    private void Take(object item)
    {
        switch (item)
        {
            case ScriptEntry entry:
                using (_account.As(_ofFields))
                {
                    _site.Take(entry);
                    CarryOut();
                }

                break;
            case SiteOrder.Job { What: ParticipantJob.Restore { State: { IsHere: false } state } } job when !_spread.Contains(job.Participant):
                Fetch(job.Participant, state);
                break;
            case SiteOrder.Job job:
                _crew.Order(job.Participant, job.What);
                break;
            default:
                throw new InvalidOperationException($"A site knows no order {item.GetType().Name}.");
        }
    }

    // What is for member 0, or for the team, goes to the team's actor.
    private void Route(TeamPacket packet)
    {
        var member = packet switch
        {
            TeamPacket.Order order => order.Member,
            TeamPacket.Cancel cancel => cancel.Member,
            TeamPacket.Mail mail => mail.Message.To,
            _ => 0,
        };
        (member == 0 ? _crew.ActorOf(packet.Participant) : _members.GetValueOrDefault((packet.Participant, member), ActorRefs.Nobody)).Tell(packet);
    }

    private void Fetch(int participant, ParticipantState state)
    {
        var (self, parts, missing) = (Self, new byte[state.Parts.Length][], state.Parts.Length);
        for (var m = 0; m < parts.Length; m++)
        {
            var part = m;
            _states.Fetch((StatePart.Stored)state.Parts[m], bytes =>
            {
                parts[part] = bytes;
                if (--missing == 0)
                {
                    self.Tell(new SiteOrder.Job(participant, new ParticipantJob.Restore(ParticipantState.OfMembers(parts))));
                }
            });
        }
    }

    // The state goes to the store, and the coordinator hears when it is there.
    private void OnSaved(ParticipantAnswer.Saved saved)
    {
        var parts = saved.State?.Parts ?? [];
        for (var m = 0; m < parts.Length; m++)
        {
            _states.Store(new SavedPart(saved.Participant, saved.Window, m, parts.Length), ((StatePart.Here)parts[m]).Bytes, endsTurn: false);
        }

        _lines.ToCoordinator(saved with { State = null });
    }

    private void OnReady(ParticipantAnswer.Ready ready) =>
        _lines.ToCoordinator(ready.Start.IsEmpty ? ready : ready with { Start = _site.Started(ready.Participant, ready.Start) });

    private void Work()
    {
        var left = JobsAtATime;
        while (left-- > 0 && _crew.TryWork(out var answer))
        {
            switch (answer)
            {
                case null:
                    break;
                case ParticipantAnswer.Ready ready:
                    OnReady(ready);
                    break;
                case ParticipantAnswer.Saved saved:
                    OnSaved(saved);
                    break;
                case CouplingEvent what:
                    _site.Answered(what);
                    break;
                default:
                    _lines.ToCoordinator(answer);
                    break;
            }

            CarryOut();
        }

        if (_crew.HasWork && !_willGoOn)
        {
            _willGoOn = true;
            Self.Tell(_goOn);
        }
    }

    private void CarryOut()
    {
        while (_site.TryTake(out var effect))
        {
            switch (effect)
            {
                case SiteEffect.Advance advance:
                    _crew.Order(advance.Order.Participant, new ParticipantJob.Advance(advance.Order, advance.Inputs!, PrepareOnly: advance.Inputs is null));
                    break;
                case SiteEffect.Send send:
                    _lines.ToSite(send.Site, send.Parcel);
                    break;
                case SiteEffect.Tell tell:
                    TellWork(isDue: tell.What is SiteAnswer.ShareSaved);
                    _lines.ToCoordinator(tell.What);
                    break;
                default:
                    throw new InvalidOperationException($"A site knows no effect {effect.GetType().Name}.");
            }
        }
    }

    private void TellWork(bool isDue)
    {
        if (_observer.TryTake(isDue, out var worked))
        {
            _lines.ToCoordinator(worked);
        }
    }

    private sealed record GoOn;
}
