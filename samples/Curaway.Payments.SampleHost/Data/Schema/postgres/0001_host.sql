-- Everything the host keeps beside the payments tables, in the same database, so that a session row and its charge are
-- booked in one transaction. The same tables as ../sqlite. Ids are text, because what a caller gives as an id may be no uuid.

CREATE TABLE tenants (
    id          text PRIMARY KEY,
    name        text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE tenant_settings (
    tenant_id                 text PRIMARY KEY,
    payments_provider         text,
    data_residency_region     text,
    mso_min_billable_minutes  integer NOT NULL DEFAULT 0,
    mso_video_enabled         boolean NOT NULL DEFAULT true,
    updated_at                timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE consultations (
    id                    text PRIMARY KEY,
    tenant_id             text NOT NULL,
    patient_id            text NOT NULL,
    status                text NOT NULL CHECK (status IN
                              ('requested', 'awaiting_payment', 'scheduled', 'in_session', 'ended', 'cancelled')),
    amount_cents          bigint NOT NULL CHECK (amount_cents > 0),
    currency              text NOT NULL,
    country_of_residence  text NOT NULL,
    preferred_currency    text,
    starts_at             timestamptz NOT NULL,
    duration_minutes      integer NOT NULL,
    created_at            timestamptz NOT NULL,
    started_at            timestamptz,
    ended_at              timestamptz,
    cancelled_at          timestamptz,
    cancel_reason         text,
    billable_minutes      integer
);

CREATE INDEX consultations_of_tenant ON consultations (tenant_id, id);

-- The session row of the runbook: it exists if and only if a charge is booked for the consultation.
CREATE TABLE consultation_sessions (
    consultation_id    text PRIMARY KEY REFERENCES consultations (id),
    tenant_id          text NOT NULL,
    charge_id          text NOT NULL UNIQUE,
    charge_status      text NOT NULL,
    created_at         timestamptz NOT NULL,
    -- What is to become of the money, written with the clinical state; somebody finishes it even if this process dies.
    settlement_intent  text CHECK (settlement_intent IN ('capture', 'release')),
    settlement         text CHECK (settlement IN ('done', 'processing', 'failed')),
    settlement_actor   text,
    settlement_reason  text,
    settlement_due_at  timestamptz
);

CREATE INDEX consultation_sessions_due ON consultation_sessions (settlement_due_at) WHERE settlement = 'processing';

CREATE TABLE checkout_tokens (
    token_hash       text PRIMARY KEY,
    tenant_id        text NOT NULL,
    consultation_id  text NOT NULL,
    charge_id        text NOT NULL,
    expires_at       timestamptz NOT NULL
);

CREATE TABLE idempotency_keys (
    scope_hash      text PRIMARY KEY,
    body_hash       text NOT NULL,
    owner           text NOT NULL,
    leased_until    timestamptz NOT NULL,
    created_at      timestamptz NOT NULL,
    status          integer,
    sealed_answer   text
);

CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);
