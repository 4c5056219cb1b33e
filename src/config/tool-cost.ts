/** What a grant says that its calls cost. */
import type { ToolCost } from "../guards/tool/tool.ts";
import { type Entry, refuse } from "./grant-entry.ts";

/** A price for a call, or for each unit of something that is found in the call. */
export function costOf(entry: Entry): ToolCost | null {
  const { cost } = entry.tool;
  if (cost === undefined) return null;
  if (cost.quantity === undefined) {
    for (const key of ["per", "max"] as const) {
      if (cost[key] === undefined) continue;
      const hint = "Add quantity: { pointer: /result/… }, which says where it is found.";
      refuse(entry, ["cost", key], "a quantity beside it", hint);
    }
    return { nanoUsd: cost.usd, quantity: null };
  }
  if (cost.per === undefined) {
    refuse(entry, ["cost", "per"], "the name of a unit", "Add per: minute, or what else it is.");
  }
  if (cost.max === undefined) {
    const hint = "Add max: the most units that one call can have, which is what is reserved.";
    refuse(entry, ["cost", "max"], "the most units of one call", hint);
  } else if (!Number.isSafeInteger(Math.ceil(cost.usd * cost.max))) {
    refuse(entry, ["cost", "max"], "at most 9007199 USD for one call", "Lower usd or max.");
  }
  const { pointer, divide_by: divideBy = 1 } = cost.quantity;
  return { nanoUsd: cost.usd, quantity: { pointer, divideBy, max: cost.max ?? 0 } };
}
