using System.Collections.Immutable;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Coupling.Recording;
using ActorMultiscale.Tests.Coupling.Distribution;
using ActorMultiscale.Physics.Fields;
using CsCheck;

namespace ActorMultiscale.Tests.Coupling.Recording;

/// <summary>What is recorded of the fields is what led to the accepted windows, whatever happened on the way; and it is enough to compute each participant again alone.</summary>
public sealed class FieldRecorderTests
{
    private static List<FieldBlock> Blocks(FieldRecorder recorder)
    {
        recorder.Seal();
        var blocks = new List<FieldBlock>();
        while (recorder.TryTake(out var block))
        {
            blocks.Add(block);
        }

        return blocks;
    }

    private static List<RecordedWindow> Windows(CoupledSystem system, IEnumerable<FieldBlock> blocks) => [.. blocks.SelectMany(block => FieldBlockReader.Read(system, block.Bytes))];

    // Every participant, alone, from the start: it writes what it wrote, and ends in the state in which it ended.
    private static void ReplaysAlone(string what, CoupledSystem system, List<RecordedWindow> windows, ImmutableArray<string> states)
    {
        foreach (var node in system.Participants)
        {
            using var replay = new ParticipantReplay(system, node.Index);
            foreach (var window in windows)
            {
                var difference = replay.Advance(window);
                Assert.True(difference is null, $"{what}, '{node.Name}': {difference}");
            }

            Assert.True(states.IsEmpty || Convert.ToHexString(replay.Save().Whole()) == states[node.Index], $"{what}, '{node.Name}' ends in another state");
        }
    }

    private static void IsTheRun(string what, CoupledSystem system, Trace trace, List<FieldBlock> blocks)
    {
        var windows = Windows(system, blocks);
        if (trace.Records.IsEmpty)
        {
            Assert.Empty(blocks);       // It failed in its first window.
            return;
        }

        Assert.Equal(-1, windows[0].Index);
        Assert.Equal(trace.Records.Select(r => (r.Index, r.StartTick, r.EndTick)), windows.Skip(1).Select(w => (w.Index, w.StartTick, w.EndTick)));
        Assert.Equal(trace.Records.Length, blocks.Sum(b => b.Windows));
        ReplaysAlone(what, system, windows, trace.States);
    }

    [Fact]
    public void Random_experiments_in_any_order_of_answers_are_recorded_so_that_each_participant_can_be_computed_again_alone()
    {
        for (var seed = 0; seed < 3_000; seed++)
        {
            var system = Composition.Compose(RandomExperiment.Of(seed, timeLimits: seed % 2 == 0).Experiment);
            var recorder = new FieldRecorder(system, blockLength: 1 + (seed % 5 * 200));
            var trace = new ShuffledRunner(system, seed, recorder: recorder) { Timeouts = 0.05 }.Run();

            IsTheRun($"seed {seed}", Composition.Compose(RandomExperiment.Of(seed, timeLimits: seed % 2 == 0).Experiment), trace, Blocks(recorder));
        }
    }

    private static List<FieldBlock> Blocks(FieldMerger merger)
    {
        var blocks = new List<FieldBlock>();
        while (merger.TryTake(out var block))
        {
            blocks.Add(block);
        }

        return blocks;
    }

    // Sites record their own participants; a block of one is full when those of others are not.
    [Fact]
    public void What_sites_record_is_put_together_to_the_record_of_the_run()
    {
        var (compared, many) = (0, 0);
        for (var seed = 0; seed < 2_000; seed++)
        {
            CoupledSystem Compose() => Composition.Compose(RandomExperiment.Of(seed, timeLimits: seed % 2 == 0).Experiment);
            var (system, random) = (Compose(), new Random(seed));
            var merger = new FieldMerger(system, 1 + (seed % 4), blockLength: 1 + (seed % 5 * 400));
            var runner = new SpreadRunner(system, SpreadRunner.RandomPlacement(system, random, 1 + (seed % 4)), seed, blockLength: 1 + (seed % 3 * 300)) { Timeouts = 0.05, Merger = merger };
            var trace = runner.Run();
            if (trace.Outcome == RunOutcome.Failed)
            {
                continue;       // A site may wait for what nobody computes any more.
            }

            var blocks = Blocks(merger);
            IsTheRun($"seed {seed}", Compose(), trace, blocks);
            Assert.Equal(0, merger.LeftOut);
            compared++;
            many += blocks.Count > 1 ? 1 : 0;
        }

        Assert.True(compared > 1_000 && many > 300, $"Only {compared} runs were compared, of which {many} had several blocks.");
    }

