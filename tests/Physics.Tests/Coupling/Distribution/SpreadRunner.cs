using System.Collections.Immutable;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Coupling.Distribution;
using ActorMultiscale.Physics.Coupling.Recording;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Tests.Coupling.Distribution;

/// <summary>
/// Drives a core and its sites as badly as a correct transport can: what a site is told comes in order, but late; parcels between sites come
/// in any order, and twice; participants are slow; arrays are overwritten as soon as they have been sent.
/// </summary>
public sealed class SpreadRunner
{
    private readonly CoupledSystem _system;
    private readonly FieldPlacement _placement;
    private readonly Random _random;
    private readonly CouplingCore _core;
    private readonly FieldSite[] _sites;
    private readonly ParticipantSession[] _sessions;
    private readonly Queue<object>[] _toSites;                  // Entries of the script, and the saving of participants.
    private readonly Queue<object>[] _toCoordinator;
    private readonly List<(int Site, FieldParcel Parcel)> _parcels = [];
    private readonly Queue<object>[] _jobs;                     // By participant.
    private readonly HashSet<long> _timedOut = [];
    private readonly ImmutableArray<WindowRecord>.Builder _records = ImmutableArray.CreateBuilder<WindowRecord>();
    private readonly RunSnapshot? _from;
    private FieldGathering? _gathering;
    private CouplingCommand.TakeSnapshot? _taking;
    private ParticipantState?[] _states;
    private readonly List<SiteAnswer.FieldsSealed> _told = [];
    private int _sealed;                                        // Sites that have told all that they recorded.
    private long _durable;
    private CouplingCommand.Finish? _finish;

    public SpreadRunner(CoupledSystem system, FieldPlacement placement, int seed, RunSnapshot? from = null, int blockLength = FieldRecorder.BlockLength)
    {
        (_system, _placement, _random, _from) = (system, placement, new Random(seed), from);
        _core = new CouplingCore(system, placement, from?.Fields);
        _sites = [.. Enumerable.Range(0, placement.Sites).Select(site => new FieldSite(system, placement, site, from?.Fields, isStrict: true, blockLength))];
        _sessions = [.. system.Participants.Select(node => new ParticipantSession(node, system.Experiment.Seed, ChunkedLoop.Serial))];
        _toSites = [.. _sites.Select(_ => new Queue<object>())];
        _toCoordinator = [.. _sites.Select(_ => new Queue<object>())];
        _jobs = [.. _sessions.Select(_ => new Queue<object>())];
        _states = new ParticipantState?[_sessions.Length];
        _durable = from?.Window ?? 0;
    }

    /// <summary>The probability that an order runs into its time limit, at most once per root window.</summary>
    public double Timeouts { get; init; }

    /// <summary>How many timeouts were reported.</summary>
    public int TimeoutsReported => _timedOut.Count;

    /// <summary>How many parcels travelled.</summary>
    public long Travelled { get; private set; }

    /// <summary>Takes what sites record, in any order; null where nothing is recorded.</summary>
    public FieldMerger? Merger { get; init; }

    public List<RunSnapshot> Snapshots { get; } = [];

    public string FinalHash { get; private set; } = "";

    /// <summary>Random places and homes; what a group ties together is at one.</summary>
    public static FieldPlacement RandomPlacement(CoupledSystem system, Random random, int sites)
    {
        ImmutableArray<int> participants = [.. system.Participants.Select(_ => random.Next(sites))];
        int[] groups = [.. system.Groups.Select(_ => random.Next(sites))];
        int[] homes = [.. system.Conduits.Select(_ => random.Next(sites))];
        foreach (var group in system.Groups)
        {
            foreach (var conduit in FieldPlacement.TiedTo(system, group))
            {
                homes[conduit] = groups[group.Index];
            }
        }

        return new FieldPlacement(system, participants, sites, [.. homes], [.. groups]);
    }

