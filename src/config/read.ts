/** Texts of the folder's files → a configuration, or all that is wrong with them. Reads no disk. */
import {
  agentOfFile,
  agentsOf,
  grantIssues,
  identityIssues,
  isServed,
  type ManifestFile,
  type Offer,
} from "./agents.ts";
import { argumentSchemas } from "./arguments.ts";
import { breakersOf } from "./breakers.ts";
import { budgetIssues, budgetsOf, taskLimitsOf } from "./budgets.ts";
import { bundleOf, configurationDigest } from "./bundle.ts";
import { outliving } from "./commitments.ts";
import type { Configuration, Files, Issue, Loaded } from "./configuration.ts";
import { decisionLogOf } from "./decision-log.ts";
import type { Environment } from "./environment.ts";
import { type FileRead, readFileText, versionIssues } from "./file.ts";
import { holdsSecret, issueAt } from "./issues.ts";
import { manifestSchema } from "./manifest-schema.ts";
import { narrowedBreakers } from "./narrowed-breakers.ts";
import { notifiersOf } from "./notifiers.ts";
import { ungrantedOf } from "./observe.ts";
import type { PolicyEngines } from "./policy-rules.ts";
import { policySettingsOf } from "./policy-settings.ts";
import { type Book, type Overrides, overridesOf, priceBook } from "./price-book.ts";
import { pricesSchema } from "./prices-schema.ts";
import { providersOf } from "./providers.ts";
import { type RawSlipclutch, slipclutchSchema } from "./schema.ts";
import {
  encryptionKeyOf,
  inputsOf,
  listenersOf,
  parkingOf,
  processLimitsOf,
  storeOf,
} from "./settings.ts";
import { pathText } from "./source.ts";
import type { SqlReader } from "./sql-parser.ts";
import { callableTools } from "./tool-budgets.ts";
import { toolServersOf } from "./tool-servers.ts";
import { transcriptIssues, transcriptsOf } from "./transcripts.ts";

/** As long as the answers of parked calls are kept. */
const APPROVAL_MS = 60 * 60_000;

const MAIN = "slipclutch.yaml";

export interface ReadOptions {
  readonly environment: Environment;
  /** Today as an ISO date, for prices with a date; null: the dearer price holds. */
  readonly today: string | null;
  /** `sqlReaderFor` these files. Without it, tools that take SQL are refused. */
  readonly sql?: SqlReader;
  /** Of Git, where the folder is kept there. */
  readonly commit?: string | null;
  /** What evaluates policies. Without it those that are bound refuse every call. */
  readonly engines?: PolicyEngines;
}

type MainFile = FileRead<RawSlipclutch>;

/** All files at once: what one says can be wrong only because of another. */
export function readFiles(files: Files, options: ReadOptions): Loaded {
  const { environment, today, commit = null, sql = null } = options;
  const main = readFileText(
    { file: MAIN, text: files.get(MAIN) ?? "" },
    slipclutchSchema,
    environment,
  );
  const manifests: ManifestFile[] = [...files]
    .filter(([file]) => file.startsWith("agents/"))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([file, text]) => readFileText({ file, text }, manifestSchema, environment));
  const prices = readFileText(
    { file: "prices.yaml", text: files.get("prices.yaml") || "{}" },
    pricesSchema,
    environment,
  );

  const issues = [...main.issues, ...prices.issues, ...manifests.flatMap(({ issues }) => issues)];
  issues.push(...versions([main, ...manifests]), ...identityIssues(manifests));
  const overrides = overridesOf(prices.data ?? {}, today);
  issues.push(...priceIssues(prices, overrides));
  if (main.data === null) return { kind: "invalid", issues: inOrder(issues), commit };

  issues.push(...transcriptIssues(main.data.transcripts, main.source));
  const whole = [...manifests, prices].every(({ data }) => data !== null);
  const digest = digestOf(files, [main, ...manifests, prices]);
  const book = priceBook(overrides.prices);
  const sources = { files, main, data: main.data, manifests };
  const compiled = compile({ ...sources, book, digest, commit, sql, whole });
  issues.push(...compiled.issues);
  if (issues.length > 0) return { kind: "invalid", issues: inOrder(issues), commit };
  const { configuration } = compiled;
  const warnings = [...compiled.warnings, ...warningsOf(main, configuration)];
  return { kind: "ok", configuration, files, warnings };
}

interface Parts {
  readonly files: Files;
  readonly main: MainFile;
  readonly data: RawSlipclutch;
  readonly manifests: readonly ManifestFile[];
  readonly book: Book;
  readonly digest: string;
  readonly sql: SqlReader;
  readonly commit: string | null;
  /** Every other file fits its schema, so that one file can be held against another. */
  readonly whole: boolean;
}

interface Compiled {
  readonly configuration: Configuration;
  readonly issues: readonly Issue[];
  readonly warnings: readonly Issue[];
}

