import type { Clock } from "../../../ports/clock.ts";
import type {
  Beat,
  Fenced,
  Forfeit,
  HolderId,
  HolderInfo,
  HolderRow,
  HolderStore,
  Registered,
} from "../../../ports/store.ts";
import { type Holder, heldOf, type MemoryData, raiseChange, tell } from "./data.ts";
import { waitingFor } from "./outcomes.ts";
import { permitWants } from "./permits.ts";
import { release } from "./release.ts";

/** Holders on data in memory. */
export function memoryHolders(data: MemoryData, clock: Clock): HolderStore {
  return {
    register: async (info) => register(data, clock, info),
    beat: async (id): Promise<Beat | Fenced> => {
      const holder = data.holders.get(id);
      if (holder?.state !== "live") return { kind: "fenced" };
      holder.beatNo += 1;
      holder.beatAt = clock.wall();
      return beatOf(data, clock, holder);
    },
    fence: async (id, seen) => fence(data, clock, { id, seen }),
    list: async () => {
      const newestFirst = [...data.holders.values()].reverse();
      const isLive = (holder: Holder) => (holder.state === "live" ? 1 : 0);
      return newestFirst.sort((a, b) => isLive(b) - isLive(a)).map(rowOf);
    },
    close: async (id) => close(data, clock, id),
    configure: async (id, from, to) => configure(data, id, { from, to }),
    watch: (changed) => {
      // One object for each call, so that a listener given twice is stopped twice.
      const watcher = (what: Parameters<typeof changed>[0]): void => changed(what);
      data.watchers.add(watcher);
      return () => {
        data.watchers.delete(watcher);
      };
    },
  };
}

function live(data: MemoryData): Holder[] {
  return [...data.holders.values()].filter((holder) => holder.state === "live");
}

function register(data: MemoryData, clock: Clock, info: HolderInfo): Registered {
  const known = data.holders.get(info.id);
  if (known) return beatOf(data, clock, known);
  if (data.keyId !== null && data.keyId !== info.keyId) {
    return { kind: "other-key", keyId: data.keyId };
  }
  const others = live(data);
  if (data.configuration !== info.configuration) {
    if (data.configuration !== null && others.length > 0) {
      const holders = others.map(rowOf);
      return { kind: "other-configuration", configuration: data.configuration, holders };
    }
    data.configuration = info.configuration;
    raiseChange(data);
  }
  data.keyId = info.keyId;
  const holder: Holder = {
    info: { ...info },
    configuration: info.configuration,
    state: "live",
    beatNo: 0,
    doneNo: 0,
    beatAt: clock.wall(),
    fencedAt: null,
    caughtUp: null,
    gap: null,
    slices: new Map(),
    wants: [],
  };
  data.holders.set(info.id, holder);
  return beatOf(data, clock, holder);
}

function beatOf(data: MemoryData, clock: Clock, holder: Holder): Beat {
  const holders = live(data);
  return {
    kind: "ok",
    now: clock.wall(),
    generation: data.generation,
    changeSeq: data.changeSeq,
    configuration: data.configuration ?? holder.configuration,
    live: holders.map(({ info, beatNo }) => ({ id: info.id, beatNo })),
    wants: holders
      .filter((other) => other !== holder)
      .flatMap(({ info, wants }) => wants.map((want) => ({ holder: info.id, ...want }))),
    doneNo: holder.doneNo,
    permitWants: permitWants(data, holder.info.id),
    outcomesWait: waitingFor(data, holder.info.id).length > 0,
  };
}

function fence(
  data: MemoryData,
  clock: Clock,
  { id, seen }: { readonly id: HolderId; readonly seen: number | null },
): Forfeit[] {
  const holder = data.holders.get(id);
  if (holder?.state !== "live" || (seen !== null && holder.beatNo !== seen)) return [];
  holder.state = "fenced";
  holder.fencedAt = clock.wall();
  holder.wants = [];
  const forfeits: Forfeit[] = [];
  for (const [accountId, slice] of holder.slices) {
    const account = data.accounts.get(accountId);
    const amount = heldOf(slice);
    if (!account || amount === 0n) continue;
    slice.forfeit = amount;
    slice.returned += amount;
    account.leased -= amount;
    account.forfeited += amount;
    const { budget, scope, unit } = account.spec;
    forfeits.push({ account: accountId, budget, scope, unit, amount });
  }
  holder.gap = forfeits;
  release(data, clock, { holder: id, silentSince: holder.beatAt, caughtUp: holder.caughtUp });
  return forfeits;
}

function close(data: MemoryData, clock: Clock, id: HolderId): { readonly kind: "closed" | "held" } {
  const holder = data.holders.get(id);
  if (!holder || holder.state === "closed") return { kind: "closed" };
  const slices = [...holder.slices];
  if (holder.state === "live" && slices.some(([, slice]) => heldOf(slice) > 0n)) {
    return { kind: "held" };
  }
  if (holder.state === "live") {
    release(data, clock, { holder: id, silentSince: null, caughtUp: holder.caughtUp });
  }
  for (const [accountId, slice] of slices) {
    const account = data.accounts.get(accountId);
    if (account) account.forfeited -= slice.forfeit;
  }
  holder.state = "closed";
  holder.wants = [];
  holder.slices.clear();
  for (const [call, by] of data.settled) if (by === id) data.settled.delete(call);
  tell(data, "room");
  return { kind: "closed" };
}

/** A holder as others may see it. */
export function rowOf({ info, configuration, state, beatNo, fencedAt }: Holder): HolderRow {
  return { ...info, configuration, state, beatNo, fencedAt };
}

/** True too where another holder made the same change before: this one follows. */
function configure(
  data: MemoryData,
  id: HolderId,
  { from, to }: { readonly from: string; readonly to: string },
): boolean {
  const holder = data.holders.get(id);
  if (holder?.state !== "live") return false;
  const inForce = data.configuration;
  const others = live(data).filter((other) => other !== holder);
  const isRun = others.some(({ configuration }) => configuration === inForce);
  if (inForce !== from && inForce !== to && isRun) return false;
  holder.configuration = to;
  if (inForce === to) return true;
  data.configuration = to;
  raiseChange(data);
  return true;
}
