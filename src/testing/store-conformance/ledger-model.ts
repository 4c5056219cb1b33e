import type {
  AccountId,
  AccountSpec,
  AccountState,
  HolderId,
  Settlement,
  Want,
} from "../../ports/store.ts";

/** Its limit is the larger of what is configured and what a person has raised it to last. */
interface ModelAccount {
  readonly spec: AccountSpec;
  configured: bigint;
  raised: bigint | null;
  open: boolean;
}

/**
 * What the ledger must do, in the fewest words: only slices and settlements are kept, and every
 * column of an account is a sum over them. So the books hold here by construction, and a store
 * that agrees with the model after every step holds them too.
 */
export interface LedgerModel {
  readonly accounts: Map<AccountId, ModelAccount>;
  readonly holders: Map<HolderId, "live" | "fenced" | "closed">;
  /** By `holder/account`. */
  readonly slices: Map<string, Slice>;
  readonly settled: Map<string, Settlement>;
  /** By account: what was charged beyond what was set aside for it. */
  readonly beyond: Map<AccountId, bigint>;
  readonly releases: Set<string>;
}

/** A holder's part of an account, in running totals. */
export interface Slice {
  readonly holder: HolderId;
  readonly account: AccountId;
  granted: bigint;
  returned: bigint;
  drawn: bigint;
  forfeit: bigint;
}

export function emptyLedger(): LedgerModel {
  return {
    accounts: new Map(),
    holders: new Map(),
    slices: new Map(),
    settled: new Map(),
    beyond: new Map(),
    releases: new Set(),
  };
}

export function sliceOf(model: LedgerModel, holder: HolderId, account: AccountId): Slice {
  const key = `${holder}/${account}`;
  const found = model.slices.get(key);
  if (found) return found;
  const made = { holder, account, granted: 0n, returned: 0n, drawn: 0n, forfeit: 0n };
  model.slices.set(key, made);
  return made;
}

export function heldOf(slice: Slice): bigint {
  return slice.granted - slice.returned - slice.drawn;
}

/** An account as it must stand: sums over slices and settlements. */
export function modelState(model: LedgerModel, id: AccountId): AccountState {
  const account = model.accounts.get(id);
  if (!account) throw new Error(`the model has no account ${id}`);
  let [spent, leased, forfeited] = [0n, 0n, 0n];
  for (const { legs } of model.settled.values()) {
    for (const leg of legs) if (leg.account === id) spent += leg.charged;
  }
  for (const slice of model.slices.values()) {
    if (slice.account !== id) continue;
    if (model.holders.get(slice.holder) === "live") leased += heldOf(slice);
    forfeited += slice.forfeit;
  }
  const { configured, open, raised } = account;
  const limit = raised !== null && raised > configured ? raised : configured;
  return { ...account.spec, id, limit, spent, leased, forfeited, committed: 0n, open };
}

export function committedOf(state: AccountState): bigint {
  return state.spent + state.leased + state.forfeited + state.committed;
}

/**
 * What was charged that nothing had been set aside for, by an overbill or after a release: the only
 * growth that a limit does not stop.
 */
export function beyondOf(model: LedgerModel, id: AccountId): bigint {
  return model.beyond.get(id) ?? 0n;
}

export function modelLease(model: LedgerModel, holder: HolderId, wants: readonly Want[]): string {
  if (model.holders.get(holder) !== "live") return "fenced";
  const gifts: [AccountId, bigint][] = [];
  for (const { account, least, most } of wants) {
    const state = modelState(model, account);
    const room = state.limit - committedOf(state);
    const { granted } = sliceOf(model, holder, account);
    if (least > granted && !(state.open && least - granted <= room)) return "short";
    const welcome = most - granted < room ? most - granted : room;
    if (state.open && welcome > 0n) gifts.push([account, welcome]);
  }
  for (const [account, amount] of gifts) sliceOf(model, holder, account).granted += amount;
  return "ok";
}

export function modelGiveBack(
  model: LedgerModel,
  holder: HolderId,
  account: AccountId,
  total: bigint,
): string {
  if (model.holders.get(holder) !== "live") return "fenced";
  const slice = sliceOf(model, holder, account);
  if (total > slice.returned) slice.returned = total;
  return "ok";
}

export function modelFlush(
  model: LedgerModel,
  holder: HolderId,
  settlements: readonly Settlement[],
): string {
  const state = model.holders.get(holder);
  if (state !== "live" && state !== "fenced") return "closed";
  for (const settlement of settlements) {
    if (model.settled.has(settlement.call)) continue;
    model.settled.set(settlement.call, settlement);
    for (const leg of settlement.legs) {
      const slice = sliceOf(model, holder, leg.account);
      const moved = state === "live" || leg.drawn < slice.forfeit ? leg.drawn : slice.forfeit;
      if (state === "live") slice.drawn += moved;
      else slice.forfeit -= moved;
      model.beyond.set(leg.account, beyondOf(model, leg.account) + leg.charged - moved);
    }
  }
  return "ok";
}

/** Answers what was forfeited, by account. */
export function modelFence(model: LedgerModel, holder: HolderId): Map<AccountId, bigint> {
  const forfeits = new Map<AccountId, bigint>();
  if (model.holders.get(holder) !== "live") return forfeits;
  model.holders.set(holder, "fenced");
  for (const slice of model.slices.values()) {
    if (slice.holder !== holder) continue;
    slice.forfeit = heldOf(slice);
    slice.returned = slice.granted - slice.drawn;
    if (slice.forfeit > 0n) forfeits.set(slice.account, slice.forfeit);
  }
  return forfeits;
}

export function modelClose(model: LedgerModel, holder: HolderId): string {
  const slices = [...model.slices.values()].filter((slice) => slice.holder === holder);
  const live = model.holders.get(holder) === "live";
  if (live && slices.some((slice) => heldOf(slice) !== 0n)) return "held";
  for (const slice of slices) slice.forfeit = 0n;
  model.holders.set(holder, "closed");
  return "closed";
}

/** Answers what was released, by account: of forfeits that are above what was billed. */
export function modelRelease(
  model: LedgerModel,
  id: string,
  holder: HolderId,
  billed: bigint,
): Map<AccountId, bigint> {
  const released = new Map<AccountId, bigint>();
  if (model.releases.has(id) || model.holders.get(holder) !== "fenced") return released;
  for (const slice of model.slices.values()) {
    const open = model.accounts.get(slice.account)?.open === true;
    if (slice.holder !== holder || !open || slice.forfeit <= billed) continue;
    released.set(slice.account, slice.forfeit - billed);
    slice.forfeit = billed;
  }
  if (released.size > 0) model.releases.add(id);
  return released;
}

/** A later window closes the earlier ones of its unit and kind. */
export function modelOpen(model: LedgerModel, state: AccountState): void {
  const { id, limit, open, spent, leased, forfeited, committed, ...spec } = state;
  if (model.accounts.has(id)) return;
  for (const account of model.accounts.values()) {
    const { budget, scope, starts, unit, window } = account.spec;
    if (budget !== spec.budget || scope !== spec.scope) continue;
    if (unit !== spec.unit || window !== spec.window) continue;
    if (starts < spec.starts) account.open = false;
  }
  const account = { spec: { ...spec, limit }, configured: limit, raised: null, open: true };
  model.accounts.set(id, account);
}
