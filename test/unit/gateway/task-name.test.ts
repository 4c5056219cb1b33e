import { describe, expect, test } from "vitest";
import { isTaskName, TASK_CHARS_MAX, taskNameOf } from "../../../src/gateway/task-name.ts";
import type { KeyRecord } from "../../../src/ports/store.ts";

const NOON = Date.UTC(2027, 1, 28, 12);
const HEADER = "x-slipclutch-task";

function keyOf(holder: KeyRecord["holder"]): KeyRecord {
  return { id: "key_1", hash: "", holder, createdAt: 0, expiresAt: null, revokedAt: null };
}

const agents = keyOf({ kind: "agent", agent: "a" });
const tasks = keyOf({ kind: "task", agent: "a", task: "bound" });

describe("which task a request belongs to", () => {
  test("the key's own, whatever else is asked for", () => {
    const asks = [{}, { [HEADER]: "other" }, { [HEADER]: "not a name" }];
    for (const headers of asks) {
      for (const path of [null, "third", "../.."]) {
        expect(taskNameOf(tasks, headers, path, NOON)).toEqual({ id: "bound", how: "named" });
      }
    }
  });

  test("else the header's, else the path's", () => {
    const named = { id: "one", how: "named" };
    expect(taskNameOf(agents, { [HEADER]: "one" }, "two", NOON)).toEqual(named);
    expect(taskNameOf(agents, { [HEADER]: "one" }, null, NOON)).toEqual(named);
    expect(taskNameOf(agents, {}, "one", NOON)).toEqual(named);
    expect(taskNameOf(agents, { [HEADER]: undefined }, "one", NOON)).toEqual(named);
  });

  test("else one for the key and the day, by UTC", () => {
    const at = (now: number) => taskNameOf(agents, {}, null, now);
    const day = Date.UTC(2027, 1, 28);
    expect(at(day)).toEqual({ id: "unnamed:key_1:2027-02-28", how: "unnamed" });
    expect(at(day - 1)).toEqual({ id: "unnamed:key_1:2027-02-27", how: "unnamed" });
    expect(at(day + 86_399_999)).toEqual({ id: "unnamed:key_1:2027-02-28", how: "unnamed" });
    expect(at(day + 86_400_000)).toEqual({ id: "unnamed:key_1:2027-03-01", how: "unnamed" });
  });

  test("a header that is no name is refused, though the path has one", () => {
    for (const name of ["", " ", "a b", "unnamed:key_1:2027-02-28"]) {
      expect(taskNameOf(agents, { [HEADER]: name }, "fine", NOON)).toMatchObject({
        kind: "deny",
        code: "request.malformed",
        facts: { at: "task", got: name },
      });
    }
  });

  test("a refusal quotes no more than 40 characters of what was sent", () => {
    const refusal = taskNameOf(agents, { [HEADER]: `${"x".repeat(5_000)} ` }, null, NOON);
    expect(refusal).toMatchObject({ facts: { got: "x".repeat(40) } });
  });
});

describe("a task's name", () => {
  test.each([
    "a",
    "A-Z_0.9",
    "a:b",
    "me@host",
    "a+b=c~d",
    "...",
    ".a",
    "a.",
    "unnamed",
    "Unnamed:a",
    "xunnamed:",
    "x".repeat(TASK_CHARS_MAX),
  ])("may be %j", (name) => {
    expect(isTaskName(name)).toBe(true);
  });

  test.each([
    "",
    ".",
    "..",
    " ",
    "a b",
    "a\n",
    "a\u0000",
    "a/b",
    "a\\b",
    "a%20b",
    "a,b",
    "a;b",
    'a"b',
    "é",
    "日本",
    "a\u200bb",
    "unnamed:",
    "unnamed:key_1:2027-02-28",
    "x".repeat(TASK_CHARS_MAX + 1),
  ])("may not be %j", (name) => {
    expect(isTaskName(name)).toBe(false);
  });
});
