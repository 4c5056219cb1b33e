import { expect } from "vitest";
import type {
  AccountId,
  AccountSpec,
  HolderId,
  LedgerStore,
  Settlement,
  Total,
  Want,
} from "../../ports/store.ts";
import { fresh, liveHolder, type Stores } from "./kit.ts";
import {
  emptyLedger,
  heldOf,
  type LedgerModel,
  modelClose,
  modelFence,
  modelFlush,
  modelGiveBack,
  modelLease,
  modelOpen,
  modelRelease,
  sliceOf,
} from "./ledger-model.ts";

const HOLDERS = 3;
const ACCOUNTS = 3;
const LIMIT_UNITS = 60n;
const WINDOW_MS = 1000;

type WantStep = { readonly account: number; readonly least: number; readonly more: number };
type CallStep = {
  readonly legs: readonly { readonly account: number; readonly part: number }[];
  readonly overbill: number;
};

/** One thing that a gateway or an operator may do; numbers pick from what there is. */
export type Step =
  | { readonly kind: "lease"; readonly holder: number; readonly wants: readonly WantStep[] }
  | {
      readonly kind: "settle";
      readonly holder: number;
      readonly calls: readonly CallStep[];
      /** Not sent now: it arrives with a later `again`, perhaps after a fence. */
      readonly late: boolean;
    }
  | { readonly kind: "giveBack"; readonly holder: number; readonly amount: number }
  | { readonly kind: "again"; readonly message: number }
  | { readonly kind: "beat"; readonly holder: number }
  | {
      readonly kind: "fence";
      readonly holder: number;
      readonly seen: "current" | "stale" | "gone";
    }
  | { readonly kind: "close"; readonly holder: number }
  | { readonly kind: "release"; readonly holder: number; readonly amount: number }
  | { readonly kind: "limit"; readonly account: number; readonly amount: number }
  | { readonly kind: "raise"; readonly account: number; readonly amount: number }
  | {
      readonly kind: "window";
      readonly account: number;
      readonly amount: number;
      /** Of which kind and unit: others than before are another account. */
      readonly of: "day" | "month";
      readonly unit: "usd" | "tokens";
    };

/** A message as sent: sent again it must do what the protocol says of a late copy. */
type Message = () => Promise<void>;

export interface Run {
  readonly stores: Stores;
  readonly model: LedgerModel;
  readonly scale: bigint;
  /** Every holder that was made, the last `HOLDERS` of them in use. */
  readonly holders: HolderId[];
  readonly beats: Map<HolderId, number>;
  /** Every account that was made, the window in force of each budget among them. */
  readonly accounts: AccountId[];
  readonly specs: AccountSpec[];
  readonly sent: Message[];
  /** By `holder/account`: drawn by settlements that are on their way. */
  readonly onTheWay: Map<string, bigint>;
}

/** Fresh holders and accounts in an old store. */
export async function beginRun(
  stores: Stores,
  { scale, budget }: { readonly scale: bigint; readonly budget: string },
): Promise<Run> {
  const run: Run = {
    stores,
    model: emptyLedger(),
    scale,
    holders: [],
    beats: new Map(),
    accounts: [],
    specs: [],
    sent: [],
    onTheWay: new Map(),
  };
  for (let n = 0; n < HOLDERS; n += 1) await addHolder(run);
  for (let n = 0; n < ACCOUNTS; n += 1) {
    const limit = LIMIT_UNITS * scale;
    const base = { budget: `${budget}-${n}`, scope: "s", unit: "usd", limit } as const;
    await openWindow(run, { ...base, window: "day", starts: 0, ends: WINDOW_MS });
  }
  return run;
}

/** Does one step on the store and on the model. */
export async function takeStep(run: Run, step: Step): Promise<void> {
  switch (step.kind) {
    case "lease":
      return await send(run, leaseMessage(run, step.holder, step.wants));
    case "settle": {
      const message = settleMessage(run, step.holder, step.calls);
      if (!step.late) return await send(run, message);
      run.sent.push(message);
      return;
    }
    case "giveBack":
      return await send(run, giveBackMessage(run, step.holder, step.amount));
    case "again":
      if (run.sent.length > 0) await pick(run.sent, step.message)();
      return;
    case "beat":
      return await beat(run, pick(run.holders.slice(-HOLDERS), step.holder));
    case "fence":
      return await fence(run, pick(run.holders.slice(-HOLDERS), step.holder), step.seen);
    case "close":
      return await close(run, pick(run.holders, step.holder));
    case "release":
      return await send(run, releaseMessage(run, step.holder, step.amount));
    case "limit":
      return await editLimit(run, step.account, BigInt(step.amount) * 3n * run.scale);
    case "raise":
      return await send(run, raiseMessage(run, step.account, step.amount));
    case "window":
      return await rollOver(run, step, BigInt(step.amount) * 3n * run.scale);
  }
}

