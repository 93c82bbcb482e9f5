using System.CommandLine;
using System.Globalization;
using ActorMultiscale.Host.Composition;
using ActorMultiscale.Host.Interop.IPi;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Particles;

namespace ActorMultiscale.Host.Commands;

/// <summary><c>forces --i-pi ADDRESS</c>: computes forces for another program that moves the atoms.</summary>
internal static class ForcesCommand
{
    public static Command Create()
    {
        var address = new Option<string>("--i-pi") { Description = "The i-PI server to connect to: host:port, or unix:NAME for /tmp/ipi_NAME", Required = true };
        var limit = new Option<string>("--time-limit") { Description = "How long to wait for the server", DefaultValueFactory = _ => "60 s" };
        var parameters = LennardJones.Settings.Select(s => (Setting: s, Option: new Option<string>("--" + s.Key)
        {
            Description = string.Create(CultureInfo.InvariantCulture, $"{s.Meaning}; {s.Default} {s.Unit} unless given"),
        })).ToList();
        var command = new Command("forces", "Compute Lennard-Jones forces for an i-PI server (i-PI, ASE) that moves the atoms") { address, limit };
        foreach (var (_, option) in parameters)
        {
            command.Add(option);
        }

        command.SetAction((parsed, cancellation) => Task.Run(
            () =>
            {
                try
                {
                    var values = parameters.Select(p => parsed.GetValue(p.Option) is { } text ? Read("--" + p.Setting.Key, text, p.Setting) : (double)p.Setting.Default!).ToList();
                    var seconds = Read("--time-limit", parsed.GetValue(limit)!, Setting.Positive("time-limit", "s", ""));
                    var client = new IPiClient(new LennardJones(values[0], values[1], values[2]), TimeSpan.FromSeconds(Math.Clamp(seconds, 0, 86400)));
                    var answered = client.Serve(IPiAddress.Parse(parsed.GetValue(address)!), cancellation);
                    Console.Out.WriteLine($"{answered} configurations answered");
                    return ExitCode.Ok;
                }
                catch (FormatException fault)
                {
                    Console.Error.WriteLine(fault.Message);
                    return ExitCode.Usage;
                }
                catch (Exception fault) when (fault is IPiException or ScaleModelException)
                {
                    Console.Error.WriteLine(fault.Message);
                    return ExitCode.RunFailed;
                }
                catch (OperationCanceledException)
                {
                    return ExitCode.Stopped;
                }
            },
            CancellationToken.None));
        return command;
    }

    private static double Read(string option, string text, Setting setting) => QuantityText.TryRead(text, setting.Unit, out var value, out var fault)
        ? value
        : throw new FormatException($"{option}: {fault}");
}
