using System.CommandLine;
using System.Data.Common;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Curaway.Payments.Cli;

/// <summary>
/// The payments system of the host's environment variables, with nothing running: no worker sweeps, no table is made. What a
/// verb commits, the hosts over the same database deliver.
/// </summary>
internal static class CliHost
{
    private const string SqlitePathKey = "Curaway:Payments:Sqlite:Path";

    public static async Task<Answer> RunAsync(Verb verb, ParseResult parsed, CancellationToken ct)
    {
        try
        {
            var configuration = new ConfigurationBuilder().AddEnvironmentVariables().Build();
            if (!verb.NeedsNoDatabase && DatabaseErrorOf(configuration) is { } missing)
                return Answer.Error(ErrorCodes.ValidationFailed, missing);
            var services = Build(configuration);
            await using (services.ConfigureAwait(false))
                return await verb.RunAsync(parsed, services, ct).ConfigureAwait(false);
        }
        catch (OptionsValidationException failure)
        {
            return Answer.Error(ErrorCodes.ValidationFailed, string.Join(' ', failure.Failures));
        }
        catch (Exception failure) when (IsDatabase(failure))
        {
            return Answer.Error(ErrorCodes.StoreUnavailable, $"The database did not answer ({failure.GetType().Name}).");
        }
        catch (OperationCanceledException) when (ct.IsCancellationRequested)
        {
            return Answer.Error(ErrorCodes.ProviderUnavailable, "Interrupted. The same command again is safe.");
        }
#pragma warning disable CA1031 // The last line of defence: a message of an unknown exception may hold what nobody should read.
        catch (Exception failure)
#pragma warning restore CA1031
        {
            return Answer.Error(ErrorCodes.Internal, $"A bug: {failure.GetType().Name} in {failure.TargetSite?.DeclaringType?.Name}.");
        }
    }

    /// <summary>True for what drivers throw when the database cannot be reached or refuses.</summary>
    public static bool IsDatabase(Exception failure) => failure is DbException or TimeoutException || failure.InnerException is DbException;

    /// <summary>Null when a database is named; else what to set. Nothing is connected to.</summary>
    public static string? DatabaseErrorOf(IConfiguration configuration)
    {
        if (configuration["DATABASE_URL"] is { Length: > 0 })
            return null;
        if (configuration[SqlitePathKey] is not { Length: > 0 } path)
            return "Set DATABASE_URL, or Curaway__Payments__Sqlite__Path for a SQLite file.";
        return File.Exists(path) ? null : "Curaway__Payments__Sqlite__Path names no file.";
    }

    private static ServiceProvider Build(IConfiguration configuration)
    {
        var services = new ServiceCollection();
        services.AddSingleton(configuration);
        services.AddLogging();
        services.AddMetrics();
        services.AddCurawayPayments(payments =>
        {
            payments
                .AddStripe(configuration)
                .AddRazorpay(configuration)
                .AddGeographicRouting()
                .Configure(options => configuration.GetSection("Curaway:Payments").Bind(options));
            if (configuration["DATABASE_URL"] is { Length: > 0 })
                payments.UsePostgres(configuration);
            else if (configuration[SqlitePathKey] is { Length: > 0 } path)
                payments.UseSqlite(path);
        });
        return services.BuildServiceProvider();
    }
}
