using ActorMultiscale.Host.Composition;
using ActorMultiscale.Host.Graph;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Coupling.Acceleration;

namespace ActorMultiscale.Tests.Host.Composition;

/// <summary>The block <c>subdomains</c> of a participant: what it becomes, and what is wrong with it.</summary>
public sealed class SubdomainBlockTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("actor-multiscale-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private LoadedExperiment Load(string subdomains, string more = "")
    {
        var file = Path.Combine(_folder, "test.conf");
        File.WriteAllText(file, $$"""
            until = 0.2 s
            window = 0.1 s
            participants {
              plate {
                model = heat
                settings { cells = [6, 6], fixed-temperature = [left], fixed-temperatures = [1 K], flux-in = [top], temperature-out = [top] }
                {{subdomains}}
              }
              peer { model = heat, settings { origin = [0 m, 1 m], flux-out = [bottom], fixed-temperature = [top], fixed-temperatures = [2 K] } }
            }
            conduits = [
              { from = peer.flux-out-bottom, to = "plate[2].flux-in-top", mapping = linear-cell }
              { from = peer.flux-out-bottom, to = "plate[3].flux-in-top", mapping = linear-cell }
            ]
            scheme { stages = [[peer], [plate]] }
            {{more}}
            """.ReplaceLineEndings("\n"));
        return ExperimentLoader.Load(file, []);
    }

    private string Message(string subdomains, string more = "") => Assert.Throws<InvalidExperimentException>(() => Load(subdomains, more)).Message.Replace(Path.Combine(_folder, "test.conf"), "test.conf", StringComparison.Ordinal);

    [Fact]
    public void A_body_becomes_participants_and_a_group_that_iterates()
    {
        var system = Load("subdomains { parts = [2, 2] }", """placement { plate { role = fe } }""").System;

        Assert.Equal(["peer", "plate-coarse", "plate[0]", "plate[1]", "plate[2]", "plate[3]"], system.Participants.Select(p => p.Name));
        var group = Assert.Single(system.Groups, g => g.Spec.Name == "plate");
        var iteration = group.Spec.Scheme.Iteration;
        Assert.Equal(["plate[0]:solve", "plate[1]:solve", "plate[2]:solve", "plate[3]:solve"], group.Spec.Scheme.Stages[0].AsEnumerable());
        Assert.Equal(["plate-coarse"], group.Spec.Scheme.Stages[1].AsEnumerable());
        Assert.Equal((100, AccelerationMethod.LeastSquares, 1.0), (iteration.Maximum, iteration.Acceleration.Method, iteration.Acceleration.Relaxation));
        Assert.Equal(12, iteration.Criteria.Length);
        Assert.All(iteration.Criteria, c => Assert.Equal((ResidualMeasure.Relative, 1e-9, true, true), (c.Measure, c.Limit, c.IsStrict, c.IsJoint)));
        Assert.Equal(RunOutcome.Completed, new SerialRunner(system).Run().Outcome);
    }

    [Fact]
    public void All_keys_are_read()
    {
        var system = Load("subdomains { parts = [2, 2], overlap = 1, coarse = [], tolerance = 1e-6, absolute = 1e-8, windows = 3, iterate { max = 40, acceleration = aitken } }").System;

        var group = Assert.Single(system.Groups, g => g.Spec.Name == "plate").Spec;
        Assert.DoesNotContain(system.Participants, p => p.Name == "plate-coarse");
        Assert.Equal((3, 40, AccelerationMethod.Aitken), (group.Windows, group.Scheme.Iteration.Maximum, group.Scheme.Iteration.Acceleration.Method));
        Assert.All(group.Scheme.Iteration.Criteria, c => Assert.Equal((ResidualMeasure.AbsoluteOrRelative, 1e-8, 1e-6), (c.Measure, c.Limit, c.RelativeLimit)));
    }

    [Fact]
    public void The_picture_has_one_box_for_all_sub_domains()
    {
        var graph = CouplingGraph.Of(Load("subdomains { parts = [2, 2], overlap = 1 }").System);

        Assert.Equal(["peer", "plate-coarse", "plate × 4"], graph.Boxes.Select(b => b.Title));
        Assert.Contains("12 × plate.trace-out-* → plate.trace-in-*: point by point, degree 1, iterated", graph.Arrows.Select(graph.Caption));
        Assert.Contains("4 × plate.defect → plate-coarse.defect-*: point by point, degree 1", graph.Arrows.Select(graph.Caption));
    }

    [Theory]
    [InlineData("subdomains { parts = [2.5, 2] }", "test.conf:7:26: key 'participants.plate.subdomains.parts': 'parts' takes whole numbers from 1 to 10000")]
    [InlineData("subdomains { parts = [2, 2], overlaps = 1 }", "Did you mean 'overlap'?")]
    [InlineData("subdomains { overlap = 1 }", "key 'participants.plate.subdomains.parts'")]
    [InlineData("subdomains { parts = [2, 2], overlap = 4 }", "test.conf:7:5: key 'participants.plate.subdomains': 'plate' cannot be divided: 'overlap' is 4, and the smallest part has 3 cells along axis 0")]
    [InlineData("subdomains { parts = [2, 2], iterate { relaxation = 3 } }", "key 'participants.plate.subdomains.iterate.relaxation'")]
    [InlineData("count = 4, subdomains { parts = [2, 2] }", "A participant has either 'count' or 'subdomains'")]
    public void What_is_wrong_is_said_once_where_it_stands(string subdomains, string message)
    {
        var said = Message(subdomains);
        Assert.Contains(message, said, StringComparison.Ordinal);
        Assert.EndsWith("1 fault", said.TrimEnd(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("groups { plate { stages = [[peer]] } }", "test.conf:7:5: key 'participants.plate.subdomains': The sub-domains of 'plate' are a group of that name")]
    [InlineData("participants { plate-coarse { model = heat, settings { cells = [2, 2] } } }", "The coarse level of 'plate' is called 'plate-coarse', and so is another participant")]
    public void A_name_that_sub_domains_take_is_said_to_be_taken(string more, string message)
    {
        var said = Message("subdomains { parts = [2, 2] }", more);
        Assert.Contains(message, said, StringComparison.Ordinal);
        Assert.EndsWith("1 fault", said.TrimEnd(), StringComparison.Ordinal);
    }

    // What is said of its coarse level and of its members rests with it.
    [Fact]
    public void A_body_in_sub_domains_may_rest_in_a_stage()
    {
        var rest = Load("subdomains { parts = [2, 2] }", """
            watches { push { port = plate-coarse.correction, take = mean }, warm { port = "plate[1].temperature", take = mean } }
            limits { "watch.push.mean" = 1e9 }
            placement { plate-coarse { role = fe }, "plate-c*" { role = md }, "plate[1]" { role = fe }, peer { with = plate-coarse } }
            run-stages { alone { scheme { stages = [[peer]] } }, both { } }
            """);
        Assert.Equal(["peer"], rest.System.Participants.Select(p => p.Name));
        Assert.Equal(RunOutcome.Completed, new SerialRunner(rest.System).Run().Outcome);
    }

    [Fact]
    public void A_port_of_the_whole_body_is_not_there()
    {
        var said = Message("subdomains { parts = [2, 2], overlap = 1 }", """watches { warm { port = plate.temperature, take = mean } }""");
        Assert.Contains("'plate' is in sub-domains, and ports are those of one of them, such as 'plate[0].temperature'", said, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_bodies_are_divided()
    {
        var file = Path.Combine(_folder, "mass.conf");
        File.WriteAllText(file, "until = 1 s\nwindow = 1 s\nparticipants { m { model = oscillator-mass, settings { side = left }, subdomains { parts = [2] } } }\nscheme { stages = [[m]] }\n");
        Assert.Contains("A participant of the model 'oscillator-mass' is computed as a whole", Assert.Throws<InvalidExperimentException>(() => ExperimentLoader.Load(file, [])).Message, StringComparison.Ordinal);
    }
}
