using System.Collections.Immutable;
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
    public static DividedModel Divide<T>(ModelEntry entry, GridDivision division, Func<ModelSettings, Subdomain, IScaleModel> make, CoarsePhysics physics) where T : unmanaged
    {
        var links = ImmutableArray.CreateBuilder<SubdomainLink>();
        for (var part = 0; part < division.Count; part++)
        {
            links.AddRange(division.TracesOf(part).Keys.Select(owner => new SubdomainLink(owner, SubdomainPorts<T>.OutPort(part), part, SubdomainPorts<T>.InPort(owner))));
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
    public SubdomainPorts(Subdomain of, Basis scalar, Basis own, int components, Quantity value, Quantity defect)
    {
        var (division, part) = (of.Division, of.Part);
        _components = components;
        var nodeOf = division.NumbersOf(scalar).Index().ToDictionary(n => n.Item, n => n.Index);
        Trace Make(Port<T> port, ImmutableArray<long> numbers)
        {
            ImmutableArray<int> nodes = [.. numbers.Select(n => nodeOf[n])];
            return new(port, numbers, nodes, new(port, nodes.Length, new PointCloud([.. nodes.SelectMany(n => new[] { scalar.Nodes[n].X, scalar.Nodes[n].Y, scalar.Nodes[n].Z })])));
        }

        var (first, last) = division.HasCoarse ? (SubdomainPorts.Solve, SubdomainPorts.Correct) : (null, null);
        _in = [.. division.TracesOf(part).Select(t => Make(Port.In<T>(InPort(t.Key), value) with { Phase = first }, t.Value))];
        _out =
        [
            .. from other in division.PartsNear(part)
               where division.TracesOf(other).ContainsKey(part)
               select Make(Port.Out<T>(OutPort(other), value) with { Phase = last }, division.TracesOf(other)[part]),
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
    public static string InPort(int other) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"trace-in-{other}");

    /// <summary>The name of the out-port for what another sub-domain takes.</summary>
    public static string OutPort(int other) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"trace-out-{other}");

    /// <summary>All ports.</summary>
    public IEnumerable<PortLayout> Layouts => [.. _in.Select(t => t.Layout), .. _out.Select(t => t.Layout), .. _coarseLayouts];

    /// <summary>The nodes at which others say what the value is, by rising number.</summary>
    public ImmutableArray<int> EdgeNodes { get; }

    /// <summary>Whether there is a coarse level, and so two phases.</summary>
    public bool HasCoarse => _correction is not null;

    /// <summary>What the others say at the nodes of the edge.</summary>
    /// <param name="inputs">The ports.</param>
    /// <param name="time">At which time, s.</param>
    /// <param name="set">Takes a dof of the body and its value.</param>
    public void Read(PortReader inputs, double time, Action<int, double> set)
    {
        foreach (var trace in _in)
        {
            var values = MemoryMarshal.Cast<T, double>(inputs.Read(trace.Port, time));
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
            var to = MemoryMarshal.Cast<T, double>(outputs.Write(trace.Port, time));
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

    private static int Stride => Unsafe.SizeOf<T>() / sizeof(double);

    /// <summary>Nodes that a port speaks of: their numbers in the whole body, and in the sub-domain.</summary>
    private sealed record Trace(Port<T> Port, ImmutableArray<long> Numbers, ImmutableArray<int> Nodes, PortLayout Layout);
}
