using ActorMultiscale.Actors;

namespace ActorMultiscale.Tests.Actors;

/// <summary>What a site needs for each job.</summary>
public sealed class WorkPermitTests
{
    private sealed class Clock : TimeProvider
    {
        public int Second { get; set; }

        public override DateTimeOffset GetUtcNow() => new(2026, 1, 1, 0, 0, Second, TimeSpan.Zero);
    }

    private readonly Clock _clock = new();
    private readonly List<WorkSpan> _ended = [];
    private bool _stands = true;
    private int _lapses;

    private WorkPermit Permit() => new(() => _stands, () => _lapses++, _ended.Add, _clock);

    private DateTimeOffset At(int second) => new Clock { Second = second }.GetUtcNow();

    [Fact]
    public void Once_it_has_lapsed_no_job_begins_and_no_answer_leaves()
    {
        var permit = Permit();
        _clock.Second = 1;
        Assert.True(permit.TryBegin());
        _clock.Second = 2;
        Assert.True(permit.TryEnd());
        _clock.Second = 3;
        Assert.True(permit.TryBegin());
        Assert.True(permit.TryBegin());

        // As one that was frozen amid two jobs and wakes: they come to their end, and nobody is told.
        _stands = false;
        _clock.Second = 18;
        Assert.False(permit.TryEnd());
        Assert.Empty(_ended);
        _stands = true;
        Assert.False(permit.TryBegin());
        _clock.Second = 19;
        Assert.False(permit.TryEnd());
        Assert.Equal(1, _lapses);
        Assert.Equal(new WorkSpan(At(0), At(3), At(19)), Assert.Single(_ended));
        permit.Withdraw();
        Assert.Single(_ended);
    }

    [Fact]
    public void Withdrawn_it_ends_with_the_last_job_that_is_under_way()
    {
        var permit = Permit();
        Assert.True(permit.TryBegin());
        permit.Withdraw();
        Assert.Empty(_ended);
        _clock.Second = 5;
        Assert.False(permit.TryEnd());
        Assert.Equal(new WorkSpan(At(0), At(0), At(5)), Assert.Single(_ended));
        Assert.False(permit.TryBegin());
        Assert.Equal(0, _lapses);
    }

    [Fact]
    public void Where_nothing_was_done_it_says_so()
    {
        Permit().Withdraw();
        Assert.Equal(new WorkSpan(At(0), At(0), null), Assert.Single(_ended));
    }
}
