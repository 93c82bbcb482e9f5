using System.Reflection;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Testing;
using Xunit.Sdk;

namespace ActorMultiscale.Tests.Models;

/// <summary>The kit itself: good models pass every fact, and each mistake is found by the fact that is there for it.</summary>
public sealed class ScaleModelContractTests
{
    private const string Again = "Advancing_again_from_a_restored_state_gives_the_same_bits";
    private const string Fresh = "A_fresh_model_that_is_restored_and_never_initialized_goes_on_with_the_same_bits";
    private const string Pair = "Two_models_side_by_side_agree_to_the_bit";
    private const string Saved = "Saving_twice_gives_the_same_bytes_and_changes_nothing";
    private const string Restored = "Saving_what_was_restored_gives_the_same_bytes";
    private const string Halves = "Two_half_windows_agree_with_one_to_the_declared_order";
    private const string Shorter = "A_window_of_another_length_is_the_same_for_a_used_and_a_fresh_model";
    private const string Phases = "Every_phase_writes_its_own_ports_and_no_others";
    private const string Complete = "Every_out_port_is_written_up_to_the_end_of_the_window";
    private const string Start = "Initialize_writes_the_ports_that_have_a_start_and_no_others";
    private const string Described = "The_description_is_the_same_whenever_it_is_asked";
    private const string Optional = "Optional_in_ports_may_stay_unconnected";
    private const string NaN = "NaN_at_an_in_port_is_refused_and_leaves_no_trace_once_the_state_is_restored";
    private const string Peer = "A_run_beside_a_dummy_peer_is_the_run_by_hand";
    private const string Threads = "The_number_of_threads_changes_no_bit";
    private const string Names = "Names_are_lower_kebab_and_quantities_have_symbols";
    private const string Settings = "Every_setting_is_documented_and_every_default_is_allowed";

    public static TheoryData<string> Facts => [.. typeof(ScaleModelContract<IScaleModel>).GetMethods().Where(m => m.GetCustomAttribute<FactAttribute>() is not null).Select(m => m.Name)];

    public static TheoryData<string> BrokenEntries => [.. BrokenSpecimens.Entries.Keys];

    [Theory]
    [MemberData(nameof(Facts))]
    public void A_good_model_passes(string fact) => Assert.Null(Verdict(fact, () => new Specimen()));

    [Theory]
    [MemberData(nameof(Facts))]
    public void A_good_model_with_phases_passes(string fact) =>
        Assert.Null(Verdict(fact, () => new PhasedSpecimen(), split: SplitWindow.OfOrder(0)));      // Its guess knows nothing of the input.

