using System.Buffers;
using System.Collections.Immutable;
using System.Runtime.InteropServices;
using ActorMultiscale.Actors.Observation;
using ActorMultiscale.Actors.Protocol;
using ActorMultiscale.Physics.Coupling;
using ActorMultiscale.Physics.Coupling.Distribution;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using static ActorMultiscale.Physics.Numerics.RecordBytes;

namespace ActorMultiscale.Actors.Cluster;

/// <summary>
/// What coordinator and sites tell each other, as bytes. The first byte says what it is; the rest is as in
/// <see cref="Physics.Numerics.RecordBytes"/>, values of fields raw and little-endian. Nothing is made by the name of a type.
/// </summary>
/// <remarks>Whatever bytes come in, either a message of known kind and bounded size is made of them or <see cref="InvalidDataException"/> is thrown; what they say of participants, ports and groups is checked against the run by whoever takes the message.</remarks>
internal static class SiteCodec
{
    private const int DeepestAddress = 64;

    private enum Kind : byte
    {
        Batch = 1, Fields, Samples, Input, Ready, CannotStart, Saved, CannotSave, Underway, Advanced, Failed, Measured, ShareSaved, FieldsSealed, Worked, MeshesChanged, Restore, Meet, IsReady,
        TeamOrder, TeamCancel, TeamDone, TeamMail, StateStored, StoreFails, StateRows, RowsWritten,
    }

    private enum Act : byte
    {
        Initialize = 1, Restore, Advance, Save,
    }

    private enum Item : byte
    {
        Start = 1, SaveShare, Record, SealFields, Advance, Deliver, Open, Publish, Measure, Iterate, Accept, Initialize, Save,
    }

