import type { Clock } from "../../../ports/clock.ts";
import type {
  ForfeitFilter,
  ForfeitRow,
  ForfeitStore,
  Release,
  Released,
  ReleaseWanted,
} from "../../../ports/store.ts";
import { type MemoryData, tell } from "./data.ts";
import { rowOf } from "./holders.ts";

/** Forfeits on data in memory. */
export function memoryForfeits(data: MemoryData, clock: Clock): ForfeitStore {
  const releases = (id?: string): Release[] =>
    data.releases.filter((release) => id === undefined || release.id === id).reverse();
  return {
    list: async (filter) => find(data, filter).slice(0, filter.limit),
    release: async (wanted) => {
      const known = releases(wanted.id);
      if (known.length > 0) return { kind: "already", releases: known };
      return release(data, clock, wanted);
    },
    releases: async ({ id, limit }) => releases(id).slice(0, limit),
  };
}

function find(data: MemoryData, filter: ForfeitFilter): ForfeitRow[] {
  const { budget, holder, scope, unit } = filter;
  const fenced = [...data.holders.values()]
    .filter(({ info, state }) => state === "fenced" && (holder ?? info.id) === info.id)
    .reverse()
    .sort((one, two) => (two.fencedAt ?? 0) - (one.fencedAt ?? 0));
  return fenced.flatMap((one) =>
    [...data.accounts.values()].flatMap(({ id, open, spec }): ForfeitRow[] => {
      const amount = one.slices.get(id)?.forfeit ?? 0n;
      const named = (budget ?? spec.budget) === spec.budget && (scope ?? spec.scope) === spec.scope;
      if (!open || !named || (unit ?? spec.unit) !== spec.unit || amount === 0n) return [];
      const { ends, starts } = spec;
      const account = { account: id, budget: spec.budget, scope: spec.scope, unit: spec.unit };
      return [{ holder: rowOf(one), ...account, starts, ends, amount }];
    }),
  );
}

function release(data: MemoryData, clock: Clock, wanted: ReleaseWanted): Released {
  const { billed, evidence, forfeits, id, operator, reason } = wanted;
  const holder = data.holders.get(forfeits.holder);
  if (holder?.state !== "fenced") return { kind: "refused", missing: "fence" };
  const rows = find(data, forfeits)
    .filter(({ amount }) => amount > billed)
    .slice(0, forfeits.limit);
  if (rows.length === 0) return { kind: "refused", missing: "nothing" };
  const at = clock.wall();
  const releases = rows.map((row): Release => {
    const { account, budget, scope, unit } = row;
    const amount = row.amount - billed;
    const slice = holder.slices.get(account);
    const books = data.accounts.get(account);
    if (!slice || !books) throw new Error("a forfeit is of a slice of an account");
    slice.forfeit = billed;
    books.forfeited -= amount;
    const who = { id, holder: forfeits.holder, account, budget, scope, unit };
    return { ...who, amount, billed, evidence, operator, reason, at };
  });
  data.releases.push(...releases);
  tell(data, "room");
  return { kind: "released", releases: releases.reverse() };
}
