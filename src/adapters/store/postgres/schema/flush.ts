/**
 * The flush: settlements, journal entries and the anchor of one batch, in one transaction.
 *
 * The journal's head is the last lock and is held to the commit, so that positions become visible
 * in their order: a reader who goes on after the last position it saw misses nothing.
 */
export const FLUSH = `
-- What is drawn leaves the slice of a live holder, or the forfeit of a fenced one, never more than
-- is there; what was charged is spent in full all the same.
CREATE FUNCTION settle(h text, st text, calls text[], call_legs jsonb[], estimates boolean[])
RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  WITH fresh AS (
    INSERT INTO settlement (call_id, holder, legs, estimated)
    SELECT u.c, h, u.l, u.e FROM unnest(calls, call_legs, estimates) AS u(c, l, e) ORDER BY u.c
    ON CONFLICT (call_id) DO NOTHING RETURNING legs),
  sums AS (
    SELECT (leg->>0)::bigint AS account, sum((leg->>1)::numeric)::bigint AS drawn,
      sum((leg->>2)::numeric)::bigint AS charged
    FROM fresh, jsonb_array_elements(fresh.legs) AS leg GROUP BY 1),
  moved AS (
    SELECT s.account, s.charged, least(s.drawn, coalesce(CASE st
      WHEN 'live' THEN l.granted - l.returned - l.drawn ELSE l.forfeit END, 0)) AS n
    FROM sums s LEFT JOIN slice l ON l.holder = h AND l.account = s.account),
  taken AS (
    UPDATE slice l SET drawn = l.drawn + CASE st WHEN 'live' THEN m.n ELSE 0 END,
      forfeit = l.forfeit - CASE st WHEN 'live' THEN 0 ELSE m.n END
    FROM moved m WHERE l.holder = h AND l.account = m.account)
  UPDATE account a SET spent = a.spent + m.charged,
    leased = a.leased - CASE st WHEN 'live' THEN m.n ELSE 0 END,
    forfeited = a.forfeited - CASE st WHEN 'live' THEN 0 ELSE m.n END
  FROM moved m WHERE a.id = m.account;
END $$;

-- Answers what was done for the holder; null: it is closed, and nothing was written.
CREATE FUNCTION flush(h text, calls text[], call_legs jsonb[], estimates boolean[],
  writers text[], nos bigint[], ats bigint[], kinds text[], decisions text[], agents text[],
  tasks text[], codes text[], bodies text[], hashes text[],
  anchor_writer text, anchor_no bigint, anchor_at bigint, anchor_heads text, anchor_mac text,
  parked_calls text[], attempts bigint[], parked_answers bytea[], claim_keys text[],
  claim_tasks text[], claim_ids text[], claim_digests text[], claim_ats bigint[],
  claim_answers bytea[])
RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  st text;
  ids bigint[];
  locked bigint;
  last_entry bigint;
  last_anchor bigint;
  done_now bigint;
BEGIN
  SELECT state INTO st FROM holder WHERE id = h FOR KEY SHARE;
  IF st IS NULL OR st = 'closed' THEN RETURN NULL; END IF;

  ids := ARRAY(SELECT DISTINCT (leg->>0)::bigint
    FROM unnest(call_legs) AS l, jsonb_array_elements(l) AS leg);
  PERFORM 1 FROM account WHERE id = ANY(ids) ORDER BY id FOR UPDATE;
  GET DIAGNOSTICS locked = ROW_COUNT;
  IF locked < cardinality(ids) THEN
    RAISE EXCEPTION 'a settlement names an account that is not there';
  END IF;
  done_now := done(h);
  IF cardinality(calls) > 0 THEN PERFORM settle(h, st, calls, call_legs, estimates); END IF;
  IF cardinality(parked_calls) + cardinality(claim_ids) > 0 THEN
    PERFORM answer_calls(h, parked_calls, attempts, parked_answers, claim_keys, claim_tasks,
      claim_ids, claim_digests, claim_ats, claim_answers);
  END IF;

  IF cardinality(nos) = 0 AND anchor_no IS NULL THEN RETURN done_now; END IF;
  SELECT entries, anchors INTO last_entry, last_anchor FROM journal_head FOR UPDATE;
  INSERT INTO journal
      (position, writer, no, at, kind, decision, agent, task, code, body, hash)
    SELECT last_entry + u.n, u.w, u.o, u.t, u.k, u.d, u.a, u.s, u.c, u.b, u.x
    FROM unnest(writers, nos, ats, kinds, decisions, agents, tasks, codes, bodies, hashes)
      WITH ORDINALITY AS u(w, o, t, k, d, a, s, c, b, x, n) ORDER BY u.n
    ON CONFLICT (writer, no) DO NOTHING;
  IF anchor_no IS NOT NULL THEN
    INSERT INTO anchor (position, writer, no, at, heads, mac)
      VALUES (last_anchor + 1, anchor_writer, anchor_no, anchor_at, anchor_heads, anchor_mac)
      ON CONFLICT (writer, no) DO NOTHING;
  END IF;
  UPDATE journal_head SET entries = last_entry + cardinality(nos),
    anchors = last_anchor + CASE WHEN anchor_no IS NULL THEN 0 ELSE 1 END;
  RETURN done_now;
END $$;

-- The gap entry of a fenced holder, and that it is owed no more.
CREATE FUNCTION write_gap(h text, of_writer text, of_no bigint, of_at bigint, of_kind text,
  of_decision text, of_agent text, of_task text, of_code text, of_body text, of_hash text)
RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  UPDATE holder SET gap = NULL WHERE id = h AND gap IS NOT NULL;
  IF NOT FOUND THEN RETURN false; END IF;
  UPDATE journal_head SET entries = entries + 1;
  INSERT INTO journal
      (position, writer, no, at, kind, decision, agent, task, code, body, hash)
    SELECT entries, of_writer, of_no, of_at, of_kind, of_decision, of_agent, of_task, of_code,
      of_body, of_hash FROM journal_head
    ON CONFLICT (writer, no) DO NOTHING;
  RETURN true;
END $$;
`;
