/** What time does to a commitment, and what becomes of it when those who look after it are gone. */
import { describe, expect, test } from "vitest";
import type { Commitment } from "../../src/guards/commitment/commitment.ts";
import { costOf } from "../../src/guards/commitment/terms.ts";
import { CommitmentLife, HORIZON_NANO, NO_OUTAGE, type Said } from "./commitment-life.ts";
import type { Parts } from "./life.ts";

const SECOND_NANO = 10_000_000n;
const AGENT = "optimizer";
const lifetime = (limit_usd: number, more: object = {}) => {
  return { name: "all", limit_usd, window: "lifetime", ...more };
};

/** A gateway and what it began. */
async function begun(said: Said = {}, count = 1) {
  const life = new CommitmentLife(NO_OUTAGE, said);
  const parts = await life.start();
  for (let no = 1; no <= count; no += 1) await life.done(life.begin(parts, no));
  expect(life.rows("active")).toHaveLength(count);
  return { life, parts };
}

function only(life: CommitmentLife): Commitment {
  const [row, ...more] = life.rows();
  if (row === undefined || more.length > 0) throw new Error(`${more.length + 1} rows`);
  return row;
}

/** Events of commitments that the journal has. */
function told(life: CommitmentLife, kind: string): readonly Record<string, unknown>[] {
  const entries = life.data.journal.filter((entry) => entry.kind === `commitment.${kind}`);
  return entries.map(({ body }) => JSON.parse(body));
}

function reviews(life: CommitmentLife) {
  return [...life.data.reviews.values()].map(({ id, kind, reason, state }) => {
    return { id, kind, reason, state };
  });
}

/** The process is gone without a word: nothing of it runs any more, and another one fences it. */
async function kill(life: CommitmentLife, { core }: Parts, by: Parts): Promise<void> {
  const { id } = core.gateway.holding.tenure;
  await life.done(core.stop());
  await life.done(by.gateway.store.holders.fence(id, null));
}

describe("while it runs", () => {
  test("it is charged, and its horizon is renewed from its half on", async () => {
    const { life, parts } = await begun();
    await life.seconds(1, parts);
    expect(only(life).renewals).toBe(0);
    await life.seconds(2, parts);
    const row = only(life);
    expect(row.renewals).toBe(1);
    expect(told(life, "renewed")).toMatchObject([{ decision: "d-1", service: '"svc-1"' }]);
    expect(life.spentOf("all")).toBe(costOf(row.nanoUsdPerHour, row.elapsedMs));
    await life.seconds(10, parts);
    expect(only(life).holds.every(({ held }) => held >= HORIZON_NANO / 4n)).toBe(true);
    expect(reviews(life)).toEqual([]);
    expect(life.unexpected).toEqual([]);
  });

  test("it goes on when the gateway that began it is gone, by another one", async () => {
    const { life, parts } = await begun();
    const other = await life.start();
    await kill(life, parts, other);
    await life.seconds(12, other);
    const { elapsedMs, renewals, state } = only(life);
    expect({ state, late: elapsedMs < 11_000 }).toEqual({ state: "active", late: false });
    expect(renewals).toBeGreaterThan(2);
    await life.done(life.stop(other, "svc-1"));
    expect(only(life).state).toBe("ended");
  });

  test("it is charged for what passed while nobody was there, past the limit too", async () => {
    const { life, parts } = await begun({ budgets: [lifetime(0.1)] });
    // Nothing renews it, and nobody looks.
    life.owesBeyond = true;
    await life.pass(20_000);
    await life.seconds(2, parts);
    const row = only(life);
    expect(row).toMatchObject({ state: "active", holds: [{ held: 0n }], unrenewable: true });
    expect(life.spentOf("all")).toBeGreaterThanOrEqual(20n * SECOND_NANO);
    expect(life.spentOf("all")).toBe(life.accrued());
    expect(parts.gateway.clutches.of(AGENT).state).toBe("disengaged");
    expect(told(life, "unrenewable")).toMatchObject([{ budget: "all" }]);
  });

  test("a clock that is set back takes nothing away, and does not keep it from being seen", async () => {
    const { life, parts } = await begun();
    await life.seconds(2, parts);
    const before = life.spentOf("all");
    life.clock.step(-3_600_000);
    await life.seconds(3, parts);
    expect(life.spentOf("all")).toBeGreaterThanOrEqual(before + SECOND_NANO);
    expect(only(life).elapsedMs).toBeLessThan(6_000);
  });

  test("a clock that is set forward charges too much, and not too little", async () => {
    const { life, parts } = await begun();
    life.owesBeyond = true;
    life.clock.step(3_600_000);
    await life.seconds(3, parts);
    expect(life.spentOf("all")).toBeGreaterThanOrEqual(3_600n * SECOND_NANO);
    expect(only(life).state).toBe("active");
  });
});

