using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ActorMultiscale.Actors.DataPlane;
using CsCheck;

namespace ActorMultiscale.Tests.Actors.DataPlane;

/// <summary>Links over real connections on this machine, sound ones and others.</summary>
public sealed class WireTests
{
    private static byte[] Noise(int length, int seed)
    {
        var bytes = GC.AllocateUninitializedArray<byte>(length);
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private static byte[] Smooth(int length)
    {
        var bytes = new byte[length];
        for (var i = 0; i + 8 <= length; i += 8)
        {
            BitConverter.TryWriteBytes(bytes.AsSpan(i), Math.Sin(1e-4 * i));
        }

        return bytes;
    }

    [Fact]
    public async Task Messages_of_many_threads_come_whole_and_those_of_each_in_order()
    {
        using var stand = await WireStand.Joined();
        const int Threads = 6, Each = 2000;
        var threads = Enumerable.Range(0, Threads).SelectMany(t => new[] { (Link: stand.RightLink, Thread: t), (Link: stand.LeftLink, Thread: t) }).Select(from => new Thread(() =>
        {
            for (var i = 0; i < Each; i++)
            {
                // Its thread, its number, and bytes that follow from both; now and then the longest.
                byte[] message = [(byte)from.Thread, .. BitConverter.GetBytes(i), .. Noise(i % 500 == 499 ? FrameHead.LongestMessage - 5 : i % 97, (from.Thread * Each) + i)];
                Assert.True(from.Link.Send(message));
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        foreach (var ear in new[] { stand.Left, stand.Right })
        {
            ear.AwaitMessages(Threads * Each);
            var next = new int[Threads];
            foreach (var (_, bytes) in ear.Messages)
            {
                var (thread, i) = (bytes[0], BitConverter.ToInt32(bytes, 1));
                Assert.Equal(next[thread]++, i);
                Assert.True(bytes.AsSpan(5).SequenceEqual(Noise(bytes.Length - 5, (thread * Each) + i)));
            }
        }

        threads.ForEach(thread => thread.Join());
        Assert.Equal((Threads * Each, Threads * Each), (stand.LeftLink.Counters.MessagesReceived, stand.RightWire.Counters.MessagesSent));
        Assert.Throws<ArgumentException>(() => stand.RightLink.Send(new byte[FrameHead.LongestMessage + 1]));
    }

    [Fact]
    public async Task Who_is_known_and_not_done_yet_keeps_nobody_out()
    {
        using var stand = WireStand.Apart(options: site => WireStand.Options(site) with { Patience = TimeSpan.FromSeconds(20) });
        List<TcpClient> known = [.. Enumerable.Range(0, 100).Select(_ => new TcpClient())];
        foreach (var client in known)
        {
            // The first connection of two.
            await client.ConnectAsync(stand.LeftWire.EndPoint);
            await client.GetStream().WriteAsync(new Hello(false, 1, 0, 7, WireStand.Token, Guid.NewGuid(), 1 << 20, "1.2.3").ToBytes());
            Assert.Equal("", Answer.Read(client.GetStream()).Reason);
        }

        await stand.Join(stand.LeftWire.EndPoint);

        Assert.Empty(stand.Left.Refused);
        known.ForEach(client => client.Dispose());
    }

    [Fact]
    public async Task Strangers_who_say_nothing_make_others_wait_and_do_not_keep_them_out()
    {
        using var stand = WireStand.Apart(options: site => WireStand.Options(site) with { Patience = TimeSpan.FromSeconds(1.5) });
        List<TcpClient> strangers = [.. Enumerable.Range(0, 100).Select(_ => new TcpClient())];
        foreach (var stranger in strangers)
        {
            await stranger.ConnectAsync(stand.LeftWire.EndPoint);
        }

        await stand.Join(stand.LeftWire.EndPoint);

        Assert.Contains("did not say who it is", stand.Left.AwaitRefused(64), StringComparison.Ordinal);
        Assert.Equal(0, stand.LeftWire.Counters.MessagesReceived);
        strangers.ForEach(stranger => stranger.Dispose());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Fields_of_all_lengths_come_as_they_were_both_ways_at_once(bool isCompressed)
    {
        var compression = isCompressed ? WireCompression.Always : WireCompression.Measured;
        using var stand = await WireStand.Joined(o => o with { Compression = compression, Chunk = 256 << 10 });
        int[] lengths = [0, 1, 7, 4097, (256 << 10) - 1, 256 << 10, (256 << 10) + 1, 3_000_001];
        byte[] Header(int i, bool isSmooth) => [(byte)i, (byte)(isSmooth ? 1 : 0), .. Noise(i == 3 ? FrameHead.LongestMessage - 2 : i, i)];
        byte[] Body(int i, bool isSmooth) => isSmooth ? Smooth(lengths[i]) : Noise(lengths[i], i);
        var sent = (from link in new[] { stand.LeftLink, stand.RightLink } from i in Enumerable.Range(0, lengths.Length) from isSmooth in new[] { false, true }
                    select link.SendFieldAsync(Header(i, isSmooth), Body(i, isSmooth))).ToList();
        await Task.WhenAll(sent).WaitAsync(TimeSpan.FromSeconds(20));
        foreach (var ear in new[] { stand.Left, stand.Right })
        {
            ear.AwaitFields(2 * lengths.Length);
            Assert.Equal(2 * lengths.Length, ear.Fields.Select(f => (f.Field.Header[0], f.Field.Header[1])).Distinct().Count());
            Assert.All(ear.Fields, f =>
            {
                Assert.Equal(Header(f.Field.Header[0], f.Field.Header[1] == 1), f.Field.Header);
                Assert.True(f.Field.Body.AsSpan().SequenceEqual(Body(f.Field.Header[0], f.Field.Header[1] == 1)));
            });
        }

        // Only what gets smaller is compressed; on this machine nothing is, unless it has to be.
        var counters = stand.LeftWire.Counters;
        Assert.Equal((2 * lengths.Length, 2 * lengths.Length), (counters.FieldsSent, counters.FieldsReceived));
        Assert.Equal(isCompressed, counters.ChunksPacked > 10);
        Assert.Equal(0, isCompressed ? 0 : counters.ChunksPacked);
        Assert.Equal(isCompressed, counters.BytesSent < lengths.Sum() * 2);
    }

    // 64 MB always; ACTORMULTISCALE_WIRE_GIGABYTES=1 for what a large field is.
    [Fact]
    public async Task A_large_field_comes_whole_and_no_message_waits_for_it()
    {
        var length = int.TryParse(Environment.GetEnvironmentVariable("ACTORMULTISCALE_WIRE_GIGABYTES"), out var gigabytes) ? (int)Math.Min((long)gigabytes << 30, Array.MaxLength) : 64 << 20;
        var (before, after) = (0L, 0L);
        using var stand = await WireStand.Joined(left: new Ear { OnField = (_, _) => after = Stopwatch.GetTimestamp(), OnMessage = (_, _) => before = Stopwatch.GetTimestamp() });
        var body = Noise(length, 1);
        var sent = stand.RightLink.SendFieldAsync([], body);
        stand.RightLink.Send([1]);
        await sent.WaitAsync(TimeSpan.FromMinutes(2));
        stand.Left.AwaitFields(1);
        stand.Left.AwaitMessages(1);
        Assert.True(before < after);
        Assert.True(stand.Left.Fields[0].Field.Body.AsSpan().SequenceEqual(body));
        Assert.InRange(stand.RightLink.Speed, 1, 1e12);
    }

    [Fact]
    public async Task Who_does_not_release_is_sent_no_more_than_its_budget()
    {
        const int Budget = 8 << 20, Length = 1 << 20, Count = 24;
        using var stand = await WireStand.Joined(o => o with { FieldBudget = Budget }, left: new Ear { OnField = (_, _) => { } });
        var sent = Enumerable.Range(0, Count).Select(i => stand.RightLink.SendFieldAsync([(byte)i], Noise(Length, i))).ToList();
        stand.Left.AwaitFields(7);
        await Task.Delay(300);
        Assert.Equal(7, stand.Left.Fields.Count);               // 7 · (1 MB + 257) fit.
        Assert.Equal(7, sent.Count(task => task.IsCompleted));
        Assert.Equal(7 * WireField.Charge(1, Length), stand.LeftLink.HeldFields);
        for (var released = 0; released < Count; released++)
        {
            stand.Left.AwaitFields(released + 1);
            Assert.InRange(stand.LeftLink.HeldFields, 1, Budget);
            stand.Left.Fields[released].Field.Release();
        }

        // One that is greater than the whole budget comes alone, and one after it when it is gone.
        var (large, small) = (stand.RightLink.SendFieldAsync([200], Noise(2 * Budget, 1)), stand.RightLink.SendFieldAsync([201], new byte[1]));
        stand.Left.AwaitFields(Count + 1);
        await large.WaitAsync(TimeSpan.FromSeconds(20));
        await Task.Delay(100);
        Assert.False(small.IsCompleted);
        stand.Left.Fields[Count].Field.Release();
        stand.Left.AwaitFields(Count + 2);
        Assert.Equal(Enumerable.Range(0, Count).Select(i => (byte)i).Append((byte)200).Append((byte)201), stand.Left.Fields.Select(f => f.Field.Header[0]));
        Assert.Empty(stand.Left.Closed);
    }

    [Fact]
    public async Task Nobody_who_sends_messages_waits_for_a_receiver_that_stands_still()
    {
        using var mayGoOn = new ManualResetEventSlim();
        using var stand = await WireStand.Joined(left: new Ear { OnMessage = (_, _) => mayGoOn.Wait() }, options: WireStand.Nervous);
        var (longest, message) = (TimeSpan.Zero, new byte[FrameHead.LongestMessage]);
        var began = Stopwatch.GetTimestamp();
        for (var i = 0; i < 300; i++)
        {
            message[0] = (byte)i;
            Assert.True(stand.RightLink.Send(message));
        }

        // 20 MB, which no socket has room for; the receiver has read nothing.
        Assert.InRange(Stopwatch.GetElapsedTime(began), TimeSpan.Zero, TimeSpan.FromSeconds(5));
        Assert.Empty(stand.Left.Messages);

        // It stands still for longer than a peer may be silent: it does not read, but it lives.
        await Task.Delay(1800);
        mayGoOn.Set();
        stand.Left.AwaitMessages(300);
        Assert.Equal(Enumerable.Range(0, 300).Select(i => (byte)i), stand.Left.Messages.Select(m => m.Bytes[0]));
        Assert.Empty(stand.Right.Closed);
    }

    [Fact]
    public async Task A_link_on_which_too_much_waits_is_closed()
    {
        using var mayGoOn = new ManualResetEventSlim();
        using var stand = await WireStand.Joined(o => o with { MessageBacklog = 1 << 20 }, left: new Ear { OnMessage = (_, _) => mayGoOn.Wait() });
        var message = new byte[FrameHead.LongestMessage];
        var count = 0;
        while (stand.RightLink.Send(message) && count < 10_000)
        {
            count++;
        }

        Assert.InRange(count, 16, 1000);
        Assert.Contains("too slow", stand.RightLink.Reason, StringComparison.Ordinal);
        mayGoOn.Set();
        Assert.Contains("too slow", stand.Right.AwaitClosed(), StringComparison.Ordinal);
        stand.Left.AwaitClosed();
    }

    public static TheoryData<int, bool, long> Places => new()
    {
        { 0, true, 100_000 }, { 0, true, 87 }, { 0, false, 100_000 }, { 1, true, 90 }, { 1, true, 130 }, { 1, true, 300_000 }, { 1, false, 300_000 }, { 1, true, 2_000_000 },
    };

    // What is sent both ways while somebody between changes it.
    private static async Task<(WireStand Stand, List<Task> Sent)> Busy(Between.Change change, WireCompression compression = WireCompression.Never)
    {
        var stand = await WireStand.Joined(o => o with { Compression = compression }, options: WireStand.Quick, between: to => new Between(to, change));
        List<Task> sent = [];
        foreach (var link in new[] { stand.RightLink, stand.LeftLink })
        {
            sent.Add(link.SendFieldAsync([1], Smooth(3 << 20)));
            for (var i = 0; i < 100; i++)
            {
                link.Send(Noise(5000, i));
            }
        }

        return (stand, sent);
    }

    private static void AssertToldOnce(WireStand stand)
    {
        stand.Left.AwaitClosed();
        stand.Right.AwaitClosed();
        Assert.Single(stand.Left.Closed);
        Assert.Single(stand.Right.Closed);
        Assert.Equal((0, 0), (stand.Left.OutOfTurn, stand.Right.OutOfTurn));
        Assert.Empty(stand.LeftWire.Links);
        Assert.Empty(stand.RightWire.Links);
        Assert.False(stand.RightLink.Send([1]));
        Assert.True(stand.RightLink.SendFieldAsync([], new byte[1]).IsFaulted);
    }

    [Theory]
    [MemberData(nameof(Places))]
    public async Task A_changed_byte_closes_the_link_and_never_arrives(int connection, bool isToServer, long place)
    {
        var (stand, sent) = await Busy(Between.Flip(connection, isToServer, place));
        using (stand)
        {
            AssertToldOnce(stand);
            var (found, other) = isToServer ? (stand.Left, stand.Right) : (stand.Right, stand.Left);
            Assert.Contains("was damaged", found.Closed[0].Reason, StringComparison.Ordinal);
            Assert.Contains("damaged", other.Closed[0].Reason, StringComparison.Ordinal);       // The peer has said so.
            Assert.Equal((isToServer ? 1 : 0, isToServer ? 0 : 1), (stand.LeftWire.Counters.Corrupt, stand.RightWire.Counters.Corrupt));
            Assert.All(found.Messages.Select((m, i) => (m.Bytes, i)), m => Assert.Equal(Noise(5000, m.i), m.Bytes));
            Assert.All(found.Fields, f => Assert.True(f.Field.Body.AsSpan().SequenceEqual(Smooth(3 << 20))));
            Assert.True(connection == 0 || found.Fields.Count == 0);
            await Task.WhenAny(Task.WhenAll(sent), Task.Delay(5000));
            Assert.All(sent, task => Assert.True(task.IsCompletedSuccessfully || task.Exception!.InnerException is WireException));
        }
    }

    [Theory]
    [MemberData(nameof(Places))]
    public async Task A_connection_that_is_cut_closes_the_link(int connection, bool isToServer, long place)
    {
        var (stand, sent) = await Busy(Between.Cut(connection, isToServer, place));
        using (stand)
        {
            AssertToldOnce(stand);
            Assert.Equal((0, 0), (stand.LeftWire.Counters.Corrupt, stand.RightWire.Counters.Corrupt));
            await Task.WhenAny(Task.WhenAll(sent), Task.Delay(5000));
            Assert.All(sent, task => Assert.True(task.IsCompletedSuccessfully || task.Exception!.InnerException is WireException));
        }
    }

    [Fact]
    public async Task Bytes_that_are_lost_close_the_link()
    {
        var (stand, _) = await Busy(Between.Lose(1, true, 400_000, 1000), WireCompression.Always);
        using (stand)
        {
            AssertToldOnce(stand);
            Assert.Contains("was damaged", stand.Left.AwaitClosed(), StringComparison.Ordinal);
            Assert.Empty(stand.Left.Fields);
        }
    }

    [Theory]
    [InlineData(3)]
    [InlineData(9)]
    [InlineData(11)]
    [InlineData(30)]
    [InlineData(60)]
    [InlineData(80)]
    public async Task A_changed_hello_is_refused(long place)
    {
        using var stand = WireStand.Apart(options: WireStand.Quick);
        using var between = new Between(stand.LeftWire.EndPoint, Between.Flip(0, true, place));
        await Assert.ThrowsAsync<WireException>(() => stand.Join(between.EndPoint));
        stand.Left.AwaitRefused();
        Assert.Equal(1, stand.LeftWire.Counters.Refused);
        Assert.Empty(stand.LeftWire.Links);

        // The process lives.
        await stand.Join(stand.LeftWire.EndPoint);
        stand.RightLink.Send([5]);
        stand.Left.AwaitMessages(1);
    }

    public static TheoryData<string, string> Strangers => new()
    {
        { "token", "token is not that of this run" },
        { "epoch", "epoch 6 of the run, and this process of 7" },
        { "program", "version '9.9' of the program, and this process '1.2.3'" },
        { "same site", "says to be site 0" },
        { "other site", "looks for site 5, and this is site 0" },
    };

    [Theory]
    [MemberData(nameof(Strangers))]
    public async Task Who_does_not_belong_to_the_run_is_refused_and_told_why(string what, string reason)
    {
        using var stand = WireStand.Apart();
        using var stranger = Wire.Listen(what switch
        {
            "token" => WireStand.Options(1) with { Token = [.. WireStand.Token.Reverse()] },
            "epoch" => WireStand.Options(1) with { Epoch = 6 },
            "program" => WireStand.Options(1) with { Program = "9.9" },
            "same site" => WireStand.Options(0),
            _ => WireStand.Options(1),
        }, new Ear());
        var fault = await Assert.ThrowsAsync<WireException>(() => stranger.ConnectAsync(stand.LeftWire.EndPoint, what == "other site" ? 5 : 0));
        Assert.Contains(reason, fault.Message, StringComparison.Ordinal);
        Assert.Contains(reason, stand.Left.AwaitRefused(), StringComparison.Ordinal);
        Assert.Equal(1, stand.LeftWire.Counters.Refused);
    }

    private static TcpClient Connected(Wire to)
    {
        var client = new TcpClient();
        client.Connect(to.EndPoint);
        client.ReceiveTimeout = 10_000;
        return client;
    }

    [Fact]
    public void Other_protocols_versions_and_silence_are_refused()
    {
        using var stand = WireStand.Apart(o => o with { Patience = TimeSpan.FromSeconds(0.5) });
        void Refused(string reason, byte[] bytes, bool hangsUp = false)
        {
            var before = stand.Left.Refused.Count;
            using var client = Connected(stand.LeftWire);
            client.Client.Send(bytes);
            if (hangsUp)
            {
                client.Close();
            }

            Assert.Contains(reason, stand.Left.AwaitRefused(before + 1), StringComparison.Ordinal);
            if (!hangsUp)
            {
                // Closed there; a reset says so too.
                try
                {
                    while (client.Client.Receive(new byte[1000]) > 0)
                    {
                        // The answer.
                    }
                }
                catch (SocketException reset)
                {
                    Assert.Equal(SocketError.ConnectionReset, reset.SocketErrorCode);
                }
            }
        }

        var hello = new Hello(false, 1, 0, 7, WireStand.Token, Guid.NewGuid(), 1000, "1.2.3").ToBytes();
        Refused("another protocol", "GET / HTTP/1.1\r\nHost: here\r\n\r\n"u8.ToArray());
        Refused("another protocol", Noise(100_000, 3));
        Refused("version 513 of the protocol", [.. hello[..8], 1, 2, .. hello[10..]]);
        Refused("did not say who it is", []);
        Refused("did not say who it is", hello[..^1]);
        Refused("broke before", hello[..50], hangsUp: true);
        Refused("none has come for messages", new Hello(true, 1, 0, 7, WireStand.Token, Guid.NewGuid(), 1000, "1.2.3").ToBytes());
        Assert.Equal(7, stand.LeftWire.Counters.Refused);
        Assert.Empty(stand.LeftWire.Links);
    }

    // Knows the token, and cannot be trusted all the same.
    private static (TcpClient Messages, TcpClient Fields) Forged(Wire to)
    {
        var hello = new Hello(false, 1, 0, 7, WireStand.Token, Guid.NewGuid(), 1000, "1.2.3");
        var (messages, fields) = (Connected(to), (TcpClient?)null);
        messages.Client.Send(hello.ToBytes());
        Assert.Equal("", Answer.Read(messages.GetStream()).Reason);
        fields = Connected(to);
        fields.Client.Send((hello with { IsOfFields = true }).ToBytes());
        Assert.Equal("", Answer.Read(fields.GetStream()).Reason);
        return (messages, fields);
    }

    [Theory]
    [InlineData((int)FrameKind.Message, false)]
    [InlineData((int)FrameKind.Chunk, true)]
    [InlineData((int)FrameKind.Open, true)]
    public void A_frame_that_declares_100_MB_costs_its_link_and_no_memory(int kind, bool ofFields)
    {
        using var stand = WireStand.Apart(options: WireStand.Quick);
        var (messages, fields) = Forged(stand.LeftWire);
        var link = stand.Left.Link();
        var before = GC.GetTotalAllocatedBytes();
        var head = new byte[FrameHead.Size];
        new FrameHead((FrameKind)kind, 100 << 20, 1, 0, 0).Write(head);
        (ofFields ? fields : messages).Client.Send(head);
        Assert.Contains("has 104857600 bytes", stand.Left.AwaitClosed(), StringComparison.Ordinal);
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 20 << 20);
        Assert.Equal((1, 1), (link.Counters.Corrupt, stand.LeftWire.Counters.Corrupt));
        messages.Dispose();
        fields.Dispose();
    }

    [Fact]
    public void Credit_that_was_never_given_and_packed_chunks_that_are_none_cost_their_link()
    {
        using var stand = WireStand.Apart(options: WireStand.Quick);
        string Closed(bool ofFields, params (FrameKind Kind, byte[] Payload)[] frames)
        {
            var before = stand.Left.Closed.Count;
            var (messages, fields) = Forged(stand.LeftWire);
            var buffer = new FrameBuffer();
            for (var i = 0; i < frames.Length; i++)
            {
                buffer.Append(frames[i].Kind, 1, (uint)i, frames[i].Payload);
            }

            (ofFields ? fields : messages).Client.Send(buffer.Written);
            SpinWait.SpinUntil(() => stand.Left.Closed.Count > before, 10_000);
            messages.Dispose();
            fields.Dispose();
            return stand.Left.Closed[before].Reason;
        }

        Assert.Contains("were released", Closed(false, (FrameKind.Credit, BitConverter.GetBytes(1L))), StringComparison.Ordinal);
        Assert.Contains("were released", Closed(false, (FrameKind.Credit, BitConverter.GetBytes(-5L))), StringComparison.Ordinal);
        Assert.Contains("is none", Closed(true, (FrameKind.Open, BitConverter.GetBytes(100L)), (FrameKind.Packed, [100, 0, 0, 0, .. Noise(50, 1)])), StringComparison.Ordinal);
        Assert.Contains("no chunk has more", Closed(true, (FrameKind.Open, BitConverter.GetBytes(100L)), (FrameKind.Packed, [0, 0, 0, 100, .. Noise(50, 1)])), StringComparison.Ordinal);
        Assert.Contains("lacks 100", Closed(true, (FrameKind.Open, BitConverter.GetBytes(100L)), (FrameKind.Packed, [255, 255, 255, 255, .. Noise(50, 1)])), StringComparison.Ordinal);
        Assert.Equal(5, stand.LeftWire.Counters.Corrupt);
    }

    [Fact]
    public void Frames_of_any_bytes_after_a_true_hello_cost_a_link_at_most()
    {
        using var stand = WireStand.Apart(options: WireStand.Quick);
        Gen.Select(Gen.Bool, Gen.Byte.Array[0, 300], Gen.Select(Gen.Byte, Gen.UInt[0, 3], Gen.Byte.Array[0, 40]).Array[0, 5]).Sample((ofFields, noise, frames) =>
        {
            var (messages, fields) = Forged(stand.LeftWire);
            var buffer = new FrameBuffer();
            for (var i = 0; i < frames.Length; i++)
            {
                buffer.Append((FrameKind)(frames[i].Item1 % 11), frames[i].Item2, (uint)i, frames[i].Item3);
            }

            try
            {
                (ofFields ? fields : messages).Client.Send([.. buffer.Written, .. noise]);
            }
            catch (SocketException)
            {
                // Closed already.
            }

            messages.Dispose();
            fields.Dispose();
        }, iter: 100, threads: 1);
        Assert.True(SpinWait.SpinUntil(() => stand.LeftWire.Links.IsEmpty, 10_000));
        Assert.Equal(stand.Left.Closed.Count, stand.Left.Closed.Select(c => c.Link).Distinct().Count());
        Assert.True(stand.Left.Closed.Count >= 100);
        Assert.Equal(0, stand.Left.OutOfTurn);
    }

    [Fact]
    public async Task A_link_that_says_nothing_is_closed_and_one_with_nothing_to_say_is_not()
    {
        var isMute = false;
        using var stand = await WireStand.Joined(options: WireStand.Nervous, between: to => new Between(to, (_, _, _, bytes) => Volatile.Read(ref isMute) ? [] : bytes));
        await Task.Delay(2500);         // Twice what a peer may be silent.
        Assert.Equal((0, 0), (stand.Left.Closed.Count, stand.Right.Closed.Count));
        Volatile.Write(ref isMute, true);
        var began = Stopwatch.GetTimestamp();
        AssertToldOnce(stand);
        Assert.InRange(Stopwatch.GetElapsedTime(began), TimeSpan.FromSeconds(0.4), TimeSpan.FromSeconds(10));
        Assert.Contains(stand.Left.Closed.Concat(stand.Right.Closed), closed => closed.Reason.StartsWith("Nothing was heard of site", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_connection_for_fields_that_is_mute_alone_closes_the_link()
    {
        var isMute = false;
        using var stand = await WireStand.Joined(options: WireStand.Nervous, between: to => new Between(to, (c, _, _, bytes) => c == 1 && Volatile.Read(ref isMute) ? [] : bytes));
        Volatile.Write(ref isMute, true);
        AssertToldOnce(stand);
    }

    // ACTORMULTISCALE_WIRE_BUSY_SECONDS=60 for what a run may do.
    [Fact]
    public async Task Busy_cores_and_a_pool_without_a_free_thread_close_no_link()
    {
        var seconds = int.TryParse(Environment.GetEnvironmentVariable("ACTORMULTISCALE_WIRE_BUSY_SECONDS"), out var given) ? given : 3;
        using var stand = await WireStand.Joined(o => o with { Silence = TimeSpan.FromSeconds(2), Beat = TimeSpan.FromSeconds(0.5) });
        var isOver = new ManualResetEventSlim();         // The pool looks at it after this test, too.
        var blocked = 0;
        for (var i = 0; i < 200; i++)
        {
            ThreadPool.UnsafeQueueUserWorkItem(_ =>
            {
                Interlocked.Increment(ref blocked);
                isOver.Wait();
            }, null);
        }

        var busy = Enumerable.Range(0, 2 * Environment.ProcessorCount).Select(_ => new Thread(() =>
        {
            var x = 0.0;
            while (!isOver.IsSet)
            {
                x = Math.Sin(x + 1);
            }
        })).ToList();
        busy.ForEach(thread => thread.Start());
        var answers = 0;
        for (var until = DateTime.UtcNow.AddSeconds(seconds); DateTime.UtcNow < until;)
        {
            stand.RightLink.Send([1]);
            stand.Left.AwaitMessages(++answers);
            Thread.Sleep(200);
        }

        isOver.Set();
        busy.ForEach(thread => thread.Join());
        Assert.True(blocked > 0);
        Assert.Equal((0, 0), (stand.Left.Closed.Count, stand.Right.Closed.Count));
    }

    [Fact]
    public async Task A_link_is_closed_with_the_reason_that_was_given_at_both_ends()
    {
        using var stand = await WireStand.Joined();
        stand.RightLink.Send([1]);
        stand.RightLink.Close("The run is over.");
        stand.RightLink.Close("Again.");
        AssertToldOnce(stand);
        Assert.Equal("It was closed here: The run is over.", stand.Right.AwaitClosed());
        Assert.Equal("Site 1 has closed it: The run is over.", stand.Left.AwaitClosed());
        Assert.Single(stand.Left.Messages);

        // Another one can be made, and goes with its process.
        await stand.Join(stand.LeftWire.EndPoint);
        stand.LeftWire.Dispose();
        Assert.True(SpinWait.SpinUntil(() => stand.Right.Closed.Count == 2, 10_000));
        Assert.Contains("takes no further part", stand.Right.Closed[1].Reason, StringComparison.Ordinal);
        await Assert.ThrowsAsync<WireException>(() => stand.RightWire.ConnectAsync(stand.LeftWire.EndPoint, 0));
        await Assert.ThrowsAsync<WireException>(() => stand.LeftWire.ConnectAsync(stand.RightWire.EndPoint, 1));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_receiver_that_fails_costs_its_link_and_not_the_process(bool onField)
    {
        using var stand = await WireStand.Joined(left: new Ear { OnMessage = (_, m) => throw new FormatException($"What is {m[0]}?"), OnField = (_, _) => throw new IOException("Full.") });
        if (onField)
        {
            await stand.RightLink.SendFieldAsync([1], new byte[10]);
        }
        else
        {
            stand.RightLink.Send([42]);
        }

        AssertToldOnce(stand);
        Assert.Contains(onField ? "failed on a field: IOException: Full." : "failed on a message: FormatException: What is 42?", stand.Left.AwaitClosed(), StringComparison.Ordinal);
        Assert.Contains("Its receiver failed", stand.Right.AwaitClosed(), StringComparison.Ordinal);
        await stand.Join(stand.LeftWire.EndPoint);
    }

    [Fact]
    public async Task Three_processes_have_links_of_their_own()
    {
        using var stand = await WireStand.Joined();
        var ear = new Ear();
        using var third = Wire.Listen(WireStand.Options(2), ear);
        var (toLeft, toRight) = (await third.ConnectAsync(stand.LeftWire.EndPoint, 0), await third.ConnectAsync(stand.RightWire.EndPoint, 1));
        Assert.Equal((0, 1), (toLeft.Site, toRight.Site));
        toLeft.Send([20]);
        toRight.Send([21]);
        stand.RightLink.Send([10]);
        stand.Left.AwaitMessages(2);
        stand.Right.AwaitMessages(1);
        Assert.Equal([(1, 10), (2, 20)], stand.Left.Messages.Select(m => (m.Link.Site, (int)m.Bytes[0])).Order());
        Assert.Equal([(2, 21)], stand.Right.Messages.Select(m => (m.Link.Site, (int)m.Bytes[0])));
        toLeft.Close("Enough.");
        stand.Left.AwaitClosed();
        stand.RightLink.Send([11]);
        toRight.Send([22]);
        stand.Left.AwaitMessages(3);
        stand.Right.AwaitMessages(2);
    }

    // More than may introduce themselves at once.
    [Fact]
    public async Task One_process_is_linked_to_a_hundred_others_that_it_connects_to_at_the_same_time()
    {
        const int Others = 100;
        var ears = Enumerable.Range(0, Others).Select(_ => new Ear()).ToList();
        var wires = ears.Select((ear, site) => Wire.Listen(WireStand.Options(site), ear)).ToList();
        try
        {
            using var one = Wire.Listen(WireStand.Options(Others), new Ear());
            var links = await Task.WhenAll(wires.Select((wire, site) => one.ConnectAsync(wire.EndPoint, site)));
            Assert.Equal(Enumerable.Range(0, Others), links.Select(link => link.Site));
            Array.ForEach(links, link => link.Send([(byte)link.Site]));
            foreach (var (site, ear) in ears.Index())
            {
                ear.AwaitMessages(1);
                Assert.Equal(site, ear.Messages[0].Bytes[0]);
            }
        }
        finally
        {
            wires.ForEach(wire => wire.Dispose());
        }
    }

    private static X509Certificate2 Authority(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }

    private static WireCertificates Signed(X509Certificate2 authority, string host = "127.0.0.1", bool isExpired = false)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=a site", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        if (IPAddress.TryParse(host, out var address))
        {
            names.AddIpAddress(address);
        }
        else
        {
            names.AddDnsName(host);
        }

        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.Create(authority, DateTimeOffset.UtcNow.AddHours(-2), DateTimeOffset.UtcNow.AddHours(isExpired ? -1 : 1), Noise(8, host.Length));
        return new WireCertificates(certificate.CopyWithPrivateKey(key), X509CertificateLoader.LoadCertificate(authority.RawData));
    }

    [Fact]
    public async Task With_certificates_of_one_authority_all_is_as_without()
    {
        using var authority = Authority("the run");
        using var stand = await WireStand.Joined(o => o with { Certificates = Signed(authority) });
        var body = Noise(5_000_001, 1);
        var sent = stand.RightLink.SendFieldAsync([3], body);
        var back = stand.LeftLink.SendFieldAsync([4], body);
        for (var i = 0; i < 2000; i++)
        {
            Assert.True(stand.RightLink.Send(Noise(i, i)) && stand.LeftLink.Send(Noise(i, i)));
        }

        await Task.WhenAll(sent, back).WaitAsync(TimeSpan.FromSeconds(20));
        foreach (var ear in new[] { stand.Left, stand.Right })
        {
            ear.AwaitMessages(2000);
            ear.AwaitFields(1);
            Assert.Equal(body, ear.Fields[0].Field.Body);
            Assert.All(ear.Messages.Select((m, i) => (m.Bytes, i)), m => Assert.True(m.Bytes.AsSpan().SequenceEqual(Noise(m.i, m.i))));
        }

        stand.LeftLink.Close("Done.");
        AssertToldOnce(stand);
        Assert.Contains("Done.", stand.Right.AwaitClosed(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("foreign")]
    [InlineData("expired")]
    [InlineData("another host")]
    public async Task Without_a_certificate_of_the_authority_nobody_gets_in(string what)
    {
        using var authority = Authority("the run");
        using var foreign = Authority("the run");
        using var stand = WireStand.Apart(o => o with
        {
            Certificates = (what, o.Site) switch
            {
                ("plain", 1) => null,
                ("foreign", 1) => Signed(foreign) with { Authority = authority },
                ("expired", 1) => Signed(authority, isExpired: true),
                ("another host", 0) => Signed(authority, "elsewhere.example"),
                _ => Signed(authority),
            },
        }, options: WireStand.Quick);
        var fault = await Assert.ThrowsAsync<WireException>(() => stand.Join(stand.LeftWire.EndPoint));
        var refused = stand.Left.AwaitRefused();
        Assert.Contains(what switch { "plain" => "does not speak TLS", "foreign" or "expired" => "is not one of this run's authority", _ => "broke" }, refused, StringComparison.Ordinal);
        Assert.True(what != "another host" || fault.Message.Contains("not for the host '127.0.0.1'", StringComparison.Ordinal), fault.Message);
        Assert.Equal(1, stand.LeftWire.Counters.Refused);
        Assert.Empty(stand.Left.Messages);
        Assert.Empty(stand.LeftWire.Links);

        // Nor the other way round: who connects looks, too. (The host is only a question of who connects.)
        if (what != "another host")
        {
            await Assert.ThrowsAsync<WireException>(() => stand.LeftWire.ConnectAsync(stand.RightWire.EndPoint, 1));
            Assert.Empty(stand.RightWire.Links);
        }
    }
}
