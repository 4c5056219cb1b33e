/** Decisions that take two people: what one proposes is done once another says the same. */
import { hash } from "node:crypto";
import type { DecisionAsked, ProposalState } from "../control/operations.ts";
import type { Gateway } from "../gateway/gateway.ts";
import { canonicalJson } from "../guards/tool/canonical.ts";
import { foldName } from "../guards/tool/fold.ts";
import type { Decided, Proposal, Review } from "../ports/store.ts";

/** What somebody says, for the store to hold against what another has said. */
export interface Second {
  readonly proposal: Omit<Proposal, "id" | "version">;
  /** Another has said the same of this very version: it is done. */
  readonly isAgreed: boolean;
}

/** Everything that two must say alike; each has a reason of their own. */
type Said = Omit<DecisionAsked, "review" | "version" | "reason">;

/** Null: it takes one. `own`: whoever says it has said it before, or somebody of a like name. */
export function secondFor(
  review: Review,
  asked: DecisionAsked,
  by: string,
  { rules, seal }: Gateway,
): Second | "own" | null {
  if (!rules.configuration.twoPeople.has(asked.decision)) return null;
  const { arguments: given, call, decision, limit, message, task } = asked;
  const said: Said = { decision, task, call, limit, arguments: given, message };
  const text = canonicalJson(said) ?? "";
  const digest = hash("sha256", text);
  const standing = standingOf(review);
  const isSame = standing?.proposal?.digest === digest;
  if (isSame && foldName(standing.by) === foldName(by)) return "own";
  const sealed = Buffer.from(seal.close(nameFor(review), text)).toString("base64");
  return { proposal: { digest, sealed }, isAgreed: isSame };
}

/** What is proposed of a review, and was followed by nothing else. */
export function proposalOf(review: Review, { seal }: Gateway): ProposalState | null {
  const standing = standingOf(review);
  if (standing === null || standing.proposal === null) return null;
  const { at, by, proposal, reason } = standing;
  const text = seal.open(nameFor(review), Buffer.from(proposal.sealed, "base64"));
  // `as`: the seal says that we wrote it, see above.
  return { ...(JSON.parse(text) as Said), by, at, reason };
}

function standingOf({ decisions, state, version }: Review): Decided | null {
  const last = decisions.findLast(({ decision }) => decision !== "note");
  return state === "open" && last?.proposal?.version === version ? last : null;
}

/** What is sealed for one place cannot be opened as another: calls and reviews have other names. */
function nameFor({ id }: Review): string {
  return `proposal ${id}`;
}
