using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace ActorMultiscale.Actors.Observation;

/// <summary>What the processors of a run's processes work for.</summary>
public enum WorkPurpose
{
    /// <summary>Models advance, and members of teams do their part of it.</summary>
    Computing,

    /// <summary>What members of teams tell each other: packed, sent, read and handed over.</summary>
    Halo,

    /// <summary>What conduits carry: mapped, accelerated, fingerprinted, packed, sent and read.</summary>
    Mapping,

    /// <summary>The record: windows, states, fields and snapshots, hashed, packed, sent and handed to the database.</summary>
    Journal,

    /// <summary>Orders and answers: the coordinator's decisions, and what sites do with the script.</summary>
    Control,
}

/// <summary>What a process has spent on one purpose.</summary>
/// <param name="Nanoseconds">Time of processors, ns.</param>
/// <param name="Messages">Messages that were sent to other processes.</param>
/// <param name="Bytes">Their bytes, without what frames, TLS and TCP add.</param>
public readonly record struct PurposeSum(long Nanoseconds, long Messages, long Bytes);

/// <summary>What a site, or the coordinator, has spent since it was opened.</summary>
/// <param name="Node">The node in whose process it is.</param>
/// <param name="Process">What that process has spent since then on everything, ns of processors: other runs, collections of garbage, the cluster and the database's driver among it.</param>
/// <param name="OnPool">How much of what is in <paramref name="Purposes"/> was spent on threads of the runtime's pool, ns.</param>
/// <param name="Purposes">By <see cref="WorkPurpose"/>.</param>
public sealed record WorkSum(string Node, long Process, long OnPool, ImmutableArray<PurposeSum> Purposes)
{
    /// <summary>How many purposes there are.</summary>
    internal static int Count { get; } = Enum.GetValues<WorkPurpose>().Length;

    /// <summary>What was spent on a purpose.</summary>
    public PurposeSum this[WorkPurpose purpose] => Purposes[(int)purpose];
}

/// <summary>
/// Sums up what a site, or a coordinator, spends its processors on. Threads say what they work for (<see cref="As"/>), and the clock of the thread, which stands still while the thread waits, says how long:
/// waiting is never counted, nor what others do on the same core. From any thread.
/// </summary>
/// <remarks>A shift costs two readings of the clock, each a call of the system; one within another for the same purpose costs none. Where there is no such clock (outside Linux and macOS), or with <c>ACTORMULTISCALE_ACCOUNTS=off</c> in the environment, nothing is summed up.</remarks>
internal sealed class WorkAccount
{
    [ThreadStatic]
    private static WorkAccount? _present;       // Of the shift in which this thread is.

    [ThreadStatic]
    private static WorkPurpose _purpose;

    [ThreadStatic]
    private static long _since;                 // What this thread has spent up to here was charged, or belongs to nobody.

    private readonly string? _node;
    private readonly long _began;
    private readonly long[] _nanoseconds = new long[WorkSum.Count];
    private readonly long[] _messages = new long[WorkSum.Count];
    private readonly long[] _bytes = new long[WorkSum.Count];
    private long _onPool;

    private WorkAccount(string? node)
    {
        _node = node;
        _began = node is null ? 0 : ProcessTime();
    }

    /// <summary>Sums nothing up.</summary>
    public static WorkAccount None { get; } = new(null);

    /// <summary>Whether accounts are kept in this process.</summary>
    public static bool IsOn { get; } = ThreadClock.IsThere && Environment.GetEnvironmentVariable("ACTORMULTISCALE_ACCOUNTS") != "off";

    /// <summary>An account of a site or coordinator on <paramref name="node"/>; <see cref="None"/> where none are kept.</summary>
    public static WorkAccount Open(string node) => IsOn ? new WorkAccount(node) : None;

    /// <summary>This thread works for <paramref name="purpose"/> until the shift is disposed of; a shift within another takes its time from that.</summary>
    public Shift As(WorkPurpose purpose)
    {
        if (_node is null || (_present == this && _purpose == purpose))
        {
            return default;
        }

        var now = ThreadClock.Nanoseconds;
        var around = (_present, _purpose);
        _present?.Charge(_purpose, now - _since);
        (_present, _purpose, _since) = (this, purpose, now);
        return new Shift(around);
    }

    /// <summary>This thread has worked for <paramref name="purpose"/> since it last said so. Of threads that do nothing else, and have no shifts.</summary>
    public void Past(WorkPurpose purpose)
    {
        if (_node is not null)
        {
            var now = ThreadClock.Nanoseconds;
            Charge(purpose, now - _since);
            _since = now;
        }
    }

    /// <summary>A message was sent to another process.</summary>
    public void Sent(WorkPurpose purpose, int bytes)
    {
        if (_node is not null)
        {
            Interlocked.Increment(ref _messages[(int)purpose]);
            Interlocked.Add(ref _bytes[(int)purpose], bytes);
        }
    }

    /// <summary>The sums as they stand; null where none are kept.</summary>
    public WorkSum? Sum() => _node is null ? null : new WorkSum(_node, ProcessTime() - _began, Interlocked.Read(ref _onPool),
        [.. Enumerable.Range(0, WorkSum.Count).Select(i => new PurposeSum(Interlocked.Read(ref _nanoseconds[i]), Interlocked.Read(ref _messages[i]), Interlocked.Read(ref _bytes[i])))]);

    private static long ProcessTime() => (long)Environment.CpuUsage.TotalTime.TotalNanoseconds;

    private void Charge(WorkPurpose purpose, long nanoseconds)
    {
        Interlocked.Add(ref _nanoseconds[(int)purpose], nanoseconds);
        if (Thread.CurrentThread.IsThreadPoolThread)
        {
            Interlocked.Add(ref _onPool, nanoseconds);
        }
    }

    /// <summary>What a thread works for, until it is disposed of. On the thread that began it.</summary>
    public readonly struct Shift : IDisposable
    {
        private readonly (WorkAccount? Account, WorkPurpose Purpose) _around;
        private readonly bool _isOne;

        internal Shift((WorkAccount?, WorkPurpose) around) => (_around, _isOne) = (around, true);

        /// <inheritdoc/>
        public void Dispose()
        {
            if (_isOne)
            {
                var now = ThreadClock.Nanoseconds;
                _present!.Charge(WorkAccount._purpose, now - _since);
                (_present, WorkAccount._purpose, _since) = (_around.Account, _around.Purpose, now);
            }
        }
    }
}

/// <summary>The time of processors that a thread has taken.</summary>
internal static class ThreadClock
{
    // CLOCK_THREAD_CPUTIME_ID of <time.h>.
    private static readonly int _clock = OperatingSystem.IsMacOS() ? 16 : 3;

    /// <summary>Whether this system has such a clock.</summary>
    public static bool IsThere { get; } = (OperatingSystem.IsLinux() || OperatingSystem.IsMacOS()) && IntPtr.Size == sizeof(long) && Read(_clock, out _) == 0;

    /// <summary>Of the calling thread, ns. Where <see cref="IsThere"/> only.</summary>
    public static long Nanoseconds => Read(_clock, out var time) == 0 ? (time.Seconds * 1_000_000_000) + time.Rest : 0;

    [DllImport("libc", EntryPoint = "clock_gettime")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    [SuppressGCTransition]
    private static extern int Read(int clock, out Timespec time);

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Timespec
    {
        public readonly long Seconds;
        public readonly long Rest;
    }
}
