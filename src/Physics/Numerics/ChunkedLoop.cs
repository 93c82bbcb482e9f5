using System.Diagnostics.CodeAnalysis;
using System.Runtime.ExceptionServices;

namespace ActorMultiscale.Physics.Numerics;

/// <summary>
/// The one way to run a loop on several threads. The range is cut into fixed chunks that do not depend on the number
/// of threads, so a body that writes only to its own chunk, or keeps one partial result a chunk, gives the same bits on any.
/// </summary>
/// <param name="degree">How many threads may work at once, at least one.</param>
/// <param name="scheduler">Whose threads work; those of the process if null.</param>
public sealed class ChunkedLoop(int degree, TaskScheduler? scheduler = null)
{
    private readonly LoopTeam? _team;

    internal ChunkedLoop(int degree, TaskScheduler? scheduler, LoopTeam team) : this(degree, scheduler) => _team = team;

    /// <summary>How many threads may work at once.</summary>
    public int Degree { get; } = degree >= 1 ? degree : throw new ArgumentOutOfRangeException(nameof(degree), degree, "At least one thread works.");

    /// <summary>A loop that runs on the caller's thread.</summary>
    public static ChunkedLoop Serial { get; } = new(1);

    /// <summary>
    /// Threads for somebody who runs very many short loops in a row: they stand by until the team is disposed, which costs their time and
    /// saves that of waking them. <see cref="Run"/> of its <see cref="LoopTeam.Loop"/> allocates nothing.
    /// </summary>
    public LoopTeam Gather() => new(Degree, scheduler);

    /// <summary>The number of chunks of a range.</summary>
    public static int Chunks(int length, int chunk) => length == 0 ? 0 : ((length - 1) / chunk) + 1;

    /// <summary>Calls <paramref name="body"/>(chunk index, first, past the last) for every chunk of <paramref name="chunk"/> indices of 0…<paramref name="length"/>.</summary>
    public void Run(int length, int chunk, Action<int, int, int> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        ArgumentOutOfRangeException.ThrowIfLessThan(chunk, 1);
        var chunks = Chunks(length, chunk);
        if (Degree == 1 || chunks <= 1)
        {
            for (var c = 0; c < chunks; c++)
            {
                body(c, c * chunk, (c * chunk) + Math.Min(chunk, length - (c * chunk)));
            }

            return;
        }

        if (_team is { } team)
        {
            team.Run(length, chunk, chunks, body);
            return;
        }

        RunOnScheduler(length, chunk, chunks, body);
    }

    // By itself: what its body captures would otherwise be allocated by loops that need none of it.
    [SuppressMessage("ApiDesign", "RS0030", Justification = "The ban exists so that every parallel loop comes here.")]
    private void RunOnScheduler(int length, int chunk, int chunks, Action<int, int, int> body)
    {
        var options = new ParallelOptions { MaxDegreeOfParallelism = Degree, TaskScheduler = scheduler ?? TaskScheduler.Default };
        try
        {
            Parallel.For(0, chunks, options, c => body(c, c * chunk, (c * chunk) + Math.Min(chunk, length - (c * chunk))));
        }
        catch (AggregateException faults)
        {
            // What a model throws reads the same on any number of threads.
            ExceptionDispatchInfo.Throw(faults.InnerExceptions[0]);
        }
    }
}