function compile(parts: Parts): Compiled {
  const { files, main, data, manifests, book, digest, commit, sql, whole } = parts;
  const { source } = main;
  const { store, issues: storeIssues } = storeOf(data.store, source);
  const { key, issues: keyIssues } = encryptionKeyOf(data.encryption_key, store, source);
  const { providers, issues: providerIssues } = providersOf(data.providers, source, book);
  const schemas = argumentSchemas();
  const tooling = toolServersOf(data.tool_servers, { source, files, schemas, sql });
  const { servers } = tooling;
  const { breakers, issues: breakerIssues } = breakersOf(data.breakers ?? [], source);
  const narrowed = narrowedBreakers(manifests, breakers);
  const granted = agentsOf(manifests, data.limits, { servers, schemas, sql });
  const { agents } = granted;
  const tools = callableTools(agents.values(), servers);
  const budgets = budgetsOf(data.budgets ?? [], tools);
  const offer: Offer = { providers, budgets, book };
  const known = whole ? agents : null;
  const told = notifiersOf(data.notifiers, source, known);
  const deciding = policySettingsOf(data, { files, source, commit, agents: known });
  const logging = decisionLogOf(data.decision_log, source);
  const issues = [tooling, told, deciding, logging].flatMap((part) => part.issues);
  issues.push(...storeIssues, ...keyIssues, ...breakerIssues);
  if (whole) {
    issues.push(...providerIssues, ...granted.issues, ...narrowed.issues);
    issues.push(...offerIssues(parts, { agents, tools }, offer));
  }
  const configuration: Configuration = {
    ...{ digest, bundle: bundleOf(digest), commit, store, providers, agents },
    listeners: listenersOf(data.listeners),
    toolServers: servers,
    budgets: [...budgets, ...taskLimitsOf(agents.values())],
    ...{ breakers, agentBreakers: narrowed.agentBreakers },
    ...{ parking: parkingOf(data.parking), inputs: inputsOf(data.journal) },
    ...decidingOf(data),
    ...{ policies: deciding.settings, policySet: null, decisionLog: logging.settings },
    notifiers: told.notifiers,
    ungranted: ungrantedOf({ servers, schemas, sql }),
    prices: book,
    limits: processLimitsOf(data.limits),
    transcripts: transcriptsOf(data.transcripts),
    encryptionKey: key,
  };
  const warnings = [tooling, granted, deciding].flatMap((part) => part.warnings);
  return { configuration, issues, warnings };
}

/** What agents may do, held against what there is. */
function offerIssues(
  { data, main, manifests }: Parts,
  { agents, tools }: Pick<Configuration, "agents"> & { readonly tools: CallableTools },
  offer: Offer,
): readonly Issue[] {
  const serves = (model: string) => isServed(model, offer);
  const ofBudgets = budgetIssues(data.budgets ?? [], main.source, { agents, serves, tools });
  const ofGrants = manifests.flatMap((file) => {
    const manifest = agents.get(agentOfFile(file.source.file));
    return manifest === undefined ? [] : grantIssues(file, manifest, offer);
  });
  return [...ofBudgets, ...ofGrants];
}

type CallableTools = ReturnType<typeof callableTools>;

function decidingOf({
  approvals,
  reviews,
}: RawSlipclutch): Pick<Configuration, "approvals" | "twoPeople"> {
  return {
    approvals: { expireAfterMs: approvals?.expire_after ?? APPROVAL_MS },
    twoPeople: new Set(reviews?.two_people),
  };
}

function versions(files: readonly FileRead<{ version?: unknown; schema_version?: unknown }>[]) {
  return files.flatMap(({ source, data }) => (data === null ? [] : versionIssues(source, data)));
}

function priceIssues({ source }: FileRead<unknown>, { problems }: Overrides): Issue[] {
  return problems.map(({ pricesOf, model, expected, hint }) =>
    issueAt(source, [pricesOf, model], expected, hint),
  );
}

/** What is allowed and still deserves a look. */
function warningsOf(main: MainFile, configuration: Configuration): Issue[] {
  const { agents, budgets, listeners, notifiers, store } = configuration;
  const warnings: Issue[] = [];
  const warn = (path: readonly (string | number)[], expected: string, hint: string) =>
    warnings.push(issueAt(main.source, path, expected, hint));
  if (agents.size === 0) {
    const hint = "Without one every call is refused: `slipclutch init` writes an example.";
    warnings.push({
      file: "agents",
      line: null,
      path: "",
      got: "no manifest",
      expected: "a manifest for each agent",
      hint,
    });
  }
  for (const [index, budget] of budgets.entries()) {
    if (budget.limit !== 0n) continue;
    const refused = budget.unit === "usd" ? "call that costs anything" : "call that it counts";
    const hint = `With 0 every ${refused} is refused.`;
    warn(["budgets", index, `limit_${budget.unit}`], "a limit above 0", hint);
  }
  if (store.url?.startsWith("postgres") && !/[?&]sslmode=/.test(store.url)) {
    const hint = "Add ?sslmode=verify-full unless the network to the database is yours alone.";
    warn(["store"], "a URL that says how the connection is secured", hint);
  }
  if (notifiers.length > 0 && listeners.controlUrl === null) {
    const hint = "Without it links in notices begin with the address that the gateway listens on.";
    warn(["listeners", "control_url"], "where people reach the control listener", hint);
  }
  for (const [index, budget] of budgets.entries()) {
    const tool = outliving(budget, agents.values());
    if (tool === null) continue;
    const hint =
      `${tool.tool} sets aside more than a whole window: each one begins with that, and what ` +
      "accrues after it is the next one's. Lower horizon, or give the budget a longer window.";
    warn(["budgets", index, "window"], "a window longer than the horizons of its tools", hint);
  }
  return warnings;
}

/**
 * Equal on all gateways that do the same. Secrets are not in it, only the names under which they
 * are taken; every other value from the environment is, for a limit may come from there.
 */
function digestOf(files: Files, reads: readonly FileRead<unknown>[]): string {
  const values: string[] = [];
  for (const { source, uses } of reads) {
    for (const { path, name, value } of uses) {
      if (source.file === MAIN && holdsSecret(path)) continue;
      values.push(`${source.file} ${pathText(path)} ${name}`, value);
    }
  }
  return configurationDigest(files, values);
}

function inOrder(issues: readonly Issue[]): Issue[] {
  const order = (file: string) => (file === MAIN ? "" : file);
  return [...issues].sort((a, b) =>
    order(a.file) === order(b.file)
      ? (a.line ?? 0) - (b.line ?? 0)
      : order(a.file) < order(b.file)
        ? -1
        : 1,
  );
}
