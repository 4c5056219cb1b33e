/** Tables for what people are to be told, and which gateway tells it. */
export const NOTICES = `
  CREATE TABLE notice (
    no INTEGER PRIMARY KEY,
    notifier TEXT NOT NULL,
    subject TEXT NOT NULL,
    review TEXT NOT NULL,
    body TEXT NOT NULL,
    at INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sent', 'given_up')),
    attempts INTEGER NOT NULL DEFAULT 0,
    next_at INTEGER NOT NULL,
    finished_at INTEGER,
    failed_at INTEGER,
    error TEXT,
    UNIQUE (notifier, subject)
  ) STRICT;
  CREATE INDEX notice_due ON notice (notifier, next_at, no) WHERE state = 'pending';
  CREATE INDEX notice_at ON notice (at);

  CREATE TABLE notifier (
    name TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    number INTEGER NOT NULL,
    claimed_at INTEGER NOT NULL,
    paused_until INTEGER NOT NULL DEFAULT 0
  ) STRICT, WITHOUT ROWID;
`;
