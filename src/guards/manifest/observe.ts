/**
 * An agent whose manifest is still to be written is observed for a while: what it is not granted
 * is let through and written down, so that a manifest can be learned from what it does.
 *
 *   observed ──`observe_until`──► enforced
 *
 * Enforced all along: its blacklist, money, its tasks, the clutch, what a person has to approve,
 * and whatever cannot be bounded or sent at all.
 */
import type { Answer } from "../events.ts";
import type { Millis } from "../money.ts";
import { BUDGET_TOOL, foldName, fullName, isToolBlacklisted } from "../tool/names.ts";
import type { GrantedTool, ToolGrants } from "../tool/tool.ts";
import type { Denial, DenialCode } from "../verdict.ts";
import type { Manifest } from "./manifest.ts";

const SPARED: ReadonlySet<DenialCode> = new Set([
  "model.not-granted",
  "manifest.unknown-tool",
  "manifest.read-only",
  "manifest.arguments",
  "manifest.changed",
  "resource.underivable",
  "policy.denied",
  "rate-limit.exceeded",
  "tool.busy",
]);

const WOULD_DENY = "would-deny: ";

/** Whether this would have been a refusal, of an agent that is not observed. */
export function isSpared({ code, firm }: Denial, { observing }: Pick<Manifest, "observing">) {
  return observing && firm !== true && SPARED.has(code);
}

/** How it is written down. */
export function sparedAnswer(guard: string, denial: Denial): Answer {
  return { guard, answer: `${WOULD_DENY}${denial.code}`, numbers: recordedOf(denial) };
}

/** What decided, for the journal: more than its agent is told. */
export function recordedOf({ facts, kept }: Denial): Answer["numbers"] {
  return kept === undefined ? facts : { ...facts, ...kept };
}

export interface SparedDenial {
  readonly code: DenialCode;
  readonly facts: Answer["numbers"];
}

/** The refusals that a call was spared. */
export function sparedIn(answers: readonly Answer[]): readonly SparedDenial[] {
  return answers.flatMap(({ answer, numbers }) => {
    if (!answer.startsWith(WOULD_DENY)) return [];
    // `as`: `sparedAnswer` wrote it.
    return [{ code: answer.slice(WOULD_DENY.length) as DenialCode, facts: numbers }];
  });
}

/** Whether it is observed at this moment: afterwards everything is enforced, by itself. */
export function isObserved({ observe }: Manifest, now: Millis): boolean {
  return observe !== null && now < observe.until;
}

/** An answer may come long after its question: whatever is in it is held to what holds by then. */
export function observedUntil(manifest: Manifest, now: Millis): Manifest {
  return manifest.observing && !isObserved(manifest, now) ? enforced(manifest) : manifest;
}

/** The manifest as it is written, whatever was let through beside it. */
export function enforced(manifest: Manifest): Manifest {
  return { ...manifest, observing: false, tools: { ...manifest.tools, observed: [] } };
}

/** The manifest as it holds while its agent is observed; `offered`: what tool servers have. */
export function observed(manifest: Manifest, offered: readonly GrantedTool[]): Manifest {
  return {
    ...manifest,
    observing: true,
    tools: { ...manifest.tools, observed: withoutDoubles(manifest.tools, offered) },
  };
}

/**
 * Without what is granted anyway, what is blacklisted, and what could be taken for another tool: in
 * a manifest that would be an error.
 */
function withoutDoubles(
  { allowed, blacklisted }: ToolGrants,
  offered: readonly GrantedTool[],
): readonly GrantedTool[] {
  const taken = new Set([foldName(BUDGET_TOOL), ...allowed.map((tool) => lookOf(tool))]);
  return offered.filter((tool) => {
    if (foldName(tool.tool) === foldName(BUDGET_TOOL) || taken.has(lookOf(tool))) return false;
    taken.add(lookOf(tool));
    return !isToolBlacklisted(tool, blacklisted);
  });
}

function lookOf(tool: GrantedTool): string {
  return foldName(fullName(tool));
}
