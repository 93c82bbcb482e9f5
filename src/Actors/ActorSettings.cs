using System.Globalization;
using System.Reflection;
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
            $"actor-multiscale.solver-dispatcher.dedicated-thread-pool.thread-count = {threads}\n");
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

    private static Config Profile(string name)
    {
        var assembly = Assembly.GetExecutingAssembly();
        using var stream = assembly.GetManifestResourceStream($"hocon.akka.{name}.conf")
            ?? throw new InvalidOperationException($"The profile hocon/akka/{name}.conf is missing from the assembly.");
        using var reader = new StreamReader(stream);
        return ConfigurationFactory.ParseString(reader.ReadToEnd());
    }
}
