using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Physics.Mechanics;

/// <summary>
/// Masses in a row, neighbors joined by linear springs, ends free; stepped by velocity Verlet with the step cut between kick and
/// drift, so that impulses from outside can act on the velocity before it moves anything. A chain of atoms is one of these,
/// and so is an elastic bar of linear elements with lumped mass.
/// </summary>
/// <remarks>
/// <para>The state between steps is $(u_n, v^*_{n+½})$: kicked by the whole step, not yet struck. A step of length Δt is
/// <see cref="Open"/>, any number of <see cref="Strike"/>, <see cref="Close"/>:
/// $v_{n+½} = v^*_{n+½} + ΣJ/m$, $u_{n+1} = u_n + Δt\,v^*_{n+½} + Σ τJ/m$ with τ the time left after the impulse J,
/// $v^*_{n+3/2} = v_{n+½} + Δt\,f(u_{n+1})/m$.</para>
/// <para>Between Open and Close the step n is complete: $v_n = ½(v_{n−½} + v_{n+½})$. What stays constant to round-off, as long as the impulses
/// are those of an orthogonal projection, is $½\,v_{n−½}·M v_{n+½} + U(u_n)$, which is $H − (Δt²/8)\,a·M a$.
/// After: H. C. Andersen, J. Comput. Phys. 52 (1983) 24 (RATTLE).</para>
/// </remarks>
public sealed class MassSpringRow
{
    private readonly double[] _mass;
    private readonly double[] _stiffness;
    private readonly double[] _after;       // v_{n+½} between Open and Close.
    private readonly double[] _drift;       // u_{n+1} − u_n between Open and Close.
    private double[] _u;
    private double[] _kicked;               // v*_{n+½}.
    private double[] _before;               // v_{n−½}.

    /// <summary>A row at rest.</summary>
    /// <param name="mass">m, one per site, above zero. Handed over.</param>
    /// <param name="stiffness">K, one per spring: one fewer than sites. Handed over.</param>
    public MassSpringRow(double[] mass, double[] stiffness)
    {
        ArgumentNullException.ThrowIfNull(mass);
        ArgumentNullException.ThrowIfNull(stiffness);
        ArgumentOutOfRangeException.ThrowIfNotEqual(stiffness.Length, mass.Length - 1);
        (_mass, _stiffness) = (mass, stiffness);
        _after = new double[mass.Length];
        _drift = new double[mass.Length];
        _u = new double[mass.Length];
        _kicked = new double[mass.Length];
        _before = new double[mass.Length];
    }

    /// <summary>The number of sites.</summary>
    public int Count => _mass.Length;

    /// <summary>m, one per site.</summary>
    public ReadOnlySpan<double> Mass => _mass;

    /// <summary>K, one per spring.</summary>
    public ReadOnlySpan<double> Stiffness => _stiffness;

    /// <summary>u_n, one per site.</summary>
    public ReadOnlySpan<double> Displacement => _u;

    /// <summary>v*_{n+½}, one per site: after the kick, before the impulses.</summary>
    public ReadOnlySpan<double> Kicked => _kicked;

    /// <summary>v_n = ½(v_{n−½} + v_{n+½}) at <paramref name="site"/>; asked between Open and Close.</summary>
    public double OnStep(int site) => 0.5 * (_before[site] + _after[site]);

    /// <summary>Sets u and v of one time and does the first half kick: v*_{½} = v + ½Δt f(u)/m; looking back, v_{−½} = v − ½Δt f(u)/m.</summary>
    /// <param name="u">Displacements, one per site.</param>
    /// <param name="v">Velocities of the same time, one per site.</param>
    /// <param name="step">Δt.</param>
    public void Start(ReadOnlySpan<double> u, ReadOnlySpan<double> v, double step)
    {
        u.CopyTo(_u);
        v.CopyTo(_kicked);
        v.CopyTo(_before);
        Kick(0.5 * step, _kicked);
        Kick(-0.5 * step, _before);
    }

