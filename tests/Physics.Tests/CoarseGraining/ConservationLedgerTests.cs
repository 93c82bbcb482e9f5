using ActorMultiscale.Physics.CoarseGraining;

namespace ActorMultiscale.Tests.CoarseGraining;

public sealed class ConservationLedgerTests
{
    [Fact]
    public void Drift_is_what_nobody_booked()
    {
        var ledger = new ConservationLedger();

        ledger.Enter(new Balance(2, 4, 0.5, 10), default);
        ledger.Enter(new Balance(1.5, 3, 0.5, 8), new TransferBooking(-0.5, -1, 0.5));
        Assert.Equal(0, ledger.EnergyDrift);
        Assert.Equal(0, ledger.InvariantDrift);

        ledger.Enter(new Balance(1.7, 3, 0.6, 8), new TransferBooking(-0.5, -1, 0.5));
        ledger.Enter(new Balance(1.5, 3, 0.5, 8), new TransferBooking(-0.5, -1, 0.5));
        Assert.Equal(0.1, ledger.EnergyDrift, 1e-15);        // The greatest stays.
        Assert.Equal(0.01, ledger.MomentumDrift, 1e-15);     // On the scale Σ|mv| of the first entry.
    }
}
