/**
 * Tables for what holders share beside money. Ids of holders are text where they are shown, and
 * numbers where only transactions read them. The bytes of a parked call are last in its row, for a
 * row is read from its beginning.
 */
export const SHARED_WORK = `
  CREATE TABLE call_limit (
    no INTEGER PRIMARY KEY,
    agent TEXT NOT NULL,
    server TEXT NOT NULL,
    tool TEXT NOT NULL,
    bounds TEXT NOT NULL CHECK (bounds IN ('rate', 'concurrency')),
    UNIQUE (agent, server, tool, bounds)
  ) STRICT;

  CREATE TABLE permit (
    call_limit INTEGER NOT NULL,
    no INTEGER NOT NULL,
    number INTEGER NOT NULL DEFAULT 0,
    holder INTEGER,
    last_use INTEGER,
    PRIMARY KEY (call_limit, no)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX permit_owned ON permit (holder) WHERE holder IS NOT NULL;

  CREATE TABLE permit_want (
    call_limit INTEGER NOT NULL,
    holder INTEGER NOT NULL,
    most INTEGER NOT NULL,
    PRIMARY KEY (call_limit, holder)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE clutch (
    agent TEXT PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('disengaged', 'probing')),
    review TEXT NOT NULL,
    since INTEGER NOT NULL,
    task TEXT,
    CHECK ((state = 'probing') = (task IS NOT NULL))
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE review (
    no INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    agent TEXT NOT NULL,
    subject TEXT NOT NULL,
    reason TEXT NOT NULL,
    evidence TEXT NOT NULL,
    opened_at INTEGER NOT NULL,
    version INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'closed')),
    closed_at INTEGER,
    told INTEGER NOT NULL DEFAULT -1
  ) STRICT;
  CREATE INDEX review_untold ON review (no) WHERE told < version;
  CREATE UNIQUE INDEX review_open ON review (kind, agent, subject) WHERE state = 'open';
  CREATE INDEX review_agent ON review (agent);
  CREATE INDEX review_closed ON review (closed_at) WHERE state = 'closed';

  CREATE TABLE review_merged (
    no INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    review TEXT NOT NULL,
    reason TEXT
  ) STRICT;
  CREATE INDEX review_merged_into ON review_merged (review);

  CREATE TABLE review_decision (
    no INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    review TEXT NOT NULL,
    decision TEXT NOT NULL,
    decided_by TEXT NOT NULL,
    reason TEXT NOT NULL,
    at INTEGER NOT NULL,
    task TEXT,
    call TEXT,
    message TEXT,
    proposed TEXT,
    sealed TEXT,
    version INTEGER
  ) STRICT;
  CREATE INDEX review_decision_on ON review_decision (review);

  CREATE TABLE agent_message (
    no INTEGER PRIMARY KEY,
    id TEXT NOT NULL,
    agent TEXT NOT NULL,
    task TEXT NOT NULL,
    text TEXT NOT NULL,
    said_by TEXT NOT NULL,
    at INTEGER NOT NULL,
    UNIQUE (id, task)
  ) STRICT;

  CREATE TABLE override (
    no INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    account INTEGER NOT NULL,
    limit_n INTEGER,
    reason TEXT NOT NULL,
    said_by TEXT NOT NULL,
    at INTEGER NOT NULL,
    review TEXT
  ) STRICT;
  CREATE INDEX override_account ON override (account, no);

  CREATE TABLE parked (
    no INTEGER PRIMARY KEY,
    call TEXT NOT NULL UNIQUE,
    agent TEXT NOT NULL,
    task TEXT NOT NULL,
    key TEXT NOT NULL,
    cause TEXT NOT NULL,
    review TEXT NOT NULL,
    digest TEXT NOT NULL,
    about TEXT NOT NULL,
    at INTEGER NOT NULL,
    state TEXT NOT NULL
      CHECK (state IN ('parked', 'let_go', 'claimed', 'done', 'unknown', 'denied')),
    let_go_at INTEGER,
    attached TEXT,
    claimed_by TEXT,
    attempt INTEGER NOT NULL DEFAULT 0,
    message TEXT,
    maybe_sent INTEGER NOT NULL DEFAULT 0,
    edited INTEGER NOT NULL DEFAULT 0,
    arrived_at INTEGER NOT NULL,
    parked_by TEXT NOT NULL,
    finished_at INTEGER,
    taken_by TEXT,
    was_left INTEGER NOT NULL DEFAULT 0,
    seq INTEGER NOT NULL,
    copied TEXT NOT NULL DEFAULT 'no' CHECK (copied IN ('no', 'maybe', 'settled')),
    size INTEGER NOT NULL,
    request BLOB NOT NULL,
    answer BLOB,
    CHECK (state <> 'claimed' OR claimed_by IS NOT NULL),
    CHECK (state <> 'let_go' OR let_go_at IS NOT NULL)
  ) STRICT;
  CREATE INDEX parked_counted ON parked (agent, task, size)
    WHERE state IN ('parked', 'let_go', 'claimed');
  CREATE INDEX parked_agent ON parked (agent, state);
  CREATE INDEX parked_review ON parked (review, state);
  CREATE INDEX parked_same ON parked (key, task, digest);
  CREATE INDEX parked_attached ON parked (attached) WHERE attached IS NOT NULL;
  CREATE INDEX parked_left ON parked (agent)
    WHERE was_left = 1 AND state IN ('parked', 'let_go');
  CREATE INDEX parked_claimed ON parked (claimed_by) WHERE state = 'claimed';
  CREATE INDEX parked_finished ON parked (finished_at) WHERE finished_at IS NOT NULL;

  CREATE TABLE call_claim (
    key TEXT NOT NULL,
    task TEXT NOT NULL,
    call_id TEXT NOT NULL,
    digest TEXT NOT NULL,
    at INTEGER NOT NULL,
    agent TEXT NOT NULL,
    holder TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('claimed', 'done', 'unknown')),
    review TEXT,
    finished_at INTEGER,
    answer BLOB,
    PRIMARY KEY (key, task, call_id)
  ) STRICT;
  CREATE INDEX call_claim_holder ON call_claim (holder) WHERE state = 'claimed';
  CREATE INDEX call_claim_review ON call_claim (review) WHERE state = 'unknown';
  CREATE INDEX call_claim_finished ON call_claim (finished_at) WHERE finished_at IS NOT NULL;

  CREATE TABLE counter (
    agent TEXT NOT NULL,
    server TEXT NOT NULL,
    tool TEXT NOT NULL,
    what TEXT NOT NULL,
    bucket INTEGER NOT NULL,
    holder INTEGER NOT NULL,
    total INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    PRIMARY KEY (agent, server, tool, what, bucket, holder)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX counter_changed ON counter (changed);
  CREATE INDEX counter_bucket ON counter (bucket);

  CREATE TABLE counter_hour (
    hour INTEGER NOT NULL,
    agent TEXT NOT NULL,
    server TEXT NOT NULL,
    tool TEXT NOT NULL,
    signal TEXT NOT NULL,
    count INTEGER NOT NULL,
    beside INTEGER NOT NULL,
    minutes INTEGER NOT NULL,
    PRIMARY KEY (hour, agent, server, tool, signal)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX counter_hour_of ON counter_hour (agent, server, tool, signal, hour);

  CREATE TABLE share (
    holder INTEGER NOT NULL,
    agent TEXT NOT NULL,
    key TEXT NOT NULL,
    kind TEXT NOT NULL,
    value INTEGER NOT NULL,
    at INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    PRIMARY KEY (holder, agent, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX share_changed ON share (changed);
  CREATE INDEX share_at ON share (at);

  CREATE TABLE tool_met (
    agent TEXT NOT NULL,
    server TEXT NOT NULL,
    tool TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (agent, server, tool)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE outcome (
    no INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    holder TEXT NOT NULL,
    at INTEGER NOT NULL,
    answer TEXT CHECK (answer IN ('taken', 'ended')),
    body BLOB
  ) STRICT;
  CREATE INDEX outcome_waiting ON outcome (holder, no) WHERE answer IS NULL;
  CREATE INDEX outcome_at ON outcome (at);

  CREATE TABLE commitment (
    no INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    agent TEXT NOT NULL,
    task TEXT NOT NULL,
    key TEXT NOT NULL,
    server TEXT NOT NULL,
    tool TEXT NOT NULL,
    nano_usd_per_hour INTEGER NOT NULL,
    horizon_ms INTEGER NOT NULL,
    version INTEGER NOT NULL DEFAULT 1,
    state TEXT NOT NULL DEFAULT 'opening'
      CHECK (state IN ('opening', 'active', 'unknown', 'ended')),
    service TEXT,
    opened_by TEXT NOT NULL,
    opened_at INTEGER NOT NULL,
    seen_at INTEGER NOT NULL,
    elapsed_ms INTEGER NOT NULL DEFAULT 0,
    due_at INTEGER,
    holds TEXT NOT NULL,
    renewals INTEGER NOT NULL DEFAULT 0,
    unrenewable INTEGER NOT NULL DEFAULT 0,
    ended_at INTEGER,
    ended_by TEXT,
    reason TEXT
  ) STRICT;
  CREATE INDEX commitment_tool ON commitment (agent, server, tool, state);
  CREATE INDEX commitment_due ON commitment (due_at) WHERE due_at IS NOT NULL;
  CREATE INDEX commitment_opening ON commitment (opened_by) WHERE state = 'opening';
  CREATE INDEX commitment_ended ON commitment (ended_at) WHERE ended_at IS NOT NULL;
`;
