using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics;
using ActorMultiscale.Actors.Cluster;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Host;
using Akka.Actor;
using Akka.Configuration;
using Akka.Serialization;
using Xunit.Abstractions;

namespace ActorMultiscale.Tests.Cluster;

/// <summary>Nodes in this process: what cannot be done to a process from outside.</summary>
public sealed class NodeTests(ITestOutputHelper output)
{
    private static readonly TimeSpan _soon = TimeSpan.FromSeconds(60);
    private static readonly NodeIdentity _identity = new("1.0", new MachineStamp("linux x64", ".NET 10", "512 bit"), AllowsOtherMachine: false);

    private static Node Start(NodeIdentity identity, params ImmutableArray<NodeAddress> contacts) => Start(identity, RunStore.DefaultCluster, contacts);

    private static Node Start(NodeIdentity identity, string cluster, params ImmutableArray<NodeAddress> contacts)
    {
        var events = new ConcurrentQueue<NodeEvent>();
        return new Node(ClusterNode.Start(new NodeSettings { Identity = identity, Cluster = cluster, Contacts = contacts, Roles = ["md"], Threads = 1 }, events.Enqueue), events);
    }

    [Theory]
    [InlineData("2.0", "512 bit", "all nodes run the same")]
    [InlineData("1.0", "256 bit", "would not give the same bits")]
    [InlineData("2.0", "256 bit", "all nodes run the same")]
    public async Task A_node_of_another_program_or_machine_is_told_so_and_does_not_join(string program, string vectors, string says)
    {
        await using var first = Start(_identity);
        await first.BecomesAsync(NodeEventKind.Up);
        await using var other = Start(_identity with { Program = program, Machine = _identity.Machine with { Vectors = vectors } }, first.Subject.Address);
        var outcome = await other.Subject.Completion.WaitAsync(_soon);
        Assert.Equal(NodeEnd.Refused, outcome.End);
        Assert.Contains(says, outcome.Reason, StringComparison.Ordinal);
        Assert.DoesNotContain(first.Events, e => e.Kind == NodeEventKind.MemberUp);
    }

    [Fact]
    public async Task A_node_of_a_cluster_of_another_name_is_told_so_and_does_not_join()
    {
        await using var first = Start(_identity, "ours");
        await first.BecomesAsync(NodeEventKind.Up);
        await using var other = Start(_identity, "theirs", first.Subject.Address);
        var outcome = await other.Subject.Completion.WaitAsync(_soon);
        Assert.Equal(NodeEnd.Refused, outcome.End);
        Assert.Contains("the cluster is called 'ours', and this node was told to be one of 'theirs'", outcome.Reason, StringComparison.Ordinal);
        Assert.DoesNotContain(first.Events, e => e.Kind == NodeEventKind.MemberUp);
        Assert.Equal("ours", Assert.Single((await ClusterQuery.AskAsync(first.Subject.Address, null, _soon))!.Value).Cluster);
    }

    [Theory]
    [InlineData("2.0", RunStore.DefaultCluster, "the cluster runs the program 1.0, this node is 2.0")]
    [InlineData("1.0", "theirs", "the cluster is called 'actormultiscale', and this node was told to be one of 'theirs'")]
    public async Task A_node_that_does_not_ask_is_found_out_when_it_is_up(string program, string cluster, string says)
    {
        await using var first = Start(_identity);
        await first.BecomesAsync(NodeEventKind.Up);

        // It forms no cluster of its own (its contact is nobody), and joins past the question.
        await using var other = Start(_identity with { Program = program }, cluster, new NodeAddress("127.0.0.1", 1));
        Akka.Cluster.Cluster.Get(other.Subject.Actors).Join(first.Subject.Address.ToAkka(isSecure: false));
        var outcome = await other.Subject.Completion.WaitAsync(_soon);
        Assert.Equal(NodeEnd.Refused, outcome.End);
        Assert.Contains("may not stay: " + says, outcome.Reason, StringComparison.Ordinal);
        await first.BecomesAsync(NodeEventKind.MemberRemoved);
        Assert.True(first.Subject.IsUp);
    }

