using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Bridging;

/// <summary>
/// The handshake of a bridging domain as a participant of its own: it hears the kicked velocities and weighted masses of atoms and bar in
/// the overlap, and answers with the impulses that make them move alike.
/// </summary>
/// <remarks>
/// <para>The projection P onto the constraint is linear and constant, so P(Pv + w) = P(v + w): the two half-kick projections of an in-step
/// method collapse into one per step if the window is cut between kick and drift. Hence stages [[handshake], [atoms, bar]].
/// Multipliers found from full-step velocities and applied a window later would leave the drift unconstrained; the overlap then dissipates O(Δt).</para>
/// <para>If the bar takes one step while the atoms take m, the handshake stands with the atoms in a nested group and keeps account of the bar's
/// side: w = B_f V* when the bar has just published, then w ← w − B_f M̄⁻¹ B_fᵀ μ for every step of the atoms. The bar receives the
/// impulses of all m steps with their times. It is the start of the waveform of <c>bar-velocity</c> that tells a new step of the bar.</para>
/// </remarks>
/// <seealso cref="BridgingDomain"/>
public sealed class BridgingDomainModel : IScaleModel
{
    private static readonly Quantity Velocity = new("v*", Unit.One);
    private static readonly Quantity Mass = new("m̄", Unit.One, Nature.Extensive);
    private static readonly Quantity Impulse = new("J", Unit.One, Nature.Extensive, TimeMeaning.WindowIntegral);
    private static readonly Port<double> AtomVelocityIn = Port.In<double>("atom-velocity", Velocity);
    private static readonly Port<double> AtomMassIn = Port.In<double>("atom-mass", Mass);
    private static readonly Port<double> BarVelocityIn = Port.In<double>("bar-velocity", Velocity);
    private static readonly Port<double> BarMassIn = Port.In<double>("bar-mass", Mass);
    private static readonly Port<double> AtomImpulseOut = Port.Out<double>("atom-impulse", Impulse) with { HasStart = false };
    private static readonly Port<double> BarImpulseOut = Port.Out<double>("bar-impulse", Impulse) with { HasStart = false };
    private static readonly Port<double> GapOut = Port.Out<double>("max-gap", new("max |B_f V − B_m v|", Unit.One)) with { HasStart = false };

    private readonly double[] _atoms;           // Reference positions in the overlap.
    private readonly double[] _nodes;
    private readonly double[] _mu;
    private readonly double[] _side;
    private double[] _atomMass = [];            // The masses for which the constraint was factored.
    private double[] _nodeMass = [];
    private BridgingDomain? _domain;
    private double[] _w;                        // B_f V as it is after the impulses so far.
    private double _maxGap;

    private BridgingDomainModel(ModelSettings settings)
    {
        var (from, to) = (settings.Number("overlap-from"), settings.Number("overlap-to"));
        var (spacing, cell) = (settings.Number("spacing"), settings.Number("cell"));
        if (!(to > from))
        {
            throw new ScaleModelException(FormattableString.Invariant($"The overlap runs from {from} to {to}; its end must lie beyond its beginning."));
        }

        _atoms = Lattice(from, to, spacing);
        _nodes = Lattice(from, to, cell);
        _mu = new double[_nodes.Length];
        _side = new double[_nodes.Length];
        _w = new double[_nodes.Length];
        var (atoms, nodes) = (PointCloud.OnLine(_atoms), PointCloud.OnLine(_nodes));
        Description = new(
            new(AtomVelocityIn, _atoms.Length, atoms), new(AtomMassIn, _atoms.Length, atoms),
            new(BarVelocityIn, _nodes.Length, nodes), new(BarMassIn, _nodes.Length, nodes),
            new(AtomImpulseOut, _atoms.Length, atoms), new(BarImpulseOut, _nodes.Length, nodes), new(GapOut, 1))
        {
            IsLight = true,
        };
    }

    /// <summary>The model for experiments.</summary>
    public static ModelEntry Entry { get; } = new("bridging-domain", "The handshake of atoms and bar in an overlap, by a weak constraint on their velocities",
        [
            Setting.Number("overlap-from", "1", "where the bar begins", 360),
            Setting.Number("overlap-to", "1", "where the atoms end", 400),
            Setting.Positive("spacing", "1", "lattice spacing of the atoms", 1),
            Setting.Positive("cell", "1", "length of the bar's cells in the overlap", 5),
        ],
        settings => new BridgingDomainModel(settings));

    /// <inheritdoc/>
    public ModelDescription Description { get; }

    /// <inheritdoc/>
    public void Initialize(PortWriter outputs)
    {
        Array.Clear(_w);
        _maxGap = 0;
    }

    /// <inheritdoc/>
    public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(outputs);
        var window = context.Window;
        var atomMass = inputs.Read(AtomMassIn, window.Start);
        var domain = DomainFor(inputs.Read(BarMassIn, window.Start), atomMass);
        if (inputs.Samples(BarVelocityIn).Start == window.Start)
        {
            domain.BarSide(inputs.Read(BarVelocityIn, window.Start), _w);
        }

        var velocity = inputs.Read(AtomVelocityIn, window.Start);
        domain.Solve(_w, velocity, _mu);
        var impulse = outputs.Write(AtomImpulseOut, window.End);
        domain.OnAtoms(_mu, impulse);
        domain.OnNodes(_mu, outputs.Write(BarImpulseOut, window.End));

        // What is left of the constraint: round-off, or something is wrong.
        var after = new double[velocity.Length];
        for (var i = 0; i < after.Length; i++)
        {
            after[i] = velocity[i] + (impulse[i] / atomMass[i]);
        }

        domain.AtomSide(after, _side);
        for (var l = 0; l < _side.Length; l++)
        {
            _maxGap = Math.Max(_maxGap, Math.Abs(_w[l] - _side[l]));
        }

        outputs.Write(GapOut, window.End, _maxGap);
    }

    /// <inheritdoc/>
    public void Archive(StateArchive archive)
    {
        ArgumentNullException.ThrowIfNull(archive);
        _ = archive.Version(1);
        archive.Field("bar-side", ref _w);
        archive.Value("max-gap", ref _maxGap);
    }

    // A function of what the ports say, kept for as long as they say the same: not part of the state.
    private BridgingDomain DomainFor(ReadOnlySpan<double> nodeMass, ReadOnlySpan<double> atomMass)
    {
        if (_domain is null || !nodeMass.SequenceEqual(_nodeMass) || !atomMass.SequenceEqual(_atomMass))
        {
            (_nodeMass, _atomMass) = (nodeMass.ToArray(), atomMass.ToArray());
            _domain = new BridgingDomain(_nodes, _atoms, _nodeMass, _atomMass);
        }

        return _domain;
    }

    private static double[] Lattice(double from, double to, double spacing)
    {
        var points = new double[(int)Math.Round((to - from) / spacing) + 1];
        for (var i = 0; i < points.Length; i++)
        {
            points[i] = from + (i * spacing);
        }

        return points;
    }
}
