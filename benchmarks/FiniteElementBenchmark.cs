using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Numerics.Sparse;

namespace ActorMultiscale.Benchmarks;

/// <summary>Seconds of the parts of a finite-element solution, by the clock on the wall, and what came out.</summary>
/// <param name="Mesh">Mesh, unknowns and pattern of the matrix.</param>
/// <param name="Assembly">Matrix and load.</param>
/// <param name="SetUp">The preconditioner.</param>
/// <param name="Solve">Conjugate gradients.</param>
/// <param name="Processor">Seconds of all processors, all parts.</param>
/// <param name="Iterations">Of the conjugate gradients.</param>
/// <param name="Work">Load · displacement, which both have to agree on.</param>
public sealed record FiniteElementTimes(double Mesh, double Assembly, double SetUp, double Solve, double Processor, int Iterations, double Work)
{
    /// <summary>All parts.</summary>
    public double Total => Mesh + Assembly + SetUp + Solve;
}

/// <summary>A row of the table: the round of the median total, of both.</summary>
/// <param name="Case">What is computed, and on how many cores.</param>
/// <param name="Ours">Ours.</param>
/// <param name="First">Our first round in a new process, which waits for the compiler, s.</param>
/// <param name="Peer">Of deal.II as Debian builds it, with Trilinos ML, one MPI rank a core; null where it is not installed.</param>
/// <param name="Ratio">How many times less time than the peer's, in all.</param>
/// <param name="Spread">(Greatest − least) / median of our totals.</param>
/// <param name="Load">Load of the machine before the case.</param>
/// <param name="Megabytes">The most memory that our process ever had, MB.</param>
public sealed record FiniteElementRow(string Case, FiniteElementTimes Ours, double First, FiniteElementTimes? Peer, double? Ratio, double Spread, double Load, double Megabytes);

/// <summary>
/// Elasticity of the unit cube, 40³ trilinear hexahedra, 206,763 unknowns, the face x = 0 clamped under a body force, to a residual of 1e-8:
/// ours and that of deal.II in turn, both with conjugate gradients and smoothed-aggregation multigrid, in double precision.
/// </summary>
internal static class FiniteElementBenchmark
{
    private const int Rounds = 3;
    private const int Cells = 40;
    private const double Tolerance = 1e-8;

    public static int Run(string[] args)
    {
        if (args is not ([] or ["--json", _]))
        {
            Console.Error.WriteLine("usage: benchmarks fem [--json FILE]");
            return 2;
        }

        var folder = Directory.CreateTempSubdirectory("actor-multiscale-deal.II-");
        try
        {
            var peer = BuildPeer(folder.FullName);
            var rows = new List<FiniteElementRow>();
            Console.WriteLine($"{"case",-36} {"of",-8} {"mesh",6} {"assem.",6} {"set-up",6} {"solve",6} {"total",6} {"cpu",6} {"steps",5}");
            for (var cores = 1; cores <= Math.Min(2, Environment.ProcessorCount); cores++)
            {
                var load = CouplingBenchmark.LoadAverage();
                var (ours, theirs) = (new List<FiniteElementTimes>(), new List<FiniteElementTimes>());
                for (var round = 0; round < Rounds; round++)
                {
                    ours.Add(Ours(cores));
                    if (peer is not null)
                    {
                        theirs.Add(Peer(peer, cores));
                        if (Math.Abs(theirs[^1].Work - ours[^1].Work) > 1e-6 * Math.Abs(ours[^1].Work))
                        {
                            throw new InvalidOperationException(FormattableString.Invariant($"The load does the work {ours[^1].Work} here and {theirs[^1].Work} in deal.II."));
                        }
                    }
                }

                var (our, their) = (Median(ours), peer is null ? null : Median(theirs));
                var row = new FiniteElementRow(string.Create(CultureInfo.InvariantCulture, $"elasticity, {3 * (int)Math.Pow(Cells + 1, 3)} unknowns, {cores} cores"), our, ours[0].Total,
                    their, their?.Total / our.Total, (ours.Max(o => o.Total) - ours.Min(o => o.Total)) / our.Total, load, Process.GetCurrentProcess().PeakWorkingSet64 / 1e6);
                rows.Add(row);
                Print(row.Case, "ours", our);
                if (their is not null)
                {
                    Print("", "deal.II", their);
                }

                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{"",-36} ratio {row.Ratio:0.00}, first round {row.First:0.00} s, spread {row.Spread:0.00}, load {row.Load:0.0}, {row.Megabytes:0} MB"));
            }

            if (args is [_, var file])
            {
                File.WriteAllText(file, JsonSerializer.Serialize(rows, CouplingBenchmark.Json));
            }

            return 0;
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static void Print(string what, string whose, FiniteElementTimes t) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"{what,-36} {whose,-8} {t.Mesh,6:0.00} {t.Assembly,6:0.00} {t.SetUp,6:0.00} {t.Solve,6:0.00} {t.Total,6:0.00} {t.Processor,6:0.00} {t.Iterations,5}"));

