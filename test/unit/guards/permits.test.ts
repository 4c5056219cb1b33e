/** The permits of a rate limit in one process; and two of them with a store between. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  admit,
  CLOCK_DRIFT,
  confirmed,
  drop,
  type GivenPermit,
  IDLE_MS,
  idle,
  MARGIN_MS,
  NO_PERMITS,
  type OwnedPermit,
  type Permits,
  received,
  release,
  type TakenPermit,
  type ToolRate,
  use,
} from "../../../src/guards/rate-limit/permits.ts";

/** Two in ten seconds. */
const LIMIT: ToolRate = { tool: "t", requests: 2, perMs: 10_000 };
/** How long one rests, on a clock that may run fast. */
const REST = Math.ceil((10_000 + MARGIN_MS) / (1 - CLOCK_DRIFT));

/** Nobody else wants any; and somebody does. */
const KEEP_ALL = Number.POSITIVE_INFINITY;
const HALF = 2;

const held = (no: number, lastUse: number | null, since = 0, number = 1) =>
  ({ phase: "held", no, number, lastUse, since }) as const;
const taken = (no: number, number = 1): TakenPermit => ({ kind: "taken", no, number });

describe("a call", () => {
  test("takes a permit that was never used", () => {
    const permits = [held(0, null)];
    const after = [{ ...held(0, null), phase: "taken" }];
    expect(admit(permits, LIMIT, false, 5)).toEqual([after, taken(0)]);
  });

  test("takes the youngest that is old enough, and leaves the rest to be given back", () => {
    const permits = [held(0, null), held(1, 10)];
    expect(admit(permits, LIMIT, false, REST + 10)[1]).toEqual(taken(1));
    expect(admit(permits, LIMIT, false, REST + 9)[1]).toEqual(taken(0));
  });

  test("does not take one that another call has, nor one that is on its way back", () => {
    for (const phase of ["taken", "returning"] as const) {
      const permits: Permits = [{ ...held(0, null), phase }];
      const [after, answer] = admit(permits, LIMIT, false, 5);
      expect(after).toBe(permits);
      expect(answer.kind).toBe("short");
    }
  });

  test("does not take one that the limit no longer has", () => {
    const permits = [held(2, null)];
    expect(admit(permits, LIMIT, true, 5)[1].kind).toBe("deny");
  });

  test("is short where the store may have more, and told how long it would be without", () => {
    expect(admit(NO_PERMITS, LIMIT, false, 5)).toEqual([
      NO_PERMITS,
      { kind: "short", waitMs: 1_000 },
    ]);
    const permits = [held(0, 4_000)];
    const waitMs = REST - 2_000;
    expect(admit(permits, LIMIT, false, 6_000)).toEqual([permits, { kind: "short", waitMs }]);
  });

  test("is refused where the store has no more, with the numbers", () => {
    const permits = [held(0, 4_000)];
    const facts = { tool: "t", requests: 2, per_seconds: 10, retry_seconds: 9 };
    const retryAfterMs = REST - 2_000;
    const refusal = { kind: "deny", code: "rate-limit.exceeded", facts, retryAfterMs };
    expect(admit(permits, LIMIT, true, 6_000)).toEqual([permits, refusal]);
  });

  test("does not ask the store where all permits are here", () => {
    const permits = [held(0, 4_000), { ...held(1, 5_000), phase: "taken" as const }];
    expect(admit(permits, LIMIT, false, 6_000)[1]).toMatchObject({
      kind: "deny",
      retryAfterMs: REST - 2_000,
    });
  });

  test("that is written uses its permit now; one that is not leaves it as it was", () => {
    const [permits, answer] = admit([held(0, null, 3)], LIMIT, false, 5);
    if (answer.kind !== "taken") throw new Error("not taken");
    expect(use(permits, answer, 8)).toEqual([held(0, 8, 8)]);
    expect(drop(permits, answer)).toEqual([held(0, null, 3)]);
  });

  test("may not be written without its permit", () => {
    const mine: Permits = [{ ...held(0, null), phase: "taken" }];
    expect(use(mine, taken(0, 2), 8)).toBeNull();
    expect(use(mine, taken(1), 8)).toBeNull();
    expect(use([held(0, null)], taken(0), 8)).toBeNull();
    expect(use(NO_PERMITS, taken(0), 8)).toBeNull();
    expect(drop(mine, taken(0, 2))).toBe(mine);
    expect(drop(NO_PERMITS, taken(0))).toBe(NO_PERMITS);
  });
});

