/** What people decide on reviews; see the lock order in clutch.ts. */
export const DECISIONS = `
-- The change that a decision will be; the store's row is locked.
CREATE FUNCTION next_change() RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT change_seq + 1 FROM store
$$;

-- Those that wait for their turn from before come first, then all that are parked.
CREATE FUNCTION resume_calls(r review, of_clutch boolean, pace bigint)
RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  ids text[];
  -- Read once: the clock goes on while the rows are written.
  moment bigint := now_ms();
BEGIN
  ids := ARRAY(SELECT p.call_id FROM parked p
    WHERE (p.review = r.id AND p.state = 'parked' AND NOT p.maybe_sent)
      OR (of_clutch AND p.agent = r.agent AND p.state = 'let_go'));
  PERFORM 1 FROM parked p WHERE p.call_id = ANY(ids) ORDER BY p.call_id FOR UPDATE;
  UPDATE parked p SET state = 'let_go', let_go_at = moment + turn.n * pace, seq = next_change()
    FROM (SELECT w.call_id,
        row_number() OVER (ORDER BY w.let_go_at IS NULL, w.let_go_at, w.no) - 1 AS n
      FROM parked w WHERE w.call_id = ANY(ids) AND w.state IN ('parked', 'let_go')) turn
    WHERE p.call_id = turn.call_id;
  UPDATE clutch SET state = 'engaged', review = NULL, since = NULL, task = NULL
    WHERE of_clutch AND agent = r.agent;
  UPDATE review SET state = 'closed', closed_at = now_ms() WHERE id = r.id;
END $$;

CREATE FUNCTION probe_task(r review, of_task text, at bigint)
RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM 1 FROM parked p WHERE p.review = r.id AND p.state = 'parked' AND p.task = of_task
    ORDER BY p.call_id FOR UPDATE;
  UPDATE parked p SET state = 'let_go', let_go_at = now_ms(), seq = next_change()
    WHERE p.review = r.id AND p.state = 'parked' AND p.task = of_task AND NOT p.maybe_sent;
  UPDATE clutch SET state = 'probing', since = at, task = of_task WHERE agent = r.agent;
END $$;

-- Of one call, or of a whole task.
CREATE FUNCTION deny_calls(r review, of_call text, of_task text, says text)
RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM 1 FROM parked p WHERE p.review = r.id AND p.state = 'parked'
      AND (p.call_id = of_call OR p.task = of_task)
    ORDER BY p.call_id FOR UPDATE;
  UPDATE parked p SET state = 'denied', message = says, finished_at = now_ms()
    WHERE p.review = r.id AND p.state = 'parked' AND (p.call_id = of_call OR p.task = of_task);
  RETURN FOUND;
END $$;

-- What became of a call that may have been sent: a parked one, or the claims of that name, of two
-- tasks only if one is named.
CREATE FUNCTION settle_unknown(r review, of_call text, of_task text, ran boolean, says text)
RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  tasks text[];
BEGIN
  UPDATE parked p SET claimed_by = NULL, maybe_sent = false,
      state = CASE WHEN ran THEN 'done' ELSE 'let_go' END,
      finished_at = CASE WHEN ran THEN now_ms() END,
      let_go_at = CASE WHEN ran THEN p.let_go_at ELSE now_ms() END,
      seq = next_change(), copied = CASE p.copied WHEN 'maybe' THEN 'settled' ELSE p.copied END,
      message = CASE WHEN ran THEN says ELSE p.message END
    WHERE p.call_id = of_call AND p.review = r.id
      AND (p.state = 'unknown' OR (p.state = 'parked' AND p.maybe_sent));
  IF FOUND THEN RETURN true; END IF;
  tasks := ARRAY(SELECT DISTINCT c.task FROM call_claim c WHERE c.review = r.id
    AND c.state = 'unknown' AND c.call_id = of_call AND c.task = coalesce(of_task, c.task));
  IF cardinality(tasks) <> 1 THEN RETURN false; END IF;
  IF ran THEN
    UPDATE call_claim c SET state = 'done', finished_at = now_ms() WHERE c.review = r.id
      AND c.state = 'unknown' AND c.call_id = of_call AND c.task = tasks[1];
  ELSE
    DELETE FROM call_claim c WHERE c.review = r.id
      AND c.state = 'unknown' AND c.call_id = of_call AND c.task = tasks[1];
  END IF;
  RETURN true;
END $$;

-- Null: it was done. Else why there is nothing to do it to.
CREATE FUNCTION apply_decision(decision_id text, r review, c clutch, verb text, who text, why text,
  of_task text, of_call text, says text, at bigint, pace bigint, w decision_change)
RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  waits boolean := c.state <> 'engaged' AND c.review = r.id;
  unfit text;
BEGIN
  unfit := CASE
    WHEN verb IN ('resume', 'change') AND r.kind = 'outcome_unknown'
      THEN 'its calls are decided one by one'
    WHEN verb = 'resume' AND r.kind = 'approval' THEN 'its call is approved or denied'
    WHEN verb = 'approve' AND r.kind <> 'approval' THEN 'it asks for no approval'
    WHEN verb = 'calm' AND (NOT waits OR c.state <> 'probing') THEN 'it is not probing'
    WHEN verb = 'probe' AND NOT waits THEN 'no clutch waits for it'
    WHEN verb IN ('probe', 'end') AND of_task IS NULL THEN 'it names no task' END;
  IF unfit IS NULL AND verb IN ('resume', 'change', 'approve', 'probe') THEN
    unfit := prepare_change(decision_id, r, w, who, why, at, of_task, says);
  END IF;
  IF unfit IS NOT NULL THEN RETURN unfit; END IF;
  CASE
    WHEN verb IN ('resume', 'change', 'approve', 'calm') THEN
      PERFORM resume_calls(r, waits, pace), edit_call(r, w);
    WHEN verb = 'probe' THEN
      PERFORM probe_task(r, of_task, at);
    WHEN verb = 'deny' THEN
      IF NOT deny_calls(r, of_call, NULL, says) THEN RETURN 'it has no such call parked'; END IF;
    WHEN verb = 'end' THEN
      PERFORM deny_calls(r, NULL, of_task, says);
    ELSE
      IF NOT settle_unknown(r, of_call, of_task, verb = 'ran', says) THEN
        RETURN 'it has no such call whose outcome is unknown, or more than one';
      END IF;
  END CASE;
  -- An approval is of one call, and decided with it.
  UPDATE review SET state = 'closed', closed_at = now_ms()
    WHERE id = r.id AND kind = 'approval' AND verb IN ('deny', 'end')
      AND NOT EXISTS (SELECT 1 FROM parked p WHERE p.review = r.id AND p.state = 'parked');
  -- A review of unknown outcomes ends with the last of them.
  UPDATE review SET state = 'closed', closed_at = now_ms()
    WHERE id = r.id AND kind = 'outcome_unknown'
      AND NOT EXISTS (SELECT 1 FROM parked p WHERE p.review = r.id
        AND (p.state = 'unknown' OR (p.state = 'parked' AND p.maybe_sent)))
      AND NOT EXISTS (SELECT 1 FROM call_claim k WHERE k.review = r.id AND k.state = 'unknown');
  RETURN NULL;
END $$;

CREATE FUNCTION decide(decision_id text, of_review text, seen bigint, verb text, decider text,
  why text, at bigint, of_task text, of_call text, says text, pace bigint, w decision_change,
  proposes text, proposal text)
RETURNS SETOF shown_review LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  r review%ROWTYPE;
  c clutch%ROWTYPE;
  known review_decision%ROWTYPE;
  nothing text;
  agreed boolean;
BEGIN
  PERFORM 1 FROM store FOR UPDATE;
  SELECT * INTO known FROM review_decision d WHERE d.id = decision_id;
  IF FOUND THEN
    RETURN QUERY SELECT * FROM shown_after(
      CASE WHEN known.proposed IS NULL THEN 'ok' ELSE 'proposed' END, NULL, known.review);
    RETURN;
  END IF;
  SELECT * INTO r FROM review v WHERE v.id = of_review;
  IF NOT FOUND THEN
    RETURN QUERY SELECT * FROM shown_after('nothing', 'there is no such review', NULL);
    RETURN;
  END IF;
  PERFORM make_clutch(r.agent);
  SELECT * INTO c FROM clutch k WHERE k.agent = r.agent FOR UPDATE;
  SELECT * INTO r FROM review v WHERE v.id = of_review FOR UPDATE;
  IF r.version <> seen THEN
    RETURN QUERY SELECT * FROM shown_after('conflict', NULL, r.id);
    RETURN;
  END IF;
  -- It takes one, or somebody else has just said the same.
  agreed := proposes IS NULL OR EXISTS (SELECT 1 FROM review_decision d WHERE d.review = r.id
    AND d.version = r.version AND d.proposed = proposes AND d.decided_by <> decider);
  nothing := CASE WHEN r.state = 'closed' THEN 'it is closed'
    WHEN agreed THEN apply_decision(decision_id, r, c, verb, decider, why, of_task, of_call,
      says, decide.at, pace, w) END;
  IF nothing IS NOT NULL THEN
    RETURN QUERY SELECT * FROM shown_after('nothing', nothing, r.id);
    RETURN;
  END IF;
  UPDATE review v SET version = v.version + 1 WHERE v.id = r.id;
  INSERT INTO review_decision (id, review, decision, decided_by, reason, at, task, call_id, message,
      proposed, sealed, version)
    VALUES (decision_id, r.id, CASE WHEN agreed THEN verb ELSE 'proposed' END, decider, why,
      decide.at, of_task, of_call, says, CASE WHEN NOT agreed THEN proposes END,
      CASE WHEN NOT agreed THEN proposal END, CASE WHEN NOT agreed THEN r.version + 1 END);
  PERFORM changed();
  RETURN QUERY SELECT * FROM shown_after(
    CASE WHEN agreed THEN 'ok' ELSE 'proposed' END, NULL, r.id);
END $$;
`;
