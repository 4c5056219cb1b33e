/** Small whole values that the tests of tools change one field of. */
import { ENGAGED } from "../../../src/guards/clutch/clutch.ts";
import type { ToolFacts } from "../../../src/guards/tool/facts.ts";
import { foldName } from "../../../src/guards/tool/names.ts";
import type { GrantedTool, ToolAsk, ToolGrants } from "../../../src/guards/tool/tool.ts";

export function granted(server: string, tool: string, changes: Partial<GrantedTool> = {}) {
  const whole: GrantedTool = {
    server,
    tool,
    effect: "read",
    isGranted: true,
    readOnly: true,
    takes: null,
    rateLimit: null,
    check: null,
    sql: null,
    unwraps: null,
    resource: [],
    pin: null,
    cost: null,
    approval: "never",
    emptyIsError: false,
    timeoutMs: 1_000,
    commitment: null,
    ends: [],
    resultBytesMax: 1_000,
    concurrentMax: null,
    repeatsMax: null,
    output: null,
    ...changes,
  };
  return whole;
}

export function grants(
  allowed: readonly GrantedTool[],
  blacklisted: readonly string[] = [],
): ToolGrants {
  return {
    allowed,
    observed: [],
    hosted: new Set(),
    blacklisted: new Set(blacklisted.map(foldName)),
    argumentsBytesMax: 100,
  };
}

export function toolAsk(changes: Partial<ToolAsk> = {}): ToolAsk {
  return {
    server: "s",
    tool: "t",
    arguments: {},
    digest: "d",
    bytes: 10,
    callId: null,
    ...changes,
  };
}

export function toolFacts(changes: Partial<ToolFacts> = {}): ToolFacts {
  return {
    task: { id: "k", ended: false, ageMs: 0, durationMaxMs: null },
    manifest: { agent: "a", observing: false },
    ask: toolAsk(),
    grants: grants([granted("s", "t")]),
    resolved: granted("s", "t"),
    offered: null,
    rate: null,
    slots: null,
    reserve: 0,
    commitments: null,
    approved: { kind: "none" },
    policy: [],
    clutch: ENGAGED,
    letGo: false,
    ...changes,
  };
}
