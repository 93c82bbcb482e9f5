using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace ActorMultiscale.Benchmarks;

/// <summary>An experiment that is run on 1, 2 and 4 nodes, and what is known of it beforehand: what has to cross from node to node.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Text">The experiment, with <c>UNTIL</c> where the number of its windows stands, whose length is <see cref="Window"/>.</param>
/// <param name="Window">The length of a window, s.</param>
/// <param name="Windows">How many windows are run.</param>
/// <param name="Parts">Members or participants that are spread, an equal run of them on each node.</param>
/// <param name="IsTeam">Whether they are the members of one team.</param>
/// <param name="Steps">Steps of a team in a window.</param>
internal sealed record ScalingCase(string Name, string Text, double Window, int Windows, int Parts, bool IsTeam, int Steps)
{
    // Bricks along each axis, atoms along an edge in lattice constants, and how far apart atoms still know of each other.
    private const int Bricks = 2;
    private const int Cells = 20;
    private const double Lattice = 1.6796;
    private const double Reach = 2.5 + 0.3;

    /// <summary>The Lennard-Jones melt of 32,000 atoms in eight domains.</summary>
    public static ScalingCase Melt(int windows) => new("melt in domains", string.Create(CultureInfo.InvariantCulture, $$"""
        name = melt
        until = UNTIL s
        window = 0.125 s
        participants {
          atoms {
            model = molecular-domains-reduced
            settings {
              lattice = fcc, lattice-constant = {{Lattice}}, cells = [{{Cells}}, {{Cells}}, {{Cells}}], domains = [{{Bricks}}, {{Bricks}}, {{Bricks}}]
              temperature = 1.44, seed = 3
              pair = lennard-jones, cutoff = 2.5, ending = shifted
              step = 0.005, skin = 0.3
            }
            record = none
          }
        }
        scheme { stages = [[atoms]] }
        snapshots { interval = 3600 s }
        """), 0.125, windows, Bricks * Bricks * Bricks, IsTeam: true, Steps: 25);

    /// <summary>Eight bodies that conduct heat, in a ring, each in touch with the next by films: temperatures of surfaces of 625 and 676 nodes are mapped both ways in every window.</summary>
    public static ScalingCase Ring(int windows)
    {
        const int Bodies = 8;
        const string Mapping = "mapping = { method = radial-basis, basis = compact-c2, support-radius = 0.02 m }";
        var text = new StringBuilder("name = ring\nuntil = UNTIL s\nwindow = 1 s\nparticipants {\n");
        for (var body = 0; body < Bodies; body++)
        {
            var cells = 24 + (body % 2);
            text.Append(CultureInfo.InvariantCulture, $$"""
                  body-{{body}} {
                    model = heat
                    settings {
                      size = [0.02 m, 0.1 m, 0.1 m], origin = [{{0.02 * body:0.00}} m, 0 m, 0 m], cells = [4, {{cells}}, {{cells}}]
                      conductivity = [15 W/m K^-1], capacity = [3.9e6 J/m^3 K^-1], initial-temperature = {{300 + (20 * body)}} K
                      film = [left, right], film-coefficients = [200 W/m^2 K^-1], ambient-in = [left, right], temperature-out = [left, right]
                    }
                  }

                """);
        }

        text.Append("}\nconduits = [\n");
        for (var body = 0; body < Bodies; body++)
        {
            var next = (body + 1) % Bodies;
            text.Append(CultureInfo.InvariantCulture, $"  {{ from = body-{body}.temperature-out-right, to = body-{next}.ambient-in-left, {Mapping} }}\n  {{ from = body-{next}.temperature-out-left, to = body-{body}.ambient-in-right, {Mapping} }}\n");
        }

        text.Append(CultureInfo.InvariantCulture, $"]\nscheme {{ stages = [[{string.Join(", ", Enumerable.Range(0, Bodies).Select(b => $"body-{b}"))}]] }}\nsnapshots {{ interval = 3600 s }}\nplacement {{\n");
        for (var body = 0; body < Bodies; body++)
        {
            text.Append(CultureInfo.InvariantCulture, $"  body-{body} {{ role = part-{body / 2} }}\n");
        }

        return new ScalingCase("ring of bodies", text.Append("}\n").ToString(), 1, windows, Bodies, IsTeam: false, 0);
    }

