/**
 * So many calls of one tool are out at once, over all gateways together: each has a permit from its
 * admission to its end. Such a permit is never used up. Only where a gateway died has it a last
 * use, the death: what had been sent then may run on for as long as a call of the tool may take.
 */
import type { Guard } from "../facts.ts";
import { NO_NUMBERS } from "../facts.ts";
import { admit, NO_PERMITS, type ToolRate } from "../rate-limit/permits.ts";
import type { ToolFacts } from "../tool/facts.ts";
import type { GrantedTool } from "../tool/tool.ts";
import { deny } from "../verdict.ts";

/** Nobody knows when a call ends: soon, as most do. */
const RETRY_MS = 1_000;

export const concurrency: Guard<ToolFacts> = ({ slots }, bounds, states) => {
  if (slots === null) return [states, { kind: "allow", bounds, numbers: NO_NUMBERS }];
  const { asked, limit, now } = slots;
  const [after, answer] = admit(states.slots ?? NO_PERMITS, limit, asked, now);
  const numbers = { max_concurrent: limit.requests };
  if (answer.kind === "short") return [states, { kind: "short-of-permits" }];
  if (answer.kind === "deny") {
    return [states, deny("tool.busy", { tool: limit.tool, ...numbers }, RETRY_MS)];
  }
  return [
    { ...states, slots: after },
    { kind: "allow", bounds: { ...bounds, slot: answer }, numbers },
  ];
};

/** As many permits as calls; null: the tool has no such limit. */
export function slotLimit({ concurrentMax, timeoutMs, tool }: GrantedTool): ToolRate | null {
  return concurrentMax === null ? null : { requests: concurrentMax, perMs: timeoutMs, tool };
}
