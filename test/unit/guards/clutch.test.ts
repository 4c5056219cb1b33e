/** The clutch of an agent: which calls it parks, and what moves it. */
import { describe, expect, test } from "vitest";
import { type Clutch, ENGAGED } from "../../../src/guards/clutch/clutch.ts";
import { clutch as ask } from "../../../src/guards/clutch/guard.ts";
import { type ClutchEvent, transition } from "../../../src/guards/clutch/transition.ts";
import { toolFacts } from "./tool-scenes.ts";

const CLUTCHES: Record<Clutch["state"], Clutch> = {
  engaged: ENGAGED,
  disengaged: { state: "disengaged", review: "r", since: 5 },
  probing: { state: "probing", review: "r", since: 7, task: "k" },
};

describe("a call", () => {
  type Who = "of the probe" | "of another" | "let go";
  const TABLE: Record<Clutch["state"], Record<Who, "passes" | "parks">> = {
    engaged: { "of the probe": "passes", "of another": "passes", "let go": "passes" },
    disengaged: { "of the probe": "parks", "of another": "parks", "let go": "passes" },
    probing: { "of the probe": "passes", "of another": "parks", "let go": "passes" },
  };
  const cases = Object.entries(TABLE).flatMap(([state, row]) =>
    Object.entries(row).map(([who, what]) => [who, state, what] as const),
  );

  test.each(cases)("%s, while the clutch is %s, %s", (who, state, what) => {
    const task = { ...toolFacts().task, id: who === "of the probe" ? "k" : "j" };
    // `as`: the keys of the table are the states.
    const clutch = CLUTCHES[state as Clutch["state"]];
    const answer = ask(toolFacts({ clutch, task, letGo: who === "let go" }));
    const allow = { kind: "allow", numbers: { clutch: state } };
    const park = { kind: "park", cause: "clutch", review: "r" };
    expect(answer).toEqual(what === "parks" ? park : allow);
  });
});

describe("the clutch", () => {
  const EVENTS = {
    trip: { kind: "trip", review: "n", at: 9 },
    pause: { kind: "pause", review: "n", at: 9 },
    probe: { kind: "probe", review: "r", task: "j", at: 9 },
    "probe again": { kind: "probe", review: "r", task: "k", at: 9 },
    resume: { kind: "resume", review: "r" },
    calm: { kind: "calm", review: "r" },
    "tasks ended": { kind: "tasks-ended", review: "r" },
    "late probe": { kind: "probe", review: "old", task: "j", at: 9 },
    "late resume": { kind: "resume", review: "old" },
    "late calm": { kind: "calm", review: "old" },
  } satisfies Record<string, ClutchEvent>;

  const opened: Clutch = { state: "disengaged", review: "n", since: 9 };
  const back: Clutch = { state: "disengaged", review: "r", since: 9 };
  const probing = (task: string): Clutch => ({ state: "probing", review: "r", since: 9, task });

  // Every state against every event: "same" is the very state it was.
  const TABLE: Record<Clutch["state"], Record<keyof typeof EVENTS, Clutch | "same">> = {
    engaged: {
      trip: opened,
      pause: opened,
      probe: "same",
      "probe again": "same",
      resume: "same",
      calm: "same",
      "tasks ended": "same",
      "late probe": "same",
      "late resume": "same",
      "late calm": "same",
    },
    disengaged: {
      trip: "same",
      pause: "same",
      probe: probing("j"),
      "probe again": probing("k"),
      resume: ENGAGED,
      // It tripped again before: a calm that comes late lets nothing go.
      calm: "same",
      "tasks ended": "same",
      "late probe": "same",
      "late resume": "same",
      "late calm": "same",
    },
    probing: {
      trip: back,
      pause: back,
      probe: probing("j"),
      "probe again": "same",
      resume: ENGAGED,
      calm: ENGAGED,
      "tasks ended": "same",
      "late probe": "same",
      "late resume": "same",
      "late calm": "same",
    },
  };
  const cases = Object.entries(TABLE).flatMap(([state, row]) =>
    Object.entries(row).map(([event, after]) => [state, event, after] as const),
  );

  test.each(cases)("%s, %s", (state, event, after) => {
    // `as`: the keys of the table are the states, and those of its rows the events.
    const before = CLUTCHES[state as Clutch["state"]];
    const next = transition(before, EVENTS[event as keyof typeof EVENTS]);
    if (after === "same") expect(next).toBe(before);
    else expect(next).toEqual(after);
  });

  test("takes a repeated event as none", () => {
    for (const before of Object.values(CLUTCHES)) {
      for (const event of Object.values(EVENTS)) {
        const once = transition(before, event);
        expect(transition(once, event)).toBe(once);
      }
    }
  });
});
