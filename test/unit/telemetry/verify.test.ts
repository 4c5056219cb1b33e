import { describe, expect, test } from "vitest";
import { anchorKey, OTHER_HEADS_MAX, readHeads } from "../../../src/telemetry/anchor.ts";
import { Chain, entryHash, GENESIS, written as textOf } from "../../../src/telemetry/chain.ts";
import { Journal } from "../../../src/telemetry/journal.ts";
import { verifyJournal } from "../../../src/telemetry/verify.ts";
import { testClock } from "../../../src/testing/test-clock.ts";
import { KEY, type Rows, settled, storeOf, written } from "./rows.ts";

async function badOf(rows: Rows) {
  const verified = await verifyJournal(storeOf(rows), KEY);
  if (verified.kind === "ok") throw new Error("The journal verified");
  return verified.bad;
}

/** What someone without the key can do: hash the chain again from an entry on. */
function rebuild(rows: Rows, writer: string): void {
  let before = GENESIS;
  for (const [index, entry] of rows.entries.entries()) {
    if (entry.writer !== writer) continue;
    const hash = entryHash(before, entry);
    rows.entries[index] = { ...entry, hash };
    before = hash;
  }
}

function edit(rows: Rows, index: number, change: (body: string) => string): void {
  const entry = rows.entries[index];
  if (entry) rows.entries[index] = { ...entry, body: change(entry.body) };
}

describe("an untouched journal", () => {
  test("verifies with its counts", async () => {
    expect(await verifyJournal(storeOf(written()), KEY)).toEqual({
      kind: "ok",
      entries: 40,
      writers: 2,
      anchors: 6,
      gaps: 0,
    });
  });

  test("verifies when empty", async () => {
    const verified = await verifyJournal(storeOf({ entries: [], anchors: [] }), KEY);
    expect(verified).toEqual({ kind: "ok", entries: 0, writers: 0, anchors: 0, gaps: 0 });
  });

  test("verifies over more rows than one page", async () => {
    const verified = await verifyJournal(storeOf(written(4, 700)), KEY);
    expect(verified).toMatchObject({ kind: "ok", entries: 5600 });
  });

  test("verifies when an entry becomes visible after a later position was read", async () => {
    const rows = written();
    const honest = storeOf(rows);
    const late = rows.entries.filter((entry) => entry.writer === "aa" && entry.no > 5);
    const hidden = new Set(late.slice(0, 5).map((entry) => entry.position));
    const verified = await verifyJournal(
      {
        anchors: honest.anchors,
        read: async (query) => {
          const page = await honest.read(query);
          if (query.writer !== undefined) return page;
          return page.filter((entry) => !hidden.has(entry.position));
        },
      },
      KEY,
    );
    expect(verified).toMatchObject({ kind: "ok", entries: 40 });
  });
});

