using System.Collections.Immutable;
using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Tests.Continuum.Participants;

/// <summary>A body as a whole and in sub-domains, side by side.</summary>
internal static class DividedStand
{
    /// <summary>The experiment of one body, alone.</summary>
    public static Experiment Of(ModelEntry entry, (string Key, object Value)[] settings, double window, int windows, SubdomainScheme? scheme) => new()
    {
        Name = "body",
        Window = window,
        Until = window * windows,
        Participants = [Participant.Of("body", entry, settings) with { Subdomains = scheme }],
        Conduits = [],
        Scheme = CouplingScheme.Serial("body"),
    };

    /// <summary>The same experiment with a load that rises from zero, given to one of the body's ports: to that of the whole, or of the sub-domains that have it.</summary>
    public static Experiment Loaded(Experiment experiment, string port, Port load, double[] rates, params int[] subdomains) => experiment with
    {
        Participants = [.. experiment.Participants, new(load.Name, new(load.Name, "", _ => new RampModel(load, rates)), new(load.Name, new(load.Name, "", _ => new RampModel(load, rates)), []))],
        Conduits =
        [
            .. experiment.Conduits,
            .. (experiment.Participants[0].Subdomains is null ? ["body"] : subdomains.Select(i => $"body[{i}]")).Select(name => new Conduit($"{load.Name}.{load.Name}", $"{name}.{port}")),
        ],
        Scheme = CouplingScheme.Serial([.. experiment.Participants.Skip(1).Select(p => p.Name), load.Name, "body"]),
    };

    /// <summary>Sub-domains that agree far better than is asked of the result.</summary>
    public static SubdomainScheme Scheme(int[] parts, int overlap, int[] coarse) => new(new([.. parts], overlap, [.. coarse])) { Tolerance = 1e-12, Absolute = 1e-13 };

    /// <summary>Runs it. Gives what the models show in the end, and the number of iterations of all windows.</summary>
    public static (List<MeshView> Views, double Iterations, RunResult Result) Run(Experiment experiment)
    {
        var models = new Dictionary<string, IScaleModel>();
        ModelEntry Watched(ModelEntry entry) => entry with
        {
            Create = settings =>
            {
                var model = entry.Create(settings);
                models[$"{settings.Name}[{settings.EnsembleIndex}] {entry.Kind}"] = model;
                return model;
            },
            Divide = entry.Divide is null ? null : (settings, asked) => entry.Divide(settings, asked) is var divided ? divided with { Subdomain = Watched(divided.Subdomain) } : divided,
        };
        var result = new SerialRunner(Composition.Compose(experiment with { Participants = [.. experiment.Participants.Select(p => p with { Model = Watched(p.Model) })] })).Run();
        Assert.True(result.Outcome == RunOutcome.Completed, result.Reason);
        return ([.. models.Values.OfType<IViewable>().Select(m => m.View())], result.Metrics.GetValueOrDefault("inner-iterations.mean"), result);
    }

    /// <summary>The greatest difference at any node of a sub-domain from the body as a whole, relative to the greatest value there; of the first field at nodes, or of another.</summary>
    public static double Difference(MeshView whole, IEnumerable<MeshView> parts, int ofField = 0)
    {
        static (long, long, long) Key(Vec3 x) => ((long)Math.Round(x.X * 1e7), (long)Math.Round(x.Y * 1e7), (long)Math.Round(x.Z * 1e7));
        var field = whole.NodeFields[ofField];
        var nodes = whole.Basis.Nodes.ToArray().Index().ToDictionary(n => Key(n.Item), n => n.Index);
        var (difference, greatest) = (0.0, field.Values.Max(Math.Abs));
        foreach (var part in parts)
        {
            var values = part.NodeFields[ofField].Values;
            for (var n = 0; n < part.Basis.NodeCount; n++)
            {
                var at = nodes[Key(part.Basis.Nodes[n])];
                for (var c = 0; c < field.Components; c++)
                {
                    difference = Math.Max(difference, Math.Abs(values[(n * field.Components) + c] - field.Values[(at * field.Components) + c]));
                }
            }
        }

        return difference / greatest;
    }
}
