using ActorMultiscale.Physics.Continuum.Materials;
using ActorMultiscale.Physics.Fields;

namespace ActorMultiscale.Physics.Homogenization;

/// <summary>What two scales that are participants tell each other.</summary>
internal static class TwoScales
{
    /// <summary>A strain, with tensor shears.</summary>
    public static Quantity Strain { get; } = new("ε", Unit.One);

    /// <summary>Writes the columns of a tangent: of each component of the strain, in Voigt's order with engineering shears, the stress that its unit adds, Pa.</summary>
    public static void WriteColumns(Tangent6 tangent, Span<SymTensor3> columns)
    {
        Span<double> column = stackalloc double[6];
        for (var j = 0; j < 6; j++)
        {
            for (var i = 0; i < 6; i++)
            {
                column[i] = tangent[i, j];
            }

            columns[j] = SymTensor3.FromVoigtStress(column);
        }
    }

    /// <summary>Where the numbers of a point's linear answer stand.</summary>
    public const int Numbers = 12 + 36;

    /// <summary>Writes what a point answers, as a state of <see cref="HeardLaw"/>.</summary>
    public static void WriteState(SymTensor3 strain, SymTensor3 stress, ReadOnlySpan<SymTensor3> columns, Span<double> state)
    {
        for (var i = 0; i < 6; i++)
        {
            (state[i], state[6 + i]) = (strain[i], stress[i]);
            for (var j = 0; j < 6; j++)
            {
                state[12 + (6 * i) + j] = columns[j][i];
            }
        }
    }

    /// <summary>The law of a point whose answer was heard: σ(ε) = σ_k + C_k:(ε − ε_k). Its state is what was heard; of the next state the first six numbers are ε, the rest is zero.</summary>
    public sealed class HeardLaw : IConstitutiveLaw
    {
        /// <inheritdoc/>
        public int StateSize => Numbers;

        /// <inheritdoc/>
        public SymTensor3 Respond(SymTensor3 strain, ReadOnlySpan<double> state, Span<double> next, out Tangent6 tangent)
        {
            next.Clear();
            for (var i = 0; i < 6; i++)
            {
                next[i] = strain[i];
            }

            tangent = new Tangent6(state[12..Numbers]);
            return Tensor(state[6..12]) + tangent.Stress(strain - Tensor(state[..6]));
        }

        /// <summary>The tensor of six components in Voigt's order.</summary>
        public static SymTensor3 Tensor(ReadOnlySpan<double> components) => SymTensor3.FromVoigtStress(components);
    }
}
