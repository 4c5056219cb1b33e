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
  let slow: Promise<void> | null = null;
  let learning: Promise<void> | null = null;
  const lines: string[] = [];
  const events: Event[] = [];
  const log = createLog({ clock, write: (line) => lines.push(line), level: "debug", form: "json" });
  const reached = <Answer>(answer: () => Promise<Answer>): Promise<Answer> =>
    away ? Promise.reject(new StoreUnreachable("away")) : answer();
  const between = {
    ...store,
    trip: (review: NewReview) =>
      reached(async () => {
        await slow;
        return store.trip(review);
      }),
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
    goingOn: async () => {
      await learning;
    },
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
    /** Before anybody goes on, what waits is learned until the promise says so. */
    learn: (until: Promise<void> | null) => {
      learning = until;
    },
    /** Trips that begin now are written once the promise says so. */
    slowDown: (until: Promise<void> | null) => {
      slow = until;
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

test("whoever is stopped stops at once, and whoever goes on waits for what is to be learned", async () => {
  const { clutches, learn, store } = scene();
  expect(await clutches.pause([pauseOf("a")], "jo")).toEqual([]);
  const [review] = await store.reviews({ agent: "a", limit: 1 });
  let learned: () => void = () => {};
  learn(
    new Promise((resolve) => {
      learned = resolve;
    }),
  );
  // At another gateway.
  await store.decide({ ...resume, ...rest, id: "d-1", review: review?.id ?? "", version: 0 });
  await store.trip(pauseOf("b"));
  const load = clutches.load();
  await new Promise((resolve) => setImmediate(resolve));
  expect([clutches.of("a").state, clutches.of("b").state]).toEqual(["disengaged", "disengaged"]);
  learned();
  await load;
  expect([clutches.of("a").state, clutches.of("b").state]).toEqual(["engaged", "disengaged"]);
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

test("a pause while a trip is being written is written too, and said to be only then", async () => {
  const { clutches, slowDown, store } = scene();
  let letGo: () => void = () => {};
  slowDown(
    new Promise((resolve) => {
      letGo = resolve;
    }),
  );
  const over: string[] = [];
  const trip = clutches.trip({ ...pauseOf("a", "r-1"), kind: "trip" }, "breaker stuck");
  expect(clutches.of("a")).toMatchObject({ state: "disengaged", review: "r-1" });
  const pause = clutches
    .pause([pauseOf("a", "r-2"), pauseOf("b", "r-3")], "jo")
    .then((unstored) => {
      over.push("pause");
      return unstored;
    });
  const again = clutches.writeTrips(); // as each second does
  await new Promise((resolve) => setImmediate(resolve));
  expect(clutches.of("b").state).toBe("disengaged");
  expect(over).toEqual([]);
  expect(await store.clutches()).toEqual([]);

  letGo();
  expect([await trip, await pause, await again]).toEqual([true, [], true]);
  const reviews = await store.reviews({ agent: "a", limit: 9 });
  expect(reviews).toMatchObject([{ id: "r-1", state: "open" }]);
  expect(reviews[0]?.evidence).toContain("because of r-2");
  // Nothing of it is left here that could stop the agent again after its resume.
  const version = reviews[0]?.version ?? -1;
  await store.decide({ ...resume, ...rest, id: "d-1", review: "r-1", version });
  await clutches.load();
  expect(await clutches.writeTrips()).toBe(true);
  expect(clutches.of("a").state).toBe("engaged");
  expect(clutches.of("b").state).toBe("disengaged");
});

test("what trips again without end while it stands still is written once", async () => {
  const { clutches, events, goAway } = scene();
  goAway(true);
  for (let no = 0; no < 100; no += 1) await clutches.trip(pauseOf("a", `r-${no}`), "breaker stuck");
  expect(events).toHaveLength(1);
});
