using ActorMultiscale.Physics.Models;
using ActorMultiscale.Physics.Particles;

namespace ActorMultiscale.Host.Formats;

/// <summary>Files of atoms by the ends of their names.</summary>
public static class AtomFiles
{
    /// <summary>Reads atoms: of a dump or extended XYZ with several frames the last, for that is where a run that wrote it ended; of a PDB with several models the first.</summary>
    /// <param name="file">The file; its name says what it is.</param>
    /// <param name="units">The units of its numbers. A PDB holds Å: metal or real.</param>
    /// <exception cref="ScaleModelException">The name tells no format, or the text is no such file; the message says where and why.</exception>
    public static AtomConfiguration Read(InputFile file, UnitSystem units)
    {
        ArgumentNullException.ThrowIfNull(file);
        try
        {
            return Path.GetExtension(file.Name).ToUpperInvariant() switch
            {
                ".DATA" or ".LMP" => LammpsData.Read(file, units).Atoms,
                ".DUMP" or ".LAMMPSTRJ" => LammpsDump.Read(file, units)[^1].Atoms,
                ".XYZ" or ".EXTXYZ" => ExtendedXyz.Read(file, units)[^1].Atoms,
                ".PDB" or ".ENT" => ProteinDataBank.Read(file, units)[0].Atoms,
                var other => throw new ScaleModelException(
                    $"{file.Name}: the end of the name, '{other}', tells no format of atoms; it may be .data or .lmp (LAMMPS data), .dump or .lammpstrj (LAMMPS dump), .xyz or .extxyz (extended XYZ), .pdb or .ent (PDB)."),
            };
        }
        catch (AtomFileException fault)
        {
            throw new ScaleModelException(fault.Message, fault);
        }
        catch (ArgumentException fault)
        {
            throw new ScaleModelException($"{file.Name}: {fault.Message}", fault);
        }
    }
}
