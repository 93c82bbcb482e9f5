using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Tests.Coupling;

/// <summary>What consumers read, where the random experiments do not reach: fields of several points, mappings, lists.</summary>
public sealed class FieldExchangeTests
{
    // Writes what it is told at the end of each of its steps, over one out-port.
    private sealed class Writer(PortLayout layout, Func<double, double[]> values, int substeps) : IScaleModel
    {
        public ModelDescription Description { get; } = new(layout);

        public void Initialize(PortWriter outputs) => Write(outputs, 0);

        public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
        {
            for (var step = 0; step < substeps; step++)
            {
                Write(outputs, context.Window.EndOfStep(step, substeps));
            }
        }

        public void Archive(StateArchive archive)
        {
        }

        private void Write(PortWriter outputs, double time)
        {
            var at = values(time);
            at.CopyTo(outputs.WriteList((Port<double>)layout.Port, time, at.Length));
        }
    }

    // Keeps what it reads at quarters of its window.
    private sealed class Reader(PortLayout layout, List<(double Time, double[] Values)> read) : IScaleModel
    {
        public ModelDescription Description { get; } = new(layout);

        public void Initialize(PortWriter outputs)
        {
        }

        public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
        {
            for (var quarter = 0; quarter < 4; quarter++)
            {
                var time = context.Window.EndOfStep(quarter, 4);
                read.Add((time, inputs.Read((Port<double>)layout.Port, time).ToArray()));
            }
        }

        public void Archive(StateArchive archive)
        {
        }
    }

    private static List<(double Time, double[] Values)> Read(Quantity quantity, int points, PointCloud? from, int readPoints, PointCloud? to, Func<double, double[]> values, bool backward = false)
    {
        var read = new List<(double, double[])>();
        var output = new PortLayout(Port.Out<double>("out", quantity), points, from);
        var input = new PortLayout(Port.In<double>("in", quantity), readPoints, to);
        var result = new SerialRunner(Composition.Compose(new Experiment
        {
            Name = "fields",
            Until = 2,
            Window = 1,
            Participants =
            [
                Participant.Of("writer", new ModelEntry("writer", "writes", _ => new Writer(output, values, 2))),
                Participant.Of("reader", new ModelEntry("reader", "reads", _ => new Reader(input, read))),
            ],
            Conduits = [new("writer.out", "reader.in")],
            Scheme = backward ? CouplingScheme.Serial("reader", "writer") : CouplingScheme.Serial("writer", "reader"),
        })).Run();

        Assert.True(result.Outcome == RunOutcome.Completed, result.Reason);
        return read;
    }

    [Fact]
    public void Steps_are_interpolated_where_the_producer_is_ahead()
    {
        var read = Read(Quantities.Number, 1, null, 1, null, t => [t < 1.2 ? t : 2 * t]);

        Assert.Equal([(0.25, 0.25), (0.5, 0.5), (0.75, 0.75), (1, 1), (1.25, 2), (1.5, 3), (1.75, 3.5), (2, 4)], read.Select(r => (r.Time, r.Values[0])));
    }

    [Fact]
    public void The_last_value_is_held_where_the_producer_is_behind()
    {
        var read = Read(Quantities.Number, 1, null, 1, null, t => [t + 1], backward: true);

        Assert.Equal([1, 1, 1, 1, 2, 2, 2, 2], read.Select(r => r.Values[0]));
    }

    [Fact]
    public void Intensive_values_are_mapped_so_that_constants_stay()
    {
        var read = Read(Quantities.Number, 2, PointCloud.OnLine([0, 1]), 4, PointCloud.OnLine([0, 0.1, 0.8, 1]), t => [t, 10 * t]);

        Assert.Equal<double>([0.25, 0.25, 2.5, 2.5], read[0].Values);
    }

    [Fact]
    public void Extensive_values_are_mapped_so_that_sums_stay()
    {
        var read = Read(Quantities.Number with { Nature = Nature.Extensive }, 4, PointCloud.OnLine([0, 0.1, 0.8, 1]), 2, PointCloud.OnLine([0, 1]), t => [t, t, 4 * t, 8 * t]);

        Assert.Equal<double>([0.5, 3], read[0].Values);
    }

    [Fact]
    public void Lists_pass_as_they_are_from_the_first_step_at_or_after()
    {
        var read = Read(Quantities.Number, PortLayout.Varying, null, PortLayout.Varying, null, t => [.. Enumerable.Range(0, (int)(2 * t)).Select(i => t + i)]);

        Assert.Equal([1, 1, 2, 2, 3, 3, 4, 4], read.Select(r => r.Values.Length));
        Assert.Equal<double>([1.5, 2.5, 3.5], read[4].Values);
    }
}
