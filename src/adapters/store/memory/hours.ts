import type { Millis } from "../../../guards/money.ts";
import { HOURS_MAX, SUMMED_MAX } from "../../../ports/counters.ts";
import type {
  CounterKey,
  CounterStore,
  HourKey,
  HourSum,
  HourTotal,
} from "../../../ports/store.ts";
import type { MemoryData } from "./data.ts";

const HOUR_MS: Millis = 3_600_000;
const MINUTE_MS: Millis = 60_000;

/** Hours on data in memory. */
export function memoryHours(
  data: MemoryData,
): Pick<CounterStore, "hours" | "pruneHours" | "sumHours"> {
  return {
    sumHours: async (sum, { from, until }, after) => {
      const within = [...data.counters.values()].filter(
        ({ agent, bucket }) => agent > after && bucket >= from && bucket < until,
      );
      const agents = [...new Set(within.map(({ agent }) => agent))].sort().slice(0, SUMMED_MAX);
      const starts = new Set(within.map(({ bucket }) => bucket - (bucket % HOUR_MS)));
      for (const hour of [...starts].sort()) {
        const summed = new Set(agents);
        const subjects = within.filter(({ agent, tool, what }) => {
          const isOf = (tool === "") === (sum.of === "agent");
          return summed.has(agent) && isOf && (what === sum.count || what === sum.beside);
        });
        for (const subject of subjects) sumHour(data, sum, subject, hour);
      }
      return agents.at(-1) ?? null;
    },
    hours: async (hour, after) => {
      const all = [...(data.hours.get(hour) ?? [])].sort(([one], [other]) => compare(one, other));
      const from = after === null ? "" : nameOf(after);
      return all.flatMap(([name, total]) => (name > from ? [total] : [])).slice(0, HOURS_MAX);
    },
    pruneHours: async (before) => {
      for (const hour of data.hours.keys()) if (hour < before) data.hours.delete(hour);
    },
  };
}

/** Of one agent or tool, where it is not there yet. */
function sumHour(data: MemoryData, sum: HourSum, subject: CounterKey, hour: Millis): void {
  const { agent, server, tool } = subject;
  const key = { agent, server, tool, signal: sum.signal };
  const known = data.hours.get(hour) ?? new Map<string, HourTotal>();
  if (known.has(nameOf(key))) return;
  const own = [...data.counters.values()].filter(
    (row) => row.agent === agent && row.server === server && row.tool === tool,
  );
  const counted = own.filter(({ what }) => what === sum.count || what === sum.beside);
  const leftOut = minutesIn(own, hour, sum.leftOut);
  const within = counted.filter(({ bucket }) => isIn(bucket, hour) && !leftOut.has(bucket));
  if (within.length === 0) return;
  const isOld = counted.some(({ bucket }) => bucket < hour) || isKnownBefore(data, key, hour);
  const begun = isOld ? hour : Math.min(...within.map(({ bucket }) => bucket));
  const out = [...leftOut].filter((minute) => minute >= begun).length;
  const totalOf = (what: string) =>
    within
      .filter((row) => row.what === what)
      .flatMap(({ totals }) => [...totals.values()])
      .reduce((all, total) => all + total, 0);
  const minutes = (hour + HOUR_MS - begun) / MINUTE_MS - out;
  const amount = { count: totalOf(sum.count), beside: totalOf(sum.beside) };
  data.hours.set(hour, known.set(nameOf(key), { ...key, ...amount, minutes }));
}

function minutesIn(rows: readonly CounterKey[], hour: Millis, what: string): ReadonlySet<Millis> {
  const all = rows.filter((row) => row.what === what && isIn(row.bucket, hour));
  return new Set(all.map(({ bucket }) => bucket));
}

function isKnownBefore(data: MemoryData, key: HourKey, hour: Millis): boolean {
  return [...data.hours].some(([start, keys]) => start < hour && keys.has(nameOf(key)));
}

function isIn(bucket: Millis, hour: Millis): boolean {
  return bucket >= hour && bucket < hour + HOUR_MS;
}

/** In the order of the parts: nothing of ours has the character between. */
function nameOf({ agent, server, signal, tool }: HourKey): string {
  return [agent, server, tool, signal].join("\u0000");
}

function compare(one: string, other: string): number {
  return one < other ? -1 : 1;
}
