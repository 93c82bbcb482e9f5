using System.Buffers;
using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Data.Common;
using System.Globalization;
using System.Security.Cryptography;
using static ActorMultiscale.Physics.Numerics.RecordBytes;

namespace ActorMultiscale.Actors.Journal;

/// <summary>What went into a file, or came out of it.</summary>
/// <param name="Run">The run's name.</param>
/// <param name="Origin">What it was started from.</param>
/// <param name="Windows">How many root windows it has.</param>
/// <param name="FinalHash">Its final hash; empty where it has not ended.</param>
/// <param name="Events">Events of the journal.</param>
/// <param name="Chunks">Chunks.</param>
/// <param name="Observations">Rows of what was observed.</param>
/// <param name="Bytes">Length of the file.</param>
/// <param name="Sha256">The hash at the file's end, which is that of everything before it.</param>
public sealed record ArchivedRun(string Run, RunOrigin Origin, long Windows, string FinalHash, long Events, long Chunks, long Observations, long Bytes, string Sha256);

/// <summary>A run as one file: everything that its store holds of it, in an order that does not depend on the store.</summary>
/// <remarks>
/// <code>
/// file   = "AMRA", version (4 bytes), records
/// record = kind (1 byte), length of the content (8 bytes), content
/// kinds  = 1 head         once      format, name, status, windows, final hash, started, changed, head of the journal (events, hash), origin
///          2 event        in order  sequence number, manifest, bytes as the journal has them
///          3 chunk        pieces before the list that names them; SHA-256 of the content (32 bytes), bytes as the store has them
///          4 observations in order  bytes as the store has them
///          5 end          once      SHA-256 of everything before this record (32 bytes)
/// </code>
/// Kinds stand in this order. Lengths and numbers of fixed size are little-endian; integers and texts inside contents as in <see cref="Physics.Numerics.RecordBytes"/>.
/// A file is input: nothing in it is believed before its hash is right, no length is allocated that is not there, and nothing of a run appears before all
/// of it has been found whole.
/// </remarks>
public static class RunArchive
{
    /// <summary>The version that this program writes and reads.</summary>
    public const int Version = 1;

    private const int UnixDiskFull = 28;                // ENOSPC;
    private const int WindowsDiskFull = unchecked((int)0x80070070);
    private const int Greatest = 1_000_000_000;         // No database takes more in one value.
    private const long FreeUnpacking = 4L << 30;        // What may be unpacked in any case;
    private const long Unpacking = 1000;                // and how often the length of the file beyond: no field is that smooth.
    private static readonly ImmutableHashSet<string> _statuses = ["running", "completed", "stopped", "failed", "limit-broken", "diverged"];

    private enum Kind : byte
    {
        Head = 1,
        Event,
        Chunk,
        Observations,
        End,
    }

    private static ReadOnlySpan<byte> Magic => "AMRA"u8;

    /// <summary>Writes the run in <paramref name="store"/> to <paramref name="file"/>, which appears when it is whole. A run that goes on meanwhile is written as it stands now.</summary>
    /// <exception cref="RunStoreException">The record is damaged, or the file cannot be written.</exception>
    public static ArchivedRun Export(RunStore store, string file)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(file);
        try
        {
            if (Path.Exists(file))
            {
                throw new RunStoreException($"There is a file '{file}' already. Remove it, or name another.");
            }

            var full = Path.GetFullPath(file);
            var draft = full + ".new";

            // Who else makes it now has it locked; what a process has left that is gone is written over.
            var to = new Writer(draft);
            try
            {
                ArchivedRun archived;
                using (to)
                {
                    archived = store.Archive(run => Write(store, run, to));
                }

                File.Move(draft, full, overwrite: false);
                return archived;
            }
            finally
            {
                File.Delete(draft);
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new RunStoreException($"The run cannot be exported to '{file}': {fault.Message} {(fault.HResult is UnixDiskFull or WindowsDiskFull ? "The disk is full: free some space there, or name a file on another." : "Name a file in a folder that exists and may be written to.")}", fault);
        }
    }

