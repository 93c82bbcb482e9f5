using ActorMultiscale.Host.Composition;

namespace ActorMultiscale.Tests.Composition;

public sealed class ConfigOverrideTests
{
    private const string Experiment = "a { b = 1, c { d = 2 } }\nconduits = [ { degree = 1 }, { degree = 2 } ]\nx = [1, 2]";

    [Theory]
    [InlineData("a.b=5", "a.b=5|a.c.d=2|conduits.0.degree=1|conduits.1.degree=2|x.0=1|x.1=2")]
    [InlineData("a.b = 10 ms", "a.b=10 ms|a.c.d=2|conduits.0.degree=1|conduits.1.degree=2|x.0=1|x.1=2")]
    [InlineData("a.new.key=\"v\"", "a.b=1|a.c.d=2|a.new.key='v'|conduits.0.degree=1|conduits.1.degree=2|x.0=1|x.1=2")]
    [InlineData("conduits.1.degree=3", "a.b=1|a.c.d=2|conduits.0.degree=1|conduits.1.degree=3|x.0=1|x.1=2")]
    [InlineData("conduits.0.new=3", "a.b=1|a.c.d=2|conduits.0.degree=1|conduits.0.new=3|conduits.1.degree=2|x.0=1|x.1=2")]
    [InlineData("x=[7]", "a.b=1|a.c.d=2|conduits.0.degree=1|conduits.1.degree=2|x.0=7")]
    [InlineData("x.1=7", "a.b=1|a.c.d=2|conduits.0.degree=1|conduits.1.degree=2|x.0=1|x.1=7")]
    [InlineData("a={ b = 3, e = 4 }", "a.b=3|a.c.d=2|a.e=4|conduits.0.degree=1|conduits.1.degree=2|x.0=1|x.1=2")]
    [InlineData("x={ y = 1 }", "a.b=1|a.c.d=2|conduits.0.degree=1|conduits.1.degree=2|x.y=1")]
    [InlineData("\"p.q\"=1", "a.b=1|a.c.d=2|conduits.0.degree=1|conduits.1.degree=2|x.0=1|x.1=2|\"p.q\"=1")]
    public void Replaces_or_adds_a_leaf(string assignment, string leaves)
    {
        var faults = new List<Fault>();

        var changed = ConfigOverride.Apply(HoconScanner.Scan("bar.conf", Experiment).Root, assignment, faults);

        Assert.Empty(faults);
        Assert.Equal(leaves, string.Join('|', Trees.Leaves(changed)));
    }

    [Theory]
    [InlineData("", 1, "", "where a key should be")]
    [InlineData("a.b", 1, "a.b", "no '='")]
    [InlineData("a.b=", 1, "a.b", "no value after '='")]
    [InlineData("a.b+=1", 1, "a.b", "'+=' is not supported")]
    [InlineData("a.b=${X}", 5, "a.b", "substitution")]
    [InlineData("a.b=1,a.c=2", 6, "a.b", "one assignment")]
    [InlineData("a.b=\"x", 5, "a.b", "not closed")]
    [InlineData("a.b=[1", 5, "a.b", "never closed")]
    [InlineData("a.b={", 5, "a.b", "never closed")]
    [InlineData("a=5", 1, "a", "'a' is a section, not a value")]
    [InlineData("a.b.c=5", 1, "a.b.c", "'a.b' is a single value (bar.conf:1:9)")]
    [InlineData("conduits.2.degree=3", 1, "conduits.2.degree", "Its elements are 0 to 1")]
    [InlineData("conduits.first.degree=3", 1, "conduits.first.degree", "no element 'first'")]
    [InlineData("conduits.-1.degree=3", 1, "conduits.-1.degree", "no element '-1'")]
    public void Refuses_what_is_no_assignment_and_leaves_the_experiment_alone(string assignment, int column, string key, string phrase)
    {
        var faults = new List<Fault>();
        var root = HoconScanner.Scan("bar.conf", Experiment).Root;

        var changed = ConfigOverride.Apply(root, assignment, faults);

        var fault = Assert.Single(faults);
        Assert.Equal(new SourcePosition("--set", 1, column), fault.Position);
        Assert.Equal(key, fault.Key);
        Assert.Contains(phrase, fault.Message, StringComparison.Ordinal);
        Assert.Same(root, changed);
    }

    [Fact]
    public void The_changed_value_is_found_at_the_command_line_and_the_others_where_they_were()
    {
        var changed = ConfigOverride.Apply(HoconScanner.Scan("bar.conf", Experiment).Root, "a.b=oops", []);
        var reader = new ConfigReader(changed, []).Section("a");

        Assert.Equal(new SourcePosition("--set", 1, 5), reader.PositionOf("b"));
        Assert.Equal("bar.conf", reader.PositionOf("c").File);
    }
}
