/**
 * What an agent begins and ends through two gateways, again for every call that their store fails.
 * Whatever fails: nothing is written before it is paid for, nothing that runs is lost, and there are
 * never more than there are places.
 */
import { createServer } from "node:http";
import { describe, expect, test } from "vitest";
import { drain } from "../../src/compose/stop.ts";
import { CommitmentLife, type Ending, HORIZON_NANO, NO_OUTAGE } from "./commitment-life.ts";
import { OUTAGES, type Outage } from "./failing-store.ts";
import { failEach } from "./life.ts";

const STORE_CALLS_MAX = 400;
const ENDINGS: Readonly<Record<number, Ending>> = {
  3: "reset",
  4: "says-it-failed",
  5: "unreachable",
  8: "no-id",
};

/** Six at once, two ended, time for a renewal, two more, and a stop. */
async function live(outage: Outage) {
  const life = new CommitmentLife(outage);
  life.cloud.endingOf = (no) => ENDINGS[no] ?? "well";
  const one = await life.start();
  const two = await life.start();
  const both = [one, two] as const;
  const of = (no: number) => (no % 2 === 0 ? two : one);
  await life.done(Promise.all([1, 2, 3, 4, 5, 6].map((no) => life.begin(of(no), no))));
  life.check();
  await life.done(life.stop(two, "svc-1"));
  await life.done(life.stop(one, "svc-1"));
  await life.seconds(4, ...both);
  await life.done(life.begin(one, 7));
  await life.done(life.begin(two, 8));
  await life.seconds(2, ...both);
  // What a lost answer left open is known by then, and so is what the store had granted.
  const { calls } = life.failing;
  if (outage.from <= calls && outage.count > 0) await life.seconds(12, ...both);
  expect(life.rows("opening")).toEqual([]);
  for (const parts of both) life.checkRest(parts);
  for (const { gateway, upkeep } of both) await life.done(drain(gateway, createServer(), upkeep));
  life.check();
  expect(life.unexpected).toEqual([]);
  for (const [decision, told] of life.told) expect([decision, told.length]).toEqual([decision, 1]);
  return { life, calls };
}

describe("commitments through two gateways", () => {
  test("are active, ended or unknown as their calls were, and charged for their time", async () => {
    const { life } = await live(NO_OUTAGE);
    const states = Object.fromEntries(life.rows().map(({ id, state }) => [id, state]));
    expect(states).toMatchObject({ "d-1": "ended", "d-3": "unknown" });
    const open = life.rows("active", "unknown");
    expect(life.cloud.running).toEqual(new Set(open.map(({ id }) => id.replace("d-", "svc-"))));
    expect(life.rows("opening")).toEqual([]);
    // Six wanted four places: what failed or was never sent gave its own back.
    expect(open).toHaveLength(4);
    expect(life.accrued()).toBeGreaterThan(HORIZON_NANO);
    expect(life.spentOf("all")).toBe(life.accrued());
    expect(life.spentOf("each-task")).toBe(life.accrued());
    expect(life.rows("active").some(({ renewals }) => renewals > 0)).toBe(true);
  });

  test.each(OUTAGES)(
    "with %i calls to the store lost, %s they were done: none is lost, all are paid",
    async (...outage) => {
      const lived = async (failing: Outage) => {
        const { calls, life } = await live(failing);
        expect(life.rows("opening")).toEqual([]);
        // All that was ever charged was for time that something may have run.
        expect(life.spentOf("all")).toBe(life.accrued());
        for (const { id, service, state } of life.rows("active")) {
          expect({ state, service }).toEqual({
            state: "active",
            service: JSON.stringify(id.replace("d-", "svc-")),
          });
        }
        return calls;
      };
      expect(await failEach(lived, outage, STORE_CALLS_MAX)).toBeGreaterThan(60);
    },
    240_000,
  );
});
