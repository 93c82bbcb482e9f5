using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using ActorMultiscale.Actors;
using ActorMultiscale.Actors.Cluster;
using ActorMultiscale.Actors.Journal;

namespace ActorMultiscale.Host.Commands;

/// <summary><c>node</c>: a process that is a member of a cluster, on which runs place participants.</summary>
internal static class NodeCommand
{
    /// <summary>How long a node takes to end that was removed or has failed, at most: then the process ends anyway.</summary>
    public static readonly TimeSpan EndsWithin = TimeSpan.FromSeconds(5);

    /// <summary>The same for one that was told to end: it gives away what it computes, and takes leave.</summary>
    public static readonly TimeSpan LeavesWithin = TimeSpan.FromSeconds(12);

    public static Command Create()
    {
        var listen = AddressOption("--listen", "Where the node listens: an address of this machine by which the others reach it. Without a port on a free one. Other than loopback it needs --certificates", needsPort: false);
        listen.DefaultValueFactory = _ => new NodeAddress("127.0.0.1", 0);
        var join = new Option<NodeAddress[]>("--join") { Description = "A node of the cluster to join, as host:port; of several one that is a member is joined. Without it the node is the first of a new cluster; where it names this node itself first, the node forms the cluster if most of those named answer and none is a member", CustomParser = result => [.. result.Tokens.Select(token => Parse(result, token.Value, needsPort: true))] };
        var role = new Option<string[]>("--role") { Description = "What may be placed on the node, such as md; may be given several times", DefaultValueFactory = _ => [] };
        role.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(token => !NodeSettings.IsRole(token.Value)))
            {
                result.AddError($"'{token.Value}' is no name of a role: small letters, digits and hyphens, at most 32.");
            }

