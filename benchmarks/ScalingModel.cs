using System.Collections.Immutable;
using ActorMultiscale.Actors.Observation;
using ActorMultiscale.Physics.Particles.Domains;

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
/// barrier   N(P) = (P − 1)(1 + t) + q r(P)                messages: one to each other site where a window begins, t = min(1, 4 W) in which it tells its account, W by the clock,
///                                                         and some of and for each part elsewhere; q from N(2)
///           K(P) = K(1) + c N(P)                          s; c from K(2)
/// journal   B(P) = B(2) r(P) / r(2)                       bytes of fields that come from the parts elsewhere
///           J(P) = J(1) + j B(P)                          s; j from J(2), and as on 1 and 2 where nothing comes
/// rest      R(P) = R(1) + w N(P)                          s; N all messages, each of which wakes somebody; w from R(2)
/// </code>
/// with cut(P) the pairs that exchange something between nodes and r(P) the parts that are not on the coordinator's.
/// </remarks>
internal static class ScalingModel
{
    private static double Lists(ScalingCase what, ScalingMeasure two) =>
        ((two.Messages(WorkPurpose.Halo) - (2.0 * what.Steps * what.Remote(2))) / ((double)what.Steps * what.Cut(2))) - 1;        // 2ρ

    private static double OfByte(ScalingMeasure two, double message) => (two.Seconds(WorkPurpose.Halo) - (message * two.Messages(WorkPurpose.Halo))) / two.Bytes(WorkPurpose.Halo);

    // Orders and answers on so many nodes: one order to each other site, whatever it has, what that tells four times a second and in a window once at most, and what goes with the parts.
    private static double Orders(ScalingCase what, ScalingMeasure two, int nodes, int remote, double wall) =>
        ((nodes - 1) * (1 + Math.Min(1, 4 * wall))) + ((two.Messages(WorkPurpose.Control) - 1 - Math.Min(1, 4 * two.Wall)) / what.Remote(2) * remote);

    // How far the farthest domain is from domain 0 in the tree.
    private static int Depth(int domains)
    {
        var depth = 0;
        for (var m = domains - 1; m > 0; m = (m - 1) / Domain.Branches)
        {
            depth++;
        }

        return depth;
    }

    /// <summary>What a window takes on many nodes, by the model: each node has one part, and all else grows with them. Nobody has measured it.</summary>
    /// <param name="what">The case.</param>
    /// <param name="one">As measured on one node.</param>
    /// <param name="two">On two.</param>
    /// <param name="four">On four.</param>
    /// <param name="message">Processor time of a small message at both ends, s.</param>
    /// <param name="trip">How long a small message is on the way, s.</param>
    /// <param name="nodes">How many.</param>
    /// <returns>s: what each node computes, what it exchanges with its neighbors, what the domain with the most others below it does to ask whether new lists are due, what rounds of messages wait for, what the coordinator does for the barrier, and, beside all that, for the journal.</returns>
    public static (double Compute, double Exchange, double Asking, double Rounds, double Barrier, double Journal) Far(ScalingCase what, ScalingMeasure one, ScalingMeasure two, ScalingMeasure four, double message, double trip, int nodes)
    {
        var compute = 0.5 * (one.Seconds(WorkPurpose.Computing) + two.Seconds(WorkPurpose.Computing)) / what.Parts;
        var perMessage = (two.Seconds(WorkPurpose.Control) - one.Seconds(WorkPurpose.Control)) / two.Messages(WorkPurpose.Control);
        var parts = nodes / (double)what.Parts;
        if (what.IsTeam)
        {
            var steps = what.Steps;
            var lists = 1 + Lists(what, two);
            var bytes = two.Bytes(WorkPurpose.Halo) / what.Volume(2) * ScalingCase.VolumeOfOne;
            return (compute, (message * steps * lists * ScalingCase.NeighborsOfOne) + (OfByte(two, message) * bytes), message * steps * Math.Min(nodes - 1, Domain.Branches + 1), trip * steps * (lists + (2 * Depth(nodes))),
                one.Seconds(WorkPurpose.Control) + (perMessage * Orders(what, two, nodes, nodes - 1, two.Wall)), one.Seconds(WorkPurpose.Journal));
        }

        // Answers, deliveries and orders of each part, and what comes to the journal from each.
        var perParcel = (two.Seconds(WorkPurpose.Mapping) - one.Seconds(WorkPurpose.Mapping)) / two.Messages(WorkPurpose.Mapping);
        return (compute, (one.Seconds(WorkPurpose.Mapping) / what.Parts) + (perParcel * four.Messages(WorkPurpose.Mapping) / what.Cut(4) * 2), 0, 2 * trip,
            (one.Seconds(WorkPurpose.Control) * parts) + (perMessage * Orders(what, two, nodes, nodes - 1, two.Wall)), four.Seconds(WorkPurpose.Journal) * parts);
    }

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

