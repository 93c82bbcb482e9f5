using System.Collections.Immutable;
using ActorMultiscale.Host.Interop.External;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Tests.Host.External;

/// <summary>What a solver reads through a client is what a model reads through its ports, to the bit, where the interpolation is linear.</summary>
public sealed class ClientTests : IDisposable
{
    private static readonly ImmutableArray<string> _probePorts = ["in x u m, 2 components, 3 points, phase look", "in p P W, extensive, average, phase look", "in j J N s, extensive, integral, phase look",
        "in times t s, any points, phase look", "in nothing x 1, optional, phase look",
        "out x-at u m, 2 components, any points, no start, phase tell", "out p-over P W, any points, extensive, average, no start, phase tell",
        "out j-over J N s, any points, extensive, integral, no start, phase tell", "out count x 1, phase look"];

    private readonly ExternalStand _stand = new();

    public void Dispose() => _stand.Dispose();

    [NeedsFact("python3")]
    public void What_Python_reads_is_what_a_model_reads()
    {
        var random = new Random(20);
        var geometry = new InputFile("points.txt", "x 0 0 0   # the corner\nx 1 0.5 0\n\nx 2 0 1e-3\n");
        using var model = (ExternalModel)Participant.Of("probe", ExternalModel.Entry, ("program", "python3"), ("arguments", ImmutableArray.Create(Path.Combine(ExternalStand.Root, "tests", "Host.Tests", "External", "probe.py"))),
            ("ports", _probePorts), ("phases", ImmutableArray.Create("look", "tell")), ("restores", false), ("geometry", geometry)).CreateModel();
        var ports = model.Description.Ports;
        Assert.Equal([0, 0, 0, 1, 0.5, 0, 2, 0, 1e-3], ports[0].Geometry!.Coordinates.ToArray());
        var start = PortWriter.ForStart(model.Description, 0);
        model.Initialize(start);
        Assert.Equal(0.0, start.Publish()[8][0].Values[0]);
        var count = 0;
        for (var k = 0; k < 40; k++)
        {
            var window = new TimeWindow(k * 1000, (k + 1) * 1000, 1e-4 / 3);
            Waveform Waveform(int numbers, TimeMeaning meaning, bool atStart)
            {
                var times = new SortedSet<double> { window.End };
                while (times.Count < 1 + random.Next(6))
                {
                    times.Add(window.Start + (random.NextDouble() * window.Length));
                }

                if (atStart)
                {
                    times.Add(window.Start);
                }

                return new Waveform(window.Start, [.. times.Select(t => new FieldSample(t, [.. Enumerable.Range(0, numbers).Select(_ => (random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-5, 6)))]))], meaning, 1);
            }

            double[] asked = [window.Start, .. Enumerable.Range(0, random.Next(1, 8)).Select(_ => window.Start + (random.NextDouble() * window.Length)).Order(), window.End];
            var (x, p, j) = (Waveform(6, TimeMeaning.Instant, true), Waveform(1, TimeMeaning.WindowAverage, false), Waveform(1, TimeMeaning.WindowIntegral, false));
            var reader = new PortReader(model.Description, window, [x, p, j, new Waveform(window.Start, [new FieldSample(window.End, asked)], TimeMeaning.Instant, 1), null, null, null, null, null]);
            ImmutableArray<ImmutableArray<FieldSample>> Advance(string phase)
            {
                var writer = PortWriter.ForWindow(model.Description, window, phase);
                model.Advance(new AdvanceContext(window, phase, new Philox(1, 1), ChunkedLoop.Serial, CancellationToken.None), reader, writer);
                return writer.Publish();
            }

            count += x.Samples.Count;
            Assert.Equal(count, Advance("look")[8].Single().Values[0]);
            var told = Advance("tell");
            var expected = asked.SelectMany(t =>
            {
                var values = new double[6];
                x.At(t, values);
                return values;
            });
            double[] Over(Action<double, double, double[]> over) => [.. asked.Zip(asked.Skip(1)).Select(ends =>
            {
                var value = new double[1];
                over(ends.Item1, ends.Item2, value);
                return value[0];
            })];
            Assert.Equal(expected, told[5].Single().Values.ToArray());
            Assert.Equal(Over((a, b, into) => p.Average(a, b, into)), told[6].Single().Values.ToArray());
            Assert.Equal(Over((a, b, into) => j.Integral(a, b, into)), told[7].Single().Values.ToArray());
        }
    }

    [NeedsFact("gcc")]
    public void What_C_reads_is_what_a_model_reads()
    {
        var program = _stand.Compile("""
            #include "actor_multiscale.h"
            static double x[3];
            static void initialize(am_solver *s) { am_write(s, "y", 0, x, 3); }
            static void advance(am_solver *s) {
                double t[64], begin, time;
                const char *values;
                int32_t n;
                if (am_sample(s, "times", 0, &begin, &time, &values, &n) != 1) { s->error = "one list of times is due"; return; }
                memcpy(t, values, 8 * (size_t)n);
                for (int k = 0; k < n; k++) { am_read(s, "x", t[k], x, 3); am_write(s, "y", k + 1 == n ? s->end : s->start + (s->end - s->start) * (k + 1) / n, x, 3); }
            }
            int main(void) {
                am_solver s = { .name = "probe", .ports = "in x u m, 3 points\nin times t s, any points\nout y u m, 3 points", .initialize = initialize, .advance = advance, .state = x, .state_size = sizeof x };
                return am_run(&s);
            }
            """);
        var random = new Random(30);
        using var model = (ExternalModel)Participant.Of("probe", ExternalModel.Entry, ("program", program), ("ports", ImmutableArray.Create("in x u m, 3 points", "in times t s, any points", "out y u m, 3 points"))).CreateModel();
        model.Initialize(PortWriter.ForStart(model.Description, 0));
        for (var k = 0; k < 200; k++)
        {
            var window = new TimeWindow(k * 1000, (k + 1) * 1000, 1e-4 / 3);
            var times = Enumerable.Range(0, random.Next(0, 6)).Select(_ => window.Start + (random.NextDouble() * window.Length)).Append(window.Start).Append(window.End).Order().Distinct();
            var x = new Waveform(window.Start, [.. times.Select(t => new FieldSample(t, [random.NextDouble(), -random.NextDouble() * 1e9, random.NextDouble() * 1e-9]))], TimeMeaning.Instant, 1);
            double[] asked = [window.Start - 1, x.Samples[x.Samples.Count / 2].Time, .. Enumerable.Range(0, random.Next(1, 20)).Select(_ => window.Start + (random.NextDouble() * window.Length)), window.End, window.End + 1];
            var reader = new PortReader(model.Description, window, [x, new Waveform(window.Start, [new FieldSample(window.End, asked)], TimeMeaning.Instant, 1), null]);
            var writer = PortWriter.ForWindow(model.Description, window, null);
            model.Advance(new AdvanceContext(window, null, new Philox(1, 1), ChunkedLoop.Serial, CancellationToken.None), reader, writer);
            var told = writer.Publish()[2];
            Assert.Equal(asked.Length, told.Length);
            foreach (var (time, sample) in asked.Zip(told))
            {
                var values = new double[3];
                x.At(time, values);
                Assert.Equal(values, sample.Values.ToArray());
            }
        }
    }

    // The state is more than one frame's buffer, and comes back as it went.
    [NeedsFact("python3")]
    public void A_field_of_a_million_numbers_and_a_state_as_large_pass()
    {
        var file = Path.Combine(_stand.Folder, "large.py");
        File.WriteAllText(file, $$"""
            import sys
            sys.path.insert(0, "{{Path.Combine(ExternalStand.Root, "clients", "python")}}")
            from actormultiscale import Solver, run
            class Large(Solver):
                ports = ["in x x 1, 1000000 points", "out y x 1, 1000000 points"]
                def initialize(self, outputs):
                    self.y = [0.0] * 1000000
                    outputs.write("y", 0, self.y)
                def advance(self, window, inputs, outputs):
                    self.y = inputs.read("x", window.end)
                    outputs.write("y", window.end, self.y)
                def save(self):
                    return bytes(memoryview(self.y).cast("B"))
                def restore(self, state):
                    self.y = memoryview(bytearray(state)).cast("d")
            run(Large())
            """);
        using var model = (ExternalModel)Participant.Of("large", ExternalModel.Entry, ("program", "python3"), ("arguments", ImmutableArray.Create(file)), ("ports", ImmutableArray.Create("in x x 1, 1000000 points", "out y x 1, 1000000 points"))).CreateModel();
        model.Initialize(PortWriter.ForStart(model.Description, 0));
        var window = new TimeWindow(0, 10, 0.1);
        double[] values = [.. Enumerable.Range(0, 1_000_000).Select(i => Math.Sqrt(i))];
        var writer = PortWriter.ForWindow(model.Description, window, null);
        model.Advance(new AdvanceContext(window, null, new Philox(1, 1), ChunkedLoop.Serial, CancellationToken.None), new PortReader(model.Description, window, [new Waveform(0, [new FieldSample(1, values)], TimeMeaning.Instant, 1), null]), writer);

        Assert.Equal(values, writer.Publish()[1].Single().Values.ToArray());
        var state = StateArchive.Save(model.Archive);
        Assert.True(state.Length > 8_000_000);
        StateArchive.Restore(state, model.Archive);
        Assert.Equal(state, StateArchive.Save(model.Archive));
    }
}
