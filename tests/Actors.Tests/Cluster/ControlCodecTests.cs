using System.Collections.Immutable;
using System.Runtime.Serialization;
using ActorMultiscale.Actors;
using ActorMultiscale.Actors.Cluster;
using ActorMultiscale.Actors.Journal;

namespace ActorMultiscale.Tests.Actors;

/// <summary>A message of each kind that goes between nodes.</summary>
internal static class ControlSamples
{
    private static readonly NodeIdentity _identity = new("0.1.0+abc", new MachineStamp("linux x64", ".NET 10.0.1", "512 bit"), AllowsOtherMachine: true);

    private static readonly RunStanding _standing = new("run-1", RunState.Running, "a note", 3, 0.5, 2, 17, 16, 40) { Nodes = [new NodeAddress("10.0.0.5", 21000), new NodeAddress("10.0.0.6", 21000)] };

    public static ImmutableArray<IControlMessage> All { get; } =
    [
        new IdentityQuestion(),
        _identity,
        new StatusQuestion(),
        new NodeStatus
        {
            Address = new NodeAddress("10.0.0.5", 21000),
            Roles = ["coordinator", "md"],
            Identity = _identity,
            Cores = 8,
            Load = 0.25,
            ManagedBytes = 123_456_789,
            Uptime = 17.5,
            Lag = new NodeLag(0.5, 1.5, 0.25, 0.125),
            Refused = 3,
            Hosted = 3,
            Participants = [new("left", "run-1"), new("right", "run-1"), new("größer", "run-2")],
            Sites = [new("run-1", 3, 0, 17), new("run-2", 1, 2, 0)],
        },
        new MembersQuestion(),
        new MemberList("ours", [new(new NodeAddress("10.0.0.5", 21000), ["md"], "up", IsUnreachable: false), new(new NodeAddress("node-2.example", 21001), [], "leaving", IsUnreachable: true)]),
        new OpenSite("run-1", 3, 1, "00112233445566778899aabbccddeeff", [0, 1, 1], [1, 0], [0], [new TeamSites(2, [1, 0, 1])], 2, new string('7', 64)),
        new SiteIsOpen("run-1", 3, 1, new NodeAddress("10.0.0.5", 21001)),
        new SiteRefused("run-1", 3, 1, "the run is in epoch 4 already"),
        new KeepRun("run-1"),
        new StopKeeping("run-1"),
        new NodeLeaves(new NodeAddress("10.0.0.5", 21000)),
        new RunQuestion("run-1"),
        new RunsQuestion(),
        _standing,
        new RunList([_standing, _standing with { Run = "run-2", State = RunState.Over, Status = RunStatus.SitesLost, IsLetGo = true, Nodes = [] }]),
    ];
}

/// <summary>How messages between nodes stand in bytes (what happens to other bytes is in <see cref="ByteFuzzTests"/>).</summary>
public sealed class ControlCodecTests
{
    [Fact]
    public void Every_kind_of_message_comes_out_as_it_went_in()
    {
        Assert.Equal(ControlCodec.Kinds.Select(kind => kind.Type), ControlSamples.All.Select(message => message.GetType()));
        Assert.Equal(ControlCodec.Kinds.Length, ControlCodec.Kinds.Select(kind => kind.Manifest).Distinct().Count());
        foreach (var message in ControlSamples.All)
        {
            var again = ControlCodec.Decode(ControlCodec.ManifestOf(message), ControlCodec.Encode(message));
            Assert.Equivalent(message, again, strict: true);
        }
    }

    // As a node of this version writes it: one of a later version must read it, to say that it is another.
    [Fact]
    public void The_identity_stands_in_bytes_as_ever()
    {
        var bytes = ControlCodec.Encode(new NodeIdentity("1.2", new MachineStamp("os", "clr", "v"), AllowsOtherMachine: true));
        Assert.Equal("06312e32046f7306636c72027602", Convert.ToHexStringLower(bytes));
    }

    [Fact]
    public void What_is_too_long_is_not_sent()
    {
        var status = (NodeStatus)ControlSamples.All.Single(message => message is NodeStatus);
        Assert.Throws<InvalidDataException>(() => ControlCodec.Encode(status with { Roles = [new string('x', 257)] }));
        Assert.Throws<InvalidDataException>(() => ControlCodec.Encode(status with { Participants = [.. Enumerable.Repeat(new HostedParticipant("a", "b"), 257)] }));
        var member = ((MemberList)ControlSamples.All.Single(message => message is MemberList)).Members[0];
        Assert.Throws<InvalidDataException>(() => ControlCodec.Encode(new MemberList("ours", [.. Enumerable.Repeat(member with { Status = new string('a', 250) }, 1000)])));

        // The longest status is sent.
        var longest = new string('a', ControlCodec.LongestText);
        var bytes = ControlCodec.Encode(status with { Participants = [.. Enumerable.Repeat(new HostedParticipant(longest, longest), NodeStatus.MostParticipants)], Sites = [.. Enumerable.Repeat(new HostedSite(longest, int.MaxValue, int.MaxValue, int.MaxValue), NodeStatus.MostSites)], Roles = [.. Enumerable.Repeat(longest, NodeSettings.MostRoles)] });
        Assert.InRange(bytes.Length, 130_000, ControlCodec.LongestMessage);
    }

    [Fact]
    public void Every_beginning_of_a_message_and_one_byte_more_are_refused_and_counted()
    {
        var serializer = new ControlSerializer(null!);
        var refused = 0;
        void Refuses(byte[] bytes, string manifest)
        {
            Assert.Throws<SerializationException>(() => serializer.FromBinary(bytes, manifest));
            Assert.Equal(++refused, serializer.Refused);
        }

        foreach (var message in ControlSamples.All)
        {
            var (bytes, manifest) = (serializer.ToBinary(message), serializer.Manifest(message));
            for (var length = 0; length < bytes.Length; length++)
            {
                Refuses(bytes[..length], manifest);
            }

            Refuses([.. bytes, 0], manifest);
            Refuses(bytes, manifest[..^1] + "9");
            Assert.Equivalent(message, serializer.FromBinary(bytes, manifest), strict: true);
        }

        Refuses(new byte[ControlCodec.LongestMessage + 1], "ml1");
    }
}
