/** Functions on outcomes that were reported at another gateway than the one that decided. */
export const OUTCOMES = `
CREATE FUNCTION put_outcome(of_id text, id_begins text, of_body bytea)
RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  h text;
BEGIN
  SELECT o.id INTO h FROM holder o
    WHERE o.state = 'live' AND left(o.id, length(id_begins)) = id_begins LIMIT 1;
  IF NOT FOUND THEN RETURN false; END IF;
  INSERT INTO outcome (id, holder, at, body) VALUES (of_id, h, now_ms(), of_body)
    ON CONFLICT (id) DO NOTHING;
  PERFORM tell('outcomes');
  RETURN true;
END $$;

CREATE FUNCTION answer_outcomes(h text, ids text[], answers text[])
RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  UPDATE outcome o SET answer = u.a, body = NULL FROM unnest(ids, answers) AS u(i, a)
    WHERE o.id = u.i AND o.holder = h AND o.answer IS NULL;
  PERFORM tell('outcomes');
END $$;
`;
