using System.Collections.Immutable;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles.Interactions;

namespace ActorMultiscale.Physics.Particles.Motions;

/// <summary>Constant energy, with short steps for fast forces such as bonds and long ones for slow forces such as pairs: r-RESPA.</summary>
/// <remarks>
/// A step of level l is half a kick by its forces, n steps of the level below, and half a kick; below the lowest level is the drift. It is of
/// second order and reversible.
/// M. Tuckerman, B. J. Berne, G. J. Martyna, J. Chem. Phys. 97 (1992) 1990.
/// </remarks>
public sealed class Respa : Motion
{
    private readonly ImmutableArray<int> _levelOf;
    private readonly ImmutableArray<int> _substeps;
    private ImmutableArray<Interaction>[] _interactions = [];
    private AlignedArray<double>[] _forces = [];
    private long _evaluated = -1;       // For which positions the forces of all levels were computed; none if below zero.

    /// <summary>Levels.</summary>
    /// <param name="levelOf">The level of each interaction of the engine, in their order; 0 is that of the shortest steps.</param>
    /// <param name="substeps">For each level but the last, how many of its steps make one of the next level; above zero. A step of the last level is the engine's.</param>
    /// <exception cref="ScaleModelException">A level has no interaction, or no steps.</exception>
    public Respa(ImmutableArray<int> levelOf, ImmutableArray<int> substeps)
    {
        (_levelOf, _substeps) = (levelOf.IsDefault ? [] : levelOf, substeps.IsDefault ? [] : substeps);
        if (_substeps.Any(n => n < 1))
        {
            throw new ScaleModelException($"Levels have {string.Join(", ", _substeps)} substeps; each has one at least.");
        }

        if (_levelOf.Any(l => l < 0 || l > _substeps.Length) || _levelOf.Distinct().Count() != _substeps.Length + 1)
        {
            throw new ScaleModelException($"Interactions are on the levels {string.Join(", ", _levelOf)}; with {_substeps.Length} numbers of substeps there are the levels 0 to {_substeps.Length}, and each has one interaction at least.");
        }
    }

    private protected override void Prepare(Mover mover)
    {
        if (_levelOf.Length != mover.Interactions.Length)
        {
            throw new ScaleModelException($"Levels are given for {_levelOf.Length} interactions; the engine has {mover.Interactions.Length}.");
        }

        _interactions = [.. Enumerable.Range(0, _substeps.Length + 1).Select(level => mover.Interactions.Where((_, i) => _levelOf[i] == level).ToImmutableArray())];
        _forces = [.. _interactions.Select(_ => new AlignedArray<double>())];
        foreach (var rows in _forces)
        {
            rows.Ensure(4 * mover.Count);
        }
    }

    internal override void Begin(Mover mover)
    {
        if (_evaluated != mover.Changes)
        {
            for (var level = 0; level < _interactions.Length; level++)
            {
                mover.Evaluate(_interactions[level], _forces[level]);
            }

            _evaluated = mover.Changes;
        }
    }

    internal override void Step(Mover mover, double step)
    {
        _evaluated = -1;        // Should something go wrong on the way.
        Level(mover, _interactions.Length - 1, step);
        _evaluated = mover.Changes;
    }

    internal override double? Conserved(Mover mover, double total) => Deformation is null ? total : null;

    private unsafe void Level(Mover mover, int level, double step)
    {
        if (level < 0)
        {
            mover.Drift(step);
            return;
        }

        mover.Kick(0.5 * step, _forces[level].Pointer);
        var substeps = level == 0 ? 1 : _substeps[level - 1];
        for (var s = 0; s < substeps; s++)
        {
            Level(mover, level - 1, step / substeps);
        }

        // Atoms change their places when neighbors are looked for, and that is only after a drift, at the lowest level: forces of the levels
        // above are then those of positions that have been left, and computed anew before they are used.
        mover.Evaluate(_interactions[level], _forces[level]);
        mover.Kick(0.5 * step, _forces[level].Pointer);
    }
}
