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
        StartLimit = TimeSpan.FromSeconds(settings.Number("start-limit"));
        AnswerLimit = TimeSpan.FromSeconds(settings.Number("answer-limit"));
        if (settings.Has("program") == settings.Has("listen"))
        {
            throw new ScaleModelException("An external participant has either 'program', which is started, or 'listen', an address at which a peer that you start is waited for.");
        }

        Program = ProgramStart.Of(settings);
        if (Program is null)
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

    /// <summary>The program to start; null where a peer is waited for.</summary>
    public ProgramStart? Program { get; }

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
}
