/** `policies:` and `policy_engine:` of slipclutch.yaml, with the files of policies → settings. */
import { createHash } from "node:crypto";
import type { Manifest } from "../guards/manifest/manifest.ts";
import type { Millis } from "../guards/money.ts";
import { fits } from "../guards/notice/route.ts";
import type { Binding } from "../guards/policy/rules.ts";
import { DATABASE } from "../guards/tool/resource.ts";
import type { GrantedTool } from "../guards/tool/tool.ts";
import type { BoundPolicy, PolicyEngineSettings, PolicySettings } from "./bound-policies.ts";
import type { Files, Issue } from "./configuration.ts";
import { issueAt, otherName } from "./issues.ts";
import { type PolicyFolder, policySources } from "./policies.ts";
import type { RawPolicy, RawPolicyEngine } from "./policy-schema.ts";
import type { Path, Source } from "./source.ts";
import { folderIssue } from "./texts.ts";

/** Where policies lie in a guardrails folder. */
export const POLICY_ROOT = "policies";
const TIMEOUT_MS: Millis = 50;
const OPA_URL = "http://127.0.0.1:8181";

export interface PolicyParts {
  readonly files: Files;
  readonly source: Source;
  readonly commit: string | null;
  /** Null while manifests do not hold, and nothing can be said against them. */
  readonly agents: ReadonlyMap<string, Manifest> | null;
}

interface ReadPolicies {
  /** Null: nothing is bound. */
  readonly settings: PolicySettings | null;
  readonly issues: readonly Issue[];
  readonly warnings: readonly Issue[];
}

interface Raw {
  readonly policies?: readonly RawPolicy[] | undefined;
  readonly policy_engine?: RawPolicyEngine | undefined;
}

export function policySettingsOf(raw: Raw, parts: PolicyParts): ReadPolicies {
  const { commit, files, source } = parts;
  const folder = policySources(files, POLICY_ROOT);
  const { policies = [], policy_engine: rawEngine = {} } = raw;
  const issues: Issue[] = [...folder.issues];
  const refuse: Refuse = (path, expected, hint) =>
    issues.push(issueAt(source, path, expected, hint));
  const engine = engineOf(rawEngine, policies, refuse);
  const wasm = engine.kind === "wasm" ? bundleOf(rawEngine, files, refuse) : undefined;
  checkPolicies(policies, parts, refuse);
  if (policies.length === 0) {
    return { settings: null, issues, warnings: [...unbound(folder), ...unused(raw, source)] };
  }
  if (engine.kind === "embedded" && folder.modules.length === 0) {
    const hint = `Put Rego files into ${POLICY_ROOT}/ of the guardrails folder.`;
    issues.push(folderIssue(POLICY_ROOT, "no policies", "the policies that are bound", hint));
  }
  const bound = policies.map(boundOf);
  const { data, modules } = folder;
  const digest = digestOf({ bound, data, engine: shown(engine), modules }, wasm);
  const sources = { revision: commit ?? digest, modules, data, ...(wasm && { wasm }) };
  const timeoutMs = rawEngine.timeout ?? TIMEOUT_MS;
  const warnings = [
    ...(engine.kind === "opa" ? elsewhere(folder) : []),
    ...unseen(policies, parts),
  ];
  return { settings: { engine, timeoutMs, bound, sources, digest }, issues, warnings };
}

type Refuse = (path: Path, expected: string, hint: string) => unknown;

/** `data.agent["pii-check"].allow` → the names below `data`. */
export function pathOf(query: string): readonly string[] {
  const parts = query.slice("data".length).matchAll(/\.(\w+)|\["((?:[^"\\]|\\.)+)"\]/gu);
  return [...parts].map(([, word, quoted = ""]) => word ?? quoted.replace(/\\(.)/g, "$1"));
}

function boundOf(raw: RawPolicy): BoundPolicy {
  const { agents = ["*"], expose = false, lenient_errors: lenient = false, name, on = "ask" } = raw;
  const { query, resource_type: resourceType = null, tell = false } = raw;
  const binding: Binding = { name, path: pathOf(query), on, resourceType, tell, expose, lenient };
  return { binding, agents };
}

function engineOf(
  raw: RawPolicyEngine,
  policies: readonly RawPolicy[],
  refuse: Refuse,
): PolicyEngineSettings {
  const { kind = "embedded", socket = null, token = null, url = OPA_URL } = raw;
  const only = { url: "opa", socket: "opa", token: "opa", bundle: "wasm" } as const;
  for (const [name, of] of Object.entries(only)) {
    // `as`: the names of the table are fields of it.
    if (raw[name as keyof typeof only] === undefined || kind === of) continue;
    const hint = `Remove it: it belongs to kind: ${of}.`;
    refuse(["policy_engine", name], "nothing here for this kind", hint);
  }
  if (kind !== "wasm") return kind === "opa" ? { kind, url, socket, token } : { kind };
  for (const [index, { lenient_errors }] of policies.entries()) {
    if (lenient_errors === true) continue;
    const hint = "Its engine cannot stop at an error: say lenient_errors: true, or take another.";
    refuse(["policies", index, "lenient_errors"], "true, for policy_engine.kind: wasm", hint);
  }
  return { kind };
}

