using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles;

namespace ActorMultiscale.Host.Interop.IPi;

/// <summary>
/// Forces from another program, which connects here as an i-PI client: LAMMPS (<c>fix ipi</c>), ASE (<c>SocketClient</c>), and many others.
/// It begins to listen when the first forces are asked for. A peer that fails costs one exception; the next call waits for a new one.
/// </summary>
public sealed class IPiForceEngine : IForceEngine, IDisposable
{
    // A participant that is made anew takes over the address of its forerunner, which nobody uses any more.
    private static readonly Dictionary<string, IPiForceEngine> _listening = [];

    private static readonly TimeSpan _patience = TimeSpan.FromMilliseconds(500);

    private readonly IPiAddress _address;
    private readonly string _owner;
    private readonly TimeSpan _limit;
    private readonly ProgramStart? _program;
    private Socket? _listener;
    private IPiConnection? _connection;
    private ExternalProcess? _peer;

    /// <summary>An engine that listens at <paramref name="address"/>.</summary>
    /// <param name="address">A loopback address or a UNIX socket.</param>
    /// <param name="owner">The participant.</param>
    /// <param name="limit">How long the peer may take to connect, and for one configuration.</param>
    /// <param name="program">Starts the peer; null if the user does.</param>
    /// <exception cref="ScaleModelException">The address can be reached from other machines.</exception>
    internal IPiForceEngine(IPiAddress address, string owner, TimeSpan limit, ProgramStart? program = null)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (address.EndPoint is DnsEndPoint || (address.EndPoint is IPEndPoint ip && !IPAddress.IsLoopback(ip.Address)))
        {
            throw new ScaleModelException($"'{address.Text}' is not on this machine alone. The protocol knows no passwords, so only localhost:PORT and unix:NAME are listened at.");
        }

