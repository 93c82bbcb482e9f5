using System.Collections.Immutable;
using System.Globalization;

namespace ActorMultiscale.Physics.Coupling;

/// <summary>The numbers of a run: counts of the coupling, and the last value of every scalar out-port.</summary>
public sealed class RunMetrics
{
    /// <summary>The names of the counts.</summary>
    public static ImmutableArray<string> OfRun { get; } =
        ["windows", "iterations.total", "iterations.mean", "iterations.max", "inner-windows", "inner-iterations.mean", "retries", "not-converged"];

    private long _windows;
    private long _iterations;
    private long _most;
    private long _innerWindows;
    private long _innerIterations;
    private long _retries;
    private long _notConverged;

    /// <summary>Root windows so far.</summary>
    public long Windows => _windows;

    /// <summary>Root iterations so far.</summary>
    public long Iterations => _iterations;

    /// <summary>Counts a root window.</summary>
    public void Add(WindowRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        _windows++;
        _iterations += record.Iterations;
        _most = Math.Max(_most, record.Iterations);
        _innerWindows += record.InnerWindows;
        _innerIterations += record.InnerIterations;
        _retries += record.Attempts;
        _notConverged += record.Converged ? 0 : 1;
    }

    /// <summary>All counts, in an order that stays; <see cref="From"/> goes on from them.</summary>
    public ImmutableArray<long> Counts => [_windows, _iterations, _most, _innerWindows, _innerIterations, _retries, _notConverged];

    /// <summary>
    /// Whether <paramref name="counts"/> are of the same windows. How often windows were begun anew may differ: a window that is computed again may lose its solver where it
    /// did not before.
    /// </summary>
    public bool AgreesWith(ImmutableArray<long> counts)
    {
        var other = From(counts);
        other._retries = _retries;
        return Counts.SequenceEqual(other.Counts);
    }

    /// <summary>Metrics that go on from <see cref="Counts"/>; of none they begin at zero.</summary>
    public static RunMetrics From(ImmutableArray<long> counts)
    {
        long At(int index) => counts.IsDefault || index >= counts.Length ? 0 : counts[index];
        return new RunMetrics
        {
            _windows = At(0),
            _iterations = At(1),
            _most = At(2),
            _innerWindows = At(3),
            _innerIterations = At(4),
            _retries = At(5),
            _notConverged = At(6),
        };
    }

    /// <summary>A copy that counts on by itself.</summary>
    public RunMetrics Copy() => (RunMetrics)MemberwiseClone();

    /// <summary>All numbers by name, in ordinal order; those of <paramref name="scalars"/> that are not finite, such as a watch without a point, are left out.</summary>
    public ImmutableSortedDictionary<string, double> With(IEnumerable<KeyValuePair<string, double>> scalars)
    {
        var all = ImmutableSortedDictionary.CreateBuilder<string, double>(StringComparer.Ordinal);
        all["windows"] = _windows;
        all["iterations.total"] = _iterations;
        all["iterations.mean"] = _windows == 0 ? 0 : (double)_iterations / _windows;
        all["iterations.max"] = _most;
        all["inner-windows"] = _innerWindows;
        all["inner-iterations.mean"] = _innerWindows == 0 ? 0 : (double)_innerIterations / _innerWindows;
        all["retries"] = _retries;
        all["not-converged"] = _notConverged;
        foreach (var (name, value) in scalars.Where(s => double.IsFinite(s.Value)))
        {
            all[name] = value;
        }

        return all.ToImmutable();
    }

    /// <summary>The verdict on every check.</summary>
    public static ImmutableArray<CheckResult> Judge(IEnumerable<Check> checks, IReadOnlyDictionary<string, double> metrics) =>
    [
        .. from check in checks
           let value = metrics.TryGetValue(check.Metric, out var found) ? found : double.NaN
           select new CheckResult(check, value, check.IsSatisfiedBy(value)),
    ];
}

/// <summary>The verdict on one check.</summary>
/// <param name="Check">What was expected.</param>
/// <param name="Actual">What was found; NaN if there is no such number.</param>
/// <param name="Passes">Whether it will do.</param>
public sealed record CheckResult(Check Check, double Actual, bool Passes)
{
    /// <summary>What was expected, in words and in the unit in which the experiment says it.</summary>
    public string Expected
    {
        get
        {
            var parts = new List<string>();
            if (Check.Value is { } value)
            {
                parts.Add($"{Words(value)} ± {Words(Check.Tolerance)}");
            }

            if (Check.AtLeast is { } least)
            {
                parts.Add($"≥ {Words(least)}");
            }

            if (Check.AtMost is { } most)
            {
                parts.Add($"≤ {Words(most)}");
            }

            return string.Join(", ", parts) + (Check.Unit is { } unit ? $" {unit}" : "");
        }
    }

    /// <summary>What was found, in the same unit.</summary>
    public string Found => double.IsNaN(Actual) ? "none" : Words(Actual) + (Check.Unit is { } unit ? $" {unit}" : "");

    private string Words(double value) => (value / (Check.Unit?.Scale ?? 1)).ToString("G8", CultureInfo.InvariantCulture);
}
