using System.Text.Json;
using ActorMultiscale.Actors.Observation;

namespace ActorMultiscale.Host;

/// <summary>
/// Who was at work when, as a trace in the JSON format of Chrome's tracing (Google, "Trace Event Format"), which Perfetto opens too. Every
/// participant has a track; root windows, mappings, accelerations and the store have one each. Times are in microseconds.
/// </summary>
internal static class TraceFile
{
    public static void Write(Stream to, string run, RunObservations observed)
    {
        using var json = new Utf8JsonWriter(to);
        json.WriteStartObject();
        json.WriteString("displayTimeUnit", "ms");
        json.WriteStartArray("traceEvents");
        Meta(json, "process_name", 0, run);
        var (mapping, accelerating, storing) = (observed.Participants.Length + 1, observed.Participants.Length + 2, observed.Participants.Length + 3);
        string[] tracks = ["windows", .. observed.Participants, "mapping", "acceleration", "store"];
        for (var track = 0; track < tracks.Length; track++)
        {
            Meta(json, "thread_name", track, tracks[track]);
        }

        foreach (var row in observed.Timings)
        {
            Slice(json, 0, row.Windows == 0 ? "end" : row.Windows == 1 ? $"window {row.Window}" : $"windows {row.Window} to {row.Window + row.Windows - 1}", row.Begin, row.Length, row);
            if (row.Spans.IsEmpty)
            {
                // Sums of what is too short to be told apart, drawn from the row's begin on.
                for (var p = 0; p < observed.Participants.Length; p++)
                {
                    Slice(json, p + 1, $"computing, {row.Participants[p].Advances} times", row.Begin, row.Participants[p].Computing, row);
                }
            }

            foreach (var span in row.Spans)
            {
                var (track, name) = span.Kind switch
                {
                    WorkKind.Computing => (span.Who + 1, "computing"),
                    WorkKind.Persisting => (span.Who + 1, "persisting"),
                    WorkKind.Mapping => (mapping, observed.Conduits[span.Who].Name),
                    WorkKind.Accelerating => (accelerating, "accelerating"),
                    _ => (storing, "writing"),
                };
                Slice(json, track, name, span.Begin, span.Length, row);
            }
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void Meta(Utf8JsonWriter json, string what, int track, string name)
    {
        json.WriteStartObject();
        json.WriteString("ph", "M");
        json.WriteString("name", what);
        json.WriteNumber("pid", 1);
        json.WriteNumber("tid", track);
        json.WriteStartObject("args");
        json.WriteString("name", name);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void Slice(Utf8JsonWriter json, int track, string name, long begin, long length, TimingRow row)
    {
        json.WriteStartObject();
        json.WriteString("ph", "X");
        json.WriteString("name", name);
        json.WriteNumber("pid", 1);
        json.WriteNumber("tid", track);
        json.WriteNumber("ts", begin * 1e-3);
        json.WriteNumber("dur", length * 1e-3);
        json.WriteStartObject("args");
        json.WriteNumber("window", row.Window);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
