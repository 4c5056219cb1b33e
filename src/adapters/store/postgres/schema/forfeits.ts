/** Functions on forfeits: which there are, and the one that gives some of them back. */
export const FORFEITS = `
CREATE FUNCTION forfeits(h text, of_budget text, of_scope text, of_unit text, above bigint,
  at_most bigint)
RETURNS TABLE (holder json, account bigint, budget text, scope text, unit text, starts bigint,
  ends bigint, amount bigint) LANGUAGE sql STABLE AS $$
  SELECT listed(o), a.id, a.budget, a.scope, a.unit, a.starts, a.ends, s.forfeit
  FROM holder o JOIN slice s ON s.holder = o.id AND s.forfeit > above
  JOIN account a ON a.id = s.account AND a.open
  WHERE o.state = 'fenced' AND (h IS NULL OR o.id = h)
    AND (of_budget IS NULL OR a.budget = of_budget) AND (of_scope IS NULL OR a.scope = of_scope)
    AND (of_unit IS NULL OR a.unit = of_unit)
  ORDER BY o.fenced_at DESC, o.no DESC, a.id LIMIT at_most
$$;

CREATE VIEW released AS
  SELECT r.no, r.id, r.holder, r.account, a.budget, a.scope, a.unit, r.amount, r.billed, r.evidence,
    r.operator, r.reason, r.at
  FROM release r JOIN account a ON a.id = r.account;

-- Which forfeits are above what was billed is asked again under the locks of their accounts: a late
-- settlement may have taken some of them meanwhile.
CREATE FUNCTION lower_forfeits(release_id text, h text, of_budget text, of_scope text,
  of_unit text, billed_n bigint, proof text, by_operator text, because text, at_most bigint)
RETURNS text LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  ids bigint[];
BEGIN
  PERFORM pg_advisory_xact_lock(
    hashtextextended(current_schema() || ' release ' || release_id, 0));
  IF EXISTS (SELECT 1 FROM release WHERE id = release_id) THEN RETURN 'already'; END IF;
  PERFORM 1 FROM holder WHERE id = h AND state = 'fenced' FOR KEY SHARE;
  IF NOT FOUND THEN RETURN 'fence'; END IF;
  ids := ARRAY(SELECT f.account FROM forfeits(h, of_budget, of_scope, of_unit, billed_n, at_most) f);
  PERFORM 1 FROM account WHERE id = ANY(ids) ORDER BY id FOR UPDATE;
  INSERT INTO release (id, holder, account, amount, billed, evidence, operator, reason, at)
    SELECT release_id, h, s.account, s.forfeit - billed_n, billed_n, proof, by_operator, because,
      now_ms()
    FROM slice s WHERE s.holder = h AND s.account = ANY(ids) AND s.forfeit > billed_n
    ORDER BY s.account;
  IF NOT FOUND THEN RETURN 'nothing'; END IF;
  UPDATE slice s SET forfeit = s.forfeit - r.amount FROM release r
    WHERE r.id = release_id AND s.holder = h AND s.account = r.account;
  UPDATE account a SET forfeited = a.forfeited - r.amount FROM release r
    WHERE r.id = release_id AND a.id = r.account;
  PERFORM tell('room');
  RETURN 'released';
END $$;

-- What was done, and its rows: of a release that is repeated those of the first time.
CREATE FUNCTION release_forfeits(release_id text, h text, of_budget text, of_scope text,
  of_unit text, billed_n bigint, proof text, by_operator text, because text, at_most bigint)
RETURNS TABLE (kind text, no bigint, id text, holder text, account bigint, budget text,
  scope text, unit text, amount bigint, billed bigint, evidence text, operator text, reason text, at bigint)
LANGUAGE plpgsql VOLATILE AS $$
#variable_conflict use_column
DECLARE
  done text;
BEGIN
  done := lower_forfeits(
    release_id, h, of_budget, of_scope, of_unit, billed_n, proof, by_operator, because, at_most);
  RETURN QUERY SELECT done, r.* FROM (SELECT 1) AS one
    LEFT JOIN released r ON r.id = release_id ORDER BY r.no DESC LIMIT at_most;
END $$;
`;
