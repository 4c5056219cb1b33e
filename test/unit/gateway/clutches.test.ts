import { expect, test } from "vitest";
import { memoryStore } from "../../../src/adapters/store/memory/index.ts";
import { Clutches } from "../../../src/gateway/clutches.ts";
import type { Event } from "../../../src/guards/events.ts";
import { type ClutchRow, type NewReview, StoreUnreachable } from "../../../src/ports/store.ts";
import { createLog } from "../../../src/telemetry/log.ts";
import { testClock } from "../../../src/testing/test-clock.ts";

function scene() {
  const clock = testClock();
  const store = memoryStore({ clock }).clutch;
  let away = false;
  let delay: Promise<void> | null = null;
  const lines: string[] = [];
  const events: Event[] = [];
  const log = createLog({ clock, write: (line) => lines.push(line), level: "debug", form: "json" });
  const reached = <Answer>(answer: () => Promise<Answer>): Promise<Answer> =>
    away ? Promise.reject(new StoreUnreachable("away")) : answer();
  const between = {
    ...store,
    trip: (review: NewReview) => reached(() => store.trip(review)),
    clutches: () =>
      reached(async (): Promise<readonly ClutchRow[]> => {
        const waits = delay;
        const rows = await store.clutches();
        await waits;
        return rows;
      }),
  };
  const clutches = new Clutches(between, log, {
    happened: (event) => events.push(event),
    goingOn: async () => {},
    engaged: () => {},
    changed: () => {},
  });
  return {
    clutches,
    events,
    store,
    goAway: (gone: boolean) => {
      away = gone;
    },
    /** Reads that begin now answer with what was there now, once the promise says so. */
    hold: (until: Promise<void> | null) => {
      delay = until;
    },
  };
}

function pauseOf(agent: string, id = `r-${agent}`): NewReview {
  const about = { subject: "", reason: `because of ${id}`, evidence: "{}", at: 1 };
  return { id, kind: "pause", agent, ...about };
}

const resume = { decision: "resume", by: "jo", reason: "fine", at: 2 } as const;
const rest = { task: null, call: null, message: null, paceMs: 0 } as const;

test("an answer that was read before a trip does not engage the agent again", async () => {
  const { clutches, hold } = scene();
  let letGo: () => void = () => {};
  hold(
    new Promise((resolve) => {
      letGo = resolve;
    }),
  );
  const early = clutches.load();
  await Promise.resolve();
  hold(null);
  expect(await clutches.pause([pauseOf("a")], "jo")).toEqual([]);
  letGo();
  await early;
  expect(clutches.of("a").state).toBe("disengaged");
});

test("without the store a pause holds here, is said to, and is written once it is back", async () => {
  const { clutches, goAway, store } = scene();
  goAway(true);
  expect(await clutches.pause([pauseOf("a"), pauseOf("b")], "jo")).toEqual(["a", "b"]);
  expect(clutches.refusal("a", "t")).toMatchObject({ code: "clutch.parked" });
  // Known to be stopped, but not to be written.
  expect(await clutches.pause([pauseOf("a", "r-again")], "jo")).toEqual(["a"]);
  expect(await clutches.writeTrips()).toBe(false);
  goAway(false);
  expect(await clutches.writeTrips()).toBe(true);
  expect(await store.clutches()).toHaveLength(2);
  const [review] = await store.reviews({ agent: "a", limit: 9 });
  expect(review?.evidence).toContain("because of r-again");
});

test("a pause of an agent that others have resumed unheard stops it anew", async () => {
  const { clutches, store } = scene();
  await clutches.pause([pauseOf("a")], "jo");
  await store.decide({ ...resume, ...rest, id: "d-1", review: "r-a", version: 0 });
  expect(clutches.of("a").state).toBe("disengaged");
  expect(await clutches.pause([pauseOf("a", "r-new")], "jo")).toEqual([]);
  expect(await store.clutches()).toMatchObject([{ agent: "a", clutch: { review: "r-new" } }]);
});

test("what trips again without end while it stands still is written once", async () => {
  const { clutches, events, goAway } = scene();
  goAway(true);
  for (let no = 0; no < 100; no += 1) await clutches.trip(pauseOf("a", `r-${no}`), "breaker stuck");
  expect(events).toHaveLength(1);
});