function pick<T>(from: readonly T[], at: number): T {
  const found = from[at % from.length];
  if (found === undefined) throw new Error("a run always has holders and accounts");
  return found;
}

async function send(run: Run, message: Message): Promise<void> {
  run.sent.push(message);
  await message();
}

/** Every second message goes by the other handle, as from another process. */
function ledgerOf(run: Run): LedgerStore {
  return run.sent.length % 2 === 0 ? run.stores.store.ledger : run.stores.other.ledger;
}

function leaseMessage(run: Run, holderAt: number, steps: readonly WantStep[]): Message {
  const holder = pick(run.holders, holderAt);
  const wants = new Map<AccountId, Want>();
  for (const { account: at, least, more } of steps) {
    const account = pick(run.accounts, at);
    const floor = sliceOf(run.model, holder, account).granted + BigInt(least) * run.scale;
    wants.set(account, { account, least: floor, most: floor + BigInt(more) * run.scale });
  }
  const asked = [...wants.values()];
  return async () => {
    const answer = await ledgerOf(run).lease(holder, asked);
    expect(answer.kind).toBe(modelLease(run.model, holder, asked));
    if (answer.kind !== "ok") return;
    const totals = asked.map(({ account }) => ({
      account,
      total: sliceOf(run.model, holder, account).granted,
    }));
    expect(answer.granted).toEqual(totals);
  };
}

function giveBackMessage(run: Run, holderAt: number, amount: number): Message {
  const holder = pick(run.holders, holderAt);
  const totals: Total[] = run.accounts.map((account) => {
    const slice = sliceOf(run.model, holder, account);
    const part = BigInt(amount) * run.scale;
    const held = heldOf(slice) - (run.onTheWay.get(`${holder}/${account}`) ?? 0n);
    return { account, total: slice.returned + (part < held ? part : held) };
  });
  return async () => {
    const answer = await ledgerOf(run).giveBack(holder, totals);
    for (const { account, total } of totals) {
      expect(answer.kind).toBe(modelGiveBack(run.model, holder, account, total));
    }
  };
}

/** Calls that draw eighths of what the holder has: slices, once fenced forfeits. */
function settleMessage(run: Run, holderAt: number, calls: readonly CallStep[]): Message {
  const holder = pick(run.holders, holderAt);
  const drawnNow = new Map<string, bigint>();
  const settlements: Settlement[] = calls.map(({ legs, overbill }) => {
    const parts = new Map(legs.map((leg) => [pick(run.accounts, leg.account), leg.part]));
    const drawn = [...parts].map(([account, part]) => {
      const key = `${holder}/${account}`;
      const taken = (run.onTheWay.get(key) ?? 0n) + (drawnNow.get(key) ?? 0n);
      const left = availableTo(run, holder, account) - taken;
      // A release may leave less than what is on its way already.
      const amount = left > 0n ? (left * BigInt(part)) / 8n : 0n;
      drawnNow.set(key, (drawnNow.get(key) ?? 0n) + amount);
      return { account, drawn: amount, charged: amount + BigInt(overbill) * run.scale };
    });
    return { call: fresh("call"), legs: drawn, estimated: overbill > 0 };
  });
  for (const [key, amount] of drawnNow) addOnTheWay(run, key, amount);
  let arrived = false;
  return async () => {
    if (!arrived) for (const [key, amount] of drawnNow) addOnTheWay(run, key, -amount);
    arrived = true;
    const answer = await ledgerOf(run).flush(holder, { settlements, entries: [], anchor: null });
    expect(answer.kind).toBe(modelFlush(run.model, holder, settlements));
  };
}

function availableTo(run: Run, holder: HolderId, account: AccountId): bigint {
  const slice = sliceOf(run.model, holder, account);
  return run.model.holders.get(holder) === "live" ? heldOf(slice) : slice.forfeit;
}

function addOnTheWay(run: Run, key: string, amount: bigint): void {
  run.onTheWay.set(key, (run.onTheWay.get(key) ?? 0n) + amount);
}

