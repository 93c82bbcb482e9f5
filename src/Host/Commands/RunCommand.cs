using System.Collections.Immutable;
using System.CommandLine;
using ActorMultiscale.Actors.Cluster;
using ActorMultiscale.Host.Composition;

namespace ActorMultiscale.Host.Commands;

/// <summary><c>run FILE</c>: runs an experiment and keeps its record.</summary>
internal static class RunCommand
{
    public static Command Create()
    {
        var experiment = SharedOptions.Experiment();
        var set = SharedOptions.Set();
        var until = SharedOptions.Until();
        var name = new Option<string?>("--name") { Description = "The name of the run; made from the experiment and the time if not given" };
        var from = new Option<string?>("--from") { Description = "Begin in the state in which another run ended" };
        var store = SharedOptions.Store();
        var cluster = NodeCommand.AddressOption("--cluster", "Have a cluster carry the run out: any node of it, as host:port. Its nodes use the same --store");
        var nodes = new Option<int>("--nodes") { Description = "Start so many nodes on this machine, and have them carry the run out: for trying out" };
        nodes.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && (!int.TryParse(result.Tokens[0].Value, out var count) || count is < 1 or > 16))
            {
                result.AddError($"--nodes takes a whole number from 1 to 16; found '{result.Tokens[0].Value}'.");
            }
        });
        var detach = new Option<bool>("--detach") { Description = "Do not wait for the end of a run of a cluster: 'attach' looks at it later" };
        var certificates = SharedOptions.Certificates();
        var command = new Command("run", "Run an experiment") { experiment, set, until, name, from, store, cluster, nodes, detach, certificates };
        command.Validators.Add(result =>
        {
            if (result.GetResult(cluster) is not null && result.GetResult(nodes) is not null)
            {
                result.AddError("--cluster names a cluster that is there, --nodes starts one: give one of them.");
            }

            if (result.GetResult(certificates) is not null && result.GetResult(cluster) is null)
            {
                result.AddError("--certificates is for talking to a cluster: give --cluster.");
            }

            if (result.GetValue(detach) && result.GetResult(cluster) is null)
            {
                result.AddError("--detach is for runs of a cluster that stays there: give --cluster.");
            }
        });
        var how = new MannerOptions(command, cluster, nodes);
        command.SetAction(async (parsed, _) =>
        {
            var overrides = parsed.GetValue(set) ?? [];
            if (parsed.GetValue(until) is { } end)
            {
                overrides = [.. overrides, $"until={end}"];
            }

            var catalog = RunCatalog.Of(parsed.GetValue(store)!);
            var carried = parsed.GetValue(from) is { } parent ? RunStages.LastStateOf(catalog, parent) : null;
            var loaded = ExperimentLoader.Load(parsed.GetValue(experiment)!, overrides, stage: null, carried);
            if (parsed.GetValue(detach) && loaded.NextStage is { } next)
            {
                await Console.Error.WriteLineAsync($"'{loaded.System.Experiment.Name}' runs in stages, and each is begun by this command when the one before is complete: with --detach nobody would begin '{next}'. Leave --detach out.").ConfigureAwait(false);
                return ExitCode.Usage;
            }

            var run = parsed.GetValue(name) ?? catalog.NewName(loaded.System.Experiment.Name, TimeProvider.System.GetUtcNow());
            var manners = how.Of(parsed);
            if (parsed.GetResult(cluster) is not null)
            {
                manners = manners with { Cluster = new ClusterTarget(parsed.GetValue(cluster), parsed.GetValue(certificates) is { } folder ? NodeCertificates.Load(folder) : null, parsed.GetValue(detach)) };
            }
            else if (parsed.GetResult(nodes) is not null)
            {
                var place = Path.Combine(Path.GetTempPath(), FormattableString.Invariant($"actor-multiscale-{Environment.ProcessId}"));
                await Console.Error.WriteLineAsync($"starting {parsed.GetValue(nodes)} nodes; what they say is in '{place}'").ConfigureAwait(false);
                var local = await LocalCluster.StartAsync([.. Enumerable.Repeat(ImmutableArray<string>.Empty, parsed.GetValue(nodes))], place, TimeSpan.FromSeconds(90), "--store", parsed.GetValue(store)!).ConfigureAwait(false);
                try
                {
                    return await RunStages.RunAsync(catalog, run, loaded, manners with { Cluster = new ClusterTarget(local.Nodes[0].Address, null, IsDetached: false, EndsWithUs: true) }).ConfigureAwait(false);
                }
                finally
                {
                    await local.DisposeAsync().ConfigureAwait(false);

                    // With these nodes the cluster is gone: what is left of the run is the user's to go on with.
                    var stages = catalog.List().Select(r => r.Summary?.Run).OfType<string>().Where(name => name == run || name.StartsWith(run + ".", StringComparison.Ordinal));
                    foreach (var name in stages.ToList())
                    {
                        using var record = catalog.Open(name);
                        record.Unkeep(local.Name);
                    }
                }
            }

            return await RunStages.RunAsync(catalog, run, loaded, manners).ConfigureAwait(false);
        });
        return command;
    }
}
