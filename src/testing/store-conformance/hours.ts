import { describe, expect, test } from "vitest";
import type { Millis } from "../../guards/money.ts";
import { HOURS_MAX, SUMMED_MAX } from "../../ports/counters.ts";
import type {
  CounterTotal,
  HolderId,
  HourKey,
  HourSum,
  HourTotal,
  Store,
} from "../../ports/store.ts";
import type { OpenFixture } from "./fixture.ts";
import { fresh, liveHolder, type Stores, sharedStores } from "./kit.ts";

const MINUTE: Millis = 60_000;
const HOUR: Millis = 60 * MINUTE;
const BEGIN: Millis = Math.floor(1_700_000_000_000 / HOUR) * HOUR;
const ERRORS: HourSum = {
  ...{ signal: "tool_error_rate", of: "tool", count: "errors", beside: "ended" },
  leftOut: "left errors",
};
const REFUSALS: HourSum = {
  ...{ signal: "refusals", of: "agent", count: "refused", beside: "refused" },
  leftOut: "left refused",
};

/** Hours, as the minutes of all holders add up to them. */
export function hourConformance(open: OpenFixture): void {
  describe("hours", () => {
    const stores = sharedStores(open);
    // Of a stretch of time of its own for each test: a store is shared by all of them.
    let used = 0;
    const hour = () => {
      used += 1;
      return BEGIN + used * 1_000 * HOUR;
    };
    sumCases(stores, hour);
    keptCases(stores, hour);
    pageCases(stores, hour);
  });
}

type NewHour = () => Millis;
type Subject = Pick<HourKey, "agent" | "server" | "tool">;

function tool(): Subject {
  return { agent: fresh("agent"), server: "desk", tool: "echo" };
}

/** So many of each in that minute. */
function at(
  subject: Subject,
  bucket: Millis,
  totals: Readonly<Record<string, number>>,
): readonly CounterTotal[] {
  return Object.entries(totals).map(([what, total]) => ({ ...subject, what, bucket, total }));
}

async function count(store: Store, holder: HolderId, ...all: (readonly CounterTotal[])[]) {
  await store.counters.merge(holder, all.flat(), Number.MAX_SAFE_INTEGER);
}

/** Of all agents. */
async function sum(store: Store, what: HourSum, hour: Millis, hours = 1): Promise<void> {
  const span = { from: hour, until: hour + hours * HOUR };
  let after: string | null = "";
  while (after !== null) after = await store.counters.sumHours(what, span, after);
}

async function hoursOf(store: Store, hour: Millis): Promise<readonly HourTotal[]> {
  return store.counters.hours(hour, null);
}

function sumCases(stores: () => Stores, hour: NewHour): void {
  test("are the minutes of all holders together, of tools or of agents", async () => {
    const { store, other } = stores();
    const [one, two] = [await liveHolder(store), await liveHolder(other)];
    const [subject, start] = [tool(), hour()];
    const all = { ...subject, server: "", tool: "" };
    const before = at(subject, start - MINUTE, { ended: 1 });
    await count(store, one, before, at(subject, start + MINUTE, { ended: 6, errors: 2 }));
    await count(other, two, at(subject, start + 59 * MINUTE, { ended: 3, errors: 1 }));
    await count(other, two, at(subject, start + HOUR, { ended: 90 }), at(all, start, { ended: 9 }));
    await sum(store, ERRORS, start);
    const key = { ...subject, signal: "tool_error_rate" };
    expect(await hoursOf(other, start)).toEqual([{ ...key, count: 3, beside: 9, minutes: 60 }]);
    expect(await hoursOf(other, start + HOUR)).toEqual([]);

    await count(store, one, at(all, start, { refused: 4 }), at(subject, start, { refused: 50 }));
    await sum(other, REFUSALS, start);
    const agent = { ...all, signal: "refusals", count: 4, beside: 4, minutes: 60 };
    expect((await hoursOf(store, start)).filter(({ signal }) => signal === "refusals")).toEqual([
      agent,
    ]);
  });

  test("begin with the first minute where there was none in any hour before", async () => {
    const { store } = stores();
    const holder = await liveHolder(store);
    const [subject, start] = [tool(), hour()];
    await count(store, holder, at(subject, start + 50 * MINUTE, { ended: 5 }));
    await count(store, holder, at(subject, start + HOUR + 50 * MINUTE, { ended: 7 }));
    await sum(store, ERRORS, start, 2);
    const minutes = async (no: number) =>
      (await hoursOf(store, start + no * HOUR)).map((total) => [total.beside, total.minutes]);
    expect([await minutes(0), await minutes(1)]).toEqual([[[5, 10]], [[7, 60]]]);

    // Of an hour that is known alone, when its minutes are not any more.
    await store.counters.prune(["ended"], start + 3 * HOUR);
    await count(store, holder, at(subject, start + 3 * HOUR + 50 * MINUTE, { ended: 8 }));
    await sum(store, ERRORS, start + 3 * HOUR);
    expect(await minutes(3)).toEqual([[8, 60]]);
  });

  test("are without the minutes that are left out, whoever left them out", async () => {
    const { store, other } = stores();
    const [one, two] = [await liveHolder(store), await liveHolder(other)];
    const [subject, runaway, start] = [tool(), tool(), hour()];
    for (const minute of [0, 1, 2]) {
      await count(store, one, at(subject, start + minute * MINUTE, { ended: 10, errors: 1 }));
      await count(store, one, at(runaway, start + minute * MINUTE, { ended: 10 }));
    }
    await count(other, two, at(subject, start + MINUTE, { [ERRORS.leftOut]: 1, ended: 5 }));
    await count(store, one, at(subject, start + 30 * MINUTE, { [ERRORS.leftOut]: 1 }));
    for (const minute of [0, 1, 2]) {
      await count(other, two, at(runaway, start + minute * MINUTE, { [ERRORS.leftOut]: 1 }));
    }
    await sum(store, ERRORS, start);
    const key = { ...subject, signal: ERRORS.signal };
    expect(await hoursOf(other, start)).toEqual([{ ...key, count: 2, beside: 20, minutes: 58 }]);
  });
}

