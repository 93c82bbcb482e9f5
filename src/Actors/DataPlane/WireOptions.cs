using System.Collections.Immutable;
using System.Security.Cryptography.X509Certificates;

namespace ActorMultiscale.Actors.DataPlane;

/// <summary>When the bytes of a field are compressed.</summary>
internal enum WireCompression
{
    /// <summary>Where a sample of the field and the measured speed of the link say that it arrives sooner.</summary>
    Measured,

    /// <summary>Never.</summary>
    Never,

    /// <summary>Whenever a chunk gets smaller by it.</summary>
    Always,
}

/// <summary>Who this process is, in which run, and how its links behave. Both ends of a link have the same options but for the site.</summary>
internal sealed record WireOptions
{
    /// <summary>How long a token is, bytes.</summary>
    public const int TokenLength = 16;

    /// <summary>The name of the run, for counts.</summary>
    public string Run { get; init; } = "";

    /// <summary>The number of this process among those of the run, from 0.</summary>
    public required int Site { get; init; }

    /// <summary>The secret that all processes of this incarnation of the run share, 16 bytes. Without certificates it crosses the network as it is.</summary>
    public required ImmutableArray<byte> Token { get; init; }

    /// <summary>The epoch of the run: a process of an older one is refused.</summary>
    public required long Epoch { get; init; }

    /// <summary>The version of the program, at most 255 bytes of UTF-8: both ends have the same.</summary>
    public required string Program { get; init; }

    /// <summary>A link over which nothing was heard for so long is closed.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>After so long without anything to send, a sign of life is sent.</summary>
    public TimeSpan Beat { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>So long a peer may take to connect and to say who it is.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>
    /// How many bytes of fields each peer may have sent that this process has not released (<see cref="WireField.Release"/>). A field that alone is greater comes when all
    /// others have been released.
    /// </summary>
    public long FieldBudget { get; init; } = 256L << 20;

    /// <summary>How many bytes of messages may wait for a peer that does not take them; with more the link is closed.</summary>
    public int MessageBacklog { get; init; } = 64 << 20;

    /// <summary>How many bytes of a field go at a time: a multiple of 8, at most 1 MB.</summary>
    public int Chunk { get; init; } = 512 << 10;

    /// <summary>When the bytes of a field are compressed.</summary>
    public WireCompression Compression { get; init; } = WireCompression.Measured;

    /// <summary>With what both ends prove who they are, and encrypt; null for plain connections.</summary>
    public WireCertificates? Certificates { get; init; }

    /// <summary>Refuses options without sense, all faults at once.</summary>
    /// <exception cref="ArgumentException">With a sentence for each fault.</exception>
    public void Check()
    {
        List<string> faults = [];
        void Require(bool holds, string sentence)
        {
            if (!holds)
            {
                faults.Add(sentence);
            }
        }

        Require(Site >= 0, $"The site is {Site}; sites count from 0.");
        Require(!Token.IsDefault && Token.Length == TokenLength, $"The token has {(Token.IsDefault ? 0 : Token.Length)} bytes instead of {TokenLength}.");
        Require(System.Text.Encoding.UTF8.GetByteCount(Program) <= byte.MaxValue, $"The version of the program has more than {byte.MaxValue} bytes.");
        Require(Beat > TimeSpan.Zero && Silence >= 2 * Beat, $"Links that close after {Silence} of silence need a sign of life at least twice as often, not every {Beat}.");
        Require(Patience > TimeSpan.Zero, $"A patience of {Patience} refuses everybody.");
        Require(FieldBudget > 0, $"A budget of {FieldBudget} bytes lets no field through.");
        Require(MessageBacklog >= FrameHead.LongestMessage, $"A backlog of {MessageBacklog} bytes does not hold a message of {FrameHead.LongestMessage}.");
        Require(Chunk is >= 8 and <= FrameHead.LongestChunk && Chunk % 8 == 0, $"A chunk has a multiple of 8 bytes from 8 to {FrameHead.LongestChunk}, not {Chunk}.");
        Require(Certificates is null || Certificates.Own.HasPrivateKey, "The certificate of this process comes without its private key.");
        if (faults.Count > 0)
        {
            throw new ArgumentException(string.Join(' ', faults));
        }
    }
}

/// <summary>The certificates of a process.</summary>
/// <param name="Own">Its own, with the private key.</param>
/// <param name="Authority">The one that has signed those of all processes of the run; no other is trusted.</param>
internal sealed record WireCertificates(X509Certificate2 Own, X509Certificate2 Authority);
