using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using ActorMultiscale.Actors.Cluster;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Actors.Observation;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Examples;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using CsCheck;

namespace ActorMultiscale.Tests.Actors;

/// <summary>
/// Whatever bytes come: they are read, or refused with the one exception that says so, soon, and without believing a length that is not there.
/// (Chunks are tested the same way in <see cref="ProtocolTests"/>, whole files of runs and databases where there are processes.)
/// </summary>
public sealed class ByteFuzzTests
{
    private const int Iterations = 20_000;
    private static readonly TimeSpan _soon = TimeSpan.FromSeconds(10);      // Milliseconds; the machine may be busy.

    // Real bytes, spoiled in the ways in which bytes are spoiled, or made so by somebody who means it.
    private static Gen<byte[]> Spoiled(List<byte[]> samples) =>
        Gen.Select(Gen.Int[0, samples.Count - 1], Gen.Select(Gen.Int[0, 9], Gen.Int[0, 1 << 20], Gen.Int[0, 1 << 20], Gen.ULong).Array[1, 4])
            .Select((which, changes) => changes.Aggregate(samples[which], (bytes, change) => Changed(bytes, samples, change)));

    private static byte[] Changed(byte[] bytes, List<byte[]> samples, (int Way, int A, int B, ulong Word) change)
    {
        if (bytes.Length == 0)
        {
            return [.. BitConverter.GetBytes(change.Word)];
        }

        var (from, to) = (Math.Min(change.A % bytes.Length, change.B % bytes.Length), Math.Max(change.A % bytes.Length, change.B % bytes.Length));
        var result = bytes.ToArray();
        switch (change.Way)
        {
            case 0:
                result[from] ^= (byte)(1 << (change.B % 8));
                return result;
            case 1:
                result[from] = (byte)change.Word;
                return result;
            case 2:
                return result[..from];
            case 3:
                return [.. bytes[..from], .. bytes[to..]];
            case 4:
                return [.. bytes[..to], .. bytes[from..]];
            case 5:
                var other = samples[change.B % samples.Count];
                return [.. bytes[..from], .. other[(other.Length == 0 ? 0 : change.A % other.Length)..]];
            case 6:
                // A length or a number that is none: any power of two, near it, or negative.
                Span<byte> word = stackalloc byte[8];
                BinaryPrimitives.WriteUInt64LittleEndian(word, change.Word >> (change.B % 64));
                word[..Math.Min(8, result.Length - from)].CopyTo(result.AsSpan(from));
                return result;
            case 7:
                // A varint of ten bytes, or one without an end.
                return [.. bytes[..from], .. Enumerable.Repeat((byte)0xff, change.B % 12), .. bytes[from..]];
            case 8:
                // The words with which JSON says nothing.
                return [.. bytes[..from], .. Encoding.UTF8.GetBytes(new[] { "null", "[]", "{}", "-1", "1e400", "\"\"", "\"$type\":\"System.Diagnostics.Process\"," }[change.B % 7]), .. bytes[to..]];
            default:
                return [.. bytes[..from], .. BitConverter.GetBytes(change.Word), .. bytes[from..]];
        }
    }

    // Reads; says whether it was refused. The allowance holds what a refusal and its texts take.
    private static bool IsRead(byte[] bytes, Action read, int perByte = 100)
    {
        var (began, before) = (Stopwatch.GetTimestamp(), GC.GetAllocatedBytesForCurrentThread());
        var isRead = true;
        try
        {
            read();
        }
        catch (InvalidDataException)
        {
            isRead = false;
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1_000_000 + (perByte * (long)bytes.Length));
        Assert.InRange(Stopwatch.GetElapsedTime(began), TimeSpan.Zero, _soon);
        return isRead;
    }

    private static WindowRecord Window(long index) => new(index, index * 100, (index + 1) * 100, 3, 2, 5, 1, true, [1e-9, 2e-9], [17, 18, (ulong)index]);

    private static readonly SnapshotReference _snapshot = new(8, 800, new string('a', 64), [new string('b', 64), new string('c', 64)]);

    private static readonly RunOrigin _origin = new()
    {
        Run = "run",
        Experiment = "experiment",
        File = "folder/experiment.conf",
        Text = "name = experiment\nuntil = 1 s\n",
        Overrides = ["until=2 s"],
        Inputs = [new InputReference("input", new string('d', 64))],
        Libraries = [new InputReference("library.dll", new string('e', 64))],
        Parent = "parent",
        ParentWindow = 8,
        Carried = [new InputReference("left", new string('f', 64))],
        Begins = _snapshot,
        Counted = [1, 2, 3, 4, 5, 6, 7, 8],
        Program = "0.1.0",
        Seed = 1,
    };

