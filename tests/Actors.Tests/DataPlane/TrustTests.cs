using ActorMultiscale.Actors.DataPlane;

namespace ActorMultiscale.Tests.Actors.DataPlane;

/// <summary>Whether the other end still counts on this one, and whether it has ended: what the rest of a run rests on when a link is no more.</summary>
public sealed class TrustTests
{
    private static void Becomes(Func<bool> isSo) => Assert.True(SpinWait.SpinUntil(isSo, TimeSpan.FromSeconds(20)));

    [Fact]
    public async Task Both_ends_of_a_link_trust_each_other_as_long_as_it_stands()
    {
        using var stand = await WireStand.Joined(options: WireStand.Nervous);
        Becomes(() => stand.LeftLink.IsTrusted && stand.RightLink.IsTrusted);
        await Task.Delay(2500);         // Twice what a peer may be silent.
        Assert.True(stand.LeftLink.IsTrusted && stand.RightLink.IsTrusted && !stand.LeftWire.HasStoodStill);

        // Who closes is trusted no more by itself, before the other can hear of it; and both know that the other has ended.
        stand.RightLink.Close("enough");
        Assert.False(stand.RightLink.IsTrusted);
        stand.Left.AwaitClosed();
        stand.Right.AwaitClosed();
        Assert.True(!stand.LeftLink.IsTrusted && stand.LeftLink.HasPeerEnded && stand.RightLink.HasPeerEnded);
    }

    [Fact]
    public async Task Ends_that_do_not_hear_of_each_other_trust_each_other_no_more()
    {
        var isMute = false;
        using var stand = await WireStand.Joined(options: WireStand.Nervous, between: to => new Between(to, (_, _, _, bytes) => Volatile.Read(ref isMute) ? [] : bytes));
        Becomes(() => stand.LeftLink.IsTrusted && stand.RightLink.IsTrusted);
        Volatile.Write(ref isMute, true);
        Becomes(() => !stand.LeftLink.IsTrusted && !stand.RightLink.IsTrusted);
        stand.Left.AwaitClosed();
        stand.Right.AwaitClosed();
        Assert.False(stand.LeftLink.IsTrusted || stand.RightLink.IsTrusted);
    }

    [Fact]
    public async Task An_end_whose_connection_is_cut_by_its_system_has_ended()
    {
        var isCut = false;
        using var stand = await WireStand.Joined(options: WireStand.Quick, between: to => new Between(to, (_, _, _, bytes) => Volatile.Read(ref isCut) ? null : bytes));
        Becomes(() => stand.LeftLink.IsTrusted);
        Volatile.Write(ref isCut, true);
        stand.Left.AwaitClosed();
        Assert.True(stand.LeftLink.HasPeerEnded);
    }
}
