/**
 * Functions on counters. The head is held to the commit, so that changes become visible in the
 * order of their numbers: who asks with the last number it was answered misses nothing.
 */
export const COUNTERS = `
CREATE FUNCTION merge_counts(h text, agents text[], servers text[], tools text[],
  buckets bigint[], totals bigint[], after bigint)
RETURNS TABLE (seq bigint, agent text, server text, tool text, bucket bigint, total bigint)
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
  head bigint;
BEGIN
  PERFORM 1 FROM holder WHERE id = h AND state = 'live' FOR KEY SHARE;
  IF NOT FOUND THEN RETURN; END IF;
  IF cardinality(totals) = 0 THEN
    SELECT c.seq INTO head FROM counter_head c;
  ELSE
    SELECT c.seq INTO head FROM counter_head c FOR UPDATE;
    INSERT INTO counter AS c (agent, server, tool, bucket, holder, total, changed)
      SELECT u.a, u.s, u.t, u.b, h, max(u.n), head + 1
      FROM unnest(agents, servers, tools, buckets, totals) AS u(a, s, t, b, n)
      WHERE u.n > 0 GROUP BY u.a, u.s, u.t, u.b
      ON CONFLICT (agent, server, tool, bucket, holder) DO UPDATE
        SET total = excluded.total, changed = excluded.changed WHERE excluded.total > c.total;
    IF FOUND THEN
      head := head + 1;
      UPDATE counter_head SET seq = head;
    END IF;
  END IF;
  RETURN QUERY SELECT head, s.* FROM (SELECT 1) one LEFT JOIN (
    SELECT c.agent, c.server, c.tool, c.bucket, sum(c.total)::bigint FROM counter c
    JOIN (SELECT DISTINCT n.agent, n.server, n.tool, n.bucket FROM counter n
          WHERE n.changed > after) k USING (agent, server, tool, bucket)
    GROUP BY c.agent, c.server, c.tool, c.bucket) s ON true;
END $$;
`;
