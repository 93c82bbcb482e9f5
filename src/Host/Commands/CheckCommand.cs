using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ActorMultiscale.Actors;
using ActorMultiscale.Host.Composition;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Coupling.Recording;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Host.Commands;

/// <summary><c>check FILE</c>: says what is wrong with an experiment, or what running it will take.</summary>
internal static class CheckCommand
{
    // A window record in the journal: about this many bytes, and about these many more for each out-port.
    private const int BytesPerRecord = 170;
    private const int BytesPerFingerprint = 21;

    // What a run takes that computes nothing, measured: the program with its actors and database, and a store with one window.
    private const long BytesOfProgram = 128_000_000;
    private const long BytesOfEmptyStore = 57_000;

    public static Command Create()
    {
        var experiment = SharedOptions.Experiment();
        var set = SharedOptions.Set();
        var json = SharedOptions.Json();
        var command = new Command("check", "Check an experiment without running it") { experiment, set, json };
        command.SetAction(parsed =>
        {
            var loaded = ExperimentLoader.Load(parsed.GetValue(experiment)!, parsed.GetValue(set) ?? []);
            for (var stage = loaded.NextStage; stage is not null;)
            {
                // Every stage is composed; the estimate is of the last.
                loaded = ExperimentLoader.Load(loaded.File, loaded.Overrides, stage);
                stage = loaded.NextStage;
            }

            var output = Estimate(loaded);
            if (parsed.GetValue(json))
            {
                Console.Out.WriteLine(JsonSerializer.Serialize(output, HostJson.Readable.ExperimentCheckOutput));
                return ExitCode.Ok;
            }

            Console.Out.WriteLine($"{output.Experiment}: valid");
            Console.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {output.Windows} windows of {loaded.System.Experiment.Window} s, {output.Participants.Length} participants: {string.Join(", ", output.Participants)}"));
            Console.Out.WriteLine($"  about {Words(output.MemoryBytes)} of memory, and {Words(output.DiskBytes)} on disk{(output.FieldBytes > 1_000_000 ? $", {Words(output.FieldBytes)} of it recorded fields ('record = none' for a participant, or --no-fields, leaves them out)" : "")}");
            if (!output.Placement.IsEmpty)
            {
                Console.Out.WriteLine($"  in a cluster: {string.Join(", ", output.Placement.Select(Words))}");
            }

            foreach (var warning in output.Warnings)
            {
                Console.Out.WriteLine($"  warning: {warning}");
            }

            return ExitCode.Ok;
        });
        return command;
    }

    private static ExperimentCheckOutput Estimate(LoadedExperiment loaded)
    {
        var system = loaded.System;
        long state = 0, memory = 0, fields = 0;
        foreach (var node in system.Participants)
        {
            // A check starts no program; what its process takes is its own.
            if (node.Spec.Model == Interop.External.ExternalModel.Entry)
            {
                continue;
            }

            using var session = new ParticipantSession(node, system.Experiment.Seed, ChunkedLoop.Serial);
            try
            {
                foreach (var samples in session.Initialize())
                {
                    fields += samples.Sum(s => (long)s.Length * sizeof(double));
                }
            }
            catch (Exception fault)
            {
                throw new InvalidExperimentException($"'{node.Name}' cannot start: {fault.Message}", fault);
            }

            var bytes = session.Save().Length;
            var checkpoints = 0;
            for (var g = node.Group; g >= 0; g = system.Groups[g].Parent)
            {
                checkpoints += system.Groups[g].KeepsCheckpoint ? 1 : 0;
            }

            state += bytes;
            memory += bytes * (2 + checkpoints);      // The model itself, one snapshot on its way to the store, checkpoints.
        }

        var windows = system.NominalWindows;
        var perWindow = system.Participants.Sum(node => RecordedBytes(system, node));
        var recorded = perWindow > FieldRecorder.LargestPath ? 0 : windows * perWindow;
        var snapshots = 1 + (system.Experiment.SnapshotEvery > 0 ? windows / system.Experiment.SnapshotEvery : 0);
        var record = BytesPerRecord + (BytesPerFingerprint * system.OutPorts.Count());
        return new ExperimentCheckOutput(system.Experiment.Name, true, windows, [.. system.Participants.Select(p => p.Name)],
            BytesOfProgram + memory + (4 * fields) + Math.Min(2 * perWindow, 2 * FieldRecorder.LargestPath) + Math.Min(recorded, RunSettings.MostFieldsWaiting), BytesOfEmptyStore + (windows * record) + (snapshots * (state + fields)) + recorded, loaded.Warnings)
        {
            FieldBytes = recorded,
            Placement = system.Experiment.Placement,
        };
    }

    // Of one root window, one sample an advance and before compression; how many substeps a model writes, it alone knows.
    private static long RecordedBytes(CoupledSystem system, ParticipantNode node)
    {
        var numbers = 0L;
        for (var port = 0; port < node.Description.Ports.Length && node.Spec.Recording != FieldRecording.None; port++)
        {
            var layout = node.Description.Ports[port];
            numbers += layout.Port.Direction == PortDirection.Out || node.Spec.Recording == FieldRecording.All ? Math.Max(0, layout.Length) : 0;
        }

        for (var group = node.Group; group >= 0; group = system.Groups[group].Parent)
        {
            numbers *= system.Groups[group].Spec.Windows;
        }

        return numbers * sizeof(double);
    }

    private static string Words(PlacementRule rule) =>
        $"{rule.Participants}{(rule.Role is { } role ? $" on nodes of the role '{role}'" : "")}{(rule.With is { } with ? $" with {with}" : "")}{(rule.LeastNodes is { } least ? string.Create(CultureInfo.InvariantCulture, $" when {least} or more are there") : "")}";

    private static string Words(long bytes) => bytes switch
    {
        < 10_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes} B"),
        < 10_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e3:0} kB"),
        < 10_000_000_000 => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0} MB"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0} GB"),
    };
}

/// <summary>What <c>check</c> says of a valid experiment.</summary>
/// <param name="Experiment">Its name.</param>
/// <param name="Valid">Always true: an invalid one ends with exit code 3.</param>
/// <param name="Windows">Root windows.</param>
/// <param name="Participants">Who takes part.</param>
/// <param name="MemoryBytes">About how much memory program, states, checkpoints and fields take.</param>
/// <param name="DiskBytes">About how much the record takes.</param>
/// <param name="Warnings">What is doubtful.</param>
public sealed record ExperimentCheckOutput(string Experiment, bool Valid, long Windows, ImmutableArray<string> Participants, long MemoryBytes, long DiskBytes, ImmutableArray<string> Warnings)
{
    /// <summary>About how much of it are recorded fields.</summary>
    public long FieldBytes { get; init; }

    /// <summary>On which nodes of a cluster participants are computed, where the experiment says it; the first rule that is of a participant holds.</summary>
    public ImmutableArray<PlacementRule> Placement { get; init; } = [];
}
