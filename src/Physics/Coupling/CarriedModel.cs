using System.Collections.Immutable;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Coupling;

/// <summary>What a participant brings along from another run: its state, and the last values of its out-ports.</summary>
/// <param name="From">The run and window that it comes from, for people.</param>
/// <param name="State">The bytes of <see cref="IScaleModel.Archive"/>.</param>
/// <param name="Last">The last values of its out-ports, by name.</param>
public sealed record CarriedState(string From, byte[] State, ImmutableSortedDictionary<string, double[]> Last)
{
    /// <summary>The bytes of all of it.</summary>
    public byte[] Save() => StateArchive.Save(archive => Walk(archive, From, State, Last), State.Length + 1024);

    /// <summary>What <see cref="Save"/> wrote.</summary>
    /// <exception cref="InvalidDataException">The bytes are not that.</exception>
    public static CarriedState Restore(byte[] bytes)
    {
        CarriedState? carried = null;
        StateArchive.Restore(bytes, archive => carried = Walk(archive, "", [], ImmutableSortedDictionary<string, double[]>.Empty));
        return carried!;
    }

    private static CarriedState Walk(StateArchive archive, string from, byte[] state, ImmutableSortedDictionary<string, double[]> last)
    {
        _ = archive.Version(1);
        archive.Text("from", ref from);
        archive.Field("state", ref state);
        var names = string.Join('\n', last.Keys);
        archive.Text("ports", ref names);
        var ports = ImmutableSortedDictionary.CreateBuilder<string, double[]>(StringComparer.Ordinal);
        foreach (var name in names.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            var values = last.GetValueOrDefault(name) ?? [];
            archive.Field(name, ref values);
            ports[name] = values;
        }

        return new CarriedState(from, state, ports.ToImmutable());
    }
}

/// <summary>A model that begins a run in the state of another: where others initialize, it restores.</summary>
internal sealed class CarriedModel(IScaleModel model, CarriedState carried) : IScaleModel, IDisposable
{
    public ModelDescription Description => model.Description;

    public void Initialize(PortWriter outputs)
    {
        try
        {
            StateArchive.Restore(carried.State, model.Archive);
        }
        catch (InvalidDataException fault)
        {
            throw new ScaleModelException($"The state that it brings along from {carried.From} does not fit: {fault.Message} Its settings, such as a number of atoms or cells, are probably others now.", fault);
        }

        foreach (var layout in Description.Ports)
        {
            var port = layout.Port;
            if (port.Direction == PortDirection.In || !port.HasStart)
            {
                continue;
            }

            if (carried.Last.GetValueOrDefault(port.Name) is not { } last || (layout.Points != PortLayout.Varying && last.Length != layout.Length))
            {
                throw new ScaleModelException($"It brings no value along for its out-port '{port.Name}' from {carried.From}, or one of another length.");
            }

            last.CopyTo(outputs.WriteNumbers(port, 0, last.Length / port.Components));
        }
    }

    public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs) => model.Advance(context, inputs, outputs);

    public void Archive(StateArchive archive) => model.Archive(archive);

    public void Dispose() => (model as IDisposable)?.Dispose();
}
