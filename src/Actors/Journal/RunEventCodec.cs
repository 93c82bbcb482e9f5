using System.Buffers;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ActorMultiscale.Actors.Journal;

/// <summary>
/// Events to bytes and back. The manifest names kind and version; only kinds listed here are ever made, whatever the bytes say.
/// </summary>
/// <remarks>
/// Version 2, the one that is written: SHA-256 of all that follows (32 bytes), SHA-256 of the event before (32 bytes, zeros for the
/// first), content. The content of windows is binary (<see cref="WindowBatch"/>), that of the rare events JSON. An event thus proves
/// itself, the last one too, and the database can keep the hash of the last one without computing it.
/// The format of a whole run has a number of its own: 3 since chunks are compressed (<see cref="ChunkCodec"/>), 4 since fields are recorded and a snapshot, which may lie
/// before an earlier one, says where the journal is to be read from (<see cref="JournalMark"/>); events are those of 2 and one more. 5 since a snapshot has the states of the members of a team one by one
/// (<see cref="SnapshotReference.Members"/>).
/// Version 1, which is still read: JSON, with the hash of the event before, in hex, as a member; its own hash is over all of it.
/// </remarks>
public static class RunEventCodec
{
    /// <summary>The newest format of a run that this program writes and reads.</summary>
    public const int Format = 5;

    /// <summary>Length of a hash, in bytes.</summary>
    internal const int HashLength = SHA256.HashSizeInBytes;

    private static readonly RunEventJson _json = new(new JsonSerializerOptions
    {
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        MaxDepth = 16,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    });

    /// <summary>The bytes of an event with its manifest.</summary>
    public static JournalEntry Encode(RunEvent what) => what switch
    {
        RunEvent.WindowsCommitted e => Sealed("WC2", e.Previous, to => WindowBatch.Write(to, e.At, e.Windows.AsSpan())),
        RunEvent.RunStarted e => Sealed("RS2", e.Previous, to => to.Write(JsonSerializer.SerializeToUtf8Bytes(e with { Previous = "" }, _json.RunStarted))),
        RunEvent.CoordinatorStarted e => Sealed("CS2", e.Previous, to => to.Write(JsonSerializer.SerializeToUtf8Bytes(e with { Previous = "" }, _json.CoordinatorStarted))),
        RunEvent.SnapshotTaken e => Sealed("ST2", e.Previous, to => to.Write(JsonSerializer.SerializeToUtf8Bytes(e with { Previous = "" }, _json.SnapshotTaken))),
        RunEvent.FieldsRecorded e => Sealed("FR2", e.Previous, to => to.Write(JsonSerializer.SerializeToUtf8Bytes(e with { Previous = "" }, _json.FieldsRecorded))),
        RunEvent.SnapshotsReleased e => Sealed("SR2", e.Previous, to => to.Write(JsonSerializer.SerializeToUtf8Bytes(e with { Previous = "" }, _json.SnapshotsReleased))),
        RunEvent.Noted e => Sealed("NO2", e.Previous, to => to.Write(JsonSerializer.SerializeToUtf8Bytes(e with { Previous = "" }, _json.Noted))),
        RunEvent.RunEnded e => Sealed("RE2", e.Previous, to => to.Write(JsonSerializer.SerializeToUtf8Bytes(e with { Previous = "" }, _json.RunEnded))),
        _ => throw new InvalidOperationException($"The journal knows no event {what?.GetType().Name}."),
    };

    /// <summary>The event of an entry.</summary>
    /// <exception cref="InvalidDataException">The entry is of a newer format, or its bytes are damaged.</exception>
    public static RunEvent Decode(JournalEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        try
        {
            var what = entry.Manifest switch
            {
                "WC2" => Windows(Content(entry)),
                "RS2" => JsonSerializer.Deserialize(Content(entry), _json.RunStarted),
                "CS2" => JsonSerializer.Deserialize(Content(entry), _json.CoordinatorStarted),
                "ST2" => JsonSerializer.Deserialize(Content(entry), _json.SnapshotTaken),
                "FR2" => JsonSerializer.Deserialize(Content(entry), _json.FieldsRecorded),
                "SR2" => JsonSerializer.Deserialize(Content(entry), _json.SnapshotsReleased),
                "NO2" => JsonSerializer.Deserialize(Content(entry), _json.Noted),
                "RE2" => JsonSerializer.Deserialize(Content(entry), _json.RunEnded),
                "RS1" => JsonSerializer.Deserialize(entry.Payload, _json.RunStarted),
                "CS1" => JsonSerializer.Deserialize(entry.Payload, _json.CoordinatorStarted),
                "WC1" => JsonSerializer.Deserialize(entry.Payload, _json.WindowsCommitted),
                "ST1" => JsonSerializer.Deserialize(entry.Payload, _json.SnapshotTaken),
                "NO1" => JsonSerializer.Deserialize(entry.Payload, _json.Noted),
                "RE1" => (RunEvent?)JsonSerializer.Deserialize(entry.Payload, _json.RunEnded),
                _ => throw new InvalidDataException($"The journal holds an event of kind '{entry.Manifest}', which this program does not know; a newer one wrote it."),
            };
            return what is null || !IsWhole(what) ? throw new InvalidDataException($"The journal holds an event of kind '{entry.Manifest}' without all that belongs to it.")
                : IsSealed(entry) ? what with { Previous = PreviousOf(entry) }
                : what;
        }
        catch (JsonException fault)
        {
            throw new InvalidDataException($"An event of kind '{entry.Manifest}' cannot be read: {fault.Message}", fault);
        }
    }

