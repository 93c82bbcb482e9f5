using System.Diagnostics;
using System.Globalization;
using ActorMultiscale.Physics.Adaptivity;
using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Continuum.Adaptive;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Numerics.Sparse;

namespace ActorMultiscale.Benchmarks;

internal static class AdaptiveBenchmark
{
    public static int Run(string[] args)
    {
        for (var round = 0; round < 3; round++)
        {
            foreach (var degree in new[] { 1, 2 })
            {
                Ours(degree, 1, 1e-3, double.Parse(args[0], CultureInfo.InvariantCulture));
            }
        }

        return 0;
    }

    private static ScalarJet Corner(Vec3 x)
    {
        var (r, angle) = (Math.Sqrt((x.X * x.X) + (x.Y * x.Y)), Math.Atan2(x.Y, x.X));
        angle = angle < -1e-12 ? angle + (2 * Math.PI) : Math.Max(angle, 0);
        if (r == 0)
        {
            return default;
        }

        var (s, c, f) = (Math.Sin(2 * angle / 3), Math.Cos(2 * angle / 3), 2.0 / 3 * Math.Pow(r, -1.0 / 3));
        return new(Math.Pow(r, 2.0 / 3) * s, f * new Vec3((s * x.X / r) - (c * x.Y / r), (s * x.Y / r) + (c * x.X / r), 0));
    }

    private static void Ours(int degree, int cores, double target, double theta)
    {
        using var team = new ChunkedLoop(cores).Gather();
        var loop = cores == 1 ? ChunkedLoop.Serial : team.Loop;
        var laps = new SortedDictionary<string, double>(StringComparer.Ordinal);
        var before = Environment.CpuUsage.TotalTime;
        void Lap(string what)
        {
            laps[what] = laps.GetValueOrDefault(what) + (Environment.CpuUsage.TotalTime - before).TotalSeconds;
            before = Environment.CpuUsage.TotalTime;
        }

        var mesh = AdaptiveMesh.Of(StructuredMesh.LShape(2), 2);
        (AdaptiveMesh Mesh, Basis Basis, double[] U)? last = null;
        GeometricMultigrid? coarser = null;
        var mode = int.Parse(Environment.GetEnvironmentVariable("MODE") ?? "0", CultureInfo.InvariantCulture);
        var zz = Environment.GetEnvironmentVariable("ZZ") is not null;
        for (var rounds = 1; ; rounds++)
        {
            var basis = Basis.Scalar(mesh.Mesh, degree);
            Lap("b basis");
            var blocks = Assembly.Blocks(basis, Heat.Conduction(1), null, loop);
            Lap("c blocks");
            var constraints = mesh.Constrain(basis);
            Lap("d hanging");
            constraints.Fix(basis, mesh.NodesOn(basis, constraints), x => Corner(x).Value);
            Lap("e dirichlet");
            var system = constraints.CondenseBlocks(blocks, new double[basis.DofCount], loop);
            Lap("f condense");
            IPreconditioner amg = mode == 0 ? new AmgPreconditioner(system.Matrix, basis.RigidMotions(), loop: loop)
                : new GeometricMultigrid(mesh, basis, system, mode == 2 ? coarser : null, null, loop);
            coarser = amg as GeometricMultigrid;
            Lap("g set-up");
            var x = last is { } l ? new MeshTransfer(l.Mesh, mesh).Interpolate(l.Basis, l.U, basis) : new double[basis.DofCount];
            for (var n = 0; n < x.Length; n++)
            {
                x[n] = constraints.Contains(n) ? 0 : x[n];
            }

            Lap("h transfer");
            var result = ConjugateGradient.Solve(system.Matrix.On(loop), system.Right, x, amg, 1e-6, loop: loop);
            var u = system.Expand(x);
            Lap("i solve");
            var error = Assembly.Error(basis, u, Corner).H1;
            Lap("z error");
            if (Environment.GetEnvironmentVariable("V") is not null)
            {
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{rounds} {basis.DofCount} {error:e3} {result.Iterations} hanging {constraints.Count}"));
            }

            if (error <= target)
            {
                laps.Remove("z error");
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Q{degree} {basis.DofCount} dofs, {rounds} rounds, {laps.Values.Sum():0.000} s, error {error:e3}: {string.Join(", ", laps.Select(k => $"{k.Key} {k.Value:0.000}"))}"));
                return;
            }

            var eta = zz ? ErrorEstimator.Recovery(mesh, basis, u) : ErrorEstimator.Kelly(mesh, basis, u);
            Lap("j kelly");
            last = (mesh, basis, u);
            if (theta < 0)
            {
                var estimate = ErrorEstimator.Total(eta);
                var steps = Math.Max(1, Math.Ceiling(Math.Log(estimate / target) / Math.Log(-theta)));
                var cuts = Marking.Cuts(eta, 0.99 * Math.Pow(target / estimate, 1 / steps) * estimate, degree, 2);
                Lap("k mark");
                mesh = mesh.Cut(cuts);
            }
            else
            {
                var marks = Marking.Bulk(eta, theta);
                Lap("k mark");
                mesh = mesh.Adapt(marks);
            }

            Lap("l adapt");
        }
    }
}
