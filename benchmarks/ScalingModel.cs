using System.Collections.Immutable;
using ActorMultiscale.Actors.Observation;

namespace ActorMultiscale.Benchmarks;

/// <summary>A quantity a window: as measured on 1, 2 and 4 nodes, and on 4 as the model says that has seen 1 and 2 alone.</summary>
/// <param name="Name">What.</param>
/// <param name="Unit">Its unit.</param>
/// <param name="One">On one node.</param>
/// <param name="Two">On two.</param>
/// <param name="Four">On four.</param>
/// <param name="Predicted">The same by the model.</param>
/// <param name="Rule">How the model gets it.</param>
internal sealed record ScalingRow(string Name, string Unit, double One, double Two, double Four, double Predicted, string Rule)
{
    /// <summary>How far the prediction is from the measurement, of that.</summary>
    public double Error => Four == 0 ? 0 : (Predicted / Four) - 1;
}

/// <summary>
/// What windows cost on P nodes. Of a case it knows which parts are where and what touches what (<see cref="ScalingCase"/>), and of runs on one and two nodes what they have measured.
/// </summary>
/// <remarks>
/// <code>
/// compute   C(P) = (C(1) + C(2)) / 2
/// halo      N(P) = s (1 + 2ρ) cut(P) + 2 s r(P)          messages; s steps, of which the part ρ makes new lists; ρ from N(2)
///           B(P) = B(2) V(P) / V(2)                       bytes; V the volume of all images that cross
///           H(P) = a N(P) + b B(P)                        s; a measured by itself (a small message), b from H(2)
/// mapping   N(P), B(P) = those of 2 times cut(P) / cut(2)
///           M(P) = M(1) + m N(P)                          s; m from M(2)
/// control   N(P) = k (P − 1) + q r(P)                     messages; k of the coordinator, q of the parts elsewhere, from who sent how many on 2
///           K(P) = K(1) + c N(P)                          s; c from K(2)
/// journal   N(P), B(P) = those of 2 times r(P) / r(2)     what comes from the parts elsewhere
///           J(P) = J(1) + j B(P)                          s; j from J(2)
/// rest      R(P) = R(1) + (P − 1) (R(2) − R(1))           s
/// </code>
/// with cut(P) the pairs that exchange something between nodes and r(P) the parts that are not on the coordinator's.
/// </remarks>
internal static class ScalingModel
{
    /// <summary>The rows of a case.</summary>
    /// <param name="what">The case.</param>
    /// <param name="one">As measured on one node.</param>
    /// <param name="two">On two.</param>
    /// <param name="four">On four, which the predictions do not see.</param>
    /// <param name="message">Processor time of a small message at both ends, s.</param>
    public static ImmutableArray<ScalingRow> Rows(ScalingCase what, ScalingMeasure one, ScalingMeasure two, ScalingMeasure four, double message)
    {
        const int P = 4;
        var rows = ImmutableArray.CreateBuilder<ScalingRow>();
        double Row(string name, string unit, Func<ScalingMeasure, double> of, double predicted, string rule)
        {
            rows.Add(new ScalingRow(name, unit, of(one), of(two), of(four), predicted, rule));
            return predicted;
        }

        var (cut, remote) = (what.Cut(P) / (double)what.Cut(2), what.Remote(P) / (double)what.Remote(2));
        var (coordinator, sites) = (two.Coordinator.Messages[(int)WorkPurpose.Control], two.Messages(WorkPurpose.Control) - two.Coordinator.Messages[(int)WorkPurpose.Control]);
        var (coordinatorBytes, siteBytes) = (two.Coordinator.Bytes[(int)WorkPurpose.Control], two.Bytes(WorkPurpose.Control) - two.Coordinator.Bytes[(int)WorkPurpose.Control]);

        // Seconds that come with what crosses: those of two nodes above those of one, by what crosses there.
        double Beside(WorkPurpose purpose, double crossing, double crossingOfTwo) =>
            one.Seconds(purpose) + (crossingOfTwo > 0 ? (two.Seconds(purpose) - one.Seconds(purpose)) * crossing / crossingOfTwo : 0);

        var compute = Row("compute", "ms", m => 1e3 * m.Seconds(WorkPurpose.Computing), 1e3 * 0.5 * (one.Seconds(WorkPurpose.Computing) + two.Seconds(WorkPurpose.Computing)), "(C(1) + C(2)) / 2");
        var (halo, mapping) = (0.0, 0.0);
        if (what.IsTeam)
        {
            var steps = what.Steps;
            var lists = ((two.Messages(WorkPurpose.Halo) - (2.0 * steps * what.Remote(2))) / ((double)steps * what.Cut(2))) - 1;        // 2ρ
            var count = (steps * (1 + lists) * what.Cut(P)) + (2.0 * steps * what.Remote(P));
            var bytes = two.Bytes(WorkPurpose.Halo) * what.Volume(P) / what.Volume(2);
            var ofByte = (two.Seconds(WorkPurpose.Halo) - (message * two.Messages(WorkPurpose.Halo))) / two.Bytes(WorkPurpose.Halo);
            halo = Row("halo", "ms", m => 1e3 * m.Seconds(WorkPurpose.Halo), 1e3 * ((message * count) + (ofByte * bytes)), "a N + b B");
            Row("halo messages", "", m => m.Messages(WorkPurpose.Halo), count, "s (1 + 2ρ) cut(P) + 2 s r(P)");
            Row("halo bytes", "kB", m => 1e-3 * m.Bytes(WorkPurpose.Halo), 1e-3 * bytes, "B(2) V(P) / V(2)");
        }
        else
        {
            var count = two.Messages(WorkPurpose.Mapping) * cut;
            mapping = Row("mapping", "ms", m => 1e3 * m.Seconds(WorkPurpose.Mapping), 1e3 * Beside(WorkPurpose.Mapping, count, two.Messages(WorkPurpose.Mapping)), "M(1) + m N");
            Row("parcels", "", m => m.Messages(WorkPurpose.Mapping), count, "N(2) cut(P) / cut(2)");
            Row("parcel bytes", "kB", m => 1e-3 * m.Bytes(WorkPurpose.Mapping), 1e-3 * two.Bytes(WorkPurpose.Mapping) * cut, "B(2) cut(P) / cut(2)");
        }

        var journal = Row("journal", "ms", m => 1e3 * m.Seconds(WorkPurpose.Journal), 1e3 * Beside(WorkPurpose.Journal, remote, 1), "J(1) + j B");
        if (two.Bytes(WorkPurpose.Journal) > 0)
        {
            Row("fields to the coordinator", "kB", m => 1e-3 * m.Bytes(WorkPurpose.Journal), 1e-3 * two.Bytes(WorkPurpose.Journal) * remote, "B(2) r(P) / r(2)");
        }

        Row("journal rows", "", m => m.Rows, 0.5 * (one.Rows + two.Rows), "(R(1) + R(2)) / 2");
        Row("journal bytes", "kB", m => 1e-3 * m.RecordBytes, 1e-3 * 0.5 * (one.RecordBytes + two.RecordBytes), "(B(1) + B(2)) / 2");
        var orders = (coordinator * (P - 1)) + (sites * remote);
        var control = Row("barrier", "ms", m => 1e3 * m.Seconds(WorkPurpose.Control), 1e3 * Beside(WorkPurpose.Control, orders, coordinator + sites), "K(1) + c N");
        Row("barrier messages", "", m => m.Messages(WorkPurpose.Control), orders, "k (P − 1) + q r(P)");
        Row("barrier bytes", "kB", m => 1e-3 * m.Bytes(WorkPurpose.Control), 1e-3 * ((coordinatorBytes * (P - 1)) + (siteBytes * remote)), "the same");
        var rest = Row("rest", "ms", m => 1e3 * m.Rest, 1e3 * (one.Rest + ((P - 1) * (two.Rest - one.Rest))), "R(1) + (P − 1)(R(2) − R(1))");
        Row("in all", "ms", m => 1e3 * m.Process, compute + halo + mapping + journal + control + rest, "the sum");
        return rows.ToImmutable();
    }
}
