using System.Runtime.Intrinsics;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Particles.Motions;

/// <summary>
/// Constant pressure and temperature: the box is a thing with a mass that the pressure of the atoms pushes outward and one from outside
/// inward; a chain of thermostats holds the temperature of the atoms and another one that of the box.
/// </summary>
/// <remarks>
/// ẋ = v + ν x, v̇ = f/m − (ν + (Σ ν)/n) v, ḣ = ν h, w ν̇_k = V (P_kk − P) + Σ m v²/n, with ν_k along the axes x, y and z, n degrees of freedom of
/// the atoms, and w = (n + 3) k_B T τ²/3. With <see cref="BoxFreedom.Hydrostatic"/> all ν_k are one, by the mean of what pushes them.
/// A step is chains, kick of ν, kick, drift, and the same backward; each part is exact: of second order, and reversible.
/// Conserved: K + U + P V + ½ w Σ ν_k² and the energies of the chains.
/// G. J. Martyna, D. J. Tobias, M. L. Klein, J. Chem. Phys. 101 (1994) 4177; G. J. Martyna et al., Mol. Phys. 87 (1996) 1117.
/// </remarks>
public sealed class MartynaTobiasKlein : Motion
{
    private readonly int _length;
    private readonly Action<int, int, int> _kick;
    private readonly Action<int, int, int> _drift;
    private Mover? _mover;
    private NoseHooverChain? _ofAtoms;
    private NoseHooverChain? _ofBox;
    private double _freedom;
    private double _mass;           // w
    private double _outside;        // P, energy a volume.
    private Vec3 _rates;            // ν

    // What the loops read.
    private Vector256<double> _keep;
    private Vector256<double> _gain;
    private Vector256<double> _corner;

    /// <summary>A barostat.</summary>
    /// <param name="temperature">T, in the unit of temperature of the atoms; above zero.</param>
    /// <param name="time">τ of the thermostats, in the unit of time.</param>
    /// <param name="pressure">P, in the unit of pressure of the atoms.</param>
    /// <param name="pressureTime">τ of the box, in the unit of time; some times that of the thermostats.</param>
    /// <param name="freedom"><see cref="BoxFreedom.Hydrostatic"/> or <see cref="BoxFreedom.Axes"/>.</param>
    /// <param name="length">How many thermostats a chain has; at least one.</param>
    /// <exception cref="ScaleModelException">A number makes no sense.</exception>
    public MartynaTobiasKlein(double temperature, double time, double pressure, double pressureTime, BoxFreedom freedom = BoxFreedom.Hydrostatic, int length = 3)
    {
        (Temperature, Time, PressureTime) = (Positive(temperature, "temperature of the bath"), Positive(time, "time of the thermostat"), Positive(pressureTime, "time of the barostat"));
        Pressure = double.IsFinite(pressure) ? pressure : throw new ScaleModelException(FormattableString.Invariant($"The pressure is {pressure}; it must be finite."));
        Freedom = freedom is BoxFreedom.Hydrostatic or BoxFreedom.Axes ? freedom : throw new ScaleModelException($"A barostat with the freedom {freedom} is asked for; it moves the box by one factor or along the axes, and does not shear it.");
        _length = length >= 1 ? length : throw new ScaleModelException($"A chain of {length} thermostats is asked for; it has one at least, three as a rule.");
        (_kick, _drift) = (Kick, Drift);
    }

    /// <summary>T.</summary>
    public double Temperature { get; }

    /// <summary>τ of the thermostats.</summary>
    public double Time { get; }

    /// <summary>P.</summary>
    public double Pressure { get; }

    /// <summary>τ of the box.</summary>
    public double PressureTime { get; }

    /// <summary>In which ways the box may change.</summary>
    public BoxFreedom Freedom { get; }

    private protected override void Prepare(Mover mover)
    {
        NeedsTwo(mover);
        RefuseFields(mover, "A barostat is to move the box");
        var box = mover.Box;
        if (!(box.IsPeriodic(0) && box.IsPeriodic(1) && box.IsPeriodic(2)))
        {
            throw new ScaleModelException($"A barostat is to move a box with the sides {box.SideA}, {box.SideB} and {box.SideC}; only one that is periodic along all of them has a pressure on its atoms.");
        }

        if (Deformation is not null)
        {
            throw new ScaleModelException("A box is to be moved by a barostat and deformed at a given rate; it can only be one of them.");
        }

        _mover = mover;
        var heat = mover.Start.Units.Boltzmann * Temperature;
        _freedom = DegreesOfFreedom(mover);
        _mass = (_freedom + 3) * heat * PressureTime * PressureTime / 3;
        _outside = Pressure / mover.Start.Units.Pressure;
        _ofAtoms = new(heat, _freedom, Time, _length);
        _ofBox = new(heat, Freedom == BoxFreedom.Axes ? 3 : 1, PressureTime, _length);
    }

