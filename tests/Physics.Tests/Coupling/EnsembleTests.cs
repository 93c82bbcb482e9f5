using System.Diagnostics.CodeAnalysis;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Tests.Coupling;

/// <summary>Ensembles behind vector ports: slots are scattered to members and gathered from them.</summary>
public sealed class EnsembleTests
{
    private static readonly Quantity _strain = new("ε", Unit.One, Nature.Intensive, TimeMeaning.Instant);

    // Each slot i has the fixed point s = (1 + i) e, e = 1 − s / 10 (iterated), or one step of it per window (explicit). Two points a slot.
    private sealed class Macro(int slots) : IScaleModel
    {
        private static readonly Port<double> _out = Port.Out<double>("strain", _strain);
        private static readonly Port<double> _in = Port.In<double>("stress", _strain);
        private static readonly Port<double> _load = Port.Out<double>("load", _strain);
        private static readonly Port<double> _sum = Port.Out<double>("sum", _strain);
        private double _total;

        public ModelDescription Description { get; } = new(
            new(_out, 2 * slots) { Slots = slots }, new(_in, 2 * slots) { Slots = slots }, new(_load, 1), new(_sum, 1));

        public void Initialize(PortWriter outputs)
        {
            outputs.Write(_out, 0).Fill(1);
            outputs.Write(_load, 0, 3);
            outputs.Write(_sum, 0, 0);
        }

        public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
        {
            var end = context.Window.End;
            var stress = inputs.Read(_in, end);
            Assert.Equal(2 * slots, stress.Length);
            var strain = outputs.Write(_out, end);
            _total = 0;
            for (var i = 0; i < stress.Length; i++)
            {
                strain[i] = 1 - (0.1 * stress[i] / (1 + (i / 2)));
                _total += stress[i];
            }

            outputs.Write(_load, end, 3);
            outputs.Write(_sum, end, _total);
        }

        public void Archive(StateArchive archive) => archive.Value("total", ref _total);
    }

    private sealed class Micro(ModelSettings settings) : IScaleModel
    {
        private static readonly Port<double> _in = Port.In<double>("strain", _strain);
        private static readonly Port<double> _out = Port.Out<double>("stress", _strain);
        private static readonly Port<double> _load = Port.In<double>("load", _strain) with { Optional = true };
        private static readonly Port<double> _neighbor = Port.In<double>("neighbor", _strain) with { Optional = true };
        private double _heard;

        public ModelDescription Description { get; } = new(new(_in, 2), new(_out, 2), new(_load, 1), new(_neighbor, 2));

        public void Initialize(PortWriter outputs) => outputs.Write(_out, 0).Fill(1 + settings.EnsembleIndex);

        public void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
        {
            var end = context.Window.End;
            _heard = inputs.IsConnected(_load) ? inputs.Read(_load, end)[0] : 0;
            var strain = inputs.Read(_in, end);
            var stress = outputs.Write(_out, end);
            for (var i = 0; i < 2; i++)
            {
                stress[i] = ((1 + settings.EnsembleIndex) * strain[i]) + (0 * _heard);
            }
        }

        public void Archive(StateArchive archive) => archive.Value("heard", ref _heard);
    }

    [SuppressMessage("Style", "IDE0028", Justification = "Reads as the file would.")]
    private static Experiment Of(int members, bool isImplicit) => new()
    {
        Name = "ensemble",
        Until = 3,
        Window = 1,
        Participants =
        [
            Participant.Of("macro", new ModelEntry("macro", "", _ => new Macro(members))),
            Participant.Of("rve", new ModelEntry("micro", "", settings => new Micro(settings))) with { Count = members },
        ],
        Conduits =
        [
            new("macro.strain[*]", "rve[*].strain"),
            new("rve[*].stress", "macro.stress[*]"),
            new("macro.load", "rve[*].load"),
        ],
        Scheme = isImplicit
            ? CouplingScheme.Serial("macro", "rve").Iterated(60, new ConvergenceCriterion("macro.stress[*]", ResidualMeasure.Relative, 1e-12))
            : CouplingScheme.Serial("macro", "rve"),
    };

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(300)]
    public void Every_member_gets_its_slot_and_gives_it_back(int members)
    {
        var run = SerialTrace.Run(Composition.Compose(Of(members, isImplicit: true)));

        Assert.True(run.Result.Outcome == RunOutcome.Completed, run.Result.Reason);
        Assert.All(run.Trace.Records, r => Assert.True(r.Converged));
        Assert.InRange(run.Trace.Records[0].Iterations, 8, 20);

        // s_i = (1 + i)(1 − s_i/(10 (1 + i)))  ⇒  s_i = (1 + i)/1.1, at two points each.
        var expected = Enumerable.Range(0, members).Sum(i => 2 * (1 + i) / 1.1);
        Assert.Equal(expected, run.Result.Metrics["macro.sum"], expected * 1e-11);
    }

    [Fact]
    public void The_order_of_members_answers_changes_no_bit()
    {
        var expected = SerialTrace.Of(Composition.Compose(Of(9, isImplicit: true)));
        for (var seed = 0; seed < 20; seed++)
        {
            Trace.Same($"order {seed}", expected, new ShuffledRunner(Composition.Compose(Of(9, isImplicit: true)), seed).Run());
        }
    }

    [Fact]
    public void Members_may_be_joined_one_by_one()
    {
        var experiment = Of(4, isImplicit: false);
        var system = Composition.Compose(experiment with { Conduits = experiment.Conduits.Add(new Conduit("rve[*].stress", "rve[*].neighbor")) });

        Assert.Equal(4, system.Conduits.Count(c => c.Producer == c.Consumer));
    }

    [Theory]
    [InlineData("rve[*].stress", "macro.stress", "Let it lead to the slots of a vector port")]
    [InlineData("rve[2].stress", "macro.stress[9]", "names a slot that is not there")]
    [InlineData("rve[*].stress", "macro.load[*]", "'macro' has no in-port 'load'")]
    [InlineData("macro.load[*]", "rve[*].load", "is no vector port")]
    [InlineData("macro.strain[x]", "rve[*].load", "names no slot")]
    public void What_cannot_be_written_out_is_named_once(string from, string to, string says)
    {
        var experiment = Of(5, isImplicit: false);
        var conduits = experiment.Conduits.RemoveAt(to.StartsWith("rve", StringComparison.Ordinal) ? 2 : 1).Add(new Conduit(from, to));

        var faults = Composition.TryCompose(experiment with { Conduits = conduits }).Faults;

        Assert.Single(faults, f => f.Message.Contains(says, StringComparison.Ordinal));
        Assert.True(faults.Length <= 3, string.Join("\n", faults));
    }
}
