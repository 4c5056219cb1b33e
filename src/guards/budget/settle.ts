/**
 * A call ends, exactly once: what it is charged, from what is known of it.
 *
 *   never written          nothing, the slices are as before
 *   usage known            the usage, also where it is more than was reserved
 *   error without usage    no money and no tokens, where the provider's errors are free
 *   ended without usage    our own upper count, at most the reservation (estimated), where the
 *                          answer shows all output
 *   anything else          the reservation: it may have been billed
 *
 * Whatever was written is one call, however it ended.
 */
import { billOf, inputTokensOf, tokensOf } from "../price/bill.ts";
import type { ModelPrice, Usage } from "../price/price.ts";
import { type Amount, type Amounts, NOTHING } from "./unit.ts";

/** How a call ended, as the shell saw it. */
export interface Outcome {
  readonly kind: "ok" | "error" | "fault" | "aborted" | "dropped";
  readonly status: number | null;
  readonly fault: string | null;
  readonly usage: Usage | null;
  /** Upper bound on the tokens of output that were sent; null: not known. */
  readonly outputTokensSeen: number | null;
}

/** What was agreed when the call was admitted. */
export interface Terms {
  readonly price: ModelPrice;
  readonly reserved: Amounts;
  readonly inputTokens: number;
  /** The output cap sent, times the choices; null: the model's maximum. */
  readonly outputTokens: number | null;
  readonly perTokenPico: number;
  readonly fixedPico: number;
  readonly tokensPerCap: number;
  readonly fixedTokens: number;
  readonly choices: number;
  readonly serviceTier: string | null;
  readonly errorsAreFree: boolean;
  /** The answer shows every token of output that may be billed: nothing is thought out of sight. */
  readonly showsAllOutput: boolean;
}

export interface Charge {
  readonly charged: Amounts;
  readonly estimated: boolean;
  /** What was billed above the reservation: the money, else the tokens. */
  readonly overbilled: "usd" | "tokens" | null;
  /** Which bound the provider did not keep, to be reserved at its maximum from now on. */
  readonly brokeBound: "output" | "input" | null;
}

/** No answer has so many; a few that said more could overflow the sums of the store. */
const BILLED_TOKENS_MAX = 1_000_000_000_000;

export function chargeOf(outcome: Outcome, terms: Terms): Charge {
  const { calls } = terms.reserved;
  if (outcome.kind === "dropped") return exact(NOTHING, terms);
  if (outcome.usage !== null) return fromUsage(outcome.usage, terms);
  if (outcome.kind === "error" && terms.errorsAreFree) return exact({ ...NOTHING, calls }, terms);
  if (outcome.kind === "ok" && outcome.outputTokensSeen !== null && terms.showsAllOutput) {
    const counted = countedOf(outcome.outputTokensSeen / terms.choices, terms);
    return { ...exact(counted, terms), estimated: true };
  }
  return { ...exact(terms.reserved, terms), estimated: true };
}

/** Our own upper count of an answer, at most what was reserved. */
function countedOf(seenPerChoice: number, terms: Terms): Amounts {
  const { calls, tokens, usd } = terms.reserved;
  const pico = terms.fixedPico + seenPerChoice * terms.perTokenPico;
  const seen = terms.fixedTokens + seenPerChoice * terms.tokensPerCap;
  return {
    usd: Math.min(Math.ceil(pico / 1000), usd),
    tokens: Math.min(Math.ceil(seen), tokens),
    calls,
  };
}

function fromUsage(usage: Usage, terms: Terms): Charge {
  const { calls, tokens, usd } = terms.reserved;
  const charged = {
    usd: sane(billOf(usage, terms.price, terms.serviceTier), Number.MAX_SAFE_INTEGER, usd),
    tokens: sane(tokensOf(usage), BILLED_TOKENS_MAX, tokens),
    calls,
  };
  return { ...exact(charged, terms), brokeBound: brokenBound(usage, terms) };
}

/** A usage beyond all counting makes no sense, and is no number to charge. */
function sane(billed: Amount, most: Amount, reserved: Amount): Amount {
  return billed <= most ? billed : reserved;
}

function exact(charged: Amounts, { reserved }: Terms): Charge {
  const tokens = charged.tokens > reserved.tokens ? "tokens" : null;
  const overbilled = charged.usd > reserved.usd ? "usd" : tokens;
  return { charged, estimated: false, overbilled, brokeBound: null };
}

function brokenBound(usage: Usage, terms: Terms): "output" | "input" | null {
  const output = usage.output + usage.outputAudio;
  if (terms.outputTokens !== null && output > terms.outputTokens) return "output";
  return inputTokensOf(usage) > terms.inputTokens ? "input" : null;
}
