import type { Clock } from "../../../ports/clock.ts";
import type {
  AccountFilter,
  AccountId,
  AccountSpec,
  AccountState,
  Done,
  Fenced,
  Granted,
  HolderId,
  LedgerStore,
  Limited,
  Settlement,
  Short,
  Total,
  Want,
} from "../../../ports/store.ts";
import { answer } from "./claims.ts";
import {
  type Account,
  type Holder,
  heldOf,
  least,
  type MemoryData,
  raiseChange,
  type Slice,
  stateOf,
  tell,
} from "./data.ts";
import { writeJournal } from "./journal.ts";
import { setLimit } from "./overrides.ts";

const FENCED: Fenced = { kind: "fenced" };

/** The ledger on data in memory: every method is one synchronous stretch, so one transaction. */
export function memoryLedger(data: MemoryData, clock: Clock): LedgerStore {
  return {
    open: async (specs) => specs.map((spec) => stateOf(openAccount(data, spec))),
    lease: async (holder, wants) => lease(data, holder, wants),
    giveBack: async (holder, returned) => giveBack(data, holder, returned),
    flush: async (id, batch) => {
      const holder = data.holders.get(id);
      if (!holder || holder.state === "closed") return { kind: "closed" };
      for (const settlement of batch.settlements) settle(data, holder, settlement);
      for (const answered of batch.answers ?? []) {
        answer(data, { answered, holder: id, now: clock.wall() });
      }
      writeJournal(data, batch.entries, batch.anchor);
      return { kind: "ok", doneNo: done(holder) };
    },
    want: async (id, wants) => {
      const holder = data.holders.get(id);
      if (holder?.state !== "live") return;
      holder.wants = [...wants];
      tell(data, "wants");
    },
    editLimit: async (limited, of) => {
      if (of === undefined || of === data.configuration) editLimit(data, limited);
    },
    accounts: async (filter) => findAccounts(data, filter),
    closeScope: async (budgets, scope) => {
      for (const account of data.accounts.values()) {
        const named = budgets.includes(account.spec.budget) && account.spec.scope === scope;
        if (named) account.open = false;
      }
    },
  };
}

function openAccount(data: MemoryData, spec: AccountSpec): Account {
  const key = JSON.stringify([spec.budget, spec.scope, spec.unit, spec.window, spec.starts]);
  const known = data.accounts.get(data.accountIds.get(key) ?? -1);
  if (known) return known;
  let open = true;
  for (const other of data.accounts.values()) {
    if (other.spec.budget !== spec.budget || other.spec.scope !== spec.scope) continue;
    if (other.spec.unit !== spec.unit || other.spec.window !== spec.window) continue;
    if (other.spec.starts < spec.starts) other.open = false;
    else open = false;
  }
  const id = data.accounts.size + 1;
  const nothing = { spent: 0n, leased: 0n, forfeited: 0n, committed: 0n };
  const { limit } = spec;
  const columns = { limit, configured: limit, raised: null, ...nothing, open };
  const account: Account = { id, spec: { ...spec }, ...columns };
  data.accounts.set(id, account);
  data.accountIds.set(key, id);
  return account;
}

function lease(
  data: MemoryData,
  holderId: HolderId,
  wants: readonly Want[],
): Granted | Short | Fenced {
  const holder = data.holders.get(holderId);
  if (holder?.state !== "live") return FENCED;
  const { doneNo } = holder;
  const gifts: [Account, Slice, bigint][] = [];
  for (const want of merged(wants)) {
    const account = data.accounts.get(want.account);
    const slice = holder.slices.get(want.account) ?? emptySlice();
    const gift = account ? giftFor(account, slice, want) : null;
    if (!account || gift === null) return { kind: "short", accounts: known(data, wants), doneNo };
    gifts.push([account, slice, gift]);
  }
  for (const [account, slice, gift] of gifts) {
    if (gift === 0n) continue;
    holder.slices.set(account.id, slice);
    slice.granted += gift;
    account.leased += gift;
  }
  const granted = gifts.map(([account, slice]) => ({ account: account.id, total: slice.granted }));
  return { kind: "ok", granted, accounts: known(data, wants), doneNo: done(holder) };
}

