using System.Runtime.InteropServices;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.CoarseGraining;

/// <summary>
/// Projects atoms to continuum fields on a coarse mesh, and keeps the ledger of energy and momentum of atoms and bar together.
/// </summary>
/// <remarks>
/// <para>The sums in the ledger are taken over the coarse nodes, not over the atoms: a projection that lost anything would show as drift.</para>
/// <para>Time: energies in <c>atom-balance</c> and <c>bar-balance</c> are those of the start of the window in which they were written (a leapfrog knows the
/// velocity of a whole step only after the handshake that follows it). This model therefore enters, at the end of its window, the energies of its
/// window's start: of several samples in a window the first after the start (so conduits pass all substeps, as they do by default). Momentum holds at the sample's own time and is taken from the last.</para>
/// <para>Energy that a change of mesh added or took is subtracted before the drift is judged and reported as <c>transfer-energy</c>, the sum of its
/// magnitudes over E₀; <c>transmitted</c> and <c>energy-ratio</c> are of the energy that is really there.</para>
/// </remarks>
public sealed class CoarseGrainerModel : IScaleModel
{
    private static readonly Quantity BalanceQuantity = new("E, I, p, |p|", Unit.One, Nature.Extensive);
    private static readonly Port<double> AtomMassIn = Port.In<double>("atom-mass", new("m̄", Unit.One, Nature.Extensive));
    private static readonly Port<double> AtomDisplacementIn = Port.In<double>("atom-displacement", new("u", Unit.One));
    private static readonly Port<Balance> AtomBalanceIn = Port.In<Balance>("atom-balance", BalanceQuantity);
    private static readonly Port<Balance> BarBalanceIn = Port.In<Balance>("bar-balance", BalanceQuantity);
    private static readonly Port<TransferBooking> BookedIn = Port.In<TransferBooking>("bar-booked", new("ΣΔE, ΣΔI, Σ|ΔE|", Unit.One, Nature.Extensive));
    private static readonly Port<double> MassOut = Field("mass", "M", Nature.Extensive);
    private static readonly Port<double> DisplacementOut = Field("displacement", "U", Nature.Intensive);
    private static readonly Port<double> VelocityOut = Field("velocity", "V", Nature.Intensive);
    private static readonly Port<double> NodeEnergyOut = Field("node-energy", "E_J", Nature.Extensive);
    private static readonly Port<double> EnergyOut = Ledger("energy", "E");
    private static readonly Port<double> MomentumOut = Ledger("momentum", "p");
    private static readonly Port<double> EnergyRatioOut = Scalar("energy-ratio", "E/E₀");
    private static readonly Port<double> EnergyDriftOut = Ledger("energy-drift", "max |(E − B)/E₀ − 1|");
    private static readonly Port<double> InvariantDriftOut = Scalar("invariant-drift", "max |(I − B)/I₀ − 1|");
    private static readonly Port<double> MomentumDriftOut = Ledger("momentum-drift", "max |p − p₀|/Σ|mv|");
    private static readonly Port<double> TransferEnergyOut = Ledger("transfer-energy", "Σ|ΔE|/E₀");
    private static readonly Port<double> TransmittedOut = Scalar("transmitted", "E_bar/E₀");

    private readonly AtomProjection _projection;
    private readonly ConservationLedger _ledger = new();
    private readonly Balance[] _starts;
    private readonly Balance[] _ends;

    private CoarseGrainerModel(ModelSettings settings)
    {
        var (atoms, spacing, cell) = (settings.Integer("atoms"), settings.Number("spacing"), settings.Number("cell"));
        var positions = new double[atoms];
        for (var i = 0; i < atoms; i++)
        {
            positions[i] = i * spacing;
        }

        var nodes = new double[Math.Max(1, (int)Math.Ceiling((positions[^1] / cell) - 1e-9)) + 1];
        for (var j = 0; j < nodes.Length; j++)
        {
            nodes[j] = j * cell;
        }

        _projection = new AtomProjection(nodes, positions);
        _starts = new Balance[nodes.Length];
        _ends = new Balance[nodes.Length];
        var (coarse, fine) = (PointCloud.OnLine(nodes), PointCloud.OnLine(positions));
        Description = new(
            new(AtomMassIn, atoms, fine), new(AtomDisplacementIn, atoms, fine), new(AtomBalanceIn, atoms, fine), new(BarBalanceIn, 1), new(BookedIn, 1),
            new(MassOut, nodes.Length, coarse), new(DisplacementOut, nodes.Length, coarse), new(VelocityOut, nodes.Length, coarse), new(NodeEnergyOut, nodes.Length, coarse),
            new(EnergyOut, 1), new(MomentumOut, 1), new(EnergyRatioOut, 1), new(EnergyDriftOut, 1), new(InvariantDriftOut, 1), new(MomentumDriftOut, 1),
            new(TransferEnergyOut, 1), new(TransmittedOut, 1))
        {
            IsLight = true,
        };
    }

