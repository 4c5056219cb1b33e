import { describe, expect, test } from "vitest";
import { ANCHOR_EVERY_MS, Journal, PENDING_MAX } from "../../../src/telemetry/journal.ts";
import { testClock } from "../../../src/testing/test-clock.ts";
import { KEY, settled } from "./rows.ts";

function opened() {
  const clock = testClock();
  return { clock, journal: new Journal({ writer: "aa", key: KEY, clock, others: new Map() }) };
}

describe("the journal of a process", () => {
  test("offers the same batch until it is durable, and then the next", () => {
    const { journal } = opened();
    for (let no = 1; no <= 5; no += 1) journal.record(settled(no));
    const first = journal.take(3);
    journal.record(settled(6));
    expect(journal.take(100)).toBe(first);
    expect(first.entries.map((entry) => entry.no)).toEqual([1, 2, 3]);
    journal.flushed();
    expect(journal.take(100).entries.map((entry) => entry.no)).toEqual([4, 5, 6]);
  });

  test("stamps an event with the time it was recorded, not the time it was taken", () => {
    const { clock, journal } = opened();
    const at = clock.wall();
    journal.record(settled(1));
    clock.advance(700);
    expect(journal.take(1).entries[0]).toMatchObject({
      at,
      kind: "call.settled",
      decision: "dec_1",
      agent: "support",
      task: "ticket-1",
      code: null,
    });
  });

  test("signs a checkpoint at most once an interval, and none when nothing was added", () => {
    const { clock, journal } = opened();
    journal.record(settled(1));
    expect(journal.take(9).anchor?.no).toBe(1);
    journal.flushed();
    journal.record(settled(2));
    expect(journal.take(9).anchor).toBeNull();
    journal.flushed();
    expect(journal.waiting).toBe(0);
    clock.advance(ANCHOR_EVERY_MS);
    expect(journal.waiting).toBe(1);
    expect(journal.take(9)).toMatchObject({ entries: [], anchor: { no: 2 } });
    expect(journal.waiting).toBe(1);
    journal.flushed();
    expect(journal.waiting).toBe(0);
    clock.advance(ANCHOR_EVERY_MS);
    expect(journal.take(9)).toEqual({ entries: [], anchor: null });
  });

  test("signs its end before it stops", () => {
    const { journal } = opened();
    journal.record(settled(1));
    journal.take(9);
    journal.flushed();
    journal.record(settled(2));
    journal.seal();
    expect(journal.take(9).anchor).toMatchObject({ no: 2 });
  });

  test("asks for no more calls while it is full, and says how much it had to leave out", () => {
    const { journal } = opened();
    const event = settled(1);
    expect(journal.hasRoom).toBe(true);
    for (let no = 0; no < PENDING_MAX + 7; no += 1) journal.record(event);
    expect(journal.hasRoom).toBe(false);
    expect(journal.waiting).toBe(PENDING_MAX);
    journal.take(PENDING_MAX);
    journal.flushed();
    expect(journal.hasRoom).toBe(true);
    const [entry] = journal.take(9).entries;
    expect(entry).toMatchObject({ kind: "journal.overflowed", no: PENDING_MAX + 1 });
    expect(JSON.parse(entry?.body ?? "")).toEqual({ kind: "journal.overflowed", dropped: 7 });
  });

  test("tells what waits about one decision, offered or not", () => {
    const { journal } = opened();
    journal.record(settled(1));
    journal.take(1);
    journal.record(settled(2));
    expect(journal.about("dec_1").map(({ event }) => event)).toEqual([settled(1)]);
    expect(journal.about("dec_2").map(({ event }) => event)).toEqual([settled(2)]);
    expect(journal.about("dec_3")).toEqual([]);
  });
});
