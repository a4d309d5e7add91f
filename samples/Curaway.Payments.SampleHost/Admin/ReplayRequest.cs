using System.Globalization;
using Curaway.Payments.SampleHost.Http;

namespace Curaway.Payments.SampleHost.Admin;

/// <summary>Which events to work off again; what is left out narrows nothing. Times come in as text, so that a wrong one is a field error.</summary>
internal sealed record ReplayRequest
{
    /// <summary>Our ids of the events.</summary>
    public IReadOnlyList<string>? Ids { get; init; }

    public string? Provider { get; init; }

    /// <summary><c>parked</c> or <c>failed</c>.</summary>
    public string? State { get; init; }

    /// <summary>The provider's event type.</summary>
    public string? Type { get; init; }

    public string? ChargeId { get; init; }

    /// <summary>ISO 8601, with an offset.</summary>
    public string? ReceivedFrom { get; init; }

    /// <summary>ISO 8601, with an offset.</summary>
    public string? ReceivedBefore { get; init; }

    /// <summary>At most this many, oldest first; 1000 when left out.</summary>
    public int? Limit { get; init; }

    /// <summary>The filter for a clinic; null when a field is wrong, which is then among the errors.</summary>
    public WebhookFilter? Read(OpaqueId tenantId, FieldErrors errors)
    {
        var ids = new List<Guid>();
        foreach (var text in Ids ?? [])
        {
            errors.Require(Guid.TryParseExact(text, "D", out var id), "ids");
            ids.Add(id);
        }

        var state = default(WebhookState);
        var chargeId = default(ChargeId);
        errors.Require(ids.Count <= WebhookFilter.CountLimit, "ids");
        errors.Require(Provider is null || OpaqueId.TryParse(Provider, out _), "provider");
        errors.Require(State is null || (WireName.TryParse(State, out state) && state is WebhookState.Parked or WebhookState.Failed), "state");
        errors.Require(Type is null || Type.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.'), "type");
        errors.Require(ChargeId is null || Payments.ChargeId.TryParse(ChargeId, out chargeId), "charge_id");
        errors.Require(Limit is null or (>= 1 and <= WebhookFilter.CountLimit), "limit");
        var (from, before) = (TimeOf(ReceivedFrom, "received_from", errors), TimeOf(ReceivedBefore, "received_before", errors));
        return errors.Any ? null : new WebhookFilter
        {
            Ids = Ids is null ? null : ids,
            Provider = Provider,
            State = State is null ? null : state,
            EventType = Type,
            ChargeId = ChargeId is null ? null : chargeId,
            TenantId = tenantId,
            ReceivedFrom = from,
            ReceivedBefore = before,
            CountMax = Limit ?? 1000,
        };
    }

    private static DateTimeOffset? TimeOf(string? text, string name, FieldErrors errors)
    {
        if (text is null)
            return null;
        var isTime = DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time);
        errors.Require(isTime, name);
        return time.ToUniversalTime();
    }
}

/// <summary>What a replay did.</summary>
/// <param name="Replayed">How many events are due now; as many as the limit when there may be more.</param>
internal sealed record ReplayAnswer(int Replayed);
