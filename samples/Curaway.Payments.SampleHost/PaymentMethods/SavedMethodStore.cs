using System.Data.Common;
using Curaway.Payments.SampleHost.Data;

namespace Curaway.Payments.SampleHost.PaymentMethods;

/// <summary>One patient of one tenant, as one account of a provider knows them.</summary>
/// <param name="Id">Our id, and all that the provider was told.</param>
/// <param name="Provider">The provider's name.</param>
/// <param name="Account">The account, by our name of it.</param>
/// <param name="Customer">The provider's id; null until it has answered.</param>
internal sealed record PaymentCustomer(OpaqueId Id, string Provider, string Account, string? Customer);

/// <summary>A charge whose method is to be kept, claimed to be looked at.</summary>
internal sealed record DueSave(ChargeId ChargeId, string CustomerId, DateTimeOffset CreatedAt);

/// <summary>A method that the provider has still to forget, claimed.</summary>
internal sealed record DueForget(string Id, SavedPaymentMethod Method);

/// <summary>What patients let us keep. Every read and write of a method goes by its owner. Thread-safe.</summary>
internal sealed class SavedMethodStore(HostDatabase database, TimeProvider time)
{
    /// <summary>How long one who claimed something has it to itself. Longer than two provider deadlines.</summary>
    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);

    /// <summary>When a save is first looked at without anybody having told that it was paid.</summary>
    private static readonly TimeSpan FirstLook = TimeSpan.FromMinutes(1);

    /// <summary>The patient's own methods, newest first.</summary>
    public async Task<List<PaymentMethodView>> ListAsync(OpaqueId tenantId, string patientId, CancellationToken ct)
    {
        await using var connection = await database.OpenAsync(ct);
        return await connection.QueryAsync(
            """
            SELECT m.id, m.label, m.expires FROM payment_methods m JOIN payment_customers c ON c.id = m.customer_id
            WHERE c.tenant_id = @tenant AND c.patient_id = @patient AND m.deleted_at IS NULL ORDER BY m.id DESC
            """,
            row => new PaymentMethodView(row.Text("id"), row.Text("label"), row.TextOrNull("expires")),
            ct, ("@tenant", tenantId.Value), ("@patient", patientId));
    }

    /// <summary>What charges the method; null for an unknown id, another patient's, another tenant's, and one that was deleted.</summary>
    public async Task<SavedPaymentMethod?> FindAsync(OpaqueId tenantId, string patientId, string id, CancellationToken ct)
    {
        await using var connection = await database.OpenAsync(ct);
        var rows = await connection.QueryAsync(
            """
            SELECT m.token, c.provider_name, c.provider_account, c.customer
            FROM payment_methods m JOIN payment_customers c ON c.id = m.customer_id
            WHERE m.id = @id AND c.tenant_id = @tenant AND c.patient_id = @patient AND m.deleted_at IS NULL
            """,
            ReadMethod, ct, ("@id", id), ("@tenant", tenantId.Value), ("@patient", patientId));
        return rows.SingleOrDefault();
    }

    /// <summary>From this commit on nobody can pay with it; the provider is told afterwards. False for whatever <see cref="FindAsync"/> does not find.</summary>
    public async Task<bool> DeleteAsync(OpaqueId tenantId, string patientId, string id, CancellationToken ct)
    {
        await using var connection = await database.OpenAsync(ct);
        return await connection.ExecuteAsync(
            """
            UPDATE payment_methods SET deleted_at = @now, forget_due_at = @now
            WHERE id = @id AND deleted_at IS NULL
              AND customer_id IN (SELECT id FROM payment_customers WHERE tenant_id = @tenant AND patient_id = @patient)
            """,
            ct, ("@id", id), ("@tenant", tenantId.Value), ("@patient", patientId), ("@now", await connection.NowAsync(ct))) > 0;
    }

    /// <summary>The patient at that account; the row is there before the provider is asked, so a repeated question is the same one.</summary>
    public Task<PaymentCustomer> EnsureCustomerAsync(OpaqueId tenantId, string patientId, string provider, string account, CancellationToken ct) =>
        database.InTransactionAsync(
            async transaction =>
            {
                await transaction.ExecuteAsync(
                    """
                    INSERT INTO payment_customers (id, tenant_id, patient_id, provider_name, provider_account, created_at)
                    VALUES (@id, @tenant, @patient, @provider, @account, @now)
                    ON CONFLICT (tenant_id, patient_id, provider_name, provider_account) DO NOTHING
                    """,
                    ct, ("@id", NewId()), ("@tenant", tenantId.Value), ("@patient", patientId), ("@provider", provider),
                    ("@account", account), ("@now", await transaction.NowAsync(ct)));
                return (await transaction.QueryAsync(
                    """
                    SELECT id, provider_name, provider_account, customer FROM payment_customers
                    WHERE tenant_id = @tenant AND patient_id = @patient AND provider_name = @provider AND provider_account = @account
                    """,
                    ReadCustomer, ct, ("@tenant", tenantId.Value), ("@patient", patientId), ("@provider", provider), ("@account", account))).Single();
            },
            ct);

    /// <summary>Notes the provider's id of the customer; the first one stays. False when the row has another id by now.</summary>
    public async Task<bool> SetCustomerAsync(OpaqueId id, string customer, CancellationToken ct)
    {
        await using var connection = await database.OpenAsync(ct);
        return await connection.ExecuteAsync(
            "UPDATE payment_customers SET customer = COALESCE(customer, @customer) WHERE id = @id", ct, ("@id", id.Value), ("@customer", customer)) > 0;
    }

    /// <summary>The provider stored a failure under the id's key and would repeat it for a day: the next question is about another id.</summary>
    public async Task RenameCustomerAsync(OpaqueId id, CancellationToken ct)
    {
        await using var connection = await database.OpenAsync(ct);
        await connection.ExecuteAsync(
            "UPDATE payment_customers SET id = @new WHERE id = @id AND customer IS NULL", ct, ("@id", id.Value), ("@new", NewId()));
    }

    /// <summary>What the patient pays this charge with is to be kept. In the transaction that books it.</summary>
    public static async Task ExpectAsync(DbTransaction transaction, ChargeId chargeId, PaymentCustomer customer, CancellationToken ct)
    {
        var now = await transaction.NowAsync(ct);
        await transaction.ExecuteAsync(
            "INSERT INTO payment_method_saves (charge_id, customer_id, due_at, created_at) VALUES (@charge, @customer, @due, @now)",
            ct, ("@charge", chargeId.ToString()), ("@customer", customer.Id.Value), ("@due", now + FirstLook), ("@now", now));
    }

    /// <summary>The charge was paid: what it was paid with can be read.</summary>
    public async Task<bool> HastenAsync(ChargeId chargeId, CancellationToken ct)
    {
        await using var connection = await database.OpenAsync(ct);
        return await connection.ExecuteAsync(
            "UPDATE payment_method_saves SET due_at = @now WHERE charge_id = @charge",
            ct, ("@charge", chargeId.ToString()), ("@now", await connection.NowAsync(ct))) > 0;
    }

    /// <summary>Takes saves that are due, and keeps other hosts away from them for the lease.</summary>
    public Task<List<DueSave>> ClaimSavesAsync(int countMax, CancellationToken ct) => database.InTransactionAsync(
        async transaction => await transaction.QueryAsync(
            """
            UPDATE payment_method_saves SET due_at = @until
            WHERE due_at <= payments_now() AND charge_id IN
                (SELECT charge_id FROM payment_method_saves WHERE due_at <= payments_now() ORDER BY due_at LIMIT @limit)
            RETURNING charge_id, customer_id, created_at
            """,
            row => new DueSave(
                ChargeId.TryParse(row.Text("charge_id"), out var id) ? id : throw new InvalidOperationException("Not a charge id."),
                row.Text("customer_id"), row.Time("created_at")),
            ct, ("@until", await transaction.NowAsync(ct) + Lease), ("@limit", countMax)),
        ct);

    /// <summary>Takes methods that the provider has still to forget.</summary>
    public Task<List<DueForget>> ClaimForgetsAsync(int countMax, CancellationToken ct) => database.InTransactionAsync(
        async transaction =>
        {
            var claimed = await transaction.QueryAsync(
                """
                UPDATE payment_methods SET forget_due_at = @until
                WHERE forget_due_at <= payments_now() AND id IN
                    (SELECT id FROM payment_methods WHERE forget_due_at <= payments_now() ORDER BY forget_due_at LIMIT @limit)
                RETURNING id, customer_id, token
                """,
                row => (Id: row.Text("id"), CustomerId: row.Text("customer_id"), Token: row.Text("token")),
                ct, ("@until", await transaction.NowAsync(ct) + Lease), ("@limit", countMax));
            var due = new List<DueForget>();
            foreach (var (id, customerId, token) in claimed)
            {
                var owner = await FindCustomerAsync(transaction, customerId, ct);
                due.Add(new DueForget(id, new SavedPaymentMethod(owner.Provider, token, owner.Customer, owner.Account)));
            }

            return due;
        },
        ct);

    public async Task<PaymentCustomer> FindCustomerAsync(string id, CancellationToken ct)
    {
        await using var connection = await database.OpenAsync(ct);
        return (await connection.QueryAsync(
            "SELECT id, provider_name, provider_account, customer FROM payment_customers WHERE id = @id", ReadCustomer, ct, ("@id", id))).Single();
    }

    /// <summary>Ends a save: with the method that was kept, or without one. A newer method replaces what looks just like it.</summary>
    public Task CompleteSaveAsync(DueSave save, SavedMethodLabel? kept, CancellationToken ct) => database.InTransactionAsync(
        async transaction =>
        {
            var now = await transaction.NowAsync(ct);
            if (kept is not null)
            {
                await transaction.ExecuteAsync(
                    """
                    UPDATE payment_methods SET deleted_at = @now, forget_due_at = @now
                    WHERE customer_id = @customer AND label = @label AND token <> @token AND deleted_at IS NULL
                      AND (expires = @expires OR (expires IS NULL AND CAST(@expires AS TEXT) IS NULL))
                    """,
                    ct, ("@customer", save.CustomerId), ("@label", kept.Label), ("@expires", kept.Expires), ("@token", kept.Token), ("@now", now));
                await transaction.ExecuteAsync(
                    """
                    INSERT INTO payment_methods (id, customer_id, token, label, expires, created_at)
                    VALUES (@id, @customer, @token, @label, @expires, @now) ON CONFLICT (customer_id, token) DO NOTHING
                    """,
                    ct, ("@id", NewId()), ("@customer", save.CustomerId), ("@token", kept.Token), ("@label", kept.Label),
                    ("@expires", kept.Expires), ("@now", now));
            }

            return await transaction.ExecuteAsync(
                "DELETE FROM payment_method_saves WHERE charge_id = @charge", ct, ("@charge", save.ChargeId.ToString()));
        },
        ct);

    /// <summary>The patient has not paid yet; looked at again by then, or as soon as somebody tells.</summary>
    public async Task PostponeSaveAsync(DueSave save, TimeSpan by, CancellationToken ct)
    {
        await using var connection = await database.OpenAsync(ct);
        await connection.ExecuteAsync(
            "UPDATE payment_method_saves SET due_at = @due WHERE charge_id = @charge AND due_at > @now",
            ct, ("@charge", save.ChargeId.ToString()), ("@now", await connection.NowAsync(ct)), ("@due", await connection.NowAsync(ct) + by));
    }

    /// <summary>The provider has forgotten it.</summary>
    public async Task CompleteForgetAsync(string id, CancellationToken ct)
    {
        await using var connection = await database.OpenAsync(ct);
        await connection.ExecuteAsync("UPDATE payment_methods SET forget_due_at = NULL WHERE id = @id", ct, ("@id", id));
    }

    private static async Task<PaymentCustomer> FindCustomerAsync(DbTransaction transaction, string id, CancellationToken ct) => (await transaction.QueryAsync(
        "SELECT id, provider_name, provider_account, customer FROM payment_customers WHERE id = @id", ReadCustomer, ct, ("@id", id))).Single();

    private static PaymentCustomer ReadCustomer(DbDataReader row) =>
        new(OpaqueId.Parse(row.Text("id")), row.Text("provider_name"), row.Text("provider_account"), row.TextOrNull("customer"));

    private static SavedPaymentMethod ReadMethod(DbDataReader row) =>
        new(row.Text("provider_name"), row.Text("token"), row.TextOrNull("customer"), row.Text("provider_account"));

    private string NewId() => Guid.CreateVersion7(time.GetUtcNow()).ToString("D");
}
