-- A dispute that was lost can be won on appeal.
ALTER TABLE charge_disputes
    DROP CONSTRAINT charge_disputes_state_check,
    ADD CONSTRAINT charge_disputes_state_check CHECK (state IN ('open', 'closed', 'won', 'lost', 'won_on_appeal'));