    /// <summary>The bytes of a message of a coordinator or a site.</summary>
    public static ReadOnlyMemory<byte> Encode(object message)
    {
        var to = new ArrayBufferWriter<byte>(256);
        switch (message)
        {
            case SiteOrder.Batch batch:
                Write(to, Kind.Batch);
                WriteText(to, batch.Trace ?? "");
                WriteInteger(to, batch.Items.Length);
                foreach (var item in batch.Items)
                {
                    WriteItem(to, item);
                }

                break;
            case SiteOrder.Begin begin:
                Write(to, Kind.Fields);
                WriteBytes(to, begin.Fields);
                break;
            case SiteOrder.Job { What: ParticipantJob.Restore restore } job:
                Write(to, Kind.Restore);
                WriteInteger(to, job.Participant);
                WriteInteger(to, restore.State.Parts.Length);
                foreach (var part in restore.State.Parts)
                {
                    WritePart(to, part);
                }

                break;
            case SiteOrder.RowsWritten written:
                Write(to, Kind.RowsWritten);
                WriteInteger(to, written.Number);
                break;
            case StateRows rows:
                Write(to, Kind.StateRows);
                WriteInteger(to, rows.Site);
                WriteInteger(to, rows.Number);
                WriteInteger(to, rows.Rows.Length);
                foreach (var (hash, bytes) in rows.Rows)
                {
                    WriteText(to, hash);
                    WriteBytes(to, bytes);
                }

                break;
            case SiteOrder.Meet meet:
                Write(to, Kind.Meet);
                WriteInteger(to, meet.Sites.Length);
                foreach (var address in meet.Sites)
                {
                    WriteText(to, address.Host);
                    WriteInteger(to, address.Port);
                }

                break;
            case TeamPacket.Order order:
                Write(to, Kind.TeamOrder, order);
                WriteInteger(to, order.Member);
                WriteAct(to, order.What);
                break;
            case TeamPacket.Cancel cancel:
                Write(to, Kind.TeamCancel, cancel);
                WriteInteger(to, cancel.Member);
                break;
            case TeamPacket.Done done:
                Write(to, Kind.TeamDone, done);
                WriteInteger(to, done.Member);
                WriteFlag(to, done.Fault is not null);
                WriteText(to, done.Fault ?? "");
                break;
            case TeamPacket.Mail mail:
                Write(to, Kind.TeamMail, mail);
                WriteInteger(to, mail.Message.To);
                WriteInteger(to, mail.Message.Key.From);
                WriteInteger(to, mail.Message.Key.Step);
                WriteInteger(to, mail.Message.Key.Phase);
                WriteNumbers(to, mail.Message.Numbers);
                break;
            case SiteIsReady ready:
                Write(to, Kind.IsReady);
                WriteInteger(to, ready.Site);
                break;
            case FieldParcel.Samples samples:
                Write(to, Kind.Samples);
                WriteInteger(to, samples.Order);
                WriteInteger(to, samples.Participant);
                WriteSamples(to, samples.Values);
                WriteInteger(to, samples.Meshes.Length);
                foreach (var change in samples.Meshes)
                {
                    var points = change.Points;
                    WriteInteger(to, change.Port);
                    WriteBytes(to, StateArchive.Save(archive => archive.Points("mesh", ref points)));
                    WriteSamples(to, change.Value is null ? [] : [change.Value]);
                }

                break;
            case FieldParcel.Input input:
                Write(to, Kind.Input);
                WriteInteger(to, input.Order);
                WriteInteger(to, input.Conduit);
                WriteFlag(to, input.Value is not null);
                if (input.Value is { } waveform)
                {
                    WriteNumber(to, waveform.Start);
                    WriteInteger(to, (int)waveform.Meaning);
                    WriteInteger(to, waveform.Degree);
                    WriteSamples(to, [.. waveform.Samples]);
                }

                break;
            case ParticipantAnswer.Ready ready:
                Write(to, Kind.Ready);
                WriteInteger(to, ready.Participant);
                WriteSamples(to, ready.Start);
                break;
            case ParticipantAnswer.CannotStart fault:
                Write(to, Kind.CannotStart);
                WriteInteger(to, fault.Participant);
                WriteText(to, fault.Reason);
                break;
            case ParticipantAnswer.Saved { State: null } saved:
                Write(to, Kind.Saved);
                WriteInteger(to, saved.Participant);
                WriteInteger(to, saved.Window);
                WriteInteger(to, saved.Nanoseconds);
                break;
            case ParticipantAnswer.StateStored stored:
                Write(to, Kind.StateStored);
                WriteInteger(to, stored.Participant);
                WriteInteger(to, stored.Window);
                WriteInteger(to, stored.Part);
                WriteInteger(to, stored.Parts);
                WritePart(to, stored.What);
                break;
            case ParticipantAnswer.StoreFails fault:
                Write(to, Kind.StoreFails);
                WriteText(to, fault.Reason);
                break;
            case ParticipantAnswer.CannotSave fault:
                Write(to, Kind.CannotSave);
                WriteInteger(to, fault.Participant);
                WriteText(to, fault.Reason);
                break;
            case ParticipantAnswer.Underway underway:
                Write(to, Kind.Underway);
                WriteInteger(to, underway.Participant);
                WriteNumber(to, underway.Done);
                break;
            case CouplingEvent.Advanced advanced:
                Write(to, Kind.Advanced);
                WriteInteger(to, advanced.Participant);
                WriteAddress(to, advanced.Address);
                WriteSamples(to, advanced.Samples);
                WriteFlag(to, advanced.Proposal is not null);
                WriteNumber(to, advanced.Proposal ?? 0);
                WriteFlag(to, advanced.ChangesMeshes);
                WriteInteger(to, advanced.Fingerprints.Length);
                foreach (var fingerprint in advanced.Fingerprints)
                {
                    WriteWord(to, fingerprint);
                }

                WriteNumbers(to, advanced.Watched.IsDefault ? [] : advanced.Watched.AsSpan());
                WriteInteger(to, advanced.Nanoseconds);
                break;
            case CouplingEvent.Failed failed:
                Write(to, Kind.Failed);
                WriteInteger(to, failed.Participant);
                WriteAddress(to, failed.Address);
                WriteInteger(to, (int)failed.Kind);
                WriteText(to, failed.Reason);
                break;
            case CouplingEvent.Measured measured:
                Write(to, Kind.Measured);
                WriteAddress(to, measured.Address);
                WriteNumber(to, measured.Error);
                WriteNumbers(to, MemoryMarshal.Cast<Residual, double>(measured.Residuals.AsSpan()));
                break;
            case SiteAnswer.ShareSaved share:
                Write(to, Kind.ShareSaved);
                WriteInteger(to, share.Site);
                WriteInteger(to, share.Window);
                WriteBytes(to, share.Share);
                break;
            case SiteAnswer.FieldsSealed told:
                Write(to, Kind.FieldsSealed);
                WriteInteger(to, told.Site);
                WriteInteger(to, told.Number);
                WriteFlag(to, told.IsAnswer);
                WriteBytes(to, told.Block);
                WriteInteger(to, told.Before);
                break;
            case SiteWorked worked:
                Write(to, Kind.Worked);
                WriteInteger(to, worked.Site);
                WriteTimes(to, worked.Mapped);
                WriteTimes(to, worked.Accelerated);
                WriteFlag(to, worked.Spent is not null);
                if (worked.Spent is { } spent)
                {
                    ObservationBytes.WriteSum(to, spent);
                }

                break;
            case SiteAnswer.MeshesChanged changed:
                Write(to, Kind.MeshesChanged);
                WriteInteger(to, changed.Site);
                WriteInteger(to, changed.Group);
                WriteFlag(to, changed.Fault is not null);
                WriteText(to, changed.Fault ?? "");
                break;
            default:
                throw new InvalidOperationException($"A {message?.GetType().Name} does not travel.");
        }

        return to.WrittenMemory;
    }

