/**
 * Functions on clutches and reviews. What opens or decides a review locks the store's row before
 * anything else, so that changes become visible in the order of their numbers; then the clutch, the
 * review, and calls by ascending id. A call that is parked or claimed meanwhile has a share of its
 * clutch or review, and is before all of this or after it.
 */
export const CLUTCH = `
-- An agent's clutch has a row from the first look at it on, so that there is one to lock.
CREATE FUNCTION make_clutch(of_agent text) RETURNS void LANGUAGE sql VOLATILE AS $$
  INSERT INTO clutch (agent) VALUES (of_agent) ON CONFLICT (agent) DO NOTHING
$$;

CREATE FUNCTION passes(c clutch, of_task text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT (c).state = 'engaged' OR ((c).state = 'probing' AND (c).task = of_task)
$$;

CREATE FUNCTION known_review(asked text) RETURNS text LANGUAGE sql VOLATILE AS $$
  SELECT id FROM review WHERE id = asked
  UNION ALL SELECT review FROM review_merged WHERE id = asked
$$;

CREATE FUNCTION insert_review(review_id text, of_kind text, of_agent text, of_subject text,
  because text, with_evidence text, at bigint) RETURNS void LANGUAGE sql VOLATILE AS $$
  INSERT INTO review (id, kind, agent, subject, reason, evidence, opened_at)
    VALUES (review_id, of_kind, of_agent, of_subject, because, with_evidence, at)
$$;

-- Both answer the id of the review that stands.
CREATE FUNCTION open_review(asked text, of_kind text, of_agent text, of_subject text,
  because text, with_evidence text, at bigint) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  stands text;
BEGIN
  PERFORM 1 FROM store FOR UPDATE;
  stands := known_review(asked);
  IF stands IS NOT NULL THEN RETURN stands; END IF;
  SELECT id INTO stands FROM review
    WHERE kind = of_kind AND agent = of_agent AND subject = of_subject AND state = 'open';
  IF stands IS NULL THEN
    PERFORM insert_review(asked, of_kind, of_agent, of_subject, because, with_evidence, at);
    RETURN asked;
  END IF;
  INSERT INTO review_merged (id, review) VALUES (asked, stands);
  RETURN stands;
END $$;

CREATE FUNCTION trip(asked text, of_kind text, of_agent text, of_subject text,
  because text, with_evidence text, at bigint) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  c clutch%ROWTYPE;
  stands text;
BEGIN
  PERFORM 1 FROM store FOR UPDATE;
  stands := known_review(asked);
  IF stands IS NOT NULL THEN RETURN stands; END IF;
  PERFORM make_clutch(of_agent);
  SELECT * INTO c FROM clutch WHERE agent = of_agent FOR UPDATE;
  stands := c.review;
  IF c.state = 'engaged' THEN
    SELECT id INTO stands FROM review
      WHERE kind = of_kind AND agent = of_agent AND subject = of_subject AND state = 'open';
  END IF;
  IF stands IS NULL THEN
    PERFORM insert_review(asked, of_kind, of_agent, of_subject, because, with_evidence, at);
  ELSE
    INSERT INTO review_merged (id, review, reason) VALUES (asked, stands, because);
    IF c.state = 'disengaged' THEN RETURN stands; END IF;
    -- Who decides on what was seen of the probe decides on something else now.
    UPDATE review SET version = version + 1 WHERE id = stands AND c.state = 'probing';
  END IF;
  UPDATE clutch SET state = 'disengaged', review = coalesce(stands, asked), since = at, task = NULL
    WHERE agent = of_agent;
  PERFORM changed();
  RETURN coalesce(stands, asked);
END $$;

-- A review as people see it, in one statement: nobody sees half of a decision.
CREATE TYPE shown_review AS (answer text, because text, id text, kind text, agent text,
  subject text, reason text, evidence text, opened_at bigint, version bigint, state text,
  parked bigint, reasons text[], verbs text[], bys text[], becauses text[], ats bigint[],
  tasks text[], calls text[], messages text[], ids text[], proposed text[], sealed text[],
  versions bigint[]);

CREATE FUNCTION shown(answer text, because text, r review)
RETURNS SETOF shown_review LANGUAGE sql STABLE AS $$
  SELECT answer, because, (r).id, (r).kind, (r).agent, (r).subject, (r).reason, (r).evidence,
    (r).opened_at, (r).version, (r).state,
    (SELECT count(*) FROM parked p WHERE p.review = (r).id AND p.state = 'parked'),
    (SELECT array_agg(m.reason ORDER BY m.no) FROM review_merged m
      WHERE m.review = (r).id AND m.reason IS NOT NULL),
    d.*
  FROM (SELECT array_agg(v.decision ORDER BY v.no), array_agg(v.decided_by ORDER BY v.no),
      array_agg(v.reason ORDER BY v.no), array_agg(v.at ORDER BY v.no),
      array_agg(v.task ORDER BY v.no), array_agg(v.call_id ORDER BY v.no),
      array_agg(v.message ORDER BY v.no), array_agg(v.id ORDER BY v.no),
      array_agg(v.proposed ORDER BY v.no), array_agg(v.sealed ORDER BY v.no),
      array_agg(v.version ORDER BY v.no)
    FROM review_decision v WHERE v.review = (r).id) d
$$;

-- A review after it was opened, tripped or decided on; without one the answer alone.
CREATE FUNCTION shown_after(answer text, because text, review_id text)
RETURNS SETOF shown_review LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  r review%ROWTYPE;
BEGIN
  SELECT * INTO r FROM review v WHERE v.id = review_id;
  RETURN QUERY SELECT * FROM shown(answer, because, r);
END $$;
`;
