/** Every refusal leaves by this door: rendered for the client, written down, counted. */
import type { ServerResponse } from "node:http";
import type { Answer, Origin } from "../guards/events.ts";
import type { Denial } from "../guards/verdict.ts";
import { renderErrorFrame, renderRefusal } from "../wire/refusal.ts";
import type { Incoming, Refusal } from "./call.ts";
import { emit, type Gateway } from "./gateway.ts";

/** Refuses a call whose sender is known. */
export function refuse(
  refusal: Refusal,
  answers: readonly Answer[],
  incoming: Incoming,
  gateway: Gateway,
): void {
  record(refusal, answers, gateway);
  sendRefusal(incoming.response, refusal.denial, refusal.origin);
}

/**
 * Writes a refusal down. All are counted; but of those whose sender is not known the journal takes
 * so many a second, or anybody who can connect could fill it, and with it the store.
 */
export function record(refusal: Refusal, answers: readonly Answer[], gateway: Gateway): void {
  const { asked, denial, origin } = refusal;
  const { code, facts } = denial;
  const event = { kind: "call.refused", asked, code, facts, answers, ...origin } as const;
  if (origin.key !== null || gateway.strangers.take(gateway.clock.monotonic())) {
    emit(gateway, gateway.holding.tenure, event);
  } else {
    gateway.metrics.observe(event);
  }
}

/** The last frame of a stream that has begun: the one that every client raises as an error. */
export function breakOff(response: ServerResponse, denial: Denial, origin: Origin): void {
  const ids = { decision: origin.decision, requestId: origin.decision };
  // A frame that broke off in the middle of a line must not swallow the first line of ours.
  response.end(`\n${renderErrorFrame(denial, ids, 0)}`);
}

/** Sends it, if the client is still there. */
export function sendRefusal(
  response: ServerResponse,
  denial: Denial,
  origin: Origin,
  more: Readonly<Record<string, string>> = {},
): void {
  if (response.destroyed || response.headersSent) return;
  const ids = { decision: origin.decision, requestId: origin.decision };
  const { body, headers, status } = renderRefusal(denial, ids);
  const task = origin.task === null ? {} : { "x-slipclutch-task": encodeURI(origin.task) };
  response.writeHead(status, {
    ...more,
    ...headers,
    ...task,
    "content-length": Buffer.byteLength(body),
  });
  response.end(body);
}
