using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Continuum.Time;
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
/// <param name="Megabytes">The most memory that our process ever had, cases before this one included, MB.</param>
/// <param name="Process">Seconds from the start to the end of the process of a case that has one of its own, whose memory is that of this case then; else null.</param>
public sealed record FiniteElementRow(
    string Case, FiniteElementTimes Ours, double First, FiniteElementTimes? Peer, double? Ratio, double Spread, double Load, double Megabytes, double? Process = null);

/// <summary>Explicit dynamics.</summary>
/// <param name="Case">What is computed, and on how many cores.</param>
/// <param name="Forces">Million cells a second, forces alone.</param>
/// <param name="Steps">Million cells a second, whole steps.</param>
/// <param name="Load">Load of the machine before the case.</param>
public sealed record ExplicitRow(string Case, double Forces, double Steps, double Load);

/// <summary>
/// Elasticity of the unit cube, 40³ trilinear hexahedra, 206,763 unknowns, the face x = 0 clamped under a body force, to a residual of 1e-8:
/// ours and that of deal.II in turn, both with conjugate gradients and smoothed-aggregation multigrid, in double precision. Then larger and smaller
/// cubes, Poisson's equation with a million unknowns in a process of its own, and the parts of the assembly.
/// </summary>
internal static class FiniteElementBenchmark
{
    private const int Rounds = 3;
    private const int Cells = 40;
    private const double Tolerance = 1e-8;

