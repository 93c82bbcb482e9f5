using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using ActorMultiscale.Host.Interop;
using ActorMultiscale.Host.Interop.IPi;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Particles;

namespace ActorMultiscale.Tests.Host.Interop;

/// <summary>Peers that die, lie or keep silent: one clear error within the time limit, and the next one is welcome.</summary>
public sealed class BadPeerTests
{
    private const int Atoms = 2;
    private static readonly TimeSpan _limit = TimeSpan.FromSeconds(1);
    private static readonly Matrix3 _cell = Matrix3.Diagonal(2e-9, 2e-9, 2e-9);
    private static readonly Vec3[] _positions = [new(0, 0, 0), new(4e-10, 1e-10, 0)];
    private static readonly LennardJones _potential = new(1.65678e-21, 3.4e-10, 9e-10);

    private readonly string _name = "unix:amt" + Guid.NewGuid().ToString("N")[..12];

    // Everything a good client says to one configuration, as it goes over the wire.
    private static byte[] GoodAnswer(int atoms = Atoms, double energy = -0.5, double force = 0) =>
        [.. Header("READY"), .. Header("HAVEDATA"), .. Header("FORCEREADY"), .. BitConverter.GetBytes(energy), .. BitConverter.GetBytes(atoms),
         .. BitConverter.GetBytes(force), .. new byte[(24 * atoms) - 8], .. new byte[72], .. BitConverter.GetBytes(0)];

    [Fact]
    public async Task A_connection_cut_after_any_byte_of_the_answer_is_an_error_and_the_next_peer_is_heard()
    {
        var answer = GoodAnswer();
        using var engine = new IPiForceEngine(IPiAddress.Parse(_name), "test", _limit);
        for (var cut = 0; cut < answer.Length; cut++)
        {
            var fault = Failure(engine, answer[..cut], thenClose: true);
            Assert.Contains("died", fault.Message, StringComparison.Ordinal);
        }

        var peer = Say(answer, thenClose: true);
        Assert.Equal(-0.5 * IPiConnection.Hartree, Ask(engine).Energy);
        engine.Dispose();
        await peer;
    }

