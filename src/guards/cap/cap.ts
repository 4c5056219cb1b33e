/**
 * Layer 1: the limits on one call. An output cap above its ceiling is clamped, or refused where the
 * manifest is strict; what cannot be clamped without changing what was asked for is refused.
 */
import { type Bounds, type Facts, type Guard, NO_NUMBERS, type States } from "../facts.ts";
import type { CallLimits, Manifest } from "../manifest/manifest.ts";
import { outputMaxOf } from "../policy/guard.ts";
import { inputBound } from "../price/worst-case.ts";
import { deny } from "../verdict.ts";

/** Anthropic's least `thinking.budget_tokens`; the cap must be above it. */
export const THINKING_MIN = 1024;

/** What a sentence of `tell_agent` adds to the input at most, in bytes and so in tokens. */
export const TELL_BYTES_MAX = 512;

/** The limits for a model: its own entry in the manifest, else the agent's. */
export function limitsFor(manifest: Manifest, model: string): CallLimits {
  return manifest.models?.get(model) ?? manifest.limits;
}

/** Of the manifest, and what policies leave of it. */
function limitsOf({ ask, manifest, policy }: Facts): CallLimits {
  const limits = limitsFor(manifest, ask.model);
  const max = outputMaxOf(policy);
  if (max === null) return limits;
  return { ...limits, maxOutputTokens: Math.min(max, limits.maxOutputTokens ?? max) };
}

export const cap: Guard = (facts, bounds, states) => {
  const { ask, manifest, target, toldBytes } = facts;
  const limits = limitsOf(facts);
  if (limits.maxN !== null && ask.choices > limits.maxN) {
    return [states, deny("call.cap", { limit: "max_n", max: limits.maxN, asked: ask.choices })];
  }
  if (target === null || target.price === null) {
    return [states, { kind: "allow", bounds, numbers: NO_NUMBERS }];
  }
  const told = manifest.tellAgent ? mostTold(states) : 0;
  const askedTokens = inputBound(ask, target, target.price) + told;
  if (limits.maxInputTokens !== null && askedTokens > limits.maxInputTokens) {
    const asked = { limit: "max_input_tokens", max: limits.maxInputTokens, asked: askedTokens };
    return [states, deny("call.cap", asked)];
  }
  // Paid for like the rest; but what a person says is not held against what the agent may say.
  const inputTokens = askedTokens + toldBytes;
  const ceiling = Math.min(
    limits.maxOutputTokens ?? target.price.maxOutput,
    target.price.maxOutput,
  );
  if (manifest.strict && (ask.outputCap ?? 0) > ceiling) {
    const asked = { limit: "max_output_tokens", max: ceiling, asked: ask.outputCap ?? 0 };
    return [states, deny("call.cap", asked)];
  }
  const narrowed = narrow(facts, bounds, ceiling, inputTokens);
  if (ask.thinkingBudget !== null && (narrowed.outputCap ?? ceiling) <= THINKING_MIN) {
    const asked = { limit: "max_output_tokens", max: ceiling, asked: ask.thinkingBudget };
    return [states, deny("call.cap", asked)];
  }
  return [states, { kind: "allow", bounds: narrowed, numbers: numbersOf(narrowed, ceiling) }];
};

/** A sentence for each unit that its budgets count. */
function mostTold({ purses }: States): number {
  return TELL_BYTES_MAX * Math.max(1, new Set(purses.map(({ unit }) => unit)).size);
}

/** Without a ceiling of its own and without a cap in the request, nothing is injected. */
function narrow(facts: Facts, bounds: Bounds, ceiling: number, inputTokens: number): Bounds {
  const { ask, target } = facts;
  const limits = limitsOf(facts);
  const asked = ask.outputCap ?? limits.maxOutputTokens;
  const outputCap = asked === null ? null : Math.min(asked, ceiling);
  const floor = Math.max(
    limits.minUsefulOutput,
    target?.rules.outputCapMin ?? 1,
    ask.thinkingBudget === null ? 1 : THINKING_MIN + 1,
  );
  return { ...bounds, inputTokens, outputCap, outputFloor: Math.min(floor, outputCap ?? ceiling) };
}

function numbersOf(bounds: Bounds, ceiling: number): Readonly<Record<string, number>> {
  const numbers = { ceiling, input_tokens_max: bounds.inputTokens };
  return bounds.outputCap === null ? numbers : { ...numbers, output_cap: bounds.outputCap };
}
