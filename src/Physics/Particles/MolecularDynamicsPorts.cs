using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Particles;

/// <summary>The ports of atoms that move, in SI units or bare where everything is in the units of the potential.</summary>
internal sealed class MolecularDynamicsPorts(bool isReduced, UnitSystem units)
{
    public Port<Vec3> ExternalForce { get; } = Port.In<Vec3>("external-force", Bare(isReduced, Quantities.Force)) with { Optional = true };

    public Port<Vec3> Positions { get; } = Port.Out<Vec3>("positions", Bare(isReduced, new("x", Unit.Parse("m"))));

    public Port<Vec3> Velocities { get; } = Port.Out<Vec3>("velocities", Bare(isReduced, Quantities.Velocity));

    public Port<double> Temperature { get; } = Port.Out<double>("temperature", Bare(isReduced, Quantities.Temperature));

    public Port<double> Energy { get; } = Port.Out<double>("energy", Bare(isReduced, Quantities.Energy));

    public Port<double> Potential { get; } = Port.Out<double>("potential-energy", Bare(isReduced, Quantities.Energy));

    public Port<double> Conserved { get; } = Port.Out<double>("conserved", Bare(isReduced, Quantities.Energy));

    public Port<double> Pressure { get; } = Port.Out<double>("pressure", Bare(isReduced, new("p", Unit.Parse("Pa"))));

    public Port<SymTensor3> Stress { get; } = Port.Out<SymTensor3>("stress", Bare(isReduced, Quantities.Stress));

    public Port<double> Density { get; } = Port.Out<double>("density", Bare(isReduced, new("ρ", Unit.Parse("kg/m^3"))));

    public Port<Vec3> Cell { get; } = Port.Out<Vec3>("cell", Bare(isReduced, new("h", Unit.Parse("m"))));

    /// <summary>Those of what is measured, as <see cref="Write"/> writes them.</summary>
    public PortLayout[] Measured => [new(Temperature, 1), new(Energy, 1), new(Potential, 1), new(Conserved, 1), new(Pressure, 1), new(Stress, 1), new(Density, 1), new(Cell, 3)];

    /// <summary>Writes where the atoms are and how fast, given in the units of the atoms.</summary>
    public void WriteAtoms(PortWriter outputs, double time, Vec3[] positions, Vec3[] velocities)
    {
        void All(Port<Vec3> port, Vec3[] values, double unit)
        {
            var to = outputs.Write(port, time);
            for (var i = 0; i < values.Length; i++)
            {
                to[i] = unit * values[i];
            }
        }

        All(Positions, positions, units.Si.Length);
        All(Velocities, velocities, units.Si.Length / units.Si.Time);
    }

    /// <summary>Writes what was measured of atoms of a mass in a box.</summary>
    public void Write(PortWriter outputs, double time, Measurement now, SimulationBox box, double mass)
    {
        var si = units.Si;
        var pressure = si.Energy / (si.Length * si.Length * si.Length * units.Pressure);
        outputs.Write(Temperature, time, now.Temperature);
        outputs.Write(Energy, time, si.Energy * now.Total);
        outputs.Write(Potential, time, si.Energy * now.Potential);
        outputs.Write(Conserved, time, si.Energy * (now.Conserved ?? now.Total));
        outputs.Write(Pressure, time, pressure * now.Pressure.Trace / 3);
        outputs.Write(Stress, time)[0] = -pressure * now.Pressure;
        outputs.Write(Density, time, si.Mass * mass / (box.Volume * si.Length * si.Length * si.Length));
        var cell = outputs.Write(Cell, time);
        for (var c = 0; c < 3; c++)
        {
            cell[c] = si.Length * box.Cell.Column(c);
        }
    }

    private static Quantity Bare(bool isReduced, Quantity quantity) => isReduced ? quantity with { Unit = Unit.One } : quantity;
}