    [Theory]
    [InlineData("silent")]
    [InlineData("too many atoms")]
    [InlineData("energy not a number")]
    [InlineData("force not a number")]
    [InlineData("another word")]
    [InlineData("always wants to begin")]
    public void A_peer_that_misbehaves_is_named(string how)
    {
        using var engine = new IPiForceEngine(IPiAddress.Parse(_name), "test", _limit);
        var (bytes, expected) = how switch
        {
            "silent" => (Header("READY"), "did not answer within 1 s"),
            "too many atoms" => (GoodAnswer(Atoms + 1), "3 atoms; 2 were sent"),
            "energy not a number" => (GoodAnswer(energy: double.NaN), "NaN among its energies"),
            "force not a number" => (GoodAnswer(force: double.NaN), "NaN among its forces"),
            "another word" => (Header("HTTP/1.1 400"), "'HTTP/1.1 400'"),
            _ => ([.. Header("NEEDINIT"), .. Header("NEEDINIT")], "'NEEDINIT'"),
        };
        var fault = Failure(engine, bytes, thenClose: false);
        Assert.Contains(expected, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Random_bytes_never_hang_and_never_pass()
    {
        using var engine = new IPiForceEngine(IPiAddress.Parse(_name), "test", _limit);
        for (var seed = 0; seed < 50; seed++)
        {
            var random = new Philox((ulong)seed, 3);
            var good = GoodAnswer();

            // Garbage from some byte of the three headers on, so that it is read as a header.
            var from = (int)(random.Uniform(0, 0, 0) * 36);
            for (var i = from; i < good.Length; i++)
            {
                good[i] = (byte)(random.Uniform(0, 1, i) * 256);
            }

            var clock = Stopwatch.StartNew();
            _ = Failure(engine, good, thenClose: true);
            Assert.True(clock.Elapsed < TimeSpan.FromSeconds(5), $"{clock.Elapsed}");
        }
    }

    [Fact]
    public void Nobody_comes_within_the_time_limit()
    {
        using var engine = new IPiForceEngine(IPiAddress.Parse(_name), "test", TimeSpan.FromSeconds(0.2));
        Assert.Contains("No i-PI client", Assert.Throws<ScaleModelException>(() => Ask(engine)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_program_that_fails_is_told_with_its_code_and_its_last_words()
    {
        using var engine = new IPiForceEngine(IPiAddress.Parse(_name), "test", TimeSpan.FromSeconds(30), new ProgramStart("test", "/bin/sh", ["-c", "echo no licence; exit 7"], "/"));
        var fault = Assert.Throws<ScaleModelException>(() => Ask(engine)).Message;
        Assert.Contains("ended before it connected", fault, StringComparison.Ordinal);
        Assert.Contains("exit code 7", fault, StringComparison.Ordinal);
        Assert.Contains("no licence", fault, StringComparison.Ordinal);
    }

    [Fact]
    public void Waiting_heeds_cancellation()
    {
        using var engine = new IPiForceEngine(IPiAddress.Parse(_name), "test", TimeSpan.FromMinutes(5));
        using var stop = new CancellationTokenSource(200);
        var clock = Stopwatch.StartNew();
        Assert.ThrowsAny<OperationCanceledException>(() => engine.Evaluate(_cell, _positions, ChunkedLoop.Serial, stop.Token));
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(10));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_two_roles_understand_each_other(bool overUnix)
    {
        var address = IPiAddress.Parse(overUnix ? _name : LocalPort.Free());
        using var engine = new IPiForceEngine(address, "test", TimeSpan.FromSeconds(20));
        var client = Task.Run(() => new IPiClient(_potential, TimeSpan.FromSeconds(20)).Serve(address, default));
        var found = Ask(engine);
        found = Ask(engine);
        engine.Dispose();

        var expected = _potential.Evaluate(_cell, _positions, ChunkedLoop.Serial, default);
        Assert.Equal(2, await client);
        Assert.Equal(1, found.Energy / expected.Energy, 1e-13);
        Assert.Equal(1, found.Virial.Trace / expected.Virial.Trace, 1e-13);
        Assert.All(found.Forces.Zip(expected.Forces), ((Vec3 A, Vec3 B) p) => Assert.True((p.A - p.B).Norm <= 1e-13 * p.B.Norm));
    }

    [Fact]
    public void A_new_engine_of_the_same_participant_takes_over_the_address()
    {
        using var former = new IPiForceEngine(IPiAddress.Parse(_name), "test", _limit);
        _ = Failure(former, [], thenClose: true);
        using var next = new IPiForceEngine(IPiAddress.Parse(_name), "test", _limit);
        using var stranger = new IPiForceEngine(IPiAddress.Parse(_name), "another", _limit);
        _ = Failure(next, [], thenClose: true);
        Assert.Contains("choose another", Assert.Throws<ScaleModelException>(() => Ask(stranger)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0.0.0.0:31415")]
    [InlineData("example.org:31415")]
    public void Only_this_machine_is_listened_to(string address) =>
        Assert.Throws<ScaleModelException>(() => new IPiForceEngine(IPiAddress.Parse(address), "test", _limit));

    [Theory]
    [InlineData("localhost")]
    [InlineData("localhost:0")]
    [InlineData("unix:")]
    [InlineData(":1")]
    public void What_is_no_address_is_told(string text) => Assert.Contains("host:port", Assert.Throws<FormatException>(() => IPiAddress.Parse(text)).Message, StringComparison.Ordinal);

    // ---- the other role: we compute, the server is bad --------------------------------------------------------------

    private static byte[] Positions(int atoms, double cell = 40, double place = 0.5) =>
        [.. Header("POSDATA"), .. Numbers(cell, 0, 0, 0, cell, 0, 0, 0, cell), .. Numbers(new double[9]), .. BitConverter.GetBytes(atoms),
         .. Enumerable.Range(0, 3 * Math.Clamp(atoms, 0, 10)).SelectMany(i => BitConverter.GetBytes(i * i * place))];

    private static byte[] Numbers(params double[] numbers) => [.. numbers.SelectMany(BitConverter.GetBytes)];

    [Theory]
    [InlineData("silent", "did not answer within")]
    [InlineData("garbage", "where a header of 12 letters belongs")]
    [InlineData("another word", "'HELLO'")]
    [InlineData("half a message", "in the middle of a message")]
    [InlineData("forces first", "before it sent positions")]
    [InlineData("fewer atoms than none", "announced -1 atoms")]
    [InlineData("more atoms than there can be", "announced 2147483647 atoms")]
    [InlineData("not a number", "NaN among its positions")]
    [InlineData("no volume", "without a positive volume")]
    [InlineData("endless text", "bytes of text")]
    public async Task A_server_that_misbehaves_is_named_within_the_time_limit(string how, string expected)
    {
        byte[] bytes = how switch
        {
            "silent" => Header("STATUS"),
            "garbage" => [.. Header("STATUS"), 0xFF, 0xFE, .. new byte[10]],
            "another word" => Header("HELLO"),
            "half a message" => Positions(Atoms)[..50],
            "forces first" => Header("GETFORCE"),
            "fewer atoms than none" => Positions(-1),
            "more atoms than there can be" => Positions(int.MaxValue),
            "not a number" => Positions(Atoms, place: double.NaN),
            "no volume" => Positions(Atoms, cell: -40),
            _ => [.. Header("INIT"), .. BitConverter.GetBytes(0), .. BitConverter.GetBytes(int.MaxValue)],
        };
        var address = LocalPort.Free();
        using var listener = new TcpListener(System.Net.IPAddress.Loopback, int.Parse(address.Split(':')[1], System.Globalization.CultureInfo.InvariantCulture));
        listener.Start();
        using var over = new CancellationTokenSource();
        var server = Task.Run(async () =>
        {
            using var client = await listener.AcceptSocketAsync(CancellationToken.None);
            client.Send(bytes);
            if (how == "half a message")
            {
                client.Shutdown(SocketShutdown.Send);
            }

            await Task.Delay(TimeSpan.FromSeconds(20), over.Token).ContinueWith(_ => { }, TaskScheduler.Default);
        });
        var clock = Stopwatch.StartNew();
        var fault = Assert.Throws<IPiException>(() => new IPiClient(_potential, _limit).Serve(IPiAddress.Parse(address), default));
        Assert.Contains(expected, fault.Message, StringComparison.Ordinal);
        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(10), $"{clock.Elapsed}");
        over.Cancel();
        await server;
    }

    [Fact]
    public void A_server_that_is_not_there_is_told_by_the_program()
    {
        var address = LocalPort.Free();
        var (code, _, error) = HostProcess.Run(Path.GetTempPath(), "forces", "--i-pi", address, "--time-limit", "0.3 s");
        Assert.Equal(1, code);
        Assert.Contains($"No i-PI server answers at {address}", error, StringComparison.Ordinal);
    }

    private static byte[] Header(string word) => Encoding.ASCII.GetBytes(word.PadRight(IPiConnection.HeaderLength));

    private static AtomForces Ask(IPiForceEngine engine) => engine.Evaluate(_cell, _positions, ChunkedLoop.Serial, default);

    private ScaleModelException Failure(IPiForceEngine engine, byte[] bytes, bool thenClose)
    {
        using var over = new CancellationTokenSource();
        var peer = Say(bytes, thenClose, over.Token);
        var fault = Assert.Throws<ScaleModelException>(() => Ask(engine));
        over.Cancel();
        peer.Wait();
        return fault;
    }

    // A peer that says everything at once; nobody can tell that it did not listen.
    private Task Say(byte[] bytes, bool thenClose, CancellationToken over = default) => Task.Run(() =>
    {
        var address = IPiAddress.Parse(_name);
        var clock = Stopwatch.StartNew();
        while (true)
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            var connected = false;
            try
            {
                socket.Connect(address.EndPoint);
                connected = true;
                socket.Send(bytes);
                if (thenClose)
                {
                    socket.Shutdown(SocketShutdown.Send);
                }

                // Hears everything until the other side is done, so that nothing is reset.
                var buffer = new byte[4096];
                socket.ReceiveTimeout = 10_000;
                while (socket.Receive(buffer) > 0)
                {
                }

                return;
            }
            catch (SocketException) when (!connected && clock.Elapsed < TimeSpan.FromSeconds(10) && !over.IsCancellationRequested)
            {
                Thread.Sleep(5);
            }
            catch (SocketException)
            {
                return;
            }
        }
    }, CancellationToken.None);
}
