namespace ActorMultiscale.Actors.Journal;

/// <summary>
/// The hold of a process on a SQLite record: an exclusive lock on a file beside it, which the system gives free when the process ends, however it ends. A frozen process keeps it.
/// </summary>
/// <remarks>
/// The file is removed while the lock is still held. Who has opened it meanwhile gets the lock on a file that has no name any more; hence a lock counts only if
/// the file under the name is the one that was locked, which a random time of change tells. A file that a killed process left is locked like a new one.
/// The database file itself is no place for it: to close a second handle on that would drop the locks of SQLite.
/// </remarks>
internal sealed class RunLock : IDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(1);       // Who only looks holds it for a moment.

    private readonly string _path;
    private readonly FileStream _file;
    private readonly DateTime _stamp;

    private RunLock(string path, FileStream file, DateTime stamp) => (_path, _file, _stamp) = (path, file, stamp);

    /// <summary>Takes the lock; null if another process has it.</summary>
    /// <exception cref="IOException">The file cannot be made.</exception>
    public static RunLock? TryTake(string path)
    {
        RunLock? taken = null;
        SpinWait.SpinUntil(() => (taken = TryOnce(path)) is not null, _patience);
        return taken;
    }

    private static RunLock? TryOnce(string path)
    {
        // On Windows an open file cannot be removed; there the system does it.
        if (Open(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, OperatingSystem.IsWindows() ? FileOptions.DeleteOnClose : FileOptions.None) is not { } file)
        {
            return null;
        }

        // Whole even seconds: every file system keeps them.
        var stamp = DateTime.UnixEpoch.AddSeconds(2L * System.Security.Cryptography.RandomNumberGenerator.GetInt32(int.MaxValue / 2));
        File.SetLastWriteTimeUtc(file.SafeFileHandle, stamp);
        var taken = new RunLock(path, file, stamp);
        if (taken.IsUnderItsName)
        {
            return taken;
        }

        file.Dispose();
        return null;
    }

    /// <summary>Whether a process has the lock.</summary>
    public static bool IsHeld(string path)
    {
        try
        {
            using var file = Open(path, FileMode.Open, FileAccess.Read, FileShare.Read, FileOptions.None);
            return file is null;
        }
        catch (FileNotFoundException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!OperatingSystem.IsWindows() && IsUnderItsName)
        {
            File.Delete(_path);
        }

        _file.Dispose();
    }

    private bool IsUnderItsName => File.Exists(_path) && File.GetLastWriteTimeUtc(_path) == _stamp;

    private static FileStream? Open(string path, FileMode mode, FileAccess access, FileShare share, FileOptions options)
    {
        try
        {
            return new FileStream(path, mode, access, share, bufferSize: 1, options);
        }
        catch (IOException fault) when (fault.HResult == (OperatingSystem.IsWindows() ? unchecked((int)0x80070020) : OperatingSystem.IsLinux() ? 11 : 35))
        {
            return null;        // EWOULDBLOCK, or a sharing violation.
        }
    }
}