    /// <summary>The name of the run in <paramref name="file"/>, whose hash is looked at first.</summary>
    /// <exception cref="RunStoreException">The file is no exported run, is not whole, or is of a newer version.</exception>
    public static string NameIn(string file) => Guarded(file, source =>
    {
        source.Check();
        return Head.Read(source.Content(source.Next(Kind.Head))).Run;
    });

    /// <summary>Makes a run of <paramref name="file"/>, whole or not at all.</summary>
    /// <param name="database">Where to.</param>
    /// <param name="run">Its name there.</param>
    /// <param name="file">The file, which may be anything.</param>
    /// <exception cref="RunStoreException">There is a run of that name, or something is wrong with the file or the run in it.</exception>
    public static ArchivedRun Import(StoreDatabase database, string run, string file)
    {
        ArgumentNullException.ThrowIfNull(database);
        return Guarded(file, source =>
        {
            ArchivedRun? archived = null;
            source.Check();
            using var made = RunStore.MakeFrom(database, run, (connection, transaction) =>
            {
                archived = Read(database, run, source, connection, transaction);
                return archived is not null;
            });
            return made is null ? throw new RunStoreException($"There is a run '{run}' already ({database.Name}). Give another --name, or remove it with 'runs rm {run}'.") : archived!;
        });
    }

    private static T Guarded<T>(string file, Func<Source, T> read)
    {
        ArgumentNullException.ThrowIfNull(file);
        try
        {
            using var source = new Source(file);
            return read(source);
        }
        catch (InvalidDataException fault)
        {
            throw new RunStoreException($"'{file}' cannot be imported: {fault.Message}", fault);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new RunStoreException($"'{file}' cannot be read: {fault.Message}", fault);
        }
    }

    private static ArchivedRun Write(RunStore store, StoredRun from, Writer to)
    {
        var head = from.Head();
        to.Add(Kind.Head, head.Bytes());
        var origin = RunEventCodec.OriginFromText(head.Origin);
        var (history, references) = (new RunHistory(), new RunReferences(origin));
        foreach (var (sequence, entry) in from.Entries())
        {
            references.Apply(history.Apply(entry));
            if (sequence != history.Chain.Events)
            {
                throw new InvalidDataException($"Event {history.Chain.Events} of the journal has the number {sequence}.");
            }

            to.Add(Kind.Event, EventBytes(sequence, entry));
        }

        history.Chain.CheckEnd(head.Events, head.Hash);
        var written = new HashSet<string>(StringComparer.Ordinal);
        void Add(string hash, byte[] stored)
        {
            if (written.Add(hash))
            {
                to.Add(Kind.Chunk, Convert.FromHexString(hash), stored);
            }
        }

        foreach (var (hash, use) in references.Uses().OrderBy(use => use.Key, StringComparer.Ordinal))
        {
            // What would not be taken in elsewhere does not go out.
            try
            {
                var stored = from.Chunk(hash);
                foreach (var part in ChunkCodec.Parts(stored, hash, from.Chunk))
                {
                    Add(part.Hash, part.Stored);
                }

                Add(hash, stored);
            }
            catch (InvalidDataException fault)
            {
                throw new InvalidDataException($"In {use}: {fault.Message}{(use.IsSnapshot ? WayOut(store.Run, history, hash) : "")}", fault);
            }
        }

        var observations = 0L;
        foreach (var row in from.Observations())
        {
            to.Add(Kind.Observations, row);
            observations++;
        }

        var sum = to.End();
        return new ArchivedRun(store.Run, origin, history.Windows, history.End?.FinalHash ?? "", history.Chain.Events, written.Count, observations, to.Length, sum);
    }

    // Of several snapshots that share the chunk, the last one counts. What a fork began with cannot be let go.
    private static string WayOut(string run, RunHistory history, string hash)
    {
        var last = history.Snapshots.FindLastIndex(s => s.Fields == hash || s.States.Contains(hash));
        return last == 0 && history.Origin?.Begins is not null ? ""
            : history.Snapshots.Count - 1 - last is > 0 and var newer ? $" 'runs gc {run} --keep-snapshots {newer}' lets go of it."
            : $" It is the newest one, which is always kept: let the run go on ('resume {run}') until it has taken another.";
    }

