using System.Runtime.InteropServices;
using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Numerics.Sparse;

namespace ActorMultiscale.Physics.Homogenization;

/// <summary>
/// The upper of two scales (FE²): a quarter of a square plate with a round hole, in plane strain, pulled along x. At each quadrature point another participant, a volume element, answers the strain
/// there.
/// </summary>
/// <remarks>
/// An advance is a step of Newton's method: the balance of what was heard, σ_k + C_k:(ε − ε_k) at each point. A window that is iterated until the stresses stand still has the solution of both
/// scales. After: Feyel, Chaboche, Comput. Methods Appl. Mech. Eng. 183, 309 (2000); Miehe, Koch, Arch. Appl. Mech. 72, 300 (2002).
/// </remarks>
public sealed class TwoScalePlateModel : IScaleModel
{
    private static readonly Port<SymTensor3> _stress = Port.In<SymTensor3>("stress", Quantities.Stress);
    private static readonly Port<SymTensor3> _tangent = Port.In<SymTensor3>("tangent", Quantities.Modulus);
    private static readonly Port<SymTensor3> _answered = Port.In<SymTensor3>("answered-strain", TwoScales.Strain);
    private static readonly Port<SymTensor3> _strain = Port.Out<SymTensor3>("strain", TwoScales.Strain);
    private static readonly Port<double> _force = Port.Out<double>("force", new("F", Unit.Parse("N/m"), Nature.Extensive));

    private readonly Basis _basis;
    private readonly TwoScales.HeardLaw _law = new();
    private readonly double _speed;
    private readonly int _points;
    private double[] _u;

    private TwoScalePlateModel(ModelSettings settings)
    {
        var (radius, half) = (settings.Number("radius"), settings.Number("half"));
        if (half <= radius)
        {
            throw new ScaleModelException(FormattableString.Invariant($"'half' is {half} m; it is more than 'radius', which is {radius} m."));
        }

        var mesh = StructuredMesh.PlateWithHole(radius, half, settings.Integer("radial"), settings.Integer("around"));
        _basis = Basis.Vector(mesh, degree: 2, quadratureDegree: 2);
        _speed = settings.Number("speed");
        _u = new double[_basis.DofCount];
        _points = SolidBody.Starts(_basis)[^1];
        Description = new(
            new(_stress, _points) { Slots = _points }, new(_tangent, 6 * _points) { Slots = _points }, new(_answered, _points) { Slots = _points },
            new(_strain, _points) { Slots = _points }, new(_force, 1));
    }

    /// <summary>The model for experiments.</summary>
    public static ModelEntry Entry { get; } = new("two-scale-plate", "A quarter of a plate with a hole, pulled, whose material is an ensemble of volume elements: one at each of 4 points of each cell",
        [
            Setting.Positive("radius", "m", "radius of the hole", 1),
            Setting.Positive("half", "m", "half the edge of the plate", 3),
            Setting.Integer("radial", "cells from the hole to the edge", 3, 1, 1000),
            Setting.Integer("around", "cells around the quarter of the hole, an even number", 4, 2, 1000),
            Setting.Number("speed", "m/s", "speed of the right edge"),
        ],
        settings => new TwoScalePlateModel(settings));

    /// <summary>
    /// Vector ports with a slot for each quadrature point: <c>strain</c> (out), and of what the points answer <c>stress</c>, <c>tangent</c> and <c>answered-strain</c> (in), as those of
    /// <c>volume-element</c> are. <c>force</c> (out) is that on the right edge of the quarter along x, per thickness, N/m.
    /// </summary>
    public ModelDescription Description { get; }

    /// <inheritdoc/>
    public void Initialize(PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        _u = new double[_basis.DofCount];
        outputs.Write(_strain, 0).Clear();
        outputs.Write(_force, 0, 0);
    }

    /// <inheritdoc/>
    public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(outputs);
        var end = context.Window.End;
        var stress = inputs.Read(_stress, end);
        var tangent = inputs.Read(_tangent, end);
        var answered = inputs.Read(_answered, end);
        Finite.Require(MemoryMarshal.Cast<SymTensor3, double>(stress), _stress.Name, end);
        Finite.Require(MemoryMarshal.Cast<SymTensor3, double>(tangent), _tangent.Name, end);
        Finite.Require(MemoryMarshal.Cast<SymTensor3, double>(answered), _answered.Name, end);
        var heard = new double[_points * TwoScales.Numbers];
        for (var p = 0; p < _points; p++)
        {
            TwoScales.WriteState(answered[p], stress[p], tangent.Slice(6 * p, 6), heard.AsSpan(p * TwoScales.Numbers, TwoScales.Numbers));
        }

        var constraints = Held(_basis, _speed * end);
        SystemResponse? last = null;
        _u = Newton.Solve(_u, constraints, u => last = SolidBody.Respond(_basis, _law, u, heard, context.Loop), (matrix, right) => FactorOrIterate.Factored(matrix, context.Loop)(right), loop: context.Loop).Solution;
        var strain = outputs.Write(_strain, end);
        for (var p = 0; p < _points; p++)
        {
            strain[p] = TwoScales.HeardLaw.Tensor(last!.State.AsSpan(p * TwoScales.Numbers, 6));
        }

        outputs.Write(_force, end, FixedOrderSum.Of([.. _basis.NodesOn("right").Select(n => last!.Force[_basis.Dof(n)])]));
    }

    /// <inheritdoc/>
    public void Archive(StateArchive archive)
    {
        ArgumentNullException.ThrowIfNull(archive);
        _ = archive.Version(1);
        archive.Field("displacement", ref _u);
        if (_u.Length != _basis.DofCount)
        {
            throw new ScaleModelException($"The displacement has {_u.Length} numbers, and the plate {_basis.DofCount}.");
        }
    }

    /// <summary>The symmetry of the quarter, and the right edge at a displacement along x.</summary>
    internal static Constraints Held(Basis basis, double pull) => new Constraints(basis.DofCount).Fix(basis, basis.NodesOn("left"), component: 0, value: 0)
        .Fix(basis, basis.NodesOn("bottom"), component: 1, value: 0).Fix(basis, basis.NodesOn("right"), component: 0, value: pull);
}
