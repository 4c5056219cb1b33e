/**
 * Functions on keys and flags. Each change raises the store's number first, whose row lock makes
 * changes visible in the order of their numbers.
 */
export const REGISTRY = `
CREATE FUNCTION changed() RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  UPDATE store SET change_seq = change_seq + 1;
  PERFORM tell('changes');
END $$;

CREATE FUNCTION create_key(key_id text, hash text, kind text, agent text, task text, name text,
  role text, created_at bigint, expires_at bigint, revoked_at bigint)
RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM 1 FROM store FOR UPDATE;
  INSERT INTO key (id, hash, kind, agent, task, name, role, created_at, expires_at, revoked_at)
    VALUES (create_key.key_id, create_key.hash, create_key.kind, create_key.agent, create_key.task,
      create_key.name, create_key.role, create_key.created_at, create_key.expires_at,
      create_key.revoked_at)
    ON CONFLICT (id) DO NOTHING;
  IF FOUND THEN PERFORM changed(); END IF;
END $$;

CREATE FUNCTION revoke_key(key_id text, at bigint) RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM 1 FROM store FOR UPDATE;
  UPDATE key SET revoked_at = at WHERE id = key_id AND revoked_at IS NULL;
  IF NOT FOUND THEN RETURN false; END IF;
  PERFORM changed();
  RETURN true;
END $$;

CREATE FUNCTION raise_flag(of_provider text, of_model text, of_what text, from_at bigint,
  by_call text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM 1 FROM store FOR UPDATE;
  INSERT INTO flag (provider, model, what, since, call_id)
    VALUES (of_provider, of_model, of_what, from_at, by_call)
    ON CONFLICT (provider, model, what) DO NOTHING;
  IF FOUND THEN PERFORM changed(); END IF;
END $$;

CREATE FUNCTION clear_flag(of_provider text, of_model text)
RETURNS boolean LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  PERFORM 1 FROM store FOR UPDATE;
  DELETE FROM flag WHERE provider = of_provider AND model = of_model;
  IF NOT FOUND THEN RETURN false; END IF;
  PERFORM changed();
  RETURN true;
END $$;
`;