    private static readonly ImmutableArray<RunEvent> _events =
    [
        new RunEvent.RunStarted { At = DateTimeOffset.UnixEpoch, Origin = _origin },
        new RunEvent.CoordinatorStarted { At = DateTimeOffset.UnixEpoch, Epoch = 1, Machine = new MachineStamp("linux x64", ".NET 10", "512 bit"), Until = 2 },
        new RunEvent.WindowsCommitted { At = DateTimeOffset.UnixEpoch, Windows = [Window(8), Window(9), Window(11)] },
        new RunEvent.SnapshotTaken { At = DateTimeOffset.UnixEpoch, Snapshot = _snapshot with { Window = 9 } },
        new RunEvent.FieldsRecorded { At = DateTimeOffset.UnixEpoch, Fields = [new(0, 3, 1000, new string('2', 64)), new(3, 5, 2000, new string('3', 64))] },
        new RunEvent.SnapshotsReleased { At = DateTimeOffset.UnixEpoch, Windows = [9] },
        new RunEvent.Noted { At = DateTimeOffset.UnixEpoch, Text = "something" },
        new RunEvent.RunEnded { At = DateTimeOffset.UnixEpoch, Outcome = RunOutcome.Completed, Reason = "", Windows = 10, FinalHash = new string('1', 64), Metrics = ImmutableSortedDictionary<string, double>.Empty.Add("left.error", 1e-3) },
    ];

    // With a hash that is right, as somebody who means it would make it.
    private static JournalEntry Sealed(string manifest, byte[] content)
    {
        byte[] payload = [.. new byte[32], .. new byte[32], .. content];
        SHA256.HashData(payload.AsSpan(32), payload);
        return new JournalEntry(manifest, payload);
    }

    public static TheoryData<string> Manifests => ["RS2", "CS2", "WC2", "ST2", "FR2", "SR2", "NO2", "RE2", "RS1", "CS1", "WC1", "ST1", "NO1", "RE1", "XX9", ""];