    /// <summary>The message in the bytes.</summary>
    /// <exception cref="InvalidDataException">They are none.</exception>
    public static object Decode(ReadOnlySpan<byte> from)
    {
        try
        {
            var message = Read(ref from);
            return from.IsEmpty ? message : throw Damaged();
        }
        catch (Exception fault) when (fault is ArgumentException or OverflowException or OutOfMemoryException)
        {
            throw Damaged();
        }
    }

    private static object Read(ref ReadOnlySpan<byte> from)
    {
        var kind = (Kind)ReadByte(ref from);
        switch (kind)
        {
            case Kind.Batch:
                var (trace, items) = (ReadText(ref from), ImmutableArray.CreateBuilder<object>());
                for (var left = ReadCount(ref from); left > 0; left--)
                {
                    items.Add(ReadItem(ref from));
                }

                return new SiteOrder.Batch(items.ToImmutable()) { Trace = trace.Length == 0 ? null : trace };
            case Kind.Fields:
                return new SiteOrder.Begin(ReadBytes(ref from));
            case Kind.Restore:
                var (whose, parts) = (ReadCount(ref from), ImmutableArray.CreateBuilder<StatePart>());
                for (var left = ReadCount(ref from); left > 0; left--)
                {
                    parts.Add(ReadPart(ref from));
                }

                return parts.Count > 0 ? new SiteOrder.Job(whose, new ParticipantJob.Restore(new ParticipantState(parts.ToImmutable()))) : throw Damaged();
            case Kind.RowsWritten:
                return new SiteOrder.RowsWritten(ReadInteger(ref from));
            case Kind.StateRows:
                var (sender, sent, rows) = (ReadCount(ref from), ReadInteger(ref from), ImmutableArray.CreateBuilder<(string, byte[])>());
                for (var left = ReadCount(ref from); left > 0; left--)
                {
                    rows.Add((ReadText(ref from), ReadBytes(ref from)));
                }

                return new StateRows(sender, sent, rows.ToImmutable());
            case Kind.Meet:
                var sites = ImmutableArray.CreateBuilder<NodeAddress>();
                for (var left = ReadCount(ref from); left > 0; left--)
                {
                    sites.Add(new NodeAddress(ReadText(ref from), ReadCount(ref from)));
                }

                return new SiteOrder.Meet(sites.ToImmutable());
            case Kind.TeamOrder:
                return new TeamPacket.Order(ReadCount(ref from), ReadInteger(ref from), ReadCount(ref from), ReadAct(ref from));
            case Kind.TeamCancel:
                return new TeamPacket.Cancel(ReadCount(ref from), ReadInteger(ref from), ReadCount(ref from));
            case Kind.TeamDone:
                var (team, act, member, failed, reason) = (ReadCount(ref from), ReadInteger(ref from), ReadCount(ref from), ReadFlag(ref from), ReadText(ref from));
                return new TeamPacket.Done(team, act, member, failed ? reason : null);
            case Kind.TeamMail:
                return new TeamPacket.Mail(ReadCount(ref from), ReadInteger(ref from), new TeamMessage(ReadCount(ref from),
                    new TeamKey(ReadCount(ref from), ReadInteger(ref from), checked((int)ReadInteger(ref from))), ReadNumbers(ref from)));
            case Kind.IsReady:
                return new SiteIsReady(ReadCount(ref from));
            case Kind.Samples:
                var (order, participant, values) = (ReadInteger(ref from), ReadCount(ref from), ReadPorts(ref from));
                var changes = ImmutableArray.CreateBuilder<MeshChange>();
                for (var left = ReadCount(ref from); left > 0; left--)
                {
                    var (port, points) = (ReadCount(ref from), new PointCloud([]));
                    StateArchive.Restore(ReadBytes(ref from), archive => archive.Points("mesh", ref points));
                    changes.Add(new MeshChange(port, points, ReadSamples(ref from) is [var value, ..] ? value : null));
                }

                return new FieldParcel.Samples(order, participant, values, changes.ToImmutable());
            case Kind.Input:
                var (number, conduit) = (ReadInteger(ref from), ReadCount(ref from));
                return new FieldParcel.Input(number, conduit, ReadFlag(ref from) ? ReadWaveform(ref from) : null);
            case Kind.Ready:
                return new ParticipantAnswer.Ready(ReadCount(ref from), ReadPorts(ref from));
            case Kind.CannotStart:
                return new ParticipantAnswer.CannotStart(ReadCount(ref from), ReadText(ref from));
            case Kind.Saved:
                return new ParticipantAnswer.Saved(ReadCount(ref from), ReadInteger(ref from), null) { Nanoseconds = ReadTime(ref from) };
            case Kind.StateStored:
                return new ParticipantAnswer.StateStored(ReadCount(ref from), ReadInteger(ref from), ReadCount(ref from), ReadCount(ref from), ReadPart(ref from) as StatePart.Stored ?? throw Damaged());
            case Kind.StoreFails:
                return new ParticipantAnswer.StoreFails(ReadText(ref from));
            case Kind.CannotSave:
                return new ParticipantAnswer.CannotSave(ReadCount(ref from), ReadText(ref from));
            case Kind.Underway:
                return new ParticipantAnswer.Underway(ReadCount(ref from), ReadNumber(ref from));
            case Kind.Advanced:
                var advanced = new CouplingEvent.Advanced(ReadCount(ref from), ReadAddress(ref from), ReadPorts(ref from));
                var (proposes, proposal, changesMeshes) = (ReadFlag(ref from), ReadNumber(ref from), ReadFlag(ref from));
                var fingerprints = MemoryMarshal.Cast<byte, ulong>(Take(ref from, checked(8 * ReadCount(ref from)))).ToArray();
                var watched = ReadNumbers(ref from);
                return advanced with
                {
                    Proposal = proposes ? proposal : null,
                    ChangesMeshes = changesMeshes,
                    Fingerprints = [.. fingerprints],
                    Watched = watched.Length == 0 ? default : [.. watched],
                    Nanoseconds = ReadTime(ref from),
                };
            case Kind.Failed:
                return new CouplingEvent.Failed(ReadCount(ref from), ReadAddress(ref from), ReadEnum<FailureKind>(ref from), ReadText(ref from));
            case Kind.Measured:
                var (address, error, residuals) = (ReadAddress(ref from), ReadNumber(ref from), ReadNumbers(ref from));
                return residuals.Length % 3 == 0 ? new CouplingEvent.Measured(address, [.. MemoryMarshal.Cast<double, Residual>(residuals)], error) : throw Damaged();
            case Kind.ShareSaved:
                return new SiteAnswer.ShareSaved(ReadCount(ref from), ReadInteger(ref from), ReadBytes(ref from));
            case Kind.FieldsSealed:
                return new SiteAnswer.FieldsSealed(ReadCount(ref from), ReadInteger(ref from), ReadFlag(ref from), ReadBytes(ref from), ReadInteger(ref from));
            case Kind.Worked:
                return new SiteWorked(ReadCount(ref from), ReadTimes(ref from), ReadTimes(ref from), ReadFlag(ref from) ? ObservationBytes.ReadSum(ref from) : null);
            case Kind.MeshesChanged:
                var (site, group, isBroken, fault) = (ReadCount(ref from), ReadCount(ref from), ReadFlag(ref from), ReadText(ref from));
                return new SiteAnswer.MeshesChanged(site, group, isBroken ? fault : null);
            default:
                throw Damaged();
        }
    }

