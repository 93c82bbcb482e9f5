using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Examples;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Particles;
using ActorMultiscale.Testing;

namespace ActorMultiscale.Tests.Particles;

// A short cut, because the contract measures the crystal some dozens of times.
public sealed class EamCrystalModelContract : ScaleModelContract<EamCrystalModel>
{
    protected override EamCrystalModel Create() => (EamCrystalModel)Participant.Of("crystal", Entry, ("cutoff", 5.5)).CreateModel();

    protected override ModelEntry Entry => EamCrystalModel.Entry;

    protected override SplitWindow Split => SplitWindow.ToTheBit;
}

public sealed class AtomStripModelContract : ScaleModelContract<AtomStripModel>
{
    protected override AtomStripModel Create() => (AtomStripModel)Participant.Of("strip", Entry, ("cutoff", 5.5), ("length", 1L), ("orientation", "110")).CreateModel();

    protected override ModelEntry Entry => AtomStripModel.Entry;

    protected override SplitWindow Split => SplitWindow.ToTheBit;
}

public sealed class SolidBarModelContract : ScaleModelContract<SolidBarModel>
{
    protected override SolidBarModel Create() => (SolidBarModel)Participant.Of("bar", Entry, ("cells-along", 2L), ("cells-across", 1L)).CreateModel();

    protected override ModelEntry Entry => SolidBarModel.Entry;

    // The tangent moves with time, and what is told is that at the window's end.
    protected override SplitWindow Split => SplitWindow.ToTheBit;

    protected override void FillInput(Port port, double time, Span<double> values)
    {
        base.FillInput(port, time, values);
        if (port.Name == "tangent")
        {
            Tangent6.Cubic(170 + Math.Sin(time), 120, 75).Entries.CopyTo(values);
        }
    }
}

public sealed class ComparisonContract : ScaleModelContract<Comparison>
{
    protected override Comparison Create() => (Comparison)Participant.Of("comparison", Entry).CreateModel();

    protected override ModelEntry Entry => Comparison.Entry;

    protected override SplitWindow Split => SplitWindow.ToTheBit;
}
