/** What the breakers are shown of tool calls, and what follows from their alarms. */
import { hash } from "node:crypto";
import type { ToolEnd } from "../../ports/tool-server.ts";
import type { ToolCall } from "../call.ts";
import type { Gateway } from "../gateway.ts";
import { follow } from "../signals/follow.ts";
import type { Identified } from "./read.ts";

/** Names that mean no tool of the agent are counted as one: an agent may invent any number. */
const UNKNOWN = { server: "", tool: "unknown" };
/** Enough to tell results apart that one task gets, in the journal too. */
const DIGEST_CHARS = 32;

/** Every attempt counts, whatever becomes of it. */
export function watchAttempt({ incoming, resolved }: Identified, gateway: Gateway): void {
  const { holding, signals } = gateway;
  const { agent } = incoming.manifest;
  const isKnown = typeof resolved !== "string";
  const { server, tool } = isKnown ? resolved : UNKNOWN;
  signals.count({ agent, server, tool }, "calls", holding.storeNow());
  if (isKnown) signals.meet(agent, resolved);
}

/** A call that was refused counts too: an agent that pushes at a fence is still running away. */
export function watchRefused(call: Identified, gateway: Gateway): void {
  repeated(call, null, gateway);
}

/** `result`: its digest. What was never written says nothing about the agent or its tool. */
export function watchEnd(call: ToolCall, result: string, gateway: Gateway): void {
  // What an agent runs without asking has a result that nobody here has seen.
  if (call.asked.by === "answer") return;
  repeated(call, result, gateway);
}

/** `result`: equal ones are those with equal content; null: it was refused. */
function repeated(call: Identified, result: string | null, gateway: Gateway): void {
  const { ask, incoming, resolved } = call;
  const { agent } = incoming.manifest;
  const { digest, server, tool } = ask;
  const isKnown = typeof resolved !== "string";
  const isReading = isKnown && resolved.effect === "read";
  const about = {
    ...{ agent, task: incoming.taskName.id, server, tool, digest, result },
    repeatsMax: isKnown ? resolved.repeatsMax : null,
    news: result === null || isReading ? result : `${digest} ${result}`,
  };
  const { holding, rules, signals } = gateway;
  const alarm = signals.repeated(about, rules.breakersOf(agent), holding.storeNow());
  if (alarm !== null) follow(incoming.tenure, alarm, gateway);
}

/** Of what a tool answered: the kind of a fault stands in place of a result. */
export function resultDigest(end: ToolEnd): string {
  if (end.kind === "fault") return end.fault.kind;
  const { content, isError, structuredContent } = end.result;
  const all = hash("sha256", JSON.stringify([content, structuredContent ?? null, isError]));
  return all.slice(0, DIGEST_CHARS);
}
