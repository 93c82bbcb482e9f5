using System.Runtime.InteropServices;
using ActorMultiscale.Physics.Continuum.Materials;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Homogenization;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Testing;

namespace ActorMultiscale.Tests.Homogenization;

/// <summary>A volume element whose metal yields.</summary>
public sealed class VolumeElementContract : ScaleModelContract<VolumeElementModel>
{
    protected override VolumeElementModel Create() => (VolumeElementModel)Participant.Of("rve", Entry, ("cells", 4L)).CreateModel();

    protected override ModelEntry Entry => VolumeElementModel.Entry;

    protected override SplitWindow Split => SplitWindow.Unlike("a window is a step of a metal that yields, and what it has become depends on the way");

    // Strains of some thousandths, in the plane.
    protected override void FillInput(Port port, double time, Span<double> values)
    {
        base.FillInput(port, time, values);
        foreach (ref var strain in MemoryMarshal.Cast<double, SymTensor3>(values))
        {
            strain = new(5e-3 * (strain.XX - 1), 5e-3 * (strain.YY - 1), 0, 0, 0, 5e-3 * (strain.XY - 1));
        }
    }
}

/// <summary>The plate above them, which hears of a material that answers with a stiffness.</summary>
public sealed class TwoScalePlateContract : ScaleModelContract<TwoScalePlateModel>
{
    protected override TwoScalePlateModel Create() => (TwoScalePlateModel)Participant.Of("plate", Entry, ("radial", 1L), ("around", 2L), ("speed", 0.01)).CreateModel();

    protected override ModelEntry Entry => TwoScalePlateModel.Entry;

    protected override SplitWindow Split => SplitWindow.Unlike("an advance is a step of Newton's method about what was heard");

    protected override void FillInput(Port port, double time, Span<double> values)
    {
        ArgumentNullException.ThrowIfNull(port);
        base.FillInput(port, time, values);
        if (port.Name == "tangent")
        {
            var stiffness = values[0];
            for (var rest = MemoryMarshal.Cast<double, SymTensor3>(values); rest.Length > 0; rest = rest[6..])
            {
                TwoScales.WriteColumns(Tangent6.Isotropic(70e9 * stiffness, 0.3), rest);
            }

            return;
        }

        foreach (ref var value in values)
        {
            value = (port.Name == "stress" ? 1e8 : 1e-3) * (value - 1);
        }
    }
}
