/** What tasks said, where that is kept: tables and functions. */
export const TRANSCRIPTS = `
CREATE TABLE transcript (
  agent text NOT NULL,
  task text NOT NULL,
  seen_at bigint NOT NULL,
  dropped bigint NOT NULL DEFAULT 0,
  erased_at bigint,
  PRIMARY KEY (agent, task)
);
CREATE INDEX transcript_seen ON transcript (seen_at);

CREATE TABLE transcript_line (
  position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  agent text NOT NULL,
  task text NOT NULL,
  mark text NOT NULL,
  at bigint NOT NULL,
  bytes bigint NOT NULL,
  sealed bytea NOT NULL,
  UNIQUE (agent, task, mark)
);
CREATE INDEX transcript_line_task ON transcript_line (agent, task, position) INCLUDE (bytes);
CREATE INDEX transcript_line_at ON transcript_line (at);

CREATE FUNCTION write_transcript(of_agent text, of_task text, marks text[], ats bigint[],
  bodies text[], bytes_max bigint) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  t transcript;
  gone bigint;
BEGIN
  INSERT INTO transcript AS x (agent, task, seen_at)
    SELECT of_agent, of_task, max(a) FROM unnest(ats) AS u(a)
    ON CONFLICT (agent, task) DO UPDATE SET seen_at = greatest(x.seen_at, excluded.seen_at)
    RETURNING * INTO t;
  IF t.erased_at IS NOT NULL THEN RETURN; END IF;
  INSERT INTO transcript_line (agent, task, mark, at, bytes, sealed)
    SELECT of_agent, of_task, u.m, u.a, length(decode(u.b, 'base64')), decode(u.b, 'base64')
    FROM unnest(marks, ats, bodies) WITH ORDINALITY AS u(m, a, b, o) ORDER BY u.o
    ON CONFLICT (agent, task, mark) DO NOTHING;
  DELETE FROM transcript_line l WHERE l.agent = of_agent AND l.task = of_task
    AND l.position <= (SELECT max(s.position) FROM (
      SELECT i.position, sum(i.bytes) OVER (ORDER BY i.position DESC) AS total
      FROM transcript_line i WHERE i.agent = of_agent AND i.task = of_task) s
      WHERE s.total > bytes_max);
  GET DIAGNOSTICS gone = ROW_COUNT;
  UPDATE transcript x SET dropped = x.dropped + gone
    WHERE gone > 0 AND x.agent = of_agent AND x.task = of_task;
END $$;

CREATE FUNCTION erase_transcript(of_agent text, of_task text, at_ms bigint)
RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  gone bigint;
BEGIN
  INSERT INTO transcript AS x (agent, task, seen_at, erased_at)
    VALUES (of_agent, of_task, at_ms, at_ms)
    ON CONFLICT (agent, task) DO UPDATE SET seen_at = greatest(x.seen_at, excluded.seen_at),
      erased_at = coalesce(x.erased_at, excluded.erased_at);
  DELETE FROM transcript_line l WHERE l.agent = of_agent AND l.task = of_task;
  GET DIAGNOSTICS gone = ROW_COUNT;
  RETURN gone;
END $$;

CREATE FUNCTION prune_transcripts(before bigint, most bigint)
RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  old bigint[];
BEGIN
  SELECT coalesce(array_agg(o.position), '{}') INTO old FROM
    (SELECT l.position FROM transcript_line l WHERE l.at < before LIMIT most) o;
  -- In the order of every writer: the task's row, then its lines.
  PERFORM 1 FROM transcript x WHERE EXISTS (SELECT 1 FROM transcript_line l
    WHERE l.position = ANY(old) AND l.agent = x.agent AND l.task = x.task)
    ORDER BY x.agent, x.task FOR UPDATE;
  WITH gone AS (DELETE FROM transcript_line l WHERE l.position = ANY(old)
      RETURNING l.agent, l.task),
    counted AS (SELECT g.agent, g.task, count(*) AS n FROM gone g GROUP BY g.agent, g.task)
  UPDATE transcript x SET dropped = x.dropped + c.n FROM counted c
    WHERE x.agent = c.agent AND x.task = c.task;
  DELETE FROM transcript x WHERE x.seen_at < before AND NOT EXISTS (
    SELECT 1 FROM transcript_line l WHERE l.agent = x.agent AND l.task = x.task);
  RETURN cardinality(old);
END $$;
`;
