using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ActorMultiscale.Actors.Journal;

/// <summary>
/// Events to bytes and back. The manifest names kind and version; only kinds listed here are ever made, whatever the bytes say.
/// </summary>
public static class RunEventCodec
{
    /// <summary>The newest format of a run that this program writes and reads.</summary>
    public const int Format = 1;

    private static readonly RunEventJson _json = new(new JsonSerializerOptions
    {
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        MaxDepth = 16,
    });

    /// <summary>The bytes of an event with its manifest.</summary>
    public static JournalEntry Encode(RunEvent what) => what switch
    {
        RunEvent.RunStarted e => new("RS1", JsonSerializer.SerializeToUtf8Bytes(e, _json.RunStarted)),
        RunEvent.CoordinatorStarted e => new("CS1", JsonSerializer.SerializeToUtf8Bytes(e, _json.CoordinatorStarted)),
        RunEvent.WindowsCommitted e => new("WC1", JsonSerializer.SerializeToUtf8Bytes(e, _json.WindowsCommitted)),
        RunEvent.SnapshotTaken e => new("ST1", JsonSerializer.SerializeToUtf8Bytes(e, _json.SnapshotTaken)),
        RunEvent.Noted e => new("NO1", JsonSerializer.SerializeToUtf8Bytes(e, _json.Noted)),
        RunEvent.RunEnded e => new("RE1", JsonSerializer.SerializeToUtf8Bytes(e, _json.RunEnded)),
        _ => throw new InvalidOperationException($"The journal knows no event {what?.GetType().Name}."),
    };

    /// <summary>The event of an entry.</summary>
    /// <exception cref="InvalidDataException">The entry is of a newer format, or its bytes are damaged.</exception>
    public static RunEvent Decode(JournalEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        try
        {
            RunEvent? what = entry.Manifest switch
            {
                "RS1" => JsonSerializer.Deserialize(entry.Payload, _json.RunStarted),
                "CS1" => JsonSerializer.Deserialize(entry.Payload, _json.CoordinatorStarted),
                "WC1" => JsonSerializer.Deserialize(entry.Payload, _json.WindowsCommitted),
                "ST1" => JsonSerializer.Deserialize(entry.Payload, _json.SnapshotTaken),
                "NO1" => JsonSerializer.Deserialize(entry.Payload, _json.Noted),
                "RE1" => JsonSerializer.Deserialize(entry.Payload, _json.RunEnded),
                _ => throw new InvalidDataException($"The journal holds an event of kind '{entry.Manifest}', which this program does not know; a newer one wrote it."),
            };
            return what ?? throw new InvalidDataException($"The journal holds an empty event of kind '{entry.Manifest}'.");
        }
        catch (JsonException fault)
        {
            throw new InvalidDataException($"An event of kind '{entry.Manifest}' cannot be read: {fault.Message}", fault);
        }
    }

    /// <summary>An origin as text.</summary>
    public static string OriginToText(RunOrigin origin) => JsonSerializer.Serialize(origin, _json.RunOrigin);

    /// <summary>The origin of a text.</summary>
    /// <exception cref="InvalidDataException">The text is damaged.</exception>
    public static RunOrigin OriginFromText(string text)
    {
        try
        {
            return JsonSerializer.Deserialize(text, _json.RunOrigin) ?? throw new InvalidDataException("The origin of the run is empty.");
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
[JsonSerializable(typeof(RunEvent.Noted))]
[JsonSerializable(typeof(RunEvent.RunEnded))]
[JsonSerializable(typeof(RunOrigin))]
internal sealed partial class RunEventJson : JsonSerializerContext;