    private static void Write(ArrayBufferWriter<byte> to, Kind kind, TeamPacket packet)
    {
        Write(to, kind);
        WriteInteger(to, packet.Participant);
        WriteInteger(to, packet.Act);
    }

    private static void WriteAct(ArrayBufferWriter<byte> to, TeamAct act)
    {
        switch (act)
        {
            case TeamAct.Initialize:
                WriteByte(to, (byte)Act.Initialize);
                break;
            case TeamAct.Restore restore:
                WriteByte(to, (byte)Act.Restore);
                WritePart(to, restore.State);
                break;
            case TeamAct.Save save:
                WriteByte(to, (byte)Act.Save);
                WriteInteger(to, save.Window);
                break;
            case TeamAct.Advance advance:
                WriteByte(to, (byte)Act.Advance);
                WriteAdvance(to, advance.What);
                WriteFlag(to, advance.PrepareOnly);
                break;
            default:
                throw new InvalidOperationException($"A {act.GetType().Name} does not travel.");
        }
    }

    private static void WritePart(ArrayBufferWriter<byte> to, StatePart part)
    {
        WriteFlag(to, part is StatePart.Here);
        if (part is StatePart.Stored stored)
        {
            WriteText(to, stored.Hash);
            WriteInteger(to, stored.Size);
        }
        else
        {
            WriteBytes(to, ((StatePart.Here)part).Bytes);
        }
    }

