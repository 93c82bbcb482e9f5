using System.Collections.Immutable;
using System.Globalization;
using ActorMultiscale.Actors;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Coupling.Recording;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Host.Commands;

/// <summary><c>verify RUN --participant NAME</c>: computes one participant again, alone, from its recorded inputs.</summary>
internal static class ParticipantVerification
{
    /// <summary>Compares what the participant writes with what it wrote, from a snapshot or the beginning up to <paramref name="end"/>, and its state with those of the snapshots on the way.</summary>
    /// <param name="record">The run.</param>
    /// <param name="participant">The participant's name.</param>
    /// <param name="first">The first window that must be compared.</param>
    /// <param name="end">The window before which to stop.</param>
    /// <param name="threads">How many threads compute.</param>
    /// <param name="show">Is shown how far that has come.</param>
    /// <param name="look">Is shown the model, how many windows lie behind it, and the time, s: where computing begins and after every window. Whether to go on.</param>
    /// <exception cref="RunStoreException">There is no such participant, or its inputs are not recorded.</exception>
    public static VerifyOutput Verify(RecordedRun record, string participant, long first, long end, int threads, Action<RunProgress> show, Func<IScaleModel, long, double, bool>? look = null)
    {
        var system = record.Loaded.System;
        var node = system.Participants.FirstOrDefault(p => p.Name == participant)
            ?? throw new RunStoreException($"The run '{record.Name}' has no participant '{participant}'. {Suggestion.Sentence(participant, [.. system.Participants.Select(p => p.Name)])}");
        var from = record.SnapshotBefore(first);
        var begin = from?.Window ?? 0;
        if (node.Spec.Recording != FieldRecording.All || !record.Fields.Has(begin, end))
        {
            throw new RunStoreException(node.Spec.Recording != FieldRecording.All
                ? $"The inputs of '{participant}' are not recorded: the experiment says 'record = {node.Spec.Recording.ToString().ToLowerInvariant()}' of it."
                : $"Computing '{participant}' again begins at window {begin} and needs the fields of the windows {begin} to {end - 1}; recorded are {record.FieldsInWords}. --from and --to choose others.");
        }

        var snapshots = record.History.Snapshots.Where(s => s.Window > begin && s.Window <= end).GroupBy(s => s.Window).ToDictionary(g => g.Key, g => g.Last());
        var progress = new RecomputationProgress(system, from, show);
        using var replay = Begin(system, node, from, threads);
        replay.OnProgress = done => progress.Hear(node.Index, done);
        var compared = 0L;
        VerifyOutput Differs(WindowDifference window, string what) =>
            new(record.Name, false, compared, $"the participant '{participant}', computed again alone from its recorded inputs, {what}") { From = begin, Participant = participant, Window = window };

        var goesOn = look?.Invoke(replay.Model, begin, system.Window(0, from?.Tick ?? 0).End) ?? true;
        foreach (var window in record.Fields.Windows(begin, end).Where(window => window.Index >= 0).TakeWhile(_ => goesOn))
        {
            if (replay.Advance(window) is { } difference)
            {
                return Differs(new WindowDifference(difference.Window, difference.Time, participant, difference.Port.Length == 0 ? null : difference.Port, difference.Words),
                    $"differs: {difference}");
            }

            compared++;
            if (snapshots.TryGetValue(window.Index + 1, out var snapshot) && !IsThe(replay.Save(), snapshot.ByParticipant().ElementAt(node.Index)))
            {
                return Differs(new WindowDifference(window.Index, system.Window(window.StartTick, window.EndTick).End, participant, null, "its state differs from that of the snapshot"),
                    string.Create(CultureInfo.InvariantCulture, $"writes what it wrote, but its state after window {window.Index} is another than that of the snapshot there"));
            }

            progress.Accept(window.StartTick, window.EndTick);
            goesOn = look?.Invoke(replay.Model, window.Index + 1, system.Window(window.StartTick, window.EndTick).End) ?? true;
        }

        return new VerifyOutput(record.Name, true, compared, null) { From = begin, Participant = participant };
    }

    // In records of before format 5 the state of a team is one archive.
    private static bool IsThe(ParticipantState state, ImmutableArray<string> chunks) =>
        (state.Parts.Length == chunks.Length ? state : state.Whole()).Parts.Select(part => RunEventCodec.Hash(((StatePart.Here)part).Bytes)).SequenceEqual(chunks);

    private static ParticipantReplay Begin(CoupledSystem system, ParticipantNode node, RunSnapshot? from, int threads)
    {
        try
        {
            return new ParticipantReplay(system, node.Index, from?.States[node.Index], threads);
        }
        catch (InvalidDataException fault)
        {
            throw new RunStoreException($"The state of '{node.Name}' in the snapshot at window {from?.Window} does not fit the model as it is now: {fault.Message} Without --from, it is computed from the beginning.", fault);
        }
        catch (Exception fault) when (fault is ScaleModelException or SolverLostException)
        {
            throw new RunStoreException($"The participant '{node.Name}' cannot start: {fault.Message}", fault);
        }
    }
}
