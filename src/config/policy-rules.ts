/**
 * Policies of a configuration, loaded by their engine and put into the manifests that they are
 * bound to. What an engine has against them is an issue like any other: the folder does not hold.
 */
import { fits } from "../guards/notice/route.ts";
import type { PolicyRules } from "../guards/policy/rules.ts";
import type {
  Policies,
  PolicyProblem,
  PolicyQuery,
  PolicySources,
} from "../ports/policy-engine.ts";
import type { PolicyEngineSettings, PolicySettings } from "./bound-policies.ts";
import type { Configuration, Issue, Loaded } from "./configuration.ts";

/** What evaluates policies: it loads them whole, or says what is wrong with them. */
export type PolicyEngines = (settings: PolicyEngineSettings, asked: ToLoad) => Promise<LoadedSet>;

export interface ToLoad {
  readonly sources: PolicySources;
  readonly queries: readonly PolicyQuery[];
}

export type LoadedSet =
  | { readonly kind: "ok"; readonly set: Policies }
  | { readonly kind: "invalid"; readonly problems: readonly PolicyProblem[] };

/** Policies about the records of decisions, as OPA has them: asked where there are any. */
const RECORDS: readonly PolicyQuery[] = [
  { path: ["system", "log", "mask"], lenient: false, isOptional: true },
  { path: ["system", "log", "drop"], lenient: false, isOptional: true },
];
const RECORDS_PACKAGE = /^\s*package\s+system\.log\s*(?:#.*)?$/m;

export async function withPolicies(loaded: Loaded, engines: PolicyEngines): Promise<Loaded> {
  const policies = loaded.kind === "ok" ? loaded.configuration.policies : null;
  if (loaded.kind === "invalid" || policies === null) return loaded;
  const { configuration, files, warnings } = loaded;
  const { engine, sources } = policies;
  const answer = await engines(engine, { sources, queries: queriesOf(policies) });
  if (answer.kind === "invalid") {
    const issues = answer.problems.map(issueOf);
    return { kind: "invalid", issues, commit: configuration.commit };
  }
  const { set } = answer;
  const notes = set.notes.map(noteOf);
  const bound = boundTo(configuration, policies, set);
  return { kind: "ok", configuration: bound, files, warnings: [...warnings, ...notes] };
}

function queriesOf(policies: PolicySettings): readonly PolicyQuery[] {
  const queries = policies.bound.map(({ binding: { lenient, path } }) => ({ path, lenient }));
  return asksOfRecords(policies) ? [...queries, ...RECORDS] : queries;
}

/** Of an OPA nobody here knows; it masks its own records. */
function asksOfRecords({ engine, sources }: PolicySettings): boolean {
  if (engine.kind !== "embedded") return false;
  return sources.modules.some(({ text }) => RECORDS_PACKAGE.test(text));
}

function boundTo(
  configuration: Configuration,
  policies: PolicySettings,
  set: Policies,
): Configuration {
  const agents = new Map(
    [...configuration.agents].map(([agent, manifest]) => {
      const rules = rulesFor(agent, policies, set);
      return [agent, { ...manifest, policies: rules === null ? [] : [rules] }] as const;
    }),
  );
  return { ...configuration, agents, policySet: set };
}

/** Null: none is about the agent. */
function rulesFor(agent: string, policies: PolicySettings, set: Policies): PolicyRules | null {
  const bindings = policies.bound
    .filter(({ agents }) => agents.some((pattern) => fits(pattern, agent)))
    .map(({ binding }) => binding);
  if (bindings.length === 0) return null;
  const { digest, sources, timeoutMs } = policies;
  return {
    ...{ digest, revision: sources.revision, bindings, timeoutMs },
    ask: ({ lenient, path }, input, question) => set.ask({ path, lenient }, input, question),
    askOfRecords: asksOfRecords(policies)
      ? (path, input, question) => set.ask({ path, lenient: false }, input, question)
      : null,
  };
}

function issueOf({ code, col, file, hint, message, row }: PolicyProblem): Issue {
  const path = col === null ? "" : `column ${col}`;
  const what = { path, got: `${code}: ${message}`, expected: "policies that can be loaded" };
  return { file: file ?? "policies", line: row, ...what, hint: hint ?? "" };
}

function noteOf(note: string): Issue {
  const [file = "policies"] = /^\S+\.rego\b/.exec(note) ?? [];
  return {
    file,
    line: null,
    path: "",
    got: "a remark of its engine",
    expected: "none",
    hint: note,
  };
}