describe("a journal that was tampered with", () => {
  test("shows an edited body at its entry", async () => {
    const rows = written();
    edit(rows, 7, (body) => body.replace('"charged":400000', '"charged":1'));
    expect(await badOf(rows)).toMatchObject({ what: "entry", writer: "bb", no: 3, position: 8 });
  });

  test.each(["agent", "task", "code", "decision", "kind"] as const)(
    "shows an edited column %s",
    async (column) => {
      const rows = written();
      const entry = rows.entries[3];
      if (entry) rows.entries[3] = { ...entry, [column]: "someone-else" };
      expect(await badOf(rows)).toMatchObject({ writer: "aa", no: 4, position: 4 });
    },
  );

  test("shows an edited time", async () => {
    const rows = written();
    const entry = rows.entries[3];
    if (entry) rows.entries[3] = { ...entry, at: entry.at + 1 };
    expect(await badOf(rows)).toMatchObject({ writer: "aa", no: 4, position: 4 });
  });

  test("shows a cut in the middle at the first number that is missing", async () => {
    const rows = written();
    rows.entries.splice(11, 2);
    const bad = await badOf(rows);
    expect(bad).toMatchObject({ what: "entry", writer: "aa", no: 7, position: null });
    expect(bad.why).toContain("2 missing");
  });

  test("shows a cut at the beginning", async () => {
    const rows = written();
    rows.entries.splice(0, 5);
    expect(await badOf(rows)).toMatchObject({ writer: "aa", no: 1, position: null });
  });

  test("shows two entries in each other's place", async () => {
    const rows = written();
    const [first, second] = rows.entries;
    if (first && second) {
      rows.entries[0] = { ...second, position: 1 };
      rows.entries[1] = { ...first, position: 2 };
    }
    expect(await badOf(rows)).toMatchObject({ what: "entry", writer: "aa" });
  });

  test("shows a tail that was cut before the last checkpoint", async () => {
    const rows = written();
    rows.entries = rows.entries.filter((entry) => entry.writer !== "bb" || entry.no <= 12);
    const bad = await badOf(rows);
    expect(bad).toMatchObject({ what: "entry", writer: "bb", no: 13, position: null });
    expect(bad.why).toContain("cut off");
  });

  test("shows a writer that is gone with all its checkpoints, by those of another writer", async () => {
    const rows = written();
    const clock = testClock();
    const others = await readHeads(storeOf(rows), ["bb", "aa"]);
    const journal = new Journal({ writer: "cc", key: KEY, clock, others });
    journal.record(settled(1));
    const { entries, anchor } = journal.take(10);
    rows.entries.push(...entries.map((entry) => ({ ...entry, position: 41 })));
    if (anchor) rows.anchors.push({ ...anchor, position: 9 });
    expect(await verifyJournal(storeOf(rows), KEY)).toMatchObject({ kind: "ok", writers: 3 });

    rows.entries = rows.entries.filter((entry) => entry.writer !== "aa");
    rows.anchors = rows.anchors.filter((anchor) => anchor.writer !== "aa");
    expect(await badOf(rows)).toMatchObject({ writer: "aa", no: 1, position: null });
  });

  test("signs for the writers that went last, where there were too many", async () => {
    const rows = written();
    const older = Array.from({ length: OTHER_HEADS_MAX - 1 }, (_, no) => `old-${no}`);
    const others = await readHeads(storeOf(rows), ["bb", ...older, "aa"]);
    expect([...others.keys()]).toEqual(["bb"]);
  });

  test("shows a chain that was rebuilt without the key, from the checkpoint before it", async () => {
    const rows = written(5);
    edit(rows, 22, (body) => body.replace('"charged":400000', '"charged":1'));
    rebuild(rows, "aa");
    const bad = await badOf(rows);
    expect(bad).toMatchObject({ what: "entry", writer: "aa", no: 11, position: 21 });
    expect(bad.why).toContain("rebuilt");
  });

  test("shows a chain that was rebuilt with checkpoints of another key", async () => {
    const rows = written();
    const verified = await verifyJournal(storeOf(rows), anchorKey("cd".repeat(32)));
    expect(verified).toMatchObject({ kind: "bad", bad: { what: "anchor", writer: "aa", no: 1 } });
  });

  test.each(["heads", "at", "mac"] as const)("shows a checkpoint with another %s", async (part) => {
    const rows = written();
    const anchor = rows.anchors[2];
    const changed = { heads: '{"aa":[1,"00"]}', at: 1, mac: "00".repeat(32) }[part];
    if (anchor) rows.anchors[2] = { ...anchor, [part]: changed };
    expect(await badOf(rows)).toMatchObject({ what: "anchor", writer: "aa", no: 2, position: 3 });
  });

  test("shows a checkpoint that is missing", async () => {
    const rows = written();
    rows.anchors.splice(2, 1);
    expect(await badOf(rows)).toMatchObject({
      what: "anchor",
      writer: "aa",
      no: 2,
      position: null,
    });
  });

  test("names the entry rather than the checkpoint when both are wrong", async () => {
    const rows = written();
    rows.anchors.splice(2, 1);
    edit(rows, 30, () => "{}");
    expect(await badOf(rows)).toMatchObject({ what: "entry", position: 31 });
  });
});

test("one chained event of a settled call takes microseconds", () => {
  const chain = new Chain("aa");
  const event = settled(1);
  for (let count = 0; count < 2_000; count += 1) chain.append(textOf(event, count));
  const startedAt = performance.now();
  for (let count = 0; count < 10_000; count += 1) chain.append(textOf(event, count));
  const eachUs = (performance.now() - startedAt) / 10;
  console.log(`${eachUs.toFixed(1)} µs an entry`);
  // A shared machine is noisy: the bound is far above the figure and far below a mistake.
  expect(eachUs).toBeLessThan(60);
});
