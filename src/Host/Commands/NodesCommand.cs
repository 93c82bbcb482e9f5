using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ActorMultiscale.Actors;
using ActorMultiscale.Actors.Cluster;
using Spectre.Console;

namespace ActorMultiscale.Host.Commands;

/// <summary><c>nodes</c>: who is in a cluster, and how they are.</summary>
internal static class NodesCommand
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(5);

    public static Command Create()
    {
        var contact = NodeCommand.AddressOption("--cluster", "Any node of the cluster, as host:port");
        contact.Required = true;
        var (certificates, json) = (SharedOptions.Certificates(), SharedOptions.Json());
        var command = new Command("nodes", "List the nodes of a cluster") { contact, certificates, json };
        command.SetAction(async (parsed, _) =>
        {
            StandardErrorLogger.Sink = line => Console.Error.WriteLine(line);
            var address = parsed.GetValue(contact);
            var own = parsed.GetValue(certificates) is { } folder ? NodeCertificates.Load(folder) : null;
            var reports = await ClusterQuery.AskAsync(address, own, _patience).ConfigureAwait(false);
            if (reports is null)
            {
                await Console.Error.WriteLineAsync($"No node answers at {address}. Is it started, is the address written as its 'listening on', and are its connections protected in the same way (--certificates)?").ConfigureAwait(false);
                return ExitCode.ClusterUnreachable;
            }

            ImmutableArray<NodeOutput> nodes = [.. reports.Value.Select(NodeOutput.Of)];
            if (parsed.GetValue(json))
            {
                Console.Out.WriteLine(JsonSerializer.Serialize(nodes, HostJson.Readable.ImmutableArrayNodeOutput));
                return ExitCode.Ok;
            }

            var table = new Table().Border(TableBorder.Rounded).Title(Markup.Escape("cluster " + string.Join(", ", nodes.Select(node => node.Cluster).Distinct()))).AddColumns("node", "roles", "status", "cores", "load", "memory", "lag", "up since", "sites", "participants");
            foreach (var node in nodes)
            {
                table.AddRow(new Text(node.Address), new Text(string.Join(' ', node.Roles)), new Text(node.Status), Number(node.Cores, "0", ""), Number(node.Load * 100, "0", " %"),
                    Number(node.MemoryBytes / 1e6, "0", " MB"), Number(node.Lag?.Greatest, "0.000", " s"), Number(node.Uptime, "0", " s"),
                    new Text(string.Join(", ", node.Sites.Select(s => string.Create(CultureInfo.InvariantCulture, $"{s.Run} epoch {s.Epoch} ({s.Waiting} waiting)")))), new Text(Participants(node)));
            }

            ConsoleTables.Write(table);
            await using var client = RunClient.Towards(address, own);
            foreach (var run in await client.ListAsync().ConfigureAwait(false))
            {
                Console.Out.WriteLine(Words(run));
            }

            if (nodes.Select(node => node.Program).OfType<string>().Distinct().Count() > 1)
            {
                Console.Out.WriteLine(string.Join("; ", nodes.Where(node => node.Program is not null).GroupBy(node => node.Program).Select(same => $"{string.Join(", ", same.Select(node => node.Address))}: program {same.Key}")));
            }

            return ExitCode.Ok;
        });
        return command;
    }

    private static string Words(RunStanding run) => string.Create(CultureInfo.InvariantCulture,
        $"{run.Run}: {run.State switch { RunState.Over => RunStatusWord.Of(run.Status), RunState.Running => "runs", RunState.Opening => "is opened", _ => "waits" }}, epoch {run.Epoch}, t = {run.Time:G6} of {run.Until:G6} s{(run.Note.Length > 0 ? ": " + run.Note : "")}");

    private static string Participants(NodeOutput node) => string.Join(' ', node.Participants.Select(p => $"{p.Run}/{p.Name}"))
        + (node.Hosted > node.Participants.Length ? FormattableString.Invariant($" and {node.Hosted - node.Participants.Length} more") : "");

    private static Text Number(double? number, string form, string unit) => new(number is { } value ? value.ToString(form, CultureInfo.InvariantCulture) + unit : "–");
}

/// <summary>A node of a cluster as scripts see it. What it did not say is left out.</summary>
public sealed record NodeOutput(string Address, ImmutableArray<string> Roles, string Status)
{
    /// <summary>The name of the cluster.</summary>
    public required string Cluster { get; init; }

    /// <summary>The version of its program.</summary>
    public string? Program { get; init; }

    /// <summary>Cores that it may use.</summary>
    public int? Cores { get; init; }

    /// <summary>How busy it keeps them, 0 … 1.</summary>
    public double? Load { get; init; }

    /// <summary>Managed memory in use, bytes.</summary>
    public long? MemoryBytes { get; init; }

    /// <summary>How late its threads answer, s.</summary>
    public NodeLag? Lag { get; init; }

    /// <summary>Time since it was started, s.</summary>
    public double? Uptime { get; init; }

    /// <summary>Messages that it refused.</summary>
    public long? Refused { get; init; }

    /// <summary>How many participants it hosts.</summary>
    public int? Hosted { get; init; }

    /// <summary>The participants that it hosts, up to 256 of them.</summary>
    public ImmutableArray<HostedParticipant> Participants { get; init; } = [];

    /// <summary>The sites of runs on it: of which incarnation, and how many messages wait there.</summary>
    public ImmutableArray<HostedSite> Sites { get; init; } = [];

    /// <summary>The output of a report. The status is <c>unreachable</c> where heartbeats fail to come, whatever the member was before.</summary>
    public static NodeOutput Of(NodeReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        var (member, status) = (report.Member, report.Status);
        return new NodeOutput(member.Address.ToString(), member.Roles, member.IsUnreachable ? "unreachable" : member.Status)
        {
            Cluster = report.Cluster,
            Program = status?.Identity.Program,
            Cores = status?.Cores,
            Load = status?.Load,
            MemoryBytes = status?.ManagedBytes,
            Lag = status?.Lag,
            Uptime = status?.Uptime,
            Refused = status?.Refused,
            Hosted = status?.Hosted,
            Participants = status?.Participants ?? [],
            Sites = status?.Sites ?? [],
        };
    }
}