describe("the store's answer", () => {
  test("brings permits as old as they were when it was made", () => {
    const listed = [
      { no: 0, number: 4, ageMs: null },
      { no: 1, number: 2, ageMs: 300 },
    ];
    expect(received(NO_PERMITS, listed, 1_000)).toEqual([
      held(0, null, 1_000, 4),
      held(1, 700, 1_000, 2),
    ]);
  });

  test("changes nothing of what is known, whatever became of it", () => {
    const permits: Permits = [
      held(0, 900, 900, 3),
      { ...held(1, 900, 900, 3), phase: "taken" },
      { ...held(2, 900, 900, 3), phase: "returning" },
      { phase: "gone", no: 3, number: 3 },
    ];
    for (const number of [2, 3]) {
      const listed = [0, 1, 2, 3].map((no) => ({ no, number, ageMs: null }));
      expect(received(permits, listed, 1_000)).toBe(permits);
    }
  });

  test("brings one that was given back and came again, with its new number", () => {
    for (const phase of ["returning", "taken"] as const) {
      const permits: Permits = [{ ...held(0, 900, 900, 3), phase }];
      const again = received(permits, [{ no: 0, number: 4, ageMs: 50 }], 1_000);
      expect(again).toEqual([held(0, 950, 1_000, 4)]);
      expect(use(again, taken(0, 3), 1_001)).toBeNull();
      expect(confirmed(again, [{ no: 0, number: 3 }])).toEqual(again);
    }
  });

  test("takes an age below nothing for none", () => {
    expect(received(NO_PERMITS, [{ no: 0, number: 1, ageMs: -50 }], 10)).toEqual([held(0, 10, 10)]);
  });
});

describe("a permit that a call had while it was out", () => {
  const out = { ...held(0, null, 5), phase: "taken" as const };

  test("is free again at once, was not used, and lies idle from then on", () => {
    const after = release([out, held(1, 3)], taken(0), 40);
    expect(after).toEqual([held(0, null, 40), held(1, 3)]);
    expect(admit(after.slice(0, 1), LIMIT, true, 40)[1]).toEqual(taken(0));
    expect(idle(after.slice(0, 1), LIMIT, KEEP_ALL, 40 + IDLE_MS - 1)[1]).toEqual([]);
    const given = [{ no: 0, number: 1, idleMs: null }];
    expect(idle(after.slice(0, 1), LIMIT, KEEP_ALL, 40 + IDLE_MS)[1]).toEqual(given);
  });

  test("keeps the age that it came with: of a process that died with it", () => {
    const old = { ...held(0, 2, 5), phase: "taken" as const };
    expect(release([old], taken(0), 40)).toEqual([held(0, 2, 40)]);
  });

  test.each([
    ["of another number", [out], taken(0, 2)],
    ["that is free already", [held(0, null, 5)], taken(0)],
    ["that is not here", [], taken(0)],
  ])("is not freed by a call %s", (_, permits, call) => {
    expect(release(permits, call, 40)).toBe(permits);
  });
});

describe("a permit is given back", () => {
  const given = (permits: Permits, wanted: boolean, now: number, limit = LIMIT) =>
    idle(permits, limit, wanted ? HALF : KEEP_ALL, now)[1].map(({ no }) => no);

  test("once it could have been used for a second", () => {
    const permits = [held(0, 0)];
    expect(given(permits, false, REST + IDLE_MS - 1)).toEqual([]);
    const now = REST + IDLE_MS;
    const idleMs = Math.floor(now * (1 - CLOCK_DRIFT));
    const after = [{ ...held(0, 0), phase: "returning" }];
    expect(idle(permits, LIMIT, KEEP_ALL, now)).toEqual([after, [{ no: 0, number: 1, idleMs }]]);
  });

  test("a second after it came, also one that was never used", () => {
    const permits = [held(0, null, 500), held(1, -90_000, 500)];
    expect(given(permits, false, 1_499)).toEqual([]);
    expect(idle(permits, LIMIT, KEEP_ALL, 1_500)[1]).toEqual([
      { no: 0, number: 1, idleMs: null },
      { no: 1, number: 1, idleMs: 91_500 - 92 },
    ]);
  });

  test("at once where others want some and this process has more than half", () => {
    const three = { ...LIMIT, requests: 3 };
    const permits = [held(0, 50), held(1, 40), held(2, 60)];
    expect(given(permits, false, 100, three)).toEqual([]);
    expect(given(permits, true, 100, three)).toEqual([1]);
    expect(given(permits.slice(0, 2), true, 100, three)).toEqual([]);
  });

  test("but not while a call has it", () => {
    const permits = [0, 1].map((no) => ({ ...held(no, null), phase: "taken" as const }));
    expect(given(permits, true, 90_000)).toEqual([]);
  });

  test("where the limit no longer has it", () => {
    expect(given([held(2, 99), held(1, 99)], false, 100)).toEqual([2]);
  });

  test("again and again, until the store has it; then it is remembered by its number", () => {
    const [permits, first] = idle([held(0, 0)], LIMIT, KEEP_ALL, REST + IDLE_MS);
    const [again, second] = idle(permits, LIMIT, KEEP_ALL, REST + IDLE_MS + 1_001);
    expect(second).toEqual([{ no: 0, number: 1, idleMs: (first[0]?.idleMs ?? 0) + 1_000 }]);
    expect(again).toEqual(permits);
    expect(confirmed(permits, [{ no: 0, number: 2 }])).toEqual(permits);
    const gone = confirmed(permits, first);
    expect(gone).toEqual([{ phase: "gone", no: 0, number: 1 }]);
    expect(idle(gone, LIMIT, KEEP_ALL, 90_000)).toEqual([gone, []]);
  });
});

