using System.Collections.Immutable;
using System.CommandLine;
using System.Text.Json;
using ActorMultiscale.Actors.Cluster;

namespace ActorMultiscale.Host.Commands;

/// <summary><c>certificates FOLDER --host H</c>: makes a node's certificate, and the authority of the cluster if there is none.</summary>
internal static class CertificatesCommand
{
    public static Command Create()
    {
        var folder = new Argument<string>("folder") { Description = "The folder of the cluster's authority; it stays where certificates are made" };
        var host = new Option<string[]>("--host") { Description = "An address or name by which other nodes call the node; may be given several times. The first names its folder", Required = true };
        host.Validators.Add(result =>
        {
            foreach (var token in result.Tokens.Where(token => Uri.CheckHostName(token.Value) is not (UriHostNameType.IPv4 or UriHostNameType.Dns)))
            {
                result.AddError($"'{token.Value}' is neither an IPv4 address nor the name of a host.");
            }
        });
        var days = new Option<int>("--days") { Description = "How long the certificate lasts", DefaultValueFactory = _ => 365 };
        days.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && !(int.TryParse(result.Tokens[0].Value, out var number) && number is >= 1 and <= 3650))
            {
                result.AddError($"--days takes a whole number from 1 to 3650; found '{result.Tokens[0].Value}'.");
            }
        });
        var json = SharedOptions.Json();
        var command = new Command("certificates", "Make the certificate of a node, and the authority of its cluster") { folder, host, days, json };
        command.SetAction(parsed =>
        {
            var hosts = parsed.GetValue(host)!;
            var own = NodeCertificates.Create(parsed.GetValue(folder)!, hosts, TimeProvider.System.GetUtcNow(), TimeSpan.FromDays(parsed.GetValue(days)));
            using var certificate = NodeCertificates.Load(own).Node;
            var output = new CertificateOutput(own, [.. hosts], certificate.NotAfter.ToUniversalTime());
            Console.Out.WriteLine(parsed.GetValue(json)
                ? JsonSerializer.Serialize(output, HostJson.Readable.CertificateOutput)
                : $"{own} is for the node {string.Join(", ", hosts)}, until {output.Until:yyyy-MM-dd}; copy it there and start the node with --certificates");
            return ExitCode.Ok;
        });
        return command;
    }
}

/// <summary>A certificate that was made.</summary>
/// <param name="Folder">The folder that goes to the node.</param>
/// <param name="Hosts">By which others call it.</param>
/// <param name="Until">How long it lasts.</param>
public sealed record CertificateOutput(string Folder, ImmutableArray<string> Hosts, DateTime Until);
