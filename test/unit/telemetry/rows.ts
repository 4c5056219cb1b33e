import type { Event } from "../../../src/guards/events.ts";
import type { Anchor, JournalEntry, JournalReader } from "../../../src/ports/store.ts";
import { anchorKey } from "../../../src/telemetry/anchor.ts";
import { ANCHOR_EVERY_MS, Journal } from "../../../src/telemetry/journal.ts";
import { testClock } from "../../../src/testing/test-clock.ts";

export const KEY = anchorKey("ab".repeat(32));

export interface Rows {
  entries: (JournalEntry & { position: number })[];
  anchors: (Anchor & { position: number })[];
}

/** Rows as someone with write access to the store left them. */
export function storeOf(rows: Rows): JournalReader {
  return {
    async read({ after = 0, writer, take, limit }) {
      const found = rows.entries
        .filter((row) => row.position > after && (writer === undefined || row.writer === writer))
        .sort((a, b) => a.position - b.position);
      return take === "oldest" ? found.slice(0, limit) : found.slice(-limit);
    },
    async anchors(after, limit) {
      return rows.anchors.filter((row) => row.position > after).slice(0, limit);
    },
  };
}

const money = { unit: "usd", window: 0, reserved: 1_200_000, charged: 400_000 } as const;

export function settled(no: number, agent = "support"): Event {
  return {
    kind: "call.settled",
    decision: `dec_${no}`,
    call: `call_${no}`,
    agent,
    task: `ticket-${no % 3}`,
    key: "key_1",
    revision: "git:0123456789ab",
    asked: {
      format: "openai-chat",
      model: "gpt-5-mini",
      provider: "openai",
      stream: false,
      outputCap: 512,
      bytes: 1834,
      attempt: 0,
    },
    answers: [
      { guard: "identity", answer: "allow", numbers: {} },
      { guard: "manifest", answer: "allow", numbers: { model: "gpt-5-mini" } },
      { guard: "budget", answer: "allow", numbers: { reserved: 1_200_000, remaining: "499.9" } },
    ],
    legs: [
      { ...money, budget: "monthly", scope: agent },
      { ...money, budget: "each-task", scope: "t" },
    ],
    outcome: "ok",
    status: 200,
    fault: null,
    result: null,
    usage: {
      input: 400,
      cachedInput: 10,
      cacheWrite5m: 0,
      cacheWrite1h: 0,
      inputAudio: 0,
      output: 100,
      reasoning: 40,
      outputAudio: 0,
      serverTools: {},
      serviceTier: "default",
    },
    estimated: false,
    reserved: 1_200_000,
    charged: 400_000,
    sentCap: 512,
    capped: false,
    decidedMs: 0.2,
    firstByteMs: 300,
    endedMs: 900,
  };
}

/** Two gateways that write in turn; every batch but each writer's last is followed by a checkpoint. */
export function written(batches = 4, perBatch = 5): Rows {
  const clock = testClock();
  const journals = ["aa", "bb"].map(
    (writer) => new Journal({ writer, key: KEY, clock, others: new Map() }),
  );
  const rows: Rows = { entries: [], anchors: [] };
  for (let batch = 0; batch < batches; batch += 1) {
    for (const journal of journals) {
      for (let no = 0; no < perBatch; no += 1) journal.record(settled(batch * perBatch + no));
      const taken = journal.take(perBatch);
      for (const entry of taken.entries) {
        rows.entries.push({ ...entry, position: rows.entries.length + 1 });
      }
      if (taken.anchor) rows.anchors.push({ ...taken.anchor, position: rows.anchors.length + 1 });
      journal.flushed();
    }
    clock.advance(batch === batches - 2 ? 1 : ANCHOR_EVERY_MS);
  }
  return rows;
}

/** Those events, written one after the other by one gateway. */
export function entriesOf(events: readonly Event[]): Rows["entries"] {
  const journal = new Journal({ writer: "aa", key: KEY, clock: testClock(), others: new Map() });
  for (const event of events) journal.record(event);
  const { entries } = journal.take(events.length);
  return entries.map((entry, index) => ({ ...entry, position: index + 1 }));
}