    public Trace Run()
    {
        foreach (var session in _sessions)
        {
            var (index, site) = (session.Node.Index, _placement.Participants[session.Node.Index]);
            if (_from is not null)
            {
                session.Restore(_from.States[index]);
                continue;
            }

            _core.Fields.SetStart(index, _sites[site].Started(index, session.Initialize()));
            CarryOut(site);
        }

        if (_from is null)
        {
            foreach (var node in _system.Participants)
            {
                Broadcast(new ScriptEntry.Start(node.Index));
            }
        }

        if (Merger is not null)
        {
            Broadcast(new ScriptEntry.Record(Committed, Committed));
        }

        Tell(_core.Handle(new CouplingEvent.Started(_from?.Tick ?? 0, _from?.Window ?? 0)));
        while (_finish is null || (_taking is not null && _finish.Outcome != RunOutcome.Failed))
        {
            Step();
        }

        if (Merger is not null && _finish.Outcome != RunOutcome.Failed)
        {
            Broadcast(new ScriptEntry.SealFields());
            while (_sealed < _sites.Length || _told.Count > 0)
            {
                Step();
            }

            Assert.True(Merger.IsGapless);
            Merger.Seal();
        }

        var failed = _finish.Outcome is RunOutcome.Failed or RunOutcome.LimitBroken;
        FinalHash = failed ? "" : _gathering!.FinalHash(_finish.Tick, _states!, _ => throw new InvalidOperationException("There is no store."));
        return new Trace(_finish.Outcome, _records.ToImmutable(),
            _finish.Outcome == RunOutcome.Failed ? [] : [.. _sessions.Select(s => Convert.ToHexString(s.Save().Whole()))],
            [.. _core.Fields.Scalars().Select(s => s.Value)]);
    }

    private long Committed => (_from?.Window ?? 0) + _records.Count;

    private void Broadcast(ScriptEntry entry)
    {
        foreach (var site in _placement.SitesOf(_system, entry))
        {
            _toSites[site].Enqueue(entry);
        }
    }

    private void Step()
    {
        List<Action> possible = [];
        for (var i = 0; i < _sites.Length; i++)
        {
            var site = i;
            if (_toSites[site].Count > 0)
            {
                possible.Add(() => Deliver(site));
            }

            if (_toCoordinator[site].Count > 0)
            {
                possible.Add(() => Answer(_toCoordinator[site].Dequeue()));
            }
        }

        for (var p = 0; p < _jobs.Length; p++)
        {
            var participant = p;
            if (_jobs[p].Count > 0)
            {
                possible.Add(() => Work(participant));
            }
        }

        if (_parcels.Count > 0)
        {
            possible.Add(DeliverParcel);
        }

        if (_told.Count > 0)
        {
            possible.Add(TakeFields);
        }

        if (possible.Count == 0 || _random.NextDouble() < 0.05)
        {
            Assert.False(possible.Count == 0 && _durable == Committed, "The run went silent before it was over.");
            _durable = possible.Count == 0 ? Committed : _random.NextInt64(_durable, Committed + 1);
            Tell(_core.Handle(new CouplingEvent.Durable(_durable)));
            return;
        }

        possible[_random.Next(possible.Count)]();
    }

    private void Deliver(int site)
    {
        switch (_toSites[site].Dequeue())
        {
            case ScriptEntry entry:
                _sites[site].Take(entry);
                break;
            case int participant:
                _jobs[participant].Enqueue("save");
                break;
        }

        CarryOut(site);
    }

    private void DeliverParcel()
    {
        var index = _random.Next(_parcels.Count);
        var (site, parcel) = _parcels[index];
        if (_random.NextDouble() < 0.9)
        {
            _parcels.RemoveAt(index);       // Else it comes again.
        }

        _sites[site].Take(parcel);
        CarryOut(site);
    }