    private static FiniteElementTimes Median(List<FiniteElementTimes> times) => times.OrderBy(t => t.Total).ElementAt(times.Count / 2);

    private static FiniteElementTimes Ours(int cores)
    {
        using var team = new ChunkedLoop(cores).Gather();
        var loop = cores == 1 ? ChunkedLoop.Serial : team.Loop;
        var processor = Process.GetCurrentProcess().TotalProcessorTime;
        var clock = Stopwatch.StartNew();
        double Lap()
        {
            var seconds = clock.Elapsed.TotalSeconds;
            clock.Restart();
            return seconds;
        }

        var mesh = HexMesh.Box(new Vec3(1, 1, 1), Cells, Cells, Cells);
        var around = CellsAround(mesh);
        var matrix = Pattern(mesh, around, loop);
        var meshTime = Lap();
        var load = Assemble(mesh, around, matrix, loop);
        var assemblyTime = Lap();
        var amg = new AmgPreconditioner(matrix, NearKernel.RigidBodyModes(MemoryMarshal.Cast<Vec3, double>(mesh.Nodes), 3), loop: loop);
        var setUpTime = Lap();
        var displacement = new double[load.Length];
        var result = ConjugateGradient.Solve(matrix.On(loop), load, displacement, amg, Tolerance, loop: loop);
        var solveTime = Lap();
        return new(meshTime, assemblyTime, setUpTime, solveTime, (Process.GetCurrentProcess().TotalProcessorTime - processor).TotalSeconds, result.Iterations, FixedOrderSum.Dot(load, displacement));
    }

    // For each node its cells.
    private static (int[] Start, int[] Cells) CellsAround(HexMesh mesh)
    {
        var start = new int[mesh.NodeCount + 1];
        for (var cell = 0; cell < mesh.CellCount; cell++)
        {
            foreach (var node in mesh.Cell(cell))
            {
                start[node + 1]++;
            }
        }

        for (var node = 0; node < mesh.NodeCount; node++)
        {
            start[node + 1] += start[node];
        }

        var next = start[..^1];
        var cells = new int[start[^1]];
        for (var cell = 0; cell < mesh.CellCount; cell++)
        {
            foreach (var node in mesh.Cell(cell))
            {
                cells[next[node]++] = cell;
            }
        }

        return (start, cells);
    }

    // A block where two nodes share a cell.
    private static BcsrMatrix Pattern(HexMesh mesh, (int[] Start, int[] Cells) around, ChunkedLoop loop)
    {
        const int chunk = 1024;
        var rowStart = new int[mesh.NodeCount + 1];
        var parts = new List<int>[ChunkedLoop.Chunks(mesh.NodeCount, chunk)];
        loop.Run(mesh.NodeCount, chunk, (c, first, past) =>
        {
            var columns = parts[c] = new(27 * chunk);
            Span<int> near = stackalloc int[64];
            for (var node = first; node < past; node++)
            {
                var count = 0;
                foreach (var cell in around.Cells.AsSpan(around.Start[node], around.Start[node + 1] - around.Start[node]))
                {
                    foreach (var other in mesh.Cell(cell))
                    {
                        if (!near[..count].Contains(other))
                        {
                            near[count++] = other;
                        }
                    }
                }

                near[..count].Sort();
                columns.AddRange(near[..count]);
                rowStart[node + 1] = count;
            }
        });
        for (var node = 0; node < mesh.NodeCount; node++)
        {
            rowStart[node + 1] += rowStart[node];
        }

        return new(3, mesh.NodeCount, rowStart, [.. parts.SelectMany(p => p)]);
    }

