using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Tests.Particles.Domains;

/// <summary>A team as it is on a bad network: whoever is next goes on by chance, and each message comes by chance sooner or later.</summary>
internal sealed class ScatteredTeam(IReadOnlyList<ITeamMember> members, ulong seed)
{
    private readonly Philox _chance = new(seed, 1);
    private long _draws;

    /// <summary>How many messages were delivered.</summary>
    public long Messages { get; private set; }

    /// <summary>Who told whom, in which phase.</summary>
    public HashSet<(int From, int To, int Phase)> Ways { get; } = [];

    public void Initialize() => Run(m => members[m].BeginInitialize(ChunkedLoop.Serial, null));

    public void Advance(TimeWindow window) =>
        Run(m => members[m].BeginAdvance(new(window, null, new Philox(1, 1), ChunkedLoop.Serial, default), null, null));

    private int Draw(int below) => (int)(_chance.Uniform(_draws++, 0, 0) * below);

    private void Run(Action<int> begin)
    {
        var (inboxes, isDone, onTheWay) = (members.Select(_ => new TeamInbox()).ToArray(), new bool[members.Count], new List<TeamMessage>());
        for (var m = 0; m < members.Count; m++)
        {
            begin(m);
        }

        while (isDone.Contains(false) || onTheWay.Count > 0)
        {
            if (onTheWay.Count > 0 && Draw(2) == 0)
            {
                var message = onTheWay[Draw(onTheWay.Count)];
                onTheWay.Remove(message);
                inboxes[message.To].Put(message);
                Messages++;
                Ways.Add((message.Key.From, message.To, message.Key.Phase));
                continue;
            }

            var next = Draw(members.Count);
            if (!isDone[next])
            {
                var outbox = new TeamOutbox(next);
                isDone[next] = members[next].TryRun(inboxes[next], outbox);
                onTheWay.AddRange(outbox.Messages);
            }
        }

        Assert.All(inboxes, inbox => Assert.Equal(0, inbox.Count));
    }
}
