using System.Reflection;
using System.Runtime.Loader;
using System.Security.Cryptography;
using ActorMultiscale.Actors.Journal;
using ActorMultiscale.Physics.Models;

namespace ActorMultiscale.Host.Composition;

/// <summary>Assemblies of user-written models.</summary>
public static class ModelLibraries
{
    /// <summary>Adds the models of the assembly at <paramref name="path"/>; gives its name and hash for the record.</summary>
    /// <exception cref="InvalidExperimentException">It cannot be loaded, or holds no <see cref="IModelLibrary"/>.</exception>
    public static InputReference AddTo(ModelCatalogue catalogue, string path)
    {
        ArgumentNullException.ThrowIfNull(catalogue);
        var full = Path.GetFullPath(path);
        byte[] bytes;
        Assembly assembly;
        try
        {
            bytes = File.ReadAllBytes(full);
            assembly = new LibraryContext(full).LoadFromAssemblyPath(full);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or BadImageFormatException)
        {
            throw new InvalidExperimentException($"The model library '{path}' cannot be loaded: {fault.Message}", fault);
        }

        Type[] libraries;
        try
        {
            libraries = [.. assembly.GetExportedTypes().Where(t => typeof(IModelLibrary).IsAssignableFrom(t) && t is { IsAbstract: false } && t.GetConstructor([]) is not null)];
        }
        catch (Exception fault) when (fault is TypeLoadException or FileNotFoundException or ReflectionTypeLoadException)
        {
            throw new InvalidExperimentException($"The model library '{path}' was built against something that is not here: {fault.Message}", fault);
        }

        if (libraries.Length == 0)
        {
            throw new InvalidExperimentException($"The model library '{path}' holds no public class that implements IModelLibrary and can be made without parameters; that class names the models.");
        }

        foreach (var library in libraries)
        {
            try
            {
                ((IModelLibrary)Activator.CreateInstance(library)!).AddTo(catalogue);
            }
            catch (Exception fault) when (fault is ArgumentException or TargetInvocationException)
            {
                throw new InvalidExperimentException($"The model library '{path}' cannot add its models: {fault.GetBaseException().Message}", fault);
            }
        }

        return new InputReference(path, Convert.ToHexStringLower(SHA256.HashData(bytes)));
    }

    // What the program has already is taken from it, so that a library's IScaleModel is ours; the rest lies beside the library.
    private sealed class LibraryContext(string path) : AssemblyLoadContext(path)
    {
        private readonly AssemblyDependencyResolver _resolver = new(path);

        protected override Assembly? Load(AssemblyName assemblyName)
        {
            if (Default.Assemblies.Any(a => a.GetName().Name == assemblyName.Name))
            {
                return null;
            }

            return _resolver.ResolveAssemblyToPath(assemblyName) is { } found ? LoadFromAssemblyPath(found) : null;
        }
    }
}
