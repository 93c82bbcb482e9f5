using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Tests.Models;

/// <summary>A team whose members do what they should not.</summary>
public sealed class TeamModelTests
{
    // Sends a number to the next one and adds what comes from the one before: after a window each has the sum of two.
    private sealed class Ring(int number, int members, Func<TeamKey, TeamKey>? other = null, int messages = 1) : ITeamMember
    {
        private double _value = number;
        private bool _hasSent;

        public double Value => _value;

        public TeamKey? WaitsFor { get; private set; }

        public void BeginInitialize(ChunkedLoop loop, PortWriter? outputs) => Begin();

        public void BeginAdvance(AdvanceContext context, PortReader? inputs, PortWriter? outputs) => Begin();

        public bool TryRun(TeamInbox inbox, TeamOutbox outbox)
        {
            for (var m = 0; m < messages && !_hasSent; m++)
            {
                outbox.Post((number + 1) % members, 0, m, [_value]);
            }

            _hasSent = true;
            var key = new TeamKey((number + members - 1) % members, 0, 0);
            key = other?.Invoke(key) ?? key;
            WaitsFor = key;
            if (!inbox.Has(key))
            {
                return false;
            }

            _value += inbox.Take(key)[0];
            WaitsFor = null;
            return true;
        }

        public void Archive(StateArchive archive)
        {
            archive.Value("value", ref _value);
            if (!double.IsFinite(_value))
            {
                throw new ScaleModelException("The state is no number.");
            }
        }

        private void Begin() => (_hasSent, WaitsFor) = (false, null);
    }

    private static void Advance(TeamModel team, int threads = 1)
    {
        var window = new TimeWindow(0, 1, 1);
        team.Advance(new(window, null, new Philox(1, 1), new ChunkedLoop(threads), default), new(team.Description, window, []), PortWriter.ForWindow(team.Description, window, null));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(9)]
    public void Messages_come_to_those_for_whom_they_are(int threads)
    {
        Ring[] members = [new(0, 4), new(1, 4), new(2, 4), new(3, 4)];
        var team = new TeamModel(new(), [.. members]);
        Advance(team, threads);
        Assert.Equal([3, 1, 3, 5], members.Select(m => m.Value));
        Advance(team, threads);
        Assert.Equal([8, 4, 4, 8], members.Select(m => m.Value));
    }

    [Fact]
    public void A_member_that_waits_for_what_nobody_sends_is_named()
    {
        var team = new TeamModel(new(), [new Ring(0, 2), new Ring(1, 2, key => key with { Phase = 7 })]);
        var fault = Assert.Throws<InvalidOperationException>(() => Advance(team)).Message;
        Assert.Contains("Member 1 of a team of 2 waits for TeamKey { From = 0, Step = 0, Phase = 7 }", fault, StringComparison.Ordinal);
    }

    [Fact]
    public void Messages_that_nobody_takes_are_an_error()
    {
        var team = new TeamModel(new(), [new Ring(0, 2), new Ring(1, 2, messages: 3)]);
        Assert.Contains("member 0 of a team of 2 has not taken 2 messages", Assert.Throws<InvalidOperationException>(() => Advance(team)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_messages_of_one_key_are_an_error()
    {
        var inbox = new TeamInbox();
        inbox.Put(new(1, new(0, 3, 2), [1.0]));
        Assert.Throws<InvalidOperationException>(() => inbox.Put(new(1, new(0, 3, 2), [2.0])));
        Assert.Equal([1.0], inbox.Take(new(0, 3, 2)));
        Assert.Throws<InvalidOperationException>(() => inbox.Take(new(0, 3, 2)));
    }

    [Fact]
    public void A_message_has_an_end()
    {
        var outbox = new TeamOutbox(0);
        outbox.Post(1, 0, 0, new double[TeamOutbox.MostNumbers]);
        Assert.Throws<ScaleModelException>(() => outbox.Post(1, 0, 1, new double[TeamOutbox.MostNumbers + 1]));
    }

    [Fact]
    public void A_state_that_one_member_refuses_changes_none()
    {
        Ring[] members = [new(0, 2), new(1, 2)];
        var team = new TeamModel(new(), [.. members]);
        var bad = StateArchive.Save(new TeamModel(new(), [new Ring(8, 2), new Ring(9, 2)]).Archive);
        BitConverter.GetBytes(double.NaN).CopyTo(bad, bad.Length - sizeof(double));
        Assert.Throws<InvalidDataException>(() => StateArchive.Restore(bad, team.Archive));
        Assert.Equal([0, 1], members.Select(m => m.Value));
        Assert.Throws<InvalidDataException>(() => StateArchive.Restore(StateArchive.Save(team.Archive), new TeamModel(new(), [new Ring(0, 1)]).Archive));
    }
}
