/** What tools go on costing, as manifests say it, held against the tools that end it. */
import type { Budget, Window } from "../guards/budget/budget.ts";
import { type CommitmentTerms, costOf, type Ending } from "../guards/commitment/terms.ts";
import type { Manifest } from "../guards/manifest/manifest.ts";
import type { Millis } from "../guards/money.ts";
import type { GrantedTool } from "../guards/tool/tool.ts";
import type { ToolServerSettings } from "./configuration.ts";
import { nearest } from "./issues.ts";
import type { RawTool } from "./tool-schema.ts";

const HORIZON_MS: Millis = 3_600_000;
/** A JSON pointer from which arguments can be made again: names alone, of objects. */
const FROM_ARGUMENTS = /^\/arguments\//;

/** Something wrong inside `commitment`. */
export interface CommitmentProblem {
  readonly path: readonly string[];
  readonly expected: string;
  readonly hint: string;
}

/** On the server that has it. Null: its calls go on costing nothing. */
export function commitmentOf({ commitment: raw }: RawTool, server: string): CommitmentTerms | null {
  if (raw === undefined) return null;
  const { ends_with: ending } = raw;
  return {
    nanoUsdPerHour: raw.usd_per_hour,
    id: raw.id,
    endsWith: { server: ending.server ?? server, tool: ending.tool, id: ending.id },
    activeMax: raw.max_active,
    horizonMs: raw.horizon ?? HORIZON_MS,
    onUnrenewable: raw.on_unrenewable ?? "trip",
  };
}

/** The tools with what calls of each end. */
export function withEndings(allowed: readonly GrantedTool[]): readonly GrantedTool[] {
  return allowed.map((granted) => {
    const ends = allowed.flatMap(({ commitment, server, tool }): Ending[] => {
      if (commitment === null || !isEnding(commitment, granted)) return [];
      return [{ server, tool, id: commitment.endsWith.id }];
    });
    return ends.length === 0 ? granted : { ...granted, ends };
  });
}

const WINDOW_MS: Readonly<Partial<Record<Window, Millis>>> = { day: 24 * 3_600_000 };

/** A tool whose horizon is longer than the window of a budget that pays for it. */
export function outliving(
  { only, unit, window }: Budget,
  agents: Iterable<Manifest>,
): GrantedTool | null {
  const windowMs = WINDOW_MS[window];
  if (unit !== "usd" || only.model !== undefined || windowMs === undefined) return null;
  for (const { agent, labels, tools } of agents) {
    const isPaid =
      (only.agent ?? agent) === agent &&
      (only.team ?? labels.team) === labels.team &&
      (only.org ?? labels.org) === labels.org;
    const found = tools.allowed.find(({ commitment }) => (commitment?.horizonMs ?? 0) > windowMs);
    if (isPaid && found !== undefined) return found;
  }
  return null;
}

function isEnding({ endsWith }: CommitmentTerms, { server, tool }: GrantedTool): boolean {
  return endsWith.server === server && endsWith.tool === tool;
}

export interface Ends {
  readonly allowed: readonly GrantedTool[];
  /** Whether nothing but the manifest's blacklist keeps it from being called. */
  readonly isBlacklisted: (tool: GrantedTool) => boolean;
  /** Tools that the agent runs itself, without asking: their calls are not seen. */
  readonly isUnseen: (tool: GrantedTool) => boolean;
  /** Tools that the gateway can call. */
  readonly isCalledHere: (tool: GrantedTool) => boolean;
}

export function endsOf(
  allowed: readonly GrantedTool[],
  servers: ReadonlyMap<string, ToolServerSettings>,
  isBlacklisted: Ends["isBlacklisted"],
): Ends {
  return {
    allowed,
    isBlacklisted,
    isUnseen: ({ server: name }) => {
      const server = servers.get(name);
      return server?.kind === "agent" && !server.asks;
    },
    isCalledHere: ({ server: name }) => servers.get(name)?.kind !== "agent",
  };
}

/** All that is wrong with one tool's commitment. */
export function commitmentProblems(granted: GrantedTool, ends: Ends): CommitmentProblem[] {
  const { commitment: terms, timeoutMs } = granted;
  if (terms === null) return [];
  const problems = [...moneyProblems(granted, terms), ...endingProblems(granted, terms, ends)];
  if (terms.horizonMs < timeoutMs) {
    const hint = `A call may take ${timeoutMs} ms, and costs meanwhile: raise horizon, or lower timeout.`;
    problems.push({ path: ["horizon"], expected: "at least the tool's timeout", hint });
  }
  return [...problems, ...ownCallProblems(terms, ends)];
}

/** What the gateway is to call itself it must be able to. */
function ownCallProblems(terms: CommitmentTerms, ends: Ends): CommitmentProblem[] {
  if (terms.onUnrenewable !== "end") return [];
  const path = ["on_unrenewable"];
  if (!FROM_ARGUMENTS.test(terms.endsWith.id)) {
    const hint = "The gateway makes that call itself, so it must know where the id goes.";
    return [{ path, expected: "an ends_with.id under /arguments/", hint }];
  }
  const ending = ends.allowed.find((one) => isEnding(terms, one));
  if (ending === undefined || ends.isCalledHere(ending)) return [];
  const hint = "The agent runs the ending tool itself, so the gateway cannot call it: use trip.";
  return [{ path, expected: '"trip"', hint }];
}

function moneyProblems({ cost }: GrantedTool, terms: CommitmentTerms): CommitmentProblem[] {
  if (terms.nanoUsdPerHour === 0) {
    const hint = "Without it: leave commitment out.";
    return [{ path: ["usd_per_hour"], expected: "an amount above 0", hint }];
  }
  const most = costOf(BigInt(terms.nanoUsdPerHour), terms.horizonMs);
  const call = BigInt(Math.ceil((cost?.nanoUsd ?? 0) * (cost?.quantity?.max ?? 1)));
  if (most + call <= BigInt(Number.MAX_SAFE_INTEGER)) return [];
  const expected = "at most 9007199 USD for one horizon and its call";
  return [{ path: ["horizon"], expected, hint: "Lower usd_per_hour or horizon." }];
}

function endingProblems(
  granted: GrantedTool,
  { endsWith }: CommitmentTerms,
  { allowed, isBlacklisted, isUnseen }: Ends,
): CommitmentProblem[] {
  const path = ["ends_with", "tool"];
  const { server, tool } = endsWith;
  const ending = allowed.find((one) => one.server === server && one.tool === tool);
  if (ending === undefined) {
    const there = allowed.filter((one) => one.server === server).map((one) => one.tool);
    const near = nearest(tool, there);
    const meant = near ? `Did you mean "${near}"? ` : "";
    const hint = `${meant}Else add ${tool} of ${server} to allowed_tools, or name its server.`;
    return [{ path, expected: "a tool that this manifest grants", hint }];
  }
  if (ending === granted) {
    const hint = "Name the tool that ends what this one begins.";
    return [{ path, expected: "another tool", hint }];
  }
  if (isUnseen(ending)) {
    const hint = "The agent runs it itself, so nobody would see that it has ended.";
    return [{ path, expected: "a tool whose calls come by here", hint }];
  }
  if (!isBlacklisted(ending)) return [];
  const hint = "Nothing could end it: take it off the blacklist, or leave the tool out.";
  return [{ path, expected: "a tool that is not blacklisted", hint }];
}