    [Theory]
    [InlineData("serial")]
    [InlineData("parallel-implicit")]
    public void What_sites_record_of_meshes_that_change_is_put_together_with_the_meshes(string kind)
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var system = Composition.Compose(ChangingMeshTests.Pair(ChangingMeshTests.SchemeOf(kind)));
            var merger = new FieldMerger(system, 2, blockLength: 2_000);
            var trace = new SpreadRunner(system, SpreadRunner.RandomPlacement(system, new Random(seed), 2), seed, blockLength: 1_500) { Merger = merger }.Run();

            Assert.Equal(RunOutcome.Completed, trace.Outcome);
            IsTheRun($"{kind}, seed {seed}", system, trace, Blocks(merger));
        }
    }

    // A site that leaves a window out has a gap there, and so has the whole.
    [Fact]
    public void A_window_that_one_site_left_out_is_left_out()
    {
        var system = Composition.Compose(Species());
        var (mine, others) = (new FieldRecorder(system, isMine: p => p == 0), new FieldRecorder(system, isMine: p => p == 1));
        var trace = new ShuffledRunner(system, 1, recorder: mine).Run();
        _ = new ShuffledRunner(system, 1, recorder: others).Run();
        var (first, second) = (Windows(system, Blocks(mine)), Windows(system, Blocks(others)));
        Assert.All(first, w => Assert.All(w.Advances, a => Assert.Equal(0, a.Participant)));

        var writer = new FieldBlockWriter(system);
        first.Where(w => w.Index < 2).ToList().ForEach(writer.Write);
        var before = writer.Take();
        first.Where(w => w.Index > 2).ToList().ForEach(writer.Write);
        var after = writer.Take();
        second.ForEach(writer.Write);
        var merger = new FieldMerger(system, 2);
        merger.Take(new(0, 1, true, after.Bytes, trace.Records.Length));
        merger.Take(new(1, 0, true, writer.Take().Bytes, trace.Records.Length));
        Assert.False(merger.IsGapless);
        merger.Merge(long.MaxValue);
        merger.Seal();
        Assert.Empty(Blocks(merger));           // What came first is not there yet.

        merger.Take(new(0, 0, false, before.Bytes, 2));
        Assert.True(merger.IsGapless);
        merger.Merge(1);                        // No more are accepted yet.
        merger.Seal();
        var windows = Windows(system, Blocks(merger));
        Assert.Equal([-1L, 0], windows.Select(w => w.Index));

        merger.Merge(trace.Records.Length);
        merger.Seal();
        windows.AddRange(Windows(system, Blocks(merger)));
        Assert.Equal(1, merger.LeftOut);
        Assert.Equal([-1L, 0, 1, .. Enumerable.Range(3, trace.Records.Length - 3).Select(i => (long)i)], windows.Select(w => w.Index));
        Assert.All(windows, w => Assert.Equal([0, 1], w.Advances.Select(a => a.Participant).Distinct()));
    }

    // One whose windows are all too long tells of none: what others tell does not wait for it.
    [Fact]
    public void Of_windows_that_one_site_always_leaves_out_nothing_is_held()
    {
        var system = Composition.Compose(Species());
        var (mine, others) = (new FieldRecorder(system, largestPath: 0, isMine: p => p == 0), new FieldRecorder(system, isMine: p => p == 1));
        var trace = new ShuffledRunner(system, 1, recorder: mine).Run();
        _ = new ShuffledRunner(system, 1, recorder: others).Run();
        var start = Assert.Single(Blocks(mine));
        Assert.Equal(-1, Assert.Single(Windows(system, [start])).Index);
        var second = Windows(system, Blocks(others));
        Assert.True(second.Count > 3);

        var (merger, writer) = (new FieldMerger(system, 2), new FieldBlockWriter(system));
        merger.Take(new(0, 0, true, start.Bytes, 0));
        for (var i = 0; i < second.Count; i++)
        {
            writer.Write(second[i]);
            merger.Take(new(1, i, false, writer.Take().Bytes, i));
            merger.Merge(second.Count);
            Assert.Equal(Math.Max(0, i - 1), merger.LeftOut);        // The other one has not told of this window yet.

            merger.Take(new(0, i + 1, true, [], i));
            merger.Merge(second.Count);
            Assert.Equal(i, merger.LeftOut);
        }

        merger.Seal();
        Assert.Empty(Blocks(merger));
        Assert.Equal(trace.Records.Length, merger.LeftOut);
    }

    // Arrays that come from the pool and go back to it; strict pools spoil what is free.
    [Theory]
    [InlineData("serial")]
    [InlineData("parallel")]
    [InlineData("serial-implicit")]
    [InlineData("parallel-implicit")]
    public void Fields_on_meshes_that_change_are_recorded_with_their_meshes(string kind)
    {
        for (var seed = 0; seed < 20; seed++)
        {
            var system = Composition.Compose(ChangingMeshTests.Pair(ChangingMeshTests.SchemeOf(kind)));
            var recorder = new FieldRecorder(system, blockLength: seed % 2 == 0 ? 2_000 : FieldRecorder.BlockLength);
            var trace = new ShuffledRunner(system, seed, recorder: recorder).Run();
            var blocks = Blocks(recorder);

            Assert.Equal(RunOutcome.Completed, trace.Outcome);
            Assert.Equal(seed % 2 == 0, blocks.Count > 1);
            IsTheRun($"{kind}, seed {seed}", system, trace, blocks);
        }
    }

    // Of windows with few iterations or inner windows the fields are there; what was left out is a gap, and what follows it is as it would have been.
    [Fact]
    public void A_window_with_too_many_samples_is_left_out()
    {
        var leftOut = 0L;
        for (var seed = 0; seed < 500; seed++)
        {
            var system = Composition.Compose(RandomExperiment.Of(seed).Experiment);
            var whole = new FieldRecorder(system);
            var trace = new ShuffledRunner(system, seed, recorder: whole).Run();
            var all = Windows(system, Blocks(whole));
            var some = new FieldRecorder(system, largestPath: 30 * sizeof(double) * (1 + (seed % 4)));
            Trace.Same($"seed {seed}", trace, new ShuffledRunner(system, seed, recorder: some).Run());
            var kept = Windows(system, Blocks(some));

            Assert.Equal(trace.Records.Length - kept.Count(w => w.Index >= 0), some.LeftOut);
            foreach (var window in kept)
            {
                var then = all.Single(w => w.Index == window.Index);
                Assert.Equal(then.Advances.SelectMany(a => a.Outputs).SelectMany(o => o).SelectMany(s => s.Values.ToArray()), window.Advances.SelectMany(a => a.Outputs).SelectMany(o => o).SelectMany(s => s.Values.ToArray()));
            }

            leftOut += some.LeftOut;
        }

        Assert.InRange(leftOut, 100, 1_000);
    }

    private static Experiment Species(int cells = 64) => Examples.ReactionDiffusionTests.Pair(cells, 2, 0.1, 0.1, 0.4, 2) with { SnapshotEvery = 2 };

    [Fact]
    public void A_run_that_goes_on_from_a_snapshot_records_what_is_not_recorded_yet()
    {
        var system = Composition.Compose(Species());
        var recorder = new FieldRecorder(system);
        var whole = new ShuffledRunner(system, 1, recorder: recorder);
        var trace = whole.Run();
        var all = Windows(system, Blocks(recorder));
        var snapshot = whole.Snapshots[0];

        foreach (var from in new[] { snapshot.Window, snapshot.Window + 1 })
        {
            var rest = new FieldRecorder(system, snapshot.Window, from);
            new ShuffledRunner(system, 2, snapshot, rest).Run();
            var windows = Windows(system, Blocks(rest));

            Assert.Equal(Enumerable.Range((int)from, trace.Records.Length - (int)from).Select(i => (long)i), windows.Select(w => w.Index));
            foreach (var window in windows)
            {
                var then = all.Single(w => w.Index == window.Index);
                Assert.Equal(then.Advances.SelectMany(a => a.Outputs).SelectMany(o => o).SelectMany(s => s.Values.ToArray()), window.Advances.SelectMany(a => a.Outputs).SelectMany(o => o).SelectMany(s => s.Values.ToArray()));
            }
        }
    }

    [Fact]
    public void What_a_peer_reads_as_it_was_written_stands_once()
    {
        long Length(FieldRecording recording)
        {
            var experiment = Species(2_000) with { Scheme = CouplingScheme.Serial("activator", "substrate"), SnapshotEvery = 0 };     // A snapshot copies.
            var system = Composition.Compose(experiment with { Participants = [.. experiment.Participants.Select(p => p with { Recording = recording })] });
            var recorder = new FieldRecorder(system);
            new ShuffledRunner(system, 3, recorder: recorder).Run();
            return Blocks(recorder).Sum(b => b.Bytes.LongLength);
        }

        // In an explicit scheme without mappings every input is an output, of this window or of the one before.
        Assert.InRange(Length(FieldRecording.All), Length(FieldRecording.Outputs), 1.01 * Length(FieldRecording.Outputs));
    }

    [Fact]
    public void Participants_record_as_much_as_their_experiment_says()
    {
        var experiment = Species();
        var system = Composition.Compose(experiment with
        {
            Participants = [experiment.Participants[0] with { Recording = FieldRecording.Outputs }, experiment.Participants[1] with { Recording = FieldRecording.None }],
        });
        var recorder = new FieldRecorder(system);
        new ShuffledRunner(system, 3, recorder: recorder).Run();

        var advances = Windows(system, Blocks(recorder)).Where(w => w.Index >= 0).SelectMany(w => w.Advances).ToList();
        Assert.Equal(4, advances.Count);
        Assert.All(advances, a => Assert.Equal((0, true), (a.Participant, a.Inputs.IsDefault)));
        Assert.False(FieldRecorder.IsWanted(Composition.Compose(experiment with { Participants = [.. experiment.Participants.Select(p => p with { Recording = FieldRecording.None })] })));
    }

    [Fact]
    public void A_value_that_comes_out_otherwise_is_named()
    {
        var system = Composition.Compose(Species());
        var recorder = new FieldRecorder(system);
        new ShuffledRunner(system, 3, recorder: recorder).Run();
        var windows = Windows(system, Blocks(recorder));
        var (port, advance) = (system.Participants[0].Description.IndexOf("concentration"), windows[3].Advances.Single(a => a.Participant == 0));
        var values = advance.Outputs[port][^1].Values.ToArray();
        values[17] = BitConverter.Int64BitsToDouble(BitConverter.DoubleToInt64Bits(values[17]) ^ 1);
        var samples = advance.Outputs[port].SetItem(advance.Outputs[port].Length - 1, new FieldSample(advance.Outputs[port][^1].Time, values));
        windows[3] = windows[3] with { Advances = windows[3].Advances.Replace(advance, advance with { Outputs = advance.Outputs.SetItem(port, samples) }) };

        using var replay = new ParticipantReplay(system, 0);
        var differences = windows.Select(replay.Advance).ToList();

        Assert.Null(differences[2]);
        Assert.Equal((2, "concentration", 17), (differences[3]!.Window, differences[3]!.Port, differences[3]!.Index));
        Assert.Contains("number 17 was", differences[3]!.ToString(), StringComparison.Ordinal);
    }

    // Bytes that are none: an exception of the one documented kind, and no more memory than the bytes account for.
    [Fact]
    public void A_damaged_block_is_refused()
    {
        var system = Composition.Compose(ChangingMeshTests.Pair(ChangingMeshTests.SchemeOf("parallel")));
        var recorder = new FieldRecorder(system);
        new ShuffledRunner(system, 3, recorder: recorder).Run();
        var block = Assert.Single(Blocks(recorder)).Bytes;
        var refused = 0;
        Gen.Select(Gen.Int[0, block.Length - 1], Gen.Byte, Gen.Int[0, 3], Gen.Int[0, 40]).Sample((at, with, how, length) =>
        {
            byte[] bytes = how switch
            {
                0 => [.. block[..at], with, .. block[(at + 1)..]],
                1 => block[..at],
                2 => [.. block[..at], .. Enumerable.Repeat(with, length), .. block[at..]],
                _ => [.. block[..at], .. block[Math.Min(block.Length, at + length)..]],
            };
            var before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                Assert.True(FieldBlockReader.Read(system, bytes).Count() <= block.Length);
            }
            catch (InvalidDataException)
            {
                Interlocked.Increment(ref refused);
            }

            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1_000_000 + (100L * bytes.Length));
        }, iter: 5_000, threads: 1);
        Assert.InRange(refused, 1_000, 5_000);
    }
}
