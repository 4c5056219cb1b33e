import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { MIGRATIONS } from "../../../src/adapters/store/sqlite/schema.ts";

test("what a store had parked before it counted as rows come and go is counted", () => {
  const database = new DatabaseSync(":memory:");
  const [first = "", second = ""] = MIGRATIONS;
  database.exec(first);
  const row = database.prepare(
    `INSERT INTO parked (call, agent, task, key, cause, review, digest, about, at, state, let_go_at,
         arrived_at, parked_by, seq, size, request)
       VALUES (?, ?, ?, 'k', 'clutch', 'r', 'd', '', 0, ?, 0, 0, 'h', 0, 10, x'00')`,
  );
  row.run("d-1", "a", "t1", "parked");
  row.run("d-2", "a", "t2", "let_go");
  row.run("d-3", "a", "t2", "done");
  row.run("d-4", "b", "t1", "denied");
  database.exec(second);
  const all = (text: string) =>
    database
      .prepare(text)
      .all()
      .map((each) => ({ ...each }));
  expect(all("SELECT * FROM parked_by_agent")).toEqual([{ agent: "a", calls: 2, bytes: 20 }]);
  expect(all("SELECT * FROM parked_by_task ORDER BY task")).toEqual([
    { agent: "a", task: "t1", calls: 1 },
    { agent: "a", task: "t2", calls: 1 },
  ]);
  database.exec("UPDATE parked SET state = 'denied' WHERE call IN ('d-1', 'd-2')");
  expect(all("SELECT * FROM parked_by_agent")).toEqual([]);
  expect(all("SELECT * FROM parked_by_task")).toEqual([]);
  database.close();
});