    // What the reader of JSON does not look at: lists that are not there, items of lists that are null, and numbers that count nothing.
    private static bool IsWhole(RunEvent what) => what switch
    {
        RunEvent.RunStarted e => IsWhole(e.Origin),
        RunEvent.WindowsCommitted e => !e.Windows.IsDefault && e.Windows.All(w => w is { Residuals.IsDefault: false, Fingerprints.IsDefault: false }),
        RunEvent.SnapshotTaken e => IsWhole(e.Snapshot),
        RunEvent.FieldsRecorded e => !e.Fields.IsDefaultOrEmpty && e.Fields.All(fields => fields is { First: >= 0, Windows: > 0, Bytes: >= 0, Chunk: not null }),
        RunEvent.SnapshotsReleased e => !e.Windows.IsDefault,
        _ => true,
    };

    private static bool IsWhole(RunOrigin origin) => origin.Overrides.All(change => change is not null)
        && origin.Inputs.Concat(origin.Libraries).Concat(origin.Carried).All(input => input is not null) && (origin.Begins is null || IsWhole(origin.Begins));

    private static bool IsWhole(SnapshotReference snapshot) => !snapshot.States.IsDefault && snapshot.States.All(state => state is not null)
        && (snapshot.Members.IsEmpty || (snapshot.Members.All(members => members > 0) && snapshot.Members.Sum(members => (long)members) == snapshot.States.Length));

    /// <summary>A hash of what a run was started from, in hexadecimal.</summary>
    public static string HashOf(RunOrigin origin) => HashOf(Encode(new RunEvent.RunStarted { At = DateTimeOffset.UnixEpoch, Origin = origin }));

    /// <summary>The hash of an entry, hex: what the event after it carries.</summary>
    public static string HashOf(JournalEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return IsSealed(entry) ? Convert.ToHexStringLower(entry.Payload.AsSpan(0, HashLength)) : Hash(entry.Payload);
    }

    // All of version 1 are listed in Decode; whatever it does not know it has refused before this is asked.
    private static bool IsSealed(JournalEntry entry) => entry.Manifest.EndsWith('2');

    private static JournalEntry Sealed(string manifest, string previous, Action<ArrayBufferWriter<byte>> write)
    {
        var payload = new ArrayBufferWriter<byte>(1024);
        var head = payload.GetSpan(2 * HashLength)[..(2 * HashLength)];
        head.Clear();
        if (previous.Length > 0)
        {
            Convert.FromHexString(previous).CopyTo(head[HashLength..]);
        }

        payload.Advance(2 * HashLength);
        write(payload);
        var bytes = payload.WrittenSpan.ToArray();
        SHA256.HashData(bytes.AsSpan(HashLength), bytes);
        return new JournalEntry(manifest, bytes);
    }

    private static ReadOnlySpan<byte> Content(JournalEntry entry)
    {
        var bytes = entry.Payload.AsSpan();
        Span<byte> hash = stackalloc byte[HashLength];
        if (bytes.Length < 2 * HashLength || SHA256.HashData(bytes[HashLength..], hash) != HashLength || !hash.SequenceEqual(bytes[..HashLength]))
        {
            throw new InvalidDataException($"An event of kind '{entry.Manifest}' is changed or cut off: its bytes have another hash than they say.");
        }

        return bytes[(2 * HashLength)..];
    }

    private static string PreviousOf(JournalEntry entry)
    {
        var previous = entry.Payload.AsSpan(HashLength, HashLength);
        return previous.ContainsAnyExcept((byte)0) ? Convert.ToHexStringLower(previous) : "";
    }

    private static RunEvent.WindowsCommitted Windows(ReadOnlySpan<byte> content)
    {
        var (at, windows) = WindowBatch.Read(content);
        return new RunEvent.WindowsCommitted { At = at, Windows = windows };
    }

    /// <summary>An origin as text.</summary>
    public static string OriginToText(RunOrigin origin) => JsonSerializer.Serialize(origin, _json.RunOrigin);

    /// <summary>The origin of a text.</summary>
    /// <exception cref="InvalidDataException">The text is damaged.</exception>
    public static RunOrigin OriginFromText(string text)
    {
        try
        {
            return JsonSerializer.Deserialize(text, _json.RunOrigin) is { } origin && IsWhole(origin) ? origin : throw new InvalidDataException("The origin of the run is empty, or lacks something.");
        }
        catch (JsonException fault)
        {
            throw new InvalidDataException($"The origin of the run cannot be read: {fault.Message}", fault);
        }
    }

    /// <summary>SHA-256 of bytes, hex.</summary>
    public static string Hash(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));
}

/// <summary>An event as the journal stores it.</summary>
/// <param name="Manifest">Kind and version.</param>
/// <param name="Payload">The bytes.</param>
public sealed record JournalEntry(string Manifest, byte[] Payload);

[JsonSerializable(typeof(RunEvent.RunStarted))]
[JsonSerializable(typeof(RunEvent.CoordinatorStarted))]
[JsonSerializable(typeof(RunEvent.WindowsCommitted))]
[JsonSerializable(typeof(RunEvent.SnapshotTaken))]
[JsonSerializable(typeof(RunEvent.FieldsRecorded))]
[JsonSerializable(typeof(RunEvent.SnapshotsReleased))]
[JsonSerializable(typeof(RunEvent.Noted))]
[JsonSerializable(typeof(RunEvent.RunEnded))]
[JsonSerializable(typeof(RunOrigin))]
internal sealed partial class RunEventJson : JsonSerializerContext;
