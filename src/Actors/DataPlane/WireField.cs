namespace ActorMultiscale.Actors.DataPlane;

/// <summary>A field that has come whole. Header and body are arrays of their own: the receiver's, who may keep them as long as it likes.</summary>
internal sealed class WireField
{
    private readonly Action<long> _released;
    private int _isReleased;

    /// <summary>A field with room for its body.</summary>
    /// <param name="header">What the sender said of it.</param>
    /// <param name="body">Its bytes.</param>
    /// <param name="released">Told once how many bytes no longer count.</param>
    public WireField(byte[] header, byte[] body, Action<long> released)
    {
        (Header, Body, _released) = (header, body, released);
    }

    /// <summary>What the sender said of it.</summary>
    public byte[] Header { get; }

    /// <summary>Its bytes.</summary>
    public byte[] Body { get; }

    /// <summary>How many bytes a field takes of the budget: more than its bytes, since one without any costs memory too.</summary>
    public static long Charge(int header, long body) => 256 + header + body;

    /// <summary>
    /// Says that its memory no longer counts: the sender may send as much again. From any thread; more than once is as good as once. A field that nobody releases takes
    /// its share of <see cref="WireOptions.FieldBudget"/> for good.
    /// </summary>
    public void Release()
    {
        if (Interlocked.Exchange(ref _isReleased, 1) == 0)
        {
            _released(Charge(Header.Length, Body.Length));
        }
    }
}
