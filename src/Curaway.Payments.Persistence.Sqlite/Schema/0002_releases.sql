-- A payment that a void takes only to send it back, and when the provider last told the whole truth about a charge.
ALTER TABLE charge_payments ADD COLUMN releases_by_capture INTEGER NOT NULL DEFAULT 0;
ALTER TABLE consultation_charges ADD COLUMN refreshed_at TEXT;
