using Microsoft.Extensions.Options;

namespace Curaway.Payments.SampleHost.Consultations;

/// <summary>
/// Finishes settlements whose request died between the clinical commit and the provider's answer, and those the provider
/// could not answer. Any number of hosts may run it.
/// </summary>
internal sealed partial class SettlementSweeper(
    SettlementStore settlements, ConsultationSettlement settlement, IOptions<PaymentsOptions> options, TimeProvider time,
    ILogger<SettlementSweeper> logger) : BackgroundService
{
    private const int CountMax = 32;

    private static readonly TimeSpan KeyLifetime = TimeSpan.FromHours(24);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(options.Value.SweepInterval, time);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await SweepAsync(stoppingToken);
                await timer.WaitForNextTickAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
#pragma warning disable CA1031 // A database that is away now may be back at the next look.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                Log.Failed(logger, exception.GetType().Name);
                await timer.WaitForNextTickAsync(stoppingToken);
            }
        }
    }

    private async Task SweepAsync(CancellationToken ct)
    {
        foreach (var due in await settlements.ClaimDueAsync(CountMax, ct))
            await settlement.SettleAsync(due.ChargeId, due.Order);
        await settlements.ForgetOldAsync(KeyLifetime, ct);
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 5111, Level = LogLevel.Error, Message = "The settlement sweep failed with {ExceptionType}; it looks again")]
        public static partial void Failed(ILogger logger, string exceptionType);
    }
}
