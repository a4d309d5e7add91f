using System.Collections.Immutable;

namespace Curaway.Payments.SampleHost.PaymentMethods;

/// <summary>A payment method as the patient sees it.</summary>
/// <param name="Id">Our opaque id.</param>
/// <param name="Label">What to show.</param>
/// <param name="Expires">Month it ends, <c>yyyy-MM</c>; null when it does not.</param>
internal sealed record PaymentMethodView(string Id, string Label, string? Expires);

/// <summary>
/// The methods that exist for everybody while the providers are simulated. Where routing chooses a provider that does not
/// keep the method, the patient pays at checkout.
/// </summary>
internal sealed class TestPaymentMethods(bool areSimulated)
{
    private static readonly ImmutableArray<(PaymentMethodView View, ImmutableArray<SavedPaymentMethod> Methods)> Known =
    [
        (new PaymentMethodView("test_ok", "Test card that pays", null), [new SavedPaymentMethod("stripe", "pm_card_visa")]),
        (new PaymentMethodView("test_declined", "Test card that is declined", null), [new SavedPaymentMethod("stripe", "pm_card_chargeDeclined")]),
        (new PaymentMethodView("test_timeout", "Test card whose bank does not answer", null), [new SavedPaymentMethod("stripe", "pm_sim_timeout")]),
        (new PaymentMethodView("test_requires_action", "Test card that needs you at checkout", null), []),
    ];

    public IEnumerable<PaymentMethodView> All => areSimulated ? Known.Select(known => known.View) : [];

    /// <summary>What the engine is given for an id; null for an unknown id.</summary>
    public ImmutableArray<SavedPaymentMethod>? Find(string id) =>
        areSimulated && Known.FirstOrDefault(known => known.View.Id == id) is { View: not null } found ? found.Methods : null;
}
