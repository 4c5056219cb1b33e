/** Sends an admitted call to its provider and relays the answer. Whatever happens, it ends in one outcome. */

import { limitsFor, THINKING_MIN } from "../guards/cap/cap.ts";
import { formatUsd } from "../guards/money.ts";
import type { UpstreamRequest } from "../ports/provider.ts";
import type { Edits } from "../wire/format.ts";
import { remainingOf } from "./account.ts";
import type { Gateway } from "./gateway.ts";
import { Relay } from "./relay.ts";
import type { Admitted, Seen } from "./settle.ts";

export function forward(
  admitted: Admitted,
  gateway: Gateway,
  ended: (seen: Seen) => void,
): Promise<void> {
  const { call, route } = admitted;
  return new Promise((resolve) => {
    const relay = new Relay(admitted, gateway, (seen) => {
      ended(seen);
      resolve();
    });
    if (call.incoming.response.destroyed) return relay.neverSent();
    relay.follow(route.provider.send(upstream(admitted), relay));
  });
}

function upstream(admitted: Admitted): UpstreamRequest {
  const { call, route } = admitted;
  const { body, incoming, read, wire } = call;
  const text = wire.rewrite(read, editsOf(admitted), route.provider.rules);
  const headers: Record<string, string> = {};
  for (const name of wire.forwardHeaders) {
    const value = incoming.headers[name];
    if (value !== undefined) headers[name] = value;
  }
  return {
    format: wire.format,
    path: wire.path,
    headers,
    body: text === body.text ? body.bytes : Buffer.from(text),
    timeoutMs: limitsFor(incoming.manifest, read.ask.model).timeoutMs,
  };
}

function editsOf({ accounts, bounds, call, route, sentCap }: Admitted): Edits {
  const { incoming, read } = call;
  const { ask } = read;
  const { rules } = route.provider;
  const { outputCap } = bounds;
  const tooMuchThought =
    ask.thinkingBudget !== null && outputCap !== null && ask.thinkingBudget >= outputCap;
  const tells = incoming.manifest.tellAgent && accounts.length > 0;
  return {
    ...(route.model === ask.model ? {} : { model: route.model }),
    ...(sentCap === null ? {} : { outputCap: sentCap }),
    ...(tooMuchThought ? { thinkingBudget: Math.max(THINKING_MIN, outputCap - 1) } : {}),
    ...(ask.stream && rules.streamOptions ? { includeUsage: true } : {}),
    ...(tells ? { systemLine: budgetLine(accounts) } : {}),
  };
}

/** What `tell_agent` puts into the system prompt. */
function budgetLine(accounts: Admitted["accounts"]): string {
  const least = smallestRemaining(accounts);
  if (least === null) return "";
  const { limit } = least.view;
  const left = formatUsd(remainingOf(least));
  return `Budget: ${left} USD of ${formatUsd(limit)} USD left for this work (${least.purse.budget}).`;
}

function smallestRemaining(accounts: Admitted["accounts"]) {
  let least = accounts[0] ?? null;
  for (const account of accounts) {
    if (least === null || remainingOf(account) < remainingOf(least)) least = account;
  }
  return least;
}

/** The headers that every answer carries. */
export function ownHeaders({ accounts, call, sentCap }: Admitted): Record<string, string> {
  const { decision, taskName } = call.incoming;
  const least = smallestRemaining(accounts);
  return {
    "x-slipclutch-decision": decision,
    "x-slipclutch-task": encodeURI(taskName.id),
    ...(least === null
      ? {}
      : { "x-slipclutch-budget-remaining-usd": formatUsd(remainingOf(least)) }),
    ...(sentCap === null ? {} : { "x-slipclutch-narrowed": `max_output_tokens=${sentCap}` }),
  };
}
