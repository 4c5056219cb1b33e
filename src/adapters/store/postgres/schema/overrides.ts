/** Limits that people raise, and what they tell agents; see the lock order in money.ts. */
export const OVERRIDES = `
-- The account is locked. False: it was there.
CREATE FUNCTION put_override(override_id text, of_account bigint, raise_to bigint, why text,
  who text, at bigint, of_review text) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  INSERT INTO override (id, account, limit_n, reason, said_by, at, review)
    VALUES (override_id, of_account, raise_to, why, who, put_override.at, of_review)
    ON CONFLICT (id) DO NOTHING;
  IF NOT FOUND THEN RETURN false; END IF;
  UPDATE account SET raised = raise_to, limit_n = greatest(configured, raise_to)
    WHERE id = of_account;
  PERFORM tell('room');
  RETURN true;
END $$;

CREATE FUNCTION raise_limit(override_id text, of_account bigint, raise_to bigint, why text,
  who text, at bigint, of_review text) RETURNS SETOF account LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM 1 FROM store FOR UPDATE;
  PERFORM 1 FROM account WHERE id = of_account AND open FOR UPDATE;
  IF NOT FOUND THEN RETURN; END IF;
  IF put_override(override_id, of_account, raise_to, why, who, at, of_review) THEN
    PERFORM changed();
  END IF;
  RETURN QUERY SELECT * FROM account WHERE id = of_account;
END $$;

CREATE VIEW override_in_force AS
  SELECT o.no, o.id, o.account, o.limit_n, o.reason, o.said_by, o.at, o.review, a.budget, a.scope,
    a.unit, a."window", a.starts, a.ends, a.configured
  FROM override o JOIN account a ON a.id = o.account
  WHERE a.open AND o.limit_n IS NOT NULL
    AND o.no = (SELECT max(n.no) FROM override n WHERE n.account = o.account);

CREATE TYPE decision_change AS (raise_account bigint, raise_to bigint, edit_call text,
  edit_request bytea, edit_about text, edit_evidence text);

-- What is done before the agent goes on. Null: done. Else why nothing was.
CREATE FUNCTION prepare_change(decision_id text, r review, w decision_change, who text, why text,
  at bigint, of_task text, says text) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  told text[];
BEGIN
  IF w.raise_account IS NOT NULL THEN
    PERFORM 1 FROM account WHERE id = w.raise_account AND open FOR UPDATE;
    IF NOT FOUND THEN RETURN 'the window of its budget is over'; END IF;
  END IF;
  -- Not locked: while the store's row is, no parked call becomes another.
  IF w.edit_call IS NOT NULL THEN
    PERFORM 1 FROM parked p WHERE p.call_id = w.edit_call AND p.review = r.id
      AND p.state = 'parked';
    IF NOT FOUND THEN RETURN 'it has no such call parked'; END IF;
  END IF;
  IF says IS NOT NULL THEN
    told := CASE WHEN of_task IS NOT NULL THEN ARRAY[of_task] ELSE
      ARRAY(SELECT DISTINCT p.task FROM parked p WHERE p.review = r.id AND p.state = 'parked'
        ORDER BY p.task) END;
    IF cardinality(told) = 0 THEN RETURN 'no task of it waits: name the one to tell'; END IF;
    INSERT INTO agent_message (id, agent, task, text, said_by, at)
      SELECT decision_id, r.agent, t.task, says, who, prepare_change.at FROM unnest(told) t(task);
  END IF;
  IF w.raise_account IS NOT NULL THEN
    PERFORM put_override(decision_id, w.raise_account, w.raise_to, why, who, at, r.id);
  END IF;
  RETURN NULL;
END $$;

-- Once all calls that go on are locked, in their order.
CREATE FUNCTION edit_call(r review, w decision_change) RETURNS void LANGUAGE sql VOLATILE AS $$
  UPDATE parked SET request = w.edit_request, about = w.edit_about, edited = true
    WHERE call_id = w.edit_call;
  UPDATE review SET evidence = w.edit_evidence
    WHERE id = (r).id AND w.edit_evidence IS NOT NULL;
$$;
`;
