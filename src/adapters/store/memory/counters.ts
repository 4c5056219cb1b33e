import type { CounterStore, CounterTotal, HolderId } from "../../../ports/store.ts";
import type { MemoryData } from "./data.ts";

/** Counts on data in memory. */
export function memoryCounters(data: MemoryData): CounterStore {
  return {
    merge: async (holder, totals, after) => {
      if (data.holders.get(holder)?.state !== "live") return { kind: "fenced" };
      for (const total of totals) set(data, holder, total);
      const changed = [...data.counters.values()].filter((row) => row.changed > after);
      const sums = changed.map(({ agent, server, tool, bucket, totals: all }) => {
        const total = [...all.values()].reduce((sum, one) => sum + one, 0);
        return { agent, server, tool, bucket, total };
      });
      return { kind: "ok", sums, seq: data.counterSeq };
    },
    prune: async (before) => {
      for (const [key, { bucket }] of data.counters) {
        if (bucket < before) data.counters.delete(key);
      }
    },
  };
}

function set(data: MemoryData, holder: HolderId, counted: CounterTotal): void {
  const { agent, server, tool, bucket, total } = counted;
  const key = JSON.stringify([agent, server, tool, bucket]);
  const row = data.counters.get(key) ?? {
    ...{ agent, server, tool, bucket },
    totals: new Map<HolderId, number>(),
    changed: 0,
  };
  if ((row.totals.get(holder) ?? 0) >= total) return;
  row.totals.set(holder, total);
  data.counterSeq += 1;
  row.changed = data.counterSeq;
  data.counters.set(key, row);
}
