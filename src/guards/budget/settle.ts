/**
 * A call ends, exactly once: what it is charged, from what is known of it.
 *
 *   never written          nothing, the slices are as before
 *   usage known            the usage, also where it is more than was reserved
 *   error without usage    nothing, where the provider's errors are free
 *   ended without usage    our own upper count, at most the reservation (estimated), where the
 *                          answer shows all output
 *   anything else          the reservation: it may have been billed
 */
import type { NanoUsd } from "../money.ts";
import { billOf, inputTokensOf } from "../price/bill.ts";
import type { ModelPrice, Usage } from "../price/price.ts";

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
  readonly reserved: NanoUsd;
  readonly inputTokens: number;
  /** The output cap sent, times the choices; null: the model's maximum. */
  readonly outputTokens: number | null;
  readonly perTokenPico: number;
  readonly fixedPico: number;
  readonly choices: number;
  readonly serviceTier: string | null;
  readonly errorsAreFree: boolean;
  /** The answer shows every token of output that may be billed: nothing is thought out of sight. */
  readonly showsAllOutput: boolean;
}

export interface Charge {
  readonly charged: NanoUsd;
  readonly estimated: boolean;
  readonly overbilled: boolean;
  /** Which bound the provider did not keep, to be reserved at its maximum from now on. */
  readonly brokeBound: "output" | "input" | null;
}

export function chargeOf(outcome: Outcome, terms: Terms): Charge {
  if (outcome.kind === "dropped") return exact(0, terms);
  if (outcome.usage !== null) return fromUsage(outcome.usage, terms);
  if (outcome.kind === "error" && terms.errorsAreFree) return exact(0, terms);
  if (outcome.kind === "ok" && outcome.outputTokensSeen !== null && terms.showsAllOutput) {
    const seenPerChoice = outcome.outputTokensSeen / terms.choices;
    const pico = terms.fixedPico + seenPerChoice * terms.perTokenPico;
    const counted = Math.min(Math.ceil(pico / 1000), terms.reserved);
    return { ...exact(counted, terms), estimated: true };
  }
  return { ...exact(terms.reserved, terms), estimated: true };
}

function fromUsage(usage: Usage, terms: Terms): Charge {
  const charged = billOf(usage, terms.price, terms.serviceTier);
  const safe = Number.isSafeInteger(charged) ? charged : terms.reserved;
  return { ...exact(safe, terms), brokeBound: brokenBound(usage, terms) };
}

function exact(charged: NanoUsd, terms: Terms): Charge {
  return {
    charged,
    estimated: false,
    overbilled: charged > terms.reserved,
    brokeBound: null,
  };
}

function brokenBound(usage: Usage, terms: Terms): "output" | "input" | null {
  const output = usage.output + usage.outputAudio;
  if (terms.outputTokens !== null && output > terms.outputTokens) return "output";
  return inputTokensOf(usage) > terms.inputTokens ? "input" : null;
}
