using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Tests.Coupling;

/// <summary>
/// A linear oscillator-like model for tests of the machine: x ← a x + b u + c t over its window, with substeps, where u is what
/// it hears. Everything it heard enters its state, so that any wrong value, order or restore changes its bits for good.
/// </summary>
internal sealed class Listener : IScaleModel
{
    public static readonly Port<double> In = Port.In<double>("in", Quantities.Number);
    public static readonly Port<double> ExtraIn = Port.In<double>("extra", Quantities.Number) with { Optional = true };
    public static readonly Port<double> FlowIn = Port.In<double>("flow-in", Flow) with { Optional = true };
    public static readonly Port<double> Out = Port.Out<double>("out", Quantities.Number);
    public static readonly Port<double> FlowOut = Port.Out<double>("flow", Flow);
    public static readonly Port<double> FlowHeard = Port.Out<double>("flow-heard", Quantities.Number);
    public static readonly Port<double> FlowSent = Port.Out<double>("flow-sent", Quantities.Number);
    public static readonly Port<double> Count = Port.Out<double>("count", Quantities.Number);

    private readonly int _substeps;
    private readonly double _gain;
    private readonly double _longest;
    private readonly double _nanAfter;
    private double _x;
    private double _memory;
    private double _flowHeard;
    private double _flowSent;
    private long _count;

    private Listener(ModelSettings settings)
    {
        _substeps = settings.Integer("substeps");
        _gain = settings.Number("gain");
        _longest = settings.Number("longest");
        _nanAfter = settings.Number("nan-after");
        _x = settings.Number("start");
    }

    public static Quantity Flow => new("Q", Unit.One, Nature.Extensive, TimeMeaning.WindowIntegral);

    public static ModelEntry Entry { get; } = new("listener", "Remembers all it hears",
        [
            Setting.Integer("substeps", "steps per window", 1),
            Setting.Number("gain", "1", "how much of what it hears it takes over", 0.3),
            Setting.Number("start", "1", "value at the start", 1),
            Setting.Number("longest", "s", "longest window that it can do", 1e9),
            Setting.Number("nan-after", "s", "time after which it writes NaN, for windows longer than 'longest'", 1e9),
        ],
        settings => new Listener(settings));

    public ModelDescription Description { get; } = new(
        new(In, 1), new(ExtraIn, 1), new(FlowIn, 1), new(Out, 1), new(FlowOut, 1), new(FlowHeard, 1), new(FlowSent, 1), new(Count, 1));

    public void Initialize(PortWriter outputs) => Write(outputs, 0, 0);

    public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
    {
        var window = context.Window;
        _count++;
        if (window.Length > _longest * (1 + 1e-12) && _nanAfter > 1e8)
        {
            throw new ScaleModelException($"the window {window.Length} is longer than {_longest}");
        }

        var time = window.Start;
        for (var step = 0; step < _substeps; step++)
        {
            var end = window.EndOfStep(step, _substeps);
            var heard = inputs.Read(In, end)[0] + (inputs.IsConnected(ExtraIn) ? 0.1 * inputs.Read(ExtraIn, 0.5 * (time + end))[0] : 0);
            if (inputs.IsConnected(FlowIn))
            {
                _flowHeard += inputs.Over(FlowIn, time, end)[0];
            }

            _memory = (0.9 * _memory) + heard;
            _x = (0.5 * _x) + (_gain * heard) + (0.01 * Math.Sin(end)) + (1e-3 * _memory);
            var flow = (end - time) * (1 + _x);
            _flowSent += flow;
            if (window.Length > _longest && end > _nanAfter)
            {
                _x = double.NaN;
            }

            Write(outputs, end, flow);
            time = end;
        }
    }

    public void Archive(StateArchive archive)
    {
        archive.Value("x", ref _x);
        archive.Value("memory", ref _memory);
        archive.Value("flow-heard", ref _flowHeard);
        archive.Value("flow-sent", ref _flowSent);
        archive.Value("count", ref _count);
    }

    private void Write(PortWriter outputs, double time, double flow)
    {
        outputs.Write(Out, time, _x);
        outputs.Write(FlowOut, time, flow);
        outputs.Write(FlowHeard, time, _flowHeard);
        outputs.Write(FlowSent, time, _flowSent);
        outputs.Write(Count, time, _count);
    }
}

/// <summary>A model with two phases: it shows its value in the first and takes a correction in the second.</summary>
internal sealed class TwoPhase : IScaleModel
{
    private static readonly Port<double> _correction = Port.In<double>("correction", Quantities.Number) with { Phase = "correct" };
    private static readonly Port<double> _prediction = Port.Out<double>("prediction", Quantities.Number) with { Phase = "predict" };
    private static readonly Port<double> _value = Port.Out<double>("value", Quantities.Number);
    private double _x = 1;

    public static ModelEntry Entry { get; } = new("two-phase", "Predicts, then corrects", _ => new TwoPhase());

    public ModelDescription Description { get; } = new(new(_correction, 1), new(_prediction, 1), new(_value, 1)) { Phases = ["predict", "correct"] };

