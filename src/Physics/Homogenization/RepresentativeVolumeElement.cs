using System.Collections.Immutable;
using ActorMultiscale.Physics.Continuum;
using ActorMultiscale.Physics.Continuum.Materials;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;
using ActorMultiscale.Physics.Numerics.Sparse;
using MathNet.Numerics.LinearAlgebra;

namespace ActorMultiscale.Physics.Homogenization;

/// <summary>What a representative volume element answers to a mean strain.</summary>
/// <param name="Stress">⟨σ⟩ over the box, Pa; of a plane element the components xx, yy and xy.</param>
/// <param name="Tangent">d⟨σ⟩/dε̄, Pa; of a plane element the rows and columns of xx, yy and xy.</param>
/// <param name="State">The state at the end of the step: u, m, one number a dof, and then what the phases remember.</param>
/// <param name="Force">∫ σ:ε(N_a), N, one number a dof: zero but for the nodes on faces.</param>
/// <param name="Residuals">Those of Newton's method.</param>
public sealed record MicroResponse(SymTensor3 Stress, Tangent6 Tangent, double[] State, double[] Force, ImmutableArray<double> Residuals);

/// <summary>
/// A box of a material with structure, small beside what varies on the scale above, which answers mean strains as a point of that scale's body does: it is a law
/// itself, and so bodies of finite elements can have one at each quadrature point (FE²). Strains are small. In two dimensions for plane strain, or with
/// <see cref="StressFreeLaw.Plane"/> of the phases for plane stress.
/// </summary>
/// <remarks>
/// Newton's method finds the balance within; the tangent is the exact derivative of that, by one matrix and a solve a component. Matrices of up to
/// <see cref="FactorOrIterate.BesideMultigrid"/> unknowns, and all of the static condition, are factored; larger ones are solved by conjugate gradients with multigrid.
/// Pores are what the mesh leaves out of its box. Phases have symmetric, positive definite tangents. After: Miehe, Koch, Arch. Appl. Mech. 72, 300 (2002); Kouznetsova, Brekelmans, Baaijens,
/// Comput. Mech. 27, 37 (2001).
/// </remarks>
public sealed class RepresentativeVolumeElement : IConstitutiveLaw
{
    private readonly MacroField _field;
    private readonly Phases<IConstitutiveLaw> _phases;
    private readonly ChunkedLoop? _loop;
    private readonly double _tolerance;
    private readonly int _historySize;

    /// <summary>A volume element.</summary>
    /// <param name="mesh">A box along the axes, in two or three dimensions, of straight or curved cells.</param>
    /// <param name="degree">The degree of the elements, 1 or 2; 2 if cells are curved.</param>
    /// <param name="phases">The law of each cell.</param>
    /// <param name="condition">What holds at the faces.</param>
    /// <param name="tolerance">
    /// What is left of the forces within, relative to those on the faces; under the static condition, where the unknown stresses balance these, relative to what the
    /// change of the mean strain in the step is off by at first. Above 0 and below 1.
    /// </param>
    /// <param name="loop">The threads; one if null, as where the scale above has several.</param>
    /// <exception cref="ScaleModelException">The mesh does not suit the condition: a face, opposite nodes, a corner or a part of a face are missing. Or the tolerance is out of its range.</exception>
    public RepresentativeVolumeElement(
        Mesh mesh, int degree, Phases<IConstitutiveLaw> phases, BoundaryCondition condition = BoundaryCondition.Periodic, double tolerance = 1e-11, ChunkedLoop? loop = null)
    {
        ArgumentNullException.ThrowIfNull(phases);
        if (!(tolerance > 0 && tolerance < 1))
        {
            throw new ScaleModelException(FormattableString.Invariant($"The tolerance is {tolerance}; it is above 0 and below 1."));
        }

        _field = new(mesh, degree, isScalar: false, condition);
        (_phases, Condition, _tolerance, _loop) = (phases, condition, tolerance, loop);
        _historySize = SolidBody.InitialState(Basis, phases).Length;
    }

    /// <summary>What holds at the faces.</summary>
    public BoundaryCondition Condition { get; }

    /// <summary>The functions, of the displacement.</summary>
    public Basis Basis => _field.Basis;

    /// <summary>The volume of the box with its pores, m³; in the plane its area, m².</summary>
    public double Volume => _field.Volume;

    /// <inheritdoc/>
    public int StateSize => Basis.DofCount + _historySize;

    /// <summary>The tangent at rest: the effective stiffness, if the phases are elastic.</summary>
    public Tangent6 EffectiveStiffness() => Solve(SymTensor3.Zero, new double[StateSize]).Tangent;

    /// <inheritdoc/>
    /// <exception cref="ScaleModelException">As of <see cref="Solve"/>.</exception>
    public SymTensor3 Respond(SymTensor3 strain, ReadOnlySpan<double> state, Span<double> next, out Tangent6 tangent)
    {
        var response = Solve(strain, state);
        response.State.CopyTo(next);
        tangent = response.Tangent;
        return response.Stress;
    }

