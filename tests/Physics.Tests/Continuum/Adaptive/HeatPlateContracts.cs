using ActorMultiscale.Physics.Adaptivity;
using ActorMultiscale.Physics.Continuum.Adaptive;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Testing;

namespace ActorMultiscale.Tests.Continuum.Adaptive;

public sealed class HeatPlateModelContract : ScaleModelContract<HeatPlateModel>
{
    private static readonly AdaptiveMesh _mesh = AdaptiveMesh.Of(StructuredMesh.Rectangle(4, 2, 4, 2), 2);

    protected override HeatPlateModel Create() => (HeatPlateModel)Participant.Of("plate", Entry, ("radius", 0.4)).CreateModel();

    protected override ModelEntry Entry => HeatPlateModel.Entry;

    protected override double WindowLength => 0.02;

    protected override SplitWindow Split => SplitWindow.OfOrder(2);

    protected override IReadOnlyCollection<string> Defects => ["heat-defect"];

    protected override int VaryingPoints => _mesh.Forest.Count;

    // The mesh that the plate has; a refiner changes it in the experiment.
    protected override void FillInput(Port port, double time, Span<double> values)
    {
        var leaves = LeafEntry.Of(_mesh.Forest);
        for (var n = 0; n < leaves.Length; n++)
        {
            (values[3 * n], values[(3 * n) + 1], values[(3 * n) + 2]) = (leaves[n].Root, leaves[n].Place, leaves[n].Level);
        }
    }
}

public sealed class PlateRefinerModelContract : ScaleModelContract<PlateRefinerModel>
{
    protected override PlateRefinerModel Create() => (PlateRefinerModel)Participant.Of("refiner", Entry).CreateModel();

    protected override ModelEntry Entry => PlateRefinerModel.Entry;

    protected override SplitWindow Split => SplitWindow.Unlike("the mesh goes one level a window");

    protected override int VaryingPoints => 128;

    // Indicators between the thresholds: lists of another length would have to come from a plate that follows.
    protected override void FillInput(Port port, double time, Span<double> values)
    {
        for (var c = 0; c < values.Length; c++)
        {
            values[c] = 5e-3 + (1e-4 * Math.Sin(c + time));
        }
    }
}
