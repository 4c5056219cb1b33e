/** The guardrails folder of a simulation, with limits that its operators change while it runs. */
import type { Configuration } from "../../src/config/configuration.ts";
import { readFiles } from "../../src/config/read.ts";
import { formatUsd } from "../../src/guards/money.ts";

export interface Limits {
  readonly all: number;
  readonly daily: number;
  readonly task: number;
  /** Of the budget `daily`: an operator may give it another kind of window, or another unit. */
  readonly window?: "day" | "month" | "lifetime";
  readonly unit?: "usd" | "tokens";
  /** Of budgets on the same calls that count tokens and calls; without it there are none. */
  readonly counted?: { readonly tokens: number; readonly calls: number };
}

/** About what a token costs in a call of the simulation, so that limits in tokens bind as often. */
const NANO_A_TOKEN = 2_000;

export const AGENTS = ["a", "b"] as const;
export const MODEL = "m-1";

function dailyOf({ daily, unit = "usd", window = "day" }: Limits): string {
  const tokens = Math.ceil(daily / NANO_A_TOKEN);
  const limit = unit === "usd" ? `limit_usd: ${formatUsd(daily)}` : `limit_tokens: ${tokens}`;
  return `  - { name: daily, agent: a, ${limit}, window: ${window} }\n`;
}

function countedOf({ counted }: Limits): string {
  if (counted === undefined) return "";
  return `  - { name: tokens, limit_tokens: ${counted.tokens}, window: day }
  - { name: calls, each: agent, limit_calls: ${counted.calls}, window: lifetime }
`;
}

/** Limits in nano-USD. */
export function configurationOf(limits: Limits): Configuration {
  const text = `version: 1
encryption_key: ${"ab".repeat(32)}
providers:
  sim:
    kind: openai
    base_url: http://127.0.0.1:9
    api_key: sk-not-used-0123456789
    prices_of: local
limits: { timeout: 20s, min_useful_output: 8, new_tasks_per_hour: 1000, max_active_tasks: 1000 }
budgets:
  - { name: all, limit_usd: ${formatUsd(limits.all)}, window: lifetime }
  - { name: each-task, each: task, limit_usd: ${formatUsd(limits.task)}, window: task }
${dailyOf(limits)}${countedOf(limits)}`;
  const price =
    "input: 1, cached_input: 1, cache_write_5m: 1, output: 10, context_window: 32000, max_output: 4096";
  const files = new Map([
    ["slipclutch.yaml", text],
    ["prices.yaml", `local: { ${MODEL}: { ${price} } }\n`],
    ...AGENTS.map(
      (agent) =>
        [`agents/${agent}.yaml`, `version: 1\nagent: ${agent}\non_change: apply\n`] as const,
    ),
  ]);
  const loaded = readFiles(files, { environment: {}, today: "2027-03-01" });
  if (loaded.kind === "invalid") throw new Error(JSON.stringify(loaded.issues, null, 2));
  return loaded.configuration;
}
