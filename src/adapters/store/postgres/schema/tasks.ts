/**
 * Functions on tasks. What counts tasks, or ends them with their descendants, is done for one agent
 * at a time, so that two gateways cannot pass a limit together; rows are locked in the order of
 * their ids.
 */

import { UNNAMED_MS } from "../../../../guards/task/unnamed.ts";

export const TASKS = `
CREATE FUNCTION lock_tasks_of(of_agent text) RETURNS void LANGUAGE sql VOLATILE AS $$
  SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || ' tasks ' || of_agent, 0))
$$;

-- Null: there is room. Else the limit that is reached, or 'no-parent'.
CREATE FUNCTION task_refusal(of_agent text, parent_depth integer, of_parent text, at bigint,
  is_unnamed boolean, per_hour bigint, alive_max bigint, depth_max bigint, children_max bigint)
RETURNS text LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  IF of_parent IS NOT NULL THEN
    IF parent_depth IS NULL THEN RETURN 'no-parent'; END IF;
    IF parent_depth + 1 > depth_max THEN RETURN 'depthMax'; END IF;
    IF (SELECT count(*) FROM task t WHERE t.agent = of_agent AND t.parent = of_parent
        AND t.ended_at IS NULL) >= children_max THEN
      RETURN 'childrenMax';
    END IF;
  END IF;
  IF (SELECT count(*) FROM task t WHERE t.agent = of_agent AND t.ended_at IS NULL) >= alive_max THEN
    RETURN 'aliveMax';
  END IF;
  IF NOT is_unnamed AND (SELECT count(*) FROM task t WHERE t.agent = of_agent AND NOT t.unnamed
      AND t.opened_at > at - 3600000) >= per_hour THEN
    RETURN 'newPerHour';
  END IF;
  RETURN NULL;
END $$;

CREATE FUNCTION open_task(of_agent text, task_id text, of_parent text, at bigint,
  is_unnamed boolean, per_hour bigint, alive_max bigint, depth_max bigint, children_max bigint,
  from_bundle text)
RETURNS TABLE (refusal text, made boolean, agent text, id text, parent text, depth integer,
  bundle text, opened_at bigint, last_seen_at bigint, ended_at bigint, outcome text)
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
  parent_depth integer;
  is_new boolean := false;
BEGIN
  IF NOT EXISTS (SELECT 1 FROM task t WHERE t.agent = of_agent AND t.id = task_id) THEN
    PERFORM lock_tasks_of(of_agent);
    IF NOT EXISTS (SELECT 1 FROM task t WHERE t.agent = of_agent AND t.id = task_id) THEN
      SELECT t.depth INTO parent_depth FROM task t
        WHERE t.agent = of_agent AND t.id = of_parent AND t.ended_at IS NULL;
      refusal := task_refusal(of_agent, parent_depth, of_parent, at, is_unnamed,
        per_hour, alive_max, depth_max, children_max);
      IF refusal IS NOT NULL THEN
        RETURN NEXT;
        RETURN;
      END IF;
      INSERT INTO task (agent, id, parent, depth, bundle, unnamed, opened_at, last_seen_at)
        VALUES (of_agent, task_id, of_parent, coalesce(parent_depth + 1, 0), from_bundle,
          is_unnamed, at, at);
      is_new := true;
    END IF;
  END IF;
  RETURN QUERY SELECT NULL::text, is_new, t.agent, t.id, t.parent, t.depth, t.bundle,
    t.opened_at, t.last_seen_at, t.ended_at, t.outcome
    FROM task t WHERE t.agent = of_agent AND t.id = task_id;
END $$;

CREATE FUNCTION end_task(of_agent text, task_id text, with_outcome text, at bigint)
RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  ending text[];
BEGIN
  PERFORM lock_tasks_of(of_agent);
  IF NOT EXISTS (SELECT 1 FROM task t WHERE t.agent = of_agent AND t.id = task_id
      AND t.ended_at IS NULL) THEN
    RETURN false;
  END IF;
  WITH RECURSIVE tree AS (
    SELECT t.id FROM task t WHERE t.agent = of_agent AND t.id = task_id
    UNION
    SELECT t.id FROM tree JOIN task t ON t.agent = of_agent AND t.parent = tree.id)
  SELECT array_agg(tree.id) INTO ending FROM tree;
  PERFORM 1 FROM task t WHERE t.agent = of_agent AND t.id = ANY(ending) AND t.ended_at IS NULL
    ORDER BY t.id FOR UPDATE;
  UPDATE task t SET ended_at = at, outcome = with_outcome
    WHERE t.agent = of_agent AND t.id = ANY(ending) AND t.ended_at IS NULL;
  RETURN true;
END $$;

CREATE FUNCTION touch_tasks(agents text[], ids text[], ats bigint[])
RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM 1 FROM unnest(agents, ids) AS u(a, i) JOIN task t ON t.agent = u.a AND t.id = u.i
    ORDER BY t.agent, t.id FOR UPDATE OF t;
  UPDATE task t SET last_seen_at = s.at
    FROM (SELECT u.a, u.i, max(u.t) AS at FROM unnest(agents, ids, ats) AS u(a, i, t)
          GROUP BY u.a, u.i) s
    WHERE t.agent = s.a AND t.id = s.i AND t.last_seen_at < s.at AND t.ended_at IS NULL;
END $$;

CREATE FUNCTION end_idle_tasks(of_agent text, before bigint, at bigint, at_most bigint)
RETURNS SETOF text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  idle text[];
BEGIN
  PERFORM lock_tasks_of(of_agent);
  idle := ARRAY(SELECT t.id FROM task t
    WHERE t.agent = of_agent AND t.ended_at IS NULL AND t.last_seen_at < before
      AND (NOT t.unnamed OR t.opened_at <= at - ${UNNAMED_MS})
    ORDER BY t.last_seen_at, t.id LIMIT at_most);
  PERFORM 1 FROM task t WHERE t.agent = of_agent AND t.id = ANY(idle) ORDER BY t.id FOR UPDATE;
  RETURN QUERY UPDATE task t SET ended_at = at, outcome = 'unknown'
    WHERE t.agent = of_agent AND t.id = ANY(idle) AND t.last_seen_at < before RETURNING t.id;
END $$;
`;
