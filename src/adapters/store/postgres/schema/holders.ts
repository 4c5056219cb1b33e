/**
 * Functions on holders: who is alive, and what becomes of the money of one who is not.
 *
 * A fence takes the holder's row FOR UPDATE first, so it waits for leases and flushes under way;
 * a heartbeat only changes a column that is no key, so it waits for neither.
 */
export const HOLDERS = `
-- What every heartbeat answers. Amounts are text: a JSON number would lose digits.
CREATE FUNCTION standing(h text) RETURNS json LANGUAGE sql VOLATILE AS $$
  SELECT json_build_object('kind', 'ok', 'now', now_ms(), 'generation', s.generation,
    'changeSeq', s.change_seq, 'configuration', s.configuration,
    'live', (SELECT coalesce(json_agg(
        json_build_object('id', l.id, 'beatNo', l.beat_no) ORDER BY l.no), '[]')
      FROM holder l WHERE l.state = 'live'),
    'wants', (SELECT coalesce(json_agg(json_build_object(
        'holder', w.holder, 'account', w.account, 'amount', w.amount::text) ORDER BY w.no), '[]')
      FROM want w WHERE w.holder <> h),
    'permitWants', (SELECT coalesce(json_agg(json_build_object('holder', w.holder,
        'agent', l.agent, 'server', l.server, 'tool', l.tool, 'bounds', l.bounds,
        'most', w.most) ORDER BY w.no), '[]')
      FROM permit_want w JOIN call_limit l ON l.id = w.call_limit WHERE w.holder <> h),
    'outcomesWait', EXISTS (SELECT 1 FROM outcome o WHERE o.holder = h AND o.answer IS NULL),
    'doneNo', coalesce((SELECT d.done_no FROM holder_done d WHERE d.holder = h), 0))
  FROM store s
$$;

CREATE FUNCTION listed(o holder) RETURNS json LANGUAGE sql STABLE AS $$
  SELECT json_build_object('id', o.id, 'host', o.host, 'pid', o.pid, 'pidStart', o.pid_start,
    'configuration', o.configuration, 'keyId', o.key_id, 'state', o.state,
    'beatNo', o.beat_no, 'fencedAt', o.fenced_at)
$$;

-- The store's row is locked, so that two processes with two configurations cannot both be first.
CREATE FUNCTION register(h text, on_host text, with_pid bigint, started text, digest text,
  of_key text) RETURNS json LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  s store%ROWTYPE;
BEGIN
  SELECT * INTO s FROM store FOR UPDATE;
  IF s.key_id <> of_key THEN
    RETURN json_build_object('kind', 'other-key', 'keyId', s.key_id);
  END IF;
  IF s.configuration <> digest
      AND EXISTS (SELECT 1 FROM holder WHERE state = 'live' AND id <> h) THEN
    RETURN json_build_object('kind', 'other-configuration', 'configuration', s.configuration,
      'holders', (SELECT json_agg(listed(o) ORDER BY o.no) FROM holder o
                  WHERE o.state = 'live' AND o.id <> h));
  END IF;
  INSERT INTO holder (id, host, pid, pid_start, configuration, key_id, beat_at)
    VALUES (h, on_host, with_pid, started, digest, of_key, now_ms()) ON CONFLICT (id) DO NOTHING;
  IF FOUND THEN
    UPDATE store SET key_id = of_key, configuration = digest,
      change_seq = change_seq + CASE WHEN configuration = digest THEN 0 ELSE 1 END;
    IF s.configuration <> digest THEN PERFORM tell('changes'); END IF;
  END IF;
  RETURN standing(h);
END $$;

CREATE FUNCTION beat(h text) RETURNS json LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  UPDATE holder SET beat_no = beat_no + 1, beat_at = now_ms()
    WHERE id = h AND state = 'live';
  IF NOT FOUND THEN RETURN json_build_object('kind', 'fenced'); END IF;
  RETURN standing(h);
END $$;

CREATE FUNCTION fence(h text, seen bigint)
RETURNS TABLE (account bigint, budget text, scope text, unit text, amount bigint)
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
  ids bigint[];
  heard_at bigint;
BEGIN
  PERFORM 1 FROM store FOR UPDATE;
  SELECT o.beat_at INTO heard_at FROM holder o
    WHERE id = h AND state = 'live' AND (seen IS NULL OR beat_no = seen) FOR UPDATE;
  IF NOT FOUND THEN RETURN; END IF;
  UPDATE holder SET state = 'fenced', fenced_at = now_ms() WHERE id = h;
  PERFORM doubt_commitments(h);
  ids := ARRAY(SELECT s.account FROM slice s
    WHERE s.holder = h AND s.granted - s.returned - s.drawn > 0);
  PERFORM 1 FROM account a WHERE a.id = ANY(ids) ORDER BY a.id FOR UPDATE;
  UPDATE slice s SET forfeit = s.granted - s.returned - s.drawn, returned = s.granted - s.drawn
    WHERE s.holder = h AND s.account = ANY(ids);
  UPDATE account a SET leased = a.leased - s.forfeit, forfeited = a.forfeited + s.forfeit
    FROM slice s WHERE s.holder = h AND s.account = a.id AND a.id = ANY(ids);
  DELETE FROM want WHERE holder = h;
  -- Of what was forfeited here, late settlements take away; the journal is to say all of it.
  UPDATE holder SET gap = (
    SELECT coalesce(jsonb_agg(jsonb_build_object('account', s.account, 'amount', s.forfeit)), '[]')
    FROM slice s WHERE s.holder = h AND s.account = ANY(ids)) WHERE id = h;
  PERFORM release_work(h, heard_at);
  RETURN QUERY SELECT a.id, a.budget, a.scope, a.unit, s.forfeit FROM slice s
    JOIN account a ON a.id = s.account WHERE s.holder = h AND a.id = ANY(ids) ORDER BY a.id;
END $$;

CREATE FUNCTION close_holder(h text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  st text;
  ids bigint[];
BEGIN
  PERFORM 1 FROM store FOR UPDATE;
  SELECT state INTO st FROM holder WHERE id = h FOR UPDATE;
  IF st IS NULL OR st = 'closed' THEN RETURN 'closed'; END IF;
  IF st = 'live' AND EXISTS (
      SELECT 1 FROM slice WHERE holder = h AND granted - returned - drawn > 0) THEN
    RETURN 'held';
  END IF;
  IF st = 'live' THEN PERFORM doubt_commitments(h); END IF;
  ids := ARRAY(SELECT account FROM slice WHERE holder = h AND forfeit > 0);
  PERFORM 1 FROM account WHERE id = ANY(ids) ORDER BY id FOR UPDATE;
  UPDATE account a SET forfeited = a.forfeited - s.forfeit
    FROM slice s WHERE s.holder = h AND s.account = a.id AND a.id = ANY(ids);
  IF st = 'live' THEN PERFORM release_work(h, NULL); END IF;
  UPDATE holder SET state = 'closed', closed_at = now_ms() WHERE id = h;
  DELETE FROM slice WHERE holder = h;
  DELETE FROM want WHERE holder = h;
  DELETE FROM holder_done WHERE holder = h;
  IF cardinality(ids) > 0 THEN PERFORM tell('room'); END IF;
  RETURN 'closed';
END $$;

-- Removes some of what closed holders left: settlements, for their flushes write nothing any more,
-- and at last the holder itself, when it has been closed for long. A piece at a time, for one
-- holder can leave millions of settlements and a statement has a deadline. Answers whether more
-- may be there.
CREATE FUNCTION sweep(at_most bigint, kept_ms bigint)
RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  h text;
  removed bigint;
BEGIN
  DELETE FROM holder WHERE swept AND closed_at < now_ms() - kept_ms;
  SELECT id INTO h FROM holder WHERE state = 'closed' AND NOT swept
    ORDER BY no LIMIT 1 FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN RETURN false; END IF;
  DELETE FROM settlement
    WHERE call_id IN (SELECT call_id FROM settlement WHERE holder = h LIMIT at_most);
  GET DIAGNOSTICS removed = ROW_COUNT;
  IF removed < at_most THEN UPDATE holder SET swept = true WHERE id = h; END IF;
  RETURN true;
END $$;

-- Asked again after a lost answer, or by a second process that wants the same, it agrees.
CREATE FUNCTION configure(h text, from_digest text, to_digest text)
RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  now_digest text;
BEGIN
  SELECT configuration INTO now_digest FROM store FOR UPDATE;
  PERFORM 1 FROM holder WHERE id = h AND state = 'live' FOR KEY SHARE;
  IF NOT FOUND THEN RETURN false; END IF;
  IF now_digest NOT IN (from_digest, to_digest) AND EXISTS (
      SELECT 1 FROM holder WHERE state = 'live' AND id <> h AND configuration = now_digest) THEN
    RETURN false;
  END IF;
  UPDATE holder SET configuration = to_digest WHERE id = h;
  IF now_digest <> to_digest THEN
    UPDATE store SET configuration = to_digest, change_seq = change_seq + 1;
    PERFORM tell('changes');
  END IF;
  RETURN true;
END $$;
`;
