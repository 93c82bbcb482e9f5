using System.Globalization;
using System.Text.Json;
using ActorMultiscale.Testing;
using ActorMultiscale.Tests.Host.Formats;
using ActorMultiscale.Tests.Host.Interop;

namespace ActorMultiscale.Tests.Host;

/// <summary>Meshes of participants over time, as VTK reads them, against what the runs have recorded.</summary>
public sealed class VtuTests(PostgresServer server) : RecordStand(server)
{
    /// <summary>A file of a series: its time, its points, its cells by their VTK type and nodes, and its fields.</summary>
    private sealed record Step(double Time, double[][] Points, int[][] Cells, Dictionary<string, double[][]> AtNodes, Dictionary<string, double[][]> InCells)
    {
        // Of triangles and parallelograms in the plane.
        public double Area(int cell)
        {
            var (nodes, isTriangle) = (Cells[cell][1..], Cells[cell][0] == 5);
            double Along(int to, int k) => Points[nodes[to]][k] - Points[nodes[0]][k];
            var last = isTriangle ? 2 : 3;
            return (isTriangle ? 0.5 : 1) * ((Along(1, 0) * Along(last, 1)) - (Along(1, 1) * Along(last, 0)));
        }

        public double Mean(string field, int cell) => Cells[cell][1..].Select(n => AtNodes[field][n][0]).Average();
    }

    private List<Step> Read(string folder, string name)
    {
        FormatStand.Save(new(Folder), "read.py", """
            import sys, os, json, vtk
            import xml.etree.ElementTree as t
            def rows(a): return [list(a.GetTuple(i)) for i in range(a.GetNumberOfTuples())]
            def fields(d): return {d.GetArrayName(i): rows(d.GetArray(i)) for i in range(d.GetNumberOfArrays())}
            for d in t.parse(sys.argv[1]).getroot().find('Collection'):
                r = vtk.vtkXMLUnstructuredGridReader(); r.SetFileName(os.path.join(os.path.dirname(sys.argv[1]), d.get('file'))); r.Update(); g = r.GetOutput()
                cells = []
                for c in range(g.GetNumberOfCells()):
                    cell = g.GetCell(c)
                    cells.append([cell.GetCellType()] + [cell.GetPointId(n) for n in range(cell.GetNumberOfPoints())])
                print(json.dumps({'Time': float(d.get('timestep')), 'Points': rows(g.GetPoints().GetData()), 'Cells': cells, 'AtNodes': fields(g.GetPointData()), 'InCells': fields(g.GetCellData())}))
            """);
        return [.. FormatStand.Run(new(Folder), Peers.Python, "read.py", Path.Combine(folder, name + ".pvd")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonSerializer.Deserialize<Step>(line)!)];
    }