            if (result.Tokens.Count > NodeSettings.MostRoles)
            {
                result.AddError($"A node has {NodeSettings.MostRoles} roles at most; found {result.Tokens.Count}.");
            }
        });
        var name = new Option<string>("--cluster-name") { Description = "The name of the cluster, the same for all its nodes: clusters that share a --store need different ones", DefaultValueFactory = _ => RunStore.DefaultCluster };
        name.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && !NodeSettings.IsClusterName(result.Tokens[0].Value))
            {
                result.AddError($"'{result.Tokens[0].Value}' is no name of a cluster: small letters, digits and hyphens, at most 64, a letter first.");
            }
        });
        var (store, json, threads, certificates) = (SharedOptions.Store(), SharedOptions.Json(), SharedOptions.Threads(), SharedOptions.Certificates());
        threads.DefaultValueFactory = _ => Math.Max(1, Environment.ProcessorCount - 1);
        var insecure = new Option<bool>("--insecure") { Description = "Listen on other addresses than loopback without certificates: whoever reaches the port controls the node" };
        var otherMachine = new Option<bool>("--other-machine") { Description = "Join although the machine is another (operating system, runtime, vector width): runs may give other bits" };
        var upgrade = new Option<bool>("--upgrade") { Description = "Join a cluster of another version of the program, to replace its nodes one after the other: no run is computed here before its keeper is on a node of this version" };
        var within = SecondsOption("--join-within", "How long to try to join, in seconds", 60);
        var look = SecondsOption("--look-around", "How often a run looks whether it would be done sooner on other nodes, in seconds; that of the node with the keeper, the oldest, holds", 30);
        var health = AddressOption("--health", "Answer GET /healthz/live and /healthz/ready there, as host:port");
        var withInput = new Option<bool>("--until-input-ends") { Description = "Leave when standard input ends: a node that another process starts so ends with it" };
        var command = new Command("node", "Start a node of a cluster") { listen, join, name, role, store, threads, certificates, insecure, otherMachine, upgrade, within, look, health, withInput, json };
        command.SetAction(async (parsed, _) =>
        {
            ClusterNode.TakeSocketsOffThePool();
            var settings = new NodeSettings
            {
                Identity = new NodeIdentity(Machine.Program, Machine.Stamp, parsed.GetValue(otherMachine)),
                IsUpgrade = parsed.GetValue(upgrade),
                Cluster = parsed.GetValue(name)!,
                Listen = parsed.GetValue(listen),
                Contacts = [.. parsed.GetValue(join) ?? []],
                Roles = [.. parsed.GetValue(role)!.Distinct().Order(StringComparer.Ordinal)],
                Certificates = parsed.GetValue(certificates) is { } folder ? NodeCertificates.Load(folder) : null,
                Threads = parsed.GetValue(threads),
                Store = parsed.GetValue(store)!,
                JoinWithin = TimeSpan.FromSeconds(parsed.GetValue(within)),
                LookAround = TimeSpan.FromSeconds(parsed.GetValue(look)),
            };
            if (settings.Listen.Host == "0.0.0.0")
            {
                throw new NodeStartException("A node listens on one address, by which the others know it; 0.0.0.0 is none.");
            }

            if (!settings.Listen.IsLoopback && settings.Certificates is null && !parsed.GetValue(insecure))
            {
                throw new NodeStartException($"Whoever reaches {settings.Listen} could control the node. Give it a certificate (--certificates FOLDER; 'certificates' makes one), or say --insecure on a network that only its nodes can reach.");
            }

            if (settings.Certificates is { } own && !own.Node.MatchesHostname(settings.Listen.Host))
            {
                throw new NodeStartException($"The certificate of '{own.Node.Subject}' is not for the host {settings.Listen.Host}, by which the others would call this node.");
            }

            return await ServeAsync(settings, parsed.GetResult(health) is null ? null : parsed.GetValue(health), parsed.GetValue(withInput), parsed.GetValue(json)).ConfigureAwait(false);
        });
        return command;
    }

    /// <summary>An option that takes the address of a node.</summary>
    public static Option<NodeAddress> AddressOption(string name, string description, bool needsPort = true) =>
        new(name) { Description = description, CustomParser = result => Parse(result, result.Tokens[0].Value, needsPort) };

    private static Option<double> SecondsOption(string name, string description, double value)
    {
        var option = new Option<double>(name) { Description = description, DefaultValueFactory = _ => value };
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && !(double.TryParse(result.Tokens[0].Value, CultureInfo.InvariantCulture, out var seconds) && seconds is > 0 and <= 86400))
            {
                result.AddError($"{name} takes seconds, more than 0 and at most 86400; found '{result.Tokens[0].Value}'.");
            }
        });
        return option;
    }

    private static NodeAddress Parse(ArgumentResult result, string text, bool needsPort)
    {
        if (!NodeAddress.TryParse(text, out var address, out var fault))
        {
            result.AddError(fault);
        }
        else if (needsPort && address.Port == 0)
        {
            result.AddError($"'{text}' lacks the port; an address looks like 10.0.0.5:21000.");
        }

        return address;
    }

    private static async Task<int> ServeAsync(NodeSettings settings, NodeAddress? health, bool endsWithInput, bool json)
    {
        StandardErrorLogger.Sink = line => Console.Error.WriteLine(line);
        void Print(NodeEvent what)
        {
            if (what.Kind == NodeEventKind.Ending)
            {
                EndSoon();
            }

            var isForPeople = what.Kind is NodeEventKind.Stall or NodeEventKind.Ending;
            if (isForPeople)
            {
                Console.Error.WriteLine(what.Text);
            }

            if (json)
            {
                Console.Out.WriteLine(JsonSerializer.Serialize(NodeEventOutput.Of(what), HostJson.Lines.NodeEventOutput));
            }
            else if (!isForPeople)
            {
                Console.Out.WriteLine(what.Text);
            }

            Console.Out.Flush();
        }

        // The process ends even where a model heeds nothing, or the pool is so busy that nobody would be told: a node that was removed must not go on.
        ClusterNode? node = null;
        void EndSoon() => new Thread(() =>
        {
            Thread.Sleep(node?.Outcome is { End: NodeEnd.Left } ? LeavesWithin : EndsWithin);
            Environment.Exit(node?.Outcome is { } outcome ? ExitCode.Of(outcome.End) : ExitCode.RunFailed);
        }) { IsBackground = true }.Start();

        using var port = health is { } address ? new HealthPort(address, () => node is not { IsAlive: false }, () => node is { IsUp: true }) : null;
        node = ClusterNode.Start(settings, Print, new ClusterRunSource(RunCatalog.Of(settings.Store)));
        void OnSignal(PosixSignalContext context)
        {
            context.Cancel = true;

            // Ctrl-C goes to all processes of a terminal; when its nodes go is decided by whoever started them.
            if (context.Signal != PosixSignal.SIGINT || !endsWithInput)
            {
                node.Leave();
            }
        }

        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
        if (endsWithInput)
        {
            new Thread(() =>
            {
                while (Console.In.Read() >= 0)
                {
                }

                node.Leave();
            }) { IsBackground = true }.Start();
        }

        return ExitCode.Of((await node.Completion.ConfigureAwait(false)).End);
    }
}

/// <summary>Something that happened to a node, as scripts see it: one object a line.</summary>
/// <param name="Event">What: listening, up, member-up, member-unreachable, member-reachable, member-leaving, member-removed, stall, ending, site-begins, site-ended.</param>
/// <param name="Address">To whom.</param>
/// <param name="Text">The same in words.</param>
public sealed record NodeEventOutput(string Event, string Address, string Text)
{
    /// <summary>Of what is computed: the run, its participants, since when and until when.</summary>
    public SiteSpan? Site { get; init; }

    /// <summary>The output of an event.</summary>
    public static NodeEventOutput Of(NodeEvent what)
    {
        ArgumentNullException.ThrowIfNull(what);
        return new(JsonNamingPolicy.KebabCaseLower.ConvertName(what.Kind.ToString()), what.Address.ToString(), what.Text) { Site = what.Site };
    }
}
