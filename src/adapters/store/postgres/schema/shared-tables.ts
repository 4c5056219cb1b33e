/** Tables for what holders share beside money. */
export const SHARED_TABLES = `
CREATE TABLE call_limit (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  agent text NOT NULL,
  server text NOT NULL,
  tool text NOT NULL,
  bounds text NOT NULL CHECK (bounds IN ('rate', 'concurrency')),
  UNIQUE (agent, server, tool, bounds)
);

CREATE TABLE permit (
  call_limit bigint NOT NULL,
  no bigint NOT NULL,
  number bigint NOT NULL DEFAULT 0,
  holder text,
  last_use bigint,
  PRIMARY KEY (call_limit, no)
) WITH (fillfactor = 50);
CREATE INDEX permit_owned ON permit (holder) WHERE holder IS NOT NULL;

CREATE TABLE permit_want (
  call_limit bigint NOT NULL,
  holder text NOT NULL,
  most bigint NOT NULL,
  no bigint GENERATED ALWAYS AS IDENTITY,
  PRIMARY KEY (call_limit, holder)
);

CREATE TABLE clutch (
  agent text PRIMARY KEY,
  state text NOT NULL DEFAULT 'engaged' CHECK (state IN ('engaged', 'disengaged', 'probing')),
  review text,
  since bigint,
  task text,
  CHECK (state = 'engaged' OR (review IS NOT NULL AND since IS NOT NULL)),
  CHECK ((state = 'probing') = (task IS NOT NULL))
) WITH (fillfactor = 50);

CREATE TABLE review (
  id text PRIMARY KEY,
  no bigint GENERATED ALWAYS AS IDENTITY,
  kind text NOT NULL,
  agent text NOT NULL,
  subject text NOT NULL,
  reason text NOT NULL,
  evidence text NOT NULL,
  opened_at bigint NOT NULL,
  version bigint NOT NULL DEFAULT 0,
  state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'closed')),
  closed_at bigint,
  told bigint NOT NULL DEFAULT -1
);
CREATE INDEX review_untold ON review (no) WHERE told < version;
CREATE UNIQUE INDEX review_open ON review (kind, agent, subject) WHERE state = 'open';
CREATE INDEX review_agent ON review (agent, no);
CREATE INDEX review_newest ON review (no);
CREATE INDEX review_closed ON review (closed_at) WHERE state = 'closed';

CREATE TABLE review_merged (
  id text PRIMARY KEY,
  no bigint GENERATED ALWAYS AS IDENTITY,
  review text NOT NULL,
  reason text
);
CREATE INDEX review_merged_into ON review_merged (review);

CREATE TABLE review_decision (
  id text PRIMARY KEY,
  no bigint GENERATED ALWAYS AS IDENTITY,
  review text NOT NULL,
  decision text NOT NULL,
  decided_by text NOT NULL,
  reason text NOT NULL,
  at bigint NOT NULL,
  task text,
  call_id text,
  message text,
  proposed text,
  sealed text,
  version bigint
);
CREATE INDEX review_decision_on ON review_decision (review);

CREATE TABLE agent_message (
  no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text NOT NULL,
  agent text NOT NULL,
  task text NOT NULL,
  text text NOT NULL,
  said_by text NOT NULL,
  at bigint NOT NULL,
  UNIQUE (id, task)
);

CREATE TABLE override (
  no bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text NOT NULL UNIQUE,
  account bigint NOT NULL,
  limit_n bigint,
  reason text NOT NULL,
  said_by text NOT NULL,
  at bigint NOT NULL,
  review text
);
CREATE INDEX override_account ON override (account, no);

CREATE TABLE parked (
  call_id text PRIMARY KEY,
  no bigint GENERATED ALWAYS AS IDENTITY,
  agent text NOT NULL,
  task text NOT NULL,
  key text NOT NULL,
  cause text NOT NULL CHECK (cause IN ('clutch', 'approval', 'budget')),
  review text NOT NULL,
  digest text NOT NULL,
  about text NOT NULL,
  at bigint NOT NULL,
  state text NOT NULL
    CHECK (state IN ('parked', 'let_go', 'claimed', 'done', 'unknown', 'denied')),
  let_go_at bigint,
  attached text,
  claimed_by text,
  attempt bigint NOT NULL DEFAULT 0,
  message text,
  maybe_sent boolean NOT NULL DEFAULT false,
  edited boolean NOT NULL DEFAULT false,
  arrived_at bigint NOT NULL,
  parked_by text NOT NULL,
  finished_at bigint,
  taken_by text,
  was_left boolean NOT NULL DEFAULT false,
  seq bigint NOT NULL,
  copied text NOT NULL DEFAULT 'no' CHECK (copied IN ('no', 'maybe', 'settled')),
  size bigint NOT NULL,
  request bytea NOT NULL,
  answer bytea,
  CHECK (state <> 'claimed' OR claimed_by IS NOT NULL),
  CHECK (state <> 'let_go' OR let_go_at IS NOT NULL)
);
CREATE INDEX parked_counted ON parked (agent, task, size)
  WHERE state IN ('parked', 'let_go', 'claimed');
CREATE INDEX parked_newest ON parked (no);
CREATE INDEX parked_agent ON parked (agent, no);
CREATE INDEX parked_review ON parked (review, state);
CREATE INDEX parked_same ON parked (key, task, digest);
CREATE INDEX parked_attached ON parked (attached) WHERE attached IS NOT NULL;
CREATE INDEX parked_left ON parked (arrived_at)
  WHERE was_left AND state IN ('parked', 'let_go');
CREATE INDEX parked_claimed ON parked (claimed_by) WHERE state = 'claimed';
CREATE INDEX parked_finished ON parked (finished_at) WHERE finished_at IS NOT NULL;

CREATE TABLE call_claim (
  key text NOT NULL,
  task text NOT NULL,
  call_id text NOT NULL,
  digest text NOT NULL,
  at bigint NOT NULL,
  agent text NOT NULL,
  holder text NOT NULL,
  state text NOT NULL DEFAULT 'claimed' CHECK (state IN ('claimed', 'done', 'unknown')),
  review text,
  finished_at bigint,
  answer bytea,
  PRIMARY KEY (key, task, call_id)
);
CREATE INDEX call_claim_holder ON call_claim (holder) WHERE state = 'claimed';
CREATE INDEX call_claim_review ON call_claim (review) WHERE state = 'unknown';
CREATE INDEX call_claim_finished ON call_claim (finished_at) WHERE finished_at IS NOT NULL;

CREATE TABLE counter_head (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  seq bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
INSERT INTO counter_head DEFAULT VALUES;

CREATE TABLE counter (
  agent text NOT NULL,
  server text NOT NULL,
  tool text NOT NULL,
  what text NOT NULL,
  bucket bigint NOT NULL,
  holder text NOT NULL,
  total bigint NOT NULL,
  changed bigint NOT NULL,
  PRIMARY KEY (agent, server, tool, what, bucket, holder)
) WITH (fillfactor = 70);
CREATE INDEX counter_changed ON counter (changed);
CREATE INDEX counter_bucket ON counter (bucket);

CREATE TABLE counter_hour (
  hour bigint NOT NULL,
  agent text NOT NULL,
  server text NOT NULL,
  tool text NOT NULL,
  signal text NOT NULL,
  count bigint NOT NULL,
  beside bigint NOT NULL,
  minutes integer NOT NULL,
  PRIMARY KEY (hour, agent, server, tool, signal)
);
CREATE INDEX counter_hour_of ON counter_hour (agent, server, tool, signal, hour);

CREATE TABLE share (
  holder text NOT NULL,
  agent text NOT NULL,
  key text NOT NULL,
  kind text NOT NULL,
  value bigint NOT NULL,
  at bigint NOT NULL,
  changed bigint NOT NULL,
  PRIMARY KEY (holder, agent, key)
) WITH (fillfactor = 70);
CREATE INDEX share_changed ON share (changed);
CREATE INDEX share_at ON share (at);

CREATE TABLE tool_met (
  agent text NOT NULL,
  server text NOT NULL,
  tool text NOT NULL,
  at bigint NOT NULL,
  PRIMARY KEY (agent, server, tool)
);

CREATE TABLE outcome (
  id text PRIMARY KEY,
  no bigint GENERATED ALWAYS AS IDENTITY,
  holder text NOT NULL,
  at bigint NOT NULL,
  answer text CHECK (answer IN ('taken', 'ended')),
  body bytea
);
CREATE INDEX outcome_waiting ON outcome (holder, no) WHERE answer IS NULL;
CREATE INDEX outcome_at ON outcome (at);
`;