/** A store as the port's comment says it is, with a clock of its own. */
interface Row {
  owner: string | null;
  number: number;
  lastUse: number | null;
}

interface Gateway {
  holder: string;
  permits: Permits;
  calls: TakenPermit[];
  rate: number;
  wanted: boolean;
}

type Message = { due: number; deliver: () => void };

/** Two gateways, one limit, a slow and faithless network, and clocks that drift as far as they may. */
class World {
  now = 0;
  readonly uses: number[] = [];
  readonly #limit: ToolRate;
  readonly #rows: Row[];
  readonly #storeRate: number;
  readonly gateways: Gateway[];
  #messages: Message[] = [];
  #boots = 2;
  #storeAhead = 0;

  constructor(limit: ToolRate, rates: readonly number[]) {
    this.#limit = limit;
    this.#rows = Array.from({ length: limit.requests }, () => ({
      owner: null,
      number: 0,
      lastUse: null,
    }));
    const [storeRate = 1, ...own] = rates;
    this.#storeRate = storeRate;
    this.gateways = own.map((rate, index) => ({
      holder: `h${index}`,
      permits: NO_PERMITS,
      calls: [],
      rate,
      wanted: false,
    }));
  }

  take(step: Step): void {
    const gateway = this.gateways[step.gateway];
    if (gateway === undefined) throw new Error("no gateway");
    this.now += step.waitMs;
    this.#deliverDue();
    const clock = this.#clockOf(gateway);
    switch (step.kind) {
      case "admit": {
        const [after, answer] = admit(gateway.permits, this.#limit, step.flag, clock);
        gateway.permits = after;
        if (answer.kind === "taken") gateway.calls.push(answer);
        if (answer.kind === "short") this.#ask(gateway, step);
        return;
      }
      case "await": {
        // To the very millisecond at which it is told to come back, and written at once.
        const [, answer] = admit(gateway.permits, this.#limit, true, clock);
        if (answer.kind !== "deny") return;
        this.now += Math.ceil((answer.retryAfterMs ?? 0) / gateway.rate);
        this.#deliverDue();
        this.take({ ...step, kind: "admit", waitMs: 0 });
        this.take({ ...step, kind: "write", waitMs: 0 });
        return;
      }
      case "clock-step":
        // Once, and so small that nobody sees it.
        this.#storeAhead = MARGIN_MS;
        return;
      case "write": {
        const call = gateway.calls.shift();
        const after = call && use(gateway.permits, call, clock);
        if (!after) return;
        gateway.permits = after;
        this.uses.push(this.now);
        return;
      }
      case "drop": {
        const call = gateway.calls.pop();
        if (call) gateway.permits = drop(gateway.permits, call);
        return;
      }
      case "idle": {
        const most = step.flag ? Math.ceil(this.#limit.requests / 2) : KEEP_ALL;
        const [after, given] = idle(gateway.permits, this.#limit, most, clock);
        gateway.permits = after;
        if (given.length > 0) this.#give(gateway, given, step);
        return;
      }
      case "fence":
        this.#fence(gateway);
    }
  }

  #ask(gateway: Gateway, { delays, copies }: Step): void {
    const { holder } = gateway;
    this.#send(delays[0], copies, () => {
      const owned = this.#takeRows(holder);
      this.#send(delays[1], copies, () => {
        if (gateway.holder !== holder) return;
        gateway.permits = received(gateway.permits, owned, this.#clockOf(gateway));
      });
    });
  }

  #give(gateway: Gateway, given: readonly GivenPermit[], { delays, copies }: Step): void {
    const { holder } = gateway;
    this.#send(delays[0], copies, () => {
      for (const { idleMs, no, number } of given) {
        const row = this.#rows[no];
        if (row?.owner !== holder || row.number !== number) continue;
        row.owner = null;
        if (idleMs !== null) row.lastUse = this.#storeClock() - idleMs;
      }
      this.#send(delays[1], copies, () => {
        if (gateway.holder === holder) gateway.permits = confirmed(gateway.permits, given);
      });
    });
  }

  #takeRows(holder: string): readonly OwnedPermit[] {
    // A fenced holder is answered so, and gets nothing.
    if (!this.gateways.some((gateway) => gateway.holder === holder)) return [];
    const free = this.#rows.filter((row) => row.owner === null);
    free.sort((a, b) => (a.lastUse ?? -1e9) - (b.lastUse ?? -1e9));
    for (const row of free.slice(0, Math.ceil(this.#limit.requests / 2))) {
      row.owner = holder;
      row.number += 1;
    }
    return this.#rows.flatMap((row, no) => {
      if (row.owner !== holder) return [];
      const ageMs = row.lastUse === null ? null : this.#storeClock() - row.lastUse;
      return [{ no, number: row.number, ageMs }];
    });
  }

  /** It has refused itself before: what it had taken is never written. */
  #fence(gateway: Gateway): void {
    for (const row of this.#rows) {
      if (row.owner !== gateway.holder) continue;
      row.owner = null;
      row.number += 1;
      row.lastUse = this.#storeClock();
    }
    this.#boots += 1;
    Object.assign(gateway, { holder: `h${this.#boots}`, permits: NO_PERMITS, calls: [] });
  }

  /** No copies: it was lost. */
  #send(delay: number, copies: number, deliver: () => void): void {
    for (let copy = 0; copy < copies; copy += 1) {
      this.#messages.push({ due: this.now + delay * (copy + 1), deliver });
    }
  }

  #deliverDue(): void {
    const due = this.#messages.filter((message) => message.due <= this.now);
    this.#messages = this.#messages.filter((message) => message.due > this.now);
    for (const { deliver } of due.sort((a, b) => a.due - b.due)) deliver();
  }

  #clockOf({ rate }: Gateway): number {
    return Math.floor(this.now * rate);
  }

  #storeClock(): number {
    return Math.floor(this.now * this.#storeRate) + this.#storeAhead;
  }
}

