using ActorMultiscale.Host.Composition;

namespace ActorMultiscale.Tests.Composition;

public sealed class FaultReportTests
{
    [Fact]
    public void Shows_place_key_message_line_and_caret_sorted_by_position_with_the_count_at_the_end()
    {
        const string text = "\uFEFFwindow {\r\n\tlength 0.1 s\r\n}\r\na = 'x'\r\n";
        var faults = HoconScanner.Scan("bar.conf", text).Faults;

        var report = FaultReport.Render([.. faults.Reverse()], file => file == "bar.conf" ? text : null);

        Assert.Equal(
            """
            bar.conf:2:9: key 'window.length': there is no '=' between the key and '0.1'. Write length = 0.1 s
                 length 0.1 s
                        ^
            bar.conf:4:5: key 'a': single quotes do not quote. Use double quotes: "text"
                a = 'x'
                    ^
            2 faults

            """,
            report);
    }

    [Fact]
    public void Leaves_out_the_excerpt_where_the_source_is_not_at_hand()
    {
        var report = FaultReport.Render([new Fault(new SourcePosition("--set", 1, 1), "", "nonsense")], _ => null);

        Assert.Equal("--set:1:1: nonsense\n1 fault\n", report);
    }

    [Fact]
    public void Cuts_long_lines_around_the_column()
    {
        var text = new string('x', 500) + "!" + new string('y', 500);

        var lines = FaultReport.Render([new Fault(new SourcePosition("f", 1, 501), "", "m")], _ => text).Split('\n');

        Assert.True(lines[1].Length < 130);
        Assert.Equal('!', lines[1][lines[2].IndexOf('^', StringComparison.Ordinal)]);
    }

    [Fact]
    public void Does_not_pass_control_characters_on_to_the_terminal()
    {
        var report = FaultReport.Render([new Fault(new SourcePosition("f", 1, 1), "", "\u001b[31mred")], _ => "\u001b[2J\ud83d");

        Assert.DoesNotContain('\u001b', report);
        Assert.DoesNotContain('\ud83d', report);
    }

    [Fact]
    public void Is_empty_without_faults() => Assert.Equal("", FaultReport.Render([], _ => null));
}
