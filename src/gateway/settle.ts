/** From admission to settlement: what is kept of a call in between, and its one and only end. */
import { type Charge, chargeOf, type Terms } from "../guards/budget/settle.ts";
import type { Amounts } from "../guards/budget/unit.ts";
import type { Answer, LegNumbers } from "../guards/events.ts";
import type { Bounds } from "../guards/facts.ts";
import { mostInputTokens } from "../guards/price/worst-case.ts";
import type { Account } from "./account.ts";
import {
  type Admitted,
  type Allowed,
  type Call,
  type ModelCall,
  originOf,
  type Seen,
} from "./call.ts";
import { emit, type Gateway } from "./gateway.ts";
import { answered } from "./parking/ends.ts";
import type { Route } from "./ruleset.ts";
import type { Tenure } from "./tenure.ts";

export function begin(call: ModelCall, decided: Allowed, gateway: Gateway): Admitted {
  const { accounts, answers, bounds } = decided;
  const { incoming, route } = call;
  const price = route?.price;
  if (!route || !price) throw new Error("admitted without a price");
  const admitted: Admitted = {
    call,
    route,
    bounds,
    accounts,
    terms: termsOf(call, route, bounds),
    answers,
    sentCap: capToSend(call, bounds, price.maxOutput),
    decidedMs: gateway.clock.monotonic() - incoming.receivedAt,
  };
  incoming.tenure.callsInFlight += 1;
  gateway.inFlight.add(incoming.decision, {
    call,
    admitted: () => admittedEvent(call, answers, legsOf(accounts, bounds.reserve, null)),
    journalled: false,
  });
  return admitted;
}

export function admittedEvent(
  { asked, incoming }: Call,
  answers: readonly Answer[],
  legs: readonly LegNumbers[],
) {
  return { ...originOf(incoming), kind: "call.admitted", asked, answers, legs } as const;
}

/**
 * Without a ceiling and with all the money it could need, a request without a cap is sent as it is.
 */
function capToSend({ read }: ModelCall, { outputCap }: Bounds, maxOutput: number): number | null {
  if (outputCap === null || outputCap === read.ask.outputCap) return null;
  return read.ask.outputCap === null && outputCap === maxOutput ? null : outputCap;
}

function termsOf({ read }: ModelCall, route: Route, bounds: Bounds): Terms {
  const { price, provider } = route;
  if (price === null) throw new Error("admitted without a price");
  const { choices, serviceTier } = read.ask;
  return {
    price,
    reserved: bounds.reserve,
    inputTokens: mostInputTokens(read.ask, bounds.inputTokens, price),
    outputTokens: (bounds.outputCap ?? price.maxOutput) * choices,
    perTokenPico: bounds.perTokenPico,
    fixedPico: bounds.fixedPico,
    tokensPerCap: bounds.tokensPerCap,
    fixedTokens: bounds.fixedTokens,
    choices,
    serviceTier,
    errorsAreFree: provider.rules.errorsAreFree,
    showsAllOutput: provider.rules.showsAllOutput || !read.ask.mayThink,
  };
}

/** A batch is flushed at the latest every second, and as soon as so many entries wait. */
const ENTRIES_TO_FLUSH = 256;

/** Tells the store at once when much waits for it. */
export function flushMany(tenure: Tenure, gateway: Gateway): void {
  if (tenure.journal.waiting >= ENTRIES_TO_FLUSH) void gateway.flusher.flush(tenure);
}

