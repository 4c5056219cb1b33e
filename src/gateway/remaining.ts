/**
 * What is left of a call's budgets, told to the agent: in headers, and in its prompt if it asks.
 */
import { formatAmount, UNIT_NAMES, UNITS, type Unit } from "../guards/budget/unit.ts";
import { type Account, remainingOf } from "./account.ts";
import type { Admitted } from "./call.ts";

const HEADERS: Readonly<Record<Unit, string>> = {
  usd: "x-slipclutch-budget-remaining-usd",
  tokens: "x-slipclutch-budget-remaining-tokens",
  calls: "x-slipclutch-budget-remaining-calls",
};

/** What `tell_agent` puts into the system prompt: a sentence for each unit. */
export function budgetLine(accounts: Admitted["accounts"]): string {
  const sentences = UNITS.flatMap((unit) => {
    const least = smallestRemaining(accounts, unit);
    if (least === null) return [];
    const { account, left } = least;
    const of = `of ${formatAmount(unit, account.view.limit)} ${UNIT_NAMES[unit]}`;
    const still = `${formatAmount(unit, left)} ${UNIT_NAMES[unit]} ${of} left for this work`;
    return [`Budget: ${still} (${account.purse.budget}).`];
  });
  return sentences.join(" ");
}

/** The budget of this unit that has least left, and how much. */
function smallestRemaining(accounts: Admitted["accounts"], unit: Unit) {
  let least: { readonly account: Account; readonly left: bigint } | null = null;
  for (const account of accounts) {
    if (account.purse.unit !== unit) continue;
    const left = remainingOf(account);
    if (least === null || left < least.left) least = { account, left };
  }
  return least;
}

/**
 * What is left of the budget that has least, for each unit; of refusals too, where the budgets are
 * known.
 */
export function remainingHeader(accounts: Admitted["accounts"]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const unit of UNITS) {
    const least = smallestRemaining(accounts, unit);
    if (least !== null) headers[HEADERS[unit]] = formatAmount(unit, least.left);
  }
  return headers;
}

/** The headers that every answer carries. */
export function ownHeaders(admitted: Admitted): Record<string, string> {
  const { accounts, call } = admitted;
  const { decision, taskName } = call.incoming;
  const headers = remainingHeader(accounts);
  headers["x-slipclutch-decision"] = decision;
  headers["x-slipclutch-task"] = encodeURI(taskName.id);
  const narrowed = narrowedBy(admitted);
  if (narrowed !== "") headers["x-slipclutch-narrowed"] = narrowed;
  return headers;
}

/** What the agent asked for and did not get: a smaller cap, tools that it does not have. */
function narrowedBy({ bounds, sentCap }: Admitted): string {
  if (sentCap === null && bounds.removedTools.size === 0) return "";
  const cap = sentCap === null ? [] : [`max_output_tokens=${sentCap}`];
  const { size } = bounds.removedTools;
  return [...cap, ...(size === 0 ? [] : [`tools_removed=${size}`])].join(", ");
}
