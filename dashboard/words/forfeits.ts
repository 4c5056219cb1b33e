/** What gateways that died had held, as people are told of it. */
import type { ForfeitsView } from "../../src/control/schemas/money.ts";
import { amountIn } from "./budgets.ts";
import { amount, larger } from "./money.ts";

export type Forfeit = ForfeitsView["forfeits"][number];

/** What one gateway had held, of one unit: a call was charged to every account that it drew on. */
export interface Held {
  readonly forfeits: readonly Forfeit[];
  /** That with most charged, which has every other part of it in it where there is one for all. */
  readonly most: Forfeit;
}

/** By gateway and unit, in the order in which they were lost. */
export function heldBy(forfeits: readonly Forfeit[]): readonly Held[] {
  const groups = Map.groupBy(forfeits, ({ holder, unit }) => `${holder} ${unit}`);
  return [...groups.values()].flatMap((group) => {
    const [first, ...others] = group;
    if (first === undefined) return [];
    const most = others.reduce((one, other) => (isMore(other, one) ? other : one), first);
    return { forfeits: group, most };
  });
}

export function isMore(one: Forfeit, other: Forfeit): boolean {
  return larger(chargedOf(other), chargedOf(one)) !== chargedOf(other);
}

/** Exact, in its unit. */
export function chargedOf({ unit, ...forfeit }: Forfeit): string {
  return amountIn(unit, forfeit, "forfeited");
}

export const textOf = (forfeit: Forfeit): string => amount(forfeit.unit, chargedOf(forfeit));
