using System.Collections.Immutable;
using ActorMultiscale.Physics.Continuum.Assembling;
using ActorMultiscale.Physics.Continuum.Forms;
using ActorMultiscale.Physics.Continuum.Materials;
using ActorMultiscale.Physics.Fields;
using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Numerics;

namespace ActorMultiscale.Physics.Continuum.Participants;

/// <summary>
/// A body whose regions have laws of their own, with thermal strains ε_θ = α (T − T₀) 1: forces ∫ σ(ε − ε_θ):ε(N_a), stiffness, stress and energy; or, where
/// strains may be large, of hyperelastic laws. All is times the thickness.
/// </summary>
internal sealed class SolidMaterials
{
    private readonly Basis _basis;
    private readonly Basis _scalar;
    private readonly int[] _regionOf;
    private readonly ImmutableArray<IConstitutiveLaw> _small;
    private readonly ImmutableArray<IHyperelasticLaw> _large;
    private readonly double[] _expansion;
    private readonly double _thickness;
    private readonly int[] _starts;             // Of the quadrature points of each cell.
    private readonly double[] _weights;         // What a quadrature point has of the volume of its cell, 0 … 1.
    private readonly double[] _volumes;         // Of the cells, the thickness among it.
    private readonly int _size;

    /// <summary>A body of laws for small strains, or of hyperelastic ones: one of the lists is empty, the other has a law for each region.</summary>
    public SolidMaterials(Basis basis, int[] regionOf, ImmutableArray<IConstitutiveLaw> small, ImmutableArray<IHyperelasticLaw> large, double[] expansion, double thickness)
    {
        (_basis, _regionOf, _small, _large, _expansion, _thickness) = (basis, regionOf, small, large, expansion, thickness);
        _scalar = Basis.Scalar(basis.Mesh, basis.Degree);
        _starts = SolidBody.Starts(basis);
        _size = small.Select(l => l.StateSize).DefaultIfEmpty().Max();
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

    /// <summary>Whether forces are linear in the displacement.</summary>
    public bool IsLinear => !_small.IsEmpty && _small.All(l => l is ElasticLaw);

    /// <summary>The state at the beginning: numbers at each quadrature point, as many as the law with the greatest memory has.</summary>
    public double[] InitialState() => new double[_starts[^1] * _size];

    /// <summary>Forces, their derivative and the next state.</summary>
    /// <param name="displacement">u, m, at the end of the step.</param>
    /// <param name="state">The state at its beginning; not changed.</param>
    /// <param name="rise">T − T₀ at the nodes, K; none if empty.</param>
    /// <param name="loop">The threads.</param>
    public SolidResponse Respond(double[] displacement, double[] state, double[] rise, ChunkedLoop loop)
    {
        var (force, next, tangents, gradients) = Visit(displacement, state, rise, loop, null);
        var stiffness = _large.IsEmpty
            ? Assembly.Matrix(_basis, Elasticity.Stiffness(x => tangents[_starts[x.Cell] + x.Index]), null, loop)
            : Assembly.Matrix(_basis, BilinearForm.Vector((x, u) => VectorJet.Flux(_thickness * _large[_regionOf[x.Cell]].Change(gradients[_starts[x.Cell] + x.Index], u.Gradient))), null, loop);
        if (_thickness != 1 && _large.IsEmpty)
        {
            foreach (ref var value in stiffness.Values)
            {
                value *= _thickness;
            }
        }

        return new(force, stiffness, next);
    }

    /// <summary>The forces alone, and the next state.</summary>
    public (double[] Force, double[] Next) Forces(double[] displacement, double[] state, double[] rise, ChunkedLoop loop)
    {
        var (force, next, _, _) = Visit(displacement, state, rise, loop, null);
        return (force, next);
    }

    /// <summary>The mean stress of each cell (that of the deformed body where strains are large), Pa, and the elastic energy, J, of an accepted state.</summary>
    public (SymTensor3[] Stress, double Energy) Look(double[] displacement, double[] state, double[] rise, ChunkedLoop loop)
    {
        var points = new (SymTensor3 Stress, double Energy)[_starts[^1]];
        Visit(displacement, state, rise, loop, points);
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

    private (double[] Force, double[] Next, Tangent6[] Tangents, Matrix3[] Gradients) Visit(
        double[] displacement, double[] state, double[] rise, ChunkedLoop loop, (SymTensor3 Stress, double Energy)[]? points)
    {
        var count = _starts[^1];
        if (!_large.IsEmpty)
        {
            var gradients = new Matrix3[count];
            var forces = Assembly.Residual(
                _basis, displacement,
                (QuadraturePoint x, VectorJet u) =>
                {
                    var (law, at) = (_large[_regionOf[x.Cell]], _starts[x.Cell] + x.Index);
                    var f = gradients[at] = Matrix3.Identity + u.Gradient;
                    var stress = law.Stress(f);
                    if (points is not null)
                    {
                        points[at] = (SymTensor3.SymmetricPart(1 / f.Determinant * (stress * f.Transposed)), law.Energy(f));     // σ = P Fᵀ/J.
                    }

                    return VectorJet.Flux(_thickness * stress);
                },
                null, loop);
            return (forces, [], [], gradients);
        }

        var thermal = new double[count];
        if (rise.Length > 0)
        {
            Assembly.Residual(
                _scalar, rise,
                (QuadraturePoint x, ScalarJet t) =>
                {
                    thermal[_starts[x.Cell] + x.Index] = _expansion[_regionOf[x.Cell]] * t.Value;
                    return default;
                },
                null, loop);
        }

        var (next, tangents) = (new double[state.Length], new Tangent6[count]);
        var force = Assembly.Residual(
            _basis, displacement,
            (QuadraturePoint x, VectorJet u) =>
            {
                var (law, at) = (_small[_regionOf[x.Cell]], _starts[x.Cell] + x.Index);
                var later = next.AsSpan(at * _size, law.StateSize);
                var strain = u.Strain - (thermal[at] * SymTensor3.Identity);
                var stress = law.Respond(strain, state.AsSpan(at * _size, law.StateSize), later, out tangents[at]);
                if (points is not null)
                {
                    // What is stored: half the stress times the elastic strain. A plastic strain stands first in the state.
                    var elastic = law is J2Plasticity ? strain - SymTensor3.FromVoigtStress(later[..6]) : strain;
                    points[at] = (stress, 0.5 * SymTensor3.Contract(stress, elastic));
                }

                return VectorJet.Stress(_thickness * stress);
            },
            null, loop);
        return (force, next, tangents, []);
    }
}
