using System.Collections.Immutable;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Host.Interop.External;

/// <summary>
/// A participant whose solver is a program in any language, in a process of its own. The experiment describes its ports, so that
/// an experiment is composed and checked without starting anything; the program starts when it is first needed, must describe the
/// same ports, and ends with the model. The protocol: <c>docs/external-participants.md</c>.
/// </summary>
public sealed class ExternalModel : IScaleModel, IDisposable
{
    private readonly ExternalSettings _settings;
    private readonly Lock _ending = new();
    private ExternalPeer? _peer;
    private bool _ended;

    private ExternalModel(ModelSettings settings) => _settings = new ExternalSettings(settings);

    /// <summary>The model for experiments.</summary>
    public static ModelEntry Entry { get; } = new("external", "A solver in another process and any language, over a connection on this machine",
        [
            .. ProgramStart.Settings,
            new Setting("listen", SettingKind.Text, "instead of 'program': the address at which a peer that you start is waited for, such as 127.0.0.1:4711") { Optional = true },
            new Setting("ports", SettingKind.Texts, "its ports, each as 'in|out NAME SYMBOL UNIT, ...'; the program describes the same"),
            Setting.Texts("phases", "the phases of a step, in order", []),
            Setting.File("geometry", "where the points of its ports lie: a line 'PORT x y z' for each", optional: true),
            Setting.Flag("restores", "whether it can save and restore its state", true),
            Setting.Positive("start-limit", "s", "wall-clock time that it may take to join", 30),
            Setting.Positive("answer-limit", "s", "wall-clock time that it may take for one answer; it never changes numbers", 60),
        ],
        settings => new ExternalModel(settings));

    /// <inheritdoc/>
    public ModelDescription Description => _settings.Description;

    /// <inheritdoc/>
    /// <exception cref="SolverLostException">The program does not start or join, or is lost.</exception>
    public void Initialize(PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        Start().Initialize(outputs);
    }

    /// <inheritdoc/>
    /// <exception cref="SolverLostException">The program is lost; the model cannot be used until its state is restored.</exception>
    public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(outputs);
        Joined().Advance(context, inputs, outputs);
    }

    /// <inheritdoc/>
    /// <exception cref="SolverLostException">The program is lost, or cannot be set back.</exception>
    public void Archive(StateArchive archive)
    {
        ArgumentNullException.ThrowIfNull(archive);
        _ = archive.Version(1);
        var state = archive.IsRestoring || !Description.CanRestore ? [] : Joined().Save();
        archive.Field("state", ref state);
        if (!archive.IsRestoring)
        {
            return;
        }

        if (!Description.CanRestore)
        {
            throw new ScaleModelException($"'{_settings.Name}' cannot restore its state ('restores = false'), so the run cannot go on from a snapshot. Start it again from the beginning.");
        }

        // A program that is lost is replaced by a fresh one: the state is all that it needs.
        (_peer is { IsLost: false } peer ? peer : Start()).Restore(state);
    }

    /// <summary>Ends the program and all that it started. May be called by any thread; whoever waits for an answer gets an exception.</summary>
    public void Dispose()
    {
        lock (_ending)
        {
            _ended = true;
        }

        _peer?.Dispose();
    }

    private ExternalPeer Joined() => _peer ?? throw new SolverLostException($"The program of '{_settings.Name}' was not started: the model was neither initialized nor restored.");

    private ExternalPeer Start()
    {
        ExternalPeer peer;
        lock (_ending)
        {
            ObjectDisposedException.ThrowIf(_ended, this);
            _peer?.Dispose();
            _peer = peer = new ExternalPeer(_settings);
        }

        peer.Join();
        return peer;
    }
}
