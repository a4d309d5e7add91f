namespace Curaway.Payments.Postgres;

// The rows of a charge's disputes and invoices.
internal static partial class PostgresChargeRows
{
    public static ChargeDispute ReadDispute(PostgresRow row) => new()
    {
        Reference = row.Text("reference"),
        State = row.Name<DisputeState>("state"),
        Amount = row.Amount("amount_cents"),
        PaymentReference = row.TextOrNull("payment_reference"),
        Reason = row.TextOrNull("reason"),
    };

    public static void Write(PostgresSession session, ChargeId chargeId, ChargeDispute dispute) => session.ExecuteOne(
        $"dispute {dispute.Reference} of charge {chargeId}",
        """
        INSERT INTO charge_disputes (charge_id, reference, state, amount_cents, currency, payment_reference, reason)
        VALUES (@charge_id, @reference, @state, @amount_cents, @currency, @payment_reference, @reason)
        ON CONFLICT (charge_id, reference) DO UPDATE SET
            state = excluded.state, amount_cents = excluded.amount_cents, currency = excluded.currency,
            payment_reference = excluded.payment_reference, reason = excluded.reason
        """,
        ("charge_id", chargeId), ("reference", dispute.Reference), ("state", WireName.Of(dispute.State)),
        ("amount_cents", dispute.Amount.MinorUnits), ("currency", dispute.Amount.Currency.Code),
        ("payment_reference", dispute.PaymentReference), ("reason", dispute.Reason));

    public static ChargeInvoice ReadInvoice(PostgresRow row) => new()
    {
        Reference = row.Text("reference"),
        State = row.Name<InvoiceState>("state"),
        Amount = row.Amount("amount_cents"),
        Number = row.TextOrNull("number"),
        HostedUrl = row.TextOrNull("hosted_url"),
    };

    public static void Write(PostgresSession session, ChargeId chargeId, ChargeInvoice invoice) => session.ExecuteOne(
        $"invoice {invoice.Reference} of charge {chargeId}",
        """
        INSERT INTO charge_invoices (charge_id, reference, state, amount_cents, currency, number, hosted_url)
        VALUES (@charge_id, @reference, @state, @amount_cents, @currency, @number, @hosted_url)
        ON CONFLICT (charge_id, reference) DO UPDATE SET
            state = excluded.state, amount_cents = excluded.amount_cents, currency = excluded.currency,
            number = excluded.number, hosted_url = excluded.hosted_url
        """,
        ("charge_id", chargeId), ("reference", invoice.Reference), ("state", WireName.Of(invoice.State)),
        ("amount_cents", invoice.Amount.MinorUnits), ("currency", invoice.Amount.Currency.Code),
        ("number", invoice.Number), ("hosted_url", invoice.HostedUrl));
}
