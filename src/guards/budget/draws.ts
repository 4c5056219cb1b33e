/** Which accounts a call draws on: every budget whose scope it is in, in the window in force. */
import type { Millis } from "../money.ts";
import type { Budget, Scope, Window } from "./budget.ts";

/** What a call is, for each scope a budget can have. */
export type Belongs = Readonly<Record<Scope, string | null>>;

/** The account of a budget for this call, or null if the call is not in its scope. */
export function scopeValue(budget: Budget, belongs: Belongs): string | null {
  for (const scope in budget.only) {
    // `as`: `only` has no keys but scopes: that is its type, which `in` forgets.
    if (belongs[scope as Scope] !== budget.only[scope as Scope]) return null;
  }
  return budget.each === null ? "" : belongs[budget.each];
}

/** Start and end (exclusive) of the window at `now`, on the UTC calendar; null end: it has none. */
export function windowAt(
  window: Window,
  now: Millis,
): { readonly starts: Millis; readonly ends: Millis | null } {
  if (window === "task" || window === "lifetime") return { starts: 0, ends: null };
  const day = 86_400_000;
  if (window === "day") {
    const starts = Math.floor(now / day) * day;
    return { starts, ends: starts + day };
  }
  const date = new Date(now);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  return { starts: Date.UTC(year, month, 1), ends: Date.UTC(year, month + 1, 1) };
}
