import type { Clock } from "../../../ports/clock.ts";
import type {
  Fenced,
  HolderId,
  PermitKey,
  PermitStore,
  PermitsTaken,
  PermitWant,
  PermitWish,
  Returned,
} from "../../../ports/store.ts";
import { type MemoryData, tell } from "./data.ts";
import type { CallLimit, PermitRow } from "./rows.ts";

/** Permits on data in memory. */
export function memoryPermits(data: MemoryData, clock: Clock): PermitStore {
  return {
    take: async (holder, wish) => take(data, clock, { holder, wish }),
    give: async (holder, returned) => give(data, clock, { holder, returned }),
  };
}

function keyOf({ agent, bounds, server, tool }: PermitKey): string {
  return JSON.stringify([agent, server, tool, bounds]);
}

function isLive(data: MemoryData, id: HolderId): boolean {
  return data.holders.get(id)?.state === "live";
}

function limitOf(data: MemoryData, wish: PermitWish): CallLimit {
  const { agent, bounds, server, tool } = wish;
  const known = data.limits.get(keyOf(wish));
  const key = { agent, server, tool, bounds };
  const limit: CallLimit = known ?? { ...key, permits: [], wants: new Map() };
  data.limits.set(keyOf(wish), limit);
  for (let no = limit.permits.length; no < wish.requests; no += 1) {
    limit.permits.push({ no, number: 0, holder: null, lastUse: null });
  }
  return limit;
}

function take(
  data: MemoryData,
  clock: Clock,
  { holder, wish }: { readonly holder: HolderId; readonly wish: PermitWish },
): PermitsTaken | Fenced {
  if (!isLive(data, holder)) return { kind: "fenced" };
  const limit = limitOf(data, wish);
  const inUse = limit.permits.filter(({ no }) => no < wish.requests);
  const own = inUse.filter((permit) => permit.holder === holder).length;
  const free = inUse.filter((permit) => permit.holder === null).sort(longestUnused);
  const most = shareOf(limit, holder, wish.requests) - own;
  const gifts = free.slice(0, Math.max(0, Math.min(wish.most, most)));
  for (const permit of gifts) {
    permit.holder = holder;
    permit.number += 1;
  }
  const short = wish.most - gifts.length;
  if (short > 0) limit.wants.set(holder, short);
  else limit.wants.delete(holder);
  if (short > 0) tell(data, "wants");
  const now = clock.wall();
  const owned = limit.permits
    .filter((permit) => permit.holder === holder)
    .map(({ no, number, lastUse }) => {
      // A clock that was set back must not make it older than it is.
      return { no, number, ageMs: lastUse === null ? null : Math.max(0, now - lastUse) };
    });
  return { kind: "ok", owned, unowned: free.length - gifts.length };
}

/** All of it for who is alone, half of it beside others. */
function shareOf(limit: CallLimit, holder: HolderId, requests: number): number {
  const others =
    limit.permits.some((permit) => permit.holder !== null && permit.holder !== holder) ||
    [...limit.wants.keys()].some((other) => other !== holder);
  return others ? Math.ceil(requests / 2) : requests;
}

function longestUnused(one: PermitRow, two: PermitRow): number {
  const [first, second] = [one.lastUse ?? -1, two.lastUse ?? -1];
  return first - second || one.no - two.no;
}

function give(
  data: MemoryData,
  clock: Clock,
  { holder, returned }: { readonly holder: HolderId; readonly returned: readonly Returned[] },
): { readonly kind: "ok" } | Fenced {
  if (!isLive(data, holder)) return { kind: "fenced" };
  let freed = false;
  for (const { no, number, idleMs, ...key } of returned) {
    const limit = data.limits.get(keyOf(key));
    const permit = limit?.permits[no];
    if (!limit || permit?.holder !== holder || permit.number !== number) continue;
    permit.holder = null;
    if (idleMs !== null) permit.lastUse = clock.wall() - Math.max(0, Math.floor(idleMs));
    limit.wants.delete(holder);
    freed = true;
  }
  if (freed) tell(data, "room");
  return { kind: "ok" };
}

/** Of a holder that is gone: used now, at the latest. */
export function releasePermits(data: MemoryData, clock: Clock, holder: HolderId): void {
  let freed = false;
  for (const limit of data.limits.values()) {
    limit.wants.delete(holder);
    for (const permit of limit.permits) {
      if (permit.holder !== holder) continue;
      permit.holder = null;
      permit.number += 1;
      permit.lastUse = clock.wall();
      freed = true;
    }
  }
  if (freed) tell(data, "room");
}

/** What others were left short of. */
export function permitWants(data: MemoryData, but: HolderId): PermitWant[] {
  return [...data.limits.values()].flatMap(({ agent, bounds, server, tool, wants }) =>
    [...wants]
      .filter(([holder]) => holder !== but)
      .map(([holder, most]) => ({ holder, agent, server, tool, bounds, most })),
  );
}