    private static StatePart ReadPart(ref ReadOnlySpan<byte> from) => ReadFlag(ref from) ? new StatePart.Here(ReadBytes(ref from)) : new StatePart.Stored(ReadText(ref from), ReadInteger(ref from));

    private static TeamAct ReadAct(ref ReadOnlySpan<byte> from) => (Act)ReadByte(ref from) switch
    {
        Act.Initialize => new TeamAct.Initialize(),
        Act.Restore => new TeamAct.Restore(ReadPart(ref from)),
        Act.Advance => new TeamAct.Advance(ReadAdvance(ref from), ReadFlag(ref from)),
        Act.Save => new TeamAct.Save(ReadInteger(ref from)),
        _ => throw Damaged(),
    };

    private static void WriteAdvance(ArrayBufferWriter<byte> to, CouplingCommand.Advance what)
    {
        WriteInteger(to, what.Participant);
        WriteAddress(to, what.Address);
        WriteWindow(to, what.Window);
        WriteFlag(to, what.Phase is not null);
        WriteText(to, what.Phase ?? "");
        WriteFlag(to, what.Rebuild);
        WriteInteger(to, what.RestoreDepth);
        WriteInteger(to, what.SaveDepths);
    }

    private static CouplingCommand.Advance ReadAdvance(ref ReadOnlySpan<byte> from)
    {
        var (participant, address, window) = (ReadCount(ref from), ReadAddress(ref from), ReadWindow(ref from));
        var (hasPhase, phase, rebuild) = (ReadFlag(ref from), ReadText(ref from), ReadFlag(ref from));
        return new CouplingCommand.Advance(participant, address, window, hasPhase ? phase : null, rebuild, checked((int)ReadInteger(ref from)), ReadCount(ref from));
    }

