using System.Diagnostics;
using System.Globalization;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Host.Interop;

/// <summary>
/// The process of a peer, and everything that it starts: what it says is kept for messages, and it ends with us, whatever happens.
/// It is the leader of a session of its own, so that what it leaves behind is found even when it is gone itself, and so
/// that Ctrl-C at the terminal reaches us alone. Beside it a watch waits for the end of a pipe whose other end is ours: where we
/// are killed, the system closes it, and the watch ends the session's first group, which may be computing and hear nothing else.
/// </summary>
internal sealed class ExternalProcess : IDisposable
{
    private const string SessionMaker = "/usr/bin/setsid";
    private const string Shell = "/bin/sh";
    private const string Watch = "read -r line; kill -s KILL -- \"-$1\"";
    private const int LinesKept = 20;
    private static readonly TimeSpan _longestReading = TimeSpan.FromSeconds(5);      // Far longer than it takes; someone else may hold the pipe.
    private readonly Process _process;
    private readonly Queue<string> _lines = new();
    private readonly CountdownEvent _open = new(2);      // Standard output and standard error.
    private readonly bool _hasSession;
    private readonly Process? _watch;
    private readonly int _id;
    private bool _ended;
    private bool _disposed;

    /// <summary>Starts <paramref name="what"/> with these additions to its environment.</summary>
    /// <exception cref="SolverLostException">The system does not start it.</exception>
    public ExternalProcess(ProgramStart what, params ReadOnlySpan<(string Name, string Value)> environment)
    {
        _hasSession = OperatingSystem.IsLinux() && File.Exists(SessionMaker);
        var start = new ProcessStartInfo(_hasSession ? SessionMaker : what.Program)
        {
            WorkingDirectory = what.Folder,
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (_hasSession)
        {
            start.ArgumentList.Add(what.Program);
        }

        foreach (var argument in what.Arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        try
        {
            _process.Start();
        }
        catch (System.ComponentModel.Win32Exception fault)
        {
            _process.Dispose();
            throw new SolverLostException($"The program of '{what.Owner}', '{what.Program}', does not start: {fault.Message}.", fault);
        }

        _id = _process.Id;
        AppDomain.CurrentDomain.ProcessExit += OnExit;
        _process.StandardInput.Close();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        if (_hasSession && File.Exists(Shell))
        {
            var watch = new ProcessStartInfo(SessionMaker) { UseShellExecute = false, RedirectStandardInput = true };
            foreach (var argument in (string[])[Shell, "-c", Watch, "watch", _id.ToString(CultureInfo.InvariantCulture), what.Program, .. what.Arguments])
            {
                watch.ArgumentList.Add(argument);       // Program and arguments are there for people who look at the processes.
            }

            _watch = Process.Start(watch);
        }
    }

    /// <summary>Whether it has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>Waits for its end.</summary>
    public bool WaitForExit(TimeSpan limit) => _process.WaitForExit(limit);

    /// <summary>
    /// How it ended, and the last lines that it wrote. Waits <paramref name="patience"/> for it to end by itself, and ends it then:
    /// only what has ended writes no more, so that nothing it said is missed.
    /// </summary>
    public string Obituary(TimeSpan patience)
    {
        var hasExited = _process.WaitForExit(patience);
        Kill();
        _open.Wait(_longestReading);
        var how = !hasExited
            ? "its process is still there"
            : _process.ExitCode > 128
                ? string.Create(CultureInfo.InvariantCulture, $"its process was ended by signal {_process.ExitCode - 128}{(_process.ExitCode == 137 ? " (kill, or out of memory)" : _process.ExitCode == 139 ? " (segmentation fault)" : _process.ExitCode == 134 ? " (abort)" : "")}")
                : string.Create(CultureInfo.InvariantCulture, $"its process ended with exit code {_process.ExitCode}");
        lock (_lines)
        {
            return _lines.Count == 0 ? $"{how} and wrote nothing" : $"{how}; the last lines that it wrote:\n    {string.Join("\n    ", _lines)}";
        }
    }

    /// <summary>Ends the process and all that it started, now. May be called by any thread, and again.</summary>
    public void Kill()
    {
        lock (_process)
        {
            if (_ended)
            {
                return;
            }

            _ended = true;
            AppDomain.CurrentDomain.ProcessExit -= OnExit;
            Kill(_watch);
            Kill(_process);

            if (_hasSession)
            {
                KillSession();
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Kill();
        lock (_process)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
        }

        _process.WaitForExit(TimeSpan.FromSeconds(5));       // Collects it, so that no zombie stays.
        _process.Dispose();
        _watch?.WaitForExit(TimeSpan.FromSeconds(5));
        _watch?.Dispose();
    }

    private static void Kill(Process? process)
    {
        try
        {
            process?.Kill(entireProcessTree: true);
        }
        catch (Exception fault) when (fault is InvalidOperationException or System.ComponentModel.Win32Exception or AggregateException)
        {
            // It has ended by itself.
        }
    }

    private void OnExit(object? sender, EventArgs e) => Kill();

    // Children whose parent has ended are found by their session, which has the number of the process that we started.
    private void KillSession()
    {
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var id) || id == _id || SessionOf(folder) != _id)
            {
                continue;
            }

            try
            {
                using var left = Process.GetProcessById(id);
                left.Kill();
            }
            catch (Exception fault) when (fault is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception)
            {
                // It has ended meanwhile.
            }
        }
    }

    // proc(5): pid (name) state ppid pgrp session …; the name may hold anything.
    private static int SessionOf(string folder)
    {
        try
        {
            var text = File.ReadAllText(Path.Combine(folder, "stat"));
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            return int.Parse(fields[3], CultureInfo.InvariantCulture);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or FormatException or ArgumentException or IndexOutOfRangeException)
        {
            return -1;
        }
    }

    private void Keep(string? line)
    {
        if (line is null)
        {
            _open.Signal();
            return;
        }

        lock (_lines)
        {
            _lines.Enqueue(line.Length > 400 ? line[..400] + "…" : line);
            if (_lines.Count > LinesKept)
            {
                _lines.Dequeue();
            }
        }
    }
}
