using System.Diagnostics;
using System.Globalization;
using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Benchmarks;

/// <summary>A part of a solution.</summary>
/// <param name="Case">What is done.</param>
/// <param name="Processor">Seconds of the processor, the least of all rounds.</param>
/// <param name="Load">Load of the machine before.</param>
public sealed record AssemblyRow(string Case, double Processor, double Load);

/// <summary>What it costs to assemble elasticity on 40³ hexahedra, on one thread: the processor's time, so that other work on the machine counts little.</summary>
internal static class AssemblyBenchmark
{
    private const int Rounds = 12;

    public static List<AssemblyRow> Rows()
    {
        var c = Tangent6.Isotropic(200, 0.3);
        var mesh = StructuredMesh.Box(new(1, 1, 1), 40, 40, 40);
        var basis = Basis.Vector(mesh, 1);
        var matrix = Assembly.Matrix(basis, Elasticity.Stiffness(c));
        var blocks = Assembly.Blocks(basis, Elasticity.Stiffness(c));
        (string Name, Action Work)[] cases =
        [
            ("mesh", () => StructuredMesh.Box(new(1, 1, 1), 40, 40, 40)),
            ("basis, pattern and matrix", () => Assembly.Matrix(Basis.Vector(mesh, 1), Elasticity.Stiffness(c))),
            ("matrix", () => Assembly.Matrix(basis, Elasticity.Stiffness(c))),
            ("matrix by blocks", () => Assembly.Blocks(basis, Elasticity.Stiffness(c))),
            ("added to a matrix", () => Assembly.AddMatrix(matrix, basis, Elasticity.Stiffness(c))),
            ("the same, law asked at each point", () => Assembly.AddMatrix(matrix, basis, Elasticity.Stiffness(_ => c))),
            ("the same, mean dilatation", () => Assembly.AddMatrix(matrix, basis, Elasticity.StiffnessBBar(c))),
            ("body force", () => Assembly.Vector(basis, Elasticity.BodyForce(_ => new(0, 0, -1)))),
            ("condensed, bottom fixed", () => new Constraints(basis.DofCount).Fix(basis, basis.NodesOn("bottom"), _ => Vec3.Zero).Condense(matrix, new double[basis.DofCount])),
            ("condensed by blocks, bottom fixed", () => new Constraints(basis.DofCount).Fix(basis, basis.NodesOn("bottom"), _ => Vec3.Zero).CondenseBlocks(blocks, new double[basis.DofCount])),
        ];
        Console.WriteLine("64,000 hexahedra, 206,763 dofs                 CPU s (least of 12)");
        var rows = new List<AssemblyRow>();
        using var process = Process.GetCurrentProcess();
        foreach (var (name, work) in cases)
        {
            var load = CouplingBenchmark.LoadAverage();
            var least = double.PositiveInfinity;
            for (var n = 0; n < Rounds; n++)
            {
                process.Refresh();
                var start = process.TotalProcessorTime;
                work();
                process.Refresh();
                least = Math.Min(least, (process.TotalProcessorTime - start).TotalSeconds);
            }

            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-42} {least,8:0.000}"));
            rows.Add(new(name, least, load));
        }

        return rows;
    }
}
