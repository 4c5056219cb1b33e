/** A thousand parked calls, and a gateway that is killed: each is accounted for, none sent twice. */
import { afterEach, describe, expect, test } from "vitest";
import { type Cluster, describePostgres } from "../support/postgres.ts";
import { until } from "./gateway-scene.ts";
import { type Agent, ALL_WITHIN_MS, CALLS, openStorm, type Storm } from "./parked-storm.ts";

const A_STORM_MS = 150_000;
const AGENTS = ["asker", "worker"] as const;
/** As many had been let go when it is killed again. */
const LET_GO = 120;

let storm: Storm;

afterEach(async () => {
  await storm.end();
});

async function parkAndKill(cluster: Cluster | null): Promise<void> {
  storm = await openStorm(cluster);
  await storm.pause();
  await storm.park();
  expect(sent()).toBe(0);
  await storm.kill();
  expect(await storm.rows()).toEqual({ "asker parked": CALLS, "worker parked": CALLS });
}

function sent(): number {
  return storm.upstream.received() + storm.server.ran();
}

function expectNoneTwice(): void {
  const written = storm.written();
  for (const agent of AGENTS) {
    const twice = [...written[agent]].filter(([, times]) => times > 1);
    expect(twice, agent).toEqual([]);
  }
}

/** Nothing of them is left but what is done, or waits for a person. */
async function accounted(): Promise<Readonly<Record<Agent, { done: number; unknown: number }>>> {
  const rows = await until(storm.rows, isOver, ALL_WITHIN_MS);
  const of = (agent: Agent) => {
    return { done: rows[`${agent} done`] ?? 0, unknown: rows[`${agent} unknown`] ?? 0 };
  };
  return { asker: of("asker"), worker: of("worker") };
}

function isOver(rows: Readonly<Record<string, number>>): boolean {
  return Object.keys(rows).every((what) => /done|unknown/.test(what));
}

function storms(cluster: () => Cluster | null): void {
  test(
    "all are there after the kill, and after the resume each is answered once",
    async () => {
      await parkAndKill(cluster());
      await storm.resume();
      const told = await storm.comeBack();
      const all = { done: CALLS, unknown: 0 };
      expect(await accounted()).toEqual({ asker: all, worker: all });
      expect(new Set(told.values())).toEqual(new Set(["answered"]));
      expectNoneTwice();
      expect([storm.upstream.received(), storm.server.ran()]).toEqual([CALLS, CALLS]);
    },
    A_STORM_MS,
  );

  test(
    "killed again while they are let go, what was out waits for a person and the rest goes on",
    async () => {
      await parkAndKill(cluster());
      await storm.resume();
      const back = storm.comeBack();
      await until(sent, (count) => count >= LET_GO);
      await storm.kill();
      const told = await back;
      const { asker, worker } = await accounted();
      expect([asker.done + asker.unknown, worker.done + worker.unknown]).toEqual([CALLS, CALLS]);
      expectNoneTwice();
      // Nothing is done that was not written.
      const written = storm.written();
      expect(written.asker.size).toBeGreaterThanOrEqual(asker.done);
      expect(written.worker.size).toBeGreaterThanOrEqual(worker.done);
      expect(asker.unknown + worker.unknown).toBeGreaterThan(0);
      // The others had their answers in the second before the kill, of which the store never heard.
      const unknown = [...told.values()].filter((what) => what === "unknown");
      expect(unknown.length).toBeLessThanOrEqual(asker.unknown);
    },
    A_STORM_MS,
  );
}

describe("a thousand parked calls on the embedded store", () => storms(() => null));

describePostgres("a thousand parked calls on PostgreSQL", storms);
