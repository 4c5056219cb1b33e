/**
 * A tool call that a person has to approve waits for that, after everything that refuses it for
 * good and before it takes anything. An approval is of exactly this call, once, for a while.
 */
import type { Park } from "../clutch/park.ts";
import { NO_NUMBERS } from "../facts.ts";
import { type Denial, deny } from "../verdict.ts";
import type { ToolAllow, ToolFacts } from "./facts.ts";
import type { GrantedTool } from "./tool.ts";

const EXPIRED = "The approval of this call has expired.";

export function approval({ approved, ask, resolved }: ToolFacts): ToolAllow | Denial | Park {
  // The grant has been asked before and refused these.
  if (typeof resolved === "string") return deny("gateway.unsure", { because: "no granted tool" });
  if (!needsApproval(resolved, ask.arguments)) return { kind: "allow", numbers: NO_NUMBERS };
  switch (approved.kind) {
    case "none":
      return { kind: "park", cause: "approval" };
    case "given":
      return { kind: "allow", numbers: { approved_by: approved.review } };
    case "expired":
      return { ...deny("review.denied", { review: approved.review }), says: EXPIRED };
  }
}

/** Always, or for the arguments that fit a schema. */
export function needsApproval({ approval: needed }: GrantedTool, given: unknown): boolean {
  if (needed === "never" || needed === "always") return needed === "always";
  return needed(given) === null;
}
