using System.Collections.Immutable;

namespace ActorMultiscale.Host.Composition;

/// <summary>The faults of one scan. A file that is no experiment at all must not give a million of them, so there is a limit.</summary>
internal sealed class FaultCollector
{
    private const int Limit = 200;

    private readonly List<Fault> _faults = [];

    public void Add(SourcePosition position, string key, string message)
    {
        if (_faults.Count < Limit)
        {
            _faults.Add(new Fault(position, key, message));
        }
        else if (_faults.Count == Limit)
        {
            _faults.Add(new Fault(position, "", $"there are more than {Limit} faults; those after this one are not listed"));
        }
    }

    public ImmutableArray<Fault> Sorted() =>
        [.. _faults.OrderBy(fault => fault.Position.Line).ThenBy(fault => fault.Position.Column)];
}
