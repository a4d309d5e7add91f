namespace Curaway.Payments.SampleHost.Consultations;

/// <summary>
/// Lets consultations follow their charges, whoever moved them: an API answer, a webhook or the reconciler. May be told
/// twice, and late: every write names the charge, and the state it comes from or is read for it.
/// </summary>
internal sealed class ConsultationObserver(ConsultationStore consultations, SettlementStore settlements) : IChargeObserver
{
    public async Task OnTransitionAsync(ChargeTransition transition, CancellationToken ct)
    {
        await consultations.ObserveAsync(transition.ChargeId, transition.To, ct);
        if (transition.To is ChargeStatus.Voided or ChargeStatus.Failed)
            await consultations.FreeAsync(transition.ChargeId, ct);
        if (ConsultationSettlement.FulfilledBy(transition.To) is { } intent)
            await settlements.CompleteAsync(transition.ChargeId, intent, ct);
    }
}
