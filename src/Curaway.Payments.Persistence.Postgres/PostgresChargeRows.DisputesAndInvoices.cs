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

    public static ChargeInvoice ReadInvoice(PostgresRow row) => new()
    {
        Reference = row.Text("reference"),
        State = row.Name<InvoiceState>("state"),
        Amount = row.Amount("amount_cents"),
        Number = row.TextOrNull("number"),
        HostedUrl = row.TextOrNull("hosted_url"),
    };
}
