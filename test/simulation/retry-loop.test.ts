/**
 * The retry loop, told the time: the demo's model asks for recordings that come back empty, and the
 * rules of one gateway look on. What is real are the guards, the breakers and the clutch.
 */
import { expect, test } from "vitest";
import { nextStep } from "../../src/demo/model-turn.ts";
import * as level from "../../src/guards/breaker/level.ts";
import { DEFAULT_RULES, type LevelRule, type StuckRule } from "../../src/guards/breaker/rules.ts";
import * as stuck from "../../src/guards/breaker/stuck.ts";
import { type Clutch, ENGAGED } from "../../src/guards/clutch/clutch.ts";
import { clutch as clutchGuard } from "../../src/guards/clutch/guard.ts";
import { transition } from "../../src/guards/clutch/transition.ts";
import { admit, received, use } from "../../src/guards/rate-limit/permits.ts";
import { testClock } from "../../src/testing/test-clock.ts";
import type { JsonObject } from "../../src/wire/json.ts";
import { toolFacts } from "../unit/guards/tool-scenes.ts";

const STUCK = DEFAULT_RULES.find((rule) => rule.signal === "identical_calls") as StuckRule;
const SURGE = DEFAULT_RULES.find((rule) => rule.name === "tool-surge") as LevelRule;
const TOOL = { agent: "support", server: "help-desk", tool: "transcribe_audio" };
const REVIEW = "r-1";
const TICKETS = [4711, 4712, 4713, 4714, 4715, 4716, 4717, 4718];
/** One turn of the model and one call of the tool. */
const ROUND_MS = 500;
const LATE_MS = 10 * 60_000;

interface Scene {
  /** Calls in a minute that the manifest grants. */
  readonly requests: number;
  readonly breakers: readonly ("stuck" | "tool-surge")[];
  /** The service fails differently each time: no two results are equal. */
  readonly variesResults?: boolean;
}

/** One agent with a ticket in each task, one gateway, one tool. */
class Desk {
  readonly clock = testClock();
  readonly story: string[] = [];
  clutch: Clutch = ENGAGED;
  isBroken = true;
  /** Calls that reached the tool, by the second. */
  readonly reached: number[] = [];
  readonly #scene: Scene;
  readonly #talks = new Map(TICKETS.map((ticket) => [ticket, [said("user", `Ticket ${ticket}`)]]));
  readonly #limit: { tool: string; requests: number; perMs: number };
  #permits = received([], [], 0);
  readonly #runs = new Map<string, stuck.Run | null>();
  #surge = level.UNSEEN;
  /** Since the breakers looked last. */
  #attempts = 0;

  constructor(scene: Scene) {
    this.#scene = scene;
    this.#limit = { tool: TOOL.tool, requests: scene.requests, perMs: 60_000 };
    const owned = Array.from({ length: scene.requests }, (_, no) => ({
      no,
      number: 1,
      ageMs: null,
    }));
    this.#permits = received([], owned, 0);
  }

  get seconds(): number {
    return this.clock.monotonic() / 1_000;
  }

