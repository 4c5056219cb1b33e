/**
 * A gateway's life with a pause in it, again for every call that its store fails. Whatever fails,
 * each call is sent once, answered once, and nothing of it is left behind.
 */
import { describe, expect, test } from "vitest";
import { OUTAGES, type Outage } from "./failing-store.ts";
import { failEach } from "./life.ts";
import { AGENT, type Asked, type Kind, type Leaves, ParkingLife } from "./parking-life.ts";

/** Longer lives are an error of this test. */
const STORE_CALLS_MAX = 1_500;
const PAUSED_MS = 3_000;
/** After the last answer: what nobody waits for is told to the store. */
const REST_MS = 4_000;

const KINDS: readonly Kind[] = ["model", "read", "write", "named"];
/** When its client leaves, and how long it stays away: around the pause, the resume, the run. */
const LEAVES: readonly (Leaves | null)[] = [
  null,
  { afterMs: 300, backAfterMs: null },
  { afterMs: 300, backAfterMs: 1_000 },
  { afterMs: 300, backAfterMs: 4_000 },
  { afterMs: PAUSED_MS + 600, backAfterMs: 200 },
];

async function live(outage: Outage): Promise<number> {
  const life = new ParkingLife(outage);
  const parts = await life.start();
  const { gateway, upkeep } = parts;
  upkeep.start();
  expect(await life.done(life.pauseAgent(parts))).toBe(true);
  expect(gateway.clutches.of(AGENT).state).toBe("disengaged");
  const asked = KINDS.flatMap((kind, row) =>
    LEAVES.map((leaves, column): [Asked, Leaves | null] => {
      return [{ no: row * LEAVES.length + column, kind }, leaves];
    }),
  );
  const answers = asked.map(async ([one, leaves]) => {
    const answer = await life.ask(parts, one, leaves);
    return answer === "left" ? [] : [{ ...one, status: answer.status, text: answer.text }];
  });
  await life.pass(PAUSED_MS);
  expect(life.farEnd.written).toEqual([]);
  await life.done(life.resumeAgent(parts));
  const answered = Promise.all(answers);
  await life.done(answered);
  for (const { kind, no, status, text } of (await answered).flat()) {
    expect({ kind, no, status, text }).toMatchObject({ status: 200 });
    expect(text).toContain(`done ${no}`);
  }
  await life.pass(REST_MS);
  // Each was sent once, and nothing of it waits for anybody.
  // But a model call that nobody came for: it would end unspent.
  const nos = asked
    .filter(([{ kind }, leaves]) => kind !== "model" || leaves?.backAfterMs !== null)
    .map(([{ no }]) => no);
  expect([...life.farEnd.written].sort((one, two) => one - two)).toEqual(nos);
  for (const { parked } of life.data.parked.values()) {
    expect(parked.state).toMatch(parked.digest.startsWith("m:") ? /^(done|let_go)$/ : /^done$/);
    if (parked.state === "let_go") expect(parked.attached).toBe(null);
  }
  const claims = [...life.data.claims.values()].map(({ state }) => state);
  expect(claims).toEqual(LEAVES.map(() => "done"));
  expect(gateway.inFlight.size + gateway.lot.heldOf(AGENT)).toBe(0);
  expect(life.unexpected).toEqual([]);
  await life.done(life.stop(parts));
  return life.failing.calls;
}

describe("some calls to the store fail, whichever they are, while calls are parked", () => {
  test.each(OUTAGES)(
    "%i at a time, %s they were done: each is sent once and answered",
    async (...outage) => {
      expect(await failEach(live, outage, STORE_CALLS_MAX)).toBeGreaterThan(100);
    },
    120_000,
  );
});