describe("when a window ends", () => {
  const budgets = [{ name: "day", limit_usd: 1, window: "day" }];
  const DAY_MS = 86_400_000;

  test("what accrues from then on is the next one's, and so is the horizon", async () => {
    const life = new CommitmentLife(NO_OUTAGE, { budgets });
    const untilMidnight = DAY_MS - (life.clock.wall() % DAY_MS);
    life.clock.step(untilMidnight - 2_000);
    const parts = await life.start();
    await life.done(life.begin(parts, 1));
    await life.seconds(4, parts);
    const [old, next, ...more] = [...life.data.accounts.values()];
    expect(more).toEqual([]);
    expect(old).toMatchObject({ open: false, committed: 0n });
    expect(next?.committed).toBeGreaterThan(HORIZON_NANO / 2n);
    const sum = (old?.spent ?? 0n) + (next?.spent ?? 0n);
    expect(sum).toBe(life.accrued());
    // Not a second of it is charged to the wrong day.
    expect(old?.spent).toBeLessThanOrEqual(2n * SECOND_NANO);
    expect(old?.spent).toBeGreaterThan(SECOND_NANO);
    expect(life.unexpected).toEqual([]);
  });

  test("and nobody looks for days, it is charged to the window that finds it", async () => {
    const life = new CommitmentLife(NO_OUTAGE, { budgets: [{ ...budgets[0], limit_usd: 9_000 }] });
    const parts = await life.start();
    await life.done(life.begin(parts, 1));
    const midnight = DAY_MS - (only(life).openedAt % DAY_MS);
    life.owesBeyond = true;
    life.clock.step(3 * DAY_MS);
    await life.seconds(3, parts);
    const [old, next] = [...life.data.accounts.values()];
    expect(old?.spent).toBe((BigInt(midnight) * SECOND_NANO) / 1_000n);
    expect((old?.spent ?? 0n) + (next?.spent ?? 0n)).toBe(life.accrued());
    expect(next?.spent).toBeGreaterThan(2n * 86_400n * SECOND_NANO);
  });
});

describe("when its task ends", () => {
  test("its own budget gives nothing more, and the others go on", async () => {
    const { life, parts } = await begun();
    await life.done(parts.gateway.endTask(AGENT, "t", "ok", "ada"));
    await life.seconds(8, parts);
    const task = [...life.data.accounts.values()].find(({ spec }) => spec.budget === "each-task");
    expect(task).toMatchObject({ open: false, committed: 0n });
    expect(task?.spent).toBeLessThan(4n * SECOND_NANO);
    expect(life.spentOf("all")).toBe(life.accrued());
    expect(reviews(life)).toEqual([]);
  });
});

describe("when nobody knows what a call made", () => {
  test("it is charged until a person ends it, and holds its place", async () => {
    const life = new CommitmentLife();
    life.cloud.endingOf = (no) => (no === 1 ? "never" : "well");
    const [parts, other] = [await life.start(), await life.start()];
    const out = life.begin(parts, 1);
    await life.pass(500);
    expect(only(life).state).toBe("opening");
    await kill(life, parts, other);
    expect(only(life).state).toBe("unknown");
    await life.seconds(6, other);
    expect(told(life, "unknown")).toHaveLength(1);
    expect(only(life).renewals).toBeGreaterThan(0);
    for (let no = 2; no <= 5; no += 1) await life.done(life.begin(other, no));
    expect([2, 3, 4, 5].map((no) => life.statusOf(no))).toEqual([
      ...["200", "200", "200"],
      "commitment.full",
    ]);
    life.check();
    void out;
  });

  test("it is active once the answer comes, though its gateway was fenced meanwhile", async () => {
    const life = new CommitmentLife();
    const [parts, other] = [await life.start(), await life.start()];
    const { id } = parts.gateway.holding.tenure;
    const states: string[] = [];
    life.cloud.beforeStart = () => {
      void other.gateway.store.holders.fence(id, null);
      states.push(only(life).state);
    };
    await life.done(life.begin(parts, 1));
    expect(states).toEqual(["unknown"]);
    expect(only(life).version).toBe(3);
    expect(only(life)).toMatchObject({ state: "active", service: '"svc-1"' });
  });
});

