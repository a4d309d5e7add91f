namespace Curaway.Payments.Simulators;

/// <summary>The API operations of <see cref="StripeSimulator"/>, for faults and the call log. Values combine with <c>|</c>.</summary>
[Flags]
public enum StripeCall
{
    /// <summary>No call.</summary>
    None = 0,

    /// <summary><c>POST /v1/payment_intents</c>.</summary>
    Create = 1,

    /// <summary><c>POST /v1/payment_intents/{id}/confirm</c>.</summary>
    Confirm = 2,

    /// <summary><c>POST /v1/payment_intents/{id}/capture</c>.</summary>
    Capture = 4,

    /// <summary><c>POST /v1/payment_intents/{id}/cancel</c>.</summary>
    Cancel = 8,

    /// <summary><c>POST /v1/refunds</c>.</summary>
    Refund = 16,

    /// <summary>GET of one payment intent, charge or refund.</summary>
    Read = 32,

    /// <summary>GET of a list of payment intents or refunds.</summary>
    List = 64,

    /// <summary>Customers, payment methods and setup intents.</summary>
    Vault = 128,

    /// <summary>A path this simulator does not know; answered with 404.</summary>
    Unknown = 256,

    /// <summary>Every call.</summary>
    All = Create | Confirm | Capture | Cancel | Refund | Read | List | Vault | Unknown,
}
