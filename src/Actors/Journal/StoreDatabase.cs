using System.Data.Common;
using System.Globalization;

namespace ActorMultiscale.Actors.Journal;

/// <summary>The database in which records are kept: what differs between SQLite and PostgreSQL. Statements are otherwise the same.</summary>
public abstract class StoreDatabase
{
    /// <summary>The database as messages name it: without user and password.</summary>
    public abstract string Name { get; }

    /// <summary>The connection string, for the journal plugin. It may hold a password: never shown, never stored.</summary>
    public abstract string ConnectionString { get; }

    /// <summary>The profile of the journal plugin under <c>hocon/akka</c>.</summary>
    internal abstract string Profile { get; }

    /// <summary>Whether it holds many runs, so that tables name the run that a row belongs to.</summary>
    internal abstract bool IsShared { get; }

    /// <summary>The type of columns of bytes.</summary>
    internal abstract string Bytes { get; }

    /// <summary>The type of a whole number that counts up by itself.</summary>
    internal abstract string Serial { get; }

    /// <summary>An open connection.</summary>
    /// <param name="isPatient">Whether what is written over it may reach the disk a little later: for what is no part of the record.</param>
    internal abstract DbConnection Connect(bool isPatient = false);

    /// <summary>Makes what a run of the name <paramref name="run"/> needs, whole or not at all, and leaves it open.</summary>
    /// <param name="run">The name.</param>
    /// <param name="tables">The statements that make tables which may be there already.</param>
    /// <param name="fill">Fills the tables, inside a transaction; says false if there is such a run.</param>
    /// <returns>Null if there is such a run already.</returns>
    internal abstract DbConnection? Make(string run, string tables, Func<DbConnection, DbTransaction, bool> fill);

    /// <summary>Begins a transaction that sees the database as it is now, whatever is written meanwhile, and keeps nobody from writing.</summary>
    internal abstract DbTransaction BeginReading(DbConnection connection);

    /// <summary>The statements that make tables which only this kind of database has.</summary>
    internal virtual string OwnTables => "";

    /// <summary>
    /// Before chunks are written, or found to be there already: nobody sweeps until the transaction ends. What it wrote and no event names yet is to be listed in
    /// the table <c>pending</c>. Nothing where one process owns everything that is in the database.
    /// </summary>
    internal virtual void ShareChunks(DbConnection connection, DbTransaction transaction) { }

    /// <summary>Begins a transaction in which chunks are removed: nobody writes one until it ends.</summary>
    /// <exception cref="RunStoreException">Somebody writes all the time.</exception>
    internal abstract DbTransaction BeginSweeping(DbConnection connection);

    /// <summary>Gives what was freed back to the system, where that is to be asked for; the length of the files before and after, or null.</summary>
    internal virtual (long Before, long After)? Shrink(DbConnection connection) => null;

    /// <summary>The statements that make the journal's table as the plugin would make it, where there is none.</summary>
    internal abstract string Journal { get; }

    /// <summary>Whether there is a table.</summary>
    internal abstract bool HasTable(DbConnection connection, string table, DbTransaction? transaction = null);

    /// <summary>Whether a table that is there has a column.</summary>
    internal abstract bool HasColumn(DbConnection connection, string table, string column);

    /// <summary>How <c>ALTER TABLE</c> adds a column that was not there a moment before; somebody else may have added it since.</summary>
    internal abstract string AddColumn { get; }

    /// <summary>The statements that make the database itself write down the head of every journal; in a record of before they make what else it has not yet.</summary>
    internal abstract string KeepHead { get; }

    /// <summary>Takes the run for this process, so that no other can.</summary>
    /// <param name="connection">Where it is taken.</param>
    /// <param name="run">The run.</param>
    /// <param name="takesOver">Whether it is taken from a process of which only the user knows that it is gone.</param>
    /// <returns>Null if this process has it now; else who has it, as the rest of a sentence that begins with the run.</returns>
    internal abstract string? Own(DbConnection connection, string run, bool takesOver);

    /// <summary>Whether the process that took the run may live.</summary>
    internal abstract bool IsOwned(DbConnection connection, string run, string owner);

    /// <summary>Gives free what <see cref="Own"/> or <see cref="Make"/> has taken, unless the end of the connection does.</summary>
    internal virtual void Release() { }

    /// <summary>Whether a fault is of the kind that passes: the database is away, or starts.</summary>
    public abstract bool Passes(Exception fault);

    /// <summary>Whether it is still where it was: a file may be removed while it is open.</summary>
    internal virtual bool IsThere => true;

    /// <summary>What a user should know of a fault, as a sentence with a space before it; empty for nothing.</summary>
    internal virtual string Hint(Exception fault) => "";

    /// <summary>What the database itself finds wrong with its files, where it can be asked; null for nothing.</summary>
    internal virtual string? Damage(DbConnection connection) => null;

    /// <summary>Removes a run, which this process owns.</summary>
    internal abstract void Remove(RunStore store);

    internal static int Execute(DbConnection connection, DbTransaction? transaction, string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        using var command = Command(connection, transaction, sql, parameters);
        return command.ExecuteNonQuery();
    }

    internal static object? Scalar(DbConnection connection, DbTransaction? transaction, string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        using var command = Command(connection, transaction, sql, parameters);
        return command.ExecuteScalar();
    }

    internal static DbCommand Command(DbConnection connection, DbTransaction? transaction, string sql, params ReadOnlySpan<(string Name, object Value)> parameters)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        command.Transaction = transaction;
        foreach (var (name, value) in parameters)
        {
            var parameter = command.CreateParameter();
            parameter.ParameterName = name;
            parameter.Value = value;
            command.Parameters.Add(parameter);
        }

        return command;
    }

    internal static string Text(DateTimeOffset time) => time.ToString("O", CultureInfo.InvariantCulture);
}
