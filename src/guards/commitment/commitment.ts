/**
 * Money that an allowed tool call goes on costing until something ends it.
 *
 *              ┌──never sent, or the tool says it failed and names nothing──────────────┐
 *              │                                                                        ▼
 *   opening ───┼──answered with an id──► active ──its ending tool succeeded, or a ──► ended
 *              │                           ▲       person says that it is gone          ▲
 *              │                           └──the answer came late──┐                   │
 *              └──nobody knows────────────────────────────► unknown ┴──a person─────────┘
 *
 * Opened before the call is written, with its first horizon set aside on every budget of money that
 * the call draws on. While it is active or unknown, time moves what was set aside to what is spent,
 * and each horizon is renewed at its half. So what may be owed is set aside before it is, but for
 * the time in which nobody was there to renew it: that is charged all the same, past a cap too.
 *
 * Time is what the store's clock has advanced between two looks at it: set back, it takes nothing
 * away that was charged; set forward, it charges too much and not too little.
 */
import type { Millis } from "../money.ts";
import { costOf } from "./terms.ts";

export type CommitmentState = "opening" | "active" | "unknown" | "ended";

/** These hold a place of `max_active`, and money. */
export const HOLDING: readonly CommitmentState[] = ["opening", "active", "unknown"];

/** What is set aside on one account. */
export interface Hold {
  /** Number of the account in its store. */
  readonly account: number;
  readonly held: bigint;
}

export interface Commitment {
  /** The decision that let its call through. */
  readonly id: string;
  readonly agent: string;
  readonly task: string;
  /** Id of the key that the call came with. */
  readonly key: string;
  readonly server: string;
  readonly tool: string;
  readonly nanoUsdPerHour: bigint;
  readonly horizonMs: Millis;
  /** One higher with every change: a change names the one it was made of. */
  readonly version: number;
  readonly state: CommitmentState;
  /** What its call made, as JSON; null: not known, or not yet. */
  readonly service: string | null;
  /** By the store's clock, as all instants here. */
  readonly openedAt: Millis;
  /** When time was last counted. */
  readonly seenAt: Millis;
  /** Counted so far: what it has cost is `costOf` this. */
  readonly elapsedMs: Millis;
  /** When somebody is to look at it again; null: never. */
  readonly dueAt: Millis | null;
  readonly holds: readonly Hold[];
  readonly renewals: number;
  /** The budgets no longer cover another horizon, and that was told. */
  readonly unrenewable: boolean;
  readonly endedAt: Millis | null;
  /** Who or what ended it, and why; null: nothing has. */
  readonly endedBy: string | null;
  readonly reason: string | null;
}

/** What became of a commitment, and what its accounts are charged for it. */
export interface Step {
  readonly next: Commitment;
  readonly charges: readonly { readonly account: number; readonly amount: bigint }[];
}

/** The window of an account has ended, and its budget goes on with another one. */
export interface Turn {
  readonly from: number;
  readonly endedAt: Millis;
  readonly to: number;
}

/** Spent money is to be seen within a minute; a short horizon is looked at more often. */
const LOOK_MS: Millis = 60_000;
const LOOKS_A_HORIZON = 10;

export function horizonOf({ horizonMs, nanoUsdPerHour }: Commitment): bigint {
  return costOf(nanoUsdPerHour, horizonMs);
}

/** What it has cost so far. */
export function accruedOf({ elapsedMs, nanoUsdPerHour }: Commitment): bigint {
  return costOf(nanoUsdPerHour, elapsedMs);
}

function dueAfter({ horizonMs }: Commitment, now: Millis): Millis {
  return now + Math.max(1, Math.min(LOOK_MS, Math.floor(horizonMs / LOOKS_A_HORIZON)));
}

