/** No more of them at once than the manifest says: it caps the rate at which cost can grow. */
import { formatUsd } from "../money.ts";
import type { ToolAllow, ToolFacts } from "../tool/facts.ts";
import type { GrantedTool } from "../tool/tool.ts";
import { type Denial, type DenialFacts, deny } from "../verdict.ts";
import type { CommitmentTerms } from "./terms.ts";

const MS_PER_SECOND = 1_000;

export function place({ commitments, resolved }: ToolFacts): ToolAllow | Denial {
  if (typeof resolved === "string" || resolved.commitment === null || commitments === null) {
    return deny("gateway.unsure", { because: "nothing to commit to" });
  }
  const { commitment: terms } = resolved;
  if (commitments.active >= terms.activeMax) return full(resolved, terms, commitments.active);
  return { kind: "allow", numbers: { active: commitments.active, ...termsFacts(terms) } };
}

/** As many as there may be are there, or may be. */
export function full({ tool }: GrantedTool, terms: CommitmentTerms, active: number): Denial {
  return deny("commitment.full", { tool, active, ...termsFacts(terms) });
}

/** The numbers that a commitment is decided on. */
export function termsFacts(terms: CommitmentTerms): DenialFacts {
  const { activeMax, horizonMs, nanoUsdPerHour } = terms;
  return {
    max_active: activeMax,
    usd_per_hour: formatUsd(nanoUsdPerHour),
    horizon_seconds: horizonMs / MS_PER_SECOND,
  };
}