function keptCases(stores: () => Stores, hour: NewHour): void {
  test("stay as they are, though they are asked for again and minutes are gone", async () => {
    const { store, other } = stores();
    const holder = await liveHolder(store);
    const [subject, start] = [tool(), hour()];
    await count(store, holder, at(subject, start, { ended: 5 }));
    await sum(store, ERRORS, start);
    const first = await hoursOf(other, start);
    await count(store, holder, at(subject, start + MINUTE, { ended: 50 }));
    await Promise.all([sum(store, ERRORS, start), sum(other, ERRORS, start)]);
    await store.counters.prune(["ended"], start + HOUR);
    await sum(store, ERRORS, start);
    expect(first).toHaveLength(1);
    expect(await hoursOf(other, start)).toEqual(first);
  });

  test("that began before are forgotten", async () => {
    const { store, other } = stores();
    const holder = await liveHolder(store);
    const [subject, start] = [tool(), hour()];
    for (const no of [0, 1])
      await count(store, holder, at(subject, start + no * HOUR, { ended: 1 }));
    await sum(store, ERRORS, start, 2);
    await other.counters.pruneHours(start + HOUR);
    const lengths = [await hoursOf(store, start), await hoursOf(store, start + HOUR)];
    expect(lengths.map(({ length }) => length)).toEqual([0, 1]);
  });
}

function pageCases(stores: () => Stores, hour: NewHour): void {
  test("of very many agents are added up some at a time, and answered in pages", async () => {
    const { store, other } = stores();
    const holder = await liveHolder(store);
    const start = hour();
    const prefix = fresh("many");
    const agents = Array.from({ length: SUMMED_MAX * 2 + 1 }, (_, no) => `${prefix}-${no}`);
    const tools = Math.ceil((HOURS_MAX * 1.1) / agents.length);
    const totals = agents.flatMap((agent) =>
      Array.from({ length: tools }, (_, no) => ({
        ...{ agent, server: "desk", tool: `t${no}`, what: "ended", bucket: start, total: 1 },
      })),
    );
    for (let from = 0; from < totals.length; from += 1_000) {
      await count(store, holder, totals.slice(from, from + 1_000));
    }
    const span = { from: start, until: start + HOUR };
    const rounds: string[] = [];
    for (let after: string | null = ""; after !== null; ) {
      after = await store.counters.sumHours(ERRORS, span, after);
      if (after !== null) rounds.push(after);
    }
    expect(rounds).toHaveLength(3);
    const seen: HourTotal[] = [];
    const sizes: number[] = [];
    for (let page = await hoursOf(other, start); page.length > 0; ) {
      sizes.push(page.length);
      seen.push(...page);
      page = await other.counters.hours(start, page.at(-1) ?? null);
    }
    expect(sizes).toEqual([HOURS_MAX, totals.length - HOURS_MAX]);
    const names = seen.map(({ agent, tool: name }) => `${agent} ${name}`);
    expect(names.sort()).toEqual(totals.map(({ agent, tool: name }) => `${agent} ${name}`).sort());
  });
}
