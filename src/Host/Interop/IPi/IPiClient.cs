using System.Diagnostics;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles;

namespace ActorMultiscale.Host.Interop.IPi;

/// <summary>Computes forces for another program that moves the atoms: the client's side of the i-PI protocol.</summary>
/// <param name="engine">What computes the forces.</param>
/// <param name="limit">How long to try to connect, and how long the server may take between two messages.</param>
public sealed class IPiClient(IForceEngine engine, TimeSpan limit)
{
    /// <summary>Connects to <paramref name="address"/> and answers until the server says EXIT or closes the connection between two messages.</summary>
    /// <returns>How many configurations were answered.</returns>
    /// <exception cref="IPiException">There is no server, or it broke the protocol.</exception>
    /// <exception cref="Physics.Models.ScaleModelException">A configuration cannot be computed.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was signalled.</exception>
    public int Serve(IPiAddress address, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(address);
        using var server = Connect(address, cancellation);
        AtomForces? result = null;
        var answered = 0;
        while (true)
        {
            server.Begin();
            var word = server.ReceiveHeader(cancellation);
            switch (word)
            {
                case null or "EXIT":
                    return answered;
                case "STATUS":
                    server.SendHeader(result is null ? "READY" : "HAVEDATA", cancellation);
                    break;
                case "INIT":
                    _ = server.ReceiveInt(cancellation);        // The bead. Forces do not depend on it.
                    server.SkipBytes(cancellation);
                    break;
                case "POSDATA":
                    result = Compute(server, cancellation);
                    break;
                case "GETFORCE" when result is not null:
                    Answer(server, result, cancellation);
                    result = null;
                    answered++;
                    break;
                case "GETFORCE":
                    throw new IPiException("The i-PI server asked for forces before it sent positions.");
                default:
                    throw new IPiException($"The i-PI server sent '{word}'; allowed are STATUS, INIT, POSDATA, GETFORCE and EXIT. It is probably no i-PI server, or one of another protocol.");
            }
        }
    }

    private static void Answer(IPiConnection server, AtomForces result, CancellationToken cancellation)
    {
        var numbers = new double[3 * result.Forces.Length];
        var vectors = MemoryMarshal.Cast<double, Vec3>(numbers.AsSpan());
        for (var i = 0; i < vectors.Length; i++)
        {
            vectors[i] = IPiConnection.Bohr / IPiConnection.Hartree * result.Forces[i];
        }

        server.SendHeader("FORCEREADY", cancellation);
        server.SendDoubles([result.Energy / IPiConnection.Hartree], cancellation);
        server.SendInt(vectors.Length, cancellation);
        server.SendDoubles(numbers, cancellation);
        server.SendMatrix((result.Virial / IPiConnection.Hartree).ToMatrix(), cancellation);
        server.SendInt(0, cancellation);        // No further text.
    }

    private AtomForces Compute(IPiConnection server, CancellationToken cancellation)
    {
        const int most = 10_000_000;
        var cell = server.ReceiveMatrix("cell", cancellation);
        _ = server.ReceiveMatrix("inverse cell", cancellation);
        var atoms = server.ReceiveInt(cancellation);
        if (atoms is < 1 or > most)
        {
            throw new IPiException($"The i-PI server announced {atoms} atoms; allowed are 1 to {most}. The message before had probably another length than it said.");
        }

        var numbers = new double[3 * atoms];
        server.ReceiveDoubles(numbers, "positions", cancellation);
        var positions = Array.ConvertAll(MemoryMarshal.Cast<double, Vec3>(numbers.AsSpan()).ToArray(), x => IPiConnection.Bohr * x);
        Vec3 Meters(int column) => IPiConnection.Bohr * cell.Column(column);
        var inMeters = Matrix3.FromColumns(Meters(0), Meters(1), Meters(2));
        return inMeters.Determinant > 0
            ? engine.Evaluate(inMeters, positions, ChunkedLoop.Serial, cancellation)
            : throw new IPiException("The i-PI server sent a cell without a positive volume; give the system a periodic box with right-handed vectors.");
    }

    private IPiConnection Connect(IPiAddress address, CancellationToken cancellation)
    {
        var since = Stopwatch.StartNew();
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            var socket = address.CreateSocket();
            try
            {
                socket.Connect(address.EndPoint);
                return new IPiConnection(socket, limit, "The i-PI server");
            }
            catch (SocketException fault)
            {
                socket.Dispose();
                if (since.Elapsed > limit)
                {
                    throw new IPiException(FormattableString.Invariant($"No i-PI server answers at {address.Text} within {limit.TotalSeconds} s: {fault.Message}. Start the server first, and give both the same address."), fault);
                }

                cancellation.WaitHandle.WaitOne(100);       // The server may be about to start.
            }
        }
    }
}
