/**
 * What happens is told through two gateways, again for every call that their store fails. Whatever
 * fails: all of it is told, and as long as nobody dies each thing once.
 */
import { describe, expect, test } from "vitest";
import { OUTAGES, type Outage } from "./failing-store.ts";
import { failEach } from "./life.ts";
import { NO_OUTAGE, NoticeLife, OK } from "./notice-life.ts";

const STORE_CALLS_MAX = 600;

/** A trip, an alarm, a review that moves no clutch; the far end fails now and then. */
async function live(outage: Outage) {
  const routes = { chat: {}, pager: { agents: ["a"], on: ["trip"] } };
  const life = new NoticeLife(outage, routes);
  let attempts = 0;
  life.answering = () => {
    attempts += 1;
    return attempts % 3 === 0 ? { kind: "retry", because: "status 500", afterMs: null } : OK;
  };
  const one = await life.tell();
  const two = await life.tell();
  await life.trip(one, "r-1");
  life.alarm(two, "b");
  await life.seconds(2, one, two);
  await life.open(two, "b-1");
  await life.seconds(2, one, two);
  const { calls } = life.failing;
  await life.seconds(6, one, two);
  expect(life.unexpected).toEqual([]);
  const told = (notifier: string) =>
    new Set(life.told(notifier).filter((subject) => !subject.startsWith("alert.")));
  expect(told("chat")).toEqual(new Set(["review.r-1.opened", "review.b-1.opened"]));
  expect(told("pager")).toEqual(new Set(["review.r-1.opened"]));
  expect(
    life.told("chat").filter((subject) => subject.startsWith("alert.")).length,
  ).toBeGreaterThan(0);
  // Of what failed there is one attempt more.
  const failures = Math.floor(attempts / 3);
  expect([...life.rows().values()].filter((state) => state !== "sent")).toEqual([]);
  return { life, calls, twice: life.delivered.length - failures - life.rows().size };
}

describe("notices through two gateways", () => {
  test("are told once each, to whom they are for", async () => {
    const { twice } = await live(NO_OUTAGE);
    expect(twice).toBe(0);
  });

  test.each(OUTAGES)(
    "with %i calls to the store lost, %s they were done: all are told, and none twice",
    async (...outage) => {
      const lived = async (failing: Outage) => {
        const { calls, life, twice } = await live(failing);
        expect(twice).toBe(0);
        expect(life.rows().size).toBe(4);
        return calls;
      };
      expect(await failEach(lived, outage, STORE_CALLS_MAX)).toBeGreaterThan(60);
    },
    120_000,
  );
});
