using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using ActorMultiscale.Host.Composition;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Host.Commands;

/// <summary><c>models</c>: every kind of model with its ports and settings.</summary>
internal static class ModelsCommand
{
    public static Command Create()
    {
        var kind = new Argument<string?>("kind") { Description = "Only this kind", Arity = ArgumentArity.ZeroOrOne };
        var library = new Option<string[]>("--library") { Description = "Also the models of this assembly" };
        var json = SharedOptions.Json();
        var command = new Command("models", "Show the kinds of model, their ports and settings") { kind, library, json };
        command.SetAction(parsed =>
        {
            var catalogue = BuiltInModels.Catalogue();
            foreach (var path in parsed.GetValue(library) ?? [])
            {
                ModelLibraries.AddTo(catalogue, path);
            }

            var wanted = parsed.GetValue(kind);
            if (wanted is not null && catalogue.Find(wanted) is null)
            {
                Console.Error.WriteLine($"There is no model '{wanted}'. {Physics.Coupling.Suggestion.Sentence(wanted, [.. catalogue.Entries.Select(e => e.Kind)])}");
                return ExitCode.Usage;
            }

            var models = catalogue.Entries.Where(e => wanted is null || e.Kind == wanted).Select(ModelOutput.Of).ToImmutableArray();
            if (parsed.GetValue(json))
            {
                Console.Out.WriteLine(JsonSerializer.Serialize(models, HostJson.Readable.ImmutableArrayModelOutput));
                return ExitCode.Ok;
            }

            foreach (var model in models)
            {
                Console.Out.WriteLine($"{model.Kind}");
                Console.Out.WriteLine($"  {model.Summary}");
                foreach (var port in model.Ports)
                {
                    Console.Out.WriteLine($"  {(port.Direction == "in" ? "→" : "←")} {port.Name,-24} {port.Symbol} [{port.Unit}]  {port.Nature}, {port.Time}{(port.Components > 1 ? $", {port.Components} components" : "")}{(port.Optional ? ", optional" : "")}");
                }

                foreach (var setting in model.Settings)
                {
                    Console.Out.WriteLine($"    {setting.Key,-24} {setting.Meaning}{(setting.Kind is "number" or "numbers" ? $" [{setting.Unit}]" : "")}{(setting.Default is null or "" ? setting.Optional || setting.Default == "" ? ", optional" : ", required" : $", default {setting.Default}")}{(setting.Allowed == "any" ? "" : $", {setting.Allowed}")}");
                }

                Console.Out.WriteLine();
            }

            return ExitCode.Ok;
        });
        return command;
    }
}

/// <summary>A kind of model in a listing.</summary>
public sealed record ModelOutput(string Kind, string Summary, ImmutableArray<PortOutput> Ports, ImmutableArray<SettingOutput> Settings)
{
    /// <summary>The listing of <paramref name="entry"/>. Ports are those of the model with its defaults; none where a setting without default is needed.</summary>
    public static ModelOutput Of(ModelEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        ImmutableArray<PortOutput> ports = [];
        if (entry.Example() is { } settings)
        {
            try
            {
                ports = [.. entry.Create(settings).Description.Ports.Select(PortOutput.Of)];
            }
            catch (ScaleModelException)
            {
                // A model that cannot be made without a real input file has no ports to show.
            }
        }

        return new(entry.Kind, entry.Summary, ports, [.. entry.Settings.Select(SettingOutput.Of)]);
    }
}

/// <summary>A port in a listing.</summary>
public sealed record PortOutput(string Name, string Direction, string Symbol, string Unit, string Nature, string Time, int Components, bool Optional)
{
    /// <summary>The listing of <paramref name="layout"/>.</summary>
    public static PortOutput Of(PortLayout layout)
    {
        ArgumentNullException.ThrowIfNull(layout);
        var port = layout.Port;
        return new(port.Name, port.Direction == PortDirection.In ? "in" : "out", port.Quantity.Symbol, port.Quantity.Unit.Symbol,
            port.Quantity.Nature == Physics.Fields.Nature.Intensive ? "intensive" : "extensive",
            port.Quantity.Time switch { Physics.Fields.TimeMeaning.Instant => "instant", Physics.Fields.TimeMeaning.WindowAverage => "window average", _ => "window integral" },
            port.Components, port.Optional);
    }
}

/// <summary>A setting in a listing.</summary>
public sealed record SettingOutput(string Key, string Kind, string Meaning, string Unit, string? Default, bool Optional, string Allowed)
{
    /// <summary>The listing of <paramref name="setting"/>.</summary>
    public static SettingOutput Of(Setting setting)
    {
        ArgumentNullException.ThrowIfNull(setting);
        var value = setting.Default switch
        {
            null => null,
            double d => d.ToString("R", CultureInfo.InvariantCulture),
            ImmutableArray<double> list => "[" + string.Join(", ", list.Select(v => v.ToString("R", CultureInfo.InvariantCulture))) + "]",
            ImmutableArray<string> list => string.Join(", ", list),
            bool b => b ? "true" : "false",
            var other => Convert.ToString(other, CultureInfo.InvariantCulture),
        };
        return new(setting.Key, setting.Kind.ToString().ToLowerInvariant(), setting.Meaning, setting.Unit.Symbol, value, setting.Optional,
            setting.Kind == SettingKind.Choice ? "one of " + string.Join(", ", setting.Choices) : ModelSettings.RangeOf(setting));
    }
}
