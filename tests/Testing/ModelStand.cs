using System.Collections.Immutable;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Testing;

/// <summary>Drives one model by hand, as a runner would, through its ports and its archive alone.</summary>
internal sealed class ModelStand(IScaleModel model, int threads = 1)
{
    /// <summary>The name under which the model takes part, on which its random numbers depend.</summary>
    public const string Name = "subject";

    /// <summary>The seed of all random numbers.</summary>
    public const ulong Seed = 1;

    private readonly Philox _random = new(Seed, Fingerprint.OfName(Name));
    private readonly ChunkedLoop _loop = new(threads);

    public IScaleModel Model => model;

    public ModelDescription Description { get; } = model.Description;

    /// <summary>The phases of a step; one nameless phase for a model without.</summary>
    public ImmutableArray<string?> Phases => Description.Phases.IsEmpty ? [null] : [.. Description.Phases];

    public ImmutableArray<ImmutableArray<FieldSample>> Initialize()
    {
        var outputs = PortWriter.ForStart(Description, 0);
        model.Initialize(outputs);
        return outputs.Publish();
    }

    /// <summary>All phases of one window; gives the samples of every port.</summary>
    public ImmutableArray<ImmutableArray<FieldSample>> Advance(TimeWindow window, Func<PortLayout, Waveform?> input)
    {
        var all = Description.Ports.Select(_ => ImmutableArray<FieldSample>.Empty).ToArray();
        foreach (var phase in Phases)
        {
            var outputs = PortWriter.ForWindow(Description, window, phase);
            AdvancePhase(window, phase, ReaderOf(window, input), outputs);
            var samples = outputs.Publish();
            for (var p = 0; p < all.Length; p++)
            {
                all[p] = all[p].AddRange(samples[p]);
            }
        }

        return [.. all];
    }

    public void AdvancePhase(TimeWindow window, string? phase, PortReader inputs, PortWriter outputs) =>
        model.Advance(new AdvanceContext(window, phase, _random, _loop, CancellationToken.None), inputs, outputs);

    public PortReader ReaderOf(TimeWindow window, Func<PortLayout, Waveform?> input) =>
        new(Description, window, [.. Description.Ports.Select(layout => layout.Port.Direction == PortDirection.In ? input(layout) : null)]);

    public byte[] Save() => StateArchive.Save(model.Archive);

    public void Restore(byte[] state) => StateArchive.Restore(state, model.Archive);
}
