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
    private bool _willGoOn;

    /// <summary>A site, whose participants wait to be told where they start.</summary>
    public SiteActor(CoupledSystem system, FieldPlacement placement, int site, byte[]? fields, RunSettings settings, ISiteLines lines)
    {
        _observer = new SiteObserver(system, settings.Clock);
        _site = new FieldSite(system, placement, site, fields is { Length: > 0 } ? fields : null, _observer);
        _lines = lines;
        var trace = new WindowTrace();
        _crew = new LocalCrew(Context, system, _site.Participants, settings, observer: null, new ParticipantMeter(settings.Clock, trace, tells: true));
        ReceiveAndGoOn<SiteOrder.Batch>(batch =>
        {
            trace.Parent = batch.Trace;
            foreach (var item in batch.Items)
            {
                Take(item);
            }
        });
        ReceiveAndGoOn<SiteOrder.Job>(Take);
        ReceiveAndGoOn<FieldParcel>(_site.Take);
        ReceiveAndGoOn<ParticipantAnswer.Ready>(OnReady);
        ReceiveAndGoOn<CouplingEvent>(_site.Answered);
        Receive<ParticipantAnswer.CannotStart>(_lines.ToCoordinator);
        Receive<ParticipantAnswer.CannotSave>(_lines.ToCoordinator);
        Receive<ParticipantAnswer.Saved>(_lines.ToCoordinator);
        Receive<ParticipantAnswer.Underway>(_lines.ToCoordinator);
        ReceiveAndGoOn<GoOn>(_ => _willGoOn = false);
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
                _site.Take(entry);
                CarryOut();
                break;
            case SiteOrder.Job job:
                _crew.Order(job.Participant, job.What);
                break;
            default:
                throw new InvalidOperationException($"A site knows no order {item.GetType().Name}.");
        }
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
                    if (_observer.TryTake(isDue: tell.What is SiteAnswer.ShareSaved, out var worked))
                    {
                        _lines.ToCoordinator(worked);
                    }

                    _lines.ToCoordinator(tell.What);
                    break;
                default:
                    throw new InvalidOperationException($"A site knows no effect {effect.GetType().Name}.");
            }
        }
    }

    private sealed record GoOn;
}