        (_address, _owner, _limit, _program) = (address, owner, limit, program);
    }

    /// <inheritdoc/>
    public AtomForces Evaluate(Matrix3 cell, ReadOnlySpan<Vec3> positions, ChunkedLoop loop, CancellationToken cancellation)
    {
        try
        {
            _connection ??= Accept(cancellation);
            _connection.Begin();
            return Exchange(_connection, cell, positions, cancellation);
        }
        catch (Exception fault) when (fault is IPiException or SocketException or ObjectDisposedException or SolverLostException)
        {
            // What is still on the wire belongs to the exchange that failed. What the program said last tells why.
            var obituary = _peer is { } peer && fault is not SolverLostException ? $" Of the program: {peer.Obituary(_patience)}" : "";
            Hang();
            throw new ScaleModelException(fault.Message + obituary, fault);
        }
        catch (OperationCanceledException)
        {
            Hang();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Hang();
        lock (_listening)
        {
            if (_listening.GetValueOrDefault(_address.Text) == this)
            {
                _listening.Remove(_address.Text);
            }
        }

        if (_listener is not null)
        {
            _listener.Dispose();
            _listener = null;
            if (_address.SocketPath is { } path)
            {
                File.Delete(path);
            }
        }
    }

    private static AtomForces Exchange(IPiConnection peer, Matrix3 cell, ReadOnlySpan<Vec3> positions, CancellationToken cancellation)
    {
        const double bohr = IPiConnection.Bohr;
        const double hartree = IPiConnection.Hartree;
        var atoms = positions.Length;
        var initialized = false;
        while (true)
        {
            peer.SendHeader("STATUS", cancellation);
            var status = peer.ReceiveHeader(cancellation);
            if (status == "NEEDINIT" && !initialized)
            {
                // Bead 0, and a text that nobody needs; one byte because LAMMPS reads at least one.
                peer.SendHeader("INIT", cancellation);
                peer.SendInt(0, cancellation);
                peer.SendInt(1, cancellation);
                peer.SendByte((byte)' ', cancellation);
                initialized = true;
            }
            else if (status == "READY")
            {
                break;
            }
            else
            {
                throw Unexpected(status, "READY or NEEDINIT");
            }
        }

        static Matrix3 Scaled(double factor, Matrix3 m) => Matrix3.FromColumns(factor * m.Column(0), factor * m.Column(1), factor * m.Column(2));
        peer.SendHeader("POSDATA", cancellation);
        peer.SendMatrix(Scaled(1 / bohr, cell), cancellation);
        peer.SendMatrix(Scaled(bohr, cell.Inverse()), cancellation);
        peer.SendInt(atoms, cancellation);
        var numbers = new double[3 * atoms];
        var vectors = MemoryMarshal.Cast<double, Vec3>(numbers.AsSpan());
        for (var i = 0; i < atoms; i++)
        {
            vectors[i] = positions[i] / bohr;
        }

        peer.SendDoubles(numbers, cancellation);
        peer.SendHeader("STATUS", cancellation);
        if (peer.ReceiveHeader(cancellation) is var ready && ready != "HAVEDATA")
        {
            throw Unexpected(ready, "HAVEDATA");
        }

        peer.SendHeader("GETFORCE", cancellation);
        if (peer.ReceiveHeader(cancellation) is var answer && answer != "FORCEREADY")
        {
            throw Unexpected(answer, "FORCEREADY");
        }

        var energy = new double[1];
        peer.ReceiveDoubles(energy, "energies", cancellation);
        var found = peer.ReceiveInt(cancellation);
        if (found != atoms)
        {
            throw new IPiException($"The i-PI peer answered for {found} atoms; {atoms} were sent. Its input file probably describes another system.");
        }

        peer.ReceiveDoubles(numbers, "forces", cancellation);
        var virial = peer.ReceiveMatrix("virial", cancellation);
        peer.SkipBytes(cancellation);

        var forces = new Vec3[atoms];
        for (var i = 0; i < atoms; i++)
        {
            forces[i] = hartree / bohr * vectors[i];
        }

        return new AtomForces(hartree * energy[0], forces, hartree * SymTensor3.SymmetricPart(virial));
    }

    private static IPiException Unexpected(string? found, string allowed) => new(found is null
        ? $"The i-PI peer closed the connection where {allowed} was expected. It has probably died; its own output says why."
        : $"The i-PI peer answered '{found}' where {allowed} was expected. It is probably no i-PI client, or one of another protocol.");

    private IPiConnection Accept(CancellationToken cancellation)
    {
        var since = Stopwatch.StartNew();
        _listener ??= Listen();
        if (_program is not null)
        {
            _peer ??= new ExternalProcess(_program);
        }

        while (!IPiConnection.WaitFor(_listener, SelectMode.SelectRead, since, TimeSpan.Zero, cancellation))
        {
            if (_peer is { HasExited: true })
            {
                throw new IPiException($"The program '{_program!.Program}' ended before it connected to {_address.Text}.");
            }

            if (since.Elapsed > _limit)
            {
                throw new IPiException(FormattableString.Invariant($"No i-PI client connected to {_address.Text} within {_limit.TotalSeconds} s. Start it, give it this address, or raise the setting 'time-limit'."));
            }
        }

        return new IPiConnection(_listener.Accept(), _limit, "The i-PI peer");
    }

    private Socket Listen()
    {
        lock (_listening)
        {
            if (_listening.TryGetValue(_address.Text, out var former))
            {
                if (former._owner != _owner)
                {
                    throw new IPiException($"'{former._owner}' listens at {_address.Text} already; choose another address for '{_owner}'.");
                }

                former.Dispose();
            }

            if (_address.SocketPath is { } path && File.Exists(path))
            {
                using var probe = _address.CreateSocket();
                try
                {
                    probe.Connect(_address.EndPoint);
                    throw new IPiException($"Another program listens at {_address.Text} already; choose another name.");
                }
                catch (SocketException)
                {
                    File.Delete(path);      // Left behind by a program that was killed.
                }
            }

            var listener = _address.CreateSocket();
            try
            {
                listener.Bind(_address.EndPoint);
                listener.Listen(1);
            }
            catch (SocketException fault)
            {
                listener.Dispose();
                throw new IPiException($"{_address.Text} cannot be listened at: {fault.Message}. Another program or participant probably uses it; choose another address.", fault);
            }

            _listening[_address.Text] = this;
            return listener;
        }
    }

    private void Hang()
    {
        _connection?.Dispose();
        _connection = null;
        _peer?.Dispose();
        _peer = null;
    }
}
