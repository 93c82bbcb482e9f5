using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Host.Interop.IPi;

/// <summary>The peer broke the protocol, or is gone. The message says what was found and the likely cause.</summary>
public sealed class IPiException : Exception
{
    /// <summary>A fault without a text.</summary>
    public IPiException() { }

    /// <summary>A fault with its sentence.</summary>
    public IPiException(string message) : base(message) { }

    /// <summary>A fault with its cause.</summary>
    public IPiException(string message, Exception inner) : base(message, inner) { }
}

/// <summary>
/// The wire of the i-PI protocol: headers of 12 ASCII characters padded with blanks, 32-bit integers and doubles in the byte order of
/// the machine, lengths in bohr and energies in hartree (V. Kapil et al., Comput. Phys. Commun. 236 (2019) 214). No call waits for longer than
/// its time limit, and every call heeds cancellation.
/// </summary>
public sealed class IPiConnection : IDisposable
{
    /// <summary>The length of a header.</summary>
    public const int HeaderLength = 12;

    /// <summary>One bohr, m (CODATA 2018).</summary>
    public const double Bohr = 5.29177210903e-11;

    /// <summary>One hartree, J (CODATA 2018).</summary>
    public const double Hartree = 4.3597447222071e-18;

    private const int PollMicroseconds = 20_000;        // How often cancellation is looked at.

    private readonly Socket _socket;
    private readonly TimeSpan _limit;
    private readonly string _peer;
    private Stopwatch _elapsed = Stopwatch.StartNew();

    /// <summary>A connection over <paramref name="socket"/>, which it owns.</summary>
    /// <param name="socket">A connected socket.</param>
    /// <param name="limit">How long the peer may take for one exchange.</param>
    /// <param name="peer">What the peer is, for messages.</param>
    public IPiConnection(Socket socket, TimeSpan limit, string peer)
    {
        ArgumentNullException.ThrowIfNull(socket);
        (_socket, _limit, _peer) = (socket, limit, peer);
        _socket.Blocking = false;
    }

    /// <summary>Begins an exchange: from here on the time limit counts anew.</summary>
    public void Begin() => _elapsed = Stopwatch.StartNew();

    /// <summary>Waits until <paramref name="socket"/> is ready.</summary>
    /// <returns>False when <paramref name="limit"/> has passed.</returns>
    internal static bool WaitFor(Socket socket, SelectMode mode, Stopwatch since, TimeSpan limit, CancellationToken cancellation)
    {
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            if (socket.Poll(PollMicroseconds, mode))
            {
                return true;
            }

            if (since.Elapsed > limit)
            {
                return false;
            }
        }
    }

    /// <summary>Sends the header <paramref name="word"/>.</summary>
    public void SendHeader(string word, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(word);
        Send(Encoding.ASCII.GetBytes(word.PadRight(HeaderLength)), cancellation);
    }

    /// <summary>Receives a header; null if the peer closed the connection between two messages.</summary>
    public string? ReceiveHeader(CancellationToken cancellation)
    {
        var bytes = new byte[HeaderLength];
        if (!Receive(bytes, mayEnd: true, cancellation))
        {
            return null;
        }

        return Array.TrueForAll(bytes, b => b is >= 0x20 and < 0x7F)
            ? Encoding.ASCII.GetString(bytes).TrimEnd()
            : throw new IPiException($"{_peer} sent {Convert.ToHexString(bytes)} where a header of {HeaderLength} letters belongs. It is probably no i-PI program, or a message before had another length than it said.");
    }

    /// <summary>Sends a whole number.</summary>
    public void SendInt(int value, CancellationToken cancellation) => Send(MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in value)), cancellation);

    /// <summary>Sends one byte.</summary>
    public void SendByte(byte value, CancellationToken cancellation) => Send([value], cancellation);

    /// <summary>Receives a whole number.</summary>
    public int ReceiveInt(CancellationToken cancellation)
    {
        var value = 0;
        Receive(MemoryMarshal.AsBytes(new Span<int>(ref value)), mayEnd: false, cancellation);
        return value;
    }

    /// <summary>Sends numbers.</summary>
    public void SendDoubles(ReadOnlySpan<double> values, CancellationToken cancellation) => Send(MemoryMarshal.AsBytes(values), cancellation);

    /// <summary>Receives numbers; <paramref name="what"/> names them in the message if one is not finite.</summary>
    public void ReceiveDoubles(Span<double> values, string what, CancellationToken cancellation)
    {
        Receive(MemoryMarshal.AsBytes(values), mayEnd: false, cancellation);
        foreach (var value in values)
        {
            if (!double.IsFinite(value))
            {
                throw new IPiException($"{_peer} sent {value.ToString(System.Globalization.CultureInfo.InvariantCulture)} among its {what}; only finite numbers are allowed. Atoms have probably come too close, or the peer's calculation did not converge.");
            }
        }
    }

    /// <summary>Sends a matrix row by row. For a cell with its vectors as columns that is what i-PI sends.</summary>
    public void SendMatrix(Matrix3 m, CancellationToken cancellation) => SendDoubles([m.XX, m.XY, m.XZ, m.YX, m.YY, m.YZ, m.ZX, m.ZY, m.ZZ], cancellation);

    /// <summary>Receives a matrix row by row.</summary>
    public Matrix3 ReceiveMatrix(string what, CancellationToken cancellation)
    {
        var m = new double[9];
        ReceiveDoubles(m, what, cancellation);
        return new Matrix3(m[0], m[1], m[2], m[3], m[4], m[5], m[6], m[7], m[8]);
    }

    /// <summary>Receives a length and that many bytes, which are dropped: i-PI allows free text where nobody reads it.</summary>
    public void SkipBytes(CancellationToken cancellation)
    {
        const int most = 1 << 24;
        var length = ReceiveInt(cancellation);
        if (length is < 0 or > most)
        {
            throw new IPiException($"{_peer} announced {length} bytes of text; allowed are 0 to {most}. The message before had probably another length than it said.");
        }

        Receive(new byte[length], mayEnd: false, cancellation);
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private void Send(ReadOnlySpan<byte> bytes, CancellationToken cancellation)
    {
        while (bytes.Length > 0)
        {
            Wait(SelectMode.SelectWrite, cancellation);
            var sent = _socket.Send(bytes, SocketFlags.None, out var error);
            Check(error);
            bytes = bytes[sent..];
        }
    }

    private bool Receive(Span<byte> into, bool mayEnd, CancellationToken cancellation)
    {
        var got = 0;
        while (got < into.Length)
        {
            Wait(SelectMode.SelectRead, cancellation);
            var count = _socket.Receive(into[got..], SocketFlags.None, out var error);
            Check(error);
            if (count == 0 && error == SocketError.Success)
            {
                return mayEnd && got == 0
                    ? false
                    : throw new IPiException($"{_peer} closed the connection in the middle of a message, after {got} of {into.Length} bytes. It has probably died; its own output says why.");
            }

            got += count;
        }

        return true;
    }

    private void Wait(SelectMode mode, CancellationToken cancellation)
    {
        if (!WaitFor(_socket, mode, _elapsed, _limit, cancellation))
        {
            throw new IPiException(FormattableString.Invariant($"{_peer} did not answer within {_limit.TotalSeconds} s. It is stuck, or needs longer for one configuration: then raise the time limit."));
        }
    }

    private void Check(SocketError error)
    {
        if (error is not (SocketError.Success or SocketError.WouldBlock))
        {
            throw new IPiException($"{_peer} is gone ({error}). It has probably died; its own output says why.");
        }
    }
}
