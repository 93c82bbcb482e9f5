using System.Globalization;
using Akka.Actor;
using Akka.Dispatch;

namespace ActorMultiscale.Actors.Cluster;

/// <summary>
/// Watches how late the threads of a node answer, from a thread of its own: a node whose own pool stalls should say so, and not accuse others. Four times a second
/// it hands the pool of the runtime, the solvers and the timers something to do, unless the last is not done yet, and looks how long that takes.
/// </summary>
internal sealed class StallWatch : IDisposable
{
    private const int LookEvery = 250;      // ms
    private const int Remembered = 20;      // Looks: five seconds.
    private static readonly TimeSpan _isStalled = TimeSpan.FromSeconds(2);
    private readonly TimeProvider _clock = TimeProvider.System;
    private readonly ManualResetEvent _ended = new(false);
    private readonly Action<string> _onStall;
    private readonly Probe _pool;
    private readonly Probe _solvers;
    private readonly Probe _timers;
    private readonly Recent _process = new();
    private readonly Recent _load = new();

    public StallWatch(ActorSystem actors, Action<string> onStall)
    {
        _onStall = onStall;
        var (solvers, timers) = (actors.Dispatchers.Lookup(ActorSettings.SolverDispatcher), actors.Scheduler.Advanced);
        _pool = new Probe(_clock, "the pool of the runtime", answer => ThreadPool.UnsafeQueueUserWorkItem(static answer => answer(), answer, preferLocal: false));
        _solvers = new Probe(_clock, "the solvers", solvers.Schedule);
        _timers = new Probe(_clock, "the timers", answer => timers.ScheduleOnce(TimeSpan.Zero, answer));
        new Thread(Work) { IsBackground = true, Name = "stall-watch", Priority = ThreadPriority.AboveNormal }.Start();
    }

    /// <summary>How late they answer.</summary>
    public NodeLag Lag => new(_pool.Lag, _solvers.Lag, _timers.Lag, _process.Greatest);

    /// <summary>How busy the process keeps its cores, 0 … 1, in the last second.</summary>
    public double Load => Math.Clamp(_load.MeanOfLast(4), 0, 1);

    /// <inheritdoc/>
    public void Dispose() => _ended.Set();

    private void Work()
    {
        var (last, busy) = (_clock.GetTimestamp(), Environment.CpuUsage.TotalTime);
        while (!_ended.WaitOne(LookEvery))
        {
            var now = _clock.GetTimestamp();
            var passed = _clock.GetElapsedTime(last, now).TotalSeconds;
            var used = Environment.CpuUsage.TotalTime;
            _process.Add(Math.Max(0, passed - (LookEvery / 1000.0)));
            _load.Add((used - busy).TotalSeconds / passed / Environment.ProcessorCount);
            (last, busy) = (now, used);

            // Models compute as long as they must; that the solvers answer late is measured, and no fault.
            _solvers.Look();
            foreach (var probe in (Probe[])[_pool, _timers])
            {
                if (probe.Look() is { } stall)
                {
                    _onStall(stall);
                }
            }
        }
    }

    // The last looks; one writes, any read.
    private sealed class Recent
    {
        private readonly double[] _values = new double[Remembered];
        private int _next;

        public double Greatest => _values.Max();

        public void Add(double value)
        {
            Volatile.Write(ref _values[_next], value);
            _next = (_next + 1) % Remembered;
        }

        public double MeanOfLast(int count)
        {
            var (next, sum) = (_next, 0.0);
            for (var i = 1; i <= count; i++)
            {
                sum += _values[(next + Remembered - i) % Remembered];
            }

            return sum / count;
        }
    }

    private sealed class Probe(TimeProvider clock, string name, Action<Action> post)
    {
        private readonly Recent _recent = new();
        private long _asked;
        private long _answered = 1;     // 0 while an answer is awaited.
        private bool _isStalled;

        public double Lag => _recent.Greatest;

        /// <summary>Looks at the last question, and asks again if it was answered. What there is to say, if there is.</summary>
        public string? Look()
        {
            var answered = Interlocked.Read(ref _answered);
            var lag = _asked == 0 ? 0 : clock.GetElapsedTime(_asked, answered == 0 ? clock.GetTimestamp() : answered).TotalSeconds;
            _recent.Add(lag);
            if (answered != 0)
            {
                Interlocked.Exchange(ref _answered, 0);
                _asked = clock.GetTimestamp();
                try
                {
                    post(() => Interlocked.Exchange(ref _answered, clock.GetTimestamp()));
                }
                catch (Exception fault) when (fault is SchedulerException or InvalidOperationException or RejectedExecutionException)
                {
                    // The actors end.
                    Interlocked.Exchange(ref _answered, _asked);
                }
            }

            if (lag > StallWatch._isStalled.TotalSeconds == _isStalled)
            {
                return null;
            }

            _isStalled = !_isStalled;
            return string.Create(CultureInfo.InvariantCulture, $"{name} of this node {(_isStalled ? $"does not answer since {lag:0.0} s" : "answers again")}");
        }
    }
}
