/** Where the path of a call meets its trace: what came in, and what goes on with it. */
import { NO_TRACE, parentOf, type Trace, traceOf, traceparentOf } from "../wire/trace-context.ts";
import type { Caller, Incoming, ModelCall, ToolCall } from "./call.ts";
import type { Gateway } from "./gateway.ts";

/** Begins the span of a request whose sender is known; without traces nothing is done. */
export function beginSpan({ decision, headers, key, response }: Incoming, gateway: Gateway): void {
  const { inFlight, traces } = gateway;
  if (traces === null || response.destroyed) return;
  const parent = parentOf(traceOf(headers));
  const { holder } = key;
  const task = holder.kind === "task" ? holder : null;
  traces.begin(decision, parent === null ? null : { ...parent, remote: true }, task);
  response.on("close", () => traces.over(decision, inFlight.has(decision)));
}

/** The span of a call that runs when nobody waits for it, under the one that it was parked in. */
export function beginLate(
  { decision }: Caller,
  trace: Trace | undefined,
  { traces }: Gateway,
): void {
  const parent = parentOf(trace ?? NO_TRACE);
  traces?.resume(decision, parent === null ? null : { ...parent, remote: true });
}

/** `_meta` of a message names its trace better than the request that it came in. */
export function traceIn(
  meta: Parameters<typeof traceOf>[0],
  { decision, headers }: Incoming,
  { traces }: Gateway,
): Trace {
  const trace = traceOf(meta);
  const parent = parentOf(trace);
  if (parent === null) return { ...traceOf(headers), ...trace };
  traces?.adopt(decision, { ...parent, remote: true });
  return trace;
}

/** What a tool server is told: the caller's trace, with our span in between where there is one. */
export function traceFor(
  { ask, incoming, trace }: Pick<ToolCall, "ask" | "incoming" | "trace">,
  { traces }: Gateway,
): Trace {
  if (traces === null) return trace;
  const traceparent = traceparentOf(traces.contextOf(incoming));
  const { callId } = ask;
  if (callId !== null) traces.describe(incoming.decision, { "gen_ai.tool.call.id": callId });
  return { ...trace, traceparent };
}

/**
 * What a provider is told, which is a third party: ids that we made, and only while traces are on.
 */
export function traceToProvider({ incoming }: ModelCall, { traces }: Gateway): Trace {
  if (traces === null) return NO_TRACE;
  return { traceparent: traceparentOf(traces.contextOf(incoming)) };
}
