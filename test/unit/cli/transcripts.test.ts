/** `slipclutch tasks transcript` and `tasks erase`, and the routes that they ask. */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { PlacedEntry } from "../../../src/control/operations.ts";
import type { TaskRecord } from "../../../src/ports/store.ts";
import { TOKENS } from "../control/operations.ts";
import { type Gateway, gateway } from "./harness.ts";

const AT = Date.UTC(2026, 10, 23, 12);
let running: Gateway;

beforeAll(async () => {
  running = await gateway();
});

afterAll(() => running.listener.close());

function task(agent: string, id: string): TaskRecord {
  const times = { openedAt: AT, lastSeenAt: AT, endedAt: null, outcome: null };
  return { agent, id, parent: null, depth: 0, bundle: "b", ...times };
}

function said(position: number, text: string): PlacedEntry {
  const parts = [{ kind: "text", text }] as const;
  return {
    position,
    at: AT,
    kind: "message",
    decision: "d-1",
    from: "request",
    role: "user",
    parts,
  };
}

beforeEach(() => {
  const { operations } = running;
  operations.done.splice(0);
  operations.taskRecords.splice(0, 9, task("a", "one"), task("a", "both"), task("b", "both"));
  operations.transcriptEntries.splice(0);
});

test("A transcript is told entry by entry, whoever wrote it cannot move the cursor", async () => {
  running.operations.transcriptEntries.push(
    said(1, "one\r\n\ttwo\u001b[2J"),
    {
      ...{ position: 2, at: AT, kind: "message", decision: "d-1", from: "answer" },
      role: "assistant\u0007",
      parts: [
        { kind: "thinking", text: "hm" },
        { kind: "call", id: "c1", name: "find", arguments: '{"q":\n1}' },
        { kind: "result", id: "c1", name: null, text: "first\nsecond" },
      ],
    },
    { position: 3, at: AT, kind: "verdict", decision: "d-2", verdict: "parked", why: "clutch" },
    {
      ...{ position: 4, at: AT, kind: "call", decision: "d-3", server: "desk", tool: "find" },
      ...{ by: "mcp", arguments: "{}", verdict: "refused", why: "manifest.read-only" },
    },
    {
      ...{ position: 5, at: AT, kind: "result", decision: "d-4", server: "desk", tool: "find" },
      ...{ outcome: "ok", text: "found" },
    },
  );
  const { code, out } = await running.ask("tasks", "transcript", "one");
  const at = "2026-11-23T12:00:00.000Z";
  expect([code, out.split("\n")]).toEqual([
    0,
    [
      ...["a one", "", `${at} user`, "  one", "      two�[2J"],
      ...["", `${at} assistant�`, "  (thinking)", "    hm", '  → find {"q":�1}'],
      ...["  ← first", "    second", "", `${at} parked: clutch`],
      ...["", `${at} tool desk.find, refused: manifest.read-only`, "  {}"],
      ...["", `${at} result of desk.find, ok`, "  found", ""],
    ],
  ]);
});

test("A long one is read page after page, and each reading has a name", async () => {
  const { operations } = running;
  for (let no = 1; no <= 801; no += 1) operations.transcriptEntries.push(said(no, `${no}`));
  const { out } = await running.ask("tasks", "transcript", "one", "--json");
  expect(JSON.parse(out).entries).toHaveLength(801);
  expect(operations.done).toEqual(Array(3).fill("read a one by the-admin"));
});

test("One that is kept by nobody says why there is nothing", async () => {
  const { out } = await running.ask("tasks", "transcript", "one");
  expect(out).toContain("nothing is kept of it");
});

test("A name that two agents have wants to be told whose it is", async () => {
  for (const command of [["transcript"], ["erase", "--reason", "x"]]) {
    const [verb = "", ...more] = command;
    const { code, err } = await running.ask("tasks", verb, "both", ...more);
    expect([code, err]).toEqual([1, expect.stringContaining("a, b")]);
    expect((await running.ask("tasks", verb, "both", "--agent", "b", ...more)).code).toBe(0);
  }
  expect(running.operations.done).toEqual([
    "read b both by the-admin",
    "erase b both by the-admin: x",
  ]);
});

test("Erasing wants a reason, and is told how much is gone", async () => {
  running.operations.transcriptEntries.push(said(1, "one"), said(2, "two"));
  expect((await running.ask("tasks", "erase", "one")).code).toBe(2);
  const { code, out } = await running.ask("tasks", "erase", "one", "--reason", "asked for");
  expect([code, out]).toEqual([0, expect.stringContaining("Erased 2 entries of one of a.")]);
});

test("A page has its bounds, and a query that is not known is refused", async () => {
  const ask = async (query: string) => {
    const at = `${running.listener.url}/api/v1/tasks/a/one/transcript${query}`;
    const headers = { authorization: `Bearer ${TOKENS.operator}` };
    const answer = await fetch(at, { headers });
    return [answer.status, answer.headers.get("cache-control")];
  };
  expect(await ask("")).toEqual([200, "no-store"]);
  for (const query of ["?limit=0", "?limit=401", "?after=x", "?from=1h"]) {
    expect((await ask(query))[0]).toBe(400);
  }
});
