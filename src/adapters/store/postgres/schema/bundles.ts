/** Files of configurations: the one kept last has the highest number. */
export const BUNDLES = `
CREATE TABLE bundle (
  id text PRIMARY KEY,
  no bigint NOT NULL UNIQUE,
  source text,
  git_commit text,
  content bytea NOT NULL
);
CREATE INDEX bundle_source ON bundle (source, no);

CREATE FUNCTION keep_bundle(bundle_id text, from_source text, at_commit text, bytes bytea,
  most bigint) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  next bigint;
BEGIN
  LOCK TABLE bundle IN SHARE ROW EXCLUSIVE MODE;
  SELECT coalesce(max(no), 0) + 1 INTO next FROM bundle;
  INSERT INTO bundle AS b (id, no, source, git_commit, content)
    VALUES (bundle_id, next, from_source, at_commit, bytes)
    ON CONFLICT (id) DO UPDATE SET no = next, source = coalesce(from_source, b.source),
      git_commit = CASE WHEN from_source IS NULL THEN b.git_commit ELSE at_commit END;
  DELETE FROM bundle
    WHERE no NOT IN (SELECT n.no FROM bundle n ORDER BY n.no DESC LIMIT most)
      AND id NOT IN (SELECT split_part(s.configuration, '+', 1) FROM store s
        UNION SELECT split_part(h.configuration, '+', 1) FROM holder h WHERE h.state = 'live'
        UNION SELECT t.bundle FROM task t WHERE t.ended_at IS NULL);
END $$;
`;
