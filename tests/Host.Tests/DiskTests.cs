using System.Diagnostics;
using ActorMultiscale.Testing;

namespace ActorMultiscale.Tests.Host;

/// <summary>Disks that are full or read-only, and files that go away: one clear error that names the path, and a record that is gone on with.</summary>
public sealed class DiskTests(PostgresServer server) : RecordStand(server)
{
    private string Disk => Path.Combine(Folder, "disk");

    // Journal and observations fill what the record has left; the chunks of a snapshot are larger than all of it.
    [Theory]
    [InlineData("journal", 300)]
    [InlineData("journal", 700)]
    [InlineData("chunks", 1000)]
    [InlineData("chunks", 3500)]
    public void On_a_disk_that_fills_a_run_ends_and_says_so_and_goes_on_when_there_is_space(string what, int kilobytes)
    {
        LargeExperiment.WriteTo(Folder);
        string[] Run(string name) => what == "chunks" ? LargeExperiment.Run(name) : Long(name, until: 400);
        var hash = Json(0, Run("undisturbed")).GetProperty("finalHash").GetString();
        using var disk = SmallDisk.At(Disk, kilobytes);
        if (disk is null)
        {
            return;
        }

        Store = "disk";
        var clock = Stopwatch.StartNew();
        Refused(Run("full"), "full");
        Refused(["resume", "full", "--quiet"], "full");
        Assert.True(clock.Elapsed < TimeSpan.FromMinutes(1), $"{clock.Elapsed}");
        disk.Resize(200_000);

        Assert.Equal("interrupted", Json(0, "runs", "list")[0].GetProperty("status").GetString());
        Json(0, "runs", "check", "full");
        Assert.Equal(hash, Json(0, "resume", "full", "--quiet").GetProperty("finalHash").GetString());
        Json(0, "runs", "check", "full");
        CheckDatabase();
        Assert.Equal(["full.sqlite"], Directory.EnumerateFiles(Disk).Select(Path.GetFileName));
    }

    [Fact]
    public void Where_nothing_can_be_written_there_is_no_run()
    {
        using var disk = SmallDisk.At(Disk, 16);
        if (disk is null)
        {
            return;
        }

        Store = "disk";
        Refused(["run", Oscillator, "--name", "it", "--quiet"], "full");
        Assert.Empty(Directory.EnumerateFiles(Disk));
        disk.Resize(100_000);
        Json(0, "run", Oscillator, "--name", "it", "--quiet");

        disk.SetReadOnly(true);
        Refused(["run", Oscillator, "--name", "other", "--quiet"], "ead-only");
        Refused(["resume", "it", "--until", "2 s", "--quiet"], "read");
        disk.SetReadOnly(false);
        Assert.Equal(200, Json(0, "resume", "it", "--until", "2 s", "--quiet").GetProperty("windows").GetInt64());

        Store = Path.Combine("disk", "it.sqlite");      // A file where a folder should be.
        Refused(["run", Oscillator, "--name", "other", "--quiet"], "");
        Store = Path.Combine("disk", "not", "there");
        Assert.Empty(Json(0, "runs", "list").EnumerateArray());
        Refused(["resume", "it"], "There is no run 'it'");
        Json(0, "run", Oscillator, "--name", "it", "--quiet");
    }

    [Fact]
    public void A_run_whose_file_is_removed_ends_and_says_so()
    {
        using var run = Start(Long("removed", until: 10_000));
        AwaitFirstWindows("removed");
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Folder, "runs")))
        {
            File.Delete(file);
        }

        var (code, output, error) = run.Wait();

        Assert.True(code == 6, $"{code}: {output} {error}");
        Assert.Contains(Path.Combine("runs", "removed.sqlite"), error, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFiles(Path.Combine(Folder, "runs")));
    }

    // One sentence with the path.
    private void Refused(string[] arguments, string reason)
    {
        var (code, output, error) = Host(arguments);
        Assert.True(code == 6, $"{string.Join(' ', arguments)}: {code} {output} {error}");
        Assert.Contains("disk", error, StringComparison.Ordinal);
        Assert.Contains(reason, error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }
}
