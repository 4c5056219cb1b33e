/**
 * Sends an admitted call to its provider and relays the answer; it ends in exactly one outcome, and
 * perhaps in one more question.
 */
import { limitsFor, THINKING_MIN } from "../guards/cap/cap.ts";
import type { UpstreamRequest } from "../ports/provider.ts";
import type { Edits } from "../wire/format.ts";
import type { Again } from "./answered/screen.ts";
import type { Admitted, ModelCall, Seen } from "./call.ts";
import type { Gateway } from "./gateway.ts";
import { toldText } from "./messages.ts";
import { Relay } from "./relay.ts";
import { budgetLine } from "./remaining.ts";
import { traceToProvider } from "./tracing.ts";

export function forward(
  admitted: Admitted,
  gateway: Gateway,
  ended: (seen: Seen) => void,
): Promise<Again | null> {
  const { call, route } = admitted;
  return new Promise((resolve) => {
    const relay = new Relay(admitted, gateway, (seen, again) => {
      ended(seen);
      resolve(again);
    });
    if (call.incoming.response.destroyed) return relay.neverSent();
    relay.follow(route.provider.send(upstream(admitted, gateway), relay));
  });
}

function upstream(admitted: Admitted, gateway: Gateway): UpstreamRequest {
  const { call, route } = admitted;
  const { body, incoming, read, wire } = call;
  const text = wire.rewrite(read, editsOf(admitted), route.provider.rules);
  const headers: Record<string, string> = {};
  for (const name of wire.forwardHeaders) {
    const value = incoming.headers[name];
    if (value !== undefined) headers[name] = value;
  }
  Object.assign(headers, traceToProvider(call, gateway));
  return {
    format: wire.format,
    path: wire.path,
    headers,
    body: text === body.text ? body.bytes : Buffer.from(text),
    timeoutMs: limitsFor(incoming.manifest, read.ask.model).timeoutMs,
  };
}

/** One block: what is left of its budget, where its manifest says so, and what a person said. */
function systemLineOf({ incoming, told }: ModelCall, accounts: Admitted["accounts"]): string {
  const tells = incoming.manifest.tellAgent && accounts.length > 0;
  return [tells ? budgetLine(accounts) : null, toldText(told)]
    .filter((line) => line !== null)
    .join("\n");
}

function editsOf({ accounts, bounds, call, route, sentCap }: Admitted): Edits {
  const { ask } = call.read;
  const { rules } = route.provider;
  const { outputCap } = bounds;
  const tooMuchThought =
    ask.thinkingBudget !== null && outputCap !== null && ask.thinkingBudget >= outputCap;
  const edits: { -readonly [Name in keyof Edits]: Edits[Name] } = {};
  if (route.model !== ask.model) edits.model = route.model;
  if (sentCap !== null) edits.outputCap = sentCap;
  if (tooMuchThought) edits.thinkingBudget = Math.max(THINKING_MIN, outputCap - 1);
  if (ask.stream && rules.streamOptions) edits.includeUsage = true;
  if (bounds.removedTools.size > 0) edits.removeTools = bounds.removedTools;
  const line = systemLineOf(call, accounts);
  if (line !== "") edits.systemLine = line;
  return edits;
}
