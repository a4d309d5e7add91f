-- What patients let us keep at a provider. Whose it is follows from the customer alone, one for each patient of a tenant at one
-- account of a provider, so nothing that is kept can come to belong to somebody else. The same tables as ../postgres.

CREATE TABLE payment_customers (
    -- All of the patient that the provider is told.
    id                TEXT PRIMARY KEY,
    tenant_id         TEXT NOT NULL,
    patient_id        TEXT NOT NULL,
    provider_name     TEXT NOT NULL,
    provider_account  TEXT NOT NULL,
    -- The provider's id of them; null until it has answered.
    customer          TEXT,
    created_at        TEXT NOT NULL,
    UNIQUE (tenant_id, patient_id, provider_name, provider_account)
);

CREATE TABLE payment_methods (
    id             TEXT PRIMARY KEY,
    customer_id    TEXT NOT NULL REFERENCES payment_customers (id),
    token          TEXT NOT NULL,
    -- The card's brand and last four digits; the month it ends, yyyy-MM.
    label          TEXT NOT NULL,
    expires        TEXT,
    created_at     TEXT NOT NULL,
    -- Since when nobody can pay with it; until the provider has forgotten it too, it is due.
    deleted_at     TEXT,
    forget_due_at  TEXT,
    UNIQUE (customer_id, token)
);

CREATE INDEX payment_methods_to_forget ON payment_methods (forget_due_at) WHERE forget_due_at IS NOT NULL;

-- Charges whose patient allowed us to keep what they pay with at checkout, until the provider has told what that is.
CREATE TABLE payment_method_saves (
    charge_id    TEXT PRIMARY KEY,
    customer_id  TEXT NOT NULL REFERENCES payment_customers (id),
    due_at       TEXT NOT NULL,
    created_at   TEXT NOT NULL
);

CREATE INDEX payment_method_saves_due ON payment_method_saves (due_at);
