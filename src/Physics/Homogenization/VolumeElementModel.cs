using System.Runtime.InteropServices;
using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Continuum.Materials;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Homogenization;

/// <summary>
/// A representative volume element as a participant, in plane strain: a metal that yields, with stiff fibers in a square pattern, periodic. A mean strain comes in; its mean stress, the
/// tangent and the strain itself go out, so that the scale above can go on by Newton's method.
/// </summary>
/// <remarks>
/// A member of an ensemble has n × n periods, n drawn from a range: the answer of all is the same, and the work is not. With one period of c cells along the side, n periods have (n c)² cells
/// of four nodes.
/// </remarks>
public sealed class VolumeElementModel : IScaleModel
{
    private static readonly Port<SymTensor3> _strain = Port.In<SymTensor3>("strain", TwoScales.Strain);
    private static readonly Port<SymTensor3> _stress = Port.Out<SymTensor3>("stress", Quantities.Stress);
    private static readonly Port<SymTensor3> _tangent = Port.Out<SymTensor3>("tangent", Quantities.Modulus);
    private static readonly Port<SymTensor3> _answered = Port.Out<SymTensor3>("answered-strain", TwoScales.Strain);

    private readonly RepresentativeVolumeElement _element;
    private double[] _state;

    private VolumeElementModel(ModelSettings settings)
    {
        var (least, most) = (settings.Integer("periods"), settings.Integer("most-periods"));
        if (most < least)
        {
            throw new ScaleModelException($"'most-periods' is {most}; it is at least 'periods', which is {least}.");
        }

        // Drawn by the member's index alone: wherever it is made, it is the same.
        var drawn = new Philox((ulong)settings.Integer("draw"), 0).Uniform(0, 0, settings.EnsembleIndex);
        var periods = least + (int)(drawn * (most - least + 1));
        var (cells, radius) = (settings.Integer("cells"), settings.Number("fiber-radius"));
        bool IsFiber(Vec3 x) => (new Vec3(x.X - Math.Floor(x.X), x.Y - Math.Floor(x.Y), 0) - new Vec3(0.5, 0.5, 0)).Norm < radius;
        var mesh = StructuredMesh.Rectangle(periods, periods, periods * cells, periods * cells).WithRegion("fiber", IsFiber).WithRegion("metal", x => !IsFiber(x));
        _element = new(
            mesh, degree: 1,
            Phases.ByRegion<IConstitutiveLaw>(
                mesh,
                ("fiber", new ElasticLaw(Tangent6.Isotropic(settings.Number("fiber-young"), settings.Number("fiber-poisson")))),
                ("metal", new J2Plasticity(settings.Number("young"), settings.Number("poisson"), settings.Number("yield"), settings.Number("hardening")))),
            BoundaryCondition.Periodic);
        _state = new double[_element.StateSize];
    }

    /// <summary>The model for experiments.</summary>
    public static ModelEntry Entry { get; } = new("volume-element", "A metal that yields, with stiff fibers, periodic, in plane strain: its mean stress and tangent at a mean strain",
        [
            Setting.Integer("periods", "fibers along the side of the square: n × n", 1, 1, 32),
            Setting.Integer("most-periods", "the most; a member of an ensemble draws its number from 'periods' to this", 1, 1, 32),
            Setting.Integer("draw", "names the draw of these numbers", 0, 0, int.MaxValue),
            Setting.Integer("cells", "cells along the side of one period", 6, 2, 128),
            Setting.Number("fiber-radius", "1", "radius of a fiber; the period is 1. Cells whose middle lies within are fiber", 0.35, 0, 0.5, above: true),
            Setting.Positive("fiber-young", "Pa", "Young's modulus of the fibers", 400e9),
            Setting.Number("fiber-poisson", "1", "Poisson's ratio of the fibers", 0.2, -0.99, 0.49),
            Setting.Positive("young", "Pa", "Young's modulus of the metal", 70e9),
            Setting.Number("poisson", "1", "Poisson's ratio of the metal", 0.3, -0.99, 0.49),
            Setting.Positive("yield", "Pa", "yield stress of the metal", 200e6),
            Setting.Positive("hardening", "Pa", "isotropic hardening modulus of the metal", 3e9),
        ],
        settings => new VolumeElementModel(settings));

    /// <summary>
    /// Ports of one point: <c>strain</c> (in), ε̄; <c>stress</c> (out), ⟨σ⟩, Pa; <c>answered-strain</c> (out), the ε̄ that it belongs to. <c>tangent</c> (out) has six points, the stresses that
    /// are added by the unit of each component of ε̄, in Voigt's order with engineering shears, Pa.
    /// </summary>
    public ModelDescription Description { get; } = new(new(_strain, 1), new(_stress, 1), new(_tangent, 6), new(_answered, 1));

    /// <inheritdoc/>
    public void Initialize(PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        _state = new double[_element.StateSize];
        Write(outputs, 0, SymTensor3.Zero, _element.Solve(SymTensor3.Zero, _state));
    }

    /// <inheritdoc/>
    public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(outputs);
        var given = inputs.Read(_strain, context.Window.End);
        Finite.Require(MemoryMarshal.Cast<SymTensor3, double>(given), _strain.Name, context.Window.End);
        var strain = given[0];
        var response = _element.Solve(strain, _state);
        _state = response.State;
        Write(outputs, context.Window.End, strain, response);
    }

    /// <inheritdoc/>
    public void Archive(StateArchive archive)
    {
        ArgumentNullException.ThrowIfNull(archive);
        _ = archive.Version(1);
        archive.Field("state", ref _state);
        if (_state.Length != _element.StateSize)
        {
            throw new ScaleModelException($"The state has {_state.Length} numbers, and the volume element {_element.StateSize}.");
        }
    }

    private static void Write(PortWriter outputs, double time, SymTensor3 strain, MicroResponse response)
    {
        outputs.Write(_stress, time)[0] = response.Stress;
        TwoScales.WriteColumns(response.Tangent, outputs.Write(_tangent, time));
        outputs.Write(_answered, time)[0] = strain;
    }
}
