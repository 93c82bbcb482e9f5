using System.Buffers;
using System.Collections.Frozen;
using System.Collections.Immutable;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Actors.Cluster;

/// <summary>A message between nodes. Each kind stands in <see cref="ControlCodec.Kinds"/>; nothing else leaves a node or is made of what comes in.</summary>
public interface IControlMessage;

/// <summary>Writes the parts of a control message: integers as varints, text as length and UTF-8 (<see cref="RecordBytes"/>).</summary>
public sealed class ControlWriter
{
    private readonly ArrayBufferWriter<byte> _to = new(256);

    /// <summary>What was written.</summary>
    public byte[] ToArray() => _to.WrittenSpan.ToArray();

    /// <summary>Writes an integer.</summary>
    public void Integer(long value) => RecordBytes.WriteInteger(_to, value);

    /// <summary>Writes a number, bit by bit.</summary>
    public void Number(double value) => RecordBytes.WriteNumber(_to, value);

    /// <summary>Writes yes or no.</summary>
    public void Flag(bool value) => RecordBytes.WriteInteger(_to, value ? 1 : 0);

    /// <summary>Writes a text.</summary>
    /// <exception cref="InvalidDataException">It is longer than <paramref name="most"/> letters: the other side would refuse it.</exception>
    public void Text(string text, int most = ControlCodec.LongestText)
    {
        ArgumentNullException.ThrowIfNull(text);
        RecordBytes.WriteText(_to, text.Length <= most ? text : throw new InvalidDataException($"A text of {text.Length} letters is too long for a message between nodes, which holds {most}."));
    }

    /// <summary>Writes the length of a list and its items.</summary>
    /// <exception cref="InvalidDataException">There are more than <paramref name="most"/>.</exception>
    public void List<T>(ImmutableArray<T> items, Action<ControlWriter, T> write, int most = ControlCodec.LongestList)
    {
        ArgumentNullException.ThrowIfNull(write);
        RecordBytes.WriteInteger(_to, items.Length <= most ? items.Length : throw new InvalidDataException($"A list of {items.Length} items is too long for a message between nodes, which holds {most}."));
        foreach (var item in items)
        {
            write(this, item);
        }
    }
}

/// <summary>Reads what <see cref="ControlWriter"/> wrote. No length is believed: each has a bound, and bytes that are not there are not allocated.</summary>
public ref struct ControlReader
{
    private ReadOnlySpan<byte> _from;

    /// <summary>Reads from <paramref name="from"/>.</summary>
    public ControlReader(ReadOnlySpan<byte> from) => _from = from;

    /// <summary>How many bytes are left.</summary>
    public readonly int Left => _from.Length;

    /// <summary>Reads an integer.</summary>
    /// <exception cref="InvalidDataException">There is none, or it lies outside of <paramref name="least"/> … <paramref name="most"/>.</exception>
    public long Integer(long least = long.MinValue, long most = long.MaxValue) => RecordBytes.ReadInteger(ref _from) is var value && value >= least && value <= most ? value : throw RecordBytes.Damaged();

    /// <summary>Reads a number.</summary>
    /// <exception cref="InvalidDataException">There is none, or it is not finite.</exception>
    public double Number() => RecordBytes.ReadNumber(ref _from) is var value && double.IsFinite(value) ? value : throw RecordBytes.Damaged();

    /// <summary>Reads yes or no.</summary>
    /// <exception cref="InvalidDataException">It is neither.</exception>
    public bool Flag() => Integer(0, 1) == 1;

    /// <summary>Reads a text.</summary>
    /// <exception cref="InvalidDataException">There is none, or it is longer than <paramref name="most"/> letters.</exception>
    public string Text(int most = ControlCodec.LongestText)
    {
        // A letter takes at most three bytes of UTF-8 for each UTF-16 unit.
        var length = (int)Integer(0, 3L * most);
        var text = System.Text.Encoding.UTF8.GetString(RecordBytes.Take(ref _from, length));
        return text.Length <= most ? text : throw RecordBytes.Damaged();
    }

    /// <summary>Reads a list.</summary>
    /// <exception cref="InvalidDataException">It has more than <paramref name="most"/> items, or they are not there.</exception>
    public ImmutableArray<T> List<T>(ReadControl<T> read, int most = ControlCodec.LongestList)
    {
        ArgumentNullException.ThrowIfNull(read);

        // An item takes a byte at least.
        var count = (int)Integer(0, Math.Min(most, _from.Length));
        var items = ImmutableArray.CreateBuilder<T>(Math.Min(count, 16));
        for (var i = 0; i < count; i++)
        {
            items.Add(read(ref this));
        }

        return items.ToImmutable();
    }
}

