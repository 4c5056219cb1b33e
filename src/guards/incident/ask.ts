/** Asks the guards of a manifest of the calls of a case, one after the other. */
import { ENGAGED } from "../clutch/clutch.ts";
import { admitTool } from "../decide.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { Millis } from "../money.ts";
import { NO_PERMITS, type Permits, received, use } from "../rate-limit/permits.ts";
import type { ToolFacts } from "../tool/facts.ts";
import { resolveTool } from "../tool/names.ts";
import type { GrantedTool, Resolved, ToolId } from "../tool/tool.ts";
import type { DenialCode } from "../verdict.ts";
import type { CaseCall, CaseTool } from "./call.ts";

/** What guards make of a call that does not go out. */
export type Stopped =
  | { readonly kind: "denied"; readonly code: DenialCode }
  | { readonly kind: "approval" };

/** Answers of calls in the order of time; null: it goes out. `calls`: how many there are. */
export function askerOf(manifest: Manifest, calls: number): (call: CaseCall) => Stopped | null {
  const pools = new Map<string, Permits>();
  return (call) => {
    if (call.what.kind === "tool") return askTool(call, call.what, { calls, manifest, pools });
    const isGranted = manifest.models === null || manifest.models.has(call.what.model);
    return isGranted || manifest.observing ? null : { kind: "denied", code: "model.not-granted" };
  };
}

interface Standing {
  readonly manifest: Manifest;
  readonly calls: number;
  /** Of the tools with a rate limit. */
  readonly pools: Map<string, Permits>;
}

function askTool(call: CaseCall, what: CaseTool, standing: Standing): Stopped | null {
  const { calls, manifest, pools } = standing;
  const resolved = resolvedFor(what, manifest);
  const limit = typeof resolved === "string" ? null : resolved.rateLimit;
  const key = JSON.stringify([what.server, what.tool]);
  // More permits than there are calls are never all used.
  const permits = pools.get(key) ?? unused(Math.min(limit?.requests ?? 0, calls), call.at);
  const facts = factsOf(call, what, resolved, manifest);
  const rate = limit && { limit: { ...limit, tool: what.tool }, asked: true, now: call.at };
  const { states, verdict } = admitTool({ ...facts, rate }, { purses: [], permits });
  switch (verdict.kind) {
    case "deny":
      return { kind: "denied", code: verdict.code };
    case "park":
      return { kind: "approval" };
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

function factsOf(
  { task }: CaseCall,
  { arguments: given, bytes, digest, server, tool }: CaseTool,
  resolved: Resolved,
  manifest: Manifest,
): Omit<ToolFacts, "rate"> {
  const id: ToolId = typeof resolved === "string" ? { server, tool } : resolved;
  return {
    task: { id: task, ended: false, ageMs: 0, durationMaxMs: null },
    manifest,
    ask: {
      ...{ server: id.server, tool: id.tool, digest, bytes },
      ...{ arguments: given ?? {}, callId: null },
    },
    grants: manifest.tools,
    resolved,
    offered: null,
    approved: { kind: "none" },
    policy: [],
    slots: null,
    commitments: null,
    reserve: 0,
    clutch: ENGAGED,
    letGo: false,
  };
}
