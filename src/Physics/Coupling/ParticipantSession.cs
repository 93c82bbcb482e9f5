using System.Collections.Immutable;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Coupling;

/// <summary>
/// One participant as its runner sees it: the model, the checkpoints of the groups that may go back, and the guard at its ports.
/// Has a single caller at a time. The serial runner and the actor both drive it.
/// </summary>
public sealed class ParticipantSession : IDisposable
{
    private readonly ParticipantNode _node;
    private readonly Philox _random;
    private readonly ChunkedLoop _loop;
    private readonly Dictionary<int, ParticipantState> _checkpoints = [];    // By depth of the group. They outlive the model.
    private readonly Lock _ending = new();
    private IScaleModel _model;
    private bool _ended;
    private string _unsaved = "";        // Why the last checkpoint is missing.
    private int[] _sizes = [0];          // Of the archives that were saved last.

    /// <summary>A session with a fresh model.</summary>
    /// <param name="node">The participant.</param>
    /// <param name="seed">Seed of the run.</param>
    /// <param name="loop">The threads that the model may use.</param>
    public ParticipantSession(ParticipantNode node, ulong seed, ChunkedLoop loop)
    {
        ArgumentNullException.ThrowIfNull(node);
        _node = node;
        _random = new Philox(seed, Fingerprint.OfName(node.Name));
        _loop = loop;
        _model = node.Spec.CreateModel();
    }

    /// <summary>The participant.</summary>
    public ParticipantNode Node => _node;

    /// <summary>The model, to be looked at. A session that replaces its model has another one afterwards.</summary>
    public IScaleModel Model => _model;

    /// <summary>Hears how far the model has come in a window, from 0 to 1, on the thread that advances it; nobody if null.</summary>
    public Action<double>? OnProgress { get; set; }

    /// <summary>Sets the state at the start of the run; gives the start samples.</summary>
    /// <exception cref="ScaleModelException">The model cannot start.</exception>
    public ImmutableArray<ImmutableArray<FieldSample>> Initialize()
    {
        var outputs = PortWriter.ForStart(_node.Description, 0);
        _model.Initialize(outputs);
        return outputs.Publish();
    }

    /// <summary>Everything an order asks for before the model advances: a fresh model, the way back, checkpoints.</summary>
    public void Prepare(CouplingCommand.Advance order)
    {
        ArgumentNullException.ThrowIfNull(order);

        // What was kept for earlier windows must not be taken for the state of this one if anything fails on the way to it.
        for (var depth = 0; order.SaveDepths >> depth != 0; depth++)
        {
            if ((order.SaveDepths & (1 << depth)) != 0)
            {
                _checkpoints.Remove(depth);
            }
        }

        try
        {
            if (order.Rebuild)
            {
                Replace(_node.Spec.CreateModel());
            }

            if (order.RestoreDepth >= 0)
            {
                Restore(_checkpoints.TryGetValue(order.RestoreDepth, out var checkpoint) ? checkpoint
                    : throw new SolverLostException($"its state at the window's start cannot be saved: {_unsaved}"));
            }

            if (order.SaveDepths == 0)
            {
                return;
            }

            var state = Save();
            for (var depth = 0; order.SaveDepths >> depth != 0; depth++)
            {
                if ((order.SaveDepths & (1 << depth)) != 0)
                {
                    _checkpoints[depth] = state;
                }
            }
        }
        catch (SolverLostException fault) when (order.SaveDepths != 0)
        {
            _unsaved = fault.Message;
            throw;
        }
    }

    /// <summary>Advances the model. Whatever it does wrong comes back as an event.</summary>
    public CouplingEvent Advance(CouplingCommand.Advance order, PortReader inputs, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(order);
        try
        {
            ArgumentNullException.ThrowIfNull(inputs);
            inputs.RequireFinite();
            var outputs = PortWriter.ForWindow(_node.Description, order.Window, order.Phase, inputs);
            _model.Advance(new AdvanceContext(order.Window, order.Phase, _random, _loop, cancellation) { OnProgress = OnProgress }, inputs, outputs);
            return new CouplingEvent.Advanced(order.Participant, order.Address, outputs.Publish())
            {
                Proposal = outputs.ProposedWindow,
                Meshes = outputs.MeshChanges(),
            };
        }
        catch (Exception fault)
        {
            return Failure(order, fault);
        }
    }

    /// <summary>What <paramref name="fault"/>, thrown while <paramref name="order"/> was carried out, means to the coupling machine.</summary>
    public static CouplingEvent.Failed Failure(CouplingCommand.Advance order, Exception fault)
    {
        ArgumentNullException.ThrowIfNull(order);
        ArgumentNullException.ThrowIfNull(fault);

        return fault is SolverLostException
            ? new CouplingEvent.Failed(order.Participant, order.Address, FailureKind.Lost, fault.Message)
            : new CouplingEvent.Failed(order.Participant, order.Address, FailureKind.Model, fault is ScaleModelException ? fault.Message : $"{fault.GetType().Name}: {fault.Message}");
    }

    /// <summary>Ends a model that holds more than memory, such as a process. May be called while another thread uses the session; its call then fails.</summary>
    public void Dispose()
    {
        lock (_ending)
        {
            _ended = true;
            (_model as IDisposable)?.Dispose();
        }
    }

    private void Replace(IScaleModel model)
    {
        lock (_ending)
        {
            (_model as IDisposable)?.Dispose();
            _model = model;
            if (_ended)
            {
                (_model as IDisposable)?.Dispose();
            }
        }
    }

    /// <summary>The model's state; of a team of several members their states.</summary>
    public ParticipantState Save()
    {
        if (_model is TeamModel { Members: > 1 } team)
        {
            Array.Resize(ref _sizes, team.Members);
            return ParticipantState.OfMembers(team.SaveMembers(_sizes));
        }

        var state = StateArchive.Save(_model.Archive, _sizes[0]);
        _sizes[0] = state.Length;
        return state;
    }

    /// <summary>Sets the model's state.</summary>
    /// <param name="state">The state, all of it here: of a team in one archive, as it was once kept, or in those of its members.</param>
    /// <exception cref="InvalidDataException">The bytes are of another model or version.</exception>
    public void Restore(ParticipantState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        var parts = state.Parts.Select(part => part is StatePart.Here here ? here.Bytes : throw new ArgumentException("The state lies in a store.", nameof(state))).ToList();
        if (parts.Count == 1)
        {
            StateArchive.Restore(parts[0], _model.Archive);
        }
        else if (_model is TeamModel team)
        {
            team.RestoreMembers(parts);
        }
        else
        {
            throw new InvalidDataException($"The state is that of a team of {parts.Count}, and the model is none.");
        }
    }
}