describe("when no budget covers another horizon", () => {
  const budgets = [lifetime(0.07)];

  test("the agent is paused once, with a review that names it", async () => {
    const { life, parts } = await begun({ budgets });
    await life.seconds(5, parts);
    const { clutches } = parts.gateway;
    expect(clutches.of(AGENT)).toMatchObject({ state: "disengaged", review: "unrenewable.d-1.1" });
    const [review] = reviews(life);
    expect(review?.reason).toMatch(
      /^start "svc-1" costs \$36 an hour, and all has \$0\.0\d* left:/,
    );
    expect(told(life, "unrenewable")).toMatchObject([
      { decision: "d-1", budget: "all", perHour: "36000000000" },
    ]);
    expect(only(life)).toMatchObject({ unrenewable: true, state: "active" });
    await life.done(life.begin(parts, 2));
    expect(life.cloud.made).toBe(1);
  });

  test("a resume is not followed by another pause, and more money renews it", async () => {
    const { life, parts } = await begun({ budgets });
    await life.seconds(4, parts);
    const { clutch, ledger } = parts.gateway.store;
    const [review] = await clutch.reviews({ limit: 1 });
    const resume = { decision: "resume", task: null, call: null, message: null } as const;
    const by = { by: "ada", reason: "I am on it.", at: life.clock.wall(), paceMs: 0 };
    const about = { id: "dec-1", review: review?.id ?? "", version: review?.version ?? 0 };
    await life.done(clutch.decide({ ...about, ...resume, ...by }));
    await life.done(parts.gateway.clutches.load());
    await life.seconds(1, parts);
    expect(parts.gateway.clutches.of(AGENT).state).toBe("engaged");
    const limited = { budget: "all", unit: "usd", window: "lifetime" } as const;
    await life.done(ledger.editLimit({ ...limited, limit: 1_000_000_000n }));
    await life.seconds(2, parts);
    expect(only(life)).toMatchObject({ unrenewable: false, renewals: 2 });
    expect(reviews(life)).toHaveLength(1);
  });

  const commitment = { on_unrenewable: "end" };

  test("the gateways call the ending tool, once together, and nobody is paused", async () => {
    const { life, parts } = await begun({ budgets, commitment });
    const other = await life.start();
    await life.seconds(6, parts, other);
    expect(life.cloud.stops).toEqual(["svc-1"]);
    expect(life.cloud.running.size).toBe(0);
    expect(only(life)).toMatchObject({ state: "ended", endedBy: "its ending tool" });
    expect(reviews(life)).toEqual([]);
    expect(told(life, "ended")).toMatchObject([{ decision: "d-1", service: '"svc-1"' }]);
    const calls = life.data.journal.filter(({ kind }) => kind === "call.settled");
    expect(JSON.parse(calls.at(-1)?.body ?? "{}").asked).toMatchObject({ by: "gateway" });
    expect(life.unexpected).toEqual([]);
  });

  test.each([
    ["says that it failed", "says-it-failed"],
    ["does not answer", "reset"],
  ] as const)("and the ending tool %s, the agent is paused", async (_name, stopping) => {
    const { life, parts } = await begun({ budgets, commitment });
    life.cloud.stopping = stopping;
    await life.seconds(5, parts);
    expect(life.cloud.stops).toEqual(["svc-1"]);
    expect(parts.gateway.clutches.of(AGENT).state).toBe("disengaged");
    expect(only(life)).toMatchObject({ state: "active", unrenewable: true });
  });

  test("and nobody knows which one it is, the agent is paused", async () => {
    const life = new CommitmentLife(NO_OUTAGE, { budgets, commitment });
    life.cloud.endingOf = () => "no-id";
    const parts = await life.start();
    await life.done(life.begin(parts, 1));
    await life.seconds(5, parts);
    expect(life.cloud.stops).toEqual([]);
    expect(parts.gateway.clutches.of(AGENT).state).toBe("disengaged");
    expect(reviews(life)[0]?.reason).toContain("what start may have begun");
  });
});

describe("when its agent is no longer configured", () => {
  test("what is set aside runs out, and is charged on; that is told", async () => {
    const { life, parts } = await begun();
    const agents = new Map(life.configuration.agents);
    agents.delete(AGENT);
    life.configuration = { ...life.configuration, digest: "dir:other", agents };
    await life.done(parts.reload.ask("ada"));
    expect(parts.gateway.rules.manifest(AGENT)).toBeNull();
    life.owesBeyond = true;
    await life.seconds(8, parts);
    expect(only(life)).toMatchObject({ state: "active", unrenewable: true });
    expect(life.spentOf("all")).toBe(life.accrued());
    expect(told(life, "unrenewable")).toMatchObject([{ budget: "" }]);
  });
});

describe("an id that the call was given", () => {
  const commitment = { id: "/arguments/no" };

  test("names what it made, and nothing of a call that failed", async () => {
    const life = new CommitmentLife(NO_OUTAGE, { commitment });
    const parts = await life.start();
    life.cloud.endingOf = (no) => (no === 1 ? "says-it-failed" : "no-id");
    await life.done(life.begin(parts, 1));
    await life.done(life.begin(parts, 2));
    const states = life.rows().map(({ service, state }) => [service, state]);
    expect(states).toEqual([
      [null, "ended"],
      ["2", "active"],
    ]);
  });

  test("is what its ending tool ends, also where nobody knows whether it is there", async () => {
    const life = new CommitmentLife(NO_OUTAGE, { commitment });
    const parts = await life.start();
    life.cloud.endingOf = () => "reset";
    await life.done(life.begin(parts, 1));
    expect(only(life)).toMatchObject({ service: "1", state: "unknown" });
    life.cloud.running.clear();
    // A text is another id than a number.
    await life.done(life.stop(parts, "1"));
    expect(only(life).state).toBe("unknown");
    await life.done(life.stop(parts, 1));
    expect(only(life).state).toBe("ended");
  });
});
