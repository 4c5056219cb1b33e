/** The providers of slipclutch.yaml → complete settings. */
import type { Issue, ProviderSettings, SimulatedScript } from "./configuration.ts";
import { issueAt, nearest } from "./issues.ts";
import type { Book } from "./price-book.ts";
import { KINDS } from "./provider-kinds.ts";
import type { RawProvider, RawSlipclutch } from "./schema.ts";
import type { Source } from "./source.ts";

const CONNECTIONS_MAX = 256;

interface Providers {
  readonly providers: readonly ProviderSettings[];
  readonly issues: readonly Issue[];
}

/**
 * Without any provider the simulated one answers, so that a first call needs no key and no money.
 */
export function providersOf(
  raw: RawSlipclutch["providers"],
  source: Source,
  book: Book,
): Providers {
  const entries = Object.entries(raw ?? {});
  if (entries.length === 0) {
    return { providers: [settingsOf("simulated", { kind: "simulated" })], issues: [] };
  }
  const providers = entries.map(([name, provider]) => settingsOf(name, provider));
  const issues = entries.flatMap(([name, provider], index) => {
    const settings = providers[index];
    return settings ? providerIssues(name, { raw: provider, settings, source, book }) : [];
  });
  return { providers, issues };
}

function settingsOf(name: string, raw: RawProvider): ProviderSettings {
  const kind = KINDS[raw.kind];
  const { overhead } = kind.rules;
  const more = raw.overhead;
  return {
    rules: {
      name,
      formats: kind.rules.formats,
      inputBound: raw.input_bound ?? kind.rules.inputBound,
      overhead: {
        base: more?.base ?? overhead.base,
        perMessage: more?.per_message ?? overhead.perMessage,
        perTool: more?.per_tool ?? overhead.perTool,
        tools: more?.tools ?? overhead.tools,
        perImage: more?.per_image ?? overhead.perImage,
      },
      capField: raw.cap_field ?? kind.rules.capField,
      streamOptions: raw.stream_options ?? kind.rules.streamOptions,
      errorsAreFree: raw.errors_are_free ?? kind.rules.errorsAreFree,
      onAbort: raw.on_abort ?? kind.rules.onAbort,
      framesAreTokens: raw.frames_are_tokens ?? kind.rules.framesAreTokens,
      showsAllOutput: raw.shows_all_output ?? kind.rules.showsAllOutput,
      outputCapMin: raw.output_cap_min ?? kind.rules.outputCapMin,
      allowFields: raw.allow_fields ?? [],
    },
    kind: raw.kind,
    baseUrl: raw.base_url ?? kind.baseUrl,
    apiKey: raw.api_key ?? null,
    headers: raw.headers ?? {},
    models: modelsOf(raw.models),
    pricesOf: raw.prices_of ?? kind.pricesOf,
    connectionsMax: raw.connections_max ?? CONNECTIONS_MAX,
    simulated: raw.kind === "simulated" ? scriptOf(raw.simulated) : null,
  };
}

function modelsOf(raw: RawProvider["models"]): ReadonlyMap<string, string> | null {
  if (raw === undefined) return null;
  return new Map(Array.isArray(raw) ? raw.map((id) => [id, id]) : Object.entries(raw));
}

function scriptOf(raw: RawProvider["simulated"]): SimulatedScript {
  const fault = raw?.fault ?? null;
  return {
    latencyMs: raw?.latency ?? 0,
    chunkMs: raw?.chunk_delay ?? 0,
    chunks: raw?.chunks ?? 8,
    outputTokens: raw?.output_tokens ?? 32,
    toolCalls: (raw?.tool_calls ?? []).map(({ name, arguments: given }) => ({
      name,
      arguments: given ?? {},
    })),
    overbill: raw?.overbill ?? 1,
    fault,
    faultEvery: raw?.fault_every ?? (fault === null ? 0 : 1),
  };
}

interface Checked {
  readonly raw: RawProvider;
  readonly settings: ProviderSettings;
  readonly source: Source;
  readonly book: Book;
}

function providerIssues(name: string, { raw, settings, source, book }: Checked): Issue[] {
  const path = ["providers", name];
  const issues: Issue[] = [];
  if (raw.kind !== "simulated" && raw.api_key === undefined && raw.base_url === undefined) {
    const hint = `Add api_key: \${${raw.kind.toUpperCase()}_API_KEY}, or the base_url of a server without keys.`;
    issues.push(issueAt(source, [...path, "api_key"], "the provider's key", hint));
  }
  if (raw.kind !== "simulated" && raw.simulated !== undefined) {
    const hint = "Remove it, or set kind: simulated.";
    issues.push(issueAt(source, [...path, "simulated"], "nothing here for this kind", hint));
  }
  if (raw.kind === "simulated") {
    for (const key of ["api_key", "base_url", "headers"] as const) {
      if (raw[key] === undefined) continue;
      const hint = "Remove it: the simulated provider sends nothing anywhere.";
      issues.push(issueAt(source, [...path, key], "nothing here for this kind", hint));
    }
  }
  const lists = book.lists();
  if (!lists.includes(settings.pricesOf)) {
    const near = nearest(settings.pricesOf, lists);
    const add = `Add prices under "${settings.pricesOf}" to prices.yaml.`;
    const hint = near ? `Did you mean "${near}"? ${add}` : add;
    issues.push(issueAt(source, [...path, "prices_of"], "a price list", hint));
    return issues;
  }
  for (const [alias, model] of settings.models ?? []) {
    if (book.find(settings.pricesOf, model) !== null) continue;
    const at = Array.isArray(raw.models)
      ? [...path, "models", raw.models.indexOf(model)]
      : [...path, "models", alias];
    issues.push(issueAt(source, at, "a model with a price", priceHint(book, settings, model)));
  }
  return issues;
}

/** The line that would give a model its price, and the name that was perhaps meant. */
export function priceHint(book: Book, { pricesOf }: ProviderSettings, model: string): string {
  const near = nearest(model, book.models(pricesOf));
  const names = [pricesOf, model].map((name) => JSON.stringify(name));
  const line = `${names.join(": { ")}: { input: USD, output: USD } }`;
  const add = `Add to prices.yaml, in USD for a million tokens: ${line}`;
  return near ? `Did you mean "${near}"? ${add}` : add;
}
