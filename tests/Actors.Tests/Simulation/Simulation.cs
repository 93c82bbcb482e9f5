using System.Globalization;
using ActorMultiscale.Actors;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Actors.Protocol;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Tests.Actors.Simulation;

/// <summary>
/// A whole run with everything that can happen to it, in one thread and virtual time, decided by a seed: a random experiment, the processes
/// of coordinators and participants, a network that loses, doubles, delays and reorders, a disk that fails, an operator who starts
/// again what has ended. Apart from network, disk and clock it is the product that runs.
/// </summary>
internal sealed class Simulation
{
    public static readonly RunStart Start = new("simulated",
        new RunOrigin { Run = "simulated", Experiment = "random", Program = "simulator" }, new MachineStamp("simulated", "simulated", "simulated"), 1);

    private readonly List<SimulatedProcess> _processes = [];
    private readonly Dictionary<int, SimulatedProcess> _coordinators = [];
    private readonly SimulatedWorker?[] _workers;
    private readonly long[] _cutOffUntil;
    private readonly List<string>? _log;
    private readonly SolverMood _mood;
    private readonly long _bound;       // What the run may take after the last trouble, µs.
    private long _lastTrouble;
    private int _crashAt;           // After how many further effects the process ends; 0 for never.
    private int _started;
    private long _hosts;
    private bool _isDone;

    private Simulation(int seed, Breakage breakage, List<string>? log)
    {
        (Breakage, _log) = (breakage, log);
        Random = new Random(seed);
        _mood = new SolverMood { Lost = () => _processes.ForEach(p => p.IsHarmed = true) };
        Tunables = new Tunables(seed, Random, _mood);
        System = Composition.Compose(Tunables.Experiment);
        Judge = new Judge(System, Tunables.Complaints);
        Disk = new SimulatedDisk(this);

        // Two minutes, and three times what all advances take one after the other.
        _bound = 120_000_000 + (3 * _mood.Advances * ((Tunables.JobLength / 2) + (2 * Tunables.NetworkDelay) + (2 * Tunables.MailDelay)));
        _workers = new SimulatedWorker?[System.Participants.Length];
        _cutOffUntil = new long[_workers.Length];
    }

    public Breakage Breakage { get; }

    public Random Random { get; }

    public VirtualTime Time { get; } = new();

    public Tunables Tunables { get; }

    public CoupledSystem System { get; }

    public Judge Judge { get; }

    public SimulatedDisk Disk { get; }

    /// <summary>How many further jobs of participants with a time limit take too long.</summary>
    public int SlowJobs { get; set; }

    /// <summary>How often each trouble came up.</summary>
    public int[] Troubles { get; } = new int[Enum.GetValues<Trouble>().Length];

    /// <summary>How many processes computed the run, one after the other.</summary>
    public int Processes => _started;

    /// <summary>How long the run went on after the last trouble, µs.</summary>
    public long Aftermath => Time.Now - _lastTrouble;

    /// <summary>The same as a share of what it might have taken.</summary>
    public double Slowness => (double)Aftermath / _bound;

    /// <summary>Simulates a seed.</summary>
    /// <exception cref="BrokenPromiseException">A promise was broken.</exception>
    public static Simulation Run(int seed, Breakage breakage = Breakage.None, List<string>? log = null)
    {
        var simulation = new Simulation(seed, breakage, log);
        simulation.Run();
        return simulation;
    }

    private void Run()
    {
        foreach (var node in System.Participants)
        {
            if (Tunables.IsRemote[node.Index])
            {
                _workers[node.Index] = new SimulatedWorker(this, node, ++_hosts);
            }
        }

        foreach (var (at, what) in Tunables.Troubles)
        {
            Time.At(at, null, () => Begin(what));
        }

        // What is armed by then and has not come off comes off no more.
        Time.At(Tunables.Horizon, null, () =>
        {
            (_crashAt, _mood.Losses, SlowJobs) = (0, 0, 0);
            Disk.BeUnreliable(0);
        });
        _lastTrouble = Tunables.Horizon;
        StartProcess();
        Go();
        _mood.Losses = 0;
        Judge.FieldsAreWhole(Disk);
    }

    private void Go()
    {
        while (!(_isDone && !_processes.Exists(p => p.IsAlive)))
        {
            if (!Time.Step())
            {
                throw new BrokenPromiseException("nothing is left to happen, and the run is not over");
            }

            if (Aftermath > _bound || Time.Steps > 5_000_000)
            {
                throw new BrokenPromiseException(string.Create(CultureInfo.InvariantCulture, $"the last trouble is {Aftermath / 1_000_000} s ago, and the run is not over"));
            }
        }
    }

    /// <summary>A line for the reader of a seed that fails.</summary>
    public void Say(FormattableString what) => _log?.Add(string.Create(CultureInfo.InvariantCulture, $"{Time.Now / 1e6,12:0.000000} {FormattableString.Invariant(what)}"));

    // ---- processes -----------------------------------------------------------------------------------------------

    private void StartProcess()
    {
        // As the command does it: what is complete in the record is not computed again.
        if (Judge.End is { Outcome: RunOutcome.Completed } end && Judge.IsDone(end))
        {
            _isDone = true;
        }
        else if (!_isDone)
        {
            var process = new SimulatedProcess(this, ++_started);
            _processes.Add(process);
            Say($"{process} starts");
            process.Start();
        }
    }

    private SimulatedProcess? Current => _processes.FindLast(p => p.IsAlive);

