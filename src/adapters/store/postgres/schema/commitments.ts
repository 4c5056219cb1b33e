/** Commitments: the table and the functions that open, move and list them. */
export const COMMITMENTS = `
CREATE TABLE commitment (
  no bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
  id text PRIMARY KEY,
  agent text NOT NULL,
  task text NOT NULL,
  key text NOT NULL,
  server text NOT NULL,
  tool text NOT NULL,
  nano_usd_per_hour bigint NOT NULL,
  horizon_ms bigint NOT NULL,
  version bigint NOT NULL DEFAULT 1,
  state text NOT NULL DEFAULT 'opening'
    CHECK (state IN ('opening', 'active', 'unknown', 'ended')),
  service text,
  opened_by text NOT NULL,
  opened_at bigint NOT NULL,
  seen_at bigint NOT NULL,
  elapsed_ms bigint NOT NULL DEFAULT 0,
  due_at bigint,
  -- [[account, amount as text], …]
  holds jsonb NOT NULL,
  renewals bigint NOT NULL DEFAULT 0,
  unrenewable boolean NOT NULL DEFAULT false,
  ended_at bigint,
  ended_by text,
  reason text
) WITH (fillfactor = 50);
CREATE INDEX commitment_tool ON commitment (agent, server, tool) WHERE state <> 'ended';
CREATE INDEX commitment_due ON commitment (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX commitment_opening ON commitment (opened_by) WHERE state = 'opening';
CREATE INDEX commitment_ended ON commitment (ended_at) WHERE ended_at IS NOT NULL;

CREATE FUNCTION holds_in(holds jsonb) RETURNS TABLE (account bigint, held bigint)
LANGUAGE sql IMMUTABLE AS $$
  SELECT (hold->>0)::bigint, (hold->>1)::bigint FROM jsonb_array_elements(holds) AS hold
$$;

-- Who opens one counts those of its agent and tool: the lock keeps two from the last place.
CREATE FUNCTION open_commitment(h text, of_id text, of_agent text, of_task text, of_key text,
  of_server text, of_tool text, rate bigint, horizon bigint, active_max bigint, wanted jsonb)
RETURNS TABLE (kind text, active bigint, done_no bigint, commitment commitment)
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
  row commitment%ROWTYPE;
  taken bigint;
  ids bigint[];
BEGIN
  PERFORM 1 FROM holder WHERE id = h AND state = 'live' FOR KEY SHARE;
  IF NOT FOUND THEN RETURN QUERY SELECT 'fenced', 0::bigint, 0::bigint, row; RETURN; END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended(current_schema() || ' commitment '
    || of_agent || ' ' || of_server || ' ' || of_tool, 0));
  SELECT c.* INTO row FROM commitment c WHERE c.id = of_id;
  IF FOUND THEN
    RETURN QUERY SELECT 'opened', 0::bigint,
      coalesce((SELECT d.done_no FROM holder_done d WHERE d.holder = h), 0), row;
    RETURN;
  END IF;
  SELECT count(*) INTO taken FROM commitment c
    WHERE c.agent = of_agent AND c.server = of_server AND c.tool = of_tool AND c.state <> 'ended';
  IF taken >= active_max THEN
    RETURN QUERY SELECT 'full', taken, 0::bigint, row;
    RETURN;
  END IF;
  ids := ARRAY(SELECT w.account FROM holds_in(wanted) w);
  PERFORM 1 FROM account a WHERE a.id = ANY(ids) ORDER BY a.id FOR UPDATE;
  IF EXISTS (SELECT 1 FROM holds_in(wanted) w
      LEFT JOIN slice s ON s.holder = h AND s.account = w.account
      WHERE coalesce(s.granted - s.returned - s.drawn, -1) < w.held) THEN
    RETURN QUERY SELECT 'not-held', 0::bigint, 0::bigint, row;
    RETURN;
  END IF;
  UPDATE slice s SET drawn = s.drawn + w.held FROM holds_in(wanted) w
    WHERE s.holder = h AND s.account = w.account;
  UPDATE account a SET leased = a.leased - w.held, committed = a.committed + w.held
    FROM holds_in(wanted) w WHERE a.id = w.account;
  INSERT INTO commitment AS c (id, agent, task, key, server, tool, nano_usd_per_hour, horizon_ms,
      opened_by, opened_at, seen_at, holds)
    VALUES (of_id, of_agent, of_task, of_key, of_server, of_tool, rate, horizon,
      h, now_ms(), now_ms(), wanted)
    RETURNING c.* INTO row;
  RETURN QUERY SELECT 'opened', 0::bigint, done(h), row;
END $$;

-- What each account is charged, and what more of it is held.
CREATE FUNCTION commitment_changes(before jsonb, after jsonb, charges jsonb)
RETURNS TABLE (account bigint, charged bigint, more bigint) LANGUAGE sql IMMUTABLE AS $$
  SELECT account, sum(charged)::bigint, sum(more)::bigint FROM (
    SELECT account, 0 AS charged, -held AS more FROM holds_in(before)
    UNION ALL SELECT account, 0, held FROM holds_in(after)
    UNION ALL SELECT account, held, 0 FROM holds_in(charges)) AS each
  GROUP BY account
$$;

-- Compare and set. Growth of what is held needs room on an open account; what is owed is charged.
CREATE FUNCTION move_commitment(of_id text, seen bigint, to_state text, to_service text,
  to_seen_at bigint, to_elapsed_ms bigint, to_due_at bigint, to_holds jsonb, to_renewals bigint,
  to_unrenewable boolean, to_ended_at bigint, to_ended_by text, to_reason text, charges jsonb)
RETURNS TABLE (kind text, commitment commitment, accounts bigint[])
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
  row commitment%ROWTYPE;
  ids bigint[];
  locked bigint;
BEGIN
  SELECT c.* INTO row FROM commitment c WHERE c.id = of_id FOR UPDATE;
  IF NOT FOUND THEN RETURN QUERY SELECT 'none', row, ids; RETURN; END IF;
  IF row.version <> seen THEN RETURN QUERY SELECT 'conflict', row, ids; RETURN; END IF;
  ids := ARRAY(SELECT account FROM holds_in(row.holds) UNION SELECT account FROM holds_in(to_holds)
    UNION SELECT account FROM holds_in(charges));
  PERFORM 1 FROM account a WHERE a.id = ANY(ids) ORDER BY a.id FOR UPDATE;
  GET DIAGNOSTICS locked = ROW_COUNT;
  IF locked < cardinality(ids) THEN
    RAISE EXCEPTION 'a commitment names an account that is not there';
  END IF;
  IF EXISTS (SELECT 1 FROM commitment_changes(row.holds, to_holds, charges) g
      JOIN account a ON a.id = g.account
      WHERE g.more > 0 AND NOT (a.open AND
        g.more + g.charged <= a.limit_n - a.spent - a.leased - a.forfeited - a.committed)) THEN
    RETURN QUERY SELECT 'short', row, ids;
    RETURN;
  END IF;
  UPDATE account a SET spent = a.spent + g.charged, committed = a.committed + g.more
    FROM commitment_changes(row.holds, to_holds, charges) g WHERE a.id = g.account;
  IF EXISTS (SELECT 1 FROM commitment_changes(row.holds, to_holds, charges) g
      WHERE g.charged + g.more < 0) THEN
    PERFORM tell('room');
  END IF;
  UPDATE commitment c SET version = c.version + 1, state = to_state, service = to_service,
      seen_at = to_seen_at, elapsed_ms = to_elapsed_ms, due_at = to_due_at, holds = to_holds,
      renewals = to_renewals, unrenewable = to_unrenewable, ended_at = to_ended_at,
      ended_by = to_ended_by, reason = to_reason
    WHERE c.id = of_id RETURNING c.* INTO row;
  RETURN QUERY SELECT 'ok', row, ids;
END $$;

-- Of a holder that is gone, whose row is locked: whether its calls made anything, nobody knows.
CREATE FUNCTION doubt_commitments(h text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM 1 FROM commitment WHERE opened_by = h AND state = 'opening' ORDER BY no FOR UPDATE;
  UPDATE commitment SET state = 'unknown', due_at = now_ms(), version = version + 1
    WHERE opened_by = h AND state = 'opening';
END $$;
`;
