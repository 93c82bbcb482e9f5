using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using ActorMultiscale.Host;

namespace ActorMultiscale.Tests.Host;

/// <summary>The program as users run it: a process of its own, in a folder of its own.</summary>
internal sealed class HostProcess : IDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _out = new();
    private readonly StringBuilder _error = new();

    private HostProcess(string folder, string[] arguments, string[]? under = null, (string Name, string Value)? variable = null, string? build = null)
    {
        string[] command = [.. under ?? [], "dotnet", Path.Combine(build ?? AppContext.BaseDirectory, "Host.dll"), .. arguments];
        var start = new ProcessStartInfo(command[0]) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach (var argument in command[1..])
        {
            start.ArgumentList.Add(argument);
        }

        if (variable is var (name, value))
        {
            start.Environment[name] = value;
        }

        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Append(_out, line.Data);
        _process.ErrorDataReceived += (_, line) => Append(_error, line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>What it has said on standard output so far.</summary>
    public string Out
    {
        get
        {
            lock (_out)
            {
                return _out.ToString();
            }
        }
    }

    /// <summary>What it has said on standard error so far.</summary>
    public string Error
    {
        get
        {
            lock (_error)
            {
                return _error.ToString();
            }
        }
    }

    public static string Experiment(string name)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "ActorMultiscale.sln")))
        {
            folder = folder.Parent;
        }

        return Path.Combine(folder.FullName, "hocon", "experiments", name);
    }

    public static HostProcess Start(string folder, params string[] arguments) => new(folder, arguments);

    /// <summary>The same with a command before it that becomes the program, such as <c>ip netns exec NAME</c>, with a variable of its environment, and of another build.</summary>
    public static HostProcess Start(string folder, string[] arguments, string[]? under, (string Name, string Value)? variable = null, string? build = null) => new(folder, arguments, under, variable, build);

    /// <summary>The same program under another version, whatever the new one would do otherwise, in a folder of its own.</summary>
    public static string OtherBuild(string folder)
    {
        Directory.CreateDirectory(folder);
        foreach (var entry in new DirectoryInfo(AppContext.BaseDirectory).EnumerateFileSystemInfos())
        {
            _ = entry is DirectoryInfo ? Directory.CreateSymbolicLink(Path.Combine(folder, entry.Name), entry.FullName) : File.CreateSymbolicLink(Path.Combine(folder, entry.Name), entry.FullName);
        }

        var program = Path.Combine(folder, "Host.dll");
        var (bytes, version, isFound) = (File.ReadAllBytes(program), Encoding.UTF8.GetBytes(Machine.Program), false);
        File.Delete(program);
        for (var at = bytes.AsSpan().IndexOf(version); at >= 0; at = bytes.AsSpan().IndexOf(version))
        {
            isFound = true;
            bytes[at + version.Length - 1] = (byte)(bytes[at + version.Length - 1] == '7' ? '8' : '7');
        }

        Assert.True(isFound, $"the program does not hold its version '{Machine.Program}'");
        File.WriteAllBytes(program, bytes);
        return folder;
    }

    public static (int Code, string Out, string Error) Run(string folder, params string[] arguments)
    {
        using var process = new HostProcess(folder, arguments);
        return process.Wait();
    }

    public (int Code, string Out, string Error) Wait()
    {
        if (!_process.WaitForExit(TimeSpan.FromMinutes(3)))
        {
            Kill();
            throw new TimeoutException($"The program did not end. {_out} {_error}");
        }

        _process.WaitForExit();         // For the rest of the output.
        lock (_out)
        {
            lock (_error)
            {
                return (_process.ExitCode, _out.ToString(), _error.ToString());
            }
        }
    }

    /// <summary><c>kill -9</c>.</summary>
    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    /// <summary><c>kill -9</c> after a while, unless it has ended by itself.</summary>
    public void WaitAndKill(TimeSpan after)
    {
        if (!_process.WaitForExit(after))
        {
            Kill();
        }
    }

    /// <summary>Sends a signal: <c>INT</c>, <c>TERM</c>, <c>STOP</c> or <c>CONT</c>. At once: a moment that is looked for is over soon.</summary>
    public void Signal(string signal)
    {
        _ = NativeKill(Id, signal switch { "INT" => 2, "TERM" => 15, "CONT" => 18, "STOP" => 19, _ => throw new ArgumentException($"'{signal}' is no signal that tests send.", nameof(signal)) });
        if (signal == "STOP")
        {
            // It is sent, and not yet obeyed by all of its threads.
            while (!HasExited && File.ReadAllText($"/proc/{Id}/stat") is var stat && stat[stat.LastIndexOf(')') + 2] is not ('T' or 'Z' or 'X'))
            {
            }
        }
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            Kill();
        }

        _process.Dispose();
    }

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int NativeKill(int id, int signal);

    private static void Append(StringBuilder to, string? line)
    {
        if (line is not null)
        {
            lock (to)
            {
                to.AppendLine(line);
            }
        }
    }
}
