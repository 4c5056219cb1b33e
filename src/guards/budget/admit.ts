/**
 * The budget guard: all accounts or none. It narrows the output cap before it refuses, and it tells
 * a budget that is spent (402) from one that others hold for a moment (429).
 */
import type { Bounds, Guard, Short, States } from "../facts.ts";
import { refuseBeyond } from "../task/limits.ts";
import { type Denial, type DenialFacts, deny } from "../verdict.ts";
import { hopeOf, type Purse, reserve, roomOf, type Seen } from "./slice.ts";
import { type Amounts, inUnit } from "./unit.ts";

const RETRY_AFTER_MS = 1000;

export const budget: Guard<unknown> = (_facts: unknown, bounds: Bounds, states: States) => {
  const { purses } = states;
  if (covers(purses, bounds.reserve)) return allow(bounds, states);
  if (purses.some((purse) => isShort(purse, bounds.reserve) && purse.seen === null)) {
    return [states, short(bounds.reserve)];
  }

  const narrowed = narrow(bounds, purses);
  if (narrowed === null) return [states, refuse(purses, floorCost(bounds))];
  if (covers(purses, narrowed.reserve)) return allow(narrowed, states);
  return [states, short(narrowed.reserve)];
};

function covers(purses: readonly Purse[], amounts: Amounts): boolean {
  for (const purse of purses) if (isShort(purse, amounts)) return false;
  return true;
}

function isShort({ slice, unit }: Purse, amounts: Amounts): boolean {
  return slice.free < amounts[unit];
}

function allow(bounds: Bounds, states: States): ReturnType<Guard<unknown>> {
  const { reserve: amounts } = bounds;
  const purses = states.purses.map((purse) => ({
    ...purse,
    slice: reserve(purse.slice, amounts[purse.unit]),
  }));
  return [
    { ...states, purses },
    { kind: "allow", bounds, numbers: reserved(purses, amounts) },
  ];
}

/** The money always; tokens and calls where a budget counts them. */
function reserved(purses: readonly Purse[], { calls, tokens, usd }: Amounts): DenialFacts {
  const numbers: Record<string, number> = { reserve_nano_usd: usd };
  for (const { unit } of purses) {
    if (unit === "tokens") numbers.reserve_tokens = tokens;
    if (unit === "calls") numbers.reserve_calls = calls;
  }
  return numbers;
}

function short(need: Amounts): Short {
  return { kind: "short", need };
}

/** The largest cap that fits in what every account still has, or null if that is of no use. */
function narrow(bounds: Bounds, purses: readonly Purse[]): Bounds | null {
  let cap = Number.POSITIVE_INFINITY;
  for (const purse of purses) cap = Math.min(cap, capWithin(purse, bounds));
  if (cap === Number.POSITIVE_INFINITY) return bounds;
  if (bounds.outputCap === null || cap < bounds.outputFloor) return null;
  return { ...bounds, outputCap: cap, reserve: costAt(bounds, cap) };
}

/** The largest cap that one account could cover: infinite as it is, less than 0 for none at all. */
function capWithin({ seen, slice, unit }: Purse, bounds: Bounds): number {
  const room = seen === null ? 0n : roomOf(seen);
  const reach = slice.free + (room > 0n ? Number(room) : 0);
  if (reach >= bounds.reserve[unit]) return Number.POSITIVE_INFINITY;
  const { fixedPico, fixedTokens, perTokenPico, tokensPerCap } = bounds;
  switch (unit) {
    case "usd":
      return perTokenPico === 0 ? -1 : Math.floor((reach * 1000 - fixedPico) / perTokenPico);
    case "tokens":
      return tokensPerCap === 0 ? -1 : Math.floor((reach - fixedTokens) / tokensPerCap);
    case "calls":
      return -1;
  }
}

/** The call at this output cap; of money, nano-USD rounded up. */
export function costAt(bounds: Bounds, cap: number): Amounts {
  return {
    usd: Math.ceil((bounds.fixedPico + cap * bounds.perTokenPico) / 1000),
    tokens: bounds.fixedTokens + cap * bounds.tokensPerCap,
    calls: bounds.reserve.calls,
  };
}

/** The least that an answer of any use can cost. */
function floorCost(bounds: Bounds): Amounts {
  if (bounds.outputCap === null) return bounds.reserve;
  return costAt(bounds, Math.min(bounds.outputFloor, bounds.outputCap));
}

/**
 * The account that decides: one that can never cover the call first, else one that others hold. Of
 * those, a limit on the task: with more money it would be no better off.
 */
function refuse(purses: readonly Purse[], need: Amounts): Denial {
  const never = purses.filter(({ seen, unit }) => {
    return seen !== null && BigInt(need[unit]) > hopeOf(seen);
  });
  for (const purse of never) {
    const beyond = refuseBeyond(purse);
    if (beyond !== null) return beyond;
  }
  const [spent] = never;
  if (spent !== undefined) return deny("budget.exhausted", numbers(spent, need));
  const held = purses.find((purse) => isShort(purse, need)) ?? purses[0];
  return deny("budget.contended", held ? numbers(held, need) : {}, RETRY_AFTER_MS);
}

function numbers({ budget: name, scope, seen, unit }: Purse, need: Amounts): DenialFacts {
  return {
    budget: name,
    ...(scope === "" ? {} : { scope }),
    ...(seen === null ? {} : inUnit(unit, knownOf(seen))),
    ...inUnit(unit, { needed: need[unit] }),
  };
}

function knownOf(seen: Seen) {
  return { limit: seen.limit, spent: seen.spent, remaining: hopeOf(seen) };
}
