using System.Buffers.Binary;
using System.Net;
using ActorMultiscale.Actors.DataPlane;
using CsCheck;

namespace ActorMultiscale.Tests.Actors.DataPlane;

/// <summary>Bytes of the wire without a wire: frames, hellos, fields put together.</summary>
public sealed class FrameTests
{
    // A stream that gives its bytes in pieces.
    private sealed class Pieces(byte[] bytes, int[] lengths) : MemoryStream(bytes)
    {
        private int _next;

        public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(buffer.Length, lengths[_next++ % lengths.Length])]);
    }

    private static readonly FrameKind[] _kinds = [FrameKind.Message, FrameKind.Message, FrameKind.Beat, FrameKind.Bye, FrameKind.Taken, FrameKind.Credit, FrameKind.Echo];

    private static readonly Gen<(FrameKind Kind, uint Field, byte[] Payload)[]> _frames = Gen.Select(
        Gen.Int[0, 6].Select(which => _kinds[which]), Gen.UInt,
        Gen.Frequency((8, Gen.Byte.Array[0, 100]), (1, Gen.Int[0, FrameHead.LongestMessage].Select(n => Enumerable.Range(0, n).Select(i => (byte)(i * 7)).ToArray()))))
        .Select((kind, field, payload) => (kind, field, kind == FrameKind.Taken ? [] : kind is FrameKind.Credit or FrameKind.Beat or FrameKind.Echo ? BitConverter.GetBytes((long)field) : payload)).Array[0, 12];

    private static byte[] Bytes((FrameKind Kind, uint Field, byte[] Payload)[] frames)
    {
        var buffer = new FrameBuffer();
        for (var i = 0; i < frames.Length; i++)
        {
            buffer.Append(frames[i].Kind, frames[i].Field, (uint)i, frames[i].Payload);
        }

        return buffer.Written.ToArray();
    }

    private static List<(FrameKind, uint, byte[])> Read(Stream stream, bool inPlace)
    {
        var (reader, result) = (new FrameReader(stream, ofFields: false, new WireMeter()), new List<(FrameKind, uint, byte[])>());
        while (reader.TryRead(out var head))
        {
            var payload = new byte[head.Length];
            if (inPlace)
            {
                reader.Payload(head, payload);
            }
            else
            {
                payload = reader.Payload(head).ToArray();
            }

            result.Add((head.Kind, head.Field, payload));
        }

        return result;
    }

    [Fact]
    public void Frames_are_the_same_in_whatever_pieces_they_come() => Gen.Select(_frames, Gen.Int[1, 5000].Array[1, 10], Gen.Bool).Sample((frames, lengths, inPlace) =>
    {
        var read = Read(new Pieces(Bytes(frames), lengths), inPlace);
        Assert.Equal(frames.Length, read.Count);
        for (var i = 0; i < frames.Length; i++)
        {
            Assert.Equal((frames[i].Kind, frames[i].Field), (read[i].Item1, read[i].Item2));
            Assert.Equal(frames[i].Payload, read[i].Item3);
        }

    }, iter: 2000);

    [Fact]
    public void A_changed_bit_is_found_wherever_it_is() => Gen.Select(_frames.Where(f => f.Length > 0), Gen.Double[0, 1], Gen.Int[0, 7]).Sample((frames, place, bit) =>
    {
        var bytes = Bytes(frames);
        bytes[(int)(place * (bytes.Length - 1))] ^= (byte)(1 << bit);
        Assert.Throws<InvalidDataException>(() => Read(new MemoryStream(bytes), inPlace: false));
    }, iter: 2000);

    [Fact]
    public void A_frame_that_is_lost_doubled_or_cut_is_found() => Gen.Select(_frames.Where(f => f.Length > 1), Gen.Int[0, 1000], Gen.Int[0, 2]).Sample((frames, which, way) =>
    {
        var cuts = frames.Aggregate(new List<int> { 0 }, (ends, frame) => [.. ends, ends[^1] + FrameHead.Size + frame.Payload.Length]);
        var (bytes, at) = (Bytes(frames), which % (frames.Length - 1));
        byte[] changed = way switch
        {
            0 => [.. bytes[..cuts[at]], .. bytes[cuts[at + 1]..]],
            1 => [.. bytes[..cuts[at + 1]], .. bytes[cuts[at]..]],
            _ => bytes[..(cuts[at] + 1 + (which % (cuts[at + 1] - cuts[at] - 1)))],
        };
        if (way == 2)
        {
            Assert.Throws<EndOfStreamException>(() => Read(new MemoryStream(changed), inPlace: true));
        }
        else
        {
            Assert.Throws<InvalidDataException>(() => Read(new MemoryStream(changed), inPlace: true));
        }
    }, iter: 2000);

    [Theory]
    [InlineData(1, 100 << 20, false)]
    [InlineData(1, -1, false)]
    [InlineData(2, 0, false)]
    [InlineData(2, 8, true)]
    [InlineData(3, 7, false)]
    [InlineData(6, 8, false)]           // A field on the lane of messages.
    [InlineData(1, 8, true)]            // A message on the lane of fields.
    [InlineData(7, (1 << 20) + 1, true)]
    [InlineData(7, 0, true)]
    [InlineData(8, 4, true)]
    [InlineData(9, 7, false)]
    [InlineData(9, 8, true)]
    [InlineData(10, 0, true)]
    [InlineData(0, 0, false)]
    public void A_head_that_promises_what_cannot_be_is_refused_before_anything_is_made_for_it(int kind, int length, bool ofFields)
    {
        var bytes = new byte[FrameHead.Size];
        new FrameHead((FrameKind)kind, length, 1, 0, 0).Write(bytes);
        Assert.Throws<InvalidDataException>(() => FrameHead.Read(bytes, 0, ofFields));
    }

    [Fact]
    public void A_hello_is_read_as_it_was_written_and_no_changed_one_is() => Gen.Select(Gen.Bool, Gen.Int, Gen.Long, Gen.Byte.Array[16], Gen.String[0, 60], Gen.Int[0, 1 << 20], Gen.Int[0, 7]).Sample((lane, site, number, token, program, place, bit) =>
    {
        var hello = new Hello(lane, site, ~site, number, [.. token], Guid.NewGuid(), number ^ 5, new string([.. program.Where(char.IsAscii)]));
        var bytes = hello.ToBytes();
        var read = Hello.Read(new MemoryStream(bytes));
        Assert.Equal(hello.Token.AsSpan(), read.Token.AsSpan());
        Assert.Equal(hello, read with { Token = hello.Token });
        bytes[place % bytes.Length] ^= (byte)(1 << bit);
        Assert.ThrowsAny<Exception>(() => Hello.Read(new MemoryStream(bytes)));
        Assert.True(Record.Exception(() => Hello.Read(new MemoryStream(bytes))) is InvalidDataException or EndOfStreamException);

        var answer = new Answer(site, number, program.Length % 2 == 0 ? "" : "No.");
        Assert.Equal(answer, Answer.Read(new MemoryStream(answer.ToBytes())));
    }, iter: 2000);

    private static byte[] Opening(long length, byte[] header)
    {
        byte[] payload = [.. new byte[8], .. header];
        BinaryPrimitives.WriteInt64LittleEndian(payload, length);
        return payload;
    }

    [Fact]
    public void Fields_are_put_together_whatever_the_order_of_their_chunks() => Gen.Select(Gen.Int[0, 500].Array[1, 5], Gen.Int[1, 100], Gen.Int[0, 100].Array[1, 20]).Sample((lengths, chunk, turns) =>
    {
        var released = 0L;
        var assembly = new FieldAssembly(1 << 20, count => released += count);
        var bodies = lengths.Select((length, i) => Enumerable.Range(0, length).Select(b => (byte)(b + i)).ToArray()).ToArray();
        var whole = new Dictionary<int, WireField>();
        var filled = new int[bodies.Length];
        for (var i = 0; i < bodies.Length; i++)
        {
            if (assembly.Open((uint)i, Opening(bodies[i].Length, [(byte)i])) is { } field)
            {
                whole.Add(i, field);
            }
        }

        for (var turn = 0; whole.Count < bodies.Length; turn++)
        {
            var open = Enumerable.Range(0, bodies.Length).Where(i => !whole.ContainsKey(i)).ToArray();
            var which = open[turns[turn % turns.Length] % open.Length];
            var count = Math.Min(chunk, bodies[which].Length - filled[which]);
            bodies[which].AsSpan(filled[which], count).CopyTo(assembly.Room((uint)which, count));
            filled[which] += count;
            if (assembly.Fill((uint)which, count) is { } field)
            {
                whole.Add(which, field);
            }
        }

        Assert.All(whole, pair =>
        {
            Assert.Equal([(byte)pair.Key], pair.Value.Header);
            Assert.Equal(bodies[pair.Key], pair.Value.Body);
            pair.Value.Release();
            pair.Value.Release();
        });
        Assert.Equal(bodies.Sum(body => WireField.Charge(1, body.Length)), released);
        Assert.Equal(0, assembly.Held);
    }, iter: 500);

    [Fact]
    public void Fields_against_the_protocol_are_refused()
    {
        var assembly = new FieldAssembly(10_000, _ => { });
        void Refused(string of, Action what) => Assert.Contains(of, Assert.Throws<InvalidDataException>(what).Message, StringComparison.Ordinal);
        Refused("-1 bytes", () => assembly.Open(1, Opening(-1, [])));
        Refused("at most", () => assembly.Open(1, Opening(3L << 30, [])));
        Refused("not open", () => assembly.Room(1, 1));
        Assert.Null(assembly.Open(1, Opening(5000, [])));
        Refused("twice", () => assembly.Open(1, Opening(1, [])));
        Refused("lacks 5000", () => assembly.Room(1, 5001));
        Refused("bytes came", () => assembly.Room(1, 0));
        Refused("bytes came", () => assembly.Room(1, -4));
        Refused("beyond what the sender may", () => assembly.Open(2, Opening(6000, [])));

        // A field greater than the budget comes alone.
        var alone = new FieldAssembly(10_000, _ => { });
        Assert.Null(alone.Open(1, Opening(20_000, [])));
        Refused("beyond", () => alone.Open(2, Opening(0, [])));
    }

    [Fact]
    public async Task A_small_field_does_not_wait_for_a_large_one_before_it()
    {
        var stream = new Blocked();
        var sender = new FieldSender(stream, new WireMeter(), WireStand.Options(0) with { Chunk = 256 << 10, Beat = TimeSpan.FromMinutes(1), Silence = TimeSpan.FromHours(1) }, 1 << 30, static () => { });
        var thread = new Thread(() => sender.Run());
        thread.Start();
        var large = sender.SendAsync([1], new byte[8 << 20]);
        stream.IsWriting.Wait();
        var small = sender.SendAsync([2], new byte[1000]);
        var second = sender.SendAsync([3], new byte[1 << 20]);
        stream.MayWrite.Set();
        await Task.WhenAll(large, small, second);
        sender.Close(new WireException("The end."));
        thread.Join();

        var (reader, order, sizes) = (new FrameReader(new MemoryStream(stream.ToArray()), ofFields: true, new WireMeter()), new List<uint>(), new Dictionary<uint, int>());
        while (reader.TryRead(out var head))
        {
            reader.Payload(head, new byte[head.Length]);
            if (head.Kind == FrameKind.Chunk)
            {
                order.Add(head.Field);
                sizes[head.Field] = sizes.GetValueOrDefault(head.Field) + head.Length;
            }
        }

        Assert.Equal((8 << 20, 1000, 1 << 20), (sizes[1], sizes[2], sizes[3]));

        // By turns: the large, the small, the second; then the two that are left, until the second has had its four.
        Assert.Equal([1, 2, 3, 1, 3, 1, 3, 1, 3, 1, 1], order.SkipWhile((number, at) => number == 1 && order[at + 1] == 1).Take(11));
    }

    // Stands at the first write until it may go on.
    private sealed class Blocked : MemoryStream
    {
        public ManualResetEventSlim IsWriting { get; } = new();

        public ManualResetEventSlim MayWrite { get; } = new();

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            IsWriting.Set();
            MayWrite.Wait();
            base.Write(buffer);
        }
    }

    [Fact]
    public void Chunks_are_compressed_where_that_makes_them_smaller_and_come_back_as_they_were() => Gen.Select(Gen.Int[1, 40_000], Gen.Int[0, 2]).Sample((length, kind) =>
    {
        using var packing = new FieldPacking(WireCompression.Always);
        using var unpacking = new FieldUnpacking();
        var bytes = new byte[length];
        if (kind == 0)
        {
            new Random(length).NextBytes(bytes);
        }
        else if (kind == 1)
        {
            for (var i = 0; i + 8 <= length; i += 8)
            {
                BitConverter.TryWriteBytes(bytes.AsSpan(i), Math.Sin(1e-3 * i));
            }
        }

        var to = new byte[FrameHead.LongestChunk];
        if (!packing.TryPack(bytes, to, out var packed))
        {
            Assert.True(kind == 0 || length < 2000);
            return;
        }

        Assert.InRange(packed, 1, length - 1);
        var back = new byte[length];
        unpacking.Unpack(to.AsSpan(0, packed), back);
        Assert.Equal(bytes, back);
        Assert.Throws<InvalidDataException>(() => unpacking.Unpack(to.AsSpan(0, packed), new byte[length + 1]));
        Assert.Throws<InvalidDataException>(() => unpacking.Unpack(to.AsSpan(0, packed), new byte[length - 1]));
        Assert.Throws<InvalidDataException>(() => unpacking.Unpack(to.AsSpan(1, packed - 1), back));
    }, iter: 200);

    [Theory]
    [InlineData(0.5, 300e6, 12.5e6, true)]      // 100 Mbit/s: 1/300 + 0.5/12.5 = 43 ns a byte instead of 80.
    [InlineData(0.5, 300e6, 3e9, false)]        // Loopback.
    [InlineData(0.95, 1e9, 12.5e6, false)]      // Noise.
    [InlineData(0.5, 300e6, 117e6, true)]       // 1 Gbit/s: 7.61 ns a byte instead of 0.9 · 8.55 = 7.69.
    [InlineData(0.5, 280e6, 117e6, false)]
    public void Compression_pays_where_it_arrives_a_tenth_sooner(double ratio, double packing, double link, bool pays) => Assert.Equal(pays, FieldPacking.Pays(ratio, packing, link));

    [Fact]
    public void A_field_is_sampled_only_where_the_link_is_known_to_be_slow()
    {
        var (zeros, noise) = (new byte[1 << 20], new byte[1 << 20]);
        new Random(1).NextBytes(noise);
        using var packing = new FieldPacking(WireCompression.Measured);
        packing.Pays(zeros, 1e5);           // Compiles.
        Assert.False(packing.Pays(zeros, 0));
        Assert.False(packing.Pays(zeros, 2e9));
        Assert.True(packing.Pays(zeros, 1e5));
        Assert.False(packing.Pays(noise, 1e5));
        Assert.False(packing.Pays(zeros.AsSpan(0, 1000), 1e5));

        // One in sixteen goes as it is, so that the speed stays known.
        Assert.Equal(30, Enumerable.Range(0, 32).Count(_ => packing.Pays(zeros, 1e5)));
        using var never = new FieldPacking(WireCompression.Never);
        using var always = new FieldPacking(WireCompression.Always);
        Assert.False(never.Pays(zeros, 1e5));
        Assert.True(always.Pays(noise, 1e12));
    }

    [Fact]
    public void Options_without_sense_are_refused_with_all_their_faults()
    {
        var fault = Assert.Throws<ArgumentException>(() => Wire.Listen(WireStand.Options(-1) with { Token = [1], Silence = TimeSpan.FromSeconds(1), Chunk = 12, FieldBudget = 0, MessageBacklog = 1, Program = new string('x', 300) }, new Ear()));
        Assert.All(new[] { "site is -1", "1 bytes instead of 16", "twice as often", "multiple of 8", "lets no field", "does not hold", "255" }, part => Assert.Contains(part, fault.Message, StringComparison.Ordinal));
        using var first = Wire.Listen(WireStand.Options(0), new Ear());
        Assert.Contains("Nobody can listen", Assert.Throws<WireException>(() => Wire.Listen(WireStand.Options(0), new Ear(), first.EndPoint)).Message, StringComparison.Ordinal);
        Assert.True(IPAddress.IsLoopback(first.EndPoint.Address));
    }
}