    /// <summary>Two masses on a spring, one on each of two nodes: windows that cost next to nothing, of which everything is overhead.</summary>
    public static ScalingCase Masses(int windows) => new("two masses", """
        name = masses
        until = UNTIL s
        window = 0.01 s
        participants {
          left { model = oscillator-mass, settings { side = left } }
          right { model = oscillator-mass, settings { side = right } }
        }
        conduits = [
          { from = left.spring-force, to = right.force }
          { from = right.spring-force, to = left.force }
        ]
        scheme { stages = [[left], [right]] }
        placement {
          left { role = part-0 }
          right { role = part-2 }
        }
        snapshots { interval = 3600 s }
        """, 0.01, windows, 2, IsTeam: false, 0);

    /// <summary>The node of a part where all parts are on so many.</summary>
    public int NodeOf(int part, int nodes) => part * nodes / Parts;

    /// <summary>How many parts are not on the first node, where the coordinator and member 0 of a team are.</summary>
    public int Remote(int nodes) => Enumerable.Range(0, Parts).Count(part => NodeOf(part, nodes) > 0);

    /// <summary>How many pairs, each counted both ways, exchange something between nodes: domains that touch (of eight in a periodic box all do), or bodies next to each other.</summary>
    public int Cut(int nodes) => (from a in Enumerable.Range(0, Parts) from b in Enumerable.Range(0, Parts) where NodeOf(a, nodes) != NodeOf(b, nodes) && Exchange(a, b) > 0 select 1).Count();

    /// <summary>What all these pairs exchange: of domains the volume in which each has atoms that the other feels, of bodies one each.</summary>
    public double Volume(int nodes) => (from a in Enumerable.Range(0, Parts) from b in Enumerable.Range(0, Parts) where NodeOf(a, nodes) != NodeOf(b, nodes) select Exchange(a, b)).Aggregate(0.0, (sum, exchange) => sum + exchange);

    /// <summary>What one of many domains sends to its neighbors, as <see cref="Volume"/>: 26 of them where there are three or more along each axis.</summary>
    public static double VolumeOfOne { get; } = Enumerable.Range(1, 3).Aggregate(0.0, (sum, differing) =>
        sum + (new[] { 6, 12, 8 }[differing - 1] * Math.Pow(Reach, differing) * Math.Pow(Cells * Lattice / Bricks, 3 - differing)));

    /// <summary>How many neighbors that are.</summary>
    public const int NeighborsOfOne = 26;

    // Along an axis in which two of two bricks differ they touch on both sides (the box is periodic); along the others the face is as long as the brick.
    private double Exchange(int a, int b)
    {
        if (a == b)
        {
            return 0;
        }

        if (!IsTeam)
        {
            return (a + 1) % Parts == b || (b + 1) % Parts == a ? 1 : 0;
        }

        const double Edge = Cells * Lattice / Bricks;
        static double Along(int a, int b) => a == b ? Edge : Math.Min(Edge, 2 * Reach);
        return Along(a % Bricks, b % Bricks) * Along(a / Bricks % Bricks, b / Bricks % Bricks) * Along(a / Bricks / Bricks, b / Bricks / Bricks);
    }

    /// <summary>The roles of nodes: parts of the ring are tied to them, so that neighbors stay together on any number of nodes.</summary>
    public static ImmutableArray<ImmutableArray<string>> Roles(int nodes) =>
        [.. Enumerable.Range(0, nodes).Select(node => ImmutableArray.CreateRange(Enumerable.Range(0, 4).Where(part => part * nodes / 4 == node).Select(part => FormattableString.Invariant($"part-{part}"))))];
}
