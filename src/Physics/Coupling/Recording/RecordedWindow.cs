using System.Collections.Immutable;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Coupling.Recording;

/// <summary>How much of a participant's fields is recorded.</summary>
public enum FieldRecording
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>What it writes.</summary>
    Outputs,

    /// <summary>What it reads and writes: enough to compute it again alone.</summary>
    All,
}

/// <summary>An accepted root window with the fields of its recorded participants.</summary>
/// <param name="Index">How many root windows were accepted before; −1 for the values at the start of the run, where start and end are the same.</param>
/// <param name="StartTick">Start.</param>
/// <param name="EndTick">End.</param>
/// <param name="Advances">
/// The advances that led to the window's end, participant after participant, each in order of time. What was computed in iterations and
/// attempts that were given up is not among them.
/// </param>
public sealed record RecordedWindow(long Index, long StartTick, long EndTick, ImmutableArray<RecordedAdvance> Advances)
{
    /// <summary>The last sample of an out-port in this window; null where there is none.</summary>
    public FieldSample? LastOf(int participant, int port) =>
        Advances.LastOrDefault(a => a.Participant == participant && !a.Outputs[port].IsEmpty)?.Outputs[port][^1];
}

/// <summary>One advance of a participant.</summary>
/// <param name="Participant">Its index in the coupled system.</param>
/// <param name="Window">The window over which it advanced.</param>
/// <param name="Phase">The phase; null for a model without phases, and for the start.</param>
/// <param name="Layouts">Its ports as they stood then.</param>
/// <param name="Inputs">What its in-ports held, by port; default where inputs are not recorded.</param>
/// <param name="Outputs">What it wrote, by port.</param>
public sealed record RecordedAdvance(int Participant, TimeWindow Window, string? Phase, ImmutableArray<PortLayout> Layouts,
    ImmutableArray<Waveform?> Inputs, ImmutableArray<ImmutableArray<FieldSample>> Outputs);

/// <summary>The fields of some root windows as bytes (<see cref="FieldBlockReader"/> reads them).</summary>
/// <param name="First">Index of the first window.</param>
/// <param name="Windows">How many windows there are.</param>
/// <param name="Bytes">The bytes.</param>
public sealed record FieldBlock(long First, int Windows, byte[] Bytes);