interface Step {
  kind: "admit" | "await" | "write" | "drop" | "idle" | "fence" | "clock-step";
  gateway: number;
  waitMs: number;
  flag: boolean;
  delays: [number, number];
  copies: number;
}

const steps = (perMs: number) => {
  const wait = fc.oneof(
    { weight: 6, arbitrary: fc.nat({ max: 20 }) },
    { weight: 2, arbitrary: fc.nat({ max: 2_000 }) },
    { weight: 1, arbitrary: fc.nat({ max: perMs + 2_000 }) },
  );
  const delay = fc.oneof(
    { weight: 6, arbitrary: fc.constant(0) },
    { weight: 3, arbitrary: fc.nat({ max: 50 }) },
    { weight: 2, arbitrary: fc.nat({ max: 2 * perMs }) },
  );
  const step: fc.Arbitrary<Step> = fc.record({
    kind: fc.oneof(
      { weight: 30, arbitrary: fc.constantFrom("admit" as const, "await", "write", "idle") },
      { weight: 3, arbitrary: fc.constantFrom("drop" as const, "fence") },
      { weight: 1, arbitrary: fc.constant("clock-step" as const) },
    ),
    gateway: fc.nat({ max: 1 }),
    waitMs: wait,
    flag: fc.boolean(),
    delays: fc.tuple(delay, delay),
    copies: fc.constantFrom(1, 1, 1, 1, 0, 2),
  });
  return fc.array(step, { minLength: 20, maxLength: 150, size: "max" });
};

test("no window of W sees more than R writes, over two gateways, whatever their clocks and messages do", () => {
  const rate = fc.constantFrom(1, 0.999, 1.001);
  let busiest = 0;
  for (const perMs of [1_000, 60_000, 3_600_000]) {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.tuple(rate, rate, rate),
        steps(perMs),
        (requests, rates, all) => {
          const world = new World({ tool: "t", requests, perMs }, rates);
          for (const step of all) world.take(step);
          for (const [index, at] of world.uses.entries()) {
            const later = world.uses[index + requests];
            if (later !== undefined) expect(later - at).toBeGreaterThanOrEqual(perMs);
          }
          busiest = Math.max(busiest, world.uses.length / requests);
        },
      ),
      { numRuns: 4_000 },
    );
  }
  // It would hold of gateways that write nothing, too.
  expect(busiest).toBeGreaterThan(2);
});

test("two gateways that are busy by turns write as much as the limit lets them", () => {
  const world = new World({ tool: "t", requests: 4, perMs: 1_000 }, [1, 1, 1]);
  const quick = { waitMs: 0, flag: false, delays: [0, 0] as [number, number], copies: 1 };
  for (let second = 0; second < 60; second += 1) {
    for (const gateway of [0, 1]) {
      for (const kind of ["admit", "admit", "admit", "write", "write", "idle"] as const) {
        world.take({ ...quick, kind, gateway, waitMs: 200, flag: kind === "idle" });
      }
    }
  }
  // Each has two permits, and in each of 60 rounds it has rested for both.
  expect(world.uses.length).toBeGreaterThan(220);
});
