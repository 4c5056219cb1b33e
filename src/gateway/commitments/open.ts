/**
 * Before a call is written that goes on costing money: its first horizon, which the guards have
 * reserved with the call, becomes a row of the store, in one of the places that there are.
 */

import { commit, drop } from "../../guards/budget/slice.ts";
import { full } from "../../guards/commitment/guard.ts";
import { type CommitmentTerms, horizonCost } from "../../guards/commitment/terms.ts";
import type { NanoUsd } from "../../guards/money.ts";
import type { GrantedTool } from "../../guards/tool/tool.ts";
import { type Denial, deny } from "../../guards/verdict.ts";
import { StoreUnreachable } from "../../ports/store.ts";
import { type Account, wake } from "../account.ts";
import { type Allowed, originOf, type ToolCall } from "../call.ts";
import { emit, type Gateway } from "../gateway.ts";
import { cancelCommitment, NEVER_SENT } from "./commitments.ts";

const RETRY_MS = 1_000;
/** A request whose sender gave up is done within this time, or never. */
const UNSURE_MS = 10_000;

export interface Opening {
  readonly call: ToolCall;
  readonly granted: GrantedTool;
  readonly terms: CommitmentTerms;
  readonly allowed: Allowed;
}

/** `allowed` is what is still reserved for the call itself, whichever way it went. */
export interface Opened {
  readonly allowed: Allowed;
  readonly denial: Denial | null;
}

/** Never rejects. What is opened is known by the call's decision. */
export async function openCommitment(opening: Opening, gateway: Gateway): Promise<Opened> {
  const { allowed, call, granted, terms } = opening;
  const answer = await asked(opening, gateway);
  switch (answer.kind) {
    case "opened":
      take(opening);
      tellOpened(opening, gateway);
      return { allowed: withoutHorizon(opening), denial: null };
    case "full":
      return { allowed, denial: full(granted, terms, answer.active) };
    case "not-held": {
      gateway.log.error("a horizon that was reserved here is not held in the store", {
        decision: call.incoming.decision,
      });
      return { allowed, denial: deny("gateway.unsure", { because: "the books do not agree" }) };
    }
    case "fenced":
      call.incoming.tenure.fenced = true;
      return { allowed, denial: deny("gateway.fenced", {}, RETRY_MS) };
    case "unsure":
      keepUnsure(opening, gateway);
      return { allowed: withoutHorizon(opening), denial: answer.denial };
  }
}

/** `unsure`: it may be done, or be done later. */
async function asked(opening: Opening, gateway: Gateway) {
  try {
    return await ask(opening, gateway);
  } catch (error) {
    gateway.log.warn("a commitment was not opened: the store did not answer", { error });
    const isStore = error instanceof StoreUnreachable;
    const denial = isStore ? deny("store.unreachable", {}, RETRY_MS) : deny("gateway.unsure", {});
    return { kind: "unsure", denial } as const;
  }
}

async function ask({ allowed, call, granted, terms }: Opening, { store }: Gateway) {
  const { decision, key, manifest, taskName, tenure } = call.incoming;
  const before = tenure.doneNo;
  const held = BigInt(horizonCost(terms));
  const answer = await store.commitments.open(tenure.id, {
    id: decision,
    agent: manifest.agent,
    task: taskName.id,
    key: key.id,
    server: granted.server,
    tool: granted.tool,
    nanoUsdPerHour: BigInt(terms.nanoUsdPerHour),
    horizonMs: terms.horizonMs,
    activeMax: terms.activeMax,
    holds: moneyOf(allowed).map(({ id }) => ({ account: id, held })),
  });
  if (answer.kind === "opened") tenure.hear(answer.doneNo, before, 0);
  return answer;
}

function moneyOf({ accounts }: Allowed): readonly Account[] {
  return accounts.filter(({ purse }) => purse.unit === "usd");
}

/** The store has drawn it from the slices: here it is no longer reserved. */
function take({ allowed, terms }: Opening): void {
  for (const account of moneyOf(allowed)) {
    const { purse } = account;
    account.purse = { ...purse, slice: commit(purse.slice, horizonCost(terms)) };
  }
}

function giveUp({ allowed, terms }: Opening): void {
  for (const account of moneyOf(allowed)) {
    const { purse } = account;
    account.purse = { ...purse, slice: drop(purse.slice, horizonCost(terms)) };
    wake(account);
  }
}

/** What remains is the call's own cost. */
function withoutHorizon({ allowed, terms }: Opening): Allowed {
  const { bounds } = allowed;
  const usd: NanoUsd = bounds.reserve.usd - horizonCost(terms);
  return { ...allowed, bounds: { ...bounds, reserve: { ...bounds.reserve, usd } } };
}

/**
 * Nobody knows whether the store did it. The horizon stays reserved until it can be known; then the
 * row that is there is ended, for nothing was sent.
 */
function keepUnsure(opening: Opening, gateway: Gateway): void {
  const { decision } = opening.call.incoming;
  const { clock, owedCommitments, store } = gateway;
  let isBooked = false;
  const settle = async (): Promise<void> => {
    const { commitments } = await store.commitments.list({ id: decision, limit: 1 });
    if (!isBooked) {
      isBooked = true;
      if (commitments.length > 0) take(opening);
      else giveUp(opening);
    }
    if (commitments.length > 0) await cancelCommitment(decision, NEVER_SENT, gateway);
  };
  clock.after(UNSURE_MS, () => void owedCommitments.owe(decision, settle));
}

function tellOpened({ allowed, call, granted, terms }: Opening, gateway: Gateway): void {
  const { server, tool } = granted;
  emit(gateway, call.incoming.tenure, {
    kind: "commitment.opened",
    ...originOf(call.incoming),
    ...{ server, tool, perHour: terms.nanoUsdPerHour, horizonMs: terms.horizonMs },
    legs: moneyOf(allowed).map(({ purse, starts }) => {
      const { budget, scope, unit } = purse;
      return { budget, scope, unit, window: starts, reserved: horizonCost(terms), charged: null };
    }),
  });
}
