using System.Collections.Immutable;
using System.Globalization;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Coupling;

/// <summary>
/// The coupling algorithm: an event in, commands out. It holds no field, no thread, no clock. It sees addresses, ticks and
/// residuals, and decides who advances, what is repeated, what is accepted and when the run ends.
/// </summary>
/// <remarks>
/// A group's window is a pass over its stages, repeated until its criteria hold. An entry of a stage is a participant, which
/// answers with <see cref="CouplingEvent.Advanced"/>, or a nested group, which runs its own windows over the parent's.
/// Only leaves ever wait. Going back is lazy: a participant is told to restore when it is next told to advance.
/// </remarks>
public sealed class CouplingMachine
{
    // How often a window can be halved in all, by its own group and by those around it.
    private const int DeepestHalving = 16;

    private readonly CoupledSystem _system;
    private readonly GroupRun[] _groups;
    private readonly LeafRun[] _leaves;
    private readonly int _runAhead;
    private readonly int _snapshotEvery;
    private readonly SortedSet<long> _recordedEnds;
    private List<CouplingCommand> _commands = [];
    private long _serial;
    private long _accepted;              // Root windows accepted so far.
    private long _durable;
    private bool _waitsForDurability;
    private bool _snapshotWanted;
    private long _snapshotTaken = -1;    // The root window of the last snapshot.
    private bool _stopWanted;
    private bool _ended;

    /// <summary>A machine for <paramref name="system"/>, at rest until it is told <see cref="CouplingEvent.Started"/>.</summary>
    /// <param name="system">The coupled system.</param>
    /// <param name="runAhead">How many root windows may be computed before they are durable; null for what the experiment says.</param>
    /// <param name="recordedEnds">Where root windows ended when the run was computed before, in order: they hold again. For runs whose windows were shortened by the clock.</param>
    public CouplingMachine(CoupledSystem system, int? runAhead = null, IEnumerable<long>? recordedEnds = null)
    {
        ArgumentNullException.ThrowIfNull(system);
        _system = system;
        _groups = new GroupRun[system.Groups.Length];
        foreach (var node in system.Groups)
        {
            var parent = node.Parent < 0 ? null : _groups[node.Parent];
            _groups[node.Index] = new GroupRun(node,
                isRepeated: parent is not null && (parent.IsRepeated || parent.Node.Spec.Scheme.Iteration.IsImplicit),
                isOffGrid: node.Lengths is not null || parent is { IsOffGrid: true });
        }

        _recordedEnds = [.. recordedEnds ?? []];

        _leaves = [.. system.Participants.Select(_ => new LeafRun(system.Groups.Max(g => g.Depth) + 1))];
        _runAhead = Math.Max(1, runAhead ?? system.Experiment.RunAhead);
        _snapshotEvery = system.Experiment.SnapshotEvery;
    }

    /// <summary>How many answers came for an address that was no longer awaited.</summary>
    public long Dropped { get; private set; }

    /// <summary>How many root windows were accepted.</summary>
    public long Accepted => _accepted;

    /// <summary>Whether the run is over.</summary>
    public bool HasEnded => _ended;

    /// <summary>Takes one event; the commands are to be carried out in order.</summary>
    public IReadOnlyList<CouplingCommand> Handle(CouplingEvent what)
    {
        _commands = [];
        if (_ended)
        {
            return _commands;
        }

        switch (what)
        {
            case CouplingEvent.Started started:
                _accepted = _durable = started.Window;
                OpenRootAt(started.Tick);
                break;
            case CouplingEvent.Advanced advanced:
                OnAdvanced(advanced);
                break;
            case CouplingEvent.Failed failed:
                OnFailed(failed);
                break;
            case CouplingEvent.Broken broken:
                End(RunOutcome.Failed, _groups[0].Start, broken.Reason);
                break;
            case CouplingEvent.Measured measured:
                OnMeasured(measured);
                break;
            case CouplingEvent.Accepted accepted:
                OnRootAccepted(accepted);
                break;
            case CouplingEvent.Durable durable:
                _durable = Math.Max(_durable, durable.Window);
                if (_waitsForDurability && !IsTooFarAhead)
                {
                    _waitsForDurability = false;
                    OpenRootAt(_groups[0].End);
                }

                break;
            case CouplingEvent.SnapshotRequested:
                _snapshotWanted = true;
                break;
            case CouplingEvent.StopRequested:
                _stopWanted = true;
                if (_waitsForDurability)
                {
                    // The run stands at a root boundary already.
                    _waitsForDurability = false;
                    OpenRootAt(_groups[0].End);
                }

                break;
            default:
                throw new InvalidOperationException($"The coupling machine knows no event {what?.GetType().Name}.");
        }

        return _commands;
    }

