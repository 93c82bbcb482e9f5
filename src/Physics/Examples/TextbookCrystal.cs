using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Examples;

/// <summary>The atomic half of the second textbook example: many identical atoms, each with the same virial. It shows a port with a value per atom.</summary>
public sealed class TextbookCrystal : IScaleModel
{
    private static readonly Port<DiagonalTensor> VirialOut = Port.Out<DiagonalTensor>("virial", new Quantity("w", Unit.One));

    private readonly DiagonalTensor _virial;

    private TextbookCrystal(ModelSettings settings)
    {
        if (settings.Numbers("virial") is not [var xx, var yy, var zz])
        {
            throw new ScaleModelException($"'virial' has the three numbers xx, yy, zz; found {settings.Numbers("virial").Length}.");
        }

        _virial = new DiagonalTensor(xx, yy, zz);
        Description = new(new PortLayout(VirialOut, settings.Integer("atoms"))) { IsLight = true };
    }

    /// <summary>The model for experiments.</summary>
    public static ModelEntry Entry { get; } = new("textbook-crystal", "Many identical atoms, each with the same virial",
        [
            Setting.Integer("atoms", "how many atoms there are", 100, 1, 1_000_000),
            Setting.Numbers("virial", "1", "the virial of each atom: xx, yy, zz", [0.1, 0.2, 0.3]),
        ],
        settings => new TextbookCrystal(settings));

    /// <summary>Out: <c>virial</c> w, xx yy zz of every atom, in reduced units.</summary>
    public ModelDescription Description { get; }

    /// <inheritdoc/>
    public void Initialize(PortWriter outputs) => Write(outputs, 0);

    /// <inheritdoc/>
    public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(context);
        Write(outputs, context.Window.End);
    }

    /// <summary>Nothing: the atoms stand still.</summary>
    public void Archive(StateArchive archive) { }

    private void Write(PortWriter outputs, double time)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        outputs.Write(VirialOut, time).Fill(_virial);
    }
}
