/** Asks the guards of a manifest of the calls of a case, one after the other. */
import { ENGAGED } from "../clutch/clutch.ts";
import { admitTool } from "../decide.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { isSpared } from "../manifest/observe.ts";
import type { Millis } from "../money.ts";
import { parkedBy, toolPolicy } from "../policy/guard.ts";
import type { PolicySaid } from "../policy/said.ts";
import { NO_PERMITS, type Permits, received, use } from "../rate-limit/permits.ts";
import type { ToolFacts, Unpoliced } from "../tool/facts.ts";
import { resolveTool } from "../tool/names.ts";
import type { GrantedTool, Resolved, ToolId } from "../tool/tool.ts";
import type { Denial, DenialCode } from "../verdict.ts";
import type { CaseCall, CaseModel, CaseTool } from "./call.ts";
import type { CasePolicies } from "./policies.ts";

/** What guards make of a call that does not go out. */
export type Stopped =
  | { readonly kind: "denied"; readonly code: DenialCode; readonly because?: string }
  | { readonly kind: "approval"; readonly because?: string };

export interface Asked {
  readonly manifest: Manifest;
  /** How many there are. */
  readonly calls: number;
  readonly policies: CasePolicies["said"];
}

/** Answers of calls in the order of time; null: it goes out. */
export function askerOf(asked: Asked): (call: CaseCall) => Stopped | null {
  const pools = new Map<string, Permits>();
  return (call) => {
    const { what } = call;
    return what.kind === "tool"
      ? askTool(call, what, { ...asked, pools })
      : askModel(call, what, asked);
  };
}

/** Whether its model is granted at all; no policy was asked of one that is not. */
export function isModelOf({ model }: CaseModel, { models, observing }: Manifest): boolean {
  return models === null || models.has(model) || observing;
}

function askModel(call: CaseCall, what: CaseModel, asked: Asked): Stopped | null {
  const { manifest, policies } = asked;
  if (!isModelOf(what, manifest)) return { kind: "denied", code: "model.not-granted" };
  const said = policies.get(call) ?? [];
  const answer = toolPolicy({ policy: said });
  if (answer.kind === "deny" && !isSpared(answer, manifest)) return deniedBy(answer);
  const parks = parkedBy(said);
  return parks.length === 0 ? null : waiting(parks.flatMap(({ reasons }) => reasons));
}

function deniedBy({ code, kept }: Denial): Stopped {
  return { kind: "denied", code, ...(kept !== undefined && { because: String(kept.why) }) };
}

function waiting(reasons: readonly string[]): Stopped {
  return { kind: "approval", ...(reasons.length > 0 && { because: reasons.join("; ") }) };
}

interface Standing extends Asked {
  /** Of the tools with a rate limit. */
  readonly pools: Map<string, Permits>;
}

function askTool(call: CaseCall, what: CaseTool, standing: Standing): Stopped | null {
  const { calls, manifest, policies, pools } = standing;
  const resolved = resolvedFor(what, manifest);
  const limit = typeof resolved === "string" ? null : resolved.rateLimit;
  const key = JSON.stringify([what.server, what.tool]);
  // More permits than there are calls are never all used.
  const permits = pools.get(key) ?? unused(Math.min(limit?.requests ?? 0, calls), call.at);
  const facts = factsOf(call, lookFor(what, resolved, manifest), policies.get(call) ?? []);
  const rate = limit && { limit: { ...limit, tool: what.tool }, asked: true, now: call.at };
  const { states, verdict } = admitTool({ ...facts, rate }, { purses: [], permits });
  switch (verdict.kind) {
    case "deny":
      return deniedBy(verdict);
    case "park":
      return waiting(verdict.cause === "approval" ? verdict.reasons : []);
    case "short":
    case "short-of-permits":
      throw new Error("a case has neither accounts nor other gateways");
    case "allow": {
      // What was refused or waited then has used nothing up.
      const taken = call.verdict === "allowed" ? verdict.bounds.permit : undefined;
      if (taken === undefined) return null;
      const used = use(states.permits ?? NO_PERMITS, taken, call.at);
      if (used !== null) pools.set(key, used);
      return null;
    }
  }
}

function unused(requests: number, now: Millis): Permits {
  const all = Array.from({ length: requests }, (_, no) => ({ no, number: 1, ageMs: null }));
  return received(NO_PERMITS, all, now);
}

/** What hangs on more than the call and its manifest is not asked. */
function resolvedFor(what: CaseTool, { tools }: Manifest): Resolved {
  const found = resolveTool(what.tool, tools, what.server === "" ? null : what.server);
  if (typeof found === "string") return found;
  const lasting = { ...found, pin: null, commitment: null, concurrentMax: null };
  return what.arguments === null ? asFarAsKnown(lasting) : lasting;
}

/** Of arguments that nobody knows nothing can be wrong. */
function asFarAsKnown(granted: GrantedTool): GrantedTool {
  const { approval, sql } = granted;
  return {
    ...granted,
    ...{ takes: null, check: null, resource: [], unwraps: null, sql: null },
    readOnly: sql === null && granted.readOnly,
    approval: approval === "always" ? "always" : "never",
  };
}

/** The call as far as it is known, before any policy is asked of it. */
export function lookOf(what: CaseTool, manifest: Manifest): Unpoliced {
  return lookFor(what, resolvedFor(what, manifest), manifest);
}

function lookFor(
  { arguments: given, bytes, digest, server, tool }: CaseTool,
  resolved: Resolved,
  manifest: Manifest,
): Unpoliced {
  const id: ToolId = typeof resolved === "string" ? { server, tool } : resolved;
  return {
    manifest,
    ask: {
      ...{ server: id.server, tool: id.tool, digest, bytes },
      ...{ arguments: given ?? {}, callId: null },
    },
    grants: manifest.tools,
    resolved,
    offered: null,
  };
}

function factsOf({ task }: CaseCall, look: Unpoliced, policy: PolicySaid): Omit<ToolFacts, "rate"> {
  return {
    ...look,
    task: { id: task, ended: false, ageMs: 0, durationMaxMs: null },
    approved: { kind: "none" },
    policy,
    slots: null,
    commitments: null,
    reserve: 0,
    clutch: ENGAGED,
    letGo: false,
  };
}
