import { CALLS_SHOWN_MAX, OUTCOME_UNKNOWN } from "../../../../guards/clutch/review.ts";

/** Functions on calls that named themselves, and on what becomes of the calls of a lost holder. */
export const CLAIMS = `
CREATE FUNCTION claim_call(h text, of_key text, of_task text, named text, of_digest text,
  of_at bigint) RETURNS TABLE (kind text, answer bytea) LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
  c call_claim%ROWTYPE;
BEGIN
  PERFORM 1 FROM holder WHERE id = h AND state = 'live' FOR KEY SHARE;
  IF NOT FOUND THEN
    kind := 'fenced';
    RETURN NEXT;
    RETURN;
  END IF;
  -- One that is taken back at this moment is gone at the second look.
  LOOP
    INSERT INTO call_claim (key, task, call_id, digest, at, holder, agent)
      VALUES (of_key, of_task, named, of_digest, of_at, h,
        coalesce((SELECT k.agent FROM key k WHERE k.id = of_key), ''))
      ON CONFLICT (key, task, call_id) DO NOTHING;
    SELECT * INTO c FROM call_claim q
      WHERE q.key = of_key AND q.task = of_task AND q.call_id = named FOR SHARE;
    EXIT WHEN FOUND;
  END LOOP;
  kind := CASE
    WHEN c.digest <> of_digest THEN 'other-digest'
    WHEN c.state <> 'claimed' THEN c.state
    WHEN c.holder = h AND c.at = of_at THEN 'claimed'
    ELSE 'running' END;
  IF kind = 'done' THEN answer := c.answer; END IF;
  RETURN NEXT;
END $$;

CREATE FUNCTION unclaim_call(h text, of_key text, of_task text, named text, of_digest text,
  of_at bigint) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM 1 FROM holder WHERE id = h AND state = 'live' FOR KEY SHARE;
  IF NOT FOUND THEN RETURN; END IF;
  DELETE FROM call_claim WHERE key = of_key AND task = of_task AND call_id = named
    AND digest = of_digest AND at = of_at AND holder = h AND state = 'claimed';
END $$;

-- What a flush says became of its holder's calls; of a claim that does not stand, nothing.
CREATE FUNCTION answer_calls(h text, parked_calls text[], attempts bigint[],
  parked_answers bytea[], keys text[], tasks text[], ids text[], digests text[], ats bigint[],
  claim_answers bytea[])
RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM 1 FROM parked p WHERE p.call_id = ANY(parked_calls) ORDER BY p.call_id FOR UPDATE;
  UPDATE parked p SET state = 'done', answer = u.b, finished_at = now_ms()
    FROM unnest(parked_calls, attempts, parked_answers) AS u(c, a, b)
    WHERE p.call_id = u.c AND p.attempt = u.a AND p.claimed_by = h AND p.state = 'claimed';
  IF cardinality(ids) = 0 THEN RETURN; END IF;
  PERFORM 1 FROM call_claim c JOIN unnest(keys, tasks, ids) AS u(k, t, i)
      ON c.key = u.k AND c.task = u.t AND c.call_id = u.i
    ORDER BY c.key, c.task, c.call_id FOR UPDATE OF c;
  UPDATE call_claim c SET state = 'done', answer = u.b, finished_at = now_ms()
    FROM unnest(keys, tasks, ids, digests, ats, claim_answers) AS u(k, t, i, d, a, b)
    WHERE c.key = u.k AND c.task = u.t AND c.call_id = u.i AND c.digest = u.d AND c.at = u.a
      AND c.holder = h AND c.state = 'claimed';
END $$;

-- Permits and calls of a holder that is gone; the store's row and its own are locked. Nothing was
-- heard of it from \`since\` on; null: it ended itself. A call that others parked since, or that it
-- had not caught up with, may be the one that its client asked it for again; whoever parks a call
-- itself admits no copy. What was finished before was answered to its client, and nobody else is to
-- have it.
CREATE FUNCTION release_work(h text, since bigint) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  ids text[];
  known bigint := (SELECT o.caught_up FROM holder o WHERE o.id = h);
BEGIN
  PERFORM release_permits(h);
  -- Chosen once: what others detach meanwhile would be locked out of order.
  ids := ARRAY(SELECT p.call_id FROM parked p
    WHERE p.attached = h OR (p.state = 'claimed' AND p.claimed_by = h)
      OR (p.was_left AND p.state IN ('parked', 'let_go') AND p.parked_by <> h
        AND (p.arrived_at >= since OR p.seq > known)));
  PERFORM 1 FROM parked p WHERE p.call_id = ANY(ids) ORDER BY p.call_id FOR UPDATE;
  UPDATE parked p SET attached = NULL, was_left = true
    WHERE p.call_id = ANY(ids) AND p.attached = h AND (p.finished_at IS NULL OR p.finished_at >= since);
  WITH doubted AS (
    UPDATE parked p SET review = 'unknown.' || h || '.' || p.agent,
      state = CASE p.state WHEN 'claimed' THEN 'unknown' ELSE 'parked' END,
      maybe_sent = p.state <> 'claimed',
      let_go_at = CASE p.state WHEN 'claimed' THEN p.let_go_at END
    WHERE p.call_id = ANY(ids) AND ((p.state = 'claimed' AND p.claimed_by = h)
      OR (is_left(p) AND (p.copied = 'maybe'
        OR (p.parked_by <> h AND (p.arrived_at >= since OR p.seq > known)))))
    RETURNING p.agent, p.task, p.call_id),
  named AS (
    UPDATE call_claim c SET state = 'unknown', review = 'unknown.' || h || '.' || c.agent
    WHERE c.holder = h AND c.state = 'claimed' RETURNING c.agent, c.task, c.call_id),
  calls AS (
    SELECT b.*, row_number() OVER (PARTITION BY b.agent ORDER BY b.call_id) AS n
    FROM (SELECT * FROM doubted UNION ALL SELECT * FROM named) b)
  INSERT INTO review (id, kind, agent, subject, reason, evidence, opened_at)
    SELECT 'unknown.' || h || '.' || c.agent, 'outcome_unknown', c.agent, h, '${OUTCOME_UNKNOWN}',
      json_build_object('holder', h, 'calls', json_agg(
        json_build_object('task', c.task, 'call', c.call_id) ORDER BY c.n)
        FILTER (WHERE c.n <= ${CALLS_SHOWN_MAX}))::text, now_ms()
    FROM calls c GROUP BY c.agent ORDER BY c.agent;
  IF FOUND THEN PERFORM changed(); END IF;
END $$;
`;
