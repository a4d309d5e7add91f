-- Times are UTC text of one width, such as 2026-11-24T02:00:00.123456Z, so they sort as text.
-- Amounts are minor units of the row's currency, also where a name says cents. Flags are 0 or 1.

CREATE TABLE consultation_charges (
    id                         TEXT NOT NULL PRIMARY KEY,
    tenant_id                  TEXT NOT NULL,
    consultation_id            TEXT NOT NULL,
    provider_name              TEXT NOT NULL,
    provider_account           TEXT NOT NULL,
    livemode                   INTEGER,
    -- Written for queries; the facts below it are the truth. No check ties it to amounts: an operator may edit it.
    charge_status              TEXT NOT NULL CHECK (charge_status IN
        ('pending', 'authorized', 'captured', 'partially_refunded', 'refunded', 'voided', 'failed')),
    amount_cents               INTEGER NOT NULL,
    currency                   TEXT NOT NULL,
    authorized_cents           INTEGER NOT NULL,
    captured_cents             INTEGER NOT NULL,
    refunded_cents             INTEGER NOT NULL,
    provider_reference         TEXT,
    provider_payment_reference TEXT,
    stripe_payment_intent_id   TEXT GENERATED ALWAYS AS (CASE WHEN provider_name = 'stripe' THEN provider_reference END) STORED,
    razorpay_order_id          TEXT GENERATED ALWAYS AS (CASE WHEN provider_name = 'razorpay' THEN provider_reference END) STORED,
    razorpay_payment_id        TEXT GENERATED ALWAYS AS (CASE WHEN provider_name = 'razorpay' THEN provider_payment_reference END) STORED,
    is_reference_closed        INTEGER NOT NULL,
    is_void_accepted           INTEGER NOT NULL,
    is_authorization_failed    INTEGER NOT NULL,
    refund_reason              TEXT,
    last_error                 TEXT,
    routing_rule               TEXT NOT NULL,
    routing_trace              TEXT NOT NULL,
    booked_at                  TEXT,
    book_by                    TEXT NOT NULL,
    checkout_expires_at        TEXT,
    closing_at                 TEXT,
    closing_reason             TEXT,
    refresh_due_at             TEXT,
    capture_before             TEXT,
    release_due_at             TEXT,
    created_at                 TEXT NOT NULL,
    authorized_at              TEXT,
    captured_at                TEXT,
    voided_at                  TEXT,
    -- Edited by hand in the runbook's refund procedure: text that is no time would make the row unreadable.
    refunded_at                TEXT CHECK (refunded_at IS NULL OR julianday(refunded_at) IS NOT NULL),
    failed_at                  TEXT,
    due_at                     TEXT,
    lease_until                TEXT,
    version                    INTEGER NOT NULL
) STRICT;

-- One live charge per consultation. A closing one is on its way out, and one that had ended can be live again (a refund
-- that bounces, a late payment): neither may stand in its successor's way, because money that exists has to be recorded.
CREATE UNIQUE INDEX consultation_charges_live ON consultation_charges (tenant_id, consultation_id)
    WHERE charge_status NOT IN ('failed', 'voided', 'refunded')
        AND closing_at IS NULL AND failed_at IS NULL AND voided_at IS NULL AND refunded_at IS NULL;
CREATE INDEX consultation_charges_consultation ON consultation_charges (tenant_id, consultation_id, created_at);
CREATE INDEX consultation_charges_reference ON consultation_charges (provider_reference) WHERE provider_reference IS NOT NULL;
CREATE INDEX consultation_charges_due ON consultation_charges (due_at) WHERE due_at IS NOT NULL;

-- A status edited by hand is looked at: ours always comes with a new version.
CREATE TRIGGER consultation_charges_edited AFTER UPDATE OF charge_status ON consultation_charges
    WHEN NEW.charge_status <> OLD.charge_status AND NEW.version = OLD.version
BEGIN
    UPDATE consultation_charges SET
        refresh_due_at = strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'), due_at = strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')
    WHERE id = NEW.id;
END;

CREATE TABLE charge_payments (
    charge_id      TEXT NOT NULL REFERENCES consultation_charges (id),
    reference      TEXT NOT NULL,
    state          TEXT NOT NULL,
    amount_cents   INTEGER NOT NULL,
    captured_cents INTEGER NOT NULL,
    currency       TEXT NOT NULL,
    created_at     TEXT,
    capture_before TEXT,
    release_due_at TEXT,
    error_code     TEXT,
    PRIMARY KEY (charge_id, reference)
) STRICT;

CREATE INDEX charge_payments_reference ON charge_payments (reference);

CREATE TABLE charge_refunds (
    charge_id         TEXT NOT NULL REFERENCES consultation_charges (id),
    reference         TEXT NOT NULL,
    state             TEXT NOT NULL,
    amount_cents      INTEGER NOT NULL,
    currency          TEXT NOT NULL,
    payment_reference TEXT,
    operation_id      TEXT,
    created_at        TEXT,
    error_code        TEXT,
    PRIMARY KEY (charge_id, reference)
) STRICT;

CREATE TABLE charge_disputes (
    charge_id         TEXT NOT NULL REFERENCES consultation_charges (id),
    reference         TEXT NOT NULL,
    state             TEXT NOT NULL,
    amount_cents      INTEGER NOT NULL,
    currency          TEXT NOT NULL,
    payment_reference TEXT,
    reason            TEXT,
    PRIMARY KEY (charge_id, reference)
) STRICT;