/** Charges the time since it was last seen, of each account until the end of its window. */
export function accrue(commitment: Commitment, now: Millis, turns: readonly Turn[]): Step {
  const { elapsedMs, holds, nanoUsdPerHour, seenAt, state } = commitment;
  if (state !== "active" && state !== "unknown") return { next: commitment, charges: [] };
  const passedMs = Math.max(0, now - seenAt);
  const before = accruedOf(commitment);
  const costUntil = (ms: Millis) => costOf(nanoUsdPerHour, elapsedMs + ms) - before;
  const after = new Map<number, bigint>();
  const charges = new Map<number, bigint>();
  for (const { account, held } of holds) {
    const turn = turns.find(({ from }) => from === account);
    const ownMs = turn === undefined ? passedMs : Math.max(0, turn.endedAt - seenAt);
    const own = costUntil(Math.min(ownMs, passedMs));
    add(charges, account, own);
    if (turn === undefined) {
      after.set(account, own < held ? held - own : 0n);
      continue;
    }
    // The old window keeps what it was charged; what is still set aside there goes free.
    add(charges, turn.to, costUntil(passedMs) - own);
    add(after, turn.to, 0n);
  }
  const next = {
    ...commitment,
    seenAt: now,
    elapsedMs: elapsedMs + passedMs,
    dueAt: dueAfter(commitment, now),
    holds: [...after].map(([account, held]) => ({ account, held })),
  };
  const charged = [...charges].filter(([, amount]) => amount > 0n);
  return { next, charges: charged.map(([account, amount]) => ({ account, amount })) };
}

function add(sums: Map<number, bigint>, account: number, amount: bigint): void {
  sums.set(account, (sums.get(account) ?? 0n) + amount);
}

/** Is another horizon to be set aside, on the accounts that are in force now? */
export function wantsRenewal(commitment: Commitment, accounts: readonly number[]): boolean {
  const { holds } = commitment;
  const half = horizonOf(commitment) / 2n;
  const isHere = accounts.every((id) => holds.some(({ account }) => account === id));
  return !isHere || holds.length !== accounts.length || holds.some(({ held }) => held <= half);
}

/** A whole horizon on each of these accounts, and nothing on others. */
export function renew(commitment: Commitment, accounts: readonly number[]): Step {
  const horizon = horizonOf(commitment);
  const holds = accounts.map((account) => {
    const held = commitment.holds.find((hold) => hold.account === account)?.held ?? 0n;
    return { account, held: held > horizon ? held : horizon };
  });
  const renewals = commitment.renewals + 1;
  return { next: { ...commitment, holds, renewals, unrenewable: false }, charges: [] };
}

/** So little is left that whoever could make room has had their time. */
const LAST_PART = 4n;

/** The rest of what is set aside has begun to run out. */
export function isAlmostSpent(commitment: Commitment): boolean {
  return commitment.holds.some(({ held }) => held < horizonOf(commitment) / LAST_PART);
}

/** It was told that nothing renews it: said once until something does. */
export function giveUp(commitment: Commitment): Step {
  return { next: { ...commitment, unrenewable: true }, charges: [] };
}

/** Its call was answered, and names what it made: also where that was not known for a while. */
export function activate(commitment: Commitment, service: string, now: Millis): Step | null {
  const { state } = commitment;
  if (state !== "opening" && state !== "unknown") return null;
  return { next: { ...commitment, state: "active", service, dueAt: now }, charges: [] };
}

/** Its call may have run. `service`: what it would have made, where its arguments say so. */
export function lose(commitment: Commitment, service: string | null, now: Millis): Step | null {
  if (commitment.state !== "opening") return null;
  return { next: { ...commitment, state: "unknown", service, dueAt: now }, charges: [] };
}

export interface Ended {
  readonly by: string;
  readonly reason: string;
}

/** Nothing was made. What it was charged while nobody knew stays: spent is not taken back. */
export function cancel(commitment: Commitment, now: Millis, ended: Ended): Step | null {
  const { state } = commitment;
  return state === "ended" || state === "active" ? null : over(commitment, now, ended);
}

/** It costs up to now, and nothing more. Twice is once. */
export function end(
  commitment: Commitment,
  now: Millis,
  { ended, turns }: { readonly ended: Ended; readonly turns: readonly Turn[] },
): Step | null {
  if (commitment.state === "ended") return null;
  const { charges, next } = accrue(commitment, now, turns);
  return { next: over(next, now, ended).next, charges };
}

function over(commitment: Commitment, now: Millis, { by, reason }: Ended): Step {
  const rest = { holds: [], dueAt: null, endedAt: now, endedBy: by, reason };
  return { next: { ...commitment, ...rest, state: "ended" }, charges: [] };
}