    private static void WriteItem(ArrayBufferWriter<byte> to, object item)
    {
        switch (item)
        {
            case ScriptEntry.Start start:
                Write(to, Item.Start);
                WriteInteger(to, start.Participant);
                break;
            case ScriptEntry.SaveShare save:
                Write(to, Item.SaveShare);
                WriteInteger(to, save.Window);
                break;
            case ScriptEntry.Record record:
                Write(to, Item.Record);
                WriteInteger(to, record.Window);
                WriteInteger(to, record.From);
                break;
            case ScriptEntry.SealFields:
                Write(to, Item.SealFields);
                break;
            case ScriptEntry.Advance advance:
                Write(to, Item.Advance);
                WriteInteger(to, advance.Order);
                WriteAdvance(to, advance.What);
                break;
            case ScriptEntry.Deliver deliver:
                Write(to, Item.Deliver);
                WriteInteger(to, deliver.What.Participant);
                WriteWindow(to, deliver.What.Window);
                WriteInteger(to, deliver.Order);
                WriteFlag(to, deliver.ChangesMeshes);
                break;
            case ScriptEntry.Fields { What: CouplingCommand.OpenWindow open }:
                Write(to, Item.Open);
                WriteInteger(to, open.Group);
                WriteWindow(to, open.Window);
                WriteFlag(to, open.Again);
                break;
            case ScriptEntry.Fields { What: CouplingCommand.PublishStage publish }:
                Write(to, Item.Publish);
                WriteInteger(to, publish.Group);
                WriteInteger(to, publish.Stage);
                break;
            case ScriptEntry.Fields { What: CouplingCommand.Measure measure }:
                Write(to, Item.Measure);
                WriteInteger(to, measure.Group);
                WriteAddress(to, measure.Address);
                WriteWindow(to, measure.Window);
                break;
            case ScriptEntry.Fields { What: CouplingCommand.Iterate iterate }:
                Write(to, Item.Iterate);
                WriteInteger(to, iterate.Group);
                break;
            case ScriptEntry.Fields { What: CouplingCommand.AcceptWindow accept }:
                Write(to, Item.Accept);
                WriteInteger(to, accept.Group);
                WriteWindow(to, accept.Window);
                break;
            case SiteOrder.Job { What: ParticipantJob.Initialize } job:
                Write(to, Item.Initialize);
                WriteInteger(to, job.Participant);
                break;
            case SiteOrder.Job { What: ParticipantJob.Save save } job:
                Write(to, Item.Save);
                WriteInteger(to, job.Participant);
                WriteInteger(to, save.Window);
                break;
            default:
                throw new InvalidOperationException($"A {item.GetType().Name} does not travel in a batch.");
        }
    }

