using System.Data.Common;
using System.Net.Sockets;
using Npgsql;

namespace Curaway.Payments.Postgres;

/// <summary>Which failures a whole unit of work may be run again for.</summary>
internal static class PostgresFailures
{
    /// <summary>True when somebody else wrote between our read and our write: a second read finds it, at once.</summary>
    public static bool IsLostRace(Exception failure) => failure is PostgresRaceException or PostgresException
    {
        SqlState: PostgresErrorCodes.UniqueViolation,
        ConstraintName: "consultation_charges_live" or "consultation_charges_pkey",
    };

    /// <summary>True when a newer host added a column, and this connection still holds the plans from before.</summary>
    public static bool IsStalePlan(Exception failure) => failure is PostgresException { SqlState: PostgresErrorCodes.FeatureNotSupported };

    /// <summary>True when a deadlock, a lost race or a lost connection ended the unit: nothing about the work itself is wrong.</summary>
    public static bool MayRunAgain(Exception failure) => failure switch
    {
        PostgresException answer => IsLostRace(answer) || IsStalePlan(answer) || answer.SqlState is
            PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected || IsShutdown(answer.SqlState),
        NpgsqlException => IsConnectionLost(failure.InnerException),
        _ => failure is PostgresRaceException,
    };

    /// <summary>True when the server cannot be reached or is stopping: no other statement would fare better.</summary>
    public static bool IsServerGone(Exception failure) => failure switch
    {
        PostgresException answer => IsShutdown(answer.SqlState),
        NpgsqlException => true,
        _ => false,
    };

    // 57P01 to 57P03: stopping, crashed, starting. Class 08: connection exceptions.
    private static bool IsShutdown(string state) => state is
        PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown or PostgresErrorCodes.CannotConnectNow
        || state.StartsWith("08", StringComparison.Ordinal);

    // A timeout, of a command or of an exhausted pool, waited long enough already.
    private static bool IsConnectionLost(Exception? inner) => inner switch
    {
        null or TimeoutException => false,
        IOException or SocketException => true,
        _ => IsConnectionLost(inner.InnerException),
    };
}

/// <summary>What was found and what was locked are no longer the same charge.</summary>
internal sealed class PostgresRaceException(string message) : DbException(message);
