using System.Collections.Immutable;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Coupling.Recording;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Tests.Coupling;

/// <summary>
/// Drives a coupling core as badly as a correct transport can: participants are slow and work their orders off one after the
/// other, answers come in any order, twice, or long after anybody wants them, and the journal lags and stutters.
/// </summary>
/// <remarks>
/// A participant prepares for every order, also where a later one has overtaken it; whether it then still advances is left to chance.
/// </remarks>
public sealed class ShuffledRunner
{
    private readonly CoupledSystem _system;
    private readonly Random _random;
    private readonly CouplingCore _core;
    private readonly ParticipantSession[] _sessions;
    private readonly Queue<(CouplingCommand.Advance Order, PortReader Inputs)>[] _orders;
    private readonly List<CouplingEvent> _underWay = [];
    private readonly List<CouplingEvent> _delivered = [];
    private readonly HashSet<long> _timedOut = [];
    private readonly ImmutableArray<WindowRecord>.Builder _records = ImmutableArray.CreateBuilder<WindowRecord>();
    private readonly List<RunSnapshot> _snapshots = [];
    private long _durable;
    private CouplingCommand.Finish? _finish;

    public ShuffledRunner(CoupledSystem system, int seed, RunSnapshot? from = null, FieldRecorder? recorder = null)
    {
        (_system, _random) = (system, new Random(seed));
        _core = new CouplingCore(system, from?.Fields, null, null, null, recorder, isStrict: true);
        _sessions = [.. system.Participants.Select(node => new ParticipantSession(node, system.Experiment.Seed, ChunkedLoop.Serial))];
        _orders = [.. system.Participants.Select(_ => new Queue<(CouplingCommand.Advance, PortReader)>())];
        From = from;
    }

    /// <summary>The probability that an order runs into its time limit, at most once per root window.</summary>
    public double Timeouts { get; init; }

    /// <summary>The probability, per step, that somebody asks for a snapshot.</summary>
    public double SnapshotRequests { get; init; }

    /// <summary>The probability, per step, that the user stops the run.</summary>
    public double Stops { get; init; }

    /// <summary>The snapshots that were taken.</summary>
    public IReadOnlyList<RunSnapshot> Snapshots => _snapshots;

    /// <summary>How many answers were dropped.</summary>
    public long Dropped => _core.Dropped;

    /// <summary>How many timeouts were reported.</summary>
    public int TimeoutsReported => _timedOut.Count;

    /// <summary>The hash of the run, where it completed.</summary>
    public string FinalHash => _core.FinalHash(_finish!.Tick, _snapshots[^1].States);

    private RunSnapshot? From { get; }

    public Trace Run()
    {
        if (From is null)
        {
            foreach (var session in _sessions)
            {
                _core.Fields.SetStart(session.Node.Index, session.Initialize());
            }
        }
        else
        {
            foreach (var session in _sessions)
            {
                session.Restore(From.States[session.Node.Index]);
            }
        }

        _durable = From?.Window ?? 0;
        Tell(new CouplingEvent.Started(From?.Tick ?? 0, From?.Window ?? 0));
        while (_finish is null)
        {
            Step();
        }

        return new Trace(_finish.Outcome, _records.ToImmutable(),
            _finish.Outcome == RunOutcome.Failed ? [] : [.. _sessions.Select(s => Convert.ToHexString(s.Save().Whole()))],
            [.. _core.Fields.Scalars().Select(s => s.Value)]);
    }

    private long Committed => (From?.Window ?? 0) + _records.Count;

    private void Step()
    {
        if (_random.NextDouble() < SnapshotRequests)
        {
            Tell(new CouplingEvent.SnapshotRequested());
        }

        if (_finish is null && _random.NextDouble() < Stops)
        {
            Tell(new CouplingEvent.StopRequested());
        }

        if (_finish is not null)
        {
            return;
        }

        var waiting = Enumerable.Range(0, _orders.Length).Where(p => _orders[p].Count > 0).ToArray();
        var idle = waiting.Length == 0 && _underWay.Count == 0;
        if (idle || _random.NextDouble() < 0.1)
        {
            // Durability is told late, out of order, and in jumps; but at last it is told.
            var told = idle && _random.NextDouble() < 0.5 ? Committed : _random.NextInt64(Committed + 1);
            Assert.False(idle && _durable == Committed, "The machine went silent before the run was over.");
            _durable = Math.Max(_durable, told);
            Tell(new CouplingEvent.Durable(told));
        }
        else if (_delivered.Count > 0 && _random.NextDouble() < 0.1)
        {
            Tell(_delivered[_random.Next(_delivered.Count)]);
        }
        else if (_underWay.Count > 0 && (waiting.Length == 0 || _random.NextDouble() < 0.5))
        {
            var index = _random.Next(_underWay.Count);
            var answer = _underWay[index];
            _underWay.RemoveAt(index);
            _delivered.Add(answer);
            Tell(answer);
        }
        else if (waiting.Length > 0)
        {
            Work(waiting[_random.Next(waiting.Length)]);
        }
    }

    private void Work(int participant)
    {
        var (order, inputs) = _orders[participant].Dequeue();
        _sessions[participant].Prepare(order);
        var overtaken = _orders[participant].Count > 0;
        if (overtaken && _random.NextDouble() < 0.5)
        {
            return;
        }

        if (_sessions[participant].Node.Spec.TimeLimit is not null && _random.NextDouble() < Timeouts && _timedOut.Add(RootOf(order.Address).Window))
        {
            _underWay.Add(new CouplingEvent.Failed(participant, order.Address, FailureKind.Timeout, "it took too long"));
            if (_random.NextDouble() < 0.5)
            {
                return;
            }
        }

        _underWay.Add(_sessions[participant].Advance(order, inputs, CancellationToken.None));
    }

    private static WindowAddress RootOf(WindowAddress address) => address.Parent is null ? address : RootOf(address.Parent);

    private void Tell(CouplingEvent what)
    {
        foreach (var command in _core.Handle(what))
        {
            switch (command)
            {
                case CouplingCommand.Advance order:
                    _orders[order.Participant].Enqueue((order, _core.InputsOf(order)));
                    break;
                case CouplingCommand.Commit commit:
                    Assert.Equal(Committed, commit.Record.Index);
                    _records.Add(commit.Record);
                    Assert.True(Committed - _durable <= _system.Experiment.RunAhead, "The run is too far ahead of its journal.");
                    break;
                case CouplingCommand.TakeSnapshot take:
                    Assert.All(_orders, queue => Assert.Empty(queue));
                    Assert.Equal(Committed, take.Window);
                    Assert.DoesNotContain(_snapshots, s => s.Window == take.Window);
                    _snapshots.Add(new RunSnapshot(take.Window, take.Tick, _core.SaveFields(), [.. _sessions.Select(s => s.Save())]));
                    break;
                case CouplingCommand.Finish finish:
                    Assert.Equal(Committed, finish.Window);
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
