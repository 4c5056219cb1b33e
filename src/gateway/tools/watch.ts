/** What the breakers are shown of tool calls, and what follows from their alarms. */
import type { Alarm } from "../../guards/breaker/rules.ts";
import type { ToolEnd } from "../../ports/tool-server.ts";
import type { ToolCall } from "../call.ts";
import { emit, type Gateway } from "../gateway.ts";

const REVIEW_ID_BYTES = 8;

/** A call that was refused counts too: an agent that pushes at a fence is still running away. */
export function watchRefused(call: ToolCall, gateway: Gateway): void {
  const { breakers } = call.incoming.rules.configuration;
  follow(call, gateway.breakers.refused(call, breakers, gateway.clock.monotonic()), gateway);
}

export function watchEnd(call: ToolCall, end: ToolEnd, gateway: Gateway): void {
  // What was never written says nothing about the agent or its tool.
  if (end.kind === "fault" && !end.fault.written) return;
  const { breakers } = call.incoming.rules.configuration;
  follow(call, gateway.breakers.ended(call, end, breakers, gateway.clock.monotonic()), gateway);
}

function follow({ incoming }: ToolCall, alarm: Alarm | null, gateway: Gateway): void {
  if (alarm === null) return;
  const { action, agent, numbers, rule, says, server, task, tool } = alarm;
  const event = { agent, task, rule, action, server, tool, says, numbers };
  emit(gateway, incoming.tenure, { kind: "breaker.alarmed", ...event });
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
