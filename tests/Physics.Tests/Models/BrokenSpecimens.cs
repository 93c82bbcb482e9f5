using System.Collections.Immutable;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Tests.Models;

/// <summary>One mistake each, of the kind that authors of models make.</summary>
internal static class BrokenSpecimens
{
    public sealed class ForgetsAFieldInArchive : Specimen
    {
        public override void Archive(StateArchive archive) => archive.Value("temperature", ref Temperature);
    }

    public sealed class SetsAConstantInInitialize : Specimen
    {
        private double _factor = 1;

        public override void Initialize(PortWriter outputs)
        {
            base.Initialize(outputs);
            _factor = 0.5;
        }

        protected override double Step(AdvanceContext context) => _factor * context.Window.Length;
    }

    public sealed class SharesAStaticField : Specimen
    {
        private static double _shared;

        protected override double Step(AdvanceContext context) => context.Window.Length * (1 + (1e-9 * ++_shared));
    }

    public sealed class ChangesWhileItIsSaved : Specimen
    {
        public override void Archive(StateArchive archive)
        {
            base.Archive(archive);
            Temperature += archive.IsRestoring ? 0 : 1e-12;
        }
    }

    public sealed class ChangesWhileItIsRestored : Specimen
    {
        public override void Archive(StateArchive archive)
        {
            base.Archive(archive);
            Temperature += archive.IsRestoring ? 1e-12 : 0;
        }
    }

    public sealed class WalksDifferentlyWhileItIsRestored : Specimen
    {
        public override void Archive(StateArchive archive)
        {
            archive.Value("temperature", ref Temperature);
            archive.Value(archive.IsRestoring ? "energie" : "energy", ref Energy);
        }
    }

    public sealed class TakesItsOwnStep : Specimen
    {
        protected override double Step(AdvanceContext context) => 0.1;
    }

    public sealed class KeepsItsFirstStep : Specimen
    {
        private double _step;

        protected override double Step(AdvanceContext context) => _step == 0 ? _step = context.Window.Length : _step;
    }

    public sealed class WritesTooEarly : Specimen
    {
        protected override void Write(PortWriter outputs, TimeWindow window, double mean)
        {
            outputs.Write(BodyOut, window.Start + (0.9 * window.Length), Temperature);
            outputs.Write(MeanOut, window.End, mean);
        }
    }

    public sealed class AccumulatesItsTime : Specimen
    {
        private double _time;

        public override void Archive(StateArchive archive)
        {
            base.Archive(archive);
            archive.Value("time", ref _time);
        }

        protected override void Write(PortWriter outputs, TimeWindow window, double mean)
        {
            for (var step = 0; step < 10; step++)
            {
                _time += window.Length / 10;
                outputs.Write(BodyOut, _time, Temperature);
            }

            outputs.Write(MeanOut, window.End, mean);
        }
    }

    public sealed class ForgetsAPort : Specimen
    {
        protected override void Write(PortWriter outputs, TimeWindow window, double mean) => outputs.Write(BodyOut, window.End, Temperature);
    }

    public sealed class WritesNaN : Specimen
    {
        protected override void Write(PortWriter outputs, TimeWindow window, double mean)
        {
            outputs.Write(BodyOut, window.End, Math.Sqrt(-Temperature));
            outputs.Write(MeanOut, window.End, mean);
        }
    }

    public sealed class ForgetsAStartValue : Specimen
    {
        public override void Initialize(PortWriter outputs) => Temperature = 2;
    }

    public sealed class WritesAStartValueThatItDidNotAnnounce : Specimen
    {
        public override void Initialize(PortWriter outputs)
        {
            base.Initialize(outputs);
            outputs.Write(MeanOut, 0, Temperature);
        }
    }

    public sealed class DescribesItselfAnewAfterAWindow : Specimen
    {
        public override ModelDescription Description => base.Description with { FastestTimeScale = Energy == 0 ? null : Tau };
    }

    public sealed class ReadsAnOptionalPortWithoutAsking : Specimen
    {
        public override void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
        {
            _ = inputs.Read(HeaterIn, context.Window.End);
            base.Advance(context, inputs, outputs);
        }
    }

    public sealed class ComputesAnIndexFromAnInput : Specimen
    {
        private readonly double[] _table = [0.9, 1, 1.1];

        public override void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
        {
            var outer = inputs.Read(OuterIn, context.Window.End)[0];
            _ = _table[outer >= 1 ? 2 : outer < 1 ? 0 : -1];
            base.Advance(context, inputs, outputs);
        }
    }

    public sealed class CountsHowOftenItIsDescribed : Specimen
    {
        private int _asked;

        public override ModelDescription Description
        {
            get
            {
                _asked++;
                return base.Description;
            }
        }

        protected override double Step(AdvanceContext context) => context.Window.Length * (_asked > 0 ? 1 : 2);
    }

    public sealed class SumsInTheOrderOfThreads : Specimen
    {
        protected override double Step(AdvanceContext context)
        {
            var sum = 0.0;
            for (var i = 0; i < context.Loop.Degree; i++)
            {
                sum += context.Window.Length / context.Loop.Degree * (1 + (1e-15 * i));
            }

            return sum;
        }
    }

    public sealed class NamesAPortInCapitals : Specimen
    {
        public override ModelDescription Description => new([.. base.Description.Ports.Select(l => l.Port == HeaterIn ? l with { Port = HeaterIn with { Name = "Heater_Power" } } : l)]);
    }

    public sealed class WritesAPortInAPhaseThatIsNotItsOwn : PhasedSpecimen
    {
        public override void Advance(AdvanceContext context, PortReader inputs, PortWriter outputs)
        {
            base.Advance(context, inputs, outputs);
            if (context.Phase == "predict")
            {
                outputs.Write(ValueOut, context.Window.End, Value);
            }
        }
    }

    /// <summary>Entries of the catalogue with a mistake each, by its name.</summary>
    public static ImmutableSortedDictionary<string, ModelEntry> Entries { get; } = ImmutableSortedDictionary.CreateRange(
    [
        KeyValuePair.Create("A setting without a meaning", Entry(Setting.Positive("tau", "s", " ", 1))),
        KeyValuePair.Create("A default out of range", Entry(Setting.Positive("tau", "s", "time constant", 0))),
        KeyValuePair.Create("A default that is no choice", Entry(Setting.Choice("scheme", "how it steps", ["euler", "heun"], "huen"))),
        KeyValuePair.Create("A setting declared twice", Entry(Setting.Flag("fast", "whether", true), Setting.Flag("fast", "whether", true))),
        KeyValuePair.Create("A key in capitals", Entry(Setting.Flag("isFast", "whether", true))),
        KeyValuePair.Create("A model without a summary", new ModelEntry("specimen", "", _ => new Specimen())),
        KeyValuePair.Create("A model that reads a setting it does not declare", new ModelEntry("specimen", "A body", s => s.Number("tau") > 0 ? new Specimen() : throw new ScaleModelException())),
    ]);

    private static ModelEntry Entry(params ImmutableArray<Setting> settings) => new("specimen", "A body that follows an outer temperature", settings, _ => new Specimen());
}
