using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Host.Interop.External;

/// <summary>What an experiment says of an external participant, looked through.</summary>
internal sealed record ExternalSettings
{
    /// <summary>Reads and checks <paramref name="settings"/>; starts nothing and opens nothing.</summary>
    /// <exception cref="ScaleModelException">They do not say how the peer comes, or describe no ports.</exception>
    public ExternalSettings(ModelSettings settings)
    {
        Name = settings.Name;
        Arguments = settings.Texts("arguments");
        Folder = settings.Has("folder") ? settings.Text("folder") : Environment.CurrentDirectory;
        StartLimit = TimeSpan.FromSeconds(settings.Number("start-limit"));
        AnswerLimit = TimeSpan.FromSeconds(settings.Number("answer-limit"));
        if (settings.Has("program") == settings.Has("listen"))
        {
            throw new ScaleModelException("An external participant has either 'program', which is started, or 'listen', an address at which a peer that you start is waited for.");
        }

        if (settings.Has("program"))
        {
            if (!Directory.Exists(Folder))
            {
                throw new ScaleModelException($"The folder '{Folder}', in which the program is to run, does not exist.");
            }

            Program = Find(settings.Text("program"));
        }
        else
        {
            Listen = AddressOf(settings.Text("listen"));
        }

        var geometry = settings.File("geometry") is { } file ? GeometryText.Parse(file) : ImmutableDictionary<string, PointCloud>.Empty;
        var ports = settings.Texts("ports").Select(PortLine.Parse).Select(p => geometry.TryGetValue(p.Port.Name, out var points) ? p with { Geometry = points } : p).ToImmutableArray();
        if (ports.IsEmpty)
        {
            throw new ScaleModelException("'ports' is empty; a participant has at least one port.");
        }

        foreach (var (name, points) in geometry)
        {
            var layout = ports.FirstOrDefault(p => p.Port.Name == name) ?? throw new ScaleModelException($"The geometry names the port '{name}', which 'ports' does not have.");
            if (layout.Points != points.Count)
            {
                throw new ScaleModelException(string.Create(CultureInfo.InvariantCulture, $"The geometry has {points.Count} points for the port '{name}', which is described with {(layout.Points < 0 ? "any number of them; points that vary have no geometry" : layout.Points)}."));
            }
        }

        var phases = settings.Texts("phases");
        if (ports.FirstOrDefault(p => p.Port.Phase is { } phase && !phases.Contains(phase)) is { } stray)
        {
            throw new ScaleModelException($"The port '{stray.Port.Name}' belongs to the phase '{stray.Port.Phase}', which 'phases' does not name.");
        }

        try
        {
            Description = new ModelDescription(ports) { Phases = phases, CanRestore = settings.Flag("restores"), MayBeLost = settings.Flag("restores") };
        }
        catch (ArgumentException fault)
        {
            throw new ScaleModelException(fault.Message, fault);
        }
    }

    /// <summary>The participant's name.</summary>
    public string Name { get; }

    /// <summary>The program to start, an absolute path; null where a peer is waited for.</summary>
    public string? Program { get; }

    /// <summary>Its arguments, one by one; no shell sees them.</summary>
    public ImmutableArray<string> Arguments { get; }

    /// <summary>The folder in which it runs.</summary>
    public string Folder { get; }

    /// <summary>Where a peer is waited for; null where a program is started.</summary>
    public IPEndPoint? Listen { get; }

    /// <summary>How long the peer may take to join.</summary>
    public TimeSpan StartLimit { get; }

    /// <summary>How long it may take to answer.</summary>
    public TimeSpan AnswerLimit { get; }

    /// <summary>The ports, as the experiment describes them.</summary>
    public ModelDescription Description { get; }

    private static IPEndPoint AddressOf(string text) =>
        IPEndPoint.TryParse(text, out var address) && IPAddress.IsLoopback(address.Address) && address.Port > 0
            ? address
            : throw new ScaleModelException($"'{text}' is no address to listen at; one on this machine is, with its port: '127.0.0.1:4711'. What passes is not encrypted and leaves no machine.");

    // As a shell would find it: a name on the path, anything with a slash from the folder in which it runs.
    private string Find(string program)
    {
        var places = program.Contains('/', StringComparison.Ordinal)
            ? [Path.GetFullPath(program, Folder)]
            : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).Select(folder => Path.Combine(folder, program)).ToList();
        return places.FirstOrDefault(IsExecutable)
            ?? throw new ScaleModelException(places.FirstOrDefault(File.Exists) is { } found
                ? $"The program '{found}' may not be executed. Is it a script whose interpreter is the program, and the script its first argument?"
                : program.Contains('/', StringComparison.Ordinal) ? $"There is no program '{places[0]}'. Was it built?" : $"There is no program '{program}' on the path. Is it installed? One that stands elsewhere is written with its path, such as './{program}'.");
    }

    private static bool IsExecutable(string path) =>
        File.Exists(path) && (OperatingSystem.IsWindows() || (File.GetUnixFileMode(path) & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) != 0);
}