    /// <summary>The work of a participant, for a coordinator.</summary>
    public Func<ParticipantJob, object?> WorkOf(SimulatedProcess coordinator, long host, ParticipantNode node)
    {
        var session = new ParticipantSession(node, Tunables.Experiment.Seed, ChunkedLoop.Serial);
        return job =>
        {
            Judge.Computes(coordinator, host, node.Index, job);
            return ParticipantWork.Do(session, job, CancellationToken.None);
        };
    }

    /// <summary>Whether the process ends just before an effect.</summary>
    public bool CrashesHere(SimulatedProcess process, object effect)
    {
        if (_crashAt == 0 || --_crashAt > 0)
        {
            return false;
        }

        Over(process, $"crashes before {effect.GetType().Name}");
        return true;
    }

    /// <summary>A process is gone.</summary>
    public void Over(SimulatedProcess process, string reason)
    {
        Say($"{process} is over: {reason}");
        process.Kill();
        Time.After(Random.NextInt64(Tunables.RestartDelay + 1), null, () =>
        {
            if (Current is null)
            {
                StartProcess();
            }
        });
    }

    /// <summary>A process has announced the end of the run.</summary>
    public void Ended(SimulatedProcess process, RunEvent.RunEnded end)
    {
        Judge.Ended(process, end);
        if (Judge.IsDone(end))
        {
            Say($"{process} is done");
            _isDone = true;
            process.Kill();
        }
        else if (process.IsHarmed)
        {
            Over(process, $"{end.Outcome} at window {end.Windows}: {end.Reason}");
        }
        else
        {
            throw new BrokenPromiseException($"{process} ends otherwise than undisturbed: {end.Outcome} after {end.Windows} windows, '{end.Reason}', not {Judge.Expected.Outcome} after {Judge.Expected.Windows}, '{Judge.Expected.Reason}'");
        }
    }

    /// <summary>A process goes on with the run as the coordinator of an epoch.</summary>
    public void Took(SimulatedProcess process, int epoch) => _coordinators[epoch] = process;

    /// <summary>The process that is the coordinator of an epoch.</summary>
    public SimulatedProcess CoordinatorOf(int epoch) => _coordinators[epoch];

    // ---- the network ---------------------------------------------------------------------------------------------

    /// <summary>Sends a packet between a participant and whoever is its coordinator.</summary>
    public void Transmit(int participant, LinkPacket packet, bool toCoordinator)
    {
        var isBad = Time.Now < Tunables.Horizon;
        if (Time.Now < _cutOffUntil[participant] || (isBad && Random.NextDouble() < Tunables.Loss))
        {
            return;
        }

        for (var copies = isBad && Random.NextDouble() < Tunables.Doubling ? 2 : 1; copies > 0; copies--)
        {
            // Some are late, and some of those that are doubled come when another incarnation speaks.
            var delay = Random.NextInt64(Tunables.NetworkDelay + 1) * (Random.Next(10) == 0 ? 10 : 1);
            delay += copies == 2 && Random.Next(2) == 0 ? Random.NextInt64(2_000_000) : 0;
            if (!toCoordinator)
            {
                Time.After(delay, null, () => _workers[participant]?.Receive(packet));
                continue;
            }

            // Whoever believes to be the coordinator gets it.
            foreach (var process in _processes)
            {
                if (process.IsAlive)
                {
                    Time.After(delay, process, () => process.Receive(participant, packet));
                }
            }
        }
    }

    /// <summary>Wakes a link.</summary>
    public void WakeLater(int round, Somebody who, Action wake)
    {
        if (Breakage != Breakage.NoResend)
        {
            Time.After(Math.Min(2_000_000, (4 * Tunables.NetworkDelay + 20_000) << Math.Min(round, 10)), who, wake);
        }
    }

    // ---- troubles ------------------------------------------------------------------------------------------------

    private void Begin(Trouble what)
    {
        var process = Current;
        var length = Random.NextInt64(5_000_000);
        var participant = Random.Next(_workers.Length);
        if (_isDone)
        {
            return;
        }

        Troubles[(int)what]++;
        Say($"trouble: {what}");
        _lastTrouble = Math.Max(_lastTrouble, Time.Now + length);
        switch (what)
        {
            case Trouble.Crash:
                _crashAt = Random.Next(1, 100);
                break;
            case Trouble.Freeze or Trouble.SecondCoordinator when process is not null:
                process.FrozenUntil = Time.Now + length;
                if (what == Trouble.SecondCoordinator)
                {
                    Time.After(Random.NextInt64(length + 1), null, StartProcess);
                }

                break;
            case Trouble.ServerAway:
                Disk.GoAway(Time.Now + length);
                break;
            case Trouble.DiskFull:
                Disk.FillUp(Time.Now + length);
                break;
            case Trouble.BadWrites:
                Disk.BeUnreliable(Random.Next(1, 12));
                break;
            case Trouble.Partition:
                _cutOffUntil[participant] = Time.Now + length;
                break;
            case Trouble.WorkerCrash when _workers[participant] is { } worker:
                worker.Kill();
                _workers[participant] = null;
                Time.After(length, null, () => _workers[participant] ??= new SimulatedWorker(this, System.Participants[participant], ++_hosts));
                break;
            case Trouble.SolverLost:
                (_mood.Losses, _mood.Calls) = (Random.Next(1, 4), Random.Next(1, 20));
                break;
            case Trouble.SlowSolver:
                SlowJobs = Random.Next(1, 4);
                break;
            case Trouble.Stop when process is not null:
                process.IsHarmed = true;
                process.Tell(new CouplingEvent.StopRequested());
                break;
            case Trouble.SnapshotRequest:
                process?.Tell(new CouplingEvent.SnapshotRequested());
                break;
        }
    }
}