    // What an out-port held at the end of each window, and at the start.
    private List<double[]> Recorded(string run, string port)
    {
        var (code, output, error) = Host("replay", run, "--port", port, "--json");
        Assert.True(code == 0, error);
        return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)
            .GroupBy(o => o.GetProperty("window").GetInt64()).OrderBy(g => g.Key).Select(g => g.Last().GetProperty("values").EnumerateArray().Select(v => v.GetDouble()).ToArray())];
    }

    [PeerFact("vtk")]
    public void A_bimetal_shows_its_heat_and_how_it_bends()
    {
        Json(0, "run", HostProcess.Experiment("bimetal.conf"), "--name", "run", "--until", "0.4 s", "--quiet");
        var written = Json(0, "vtu", "run", "warmth", "out/views", "--quiet");
        double[] times = [0, 0.1, 0.2, 0.3, 0.4];
        Assert.Equal(times, written.GetProperty("times").EnumerateArray().Select(t => Math.Round(t.GetDouble(), 12)));
        var (warmth, temperature, energy) = (Read("out/views", "warmth"), Recorded("run", "warmth.temperature"), Recorded("run", "warmth.energy"));
        Assert.Equal(times.Length, warmth.Count);
        foreach (var (n, step) in warmth.Index())
        {
            Assert.Equal(times[n], step.Time, 1e-12);
            Assert.All(step.Cells, cell => Assert.Equal(5, cell[0]));
            Assert.Equal(temperature[n], step.AtNodes["temperature"].Select(v => v.Single()));

            // The heat above 293 K in 0.01 m of two metals, from the file alone.
            var heat = Enumerable.Range(0, step.Cells.Length).Select(c => 0.01 * (step.InCells["region"][c][0] == 0 ? 3.7e6 : 3.2e6) * step.Area(c) * (step.Mean("temperature", c) - 293)).Sum();
            Assert.Equal(energy[n][0], heat, 1e-8);
        }

        Assert.True(energy[^1][0] > 10);
        Assert.Equal((0, "5 times of 'strip' in out/strip.pvd"), (Host("vtu", "run", "strip", "out", "--quiet") is var (code, said, _) ? code : -1, said.Trim()));
        var (strip, displacement, stress, tip) = (Read("out", "strip"), Recorded("run", "strip.displacement"), Recorded("run", "strip.stress"), Recorded("run", "strip.displacement-out-right"));
        Assert.Equal(times.Length, strip.Count);
        foreach (var (n, step) in strip.Index())
        {
            // Quadrilaterals of nine nodes, curved ones of VTK; all nodes of the elements are there.
            Assert.Equal((101 * 9, 200), (step.Points.Length, step.Cells.Length));
            Assert.All(step.Cells, cell => Assert.Equal((28, 10), (cell[0], cell.Length)));
            Assert.Equal(displacement[n], step.AtNodes["displacement"].SelectMany(v => v));
            int[] order = [0, 1, 2, 5, 3, 4];     // VTK's: xx, yy, zz, xy, yz, xz.
            Assert.Equal(stress[n].Chunk(6).SelectMany(s => order.Select(k => s[k])), step.InCells["stress"].SelectMany(v => v));

            // The end of the strip lies where it should: its nodes move as those of the surface do.
            var end = Enumerable.Range(0, step.Points.Length).Where(p => step.Points[p][0] == 0.05).Select(p => step.AtNodes["displacement"][p]).ToArray();
            Assert.Equal(9, end.Length);
            Assert.Equal(tip[n].Chunk(3).Select(u => u[1]).Order(), end.Select(u => u[1]).Order());
        }

        Assert.True(strip[^1].AtNodes["displacement"].Min(u => u[1]) < -1e-4);
    }

    [PeerFact("vtk")]
    public void A_plate_whose_mesh_changes_shows_every_mesh_and_so_it_does_from_a_snapshot_on()
    {
        Json(0, "run", HostProcess.Experiment("heat-plate.conf"), "--name", "run", "--until", "0.4 s", "--quiet", "--set", "snapshots={ every = 7 }");
        Assert.Equal(11, Json(0, "vtu", "run", "plate", "all", "--every", "2", "--quiet").GetProperty("times").GetArrayLength());
        var (steps, cells, heat, indicator) = (Read("all", "plate"), Recorded("run", "plate.cells"), Recorded("run", "plate.heat"), Recorded("run", "plate.indicator"));
        Assert.Equal((21, 11), (cells.Count, steps.Count));
        foreach (var (n, step) in steps.Index())
        {
            Assert.Equal(0.04 * n, step.Time, 1e-12);
            Assert.Equal(cells[2 * n][0], step.Cells.Length);
            Assert.Equal(indicator[2 * n], step.InCells["indicator"].Select(v => v.Single()));

            // Of rectangles with bilinear temperatures; the level of a cell tells its size.
            Assert.Equal(heat[2 * n][0], Enumerable.Range(0, step.Cells.Length).Select(c => step.Area(c) * step.Mean("temperature", c)).Sum(), 1e-12);
            Assert.All(Enumerable.Range(0, step.Cells.Length), c => Assert.Equal(Math.Pow(4, -step.InCells["level"][c][0]), step.Area(c), 1e-12));
        }

        Assert.True(steps.Select(s => s.Cells.Length).Distinct().Count() > 3);
        Assert.Equal(0.4, heat[^1][0], 1e-3);

        // From the snapshot before, the same files to the byte.
        Json(0, "vtu", "run", "plate", "some", "--from", "12", "--to", "16", "--every", "2", "--quiet");
        foreach (var file in new[] { "plate-000012.vtu", "plate-000014.vtu", "plate-000016.vtu" })
        {
            Assert.Equal(File.ReadAllBytes(Path.Combine(Folder, "all", file)), File.ReadAllBytes(Path.Combine(Folder, "some", file)));
        }

        Assert.Equal(4, Directory.GetFiles(Path.Combine(Folder, "some")).Length);
    }

    [Fact]
    public void What_cannot_be_shown_is_said()
    {
        Json(0, "run", HostProcess.Experiment("heat-plate.conf"), "--name", "run", "--until", "0.1 s", "--quiet");
        File.WriteAllText(Path.Combine(Folder, "taken"), "");
        foreach (var (arguments, expected, said) in new (string[], int, string)[]
        {
            (["refiner", "out"], 6, "The model of 'refiner' has no mesh that it shows"), (["plat", "out"], 6, "Did you mean 'plate'?"), (["plate", "taken"], 2, "The folder 'taken' cannot be made"),
            (["plate", "out", "--from", "5"], 6, "has the windows 0 to 4"), (["plate", "out", "--every", "0"], 2, "--every takes a whole number above 0"),
        })
        {
            var (code, output, error) = Host(["vtu", "run", .. arguments, "--quiet"]);
            Assert.True(code == expected && output.Length == 0, string.Create(CultureInfo.InvariantCulture, $"{code}: {output} {error}"));
            Assert.Contains(said, error, StringComparison.Ordinal);
            Assert.False(Directory.Exists(Path.Combine(Folder, "out")));
        }

        // A solver that has changed since shows what it computes up to there, and says so.
        Forge("run", "speed = 1.5", "speed = 1.6");
        var changed = Host("vtu", "run", "plate", "out", "--quiet");
        Assert.Equal(5, changed.Code);
        Assert.Contains("What is written ends before", changed.Error, StringComparison.Ordinal);
        Assert.Contains("1 time of 'plate'", changed.Out, StringComparison.Ordinal);
        changed = Host("vtu", "run", "plate", "none", "--from", "2", "--quiet");
        Assert.Equal((5, ""), (changed.Code, changed.Out));
        Assert.Contains("Nothing is written", changed.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(Folder, "none")));
    }
}
