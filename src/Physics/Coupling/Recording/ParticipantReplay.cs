using System.Globalization;
using System.Runtime.InteropServices;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Coupling.Recording;

/// <summary>
/// Computes one participant again, alone: it advances on the inputs that were recorded, and what it writes is compared with what it wrote
/// then, bit by bit. A suspect solver can be followed this way without the rest of the run.
/// </summary>
public sealed class ParticipantReplay : IDisposable
{
    private readonly ParticipantNode _node;
    private readonly ParticipantSession _session;

    /// <summary>A replay that stands at the start of the run, or at <paramref name="state"/>.</summary>
    /// <param name="system">The coupled system of the run.</param>
    /// <param name="participant">Index of the participant.</param>
    /// <param name="state">Its state, from a snapshot; null for the start of the run.</param>
    /// <param name="degree">How many threads the model may use; it changes no bit.</param>
    /// <exception cref="ScaleModelException">The model cannot start.</exception>
    /// <exception cref="InvalidDataException">The state is of another model or version.</exception>
    public ParticipantReplay(CoupledSystem system, int participant, ParticipantState? state = null, int degree = 1)
    {
        ArgumentNullException.ThrowIfNull(system);
        _node = system.Participants[participant];
        _session = new ParticipantSession(_node, system.Experiment.Seed, new ChunkedLoop(degree));
        try
        {
            if (state is null)
            {
                _ = _session.Initialize();
            }
            else
            {
                _session.Restore(state);
            }
        }
        catch
        {
            _session.Dispose();
            throw;
        }
    }

    /// <summary>The model, to be looked at.</summary>
    public IScaleModel Model => _session.Model;

    /// <summary>Hears how far the participant has come in an advance, from 0 to 1; nobody if null.</summary>
    public Action<double>? OnProgress
    {
        get => _session.OnProgress;
        set => _session.OnProgress = value;
    }

    /// <summary>The participant's state as it stands now.</summary>
    public ParticipantState Save() => _session.Save();

    /// <summary>Advances over a window, which follows the one before.</summary>
    /// <returns>The first difference from what was recorded; null for none.</returns>
    public ReplayDifference? Advance(RecordedWindow window)
    {
        ArgumentNullException.ThrowIfNull(window);
        foreach (var recorded in window.Advances)
        {
            if (recorded.Participant != _node.Index || window.Index < 0)
            {
                continue;
            }

            var inputs = new PortReader(_node.Description, recorded.Window, recorded.Inputs) { Layouts = recorded.Layouts };
            var order = new CouplingCommand.Advance(_node.Index, new WindowAddress(null, 0, window.Index, 0, 0, 0), recorded.Window, recorded.Phase, Rebuild: false, RestoreDepth: -1, SaveDepths: 0);
            var difference = _session.Advance(order, inputs, CancellationToken.None) switch
            {
                CouplingEvent.Advanced computed => Compare(window.Index, recorded, computed),
                CouplingEvent.Failed failed => new ReplayDifference(window.Index, recorded.Window.End, "", -1, double.NaN, double.NaN, $"it fails: {failed.Reason}"),
                var other => throw new InvalidOperationException($"A participant answers an advance with {other.GetType().Name}."),
            };
            if (difference is not null)
            {
                return difference;
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public void Dispose() => _session.Dispose();

    private ReplayDifference? Compare(long window, RecordedAdvance recorded, CouplingEvent.Advanced computed)
    {
        for (var port = 0; port < recorded.Outputs.Length; port++)
        {
            var name = _node.Description.Ports[port].Port.Name;
            var (then, now) = (recorded.Outputs[port], computed.Samples[port]);
            if (then.Length != now.Length)
            {
                return new ReplayDifference(window, recorded.Window.End, name, -1, then.Length, now.Length, "it writes another number of samples");
            }

            for (var s = 0; s < then.Length; s++)
            {
                if (then[s].Time != now[s].Time)
                {
                    return new ReplayDifference(window, then[s].Time, name, -1, then[s].Time, now[s].Time, "it writes at another time");
                }

                if (then[s].Length != now[s].Length)
                {
                    return new ReplayDifference(window, then[s].Time, name, -1, then[s].Length, now[s].Length, "it writes another number of values");
                }

                // As bits: −0 is not 0 here.
                var same = MemoryMarshal.Cast<double, long>(then[s].Values).CommonPrefixLength(MemoryMarshal.Cast<double, long>(now[s].Values));
                if (same < then[s].Length)
                {
                    return new ReplayDifference(window, then[s].Time, name, same, then[s].Values[same], now[s].Values[same], "it writes another value");
                }
            }
        }

        return null;
    }
}

/// <summary>In what a participant that was computed again alone differs from its record.</summary>
/// <param name="Window">The root window.</param>
/// <param name="Time">When, s.</param>
/// <param name="Port">The out-port; empty where the participant fails.</param>
/// <param name="Index">Index of the value among the port's numbers; −1 where not a value differs.</param>
/// <param name="Recorded">What was recorded.</param>
/// <param name="Computed">What comes out now.</param>
/// <param name="What">The difference in words.</param>
public sealed record ReplayDifference(long Window, double Time, string Port, int Index, double Recorded, double Computed, string What)
{
    /// <summary>What differs, without where.</summary>
    public string Words => string.Create(CultureInfo.InvariantCulture, $"{What}{(Index < 0 ? "" : $": number {Index} was {Recorded:R} and is {Computed:R}")}");

    /// <summary>The difference as a sentence.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"window {Window} (t = {Time}){(Port.Length == 0 ? "" : $", port '{Port}'")}: {Words}");
}
