/**
 * Functions on counters. The head is held to the commit, so that changes become visible in the
 * order of their numbers: who asks with the last number it was answered misses nothing.
 */
export const COUNTERS = `
CREATE FUNCTION merge_counts(h text, agents text[], servers text[], tools text[],
  whats text[], buckets bigint[], totals bigint[], after bigint, most integer)
RETURNS TABLE (seq bigint, head bigint, agent text, server text, tool text, what text,
  bucket bigint, total bigint)
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
  last bigint;
  until bigint;
BEGIN
  PERFORM 1 FROM holder WHERE id = h AND state = 'live' FOR KEY SHARE;
  IF NOT FOUND THEN RETURN; END IF;
  IF cardinality(totals) = 0 THEN
    SELECT c.seq INTO last FROM counter_head c;
  ELSE
    SELECT c.seq INTO last FROM counter_head c FOR UPDATE;
    INSERT INTO counter AS c (agent, server, tool, what, bucket, holder, total, changed)
      SELECT u.a, u.s, u.t, u.w, u.b, h, max(u.n), last + 1
      FROM unnest(agents, servers, tools, whats, buckets, totals) AS u(a, s, t, w, b, n)
      WHERE u.n > 0 GROUP BY u.a, u.s, u.t, u.w, u.b
      ON CONFLICT (agent, server, tool, what, bucket, holder) DO UPDATE
        SET total = excluded.total, changed = excluded.changed WHERE excluded.total > c.total;
    IF FOUND THEN
      last := last + 1;
      UPDATE counter_head SET seq = last;
    END IF;
  END IF;
  -- What changed in one message has one number, and is told in one answer.
  SELECT c.changed INTO until FROM counter c WHERE c.changed > after
    ORDER BY c.changed LIMIT 1 OFFSET most - 1;
  until := coalesce(until, last);
  RETURN QUERY SELECT until, last, s.* FROM (SELECT 1) one LEFT JOIN (
    SELECT c.agent, c.server, c.tool, c.what, c.bucket, sum(c.total)::bigint FROM counter c
    JOIN (SELECT DISTINCT n.agent, n.server, n.tool, n.what, n.bucket FROM counter n
          WHERE n.changed > after AND n.changed <= until) k
      USING (agent, server, tool, what, bucket)
    GROUP BY c.agent, c.server, c.tool, c.what, c.bucket) s ON true;
END $$;

CREATE FUNCTION share_counts(h text, agents text[], keys text[], kinds text[],
  amounts bigint[], ats bigint[], after bigint)
RETURNS TABLE (seq bigint, holder text, agent text, key text, kind text, value bigint, at bigint)
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
  head bigint;
BEGIN
  PERFORM 1 FROM holder WHERE id = h AND state = 'live' FOR KEY SHARE;
  IF NOT FOUND THEN RETURN; END IF;
  IF cardinality(keys) = 0 THEN
    SELECT c.seq INTO head FROM counter_head c;
  ELSE
    UPDATE counter_head c SET seq = c.seq + 1 RETURNING c.seq INTO head;
    INSERT INTO share AS s (holder, agent, key, kind, value, at, changed)
      SELECT h, u.a, u.k, u.i, u.v, u.t, head
      FROM unnest(agents, keys, kinds, amounts, ats) AS u(a, k, i, v, t)
      ON CONFLICT (holder, agent, key) DO UPDATE SET kind = excluded.kind,
        value = excluded.value, at = excluded.at, changed = excluded.changed;
  END IF;
  RETURN QUERY SELECT head, o.* FROM (SELECT 1) one LEFT JOIN (
    SELECT s.holder, s.agent, s.key, s.kind, s.value, s.at FROM share s
    WHERE s.changed > after AND s.holder <> h) o ON true;
END $$;

CREATE FUNCTION meet_tools(agents text[], servers text[], tools text[], now bigint)
RETURNS TABLE (agent text, server text, tool text, known bigint)
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
  u record;
  before bigint;
BEGIN
  FOR u IN SELECT * FROM unnest(agents, servers, tools) WITH ORDINALITY AS x(a, s, t, n)
    ORDER BY x.a, x.n LOOP
    CONTINUE WHEN EXISTS (SELECT 1 FROM tool_met m
      WHERE m.agent = u.a AND m.server = u.s AND m.tool = u.t);
    -- One at a time of an agent: two gateways that meet two tools count each other's. All lock
    -- agents in one order.
    PERFORM pg_advisory_xact_lock(hashtextextended('tool_met ' || u.a, 0));
    SELECT count(*) INTO before FROM tool_met m WHERE m.agent = u.a;
    INSERT INTO tool_met VALUES (u.a, u.s, u.t, now) ON CONFLICT DO NOTHING;
    IF FOUND THEN
      agent := u.a; server := u.s; tool := u.t; known := before;
      RETURN NEXT;
    END IF;
  END LOOP;
END $$;

-- Those of the hours between that are not there yet, of some agents; null: there are no more.
CREATE FUNCTION sum_hours(kind text, is_agent boolean, counted text, below text, left_out text,
  since bigint, til bigint, after text, most integer)
RETURNS text
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
  last text;
BEGIN
  SELECT max(a.agent) INTO last FROM (
    SELECT DISTINCT c.agent FROM counter c
    WHERE c.agent > after AND c.bucket >= since AND c.bucket < til ORDER BY c.agent LIMIT most) a;
  IF last IS NULL THEN RETURN NULL; END IF;
  INSERT INTO counter_hour (hour, agent, server, tool, signal, count, beside, minutes)
    SELECT b.hour, b.agent, b.server, b.tool, kind, b.n, b.m, (b.hour + 3600000 - b.begun) / 60000
      - (SELECT count(DISTINCT s.bucket) FROM counter s
         WHERE (s.agent, s.server, s.tool, s.what) = (b.agent, b.server, b.tool, left_out)
           AND s.bucket >= b.begun AND s.bucket < b.hour + 3600000)
    FROM (SELECT k.*, CASE WHEN EXISTS (SELECT 1 FROM counter_hour e
            WHERE (e.agent, e.server, e.tool, e.signal) = (k.agent, k.server, k.tool, kind)
              AND e.hour < k.hour)
          OR EXISTS (SELECT 1 FROM counter e
            WHERE (e.agent, e.server, e.tool) = (k.agent, k.server, k.tool)
              AND e.what IN (counted, below) AND e.bucket < k.hour)
          THEN k.hour ELSE k.first END AS begun
        FROM (SELECT c.bucket - c.bucket % 3600000 AS hour, c.agent, c.server, c.tool,
                coalesce(sum(c.total) FILTER (WHERE c.what = counted), 0) AS n,
                coalesce(sum(c.total) FILTER (WHERE c.what = below), 0) AS m,
                min(c.bucket) AS first
              FROM counter c
              WHERE c.agent > after AND c.agent <= last AND (c.tool = '') = is_agent
                AND c.bucket >= since AND c.bucket < til AND c.what IN (counted, below)
                AND NOT EXISTS (SELECT 1 FROM counter s
                  WHERE (s.agent, s.server, s.tool) = (c.agent, c.server, c.tool)
                    AND s.what = left_out AND s.bucket = c.bucket)
              GROUP BY 1, 2, 3, 4) k) b
    ORDER BY b.hour, b.agent, b.server, b.tool
    ON CONFLICT DO NOTHING;
  RETURN last;
END $$;
`;