/// <summary>Reads one value.</summary>
public delegate T ReadControl<out T>(ref ControlReader from);

/// <summary>A kind of control message: its manifest, two or three letters and a version, and how it stands in bytes.</summary>
public abstract class ControlKind(string manifest, Type type)
{
    /// <summary>Names kind and version. A message that changes gets the next version; the old one may stay beside it.</summary>
    public string Manifest { get; } = manifest;

    /// <summary>What is made of the bytes.</summary>
    public Type Type { get; } = type;

    internal abstract void Write(ControlWriter to, IControlMessage message);

    internal abstract IControlMessage Read(ref ControlReader from);

    /// <summary>The kind of <typeparamref name="T"/>.</summary>
    public static ControlKind Of<T>(string manifest, Action<ControlWriter, T> write, ReadControl<T> read) where T : IControlMessage => new Typed<T>(manifest, write, read);

    private sealed class Typed<T>(string manifest, Action<ControlWriter, T> write, ReadControl<T> read) : ControlKind(manifest, typeof(T)) where T : IControlMessage
    {
        internal override void Write(ControlWriter to, IControlMessage message) => write(to, (T)message);

        internal override IControlMessage Read(ref ControlReader from) => read(ref from);
    }
}

/// <summary>Control messages to bytes and back. Only what is listed in <see cref="Kinds"/> is ever made, whatever the bytes say.</summary>
public static class ControlCodec
{
    /// <summary>The longest message, bytes: below the frame of the transport (<c>hocon/akka/cluster.conf</c>). What is larger is no control message.</summary>
    public const int LongestMessage = 192 * 1024;

    /// <summary>The longest text, letters, where nothing else is said.</summary>
    public const int LongestText = 256;

    /// <summary>The longest list, where nothing else is said.</summary>
    public const int LongestList = 1024;

    /// <summary>All there are. Further messages are added here, as the list of the file that holds them.</summary>
    public static ImmutableArray<ControlKind> Kinds { get; } = [.. NodeMessages.Kinds, .. RunMessages.Kinds];

    private static readonly FrozenDictionary<string, ControlKind> _byManifest = Kinds.ToFrozenDictionary(kind => kind.Manifest, StringComparer.Ordinal);
    private static readonly FrozenDictionary<Type, ControlKind> _byType = Kinds.ToFrozenDictionary(kind => kind.Type);

    /// <summary>The manifest of a message.</summary>
    public static string ManifestOf(IControlMessage message) => KindOf(message).Manifest;

    /// <summary>The bytes of a message.</summary>
    /// <exception cref="InvalidDataException">It is too long.</exception>
    public static byte[] Encode(IControlMessage message)
    {
        var to = new ControlWriter();
        KindOf(message).Write(to, message);
        var bytes = to.ToArray();
        return bytes.Length <= LongestMessage ? bytes
            : throw new InvalidDataException($"A {message.GetType().Name} of {bytes.Length} bytes is too long for a message between nodes, which holds {LongestMessage}.");
    }

    /// <summary>The message of a manifest and bytes.</summary>
    /// <exception cref="InvalidDataException">There is no such kind, or the bytes are none of it: too few, too many, or out of bounds.</exception>
    public static IControlMessage Decode(string manifest, ReadOnlySpan<byte> bytes)
    {
        if (!_byManifest.TryGetValue(manifest ?? "", out var kind))
        {
            throw new InvalidDataException($"A message of kind '{Shown(manifest)}' is unknown here; another version of the program may have sent it.");
        }

        if (bytes.Length > LongestMessage)
        {
            throw new InvalidDataException($"A message of kind '{kind.Manifest}' has {bytes.Length} bytes; {LongestMessage} are the most.");
        }

        var from = new ControlReader(bytes);
        var message = kind.Read(ref from);
        return from.Left == 0 ? message : throw new InvalidDataException($"A message of kind '{kind.Manifest}' has {from.Left} bytes too many.");
    }

    private static ControlKind KindOf(IControlMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        return _byType.TryGetValue(message.GetType(), out var kind) ? kind : throw new InvalidOperationException($"A {message.GetType().Name} is not listed in {nameof(ControlCodec)}.{nameof(Kinds)}.");
    }

    // What somebody else sent goes to the log short and harmless.
    private static string Shown(string? manifest) => new((manifest ?? "").Take(16).Select(c => char.IsAsciiLetterOrDigit(c) ? c : '?').ToArray());
}
