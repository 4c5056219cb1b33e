import { NOTICES } from "./schema-notices.ts";
import { PARKED_TOTALS } from "./schema-parked-totals.ts";
import { TRANSCRIPTS } from "./schema-transcripts.ts";
import { SHARED_WORK } from "./schema-work.ts";

/** "Slip": tells our files from other SQLite files. */
export const APPLICATION_ID = 0x536c6970;

/**
 * The schema in numbered steps: step n makes version n out of n − 1. A step that was released is
 * never edited. Amounts are 64-bit integers of their account's unit; the checks are a second line
 * behind the transactions, so that a bug in one of those is an error and not an overspend. What a
 * call cost is in its journal entry; `settlement` only remembers that it was counted. `gap` is what
 * a fence forfeited, as JSON, until the journal says so.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE store (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    generation TEXT NOT NULL,
    change_seq INTEGER NOT NULL,
    configuration TEXT,
    key_id TEXT,
    counter_seq INTEGER NOT NULL DEFAULT 0
  ) STRICT;

  CREATE TABLE account (
    id INTEGER PRIMARY KEY,
    budget TEXT NOT NULL,
    scope TEXT NOT NULL,
    unit TEXT NOT NULL,
    window TEXT NOT NULL,
    starts INTEGER NOT NULL,
    ends INTEGER,
    limit_n INTEGER NOT NULL,
    configured INTEGER NOT NULL,
    raised INTEGER,
    spent INTEGER NOT NULL DEFAULT 0,
    leased INTEGER NOT NULL DEFAULT 0 CHECK (leased >= 0),
    forfeited INTEGER NOT NULL DEFAULT 0 CHECK (forfeited >= 0),
    committed INTEGER NOT NULL DEFAULT 0 CHECK (committed >= 0),
    open INTEGER NOT NULL,
    CHECK (limit_n = max(configured, coalesce(raised, configured))),
    UNIQUE (budget, scope, unit, window, starts)
  ) STRICT;
  CREATE INDEX account_open ON account (id) WHERE open = 1;

  CREATE TABLE holder (
    no INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    pid_start TEXT NOT NULL,
    configuration TEXT NOT NULL,
    key_id TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'live' CHECK (state IN ('live', 'fenced', 'closed')),
    beat_no INTEGER NOT NULL DEFAULT 0,
    done_no INTEGER NOT NULL DEFAULT 0,
    beat_at INTEGER NOT NULL,
    fenced_at INTEGER,
    caught_up INTEGER,
    gap TEXT
  ) STRICT;
  CREATE INDEX holder_live ON holder (no) WHERE state = 'live';
  CREATE INDEX holder_gap ON holder (no) WHERE gap IS NOT NULL;

  CREATE TABLE slice (
    holder INTEGER NOT NULL,
    account INTEGER NOT NULL,
    granted INTEGER NOT NULL DEFAULT 0,
    returned INTEGER NOT NULL DEFAULT 0,
    drawn INTEGER NOT NULL DEFAULT 0,
    forfeit INTEGER NOT NULL DEFAULT 0 CHECK (forfeit >= 0),
    CHECK (granted - returned - drawn >= 0),
    PRIMARY KEY (holder, account)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE settlement (call TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;

  CREATE TABLE release (
    id TEXT NOT NULL,
    holder TEXT NOT NULL,
    account INTEGER NOT NULL,
    amount INTEGER NOT NULL CHECK (amount > 0),
    billed INTEGER NOT NULL CHECK (billed >= 0),
    evidence TEXT NOT NULL CHECK (evidence IN ('gone', 'none')),
    operator TEXT NOT NULL,
    reason TEXT NOT NULL,
    at INTEGER NOT NULL,
    UNIQUE (id, account)
  ) STRICT;

  CREATE TABLE want (
    holder INTEGER NOT NULL,
    account INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    PRIMARY KEY (holder, account)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE journal (
    position INTEGER PRIMARY KEY,
    writer TEXT NOT NULL,
    no INTEGER NOT NULL,
    at INTEGER NOT NULL,
    kind TEXT NOT NULL,
    decision TEXT,
    agent TEXT,
    task TEXT,
    code TEXT,
    body TEXT NOT NULL,
    hash TEXT NOT NULL,
    UNIQUE (writer, no)
  ) STRICT;
  CREATE TABLE input (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    decision TEXT NOT NULL UNIQUE,
    agent TEXT NOT NULL,
    at INTEGER NOT NULL,
    sealed BLOB NOT NULL
  ) STRICT;
  CREATE INDEX input_agent ON input (agent, position);
  CREATE INDEX input_at ON input (at);

  CREATE INDEX journal_decision ON journal (decision) WHERE decision IS NOT NULL;
  CREATE INDEX journal_task ON journal (task) WHERE task IS NOT NULL;
  CREATE INDEX journal_agent ON journal (agent) WHERE agent IS NOT NULL;
  CREATE INDEX journal_kind ON journal (kind) WHERE agent IS NULL;

  CREATE TABLE anchor (
    position INTEGER PRIMARY KEY,
    writer TEXT NOT NULL,
    no INTEGER NOT NULL,
    at INTEGER NOT NULL,
    heads TEXT NOT NULL,
    mac TEXT NOT NULL,
    UNIQUE (writer, no)
  ) STRICT;

  CREATE TABLE access_key (
    id TEXT PRIMARY KEY,
    hash TEXT NOT NULL UNIQUE,
    holder TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER
  ) STRICT;

  CREATE TABLE model_flag (
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    what TEXT NOT NULL,
    since INTEGER NOT NULL,
    call TEXT NOT NULL,
    PRIMARY KEY (provider, model, what)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE task (
    agent TEXT NOT NULL,
    id TEXT NOT NULL,
    parent TEXT,
    depth INTEGER NOT NULL,
    bundle TEXT NOT NULL,
    opened_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    ended_at INTEGER,
    outcome TEXT,
    unnamed INTEGER NOT NULL,
    PRIMARY KEY (agent, id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX task_opened ON task (agent, opened_at);
  CREATE INDEX task_newest ON task (opened_at);
  CREATE INDEX task_alive ON task (agent, last_seen_at) WHERE ended_at IS NULL;
  CREATE INDEX task_parent ON task (agent, parent) WHERE parent IS NOT NULL;

  CREATE TABLE bundle (
    no INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    source TEXT,
    git_commit TEXT,
    content BLOB NOT NULL
  ) STRICT;
  ${SHARED_WORK}
  ${NOTICES}
  ${TRANSCRIPTS}
  `,
  PARKED_TOTALS,
];