    public static int Run(string[] args)
    {
        if (args is ["explicit"])
        {
            Explicit(1);
            Explicit(2);
            return 0;
        }

        if (args is ["poisson"] or ["poisson", "1" or "2"])
        {
            // The last line is for the process that started this one.
            Console.WriteLine(JsonSerializer.Serialize(Row("Poisson", 1, 100, args is [_, "2"] ? 2 : 1, 1, Poisson, null)));
            return 0;
        }

        if (args is not ([] or ["--json", _]))
        {
            Console.Error.WriteLine("usage: benchmarks fem [explicit | poisson [1 | 2] | --json FILE]");
            return 2;
        }

        var folder = Directory.CreateTempSubdirectory("actor-multiscale-deal.II-");
        try
        {
            var peer = BuildPeer(folder.FullName, "elasticity");
            var rows = new List<object>();
            Console.WriteLine($"{"case",-36} {"of",-8} {"mesh",6} {"assem.",6} {"set-up",6} {"solve",6} {"total",6} {"cpu",6} {"steps",5}");
            for (var cores = 1; cores <= Math.Min(2, Environment.ProcessorCount); cores++)
            {
                var count = cores;
                rows.Add(Row("elasticity", 3, Cells, cores, Rounds, Elastic, peer is null ? null : () => Peer(peer, count)));
            }

            // How iterations grow with the mesh, and a million unknowns.
            foreach (var cells in new[] { 14, 31, 68 })
            {
                rows.Add(Row("elasticity", 3, cells, 1, 1, Elastic, null));
            }

            for (var cores = 1; cores <= Math.Min(2, Environment.ProcessorCount); cores++)
            {
                rows.Add(Alone(cores));
            }

            rows.AddRange(AssemblyBenchmark.Rows());
            for (var cores = 1; cores <= Math.Min(2, Environment.ProcessorCount); cores++)
            {
                rows.Add(Explicit(cores));
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

    // Poisson's equation in a process of its own, so that its memory is known.
    private static FiniteElementRow Alone(int cores)
    {
        string[] arguments = ["fem", "poisson", cores.ToString(CultureInfo.InvariantCulture)];
        var program = Environment.ProcessPath ?? throw new InvalidOperationException("The path of this program is not known.");
        var clock = Stopwatch.StartNew();
        var isHost = Path.GetFileNameWithoutExtension(program) == "dotnet";
        var lines = Execute(program, isHost ? [typeof(FiniteElementBenchmark).Assembly.Location, .. arguments] : arguments).TrimEnd().Split('\n');
        var row = JsonSerializer.Deserialize<FiniteElementRow>(lines[^1])! with { Process = clock.Elapsed.TotalSeconds };
        Console.WriteLine(string.Join('\n', lines[..^1]));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{"",-36} a process of its own: {row.Process:0.0} s and {row.Megabytes:0} MB at most"));
        return row;
    }

    // Central differences with one-point hexahedra: whole steps, the median of the rounds.
    private static ExplicitRow Explicit(int cores)
    {
        const int steps = 40;
        var load = CouplingBenchmark.LoadAverage();
        using var team = new ChunkedLoop(cores).Gather();
        var loop = cores == 1 ? ChunkedLoop.Serial : team.Loop;
        var mesh = StructuredMesh.Box(new(1, 1, 1), Cells, Cells, Cells);
        var kernel = new HexDynamics(mesh, 1, 0.3, 1);
        var motion = new CentralDifference(
            kernel.Mass, null, (_, u, f) => kernel.Forces(u, f, loop), new Constraints(kernel.Mass.Length), [.. mesh.Points.ToArray().SelectMany(x => new[] { 0.01 * x.X * x.Y, 0, 0.01 * x.Z * x.Z })],
            new double[kernel.Mass.Length]);
        var forces = new double[kernel.Mass.Length];
        double Median(Action work)
        {
            var seconds = new List<double>();
            for (var round = 0; round <= 2 * Rounds; round++)
            {
                var clock = Stopwatch.StartNew();
                for (var n = 0; n < steps; n++)
                {
                    work();
                }

                seconds.Add(clock.Elapsed.TotalSeconds);
            }

            // The first waits for the compiler.
            return seconds[1..].Order().ElementAt(Rounds);
        }

        var updates = 1e-6 * steps * mesh.CellCount;
        var row = new ExplicitRow(
            string.Create(CultureInfo.InvariantCulture, $"explicit steps, {mesh.CellCount} hexahedra, {cores} cores"), updates / Median(() => kernel.Forces(motion.Displacement, forces, loop)),
            updates / Median(() => motion.Advance(0.9 * kernel.LongestStep)), load);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{row.Case,-42} {row.Forces,8:0.0} M cells/s of forces, {row.Steps:0.0} of whole steps, load {load:0.0}"));
        return row;
    }

    private static FiniteElementRow Row(string name, int components, int cells, int cores, int rounds, Func<int, int, FiniteElementTimes> solve, Func<FiniteElementTimes>? peer)
    {
        var load = CouplingBenchmark.LoadAverage();
        var (ours, theirs) = (new List<FiniteElementTimes>(), new List<FiniteElementTimes>());
        for (var round = 0; round < rounds; round++)
        {
            ours.Add(solve(cells, cores));
            if (peer is not null)
            {
                theirs.Add(peer());
                if (Math.Abs(theirs[^1].Work - ours[^1].Work) > 1e-6 * Math.Abs(ours[^1].Work))
                {
                    throw new InvalidOperationException(FormattableString.Invariant($"The load does the work {ours[^1].Work} here and {theirs[^1].Work} in deal.II."));
                }
            }
        }

        var (our, their) = (Median(ours), peer is null ? null : Median(theirs));
        var row = new FiniteElementRow(string.Create(CultureInfo.InvariantCulture, $"{name}, {components * (int)Math.Pow(cells + 1, 3)} unknowns, {cores} cores"), our, ours[0].Total,
            their, their?.Total / our.Total, (ours.Max(o => o.Total) - ours.Min(o => o.Total)) / our.Total, load, Process.GetCurrentProcess().PeakWorkingSet64 / 1e6);
        Print(row.Case, "ours", our);
        if (their is not null)
        {
            Print("", "deal.II", their);
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{"",-36} ratio {row.Ratio:0.00}, first round {row.First:0.00} s, spread {row.Spread:0.00}, load {row.Load:0.0}, {row.Megabytes:0} MB"));
        return row;
    }

    private static void Print(string what, string whose, FiniteElementTimes t) => Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"{what,-36} {whose,-8} {t.Mesh,6:0.00} {t.Assembly,6:0.00} {t.SetUp,6:0.00} {t.Solve,6:0.00} {t.Total,6:0.00} {t.Processor,6:0.00} {t.Iterations,5}"));

    private static FiniteElementTimes Median(List<FiniteElementTimes> times) => times.OrderBy(t => t.Total).ElementAt(times.Count / 2);

    private static FiniteElementTimes Elastic(int cells, int cores) => Ours(cores, () => Basis.Vector(StructuredMesh.Box(new(1, 1, 1), cells, cells, cells), 1), basis => (
        Elasticity.Stiffness(Tangent6.Isotropic(1, 0.3)), Elasticity.BodyForce(_ => new(0, 0, -1)),
        new Constraints(basis.DofCount).Fix(basis, basis.NodesOn("left"), _ => Vec3.Zero)));

    private static FiniteElementTimes Poisson(int cells, int cores) => Ours(cores, () => Basis.Scalar(StructuredMesh.Box(new(1, 1, 1), cells, cells, cells), 1), basis => (
        Heat.Conduction(1), Heat.Source(_ => 1), new Constraints(basis.DofCount).Fix(basis, basis.NodesOnSurface(), 0, 0)));

    // As StaticProblem.Solve does it, with a clock in between.
    private static FiniteElementTimes Ours(int cores, Func<Basis> make, Func<Basis, (BilinearForm Form, LinearForm Load, Constraints Constraints)> problem)
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

        var basis = make();
        var (form, source, constraints) = problem(basis);
        var meshTime = Lap();
        var load = Assembly.Vector(basis, source, null, loop);
        var system = constraints.CondenseBlocks(Assembly.Blocks(basis, form, null, loop), load, loop);
        var assemblyTime = Lap();
        var amg = new AmgPreconditioner(system.Matrix, basis.RigidMotions(), loop: loop);
        var setUpTime = Lap();
        var x = new double[load.Length];
        var result = ConjugateGradient.Solve(system.Matrix.On(loop), system.Right, x, amg, Tolerance, loop: loop);
        var solution = system.Expand(x);
        var solveTime = Lap();
        return new(meshTime, assemblyTime, setUpTime, solveTime, (Process.GetCurrentProcess().TotalProcessorTime - processor).TotalSeconds, result.Iterations, FixedOrderSum.Dot(load, solution));
    }

    // Null where deal.II is not there: then our own times stand alone.
    internal static string? BuildPeer(string folder, string program)
    {
        if (!Directory.Exists("/usr/include/deal.II"))
        {
            Console.WriteLine("deal.II is not installed (Debian: apt-get install cmake g++ libdeal.ii-dev); ours alone.");
            return null;
        }

        var source = Path.Combine(AppContext.BaseDirectory, "deal.II");
        Execute("cmake", ["-S", source, "-B", folder, "-DCMAKE_BUILD_TYPE=Release"]);
        Execute("cmake", ["--build", folder, "--target", program]);
        return Path.Combine(folder, program);
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

    internal static string Execute(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true };
        start.Environment["OMP_NUM_THREADS"] = "1";
        using var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} does not start.");
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{program} ended with {process.ExitCode}: {output}");
    }
}
