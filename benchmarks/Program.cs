using System.Text.Json;
using ActorMultiscale.Benchmarks;

// benchmarks coupling [--json FILE] [--seconds S]
// benchmarks mapping [--json FILE]
// benchmarks recording [--json FILE]
// benchmarks md [--json FILE]
// benchmarks domains [--rounds N] [--cores N]
// benchmarks fem [explicit | poisson [1 | 2] | --json FILE]
// benchmarks amr [--json FILE]
// benchmarks wire [--json FILE]
// benchmarks cluster [--json FILE] [--seconds S]
// benchmarks scaling [--rounds N] [--json FILE] [--doc FILE]
if (args is ["mapping", ..])
{
    return await MappingBenchmark.RunAsync(args[1..]);
}

if (args is ["recording", ..])
{
    return await RecordingBenchmark.RunAsync(args[1..]);
}

if (args is ["md", ..])
{
    return MolecularDynamicsBenchmark.Run(args[1..]);
}

if (args is ["domains", ..])
{
    return DomainsBenchmark.Run(args[1..]);
}

if (args is ["fem", ..])
{
    return FiniteElementBenchmark.Run(args[1..]);
}

if (args is ["amr", ..])
{
    return AdaptiveBenchmark.Run(args[1..]);
}

if (args is ["wire", ..])
{
    return await WireBenchmark.RunAsync(args[1..]);
}

if (args is ["cluster", ..])
{
    return await ClusterBenchmark.RunAsync(args[1..]);
}

if (args is ["scaling", ..])
{
    return await ScalingBenchmark.RunAsync(args[1..]);
}

if (args is not ["coupling", ..])
{
    Console.Error.WriteLine("usage: benchmarks coupling [--json FILE] [--seconds S]");
    return 2;
}

string? file = null;
var seconds = 1.0;
for (var i = 1; i < args.Length; i++)
{
    switch (args[i])
    {
        case "--json" when i + 1 < args.Length:
            file = args[++i];
            break;
        case "--seconds" when i + 1 < args.Length && double.TryParse(args[i + 1], System.Globalization.CultureInfo.InvariantCulture, out seconds):
            i++;
            break;
        default:
            Console.Error.WriteLine($"'{args[i]}' is not understood; usage: benchmarks coupling [--json FILE] [--seconds S]");
            return 2;
    }
}

var rows = await CouplingBenchmark.RunAsync(TimeSpan.FromSeconds(seconds));
CouplingBenchmark.Print(rows);
if (file is not null)
{
    await File.WriteAllTextAsync(file, JsonSerializer.Serialize(rows, CouplingBenchmark.Json));
}

return 0;
