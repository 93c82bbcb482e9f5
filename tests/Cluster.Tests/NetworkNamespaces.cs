using System.Diagnostics;
using System.Globalization;

namespace ActorMultiscale.Tests.Cluster;

/// <summary>
/// Machines that are none: a network namespace for each, joined by a bridge in a namespace of its own, so that the network of the real machine is left alone.
/// Links can be cut clean, in one direction, and again and again. Needs the right to make namespaces (<see cref="Missing"/>).
/// </summary>
internal sealed class NetworkNamespaces : IDisposable
{
    private readonly string _name = string.Create(CultureInfo.InvariantCulture, $"am{Environment.ProcessId}");
    private readonly int _count;

    public NetworkNamespaces(int count)
    {
        _count = count;
        try
        {
            Make();
        }
        catch (InvalidOperationException)
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Why there can be none here; null if there can.</summary>
    public static string? Missing
    {
        get
        {
            var probe = string.Create(CultureInfo.InvariantCulture, $"am{Environment.ProcessId}-probe");
            try
            {
                Ip("netns", "add", probe);
                try
                {
                    Ip("-n", probe, "link", "add", "name", "a", "type", "veth", "peer", "name", "b");
                    return null;
                }
                finally
                {
                    Ip("netns", "del", probe);
                }
            }
            catch (Exception fault) when (fault is InvalidOperationException or System.ComponentModel.Win32Exception)
            {
                return $"network namespaces cannot be made here ({fault.Message.Trim()}): tests of partitions are left out";
            }
        }
    }

    /// <summary>The address of machine <paramref name="i"/>.</summary>
    public static string Host(int i) => string.Create(CultureInfo.InvariantCulture, $"10.77.0.{i + 1}");

    /// <summary>What stands before a command that is to run on machine <paramref name="i"/>.</summary>
    public string[] On(int i) => ["ip", "netns", "exec", Space(i)];

    /// <summary>Machine <paramref name="i"/> neither hears the others nor is heard.</summary>
    public void Cut(int i) => Ip("-n", Bridge, "link", "set", "dev", Port(i), "down");

    /// <summary>Mends what was <see cref="Cut"/>.</summary>
    public void Mend(int i) => Ip("-n", Bridge, "link", "set", "dev", Port(i), "up");

    /// <summary>Machine <paramref name="i"/> hears the others, and is not heard.</summary>
    public void Mute(int i) => EachOther(i, other => Ip("-n", Space(i), "route", "add", "blackhole", $"{Host(other)}/32"));

    /// <summary>Mends what was <see cref="Mute"/>d.</summary>
    public void Unmute(int i) => EachOther(i, other => Ip("-n", Space(i), "route", "del", "blackhole", $"{Host(other)}/32"));

    /// <summary>Cuts and mends machine <paramref name="i"/> again and again.</summary>
    public void Flap(int i, int times, TimeSpan down, TimeSpan up)
    {
        for (var time = 0; time < times; time++)
        {
            Cut(i);
            Thread.Sleep(down);
            Mend(i);
            Thread.Sleep(up);
        }
    }

    public void Dispose()
    {
        foreach (var space in Enumerable.Range(0, _count).Select(Space).Append(Bridge).Where(space => File.Exists($"/run/netns/{space}")))
        {
            Ip("netns", "del", space);
        }
    }

    private void Make()
    {
        Ip("netns", "add", Bridge);
        Ip("-n", Bridge, "link", "add", "name", "bridge0", "type", "bridge");
        Ip("-n", Bridge, "link", "set", "dev", "bridge0", "up");
        for (var i = 0; i < _count; i++)
        {
            Ip("netns", "add", Space(i));
            Ip("link", "add", "name", "eth0", "netns", Space(i), "type", "veth", "peer", "name", Port(i), "netns", Bridge);
            Ip("-n", Bridge, "link", "set", "dev", Port(i), "master", "bridge0");
            Ip("-n", Bridge, "link", "set", "dev", Port(i), "up");
            Ip("-n", Space(i), "addr", "add", $"{Host(i)}/24", "dev", "eth0");
            Ip("-n", Space(i), "link", "set", "dev", "eth0", "up");
            Ip("-n", Space(i), "link", "set", "dev", "lo", "up");
        }
    }

    private string Bridge => $"{_name}-bridge";

    private string Space(int i) => string.Create(CultureInfo.InvariantCulture, $"{_name}-{i}");

    private static string Port(int i) => string.Create(CultureInfo.InvariantCulture, $"port{i}");

    private void EachOther(int i, Action<int> act) => Enumerable.Range(0, _count).Where(other => other != i).ToList().ForEach(act);

    private static void Ip(params string[] arguments)
    {
        var start = new ProcessStartInfo("ip") { RedirectStandardError = true };
        arguments.ToList().ForEach(start.ArgumentList.Add);
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"ip {string.Join(' ', arguments)}: {error}");
        }
    }
}