    [Theory]
    [InlineData(typeof(BrokenSpecimens.ForgetsAFieldInArchive), Again, "name every field that outlives Advance")]
    [InlineData(typeof(BrokenSpecimens.ForgetsAFieldInArchive), Fresh, "sets something that Archive does not name")]
    [InlineData(typeof(BrokenSpecimens.SetsAConstantInInitialize), Fresh, "Initialize is not called on a model that is restored")]
    [InlineData(typeof(BrokenSpecimens.SharesAStaticField), Pair, "a static field")]
    [InlineData(typeof(BrokenSpecimens.ChangesWhileItIsSaved), Saved, "Saving twice gives different bytes")]
    [InlineData(typeof(BrokenSpecimens.ChangesWhileItIsRestored), Restored, "set everything from the archive")]
    [InlineData(typeof(BrokenSpecimens.WalksDifferentlyWhileItIsRestored), Restored, "the entry 'energy' where the model asked for 'energie'")]
    [InlineData(typeof(BrokenSpecimens.TakesItsOwnStep), Halves, "a step of its own instead of context.Window.Length")]
    [InlineData(typeof(BrokenSpecimens.KeepsItsFirstStep), Shorter, "Compute it anew when the length changes")]
    [InlineData(typeof(BrokenSpecimens.WritesTooEarly), Complete, "The out-port 'temperature' was written last at t = 0.09")]
    [InlineData(typeof(BrokenSpecimens.AccumulatesItsTime), Complete, "The out-port 'temperature' was written")]
    [InlineData(typeof(BrokenSpecimens.ForgetsAPort), Complete, "Advance did not write the out-port 'mean-temperature'")]
    [InlineData(typeof(BrokenSpecimens.WritesNaN), Complete, "The port 'temperature' holds NaN")]
    [InlineData(typeof(BrokenSpecimens.ForgetsAStartValue), Start, "Initialize did not write the out-port 'temperature'")]
    [InlineData(typeof(BrokenSpecimens.WritesAStartValueThatItDidNotAnnounce), Start, "Remove HasStart = false")]
    [InlineData(typeof(BrokenSpecimens.DescribesItselfAnewAfterAWindow), Described, "Make the description once")]
    [InlineData(typeof(BrokenSpecimens.ReadsAnOptionalPortWithoutAsking), Optional, "Ask inputs.IsConnected(port)")]
    [InlineData(typeof(BrokenSpecimens.ComputesAnIndexFromAnInput), NaN, "leads to IndexOutOfRangeException")]
    [InlineData(typeof(BrokenSpecimens.ForgetsAFieldInArchive), NaN, "A bad number survives")]
    [InlineData(typeof(BrokenSpecimens.CountsHowOftenItIsDescribed), Peer, "depends on who calls it")]
    [InlineData(typeof(BrokenSpecimens.SumsInTheOrderOfThreads), Threads, "add them in order")]
    [InlineData(typeof(BrokenSpecimens.NamesAPortInCapitals), Names, "'Heater_Power' is no name")]
    [InlineData(typeof(BrokenSpecimens.WritesAPortInAPhaseThatIsNotItsOwn), Phases, "The out-port 'value' is written in the phase 'predict' and lost")]
    public void A_mistake_is_found_by_the_fact_that_is_there_for_it(Type mistake, string fact, string says)
    {
        var verdict = Verdict(fact, () => (IScaleModel)Activator.CreateInstance(mistake)!);

        Assert.IsType<FailException>(verdict);
        Assert.Contains(says, verdict.Message, StringComparison.Ordinal);
        Assert.Contains("What to do: ", verdict.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(BrokenEntries))]
    public void A_mistake_in_the_settings_is_found(string mistake) =>
        Assert.IsType<FailException>(Verdict(Settings, () => new Specimen(), BrokenSpecimens.Entries[mistake]));

    [Fact]
    public void A_split_that_is_declared_equal_to_the_bit_must_be() =>
        Assert.Contains("declares equal to the bit", Verdict(Halves, () => new Specimen(), split: SplitWindow.ToTheBit)?.Message, StringComparison.Ordinal);

    [Fact]
    public void An_order_that_is_declared_too_high_is_found() =>
        Assert.Contains("declared is 2", Verdict(Halves, () => new Specimen(), split: SplitWindow.OfOrder(2))?.Message, StringComparison.Ordinal);

    [Fact]
    public void A_model_whose_halves_are_unlike_may_say_so() =>
        Assert.Null(Verdict(Halves, () => new BrokenSpecimens.TakesItsOwnStep(), split: SplitWindow.Unlike("its step is its own")));

    private static Exception? Verdict(string fact, Func<IScaleModel> create, ModelEntry? entry = null, SplitWindow? split = null)
    {
        var method = typeof(ScaleModelContract<IScaleModel>).GetMethod(fact) ?? throw new ArgumentException($"The kit has no fact '{fact}'.", nameof(fact));
        return Record.Exception(() => method.Invoke(new Contract(create, entry, split), BindingFlags.DoNotWrapExceptions, null, null, null));
    }

    private sealed class Contract(Func<IScaleModel> create, ModelEntry? entry, SplitWindow? split) : ScaleModelContract<IScaleModel>
    {
        protected override IScaleModel Create() => create();

        protected override ModelEntry? Entry => entry;

        protected override SplitWindow Split => split ?? base.Split;
    }
}