    private static object ReadItem(ref ReadOnlySpan<byte> from)
    {
        switch ((Item)ReadByte(ref from))
        {
            case Item.Start:
                return new ScriptEntry.Start(ReadCount(ref from));
            case Item.SaveShare:
                return new ScriptEntry.SaveShare(ReadInteger(ref from));
            case Item.Record:
                return new ScriptEntry.Record(ReadInteger(ref from), ReadInteger(ref from));
            case Item.SealFields:
                return new ScriptEntry.SealFields();
            case Item.Advance:
                var order = ReadInteger(ref from);
                return new ScriptEntry.Advance(ReadAdvance(ref from), order);
            case Item.Deliver:
                return new ScriptEntry.Deliver(new CouplingCommand.Deliver(ReadCount(ref from), ReadWindow(ref from)), ReadInteger(ref from), ReadFlag(ref from));
            case Item.Open:
                return new ScriptEntry.Fields(new CouplingCommand.OpenWindow(ReadCount(ref from), ReadWindow(ref from), ReadFlag(ref from)));
            case Item.Publish:
                return new ScriptEntry.Fields(new CouplingCommand.PublishStage(ReadCount(ref from), ReadCount(ref from)));
            case Item.Measure:
                return new ScriptEntry.Fields(new CouplingCommand.Measure(ReadCount(ref from), ReadAddress(ref from), ReadWindow(ref from)));
            case Item.Iterate:
                return new ScriptEntry.Fields(new CouplingCommand.Iterate(ReadCount(ref from)));
            case Item.Accept:
                return new ScriptEntry.Fields(new CouplingCommand.AcceptWindow(ReadCount(ref from), ReadWindow(ref from)));
            case Item.Initialize:
                return new SiteOrder.Job(ReadCount(ref from), new ParticipantJob.Initialize());
            case Item.Save:
                return new SiteOrder.Job(ReadCount(ref from), new ParticipantJob.Save(ReadInteger(ref from)));
            default:
                throw Damaged();
        }
    }

    private static void Write(ArrayBufferWriter<byte> to, Kind kind) => WriteByte(to, (byte)kind);

    private static void Write(ArrayBufferWriter<byte> to, Item item) => WriteByte(to, (byte)item);

    private static void WriteByte(ArrayBufferWriter<byte> to, byte value)
    {
        to.GetSpan(1)[0] = value;
        to.Advance(1);
    }

    private static byte ReadByte(ref ReadOnlySpan<byte> from) => Take(ref from, 1)[0];

    private static void WriteFlag(ArrayBufferWriter<byte> to, bool flag) => WriteByte(to, flag ? (byte)1 : (byte)0);

    private static bool ReadFlag(ref ReadOnlySpan<byte> from) => ReadByte(ref from) switch
    {
        0 => false,
        1 => true,
        _ => throw Damaged(),
    };

    private static void WriteTimes(ArrayBufferWriter<byte> to, ImmutableArray<(int Whose, long Nanoseconds)> times)
    {
        WriteInteger(to, times.Length);
        foreach (var (whose, nanoseconds) in times)
        {
            WriteInteger(to, whose);
            WriteInteger(to, nanoseconds);
        }
    }

    private static ImmutableArray<(int, long)> ReadTimes(ref ReadOnlySpan<byte> from)
    {
        var times = ImmutableArray.CreateBuilder<(int, long)>();
        for (var left = ReadCount(ref from); left > 0; left--)
        {
            times.Add((ReadCount(ref from), ReadTime(ref from)));
        }

        return times.ToImmutable();
    }

    private static long ReadTime(ref ReadOnlySpan<byte> from) => ReadInteger(ref from) is >= 0 and var nanoseconds ? nanoseconds : throw Damaged();

    private static T ReadEnum<T>(ref ReadOnlySpan<byte> from) where T : struct, Enum
    {
        var value = (T)Enum.ToObject(typeof(T), ReadCount(ref from));
        return Enum.IsDefined(value) ? value : throw Damaged();
    }

    private static void WriteBytes(ArrayBufferWriter<byte> to, byte[] bytes)
    {
        WriteInteger(to, bytes.Length);
        to.Write(bytes);
    }

    private static byte[] ReadBytes(ref ReadOnlySpan<byte> from) => Take(ref from, ReadCount(ref from)).ToArray();

