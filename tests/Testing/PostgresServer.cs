using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace ActorMultiscale.Testing;

/// <summary>
/// A PostgreSQL server of its own for a class of tests: on a free port of the loopback interface, in a folder that is removed with it. Needs the
/// server's programs (Debian: <c>postgresql</c>), but no server that runs.
/// </summary>
public sealed class PostgresServer : IDisposable
{
    private readonly string _folder;
    private readonly int _port = FreePort();
    private readonly string[] _settings;
    private Process? _server;

    /// <summary>Starts the server, if there is one to start.</summary>
    public PostgresServer() : this(Directory.CreateTempSubdirectory("actor-multiscale-postgresql-").FullName)
    {
    }

    private PostgresServer(string folder, params string[] settings)
    {
        (_folder, _settings) = (folder, settings);
        if (Missing is not null)
        {
            return;
        }

        if (IsRoot)
        {
            Run("chown", "postgres", _folder);
        }

        Run([.. AsServer, Program("initdb"), "-D", Data, "-A", "trust", "-U", "tester", "--no-sync", "--locale=C", "-E", "UTF8"]);
        Start();
    }

    /// <summary>Starts one whose data are in <paramref name="folder"/>, which is removed with it.</summary>
    public static PostgresServer In(string folder, params string[] settings)
    {
        Directory.CreateDirectory(folder);
        return new PostgresServer(folder, settings);
    }

    /// <summary>Why there is none; null if there is.</summary>
    public static string? Missing => Bin is null ? "PostgreSQL is not installed (Debian: apt-get install postgresql): tests that need it are left out" : null;

    /// <summary>The stores on which tests of records run; both where tests must be complete (the environment variable CI is <c>true</c>).</summary>
    public static IEnumerable<string> Stores =>
        Missing is null || Environment.GetEnvironmentVariable("CI") == "true" ? ["sqlite", "postgresql"] : ["sqlite"];

    private string Data => Path.Combine(_folder, "data");

    private static bool IsRoot => Environment.UserName == "root";

    private static string[] AsServer => IsRoot ? ["runuser", "-u", "postgres", "--"] : [];

    private static string? Bin => Directory.Exists("/usr/lib/postgresql")
        ? Directory.EnumerateDirectories("/usr/lib/postgresql").Select(d => Path.Combine(d, "bin")).Where(d => File.Exists(Path.Combine(d, "initdb"))).Order().LastOrDefault()
        : null;

    /// <summary>A database, as <c>--store</c> names it: an empty one, or a copy of another, to which nobody may be connected.</summary>
    public string NewDatabase(string? copyOf = null)
    {
        if (Missing is { } reason)
        {
            throw new InvalidOperationException(reason);
        }

        var name = "t" + Guid.NewGuid().ToString("N");
        string[] template = copyOf is null ? [] : ["-T", copyOf[(copyOf.LastIndexOf('/') + 1)..]];
        Run([Program("createdb"), "-h", "127.0.0.1", "-p", _port.ToString(CultureInfo.InvariantCulture), "-U", "tester", .. template, name]);
        return string.Create(CultureInfo.InvariantCulture, $"postgresql://tester@127.0.0.1:{_port}/{name}");
    }

    /// <summary>Starts the server, which was stopped.</summary>
    public void Start()
    {
        var start = new ProcessStartInfo { RedirectStandardOutput = true, RedirectStandardError = true };
        string[] command = [.. AsServer, Program("postgres"), "-D", Data, "-p", _port.ToString(CultureInfo.InvariantCulture), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", .. _settings.SelectMany(setting => new[] { "-c", setting })];
        start.FileName = command[0];
        command[1..].ToList().ForEach(start.ArgumentList.Add);
        _server = Process.Start(start)!;
        _server.OutputDataReceived += static (_, _) => { };
        _server.ErrorDataReceived += static (_, _) => { };
        _server.BeginOutputReadLine();
        _server.BeginErrorReadLine();
        for (var clock = Stopwatch.StartNew(); ;)
        {
            try
            {
                Run(Program("pg_isready"), "-h", "127.0.0.1", "-p", _port.ToString(CultureInfo.InvariantCulture));
                return;
            }
            catch (InvalidOperationException) when (clock.Elapsed < TimeSpan.FromSeconds(60) && !_server.HasExited)
            {
                Thread.Sleep(50);
            }
        }
    }

    /// <summary>Stops the server at once, as when it crashes: clients lose their connections.</summary>
    public void Stop()
    {
        if (_server is null)
        {
            return;
        }

        Run([.. AsServer, Program("pg_ctl"), "-D", Data, "-m", "immediate", "-w", "stop"]);
        _server.WaitForExit();
        _server.Dispose();
        _server = null;
    }

    /// <summary>Kills the server with all its processes, as when the machine fails: what was under way is found in its log when it is started again.</summary>
    public void Kill()
    {
        var main = int.Parse(File.ReadLines(Path.Combine(Data, "postmaster.pid")).First(), CultureInfo.InvariantCulture);
        List<Process> all = [Process.GetProcessById(main), .. Process.GetProcesses().Where(process => ParentOf(process.Id) == main)];
        all.ForEach(process => process.Kill());
        all.ForEach(process => process.WaitForExit());
        all.ForEach(process => process.Dispose());
        _server!.WaitForExit();
        _server.Dispose();
        _server = null;
    }

    /// <summary>Stops the server, unless it has ended by itself, as on a disk that is full; and starts it.</summary>
    public void Restart()
    {
        StopOrForget();
        Start();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        StopOrForget();
        Directory.Delete(_folder, recursive: true);
    }

    private static string Program(string name) => Path.Combine(Bin!, name);

    private void StopOrForget()
    {
        try
        {
            Stop();
        }
        catch (InvalidOperationException) when (_server!.WaitForExit(TimeSpan.FromSeconds(10)))
        {
            // It had ended, or was about to.
            _server.Dispose();
            _server = null;
        }
    }

    private static int ParentOf(int process)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{process}/stat");
            return int.Parse(stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1], CultureInfo.InvariantCulture);
        }
        catch (IOException)
        {
            return 0;       // It has just ended.
        }
    }

    private static int FreePort()
    {
        // Below the ports that the system gives out by itself.
        for (var port = 21000 + (Environment.ProcessId % 5000); ; port++)
        {
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
            }
        }
    }

    private static void Run(params string[] command)
    {
        var start = new ProcessStartInfo(command[0]) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/" };
        command[1..].ToList().ForEach(start.ArgumentList.Add);
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{string.Join(' ', command)} ended with {process.ExitCode}: {output.Result} {error.Result}");
        }
    }
}
