-- Everything the host keeps beside the payments tables, in the same database, so that a session row and its charge are
-- booked in one transaction. The same tables as ../postgres, but that times are TEXT, yyyy-MM-ddTHH:mm:ss.fffZ, which sorts.

CREATE TABLE tenants (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    created_at  TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);

CREATE TABLE tenant_settings (
    tenant_id                 TEXT PRIMARY KEY,
    payments_provider         TEXT,
    data_residency_region     TEXT,
    mso_min_billable_minutes  INTEGER NOT NULL DEFAULT 0,
    mso_video_enabled         INTEGER NOT NULL DEFAULT 1,
    updated_at                TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);

CREATE TABLE consultations (
    id                    TEXT PRIMARY KEY,
    tenant_id             TEXT NOT NULL,
    patient_id            TEXT NOT NULL,
    status                TEXT NOT NULL CHECK (status IN
                              ('requested', 'awaiting_payment', 'scheduled', 'in_session', 'ended', 'cancelled')),
    amount_cents          INTEGER NOT NULL CHECK (amount_cents > 0),
    currency              TEXT NOT NULL,
    country_of_residence  TEXT NOT NULL,
    preferred_currency    TEXT,
    starts_at             TEXT NOT NULL,
    duration_minutes      INTEGER NOT NULL,
    created_at            TEXT NOT NULL,
    started_at            TEXT,
    ended_at              TEXT,
    cancelled_at          TEXT,
    cancel_reason         TEXT,
    billable_minutes      INTEGER
);

CREATE INDEX consultations_of_tenant ON consultations (tenant_id, id);

-- The session row of the runbook: it exists if and only if a charge is booked for the consultation.
CREATE TABLE consultation_sessions (
    consultation_id    TEXT PRIMARY KEY REFERENCES consultations (id),
    tenant_id          TEXT NOT NULL,
    charge_id          TEXT NOT NULL UNIQUE,
    charge_status      TEXT NOT NULL,
    created_at         TEXT NOT NULL,
    -- What is to become of the money, written with the clinical state; somebody finishes it even if this process dies.
    settlement_intent  TEXT CHECK (settlement_intent IN ('capture', 'release')),
    settlement         TEXT CHECK (settlement IN ('done', 'processing', 'failed')),
    settlement_actor   TEXT,
    settlement_reason  TEXT,
    settlement_due_at  TEXT
);

CREATE INDEX consultation_sessions_due ON consultation_sessions (settlement_due_at) WHERE settlement = 'processing';

CREATE TABLE checkout_tokens (
    token_hash       TEXT PRIMARY KEY,
    tenant_id        TEXT NOT NULL,
    consultation_id  TEXT NOT NULL,
    charge_id        TEXT NOT NULL,
    expires_at       TEXT NOT NULL
);

CREATE TABLE idempotency_keys (
    scope_hash      TEXT PRIMARY KEY,
    body_hash       TEXT NOT NULL,
    owner           TEXT NOT NULL,
    leased_until    TEXT NOT NULL,
    created_at      TEXT NOT NULL,
    status          INTEGER,
    sealed_answer   TEXT
);

CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);
