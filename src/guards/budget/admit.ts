/**
 * The budget guard: all accounts or none. It narrows the output cap before it refuses, and it tells
 * a budget that is spent (402) from one that others hold for a moment (429).
 */
import type { Bounds, Guard, Short, States } from "../facts.ts";
import { formatUsd, type NanoUsd } from "../money.ts";
import { type Denial, deny } from "../verdict.ts";
import { hopeOf, type Purse, reserve, roomOf } from "./slice.ts";

const RETRY_AFTER_MS = 1000;

export const budget: Guard<unknown> = (_facts: unknown, bounds: Bounds, states: States) => {
  const { purses } = states;
  if (covers(purses, bounds.reserve)) return allow(bounds, states);
  if (purses.some((purse) => purse.slice.free < bounds.reserve && purse.seen === null)) {
    return [states, short(bounds.reserve)];
  }

  const narrowed = narrow(bounds, purses);
  if (narrowed === null) return [states, refuse(purses, floorCost(bounds))];
  if (covers(purses, narrowed.reserve)) return allow(narrowed, states);
  return [states, short(narrowed.reserve)];
};

function covers(purses: readonly Purse[], amount: NanoUsd): boolean {
  for (const purse of purses) if (purse.slice.free < amount) return false;
  return true;
}

function allow(bounds: Bounds, states: States): ReturnType<Guard<unknown>> {
  const purses = states.purses.map((purse) => ({
    ...purse,
    slice: reserve(purse.slice, bounds.reserve),
  }));
  return [
    { ...states, purses },
    { kind: "allow", bounds, numbers: { reserve_nano_usd: bounds.reserve } },
  ];
}

function short(need: NanoUsd): Short {
  return { kind: "short", need };
}

/** The largest cap that fits in what every account still has, or null if that is of no use. */
function narrow(bounds: Bounds, purses: readonly Purse[]): Bounds | null {
  let reach = Number.POSITIVE_INFINITY;
  for (const { slice, seen } of purses) {
    const room = seen === null ? 0n : roomOf(seen);
    reach = Math.min(reach, slice.free + (room > 0n ? Number(room) : 0));
  }
  if (reach >= bounds.reserve) return bounds;
  if (bounds.outputCap === null || bounds.perTokenPico === 0) return null;
  const cap = Math.floor((reach * 1000 - bounds.fixedPico) / bounds.perTokenPico);
  if (cap < bounds.outputFloor) return null;
  return { ...bounds, outputCap: cap, reserve: costAt(bounds, cap) };
}

/** Nano-USD of the call at this output cap, rounded up. */
export function costAt(bounds: Bounds, cap: number): NanoUsd {
  return Math.ceil((bounds.fixedPico + cap * bounds.perTokenPico) / 1000);
}

/** The least that an answer of any use can cost. */
function floorCost(bounds: Bounds): NanoUsd {
  if (bounds.outputCap === null) return bounds.reserve;
  return costAt(bounds, Math.min(bounds.outputFloor, bounds.outputCap));
}

/** The account that decides: one that can never cover the call first, else one that others hold. */
function refuse(purses: readonly Purse[], need: NanoUsd): Denial {
  for (const purse of purses) {
    const { seen } = purse;
    if (seen !== null && BigInt(need) > hopeOf(seen)) {
      return deny("budget.exhausted", numbers(purse, need));
    }
  }
  const held = purses.find((purse) => purse.slice.free < need) ?? purses[0];
  return deny("budget.contended", held ? numbers(held, need) : {}, RETRY_AFTER_MS);
}

function numbers({ budget: name, scope, seen }: Purse, need: NanoUsd) {
  return {
    budget: name,
    ...(scope === "" ? {} : { scope }),
    ...(seen === null
      ? {}
      : {
          limit_usd: formatUsd(seen.limit),
          spent_usd: formatUsd(seen.spent),
          remaining_usd: formatUsd(hopeOf(seen)),
        }),
    needed_usd: formatUsd(need),
  };
}
