using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Continuum.Participants;

/// <summary>Which part of a divided body a model computes.</summary>
/// <param name="Division">The body.</param>
/// <param name="Part">The index of the part.</param>
internal sealed record Subdomain(GridDivision Division, int Part);

/// <summary>What a sub-domain takes, where a window begins, from those that own the nodes of its edge, beside the values there.</summary>
/// <param name="Name">The name, a part of those of ports.</param>
/// <param name="Quantity">What it is.</param>
internal sealed record EdgeRate(string Name, Quantity Quantity);

/// <summary>How bodies of all kinds become sub-domains.</summary>
internal static class SubdomainPorts
{
    /// <summary>The phase in which a sub-domain is solved for.</summary>
    public const string Solve = "solve";

    /// <summary>The phase in which it takes the correction of the coarse level.</summary>
    public const string Correct = "correct";

    /// <summary>The participants of a divided body, and the conduits between them.</summary>
    /// <param name="entry">The kind of the body.</param>
    /// <param name="division">Its parts.</param>
    /// <param name="make">The model of a sub-domain.</param>
    /// <param name="physics">What the coarse level knows.</param>
    /// <param name="rates">What sub-domains take from each other where a window begins.</param>
    public static DividedModel Divide<T>(ModelEntry entry, GridDivision division, Func<ModelSettings, Subdomain, IScaleModel> make, CoarsePhysics physics, ImmutableArray<EdgeRate> rates) where T : unmanaged
    {
        var links = ImmutableArray.CreateBuilder<SubdomainLink>();
        for (var part = 0; part < division.Count; part++)
        {
            foreach (var owner in division.TracesOf(part).Keys)
            {
                links.Add(new(owner, SubdomainPorts<T>.OutPort(part), part, SubdomainPorts<T>.InPort(owner)));
                links.AddRange(rates.Select(rate => new SubdomainLink(owner, SubdomainPorts<T>.OutPort(part, rate), part, SubdomainPorts<T>.InPort(owner, rate)) { IsOfStart = true }));
            }

            if (division.HasCoarse)
            {
                links.Add(new(part, SubdomainPorts<T>.Defect, SubdomainLink.CoarseLevel, CoarseLevelModel<T>.DefectPort(part)));
                links.Add(new(SubdomainLink.CoarseLevel, SubdomainPorts<T>.Correction, part, SubdomainPorts<T>.Correction));
            }
        }

        return new(
            division.Count, entry with { Create = settings => make(settings, new(division, settings.EnsembleIndex)), Divide = null },
            division.HasCoarse ? new($"{entry.Kind}-coarse-level", "The coarse level of a body in sub-domains", entry.Settings, _ => new CoarseLevelModel<T>(division, physics)) : null,
            links.ToImmutable())
        {
            Phases = division.HasCoarse ? [Solve, Correct] : [],
        };
    }

    /// <summary>What is wrong where settings are given that a body in sub-domains does not take.</summary>
    /// <param name="given">The settings.</param>
    /// <param name="keys">Those that are not taken.</param>
    /// <param name="reason">Why, and what to do instead.</param>
    public static IEnumerable<string> NotTaken(ModelSettings given, ImmutableArray<string> keys, string reason) =>
        from key in keys where given.Given.ContainsKey(key) select $"'{key}' cannot be given for a body in sub-domains: {reason}.";
}

/// <summary>
/// The ports by which a sub-domain meets the others and the coarse level. In come the values of those that own the nodes of its boundary inside the body
/// (<c>trace-in-J</c>, J the index of the other), by which it is solved for. Out goes what is then out of balance at the edge of its own part, shared out to the nodes of
/// the coarse grid (<c>defect</c>); in comes the correction of the coarse level, and out go the values that others ask for (<c>trace-out-J</c>), corrected.
/// What a body in motion has beside them, its rates, comes in from the same owners by ports of their own (<c>velocity-trace-in-J</c>), read where a window begins.
/// </summary>
/// <remarks>
/// With a coarse level these are two phases, <see cref="SubdomainPorts.Solve"/> and <see cref="SubdomainPorts.Correct"/>. What is iterated on are the traces alone. After: Cai, Sarkis, SIAM J. Sci. Comput. 21 (1999) 792, the restricted
/// additive method, with one value a node; and Dolean, Jolivet, Nataf, "An Introduction to Domain Decomposition Methods" (SIAM, 2015), section 3.6, for the coarse level that follows it multiplicatively.
/// </remarks>
/// <typeparam name="T">A value at a node: a number, or a vector of which the first components are the body's.</typeparam>
internal sealed class SubdomainPorts<T> where T : unmanaged
{
    /// <summary>The name of the coarse level's out-port, and of the sub-domain's in-port.</summary>
    public const string Correction = "correction";

