using System.Globalization;
using System.Reflection;
using ActorMultiscale.Actors.Cluster;
using ActorMultiscale.Actors.Journal;
using Akka.Configuration;

namespace ActorMultiscale.Actors;

/// <summary>The actor system's configuration: the profiles under <c>hocon/akka</c>, which are part of the assembly, and what a run sets itself.</summary>
internal static class ActorSettings
{
    /// <summary>The dispatcher on which models compute.</summary>
    public const string SolverDispatcher = "actor-multiscale.solver-dispatcher";

    /// <summary>The dispatcher on which the store blocks.</summary>
    public const string StoreDispatcher = "actor-multiscale.store-dispatcher";

    /// <summary>The configuration of a run with <paramref name="threads"/> solver threads, recorded in <paramref name="store"/> if there is one.</summary>
    public static Config For(int threads, RunStore? store)
    {
        var own = string.Create(CultureInfo.InvariantCulture,
            $"actor-multiscale.solver-dispatcher.dedicated-thread-pool.thread-count = {threads}\nakka.actor.guardian-supervisor-strategy = \"Akka.Actor.StoppingSupervisorStrategy\"\n");
        if (store is not null)
        {
            var connection = store.Database.ConnectionString.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);
            own += $"akka.persistence.journal.sql.connection-string = \"{connection}\"\nakka.persistence.query.journal.sql.connection-string = \"{connection}\"\n";
        }

        var config = ConfigurationFactory.ParseString(own);
        if (store is not null)
        {
            config = config.WithFallback(Profile(store.Database.Profile));
        }

        return config.WithFallback(Profile("local"));
    }

    /// <summary>The configuration of a node of a cluster.</summary>
    public static Config ForNode(NodeSettings node)
    {
        var roles = string.Join(", ", (node.IsUpgrade ? node.Roles.Add(NodeSettings.UpgradeMark) : node.Roles).Select(role => $"\"{role}\""));
        var own = string.Create(CultureInfo.InvariantCulture,
            $"actor-multiscale.solver-dispatcher.dedicated-thread-pool.thread-count = {node.Threads}\nakka.cluster.roles = [{roles}]\n");
        return ConfigurationFactory.ParseString(own + Listening(node.Listen, node.Certificates is not null)).WithFallback(Profile("cluster")).WithFallback(Profile("local"));
    }

    /// <summary>The configuration of a client, which speaks to nodes and is none.</summary>
    public static Config ForClient(string host, bool isSecure) =>
        ConfigurationFactory.ParseString("akka.actor.provider = remote\nakka.loglevel = ERROR\n" + Listening(new NodeAddress(host, 0), isSecure)).WithFallback(Profile("cluster")).WithFallback(Profile("local"));

    private static string Listening(NodeAddress address, bool isSecure) => string.Create(CultureInfo.InvariantCulture,
        $"akka.remote.dot-netty.tcp.hostname = \"{address.Host}\"\nakka.remote.dot-netty.tcp.port = {address.Port}\nakka.remote.dot-netty.tcp.enable-ssl = {(isSecure ? "on" : "off")}\n");

    private static Config Profile(string name)
    {
        var assembly = Assembly.GetExecutingAssembly();
        using var stream = assembly.GetManifestResourceStream($"hocon.akka.{name}.conf")
            ?? throw new InvalidOperationException($"The profile hocon/akka/{name}.conf is missing from the assembly.");
        using var reader = new StreamReader(stream);
        return ConfigurationFactory.ParseString(reader.ReadToEnd());
    }
}
