using System.Collections.Immutable;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Continuum.Participants;

/// <summary>What an experiment says of a body that conducts heat, or of a part of it.</summary>
internal sealed class HeatSettings
{
    private static readonly ImmutableArray<string> _ports = ["temperature-in", "flux-in", "heat-in", "temperature-out", "flux-out", "heat-out"];

    /// <summary>Reads all settings.</summary>
    /// <param name="given">The settings.</param>
    /// <param name="reader">Reads a mesh from a file.</param>
    /// <param name="box">The cells that are meant, for a part of a body; all if null.</param>
    /// <exception cref="ScaleModelException">They do not fit together; all that is wrong is named.</exception>
    public HeatSettings(ModelSettings given, MeshReader reader, CellBox? box = null)
    {
        Body = new(given, reader, box);
        (Scheme, Start) = (given.Choice("scheme"), given.Number("initial-temperature"));
        LongestStep = given.Has("step") ? given.Number("step") : null;
        (Conductivity, Capacity, Source) = (Body.PerRegion("conductivity", above: 0), Body.PerRegion("capacity", above: 0), Body.PerRegion("constant-source"));
        (Temperatures, Fluxes) = (Body.Valued("fixed-temperature", "fixed-temperatures"), Body.Valued("constant-flux", "constant-fluxes"));
        Surfaces = _ports.ToImmutableSortedDictionary(key => key, Body.Surfaces, StringComparer.Ordinal);
        (Films, AmbientIn) = (Body.Valued("film", "film-coefficients"), Body.Surfaces("ambient-in"));
        Ambients = Body.Valued("film", "ambient-temperatures", except: "ambient-in");
        foreach (var name in given.Texts("temperature-in"))
        {
            Body.Require(!given.Texts("fixed-temperature").Contains(name), $"'temperature-in' and 'fixed-temperature' both name '{name}'");
        }

        Body.Require(Scheme != "crank-nicolson" || given.Texts("flux-out").IsEmpty, $"'scheme' is crank-nicolson, which knows the heat of a step and no flux at its end; take 'heat-out' instead of 'flux-out', or another scheme");
        foreach (var name in AmbientIn)
        {
            Body.Require(given.Texts("film").Contains(name), $"'ambient-in' names '{name}', and 'film' does not; it takes 'film' and 'film-coefficients' to exchange heat with what is outside");
        }

        foreach (var (surface, values) in Films)
        {
            Body.Require(values[0] > 0, $"'film-coefficients' gives '{surface}' {values[0]}; allowed is above 0");
        }

        Body.Require(
            Scheme != "steady" || ((ReadOnlySpan<string>)["fixed-temperature", "temperature-in", "film"]).ToArray().Any(key => !given.Texts(key).IsEmpty),
            $"'scheme' is steady, and no surface has a temperature; name one by 'fixed-temperature', 'temperature-in' or 'film'");
        Body.RequireSound();
    }

    /// <summary>The shape of the body.</summary>
    public BodySettings Body { get; }

    /// <summary>The scheme of steps in time.</summary>
    public string Scheme { get; }

    /// <summary>The temperature at the start, K.</summary>
    public double Start { get; }

    /// <summary>The longest step that is asked for, s.</summary>
    public double? LongestStep { get; }

    /// <summary>k of each region, W/(m K).</summary>
    public double[] Conductivity { get; }

    /// <summary>c of each region, J/(m³ K).</summary>
    public double[] Capacity { get; }

    /// <summary>The source in each region, W/m³.</summary>
    public double[] Source { get; }

    /// <summary>Surfaces at given temperatures, K.</summary>
    public ImmutableArray<(string Surface, ImmutableArray<double> Values)> Temperatures { get; }

    /// <summary>Surfaces with given fluxes into the body, W/m².</summary>
    public ImmutableArray<(string Surface, ImmutableArray<double> Values)> Fluxes { get; }

    /// <summary>Surfaces that exchange heat with what is outside, with their film coefficients, W/(m² K).</summary>
    public ImmutableArray<(string Surface, ImmutableArray<double> Values)> Films { get; }

    /// <summary>Those of them whose temperature outside is given, K.</summary>
    public ImmutableArray<(string Surface, ImmutableArray<double> Values)> Ambients { get; }

    /// <summary>Those whose temperature outside comes by a port.</summary>
    public ImmutableArray<string> AmbientIn { get; }

    /// <summary>The surfaces with ports of each other kind.</summary>
    public ImmutableSortedDictionary<string, ImmutableArray<string>> Surfaces { get; }

    /// <summary>All surfaces with ports, fluxes or films.</summary>
    public IEnumerable<string> ActiveSurfaces => Fluxes.Concat(Films).Select(f => f.Surface).Concat(_ports.SelectMany(key => Surfaces[key])).Distinct();

    /// <summary>θ of K, and c₀ of M/Δt, of a scheme of one step.</summary>
    public static (double OfCapacity, double Theta) FactorsOf(string scheme) => (scheme == "steady" ? 0 : 1, scheme == "crank-nicolson" ? 0.5 : 1);
}
