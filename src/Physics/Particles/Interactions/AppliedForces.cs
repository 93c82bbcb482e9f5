using System.Runtime.Intrinsics;
using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Physics.Particles.Interactions;

/// <summary>Forces from outside, one an atom, that somebody sets before each step. They do work but have no energy of their own.</summary>
internal sealed unsafe class AppliedForces : Interaction
{
    private readonly Action<int, int, int> _add;
    private ForcePass? _pass;

    /// <summary>Nobody pushes.</summary>
    public AppliedForces() => _add = Add;

    /// <summary>The forces, in the order of the configuration and the unit of force of the atoms; empty: none.</summary>
    public Vec3[] Forces { get; set; } = [];

    /// <inheritdoc/>
    public override double Cutoff => 0;

    internal override bool KeepsMomentum => Forces.Length == 0;

    // They go with their atoms; the pressure is that of the atoms on each other.
    internal override bool StandsStill => false;

    // No energy, no virial: none for anybody.
    internal override bool HasShares => true;

    internal override void Run(ForcePass pass)
    {
        _pass = pass;
        if (Forces.Length > 0)
        {
            pass.Loop.Run(pass.Atoms.Count, ForcePass.Chunk, _add);
        }
    }

    private void Add(int chunk, int first, int past)
    {
        var (atoms, isFirst) = (_pass!.Atoms, _pass.IsFirst);
        for (var i = first; i < past; i++)
        {
            var force = Forces[atoms.Ids[i]];
            var row = atoms.F + (4L * i);
            var sum = Vector256.Create(force.X, force.Y, force.Z, 0);
            (isFirst ? sum : sum + Vector256.LoadAligned(row)).StoreAligned(row);
        }
    }
}
