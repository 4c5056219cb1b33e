/**
 * A call that a person has to approve, by its tool's grant or by a policy, waits for that: after
 * everything that refuses it for good and before it takes anything. An approval is of exactly this
 * call, once, for a while.
 */
import type { Park } from "../clutch/park.ts";
import { type Approval, type Facts, NO_NUMBERS } from "../facts.ts";
import { parkedBy } from "../policy/guard.ts";
import type { PolicyVerdict } from "../policy/said.ts";
import { type Denial, deny } from "../verdict.ts";
import type { ToolAllow, ToolFacts } from "./facts.ts";
import type { GrantedTool } from "./tool.ts";

const EXPIRED = "The approval of this call has expired.";

export function approval(facts: ToolFacts): ToolAllow | Denial | Park {
  const { approved, ask, policy, resolved } = facts;
  // The grant has been asked before and refused these.
  if (typeof resolved === "string") return deny("gateway.unsure", { because: "no granted tool" });
  const parks = parkedBy(policy);
  const isNeeded = parks.length > 0 || needsApproval(resolved, ask.arguments);
  return isNeeded ? byApproval(approved, parks) : NOT_NEEDED;
}

/** A policy alone can ask for it. */
export function modelApproval({ approved, policy }: Facts): ToolAllow | Denial | Park {
  const parks = parkedBy(policy);
  return parks.length > 0 ? byApproval(approved, parks) : NOT_NEEDED;
}

const NOT_NEEDED: ToolAllow = { kind: "allow", numbers: NO_NUMBERS };

function byApproval(
  approved: Approval,
  parks: readonly PolicyVerdict[],
): ToolAllow | Denial | Park {
  switch (approved.kind) {
    case "none":
      return { kind: "park", cause: "approval", reasons: parks.flatMap(({ reasons }) => reasons) };
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
