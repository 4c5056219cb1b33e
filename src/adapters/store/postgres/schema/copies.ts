import {
  CALLS_SHOWN_MAX,
  CLOCKS_APART_MS,
  COPIES_SUBJECT,
  MAYBE_COPIED,
} from "../../../../guards/clutch/review.ts";

/**
 * Functions on parked calls that another gateway may have let through as well. A call that is
 * doubted opens a review, for which the store's row is locked before anything else; whoever has not
 * locked it leaves such a call as it is, and comes again with it.
 */
export const COPIES = `
-- Not finished, not claimed, not doubted; and whoever has it now, its first client has gone.
CREATE FUNCTION is_left(p parked) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT (p).was_left AND (p).state IN ('parked', 'let_go') AND NOT (p).maybe_sent
$$;

-- A gateway that has not caught up may have let it through, and has not said so yet.
CREATE FUNCTION is_awaited(p parked) RETURNS boolean LANGUAGE sql VOLATILE AS $$
  SELECT (p).was_left AND EXISTS (SELECT 1 FROM holder o
    WHERE o.state = 'live' AND o.id <> (p).parked_by AND o.caught_up < (p).seq)
$$;

-- Only a person can say whether these ran. The store's row and theirs are locked.
CREATE FUNCTION doubt_copies(ids text[]) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  of_agent text;
  stands text;
BEGIN
  FOR of_agent IN SELECT DISTINCT p.agent FROM parked p
      WHERE p.call_id = ANY(ids) AND p.copied = 'maybe' AND is_left(p) ORDER BY p.agent LOOP
    SELECT r.id INTO stands FROM review r WHERE r.kind = 'outcome_unknown'
      AND r.agent = of_agent AND r.subject = '${COPIES_SUBJECT}' AND r.state = 'open';
    IF NOT FOUND THEN
      INSERT INTO review (id, kind, agent, subject, reason, evidence, opened_at)
        SELECT 'unknown.' || min(c.call_id), 'outcome_unknown', of_agent, '${COPIES_SUBJECT}',
          '${MAYBE_COPIED}', json_build_object('calls', json_agg(
            json_build_object('task', c.task, 'call', c.call_id) ORDER BY c.n)
            FILTER (WHERE c.n <= ${CALLS_SHOWN_MAX}))::text, now_ms()
        FROM (SELECT p.task, p.call_id, row_number() OVER (ORDER BY p.call_id) AS n
          FROM parked p WHERE p.call_id = ANY(ids) AND p.agent = of_agent
            AND p.copied = 'maybe' AND is_left(p)) c
        RETURNING id INTO stands;
    END IF;
    UPDATE parked p SET state = 'parked', let_go_at = NULL, maybe_sent = true, review = stands
      WHERE p.call_id = ANY(ids) AND p.agent = of_agent AND p.copied = 'maybe' AND is_left(p);
    PERFORM changed();
  END LOOP;
END $$;

-- What a gateway let through before it knew of a change, beside what others have parked. Its own
-- row is written last: its heartbeats do not wait for what holds the calls.
CREATE FUNCTION catch_up(h text, change bigint, agents text[], keys text[], tasks text[],
  digests text[], ats bigint[]) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  ids text[];
BEGIN
  IF cardinality(agents) > 0 THEN PERFORM 1 FROM store FOR UPDATE; END IF;
  PERFORM 1 FROM holder WHERE id = h AND state = 'live' FOR KEY SHARE;
  IF NOT FOUND THEN RETURN; END IF;
  ids := ARRAY(SELECT DISTINCT p.call_id FROM parked p
    JOIN unnest(agents, keys, tasks, digests, ats) AS c(a, k, t, d, at)
      ON p.key = c.k AND p.task = c.t AND p.digest = c.d AND p.agent = c.a
        AND p.arrived_at <= c.at + ${CLOCKS_APART_MS}
    WHERE p.parked_by <> h AND p.state IN ('parked', 'let_go', 'claimed'));
  PERFORM 1 FROM parked p WHERE p.call_id = ANY(ids) ORDER BY p.call_id FOR UPDATE;
  UPDATE parked p SET copied = 'maybe' WHERE p.call_id = ANY(ids) AND p.copied = 'no'
    AND p.state IN ('parked', 'let_go', 'claimed');
  PERFORM doubt_copies(ids);
  UPDATE holder SET caught_up = greatest(caught_up, change) WHERE id = h;
END $$;

-- True: one of them may be a copy, and is to be asked for again with the store's row locked.
CREATE FUNCTION detach(h text, calls text[], with_store boolean)
RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  IF with_store THEN PERFORM 1 FROM store FOR UPDATE; END IF;
  -- All that are named: of those that are its own, one more could be there at the second look.
  PERFORM 1 FROM parked p WHERE p.call_id = ANY(calls) ORDER BY p.call_id FOR UPDATE;
  UPDATE parked p SET attached = NULL, was_left = true
    WHERE p.call_id = ANY(calls) AND p.attached = h AND (with_store OR p.copied <> 'maybe');
  IF with_store THEN PERFORM doubt_copies(calls); END IF;
  RETURN EXISTS (SELECT 1 FROM parked p WHERE p.call_id = ANY(calls) AND p.attached = h);
END $$;
`;