    private bool IsTooFarAhead => _accepted - _durable >= _runAhead;

    // ---- going forward -------------------------------------------------------------------------------------------

    private void OpenRootAt(long tick)
    {
        var root = _groups[0];
        if (tick >= _system.EndTick)
        {
            End(RunOutcome.Completed, tick, "");
        }
        else if (_stopWanted)
        {
            End(RunOutcome.Stopped, tick, "stopped by the user");
        }
        else
        {
            root.ParentEnd = _system.EndTick;
            root.Window = _accepted;
            foreach (var group in _groups)
            {
                group.FrozenEnds.Clear();
            }

            Open(root, tick);
        }
    }

    // A window from a state that no checkpoint holds yet.
    private void Open(GroupRun group, long start)
    {
        group.Serial = ++_serial;
        group.Start = start;
        group.Attempt = 0;
        group.IsShortened = false;
        group.End = NextEnd(group);
        if (group.Node.KeepsCheckpoint)
        {
            group.Below = [.. group.Node.Subgroups.Select(index => new SubgroupState(index, [.. _groups[index].FrozenEnds], _groups[index].Wanted, _groups[index].LastError))];
            group.Proposals = [.. group.Node.Leaves.Select(index => (index, _leaves[index].Proposal))];
        }

        Begin(group, again: false);
    }

    // The lengths of an iteration, of whatever group above, hold for its later ones. Otherwise what the policy wants, or else the
    // longest window that the grid allows.
    private long NextEnd(GroupRun group)
    {
        var frozen = group.FrozenEnds.GetViewBetween(group.Start + 1, long.MaxValue).Min;      // 0 if there is none.
        if (frozen == 0 && group.Node.Parent < 0)
        {
            frozen = _recordedEnds.GetViewBetween(group.Start + 1, long.MaxValue).Min;
        }

        if (frozen > 0)
        {
            return Math.Min(group.ParentEnd, frozen);
        }

        if (!group.IsOffGrid)
        {
            return Math.Min(group.ParentEnd, group.Start + Block(group, long.MaxValue));
        }

        // Two windows of like length rather than a last one that is a sliver.
        var (length, rest) = (WantedTicks(group), group.ParentEnd - group.Start);
        return length >= rest ? group.ParentEnd
            : 2 * length > rest ? group.Start + ((rest + 1) / 2)
            : group.Start + length;
    }

    private long WantedTicks(GroupRun group)
    {
        if (group.Node.Lengths is not { } lengths)
        {
            return group.Node.NominalTicks;
        }

        var wanted = group.Wanted > 0 ? group.Wanted : group.Node.NominalTicks;
        foreach (var index in lengths.Follows)
        {
            wanted = Math.Min(wanted, _leaves[index].Proposal);
        }

        return Math.Clamp(wanted, lengths.ShortestTicks, lengths.LongestTicks);
    }

