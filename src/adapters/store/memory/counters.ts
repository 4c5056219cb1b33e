import { MERGED_MAX } from "../../../ports/counters.ts";
import type { CounterStore, CounterTotal, HolderId, Share, ToolMet } from "../../../ports/store.ts";
import type { MemoryData } from "./data.ts";
import { memoryHours } from "./hours.ts";

/** Counts on data in memory. */
export function memoryCounters(data: MemoryData): CounterStore {
  return {
    merge: async (holder, totals, after) => {
      if (!isLive(data, holder)) return { kind: "fenced" };
      for (const total of totals) set(data, holder, total);
      const changed = [...data.counters.values()]
        .filter((row) => row.changed > after)
        .sort((one, other) => one.changed - other.changed);
      const isMore = changed.length > MERGED_MAX;
      const told = changed.slice(0, MERGED_MAX);
      const sums = told.map(({ totals: all, changed: _, ...key }) => {
        const total = [...all.values()].reduce((sum, one) => sum + one, 0);
        return { ...key, total };
      });
      const seq = isMore ? (told.at(-1)?.changed ?? after) : data.counterSeq;
      return { kind: "ok", sums, seq, isMore };
    },
    share: async (holder, shares, after) => {
      if (!isLive(data, holder)) return { kind: "fenced" };
      for (const share of shares) put(data, holder, share);
      const others = [...data.shares.values()]
        .filter((row) => row.changed > after && row.holder !== holder)
        .map(({ changed: _, ...share }) => share);
      return { kind: "ok", others, seq: data.counterSeq };
    },
    meet: async (tools) => tools.flatMap((tool) => met(data, tool)),
    prune: async (whats, before) => {
      for (const [key, { bucket, what }] of data.counters) {
        if (bucket < before && whats.includes(what)) data.counters.delete(key);
      }
    },
    pruneShares: async (before) => {
      for (const [key, { at }] of data.shares) if (at < before) data.shares.delete(key);
    },
    ...memoryHours(data),
  };
}

function isLive(data: MemoryData, holder: HolderId): boolean {
  return data.holders.get(holder)?.state === "live";
}

function set(data: MemoryData, holder: HolderId, counted: CounterTotal): void {
  const { total, ...key } = counted;
  const name = JSON.stringify([key.agent, key.server, key.tool, key.what, key.bucket]);
  const row = data.counters.get(name) ?? {
    ...key,
    totals: new Map<HolderId, number>(),
    changed: 0,
  };
  if ((row.totals.get(holder) ?? 0) >= total) return;
  row.totals.set(holder, total);
  data.counterSeq += 1;
  row.changed = data.counterSeq;
  data.counters.set(name, row);
}

function put(data: MemoryData, holder: HolderId, share: Share): void {
  data.counterSeq += 1;
  const name = JSON.stringify([holder, share.agent, share.key]);
  data.shares.set(name, { ...share, holder, changed: data.counterSeq });
}

function met(data: MemoryData, { agent, server, tool }: ToolMet) {
  const known = data.toolsMet.get(agent) ?? new Set<string>();
  const name = JSON.stringify([server, tool]);
  if (known.has(name)) return [];
  const isNew = { agent, server, tool, known: known.size };
  data.toolsMet.set(agent, known.add(name));
  return [isNew];
}
