-- A statement that writes many rows asks whether it wrote them all: in the server, because the COMMIT travels behind it in
-- the same round trip. A row of money that silently was not there is a bug that must not stand.
CREATE FUNCTION payments_expect(what text, written bigint, expected integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF written <> expected THEN
        RAISE EXCEPTION 'A write of % touched % rows instead of %', what, written, expected USING ERRCODE = 'assert_failure';
    END IF;
END
$$;

-- A version 7 UUID by the clock that all hosts share, so ids given later sort later whichever host asks.
CREATE FUNCTION payments_new_id() RETURNS uuid LANGUAGE sql VOLATILE AS $$
    SELECT encode(
        set_bit(set_bit(
            overlay(uuid_send(gen_random_uuid())
                PLACING substring(int8send(floor(extract(epoch FROM payments_now()) * 1000)::bigint) FROM 3) FROM 1 FOR 6),
            52, 1), 53, 1),
        'hex')::uuid
$$;

-- What an operator may have worked off again.
CREATE INDEX webhook_events_replayable ON webhook_events (received_at, id) WHERE state IN ('parked', 'failed');