    /// <summary>The name of the out-port for what is out of balance.</summary>
    public const string Defect = "defect";

    private readonly int _components;
    private readonly ImmutableArray<Trace> _in;
    private readonly ImmutableArray<Trace> _out;
    private readonly Port<T>? _correction;
    private readonly Port<T>? _defect;
    private readonly ImmutableArray<PortLayout> _coarseLayouts = [];
    private readonly CsrMatrix[] _coarseAt = [];                // Of each trace that goes out.
    private readonly int[] _ownRim = [];                        // Nodes of the part's own mesh.
    private readonly CsrMatrix? _restriction;

    /// <summary>The ports of a sub-domain.</summary>
    /// <param name="of">Which it is.</param>
    /// <param name="scalar">The functions on all its cells, one number a node.</param>
    /// <param name="own">The same on the cells of its part alone.</param>
    /// <param name="components">Numbers a node of the body, at most those of a value.</param>
    /// <param name="value">What traces carry.</param>
    /// <param name="defect">What is out of balance.</param>
    /// <param name="rates">What else is taken where a window begins.</param>
    public SubdomainPorts(Subdomain of, Basis scalar, Basis own, int components, Quantity value, Quantity defect, ImmutableArray<EdgeRate> rates)
    {
        var (division, part) = (of.Division, of.Part);
        _components = components;
        var nodeOf = division.NumbersOf(scalar).Index().ToDictionary(n => n.Item, n => n.Index);
        Trace Make(ImmutableArray<Port<T>> ports, ImmutableArray<long> numbers)
        {
            ImmutableArray<int> nodes = [.. numbers.Select(n => nodeOf[n])];
            return new(ports, numbers, nodes, new PointCloud([.. nodes.SelectMany(n => new[] { scalar.Nodes[n].X, scalar.Nodes[n].Y, scalar.Nodes[n].Z })]));
        }

        var (first, last) = division.HasCoarse ? (SubdomainPorts.Solve, SubdomainPorts.Correct) : (null, null);
        _in = [.. division.TracesOf(part).Select(t => Make([Port.In<T>(InPort(t.Key), value) with { Phase = first }, .. rates.Select(r => Port.In<T>(InPort(t.Key, r), r.Quantity) with { Phase = first })], t.Value))];
        _out =
        [
            .. from other in division.PartsNear(part)
               where division.TracesOf(other).ContainsKey(part)
               select Make([Port.Out<T>(OutPort(other), value) with { Phase = last }, .. rates.Select(r => Port.Out<T>(OutPort(other, r), r.Quantity) with { Phase = last })], division.TracesOf(other)[part]),
        ];
        EdgeNodes = [.. _in.SelectMany(t => t.Nodes).Order()];
        if (!division.HasCoarse)
        {
            return;
        }

        var owned = division.CoarseNodesOf(division.Own(part));
        var places = division.CoarsePlaces(owned);
        (_correction, _defect) = (Port.In<T>(Correction, value) with { Phase = last }, Port.Out<T>(Defect, defect) with { Phase = first });
        _coarseLayouts = [new(_correction, owned.Length, places), new(_defect, owned.Length, places)];
        _coarseAt = [.. _out.Select(t => division.CoarseFunctions(t.Numbers, owned, 1))];
        var ownNodeOf = division.NumbersOf(own).Index().ToDictionary(n => n.Item, n => n.Index);
        long[] rim = [.. division.Rim(division.Own(part))];
        _ownRim = Array.ConvertAll(rim, n => ownNodeOf[n]);
        _restriction = division.CoarseFunctions(rim, owned, components);
    }

    /// <summary>The name of the in-port for what another sub-domain gives.</summary>
    /// <param name="other">The index of the other.</param>
    /// <param name="rate">Which of the rates; null for the values.</param>
    public static string InPort(int other, EdgeRate? rate = null) => string.Create(CultureInfo.InvariantCulture, $"{Prefix(rate)}trace-in-{other}");

    /// <summary>The name of the out-port for what another sub-domain takes.</summary>
    /// <param name="other">The index of the other.</param>
    /// <param name="rate">Which of the rates; null for the values.</param>
    public static string OutPort(int other, EdgeRate? rate = null) => string.Create(CultureInfo.InvariantCulture, $"{Prefix(rate)}trace-out-{other}");

    /// <summary>All ports.</summary>
    public IEnumerable<PortLayout> Layouts => [.. _in.Concat(_out).SelectMany(t => t.Ports.Select(port => new PortLayout(port, t.Nodes.Length, t.Places))), .. _coarseLayouts];

    /// <summary>The nodes at which others say what the value is, by rising number.</summary>
    public ImmutableArray<int> EdgeNodes { get; }

    /// <summary>Whether there is a coarse level, and so two phases.</summary>
    public bool HasCoarse => _correction is not null;

