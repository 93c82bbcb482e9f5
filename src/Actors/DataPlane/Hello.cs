using System.Buffers.Binary;
using System.Collections.Immutable;
using System.IO.Hashing;
using System.Security.Cryptography;
using System.Text;

namespace ActorMultiscale.Actors.DataPlane;

/// <summary>With what a process introduces each connection that it opens.</summary>
/// <remarks>
/// <code>
/// hello = "AMWIRE\r\n", version of the protocol (2), lane (1), length of the version of the program (1), site (4), site that is meant (4), epoch (8), token (16), link (16), budget for fields (8),
///         version of the program, XxHash3 of all before (8)
/// </code>
/// The end of a line within the mark finds connections that change ends of lines. What stands before the lane never changes, so that versions can tell each other apart.
/// </remarks>
/// <param name="IsOfFields">Whether the connection is the lane of fields; or that of messages.</param>
/// <param name="Site">Who opens it.</param>
/// <param name="To">Whom it believes to reach.</param>
/// <param name="Epoch">The epoch of the run.</param>
/// <param name="Token">The secret of the run.</param>
/// <param name="Link">Says which two connections belong together.</param>
/// <param name="Budget">How many bytes of fields the sender of the hello takes before it has released some.</param>
/// <param name="Program">The version of the program.</param>
internal sealed record Hello(bool IsOfFields, int Site, int To, long Epoch, ImmutableArray<byte> Token, Guid Link, long Budget, string Program)
{
    /// <summary>With what both a hello and an answer begin.</summary>
    public static ReadOnlySpan<byte> Mark => "AMWIRE\r\n"u8;

    /// <summary>The version of the protocol.</summary>
    public const ushort Protocol = 1;

    private const int Fixed = 72;

    /// <summary>The bytes of the hello.</summary>
    public byte[] ToBytes()
    {
        var program = Encoding.UTF8.GetBytes(Program);
        var bytes = new byte[Fixed + program.Length + sizeof(ulong)];
        Mark.CopyTo(bytes);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(8), Protocol);
        bytes[10] = (byte)(IsOfFields ? 1 : 0);
        bytes[11] = (byte)program.Length;
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(12), Site);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(16), To);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(20), Epoch);
        Token.CopyTo(bytes, 28);
        Link.TryWriteBytes(bytes.AsSpan(44));
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(60), Budget);
        program.CopyTo(bytes, Fixed);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(Fixed + program.Length), XxHash3.HashToUInt64(bytes.AsSpan(0, Fixed + program.Length)));
        return bytes;
    }

    /// <summary>Reads a hello.</summary>
    /// <exception cref="InvalidDataException">It is none.</exception>
    /// <exception cref="IOException">The connection broke.</exception>
    public static Hello Read(Stream stream)
    {
        var bytes = new byte[Fixed + byte.MaxValue + sizeof(ulong)];
        stream.ReadExactly(bytes, 0, Mark.Length);
        if (!bytes.AsSpan().StartsWith(Mark))
        {
            throw new InvalidDataException("It speaks another protocol: what it sent first is not the mark of this one.");
        }

        stream.ReadExactly(bytes, Mark.Length, 2);
        if (BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(8)) is var version and not Protocol)
        {
            throw new InvalidDataException($"It speaks version {version} of the protocol, and this process version {Protocol}: both must run the same program.");
        }

        stream.ReadExactly(bytes, 10, Fixed - 10);
        var end = Fixed + bytes[11];
        stream.ReadExactly(bytes, Fixed, end + sizeof(ulong) - Fixed);
        if (BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(end)) != XxHash3.HashToUInt64(bytes.AsSpan(0, end)) || bytes[10] > 1)
        {
            throw new InvalidDataException("Its hello is damaged: the checksum is another.");
        }

        return new Hello(bytes[10] == 1, BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(12)), BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(16)), BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(20)),
            [.. bytes[28..44]], new Guid(bytes.AsSpan(44, 16)), BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(60)), Encoding.UTF8.GetString(bytes, Fixed, end - Fixed));
    }

    /// <summary>Why a process with <paramref name="options"/> refuses it; null where it does not. Nothing is told to who does not know the token.</summary>
    public string? Refusal(WireOptions options) => this switch
    {
        _ when !CryptographicOperations.FixedTimeEquals(Token.AsSpan(), options.Token.AsSpan()) => "Its token is not that of this run: it belongs to another run, or to an earlier start of this one.",
        _ when Epoch != options.Epoch => $"It is of epoch {Epoch} of the run, and this process of {options.Epoch}.",
        _ when Program != options.Program => $"It runs version '{Program}' of the program, and this process '{options.Program}'.",
        _ when To != options.Site => $"It looks for site {To}, and this is site {options.Site}.",
        _ when Site < 0 || Site == options.Site => $"It says to be site {Site}, and so it cannot connect to site {options.Site}.",
        _ when Budget <= 0 => $"It takes {Budget} bytes of fields.",
        _ => null,
    };
}

/// <summary>What a process answers to a hello.</summary>
/// <remarks>
/// <code>
/// answer = "AMWIRE\r\n", version of the protocol (2), length of the reason (2), site (4), budget for fields (8), reason (UTF-8; empty where it is accepted), XxHash3 of all before (8)
/// </code>
/// </remarks>
/// <param name="Site">Who answers.</param>
/// <param name="Budget">How many bytes of fields it takes before it has released some.</param>
/// <param name="Reason">Why the connection is refused; empty where it is not.</param>
internal sealed record Answer(int Site, long Budget, string Reason)
{
    private const int Fixed = 24;

    /// <summary>The bytes of the answer.</summary>
    public byte[] ToBytes()
    {
        var reason = Encoding.UTF8.GetBytes(Reason);
        var bytes = new byte[Fixed + reason.Length + sizeof(ulong)];
        Hello.Mark.CopyTo(bytes);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(8), Hello.Protocol);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(10), checked((ushort)reason.Length));
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(12), Site);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(16), Budget);
        reason.CopyTo(bytes, Fixed);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(Fixed + reason.Length), XxHash3.HashToUInt64(bytes.AsSpan(0, Fixed + reason.Length)));
        return bytes;
    }

    /// <summary>Reads an answer.</summary>
    /// <exception cref="InvalidDataException">It is none.</exception>
    /// <exception cref="IOException">The connection broke.</exception>
    public static Answer Read(Stream stream)
    {
        var head = new byte[Fixed];
        stream.ReadExactly(head, 0, Hello.Mark.Length);
        if (!head.AsSpan().StartsWith(Hello.Mark))
        {
            throw new InvalidDataException("What answers there speaks another protocol.");
        }

        stream.ReadExactly(head, Hello.Mark.Length, Fixed - Hello.Mark.Length);
        byte[] bytes = [.. head, .. new byte[BinaryPrimitives.ReadUInt16LittleEndian(head.AsSpan(10)) + sizeof(ulong)]];
        stream.ReadExactly(bytes, Fixed, bytes.Length - Fixed);
        var end = bytes.Length - sizeof(ulong);
        return BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(end)) == XxHash3.HashToUInt64(bytes.AsSpan(0, end))
            ? new Answer(BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(12)), BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(16)), Encoding.UTF8.GetString(bytes, Fixed, end - Fixed))
            : throw new InvalidDataException("The answer is damaged: its checksum is another.");
    }
}