    // Null where there is a run of the name.
    private static ArchivedRun? Read(StoreDatabase database, string run, Source from, DbConnection connection, DbTransaction transaction)
    {
        var head = Head.Read(from.Content(from.Next(Kind.Head)));
        if (head.Format is < 1 or > RunEventCodec.Format)
        {
            throw new InvalidDataException($"The run in it has format {head.Format}; this program reads up to {RunEventCodec.Format}. Use a newer program.");
        }

        var origin = RunEventCodec.OriginFromText(head.Origin);
        if (origin.Stage.Length > 0 && !run.EndsWith("." + origin.Stage, StringComparison.Ordinal))
        {
            throw new InvalidDataException($"The run in it is the stage '{origin.Stage}' of another; its name must end with '.{origin.Stage}', and '{run}' does not.");
        }

        var into = new StoredRun(database, run, connection, transaction);
        if (!into.Begin(head, origin.Experiment))
        {
            return null;
        }

        var history = new RunHistory();
        var references = new RunReferences(origin);
        RunEvent.RunEnded? end = null;
        while (from.Peek() == Kind.Event)
        {
            var (sequence, entry) = EventOf(from.Content(from.Next(Kind.Event)));
            var what = history.Apply(entry);
            references.Apply(what);
            end = what as RunEvent.RunEnded ?? end;
            if (sequence != history.Chain.Events)
            {
                throw new InvalidDataException($"Event {history.Chain.Events} of the journal has the number {sequence}.");
            }

            into.Append(sequence, entry, what.At);
        }

        history.Chain.CheckEnd(head.Events, head.Hash);
        if (history.Origin is { } started && RunEventCodec.OriginToText(started) != RunEventCodec.OriginToText(origin))
        {
            throw new InvalidDataException("Its first event names another origin than its head.");
        }

        if (head.Windows < 0 || head.Windows > history.Windows || head.FinalHash.Length > 0 && head.FinalHash != end?.FinalHash || head.Status == "completed" && history.End?.Outcome != Physics.Coupling.RunOutcome.Completed)
        {
            throw new InvalidDataException("Its summary says something else than its journal.");
        }

        into.SetHead(history.Chain.Events, history.Chain.HeadHash);
        var chunks = ReadChunks(from, into, references);
        var observations = 0L;
        while (from.Peek() == Kind.Observations)
        {
            into.Observe(from.Content(from.Next(Kind.Observations)));
            observations++;
        }

        return new ArchivedRun(run, origin, history.Windows, history.End?.FinalHash ?? "", history.Chain.Events, chunks, observations, from.Length, from.Sum);
    }

    private static long ReadChunks(Source from, StoredRun into, RunReferences references)
    {
        var (present, pieces) = (new HashSet<string>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal));
        var left = FreeUnpacking + (Unpacking * from.Length);
        while (from.Peek() == Kind.Chunk)
        {
            var bytes = from.Content(from.Next(Kind.Chunk)).AsSpan();
            if (bytes.Length < RunEventCodec.HashLength)
            {
                throw Damaged();
            }

            var (hash, stored) = (Convert.ToHexStringLower(bytes[..RunEventCodec.HashLength]), bytes[RunEventCodec.HashLength..].ToArray());
            if (!present.Add(hash))
            {
                throw new InvalidDataException($"It holds the chunk {hash} twice.");
            }

            foreach (var part in ChunkCodec.Parts(stored, hash, piece => present.Contains(piece) && piece != hash ? into.Chunk(piece)
                : throw new InvalidDataException($"The chunk {hash} is a list of pieces, and the piece {piece} does not stand before it.")))
            {
                if ((left -= part.Content.Length) < 0)
                {
                    throw new InvalidDataException($"Its chunks would unpack to more than {Unpacking} times its length: no run is like that.");
                }

                if (part.Hash != hash)
                {
                    pieces.Add(part.Hash);
                }
            }

            into.Keep(hash, stored);
        }