    // What the next window may be: what the controller makes of the error; without one whatever is proposed. After a window that
    // had to be shortened it at most doubles.
    private static void Adapt(GroupRun group, double error)
    {
        if (group.Node.Lengths is not { } lengths)
        {
            return;
        }

        var length = group.End - group.Start;
        var bound = group.IsShortened ? 2 * length : long.MaxValue;
        if (lengths.Controller is { } controller)
        {
            group.Wanted = Math.Clamp((long)Math.Min(bound, length * controller.Factor(error, group.LastError)), lengths.ShortestTicks, lengths.LongestTicks);
            group.LastError = error;
        }
        else
        {
            group.Wanted = Math.Min(bound, lengths.LongestTicks);
        }
    }

    // A shorter window than the present one; 0 if none is allowed.
    private static long Shorter(GroupRun group)
    {
        var length = group.End - group.Start;
        var shorter = group.IsOffGrid ? length / 2 : Block(group, length);
        return group.Node.Spec.Halvings > 0 && shorter >= group.Node.ShortestTicks ? shorter : 0;
    }

    // The grid of a group: nominal windows, halved again and again. The longest of its windows that begins at the start and is shorter
    // than a given length. A function of the start alone, so that a resumed run makes the same windows; after a halved one the
    // grid is regained by windows that double.
    private static long Block(GroupRun group, long below)
    {
        var block = group.Node.NominalTicks;
        var offset = group.Start % block;
        for (var halvings = 0; halvings <= DeepestHalving && block > 0; halvings++)
        {
            if (offset % block == 0 && block < below)
            {
                return block;
            }

            block /= 2;
        }

        // Off the grid: a run that is extended from where it was cut off. The rest of the nominal window, or half of what was tried.
        return Math.Min(group.Node.NominalTicks - offset, below / 2);
    }

    private void Begin(GroupRun group, bool again)
    {
        group.Iteration = 0;
        (group.InnerWindows, group.InnerIterations, group.InnerAttempts, group.Converged) = (0, 0, 0, true);
        _commands.Add(new CouplingCommand.OpenWindow(group.Node.Index, _system.Window(group.Start, group.End), again));
        StartStage(group, 0);
    }

    private void StartStage(GroupRun group, int stage)
    {
        group.Stage = stage;
        group.Address = new WindowAddress(group.Node.Parent < 0 ? null : _groups[group.Node.Parent].Address,
            group.Node.Index, group.Window, group.Iteration, group.Attempt, stage);
        var entries = group.Node.Stages[stage];
        group.Outstanding = entries.Length;
        foreach (var entry in entries)
        {
            if (entry.Participant >= 0)
            {
                Advance(group, entry);
            }
            else
            {
                var child = _groups[entry.Group];
                child.ParentEnd = group.End;
                child.Window = 0;
                Open(child, group.Start);
            }
        }
    }

    private void Advance(GroupRun group, StageEntry entry)
    {
        var leaf = _leaves[entry.Participant];
        var save = 0;
        for (var g = group; g is not null; g = g.Node.Parent < 0 ? null : _groups[g.Node.Parent])
        {
            if (g.Node.KeepsCheckpoint && leaf.SavedSerial[g.Node.Depth] != g.Serial)
            {
                leaf.SavedSerial[g.Node.Depth] = g.Serial;
                save |= 1 << g.Node.Depth;
            }
        }

        leaf.Awaited = group.Address;
        _commands.Add(new CouplingCommand.Advance(entry.Participant, group.Address!, _system.Window(group.Start, group.End), entry.Phase,
            leaf.Rebuild, leaf.PendingRestore, save));
        leaf.PendingRestore = -1;
        leaf.Rebuild = false;
    }

    private void OnAdvanced(CouplingEvent.Advanced advanced)
    {
        var leaf = _leaves[advanced.Participant];
        if (leaf.Awaited is null || leaf.Awaited != advanced.Address)
        {
            Dropped++;
            return;
        }

        leaf.Awaited = null;
        var group = _groups[advanced.Address.Group];
        if (advanced.Proposal is { } proposal)
        {
            // Rounded down to whole ticks: a stability limit is a limit.
            leaf.Proposal = proposal / _system.TickLength is var ticks && ticks < long.MaxValue / 4 ? Math.Max(1, (long)ticks) : long.MaxValue;
        }

        _commands.Add(new CouplingCommand.Deliver(advanced.Participant, _system.Window(group.Start, group.End)));
        EntryDone(group);
    }

