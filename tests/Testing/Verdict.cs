using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using Xunit.Sdk;

namespace ActorMultiscale.Testing;

/// <summary>Assertions that say what was found and what the author of a model can do about it.</summary>
internal static class Verdict
{
    public static void Require(bool holds, FormattableString fault, string advice)
    {
        if (!holds)
        {
            throw FailException.ForFailure($"{fault.ToString(CultureInfo.InvariantCulture)}{Environment.NewLine}What to do: {advice}");
        }
    }

    public static T Try<T>(Func<T> run, string what, string? advice = null)
    {
        try
        {
            return run();
        }
        catch (Exception fault)
        {
            throw FailException.ForFailure(string.Create(CultureInfo.InvariantCulture, $"{what} failed with {fault.GetType().Name}: {fault.Message}{Environment.NewLine}What to do: {advice ?? "Correct the model as the message says. If it is the inputs that it cannot live with, override FillInput and WindowLength."}"));
        }
    }

    public static void Try(Action run, string what, string? advice = null) => Try(() => { run(); return 0; }, what, advice);

    public static void RequireSame(ModelStand subject, ImmutableArray<ImmutableArray<FieldSample>> expected, ImmutableArray<ImmutableArray<FieldSample>> actual, string fault, string advice)
    {
        for (var p = 0; p < expected.Length; p++)
        {
            RequireSame(subject.Description.Ports[p].Port.Name, expected[p], actual[p], fault, advice);
        }
    }

    public static void RequireSame(string port, IReadOnlyList<FieldSample> expected, IReadOnlyList<FieldSample> actual, string fault, string advice)
    {
        Require(expected.Count == actual.Count, $"{fault}: the port '{port}' has {actual.Count} samples instead of {expected.Count}.", advice);
        for (var s = 0; s < expected.Count; s++)
        {
            var (a, b) = (expected[s], actual[s]);
            Require(a.Time == b.Time, $"{fault}: sample {s} of the port '{port}' stands at t = {b.Time} instead of {a.Time}.", advice);
            Require(a.Length == b.Length, $"{fault}: the port '{port}' holds {b.Length} numbers instead of {a.Length} at t = {a.Time}.", advice);
            var i = MemoryMarshal.Cast<double, long>(a.Values).CommonPrefixLength(MemoryMarshal.Cast<double, long>(b.Values));
            var (wanted, found) = i < a.Length ? (a.Values[i], b.Values[i]) : (0, 0);
            Require(i == a.Length, $"{fault}: number {i} of the port '{port}' at t = {a.Time} is {found:R} instead of {wanted:R}.", advice);
        }
    }

    public static void RequireSame(byte[] expected, byte[] actual, string fault, string advice)
    {
        var i = expected.AsSpan().CommonPrefixLength(actual);
        Require(expected.Length == actual.Length, $"{fault}: the archive has {actual.Length} bytes instead of {expected.Length}.", advice);
        Require(i == expected.Length, $"{fault}: the archive differs from byte {i} of {expected.Length} on.", advice);
    }

    public static void RequireSame(ModelDescription expected, ModelDescription actual, string fault, string advice)
    {
        Require(expected.Ports.Length == actual.Ports.Length, $"{fault}: it has {actual.Ports.Length} ports instead of {expected.Ports.Length}.", advice);
        for (var p = 0; p < expected.Ports.Length; p++)
        {
            var (a, b) = (expected.Ports[p], actual.Ports[p]);
            var sameGeometry = (a.Geometry is null) == (b.Geometry is null) && (a.Geometry is null || a.Geometry.Coordinates.SequenceEqual(b.Geometry!.Coordinates));
            Require(a.Port == b.Port && a.Points == b.Points && sameGeometry, $"{fault}: the port '{a.Port.Name}' is not declared the same.", advice);
        }

        Require(expected.Phases.SequenceEqual(actual.Phases) && expected.IsLight == actual.IsLight && expected.FastestTimeScale == actual.FastestTimeScale,
            $"{fault}: phases, IsLight or FastestTimeScale are not the same.", advice);
    }
}
