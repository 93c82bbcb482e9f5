using ActorMultiscale.Physics.Bridging;
using ActorMultiscale.Physics.Coupling;

namespace ActorMultiscale.Tests.Bridging;

/// <summary>
/// A wave passes from a chain of atoms into an elastic bar: the acceptance numbers of the bridging domain (weak constraint) in its windowed, subcycled and
/// adaptive forms. Reference values: an independent script of the same set-up, validation case V28.
/// </summary>
public sealed class BarWaveTests
{
    public static TheoryData<double, double> Packets => new() { { 15, 0 }, { 25, 0.15 } };

    [Theory]
    [InlineData(15, 0, 0.999991)]
    [InlineData(25, 0.15, 0.999969)]
    public void With_a_shared_step_the_wave_passes_and_energy_and_momentum_are_kept(double width, double wavenumber, double reference)
    {
        var metrics = Run(BarWave.Fixed(width, wavenumber)).Metrics;

        Assert.InRange(metrics["coarse-grainer.transmitted"], 0.9997, 1.0001);
        Assert.Equal(reference, metrics["coarse-grainer.transmitted"], 1e-4);
        Assert.InRange(metrics["coarse-grainer.energy-drift"], 1e-12, 1e-6);     // Velocity Verlet: a ripple O(Δt²), not nothing.
        Assert.InRange(metrics["coarse-grainer.momentum-drift"], 0, 1e-12);
        Assert.InRange(metrics["coarse-grainer.invariant-drift"], 0, 1e-12);
        Assert.InRange(metrics["handshake.max-gap"], 0, 1e-15 * 1e-3);           // Round-off of velocities of 1e-3.
    }

    [Theory]
    [InlineData(15, 0, 5, 0.999933, 0.9995)]
    [InlineData(25, 0.15, 5, 0.999737, 0.9995)]
    [InlineData(15, 0, 10, 0.999726, 0.998)]
    [InlineData(25, 0.15, 10, 0.998919, 0.998)]
    [InlineData(15, 0, 20, 0.998903, 0.998)]
    [InlineData(25, 0.15, 20, 0.995719, 0.995)]
    public void With_one_bar_step_per_m_atom_steps_the_reversible_offset_is_that_of_the_reference(double width, double wavenumber, int steps, double energyRatio, double transmitted)
    {
        var metrics = Run(BarWave.Subcycled(width, wavenumber, steps)).Metrics;

        Assert.Equal(energyRatio, metrics["coarse-grainer.energy-ratio"], 2e-6);   // The reference has six digits.
        Assert.InRange(metrics["coarse-grainer.transmitted"], transmitted, 1);
        Assert.InRange(metrics["coarse-grainer.momentum-drift"], 0, 1e-12);
    }

    [Theory]
    [MemberData(nameof(Packets))]
    public void On_an_adaptive_mesh_half_the_cells_do_and_the_energy_of_transfers_is_booked(double width, double wavenumber)
    {
        var metrics = Run(BarWave.Adaptive(width, wavenumber)).Metrics;

        Assert.InRange(metrics["coarse-grainer.transmitted"], 0.999, 1);
        Assert.InRange(metrics["bar.mean-elements"], 38, 60);
        Assert.InRange(metrics["bar.peak-elements"], 38, 75);
        Assert.InRange(metrics["coarse-grainer.momentum-drift"], 0, 1e-12);
        Assert.InRange(metrics["coarse-grainer.transfer-energy"], 1e-9, 1e-3);
        Assert.InRange(metrics["coarse-grainer.energy-drift"], 0, 1e-6);        // With the transfers taken off, nothing else drifts.
        Assert.InRange(metrics["coarse-grainer.invariant-drift"], 0, 1e-12);
        Assert.InRange(metrics["refiner.changes"], 10, 520);
    }

    [Theory]
    [MemberData(nameof(Packets))]
    public void The_windowed_form_has_the_trajectory_of_projections_inside_the_step(double width, double wavenumber)
    {
        var system = Composition.Compose(BarWave.Fixed(width, wavenumber));
        var twin = new InStepTwin(width, wavenumber);
        var (atomEnergy, barEnergy) = twin.Energies();
        var first = atomEnergy + barEnergy;

        var last = Last(system, out var result);
        twin.Run(5199);
        var transmitted = twin.Energies().Bar / first;
        twin.Run(1);

        Assert.InRange(Distance(twin.U, last(system, "atoms", "displacement")), 0, 1e-13 * 1e-3);
        Assert.InRange(Distance(twin.BarU, last(system, "bar", "displacement")), 0, 1e-13 * 1e-3);
        Assert.Equal(transmitted, result.Metrics["coarse-grainer.transmitted"], 1e-12);      // The ledger is one step behind.
    }