    private void EntryDone(GroupRun group)
    {
        if (--group.Outstanding > 0)
        {
            return;
        }

        _commands.Add(new CouplingCommand.PublishStage(group.Node.Index, group.Stage));
        if (group.Stage + 1 < group.Node.Stages.Length)
        {
            StartStage(group, group.Stage + 1);
        }
        else if (group.Node.Spec.Scheme.Iteration.IsImplicit || group.Node.Lengths?.Controller is not null)
        {
            _commands.Add(new CouplingCommand.Measure(group.Node.Index, group.Address!, _system.Window(group.Start, group.End)));
        }
        else
        {
            Accept(group, converged: true, error: 0);
        }
    }

    private void OnMeasured(CouplingEvent.Measured measured)
    {
        var group = _groups[measured.Address.Group];
        if (group.Address != measured.Address)
        {
            Dropped++;
            return;
        }

        var policy = group.Node.Spec.Scheme.Iteration;
        group.Residuals = [.. measured.Residuals.Select(r => r.Distance)];
        var iterations = group.Iteration + 1;
        if (policy.IsSatisfiedBy(measured.Residuals) && iterations >= policy.Minimum)
        {
            Accept(group, converged: true, measured.Error);
        }
        else if (iterations >= policy.Maximum && policy.Criteria.IsEmpty)
        {
            Accept(group, converged: true, measured.Error);
        }
        else if (iterations >= policy.Maximum)
        {
            var strictly = policy.FailsStrictly(measured.Residuals);
            if (strictly || Shorter(group) > 0)
            {
                var window = _system.Window(group.Start, group.End);
                Fail(group, string.Create(CultureInfo.InvariantCulture,
                    $"group '{group.Node.Spec.Name}' did not converge in {iterations} iterations in the window from t = {window.Start} to {window.End}"));
            }
            else
            {
                Accept(group, converged: false, measured.Error);
            }
        }
        else
        {
            GoBack(group);
            _commands.Add(new CouplingCommand.Iterate(group.Node.Index));
            group.Iteration++;
            StartStage(group, 0);
        }
    }

    private void Accept(GroupRun group, bool converged, double error)
    {
        group.Converged &= converged;
        Adapt(group, error);
        if (!converged)
        {
            _commands.Add(new CouplingCommand.Note(string.Create(CultureInfo.InvariantCulture,
                $"group '{group.Node.Spec.Name}' did not converge in {group.Iteration + 1} iterations in the window that ends at t = {_system.Window(group.Start, group.End).End}; its last iterate is taken")));
        }

        _commands.Add(new CouplingCommand.AcceptWindow(group.Node.Index, _system.Window(group.Start, group.End)));
        if (group.Node.Parent < 0)
        {
            return;     // Goes on with Accepted.
        }

        var parent = _groups[group.Node.Parent];
        parent.InnerWindows += 1 + group.InnerWindows;
        parent.InnerIterations += group.Iteration + 1 + group.InnerIterations;
        parent.InnerAttempts += group.Attempt + group.InnerAttempts;
        parent.Converged &= group.Converged;
        if (group.IsRepeated)
        {
            group.FrozenEnds.Add(group.End);
        }

        if (group.End == group.ParentEnd)
        {
            group.Address = null;
            EntryDone(parent);
        }
        else
        {
            group.Window++;
            Open(group, group.End);
        }
    }