        // Seconds that come with what crosses: those of two nodes above those of one, by what crosses there.
        double Beside(WorkPurpose purpose, double crossing, double crossingOfTwo) =>
            one.Seconds(purpose) + (crossingOfTwo > 0 ? (two.Seconds(purpose) - one.Seconds(purpose)) * crossing / crossingOfTwo : 0);

        var compute = Row("compute", "ms", m => 1e3 * m.Seconds(WorkPurpose.Computing), 1e3 * 0.5 * (one.Seconds(WorkPurpose.Computing) + two.Seconds(WorkPurpose.Computing)), "(C(1) + C(2)) / 2");
        var (halo, mapping, messages) = (0.0, 0.0, 0.0);
        if (what.IsTeam)
        {
            var steps = what.Steps;
            var count = (steps * (1 + Lists(what, two)) * what.Cut(P)) + (2.0 * steps * what.Remote(P));
            var bytes = two.Bytes(WorkPurpose.Halo) * what.Volume(P) / what.Volume(2);
            halo = Row("halo", "ms", m => 1e3 * m.Seconds(WorkPurpose.Halo), 1e3 * ((message * count) + (OfByte(two, message) * bytes)), "a N + b B");
            messages += count;
            Row("halo messages", "", m => m.Messages(WorkPurpose.Halo), count, "s (1 + 2ρ) cut(P) + 2 s r(P)");
            Row("halo bytes", "kB", m => 1e-3 * m.Bytes(WorkPurpose.Halo), 1e-3 * bytes, "B(2) V(P) / V(2)");
        }
        else
        {
            var count = two.Messages(WorkPurpose.Mapping) * cut;
            mapping = Row("mapping", "ms", m => 1e3 * m.Seconds(WorkPurpose.Mapping), 1e3 * Beside(WorkPurpose.Mapping, count, two.Messages(WorkPurpose.Mapping)), "M(1) + m N");
            messages += count;
            Row("parcels", "", m => m.Messages(WorkPurpose.Mapping), count, "N(2) cut(P) / cut(2)");
            Row("parcel bytes", "kB", m => 1e-3 * m.Bytes(WorkPurpose.Mapping), 1e-3 * two.Bytes(WorkPurpose.Mapping) * cut, "B(2) cut(P) / cut(2)");
        }

        var tells = two.Bytes(WorkPurpose.Journal) > 0;
        var journal = Row("journal", "ms", m => 1e3 * m.Seconds(WorkPurpose.Journal), 1e3 * (tells ? Beside(WorkPurpose.Journal, remote, 1) : 0.5 * (one.Seconds(WorkPurpose.Journal) + two.Seconds(WorkPurpose.Journal))),
            tells ? "J(1) + j B" : "(J(1) + J(2)) / 2");
        if (tells)
        {
            messages += two.Messages(WorkPurpose.Journal) * remote;
            Row("fields to the coordinator", "kB", m => 1e-3 * m.Bytes(WorkPurpose.Journal), 1e-3 * two.Bytes(WorkPurpose.Journal) * remote, "B(2) r(P) / r(2)");
        }

        Row("journal rows", "", m => m.Rows, 0.5 * (one.Rows + two.Rows), "(R(1) + R(2)) / 2");
        Row("journal bytes", "kB", m => 1e-3 * m.RecordBytes, 1e-3 * 0.5 * (one.RecordBytes + two.RecordBytes), "(B(1) + B(2)) / 2");
        var orders = Orders(what, two, P, what.Remote(P), two.Wall);
        messages += orders;
        var control = Row("barrier", "ms", m => 1e3 * m.Seconds(WorkPurpose.Control), 1e3 * Beside(WorkPurpose.Control, orders, two.Messages(WorkPurpose.Control)), "K(1) + c N");
        Row("barrier messages", "", m => m.Messages(WorkPurpose.Control), orders, "(P − 1)(1 + t) + q r(P)");
        Row("barrier bytes", "kB", m => 1e-3 * m.Bytes(WorkPurpose.Control), 1e-3 * two.Bytes(WorkPurpose.Control) * orders / two.Messages(WorkPurpose.Control), "B(2) N(P) / N(2)");
        var all = Enum.GetValues<WorkPurpose>().Aggregate(0.0, (sum, purpose) => sum + two.Messages(purpose));
        var rest = Row("rest", "ms", m => 1e3 * m.Rest, 1e3 * (one.Rest + ((two.Rest - one.Rest) * messages / all)), "R(1) + w N");
        Row("in all", "ms", m => 1e3 * m.Process, compute + halo + mapping + journal + control + rest, "the sum");
        return rows.ToImmutable();
    }
}