    [Fact]
    public async Task Bytes_that_are_no_message_are_refused_and_counted_and_the_node_lives()
    {
        await using var node = Start(_identity);
        await node.BecomesAsync(NodeEventKind.Up);
        var rogue = ActorSystem.Create("rogue", ConfigurationFactory.ParseString($$"""
            akka {
              loglevel = OFF
              stdout-loglevel = OFF
              actor {
                provider = remote
                serializers {
                  rogue-control = "{{typeof(RogueControl).AssemblyQualifiedName}}"
                  rogue-json = "{{typeof(RogueJson).AssemblyQualifiedName}}"
                  rogue-deployment = "{{typeof(RogueDeployment).AssemblyQualifiedName}}"
                  rogue-unknown = "{{typeof(RogueUnknown).AssemblyQualifiedName}}"
                }
                serialization-bindings {
                  "{{typeof(RogueControl.Message).AssemblyQualifiedName}}" = rogue-control
                  "{{typeof(RogueJson.Message).AssemblyQualifiedName}}" = rogue-json
                  "{{typeof(RogueDeployment.Message).AssemblyQualifiedName}}" = rogue-deployment
                  "{{typeof(RogueUnknown.Message).AssemblyQualifiedName}}" = rogue-unknown
                }
              }
              remote.dot-netty.tcp {
                hostname = "127.0.0.1"
                port = 0
              }
            }
            """));
        try
        {
            var agent = rogue.ActorSelection(NodeAgent.PathAt(node.Subject.Address.ToAkka(isSecure: false)));
            var status = ControlCodec.Encode(new MemberList("ours", []));
            RogueControl.Message[] control =
            [
                new("xx1", status), new("ml3", status), new("", status), new("ml2", []), new("ml2", [.. status, 1]), new("ml2", [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
                new("st1", status), new("System.Diagnostics.Process, System.Diagnostics.Process", status), new("ml2", new byte[100_000]),
            ];
            foreach (var message in control)
            {
                agent.Tell(message);
            }

            agent.Tell(new RogueJson.Message());
            agent.Tell(new RogueDeployment.Message());
            agent.Tell(new RogueUnknown.Message());
            agent.Tell("a text, which Akka can carry");
            agent.Tell(new Status.Failure(new RogueException()));
            agent.Tell(PoisonPill.Instance);
            agent.Tell(Kill.Instance);
            for (var clock = Stopwatch.StartNew(); ; await Task.Delay(100))
            {
                // The agent answers whoever asks in the right way.
                var reports = await ClusterQuery.AskAsync(node.Subject.Address, null, _soon);
                var refused = Assert.Single(reports!.Value).Status!.Refused;
                if (refused >= control.Length + 6)
                {
                    Assert.Equal(control.Length + 6, refused);
                    break;
                }

                Assert.True(clock.Elapsed < _soon, $"{refused} were counted");
            }

            Assert.Equal((0, 0), (RogueJson.Made, RogueException.Made));
            Assert.True(node.Subject.IsUp);
        }
        finally
        {
            await rogue.Terminate();
        }
    }

    [Fact]
    public async Task A_pool_of_the_runtime_that_is_saturated_delays_no_heartbeat_and_is_told()
    {
        await using var first = Start(_identity);
        await first.BecomesAsync(NodeEventKind.Up);
        await using var second = Start(_identity, first.Subject.Address);
        await second.BecomesAsync(NodeEventKind.Up);

        // Longer than heartbeats may fail to come. (What the program sets before its first socket is set for these tests in Cluster.runsettings.)
        var clock = Stopwatch.StartNew();
        using var release = new ManualResetEventSlim();
        for (var i = 0; i < 2000; i++)
        {
            ThreadPool.UnsafeQueueUserWorkItem(_ => release.Wait(), null);
        }

        var thread = new Thread(() => Thread.Sleep(TimeSpan.FromSeconds(8)));
        thread.Start();
        thread.Join();
        var stalled = first.Events.Where(e => e.Kind == NodeEventKind.Stall).ToList();
        release.Set();
        output.WriteLine($"the pool was saturated for {clock.Elapsed.TotalSeconds:0.0} s: {string.Join("; ", stalled.Select(e => e.Text))}");
        Assert.Contains(stalled, e => e.Text.StartsWith("the pool of the runtime of this node does not answer", StringComparison.Ordinal));
        Assert.DoesNotContain(stalled, e => e.Text.Contains("timers", StringComparison.Ordinal));
        await first.BecomesAsync(NodeEventKind.Stall, "answers again");
        Assert.All(new[] { first, second }, node => Assert.DoesNotContain(node.Events, e => e.Kind is NodeEventKind.MemberUnreachable or NodeEventKind.MemberRemoved));
    }

    [Fact]
    public async Task Nodes_of_this_machine_start_together_and_end_together()
    {
        var logs = Directory.CreateTempSubdirectory("actor-multiscale-local-").FullName;
        var clock = Stopwatch.StartNew();
        ImmutableArray<int> processes;
        await using (var cluster = await LocalCluster.StartAsync([["coordinator"], ["md"], ["md", "continuum"]], logs, _soon, "--store", Path.Combine(logs, "runs")))
        {
            output.WriteLine($"three nodes were up after {clock.Elapsed.TotalSeconds:0.0} s");
            var reports = await ClusterQuery.AskAsync(cluster.Nodes[0].Address, null, _soon);
            Assert.Equal(cluster.Nodes.Select(n => n.Address.Port).Order(), reports!.Value.Select(r => r.Member.Address.Port));
            Assert.Equal(["up", "up", "up"], reports.Value.Select(r => r.Member.Status));
            Assert.Equal(new[] { "continuum", "md" }, reports.Value.Single(r => r.Member.Address == cluster.Nodes[2].Address).Member.Roles);
            processes = [.. cluster.Nodes.Select(n => n.Id)];
            clock.Restart();
        }

        output.WriteLine($"they had ended after {clock.Elapsed.TotalSeconds:0.0} s");
        Assert.All(processes, id => Assert.False(Directory.Exists($"/proc/{id}")));
        Assert.Equal(["node-1.log", "node-2.log", "node-3.log"], Directory.EnumerateFiles(logs).Select(Path.GetFileName).Order());
        Assert.Contains("\"up\"", await File.ReadAllTextAsync(Path.Combine(logs, "node-3.log")), StringComparison.Ordinal);

        // A node that cannot be: the others are not left behind.
        var fault = await Assert.ThrowsAsync<NodeStartException>(() => LocalCluster.StartAsync([["md"], ["NO ROLE"]], logs, _soon));
        Assert.Contains("ended with code 2", fault.Message, StringComparison.Ordinal);
        Assert.Contains("is no name of a role", await File.ReadAllTextAsync(Path.Combine(logs, "node-2.log")), StringComparison.Ordinal);
        fault = await Assert.ThrowsAsync<NodeStartException>(() => LocalCluster.StartAsync([["md"]], Path.Combine(logs, "node-1.log"), _soon));
        Assert.Contains("cannot be written down in", fault.Message, StringComparison.Ordinal);
        Directory.Delete(logs, recursive: true);
    }

    private sealed record Node(ClusterNode Subject, ConcurrentQueue<NodeEvent> Events) : IAsyncDisposable
    {
        public async Task BecomesAsync(NodeEventKind kind, string text = "")
        {
            for (var clock = Stopwatch.StartNew(); !Events.Any(e => e.Kind == kind && e.Text.Contains(text, StringComparison.Ordinal)); await Task.Delay(20))
            {
                Assert.True(clock.Elapsed < _soon, $"no {kind}: {string.Join("; ", Events.Select(e => e.Text))}");
            }
        }

        public async ValueTask DisposeAsync()
        {
            Subject.Leave();
            await Subject.Completion.WaitAsync(_soon);
        }
    }
}

/// <summary>Speaks as the serializer of control messages does, and says what it likes.</summary>
public sealed class RogueControl(ExtendedActorSystem system) : SerializerWithStringManifest(system)
{
    public override int Identifier => ControlSerializer.Number;

    public override string Manifest(object o) => ((Message)o).Manifest;

    public override byte[] ToBinary(object obj) => ((Message)obj).Bytes;

    public override object FromBinary(byte[] bytes, string manifest) => throw new NotSupportedException();

    public sealed record Message(string Manifest, byte[] Bytes);
}

/// <summary>Names the type that is to be made, as the serializer for JSON does that Akka comes with.</summary>
public sealed class RogueJson(ExtendedActorSystem system) : Serializer(system)
{
    private static int _made;

    /// <summary>How many were made of bytes.</summary>
    public static int Made => _made;

    public override int Identifier => 1;

    public override bool IncludeManifest => false;

    public override byte[] ToBinary(object obj) => System.Text.Encoding.UTF8.GetBytes($$"""{"$type":"{{typeof(Witness).AssemblyQualifiedName}}"}""");

    public override object FromBinary(byte[] bytes, Type type) => throw new NotSupportedException();

    public sealed record Message;

    public sealed class Witness
    {
        public Witness() => Interlocked.Increment(ref _made);
    }
}

/// <summary>An exception that counts how many were made of bytes.</summary>
public sealed class RogueException : Exception
{
    private static int _made;

    /// <summary>As it is sent.</summary>
    public RogueException() : base("a failure") { }

    // As Akka makes one, of whatever type the bytes name.
    private RogueException(System.Runtime.Serialization.SerializationInfo info, System.Runtime.Serialization.StreamingContext context) : base(info.GetString("Message"))
    {
        _ = context;
        Interlocked.Increment(ref _made);
    }

    /// <summary>How many were made.</summary>
    public static int Made => _made;
}

/// <summary>Sends bytes for the serializer that deploys actors.</summary>
public sealed class RogueDeployment(ExtendedActorSystem system) : Serializer(system)
{
    public override int Identifier => 3;

    public override bool IncludeManifest => false;

    public override byte[] ToBinary(object obj) => [1, 2, 3];

    public override object FromBinary(byte[] bytes, Type type) => throw new NotSupportedException();

    public sealed record Message;
}

/// <summary>Sends bytes for a serializer that no node has.</summary>
public sealed class RogueUnknown(ExtendedActorSystem system) : Serializer(system)
{
    public override int Identifier => 9999;

    public override bool IncludeManifest => false;

    public override byte[] ToBinary(object obj) => [1, 2, 3];

    public override object FromBinary(byte[] bytes, Type type) => throw new NotSupportedException();

    public sealed record Message;
}