    [Theory]
    [MemberData(nameof(Packets))]
    public void Coarse_fields_hold_all_of_the_atoms_energy(double width, double wavenumber)
    {
        var system = Composition.Compose(BarWave.Fixed(width, wavenumber) with { Until = 100 });

        var last = Last(system, out var result);
        var nodes = last(system, "coarse-grainer", "node-energy");
        var displacement = last(system, "coarse-grainer", "displacement");

        Assert.Equal(result.Metrics["coarse-grainer.energy"] * (1 - result.Metrics["coarse-grainer.transmitted"]), nodes.Sum(), 1e-12 * nodes.Sum());
        Assert.InRange(10 * Array.IndexOf(displacement, displacement.Max()), 270, 290);       // From X = 180 at about one cell per time 10.
    }

    [Fact]
    public void A_run_resumed_from_a_snapshot_in_its_middle_has_the_hash_of_one_that_never_stopped()
    {
        foreach (var experiment in new[] { BarWave.Fixed(15, 0), BarWave.Subcycled(25, 0.15, 5), BarWave.Adaptive(25, 0.15) })
        {
            // The middle of the run: the wave stands in the overlap and the mesh is in motion.
            var short_ = experiment with { Until = 260, SnapshotEvery = (int)Math.Round(190 / experiment.Window) };
            var snapshots = new List<RunSnapshot>();
            var whole = new SerialRunner(Composition.Compose(short_)) { OnSnapshot = snapshots.Add }.Run();

            var resumed = new SerialRunner(Composition.Compose(short_)).Run(snapshots[0]);

            Assert.Equal(190, snapshots[0].Window * experiment.Window, 1e-9);
            Assert.Equal(whole.FinalHash, resumed.FinalHash);
            Assert.NotEmpty(whole.FinalHash);
        }
    }

    [Fact]
    public void A_window_that_is_not_the_step_is_refused_with_a_reason()
    {
        var result = new SerialRunner(Composition.Compose(BarWave.Fixed(15, 0) with { Window = 0.2 })).Run();

        Assert.Equal(RunOutcome.Failed, result.Outcome);
        Assert.Contains("'step'", result.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_refiner_that_does_not_freeze_the_overlap_is_refused_with_a_reason()
    {
        var experiment = BarWave.Adaptive(15, 0);
        var loose = Participant.Of("refiner", Physics.Adaptivity.BarRefinerModel.Entry, ("begin", 360.0), ("end", 960.0), ("frozen-to", 380.0));

        var result = new SerialRunner(Composition.Compose(experiment with { Participants = [.. experiment.Participants.Where(p => p.Name != "refiner"), loose] })).Run();

        Assert.Equal(RunOutcome.Failed, result.Outcome);
        Assert.Contains("overlap", result.Reason, StringComparison.Ordinal);
    }

    private static RunResult Run(Experiment experiment)
    {
        var result = new SerialRunner(Composition.Compose(experiment)).Run();
        Assert.Equal(RunOutcome.Completed, result.Outcome);
        return result;
    }

    // The last sample of an out-port, read from the snapshot at the end.
    private static Func<CoupledSystem, string, string, double[]> Last(CoupledSystem system, out RunResult result)
    {
        RunSnapshot? end = null;
        result = new SerialRunner(system) { OnSnapshot = snapshot => end = snapshot }.Run();
        var fields = new CouplingCore(system, end!.Fields).Fields;
        return (s, participant, port) =>
        {
            var node = s.Participants.Single(p => p.Name == participant);
            return fields.LastOf(node.Index, node.Description.IndexOf(port))!.Values.ToArray();
        };
    }

    private static double Distance(double[] a, double[] b)
    {
        Assert.Equal(a.Length, b.Length);
        return a.Zip(b, (x, y) => Math.Abs(x - y)).Max();
    }
}