    private void OnRootAccepted(CouplingEvent.Accepted accepted)
    {
        var root = _groups[0];
        if (accepted.BrokenLimit is { } limit)
        {
            End(RunOutcome.LimitBroken, root.Start, limit);
            return;
        }

        _commands.Add(new CouplingCommand.Commit(new WindowRecord(_accepted, root.Start, root.End, root.Iteration + 1,
            root.InnerWindows, root.InnerIterations, root.Attempt + root.InnerAttempts, root.Converged, root.Residuals, accepted.Fingerprints)));
        _accepted++;
        var ends = root.End >= _system.EndTick || _stopWanted;
        if (!ends && (_snapshotWanted || (_snapshotEvery > 0 && _accepted % _snapshotEvery == 0)))
        {
            _snapshotWanted = false;
            TakeSnapshot(root.End);
        }

        if (!ends && IsTooFarAhead)
        {
            _waitsForDurability = true;
        }
        else
        {
            OpenRootAt(root.End);
        }
    }

    private void End(RunOutcome outcome, long tick, string reason)
    {
        _ended = true;
        if (_snapshotTaken != _accepted && outcome is RunOutcome.Completed or RunOutcome.Stopped)
        {
            TakeSnapshot(tick);
        }

        _commands.Add(new CouplingCommand.Finish(outcome, _accepted, tick, reason));
    }

    private void TakeSnapshot(long tick)
    {
        _snapshotTaken = _accepted;
        _commands.Add(new CouplingCommand.TakeSnapshot(_accepted, tick));
    }

    // ---- going back ----------------------------------------------------------------------------------------------

    // Every leaf below that has begun the group's window restores before it advances again; answers under way are not awaited any more.
    private void GoBack(GroupRun group)
    {
        foreach (var index in group.Node.Subgroups)
        {
            _groups[index].Address = null;
        }

        foreach (var index in group.Node.Leaves)
        {
            var leaf = _leaves[index];
            leaf.Awaited = null;
            var depth = group.Node.Depth;
            if (leaf.SavedSerial[depth] == group.Serial && (leaf.PendingRestore < 0 || leaf.PendingRestore > depth))
            {
                leaf.PendingRestore = depth;
            }
        }
    }

    private void OnFailed(CouplingEvent.Failed failed)
    {
        var leaf = _leaves[failed.Participant];
        if (leaf.Awaited is null || leaf.Awaited != failed.Address)
        {
            Dropped++;
            return;
        }

        var group = _groups[failed.Address.Group];
        var name = _system.Participants[failed.Participant].Name;
        var window = _system.Window(group.Start, group.End);
        var text = string.Create(CultureInfo.InvariantCulture, $"'{name}' failed in the window from t = {window.Start} to {window.End}: {failed.Reason}");
        if (failed.Kind == FailureKind.Unresponsive)
        {
            End(RunOutcome.Failed, _groups[0].Start, text);
            return;
        }

        if (failed.Kind is FailureKind.Timeout or FailureKind.Lost)
        {
            // The clock must not change numbers: the same window again, with a model made anew; twice, and the run ends.
            if (!group.Node.MayBeginAnew)
            {
                End(RunOutcome.Failed, _groups[0].Start, text);
                return;
            }

            leaf.Rebuild = true;
            if (!leaf.IsLateAgain(group.Serial))
            {
                _commands.Add(new CouplingCommand.Note(text + "; it is made anew and repeats the window"));
                Retry(group, group.End);
            }
            else if (failed.Kind == FailureKind.Timeout && _system.Participants[failed.Participant].Spec.ShortensWhenLate)
            {
                // Only lengths of root windows are recorded, so that only these may depend on the clock.
                leaf.ForgiveLateness();
                Fail(_groups[0], text);
            }
            else
            {
                End(RunOutcome.Failed, _groups[0].Start, text);
            }

            return;
        }

        Fail(group, text);
    }

    private void Fail(GroupRun group, string reason)
    {
        var shorter = Shorter(group);
        if (shorter > 0)
        {
            _commands.Add(new CouplingCommand.Note(reason + "; the window is shortened"));
            group.FrozenEnds.RemoveWhere(end => end > group.Start && end <= group.ParentEnd);
            group.IsShortened = true;
            Retry(group, group.Start + shorter);
        }
        else if (group.Node.Parent >= 0)
        {
            Fail(_groups[group.Node.Parent], reason);
        }
        else
        {
            End(RunOutcome.Failed, group.Start, reason);
        }
    }

