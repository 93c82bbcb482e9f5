using ActorMultiscale.Physics.Continuum.Assembling;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Materials;
using ActorMultiscale.Physics.Continuum.Time;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Continuum.Participants;

/// <summary>
/// What a body of a thickness is made of: laws for small strains, with thermal strains ε_θ = α (T − T₀) 1, or hyperelastic laws. Forces, stiffness and energy
/// are times the thickness.
/// </summary>
internal sealed class SolidMaterials
{
    private readonly Basis _basis;
    private readonly Basis _scalar;
    private readonly Phases<IConstitutiveLaw>? _small;
    private readonly Phases<IHyperelasticLaw>? _large;
    private readonly Phases<double> _expansion;
    private readonly double _thickness;
    private readonly int[] _starts;             // Of the quadrature points of each cell.
    private readonly double[] _weights;         // What a quadrature point has of the volume of its cell, 0 … 1.
    private readonly double[] _volumes;         // Of the cells, the thickness among it.

    /// <summary>A body of laws for small strains, or of hyperelastic ones: one of the two is null.</summary>
    public SolidMaterials(Basis basis, Phases<IConstitutiveLaw>? small, Phases<IHyperelasticLaw>? large, Phases<double> expansion, double thickness)
    {
        (_basis, _small, _large, _expansion, _thickness) = (basis, small, large, expansion, thickness);
        _scalar = Basis.Scalar(basis.Mesh, basis.Degree);
        _starts = SolidBody.Starts(basis);
        (_weights, _volumes) = (new double[_starts[^1]], new double[basis.Mesh.CellCount]);
        for (var b = 0; b < basis.Mesh.Blocks.Length; b++)
        {
            var points = new CellPoints(basis.Mesh, basis.Table(b, -1), 1 + basis.Mesh.Dimension);
            for (var n = 0; n < basis.Mesh.Blocks[b].Count; n++)
            {
                points.Move(b, n);
                var volume = FixedOrderSum.Of(points.Weights);
                _volumes[points.Cell] = thickness * volume;
                for (var q = 0; q < points.Weights.Length; q++)
                {
                    _weights[_starts[points.Cell] + q] = points.Weights[q] / volume;
                }
            }
        }
    }

    /// <summary>The state at the beginning.</summary>
    public double[] InitialState() => _small is null ? [] : SolidBody.InitialState(_basis, _small);

    /// <summary>Forces, stiffness and next state.</summary>
    /// <param name="displacement">u, m, at the end of the step.</param>
    /// <param name="state">The state at its beginning; not changed.</param>
    /// <param name="rise">T − T₀ at the nodes, K; none if empty.</param>
    /// <param name="loop">The threads.</param>
    public SystemResponse Respond(double[] displacement, double[] state, double[] rise, ChunkedLoop loop)
    {
        var response = _large is null ? SolidBody.Respond(_basis, _small!, displacement, state, loop, Thermal(rise, loop)) : HyperelasticBody.Respond(_basis, _large, displacement, loop);
        return _thickness == 1
            ? response
            : new([.. response.Force.Select(f => _thickness * f)], () => ChangeSolver.Sum((_thickness, response.Stiffness)), response.State);
    }

    /// <summary>The mean stress of each cell (that of the deformed body where strains are large), Pa, and the elastic energy, J, of an accepted state.</summary>
    public (SymTensor3[] Stress, double Energy) Look(double[] displacement, double[] state, double[] rise, ChunkedLoop loop)
    {
        var points = new (SymTensor3 Stress, double Energy)[_starts[^1]];
        Func<QuadraturePoint, VectorJet, (SymTensor3 Stress, double Energy)> look = _large is null ? OfSmall(state, Thermal(rise, loop)) : OfLarge;
        Assembly.Integral(_basis, displacement, (QuadraturePoint x, VectorJet u) => (points[_starts[x.Cell] + x.Index] = look(x, u)).Energy, null, loop);
        var (stress, energy) = (new SymTensor3[_volumes.Length], new double[_volumes.Length]);
        for (var c = 0; c < stress.Length; c++)
        {
            for (var at = _starts[c]; at < _starts[c + 1]; at++)
            {
                stress[c] += _weights[at] * points[at].Stress;
                energy[c] += _weights[at] * _volumes[c] * points[at].Energy;
            }
        }

        return (stress, FixedOrderSum.Of(energy));
    }

    private Func<QuadraturePoint, VectorJet, (SymTensor3 Stress, double Energy)> OfSmall(double[] state, Func<QuadraturePoint, SymTensor3>? thermal)
    {
        var starts = SolidBody.StateStarts(_basis, _small!);
        return (x, u) =>
        {
            var law = _small![x.Cell];
            var strain = thermal is null ? u.Strain : u.Strain - thermal(x);
            var later = new double[law.StateSize];
            var stress = law.Respond(strain, state.AsSpan(starts[x.Cell] + (x.Index * later.Length), later.Length), later, out _);

            // What is stored: half the stress times the elastic strain. A plastic strain stands first in the state.
            var elastic = law is J2Plasticity ? strain - SymTensor3.FromVoigtStress(later.AsSpan(0, 6)) : strain;
            return (stress, 0.5 * SymTensor3.Contract(stress, elastic));
        };
    }

    // σ = P Fᵀ/J, and W.
    private (SymTensor3 Stress, double Energy) OfLarge(QuadraturePoint x, VectorJet u)
    {
        var (law, f) = (_large![x.Cell], Matrix3.Identity + u.Gradient);
        return (SymTensor3.SymmetricPart(1 / f.Determinant * (law.Stress(f) * f.Transposed)), law.Energy(f));
    }

    // ε_θ at the quadrature points.
    private Func<QuadraturePoint, SymTensor3>? Thermal(double[] rise, ChunkedLoop loop)
    {
        if (rise.Length == 0)
        {
            return null;
        }

        var thermal = new double[_starts[^1]];
        Assembly.Integral(_scalar, rise, (QuadraturePoint x, ScalarJet t) => thermal[_starts[x.Cell] + x.Index] = _expansion[x.Cell] * t.Value, null, loop);
        return x => thermal[_starts[x.Cell] + x.Index] * SymTensor3.Identity;
    }
}
