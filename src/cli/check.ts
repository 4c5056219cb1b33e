/** `slipclutch check`: is the guardrails folder valid, and what may agents use at what cost? */
import { checkingEngines } from "../compose/policy-host.ts";
import type { Configuration, Issue, ProviderSettings } from "../config/configuration.ts";
import { explain } from "../config/explain.ts";
import { load } from "../config/load.ts";
import type { ModelPrice } from "../guards/price/price.ts";
import { grantedTools, toolTable } from "./check-tools.ts";
import { aligned } from "./columns.ts";

/** Older prices are an alarm: providers change them every few months. */
const TABLE_DAYS_MAX = 90;
const DAY_MS = 86_400_000;
/** Models listed for an agent that may use any. */
const LISTED_MAX = 50;
const PICO_PER_MILLION = 1_000_000;

export interface CheckOptions {
  readonly folder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly json: boolean;
  /** Milliseconds since 1970: the caller has the clock. */
  readonly now: number;
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
}

/** One model of one agent, at the rates for short input, USD for a million tokens. */
interface Usable {
  readonly agent: string;
  readonly model: string;
  readonly provider: string;
  readonly input_usd: number;
  readonly output_usd: number;
  readonly max_output_tokens: number;
  readonly source: string;
}

/** Exit code 0: valid; 1: not. */
export async function runCheck(options: CheckOptions): Promise<number> {
  const { folder, environment, json, now, out, err } = options;
  const today = new Date(now).toISOString().slice(0, 10);
  const loaded = await load(folder, { environment, today, engines: checkingEngines() });
  if (loaded.kind === "invalid") {
    if (json) out(JSON.stringify({ valid: false, issues: loaded.issues }));
    else {
      err(explain(loaded.issues));
      err(`${folder} is not valid: ${countOf(loaded.issues.length, "issue")}.`);
    }
    return 1;
  }
  const { configuration } = loaded;
  const warnings = [...loaded.warnings, ...oldTable(configuration, now)];
  const models = usable(configuration);
  const { digest, agents, budgets } = configuration;
  if (json) {
    const ids = [...agents.keys()];
    const tools = grantedTools(configuration);
    out(JSON.stringify({ valid: true, digest, agents: ids, models, tools, warnings }));
    return 0;
  }
  for (const line of table(models)) out(line);
  for (const line of toolTable(configuration)) out(line);
  if (warnings.length > 0) err(`Worth a look:\n${explain(warnings)}`);
  const bound = configuration.policies?.bound.length ?? 0;
  const policies = bound === 0 ? "" : `, ${bound} ${bound === 1 ? "policy" : "policies"}`;
  const counts = `${countOf(agents.size, "agent")}, ${countOf(budgets.length, "budget")}${policies}`;
  out(`${folder} is valid: ${counts}, prices of ${configuration.prices.tableDate}, ${digest}`);
  return 0;
}

function usable({ agents, providers, prices }: Configuration): Usable[] {
  return [...agents.values()].flatMap((manifest) => {
    const names = manifest.models
      ? [...manifest.models.keys()]
      : providers.flatMap(({ models }) => [...(models?.keys() ?? [])]);
    return names.slice(0, LISTED_MAX).flatMap((model) => {
      for (const provider of providers) {
        const price = priceOf(model, provider, prices);
        if (price === null) continue;
        const cap = (manifest.models?.get(model) ?? manifest.limits).maxOutputTokens;
        return [rowOf(price, { agent: manifest.agent, model, provider: provider.rules.name, cap })];
      }
      return [];
    });
  });
}

function priceOf(
  model: string,
  { models, pricesOf }: ProviderSettings,
  prices: Configuration["prices"],
): ModelPrice | null {
  const id = models === null ? model : models.get(model);
  return id === undefined ? null : prices.find(pricesOf, id);
}

interface Who {
  readonly agent: string;
  readonly model: string;
  readonly provider: string;
  readonly cap: number | null;
}

function rowOf(price: ModelPrice, { cap, ...who }: Who): Usable {
  const [tier] = price.tiers;
  return {
    ...who,
    input_usd: (tier?.input ?? 0) / PICO_PER_MILLION,
    output_usd: (tier?.output ?? 0) / PICO_PER_MILLION,
    max_output_tokens: Math.min(cap ?? price.maxOutput, price.maxOutput),
    source: price.source,
  };
}

function table(models: readonly Usable[]): string[] {
  if (models.length === 0) return [];
  const head = [
    "agent",
    "model",
    "provider",
    "input $/M",
    "output $/M",
    "max output",
    "price from",
  ];
  return aligned([head, ...models.map(rowTexts)]);
}

function rowTexts(row: Usable): string[] {
  const { agent, model, provider, input_usd, output_usd, max_output_tokens, source } = row;
  return [agent, model, provider, `${input_usd}`, `${output_usd}`, `${max_output_tokens}`, source];
}

function oldTable({ prices }: Configuration, now: number): Issue[] {
  const days = Math.floor((now - Date.parse(prices.tableDate)) / DAY_MS);
  if (days <= TABLE_DAYS_MAX) return [];
  return [
    {
      file: "price book",
      line: null,
      path: "",
      got: `prices of ${prices.tableDate}, ${days} days ago`,
      expected: `prices at most ${TABLE_DAYS_MAX} days old`,
      hint: "Update Slipclutch, or set the prices you rely on in prices.yaml.",
    },
  ];
}

function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
