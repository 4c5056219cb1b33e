/**
 * Functions on parked calls. Each has a share of the holder, then of the clutch or the review that
 * decides on the call, then the call's own row: a trip, a decision and a fence wait for it, and it
 * sees what they did.
 */
export const PARKING = `
-- Lists leave the bytes out.
CREATE VIEW parked_row AS SELECT no, call_id, agent, task, key, cause, review, digest, about, at, state,
  let_go_at, attached, claimed_by, attempt, message, maybe_sent, edited FROM parked;

CREATE TYPE parked_answer AS (kind text, call_id text, agent text, task text, key text, cause text,
  review text, digest text, about text, at bigint, state text, let_go_at bigint, attached text,
  claimed_by text, attempt bigint, message text, maybe_sent boolean, edited boolean, request bytea, answer bytea);

CREATE FUNCTION answered(kind text, of_call text, with_bytes boolean)
RETURNS SETOF parked_answer LANGUAGE sql VOLATILE AS $$
  SELECT kind, p.call_id, p.agent, p.task, p.key, p.cause, p.review, p.digest, p.about, p.at,
    p.state, p.let_go_at, p.attached, p.claimed_by, p.attempt, p.message, p.maybe_sent, p.edited,
    CASE WHEN with_bytes AND kind = 'claimed' THEN p.request END,
    CASE WHEN with_bytes AND kind = 'done' THEN p.answer END
  FROM (SELECT 1) one LEFT JOIN parked p ON p.call_id = of_call
$$;

-- Null: there is room. For one agent at a time, so that two gateways cannot pass a limit together.
CREATE FUNCTION parking_full(of_agent text, of_task text, of_size bigint, agent_max bigint,
  task_max bigint, bytes_max bigint) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  calls bigint;
  of_it bigint;
  bytes bigint;
BEGIN
  PERFORM pg_advisory_xact_lock(
    hashtextextended(current_schema() || ' parked ' || of_agent, 0));
  SELECT count(*), count(*) FILTER (WHERE p.task = of_task), coalesce(sum(p.size), 0)
    INTO calls, of_it, bytes FROM parked p
    WHERE p.agent = of_agent AND p.state IN ('parked', 'let_go', 'claimed');
  IF calls >= agent_max THEN RETURN 'callsPerAgent'; END IF;
  IF of_it >= task_max THEN RETURN 'callsPerTask'; END IF;
  IF bytes + of_size > bytes_max THEN RETURN 'bytesPerAgent'; END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION park(h text, of_call text, of_agent text, of_task text, of_key text,
  because text, of_review text, of_digest text, of_about text, at bigint, body bytea,
  agent_max bigint, task_max bigint, bytes_max bigint)
RETURNS SETOF parked_answer LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  c clutch%ROWTYPE;
  lifted boolean;
  stands text := of_review;
  passed text;
BEGIN
  PERFORM 1 FROM holder WHERE id = h AND state = 'live' FOR KEY SHARE;
  IF NOT FOUND THEN RETURN QUERY SELECT * FROM answered('fenced', NULL, false); RETURN; END IF;
  PERFORM make_clutch(of_agent);
  SELECT * INTO c FROM clutch WHERE agent = of_agent FOR SHARE;
  IF because = 'clutch' THEN
    lifted := passes(c, of_task);
    stands := coalesce(c.review, of_review);
  ELSE
    PERFORM 1 FROM review WHERE id = of_review FOR SHARE;
    lifted := EXISTS (SELECT 1 FROM review WHERE id = of_review AND state = 'closed');
  END IF;
  IF NOT EXISTS (SELECT 1 FROM parked p WHERE p.call_id = of_call) THEN
    passed := parking_full(of_agent, of_task, octet_length(body), agent_max, task_max, bytes_max);
  END IF;
  -- A copy may have come first while this one waited.
  IF passed IS NOT NULL AND NOT EXISTS (SELECT 1 FROM parked p WHERE p.call_id = of_call) THEN
    RETURN QUERY SELECT * FROM answered(passed, NULL, false);
    RETURN;
  END IF;
  INSERT INTO parked (call_id, agent, task, key, cause, review, digest, about, at, state,
      let_go_at, attached, arrived_at, parked_by, size, request, seq)
    VALUES (of_call, of_agent, of_task, of_key, because, stands, of_digest, of_about, park.at,
      CASE WHEN lifted THEN 'let_go' ELSE 'parked' END, CASE WHEN lifted THEN now_ms() END,
      h, now_ms(), h, octet_length(body), body, (SELECT change_seq FROM store))
    ON CONFLICT (call_id) DO NOTHING;
  RETURN QUERY SELECT * FROM answered('ok', of_call, false);
END $$;

-- A call that is done without an answer has nothing to give, unless a person says that it ran.
CREATE FUNCTION gives(p parked) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT p.state <> 'done' OR p.answer IS NOT NULL OR p.message IS NOT NULL;
$$;

CREATE FUNCTION attach(h text, of_key text, of_task text, of_digest text, request_id text)
RETURNS SETOF parked_answer LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  found_call text;
BEGIN
  PERFORM 1 FROM holder WHERE id = h AND state = 'live' FOR KEY SHARE;
  IF NOT FOUND THEN RETURN QUERY SELECT * FROM answered('fenced', NULL, false); RETURN; END IF;
  SELECT p.call_id INTO found_call FROM parked p WHERE p.key = of_key AND p.task = of_task
    AND p.digest = of_digest AND p.attached = h AND p.taken_by = request_id
    AND gives(p) ORDER BY p.no LIMIT 1;
  IF NOT FOUND THEN
    -- The oldest; where another request takes it at this moment, the next one.
    LOOP
      SELECT p.call_id INTO found_call FROM parked p WHERE p.key = of_key AND p.task = of_task
        AND p.digest = of_digest AND p.attached IS NULL AND gives(p) ORDER BY p.no LIMIT 1;
      IF NOT FOUND THEN RETURN QUERY SELECT * FROM answered('none', NULL, false); RETURN; END IF;
      UPDATE parked p SET attached = h, taken_by = request_id
        WHERE p.call_id = found_call AND p.attached IS NULL;
      EXIT WHEN FOUND;
    END LOOP;
  END IF;
  RETURN QUERY SELECT * FROM answered('ok', found_call, false);
END $$;

CREATE FUNCTION claim(h text, of_call text)
RETURNS SETOF parked_answer LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  c clutch%ROWTYPE;
  p parked%ROWTYPE;
  kind text;
BEGIN
  PERFORM 1 FROM holder WHERE id = h AND state = 'live' FOR KEY SHARE;
  IF NOT FOUND THEN RETURN QUERY SELECT * FROM answered('fenced', NULL, false); RETURN; END IF;
  SELECT * INTO p FROM parked q WHERE q.call_id = of_call;
  IF FOUND THEN
    PERFORM make_clutch(p.agent);
    SELECT * INTO c FROM clutch k WHERE k.agent = p.agent FOR SHARE;
    SELECT * INTO p FROM parked q WHERE q.call_id = of_call FOR UPDATE;
  END IF;
  IF p.call_id IS NULL THEN
    kind := 'none';
  ELSIF p.state IN ('done', 'denied', 'unknown') THEN
    kind := p.state;
  ELSIF p.state = 'claimed' AND p.claimed_by = h THEN
    kind := 'claimed';
  ELSIF p.state = 'let_go' AND p.let_go_at <= now_ms() AND passes(c, p.task)
      AND NOT is_awaited(p) THEN
    UPDATE parked q SET state = 'claimed', claimed_by = h, attempt = q.attempt + 1
      WHERE q.call_id = of_call;
    kind := 'claimed';
  ELSE
    kind := 'waits';
  END IF;
  RETURN QUERY SELECT * FROM answered(kind, of_call, true);
END $$;

-- True: it may be a copy, and is to be asked for again with the store's row locked.
CREATE FUNCTION unclaim(h text, of_call text, of_attempt bigint, again text, again_review text,
  with_store boolean) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  c clutch%ROWTYPE;
  p parked%ROWTYPE;
  because text;
  stands text;
BEGIN
  IF with_store THEN PERFORM 1 FROM store FOR UPDATE; END IF;
  PERFORM 1 FROM holder WHERE id = h AND state = 'live' FOR KEY SHARE;
  IF NOT FOUND THEN RETURN false; END IF;
  SELECT * INTO p FROM parked q WHERE q.call_id = of_call;
  IF NOT FOUND THEN RETURN false; END IF;
  PERFORM make_clutch(p.agent);
  SELECT * INTO c FROM clutch k WHERE k.agent = p.agent FOR SHARE;
  IF NOT passes(c, p.task) THEN
    because := 'clutch';
    stands := c.review;
  ELSE
    -- Locked, or it could close between this and the update: then nobody would let the call go.
    SELECT r.id INTO stands FROM review r WHERE r.id = again_review AND r.state = 'open' FOR SHARE;
    because := again;
  END IF;
  SELECT * INTO p FROM parked q WHERE q.call_id = of_call FOR UPDATE;
  IF p.copied = 'maybe' AND p.was_left AND NOT with_store THEN RETURN true; END IF;
  UPDATE parked q SET claimed_by = NULL,
      state = CASE WHEN stands IS NULL THEN 'let_go' ELSE 'parked' END,
      let_go_at = CASE WHEN stands IS NULL THEN q.let_go_at END,
      cause = CASE WHEN stands IS NULL THEN q.cause ELSE because END,
      review = coalesce(stands, q.review)
    WHERE q.call_id = of_call AND q.state = 'claimed' AND q.claimed_by = h
      AND q.attempt = of_attempt;
  IF with_store THEN PERFORM doubt_copies(ARRAY[of_call]); END IF;
  RETURN false;
END $$;

-- Some of what was finished before; the next time some more.
CREATE FUNCTION prune_parked(before bigint, trips bigint, at_most bigint)
RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  ids text[];
BEGIN
  PERFORM 1 FROM store FOR UPDATE;
  DELETE FROM parked WHERE call_id IN (SELECT p.call_id FROM parked p
    WHERE p.finished_at < before ORDER BY p.call_id LIMIT at_most FOR UPDATE SKIP LOCKED);
  DELETE FROM call_claim WHERE ctid IN (SELECT c.ctid FROM call_claim c
    WHERE c.finished_at < before AND NOT EXISTS (SELECT 1 FROM task t
      WHERE t.agent = c.agent AND t.id = c.task AND t.ended_at IS NULL)
    LIMIT at_most FOR UPDATE OF c SKIP LOCKED);
  DELETE FROM agent_message WHERE at < trips;
  ids := ARRAY(SELECT r.id FROM review r WHERE r.state = 'closed'
    AND r.closed_at < CASE r.kind WHEN 'trip' THEN trips ELSE before END
    AND NOT EXISTS (SELECT 1 FROM parked p WHERE p.review = r.id AND p.finished_at IS NULL)
    LIMIT at_most);
  DELETE FROM review_merged WHERE review = ANY(ids);
  DELETE FROM review_decision WHERE review = ANY(ids);
  DELETE FROM review WHERE id = ANY(ids);
END $$;
`;
