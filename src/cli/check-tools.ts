/** The tools of each agent, as `slipclutch check` shows them. */
import type { Configuration } from "../config/configuration.ts";
import { formatUsd } from "../guards/money.ts";
import type { Effect, GrantedTool } from "../guards/tool/tool.ts";
import { aligned } from "./columns.ts";

/** Tools listed for one agent. */
const LISTED_MAX = 50;

/** One tool of one agent. */
export interface ListedTool {
  readonly agent: string;
  readonly tool: string;
  readonly server: string;
  readonly effect: Effect | "by sql";
  readonly read_only: boolean;
  readonly rate_limit: { readonly requests: number; readonly per_seconds: number } | null;
  /** Of one call at most, in USD. */
  readonly cost_max_usd: string;
  readonly arguments_checked: boolean;
  readonly output_checked: boolean;
  readonly empty_result: "ok" | "error";
  readonly timeout_ms: number;
  readonly max_result_bytes: number;
  readonly max_concurrent: number | null;
  readonly repeats_max: number | null;
}

export function grantedTools({ agents }: Configuration): ListedTool[] {
  return [...agents.values()].flatMap(({ agent, tools }) =>
    tools.allowed.slice(0, LISTED_MAX).map((granted) => listed(agent, granted)),
  );
}

function listed(agent: string, granted: GrantedTool): ListedTool {
  const { tool, server, effect, readOnly, rateLimit, check, emptyIsError, timeoutMs } = granted;
  const { sql } = granted;
  return {
    agent,
    tool,
    server,
    effect: sql === null ? effect : "by sql",
    read_only: readOnly,
    rate_limit: rateLimit && {
      requests: rateLimit.requests,
      per_seconds: rateLimit.perMs / 1000,
    },
    cost_max_usd: formatUsd(costMaxOf(granted)),
    arguments_checked: check !== null,
    output_checked: granted.output !== null,
    empty_result: emptyIsError ? "error" : "ok",
    timeout_ms: timeoutMs,
    max_result_bytes: granted.resultBytesMax,
    max_concurrent: granted.concurrentMax,
    repeats_max: granted.repeatsMax,
  };
}

function costMaxOf({ cost }: GrantedTool): number {
  if (cost === null) return 0;
  return Math.ceil(cost.nanoUsd * (cost.quantity?.max ?? 1));
}

const HEAD = ["agent", "tool", "server", "effect", "rate limit", "max $/call", "arguments"];

/** For people; nothing where there are no tools. */
export function toolTable(configuration: Configuration): string[] {
  const tools = grantedTools(configuration);
  if (tools.length === 0) return [];
  const rows = tools.map(({ agent, tool, server, effect, rate_limit: limit, ...rest }) => [
    agent,
    tool,
    server,
    effect,
    limit === null ? "-" : `${limit.requests} in ${limit.per_seconds}s`,
    rest.cost_max_usd,
    rest.arguments_checked ? "checked" : "any",
  ]);
  return ["", ...aligned([HEAD, ...rows]), ""];
}