    // Chunks of cells compute what they do to one another's nodes; then every node gathers its rows, in the order of its cells. Young's modulus
    // 1, Poisson's ratio 0.3, a force of −1 along z; rows and columns of the clamped face keep their diagonal alone.
    private static double[] Assemble(HexMesh mesh, (int[] Start, int[] Cells) around, BcsrMatrix matrix, ChunkedLoop loop)
    {
        const double poisson = 0.3;
        const double lambda = poisson / ((1 + poisson) * (1 - (2 * poisson)));
        const double mu = 1 / (2 * (1 + poisson));
        var load = new double[3 * mesh.NodeCount];

        // Per cell, of every pair a ≤ b of its nodes G_ab = ∫ ∇N_a ⊗ ∇N_b; and ∫ N_a.
        const int numbers = (36 * 9) + 8;
        var cells = new double[mesh.CellCount * numbers];
        loop.Run(mesh.CellCount, 256, (_, first, past) =>
        {
            Span<Vec3> gradients = stackalloc Vec3[8];
            for (var cell = first; cell < past; cell++)
            {
                var own = cells.AsSpan(cell * numbers, numbers);
                foreach (var point in HexElement.QuadraturePoints)
                {
                    var weight = HexElement.Gradients(mesh, cell, point, gradients);
                    var at = 0;
                    for (var a = 0; a < 8; a++)
                    {
                        own[324 + a] += weight * HexElement.Value(a, point);
                        var left = weight * gradients[a];
                        for (var b = a; b < 8; b++, at += 9)
                        {
                            var right = gradients[b];
                            var to = own.Slice(at, 9);
                            to[0] += left.X * right.X;
                            to[1] += left.X * right.Y;
                            to[2] += left.X * right.Z;
                            to[3] += left.Y * right.X;
                            to[4] += left.Y * right.Y;
                            to[5] += left.Y * right.Z;
                            to[6] += left.Z * right.X;
                            to[7] += left.Z * right.Y;
                            to[8] += left.Z * right.Z;
                        }
                    }
                }
            }
        });
        loop.Run(mesh.NodeCount, 256, (_, first, past) =>
        {
            var values = matrix.Values;
            for (var node = first; node < past; node++)
            {
                var columns = matrix.BlockColumns[matrix.RowStart[node]..matrix.RowStart[node + 1]];
                var isClamped = mesh.Nodes[node].X == 0;
                foreach (var cell in around.Cells.AsSpan(around.Start[node], around.Start[node + 1] - around.Start[node]))
                {
                    var nodes = mesh.Cell(cell);
                    var own = cells.AsSpan(cell * numbers, numbers);
                    var a = nodes.IndexOf(node);
                    load[(3 * node) + 2] -= isClamped ? 0 : own[324 + a];
                    for (var b = 0; b < 8; b++)
                    {
                        if ((isClamped || mesh.Nodes[nodes[b]].X == 0) && a != b)
                        {
                            continue;
                        }

                        // K_ab = λ G + μ Gᵀ + μ tr G.
                        var (low, high) = (Math.Min(a, b), Math.Max(a, b));
                        var g = own.Slice(9 * ((low * 8) - (low * (low - 1) / 2) + high - low), 9);
                        var to = values.Slice(9 * (matrix.RowStart[node] + columns.BinarySearch(nodes[b])), 9);
                        var trace = mu * (g[0] + g[4] + g[8]);
                        for (var j = 0; j < 3; j++)
                        {
                            for (var i = 0; i < 3; i++)
                            {
                                var (p, q) = a <= b ? ((3 * i) + j, (3 * j) + i) : ((3 * j) + i, (3 * i) + j);
                                to[(3 * j) + i] += isClamped && i != j ? 0 : (lambda * g[p]) + (mu * g[q]) + (i == j ? trace : 0);
                            }
                        }
                    }
                }
            }
        });
        return load;
    }

    // Null where deal.II is not there: then our own times stand alone.
    private static string? BuildPeer(string folder)
    {
        if (!Directory.Exists("/usr/include/deal.II"))
        {
            Console.WriteLine("deal.II is not installed (Debian: apt-get install cmake g++ libdeal.ii-dev); ours alone.");
            return null;
        }

        var source = Path.Combine(AppContext.BaseDirectory, "deal.II");
        Execute("cmake", ["-S", source, "-B", folder, "-DCMAKE_BUILD_TYPE=Release"]);
        Execute("cmake", ["--build", folder]);
        return Path.Combine(folder, "elasticity");
    }

    private static FiniteElementTimes Peer(string program, int cores)
    {
        // 40 cells along an edge: five, halved thrice.
        string[] arguments = ["5", "3", Tolerance.ToString(CultureInfo.InvariantCulture)];
        var output = cores == 1 ? Execute(program, arguments) : Execute("mpirun", ["--allow-run-as-root", "-np", cores.ToString(CultureInfo.InvariantCulture), program, .. arguments]);
        var line = output.Split('\n').LastOrDefault(l => l.StartsWith("fem ", StringComparison.Ordinal)) ?? throw new InvalidOperationException($"deal.II printed no times: {output}");
        var numbers = line.Split(' ')[2..].Select(n => double.Parse(n, CultureInfo.InvariantCulture)).ToArray();
        return new(numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], (int)numbers[5], numbers[6]);
    }

    private static string Execute(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true };
        start.Environment["OMP_NUM_THREADS"] = "1";
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} does not start.");
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{program} ended with {process.ExitCode}: {output}");
    }
}
