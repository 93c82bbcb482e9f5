using System.Collections.Immutable;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Coupling;

/// <summary>A coupled run as a cut through all its parts at a root boundary: enough to go on from.</summary>
/// <param name="Window">How many root windows were accepted.</param>
/// <param name="Tick">Where the run stands.</param>
/// <param name="Fields">The fields between participants.</param>
/// <param name="States">The participants' states, in the order of the system.</param>
public sealed record RunSnapshot(long Window, long Tick, byte[] Fields, ImmutableArray<ParticipantState> States)
{
    /// <summary>What was counted up to there (<see cref="RunMetrics.Counts"/>), where it is to be recorded.</summary>
    public ImmutableArray<long> Counted { get; init; } = [];
}

/// <summary>How a run ended and what came out.</summary>
/// <param name="Outcome">How it ended.</param>
/// <param name="Reason">Why, where it did not complete.</param>
/// <param name="Windows">How many root windows it has.</param>
/// <param name="FinalHash">The hash by which two runs are called the same; empty where the run failed.</param>
/// <param name="Metrics">Its numbers, by name.</param>
public sealed record RunResult(RunOutcome Outcome, string Reason, long Windows, string FinalHash, ImmutableSortedDictionary<string, double> Metrics);

/// <summary>
/// Runs a coupled system on the caller's thread, without actors: the slow, obvious twin of the actors, and the tool of
/// <c>verify</c>. Both give the same bits.
/// </summary>
/// <param name="system">The coupled system.</param>
/// <param name="degree">How many threads a model may use inside one advance; it changes no bit.</param>
public sealed class SerialRunner(CoupledSystem system, int degree = 1)
{
    /// <summary>Called for every accepted root window, in order; returning false stops the run at that boundary.</summary>
    public Func<WindowRecord, bool> OnWindow { get; init; } = static _ => true;

    /// <summary>Where root windows ended when the run was recorded; of use where lengths depended on the clock.</summary>
    public IEnumerable<long>? RecordedEnds { get; init; }

    /// <summary>Called for every snapshot that the experiment asks for, and at the end.</summary>
    public Action<RunSnapshot> OnSnapshot { get; init; } = static _ => { };

    /// <summary>Called for what a log would want to know.</summary>
    public Action<string> OnNote { get; init; } = static _ => { };

    /// <summary>Hears how far a participant, by its index, has come in an advance, from 0 to 1; nobody if null.</summary>
    public Action<int, double>? OnProgress { get; init; }

    /// <summary>Runs from the start, or from <paramref name="from"/>.</summary>
    public RunResult Run(RunSnapshot? from = null)
    {
        var core = new CouplingCore(system, from?.Fields, runAhead: 1, RecordedEnds);      // So that OnWindow is asked before the next window is begun.
        var loop = new ChunkedLoop(degree);
        var sessions = system.Participants.Select(node => new ParticipantSession(node, system.Experiment.Seed, loop)
        {
            OnProgress = OnProgress is { } hear ? done => hear(node.Index, done) : null,
        }).ToList();
        try
        {
            return Run(core, sessions, from);
        }
        finally
        {
            sessions.ForEach(session => session.Dispose());
        }
    }

    private RunResult Run(CouplingCore core, List<ParticipantSession> sessions, RunSnapshot? from)
    {
        foreach (var session in sessions)
        {
            if (from is not null)
            {
                session.Restore(from.States[session.Node.Index]);
                continue;
            }

            try
            {
                core.Fields.SetStart(session.Node.Index, session.Initialize());
            }
            catch (Exception fault)
            {
                return new RunResult(RunOutcome.Failed, $"'{session.Node.Name}' cannot start: {fault.Message}", 0, "", new RunMetrics().With([]));
            }
        }

        var metrics = new RunMetrics();
        var commands = new Queue<CouplingCommand>();
        void Tell(CouplingEvent what)
        {
            foreach (var command in core.Handle(what))
            {
                commands.Enqueue(command);
            }
        }

        RunSnapshot? last = null;
        Tell(new CouplingEvent.Started(from?.Tick ?? 0, from?.Window ?? 0));
        while (commands.TryDequeue(out var command))
        {
            switch (command)
            {
                case CouplingCommand.Advance order:
                    // The inputs are taken when the order is given; entries of one stage do not see each other.
                    var inputs = core.InputsOf(order);
                    Tell(Advance(sessions[order.Participant], order, inputs));
                    break;
                case CouplingCommand.Commit commit:
                    metrics.Add(commit.Record);
                    if (!OnWindow(commit.Record))
                    {
                        Tell(new CouplingEvent.StopRequested());
                    }

                    Tell(new CouplingEvent.Durable(commit.Record.Index + 1));
                    break;
                case CouplingCommand.TakeSnapshot take:
                    try
                    {
                        last = new RunSnapshot(take.Window, take.Tick, core.SaveFields(), [.. sessions.Select(s => s.Save())]);
                    }
                    catch (SolverLostException fault)
                    {
                        return new RunResult(RunOutcome.Failed, fault.Message, take.Window, "", metrics.With([]));
                    }

                    OnSnapshot(last);
                    break;
                case CouplingCommand.Note note:
                    OnNote(note.Text);
                    break;
                case CouplingCommand.Finish finish:
                    return new RunResult(finish.Outcome, finish.Reason, finish.Window,
                        last is not null && finish.Outcome is RunOutcome.Completed or RunOutcome.Stopped ? core.FinalHash(finish.Tick, last!.States) : "",
                        metrics.With(core.Fields.Scalars()));
                default:
                    throw new InvalidOperationException($"The serial runner knows no command {command.GetType().Name}.");
            }
        }

        throw new InvalidOperationException("The coupling machine went silent before the run was over.");
    }

    private static CouplingEvent Advance(ParticipantSession session, CouplingCommand.Advance order, PortReader inputs)
    {
        try
        {
            session.Prepare(order);
        }
        catch (SolverLostException fault)
        {
            return ParticipantSession.Failure(order, fault);
        }

        return session.Advance(order, inputs, CancellationToken.None);
    }
}
