using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Examples;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Testing;

namespace ActorMultiscale.Tests.Examples;

public abstract class HeatSquareContract(string side) : ScaleModelContract<HeatSquare>
{
    protected override HeatSquare Create() =>
        (HeatSquare)Participant.Of("square", HeatSquare.Entry, ("side", side), ("cells", 5L), ("substeps", 2L)).CreateModel();

    protected override ModelEntry Entry => HeatSquare.Entry;

    // The fastest mode decays at the rate 8 n² = 200: steps that resolve it show the order of implicit Euler.
    protected override double WindowLength => 1e-4;

    // Near the exact solution at the cut, but growing away from it, so that there is an error to be seen.
    protected override void FillInput(Port port, double time, Span<double> values)
    {
        for (var j = 0; j < values.Length; j++)
        {
            var y = j / (values.Length - 1.0);
            values[j] = (port.Name == "flux" ? 2 : 2 + (3 * y * y) + (1.2 * time)) + (1e3 * time * Math.Sin(Math.PI * y));
        }
    }
}

public sealed class DirichletHeatSquareTests() : HeatSquareContract("dirichlet");

public sealed class NeumannHeatSquareTests() : HeatSquareContract("neumann");