    /// <summary>The model for experiments.</summary>
    public static ModelEntry Entry { get; } = new("coarse-grainer", "Projects a chain of atoms to continuum fields and keeps the ledger of energy and momentum",
        [
            Setting.Integer("atoms", "number of atoms, the first at X = 0", 401, min: 2, max: 1_000_000),
            Setting.Positive("spacing", "1", "lattice spacing of the atoms", 1),
            Setting.Positive("cell", "1", "spacing of the coarse nodes; at least that of the atoms", 10),
        ],
        settings => new CoarseGrainerModel(settings));

    /// <inheritdoc/>
    public ModelDescription Description { get; }

    /// <inheritdoc/>
    public void Initialize(PortWriter outputs)
    {
        // The ledger opens with the first entry.
    }

    /// <inheritdoc/>
    public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(outputs);
        var (start, end) = (context.Window.Start, context.Window.End);
        var bar = FirstAfter(inputs, BarBalanceIn, start)[0];
        _projection.Spread(FirstAfter(inputs, AtomBalanceIn, start), _starts);
        _projection.Spread(inputs.Read(AtomBalanceIn, end), _ends);
        var (atomsThen, atomsNow, barNow) = (Total(_starts), Total(_ends), inputs.Read(BarBalanceIn, end)[0]);
        var total = new Balance(atomsThen.Energy + bar.Energy, atomsThen.Invariant + bar.Invariant,
            atomsNow.Momentum + barNow.Momentum, atomsNow.MomentumMagnitude + barNow.MomentumMagnitude);
        var booked = FirstAfter(inputs, BookedIn, start)[0];
        _ledger.Enter(total, booked);

        WriteFields(inputs, outputs, end);
        var first = _ledger.First.Energy;
        outputs.Write(EnergyOut, end, total.Energy);
        outputs.Write(MomentumOut, end, total.Momentum);
        outputs.Write(EnergyRatioOut, end, Share(total.Energy, first));
        outputs.Write(EnergyDriftOut, end, _ledger.EnergyDrift);
        outputs.Write(InvariantDriftOut, end, _ledger.InvariantDrift);
        outputs.Write(MomentumDriftOut, end, _ledger.MomentumDrift);
        outputs.Write(TransferEnergyOut, end, Share(booked.Magnitude, first));
        outputs.Write(TransmittedOut, end, Share(bar.Energy, first));
    }

    /// <inheritdoc/>
    public void Archive(StateArchive archive)
    {
        ArgumentNullException.ThrowIfNull(archive);
        _ = archive.Version(1);
        _ledger.Archive(archive);
    }

    private static Port<double> Field(string name, string symbol, Nature nature) =>
        Port.Out<double>(name, new(symbol, Unit.One, nature)) with { HasStart = false };

    private static Port<double> Scalar(string name, string symbol) => Port.Out<double>(name, new(symbol, Unit.One)) with { HasStart = false };

    private static Port<double> Ledger(string name, string symbol) => Scalar(name, symbol) with { InLedger = true };

    private static double Share(double value, double whole) => whole != 0 ? value / whole : 0;

    // What was written first after the start; if nothing was, what stands there.
    private static ReadOnlySpan<T> FirstAfter<T>(PortReader inputs, Port<T> port, double start) where T : unmanaged
    {
        var samples = inputs.Samples(port);
        var first = samples.Last;
        for (var i = samples.Samples.Count - 1; i >= 0 && samples.Samples[i].Time > start; i--)
        {
            first = samples.Samples[i];
        }

        return MemoryMarshal.Cast<double, T>(first.Values);
    }

    private static Balance Total(Balance[] nodes)
    {
        var total = default(Balance);
        foreach (var node in nodes)
        {
            total = total.Plus(node);
        }

        return total;
    }

    private void WriteFields(PortReader inputs, PortWriter outputs, double end)
    {
        var atomMass = inputs.Read(AtomMassIn, end);
        var mass = outputs.Write(MassOut, end);
        _projection.Spread(atomMass, mass);
        _projection.Average(atomMass, inputs.Read(AtomDisplacementIn, end), outputs.Write(DisplacementOut, end));
        var velocity = outputs.Write(VelocityOut, end);
        var energy = outputs.Write(NodeEnergyOut, end);
        for (var j = 0; j < velocity.Length; j++)
        {
            velocity[j] = _ends[j].Momentum / mass[j];
            energy[j] = _starts[j].Energy;
        }
    }
}
