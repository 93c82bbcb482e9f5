using ActorMultiscale.Actors.Observation;
using ActorMultiscale.Actors.Protocol;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Coupling.Distribution;
using ActorMultiscale.Physics.Numerics;
using Akka.Actor;

namespace ActorMultiscale.Actors;

/// <summary>The participants as an actor that orders them about sees them. Their answers come into its mailbox, or by <see cref="TryWork"/>.</summary>
internal interface ICrew : IDisposable
{
    /// <summary>Whether there is work to be done in the actor's own turn.</summary>
    bool HasWork { get; }

    /// <summary>A participant is to do a job.</summary>
    void Order(int participant, ParticipantJob job);

    /// <summary>All sites that it concerns are told the next entry of their script.</summary>
    void Tell(ScriptEntry entry);

    /// <summary>Does one piece of work, if there is one.</summary>
    bool TryWork(out object? answer);

    /// <summary>What was ordered is on its way.</summary>
    void Flush();
}

/// <summary>Participants of this process.</summary>
/// <remarks>
/// Those that are light have no actor: a message costs more than their step. Their jobs wait in line here and are done in the turn of the actor
/// that has ordered them, when the others have been told theirs.
/// </remarks>
internal sealed class LocalCrew : ICrew
{
    private readonly Dictionary<int, IActorRef> _actors = [];
    private readonly Dictionary<int, ParticipantSession> _sessions = [];        // Of light participants.
    private readonly Queue<(ParticipantSession Session, ParticipantJob Job)> _light = new();
    private readonly RunObserver? _observer;
    private readonly ParticipantMeter _meter;
    private readonly WorkPermit? _permit;

    /// <summary>The crew of an actor.</summary>
    /// <param name="context">The actor's.</param>
    /// <param name="system">The coupled system.</param>
    /// <param name="participants">Who belongs to it.</param>
    /// <param name="settings">How the run is carried out.</param>
    /// <param name="observer">For its clock; null for nobody.</param>
    /// <param name="meter">Takes the time of jobs.</param>
    /// <param name="teamOf">The actor of a participant of which members are elsewhere; null, or giving null, where there are none.</param>
    public LocalCrew(IUntypedActorContext context, CoupledSystem system, IEnumerable<ParticipantNode> participants, RunSettings settings, RunObserver? observer, ParticipantMeter meter, Func<ParticipantNode, Props?>? teamOf = null)
    {
        (_observer, _meter, _permit) = (observer, meter, settings.Permit);
        var (parent, seed) = (context.Self, system.Experiment.Seed);
        foreach (var node in participants)
        {
            if (teamOf?.Invoke(node) is { } team)
            {
                _actors[node.Index] = context.ActorOf(team, ActorNameOf(node));
            }
            else if (node.Description.IsLight && node.Spec.TimeLimit is null)
            {
                var solvers = new DispatcherScheduler(context.System.Dispatchers.Lookup(ActorSettings.SolverDispatcher), settings.Account);
                _sessions[node.Index] = new ParticipantSession(node, seed, new ChunkedLoop(settings.Threads, solvers));
            }
            else
            {
                // By type: the expression of a constructor is compiled anew for each, which takes longer than a thousand messages.
                _actors[node.Index] = context.ActorOf(Props.Create<ParticipantActor>(node, seed, settings, parent, observer!, meter), ActorNameOf(node));
            }
        }
    }

    public bool HasWork => _light.Count > 0;

    /// <summary>What the actor of a participant is called. Names of actors have no brackets, which members of ensembles have; and those of participants no parentheses.</summary>
    public static string ActorNameOf(ParticipantNode node) => node.Name.Replace('[', '(').Replace(']', ')');

    /// <summary>The actor of a participant; nobody where it has none.</summary>
    public IActorRef ActorOf(int participant) => _actors.GetValueOrDefault(participant, ActorRefs.Nobody);

    public void Order(int participant, ParticipantJob job)
    {
        if (_sessions.TryGetValue(participant, out var session))
        {
            _light.Enqueue((session, job));
        }
        else
        {
            _actors[participant].Tell(job);
        }
    }

    public void Tell(ScriptEntry entry) => throw new InvalidOperationException("The fields lie with the coordinator: there is no script.");

    public bool TryWork(out object? answer)
    {
        answer = null;
        if (!_light.TryDequeue(out var next))
        {
            return false;
        }

        var began = _observer?.Now() ?? 0;
        answer = _meter.Do(next.Session, next.Job, _permit, CancellationToken.None);
        if (_observer is not null && ParticipantWork.IsTimed(next.Job))
        {
            _observer.Worked(next.Session.Node.Index, next.Job is ParticipantJob.Advance, began, _observer.Now());
        }

        return true;
    }

    public void Flush() { }

    public void Dispose()
    {
        foreach (var session in _sessions.Values)
        {
            session.Dispose();
        }
    }
}