    /// <summary>Begins a step of length <paramref name="step"/>.</summary>
    public void Open(double step)
    {
        for (var i = 0; i < _mass.Length; i++)
        {
            _after[i] = _kicked[i];
            _drift[i] = step * _kicked[i];
        }
    }

    /// <summary>Impulses act on a run of sites with the time <paramref name="left"/> of the step still to go.</summary>
    /// <param name="first">The first site.</param>
    /// <param name="impulse">J, one per site from there on.</param>
    /// <param name="left">τ; the whole step for an impulse at its beginning.</param>
    public void Strike(int first, ReadOnlySpan<double> impulse, double left)
    {
        for (var i = 0; i < impulse.Length; i++)
        {
            var change = impulse[i] / _mass[first + i];
            _after[first + i] += change;
            _drift[first + i] += left * change;
        }
    }

    /// <summary>Ends the step: drift, then the whole kick of the next.</summary>
    /// <param name="step">Δt.</param>
    public void Close(double step)
    {
        for (var i = 0; i < _mass.Length; i++)
        {
            _u[i] += _drift[i];
            _before[i] = _after[i];
            _kicked[i] = _after[i];
        }

        Kick(step, _kicked);
    }

    /// <summary>
    /// Takes the place of <paramref name="other"/> in the middle of a step, between Open and Close, with the u and v_n given. Sites before
    /// <paramref name="kept"/> keep their half-step velocities, struck as they are; the others, on which no impulse acts, get
    /// v_{n±½} = v_n ± ½Δt f(u)/m with this row's own forces.
    /// </summary>
    /// <param name="other">The row that is open now.</param>
    /// <param name="u">u_n, one per site of this row.</param>
    /// <param name="v">v_n, one per site of this row.</param>
    /// <param name="kept">How many leading sites are the same in both rows.</param>
    /// <param name="step">Δt.</param>
    public void TakeOver(MassSpringRow other, ReadOnlySpan<double> u, ReadOnlySpan<double> v, int kept, double step)
    {
        ArgumentNullException.ThrowIfNull(other);
        Start(u, v, step);
        Open(step);
        other._before.AsSpan(0, kept).CopyTo(_before);
        other._after.AsSpan(0, kept).CopyTo(_after);
        other._drift.AsSpan(0, kept).CopyTo(_drift);
    }

    /// <summary>
    /// Writes the energy ½ m v_n² and the invariant ½ m v_{n−½} v_{n+½} of every site, each with half the energy ½ K (Δu)² of the springs beside it.
    /// Asked between Open and Close, after the impulses.
    /// </summary>
    /// <param name="energy">One per site; overwritten.</param>
    /// <param name="invariant">One per site; overwritten.</param>
    public void Energies(Span<double> energy, Span<double> invariant)
    {
        for (var i = 0; i < _mass.Length; i++)
        {
            var v = 0.5 * (_before[i] + _after[i]);
            energy[i] = 0.5 * _mass[i] * v * v;
            invariant[i] = 0.5 * _mass[i] * _before[i] * _after[i];
        }

        for (var s = 0; s < _stiffness.Length; s++)
        {
            var stretch = _u[s + 1] - _u[s];
            var half = 0.25 * _stiffness[s] * stretch * stretch;
            energy[s] += half;
            energy[s + 1] += half;
            invariant[s] += half;
            invariant[s + 1] += half;
        }
    }

    /// <summary>Names the state: u_n, v*_{n+½}, v_{n−½}.</summary>
    public void Archive(StateArchive archive)
    {
        ArgumentNullException.ThrowIfNull(archive);
        archive.Field("displacement", ref _u);
        archive.Field("kicked-velocity", ref _kicked);
        archive.Field("velocity-before", ref _before);
    }

    // v += Δt f/m, f_i = K_i (u_{i+1} − u_i) − K_{i−1} (u_i − u_{i−1}).
    private void Kick(double step, double[] v)
    {
        var left = 0.0;
        for (var i = 0; i < _mass.Length; i++)
        {
            var right = i < _stiffness.Length ? _stiffness[i] * (_u[i + 1] - _u[i]) : 0;
            v[i] += step * (right - left) / _mass[i];
            left = right;
        }
    }
}
