using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.CoarseGraining;

/// <summary>
/// The energy and momentum of a run against those of its first entry. What a change of mesh does to the energy is booked, and
/// taken off before the drift is judged: drift is what nobody can account for.
/// </summary>
/// <remarks>
/// $\text{energy drift} = \max_n |(E_n − B_n)/E_0 − 1|$ with B the sum of booked changes, alike for the invariant;
/// $\text{momentum drift} = \max_n |p_n − p_0| / Σ|m v|_0$.
/// </remarks>
public sealed class ConservationLedger
{
    private bool _open;
    private Balance _first;
    private double _energyDrift;
    private double _invariantDrift;
    private double _momentumDrift;

    /// <summary>The balance of the first entry.</summary>
    public Balance First => _first;

    /// <summary>max |(E − booked)/E₀ − 1|.</summary>
    public double EnergyDrift => _energyDrift;

    /// <summary>max |(I − booked)/I₀ − 1| of the discrete invariant.</summary>
    public double InvariantDrift => _invariantDrift;

    /// <summary>max |p − p₀| / Σ|mv|₀.</summary>
    public double MomentumDrift => _momentumDrift;

    /// <summary>Enters the state of one time; the first entry is the measure for all that follow.</summary>
    /// <param name="total">The sum over all bodies.</param>
    /// <param name="booked">What is accounted for otherwise.</param>
    public void Enter(Balance total, TransferBooking booked)
    {
        if (!_open)
        {
            _open = true;
            _first = total with { Energy = total.Energy - booked.Energy, Invariant = total.Invariant - booked.Invariant };
        }

        _energyDrift = Math.Max(_energyDrift, Relative(total.Energy - booked.Energy, _first.Energy));
        _invariantDrift = Math.Max(_invariantDrift, Relative(total.Invariant - booked.Invariant, _first.Invariant));
        var scale = _first.MomentumMagnitude;
        _momentumDrift = Math.Max(_momentumDrift, scale > 0 ? Math.Abs(total.Momentum - _first.Momentum) / scale : 0);
    }

    /// <summary>Names the state.</summary>
    public void Archive(StateArchive archive)
    {
        ArgumentNullException.ThrowIfNull(archive);
        archive.Value("open", ref _open);
        archive.Value("first", ref _first);
        archive.Value("energy-drift", ref _energyDrift);
        archive.Value("invariant-drift", ref _invariantDrift);
        archive.Value("momentum-drift", ref _momentumDrift);
    }

    private static double Relative(double value, double first) => first != 0 ? Math.Abs((value / first) - 1) : Math.Abs(value);
}