    private void TakeFields()
    {
        var index = _random.Next(_told.Count);
        Merger!.Take(_told[index]);
        Merger.Merge(Committed);
        _told.RemoveAt(index);
    }

    private void Work(int participant)
    {
        var site = _placement.Participants[participant];
        switch (_jobs[participant].Dequeue())
        {
            case SiteEffect.Advance advance:
                _sessions[participant].Prepare(advance.Order);
                if (advance.Inputs is null || (_jobs[participant].Any(j => j is SiteEffect.Advance) && _random.NextDouble() < 0.5))
                {
                    return;
                }

                if (_sessions[participant].Node.Spec.TimeLimit is not null && _random.NextDouble() < Timeouts && _timedOut.Add(RootOf(advance.Order.Address).Window))
                {
                    _sites[site].Answered(new CouplingEvent.Failed(participant, advance.Order.Address, FailureKind.Timeout, "it took too long"));
                }
                else
                {
                    _sites[site].Answered(_sessions[participant].Advance(advance.Order, advance.Inputs, CancellationToken.None));
                }

                break;
            default:
                _toCoordinator[site].Enqueue((participant, _sessions[participant].Save()));
                break;
        }

        CarryOut(site);
    }

    private static WindowAddress RootOf(WindowAddress address) => address.Parent is null ? address : RootOf(address.Parent);

    private void CarryOut(int site)
    {
        while (_sites[site].TryTake(out var effect))
        {
            switch (effect)
            {
                case SiteEffect.Advance advance:
                    _jobs[advance.Order.Participant].Enqueue(advance);
                    break;
                case SiteEffect.Send send:
                    Travelled++;
                    Assert.Contains(send.Site, _placement.PeersOf(_system, site));
                    _parcels.Add((send.Site, send.Parcel.Copied()));
                    break;
                case SiteEffect.Tell tell:
                    _toCoordinator[site].Enqueue(tell.What);
                    break;
            }
        }
    }

    private void Answer(object answer)
    {
        switch (answer)
        {
            case CouplingEvent what:
                Tell(_core.Handle(what));
                break;
            case SiteAnswer.MeshesChanged changed:
                Tell(_core.Handle(changed));
                break;
            case SiteAnswer.ShareSaved share:
                _gathering!.Take(share);
                FinishSnapshot();
                break;
            case SiteAnswer.FieldsSealed told:
                _told.Add(told);
                _sealed += told.IsAnswer ? 1 : 0;
                break;
            case (int participant, ParticipantState state):
                _states[participant] = state;
                FinishSnapshot();
                break;
        }
    }

    private void FinishSnapshot()
    {
        if (_taking is { } taking && _gathering!.IsComplete && Array.TrueForAll(_states, s => s is not null))
        {
            Snapshots.Add(new RunSnapshot(taking.Window, taking.Tick, _gathering.SaveFields(), [.. _states!]));
            _taking = null;
        }
    }

    private void Tell(ImmutableArray<CouplingCommand> commands)
    {
        foreach (var command in commands)
        {
            switch (command)
            {
                case CouplingCommand.Script script:
                    Broadcast(script.Entry);
                    break;
                case CouplingCommand.Commit commit:
                    Assert.Equal(Committed, commit.Record.Index);
                    _records.Add(commit.Record);
                    break;
                case CouplingCommand.TakeSnapshot take:
                    (_taking, _gathering, _states) = (take, _core.Gather(), new ParticipantState?[_sessions.Length]);
                    Broadcast(new ScriptEntry.SaveShare(take.Window));
                    foreach (var node in _system.Participants)
                    {
                        _toSites[_placement.Participants[node.Index]].Enqueue(node.Index);
                    }

                    break;
                case CouplingCommand.Finish finish:
                    _finish = finish;
                    break;
                case CouplingCommand.Note:
                    break;
                default:
                    throw new InvalidOperationException($"Nobody carries out {command.GetType().Name}.");
            }
        }
    }
}