    internal override void Begin(Mover mover)
    {
        // Forces that somebody sets are not known before.
        _freedom = _ofAtoms!.Freedom = DegreesOfFreedom(mover);
        mover.EnsureSums();
    }

    internal override void Step(Mover mover, double step)
    {
        var half = 0.5 * step;
        _rates = _ofBox!.Move(_mass * _rates.NormSquared, half) * _rates;
        var kinetic = mover.Kinetic();
        var factor = _ofAtoms!.Move(kinetic.Trace, half);
        mover.Scale(factor);
        Push(factor * factor * kinetic, half);
        KickAtoms(half);

        // x ← e^(νΔt) x + Δt e^(νΔt/2) sinh(νΔt/2)/(νΔt/2) v,  h ← e^(νΔt) h, counted from the corner of the box.
        var grow = Row(x => Math.Exp(x * step), 1);
        (_keep, _gain) = (grow, Row(x => step * Math.Exp(0.5 * x * step) * SinhOver(0.5 * x * step), 0));
        _corner = Vector256.Create(mover.Box.Origin.X, mover.Box.Origin.Y, mover.Box.Origin.Z, 0);
        mover.Walk(step, _drift);
        mover.SetBox(mover.Box.Deformed(Matrix3.Diagonal(grow[0], grow[1], grow[2])));
        mover.Evaluate(counts: true);

        KickAtoms(half);
        kinetic = mover.Kinetic();
        Push(kinetic, half);
        mover.Scale(_ofAtoms.Move(kinetic.Trace, half));
        _rates = _ofBox.Move(_mass * _rates.NormSquared, half) * _rates;
    }

    internal override double? Conserved(Mover mover, double total) =>
        total + (_outside * mover.Box.Volume) + (0.5 * _mass * _rates.NormSquared) + _ofAtoms!.Energy() + _ofBox!.Energy();

    internal override void Archive(StateArchive archive)
    {
        archive.Value("rates", ref _rates);
        _ofAtoms!.Archive(archive, "atoms");
        _ofBox!.Archive(archive, "box");
    }

    // w ν̇_k = Σ m v_k² + W_kk − P V + Σ m v²/n
    private void Push(SymTensor3 kinetic, double time)
    {
        var all = kinetic + _mover!.Sums.Virial;
        var push = (kinetic.Trace / _freedom) - (_outside * _mover.Box.Volume);
        var mean = all.Trace / 3;
        _rates += time / _mass * (Freedom == BoxFreedom.Axes ? new Vec3(all.XX + push, all.YY + push, all.ZZ + push) : new(mean + push, mean + push, mean + push));
    }

    // v ← e^(−aΔt) v + Δt f/m e^(−aΔt/2) sinh(aΔt/2)/(aΔt/2),  a = ν + (Σ ν)/n
    private void KickAtoms(double time)
    {
        var all = (_rates.X + _rates.Y + _rates.Z) / _freedom;
        _keep = Row(x => Math.Exp(-(x + all) * time), 1);
        _gain = Row(x => time * Math.Exp(-0.5 * (x + all) * time) * SinhOver(0.5 * (x + all) * time), 0);
        _mover!.Loop.Run(_mover.Count, Mover.Chunk, _kick);
    }

    private Vector256<double> Row(Func<double, double> of, double last) => Vector256.Create(of(_rates.X), of(_rates.Y), of(_rates.Z), last);

    // sinh(x)/x; near zero the series, which is good to all digits below 0.01.
    private static double SinhOver(double x) => Math.Abs(x) < 0.01 ? 1 + (x * x / 6 * (1 + (x * x / 20 * (1 + (x * x / 42))))) : Math.Sinh(x) / x;

    private unsafe void Kick(int chunk, int first, int past)
    {
        var v = _mover!.Atoms.V;
        var f = _mover.Atoms.F;
        for (var i = 4L * first; i < 4L * past; i += 4)
        {
            ((_keep * Vector256.LoadAligned(v + i)) + (_gain * Vector256.Create(v[i + 3]) * Vector256.LoadAligned(f + i))).StoreAligned(v + i);
        }
    }

    private unsafe void Drift(int chunk, int first, int past)
    {
        var x = _mover!.Atoms.X;
        var v = _mover.Atoms.V;
        for (var i = 4L * first; i < 4L * past; i += 4)
        {
            (_corner + (_keep * (Vector256.LoadAligned(x + i) - _corner)) + (_gain * Vector256.LoadAligned(v + i))).StoreAligned(x + i);
        }
    }
}