/** Exactly once for each admitted call, whatever happened to it. */
export function settle(admitted: Admitted, seen: Seen, gateway: Gateway): void {
  const { accounts, call, terms } = admitted;
  const { decision, tenure } = call.incoming;
  const { outcome } = seen;
  const charge = chargeOf(outcome, terms);
  gateway.cashier.settle(tenure, decision, accounts, {
    reserved: terms.reserved,
    charged: outcome.kind === "dropped" ? null : charge.charged,
    estimated: charge.estimated,
  });
  if (seen.answer !== null) answered(call, seen.answer, gateway);
  if (outcome.kind === "dropped") gateway.recent.drop(call);
  tenure.callsInFlight -= 1;
  gateway.inFlight.delete(decision);
  noteEnded(call, outcome.kind, gateway);
  if (outcome.kind === "ok") noteTold(call, gateway);
  emit(gateway, tenure, settledEvent(admitted, seen, charge));
  flushMany(tenure, gateway);
  if (seen.capped) warnCapped(admitted, gateway);
  if (charge.overbilled !== null || charge.brokeBound !== null) alarm(admitted, charge, gateway);
}

/** Whether a probe stays calm shows only where its task has done something. */
export function noteEnded({ incoming }: Call, outcome: string, { clutches }: Gateway): void {
  if (outcome === "ok") clutches.ended(incoming.manifest.agent, incoming.taskName.id);
}

/** Its model has heard what reviewers said. */
function noteTold({ incoming, told }: ModelCall, gateway: Gateway): void {
  const { call, tenure } = incoming;
  for (const { agent, by, id: message, task } of gateway.messages.told(told)) {
    emit(gateway, tenure, { kind: "agent.told", agent, task, call, message, by });
  }
}

function settledEvent(admitted: Admitted, seen: Seen, charge: Charge) {
  const { accounts, answers, bounds, call, decidedMs } = admitted;
  const { fault, kind: outcome, status, usage } = seen.outcome;
  return {
    ...originOf(call.incoming),
    kind: "call.settled",
    asked: call.asked,
    answers,
    legs: legsOf(accounts, bounds.reserve, charge.charged),
    outcome,
    status,
    fault,
    result: null,
    usage,
    estimated: charge.estimated,
    reserved: bounds.reserve.usd,
    charged: charge.charged.usd,
    sentCap: bounds.outputCap,
    capped: seen.capped,
    decidedMs,
    firstByteMs: seen.firstByteMs,
    endedMs: seen.endedMs,
  } as const;
}

export function legsOf(
  accounts: readonly Account[],
  reserved: Amounts,
  charged: Amounts | null,
): readonly LegNumbers[] {
  return accounts.map(({ purse: { budget, scope, unit }, starts }) => ({
    budget,
    scope,
    unit,
    window: starts,
    reserved: reserved[unit],
    charged: charged === null ? null : charged[unit],
  }));
}

function warnCapped({ bounds, call }: Admitted, gateway: Gateway): void {
  const { agent, task, ...origin } = originOf(call.incoming);
  const { model } = call.read.ask;
  const cap = bounds.outputCap ?? 0;
  emit(gateway, call.incoming.tenure, {
    kind: "call.capped",
    ...origin,
    agent,
    task,
    model,
    cap,
  });
}

/**
 * The provider billed more than it was asked: from now on this model is reserved at its maximum.
 */
function alarm(
  { accounts, bounds, call, route }: Admitted,
  charge: Charge,
  gateway: Gateway,
): void {
  const { tenure } = call.incoming;
  const origin = originOf(call.incoming);
  const { model, provider } = route;
  const { name } = provider.rules;
  const unit = charge.overbilled;
  // Tokens above their bound that no budget counts are told by the flag below.
  const counted = unit === "usd" || accounts.some(({ purse }) => purse.unit === unit);
  if (unit !== null && counted) {
    const numbers = { reserved: bounds.reserve[unit], charged: charge.charged[unit] };
    const event = { kind: "budget.overbilled", provider: name, model, unit } as const;
    emit(gateway, tenure, { ...event, ...origin, ...numbers });
  }
  const what = charge.brokeBound;
  if (what === null || !gateway.flags.raise(name, model, what, origin.call)) return;
  emit(gateway, tenure, { kind: "model.flagged", provider: name, model, what });
}
