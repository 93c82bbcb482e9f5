using System.Diagnostics;
using System.Globalization;

namespace ActorMultiscale.Tests.Host;

/// <summary>A disk of a few megabytes, in memory; mounting one takes the rights of root.</summary>
internal sealed class SmallDisk : IDisposable
{
    private readonly string _path;

    private SmallDisk(string path) => _path = path;

    /// <summary>
    /// Mounts one in an empty folder; null, and a line on standard error, where that is not permitted, but not where tests must be complete (the environment
    /// variable CI is <c>true</c>): there it must be.
    /// </summary>
    public static SmallDisk? At(string path, int kilobytes)
    {
        Directory.CreateDirectory(path);
        if (Mount($"size={kilobytes.ToString(CultureInfo.InvariantCulture)}k", path) is not { Length: > 0 } reason)
        {
            return new SmallDisk(path);
        }

        Assert.True(Environment.GetEnvironmentVariable("CI") != "true", $"no disk that fills can be mounted: {reason}");
        Console.Error.WriteLine($"no disk that fills can be mounted, and its tests are left out: {reason}");
        return null;
    }

    /// <summary>Makes it larger, or smaller than what is on it: then it is full.</summary>
    public void Resize(int kilobytes) => Assert.Equal("", Mount($"remount,size={kilobytes.ToString(CultureInfo.InvariantCulture)}k", _path));

    /// <summary>Lets nobody write to it any more, or lets them again.</summary>
    public void SetReadOnly(bool isReadOnly) => Assert.Equal("", Mount(isReadOnly ? "remount,ro" : "remount,rw", _path));

    public void Dispose() => Run("umount", "-l", _path);

    private static string Mount(string options, string path) => Run("mount", "-t", "tmpfs", "-o", options, "tmpfs", path);

    private static string Run(params string[] command)
    {
        using var process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? "" : error.Trim();
    }
}
