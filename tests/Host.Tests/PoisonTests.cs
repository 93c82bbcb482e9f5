using System.Buffers.Binary;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Host;
using ActorMultiscale.Host.Commands;
using ActorMultiscale.Host.Composition;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Testing;

namespace ActorMultiscale.Tests.Host;

/// <summary>Files, databases and states of models that somebody has spoiled, or made so: one sentence and an exit code, soon, and without believing a length that is not there.</summary>
public sealed class PoisonTests(PostgresServer server) : RecordStand(server)
{
    private static readonly TimeSpan _soon = TimeSpan.FromSeconds(30);      // Milliseconds; the machine may be busy.

    private byte[] RealFile()
    {
        Json(0, "run", Oscillator, "--name", "run", "--quiet", "--set", "snapshots={ every = 30 }");
        Json(0, "runs", "export", "run", "run.file");
        return File.ReadAllBytes(Path.Combine(Folder, "run.file"));
    }

    private static byte[] Spoiled(Random random, byte[] bytes)
    {
        var result = bytes.ToArray();
        if (result.Length == 0)
        {
            return [(byte)random.Next(256)];
        }

        for (var changes = 1 + random.Next(3); changes > 0 && result.Length > 0; changes--)
        {
            var (at, to) = (random.Next(result.Length), random.Next(result.Length));
            (at, to) = (Math.Min(at, to), Math.Max(at, to));
            switch (random.Next(7))
            {
                case 0:
                    result[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    result = result[..at];
                    break;
                case 2:
                    result = [.. result[..at], .. result[to..]];
                    break;
                case 3:
                    result = [.. result[..to], .. result[at..]];
                    break;
                case 4:
                    BitConverter.GetBytes(random.NextInt64() >> random.Next(64)).AsSpan(0, Math.Min(8, result.Length - at)).CopyTo(result.AsSpan(at));
                    break;
                case 5:
                    result = [.. result[..at], .. Enumerable.Repeat((byte)0xff, random.Next(12)), .. result[at..]];
                    break;
                default:
                    result.AsSpan(at, Math.Min(8, result.Length - at)).Clear();
                    break;
            }
        }

        return result;
    }

    private static List<(byte Kind, byte[] Content)> Records(byte[] file)
    {
        var records = new List<(byte, byte[])>();
        for (var at = 8; at < file.Length;)
        {
            var length = (int)BinaryPrimitives.ReadInt64LittleEndian(file.AsSpan(at + 1));
            records.Add((file[at], file[(at + 9)..(at + 9 + length)]));
            at += 9 + length;
        }

        return records[..^1];
    }

    // With the hash at its end that is right: as somebody who means it would make it.
    private static byte[] Sealed(byte[] begin, IEnumerable<(byte Kind, byte[] Content)> records)
    {
        static byte[] Length(long length)
        {
            var bytes = new byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(bytes, length);
            return bytes;
        }

        byte[] body = [.. begin, .. records.SelectMany(r => (byte[])[r.Kind, .. Length(r.Content.Length), .. r.Content])];
        return [.. body, 5, .. Length(32), .. SHA256.HashData(body)];
    }

    // True if it was taken in; anything but a sentence is a fault of ours.
    private static bool IsTakenIn(RunCatalog catalog, string file, string name)
    {
        var (began, before) = (Stopwatch.GetTimestamp(), GC.GetAllocatedBytesForCurrentThread());
        var isTaken = true;
        try
        {
            catalog.Import(file, name);
        }
        catch (RunStoreException)
        {
            isTaken = false;
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 30_000_000 + (100 * new FileInfo(file).Length));
        Assert.InRange(Stopwatch.GetElapsedTime(began), TimeSpan.Zero, _soon);
        return isTaken;
    }

    [Fact]
    public void A_file_of_any_bytes_is_taken_in_whole_or_refused()
    {
        var real = RealFile();
        var records = Records(real);
        var catalog = RunCatalog.Of(Path.Combine(Folder, "poisoned"));
        var path = Path.Combine(Folder, "poisoned.file");
        Assert.Equal(real, Sealed(real[..8], records));
        var seed = Environment.TickCount;
        var random = new Random(seed);
        var taken = 0;
        for (var round = 0; round < 1500; round++)
        {
            byte[] bytes;
            switch (round % 5)
            {
                case 0:
                    bytes = Spoiled(random, real);
                    break;
                case 1:
                    // A record is missing, twice, or elsewhere.
                    var other = records.ToList();
                    var which = random.Next(other.Count);
                    var moved = other[which];
                    if (random.Next(3) > 0)
                    {
                        other.RemoveAt(which);
                    }

                    if (random.Next(3) > 0)
                    {
                        other.Insert(random.Next(other.Count + 1), moved);
                    }

                    bytes = Sealed(real[..8], other);
                    break;
                default:
                    // Its content is another; of an event with its own hash, too, half of the time.
                    var changed = records.ToList();
                    var at = random.Next(changed.Count);
                    var content = Spoiled(random, changed[at].Content);
                    if (changed[at].Kind == 2 && content.Length > 80 && random.Next(2) == 0)
                    {
                        var begin = 1 + 1 + 3;      // Number and manifest.
                        SHA256.HashData(content.AsSpan(begin + 32), content.AsSpan(begin));
                    }

                    changed[at] = (changed[at].Kind, content);
                    bytes = Sealed(real[..8], changed);
                    break;
            }

            File.WriteAllBytes(path, bytes);
            var name = FormattableString.Invariant($"poison-{round}");
            if (IsTakenIn(catalog, path, name))
            {
                // Then it is a run: its journal is whole, and so is everything that it refers to.
                taken++;
                using var store = catalog.Open(name);
                store.History();
                var copy = Path.Combine(Folder, name);
                RunArchive.Export(store, copy);
                File.Delete(copy);
            }
            else
            {
                Assert.False(catalog.Exists(name), $"seed {seed}, round {round}");
            }
        }

        // Observations are free; everything else belongs together.
        Assert.InRange(taken, 1, 700);
        Assert.DoesNotContain(Directory.EnumerateFiles(Path.Combine(Folder, "poisoned")), f => f.Contains(".new", StringComparison.Ordinal));
    }

    [Fact]
    public void Chunks_that_would_unpack_to_far_more_than_the_file_are_refused()
    {
        // Lists that name the same smooth piece again and again, each as long as a list may be; every hash is right.
        using var store = RunStore.Create(Path.Combine(Folder, "bomb.sqlite"), new RunOrigin { Run = "bomb", Experiment = "e", Program = "p" }, [], DateTimeOffset.UnixEpoch);
        var head = Records(RealFile())[0];
        var piece = new byte[4 << 20];
        var stored = Kept(store, piece);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var names = new List<byte>();
        var lists = new List<(byte, byte[])>();
        for (var i = 1; i <= 511; i++)
        {
            hash.AppendData(piece);
            names.AddRange(SHA256.HashData(piece));
            if (i >= 509)
            {
                lists.Add((3, [.. hash.GetCurrentHash(), .. "AML1"u8, .. BitConverter.GetBytes((long)i * piece.Length), .. names]));
            }
        }

        var path = Path.Combine(Folder, "bomb.file");
        File.WriteAllBytes(path, Sealed([.. "AMRA"u8, 1, 0, 0, 0], [WithoutEvents(head), (3, [.. SHA256.HashData(piece), .. stored]), .. lists]));
        var fault = Assert.Throws<RunStoreException>(() => RunCatalog.Of(Path.Combine(Folder, "poisoned")).Import(path, "bomb"));
        Assert.Contains("unpack", fault.Message, StringComparison.Ordinal);
    }

    private byte[] Kept(RunStore store, byte[] content)
    {
        var hash = store.WriteChunk(content);
        using var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={Path.Combine(Folder, "bomb.sqlite")};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = $"SELECT bytes FROM chunk WHERE hash = '{hash}'";
        return (byte[])command.ExecuteScalar()!;
    }

    // format, run, status, windows, final hash, started, changed, events, hash, origin
    private static (byte Kind, byte[] Content) WithoutEvents((byte Kind, byte[] Content) head)
    {
        var origin = head.Content.AsSpan(head.Content.AsSpan().IndexOf("{\"run\""u8)).ToArray();
        static byte[] Text(string text) => [(byte)(2 * text.Length), .. Encoding.UTF8.GetBytes(text)];
        var time = Text("2026-01-01T00:00:00.0000000+00:00");
        byte[] length = [(byte)(((2 * origin.Length) & 0x7f) | 0x80), (byte)((2 * origin.Length) >> 7)];
        if (2 * origin.Length >= 1 << 14)
        {
            length = [length[0], (byte)((((2 * origin.Length) >> 7) & 0x7f) | 0x80), (byte)((2 * origin.Length) >> 14)];
        }

        return (1, [6, .. Text("bomb"), .. Text("running"), 0, .. Text(""), .. time, .. time, 0, .. Text(""), .. length, .. origin]);
    }

    // What somebody may do to the rows of the run whose name is @run.
    private static readonly string[] _poisons =
    [
        "UPDATE journal SET message = @junk WHERE persistence_id = 'run-' || @run",
        "UPDATE journal SET message = @empty WHERE persistence_id = 'run-' || @run AND manifest = 'WC2'",
        "UPDATE journal SET message = @zeros WHERE persistence_id = 'run-' || @run AND manifest = 'RS2'",
        "UPDATE journal SET message = @null WHERE persistence_id = 'run-' || @run AND manifest = 'RS2'",
        "UPDATE journal SET message = @deep WHERE persistence_id = 'run-' || @run AND manifest = 'CS2'",
        "UPDATE journal SET message = @bare WHERE persistence_id = 'run-' || @run AND manifest = 'RE2'",
        "UPDATE journal SET message = @typed WHERE persistence_id = 'run-' || @run AND manifest = 'NO2'",
        "UPDATE journal SET message = @junk WHERE persistence_id = 'run-' || @run AND manifest = 'FR2'",
        "UPDATE journal SET message = @null WHERE persistence_id = 'run-' || @run AND manifest = 'FR2'",
        "UPDATE journal SET message = @lying WHERE persistence_id = 'run-' || @run AND manifest = 'FR2'",
        "UPDATE journal SET message = @lying, manifest = 'FR2' WHERE persistence_id = 'run-' || @run AND manifest = 'RE2'",
        "DELETE FROM journal WHERE persistence_id = 'run-' || @run AND manifest = 'FR2'",
        "UPDATE journal SET manifest = NULL WHERE persistence_id = 'run-' || @run",
        "UPDATE journal SET manifest = 'XX9' WHERE persistence_id = 'run-' || @run",
        "UPDATE journal SET manifest = 'WC2' WHERE persistence_id = 'run-' || @run",
        "UPDATE journal SET manifest = 'ST2' WHERE persistence_id = 'run-' || @run AND manifest = 'WC2'",
        "UPDATE journal SET identifier = 1 WHERE persistence_id = 'run-' || @run",
        "UPDATE journal SET identifier = 99 WHERE persistence_id = 'run-' || @run",
        "UPDATE journal SET sequence_number = sequence_number + 1000 WHERE persistence_id = 'run-' || @run AND manifest = 'WC2'",
        "UPDATE journal SET sequence_number = -1 WHERE persistence_id = 'run-' || @run AND manifest = 'RE2'",
        "DELETE FROM journal WHERE persistence_id = 'run-' || @run",
        "UPDATE run SET origin = '' WHERE run = @run",
        "UPDATE run SET origin = 'null' WHERE run = @run",
        "UPDATE run SET origin = '{}' WHERE run = @run",
        "UPDATE run SET origin = '{\"run\":null,\"experiment\":null,\"program\":null,\"inputs\":null,\"text\":null}' WHERE run = @run",
        "UPDATE run SET status = 'running' WHERE run = @run",
        "UPDATE run SET status = 'nonsense', windows = -5, final_hash = 'zz' WHERE run = @run",
        "UPDATE run SET started = 'yesterday' WHERE run = @run",
        "UPDATE run SET changed = '' WHERE run = @run",
        "UPDATE run SET head_events = 1000000000000000000 WHERE run = @run",
        "UPDATE run SET head_events = -1, head_hash = 'zz' WHERE run = @run",
        "UPDATE run SET head_hash = 'zz' WHERE run = @run",
        "UPDATE run SET owner = 'nobody at all' WHERE run = @run",
        "UPDATE run SET format = 99 WHERE run = @run",
        "UPDATE run SET format = -1 WHERE run = @run",
        "UPDATE chunk SET bytes = @junk",
        "UPDATE chunk SET bytes = @empty",
        "DELETE FROM chunk",
        "UPDATE observation SET bytes = @junk",
    ];

    private static byte[] Event(string content)
    {
        byte[] payload = [.. new byte[64], .. Encoding.UTF8.GetBytes(content)];
        SHA256.HashData(payload.AsSpan(32), payload);
        return payload;
    }

    // In this process: what escapes as an exception would be a crash.
    private async Task<int> Command(params string[] arguments)
    {
        var clock = Stopwatch.StartNew();
        var code = await CommandLine.RunAsync([.. arguments, "--store", IsFiles ? Path.Combine(Folder, Store) : Store]);
        Assert.True(clock.Elapsed < _soon, $"{string.Join(' ', arguments)} took {clock.Elapsed}");
        return code;
    }

    [Theory]
    [MemberData(nameof(Stores))]
    public async Task Poisoned_rows_are_told_and_nothing_else_happens(string store)
    {
        Use(store);
        RealFile();
        var file = Path.Combine(Folder, "run.file");
        var catalog = Catalog;
        var number = 0;
        foreach (var sql in _poisons)
        {
            var name = FormattableString.Invariant($"poisoned-{number++}");
            catalog.Import(file, name);
            using (var connection = Connect(name))
            {
                using var command = connection.CreateCommand();
                command.CommandText = sql;
                Add(command, "@run", name);
                Add(command, "@junk", new byte[] { 3, 1, 4, 1, 5, 9, 2, 6 });
                Add(command, "@empty", Array.Empty<byte>());
                Add(command, "@zeros", new byte[64]);
                Add(command, "@null", Event("null"));
                Add(command, "@deep", Event(new string('[', 100_000)));
                Add(command, "@bare", Event("{\"outcome\":0,\"reason\":null,\"windows\":100,\"finalHash\":null,\"metrics\":null,\"at\":\"2026-01-01T00:00:00Z\"}"));
                Add(command, "@lying", Event("{\"fields\":[{\"first\":-1,\"windows\":2147483647,\"bytes\":-1,\"chunk\":\"../run\",\"end\":0}],\"at\":\"2026-01-01T00:00:00Z\"}"));
                Add(command, "@typed", Event("{\"$type\":\"System.Diagnostics.Process, System.Diagnostics.Process\",\"text\":null,\"at\":\"2026-01-01T00:00:00Z\"}"));
                command.ExecuteNonQuery();
            }

            foreach (var arguments in (string[][])
            [
                ["runs", "list"], ["runs", "show", name], ["verify", name, "--quiet"], ["diff", name, name], ["runs", "export", name, Path.Combine(Folder, name + ".file")],
                ["runs", "gc", name, "--keep-snapshots", "1"], ["runs", "show", name, "--convergence"], ["profile", name], ["fork", name, "--at", "50", "--quiet"], ["resume", name, "--until", "1.1 s", "--quiet"],
                .. sql.Contains("FR2", StringComparison.Ordinal) || sql.Contains("chunk", StringComparison.Ordinal)
                    ? (string[][])[["replay", name, "--from", "98"], ["verify", name, "--participant", "left", "--quiet"]] : [],
            ])
            {
                try
                {
                    var code = await Command(arguments);
                    Assert.True(code is 0 or 5 or 6, $"{sql}: {string.Join(' ', arguments)} ended with {code}");
                }
                catch (Exception fault) when (fault is not Xunit.Sdk.XunitException)
                {
                    throw new InvalidOperationException($"{sql}: {string.Join(' ', arguments)} crashed", fault);
                }
            }

            // On a server chunks are shared: what spoiled them for all is put back by the next import.
            Assert.True(sql.Contains("chunk", StringComparison.Ordinal) || await Command("runs", "rm", name) is 0 or 6);
        }
    }

    public static TheoryData<string> Experiments =>
        [.. ShippedExperiments.Names.Where(IsOurs)];

    // Without programs that would be started.
    private static bool IsOurs(string experiment) => !new[] { "program", "i-pi", "listen" }.Any(File.ReadAllText(Path.Combine(ShippedExperiments.Folder, experiment)).Contains);

    [Theory]
    [MemberData(nameof(Experiments))]
    public void A_state_of_any_bytes_is_restored_or_refused(string experiment)
    {
        var system = ExperimentLoader.Load(Path.Combine(ShippedExperiments.Folder, experiment), []).System;
        RunSnapshot? real = null;
        var windows = 0;
        new SerialRunner(system, 1) { OnSnapshot = snapshot => real = snapshot, OnWindow = _ => ++windows < 3 }.Run(null);
        Assert.NotNull(real);
        var seed = Environment.TickCount;
        var random = new Random(seed);
        void Restores(byte[] state, Action<byte[]> restore)
        {
            restore(state);
            for (var round = 0; round < 300; round++)
            {
                var bytes = Spoiled(random, state);
                var before = GC.GetAllocatedBytesForCurrentThread();
                try
                {
                    restore(bytes);
                }
                catch (InvalidDataException)
                {
                }
                catch (Exception fault)
                {
                    throw new InvalidOperationException($"seed {seed}, round {round}", fault);
                }

                Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 10_000_000 + (200L * state.Length), $"seed {seed}, round {round}");
            }
        }

        foreach (var node in system.Participants.DistinctBy(p => p.Spec.Model.Kind))
        {
            using var session = new ParticipantSession(node, 1, new ChunkedLoop(1));
            session.Initialize();
            Restores(real.States[node.Index].Whole(), bytes => session.Restore(bytes));
        }

        Restores(real.Fields, bytes => _ = new CouplingCore(system, bytes));
    }
}
