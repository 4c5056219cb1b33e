/**
 * How much is parked, of each agent and task: what its limits are held against. It is counted as
 * rows come and go: to count them anew for each call would take longer with each that is parked,
 * and all that time the gateway keeps everything of a call that is on its way here. Rows that count
 * are never deleted: what is forgotten has ended before.
 */
const COUNTED = "IN ('parked', 'let_go', 'claimed')";

const MORE = `
  INSERT INTO parked_by_agent (agent, calls, bytes) VALUES (new.agent, 1, new.size)
    ON CONFLICT DO UPDATE SET calls = calls + 1, bytes = bytes + excluded.bytes;
  INSERT INTO parked_by_task (agent, task, calls) VALUES (new.agent, new.task, 1)
    ON CONFLICT DO UPDATE SET calls = calls + 1;`;

const LESS = `
  UPDATE parked_by_agent SET calls = calls - 1, bytes = bytes - old.size WHERE agent = old.agent;
  DELETE FROM parked_by_agent WHERE agent = old.agent AND calls = 0;
  UPDATE parked_by_task SET calls = calls - 1 WHERE agent = old.agent AND task = old.task;
  DELETE FROM parked_by_task WHERE agent = old.agent AND task = old.task AND calls = 0;`;

export const PARKED_TOTALS = `
  DROP INDEX parked_counted;

  CREATE TABLE parked_by_agent (
    agent TEXT PRIMARY KEY,
    calls INTEGER NOT NULL,
    bytes INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE parked_by_task (
    agent TEXT NOT NULL,
    task TEXT NOT NULL,
    calls INTEGER NOT NULL,
    PRIMARY KEY (agent, task)
  ) STRICT, WITHOUT ROWID;

  INSERT INTO parked_by_agent (agent, calls, bytes)
    SELECT agent, count(*), sum(size) FROM parked WHERE state ${COUNTED} GROUP BY agent;
  INSERT INTO parked_by_task (agent, task, calls)
    SELECT agent, task, count(*) FROM parked WHERE state ${COUNTED} GROUP BY agent, task;

  CREATE TRIGGER parked_comes AFTER INSERT ON parked
    WHEN new.state ${COUNTED}
    BEGIN ${MORE} END;
  CREATE TRIGGER parked_comes_back AFTER UPDATE OF state ON parked
    WHEN new.state ${COUNTED} AND NOT old.state ${COUNTED}
    BEGIN ${MORE} END;
  CREATE TRIGGER parked_ends AFTER UPDATE OF state ON parked
    WHEN old.state ${COUNTED} AND NOT new.state ${COUNTED}
    BEGIN ${LESS} END;
  `;
