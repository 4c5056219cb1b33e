/** Outcomes of other gateways' decisions: how many wait at once, and for how long. */
import { expect, test } from "vitest";
import { memoryStore } from "../../../src/adapters/store/memory/index.ts";
import { Outbox, type Told } from "../../../src/gateway/decisions/outbox.ts";
import type { Report } from "../../../src/gateway/decisions/report.ts";
import { Seal } from "../../../src/gateway/parking/seal.ts";
import { createLog } from "../../../src/telemetry/log.ts";
import { testClock } from "../../../src/testing/test-clock.ts";

/** It lives, and says nothing. */
const SILENT = "ab".repeat(16);
const WAIT_MS = 5_000;

async function opened() {
  const clock = testClock();
  const store = memoryStore({ clock });
  const whose = { host: "here", pid: 1, pidStart: "1", configuration: "dir:1", keyId: "key" };
  await store.holders.register({ id: SILENT, ...whose });
  let made = 0;
  const chance = {
    hex: (bytes: number) => {
      made += 1;
      return made.toString(16).padStart(2 * bytes, "0");
    },
  };
  const log = createLog({ clock, write: () => {}, level: "error", form: "json" });
  const around = { chance, clock, log, seal: new Seal("00".repeat(32), chance), store };
  const outbox = new Outbox();
  const send = (chars = 0): Promise<Told> => outbox.send(SILENT, report(chars), around);
  return { clock, outbox, send };
}

function report(chars: number): Report {
  const content = [{ type: "text", text: "x".repeat(chars) }];
  const result = { content, structuredContent: undefined, isError: false, bytes: chars };
  const end = { kind: "result", result } as const;
  return { decision: "d-1", agent: "worker", task: null, digest: "one", end };
}

async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

test("a thousand wait at once, five seconds each, and one more is told so", async () => {
  const { clock, send } = await opened();
  const waiting = Array.from({ length: 1_000 }, () => send());
  await settle();
  expect(await send()).toBe("full");
  clock.advance(WAIT_MS);
  expect(new Set(await Promise.all(waiting))).toEqual(new Set(["late"]));
  const next = send();
  await settle();
  clock.advance(WAIT_MS);
  expect(await next).toBe("late");
});

test("64 MiB of them wait at once, however few they are", async () => {
  const { clock, send } = await opened();
  const large = 15 * 1024 * 1024;
  const waiting = Array.from({ length: 4 }, () => send(large));
  await settle();
  expect(await send(large)).toBe("full");
  clock.advance(WAIT_MS);
  await Promise.all(waiting);
  const next = send(large);
  await settle();
  clock.advance(WAIT_MS);
  expect(await next).toBe("late");
});

test("whoever waits while the gateway stops is told at once, and nobody waits after it", async () => {
  const { clock, outbox, send } = await opened();
  const waiting = send();
  await settle();
  outbox.close();
  expect(await waiting).toBe("late");
  expect(await send()).toBe("full");
  clock.advance(WAIT_MS);
  await settle();
  expect(clock.waiting).toBe(0);
});
