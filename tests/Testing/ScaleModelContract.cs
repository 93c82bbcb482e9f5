using System.Collections.Immutable;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using static ActorMultiscale.Testing.Verdict;

namespace ActorMultiscale.Testing;

/// <summary>
/// What every scale model must keep to so that a coupling can iterate it, save it, restore it and run it on any machine.
/// Derive a test class from it and say how the model is made; the facts below then run for your model.
/// </summary>
/// <example>
/// <code>
/// public sealed class CoolingBodyTests : ScaleModelContract&lt;CoolingBody&gt;
/// {
///     protected override CoolingBody Create() => new(heatCapacity: 1000);
/// }
/// </code>
/// </example>
/// <typeparam name="TModel">The model.</typeparam>
public abstract class ScaleModelContract<TModel>
    where TModel : IScaleModel
{
    private const long TicksOfWindow = 1 << 20;
    private const int Pieces = 4;               // Input samples per window.
    private const int PiecesOfSplit = 16;       // The same where a window is split: enough for degree 5 in each half.
    private const double RoundOff = 1e-11;      // Relative. Some thousand operations lose about 1e-13.

    // ---- what the author says of the model -----------------------------------------------------------------------

    /// <summary>A fresh model, always with the same settings.</summary>
    protected abstract TModel Create();

    /// <summary>The model's entry in the catalogue, if it has one: its settings are then looked at, too.</summary>
    protected virtual ModelEntry? Entry => null;

    /// <summary>The length of a window, s. Choose one in which the model's state changes well above round-off.</summary>
    protected virtual double WindowLength => 0.1;

    /// <summary>How many windows the model is driven before it is looked at.</summary>
    protected virtual int Windows => 3;

    /// <summary>Out-ports that hold the defect of a balance, over what is balanced: nothing but round-off, where all is well.</summary>
    protected virtual IReadOnlyCollection<string> Defects => [];

    /// <summary>How one window and its two halves agree.</summary>
    protected virtual SplitWindow Split => SplitWindow.OfOrder(1);

    /// <summary>The number of points of an in-port that is a list of varying length.</summary>
    protected virtual int VaryingPoints => 5;

    /// <summary>
    /// What an in-port holds at a time: smooth, and different for every port, point and component. By default between 0.5
    /// and 1.5. Override it where the model needs more sensible values.
    /// </summary>
    /// <param name="port">The in-port.</param>
    /// <param name="time">The time, s. For averages and integrals the middle of a short interval.</param>
    /// <param name="values">Values point by point, components interleaved; overwritten. For integrals the integral per second.</param>
    protected virtual void FillInput(Port port, double time, Span<double> values)
    {
        ArgumentNullException.ThrowIfNull(port);
        var phase = Fingerprint.OfName(port.Name) % 1000 / 1000.0;
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = 1 + (0.5 * Math.Sin((0.2 * time / WindowLength) + (2 * Math.PI * phase) + i));
        }
    }

    // ---- the contract: state -------------------------------------------------------------------------------------

    /// <summary>The coupling repeats a window as often as it iterates: the way back must lead exactly back.</summary>
    [Fact]
    public void Advancing_again_from_a_restored_state_gives_the_same_bits()
    {
        var subject = Started(Create());
        Drive(subject, 0, Windows);
        var state = subject.Save();
        var (first, after) = (Advance(subject, Windows), subject.Save());

        Restore(subject, state, "the model that saved it");
        var (second, again) = (Advance(subject, Windows), subject.Save());

        const string Advice = "Something that Advance changes is not named in Archive (or is named under IsRestoring only): name every field that outlives Advance.";
        RequireSame(subject, first, second, "A window, repeated after its starting state was restored, gives another result", Advice);
        RequireSame(after, again, "A window, repeated after its starting state was restored, leaves another state", Advice);
    }

    /// <summary>A run resumes in a new process, where Initialize is not called.</summary>
    [Fact]
    public void A_fresh_model_that_is_restored_and_never_initialized_goes_on_with_the_same_bits()
    {
        var subject = Started(Create());
        Drive(subject, 0, Windows);
        var fresh = new ModelStand(Create());
        Restore(fresh, subject.Save(), "a fresh model");

        const string Advice = "Initialize or Advance sets something that Archive does not name. Name it, or compute it in the constructor; Initialize is not called on a model that is restored.";
        for (var k = Windows; k < 2 * Windows; k++)
        {
            RequireSame(subject, Advance(subject, k), Advance(fresh, k), "A fresh model, restored from another's archive, goes another way", Advice);
            RequireSame(subject.Save(), fresh.Save(), "A fresh model, restored from another's archive, gets into another state", Advice);
        }
    }

    /// <summary>Models share nothing: an experiment may have many of a kind.</summary>
    [Fact]
    public void Two_models_side_by_side_agree_to_the_bit()
    {
        const string Advice = "Two models with the same settings and inputs share something: a static field, a random generator, a clock, or settings that Create changes. Keep all state in the instance and take random numbers from the context.";
        var (one, other) = (new ModelStand(Create()), new ModelStand(Create()));
        RequireSame(one, Initialize(one), Initialize(other), "Two models with the same settings start unlike", Advice);
        for (var k = 0; k < Windows; k++)
        {
            RequireSame(one, Advance(one, k), Advance(other, k), "Two models with the same settings and inputs differ", Advice);
            RequireSame(one.Save(), other.Save(), "Two models with the same settings and inputs get into different states", Advice);
        }
    }

    /// <summary>A checkpoint may be taken at any boundary, or not.</summary>
    [Fact]
    public void Saving_twice_gives_the_same_bytes_and_changes_nothing()
    {
        const string Advice = "Archive must only read the state while it saves; change nothing unless archive.IsRestoring.";
        var (saved, plain) = (Started(Create()), Started(Create()));
        for (var k = 0; k < Windows; k++)
        {
            RequireSame(saved.Save(), saved.Save(), "Saving twice gives different bytes", Advice);
            RequireSame(saved, Advance(plain, k), Advance(saved, k), "A model that was saved goes another way than one that was not", Advice);
        }
    }

    /// <summary>What was saved is what is restored, every byte of it.</summary>
    [Fact]
    public void Saving_what_was_restored_gives_the_same_bytes()
    {
        const string Advice = "While it restores, Archive must set everything from the archive and derive nothing that it names elsewhere.";
        var subject = Started(Create());
        Drive(subject, 0, Windows);
        var state = subject.Save();
        var fresh = new ModelStand(Create());
        Restore(fresh, state, "a fresh model");

        RequireSame(state, fresh.Save(), "Restoring an archive into a fresh model and saving it gives other bytes", Advice);
        Advance(subject, Windows);
        Restore(subject, state, "the model that saved it, a window later");
        RequireSame(state, subject.Save(), "Restoring an archive into the model a window later and saving it gives other bytes", Advice);
    }

    // ---- the contract: time --------------------------------------------------------------------------------------

    /// <summary>A window that fails is halved: the halves must be the same physics.</summary>
    [Fact]
    public void Two_half_windows_agree_with_one_to_the_declared_order()
    {
        if (Split.Reason is not null)
        {
            return;
        }

        var whole = SplitDifferences(WindowLength);
        if (Split.IsToTheBit)
        {
            foreach (var (port, difference) in whole)
            {
                Require(difference.Value == 0, $"The out-port '{port}' differs by {difference.Value} between one window and its two halves, which Split declares equal to the bit.",
                    "Declare SplitWindow.OfOrder(...) unless the model steps on a grid of its own that has a point at the middle of the window.");
            }

            return;
        }

        // Halving the window must make the difference 2ᵖ⁺¹ times smaller; once of two times is enough, for the first may be too coarse to show it.
        var (half, quarter) = (SplitDifferences(WindowLength / 2), SplitDifferences(WindowLength / 4));
        foreach (var (port, (d1, scale)) in whole)
        {
            var (d2, d4) = (half[port].Value, quarter[port].Value);
            var (first, second) = (Math.Log2(d1 / d2) - 1, Math.Log2(d2 / d4) - 1);
            var isRoundOff = Math.Min(d1, Math.Min(d2, d4)) <= RoundOff * (Defects.Contains(port) ? 1 : scale);
            Require(isRoundOff || Math.Max(first, second) >= Split.Order!.Value - 0.5,
                $"The out-port '{port}' differs by {d1:g3} between {Windows} windows of {WindowLength} s and twice as many half ones, by {d2:g3} for windows half as long, and by {d4:g3} for a quarter: the observed order is {first:F2}, then {second:F2}; declared is {Split.Order}.",
                "Advance probably takes a step of its own instead of context.Window.Length, or reads its inputs at the wrong times. If the model is right, choose a shorter WindowLength, smoother inputs (FillInput), or declare the order by overriding Split.");
        }
    }

    /// <summary>After a failure the same model meets a shorter window: what it prepared for the longer one is of no use any more.</summary>
    [Fact]
    public void A_window_of_another_length_is_the_same_for_a_used_and_a_fresh_model()
    {
        var used = Started(Create());
        Drive(used, 0, Windows);
        var fresh = Restored(used);
        var window = Window(Windows);
        var half = window with { EndTick = window.StartTick + (TicksOfWindow / 2) };

        const string Advice = "The model keeps something that depends on the length of the window, such as a factored matrix. Compute it anew when the length changes.";

        // A leapfrog whose window is its step cannot make another; saying so, used and fresh alike, is right.
        if (Split.Reason is not null && Record.Exception(() => Restored(used).Advance(half, Input(half))) is ScaleModelException)
        {
            Require(Record.Exception(() => used.Advance(half, Input(half))) is ScaleModelException, $"After whole windows, half a window is computed, which a fresh model in the same state refuses", Advice);
            return;
        }

        ImmutableArray<ImmutableArray<FieldSample>> Advanced(ModelStand subject) => Try(() => subject.Advance(half, Input(half)), "Advance over half a window");
        RequireSame(used, Advanced(fresh), Advanced(used), "After whole windows, half a window gives another result than from the same state in a fresh model", Advice);
        RequireSame(fresh.Save(), used.Save(), "After whole windows, half a window leaves another state than from the same state in a fresh model", Advice);
    }

    /// <summary>A phase writes what is its own; what no port of the phase declares would get lost.</summary>
    [Fact]
    public void Every_phase_writes_its_own_ports_and_no_others()
    {
        var subject = Started(Create());
        var description = subject.Description;
        Require(description.Phases.Distinct().Count() == description.Phases.Length, $"The phases {string.Join(", ", description.Phases)} are not all different.", "Give every phase a name of its own.");
        foreach (var layout in description.Ports)
        {
            Require(layout.Port.Phase is null || description.Phases.Contains(layout.Port.Phase),
                $"The port '{layout.Port.Name}' belongs to the phase '{layout.Port.Phase}', which the description does not list.", "Add the phase to Phases, or correct the port's Phase.");
        }

        // A port without a phase is written in the last one. Writing it earlier is not an error of the writer, but is lost;
        // a description that expects it there brings it to light.
        var window = Window(0);
        foreach (var phase in description.Phases)
        {
            foreach (var layout in description.Ports.Where(l => l.Port is { Direction: PortDirection.Out, Phase: null }))
            {
                var early = phase != description.Phases[^1]
                    && Writes(layout, port => port with { Phase = phase }, subject, changed => PortWriter.ForWindow(changed, window, phase), outputs => subject.AdvancePhase(window, phase, subject.ReaderOf(window, Input(window)), outputs));
                Require(!early, $"The out-port '{layout.Port.Name}' is written in the phase '{phase}' and lost: it names no phase, and belongs to the last.", $"Declare the port with Phase = \"{phase}\", or write it in the last phase.");
            }

            var writer = PortWriter.ForWindow(description, window, phase);
            Try(() => subject.AdvancePhase(window, phase, subject.ReaderOf(window, Input(window)), writer), $"Advance in the phase '{phase}'");
            Try(() => writer.Publish(), $"Advance in the phase '{phase}'");
        }
    }

    // ---- the contract: ports -------------------------------------------------------------------------------------

    /// <summary>The peers read every out-port up to the window's end.</summary>
    [Fact]
    public void Every_out_port_is_written_up_to_the_end_of_the_window()
    {
        var subject = Started(Create());
        for (var k = 0; k < Windows; k++)
        {
            Advance(subject, k);
        }
    }

    /// <summary>Start values are there exactly where they are announced.</summary>
    [Fact]
    public void Initialize_writes_the_ports_that_have_a_start_and_no_others()
    {
        var subject = Started(Create());
        foreach (var layout in subject.Description.Ports.Where(l => l.Port is { Direction: PortDirection.Out, HasStart: false }))
        {
            var written = Writes(layout, port => port with { HasStart = true }, subject, changed => PortWriter.ForStart(changed, 0), subject.Model.Initialize);
            Require(!written, $"Initialize writes the out-port '{layout.Port.Name}', which says that it has no value at the start; the value is lost.", "Remove HasStart = false from the port, or do not write it in Initialize.");
        }
    }

    /// <summary>Experiments are checked against the description before anything runs.</summary>
    [Fact]
    public void The_description_is_the_same_whenever_it_is_asked()
    {
        var subject = new ModelStand(Create());
        var before = subject.Description;
        const string Advice = "Make the description once, in the constructor, from the settings alone.";
        RequireSame(before, Create().Description, "Two models with the same settings describe themselves differently", Advice);
        RequireSame(before, subject.Model.Description, "The description differs when it is asked twice", Advice);
        Initialize(subject);
        Advance(subject, 0);
        RequireSame(before, subject.Model.Description, "The description differs after a window", Advice);
    }

    /// <summary>Ports may be left unconnected where the description says so.</summary>
    [Fact]
    public void Optional_in_ports_may_stay_unconnected()
    {
        var subject = Started(Create());
        for (var k = 0; k < Windows; k++)
        {
            var window = Window(k);
            Try(() => subject.Advance(window, layout => layout.Port.Optional ? null : Input(window)(layout)),
                "Advance with every optional in-port left unconnected", "Ask inputs.IsConnected(port) before reading it, or declare the port without Optional.");
        }
    }

    /// <summary>A bad number stops at the port where it appears, and the window before it can be gone back to.</summary>
    [Fact]
    public void NaN_at_an_in_port_is_refused_and_leaves_no_trace_once_the_state_is_restored()
    {
        var subject = Started(Create());
        Drive(subject, 0, 1);
        var state = subject.Save();
        var expected = Advance(subject, 1);
        var window = Window(1);
        foreach (var bad in subject.Description.Ports.Where(l => l.Port.Direction == PortDirection.In))
        {
            Waveform Poisoned(PortLayout layout) => layout.Port == bad.Port ? Poison(Input(window)(layout)) : Input(window)(layout);
            Restore(subject, state, "the model that saved it");

            // The way a runner goes: inputs are looked at before the model sees them.
            var guarded = Record.Exception(() => subject.ReaderOf(window, Poisoned).RequireFinite());
            Require(guarded is ScaleModelException, $"NaN at the in-port '{bad.Port.Name}' passes PortReader.RequireFinite.", "This is a fault of the framework, not of your model.");

            // Without that guard the model may refuse, or not care; but no bad number comes out, and nothing else breaks.
            var fault = Record.Exception(() => subject.Advance(window, Poisoned));
            Require(fault is null or ScaleModelException,
                $"NaN at the in-port '{bad.Port.Name}' leads to {fault?.GetType().Name}: {fault?.Message}", "Do not compute an index or a size from an input before it is known to be finite; throw a ScaleModelException that names the port.");

            Restore(subject, state, "a model that met NaN");
            RequireSame(subject, expected, Advance(subject, 1), $"After NaN at the in-port '{bad.Port.Name}' and going back, the window gives another result",
                "A bad number survives in a field that Archive does not name. Name it, or compute it anew in every Advance.");
        }
    }

    // ---- the contract: running -----------------------------------------------------------------------------------

    /// <summary>What a model computes does not depend on who drives it.</summary>
    [Fact]
    public void A_run_beside_a_dummy_peer_is_the_run_by_hand()
    {
        var subject = Started(Create());
        var received = new List<(string Port, IReadOnlyList<FieldSample> Samples)>();
        var system = Composition.Compose(BesideDummyPeer(subject.Description, (port, samples) => received.Add((port, samples))));
        RunSnapshot? end = null;
        var result = new SerialRunner(system) { OnSnapshot = snapshot => end = snapshot }.Run();
        Require(result.Outcome == RunOutcome.Completed, $"The run beside a dummy peer ended as {result.Outcome}: {result.Reason}", "The peer offers FillInput at t = 0 as a constant; the model must be able to run with it.");

        const string Advice = "The model depends on who calls it: on the number of calls, on samples between which it should interpolate, or on an input that it keeps from the window before.";
        var next = 0;
        for (var k = 0; k < Windows; k++)
        {
            var window = Window(k);
            var byHand = Try(() => subject.Advance(window, layout => Constant(layout, window)), "Advance with constant inputs");
            for (var p = 0; p < byHand.Length; p++)
            {
                if (subject.Description.Ports[p].Port.Direction == PortDirection.Out)
                {
                    var (port, samples) = received[next++];
                    RequireSame(port, byHand[p], samples, $"Window {k} of a run beside a dummy peer gives another result than the same window by hand", Advice);
                }
            }
        }

        RequireSame(subject.Save(), end!.States[system.Participants.Single(p => p.Name == ModelStand.Name).Index].Whole(),
            "A run beside a dummy peer ends in another state than the same windows by hand", Advice);
    }

    /// <summary>Threads are a matter of speed.</summary>
    [Fact]
    public void The_number_of_threads_changes_no_bit()
    {
        const string Advice = "A body of context.Loop.Run writes outside its own chunk, or partial results are added in the order in which they finish. Keep one partial result a chunk and add them in order.";
        var (one, three) = (new ModelStand(Create(), 1), new ModelStand(Create(), 3));
        RequireSame(one, Initialize(one), Initialize(three), "On three threads the model starts unlike", Advice);
        for (var k = 0; k < Windows; k++)
        {
            RequireSame(one, Advance(one, k), Advance(three, k), "On three threads a window gives another result than on one", Advice);
            RequireSame(one.Save(), three.Save(), "On three threads a window leaves another state than on one", Advice);
        }
    }

    // ---- the contract: words -------------------------------------------------------------------------------------

    /// <summary>Experiments refer to ports and phases by name.</summary>
    [Fact]
    public void Names_are_lower_kebab_and_quantities_have_symbols()
    {
        var description = Create().Description;
        foreach (var name in description.Ports.Select(l => l.Port.Name).Concat(description.Phases))
        {
            Require(IsKebab(name), $"'{name}' is no name for a port or a phase.", "Use lower-case words joined by '-', such as 'heat-flux'.");
        }

        foreach (var layout in description.Ports)
        {
            Require(!string.IsNullOrWhiteSpace(layout.Port.Quantity.Symbol), $"The quantity of the port '{layout.Port.Name}' has no symbol.", "Give it the symbol by which formulas call it.");
            Require(layout.Points > 0 || layout.Points == PortLayout.Varying, $"The port '{layout.Port.Name}' has {layout.Points} points.", "Leave a port without points out, or use PortLayout.Varying for a list.");
        }
    }

    /// <summary>Users see the settings before they see the model.</summary>
    [Fact]
    public void Every_setting_is_documented_and_every_default_is_allowed()
    {
        if (Entry is not { } entry)
        {
            return;
        }

        Require(IsKebab(entry.Kind), $"'{entry.Kind}' is no name for a kind of model.", "Use lower-case words joined by '-', such as 'cooling-body'.");
        Require(!string.IsNullOrWhiteSpace(entry.Summary), $"The model '{entry.Kind}' has no summary.", "Say in one sentence what it solves.");
        Require(entry.Settings.Select(s => s.Key).Distinct().Count() == entry.Settings.Length, $"A setting of '{entry.Kind}' is declared twice.", "Keys are unique within a model.");
        foreach (var setting in entry.Settings)
        {
            Require(IsKebab(setting.Key), $"'{setting.Key}' is no key for a setting.", "Use lower-case words joined by '-', such as 'heat-capacity'.");
            Require(!string.IsNullOrWhiteSpace(setting.Meaning), $"The setting '{setting.Key}' does not say what it means.", "Give it one sentence for the user.");
            Require(setting.Kind != SettingKind.Choice || setting.Choices.Length > 1, $"The setting '{setting.Key}' leaves no choice.", "Name at least two words, or make it a flag.");
        }

        var defaults = entry.Settings.Where(s => s.Default is not null).ToDictionary(s => s.Key, s => s.Default!);
        foreach (var (key, message) in ModelSettings.Faults(entry, defaults))
        {
            Require(!defaults.ContainsKey(key), $"The default of the setting '{key}' is not allowed: {message}", "Correct the default or the range.");
        }

        if (entry.Settings.All(s => s.Default is not null || s.Optional))
        {
            Try(() => entry.Create(new ModelSettings(ModelStand.Name, entry, [])), $"Making '{entry.Kind}' with nothing but its defaults",
                "Declare a setting that the model cannot do without as one without a default.");
        }
    }

    // ---- driving -------------------------------------------------------------------------------------------------

    private TimeWindow Window(int index) => new(index * TicksOfWindow, (index + 1) * TicksOfWindow, WindowLength / TicksOfWindow);

    private static ImmutableArray<ImmutableArray<FieldSample>> Initialize(ModelStand subject) => Try(subject.Initialize, "Initialize");

    private static ModelStand Started(TModel model)
    {
        var subject = new ModelStand(model);
        Initialize(subject);
        return subject;
    }

    private ImmutableArray<ImmutableArray<FieldSample>> Advance(ModelStand subject, int index)
    {
        var window = Window(index);
        return Try(() => subject.Advance(window, Input(window)), "Advance");
    }

    private void Drive(ModelStand subject, int from, int windows)
    {
        for (var k = from; k < from + windows; k++)
        {
            Advance(subject, k);
        }
    }

    private static void Restore(ModelStand subject, byte[] state, string whom) => Try(() => subject.Restore(state), $"Restoring an archive into {whom}",
        "Archive must make the same calls, with the same names and types, whether it saves or restores and whatever the state is; arrays go through Field, which restores their length.");

    // Whether a port is written that the model says it does not write there: asked through a description that expects it.
    private static bool Writes(PortLayout layout, Func<Port, Port> expect, ModelStand subject, Func<ModelDescription, PortWriter> writerFor, Action<PortWriter> run)
    {
        var description = subject.Description;
        var changed = new ModelDescription([.. description.Ports.Select(l => l == layout ? l with { Port = expect(l.Port) } : l)]) { Phases = description.Phases };
        var outputs = writerFor(changed);
        try
        {
            run(outputs);
            return !outputs.Publish()[description.IndexOf(layout.Port.Name)].IsEmpty;
        }
        catch (ScaleModelException)
        {
            return false;       // Not written, as it should be.
        }
    }

    private Dictionary<string, (double Value, double Scale)> DifferencesOf(ModelStand subject, ImmutableArray<ImmutableArray<FieldSample>> one, ImmutableArray<ImmutableArray<FieldSample>> two, double start)
    {
        var differences = new Dictionary<string, (double, double)>();
        for (var p = 0; p < one.Length; p++)
        {
            if (!one[p].IsEmpty)
            {
                var meaning = subject.Description.Ports[p].Port.Quantity.Time;
                var (a, b) = (Whole(one[p], meaning, start), Whole(two[p], meaning, start));
                var comparable = a.Length == b.Length;
                differences[subject.Description.Ports[p].Port.Name] = (comparable ? FixedOrderSum.Distance(a, b) : double.PositiveInfinity, FixedOrderSum.Norm(a));
            }
        }

        return differences;
    }

    // An instant at the end; the integral over the whole of averages and integrals.
    private static double[] Whole(ImmutableArray<FieldSample> samples, TimeMeaning meaning, double start)
    {
        if (meaning == TimeMeaning.Instant)
        {
            return samples[^1].Values.ToArray();
        }

        var sum = new double[samples[^1].Length];
        foreach (var sample in samples)
        {
            for (var i = 0; i < sum.Length; i++)
            {
                sum[i] += meaning == TimeMeaning.WindowAverage ? sample.Values[i] * (sample.Time - start) : sample.Values[i];
            }

            start = sample.Time;
        }

        return sum;
    }

    private Dictionary<string, (double Value, double Scale)> SplitDifferences(double length)
    {
        var (whole, halves) = (Started(Create()), Started(Create()));
        var differences = new Dictionary<string, (double, double)>();
        var degree = Split.IsToTheBit ? 1 : Waveform.MaximumDegree;
        for (var k = 0; k < Windows; k++)
        {
            var window = new TimeWindow(k * TicksOfWindow, (k + 1) * TicksOfWindow, length / TicksOfWindow);
            var (first, second) = (window with { EndTick = window.StartTick + (TicksOfWindow / 2) }, window with { StartTick = window.StartTick + (TicksOfWindow / 2) });
            var one = Try(() => whole.Advance(window, Input(window, PiecesOfSplit, degree)), "Advance");
            var begin = Try(() => halves.Advance(first, Input(first, PiecesOfSplit / 2, degree)), "Advance over half a window");
            var end = Try(() => halves.Advance(second, Input(second, PiecesOfSplit / 2, degree)), "Advance over half a window");
            differences = DifferencesOf(whole, one, [.. begin.Zip(end, (a, b) => a.AddRange(b))], window.Start);
        }

        return differences;
    }

    // ---- inputs --------------------------------------------------------------------------------------------------

    private Func<PortLayout, Waveform> Input(TimeWindow window, int pieces = Pieces, int degree = 1) => layout =>
    {
        var meaning = layout.Port.Quantity.Time;
        double At(double piece) => (window.StartTick + (long)((window.EndTick - window.StartTick) * piece / pieces)) * window.TickLength;
        var samples = new List<FieldSample>();
        if (meaning == TimeMeaning.Instant)
        {
            for (var piece = 0; piece <= pieces; piece++)
            {
                samples.Add(new FieldSample(At(piece), ValuesOf(layout, At(piece))));
            }
        }
        else
        {
            for (var piece = 0; piece < pieces; piece++)
            {
                samples.Add(new FieldSample(At(piece + 1), Share(meaning, ValuesOf(layout, At(piece + 0.5)), At(piece + 1) - At(piece))));
            }
        }

        return new Waveform(window.Start, samples, meaning, degree);
    };

    private static double[] Share(TimeMeaning meaning, double[] values, double duration)
    {
        for (var i = 0; i < values.Length && meaning == TimeMeaning.WindowIntegral; i++)
        {
            values[i] *= duration;
        }

        return values;
    }

    private double[] ValuesOf(PortLayout layout, double time)
    {
        var values = new double[(layout.Points == PortLayout.Varying ? VaryingPoints : layout.Points) * layout.Port.Components];
        FillInput(layout.Port, time, values);
        return values;
    }

    private double[] ConstantOf(PortLayout layout) => Share(layout.Port.Quantity.Time, ValuesOf(layout, 0), WindowLength);

    // What a consumer reads that advances before its producer: the last value, held.
    private Waveform Constant(PortLayout layout, TimeWindow window)
    {
        var meaning = layout.Port.Quantity.Time;
        return new Waveform(window.Start, [new FieldSample(meaning == TimeMeaning.Instant ? window.Start : window.End, ConstantOf(layout))], meaning, 1);
    }

    private static Waveform Poison(Waveform waveform) => new(waveform.Start, [.. waveform.Samples.Select(sample =>
    {
        var values = sample.Values.ToArray();
        values.AsSpan().Fill(double.NaN);
        return new FieldSample(sample.Time, values);
    })], waveform.Meaning, waveform.Degree);

    private Experiment BesideDummyPeer(ModelDescription subject, Action<string, IReadOnlyList<FieldSample>> onReceived)
    {
        const string Peer = "peer";
        return new Experiment
        {
            Name = "beside-a-dummy-peer",
            Until = Windows * WindowLength,
            Window = WindowLength,
            Seed = ModelStand.Seed,
            Participants =
            [
                Participant.Of(ModelStand.Name, new ModelEntry("subject", "The model that is tested", _ => Create())),
                Participant.Of(Peer, new ModelEntry("dummy-peer", "Stands in for its peers", _ => new DummyPeer(subject, ConstantOf, onReceived))),
            ],
            Conduits =
            [
                .. from layout in subject.Ports
                   let name = layout.Port.Name
                   select layout.Port.Direction == PortDirection.In
                       ? new Conduit($"{Peer}.{name}", $"{ModelStand.Name}.{name}")
                       : new Conduit($"{ModelStand.Name}.{name}", $"{Peer}.{name}"),
            ],
            Scheme = subject.Phases.IsEmpty
                ? CouplingScheme.Serial(ModelStand.Name, Peer)
                : CouplingScheme.Serial([.. subject.Phases.Select(phase => $"{ModelStand.Name}:{phase}"), Peer]),
        };
    }

    private ModelStand Restored(ModelStand subject)
    {
        var fresh = new ModelStand(Create());
        Restore(fresh, subject.Save(), "a fresh model");
        return fresh;
    }

    private static bool IsKebab(string name) =>
        name.Length > 0 && char.IsAsciiLetterLower(name[0]) && name[^1] != '-' && !name.Contains("--", StringComparison.Ordinal)
        && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');
}