-- Read, never made by us. hosted_url opens the invoice for whoever has it, with the name on it.
CREATE TABLE charge_invoices (
    charge_id    TEXT NOT NULL REFERENCES consultation_charges (id),
    reference    TEXT NOT NULL,
    state        TEXT NOT NULL,
    amount_cents INTEGER NOT NULL,
    currency     TEXT NOT NULL,
    number       TEXT,
    hosted_url   TEXT,
    PRIMARY KEY (charge_id, reference)
) STRICT;

-- The id is the idempotency key of every send.
CREATE TABLE charge_operations (
    id                  TEXT NOT NULL PRIMARY KEY,
    charge_id           TEXT NOT NULL REFERENCES consultation_charges (id),
    kind                TEXT NOT NULL,
    amount_cents        INTEGER NOT NULL,
    currency            TEXT NOT NULL,
    fingerprint         TEXT NOT NULL,
    actor_id            TEXT NOT NULL,
    state               TEXT NOT NULL,
    outcome             TEXT,
    request_id          TEXT,
    payment_method      TEXT,
    customer            TEXT,
    reason              TEXT,
    send_count          INTEGER NOT NULL,
    is_unresolved       INTEGER NOT NULL,
    is_key_spent        INTEGER NOT NULL,
    error               TEXT,
    provider_request_id TEXT,
    created_at          TEXT NOT NULL,
    next_attempt_at     TEXT NOT NULL,
    first_sent_at       TEXT,
    closed_at           TEXT
) STRICT;

CREATE INDEX charge_operations_charge ON charge_operations (charge_id);
CREATE UNIQUE INDEX charge_operations_request ON charge_operations (charge_id, request_id) WHERE request_id IS NOT NULL;

-- The outbox of IChargeObserver. AUTOINCREMENT: an id is never given twice, so ids rise for one charge.
CREATE TABLE charge_transitions (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    charge_id       TEXT NOT NULL REFERENCES consultation_charges (id),
    tenant_id       TEXT NOT NULL,
    consultation_id TEXT NOT NULL,
    from_status     TEXT,
    to_status       TEXT NOT NULL,
    source          TEXT NOT NULL,
    at              TEXT NOT NULL,
    next_attempt_at TEXT NOT NULL,
    seen_at         TEXT
) STRICT;

CREATE INDEX charge_transitions_waiting ON charge_transitions (id) WHERE seen_at IS NULL;
CREATE INDEX charge_transitions_unseen ON charge_transitions (charge_id, id) WHERE seen_at IS NULL;

-- body is kept only while the effect is still to come: it may hold an e-mail address or a phone number.
CREATE TABLE webhook_events (
    id                 TEXT NOT NULL PRIMARY KEY,
    provider_name      TEXT NOT NULL,
    provider_account   TEXT NOT NULL,
    provider_event_id  TEXT NOT NULL,
    event_type         TEXT NOT NULL,
    state              TEXT NOT NULL CHECK (state IN ('received', 'processed', 'parked', 'failed', 'ignored')),
    body               BLOB,
    body_hash          TEXT NOT NULL,
    is_deduped_by_body INTEGER NOT NULL,
    snapshot           TEXT,
    charge_id          TEXT,
    provider_reference TEXT,
    reason             TEXT,
    attempt_count      INTEGER NOT NULL DEFAULT 0,
    duplicate_count    INTEGER NOT NULL DEFAULT 0,
    next_attempt_at    TEXT,
    received_at        TEXT NOT NULL,
    last_seen_at       TEXT NOT NULL,
    processed_at       TEXT,
    UNIQUE (provider_name, provider_event_id)
) STRICT;

-- Where the signature does not cover the event id, the same body under another id is the same event.
CREATE UNIQUE INDEX webhook_events_body ON webhook_events (provider_name, body_hash) WHERE is_deduped_by_body = 1;
CREATE INDEX webhook_events_due ON webhook_events (next_attempt_at) WHERE state IN ('received', 'parked');
-- For the purge of old bodies and old events.
CREATE INDEX webhook_events_received ON webhook_events (received_at);
CREATE INDEX webhook_events_charge ON webhook_events (charge_id) WHERE charge_id IS NOT NULL;
CREATE INDEX webhook_events_parked ON webhook_events (provider_reference) WHERE state = 'parked';

-- Only what explains a row is required, so that a row can be added by hand.
CREATE TABLE audit_log (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    charge_id   TEXT,
    actor_id    TEXT NOT NULL,
    action      TEXT NOT NULL,
    source      TEXT NOT NULL DEFAULT 'manual',
    from_status TEXT,
    to_status   TEXT,
    details     TEXT NOT NULL DEFAULT '{}',
    created_at  TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now'))
) STRICT;

CREATE INDEX audit_log_charge ON audit_log (charge_id, id);

CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'audit_log is append-only');
END;

CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log
BEGIN
    SELECT RAISE(ABORT, 'audit_log is append-only');
END;

-- INSERT OR REPLACE deletes the old row without asking the trigger above.
CREATE TRIGGER audit_log_no_replace BEFORE INSERT ON audit_log WHEN EXISTS (SELECT 1 FROM audit_log WHERE id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'audit_log is append-only');
END;

CREATE TABLE alert_outbox (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    category        TEXT NOT NULL,
    severity        TEXT NOT NULL,
    text            TEXT NOT NULL,
    charge_id       TEXT,
    raised_at       TEXT NOT NULL,
    next_attempt_at TEXT NOT NULL,
    delivered_at    TEXT
) STRICT;

-- Which category was sent when, across hosts. told_count: what the last question was answered; null for "not now".
CREATE TABLE alert_cooldowns (
    category         TEXT NOT NULL PRIMARY KEY,
    sent_at          TEXT NOT NULL,
    suppressed_count INTEGER NOT NULL,
    told_count       INTEGER
) STRICT;

CREATE INDEX alert_outbox_waiting ON alert_outbox (id) WHERE delivered_at IS NULL;
