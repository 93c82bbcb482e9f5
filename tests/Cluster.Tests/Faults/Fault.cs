using System.Diagnostics;
using System.Globalization;

namespace ActorMultiscale.Tests.Cluster.Faults;

/// <summary>What is done to a cluster amid a run.</summary>
internal enum Fault
{
    KillKeeper,
    KillOther,
    Freeze,
    FreezeKeeper,
    Terminate,
    TerminateKeeper,
    KillAll,
    StoreAway,
    Cut,
    CutKeeper,
    Mute,
    Flap,
}

/// <summary>What came of one.</summary>
/// <param name="Kind">What was done.</param>
/// <param name="Recovery">How long it took until a window was committed by a later incarnation; null where the run went on as it was.</param>
/// <param name="Epochs">How many incarnations the run had.</param>
/// <param name="InVain">How many sites had a step under way that went nowhere.</param>
/// <param name="Margin">The shortest time between two copies of a participant; null where none had a second one.</param>
internal sealed record FaultResult(Fault Kind, TimeSpan? Recovery, int Epochs, int InVain, TimeSpan? Margin)
{
    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"{Kind}\t{(Recovery is { } r ? $"{r.TotalSeconds:0.00}" : "-")}\t{Epochs}\t{InVain}\t{(Margin is { } m ? $"{m.TotalSeconds:0.000}" : "-")}");
}

/// <summary>Rounds: a run, a fault in its middle, the run's end.</summary>
internal static class FaultRound
{
    private static readonly TimeSpan _frozenFor = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan _storeIsAwayFor = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan _isDone = TimeSpan.FromMinutes(5);

    public static bool NeedsNetworks(Fault kind) => kind is Fault.Cut or Fault.CutKeeper or Fault.Mute or Fault.Flap;

    /// <summary>Carries one out, and has every node back afterwards; null where the run was over before anything could be done to it.</summary>
    public static FaultResult? Of(FaultStand stand, Fault kind, string run, string hash, Random random, string experiment, params string[] settings)
    {
        var before = stand.InVain;
        stand.Begin(experiment, run, settings);
        stand.Await(run, look => look.Windows > 2, FaultStand.Soon, "a few windows");
        Thread.Sleep(TimeSpan.FromSeconds(random.NextDouble() * 2));
        var keeper = stand.Keeper;
        var victim = kind is Fault.KillKeeper or Fault.FreezeKeeper or Fault.TerminateKeeper or Fault.CutKeeper ? keeper : stand.Nodes.Where(n => n != keeper).ElementAt(random.Next(stand.Nodes.Count - 1));
        var at = stand.Look(run)!.Value;
        if (at.End is not null)
        {
            return null;
        }

        var clock = Stopwatch.StartNew();
        Begin(stand, kind, victim);
        TimeSpan? recovery = null;
        Action? mend = Later(stand, kind, victim);
        var last = at;
        void MendInTime()
        {
            if (mend is not null && clock.Elapsed > MendsAfter(kind))
            {
                mend();
                mend = null;
            }
        }

        stand.Await(run, look =>
        {
            recovery ??= look.Epoch > at.Epoch && look.Windows > at.Windows ? clock.Elapsed : null;
            last = look;
            return look.End is { Outcome: Physics.Coupling.RunOutcome.Completed };
        }, _isDone, $"its end after {kind} of node {victim.Index}", MendInTime);
        if (mend is not null)
        {
            Thread.Sleep(MendsAfter(kind) - clock.Elapsed is var rest && rest > TimeSpan.Zero ? rest : TimeSpan.Zero);
            mend();
        }

        stand.StartsAgain = true;
        stand.AwaitAll();
        stand.Complete(run, hash, _isDone);
        return new FaultResult(kind, recovery, last.Epoch, stand.InVain - before, SiteIntervals.Margin(stand.Intervals(run)));
    }

    private static void Begin(FaultStand stand, Fault kind, KeptNode victim)
    {
        switch (kind)
        {
            case Fault.KillKeeper or Fault.KillOther:
                victim.Kill();
                break;
            case Fault.Freeze or Fault.FreezeKeeper:
                victim.Process.Signal("STOP");
                break;
            case Fault.Terminate or Fault.TerminateKeeper:
                victim.Process.Signal("TERM");
                break;
            case Fault.KillAll:
                stand.StartsAgain = false;
                stand.Nodes.ToList().ForEach(n => n.Kill());
                stand.StartAll();
                stand.StartsAgain = true;
                break;
            case Fault.StoreAway:
                stand.Server.Stop();
                break;
            case Fault.Cut or Fault.CutKeeper:
                stand.Net!.Cut(victim.Index);
                break;
            case Fault.Mute:
                stand.Net!.Mute(victim.Index);
                break;
            case Fault.Flap:
                stand.Net!.Flap(victim.Index, times: 6, TimeSpan.FromSeconds(1.5), TimeSpan.FromSeconds(3));
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(kind));
        }
    }

    private static TimeSpan MendsAfter(Fault kind) => kind switch
    {
        Fault.Freeze or Fault.FreezeKeeper => _frozenFor,
        Fault.StoreAway => _storeIsAwayFor,
        _ => TimeSpan.FromSeconds(18),         // Whoever was cut off has ended by then.
    };

    private static Action? Later(FaultStand stand, Fault kind, KeptNode victim) => kind switch
    {
        Fault.Freeze or Fault.FreezeKeeper => () => victim.Process.Signal("CONT"),
        Fault.StoreAway => stand.Server.Start,
        Fault.Cut or Fault.CutKeeper => () => stand.Net!.Mend(victim.Index),
        Fault.Mute => () => stand.Net!.Unmute(victim.Index),
        _ => null,
    };
}