function bundleOf(
  { bundle }: RawPolicyEngine,
  files: Files,
  refuse: Refuse,
): Uint8Array | undefined {
  if (bundle === undefined) {
    const hint = "Add bundle: policies/bundle.tar.gz, of `opa build -t wasm -e …`.";
    refuse(["policy_engine", "bundle"], "the bundle that is evaluated", hint);
    return undefined;
  }
  const text = files.get(bundle);
  if (text !== undefined) return Buffer.from(text, "base64");
  refuse(["policy_engine", "bundle"], "a file that is there", "Put it into the guardrails folder.");
  return undefined;
}

function checkPolicies(
  policies: readonly RawPolicy[],
  { agents }: PolicyParts,
  refuse: Refuse,
): void {
  const names = new Set<string>();
  for (const [index, raw] of policies.entries()) {
    const at = ["policies", index] as const;
    const { expose, name, on, resource_type: type } = raw;
    if (names.has(name)) refuse([...at, "name"], "each name once", "Rename one of the two.");
    names.add(name);
    if (on === undefined && expose !== true) {
      const hint = "Say what it decides, on: tool or on: model; or who may ask it, expose: true.";
      refuse([...at, "on"], "tool or model", hint);
    }
    if (type !== undefined && on !== "tool") {
      refuse([...at, "resource_type"], "nothing here", "Only calls of tools are about resources.");
    }
    for (const [no, pattern] of (raw.agents ?? []).entries()) {
      const ids = agents === null ? null : [...agents.keys()];
      if (ids === null || ids.some((agent) => fits(pattern, agent))) continue;
      const hint = pattern.includes("*") ? "It would decide nothing." : otherName(pattern, ids);
      refuse([...at, "agents", no], "an agent that exists", hint);
    }
  }
}

/**
 * A policy about tables is not asked of a tool whose manifest does not say which tables its calls
 * are about: whoever wrote it would think that it guards them.
 */
function unseen(policies: readonly RawPolicy[], { agents, source }: PolicyParts): readonly Issue[] {
  return policies.flatMap((raw, index) => {
    const { agents: patterns = ["*"], resource_type: type } = raw;
    if (type === undefined || agents === null) return [];
    const held = [...agents.values()].filter(({ agent }) =>
      patterns.some((one) => fits(one, agent)),
    );
    const at = ["policies", index, "resource_type"];
    if (!held.some(({ tools }) => tools.allowed.some((tool) => isAbout(tool, type)))) {
      const hint = "It is never asked: no tool of its agents declares such a resource.";
      return [issueAt(source, at, "a type that manifests declare", hint)];
    }
    const blind = type === DATABASE ? held.flatMap(blindTools) : [];
    if (blind.length === 0) return [];
    const names = blind.slice(0, NAMES_TOLD_MAX).join(", ");
    const hint = `It is not asked of ${names}: grant them with resource: { sql_tables: … }.`;
    return [issueAt(source, at, "tools with SQL that declare their tables", hint)];
  });
}

const NAMES_TOLD_MAX = 10;

function isAbout({ resource }: GrantedTool, type: string): boolean {
  return resource.some((rule) => (rule.kind === "sql-tables" ? DATABASE : rule.type) === type);
}

function blindTools({ agent, tools }: Manifest): readonly string[] {
  const blind = tools.allowed.filter((tool) => tool.sql !== null && !isAbout(tool, DATABASE));
  return blind.map(({ tool }) => `${tool} of ${agent}`);
}

/** Files that nobody asks would be a trap. */
function unbound({ modules }: PolicyFolder): readonly Issue[] {
  const [first] = modules;
  if (first === undefined) return [];
  const hint = "Nothing asks it: bind it under policies: in slipclutch.yaml.";
  return [folderIssue(first.file, "a policy", "policies that decide something", hint)];
}

function unused({ policy_engine: engine }: Raw, source: Source): readonly Issue[] {
  if (engine === undefined) return [];
  const hint = "No policy is bound, so that it is never asked.";
  return [issueAt(source, ["policy_engine"], "policies beside it", hint)];
}

function elsewhere({ modules }: PolicyFolder): readonly Issue[] {
  const [first] = modules;
  if (first === undefined) return [];
  const hint = "It is not read: with kind: opa policies are what OPA has from its own bundles.";
  return [folderIssue(first.file, "a policy", "none beside an OPA", hint)];
}

/** Whoever may ask it with which token is no part of what it decides. */
function shown(engine: PolicyEngineSettings): unknown {
  return engine.kind === "opa"
    ? { kind: engine.kind, url: engine.url, socket: engine.socket }
    : engine;
}

function digestOf(parts: unknown, wasm: Uint8Array | undefined): string {
  const hash = createHash("sha256").update(JSON.stringify(parts));
  return `sha256:${hash.update(wasm ?? "").digest("hex")}`;
}
