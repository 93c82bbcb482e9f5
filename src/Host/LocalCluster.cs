using System.Collections.Immutable;
using System.ComponentModel;
using System.Diagnostics;
using System.Reflection;
using System.Text.Json;
using ActorMultiscale.Actors.Cluster;
using ActorMultiscale.Host.Commands;

namespace ActorMultiscale.Host;

/// <summary>
/// Nodes on this machine, each a process of this program: what <c>run --nodes 3</c> needs. They end with this process, however it ends: their standard input ends then.
/// What they say is in a file each, <c>node-1.log</c> and so on. The cluster has a name that no other has: of what others keep in the same store it takes nothing.
/// </summary>
public sealed class LocalCluster : IAsyncDisposable
{
    private readonly List<LocalNode> _nodes = [];

    private LocalCluster()
    {
    }

    /// <summary>The name of the cluster.</summary>
    public string Name { get; } = NodeSettings.TrialPrefix + Guid.NewGuid().ToString("N");

    /// <summary>The nodes, in the order in which they were started; the first formed the cluster.</summary>
    public ImmutableArray<LocalNode> Nodes => [.. _nodes];

    /// <summary>Starts nodes, and waits until each is a member.</summary>
    /// <param name="roles">The roles of each node.</param>
    /// <param name="logs">The folder for what they say; made if it is not there.</param>
    /// <param name="within">How long they may take, all together.</param>
    /// <param name="arguments">Further arguments of <c>node</c> for all of them, such as <c>--store</c>.</param>
    /// <exception cref="NodeStartException">One ends, or is no member in time. None is left running.</exception>
    public static async Task<LocalCluster> StartAsync(IReadOnlyList<ImmutableArray<string>> roles, string logs, TimeSpan within, params ImmutableArray<string> arguments)
    {
        ArgumentNullException.ThrowIfNull(roles);
        var cluster = new LocalCluster();
        using var late = new CancellationTokenSource(within);
        try
        {
            Directory.CreateDirectory(logs);
            foreach (var own in roles)
            {
                string[] join = cluster._nodes.Count == 0 ? [] : ["--join", (await cluster._nodes[0].ListeningAsync(late.Token).ConfigureAwait(false)).ToString()];
                cluster._nodes.Add(new LocalNode(Path.Combine(logs, FormattableString.Invariant($"node-{cluster._nodes.Count + 1}.log")), [.. join, "--cluster-name", cluster.Name, .. own.SelectMany(role => new[] { "--role", role }), .. arguments]));
            }

            foreach (var node in cluster._nodes)
            {
                await node.UpAsync(late.Token).ConfigureAwait(false);
            }

            return cluster;
        }
        catch (OperationCanceledException)
        {
            await cluster.DisposeAsync().ConfigureAwait(false);
            throw new NodeStartException($"The nodes of this machine did not form a cluster within {within.TotalSeconds} s; '{logs}' has what they said.");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            await cluster.DisposeAsync().ConfigureAwait(false);
            throw new NodeStartException($"What the nodes of this machine say cannot be written down in '{logs}': {fault.Message}");
        }
        catch (NodeStartException)
        {
            await cluster.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Lets all leave, and ends those that have not left in time.</summary>
    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_nodes.Select(node => node.EndAsync())).ConfigureAwait(false);
        _nodes.ForEach(node => node.Dispose());
    }
}

/// <summary>A node that this process has started.</summary>
public sealed class LocalNode : IDisposable
{
    private readonly Process _process;
    private readonly StreamWriter _log;
    private readonly TaskCompletionSource<NodeAddress> _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _up = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly string _file;

    internal LocalNode(string log, string[] arguments)
    {
        _file = log;
        _log = new StreamWriter(log, append: false) { AutoFlush = true };
        var program = Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == Assembly.GetExecutingAssembly().GetName().Name ? path : null;
        var start = new ProcessStartInfo(program ?? "dotnet") { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        string[] all = [.. program is null ? [Assembly.GetExecutingAssembly().Location] : Array.Empty<string>(), "node", "--json", "--until-input-ends", .. arguments];
        foreach (var argument in all)
        {
            start.ArgumentList.Add(argument);
        }

        _process = new Process { StartInfo = start, EnableRaisingEvents = true };
        _process.OutputDataReceived += (_, line) => OnLine(line.Data, isEvent: true);
        _process.ErrorDataReceived += (_, line) => OnLine(line.Data, isEvent: false);
        _process.Exited += (_, _) =>
        {
            var fault = new NodeStartException($"A node of this machine ended with code {_process.ExitCode}; '{_file}' has what it said.");
            _listening.TrySetException(fault);
            _up.TrySetException(fault);
        };
        try
        {
            _process.Start();
        }
        catch (Win32Exception fault)
        {
            Dispose();
            throw new NodeStartException($"No node can be started on this machine: '{start.FileName}' does not start ({fault.Message}).");
        }

        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>The number of the process.</summary>
    public int Id => _process.Id;

    /// <summary>Where it listens.</summary>
    public NodeAddress Address => _listening.Task.IsCompletedSuccessfully ? _listening.Task.Result : default;

    /// <summary>Whether it has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <inheritdoc/>
    public void Dispose()
    {
        _process.Dispose();
        lock (_log)
        {
            _log.Dispose();
        }
    }

    internal Task<NodeAddress> ListeningAsync(CancellationToken late) => _listening.Task.WaitAsync(late);

    internal Task UpAsync(CancellationToken late) => _up.Task.WaitAsync(late);

    internal async Task EndAsync()
    {
        _process.StandardInput.Close();
        using var late = new CancellationTokenSource(NodeCommand.LeavesWithin + TimeSpan.FromSeconds(1));
        try
        {
            await _process.WaitForExitAsync(late.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            _process.Kill();
            await _process.WaitForExitAsync(CancellationToken.None).ConfigureAwait(false);
        }
    }

    private void OnLine(string? line, bool isEvent)
    {
        if (line is null)
        {
            return;
        }

        lock (_log)
        {
            if (_log.BaseStream is { CanWrite: true })
            {
                _log.WriteLine(line);
            }
        }

        if (!isEvent || EventOf(line) is not { } what)
        {
            return;
        }

        if (what.Event == "listening" && NodeAddress.TryParse(what.Address, out var address, out _))
        {
            _listening.TrySetResult(address);
        }
        else if (what.Event == "up")
        {
            _up.TrySetResult();
        }
    }

    // The runtime itself may have something to say where events are said.
    private static NodeEventOutput? EventOf(string line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, HostJson.Lines.NodeEventOutput);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
