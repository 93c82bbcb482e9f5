using ActorMultiscale.Physics.Bridging;
using ActorMultiscale.Physics.CoarseGraining;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Particles;

/// <summary>
/// The atoms of a bridging domain on a line: a harmonic chain that fades out across the overlap and steps by velocity Verlet,
/// cut between kick and drift so that the handshake can act in between. Reduced units: every port and setting but the step is a pure number.
/// </summary>
/// <remarks>
/// A window is one step. It begins with the impulses of the handshake on the velocities that were published at the end of the one before; then
/// drift, then the whole kick of the step to come, whose velocities are published. What is known of energy on whole steps thus refers to
/// the window's start: see the port <c>balance</c>.
/// </remarks>
/// <seealso cref="AtomChain"/>
public sealed class AtomChainModel : IScaleModel
{
    private static readonly Port<double> ImpulseIn = Port.In<double>("impulse", new("J", Unit.One, Nature.Extensive, TimeMeaning.WindowIntegral));
    private static readonly Port<double> OverlapVelocityOut = Port.Out<double>("overlap-velocity", new("v*", Unit.One));
    private static readonly Port<double> OverlapMassOut = Port.Out<double>("overlap-mass", new("m̄", Unit.One, Nature.Extensive));
    private static readonly Port<double> MassOut = Port.Out<double>("mass", new("m̄", Unit.One, Nature.Extensive));
    private static readonly Port<double> DisplacementOut = Port.Out<double>("displacement", new("u", Unit.One));

    // Energy and invariant are those of the window's start, one step behind the sample's time; momentum is that of the
    // kicked velocities at the window's end, in which every impulse so far is contained.
    private static readonly Port<Balance> BalanceOut = Port.Out<Balance>("balance", new("E, I, p, |p|", Unit.One, Nature.Extensive)) with { HasStart = false };

    private readonly AtomChain _chain;
    private readonly WavePacket _packet;
    private readonly double _rate;
    private readonly FixedStep _step;
    private readonly double[] _energy;
    private readonly double[] _invariant;

    private AtomChainModel(ModelSettings settings)
    {
        var (mass, stiffness) = (settings.Number("mass"), settings.Number("stiffness"));
        _chain = new AtomChain(settings.Integer("atoms"), settings.Number("spacing"), mass, stiffness, BlendingFunction.Read(settings));
        if (_chain.InOverlap < 1)
        {
            throw new ScaleModelException(FormattableString.Invariant($"The chain ends at {_chain.Positions[^1]}, before the overlap begins. Give it more 'atoms' or another 'overlap-from'."));
        }

        _packet = WavePacket.Read(settings);
        _rate = Math.Sqrt(stiffness / mass);
        _step = new FixedStep(settings);
        _energy = new double[_chain.Row.Count];
        _invariant = new double[_chain.Row.Count];
        var all = PointCloud.OnLine(_chain.Positions);
        var overlap = PointCloud.OnLine(_chain.Positions[_chain.FirstInOverlap..]);
        Description = new(
            new(ImpulseIn, _chain.InOverlap, overlap), new(OverlapVelocityOut, _chain.InOverlap, overlap), new(OverlapMassOut, _chain.InOverlap, overlap),
            new(MassOut, _chain.Row.Count, all), new(DisplacementOut, _chain.Row.Count, all), new(BalanceOut, _chain.Row.Count, all))
        {
            IsLight = true,
        };
    }

    /// <summary>The model for experiments.</summary>
    public static ModelEntry Entry { get; } = new("atom-chain", "A harmonic chain of atoms with a wave packet, fading out across an overlap with a bar",
        [
            Setting.Integer("atoms", "number of atoms, the first at X = 0", 401, min: 2, max: 1_000_000),
            Setting.Positive("spacing", "1", "lattice spacing a", 1),
            Setting.Positive("mass", "1", "mass m of an atom", 1),
            Setting.Positive("stiffness", "1", "stiffness K of a bond", 1),
            FixedStep.Setting,
            .. BlendingFunction.Settings,
            .. WavePacket.Settings,
        ],
        settings => new AtomChainModel(settings));

    /// <inheritdoc/>
    public ModelDescription Description { get; }

    /// <inheritdoc/>
    public void Initialize(PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(outputs);
        _chain.Start(_packet, _rate, _step.Length);
        WriteState(outputs, 0);
    }

    /// <inheritdoc/>
    public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(outputs);
        var end = context.Window.End;
        var row = _chain.Row;
        _step.Require(context.Window);
        row.Open(_step.Length);
        row.Strike(_chain.FirstInOverlap, inputs.Read(ImpulseIn, end), _step.Length);
        row.Energies(_energy, _invariant);
        row.Close(_step.Length);

        WriteState(outputs, end);
        var balance = outputs.Write(BalanceOut, end);
        for (var i = 0; i < balance.Length; i++)
        {
            var momentum = row.Mass[i] * row.Kicked[i];
            balance[i] = new Balance(_energy[i], _invariant[i], momentum, Math.Abs(momentum));
        }
    }

    /// <inheritdoc/>
    public void Archive(StateArchive archive)
    {
        ArgumentNullException.ThrowIfNull(archive);
        _ = archive.Version(1);
        _chain.Row.Archive(archive);
    }

    private void WriteState(PortWriter outputs, double time)
    {
        var row = _chain.Row;
        row.Kicked[_chain.FirstInOverlap..].CopyTo(outputs.Write(OverlapVelocityOut, time));
        row.Mass[_chain.FirstInOverlap..].CopyTo(outputs.Write(OverlapMassOut, time));
        row.Mass.CopyTo(outputs.Write(MassOut, time));
        row.Displacement.CopyTo(outputs.Write(DisplacementOut, time));
    }
}