    /// <summary>The answer to a mean strain at the end of a step.</summary>
    /// <param name="strain">ε̄, the whole strain, with tensor shears.</param>
    /// <param name="state">The state at its beginning; all zero at first.</param>
    /// <exception cref="ScaleModelException">
    /// Newton's method does not converge; the stiffness is not symmetric and positive definite, as where a part of the material is loose, softens, or flows without
    /// hardening; or a plane element gets a strain across its plane.
    /// </exception>
    public MicroResponse Solve(SymTensor3 strain, ReadOnlySpan<double> state)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(state.Length, StateSize);
        if (Basis.Components == 2 && (strain.ZZ, strain.YZ, strain.XZ) != (0, 0, 0))
        {
            throw new ScaleModelException($"A plane volume element answers strains in its plane; found {strain}. A body in space needs one in space.");
        }

        var voigt = new double[6];
        strain.VoigtStrain(voigt);
        double[] means = [.. _field.Components.Select(i => voigt[i])];
        var history = state[Basis.DofCount..].ToArray();
        SystemResponse? last = null;
        SystemResponse At(double[] u) => last = SolidBody.Respond(Basis, _phases, u, history, _loop);

        var start = state[..Basis.DofCount];
        NewtonResult result;
        Matrix<double> tangent;
        try
        {
            result = Condition == BoundaryCondition.Static ? SolveStatic(start, means, At) : Newton.Solve(start, _field.Constraints(means), At, (a, y) => _field.Solver(a, _loop)(y), _tolerance, loop: _loop);
            tangent = _field.Tangent(last!.Stiffness, _loop);
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or ScaleModelException)
        {
            // A fault of the material in this state, as that of a law is: the scale above may try a shorter step.
            throw new ScaleModelException($"A volume element has no answer to the mean strain {strain}: {e.Message} Do phases soften there, flow without hardening, or lie loose?", e);
        }

        var mean = _field.MeanStress(last.Force);
        var (stress, entries) = (new double[6], new double[36]);
        for (var i = 0; i < mean.Length; i++)
        {
            stress[_field.Components[i]] = mean[i];
            for (var j = 0; j < mean.Length; j++)
            {
                entries[(6 * _field.Components[i]) + _field.Components[j]] = tangent[i, j];
            }
        }

        return new(SymTensor3.FromVoigtStress(stress), new(entries), [.. result.Solution.AsSpan(0, Basis.DofCount), .. last.State], last.Force, result.Residuals);
    }

    // Unknown are u and the mean stresses, s_I = σ_I/κ: f(u) − κ Σ s_I G_I = 0 and κ (V m_I − G_Iᵀ u) = 0, where κ makes them alike in size; their derivative is symmetric.
    private NewtonResult SolveStatic(ReadOnlySpan<double> displacement, double[] means, Func<double[], SystemResponse> at)
    {
        var (n, m) = (Basis.DofCount, means.Length);
        var start = new double[n + m];
        displacement.CopyTo(start);
        var rest = at(displacement.ToArray());
        var isAtStart = true;
        var diagonal = new double[n];
        rest.Stiffness.Diagonal(diagonal);
        var scale = FixedOrderSum.Of(diagonal) / n / Math.Pow(Volume, 1 - (1.0 / Basis.Components));
        var stresses = _field.MeanStress(rest.Force);
        for (var i = 0; i < m; i++)
        {
            start[n + i] = stresses[i] / scale;
        }

        var pins = new Constraints(n + m);
        foreach (var dof in _field.Pins)
        {
            pins.Fix(dof, 0);
        }

        return Newton.Solve(
            start, pins,
            z =>
            {
                // Newton's method begins at the start, where the answer is known.
                var response = isAtStart ? rest : at(z[..n]);
                isAtStart = false;
                var residual = new double[n + m];
                response.Force.CopyTo(residual, 0);
                for (var i = 0; i < m; i++)
                {
                    for (var a = 0; a < n; a++)
                    {
                        residual[a] -= scale * z[n + i] * _field.Loads[i][a];
                    }

                    residual[n + i] = scale * ((Volume * means[i]) - FixedOrderSum.Dot(_field.Loads[i], z.AsSpan(0, n)));
                }

                return new SystemResponse(residual, () => Bordered(response.Stiffness, scale));
            },
            Indefinite, _tolerance, loop: _loop);
    }

    // [K, −κ G; −κ Gᵀ, 0].
    private CsrMatrix Bordered(CsrMatrix k, double scale)
    {
        var (n, m) = (k.RowCount, _field.Loads.Length);
        var start = new int[n + m + 1];
        var (columns, values) = (new List<int>(k.EntryCount), new List<double>(k.EntryCount));
        for (var row = 0; row < n; row++)
        {
            var (from, count) = (k.RowStart[row], k.RowStart[row + 1] - k.RowStart[row]);
            columns.AddRange(k.Columns.Slice(from, count));
            values.AddRange(k.Values.Slice(from, count));
            for (var i = 0; i < m; i++)
            {
                if (_field.Loads[i][row] != 0)
                {
                    columns.Add(n + i);
                    values.Add(-scale * _field.Loads[i][row]);
                }
            }

            start[row + 1] = columns.Count;
        }

        for (var i = 0; i < m; i++)
        {
            for (var a = 0; a < n; a++)
            {
                if (_field.Loads[i][a] != 0)
                {
                    columns.Add(a);
                    values.Add(-scale * _field.Loads[i][a]);
                }
            }

            start[n + i + 1] = columns.Count;
        }

        return new(n + m, start, [.. columns], [.. values]);
    }

    private double[] Indefinite(CsrMatrix matrix, double[] right) => FactorOrIterate.Factored(matrix, _loop, isDefinite: false)(right);
}
