/**
 * Tables of schema version 1.
 *
 * Rows that change often leave room on their page (`fillfactor`), so that an update stays on it and
 * touches no index. Checks repeat the invariants of the books: a wrong number aborts the
 * transaction instead of becoming money.
 */
export const TABLES = `
CREATE TABLE store (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  generation text NOT NULL DEFAULT replace(gen_random_uuid()::text, '-', ''),
  change_seq bigint NOT NULL DEFAULT 0,
  configuration text NOT NULL DEFAULT '',
  key_id text
);
INSERT INTO store DEFAULT VALUES;

CREATE TABLE account (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  budget text NOT NULL,
  scope text NOT NULL,
  unit text NOT NULL,
  "window" text NOT NULL,
  starts bigint NOT NULL,
  ends bigint,
  limit_n bigint NOT NULL,
  configured bigint NOT NULL,
  raised bigint,
  spent bigint NOT NULL DEFAULT 0 CHECK (spent >= 0),
  leased bigint NOT NULL DEFAULT 0 CHECK (leased >= 0),
  forfeited bigint NOT NULL DEFAULT 0 CHECK (forfeited >= 0),
  committed bigint NOT NULL DEFAULT 0 CHECK (committed >= 0),
  open boolean NOT NULL DEFAULT true,
  CHECK (limit_n = greatest(configured, raised)),
  UNIQUE (budget, scope, unit, "window", starts)
) WITH (fillfactor = 50);
CREATE INDEX account_scope ON account (scope, id);

CREATE TABLE holder (
  id text PRIMARY KEY,
  no bigint GENERATED ALWAYS AS IDENTITY,
  state text NOT NULL DEFAULT 'live' CHECK (state IN ('live', 'fenced', 'closed')),
  beat_no bigint NOT NULL DEFAULT 0,
  beat_at bigint NOT NULL,
  fenced_at bigint,
  caught_up bigint,
  gap jsonb,
  closed_at bigint,
  swept boolean NOT NULL DEFAULT false,
  host text NOT NULL,
  pid bigint NOT NULL,
  pid_start text NOT NULL,
  configuration text NOT NULL,
  key_id text NOT NULL
) WITH (fillfactor = 50);
CREATE INDEX holder_gap ON holder (no) WHERE gap IS NOT NULL;

CREATE TABLE holder_done (
  holder text PRIMARY KEY,
  done_no bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

CREATE TABLE slice (
  holder text NOT NULL,
  account bigint NOT NULL,
  granted bigint NOT NULL DEFAULT 0,
  returned bigint NOT NULL DEFAULT 0,
  drawn bigint NOT NULL DEFAULT 0,
  forfeit bigint NOT NULL DEFAULT 0 CHECK (forfeit >= 0),
  PRIMARY KEY (holder, account),
  CHECK (granted - returned - drawn >= 0)
) WITH (fillfactor = 50);

CREATE TABLE settlement (
  call_id text PRIMARY KEY,
  holder text NOT NULL,
  legs jsonb NOT NULL,
  estimated boolean NOT NULL
);
CREATE INDEX settlement_holder ON settlement (holder);

CREATE TABLE release (
  no bigint GENERATED ALWAYS AS IDENTITY,
  id text NOT NULL,
  holder text NOT NULL,
  account bigint NOT NULL,
  amount bigint NOT NULL CHECK (amount > 0),
  billed bigint NOT NULL CHECK (billed >= 0),
  evidence text NOT NULL CHECK (evidence IN ('gone', 'none')),
  operator text NOT NULL,
  reason text NOT NULL,
  at bigint NOT NULL,
  PRIMARY KEY (id, account)
);

CREATE TABLE want (
  holder text NOT NULL,
  account bigint NOT NULL,
  amount bigint NOT NULL,
  no bigint GENERATED ALWAYS AS IDENTITY,
  PRIMARY KEY (holder, account)
);

CREATE TABLE journal_head (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  entries bigint NOT NULL DEFAULT 0,
  anchors bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
INSERT INTO journal_head DEFAULT VALUES;

CREATE TABLE journal (
  position bigint PRIMARY KEY,
  writer text NOT NULL,
  no bigint NOT NULL,
  at bigint NOT NULL,
  kind text NOT NULL,
  decision text,
  agent text,
  task text,
  code text,
  body text NOT NULL,
  hash text NOT NULL,
  UNIQUE (writer, no)
);
CREATE INDEX journal_decision ON journal (decision) WHERE decision IS NOT NULL;
CREATE INDEX journal_agent ON journal (agent, task, position) WHERE agent IS NOT NULL;
CREATE INDEX journal_kind ON journal (kind, position) WHERE agent IS NULL;

CREATE TABLE input (
  position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  decision text NOT NULL UNIQUE,
  agent text NOT NULL,
  at bigint NOT NULL,
  sealed bytea NOT NULL
);
CREATE INDEX input_agent ON input (agent, position);
CREATE INDEX input_at ON input (at);

CREATE TABLE anchor (
  position bigint PRIMARY KEY,
  writer text NOT NULL,
  no bigint NOT NULL,
  at bigint NOT NULL,
  heads text NOT NULL,
  mac text NOT NULL,
  UNIQUE (writer, no)
);

CREATE TABLE key (
  id text PRIMARY KEY,
  no bigint GENERATED ALWAYS AS IDENTITY,
  hash text NOT NULL UNIQUE,
  kind text NOT NULL CHECK (kind IN ('agent', 'task', 'operator')),
  agent text,
  task text,
  name text,
  role text,
  created_at bigint NOT NULL,
  expires_at bigint,
  revoked_at bigint
);

CREATE TABLE flag (
  provider text NOT NULL,
  model text NOT NULL,
  what text NOT NULL CHECK (what IN ('output', 'input')),
  since bigint NOT NULL,
  call_id text NOT NULL,
  PRIMARY KEY (provider, model, what)
);

CREATE TABLE task (
  agent text NOT NULL,
  id text NOT NULL,
  no bigint GENERATED ALWAYS AS IDENTITY,
  parent text,
  depth integer NOT NULL,
  bundle text NOT NULL,
  unnamed boolean NOT NULL,
  opened_at bigint NOT NULL,
  last_seen_at bigint NOT NULL,
  ended_at bigint,
  outcome text CHECK (outcome IN ('ok', 'failed', 'unknown')),
  PRIMARY KEY (agent, id)
) WITH (fillfactor = 70);
CREATE INDEX task_alive ON task (agent) WHERE ended_at IS NULL;
CREATE INDEX task_named ON task (agent, opened_at) WHERE NOT unnamed;
CREATE INDEX task_parent ON task (agent, parent) WHERE parent IS NOT NULL;

CREATE FUNCTION now_ms() RETURNS bigint LANGUAGE sql VOLATILE AS $$
  SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint
$$;

-- Tells the other processes what changed; each leaves out what it said itself.
CREATE FUNCTION tell(what text) RETURNS void LANGUAGE sql VOLATILE AS $$
  SELECT pg_notify(current_schema(),
    coalesce(current_setting('slipclutch.origin', true), '') || ' ' || what)
$$;
`;