        var wanted = references.Hashes;
        return wanted.FirstOrDefault(hash => !present.Contains(hash)) is { } missing ? throw new InvalidDataException($"The chunk {missing}, which the run refers to, is missing.")
            : present.FirstOrDefault(hash => !wanted.Contains(hash) && !pieces.Contains(hash)) is { } stranger ? throw new InvalidDataException($"It holds the chunk {stranger}, which the run does not refer to.")
            : present.Count;
    }

    private static byte[] EventBytes(long sequence, JournalEntry entry)
    {
        var bytes = new ArrayBufferWriter<byte>(entry.Payload.Length + 16);
        WriteInteger(bytes, sequence);
        WriteText(bytes, entry.Manifest);
        bytes.Write(entry.Payload);
        return bytes.WrittenSpan.ToArray();
    }

    private static (long Sequence, JournalEntry Entry) EventOf(ReadOnlySpan<byte> from)
    {
        var sequence = ReadInteger(ref from);
        var manifest = ReadText(ref from);
        return (sequence, new JournalEntry(manifest, from.ToArray()));
    }

    /// <summary>The row of a run, as texts and numbers.</summary>
    internal sealed record Head(long Format, string Run, string Status, long Windows, string FinalHash, string Started, string Changed, long Events, string Hash, string Origin)
    {
        public byte[] Bytes()
        {
            var to = new ArrayBufferWriter<byte>();
            WriteInteger(to, Format);
            foreach (var text in new[] { Run, Status })
            {
                WriteText(to, text);
            }

            WriteInteger(to, Windows);
            foreach (var text in new[] { FinalHash, Started, Changed })
            {
                WriteText(to, text);
            }

            WriteInteger(to, Events);
            WriteText(to, Hash);
            WriteText(to, Origin);
            return to.WrittenSpan.ToArray();
        }

        public static Head Read(ReadOnlySpan<byte> from)
        {
            var head = new Head(ReadInteger(ref from), ReadText(ref from), ReadText(ref from), ReadInteger(ref from), ReadText(ref from), ReadText(ref from), ReadText(ref from),
                ReadInteger(ref from), ReadText(ref from), ReadText(ref from));
            return !from.IsEmpty ? throw Damaged()
                : !_statuses.Contains(head.Status) ? throw new InvalidDataException("The run in it has a status that there is not.")
                : !IsTime(head.Started) || !IsTime(head.Changed) ? throw new InvalidDataException("The run in it was started or changed at no time that is one.")
                : head;
        }

        private static bool IsTime(string text) => DateTimeOffset.TryParseExact(text, "O", CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out _);
    }

    private sealed class Writer(string path) : IDisposable
    {
        private readonly FileStream _file = new(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 16);
        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private bool _isBegun;

        public long Length => _file.Length;

        public void Add(Kind kind, params ReadOnlySpan<byte[]> parts)
        {
            if (!_isBegun)
            {
                Span<byte> begin = stackalloc byte[8];
                Magic.CopyTo(begin);
                BinaryPrimitives.WriteInt32LittleEndian(begin[4..], Version);
                Put(begin);
                _isBegun = true;
            }

            var length = 0L;
            foreach (var part in parts)
            {
                length += part.Length;
            }

            PutFrame(kind, length);
            foreach (var part in parts)
            {
                Put(part);
            }
        }

        public string End()
        {
            var sum = _hash.GetHashAndReset();
            PutFrame(Kind.End, sum.Length);
            Put(sum);
            _file.Flush(flushToDisk: true);
            return Convert.ToHexStringLower(sum);
        }

        public void Dispose()
        {
            _file.Dispose();
            _hash.Dispose();
        }

        private void PutFrame(Kind kind, long length)
        {
            Span<byte> frame = stackalloc byte[Source.FrameLength];
            frame[0] = (byte)kind;
            BinaryPrimitives.WriteInt64LittleEndian(frame[1..], length);
            Put(frame);
        }

        private void Put(ReadOnlySpan<byte> bytes)
        {
            _file.Write(bytes);
            _hash.AppendData(bytes);
        }
    }

    // Reads what is there, and allocates no more than that.
    private sealed class Source : IDisposable
    {
        public const int FrameLength = 9;
        private const int BeginLength = 8;
        private readonly FileStream _file;
        private (Kind Kind, long Length)? _next;

        public Source(string path)
        {
            _file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);
            Length = _file.CanSeek ? _file.Length : throw new InvalidDataException("It is no file that can be read twice.");
        }

        public long Length { get; }

        public string Sum { get; private set; } = "";

        /// <summary>Looks at everything once: kinds in order, lengths that are there, and the hash at the end. Then stands at the first record.</summary>
        public void Check()
        {
            Span<byte> begin = stackalloc byte[BeginLength];
            if (Length < BeginLength || Fill(begin) is false || !begin.StartsWith(Magic))
            {
                throw new InvalidDataException("It is no exported run. 'runs export RUN FILE' makes one.");
            }

            if (BinaryPrimitives.ReadInt32LittleEndian(begin[4..]) is var version && version != Version)
            {
                throw new InvalidDataException($"It has version {version}; this program reads {Version}. {(version > Version ? "A newer program wrote it: use that one." : "It is damaged.")}");
            }

            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            hash.AppendData(begin);
            var buffer = new byte[1 << 16];
            Span<byte> frame = stackalloc byte[FrameLength];
            var last = (Kind)0;
            while (last != Kind.End)
            {
                var (kind, length) = Frame(frame);
                if (last == 0 ? kind != Kind.Head : kind < last || kind == Kind.Head)
                {
                    throw new InvalidDataException($"It has a record of the kind {(int)kind} where none may be.");
                }

                last = kind;
                if (kind == Kind.End)
                {
                    break;
                }

                hash.AppendData(frame);
                for (var left = length; left > 0;)
                {
                    var part = buffer.AsSpan(0, (int)Math.Min(left, buffer.Length));
                    Fill(part);
                    hash.AppendData(part);
                    left -= part.Length;
                }
            }

            Span<byte> sum = stackalloc byte[RunEventCodec.HashLength];
            if (Length - _file.Position != sum.Length || !Fill(sum) || !sum.SequenceEqual(hash.GetHashAndReset()))
            {
                throw new InvalidDataException("It is damaged or not whole: the hash at its end is not that of what stands before it.");
            }

            Sum = Convert.ToHexStringLower(sum);
            _file.Position = BeginLength;
        }

        public Kind Peek() => (_next ??= Frame(stackalloc byte[FrameLength])).Kind;

        public long Next(Kind kind)
        {
            if (Peek() != kind)
            {
                throw Damaged();
            }

            var length = _next!.Value.Length;
            _next = null;
            return length;
        }

        public byte[] Content(long length)
        {
            var content = length <= Greatest ? new byte[length] : throw Damaged();
            return Fill(content) ? content : throw Damaged();
        }

        public void Dispose() => _file.Dispose();

        private (Kind Kind, long Length) Frame(Span<byte> frame)
        {
            if (!Fill(frame))
            {
                throw new InvalidDataException("It is not whole: it ends in the midst of a record.");
            }

            var length = BinaryPrimitives.ReadInt64LittleEndian(frame[1..]);
            return frame[0] is < (byte)Kind.Head or > (byte)Kind.End ? throw new InvalidDataException($"It has a record of the kind {frame[0]}, which there is not.")
                : length < 0 || length > Length - _file.Position ? throw new InvalidDataException($"It has a record that says it holds {length} bytes, and fewer are left.")
                : ((Kind)frame[0], length);
        }

        private bool Fill(Span<byte> bytes)
        {
            try
            {
                return _file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false) == bytes.Length;
            }
            catch (IOException fault)
            {
                throw new InvalidDataException($"It cannot be read on: {fault.Message}", fault);     // Not to be taken for a fault of the store.
            }
        }
    }
}