async function addHolder(run: Run): Promise<void> {
  const holder = await liveHolder(run.stores.store);
  run.holders.push(holder);
  run.beats.set(holder, 0);
  run.model.holders.set(holder, "live");
}

async function beat(run: Run, holder: HolderId): Promise<void> {
  const answer = await run.stores.store.holders.beat(holder);
  const live = run.model.holders.get(holder) === "live";
  expect(answer.kind).toBe(live ? "ok" : "fenced");
  if (live) run.beats.set(holder, (run.beats.get(holder) ?? 0) + 1);
}

/** Whoever is fenced comes back as another holder, and keeps the old one's calls. */
async function fence(run: Run, holder: HolderId, seen: "current" | "stale" | "gone") {
  const beatNo = run.beats.get(holder) ?? 0;
  const number = { current: beatNo, stale: beatNo - 1, gone: null }[seen];
  const answer = await run.stores.other.holders.fence(holder, number);
  const forfeits = answer.filter((forfeit) => forfeit.amount > 0n);
  const actual = new Map(forfeits.map((forfeit) => [forfeit.account, forfeit.amount]));
  const was = run.model.holders.get(holder);
  expect(actual).toEqual(seen === "stale" ? new Map() : modelFence(run.model, holder));
  if (was === "live" && seen !== "stale") await addHolder(run);
}

async function close(run: Run, holder: HolderId): Promise<void> {
  const was = run.model.holders.get(holder);
  const answer = await run.stores.store.holders.close(holder);
  expect(answer.kind).toBe(modelClose(run.model, holder));
  if (was === "live" && answer.kind === "closed") await addHolder(run);
}

/** Also of holders that were fenced long ago; a late copy comes with what was billed then. */
function releaseMessage(run: Run, holderAt: number, amount: number): Message {
  const holder = pick(run.holders, holderAt);
  const id = fresh("release");
  const billed = BigInt(amount) * run.scale;
  return async () => {
    const { forfeits } = run.sent.length % 2 === 0 ? run.stores.store : run.stores.other;
    const why = { evidence: "none", operator: "jo", reason: "by chance" } as const;
    const which = { holder, limit: run.accounts.length };
    const before = run.model.releases.has(id);
    const released = modelRelease(run.model, id, holder, billed);
    const answer = await forfeits.release({ id, forfeits: which, billed, ...why });
    const rows = answer.kind === "released" ? answer.releases : [];
    expect(new Map(rows.map((row) => [row.account, row.amount]))).toEqual(released);
    expect(answer.kind === "already").toBe(before);
  };
}

async function editLimit(run: Run, at: number, limit: bigint): Promise<void> {
  const { budget, unit, window } = pick(run.specs, at);
  await run.stores.store.ledger.editLimit({ budget, unit, window, limit });
  for (const account of run.model.accounts.values()) {
    const { open, spec } = account;
    const isMeant = spec.budget === budget && spec.unit === unit && spec.window === window;
    if (open && isMeant) account.configured = limit;
  }
}

/** Lower and higher than it is, and withdrawn; a late copy of any of them does nothing. */
function raiseMessage(run: Run, at: number, amount: number): Message {
  const { overrides } = run.stores.other;
  const [account, id] = [pick(run.accounts, at), fresh("override")];
  const limit = amount % 4 === 0 ? null : BigInt(amount) * 5n * run.scale;
  let isFirst = true;
  return async () => {
    const model = run.model.accounts.get(account);
    const said = { reason: "by chance", by: "jo", at: 0, review: null };
    const answer = await overrides.raise({ id, account, limit, ...said });
    expect(answer === null).toBe(!model?.open);
    if (model?.open && isFirst) {
      model.raised = limit;
      isFirst = false;
    }
  };
}

async function rollOver(
  run: Run,
  { account, of, unit }: Extract<Step, { readonly kind: "window" }>,
  limit: bigint,
): Promise<void> {
  const { budget } = pick(run.specs, account);
  const before = run.specs.filter((spec) => {
    return spec.budget === budget && spec.unit === unit && spec.window === of;
  });
  const starts = before.length * WINDOW_MS;
  const span = { window: of, starts, ends: starts + WINDOW_MS };
  await openWindow(run, { budget, scope: "s", unit, limit, ...span });
}

async function openWindow(run: Run, spec: AccountSpec): Promise<void> {
  const [state] = await run.stores.store.ledger.open([spec]);
  if (!state) throw new Error("open answers every account it was asked for");
  modelOpen(run.model, state);
  run.specs.push(spec);
  run.accounts.push(state.id);
}
