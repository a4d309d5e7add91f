using System.Globalization;
using Curaway.Payments.SampleHost.Http;

namespace Curaway.Payments.SampleHost.PaymentMethods;

/// <summary>As much of a kept card as the patient is shown, and the token behind it.</summary>
internal sealed record SavedMethodLabel(string Token, string Label, string? Expires)
{
    public static SavedMethodLabel Of(KeptPaymentMethod kept) => new(
        kept.Method.Token,
        $"{NameOf(kept.Brand)} •••• {kept.LastFour}",
        kept is { ExpiryYear: { } year, ExpiryMonth: { } month } ? string.Create(CultureInfo.InvariantCulture, $"{year:0000}-{month:00}") : null);

    private static string NameOf(string brand) => brand switch
    {
        "visa" => "Visa",
        "mastercard" => "Mastercard",
        "amex" => "American Express",
        "discover" => "Discover",
        "diners" => "Diners Club",
        "jcb" => "JCB",
        "unionpay" => "UnionPay",
        _ => "Card",
    };
}

/// <summary>
/// Keeps what patients pay with, and makes providers forget it. The provider is asked outside every transaction: what is to be
/// kept or forgotten is on disk before, so whoever dies in between, another host finishes it. Thread-safe.
/// </summary>
internal sealed partial class SavedMethods(
    SavedMethodStore store, PaymentMethodService vaults, ProviderAccountResolver accounts, ChargeService charges, SavedMethodSignal signal,
    TimeProvider time, ILogger<SavedMethods> logger)
{
    private const int CountMax = 32;

    private static readonly TimeSpan PendingLook = TimeSpan.FromMinutes(5);

    /// <summary>A provider that has told nothing for so long will not.</summary>
    private static readonly TimeSpan SaveLifetime = TimeSpan.FromDays(3);

    public async Task<bool> DeleteAsync(OpaqueId tenantId, string patientId, string id, CancellationToken ct)
    {
        var isDeleted = await store.DeleteAsync(tenantId, patientId, id, ct);
        if (isDeleted)
            signal.Set();
        return isDeleted;
    }

    /// <summary>
    /// The patient's customer at the provider a charge will go to, made if need be; null when that provider keeps nothing. The
    /// problem, when the provider could not be asked: nothing was charged, and a retry asks the same question.
    /// </summary>
    public async Task<(PaymentCustomer? Customer, Problem? Problem)> CustomerForAsync(
        OpaqueId tenantId, string patientId, string? provider, CancellationToken ct)
    {
        if (provider is null || accounts(tenantId, provider) is not { } account || !vaults.CanSave(provider, account))
            return (null, null);
        var customer = await store.EnsureCustomerAsync(tenantId, patientId, provider, account, ct);
        if (customer.Customer is not null)
            return (customer, null);

        var made = await vaults.CreateCustomerAsync(provider, account, customer.Id, ct);
        if (made.Fault == ProviderFault.ServerError)
            await store.RenameCustomerAsync(customer.Id, CancellationToken.None);
        if (made.Value is not null && await store.SetCustomerAsync(customer.Id, made.Value, CancellationToken.None))
            return (await store.FindCustomerAsync(customer.Id.Value, ct), null);
        return (null, new Problem(ErrorCodes.ProviderUnavailable) { Outcome = "not_sent" });
    }

    /// <summary>Whatever is due.</summary>
    public async Task SweepAsync(CancellationToken ct)
    {
        foreach (var save in await store.ClaimSavesAsync(CountMax, ct))
            await LookAsync(save, ct);
        foreach (var forget in await store.ClaimForgetsAsync(CountMax, ct))
        {
            if (await vaults.ForgetAsync(forget.Method, ct) is ProviderFault.None)
                await store.CompleteForgetAsync(forget.Id, CancellationToken.None);
        }
    }

    private async Task LookAsync(DueSave save, CancellationToken ct)
    {
        var charge = await charges.FindAsync(save.ChargeId, ct);
        if (charge is { Status: ChargeStatus.Pending })
        {
            await store.PostponeSaveAsync(save, PendingLook, ct);
            return;
        }

        var owner = await store.FindCustomerAsync(save.CustomerId, ct);
        var kept = charge is null or { Status: ChargeStatus.Failed }
            ? new VaultAnswer<KeptPaymentMethod>(null)
            : await vaults.FindKeptAsync(charge, owner.Customer!, ct);
        if (kept.Fault == ProviderFault.None)
            await store.CompleteSaveAsync(save, kept.Value is { } method ? SavedMethodLabel.Of(method) : null, CancellationToken.None);
        else if (time.GetUtcNow() - save.CreatedAt > SaveLifetime)
            await GiveUpAsync(save, kept.Fault);
    }

    private Task GiveUpAsync(DueSave save, ProviderFault fault)
    {
        Log.GaveUp(logger, save.ChargeId, fault);
        return store.CompleteSaveAsync(save, null, CancellationToken.None);
    }

    private static partial class Log
    {
        [LoggerMessage(EventId = 5201, Level = LogLevel.Warning, Message = "What charge {ChargeId} was paid with is not saved: {Fault} for days")]
        public static partial void GaveUp(ILogger logger, ChargeId chargeId, ProviderFault fault);
    }
}
