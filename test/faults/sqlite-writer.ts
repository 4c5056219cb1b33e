/**
 * A process that writes to an embedded store until it is stopped, and says what was acknowledged:
 * `node sqlite-writer.ts FOLDER storm | touch | full`.
 */
import { writeSync } from "node:fs";
import { systemClock } from "../../src/adapters/clock/system.ts";
import { sqliteStore } from "../../src/adapters/store/sqlite/index.ts";
import type { Batch, Store } from "../../src/ports/store.ts";

const [, , folder = "", mode = ""] = process.argv;
const HOLDER = "00000000000000000000000000000001";
const LEASED = 1_000_000_000n;
const CHARGE = 7n;
const LANES = 6;
const PAUSE = new Int32Array(new SharedArrayBuffer(4));

/** Synchronous: what is said before a SIGKILL has arrived. Waits for a reader that is slow. */
function say(words: Record<string, unknown>): void {
  let left = Buffer.from(`${JSON.stringify(words)}\n`);
  while (left.length > 0) {
    try {
      left = left.subarray(writeSync(1, left));
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EAGAIN")) throw error;
      Atomics.wait(PAUSE, 0, 0, 1);
    }
  }
}

function batchOf(account: number, lane: number, no: number): Batch {
  const writer = `lane-${lane}`;
  const call = `${writer}-${no}`;
  return {
    settlements: [{ call, legs: [{ account, drawn: CHARGE, charged: CHARGE }], estimated: false }],
    entries: [
      {
        writer,
        no,
        at: 1_700_000_000_000 + no,
        kind: "call.settled",
        decision: call,
        agent: "bot",
        task: null,
        code: null,
        body: JSON.stringify({ no, filler: "x".repeat(600) }),
        hash: "00".repeat(32),
      },
    ],
    anchor: null,
  };
}

async function begin(): Promise<{ readonly store: Store; readonly account: number }> {
  const store = await sqliteStore({ folder, clock: systemClock });
  const info = { host: "h", pid: process.pid, pidStart: "now", configuration: "c", keyId: "k" };
  await store.holders.register({ id: HOLDER, ...info });
  const spec = {
    budget: "b",
    scope: "",
    unit: "usd",
    window: "lifetime",
    starts: 0,
    ends: null,
    limit: LEASED,
  } as const;
  const [state] = await store.ledger.open([spec]);
  const account = state?.id ?? -1;
  await store.ledger.lease(HOLDER, [{ account, least: LEASED, most: LEASED }]);
  say({ ready: account });
  return { store, account };
}

/** Every lane flushes without end, one batch after the other; keys and tasks are made beside. */
async function storm(): Promise<void> {
  const { store, account } = await begin();
  const lane = async (number: number): Promise<void> => {
    for (let no = 1; ; no += 1) {
      const answer = await store.ledger.flush(HOLDER, batchOf(account, number, no));
      if (answer.kind === "ok") say({ lane: number, no });
    }
  };
  const keys = async (): Promise<void> => {
    for (let no = 1; ; no += 1) {
      const holder = { kind: "agent", agent: "bot" } as const;
      const dates = { createdAt: 1, expiresAt: null, revokedAt: null };
      await store.registry.createKey({ id: `key-${no}`, hash: `hash-${no}`, holder, ...dates });
      say({ key: no });
    }
  };
  await Promise.all([...Array.from({ length: LANES }, (_, number) => lane(number)), keys()]);
}

/** Flushes side by side until the disk is full; then says what it was told, and what it reads. */
async function full(): Promise<void> {
  const { store, account } = await begin();
  let failed = false;
  for (let no = 1; !failed; no += 1) {
    const flushes = Array.from({ length: LANES }, (_, number) =>
      store.ledger.flush(HOLDER, batchOf(account, number, no)),
    );
    for (const [number, result] of (await Promise.allSettled(flushes)).entries()) {
      if (result.status === "fulfilled") say({ lane: number, no });
      else say({ lane: number, no, rejected: result.reason.name, message: result.reason.message });
      failed ||= result.status === "rejected";
    }
  }
  const [state] = await store.ledger.accounts({ ids: [account], limit: 1 });
  say({ spent: Number(state?.spent), leased: Number(state?.leased) });
  await store.close();
}

/** One acknowledged change, then nothing more to do: the process ends by itself. */
async function touch(): Promise<void> {
  const { store, account } = await begin();
  await store.ledger.flush(HOLDER, batchOf(account, 0, 1));
  say({ lane: 0, no: 1 });
}

const MODES = { storm, full, touch };
try {
  // `as`: the tests of this folder start this file.
  await MODES[mode as keyof typeof MODES]();
} catch (error) {
  say({ failed: error instanceof Error ? error.name : "?", message: String(error) });
  process.exitCode = 1;
}