  /** Until every ticket is solved, the clutch lets go, or it is very late. */
  run(): this {
    while (this.#talks.size > 0 && this.clock.monotonic() < LATE_MS) {
      for (const [ticket, talk] of this.#talks) this.#round(ticket, talk);
      this.#look();
      if (this.clutch.state !== "engaged") return this;
      this.clock.advance(ROUND_MS);
    }
    return this;
  }

  resume(): this {
    this.clutch = transition(this.clutch, { kind: "resume", review: REVIEW });
    this.#runs.clear();
    this.#surge = level.rearm(this.#surge, SURGE, this.clock.wall());
    this.story.push(`resumed at ${this.seconds} s`);
    return this;
  }

  /** Calls that wait when every task has asked once more. */
  parkedNow(): number {
    return TICKETS.filter((ticket) => this.#talks.has(ticket) && this.#isParked(ticket)).length;
  }

  #round(ticket: number, talk: JsonObject[]): void {
    const step = nextStep(talk);
    if (step.kind === "say") {
      this.#talks.delete(ticket);
      this.story.push(`${step.text} ${this.seconds} s`);
      return;
    }
    if (this.#isParked(ticket)) return;
    const content = step.name === TOOL.tool ? this.#transcribe(ticket) : '{"status":"solved"}';
    const call = { id: "c", type: "function", function: { name: step.name } };
    talk.push({ role: "assistant", tool_calls: [call] });
    talk.push({ role: "tool", tool_call_id: "c", content });
  }

  #isParked(ticket: number): boolean {
    const task = { ...toolFacts().task, id: `ticket-${ticket}` };
    return clutchGuard(toolFacts({ clutch: this.clutch, task })).kind === "park";
  }

  /** What the model is told of it. */
  #transcribe(ticket: number): string {
    this.#attempts += 1;
    const now = this.clock.monotonic();
    const [permits, answer] = admit(this.#permits, this.#limit, true, now);
    if (answer.kind !== "taken") {
      this.#observe(ticket, null);
      return "Come again later, with the same arguments.";
    }
    this.#permits = use(permits, answer, now) ?? permits;
    this.reached.push(this.seconds);
    const varied = this.#scene.variesResults ? ` ${this.reached.length}` : "";
    this.#observe(ticket, this.isBroken ? `empty${varied}` : `words of ${ticket}`);
    return this.isBroken ? "" : '{"text":"It does not work."}';
  }

  #observe(ticket: number, result: string | null): void {
    if (!this.#scene.breakers.includes("stuck")) return;
    const call = {
      task: `ticket-${ticket}`,
      digest: `call-${ticket}.wav`,
      repeatsMax: null,
      elsewhere: [],
    };
    const event = { ...TOOL, ...call, result };
    const run = this.#runs.get(stuck.runOf(event)) ?? null;
    const [after, alarm] = stuck.observe(run, STUCK, event, this.clock.monotonic());
    this.#runs.set(stuck.runOf(event), after);
    if (alarm !== null) this.#trip(alarm.rule);
  }

  /** Once a round, as the gateway does once a second. */
  #look(): void {
    if (!this.#scene.breakers.includes("tool-surge")) return;
    const count = this.#attempts;
    this.#attempts = 0;
    const at = this.clock.wall();
    const held = {
      ...{ subject: TOOL, rule: SURGE },
      cold: level.coldLineOf(SURGE, this.#limit),
    };
    const event = { kind: "count", at, count, beside: count } as const;
    const [after, alarm] = level.observe(this.#surge, held, event, at);
    this.#surge = after;
    if (alarm !== null) this.#trip(alarm.rule);
  }

  #trip(rule: string): void {
    const at = this.clock.wall();
    const before = this.clutch;
    this.clutch = transition(before, { kind: "trip", review: REVIEW, at });
    if (before.state === "engaged") this.story.push(`${rule} trips at ${this.seconds} s`);
  }
}

function said(role: string, content: string): JsonObject {
  return { role, content };
}

test("nine empty files trip it within seconds; repaired and resumed, all tickets are solved", () => {
  const desk = new Desk({ requests: 1_000, breakers: ["stuck", "tool-surge"] }).run();
  expect(desk.story).toEqual(["stuck trips at 4 s"]);
  expect(desk.parkedNow()).toBe(TICKETS.length);
  // The eight that were asked with the ninth of the first are the last that go out.
  const before = desk.reached.length;
  expect(before).toBeLessThanOrEqual(9 * TICKETS.length);

  desk.clock.advance(60_000);
  desk.run();
  expect(desk.reached.length).toBe(before);

  desk.isBroken = false;
  desk.resume().run();
  expect(desk.reached.length).toBe(before + TICKETS.length);
  expect(desk.story.slice(1)).toEqual([
    "resumed at 64 s",
    ...TICKETS.map((ticket) => `Ticket ${ticket} is solved. 65 s`),
  ]);
});

test("resumed without a repair, it trips again and nothing is lost", () => {
  const desk = new Desk({ requests: 1_000, breakers: ["stuck"] }).run();
  desk.resume().run();
  expect(desk.story).toEqual(["stuck trips at 4 s", "resumed at 4 s", "stuck trips at 8 s"]);
  expect(desk.parkedNow()).toBe(TICKETS.length);
});

test("a rate limit that refuses most of it does not hide it from `stuck`", () => {
  const desk = new Desk({ requests: 8, breakers: ["stuck"] }).run();
  expect(desk.story).toEqual(["stuck trips at 4 s"]);
  expect(desk.reached.length).toBe(8);
});

test("where no two results are equal, it is stuck once its rate limit refuses it", () => {
  const breakers = ["stuck", "tool-surge"] as const;
  const desk = new Desk({ requests: 100, breakers, variesResults: true }).run();
  expect(desk.reached.length).toBe(100);
  expect(desk.story).toEqual(["stuck trips at 9.5 s"]);
});

test("the surge alone trips within 70 s, also where the limit refuses nine calls in ten", () => {
  const desk = new Desk({ requests: 100, breakers: ["tool-surge"] }).run();
  expect(desk.story).toEqual(["tool-surge trips at 66 s"]);
  expect(desk.reached.length).toBeLessThanOrEqual(200);
});

test("without breakers it goes on until somebody looks", () => {
  const desk = new Desk({ requests: 10_000, breakers: [] }).run();
  expect(desk.story).toEqual([]);
  expect(desk.reached.length).toBeGreaterThan(9_000);
});