    private static void WriteNumbers(ArrayBufferWriter<byte> to, ReadOnlySpan<double> numbers)
    {
        WriteInteger(to, numbers.Length);
        to.Write(MemoryMarshal.AsBytes(numbers));
    }

    private static double[] ReadNumbers(ref ReadOnlySpan<byte> from)
    {
        var bytes = Take(ref from, checked(8 * ReadCount(ref from)));
        var numbers = GC.AllocateUninitializedArray<double>(bytes.Length / 8);
        bytes.CopyTo(MemoryMarshal.AsBytes(numbers.AsSpan()));
        return numbers;
    }

    private static void WriteWindow(ArrayBufferWriter<byte> to, TimeWindow window)
    {
        WriteInteger(to, window.StartTick);
        WriteInteger(to, window.EndTick - window.StartTick);
        WriteNumber(to, window.TickLength);
    }

    private static TimeWindow ReadWindow(ref ReadOnlySpan<byte> from)
    {
        var start = ReadInteger(ref from);
        return new TimeWindow(start, start + ReadInteger(ref from), ReadNumber(ref from));
    }

    // From the innermost group outwards.
    private static void WriteAddress(ArrayBufferWriter<byte> to, WindowAddress address)
    {
        for (WindowAddress? at = address; at is not null; at = at.Parent)
        {
            WriteInteger(to, at.Group);
            WriteInteger(to, at.Window);
            WriteInteger(to, at.Iteration);
            WriteInteger(to, at.Attempt);
            WriteInteger(to, at.Stage);
            WriteFlag(to, at.Parent is not null);
        }
    }

    private static WindowAddress ReadAddress(ref ReadOnlySpan<byte> from) => ReadAddress(ref from, 0);

    private static WindowAddress ReadAddress(ref ReadOnlySpan<byte> from, int depth)
    {
        if (depth > DeepestAddress)
        {
            throw Damaged();
        }

        var (group, window, iteration, attempt, stage) = (ReadCount(ref from), ReadInteger(ref from), ReadCount(ref from), ReadCount(ref from), ReadCount(ref from));
        return new WindowAddress(ReadFlag(ref from) ? ReadAddress(ref from, depth + 1) : null, group, window, iteration, attempt, stage);
    }

    private static void WriteSamples(ArrayBufferWriter<byte> to, ImmutableArray<FieldSample> samples)
    {
        WriteInteger(to, samples.Length);
        foreach (var sample in samples)
        {
            WriteNumber(to, sample.Time);
            WriteNumbers(to, sample.Values);
        }
    }

    private static ImmutableArray<FieldSample> ReadSamples(ref ReadOnlySpan<byte> from)
    {
        var samples = ImmutableArray.CreateBuilder<FieldSample>();
        for (var left = ReadCount(ref from); left > 0; left--)
        {
            samples.Add(new FieldSample(ReadNumber(ref from), ReadNumbers(ref from)));
        }

        return samples.ToImmutable();
    }

    private static void WriteSamples(ArrayBufferWriter<byte> to, ImmutableArray<ImmutableArray<FieldSample>> ports)
    {
        WriteInteger(to, ports.Length);
        foreach (var port in ports)
        {
            WriteSamples(to, port);
        }
    }

    private static ImmutableArray<ImmutableArray<FieldSample>> ReadPorts(ref ReadOnlySpan<byte> from)
    {
        var ports = ImmutableArray.CreateBuilder<ImmutableArray<FieldSample>>();
        for (var left = ReadCount(ref from); left > 0; left--)
        {
            ports.Add(ReadSamples(ref from));
        }

        return ports.ToImmutable();
    }

    private static Waveform ReadWaveform(ref ReadOnlySpan<byte> from)
    {
        var (start, meaning, degree) = (ReadNumber(ref from), ReadEnum<TimeMeaning>(ref from), ReadCount(ref from));
        return new Waveform(start, ReadSamples(ref from), meaning, degree);
    }
}
