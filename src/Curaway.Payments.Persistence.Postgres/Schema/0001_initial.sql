-- Amounts are minor units of the row's currency, also where a name says cents.
-- What providers or callers wrote is json, not jsonb: jsonb refuses validly signed \u0000.

-- The one clock that all hosts share. Stable within a statement, so an index can serve it; later statements of a
-- transaction see later times, so what is decided under a lock bears a time after the lock. Tests and drills move it:
-- ALTER DATABASE payments SET curaway.clock_offset = '10 minutes'.
CREATE FUNCTION payments_now() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT statement_timestamp() + coalesce(nullif(current_setting('curaway.clock_offset', true), ''), '0')::interval
$$;

CREATE TABLE consultation_charges (
    id                         uuid NOT NULL PRIMARY KEY,
    tenant_id                  text NOT NULL CHECK (tenant_id ~ '^[A-Za-z0-9_-]{1,64}$'),
    consultation_id            text NOT NULL CHECK (consultation_id ~ '^[A-Za-z0-9_-]{1,64}$'),
    provider_name              text NOT NULL,
    provider_account           text NOT NULL,
    livemode                   boolean,
    -- Written for queries; the facts below it are the truth. No check ties it to amounts: an operator may edit it.
    charge_status              text NOT NULL CHECK (charge_status IN
        ('pending', 'authorized', 'captured', 'partially_refunded', 'refunded', 'voided', 'failed')),
    amount_cents               bigint NOT NULL CHECK (amount_cents > 0),
    currency                   text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    authorized_cents           bigint NOT NULL CHECK (authorized_cents >= 0),
    captured_cents             bigint NOT NULL CHECK (captured_cents >= 0),
    refunded_cents             bigint NOT NULL CHECK (refunded_cents >= 0),
    provider_reference         text,
    provider_payment_reference text,
    stripe_payment_intent_id   text GENERATED ALWAYS AS (CASE WHEN provider_name = 'stripe' THEN provider_reference END) STORED,
    razorpay_order_id          text GENERATED ALWAYS AS (CASE WHEN provider_name = 'razorpay' THEN provider_reference END) STORED,
    razorpay_payment_id        text GENERATED ALWAYS AS (CASE WHEN provider_name = 'razorpay' THEN provider_payment_reference END) STORED,
    is_reference_closed        boolean NOT NULL,
    is_void_accepted           boolean NOT NULL,
    is_authorization_failed    boolean NOT NULL,
    refund_reason              text,
    last_error                 json,
    routing_rule               text NOT NULL,
    routing_trace              json NOT NULL,
    booked_at                  timestamptz,
    book_by                    timestamptz NOT NULL,
    checkout_expires_at        timestamptz,
    closing_at                 timestamptz,
    closing_reason             text,
    refresh_due_at             timestamptz,
    capture_before             timestamptz,
    release_due_at             timestamptz,
    created_at                 timestamptz NOT NULL,
    authorized_at              timestamptz,
    captured_at                timestamptz,
    voided_at                  timestamptz,
    refunded_at                timestamptz,
    failed_at                  timestamptz,
    due_at                     timestamptz,
    lease_until                timestamptz,
    version                    bigint NOT NULL CHECK (version > 0),
    CONSTRAINT consultation_charges_closing CHECK ((closing_at IS NULL) = (closing_reason IS NULL))
) WITH (fillfactor = 85);

-- One live charge per consultation. A closing one is on its way out, and one that had ended can be live again (a refund
-- that bounces, a late payment): neither may stand in its successor's way, because money that exists has to be recorded.
CREATE UNIQUE INDEX consultation_charges_live ON consultation_charges (tenant_id, consultation_id)
    WHERE charge_status NOT IN ('failed', 'voided', 'refunded')
        AND closing_at IS NULL AND failed_at IS NULL AND voided_at IS NULL AND refunded_at IS NULL;
CREATE INDEX consultation_charges_consultation ON consultation_charges (tenant_id, consultation_id, created_at);
CREATE INDEX consultation_charges_reference ON consultation_charges (provider_reference) WHERE provider_reference IS NOT NULL;
CREATE INDEX consultation_charges_due ON consultation_charges (due_at, id) WHERE due_at IS NOT NULL;
-- The ids an operator finds in a provider's dashboard.
CREATE INDEX consultation_charges_stripe_payment_intent ON consultation_charges (stripe_payment_intent_id)
    WHERE stripe_payment_intent_id IS NOT NULL;
CREATE INDEX consultation_charges_razorpay_order ON consultation_charges (razorpay_order_id) WHERE razorpay_order_id IS NOT NULL;
CREATE INDEX consultation_charges_razorpay_payment ON consultation_charges (razorpay_payment_id) WHERE razorpay_payment_id IS NOT NULL;

