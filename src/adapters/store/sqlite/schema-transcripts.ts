/** What tasks said, where that is kept. */
export const TRANSCRIPTS = `
  CREATE TABLE transcript (
    agent TEXT NOT NULL,
    task TEXT NOT NULL,
    seen_at INTEGER NOT NULL,
    dropped INTEGER NOT NULL DEFAULT 0,
    erased_at INTEGER,
    PRIMARY KEY (agent, task)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX transcript_seen ON transcript (seen_at);

  CREATE TABLE transcript_line (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    agent TEXT NOT NULL,
    task TEXT NOT NULL,
    mark TEXT NOT NULL,
    at INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    sealed BLOB NOT NULL,
    UNIQUE (agent, task, mark)
  ) STRICT;
  CREATE INDEX transcript_line_task ON transcript_line (agent, task, position, bytes);
  CREATE INDEX transcript_line_at ON transcript_line (at);
`;
