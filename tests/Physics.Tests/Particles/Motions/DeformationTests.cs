using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles;
using ActorMultiscale.Physics.Particles.Interactions;
using ActorMultiscale.Physics.Particles.Motions;

namespace ActorMultiscale.Tests.Particles.Motions;

/// <summary>Boxes that are pulled and sheared.</summary>
public sealed class DeformationTests
{
    [Fact]
    public void Boxes_grow_and_tilt_at_the_rate_that_they_are_told()
    {
        var box = new SimulationBox(new(1, 2, 3), new(10, 1, 2, 0, 8, 1.5, 0, 0, 6));
        Assert.Equal(new Matrix3(10 * 1.5, 1.5, 3, 0, 8, 1.5, 0, 0, 6), Deformation.Tension(0, 0.25).At(box, 2).Cell);
        Assert.Equal(6 * Math.Exp(-0.4), Deformation.Tension(2, -0.2, StrainRate.True).At(box, 2).Cell.ZZ, 1e-14);

        // Tilts of LAMMPS: T(t) = T₀ + L₀ γ̇ t, with the length of the cell across.
        var sheared = new Deformation(default, new(0.1, 0.2, 0.3)).At(box, 0.5);
        Assert.Equal(1 + (8 * 0.15), sheared.Cell.XY, 1e-14);
        Assert.Equal(1.5 + (6 * 0.05), sheared.Cell.YZ, 1e-14);
        Assert.Equal(2 + (1.5 * 0.15) + (6 * 0.1), sheared.Cell.XZ, 1e-14);
        Assert.Equal((box.Volume, box.Origin), (sheared.Volume, sheared.Origin));
    }

    // A perfect crystal at rest: forces are zero by symmetry, and atoms go with the box and no other way.
    [Fact]
    public void Atoms_go_with_the_box()
    {
        var start = MotionTests.Fluid(3, 1, density: 1) with { Velocities = [] };
        var rates = new Deformation(new(0.1, -0.05, 0.2), new(0.1, 0, 0.3), StrainRate.True);
        var engine = new MolecularDynamics(start, [MotionTests.Smooth()], 0.3, motion: new VelocityVerlet { Deformation = rates });
        engine.Advance(300, 0.002, ChunkedLoop.Serial);
        var now = engine.Configuration();
        Assert.InRange(engine.Rebuilds, 2, 200);
        var box = rates.At(start.Box, 0.6);
        Assert.All(Enumerable.Range(0, 3), c => Assert.InRange((now.Box.Cell.Column(c) - box.Cell.Column(c)).Norm, 0, 1e-12));
        Assert.All(Enumerable.Range(0, now.Count), i => Assert.InRange((now.Positions[i] - box.Point(start.Box.Fraction(start.Positions[i]))).Norm, 0, 1e-10));
        Assert.All(now.Velocities, v => Assert.InRange(v.Norm, 0, 1e-10));
    }

    // ẋ = v + L x and v̇ = f/m give Ė = −W : L, with the virial and without m v ⊗ v: what is left of that is of second order in the step.
    [Fact]
    public void The_work_on_the_box_is_the_energy_of_the_atoms()
    {
        var melt = new MolecularDynamics(MotionTests.Fluid(3, 1.5), [MotionTests.Smooth()], 0.3);
        melt.Advance(300, 0.004, ChunkedLoop.Serial);
        var rates = new Deformation(new(0.3, -0.2, 0.1), new(0, 0, 0.4), StrainRate.True);
        double Error(double step)
        {
            var engine = new MolecularDynamics(melt.Configuration(), [MotionTests.Smooth()], 0.3, motion: new VelocityVerlet { Deformation = rates });
            var (time, first, work) = (0.0, engine.Measure(ChunkedLoop.Serial), 0.0);
            double Power(Measurement now)
            {
                // L = Ḟ F⁻¹ with F = E(t) + S t.
                var (f, h) = (Map(time), 1e-4);
                var (later, before, inverse) = (Map(time + h), Map(time - h), f.Inverse());
                var slope = Matrix3.FromColumns((later.Column(0) - before.Column(0)) / (2 * h), (later.Column(1) - before.Column(1)) / (2 * h), (later.Column(2) - before.Column(2)) / (2 * h));
                return -SymTensor3.Contract(now.Virial, SymTensor3.SymmetricPart(slope * inverse));
            }

            Matrix3 Map(double t) => rates.At(SimulationBox.Orthogonal(1, 1, 1), t).Cell;
            var last = first;
            for (var s = 0; s < Math.Round(0.4 / step); s++)
            {
                work += 0.5 * step * Power(last);
                engine.Advance(1, step, ChunkedLoop.Serial);
                (last, time) = (engine.Measure(ChunkedLoop.Serial), time + step);
                work += 0.5 * step * Power(last);
            }

            Assert.InRange(Math.Abs(last.Total - first.Total), 1, 1000);
            return Math.Abs(last.Total - first.Total - work);
        }

        var (coarse, fine) = (Error(0.004), Error(0.002));
        Assert.InRange(coarse, 1e-6, 0.2);
        Assert.InRange(Math.Log2(coarse / fine), 1.5, 2.5);
    }

    [Fact]
    public void A_box_that_has_been_relaxed_is_deformed_from_there()
    {
        var engine = new MolecularDynamics(MotionTests.Fluid(3, 1, density: 1.05), [MotionTests.Smooth()], 0.3, motion: new VelocityVerlet { Deformation = Deformation.Tension(1, 0.1) });
        engine.Advance(50, 0.004, ChunkedLoop.Serial);
        Assert.True(engine.Minimize(new PolakRibiere(), 1e-6, ChunkedLoop.Serial, new(BoxFreedom.Hydrostatic, 0, 1e-6)).IsConverged);
        var relaxed = engine.Box.Cell;
        engine.Advance(25, 0.004, ChunkedLoop.Serial);
        Assert.Equal(relaxed.XX, engine.Box.Cell.XX, 1e-12);
        Assert.Equal(1.01 * relaxed.YY, engine.Box.Cell.YY, 1e-12);
    }

    // The snippet of the documents.
    [Fact]
    public void A_crystal_that_is_pulled_pulls_back()
    {
        var (relaxed, pulled) = Snippets.PulledCrystal.Pull(ChunkedLoop.Serial);
        Assert.InRange(Math.Abs(relaxed.Pressure.Trace / 3), 0, 1e-8);
        Assert.InRange(pulled.Temperature, 0.03, 0.08);

        // About C₁₁ times a twentieth, less what the crystal softens: pressure is negative where it pulls.
        Assert.InRange(pulled.Pressure.XX, -6, -1.5);
    }
}
