namespace Curaway.Payments.Simulators;

/// <summary>The API operations of <see cref="RazorpaySimulator"/>, for faults and the call log. Values combine with <c>|</c>.</summary>
[Flags]
public enum RazorpayCall
{
    /// <summary>No call.</summary>
    None = 0,

    /// <summary><c>POST /v1/orders</c>.</summary>
    Create = 1,

    /// <summary><c>POST /v1/payments/{id}/capture</c>.</summary>
    Capture = 4,

    /// <summary><c>POST /v1/payments/{id}/refund</c>.</summary>
    Refund = 16,

    /// <summary>GET of one order, payment or refund.</summary>
    Read = 32,

    /// <summary>GET of a list: orders, the payments of an order, the refunds of a payment.</summary>
    List = 64,

    /// <summary>A path this simulator does not know; answered with 404.</summary>
    Unknown = 256,

    /// <summary>Every call.</summary>
    All = Create | Capture | Refund | Read | List | Unknown,
}
