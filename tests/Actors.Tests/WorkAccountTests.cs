using ActorMultiscale.Actors.Observation;

namespace ActorMultiscale.Tests.Actors;

/// <summary>What threads work for is summed up by the clocks of the threads, and so that nothing is counted twice.</summary>
public sealed class WorkAccountTests
{
    private const long Piece = 10_000_000;      // ns

    // Keeps the processor busy for so long by the clock of the thread.
    private static void Compute(long nanoseconds)
    {
        for (var until = ThreadClock.Nanoseconds + nanoseconds; ThreadClock.Nanoseconds < until;)
        {
        }
    }

    // On a thread that has done nothing before.
    private static void OnThread(Action work)
    {
        Exception? fault = null;
        var thread = new Thread(() =>
        {
            try
            {
                work();
            }
            catch (Exception what)
            {
                fault = what;
            }
        });
        thread.Start();
        thread.Join();
        Assert.True(fault is null, fault?.ToString());
    }

    private static long Of(WorkAccount account, WorkPurpose purpose) => account.Sum()![purpose].Nanoseconds;

    [Fact]
    public void Work_is_counted_and_waiting_is_not()
    {
        Assert.True(WorkAccount.IsOn, "There is no clock of threads here.");
        var account = WorkAccount.Open("here");
        OnThread(() =>
        {
            Compute(Piece);     // Before the shift: nobody's.
            using (account.As(WorkPurpose.Computing))
            {
                Compute(Piece);
            }

            using (account.As(WorkPurpose.Control))
            {
                Thread.Sleep(200);
            }
        });
        Assert.InRange(Of(account, WorkPurpose.Computing), Piece, 2 * Piece);
        Assert.InRange(Of(account, WorkPurpose.Control), 0, 100_000_000);
        Assert.Equal(0, account.Sum()!.OnPool);
    }

    // The purposes together are the time between the ends, whatever is nested in what.
    [Fact]
    public void A_shift_within_another_takes_its_time_from_it()
    {
        Assert.True(WorkAccount.IsOn, "There is no clock of threads here.");
        var (one, other) = (WorkAccount.Open("here"), WorkAccount.Open("here"));
        var between = 0L;
        OnThread(() =>
        {
            var began = ThreadClock.Nanoseconds;
            using (one.As(WorkPurpose.Computing))
            {
                Compute(Piece);
                using (one.As(WorkPurpose.Halo))
                {
                    Compute(Piece);
                    using (one.As(WorkPurpose.Halo))
                    {
                        Compute(Piece);
                    }
                }

                using (other.As(WorkPurpose.Computing))
                {
                    Compute(Piece);
                }

                Compute(Piece);
            }

            between = ThreadClock.Nanoseconds - began;
        });
        Assert.InRange(Of(one, WorkPurpose.Computing), 2 * Piece, between);
        Assert.InRange(Of(one, WorkPurpose.Halo), 2 * Piece, between);
        Assert.InRange(Of(other, WorkPurpose.Computing), Piece, between);
        Assert.InRange(Of(one, WorkPurpose.Computing) + Of(one, WorkPurpose.Halo) + Of(other, WorkPurpose.Computing), 5 * Piece, between);
    }

    [Fact]
    public void A_thread_that_does_one_thing_alone_says_afterwards_what_it_was_for()
    {
        Assert.True(WorkAccount.IsOn, "There is no clock of threads here.");
        var account = WorkAccount.Open("here");
        var all = 0L;
        OnThread(() =>
        {
            Compute(Piece);
            account.Past(WorkPurpose.Halo);
            Compute(2 * Piece);
            account.Past(WorkPurpose.Mapping);
            all = ThreadClock.Nanoseconds;
        });
        Assert.InRange(Of(account, WorkPurpose.Halo), Piece, all);
        Assert.InRange(Of(account, WorkPurpose.Mapping), 2 * Piece, all);
        Assert.InRange(Of(account, WorkPurpose.Halo) + Of(account, WorkPurpose.Mapping), 3 * Piece, all);
    }

    [Fact]
    public void What_is_done_on_the_pool_is_known_as_such_and_messages_are_counted()
    {
        Assert.True(WorkAccount.IsOn, "There is no clock of threads here.");
        var account = WorkAccount.Open("here");
        using var done = new ManualResetEventSlim();
        ThreadPool.UnsafeQueueUserWorkItem(_ =>
        {
            using (account.As(WorkPurpose.Journal))
            {
                Compute(Piece);
            }

            account.Sent(WorkPurpose.Journal, 10);
            account.Sent(WorkPurpose.Journal, 32);
            done.Set();
        }, null);
        done.Wait();
        var sum = account.Sum()!;
        Assert.Equal((2, 42), (sum[WorkPurpose.Journal].Messages, sum[WorkPurpose.Journal].Bytes));
        Assert.Equal(sum[WorkPurpose.Journal].Nanoseconds, sum.OnPool);
        Assert.InRange(sum.OnPool, Piece, sum.Process + Piece);       // The kernel counts processes more coarsely.
    }

    [Fact]
    public void The_account_of_nobody_sums_nothing_up()
    {
        using (WorkAccount.None.As(WorkPurpose.Computing))
        {
            WorkAccount.None.Past(WorkPurpose.Halo);
            WorkAccount.None.Sent(WorkPurpose.Halo, 1);
        }

        Assert.Null(WorkAccount.None.Sum());
    }
}
