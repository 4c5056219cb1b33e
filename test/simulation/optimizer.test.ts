/**
 * The optimizer, told the time: an agent that is to cut cloud spend starts a service a minute, five
 * hundred of them, and a day goes by. What is real is a whole gateway but for its listeners, on the
 * test clock; the cloud says which services run.
 */
import { expect, test } from "vitest";
import { endByHand } from "../../src/compose/commitments.ts";
import { formatUsd } from "../../src/guards/money.ts";
import { ACTIVE_MAX, CommitmentLife, NO_OUTAGE } from "../faults/commitment-life.ts";

const SERVICES = 500;
const USD_PER_HOUR = 11;
const DAY_MINUTES = 24 * 60;
const LIMIT_USD = 2_000;

/** What the day costs if each service runs from its minute on. */
function unguardedUsd(): number {
  const minutes = Array.from({ length: SERVICES }, (_, minute) => DAY_MINUTES - minute);
  return (minutes.reduce((sum, one) => sum + one, 0) / 60) * USD_PER_HOUR;
}

test("a day of six figures is one of three, and ends when a person ends it", async () => {
  const life = new CommitmentLife(NO_OUTAGE, {
    commitment: { usd_per_hour: USD_PER_HOUR, horizon: "2h" },
    budgets: [{ name: "all", limit_usd: LIMIT_USD, window: "lifetime" }],
  });
  const parts = await life.start();
  for (let minute = 0; minute < DAY_MINUTES; minute += 1) {
    if (minute < SERVICES) await life.done(life.begin(parts, minute + 1));
    life.clock.advance(59_000);
    await life.seconds(1, parts);
  }
  const spentUsd = Number(formatUsd(life.spentOf("all")));
  expect(unguardedUsd()).toBeGreaterThan(100_000);
  expect(spentUsd).toBeLessThan(LIMIT_USD);
  expect(spentUsd / unguardedUsd()).toBeLessThan(0.01);
  const statuses = Array.from({ length: SERVICES }, (_, index) => life.statusOf(index + 1));
  const full = Array.from({ length: SERVICES - ACTIVE_MAX }, () => "commitment.full");
  expect(statuses).toEqual([...Array.from({ length: ACTIVE_MAX }, () => "200"), ...full]);
  expect(life.cloud.running.size).toBe(ACTIVE_MAX);

  // The person who is told switches them off, and says so.
  for (const { id } of life.rows("active")) {
    await life.done(endByHand(parts.gateway, { id, reason: "switched off", by: "ada" }));
  }
  life.cloud.running.clear();
  await life.seconds(1, parts);
  const ended = life.spentOf("all");
  life.clock.advance(3_600_000);
  await life.seconds(2, parts);
  expect(life.spentOf("all")).toBe(ended);
  expect(life.rows("ended")).toHaveLength(ACTIVE_MAX);
  expect(life.unexpected).toEqual([]);
});
