/** What a budget counts, and amounts of it: integers of one unit, which are never mixed. */
import { formatUsd } from "../money.ts";

export const UNITS = ["usd", "tokens", "calls"] as const;
export type Unit = (typeof UNITS)[number];

/** A safe integer of some unit: nano-USD, tokens or calls. */
export type Amount = number;

/** What one call takes of a budget of each unit. */
export type Amounts = Readonly<Record<Unit, Amount>>;

export const NOTHING: Amounts = { usd: 0, tokens: 0, calls: 0 };

/** For people and files: money as a decimal of USD, tokens and calls as they are counted. */
export function formatAmount(unit: Unit, amount: bigint | number): string {
  return unit === "usd" ? formatUsd(amount) : amount.toString();
}

/** What a unit is called in a sentence. */
export const UNIT_NAMES: Readonly<Record<Unit, string>> = {
  usd: "USD",
  tokens: "tokens",
  calls: "calls",
};

/**
 * Amounts by fields that end in their unit, so that nobody takes tokens for money: `limit_usd` of a
 * budget of money, `limit_tokens` of one of tokens.
 */
export type InUnit<Name extends string> = {
  readonly [In in Unit]: { readonly [One in Name as `${One}_${In}`]: string };
}[Unit];

export function inUnit<Name extends string>(
  unit: Unit,
  amounts: Readonly<Record<Name, bigint | number>>,
): InUnit<Name> {
  const fields = Object.entries<bigint | number>(amounts).map(([name, amount]) => {
    return [`${name}_${unit}`, formatAmount(unit, amount)] as const;
  });
  // The names end in the unit, which the type of fromEntries cannot say.
  return Object.fromEntries(fields) as InUnit<Name>;
}

/** One of the amounts that `inUnit` named. */
export function amountOf<Name extends string>(
  view: InUnit<Name> & { readonly unit: Unit },
  name: Name,
): string {
  const fields: Readonly<Record<string, unknown>> = { ...view };
  return String(fields[`${name}_${view.unit}`]);
}