/** An account named twice is one want, the larger one: two would be granted twice. */
function merged(wants: readonly Want[]): readonly Want[] {
  const byAccount = new Map<AccountId, Want>();
  for (const want of wants) {
    const before = byAccount.get(want.account) ?? want;
    const floor = before.least > want.least ? before.least : want.least;
    const most = before.most > want.most ? before.most : want.most;
    byAccount.set(want.account, { account: want.account, least: floor, most });
  }
  return [...byAccount.values()];
}

/** What to add to a slice; null if the least wanted is not there. What was granted always is. */
function giftFor(account: Account, slice: Slice, want: Want): bigint | null {
  const { committed, forfeited, leased, limit, spent } = account;
  const room = limit - spent - leased - forfeited - committed;
  const needed = want.least - slice.granted;
  if (needed > 0n && !(account.open && needed <= room)) return null;
  const gift = least(want.most - slice.granted, room);
  return account.open && gift > 0n ? gift : 0n;
}

function emptySlice(): Slice {
  return { granted: 0n, returned: 0n, drawn: 0n, forfeit: 0n };
}

function known(data: MemoryData, wants: readonly Want[]): AccountState[] {
  return wants.flatMap((want) => {
    const account = data.accounts.get(want.account);
    return account ? [stateOf(account)] : [];
  });
}

function giveBack(
  data: MemoryData,
  holderId: HolderId,
  returned: readonly Total[],
): (Done & { readonly kind: "ok" }) | Fenced {
  const holder = data.holders.get(holderId);
  if (holder?.state !== "live") return FENCED;
  for (const { account: id, total } of returned) {
    const [account, slice] = [data.accounts.get(id), holder.slices.get(id)];
    if (!account || !slice) continue;
    const more = least(total - slice.returned, heldOf(slice));
    if (more <= 0n) continue;
    slice.returned += more;
    account.leased -= more;
  }
  tell(data, "room");
  return { kind: "ok", doneNo: done(holder) };
}

export function done(holder: Holder): number {
  holder.doneNo += 1;
  return holder.doneNo;
}

/** Moves one call's charge to `spent`: from a live holder's slice, or a fenced one's forfeit. */
function settle(data: MemoryData, holder: Holder, settlement: Settlement): void {
  if (data.settled.has(settlement.call)) return;
  data.settled.set(settlement.call, holder.info.id);
  for (const leg of settlement.legs) {
    const account = data.accounts.get(leg.account);
    if (!account) continue;
    account.spent += leg.charged;
    const slice = holder.slices.get(leg.account);
    if (!slice) continue;
    if (holder.state === "live") {
      const drawn = least(leg.drawn, heldOf(slice));
      slice.drawn += drawn;
      account.leased -= drawn;
    } else {
      const drawn = least(leg.drawn, slice.forfeit);
      slice.forfeit -= drawn;
      account.forfeited -= drawn;
    }
  }
}

function editLimit(data: MemoryData, { budget, limit, unit, window }: Limited): void {
  for (const account of data.accounts.values()) {
    const { open, spec } = account;
    const isMeant = spec.budget === budget && spec.unit === unit && spec.window === window;
    if (!open || !isMeant) continue;
    account.configured = limit;
    setLimit(account);
  }
  raiseChange(data);
  tell(data, "room");
}

function findAccounts(data: MemoryData, filter: AccountFilter): AccountState[] {
  const ids: ReadonlySet<AccountId> | null = filter.ids ? new Set(filter.ids) : null;
  return [...data.accounts.values()]
    .filter((account) => filter.open === false || account.open)
    .filter((account) => ids?.has(account.id) ?? true)
    .filter((account) => filter.budget === undefined || account.spec.budget === filter.budget)
    .filter((account) => filter.scope === undefined || account.spec.scope === filter.scope)
    .reverse()
    .slice(0, filter.limit)
    .map(stateOf);
}
