/**
 * Functions that move money. Each is called once, on autocommit, so no lock is ever held across a
 * round trip: a stopped gateway would hold it for all.
 *
 * Lock order, everywhere: store, holder, clutch, review, the places of an agent's tool, commitments
 * by ascending number, accounts by ascending id, then the
 * holder's done number, slices, settlements, recalls, limits by ascending id with their permits,
 * the lock on an agent's parked calls, those by ascending id, claims, and the heads of counters
 * and journal last. Slices and settlements are only reached under their account's lock. The
 * functions are VOLATILE: every statement in them sees a new snapshot, so what is read after a
 * lock was waited for is current.
 */
export const MONEY = `
-- Accounts that are missing are made in sorted order, so that two callers wait in one direction.
-- For windows a lock on (budget, scope, unit, kind) comes first: else an older and a later window
-- made at the same moment would not see each other, and both stay open.
CREATE FUNCTION open_accounts(budgets text[], scopes text[], units text[], kinds text[],
  starts_at bigint[], ends_at bigint[], limits bigint[])
RETURNS SETOF account LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  older bigint[];
BEGIN
  IF EXISTS (SELECT 1 FROM unnest(budgets, scopes, units, kinds, starts_at) AS u(b, s, c, k, t)
      LEFT JOIN account a ON a.budget = u.b AND a.scope = u.s AND a.unit = u.c
        AND a."window" = u.k AND a.starts = u.t
      WHERE a.id IS NULL) THEN
    PERFORM pg_advisory_xact_lock(k.key) FROM (
      SELECT DISTINCT hashtextextended(current_schema()
        || ' window ' || u.k || ' ' || u.c || ' ' || u.b || ' ' || u.s, 0) AS key
      FROM unnest(budgets, scopes, units, kinds, ends_at) AS u(b, s, c, k, e)
      WHERE u.e IS NOT NULL ORDER BY 1) k;
    INSERT INTO account (budget, scope, unit, "window", starts, ends, limit_n, configured)
      SELECT u.b, u.s, u.c, u.k, u.t, u.e, u.l, u.l
      FROM unnest(budgets, scopes, units, kinds, starts_at, ends_at, limits)
        AS u(b, s, c, k, t, e, l)
      ORDER BY u.b, u.s, u.c, u.k, u.t
      ON CONFLICT (budget, scope, unit, "window", starts) DO NOTHING;
    older := ARRAY(
      SELECT DISTINCT a.id FROM unnest(budgets, scopes, units, kinds) AS u(b, s, c, k)
      JOIN account a ON a.budget = u.b AND a.scope = u.s AND a.unit = u.c
        AND a."window" = u.k AND a.open
      WHERE EXISTS (SELECT 1 FROM account l WHERE l.budget = a.budget AND l.scope = a.scope
        AND l.unit = a.unit AND l."window" = a."window" AND l.starts > a.starts));
    PERFORM 1 FROM account a WHERE a.id = ANY(older) ORDER BY a.id FOR UPDATE;
    UPDATE account SET open = false WHERE id = ANY(older);
  END IF;
  RETURN QUERY SELECT a.*
    FROM unnest(budgets, scopes, units, kinds, starts_at) WITH ORDINALITY AS u(b, s, c, k, t, n)
    JOIN account a ON a.budget = u.b AND a.scope = u.s AND a.unit = u.c
      AND a."window" = u.k AND a.starts = u.t
    ORDER BY u.n;
END $$;

-- Raises the number that every answer to this holder carries.
CREATE FUNCTION done(h text) RETURNS bigint LANGUAGE sql VOLATILE AS $$
  INSERT INTO holder_done AS d (holder, done_no) VALUES (h, 1)
    ON CONFLICT (holder) DO UPDATE SET done_no = d.done_no + 1 RETURNING done_no
$$;

-- FOR KEY SHARE holds off a fence and not a heartbeat. Targets are totals: a repeat does nothing.
CREATE FUNCTION lease(h text, ids bigint[], least_n bigint[], most_n bigint[])
RETURNS TABLE (kind text, granted bigint, id bigint, budget text, scope text, unit text,
  "window" text, starts bigint, ends bigint, limit_n bigint, spent bigint, leased bigint, forfeited bigint,
  committed bigint, open boolean, done_no bigint)
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
BEGIN
  PERFORM 1 FROM holder WHERE id = h AND state = 'live' FOR KEY SHARE;
  IF NOT FOUND THEN
    kind := 'fenced';
    RETURN NEXT;
    RETURN;
  END IF;
  PERFORM 1 FROM account WHERE id = ANY(ids) ORDER BY id FOR UPDATE;
  RETURN QUERY
  WITH plan AS (
    SELECT a.*, w.n AS place, coalesce(s.granted, 0) AS had,
      greatest(w.least_n - coalesce(s.granted, 0), 0) AS need,
      greatest(w.most_n - coalesce(s.granted, 0), 0) AS more,
      a.limit_n - a.spent - a.leased - a.forfeited - a.committed AS room
    FROM unnest(ids, least_n, most_n) WITH ORDINALITY AS w(account, least_n, most_n, n)
    JOIN account a ON a.id = w.account
    LEFT JOIN slice s ON s.holder = h AND s.account = w.account),
  fits AS (
    SELECT coalesce(bool_and(p.need = 0 OR (p.open AND p.need <= p.room)), true)
      AND count(*) = cardinality(ids) AS ok FROM plan p),
  give AS (
    SELECT p.id AS account, least(p.more, p.room) AS n FROM plan p, fits f
    WHERE f.ok AND p.open AND least(p.more, p.room) > 0),
  put AS (
    INSERT INTO slice AS s (holder, account, granted) SELECT h, g.account, g.n FROM give g
    ON CONFLICT (holder, account) DO UPDATE SET granted = s.granted + excluded.granted),
  charge AS (
    UPDATE account a SET leased = a.leased + g.n FROM give g WHERE a.id = g.account),
  doing AS (
    INSERT INTO holder_done AS d (holder, done_no) SELECT h, 1 FROM fits f WHERE f.ok
    ON CONFLICT (holder) DO UPDATE SET done_no = d.done_no + 1 RETURNING d.done_no)
  SELECT CASE WHEN f.ok THEN 'ok' ELSE 'short' END, p.had + coalesce(g.n, 0), p.id, p.budget,
    p.scope, p.unit, p."window", p.starts, p.ends, p.limit_n, p.spent, p.leased + coalesce(g.n, 0),
    p.forfeited, p.committed, p.open, coalesce((SELECT done_no FROM doing),
      (SELECT d.done_no FROM holder_done d WHERE d.holder = h), 0)
  FROM fits f LEFT JOIN plan p ON true LEFT JOIN give g ON g.account = p.id ORDER BY p.place;
END $$;

-- Answers what was done for the holder; null: it is fenced.
CREATE FUNCTION give_back(h text, ids bigint[], totals bigint[])
RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM 1 FROM holder WHERE id = h AND state = 'live' FOR KEY SHARE;
  IF NOT FOUND THEN RETURN NULL; END IF;
  PERFORM 1 FROM account WHERE id = ANY(ids) ORDER BY id FOR UPDATE;
  WITH more AS (
    SELECT s.account, max(w.total) - max(s.returned) AS n
    FROM unnest(ids, totals) AS w(account, total)
    JOIN slice s ON s.holder = h AND s.account = w.account
    GROUP BY s.account HAVING max(w.total) > max(s.returned)),
  back AS (
    UPDATE slice s SET returned = s.returned + m.n FROM more m
    WHERE s.holder = h AND s.account = m.account)
  UPDATE account a SET leased = a.leased - m.n FROM more m WHERE a.id = m.account;
  IF FOUND THEN PERFORM tell('room'); END IF;
  RETURN done(h);
END $$;

CREATE FUNCTION want(h text, ids bigint[], amounts bigint[])
RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM 1 FROM holder WHERE id = h AND state = 'live' FOR KEY SHARE;
  IF NOT FOUND THEN RETURN; END IF;
  PERFORM 1 FROM want WHERE holder = h ORDER BY account FOR UPDATE;
  DELETE FROM want WHERE holder = h;
  INSERT INTO want (holder, account, amount)
    SELECT h, u.i, max(u.n) FROM unnest(ids, amounts) AS u(i, n)
    WHERE u.n > 0 GROUP BY u.i ORDER BY u.i
    ON CONFLICT (holder, account) DO UPDATE SET amount = excluded.amount;
  PERFORM tell('wants');
END $$;

CREATE FUNCTION edit_limit(of_budget text, of_unit text, of_kind text, limit_to bigint,
  of_configuration text)
RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  in_force text;
BEGIN
  SELECT configuration INTO in_force FROM store FOR UPDATE;
  IF of_configuration IS DISTINCT FROM in_force AND of_configuration IS NOT NULL THEN
    RETURN;
  END IF;
  PERFORM 1 FROM account
    WHERE budget = of_budget AND unit = of_unit AND "window" = of_kind AND open
    ORDER BY id FOR UPDATE;
  UPDATE account SET configured = limit_to, limit_n = greatest(limit_to, raised)
    WHERE budget = of_budget AND unit = of_unit AND "window" = of_kind AND open
      AND configured <> limit_to;
  IF NOT FOUND THEN RETURN; END IF;
  UPDATE store SET change_seq = change_seq + 1;
  PERFORM tell('changes'), tell('room');
END $$;

CREATE FUNCTION close_scope(budgets text[], of_scope text)
RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM 1 FROM account WHERE scope = of_scope AND budget = ANY(budgets) AND open
    ORDER BY id FOR UPDATE;
  UPDATE account SET open = false WHERE scope = of_scope AND budget = ANY(budgets) AND open;
END $$;
`;
