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
/// the atoms, and w = (n + 3) k_B T τ²/3. With <see cref="BoxFreedom.Hydrostatic"/> all ν_k are one, by the mean of what pushes them; with <see cref="BoxFreedom.Full"/> ν is a symmetric
/// tensor, w ν̇ = V (P − P 1) + (Σ m v²/n) 1, so that the box is sheared and not turned, and its energy is ½ w ν:ν. A box is not flipped, and a fluid holds no shape.
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
    private Vec3 _rates;            // ν along the axes,
    private Vec3 _shears;           // and of a box that is free in all ways ν_yz, ν_xz, ν_xy.

    // What the loops read.
    private Vector256<double> _keep;
    private Vector256<double> _gain;
    private Vector256<double> _corner;
    private Columns _keepAll;       // Of a box that is free in all ways.
    private Columns _gainAll;

    /// <summary>A barostat.</summary>
    /// <param name="temperature">T, in the unit of temperature of the atoms; above zero.</param>
    /// <param name="time">τ of the thermostats, in the unit of time.</param>
    /// <param name="pressure">P, in the unit of pressure of the atoms.</param>
    /// <param name="pressureTime">τ of the box, in the unit of time; some times that of the thermostats.</param>
    /// <param name="freedom">In which ways the box may change.</param>
    /// <param name="length">How many thermostats a chain has; at least one.</param>
    /// <exception cref="ScaleModelException">A number makes no sense.</exception>
    public MartynaTobiasKlein(double temperature, double time, double pressure, double pressureTime, BoxFreedom freedom = BoxFreedom.Hydrostatic, int length = 3)
    {
        (Temperature, Time, PressureTime) = (Positive(temperature, "temperature of the bath"), Positive(time, "time of the thermostat"), Positive(pressureTime, "time of the barostat"));
        Pressure = double.IsFinite(pressure) ? pressure : throw new ScaleModelException(FormattableString.Invariant($"The pressure is {pressure}; it must be finite."));
        Freedom = Enum.IsDefined(freedom) ? freedom : throw new ScaleModelException($"A barostat with the freedom {freedom} is asked for; there is no such freedom.");
        _length = length >= 1 ? length : throw new ScaleModelException($"A chain of {length} thermostats is asked for; it has one at least, three as a rule.");
        _kick = freedom == BoxFreedom.Full ? KickAll : Kick;
        _drift = freedom == BoxFreedom.Full ? DriftAll : Drift;
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
        _ofBox = new(heat, Freedom switch { BoxFreedom.Full => 6, BoxFreedom.Axes => 3, _ => 1 }, PressureTime, _length);
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
        MoveBox(half);
        var kinetic = mover.Kinetic();
        var factor = _ofAtoms!.Move(kinetic.Trace, half);
        mover.Scale(factor);
        Push(factor * factor * kinetic, half);
        KickAtoms(half);

        // x ← e^(νΔt) x + Δt e^(νΔt/2) sinh(νΔt/2)/(νΔt/2) v,  h ← e^(νΔt) h, counted from the corner of the box.
        double Grow(double x) => Math.Exp(x * step);
        double Gain(double x) => step * Math.Exp(0.5 * x * step) * SinhOver(0.5 * x * step);
        Matrix3 deformation;
        if (Freedom == BoxFreedom.Full)
        {
            deformation = Of(Grow, 0);
            (_keepAll, _gainAll) = (new(deformation), new(Of(Gain, 0)));
        }
        else
        {
            var grow = Row(Grow, 1);
            (_keep, _gain) = (grow, Row(Gain, 0));
            deformation = Matrix3.Diagonal(grow[0], grow[1], grow[2]);
        }

        _corner = Vector256.Create(mover.Box.Origin.X, mover.Box.Origin.Y, mover.Box.Origin.Z, 0);
        mover.Walk(step, _drift);
        mover.SetBox(mover.Box.Deformed(deformation));
        mover.Evaluate(counts: true);

        KickAtoms(half);
        kinetic = mover.Kinetic();
        Push(kinetic, half);
        mover.Scale(_ofAtoms.Move(kinetic.Trace, half));
        MoveBox(half);
    }

    internal override double? Conserved(Mover mover, double total) =>
        total + (_outside * mover.Box.Volume) + (0.5 * _mass * Square) + _ofAtoms!.Energy() + _ofBox!.Energy();

    internal override void Archive(StateArchive archive)
    {
        archive.Value("rates", ref _rates);
        if (Freedom == BoxFreedom.Full)
        {
            archive.Value("shears", ref _shears);
        }

        _ofAtoms!.Archive(archive, "atoms");
        _ofBox!.Archive(archive, "box");
    }

    // ν:ν
    private double Square => _rates.NormSquared + (2 * _shears.NormSquared);

    private void MoveBox(double time)
    {
        var factor = _ofBox!.Move(_mass * Square, time);
        (_rates, _shears) = (factor * _rates, factor * _shears);
    }

    // w ν̇_k = Σ m v_k² + W_kk − P V + Σ m v²/n
    private void Push(SymTensor3 kinetic, double time)
    {
        var all = kinetic + _mover!.Sums.Virial;
        var push = (kinetic.Trace / _freedom) - (_outside * _mover.Box.Volume);
        var mean = all.Trace / 3;
        _rates += time / _mass * (Freedom != BoxFreedom.Hydrostatic ? new Vec3(all.XX + push, all.YY + push, all.ZZ + push) : new(mean + push, mean + push, mean + push));
        if (Freedom == BoxFreedom.Full)
        {
            _shears += time / _mass * new Vec3(all.YZ, all.XZ, all.XY);
        }
    }

    // v ← e^(−aΔt) v + Δt f/m e^(−aΔt/2) sinh(aΔt/2)/(aΔt/2),  a = ν + (Σ ν)/n
    private void KickAtoms(double time)
    {
        var all = (_rates.X + _rates.Y + _rates.Z) / _freedom;
        double Keep(double x) => Math.Exp(-x * time);
        double Gain(double x) => time * Math.Exp(-0.5 * x * time) * SinhOver(0.5 * x * time);
        if (Freedom == BoxFreedom.Full)
        {
            (_keepAll, _gainAll) = (new(Of(Keep, all)), new(Of(Gain, all)));
        }
        else
        {
            (_keep, _gain) = (Row(x => Keep(x + all), 1), Row(x => Gain(x + all), 0));
        }

        _mover!.Loop.Run(_mover.Count, Mover.Chunk, _kick);
    }

    private Vector256<double> Row(Func<double, double> of, double last) => Vector256.Create(of(_rates.X), of(_rates.Y), of(_rates.Z), last);

    // The function of the tensor ν + a 1: of each of its eigenvalues, along its axis.
    private Matrix3 Of(Func<double, double> of, double shift)
    {
        var (values, axes) = new SymTensor3(_rates.X, _rates.Y, _rates.Z, _shears.X, _shears.Y, _shears.Z).Principal();
        return axes * Matrix3.Diagonal(of(values.X + shift), of(values.Y + shift), of(values.Z + shift)) * axes.Transposed;
    }

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

    private unsafe void KickAll(int chunk, int first, int past)
    {
        var v = _mover!.Atoms.V;
        var f = _mover.Atoms.F;
        var thrusts = Vector256.Create(0.0, 0, 0, 1);
        for (var i = 4L * first; i < 4L * past; i += 4)
        {
            var thrust = v[i + 3];
            (_keepAll.Times(v + i) + (Vector256.Create(thrust) * (_gainAll.Times(f + i) + thrusts))).StoreAligned(v + i);
        }
    }

    private unsafe void DriftAll(int chunk, int first, int past)
    {
        var x = _mover!.Atoms.X;
        var v = _mover.Atoms.V;
        var corner = _corner.WithElement(3, 0);
        for (var i = 4L * first; i < 4L * past; i += 4)
        {
            var kind = x[i + 3];
            (Vector256.LoadAligned(x + i) - corner).StoreAligned(x + i);
            (corner + _keepAll.Times(x + i) + _gainAll.Times(v + i)).WithElement(3, kind).StoreAligned(x + i);
        }
    }

    // A matrix by its columns; the fourth entry of what it makes is zero.
    private readonly unsafe struct Columns(Matrix3 m)
    {
        private readonly Vector256<double> _a = Vector256.Create(m.XX, m.YX, m.ZX, 0);
        private readonly Vector256<double> _b = Vector256.Create(m.XY, m.YY, m.ZY, 0);
        private readonly Vector256<double> _c = Vector256.Create(m.XZ, m.YZ, m.ZZ, 0);

        public Vector256<double> Times(double* row) => (_a * Vector256.Create(row[0])) + (_b * Vector256.Create(row[1])) + (_c * Vector256.Create(row[2]));
    }
}
