import { NOTICE_LEASE_MS } from "../../../../ports/notices.ts";

/**
 * What people are to be told, and which gateway tells it. Notifiers are locked by ascending name
 * and before any of their notices.
 */
export const NOTICES = `
CREATE TABLE notice (
  notifier text NOT NULL,
  subject text NOT NULL,
  no bigint GENERATED ALWAYS AS IDENTITY,
  review text NOT NULL,
  body text NOT NULL,
  at bigint NOT NULL,
  state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sent', 'given_up')),
  attempts bigint NOT NULL DEFAULT 0,
  next_at bigint NOT NULL,
  finished_at bigint,
  failed_at bigint,
  error text,
  PRIMARY KEY (notifier, subject)
);
CREATE INDEX notice_due ON notice (notifier, next_at, no) WHERE state = 'pending';
CREATE INDEX notice_at ON notice (at);

CREATE TABLE notifier (
  name text PRIMARY KEY,
  holder text NOT NULL,
  number bigint NOT NULL,
  claimed_at bigint NOT NULL,
  paused_until bigint NOT NULL DEFAULT 0
);

CREATE FUNCTION tell_notices(notifiers text[], subjects text[], reviews text[], bodies text[],
  told_of text, up_to bigint) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  INSERT INTO notice (notifier, subject, review, body, at, next_at)
    SELECT u.n, u.s, u.r, u.b, now_ms(), now_ms()
    FROM unnest(notifiers, subjects, reviews, bodies) WITH ORDINALITY AS u(n, s, r, b, i)
    ORDER BY u.n, u.s, u.i ON CONFLICT (notifier, subject) DO NOTHING;
  UPDATE review SET told = up_to WHERE id = told_of AND told < up_to;
END $$;

-- No row: the holder is not live. One of nulls: nothing is due.
CREATE FUNCTION claim_notices(h text, notifiers text[], most bigint)
RETURNS TABLE (notifier text, number bigint, subject text, review text, body text, at bigint,
  attempts bigint) LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
  one text;
  leased bigint;
BEGIN
  PERFORM 1 FROM holder WHERE id = h AND state = 'live' FOR KEY SHARE;
  IF NOT FOUND THEN RETURN; END IF;
  RETURN QUERY SELECT NULL::text, NULL::bigint, NULL::text, NULL::text, NULL::text, NULL::bigint,
    NULL::bigint;
  FOR one IN SELECT DISTINCT u.n FROM unnest(notifiers) AS u(n)
    WHERE EXISTS (SELECT 1 FROM notice d
      WHERE d.notifier = u.n AND d.state = 'pending' AND d.next_at <= now_ms()) ORDER BY u.n
  LOOP
    leased := NULL;
    INSERT INTO notifier AS l (name, holder, number, claimed_at) VALUES (one, h, 1, now_ms())
      ON CONFLICT (name) DO UPDATE
        SET number = l.number + (l.holder <> excluded.holder)::int, holder = excluded.holder,
          claimed_at = excluded.claimed_at
        WHERE l.paused_until <= excluded.claimed_at AND (l.holder = excluded.holder
          OR l.claimed_at <= excluded.claimed_at - ${NOTICE_LEASE_MS}
          OR NOT EXISTS (SELECT 1 FROM holder o WHERE o.id = l.holder AND o.state = 'live'))
      RETURNING l.number INTO leased;
    CONTINUE WHEN leased IS NULL;
    RETURN QUERY SELECT d.notifier, leased, d.subject, d.review, d.body, d.at, d.attempts
      FROM notice d WHERE d.notifier = one AND d.state = 'pending' AND d.next_at <= now_ms()
      ORDER BY d.next_at, d.no LIMIT most;
  END LOOP;
END $$;

CREATE FUNCTION settle_notices(of_notifier text, of_number bigint, subjects text[], became text,
  because text, after_ms bigint, pause_ms bigint) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  UPDATE notifier SET paused_until = greatest(paused_until,
      CASE WHEN pause_ms > 0 THEN now_ms() + pause_ms ELSE 0 END)
    WHERE name = of_notifier AND number = of_number;
  IF NOT FOUND THEN RETURN false; END IF;
  UPDATE notice SET state = became, attempts = attempts + 1, next_at = now_ms() + after_ms,
      finished_at = CASE WHEN became <> 'pending' THEN now_ms() END,
      failed_at = CASE WHEN because IS NULL THEN failed_at ELSE now_ms() END,
      error = coalesce(because, error)
    WHERE notifier = of_notifier AND state = 'pending' AND subject = ANY(subjects);
  RETURN true;
END $$;
`;