    private void Retry(GroupRun group, long end)
    {
        GoBack(group);
        foreach (var below in group.Below)
        {
            var subgroup = _groups[below.Group];
            subgroup.FrozenEnds.Clear();
            subgroup.FrozenEnds.UnionWith(below.FrozenEnds);
            (subgroup.Wanted, subgroup.LastError) = (below.Wanted, below.LastError);
        }

        foreach (var (index, proposal) in group.Proposals)
        {
            _leaves[index].Proposal = proposal;
        }

        group.Attempt++;
        group.End = end;
        Begin(group, again: true);
    }

    /// <summary>Names what must survive a snapshot at a root boundary: what the lengths of the next windows depend on.</summary>
    public void Archive(StateArchive archive)
    {
        ArgumentNullException.ThrowIfNull(archive);
        foreach (var group in _groups)
        {
            var (wanted, error) = (group.Wanted, group.LastError);
            archive.Value($"wanted {group.Node.Index}", ref wanted);
            archive.Value($"error {group.Node.Index}", ref error);
            (group.Wanted, group.LastError) = (wanted, error);
        }

        for (var p = 0; p < _leaves.Length; p++)
        {
            var proposal = _leaves[p].Proposal;
            archive.Value($"proposal {p}", ref proposal);
            _leaves[p].Proposal = proposal;
        }
    }

    // What comes back with a subgroup when a window around it is begun anew.
    private sealed record SubgroupState(int Group, ImmutableArray<long> FrozenEnds, long Wanted, double LastError);

    private sealed class GroupRun(GroupNode node, bool isRepeated, bool isOffGrid)
    {
        public GroupNode Node { get; } = node;
        public bool IsRepeated { get; } = isRepeated;          // A group above iterates.
        public bool IsOffGrid { get; } = isOffGrid;            // The windows of this group, or of one above, are not all equal.
        public WindowAddress? Address { get; set; }
        public SortedSet<long> FrozenEnds { get; } = [];       // Where windows ended inside the present root window.
        public ImmutableArray<SubgroupState> Below { get; set; } = [];                       // As it was when the window opened.
        public ImmutableArray<(int Participant, long Ticks)> Proposals { get; set; } = [];   // The same.
        public long Wanted { get; set; }           // The length that the next window may have; 0 before the first.
        public double LastError { get; set; } = double.NaN;
        public long Serial { get; set; }           // Names the state at the window's start: what a checkpoint must belong to.
        public long Start { get; set; }
        public long End { get; set; }
        public long ParentEnd { get; set; }
        public long Window { get; set; }
        public int Iteration { get; set; }
        public int Attempt { get; set; }
        public bool IsShortened { get; set; }      // By a failure; a repetition for lateness is none.
        public int InnerWindows { get; set; }
        public int InnerIterations { get; set; }
        public int Stage { get; set; }
        public int Outstanding { get; set; }
        public int InnerAttempts { get; set; }
        public bool Converged { get; set; }
        public ImmutableArray<double> Residuals { get; set; } = [];
    }

    private sealed class LeafRun(int depths)
    {
        public WindowAddress? Awaited { get; set; }
        public long[] SavedSerial { get; } = new long[depths];
        public int PendingRestore { get; set; } = -1;
        public bool Rebuild { get; set; }
        public long Proposal { get; set; } = long.MaxValue;    // The longest window that it wants, in ticks.
        private long _lateIn = -1;

        public void ForgiveLateness() => _lateIn = -1;

        // Whether the participant was late before in the window of this serial, in whatever attempt.
        public bool IsLateAgain(long serial)
        {
            var again = _lateIn == serial;
            _lateIn = serial;
            return again;
        }
    }
}
