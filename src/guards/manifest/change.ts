/**
 * What holds for a task that began under another manifest than the one of now. Only what it may do
 * is the manifest's: whose the agent is, its tasks, and what tools cost and how often they may be
 * called, is always as now.
 */
import { libraryOfBoth } from "../library/grants.ts";
import type { ArgumentsCheck, GrantedTool, ToolGrants } from "../tool/tool.ts";
import type { CallLimits, Manifest } from "./manifest.ts";
import { enforced } from "./observe.ts";

/**
 * As its newest `on_change` says. Whether it is observed at a moment is asked of what was put
 * together, and not of a part.
 */
export function governing(now: Manifest, before: Manifest): Manifest {
  switch (now.onChange) {
    case "apply":
      return now;
    case "finish":
      return enforced(finishing(now, before));
    case "strictest":
      return enforced(strictest(now, before));
  }
}

/** What was granted, at the prices and rates of now. */
function finishing(now: Manifest, before: Manifest): Manifest {
  const { library, limits, models, observe, policies, strict, tools } = before;
  const allowed = tools.allowed.map((tool) => asNow(tool, now.tools));
  const held = { library, limits, models, observe, policies, strict };
  return { ...now, ...held, tools: { ...tools, allowed } };
}

function asNow(tool: GrantedTool, { allowed }: ToolGrants): GrantedTool {
  const same = sameTool(tool, allowed);
  if (same === undefined) return tool;
  const { commitment, concurrentMax, cost, ends, rateLimit, repeatsMax } = same;
  return { ...tool, commitment, concurrentMax, cost, ends, rateLimit, repeatsMax };
}

/** Only what both allow, within the narrower of their limits: the worse verdict of the two. */
function strictest(now: Manifest, began: Manifest): Manifest {
  const before = now.observe === null && began.observe !== null ? asLetThrough(began, now) : began;
  return {
    ...now,
    limits: narrower(now.limits, before.limits),
    models: modelsOfBoth(now, before),
    observe: observeOfBoth(now, began),
    strict: now.strict || before.strict,
    tools: toolsOfBoth(now.tools, before.tools),
    library: libraryOfBoth(now.library, before.library),
    policies: policiesOfBoth(now.policies, before.policies),
  };
}

/** Both are asked, but not the same twice. */
function policiesOfBoth(now: Policies, before: Policies): Policies {
  const known = new Set(now.map(({ digest }) => digest));
  return [...now, ...before.filter(({ digest }) => !known.has(digest))];
}

type Policies = Manifest["policies"];

/**
 * Under a manifest that only observed, whatever was not granted was let through too. It held its
 * agent to its blacklist, its limits and what a person approves: so it does to what is granted now.
 */
function asLetThrough(began: Manifest, now: Manifest): Manifest {
  const servers = began.observe?.servers ?? null;
  const allowed = now.tools.allowed.flatMap((tool) => {
    const same = sameTool(tool, began.tools.allowed);
    if (same !== undefined) return [{ ...tool, approval: same.approval }];
    return servers === null || servers.has(tool.server) ? [tool] : [];
  });
  const limits = (model: string) => began.models?.get(model) ?? began.limits;
  const models = now.models && new Map([...now.models.keys()].map((id) => [id, limits(id)]));
  const tools = { ...began.tools, allowed, hosted: now.tools.hosted };
  return { ...began, models, tools, library: now.library };
}

/** Null is any model, with the limits of those that are not listed. */
function modelsOfBoth(now: Manifest, before: Manifest): Manifest["models"] {
  const listed = now.models ?? before.models;
  if (listed === null) return null;
  const models = new Map<string, CallLimits>();
  for (const model of listed.keys()) {
    const [one, other] = [limitsOf(now, model), limitsOf(before, model)];
    if (one !== null && other !== null) models.set(model, narrower(one, other));
  }
  return models;
}

/** Let through is only what both would let through. */
function observeOfBoth({ observe: one }: Manifest, { observe: other }: Manifest) {
  if (one === null || other === null) return null;
  return {
    until: Math.min(one.until, other.until),
    servers: commonServers(one.servers, other.servers),
  };
}

/** Null: all. */
function commonServers(one: Servers, other: Servers): Servers {
  if (one === null || other === null) return one ?? other;
  return new Set([...one].filter((server) => other.has(server)));
}

type Servers = NonNullable<Manifest["observe"]>["servers"];

/** Null: it is not granted. */
function limitsOf({ limits, models }: Manifest, model: string): CallLimits | null {
  return models === null ? limits : (models.get(model) ?? null);
}

function narrower(one: CallLimits, other: CallLimits): CallLimits {
  return {
    maxOutputTokens: least(one.maxOutputTokens, other.maxOutputTokens),
    maxInputTokens: least(one.maxInputTokens, other.maxInputTokens),
    maxN: least(one.maxN, other.maxN),
    timeoutMs: Math.min(one.timeoutMs, other.timeoutMs),
    minUsefulOutput: Math.max(one.minUsefulOutput, other.minUsefulOutput),
  };
}

/** Null: no limit. */
function least(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other;
  return Math.min(one, other);
}

function toolsOfBoth(now: ToolGrants, before: ToolGrants): ToolGrants {
  return {
    ...now,
    allowed: now.allowed.flatMap((tool) => {
      const same = sameTool(tool, before.allowed);
      return same === undefined ? [] : [toolOfBoth(tool, same)];
    }),
    hosted: new Set([...now.hosted].filter((tool) => before.hosted.has(tool))),
    blacklisted: new Set([...now.blacklisted, ...before.blacklisted]),
    argumentsBytesMax: Math.min(now.argumentsBytesMax, before.argumentsBytesMax),
  };
}

function toolOfBoth(now: GrantedTool, before: GrantedTool): GrantedTool {
  return {
    ...now,
    // Whichever of the two says that it calls others: those are decided too.
    unwraps: now.unwraps ?? before.unwraps,
    readOnly: now.readOnly || before.readOnly,
    check: bothChecks(now.check, before.check),
    // Both have to be made out of the call, and policies see both.
    resource: [...now.resource, ...before.resource],
    output: bothChecks(now.output, before.output),
    pin: bothPins(now.pin, before.pin),
    resultBytesMax: Math.min(now.resultBytesMax, before.resultBytesMax),
    approval: eitherApproval(now.approval, before.approval),
    timeoutMs: Math.min(now.timeoutMs, before.timeoutMs),
  };
}

function bothChecks(
  one: ArgumentsCheck | null,
  other: ArgumentsCheck | null,
): ArgumentsCheck | null {
  if (one === null || other === null) return one ?? other;
  return (value) => one(value) ?? other(value);
}

/** A tool that is to be as it was reviewed twice, in two ways, is as nobody reviewed it. */
function bothPins(one: string | null, other: string | null): string | null {
  if (one === null || other === null || one === other) return one ?? other;
  return `${one} and ${other}`;
}

type Approval = GrantedTool["approval"];

/** Whoever wants to be asked is asked. */
function eitherApproval(one: Approval, other: Approval): Approval {
  if (one === "always" || other === "always") return "always";
  if (one === "never" || other === "never") return one === "never" ? other : one;
  return (value) => {
    const fits = one(value);
    return fits === null ? null : other(value);
  };
}

function sameTool(
  { server, tool }: GrantedTool,
  among: readonly GrantedTool[],
): GrantedTool | undefined {
  return among.find((one) => one.server === server && one.tool === tool);
}
