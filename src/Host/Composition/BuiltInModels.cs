using ActorMultiscale.Host.Formats;
using ActorMultiscale.Host.Interop.External;
using ActorMultiscale.Host.Interop.IPi;
using ActorMultiscale.Physics.Adaptivity;
using ActorMultiscale.Physics.Bridging;
using ActorMultiscale.Physics.CoarseGraining;
using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Continuum.Adaptive;
using ActorMultiscale.Physics.Continuum.Participants;
using ActorMultiscale.Physics.Examples;
using ActorMultiscale.Physics.Homogenization;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Particles;
using ActorMultiscale.Physics.Particles.Domains;

namespace ActorMultiscale.Host.Composition;

/// <summary>The one place that names the models which come with the program.</summary>
public static class BuiltInModels
{
    /// <summary>A catalogue of them.</summary>
    public static ModelCatalogue Catalogue() => new ModelCatalogue()
        .Add(OscillatorMass.Entry)
        .Add(EamCrystalModel.Entry)
        .Add(AtomStripModel.Entry)
        .Add(MolecularRegionModel.Entry)
        .Add(MolecularDynamicsModel.Entry(AtomFiles.Read))
        .Add(MolecularDynamicsModel.ReducedEntry(AtomFiles.Read))
        .Add(MolecularDomains.Entry(AtomFiles.Read))
        .Add(MolecularDomains.ReducedEntry(AtomFiles.Read))
        .Add(CrystalModel.Entry)
        .Add(CrystalModel.ReducedEntry)
        .Add(MatterModel.Solid(AtomFiles.Read))
        .Add(MatterModel.ReducedSolid(AtomFiles.Read))
        .Add(MatterModel.Fluid(AtomFiles.Read))
        .Add(MatterModel.ReducedFluid(AtomFiles.Read))
        .Add(IPiRegion.Entry)
        .Add(SolidBarModel.Entry)
        .Add(Comparison.Entry)
        .Add(HeatSquare.Entry)
        .Add(ResonantElement.Entry)
        .Add(SteadyField.Entry)
        .Add(ReactingSpecies.Entry)
        .Add(TubeFlow.Entry)
        .Add(TubeWall.Entry)
        .Add(TextbookAtoms.Entry)
        .Add(TextbookContinuum.Entry)
        .Add(TextbookCrystal.Entry)
        .Add(TextbookAverage.Entry)
        .Add(TextbookField.Entry)
        .Add(TextbookFine.Entry)
        .Add(TextbookCoarse.Entry)
        .Add(TextbookList.Entry)
        .Add(TextbookRefiner.Entry)
        .Add(AtomChainModel.Entry)
        .Add(ElasticBarModel.Entry)
        .Add(BridgingDomainModel.Entry)
        .Add(CoarseGrainerModel.Entry)
        .Add(BarRefinerModel.Entry)
        .Add(HeatPlateModel.Entry)
        .Add(PlateRefinerModel.Entry)
        .Add(HeatModel.Entry(MeshFiles.Read))
        .Add(SolidModel.Entry(MeshFiles.Read))
        .Add(VolumeElementModel.Entry)
        .Add(TwoScalePlateModel.Entry)
        .Add(ExternalModel.Entry);
}
