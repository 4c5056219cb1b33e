/** What the breakers are shown of tool calls, and what follows from their alarms. */
import type { Alarm } from "../../guards/breaker/rules.ts";
import type { ToolId } from "../../guards/tool/tool.ts";
import type { ToolEnd } from "../../ports/tool-server.ts";
import type { ToolCall } from "../call.ts";
import { emit, type Gateway } from "../gateway.ts";
import type { Tenure } from "../tenure.ts";
import type { Identified } from "./read.ts";

const REVIEW_ID_BYTES = 8;

/** Names that mean no tool of the agent are counted as one: an agent may invent any number. */
const UNKNOWN = { server: "", tool: "unknown" };

/** Every attempt counts, whatever becomes of it. */
export function watchAttempt(call: Identified, gateway: Gateway): void {
  const { incoming, resolved } = call;
  const tool = typeof resolved === "string" ? UNKNOWN : resolved;
  gateway.surges.count(incoming.manifest.agent, tool, gateway.holding.storeNow());
}

/** Once a second: the counts of all gateways together. */
export async function watchSurges(gateway: Gateway): Promise<void> {
  const { holding, rules, surges } = gateway;
  const { breakers } = rules.configuration;
  const rateLimit = (agent: string, { server, tool }: ToolId) => {
    const allowed = rules.manifest(agent)?.tools.allowed ?? [];
    return allowed.find((one) => one.server === server && one.tool === tool)?.rateLimit ?? null;
  };
  const alarms = await surges.tick(holding.tenure, { breakers, rateLimit }, holding.storeNow());
  for (const alarm of alarms) follow(holding.tenure, alarm, gateway);
}

/** A call that was refused counts too: an agent that pushes at a fence is still running away. */
export function watchRefused(call: Identified, gateway: Gateway): void {
  const { breakers } = call.incoming.rules.configuration;
  const alarm = gateway.breakers.refused(call, breakers, gateway.clock.monotonic());
  if (alarm !== null) follow(call.incoming.tenure, alarm, gateway);
}

export function watchEnd(call: ToolCall, end: ToolEnd, gateway: Gateway): void {
  // What was never written says nothing about the agent or its tool.
  if (end.kind === "fault" && !end.fault.written) return;
  // What an agent runs without asking has a result that nobody here has seen.
  if (call.asked.by === "answer") return;
  const { breakers } = call.incoming.rules.configuration;
  const alarm = gateway.breakers.ended(call, end, breakers, gateway.clock.monotonic());
  if (alarm !== null) follow(call.incoming.tenure, alarm, gateway);
}

function follow(tenure: Tenure, alarm: Alarm, gateway: Gateway): void {
  const { action, agent, numbers, rule, says, server, task, tool } = alarm;
  const event = { agent, task, rule, action, server, tool, says, numbers };
  emit(gateway, tenure, { kind: "breaker.alarmed", ...event });
  if (action === "alert") return;
  const review = {
    id: `r-${gateway.chance.hex(REVIEW_ID_BYTES)}`,
    kind: "trip" as const,
    agent,
    subject: "",
    reason: says,
    evidence: JSON.stringify({ rule, server, tool, task, numbers }),
    at: gateway.holding.storeNow(),
  };
  void gateway.clutches.trip(review, `breaker ${rule}`);
}
