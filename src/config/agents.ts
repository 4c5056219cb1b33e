/** The manifests of the folder: who they are, and whether what they grant can be had. */
import type { Budget } from "../guards/budget/budget.ts";
import type { Manifest } from "../guards/manifest/manifest.ts";
import { isCapped } from "./budgets.ts";
import type { Issue, ProviderSettings } from "./configuration.ts";
import type { FileRead } from "./file.ts";
import { issueAt, nearest } from "./issues.ts";
import { libraryOf } from "./library.ts";
import type { RawLimits, RawManifest } from "./manifest-schema.ts";
import { grantedId, manifestOf } from "./manifests.ts";
import { observeIssues, observeWarnings } from "./observe.ts";
import type { Book } from "./price-book.ts";
import { priceHint } from "./providers.ts";
import type { Tooling } from "./tooling.ts";
import { toolsOf } from "./tools.ts";

export type ManifestFile = FileRead<RawManifest>;

/** The agent that a file is for, by its name. */
export function agentOfFile(file: string): string {
  return file
    .replace(/^agents\//, "")
    .replace(/\.(json|ya?ml)$/, "")
    .normalize("NFC");
}

export interface Agents {
  readonly agents: ReadonlyMap<string, Manifest>;
  /** About their tools. */
  readonly issues: readonly Issue[];
  readonly warnings: readonly Issue[];
}

/** Manifests by agent; those that do not fit their schema are left out. */
export function agentsOf(
  files: readonly ManifestFile[],
  common: RawLimits | undefined,
  tooling: Tooling,
): Agents {
  const agents = new Map<string, Manifest>();
  const issues: Issue[] = [];
  const warnings: Issue[] = [];
  for (const { source, data } of files) {
    if (data === null) continue;
    const agent = agentOfFile(source.file);
    const granted = toolsOf(data, common, source, tooling);
    const reading = libraryOf(data, source, tooling);
    const grants = { tools: granted.tools, library: reading.library };
    agents.set(agent, manifestOf(data, agent, common, grants));
    issues.push(...granted.issues, ...reading.issues);
    issues.push(...observeIssues(data, source, tooling.servers));
    warnings.push(...granted.warnings, ...reading.warnings);
    warnings.push(...observeWarnings(data, source, tooling.servers));
  }
  return { agents, issues, warnings };
}

/** What is wrong with the agents' names: each is one file's, and no two look the same. */
export function identityIssues(files: readonly ManifestFile[]): Issue[] {
  const byFolded = new Map<string, string>();
  return files.flatMap(({ source, data }) => {
    const agent = agentOfFile(source.file);
    const issues: Issue[] = [];
    const folded = agent.normalize("NFKC").toLowerCase();
    const other = byFolded.get(folded);
    if (other !== undefined) {
      const hint = `${other} is the same agent but for its spelling: rename one of the two.`;
      issues.push(issueAt(source, ["agent"], "an agent's id of its own", hint));
    }
    byFolded.set(folded, source.file);
    if (data === null) return issues;
    const named = [...new Set([data.agent, data.agent_id].filter((id) => id !== undefined))];
    if (named.length === 1 && named[0] === agent) return issues;
    const key = data.agent === undefined && data.agent_id !== undefined ? "agent_id" : "agent";
    const hint = `The file's name says which agent it is for: write ${key}: ${agent}, or rename the file.`;
    return [...issues, issueAt(source, [key], JSON.stringify(agent), hint)];
  });
}

/** What agents are checked against. */
export interface Offer {
  readonly providers: readonly ProviderSettings[];
  readonly budgets: readonly Budget[];
  readonly book: Book;
}

/** What is wrong with what an agent may do: no cap by accident, no grant of what nobody has. */
export function grantIssues(file: ManifestFile, manifest: Manifest, offer: Offer): Issue[] {
  const { source, data } = file;
  const issues: Issue[] = [];
  const seen = new Set<string>();
  for (const [index, granted] of (data?.models ?? []).entries()) {
    const model = grantedId(granted);
    const path = ["models", index, ...(typeof granted === "string" ? [] : ["model"])];
    if (seen.has(model)) {
      issues.push(issueAt(source, path, "each model once", "Remove one of the two."));
    } else if (!isServed(model, offer)) {
      issues.push(
        issueAt(source, path, "a model that a provider serves", servedHint(model, offer)),
      );
    }
    seen.add(model);
  }
  const capped = isCapped(manifest, offer.budgets);
  if (!capped && !manifest.uncapped) {
    const hint =
      `Add a budget to slipclutch.yaml, such as { name: ${manifest.agent}-monthly, ` +
      `agent: ${manifest.agent}, limit_usd: 100, window: month }, or say uncapped: true here.`;
    const issue = issueAt(
      source,
      [],
      "a money budget that every call of this agent draws on",
      hint,
    );
    issues.push({ ...issue, got: "none" });
  }
  return issues;
}

/** Whether some provider has the model, under this name and with a price. */
export function isServed(model: string, { providers, book }: Pick<Offer, "providers" | "book">) {
  return providers.some((provider) => targetOf(model, provider, book) !== null);
}

/** The provider's id of a model that clients ask for, if it serves it and the id has a price. */
export function targetOf(model: string, provider: ProviderSettings, book: Pick<Book, "find">) {
  const id = provider.models === null ? model : provider.models.get(model);
  return id !== undefined && book.find(provider.pricesOf, id) !== null ? id : null;
}

function servedHint(model: string, { providers, book }: Offer): string {
  const listed = providers.flatMap(({ models }) => [...(models?.keys() ?? [])]);
  const near = nearest(model, listed);
  if (near) return `Did you mean "${near}"?`;
  const open = providers.find(({ models }) => models === null);
  if (open) return priceHint(book, open, model);
  return `Add it to the models of a provider. They have: ${listed.slice(0, 20).join(", ")}.`;
}