    /// <summary>What the others say at the nodes of the edge.</summary>
    /// <param name="inputs">The ports.</param>
    /// <param name="time">At which time, s.</param>
    /// <param name="set">Takes a dof of the body and its value.</param>
    public void Read(PortReader inputs, double time, Action<int, double> set) => Read(inputs, time, 0, set);

    /// <summary>A rate at the nodes of the edge, of their owners.</summary>
    /// <param name="inputs">The ports.</param>
    /// <param name="time">When the window begins, s.</param>
    /// <param name="rate">The index of the rate.</param>
    /// <param name="set">Takes a dof of the body and its rate.</param>
    public void ReadRate(PortReader inputs, double time, int rate, Action<int, double> set) => Read(inputs, time, 1 + rate, set);

    /// <summary>Writes a rate for the others.</summary>
    /// <param name="outputs">The ports.</param>
    /// <param name="time">At which time, s.</param>
    /// <param name="rate">The index of the rate.</param>
    /// <param name="field">The rates of all dofs of the body.</param>
    public void WriteRate(PortWriter outputs, double time, int rate, double[] field)
    {
        foreach (var trace in _out)
        {
            var to = MemoryMarshal.Cast<T, double>(outputs.Write(trace.Ports[1 + rate], time));
            for (var n = 0; n < trace.Nodes.Length; n++)
            {
                field.AsSpan(_components * trace.Nodes[n], _components).CopyTo(to[(Stride * n)..]);
            }
        }
    }

    private void Read(PortReader inputs, double time, int port, Action<int, double> set)
    {
        foreach (var trace in _in)
        {
            var values = MemoryMarshal.Cast<T, double>(inputs.Read(trace.Ports[port], time));
            for (var n = 0; n < trace.Nodes.Length; n++)
            {
                for (var c = 0; c < _components; c++)
                {
                    set((trace.Nodes[n] * _components) + c, values[(n * Stride) + c]);
                }
            }
        }
    }

    /// <summary>Writes what is out of balance, where there is a coarse level.</summary>
    /// <param name="outputs">The ports.</param>
    /// <param name="time">At which time, s.</param>
    /// <param name="defect">f − A u of the cells of the own part alone, one number a dof of its mesh; none at the start.</param>
    public void WriteDefect(PortWriter outputs, double time, double[] defect)
    {
        if (_defect is null)
        {
            return;
        }

        var shares = MemoryMarshal.Cast<T, double>(outputs.Write(_defect, time));
        if (defect.Length == 0)
        {
            return;
        }

        // Inside its part the sub-domain is in balance: it was solved for.
        var (rim, coarse) = (new double[_components * _ownRim.Length], new double[_restriction!.ColumnCount]);
        for (var n = 0; n < _ownRim.Length; n++)
        {
            defect.AsSpan(_components * _ownRim[n], _components).CopyTo(rim.AsSpan(_components * n));
        }

        _restriction.TransposeMultiply(rim, coarse);
        for (var n = 0; n < coarse.Length / _components; n++)
        {
            coarse.AsSpan(_components * n, _components).CopyTo(shares[(Stride * n)..]);
        }
    }

    /// <summary>Writes what the others take: the values of the body, and on them the correction.</summary>
    /// <param name="outputs">The ports.</param>
    /// <param name="time">At which time, s.</param>
    /// <param name="value">The value of a dof of the body.</param>
    /// <param name="inputs">Where the correction comes in; null at the start.</param>
    public void WriteTraces(PortWriter outputs, double time, Func<int, double> value, PortReader? inputs)
    {
        var correction = _correction is null || inputs is null ? [] : MemoryMarshal.Cast<T, double>(inputs.Read(_correction, time));
        foreach (var (t, trace) in _out.Index())
        {
            var to = MemoryMarshal.Cast<T, double>(outputs.Write(trace.Ports[0], time));
            if (!correction.IsEmpty)
            {
                _coarseAt[t].Multiply(correction, to, Stride);
            }

            for (var n = 0; n < trace.Nodes.Length; n++)
            {
                for (var c = 0; c < _components; c++)
                {
                    to[(n * Stride) + c] += value((trace.Nodes[n] * _components) + c);
                }
            }
        }
    }

    private static string Prefix(EdgeRate? rate) => rate is null ? "" : $"{rate.Name}-";

    private static int Stride => Unsafe.SizeOf<T>() / sizeof(double);

    /// <summary>Nodes that ports speak of, first the one of their values, then those of their rates: their numbers in the whole body, and in the sub-domain, and where they are.</summary>
    private sealed record Trace(ImmutableArray<Port<T>> Ports, ImmutableArray<long> Numbers, ImmutableArray<int> Nodes, PointCloud Places);
}
