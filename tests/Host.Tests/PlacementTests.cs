using ActorMultiscale.Host.Composition;
using ActorMultiscale.Physics.Coupling;

namespace ActorMultiscale.Tests.Host;

/// <summary>The block <c>placement</c> of an experiment: what it says of nodes, what is wrong with it, and that it changes no number.</summary>
public sealed class PlacementTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("actor-multiscale-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private LoadedExperiment Load(string placement, params string[] overrides)
    {
        var file = Path.Combine(_folder, "test.conf");
        File.WriteAllText(file, $$"""
            name = test
            until = 1 s
            window = 0.1 s
            participants {
              left { model = oscillator-mass, settings { side = left } }
              right { model = oscillator-mass, settings { side = right } }
              cell { model = oscillator-mass, count = 3, settings { side = left } }
            }
            conduits = [
              { from = left.spring-force, to = right.force }
              { from = right.spring-force, to = left.force }
              { from = right.spring-force, to = "cell[*].force" }
            ]
            scheme { stages = [[left], [right], [cell]] }
            {{placement}}
            """.ReplaceLineEndings("\n"));
        return ExperimentLoader.Load(file, overrides);
    }

    private string Message(string placement) => Assert.Throws<InvalidExperimentException>(() => Load(placement)).Message.Replace(Path.Combine(_folder, "test.conf"), "test.conf", StringComparison.Ordinal);

    [Fact]
    public void Rules_are_read_in_order_for_participants_ensembles_and_beginnings()
    {
        var rules = Load("""placement { left { role = md }, right { role = fe, with = left }, "cell[1]" { role = md }, cell { with = right }, "*" { role = spare, least-nodes = 4 } }""").System.Experiment.Placement;

        Assert.Equal(new PlacementRule("left") { Role = "md" }, rules[0]);
        Assert.Equal(new PlacementRule("right") { Role = "fe", With = "left" }, rules[1]);
        Assert.Equal(["left", "right", "cell[1]", "cell", "*"], rules.Select(r => r.Participants));
        Assert.Equal((false, true), (rules[2].Concerns("cell[0]"), rules[2].Concerns("cell[1]")));
        Assert.Equal((true, false), (rules[3].Concerns("cell[0]"), rules[3].Concerns("cellar")));
        Assert.True(rules[4].Concerns("left"));
        Assert.Equal((null, 4), (rules[0].LeastNodes, rules[4].LeastNodes));
    }

    [Fact]
    public void Where_participants_are_computed_changes_no_bit()
    {
        var (with, without) = (new SerialRunner(Load("placement { left { role = md }, cell { with = left } }").System).Run(), new SerialRunner(Load("").System).Run());

        Assert.Equal(RunOutcome.Completed, with.Outcome);
        Assert.Equal(without.FinalHash, with.FinalHash);
    }

    [Theory]
    [InlineData("placement { lift { role = md } }", "placement.lift", "Did you mean 'left'?")]
    [InlineData("placement { \"lef-*\" { role = md } }", "placement.lef-*", "No participant's name begins with 'lef-'")]
    [InlineData("placement { left { with = rihgt } }", "placement.left.with", "Did you mean 'right'?")]
    [InlineData("placement { left { with = cell } }", "placement.left.with", "'cell' is an ensemble")]
    [InlineData("placement { left { with = left } }", "placement.left.with", "with itself")]
    [InlineData("placement { left { rol = md } }", "placement.left.rol", "Did you mean 'role'?")]
    [InlineData("placement { left { } }", "placement.left", "says nothing")]
    [InlineData("placement { left { role = \"\" } }", "placement.left.role", "'' cannot be the role of a node")]
    [InlineData("placement { left { role = MD } }", "placement.left.role", "'MD' cannot be the role of a node")]
    [InlineData("placement { left { least-nodes = 0 } }", "placement.left.least-nodes", "1")]
    [InlineData("placement { left { least-nodes = 1.5 } }", "placement.left.least-nodes", "whole")]
    [InlineData("placement { left = md }", "placement.left", "section")]
    [InlineData("placement = md", "placement", "section")]
    [InlineData("placement { left { with = right }, right { with = \"cell[2]\" }, cell { with = left } }", "placement.", "circle: 'left' with 'right' with 'cell[2]' with 'left'")]
    public void What_is_wrong_is_said_with_file_line_and_key(string placement, string key, string text)
    {
        var message = Message(placement);

        Assert.Contains("test.conf:15:", message, StringComparison.Ordinal);
        Assert.Contains(key, message, StringComparison.Ordinal);
        Assert.Contains(text, message, StringComparison.Ordinal);
    }

    [Fact]
    public void All_faults_are_said_at_once()
    {
        var message = Message("placement { lift { role = md }, left { rol = md }, right { role = \"m d\" }, cell { with = cell } }");

        Assert.All(["placement.lift", "placement.left.rol", "placement.right.role", "placement.cell.with"], key => Assert.Contains(key, message, StringComparison.Ordinal));
    }

    [Fact]
    public void One_of_those_whom_a_beginning_names_may_be_the_one_that_the_others_join()
    {
        var rule = Assert.Single(Load("""placement { "*" { with = left } }""").System.Experiment.Placement);

        Assert.Equal((null, "left"), (rule.PartnerOf("left"), rule.PartnerOf("right")));
    }

    [Fact]
    public void A_rule_that_holds_for_nobody_is_doubtful()
    {
        var warning = Assert.Single(Load("""placement { "*" { role = md }, left { role = fe } }""").Warnings);

        Assert.Contains("'left' holds for nobody", warning, StringComparison.Ordinal);
    }

    [Fact]
    public void Whoever_rests_in_a_run_stage_is_placed_nowhere()
    {
        var rules = Load("""
            placement { left { role = md, with = "cell[0]" }, right { with = "cell[1]" }, cell { role = fe } }
            run-stages { relax { scheme { stages = [[left], [right]] } }, couple { } }
            """.ReplaceLineEndings("\n")).System.Experiment.Placement;

        Assert.Equal([new PlacementRule("left") { Role = "md" }], rules.AsEnumerable());
    }

    [Fact]
    public void Check_shows_it()
    {
        _ = Load("""placement { left { role = md }, cell { role = fe, with = right }, right { least-nodes = 3 } }""");

        var (code, text, _) = HostCall.Run(_folder, "check", "test.conf");
        Assert.Equal(0, code);
        Assert.Contains("in a cluster: left on nodes of the role 'md', cell on nodes of the role 'fe' with right, right when 3 or more are there", text, StringComparison.Ordinal);
    }
}