-- A status edited by hand is looked at: ours always comes with a new version.
CREATE FUNCTION consultation_charges_edited() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.refresh_due_at := payments_now();
    NEW.due_at := payments_now();
    RETURN NEW;
END
$$;

CREATE TRIGGER consultation_charges_edited BEFORE UPDATE OF charge_status ON consultation_charges
    FOR EACH ROW WHEN (NEW.charge_status <> OLD.charge_status AND NEW.version = OLD.version)
    EXECUTE FUNCTION consultation_charges_edited();

CREATE TABLE charge_payments (
    charge_id      uuid NOT NULL REFERENCES consultation_charges (id),
    reference      text NOT NULL,
    state          text NOT NULL CHECK (state IN ('created', 'failed', 'authorized', 'voided', 'captured')),
    amount_cents   bigint NOT NULL CHECK (amount_cents >= 0),
    captured_cents bigint NOT NULL CHECK (captured_cents >= 0),
    currency       text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    created_at     timestamptz,
    capture_before timestamptz,
    release_due_at timestamptz,
    error_code     text,
    PRIMARY KEY (charge_id, reference)
);

CREATE INDEX charge_payments_reference ON charge_payments (reference);

-- No key to charge_operations: a provider may name an operation of another environment, and its refund is true all the same.
CREATE TABLE charge_refunds (
    charge_id         uuid NOT NULL REFERENCES consultation_charges (id),
    reference         text NOT NULL,
    state             text NOT NULL CHECK (state IN ('pending', 'succeeded', 'failed')),
    amount_cents      bigint NOT NULL CHECK (amount_cents >= 0),
    currency          text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    payment_reference text,
    operation_id      uuid,
    created_at        timestamptz,
    error_code        text,
    PRIMARY KEY (charge_id, reference)
);

CREATE TABLE charge_disputes (
    charge_id         uuid NOT NULL REFERENCES consultation_charges (id),
    reference         text NOT NULL,
    state             text NOT NULL CHECK (state IN ('open', 'closed', 'won', 'lost')),
    amount_cents      bigint NOT NULL CHECK (amount_cents >= 0),
    currency          text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    payment_reference text,
    reason            text,
    PRIMARY KEY (charge_id, reference)
);

-- Read, never made by us. hosted_url opens the invoice for whoever has it, with the name on it.
CREATE TABLE charge_invoices (
    charge_id    uuid NOT NULL REFERENCES consultation_charges (id),
    reference    text NOT NULL,
    state        text NOT NULL CHECK (state IN ('open', 'expired', 'paid')),
    amount_cents bigint NOT NULL CHECK (amount_cents >= 0),
    currency     text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    number       text,
    hosted_url   text,
    PRIMARY KEY (charge_id, reference)
);

-- The id is the idempotency key of every send.
CREATE TABLE charge_operations (
    id                  uuid NOT NULL PRIMARY KEY,
    charge_id           uuid NOT NULL REFERENCES consultation_charges (id),
    kind                text NOT NULL CHECK (kind IN ('authorize', 'capture', 'void', 'refund')),
    amount_cents        bigint NOT NULL CHECK (amount_cents >= 0),
    currency            text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    fingerprint         text NOT NULL,
    actor_id            text NOT NULL,
    state               text NOT NULL CHECK (state IN ('open', 'closed', 'review')),
    outcome             text CHECK (outcome IN
        ('succeeded', 'requires_action', 'pending', 'declined', 'not_sent', 'indeterminate', 'refused')),
    request_id          text CHECK (request_id ~ '^[A-Za-z0-9_-]{1,64}$'),
    payment_method      text,
    customer            text,
    reason              text,
    send_count          integer NOT NULL CHECK (send_count >= 0),
    is_unresolved       boolean NOT NULL,
    is_key_spent        boolean NOT NULL,
    error               json,
    provider_request_id text,
    created_at          timestamptz NOT NULL,
    next_attempt_at     timestamptz NOT NULL,
    first_sent_at       timestamptz,
    closed_at           timestamptz
);

CREATE INDEX charge_operations_charge ON charge_operations (charge_id);
CREATE UNIQUE INDEX charge_operations_request ON charge_operations (charge_id, request_id) WHERE request_id IS NOT NULL;

-- The outbox of IChargeObserver. Ids are given under the charge's lock, so they rise for one charge.
CREATE TABLE charge_transitions (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    charge_id       uuid NOT NULL REFERENCES consultation_charges (id),
    tenant_id       text NOT NULL,
    consultation_id text NOT NULL,
    from_status     text,
    to_status       text NOT NULL,
    source          text NOT NULL,
    at              timestamptz NOT NULL,
    next_attempt_at timestamptz NOT NULL,
    seen_at         timestamptz
);

