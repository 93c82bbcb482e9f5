using System.Globalization;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Coupling.Acceleration;
using ActorMultiscale.Physics.Coupling.Mapping;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Tests.Coupling;

/// <summary>A run in its steady state allocates no array of values: what a window allocates does not grow with the number of values.</summary>
public sealed class SteadyStateTests
{
    private static readonly Port<double> _in = Port.In<double>("in", Quantities.Number);
    private static readonly Port<double> _out = Port.Out<double>("out", Quantities.Number);

    // Two values a window, each a linear function of what is read. Points have five rates: a Jacobian has a rank that is small and is reached.
    private sealed class Linear(int values) : IScaleModel
    {
        public ModelDescription Description { get; } = new(new(_in, values, Line(0.1, values)), new(_out, values, Line(0, values)));

        public static ModelEntry Entry { get; } = new("linear", "Linear", [Setting.Integer("values", "how many")], s => new Linear(s.Integer("values")));

        private static PointCloud Line(double first, int count) => PointCloud.OnLine([.. Enumerable.Range(0, count).Select(i => first + i)]);

        public void Initialize(PortWriter outputs) => outputs.Write(_out, 0);

        public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
        {
            for (var half = 1; half <= 2; half++)
            {
                var time = half == 2 ? context.Window.End : 0.5 * (context.Window.Start + context.Window.End);
                var write = outputs.Write(_out, time);
                inputs.ReadInto(_in, time, write);
                for (var i = 0; i < write.Length; i++)
                {
                    write[i] = 1 + Math.Sin((i % 5) + time) + (0.5 * Math.Cos(i % 5) * write[i]);
                }
            }
        }

        public void Archive(StateArchive archive) => _ = archive.Version(1);
    }

    public static TheoryData<string> Schemes => ["serial", "parallel", "constant", "aitken", "iqn-ils", "iqn-imvj"];

    [Theory]
    [MemberData(nameof(Schemes))]
    public void A_window_allocates_as_much_whatever_the_number_of_values(string scheme)
    {
        const int Least = 20;
        const int Most = 5000;
        var (few, many) = (BytesPerWindow(scheme, Least), BytesPerWindow(scheme, Most));
        var array = sizeof(double) * (Most - Least);
        Assert.True(many - few < 0.02 * array,
            string.Create(CultureInfo.InvariantCulture, $"{scheme}: a window allocates {few:0} bytes for {Least} values and {many:0} for {Most}, whose arrays have {array} bytes more"));
    }

    private static double BytesPerWindow(string scheme, int values)
    {
        const int Settled = 60;
        const int Windows = 160;
        var (at, before) = (0, 0L);
        var allocated = 0L;
        var runner = new SerialRunner(SystemOf(scheme, values, Windows))
        {
            OnWindow = _ =>
            {
                at++;
                if (at == Settled)
                {
                    before = GC.GetAllocatedBytesForCurrentThread();
                }
                else if (at == Windows - 1)
                {
                    allocated = GC.GetAllocatedBytesForCurrentThread() - before;
                }

                return true;
            },
        };
        Assert.Equal(RunOutcome.Completed, runner.Run().Outcome);
        Assert.True(allocated > 0);
        return allocated / (double)(Windows - 1 - Settled);
    }

    private static CoupledSystem SystemOf(string scheme, int values, int windows) => Composition.Compose(new Experiment
    {
        Name = "steady",
        Window = 1,
        Until = windows,
        Participants = [Participant.Of("a", Linear.Entry, ("values", (long)values)), Participant.Of("b", Linear.Entry, ("values", (long)values))],
        Conduits = [new("a.out", "b.in") { Mapping = new MappingSpec() }, new("b.out", "a.in")],
        Scheme = scheme switch
        {
            "serial" => CouplingScheme.Serial("a", "b"),
            "parallel" => CouplingScheme.Parallel("a", "b"),
            "constant" => CouplingScheme.Serial("a", "b").Iterated(4).Relaxed(0.5),
            "aitken" => CouplingScheme.Parallel("a", "b").Iterated(4).Accelerated(AccelerationSpec.Aitken()),
            "iqn-ils" => CouplingScheme.Serial("a", "b").Iterated(4).Accelerated(AccelerationSpec.LeastSquares()),
            _ => CouplingScheme.Parallel("a", "b").Iterated(4).Accelerated(AccelerationSpec.Jacobian()),
        },
    });
}
