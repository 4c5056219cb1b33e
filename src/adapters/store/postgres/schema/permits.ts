/**
 * Functions on permits. A limit's row is locked before any of its permits and wants, limits by
 * ascending id: so whoever takes counts what there is, and two takers never pass it together.
 */
export const PERMITS = `
-- All that a holder owns of a limit, beside how many nobody does. A clock that was set back must
-- not make a permit older than it is.
CREATE FUNCTION take_permits(h text, of_agent text, of_server text, of_tool text, of_bounds text,
  requests bigint, most bigint)
RETURNS TABLE (unowned bigint, no bigint, number bigint, age_ms bigint)
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
  l bigint;
  made bigint;
  own bigint;
  free bigint;
  gifts bigint;
  others boolean;
BEGIN
  PERFORM 1 FROM holder WHERE id = h AND state = 'live' FOR KEY SHARE;
  IF NOT FOUND THEN RETURN; END IF;
  INSERT INTO call_limit (agent, server, tool, bounds)
    VALUES (of_agent, of_server, of_tool, of_bounds)
    ON CONFLICT (agent, server, tool, bounds) DO NOTHING;
  SELECT id INTO l FROM call_limit WHERE agent = of_agent AND server = of_server
    AND tool = of_tool AND bounds = of_bounds FOR UPDATE;
  SELECT count(*), count(*) FILTER (WHERE p.holder = h AND p.no < requests),
      coalesce(bool_or(p.holder <> h), false)
    INTO made, own, others FROM permit p WHERE p.call_limit = l;
  INSERT INTO permit (call_limit, no) SELECT l, n FROM generate_series(made, requests - 1) AS n;
  others := others
    OR EXISTS (SELECT 1 FROM permit_want w WHERE w.call_limit = l AND w.holder <> h);
  SELECT count(*) INTO free FROM permit p
    WHERE p.call_limit = l AND p.holder IS NULL AND p.no < requests;
  gifts := greatest(0, least(most, free,
    CASE WHEN others THEN (requests + 1) / 2 ELSE requests END - own));
  UPDATE permit p SET holder = h, number = p.number + 1
    WHERE p.call_limit = l AND p.no IN (
      SELECT f.no FROM permit f WHERE f.call_limit = l AND f.holder IS NULL AND f.no < requests
      ORDER BY f.last_use NULLS FIRST, f.no LIMIT gifts);
  DELETE FROM permit_want w WHERE w.call_limit = l AND w.holder = h;
  IF most > gifts THEN
    INSERT INTO permit_want (call_limit, holder, most) VALUES (l, h, most - gifts);
    PERFORM tell('wants');
  END IF;
  RETURN QUERY SELECT free - gifts, p.no, p.number, 
      CASE WHEN p.last_use IS NOT NULL THEN greatest(0, now_ms() - p.last_use) END
    FROM (SELECT 1) one LEFT JOIN permit p ON p.call_limit = l AND p.holder = h ORDER BY p.no;
END $$;

-- Owner and number must match. An idle time of null: it never was used.
CREATE FUNCTION give_permits(h text, agents text[], servers text[], tools text[], bounds_of text[],
  nos bigint[], numbers bigint[], idles bigint[]) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  given bigint[];
BEGIN
  PERFORM 1 FROM holder WHERE id = h AND state = 'live' FOR KEY SHARE;
  IF NOT FOUND THEN RETURN 'fenced'; END IF;
  PERFORM 1 FROM call_limit l WHERE EXISTS (
      SELECT 1 FROM unnest(agents, servers, tools, bounds_of) AS u(a, s, t, b)
      WHERE u.a = l.agent AND u.s = l.server AND u.t = l.tool AND u.b = l.bounds)
    ORDER BY l.id FOR UPDATE;
  WITH back AS (
    UPDATE permit p SET holder = NULL,
      last_use = CASE WHEN u.i IS NULL THEN p.last_use ELSE now_ms() - greatest(0, u.i) END
    FROM unnest(agents, servers, tools, bounds_of, nos, numbers, idles) AS u(a, s, t, b, n, m, i)
    JOIN call_limit l ON l.agent = u.a AND l.server = u.s AND l.tool = u.t AND l.bounds = u.b
    WHERE p.call_limit = l.id AND p.no = u.n AND p.number = u.m AND p.holder = h
    RETURNING p.call_limit)
  SELECT array_agg(DISTINCT call_limit) INTO given FROM back;
  IF given IS NULL THEN RETURN 'ok'; END IF;
  DELETE FROM permit_want WHERE call_limit = ANY(given) AND holder = h;
  PERFORM tell('room');
  RETURN 'ok';
END $$;

-- Of a holder that is gone, whose row is locked: used now, at the latest.
CREATE FUNCTION release_permits(h text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM 1 FROM call_limit l
    WHERE l.id IN (SELECT p.call_limit FROM permit p WHERE p.holder = h
      UNION SELECT w.call_limit FROM permit_want w WHERE w.holder = h)
    ORDER BY l.id FOR UPDATE;
  DELETE FROM permit_want WHERE holder = h;
  UPDATE permit SET holder = NULL, number = number + 1, last_use = now_ms() WHERE holder = h;
  IF FOUND THEN PERFORM tell('room'); END IF;
END $$;
`;