CREATE INDEX charge_transitions_unseen ON charge_transitions (id) WHERE seen_at IS NULL;
CREATE INDEX charge_transitions_unseen_charge ON charge_transitions (charge_id, id) WHERE seen_at IS NULL;

-- body is kept only while the effect is still to come: it may hold an e-mail address or a phone number.
CREATE TABLE webhook_events (
    id                 uuid NOT NULL PRIMARY KEY,
    provider_name      text NOT NULL,
    provider_account   text NOT NULL,
    provider_event_id  text NOT NULL,
    event_type         text NOT NULL,
    state              text NOT NULL CHECK (state IN ('received', 'processed', 'parked', 'failed', 'ignored')),
    body               bytea CHECK (body IS NULL OR state IN ('received', 'parked', 'failed')),
    body_hash          text NOT NULL,
    is_deduped_by_body boolean NOT NULL,
    snapshot           json,
    charge_id          uuid,
    provider_reference text,
    reason             text,
    attempt_count      integer NOT NULL DEFAULT 0,
    duplicate_count    integer NOT NULL DEFAULT 0,
    next_attempt_at    timestamptz,
    received_at        timestamptz NOT NULL,
    last_seen_at       timestamptz NOT NULL,
    processed_at       timestamptz,
    UNIQUE (provider_name, provider_event_id),
    CONSTRAINT webhook_events_due_or_done CHECK ((next_attempt_at IS NOT NULL) = (state IN ('received', 'parked'))),
    CONSTRAINT webhook_events_processed CHECK ((processed_at IS NOT NULL) = (state = 'processed'))
);

-- Where the signature does not cover the event id, the same body under another id is the same event.
CREATE UNIQUE INDEX webhook_events_body ON webhook_events (provider_name, body_hash) WHERE is_deduped_by_body;
CREATE INDEX webhook_events_due ON webhook_events (next_attempt_at, id) WHERE state IN ('received', 'parked');
CREATE INDEX webhook_events_charge ON webhook_events (charge_id) WHERE charge_id IS NOT NULL;
CREATE INDEX webhook_events_parked ON webhook_events (provider_reference) WHERE state = 'parked';
-- For the purge of old bodies and old events.
CREATE INDEX webhook_events_bodies ON webhook_events (received_at) WHERE body IS NOT NULL;
CREATE INDEX webhook_events_done ON webhook_events (last_seen_at) WHERE state IN ('processed', 'ignored');

-- lz4 is the faster compression, from PostgreSQL 14 on where the server was built with it.
DO $$
BEGIN
    EXECUTE 'ALTER TABLE webhook_events ALTER COLUMN body SET COMPRESSION lz4';
EXCEPTION WHEN feature_not_supported OR syntax_error OR invalid_parameter_value THEN
    NULL;
END
$$;

-- Only what explains a row is required, so that a row can be added by hand. An id given by hand could meet the sequence
-- later and stop a payment, so it is ours alone.
CREATE TABLE audit_log (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    charge_id   uuid REFERENCES consultation_charges (id),
    actor_id    text NOT NULL,
    action      text NOT NULL,
    source      text NOT NULL DEFAULT 'manual',
    from_status text,
    to_status   text,
    details     json NOT NULL DEFAULT '{}',
    created_at  timestamptz NOT NULL DEFAULT payments_now()
);

CREATE INDEX audit_log_charge ON audit_log (charge_id, id);

CREATE FUNCTION audit_log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit_log is append-only' USING ERRCODE = 'insufficient_privilege';
END
$$;

-- For each statement, so that TRUNCATE is caught too; ALWAYS, so that no replication role gets around it.
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION audit_log_is_append_only();
ALTER TABLE audit_log ENABLE ALWAYS TRIGGER audit_log_append_only;

CREATE TABLE alert_outbox (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    category        text NOT NULL,
    severity        text NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
    text            text NOT NULL,
    charge_id       uuid,
    raised_at       timestamptz NOT NULL,
    next_attempt_at timestamptz NOT NULL,
    delivered_at    timestamptz
);

-- Which category was sent when, across hosts. told_count: what the last question was answered; null for "not now".
CREATE TABLE alert_cooldowns (
    category         text NOT NULL PRIMARY KEY,
    sent_at          timestamptz NOT NULL,
    suppressed_count integer NOT NULL CHECK (suppressed_count >= 0),
    told_count       integer CHECK (told_count >= 0)
);

CREATE INDEX alert_outbox_waiting ON alert_outbox (id) WHERE delivered_at IS NULL;
CREATE INDEX alert_outbox_delivered ON alert_outbox (raised_at) WHERE delivered_at IS NOT NULL;
