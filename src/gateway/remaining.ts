/**
 * What is left of a call's budgets, told to the agent: in headers, and in its prompt if it asks.
 */
import { formatUsd } from "../guards/money.ts";
import { type Account, remainingOf } from "./account.ts";
import type { Admitted } from "./call.ts";

/** What `tell_agent` puts into the system prompt. */
export function budgetLine(accounts: Admitted["accounts"]): string {
  const least = smallestRemaining(accounts);
  if (least === null) return "";
  const { account, left } = least;
  const of = `of ${formatUsd(account.view.limit)} USD`;
  return `Budget: ${formatUsd(left)} USD ${of} left for this work (${account.purse.budget}).`;
}

/** The budget that has least left, and how much. */
function smallestRemaining(accounts: Admitted["accounts"]) {
  let least: { readonly account: Account; readonly left: bigint } | null = null;
  for (const account of accounts) {
    const left = remainingOf(account);
    if (least === null || left < least.left) least = { account, left };
  }
  return least;
}

/** What is left of the budget that has least; of refusals too, where the budgets are known. */
export function remainingHeader(accounts: Admitted["accounts"]): Record<string, string> {
  const least = smallestRemaining(accounts);
  if (least === null) return {};
  return { "x-slipclutch-budget-remaining-usd": formatUsd(least.left) };
}

/** The headers that every answer carries. */
export function ownHeaders(admitted: Admitted): Record<string, string> {
  const { accounts, call } = admitted;
  const { decision, taskName } = call.incoming;
  const narrowed = narrowedBy(admitted);
  return {
    "x-slipclutch-decision": decision,
    "x-slipclutch-task": encodeURI(taskName.id),
    ...remainingHeader(accounts),
    ...(narrowed === "" ? {} : { "x-slipclutch-narrowed": narrowed }),
  };
}

/** What the agent asked for and did not get: a smaller cap, tools that it does not have. */
function narrowedBy({ bounds, sentCap }: Admitted): string {
  const cap = sentCap === null ? [] : [`max_output_tokens=${sentCap}`];
  const { size } = bounds.removedTools;
  return [...cap, ...(size === 0 ? [] : [`tools_removed=${size}`])].join(", ");
}