    public void Initialize(PortWriter outputs)
    {
        outputs.Write(_prediction, 0, _x);
        outputs.Write(_value, 0, _x);
    }

    public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
    {
        if (context.Phase == "predict")
        {
            _x *= 2;
            outputs.Write(_prediction, context.Window.End, _x);
        }
        else
        {
            _x += inputs.Read(_correction, context.Window.End)[0];
            outputs.Write(_value, context.Window.End, _x);
        }
    }

    public void Archive(StateArchive archive) => archive.Value("x", ref _x);
}

/// <summary>
/// Drives a coupled system like the serial runner, but carries out waiting orders in random order, and lets a test do harm:
/// answers told twice, answers for orders long gone, time limits passed.
/// </summary>
internal sealed class Harness(CoupledSystem system, ulong seed)
{
    private readonly Physics.Numerics.Philox _random = new(seed, 0);
    private long _draw;

    public double TimeoutRate { get; init; }

    public double DuplicateRate { get; init; }

    /// <summary>How many windows are told to be durable at a time; late on purpose.</summary>
    public int DurableBatch { get; init; } = 1;

    public List<WindowRecord> Records { get; } = [];

    public List<RunSnapshot> Snapshots { get; } = [];

    public long MostAhead { get; private set; }

    public int Timeouts { get; private set; }

    public RunResult Run(RunSnapshot? from = null)
    {
        var core = new CouplingCore(system, from?.Fields);
        var sessions = system.Participants.Select(node => new ParticipantSession(node, system.Experiment.Seed, Physics.Numerics.ChunkedLoop.Serial)).ToList();
        foreach (var session in sessions)
        {
            if (from is null)
            {
                core.Fields.SetStart(session.Node.Index, session.Initialize());
            }
            else
            {
                session.Restore(from.States[session.Node.Index]);
            }
        }

        // One line of orders a participant, as in an actor: in order for each, in any order among them.
        var lines = system.Participants.Select(_ => new Queue<(CouplingCommand.Advance Order, PortReader Inputs)>()).ToArray();
        var answers = new List<CouplingEvent>();
        var timedOut = new HashSet<WindowAddress>();
        var metrics = new RunMetrics();
        long durable = from?.Window ?? 0, accepted = durable;
        CouplingCommand.Finish? finish = null;
        void Tell(CouplingEvent what)
        {
            foreach (var command in core.Handle(what))
            {
                switch (command)
                {
                    case CouplingCommand.Advance order:
                        lines[order.Participant].Enqueue((order, core.InputsOf(order)));
                        break;
                    case CouplingCommand.Commit commit:
                        Records.Add(commit.Record);
                        metrics.Add(commit.Record);
                        accepted = commit.Record.Index + 1;
                        MostAhead = Math.Max(MostAhead, accepted - durable);
                        break;
                    case CouplingCommand.TakeSnapshot take:
                        Snapshots.Add(new RunSnapshot(take.Window, take.Tick, core.SaveFields(), [.. sessions.Select(s => s.Save())]));
                        break;
                    case CouplingCommand.Finish end:
                        finish = end;
                        break;
                }
            }
        }

        Tell(new CouplingEvent.Started(from?.Tick ?? 0, from?.Window ?? 0));
        while (finish is null)
        {
            var busy = Enumerable.Range(0, lines.Length).Where(p => lines[p].Count > 0).ToList();
            if (busy.Count == 0)
            {
                Assert.True(accepted > durable, "nobody has an order, and everything is durable: the machine is stuck");
                durable = Math.Min(accepted, durable + DurableBatch);
                Tell(new CouplingEvent.Durable(durable));
                continue;
            }

            if (Draw() < 0.3 && accepted - durable >= DurableBatch)
            {
                durable += DurableBatch;
                Tell(new CouplingEvent.Durable(durable));
                continue;
            }

            var line = lines[busy[(int)(Draw() * busy.Count)]];
            var (order, inputs) = line.Dequeue();
            sessions[order.Participant].Prepare(order);
            if (line.Count > 0)
            {
                continue;       // Overtaken: prepared, not computed.
            }

            // At most one timeout a window, or the run would rightly end.
            if (Draw() < TimeoutRate && timedOut.Add(order.Address with { Iteration = 0, Attempt = 0, Stage = 0 }) && system.Groups[order.Address.Group].KeepsCheckpoint)
            {
                Timeouts++;
                Tell(new CouplingEvent.Failed(order.Participant, order.Address, FailureKind.Timeout, "injected"));
                continue;
            }

            var answer = sessions[order.Participant].Advance(order, inputs, CancellationToken.None);
            Tell(answer);
            answers.Add(answer);
            if (Draw() < DuplicateRate && finish is null)
            {
                // Not the same instant again: anything that was ever said.
                Tell(answers[(int)(Draw() * answers.Count)]);
            }
        }

        var hash = finish.Outcome is RunOutcome.Completed or RunOutcome.Stopped ? core.FinalHash(finish.Tick, [.. sessions.Select(s => s.Save())]) : "";
        return new RunResult(finish.Outcome, finish.Reason, finish.Window, hash, metrics.With(core.Fields.Scalars()));
    }

    private double Draw() => _random.Uniform(_draw++, 0, 0);
}
