using ActorMultiscale.Physics.Fields;
using CsCheck;

namespace ActorMultiscale.Tests.Fields;

public sealed class SymTensor3Tests
{
    // Of any tensor, and of those with entries that are zero, equal or far from each other in size.
    [Fact]
    public void A_tensor_is_what_its_principal_values_and_axes_make() =>
        Gen.OneOf(Gen.Double[-1, 1], Gen.Const(0.0), Gen.Const(1.0), Gen.Double[-1e-9, 1e-9], Gen.Double[-1e9, 1e9]).Array[6].Sample(e =>
        {
            var tensor = new SymTensor3(e[0], e[1], e[2], e[3], e[4], e[5]);
            var (values, axes) = tensor.Principal();
            var rest = SymTensor3.SymmetricPart(axes * Matrix3.Diagonal(values.X, values.Y, values.Z) * axes.Transposed) - tensor;
            Assert.Equal(0, rest.Norm, 1e-14 * (1e-300 + tensor.Norm));
            Assert.Equal(0, (SymTensor3.SymmetricPart(axes.Transposed * axes) - SymTensor3.Identity).Norm, 1e-14);
            Assert.Equal(1, axes.Determinant, 1e-14);
            Assert.Equal(tensor.Trace, values.X + values.Y + values.Z, 1e-14 * (1e-300 + tensor.Norm));
        }, iter: 20_000);
}