    [Theory]
    [MemberData(nameof(Manifests))]
    public void An_event_of_any_bytes_is_read_or_refused_and_so_is_what_is_made_of_it(string manifest)
    {
        List<byte[]> samples = [.. _events.Select(RunEventCodec.Encode).Select(entry => entry.Payload[64..]),
            .. File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Corpus", "format-1.txt")).Where(line => line.StartsWith("WC1", StringComparison.Ordinal)).Take(1).Select(line => Encoding.UTF8.GetBytes(line[4..]))];
        var read = 0;
        Spoiled(samples).Sample(content =>
        {
            var entry = manifest.EndsWith('1') ? new JournalEntry(manifest, content) : Sealed(manifest, content);
            RunEvent? what = null;
            if (IsRead(content, () => what = RunEventCodec.Decode(entry)))
            {
                Interlocked.Increment(ref read);
                Assert.Equal(typeof(RunEvent), what!.GetType().DeclaringType);

                // Whoever reads on: the history, what refers to chunks, and who writes it again.
                IsRead(content, () =>
                {
                    var history = new RunHistory();
                    history.Begin(_origin);
                    history.Apply(entry);
                });
                IsRead(content, () =>
                {
                    var references = new RunReferences(_origin);
                    references.Apply(what);
                    _ = references.Hashes;
                });
                RunEventCodec.Encode(what with { Previous = "" });
            }
        }, iter: Iterations / 5);
        Assert.Equal(manifest is not ("XX9" or ""), read > 0);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("[null]")]
    [InlineData("""[{"first":-1,"windows":1,"bytes":1,"chunk":"HASH"}]""")]
    [InlineData("""[{"first":0,"windows":0,"bytes":1,"chunk":"HASH"}]""")]
    [InlineData("""[{"first":0,"windows":1,"bytes":-1,"chunk":"HASH"}]""")]
    [InlineData("""[{"first":0,"windows":1,"bytes":1,"chunk":null}]""")]
    [InlineData("""[{"first":0,"windows":1,"bytes":1,"chunk":"../HASH"}]""")]
    [InlineData("""[{"first":0,"windows":9,"bytes":1,"chunk":"HASH"}]""")]
    [InlineData("""[{"first":9223372036854775807,"windows":1,"bytes":1,"chunk":"HASH"}]""")]
    [InlineData("""[{"first":0,"windows":5,"bytes":1,"chunk":"HASH"},{"first":4,"windows":1,"bytes":1,"chunk":"HASH"}]""")]
    public void Fields_that_cannot_be_are_refused(string fields)
    {
        static void Read(string fields)
        {
            var entry = Sealed("FR2", Encoding.UTF8.GetBytes($$"""{"at":"2026-01-01T00:00:00+00:00","fields":{{fields.Replace("HASH", new string('a', 64), StringComparison.Ordinal)}}}"""));
            var history = new RunHistory();
            history.Begin(_origin);         // At window 8.
            new RunReferences(_origin).Apply(history.Apply(entry));
        }

        Read("""[{"first":0,"windows":5,"bytes":1,"chunk":"HASH"},{"first":5,"windows":3,"bytes":0,"chunk":"HASH"}]""");
        Assert.Throws<InvalidDataException>(() => Read(fields));
    }

    [Fact]
    public void An_event_that_was_changed_without_its_hash_is_refused()
    {
        List<(string Manifest, byte[] Payload)> entries = [.. _events.Select(RunEventCodec.Encode).Select(e => (e.Manifest, e.Payload))];
        List<byte[]> samples = [.. entries.Select(e => e.Payload)];
        Gen.Select(Gen.Int[0, entries.Count - 1], Spoiled(samples)).Sample((which, bytes) =>
        {
            if (!samples.Any(s => s.AsSpan().SequenceEqual(bytes)))
            {
                Assert.False(IsRead(bytes, () => RunEventCodec.Decode(new JournalEntry(entries[which].Manifest, bytes))));
            }
        }, iter: Iterations);
    }

    [Fact]
    public void An_origin_of_any_text_is_read_or_refused()
    {
        var text = Encoding.UTF8.GetBytes(RunEventCodec.OriginToText(_origin));
        var read = 0;
        Spoiled([text]).Sample(bytes =>
        {
            if (IsRead(bytes, () =>
            {
                var origin = RunEventCodec.OriginFromText(Encoding.UTF8.GetString(bytes));
                new RunHistory().Begin(origin);
                RunEventCodec.OriginToText(origin);
                _ = new RunReferences(origin).Hashes;
            }))
            {
                Interlocked.Increment(ref read);
            }
        }, iter: Iterations);
        Assert.True(read > 0);
    }

    [Fact]
    public void What_was_observed_of_any_bytes_is_read_or_refused()
    {
        var system = Composition.Compose(new Experiment
        {
            Name = "watched",
            Window = 1,
            Until = 100,
            Participants = [Participant.Of("wall", TubeWall.Entry, ("cells", 4L), ("pulse-speed", 10.0)), Participant.Of("flow", TubeFlow.Entry, ("cells", 4L), ("pulse-speed", 10.0))],
            Conduits = [new("flow.pressure", "wall.pressure"), new("wall.area", "flow.area")],
            Scheme = CouplingScheme.Serial("flow", "wall"),
            Watches = [new Watch("middle", "wall.middle-area", WatchKind.Value)],
        });
        byte[] Bytes(Action<ArrayBufferWriter<byte>> write)
        {
            var to = new ArrayBufferWriter<byte>();
            write(to);
            return to.WrittenSpan.ToArray();
        }

        var legend = Bytes(to => ObservationBytes.WriteLegend(to, system, 0, 0));
        var iteration = Bytes(to => ObservationBytes.WriteIteration(to, 0, new WindowAddress(null, 0, 0, 0, 0, 0), new TimeWindow(0, 100, 1), true, []));
        var watch = Bytes(to => ObservationBytes.WriteWatches(to, 0, 100, [0.5]));
        var timing = Bytes(to => ObservationBytes.WriteTiming(to, 0, 1, 0, 1000, new ParticipantTime[2], 1, 2, [new WorkSpan(WorkKind.Computing, 1, 10, 20)]));
        var work = Bytes(to => ObservationBytes.WriteWork(to, 1, WorkRow.Coordinator, new WorkSum("127.0.0.1:1", 10, 2, [.. Enumerable.Range(0, WorkSum.Count).Select(i => new PurposeSum(i, 2, 300))])));
        byte[] all = [.. legend, .. iteration, .. watch, .. timing, .. work, .. watch];
        var read = 0;
        Spoiled([all, legend, iteration, watch, timing, work]).Sample(bytes =>
        {
            // After a legend, and without one.
            foreach (var before in new byte[][] { [], legend })
            {
                if (IsRead(bytes, () =>
                {
                    var reader = new ObservationReader();
                    reader.Apply(before);
                    reader.Apply(bytes);
                    reader.Result();
                }, perByte: 1000))
                {
                    Interlocked.Increment(ref read);
                }
            }
        }, iter: Iterations);
        Assert.True(read > 0);
    }

    public static TheoryData<string> ControlManifests => [.. ControlCodec.Kinds.Select(kind => kind.Manifest), "st9", "System.Diagnostics.Process, System", ""];

    [Theory]
    [MemberData(nameof(ControlManifests))]
    public void A_message_between_nodes_of_any_bytes_is_read_or_refused(string manifest)
    {
        List<byte[]> samples = [.. ControlSamples.All.Select(ControlCodec.Encode)];
        var (read, kind) = (0, ControlCodec.Kinds.SingleOrDefault(kind => kind.Manifest == manifest));
        Spoiled(samples).Sample(bytes =>
        {
            IControlMessage? message = null;
            if (IsRead(bytes, () => message = ControlCodec.Decode(manifest, bytes)))
            {
                Interlocked.Increment(ref read);
                Assert.IsType(kind!.Type, message);

                // What was read can be sent on, and comes out the same.
                Assert.Equal(ControlCodec.Encode(message!), ControlCodec.Encode(ControlCodec.Decode(manifest, ControlCodec.Encode(message!))));
            }
        }, iter: Iterations / 5);
        Assert.Equal(kind is not null, read > 0);
    }

    [Fact]
    public void The_serializer_of_the_journal_makes_entries_and_nothing_else() => Gen.Select(Gen.Byte.Array[0, 100], Gen.String).Sample((bytes, manifest) =>
    {
        var entry = Assert.IsType<JournalEntry>(new JournalEntrySerializer(null!).FromBinary(bytes, manifest));
        Assert.Equal((manifest, bytes), (entry.Manifest, entry.Payload));
    });
}
