using System.Text;
using ActorMultiscale.Physics.Continuum.Meshes;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Host.Formats;

/// <summary>Files of meshes by the ends of their names.</summary>
public static class MeshFiles
{
    /// <summary>Reads a mesh from the text of a file of Gmsh.</summary>
    /// <param name="file">The file; its name says what it is.</param>
    /// <exception cref="ScaleModelException">The name tells no format, the file is binary, or the text is no such file; the message says where and why.</exception>
    public static Mesh Read(InputFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        if (!Path.GetExtension(file.Name).Equals(".msh", StringComparison.OrdinalIgnoreCase))
        {
            throw new ScaleModelException($"{file.Name}: the end of the name, '{Path.GetExtension(file.Name)}', tells no format of meshes; it may be .msh (Gmsh)");
        }

        // The second line has the version and the kind: 0 for text, 1 for binary, whose bytes do not survive as text.
        if (file.Text.Split('\n', 3) is [_, var format, _] && format.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, "1", ..])
        {
            throw new ScaleModelException($"{file.Name}: the mesh is binary; an experiment takes text, which Gmsh writes with 'Mesh.Binary = 0'");
        }

        try
        {
            return GmshMesh.Read(file.Name, Encoding.UTF8.GetBytes(file.Text));
        }
        catch (MeshFileException fault)
        {
            throw new ScaleModelException(fault.Message, fault);
        }
    }
}
