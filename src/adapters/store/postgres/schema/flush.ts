/**
 * The flush: settlements, journal entries and the anchor of one batch, in one transaction.
 *
 * The journal's head is the last lock and is held to the commit, so that positions become visible
 * in their order: a reader who goes on after the last position it saw misses nothing.
 */
export const FLUSH = `
CREATE FUNCTION flush(h text, calls text[], call_legs jsonb[], estimates boolean[],
  writers text[], nos bigint[], ats bigint[], kinds text[], decisions text[], agents text[], tasks text[], codes text[],
  bodies text[], hashes text[], anchor_writer text, anchor_no bigint, anchor_at bigint, anchor_heads text, anchor_mac text)
RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  st text;
  ids bigint[];
  found_n bigint;
  last_entry bigint;
  last_anchor bigint;
BEGIN
  SELECT state INTO st FROM holder WHERE id = h FOR KEY SHARE;
  IF st IS NULL OR st = 'closed' THEN RETURN 'closed'; END IF;

  ids := ARRAY(SELECT DISTINCT (leg->>0)::bigint FROM unnest(call_legs) AS l, jsonb_array_elements(l) AS leg ORDER BY 1);
  PERFORM 1 FROM account WHERE id = ANY(ids) ORDER BY id FOR UPDATE;
  GET DIAGNOSTICS found_n = ROW_COUNT;
  IF found_n < cardinality(ids) THEN RAISE EXCEPTION 'a settlement names an account that is not there'; END IF;
  INSERT INTO holder_flush AS f (holder, flush_no) VALUES (h, 1) ON CONFLICT (holder) DO UPDATE SET flush_no = f.flush_no + 1;
  IF cardinality(calls) > 0 THEN PERFORM settle(h, st, ids, calls, call_legs, estimates); END IF;

  IF cardinality(nos) = 0 AND anchor_no IS NULL THEN RETURN 'ok'; END IF;
  SELECT entries, anchors INTO last_entry, last_anchor FROM journal_head FOR UPDATE;
  INSERT INTO journal (position, writer, no, at, kind, decision, agent, task, code, body, hash)
    SELECT last_entry + u.n, u.w, u.o, u.t, u.k, u.d, u.a, u.s, u.c, u.b, u.x
    FROM unnest(writers, nos, ats, kinds, decisions, agents, tasks, codes, bodies, hashes)
      WITH ORDINALITY AS u(w, o, t, k, d, a, s, c, b, x, n) ORDER BY u.n
    ON CONFLICT (writer, no) DO NOTHING;
  IF anchor_no IS NOT NULL THEN
    INSERT INTO anchor (position, writer, no, at, heads, mac)
      VALUES (last_anchor + 1, anchor_writer, anchor_no, anchor_at, anchor_heads, anchor_mac)
      ON CONFLICT (writer, no) DO NOTHING;
  END IF;
  UPDATE journal_head SET entries = last_entry + cardinality(nos),
    anchors = last_anchor + CASE WHEN anchor_no IS NULL THEN 0 ELSE 1 END;
  RETURN 'ok';
END $$;
`;
