using ActorMultiscale.Host.Composition;

namespace ActorMultiscale.Tests.Host;

/// <summary>Whatever is wrong with an experiment is said with file, line and key, before anything is made.</summary>
public sealed class MalformedExperimentTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("actor-multiscale-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private const string Good = """
        name = test
        until = 1 s
        window = 0.1 s
        participants {
          left { model = oscillator-mass, settings { side = left, substeps = 4 } }
          right { model = oscillator-mass, settings { side = right } }
        }
        conduits = [
          { from = left.spring-force, to = right.force, degree = 3 }
          { from = right.spring-force, to = left.force }
        ]
        scheme {
          stages = [[left], [right]]
          iterate { max = 20, converge = [ { conduit = left.force, relative = 1e-6 } ] }
        }
        expect { small { metric = left.max-error, at-most = 1, source = "test" } }
        """;

    private string Message(string text)
    {
        var file = Path.Combine(_folder, "bad.conf");
        File.WriteAllText(file, text.ReplaceLineEndings("\n"));
        var message = Assert.Throws<InvalidExperimentException>(() => ExperimentLoader.Load(file, [])).Message;
        return message.Replace(file, "bad.conf", StringComparison.Ordinal);
    }

    [Fact]
    public void The_experiment_that_the_others_are_made_from_is_good()
    {
        var file = Path.Combine(_folder, "good.conf");
        File.WriteAllText(file, Good);

        var loaded = ExperimentLoader.Load(file, ["participants.left.settings.substeps=8", "conduits.1.degree=2"]);

        Assert.Empty(loaded.Warnings);
        Assert.Equal(2, loaded.System.Experiment.Conduits[1].Degree);
        Assert.Equal(8, loaded.System.Experiment.Participants[0].Settings.Integer("substeps"));
    }

    // What is replaced by what, where the fault is, and what is said of it.
    [Theory]
    [InlineData("settings { side = right } }", "settings { side = right ", "bad.conf:6:", "participants", "closed")]
    [InlineData("to = left.force }\n]", "to = left.force }\n", "bad.conf:8:", "conduits", "never closed|not closed|']'")]
    [InlineData("window = 0.1 s", "window = 0.1 kg", "bad.conf:3:", "window", "kg")]
    [InlineData("window = 0.1 s", "window = 0.1 sec", "bad.conf:3:", "window", "sec")]
    [InlineData("window = 0.1 s", "window = -0.1 s", "bad.conf:3:", "window", "greater than 0")]
    [InlineData("window = 0.1 s", "window = \"1,5\"", "bad.conf:3:", "window", "1,5")]
    [InlineData("window = 0.1 s", "window = nan", "bad.conf:3:", "window", "not finite")]
    [InlineData("window = 0.1 s", "windwo = 0.1 s", "bad.conf:3:", "windwo", "Did you mean 'window'?")]
    [InlineData("until = 1 s\n", "", "bad.conf:1:", "until", "missing")]
    [InlineData("substeps = 4", "substeps = 0", "bad.conf:5:", "participants.left.settings.substeps", "at least 1")]
    [InlineData("substeps = 4", "substeps = many", "bad.conf:5:", "participants.left.settings.substeps", "many")]
    [InlineData("substeps = 4", "substep = 4", "bad.conf:5:", "participants.left.settings.substep", "Did you mean 'substeps'?")]
    [InlineData("side = left,", "side = lefd,", "bad.conf:5:", "participants.left.settings.side", "Did you mean 'left'?")]
    [InlineData("left { model = oscillator-mass", "left { model = oscilator-mass", "bad.conf:5:", "participants.left.model", "Did you mean 'oscillator-mass'?")]
    [InlineData("to = right.force", "to = right.forse", "bad.conf:9:", "conduits.0.to", "Did you mean 'force'?")]
    [InlineData("from = left.spring-force", "from = lift.spring-force", "bad.conf:9:", "conduits.0.from", "Did you mean 'left'?")]
    [InlineData("from = left.spring-force", "from = left.displacement", "bad.conf:9:", "conduits.0", "in m to F in N")]
    [InlineData("to = left.force }", "to = right.force }", "bad.conf:10:", "conduits.1.to", "Two conduits")]
    [InlineData("degree = 3", "degree = 9", "bad.conf:9:", "conduits.0.degree", "5")]
    [InlineData("[[left], [right]]", "[[left], [write]]", "bad.conf:13:", "scheme.stages", "neither a participant nor a group")]
    [InlineData("[[left], [right]]", "[[left]]", "bad.conf:6:", "participants.right", "No stage names")]
    [InlineData("[[left], [right]]", "[left, right]", "bad.conf:13:", "scheme.stages", "list")]
    [InlineData("conduit = left.force, relative", "conduit = left.farce, relative", "bad.conf:14:", "converge.0", "Did you mean 'left.force'?")]
    [InlineData("relative = 1e-6", "relative = 1e-6, residual-relative = 1", "bad.conf:14:", "converge.0", "either one is enough")]
    [InlineData("metric = left.max-error", "metric = left.error", "bad.conf:16:", "expect.small.metric", "left.max-error")]
    [InlineData("at-most = 1,", "value = 1,", "bad.conf:16:", "expect.small.value", "tolerance")]
    [InlineData("at-most = 1,", "at-most = 1 kg,", "bad.conf:16:", "expect.small", "kg")]
    [InlineData("name = test", "include \"other.conf\"", "bad.conf:1:", "", "include")]
    [InlineData("name = test", "name = ${HOME}", "bad.conf:1:", "name", "$")]
    [InlineData("conduits = [", "conduits += [", "bad.conf:8:", "conduits", "+=")]
    [InlineData("until = 1 s", "until = 1 s\nuntil = 2 s", "bad.conf:3:", "until", "line 2")]
    [InlineData("name = test", "name = test\nmodels = [\"Nowhere.dll\"]", "bad.conf:2:", "models", "Nowhere.dll")]
    [InlineData("expect {", "limits { left.nothing = 1 }\nexpect {", "bad.conf:16:", "limits.left.nothing", "no scalar out-port")]
    [InlineData("scheme {", "groups { alone { stages = [[left]] } }\nscheme {", "bad.conf:12:", "groups.alone", "No stage names the group")]
    [InlineData("until = 1 s", "until = 1e300 s", "bad.conf:2:", "until", "more than can be counted")]
    public void A_fault_is_named_with_its_place_and_its_key(string good, string bad, string place, string key, string says)
    {
        Assert.Contains(good, Good.ReplaceLineEndings("\n"), StringComparison.Ordinal);
        var message = Message(Good.ReplaceLineEndings("\n").Replace(good, bad, StringComparison.Ordinal));

        Assert.Contains(place, message, StringComparison.Ordinal);
        Assert.Contains(key, message, StringComparison.Ordinal);
        Assert.True(says.Split('|').Any(s => message.Contains(s, StringComparison.OrdinalIgnoreCase)), message);
    }

    [Fact]
    public void A_cycle_without_initial_data_is_named()
    {
        var message = Message("""
            until = 1 s
            window = 1 s
            participants {
              field { model = textbook-field }
              fine { model = textbook-fine }
              coarse { model = textbook-coarse }
            }
            conduits = [
              { from = field.left, to = fine.field }
              { from = fine.result, to = field.left-result }
              { from = field.right, to = coarse.field }
              { from = coarse.result, to = field.right-result }
            ]
            scheme { stages = [[field], [fine, coarse]] }
            """);

        Assert.Contains("bad.conf:10:", message, StringComparison.Ordinal);
        Assert.Contains("cycle without initial data", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Groups_that_cut_a_window_into_uncountable_pieces_or_contain_themselves_are_named()
    {
        var nested = string.Concat(Enumerable.Range(0, 4).Select(i => $"g{i} {{ windows = 999983, stages = [[{(i == 3 ? "left" : $"g{i + 1}")}]] }}\n"));
        Assert.Contains("so that all groups meet their parents on whole ticks", Message(Good.Replace("[[left], [right]]", "[[g0], [right]]", StringComparison.Ordinal) + "\ngroups {\n" + nested + "}"), StringComparison.Ordinal);
        Assert.Contains("contains itself", Message(Good.Replace("[[left], [right]]", "[[g], [right]]", StringComparison.Ordinal) + "\ngroups { g { stages = [[left], [h]] }, h { stages = [[g]] } }"), StringComparison.Ordinal);
    }

    [Fact]
    public void Independent_faults_are_all_named_at_once()
    {
        var message = Message(Good.Replace("window = 0.1 s", "window = 0.1 K", StringComparison.Ordinal).Replace("substeps = 4", "substeps = -4", StringComparison.Ordinal)
            .Replace("to = right.force", "to = right.farce", StringComparison.Ordinal).Replace("[right]]", "[right], [third]]", StringComparison.Ordinal));

        Assert.Contains("bad.conf:3:", message, StringComparison.Ordinal);
        Assert.Contains("bad.conf:5:", message, StringComparison.Ordinal);
        Assert.Contains("bad.conf:9:", message, StringComparison.Ordinal);
        Assert.Contains("bad.conf:13:", message, StringComparison.Ordinal);
        Assert.Contains("4 faults", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\0\u0001\u0002binary\ufffd")]
    [InlineData("{{{{{{{{")]
    [InlineData("just some words")]
    public void What_is_no_experiment_at_all_is_refused(string text) => Assert.Contains("bad.conf", Message(text), StringComparison.Ordinal);

    [Fact]
    public void A_file_that_is_not_there_is_named_with_one_that_is()
    {
        File.WriteAllText(Path.Combine(_folder, "oscillator.conf"), Good);

        var message = Assert.Throws<InvalidExperimentException>(() => ExperimentLoader.Load(Path.Combine(_folder, "ocillator.conf"), [])).Message;

        Assert.Contains("there is no such file", message, StringComparison.Ordinal);
        Assert.Contains("oscillator.conf'?", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("windwo=1 s")]
    [InlineData("conduits.7.degree=1")]
    [InlineData("participants.left.settings.substeps=0")]
    [InlineData("window={")]
    public void A_change_on_the_command_line_that_fits_nothing_is_refused(string change)
    {
        var file = Path.Combine(_folder, "good.conf");
        File.WriteAllText(file, Good);

        Assert.Contains("--set", Assert.Throws<InvalidExperimentException>(() => ExperimentLoader.Load(file, [change])).Message, StringComparison.Ordinal);
    }
}
