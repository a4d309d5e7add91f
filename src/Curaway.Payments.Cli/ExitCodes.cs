namespace Curaway.Payments.Cli;

/// <summary>What the process ends with: a contract, like the error codes.</summary>
internal static class ExitCodes
{
    /// <summary>Done, and nothing needs a human.</summary>
    public const int Ok = 0;

    /// <summary>The answer is no: refused, declined, not found, a check failed, or a finding needs a human.</summary>
    public const int Refused = 1;

    /// <summary>The command or the configuration cannot be used; nothing was done.</summary>
    public const int BadInput = 2;

    /// <summary>The database or the provider was not reached, or did not say what happened. The same command again is safe.</summary>
    public const int Unavailable = 3;

    /// <summary>A bug.</summary>
    public const int Internal = 4;

    /// <summary>The exit code of an error of the catalogue.</summary>
    public static int Of(string code) => code switch
    {
        ErrorCodes.ProviderUnavailable or ErrorCodes.StoreUnavailable => Unavailable,
        ErrorCodes.ValidationFailed or ErrorCodes.ProviderNotConfigured or ErrorCodes.IdempotencyMismatch => BadInput,
        ErrorCodes.Internal => Internal,
        _ => Refused,
    };
}
